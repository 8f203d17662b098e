package desk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/rules"
	"github.com/postdesk/postdesk/templates"
)

// open makes a ticket of the mail: the rules give class, queue and range, the entitlement says how it is billed, and both say where it
// waits first (A1, A3, A4).
func (v *visit) open(p place, outcome Outcome) error {
	customer, owned, err := v.account()
	if err != nil {
		return err
	}
	if v.abusive() {
		return v.openAbusive(p, outcome, customer)
	}
	verdict, windows, err := v.judge(customer, owned)
	if err != nil {
		return err
	}
	if verdict.Hold != "" && !v.again { // whoever releases it has seen that
		return v.hold(p, verdict.Hold)
	}
	requester, err := v.requester(customer)
	if err != nil {
		return err
	}
	tk := v.bare(customer, requester, verdict.Language)
	v.grade(tk, verdict, owned, windows)
	if err := v.add(tk, p, outcome); err != nil {
		return err
	}
	if err := v.welcome(tk, p); err != nil {
		return err
	}
	return v.askOwner(tk)
}

// judge asks the rules.
func (v *visit) judge(c Customer, owned []Entitlement) (rules.Verdict, []string, error) {
	credits, err := v.balance(c.ID)
	if err != nil {
		return rules.Verdict{}, nil, err
	}
	windows := v.freeWindows(owned, v.at)
	return v.p.Rules.Judge(v.facts(c, owned, windows, credits)), windows, nil
}

// add keeps a new ticket with the mail that opened it, and links it to the others that the mail names.
func (v *visit) add(tk *Ticket, p place, outcome Outcome) error {
	if err := v.tx.AddTicket(v.ctx, tk); err != nil {
		return fmt.Errorf("open a ticket: %w", err)
	}
	if err := v.awaitDigest(); err != nil {
		return err
	}
	v.tickets[tk.Number] = tk
	v.touch(tk)
	for _, other := range p.others {
		v.link(tk, other)
	}
	if err := v.keep(tk.Number, outcome, false); err != nil {
		return err
	}
	return v.copies(tk)
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

// bare is a ticket of which nothing is decided yet: who asked, when, and in which language he is written to.
func (v *visit) bare(c Customer, requester Contact, language string) *Ticket {
	return &Ticket{
		Status: Open, Mailbox: v.mailbox.Name, Customer: c.ID, Requester: requester,
		Subject:  oneLine(message.Bare(v.m.Subject), 300),
		Language: v.language(requester, c, cmp.Or(language, v.m.Language)),
		Level:    v.who.level, LevelWhy: v.who.why,
		FirstID: v.m.ID, LastID: v.m.ID,
		Registered: v.at, ChangedAt: v.at,
	}
}

// notice is what the first answer tells beside the usual, in the requester's language.
func (v *visit) notice(tk *Ticket) string {
	lang := templates.Pick(tk.Language, v.p.Desk.Language)
	var all []string
	for _, t := range v.first.notice {
		all = append(all, t.In(lang))
	}
	return strings.Join(all, "\n\n")
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
	return cmp.Or(v.known(c.Language), v.known(a.Language), v.known(mail), v.known(v.mailbox.Language), v.p.Desk.Language)
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
	case AwaitingDetails, Closed:
		return nil
	}
	if may(wishOpen, v.who.level) != yes {
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
	out.data.Notice = templates.PublicText(v.notice(tk))
	switch {
	case v.first.template == "none":
		return nil
	case v.first.template != "":
		out.template = v.first.template
	case tk.Status == AwaitingDetails:
		return v.askDetails(tk, v.notice(tk))
	case tk.Status == AwaitingEstimate:
		out.template = "estimate_requested"
	case tk.Status == AwaitingConfirmation:
		return v.sendEstimateWith(tk, out.data.Notice)
	case v.outcome == OutcomeLinked && !v.again && len(p.others) > 0 && v.wasHis(p.others[0]):
		out.template, out.data.Related = "linked", p.others[0].Number
	default:
		out.template = "acknowledgement"
	}
	return v.send(out)
}

// wasHis tells whether the sender takes part in a ticket, so that its number may be named to him.
func (v *visit) wasHis(tk *Ticket) bool {
	r := v.part(tk)
	return v.takesPart(tk) && v.who.staff == nil && (r == "" || r == Member)
}
