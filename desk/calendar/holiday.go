package calendar

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// The tables have a licence of their own, CC BY-SA 3.0: see holidays/NOTICE.md. Each is read when a calendar first asks for its country.
//
//go:embed holidays/*.txt
var holidayTables embed.FS

// The years that the tables of public holidays cover, both included.
const (
	HolidaysFrom    = 2016
	HolidaysThrough = 2037
)

// Countries are those whose public holidays are known, by ISO 3166-1 code, sorted.
var Countries = sync.OnceValue(func() (all []string) {
	files, _ := holidayTables.ReadDir("holidays")
	for _, f := range files {
		all = append(all, strings.TrimSuffix(f.Name(), ".txt"))
	}
	return all
})

// A Region is a part of a country whose holidays are known.
type Region struct{ Code, Name string }

// Regions are those of a country, by their codes as Holidays takes them: BY, or BY-A for a part of it. They are nil for a country that has
// none or is not known.
func Regions(country string) (all []Region) {
	for _, s := range holidaySections(country) {
		if code, ok := strings.CutPrefix(s.place, country+"-"); ok {
			all = append(all, Region{code, s.name})
		}
	}
	return all
}

// Holidays are the public holidays of a country, or of a region of it, by their date, with their English names. Days that only some take
// off, half days, and days that a government moves from year to year (Russia) are not among them.
func Holidays(country, region string) (map[Date]string, error) {
	place := country
	if region != "" {
		place += "-" + region
	}
	days := map[Date]string{}
	found := false
	for _, s := range holidaySections(country) {
		// A country comes before its regions in the file, and a region before its parts.
		if place == s.place || strings.HasPrefix(place, s.place+"-") {
			s.apply(days)
			found = found || place == s.place
		}
	}
	if !found {
		return nil, fmt.Errorf("no public holidays are known of %q", place)
	}
	return days, nil
}

// Observe closes the calendar on the public holidays of a place, but for some dates on which the desk works as in any week. What the
// calendar says of a date by itself stands.
func (c *Calendar) Observe(country, region string, except ...Date) error {
	days, err := Holidays(country, region)
	if err != nil {
		return fmt.Errorf("calendar %q: %w", c.Name, err)
	}
	if c.Closed == nil {
		c.Closed = map[Date]string{}
	}
	for d, name := range days {
		if _, own := c.Closed[d]; !own && !slices.Contains(except, d) {
			c.Closed[d] = name
		}
	}
	return nil
}

// A holidaySection is what one place has more, or less, than the one above it.
type holidaySection struct {
	place string   // DE, DE-BY, DE-BY-A
	name  string   // Bavaria
	lines []string // a name, a tab, dates; generate.js tells the form
}

func holidaySections(country string) (all []holidaySection) {
	if len(country) != 2 {
		return nil
	}
	table, err := holidayTables.ReadFile("holidays/" + country + ".txt")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(table)) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.Contains(line, "\t") {
			place, name, _ := strings.Cut(line, " ")
			all = append(all, holidaySection{place: place, name: name})
			continue
		}
		s := &all[len(all)-1]
		s.lines = append(s.lines, line)
	}
	return all
}

func (s holidaySection) apply(days map[Date]string) {
	for _, line := range s.lines {
		name, dates, _ := strings.Cut(line, "\t")
		set := func(date string) {
			d, err := ParseDate(date)
			switch {
			case err != nil: // the 29th of February of another year
			case name == "-":
				delete(days, d)
			default:
				days[d] = name
			}
		}
		for date := range strings.FieldsSeq(dates) {
			if len(date) == len("12-25") {
				for year := HolidaysFrom; year <= HolidaysThrough; year++ {
					set(fmt.Sprintf("%d-%s", year, date))
				}
				continue
			}
			set(date)
		}
	}
}
