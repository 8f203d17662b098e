package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
)

type importCmd struct {
	Customers     importCustomersCmd     `cmd:"" help:"Add customers, or what is new of them."`
	Contacts      importContactsCmd      `cmd:"" help:"Add the addresses of customers."`
	Purchases     importPurchasesCmd     `cmd:"" help:"Add what customers bought; a purchase opens the free window of its product."`
	Licences      importLicencesCmd      `cmd:"" help:"Add licences, from their first day through their last."`
	Subscriptions importSubscriptionsCmd `cmd:"" help:"Add subscriptions, from their first day through their last."`
}

// A shopFile is a table that a shop tells of, as every import takes it.
type shopFile struct {
	database
	File    string `arg:"" help:"A CSV file in UTF-8, whose first line names the columns."`
	Policy  string `required:"" env:"POSTDESK_POLICY" type:"path" placeholder:"FILE" help:"The policy that the desk serves by: products and our own addresses stand there."`
	Partial bool   `help:"Leave out the rows with mistakes and take the others. Without it, one mistake keeps all of them out."`
}

// aboutCSV is what holds for every import.
const aboutCSV = `The columns may stand in any order, parted by commas, semicolons or tabs; those in brackets may be left out, and an empty cell changes
nothing. A file may be imported again and again: what is known already stays as it is. Rows with mistakes are listed by line with what was expected,
and then the status is 2.
`

type importCustomersCmd struct{ shopFile }

// Help is printed below the usage.
func (importCustomersCmd) Help() string {
	return aboutCSV + `
The columns are id [name] [language] [market] [zone]. For example:

    id,name,language,market
    acme,Acme GmbH,de,DE

    postdesk import customers customers.csv --policy policy.yaml`
}

// Run imports customers.
func (c importCustomersCmd) Run(ctx context.Context) error { return c.take(ctx, customerTable) }

type importContactsCmd struct{ shopFile }

// Help is printed below the usage.
func (importContactsCmd) Help() string {
	return aboutCSV + `
The columns are customer address [name] [language] [may_spend]. Who may spend may confirm estimates; it is the first contact of a customer
unless the column says otherwise. For example:

    customer,address,name,may_spend
    acme,anna@acme.example,Anna,true

    postdesk import contacts contacts.csv --policy policy.yaml`
}

// Run imports contacts.
func (c importContactsCmd) Run(ctx context.Context) error { return c.take(ctx, contactTable) }

type importPurchasesCmd struct{ shopFile }

// Help is printed below the usage.
func (importPurchasesCmd) Help() string {
	return aboutCSV + `
The columns are customer product date [refunded]. A purchase is known by its first three; to tell a refund, tell it again with refunded true. For
example:

    customer,product,date,refunded
    acme,classifieds,2026-03-02,false

    postdesk import purchases purchases.csv --policy policy.yaml`
}

// Run imports purchases.
func (c importPurchasesCmd) Run(ctx context.Context) error { return c.take(ctx, purchaseTable) }

type importLicencesCmd struct{ shopFile }

// Help is printed below the usage.
func (importLicencesCmd) Help() string {
	return aboutCSV + `
The columns are customer product from until. A licence is known by its first three; told again with another last day, it is longer or shorter. For
example:

    customer,product,from,until
    acme,classifieds,2026-03-02,2027-03-01

    postdesk import licences licences.csv --policy policy.yaml`
}

// Run imports licences.
func (c importLicencesCmd) Run(ctx context.Context) error { return c.take(ctx, licenceTable) }

type importSubscriptionsCmd struct{ shopFile }

// Help is printed below the usage.
func (importSubscriptionsCmd) Help() string {
	return aboutCSV + `
The columns are customer product [plan] from until. For example:

    customer,product,plan,from,until
    acme,erp,standard,2026-01-01,2026-12-31

    postdesk import subscriptions subscriptions.csv --policy policy.yaml`
}

