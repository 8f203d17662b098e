package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/postoffice"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/mailin/parse"
	"github.com/postdesk/postdesk/mailout"
	"github.com/postdesk/postdesk/templates"
)

// A mail that goes out asks the database for little: some are leased, made and stored together, and how one ended is written down with the
// beginning of the next. Mails that are due wait in the outbox before the sender starts.
func TestTripsOfAMailOut(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		const people = 60
		p, err := policy.Read("../../examples/vendor/policy.yaml")
		if err != nil {
			t.Fatal(err)
		}
		set, err := templates.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		log := slog.New(slog.DiscardHandler)
		d := &desk.Desk{Store: st, Policy: func() *policy.Policy { return p }, Templates: set, Now: utcNow, Rand: rand.Reader, Node: "test", Log: log}
		office := postoffice.Options{Domain: "desk.example", Record: true}
		for _, s := range p.Staff {
			office.Accounts = append(office.Accounts, postoffice.Account{Address: s.Address})
		}
		var arrivals []desk.Arrival
		for i := range people {
			who := fmt.Sprintf("person%d@cust.example", i)
			office.Accounts = append(office.Accounts, postoffice.Account{Address: who})
			raw := fmt.Sprintf("From: %s\r\nTo: support@desk.example\r\nSubject: Import %d stops\r\nMessage-ID: <%d@cust.example>\r\n\r\nIt stops.\r\n", who, i, i)
			source := parse.Bytes([]byte(raw))
			m := parse.Parse(source)
			arrivals = append(arrivals, desk.Arrival{
				Position: desk.Position{Mailbox: "support", Folder: "INBOX", UIDValidity: 1, UID: uint32(i + 1)}, Received: utcNow(), Source: source,
				Message: m, Assurance: message.Assurance{Level: message.LevelA1, Why: "dkim=pass"},
			})
		}
		if _, err := d.Receive(t.Context(), arrivals); err != nil {
			t.Fatal(err)
		}
		waiting := func() (n int) {
			err := st.View(t.Context(), func(tx desk.Tx) error {
				all, err := tx.WaitingMails(t.Context(), 1000)
				n = len(all)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		mails := waiting()
		if mails < people {
			t.Fatalf("%d mails wait, want one for each of %d people", mails, people)
		}
		o := postoffice.New(office)
		defer o.Close()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		sender := &mailout.Sender{
			Desk: d, Account: func(string) *policy.SMTP { return &policy.SMTP{Host: "localhost", Port: 25, TLS: "none"} },
			Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				return o.DialSMTP(ctx, network, addr)
			},
			Now: utcNow, Hello: "desk.example", Log: log,
		}
		before := st.Trips()
		go func() { ended <- sender.Run(ctx) }()
		for len(o.Submissions()) < mails {
			time.Sleep(20 * time.Millisecond)
		}
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		trips := float64(st.Trips()-before) / float64(mails)
		t.Logf("%.1f trips for each of %d mails", trips, mails)
		if most := 11.0; trips > most {
			t.Errorf("%.1f trips for each of %d mails, want at most %.0f", trips, mails, most)
		}
		if left := waiting(); left > 0 {
			t.Errorf("%d mails arrived and are not written down as sent", left)
		}
	})
}
