package calendar

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDate(t *testing.T) {
	for _, tc := range []struct {
		name, s string
		want    Date
		ok      bool
	}{
		{"a date", "2026-12-25", Date{2026, time.December, 25}, true},
		{"leap day", "2028-02-29", Date{2028, time.February, 29}, true},
		{"no leap day", "2026-02-29", Date{}, false},
		{"another order", "25-12-2026", Date{}, false},
		{"without noughts", "2026-5-1", Date{}, false},
		{"with a time", "2026-12-25 09:00", Date{}, false},
		{"nothing", "", Date{}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseDate(tc.s)
			if got != tc.want || (err == nil) != tc.ok {
				t.Errorf("got %v, %v; want %v", got, err, tc.want)
			}
			if tc.ok && got.String() != tc.s {
				t.Errorf("got %q, want %q", got, tc.s)
			}
		})
	}
}

func TestParseInterval(t *testing.T) {
	for _, tc := range []struct {
		name, s string
		want    Interval
		wrong   string // a part of the error
	}{
		{"hours", "09:00-12:30", Interval{540, 750}, ""},
		{"all day", "00:00-24:00", Interval{0, 1440}, ""},
		{"spaces and one digit", "9:00 - 18:00", Interval{540, 1080}, ""},
		{"over midnight", "22:00-06:00", Interval{}, "write a night as 22:00-24:00 and, on the next day, 00:00-06:00"},
		{"until midnight", "22:00-00:00", Interval{}, "the midnight at the end of a day is 24:00"},
		{"empty", "09:00-09:00", Interval{}, "is empty"},
		{"one time", "09:00", Interval{}, "want two times"},
		{"hours alone", "9-18", Interval{}, `"9" is no time of day`},
		{"after midnight", "09:00-24:01", Interval{}, `"24:01" is no time of day`},
		{"sixty minutes", "09:00-12:60", Interval{}, `"12:60" is no time of day`},
		{"a sign", "09:00-+9:30", Interval{}, `"+9:30" is no time of day`},
		{"three digits", "009:00-12:00", Interval{}, `"009:00" is no time of day`},
		{"no hour", ":30-12:00", Interval{}, `":30" is no time of day`},
		{"three times", "09:00-12:00-13:00", Interval{}, `"12:00-13:00" is no time of day`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseInterval(tc.s)
			if got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
			if (err == nil) != (tc.wrong == "") || err != nil && !strings.Contains(err.Error(), tc.wrong) {
				t.Errorf("got %v, want %q", err, tc.wrong)
			}
		})
	}
}

func TestParseTarget(t *testing.T) {
	for _, tc := range []struct {
		name, s string
		want    Target
		wrong   string // a part of the error
	}{
		{"minutes", "30m", Target{30, Minutes}, ""},
		{"a working hour", "1 working hour", Target{1, WorkingHours}, ""},
		{"working hours", "4 working hours", Target{4, WorkingHours}, ""},
		{"a working day", "1 working day", Target{1, WorkingDays}, ""},
		{"working days", "2 working days", Target{2, WorkingDays}, ""},
		{"the most", "3660 working days", Target{3660, WorkingDays}, ""},
		{"none", "0 working days", Target{}, "at least 1"},
		{"too many", "3661 working days", Target{}, "at most 3660 working days"},
		{"more than a number holds", "99999999999999999999m", Target{}, "at most 5270400m"},
		{"no number", "working days", Target{}, "at least 1"},
		{"a sign", "-1 working day", Target{}, "want"},
		{"hours of what", "4h", Target{}, `"4 working hours"`},
		{"days of what", "2 days", Target{}, `"2 working days"`},
		{"nothing", "", Target{}, "want"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseTarget(tc.s)
			if got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
			if (err == nil) != (tc.wrong == "") || err != nil && !strings.Contains(err.Error(), tc.wrong) {
				t.Errorf("got %v, want %q", err, tc.wrong)
			}
			if err == nil && got.String() != tc.s {
				t.Errorf("got %q, want %q", got, tc.s)
			}
		})
	}
}

func TestIntervalsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		open := rapid.IntRange(0, minutesPerDay-1).Draw(t, "open")
		want := Interval{open, rapid.IntRange(open+1, minutesPerDay).Draw(t, "close")}
		if got, err := ParseInterval(want.String()); got != want || err != nil {
			t.Fatalf("got %v, %v; want %v", got, err, want)
		}
	})
}
