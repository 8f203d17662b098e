package calendar

import (
	"math"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the tables hold wherever they run
)

// at reads "Fri 2026-05-01 09:00" on the clock of a zone; "+0200" behind it tells two equal readings apart. It insists
// that the day of the week is right and that the clock really shows this, since both are easy to get wrong in a table.
func at(t testing.TB, zone *time.Location, s string) time.Time {
	t.Helper()
	layout := "Mon 2006-01-02 15:04"
	if len(s) > len(layout) {
		layout += " -0700"
	}
	got, err := time.ParseInLocation(layout, s, zone)
	if err != nil {
		t.Fatal(err)
	}
	if shown := got.In(zone).Format(layout); shown != s {
		t.Fatalf("the clock never shows %q but %q", s, shown)
	}
	return got
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func hours(t testing.TB, list ...string) []Interval {
	t.Helper()
	var all []Interval
	for _, s := range list {
		i, err := ParseInterval(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, i)
	}
	return all
}

func date(t testing.TB, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// calendars are what the tables run on, by name.
func calendars(t testing.TB) map[string]*Calendar {
	weekdays := func(list ...string) (week [7][]Interval) {
		for d := time.Monday; d <= time.Friday; d++ {
			week[d] = hours(t, list...)
		}
		return week
	}
	daily := func(list ...string) (week [7][]Interval) {
		for d := range week {
			week[d] = hours(t, list...)
		}
		return week
	}
	berlin := zone(t, "Europe/Berlin")
	all := map[string]*Calendar{
		"office": {Zone: berlin, Week: weekdays("09:00-18:00"),
			Closed: map[Date]string{
				date(t, "2026-05-01"): "May Day",
				date(t, "2026-12-25"): "Christmas Day",
				date(t, "2027-01-01"): "New Year's Day",
			},
			Special: map[Date][]Interval{
				date(t, "2026-12-24"): hours(t, "09:00-12:00"),
				date(t, "2026-12-31"): nil,
				date(t, "2027-01-01"): hours(t, "10:00-14:00"), // above Closed
			}},
		"lunch":       {Zone: berlin, Week: weekdays("09:00-12:30", "13:30-18:00")},
		"business":    {Zone: zone(t, "Europe/Warsaw"), Week: weekdays("00:00-24:00"), Closed: map[Date]string{date(t, "2026-11-11"): "Independence Day"}},
		"night":       {Zone: berlin, Week: daily("00:00-06:00", "22:00-24:00")},
		"always":      {Zone: berlin, Week: daily("00:00-24:00")},
		"tuesdays":    {Zone: berlin, Week: [7][]Interval{time.Tuesday: hours(t, "09:00-18:00")}},
		"gap":         {Zone: berlin, Week: daily("02:30-04:00")},
		"in gap":      {Zone: berlin, Week: daily("02:15-02:45")},
		"half in gap": {Zone: berlin, Week: daily("02:00-02:30", "04:00-05:00")},
		"to gap":      {Zone: berlin, Week: daily("01:00-02:30")},
		"New York":    {Zone: zone(t, "America/New_York"), Week: daily("00:00-04:00")},
		"Lord Howe":   {Zone: zone(t, "Australia/Lord_Howe"), Week: daily("01:00-03:00")},
		"Havana":      {Zone: zone(t, "America/Havana"), Week: daily("00:00-02:00", "23:00-24:00")},
		"Beirut":      {Zone: zone(t, "Asia/Beirut"), Week: daily("00:00-02:00", "22:00-24:00")},
		"St. John's":  {Zone: zone(t, "America/St_Johns"), Week: daily("00:00-24:00")},
		"Apia":        {Zone: zone(t, "Pacific/Apia"), Week: daily("09:00-18:00")},
		"UTC":         {Zone: time.UTC, Week: weekdays("09:00-18:00")},
	}
	for name, c := range all {
		c.Name = name
		if err := c.Check(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestDue(t *testing.T) {
	calendars := calendars(t)
	for _, tc := range []struct{ name, calendar, start, target, want string }{
		// The examples of "Exact meanings".
		{"a working day later at the same time", "office", "Mon 2026-06-15 15:00", "1 working day", "Tue 2026-06-16 15:00"},
		{"a working day from Tuesday", "office", "Tue 2026-06-16 15:00", "1 working day", "Wed 2026-06-17 15:00"},
		{"a working day over the weekend", "office", "Fri 2026-06-19 17:59", "1 working day", "Mon 2026-06-22 17:59"},
		{"Friday at the close is outside", "office", "Fri 2026-06-19 18:00", "1 working day", "Mon 2026-06-22 18:00"},
		{"Saturday is outside", "office", "Sat 2026-06-20 11:00", "1 working day", "Mon 2026-06-22 18:00"},
		{"a holiday is outside", "office", "Fri 2026-05-01 11:00", "1 working day", "Mon 2026-05-04 18:00"},
		{"a working hour over the weekend", "office", "Fri 2026-06-19 17:30", "1 working hour", "Mon 2026-06-22 09:30"},
		{"24 business hours from Friday", "business", "Fri 2026-06-19 15:00", "24 working hours", "Mon 2026-06-22 15:00"},
		{"24 business hours from Saturday", "business", "Sat 2026-06-20 10:00", "24 working hours", "Tue 2026-06-23 00:00"},

		// Working days.
		{"before opening is outside, and today counts", "office", "Tue 2026-06-16 08:59", "1 working day", "Tue 2026-06-16 18:00"},
		{"at opening is inside", "office", "Tue 2026-06-16 09:00", "1 working day", "Wed 2026-06-17 09:00"},
		{"two days over the weekend", "office", "Thu 2026-06-18 10:00", "2 working days", "Mon 2026-06-22 10:00"},
		{"two days from a Sunday", "office", "Sun 2026-06-21 10:00", "2 working days", "Tue 2026-06-23 18:00"},
		{"five days are a week", "office", "Wed 2026-06-17 10:00", "5 working days", "Wed 2026-06-24 10:00"},
		{"May Day is no working day", "office", "Thu 2026-04-30 17:00", "1 working day", "Mon 2026-05-04 17:00"},
		{"lunch lies inside the day", "lunch", "Tue 2026-06-16 13:00", "1 working day", "Wed 2026-06-17 13:00"},
		{"the same time on a short day", "office", "Wed 2026-12-23 15:00", "1 working day", "Thu 2026-12-24 15:00"},
		{"after the close of a short day", "office", "Thu 2026-12-24 12:00", "1 working day", "Mon 2026-12-28 18:00"},
		{"a holiday with hours of its own", "office", "Wed 2026-12-30 18:30", "1 working day", "Fri 2027-01-01 14:00"},
		{"a business day from Saturday ends at midnight", "business", "Sat 2026-06-20 10:00", "1 working day", "Tue 2026-06-23 00:00"},
		{"only Tuesdays count", "tuesdays", "Tue 2026-06-16 10:00", "3 working days", "Tue 2026-07-07 10:00"},
		{"the same time after the change to summer", "office", "Fri 2026-03-27 10:00", "1 working day", "Mon 2026-03-30 10:00"},
		{"the same time falls into the gap", "always", "Sat 2026-03-28 02:30", "1 working day", "Sun 2026-03-29 03:00"},
		{"the same time comes twice: the first", "always", "Sat 2026-10-24 02:30", "1 working day", "Sun 2026-10-25 02:30 +0200"},
		{"from the second of two equal readings", "always", "Sun 2026-10-25 02:30 +0100", "1 working day", "Mon 2026-10-26 02:30"},
		{"a date that the gap swallows is no working day", "in gap", "Sat 2026-03-28 02:30", "1 working day", "Mon 2026-03-30 02:30"},
		{"an opening that the gap swallows is none", "half in gap", "Sun 2026-03-29 03:00", "1 working day", "Sun 2026-03-29 05:00"},
		{"a date that never was", "Apia", "Thu 2011-12-29 12:00", "1 working day", "Sat 2011-12-31 12:00"},
		{"a midnight that comes twice", "St. John's", "Sat 2010-11-06 23:30 -0330", "1 working day", "Sun 2010-11-07 23:30"},

		// Working hours.
		{"May Day is off", "office", "Thu 2026-04-30 17:00", "2 working hours", "Mon 2026-05-04 10:00"},
		{"used up at the close is due at the close", "office", "Fri 2026-06-19 17:00", "1 working hour", "Fri 2026-06-19 18:00"},
		{"from the close on it is Monday", "office", "Fri 2026-06-19 18:00", "1 working hour", "Mon 2026-06-22 10:00"},
		{"from before the opening", "office", "Fri 2026-06-19 03:00", "1 working hour", "Fri 2026-06-19 10:00"},
		{"lunch does not count", "lunch", "Tue 2026-06-16 12:00", "1 working hour", "Tue 2026-06-16 14:00"},
		{"from lunch", "lunch", "Tue 2026-06-16 13:00", "1 working hour", "Tue 2026-06-16 14:30"},
		{"a week without Monday", "tuesdays", "Mon 2026-06-15 10:00", "9 working hours", "Tue 2026-06-16 18:00"},
		{"a holiday of the market", "business", "Tue 2026-11-10 15:00", "24 working hours", "Thu 2026-11-12 15:00"},
		{"the year ends", "office", "Wed 2026-12-30 17:00", "2 working hours", "Fri 2027-01-01 11:00"},
		{"leap day", "always", "Mon 2028-02-28 12:00", "24 working hours", "Tue 2028-02-29 12:00"},
		{"no leap day", "always", "Sun 2027-02-28 12:00", "24 working hours", "Mon 2027-03-01 12:00"},
		{"a century without leap day", "UTC", "Fri 2100-02-26 17:00", "2 working hours", "Mon 2100-03-01 10:00"},
		{"round the clock loses no minute at midnight", "always", "Mon 2026-06-15 00:00", "168 working hours", "Mon 2026-06-22 00:00"},
		{"a night shift goes over midnight", "night", "Mon 2026-06-15 23:00", "2 working hours", "Tue 2026-06-16 01:00"},
		{"a night shift ends in the morning", "night", "Mon 2026-06-15 22:00", "9 working hours", "Tue 2026-06-16 23:00"},
		{"a short night in spring", "night", "Sat 2026-03-28 22:00", "7 working hours", "Sun 2026-03-29 06:00"},
		{"a long night in autumn", "night", "Sat 2026-10-24 22:00", "9 working hours", "Sun 2026-10-25 06:00"},
		{"round the clock over the change to summer", "always", "Sat 2026-03-28 12:00", "24 working hours", "Sun 2026-03-29 13:00"},
		{"round the clock over the change to winter", "always", "Sat 2026-10-24 12:00", "24 working hours", "Sun 2026-10-25 11:00"},
		{"an opening in the gap", "gap", "Sun 2026-03-29 00:00", "1 working hour", "Sun 2026-03-29 04:00"},
		{"a close in the gap", "to gap", "Sun 2026-03-29 00:00", "1 working hour", "Sun 2026-03-29 03:00"},
		{"an opening that comes twice: the first", "gap", "Sun 2026-10-25 00:00", "1 working hour", "Sun 2026-10-25 02:30 +0100"},
		{"a close that comes twice: the first", "to gap", "Sun 2026-10-25 01:30", "2 working hours", "Mon 2026-10-26 02:00"},
		{"the last day of a leap year in the far future", "always", "Mon 2040-12-31 12:00", "24 working hours", "Tue 2041-01-01 12:00"},
		{"New York in spring", "New York", "Sun 2026-03-08 00:00", "3 working hours", "Sun 2026-03-08 04:00"},
		{"New York in autumn", "New York", "Sun 2026-11-01 00:00", "5 working hours", "Sun 2026-11-01 04:00"},
		{"half an hour less on Lord Howe", "Lord Howe", "Sun 2026-10-04 01:30", "1 working hour", "Sun 2026-10-04 03:00"},
		{"half an hour more on Lord Howe", "Lord Howe", "Sun 2026-04-05 01:00", "2 working hours", "Sun 2026-04-05 02:30"},
		{"Havana has no midnight in spring", "Havana", "Sat 2026-03-07 23:00", "2 working hours", "Sun 2026-03-08 02:00"},
		{"Havana has two midnights in autumn", "Havana", "Sun 2026-11-01 00:00 -0400", "3 working hours", "Sun 2026-11-01 02:00"},
		{"Beirut has no midnight in spring", "Beirut", "Sat 2026-03-28 22:00", "3 working hours", "Sun 2026-03-29 02:00"},
		{"Beirut has a long evening in autumn", "Beirut", "Sat 2026-10-24 22:00", "5 working hours", "Sun 2026-10-25 02:00"},

		// Minutes by the clock.
		{"minutes do not know the weekend", "office", "Fri 2026-06-19 17:50", "30m", "Fri 2026-06-19 18:20"},
		{"minutes are elapsed ones", "office", "Sun 2026-03-29 01:50", "30m", "Sun 2026-03-29 03:20"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := calendars[tc.calendar]
			target, err := ParseTarget(tc.target)
			if err != nil {
				t.Fatal(err)
			}
			got, want := c.Due(at(t, c.Zone, tc.start), target), at(t, c.Zone, tc.want)
			if !got.Equal(want) {
				t.Errorf("%s from %s: got %s, want %s", target, tc.start, got.In(c.Zone).Format("Mon 2006-01-02 15:04 -0700"), tc.want)
			}
			if got.Location() != time.UTC {
				t.Errorf("got an instant in %s, want UTC", got.Location())
			}
		})
	}
}

func TestNextOpening(t *testing.T) {
	calendars := calendars(t)
	for _, tc := range []struct {
		name, calendar, t string
		open              bool
		want              string
	}{
		{"at the opening", "office", "Mon 2026-06-15 09:00", true, "Mon 2026-06-15 09:00"},
		{"a minute before", "office", "Mon 2026-06-15 08:59", false, "Mon 2026-06-15 09:00"},
		{"a minute before the close", "office", "Fri 2026-06-19 17:59", true, "Fri 2026-06-19 17:59"},
		{"at the close", "office", "Fri 2026-06-19 18:00", false, "Mon 2026-06-22 09:00"},
		{"lunch begins", "lunch", "Fri 2026-06-19 12:30", false, "Fri 2026-06-19 13:30"},
		{"lunch is over", "lunch", "Fri 2026-06-19 13:30", true, "Fri 2026-06-19 13:30"},
		{"a holiday", "office", "Fri 2026-12-25 10:00", false, "Mon 2026-12-28 09:00"},
		{"special hours of nothing", "office", "Thu 2026-12-31 10:00", false, "Fri 2027-01-01 10:00"},
		{"midnight round the clock", "always", "Thu 2026-12-31 00:00", true, "Thu 2026-12-31 00:00"},
		{"midnight of a night shift", "night", "Thu 2026-12-31 00:00", true, "Thu 2026-12-31 00:00"},
		{"the end of a night shift", "night", "Thu 2026-12-31 06:00", false, "Thu 2026-12-31 22:00"},
		{"Saturday midnight closes the business week", "business", "Sat 2026-06-20 00:00", false, "Mon 2026-06-22 00:00"},
		{"the opening lies in the gap", "gap", "Sun 2026-03-29 01:59", false, "Sun 2026-03-29 03:00"},
		{"all of it lies in the gap", "in gap", "Sun 2026-03-29 01:59", false, "Mon 2026-03-30 02:15"},
		{"closed the second time it is two", "to gap", "Sun 2026-10-25 02:10 +0100", false, "Mon 2026-10-26 01:00"},
		{"still open the second time it is two", "gap", "Sun 2026-10-25 02:10 +0100", true, "Sun 2026-10-25 02:10 +0100"},
		{"no midnight in Havana", "Havana", "Sun 2026-03-08 01:00", true, "Sun 2026-03-08 01:00"},
		{"a date that never was", "Apia", "Thu 2011-12-29 18:00", false, "Sat 2011-12-31 09:00"},
		{"open before 1970", "UTC", "Wed 1969-12-31 10:00", true, "Wed 1969-12-31 10:00"},
		{"before 1970", "UTC", "Wed 1969-12-31 18:00", false, "Thu 1970-01-01 09:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := calendars[tc.calendar]
			start := at(t, c.Zone, tc.t)
			if got := c.IsOpen(start); got != tc.open {
				t.Errorf("IsOpen(%s): got %v, want %v", tc.t, got, tc.open)
			}
			if got, want := c.NextOpening(start), at(t, c.Zone, tc.want); !got.Equal(want) {
				t.Errorf("NextOpening(%s): got %s, want %s", tc.t, got.In(c.Zone), tc.want)
			}
		})
	}
}

func TestBetween(t *testing.T) {
	calendars := calendars(t)
	for _, tc := range []struct{ name, calendar, a, b, want string }{
		{"within a day", "office", "Mon 2026-06-15 10:00", "Mon 2026-06-15 10:45", "45m"},
		{"over a weekend", "office", "Fri 2026-06-19 17:30", "Mon 2026-06-22 09:30", "1h"},
		{"a week with lunch", "lunch", "Mon 2026-06-15 00:00", "Mon 2026-06-22 00:00", "40h"},
		{"a closed day", "office", "Fri 2026-05-01 00:00", "Sat 2026-05-02 00:00", "0s"},
		{"a short day", "office", "Thu 2026-12-24 00:00", "Fri 2026-12-25 00:00", "3h"},
		{"the wrong way round", "office", "Mon 2026-06-15 11:00", "Mon 2026-06-15 10:00", "0s"},
		{"the wrong way round over days", "office", "Mon 2026-06-22 11:00", "Mon 2026-06-15 10:00", "0s"},
		{"nothing", "office", "Mon 2026-06-15 11:00", "Mon 2026-06-15 11:00", "0s"},
		{"the day of 23 hours", "always", "Sun 2026-03-29 00:00", "Mon 2026-03-30 00:00", "23h"},
		{"the day of 25 hours", "always", "Sun 2026-10-25 00:00", "Mon 2026-10-26 00:00", "25h"},
		{"a year of 365 days", "always", "Thu 2026-01-01 00:00", "Fri 2027-01-01 00:00", "8760h"},
		{"a leap year", "always", "Sat 2028-01-01 00:00", "Mon 2029-01-01 00:00", "8784h"},
		{"a midnight that comes twice", "St. John's", "Sat 2010-11-06 00:00", "Mon 2010-11-08 00:00", "49h"},
		{"a date that never was", "Apia", "Thu 2011-12-29 18:00", "Sat 2011-12-31 09:00", "0s"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := calendars[tc.calendar]
			want, err := time.ParseDuration(tc.want)
			if err != nil {
				t.Fatal(err)
			}
			a, b := at(t, c.Zone, tc.a), at(t, c.Zone, tc.b)
			if got := c.Between(a, b); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestNextDayAt(t *testing.T) {
	calendars := calendars(t)
	for _, tc := range []struct {
		name, calendar, t string
		minute            int
		want              string
	}{
		{"the same day", "office", "Mon 2026-06-15 08:00", 510, "Mon 2026-06-15 08:30"},
		{"at the very time it is the next", "office", "Mon 2026-06-15 08:30", 510, "Tue 2026-06-16 08:30"},
		{"over a weekend", "office", "Fri 2026-06-19 08:31", 510, "Mon 2026-06-22 08:30"},
		{"over Christmas", "office", "Thu 2026-12-24 10:00", 510, "Mon 2026-12-28 08:30"},
		{"on a day of 23 hours, in the gap", "always", "Sun 2026-03-29 00:00", 150, "Sun 2026-03-29 03:00"},
		{"on a day of 25 hours, the first", "always", "Sun 2026-10-25 00:00", 150, "Sun 2026-10-25 02:30 +0200"},
	} {
		c := calendars[tc.calendar]
		if got, want := c.NextDayAt(at(t, c.Zone, tc.t), tc.minute), at(t, c.Zone, tc.want); !got.Equal(want) {
			t.Errorf("%s: got %s, want %s", tc.name, got.In(c.Zone), tc.want)
		}
	}
	office := calendars["office"]
	if got, want := office.EndOfDay(at(t, office.Zone, "Sat 2026-06-20 23:59")), at(t, office.Zone, "Sun 2026-06-21 00:00"); !got.Equal(want) {
		t.Errorf("the day ends at %s, want %s", got, want)
	}
}

func TestBetweenStopsAtTheLongestDuration(t *testing.T) {
	c := calendars(t)["always"]
	if got := c.Between(time.Time{}, at(t, c.Zone, "Mon 2026-06-15 00:00")); got != math.MaxInt64 {
		t.Errorf("got %v, want the longest duration there is", got)
	}
}

func TestNothingToAddGivesTheInstantItself(t *testing.T) {
	c := calendars(t)["office"]
	saturday := at(t, c.Zone, "Sat 2026-06-20 11:00").Add(7 * time.Nanosecond)
	for name, got := range map[string]time.Time{
		"no time": c.Add(saturday, 0), "less": c.Add(saturday, -time.Hour),
		"no day": c.AddDays(saturday, 0), "less than a day": c.AddDays(saturday, -1),
		"no target": c.Due(saturday, Target{}),
	} {
		if want := saturday.UTC(); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestFractionsOfASecondAreKept(t *testing.T) {
	c := calendars(t)["office"]
	friday := at(t, c.Zone, "Fri 2026-06-19 17:59").Add(59*time.Second + 999_999_999)
	if got, want := c.Add(friday, 2), at(t, c.Zone, "Mon 2026-06-22 09:00").Add(1); !got.Equal(want) {
		t.Errorf("Add: got %v, want %v", got, want)
	}
	if got, want := c.AddDays(friday, 1), friday.AddDate(0, 0, 3); !got.Equal(want) {
		t.Errorf("AddDays: got %v, want %v", got, want)
	}
	if !c.IsOpen(friday) || c.IsOpen(friday.Add(1)) {
		t.Errorf("the last nanosecond before the close is open, the next is not")
	}
}

func TestCheck(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	monday := func(list ...Interval) [7][]Interval { return [7][]Interval{time.Monday: list} }
	office := monday(Interval{540, 1080})
	closed := func(from string, days int) map[Date]string {
		all := map[Date]string{}
		for d := date(t, from).day(); days > 0; d, days = d+1, days-1 {
			all[dateOf(d)] = "rebuilding"
		}
		return all
	}
	for _, tc := range []struct {
		name     string
		calendar Calendar
		want     string // a part of the error; none wanted where empty
	}{
		{"fine", Calendar{Zone: berlin, Week: office}, ""},
		{"intervals may touch", Calendar{Zone: berlin, Week: monday(Interval{0, 720}, Interval{720, 1440})}, ""},
		{"no zone", Calendar{Week: office}, `calendar "test": no time zone`},
		{"an empty week", Calendar{Zone: berlin}, "no working hours on any day of the week"},
		{"special hours alone are no week", Calendar{Zone: berlin, Special: map[Date][]Interval{date(t, "2026-06-15"): {{540, 1080}}}}, "no working hours"},
		{"reversed", Calendar{Zone: berlin, Week: monday(Interval{1320, 360})}, "Monday: 22:00-06:00 closes before it opens: write a night as 22:00-24:00 and, on the next day, 00:00-06:00"},
		{"empty", Calendar{Zone: berlin, Week: monday(Interval{540, 540})}, "Monday: 09:00-09:00 is empty"},
		{"beyond midnight", Calendar{Zone: berlin, Week: monday(Interval{1320, 1800})}, "Monday: 22:00-30:00 is not within a day"},
		{"overlapping", Calendar{Zone: berlin, Week: monday(Interval{540, 780}, Interval{720, 1080})}, "Monday: 09:00-13:00 and 12:00-18:00 overlap"},
		{"one in the other", Calendar{Zone: berlin, Week: monday(Interval{540, 1080}, Interval{600, 660})}, "overlap"},
		{"out of order", Calendar{Zone: berlin, Week: monday(Interval{780, 1080}, Interval{540, 720})}, "09:00-12:00 stands after 13:00-18:00: put them in order"},
		{"wrong special hours", Calendar{Zone: berlin, Week: office, Special: map[Date][]Interval{date(t, "2026-12-24"): {{720, 540}}}}, "special hours on 2026-12-24: 12:00-09:00 closes"},
		{"a closing day that never comes", Calendar{Zone: berlin, Week: office, Closed: map[Date]string{{2026, 2, 29}: ""}}, "closed on 2026-02-29: no such date"},
		{"special hours on no date", Calendar{Zone: berlin, Week: office, Special: map[Date][]Interval{{2026, 13, 1}: nil}}, "special hours on 2026-13-01: no such date"},
		{"closed for a year", Calendar{Zone: berlin, Week: office, Closed: closed("2026-01-01", 365)}, ""},
		{"closed for two years", Calendar{Zone: berlin, Week: office, Closed: closed("2026-01-01", 730)}, "closed from 2026-01-01 to 2027-12-31: at most 366 days on end"},
		{"closed for two years but a day", Calendar{Zone: berlin, Week: office, Closed: closed("2026-01-01", 730),
			Special: map[Date][]Interval{date(t, "2026-12-31"): {{540, 600}}}}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.calendar.Name = "test"
			got := ""
			if err := tc.calendar.Check(); err != nil {
				got = err.Error()
			}
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestCheckTellsEverythingAtOnce(t *testing.T) {
	c := Calendar{Name: "test", Week: [7][]Interval{time.Friday: {{600, 540}}}, Closed: map[Date]string{{2026, 2, 30}: ""}}
	if got, want := strings.Count(c.Check().Error(), "\n")+1, 3; got != want {
		t.Errorf("got %d mistakes, want %d: %v", got, want, c.Check())
	}
}

// Nobody should call a calendar that Check refused; who does gets an answer at once and not an endless search (F39).
func TestUncheckedCalendarDoesNotHang(t *testing.T) {
	c := &Calendar{Name: "never", Zone: time.UTC}
	now := time.Date(2026, 6, 15, 9, 0, 0, 0, time.UTC)
	for name, call := range map[string]func(){
		"IsOpen":      func() { c.IsOpen(now) },
		"NextOpening": func() { c.NextOpening(now) },
		"Add":         func() { c.Add(now, time.Hour) },
		"AddDays":     func() { c.AddDays(now, 1) },
		"Between":     func() { c.Between(now, now.Add(time.Hour)) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, `calendar "never": closed for five years from 2026-06-15`) {
					t.Errorf("got %q, want a panic that names the calendar", got)
				}
			}()
			call()
		})
	}
}

func BenchmarkAdd(b *testing.B) {
	calendars := calendars(b)
	for _, bc := range []struct {
		name, calendar string
		open           time.Duration
	}{
		{"4 hours", "office", 4 * time.Hour},
		{"a month with lunch", "lunch", 160 * time.Hour},
		{"a year of business days", "business", 250 * 24 * time.Hour},
	} {
		b.Run(bc.name, func(b *testing.B) {
			c := calendars[bc.calendar]
			start := at(b, c.Zone, "Fri 2026-06-19 15:00")
			b.ReportAllocs()
			for b.Loop() {
				c.Add(start, bc.open)
			}
		})
	}
}

func BenchmarkAddDays(b *testing.B) {
	c := calendars(b)["office"]
	start := at(b, c.Zone, "Fri 2026-06-19 15:00")
	b.ReportAllocs()
	for b.Loop() {
		c.AddDays(start, 5)
	}
}

func BenchmarkBetween(b *testing.B) {
	c := calendars(b)["office"]
	from, to := at(b, c.Zone, "Thu 2026-01-01 00:00"), at(b, c.Zone, "Fri 2027-01-01 00:00")
	b.ReportAllocs()
	for b.Loop() {
		c.Between(from, to)
	}
}
