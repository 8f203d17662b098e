package desk_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// The tests of this file are the cases of THREATS.md by their numbers, driven through Receive on both engines.

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		test(w)
		w.sound()
	})
}

// question is a free ticket of Kim's, given to Eve, with the mail by which Eve knows of it.
func (w *world) question() (*desk.Ticket, *desk.Mail) {
	w.Helper()
	tk := w.opened(w.mail(kim, "A question", "How do I export?"))
	return tk, w.assign(tk, "eve")
}

// installed is a ticket that somebody has confirmed 2 credits for, with the mail by which Eve knows of it.
func (w *world) installed(from string) (*desk.Ticket, *desk.Mail) {
	w.Helper()
	tk := w.opened(w.mail(from, "Please install", "Please install it."))
	w.received(desk.OutcomeReply, w.answer(from, w.lastOf("estimate", from), "yes"))
	w.status(tk.Number, desk.Open)
	return w.ticket(tk.Number), w.lastOf("assigned", eve)
}

func TestT002(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		got := w.brings(func() { w.received(desk.OutcomeHeld, w.answer(eve, assigned, "/close").at(message.LevelX)) })
		w.same("it brings", got, []string{"held_notice to " + eve})
		if after := w.ticket(tk.Number); after.Status != desk.Open || after.Minutes != 0 {
			t.Errorf("the ticket is %s now", after.Status)
		}
		// Without a thread it is held all the same.
		w.pass(25 * time.Hour)
		got = w.brings(func() { w.received(desk.OutcomeHeld, w.mail(eve, "Close it", "/close").at(message.LevelX)) })
		w.same("without a thread it brings", got, []string{"held_notice to " + eve})
	})
}

func TestT003(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		const words = "It is all settled.\n/spent 5h\n/close"
		for _, tt := range []struct {
			who     string
			outcome desk.Outcome
		}{
			{"nobody@evil.example", desk.OutcomeHeld},
			{ann, desk.OutcomeHeld},
			{dana, desk.OutcomeHeld},
			{kim, desk.OutcomeReply}, // takes part: her words, and no command
		} {
			got := w.brings(func() { w.received(tt.outcome, w.answer(tt.who, assigned, words)) })
			for _, s := range got {
				if strings.HasPrefix(s, "reply") || strings.HasPrefix(s, "closed") || strings.HasSuffix(s, kim) {
					t.Errorf("from %s it brings %s", tt.who, s)
				}
			}
			if after := w.ticket(tk.Number); after.Status != desk.Open || after.Minutes != 0 {
				t.Errorf("from %s it makes the ticket %s with %d minutes", tt.who, after.Status, after.Minutes)
			}
		}
	})
}

func TestT004(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		w.policy = readPolicy(t, strings.Replace(worldPolicy, "address: eve@staff.example", "address: eve@staff.example, queues: [technical]", 1))
		var r desk.Reception
		got := w.brings(func() {
			r = w.received(desk.OutcomeRefused, w.answer(eve, assigned, "Press export.\n/spent 5m\n/resolve"))
		})
		w.same("it brings", got, []string{"refused_command to " + eve})
		if m := w.last(eve); !mentions(m, "Press export.") {
			t.Errorf("the notice does not hold the text: %s", m.Text)
		}
		if kept := w.message(r); !kept.Internal || !strings.Contains(kept.Text, "Press export.") {
			t.Errorf("kept as %+v", kept)
		}
		if after := w.ticket(tk.Number); after.Status != desk.Open || after.Minutes != 0 {
			t.Errorf("the ticket is %s with %d minutes", after.Status, after.Minutes)
		}
	})
}

func TestT017(t *testing.T) {
	each(t, func(w *world) {
		m := w.mail(kim, "A question", "How?")
		m.Message.ReplyTo = []message.Address{{Name: "Kim", Addr: "m@evil.example"}}
		tk := w.opened(m)
		w.received(desk.OutcomeReply, w.answer(eve, w.assign(tk, "eve"), "So."))
		if tk.Requester.Address != kim {
			t.Errorf("the requester is %s", tk.Requester.Address)
		}
		for _, out := range w.outbox() {
			if out.To.Addr == "m@evil.example" {
				t.Errorf("%s went to the address of Reply-To", out.Template)
			}
		}
		// And a mail whose Reply-To names the requester is not the requester's.
		other := w.answer(ann, w.last(kim), "close")
		other.Message.ReplyTo = []message.Address{{Addr: kim}}
		w.received(desk.OutcomeHeld, other)
		w.status(tk.Number, desk.Open)
	})
}

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

