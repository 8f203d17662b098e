package desk

import (
	"errors"
	"fmt"

	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/desk/ledger"
)

// hold takes n credits of the customer's balance for the present estimate, and charges what was worked already: More than confirmed is
// never charged (L2). *ledger.InsufficientError where the balance does not reach, and nothing is changed then.
func (t *turn) hold(tk *Ticket, n int64) error {
	if tk.hourly() {
		h := ledger.Postpaid(tk.Number, tk.payer(), tk.Estimate.Unit())
		if tk.Hold != nil {
			h = *tk.Hold
		}
		h = h.Agree(int(tk.Estimate.Version), tk.Estimate.Max)
		tk.Hold = &h
		t.touch(tk)
		_, err := t.settle(tk)
		return err
	}
	if n > 0 {
		h := ledger.Hold{Ticket: tk.Number, Customer: tk.Customer, Unit: ledger.Credit}
		if tk.Hold != nil {
			h = *tk.Hold
		}
		h, p, err := h.Raise(int(tk.Estimate.Version), n, t.at)
		if err != nil {
			return fmt.Errorf("hold for estimate %d of ticket %d: %w", tk.Estimate.Version, tk.Number, err)
		}
		if err := t.post(p); err != nil {
			return err
		}
		tk.Hold = &h
	}
	t.touch(tk)
	_, err := t.settle(tk)
	return err
}

// settle charges the ticket for all minutes worked on it, up to what was confirmed, and returns the credits that would be above. The
// charge is always that of the total, never of one entry ("Charge" of MISSION.md).
func (t *turn) settle(tk *Ticket) (over int64, err error) {
	if !tk.billed() || tk.Hold == nil {
		return 0, nil
	}
	total := ledger.Charge(tk.Minutes-tk.Estimate.Before, t.p.Credits.Rate)
	if tk.hourly() {
		total = tk.Estimate.Charged + ledger.Hourly(tk.Minutes-tk.Estimate.Before, tk.Estimate.Rate.Unit, tk.Estimate.Rate.PerHour.Amount)
	}
	h, p, err := tk.Hold.Settle(total, t.at)
	if err != nil {
		return 0, fmt.Errorf("charge ticket %d: %w", tk.Number, err)
	}
	if !p.IsZero() {
		if err := t.post(p); err != nil {
			return 0, fmt.Errorf("charge ticket %d: %w", tk.Number, err)
		}
	}
	tk.Hold = &h
	t.touch(tk)
	return h.Overspent, nil
}

// release gives back what a ticket held and did not use.
func (t *turn) release(tk *Ticket) error {
	if tk.Hold == nil || fault.Planted(fault.HoldKept) {
		return nil
	}
	h, p := tk.Hold.Release(t.at)
	if !p.IsZero() {
		if err := t.post(p); err != nil {
			return fmt.Errorf("release what ticket %d held: %w", tk.Number, err)
		}
	}
	tk.Hold = &h
	t.touch(tk)
	if p.IsZero() {
		return nil
	}
	return t.goOnAll(tk.Customer, tk.Number) // what came back may be what another ticket waits for
}

// holdAgain holds what was confirmed and not used for a ticket that is taken up again ("Closing" of MISSION.md). It is a hold of its own,
// so the estimate gets a version of its own, with the customer's yes as before. False where the balance does not reach.
func (t *turn) holdAgain(tk *Ticket) (bool, error) {
	again := *tk.Estimate
	again.Version++
	tk.Estimate = &again
	need := t.toHold(tk)
	if tk.hourly() {
		return true, t.hold(tk, need)
	}
	balance, err := t.balance(tk.Customer)
	if err != nil {
		return false, err
	}
	if balance < need {
		return false, nil
	}
	if err := t.hold(tk, need); errors.As(err, new(*ledger.InsufficientError)) {
		return false, nil // another ticket took it meanwhile
	} else if err != nil {
		return false, err
	}
	return true, nil
}
