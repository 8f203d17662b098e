package desk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

func customerRow(line int, id, name string) desk.Row {
	return desk.Row{Line: line, Customer: &desk.Customer{ID: id, Name: name}}
}

func contactRow(line int, customer, address string) desk.Row {
	return desk.Row{Line: line, Contact: &desk.Contact{Customer: customer, Address: address}}
}

func purchaseRow(line int, customer string, day int, refunded bool) desk.Row {
	return desk.Row{Line: line, Entitlement: &desk.Entitlement{
		Customer: customer, Kind: "purchase", Product: "classifieds", From: calendar.Date{Year: 2026, Month: 3, Day: day}, Refunded: refunded,
	}}
}

func TestImport(t *testing.T) {
	yes, no := true, false
	spends := func(r desk.Row, may *bool) desk.Row {
		r.Spends, r.Contact.MaySpend = true, *may
		return r
	}
	// Each step follows the ones before it.
	steps := []struct {
		name    string
		rows    []desk.Row
		partial bool
		want    desk.Imported
		wrong   []string
	}{
		{"customers", []desk.Row{customerRow(2, "acme", "Acme"), customerRow(3, "bolt", "Bolt")}, false, desk.Imported{Added: 2}, nil},
		{"the same again", []desk.Row{customerRow(2, "acme", "Acme"), customerRow(3, "bolt", "Bolt")}, false, desk.Imported{Same: 2}, nil},
		{"a new name, and one that says nothing", []desk.Row{customerRow(2, "acme", "Acme GmbH"), customerRow(3, "bolt", "")}, false, desk.Imported{Changed: 1, Same: 1}, nil},
		{"an id that differs by case only (T014)", []desk.Row{customerRow(2, "Acme", "Another"), customerRow(3, "cinder", "Cinder")}, false,
			desk.Imported{}, []string{`line 2: id: found "Acme", which differs from customer "acme" by case only, expected an id of its own`}},
		{"one that was left out with it", []desk.Row{purchaseRow(2, "cinder", 2, false)}, false,
			desk.Imported{}, []string{`line 2: customer: found "cinder", which is unknown, expected the id of a customer; import customers first`}},
		{"the same in part", []desk.Row{customerRow(2, "Acme", "Another"), customerRow(3, "cinder", "Cinder")}, true,
			desk.Imported{Added: 1}, []string{`line 2: id: found "Acme", which differs from customer "acme" by case only, expected an id of its own`}},
		{"two in one file that differ by case only", []desk.Row{customerRow(2, "dora", ""), customerRow(3, "DORA", "")}, false,
			desk.Imported{}, []string{`line 3: id: found "DORA", which differs from customer "dora" by case only, expected an id of its own`}},

		{"contacts, the first of whom may spend", []desk.Row{contactRow(2, "acme", "anna@acme.example"), contactRow(3, "acme", "ben@acme.example")}, false, desk.Imported{Added: 2}, nil},
		{"the same again, whoever comes first", []desk.Row{contactRow(2, "acme", "ben@acme.example"), contactRow(3, "acme", "anna@acme.example")}, false, desk.Imported{Same: 2}, nil},
		{"who may spend, said", []desk.Row{spends(contactRow(2, "acme", "ben@acme.example"), &yes), spends(contactRow(3, "acme", "anna@acme.example"), &no)}, false, desk.Imported{Changed: 2}, nil},
		{"an address of another customer", []desk.Row{contactRow(2, "bolt", "anna@acme.example")}, false,
			desk.Imported{}, []string{`line 2: address: found "anna@acme.example", which belongs to customer "acme", expected an address of its own`}},
		{"a customer in other letters", []desk.Row{contactRow(2, "BOLT", "kim@bolt.example")}, false,
			desk.Imported{}, []string{`line 2: customer: found "BOLT", which is unknown, expected the id of a customer (did you mean bolt?)`}},

		{"purchases", []desk.Row{purchaseRow(2, "acme", 2, false), purchaseRow(3, "acme", 9, false)}, false, desk.Imported{Added: 2}, nil},
		{"the same again", []desk.Row{purchaseRow(2, "acme", 2, false), purchaseRow(3, "acme", 9, false)}, false, desk.Imported{Same: 2}, nil},
		{"one of them refunded", []desk.Row{purchaseRow(2, "acme", 9, true)}, false, desk.Imported{Changed: 1}, nil},
	}
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		for _, s := range steps {
			got, wrong, err := desk.Import(t.Context(), st, s.rows, s.partial)
			if err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			var lines []string
			for _, w := range wrong {
				lines = append(lines, w.Error())
			}
			if got != s.want || !cmp.Equal(lines, s.wrong) {
				t.Errorf("%s: got %+v, want %+v; wrong rows %s", s.name, got, s.want, cmp.Diff(s.wrong, lines))
			}
		}
		var stands []string
		err := st.View(t.Context(), func(tx desk.Tx) error {
			contacts, err := tx.Contacts(t.Context(), "acme")
			if err != nil {
				return err
			}
			for _, c := range contacts {
				stands = append(stands, fmt.Sprint(c.Address, " ", c.MaySpend))
			}
			owned, err := tx.Entitlements(t.Context(), "acme")
			for _, e := range owned {
				stands = append(stands, fmt.Sprint(e.From, " ", e.Refunded))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"anna@acme.example false", "ben@acme.example true", "2026-03-09 true", "2026-03-02 false"}
		if diff := cmp.Diff(want, stands); diff != "" {
			t.Errorf("in the end: -want +got\n%s", diff)
		}
	})
}

