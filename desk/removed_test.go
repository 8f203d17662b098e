package desk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
)

// readAlong opens a ticket of Kim's that Eve has and that Cy was let into.
func (w *world) readAlong() (tk *desk.Ticket, assigned *desk.Mail) {
	w.Helper()
	tk = w.opened(w.mail(kim, "A question", "How do I export?").cc(cy))
	assigned = w.assign(tk, "eve")
	w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/invite "+cy))
	w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press export."))
	w.same("participants", w.roles(tk.Number), []string{cy + " member"})
	return tk, assigned
}

// TestRemoved: whoever is taken out gets nothing, joins nothing and reads nothing, by whatever he still has; his mail goes the way of a
// stranger's. No copy brings him back, and staff see that it did not; a word of ours does.
func TestRemoved(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.readAlong()
		his := w.last(cy)
		got := w.brings(func() {
			w.received(desk.OutcomeReply, w.answer(eve, assigned, "Only for you, Kim.\n/remove "+strings.ToUpper(cy)))
		})
		w.same("the words go", got, []string{"reply to " + kim})
		w.same("participants", w.roles(tk.Number), []string{cy + " removed"})
		w.same("the journal", w.handled(), []string{"invite by eve", "remove by eve"})

		for _, tt := range []struct {
			name string
			want desk.Outcome
			m    mail
		}{
			{"with his token", desk.OutcomeHeld, w.answer(cy, his, "With my token.\n/close")},
			{"with his token, by SPF alone", desk.OutcomeLinked, w.answer(cy, his, "With SPF alone.").at(message.LevelA1s)},
			{"with his token, unproven", desk.OutcomeLinked, w.answer(cy, his, "Unproven.").at(message.LevelA0)},
			{"forged", desk.OutcomeHeld, w.answer(cy, his, "Forged.").at(message.LevelX)},
			{"by the references", desk.OutcomeLinked, w.answer(cy, his, "By the references.").bareCopy(w, tk)},
			{"by the tag", desk.OutcomeLinked, w.mail(cy, fmt.Sprintf("Re: [#%d] A question", tk.Number), "By the tag.")},
		} {
			w.pass(25 * time.Hour) // a question a day
			before := len(w.messages(tk.Number))
			var r desk.Reception
			got := w.brings(func() { r = w.receive(tt.m) })
			if r.Outcome != tt.want || tt.want == desk.OutcomeLinked && r.Ticket == tk.Number || tt.want == desk.OutcomeLinked && len(w.messages(tk.Number)) != before {
				t.Errorf("%s: ends as %s on %d", tt.name, r.Outcome, r.Ticket)
			}
			for _, m := range w.outbox()[len(w.outbox())-len(got):] {
				if m.To.Addr == cy && (m.Ticket == tk.Number || m.Template == "linked" || mentions(m, "Only for you") || mentions(m, fmt.Sprintf("#%d]", tk.Number))) {
					t.Errorf("%s: he reads %s of ticket %d", tt.name, m.Text, tk.Number)
				}
			}
		}
		if after := w.ticket(tk.Number); after.Status != desk.Open || after.Requester.Address != kim {
			t.Errorf("the ticket is %s, %s's", after.Status, after.Requester.Address)
		}
		w.cannotRead(cy, tk.Number)

		// A reply to all: the account's owner, at any level, still has him in copy.
		for _, m := range []mail{
			w.answer(kim, w.lastOf("reply", kim), "And one thing more.").cc(cy),
			w.answer(kim, w.lastOf("reply", kim), "By the references.").bareCopy(w, tk).cc(cy),
		} {
			got := w.brings(func() { w.received(desk.OutcomeReply, m) })
			w.same("a copy brings", got, []string{"new_words to " + eve})
			w.same("participants", w.roles(tk.Number), []string{cy + " removed"})
			if told := w.last(eve); !mentions(told, "taken out") || !mentions(told, cy) {
				t.Errorf("Eve is not told of the copy:\n%s", told.Text)
			}
		}
		n := w.mailsTo(cy)
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press it twice."))
		if w.mailsTo(cy) != n {
			t.Error("he gets the answer")
		}

		// Let in again, from now on.
		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/invite "+cy))
		got = w.brings(func() { w.received(desk.OutcomeReply, w.answer(eve, assigned, "Three times.")) })
		w.same("an answer brings", got, []string{"reply to " + cy, "reply to " + kim})
		w.received(desk.OutcomeReply, w.answer(cy, his, "Thank you, that was it, I think."))
	})
}

