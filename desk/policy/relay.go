package policy

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
)

var errNoName = errors.New("no name")

// Relay is how buyers and sellers talk through the desk (E).
type Relay struct {
	Address  string         // order-{order}@desk.example: what both sides see
	Order    *regexp.Regexp // finds an order's number in a subject or text, as its first group
	Markets  []*Market
	Answer   ClockTerms // what a seller owes each message of a buyer (E4)
	Remind   []int      // percent of it after which the seller is reminded
	Vague    int        // days in which a buyer may say that he was not answered
	Mask     []string   // of Masks
	Unmasked []string   // domains whose links stay
	Carriers []*Carrier
	Rating   Rating
	Ladder   []Sanction // mildest first
	Appeal   string     // address
}

// Masks are the kinds of contact details that are masked (E3).
var Masks = []string{"mail", "phone", "link", "messenger"}

// A Market is a country with its own language, money, time and holidays (E7).
type Market struct {
	Name     string // ISO 3166-1
	Language string
	Currency string
	Zone     *time.Location
	Calendar string
}

// A Carrier brings what was bought.
type Carrier struct {
	Name  string
	Title string
	Link  string // https://carrier.example/{number}
}

// Rating is how a seller is judged (E5).
type Rating struct {
	Days  int // looked back
	Share int // percent of answers in time below which a seller is told
}

// A Sanction is a step of the ladder (E5).
type Sanction struct {
	Name  string // of Sanctions
	After int    // faults within the rating's days
	Days  int    // 0: for good
}

// Sanctions are the steps, mildest first.
var Sanctions = []string{"warning", "restricted", "suspended", "removed"}

func readRelay(v value, zone *time.Location) *Relay {
	if !v.given() {
		return nil
	}
	m := v.fields("address", "order", "markets", "answer", "remind", "vague", "mask", "unmasked", "carriers", "rating", "sanctions", "appeal")
	r := &Relay{Vague: int(m.key("vague").whole(3, 0, 60)), Mask: Masks, Rating: Rating{Days: 90, Share: 90}}
	const wantAddress = "an address with the order's number in it, such as order-{order}@desk.example"
	r.Address, _ = parsed(m.key("address").must(wantAddress), "", wantAddress, func(s string) (string, error) {
		local, domain, ok := strings.Cut(strings.ToLower(s), "@")
		if !ok || domain == "" || strings.Count(local, "{order}") != 1 || strings.ContainsAny(s, " +<>") {
			return "", errors.New("no such address")
		}
		return strings.ToLower(s), nil
	})
	const wantOrder = `a pattern with one group, such as \border\s*#?(\d{4,8})\b`
	r.Order, _ = parsed(m.key("order").must(wantOrder), nil, wantOrder, func(s string) (*regexp.Regexp, error) {
		re, err := parsePattern(s)
		if err == nil && re.NumSubexp() != 1 {
			err = errors.New("not one group")
		}
		return re, err
	})
	for _, e := range m.key("markets").must("countries, such as PL: {language: pl, currency: PLN}").entries("countries, each with its keys") {
		mm := e.fields("language", "currency", "zone", "calendar")
		if !isCode(e.name, 2) {
			m.key("markets").at(e.key, e.name).mistake(quote(e.name), "a country such as PL")
		}
		mk := &Market{
			Name: e.name, Language: mm.key("language").must("the language that buyers are written to in").language(""),
			Zone: mm.key("zone").zone(zone), Calendar: mm.key("calendar").theOnly("calendar"),
		}
		mk.Currency, _ = parsed(mm.key("currency").must("a currency such as PLN"), "", "a currency such as PLN", func(s string) (string, error) {
			if !isCode(s, 3) {
				return "", errors.New("no currency")
			}
			return s, nil
		})
		r.Markets = append(r.Markets, mk)
	}
	const wantAnswer = "time such as 24 working hours"
	t, _ := parsed(m.key("answer").must(wantAnswer), calendar.Target{}, wantAnswer, calendar.ParseTarget)
	r.Answer = ClockTerms{Target: t}
	r.Remind = each(m.key("remind"), func(v value) (int, bool) {
		return parsed(v, 0, "a part such as 75%", parsePercent)
	})
	if k := m.key("mask"); k.given() {
		r.Mask = each(k, func(v value) (string, bool) { s := v.oneOf("", Masks...); return s, s != "" })
	}
	r.Unmasked = each(m.key("unmasked"), value.domain)
	for _, e := range m.key("carriers").named("carrier") {
		cm := e.fields("title", "link")
		c := &Carrier{Name: e.name, Title: cm.key("title").line(e.name)}
		c.Link, _ = parsed(cm.key("link"), "", "a link such as https://carrier.example/{number}", func(s string) (string, error) {
			if !strings.HasPrefix(s, "https://") || !strings.Contains(s, "{number}") || strings.ContainsAny(s, " <>\"") {
				return "", errors.New("no link")
			}
			return s, nil
		})
		r.Carriers = append(r.Carriers, c)
	}
	rm := m.key("rating").fields("days", "share")
	r.Rating.Days = int(rm.key("days").whole(90, 1, 3660))
	r.Rating.Share, _ = parsed(rm.key("share"), 90, "a part such as 90%", parsePercent)
	last, step := 0, -1
	for _, e := range m.key("sanctions").elements() {
		sm := e.fields("name", "after", "days")
		s := Sanction{
			Name:  sm.key("name").must("one of "+strings.Join(Sanctions, ", ")).oneOf("", Sanctions...),
			After: int(sm.key("after").must("how many faults bring it").whole(0, 1, 1000)), Days: int(sm.key("days").whole(0, 0, 3660)),
		}
		at := indexOf(Sanctions, s.Name)
		if s.Name != "" && at <= step {
			sm.key("name").mistake(quote(s.Name)+" after a harder one", "the mildest first, each once: "+strings.Join(Sanctions, ", "))
		}
		if s.After > 0 && s.After <= last {
			sm.key("after").expected("more faults than the step before it takes")
		}
		step, last = max(step, at), max(last, s.After)
		r.Ladder = append(r.Ladder, s)
	}
	r.Appeal, _ = m.key("appeal").address()
	v.notYet()
	return r
}

func indexOf(list []string, s string) int {
	for i, have := range list {
		if have == s {
			return i
		}
	}
	return -1
}
