package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// What an engineer needs to get onto a customer's server does not belong into a mail. The customer hands it over at a page; it is sealed, read
// by the engineer alone to whom the ticket is assigned, each time with a line in the journal, and erased when the ticket closes (A8).

// accessKind is that of such secrets; their owner is the ticket.
const accessKind = "access"

// maxAccess is how many of them a ticket may hold, and maxAccessSize how large one may be, in bytes.
const (
	maxAccess     = 20
	maxAccessSize = 16 << 10
)

// ErrNoPlace is a ticket that holds as much as it may.
var ErrNoPlace = errors.New("no more is taken")

func accessOwner(ticket int64) string { return fmt.Sprintf("ticket %d", ticket) }

// An Access is one that was handed over, as a list shows it.
type Access struct {
	What string // its name
	At   templates.Moment
}

// TakesAccess tells whether the desk has a key to seal with: without one nothing is taken.
func (d *Desk) TakesAccess() bool { return len(d.Policy().Secrets.Keys) > 0 }

// HandOver keeps what a customer typed for his engineer; the post is the message by which the thread tells of it, without a word of the secret.
// The same form a second time is the same message, and what it says then stands. ErrNoPlace says that there is no place for one more.
func (d *Desk) HandOver(ctx context.Context, p Post, secret string) (s Submitted, err error) {
	err = d.update(ctx, func(t *turn) error {
		tk, err := t.readable(p.Visitor.Contact, p.Ticket)
		if err != nil {
			return err
		}
		if tk.Status == Closed || !t.d.TakesAccess() || len(secret) > maxAccessSize {
			return fmt.Errorf("access for ticket %d: %w", p.Ticket, ErrNotFound)
		}
		have, err := t.tx.SecretsOf(ctx, accessKind, accessOwner(tk.Number))
		if err != nil {
			return err
		}
		again := slices.ContainsFunc(have, func(s Secret) bool { return s.What == string(p.Message.ID) })
		if len(have) >= maxAccess && !again {
			return fmt.Errorf("access for ticket %d: there are %d already: %w", p.Ticket, len(have), ErrNoPlace)
		}
		if s, err = t.submit(&p); err != nil {
			return err
		}
		name := SecretName{accessKind, accessOwner(s.Ticket), string(p.Message.ID)}
		if err := t.d.keepSecret(ctx, t.tx, name, []byte(secret)); err != nil {
			return err
		}
		t.received = append(t.received, t.event(EventActed, s.Ticket, Acted{
			Ticket: s.Ticket, By: p.Visitor.Contact.Address, What: "handed access over", Level: message.LevelA3.String(),
		}))
		return nil
	})
	return s, err
}

// AccessOf is what was handed over for a ticket, oldest first, without what it says.
func (t *turn) accessOf(tk *Ticket) (all []Access, err error) {
	have, err := t.tx.SecretsOf(t.ctx, accessKind, accessOwner(tk.Number))
	slices.SortFunc(have, func(a, b Secret) int { return a.At.Compare(b.At) })
	for _, s := range have {
		all = append(all, Access{s.What, *t.moment(tk, s.At)})
	}
	return all, err
}

// LookAt opens what was handed over, for the engineer to whom the ticket is assigned and for nobody else, and writes down that he did.
func (d *Desk) LookAt(ctx context.Context, who *policy.Staff, ticket int64, what string) (secret string, err error) {
	err = d.update(ctx, func(t *turn) error {
		tk, err := t.ticket(ticket)
		if err != nil {
			return err
		}
		if !mayLook(who, tk) {
			return fmt.Errorf("access for ticket %d: %w", ticket, ErrNotFound)
		}
		plain, err := t.d.readSecret(ctx, t.tx, SecretName{accessKind, accessOwner(ticket), what})
		if err != nil {
			return err
		}
		secret = string(plain)
		t.received = append(t.received, t.event(EventActed, ticket, Acted{
			Ticket: ticket, By: who.ID, What: "looked at access", Level: message.LevelA3.String(),
		}))
		return nil
	})
	return secret, err
}

// mayLook tells whether somebody of us may see what was handed over: the assigned engineer, while he has the right to the queue (T004).
func mayLook(who *policy.Staff, tk *Ticket) bool {
	return tk.Assignee == who.ID && works(who, tk) && tk.Status != Closed
}

// forgetAccess erases what was handed over for a ticket.
func (t *turn) forgetAccess(tk *Ticket) error {
	have, err := t.tx.SecretsOf(t.ctx, accessKind, accessOwner(tk.Number))
	if err != nil {
		return err
	}
	for _, s := range have {
		if err := t.tx.DeleteSecret(t.ctx, s.SecretName); err != nil {
			return fmt.Errorf("erase access for ticket %d: %w", tk.Number, err)
		}
	}
	if len(have) > 0 {
		t.fired = append(t.fired, t.event(EventActed, tk.Number, Acted{Ticket: tk.Number, By: "desk", What: "erased access"}))
	}
	return nil
}

// KeptForStaff is a message that one of us may read whole, or take files of.
func (d *Desk) KeptForStaff(ctx context.Context, who *policy.Staff, ticket, id int64) (k Kept, err error) {
	err = d.view(ctx, func(t *turn) error {
		tk, err := t.ticket(ticket)
		if err != nil {
			return err
		}
		m, err := t.tx.Message(ctx, id)
		if err != nil {
			return err
		}
		if !maySee(who, tk) || m.Ticket != tk.Number {
			return fmt.Errorf("message %d of ticket %d: %w", id, ticket, ErrNotFound)
		}
		k = Kept{
			Message: m.ID, Source: m.Source, Subject: string(public(m.Subject)), From: m.From, At: *t.inHis(who, tk, m.At),
			Text: string(internal(clip(m.Text, maxWords))), Files: filesOf(m),
		}
		return nil
	})
	return k, err
}