// cannotRead: neither page nor list nor form shows a ticket to somebody.
func (w *world) cannotRead(address string, ticket int64) {
	w.Helper()
	who := w.contact(address)
	if _, err := w.desk.ViewOf(w.Context(), who, ticket, "en"); !errors.Is(err, desk.ErrNotFound) {
		w.Errorf("%s opens ticket %d: %v", address, ticket, err)
	}
	for _, m := range w.messages(ticket) {
		if _, err := w.desk.KeptFor(w.Context(), who, ticket, m.ID); !errors.Is(err, desk.ErrNotFound) {
			w.Errorf("%s opens message %d: %v", address, m.ID, err)
		}
	}
	if err := w.desk.CloseAs(w.Context(), who, ticket); !errors.Is(err, desk.ErrNotFound) {
		w.Errorf("%s closes ticket %d: %v", address, ticket, err)
	}
	all, _, err := w.desk.TicketsOf(w.Context(), who, 0)
	if err != nil || slices.ContainsFunc(all, func(l desk.Listed) bool { return l.Number == ticket }) {
		w.Errorf("%s has ticket %d in his list, %v", address, ticket, err)
	}
}

// TestRemovedRoles: whoever was only proposed, or asked aside, is taken out as well, and what is wrong with the line is said.
func TestRemovedRoles(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?").cc(cy))
		assigned := w.assign(tk, "eve")
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Is your server slow?\n/forward "+hoster))
		asked := w.last(hoster)
		for words, want := range map[string]string{
			"/remove":                     "nobody takes part as “–”; possible are: " + cy + ", " + hoster,
			"/remove nobody":              "nobody takes part as “nobody”",
			"/remove " + kim:              "nobody takes part as “" + kim + "”",
			"/remove " + ann:              "nobody takes part",
			"/remove " + dana:             "nobody takes part",
			"/remove " + cy + "\n/spam":   "already says /remove",
			"/remove " + cy + "\n/invite": "no address",
			"/remove " + cy + "\n/invite " + hoster + " and more": "no address",
		} {
			w.received(desk.OutcomeRefused, w.answer(eve, assigned, words))
			if m := w.last(eve); !mentions(m, want) && !strings.Contains(strings.Join(strings.Fields(m.Text), " "), want) {
				t.Errorf("%q: want %q in %s", words, want, m.Text)
			}
		}
		w.same("participants", w.roles(tk.Number), []string{cy + " proposed", hoster + " aside"})
		w.command(tk.Number, "dana", "/remove "+cy, "/remove "+hoster)
		w.same("participants", w.roles(tk.Number), []string{cy + " removed", hoster + " removed"})
		w.received(desk.OutcomeHeld, w.answer(hoster, asked, "It is slow."))
		m := w.mail(cy, "Re: A question", "And my words?")
		m.Message.InReplyTo = []message.ID{tk.FirstID}
		w.received(desk.OutcomeLinked, m)
		w.received(desk.OutcomeRefused, w.answer(eve, assigned, "/remove "+cy)) // a second time
		// The owner's yes to the question that was asked before does not count for who was taken out since.
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("ask_copies", kim), "yes"))
		w.same("participants", w.roles(tk.Number), []string{cy + " removed", hoster + " removed"})
	})
}

