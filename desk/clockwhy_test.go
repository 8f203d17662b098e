package desk

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
)

func TestR2AccountOfAClock(t *testing.T) {
	monFri := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	office := week(t, monFri, "09:00-18:00")
	for _, tt := range []struct {
		name, target, start string
		steps               []string
		want                string
	}{
		{"over a night", "1 working day", "Tue 3 15:00", nil, "3h0m0s to Tue 18:00, closed to Wed 09:00, 6h0m0s to Wed 15:00"},
		{"over a weekend", "2 working hours", "Fri 6 17:00", nil, "1h0m0s to Fri 18:00, closed to Mon 09:00 (Sat Sun), 1h0m0s to Mon 10:00"},
		{"with a pause", "2 working hours", "Tue 3 15:00", []string{"Tue 3 16:00 pause", "Wed 4 10:00 resume"}, "1h0m0s to Tue 16:00, waiting to Wed 10:00, 1h0m0s to Wed 11:00"},
		{"standing still", "2 working hours", "Tue 3 15:00", []string{"Tue 3 16:00 pause"}, "1h0m0s to Tue 16:00, waiting"},
		{"met", "2 working hours", "Tue 3 15:00", []string{"Tue 3 15:30 meet"}, "30m0s to Tue 15:30"},
		{"met too late", "2 working hours", "Tue 3 15:00", []string{"Tue 3 17:30 meet"}, "2h30m0s to Tue 17:30"},
		{"met and taken up again", "3 working hours", "Tue 3 15:00", []string{"Tue 3 16:00 meet", "Wed 4 09:00 reopen"}, "1h0m0s to Tue 16:00, resolved to Wed 09:00, 2h0m0s to Wed 11:00"},
		{"a pause after the due time", "2 working hours", "Tue 3 15:00", []string{"Tue 3 17:30 pause", "Wed 4 09:00 resume"}, "2h0m0s to Tue 17:00"},
		{"minutes", "60m", "Fri 6 17:30", nil, "1h0m0s to Fri 18:30"},
		{"not begun", "60m", "", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			target, err := calendar.ParseTarget(tt.target)
			if err != nil {
				t.Fatal(err)
			}
			c := Clock{Target: target}
			if tt.start != "" {
				c.Start = local(t, tt.start)
			}
			c.compute(office)
			for _, step := range tt.steps {
				at := local(t, step[:strings.LastIndex(step, " ")])
				switch step[strings.LastIndex(step, " ")+1:] {
				case "pause":
					c.pause(at, Waiting)
				case "resume":
					c.resume(office, at)
				case "meet":
					c.meet(office, at)
				case "reopen":
					c.reopen(office, at, Resolved)
				}
			}
			var got []string
			for _, s := range c.Account(office) {
				what := "closed"
				if s.Counts {
					what = s.To.Sub(s.From).String()
				}
				if s.Paused != "" {
					what = string(s.Paused)
				}
				if !s.To.IsZero() {
					what += " to " + s.To.In(berlin).Format("Mon 15:04")
				}
				var days []string
				for _, d := range s.Days {
					days = append(days, d.Date.Weekday().String()[:3])
				}
				if len(days) > 0 {
					what += " (" + strings.Join(days, " ") + ")"
				}
				got = append(got, what)
			}
			if got := strings.Join(got, ", "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// Whatever pauses there were: the time fills without a gap, and what counts is the time allowed.
func TestR2AccountsAddUp(t *testing.T) {
	office := week(t, []time.Weekday{time.Monday, time.Tuesday, time.Thursday}, "09:00-12:00", "13:00-18:00")
	r := rand.New(rand.NewPCG(4, 2))
	for n := range 300 {
		hours := 1 + r.IntN(40)
		c := Clock{Target: calendar.Target{N: hours, Unit: calendar.WorkingHours}, Start: time.Date(2026, 3, 1+r.IntN(20), r.IntN(24), r.IntN(60), 0, 0, time.UTC)}
		c.compute(office)
		at := c.Start
		for range r.IntN(6) {
			at = at.Add(time.Duration(r.IntN(40*60)) * time.Minute)
			c.pause(at, Waiting)
			at = at.Add(time.Duration(r.IntN(90*60)) * time.Minute)
			c.resume(office, at)
		}
		var counted time.Duration
		last := c.Start
		for _, s := range c.Account(office) {
			if !s.From.Equal(last) {
				t.Fatalf("%d: a gap from %s to %s", n, last, s.From)
			}
			if last = s.To; s.Counts {
				counted += s.To.Sub(s.From)
			}
		}
		if want := time.Duration(hours) * time.Hour; counted != want || !last.Equal(c.Due) {
			t.Fatalf("%d: %s counted, want %s; it ends at %s and is due at %s\n%s", n, counted, want, last, c.Due, fmt.Sprint(c.Account(office)))
		}
	}
}
