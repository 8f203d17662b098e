//go:build unix

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/migrations"
)

// T106: on PostgreSQL a node whose clock is wrong leaves deadlines to the others; on SQLite there is no other clock to go by.
func TestT106NodeWithAWrongClockFiresNothing(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		for off, wrong := range map[time.Duration]bool{0: false, 20 * time.Second: false, time.Hour: true, -time.Hour: true, 24 * time.Hour: true} {
			err := rightClock(st, func() time.Time { return time.Now().Add(off) })(t.Context())
			if want := wrong && st.Engine() == migrations.Postgres; (err != nil) != want {
				t.Errorf("by %v: got %v", off, err)
			} else if err != nil && !strings.Contains(err.Error(), off.String()) {
				t.Errorf("by %v: it says %q", off, err)
			}
		}
	})
}
