//go:build unix

package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// tables are those that can be imported, by the command's name.
var tables = map[string]csvTable{
	"customers": customerTable, "contacts": contactTable, "purchases": purchaseTable, "licences": licenceTable, "subscriptions": subscriptionTable,
}

func TestReadCSV(t *testing.T) {
	for _, c := range []struct {
		name, table, csv string
		want             []desk.Row
	}{
		{"all columns", "customers", "id,name,language,market,zone\nacme,Acme GmbH,de,DE,Europe/Berlin\n",
			[]desk.Row{{Line: 2, Customer: &desk.Customer{ID: "acme", Name: "Acme GmbH", Language: "de", Market: "DE", Zone: "Europe/Berlin"}}}},
		{"in another order, in capitals, and the rest empty", "customers", "Name,ID\n,acme\n",
			[]desk.Row{{Line: 2, Customer: &desk.Customer{ID: "acme"}}}},
		{"as a spreadsheet writes it", "customers", "\ufeffid;name\r\nacme;\"Acme, \"\"the\"\" firm\"\r\n;\r\nbolt; Bolt \r\n",
			[]desk.Row{{Line: 2, Customer: &desk.Customer{ID: "acme", Name: `Acme, "the" firm`}}, {Line: 4, Customer: &desk.Customer{ID: "bolt", Name: "Bolt"}}}},
		{"parted by tabs", "customers", "id\tname\nacme\tAcme\n", []desk.Row{{Line: 2, Customer: &desk.Customer{ID: "acme", Name: "Acme"}}}},
		{"an address in its one form", "contacts", "customer,address,may_spend\nacme,Anna@ACME.Example,no\n",
			[]desk.Row{{Line: 2, Contact: &desk.Contact{Customer: "acme", Address: "anna@acme.example"}, Spends: true}}},
		{"who may spend left open", "contacts", "customer,address,may_spend\nacme,anna@acme.example,\n",
			[]desk.Row{{Line: 2, Contact: &desk.Contact{Customer: "acme", Address: "anna@acme.example"}}}},
		{"a purchase", "purchases", "customer,product,date,refunded\nacme,classifieds,2026-03-02,Yes\n",
			[]desk.Row{{Line: 2, Entitlement: &desk.Entitlement{Customer: "acme", Kind: "purchase", Product: "classifieds", From: calendar.Date{Year: 2026, Month: 3, Day: 2}, Refunded: true}}}},
		{"a licence of one day", "licences", "customer,product,from,until\nacme,classifieds,2026-03-02,2026-03-02\n",
			[]desk.Row{{Line: 2, Entitlement: &desk.Entitlement{Customer: "acme", Kind: "licence", Product: "classifieds", From: calendar.Date{Year: 2026, Month: 3, Day: 2}, Until: calendar.Date{Year: 2026, Month: 3, Day: 2}}}}},
		{"a subscription", "subscriptions", "customer,product,plan,from,until\nacme,classifieds,standard,2026-01-01,2026-12-31\n",
			[]desk.Row{{Line: 2, Entitlement: &desk.Entitlement{Customer: "acme", Kind: "subscription", Product: "classifieds", Plan: "standard", From: calendar.Date{Year: 2026, Month: 1, Day: 1}, Until: calendar.Date{Year: 2026, Month: 12, Day: 31}}}}},
		{"a header alone", "customers", "id,name\n", nil},
	} {
		got := tables[c.table].read("f.csv", []byte(c.csv), readOperatorPolicy(t))
		if len(got.wrong) > 0 {
			t.Errorf("%s: %v", c.name, got.wrong)
		}
		if diff := cmp.Diff(c.want, got.rows); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.name, diff)
		}
	}
}

