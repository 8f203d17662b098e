package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

func TestCustomer(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		var c desk.Customer
		fill(&c)
		renamed := c
		renamed.Name, renamed.Language, renamed.Market, renamed.Zone = "Acme", "", "", ""
		for _, want := range []desk.Customer{c, renamed} {
			update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.SaveCustomer(ctx, want) })
			got := read(t, st, func(ctx context.Context, tx desk.Tx) (desk.Customer, error) { return tx.Customer(ctx, c.ID) })
			if got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		view(t, st, func(ctx context.Context, tx desk.Tx) error {
			if got, err := tx.Customer(ctx, "nobody"); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("unknown: got %v, %v, want ErrNotFound", got, err)
			}
			return nil
		})
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.SaveCustomer(ctx, desk.Customer{ID: "Acme-1"}) })
		for id, want := range map[string]string{"Acme-1": "Acme-1", "acme-1": "Acme-1", "ACME-1": "Acme-1", "acme-2": ""} {
			view(t, st, func(ctx context.Context, tx desk.Tx) error {
				if got, err := tx.CustomerLike(ctx, id); got.ID != want || errors.Is(err, desk.ErrNotFound) != (want == "") {
					t.Errorf("like %s: got %q, %v, want %q", id, got.ID, err, want)
				}
				return nil
			})
		}
	})
}

func TestContact(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		for _, want := range w.contacts {
			got := read(t, st, func(ctx context.Context, tx desk.Tx) (*desk.Contact, error) { return tx.ContactOf(ctx, want.Address) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		}
		kim := *w.contacts[1]
		kim.Address, kim.Customer, kim.Name = "kim@cust.example", w.customer.ID, "Kim Ж"
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.SaveContact(ctx, &kim) })
		got := read(t, st, func(ctx context.Context, tx desk.Tx) ([]*desk.Contact, error) { return tx.Contacts(ctx, w.customer.ID) })
		if diff := cmp.Diff([]*desk.Contact{w.contacts[0], &kim}, got); diff != "" {
			t.Errorf("of the customer: -want +got\n%s", diff)
		}
		view(t, st, func(ctx context.Context, tx desk.Tx) error {
			if c, err := tx.ContactOf(ctx, "kim@acme.example"); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("old address: got %v, %v, want ErrNotFound", c, err)
			}
			return nil
		})
		twin := desk.Contact{Address: "anna@cust.example"}
		if err := st.Update(t.Context(), func(tx desk.Tx) error { return tx.SaveContact(t.Context(), &twin) }); err == nil {
			t.Error("one address was added twice")
		}
		ghost := desk.Contact{ID: 4711, Address: "ghost@cust.example"}
		if err := st.Update(t.Context(), func(tx desk.Tx) error { return tx.SaveContact(t.Context(), &ghost) }); !errors.Is(err, desk.ErrNotFound) {
			t.Errorf("unknown ID: got %v, want ErrNotFound", err)
		}
	})
}

// An address that writes for the first time to many nodes at once becomes one contact.
func TestContactConcurrently(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		var mu sync.Mutex
		ids := map[int64]bool{}
		at20(t, func(int) error {
			return st.Update(t.Context(), func(tx desk.Tx) error {
				c, err := tx.ContactOf(t.Context(), "anna@cust.example")
				if errors.Is(err, desk.ErrNotFound) {
					c = &desk.Contact{Address: "anna@cust.example"}
					err = tx.SaveContact(t.Context(), c)
				}
				if err != nil {
					return err
				}
				mu.Lock()
				ids[c.ID] = true
				mu.Unlock()
				return nil
			})
		})
		if len(ids) != 1 {
			t.Errorf("got contacts %v, want one", ids)
		}
	})
}

func TestEntitlements(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		day := func(d int) calendar.Date { return calendar.Date{Year: 2026, Month: time.March, Day: d} }
		var full desk.Entitlement
		fill(&full)
		full.Customer, full.From = "acme", day(9)
		early := desk.Entitlement{Customer: "acme", Kind: "purchase", Product: "classifieds", From: day(2)}
		late := desk.Entitlement{Customer: "acme", Kind: "purchase", Product: "classifieds", From: day(10)}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			if err := tx.SaveCustomer(ctx, desk.Customer{ID: "acme"}); err != nil {
				return err
			}
			for _, e := range []desk.Entitlement{full, early, late} {
				if err := tx.AddEntitlement(ctx, e); err != nil {
					return err
				}
			}
			return nil
		})
		got := read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.Entitlement, error) { return tx.Entitlements(ctx, "acme") })
		if diff := cmp.Diff([]desk.Entitlement{late, full, early}, got); diff != "" {
			t.Errorf("latest first: -want +got\n%s", diff)
		}
	})
}
