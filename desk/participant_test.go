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

// cy is a colleague of Kim's whom nobody knows yet, hoster is somebody whom staff ask.
const (
	cy     = "cy@example.net"
	hoster = "help@hoster.example"
)

// cc adds somebody in copy.
func (m mail) cc(addrs ...string) mail {
	for _, a := range addrs {
		m.Message.Cc = append(m.Message.Cc, message.Address{Addr: a})
	}
	return m
}

// mailsTo is how many mails of the desk's went to an address.
func (w *world) mailsTo(address string) int {
	w.Helper()
	return len(to(w.outbox(), address))
}

// roles are a ticket's participants, as "address role".
func (w *world) roles(ticket int64) (all []string) {
	w.Helper()
	for _, p := range w.ticket(ticket).Participants {
		all = append(all, p.Contact.Address+" "+string(p.Role))
	}
	return all
}

// TestT026: somebody in copy of a mail that is accepted from who takes part adds words. He changes neither who asked nor who pays, and gets
// no mail and no history. Who only knows of it joins nothing.
func TestT026(t *testing.T) {
	each(t, func(w *world) {
		first := w.mail(kim, "A question", "How do I export? There is a canary in it.").cc(cy)
		tk := w.opened(first)
		w.same("participants", w.roles(tk.Number), []string{cy + " proposed"})

		reply := w.mail(cy, "Re: A question", "It is about the invoices.\n/close")
		reply.Message.InReplyTo = []message.ID{first.Message.ID}
		got := w.brings(func() {
			r := w.received(desk.OutcomeReply, reply)
			if m := w.message(r); m.Ticket != tk.Number || m.From.Addr != cy || m.Internal {
				t.Errorf("kept on %d as %s's, internal %v", m.Ticket, m.From.Addr, m.Internal)
			}
		})
		w.same("his words bring", got, []string{"aside_words to " + dana})
		for _, words := range []string{"close", "yes", "It is urgent."} {
			m := w.mail(cy, "Re: A question", words)
			m.Message.InReplyTo = []message.ID{first.Message.ID}
			w.received(desk.OutcomeReply, m)
		}
		after := w.ticket(tk.Number)
		if after.Requester.Address != kim || after.Customer != "cust" || after.Status != desk.Open {
			t.Errorf("it is %s's of %s, %s", after.Requester.Address, after.Customer, after.Status)
		}
		w.received(desk.OutcomeReply, w.answer(eve, w.assign(tk, "eve"), "Press export."))
		if n := w.mailsTo(cy); n != 0 {
			t.Errorf("he gets %d mails", n)
		}

		// In Bcc, or told of it: linked, like anybody.
		for _, who := range []string{"bcc@example.net", ann} {
			m := w.mail(who, "Re: A question", "I was told of it.")
			m.Message.InReplyTo = []message.ID{first.Message.ID}
			w.received(desk.OutcomeLinked, m)
		}
		w.same("participants", w.roles(tk.Number), []string{cy + " proposed"})
	})
}

// TestT026Unproven: on what a colleague writes without proof nobody acts, and a forgery is held.
func TestT026Unproven(t *testing.T) {
	each(t, func(w *world) {
		first := w.mail(kim, "A question", "How?").cc(cy)
		tk := w.opened(first)
		for level, want := range map[message.Level]desk.Outcome{message.LevelX: desk.OutcomeHeld, message.LevelA0: desk.OutcomeReply, message.LevelA1s: desk.OutcomeReply} {
			m := w.mail(cy, "Re: A question", "Well, "+level.String()).at(level)
			m.Message.InReplyTo = []message.ID{first.Message.ID}
			w.received(want, m)
		}
		if m := w.lastOf("aside_words", dana); m == nil {
			t.Error("nobody is told")
		}
		w.status(tk.Number, desk.Open)
		if n := w.mailsTo(cy); n != 0 {
			t.Errorf("he gets %d mails", n)
		}
	})
}

