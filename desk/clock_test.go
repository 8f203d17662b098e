package desk

import (
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/policy"
)

var berlin = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}()

// week is a calendar of Berlin with the same hours on each of these days.
func week(t *testing.T, days []time.Weekday, hours ...string) *calendar.Calendar {
	t.Helper()
	c := &calendar.Calendar{Name: "test", Zone: berlin}
	for _, d := range days {
		for _, h := range hours {
			i, err := calendar.ParseInterval(h)
			if err != nil {
				t.Fatal(err)
			}
			c.Week[d] = append(c.Week[d], i)
		}
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return c
}

// local reads a moment of March 2026 on the wall of Berlin, "Tue 3 15:00".
func local(t *testing.T, s string) time.Time {
	t.Helper()
	layout := "Mon 2 15:04"
	if strings.Count(s, ":") == 2 {
		layout = "Mon 2 15:04:05"
	}
	at, err := time.ParseInLocation("2006-01 "+layout, "2026-03 "+s, berlin)
	if err != nil {
		t.Fatal(err)
	}
	if got := at.Format("Mon"); got != s[:3] {
		t.Fatalf("%s is a %s", s, got)
	}
	return at.UTC()
}

// TestF39 runs clocks through their lives: each step is a moment and what happens then.
func TestF39(t *testing.T) {
	monFri := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	office := week(t, monFri, "09:00-18:00")
	lunch := week(t, monFri, "09:00-12:00", "13:00-18:00")
	noMonday := week(t, monFri[1:], "09:00-18:00")
	always := week(t, append([]time.Weekday{time.Saturday, time.Sunday}, monFri...), "00:00-24:00")
	tests := []struct {
		name   string
		cal    *calendar.Calendar
		target string
		start  string
		steps  []string
		due    string // not looked at where the clock stands still
		state  string
	}{
		{"runs", office, "1 working day", "Tue 3 15:00", nil, "Wed 4 15:00", "running"},
		{"an answer at the due time is in time", office, "1 working day", "Tue 3 15:00", []string{"Wed 4 15:00 meet"}, "Wed 4 15:00", "met"},
		{"an answer a second later is not", office, "1 working day", "Tue 3 15:00", []string{"Wed 4 15:00:01 meet"}, "Wed 4 15:00", "breached"},
		{"the first answer counts", office, "1 working day", "Tue 3 15:00", []string{"Wed 4 10:00 meet", "Thu 5 10:00 meet"}, "Wed 4 15:00", "met"},
		{"stands still", office, "1 working day", "Tue 3 15:00", []string{"Tue 3 16:00 pause"}, "", "paused"},
		{"runs on with the time left", office, "1 working day", "Tue 3 15:00", []string{"Tue 3 16:00 pause", "Thu 5 10:00 resume"}, "Thu 5 18:00", "running"},
		{"two pauses", office, "1 working day", "Tue 3 15:00", []string{"Tue 3 16:00 pause", "Tue 3 17:00 resume", "Wed 4 09:00 pause", "Wed 4 11:00 resume"}, "Wed 4 18:00", "running"},
		{"a pause of one night takes nothing", office, "1 working day", "Tue 3 15:00", []string{"Tue 3 18:00 pause", "Wed 4 09:00 resume"}, "Wed 4 15:00", "running"},
		{"pausing twice is one pause", office, "1 working day", "Tue 3 15:00", []string{"Tue 3 16:00 pause", "Tue 3 17:30 pause", "Thu 5 10:00 resume"}, "Thu 5 18:00", "running"},
		{"answered after the customer was silent for days", office, "1 working day", "Tue 3 15:00", []string{"Tue 3 15:00 pause", "Mon 9 10:00 meet"}, "Tue 10 10:00", "met"},
		{"a pause after the due time mends nothing", office, "1 working day", "Tue 3 15:00", []string{"Wed 4 16:00 pause", "Fri 6 10:00 resume", "Fri 6 11:00 meet"}, "Wed 4 15:00", "breached"},
		{"a pause that ends before it began is none", office, "1 working day", "Tue 3 15:00", []string{"Tue 3 16:00 pause", "Tue 3 15:30 resume"}, "Wed 4 15:00", "running"},
		{"a longer target counts from the same start", office, "1 working day", "Tue 3 15:00", []string{"Wed 4 11:00 target 2 working days"}, "Thu 5 15:00", "running"},
		{"a shorter target counts from the same start", office, "3 working days", "Tue 3 15:00", []string{"Wed 4 11:00 target 2 working hours"}, "Tue 3 17:00", "running"},
		{"a new target keeps the pauses", office, "1 working day", "Tue 3 15:00", []string{"Tue 3 16:00 pause", "Tue 3 17:00 resume", "Wed 4 11:00 target 2 working days"}, "Thu 5 16:00", "running"},
		{"met and reopened runs on with the time left", office, "3 working days", "Tue 3 09:00", []string{"Wed 4 09:00 meet", "Fri 6 09:00 reopen"}, "Mon 9 18:00", "running"},
		{"reopened and met again", office, "3 working days", "Tue 3 09:00", []string{"Wed 4 09:00 meet", "Fri 6 09:00 reopen", "Mon 9 12:00 meet"}, "Mon 9 18:00", "met"},
		{"stopped, nothing is owed", office, "1 working day", "Tue 3 15:00", []string{"Tue 3 16:00 stop"}, "", ""},
		{"stopped and reopened runs on with the time left", office, "1 working day", "Tue 3 15:00", []string{"Tue 3 16:00 stop", "Thu 5 10:00 reopen"}, "Thu 5 18:00", "running"},
		{"stopped in a pause and reopened", office, "1 working day", "Tue 3 15:00", []string{"Tue 3 16:00 pause", "Tue 3 17:00 stop", "Thu 5 10:00 reopen"}, "Thu 5 18:00", "running"},
		{"a stopped clock is not met", office, "1 working day", "Tue 3 15:00", []string{"Tue 3 16:00 stop", "Tue 3 17:00 meet"}, "", ""},
		{"minutes run by night and through the weekend", office, "4000m", "Fri 6 18:00", nil, "Mon 9 12:40", "running"},
		{"minutes stand still in a pause", office, "60m", "Fri 6 18:00", []string{"Fri 6 18:30 pause", "Sat 7 12:00 resume"}, "Sat 7 12:30", "running"},
		{"minutes are elapsed time when the clocks change", office, "1440m", "Sat 28 12:00", nil, "Sun 29 13:00", "running"},
		{"lunch is no working time", lunch, "1 working hour", "Tue 3 11:30", nil, "Tue 3 13:30", "running"},
		{"a pause over lunch", lunch, "1 working hour", "Tue 3 11:30", []string{"Tue 3 11:45 pause", "Tue 3 12:30 resume"}, "Tue 3 13:45", "running"},
		{"a week without Monday", noMonday, "1 working day", "Fri 6 17:00", nil, "Tue 10 17:00", "running"},
		{"resumed on a day without hours", noMonday, "1 working hour", "Fri 6 17:30", []string{"Fri 6 17:45 pause", "Mon 9 12:00 resume"}, "Tue 10 09:45", "running"},
		{"midnight takes no minute", always, "24 working hours", "Tue 3 23:59", nil, "Wed 4 23:59", "running"},
		{"a pause across midnight", always, "24 working hours", "Tue 3 12:00", []string{"Tue 3 23:59 pause", "Wed 4 00:01 resume"}, "Wed 4 12:02", "running"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			target, err := calendar.ParseTarget(tt.target)
			if err != nil {
				t.Fatal(err)
			}
			c := Clock{Name: "first_response", Target: target, Steps: []Step{{Step: policy.Step{Part: 75}}}, Start: local(t, tt.start)}
			c.compute(tt.cal)
			for _, step := range tt.steps {
				words := strings.SplitN(step, " ", 5)
				at := local(t, strings.Join(words[:3], " "))
				switch words[3] {
				case "pause":
					c.pause(at, Waiting)
				case "resume":
					c.resume(tt.cal, at)
				case "meet":
					c.meet(tt.cal, at)
				case "stop":
					c.stop(at)
				case "reopen":
					c.reopen(tt.cal, at, Resolved)
				case "target":
					if c.Target, err = calendar.ParseTarget(words[4]); err != nil {
						t.Fatal(err)
					}
					c.compute(tt.cal)
				default:
					t.Fatalf("no step %q", step)
				}
			}
			if got := c.State(); got != tt.state {
				t.Errorf("it is %q, want %q", got, tt.state)
			}
			if tt.due == "" {
				return
			}
			if want := local(t, tt.due); !c.Due.Equal(want) {
				t.Errorf("due %s, want %s", c.Due.In(berlin).Format("Mon 2 15:04"), tt.due)
			}
		})
	}
}

