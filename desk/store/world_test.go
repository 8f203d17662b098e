package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
)

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
