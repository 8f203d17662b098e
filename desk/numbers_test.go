package desk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/migrations"
)

// The tests of this file are cases of THREATS.md and FAILURES.md about who takes part, what is answered and what is told, by their numbers.

// TestT024: a provider has given our mail another Message-ID, and the reply holds only that one (F25).
func TestT024(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?"))
		const theirs = message.ID("0100018f@email.provider.example")
		m := w.answer(kim, w.last(kim), "One more.")
		m.Message.InReplyTo, m.Message.References = []message.ID{theirs}, []message.ID{theirs}
		if r := w.received(desk.OutcomeReply, m); r.Ticket != tk.Number {
			t.Errorf("by the token of the address it lands on %d", r.Ticket)
		}
		// From then on the id alone leads there, for who takes part, be it in a copy of another mailbox.
		m = w.mail(kim, "Re: something", "And one.")
		m.Message.InReplyTo = []message.ID{theirs}
		m.Position.Mailbox = "sales"
		if r := w.received(desk.OutcomeReply, m); r.Ticket != tk.Number {
			t.Errorf("by their id alone it lands on %d", r.Ticket)
		}
		m = w.mail(ann, "Re: something", "Me too.")
		m.Message.InReplyTo = []message.ID{theirs}
		w.received(desk.OutcomeLinked, m)
	})
}

// TestF25: what one mailbox has learnt of an id, the others know.
func TestF25(t *testing.T) { TestT024(t) }

// TestT029Merged: a reply to a merged ticket whose target is closed re-opens the target by its rule, and is never lost.
func TestT029Merged(t *testing.T) {
	each(t, func(w *world) {
		into := w.opened(w.mail(kim, "Export", "How do I export?"))
		from := w.opened(w.mail(kim, "Export again", "I asked before."))
		old := w.lastFor(from.Number, kim)
		w.command(from.Number, "dana", fmt.Sprintf("/merge %d", into.Number))
		w.command(into.Number, "dana", "/close")
		if r := w.received(desk.OutcomeReply, w.answer(kim, old, "It is back.")); r.Ticket != into.Number {
			t.Errorf("it lands on %d", r.Ticket)
		}
		w.status(into.Number, desk.Open)
		w.status(from.Number, desk.Closed)
		w.command(into.Number, "dana", "/close")
		w.pass(20 * 24 * time.Hour)
		r := w.received(desk.OutcomeLinked, w.answer(kim, old, "It is back again."))
		if got := w.ticket(r.Ticket).Linked; !slices.Contains(got, into.Number) {
			t.Errorf("the new one is linked to %v", got)
		}
	})
}

// TestT030: a code that a site mails to a ticket's address, at the wish of whoever wants to read it there, is held; and read by staff alone
// whatever they do with it.
func TestT030(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		address := w.lastFor(tk.Number, kim).ReplyTo.Addr
		const code = "Your code is 493817."
		m := w.mail("no-reply@bank.example", "Confirm your address", code).to(address).kind(message.AutoReply)
		var r desk.Reception
		got := w.brings(func() { r = w.received(desk.OutcomeHeld, m) })
		w.same("it brings", got, nil)
		if _, err := w.desk.JoinHeld(w.Context(), r.Message, tk.Number, "dana"); err != nil {
			t.Fatal(err)
		}
		if m := w.message(r); !m.Internal || m.Ticket != tk.Number {
			t.Errorf("joined on %d, internal %v", m.Ticket, m.Internal)
		}
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press export."))
		w.received(desk.OutcomeRefused, w.answer(eve, assigned, "They say:\n\n"+code))
		for _, m := range to(w.outbox(), kim) {
			if mentions(m, "493817") {
				t.Errorf("%s to Kim holds the code", m.Template)
			}
		}
		c := tk.Requester
		v, err := w.desk.ViewOf(w.Context(), &c, tk.Number, "en")
		if err != nil || strings.Contains(fmt.Sprint(v.Said), "493817") {
			t.Errorf("Kim's page: %v, %v", v.Said, err)
		}
	})
}

