package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/migrations"
)

func TestMessage(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		full := &desk.Message{}
		fill(full)
		full.Ticket, full.Source = w.ticket.Number, w.source
		bare := &desk.Message{At: t0.Add(-time.Hour)}
		bare2 := &desk.Message{At: t0, Ticket: w.ticket.Number}
		held := &desk.Message{Identity: "held", Outcome: desk.OutcomeHeld, At: t0}
		all := []*desk.Message{full, bare, bare2, held}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			if m, err := tx.SameMail(ctx, full.Identity); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("same mail before: got %v, %v, want ErrNotFound", m, err)
			}
			for _, m := range all {
				if err := tx.AddMessage(ctx, m); err != nil {
					return err
				}
			}
			return nil
		})
		view(t, st, func(ctx context.Context, tx desk.Tx) error {
			for _, want := range all {
				got, err := tx.Message(ctx, want.ID)
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("message: %v, -want +got\n%s", err, diff)
				}
			}
			got, err := tx.SameMail(ctx, full.Identity)
			if diff := cmp.Diff(full, got); err != nil || diff != "" {
				t.Errorf("same mail: %v, -want +got\n%s", err, diff)
			}
			if m, err := tx.SameMail(ctx, ""); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("no identity: got %v, %v, want ErrNotFound", m, err)
			}
			of, err := tx.Messages(ctx, w.ticket.Number)
			if diff := cmp.Diff([]*desk.Message{bare2, full}, of); err != nil || diff != "" {
				t.Errorf("messages, oldest first: %v, -want +got\n%s", err, diff)
			}
			for most, want := range map[int][]*desk.Message{1: {full}, 5: {full, bare2}} {
				of, err := tx.Recent(ctx, w.ticket.Number, most)
				if diff := cmp.Diff(want, of); err != nil || diff != "" {
					t.Errorf("recent, at most %d: %v, -want +got\n%s", most, err, diff)
				}
			}
			of, err = tx.Held(ctx, 10)
			if diff := cmp.Diff([]*desk.Message{held}, of); err != nil || diff != "" {
				t.Errorf("held: %v, -want +got\n%s", err, diff)
			}
			if of, err = tx.Messages(ctx, 4711); err != nil || len(of) != 0 {
				t.Errorf("messages of no ticket: got %v, %v, want none", of, err)
			}
			if m, err := tx.Message(ctx, 4711); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("unknown message: got %v, %v, want ErrNotFound", m, err)
			}
			return nil
		})
	})
}

// The same mail, met by many nodes at once, is one message, and the others find it (M6).
func TestSameMailConcurrently(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		var looked sync.WaitGroup
		looked.Add(4)
		var mu sync.Mutex
		ids := map[int64]int{}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				runs := 0
				var id int64
				err := st.Update(t.Context(), func(tx desk.Tx) error {
					runs++
					m, err := tx.SameMail(t.Context(), "<a@cust.example> 1")
					if runs == 1 && st.Engine() == migrations.Postgres {
						looked.Done()
						looked.Wait() // so that all have looked before any has written; SQLite lets in one writer only
					}
					if errors.Is(err, desk.ErrNotFound) {
						m = &desk.Message{Identity: "<a@cust.example> 1", At: t0}
						err = tx.AddMessage(t.Context(), m)
					}
					if err == nil {
						id = m.ID
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				ids[id]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if len(ids) != 1 {
			t.Errorf("got messages %v, want one for all", ids)
		}
	})
}

func TestRefs(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		second := &desk.Ticket{}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			if err := tx.AddTicket(ctx, second); err != nil {
				return err
			}
			refs := []desk.Ref{
				{ID: "a@cust.example", Ticket: w.ticket.Number, Kind: desk.RefSeen},
				{ID: "a@cust.example", Ticket: second.Number, Kind: desk.RefMentioned},
				{ID: "b@cust.example", Ticket: second.Number, Kind: desk.RefSent},
				{ID: "", Ticket: second.Number, Kind: desk.RefSent},
			}
			if err := tx.AddRefs(ctx, nil); err != nil {
				return err
			}
			if err := tx.AddRefs(ctx, refs[:2]); err != nil {
				return err
			}
			return tx.AddRefs(ctx, refs) // known ones again
		})
		many := make([]message.ID, 5000)
		for i := range many {
			many[i] = message.ID(fmt.Sprint(i, "@cust.example"))
		}
		for _, c := range []struct {
			name string
			ids  []message.ID
			want []string
		}{
			{"none asked", nil, nil},
			{"no id", []message.ID{""}, nil},
			{"unknown", []message.ID{"c@cust.example"}, nil},
			{"leads to two", []message.ID{"a@cust.example"}, []string{"a@cust.example 1 seen", "a@cust.example 2 mentioned"}},
			{"several", []message.ID{"b@cust.example", "c@cust.example", "a@cust.example"},
				[]string{"a@cust.example 1 seen", "a@cust.example 2 mentioned", "b@cust.example 2 sent"}},
			{"case matters", []message.ID{"A@cust.example"}, nil},
			{"the end of a long list", append(many, "b@cust.example"), []string{"b@cust.example 2 sent"}},
		} {
			refs := read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.Ref, error) { return tx.Refs(ctx, c.ids) })
			var got []string
			for _, r := range refs {
				got = append(got, fmt.Sprint(r.ID, " ", r.Ticket, " ", r.Kind))
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: got %q, want %q", c.name, got, c.want)
			}
		}
	})
}