// TestRemovedCalledBack: a mail to him that has not left is not sent any more. One that is being sent, and those of other tickets, are.
func TestRemovedCalledBack(t *testing.T) {
	each(t, func(w *world) {
		tk, _ := w.readAlong()
		other, _ := w.readAlong()
		mine := w.lastFor(tk.Number, cy)
		w.command(tk.Number, "dana", "/remove "+cy)
		state := func(m *desk.Mail) desk.MailState { return w.mailNow(m.ID).State }
		if got := state(mine); got != desk.MailFailed {
			t.Errorf("the mail that waited is %s", got)
		}
		if got := state(w.lastFor(other.Number, cy)); got != desk.MailWaiting {
			t.Errorf("that of the other ticket is %s", got)
		}
		if got := state(w.lastFor(tk.Number, kim)); got != desk.MailWaiting {
			t.Errorf("Kim's is %s", got)
		}

		// One that is being sent may have left. Where it has not, it is not tried again.
		third, assigned := w.readAlong()
		sending := w.lastFor(third.Number, cy)
		for range 100 {
			m, err := leaseMail(w.Context(), w.desk, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if m.ID == sending.ID {
				break
			}
		}
		begun := desk.Attempt{Mail: sending.ID, At: w.now, State: desk.MailWaiting, NotBefore: w.now.Add(time.Minute), Text: desk.AttemptBegun, Turn: 1}
		if err := w.desk.Tried(w.Context(), begun); err != nil {
			t.Fatal(err)
		}
		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/remove "+cy))
		if got := state(sending); got != desk.MailWaiting {
			t.Errorf("the one that is being sent is %s", got)
		}
		failed := desk.Attempt{Mail: sending.ID, At: w.now, State: desk.MailWaiting, NotBefore: w.now.Add(time.Minute), Code: 451, Text: "451 try again later", Turn: 2}
		if err := w.desk.Tried(w.Context(), failed); err != nil {
			t.Fatal(err)
		}
		if got := state(sending); got != desk.MailFailed {
			t.Errorf("the one that could not be sent is %s", got)
		}
	})
}

// TestRemovedHeld: his held mail is let go as a stranger's; joined by one of us it is words, and he stays out.
func TestRemovedHeld(t *testing.T) {
	each(t, func(w *world) {
		tk, _ := w.readAlong()
		his := w.last(cy)
		w.command(tk.Number, "dana", "/remove "+cy)
		r := w.received(desk.OutcomeHeld, w.answer(cy, his, "Let me in."))
		m, err := w.desk.ReleaseHeld(w.Context(), r.Message, "dana")
		if err != nil || m.Outcome != desk.OutcomeLinked || m.Ticket == tk.Number {
			t.Errorf("released it is %+v, %v", m, err)
		}
		r = w.received(desk.OutcomeHeld, w.answer(cy, his, "close"))
		if m, err = w.desk.JoinHeld(w.Context(), r.Message, tk.Number, "dana"); err != nil || m.Outcome != desk.OutcomeReply || m.Ticket != tk.Number {
			t.Errorf("joined it is %+v, %v", m, err)
		}
		w.same("participants", w.roles(tk.Number), []string{cy + " removed"})
		w.status(tk.Number, desk.Open)
		w.cannotRead(cy, tk.Number)
	})
}

// TestRemovedMerge: a merge brings nobody back: neither who was taken out of one of the two, nor whose ticket becomes a part of what he was
// taken out of.
func TestRemovedMerge(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?"))
		w.command(tk.Number, "dana", "/invite "+bo, "/invite "+cy)
		w.command(tk.Number, "dana", "/remove "+bo, "/remove "+cy)
		bos := w.opened(w.mail(bo, "Mine", "And how do I import?"))
		err := w.desk.Command(w.Context(), bos.Number, "dana", fmt.Sprintf("/merge %d", tk.Number))
		var wrong *desk.CommandError
		if !errors.As(err, &wrong) || !strings.Contains(wrong.Wrong.In("en"), "/invite lets him in there first") {
			t.Errorf("merging Bo's ticket into what he was taken out of: %v", err)
		}
		err = w.desk.Command(w.Context(), tk.Number, "dana", fmt.Sprintf("/merge %d", bos.Number))
		if want := fmt.Sprintf("taken out of request #%d", tk.Number); !errors.As(err, &wrong) || !strings.Contains(wrong.Wrong.In("en"), want) {
			t.Errorf("merging what Bo was taken out of into his ticket: %v", err)
		}
		third := w.opened(w.mail(kim, "Another", "How do I print?"))
		w.command(tk.Number, "dana", fmt.Sprintf("/merge %d", third.Number))
		w.same("participants", w.roles(third.Number), []string{bo + " removed", cy + " removed"})
		w.cannotRead(cy, third.Number)
		w.command(third.Number, "dana", "/invite "+bo)
		w.command(bos.Number, "dana", fmt.Sprintf("/merge %d", third.Number))
		w.same("participants", w.roles(third.Number), []string{bo + " member", cy + " removed"})

		// Whom the customer took out he can let in again, on the ticket that his became a part of too.
		his := w.opened(w.mail(kim, "A third", "How do I draw?"))
		w.command(his.Number, "dana", "/invite "+hoster)
		if err := w.desk.TakeOutAs(w.Context(), w.contact(kim), his.Number, hoster); err != nil {
			t.Fatal(err)
		}
		w.command(his.Number, "dana", fmt.Sprintf("/merge %d", third.Number))
		w.same("participants", w.roles(third.Number), []string{bo + " member", cy + " removed", hoster + " removed"})
		if err := w.desk.LetInAs(w.Context(), w.contact(kim), his.Number, hoster); err != nil {
			t.Errorf("Kim lets in whom she has taken out: %v", err)
		}
	})
}

