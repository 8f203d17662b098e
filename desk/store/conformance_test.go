package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/migrations"
)

var _ desk.Store = (*store.Store)(nil)

// t0 is an instant with microseconds, as precise as a store has to be.
var t0 = time.Date(2026, 11, 22, 9, 30, 0, 123456000, time.UTC)

// update and view fail the test on any error.
func update(t *testing.T, st *store.Store, do func(ctx context.Context, tx desk.Tx) error) {
	t.Helper()
	if err := st.Update(t.Context(), func(tx desk.Tx) error { return do(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func view(t *testing.T, st *store.Store, do func(ctx context.Context, tx desk.Tx) error) {
	t.Helper()
	if err := st.View(t.Context(), func(tx desk.Tx) error { return do(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// read gives what one look-up finds.
func read[T any](t *testing.T, st *store.Store, look func(ctx context.Context, tx desk.Tx) (T, error)) (got T) {
	t.Helper()
	view(t, st, func(ctx context.Context, tx desk.Tx) (err error) {
		got, err = look(ctx, tx)
		return err
	})
	return got
}

// fill sets every field of what p points at, and all below, to a value of its own: a field that a store forgets then shows, also
// one that is added later.
func fill(p any) {
	n := 0
	var set func(name string, v reflect.Value)
	set = func(name string, v reflect.Value) {
		n++
		switch v.Interface().(type) {
		case time.Time:
			v.Set(reflect.ValueOf(t0.Add(time.Duration(n) * time.Hour)))
			return
		case json.RawMessage:
			v.Set(reflect.ValueOf(json.RawMessage(fmt.Sprintf(`{"n":%d}`, n))))
			return
		case message.Level:
			v.Set(reflect.ValueOf(message.LevelA1))
			return
		case calendar.Date:
			v.Set(reflect.ValueOf(calendar.Date{Year: 2026, Month: time.March, Day: n%28 + 1}))
			return
		}
		switch v.Kind() {
		case reflect.String:
			v.SetString(fmt.Sprintf("%s %d ж", name, n))
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Int, reflect.Int64:
			v.SetInt(int64(n))
		case reflect.Uint32:
			v.SetUint(uint64(n))
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
			set(name, v.Elem())
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			set(name, v.Index(0))
			set(name, v.Index(1))
		case reflect.Map:
			v.Set(reflect.MakeMap(v.Type()))
			key, val := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			set(name, key)
			set(name, val)
			v.SetMapIndex(key, val)
		case reflect.Struct:
			for i := range v.NumField() {
				set(v.Type().Field(i).Name, v.Field(i))
			}
		default:
			panic("fill: " + name + " has kind " + v.Kind().String())
		}
	}
	set("", reflect.ValueOf(p).Elem())
}

// A world is what most rows point at.
type world struct {
	customer desk.Customer
	contacts []*desk.Contact
	ticket   *desk.Ticket
	source   int64
}

// newWorld saves a customer with two contacts, a source, and a ticket with every field set.
func newWorld(t *testing.T, st *store.Store) world {
	t.Helper()
	var w world
	fill(&w.customer)
	w.contacts = []*desk.Contact{
		{Address: "anna@cust.example", Name: "Anna Ж", Language: "de", Customer: w.customer.ID, MaySpend: true},
		{Address: "kim@acme.example", Name: "Kim"},
	}
	w.ticket = &desk.Ticket{}
	fill(w.ticket)
	update(t, st, func(ctx context.Context, tx desk.Tx) (err error) {
		if err := tx.SaveCustomer(ctx, w.customer); err != nil {
			return err
		}
		for _, c := range w.contacts {
			if err := tx.SaveContact(ctx, c); err != nil {
				return err
			}
		}
		if w.source, err = tx.SaveSource(ctx, strings.NewReader("From: anna@cust.example\r\n\r\nHello\r\n")); err != nil {
			return err
		}
		w.ticket.Customer, w.ticket.Requester = w.customer.ID, *w.contacts[0]
		w.ticket.MergedInto = 1 // itself: the first there is
		for i, c := range w.contacts {
			w.ticket.Participants[i].Contact = *c
		}
		return tx.AddTicket(ctx, w.ticket)
	})
	return w
}

func TestMeta(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		view(t, st, func(ctx context.Context, tx desk.Tx) error {
			if v, err := tx.Meta(ctx, "epoch"); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("unknown name: got %q, %v, want ErrNotFound", v, err)
			}
			return nil
		})
		for _, value := range []string{"first", "second"} {
			update(t, st, func(ctx context.Context, tx desk.Tx) error {
				got, err := tx.SetMeta(ctx, "epoch", value)
				if got != "first" {
					t.Errorf("set %s: got %q, want the first to stand", value, got)
				}
				return err
			})
		}
		if got := read(t, st, func(ctx context.Context, tx desk.Tx) (string, error) { return tx.Meta(ctx, "epoch") }); got != "first" {
			t.Errorf("got %q, want first", got)
		}
	})
}

func TestNow(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		st.Now = func() time.Time { return t0.In(time.FixedZone("CET", 3600)) }
		before := time.Now().Add(-time.Hour)
		got := read(t, st, func(ctx context.Context, tx desk.Tx) (time.Time, error) { return tx.Now(ctx) })
		switch {
		case st.Engine() == migrations.SQLite && got != t0:
			t.Errorf("got %v, want the process's clock, %v", got, t0)
		case st.Engine() == migrations.Postgres && (got.Before(before) || got.Location() != time.UTC || got.Equal(t0)):
			t.Errorf("got %v, want the server's clock in UTC", got)
		}
	})
}

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

// at20 runs do 20 times at once.
func at20(t *testing.T, do func(n int) error) {
	t.Helper()
	var wg sync.WaitGroup
	start := make(chan struct{})
	for n := range 20 {
		wg.Go(func() {
			<-start
			if err := do(n); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
}

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

// Two transactions that wait for each other are both carried out in the end.
func TestDeadlock(t *testing.T) {
	st := storetest.OnPostgres(t)
	update(t, st, func(ctx context.Context, tx desk.Tx) error {
		if err := tx.AddTicket(ctx, &desk.Ticket{}); err != nil {
			return err
		}
		return tx.AddTicket(ctx, &desk.Ticket{})
	})
	var both sync.WaitGroup
	both.Add(2)
	var wg sync.WaitGroup
	total := make(chan int, 2)
	for _, order := range [][]int64{{1, 2}, {2, 1}} {
		wg.Go(func() {
			runs := 0
			err := st.Update(t.Context(), func(tx desk.Tx) error {
				runs++
				for i, number := range order {
					ticket, err := tx.Ticket(t.Context(), number)
					if err != nil {
						return err
					}
					ticket.Minutes++
					if err := tx.SaveTicket(t.Context(), ticket); err != nil {
						return err
					}
					if i == 0 && runs == 1 {
						both.Done()
						both.Wait()
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			total <- runs
		})
	}
	wg.Wait()
	if runs := <-total + <-total; runs < 3 {
		t.Errorf("got %d runs, want 3 or more: there was no deadlock", runs)
	}
	for number := range int64(2) {
		got := read(t, st, func(ctx context.Context, tx desk.Tx) (*desk.Ticket, error) { return tx.Ticket(ctx, number+1) })
		if got.Minutes != 2 {
			t.Errorf("ticket %d: got %d minutes, want 2", number+1, got.Minutes)
		}
	}
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

func TestCustomer(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		var c desk.Customer
		fill(&c)
		renamed := c
		renamed.Name, renamed.Language, renamed.Market, renamed.Zone = "Acme", "", "", ""
		for _, want := range []desk.Customer{c, renamed} {
			update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.SaveCustomer(ctx, want) })
			got := read(t, st, func(ctx context.Context, tx desk.Tx) (desk.Customer, error) { return tx.Customer(ctx, c.ID) })
			if got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		view(t, st, func(ctx context.Context, tx desk.Tx) error {
			if got, err := tx.Customer(ctx, "nobody"); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("unknown: got %v, %v, want ErrNotFound", got, err)
			}
			return nil
		})
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.SaveCustomer(ctx, desk.Customer{ID: "Acme-1"}) })
		for id, want := range map[string]string{"Acme-1": "Acme-1", "acme-1": "Acme-1", "ACME-1": "Acme-1", "acme-2": ""} {
			view(t, st, func(ctx context.Context, tx desk.Tx) error {
				if got, err := tx.CustomerLike(ctx, id); got.ID != want || errors.Is(err, desk.ErrNotFound) != (want == "") {
					t.Errorf("like %s: got %q, %v, want %q", id, got.ID, err, want)
				}
				return nil
			})
		}
	})
}

func TestContact(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		for _, want := range w.contacts {
			got := read(t, st, func(ctx context.Context, tx desk.Tx) (*desk.Contact, error) { return tx.ContactOf(ctx, want.Address) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		}
		kim := *w.contacts[1]
		kim.Address, kim.Customer, kim.Name = "kim@cust.example", w.customer.ID, "Kim Ж"
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.SaveContact(ctx, &kim) })
		got := read(t, st, func(ctx context.Context, tx desk.Tx) ([]*desk.Contact, error) { return tx.Contacts(ctx, w.customer.ID) })
		if diff := cmp.Diff([]*desk.Contact{w.contacts[0], &kim}, got); diff != "" {
			t.Errorf("of the customer: -want +got\n%s", diff)
		}
		view(t, st, func(ctx context.Context, tx desk.Tx) error {
			if c, err := tx.ContactOf(ctx, "kim@acme.example"); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("old address: got %v, %v, want ErrNotFound", c, err)
			}
			return nil
		})
		twin := desk.Contact{Address: "anna@cust.example"}
		if err := st.Update(t.Context(), func(tx desk.Tx) error { return tx.SaveContact(t.Context(), &twin) }); err == nil {
			t.Error("one address was added twice")
		}
		ghost := desk.Contact{ID: 4711, Address: "ghost@cust.example"}
		if err := st.Update(t.Context(), func(tx desk.Tx) error { return tx.SaveContact(t.Context(), &ghost) }); !errors.Is(err, desk.ErrNotFound) {
			t.Errorf("unknown ID: got %v, want ErrNotFound", err)
		}
	})
}

// An address that writes for the first time to many nodes at once becomes one contact.
func TestContactConcurrently(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		var mu sync.Mutex
		ids := map[int64]bool{}
		at20(t, func(int) error {
			return st.Update(t.Context(), func(tx desk.Tx) error {
				c, err := tx.ContactOf(t.Context(), "anna@cust.example")
				if errors.Is(err, desk.ErrNotFound) {
					c = &desk.Contact{Address: "anna@cust.example"}
					err = tx.SaveContact(t.Context(), c)
				}
				if err != nil {
					return err
				}
				mu.Lock()
				ids[c.ID] = true
				mu.Unlock()
				return nil
			})
		})
		if len(ids) != 1 {
			t.Errorf("got contacts %v, want one", ids)
		}
	})
}

