package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

func mail(t *testing.T, st *store.Store, id int64) *desk.Mail {
	t.Helper()
	return read(t, st, func(ctx context.Context, tx desk.Tx) (*desk.Mail, error) { return tx.Mail(ctx, id) })
}

func TestMail(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		full := &desk.Mail{}
		fill(full)
		full.Ticket, full.MIME = w.ticket.Number, w.source
		bare := &desk.Mail{At: t0}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			return errors.Join(tx.AddMail(ctx, full), tx.AddMail(ctx, bare))
		})
		if bare.State != desk.MailWaiting {
			t.Errorf("without a state: got %q, want waiting", bare.State)
		}
		view(t, st, func(ctx context.Context, tx desk.Tx) error {
			for _, want := range []*desk.Mail{full, bare} {
				got, err := tx.Mail(ctx, want.ID)
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("mail: %v, -want +got\n%s", err, diff)
				}
			}
			got, err := tx.Mails(ctx, w.ticket.Number)
			if diff := cmp.Diff([]*desk.Mail{full}, got); err != nil || diff != "" {
				t.Errorf("of the ticket: %v, -want +got\n%s", err, diff)
			}
			if m, err := tx.Mail(ctx, 4711); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("unknown: got %v, %v, want ErrNotFound", m, err)
			}
			return nil
		})
	})
}

// leaseMail leases one mail; desk.ErrNotFound when there is none.
func leaseMail(ctx context.Context, tx desk.Tx, node string, until time.Time) (*desk.Mail, error) {
	ms, err := tx.LeaseMails(ctx, node, until, 1)
	if err == nil && len(ms) == 0 {
		err = desk.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return ms[0], nil
}

func TestLeaseMail(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		now := read(t, st, func(ctx context.Context, tx desk.Tx) (time.Time, error) { return tx.Now(ctx) })
		lease := func(lasts time.Duration) (id int64) {
			t.Helper()
			err := st.Update(t.Context(), func(tx desk.Tx) error {
				m, err := leaseMail(t.Context(), tx, "node1", now.Add(lasts))
				if err == nil {
					id = m.ID
				}
				return err
			})
			if err != nil && !errors.Is(err, desk.ErrNotFound) {
				t.Fatal(err)
			}
			return id
		}
		next := func() time.Time {
			t.Helper()
			return read(t, st, func(ctx context.Context, tx desk.Tx) (time.Time, error) { return tx.NextMail(ctx) })
		}
		if got := lease(time.Hour); got != 0 {
			t.Errorf("empty outbox: got mail %d", got)
		}
		view(t, st, func(ctx context.Context, tx desk.Tx) error {
			if at, err := tx.NextMail(ctx); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("empty outbox: got %v, %v, want ErrNotFound", at, err)
			}
			return nil
		})
		ids := map[string]int64{}
		for _, m := range []struct {
			name  string
			after time.Duration // of now
			state desk.MailState
		}{
			{"in an hour", time.Hour, desk.MailWaiting},
			{"a minute ago", -time.Minute, desk.MailWaiting},
			{"an hour ago", -time.Hour, desk.MailWaiting},
			{"sent", -time.Hour, desk.MailSent},
			{"failed", -time.Hour, desk.MailFailed},
		} {
			row := &desk.Mail{At: now, NotBefore: now.Add(m.after), State: m.state}
			update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.AddMail(ctx, row) })
			ids[m.name] = row.ID
		}
		if got, want := next(), now.Add(-time.Hour); !got.Equal(want) {
			t.Errorf("next mail: got %v, want %v", got, want)
		}
		for _, want := range []string{"an hour ago", "a minute ago"} {
			if got := lease(30 * time.Minute); got != ids[want] {
				t.Errorf("got mail %d, want the one of %s, %d", got, want, ids[want])
			}
		}
		if got := lease(time.Hour); got != 0 {
			t.Errorf("all leased or not yet due: got mail %d", got)
		}
		// A node that dies gives nothing back, but the end of its lease is when somebody looks again (O4).
		if got, want := next(), now.Add(30*time.Minute); !got.Equal(want) {
			t.Errorf("next mail, all leased: got %v, want the end of the leases, %v", got, want)
		}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			return tx.Tried(ctx, desk.Attempt{Mail: ids["a minute ago"], At: now, State: desk.MailWaiting, NotBefore: now.Add(-time.Second), Code: 451, Text: "later"})
		})
		if got := lease(-time.Second); got != ids["a minute ago"] {
			t.Errorf("after a failed try: got mail %d, want %d", got, ids["a minute ago"])
		}
		if got := lease(time.Hour); got != ids["a minute ago"] {
			t.Errorf("after a lease that ended: got mail %d, want %d", got, ids["a minute ago"])
		}
	})
}

