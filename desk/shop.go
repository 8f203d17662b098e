package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/ledger"
)

// An Account is what a shop tells the desk of one customer: the customer, its contacts, what it was sold, and its opening balances.
type Account struct {
	Customer     Customer
	Contacts     []Contact
	Entitlements []Entitlement
	Balances     []Balance
}

// A Balance is an amount of one unit, in its smallest parts.
type Balance struct {
	Unit   ledger.Unit
	Amount int64
}

// AddAccount adds a customer whole. Opening balances are posted once for a customer and unit, however often the account is added.
func (d *Desk) AddAccount(ctx context.Context, a Account) error {
	return d.update(ctx, func(t *turn) error {
		if err := t.tx.SaveCustomer(ctx, a.Customer); err != nil {
			return fmt.Errorf("customer %s: %w", a.Customer.ID, err)
		}
		for _, c := range a.Contacts {
			if err := t.addContact(c, a.Customer.ID); err != nil {
				return err
			}
		}
		for _, e := range a.Entitlements {
			e.Customer = a.Customer.ID
			if err := t.tx.AddEntitlement(ctx, e); err != nil {
				return fmt.Errorf("%s of %s for customer %s: %w", e.Kind, e.Product, a.Customer.ID, err)
			}
		}
		for _, b := range a.Balances {
			if b.Amount == 0 {
				continue
			}
			if err := t.post(ledger.Open(a.Customer.ID, b.Unit, b.Amount, t.at)); err != nil {
				return fmt.Errorf("opening balance of customer %s: %w", a.Customer.ID, err)
			}
		}
		return nil
	})
}

