package desk

import (
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/policy"
)

// compute sets Due and WarnAt from what the clock rests on: its start, its target, the calendar and the pauses. It is called whenever one
// of them changes, so elapsed time and pauses stay and nothing restarts (R4).
func (c *Clock) compute(cal *calendar.Calendar) {
	due := cal.Due(c.Start, c.Target)
	c.WarnAt = time.Time{}
	if c.Warn > 0 {
		allowed := c.between(cal, c.Start, due)
		c.WarnAt = c.through(cal, c.add(cal, c.Start, allowed*time.Duration(c.Warn)/100))
	}
	c.Due = c.through(cal, due)
}

// through moves an end that was computed without pauses past those that began before it: after a pause the time that was left runs on.
func (c *Clock) through(cal *calendar.Calendar, end time.Time) time.Time {
	for _, p := range c.Pauses {
		if p.To.IsZero() || !p.From.Before(end) {
			break
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

// running tells whether the clock can still be met or breached.
func (c *Clock) running() bool { return c.Met.IsZero() && !c.Stopped && !c.paused() }

// pause stops the clock at a time; a clock that is met, ended or paused stays as it is.
func (c *Clock) pause(at time.Time) {
	if c.running() {
		c.Pauses = append(c.Pauses, Pause{From: at})
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
// stays breached.
func (c *Clock) meet(cal *calendar.Calendar, at time.Time) {
	if !c.Met.IsZero() || c.Stopped {
		return
	}
	c.resume(cal, at)
	c.Met = at
}

// stop ends a clock that nobody owes anything any more. Should its ticket be taken up again, it has stood still since.
func (c *Clock) stop(at time.Time) {
	if c.Met.IsZero() {
		c.pause(at)
		c.Stopped = true
	}
}

// reopen lets a clock that was met or stopped run on: the time in between is a pause.
func (c *Clock) reopen(cal *calendar.Calendar, at time.Time) {
	switch {
	case c.Stopped:
		c.Stopped = false
		c.resume(cal, at)
	case !c.Met.IsZero() && c.Met.Before(at):
		c.Pauses = append(c.Pauses, Pause{From: c.Met, To: at})
		c.Met = time.Time{}
	}
	c.compute(cal)
}

// State is how others see the clock: running, paused, met or breached; "" for one that ended without being owed. Met if not after Due
// ("Registration" of MISSION.md).
func (c *Clock) State() string {
	switch {
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
func (c *Clock) wake() time.Time {
	switch {
	case !c.running() || !c.Breached.IsZero():
		return time.Time{}
	case !c.WarnAt.IsZero() && !c.Warned && c.WarnAt.Before(c.Due):
		return c.WarnAt
	}
	return c.Due.Add(breachGrace)
}

// startClocks starts what the class's terms ask for; the desk's own stand in for those that the class does not name.
func startClocks(p *policy.Policy, class *policy.Class, cal *calendar.Calendar, calName string, at time.Time) []Clock {
	var clocks []Clock
	for _, name := range []policy.ClockName{policy.FirstResponse, policy.Resolution} {
		target, ok := class.Clocks[name]
		if !ok {
			target, ok = p.Clocks[name]
		}
		if !ok || target.Target.N == 0 {
			continue
		}
		c := Clock{Name: name, Target: target.Target, Warn: target.Warn, Calendar: calName, Start: at}
		c.compute(cal)
		clocks = append(clocks, c)
	}
	return clocks
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
