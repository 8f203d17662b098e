package store_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/migrations"
)

// fillDisk saves sources until there is no room left, and checks that the failure is told and leaves nothing behind.
func fillDisk(t *testing.T, st *store.Store) {
	t.Helper()
	rows := func() (n int) {
		if err := st.Raw().Get(&n, `SELECT COUNT(*) FROM source`); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for {
		before := rows()
		err := st.Update(t.Context(), func(tx desk.Tx) error {
			_, err := tx.SaveSource(t.Context(), noise(4<<20))
			return err
		})
		if err == nil {
			continue
		}
		if !errors.Is(err, desk.ErrFull) {
			t.Fatalf("got %v, want ErrFull", err)
		}
		for _, part := range []string{"no space left", st.String(), "make room"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("got %q, want it to say %q", err, part)
			}
		}
		if after := rows(); after != before {
			t.Errorf("the failed transaction left %d sources", after-before)
		}
		return
	}
}

// T103: a full disk stops nothing but the writing, and what failed succeeds once there is room.
func TestT103FullDiskSQLite(t *testing.T) {
	file := "sqlite:" + filepath.Join(t.TempDir(), "desk.db")
	st := storetest.Open(t, file+"?_pragma=max_page_count(4000)")
	fillDisk(t, st)
	view(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.Source(ctx, 1, discard{}) })
	if _, err := st.Raw().Exec(`PRAGMA max_page_count = 100000`); err != nil {
		t.Fatal(err)
	}
	saveSource(t, st, noise(4<<20))
}

// The same on a real disk that is too small: a tablespace in memory.
func TestT103FullDiskPostgres(t *testing.T) {
	server := storetest.OwnServer(t)
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=32m,mode=777", "tmpfs", disk).CombinedOutput(); err != nil {
		storetest.Missing(t, "a disk of 32 MB: mount: "+strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
		if out, err := exec.Command("umount", disk).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	// The server's account has to get to the disk, and PostgreSQL wants an empty folder of its own there.
	for dir := disk; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	main, err := store.Open(t.Context(), server.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"CREATE TABLESPACE small LOCATION '" + server.OwnFolder(t, disk) + "'",
		"CREATE DATABASE small TABLESPACE small TEMPLATE template0",
	} {
		if _, err := main.Raw().Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := main.Close(); err != nil {
		t.Fatal(err)
	}
	st := storetest.Open(t, server.DSN("small"))
	fillDisk(t, st)
	view(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.Source(ctx, 1, discard{}) })
	if out, err := exec.Command("mount", "-o", "remount,size=128m", disk).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v: %s", err, out)
	}
	saveSource(t, st, noise(4<<20))
}

