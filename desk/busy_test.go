package desk_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
)

// A day with much honest work: what keeps floods and loops off must not keep from people what they wait for.

// TestDecisionsAreToldBeyondTheLimit: who has got ten automatic mails within an hour learns what he, or one of us, decides; a program that
// writes as much does not.
func TestDecisionsAreToldBeyondTheLimit(t *testing.T) {
	each(t, func(w *world) {
		for i := range 10 {
			w.opened(w.mail(kim, fmt.Sprintf("Site %d", i), fmt.Sprintf("Please install site %d.", i)))
			w.pass(time.Minute)
		}
		offers := to(w.outbox(), kim)
		got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, offers[0], "yes")) })
		w.same("her yes brings", got, []string{"confirmed to " + kim, "assigned to " + eve})
		assigned := w.last(eve)
		got = w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, offers[1], "no")) })
		w.same("her no brings", got, []string{"declined to " + kim})
		got = w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, offers[2], "close")) })
		w.same("her close brings", got, []string{"closed to " + kim})
		got = w.brings(func() { w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/estimate 3-4")) })
		w.same("an engineer's estimate brings", got, []string{"estimate to " + kim, "command_done to " + eve})
		got = w.brings(func() { w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/close")) })
		w.same("an engineer's close brings", got, []string{"closed to " + kim, "command_done to " + eve})
		// A close that answers nothing of ours may be a program's.
		tk := w.ticket(offers[3].Ticket)
		got = w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, offers[3], "close").bareCopy(w, tk)) })
		w.same("a close without a token brings", got, nil)
		w.status(tk.Number, desk.Closed)
		// Nor does what was decided count against her: her next request is acknowledged as soon as one was an hour ago.
		w.pass(52 * time.Minute)
		got = w.brings(func() { w.opened(w.mail(kim, "A question", "How do I export?")) })
		w.same("her next request brings", got, []string{"acknowledgement to " + kim, "unassigned to " + dana})
	})
}

// TestDemandsThatDoNotGoOutAreTold: a request that waits for its customer, who was not told so, is somebody's to look at.
func TestDemandsThatDoNotGoOutAreTold(t *testing.T) {
	each(t, func(w *world) {
		install := func(i int) mail {
			return w.mail(kim, fmt.Sprintf("Site %d", i), fmt.Sprintf("Please install site %d.", i))
		}
		for i := range 10 {
			w.opened(install(i))
			w.pass(time.Minute)
		}
		var tk *desk.Ticket
		got := w.brings(func() { tk = w.opened(install(10)) })
		w.same("the eleventh within an hour brings", got, []string{"undelivered to " + dana})
		m := w.last(dana)
		if !mentions(m, kim) || !mentions(m, "10 automatic mails") {
			t.Errorf("Dana reads %s", m.Text)
		}
		got = w.brings(func() { w.received(desk.OutcomeCommand, w.answer(dana, m, "/estimate 1-2")) })
		w.same("her estimate brings", got, []string{"estimate to " + kim, "command_done to " + dana})
		w.received(desk.OutcomeReply, w.answer(kim, w.last(kim), "yes"))
		w.status(tk.Number, desk.Open)
		// So it is where the mail asks for no automatic answer, as some programs have people's mails do.
		quiet := w.mail(ann, "Another", "Please install.")
		quiet.Message.NoAutoResponse = true
		got = w.brings(func() { w.opened(quiet) })
		w.same("a mail that asks for no answer brings", got, []string{"undelivered to " + dana})
		// A question that was withheld is no such mail: a person has read what it would have asked about.
		got = w.brings(func() { w.opened(w.mail(sam, "Install", "Please install.").at(message.LevelA0)) })
		w.same("an unproven one brings", got, []string{"acknowledgement_unverified to " + sam, "estimate_needed to " + dana})
	})
}