func TestEntitlements(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		day := func(d int) calendar.Date { return calendar.Date{Year: 2026, Month: time.March, Day: d} }
		var full desk.Entitlement
		fill(&full)
		full.Customer, full.From = "acme", day(9)
		early := desk.Entitlement{Customer: "acme", Kind: "purchase", Product: "classifieds", From: day(2)}
		late := desk.Entitlement{Customer: "acme", Kind: "purchase", Product: "classifieds", From: day(10)}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			if err := tx.SaveCustomer(ctx, desk.Customer{ID: "acme"}); err != nil {
				return err
			}
			for _, e := range []desk.Entitlement{full, early, late} {
				if err := tx.AddEntitlement(ctx, e); err != nil {
					return err
				}
			}
			return nil
		})
		got := read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.Entitlement, error) { return tx.Entitlements(ctx, "acme") })
		if diff := cmp.Diff([]desk.Entitlement{late, full, early}, got); diff != "" {
			t.Errorf("latest first: -want +got\n%s", diff)
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

// View sees one state, whatever is committed meanwhile.
func TestViewSeesOneState(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		add := func() {
			update(t, st, func(ctx context.Context, tx desk.Tx) error {
				return tx.Append(ctx, &desk.Event{At: t0})
			})
		}
		add()
		view(t, st, func(ctx context.Context, tx desk.Tx) error {
			before, err := tx.Events(ctx, 0, 10)
			if err != nil {
				return err
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				add()
			}()
			<-done
			after, err := tx.Events(ctx, 0, 10)
			if len(before) != 1 || len(after) != 1 {
				t.Errorf("got %d lines, then %d, want 1 and 1", len(before), len(after))
			}
			return err
		})
	})
}

