package desk

import (
	"cmp"
	"slices"
	"strings"

	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/rules"
)

// grade decides what the ticket is: its class and product, who works on it, what it costs, what it lacks and which clocks run.
func (v *visit) grade(tk *Ticket, verdict rules.Verdict, owned []Entitlement, windows []string) {
	licences, _ := v.inForce(owned, "licence")
	subscriptions, _ := v.inForce(owned, "subscription")
	tk.Reasons, tk.Tags, tk.Among = verdict.Reasons, verdict.Tags, verdict.Among
	tk.Product = cmp.Or(verdict.Product, v.product, v.mailbox.Product)
	if tk.Product == "" {
		// Nothing named the product: the one whose free window is open, else the one bought last, is the likeliest.
		tk.Product = cmp.Or(slices.Concat(windows, productsOf(owned), licences, subscriptions)...)
	}
	class := v.classOf(tk, verdict.Class)
	tk.Class = class.Name
	tk.Queue = cmp.Or(v.mailbox.Queue, verdict.Queue, class.Queue)
	tk.Department = cmp.Or(verdict.Queue, class.Queue, v.mailbox.Queue)
	tk.Priority = cmp.Or(verdict.Priority, class.Priority, "normal")

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
	name := cmp.Or(ruled, v.p.Desk.DefaultClass)
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
		rate := cmp.Or(verdict.Rate, class.Rate)
		if channel != nil {
			rate = cmp.Or(rate, channel.Rate)
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
		a.template = cmp.Or(a.template, "way_in")
		say(verdict.Reject)
		elsewhere("a rule", "it is rejected")
	case a.template == "way_in":
		say(verdict.Say)
		elsewhere("a rule", "it belongs elsewhere")
	case astray && channel.Terms == policy.TermsFree && !v.m.Kind.Machine():
		a.template = cmp.Or(a.template, "way_in")
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
