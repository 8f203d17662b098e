package policy

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/ledger"
)

// A World is what a shop would have told the desk before the first mail: who the customers are, what they bought, what they may spend.
type World struct {
	Customers []Customer
	Orders    []Order
	Sellers   []Seller
}

// A Customer has plan and balance.
type Customer struct {
	ID            string // ours to choose: its ledger accounts are customer:ID and held:ID
	Name          string
	Language      string // "" for the mail's
	Market        string // country, ISO 3166-1, "" where it does not matter
	Zone          *time.Location
	Contacts      []Contact
	Purchases     []Purchase
	Licences      []Term
	Subscriptions []Term
	Balances      []Balance // in the order of the file
}

// A Contact is one address of a customer or seller.
type Contact struct {
	Address  string // canonical
	Name     string
	Language string // "" for the customer's
	MaySpend bool   // the customer's first may unless the file says otherwise
}

// A Purchase opens the free window of its product (A1).
type Purchase struct {
	Product  string
	Date     calendar.Date
	Refunded bool
}

// A Term is a licence or subscription from its first day through its last.
type Term struct {
	Product     string
	Plan        string // of a subscription
	From, Until calendar.Date
}

// A Balance is what an account holds when the world begins, in minor units of the currency where the unit is one.
type Balance struct {
	Unit   ledger.Unit
	Amount int64
}

// An Order is what buyer and seller talk about in a marketplace.
type Order struct {
	ID                         string
	Buyer                      string // address, canonical
	Seller                     string // id
	Market, Language, Currency string
}

// A Seller answers the mails about his orders.
type Seller struct {
	ID, Name, Language, Market string
	Contacts                   []Contact
}

// ReadWorld reads a world file for a policy, whose products it names. What is wrong with it is told by *Mistakes.
func ReadWorld(file string, p *Policy) (*World, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read world: %w", err)
	}
	return ParseWorld(file, data, p)
}

// ParseWorld is ReadWorld for a world in memory; name is only for messages.
func ParseWorld(name string, data []byte, p *Policy) (*World, error) {
	d := newWorldDocument(name, p)
	root := d.load(data)
	if !root.given() {
		return nil, d.finish()
	}
	m := root.fields("customers", "orders", "sellers")
	w := &World{}
	ids := map[string]string{}
	for _, v := range m.key("customers").elements() {
		w.Customers = append(w.Customers, readCustomer(v, p, ids))
	}
	sellers := map[string]string{}
	for _, v := range m.key("sellers").elements() {
		w.Sellers = append(w.Sellers, readSeller(v, sellers))
	}
	for _, s := range w.Sellers {
		d.names["seller"] = append(d.names["seller"], s.ID)
	}
	d.where = "this file" // for sellers alone, from here on
	orders := map[string]string{}
	for _, v := range m.key("orders").elements() {
		w.Orders = append(w.Orders, readOrder(v, orders))
	}
	if err := d.finish(); err != nil {
		return nil, err
	}
	return w, nil
}

// newWorldDocument knows the policy's names, and that no customer writes from an address of the desk.
func newWorldDocument(name string, p *Policy) *document {
	d := newDocument(name, nil)
	d.where = "the policy"
	for _, pr := range p.Products {
		d.names["product"] = append(d.names["product"], pr.Name)
	}
	for _, pl := range p.Plans {
		d.names["plan"] = append(d.names["plan"], pl.Name)
	}
	for _, b := range p.Mailboxes {
		for _, a := range append([]string{b.Address}, b.Aliases...) {
			d.owners[a] = "mailboxes." + b.Name + " of the policy"
		}
	}
	for _, s := range p.Staff {
		d.owners[s.Address] = "staff." + s.ID + " of the policy"
	}
	return d
}

func readCustomer(v value, p *Policy, ids map[string]string) Customer {
	m := v.fields("id", "name", "language", "market", "zone", "contacts", "purchases", "licences", "subscriptions", "balances")
	c := Customer{
		ID: m.key("id").newID(ids), Name: m.key("name").line(""), Language: m.key("language").anyLanguage(),
		Market: m.key("market").market(), Zone: m.key("zone").zone(nil), Contacts: readContacts(m.key("contacts")),
	}
	for _, e := range m.key("purchases").elements() {
		c.Purchases = append(c.Purchases, readPurchase(e.fields("product", "date", "refunded")))
	}
	for _, e := range m.key("licences").elements() {
		c.Licences = append(c.Licences, readTerm(e.fields("product", "from", "until")))
	}
	for _, e := range m.key("subscriptions").elements() {
		c.Subscriptions = append(c.Subscriptions, readTerm(e.fields("product", "plan", "from", "until")))
	}
	for _, e := range m.key("balances").entries("units, each with its amount") {
		unit := m.key("balances").at(e.key, e.name).unit(e.name)
		c.Balances = append(c.Balances, Balance{unit, e.whole(0, 0, maxAmount)})
	}
	return c
}

