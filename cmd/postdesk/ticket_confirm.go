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

type ticketConfirmCmd struct {
	database
	Policy string `required:"" env:"POSTDESK_POLICY" type:"path" placeholder:"FILE" help:"The policy that the desk serves by: what follows is answered by it."`
	Number int64  `arg:"" help:"The ticket's number."`
	By     string `required:"" placeholder:"TEXT" help:"Who agreed, and how: kept with the ticket as the evidence."`
}

// Help is printed below the usage.
func (ticketConfirmCmd) Help() string {
	return `For an estimate above what a mail may confirm, or a customer whose mail proves nothing: somebody asked him another way, and he agreed. What he
agreed to is held, he gets a mail that says so, and the ticket goes to its department.

For example:

    postdesk ticket confirm 7 --policy policy.yaml --by "Anna Muster on the phone, to Dana"`
}

// Run takes a customer's yes that did not come by mail.
func (c ticketConfirmCmd) Run(ctx context.Context) error {
	p, err := readToServe(c.Policy)
	if err != nil {
		return err
	}
	return c.withDesk(ctx, p, func(d *desk.Desk) error { return c.confirm(ctx, d, os.Stdout) })
}

func (c ticketConfirmCmd) confirm(ctx context.Context, d *desk.Desk, out io.Writer) error {
	by := strings.Join(strings.Fields(c.By), " ")
	if by == "" {
		return errors.New("--by is empty: it is the evidence that the customer agreed")
	}
	before, err := ticketOf(ctx, d.Store, c.Number)
	if err != nil {
		return err
	}
	if before.Status != desk.AwaitingConfirmation || before.Estimate == nil {
		return fmt.Errorf("ticket %d is %s: nothing waits for a yes", c.Number, strings.ReplaceAll(string(before.Status), "_", " "))
	}
	if err := d.Confirm(ctx, c.Number, before.Estimate.Version, by); err != nil {
		return err
	}
	after, err := ticketOf(ctx, d.Store, c.Number)
	if err != nil {
		return err
	}
	if after.Status == desk.AwaitingCredits {
		_, err = fmt.Fprintf(out, "#%d: at most %s are agreed to, and wait for credits\n", c.Number, credits(after.Estimate.Max))
		return err
	}
	_, err = fmt.Fprintf(out, "#%d: at most %s are agreed to, and held; it is %s in %s\n", c.Number, credits(after.Estimate.Max), after.Status, after.Queue)
	return err
}

func credits(n int64) string { return fmt.Sprintf("%d %s", n, plural(n, "credit")) }

func ticketOf(ctx context.Context, st desk.Store, number int64) (tk *desk.Ticket, err error) {
	err = st.View(ctx, func(tx desk.Tx) error {
		tk, err = tx.Ticket(ctx, number)
		return err
	})
	return tk, err
}
