//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/postoffice"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/mailin/parse"
)

// TestT104ServeStopsWhenItsDiskFails: an fsync fails once, on SQLite. Whoever asked again would be told that all is well, while what was
// written is gone. So postdesk serve ends with the reason, no mail is marked that it does not have, and the next process takes the rest.
// PostgreSQL itself ends at a failed fsync, and recovers; to the desk that is a database which is away for a moment (T107).
func TestT104ServeStopsWhenItsDiskFails(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	b := newCrashBench(t, faultyCommand(t), "sqlite:"+filepath.Join(dir, "desk.db"), 40, "")
	for _, n := range []int{1, 4, 8} {
		for range 2 {
			b.people.opens()
		}
		cmd := exec.Command(self, "-test.run=^TestRealProcess$")
		cmd.Env = append(os.Environ(), asCommand+"="+strings.Join([]string{"serve", "--policy", b.policyFile(), "--listen", ""}, "\n"),
			fmt.Sprintf("%s=%s\n%d", failingDisk, dir, n), "POSTDESK_DATABASE="+b.dsn, "POSTDESK_TOKEN_KEY="+tokenKey)
		node := spawn(t, cmd)
		select {
		case <-node.ended:
		case <-time.After(30 * time.Second):
			t.Fatalf("fsync %d: it goes on\n%s", n, &node.out)
		}
		if exit, ok := node.err.(*exec.ExitError); !ok || exit.ExitCode() != 1 || !strings.Contains(node.out.String(), "postdesk: the database's disk fails") {
			t.Errorf("fsync %d: it ends with %v\n%s", n, node.err, &node.out)
		}
		if lost := b.lost(markedSomewhere(b.mails())); len(lost) > 0 {
			t.Errorf("fsync %d: mails are marked, and not with the desk: %q", n, lost)
		}
	}
	b.people.opens() // so that the last process has something to take, and is seen at work before it is told to stop
	last, err := b.serve("")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the rest is taken", func() error {
		if i := slices.IndexFunc(b.mails(), func(m postoffice.Mail) bool { return !isMarked(m) }); i >= 0 {
			return fmt.Errorf("mail %d is not marked", i)
		}
		return nil
	})
	if err := last.end(t, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if lost := b.lost(b.mails()); len(lost) > 0 || len(b.mails()) < 4 {
		t.Errorf("of %d mails: %q", len(b.mails()), lost)
	}
}

// markedSomewhere are the mails of which a copy is marked, with all their copies: the desk keeps the first one it meets, which may be another.
func markedSomewhere(mails []postoffice.Mail) []postoffice.Mail {
	marked := map[string]bool{}
	id := func(m postoffice.Mail) string { return parse.Parse(parse.Bytes(m.Raw)).Identity() }
	for _, m := range mails {
		if isMarked(m) {
			marked[id(m)] = true
		}
	}
	return slices.DeleteFunc(mails, func(m postoffice.Mail) bool { return !marked[id(m)] })
}

// lost is what is wrong with mails of which the desk should have each once.
func (b *crashBench) lost(mails []postoffice.Mail) []string {
	b.t.Helper()
	r := &reckoning{}
	err := b.with(b.t.Context(), func(st *store.Store) error {
		reckonMails(r, readBooks(b.t.Context(), st, r), mails)
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return r.wrong
}