// T104: a page that the disk does not give, here since somebody has cut the file, ends the writing with an error that says so, though SQLite reads it
// where the system has the file in memory.
func TestT104UnreadablePageSQLite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "desk.db")
	st := storetest.Open(t, "sqlite:"+file)
	const mails = 200
	update(t, st, func(ctx context.Context, tx desk.Tx) error {
		for i := range mails {
			m := &desk.Message{Mailbox: "support", Identity: strconv.Itoa(i), Text: strings.Repeat("text ", 2000)}
			if err := tx.AddMessage(ctx, m); err != nil {
				return err
			}
		}
		return nil
	})
	if _, err := st.Raw().Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	message := func(id int64) error {
		return st.Update(t.Context(), func(tx desk.Tx) error {
			_, err := tx.Message(t.Context(), id)
			return err
		})
	}
	if err := message(1); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, 128<<10); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what failed once is not asked again
		err := message(mails)
		if !errors.Is(err, store.ErrDisk) || !strings.Contains(err.Error(), "through memory") || !strings.Contains(err.Error(), "the system's log") {
			t.Errorf("got %v, want ErrDisk that says how to mend it", err)
		}
	}
	if err := st.Failure(t.Context()); !errors.Is(err, store.ErrDisk) {
		t.Errorf("got %v, want ErrDisk", err)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// T107: while the server is away everything says so, and when it is back the same store goes on.
func TestT107DatabaseAway(t *testing.T) {
	server := storetest.OwnServer(t)
	st := storetest.Open(t, server.DSN("postgres"))
	save := func(id string) error {
		return st.Update(t.Context(), func(tx desk.Tx) error { return tx.SaveCustomer(t.Context(), desk.Customer{ID: id}) })
	}
	check := func(when string, err error) {
		t.Helper()
		if !errors.Is(err, desk.ErrUnavailable) {
			t.Fatalf("%s: got %v, want ErrUnavailable", when, err)
		}
		for _, part := range []string{"database is away", st.String(), "check that the server runs"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: got %q, want it to say %q", when, err, part)
			}
		}
	}
	for name, end := range map[string]func() error{"stopped": server.Stop, "crashed": server.Crash} {
		t.Run(name, func(t *testing.T) {
			if err := save(name + " before"); err != nil {
				t.Fatal(err)
			}
			check("inside a transaction", st.Update(t.Context(), func(tx desk.Tx) error {
				if err := tx.SaveCustomer(t.Context(), desk.Customer{ID: name + " lost"}); err != nil {
					return err
				}
				if err := end(); err != nil {
					t.Fatal(err)
				}
				return tx.SaveCustomer(t.Context(), desk.Customer{ID: name + " lost too"})
			}))
			check("Update", save(name+" away"))
			check("View", st.View(t.Context(), func(tx desk.Tx) error {
				_, err := tx.Customer(t.Context(), name+" before")
				return err
			}))
			_, err := store.Open(t.Context(), server.DSN("postgres"))
			check("Open", err)
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			if err := save(name + " after"); err != nil {
				t.Errorf("after the restart: %v", err)
			}
			for id, want := range map[string]bool{" before": true, " lost": false, " lost too": false, " away": false, " after": true} {
				err := st.View(t.Context(), func(tx desk.Tx) error {
					_, err := tx.Customer(t.Context(), name+id)
					return err
				})
				if got := err == nil; got != want || err != nil && !errors.Is(err, desk.ErrNotFound) {
					t.Errorf("%s%s: kept %v (%v), want %v", name, id, got, err, want)
				}
			}
		})
	}
}

// A line that falls silent ends nothing by itself: neither side hears of it, and the server's own limits are for servers that can be heard.
func TestT107DatabaseSilent(t *testing.T) {
	proxy, through := storetest.PostgresBehind(t, storetest.PostgresDSN(t))
	st := storetest.Open(t, through+"&statement_timeout=1000")
	save := func(id string) error {
		came := make(chan error, 1)
		go func() {
			came <- st.Update(t.Context(), func(tx desk.Tx) error { return tx.SaveCustomer(t.Context(), desk.Customer{ID: id}) })
		}()
		select {
		case err := <-came:
			return err
		case <-time.After(time.Minute):
			t.Fatal("waits for a line that is silent")
			return nil
		}
	}
	if err := save("before"); err != nil {
		t.Fatal(err)
	}
	proxy.Silence(true)
	for range 2 { // on a line that was there, and on one that cannot be had
		if err := save("away"); !errors.Is(err, desk.ErrUnavailable) || !strings.Contains(err.Error(), "check that the server runs") {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	}
	proxy.Silence(false)
	if err := save("after"); err != nil {
		t.Error(err)
	}
	for id, want := range map[string]error{"before": nil, "away": desk.ErrNotFound, "after": nil} {
		err := st.View(t.Context(), func(tx desk.Tx) error {
			_, err := tx.Customer(t.Context(), id)
			return err
		})
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", id, err, want)
		}
	}
}

