package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

func TestJournal(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		var all []*desk.Event
		for i := range 1200 { // more than one statement takes
			e := &desk.Event{}
			fill(e)
			e.Ticket = int64(i%2) * w.ticket.Number
			e.At = e.At.Add(-time.Duration(i) * time.Minute) // the journal's order is that of writing, not of its times
			all = append(all, e)
		}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			for _, e := range all {
				if err := tx.Append(ctx, e); err != nil {
					return err
				}
			}
			inside, err := tx.Journal(ctx, w.ticket.Number)
			if len(inside) != len(all)/2 {
				t.Errorf("inside the transaction: got %d lines, want %d", len(inside), len(all)/2)
			}
			return err
		})
		var want, ofTicket []desk.Event
		for i, e := range all {
			if i > 0 && e.ID <= all[i-1].ID {
				t.Fatalf("line %d: ID %d after %d", i, e.ID, all[i-1].ID)
			}
			want = append(want, *e)
			if e.Ticket != 0 {
				ofTicket = append(ofTicket, *e)
			}
		}
		view(t, st, func(ctx context.Context, tx desk.Tx) error {
			got, err := tx.Events(ctx, all[99].ID, 1000)
			if diff := cmp.Diff(want[100:1100], got); err != nil || diff != "" {
				t.Errorf("events: %v, -want +got\n%s", err, diff)
			}
			got, err = tx.Journal(ctx, w.ticket.Number)
			if diff := cmp.Diff(ofTicket, got); err != nil || diff != "" {
				t.Errorf("journal: %v, -want +got\n%s", err, diff)
			}
			since := ofTicket[150].At // each is older than the one before it
			slices.Reverse(ofTicket)
			got, err = tx.JournalSince(ctx, w.ticket.Number, ofTicket[0].At)
			if diff := cmp.Diff(ofTicket, got); err != nil || diff != "" {
				t.Errorf("journal since its beginning: %v, -want +got\n%s", err, diff)
			}
			if got, err = tx.JournalSince(ctx, w.ticket.Number, since); err != nil || len(got) != 0 {
				t.Errorf("lines behind hundreds of older ones: got %d, %v", len(got), err)
			}
			got, err = tx.Events(ctx, all[len(all)-1].ID, 10)
			if err != nil || len(got) != 0 {
				t.Errorf("after the last: got %v, %v, want none", got, err)
			}
			return nil
		})
		err := st.Update(t.Context(), func(tx desk.Tx) error {
			return errors.Join(tx.Append(t.Context(), &desk.Event{At: t0}), errors.New("no"))
		})
		got := read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.Event, error) {
			return tx.Events(ctx, all[len(all)-1].ID, 10)
		})
		if err == nil || len(got) != 0 {
			t.Errorf("a failed transaction left %v (%v)", got, err)
		}
	})
}

// A reader that has come to some ID must never miss a lower one which is committed later.
func TestJournalIsInOrderOfCommits(t *testing.T) {
	st := storetest.OnPostgres(t)
	early, late := &desk.Event{At: t0, Kind: "early"}, &desk.Event{At: t0, Kind: "late"}
	update(t, st, func(ctx context.Context, tx desk.Tx) error {
		if err := tx.Append(ctx, late); err != nil {
			return err
		}
		done := make(chan error)
		go func() {
			done <- st.Update(ctx, func(tx desk.Tx) error { return tx.Append(ctx, early) })
		}()
		return <-done
	})
	if early.ID == 0 || late.ID <= early.ID {
		t.Errorf("got ID %d for what was committed first and %d for the second", early.ID, late.ID)
	}
}
