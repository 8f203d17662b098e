package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
)

// mostSpans is how many parts of a clock's time are told: of those in the middle of a long one, only how many there are.
const mostSpans = 40

// tellClockTimes says which hours of each clock counted, and which did not and why (R2), on the wall of the clock's calendar. p is nil where
// nobody has named the policy: the hours stand there.
func tellClockTimes(out io.Writer, t *desk.Ticket, p *policy.Policy) error {
	fmt.Fprint(out, "\nclocks\n")
	told := 0
	for i := range t.Clocks {
		c := &t.Clocks[i]
		if c.Start.IsZero() {
			continue
		}
		told++
		if p == nil || p.Calendars[c.Calendar] == nil {
			fmt.Fprintf(out, "  %s: by calendar %s, whose hours stand in the policy: name it by --policy\n", words(c.Name), orDash(c.Calendar))
			continue
		}
		if err := tellClockTime(out, c, p); err != nil {
			return err
		}
	}
	if told == 0 {
		fmt.Fprint(out, "  none ran\n")
	}
	return nil
}

func tellClockTime(out io.Writer, c *desk.Clock, p *policy.Policy) error {
	cal := p.Calendars[c.Calendar]
	at := func(t time.Time) string { return t.In(cal.Zone).Format("Mon 2 Jan 15:04") }
	fmt.Fprintf(out, "  %s: %s from %s, by calendar %s (%s)\n", words(c.Name), c.Target, at(c.Start), c.Calendar, cal.Zone)
	spans := c.Account(cal)
	var rows [][]string
	var counted time.Duration
	for i, s := range spans {
		if s.Counts {
			counted += s.To.Sub(s.From)
		}
		if len(spans) > mostSpans && i >= mostSpans/2 && i < len(spans)-mostSpans/2 {
			if i == mostSpans/2 {
				rows = append(rows, []string{"    ...", fmt.Sprintf("%d more", len(spans)-mostSpans)})
			}
			continue
		}
		to := "and on"
		if !s.To.IsZero() {
			to = "to " + at(s.To)
		}
		what, why := "    does not count", tellSpan(s)
		if s.Counts {
			what, why = "    counts", span(s.To.Sub(s.From))
		}
		rows = append(rows, []string{what, at(s.From), to, why})
	}
	if err := table(out, rows); err != nil {
		return err
	}
	end := ""
	switch {
	case c.State() == "paused":
		end = fmt.Sprintf("stands still after %s", span(counted))
	case !c.Met.IsZero():
		end = fmt.Sprintf("met %s after %s, was due %s", at(c.Met), span(counted), at(c.Due))
	case c.Stopped:
		end = fmt.Sprintf("ended after %s, nothing is owed", span(counted))
	case !c.Breached.IsZero():
		end = fmt.Sprintf("breached: was due %s after %s", at(c.Due), span(counted))
	default:
		end = fmt.Sprintf("due %s after %s", at(c.Due), span(counted))
	}
	_, err := fmt.Fprintf(out, "    %s\n", end)
	return err
}

// tellSpan says why time does not count.
func tellSpan(s desk.Span) string {
	switch {
	case s.Paused.Awaiting() || s.Paused == desk.Waiting:
		return "paused: " + words(s.Paused)
	case s.Paused != "":
		return words(s.Paused)
	case len(s.Days) == 0:
		return "outside the hours"
	}
	var days []string
	for _, d := range s.Days {
		day := fmt.Sprintf("%s %s", d.Date.Weekday().String()[:3], d.Date)
		if d.Name != "" {
			day += " " + brief(d.Name, 60)
		}
		days = append(days, day)
	}
	return "closed: " + strings.Join(days, ", ")
}

// span is a length of time in hours and minutes.
func span(d time.Duration) string {
	d = d.Round(time.Minute)
	h, m := d/time.Hour, d%time.Hour/time.Minute
	switch {
	case h == 0:
		return fmt.Sprintf("%dm", m)
	case m == 0:
		return fmt.Sprintf("%dh", h)
	}
	return fmt.Sprintf("%dh %dm", h, m)
}
