package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/calendar"
)

const saveCustomer = `
	INSERT INTO customer (id, name, language, market, zone) VALUES (:id, :name, :language, :market, :zone)
	ON CONFLICT (id) DO UPDATE SET name = excluded.name, language = excluded.language, market = excluded.market, zone = excluded.zone`

// SaveCustomer implements desk.Tx.
func (x *tx) SaveCustomer(ctx context.Context, c desk.Customer) error {
	_, err := x.exec(ctx, saveCustomer, args{"id": c.ID, "name": c.Name, "language": c.Language, "market": c.Market, "zone": c.Zone})
	if err != nil {
		return fmt.Errorf("save customer %s: %w", c.ID, err)
	}
	return nil
}

const (
	selectCustomer     = `SELECT id, name, language, market, zone FROM customer WHERE id = :id`
	selectCustomerLike = `SELECT id, name, language, market, zone FROM customer WHERE LOWER(id) = LOWER(:id)`
)

// Customer implements desk.Tx.
func (x *tx) Customer(ctx context.Context, id string) (desk.Customer, error) {
	return x.customer(ctx, selectCustomer, id)
}

// CustomerLike implements desk.Tx. Ids are of ASCII letters, on whose lower case both engines agree.
func (x *tx) CustomerLike(ctx context.Context, id string) (desk.Customer, error) {
	return x.customer(ctx, selectCustomerLike, id)
}

func (x *tx) customer(ctx context.Context, query, id string) (desk.Customer, error) {
	var row struct {
		ID       string `db:"id"`
		Name     string `db:"name"`
		Language string `db:"language"`
		Market   string `db:"market"`
		Zone     string `db:"zone"`
	}
	if err := x.get(ctx, &row, query, args{"id": id}); err != nil {
		return desk.Customer{}, fmt.Errorf("customer %s: %w", id, err)
	}
	return desk.Customer(row), nil
}

// A contactRow is a contact as its table has it.
type contactRow struct {
	ID       int64   `db:"id"`
	Address  string  `db:"address"`
	Name     string  `db:"name"`
	Language string  `db:"language"`
	Customer *string `db:"customer"`
	MaySpend bool    `db:"may_spend"`
}

func (r contactRow) contact() *desk.Contact {
	return &desk.Contact{
		ID: r.ID, Address: r.Address, Name: r.Name, Language: r.Language, Customer: value(r.Customer), MaySpend: r.MaySpend,
	}
}

const (
	insertContact = `
		INSERT INTO contact (address, name, language, customer, may_spend)
		VALUES (:address, :name, :language, :customer, :may_spend)
		ON CONFLICT (address) DO NOTHING
		RETURNING id`
	insertContactRow = `
		INSERT INTO contact (id, address, name, language, customer, may_spend)
		VALUES (:id, :address, :name, :language, :customer, :may_spend)
		ON CONFLICT (address) DO NOTHING`
	updateContact = `
		UPDATE contact SET address = :address, name = :name, language = :language, customer = :customer, may_spend = :may_spend
		WHERE id = :id
		RETURNING id`
)

// SaveContact implements desk.Tx. Where another transaction has added the address since this one looked for it, Update runs it
// again, and then it finds that contact instead of writing over it.
func (x *tx) SaveContact(ctx context.Context, c *desk.Contact) error {
	a := args{
		"address": c.Address, "name": c.Name, "language": c.Language, "customer": null(c.Customer), "may_spend": c.MaySpend,
	}
	var err error
	if c.ID == 0 && x.ahead {
		err = x.addContact(ctx, c, a)
	} else if c.ID == 0 {
		if err = x.put(ctx, &c.ID, insertContact, a); errors.Is(err, desk.ErrNotFound) {
			err = errAgain
		}
	} else {
		a["id"] = c.ID
		err = x.put(ctx, &c.ID, updateContact, a)
	}
	if err != nil {
		return fmt.Errorf("save contact %s: %w", c.Address, err)
	}
	return nil
}

// addContact keeps a new contact to be written with others.
func (x *tx) addContact(ctx context.Context, c *desk.Contact, row args) (err error) {
	if x.waiting(contactTable, "address", clean(c.Address)) != nil {
		return errAgain // as the database would say
	}
	if c.ID, err = x.number(ctx, contactTable); err != nil {
		return err
	}
	row["id"] = c.ID
	if err := x.later(ctx, contactTable, row); err != nil {
		return err
	}
	if _, ok := x.known.contacts[c.Address]; ok {
		x.known.contacts[c.Address], err = waitingContact(row)
	}
	return err
}