// Of many nodes that ask at once, each gets mails of its own, and none stays behind.
func TestLeaseMailConcurrently(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			for range 30 {
				if err := tx.AddMail(ctx, &desk.Mail{At: t0}); err != nil {
					return err
				}
			}
			return nil
		})
		var mu sync.Mutex
		var got []int64
		at20(t, func(n int) error {
			for {
				var leased *desk.Mail
				err := st.Update(t.Context(), func(tx desk.Tx) error {
					now, err := tx.Now(t.Context())
					if err == nil {
						leased, err = leaseMail(t.Context(), tx, fmt.Sprint("node", n), now.Add(time.Hour))
					}
					return err
				})
				if errors.Is(err, desk.ErrNotFound) {
					return nil
				}
				if err != nil {
					return err
				}
				mu.Lock()
				got = append(got, leased.ID)
				mu.Unlock()
			}
		})
		slices.Sort(got)
		if len(got) != 30 || len(slices.Compact(got)) != 30 {
			t.Errorf("got mails %v, want each of 30 once", got)
		}
	})
}

// Two that want one mail at the same moment: one has it, and the other is told that there is none.
func TestLeaseOneMailTwice(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.AddMail(ctx, &desk.Mail{At: t0}) })
		var second error
		started := make(chan struct{})
		var wg sync.WaitGroup
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			now, err := tx.Now(ctx)
			if err != nil {
				return err
			}
			if _, err := leaseMail(ctx, tx, "node1", now.Add(time.Hour)); err != nil {
				return err
			}
			wg.Go(func() {
				close(started)
				second = st.Update(ctx, func(tx desk.Tx) error {
					_, err := leaseMail(ctx, tx, "node2", now.Add(time.Hour))
					return err
				})
			})
			<-started
			return nil
		})
		wg.Wait()
		if !errors.Is(second, desk.ErrNotFound) {
			t.Errorf("the second: got %v, want ErrNotFound", second)
		}
	})
}

func TestSetMIME(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		m := &desk.Mail{At: t0}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			if err := tx.AddMail(ctx, m); err != nil {
				return err
			}
			second, err := tx.SaveSource(ctx, noise(10))
			if err != nil {
				return err
			}
			if _, err := tx.SetMIME(ctx, 4711, w.source); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("unknown mail: got %v, want ErrNotFound", err)
			}
			first, err := tx.SetMIME(ctx, m.ID, w.source)
			again, err2 := tx.SetMIME(ctx, m.ID, second)
			if !first || again {
				t.Errorf("the first is %t, the second %t; want true and false", first, again)
			}
			return errors.Join(err, err2)
		})
		if got := mail(t, st, m.ID).MIME; got != w.source {
			t.Errorf("got source %d, want the first, %d", got, w.source)
		}
	})
}

