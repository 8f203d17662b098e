package desk

import (
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
)

// A Span is a part of a clock's time that counts, or does not and why: the desk was closed, or the clock stood still.
type Span struct {
	From, To time.Time // To is zero for a pause that lasts
	Counts   bool
	Paused   Status            // the status that made it stand still; "" where it did not
	Days     []calendar.DayOff // without hours, where the desk was closed; empty for a night or a break
}

// Account tells how a clock came to where it stands: all of its time from the start to when it was met, or else to its due time, in order and
// without a gap. A clock that stands still ends with its pause.
func (c *Clock) Account(cal *calendar.Calendar) []Span {
	if c.dormant() {
		return nil
	}
	end := c.Due
	if !c.Met.IsZero() {
		end = c.Met
	}
	var all []Span
	at := c.Start
	for _, p := range c.Pauses {
		if !p.To.IsZero() && !p.From.Before(end) { // it began after the end, and moved nothing
			break
		}
		all = c.runs(all, cal, at, p.From)
		if p.To.IsZero() || p.From.Before(p.To) {
			all = append(all, Span{From: p.From, To: p.To, Paused: p.Why})
		}
		if at = p.To; at.IsZero() {
			return all
		}
	}
	return c.runs(all, cal, at, end)
}

// runs adds the time in which a clock does not stand still.
func (c *Clock) runs(all []Span, cal *calendar.Calendar, from, to time.Time) []Span {
	if c.Target.Unit == calendar.Minutes { // by day and night
		if from.Before(to) {
			all = append(all, Span{From: from, To: to, Counts: true})
		}
		return all
	}
	for _, s := range cal.Stretches(from, to) {
		all = append(all, Span{From: s.From, To: s.To, Counts: s.Open, Days: s.Days})
	}
	return all
}