// TestT027: who is in copy of a mail that proves nothing is nobody, and gets nothing.
func TestT027(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?"))
		ours := w.last(kim)
		for _, l := range []message.Level{message.LevelX, message.LevelA0, message.LevelA1s} {
			w.receive(w.answer(kim, ours, "See my colleague in copy, "+l.String()).at(l).cc(cy))
			w.receive(w.mail(kim, "Another "+l.String(), "How?").at(l).cc(cy))
		}
		// Nor by who takes no part, by a program, or by somebody in copy himself.
		w.receive(w.answer(ann, ours, "See my colleague.").cc(cy))
		w.receive(w.answer(kim, ours, "I am away.").kind(message.AutoReply).cc(cy))
		w.received(desk.OutcomeReply, w.answer(kim, ours, "See mine.").bareCopy(w, tk).cc(bo))
		m := w.mail(bo, "Re: A question", "And mine.").cc(cy)
		m.Message.InReplyTo = []message.ID{tk.FirstID}
		w.received(desk.OutcomeReply, m)
		w.received(desk.OutcomeReply, w.answer(eve, w.assign(tk, "eve"), "Press export."))
		for n := range tk.Number + 5 {
			if n > 0 {
				w.view(func(ctx context.Context, tx desk.Tx) error {
					other, err := tx.Ticket(ctx, n)
					if err != nil {
						return nil
					}
					for _, p := range other.Participants {
						if p.Contact.Address == cy {
							t.Errorf("on ticket %d he is %s", n, p.Role)
						}
					}
					return nil
				})
			}
		}
		if n := w.mailsTo(cy); n != 0 {
			t.Errorf("he gets %d mails", n)
		}
	})
}

// bareCopy takes the token away, so that the mail proves A1 and no more.
func (m mail) bareCopy(w *world, tk *desk.Ticket) mail {
	m = m.to(us).bare()
	m.Message.InReplyTo = []message.ID{tk.FirstID}
	return m
}

// TestT028: who is let in gets what staff answer from then on, without what was said before, without the account's figures, and without
// the address of anybody else.
func TestT028(t *testing.T) {
	for _, tt := range []struct {
		name  string
		allow func(w *world, tk *desk.Ticket, assigned *desk.Mail)
	}{
		{"by the account's owner, asked", func(w *world, tk *desk.Ticket, assigned *desk.Mail) {
			w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("ask_copies", kim), "Yes, please"))
		}},
		{"by the account's owner, with proof", func(w *world, tk *desk.Ticket, assigned *desk.Mail) {
			w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("ask_copies", kim), "no"))
			w.same("participants", w.roles(tk.Number), []string{cy + " removed"})
			w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("confirmed", kim), "My colleague reads along.").cc(cy))
		}},
		{"by one of us", func(w *world, tk *desk.Ticket, assigned *desk.Mail) {
			w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/invite "+cy))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(w *world) {
				tk := w.opened(w.mail(kim, "Please install", "Please install it. There is a canary in it.").cc(cy))
				if m := w.lastOf("ask_copies", kim); m == nil || !mentions(m, cy) {
					t.Fatalf("the owner is not asked")
				}
				w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "yes"))
				assigned := w.lastOf("assigned", eve)
				w.received(desk.OutcomeReply, w.answer(eve, assigned, "The canary is fine."))
				tt.allow(w, tk, assigned)
				w.same("participants", w.roles(tk.Number), []string{cy + " member"})
				got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(eve, assigned, "It is installed.\n/spent 45m")) })
				w.same("an answer brings", got, []string{"reply to " + cy, "reply to " + kim})
				m := w.last(cy)
				if !mentions(m, "It is installed.") {
					t.Errorf("he reads %s", m.Text)
				}
				for _, secret := range []string{"canary", "credit", "Kim", kim, "45 minutes", string(tk.FirstID)} {
					if mentions(m, secret) {
						t.Errorf("he reads %q:\n%s", secret, m.Text)
					}
				}
				if w.mailsTo(cy) != 1 {
					t.Errorf("he gets %d mails", w.mailsTo(cy))
				}
				// His answer joins, and neither spends nor ends anything.
				for _, words := range []string{"Thank you, it works.", "close", "yes"} {
					w.received(desk.OutcomeReply, w.answer(cy, m, words))
				}
				w.status(tk.Number, desk.Open)
				if after := w.ticket(tk.Number); after.Requester.Address != kim || w.held("cust") != 0 || w.balance("cust") != 8 {
					t.Errorf("requester %s, held %d, balance %d", after.Requester.Address, w.held("cust"), w.balance("cust"))
				}
			})
		})
	}
}

