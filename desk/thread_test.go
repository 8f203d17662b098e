package desk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
)

func TestT019(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "The invoice of May", "It has a canary in it."))
		for _, who := range []string{ann, sam} {
			r := w.received(desk.OutcomeLinked, w.mail(who, fmt.Sprintf("Re: [#%d] The invoice", tk.Number), "Me too."))
			w.onlyLinked(r, tk, who, "canary", "May", kim)
		}
		// The requester may join by it.
		if r := w.received(desk.OutcomeReply, w.mail(kim, fmt.Sprintf("Re: [#%d] The invoice", tk.Number), "Well?")); r.Ticket != tk.Number {
			t.Errorf("the requester's mail joins ticket %d", r.Ticket)
		}
		// A tag of no ticket opens one.
		w.received(desk.OutcomeNew, w.mail(kim, "[#999999] Another", "How?"))
	})
}

// A subject can be guessed by anybody, and is in every mail that somebody passes on. It serves who takes part in the ticket and proves who
// he is; to everybody else it gives nothing and tells nothing, not even that there is such a ticket.
func TestT019SubjectAlone(t *testing.T) {
	each(t, func(w *world) {
		const subject = "Re: The invoice of May"
		tk := w.opened(w.mail(kim, "The invoice of May", "It has a canary in it.").cc(bo))
		untouched := func(what string) {
			w.Helper()
			if now := w.ticket(tk.Number); len(w.messages(tk.Number)) != 1 || now.Status != tk.Status || len(now.Participants) != len(tk.Participants) {
				t.Errorf("%s: %d messages, %+v", what, len(w.messages(tk.Number)), now)
			}
		}
		tk = w.ticket(tk.Number)
		for _, who := range []string{ann, sam, "nobody@evil.example"} {
			r := w.received(desk.OutcomeNew, w.mail(who, subject, "Me too, I am "+who))
			if other := w.ticket(r.Ticket); len(other.Linked) != 0 {
				t.Errorf("the ticket of %s is linked to %v", who, other.Linked)
			}
			for _, m := range to(w.outbox(), who) {
				if mentions(m, "canary") || mentions(m, kim) || strings.Contains(m.Subject+m.Text, fmt.Sprintf("#%d", tk.Number)) {
					t.Errorf("%s to %s: %s", m.Template, who, m.Text)
				}
			}
			untouched(who)
		}
		// Who shows that he knows its people: staff see both. So do they of what says to be hers and proves nothing.
		m := w.mail("joe@evil.example", "AW: the  invoice of MAY", "Me too, dear Kim.").cc(kim)
		w.onlyLinkedWith(w.received(desk.OutcomeLinked, m), tk, "joe@evil.example", "canary")
		untouched("a stranger's")
		r := w.received(desk.OutcomeLinked, w.mail(kim, subject, "In her name.").at(message.LevelA0))
		if other := w.ticket(r.Ticket); !slices.Equal(other.Linked, []int64{tk.Number}) {
			t.Errorf("what is not proven is linked to %v", other.Linked)
		}
		untouched("what is not proven")
		// A forgery is held, and on no ticket.
		if r := w.received(desk.OutcomeHeld, w.mail(kim, subject, "Forged.").at(message.LevelX)); r.Ticket != 0 {
			t.Errorf("it is held on ticket %d", r.Ticket)
		}
		// What is no answer, and what a page or one of us begins, is a matter of its own.
		w.received(desk.OutcomeNew, w.mail(kim, "The invoice of May", "It is there again."))
		w.received(desk.OutcomeNew, w.mail(kim, subject, "Another one.").kind(message.Portal))
		w.received(desk.OutcomeNew, w.mail(eve, subject, "Look at this.").cc(kim))
		// So is what still has something of a desk's, be it worth nothing here.
		w.received(desk.OutcomeNew, w.mail(kim, "Re: [#999999] The invoice of May", "By a tag."))
		w.received(desk.OutcomeNew, w.mail(kim, subject, "By an address.").to(strings.Replace(us, "@", "+"+strings.Repeat("a", 40)+"@", 1)))
		lost := w.mail(kim, subject, "By an id.")
		lost.Message.References = []message.ID{message.ID("lost." + w.epoch() + "@desk.example"), "unknown@mua.example"}
		w.received(desk.OutcomeNew, lost)
		untouched("another matter")
	})
}

