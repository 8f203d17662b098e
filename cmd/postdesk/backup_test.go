//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/postoffice"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// emptyDSN is a database of the same engine without a schema, as an operator has it who restores.
func emptyDSN(t *testing.T, like string) string {
	t.Helper()
	if _, ok := sqliteFile(like); ok {
		return "sqlite:" + filepath.Join(t.TempDir(), "restored.db")
	}
	name := fmt.Sprintf("postdesk_restored_%d_%d", os.Getpid(), time.Now().UnixNano())
	dsn, err := storetest.NewDatabase(t.Context(), storetest.Server(t), name, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := storetest.DropDatabase(context.Background(), storetest.Server(t), name); err != nil {
			t.Error(err)
		}
	})
	return dsn
}

// TestT108RestoreOfYesterdaysBackup: a desk is lost a while after its backup. Mails have come in, were answered and moved since. The restored
// one takes in what it lacks, each once, wherever it lies; it sends nothing, says so everywhere, and sends when a person lets it.
func TestT108RestoreOfYesterdaysBackup(t *testing.T) {
	t.Parallel()
	eachDSN(t, func(t *testing.T, dsn string) {
		b := newCrashBench(t, faultyCommand(t), dsn, 40, "")
		settled := func(when string) {
			t.Helper()
			if left := b.settle(1, time.Minute); len(left) > 0 {
				t.Fatalf("%s: %q", when, left)
			}
		}
		for range 3 {
			b.people.opens()
		}
		settled("before the backup")
		node, err := b.serve("")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "desk.backup")
		b.does(t, dsn, "backup", file) // while it works
		for range 4 {
			b.people.opens()
			b.people.reads()
		}
		if err := node.end(t, syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		settled("after the backup")
		moved, arrived := len(b.mails()), len(b.office.Submissions())

		// The database is gone. What comes in now nobody has seen.
		b.dsn = emptyDSN(t, dsn)
		b.does(t, b.dsn, "restore", file)
		b.people.mu.Lock()
		b.people.send(personMail{from: customerOf(0), to: []string{crashSupport}, subject: "Since then", words: "How do I print?", id: b.people.newID("acme.example")})
		b.people.mu.Unlock()

		listen := freeAddress(t)
		node, err = b.serveAt("", listen)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "all mails are taken in", func() error {
			for _, m := range b.mails() {
				if !isMarked(m) {
					return fmt.Errorf("UID %d waits", m.UID)
				}
			}
			return nil
		})
		ready := fetch(t, "http://"+listen+"/readyz")
		if !strings.Contains(ready, "nothing is sent until postdesk mail resume") || !strings.Contains(fetch(t, "http://"+listen+"/metrics"), "postdesk_outbox_paused 1") {
			t.Errorf("nobody is told that nothing is sent: %s", ready)
		}
		if out, err := b.tries(b.dsn, "check", "--offline", b.policyFile()); err == nil || !strings.Contains(out, "NOTHING IS SENT: the desk was restored from a backup of") {
			t.Errorf("check says %v\n%s", err, out)
		}
		if out := b.does(t, b.dsn, "mail", "queue"); !strings.Contains(out, "NOTHING IS SENT until postdesk mail resume") {
			t.Errorf("mail queue says\n%s", out)
		}
		// Killed in the middle of it and begun again, it does nothing twice.
		if err := node.end(t, syscall.SIGKILL); err == nil {
			t.Error("the node was not killed")
		}
		if node, err = b.serveAt("", listen); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it serves again", func() error {
			if !strings.Contains(fetch(t, "http://"+listen+"/readyz"), `"waiting"`) {
				return errors.New("no mailbox is read")
			}
			return nil
		})
		if n := len(b.mails()); n != moved+1 {
			t.Errorf("%d mails are on the server, there were %d", n, moved+1)
		}
		if lost := b.lost(b.mails()); len(lost) > 0 {
			t.Errorf("it has not each mail once: %q", lost)
		}
		err = b.with(t.Context(), func(st *store.Store) error {
			return st.View(t.Context(), func(tx desk.Tx) error {
				wrong, err := tx.Recount(t.Context())
				for _, w := range wrong {
					t.Error(w)
				}
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if now := len(b.office.Submissions()); now > arrived+1 { // one is the customer's
			t.Errorf("a restored desk has sent %d mails", now-arrived-1)
		}
		waiting := b.does(t, b.dsn, "mail", "queue", "--json")
		if !strings.Contains(waiting, `"waiting"`) {
			t.Fatalf("nothing waits:\n%s", waiting)
		}
		b.does(t, b.dsn, "mail", "resume")
		eventually(t, "what waited is sent", func() error {
			if left := b.does(t, b.dsn, "mail", "queue", "--json"); strings.Contains(left, `"waiting"`) {
				return errors.New(left)
			}
			return nil
		})
		if err := node.end(t, syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		copies := map[string]int{}
		for _, s := range b.office.Submissions()[arrived:] {
			if s.Kept && ofDesk(s) {
				copies[messageIDOf(s)]++
			}
		}
		for id, n := range copies {
			if n > 1 {
				t.Errorf("%s was sent %d times", id, n)
			}
		}
		if len(copies) == 0 {
			t.Error("nothing was sent after the outbox was resumed")
		}
	})
}

func messageIDOf(s postoffice.Submission) string {
	_, after, _ := bytes.Cut(s.Raw, []byte("\nMessage-ID: "))
	id, _, _ := bytes.Cut(after, []byte("\r\n"))
	return string(id)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		return err.Error() // it is asked again
	}
	defer answer.Body.Close()
	var b bytes.Buffer
	b.ReadFrom(answer.Body)
	return b.String()
}

// A backup is never written over another file, leaves nothing behind when it is stopped, and is told for what it is.
func TestBackupFiles(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		fixture(t, st)
		dir := t.TempDir()
		file := filepath.Join(dir, "desk.backup")
		var out bytes.Buffer
		if err := (backupCmd{File: file}).backup(t.Context(), st, &out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), file+": ") || !strings.Contains(out.String(), " rows, ") {
			t.Errorf("it says %q", out.String())
		}
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("got %v, %v, want a file for its owner", info.Mode(), err)
		}
		before, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := (backupCmd{File: file}).backup(t.Context(), st, &out); !errors.Is(err, errIsThere) {
			t.Errorf("a second time: got %v", err)
		}
		if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
			t.Errorf("the file was changed, %v", err)
		}
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if err := (backupCmd{File: filepath.Join(dir, "stopped")}).backup(stopped, st, &out); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped: got %v", err)
		}
		if err := (backupCmd{File: filepath.Join(dir, "nowhere", "desk.backup")}).backup(t.Context(), st, &out); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("into no folder: got %v", err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
			t.Errorf("%d files are left, %v", len(left), err)
		}
		// Restored into a database that is in use it changes nothing.
		var full *store.NotEmptyError
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := (restoreCmd{File: file}).restore(t.Context(), st, f, &out); !errors.As(err, &full) {
			t.Errorf("into a desk: got %v", err)
		}
	})
}

