package policy

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
)

const shop = "products: {classifieds: {}, bookings: {}}\n"

func TestWorldMistakes(t *testing.T) {
	p := parse(t, shop)
	eachFile(t, "testdata/world/*.yaml", func(t *testing.T, data []byte) error {
		w, err := ParseWorld("world.yaml", data, p)
		if w != nil {
			t.Error("there is a world in spite of the mistake")
		}
		return err
	})
}

func TestEventMistakes(t *testing.T) {
	p := parse(t, shop)
	eachFile(t, "testdata/events/*.jsonl", func(t *testing.T, data []byte) error {
		all, err := ParseEvents("events.jsonl", data, p)
		if all != nil {
			t.Error("there are events in spite of the mistake")
		}
		return err
	})
}

func eachFile(t *testing.T, pattern string, read func(*testing.T, []byte) error) {
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(names), err)
	}
	for _, name := range names {
		ext := filepath.Ext(name)
		t.Run(strings.TrimSuffix(filepath.Base(name), ext), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			err = read(t, data)
			var mistakes *Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatalf("got %v, want mistakes", err)
			}
			golden(t, strings.TrimSuffix(name, ext)+".want", err.Error()+"\n")
		})
	}
}

// The world of the contract of simulate, whole.
func TestWorld(t *testing.T) {
	const source = `
customers:
  - id: acme
    name: Acme GmbH
    language: de
    market: DE
    zone: Europe/Berlin
    contacts:
      - {address: Anna@acme.example, name: Anna}
      - {address: ben@acme.example, language: en}
      - {address: cora@acme.example, may_spend: true}
    purchases:     [{product: classifieds, date: 2026-03-02, refunded: true}]
    licences:      [{product: classifieds, from: 2026-03-02, until: 2027-03-01}]
    subscriptions: [{product: bookings, plan: standard, from: 2026-01-01, until: 2026-12-31}]
    balances:      {credit: 5, USD: 0}
  - id: bolt
orders:
  - {id: "1001", buyer: anna@acme.example, seller: shop7, market: PL, language: pl, currency: PLN}
sellers:
  - {id: shop7, name: Shop 7, language: pl, market: PL, contacts: [{address: s7@seller.example}]}
`
	got, err := ParseWorld("world.yaml", []byte(source), parse(t, shop))
	if err != nil {
		t.Fatal(err)
	}
	berlin := got.Customers[0].Zone
	if berlin.String() != "Europe/Berlin" {
		t.Errorf("zone %v", berlin)
	}
	day := func(y int, m time.Month, d int) calendar.Date { return calendar.Date{Year: y, Month: m, Day: d} }
	want := &World{
		Customers: []Customer{{
			ID: "acme", Name: "Acme GmbH", Language: "de", Market: "DE", Zone: berlin,
			Contacts: []Contact{
				{Address: "anna@acme.example", Name: "Anna", MaySpend: true}, {Address: "ben@acme.example", Language: "en"},
				{Address: "cora@acme.example", MaySpend: true},
			},
			Purchases:     []Purchase{{"classifieds", day(2026, 3, 2), true}},
			Licences:      []Term{{"classifieds", "", day(2026, 3, 2), day(2027, 3, 1)}},
			Subscriptions: []Term{{"bookings", "standard", day(2026, 1, 1), day(2026, 12, 31)}},
			Balances:      []Balance{{"credit", 5}, {"USD", 0}},
		}, {ID: "bolt"}},
		Orders:  []Order{{"1001", "anna@acme.example", "shop7", "PL", "pl", "PLN"}},
		Sellers: []Seller{{"shop7", "Shop 7", "pl", "PL", []Contact{{Address: "s7@seller.example", MaySpend: true}}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestEvents(t *testing.T) {
	const source = `{"time": "2026-11-24T16:00:00+01:00", "do": "top_up", "customer": "acme", "unit": "credit", "amount": 4}

{"time": "2026-11-25T09:00:00Z", "do": "open_link", "ticket": 3, "template": "estimate", "post": true}
{"time": "2026-11-23T09:00:00Z", "do": "purchase", "customer": "bolt", "product": "classifieds", "date": "2026-11-23"}
{"time": "2026-11-25T09:00:00Z", "do": "licence", "customer": "bolt", "product": "bookings", "from": "2026-11-25", "until": "2027-11-24"}
`
	got, err := ParseEvents("events.jsonl", []byte(source), parse(t, shop))
	if err != nil {
		t.Fatal(err)
	}
	at := func(d, h int) time.Time { return time.Date(2026, 11, d, h, 0, 0, 0, time.UTC) }
	day := func(y, d int) calendar.Date { return calendar.Date{Year: y, Month: time.November, Day: d} }
	want := []Event{ // by time, and by line where that is the same
		{Line: 4, Time: at(23, 9), Do: "purchase", Customer: "bolt", Purchase: &Purchase{Product: "classifieds", Date: day(2026, 23)}},
		{Line: 1, Time: at(24, 15), Do: "top_up", Customer: "acme", TopUp: &Balance{"credit", 4}},
		{Line: 3, Time: at(25, 9), Do: "open_link", Link: &Link{Ticket: 3, Template: "estimate", Post: true}},
		{Line: 5, Time: at(25, 9), Do: "licence", Customer: "bolt", Term: &Term{Product: "bookings", From: day(2026, 25), Until: day(2027, 24)}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