// Who takes part comes back to his ticket by its subject, as long as it can be taken up again.
func TestSubjectAloneJoins(t *testing.T) {
	each(t, func(w *world) {
		const subject = "Re: The invoice of May"
		other := w.opened(w.mail(ann, "The invoice of May", "Of Ann."))
		tk := w.opened(w.mail(kim, "The invoice of May", "How?").cc(bo))
		w.pass(5 * 24 * time.Hour)
		for _, m := range []mail{
			w.mail(kim, subject, "One more."), w.mail(kim, subject, "By SPF.").at(message.LevelA1s), w.mail(bo, "Antw: the invoice of may", "Of a colleague."),
			w.mail(kim, subject, "I am away.").kind(message.AutoReply), w.mail(kim, subject, "An id of a mail around you."),
		} {
			if strings.HasPrefix(m.Message.Text, "An id") {
				m.Message.InReplyTo = []message.ID{"unknown@mua.example"}
			}
			r := w.receive(m)
			if r.Ticket != tk.Number || r.Outcome != desk.OutcomeReply && r.Outcome != desk.OutcomeNoted {
				t.Errorf("%q is %s on ticket %d", m.Message.Text, r.Outcome, r.Ticket)
			}
			if kept := w.message(r); kept.By != "subject" || len(kept.Why) == 0 || !strings.Contains(kept.Why[0], "its subject is that of ticket") {
				t.Errorf("%q was found by %s: %q", m.Message.Text, kept.By, kept.Why)
			}
		}
		// The id that came with it leads there too, now.
		m := w.mail(kim, "Something else", "By its id.")
		m.Message.InReplyTo = []message.ID{"unknown@mua.example"}
		if r := w.received(desk.OutcomeReply, m); r.Ticket != tk.Number {
			t.Errorf("it joins ticket %d", r.Ticket)
		}
		// Somebody puts her in copy of a mail with that subject, to have her answers: they go where she has written.
		w.receive(w.mail("joe@evil.example", "The invoice of May", "Tell me all about it.").cc(kim))
		if r := w.received(desk.OutcomeReply, w.mail(kim, subject, "It is still there.")); r.Ticket != tk.Number {
			t.Errorf("after a stranger's mail it joins ticket %d", r.Ticket)
		}
		// Merged, it leads to where its words are.
		later := w.opened(w.mail(ann, "The invoice of June", "Of Ann."))
		w.received(desk.OutcomeCommand, w.answer(dana, w.assign(other, "dana"), fmt.Sprintf("/merge %d", later.Number)))
		if r := w.received(desk.OutcomeReply, w.mail(ann, subject, "Well?")); r.Ticket != later.Number {
			t.Errorf("after the merge it joins ticket %d", r.Ticket)
		}
		// Closed for long, it is not taken up again, and staff see what it was about.
		w.received(desk.OutcomeReply, w.answer(eve, w.assign(tk, "eve"), "So.\n/close"))
		w.pass(40 * 24 * time.Hour)
		r := w.received(desk.OutcomeLinked, w.mail(kim, subject, "It is there again."))
		if now := w.ticket(r.Ticket); !slices.Contains(now.Linked, tk.Number) {
			t.Errorf("it is linked to %v", now.Linked)
		}
	})
}

// onlyLinked fails the test where a mail did more than to open a ticket of its own beside another customer's, or where its writer was
// sent anything of that.
func (w *world) onlyLinked(r desk.Reception, first *desk.Ticket, who string, secrets ...string) {
	w.Helper()
	now := w.ticket(first.Number)
	if len(now.Participants) != 0 {
		w.Errorf("ticket %d has participants: %+v", now.Number, now.Participants)
	}
	w.onlyLinkedWith(r, first, who, secrets...)
}

