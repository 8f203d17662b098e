package desk

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/rules"
)

// open makes a ticket of the mail: the rules give class, queue and range, the entitlement says how it is billed, and both say where it
// waits first (A1, A3, A4).
func (v *visit) open(p place, outcome Outcome) error {
	customer, owned, err := v.account()
	if err != nil {
		return err
	}
	credits, err := v.balance(customer.ID)
	if err != nil {
		return err
	}
	windows := v.freeWindows(owned)
	verdict := v.p.Rules.Judge(v.facts(customer, owned, windows, credits))
	if verdict.Hold != "" {
		return v.hold(p, verdict.Hold)
	}
	tk, err := v.newTicket(customer, verdict, owned, windows)
	if err != nil {
		return err
	}
	if err := v.tx.AddTicket(v.ctx, tk); err != nil {
		return fmt.Errorf("open a ticket: %w", err)
	}
	v.tickets[tk.Number] = tk
	v.touch(tk)
	for _, other := range p.others {
		v.link(tk, other)
	}
	if err := v.keep(tk.Number, outcome, false); err != nil {
		return err
	}
	return v.welcome(tk, p)
}

// account is the customer behind the sender, and what he was sold; empty for a contact without account.
func (v *visit) account() (Customer, []Entitlement, error) {
	if v.who.contact == nil || v.who.contact.Customer == "" {
		return Customer{}, nil, nil
	}
	c, err := v.tx.Customer(v.ctx, v.who.contact.Customer)
	if err != nil {
		return c, nil, fmt.Errorf("customer %q of %s: %w", v.who.contact.Customer, v.who.address, err)
	}
	owned, err := v.tx.Entitlements(v.ctx, c.ID)
	return c, owned, err
}

// freeWindows are the products whose free window is open on the day of registration, in the policy's zone: the day of the latest
// purchase and Days more. A refunded purchase opens none, and ends the one it opened ("Free window" of MISSION.md).
func (t *turn) freeWindows(owned []Entitlement) []string {
	if t.p.FreeWindow.Days == 0 {
		return nil
	}
	latest := map[string]Entitlement{}
	var order []string
	for _, e := range owned {
		if e.Kind != "purchase" {
			continue
		}
		if have, ok := latest[e.Product]; !ok || after(e.From, have.From) || e.From == have.From && have.Refunded {
			if !ok {
				order = append(order, e.Product)
			}
			latest[e.Product] = e
		}
	}
	today := dateIn(t.at, t.p.Desk.Zone)
	return slices.DeleteFunc(order, func(product string) bool {
		e := latest[product]
		last := dateOfDays(e.From, t.p.FreeWindow.Days)
		return e.Refunded || after(e.From, today) || after(today, last)
	})
}

// after tells whether day a is later than day b.
func after(a, b calendar.Date) bool { return a.String() > b.String() }

func dateIn(at time.Time, zone *time.Location) calendar.Date {
	y, m, d := at.In(zone).Date()
	return calendar.Date{Year: y, Month: m, Day: d}
}

func dateOfDays(d calendar.Date, days int) calendar.Date {
	return dateIn(time.Date(d.Year, d.Month, d.Day+days, 12, 0, 0, 0, time.UTC), time.UTC)
}

// facts are what the rules may ask.
func (v *visit) facts(c Customer, owned []Entitlement, windows []string, credits int64) rules.Facts {
	m := v.m
	f := rules.Facts{
		Mail: rules.MailFacts{
			Subject: m.Subject, Text: m.Visible, Words: rules.Words(m.Subject, m.Visible), From: v.who.address,
			Domain: message.Domain(v.who.address), Mailbox: v.mailbox.Name, Kind: string(m.Kind), Language: m.Language,
			Level: v.who.level.String(), Size: int(m.Size),
		},
		Ticket: rules.TicketFacts{Queue: v.mailbox.Queue, Product: first(v.product, v.mailbox.Product)},
		Customer: rules.CustomerFacts{
			Known: c.ID != "", ID: c.ID, Name: c.Name, Language: c.Language, Market: c.Market, Credits: int(credits),
		},
		Entitlement: rules.EntitlementFacts{FreeWindow: windows, Products: productsOf(owned)},
	}
	for _, to := range slices.Concat(m.To, m.Cc) {
		f.Mail.To = append(f.Mail.To, to.Addr)
	}
	for _, a := range m.Attachments {
		f.Mail.Attachments = append(f.Mail.Attachments, a.Filename)
	}
	today := dateIn(v.at, v.p.Desk.Zone)
	for _, e := range owned {
		if e.Kind == "licence" && !e.Refunded && !after(e.From, today) && !after(today, e.Until) {
			f.Entitlement.Licences = append(f.Entitlement.Licences, e.Product)
		}
	}
	_, cal := v.p.CalendarOf(v.mailbox, nil)
	f.Time = rules.TimeFacts{At: v.at.In(cal.Zone), Open: cal.IsOpen(v.at)}
	return f
}

