package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/postdesk/postdesk/desk"
)

// Each of these reads an index that holds only what waits.
const (
	countUnsent = `
		SELECT mailbox, COUNT(*) AS waiting, MIN(at) AS oldest FROM outbox
		WHERE state = 'waiting' GROUP BY mailbox ORDER BY mailbox`
	countHeld    = `SELECT COUNT(*) FROM message WHERE outcome = 'held'`
	countOverdue = `SELECT COUNT(*) FROM ticket WHERE wake_at <= :now`
)

// Vitals implements desk.Tx.
func (x *tx) Vitals(ctx context.Context) (desk.Vitals, error) {
	v, err := x.vitals(ctx)
	if err != nil {
		return desk.Vitals{}, fmt.Errorf("vitals: %w", err)
	}
	return v, nil
}

func (x *tx) vitals(ctx context.Context) (v desk.Vitals, err error) {
	now, err := x.Now(ctx)
	if err != nil {
		return v, err
	}
	var rows []struct {
		Mailbox string  `db:"mailbox"`
		Waiting int     `db:"waiting"`
		Oldest  instant `db:"oldest"`
	}
	if err := x.list(ctx, &rows, countUnsent, nil); err != nil {
		return v, err
	}
	for _, r := range rows {
		v.Outbox = append(v.Outbox, desk.Unsent{Mailbox: r.Mailbox, Waiting: r.Waiting, Oldest: r.Oldest.time()})
	}
	if err := x.get(ctx, &v.Held, countHeld, nil); err != nil {
		return v, err
	}
	if err := x.get(ctx, &v.Overdue, countOverdue, args{"now": now}); err != nil {
		return v, err
	}
	v.Paused, err = x.Meta(ctx, desk.MetaPaused)
	if errors.Is(err, desk.ErrNotFound) {
		err = nil
	}
	return v, err
}