// maxAmount is far above what anybody buys, and far below where sums would overflow.
const maxAmount = 1_000_000_000_000

// newID reads an id that no other has. Ids that differ by case only would be taken for each other by people and by some databases.
func (v value) newID(ids map[string]string) string {
	id, ok := parsed(v.must("an id of letters, digits, - and _"), "", "an id of letters, digits, - and _", func(s string) (string, error) {
		if !isName(strings.ToLower(s)) {
			return "", os.ErrInvalid
		}
		return s, nil
	})
	if !ok || id == "" {
		return ""
	}
	switch other, taken := ids[strings.ToLower(id)]; {
	case taken && other == id:
		v.mistake(quote(id)+" a second time", "an id of its own")
	case taken:
		v.mistake(fmt.Sprintf("%s, which differs from %s by case only", quote(id), quote(other)), "an id of its own")
	}
	ids[strings.ToLower(id)] = id
	return id
}

func readContacts(v value) (all []Contact) {
	for i, e := range v.elements() {
		m := e.fields("address", "name", "language", "may_spend")
		c := Contact{Name: m.key("name").line(""), Language: m.key("language").anyLanguage(), MaySpend: m.key("may_spend").yes(i == 0)}
		// Addresses that differ by the case of their ASCII letters are one (T014), so two customers cannot both have it.
		c.Address, _ = m.key("address").must("an address such as anna@acme.example").ownAddress()
		all = append(all, c)
	}
	return all
}

func readPurchase(m mapping) Purchase {
	p := Purchase{Product: m.key("product").must("what was bought").ref("product"), Refunded: m.key("refunded").yes(false)}
	p.Date, _ = m.key("date").must("the day of the purchase").date()
	return p
}

func readTerm(m mapping) Term {
	t := Term{Product: m.key("product").must("what it is for").ref("product"), Plan: m.key("plan").line("")}
	if len(m.names["plan"]) > 0 { // the policy says what plans give, so one that it does not know gives nothing
		t.Plan = m.key("plan").ref("plan")
	}
	from, until := m.key("from").must("its first day"), m.key("until").must("its last day")
	var ok, okUntil bool
	t.From, ok = from.date()
	t.Until, okUntil = until.date()
	if ok && okUntil && from.given() && until.given() && t.Until.String() < t.From.String() {
		until.expected("a day from " + t.From.String() + " on")
	}
	return t
}

func readSeller(v value, ids map[string]string) Seller {
	m := v.fields("id", "name", "language", "market", "contacts")
	return Seller{
		ID: m.key("id").newID(ids), Name: m.key("name").line(""), Language: m.key("language").anyLanguage(), Market: m.key("market").market(),
		Contacts: readContacts(m.key("contacts")),
	}
}

func readOrder(v value, ids map[string]string) Order {
	m := v.fields("id", "buyer", "seller", "market", "language", "currency")
	o := Order{
		ID: m.key("id").newID(ids), Seller: m.key("seller").must("who sold it").ref("seller"), Market: m.key("market").market(),
		Language: m.key("language").anyLanguage(),
	}
	o.Buyer, _ = m.key("buyer").must("the buyer's address").address()
	if c := m.key("currency"); c.given() {
		o.Currency = string(c.unit(c.node.Value))
	}
	return o
}

// unit is what an account counts: credits, minutes, or a currency.
func (v value) unit(s string) ledger.Unit {
	if s != "credit" && s != "minute" && !isCode(s, 3) {
		v.mistake(quote(s), "credit, minute, or a currency such as EUR")
	}
	return ledger.Unit(s)
}

func (v value) market() string {
	s, _ := parsed(v, "", "a country such as DE", func(s string) (string, error) {
		if !isCode(s, 2) {
			return "", os.ErrInvalid
		}
		return s, nil
	})
	return s
}

// anyLanguage is one of people in the world, whether or not the desk writes it.
func (v value) anyLanguage() string {
	s, _ := parsed(v, "", "a language such as de", func(s string) (string, error) {
		if !isCode(strings.ToUpper(s), 2) || s != strings.ToLower(s) {
			return "", os.ErrInvalid
		}
		return s, nil
	})
	return s
}

// isCode tells whether s has the form of an ISO code of n capitals.
func isCode(s string, n int) bool {
	return len(s) == n && !slices.ContainsFunc([]byte(s), func(c byte) bool { return c < 'A' || c > 'Z' })
}
