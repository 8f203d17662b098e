package store

import (
	"context"
	"fmt"
	"time"

	"github.com/postdesk/postdesk/desk"
)

const (
	insertTimer     = `INSERT INTO timer (name, at) VALUES (:name, :at) ON CONFLICT (name) DO NOTHING`
	selectTimers    = `SELECT name FROM timer WHERE at <= :now ORDER BY at, name`
	selectNextTimer = `SELECT at FROM timer ORDER BY at LIMIT 1`
	deleteTimer     = `DELETE FROM timer WHERE name = :name`
)

// StartTimer implements desk.Tx.
func (x *tx) StartTimer(ctx context.Context, name string, at time.Time) error {
	row := args{"name": name, "at": at}
	var err error
	switch {
	case !x.ahead:
		_, err = x.exec(ctx, insertTimer, row)
	case x.waiting(timerTable, "name", name) == nil:
		err = x.later(ctx, timerTable, row)
	}
	if err != nil {
		return fmt.Errorf("start timer %s: %w", name, err)
	}
	return nil
}

// DueTimers implements desk.Tx.
func (x *tx) DueTimers(ctx context.Context, now time.Time) (names []string, err error) {
	if err := x.list(ctx, &names, selectTimers, args{"now": now}); err != nil {
		return nil, fmt.Errorf("timers: %w", err)
	}
	return names, nil
}

// EndTimer implements desk.Tx. Whoever's DELETE comes first has ended it; the other finds no row.
func (x *tx) EndTimer(ctx context.Context, name string) (bool, error) {
	n, err := x.exec(ctx, deleteTimer, args{"name": name})
	if err != nil {
		return false, fmt.Errorf("end timer %s: %w", name, err)
	}
	return n > 0, nil
}

const (
	insertMuted = `INSERT INTO muted (address, at, why) VALUES (:address, :at, :why) ON CONFLICT (address) DO NOTHING`
	selectMuted = `SELECT why FROM muted WHERE address = :address`
	deleteMuted = `DELETE FROM muted WHERE address = :address`
)

// Mute implements desk.Tx.
func (x *tx) Mute(ctx context.Context, address, why string, at time.Time) error {
	if _, err := x.exec(ctx, insertMuted, args{"address": address, "at": at, "why": why}); err != nil {
		return fmt.Errorf("mute %s: %w", address, err)
	}
	return nil
}

// Muted implements desk.Tx.
func (x *tx) Muted(ctx context.Context, address string) (why string, err error) {
	if known, ok := x.known.muted[address]; ok && known == nil {
		return "", fmt.Errorf("muted %s: %w", address, desk.ErrNotFound)
	} else if ok {
		return *known, nil
	}
	if err := x.get(ctx, &why, selectMuted, args{"address": address}); err != nil {
		return "", fmt.Errorf("muted %s: %w", address, err)
	}
	return why, nil
}

// Unmute implements desk.Tx.
func (x *tx) Unmute(ctx context.Context, address string) (bool, error) {
	n, err := x.exec(ctx, deleteMuted, args{"address": address})
	if err != nil {
		return false, fmt.Errorf("unmute %s: %w", address, err)
	}
	return n > 0, nil
}