func TestTried(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		at := func(h int) time.Time { return t0.Add(time.Duration(h) * time.Hour) }
		m := &desk.Mail{At: t0}
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.AddMail(ctx, m) })
		tries := []desk.Attempt{
			{Mail: m.ID, At: at(1), State: desk.MailWaiting, NotBefore: at(2), Code: 451, Text: "later, please"},
			{Mail: m.ID, At: at(2), State: desk.MailSent, Code: 250, Text: "ok"},
			{Mail: m.ID, At: at(3), State: desk.MailWaiting, NotBefore: at(4), Text: "a node that was believed dead"},
		}
		want := *m
		for i, a := range tries {
			update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.Tried(ctx, a) })
			want.Attempts = i + 1
			if i < 2 {
				want.State, want.NotBefore = a.State, a.NotBefore
			}
			if i == 1 {
				want.SentAt = a.At
			}
			if diff := cmp.Diff(&want, mail(t, st, m.ID)); diff != "" {
				t.Errorf("after try %d: -want +got\n%s", i+1, diff)
			}
		}
		got := read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.Attempt, error) { return tx.Attempts(ctx, m.ID) })
		if diff := cmp.Diff(tries, got); diff != "" {
			t.Errorf("attempts: -want +got\n%s", diff)
		}
		err := st.Update(t.Context(), func(tx desk.Tx) error {
			return tx.Tried(t.Context(), desk.Attempt{Mail: 4711, At: t0, State: desk.MailSent})
		})
		if !errors.Is(err, desk.ErrNotFound) {
			t.Errorf("unknown mail: got %v, want ErrNotFound", err)
		}
	})
}

// Of all nodes that think they have a mail, for whatever reason, one begins. What the others have to say of it comes too late, unless it was
// sent.
func TestOneNodeBegins(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		m := &desk.Mail{At: t0}
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.AddMail(ctx, m) })
		try := func(turn int, state desk.MailState) error {
			return st.Update(t.Context(), func(tx desk.Tx) error {
				return tx.Tried(t.Context(), desk.Attempt{Mail: m.ID, At: t0, State: state, Text: "sending", Turn: turn})
			})
		}
		var began atomic.Int64
		at20(t, func(int) error {
			err := try(1, desk.MailWaiting)
			if err == nil {
				began.Add(1)
			} else if errors.Is(err, desk.ErrTaken) {
				err = nil
			}
			return err
		})
		if began.Load() != 1 || mail(t, st, m.ID).Attempts != 1 {
			t.Errorf("%d nodes began, and %d tries are counted", began.Load(), mail(t, st, m.ID).Attempts)
		}
		if err := try(1, desk.MailFailed); !errors.Is(err, desk.ErrTaken) || mail(t, st, m.ID).State != desk.MailWaiting {
			t.Errorf("a node that comes too late gives the mail up: %v", err)
		}
		if err := try(1, desk.MailSent); err != nil || mail(t, st, m.ID).State != desk.MailSent {
			t.Errorf("a node that comes too late has sent it: %v", err)
		}
	})
}

func TestSentTo(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			for _, m := range []desk.Mail{
				{At: t0, Template: "acknowledgement", Ticket: w.ticket.Number, Automatic: true},
				{At: t0.Add(time.Hour), Template: "acknowledgement", Automatic: true},
				{At: t0.Add(2 * time.Hour), Template: "estimate", Ticket: w.ticket.Number, Automatic: true},
				{At: t0.Add(2 * time.Hour), Template: "reply", Ticket: w.ticket.Number},
				{At: t0, Template: "acknowledgement", Automatic: true, To: message.Address{Addr: "other@cust.example"}},
			} {
				if m.To.Addr == "" {
					m.To.Addr = "anna@cust.example"
				}
				if err := tx.AddMail(ctx, &m); err != nil {
					return err
				}
			}
			return nil
		})
		for _, c := range []struct {
			name, template string
			ticket         int64
			since          time.Time
			want           int
		}{
			{"all, never a person's", "", 0, time.Time{}, 3},
			{"since its own time", "", 0, t0, 3},
			{"since a moment later", "", 0, t0.Add(time.Microsecond), 2},
			{"of one template", "acknowledgement", 0, t0, 2},
			{"of one ticket", "", w.ticket.Number, t0, 2},
			{"of both", "acknowledgement", w.ticket.Number, t0, 1},
			{"of a number beyond 32 bits", "", 1 << 40, t0, 0},
		} {
			got := read(t, st, func(ctx context.Context, tx desk.Tx) (int, error) {
				return tx.SentTo(ctx, "anna@cust.example", c.template, c.ticket, c.since)
			})
			if got != c.want {
				t.Errorf("%s: got %d, want %d", c.name, got, c.want)
			}
		}
	})
}