// Run imports subscriptions.
func (c importSubscriptionsCmd) Run(ctx context.Context) error {
	return c.take(ctx, subscriptionTable)
}

// take reads the file and, where nothing is wrong with it or only rows of it are to be taken, imports it.
func (f shopFile) take(ctx context.Context, t csvTable) error {
	p, err := policy.Read(f.Policy)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(f.File)
	if err != nil {
		return err
	}
	return f.with(ctx, func(st *store.Store) error { return f.store(ctx, st, t.read(f.File, data, p), os.Stdout) })
}

func (f shopFile) store(ctx context.Context, st desk.Store, read csvRead, out io.Writer) error {
	wrong := read.wrong
	if len(wrong) > 0 && (!f.Partial || read.broken) {
		fmt.Fprintf(out, "%s: nothing is imported\n", f.File)
		return &wrong
	}
	done, refused, err := desk.Import(ctx, st, read.rows, f.Partial)
	if err != nil {
		return err
	}
	for _, r := range refused {
		wrong = append(wrong, policy.Mistake{
			File: f.File, Line: r.Line, Column: read.column(r.Line, r.Key), Path: r.Key, Found: r.Found, Want: r.Want,
		})
	}
	slices.SortStableFunc(wrong, func(a, b policy.Mistake) int { return a.Line - b.Line })
	switch {
	case len(refused) > 0 && !f.Partial:
		fmt.Fprintf(out, "%s: nothing is imported\n", f.File)
	default:
		fmt.Fprintf(out, "%s: %d new, %d changed, %d as they were\n", f.File, done.Added, done.Changed, done.Same)
	}
	if len(wrong) > 0 {
		return &wrong
	}
	return nil
}

// The tables that a shop can tell.
var (
	customerTable = csvTable{
		columns: []string{"id", "name", "language", "market", "zone"}, required: []string{"id"},
		row: func(r *csvRow) desk.Row {
			return desk.Row{Customer: &desk.Customer{ID: r.id("id"), Name: r.text("name"), Language: r.language(), Market: r.market(), Zone: r.zone()}}
		},
	}
	contactTable = csvTable{
		columns: []string{"customer", "address", "name", "language", "may_spend"}, required: []string{"customer", "address"},
		row: func(r *csvRow) desk.Row {
			may, said := r.yes("may_spend")
			return desk.Row{
				Contact: &desk.Contact{Customer: r.id("customer"), Address: r.customersAddress(), Name: r.text("name"), Language: r.language(), MaySpend: may},
				Spends:  said,
			}
		},
	}
	purchaseTable = csvTable{
		columns: []string{"customer", "product", "date", "refunded"}, required: []string{"customer", "product", "date"},
		row: func(r *csvRow) desk.Row {
			refunded, _ := r.yes("refunded")
			return desk.Row{Entitlement: &desk.Entitlement{
				Customer: r.id("customer"), Kind: "purchase", Product: r.product(), From: r.date("date"), Refunded: refunded,
			}}
		},
	}
	licenceTable = csvTable{
		columns: []string{"customer", "product", "from", "until"}, required: []string{"customer", "product", "from", "until"},
		row: func(r *csvRow) desk.Row { return r.term("licence") },
	}
	subscriptionTable = csvTable{
		columns: []string{"customer", "product", "plan", "from", "until"}, required: []string{"customer", "product", "from", "until"},
		row: func(r *csvRow) desk.Row { return r.term("subscription") },
	}
)

func (r *csvRow) term(kind string) desk.Row {
	e := &desk.Entitlement{
		Customer: r.id("customer"), Kind: kind, Product: r.product(), Plan: r.text("plan"), From: r.date("from"), Until: r.date("until"),
	}
	if none := (calendar.Date{}); e.From != none && e.Until != none && e.Until.String() < e.From.String() {
		r.mistake("until", "a day from "+e.From.String()+" on")
	}
	return desk.Row{Entitlement: e}
}