func TestT032(t *testing.T) {
	each(t, func(w *world) {
		const lines = "/spent 45m\n/assign max\n/close"
		tk := w.opened(w.mail(kim, "A question", lines))
		if tk.Status != desk.Open || tk.Minutes != 0 || tk.Assignee != "" {
			t.Errorf("a first mail of commands makes %+v", tk)
		}
		for _, words := range []string{lines, "/close", "/resolve", "It is fine.\n/close"} {
			r := w.received(desk.OutcomeReply, w.answer(kim, w.last(kim), words))
			if after := w.ticket(tk.Number); after.Status != desk.Open || after.Minutes != 0 || after.Assignee != "" {
				t.Errorf("%q makes the ticket %s", words, after.Status)
			}
			if m := w.message(r); m.Text != words || m.Internal {
				t.Errorf("%q is kept as %q", words, m.Text)
			}
		}
	})
}

func TestT033NewWordsOnly(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		m := w.answer(eve, assigned, "Press export.")
		m.Message.Text = "Press export.\n\n> /close\n\n-- \n/close\n"
		m.Message.HTML = `<p>Press export.</p><p style="display:none">/close</p>`
		w.received(desk.OutcomeReply, m)
		w.status(tk.Number, desk.Open)

		m = w.answer(eve, assigned, "Press export.\n/close") // as reading an HTML-only mail gives the new words
		m.Message.HTML = "<p>Press export.</p><p>/close</p>"
		w.received(desk.OutcomeReply, m)
		w.status(tk.Number, desk.Closed)
	})
}

func TestT034(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		for _, tt := range []struct{ name, words, wrong string }{
			{"unknown", "Press export.\n/finish", "/finish"},
			{"no time", "Press export.\n/spent\n/resolve", "/spent"},
			{"two hours", "/spent 2 hours", "/spent 2 hours"},
			{"unknown name", "/assign nobody\n/spent 5m", "/assign nobody"},
			{"no right to the queue", "Press export.\n/assign\n/spent 5m", "/assign"},
			{"twice", "/resolve\nPress export.\n/resolve", "/resolve"},
			{"two ends", "Press export.\n/resolve\n/close", "/close"},
			{"too much after it", "Press export.\n/close now", "/close now"},
			{"free of charge", "Press export.\n/estimate 3", "/estimate 3"},
			{"not resolved", "Press export.\n/reopen", "/reopen"},
			{"taken back too much", "/spent 5m\n/spent -10m", "/spent -10m"},
			{"next to help", "/help\n/finish", "/finish"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				got := w.brings(func() { w.received(desk.OutcomeRefused, w.answer(eve, assigned, tt.words)) })
				w.same("it brings", got, []string{"refused_command to " + eve})
				for line := range strings.SplitSeq(tt.words, "\n") {
					if !mentions(w.last(eve), line) {
						t.Errorf("the answer does not quote %q: %s", line, w.last(eve).Text)
					}
				}
				if after := w.ticket(tk.Number); after.Status != desk.Open || after.Minutes != 0 || after.Assignee != "eve" {
					t.Errorf("the ticket is %s with %d minutes, of %s", after.Status, after.Minutes, after.Assignee)
				}
			})
		}
	})
}

func TestT034OnABilledTicket(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.installed(kim)
		for _, words := range []string{"/estimate 1", "/estimate 3\n/close", "/resolve\n/estimate 3", "/estimate 0", "/estimate 3-2"} {
			got := w.brings(func() { w.received(desk.OutcomeRefused, w.answer(eve, assigned, words)) })
			w.same(words, got, []string{"refused_command to " + eve})
		}
		w.status(tk.Number, desk.Open)
	})
}

func TestT035(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.installed(kim)
		m := w.answer(eve, assigned, "Done.\n/spent 31m")
		w.received(desk.OutcomeReply, m)
		m.Position.UID, m.Position.UIDValidity = 7000, 2
		got := w.brings(func() { w.received(desk.OutcomeDuplicate, m) })
		w.same("the second copy brings", got, nil)
		if after := w.ticket(tk.Number); after.Minutes != 31 || after.Hold.Settled != 2 {
			t.Errorf("%d minutes, %d credits", after.Minutes, after.Hold.Settled)
		}
	})
}

