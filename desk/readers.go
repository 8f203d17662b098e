package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// Who reads along on a ticket, at its pages. Whoever asked, and the account's owners, let in and take out whom they want; whom staff have
// taken out, or ask aside, is no matter of theirs, and they do not see him here.

// A Reader is somebody who takes part beside the requester, or was taken out.
type Reader struct {
	Address string
	Name    string
	Role    Role
	By      string // who gave him the role, as whoever looks may know it: an address, or the name of one of us; "" for neither
	Since   templates.Moment
}

// Removable tells whether there is something to take out, Admissible whether somebody can be let in.
func (r Reader) Removable() bool  { return r.Role != Removed }
func (r Reader) Admissible() bool { return r.Role == Proposed || r.Role == Removed }

// Shown is how a page names him.
func (r Reader) Shown() string { return contactLine(r.Name, r.Address) }

// decides tells whether a contact lets somebody in and takes him out: he asked, or pays. Whom staff ask aside or have taken out is no matter
// of his, nor is who pays of somebody who does not.
func decides(c *Contact, tk *Ticket, p *Participant) bool {
	switch {
	case !reads(c, tk) || !since(c, tk).IsZero(), p.Role == Aside, p.Role == Removed && !strings.Contains(p.By, "@"):
		return false
	case p.Role == Removed && p.By != tk.Requester.Address && !owns(c, tk): // whoever pays does not want him
		return false
	}
	return owns(c, tk) || !owns(&p.Contact, tk)
}

// readersFor are those whom a customer may let in or take out.
func (t *turn) readersFor(who *Contact, tk *Ticket) (all []Reader) {
	for i := range tk.Participants {
		if p := &tk.Participants[i]; decides(who, tk, p) {
			all = append(all, Reader{Address: p.Contact.Address, Name: p.Contact.Name, Role: p.Role, Since: *t.moment(tk, p.Since)})
		}
	}
	return all
}

// LetInAs lets somebody who is in copy of a ticket, or whom its customer has taken out, get our answers from now on, at the word of whoever
// is signed in (A3). What he may not decide is not found.
func (d *Desk) LetInAs(ctx context.Context, who *Contact, ticket int64, address string) error {
	return d.readAlong(ctx, who, ticket, address, "let in", func(t *turn, tk *Ticket, p *Participant) error {
		if p.Role == Member {
			return nil
		}
		return t.letIn(tk, p.Contact.Address, who.Address)
	})
}

// TakeOutAs takes somebody out of a ticket at the word of whoever is signed in.
func (d *Desk) TakeOutAs(ctx context.Context, who *Contact, ticket int64, address string) error {
	return d.readAlong(ctx, who, ticket, address, "taken out", func(t *turn, tk *Ticket, p *Participant) error {
		if p.Role == Removed {
			return nil
		}
		return t.exclude(tk, p.Contact.Address, who.Address)
	})
}

func (d *Desk) readAlong(ctx context.Context, who *Contact, ticket int64, address, what string, do func(*turn, *Ticket, *Participant) error) error {
	return d.update(ctx, func(t *turn) error {
		tk, err := t.readable(who, ticket)
		if err == nil {
			tk, err = t.standing(ticket)
		}
		if err != nil {
			return err
		}
		p := tk.participantAt(address)
		if may(wishAdd, message.LevelA3) != yes || p == nil || !decides(who, tk, p) {
			return fmt.Errorf("%s on ticket %d, for %s: %w", address, ticket, who.Address, ErrNotFound)
		}
		before := p.Role
		if err := do(t, tk, p); err != nil || before == p.Role {
			return err
		}
		t.received = append(t.received, t.event(EventActed, tk.Number, Acted{
			Ticket: tk.Number, By: who.Address, What: what, Value: address, Level: message.LevelA3.String(),
		}))
		return nil
	})
}

// readersOf are all who take part or were taken out, as staff see them.
func (t *turn) readersOf(who *policy.Staff, tk *Ticket) (all []Reader) {
	for _, p := range tk.Participants {
		r := Reader{Address: p.Contact.Address, Name: p.Contact.Name, Role: p.Role, By: p.By, Since: *t.inHis(who, tk, p.Since)}
		if s := t.p.StaffByID(p.By); s != nil {
			r.By = s.Name
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b Reader) int { // who is out is of the least interest
		return boolOrder(a.Role == Removed, b.Role == Removed)
	})
	return all
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
