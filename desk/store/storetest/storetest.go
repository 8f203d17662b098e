//go:build unix

// Package storetest gives tests a store: one test on both engines, each time with an empty, migrated database of its own. It hides
// where the databases come from, and how a private PostgreSQL server is started and ended.
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/migrations"
)

// Env is the environment variable that names the PostgreSQL server that tests may make databases on.
const Env = "POSTDESK_TEST_POSTGRES"

// EachEngine runs a test on SQLite and on PostgreSQL. Without a server PostgreSQL's half is skipped by name; in CI, which sets
// CI=true, that is a failure.
func EachEngine(t *testing.T, test func(t *testing.T, st *store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, OnPostgres(t))
	})
}

// SQLite gives a store in a file that ends with the test.
func SQLite(t testing.TB) *store.Store {
	t.Helper()
	return Open(t, "sqlite:"+filepath.Join(t.TempDir(), "desk.db"))
}

// Memory gives a store in memory, as simulate has it: the quickest, but with one connection for readers and writers.
func Memory(t testing.TB) *store.Store {
	t.Helper()
	return Open(t, store.Memory)
}

// OnPostgres gives a store on the server of Env.
func OnPostgres(t testing.TB) *store.Store {
	t.Helper()
	return Open(t, PostgresDSN(t))
}

// Open opens and migrates a store, and closes it when the test ends.
func Open(t testing.TB, dsn string) *store.Store {
	t.Helper()
	st, err := store.Open(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := st.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return st
}

var databases atomic.Int64

// PostgresDSN makes an empty, migrated database on the server of Env, drops it when the test ends, and gives its DSN. It skips the
// test where no server is named, and fails it there in CI.
func PostgresDSN(t testing.TB) string {
	t.Helper()
	server := Server(t)
	template, err := template(server)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("postdesk_test_%d_%d", os.Getpid(), databases.Add(1))
	dsn, err := NewDatabase(context.Background(), server, name, template)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := DropDatabase(context.Background(), server, name); err != nil {
			t.Error(err)
		}
	})
	return dsn
}

// Server gives the DSN of the tests' PostgreSQL server, as PostgresDSN does for a database.
func Server(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv(Env)
	if dsn != "" {
		return dsn
	}
	Missing(t, Env+" is not set; `make test` starts a server and sets it")
	return ""
}

// OwnServer starts a PostgreSQL server that the test may stop and break, and ends it with the test. Where there is none, it does as Missing.
func OwnServer(t testing.TB) *Postgres {
	t.Helper()
	server, err := StartPostgres()
	if errors.Is(err, ErrNoPostgres) {
		Missing(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(server.Stop(), server.Remove()); err != nil {
			t.Error(err)
		}
	})
	return server
}

// Missing ends a test that needs what this machine has not got: it is skipped by name, and fails in CI, where all has to be there.
func Missing(t testing.TB, what string) {
	t.Helper()
	if InCI() {
		t.Fatalf("missing, and with CI=true it has to be there: %s", what)
	}
	t.Skipf("missing: %s", what)
}

// InCI tells whether CI=true is set, under which nothing is skipped.
func InCI() bool {
	ci, err := strconv.ParseBool(os.Getenv("CI"))
	return err == nil && ci
}

var templates sync.Map // by server: func() (string, error)

// template gives the name of a migrated database on the server; copying it is far quicker than migrating. Test programs that run at
// the same time share it, and one of another schema has another name.
func template(server string) (string, error) {
	made, _ := templates.LoadOrStore(server, sync.OnceValues(func() (string, error) { return makeTemplate(server) }))
	return made.(func() (string, error))()
}

func makeTemplate(server string) (name string, err error) {
	sum := fnv.New64()
	files, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		return "", err
	}
	for _, f := range files {
		b, err := migrations.FS.ReadFile(f)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d ", f, len(b))
		sum.Write(b)
	}
	name = fmt.Sprintf("postdesk_template_%x", sum.Sum64())

	ctx := context.Background()
	db, err := sql.Open("postgres", server)
	if err != nil {
		return "", err
	}
	defer db.Close()
	conn, err := db.Conn(ctx) // a session's lock needs its session
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(706764)"); err != nil {
		return "", err
	}
	var exists bool
	if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil || exists {
		return name, err
	}
	// A half migrated template must not have the name that others look for.
	draft := strings.Replace(name, "template", "draft", 1)
	if err := DropDatabase(ctx, server, draft); err != nil {
		return "", err
	}
	dsn, err := NewDatabase(ctx, server, draft, "")
	if err != nil {
		return "", err
	}
	st, err := store.Open(ctx, dsn)
	if err != nil {
		return "", err
	}
	_, err = st.Migrate(ctx)
	if closing := st.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return "", err
	}
	_, err = conn.ExecContext(ctx, fmt.Sprintf("ALTER DATABASE %s RENAME TO %s", draft, name))
	return name, err
}
