package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/postdesk/postdesk/desk"
)

// The commands of this file do what a command line of a staff mail does, for whoever sits at a terminal.

type ticketMergeCmd struct {
	decider
	Number int64 `arg:"" help:"The ticket that becomes a part of the other."`
	Into   int64 `arg:"" help:"The other one, of the same customer."`
}

// Help is printed below the usage.
func (ticketMergeCmd) Help() string {
	return `Its messages are the other's then, and whatever leads to it leads there, for ever. What was charged on it stays; what it held goes back.

For example:

    postdesk ticket merge 13 12 --by dana`
}

// Run merges a ticket into another.
func (c ticketMergeCmd) Run(ctx context.Context) error {
	return c.order(ctx, c.Number, fmt.Sprintf("/merge %d", c.Into))
}

type ticketSplitCmd struct {
	decider
	Number  int64 `arg:"" help:"The ticket that the message is on."`
	Message int64 `arg:"" help:"The message's number, as in postdesk ticket show."`
}

// Help is printed below the usage.
func (ticketSplitCmd) Help() string {
	return `The message becomes a ticket of its own, with its own class, price and deadlines, which count from when it arrived. Answers to it follow.

For example:

    postdesk ticket split 12 57 --by dana`
}

// Run makes a ticket of one message.
func (c ticketSplitCmd) Run(ctx context.Context) error {
	return c.order(ctx, c.Number, fmt.Sprintf("/split %d", c.Message))
}

type ticketLinkCmd struct {
	decider
	Number int64 `arg:"" help:"One ticket."`
	Other  int64 `arg:"" help:"The other."`
}

// Help is printed below the usage.
func (ticketLinkCmd) Help() string {
	return `Staff then see each beside the other. No customer learns of it.

For example:

    postdesk ticket link 12 40 --by dana`
}

// Run links two tickets.
func (c ticketLinkCmd) Run(ctx context.Context) error {
	return c.order(ctx, c.Number, fmt.Sprintf("/link %d", c.Other))
}

type ticketSetCmd struct {
	decider
	Number   int64  `arg:"" help:"The ticket's number."`
	Queue    string `placeholder:"NAME" help:"Hand it to this queue."`
	Class    string `placeholder:"NAME" help:"Give it this class, with its queue, deadlines and price."`
	Priority string `placeholder:"NAME" help:"low, normal, high or urgent."`
	Assign   string `placeholder:"NAME" help:"Give it to this engineer."`
	Invite   string `placeholder:"ADDRESS" help:"Let this address get our answers from now on."`
	Remove   string `placeholder:"ADDRESS" help:"Take this address out: it gets, reads and joins nothing any more."`
	Remind   string `placeholder:"TIME" help:"Remind whoever --by names of it, after 3h, 2d or 1w."`
	Spam     bool   `help:"Close it without a word to its sender."`
}

// Help is printed below the usage.
func (ticketSetCmd) Help() string {
	return `All of it is done, or nothing.

For example:

    postdesk ticket set 12 --queue technical --priority high --by dana
    postdesk ticket set 12 --class installation --by eve
    postdesk ticket set 12 --remove lee@print.example --by dana
    postdesk ticket set 13 --spam --by dana`
}

// Run changes a ticket.
func (c ticketSetCmd) Run(ctx context.Context) error {
	lines := c.lines()
	if len(lines) == 0 {
		return errors.New("say what to set: --queue, --class, --priority, --assign, --invite, --remove, --remind or --spam")
	}
	return c.order(ctx, c.Number, lines...)
}

// lines are the command lines that do what the options say.
func (c ticketSetCmd) lines() (lines []string) {
	for _, l := range []struct{ verb, arg string }{
		{"queue", c.Queue}, {"class", c.Class}, {"priority", c.Priority}, {"assign", c.Assign}, {"invite", c.Invite}, {"remove", c.Remove}, {"remind", c.Remind},
	} {
		if l.arg != "" {
			lines = append(lines, "/"+l.verb+" "+strings.Join(strings.Fields(l.arg), " "))
		}
	}
	if c.Spam {
		lines = append(lines, "/spam")
	}
	return lines
}

// order carries out command lines on a ticket, and says how it stands then.
func (c decider) order(ctx context.Context, number int64, lines ...string) error {
	return c.decide(ctx, func(d *desk.Desk, by string) error { return orderTicket(ctx, d, by, number, os.Stdout, lines...) })
}

func orderTicket(ctx context.Context, d *desk.Desk, by string, number int64, out io.Writer, lines ...string) error {
	err := d.Command(ctx, number, by, lines...)
	var wrong *desk.CommandError
	switch {
	case errors.Is(err, desk.ErrNotFound):
		return fmt.Errorf("there is no ticket %d", number)
	case errors.As(err, &wrong):
		return fmt.Errorf("#%d: %s: %s", number, wrong.Text, wrong.Wrong.In("en"))
	case err != nil:
		return err
	}
	t, err := ticketOf(ctx, d.Store, number)
	if err != nil {
		return err
	}
	if t.MergedInto != 0 {
		_, err = fmt.Fprintf(out, "#%d is a part of #%d now\n", number, t.MergedInto)
		return err
	}
	what := fmt.Sprintf("#%d is %s in %s, class %s, priority %s", number, words(t.Status), orDash(t.Queue), orDash(t.Class), orDash(t.Priority))
	if t.Assignee != "" {
		what += ", with " + t.Assignee
	}
	if len(t.Linked) > 0 {
		what += fmt.Sprintf(", linked to %s", strings.Trim(strings.ReplaceAll(fmt.Sprint(t.Linked), " ", ", #"), "[]"))
		what = strings.Replace(what, "linked to ", "linked to #", 1)
	}
	for _, p := range t.Participants {
		if p.Role == desk.Member {
			what += ", " + p.Contact.Address + " reads along"
		}
	}
	_, err = fmt.Fprintln(out, what)
	return err
}
