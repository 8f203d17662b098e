package desk_test

import (
	"slices"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
)

// breaches are the clocks that ran out, in the order of the journal.
func (w *world) breaches() (all []string) {
	w.Helper()
	for _, e := range w.events() {
		if e.Kind == desk.EventClock {
			var c desk.ClockFired
			w.decode(e, &c)
			if c.What == "breach" {
				all = append(all, c.Clock)
			}
		}
	}
	return all
}

func (w *world) tick() {
	w.Helper()
	if _, err := w.desk.Tick(w.Context()); err != nil {
		w.Fatal(err)
	}
}

// dueOf is when a clock of a ticket runs out, as it is stored.
func (w *world) dueOf(number int64, name policy.ClockName) time.Time {
	w.Helper()
	for _, c := range w.ticket(number).Clocks {
		if c.Name == name {
			return c.Due.UTC()
		}
	}
	w.Fatalf("ticket %d has no clock %s", number, name)
	return time.Time{}
}

// TestT106ClockJumps: the machine's clock goes back an hour, ahead a day, and back again. What is due stays due at the instant that is stored,
// runs out then and not before, and once.
func TestT106ClockJumps(t *testing.T) {
	each(t, func(w *world) {
		tk, _ := w.question()
		due := w.dueOf(tk.Number, policy.FirstResponse)
		quiet := func(what string, now time.Time) {
			t.Helper()
			w.now = now
			breaches := w.breaches()
			w.tick()
			if got := w.breaches(); !slices.Equal(got, breaches) {
				t.Errorf("%s: %q have run out, %q before", what, got, breaches)
			}
			if got := w.dueOf(tk.Number, policy.FirstResponse); !got.Equal(due) {
				t.Errorf("%s: it is due %s, and was %s", what, got, due)
			}
		}
		quiet("an hour back", w.now.Add(-time.Hour))
		quiet("a moment before", due.Add(-time.Second))
		w.now = due.Add(24 * time.Hour)
		w.tick()
		if got := w.breaches(); !slices.Contains(got, string(policy.FirstResponse)) {
			t.Fatalf("a day ahead: %q have run out", got)
		}
		quiet("back again", due.Add(-2*time.Hour))
		quiet("and ahead", due.Add(time.Hour))
		quiet("to where it was", due.Add(24*time.Hour))
	})
}

// TestT106DueAcrossClockChanges: what was promised across a change of daylight saving, and across the end of 32-bit time, is kept at the very
// instant on both databases.
func TestT106DueAcrossClockChanges(t *testing.T) {
	for _, c := range []struct{ name, asked, due string }{ // one working day, Mon-Fri 9-18 in Berlin
		{"into summer", "2026-03-27T14:00:00Z", "2026-03-30T13:00:00Z"},
		{"into winter", "2026-10-23T13:00:00Z", "2026-10-26T14:00:00Z"},
		{"past 32 bits", "2038-01-18T14:00:00Z", "2038-01-19T14:00:00Z"},
		{"behind them", "2040-02-28T14:00:00Z", "2040-02-29T14:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(w *world) {
				asked, err := time.Parse(time.RFC3339, c.asked)
				if err != nil {
					t.Fatal(err)
				}
				want, err := time.Parse(time.RFC3339, c.due)
				if err != nil {
					t.Fatal(err)
				}
				w.now = asked
				tk, _ := w.question()
				if got := w.dueOf(tk.Number, policy.FirstResponse); !got.Equal(want) {
					t.Fatalf("it is due %s, want %s", got, want)
				}
				if got := w.ticket(tk.Number).Registered; !got.Equal(asked) {
					t.Errorf("it was registered %s, want %s", got, asked)
				}
				w.now = want
				w.tick()
				if got := w.breaches(); len(got) > 0 {
					t.Errorf("at its due %q have run out", got)
				}
				w.now = want.Add(time.Second)
				w.tick()
				if got := w.breaches(); len(got) != 1 {
					t.Errorf("after its due %q have run out", got)
				}
			})
		})
	}
}

// TestT106MailOfANodeThatIsAhead: a node whose clock is an hour ahead writes mails, and others need not wait an hour until they send them.
func TestT106MailOfANodeThatIsAhead(t *testing.T) {
	each(t, func(w *world) {
		for _, off := range []time.Duration{time.Hour, -time.Hour, 24 * time.Hour} {
			w.now = time.Now().Add(off).UTC()
			w.opened(w.mail(sam, "A question", "How?"))
			n := 0
			for {
				m, err := w.desk.LeaseMail(w.Context(), time.Minute)
				if err != nil {
					t.Fatal(err)
				}
				if m == nil {
					break
				}
				n++
			}
			if n < 2 {
				t.Errorf("with a clock that is wrong by %v, %d mails can be sent", off, n)
			}
		}
	})
}
