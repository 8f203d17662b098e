package desk_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
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