// onlyLinkedWith is onlyLinked for a ticket that has participants already.
func (w *world) onlyLinkedWith(r desk.Reception, first *desk.Ticket, who string, secrets ...string) {
	w.Helper()
	tk, now := w.ticket(r.Ticket), w.ticket(first.Number)
	if tk.Number == first.Number || !slices.Contains(tk.Linked, first.Number) || !slices.Contains(now.Linked, tk.Number) {
		w.Errorf("ticket %d is linked to %v, ticket %d to %v", tk.Number, tk.Linked, now.Number, now.Linked)
	}
	if len(now.Participants) != len(first.Participants) || now.Requester.Address != first.Requester.Address || now.Status != first.Status {
		w.Errorf("ticket %d has changed: %+v", now.Number, now)
	}
	if why := w.message(r).Why; len(why) == 0 {
		w.Errorf("staff do not see why ticket %d was opened", tk.Number)
	}
	for _, m := range to(w.outbox(), who) {
		for _, s := range secrets {
			if mentions(m, s) {
				w.Errorf("%s to %s holds %q of another's ticket", m.Template, who, s)
			}
		}
		if number := fmt.Sprintf("#%d", first.Number); strings.Contains(m.Subject+m.Text, number) {
			w.Errorf("%s to %s names %s, another's ticket", m.Template, who, number)
		}
	}
}

func TestT020(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "The invoice of May", "It has a canary in it."))
		ours := w.last(kim)
		for i, refs := range [][]message.ID{{tk.FirstID}, {ours.MessageID}, {tk.FirstID, ours.MessageID}} {
			m := w.mail(ann, "Re: something", fmt.Sprintf("Me too, %d.", i))
			m.Message.References, m.Message.InReplyTo = refs, refs[len(refs)-1:]
			w.onlyLinked(w.receive(m.at(message.LevelA1s)), tk, ann, "canary", "May", kim)
		}
	})
}

func TestT021(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Please install", "Please install it."))
		estimate := w.lastOf("estimate", kim)
		token, ok := message.TokenOf(estimate.ReplyTo.Addr, us)
		if !ok {
			t.Fatalf("no token in %s", estimate.ReplyTo.Addr)
		}
		changed := "a" + token[1:]
		if token[0] == 'a' {
			changed = "b" + token[1:]
		}
		tokenOnly := func(who, token string) mail { return w.mail(who, "Hello", "yes").to(message.WithToken(us, token)) }

		t.Run("one character changed", func(t *testing.T) {
			r := w.received(desk.OutcomeNew, tokenOnly(kim, changed))
			if why := strings.Join(w.message(r).Why, "; "); !strings.Contains(why, "token") {
				t.Errorf("the reason is %q", why)
			}
		})
		t.Run("wrong recipient", func(t *testing.T) {
			w.received(desk.OutcomeHeld, tokenOnly(ann, token))
			w.received(desk.OutcomeHeld, tokenOnly(bo, token))
		})
		t.Run("wrong purpose", func(t *testing.T) {
			// An answer to a mail that was no estimate confirms nothing.
			w.pass(25 * time.Hour)
			w.received(desk.OutcomeReply, w.answer(kim, estimate, "Which port will it be?"))
			w.received(desk.OutcomeReply, w.answer(dana, w.lastFor(tk.Number, dana), "Shall we use port 80?"))
			w.pass(25 * time.Hour) // one question a day
			got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("reply", kim), "yes")) })
			w.same("it brings", got, []string{"confirm_elsewhere to " + kim})
		})
		two := "tokens:\n  - {id: b, secret: \"another secret of the tests, long enough\"}\n  - {id: a, retired: %s, secret"
		retire := func(day time.Time) {
			w.policy = readPolicy(t, strings.Replace(worldPolicy, "tokens:\n  - {id: a, secret", fmt.Sprintf(two, day.Format(time.DateOnly)), 1))
		}
		t.Run("retired key", func(t *testing.T) { // joins, and does not spend (T113)
			w.pass(25 * time.Hour)
			retire(w.now.AddDate(0, 0, -2))
			got := w.brings(func() { w.received(desk.OutcomeReply, tokenOnly(kim, token)) })
			w.same("it brings", got, []string{"confirm_elsewhere to " + kim})
		})
		t.Run("key older than 90 days", func(t *testing.T) {
			retire(w.now.AddDate(0, 0, -92))
			w.received(desk.OutcomeNew, tokenOnly(kim, token))
		})
		if w.held("cust") != 0 {
			t.Errorf("%d credits are held", w.held("cust"))
		}
		w.status(tk.Number, desk.AwaitingConfirmation)
	})
}