func TestViewCannotWrite(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		m := &desk.Mail{At: t0}
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.AddMail(ctx, m) })
		for name, write := range map[string]func(ctx context.Context, tx desk.Tx) error{
			"Expect":        func(ctx context.Context, tx desk.Tx) error { return tx.Expect(ctx, desk.Expected{}) },
			"SetMeta":       func(ctx context.Context, tx desk.Tx) error { _, err := tx.SetMeta(ctx, "a", "b"); return err },
			"Lease":         func(ctx context.Context, tx desk.Tx) error { _, err := tx.Lease(ctx, "a", "b", t0); return err },
			"Release":       func(ctx context.Context, tx desk.Tx) error { return tx.Release(ctx, "a", "b") },
			"SaveCursor":    func(ctx context.Context, tx desk.Tx) error { return tx.SaveCursor(ctx, desk.Cursor{}) },
			"SaveReception": func(ctx context.Context, tx desk.Tx) error { return tx.SaveReception(ctx, desk.Reception{}) },
			"SaveSource": func(ctx context.Context, tx desk.Tx) error {
				_, err := tx.SaveSource(ctx, strings.NewReader("a"))
				return err
			},
			"AddMessage":     func(ctx context.Context, tx desk.Tx) error { return tx.AddMessage(ctx, &desk.Message{}) },
			"AddRefs":        func(ctx context.Context, tx desk.Tx) error { return tx.AddRefs(ctx, []desk.Ref{{ID: "a", Ticket: 1}}) },
			"AddTicket":      func(ctx context.Context, tx desk.Tx) error { return tx.AddTicket(ctx, &desk.Ticket{}) },
			"SaveTicket":     func(ctx context.Context, tx desk.Tx) error { return tx.SaveTicket(ctx, w.ticket) },
			"SaveCustomer":   func(ctx context.Context, tx desk.Tx) error { return tx.SaveCustomer(ctx, w.customer) },
			"SaveContact":    func(ctx context.Context, tx desk.Tx) error { return tx.SaveContact(ctx, w.contacts[0]) },
			"AddEntitlement": func(ctx context.Context, tx desk.Tx) error { return tx.AddEntitlement(ctx, desk.Entitlement{}) },
			"Post": func(ctx context.Context, tx desk.Tx) error {
				_, _, err := tx.Post(ctx, topUp("a", "acme", 1))
				return err
			},
			"SaveMessage":  func(ctx context.Context, tx desk.Tx) error { return tx.SaveMessage(ctx, &desk.Message{}, "") },
			"MoveMessages": func(ctx context.Context, tx desk.Tx) error { return tx.MoveMessages(ctx, 1, 2) },
			"DropRefs":     func(ctx context.Context, tx desk.Tx) error { return tx.DropRefs(ctx, []message.ID{"a"}, 1) },
			"StartTimer":   func(ctx context.Context, tx desk.Tx) error { return tx.StartTimer(ctx, "a", t0) },
			"EndTimer":     func(ctx context.Context, tx desk.Tx) error { _, err := tx.EndTimer(ctx, "a"); return err },
			"Mute":         func(ctx context.Context, tx desk.Tx) error { return tx.Mute(ctx, "a", "b", t0) },
			"Unmute":       func(ctx context.Context, tx desk.Tx) error { _, err := tx.Unmute(ctx, "a"); return err },
			"AddTime":      func(ctx context.Context, tx desk.Tx) error { return tx.AddTime(ctx, desk.TimeEntry{Ticket: 1, At: t0}) },
			"Append":       func(ctx context.Context, tx desk.Tx) error { return tx.Append(ctx, &desk.Event{At: t0}) },
			"AddMail":      func(ctx context.Context, tx desk.Tx) error { return tx.AddMail(ctx, &desk.Mail{At: t0}) },
			"LeaseMails":   func(ctx context.Context, tx desk.Tx) error { _, err := leaseMail(ctx, tx, "a", t0); return err },
			"SetMIME":      func(ctx context.Context, tx desk.Tx) error { _, err := tx.SetMIME(ctx, m.ID, w.source); return err },
			"Tried":        func(ctx context.Context, tx desk.Tx) error { return tx.Tried(ctx, desk.Attempt{Mail: m.ID, At: t0}) },
			"RetryMail":    func(ctx context.Context, tx desk.Tx) error { _, err := tx.RetryMail(ctx, m.ID, ""); return err },
		} {
			err := st.View(t.Context(), func(tx desk.Tx) error { return write(t.Context(), tx) })
			if err == nil || !strings.Contains(err.Error(), "a View cannot write") {
				t.Errorf("%s: got %v, want an error that says why", name, err)
			}
		}
	})
}