// TestAnOutageIsNoFlood: a customer who writes every minute, with colleagues in copy, to an engineer who answers is told of mail by mail; only
// where nobody answers any more are staff told together.
func TestAnOutageIsNoFlood(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		last := w.lastFor(tk.Number, kim)
		write := func() []string {
			return w.brings(func() {
				w.received(desk.OutcomeReply, w.answer(kim, last, "Still down at "+w.now.String()))
				w.now = w.now.Add(time.Minute)
			})
		}
		for i := range 50 {
			w.same(fmt.Sprintf("mail %d brings", i), write(), []string{"new_words to " + eve})
			if i%8 == 7 {
				w.received(desk.OutcomeReply, w.answer(eve, assigned, fmt.Sprintf("I restart server %d.", i)))
			}
		}
		var got []string
		for range 20 {
			got = append(got, write()...)
		}
		if n := len(got); n > 12 || got[n-1] != "flood to "+eve {
			t.Errorf("without an answer they bring %q", got)
		}
		// Whoever gets the ticket in the middle of it has to know.
		got = w.brings(func() { w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/assign dana")) })
		w.same("handing it over brings", got, []string{"assigned to " + dana, "command_done to " + eve})
		w.same("the next mail brings", write(), []string{"new_words to " + dana})
	})
}

// TestABounceOfACopyNamesIt: an engineer whose answer did not reach somebody in copy is told whose address it is, and not to check the customer's.
func TestABounceOfACopyNamesIt(t *testing.T) {
	each(t, func(w *world) {
		_, assigned := w.question()
		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/invite "+cy))
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press export."))
		for _, address := range []string{cy, kim} {
			sent := w.lastOf("reply", address)
			m := w.mail("mailer-daemon@cust.example", "Undelivered", "It failed.").kind(message.Bounced).at(message.LevelA0)
			m.Message.References = []message.ID{sent.MessageID}
			m.Message.Bounce = &message.Bounce{Recipients: []string{address}, Status: "5.1.1", Permanent: true, Reason: "no such user", OriginalID: sent.MessageID}
			got := w.brings(func() { w.received(desk.OutcomeNoted, m) })
			w.same("the bounce brings", got, []string{"undelivered to " + eve})
			told := w.last(eve)
			for _, a := range []string{cy, kim} {
				if mentions(told, a) != (a == address) {
					t.Errorf("of a bounce of %s she reads:\n%s", address, told.Text)
				}
			}
		}
	})
}

// TestT051SilenceOfWhoAskedNothing: in whose name a mail came that proves nothing, he gets the fixed text, and neither a reminder two days
// later nor a word when the request closes, with a subject that somebody else has chosen. Who has written himself gets both, and so does
// whom one of us has sent an estimate.
func TestT051SilenceOfWhoAskedNothing(t *testing.T) {
	each(t, func(w *world) {
		forged := w.opened(w.mail(kim, "A canary", "Please install a canary.").at(message.LevelA0))
		got := w.brings(func() { w.pass(20 * 24 * time.Hour) })
		w.same("silence brings", got, nil)
		w.status(forged.Number, desk.Closed)

		hers := w.opened(w.mail(kim, "Another", "Please install another.").at(message.LevelA0))
		w.received(desk.OutcomeReply, w.answer(kim, w.last(kim), "I wrote that, from my telephone."))
		got = w.brings(func() { w.pass(20 * 24 * time.Hour) })
		w.same("her own silence brings", got, []string{"awaiting_reminder to " + kim, "closed to " + kim})
		w.status(hers.Number, desk.Closed)

		sams := w.opened(w.mail(sam, "A third", "Please install a third.").at(message.LevelA0))
		w.received(desk.OutcomeCommand, w.answer(dana, w.lastOf("estimate_needed", dana), "/estimate 2"))
		got = w.brings(func() { w.pass(20 * 24 * time.Hour) })
		w.same("silence about Dana's estimate brings", got, []string{"awaiting_reminder to " + sam, "closed to " + sam})
		w.status(sams.Number, desk.Closed)

		// Who has agreed at a page, where no mail tells of it, and lacks credits is reminded of what he has to do.
		const poor = "poor@example.net"
		w.account("none", 0, desk.Contact{Address: poor, MaySpend: true})
		agreed := w.opened(w.mail(poor, "A fourth", "Please install a fourth.").at(message.LevelA0))
		if err := w.desk.Confirm(w.Context(), agreed.Number, w.ticket(agreed.Number).Estimate.Version, poor); err != nil {
			w.Fatal(err)
		}
		w.status(agreed.Number, desk.AwaitingCredits)
		got = w.brings(func() { w.pass(20 * 24 * time.Hour) })
		w.same("silence of who agreed brings", got, []string{"awaiting_reminder to " + poor, "closed to " + poor})
	})
}

