package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
)

// TestAttackJoinedStranger has somebody whom nobody knew write with another's token. One of us puts his mail on the ticket: the words are
// there, and they end, decline, re-open and pause nothing, as those of anybody who was put in copy (T026, T119).
func TestAttackJoinedStranger(t *testing.T) {
	each(t, func(w *world) {
		ask, assigned := w.question()
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press export. Does it?\n/wait"))
		offer := w.opened(w.mail(kim, "On the new server", "Please install it."))
		w.status(offer.Number, desk.AwaitingConfirmation)
		done := w.opened(w.mail(kim, "Another question", "How do I print?"))
		w.received(desk.OutcomeReply, w.answer(eve, w.assign(done, "eve"), "Press print.\n/close"))
		for _, tt := range []struct {
			name, from string
			tk         *desk.Ticket
			words      string
		}{
			{"ends a ticket", "mal@evil.example", ask, "Please close this ticket."},
			{"goes on with what waits for another", "mel@evil.example", ask, "It does not."},
			{"declines", "mil@evil.example", offer, "No"},
			{"takes a closed one up again", "mol@evil.example", done, "It does not."},
		} {
			before := w.ticket(tt.tk.Number).Status
			r := w.received(desk.OutcomeHeld, w.answer(tt.from, w.lastFor(tt.tk.Number, kim), tt.words))
			got := w.brings(func() {
				if _, err := w.desk.JoinHeld(w.Context(), r.Message, tt.tk.Number, "dana"); err != nil {
					t.Fatal(err)
				}
			})
			for _, s := range got {
				if !strings.HasPrefix(s, "aside_words to ") && !strings.HasPrefix(s, "new_words to ") {
					t.Errorf("%s: it brings %s", tt.name, s)
				}
			}
			if after := w.ticket(tt.tk.Number).Status; after != before {
				t.Errorf("%s: the ticket is %s, and was %s", tt.name, after, before)
			}
			if m := w.message(r); m.Ticket != tt.tk.Number || m.Outcome != desk.OutcomeReply {
				t.Errorf("%s: %s on ticket %d", tt.name, m.Outcome, m.Ticket)
			}
		}
	})
}

// TestAttackUsedUpQuestion uses up the one question a day by a forged mail (G3), so that the customer's own yes, which does not count as it
// comes, is answered by nobody. Then one of us has to know of it.
func TestAttackUsedUpQuestion(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "On the new server", "Please install it."))
		w.status(tk.Number, desk.AwaitingConfirmation)
		forged := w.answer(kim, w.lastFor(tk.Number, kim), "Please close this ticket.").at(message.LevelA0)
		if got := w.brings(func() { w.received(desk.OutcomeReply, forged) }); !strings.Contains(strings.Join(got, ", "), "ask_close to "+kim) {
			t.Fatalf("a forged mail brings %q", got)
		}
		w.pass(time.Hour)
		m := w.mail(kim, "Re: [#1] On the new server", "Yes")
		got := w.brings(func() { w.received(desk.OutcomeReply, m) })
		w.same("her yes brings", got, []string{"new_words to " + dana})
		w.pass(25 * time.Hour) // and where she is asked, nobody else needs to
		got = w.brings(func() { w.received(desk.OutcomeReply, w.mail(kim, "Re: [#1] On the new server", "Yes")) })
		w.same("a day later it brings", got, []string{"confirm_elsewhere to " + kim})
	})
}
