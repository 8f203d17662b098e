package desk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
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

// freeWindows are the products whose free window is open on the day of registration, in the policy's zone: the day of the latest
// purchase and Days more. A refunded purchase opens none, and ends the one it opened ("Free window" of MISSION.md).
func (t *turn) freeWindows(owned []Entitlement, at time.Time) []string {
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
	today := dateIn(at, t.p.Desk.Zone)
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
	f.Entitlement.Licences, _ = v.inForce(owned, "licence")
	f.Entitlement.Subscriptions, f.Entitlement.Plans = v.inForce(owned, "subscription")
	if c := v.p.ChannelOf(v.mailbox.Name); c != nil {
		f.Mail.Channel = c.Name
	}
	f.Mail.Details, f.Mail.Order = v.has(m), v.orderOf(m)
	f.Mail.Profane = offends(v.p.Conduct, m.Subject, m.Visible, m.Language)
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

// inForce are the products of a kind of entitlement that holds on the day of registration, its last day included, and the plans.
func (t *turn) inForce(owned []Entitlement, kind string) (products, plans []string) {
	today := dateIn(t.at, t.p.Desk.Zone)
	for _, e := range owned {
		if e.Kind != kind || e.Refunded || after(e.From, today) || after(today, e.Until) {
			continue
		}
		if !slices.Contains(products, e.Product) {
			products = append(products, e.Product)
		}
		if e.Plan != "" && !slices.Contains(plans, e.Plan) {
			plans = append(plans, e.Plan)
		}
	}
	return products, plans
}

// orderOf is the number of the order that a mail names: by the address that it was sent to, in its subject or in its words ("Marketplace"
// of MISSION.md).
func (t *turn) orderOf(m *message.Message) string {
	r := t.p.Relay
	if r == nil || r.Order == nil {
		return ""
	}
	before, behind, _ := strings.Cut(r.Address, "{order}")
	for _, to := range slices.Concat(m.Delivered, m.To, m.Cc) {
		addr := strings.ToLower(to.Addr)
		if id, ok := strings.CutPrefix(addr, before); ok {
			if id, ok = strings.CutSuffix(id, behind); ok && id != "" {
				return id
			}
		}
	}
	for _, text := range []string{m.Subject, m.Visible} {
		if found := r.Order.FindStringSubmatch(clip(text, rules.MaxText)); found != nil {
			return found[1]
		}
	}
	return ""
}

// bare is a ticket of which nothing is decided yet: who asked, when, and in which language he is written to.
func (v *visit) bare(c Customer, requester Contact, language string) *Ticket {
	return &Ticket{
		Status: Open, Mailbox: v.mailbox.Name, Customer: c.ID, Requester: requester,
		Subject:  oneLine(message.Bare(v.m.Subject), 300),
		Language: v.language(requester, c, first(language, v.m.Language)),
		Level:    v.who.level, LevelWhy: v.who.why,
		FirstID: v.m.ID, LastID: v.m.ID,
		Registered: v.at, ChangedAt: v.at,
	}
}

// grade decides what the ticket is: its class and product, who works on it, what it costs, what it lacks and which clocks run.
func (v *visit) grade(tk *Ticket, verdict rules.Verdict, owned []Entitlement, windows []string) {
	licences, _ := v.inForce(owned, "licence")
	subscriptions, _ := v.inForce(owned, "subscription")
	tk.Reasons, tk.Tags, tk.Among = verdict.Reasons, verdict.Tags, verdict.Among
	tk.Product = first(verdict.Product, v.product, v.mailbox.Product)
	if tk.Product == "" {
		// Nothing named the product: the one whose free window is open, else the one bought last, is the likeliest.
		tk.Product = first(slices.Concat(windows, productsOf(owned), licences, subscriptions)...)
	}
	class := v.classOf(tk, verdict.Class)
	tk.Class = class.Name
	tk.Queue = first(v.mailbox.Queue, verdict.Queue, class.Queue)
	tk.Department = first(verdict.Queue, class.Queue, v.mailbox.Queue)
	tk.Priority = first(verdict.Priority, class.Priority, "normal")

	channel := v.p.ChannelOf(v.mailbox.Name)
	if channel != nil {
		tk.Channel = channel.Name
	}
	v.assign(tk, class, channel, verdict)
	v.startClocks(tk)
	v.bill(tk, class, verdict, entitled{
		window: slices.Contains(windows, tk.Product), licence: slices.Contains(licences, tk.Product), plans: v.plansFor(owned, tk.Product),
	})
	v.answer(tk, class, channel, verdict)
	if tk.Missing = v.wantsDetails(tk, class, verdict); len(tk.Missing) > 0 {
		tk.Status = AwaitingDetails
	}
	if tk.Status.Pauses() {
		tk.pauseClocks(v.at)
	}
}

// classOf is the class that a rule gave, else the first of the product, else the desk's. A product that names its classes has no other.
func (v *visit) classOf(tk *Ticket, ruled string) *policy.Class {
	name := first(ruled, v.p.Desk.DefaultClass)
	if p := v.p.Product(tk.Product); p != nil && len(p.Classes) > 0 && !slices.Contains(p.Classes, ruled) {
		name = p.Classes[0]
		tk.Reasons = append(tk.Reasons, rules.Reason{By: "the product " + p.Name, Because: []string{"its classes are " + strings.Join(p.Classes, ", ")}, Set: []string{"class=" + name}})
	}
	return v.p.Class(name)
}

// assign names who gets the ticket at once: whom a rule says, else the channel's person, else the owner of the product (B2, C6).
func (v *visit) assign(tk *Ticket, class *policy.Class, channel *policy.Channel, verdict rules.Verdict) {
	by := func(what, id string) {
		tk.Assignee = id
		tk.Reasons = append(tk.Reasons, rules.Reason{By: what, Set: []string{"assign=" + id}})
	}
	product := v.p.Product(tk.Product)
	switch {
	case verdict.Assignee != "" || verdict.Among != nil:
		tk.Assignee = verdict.Assignee
	case channel != nil && channel.Assign != "":
		by("the channel "+channel.Name, channel.Assign)
	case class.Owner && product != nil && product.Owner != "":
		by("the product "+product.Name, product.Owner)
	}
}

// entitled is what a customer may ask of the ticket's product without paying more.
type entitled struct {
	window, licence bool
	plans           []string
}

// plansFor are the plans in force for a product.
func (t *turn) plansFor(owned []Entitlement, product string) []string {
	own := slices.DeleteFunc(slices.Clone(owned), func(e Entitlement) bool { return e.Product != product })
	_, plans := t.inForce(own, "subscription")
	return plans
}

// bill says what the ticket costs, and where it waits until that is agreed (A1, A3, A4, B3).
func (v *visit) bill(tk *Ticket, class *policy.Class, verdict rules.Verdict, has entitled) {
	billing := class.Billing
	if verdict.Billing != "" {
		billing = policy.Billing(verdict.Billing)
	}
	tk.Billing = billing
	because := func(by, why string) {
		tk.Reasons = append(tk.Reasons, rules.Reason{By: by, Because: []string{why}, Set: []string{"billing=" + string(tk.Billing)}})
	}
	channel := v.p.ChannelOf(v.mailbox.Name)
	switch {
	case channel != nil && verdict.Billing == "" && channel.Terms == policy.TermsHourly:
		tk.Billing = policy.ByHour
		because("the channel "+channel.Name, "it is billed by time, whatever the licence")
	case billing == policy.Free:
	case channel != nil && verdict.Billing == "" && channel.Terms == policy.TermsFree:
		tk.Billing = policy.Free
		because("the channel "+channel.Name, "it is free")
	case channel != nil && verdict.Billing == "" && channel.Terms == policy.TermsLicence && has.licence:
		tk.Billing = policy.Free
		because("the channel "+channel.Name, "there is a licence for "+tk.Product+" in force")
	case billing == policy.ByCredits && class.FreeWindow && has.window:
		tk.Billing, tk.FreeWindow = policy.Free, true
		because("the free window", "the one of "+tk.Product+" is open")
	case billing == policy.BySubscription:
		for _, name := range has.plans {
			if plan := v.p.Plan(name); plan != nil && slices.Contains(plan.Classes, class.Name) {
				because("the plan "+name, "it covers "+class.Name)
				return
			}
		}
		tk.Billing = policy.ByCredits // a separate order: an engineer says what it takes
		because("the class "+class.Name, "no plan in force covers it")
	}
	if tk.Billing == policy.ByHour && !v.m.Kind.Machine() {
		rate := first(verdict.Rate, class.Rate)
		if channel != nil {
			rate = first(rate, channel.Rate)
		}
		if v.offerByHour(tk, rate) {
			return
		}
		tk.Billing = policy.ByCredits // no rate is known: an engineer says what it takes
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

// A firstAnswer is how a new ticket is answered, where that is not as its status says.
type firstAnswer struct {
	template string
	notice   []policy.Text
}

// answer says what the first answer tells beside the usual (B1, B3): where a request belongs that has come to the wrong channel, how to go
// on without a licence, and what the channel or a rule has to say. A request that belongs elsewhere, or is rejected, needs nobody of us:
// its ticket is closed, and an answer opens it.
func (v *visit) answer(tk *Ticket, class *policy.Class, channel *policy.Channel, verdict rules.Verdict) {
	a := firstAnswer{template: verdict.Template}
	say := func(t policy.Text) {
		if len(t) > 0 {
			a.notice = append(a.notice, t)
		}
	}
	elsewhere := func(by, why string) {
		tk.Status, tk.ClosedAt, tk.Clocks, tk.Estimate = Closed, v.at, nil, nil
		tk.Reasons = append(tk.Reasons, rules.Reason{By: by, Because: []string{why}, Set: []string{"status=closed"}})
	}
	astray := channel != nil && len(channel.Classes) > 0 && !slices.Contains(channel.Classes, class.Name)
	switch {
	case len(verdict.Reject) > 0:
		a.template = first(a.template, "way_in")
		say(verdict.Reject)
		elsewhere("a rule", "it is rejected")
	case a.template == "way_in":
		say(verdict.Say)
		elsewhere("a rule", "it belongs elsewhere")
	case astray && channel.Terms == policy.TermsFree && !v.m.Kind.Machine():
		a.template = first(a.template, "way_in")
		say(channel.WayIn)
		elsewhere("the channel "+channel.Name, class.Name+" is not asked here")
	case astray:
		say(channel.WayIn)
	}
	if a.template != "way_in" {
		say(verdict.Say)
	}
	if channel != nil && channel.Terms == policy.TermsLicence && tk.Billing != policy.Free {
		say(channel.Offer)
	}
	if channel != nil {
		say(channel.Profile)
	}
	v.first = a
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

// sendEstimate offers the ticket's estimate to its requester.
func (t *turn) sendEstimate(tk *Ticket) error { return t.sendEstimateWith(tk, "") }

// sendEstimateWith is sendEstimate with something to say beside it.
func (t *turn) sendEstimateWith(tk *Ticket, notice templates.PublicText) error {
	if tk.hourly() {
		l := t.estimateLetter(tk, "agreement")
		l.data.Notice = notice
		return t.send(l)
	}
	balance, err := t.balance(tk.Customer)
	if err != nil {
		return err
	}
	l := t.estimateLetter(tk, "estimate")
	l.data.Balance, l.data.Missing, l.data.Notice = &balance, max(0, t.toHold(tk)-balance), notice
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
	if err := t.appoint(tk); err != nil {
		return err
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
	if tk.hourly() { // paid afterwards, so that no balance has to reach
		if tk.Hold == nil {
			tk.Estimate.Before = tk.Minutes // nothing is billed before the agreement
		}
		if err := t.hold(tk, need); err != nil {
			return err
		}
		t.setStatus(tk, Open)
		if err := t.send(letter{template: "confirmed", ticket: tk, to: tk.Requester, automatic: true, data: t.customerData(tk)}); err != nil {
			return err
		}
		return t.dispatch(tk)
	}
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