// Between the statements and the commit too nothing is lost in silence.
func TestDatabaseAwayAtCommit(t *testing.T) {
	server := storetest.OwnServer(t)
	st := storetest.Open(t, server.DSN("postgres"))
	err := st.Update(t.Context(), func(tx desk.Tx) error {
		if err := tx.SaveCustomer(t.Context(), desk.Customer{ID: "acme"}); err != nil {
			return err
		}
		return server.Crash()
	})
	if !errors.Is(err, desk.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	update(t, st, func(ctx context.Context, tx desk.Tx) error {
		if c, err := tx.Customer(ctx, "acme"); !errors.Is(err, desk.ErrNotFound) {
			t.Errorf("got %v, %v, want ErrNotFound", c, err)
		}
		return nil
	})
}

// T105: settings too weak to keep a committed mail are refused, with the reason.
func TestT105WeakSettings(t *testing.T) {
	refused := func(t *testing.T, dsn, want string) {
		t.Helper()
		st, err := store.Open(t.Context(), dsn)
		if err == nil {
			t.Errorf("opened %s", dsn)
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to say %q", err, want)
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		for pragma, want := range map[string]string{
			"journal_mode(DELETE)":   "journal_mode is delete, and must be wal",
			"journal_mode(MEMORY)":   "journal_mode is memory, and must be wal",
			"synchronous(NORMAL)":    "synchronous is 1, and must be 2",
			"synchronous(OFF)":       "synchronous is 0, and must be 2",
			"foreign_keys(0)":        "foreign_keys is 0, and must be 1",
			"recursive_triggers(0)":  "recursive_triggers is 0, and must be 1",
			"no such thing at all()": "syntax error",
		} {
			refused(t, "sqlite:"+filepath.Join(t.TempDir(), "desk.db")+"?_pragma="+strings.ReplaceAll(pragma, " ", "+"), want)
		}
		refused(t, "sqlite:"+filepath.Join(t.TempDir(), "desk.db")+"?mode=memory", "setting mode: only _pragma can be set")
		stronger := storetest.Open(t, "sqlite:"+filepath.Join(t.TempDir(), "a b#%.db")+"?_pragma=synchronous(EXTRA)")
		saveSource(t, stronger, noise(10))
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := storetest.PostgresDSN(t)
		for setting, want := range map[string]string{
			"synchronous_commit=off":            "synchronous_commit is off, and must not be",
			"default_transaction_read_only=on":  "default_transaction_read_only is on, and must not be",
			"standard_conforming_strings=off":   "standard_conforming_strings is off, and must not be",
			"no_such_setting=1":                 "no_such_setting",
			"synchronous_commit=remote_perhaps": "synchronous_commit",
		} {
			refused(t, dsn+"&"+setting, want)
		}
		refused(t, strings.Replace(dsn, "sslmode=disable", "sslmode=perhaps", 1), "the DSN cannot be read")
		// The password is in no error.
		for _, dsn := range []string{"postgres://u:hunter2@127.0.0.1:1/d", "postgres://u:hunter2@[::1/d", "postgres://u:hunter2@127.0.0.1:1/d?connect_timeout=x"} {
			_, err := store.Open(t.Context(), dsn)
			if err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want an error without the password", err)
			}
		}
		server := storetest.OwnServer(t)
		latin, err := storetest.NewDatabase(t.Context(), server.DSN("postgres"), "latin", "")
		if err != nil {
			t.Fatal(err)
		}
		admin := storetest.Open(t, latin)
		if _, err := admin.Raw().Exec(`CREATE DATABASE western ENCODING 'LATIN1' TEMPLATE template0`); err != nil {
			t.Fatal(err)
		}
		refused(t, server.DSN("western"), "server_encoding is LATIN1, and must be UTF8")
		for _, off := range []string{"fsync", "full_page_writes"} {
			for _, statement := range []string{"ALTER SYSTEM SET " + off + " = off", "SELECT pg_reload_conf()"} {
				if _, err := admin.Raw().Exec(statement); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(server.Stop(), server.Start()); err != nil {
				t.Fatal(err)
			}
			refused(t, latin, off+" is off, and must not be")
			if _, err := admin.Raw().Exec("ALTER SYSTEM RESET " + off); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("another database", func(t *testing.T) { refused(t, "mysql://localhost/desk", "want sqlite:FILE or postgres://") })
	t.Run("no file", func(t *testing.T) { refused(t, "sqlite:", "no file is named") })
}

// Mail in the file, and what SQLite keeps beside it, is for the desk's account alone.
func TestFileIsPrivate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "desk.db")
	st := storetest.Open(t, "sqlite:"+file)
	saveSource(t, st, noise(10))
	for _, name := range []string{file, file + "-wal", file + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s: got mode %o, want 600", filepath.Base(name), got)
		}
	}
}

// What keeps a database from its work is told with a way to mend it.
func TestTroubles(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, dsn string
		kind      error
		mend      string
	}{
		{"no folder", "sqlite:" + filepath.Join(folder, "none", "desk.db"), desk.ErrUnavailable, "the folder must exist"},
		{"another file", "sqlite:" + text, store.ErrDisk, "restore a backup"},
		{"no server", "postgres://127.0.0.1:1/desk?sslmode=disable", desk.ErrUnavailable, "check that the server runs"},
		{"no socket", "postgres:///desk?host=" + folder, desk.ErrUnavailable, "check that the server runs"},
		{"no host", "postgres://db.invalid/desk", desk.ErrUnavailable, "check that the server runs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			st, err := store.Open(t.Context(), c.dsn)
			if err == nil {
				t.Fatalf("opened %s", st)
			}
			var trouble *store.Trouble
			if !errors.As(err, &trouble) || !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.mend) {
				t.Errorf("got %v, want %v and %q", err, c.kind, c.mend)
			}
		})
	}
	t.Run("no such database", func(t *testing.T) {
		_, err := store.Open(t.Context(), strings.Replace(storetest.Server(t), "/postgres?", "/nothing_here?", 1))
		if !errors.Is(err, desk.ErrUnavailable) || !strings.Contains(err.Error(), "create the database") {
			t.Errorf("got %v, want ErrUnavailable that says how to mend it", err)
		}
	})
}

