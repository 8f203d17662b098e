package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/migrations"
)

var _ desk.Store = (*store.Store)(nil)

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
			"RetryMail":    func(ctx context.Context, tx desk.Tx) error { _, err := tx.RetryMail(ctx, m, ""); return err },
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