// addContact links an address to a customer. Somebody who wrote before he had an account becomes its contact, and what he asked becomes
// the customer's: the first credits are often bought because of such a mail ("Unknown sender" of MISSION.md).
func (t *turn) addContact(c Contact, customer string) error {
	known, err := t.tx.ContactOf(t.ctx, c.Address)
	switch {
	case err == nil && known.Customer != "" && known.Customer != customer:
		return fmt.Errorf("contact %s belongs to customer %s", c.Address, known.Customer)
	case err == nil:
		c.ID = known.ID
	case !errors.Is(err, ErrNotFound):
		return err
	}
	c.Customer = customer
	if err := t.tx.SaveContact(t.ctx, &c); err != nil {
		return fmt.Errorf("contact %s: %w", c.Address, err)
	}
	if known == nil {
		return nil
	}
	earlier, err := t.tx.Tickets(t.ctx, TicketFilter{Requester: c.ID, Unclosed: true, Limit: maxEarlier})
	if err != nil {
		return err
	}
	for _, e := range earlier {
		if e.Customer != "" {
			continue
		}
		tk, err := t.ticket(e.Number)
		if err != nil {
			return err
		}
		tk.Customer = customer
		if tk.Status == AwaitingCredits && !c.MaySpend {
			// His yes was about credits that he was to buy; now it would take those of the account, which are not his to spend (L2).
			tk.Estimate.ConfirmedAt, tk.Estimate.ConfirmedBy, tk.Estimate.ConfirmedIn = time.Time{}, "", 0
			t.setStatus(tk, AwaitingConfirmation)
		}
		t.touch(tk)
		if tk.Status == AwaitingConfirmation { // he got the offer when it was his to agree to
			tk.Requester.Customer, tk.Requester.MaySpend = customer, c.MaySpend
			if err := t.offerPayers(tk); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxEarlier is how many tickets of somebody who gets an account become the customer's, latest first.
const maxEarlier = 100

// AddEntitlement adds what a shop sold to a customer it told of before.
func (d *Desk) AddEntitlement(ctx context.Context, customer string, e Entitlement) error {
	e.Customer = customer
	return d.update(ctx, func(t *turn) error {
		if _, err := t.tx.Customer(ctx, customer); err != nil {
			return fmt.Errorf("customer %s: %w", customer, err)
		}
		return t.tx.AddEntitlement(ctx, e)
	})
}

// TopUp adds credits to a customer's balance, once for one reference, and lets the tickets that waited for them go on, oldest first (L3).
// A reference that stands for another top-up is refused: whoever gave it would believe that his was posted.
func (d *Desk) TopUp(ctx context.Context, customer string, unit ledger.Unit, n int64, ref string) error {
	return d.update(ctx, func(t *turn) error {
		if _, err := t.tx.Customer(ctx, customer); err != nil {
			return fmt.Errorf("customer %s: %w", customer, err)
		}
		p := ledger.TopUp(ref, customer, unit, n, t.at)
		switch old, err := t.tx.Posting(ctx, p.Key); {
		case err == nil && !old.Same(p):
			return fmt.Errorf("top up customer %s: %q stands for another top-up, posted at %s", customer, ref, old.At.Format(time.RFC3339))
		case err != nil && !errors.Is(err, ErrNotFound):
			return err
		}
		if err := t.post(p); err != nil {
			return fmt.Errorf("top up customer %s: %w", customer, err)
		}
		return t.goOnAll(customer, 0)
	})
}

// A CounterError says why a posting cannot be taken back, and what to do instead.
type CounterError struct{ Key, Wrong string }

func (e *CounterError) Error() string { return fmt.Sprintf("take %s back: %s", e.Key, e.Wrong) }

// Counter takes a posting back, by one that moves the same the other way (T044): what the ledger was told by mistake. One of us answers for it by
// his id, and another with him where it is more than a mail may confirm, or no credits. It is posted once; again tells that it was before.
// Holds and charges are none of its business, since they follow the time on their ticket.
func (d *Desk) Counter(ctx context.Context, key, by, with, why string) (p ledger.Posting, again bool, err error) {
	err = d.update(ctx, func(t *turn) error {
		wrong := func(format string, args ...any) error { return &CounterError{key, fmt.Sprintf(format, args...)} }
		told, err := t.tx.Posting(ctx, key)
		switch {
		case errors.Is(err, ErrNotFound):
			return wrong("there is no such posting; its key stands in the last column of postdesk ledger statement")
		case err != nil:
			return err
		}
		switch told.Cause {
		case "hold", "settle", "release":
			return wrong("it follows the work on ticket %d; correct that by /spent -15m in a mail about the ticket, and the ledger follows", told.Ticket)
		}
		p = ledger.Counter(told, t.at)
		switch _, err := t.tx.Posting(ctx, p.Key); {
		case err == nil:
			again = true
			return nil
		case !errors.Is(err, ErrNotFound):
			return err
		}
		for _, id := range []string{by, with} {
			if t.p.StaffByID(id) == nil && (id != "" || id == by) {
				return wrong("%q is nobody's id in the policy", id)
			}
		}
		if t.needsTwo(p) && (with == "" || with == by) {
			return wrong("two of you answer for more than %d credits, and for what is no credits: name another of the staff by --with", t.p.Credits.ConfirmLimit)
		}
		var short *ledger.InsufficientError
		switch err := t.post(p); {
		case errors.As(err, &short):
			return wrong("%s has %d %s left, and %d would go; the rest was spent or is held for tickets, and comes back where these are closed or their time is corrected",
				short.Account, short.Balance, short.Unit, -short.Amount)
		case err != nil:
			return err
		}
		t.handled = append(t.handled, t.event(EventHandled, p.Ticket, Handled{By: by, With: with, What: "counter", Ticket: p.Ticket, Value: key, Why: why}))
		for _, e := range p.Entries {
			if customer, ok := strings.CutPrefix(string(e.Account), string(ledger.Customer(""))); ok && e.Amount > 0 {
				if err := t.goOnAll(customer, 0); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return p, again, err
}

// needsTwo tells a posting that two of us have to answer for.
func (t *turn) needsTwo(p ledger.Posting) bool {
	return slices.ContainsFunc(p.Entries, func(e ledger.Entry) bool {
		return e.Unit != ledger.Credit || max(e.Amount, -e.Amount) > t.p.Credits.ConfirmLimit
	})
}

// goOnAll takes up what waits for a customer's credits, oldest first, as far as they reach; except is the ticket that gave some back.
func (t *turn) goOnAll(customer string, except int64) error {
	waiting, err := t.tx.AwaitingCredits(t.ctx, customer)
	if err != nil {
		return err
	}
	for _, number := range waiting {
		if number == except {
			continue
		}
		if err := t.goOn(number); err != nil {
			return err
		}
	}
	return nil
}

// goOn takes a ticket up again that waited for credits, if there are enough now.
func (t *turn) goOn(number int64) error {
	tk, err := t.ticket(number)
	if err != nil || tk.Status != AwaitingCredits {
		return err
	}
	balance, err := t.balance(tk.Customer)
	if err != nil || balance < t.toHold(tk) {
		return err
	}
	return t.confirm(tk)
}
