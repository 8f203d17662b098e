package desk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
)

// clockedPolicy is the world's with all four clocks, and people who are told when time runs out.
var clockedPolicy = strings.NewReplacer(`clocks:
  first_response: {target: 1 working day, warn: 75%}
  resolution: {target: 3 working days}
`, `clocks:
  assignment: 1 working hour
  first_response:
    target: 1 working day
    priority: {urgent: 1 working hour}
    escalate:
      - {at: 90%, to: [assignee, max]}
      - {at: 100%, to: dispatchers}
      - {after: 2 working hours, to: max}
  next_response: 4 working hours
`, `{name: other,`, `{name: urgent, when: 'mail.words contains "urgent"', set: {priority: urgent}}
  - {name: mine, when: 'mail.words contains "for max"', set: {assign: max}}
  - {name: other,`).Replace(worldPolicy)

func clocked(t *testing.T, do func(*world)) {
	each(t, func(w *world) {
		w.policy = readPolicy(w, clockedPolicy)
		do(w)
	})
}

// clocks are a ticket's as "name state due", the due time in Berlin.
func (w *world) clocks(number int64) []string {
	w.Helper()
	var all []string
	tk := w.ticket(number)
	for i := range tk.Clocks {
		c := &tk.Clocks[i]
		if c.State() == "" {
			continue
		}
		s := fmt.Sprintf("%s %s", c.Name, c.State())
		if c.State() != "paused" {
			s += " " + c.Due.In(w.policy.Desk.Zone).Format("Mon 15:04")
		}
		all = append(all, s)
	}
	return all
}

// fired are the events of clocks so far, as "ticket clock what step".
func (w *world) fired() (all []string) {
	w.Helper()
	for _, e := range w.events() {
		if e.Kind == desk.EventClock {
			var c desk.ClockFired
			w.decode(e, &c)
			all = append(all, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", c.Ticket, c.Clock, c.What, c.Step)))
		}
	}
	return all
}

func TestR4Assignment(t *testing.T) {
	clocked(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?")) // Tuesday 12:00
		w.same("a new ticket has", w.clocks(tk.Number), []string{"assignment running Tue 13:00", "first_response running Wed 12:00"})
		got := w.brings(func() { w.pass(50 * time.Minute) })
		w.same("after three quarters of an hour", got, []string{"clock_warning to " + dana})
		w.holds(w.lastOf("clock_warning", dana), "assignment", "13:00")
		w.pass(5 * time.Minute)
		w.received(desk.OutcomeCommand, w.answer(dana, w.lastOf("unassigned", dana), "/assign eve"))
		w.same("assigned it has", w.clocks(tk.Number), []string{"assignment met Tue 13:00", "first_response running Wed 12:00"})

		// Assigned by a rule, it was so from the beginning.
		tk = w.opened(w.mail(kim, "Another", "This is for Max."))
		w.same("a ticket with an engineer has", w.clocks(tk.Number), []string{"assignment met Tue 13:55", "first_response running Wed 12:55"})

		// Too late.
		tk = w.opened(w.mail(kim, "A third", "How?"))
		got = w.brings(func() { w.pass(2 * time.Hour) })
		w.same("two hours later", got, []string{"clock_warning to " + dana, "clock_breach to " + dana})
		w.received(desk.OutcomeCommand, w.answer(dana, w.lastFor(tk.Number, dana), "/assign max"))
		w.same("assigned too late it has", w.clocks(tk.Number)[:1], []string{"assignment breached Tue 13:55"})
		w.same("fired", w.fired(), []string{"1 assignment warning", "3 assignment warning", "3 assignment breach"})
	})
}

// Each step tells whom it names, once: the assignee what to do, the others whose it is.
func TestR4Escalation(t *testing.T) {
	clocked(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?")) // Tuesday 12:00, due Wednesday 12:00
		w.received(desk.OutcomeCommand, w.answer(dana, w.lastOf("unassigned", dana), "/assign eve"))
		for _, tt := range []struct {
			until string
			want  []string
		}{
			{"Tue 18:00", nil},
			{"Wed 09:44", nil},
			{"Wed 09:46", []string{"clock_warning to " + eve}},                                // 75%: 6:45 of 9 hours
			{"Wed 11:07", []string{"clock_warning to " + eve, "clock_escalation to " + maxx}}, // 90%: 8:06
			{"Wed 12:00", nil}, // an answer now would be in time
			{"Wed 12:01", []string{"clock_breach to " + eve, "clock_escalation to " + dana}}, // 100%
			{"Wed 13:59", nil}, //
			{"Wed 14:01", []string{"clock_escalation to " + maxx}}, // two working hours after
			{"Fri 18:00", nil},
		} {
			at, err := time.ParseInLocation("2006-01-02 15:04", "2026-03-"+map[string]string{"Tue": "03", "Wed": "04", "Fri": "06"}[tt.until[:3]]+tt.until[3:], w.policy.Desk.Zone)
			if err != nil {
				t.Fatal(err)
			}
			w.same("by "+tt.until, w.brings(func() { w.pass(at.Sub(w.now)) }), tt.want)
		}
		n := fmt.Sprint(tk.Number)
		w.same("fired", w.fired(), []string{
			n + " first_response warning", n + " first_response warning 90%", n + " first_response breach", n + " first_response escalation 100%",
			n + " first_response escalation 2 working hours after",
		})
		late := w.lastOf("clock_escalation", maxx)
		w.holds(late, "overdue", "Eve has the request", "/assign NAME", "How?")
		if late.Subject != fmt.Sprintf("[#%d] Overdue: A question", tk.Number) {
			t.Errorf("subject %q", late.Subject)
		}
		// Whoever is told may act.
		w.received(desk.OutcomeCommand, w.answer(dana, w.lastOf("clock_escalation", dana), "/assign dana"))
		if got := w.ticket(tk.Number).Assignee; got != "dana" {
			t.Errorf("it is with %q", got)
		}
	})
}

