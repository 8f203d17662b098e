package calendar

import (
	"testing"
	"time"
)

// TestF39 holds the deadlines that other desks got wrong, each with the wrong answer beside the right one, so that a reader sees what the
// slip was. (That of the answer's order, and of a breach while the customer was silent, are in the desk's own TestF39.)
func TestF39(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	days := func(from, to time.Weekday, list ...string) (week [7][]Interval) {
		for d := from; d <= to; d++ {
			week[d] = hours(t, list...)
		}
		return week
	}
	office := &Calendar{Zone: berlin, Week: days(time.Monday, time.Friday, "09:00-18:00")}
	if err := office.Observe("DE", "BY"); err != nil {
		t.Fatal(err)
	}
	lunch := &Calendar{Zone: berlin, Week: days(time.Monday, time.Friday, "09:00-12:00", "13:00-18:00")}
	always := &Calendar{Zone: berlin, Week: days(time.Sunday, time.Saturday, "00:00-24:00")}
	noMonday := &Calendar{Zone: berlin, Week: days(time.Tuesday, time.Friday, "09:00-18:00")}
	business := &Calendar{Zone: zone(t, "Europe/Warsaw"), Week: days(time.Monday, time.Friday, "00:00-24:00")}
	if err := business.Observe("PL", ""); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, slip    string
		c             *Calendar
		start, target string
		want, wrong   string
	}{
		{"business hours only", "ran on by the wall clock", office, "Fri 2026-06-19 17:00", "2 working hours", "Mon 2026-06-22 10:00", "Fri 2026-06-19 19:00"},
		{"a working day over the weekend", "took days of the week", office, "Fri 2026-06-19 17:59", "1 working day", "Mon 2026-06-22 17:59", "Sat 2026-06-20 17:59"},
		{"round the clock for a week", "lost the last minute of each day", always, "Mon 2026-06-15 00:00", "168 working hours", "Mon 2026-06-22 00:00", "Mon 2026-06-22 00:07"},
		{"round the clock from just before midnight", "stopped at 23:59", always, "Mon 2026-06-15 23:59", "1 working hour", "Tue 2026-06-16 00:59", "Tue 2026-06-16 01:00"},
		{"a week without Monday", "had no answer", noMonday, "Mon 2026-06-15 10:00", "1 working hour", "Tue 2026-06-16 10:00", "Mon 2026-06-15 11:00"},
		{"a week without Monday, from Friday", "went to Monday", noMonday, "Fri 2026-06-19 17:30", "1 working hour", "Tue 2026-06-23 09:30", "Mon 2026-06-22 09:30"},
		{"lunch", "counted the break", lunch, "Tue 2026-06-16 11:30", "1 working hour", "Tue 2026-06-16 13:30", "Tue 2026-06-16 12:30"},
		{"lunch, written down as a holiday", "took the whole day off", lunch, "Tue 2026-06-16 11:30", "2 working hours", "Tue 2026-06-16 14:30", "Wed 2026-06-17 10:30"},
		{"used up at lunch", "went on to after the break", lunch, "Tue 2026-06-16 11:00", "1 working hour", "Tue 2026-06-16 12:00", "Tue 2026-06-16 13:00"},
		{"used up at the close", "went on to the next opening", office, "Fri 2026-06-19 17:00", "1 working hour", "Fri 2026-06-19 18:00", "Mon 2026-06-22 09:00"},
		{"registered at the close", "took the close for open", office, "Fri 2026-06-19 18:00", "1 working day", "Mon 2026-06-22 18:00", "Fri 2026-06-19 18:00"},
		{"Epiphany in Bavaria", "knew the country's holidays only", office, "Mon 2026-01-05 10:00", "1 working day", "Wed 2026-01-07 10:00", "Tue 2026-01-06 10:00"},
		{"Corpus Christi", "knew no holiday that moves with Easter", office, "Wed 2026-06-03 10:00", "1 working day", "Fri 2026-06-05 10:00", "Thu 2026-06-04 10:00"},
		{"registered on a holiday", "counted the holiday as day 1", office, "Thu 2026-06-04 10:00", "1 working day", "Fri 2026-06-05 18:00", "Thu 2026-06-04 18:00"},
		{"a holiday in ten years", "knew those of this year only", office, "Wed 2036-06-11 10:00", "1 working day", "Fri 2036-06-13 10:00", "Thu 2036-06-12 10:00"},
		{"Christmas and a weekend", "took one of them off", office, "Thu 2026-12-24 17:00", "2 working hours", "Mon 2026-12-28 10:00", "Sat 2026-12-26 10:00"},
		{"Christmas Eve in Poland", "had the law before 2025", business, "Wed 2026-12-23 15:00", "24 working hours", "Mon 2026-12-28 15:00", "Thu 2026-12-24 15:00"},
		{"24 business hours into summer time", "took 24 hours on the wall", always, "Sat 2026-03-28 12:00", "24 working hours", "Sun 2026-03-29 13:00", "Sun 2026-03-29 12:00"},
		{"a working day into summer time", "took 24 hours by the clock", office, "Fri 2026-03-27 10:00", "1 working day", "Mon 2026-03-30 10:00", "Mon 2026-03-30 11:00"},
		{"a working day into winter time", "took 24 hours by the clock", office, "Fri 2026-10-23 10:00", "1 working day", "Mon 2026-10-26 10:00", "Mon 2026-10-26 09:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			target, err := ParseTarget(tc.target)
			if err != nil {
				t.Fatal(err)
			}
			got := tc.c.Due(at(t, tc.c.Zone, tc.start), target)
			if wrong := at(t, tc.c.Zone, tc.wrong); got.Equal(wrong) {
				t.Errorf("%s from %s is due %s: it %s", target, tc.start, tc.wrong, tc.slip)
			} else if want := at(t, tc.c.Zone, tc.want); !got.Equal(want) {
				t.Errorf("%s from %s: got %s, want %s", target, tc.start, got.In(tc.c.Zone).Format("Mon 2006-01-02 15:04 -0700"), tc.want)
			}
		})
	}
}