// TestTheOwnerIsAskedOfEachCopy: who is put in copy on a day on which the owner was asked something is asked about with the next mail that may
// bring a question, and once.
func TestTheOwnerIsAskedOfEachCopy(t *testing.T) {
	each(t, func(w *world) {
		const late = "late@example.net"
		tk := w.opened(w.mail(kim, "A question", "How?").cc(cy))
		first := w.lastOf("ask_copies", kim)
		write := func(words string) mail { return w.answer(kim, first, words).bareCopy(w, tk) }
		asks := func(m mail) (n int) {
			for _, s := range w.brings(func() { w.received(desk.OutcomeReply, m) }) {
				if s == "ask_copies to "+kim {
					n++
				}
			}
			return n
		}
		w.pass(time.Hour)
		if n := asks(write("And how is it sorted?").cc(late)); n != 0 {
			t.Errorf("she is asked %d times more on the first day", n)
		}
		w.pass(24 * time.Hour)
		if n := asks(write("You see, it is urgent.").at(message.LevelA0)); n != 0 {
			t.Errorf("a mail that proves nothing has her asked %d times", n)
		}
		if n := asks(write("It is urgent.")); n != 1 {
			t.Errorf("a day later she is asked %d times", n)
		}
		again := w.lastOf("ask_copies", kim)
		if !mentions(again, late) || !mentions(again, cy) {
			t.Errorf("she is asked: %s", again.Text)
		}
		w.pass(25 * time.Hour)
		if n := asks(write("Are you there?")); n != 0 {
			t.Errorf("who has not answered is asked again %d times", n)
		}
		w.received(desk.OutcomeReply, w.answer(kim, again, "yes"))
		w.same("participants", w.roles(tk.Number), []string{cy + " member", late + " member"})
	})
}

// TestABounceOfACopyIsToldOnceADay: where somebody in copy cannot be reached, each answer to all fails for him, and an engineer has read it once.
func TestABounceOfACopyIsToldOnceADay(t *testing.T) {
	each(t, func(w *world) {
		_, assigned := w.question()
		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/invite "+cy))
		answers := 0
		fails := func(address string) []string {
			answers++
			w.received(desk.OutcomeReply, w.answer(eve, assigned, fmt.Sprintf("I restart part %d.", answers)))
			sent := w.lastOf("reply", address)
			m := w.mail("mailer-daemon@example.net", "Undelivered", "It failed.").to(sent.EnvelopeFrom).kind(message.Bounced).at(message.LevelA0)
			m.Message.Bounce = &message.Bounce{Recipients: []string{address}, Status: "5.1.1", Permanent: true, Reason: "no such user"}
			return w.brings(func() { w.received(desk.OutcomeNoted, m) })
		}
		told := []string{"undelivered to " + eve}
		w.same("the first bounce brings", fails(cy), told)
		w.pass(5 * time.Minute)
		w.same("the second brings", fails(cy), nil)
		w.same("one of the customer's own brings", fails(kim), told)
		w.same("and so does his next", fails(kim), told)
		w.pass(25 * time.Hour)
		w.same("a day later it brings", fails(cy), told)
	})
}