func TestT036(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Please install", "Please install it."))
		estimate := w.lastOf("estimate", kim)
		nodes := []*desk.Desk{w.desk, w.newDesk(w.store)}
		const n = 200
		all := make(chan desk.Arrival, n)
		for range n {
			all <- w.answer(kim, estimate, "yes").arrival()
		}
		close(all)
		var wait sync.WaitGroup
		for i := range 8 {
			wait.Go(func() {
				for a := range all {
					if _, err := nodes[i%2].Receive(w.Context(), []desk.Arrival{a}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		w.status(tk.Number, desk.Open)
		if w.balance("cust") != 8 || w.held("cust") != 2 {
			t.Errorf("balance %d, held %d; want 8 and 2", w.balance("cust"), w.held("cust"))
		}
		w.same("postings", w.postings(), []string{"opening 10 to customer:cust", "opening 10 to customer:acme", "hold 2 to held:cust"})
		if kept := len(w.messages(tk.Number)); kept != n+1 {
			t.Errorf("%d mails are kept, want %d", kept, n+1)
		}
	})
}

func TestT037(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Please develop", "Please develop something."))
		needed := w.lastFor(tk.Number, dana)
		w.received(desk.OutcomeCommand, w.answer(dana, needed, "/estimate 1"))
		v1 := w.lastOf("estimate", kim)
		w.received(desk.OutcomeCommand, w.answer(dana, needed, "/estimate 2-3"))
		v2 := w.lastOf("estimate", kim)

		got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, v1, "yes")) })
		w.same("a yes to the first brings", got, []string{"estimate_renewed to " + kim})
		if m := w.last(kim); !mentions(m, "2 to 3") && !mentions(m, "2–3") && !mentions(m, "2-3") {
			t.Errorf("it does not show the second: %s", m.Text)
		}
		w.status(tk.Number, desk.AwaitingConfirmation)
		if w.held("cust") != 0 {
			t.Fatalf("%d credits are held", w.held("cust"))
		}
		w.received(desk.OutcomeReply, w.answer(kim, v2, "yes"))
		w.status(tk.Number, desk.Open)
		if w.held("cust") != 3 {
			t.Errorf("%d credits are held, want 3", w.held("cust"))
		}
	})
}

func TestT039(t *testing.T) {
	each(t, func(w *world) {
		for _, words := range []string{"Yes, but start on Monday", "no\n> yes", "ok?", "Yes\n\nBest\nKim\nP.S. not before May", ""} {
			tk := w.opened(w.mail(kim, "Please install", "Please install it: "+words))
			m := w.answer(kim, w.lastOf("estimate", kim), words)
			m.Message.Text = words + "\n\nOn Tuesday you wrote:\n> yes\n"
			got := w.brings(func() { w.received(desk.OutcomeReply, m) })
			if !slices.Contains(got, "not_understood to "+kim) {
				t.Errorf("%q brings %q", words, got)
			}
			w.status(tk.Number, desk.AwaitingConfirmation)
			// And a plain yes to that answer still counts.
			w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("not_understood", kim), "yes"))
			w.status(tk.Number, desk.Open)
			w.pass(2 * time.Hour)
		}
		if w.held("cust") != 10 {
			t.Errorf("%d credits are held, want 10", w.held("cust"))
		}
	})
}

func TestT040(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Please install", "Please install it."))
		said := w.answer(kim, w.lastOf("estimate", kim), "yes")
		w.received(desk.OutcomeReply, said)
		other := w.opened(w.mail(kim, "Please install", "Please install the other one."))

		w.pass(7 * 24 * time.Hour)
		again := said
		again.Position.UID = 7001
		again.Received = w.now
		w.received(desk.OutcomeDuplicate, again)

		resent := w.answer(kim, w.lastFor(tk.Number, kim), "yes") // the same words and signature with another id
		resent.Message.To, resent.Message.InReplyTo, resent.Message.References = said.Message.To, said.Message.InReplyTo, said.Message.References
		w.received(desk.OutcomeReply, resent)

		// On the other ticket's thread, with the token of the first one.
		onto := w.answer(kim, w.lastFor(other.Number, kim), "yes")
		onto.Message.To, onto.Message.InReplyTo = said.Message.To, nil
		onto.Message.References = []message.ID{other.FirstID}
		w.received(desk.OutcomeReply, onto)
		w.status(other.Number, desk.AwaitingConfirmation)
		if w.held("cust") != 2 {
			t.Errorf("%d credits are held, want 2", w.held("cust"))
		}
	})
}

