package calendar

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// An oracle knows working time by watching a clock, minute by minute. Its clock is never put back: where the one on the
// wall is, it waits until that has caught up. That is what "of two equal readings the first counts" comes to, and a
// reading in a gap is passed at the end of the gap by itself. So it needs no edges, and shares no thought with the code.
type oracle struct {
	start   time.Time // in UTC, on a whole minute
	minutes []watched // from start on
}

// A desk is what people know of its hours, which the calendar was made from: closing days of its own, and the holidays of a place but for
// some. The oracle asks this, and not what the calendar has made of it.
type desk struct {
	calendar        *Calendar
	own             []Date
	country, region string
	worked          []Date // although they are holidays
}

type watched struct {
	shown time.Time // on the clock that is never put back, as if in UTC
	open  bool
}

func watch(k desk, start time.Time, minutes int) oracle {
	c := k.calendar
	o := oracle{start: start}
	var latest time.Time
	// Begin two days early, so that a clock put back just before the start has been seen.
	for m := -2 * 24 * 60; m < minutes; m++ {
		local := start.Add(time.Duration(m) * time.Minute).In(c.Zone)
		_, ahead := local.Zone()
		if shown := local.UTC().Add(time.Duration(ahead) * time.Second); shown.After(latest) {
			latest = shown
		}
		if m >= 0 {
			now := latest.Hour()*60 + latest.Minute()
			open := slices.ContainsFunc(k.hours(latest), func(i Interval) bool { return i.Open <= now && now < i.Close })
			o.minutes = append(o.minutes, watched{latest, open})
		}
	}
	return o
}

// hours are those of the date that the clock shows.
func (k desk) hours(shown time.Time) []Interval {
	d := Date{shown.Year(), shown.Month(), shown.Day()}
	if hours, ok := k.calendar.Special[d]; ok {
		return hours
	}
	if slices.Contains(k.own, d) || isHoliday(k.country, k.region, d) && !slices.Contains(k.worked, d) {
		return nil
	}
	return k.calendar.Week[shown.Weekday()]
}

var holidaysRead = map[string]map[Date]string{}

func isHoliday(country, region string, d Date) bool {
	if country == "" {
		return false
	}
	days, ok := holidaysRead[country+region]
	if !ok {
		days, _ = Holidays(country, region)
		holidaysRead[country+region] = days
	}
	return days[d] != ""
}

func (o oracle) time(minute int) time.Time { return o.start.Add(time.Duration(minute) * time.Minute) }

// openMinutes counts in [a, b).
func (o oracle) openMinutes(a, b int) (n int) {
	for m := a; m < b; m++ {
		if o.minutes[m].open {
			n++
		}
	}
	return n
}

// after is the first minute by which n open ones have passed, and false where that is not watched any more.
func (o oracle) after(start, n int) (int, bool) {
	for m := start; m < len(o.minutes); m++ {
		if n == 0 {
			return m, true
		}
		if o.minutes[m].open {
			n--
		}
	}
	return 0, false
}

// afterDays tells the rule of the working days in the words of the specification.
func (o oracle) afterDays(start, days int) (int, bool) {
	type workday struct{ first, last int } // its first and its last open minute
	var all []workday
	for m := 0; m < len(o.minutes); m++ {
		switch newDate := len(all) == 0 || !sameDate(o.minutes[m].shown, o.minutes[all[len(all)-1].first].shown); {
		case !o.minutes[m].open:
		case newDate:
			all = append(all, workday{m, m})
		default:
			all[len(all)-1].last = m
		}
	}
	next := slices.IndexFunc(all, func(d workday) bool { return start <= d.last })
	if next < 0 {
		return 0, false
	}
	inside := all[next].first <= start
	target := next + days - 1
	if inside {
		target = next + days
	}
	if target >= len(all)-1 { // the last one may be watched in part only
		return 0, false
	}
	if !inside {
		return all[target].last + 1, true
	}
	then := o.minutes[all[target].first].shown
	now := o.minutes[start].shown
	same := time.Date(then.Year(), then.Month(), then.Day(), now.Hour(), now.Minute(), 0, 0, time.UTC)
	return slices.IndexFunc(o.minutes, func(w watched) bool { return !w.shown.Before(same) }), true
}

func sameDate(a, b time.Time) bool {
	return a.Truncate(24 * time.Hour).Equal(b.Truncate(24 * time.Hour))
}

var zones = []string{
	"UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/Havana", "America/Santiago",
	"America/Sao_Paulo", "America/St_Johns", "America/Nuuk", "America/Scoresbysund", "Asia/Beirut", "Asia/Kathmandu",
	"Asia/Tehran", "Africa/Casablanca", "Africa/Cairo", "Antarctica/Troll", "Australia/Lord_Howe", "Pacific/Apia",
	"Pacific/Chatham", "Pacific/Kiritimati",
}

