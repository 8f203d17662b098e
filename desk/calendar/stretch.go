package calendar

import "time"

// A Stretch is a part of time in which the desk works, or does not.
type Stretch struct {
	From, To time.Time // in UTC
	Open     bool
	Days     []DayOff // without any hours, of those that a closed stretch touches; empty where it is only a night or a break
}

// A DayOff is a date on which the desk does not work.
type DayOff struct {
	Date Date
	Name string // of the holiday or closing day; "" for a weekday without hours
}

// Stretches are what [a, b) consists of, in order and without a gap: people read by them which hours counted (R2).
func (c *Calendar) Stretches(a, b time.Time) []Stretch {
	a, b = inUTC(a), inUTC(b)
	var all []Stretch
	w := c.walk(a)
	for at := a; at.Before(b); {
		from, to := w.next()
		if from.After(b) {
			from = b
		}
		if at.Before(from) {
			all = append(all, Stretch{From: at, To: from, Days: c.daysOff(at, from)})
		}
		if !from.Before(b) {
			break
		}
		if to.After(b) {
			to = b
		}
		if n := len(all); n > 0 && all[n-1].Open && all[n-1].To.Equal(from) { // over midnight
			all[n-1].To = to
		} else {
			all = append(all, Stretch{From: from, To: to, Open: true})
		}
		at = to
	}
	return all
}

// daysOff are the dates without hours in [a, b).
func (c *Calendar) daysOff(a, b time.Time) (off []DayOff) {
	clock := wallClock{zone: c.Zone}
	for day := clock.day(a); clock.instant(day, 0).Before(b); day++ {
		if len(c.hours(day)) > 0 {
			continue
		}
		date := dateOf(day)
		off = append(off, DayOff{date, c.Closed[date]})
	}
	return off
}

// Weekday is the day of the week of a date.
func (d Date) Weekday() time.Weekday { return weekday(d.day()) }