// A clock that is met, or stands still, escalates nothing.
func TestR4NothingIsEscalatedOfAMetClock(t *testing.T) {
	clocked(t, func(w *world) {
		w.opened(w.mail(kim, "A question", "How?"))
		w.received(desk.OutcomeCommand, w.answer(dana, w.lastOf("unassigned", dana), "/assign eve"))
		w.pass(24*time.Hour + time.Minute) // breached
		w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("clock_breach", eve), "So."))
		w.same("later", w.brings(func() { w.pass(24 * time.Hour) }), nil)

		asked := w.opened(w.mail(kim, "Another", "How?"))
		w.received(desk.OutcomeCommand, w.answer(dana, w.lastFor(asked.Number, dana), "/assign eve"))
		w.received(desk.OutcomeReply, w.answer(eve, w.lastFor(asked.Number, eve), "Which version?\n/wait"))
		w.same("while we wait", w.brings(func() { w.pass(10 * 24 * time.Hour) }), nil)
	})
}

// TestT106Clocks is the clocks' part of T106: a jump of the wall clock fires each warning, breach and escalation once and tells each person
// once, and one back fires nothing again.
func TestT106Clocks(t *testing.T) {
	clocked(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?")) // Tuesday 12:00
		w.received(desk.OutcomeCommand, w.answer(dana, w.lastOf("unassigned", dana), "/assign eve"))
		tick := func() {
			t.Helper()
			if _, err := w.desk.Tick(w.Context()); err != nil {
				t.Fatal(err)
			}
		}
		w.now = w.now.Add(-time.Hour)
		w.same("an hour back", w.brings(tick), nil)
		w.now = w.now.Add(time.Hour + 22*time.Hour) // Wednesday 10:00, past the first warning
		w.same("to the warning", w.brings(tick), []string{"clock_warning to " + eve})
		w.now = w.now.Add(-time.Hour)
		w.same("an hour back again", w.brings(tick), nil)
		w.now = w.now.Add(48 * time.Hour) // Friday 09:00, past all of it
		w.same("two days on", w.brings(tick), []string{"clock_breach to " + eve, "clock_escalation to " + dana, "clock_escalation to " + maxx})
		w.same("at once again", w.brings(tick), nil)
		w.now = w.now.Add(-36 * time.Hour)
		w.same("a day and a half back", w.brings(tick), nil)
		w.desk = w.newDesk(w.store) // a restart
		w.same("after a restart", w.brings(func() { w.pass(7 * 24 * time.Hour) }), nil)
		n := fmt.Sprint(tk.Number)
		w.same("fired", w.fired(), []string{
			n + " first_response warning", n + " first_response warning 90%", n + " first_response breach", n + " first_response escalation 100%",
			n + " first_response escalation 2 working hours after",
		})
	})
}

// And a deadline is the instant that was stored, over a change of the clock, a year's end and 2038.
func TestT106DueTimesAreKept(t *testing.T) {
	clocked(t, func(w *world) {
		for _, tt := range []struct{ name, at, want string }{
			{"before the change to summer time", "2026-03-27T16:00:00Z", "2026-03-30T15:00:00Z"},
			{"before the change to winter time", "2026-10-23T15:00:00Z", "2026-10-26T16:00:00Z"},
			{"before a year's end", "2026-12-31T16:00:00Z", "2027-01-01T16:00:00Z"},
			{"before seconds no longer fit into 31 bits", "2038-01-18T16:00:00Z", "2038-01-19T16:00:00Z"},
			{"after", "2038-01-19T16:00:00Z", "2038-01-20T16:00:00Z"},
		} {
			var err error
			if w.now, err = time.Parse(time.RFC3339, tt.at); err != nil {
				t.Fatal(err)
			}
			tk := w.opened(w.mail(kim, tt.name, "How? "+tt.name))
			for _, c := range w.ticket(tk.Number).Clocks {
				if got := c.Due.UTC().Format(time.RFC3339); c.Name == policy.FirstResponse && got != tt.want {
					t.Errorf("%s: due %s, want %s", tt.name, got, tt.want)
				}
			}
		}
	})
}

