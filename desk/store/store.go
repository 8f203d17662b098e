// Package store keeps the desk in a database: it is the one place with SQL. It hides which of two engines that is. SQLite serves
// one node from one file, PostgreSQL several nodes; both get the same SQL text, and what truly differs (opening, settings, errors)
// is in sqlite.go and postgres.go.
package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/postdesk/postdesk/migrations"
)

// Memory is the DSN of a database in memory, which ends with its Store.
const Memory = "sqlite::memory:"

// A Store is an open database. It may be used by many goroutines.
type Store struct {
	// Now is the process's clock, time.Now unless set before the first use: what a transaction's Now gives on SQLite.
	// PostgreSQL's own clock stands there instead, since several nodes share it.
	Now func() time.Time

	engine migrations.Engine
	name   string   // which database this is, for messages to people; never with a password
	writer *sqlx.DB // one connection on SQLite
	reader *sqlx.DB // the writer's handle on PostgreSQL and in memory
	pack   *packer
	trips  atomic.Int64

	failing sync.Once
	failed  chan struct{} // closed when the disk has failed
	failure error         // why, once it is closed
}

// Open opens the database that dsn names: sqlite:FILE, postgres://..., or Memory. It refuses one whose settings are too weak to
// keep a committed mail, saying which (T105). The schema is Migrate's business.
func Open(ctx context.Context, dsn string) (*Store, error) {
	pack, err := newPacker()
	if err != nil {
		return nil, err
	}
	st := &Store{Now: time.Now, pack: pack, failed: make(chan struct{})}
	switch {
	case dsn == Memory:
		err = st.openMemory()
	case strings.HasPrefix(dsn, "sqlite:"):
		err = st.openSQLite(ctx, dsn)
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		err = st.openPostgres(ctx, dsn)
	default:
		err = errors.New("want sqlite:FILE or postgres://USER@HOST/DATABASE")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), st.Close())
	}
	return st, nil
}

// String names the database without its password.
func (st *Store) String() string { return st.name }

// Engine tells on which of the two engines this database is.
func (st *Store) Engine() migrations.Engine { return st.engine }

// Trips tells how often the database was asked for something since it was opened: statements, and the begin and end of transactions. On
// PostgreSQL each is a way to the server and back.
func (st *Store) Trips() int64 { return st.trips.Load() }

// Failure waits until the database's disk fails, and says how, or until ctx ends. What was written last may be there or not, and only what
// the disk holds tells: nothing is written any more, and the process must end and begin again (T104).
func (st *Store) Failure(ctx context.Context) error {
	select {
	case <-st.failed:
		return st.failure
	case <-ctx.Done():
		return st.sound() // both may be so at once, and then chance would choose
	}
}

// fails notes the first failure of the disk.
func (st *Store) fails(err error) {
	st.failing.Do(func() {
		st.failure = err
		close(st.failed)
	})
}

// sound is an error once the disk has failed.
func (st *Store) sound() error {
	select {
	case <-st.failed:
		return st.failure
	default:
		return nil
	}
}

// Close closes every connection. Transactions that still run are rolled back.
func (st *Store) Close() error {
	st.pack.close()
	var errs []error
	if st.reader != nil && st.reader != st.writer {
		errs = append(errs, st.reader.Close())
	}
	if st.writer != nil {
		errs = append(errs, st.writer.Close()) // last, as it is the one that may fold the WAL into the file
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close %s: %w", st.name, err)
	}
	return nil
}