// productsOf are the products ever bought, in the order of the entitlements, which is latest first.
func productsOf(owned []Entitlement) []string {
	var all []string
	for _, e := range owned {
		if e.Kind == "purchase" && !slices.Contains(all, e.Product) {
			all = append(all, e.Product)
		}
	}
	return all
}

// newTicket decides what the ticket is at its registration.
func (v *visit) newTicket(c Customer, verdict rules.Verdict, owned []Entitlement, windows []string) (*Ticket, error) {
	class := v.p.Class(first(verdict.Class, v.p.Desk.DefaultClass))
	requester, err := v.requester(c)
	if err != nil {
		return nil, err
	}
	tk := &Ticket{
		Status: Open, Class: class.Name, Mailbox: v.mailbox.Name, Customer: c.ID, Requester: requester,
		Queue:      first(v.mailbox.Queue, verdict.Queue, class.Queue),
		Department: first(verdict.Queue, class.Queue, v.mailbox.Queue),
		Priority:   first(verdict.Priority, class.Priority, "normal"),
		Product:    first(verdict.Product, v.product, v.mailbox.Product),
		Assignee:   verdict.Assignee, Tags: verdict.Tags, Reasons: verdict.Reasons,
		Subject:  oneLine(message.Bare(v.m.Subject), 300),
		Language: v.language(requester, c, first(verdict.Language, v.m.Language)),
		Level:    v.who.level, LevelWhy: v.who.why,
		FirstID: v.m.ID, LastID: v.m.ID,
		Registered: v.at, ChangedAt: v.at,
	}
	if tk.Product == "" {
		// Nothing named the product: the one whose free window is open, else the one bought last, is the likeliest.
		tk.Product = first(append(slices.Clone(windows), productsOf(owned)...)...)
	}
	v.startClocks(tk)
	v.bill(tk, class, verdict, slices.Contains(windows, tk.Product))
	if tk.Status.Pauses() {
		tk.pauseClocks(v.at)
	}
	return tk, nil
}

// bill says what the ticket costs, and where it waits until that is agreed (A1, A3, A4).
func (v *visit) bill(tk *Ticket, class *policy.Class, verdict rules.Verdict, window bool) {
	billing := class.Billing
	if verdict.Billing != "" {
		billing = policy.Billing(verdict.Billing)
	}
	tk.Billing = billing
	if billing == policy.ByCredits && class.FreeWindow && window {
		tk.Billing, tk.FreeWindow = policy.Free, true
	}
	if tk.Billing != policy.ByCredits {
		return
	}
	r := class.Estimate
	if verdict.Estimate != nil {
		r = verdict.Estimate
	}
	if r == nil || v.m.Kind.Machine() {
		tk.Status = AwaitingEstimate // upon request; and a program confirms nothing: a person looks first
		return
	}
	tk.Estimate = &Estimate{Version: 1, Min: r.Min, Max: r.Max, At: v.at}
	tk.Status = AwaitingConfirmation
}

// requester is the contact who opens the ticket, added to those on file when new. A contact gives no power by itself (G2).
func (v *visit) requester(c Customer) (Contact, error) {
	contact := Contact{Address: v.who.address, Language: v.known(v.m.Language)}
	if v.who.contact != nil {
		contact = *v.who.contact
	}
	if contact.Name == "" && contact.Customer == "" && v.who.level >= message.LevelA1s { // we greet nobody by what a forger calls him
		contact.Name = oneLine(v.who.name, 100)
	}
	if contact.Address == "" || v.who.contact != nil && contact.Name == v.who.contact.Name {
		return contact, nil
	}
	if err := v.tx.SaveContact(v.ctx, &contact); err != nil {
		return contact, fmt.Errorf("add contact %s: %w", contact.Address, err)
	}
	return contact, nil
}

// language is what we write to a contact in: his own, else the account's, else the mail's, else the mailbox's, else the desk's (M9).
func (v *visit) language(c Contact, a Customer, mail string) string {
	return first(v.known(c.Language), v.known(a.Language), v.known(mail), v.known(v.mailbox.Language), v.p.Desk.Language)
}

// known is the language if we write it, else "".
func (t *turn) known(language string) string {
	if slices.Contains(t.d.Templates.Languages(), language) {
		return language
	}
	return ""
}