// An Update that returns an error, or panics, leaves no trace, and the next one works.
func TestUpdateLeavesNoTrace(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		no := errors.New("no")
		err := st.Update(t.Context(), func(tx desk.Tx) error {
			return errors.Join(tx.SaveCustomer(t.Context(), desk.Customer{ID: "acme"}), no)
		})
		if !errors.Is(err, no) {
			t.Errorf("got %v, want the error of do", err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = st.Update(t.Context(), func(tx desk.Tx) error {
				if err := tx.SaveCustomer(t.Context(), desk.Customer{ID: "acme"}); err != nil {
					t.Error(err)
				}
				panic("on purpose")
			})
		}()
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			if c, err := tx.Customer(ctx, "acme"); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("got %v, %v, want ErrNotFound", c, err)
			}
			return nil
		})
	})
}

// The end of a caller's context is told as such, not in the drivers' words.
func TestCancelled(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		err := st.Update(ctx, func(tx desk.Tx) error {
			if err := tx.SaveCustomer(ctx, desk.Customer{ID: "acme"}); err != nil {
				return err
			}
			cancel()
			return tx.SaveCustomer(ctx, desk.Customer{ID: "cust"})
		})
		if !errors.Is(err, context.Canceled) || errors.Is(err, desk.ErrUnavailable) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if err := st.Update(ctx, func(desk.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("next: got %v, want context.Canceled", err)
		}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			if c, err := tx.Customer(ctx, "acme"); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("got %v, %v, want ErrNotFound", c, err)
			}
			return nil
		})
	})
}

