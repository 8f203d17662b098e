package policy

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/postdesk/postdesk/desk/calendar"
)

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} // by time.Weekday

func readCalendars(v value, zone *time.Location) map[string]*calendar.Calendar {
	all := map[string]*calendar.Calendar{}
	for _, e := range v.named("calendar") {
		m := e.fields("zone", "week", "holidays", "closed", "ics", "special")
		before := len(e.wrong)
		c := &calendar.Calendar{
			Name: e.name, Zone: m.key("zone").zone(zone), Closed: map[calendar.Date]string{}, Special: map[calendar.Date][]calendar.Interval{},
		}
		c.Week = readWeek(m.key("week").must("the hours of each weekday, such as mon-fri: [\"09:00-18:00\"]"))
		for _, day := range m.key("closed").entries("dates, each with the name of the day") {
			if d, ok := m.key("closed").day(day); ok {
				c.Closed[d] = day.line("")
			}
		}
		for _, file := range m.key("ics").elements() {
			file.closingDays(c)
		}
		readHolidays(m.key("holidays"), c)
		for _, day := range m.key("special").entries("dates, each with its hours") {
			if d, ok := m.key("special").day(day); ok {
				c.Special[d] = day.hours()
			}
		}
		if len(e.wrong) == before {
			e.recheck(c)
		}
		all[e.name] = c
	}
	return all
}

// closingDays reads an .ics file whose name stands there, relative to the policy. A mistake in it is told with its own line.
func (v value) closingDays(c *calendar.Calendar) {
	name := v.text("")
	if name == "" {
		return
	}
	data, err := v.look(name)
	if err != nil {
		v.mistake(quote(name)+", which cannot be read", "an iCalendar file, by its name relative to the policy")
		return
	}
	days, wrong := calendar.ReadICS(data)
	for d, name := range days {
		if _, own := c.Closed[d]; !own {
			c.Closed[d] = name
		}
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(v.file), name)
	}
	for _, w := range wrong {
		v.wrong = append(v.wrong, Mistake{name, w.Line, 1, v.path, w.Found, w.Want})
	}
}

// readHolidays closes the calendar on the public holidays of a place, or of several.
func readHolidays(v value, c *calendar.Calendar) {
	places := []value{v}
	if v.given() && v.node.Kind == yaml.SequenceNode {
		places = v.elements()
	}
	for _, p := range places {
		if p.given() {
			readPlace(p, c)
		}
	}
}

func readPlace(v value, c *calendar.Calendar) {
	const want = "a country by its ISO 3166 code, such as DE"
	m := v.fields("country", "region", "except")
	country, ok := parsed(m.key("country").must(want), "", want, func(s string) (string, error) {
		if !slices.Contains(calendar.Countries(), s) {
			return "", errors.New("no such country")
		}
		return s, nil
	})
	if !ok || country == "" {
		return
	}
	regions := calendar.Regions(country)
	var named []string
	for _, r := range regions {
		named = append(named, r.Code+" "+r.Name)
	}
	wantRegion := "a region of " + country + ": " + strings.Join(named, ", ")
	if len(regions) == 0 {
		wantRegion = "none: the holidays of " + country + " are the same everywhere"
	}
	region, ok := parsed(m.key("region"), "", wantRegion, func(s string) (string, error) {
		if !slices.ContainsFunc(regions, func(r calendar.Region) bool { return r.Code == s }) {
			return "", errors.New("no such region")
		}
		return s, nil
	})
	if !ok {
		return
	}
	known, err := calendar.Holidays(country, region)
	if err != nil {
		v.mistake(err.Error(), want)
		return
	}
	except := each(m.key("except"), func(v value) (calendar.Date, bool) {
		d, ok := v.date()
		if _, holiday := known[d]; ok && !holiday {
			v.mistake(quote(d.String())+", which is no holiday there", fmt.Sprintf("a public holiday from %d to %d", calendar.HolidaysFrom, calendar.HolidaysThrough))
		}
		return d, ok
	})
	if err := c.Observe(country, region, except...); err != nil {
		v.mistake(err.Error(), want)
	}
}

// recheck asks the calendar itself, which looks at all of it together: at years without a working day, for one.
func (v value) recheck(c *calendar.Calendar) {
	err := c.Check()
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		v.mistake(strings.TrimPrefix(line, fmt.Sprintf("calendar %q: ", c.Name)), "a calendar that is open again and again")
	}
}

// readWeek reads hours by weekday or by a row of them, "mon-fri". A weekday that is not named is closed.
func readWeek(v value) (week [7][]calendar.Interval) {
	const want = "a weekday such as sat, or several such as mon-fri"
	seen := [7]string{}
	open := false
	before := len(v.wrong)
	for _, e := range v.entries(want) {
		key := v.at(e.key, e.name)
		hours := e.hours()
		open = open || len(hours) > 0
		days := daysOf(e.name)
		if days == nil {
			key.mistake(quote(e.name), want)
		}
		for _, d := range days {
			if seen[d] != "" {
				key.mistake(fmt.Sprintf("%s, which is in %s too", weekdays[d], seen[d]), "each weekday once")
				break
			}
			seen[d], week[d] = e.name, hours
		}
	}
	if v.given() && !open && len(v.wrong) == before {
		v.mistake("no hours in the whole week", "at least one day with hours, such as mon-fri: [\"09:00-18:00\"]")
	}
	return week
}

// daysOf are the weekdays of a key, nil where it is none.
func daysOf(key string) (days []time.Weekday) {
	first, last, isRow := strings.Cut(key, "-")
	if !isRow {
		last = first
	}
	from, to := weekday(first), weekday(last)
	if from < 0 || to < 0 {
		return nil
	}
	for d := from; ; d = (d + 1) % 7 {
		days = append(days, time.Weekday(d))
		if d == to {
			return days
		}
	}
}

func weekday(name string) int {
	for i, n := range weekdays {
		if n == name {
			return i
		}
	}
	return -1
}

// hours are those of one day. An empty list is a day on which nobody works.
func (v value) hours() []calendar.Interval {
	const want = "hours such as 09:00-18:00; a night is 22:00-24:00 and, on the next day, 00:00-06:00"
	end := 0
	return each(v, func(v value) (calendar.Interval, bool) {
		i, ok := parsed(v, calendar.Interval{}, want, calendar.ParseInterval)
		if ok && i.Open < end {
			v.expected(fmt.Sprintf("hours from %02d:%02d on, where those before end", end/60, end%60))
			return i, false
		}
		end = max(end, i.Close)
		return i, ok
	})
}

// day is the date that a key names.
func (v value) day(e entry) (calendar.Date, bool) { return v.at(e.key, e.name).date() }
