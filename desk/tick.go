package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// tickBatch is how many tickets one look at the clock loads.
const tickBatch = 100

// Tick does what is due by the clock: warnings, breaches, and what silence brings. Each ticket is one transaction. It returns when to call
// again, zero when nothing waits for the clock; a mail may make that earlier, so callers look after each mail too.
func (d *Desk) Tick(ctx context.Context) (next time.Time, err error) {
	if err := d.tickTimers(ctx); err != nil {
		return time.Time{}, err
	}
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

// tickTimers does what is due beside tickets.
func (d *Desk) tickTimers(ctx context.Context) error {
	var due []string
	err := d.Store.View(ctx, func(tx Tx) (err error) {
		due, err = tx.DueTimers(ctx, d.Now().UTC())
		return err
	})
	if err != nil {
		return fmt.Errorf("look which timers are due: %w", err)
	}
	for _, name := range due {
		if err := d.update(ctx, func(t *turn) error { return t.wakeTimer(name) }); err != nil {
			return fmt.Errorf("timer %s: %w", name, err)
		}
	}
	return nil
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
	for i := len(tk.Reminders) - 1; i >= 0; i-- {
		if r := tk.Reminders[i]; !r.At.After(t.now) {
			tk.Reminders = slices.Delete(tk.Reminders, i, i+1)
			if err := t.remindStaff(tk, r.Staff); err != nil {
				return err
			}
		}
	}
	if tk.Flood != nil && !tk.Flood.Until.After(t.now) {
		if err := t.ebb(tk); err != nil {
			return err
		}
	}
	for _, s := range tk.silences(t.p, t.calendar(tk)) {
		if s.at.After(t.now) {
			continue
		}
		known, err := t.asked(tk)
		switch {
		case err != nil:
			return err
		case s.do == "close" && !known:
			return t.endTicket(tk)
		case s.do == "close":
			return t.closeTicket(tk, "silence", "")
		}
		tk.Reminded = true
		if !known {
			continue
		}
		if err := t.remind(tk); err != nil {
			return err
		}
	}
	return nil
}

// asked tells whether silence on a ticket is the requester's own: he, or somebody of us, has done something that leads to what it waits for.
// In whose name a mail came that proves nothing, he was asked nothing, and neither is he reminded of it (G3, T051).
func (t *turn) asked(tk *Ticket) (bool, error) {
	estimate := tk.Estimate
	if !tk.Status.Awaiting() || tk.Level >= message.LevelA1s || estimate != nil && (estimate.By != "" || !estimate.ConfirmedAt.IsZero()) {
		return true, nil
	}
	recent, err := t.tx.Recent(t.ctx, tk.Number, maxHistory+1)
	return slices.ContainsFunc(recent, func(m *Message) bool {
		return m.From.Addr == tk.Requester.Address && m.Level >= message.LevelA1s && !m.Kind.Machine() && m.Outcome == OutcomeReply
	}), err
}

// fire records what is due of a clock, warnings, its breach and escalations, and tells whom it concerns. Each happens once, however far
// the wall clock jumped, and nobody gets more than one mail of one look: the breach says all that a warning would have (T106).
func (t *turn) fire(tk *Ticket, c *Clock) error {
	if at := c.wake(); at.IsZero() || at.After(t.now) {
		return nil
	}
	told := map[string]bool{}
	late := !t.now.Before(c.Due.Add(breachGrace))
	breaches := late && c.Breached.IsZero()
	for _, s := range t.stepsDue(c) {
		s.Fired = t.now
		what := "warning"
		if !s.At.Before(c.Due) {
			what = "escalation"
			if breaches {
				breaches = false
				if err := t.breach(tk, c, told); err != nil {
					return err
				}
			}
		}
		e := ClockFired{Ticket: tk.Number, Clock: string(c.Name), What: what}
		if s.To != nil {
			e.Step, e.To = s.Step.String(), s.To
		}
		t.fired = append(t.fired, t.event(EventClock, tk.Number, e))
		if what == "warning" && late {
			continue // it would come after what it warns of
		}
		if err := t.tellOfClock(tk, c, "clock_warning", t.whom(tk, s.To), told); err != nil {
			return err
		}
	}
	if breaches {
		return t.breach(tk, c, told)
	}
	return nil
}

// stepsDue are the steps of a clock that are due and not carried out, earliest first.
func (t *turn) stepsDue(c *Clock) []*Step {
	var due []*Step
	for i := range c.Steps {
		if s := &c.Steps[i]; s.Fired.IsZero() && !c.at(s).After(t.now) {
			due = append(due, s)
		}
	}
	slices.SortStableFunc(due, func(a, b *Step) int { return a.At.Compare(b.At) })
	return due
}

func (t *turn) breach(tk *Ticket, c *Clock, told map[string]bool) error {
	c.Breached = t.now
	t.fired = append(t.fired, t.event(EventClock, tk.Number, ClockFired{Ticket: tk.Number, Clock: string(c.Name), What: "breach"}))
	return t.tellOfClock(tk, c, "clock_breach", t.whom(tk, nil), told)
}

// whom are those that a step names; nil names whoever has the ticket.
func (t *turn) whom(tk *Ticket, to []string) (all []*policy.Staff) {
	if to == nil {
		to = []string{policy.ToAssignee}
	}
	for _, name := range to {
		switch s := t.p.StaffByID(tk.Assignee); {
		case name == policy.ToAssignee && s != nil:
			all = append(all, s)
		case name == policy.ToAssignee || name == policy.ToDispatchers:
			all = append(all, t.p.Dispatchers(tk.Queue)...)
		default:
			if s := t.p.StaffByID(name); s != nil {
				all = append(all, s)
			}
		}
	}
	return all
}

// tellOfClock sends each person one mail about a clock. Whoever has the ticket reads what to do; others, that they are told of it.
func (t *turn) tellOfClock(tk *Ticket, c *Clock, template string, to []*policy.Staff, told map[string]bool) error {
	holder := t.p.StaffByID(tk.Assignee)
	for _, s := range to {
		if told[s.ID] {
			continue
		}
		told[s.ID] = true
		mail := template
		if !t.now.Before(c.Due) {
			mail = "clock_breach"
		}
		hasIt := s == holder || holder == nil && slices.Contains(t.p.Dispatchers(tk.Queue), s)
		if !hasIt {
			mail = "clock_escalation"
		}
		err := t.tellOne(tk, s, mail, func(d *templates.Staff) {
			d.Clock, d.Due = string(c.Name), t.moment(tk, c.Due)
			if !hasIt {
				d.Late = !t.now.Before(c.Due)
				if holder != nil {
					d.With = holder.Name
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// recordLate records the breach of clocks that were met too late before Tick looked at them: after a time in which the desk stood still,
// or within the grace. Whoever met them knows, so nobody is told (R4).
func (t *turn) recordLate(tk *Ticket) {
	for i := range tk.Clocks {
		c := &tk.Clocks[i]
		if c.dormant() || c.Met.IsZero() || !c.Met.After(c.Due) || !c.Breached.IsZero() {
			continue
		}
		c.Breached = t.now
		t.fired = append(t.fired, t.event(EventClock, tk.Number, ClockFired{Ticket: tk.Number, Clock: string(c.Name), What: "breach"}))
	}
}

// remindStaff tells somebody of us of a ticket, as he asked.
func (t *turn) remindStaff(tk *Ticket, id string) error {
	s := t.p.StaffByID(id)
	if s == nil {
		return nil // he has left since
	}
	data := t.staffData(tk, s)
	if err := t.withThread(tk, s, data); err != nil {
		return err
	}
	return t.sendStaff(tk, s, "reminder", data)
}

// remind asks the requester once for what the ticket waits for, and those who pay where it is theirs to give.
func (t *turn) remind(tk *Ticket) error {
	if tk.Status == AwaitingConfirmation && tk.Estimate != nil {
		return t.sendCosts(t.estimateLetter(tk, "awaiting_reminder"))
	}
	l := letter{template: "awaiting_reminder", ticket: tk, to: tk.Requester, automatic: true, data: t.customerData(tk)}
	if tk.Status == AwaitingCredits {
		balance, err := t.balance(tk.Customer)
		if err != nil {
			return err
		}
		l.data.Balance, l.data.Missing = &balance, max(0, t.toHold(tk)-balance)
		return t.sendCosts(l)
	}
	return t.send(l)
}
