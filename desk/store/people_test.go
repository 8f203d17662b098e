package store_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

func TestSaveMessage(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		m := &desk.Message{Identity: "held", Outcome: desk.OutcomeHeld, At: t0, Internal: true, Why: []string{"for a reason"}, Subject: "Hello"}
		other := &desk.Message{Identity: "other", Outcome: desk.OutcomeReply, At: t0, Ticket: w.ticket.Number}
		second := &desk.Ticket{}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			return errors.Join(tx.AddMessage(ctx, m), tx.AddMessage(ctx, other), tx.AddTicket(ctx, second))
		})
		want := *m
		want.Ticket, want.Outcome, want.By, want.Internal = w.ticket.Number, desk.OutcomeReply, "staff", false
		want.Why = append(slices.Clone(m.Why), "joined by dana")
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			changed := want
			changed.Subject = "what somebody wrote stays" // it does
			return tx.SaveMessage(ctx, &changed, desk.OutcomeHeld)
		})
		load := func(id int64) *desk.Message {
			return read(t, st, func(ctx context.Context, tx desk.Tx) (*desk.Message, error) { return tx.Message(ctx, id) })
		}
		if diff := cmp.Diff(&want, load(m.ID)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		err := st.Update(t.Context(), func(tx desk.Tx) error { return tx.SaveMessage(t.Context(), m, desk.OutcomeHeld) })
		if !errors.Is(err, desk.ErrNotFound) {
			t.Errorf("the second time: got %v, want ErrNotFound", err)
		}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			return tx.MoveMessages(ctx, w.ticket.Number, second.Number)
		})
		for _, id := range []int64{m.ID, other.ID} {
			if got := load(id); got.Ticket != second.Number {
				t.Errorf("message %d is on ticket %d", id, got.Ticket)
			}
		}
	})
}

// Of many who decide over a held mail at once, one does.
func TestSaveMessageConcurrently(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		m := &desk.Message{Identity: "held", Outcome: desk.OutcomeHeld, At: t0}
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.AddMessage(ctx, m) })
		const people = 8
		var wg sync.WaitGroup
		errs := make([]error, people)
		for i := range people {
			wg.Go(func() {
				errs[i] = st.Update(t.Context(), func(tx desk.Tx) error {
					mine := *m
					mine.Outcome = desk.OutcomeNoted
					return tx.SaveMessage(t.Context(), &mine, desk.OutcomeHeld)
				})
			})
		}
		wg.Wait()
		done := 0
		for _, err := range errs {
			switch {
			case err == nil:
				done++
			case !errors.Is(err, desk.ErrNotFound):
				t.Error(err)
			}
		}
		if done != 1 {
			t.Errorf("%d of %d decided", done, people)
		}
	})
}

func TestDropRefs(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			for range 2 {
				if err := tx.AddTicket(ctx, &desk.Ticket{}); err != nil {
					return err
				}
			}
			refs := []desk.Ref{
				{ID: "a@x", Ticket: 1, Kind: desk.RefSeen}, {ID: "a@x", Ticket: 1, Kind: desk.RefMentioned}, {ID: "a@x", Ticket: 2, Kind: desk.RefSeen},
				{ID: "b@x", Ticket: 1, Kind: desk.RefSeen},
			}
			if err := tx.AddRefs(ctx, refs); err != nil {
				return err
			}
			return tx.DropRefs(ctx, []message.ID{"a@x", "", "unknown@x"}, 1)
		})
		left := read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.Ref, error) {
			return tx.Refs(ctx, []message.ID{"a@x", "b@x"})
		})
		slices.SortFunc(left, func(a, b desk.Ref) int { return int(b.Ticket - a.Ticket) })
		if diff := cmp.Diff([]desk.Ref{{ID: "a@x", Ticket: 2, Kind: desk.RefSeen}, {ID: "b@x", Ticket: 1, Kind: desk.RefSeen}}, left); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

func TestTimers(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			return errors.Join(tx.StartTimer(ctx, "held", t0), tx.StartTimer(ctx, "digest", t0.Add(time.Hour)),
				tx.StartTimer(ctx, "held", t0.Add(-time.Hour)), // the first stands
				tx.AddTicket(ctx, &desk.Ticket{WakeAt: t0.Add(time.Minute)}))
		})
		due := func(at time.Time) []string {
			return read(t, st, func(ctx context.Context, tx desk.Tx) ([]string, error) { return tx.DueTimers(ctx, at) })
		}
		next := func() time.Time {
			return read(t, st, func(ctx context.Context, tx desk.Tx) (time.Time, error) { return tx.NextWake(ctx) })
		}
		for at, want := range map[time.Time][]string{t0.Add(-time.Microsecond): nil, t0: {"held"}, t0.Add(time.Hour): {"held", "digest"}} {
			if got := due(at); !slices.Equal(got, want) {
				t.Errorf("due at %v: got %q, want %q", at, got, want)
			}
		}
		if got := next(); got != t0 {
			t.Errorf("next wake: got %v, want %v", got, t0)
		}
		for i, want := range []bool{true, false} {
			update(t, st, func(ctx context.Context, tx desk.Tx) error {
				if got, err := tx.EndTimer(ctx, "held"); err != nil || got != want {
					t.Errorf("end %d: got %v, %v, want %v", i, got, err, want)
				}
				return nil
			})
		}
		if got := next(); got != t0.Add(time.Minute) {
			t.Errorf("next wake: got %v, want the ticket's %v", got, t0.Add(time.Minute))
		}
	})
}

func TestMute(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		muted := func() string {
			return read(t, st, func(ctx context.Context, tx desk.Tx) (string, error) {
				why, err := tx.Muted(ctx, "a@x.example")
				if errors.Is(err, desk.ErrNotFound) {
					return "", nil
				}
				return why, err
			})
		}
		if got := muted(); got != "" {
			t.Errorf("before: muted for %q", got)
		}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			return errors.Join(tx.Mute(ctx, "a@x.example", "a complaint", t0), tx.Mute(ctx, "a@x.example", "another", t0))
		})
		if got := muted(); got != "a complaint" {
			t.Errorf("muted for %q", got)
		}
		for _, want := range []bool{true, false} {
			update(t, st, func(ctx context.Context, tx desk.Tx) error {
				if got, err := tx.Unmute(ctx, "a@x.example"); err != nil || got != want {
					t.Errorf("unmute: got %v, %v, want %v", got, err, want)
				}
				return nil
			})
		}
		if got := muted(); got != "" {
			t.Errorf("after: muted for %q", got)
		}
	})
}
