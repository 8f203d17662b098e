package desk_test

import (
	"context"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// A slowStore lets something happen in an Update of it once the tries of a mail have been read.
type slowStore struct {
	desk.Store
	then func()
}

func (s slowStore) Update(ctx context.Context, do func(desk.Tx) error) error {
	return s.Store.Update(ctx, func(tx desk.Tx) error { return do(slowTx{tx, s.then}) })
}

type slowTx struct {
	desk.Tx
	then func()
}

func (x slowTx) Attempts(ctx context.Context, mail int64) ([]desk.Attempt, error) {
	all, err := x.Tx.Attempts(ctx, mail)
	x.then()
	return all, err
}

// TestT091HandsOffAMailThatBegins: a mail's DATA begins between the look of whoever wants it sent again, or given up, and his hand. Its node has
// it, so that nobody else may send it, nor say that it was not sent. On SQLite nothing can come in between.
func TestT091HandsOffAMailThatBegins(t *testing.T) {
	for name, hand := range map[string]func(ctx context.Context, st desk.Store, id int64, now time.Time) error{
		"retry": func(ctx context.Context, st desk.Store, id int64, _ time.Time) error {
			return desk.RetryMail(ctx, st, id)
		},
		"drop": func(ctx context.Context, st desk.Store, id int64, now time.Time) error {
			return desk.DropMail(ctx, st, id, "dana", now)
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := storetest.OnPostgres(t)
			w := newWorld(t, st)
			w.question()
			m, err := leaseMail(t.Context(), w.desk, time.Minute)
			if err != nil || m == nil {
				t.Fatalf("leased %v, %v", m, err)
			}
			begins := func() {
				begun := desk.Attempt{Mail: m.ID, At: w.now, State: desk.MailWaiting, NotBefore: w.now.Add(time.Hour), Text: desk.AttemptBegun, Turn: m.Attempts + 1}
				if err := w.desk.Tried(t.Context(), begun); err != nil {
					t.Fatal(err)
				}
			}
			if err := hand(t.Context(), slowStore{w.store, begins}, m.ID, w.now); err == nil {
				t.Error("a mail whose DATA has begun was taken from its node")
			}
			for again, err := leaseMail(t.Context(), w.desk, time.Minute); again != nil || err != nil; again, err = leaseMail(t.Context(), w.desk, time.Minute) {
				if err != nil || again.ID == m.ID {
					t.Fatalf("a second node has the mail that is being sent, %v", err)
				}
			}
		})
	}
}
