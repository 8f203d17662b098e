package desk

import (
	"cmp"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/templates"
)

// Who asks may be another than who pays: the offer of what somebody asks who may not spend goes to those of his account too who may, each with an
// address and a page of his own ("Who confirms").

// maxPayers is how many of an account are written to about one ticket.
const maxPayers = 3

// payers are those who are asked about what a ticket costs, because its requester may not agree to it.
func (t *turn) payers(tk *Ticket) (payers []*Contact, err error) {
	if tk.Customer == "" || spends(&tk.Requester, tk) {
		return nil, nil
	}
	all, err := t.tx.Contacts(t.ctx, tk.Customer)
	for _, c := range all {
		if spends(c, tk) && len(payers) < maxPayers {
			payers = append(payers, c)
		}
	}
	return payers, err
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
	for _, p := range payers {
		if err := t.send(t.toPayer(l, p)); err != nil {
			return err
		}
	}
	return nil
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
	if !owns(c, tk) || c.ID == tk.Requester.ID || tk.participant(c.ID) != nil || tk.taking() >= maxParticipants || v.level(tk.Number, message.PurposeEstimate) < message.LevelA2 {
		return nil
	}
	switch understandIn(tk.Language, v.m.Visible, v.who.name) {
	case saysYes, saysNo, saysClose, saysThanks, saysWell:
		return nil
	}
	v.because("%s gets answers from now on: he pays, and asks", v.who.address)
	return v.addParticipant(tk, v.who.address, Member, v.who.address)
}