func TestT041(t *testing.T) {
	each(t, func(w *world) {
		const lee = "lee@three.example"
		w.account("three", 3, desk.Contact{Address: lee, Name: "Lee", MaySpend: true})
		var yes []desk.Arrival
		var tickets []int64
		for i := range 2 {
			tk := w.opened(w.mail(lee, "Please install", fmt.Sprintf("Please install number %d.", i)))
			tickets = append(tickets, tk.Number)
			yes = append(yes, w.answer(lee, w.lastOf("estimate", lee), "yes").arrival())
		}
		nodes := []*desk.Desk{w.desk, w.newDesk(w.store)}
		var wait sync.WaitGroup
		for i, a := range yes {
			wait.Go(func() {
				if _, err := nodes[i].Receive(w.Context(), []desk.Arrival{a}); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		statuses := []desk.Status{w.ticket(tickets[0]).Status, w.ticket(tickets[1]).Status}
		slices.Sort(statuses)
		if !slices.Equal(statuses, []desk.Status{desk.AwaitingCredits, desk.Open}) {
			t.Errorf("they are %v, want exactly one accepted", statuses)
		}
		if w.balance("three") != 1 || w.held("three") != 2 {
			t.Errorf("balance %d, held %d; want 1 and 2", w.balance("three"), w.held("three"))
		}
		if m := w.lastOf("short_balance", lee); m == nil || !mentions(m, "1 credit") {
			t.Errorf("who waits is told %v", m)
		}
		// And it goes on by itself.
		if err := w.desk.TopUp(w.Context(), "three", "credit", 1, "order-1"); err != nil {
			t.Fatal(err)
		}
		for _, n := range tickets {
			w.status(n, desk.Open)
		}
		if w.balance("three") != 0 || w.held("three") != 4 {
			t.Errorf("balance %d, held %d; want 0 and 4", w.balance("three"), w.held("three"))
		}
	})
}

// TestT041AnotherIsQuicker lets one ticket take the credits between another one's look at the balance and its hold, as another node may.
func TestT041AnotherIsQuicker(t *testing.T) {
	each(t, func(w *world) {
		const lee = "lee@three.example"
		w.account("three", 3, desk.Contact{Address: lee, Name: "Lee", MaySpend: true})
		first := w.opened(w.mail(lee, "Please install", "Please install it."))
		yes := w.answer(lee, w.lastOf("estimate", lee), "yes")
		second := w.opened(w.mail(lee, "Please install", "Please install the other one."))
		w.received(desk.OutcomeReply, w.answer(lee, w.lastOf("estimate", lee), "yes"))
		w.status(second.Number, desk.Open)

		stale := w.newDesk(staleBalance{w.store, 3})
		if _, err := stale.Receive(w.Context(), []desk.Arrival{yes.arrival()}); err != nil {
			t.Fatal(err)
		}
		w.status(first.Number, desk.AwaitingCredits)
		if w.balance("three") != 1 || w.held("three") != 2 {
			t.Errorf("balance %d, held %d; want 1 and 2", w.balance("three"), w.held("three"))
		}
	})
}

func TestT045(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.installed(kim)
		if w.balance("cust") != 8 || w.held("cust") != 2 {
			t.Fatalf("balance %d, held %d", w.balance("cust"), w.held("cust"))
		}
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Done.\n/spent 10m"))
		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/spent 10m\n/spent 10m"))
		if w.balance("cust") != 8 || w.held("cust") != 1 {
			t.Errorf("after 30 minutes: balance %d, held %d; want 8 and 1", w.balance("cust"), w.held("cust"))
		}
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "All is well.\n/close"))
		w.status(tk.Number, desk.Closed)
		if w.balance("cust") != 9 || w.held("cust") != 0 {
			t.Errorf("closed: balance %d, held %d; want 9 and 0", w.balance("cust"), w.held("cust"))
		}
		// Reopened for the same terms: what was agreed and not used is held again, and the total charged as one incident.
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("closed", kim), "It fails again."))
		if w.balance("cust") != 8 || w.held("cust") != 1 {
			t.Errorf("reopened: balance %d, held %d; want 8 and 1", w.balance("cust"), w.held("cust"))
		}
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Once more.\n/spent 1m\n/close"))
		if w.balance("cust") != 8 || w.held("cust") != 0 {
			t.Errorf("after 31 minutes in all: balance %d, held %d; want 8 and 0", w.balance("cust"), w.held("cust"))
		}
	})
}