// TestInviteBesideWords: who is let in gets the words beside the command, and reads them at the page; what was said before he does not.
func TestInviteBesideWords(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How? There is a canary in it."))
		assigned := w.assign(tk, "eve")
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "The canary is fine."))
		w.pass(time.Hour)
		m := w.answer(eve, assigned, "/invite "+cy+"\n\nHello Kim, hello Cy,\nthis is how it is done.\n\n/spent 5m\n/resolve")
		m.Received = w.now
		w.now = w.now.Add(time.Minute) // it waited in the mailbox
		got := w.brings(func() { w.received(desk.OutcomeReply, m) })
		w.same("it brings", got, []string{"resolved to " + cy, "resolved to " + kim})
		for _, who := range []string{cy, kim} {
			if !mentions(w.last(who), "this is how it is done") {
				t.Errorf("%s reads %s", who, w.last(who).Text)
			}
		}
		v, err := w.desk.ViewOf(w.Context(), w.contact(cy), tk.Number, "en")
		if err != nil || len(v.Said) != 1 || !strings.Contains(v.Said[0].Words, "this is how it is done") {
			t.Errorf("at the page he sees %+v, %v", v.Said, err)
		}
		// As a note it stays inside, and lets in all the same.
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "/reopen"+"\n/note\n/invite "+hoster+"\nHe draws the logos."))
		if w.mailsTo(hoster) != 0 {
			t.Error("a note goes out")
		}
		w.same("participants", w.roles(tk.Number), []string{cy + " member", hoster + " member"})
	})
}

// contact is who an address belongs to.
func (w *world) contact(address string) (c *desk.Contact) {
	w.Helper()
	w.view(func(ctx context.Context, tx desk.Tx) (err error) {
		c, err = tx.ContactOf(ctx, address)
		return err
	})
	return c
}

// TestReadersAtThePage: who asked and who pays decide who reads along. Nobody takes out who pays but himself, and nobody learns of what is
// not his.
func TestReadersAtThePage(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(bo, "A question", "How?").cc(cy, kim))
		w.command(tk.Number, "dana", "/invite "+kim)
		readers := func(who string) (all []string) {
			v, err := w.desk.ViewOf(w.Context(), w.contact(who), tk.Number, "en")
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range v.Readers {
				all = append(all, r.Address+" "+string(r.Role))
			}
			return all
		}
		w.same("Bo decides over", readers(bo), []string{cy + " proposed"})
		w.same("Kim decides over", readers(kim), []string{cy + " proposed", kim + " member"})
		try := func(name string, do func(ctx context.Context, who *desk.Contact, ticket int64, address string) error, who, address string, want error) {
			t.Helper()
			if err := do(w.Context(), w.contact(who), tk.Number, address); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
		}
		out, in := w.desk.TakeOutAs, w.desk.LetInAs
		try("Bo takes out who pays", out, bo, kim, desk.ErrNotFound)
		try("Bo takes out himself", out, bo, bo, desk.ErrNotFound)
		try("Cy lets himself in", in, cy, cy, desk.ErrNotFound)
		try("Ann takes out Cy", out, ann, cy, desk.ErrNotFound)
		try("Kim gets no more mails", out, kim, kim, nil)
		w.same("participants", w.roles(tk.Number), []string{cy + " proposed", kim + " removed"})
		w.same("Kim still reads, and decides over", readers(kim), []string{cy + " proposed", kim + " removed"})
		try("and now again", in, kim, kim, nil)
		try("Bo lets in Cy", in, bo, cy, nil)
		try("twice", in, bo, cy, nil)
		w.same("Cy decides over", readers(cy), nil)
		try("Cy takes out Bo", out, cy, bo, desk.ErrNotFound)
		assigned := w.assign(tk, "eve")
		got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press it.")) })
		w.same("an answer brings", got, []string{"reply to " + cy, "reply to " + kim, "reply to " + bo})
		try("Bo takes out Cy", out, bo, cy, nil)
		w.cannotRead(cy, tk.Number)
		// Who was taken out by a customer comes back by no copy either, be it that customer's own.
		w.received(desk.OutcomeReply, w.answer(bo, w.lastFor(tk.Number, bo), "All of you: it works.").cc(cy, kim))
		w.same("participants", w.roles(tk.Number), []string{cy + " removed", kim + " member"})
		w.command(tk.Number, "dana", "/invite "+cy, "/remove "+kim)
		w.same("participants", w.roles(tk.Number), []string{cy + " member", kim + " removed"})
		try("Kim lets in himself, whom we took out", in, kim, kim, desk.ErrNotFound)
	})
}