func TestT022(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Please install", "Please install it."))
		m := w.answer(kim, w.lastOf("estimate", kim), "yes").bare()
		m.Message.To[0].Addr = strings.ToUpper(m.Message.To[0].Addr[:len(m.Message.To[0].Addr)-len("@desk.example")]) + "@desk.example"
		canonical, err := message.Canonical(m.Message.To[0].Addr) // as reading the mail gives it
		if err != nil {
			t.Fatal(err)
		}
		m.Message.To[0].Addr = canonical
		w.received(desk.OutcomeReply, m)
		w.status(tk.Number, desk.Open)

		// In the Message-ID that is answered, whose case is kept.
		tk = w.opened(w.mail(kim, "Please install", "Please install the other one."))
		m = w.answer(kim, w.lastOf("estimate", kim), "yes").to(us)
		m.Message.References = nil
		m.Message.InReplyTo[0] = message.ID(strings.ToUpper(string(m.Message.InReplyTo[0])))
		w.received(desk.OutcomeReply, m)
		w.status(tk.Number, desk.Open)
	})
}

func TestT023(t *testing.T) {
	each(t, func(w *world) {
		of := func(who, subject string) *desk.Mail {
			w.opened(w.mail(who, subject, "How?"))
			return w.last(who)
		}
		both := func(from string, refs, token *desk.Mail) mail {
			m := w.answer(from, refs, "About this one.")
			m.Message.To = []message.Address{token.ReplyTo}
			return m
		}
		k1, k2, a1 := of(kim, "First"), of(kim, "Second"), of(ann, "Third")

		r := w.received(desk.OutcomeReply, both(kim, k1, k2))
		if r.Ticket != k1.Ticket || !slices.Contains(w.ticket(r.Ticket).Linked, k2.Ticket) {
			t.Errorf("who may join both joins %d, linked to %v", r.Ticket, w.ticket(r.Ticket).Linked)
		}
		if r := w.received(desk.OutcomeReply, both(kim, k2, a1)); r.Ticket != k2.Ticket {
			t.Errorf("who may join the first joins %d", r.Ticket)
		}
		if r := w.received(desk.OutcomeReply, both(kim, a1, k1)); r.Ticket != k1.Ticket {
			t.Errorf("who may join the second joins %d", r.Ticket)
		}
		r = w.received(desk.OutcomeLinked, both(sam, k1, a1).at(message.LevelA1s))
		if tk := w.ticket(r.Ticket); !slices.Contains(tk.Linked, k1.Ticket) || !slices.Contains(tk.Linked, a1.Ticket) {
			t.Errorf("who may join none opens a ticket linked to %v", tk.Linked)
		}
	})
}

func TestT025(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?"))
		first := w.last(kim)
		w.opened(w.mail(kim, "Another question", "Why?"))
		r := w.received(desk.OutcomeReply, w.mail(kim, "Something else", "Well?").to(first.ReplyTo.Addr))
		if r.Ticket != tk.Number || w.message(r).By != "token" {
			t.Errorf("joins %d by %s, want %d by its token", r.Ticket, w.message(r).By, tk.Number)
		}
		// Behind an alias, and as our own server names it only.
		m := w.mail(kim, "And", "Well?").to("help@desk.example")
		m.Message.Delivered = []message.Address{first.ReplyTo}
		if r := w.received(desk.OutcomeReply, m); r.Ticket != tk.Number {
			t.Errorf("joins %d", r.Ticket)
		}
	})
}

