package desk

import (
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
)

// setStatus moves a ticket through its life and lets its clocks follow: they stand still while the customer has something to do, and run
// on with the time left ("Pauses" of MISSION.md).
func (t *turn) setStatus(tk *Ticket, to Status) {
	from := tk.Status
	if from == to {
		return
	}
	cal := t.calendar(tk)
	tk.Status, tk.ChangedAt, tk.Reminded = to, t.at, false
	switch {
	case to == Closed:
		tk.endClocks(cal, t.at)
		tk.ClosedAt = t.at
	case to == Resolved:
		tk.meet(cal, policy.Resolution, t.at)
		tk.pauseClocks(t.at)
		tk.ResolvedAt = t.at
	case from.Done():
		tk.ClosedAt, tk.ResolvedAt = time.Time{}, time.Time{}
		tk.reopenClocks(cal, t.at, from)
		t.retime(tk) // its class may have changed since it was resolved
		if to.Pauses() {
			tk.pauseClocks(t.at)
		}
	case to.Pauses():
		tk.pauseClocks(t.at) // those that stand still already do so for the same reason
	case from.Pauses():
		for i := range tk.Clocks {
			tk.Clocks[i].resume(cal, t.at)
		}
	}
	t.touch(tk)
}

// pauseClocks lets the clocks stand still that do so in the ticket's status.
func (tk *Ticket) pauseClocks(at time.Time) {
	for i := range tk.Clocks {
		if c := &tk.Clocks[i]; tk.Status.Done() || !c.RunsOn {
			c.pause(at, tk.Status)
		}
	}
}

// meet meets one clock, where the policy set it.
func (tk *Ticket) meet(cal *calendar.Calendar, name policy.ClockName, at time.Time) {
	if c := tk.clock(name); c != nil {
		c.meet(cal, at)
	}
}

// respond meets the clocks that an answer or an estimate of a person ends.
func (tk *Ticket) respond(cal *calendar.Calendar, at time.Time) {
	tk.meet(cal, policy.FirstResponse, at)
	tk.meet(cal, policy.NextResponse, at)
}

// endClocks ends what still runs when a ticket closes: a resolution is then there, an answer is not owed any more.
func (tk *Ticket) endClocks(cal *calendar.Calendar, at time.Time) {
	for i := range tk.Clocks {
		c := &tk.Clocks[i]
		if c.Name == policy.Resolution && !c.paused() {
			c.meet(cal, at)
		}
		c.stop(at)
	}
}

// reopenClocks lets run on what a ticket owes that is taken up again: a resolution once more, an answer where none was given.
func (tk *Ticket) reopenClocks(cal *calendar.Calendar, at time.Time, from Status) {
	for i := range tk.Clocks {
		c := &tk.Clocks[i]
		if c.Name == policy.Resolution || c.Stopped {
			c.reopen(cal, at, from)
		}
		c.resume(cal, at)
	}
}

// closeTicket ends a ticket: what was held and not used goes back, and the requester is told what it cost. by is customer where
// he asked for it, silence, or empty for anybody else. Whoever closes before he confirmed pays nothing.
func (t *turn) closeTicket(tk *Ticket, by string, words string) error {
	if err := t.endTicket(tk); err != nil {
		return err
	}
	out := letter{template: "closed", ticket: tk, to: tk.Requester, automatic: true, data: t.customerData(tk)}
	out.data.ClosedBy = by
	if tk.Hold != nil && !tk.hourly() {
		balance, err := t.balance(tk.Customer)
		if err != nil {
			return err
		}
		out.data.Balance = &balance
	}
	out.data.Words = t.spoken(tk, words)
	if words != "" {
		out.automatic, out.forward = false, true // an engineer's own words, and what he attached
		return t.sendAll(out)
	}
	return t.send(out)
}

// endTicket closes a ticket without a word.
func (t *turn) endTicket(tk *Ticket) error {
	if err := t.release(tk); err != nil {
		return err
	}
	t.setStatus(tk, Closed)
	return nil
}

// agreed is where a ticket stands when the customer has answered: at work once its terms are agreed, else where they are waited for. No
// other way leads past the customer's yes.
func (tk *Ticket) agreed() Status {
	switch {
	case !tk.billed():
		return Open
	case tk.Estimate == nil:
		return AwaitingEstimate
	case tk.Hold == nil || tk.Estimate.ConfirmedAt.IsZero():
		return AwaitingConfirmation
	}
	return Open
}

// reopen takes a resolved or closed ticket up again, for the same terms: what was confirmed and not used is held anew. Where nothing was
// agreed, or not yet the present estimate, the offer stands again.
func (t *turn) reopen(tk *Ticket) error {
	if len(tk.Clocks) == 0 { // it was closed before anybody owed anything, so what is owed begins here
		t.startClocks(tk)
		for i := range tk.Clocks {
			if c := &tk.Clocks[i]; !c.Start.IsZero() {
				c.Start = t.at
				c.compute(t.calendar(tk))
			}
		}
	}
	switch to := tk.agreed(); to {
	case AwaitingEstimate:
		t.setStatus(tk, to)
		return nil
	case AwaitingConfirmation:
		t.setStatus(tk, to)
		return t.sendEstimate(tk)
	}
	if tk.Status == Closed && tk.billed() {
		ok, err := t.holdAgain(tk)
		if err != nil {
			return err
		}
		if !ok {
			balance, err := t.balance(tk.Customer)
			if err != nil {
				return err
			}
			t.setStatus(tk, AwaitingCredits)
			out := letter{template: "short_balance", ticket: tk, to: tk.Requester, automatic: true, data: t.customerData(tk)}
			out.data.Balance, out.data.Missing = &balance, t.toHold(tk)-balance
			return t.sendCosts(out)
		}
	}
	t.setStatus(tk, Open)
	return t.send(letter{template: "reopened", ticket: tk, to: tk.Requester, automatic: true, data: t.customerData(tk)})
}

// mayReopen tells whether a reply still reaches the ticket: always before it is closed, and until the policy's window after.
func (t *turn) mayReopen(tk *Ticket) bool {
	return tk.Status != Closed || !t.at.After(tk.ClosedAt.AddDate(0, 0, t.p.Life.ReopenDays))
}

// answered marks that the requester wrote: our next mails to him answer this one.
func (tk *Ticket) answered(id message.ID) {
	if id == "" {
		return
	}
	if tk.FirstID == "" {
		tk.FirstID = id
	}
	tk.LastID = id
}