// TestT038: no program says yes.
func TestT038(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Please install", "Please install it."))
		estimate := w.lastOf("estimate", kim)
		for _, kind := range []message.Kind{message.AutoReply, message.Bounced, message.FeedbackReport, message.List} {
			m := w.answer(kim, estimate, "yes").kind(kind)
			m.Message.ID = message.ID(string(kind) + "@mua.example")
			w.received(desk.OutcomeNoted, m)
		}
		accepted := w.answer(kim, estimate, "Accepted: Please install\nyes")
		accepted.Message.Subject = "Accepted: " + estimate.Subject
		accepted.Message.Attachments = []message.Attachment{{Part: "2", Filename: "invite.ics", ContentType: "text/calendar"}}
		w.received(desk.OutcomeReply, accepted)
		w.status(tk.Number, desk.AwaitingConfirmation)
		if w.held("cust") != 0 {
			t.Errorf("%d credits are held", w.held("cust"))
		}
	})
}

// TestT046: two desks that write to each other, and two vacation programs, for 24 hours: nobody gets more than two automatic mails.
func TestT046(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		a, b := newWorld(t, st), newWorld(t, storetest.Memory(t))
		b.policy = readPolicy(t, strings.NewReplacer("@desk.example", "@other.example", "domain: desk.example", "domain: other.example",
			"@staff.example", "@staff.other.example").Replace(worldPolicy))
		got := map[string]int{}
		read := map[*world]int{}
		// deliver takes the mails of one desk to where they go: the other desk, a vacation program, or nobody.
		deliver := func(from, to *world, domain string) {
			out := from.outbox()
			for _, m := range out[read[from]:] {
				if m.Automatic {
					got[m.To.Addr]++
				}
				arrival := to.mail(m.From.Addr, m.Subject, m.Text)
				arrival.Message.To = []message.Address{m.To}
				arrival.Message.ID, arrival.Message.References = m.MessageID, m.References
				if m.Automatic {
					arrival = arrival.kind(message.AutoReply)
				}
				switch {
				case strings.HasSuffix(m.To.Addr, domain):
					to.receive(arrival)
				case strings.HasPrefix(m.To.Addr, "away"):
					back := from.answer(m.To.Addr, m, "I am away. Auf Wiedersehen!").kind(message.AutoReply)
					from.receive(back)
				}
			}
			read[from] = len(out)
		}
		// Each desk's support address is a customer of the other's, and a person on vacation has written to each.
		a.receive(a.mail("support@other.example", "A question", "How do I export?"))
		b.receive(b.mail("support@desk.example", "A question", "How do I export?"))
		a.receive(a.mail("away1@example.net", "A question", "How do I sort?"))
		b.receive(b.mail("away2@example.net", "A question", "How do I sort?"))
		for range 24 * 4 {
			deliver(a, b, "other.example")
			deliver(b, a, "desk.example")
			a.pass(15 * time.Minute)
			b.pass(15 * time.Minute)
		}
		for address, n := range got {
			if n > 2 && !strings.Contains(address, "staff") {
				t.Errorf("%s gets %d automatic mails", address, n)
			}
		}
		if len(got) < 4 {
			t.Errorf("mails went to %v only", got)
		}
	})
}

// TestF02: a desk whose mails carry no sign of a program acknowledges ours for ever: it gets no second answer, and one ticket.
func TestF02(t *testing.T) {
	each(t, func(w *world) {
		const peer = "support@peer.example"
		first := w.opened(w.mail(peer, "Hello", "How?"))
		tickets := map[int64]bool{first.Number: true}
		for i := range 20 {
			last := w.last(peer)
			m := w.mail(peer, fmt.Sprintf("Re: %s [Peer#%d]", last.Subject, i), fmt.Sprintf("Thank you for your request, which has number %d.", i))
			tickets[w.receive(m).Ticket] = true
			w.pass(time.Minute)
		}
		if n := w.mailsTo(peer); n > 2 || len(tickets) != 1 {
			t.Errorf("it gets %d mails, on %d tickets", n, len(tickets))
		}
	})
}

// TestT049: a delivery report with the token of our envelope sender marks the mail and tells the engineer, who alone gets a mail (F07).
func TestT049(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press export.\n/resolve"))
		sent := w.lastOf("resolved", kim)
		report := func(id string) mail {
			m := w.mail("mailer-daemon@cust.example", "Undelivered Mail", "no such user "+id).to(sent.EnvelopeFrom).kind(message.Bounced).at(message.LevelA0)
			m.Message.Bounce = &message.Bounce{Recipients: []string{kim}, Status: "5.1.1", Permanent: true, Reason: "no such user"}
			return m
		}
		got := w.brings(func() { w.received(desk.OutcomeNoted, report("1")) })
		w.same("it brings", got, []string{"undelivered to " + eve})
		w.status(tk.Number, desk.Resolved) // flagged, and not re-opened
		// And no answer to what comes back again and again.
		for i := range 30 {
			w.receive(report(fmt.Sprint(i + 2)))
		}
		if n := len(to(w.outbox(), eve)); n > 25 {
			t.Errorf("30 reports bring Eve %d mails", n)
		}
	})
}

