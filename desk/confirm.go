package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/templates"
)

// Confirm takes a requester's yes that came by the second channel: the button behind a one-use link, or a signed-in page (A3). It is the
// way for what a mail may not confirm. A yes that was given before is no error and holds nothing again.
func (d *Desk) Confirm(ctx context.Context, ticket, version int64, by string) error {
	return d.update(ctx, func(t *turn) error {
		tk, err := t.ticket(ticket)
		switch {
		case err != nil:
			return err
		case tk.Estimate == nil || tk.Estimate.Version != version:
			return fmt.Errorf("confirm estimate %d of ticket %d: %w", version, ticket, ErrNotFound)
		case tk.Status != AwaitingConfirmation:
			return nil
		}
		tk.Estimate.ConfirmedAt, tk.Estimate.ConfirmedBy = t.at, by
		return t.confirm(tk)
	})
}

// confirm takes the customer's yes: the maximum is held, and the ticket goes to its department (A4). Where the balance does not reach,
// it waits for credits and goes on by itself.
func (t *turn) confirm(tk *Ticket) error {
	t.decided = true
	need := t.toHold(tk)
	if tk.hourly() { // paid afterwards, so that no balance has to reach
		if tk.Hold == nil {
			tk.Estimate.Before = tk.Minutes // nothing is billed before the agreement
		}
		if err := t.hold(tk, need); err != nil {
			return err
		}
		t.setStatus(tk, Open)
		if err := t.sendCosts(letter{template: "confirmed", ticket: tk, to: tk.Requester, automatic: true, data: t.customerData(tk)}); err != nil {
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
		return t.sendCosts(out)
	}
	t.setStatus(tk, Open)
	if balance, err = t.balance(tk.Customer); err != nil {
		return err
	}
	out.template, out.data = "confirmed", t.customerData(tk)
	out.data.Balance = &balance
	if err := t.sendCosts(out); err != nil {
		return err
	}
	return t.dispatch(tk)
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

// sendEstimate offers the ticket's estimate to its requester, and to those who pay where he may not agree.
func (t *turn) sendEstimate(tk *Ticket) error { return t.sendEstimateWith(tk, "") }

// sendEstimateWith is sendEstimate with something to say beside it.
func (t *turn) sendEstimateWith(tk *Ticket, notice templates.PublicText) error {
	if tk.hourly() {
		l := t.estimateLetter(tk, "agreement")
		l.data.Notice = notice
		return t.sendCosts(l)
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
	return t.sendCosts(l)
}

// estimateLetter is a mail whose answer may confirm the present estimate: only that, and only from the address it went to (L2).
func (t *turn) estimateLetter(tk *Ticket, template string) letter {
	return letter{
		template: template, ticket: tk, to: tk.Requester, automatic: true, data: t.customerData(tk),
		purpose: message.PurposeEstimate, arg: tk.Estimate.Version,
	}
}
