package desk

import (
	"cmp"
	"errors"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/templates"
)

// Who asks may be another than who pays: the offer of what somebody asks who may not spend goes to those of his account too who may, each with an
// address and a page of his own ("Who confirms").

// maxPayers is how many of an account are written to about one ticket.
const maxPayers = 3

// payers are those who are asked about what a ticket costs, because its requester may not agree to it, and who can be written to.
func (t *turn) payers(tk *Ticket) (payers []*Contact, err error) {
	if tk.Customer == "" || spends(&tk.Requester, tk) {
		return nil, nil
	}
	all, err := t.tx.Contacts(t.ctx, tk.Customer)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if !spends(c, tk) || neverRead(c.Address) || t.p.MailboxOf(c.Address) != nil || t.p.StaffByAddress(c.Address) != nil {
			continue
		}
		if _, err := t.tx.Muted(t.ctx, c.Address); err == nil {
			continue
		} else if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if payers = append(payers, c); len(payers) == maxPayers {
			break
		}
	}
	return payers, nil
}

// wasOffered tells whether a mail answers, with proof, an offer that was made to its writer because he pays: his yes counts whoever put him in
// copy, or took him out.
func (v *visit) wasOffered(tk *Ticket) bool {
	return owns(v.who.contact, tk) && v.level(tk.Number, message.PurposeEstimate) == message.LevelA2
}

// sendCosts sends a mail about what a ticket costs to its requester, and to those who pay where he may not agree.
func (t *turn) sendCosts(l letter) error {
	payers, err := t.payers(l.ticket)
	if err != nil {
		return err
	}
	nameThem(l.data, payers)
	if err := t.send(l); err != nil {
		return err
	}
	return t.sendPayers(l, payers)
}

func (t *turn) sendPayers(l letter, payers []*Contact) error {
	for _, p := range payers {
		theirs := t.toPayer(l, p)
		theirs.unasked = true
		if err := t.send(theirs); err != nil {
			return err
		}
	}
	return nil
}

// offerPayers makes an offer that stands to those who pay, where the requester has got his.
func (t *turn) offerPayers(tk *Ticket) error {
	payers, err := t.payers(tk)
	if err != nil || len(payers) == 0 || tk.Estimate == nil {
		return err
	}
	if tk.hourly() {
		return t.sendPayers(t.estimateLetter(tk, "agreement"), payers)
	}
	balance, err := t.balance(tk.Customer)
	if err != nil {
		return err
	}
	l := t.estimateLetter(tk, "estimate")
	l.data.Balance, l.data.Missing = &balance, max(0, t.toHold(tk)-balance)
	return t.sendPayers(l, payers)
}

func nameThem(d *templates.Customer, payers []*Contact) {
	for _, p := range payers {
		d.Payers = append(d.Payers, cmp.Or(p.Name, p.Address))
	}
}

// toPayer is a letter to a ticket's requester as somebody reads it who pays for him.
func (t *turn) toPayer(l letter, p *Contact) letter {
	shown := *l.ticket
	shown.Requester = *p
	shown.Language = templates.Pick(p.Language, l.ticket.Language)
	d := t.customerData(&shown)
	d.AskedBy = contactLine(l.ticket.Requester.Name, l.ticket.Requester.Address)
	d.Balance, d.Missing, d.Notice, d.Words = l.data.Balance, l.data.Missing, l.data.Notice, l.data.Words
	if l.data.HowToBuy == "" {
		d.HowToBuy = ""
	}
	l.to, l.data, l.language = *p, d, shown.Language
	return l
}

// tellStaff is that of the turn: words of somebody who pays are shown as his, and not as the requester's.
func (v *visit) tellStaff(tk *Ticket, template string) error {
	c := v.who.contact
	if template != "new_words" || c == nil || c.ID == tk.Requester.ID || v.who.staff != nil {
		return v.turn.tellStaff(tk, template)
	}
	return v.tellStaffWith(tk, template, func(d *templates.Staff) {
		d.From, d.Level, d.LevelWhy = contactLine(v.who.name, v.who.address), v.who.level.String(), v.who.why
	})
}

// toWriter is a letter to the requester that answers what somebody has just said, who may be one that pays.
func (v *visit) toWriter(l letter) (letter, error) {
	if c := v.who.contact; c != nil && c.ID != l.ticket.Requester.ID && owns(c, l.ticket) {
		return v.toPayer(l, c), nil
	}
	payers, err := v.payers(l.ticket)
	nameThem(l.data, payers)
	return l, err
}

// paysAndAsks lets somebody in who answered an offer that was made to him, as he pays, with more than a yes or a no: he gets our answers.
func (v *visit) paysAndAsks(tk *Ticket) error {
	c := v.who.contact
	if !owns(c, tk) || c.ID == tk.Requester.ID || tk.participant(c.ID) != nil || tk.taking() >= maxParticipants || v.level(tk.Number, message.PurposeEstimate, message.PurposeReply) < message.LevelA2 {
		return nil
	}
	switch v.understands(tk) {
	case saysYes, saysNo, saysClose, saysThanks, saysWell:
		return nil
	}
	v.because("%s gets answers from now on: he pays, and asks", v.who.address)
	return v.addParticipant(tk, v.who.address, Member, v.who.address)
}

// understands reads the words in the language in which their writer was written to.
func (v *visit) understands(tk *Ticket) saying {
	language := tk.Language
	if c := v.who.contact; c != nil && c.ID != tk.Requester.ID && owns(c, tk) {
		language = templates.Pick(c.Language, language)
	}
	return understandIn(language, v.m.Visible, v.who.name)
}
