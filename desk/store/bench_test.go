package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// What is written for a mail that opens a ticket: source, message, ticket, references, journal, and the acknowledgement.
func writeMail(ctx context.Context, tx desk.Tx, n int, raw []byte) error {
	source, err := tx.SaveSource(ctx, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	ticket := &desk.Ticket{Status: desk.Open, Subject: "It does not work"}
	if err := tx.AddTicket(ctx, ticket); err != nil {
		return err
	}
	id := message.ID(fmt.Sprint(n, "@cust.example"))
	m := &desk.Message{Ticket: ticket.Number, Source: source, Identity: string(id), MessageID: id, At: t0, Text: string(raw[:2000])}
	if err := tx.AddMessage(ctx, m); err != nil {
		return err
	}
	if err := tx.AddRefs(ctx, []desk.Ref{{ID: id, Ticket: ticket.Number, Kind: desk.RefSeen}}); err != nil {
		return err
	}
	at := desk.Position{Mailbox: "support", Folder: "INBOX", UIDValidity: 1, UID: uint32(n)}
	if err := tx.SaveReception(ctx, desk.Reception{Position: at, At: t0, Outcome: desk.OutcomeNew, Message: m.ID, Ticket: ticket.Number}); err != nil {
		return err
	}
	for _, kind := range []desk.EventKind{desk.EventReceived, desk.EventTicket, desk.EventSent} {
		if err := tx.Append(ctx, &desk.Event{At: t0, Ticket: ticket.Number, Kind: kind, Data: json.RawMessage(`{"ticket":1}`)}); err != nil {
			return err
		}
	}
	return tx.AddMail(ctx, &desk.Mail{Ticket: ticket.Number, At: t0, To: message.Address{Addr: "anna@cust.example"}, Text: "We have it."})
}

func BenchmarkWriteMail(b *testing.B) {
	body, err := io.ReadAll(noise(2000))
	if err != nil {
		b.Fatal(err)
	}
	raw := fmt.Appendf([]byte(strings.Repeat("Received: from mx.desk.example by mx.desk.example\r\n", 60)), "\r\n%x", body)
	for name, open := range map[string]func(testing.TB) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.OnPostgres} {
		for _, together := range []int{1, 50} {
			b.Run(fmt.Sprintf("%s/%d in a transaction", name, together), func(b *testing.B) {
				st := open(b)
				ctx := b.Context()
				n := 0
				for b.Loop() {
					err := st.Update(ctx, func(tx desk.Tx) error {
						for range together {
							n++
							if err := writeMail(ctx, tx, n, raw); err != nil {
								return err
							}
						}
						return tx.SaveCursor(ctx, desk.Cursor{Mailbox: "support", Folder: "INBOX", UIDValidity: 1, UID: uint32(n)})
					})
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "mails/s")
			})
		}
	}
}

// BenchmarkBackup makes a backup of 5,000 mails and restores it, beside SQLite's own copy of the same file: what is paid for a form that both
// engines read.
func BenchmarkBackup(b *testing.B) {
	st := storetest.SQLite(b)
	const mails = 5000
	err := st.Update(b.Context(), func(tx desk.Tx) error {
		for i := range mails {
			text := strings.Repeat(fmt.Sprintf("line %d of a mail\n", i), 200)
			source, err := tx.SaveSource(b.Context(), strings.NewReader(text))
			if err != nil {
				return err
			}
			m := &desk.Message{Mailbox: "support", Source: source, Identity: fmt.Sprint(i), Outcome: desk.OutcomeNoted, By: "none", Kind: "human", Text: text, Visible: text}
			if err := tx.AddMessage(b.Context(), m); err != nil {
				return err
			}
			if err := tx.Append(b.Context(), &desk.Event{At: tuesdayNoon, Kind: desk.EventReceived, Data: []byte(`{}`)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	var made, restored, copied time.Duration
	for n := 0; b.Loop(); n++ {
		began := time.Now()
		var file bytes.Buffer
		if _, _, err := st.Backup(b.Context(), &file, "bench", nil); err != nil {
			b.Fatal(err)
		}
		made += time.Since(began)
		empty, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "desk.db"))
		if err != nil {
			b.Fatal(err)
		}
		began = time.Now()
		if err := restore(b.Context(), empty, file.Bytes()); err != nil {
			b.Fatal(err)
		}
		restored += time.Since(began)
		if err := empty.Close(); err != nil {
			b.Fatal(err)
		}
		began = time.Now()
		if _, err := st.Raw().Exec("VACUUM INTO '" + filepath.Join(b.TempDir(), "copy.db") + "'"); err != nil {
			b.Fatal(err)
		}
		copied += time.Since(began)
	}
	b.ReportMetric(made.Seconds()/copied.Seconds(), "backup/copy")
	b.ReportMetric(restored.Seconds()/copied.Seconds(), "restore/copy")
}
