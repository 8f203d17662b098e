package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
)

// A decider is somebody of us who decides something at the command line: the policy says who he is, and the journal keeps it.
type decider struct {
	database
	Policy string `required:"" env:"POSTDESK_POLICY" type:"path" placeholder:"FILE" help:"The policy that the desk serves by."`
	By     string `required:"" placeholder:"NAME" help:"Who decides: an id, name or address of the policy's staff. The journal keeps it."`
}

// decide runs do with a desk and the id of whoever decides.
func (c decider) decide(ctx context.Context, do func(d *desk.Desk, by string) error) error {
	p, err := readToServe(c.Policy)
	if err != nil {
		return err
	}
	by, err := staffID(p, "--by", c.By)
	if err != nil {
		return err
	}
	return c.withDesk(ctx, p, func(d *desk.Desk) error { return do(d, by) })
}

// staffID is the id of one of the staff whom an option names.
func staffID(p *policy.Policy, option, name string) (string, error) {
	var ids []string
	for _, s := range p.Staff {
		if strings.EqualFold(s.ID, name) || strings.EqualFold(s.Name, name) || strings.EqualFold(s.Address, name) {
			return s.ID, nil
		}
		ids = append(ids, s.ID)
	}
	return "", fmt.Errorf("%s %q is nobody of the policy's staff: use one of %s", option, name, strings.Join(ids, ", "))
}

type heldReleaseCmd struct {
	decider
	ID int64 `arg:"" help:"The message's number, as in postdesk held list."`
}

// Help is printed below the usage.
func (heldReleaseCmd) Help() string {
	return `The mail goes the way that it would have gone: onto the ticket that it named, where its sender takes part, else into a ticket of its own. Its
time counts from when it arrived. It has no more power than it has proven: what a forged mail asks for is read, and not carried out.

For example:

    postdesk held release 31 --by dana`
}

// Run releases a held mail.
func (c heldReleaseCmd) Run(ctx context.Context) error {
	return c.decide(ctx, func(d *desk.Desk, by string) error { return c.release(ctx, d, by, os.Stdout) })
}

func (c heldReleaseCmd) release(ctx context.Context, d *desk.Desk, by string, out io.Writer) error {
	m, err := d.ReleaseHeld(ctx, c.ID, by)
	return tellDecided(out, m, err)
}

type heldJoinCmd struct {
	decider
	ID     int64 `arg:"" help:"The message's number, as in postdesk held list."`
	Ticket int64 `arg:"" help:"The ticket that it becomes a part of."`
}

// Help is printed below the usage.
func (heldJoinCmd) Help() string {
	return `Who wrote it may add words to the ticket from then on, where the mail proves who he is; else, and where a program wrote it, it is a note that
the customer does not see.

For example:

    postdesk held join 31 12 --by dana`
}

// Run joins a held mail to a ticket.
func (c heldJoinCmd) Run(ctx context.Context) error {
	return c.decide(ctx, func(d *desk.Desk, by string) error {
		m, err := d.JoinHeld(ctx, c.ID, c.Ticket, by)
		return tellDecided(os.Stdout, m, err)
	})
}

type heldDiscardCmd struct {
	decider
	ID  int64  `arg:"" help:"The message's number, as in postdesk held list."`
	Why string `placeholder:"TEXT" help:"Why, for the journal."`
}

// Help is printed below the usage.
func (heldDiscardCmd) Help() string {
	return `The mail is kept, with its raw source, on no ticket; nothing follows from it.

For example:

    postdesk held discard 31 --by dana --why advertising`
}

// Run discards a held mail.
func (c heldDiscardCmd) Run(ctx context.Context) error {
	return c.decide(ctx, func(d *desk.Desk, by string) error {
		m, err := d.DiscardHeld(ctx, c.ID, by, c.Why)
		return tellDecided(os.Stdout, m, err)
	})
}

// tellDecided says where a mail is that somebody has decided over.
func tellDecided(out io.Writer, m *desk.Message, err error) error {
	switch {
	case errors.Is(err, desk.ErrNotFound):
		return errors.New("there is no such ticket")
	case err != nil:
		return err
	case m.Ticket == 0:
		_, err = fmt.Fprintf(out, "message %d is discarded\n", m.ID)
	case m.Internal:
		_, err = fmt.Fprintf(out, "message %d is a note on #%d\n", m.ID, m.Ticket)
	default:
		_, err = fmt.Fprintf(out, "message %d is on #%d\n", m.ID, m.Ticket)
	}
	return err
}