// TestT108RestoreStoppedAtItsEnd: a restore is stopped when all rows are there and the journal does not tell of it. The same command, given
// again, ends it, once; and says what the database is to whoever gives it a third time, or after the desk has worked.
func TestT108RestoreStoppedAtItsEnd(t *testing.T) {
	source := storetest.SQLite(t)
	fixture(t, source)
	file := filepath.Join(t.TempDir(), "desk.backup")
	must(t, (backupCmd{File: file}).backup(t.Context(), source, io.Discard))
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		whole, err := os.ReadFile(file)
		must(t, err)
		b, err := store.OpenBackup(bytes.NewReader(whole))
		must(t, err)
		defer b.Close()
		must(t, st.Restore(t.Context(), b, desk.NumberAfter, nil, func(tx desk.Tx, last int64) error {
			return desk.Restored(t.Context(), tx, desk.Restoration{Made: b.Head.Made, At: tuesday}, last, rand.Reader)
		}))
		again := func() (string, error) {
			var out bytes.Buffer
			err := (restoreCmd{File: file}).restore(t.Context(), st, bytes.NewReader(whole), &out)
			return out.String(), err
		}
		if out, err := again(); err != nil || !strings.Contains(out, "Nothing is sent until you say so") {
			t.Errorf("a second time: got %q, %v", out, err)
		}
		var full *store.NotEmptyError
		const was = "this very backup was restored into it on 2026-03-03 09:30:00 UTC"
		if out, err := again(); out != "" || !errors.As(err, &full) || !strings.Contains(err.Error(), was) {
			t.Errorf("a third time: got %q, %v", out, err)
		}
		told := 0
		must(t, st.View(t.Context(), func(tx desk.Tx) error {
			all, err := tx.Events(t.Context(), 0, 1000)
			for _, e := range all {
				if e.Kind == desk.EventOutbox && strings.Contains(string(e.Data), `"restore"`) {
					told++
				}
			}
			return err
		}))
		if told != 1 {
			t.Errorf("the journal tells of the restore %d times, want once", told)
		}
	})
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		r := desk.Restoration{Made: tuesday, At: tuesday}
		must(t, st.Update(t.Context(), func(tx desk.Tx) error { return desk.Restored(t.Context(), tx, r, 0, rand.Reader) }))
		if _, err := desk.ResumeMail(t.Context(), st, "Dana", tuesday); err != nil {
			t.Fatal(err)
		}
		if ended, err := desk.NoteRestored(t.Context(), st, r); ended || err != nil {
			t.Errorf("after somebody let the mails go: got %v, %v", ended, err)
		}
	})
}

