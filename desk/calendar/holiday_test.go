package calendar

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHolidays(t *testing.T) {
	for _, tc := range []struct{ name, country, region, date, want string }{
		{"Christmas is off in Germany", "DE", "", "2026-12-25", "Christmas Day"},
		{"Epiphany is not, in all of Germany", "DE", "", "2027-01-06", ""},
		{"but it is in Bavaria", "DE", "BY", "2027-01-06", "Epiphany"},
		{"the Assumption is not, in all of Bavaria", "DE", "BY", "2026-08-15", ""},
		{"but it is in its Catholic places", "DE", "BY-KATH", "2026-08-15", "Assumption"},
		{"a part has what its region has", "DE", "BY-A", "2027-01-06", "Epiphany"},
		{"and what its country has", "DE", "BY-A", "2026-10-03", "National Holiday"},
		{"a holiday of one year", "DE", "BE", "2025-05-08", "Liberation Day (80th Anniversary)"},
		{"and not of the next", "DE", "BE", "2026-05-08", ""},
		{"500 years of the Reformation", "DE", "", "2017-10-31", "Reformation Day"},
		{"Saxony has it each year", "DE", "SN", "2026-10-31", "Reformation Day"},
		{"Christmas Eve in Poland since 2025", "PL", "", "2026-12-24", "Christmas Eve"},
		{"and not before", "PL", "", "2024-12-24", ""},
		{"the Russian New Year lasts to the 8th of January", "RU", "", "2027-01-08", "New Year Holiday"},
		{"and not to the 9th", "RU", "", "2027-01-09", ""},
		{"a substitute in the United States", "US", "", "2026-07-03", "Independence Day (substitute day)"},
		{"Boxing Day on a Saturday is made up for on Monday in Britain", "GB", "", "2026-12-28", "Boxing Day (substitute day)"},
		{"Scotland has its own", "GB", "SCT", "2026-11-30", "St Andrew’s Day"},
		{"a feast from sunset to sunset is its second date", "IL", "", "2026-09-21", "Day of Atonement (Yom Kippur)"},
		{"and not its first", "IL", "", "2026-09-20", ""},
		{"a feast of several days", "TR", "", "2026-03-22", "End of Ramadan (Eid al-Fitr)"},
		{"whose first afternoon is no holiday", "TR", "", "2026-03-19", ""},
		{"the first year of the tables", "FR", "", "2016-07-14", "Bastille Day"},
		{"the last year of the tables", "FR", "", "2037-07-14", "Bastille Day"},
		{"Whit Monday, eleven years ahead", "FR", "", "2037-05-25", "Whit Monday"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			days, err := Holidays(tc.country, tc.region)
			if err != nil {
				t.Fatal(err)
			}
			if got := days[date(t, tc.date)]; got != tc.want {
				t.Errorf("%s in %s %s: got %q, want %q", tc.date, tc.country, tc.region, got, tc.want)
			}
		})
	}
}

func TestHolidaysOfNowhere(t *testing.T) {
	for _, place := range [][2]string{{"", ""}, {"XX", ""}, {"DE", "XX"}, {"DE", "BY-XX"}, {"de", ""}, {"..", ""}, {"DE", "BY-A-B"}} {
		if days, err := Holidays(place[0], place[1]); err == nil || days != nil {
			t.Errorf("%q: got %d days and error %v, want none and an error", place, len(days), err)
		}
	}
}

// Every place can be asked for, its dates are within the tables' years, and no year leaves a calendar closed.
func TestEveryTable(t *testing.T) {
	countries := Countries()
	if len(countries) < 200 || !slices.IsSorted(countries) {
		t.Fatalf("%d countries, sorted: %v", len(countries), slices.IsSorted(countries))
	}
	for _, country := range countries {
		for _, r := range append([]Region{{"", country}}, Regions(country)...) {
			region := r.Code
			c := &Calendar{Name: country + " " + region, Zone: time.UTC}
			if r.Name == "" {
				t.Errorf("%s has no name", c.Name)
			}
			for d := range c.Week {
				c.Week[d] = []Interval{{540, 1080}}
			}
			if err := c.Observe(country, region); err != nil {
				t.Error(err)
				continue
			}
			if err := c.Check(); err != nil {
				t.Error(err)
			}
			years := map[int]int{}
			for d, name := range c.Closed {
				years[d.Year]++
				if d.Year < HolidaysFrom || d.Year > HolidaysThrough || name == "" || name == "-" {
					t.Errorf("%s: %s is %q", c.Name, d, name)
				}
			}
			if len(years) != HolidaysThrough-HolidaysFrom+1 {
				t.Errorf("%s: holidays in %d years only", c.Name, len(years))
			}
		}
	}
}

// easter is the date of Easter Sunday by the Gregorian calendar, by the rule of Meeus, Jones and Butcher.
func easter(year int) Date {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 19*l) / 433
	month := (h + l - 7*m + 90) / 25
	return Date{year, time.Month(month), (h + l - 7*m + 33*month + 19) % 32}
}

