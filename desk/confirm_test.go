package desk_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
)

func TestT036(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Please install", "Please install it."))
		estimate := w.lastOf("estimate", kim)
		nodes := []*desk.Desk{w.desk, w.newDesk(w.store)}
		const n = 200
		all := make(chan desk.Arrival, n)
		for range n {
			all <- w.answer(kim, estimate, "yes").arrival()
		}
		close(all)
		var wait sync.WaitGroup
		for i := range 8 {
			wait.Go(func() {
				for a := range all {
					if _, err := nodes[i%2].Receive(w.Context(), []desk.Arrival{a}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		w.status(tk.Number, desk.Open)
		if w.balance("cust") != 8 || w.held("cust") != 2 {
			t.Errorf("balance %d, held %d; want 8 and 2", w.balance("cust"), w.held("cust"))
		}
		w.same("postings", w.postings(), []string{"opening 10 to customer:cust", "opening 10 to customer:acme", "hold 2 to held:cust"})
		if kept := len(w.messages(tk.Number)); kept != n+1 {
			t.Errorf("%d mails are kept, want %d", kept, n+1)
		}
	})
}

func TestT037(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Please develop", "Please develop something."))
		needed := w.lastFor(tk.Number, dana)
		w.received(desk.OutcomeCommand, w.answer(dana, needed, "/estimate 1"))
		v1 := w.lastOf("estimate", kim)
		w.received(desk.OutcomeCommand, w.answer(dana, needed, "/estimate 2-3"))
		v2 := w.lastOf("estimate", kim)

		got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, v1, "yes")) })
		w.same("a yes to the first brings", got, []string{"estimate_renewed to " + kim})
		if m := w.last(kim); !mentions(m, "2 to 3") && !mentions(m, "2–3") && !mentions(m, "2-3") {
			t.Errorf("it does not show the second: %s", m.Text)
		}
		w.status(tk.Number, desk.AwaitingConfirmation)
		if w.held("cust") != 0 {
			t.Fatalf("%d credits are held", w.held("cust"))
		}
		w.received(desk.OutcomeReply, w.answer(kim, v2, "yes"))
		w.status(tk.Number, desk.Open)
		if w.held("cust") != 3 {
			t.Errorf("%d credits are held, want 3", w.held("cust"))
		}
	})
}

func TestT039(t *testing.T) {
	each(t, func(w *world) {
		for _, words := range []string{"Yes, but start on Monday", "no\n> yes", "ok?", "Yes\n\nBest\nKim\nP.S. not before May", ""} {
			tk := w.opened(w.mail(kim, "Please install", "Please install it: "+words))
			m := w.answer(kim, w.lastOf("estimate", kim), words)
			m.Message.Text = words + "\n\nOn Tuesday you wrote:\n> yes\n"
			got := w.brings(func() { w.received(desk.OutcomeReply, m) })
			if !slices.Contains(got, "not_understood to "+kim) {
				t.Errorf("%q brings %q", words, got)
			}
			w.status(tk.Number, desk.AwaitingConfirmation)
			// And a plain yes to that answer still counts.
			w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("not_understood", kim), "yes"))
			w.status(tk.Number, desk.Open)
			w.pass(2 * time.Hour)
		}
		if w.held("cust") != 10 {
			t.Errorf("%d credits are held, want 10", w.held("cust"))
		}
	})
}

func TestT040(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Please install", "Please install it."))
		said := w.answer(kim, w.lastOf("estimate", kim), "yes")
		w.received(desk.OutcomeReply, said)
		other := w.opened(w.mail(kim, "Please install", "Please install the other one."))

		w.pass(7 * 24 * time.Hour)
		again := said
		again.Position.UID = 7001
		again.Received = w.now
		w.received(desk.OutcomeDuplicate, again)

		resent := w.answer(kim, w.lastFor(tk.Number, kim), "yes") // the same words and signature with another id
		resent.Message.To, resent.Message.InReplyTo, resent.Message.References = said.Message.To, said.Message.InReplyTo, said.Message.References
		w.received(desk.OutcomeReply, resent)

		// On the other ticket's thread, with the token of the first one.
		onto := w.answer(kim, w.lastFor(other.Number, kim), "yes")
		onto.Message.To, onto.Message.InReplyTo = said.Message.To, nil
		onto.Message.References = []message.ID{other.FirstID}
		w.received(desk.OutcomeReply, onto)
		w.status(other.Number, desk.AwaitingConfirmation)
		if w.held("cust") != 2 {
			t.Errorf("%d credits are held, want 2", w.held("cust"))
		}
	})
}

