package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postdesk/postdesk/migrations"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrate brings the schema up to date and gives the names of the files that it applied. Each file is one transaction, so a
// process that ends halfway leaves the schema as it was before that file (T109). Of several nodes that start together on one
// PostgreSQL, one applies and the others wait for it.
func (st *Store) Migrate(ctx context.Context) (applied []string, err error) {
	p, err := st.provider()
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		done, err := p.Up(ctx)
		if partial := (*goose.PartialError)(nil); errors.As(err, &partial) {
			done = partial.Applied
		}
		for _, m := range done {
			applied = append(applied, m.Source.Path)
		}
		// SQLite has no lock to wait for. Of two processes that begin at once, one finds done what it was about to do, and looks anew.
		if err == nil || st.engine != migrations.SQLite || try == sqliteTries || ctx.Err() != nil {
			if err != nil {
				err = fmt.Errorf("migrate %s: %w", st.name, st.explain(ctx, err))
			}
			return applied, err
		}
		time.Sleep(time.Duration(try) * 20 * time.Millisecond)
	}
}

// sqliteTries bounds how often a migration of SQLite is begun anew; each other process can be in the way once for each file.
const sqliteTries = 10

// SchemaVersion gives the number of the newest file applied, and of the newest that this program knows.
func (st *Store) SchemaVersion(ctx context.Context) (current, known int64, err error) {
	p, err := st.provider()
	if err != nil {
		return 0, 0, err
	}
	current, known, err = p.GetVersions(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("schema version of %s: %w", st.name, st.explain(ctx, err))
	}
	return current, known, nil
}

func (st *Store) provider() (*goose.Provider, error) {
	dialect, opts := goose.DialectSQLite3, []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if st.engine == migrations.Postgres {
		dialect = goose.DialectPostgres
		// Asked every second for five minutes: long enough for another node's longest migration.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return nil, err
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, st.writer.DB, migrations.For(st.engine), opts...)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}
