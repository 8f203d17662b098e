package policy

import (
	"errors"
	"strconv"
	"strings"
)

// A Channel is an address that a customer chose, with its terms (B). Mail to several of ours goes by the channel that costs least, and
// of those by the first in the file.
type Channel struct {
	Name    string
	Title   Text
	Mailbox string
	Terms   Terms
	Classes []string // what is asked here; whoever asks anything else is told WayIn. Empty: everything
	WayIn   Text     // where such a request belongs
	Profile Text     // told in the first answer: the one place where an address that is published nowhere may stand (B1)
	Offer   Text     // terms "licence": the ways to go on without one (B3)
	Rate    string   // terms "hourly": the rate where the class has none
	Assign  string   // staff who gets its tickets at once, past any dispatch (B2); "" for the queue's way
}

// Terms say what a channel costs.
type Terms string

// The terms of a channel, cheapest first.
const (
	TermsFree    Terms = "free"
	TermsLicence Terms = "licence" // free with a licence for the product in force, else by the class
	TermsHourly  Terms = "hourly"  // by time, whatever the licence
)

var allTerms = []string{string(TermsFree), string(TermsLicence), string(TermsHourly)}

func readChannels(v value, staff []*Staff) (all []*Channel) {
	taken := map[string]string{}
	for _, e := range v.named("channel") {
		m := e.fields("title", "mailbox", "terms", "classes", "way_in", "profile", "offer", "rate", "assign")
		c := &Channel{
			Name: e.name, Title: m.key("title").translated(Text{"en": e.name}), Mailbox: m.key("mailbox").theOnly("mailbox"),
			Terms:   Terms(m.key("terms").must("one of "+strings.Join(allTerms, ", ")).oneOf("", allTerms...)),
			Classes: m.key("classes").refs("class"), WayIn: m.key("way_in").translated(nil), Profile: m.key("profile").translated(nil),
			Offer: m.key("offer").translated(nil), Rate: m.key("rate").ref("rate"),
		}
		c.Assign, _ = m.key("assign").person(staff, Engineer, "")
		if other, ok := taken[c.Mailbox]; ok && c.Mailbox != "" {
			m.key("mailbox").mistake(quote(c.Mailbox)+", which is the mailbox of the channel "+other, "a mailbox of its own")
		}
		taken[c.Mailbox] = c.Name
		if len(c.Classes) > 0 && !m.key("way_in").given() {
			m.key("way_in").expected("where a request of another class belongs, since the channel has classes")
		}
		if len(c.Classes) == 0 && m.key("way_in").given() {
			m.key("way_in").mistake("a way in", "none, or classes: what is asked here")
		}
		switch c.Terms {
		case TermsLicence:
			m.key("offer").must("the ways to go on without a licence")
		case TermsHourly:
			m.key("rate").must("the rate that its time is billed by")
		}
		if c.Terms != TermsLicence && c.Terms != "" && m.key("offer").given() {
			m.key("offer").mistake("an offer", "none, since it is for whoever has no licence, and the terms are "+string(c.Terms))
		}
		if c.Terms != TermsHourly && c.Terms != "" && m.key("rate").given() {
			m.key("rate").mistake("a rate", "none, since the terms are "+string(c.Terms))
		}
		all = append(all, c)
	}
	return all
}

// A Rate is the price of a kind of work by the hour (B2).
type Rate struct {
	Name    string
	Title   Text
	PerHour Money
	Unit    int   // minutes: time is rounded up to it once, over all of a ticket
	Cap     Money // the most that one agreement may come to
}

func readRates(v value) (all []*Rate) {
	for _, e := range v.named("rate") {
		m := e.fields("title", "per_hour", "unit", "cap")
		r := &Rate{
			Name: e.name, Title: m.key("title").translated(Text{"en": e.name}), PerHour: m.key("per_hour").must("a price such as 15 USD").money(),
			Unit: int(m.key("unit").whole(1, 1, 480)), Cap: m.key("cap").must("the most that one agreement may come to, such as 60 USD").money(),
		}
		if r.Cap.Currency != "" && r.PerHour.Currency != "" && r.Cap.Currency != r.PerHour.Currency {
			m.key("cap").expected("an amount in " + r.PerHour.Currency + ", as per_hour is")
		}
		all = append(all, r)
	}
	return all
}

// Money is an amount in the smallest parts of a currency (ISO 4217).
type Money struct {
	Amount   int64
	Currency string
}

// digits are those behind the point, for currencies that have not two (ISO 4217).
var digits = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "UYI": 0, "VND": 0,
	"VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0, "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}

// minorDigits are how many digits a currency has behind the point.
func minorDigits(currency string) int {
	if n, ok := digits[currency]; ok {
		return n
	}
	return 2
}

// String writes the amount as people do: 12.50 USD.
func (m Money) String() string {
	n := minorDigits(m.Currency)
	s := strconv.FormatInt(m.Amount, 10)
	if n > 0 {
		for len(s) <= n {
			s = "0" + s
		}
		s = s[:len(s)-n] + "." + s[len(s)-n:]
	}
	return s + " " + m.Currency
}

// ParseMoney reads an amount with its currency: 15 USD, 12.50 EUR.
func ParseMoney(s string) (Money, error) {
	amount, currency, ok := strings.Cut(s, " ")
	if !ok || !isCode(currency, 3) {
		return Money{}, errors.New("no currency")
	}
	whole, part, _ := strings.Cut(amount, ".")
	n := minorDigits(currency)
	if len(part) > n || strings.Contains(amount, ".") && part == "" || strings.Trim(whole+part, "0123456789") != "" || whole == "" {
		return Money{}, errors.New("no amount")
	}
	part += strings.Repeat("0", n-len(part))
	minor, err := strconv.ParseInt(whole+part, 10, 64)
	if err != nil || minor < 1 || minor > maxAmount {
		return Money{}, errors.New("out of range")
	}
	return Money{minor, currency}, nil
}

func (v value) money() Money {
	m, _ := parsed(v, Money{}, "an amount such as 15 USD or 12.50 EUR", ParseMoney)
	return m
}