// A restore that fails leaves no file that looks like a desk.
func TestRestoreThatFails(t *testing.T) {
	dir := t.TempDir()
	damaged := filepath.Join(dir, "damaged")
	if err := os.WriteFile(damaged, []byte("this is no backup"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := restoreCmd{File: damaged, database: database{Database: "sqlite:" + filepath.Join(dir, "desk.db")}}
	if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "this is no backup of a desk") {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}

// TestT108RestoreOfAFileThatComesToBe: while a SQLite file is restored, a desk begins in a file of that name, or another restore ends. What is
// there is left alone, and works.
func TestT108RestoreOfAFileThatComesToBe(t *testing.T) {
	source := storetest.SQLite(t)
	fixture(t, source)
	backup := filepath.Join(t.TempDir(), "desk.backup")
	must(t, (backupCmd{File: backup}).backup(t.Context(), source, io.Discard))
	whole, err := os.ReadFile(backup)
	must(t, err)
	for name, input := range map[string][]byte{"whole": whole, "damaged": whole[:len(whole)/2]} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "desk.db")
			c := restoreCmd{File: backup, database: database{Database: "sqlite:" + file}}
			comes := onceRead{bytes.NewReader(input), sync.OnceFunc(func() { must(t, storetest.Open(t, c.Database).Close()) })}
			if err := c.restoreFile(t.Context(), file, comes, io.Discard); err == nil {
				t.Error("it took the place of a file that was not there when it began")
			}
			st := storetest.Open(t, c.Database)
			must(t, st.View(t.Context(), func(tx desk.Tx) error {
				tickets, err := tx.Tickets(t.Context(), desk.TicketFilter{Limit: 10})
				if len(tickets) > 0 {
					t.Errorf("%d tickets in the desk that began meanwhile", len(tickets))
				}
				return err
			}))
			if left, err := filepath.Glob(filepath.Join(dir, "*.restoring*")); err != nil || len(left) > 0 {
				t.Errorf("left: %q, %v", left, err)
			}
		})
	}
	t.Run("somebody looks at it", func(t *testing.T) { // so that its log is not brought into the file at the end
		dir := t.TempDir()
		c := restoreCmd{File: backup, database: database{Database: "sqlite:" + filepath.Join(dir, "desk.db")}}
		looks := onceRead{bytes.NewReader(whole), sync.OnceFunc(func() {
			drafts, err := filepath.Glob(filepath.Join(dir, "*.restoring"))
			must(t, err)
			db, err := sql.Open("sqlite", drafts[0])
			must(t, err)
			t.Cleanup(func() { db.Close() })
			_, err = db.Exec("SELECT count(*) FROM sqlite_master")
			must(t, err)
		})}
		if err := c.restoreFile(t.Context(), filepath.Join(dir, "desk.db"), looks, io.Discard); err == nil || !strings.Contains(err.Error(), "something else has it open") {
			t.Errorf("got %v", err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	})
	t.Run("a log is left", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "desk.db")
		must(t, os.WriteFile(file+"-wal", []byte("of the desk that was lost"), 0o600))
		c := restoreCmd{File: backup, database: database{Database: "sqlite:" + file}}
		if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "left of another database") {
			t.Errorf("got %v", err)
		}
	})
}

type onceRead struct {
	*bytes.Reader
	comes func()
}

func (r onceRead) Read(p []byte) (int, error) {
	r.comes()
	return r.Reader.Read(p)
}

// Before an upgrade the new program makes the backup of the old schema, which it otherwise refuses to work on.
func TestBackupBeforeAnUpgrade(t *testing.T) {
	dir := t.TempDir()
	d := database{Database: "sqlite:" + filepath.Join(dir, "desk.db")}
	st := storetest.Open(t, d.Database)
	current, _, err := st.SchemaVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "desk.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`DELETE FROM goose_db_version WHERE version_id = ?`, current); err != nil {
		t.Fatal(err)
	}
	var schema *schemaError
	if _, err := d.open(t.Context()); !errors.As(err, &schema) {
		t.Fatalf("an older schema: got %v", err)
	}
	file := filepath.Join(dir, "desk.backup")
	if err := (backupCmd{database: d, File: file}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if head, err := verify(t.Context(), f, newProgress("reading")); err != nil || head.Schema >= current {
		t.Errorf("got %+v, %v, want a schema below %d", head, err, current)
	}
}