// TestRemovedForged: only proof of who wrote takes somebody out or lets him in; a customer's command is words, and one of us who has lost his
// right to the queue moves nobody (T002, T003, T004, T032).
func TestRemovedForged(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.readAlong()
		his := w.last(cy)
		for _, line := range []string{"/remove " + cy, "/invite " + ann} {
			for _, m := range []mail{
				w.answer(eve, assigned, line).at(message.LevelX), w.answer(eve, assigned, line).at(message.LevelA0), w.answer(eve, assigned, line).at(message.LevelA1s),
				w.answer(eve, assigned, line).to(us).bare(), w.answer(kim, assigned, line), w.answer(cy, assigned, line), w.answer(cy, his, line), w.answer(kim, w.lastOf("reply", kim), line),
				w.answer(eve, assigned, line).kind(message.AutoReply), w.mail(eve, fmt.Sprintf("Re: [#%d]", tk.Number), line), w.answer(maxx, assigned, line),
				w.answer(eve, assigned, "A line above.\n> "+line+"\nA line below."),
			} {
				w.receive(m)
				w.same(fmt.Sprintf("after %q of %v", line, m.Message.From), w.roles(tk.Number), []string{cy + " member"})
			}
		}
		w.policy.StaffByID("eve").Queues = []string{"office"}
		w.command(tk.Number, "dana", "/queue technical")
		w.received(desk.OutcomeRefused, w.answer(eve, assigned, "/remove "+cy))
		w.same("participants", w.roles(tk.Number), []string{cy + " member"})
	})
}

// TestSpamBesideWords: what is written beside /spam is for us, since of spam its sender gets no word.
func TestSpamBesideWords(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(sam, "Cheap watches", "Buy them."))
		var r desk.Reception
		got := w.brings(func() {
			r = w.received(desk.OutcomeReply, w.answer(dana, w.lastFor(tk.Number, dana), "The same as last week.\n/spam"))
		})
		w.same("it brings", got, []string{"command_done to " + dana})
		if m := w.message(r); !m.Internal || m.Visible == "" {
			t.Errorf("kept as %+v", m)
		}
		w.status(tk.Number, desk.Closed)
	})
}

// TestClassOfDoneTicket: a request that is done and gets a dearer class is offered anew when it is taken up again, and whoever gave it the
// class is told that nobody has agreed to it.
func TestClassOfDoneTicket(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.installed(kim)
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "It is installed.\n/spent 30m\n/resolve"))
		got := w.brings(func() { w.command(tk.Number, "dana", "/class project") })
		w.same("the class brings", got, []string{"command_done to " + dana})
		if m := w.last(dana); !mentions(m, "nothing has been agreed") {
			t.Errorf("Dana reads %s", m.Text)
		}
		w.status(tk.Number, desk.Resolved)
		got = w.brings(func() {
			w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("resolved", kim), "We need the whole project, too."))
		})
		w.same("taken up again it brings", got, []string{"estimate to " + kim, "new_words to " + eve})
		after := w.ticket(tk.Number)
		if after.Status != desk.AwaitingConfirmation || after.Estimate.Max != 6 || after.Hold.Amount != 2 || w.balance("cust") != 8 {
			t.Errorf("it is %s, up to %d, %d held of it, balance %d", after.Status, after.Estimate.Max, after.Hold.Amount, w.balance("cust"))
		}
		w.sound()
	})
}
