// Package calendar knows when the desk works. It hides weekends, lunch, holidays, short days and the changes of the
// clock; its callers only ask when so much working time will have passed, and how much has.
//
// Hours are written as people write them, on the clock on the wall, and turned into instants edge by edge: an edge
// that daylight saving leaves out moves forward to the end of the gap, and of two the first counts. Between two edges
// time is elapsed time. So a night that is an hour longer on the wall of October has an hour more.
//
// Every interval is half-open: at its opening the desk is open, at its close no longer. Every instant that comes back
// is in UTC.
package calendar

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// A Calendar is a desk's or a market's working time (R3). Set the fields, then Check; the other methods rely on what
// Check promises. They change nothing, so one Calendar serves many goroutines.
type Calendar struct {
	Name string
	Zone *time.Location

	// Week holds the hours of each time.Weekday, in order and apart. Lunch is the gap between two intervals; a night
	// shift is 22:00-24:00 on one day and 00:00-06:00 on the next.
	Week [7][]Interval

	// Closed holds holidays and own closing days, with their names.
	Closed map[Date]string

	// Special holds the hours of single dates. They stand instead of the week's, and above Closed too, so that a desk
	// can work on a public holiday of its country. No hours at all is a closing day.
	Special map[Date][]Interval
}

// The longest time that Check lets a calendar be closed, in days, and the time after which a walk gives up. They lie
// far apart because a walk meets more than Check looks at, such as hours that fall into the gap of a clock change.
const (
	mostClosed  = 366
	endOfSearch = 5 * 366
)

// Check says everything that is wrong with the calendar, one error a line, or nil. A calendar that passes has open time
// within each year or so, which is why no method below returns an error: on one that did not pass they may
// panic, but never search for ever.
func (c *Calendar) Check() error {
	var wrong []error
	note := func(format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("calendar %q: "+format, append([]any{c.Name}, args...)...))
	}

	if c.Zone == nil {
		note("no time zone")
	}
	open := false
	for day, hours := range c.Week {
		open = open || len(hours) > 0
		if err := checkHours(hours); err != nil {
			note("%s: %w", time.Weekday(day), err)
		}
	}
	if !open {
		note("no working hours on any day of the week")
	}
	for _, d := range slices.SortedFunc(maps.Keys(c.Closed), Date.compare) {
		if !d.exists() {
			note("closed on %s: no such date", d)
		}
	}
	for _, d := range slices.SortedFunc(maps.Keys(c.Special), Date.compare) {
		if !d.exists() {
			note("special hours on %s: no such date", d)
		}
		if err := checkHours(c.Special[d]); err != nil {
			note("special hours on %s: %w", d, err)
		}
	}
	if len(wrong) == 0 {
		if from, to, days := c.longestClosing(); days > mostClosed {
			note("closed from %s to %s: at most %d days on end", from, to, mostClosed)
		}
	}
	return errors.Join(wrong...)
}

func checkHours(hours []Interval) error {
	for i, h := range hours {
		if err := h.check(); err != nil {
			return err
		}
		if i == 0 {
			continue
		}
		switch before := hours[i-1]; {
		case h.Open >= before.Close:
		case h.Close <= before.Open:
			return fmt.Errorf("%s stands after %s: put them in order", h, before)
		default:
			return fmt.Errorf("%s and %s overlap", before, h)
		}
	}
	return nil
}

// longestClosing is the longest row of dates without hours, between the first and the last single date that is named.
// Outside of these the week alone decides, and that is open at least once.
func (c *Calendar) longestClosing() (from, to Date, days int) {
	named := slices.AppendSeq(slices.Collect(maps.Keys(c.Closed)), maps.Keys(c.Special))
	if len(named) == 0 {
		return
	}
	row := 0
	last := slices.MaxFunc(named, Date.compare).day()
	for d := slices.MinFunc(named, Date.compare).day(); d <= last; d++ {
		if len(c.hours(d)) > 0 {
			row = 0
			continue
		}
		if row++; row > days {
			from, to, days = dateOf(d-int64(row)+1), dateOf(d), row
		}
	}
	return from, to, days
}