// Mail holds every byte there is; what is looked up by it has to be found again (F31), also by the transaction that has just added it, and by
// one that was told to expect it.
func TestHostileText(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		for i, ahead := range []bool{false, true} {
			const hostile, harmless = "a\x00b\xff'; DROP TABLE ticket; -- :name $1 ? \U0001F600", "a\uFFFDb\uFFFD'; DROP TABLE ticket; -- :name $1 ? \U0001F600"
			text, want := hostile+fmt.Sprint(i), harmless+fmt.Sprint(i)
			c := &desk.Contact{Address: text, Name: text}
			m := &desk.Message{Identity: text, MessageID: message.ID(text), Subject: text, Text: text, At: t0, Kind: message.Kind(text), Why: []string{text}, Ticket: 1}
			out := &desk.Mail{To: message.Address{Addr: text}, Subject: text, At: t0, Automatic: true, Template: text}
			expect := func(ctx context.Context, tx desk.Tx) error {
				if !ahead {
					return nil
				}
				return tx.Expect(ctx, desk.Expected{Since: t0, Mails: []desk.ExpectedMail{{Identity: text, ID: message.ID(text), Address: text, Names: []message.ID{message.ID(text)}}}})
			}
			found := func(ctx context.Context, tx desk.Tx) error {
				if got, err := tx.ContactOf(ctx, text); err != nil || got.Address != want || got.Name != want {
					t.Errorf("contact: got %+v, %v", got, err)
				}
				if got, err := tx.SameMail(ctx, text); err != nil || got.Subject != want || got.Text != want || got.Kind != message.Kind(want) {
					t.Errorf("message: got %+v, %v", got, err)
				}
				if got, err := tx.Recent(ctx, 1, 1); err != nil || len(got) != 1 || got[0].Subject != want {
					t.Errorf("recent: got %+v, %v", got, err)
				}
				if got, err := tx.Refs(ctx, []message.ID{message.ID(text)}); err != nil || len(got) != 1 {
					t.Errorf("refs: got %v, %v", got, err)
				}
				if got, err := tx.Muted(ctx, text); err != nil || got != want {
					t.Errorf("muted: got %q, %v", got, err)
				}
				if got, err := tx.SentTo(ctx, text, text, 0, t0); err != nil || got != 1 {
					t.Errorf("sent to: got %v, %v", got, err)
				}
				return nil
			}
			update(t, st, func(ctx context.Context, tx desk.Tx) error {
				return errors.Join(expect(ctx, tx), tx.Mute(ctx, text, text, t0), tx.SaveContact(ctx, c), tx.AddTicket(ctx, &desk.Ticket{}), tx.AddMessage(ctx, m), tx.AddMail(ctx, out),
					tx.AddRefs(ctx, []desk.Ref{{ID: message.ID(text), Ticket: 1, Kind: desk.RefSeen}}),
					tx.Append(ctx, &desk.Event{At: t0, Kind: "x", Data: json.RawMessage(`"` + text + `"`)}), found(ctx, tx))
			})
			view(t, st, found)
			update(t, st, func(ctx context.Context, tx desk.Tx) error { return errors.Join(expect(ctx, tx), found(ctx, tx)) })
		}
	})
}
