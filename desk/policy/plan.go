package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/postdesk/postdesk/desk/calendar"
)

// A Plan is what a subscription gives for its product (D).
type Plan struct {
	Name    string
	Title   Text
	Product string
	Classes []string // what it covers
	Changes *Changes // nil where it has none
	Price   Money
	Months  int // of its term
}

// Changes are small changes that a plan holds: the time on them counts by the month (D5).
type Changes struct {
	Classes []string
	Hours   int
	Warn    int // percent of the hours after which staff and customer are told
}

func readPlans(v value) (all []*Plan) {
	for _, e := range v.named("plan") {
		m := e.fields("title", "product", "classes", "changes", "price", "months")
		p := &Plan{
			Name: e.name, Title: m.key("title").translated(Text{"en": e.name}), Product: m.key("product").must("the product that it is for").ref("product"),
			Classes: m.key("classes").must("what it covers").refs("class"), Price: m.key("price").money(), Months: int(m.key("months").whole(12, 1, 120)),
		}
		if c := m.key("changes"); c.given() {
			cm := c.fields("classes", "hours", "warn")
			warn, _ := parsed(cm.key("warn"), 80, "a part such as 80%", parsePercent)
			p.Changes = &Changes{
				Classes: cm.key("classes").must("the classes whose time counts").refs("class"),
				Hours:   int(cm.key("hours").must("hours a month").whole(0, 1, 744)), Warn: warn,
			}
			for _, class := range p.Changes.Classes {
				if !slices.Contains(p.Classes, class) && len(p.Classes) > 0 {
					cm.key("classes").mistake(quote(class), "classes that the plan covers: "+strings.Join(p.Classes, ", "))
				}
			}
			c.notYet()
		}
		m.key("price").notYet()
		all = append(all, p)
	}
	return all
}

// A Detail is something that a request may have to hold before anybody can work on it (C4).
type Detail struct {
	Name  string
	Title Text           // as the list of what is missing names it
	Find  *regexp.Regexp // in the new words and the subject, in lower case; nil where words do not give it
	Files []string       // endings of file names, in lower case, any of which gives it
}

func readDetails(v value) (all []*Detail) {
	for _, e := range v.named("detail") {
		m := e.fields("title", "find", "files")
		d := &Detail{Name: e.name, Title: m.key("title").must("how the customer is asked for it, such as {en: the version that you use}").translated(nil)}
		d.Find, _ = parsed(m.key("find"), nil, "a pattern of RE2 (https://github.com/google/re2/wiki/Syntax)", parsePattern)
		d.Files = each(m.key("files"), func(v value) (string, bool) {
			return parsed(v, "", "the ending of a file name, such as .log", func(s string) (string, error) {
				if s = strings.ToLower(s); len(s) < 2 || s[0] != '.' || strings.ContainsAny(s, "*/\\ ") {
					return "", fmt.Errorf("no ending")
				}
				return s, nil
			})
		})
		if !m.key("find").given() && len(m.key("files").elements()) == 0 {
			e.mistake("nothing that tells whether a mail has it", "find: a pattern for its words, or files: [.log, .txt]")
		}
		all = append(all, d)
	}
	return all
}

func parsePattern(s string) (*regexp.Regexp, error) {
	if s == "" || len(s) > 1000 {
		return nil, fmt.Errorf("no pattern")
	}
	return regexp.Compile(s)
}

// In tells whether a mail has the detail. words are its subject and new words in lower case.
func (d *Detail) In(words string, files []string) bool {
	if d.Find != nil && d.Find.MatchString(words) {
		return true
	}
	return slices.ContainsFunc(files, func(file string) bool {
		return slices.ContainsFunc(d.Files, func(end string) bool { return strings.HasSuffix(strings.ToLower(file), end) })
	})
}

// An Absence is a time in which a person is not there, from its first day through its last, in the person's zone.
type Absence struct {
	From, Until calendar.Date
	Deputy      string // who gets what would be his; "" for the others
}

func readAbsences(v value) (all []Absence) {
	for _, e := range v.elements() {
		m := e.fields("from", "until", "deputy")
		a := Absence{Deputy: m.key("deputy").ref("staff")}
		from, until := m.key("from").must("its first day"), m.key("until").must("its last day")
		var ok, okUntil bool
		a.From, ok = from.date()
		a.Until, okUntil = until.date()
		if ok && okUntil && from.given() && until.given() && a.Until.String() < a.From.String() {
			until.expected("a day from " + a.From.String() + " on")
		}
		all = append(all, a)
	}
	return all
}

// Away is the absence that a day falls in, nil where the person is there.
func (s *Staff) Away(day calendar.Date) *Absence {
	for i, a := range s.Absent {
		if a.From.String() <= day.String() && day.String() <= a.Until.String() {
			return &s.Absent[i]
		}
	}
	return nil
}