// places are those whose holidays are drawn, each as likely as none.
var places = [][2]string{{"", ""}, {"DE", "BY-A"}, {"PL", ""}, {"RU", ""}, {"JP", ""}, {"US", ""}, {"GB", "SCT"}, {"TR", ""}, {"IL", ""}, {"BR", "SP"}}

const windowDays = 24

// drawCalendar makes a calendar, and an instant to begin at, as a rule some days before a change of the clock or a holiday.
func drawCalendar(t *rapid.T) (desk, time.Time) {
	loc, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(rapid.IntRange(1985, 2060).Draw(t, "year"), 1, 1, 0, 0, 0, 0, time.UTC).
		Add(time.Duration(rapid.IntRange(0, 365*24*60).Draw(t, "minute of the year")) * time.Minute)
	if _, change := start.In(loc).ZoneBounds(); !change.IsZero() && rapid.IntRange(0, 9).Draw(t, "near a change") > 0 {
		start = change.Add(-time.Duration(rapid.IntRange(0, 10*24*60).Draw(t, "minutes before it")) * time.Minute).Truncate(time.Minute)
	}
	k := desk{}
	if place := rapid.SampledFrom(places).Draw(t, "place"); place[0] != "" {
		k.country, k.region = place[0], place[1]
		isHoliday(k.country, k.region, Date{})
		days := slices.SortedFunc(maps.Keys(holidaysRead[k.country+k.region]), Date.compare)
		if rapid.IntRange(0, 9).Draw(t, "near a holiday") > 2 {
			near := rapid.SampledFrom(days).Draw(t, "holiday")
			start = time.Unix(near.day()*secondsPerDay, 0).UTC().Add(-time.Duration(rapid.IntRange(0, 10*24*60).Draw(t, "minutes before the holiday")) * time.Minute)
		}
		for range rapid.IntRange(0, 2).Draw(t, "holidays worked") {
			k.worked = append(k.worked, rapid.SampledFrom(days).Draw(t, "worked"))
		}
	}

	drawHours := func(label string) (list []Interval) {
		// Edges near midnight and where clocks change in most zones come often, since that is where it goes wrong.
		edge := rapid.OneOf(rapid.IntRange(0, 24*60), rapid.SampledFrom([]int{0, 1, 30, 60, 90, 119, 120, 121, 150, 180, 1380, 1410, 1439, 1440}))
		edges := rapid.SliceOfNDistinct(edge, 0, 6, rapid.ID).Draw(t, label)
		slices.Sort(edges)
		for ; len(edges) >= 2; edges = edges[rapid.IntRange(1, 2).Draw(t, "edges to go on by"):] {
			list = append(list, Interval{edges[0], edges[1]})
		}
		return list
	}
	c := &Calendar{Name: "random", Zone: loc, Closed: map[Date]string{}, Special: map[Date][]Interval{}}
	for d := range c.Week {
		c.Week[d] = drawHours(time.Weekday(d).String())
	}
	c.Week[rapid.IntRange(0, 6).Draw(t, "a day open for sure")] = []Interval{{540, 1080}}
	drawDate := func(label string) Date {
		return dateOf(start.Unix()/secondsPerDay + int64(rapid.IntRange(-2, windowDays+1).Draw(t, label)))
	}
	for range rapid.IntRange(0, 8).Draw(t, "closing days") {
		d := drawDate("closed")
		k.own = append(k.own, d)
		c.Closed[d] = "own"
	}
	for range rapid.IntRange(0, 4).Draw(t, "special days") {
		c.Special[drawDate("special")] = drawHours("special hours")
	}
	if k.country != "" {
		if err := c.Observe(k.country, k.region, k.worked...); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	k.calendar = c
	return k, start
}

func TestAgreesWithWatchingTheClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, begin := drawCalendar(t)
		c, o := k.calendar, watch(k, begin, windowDays*24*60)
		for range 20 {
			a := rapid.IntRange(0, len(o.minutes)/2).Draw(t, "a")
			b := rapid.IntRange(0, len(o.minutes)-1).Draw(t, "b")
			if got, want := c.IsOpen(o.time(a)), o.minutes[a].open; got != want {
				t.Fatalf("IsOpen(%v): got %v, want %v", o.time(a).In(c.Zone), got, want)
			}
			if next := slices.IndexFunc(o.minutes[a:], func(w watched) bool { return w.open }); next >= 0 {
				if got, want := c.NextOpening(o.time(a)), o.time(a+next); !got.Equal(want) {
					t.Fatalf("NextOpening(%v): got %v, want %v", o.time(a).In(c.Zone), got.In(c.Zone), want.In(c.Zone))
				}
			}
			if got, want := c.Between(o.time(a), o.time(b)), time.Duration(o.openMinutes(a, b))*time.Minute; got != want {
				t.Fatalf("Between(%v, %v): got %v, want %v", o.time(a).In(c.Zone), o.time(b).In(c.Zone), got, want)
			}
			n := rapid.IntRange(0, 3000).Draw(t, "minutes to add")
			if want, ok := o.after(a, n); ok {
				if got := c.Add(o.time(a), time.Duration(n)*time.Minute); !got.Equal(o.time(want)) {
					t.Fatalf("Add(%v, %d min): got %v, want %v", o.time(a).In(c.Zone), n, got.In(c.Zone), o.time(want).In(c.Zone))
				}
			}
			days := rapid.IntRange(1, 10).Draw(t, "days to add")
			if want, ok := o.afterDays(a, days); ok && o.dayIsWatchedWhole(a) {
				if got := c.AddDays(o.time(a), days); !got.Equal(o.time(want)) {
					t.Fatalf("AddDays(%v, %d): got %v, want %v", o.time(a).In(c.Zone), days, got.In(c.Zone), o.time(want).In(c.Zone))
				}
			}
		}
	})
}

