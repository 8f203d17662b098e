package policy

// Retention is how long things are kept, in days; 0 is for good (O5). The ledger and the chain of evidence stay whole.
type Retention struct {
	Tickets int // after closing: the words, files and sources of a ticket
	Sources int // after arrival: the raw source of a mail, where its ticket is closed
	Held    int // a mail that nobody decided over
	Spam    int
}

func readRetention(v value) Retention {
	m := v.fields("tickets", "sources", "held", "spam")
	v.notYet()
	days := func(key string) int { return int(m.key(key).whole(0, 0, 36600)) }
	return Retention{Tickets: days("tickets"), Sources: days("sources"), Held: days("held"), Spam: days("spam")}
}

// Payment is how customers pay in advance (L3).
type Payment struct {
	Packages []Package
	Vouchers bool
	Stripe   *Stripe // nil where cards are not taken
	Bank     *Bank   // nil where transfers are not
}

// A Package is credits at a price.
type Package struct {
	Credits int64
	Price   Money
}

// Stripe is the account that cards are charged by.
type Stripe struct {
	Key     Secret
	Webhook Secret // what its messages to us are signed with
}

// Bank is the manual way: a transfer that staff approve.
type Bank struct {
	Text    Text     // where to, as the customer reads it
	Approve []string // staff
}

func readPayment(v value) *Payment {
	if !v.given() {
		return nil
	}
	m := v.fields("packages", "vouchers", "stripe", "bank")
	p := &Payment{Vouchers: m.key("vouchers").yes(false)}
	for _, e := range m.key("packages").elements() {
		pm := e.fields("credits", "price")
		p.Packages = append(p.Packages, Package{
			Credits: pm.key("credits").must("how many credits").whole(0, 1, 100_000), Price: pm.key("price").must("an amount such as 100 EUR").money(),
		})
	}
	if s := m.key("stripe"); s.given() {
		sm := s.fields("key", "key_file", "webhook", "webhook_file")
		p.Stripe = &Stripe{Key: sm.secret("key", true), Webhook: sm.secret("webhook", true)}
	}
	if b := m.key("bank"); b.given() {
		bm := b.fields("text", "approve")
		p.Bank = &Bank{Text: bm.key("text").must("where a transfer goes").translated(nil), Approve: bm.key("approve").must("who approves them").refs("staff")}
	}
	if (p.Stripe != nil || p.Bank != nil) && len(p.Packages) == 0 {
		v.mistake("no packages", "what can be bought, such as packages: [{credits: 5, price: 100 EUR}]")
	}
	v.notYet()
	return p
}
