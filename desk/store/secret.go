package store

import (
	"context"
	"fmt"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/migrations"
)

// A secretRow is a secret as its table has it.
type secretRow struct {
	Kind     string  `db:"kind"`
	Owner    string  `db:"owner"`
	What     string  `db:"what"`
	Sealed   []byte  `db:"sealed"`
	SealedBy string  `db:"sealed_by"`
	At       instant `db:"at"`
}

func (r secretRow) secret() desk.Secret {
	return desk.Secret{SecretName: desk.SecretName{Kind: r.Kind, Owner: r.Owner, What: r.What}, Sealed: r.Sealed, SealedBy: r.SealedBy, At: r.At.time()}
}

const (
	secretColumns  = `kind, owner, what, sealed, sealed_by, at`
	selectSecret   = `SELECT ` + secretColumns + ` FROM secret WHERE kind = :kind AND owner = :owner AND what = :what`
	selectSecrets  = `SELECT ` + secretColumns + ` FROM secret WHERE kind = :kind AND owner = :owner ORDER BY what`
	selectSecretsA = `
		SELECT ` + secretColumns + ` FROM secret WHERE (kind, owner, what) > (:kind, :owner, :what) ORDER BY kind, owner, what LIMIT CAST(:limit AS bigint)`
)

// Secret implements desk.Tx.
func (x *tx) Secret(ctx context.Context, n desk.SecretName) (desk.Secret, error) {
	var row secretRow
	if err := x.get(ctx, &row, selectSecret, secretArgs(n)); err != nil {
		return desk.Secret{}, fmt.Errorf("secret %s: %w", n, err)
	}
	return row.secret(), nil
}

// SecretsOf implements desk.Tx.
func (x *tx) SecretsOf(ctx context.Context, kind, owner string) ([]desk.Secret, error) {
	return x.secrets(ctx, selectSecrets, args{"kind": kind, "owner": owner})
}

// Secrets implements desk.Tx.
func (x *tx) Secrets(ctx context.Context, after desk.SecretName, limit int) ([]desk.Secret, error) {
	a := secretArgs(after)
	a["limit"] = limit
	return x.secrets(ctx, selectSecretsA, a)
}

func (x *tx) secrets(ctx context.Context, query string, a args) ([]desk.Secret, error) {
	var rows []secretRow
	if err := x.list(ctx, &rows, query, a); err != nil {
		return nil, fmt.Errorf("secrets: %w", err)
	}
	var all []desk.Secret
	for _, r := range rows {
		all = append(all, r.secret())
	}
	return all, nil
}

func secretArgs(n desk.SecretName) args {
	return args{"kind": n.Kind, "owner": n.Owner, "what": n.What}
}

const saveSecret = `
	INSERT INTO secret (kind, owner, what, sealed, sealed_by, at) VALUES (:kind, :owner, :what, :sealed, :sealed_by, :at)
	ON CONFLICT (kind, owner, what) DO UPDATE SET sealed = excluded.sealed, sealed_by = excluded.sealed_by, at = excluded.at`

// SaveSecret implements desk.Tx.
func (x *tx) SaveSecret(ctx context.Context, s desk.Secret) error {
	a := secretArgs(s.SecretName)
	a["sealed"], a["sealed_by"], a["at"] = s.Sealed, s.SealedBy, s.At
	if _, err := x.exec(ctx, saveSecret, a); err != nil {
		return fmt.Errorf("save secret %s: %w", s.SecretName, err)
	}
	return nil
}

const (
	replaceSecret = `UPDATE secret SET sealed = :sealed, sealed_by = :sealed_by WHERE kind = :kind AND owner = :owner AND what = :what AND sealed = :old`
	deleteSecret  = `DELETE FROM secret WHERE kind = :kind AND owner = :owner AND what = :what`
)

// ReplaceSecret implements desk.Tx.
func (x *tx) ReplaceSecret(ctx context.Context, s desk.Secret, old []byte) (bool, error) {
	a := secretArgs(s.SecretName)
	a["sealed"], a["sealed_by"], a["old"] = s.Sealed, s.SealedBy, old
	rows, err := x.exec(ctx, replaceSecret, a)
	if err != nil {
		return false, fmt.Errorf("wrap secret %s anew: %w", s.SecretName, err)
	}
	return rows == 1, nil
}

// DeleteSecret implements desk.Tx.
func (x *tx) DeleteSecret(ctx context.Context, n desk.SecretName) error {
	if _, err := x.exec(ctx, deleteSecret, secretArgs(n)); err != nil {
		return fmt.Errorf("delete secret %s: %w", n, err)
	}
	return nil
}

// ScrubSecrets takes away what the engine still keeps of secrets that were written over or deleted: SQLite in its WAL, PostgreSQL in rows
// that no transaction sees any more. Copies that were made of files before are beyond it.
func (st *Store) ScrubSecrets(ctx context.Context) error {
	// Who still reads an older state is waited for, since it may see the old row.
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	query := "PRAGMA wal_checkpoint(TRUNCATE)"
	if st.engine == migrations.Postgres {
		query = "VACUUM (FULL) secret"
	}
	if _, err := st.writer.ExecContext(ctx, query); err != nil {
		return fmt.Errorf("scrub secrets of %s: %w", st.name, st.explain(ctx, err))
	}
	return nil
}