// TestF07: the same after the ticket was closed.
func TestF07(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press export.\n/close"))
		sent := w.lastOf("closed", kim)
		m := w.mail("mailer-daemon@cust.example", "Undelivered Mail", "too large").to(sent.EnvelopeFrom).kind(message.Bounced).at(message.LevelA0)
		m.Message.Bounce = &message.Bounce{Recipients: []string{kim}, Status: "5.3.4", Permanent: true, Reason: "too large"}
		got := w.brings(func() { w.received(desk.OutcomeNoted, m) })
		w.same("it brings", got, []string{"undelivered to " + eve})
		w.status(tk.Number, desk.Closed)
	})
}

// TestF06: a notice to one of us that bounces, or that a vacation program of ours answers, brings no other.
func TestF06(t *testing.T) {
	each(t, func(w *world) {
		_, assigned := w.question()
		for i := range 5 {
			m := w.mail("mailer-daemon@staff.example", "Undelivered Mail", fmt.Sprint("no such user ", i)).to(assigned.ReplyTo.Addr).kind(message.Bounced).at(message.LevelA0)
			m.Message.Bounce = &message.Bounce{Recipients: []string{eve}, Status: "5.1.1", Permanent: true, OriginalID: assigned.MessageID}
			got := w.brings(func() { w.receive(m) })
			for _, s := range got {
				if strings.HasPrefix(s, "assigned") || strings.HasSuffix(s, kim) {
					t.Errorf("a report about a notice brings %s", s)
				}
			}
			got = w.brings(func() { w.receive(w.answer(eve, assigned, fmt.Sprint("Away ", i)).kind(message.AutoReply)) })
			w.same("a vacation reply brings", got, nil)
		}
		if n := len(to(w.outbox(), eve)); n > 2 {
			t.Errorf("Eve gets %d mails", n)
		}
	})
}

// TestT054: a complaint that holds the id of a mail of ours ends mail to that address, opens no ticket, and one of us is told. A forged one
// changes nothing.
func TestT054(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press export."))
		sent := w.lastOf("reply", kim)
		complaint := func(of message.ID) mail {
			m := w.mail("fbl@provider.example", "complaint about message", "An abuse report. "+string(of)).kind(message.FeedbackReport)
			m.Message.Complaint = of
			return m
		}
		forged := message.ID("x" + string(sent.MessageID))
		for _, of := range []message.ID{"", "some@id.example", forged, tk.FirstID, assigned.MessageID} {
			got := w.brings(func() {
				if r := w.received(desk.OutcomeNoted, complaint(of)); r.Ticket != 0 {
					t.Errorf("a complaint about %q is on ticket %d", of, r.Ticket)
				}
			})
			w.same(fmt.Sprintf("a complaint about %q brings", of), got, nil)
		}
		if got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(eve, assigned, "Or print.")) }); !slices.Contains(got, "reply to "+kim) {
			t.Fatalf("a forged complaint stops the mail: %q", got)
		}
		got := w.brings(func() { w.received(desk.OutcomeNoted, complaint(sent.MessageID)) })
		w.same("a true one brings", got, []string{"undelivered to " + eve})
		got = w.brings(func() { w.received(desk.OutcomeReply, w.answer(eve, assigned, "And now?\n/resolve")) })
		w.same("an answer brings", got, []string{"undelivered to " + eve})
		if m := w.last(eve); !mentions(m, "postdesk mail unmute "+kim) {
			t.Errorf("Eve reads %s", m.Text)
		}
		got = w.brings(func() { w.opened(w.mail(kim, "Another", "How?")) })
		w.same("her next mail brings", got, []string{"unassigned to " + dana})
		if was, err := desk.Unmute(w.Context(), w.store, kim); err != nil || !was {
			t.Fatalf("unmute: %v, %v", was, err)
		}
		if got := w.brings(func() { w.opened(w.mail(kim, "A third", "How?")) }); !slices.Contains(got, "acknowledgement to "+kim) {
			t.Errorf("after it, her next mail brings %q", got)
		}
	})
}