func TestR4NextResponse(t *testing.T) {
	clocked(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?")) // Tuesday 12:00
		w.received(desk.OutcomeCommand, w.answer(dana, w.lastOf("unassigned", dana), "/assign eve"))
		has := func(what string, want ...string) {
			t.Helper()
			w.same(what, w.clocks(tk.Number)[1:], want)
		}
		// Before the first answer that one is owed, however often the customer writes.
		w.pass(time.Hour)
		w.received(desk.OutcomeReply, w.answer(kim, w.last(kim), "And why?"))
		has("before the first answer", "first_response running Wed 12:00")
		// After it, the customer's next words begin the next one.
		w.pass(time.Hour)
		w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("assigned", eve), "So."))
		has("after the first answer", "first_response met Wed 12:00")
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("reply", kim), "Thanks!"))
		has("a thank-you asks for nothing", "first_response met Wed 12:00")
		w.pass(time.Hour) // 15:00
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("reply", kim), "That does not work."))
		has("words after an answer", "first_response met Wed 12:00", "next_response running Wed 10:00")
		w.holds(w.lastOf("new_words", eve), "next answer", "10:00")
		// More words do not restart it, nor does what a stranger or a program says.
		w.pass(time.Hour)
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("reply", kim), "Hello?"))
		has("more words", "first_response met Wed 12:00", "next_response running Wed 10:00")
		// A note is no answer; an answer is.
		w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("new_words", eve), "/note\nHm."))
		has("a note", "first_response met Wed 12:00", "next_response running Wed 10:00")
		w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("new_words", eve), "Then so."))
		has("the next answer", "first_response met Wed 12:00", "next_response met Wed 10:00")
		w.received(desk.OutcomeNoted, w.answer(kim, w.lastOf("reply", kim), "I am away.").kind(message.AutoReply))
		has("a program's mail", "first_response met Wed 12:00", "next_response met Wed 10:00")
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("reply", kim), "Is this me?").at(message.LevelA0))
		has("words that nothing proves", "first_response met Wed 12:00", "next_response met Wed 10:00")
		// The one after it is one of its own, with warning and breach of its own.
		w.pass(time.Hour) // 17:00
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("reply", kim), "Neither does that."))
		has("words again", "first_response met Wed 12:00", "next_response running Wed 12:00")
		w.pass(24 * time.Hour)
		has("a day later", "first_response met Wed 12:00", "next_response breached Wed 12:00")
		w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("clock_breach", eve), "Sorry. So?\n/wait"))
		has("answered too late", "first_response met Wed 12:00", "next_response breached Wed 12:00")
		// Solved, and taken up again by the customer: an answer is owed.
		w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("clock_breach", eve), "It is solved.\n/resolve"))
		w.pass(24 * time.Hour) // Thursday 17:00
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("resolved", kim), "It is not."))
		has("taken up again", "first_response met Wed 12:00", "next_response running Fri 12:00")
		// Closed, nothing is owed; taken up again, the time that was left is.
		w.pass(16 * time.Hour) // Friday 09:00
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("reopened", kim), "close"))
		has("closed", "first_response met Wed 12:00")
		w.pass(time.Hour)
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("closed", kim), "No, do look at it."))
		has("and taken up again", "first_response met Wed 12:00", "next_response running Fri 13:00")
		w.same("fired", w.fired(), []string{"1 next_response warning", "1 next_response breach"})
	})
}

// A question about an estimate is owed an answer, once there is something to wait for: meanwhile its clock stands still.
func TestR4NextResponseWhileItWaitsForAYes(t *testing.T) {
	clocked(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Please develop", "Please develop a form."))
		w.received(desk.OutcomeCommand, w.answer(dana, w.lastOf("estimate_needed", dana), "/estimate 2"))
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "With fields?"))
		got := w.clocks(tk.Number)
		if want := []string{"assignment paused", "first_response met Wed 12:00", "next_response paused"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "yes"))
		if got := w.clocks(tk.Number)[2]; got != "next_response running Tue 16:00" {
			t.Errorf("agreed: %s", got)
		}
	})
}

// A ticket goes on by the terms that it began with while it stays what it is.
func TestR4ClocksOfAChangedPolicy(t *testing.T) {
	clocked(t, func(w *world) {
		tk := w.opened(w.mail(kim, "It is urgent", "It is urgent."))
		w.same("an urgent ticket has", w.clocks(tk.Number), []string{"assignment running Tue 13:00", "first_response running Tue 13:00"})
		w.policy = readPolicy(w, strings.Replace(clockedPolicy, "assignment: 1 working hour", "assignment: 2 working hours", 1))
		w.received(desk.OutcomeReply, w.answer(kim, w.last(kim), "Hello?"))
		w.same("by another policy it has", w.clocks(tk.Number), []string{"assignment running Tue 13:00", "first_response running Tue 13:00"})
	})
}
