package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/postdesk/postdesk/migrations"
	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// sqlitePragmas are set on every connection. WAL lets readers read while a mail is written; FULL, since the mail is flagged on
// its server right after the commit, which therefore has to last through a loss of power. Without recursive triggers INSERT OR
// REPLACE would delete from append-only tables and no trigger would see it. What is deleted is written over: it may have been a secret.
// 16 MiB of cache, where SQLite would take 2, keep the upper pages of the indexes of a large desk, which every mail looks through.
var sqlitePragmas = []string{
	"journal_mode(WAL)", "busy_timeout(5000)", "synchronous(FULL)", "foreign_keys(1)", "recursive_triggers(1)", "secure_delete(1)", "cache_size(-16384)",
}

// sqliteMap lets the writer's connection read the file where the system has it in memory, instead of having each page copied into a cache of its
// own, which in a large desk holds none of the pages that a look-up by a Message-ID ends at. 2 GiB of the file are all that SQLite maps. A
// page that cannot be read is then a pageFault. Readers have time, and are many: theirs are copied.
const sqliteMap = "mmap_size(2147418112)"

// A pageFault is what the runtime says of a page of a mapped file that the disk does not give, where SetPanicOnFault lets it: an error like any
// other of the disk (T104). Otherwise the process would end where it stands, without a word of why.
type pageFault interface {
	error
	Addr() uintptr
}

// caught is deferred where a pageFault becomes an error.
func caught(err *error) {
	p := recover()
	if fault, ok := p.(pageFault); ok {
		*err = fmt.Errorf("read the file through memory: %w", fault)
	} else if p != nil {
		panic(p)
	}
}

// openSQLite opens the file of a DSN such as sqlite:/var/lib/postdesk/desk.db, and makes it where it is missing. The operator may
// add pragmas (?_pragma=cache_size(-65536)); what they weaken, requireSQLite refuses.
func (st *Store) openSQLite(ctx context.Context, dsn string) error {
	path, query, _ := strings.Cut(strings.TrimPrefix(dsn, "sqlite:"), "?")
	path = strings.TrimPrefix(path, "//")
	if path == "" {
		return errors.New("no file is named; such as sqlite:/var/lib/postdesk/desk.db")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	st.engine, st.name = migrations.SQLite, "sqlite "+path
	extra, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("%s: its settings: %w", st.name, err)
	}
	// Mail is nobody else's business. SQLite would let others read a file that it makes; those beside it get this one's mode. A
	// file that is there is not opened here: closing it would take away the locks of whoever in this process has it open.
	made, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		err = made.Close()
	} else if errors.Is(err, os.ErrExist) || errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		err = nil // SQLite tells what is wrong with it, if anything
	}
	if err != nil {
		return fmt.Errorf("%s: %w", st.name, err)
	}
	// One writer: SQLite has one anyway, and connections that compete for it wait by polling, up to a second. Readers never
	// wait for it. A transaction that reads first and writes then could fail halfway, so the writer's begin as writers.
	if st.writer, err = st.sqliteHandle(path, "immediate", 1, extra, sqliteMap); err != nil {
		return fmt.Errorf("%s: %w", st.name, err)
	}
	if st.reader, err = st.sqliteHandle(path, "deferred", max(4, runtime.NumCPU()), extra, "query_only(1)"); err != nil {
		return fmt.Errorf("%s: %w", st.name, err)
	}
	for _, db := range []*sqlx.DB{st.writer, st.reader} {
		end := time.Now().Add(openPatience)
		err := requireSQLite(ctx, db)
		// A file that is made is turned to WAL under a lock for which SQLite waits for nobody, whatever busy_timeout says: of two processes
		// that begin at once one is refused, and comes again.
		for isBusy(err) && ctx.Err() == nil && time.Now().Before(end) {
			time.Sleep(20 * time.Millisecond)
			err = requireSQLite(ctx, db)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", st.name, st.explain(ctx, err))
		}
	}
	return nil
}

// openPatience is how long another process may hold a file that is opened, as long as busy_timeout waits later on.
const openPatience = 5 * time.Second

func isBusy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlitelib.SQLITE_BUSY
}

// sqliteNumbers are the last numbers given out, by table; one that never had a row is not among them. With a parameter it is kept prepared.
const sqliteNumbers = `SELECT name, seq AS number FROM sqlite_sequence WHERE name <> :none`

// openMemory opens a database that lives as long as the Store, for simulate and for tests. It has one connection, as each
// further one would see an empty database of its own; so a View waits for an Update to end.
func (st *Store) openMemory() error {
	st.engine, st.name = migrations.SQLite, "sqlite in memory"
	c, err := sqlite.NewConnector("file::memory:?_txlock=immediate&_dqs=0&_pragma=foreign_keys(1)&_pragma=recursive_triggers(1)")
	if err != nil {
		return err
	}
	db := sql.OpenDB(preparing{c, &st.trips})
	db.SetMaxOpenConns(1)
	st.writer = numbered(db)
	st.reader = st.writer
	return nil
}

func (st *Store) sqliteHandle(path, lock string, conns int, extra url.Values, pragmas ...string) (*sqlx.DB, error) {
	q := url.Values{"_txlock": {lock}, "_dqs": {"0"}}
	// The driver runs pragmas in an order of its own, so each may be there once: the operator's instead of ours.
	for _, ours := range slices.Concat(sqlitePragmas, pragmas) {
		name, _, _ := strings.Cut(ours, "(")
		if !slices.ContainsFunc(extra["_pragma"], func(p string) bool { return strings.HasPrefix(p, name) }) {
			q.Add("_pragma", ours)
		}
	}
	q["_pragma"] = append(q["_pragma"], extra["_pragma"]...)
	for key := range extra {
		if key != "_pragma" {
			return nil, fmt.Errorf("setting %s: only _pragma can be set", key)
		}
	}
	file := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	c, err := sqlite.NewConnector(file.String())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(preparing{c, &st.trips})
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return numbered(db), nil
}

// numbered gives sqlx a handle whose parameters are $1, $2 on both engines. It knows the style by the driver's name, and
// SQLite's takes PostgreSQL's style too.
func numbered(db *sql.DB) *sqlx.DB { return sqlx.NewDb(db, "postgres") }

// requireSQLite refuses to work with settings under which a committed mail could be lost (T105). Each connection has the
// settings of its handle, so one of them stands for all.
func requireSQLite(ctx context.Context, db *sqlx.DB) error {
	for _, want := range []struct{ pragma, value, why string }{
		{"journal_mode", "wal", "readers would stop the writer; network shares and some containers' file systems cannot do it"},
		{"synchronous", "2", "FULL: a loss of power could undo a mail that was already flagged on its server"},
		{"foreign_keys", "1", "rows could point at nothing"},
		{"recursive_triggers", "1", "append-only tables could be written over"},
	} {
		var got string
		if err := db.GetContext(ctx, &got, "PRAGMA "+want.pragma); err != nil {
			return err
		}
		// EXTRA (3) is stronger than FULL.
		if got != want.value && (want.pragma != "synchronous" || got != "3") {
			return fmt.Errorf("%s is %s, and must be %s (%s)", want.pragma, got, want.value, want.why)
		}
	}
	return nil
}