// TestT055: thousands of mails on one ticket: all are there, staff are told once that it is flooded, and once how it ended.
func TestT055(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		n := 300
		if st.Engine() == migrations.SQLite && !testing.Short() {
			n = 5000
		}
		tk, _ := w.question()
		last := w.lastFor(tk.Number, kim)
		before := len(to(w.outbox(), eve))
		for i := range n {
			w.received(desk.OutcomeReply, w.answer(kim, last, fmt.Sprintf("And %d?", i)))
			w.now = w.now.Add(time.Second / 4)
		}
		templates := map[string]int{}
		for _, m := range to(w.outbox(), eve)[before:] {
			templates[m.Template]++
		}
		if templates["flood"] != 1 || templates["new_words"] > 20 || len(templates) != 2 {
			t.Errorf("Eve gets %v", templates)
		}
		if got := len(w.messages(tk.Number)); got != n+1+1 { // and her assignment by Dana
			t.Errorf("%d messages are kept, want %d", got, n+2)
		}
		got := w.brings(func() { w.pass(4 * time.Hour) })
		got = slices.DeleteFunc(got, func(s string) bool { return !strings.HasPrefix(s, "flood") && !strings.HasPrefix(s, "new_words") })
		w.same("when it is over", got, []string{"flood to " + eve})
		if m := w.lastOf("flood", eve); !mentions(m, fmt.Sprint(n-20)) {
			t.Errorf("she reads %s", m.Text)
		}
		if got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, last, "Sorry for that.")) }); !slices.Contains(got, "new_words to "+eve) {
			t.Errorf("after it, words bring %q", got)
		}
	})
}

// TestListMailIsToldTogether: what a list sends opens tickets, and dispatchers read of them in one list.
func TestListMailIsToldTogether(t *testing.T) {
	each(t, func(w *world) {
		for i := range 12 {
			got := w.brings(func() {
				w.received(desk.OutcomeNew, w.mail("news@list.example", fmt.Sprintf("Issue %d", i), "News.").kind(message.List))
			})
			w.same("it brings", got, nil)
			w.pass(time.Minute)
		}
		got := w.brings(func() { w.pass(2 * time.Hour) })
		got = slices.DeleteFunc(got, func(s string) bool { return !strings.HasPrefix(s, "gathered") })
		w.same("an hour later", got, []string{"gathered to " + dana})
		if m := w.lastOf("gathered", dana); !mentions(m, "Issue 11") || !mentions(m, "12") {
			t.Errorf("Dana reads %s", m.Text)
		}
	})
}

// TestNoticesAreBounded: as many strangers as one likes write, and a dispatcher gets no more single mails than anybody reads.
func TestNoticesAreBounded(t *testing.T) {
	each(t, func(w *world) {
		for i := range 150 {
			w.opened(w.mail(fmt.Sprintf("p%d@example.net", i), "A question", "How?"))
			w.now = w.now.Add(10 * time.Second)
		}
		if n := len(to(w.outbox(), dana)); n != 100 {
			t.Errorf("Dana gets %d mails", n)
		}
		got := w.brings(func() { w.pass(90 * time.Minute) })
		if !slices.Contains(got, "gathered to "+dana) {
			t.Errorf("later it brings %q", got)
		}
	})
}

// TestF20: many people answer one newsletter: what they name in common joins none of them.
func TestF20(t *testing.T) {
	each(t, func(w *world) {
		const news = message.ID("newsletter-7@bulk.example")
		tickets := map[int64]bool{}
		for i := range 8 {
			m := w.mail(fmt.Sprintf("reader%d@example.net", i), "Re: News", fmt.Sprintf("My secret is %d.", i))
			m.Message.InReplyTo, m.Message.References = []message.ID{news}, []message.ID{news}
			r := w.receive(m)
			if tickets[r.Ticket] {
				t.Errorf("reader %d lands on ticket %d with another", i, r.Ticket)
			}
			tickets[r.Ticket] = true
			if n := len(w.ticket(r.Ticket).Participants); n != 0 {
				t.Errorf("ticket %d has %d participants", r.Ticket, n)
			}
		}
	})
}

// TestF32: a mail of which nothing can be read is somebody's to look at.
func TestF32(t *testing.T) {
	each(t, func(w *world) {
		m := w.mail("", "", "")
		m.Message.From, m.Message.FromFields, m.Message.ID, m.Message.To = nil, 0, "", nil
		m.Message.Notes = []string{"the mail could not be read"}
		r := w.receive(m.at(message.LevelA0))
		if kept := w.message(r); kept.Source == 0 || r.Outcome == desk.OutcomeDuplicate {
			t.Errorf("it ends as %s with source %d", r.Outcome, kept.Source)
		}
		got := w.brings(func() { w.pass(time.Hour) })
		if w.lastOf("unassigned", dana) == nil && !slices.Contains(got, "held_digest to "+dana) {
			t.Error("nobody learns of it")
		}
	})
}