// dayIsWatchedWhole leaves out the first date, whose opening may lie before the start, and the minutes in which the
// clock waits: what "the same time" then is, has rows of its own in TestDue.
func (o oracle) dayIsWatchedWhole(minute int) bool {
	return !sameDate(o.minutes[minute].shown, o.minutes[0].shown) && o.minutes[minute].shown.After(o.minutes[minute-1].shown)
}

func TestAlgebra(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, begin := drawCalendar(t)
		c := k.calendar
		duration := rapid.Map(rapid.Int64Range(0, int64(400*time.Hour)), func(n int64) time.Duration { return time.Duration(n) })
		start := rapid.Map(rapid.Int64Range(0, int64(windowDays*24*time.Hour)), func(n int64) time.Time { return begin.Add(time.Duration(n)) })

		a, d, e := start.Draw(t, "start"), duration.Draw(t, "duration"), duration.Draw(t, "second duration")
		due := c.Add(a, d)
		if got := c.Between(a, due); got != d {
			t.Fatalf("Between(t, Add(t, %v)): got %v", d, got)
		}
		if d > 0 && c.Between(a, due.Add(-1)) != d-1 {
			t.Fatalf("Add(t, %v) = %v is not the first such instant", d, due)
		}
		if got, want := c.Add(due, e), c.Add(a, d+e); e > 0 && !got.Equal(want) {
			t.Fatalf("%v and then %v: got %v, want %v", d, e, got, want)
		}
		b := start.Draw(t, "other start")
		if b.Before(a) {
			a, b = b, a
		}
		if first, second := c.Add(a, d), c.Add(b, d); second.Before(first) {
			t.Fatalf("from %v: %v; from %v, which is later: %v, which is earlier", a, first, b, second)
		}
		if got, want := c.Between(a, due)+c.Between(due, b), c.Between(a, b); !due.Before(a) && !b.Before(due) && got != want {
			t.Fatalf("two parts give %v, the whole %v", got, want)
		}
		if n := rapid.IntRange(1, 20).Draw(t, "days"); !c.AddDays(a, n+1).After(c.AddDays(a, n)) {
			t.Fatalf("%d days from %v: %v; one more: %v", n, a, c.AddDays(a, n), c.AddDays(a, n+1))
		}
	})
}

// Where every working day has the same hours, a later registration never gives an earlier deadline. With unequal ones
// it can: Wednesday 17:59 leads to Thursday 17:59, but Wednesday 18:00 to Thursday's close at noon.
func TestLaterRegistrationIsNotDueEarlier(t *testing.T) {
	calendars := calendars(t)
	rapid.Check(t, func(t *rapid.T) {
		c := calendars[rapid.SampledFrom([]string{"lunch", "business", "night", "always", "tuesdays", "Havana", "Beirut"}).Draw(t, "calendar")]
		first := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "first"), 0)
		second := first.Add(time.Duration(rapid.Int64Range(0, 14*24*3600).Draw(t, "seconds later")) * time.Second)
		days := rapid.IntRange(1, 10).Draw(t, "days")
		a, b := c.AddDays(first, days), c.AddDays(second, days)
		// In the second run of an overlap the clock itself goes back: by an hour at most.
		if b.Before(a.Add(-time.Hour)) {
			t.Fatalf("%v: due %v; %v: due %v", first.In(c.Zone), a.In(c.Zone), second.In(c.Zone), b.In(c.Zone))
		}
	})
}
