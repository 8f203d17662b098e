package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

func TestVitals(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		vitals := func() desk.Vitals {
			t.Helper()
			return read(t, st, func(ctx context.Context, tx desk.Tx) (desk.Vitals, error) { return tx.Vitals(ctx) })
		}
		if diff := cmp.Diff(desk.Vitals{}, vitals()); diff != "" {
			t.Errorf("nothing waits: -want +got\n%s", diff)
		}
		now := read(t, st, func(ctx context.Context, tx desk.Tx) (time.Time, error) { return tx.Now(ctx) })
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			for _, m := range []desk.Mail{
				{Mailbox: "support", At: t0.Add(time.Hour)},
				{Mailbox: "support", At: t0, NotBefore: now.Add(time.Hour)},
				{Mailbox: "sales", At: t0.Add(time.Minute)},
				{Mailbox: "sales", At: t0, State: desk.MailSent},
				{Mailbox: "billing", At: t0, State: desk.MailFailed},
			} {
				if err := tx.AddMail(ctx, &m); err != nil {
					return err
				}
			}
			for identity, outcome := range map[string]desk.Outcome{"a": desk.OutcomeHeld, "b": desk.OutcomeNew, "c": desk.OutcomeHeld} {
				if err := tx.AddMessage(ctx, &desk.Message{Identity: identity, Outcome: outcome, At: t0}); err != nil {
					return err
				}
			}
			for _, wake := range []time.Time{{}, now.Add(-time.Minute), now.Add(time.Hour)} {
				if err := tx.AddTicket(ctx, &desk.Ticket{WakeAt: wake}); err != nil {
					return err
				}
			}
			return nil
		})
		want := desk.Vitals{
			Outbox: []desk.Unsent{
				{Mailbox: "sales", Waiting: 1, Oldest: t0.Add(time.Minute)},
				{Mailbox: "support", Waiting: 2, Oldest: t0},
			},
			Held: 2, Overdue: 1,
		}
		if diff := cmp.Diff(want, vitals()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}