// TestAnOldMailAnsweredTwiceIsOneRequest: who answers a mail of a request that was closed long ago, and then that mail once more, has one new
// request and not two.
func TestAnOldMailAnsweredTwiceIsOneRequest(t *testing.T) {
	each(t, func(w *world) {
		old, assigned := w.question()
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press export.\n/close"))
		closed := w.lastOf("closed", kim)
		w.pass(300 * 24 * time.Hour)
		first := w.received(desk.OutcomeLinked, w.answer(kim, closed, "It fails again."))
		got := w.brings(func() {
			r := w.received(desk.OutcomeReply, w.answer(kim, closed, "Since yesterday, by the way."))
			if r.Ticket != first.Ticket {
				t.Errorf("her second mail is on ticket %d, want %d", r.Ticket, first.Ticket)
			}
		})
		w.same("it brings", got, []string{"new_words to " + dana})
		w.status(old.Number, desk.Closed)
		// A colleague's answer is his own matter, and so is hers once that is done.
		m := w.answer(bo, closed, "With me too.").to(us)
		if r := w.receive(m); r.Ticket == first.Ticket {
			t.Error("a colleague's is on it too")
		}
		w.received(desk.OutcomeReply, w.answer(kim, w.lastFor(first.Ticket, kim), "close"))
		w.pass(30 * 24 * time.Hour)
		if r := w.received(desk.OutcomeLinked, w.answer(kim, closed, "And again.")); r.Ticket == first.Ticket {
			t.Error("it re-opens what was closed for long")
		}
	})
}

// TestWordsByWayOfAListAreTold: a customer whose mails pass a list is no program's doing to the engineer who waits for them. They get no automatic
// answer and re-open nothing (T047), and are told of.
func TestWordsByWayOfAListAreTold(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Which version?\n/wait"))
		asked := w.lastOf("waiting", kim)
		got := w.brings(func() { w.received(desk.OutcomeNoted, w.answer(kim, asked, "It is 4.2.").kind(message.List)) })
		w.same("her answer by way of a list brings", got, []string{"new_words to " + eve})
		if m := w.last(eve); !mentions(m, "It is 4.2.") {
			t.Errorf("Eve reads %s", m.Text)
		}
		w.status(tk.Number, desk.Waiting)
		got = w.brings(func() { w.received(desk.OutcomeNoted, w.answer(kim, asked, "I am away.").kind(message.AutoReply)) })
		w.same("a vacation reply brings", got, nil)
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Solved.\n/resolve"))
		got = w.brings(func() { w.received(desk.OutcomeNoted, w.answer(kim, asked, "News.").kind(message.List)) })
		w.same("on a resolved request it brings", got, nil)
		for i := range 40 {
			w.receive(w.mail("news@list.example", fmt.Sprintf("Issue %d", i), "News.").kind(message.List))
		}
		if n := len(to(w.outbox(), dana)); n > 4 {
			t.Errorf("a list's own mails bring Dana %d", n)
		}
	})
}

// TestWhatIsLeftForTheListIsOnIt: a dispatcher who gets more notices than anybody reads finds in the list instead of them what was left out,
// though the request waits for its customer: he was told that one of us reads his words.
func TestWhatIsLeftForTheListIsOnIt(t *testing.T) {
	each(t, func(w *world) {
		offer := w.opened(w.mail(ann, "Install the shop", "Please install it."))
		other := w.opened(w.mail(ann, "Install the blog", "Please install it."))
		for i := range 100 {
			w.opened(w.mail(fmt.Sprintf("p%d@example.net", i), "A question", "How?"))
		}
		got := w.brings(func() {
			w.received(desk.OutcomeReply, w.answer(ann, w.lastFor(offer.Number, ann), "Yes, but only if it is done tomorrow."))
		})
		w.same("her words bring", got, []string{"not_understood to " + ann})
		w.pass(90 * time.Minute)
		m := w.lastOf("gathered", dana)
		if m == nil || !mentions(m, "Install the shop") || mentions(m, "Install the blog") {
			t.Errorf("Dana reads of %d and not of %d: %+v", offer.Number, other.Number, m)
		}
	})
}