// TestOwnersNoStands: who was put in copy, and whom the owner does not want, is not proposed again with each reply to all.
func TestOwnersNoStands(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(bo, "A question", "How?").cc(cy))
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("ask_copies", kim), "no"))
		w.pass(48 * time.Hour)
		for range 2 {
			got := w.brings(func() {
				w.received(desk.OutcomeReply, w.answer(bo, w.lastFor(tk.Number, bo), "One more thing.").cc(cy))
			})
			w.same("a reply to all brings", got, []string{"new_words to " + dana})
			w.same("participants", w.roles(tk.Number), []string{cy + " removed"})
			w.pass(48 * time.Hour)
		}
		// Nor do his own words let him in, or Bo at his page.
		if err := w.desk.LetInAs(t.Context(), &w.ticket(tk.Number).Requester, tk.Number, cy); !errors.Is(err, desk.ErrNotFound) {
			t.Errorf("Bo lets him in: %v", err)
		}
		got := w.brings(func() { w.receive(w.answer(cy, w.lastFor(tk.Number, bo), "What about me?")) })
		w.same("his own words bring", slices.DeleteFunc(got, func(s string) bool { return strings.HasSuffix(s, "@staff.example") }), nil)
		w.same("participants", w.roles(tk.Number), []string{cy + " removed"})
	})
}

// TestT028WhoAllows: nobody but the account's owner and staff let somebody in, and only those whom they were asked about.
func TestT028WhoAllows(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(bo, "A question", "How?").cc(cy))
		asked := w.lastOf("ask_copies", kim)
		if asked == nil || w.lastOf("ask_copies", bo) != nil {
			t.Fatalf("the owner is asked: %v, the requester: %v", asked != nil, w.lastOf("ask_copies", bo) != nil)
		}
		m := w.mail(bo, "Re: A question", "One more.").cc("late@example.net")
		m.Message.InReplyTo = []message.ID{tk.FirstID}
		w.now = w.now.Add(time.Millisecond)
		w.received(desk.OutcomeReply, m)
		for _, m := range []mail{
			w.answer(bo, asked, "yes"), w.answer(cy, asked, "yes"), w.answer(ann, asked, "yes"), w.answer(kim, asked, "yes").at(message.LevelA0),
			w.answer(kim, asked, "yes").at(message.LevelX), w.answer(kim, asked, "yes").kind(message.AutoReply),
			w.answer(bo, w.lastFor(tk.Number, bo), "yes"), w.answer(kim, asked, "yes, but not today"),
		} {
			w.receive(m)
			w.same("participants", w.roles(tk.Number), []string{cy + " proposed", "late@example.net proposed"})
		}
		w.received(desk.OutcomeReply, w.answer(kim, asked, "yes"))
		w.same("participants", w.roles(tk.Number), []string{cy + " member", "late@example.net proposed"})
	})
}

// TestCopiesAreBounded: a mail to a list of hundreds proposes few, and none of our own addresses.
func TestCopiesAreBounded(t *testing.T) {
	each(t, func(w *world) {
		var many []string
		for i := range 300 {
			many = append(many, fmt.Sprintf("p%d@example.net", i))
		}
		tk := w.opened(w.mail(kim, "A question", "How?").cc(append([]string{"help@desk.example", "sales+x@desk.example", eve, "no-reply@shop.example", "broken", kim}, many...)...))
		if got := w.roles(tk.Number); len(got) != 10 || slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "desk.example") || strings.Contains(s, "staff") }) {
			t.Errorf("participants: %q", got)
		}
		for i := range 9 {
			w.received(desk.OutcomeReply, w.answer(kim, w.last(kim), fmt.Sprintf("And %d?", i)).cc(many[i*20:]...))
		}
		if got := w.roles(tk.Number); len(got) > 30 {
			t.Errorf("%d participants", len(got))
		}
		if n := len(to(w.outbox(), kim)); n > 3 {
			t.Errorf("the owner gets %d mails", n)
		}
	})
}