func TestT041(t *testing.T) {
	each(t, func(w *world) {
		const lee = "lee@three.example"
		w.account("three", 3, desk.Contact{Address: lee, Name: "Lee", MaySpend: true})
		var yes []desk.Arrival
		var tickets []int64
		for i := range 2 {
			tk := w.opened(w.mail(lee, "Please install", fmt.Sprintf("Please install number %d.", i)))
			tickets = append(tickets, tk.Number)
			yes = append(yes, w.answer(lee, w.lastOf("estimate", lee), "yes").arrival())
		}
		nodes := []*desk.Desk{w.desk, w.newDesk(w.store)}
		var wait sync.WaitGroup
		for i, a := range yes {
			wait.Go(func() {
				if _, err := nodes[i].Receive(w.Context(), []desk.Arrival{a}); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		statuses := []desk.Status{w.ticket(tickets[0]).Status, w.ticket(tickets[1]).Status}
		slices.Sort(statuses)
		if !slices.Equal(statuses, []desk.Status{desk.AwaitingCredits, desk.Open}) {
			t.Errorf("they are %v, want exactly one accepted", statuses)
		}
		if w.balance("three") != 1 || w.held("three") != 2 {
			t.Errorf("balance %d, held %d; want 1 and 2", w.balance("three"), w.held("three"))
		}
		if m := w.lastOf("short_balance", lee); m == nil || !mentions(m, "1 credit") {
			t.Errorf("who waits is told %v", m)
		}
		// And it goes on by itself.
		if err := w.desk.TopUp(w.Context(), "three", "credit", 1, "order-1"); err != nil {
			t.Fatal(err)
		}
		for _, n := range tickets {
			w.status(n, desk.Open)
		}
		if w.balance("three") != 0 || w.held("three") != 4 {
			t.Errorf("balance %d, held %d; want 0 and 4", w.balance("three"), w.held("three"))
		}
	})
}

// TestT041AnotherIsQuicker lets one ticket take the credits between another one's look at the balance and its hold, as another node may.
func TestT041AnotherIsQuicker(t *testing.T) {
	each(t, func(w *world) {
		const lee = "lee@three.example"
		w.account("three", 3, desk.Contact{Address: lee, Name: "Lee", MaySpend: true})
		first := w.opened(w.mail(lee, "Please install", "Please install it."))
		yes := w.answer(lee, w.lastOf("estimate", lee), "yes")
		second := w.opened(w.mail(lee, "Please install", "Please install the other one."))
		w.received(desk.OutcomeReply, w.answer(lee, w.lastOf("estimate", lee), "yes"))
		w.status(second.Number, desk.Open)

		stale := w.newDesk(staleBalance{w.store, 3})
		if _, err := stale.Receive(w.Context(), []desk.Arrival{yes.arrival()}); err != nil {
			t.Fatal(err)
		}
		w.status(first.Number, desk.AwaitingCredits)
		if w.balance("three") != 1 || w.held("three") != 2 {
			t.Errorf("balance %d, held %d; want 1 and 2", w.balance("three"), w.held("three"))
		}
	})
}

func TestT045(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.installed(kim)
		if w.balance("cust") != 8 || w.held("cust") != 2 {
			t.Fatalf("balance %d, held %d", w.balance("cust"), w.held("cust"))
		}
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Done.\n/spent 10m"))
		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/spent 10m\n/spent 10m"))
		if w.balance("cust") != 8 || w.held("cust") != 1 {
			t.Errorf("after 30 minutes: balance %d, held %d; want 8 and 1", w.balance("cust"), w.held("cust"))
		}
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "All is well.\n/close"))
		w.status(tk.Number, desk.Closed)
		if w.balance("cust") != 9 || w.held("cust") != 0 {
			t.Errorf("closed: balance %d, held %d; want 9 and 0", w.balance("cust"), w.held("cust"))
		}
		// Reopened for the same terms: what was agreed and not used is held again, and the total charged as one incident.
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("closed", kim), "It fails again."))
		if w.balance("cust") != 8 || w.held("cust") != 1 {
			t.Errorf("reopened: balance %d, held %d; want 8 and 1", w.balance("cust"), w.held("cust"))
		}
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Once more.\n/spent 1m\n/close"))
		if w.balance("cust") != 8 || w.held("cust") != 0 {
			t.Errorf("after 31 minutes in all: balance %d, held %d; want 8 and 0", w.balance("cust"), w.held("cust"))
		}
	})
}

// staleBalance is a store whose first look at a balance gives an old one.
type staleBalance struct {
	desk.Store
	was int64
}

func (s staleBalance) Update(ctx context.Context, do func(desk.Tx) error) error {
	return s.Store.Update(ctx, func(tx desk.Tx) error { return do(&staleTx{tx, s.was, false}) })
}

type staleTx struct {
	desk.Tx
	was   int64
	asked bool
}

func (x *staleTx) Balance(ctx context.Context, account ledger.Account, unit ledger.Unit) (int64, error) {
	if x.asked {
		return x.Tx.Balance(ctx, account, unit)
	}
	x.asked = true
	return x.was, nil
}
