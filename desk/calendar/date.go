package calendar

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Date is a day on the calendar, whatever the zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads a date in the form 2026-12-25.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("date %q: want a day that exists, such as 2026-12-25", s)
	}
	y, m, d := t.Date()
	return Date{y, m, d}, nil
}

// String is the form that ParseDate reads.
func (d Date) String() string {
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

func (d Date) exists() bool { return dateOf(d.day()) == d }

func (d Date) compare(e Date) int {
	return cmp.Or(cmp.Compare(d.Year, e.Year), cmp.Compare(d.Month, e.Month), cmp.Compare(d.Day, e.Day))
}

// day is the date's number, as a wallClock counts days.
func (d Date) day() int64 {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay
}

func dateOf(day int64) Date {
	y, m, d := time.Unix(day*secondsPerDay, 0).UTC().Date()
	return Date{y, m, d}
}

func weekday(day int64) time.Weekday {
	return time.Unix(day*secondsPerDay, 0).UTC().Weekday()
}

const minutesPerDay = 24 * 60

// An Interval is a part of a day, in minutes since midnight on the clock on the wall, half-open. Close may be 1440, the
// midnight at the end.
type Interval struct{ Open, Close int }

// ParseInterval reads an interval in the form 09:00-12:30. The whole day is 00:00-24:00.
func ParseInterval(s string) (Interval, error) {
	open, end, ok := strings.Cut(s, "-")
	if !ok {
		return Interval{}, fmt.Errorf("hours %q: want two times, such as 09:00-18:00", s)
	}
	var i Interval
	var err error
	if i.Open, err = parseMinute(strings.TrimSpace(open)); err != nil {
		return Interval{}, fmt.Errorf("hours %q: %w", s, err)
	}
	if i.Close, err = parseMinute(strings.TrimSpace(end)); err != nil {
		return Interval{}, fmt.Errorf("hours %q: %w", s, err)
	}
	if err := i.check(); err != nil {
		return Interval{}, err
	}
	return i, nil
}

// parseMinute reads a time between 0:00 and 24:00, as minutes.
func parseMinute(s string) (int, error) {
	hour, minute, _ := strings.Cut(s, ":")
	h, okHour := digits(hour)
	m, okMinute := digits(minute)
	if !okHour || !okMinute || len(hour) > 2 || len(minute) != 2 || m > 59 || h*60+m > minutesPerDay {
		return 0, fmt.Errorf("%q is no time of day, such as 09:00 or 24:00", s)
	}
	return h*60 + m, nil
}

// digits reads a number of digits alone: strconv takes signs too.
func digits(s string) (int, bool) {
	if strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

func (i Interval) check() error {
	switch {
	case i.Open < 0 || i.Close < 0 || i.Open > minutesPerDay || i.Close > minutesPerDay:
		return fmt.Errorf("%s is not within a day", i)
	case i.Open == i.Close:
		return fmt.Errorf("%s is empty: the whole day is 00:00-24:00", i)
	case i.Close == 0:
		return fmt.Errorf("%s closes before it opens: the midnight at the end of a day is 24:00", i)
	case i.Open > i.Close:
		return fmt.Errorf("%s closes before it opens: write a night as %s and, on the next day, %s",
			i, Interval{i.Open, minutesPerDay}, Interval{0, i.Close})
	}
	return nil
}

// String is the form that ParseInterval reads.
func (i Interval) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", i.Open/60, i.Open%60, i.Close/60, i.Close%60)
}
