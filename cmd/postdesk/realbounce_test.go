//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/postoffice"
)

// TestRealFullMailbox: Kim's mailbox is full. Her server tells it only after the desk's has taken Eve's answer, by a delivery report to the
// answer's own bounce address: Eve learns of it, nothing is sent to anybody for it, and the ticket stays as it is (T049, F07).
func TestRealFullMailbox(t *testing.T) {
	t.Parallel()
	theirs := postoffice.New(postoffice.Options{Domain: "bolt.example", Accounts: []postoffice.Account{{Address: "kim@bolt.example"}}})
	defer theirs.Close()
	must(t, theirs.Listen())
	theirs.SMTPFaults(postoffice.SMTPFault{Verb: "RCPT", Code: 552, Text: "The mailbox is full"})
	d := newRealDesk(t, sqliteDSN(t), func(m *mailServers) {
		host, port, err := net.SplitHostPort(theirs.SMTPAddr())
		must(t, err)
		m.Transport = fmt.Sprintf("{ kim@bolt.example = smtp:[%s]:%s }", host, port)
		m.Services = "smtp unix - - n - - smtp"
	})
	n := d.serve(t)
	kim, eve, dana := d.someone("Kim", "kim@bolt.example"), d.someone("Eve", "eve@desk.example"), d.someone("Dana", "dana@desk.example")
	kim.writes(t, "A question", "How do I export?") // the acknowledgement is lost without a word, as it should be: its sender is null
	dana.answers(t, dana.gets(t, "unassigned"), "/assign eve")
	dana.gets(t, "command_done")
	eve.answers(t, eve.gets(t, "assigned"), "By the menu.")
	eve.gets(t, "undelivered", "mailbox is full")
	eventually(t, "the desk knows that Kim got nothing", func() error {
		failed := journalOf[desk.MailFailure](t, d.store, desk.EventFailed)
		if len(failed) != 1 || failed[0].To != kim.address || !strings.Contains(failed[0].Why, "full") {
			return fmt.Errorf("it tells %+v", failed)
		}
		return nil
	})
	n.stops(t)
	if got := kim.got(t); len(got) > 0 {
		t.Errorf("Kim got %q", got)
	}
	err := d.store.View(t.Context(), func(tx desk.Tx) error {
		tk, err := tx.Ticket(t.Context(), 1)
		if err == nil && tk.Status != desk.Open && tk.Status != desk.Waiting {
			err = fmt.Errorf("the ticket is %s", tk.Status)
		}
		if all, listed := tx.Tickets(t.Context(), desk.TicketFilter{Limit: 10}); listed != nil || len(all) != 1 {
			err = errors.Join(err, listed, fmt.Errorf("there are %d tickets", len(all)))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
