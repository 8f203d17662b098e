package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// stored fills a database with so many messages on a quarter as many tickets, with an id of each mail's own and one that it names.
func stored(b *testing.B, st *store.Store, n int) {
	b.Helper()
	ctx := b.Context()
	err := st.Update(ctx, func(tx desk.Tx) error { // messages and references need their tickets
		for range tickets(n) {
			if err := tx.AddTicket(ctx, &desk.Ticket{Status: desk.Closed, Subject: "It does not work"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	const page = 100_000 // a statement has its time limit
	for from := 1; from <= n; from += page {
		series := fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", from, min(from+page-1, n))
		for _, fill := range []string{
			`INSERT INTO contact (address, name, language, may_spend) SELECT 'p' || i || '@cust.example', 'Kim', 'en', FALSE FROM n WHERE i % 16 = 0`,
			// All of one subject, half of them of one person.
			`INSERT INTO message (ticket, identity, mailbox, at, outcome, found_by, message_id, from_name, from_addr, staff, level, level_why, kind,
					internal, subject, body, visible, language, base, bare)
				SELECT i % ` + strconv.Itoa(tickets(n)) + ` + 1, 'identity ' || i, 'support', '2026-03-03T11:00:00.000000Z', 'new', 'none', i || '@mua.example',
					'Kim', CASE WHEN i % 2 = 0 THEN 'kim@cust.example' ELSE 'ann@acme.example' END, '', 'A1', 'dkim=pass', 'human', FALSE,
					'It does not work', 'It does not work at all.', 'It does not work at all.', 'en', 'it does not work', FALSE FROM n`,
		} {
			if _, err := st.Raw().Exec(series + fill); err != nil {
				b.Fatal(err)
			}
		}
	}
	const batch = 5000
	for from := 1; from <= n; from += batch {
		err := st.Update(ctx, func(tx desk.Tx) error {
			var refs []desk.Ref
			for i := from; i < from+batch && i <= n; i++ {
				t := int64(i%tickets(n) + 1)
				refs = append(refs, desk.Ref{ID: idOf(i), Ticket: t, Kind: desk.RefSeen}, desk.Ref{ID: idOf(i) + ".parent", Ticket: t, Kind: desk.RefMentioned})
			}
			return tx.AddRefs(ctx, refs)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if _, err := st.Raw().Exec("ANALYZE"); err != nil {
		b.Fatal(err)
	}
}

func tickets(n int) int { return min(n/4, 5000) }

func idOf(i int) message.ID { return message.ID(fmt.Sprintf("%d@mua.example", i)) }

// BenchmarkThread finds a new mail's ticket as Receive does, in a transaction that may write: has it been here, where do its ids lead, how
// does that ticket stand; in a small desk and in one with a hundred times as many messages, by turns, so that both have the same machine.
// The look-up may not cost more than a tenth more in the large one. A mail that names nothing is looked for by its subject instead, which all
// mails here have: that is measured apart.
func BenchmarkThread(b *testing.B) {
	const few, many = 10_000, 1_000_000
	for name, open := range map[string]func(testing.TB) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.OnPostgres} {
		b.Run(name, func(b *testing.B) {
			small, large := open(b), open(b)
			stored(b, small, few)
			stored(b, large, many)
			chance := rand.New(rand.NewPCG(1, 2))
			look := func(st *store.Store, n int, way func(context.Context, desk.Tx, int, []message.ID) error) time.Duration {
				i := chance.IntN(n) + 1
				ids := []message.ID{idOf(i), idOf(i) + ".parent", "unknown@mua.example", idOf(n + i), idOf(n+i) + ".parent"}
				began := time.Now()
				err := st.Update(b.Context(), func(tx desk.Tx) error { return way(b.Context(), tx, i, ids) })
				if err != nil {
					b.Fatal(err)
				}
				return time.Since(began)
			}
			var a, z, subjectA, subjectZ []time.Duration
			for range 300 { // warm
				look(small, few, thread)
				look(large, many, thread)
			}
			for b.Loop() {
				a, z = append(a, look(small, few, thread)), append(z, look(large, many, thread))
				subjectA, subjectZ = append(subjectA, look(small, few, bySubject)), append(subjectZ, look(large, many, bySubject))
			}
			b.ReportMetric(float64(median(a).Nanoseconds()), "ns/small")
			b.ReportMetric(float64(median(z))/float64(median(a)), "large/small")
			b.ReportMetric(float64(median(subjectZ))/float64(median(subjectA)), "subject-large/small")
		})
	}
}

func thread(ctx context.Context, tx desk.Tx, i int, ids []message.ID) error {
	if _, err := tx.SameMail(ctx, fmt.Sprintf("identity %d of a new mail", i)); !errors.Is(err, desk.ErrNotFound) {
		return fmt.Errorf("a new mail has been here: %w", err)
	}
	refs, err := tx.Refs(ctx, ids)
	if err != nil || len(refs) != 2 {
		return errors.Join(fmt.Errorf("%d references", len(refs)), err)
	}
	_, err = tx.Ticket(ctx, refs[0].Ticket)
	return err
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

func bySubject(ctx context.Context, tx desk.Tx, _ int, _ []message.ID) error {
	at := time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC)
	for _, from := range []string{"kim@cust.example", ""} {
		f := desk.HeadingFilter{Base: "it does not work", From: from, Since: at.AddDate(0, 0, -90), Until: at.Add(36 * time.Hour), Limit: 20}
		if found, err := tx.Headings(ctx, f); err != nil || len(found) != f.Limit {
			return errors.Join(fmt.Errorf("%d mails of the subject", len(found)), err)
		}
	}
	return nil
}
