package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

func TestTicket(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		if w.ticket.Number != 1 {
			t.Errorf("first number: got %d, want 1", w.ticket.Number)
		}
		load := func(number int64) *desk.Ticket {
			t.Helper()
			return read(t, st, func(ctx context.Context, tx desk.Tx) (*desk.Ticket, error) { return tx.Ticket(ctx, number) })
		}
		if diff := cmp.Diff(w.ticket, load(1)); diff != "" {
			t.Errorf("as added: -want +got\n%s", diff)
		}
		// Everything changes, and what can be without a value has none.
		emptied := &desk.Ticket{Number: 1, Requester: *w.contacts[1]}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			loaded, err := tx.Ticket(ctx, 1)
			if err != nil {
				return err
			}
			emptied.Version = loaded.Version
			return tx.SaveTicket(ctx, emptied)
		})
		if diff := cmp.Diff(emptied, load(1)); diff != "" {
			t.Errorf("emptied: -want +got\n%s", diff)
		}
		again := *w.ticket
		again.Participants = []desk.Participant{again.Participants[1]}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			loaded, err := tx.Ticket(ctx, 1)
			if err != nil {
				return err
			}
			again.Version = loaded.Version
			if err := tx.SaveTicket(ctx, &again); err != nil {
				return err
			}
			return tx.SaveTicket(ctx, &again) // twice in one transaction
		})
		if diff := cmp.Diff(&again, load(1)); diff != "" {
			t.Errorf("saved again: -want +got\n%s", diff)
		}
		view(t, st, func(ctx context.Context, tx desk.Tx) error {
			if got, err := tx.Ticket(ctx, 2); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("unknown: got %v, %v, want ErrNotFound", got, err)
			}
			return nil
		})
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			if got, err := tx.Ticket(ctx, 2); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("unknown inside Update: got %v, %v, want ErrNotFound", got, err)
			}
			next := &desk.Ticket{}
			if err := tx.AddTicket(ctx, next); err != nil {
				return err
			}
			if next.Number != 2 {
				t.Errorf("second number: got %d, want 2", next.Number)
			}
			return nil
		})
	})
}

// A contact whom nobody saved would be lost with the ticket.
func TestTicketOfUnsavedContact(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		stranger := desk.Contact{Address: "eve@evil.example"}
		for name, ticket := range map[string]*desk.Ticket{
			"requester":   {Requester: stranger},
			"participant": {Participants: []desk.Participant{{Contact: stranger}}},
		} {
			err := st.Update(t.Context(), func(tx desk.Tx) error { return tx.AddTicket(t.Context(), ticket) })
			if err == nil || !strings.Contains(err.Error(), name+" eve@evil.example is not saved") {
				t.Errorf("%s: got %v, want an error that names the contact", name, err)
			}
		}
	})
}

// A ticket is locked by loading it: no change of one transaction is lost to another's.
func TestTicketConcurrently(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.AddTicket(ctx, &desk.Ticket{}) })
		at20(t, func(int) error {
			return st.Update(t.Context(), func(tx desk.Tx) error {
				ticket, err := tx.Ticket(t.Context(), 1)
				if err != nil {
					return err
				}
				ticket.Minutes++
				return tx.SaveTicket(t.Context(), ticket)
			})
		})
		got := read(t, st, func(ctx context.Context, tx desk.Tx) (*desk.Ticket, error) { return tx.Ticket(ctx, 1) })
		if got.Minutes != 20 {
			t.Errorf("got %d minutes, want 20", got.Minutes)
		}
	})
}

// What was loaded in an earlier transaction must not overwrite what came after.
func TestStaleTicket(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.AddTicket(ctx, &desk.Ticket{}) })
		stale := read(t, st, func(ctx context.Context, tx desk.Tx) (*desk.Ticket, error) { return tx.Ticket(ctx, 1) })
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			fresh, err := tx.Ticket(ctx, 1)
			if err != nil {
				return err
			}
			return tx.SaveTicket(ctx, fresh)
		})
		if err := st.Update(t.Context(), func(tx desk.Tx) error { return tx.SaveTicket(t.Context(), stale) }); err == nil {
			t.Error("a stale ticket was saved")
		}
	})
}

