package desk

import (
	"context"
	"fmt"
)

// Confirm takes a requester's yes that came by the second channel: the button behind a one-use link, or a signed-in page (A3). It is the
// way for what a mail may not confirm. A yes that was given before is no error and holds nothing again.
func (d *Desk) Confirm(ctx context.Context, ticket, version int64, by string) error {
	return d.update(ctx, func(t *turn) error {
		tk, err := t.ticket(ticket)
		switch {
		case err != nil:
			return err
		case tk.Estimate == nil || tk.Estimate.Version != version:
			return fmt.Errorf("confirm estimate %d of ticket %d: %w", version, ticket, ErrNotFound)
		case tk.Status != AwaitingConfirmation:
			return nil
		}
		tk.Estimate.ConfirmedAt, tk.Estimate.ConfirmedBy = t.at, by
		return t.confirm(tk)
	})
}
