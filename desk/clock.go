package desk

import (
	"slices"
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/policy"
)

// compute sets Due and when the steps are from what the clock rests on: its start, its target, the calendar and the pauses. It is called
// whenever one of them changes, so elapsed time and pauses stay and nothing restarts (R4).
func (c *Clock) compute(cal *calendar.Calendar) {
	if c.Start.IsZero() {
		return
	}
	due := cal.Due(c.Start, c.Target)
	c.Due = c.through(cal, c.Start, due)
	for i := range c.Steps {
		switch s := &c.Steps[i]; s.Part {
		case 0:
			s.At = c.through(cal, c.Due, cal.Due(c.Due, s.After))
		case 100:
			s.At = c.Due
		default:
			allowed := c.between(cal, c.Start, due)
			s.At = c.through(cal, c.Start, c.add(cal, c.Start, allowed*time.Duration(s.Part)/100))
		}
	}
}

// through moves an end that was computed from a beginning without pauses past those that began before it: after a pause the time that was
// left runs on.
func (c *Clock) through(cal *calendar.Calendar, begin, end time.Time) time.Time {
	for _, p := range c.Pauses {
		if p.To.IsZero() || !p.From.Before(end) {
			break
		}
		if p.From.Before(begin) {
			continue
		}
		end = c.add(cal, p.To, c.between(cal, p.From, end))
	}
	return end
}

// add and between count as the target does: minutes elapse by day and night, hours and days only while the calendar is open.
func (c *Clock) add(cal *calendar.Calendar, t time.Time, d time.Duration) time.Time {
	if c.Target.Unit == calendar.Minutes {
		return t.Add(d)
	}
	return cal.Add(t, d)
}

func (c *Clock) between(cal *calendar.Calendar, from, to time.Time) time.Duration {
	if c.Target.Unit == calendar.Minutes {
		return to.Sub(from)
	}
	return cal.Between(from, to)
}

// paused tells whether the clock stands still.
func (c *Clock) paused() bool {
	return len(c.Pauses) > 0 && c.Pauses[len(c.Pauses)-1].To.IsZero()
}

// dormant tells a next response that nobody waits for: the customer has not written since the last answer, or there was none yet.
func (c *Clock) dormant() bool { return c.Start.IsZero() }

// running tells whether the clock can still be met or breached.
func (c *Clock) running() bool { return !c.dormant() && c.Met.IsZero() && !c.Stopped && !c.paused() }

// pause stops the clock at a time, for a status; a clock that is met, ended or paused stays as it is.
func (c *Clock) pause(at time.Time, why Status) {
	if c.running() {
		c.Pauses = append(c.Pauses, Pause{From: at, Why: why})
	}
}

// resume lets the clock run on with the time that was left.
func (c *Clock) resume(cal *calendar.Calendar, at time.Time) {
	if c.paused() && !c.Stopped {
		p := &c.Pauses[len(c.Pauses)-1]
		p.To = at
		if at.Before(p.From) {
			p.To = p.From // mails are not always taken in the order of their arrival
		}
		c.compute(cal)
	}
}

// meet ends the clock at a time. An answer counts even where the clock stands still, and how long it did is no delay; what was breached
// stays breached. On a dormant clock it notes that an answer was given, so that the next words of the customer begin it.
func (c *Clock) meet(cal *calendar.Calendar, at time.Time) {
	if c.dormant() {
		c.Met = at
	}
	if !c.Met.IsZero() || c.Stopped {
		return
	}
	c.resume(cal, at)
	c.Met = at
}

// stop ends a clock that nobody owes anything any more. Should its ticket be taken up again, it has stood still since.
func (c *Clock) stop(at time.Time) {
	if c.Met.IsZero() && !c.dormant() {
		c.pause(at, Closed)
		c.Stopped = true
	}
}

// reopen lets a clock that was met or stopped run on: the time in between is a pause.
func (c *Clock) reopen(cal *calendar.Calendar, at time.Time, was Status) {
	switch {
	case c.Stopped:
		c.Stopped = false
		c.resume(cal, at)
	case !c.Met.IsZero() && c.Met.Before(at):
		c.Pauses = append(c.Pauses, Pause{From: c.Met, To: at, Why: was})
		c.Met = time.Time{}
	}
	c.compute(cal)
}