func TestMistakesInCSV(t *testing.T) {
	for _, c := range []struct {
		name, table, csv string
		want             []string
		broken           bool
	}{
		{"nothing", "customers", "", []string{"f.csv:1:1: found nothing, expected a first line with the columns id, name, language, market, zone"}, true},
		{"another table's columns", "customers", "customer,address\n", []string{
			`f.csv:1:1: found the column "customer", expected some of id, name, language, market, zone`,
			`f.csv:1:10: found the column "address", expected some of id, name, language, market, zone`,
			"f.csv:1:1: found no column id, expected at least id"}, true},
		{"a column twice", "customers", "id,ID\n", []string{"f.csv:1:4: found the column id a second time, expected some of id, name, language, market, zone"}, true},
		{"Latin-1", "customers", "id,name\nacme,M\xfcller\n", []string{"f.csv:2:1: found bytes that are no UTF-8, expected UTF-8; spreadsheets call it CSV UTF-8"}, true},
		{"UTF-16", "customers", "i\x00d\x00", []string{"f.csv:1:1: found bytes that are no UTF-8, expected UTF-8; spreadsheets call it CSV UTF-8"}, true},
		{"a quote left open", "customers", "id,name\nacme,\"Acme\nbolt,Bolt\n", []string{`f.csv:2:1: found extraneous or missing " in quoted-field, expected cells with quotes around all of them, and quotes inside twice: "like ""this"""`}, true},
		{"cells that are too many", "customers", "id,name\nacme,Acme, GmbH\nbolt,Bolt\n", []string{"f.csv:2:1: found 3 cells, expected 2, as in the first line"}, false},
		{"no id", "customers", "id,name\n,Acme\n", []string{"f.csv:2:1: id: found nothing, expected a value in each row"}, false},
		{"an id of words", "customers", "id,name\nAcme GmbH,Acme\n", []string{`f.csv:2:1: id: found "Acme GmbH", expected an id of at most 40 letters, digits, - and _`}, false},
		{"codes that are none", "customers", "id,language,market,zone\nacme,DE,de,Local\n", []string{
			`f.csv:2:6: language: found "DE", expected a language such as de`, `f.csv:2:9: market: found "de", expected a country such as DE`,
			`f.csv:2:12: zone: found "Local", expected a time zone such as Europe/Berlin`}, false},
		{"a name that turns the line around", "customers", "id,name\nacme,Acme\u202e\n", []string{"f.csv:2:6: name: found \"Acme\uFFFD\", expected a text on one line of at most 200 characters"}, false},
		{"no address", "contacts", "customer,address\nacme,anna\n", []string{`f.csv:2:6: address: found "anna", expected an address such as anna@acme.example`}, false},
		{"our own addresses", "contacts", "customer,address\nacme,support+a@desk.example\nacme,dana@staff.example\n", []string{
			`f.csv:2:6: address: found "support+a@desk.example", which is the mailbox support of the policy, expected an address of the customer's own`,
			`f.csv:3:6: address: found "dana@staff.example", which is dana of the staff, expected an address of the customer's own`}, false},
		{"neither yes nor no", "contacts", "customer,address,may_spend\nacme,anna@acme.example,perhaps\n", []string{
			`f.csv:2:24: may_spend: found "perhaps", expected true or false`}, false},
		{"a product and a day that do not exist", "purchases", "customer,product,date\nacme,clasifieds,31.02.2026\n", []string{
			`f.csv:2:6: product: found "clasifieds", expected a product of the policy: classifieds`,
			`f.csv:2:17: date: found "31.02.2026", expected a day that exists, such as 2026-12-25`}, false},
		{"a licence that ends before it begins", "licences", "customer,product,from,until\nacme,classifieds,2026-03-02,2026-03-01\n", []string{
			`f.csv:2:29: until: found "2026-03-01", expected a day from 2026-03-02 on`}, false},
	} {
		got := tables[c.table].read("f.csv", []byte(c.csv), readOperatorPolicy(t))
		var lines []string
		for _, w := range got.wrong {
			lines = append(lines, w.String())
		}
		if diff := cmp.Diff(c.want, lines); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.name, diff)
		}
		if got.broken != c.broken {
			t.Errorf("%s: broken: got %v, want %v", c.name, got.broken, c.broken)
		}
	}
}