// Migrating again does nothing, and nodes that start together do it once.
func TestMigrate(t *testing.T) {
	migrate := func(t *testing.T, dsn string) []string {
		st, err := store.Open(t.Context(), dsn)
		if err != nil {
			t.Error(err)
			return nil
		}
		defer st.Close()
		applied, err := st.Migrate(t.Context())
		if err != nil {
			t.Error(err)
		}
		current, known, err := st.SchemaVersion(t.Context())
		if err != nil || current != known || known == 0 {
			t.Errorf("got version %d of %d, %v", current, known, err)
		}
		return applied
	}
	t.Run(string(migrations.SQLite), func(t *testing.T) {
		dsn := "sqlite:" + filepath.Join(t.TempDir(), "desk.db")
		if applied := migrate(t, dsn); len(applied) < 2 {
			t.Errorf("an empty file: applied %q", applied)
		}
		if applied := migrate(t, dsn); applied != nil {
			t.Errorf("again: applied %q", applied)
		}
	})
	t.Run(string(migrations.Postgres), func(t *testing.T) {
		server := storetest.Server(t)
		const name = "postdesk_test_migrate"
		if err := storetest.DropDatabase(t.Context(), server, name); err != nil {
			t.Fatal(err)
		}
		dsn, err := storetest.NewDatabase(t.Context(), server, name, "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := storetest.DropDatabase(context.Background(), server, name); err != nil {
				t.Error(err)
			}
		})
		once := make(chan []string, 4)
		for range cap(once) {
			go func() { once <- migrate(t, dsn) }()
		}
		total := 0
		for range cap(once) {
			if applied := <-once; applied != nil {
				total++
			}
		}
		if total != 1 {
			t.Errorf("%d nodes applied migrations, want one", total)
		}
	})
}
