package calendar

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestStretches(t *testing.T) {
	calendars := calendars(t)
	for _, tc := range []struct{ name, calendar, a, b, want string }{
		{"within a day", "office", "Tue 2026-06-16 10:00", "Tue 2026-06-16 11:00", "+10:00-11:00"},
		{"lunch", "lunch", "Tue 2026-06-16 12:00", "Tue 2026-06-16 14:00", "+12:00-12:30 -12:30-13:30 +13:30-14:00"},
		{"a night", "office", "Tue 2026-06-16 17:00", "Wed 2026-06-17 10:00", "+17:00-18:00 -18:00-09:00 +09:00-10:00"},
		{"a weekend", "office", "Fri 2026-06-19 17:00", "Mon 2026-06-22 10:00", "+17:00-18:00 -18:00-09:00(2026-06-20 2026-06-21) +09:00-10:00"},
		{"Christmas, a Friday", "office", "Thu 2026-12-24 11:00", "Mon 2026-12-28 10:00", "+11:00-12:00 -12:00-09:00(2026-12-25=Christmas Day 2026-12-26 2026-12-27) +09:00-10:00"},
		{"special hours of nothing", "office", "Wed 2026-12-30 17:00", "Fri 2027-01-01 11:00", "+17:00-18:00 -18:00-10:00(2026-12-31) +10:00-11:00"},
		{"round the clock is one stretch", "always", "Tue 2026-06-16 10:00", "Fri 2026-06-19 11:00", "+10:00-11:00"},
		{"closed all along", "office", "Sat 2026-06-20 10:00", "Sat 2026-06-20 11:00", "-10:00-11:00(2026-06-20)"},
		{"to the very close", "office", "Tue 2026-06-16 17:00", "Tue 2026-06-16 18:00", "+17:00-18:00"},
		{"from the very close", "office", "Tue 2026-06-16 18:00", "Tue 2026-06-16 19:00", "-18:00-19:00"},
		{"nothing", "office", "Tue 2026-06-16 17:00", "Tue 2026-06-16 17:00", ""},
		{"the wrong way round", "office", "Tue 2026-06-16 17:00", "Tue 2026-06-16 16:00", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := calendars[tc.calendar]
			var got []string
			for _, s := range c.Stretches(at(t, c.Zone, tc.a), at(t, c.Zone, tc.b)) {
				word := fmt.Sprintf("%s%s-%s", map[bool]string{true: "+", false: "-"}[s.Open], s.From.In(c.Zone).Format("15:04"), s.To.In(c.Zone).Format("15:04"))
				var days []string
				for _, d := range s.Days {
					days = append(days, strings.TrimSuffix(d.Date.String()+"="+d.Name, "="))
				}
				if len(days) > 0 {
					word += "(" + strings.Join(days, " ") + ")"
				}
				got = append(got, word)
			}
			if got := strings.Join(got, " "); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// Stretches lie one behind the other, fill the time, and hold as much working time as Between says.
func TestStretchesAgreeWithBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, begin := drawCalendar(t)
		a := begin.Add(time.Duration(rapid.Int64Range(0, int64(windowDays*24*time.Hour)).Draw(t, "a")))
		b := a.Add(time.Duration(rapid.Int64Range(1, int64(windowDays*24*time.Hour)).Draw(t, "length")))
		at, open := a, time.Duration(0)
		for i, s := range k.calendar.Stretches(a, b) {
			if !s.From.Equal(at) || !s.From.Before(s.To) {
				t.Fatalf("stretch %d is from %v to %v, after %v", i, s.From, s.To, at)
			}
			if at = s.To; s.Open {
				open += s.To.Sub(s.From)
			}
		}
		if want := k.calendar.Between(a, b); !at.Equal(b) || open != want {
			t.Fatalf("they end at %v, want %v, with %v of working time, want %v", at, b, open, want)
		}
	})
}