// welcome sends what a new ticket brings: the customer learns its number and what comes next, and the staff whose turn it is get it.
func (v *visit) welcome(tk *Ticket, p place) error {
	if err := v.tellRequester(tk, p); err != nil {
		return err
	}
	switch tk.Status {
	case Open:
		return v.dispatch(tk)
	case AwaitingEstimate:
		return v.tellStaff(tk, "estimate_needed")
	}
	if may(wishOpen, v.who.level) == unverified {
		// The estimate did not go out, since nothing proves who asked: a person looks, and may send it.
		return v.tellStaff(tk, "estimate_needed")
	}
	return nil
}

// tellRequester answers the first mail, by the table: at A0 the fixed text without a word of the sender's, else what the ticket waits for.
func (v *visit) tellRequester(tk *Ticket, p place) error {
	out := letter{ticket: tk, to: tk.Requester, automatic: true}
	switch may(wishAcknowledge, v.who.level) {
	case fixed:
		if !v.mailbox.AcknowledgeUnverified {
			return nil
		}
		out.template, out.daily = "acknowledgement_unverified", true
		return v.send(out)
	case yes:
	default:
		return nil
	}
	out.data = v.customerData(tk)
	switch {
	case v.outcome == OutcomeLinked && len(p.others) > 0 && v.wasHis(p.others[0]):
		out.template, out.data.Related = "linked", p.others[0].Number
	case tk.Status == AwaitingEstimate:
		out.template = "estimate_requested"
	case tk.Status == AwaitingConfirmation:
		return v.sendEstimate(tk)
	default:
		out.template = "acknowledgement"
	}
	return v.send(out)
}

// wasHis tells whether the sender takes part in a ticket, so that its number may be named to him.
func (v *visit) wasHis(tk *Ticket) bool { return v.takesPart(tk) && v.who.staff == nil }

// sendEstimate offers the ticket's estimate to its requester.
func (t *turn) sendEstimate(tk *Ticket) error {
	balance, err := t.balance(tk.Customer)
	if err != nil {
		return err
	}
	l := t.estimateLetter(tk, "estimate")
	l.data.Balance, l.data.Missing = &balance, max(0, t.toHold(tk)-balance)
	if l.data.Missing == 0 {
		l.data.HowToBuy = "" // nobody who has enough wants to read it
	}
	return t.send(l)
}

// estimateLetter is a mail whose answer may confirm the present estimate: only that, and only from the address it went to (L2).
func (t *turn) estimateLetter(tk *Ticket, template string) letter {
	return letter{
		template: template, ticket: tk, to: tk.Requester, automatic: true, data: t.customerData(tk),
		purpose: message.PurposeEstimate, arg: tk.Estimate.Version,
	}
}

// toHold is what a yes to the present estimate takes from the balance: its maximum less what is held or was charged already.
func (t *turn) toHold(tk *Ticket) int64 {
	if tk.Estimate == nil {
		return 0
	}
	if tk.Hold == nil {
		return tk.Estimate.Max
	}
	return max(0, tk.Estimate.Max-tk.Hold.Amount)
}

// dispatch gives an open ticket to who works on it: the one a rule or its queue names, else the dispatchers are asked (S5).
func (t *turn) dispatch(tk *Ticket) error {
	tk.Queue = tk.Department
	t.touch(tk)
	if tk.Assignee == "" {
		if q := t.p.Queue(tk.Queue); q != nil {
			tk.Assignee = q.Assign
		}
	}
	if tk.Assignee != "" {
		return t.tellStaff(tk, "assigned")
	}
	return t.tellStaff(tk, "unassigned")
}

// confirm takes the customer's yes: the maximum is held, and the ticket goes to its department (A4). Where the balance does not reach,
// it waits for credits and goes on by itself.
func (t *turn) confirm(tk *Ticket) error {
	need := t.toHold(tk)
	balance, err := t.balance(tk.Customer)
	if err != nil {
		return err
	}
	out := letter{ticket: tk, to: tk.Requester, automatic: true}
	enough := tk.Customer != "" && balance >= need
	if enough {
		var short *ledger.InsufficientError
		switch err := t.hold(tk, need); {
		case errors.As(err, &short): // another ticket took it meanwhile (T041)
			balance, enough = short.Balance, false
		case err != nil:
			return err
		}
	}
	if !enough {
		t.setStatus(tk, AwaitingCredits)
		out.template, out.data = "short_balance", t.customerData(tk)
		out.data.Balance, out.data.Missing = &balance, need-balance
		return t.send(out)
	}
	t.setStatus(tk, Open)
	if balance, err = t.balance(tk.Customer); err != nil {
		return err
	}
	out.template, out.data = "confirmed", t.customerData(tk)
	out.data.Balance = &balance
	if err := t.send(out); err != nil {
		return err
	}
	return t.dispatch(tk)
}

// first is the first that is not empty.
func first(of ...string) string {
	for _, s := range of {
		if s != "" {
			return s
		}
	}
	return ""
}
