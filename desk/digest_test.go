package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
)

// TestS6Digest: once a working day, to whoever has something to do, and none twice however the wall clock jumps.
func TestS6Digest(t *testing.T) {
	each(t, func(w *world) {
		w.policy = readPolicy(w, worldPolicy+"digest: {at: \"08:30\"}\n")
		w.opened(w.mail(kim, "A question", "How?")) // Tuesday 12:00
		w.received(desk.OutcomeCommand, w.answer(dana, w.lastOf("unassigned", dana), "/assign eve"))
		digests := func(d time.Duration) (to []string) {
			t.Helper()
			for _, s := range w.brings(func() { w.pass(d) }) {
				if strings.HasPrefix(s, "digest ") {
					to = append(to, s)
				}
			}
			return to
		}
		w.same("the same day", digests(12*time.Hour), nil)
		w.same("the next morning", digests(12*time.Hour), []string{"digest to " + eve, "digest to " + dana})
		w.holds(w.lastOf("digest", eve), "Due today", "A question", "first answer due 12:00")
		w.holds(w.lastOf("digest", dana), "with Eve")
		w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("assigned", eve), "So.\n/spent 10m\n/resolve"))
		w.same("all is done", digests(7*24*time.Hour), nil)

		// A new ticket begins them again. A day and a night in one step are one digest, and a step back none.
		w.opened(w.mail(kim, "Another question", "How?"))
		if _, err := w.desk.Tick(w.Context()); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(3 * 24 * time.Hour)
		w.same("days in one step", digests(0), []string{"digest to " + dana})
		w.now = w.now.Add(-24 * time.Hour)
		w.same("a day back", digests(0), nil)
	})
}
