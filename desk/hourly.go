package desk

import (
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

// charge is what minutes cost: units rounded up once over all of them, the amount half up to the currency's smallest part ("Hourly" of
// MISSION.md).
func (r *Rate) charge(minutes int) int64 {
	if minutes <= 0 {
		return 0
	}
	billed := (int64(minutes) + int64(r.Unit) - 1) / int64(r.Unit) * int64(r.Unit)
	return (billed*r.PerHour.Amount*2 + 60) / 120
}

// payer is whose account the ticket is charged to: the customer's, else one by the address of whoever has none.
func (tk *Ticket) payer() string { return first(tk.Customer, tk.Requester.Address) }

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
	next := &Estimate{Version: tk.Estimate.Version + 1, Min: tk.Hold.Amount + over, Max: tk.Hold.Amount + over, Before: tk.Estimate.Before, Rate: tk.Estimate.Rate}
	if next.Rate != nil {
		next.Min, next.Max = 0, max(next.Max, 2*tk.Hold.Amount)
	}
	return next
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