// The tables agree with the rules that they were made from, worked out here once more, in each of their years.
func TestTablesFollowTheirRules(t *testing.T) {
	days := func(d Date, n int) Date { return dateOf(d.day() + int64(n)) }
	nth := func(year int, month time.Month, weekdays time.Weekday, n int) Date { // from the end where n is negative
		d := Date{year, month, 1}
		step, from := 1, 0
		if n < 0 {
			d, step = days(Date{year, month + 1, 1}, -1), -1
			n = -n
		}
		for {
			if day := days(d, from); weekday(day.day()) == weekdays {
				if n--; n == 0 {
					return day
				}
			}
			from += step
		}
	}
	for year := HolidaysFrom; year <= HolidaysThrough; year++ {
		for _, tc := range []struct {
			country, region string
			date            Date
		}{
			{"DE", "", days(easter(year), -2)}, {"DE", "", days(easter(year), 1)}, {"DE", "", days(easter(year), 39)}, {"DE", "", days(easter(year), 50)},
			{"DE", "BY", days(easter(year), 60)}, {"AT", "", days(easter(year), 60)}, {"PL", "", days(easter(year), 60)}, {"GB", "ENG", days(easter(year), 1)},
			{"DK", "", days(easter(year), -3)}, {"ES", "", days(easter(year), -2)}, {"BR", "", days(easter(year), -2)},
			{"US", "", nth(year, time.January, time.Monday, 3)}, {"US", "", nth(year, time.May, time.Monday, -1)},
			{"US", "", nth(year, time.September, time.Monday, 1)}, {"US", "", nth(year, time.November, time.Thursday, 4)},
			{"CA", "", nth(year, time.September, time.Monday, 1)}, {"IT", "", Date{year, time.April, 25}}, {"FR", "", Date{year, time.July, 14}},
		} {
			all, err := Holidays(tc.country, tc.region)
			if err != nil {
				t.Fatal(err)
			}
			if all[tc.date] == "" {
				t.Errorf("%s %s: %s is no holiday", tc.country, tc.region, tc.date)
			}
		}
	}
}

// What others know of 30 countries: every holiday is found, and a day that is not one is not taken for one.
func TestAgreesWithOthersOnHolidays(t *testing.T) {
	f, err := os.Open("../../../shared/corpora/lists/holidays.jsonl")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("for want of ../shared/corpora")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	type placeAndYear struct {
		country, region string
		year            int
	}
	known := map[placeAndYear]map[Date]bool{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var l struct {
			Country string `json:"country"`
			State   string `json:"state"`
			Year    int    `json:"year"`
			Date    string `json:"date"`
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		p := placeAndYear{l.Country, l.State, l.Year}
		if known[p] == nil {
			known[p] = map[Date]bool{}
		}
		known[p][date(t, l.Date)] = true
	}
	if len(known) != 90 {
		t.Fatalf("%d places and years, want 90", len(known))
	}
	for p, want := range known {
		got, err := Holidays(p.country, p.region)
		if err != nil {
			t.Fatal(err)
		}
		for d := range want {
			if got[d] == "" {
				t.Errorf("%s %s: %s is no holiday", p.country, p.region, d)
			}
		}
		for d, name := range got {
			// The list has the first day only of the feasts that last for three and four days in Turkey, by law no. 2429.
			if d.Year == p.year && !want[d] && !(p.country == "TR" && strings.Contains(name, "(Eid al-")) {
				t.Errorf("%s %s: %s is %s", p.country, p.region, d, name)
			}
		}
	}
}

// A desk in Russia moves days from year to year: its policy says which, and the table gives the rest.
func TestMovedWorkingDays(t *testing.T) {
	moscow := zone(t, "Europe/Moscow")
	c := &Calendar{Name: "moscow", Zone: moscow, Closed: map[Date]string{date(t, "2027-01-11"): "moved from the 2nd"},
		Special: map[Date][]Interval{date(t, "2027-02-20"): hours(t, "10:00-18:00")}}
	for d := time.Monday; d <= time.Friday; d++ {
		c.Week[d] = hours(t, "10:00-18:00")
	}
	if err := c.Observe("RU", "", date(t, "2027-02-23")); err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, day string
		open      bool
	}{
		{"a holiday of the table", "Fri 2027-01-08 12:00", false},
		{"a day that was moved there", "Mon 2027-01-11 12:00", false},
		{"the next day", "Tue 2027-01-12 12:00", true},
		{"a Saturday that is worked", "Sat 2027-02-20 12:00", true},
		{"a holiday that is not taken", "Tue 2027-02-23 12:00", true},
	} {
		if got := c.IsOpen(at(t, moscow, tc.day)); got != tc.open {
			t.Errorf("%s, %s: open is %v, want %v", tc.name, tc.day, got, tc.open)
		}
	}
}

func BenchmarkHolidays(b *testing.B) {
	for b.Loop() {
		if _, err := Holidays("DE", "BY-A"); err != nil {
			b.Fatal(err)
		}
	}
}
