package desk

import (
	"slices"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
)

// customer decides over a person's mail that is not staff's: it opens a ticket, or says something on one.
func (v *visit) customer(p place) error {
	tk := p.joined
	if asked, until, yes := v.answersCopies(p); asked != nil {
		return v.decideCopies(asked, until, yes)
	}
	switch {
	case tk != nil && (v.part(tk) == Aside || (v.part(tk) == Proposed || v.part(tk) == Removed) && v.mayReopen(tk) && !v.wasOffered(tk)):
		v.by = p.by
		return v.adds(tk, p)
	case tk == nil && p.grant == held:
		v.by = p.by
		return v.hold(p, "somebody who takes no part in the ticket wrote with its token")
	case tk == nil && len(p.others) > 0:
		return v.open(p, OutcomeLinked)
	case tk == nil:
		same, similar, err := v.askedBefore()
		switch {
		case err != nil:
			return err
		case same != nil && !v.abusive():
			return v.joinSame(same)
		case similar != nil:
			v.because("nearly the words of ticket %d, which came to %s", similar.Number, similar.Mailbox)
			p.others = append(p.others, similar)
			return v.open(p, OutcomeLinked)
		}
		return v.open(p, OutcomeNew)
	case !v.mayReopen(tk) && p.grant == yes && !v.understands(tk).asksNothing():
		v.because("ticket %d was closed more than %d days ago", tk.Number, v.p.Life.ReopenDays)
		next, err := v.successor(tk)
		if err != nil {
			return err
		}
		if next == nil {
			p.joined, p.others = nil, append([]*Ticket{tk}, p.others...)
			return v.open(p, OutcomeLinked)
		}
		v.because("it goes on in ticket %d, which %s opened by answering that", next.Number, v.who.address)
		tk = next
	}
	v.by = p.by
	if p.grant == unverified {
		v.because("unverified: %s", v.who.why)
	}
	if v.abusive() {
		return v.notConsidered(tk)
	}
	if err := v.keep(tk.Number, OutcomeReply, false); err != nil {
		return err
	}
	for _, other := range p.others {
		v.link(tk, other)
	}
	if tk.Requester.ID != 0 && v.who.contact != nil && tk.Requester.ID == v.who.contact.ID && p.grant == yes && v.m.Kind != message.Portal {
		tk.answered(v.m.ID) // what was typed at a page is in no mail program that could show our answer below it
		v.touch(tk)
	}
	if err := v.paysAndAsks(tk); err != nil {
		return err
	}
	if err := v.copies(tk); err != nil {
		return err
	}
	if err := v.says(tk, p.grant); err != nil {
		return err
	}
	if !v.proposes && (p.grant != yes || tk.Status.Done()) {
		return nil
	}
	return v.askOwner(tk)
}

// successor is the ticket that the sender has opened already by answering one that is closed for long: whoever answers an old mail twice, or
// a mail of it again while he waits, means one matter. nil where there is none, or where that is done too.
func (v *visit) successor(old *Ticket) (*Ticket, error) {
	for _, number := range slices.Backward(old.Linked[max(0, len(old.Linked)-maxHints):]) { // strangers link as many as they like
		tk, err := v.standing(number)
		if err != nil {
			return nil, err
		}
		his := v.who.contact != nil && tk.Requester.ID == v.who.contact.ID
		if his && slices.Index(tk.Linked, old.Number) == 0 && tk.Registered.After(old.ClosedAt) && !tk.Status.Done() {
			return tk, nil
		}
	}
	return nil, nil
}

// says carries out what a customer's words mean where the ticket stands.
func (v *visit) says(tk *Ticket, joined grant) error {
	said := v.understands(tk)
	decides := said == saysClose || said == saysNo || said == saysYes && tk.Status == AwaitingConfirmation || tk.Status.Done()
	if decides && v.part(tk) == Member && !ends(v.who.contact, tk) {
		// Taking it up again would hold the account's credits.
		v.because("only who asked, or his account, agrees to the estimate, ends the request or takes it up again")
		return v.tellAside(tk)
	}
	if tk.Status == AwaitingConfirmation {
		switch said {
		case saysYes:
			return v.saysYes(tk)
		case saysNo:
			return v.saysClose(tk, joined, true)
		case saysClose:
			return v.saysClose(tk, joined, false)
		}
		if joined == yes {
			v.owe(tk)
		}
		return v.unclear(tk)
	}
	switch {
	case said == saysClose && tk.Status != Closed:
		return v.saysClose(tk, joined, false)
	case tk.Status == AwaitingDetails && joined == yes:
		return v.saysDetails(tk)
	case said.asksNothing() && tk.Status.Done() && !v.attaches(): // a picture of the next error says more than "great"
		v.because("a thank-you re-opens nothing")
		return nil
	case said == saysYes && tk.Status == Resolved && tk.agreed() != AwaitingConfirmation: // be it to our question whether all is well; a person reads it, for the question may have been another
		v.because("a yes to what is resolved re-opens nothing")
		return v.tellStaff(tk, "new_words")
	case joined == unverified:
		return v.tellStaff(tk, "new_words") // no re-opening, no state: only that somebody says he wrote
	case tk.Status.Done():
		if may(wishReopen, v.who.level) != yes {
			v.because("re-opening needs more proof of who wrote: %s", v.who.why)
			return v.tellStaff(tk, "new_words")
		}
		if err := v.reopen(tk); err != nil {
			return err
		}
	case tk.Status == Waiting:
		v.setStatus(tk, tk.agreed())
	}
	if !said.asksNothing() {
		v.owe(tk)
	}
	return v.tellStaff(tk, "new_words")
}