// Whoever wrote before he had an account becomes its contact, and keeps what the desk learned of him.
func TestImportOfSomebodyKnown(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		err := st.Update(t.Context(), func(tx desk.Tx) error {
			return tx.SaveContact(t.Context(), &desk.Contact{Address: "sam@example.org", Name: "Sam", Language: "pl"})
		})
		if err != nil {
			t.Fatal(err)
		}
		rows := []desk.Row{customerRow(2, "acme", "Acme"), contactRow(3, "acme", "sam@example.org")}
		if got, wrong, err := desk.Import(t.Context(), st, rows, false); err != nil || got != (desk.Imported{Added: 1, Changed: 1}) {
			t.Fatalf("got %+v, %v, %v", got, wrong, err)
		}
		var c *desk.Contact
		err = st.View(t.Context(), func(tx desk.Tx) (err error) {
			c, err = tx.ContactOf(t.Context(), "sam@example.org")
			return err
		})
		if want := (desk.Contact{ID: c.ID, Address: "sam@example.org", Name: "Sam", Language: "pl", Customer: "acme", MaySpend: true}); err != nil || *c != want {
			t.Errorf("got %+v (%v), want %+v", c, err, want)
		}
	})
}

func TestRetryMail(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		for _, c := range []struct {
			name  string
			state desk.MailState
			past  string // text of the last attempt
			later bool   // its next try is in the future
			want  string // of the error
		}{
			{"given up", desk.MailFailed, "no such user", false, ""},
			{"given up since nobody knew what became of it", desk.MailFailed, "unsure: cut", false, ""},
			{"between two tries", desk.MailWaiting, "greylisted", true, ""},
			{"sent", desk.MailSent, "ok", false, "was sent"},
			{"being sent", desk.MailWaiting, desk.AttemptBegun, true, "is being sent"},
			{"begun by a node that died long ago", desk.MailWaiting, desk.AttemptBegun, false, ""},
		} {
			var m desk.Mail
			err := st.Update(t.Context(), func(tx desk.Tx) error {
				now, err := tx.Now(t.Context())
				if err != nil {
					return err
				}
				m = desk.Mail{At: now}
				if err := tx.AddMail(t.Context(), &m); err != nil {
					return err
				}
				next := now.AddDate(0, 0, -1)
				if c.later {
					next = now.AddDate(0, 0, 1)
				}
				return tx.Tried(t.Context(), desk.Attempt{Mail: m.ID, At: now, State: c.state, NotBefore: next, Text: c.past})
			})
			if err != nil {
				t.Fatal(err)
			}
			err = desk.RetryMail(t.Context(), st, m.ID)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %q", c.name, err, c.want)
			}
			if c.want == "" {
				leased := leaseNext(t, st)
				if leased == nil || leased.ID != m.ID {
					t.Errorf("%s: the next mail to be sent is %+v, want mail %d", c.name, leased, m.ID)
				}
			}
		}
		if err := desk.RetryMail(t.Context(), st, 99); err == nil || !strings.Contains(err.Error(), "not found") {
			t.Errorf("a mail that there is none of: got %v", err)
		}
	})
}

func leaseNext(t *testing.T, st *store.Store) (m *desk.Mail) {
	t.Helper()
	err := st.Update(t.Context(), func(tx desk.Tx) error {
		now, err := tx.Now(t.Context())
		if err != nil {
			return err
		}
		ms, err := tx.LeaseMails(t.Context(), "node", now.AddDate(0, 0, 2), 1)
		if len(ms) > 0 {
			m = ms[0]
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return m
}
