package desk_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
)

// The tests of this file are the cases of THREATS.md about who may tell the desk to do something, by their numbers. Those about threads, credits
// and loops are in thread_test.go, confirm_test.go and loops_test.go.

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

func TestT015(t *testing.T) {
	each(t, func(w *world) {
		m := w.mail("kim@\u0441ust.example", "A question", "How?") // its first letter is Cyrillic
		address, err := message.Canonical(m.Message.From[0].Addr)
		if err != nil {
			t.Fatal(err)
		}
		r := w.received(desk.OutcomeNew, m)
		if tk := w.ticket(r.Ticket); tk.Customer != "" || tk.Requester.Address != address {
			t.Errorf("it is a ticket of %s, customer %q", tk.Requester.Address, tk.Customer)
		}
		if why := w.message(r).Why; !slices.ContainsFunc(why, func(s string) bool { return strings.Contains(s, "letters of several scripts") }) {
			t.Errorf("staff are told %q", why)
		}
		if r := w.received(desk.OutcomeNew, w.mail(kim, "A question", "How?")); len(w.message(r).Why) > 0 {
			t.Errorf("of the real one staff are told %q", w.message(r).Why)
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
