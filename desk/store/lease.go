package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postdesk/postdesk/desk"
)

const selectMeta = `SELECT value FROM meta WHERE name = :name`

// Meta implements desk.Tx.
func (x *tx) Meta(ctx context.Context, name string) (string, error) {
	var value string
	if err := x.get(ctx, &value, selectMeta, args{"name": name}); err != nil {
		return "", fmt.Errorf("meta %s: %w", name, err)
	}
	return value, nil
}

const insertMeta = `INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING`

// SetMeta implements desk.Tx.
func (x *tx) SetMeta(ctx context.Context, name, value string) (string, error) {
	if _, err := x.exec(ctx, insertMeta, args{"name": name, "value": value}); err != nil {
		return "", fmt.Errorf("set meta %s: %w", name, err)
	}
	return x.Meta(ctx, name)
}

const (
	replaceMeta = `INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value`
	deleteMeta  = `DELETE FROM meta WHERE name = :name`
)

// PutMeta implements desk.Tx.
func (x *tx) PutMeta(ctx context.Context, name, value string) error {
	statement := replaceMeta
	if value == "" {
		statement = deleteMeta
	}
	if _, err := x.exec(ctx, statement, args{"name": name, "value": value}); err != nil {
		return fmt.Errorf("put meta %s: %w", name, err)
	}
	return nil
}

// Whoever's statement comes first has the name; the other one finds a lease that has not ended, and gets no row.
const takeLease = `
	INSERT INTO lease (name, node, expires) VALUES (:name, :node, :until)
	ON CONFLICT (name) DO UPDATE SET node = excluded.node, expires = excluded.expires
		WHERE lease.node = excluded.node OR lease.expires <= :now
	RETURNING node`

// Lease implements desk.Tx.
func (x *tx) Lease(ctx context.Context, name, node string, until time.Time) (bool, error) {
	now, err := x.Now(ctx)
	if err != nil {
		return false, err
	}
	var holder string
	err = x.put(ctx, &holder, takeLease, args{"name": name, "node": node, "until": until, "now": now})
	switch {
	case errors.Is(err, desk.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("lease %s: %w", name, err)
	}
	return true, nil
}

const deleteLease = `DELETE FROM lease WHERE name = :name AND node = :node`

// Release implements desk.Tx.
func (x *tx) Release(ctx context.Context, name, node string) error {
	if _, err := x.exec(ctx, deleteLease, args{"name": name, "node": node}); err != nil {
		return fmt.Errorf("release %s: %w", name, err)
	}
	return nil
}
