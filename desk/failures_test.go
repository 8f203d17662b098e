package desk_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/mailin/parse"
)

// The tests of this file are the cases of FAILURES.md by their numbers.

func TestF04(t *testing.T) {
	each(t, func(w *world) {
		for _, from := range []string{"no-reply@shop.example", "donotreply@shop.example", "MAILER-DAEMON@shop.example", "noreply+17@shop.example", "bounces@shop.example"} {
			addr, err := message.Canonical(from)
			if err != nil {
				t.Fatal(err)
			}
			m := w.mail(addr, "Your order "+from, "It is on its way.")
			m.Message.ReplyTo = []message.Address{{Addr: addr}}
			got := w.brings(func() { w.opened(m) })
			w.same(from+" brings", got, []string{"unassigned to " + dana})
		}
	})
}

func TestF05(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?"))
		sent := w.last(kim)
		for i := range 3 {
			m := w.answer("mailer-daemon@cust.example", sent, "No such user.").kind(message.Bounced).at(message.LevelA0)
			m.Message.Bounce = &message.Bounce{Recipients: []string{kim}, Status: "5.1.1", Permanent: true, Reason: "no such user", OriginalID: sent.MessageID}
			got := w.brings(func() { w.received(desk.OutcomeNoted, m) })
			for _, s := range got {
				if s != "undelivered to "+dana {
					t.Errorf("report %d brings %s", i+1, s)
				}
			}
		}
		var failed []string
		for _, e := range w.events() {
			if e.Kind == desk.EventFailed {
				var f desk.MailFailure
				w.decode(e, &f)
				failed = append(failed, f.To)
			}
		}
		if !slices.Contains(failed, kim) {
			t.Errorf("the journal tells of %q", failed)
		}
		if after := w.ticket(tk.Number); after.Status != desk.Open || after.Requester.Address != kim {
			t.Errorf("the ticket is %s, of %s", after.Status, after.Requester.Address)
		}
	})
}

// TestF08: a genuine reply with an empty return path, as lists and forwarders leave it, opens a closed ticket again; only our automatic
// answer to it is left out.
func TestF08(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Please try again.\n/close"))
		w.status(tk.Number, desk.Closed)
		m := w.answer(kim, w.lastFor(tk.Number, kim), "It is still broken.")
		read := parse.Parse(parse.Bytes([]byte("Return-Path: <>\nFrom: " + kim + "\nSubject: Re: Your mail could not be delivered?\n\nIt is still broken.\n")))
		m.Message.Kind, m.Message.NoAutoResponse = read.Kind, read.NoAutoResponse
		got := w.brings(func() { w.received(desk.OutcomeReply, m) })
		w.same("it brings", got, []string{"new_words to " + eve})
		w.status(tk.Number, desk.Open)
	})
}

func TestF09(t *testing.T) {
	each(t, func(w *world) {
		var r desk.Reception
		got := w.brings(func() {
			r = w.received(desk.OutcomeNew, w.mail(kim, "FW: A question", "How?").kind(message.AutoReply))
		})
		w.same("a forwarded mail that is marked as automatic brings", got, []string{"unassigned to " + dana})
		tk := w.ticket(r.Ticket)
		for _, c := range tk.Clocks {
			if c.State() != "running" || !c.Start.Equal(w.now) {
				t.Errorf("%s is %s from %s", c.Name, c.State(), c.Start)
			}
		}
		if tk.Status != desk.Open || len(tk.Clocks) != 2 {
			t.Errorf("it is %s with %d clocks", tk.Status, len(tk.Clocks))
		}
	})
}

// TestF10 and what came of it (F11): an engineer's vacation reply is no answer.
func TestF10(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		var r desk.Reception
		got := w.brings(func() {
			r = w.received(desk.OutcomeNoted, w.answer(eve, assigned, "I am away until Monday.\n/close").kind(message.AutoReply))
		})
		for _, s := range got {
			if strings.HasSuffix(s, kim) || strings.HasSuffix(s, eve) {
				t.Errorf("it brings %s", s)
			}
		}
		if kept := w.message(r); !kept.Internal || kept.Ticket != tk.Number {
			t.Errorf("it is kept on ticket %d, internal %v", kept.Ticket, kept.Internal)
		}
		w.status(tk.Number, desk.Open)
		for _, c := range w.ticket(tk.Number).Clocks {
			if c.State() != "running" {
				t.Errorf("%s is %s", c.Name, c.State())
			}
		}
	})
}