func waitingContact(row args) (*desk.Contact, error) {
	var r contactRow
	err := read(&r, row)
	return r.contact(), err
}

const (
	contactColumns    = `id, address, name, language, customer, may_spend`
	selectContact     = `SELECT ` + contactColumns + ` FROM contact WHERE id = :id`
	selectContactOf   = `SELECT ` + contactColumns + ` FROM contact WHERE address = :address`
	selectContactsAll = `SELECT ` + contactColumns + ` FROM contact WHERE customer = :customer ORDER BY id`
)

// ContactOf implements desk.Tx.
func (x *tx) ContactOf(ctx context.Context, address string) (*desk.Contact, error) {
	if c, ok := x.known.contacts[address]; ok && c == nil {
		return nil, fmt.Errorf("contact %s: %w", address, desk.ErrNotFound)
	} else if ok {
		known := *c
		return &known, nil
	}
	c, err := x.contact(ctx, selectContactOf, args{"address": address})
	if err != nil {
		return nil, fmt.Errorf("contact %s: %w", address, err)
	}
	return c, nil
}

func (x *tx) contact(ctx context.Context, query string, a args) (*desk.Contact, error) {
	for _, waits := range x.rows.of[contactTable] {
		if id, ok := a["id"]; ok && waits["id"] == id || !ok && waits["address"] == plain(a["address"]) {
			return waitingContact(waits)
		}
	}
	var row contactRow
	if err := x.getApart(ctx, &row, query, a); err != nil {
		return nil, err
	}
	return row.contact(), nil
}

// Contacts implements desk.Tx.
func (x *tx) Contacts(ctx context.Context, customer string) ([]*desk.Contact, error) {
	var rows []contactRow
	if err := x.list(ctx, &rows, selectContactsAll, args{"customer": customer}); err != nil {
		return nil, fmt.Errorf("contacts of %s: %w", customer, err)
	}
	var cs []*desk.Contact
	for _, r := range rows {
		cs = append(cs, r.contact())
	}
	return cs, nil
}

const insertEntitlement = `
	INSERT INTO entitlement (customer, kind, product, plan, from_date, until_date, refunded)
	VALUES (:customer, :kind, :product, :plan, :from_date, :until_date, :refunded)
	ON CONFLICT (customer, kind, product, plan, from_date) DO UPDATE SET until_date = excluded.until_date, refunded = excluded.refunded`

// AddEntitlement implements desk.Tx.
func (x *tx) AddEntitlement(ctx context.Context, e desk.Entitlement) error {
	_, err := x.exec(ctx, insertEntitlement, args{
		"customer": e.Customer, "kind": e.Kind, "product": e.Product, "plan": e.Plan,
		"from_date": dateText(e.From), "until_date": dateText(e.Until), "refunded": e.Refunded,
	})
	if err != nil {
		return fmt.Errorf("add %s of %s: %w", e.Kind, e.Customer, err)
	}
	return nil
}

const selectEntitlements = `
	SELECT customer, kind, product, plan, from_date, until_date, refunded FROM entitlement
	WHERE customer = :customer ORDER BY from_date DESC, id DESC`

// Entitlements implements desk.Tx.
func (x *tx) Entitlements(ctx context.Context, customer string) ([]desk.Entitlement, error) {
	var rows []struct {
		Customer string `db:"customer"`
		Kind     string `db:"kind"`
		Product  string `db:"product"`
		Plan     string `db:"plan"`
		From     string `db:"from_date"`
		Until    string `db:"until_date"`
		Refunded bool   `db:"refunded"`
	}
	if err := x.list(ctx, &rows, selectEntitlements, args{"customer": customer}); err != nil {
		return nil, fmt.Errorf("entitlements of %s: %w", customer, err)
	}
	var es []desk.Entitlement
	for _, r := range rows {
		e := desk.Entitlement{Customer: r.Customer, Kind: r.Kind, Product: r.Product, Plan: r.Plan, Refunded: r.Refunded}
		var err error
		if e.From, err = readDate(r.From); err != nil {
			return nil, fmt.Errorf("entitlements of %s: %w", customer, err)
		}
		if e.Until, err = readDate(r.Until); err != nil {
			return nil, fmt.Errorf("entitlements of %s: %w", customer, err)
		}
		es = append(es, e)
	}
	return es, nil
}

// dateText keeps a date as 2026-11-22, and no date as "".
func dateText(d calendar.Date) string {
	if d == (calendar.Date{}) {
		return ""
	}
	return d.String()
}

func readDate(s string) (calendar.Date, error) {
	if s == "" {
		return calendar.Date{}, nil
	}
	return calendar.ParseDate(s)
}
