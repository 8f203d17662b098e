package calendar

import (
	"fmt"
	"strings"
	"time"
)

// A Unit is what a Target counts in.
type Unit int

const (
	Minutes      Unit = iota // elapsed time, whatever the calendar
	WorkingHours             // 60 open minutes each
	WorkingDays              // as AddDays counts them
)

// The most that a target may allow, by unit: about ten years, and few enough for a duration and a quick walk.
var most = [...]int{Minutes: 10 * 366 * 24 * 60, WorkingHours: 10 * 366 * 24, WorkingDays: 10 * 366}

// A Target is how much time the policy allows for something (R4). The zero Target allows none.
type Target struct {
	N    int
	Unit Unit
}

// ParseTarget reads "30m", "4 working hours", "1 working day".
func ParseTarget(s string) (Target, error) {
	number := s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
	var t Target
	switch strings.Join(strings.Fields(s[len(number):]), " ") {
	case "m":
		t.Unit = Minutes
	case "working hour", "working hours":
		t.Unit = WorkingHours
	case "working day", "working days":
		t.Unit = WorkingDays
	default:
		return Target{}, fmt.Errorf(`target %q: want "30m" for minutes by the clock, "4 working hours" or "2 working days"`, s)
	}
	n, ok := digits(number)
	if !ok || n < 1 || n > most[t.Unit] {
		limit := Target{most[t.Unit], t.Unit}
		return Target{}, fmt.Errorf("target %q: want at least 1 and at most %s", s, limit)
	}
	t.N = n
	return t, nil
}

// String is the form that ParseTarget reads.
func (t Target) String() string {
	switch {
	case t.Unit == Minutes:
		return fmt.Sprintf("%dm", t.N)
	case t.N == 1:
		return fmt.Sprintf("1 %s", t.Unit)
	}
	return fmt.Sprintf("%d %ss", t.N, t.Unit)
}

// String is the name of one: "minute", "working hour", "working day".
func (u Unit) String() string {
	switch u {
	case Minutes:
		return "minute"
	case WorkingHours:
		return "working hour"
	case WorkingDays:
		return "working day"
	}
	return fmt.Sprintf("Unit(%d)", int(u))
}

// Due is when the time that a target allows from start is up. Something done at that very instant is in time.
func (c *Calendar) Due(start time.Time, t Target) time.Time {
	switch t.Unit {
	case Minutes:
		return inUTC(start).Add(time.Duration(t.N) * time.Minute)
	case WorkingHours:
		return c.Add(start, time.Duration(t.N)*time.Hour)
	case WorkingDays:
		return c.AddDays(start, t.N)
	}
	panic(fmt.Sprintf("calendar: a target in %s", t.Unit))
}
