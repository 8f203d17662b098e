package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

func TestLease(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		for _, c := range []struct {
			name, node string
			lasts      time.Duration
			want       bool
		}{
			{"free", "node1", time.Hour, true},
			{"held by another", "node2", time.Hour, false},
			{"renewed by its node, and ended at once", "node1", -time.Second, true},
			{"run out", "node2", time.Hour, true},
			{"lost to another", "node1", time.Hour, false},
		} {
			update(t, st, func(ctx context.Context, tx desk.Tx) error {
				now, err := tx.Now(ctx)
				if err != nil {
					return err
				}
				got, err := tx.Lease(ctx, "mailbox:support", c.node, now.Add(c.lasts))
				if got != c.want {
					t.Errorf("%s: got %v, want %v", c.name, got, c.want)
				}
				return err
			})
		}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			now, err := tx.Now(ctx)
			if err != nil {
				return err
			}
			if err := tx.Release(ctx, "mailbox:support", "node1"); err != nil {
				return err
			}
			if got, err := tx.Lease(ctx, "mailbox:support", "node1", now.Add(time.Hour)); err != nil || got {
				t.Errorf("another's lease was given up: got %v, %v", got, err)
			}
			if err := tx.Release(ctx, "mailbox:support", "node2"); err != nil {
				return err
			}
			if got, err := tx.Lease(ctx, "mailbox:support", "node1", now.Add(time.Hour)); err != nil || !got {
				t.Errorf("after release: got %v, %v, want true", got, err)
			}
			return nil
		})
	})
}

// Of many nodes that ask at once, one has the lease.
func TestLeaseConcurrently(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		var winners []string
		var mu sync.Mutex
		at20(t, func(n int) error {
			node := fmt.Sprint("node", n)
			return st.Update(t.Context(), func(tx desk.Tx) error {
				now, err := tx.Now(t.Context())
				if err != nil {
					return err
				}
				ours, err := tx.Lease(t.Context(), "mailbox:support", node, now.Add(time.Hour))
				if ours {
					mu.Lock()
					winners = append(winners, node)
					mu.Unlock()
				}
				return err
			})
		})
		if len(winners) != 1 {
			t.Errorf("got %q, want one winner", winners)
		}
	})
}