// saysYes confirms the estimate where the table, the limit and the token allow it by mail; else the one who may is told how to go on.
func (v *visit) saysYes(tk *Ticket) error {
	level := v.who.level
	older := false
	for _, c := range v.claims {
		if !c.mine || c.Ticket != tk.Number || c.Purpose != message.PurposeEstimate {
			continue
		}
		switch {
		case c.Arg != tk.Estimate.Version:
			older = true
		case level == message.LevelA1 && c.acts():
			level = message.LevelA2
		}
	}
	otherWay, err := v.toWriter(letter{template: "confirm_elsewhere", ticket: tk, to: tk.Requester, automatic: true, daily: true, data: v.customerData(tk)})
	if err != nil {
		return err
	}
	elsewhere := func(why string) error {
		v.because("not confirmed: %s", why)
		return v.asks(otherWay)
	}
	contact := v.who.contact
	switch {
	case older && level != message.LevelA2:
		v.because("not confirmed: it answers an older estimate")
		out, err := v.toWriter(v.estimateLetter(tk, "estimate_renewed"))
		if err != nil {
			return err
		}
		out.daily = true
		return v.asks(out)
	case contact == nil || !spends(contact, tk) && (tk.Customer != "" || contact.ID != tk.Requester.ID):
		return elsewhere("who wrote it may not spend")
	case !tk.hourly() && tk.Estimate.Max > v.p.Credits.ConfirmLimit && may(wishSpend, level) != byPayer:
		v.because("not confirmed: %d credits are more than a mail may confirm (%d)", tk.Estimate.Max, v.p.Credits.ConfirmLimit)
		if v.p.Portal.URL != "" { // the mail leads him to the page for it
			return v.asks(otherWay)
		}
		if err := v.tellStaff(tk, "new_words"); err != nil { // somebody has to ask him another way
			return err
		}
		return v.send(otherWay)
	case may(wishConfirm, level) != yes:
		return elsewhere("a yes counts only as the answer to the estimate itself, from the address it went to, with proof of who wrote")
	}
	tk.Estimate.ConfirmedAt, tk.Estimate.ConfirmedBy, tk.Estimate.ConfirmedIn = v.at, v.who.address, v.kept.ID
	v.because("confirmed estimate %d: %s", tk.Estimate.Version, tk.Estimate)
	return v.confirm(tk)
}

// asks sends a question. Where the one of the day was asked, be it because of a forged mail, a person reads what would have been answered: else
// who believes that he has said yes would hear nothing (G3).
func (v *visit) asks(l letter) error {
	asked, err := v.askedToday(l)
	if err == nil && asked {
		err = v.tellStaff(l.ticket, "new_words")
	}
	if err != nil {
		return err
	}
	return v.send(l)
}

// saysClose closes at the customer's word, which declines an offer that was not agreed yet.
func (v *visit) saysClose(tk *Ticket, joined grant, declines bool) error {
	if joined != yes || may(wishReopen, v.who.level) != yes {
		v.because("closing needs more proof of who wrote: %s", v.who.why)
		out := letter{template: "ask_close", ticket: tk, to: tk.Requester, automatic: true, daily: true, data: v.customerData(tk)}
		if err := v.send(out); err != nil {
			return err
		}
		return v.tellStaff(tk, "new_words")
	}
	v.decided = v.level(tk.Number, message.PurposeReply, message.PurposeEstimate) >= message.LevelA2
	if declines {
		v.because("declined")
		return v.decline(tk)
	}
	c := v.who.contact
	if err := v.closeTicket(tk, closedBy(c, tk), ""); err != nil || c == nil || c.ID == tk.Requester.ID || !owns(c, tk) {
		return err
	}
	l := v.toPayer(letter{template: "closed", ticket: tk, automatic: true, data: v.customerData(tk)}, c)
	l.data.ClosedBy = "customer"
	return v.send(l)
}

// closedBy is who closed a ticket, as its requester reads it: "as you asked" only where he did.
func closedBy(c *Contact, tk *Ticket) string {
	if c != nil && c.ID != tk.Requester.ID {
		return ""
	}
	return "customer"
}

// decline closes a ticket whose offer the customer does not want; what was held before goes back.
func (t *turn) decline(tk *Ticket) error {
	if err := t.release(tk); err != nil {
		return err
	}
	t.setStatus(tk, Closed)
	return t.sendCosts(letter{template: "declined", ticket: tk, to: tk.Requester, automatic: true, data: t.customerData(tk)})
}

// unclear answers words that are neither a clear yes nor a clear no with the way to confirm, and hands them to a person.
func (v *visit) unclear(tk *Ticket) error {
	if err := v.tellStaff(tk, "new_words"); err != nil {
		return err
	}
	if c := v.from.contact; may(wishAcknowledge, v.who.level) != yes || c == nil || c.ID != tk.Requester.ID && !v.wasOffered(tk) {
		return nil
	}
	out, err := v.toWriter(v.estimateLetter(tk, "not_understood"))
	if err != nil {
		return err
	}
	out.daily = true
	out.data.Words = public(clip(v.m.Visible, maxQuoted))
	return v.send(out)
}

// billed tells whether time on the ticket costs the customer.
func (tk *Ticket) billed() bool { return tk.Billing == policy.ByCredits || tk.Billing == policy.ByHour }
