package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

func TestCursor(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		at := func(validity, uid uint32) desk.Cursor {
			return desk.Cursor{Mailbox: "support", Folder: "INBOX", UIDValidity: validity, UID: uid}
		}
		view(t, st, func(ctx context.Context, tx desk.Tx) error {
			if c, err := tx.Cursor(ctx, "support", "INBOX"); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("before the first mail: got %v, %v, want ErrNotFound", c, err)
			}
			return nil
		})
		for _, c := range []struct {
			name       string
			save, want desk.Cursor
		}{
			{"first", at(7, 10), at(7, 10)},
			{"forward", at(7, 4294967295), at(7, 4294967295)},
			{"back", at(7, 3), at(7, 4294967295)},
			{"another UIDVALIDITY begins anew", at(8, 1), at(8, 1)},
			{"a lower UIDVALIDITY too", at(5, 2), at(5, 2)},
		} {
			update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.SaveCursor(ctx, c.save) })
			got := read(t, st, func(ctx context.Context, tx desk.Tx) (desk.Cursor, error) { return tx.Cursor(ctx, "support", "INBOX") })
			if got != c.want {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
			}
		}
	})
}

func TestReception(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		m := &desk.Message{Identity: "<a@cust.example> 1", At: t0}
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.AddMessage(ctx, m) })
		var r desk.Reception
		fill(&r)
		r.Message, r.Ticket = m.ID, w.ticket.Number
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			if got, err := tx.Reception(ctx, r.Position); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("never seen: got %v, %v, want ErrNotFound", got, err)
			}
			return tx.SaveReception(ctx, r)
		})
		later := r
		later.Outcome, later.Message, later.Ticket = desk.OutcomeDuplicate, 0, 0
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.SaveReception(ctx, later) })
		got := read(t, st, func(ctx context.Context, tx desk.Tx) (desk.Reception, error) { return tx.Reception(ctx, r.Position) })
		if diff := cmp.Diff(r, got); diff != "" {
			t.Errorf("the first record does not stand: -want +got\n%s", diff)
		}
		later.UID++
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.SaveReception(ctx, later) })
		got = read(t, st, func(ctx context.Context, tx desk.Tx) (desk.Reception, error) {
			return tx.Reception(ctx, later.Position)
		})
		if diff := cmp.Diff(later, got); diff != "" {
			t.Errorf("of a duplicate: -want +got\n%s", diff)
		}
	})
}