// TestT031: an engineer asks a third person, whose answer is for staff alone.
func TestT031(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Broken export", "How? There is a canary in it."))
		assigned := w.assign(tk, "eve")
		got := w.brings(func() {
			w.received(desk.OutcomeReply, w.answer(eve, assigned, "Is your server slow today?\n/forward "+hoster))
		})
		w.same("asking brings", got, []string{"aside to " + hoster, "command_done to " + eve})
		asked := w.last(hoster)
		for _, secret := range []string{"canary", "Kim", kim, "export", eve, string(tk.FirstID)} {
			if mentions(asked, secret) {
				t.Errorf("the third person reads %q: %s", secret, asked.Text)
			}
		}
		for _, m := range []mail{
			w.answer(hoster, asked, "Yes, it is.\n/close"),
			w.answer(hoster, asked, "Still.").at(message.LevelA0),
			w.answer(hoster, asked, "By the references alone.").to(us),
		} {
			w.pass(time.Minute)
			var r desk.Reception
			got := w.brings(func() { r = w.received(desk.OutcomeReply, m) })
			w.same("the answer brings", got, []string{"aside_words to " + eve})
			if kept := w.message(r); !kept.Internal || kept.Ticket != tk.Number {
				t.Errorf("kept on %d, internal %v", kept.Ticket, kept.Internal)
			}
			if m := w.last(eve); !mentions(m, strings.SplitN(kept(w, r), "\n", 2)[0]) {
				t.Errorf("Eve reads %s", m.Text)
			}
		}
		w.status(tk.Number, desk.Open)
		// Whoever he passes it on to is a stranger.
		w.received(desk.OutcomeHeld, w.answer(ann, asked, "I am the boss of the hoster."))
		// The customer and who reads along learn nothing of it.
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "It is the server.\n/resolve"))
		for _, m := range to(w.outbox(), kim) {
			if mentions(m, "slow today") || mentions(m, "hoster") || mentions(m, "Yes, it is.") {
				t.Errorf("%s to Kim: %s", m.Template, m.Text)
			}
		}
		if n := w.mailsTo(hoster); n != 1 {
			t.Errorf("the third person gets %d mails", n)
		}
		// An answer of his re-opens nothing.
		got = w.brings(func() { w.received(desk.OutcomeReply, w.answer(hoster, asked, "Now it is well.")) })
		w.same("later it brings", got, []string{"aside_words to " + eve})
		w.status(tk.Number, desk.Resolved)
	})
}

func kept(w *world, r desk.Reception) string { return w.message(r).Text }

// TestForwardWrong: what cannot be sent aside is refused whole.
func TestForwardWrong(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?").cc(cy))
		assigned := w.assign(tk, "eve")
		for words, want := range map[string]string{
			"/forward " + hoster:           "no words to send",
			"Hello\n/forward":              "no address",
			"Hello\n/forward nobody":       "no address",
			"Hello\n/forward " + us:        "one of us",
			"Hello\n/forward " + dana:      "one of us",
			"Hello\n/forward " + kim:       "takes part",
			"Hello\n/forward " + cy:        "takes part",
			"Hello\n/forward no-reply@x.y": "no address",
			"/invite " + kim:               "takes part",
			"/invite " + dana:              "one of us",
			"/invite":                      "no address",
		} {
			got := w.brings(func() { w.received(desk.OutcomeRefused, w.answer(eve, assigned, words)) })
			w.same(words+" brings", got, []string{"refused_command to " + eve})
			if m := w.last(eve); !mentions(m, want) {
				t.Errorf("%q: want %q in %s", words, want, m.Text)
			}
		}
		w.same("participants", w.roles(tk.Number), []string{cy + " proposed"})
		// What only staff read does not go out this way either (T079).
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "/note\nHe never pays his bills in time and complains about each of them."))
		w.received(desk.OutcomeRefused, w.answer(eve, assigned, "He never pays his bills in time and complains about each of them.\n/forward "+hoster))
	})
}