func TestClockWarns(t *testing.T) {
	office := week(t, []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}, "09:00-18:00")
	c := Clock{Name: "first_response", Target: calendar.Target{N: 1, Unit: calendar.WorkingDays}, Steps: []Step{{Step: policy.Step{Part: 75}}}, Start: local(t, "Tue 3 15:00")}
	c.compute(office)
	wake := func(when, want string) {
		t.Helper()
		var at time.Time
		if want != "" {
			at = local(t, want)
		}
		if got := c.wake(); !got.Equal(at) {
			t.Errorf("%s it wakes at %s, want %q", when, got.In(berlin).Format("Mon 2 15:04:05"), want)
		}
	}
	wake("before the warning", "Wed 4 12:45")
	c.Steps[0].Fired = local(t, "Wed 4 12:45")
	wake("after the warning", "Wed 4 15:00:01")
	c.pause(local(t, "Wed 4 13:00"), Waiting)
	wake("while it stands still", "")
	c.resume(office, local(t, "Thu 5 13:00"))
	wake("after the pause", "Thu 5 15:00:01")
	c.Breached = local(t, "Thu 5 15:00:01")
	wake("once it is breached", "")
	if got := c.State(); got != "breached" {
		t.Errorf("it is %q, want breached", got)
	}
	c.meet(office, local(t, "Thu 5 16:00"))
	if got := c.State(); got != "breached" {
		t.Errorf("met after its breach it is %q, want breached", got)
	}
}