func TestT047(t *testing.T) {
	each(t, func(w *world) {
		for _, kind := range []message.Kind{message.AutoReply, message.List, message.FeedbackReport, message.Bounced} {
			got := w.brings(func() { w.receive(w.mail("robot@robots.example", "Hello "+string(kind), "How?").kind(kind)) })
			for _, s := range got {
				if strings.HasSuffix(s, "@robots.example") {
					t.Errorf("%s brings %s", kind, s)
				}
			}
			tk, assigned := w.question()
			w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press export.\n/resolve"))
			got = w.brings(func() {
				w.received(desk.OutcomeNoted, w.answer(kim, w.lastFor(tk.Number, kim), "I am away until May.").kind(kind))
			})
			w.same(string(kind)+" on a resolved ticket brings", got, nil)
			w.status(tk.Number, desk.Resolved)
			w.pass(2 * time.Hour)
		}
		// A person whose mail program asks for no automatic answer: all as usual, but for that.
		m := w.mail(kim, "A question", "How do I sort?")
		m.Message.NoAutoResponse = true
		tk := w.ticket(w.received(desk.OutcomeNew, m).Ticket)
		if sent := w.lastFor(tk.Number, kim); sent != nil {
			t.Errorf("it is answered by %s", sent.Template)
		}
		w.received(desk.OutcomeReply, w.answer(eve, w.assign(tk, "eve"), "By the arrow.\n/resolve"))
		m = w.answer(kim, w.lastFor(tk.Number, kim), "There is no arrow.")
		m.Message.NoAutoResponse = true
		got := w.brings(func() { w.received(desk.OutcomeReply, m) })
		w.same("the answer brings", got, []string{"new_words to " + eve})
		w.status(tk.Number, desk.Open)
		// A vacation reply that claims to be one of ours is held, and not answered either: its next one would be, too.
		got = w.brings(func() {
			w.received(desk.OutcomeHeld, w.mail(eve, "Away", "Until May.").kind(message.AutoReply).at(message.LevelX))
		})
		w.same("a forged vacation reply brings", got, nil)
	})
}

func TestT050(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press export."))
		sent := w.lastOf("reply", kim)
		report := func(refs message.ID, original message.ID) mail {
			m := w.mail("mailer-daemon@cust.example", "Undelivered", "It failed.").kind(message.Bounced).at(message.LevelA0)
			m.Message.Bounce = &message.Bounce{Recipients: []string{kim}, Status: "5.1.1", Permanent: true, Reason: "no such user", OriginalID: original}
			if refs != "" {
				m.Message.References = []message.ID{refs}
			}
			return m
		}
		before := len(w.events())
		for _, m := range []mail{report("", ""), report("", "x@mua.example"), report(tk.FirstID, "x@mua.example"), report(tk.FirstID, tk.FirstID)} {
			got := w.brings(func() { w.received(desk.OutcomeNoted, m) })
			w.same("a forged report brings", got, nil)
		}
		for _, e := range w.events()[before:] {
			if e.Kind != desk.EventReceived {
				t.Errorf("a forged report writes %s %s", e.Kind, e.Data)
			}
		}
		// The one that holds our id with its token is told to the engineer, and to nobody else (T049).
		got := w.brings(func() { w.received(desk.OutcomeNoted, report(sent.MessageID, sent.MessageID)) })
		w.same("a true one brings", got, []string{"undelivered to " + eve})
		w.status(tk.Number, desk.Open)
	})
}

