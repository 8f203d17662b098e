package desk_test

import (
	"context"
	"errors"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

var cutEvery = flag.Int64("cut-every", 1999, "cut the line to the database at every so many bytes of a session; make crash has 61, and 1 takes two hours")

// TestT099DatabaseLineCutAtEachByte cuts the line to PostgreSQL after so many bytes of a session, counted both ways, in which a node opens the
// database, takes a mail, takes the yes to its estimate, and sends what waits. Whoever goes on finds all of a step done or nothing of it, and
// brings it to the same end.
func TestT099DatabaseLineCutAtEachByte(t *testing.T) {
	t.Parallel()
	const rich = "kim@rich.example"
	dsn := storetest.PostgresDSN(t)
	w := newWorld(t, storetest.Open(t, dsn))
	w.account("rich", 1_000_000, desk.Contact{Address: rich, MaySpend: true})
	proxy, through := storetest.PostgresBehind(t, dsn)

	var tickets, held, received int64
	cuts := 0
	for n, whole := int64(1), false; !whole; n += *cutEvery {
		w.now = w.now.Add(time.Hour) // nobody gets more than ten automatic mails within one
		ask, yes := w.mail(rich, "Please install", "Please install it."), mail{}
		node := func(d *desk.Desk) error {
			r, err := d.Receive(t.Context(), []desk.Arrival{ask.arrival()})
			if err != nil {
				return err
			}
			if yes.Message == nil { // the customer answers what both nodes find
				yes = w.answer(rich, w.mailsOf(r[0].Ticket)["estimate to "+rich], "yes")
			}
			if _, err := d.Receive(t.Context(), []desk.Arrival{yes.arrival()}); err != nil {
				return err
			}
			for {
				m, err := leaseMail(t.Context(), d, time.Millisecond)
				if m == nil {
					return err
				}
				if err := d.KeepMIME(t.Context(), &desk.Composed{Mail: m, Bytes: strings.NewReader("MIME of " + string(m.MessageID))}); err != nil {
					return err
				}
				if err := d.Tried(t.Context(), desk.Attempt{Mail: m.ID, At: w.now, State: desk.MailSent, Code: 250}); err != nil {
					return err
				}
			}
		}
		proxy.CutAfter(n)
		cut, err := store.Open(t.Context(), through)
		if err == nil {
			d := w.newDesk(cut)
			d.Node = "cut"
			err = node(d)
			cut.Close() // over a line that is cut it says so
		}
		whole = err == nil && proxy.Left() > 0
		proxy.CutAfter(-1)
		if err != nil {
			cuts++
			if !errors.Is(err, desk.ErrUnavailable) {
				t.Errorf("after %d bytes: got %v, want desk.ErrUnavailable", n, err)
			}
		}
		time.Sleep(2 * time.Millisecond) // the other node's lease
		if err := node(w.desk); err != nil {
			t.Fatalf("after %d bytes, the other node: %v", n, err)
		}

		var r desk.Reception
		w.view(func(ctx context.Context, tx desk.Tx) (err error) {
			r, err = tx.Reception(ctx, ask.Position)
			return err
		})
		tk := w.ticket(r.Ticket)
		tickets, received, held = tickets+1, received+2, held+2
		if kept := w.messages(r.Ticket); len(kept) != 2 || tk.Hold == nil || tk.Hold.Held() != 2 || tk.Status != desk.Open {
			t.Fatalf("after %d bytes: ticket %d has %d messages, holds %v and is %s", n, r.Ticket, len(kept), tk.Hold, tk.Status)
		}
		for what, m := range w.mailsOf(r.Ticket) {
			if got := string(w.source(m.MIME)); m.State != desk.MailSent || got != "MIME of "+string(m.MessageID) {
				t.Fatalf("after %d bytes: %s is %s, and its MIME %q", n, what, m.State, got)
			}
		}
	}
	w.view(func(ctx context.Context, tx desk.Tx) error {
		all, err := tx.Tickets(ctx, desk.TicketFilter{Limit: 1 << 20})
		if int64(len(all)) != tickets {
			t.Errorf("%d tickets for %d mails", len(all), tickets)
		}
		if err != nil {
			return err
		}
		got, err := tx.Balance(ctx, ledger.Held("rich"), ledger.Credit)
		if got != held {
			t.Errorf("%d credits are held, want %d", got, held)
		}
		return err
	})
	for _, e := range w.events() {
		if e.Kind == desk.EventReceived {
			received--
		}
	}
	if received != 0 {
		t.Errorf("the journal has %d mails too few", received)
	}
	w.sound()
	t.Logf("%d cuts, %d tickets", cuts, tickets)
	if cuts < 30 {
		t.Errorf("the session was over after %d cuts", cuts)
	}
}

// mailsOf are the mails of a ticket, by template and whom they are to; none comes twice.
func (w *world) mailsOf(ticket int64) map[string]*desk.Mail {
	w.Helper()
	var all []*desk.Mail
	w.view(func(ctx context.Context, tx desk.Tx) (err error) {
		all, err = tx.Mails(ctx, ticket)
		return err
	})
	by := map[string]*desk.Mail{}
	for _, m := range all {
		what := m.Template + " to " + m.To.Addr
		if by[what] != nil {
			w.Errorf("ticket %d: %s was written twice", ticket, what)
		}
		by[what] = m
	}
	return by
}
