//go:build linux

package main

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/store/storetest"
)

// TestT107DatabaseAway: the database is away while mail goes on coming in, and what has come in is taken when it is back, each mail once. The
// backlog is taken about as quickly as it would have been without. make crash has it away for ten minutes, with 1,000 mails and waits of full
// length, where all has to be done within two minutes; other runs are 60 times shorter, with 150 mails.
func TestT107DatabaseAway(t *testing.T) {
	t.Parallel()
	command := faultyCommand(t)
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "desk.db")
		// A program that holds the file keeps the desk from it, as one does that copies it.
		var holder *sql.DB
		hold := func() error {
			var err error
			if holder, err = sql.Open("sqlite", file+"?_pragma=busy_timeout(20000)"); err != nil {
				return err
			}
			holder.SetMaxOpenConns(1)
			_, err = holder.Exec(`BEGIN EXCLUSIVE`)
			return err
		}
		testAway(t, command, "sqlite:"+file, hold, func() error {
			_, err := holder.Exec(`ROLLBACK`)
			return errors.Join(err, holder.Close())
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		server := storetest.OwnServer(t)
		dsn, err := storetest.NewDatabase(t.Context(), server.DSN("postgres"), "away", "")
		if err != nil {
			t.Fatal(err)
		}
		testAway(t, command, dsn, server.Stop, server.Start)
	})
}

func testAway(t *testing.T, command, dsn string, leave, come func() error) {
	mails, away, hurry := 150, 10*time.Second, "POSTDESK_HURRY=60"
	if *crashes > 0 {
		mails, away, hurry = 1000, 10*time.Minute, "POSTDESK_HURRY=1"
	}
	b := newCrashBench(t, command, dsn, 4, "")
	node, err := b.serve("", hurry)
	if err != nil {
		t.Fatal(err)
	}
	// deliver lets mails come in, and gives how long it takes until the desk has them.
	deliver := func(from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			raw := fmt.Sprintf("From: u%d@example.org\r\nTo: %s\r\nSubject: Question %d\r\nDate: %s\r\nMessage-ID: <q%d@example.org>\r\n\r\nHow?\r\n",
				i, crashSupport, i, time.Now().Format(time.RFC1123Z), i)
			if _, err := b.office.Deliver(crashSupport, []byte(raw)); err != nil {
				t.Fatal(err)
			}
		}
	}
	taken := func() time.Duration {
		t.Helper()
		began := time.Now()
		for {
			left := 0
			for _, m := range b.mails() {
				if !isMarked(m) {
					left++
				}
			}
			switch {
			case left == 0:
				return time.Since(began)
			case node.over():
				t.Fatalf("postdesk serve has ended: %v", node.err)
			case time.Since(began) > 5*time.Minute:
				t.Fatalf("%d mails are not taken after %v", left, time.Since(began))
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	deliver(0, mails)
	without := taken()
	if err := leave(); err != nil {
		t.Fatal(err)
	}
	deliver(mails, 2*mails)
	time.Sleep(away)
	for _, m := range b.mails() {
		if strings.Contains(string(m.Raw), fmt.Sprintf("Question %d\r\n", 2*mails-1)) && isMarked(m) {
			t.Error("a mail was marked while the database was away")
		}
	}
	if err := come(); err != nil {
		t.Fatal(err)
	}
	took := taken()
	if err := node.end(t, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if lost := b.lost(b.mails()); len(lost) > 0 || len(b.mails()) != 2*mails {
		t.Errorf("of %d mails: %q", len(b.mails()), lost)
	}
	t.Logf("%d mails without the outage in %.1f s, after %v of it in %.1f s", mails, without.Seconds(), away, took.Seconds())
	if *crashes > 0 && took > 2*time.Minute {
		t.Errorf("the backlog took %v", took)
	}
}