func TestT051(t *testing.T) {
	each(t, func(w *world) {
		count := func(address string) (n int) { return len(to(w.outbox(), address)) }
		for i := range 40 {
			w.received(desk.OutcomeNew, w.mail(kim, fmt.Sprintf("Canary %d", i), "Canary.").at(message.LevelA0))
			w.pass(time.Minute)
		}
		if count(kim) != 1 {
			t.Errorf("40 unproven mails get %d answers, want 1", count(kim))
		}
		for _, m := range to(w.outbox(), kim) {
			if m.Template != "acknowledgement_unverified" || mentions(m, "anary") || mentions(m, "Kim") {
				t.Errorf("%s: %s", m.Subject, m.Text)
			}
		}
		w.pass(24 * time.Hour)
		w.received(desk.OutcomeNew, w.mail(kim, "Canary", "Canary again.").at(message.LevelA0))
		if count(kim) != 2 {
			t.Errorf("a day later there are %d answers, want 2", count(kim))
		}
		for i := range 20 {
			w.received(desk.OutcomeHeld, w.mail(ann, fmt.Sprintf("Question %d", i), "How?").at(message.LevelX))
		}
		if count(ann) != 0 {
			t.Errorf("forged mails get %d answers", count(ann))
		}
		for i := range 30 {
			w.received(desk.OutcomeNew, w.mail(sam, fmt.Sprintf("Question %d", i), "How?").at(message.LevelA1s))
			w.pass(time.Minute)
		}
		if count(sam) != 10 {
			t.Errorf("30 mails at A1s within an hour get %d answers, want 10", count(sam))
		}
		withheld := 0
		for _, e := range w.events() {
			if e.Kind == desk.EventWithheld {
				withheld++
			}
		}
		if withheld != 39+20 {
			t.Errorf("the journal tells of %d that were withheld, want 59", withheld)
		}
	})
}

func TestT052(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?"))
		for _, out := range []*desk.Mail{w.last(kim), w.last(dana)} {
			for _, l := range []message.Level{message.LevelX, message.LevelA0, message.LevelA1} {
				m := w.mail(us, out.Subject, out.Text).at(l)
				m.Message.ID, m.Message.InReplyTo, m.Message.References = out.MessageID, []message.ID{out.InReplyTo}, out.References
				m.Message.NoAutoResponse = out.Automatic
				got := w.brings(func() { w.received(desk.OutcomeDuplicate, m) })
				w.same("it brings", got, nil)
			}
		}
		if n := len(w.messages(tk.Number)); n != 1 {
			t.Errorf("%d messages on the ticket, want 1", n)
		}
	})
}

func TestT053(t *testing.T) {
	each(t, func(w *world) {
		for _, tt := range []struct {
			hops int
			want desk.Outcome
		}{{50, desk.OutcomeNew}, {51, desk.OutcomeHeld}} {
			m := w.mail(kim, "A question", fmt.Sprintf("How do I go %d times?", tt.hops))
			for range tt.hops {
				m.Message.Trace = append(m.Message.Trace, message.Field{Name: "received", Value: "from a by b"})
			}
			got := w.brings(func() { w.received(tt.want, m) })
			if tt.want == desk.OutcomeHeld && len(got) > 0 {
				t.Errorf("it is answered by %q", got)
			}
		}
	})
}

func TestT062(t *testing.T) {
	each(t, func(w *world) {
		m := w.mail(sam, "a\r\nBcc: x@evil.example\r\n\r\nbody\x00", "How?")
		m.Message.From[0].Name = "Sam\r\nBcc: x@evil.example"
		tk := w.opened(m)
		w.received(desk.OutcomeReply, w.answer(eve, w.assign(tk, "eve"), "So."))
		for _, out := range w.outbox() {
			if s := out.Subject + out.To.Name + out.From.Name; strings.ContainsAny(s, "\r\n\x00") {
				t.Errorf("%s has the header texts %q", out.Template, s)
			}
			if out.To.Addr == "x@evil.example" {
				t.Errorf("%s went to evil.example", out.Template)
			}
		}
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

// staleBalance is a store whose first look at a balance gives an old one.
type staleBalance struct {
	desk.Store
	was int64
}

func (s staleBalance) Update(ctx context.Context, do func(desk.Tx) error) error {
	return s.Store.Update(ctx, func(tx desk.Tx) error { return do(&staleTx{tx, s.was, false}) })
}

type staleTx struct {
	desk.Tx
	was   int64
	asked bool
}

func (x *staleTx) Balance(ctx context.Context, account ledger.Account, unit ledger.Unit) (int64, error) {
	if x.asked {
		return x.Tx.Balance(ctx, account, unit)
	}
	x.asked = true
	return x.was, nil
}
