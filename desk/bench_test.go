package desk_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/mailin/parse"
	"github.com/postdesk/postdesk/templates"
)

// BenchmarkReceive prints how many mails a second the desk decides over and commits, one transaction each, beside the yardstick: the very
// same rows written by the same store with nothing decided and nothing looked up. Both run in turn in one benchmark, so that "ratio"
// means the same on a noisy machine. A third of the mails answer an earlier one.
func BenchmarkReceive(b *testing.B) {
	for _, engine := range []struct {
		name string
		open func(testing.TB) *store.Store
	}{{"sqlite", storetest.SQLite}, {"postgres", storetest.OnPostgres}} {
		b.Run(engine.name, func(b *testing.B) {
			ctx := b.Context()
			rec := &recorder{Store: engine.open(b)}
			bare := engine.open(b)
			d := benchDesk(b, rec)
			if err := d.AddAccount(ctx, benchAccount); err != nil {
				b.Fatal(err)
			}
			for _, op := range rec.take() {
				if err := bare.Update(ctx, func(tx desk.Tx) error { return op(tx) }); err != nil {
					b.Fatal(err)
				}
			}
			var received, written time.Duration
			b.ResetTimer()
			for i := range b.N {
				start := time.Now()
				if _, err := d.Receive(ctx, []desk.Arrival{benchMail(i)}); err != nil {
					b.Fatal(err)
				}
				received += time.Since(start)
				ops := rec.take()
				start = time.Now()
				err := bare.Update(ctx, func(tx desk.Tx) error {
					for _, op := range ops {
						if err := op(tx); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
				written += time.Since(start)
			}
			b.ReportMetric(float64(b.N)/received.Seconds(), "mails/s")
			b.ReportMetric(float64(b.N)/written.Seconds(), "bare/s")
			b.ReportMetric(written.Seconds()/received.Seconds(), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

var benchAccount = desk.Account{
	Customer: desk.Customer{ID: "acme", Name: "Acme GmbH", Language: "de"},
	Contacts: []desk.Contact{{Address: "anna@acme.example", Name: "Anna", MaySpend: true}},
	Balances: []desk.Balance{{Unit: "credit", Amount: 1000}},
}

func benchDesk(tb testing.TB, st desk.Store) *desk.Desk {
	tb.Helper()
	p, err := policy.Read("../examples/vendor/policy.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	tmpl, err := templates.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return &desk.Desk{
		Store: st, Policy: func() *policy.Policy { return p }, Templates: tmpl, Now: time.Now, Rand: rand.NewChaCha8([32]byte{}), Node: "bench",
		Log: slog.New(slog.DiscardHandler),
	}
}

// benchMail is the i-th mail of the benchmark: two of three open a ticket, the third answers the one before it. Its senders differ, since
// an address gets few automatic mails an hour.
func benchMail(i int) desk.Arrival {
	sender := fmt.Sprintf("person%d@acme.example", i-i%3%2)
	raw := fmt.Sprintf("From: %s\r\nTo: support@desk.example\r\nSubject: Import stops (%d)\r\nMessage-ID: <%d@acme.example>\r\n", sender, i, i)
	m := &message.Message{
		ID: message.ID(fmt.Sprintf("%d@acme.example", i)), From: []message.Address{{Name: "Kim Bolt", Addr: sender}}, FromFields: 1,
		To: []message.Address{{Addr: "support@desk.example"}}, Subject: fmt.Sprintf("Import stops (%d)", i), Kind: message.Human,
		Language: "en", Text: benchText, Visible: benchText, ContentHash: sha256.Sum256([]byte(raw)),
	}
	if i%3 == 2 {
		m.InReplyTo = []message.ID{message.ID(fmt.Sprintf("%d@acme.example", i-1))}
		m.References = m.InReplyTo
		raw += "In-Reply-To: " + m.InReplyTo[0].Header() + "\r\n"
	}
	return desk.Arrival{
		Position: desk.Position{Mailbox: "support", Folder: "INBOX", UIDValidity: 1, UID: uint32(i + 1)},
		Received: time.Now(), Source: parse.Bytes([]byte(raw + "\r\n" + benchText)), Message: m,
		Assurance: message.Assurance{Level: message.LevelA1, Why: "bench"},
	}
}

const benchText = `Hello,

since yesterday the import of our price list stops after some four thousand rows. The log says "unexpected end of
file", but the file is complete: it opens in every editor we tried, and the last row is there. We have changed nothing on our side.
Could you tell us what to look at, please?

Best regards
Kim
`

// A recorder is a store that remembers what was written by the last update, to be written again elsewhere.
type recorder struct {
	desk.Store
	ops []func(desk.Tx) error
}

func (r *recorder) take() []func(desk.Tx) error {
	ops := r.ops
	r.ops = nil
	return ops
}

func (r *recorder) Update(ctx context.Context, do func(desk.Tx) error) error {
	return r.Store.Update(ctx, func(tx desk.Tx) error {
		r.ops = nil
		return do(&recordedTx{tx, r, ctx})
	})
}

type recordedTx struct {
	desk.Tx
	r   *recorder
	ctx context.Context
}

func (x *recordedTx) record(op func(desk.Tx) error) { x.r.ops = append(x.r.ops, op) }

func (x *recordedTx) SetMeta(ctx context.Context, name, value string) (string, error) {
	x.record(func(tx desk.Tx) error { _, err := tx.SetMeta(ctx, name, value); return err })
	return x.Tx.SetMeta(ctx, name, value)
}

func (x *recordedTx) SaveCursor(ctx context.Context, c desk.Cursor) error {
	x.record(func(tx desk.Tx) error { return tx.SaveCursor(ctx, c) })
	return x.Tx.SaveCursor(ctx, c)
}

func (x *recordedTx) SaveReception(ctx context.Context, r desk.Reception) error {
	x.record(func(tx desk.Tx) error { return tx.SaveReception(ctx, r) })
	return x.Tx.SaveReception(ctx, r)
}

func (x *recordedTx) SaveSource(ctx context.Context, r io.Reader) (int64, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	x.record(func(tx desk.Tx) error { _, err := tx.SaveSource(ctx, bytes.NewReader(raw)); return err })
	return x.Tx.SaveSource(ctx, bytes.NewReader(raw))
}

func (x *recordedTx) AddMessage(ctx context.Context, m *desk.Message) error {
	row := *m
	x.record(func(tx desk.Tx) error { return tx.AddMessage(ctx, &row) })
	return x.Tx.AddMessage(ctx, m)
}

func (x *recordedTx) AddRefs(ctx context.Context, refs []desk.Ref) error {
	x.record(func(tx desk.Tx) error { return tx.AddRefs(ctx, refs) })
	return x.Tx.AddRefs(ctx, refs)
}

func (x *recordedTx) AddTicket(ctx context.Context, t *desk.Ticket) error {
	row := *t
	x.record(func(tx desk.Tx) error { return tx.AddTicket(ctx, &row) })
	return x.Tx.AddTicket(ctx, t)
}

// SaveTicket is written as the plain update of a row whose version is not asked for, which loading it again gives.
func (x *recordedTx) SaveTicket(ctx context.Context, t *desk.Ticket) error {
	row := *t
	x.record(func(tx desk.Tx) error {
		have, err := tx.Ticket(ctx, row.Number)
		if err != nil {
			return err
		}
		row := row
		row.Version = have.Version
		return tx.SaveTicket(ctx, &row)
	})
	return x.Tx.SaveTicket(ctx, t)
}

func (x *recordedTx) SaveContact(ctx context.Context, c *desk.Contact) error {
	row := *c
	x.record(func(tx desk.Tx) error { return tx.SaveContact(ctx, &row) })
	return x.Tx.SaveContact(ctx, c)
}

func (x *recordedTx) SaveCustomer(ctx context.Context, c desk.Customer) error {
	x.record(func(tx desk.Tx) error { return tx.SaveCustomer(ctx, c) })
	return x.Tx.SaveCustomer(ctx, c)
}

func (x *recordedTx) Append(ctx context.Context, e *desk.Event) error {
	row := *e
	x.record(func(tx desk.Tx) error { return tx.Append(ctx, &row) })
	return x.Tx.Append(ctx, e)
}

func (x *recordedTx) AddMail(ctx context.Context, m *desk.Mail) error {
	row := *m
	x.record(func(tx desk.Tx) error { return tx.AddMail(ctx, &row) })
	return x.Tx.AddMail(ctx, m)
}
