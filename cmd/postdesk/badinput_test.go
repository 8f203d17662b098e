//go:build unix

package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// TestBadInput: mails that nobody should send are read, get their ticket and their one outcome, and are kept byte for byte; the one behind
// them comes through (G1, M2, F31).
func TestBadInput(t *testing.T) {
	head := "Received: from x by mx.desk.example; Mon, 23 Nov 2026 10:0%d:00 +0100\r\nFrom: kim@cust.example\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%d@cust.example>\r\n"
	written := 0
	mail := func(to, subject, rest string) []byte {
		written++
		return fmt.Appendf(nil, head+"%s", written, to, subject, written, rest)
	}
	var everybody []string
	for i := range 10_000 {
		everybody = append(everybody, fmt.Sprintf("person%d@cust.example", i))
	}
	long := make([]byte, 37<<20) // 50 MB as they travel
	if _, err := rand.NewChaCha8([32]byte{}).Read(long); err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	for line := 0; line < len(long); line += 54 {
		body.WriteString(base64.StdEncoding.EncodeToString(long[line:min(line+54, len(long))]) + "\r\n")
	}
	mails := [][]byte{
		{},
		[]byte("\x00\xff\xfe no header at all \r\n\r\n\x80\x81"),
		mail("support@desk.example, "+strings.Join(everybody, ",\r\n "), "To all of us", "\r\nPlease install it.\r\n"),
		mail("support@desk.example", "=?x-klingon?b?w7Z4?= charset", "Content-Type: text/plain; charset=x-klingon\r\n\r\nPlease install it, m\xfcde.\r\n"),
		mail("support@desk.example", "The log", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nPlease install it.\r\n--b\r\nContent-Type: application/octet-stream\r\n"+
			"Content-Disposition: attachment; filename=server.log\r\nContent-Transfer-Encoding: base64\r\n\r\n"+body.String()+"--b--\r\n"),
		mail("support@desk.example", "The one behind them", "\r\nPlease install it.\r\n"),
	}
	dir := t.TempDir()
	for i, raw := range mails {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.eml", i)), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := policy.Read("../../examples/vendor/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, dsn := range map[string]func(testing.TB) string{
		"memory":   func(testing.TB) string { return store.Memory },
		"postgres": storetest.PostgresDSN,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := newSimulation(t.Context(), p, nil, dsn(t), func(desk.Event) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			defer s.store.Close()
			stored, _, err := readMails(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.run(t.Context(), s.arrive(stored), time.Time{}); err != nil {
				t.Fatal(err)
			}
			kept := map[string]bool{}
			var tickets []*desk.Ticket
			err = s.store.View(t.Context(), func(tx desk.Tx) error {
				if tickets, err = tx.Tickets(t.Context(), desk.TicketFilter{Limit: 100}); err != nil {
					return err
				}
				for _, tk := range tickets {
					messages, err := tx.Messages(t.Context(), tk.Number)
					if err != nil {
						return err
					}
					for _, m := range messages {
						var raw bytes.Buffer
						if err := tx.Source(t.Context(), m.Source, &raw); err != nil {
							return err
						}
						kept[raw.String()] = true
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(tickets) != len(mails) {
				t.Errorf("%d tickets of %d mails", len(tickets), len(mails))
			}
			for i, raw := range mails {
				if !kept[string(raw)] {
					t.Errorf("mail %d of %d bytes is not kept as it came", i, len(raw))
				}
			}
		})
	}
}
