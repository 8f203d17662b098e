package calendar

import (
	"math"
	"time"
)

const secondsPerDay = 24 * 60 * 60

// A walk goes through the open time after an instant, day by day.
type walk struct {
	calendar *Calendar
	clock    wallClock
	after    time.Time
	tomorrow int64      // the next day to look at
	rest     []Interval // what is left of the day before it
}

func (c *Calendar) walk(after time.Time) walk {
	w := walk{calendar: c, clock: wallClock{zone: c.Zone}, after: inUTC(after)}
	w.tomorrow = w.clock.day(w.after)
	return w
}

// next is the next stretch of open time, never an empty one; the first is cut at the instant the walk began at.
func (w *walk) next() (from, to time.Time) {
	for {
		if len(w.rest) == 0 {
			day, hours := w.calendar.nextDay(w.tomorrow)
			w.tomorrow, w.rest = day+1, hours
		}
		hours := w.rest[0]
		w.rest = w.rest[1:]
		from, to = w.clock.instant(w.tomorrow-1, hours.Open), w.clock.instant(w.tomorrow-1, hours.Close)
		if from.Before(w.after) {
			from = w.after
		}
		if from.Before(to) {
			return from, to
		}
	}
}

// A wallClock is the clock on the wall of one zone. What it shows, a reading, is counted in seconds since 1970-01-01
// 00:00 on that clock itself; a day is its number since then. So 09:00 of a day is the same reading in all zones, and
// days are 24 hours apart, whatever the clock does in between.
type wallClock struct {
	zone *time.Location

	// The stretch of Unix time last looked up, half-open, and the seconds that the clock is ahead of UTC in it. A
	// stretch lasts for months, so most questions need no look into the zone.
	since, until, ahead int64
}

// No zone ever was a day ahead of UTC: 15 h 14 min is the most (Alaska, before it became American).
const farthestAhead = secondsPerDay

// first is the first instant, in Unix seconds, at which the clock shows the reading or a later one. This is the whole
// rule on daylight saving: of two equal readings it is the first, and for one in a gap the end of the gap. It also
// keeps the order: a later reading never comes before an earlier one.
func (w *wallClock) first(reading int64) int64 {
	for at := reading - farthestAhead; ; at = w.until {
		w.lookUp(at)
		if at = max(w.since, reading-w.ahead); at < w.until {
			return at
		}
	}
}

// instant is when a minute of a day begins.
func (w *wallClock) instant(day int64, minute int) time.Time {
	return time.Unix(w.first(day*secondsPerDay+int64(minute)*60), 0).UTC()
}

// workingDay is a day's first opening and last close, and false where nothing is left of its hours. Hours that fall into
// the gap of a clock change have no opening.
func (w *wallClock) workingDay(day int64, hours []Interval) (open, end time.Time, ok bool) {
	for _, h := range hours {
		from, to := w.instant(day, h.Open), w.instant(day, h.Close)
		if !from.Before(to) {
			continue
		}
		if !ok {
			open, ok = from, true
		}
		end = to
	}
	return open, end, ok
}

// reading is what the clock shows at an instant in Unix seconds.
func (w *wallClock) reading(at int64) int64 {
	w.lookUp(at)
	return at + w.ahead
}

// day is the day that t belongs to: from its first midnight to the first midnight of the next. That is the date on the
// clock, but for the minutes after a clock that has passed midnight was put back before it, as in St. John's until 2011.
func (w *wallClock) day(t time.Time) int64 {
	at := t.Unix()
	reading := w.reading(at)
	day := reading / secondsPerDay
	if reading%secondsPerDay < 0 {
		day--
	}
	for w.first((day+1)*secondsPerDay) <= at {
		day++
	}
	return day
}

// lookUp makes the stretch be the one around an instant.
func (w *wallClock) lookUp(at int64) {
	if w.since <= at && at < w.until {
		return
	}
	t := time.Unix(at, 0).In(w.zone)
	_, ahead := t.Zone()
	w.since, w.until, w.ahead = math.MinInt64, math.MaxInt64, int64(ahead)
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		w.since = start.Unix()
	}
	if !end.IsZero() {
		w.until = end.Unix()
	}
	// On the last day of a leap year ZoneBounds tells the midnight before as the end, where it goes by the zone's
	// rule for the far future (seen in Go 1.26). The offset is right, and holds for that day in UTC at least.
	if w.until <= at {
		w.until = at - at%secondsPerDay + secondsPerDay
	}
}

// inUTC also drops the reading of the process's own clock, so that equal instants are equal values.
func inUTC(t time.Time) time.Time {
	return t.Round(0).UTC()
}
