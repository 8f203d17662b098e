package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/migrations"
)

const credit ledger.Unit = "credit"

// move is a posting of n credits from one account to another.
func move(key string, from, to ledger.Account, n int64) ledger.Posting {
	return ledger.Posting{Key: key, Cause: "test", At: t0, Entries: []ledger.Entry{
		{Account: from, Unit: credit, Amount: -n}, {Account: to, Unit: credit, Amount: n},
	}}
}

func topUp(key, customer string, n int64) ledger.Posting {
	return move(key, "sold", ledger.Customer(customer), n)
}

func hold(key, customer string, n int64) ledger.Posting {
	return move(key, ledger.Customer(customer), ledger.Held(customer), n)
}

func balance(t *testing.T, st *store.Store, a ledger.Account) int64 {
	t.Helper()
	return read(t, st, func(ctx context.Context, tx desk.Tx) (int64, error) { return tx.Balance(ctx, a, credit) })
}

func recount(t *testing.T, st *store.Store) []string {
	t.Helper()
	return read(t, st, func(ctx context.Context, tx desk.Tx) ([]string, error) { return tx.Recount(ctx) })
}

func TestPost(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		for _, c := range []struct {
			name     string
			posting  ledger.Posting
			balances []int64
			posted   bool
		}{
			{"first", topUp("t1", "acme", 5), []int64{-5, 5}, true},
			{"the same cause again", topUp("t1", "acme", 5), nil, false},
			{"hold", hold("h1", "acme", 3), []int64{2, 3}, true},
			{"settle, rest released", ledger.Posting{Key: "s1", Cause: "test", At: t0, Entries: []ledger.Entry{
				{Account: ledger.Held("acme"), Unit: credit, Amount: -3}, {Account: "earned", Unit: credit, Amount: 2},
				{Account: ledger.Customer("acme"), Unit: credit, Amount: 1}}}, []int64{0, 2, 3}, true},
			{"to the last one", hold("h2", "acme", 3), []int64{0, 3}, true},
		} {
			update(t, st, func(ctx context.Context, tx desk.Tx) error {
				balances, posted, err := tx.Post(ctx, c.posting)
				if posted != c.posted || !slices.Equal(balances, c.balances) {
					t.Errorf("%s: got %v, %v, want %v, %v", c.name, balances, posted, c.balances, c.posted)
				}
				return err
			})
		}
		if wrong := recount(t, st); wrong != nil {
			t.Errorf("recount: %q", wrong)
		}
		if got := balance(t, st, "customer:nobody"); got != 0 {
			t.Errorf("never posted to: got %d, want 0", got)
		}
	})
}

// What cannot be paid writes nothing, although the caller goes on and commits.
func TestPostInsufficient(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			_, _, err := tx.Post(ctx, topUp("t1", "acme", 2))
			return err
		})
		for _, p := range []ledger.Posting{hold("h1", "acme", 3), hold("h2", "poor", 1)} {
			update(t, st, func(ctx context.Context, tx desk.Tx) error {
				_, posted, err := tx.Post(ctx, p)
				var short *ledger.InsufficientError
				if !errors.As(err, &short) || posted {
					t.Fatalf("%s: got %v, %v, want InsufficientError", p.Key, posted, err)
				}
				if want := (ledger.InsufficientError{Account: p.Entries[0].Account, Unit: credit, Balance: short.Balance, Amount: p.Entries[0].Amount}); *short != want {
					t.Errorf("%s: got %+v, want %+v", p.Key, *short, want)
				}
				return tx.Append(ctx, &desk.Event{At: t0})
			})
		}
		if got := balance(t, st, ledger.Customer("acme")); got != 2 {
			t.Errorf("balance: got %d, want 2", got)
		}
		if got := balance(t, st, ledger.Held("acme")); got != 0 {
			t.Errorf("held: got %d, want 0", got)
		}
		// The key was not used up, so that the same cause can be posted after a top-up.
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			if _, _, err := tx.Post(ctx, topUp("t2", "acme", 1)); err != nil {
				return err
			}
			_, posted, err := tx.Post(ctx, hold("h1", "acme", 3))
			if !posted {
				t.Error("after the top-up: not posted")
			}
			return err
		})
		if wrong := recount(t, st); wrong != nil {
			t.Errorf("recount: %q", wrong)
		}
	})
}

// T036, T041: of 200 holds at once on a balance for one, exactly one succeeds; of 200 copies of one cause too.
func TestT036ConcurrentHolds(t *testing.T) {
	for name, key := range map[string]func(n int) string{
		"different causes": func(n int) string { return fmt.Sprint("h", n) },
		"one cause":        func(int) string { return "h" },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
				update(t, st, func(ctx context.Context, tx desk.Tx) error {
					_, _, err := tx.Post(ctx, topUp("t1", "acme", 3))
					return err
				})
				var held atomic.Int64
				at20(t, func(n int) error {
					for i := range 10 {
						err := st.Update(t.Context(), func(tx desk.Tx) error {
							_, posted, err := tx.Post(t.Context(), hold(key(10*n+i), "acme", 2))
							if posted {
								held.Add(1)
							}
							return err
						})
						var short *ledger.InsufficientError
						if err != nil && !errors.As(err, &short) {
							return err
						}
					}
					return nil
				})
				if held.Load() != 1 || balance(t, st, ledger.Customer("acme")) != 1 || balance(t, st, ledger.Held("acme")) != 2 {
					t.Errorf("got %d holds, %d left, %d held, want 1, 1, 2", held.Load(), balance(t, st, ledger.Customer("acme")), balance(t, st, ledger.Held("acme")))
				}
				if wrong := recount(t, st); wrong != nil {
					t.Errorf("recount: %q", wrong)
				}
			})
		})
	}
}

