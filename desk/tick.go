package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postdesk/postdesk/templates"
)

// tickBatch is how many tickets one look at the clock loads.
const tickBatch = 100

// Tick does what is due by the clock: warnings, breaches, and what silence brings. Each ticket is one transaction. It returns when to call
// again, zero when nothing waits for the clock; a mail may make that earlier, so callers look after each mail too.
func (d *Desk) Tick(ctx context.Context) (next time.Time, err error) {
	for {
		var due []int64
		err := d.Store.View(ctx, func(tx Tx) (err error) {
			due, err = tx.Waking(ctx, d.Now().UTC(), tickBatch)
			return err
		})
		if err != nil {
			return time.Time{}, fmt.Errorf("look which clocks are due: %w", err)
		}
		var failed []error // one ticket that fails stops none of the others
		for _, number := range due {
			if err := d.update(ctx, func(t *turn) error { return t.wakeTicket(number) }); err != nil {
				failed = append(failed, fmt.Errorf("clocks of ticket %d: %w", number, err))
				if errors.Is(err, ErrUnavailable) || errors.Is(err, ErrFull) || ctx.Err() != nil {
					break
				}
			}
		}
		if len(failed) > 0 {
			return time.Time{}, errors.Join(failed...)
		}
		if len(due) < tickBatch {
			return d.NextWake(ctx)
		}
	}
}

// NextWake is when Tick has something to do next, zero for never.
func (d *Desk) NextWake(ctx context.Context) (at time.Time, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		at, err = tx.NextWake(ctx)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return time.Time{}, nil
	}
	return at, err
}

// wakeTicket does what is due on one ticket. It asks the ticket itself, not the look-up that named it: another node may have been here.
func (t *turn) wakeTicket(number int64) error {
	tk, err := t.ticket(number)
	if err != nil {
		return err
	}
	t.touch(tk) // its WakeAt is always set anew, so that no ticket wakes twice for nothing
	if !tk.Status.Done() {
		for i := range tk.Clocks {
			if err := t.fire(tk, &tk.Clocks[i]); err != nil {
				return err
			}
		}
	}
	for _, s := range tk.silences(t.p, t.calendar(tk)) {
		if s.at.After(t.now) {
			continue
		}
		if s.do == "close" {
			return t.closeTicket(tk, "silence", "")
		}
		tk.Reminded = true
		if err := t.remind(tk); err != nil {
			return err
		}
	}
	return nil
}

// fire records a warning or a breach that is due and tells whoever works on the ticket, each once however far the wall clock jumped.
func (t *turn) fire(tk *Ticket, c *Clock) error {
	at := c.wake()
	if at.IsZero() || at.After(t.now) {
		return nil
	}
	what, template := "warning", "clock_warning"
	if t.now.Before(c.Due.Add(breachGrace)) {
		c.Warned = true
	} else {
		c.Warned, c.Breached = true, t.now
		what, template = "breach", "clock_breach"
	}
	t.fired = append(t.fired, t.event(EventClock, tk.Number, ClockFired{tk.Number, string(c.Name), what}))
	return t.tellStaffWith(tk, template, func(d *templates.Staff) {
		d.Clock, d.Due = string(c.Name), t.moment(tk, c.Due)
	})
}

// recordLate records the breach of clocks that were met too late before Tick looked at them: after a time in which the desk stood still,
// or within the grace. Whoever met them knows, so nobody is told (R4).
func (t *turn) recordLate(tk *Ticket) {
	for i := range tk.Clocks {
		c := &tk.Clocks[i]
		if c.Met.IsZero() || !c.Met.After(c.Due) || !c.Breached.IsZero() {
			continue
		}
		c.Warned, c.Breached = true, t.now
		t.fired = append(t.fired, t.event(EventClock, tk.Number, ClockFired{tk.Number, string(c.Name), "breach"}))
	}
}

// remind asks the requester once for what the ticket waits for.
func (t *turn) remind(tk *Ticket) error {
	if tk.Status == AwaitingConfirmation && tk.Estimate != nil {
		l := t.estimateLetter(tk, "awaiting_reminder")
		return t.send(l)
	}
	l := letter{template: "awaiting_reminder", ticket: tk, to: tk.Requester, automatic: true, data: t.customerData(tk)}
	if tk.Status == AwaitingCredits {
		balance, err := t.balance(tk.Customer)
		if err != nil {
			return err
		}
		l.data.Balance, l.data.Missing = &balance, max(0, t.toHold(tk)-balance)
	}
	return t.send(l)
}