func TestF11(t *testing.T) {
	each(t, func(w *world) {
		for _, last := range []string{"/wait", "/resolve", "/close"} {
			tk, assigned := w.question()
			w.received(desk.OutcomeReply, w.answer(eve, assigned, "Which version?\n"+last))
			before := w.ticket(tk.Number)
			got := w.brings(func() {
				w.received(desk.OutcomeNoted, w.answer(kim, w.lastFor(tk.Number, kim), "I am away. Yes, close.").kind(message.AutoReply))
			})
			w.same("after "+last+" it brings", got, nil)
			after := w.ticket(tk.Number)
			if after.Status != before.Status || !after.ChangedAt.Equal(before.ChangedAt) {
				t.Errorf("after %s it makes the ticket %s", last, after.Status)
			}
			for i, c := range after.Clocks {
				if c.State() != before.Clocks[i].State() {
					t.Errorf("after %s, %s is %s", last, c.Name, c.State())
				}
			}
			w.pass(2 * time.Hour)
		}
	})
}

// TestF12: what answers an address for notes stays among us, whatever it says.
func TestF12(t *testing.T) {
	each(t, func(w *world) {
		tk, _ := w.question()
		keys := w.policy.Tokens
		keys.Epoch = w.epoch()
		note := keys.Mint(message.Token{Purpose: message.PurposeNote, Ticket: tk.Number}, eve)
		var r desk.Reception
		got := w.brings(func() {
			r = w.received(desk.OutcomeReply, w.mail(eve, "Re: a note", "He is wrong, I think.\n/close").to(message.WithToken(us, note)))
		})
		w.same("it brings", got, nil)
		if kept := w.message(r); !kept.Internal || kept.Ticket != tk.Number || kept.Staff != "eve" {
			t.Errorf("kept on %d as %s's, internal %v", kept.Ticket, kept.Staff, kept.Internal)
		}
		w.status(tk.Number, desk.Open)
		// And a note by command.
		got = w.brings(func() {
			r = w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("assigned", eve), "/note\nHe is wrong, I think."))
		})
		w.same("a note brings", got, []string{"command_done to " + eve})
		if !w.message(r).Internal {
			t.Error("a note is shown to the customer")
		}
		for _, c := range w.ticket(tk.Number).Clocks {
			if c.Name == policy.FirstResponse && c.State() != "running" {
				t.Errorf("a note makes the first answer %s", c.State())
			}
		}
	})
}

func TestF14(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		// Without proof of who wrote: held, and told at the address on file, once a day and ticket.
		for i, l := range []message.Level{message.LevelA0, message.LevelA1s, message.LevelX} {
			var r desk.Reception
			got := w.brings(func() { r = w.received(desk.OutcomeHeld, w.answer(eve, assigned, "Press export.").at(l)) })
			if want := []string{"held_notice to " + eve}[:1-min(i, 1)]; !slices.Equal(got, want) {
				t.Errorf("at %s it brings %q, want %q", l, got, want)
			}
			if w.message(r).Text != "Press export." {
				t.Errorf("at %s the text is lost", l)
			}
		}
		// No longer one of us: a stranger with a token, whose mail waits for a person.
		w.policy = readPolicy(t, strings.Replace(strings.Replace(worldPolicy, "  eve:  {name: Eve, address: eve@staff.example}\n", "", 1), "assign: eve", "assign: dana", 1))
		got := w.brings(func() { w.received(desk.OutcomeHeld, w.answer(eve, assigned, "Press import.\n/close")) })
		w.same("from somebody who left it brings", got, nil)
		w.status(tk.Number, desk.Open)
	})
}

func TestF17(t *testing.T) {
	each(t, func(w *world) {
		tk, _ := w.question()
		m := w.answer(eve, w.last(kim), "Kim, press export.").to(kim)
		m.Message.Cc = []message.Address{{Addr: us}}
		r := w.received(desk.OutcomeHeld, m)
		if kept := w.message(r); kept.Staff != "eve" || !kept.Internal {
			t.Errorf("kept as %q's, internal %v", kept.Staff, kept.Internal)
		}
		if m := w.lastOf("new_words", eve); m != nil && mentions(m, "press export") {
			t.Error("her words are shown as the customer's")
		}
		w.status(tk.Number, desk.Open)
	})
}

func TestF18(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press export."))
		blind := w.answer(sam, w.last(kim), "And me?").to(us)
		blind.Message.InReplyTo = []message.ID{tk.FirstID} // knows Kim's mail by a Bcc of hers
		blind.Message.References = nil
		r := w.received(desk.OutcomeLinked, blind)
		if after := w.ticket(tk.Number); after.Requester.Address != kim || after.Customer != "cust" || len(after.Participants) != 0 {
			t.Errorf("the ticket is %s's, of %s", after.Requester.Address, after.Customer)
		}
		if own := w.ticket(r.Ticket); own.Requester.Address != sam || own.Customer != "" {
			t.Errorf("the new one is %s's, of %s", own.Requester.Address, own.Customer)
		}
		before := len(to(w.outbox(), sam))
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Or by the menu."))
		if len(to(w.outbox(), sam)) != before {
			t.Error("he gets the answers on her ticket")
		}
	})
}