// Postings that take the same accounts in opposite directions do not stop each other.
func TestPostCrosswise(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			_, _, err := tx.Post(ctx, topUp("t1", "acme", 1000))
			if err == nil {
				_, _, err = tx.Post(ctx, topUp("t2", "cust", 1000))
			}
			return err
		})
		at20(t, func(n int) error {
			from, to := ledger.Customer("acme"), ledger.Customer("cust")
			if n%2 == 0 {
				from, to = to, from
			}
			for i := range 5 {
				err := st.Update(t.Context(), func(tx desk.Tx) error {
					_, _, err := tx.Post(t.Context(), move(fmt.Sprint(n, "/", i), from, to, int64(n+1)))
					return err
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		// 1+3+...+19 went one way and 2+4+...+20 the other, five times each.
		if got := balance(t, st, ledger.Customer("acme")); got != 1000-50 {
			t.Errorf("got %d, want 950", got)
		}
		if wrong := recount(t, st); wrong != nil {
			t.Errorf("recount: %q", wrong)
		}
	})
}

// The database itself refuses to change what only grows, and a balance below zero.
func TestAppendOnly(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			if _, _, err := tx.Post(ctx, topUp("t1", "acme", 3)); err != nil {
				return err
			}
			return errors.Join(tx.AddTime(ctx, desk.TimeEntry{Ticket: w.ticket.Number, At: t0, Minutes: 5}),
				tx.Append(ctx, &desk.Event{At: t0, Kind: "x"}))
		})
		statements := []string{
			`UPDATE posting SET cause = 'other'`, `DELETE FROM posting`,
			`UPDATE entry SET amount = 7`, `DELETE FROM entry`,
			`UPDATE event SET kind = 'other'`, `DELETE FROM event`,
			`UPDATE time_entry SET minutes = 7`, `DELETE FROM time_entry`,
			`INSERT INTO event (id, at, kind, data) VALUES (1, '2026-01-01T00:00:00.000000Z', 'other', '') ON CONFLICT (id) DO UPDATE SET kind = 'other'`,
			`UPDATE account SET balance = -1 WHERE name = 'customer:acme'`,
		}
		if st.Engine() == migrations.SQLite {
			statements = append(statements,
				`INSERT OR REPLACE INTO event (id, at, kind, data) VALUES (1, '2026-01-01T00:00:00.000000Z', 'other', '')`,
				`UPDATE OR REPLACE event SET kind = 'other'`)
		} else {
			statements = append(statements, `TRUNCATE event`, `TRUNCATE posting CASCADE`)
		}
		for _, statement := range statements {
			_, err := st.Raw().Exec(statement)
			if err == nil || !strings.Contains(err.Error(), "append-only") && !strings.Contains(strings.ToLower(err.Error()), "check constraint") {
				t.Errorf("%s: got %v, want a refusal", statement, err)
			}
		}
		events := read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.Event, error) { return tx.Events(ctx, 0, 10) })
		if len(events) != 1 || events[0].Kind != "x" {
			t.Errorf("got %v, want the line as it was written", events)
		}
		if wrong := recount(t, st); wrong != nil {
			t.Errorf("recount: %q", wrong)
		}
	})
}

// Recount finds what somebody changed who got past the triggers too.
func TestRecountFindsTampering(t *testing.T) {
	for _, c := range []struct{ name, statement, want string }{
		{"a balance", `UPDATE account SET balance = balance + 1 WHERE name = 'customer:acme'`, "account customer:acme: balance 4 credit, its entries make 3"},
		{"an amount", `UPDATE entry SET amount = 4 WHERE account = 'customer:acme'`, "posting t1: its entries make 1 credit"},
		{"an entry's balance", `UPDATE entry SET balance = 4 WHERE account = 'customer:acme'`, "account customer:acme, entry 1: balance 4 credit, the entries up to it make 3"},
		{"a number", `UPDATE entry SET number = 2 WHERE account = 'customer:acme'`, "account customer:acme, entry 2"},
		{"an entry gone", `DELETE FROM entry WHERE account = 'customer:acme'`, "account customer:acme: balance 3 credit, its entries make 0"},
		{"entries gone on both sides", `DELETE FROM entry`, "posting t1: its entries make 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
				update(t, st, func(ctx context.Context, tx desk.Tx) error {
					_, _, err := tx.Post(ctx, topUp("t1", "acme", 3))
					return err
				})
				off := `ALTER TABLE entry DISABLE TRIGGER ALL`
				if st.Engine() == migrations.SQLite {
					off = `DROP TRIGGER entry_no_update; DROP TRIGGER entry_no_delete`
				}
				for _, statement := range []string{off, c.statement} {
					if _, err := st.Raw().Exec(statement); err != nil {
						t.Fatal(err)
					}
				}
				wrong := recount(t, st)
				if !slices.ContainsFunc(wrong, func(s string) bool { return strings.HasPrefix(s, c.want) }) {
					t.Errorf("got %q, want a line that begins with %q", wrong, c.want)
				}
			})
		})
	}
}
