//go:build linux

package main

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/postoffice"
	"github.com/postdesk/postdesk/desk/store"
)

// TestT093NumberedAnew: the server numbers a mailbox of 500 mails anew, and three have come in since. Three are new, and for the others
// nothing happens a second time.
func TestT093NumberedAnew(t *testing.T) {
	t.Parallel()
	command := faultyCommand(t)
	eachDSN(t, func(t *testing.T, dsn string) {
		b := newCrashBench(t, command, dsn, 4, "")
		deliver := func(from, to int) {
			t.Helper()
			for i := from; i < to; i++ {
				raw := fmt.Sprintf("From: u%d@example.org\r\nTo: %s\r\nSubject: Question %d\r\nDate: %s\r\nMessage-ID: <q%d@example.org>\r\n\r\nHow?\r\n",
					i, crashSales, i, time.Now().Format(time.RFC1123Z), i)
				if _, err := b.office.Deliver(crashSales, []byte(raw)); err != nil {
					t.Fatal(err)
				}
			}
		}
		node, err := b.serve("")
		if err != nil {
			t.Fatal(err)
		}
		outcomes := func() map[desk.Outcome]int {
			t.Helper()
			n := map[desk.Outcome]int{}
			err := b.with(t.Context(), func(st *store.Store) error {
				for _, r := range journalOf[desk.Received](t, st, desk.EventReceived) {
					n[r.Outcome]++
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		taken := func(want map[desk.Outcome]int) {
			t.Helper()
			eventually(t, "the mails are taken", func() error {
				if slices.ContainsFunc(b.office.Mails(crashSales), func(m postoffice.Mail) bool { return !isMarked(m) }) {
					return fmt.Errorf("not all are marked")
				}
				if got := outcomes(); fmt.Sprint(got) != fmt.Sprint(want) {
					return fmt.Errorf("got %v, want %v", got, want)
				}
				return nil
			})
		}
		deliver(0, 500)
		taken(map[desk.Outcome]int{desk.OutcomeNew: 500})
		b.office.ChangeUIDValidity(crashSales, "INBOX")
		deliver(500, 503)
		taken(map[desk.Outcome]int{desk.OutcomeNew: 503, desk.OutcomeDuplicate: 500})
		if err := node.end(t, syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if lost := b.lost(b.mails()); len(lost) > 0 {
			t.Errorf("afterwards: %q", lost)
		}
	})
}
