package desk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
)

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
