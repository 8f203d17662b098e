package policy

import (
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/postdesk/postdesk/desk/calendar"
)

// ClockName is one of a ticket's clocks (R4).
type ClockName string

// The clocks. Assignment ends when somebody has the ticket, the responses when somebody of us has answered, the resolution when the ticket
// is solved. NextResponse begins with each words of the customer that follow an answer.
const (
	Assignment    ClockName = "assignment"
	FirstResponse ClockName = "first_response"
	NextResponse  ClockName = "next_response"
	Resolution    ClockName = "resolution"
)

// ClockNames are all of them, in the order in which people think of them.
var ClockNames = []ClockName{Assignment, FirstResponse, NextResponse, Resolution}

// Clocks are terms by clock. A clock without any does not run.
type Clocks map[ClockName]ClockTerms

// ClockTerms are the time allowed and what happens on the way.
type ClockTerms struct {
	Target   calendar.Target            // zero: the clock does not run
	Priority map[string]calendar.Target // instead of Target, by priority of the ticket
	Steps    []Step                     // warnings and escalations, in the order of the file
	RunsOn   bool                       // does not stand still while the desk waits for the customer
}

// For is the time allowed at a priority; zero where the clock does not run.
func (c ClockTerms) For(priority string) calendar.Target {
	if t, ok := c.Priority[priority]; ok {
		return t
	}
	return c.Target
}

// String is the time allowed, as a reason tells it.
func (c ClockTerms) String() string {
	if c.Target.N == 0 {
		return "none"
	}
	return c.Target.String()
}

// A Step is one time at which somebody is told of a clock that still runs.
type Step struct {
	Part  int             // percent of the time allowed, 100 for the due time itself; 0 where After says it
	After calendar.Target // counted from the due time
	To    []string        // ToAssignee, ToDispatchers, or staff by id; nil: whoever has the ticket
}

// Whom a Step names by what they are to the ticket. Where nobody has it, its dispatchers stand in for the assignee.
const (
	ToAssignee    = "assignee"
	ToDispatchers = "dispatchers"
)

// String is when the step is, as an operator reads it.
func (s Step) String() string {
	if s.Part > 0 {
		return fmt.Sprintf("%d%%", s.Part)
	}
	return s.After.String() + " after"
}

// ClockTermsOf are the terms of a clock for a ticket: those that a rule has set, else its class's, else the file's. ok is false where it
// does not run.
func (p *Policy) ClockTermsOf(name ClockName, rule string, class *Class, priority string) (t ClockTerms, target calendar.Target, ok bool) {
	t, ok = p.RuleClocks[rule][name]
	if !ok && class != nil {
		t, ok = class.Clocks[name]
	}
	if !ok {
		t = p.Clocks[name]
	}
	target = t.For(priority)
	return t, target, target.N > 0
}

const wantTime = "time such as 4 working hours, 1 working day, or 30m by the clock"

// readClocks reads terms by clock: the time allowed alone, or with what else there is to say. nil where nothing is given.
func readClocks(v value) Clocks {
	names := make([]string, len(ClockNames))
	for i, n := range ClockNames {
		names[i] = string(n)
	}
	m := v.fields(names...)
	var all Clocks
	for _, name := range ClockNames {
		c := m.key(string(name))
		if !c.given() {
			continue
		}
		if t, ok := readClock(c); ok {
			if all == nil {
				all = Clocks{}
			}
			all[name] = t
		}
	}
	return all
}

func readClock(v value) (t ClockTerms, ok bool) {
	target, warn := v, value{document: v.document}
	t.Priority = map[string]calendar.Target{}
	if len(v.node.Content) > 0 {
		m := v.fields("target", "priority", "warn", "escalate", "pauses")
		target, warn = m.key("target"), m.key("warn")
		for _, e := range m.key("priority").entries("priorities, each with the time allowed") {
			if !slices.Contains(Priorities, e.name) {
				m.key("priority").at(e.key, e.name).mistake("an unknown priority", "one of low, normal, high, urgent"+didYouMean(e.name, Priorities))
				continue
			}
			if allowed, ok := e.allowed(); ok {
				t.Priority[e.name] = allowed
			}
		}
		t.Steps = each(m.key("escalate"), readStep)
		t.RunsOn = !m.key("pauses").yes(true)
	}
	if t.Target, ok = target.must(wantTime).allowed(); !ok || !target.given() {
		return t, false
	}
	part, _ := parsed(warn, 75, "a part such as 75%, or 0% for no warning", parsePercent)
	if part > 0 {
		t.Steps = append([]Step{{Part: part}}, t.Steps...)
	}
	return t, true
}

// allowed is a time allowed; "none" switches a clock off that others have.
func (v value) allowed() (calendar.Target, bool) {
	return parsed(v, calendar.Target{}, wantTime+"; or none", func(s string) (calendar.Target, error) {
		if s == "none" {
			return calendar.Target{}, nil
		}
		return calendar.ParseTarget(s)
	})
}

// readStep reads one step of an escalation.
func readStep(v value) (Step, bool) {
	m := v.fields("at", "after", "to")
	at, after := m.key("at"), m.key("after")
	const want = "at: 90% of the time allowed, or after: 2 working hours"
	switch {
	case v.node.Kind != yaml.MappingNode: // told already
		return Step{}, false
	case at.given() && after.given():
		after.mistake("both at and after", "one of them")
		return Step{}, false
	case !at.given() && !after.given():
		v.mistake("no time", want)
		return Step{}, false
	}
	var s Step
	var okAt, okAfter bool
	s.Part, okAt = parsed(at, 0, "a part such as 90%; 100% is the due time", parsePart)
	s.After, okAfter = parsed(after, calendar.Target{}, wantTime, calendar.ParseTarget)
	if okAt && at.given() && s.Part == 0 {
		at.expected("a part such as 90%; 100% is the due time")
		okAt = false
	}
	known := append([]string{ToAssignee, ToDispatchers}, v.names["staff"]...)
	s.To = each(m.key("to").must("assignee, dispatchers, or one of the staff"), func(v value) (string, bool) {
		to := v.oneOf("", known...)
		return to, to != ""
	})
	return s, okAt && okAfter && len(s.To) > 0
}

// A Digest tells staff once a working day how their tickets stand (S6).
type Digest struct {
	At int      // minutes since midnight on the wall of the desk's calendar
	To []string // staff by id; all where empty
}

func readDigest(v value) *Digest {
	if !v.given() {
		return nil
	}
	m := v.fields("at", "to")
	const want = "a time of day in quotes, such as \"08:30\""
	d := &Digest{To: m.key("to").refs("staff")}
	d.At, _ = parsed(m.key("at").must(want), 0, want, func(s string) (int, error) {
		i, err := calendar.ParseInterval(s + "-24:00")
		return i.Open, err
	})
	return d
}

// parsePercent reads "75%", below 100.
func parsePercent(s string) (int, error) {
	n, err := parsePart(s)
	if n == 100 {
		return 0, errors.New("no percentage below 100")
	}
	return n, err
}

// parsePart is parsePercent with 100%.
func parsePart(s string) (n int, err error) {
	if _, err = fmt.Sscanf(s, "%d%%", &n); err != nil || n < 0 || n > 100 || fmt.Sprintf("%d%%", n) != s {
		return 0, errors.New("no percentage up to 100")
	}
	return n, nil
}