// TestT120: a policy that is as open as a policy can be changes nothing of what a mail may do.
func TestT120(t *testing.T) {
	each(t, func(w *world) {
		w.policy = readPolicy(t, strings.NewReplacer(
			"credits:\n", "credits:\n  confirm_limit: 100000\n",
			"queue: requests}", "queue: requests, acknowledge_unverified: true}",
			"rules:\n", "rules:\n  - {name: open, when: 'true', set: {priority: urgent, tags: [trusted, verified, a3]}}\n",
		).Replace(worldPolicy))
		tk := w.opened(w.mail(kim, "A project", "We plan a project."))
		estimate := w.lastOf("estimate", kim)
		for _, m := range []mail{
			w.answer(kim, estimate, "yes").at(message.LevelX), w.answer(kim, estimate, "yes").at(message.LevelA0),
			w.answer(kim, estimate, "yes").at(message.LevelA1s), w.answer(kim, estimate, "yes").to(us).bare(),
			w.answer(ann, estimate, "yes"), w.answer(bo, estimate, "yes"),
		} {
			w.pass(25 * time.Hour)
			w.receive(m)
			w.status(tk.Number, desk.AwaitingConfirmation)
		}
		w.received(desk.OutcomeReply, w.answer(kim, estimate, "yes")) // what the limit may set, it sets
		w.status(tk.Number, desk.Open)
		assigned := w.lastOf("assigned", eve)
		for _, m := range []mail{
			w.answer(eve, assigned, "/close").at(message.LevelX), w.answer(eve, assigned, "/close").at(message.LevelA0),
			w.answer(eve, assigned, "/close").to(us).bare(), w.answer(ann, assigned, "/close"),
		} {
			w.receive(m)
			w.status(tk.Number, desk.Open)
		}
	})
}

// TestF24: a host without plus-addressing: answers come to the plain address, and the Message-ID that they name joins, agrees and commands.
func TestF24(t *testing.T) {
	each(t, func(w *world) {
		w.policy = readPolicy(t, strings.Replace(worldPolicy, "queue: requests}", "queue: requests, plus: false}", 1))
		tk := w.opened(w.mail(kim, "Please install", "Please install it."))
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "yes"))
		w.status(tk.Number, desk.Open)
		w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("assigned", eve), "It is installed.\n/spent 45m\n/resolve"))
		w.status(tk.Number, desk.Resolved)
		for _, m := range w.outbox() {
			if strings.Contains(m.ReplyTo.Addr+m.EnvelopeFrom, "+") {
				t.Errorf("%s would bounce: answers to %s, reports to %s", m.Template, m.ReplyTo.Addr, m.EnvelopeFrom)
			}
		}
		// By the report's own copy of the id, a bounce is known too.
		sent := w.lastOf("resolved", kim)
		m := w.mail("mailer-daemon@cust.example", "Undelivered Mail", "no such user").kind(message.Bounced).at(message.LevelA0)
		m.Message.References = []message.ID{sent.MessageID}
		m.Message.Bounce = &message.Bounce{Recipients: []string{kim}, Status: "5.1.1", Permanent: true, OriginalID: sent.MessageID}
		got := w.brings(func() { w.received(desk.OutcomeNoted, m) })
		w.same("a report brings", got, []string{"undelivered to " + eve})
		// A forged one with neither has no more power than before.
		w.received(desk.OutcomeLinked, w.mail(ann, w.last(kim).Subject, "close"))
		w.status(tk.Number, desk.Resolved)
	})
}

// TestF24CatchAll: where a catch-all delivers what follows a plus, or changes its case, the token is read all the same.
func TestF24CatchAll(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?"))
		address := w.last(kim).ReplyTo.Addr
		m := w.mail(kim, "Hello", "One more.").to("somebody@cust.example")
		delivered, err := message.Canonical(strings.ToUpper(address)) // as it is read from the mail
		if err != nil {
			t.Fatal(err)
		}
		m.Message.Delivered = []message.Address{{Addr: delivered}}
		if r := w.received(desk.OutcomeReply, m); r.Ticket != tk.Number {
			t.Errorf("it lands on %d", r.Ticket)
		}
	})
}