// State is how others see the clock: running, paused, met or breached; "" for one that nobody is owed. Met if not after Due
// ("Registration" of MISSION.md).
func (c *Clock) State() string {
	switch {
	case c.dormant():
		return ""
	case !c.Met.IsZero() && !c.Met.After(c.Due):
		return "met"
	case !c.Met.IsZero(), !c.Breached.IsZero():
		return "breached"
	case c.Stopped:
		return ""
	case c.paused():
		return "paused"
	}
	return "running"
}

// breachGrace is how long after its due time a clock is looked at: a mail that arrived at the due time itself has met it, and arrivals
// are told in whole seconds.
const breachGrace = time.Second

// wake is when the clock wants to be looked at next; zero for never.
func (c *Clock) wake() (next time.Time) {
	if !c.running() {
		return time.Time{}
	}
	if c.Breached.IsZero() {
		next = c.Due.Add(breachGrace)
	}
	for i := range c.Steps {
		if s := &c.Steps[i]; s.Fired.IsZero() && (next.IsZero() || c.at(s).Before(next)) {
			next = c.at(s)
		}
	}
	return next
}

// at is when a step is looked at: what comes with the breach or later waits for the grace as the breach does.
func (c *Clock) at(s *Step) time.Time {
	if late := c.Due.Add(breachGrace); !s.At.Before(c.Due) && s.At.Before(late) {
		return late
	}
	return s.At
}

// startClocks starts what the ticket's terms ask for.
func (t *turn) startClocks(tk *Ticket) {
	tk.Clocks = nil
	for _, name := range policy.ClockNames {
		if c, ok := t.newClock(tk, name); ok {
			tk.Clocks = append(tk.Clocks, c)
		}
	}
	tk.followAssignee(t.calendar(tk), t.at)
}

// newClock is one by the ticket's terms, from its registration on; false where they have none.
func (t *turn) newClock(tk *Ticket, name policy.ClockName) (Clock, bool) {
	terms, target, ok := t.clockTerms(tk, name)
	if !ok {
		return Clock{}, false
	}
	calName, cal := t.p.CalendarOf(t.mailbox(tk), t.class(tk))
	c := Clock{Name: name, Target: target, Calendar: calName, RunsOn: terms.RunsOn, Start: tk.Registered}
	for _, s := range terms.Steps {
		c.Steps = append(c.Steps, Step{Step: s})
	}
	if name == policy.NextResponse {
		c.Start = time.Time{}
	}
	c.compute(cal)
	return c, true
}

// clockTerms are those of the ticket's class and priority, or those that a rule has set.
func (t *turn) clockTerms(tk *Ticket, name policy.ClockName) (policy.ClockTerms, calendar.Target, bool) {
	rule := ""
	for _, r := range tk.Reasons {
		if r.Failed == "" && t.p.RuleClocks[r.Rule] != nil {
			rule = r.Rule
		}
	}
	return t.p.ClockTermsOf(name, rule, t.class(tk), tk.Priority)
}

// retime computes a ticket's clocks anew after its class, its priority or its calendar has changed: by the new terms, from the same
// beginning. Time that has passed and pauses stay, nothing restarts (R4). What had run out and now lies ahead may run out once more.
func (t *turn) retime(tk *Ticket) {
	old := tk.Clocks
	tk.Clocks = nil
	for _, name := range policy.ClockNames {
		had := slices.IndexFunc(old, func(c Clock) bool { return c.Name == name })
		c, ok := t.newClock(tk, name)
		switch {
		case had < 0 && ok && t.stillOwed(tk, old, name):
			for _, other := range old {
				if !other.dormant() && c.RunsOn == other.RunsOn {
					c.Pauses = slices.Clone(other.Pauses)
					break
				}
			}
			if tk.Status.Pauses() && !c.RunsOn || tk.Status.Done() {
				c.pause(t.at, tk.Status)
			}
			c.compute(t.calendar(tk))
			tk.Clocks = append(tk.Clocks, c)
		case had >= 0 && !old[had].Met.IsZero() && (ok || !old[had].dormant()):
			tk.Clocks = append(tk.Clocks, old[had]) // what was done in time, or too late, was so
		case had >= 0 && ok:
			old[had].change(t.calendar(tk), c, t.now)
			tk.Clocks = append(tk.Clocks, old[had])
		}
	}
	t.touch(tk)
}

// stillOwed tells whether a clock that new terms bring has anything to run for.
func (t *turn) stillOwed(tk *Ticket, had []Clock, name policy.ClockName) bool {
	switch name {
	case policy.Assignment:
		return tk.Assignee == ""
	case policy.FirstResponse:
		return !slices.ContainsFunc(had, func(c Clock) bool { return c.Name == policy.NextResponse && (!c.Met.IsZero() || !c.dormant()) })
	}
	return true
}

