package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/postdesk/postdesk/desk/calendar"
)

// A Row is one thing that a shop tells of: a customer, or a contact or an entitlement of one. What is empty in it says nothing.
type Row struct {
	Line        int // in the shop's file, for messages
	Customer    *Customer
	Contact     *Contact // its MaySpend counts where Spends is given
	Spends      bool
	Entitlement *Entitlement
}

// A RowError says which row cannot be taken, and what it would have to hold.
type RowError struct {
	Line             int
	Key, Found, Want string // Key is the part of the row, such as address
}

func (e *RowError) Error() string {
	return fmt.Sprintf("line %d: %s: found %s, expected %s", e.Line, e.Key, e.Found, e.Want)
}

// Imported counts what became of an import's rows.
type Imported struct {
	Added, Changed, Same int
}

// Import takes what a shop tells, all in one transaction. Told again, the same rows change nothing. Where a row cannot be taken, nothing
// is, unless partial: then those rows alone are left out. They are returned in order.
//
// The first contact of a customer may spend, any other may not, unless its row says so or it is there already.
func Import(ctx context.Context, st Store, rows []Row, partial bool) (done Imported, wrong []*RowError, err error) {
	err = st.Update(ctx, func(tx Tx) error {
		done, wrong = Imported{}, nil // of an earlier run
		for _, r := range rows {
			what, err := take(ctx, tx, r)
			var bad *RowError
			if errors.As(err, &bad) {
				wrong = append(wrong, bad)
				continue
			}
			if err != nil {
				return fmt.Errorf("line %d: %w", r.Line, err)
			}
			switch what {
			case added:
				done.Added++
			case changed:
				done.Changed++
			case same:
				done.Same++
			}
		}
		if len(wrong) > 0 && !partial {
			return errRefused
		}
		return nil
	})
	if errors.Is(err, errRefused) {
		return Imported{}, wrong, nil
	}
	return done, wrong, err
}

// errRefused undoes an import that is not taken.
var errRefused = errors.New("some rows cannot be taken")

// A change is what a row does to what is there.
type change int

const (
	same change = iota
	added
	changed
)

func take(ctx context.Context, tx Tx, r Row) (change, error) {
	switch {
	case r.Customer != nil:
		return takeCustomer(ctx, tx, r)
	case r.Contact != nil:
		return takeContact(ctx, tx, r)
	case r.Entitlement != nil:
		return takeEntitlement(ctx, tx, r)
	}
	return same, errors.New("a row of nothing")
}

// takeCustomer adds a customer, or what is new of one. Ids that differ by case only would be taken for each other by people (T014).
func takeCustomer(ctx context.Context, tx Tx, r Row) (change, error) {
	c := *r.Customer
	old, err := tx.CustomerLike(ctx, c.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return added, tx.SaveCustomer(ctx, c)
	case err != nil:
		return same, err
	case old.ID != c.ID:
		return same, &RowError{r.Line, "id", fmt.Sprintf("%q, which differs from customer %q by case only", c.ID, old.ID), "an id of its own"}
	}
	c.Name, c.Language = cmp.Or(c.Name, old.Name), cmp.Or(c.Language, old.Language)
	c.Market, c.Zone = cmp.Or(c.Market, old.Market), cmp.Or(c.Zone, old.Zone)
	if c == old {
		return same, nil
	}
	return changed, tx.SaveCustomer(ctx, c)
}

// owner looks for the customer that a row names.
func owner(ctx context.Context, tx Tx, r Row, id string) error {
	c, err := tx.CustomerLike(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return &RowError{r.Line, "customer", fmt.Sprintf("%q, which is unknown", id), "the id of a customer; import customers first"}
	case err != nil:
		return err
	case c.ID != id:
		return &RowError{r.Line, "customer", fmt.Sprintf("%q, which is unknown", id), fmt.Sprintf("the id of a customer (did you mean %s?)", c.ID)}
	}
	return nil
}

func takeContact(ctx context.Context, tx Tx, r Row) (change, error) {
	c := *r.Contact
	if err := owner(ctx, tx, r, c.Customer); err != nil {
		return same, err
	}
	old, err := tx.ContactOf(ctx, c.Address)
	if errors.Is(err, ErrNotFound) {
		old, err = nil, nil
	}
	if err != nil {
		return same, err
	}
	if old != nil && old.Customer != "" && old.Customer != c.Customer {
		return same, &RowError{r.Line, "address", fmt.Sprintf("%q, which belongs to customer %q", c.Address, old.Customer), "an address of its own"}
	}
	if !r.Spends {
		if c.MaySpend, err = spendsByDefault(ctx, tx, c.Customer, old); err != nil {
			return same, err
		}
	}
	if old == nil {
		return added, tx.SaveContact(ctx, &c)
	}
	// Somebody who wrote before he had an account becomes its contact.
	c.ID, c.Name, c.Language = old.ID, cmp.Or(c.Name, old.Name), cmp.Or(c.Language, old.Language)
	if c == *old {
		return same, nil
	}
	return changed, tx.SaveContact(ctx, &c)
}

func spendsByDefault(ctx context.Context, tx Tx, customer string, old *Contact) (bool, error) {
	if old != nil && old.Customer == customer {
		return old.MaySpend, nil
	}
	others, err := tx.Contacts(ctx, customer)
	return len(others) == 0, err
}

func takeEntitlement(ctx context.Context, tx Tx, r Row) (change, error) {
	e := *r.Entitlement
	if err := owner(ctx, tx, r, e.Customer); err != nil {
		return same, err
	}
	owned, err := tx.Entitlements(ctx, e.Customer)
	if err != nil {
		return same, err
	}
	what := added
	for _, old := range owned {
		if old == e {
			return same, nil
		}
		if old.sale() == e.sale() {
			what = changed
		}
	}
	return what, tx.AddEntitlement(ctx, e)
}

// sale is what makes two tellings of an entitlement the same one.
func (e Entitlement) sale() Entitlement {
	e.Until, e.Refunded = calendar.Date{}, false
	return e
}