func TestWaking(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		view(t, st, func(ctx context.Context, tx desk.Tx) error {
			if at, err := tx.NextWake(ctx); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("no ticket: got %v, %v, want ErrNotFound", at, err)
			}
			return nil
		})
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			for _, at := range []time.Time{t0.Add(time.Hour), {}, t0, t0.Add(-time.Hour), t0.Add(time.Microsecond)} {
				if err := tx.AddTicket(ctx, &desk.Ticket{WakeAt: at}); err != nil {
					return err
				}
			}
			return nil
		})
		for _, c := range []struct {
			name  string
			now   time.Time
			limit int
			want  []int64
		}{
			{"not after now, earliest first", t0, 10, []int64{4, 3}},
			{"at most", t0, 1, []int64{4}},
			{"all that have a time", t0.Add(time.Hour), 10, []int64{4, 3, 5, 1}},
			{"none yet", t0.Add(-2 * time.Hour), 10, nil},
		} {
			got := read(t, st, func(ctx context.Context, tx desk.Tx) ([]int64, error) { return tx.Waking(ctx, c.now, c.limit) })
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
			}
		}
		if got := read(t, st, func(ctx context.Context, tx desk.Tx) (time.Time, error) { return tx.NextWake(ctx) }); got != t0.Add(-time.Hour) {
			t.Errorf("next wake: got %v, want %v", got, t0.Add(-time.Hour))
		}
	})
}

func TestAwaitingCredits(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			for _, id := range []string{"acme", "cust"} {
				if err := tx.SaveCustomer(ctx, desk.Customer{ID: id}); err != nil {
					return err
				}
			}
			for _, ticket := range []*desk.Ticket{
				{Customer: "acme", Status: desk.AwaitingCredits}, {Customer: "acme", Status: desk.Open},
				{Customer: "cust", Status: desk.AwaitingCredits}, {Status: desk.AwaitingCredits},
				{Customer: "acme", Status: desk.AwaitingCredits},
			} {
				if err := tx.AddTicket(ctx, ticket); err != nil {
					return err
				}
			}
			return nil
		})
		for customer, want := range map[string][]int64{"acme": {1, 5}, "cust": {3}, "nobody": nil, "": nil} {
			got := read(t, st, func(ctx context.Context, tx desk.Tx) ([]int64, error) { return tx.AwaitingCredits(ctx, customer) })
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", customer, got, want)
			}
		}
	})
}

func TestTime(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		m := &desk.Message{Identity: "a", At: t0}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			if err := tx.AddMessage(ctx, m); err != nil {
				return err
			}
			var full desk.TimeEntry
			fill(&full)
			full.Ticket, full.Message, full.Line, full.Staff, full.Minutes = w.ticket.Number, m.ID, 1, "eva", 45
			correction := full
			correction.Line, correction.Minutes = 2, -15
			portal := desk.TimeEntry{Ticket: w.ticket.Number, Staff: "eva", Minutes: 5, At: t0}
			other := desk.TimeEntry{Ticket: w.ticket.Number, Staff: "max", Minutes: 7, At: t0}
			for _, e := range []desk.TimeEntry{full, full, correction, portal, portal, other} {
				if err := tx.AddTime(ctx, e); err != nil {
					return err
				}
			}
			return nil
		})
		for staff, want := range map[string]int{"eva": 45 - 15 + 5 + 5, "max": 7, "nobody": 0} {
			got := read(t, st, func(ctx context.Context, tx desk.Tx) (int, error) { return tx.Minutes(ctx, w.ticket.Number, staff) })
			if got != want {
				t.Errorf("%s: got %d minutes, want %d", staff, got, want)
			}
		}
	})
}