func TestT029Closed(t *testing.T) {
	each(t, func(w *world) {
		tk, _ := w.question()
		w.received(desk.OutcomeReply, w.answer(kim, w.lastFor(tk.Number, kim), "close"))
		w.status(tk.Number, desk.Closed)
		closed := w.lastOf("closed", kim)

		w.pass(13 * 24 * time.Hour)
		w.received(desk.OutcomeReply, w.answer(kim, closed, "It is back."))
		w.status(tk.Number, desk.Open)

		w.received(desk.OutcomeReply, w.answer(kim, closed, "close"))
		w.pass(15 * 24 * time.Hour)
		r := w.received(desk.OutcomeLinked, w.answer(kim, closed, "It is back again."))
		w.status(tk.Number, desk.Closed)
		if linked := w.ticket(r.Ticket); !slices.Contains(linked.Linked, tk.Number) || linked.Status != desk.Open {
			t.Errorf("the new ticket is %s, linked to %v", linked.Status, linked.Linked)
		}
		if m := w.last(kim); m.Template != "linked" || !mentions(m, fmt.Sprintf("#%d", tk.Number)) {
			t.Errorf("she is told by %s: %s", m.Template, m.Text)
		}
		// A thank-you needs no new ticket, however late.
		w.received(desk.OutcomeReply, w.answer(kim, closed, "Thank you!"))
		w.status(tk.Number, desk.Closed)
	})
}

func TestT096(t *testing.T) {
	each(t, func(w *world) {
		first := w.mail(kim, "A question", "How?")
		w.opened(first)
		second := w.mail(kim, "Another question", "Why?")
		second.Message.ID = first.Message.ID
		r := w.received(desk.OutcomeNew, second)
		if kept := w.message(r); kept.Text != "Why?" || len(kept.Why) == 0 {
			t.Errorf("the second is kept as %q and flagged by %q", kept.Text, kept.Why)
		}
		for _, again := range []mail{first, second} {
			again.Position.UID += 8000
			w.received(desk.OutcomeDuplicate, again)
		}
	})
}

func TestT097(t *testing.T) {
	each(t, func(w *world) {
		seen := map[int64]bool{}
		for i := range 2 {
			m := w.mail(kim, "A question", "How?")
			m.Message.ID = ""
			m.Message.To = append(m.Message.To, message.Address{Addr: fmt.Sprintf("copy%d@cust.example", i)}) // all that differs
			for poll := range 3 {
				m.Position.UIDValidity = uint32(poll + 1)
				r := w.receive(m)
				if want := map[bool]desk.Outcome{true: desk.OutcomeNew, false: desk.OutcomeDuplicate}[poll == 0]; r.Outcome != want {
					t.Errorf("mail %d in poll %d ends as %s, want %s", i, poll, r.Outcome, want)
				}
				if r.Message != 0 {
					seen[r.Message] = true
				}
			}
		}
		if len(seen) != 2 {
			t.Errorf("%d messages, want 2", len(seen))
		}
	})
}

func TestT098(t *testing.T) {
	each(t, func(w *world) {
		m := w.mail(kim, "A question", "How?").to("sales@desk.example", us)
		m.Position.Mailbox = "sales"
		tk := w.opened(m)
		if tk.Mailbox != "support" {
			t.Errorf("the terms are those of %s, want the first of the policy", tk.Mailbox)
		}
		m.Position.Mailbox = "support"
		got := w.brings(func() {
			if r := w.received(desk.OutcomeDuplicate, m); r.Ticket != tk.Number {
				t.Errorf("the second is the duplicate of ticket %d", r.Ticket)
			}
		})
		w.same("the second brings", got, nil)
	})
}