func TestF19(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?"))
		for _, subject := range []string{"[#1]", "Re: [#1] A question", "RE: AW: [＃1] [#1]"} {
			w.onlyLinked(w.received(desk.OutcomeLinked, w.mail(ann, subject, "close "+subject)), tk, ann)
		}
		// Nor of the same account: a colleague is no participant by himself.
		w.onlyLinked(w.received(desk.OutcomeLinked, w.mail(bo, "Re: [#1] A question", "close")), tk, bo)
	})
}

func TestF23(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?"))
		strange := []message.ID{"a@imessage.example", "b@imessage.example"}
		onlyParent := w.answer(kim, w.last(kim), "Well?").to(us)
		onlyParent.Message.References = strange
		onlyList := w.answer(kim, w.last(kim), "And?").to(us)
		onlyList.Message.InReplyTo = strange[:1]
		onlyTag := w.answer(kim, w.last(kim), "So?").to(us)
		onlyTag.Message.InReplyTo, onlyTag.Message.References = nil, []message.ID{"c@imessage.example"}
		for i, m := range []mail{onlyParent, onlyList, onlyTag} {
			if r := w.received(desk.OutcomeReply, m); r.Ticket != tk.Number {
				t.Errorf("reply %d joins ticket %d", i, r.Ticket)
			}
		}
		// What was mentioned leads to the ticket too: a program that answers only that one is found.
		later := w.mail(kim, "Re: your mail", "Hello?")
		later.Message.InReplyTo = []message.ID{"c@imessage.example"}
		if r := w.received(desk.OutcomeReply, later); r.Ticket != tk.Number {
			t.Errorf("it joins ticket %d", r.Ticket)
		}
	})
}

// TestF33: the same mail taken by two nodes at once, in two mailboxes, and again after a crash.
func TestF33(t *testing.T) {
	each(t, func(w *world) {
		nodes := []*desk.Desk{w.desk, w.newDesk(w.store)}
		m := w.mail(kim, "A question", "How?")
		first := m.arrival()
		second := first
		second.Position.UID += 100
		var wait sync.WaitGroup
		for i, a := range []desk.Arrival{first, second} {
			d := nodes[i]
			wait.Go(func() {
				// One of two may be told to try again; a poller does.
				for range 3 {
					_, err := d.Receive(w.Context(), []desk.Arrival{a})
					if err == nil {
						return
					}
					if errors.Is(err, desk.ErrUnavailable) {
						continue
					}
					t.Errorf("node %d: %v", i, err)
				}
			})
		}
		wait.Wait()
		r := w.receive(m)
		if got := len(to(w.outbox(), kim)); got != 1 {
			t.Errorf("she got %d acknowledgements", got)
		}
		if got := len(w.messages(r.Ticket)); got != 1 {
			t.Errorf("%d messages are kept", got)
		}
	})
}

// TestF25ThreeMailboxes: one mail reaches three addresses of ours. It is one message, it is known by the id that its sender gave it, and whatever of ours
// he answers, and to whichever of the three, leads to its ticket.
func TestF25ThreeMailboxes(t *testing.T) {
	each(t, func(w *world) {
		m := w.mail(kim, "A question", "How do I export?").to(us, "help@desk.example", "sales@desk.example")
		tk := w.opened(m)
		for i, box := range []string{"support", "sales", "support"} {
			copied := m
			copied.Position = desk.Position{Mailbox: box, Folder: "INBOX", UIDValidity: 1, UID: uint32(1000 + i)}
			if r := w.receive(copied); r.Outcome != desk.OutcomeDuplicate {
				t.Errorf("the copy in %s ends as %s", box, r.Outcome)
			}
		}
		if n := len(to(w.outbox(), kim)); n != 1 {
			t.Errorf("Kim got %d mails", n)
		}
		followUp := w.mail(kim, "Re: A question", "As CSV, I mean.").to("sales@desk.example")
		followUp.Message.InReplyTo = []message.ID{m.Message.ID} // her own mail, which is all that she has
		toHelp := w.answer(kim, w.last(kim), "Thank you for looking.").to("help@desk.example")
		bySales := w.answer(kim, w.last(kim), "And one more thing.").to(us)
		bySales.Position.Mailbox = "sales"
		for i, m := range []mail{followUp, toHelp, bySales} {
			if r := w.received(desk.OutcomeReply, m); r.Ticket != tk.Number {
				t.Errorf("answer %d joins ticket %d, want %d", i, r.Ticket, tk.Number)
			}
		}
	})
}