// hours are the intervals of a day, by its number.
func (c *Calendar) hours(day int64) []Interval {
	if len(c.Special)+len(c.Closed) > 0 {
		date := dateOf(day)
		if hours, ok := c.Special[date]; ok {
			return hours
		}
		if _, ok := c.Closed[date]; ok {
			return nil
		}
	}
	return c.Week[weekday(day)]
}

// IsOpen tells whether t is working time. At the very close it is not.
func (c *Calendar) IsOpen(t time.Time) bool {
	return c.NextOpening(t).Equal(t)
}

// NextOpening is the first instant of working time at or after t: t itself when open.
func (c *Calendar) NextOpening(t time.Time) time.Time {
	w := c.walk(t)
	open, _ := w.next()
	return open
}

// Add is the first instant by which so much working time has passed since t. Where that is just used up at a close,
// it is the close and not the next opening: whoever has until then must be done when the desk goes home (an answer at the
// instant itself is in time). Nothing or less to add gives t.
func (c *Calendar) Add(t time.Time, open time.Duration) time.Time {
	if open <= 0 {
		return inUTC(t)
	}
	w := c.walk(t)
	for left := open; ; {
		from, to := w.next()
		if here := to.Sub(from); here < left {
			left -= here
			continue
		}
		return from.Add(left)
	}
}

// Between is the working time in [a, b), and zero where b is not after a. It stops at the longest time.Duration.
func (c *Calendar) Between(a, b time.Time) time.Duration {
	w := c.walk(a)
	for total := time.Duration(0); ; {
		from, to := w.next()
		if !from.Before(b) {
			return total
		}
		if to.After(b) {
			to = b
		}
		if total += to.Sub(from); total < 0 {
			return math.MaxInt64
		}
	}
}

// AddDays is t and N working days, by the rule of "Exact meanings". A working day runs from the first opening of a date
// to its last close, lunch inside. Inside one, N days later is the same time on the clock of the Nth working day that
// follows. Outside, the day of the next opening is the first, and the time is up at the close of the Nth.
//
// "The same time" is taken at its word: from Wednesday 15:00 one day leads to Thursday 15:00 also where Thursday
// closes at noon. Nothing or less to add gives t.
func (c *Calendar) AddDays(t time.Time, days int) time.Time {
	t = inUTC(t)
	if days <= 0 {
		return t
	}
	clock := wallClock{zone: c.Zone}
	today := clock.day(t)
	inside := false
	for day := today; ; day++ {
		var hours []Interval
		day, hours = c.nextDay(day)
		open, end, ok := clock.workingDay(day, hours)
		switch {
		case !ok: // all of it lies in the gap of a clock change
		case !end.After(t): // over before t
		case !open.After(t):
			inside = true
		case days > 1:
			days--
		case inside:
			// Counted from the midnight of today, as the day was: in an overlap around midnight the clock may
			// still show yesterday.
			sinceMidnight := clock.reading(t.Unix()) - today*secondsPerDay
			return time.Unix(clock.first(day*secondsPerDay+sinceMidnight), int64(t.Nanosecond())).UTC()
		default:
			return end
		}
	}
}

// NextDayAt is the next instant after t at which the clock shows a minute of the day, on a date with hours.
func (c *Calendar) NextDayAt(t time.Time, minute int) time.Time {
	t = inUTC(t)
	clock := wallClock{zone: c.Zone}
	for day := clock.day(t); ; day++ {
		day, _ = c.nextDay(day)
		if at := clock.instant(day, minute); at.After(t) {
			return at
		}
	}
}

// EndOfDay is the midnight that ends the date which t belongs to.
func (c *Calendar) EndOfDay(t time.Time) time.Time {
	clock := wallClock{zone: c.Zone}
	return clock.instant(clock.day(inUTC(t))+1, 0)
}

// nextDay is the first day with hours, from the given one on.
func (c *Calendar) nextDay(day int64) (int64, []Interval) {
	for d := day; d < day+endOfSearch; d++ {
		if hours := c.hours(d); len(hours) > 0 {
			return d, hours
		}
	}
	panic(fmt.Sprintf("calendar %q: closed for five years from %s, which Check would have refused", c.Name, dateOf(day)))
}