func TestImportFile(t *testing.T) {
	// Each step follows the ones before it.
	steps := []struct {
		name, table, csv string
		partial          bool
		want             string
		wrong            []string
	}{
		{"customers", "customers", "id,name\nacme,Acme\nbolt,Bolt\n", false, "f.csv: 2 new, 0 changed, 0 as they were\n", nil},
		{"again", "customers", "id,name\nacme,Acme\nbolt,Bolt\n", false, "f.csv: 0 new, 0 changed, 2 as they were\n", nil},
		{"one row is wrong in itself", "contacts", "customer,address\nacme,anna@acme.example\nacme,ben\n", false, "f.csv: nothing is imported\n",
			[]string{`f.csv:3:6: address: found "ben", expected an address such as anna@acme.example`}},
		{"one row is wrong beside what is known", "contacts", "customer,address\nacme,anna@acme.example\nnobody,kim@cust.example\n", false, "f.csv: nothing is imported\n",
			[]string{`f.csv:3:1: customer: found "nobody", which is unknown, expected the id of a customer; import customers first`}},
		{"in part, and the others are as new as before", "contacts", "address,customer\nben,acme\nanna@acme.example,acme\nkim@cust.example,nobody\n", true, "f.csv: 1 new, 0 changed, 0 as they were\n",
			[]string{`f.csv:2:1: address: found "ben", expected an address such as anna@acme.example`,
				`f.csv:4:18: customer: found "nobody", which is unknown, expected the id of a customer; import customers first`}},
		{"in part of a file that is broken", "contacts", "customer,address\nbolt,kim@bolt.example\n\"bolt\n", true, "f.csv: nothing is imported\n",
			[]string{`f.csv:3:1: found extraneous or missing " in quoted-field, expected cells with quotes around all of them, and quotes inside twice: "like ""this"""`}},
		{"a purchase", "purchases", "customer,product,date\nacme,classifieds,2026-03-02\n", false, "f.csv: 1 new, 0 changed, 0 as they were\n", nil},
		{"its refund", "purchases", "customer,product,date,refunded\nacme,classifieds,2026-03-02,true\n", false, "f.csv: 0 new, 1 changed, 0 as they were\n", nil},
	}
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		for _, s := range steps {
			var out bytes.Buffer
			f := shopFile{File: "f.csv", Partial: s.partial}
			err := f.store(t.Context(), st, tables[s.table].read("f.csv", []byte(s.csv), readOperatorPolicy(t)), &out)
			var wrong *policy.Mistakes
			if err != nil && !errors.As(err, &wrong) {
				t.Fatalf("%s: %v", s.name, err)
			}
			var lines []string
			if wrong != nil {
				lines = strings.Split(wrong.Error(), "\n")
			}
			if diff := cmp.Diff(s.wrong, lines); diff != "" || out.String() != s.want {
				t.Errorf("%s: got %q, want %q; mistakes: -want +got\n%s", s.name, out.String(), s.want, diff)
			}
		}
	})
}

// Whatever a file holds, its mistakes have a place in it, and what is taken of it is fit to be stored.
func FuzzReadCSV(f *testing.F) {
	for _, seed := range []string{
		"id,name,language,market,zone\nacme,Acme GmbH,de,DE,Europe/Berlin\n", "customer;address;name;may_spend\nacme;anna@acme.example;Anna;true\n",
		"customer,product,date,refunded\nacme,classifieds,2026-03-02,false\n", "customer,product,plan,from,until\na,classifieds,,2026-01-01,2026-12-31\n",
		"\ufeff\"id\"\r\n\"a\"\"b\"\r\n", "id\n\"", "id,id\n", "",
	} {
		f.Add([]byte(seed))
	}
	p := readOperatorPolicy(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		lines := bytes.Count(data, []byte("\n")) + 1
		for name, table := range tables {
			got := table.read("f.csv", data, p)
			if got.broken && len(got.rows) > 0 {
				t.Errorf("%s: rows of a broken file", name)
			}
			for _, w := range got.wrong {
				if w.Line < 1 || w.Line > lines+1 || w.Column < 1 || w.Want == "" {
					t.Errorf("%s: a mistake without a place: %+v", name, w)
				}
			}
			last := 1
			for _, r := range got.rows {
				if r.Line <= last || r.Line > lines {
					t.Errorf("%s: row of line %d after one of line %d, in a file of %d", name, r.Line, last, lines)
				}
				last = r.Line
				checkRow(t, r)
			}
		}
	})
}

func checkRow(t *testing.T, r desk.Row) {
	t.Helper()
	id := ""
	switch {
	case r.Customer != nil:
		id = r.Customer.ID
		if strings.ContainsAny(r.Customer.Name, "\n\x00\x1b") {
			t.Errorf("the name %q", r.Customer.Name)
		}
	case r.Contact != nil:
		id = r.Contact.Customer
		if a, err := message.Canonical(r.Contact.Address); err != nil || a != r.Contact.Address {
			t.Errorf("the address %q: %q, %v", r.Contact.Address, a, err)
		}
	case r.Entitlement != nil:
		id = r.Entitlement.Customer
		if e := r.Entitlement; e.Product != "classifieds" || e.From.String() == "0000-00-00" || e.Kind != "purchase" && e.Until.String() < e.From.String() {
			t.Errorf("the entitlement %+v", e)
		}
	}
	if id == "" || len(id) > 40 || slices.ContainsFunc([]rune(id), func(c rune) bool { return !strings.ContainsRune(small+capitals+"0123456789-_", c) }) {
		t.Errorf("the id %q", id)
	}
}
