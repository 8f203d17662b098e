package desk

import (
	"cmp"
	"fmt"

	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// This file is work by the hour (B2). Nothing of it is billed before the customer has agreed to kind, rate, unit and a cap; what is charged
// is owed afterwards, by exact time and never above the cap.

// Unit is what the estimate counts: credits, or the currency of its rate.
func (e *Estimate) Unit() ledger.Unit {
	if e.Rate != nil {
		return ledger.Unit(e.Rate.PerHour.Currency)
	}
	return ledger.Credit
}

// String is the estimate as the journal tells it: at most so much.
func (e *Estimate) String() string {
	if e.Rate != nil {
		return fmt.Sprintf("%s an hour, at most %s", e.Rate.PerHour, e.cap())
	}
	return fmt.Sprintf("at most %d credits", e.Max)
}

func (e *Estimate) cap() policy.Money {
	return policy.Money{Amount: e.Max, Currency: e.Rate.PerHour.Currency}
}

// hourly tells whether the ticket's present offer is by the hour.
func (tk *Ticket) hourly() bool { return tk.Estimate != nil && tk.Estimate.Rate != nil }

// payer is whose account the ticket is charged to: the customer's, else one by the address of whoever has none.
func (tk *Ticket) payer() string { return cmp.Or(tk.Customer, tk.Requester.Address) }

// offerByHour makes the agreement that a ticket waits for, false where the policy has no rate for it.
func (v *visit) offerByHour(tk *Ticket, rate string) bool {
	r := v.p.Rate(rate)
	if r == nil {
		return false
	}
	tk.Estimate = &Estimate{Version: 1, Min: 0, Max: r.Cap.Amount, At: v.at, Rate: &Rate{Name: r.Name, Title: r.Title, PerHour: r.PerHour, Unit: r.Unit}}
	tk.Status = AwaitingConfirmation
	return true
}

// raised is the next offer of a ticket whose work would go above what was agreed: all of it in credits, as much again by the hour.
func (tk *Ticket) raised(over int64) *Estimate {
	next := &Estimate{Version: tk.Estimate.Version + 1, Min: tk.Hold.Amount + over, Max: tk.Hold.Amount + over, Before: tk.Estimate.Before, Rate: tk.Estimate.Rate, Charged: tk.Estimate.Charged}
	if next.Rate != nil {
		next.Min, next.Max = 0, max(next.Max, 2*tk.Hold.Amount)
	}
	return next
}

// rebillByHour bills a ticket whose class has changed, where it is by the hour or becomes so: handled tells whether that is the case. Another
// kind of work is another agreement; what was charged at the old rate stays (B2). A class that is free ends it, unless the channel is
// billed by time whatever is asked. What was agreed to in credits stays in credits.
func (t *turn) rebillByHour(tk *Ticket, class *policy.Class) (handled, asks bool, err error) {
	channel := t.p.ChannelOf(tk.Mailbox)
	byChannel := channel != nil && channel.Terms == policy.TermsHourly
	present := ""
	if tk.hourly() {
		present = tk.Estimate.Rate.Name
	}
	switch {
	case present == "" && class.Billing != policy.ByHour && !byChannel:
		return false, false, nil
	case present == "" && tk.Hold != nil:
		t.stays(class, templates.Credits(tk.Hold.Amount))
		return true, false, nil
	case present != "" && class.Billing == policy.Free && !byChannel:
		tk.Billing = policy.Free
		if tk.Status != AwaitingConfirmation {
			return true, false, nil
		}
		t.setStatus(tk, Open)
		return true, true, t.dispatch(tk)
	}
	name := class.Rate
	if name == "" && byChannel {
		name = channel.Rate
	}
	r := t.p.Rate(cmp.Or(name, present))
	if r == nil || r.Name == present && tk.Billing == policy.ByHour {
		return true, false, nil
	}
	next := &Estimate{Version: 1, Max: r.Cap.Amount, At: t.at, Rate: &Rate{Name: r.Name, Title: r.Title, PerHour: r.PerHour, Unit: r.Unit}}
	if tk.Estimate != nil {
		next.Version = tk.Estimate.Version + 1
	}
	if h := tk.Hold; h != nil {
		if h.Unit != next.Unit() {
			t.stays(class, tk.Estimate.cap().String())
			return true, false, nil // one ticket is owed in one currency
		}
		next.Before, next.Charged = tk.Minutes, h.Settled
		next.Max += h.Settled
	}
	tk.Estimate, tk.Billing, tk.FreeWindow = next, policy.ByHour, false
	if tk.Status.Done() {
		t.asksLater(class) // should it be taken up again, the offer is made then
		return true, false, nil
	}
	t.setStatus(tk, AwaitingConfirmation)
	return true, true, t.sendEstimate(tk)
}

// stays remarks that a ticket's new class would have to be agreed to, and that what was agreed to stands instead.
func (t *turn) stays(class *policy.Class, agreed any) {
	t.remarks = append(t.remarks, templates.NotAgreedStays.With(class.Title, agreed))
}

// asksLater remarks that a ticket's new class is agreed to by nobody yet, since nobody works on it.
func (t *turn) asksLater(class *policy.Class) {
	t.remarks = append(t.remarks, templates.NotAgreedYet.With(class.Title))
}

// hourlyData is what a mail tells of work by the hour.
func (tk *Ticket) hourlyData(lang string) *templates.Hourly {
	if !tk.hourly() {
		return nil
	}
	r := tk.Estimate.Rate
	d := &templates.Hourly{Kind: r.Title.In(lang), PerHour: r.PerHour.String(), Unit: r.Unit, Cap: tk.Estimate.cap().String(), TotalMinutes: tk.Minutes}
	if h := tk.Hold; h != nil {
		d.Cost = policy.Money{Amount: h.Settled, Currency: r.PerHour.Currency}.String()
	}
	return d
}