// change gives a clock that is not met other terms. Steps that stay keep that they were carried out.
func (c *Clock) change(cal *calendar.Calendar, to Clock, now time.Time) {
	before := c.Due
	for i := range to.Steps {
		for _, s := range c.Steps {
			if s.Part == to.Steps[i].Part && s.After == to.Steps[i].After && slices.Equal(s.To, to.Steps[i].To) {
				to.Steps[i].Fired = s.Fired
			}
		}
	}
	c.Target, c.Calendar, c.RunsOn, c.Steps = to.Target, to.Calendar, to.RunsOn, to.Steps
	c.compute(cal)
	if !c.Due.After(before) || !c.running() {
		return
	}
	if now.Before(c.Due) {
		c.Breached = time.Time{}
	}
	for i := range c.Steps {
		if s := &c.Steps[i]; s.At.After(now) {
			s.Fired = time.Time{}
		}
	}
}

// A basis is what the clocks of a ticket follow from, beside their beginning and their pauses.
type basis struct{ class, priority, calendar string }

func (t *turn) basisOf(tk *Ticket) basis {
	name, _ := t.p.CalendarOf(t.mailbox(tk), t.class(tk))
	return basis{tk.Class, tk.Priority, name}
}

// followAssignee meets the assignment as soon as somebody has the ticket, however that came, and lets it run on where nobody has it any
// more.
func (tk *Ticket) followAssignee(cal *calendar.Calendar, at time.Time) {
	switch c := tk.clock(policy.Assignment); {
	case c == nil:
	case tk.Assignee != "":
		c.meet(cal, at)
	case !c.Met.IsZero() && !tk.Status.Done():
		c.reopen(cal, at, Open)
	}
}

// owe begins the next response with words of the customer that follow an answer. One that runs is not restarted, and before the first
// answer it is that one which is owed ("Marketplace" of MISSION.md).
func (t *turn) owe(tk *Ticket) {
	c := tk.clock(policy.NextResponse)
	if c == nil || c.Met.IsZero() || t.at.Before(c.Met) {
		return
	}
	next, ok := t.newClock(tk, policy.NextResponse)
	if !ok {
		return
	}
	next.Start = t.at
	next.compute(t.calendar(tk))
	if tk.Status.Pauses() && !next.RunsOn {
		next.pause(t.at, tk.Status)
	}
	*c = next
	t.touch(tk)
}

// clock finds a ticket's clock by name, nil where the policy sets none.
func (t *Ticket) clock(name policy.ClockName) *Clock {
	for i := range t.Clocks {
		if t.Clocks[i].Name == name {
			return &t.Clocks[i]
		}
	}
	return nil
}

// wake is when Tick has to look at the ticket next: the earliest of its clocks and of what silence brings; zero for never.
func (t *Ticket) wake(p *policy.Policy, cal *calendar.Calendar) time.Time {
	var next time.Time
	sooner := func(at time.Time) {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if !t.Status.Done() {
		for i := range t.Clocks {
			sooner(t.Clocks[i].wake())
		}
	}
	for _, s := range t.silences(p, cal) {
		sooner(s.at)
	}
	for _, r := range t.Reminders {
		sooner(r.At)
	}
	if t.Flood != nil {
		sooner(t.Flood.Until)
	}
	return next
}

// A silence is what happens to a ticket by itself when the customer says nothing until a time (M7, "Closing" of MISSION.md).
type silence struct {
	at time.Time
	do string // "close", "remind"
}

// silences are those that the ticket's status brings, earliest first.
func (t *Ticket) silences(p *policy.Policy, cal *calendar.Calendar) []silence {
	switch {
	case t.Status == Resolved && p.Life.CloseResolved > 0:
		return []silence{{cal.AddDays(t.ChangedAt, p.Life.CloseResolved), "close"}}
	case t.Status.Awaiting():
		var all []silence
		if !t.Reminded && p.Life.RemindAwaiting > 0 {
			all = append(all, silence{cal.AddDays(t.ChangedAt, p.Life.RemindAwaiting), "remind"})
		}
		if p.Life.CloseAwaiting > 0 {
			all = append(all, silence{cal.AddDays(t.ChangedAt, p.Life.CloseAwaiting), "close"})
		}
		return all
	}
	return nil
}
