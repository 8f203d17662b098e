package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// TestNothingIsLeftBehind lets the store fail at each of its calls in turn while one mail is received (G4). Nothing of the mail is kept
// then, and the same call ends afterwards as it would have at first, once.
func TestNothingIsLeftBehind(t *testing.T) {
	tests := []struct {
		name  string
		mail  func(w *world) mail
		want  desk.Outcome
		sends []string
	}{
		{"a first question", func(w *world) mail { return w.mail(sam, "A question", "How?") },
			desk.OutcomeNew, []string{"acknowledgement to " + sam, "unassigned to " + dana}},
		{"a request with an estimate", func(w *world) mail { return w.mail(kim, "Please install", "Please install it.") },
			desk.OutcomeNew, []string{"estimate to " + kim}},
		{"an unproven question", func(w *world) mail { return w.mail(kim, "A question", "How?").at(message.LevelA0) },
			desk.OutcomeNew, []string{"acknowledgement_unverified to " + kim, "unassigned to " + dana}},
		{"a yes", func(w *world) mail {
			w.opened(w.mail(kim, "Please install", "Please install it."))
			return w.answer(kim, w.last(kim), "yes")
		}, desk.OutcomeReply, []string{"confirmed to " + kim, "assigned to " + eve}},
		{"a yes without enough credits", func(w *world) mail {
			w.account("none", 0, desk.Contact{Address: sam, MaySpend: true})
			w.opened(w.mail(sam, "Please install", "Please install it."))
			return w.answer(sam, w.last(sam), "yes")
		}, desk.OutcomeReply, []string{"short_balance to " + sam}},
		{"an engineer's answer", func(w *world) mail {
			_, assigned := w.installed(kim)
			return w.answer(eve, assigned, "Done.\n/spent 20m\n/spent -5m\n/resolve")
		}, desk.OutcomeReply, []string{"resolved to " + kim}},
		{"more time than was agreed", func(w *world) mail {
			_, assigned := w.installed(kim)
			return w.answer(eve, assigned, "It takes longer.\n/spent 3h")
		}, desk.OutcomeReply, []string{"reply to " + kim, "estimate to " + kim, "overspent to " + eve}},
		{"an assignment", func(w *world) mail {
			tk := w.opened(w.mail(kim, "A question", "How?"))
			return w.answer(dana, w.lastFor(tk.Number, dana), "/assign eve")
		}, desk.OutcomeCommand, []string{"assigned to " + eve, "command_done to " + dana}},
		{"a refused command", func(w *world) mail {
			_, assigned := w.installed(kim)
			return w.answer(eve, assigned, "Done.\n/spent -20m\n/resolve")
		}, desk.OutcomeRefused, []string{"refused_command to " + eve}},
		{"a close that lets another ticket go on", func(w *world) mail {
			w.account("two", 2, desk.Contact{Address: sam, MaySpend: true})
			w.installed(sam)
			first := w.lastOf("confirmed", sam)
			w.opened(w.mail(sam, "Please install", "Please install the other one."))
			w.received(desk.OutcomeReply, w.answer(sam, w.lastOf("estimate", sam), "yes"))
			return w.answer(sam, first, "close")
		}, desk.OutcomeReply, []string{"confirmed to " + sam, "assigned to " + eve, "closed to " + sam}},
		{"a reply that reopens", func(w *world) mail {
			_, assigned := w.installed(kim)
			w.received(desk.OutcomeReply, w.answer(eve, assigned, "Done.\n/spent 20m\n/close"))
			return w.answer(kim, w.last(kim), "It fails again.")
		}, desk.OutcomeReply, []string{"reopened to " + kim, "new_words to " + eve}},
		{"a stranger's reply", func(w *world) mail {
			w.opened(w.mail(kim, "A question", "How?"))
			return w.answer(ann, w.last(kim), "Me too.").to(us).at(message.LevelA1s)
		}, desk.OutcomeLinked, []string{"acknowledgement to " + ann, "unassigned to " + dana}},
		{"a forged command", func(w *world) mail {
			_, assigned := w.installed(kim)
			return w.answer(eve, assigned, "/close").at(message.LevelX)
		}, desk.OutcomeHeld, []string{"held_notice to " + eve}},
		{"a delivery report", func(w *world) mail {
			_, assigned := w.installed(kim)
			w.received(desk.OutcomeReply, w.answer(eve, assigned, "Done.\n/spent 5m"))
			m := w.answer("mailer-daemon@cust.example", w.last(kim), "It failed.").kind(message.Bounced)
			m.Message.Bounce = &message.Bounce{Recipients: []string{kim}, Permanent: true, OriginalID: w.last(kim).MessageID}
			return m
		}, desk.OutcomeNoted, []string{"undelivered to " + eve}},
		{"a duplicate", func(w *world) mail {
			m := w.mail(kim, "A question", "How?")
			w.opened(m)
			m.Position.UID = 900
			return m
		}, desk.OutcomeDuplicate, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
				w := newWorld(t, st)
				m := tt.mail(w).arrival()
				before := w.everything()
				last := 0
				for call := 0; call <= last; call++ { // the first time, only the commit fails, and the calls are counted
					failing := &failingStore{Store: w.store, at: call}
					r, err := w.newDesk(failing).Receive(t.Context(), []desk.Arrival{m})
					if !errors.Is(err, errAway) || len(r) != 0 {
						t.Fatalf("where call %d fails, it gives %v and %v", call, r, err)
					}
					if call == 0 {
						last = failing.calls
					}
				}
				if last < 5 {
					t.Errorf("only %d calls could fail", last)
				}
				if w.everything() != before {
					t.Error("something of the mail is kept")
				}

				var done desk.Reception
				w.same("it brings", w.brings(func() { done = w.receive(mail{m}) }), tt.sends)
				if done.Outcome != tt.want {
					t.Errorf("it ends as %s, want %s", done.Outcome, tt.want)
				}
				after := w.everything()
				again := w.receive(mail{m})
				if again.Outcome != done.Outcome || again.Ticket != done.Ticket || again.Message != done.Message {
					t.Errorf("received again it gives %+v, want %+v", again, done)
				}
				if w.everything() != after {
					t.Error("received again it changes something")
				}
				w.sound()
			})
		})
	}
}

// everything is all that a desk keeps, as text.
func (w *world) everything() string {
	w.Helper()
	var b strings.Builder
	put := func(v any) {
		line, err := json.Marshal(v)
		if err != nil {
			w.Fatal(err)
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	tickets := map[int64]bool{}
	for _, e := range w.events() {
		put(e)
		tickets[e.Ticket] = true
	}
	for _, m := range w.outbox() {
		put(m)
	}
	w.view(func(ctx context.Context, tx desk.Tx) error {
		c, err := tx.Cursor(ctx, "support", "INBOX")
		if err != nil && !errors.Is(err, desk.ErrNotFound) {
			return err
		}
		put(c)
		for number := range int64(20) {
			tk, err := tx.Ticket(ctx, number)
			if errors.Is(err, desk.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			put(tk)
			all, err := tx.Messages(ctx, number)
			if err != nil {
				return err
			}
			put(all)
		}
		held, err := tx.Held(ctx, 100)
		put(held)
		return err
	})
	for _, customer := range []string{"cust", "acme", "two", "none"} {
		fmt.Fprintln(&b, customer, w.balance(customer), w.held(customer))
	}
	return b.String()
}

// errAway is what a failing store says.
var errAway = fmt.Errorf("pull the plug: %w", desk.ErrUnavailable)

// A failingStore fails at one call of a transaction, counted from 1, or else at its commit.
type failingStore struct {
	desk.Store
	at    int
	calls int
}

func (s *failingStore) Update(ctx context.Context, do func(desk.Tx) error) error {
	return s.Store.Update(ctx, func(tx desk.Tx) error {
		if err := do(&failingTx{tx, s}); err != nil {
			return err
		}
		return errAway
	})
}

func (s *failingStore) fail() error {
	if s.calls++; s.calls == s.at {
		return errAway
	}
	return nil
}

// failingTx lets the calls fail that receiving makes.
type failingTx struct {
	desk.Tx
	s *failingStore
}

func try[T any](x *failingTx, do func() (T, error)) (t T, err error) {
	if err := x.s.fail(); err != nil {
		return t, err
	}
	return do()
}

func (x *failingTx) try(do func() error) error {
	if err := x.s.fail(); err != nil {
		return err
	}
	return do()
}

func (x *failingTx) Meta(ctx context.Context, name string) (string, error) {
	return try(x, func() (string, error) { return x.Tx.Meta(ctx, name) })
}

func (x *failingTx) Reception(ctx context.Context, at desk.Position) (desk.Reception, error) {
	return try(x, func() (desk.Reception, error) { return x.Tx.Reception(ctx, at) })
}

func (x *failingTx) SaveReception(ctx context.Context, r desk.Reception) error {
	return x.try(func() error { return x.Tx.SaveReception(ctx, r) })
}

func (x *failingTx) SaveCursor(ctx context.Context, c desk.Cursor) error {
	return x.try(func() error { return x.Tx.SaveCursor(ctx, c) })
}

func (x *failingTx) SaveSource(ctx context.Context, r io.Reader) (int64, error) {
	return try(x, func() (int64, error) { return x.Tx.SaveSource(ctx, r) })
}

func (x *failingTx) AddMessage(ctx context.Context, m *desk.Message) error {
	return x.try(func() error { return x.Tx.AddMessage(ctx, m) })
}

func (x *failingTx) Recent(ctx context.Context, ticket int64, most int) ([]*desk.Message, error) {
	return try(x, func() ([]*desk.Message, error) { return x.Tx.Recent(ctx, ticket, most) })
}

func (x *failingTx) SameMail(ctx context.Context, identity string) (*desk.Message, error) {
	return try(x, func() (*desk.Message, error) { return x.Tx.SameMail(ctx, identity) })
}

func (x *failingTx) AddRefs(ctx context.Context, refs []desk.Ref) error {
	return x.try(func() error { return x.Tx.AddRefs(ctx, refs) })
}

func (x *failingTx) Refs(ctx context.Context, ids []message.ID) ([]desk.Ref, error) {
	return try(x, func() ([]desk.Ref, error) { return x.Tx.Refs(ctx, ids) })
}

func (x *failingTx) AddTicket(ctx context.Context, t *desk.Ticket) error {
	return x.try(func() error { return x.Tx.AddTicket(ctx, t) })
}

func (x *failingTx) Ticket(ctx context.Context, number int64) (*desk.Ticket, error) {
	return try(x, func() (*desk.Ticket, error) { return x.Tx.Ticket(ctx, number) })
}

func (x *failingTx) SaveTicket(ctx context.Context, t *desk.Ticket) error {
	return x.try(func() error { return x.Tx.SaveTicket(ctx, t) })
}

func (x *failingTx) AwaitingCredits(ctx context.Context, customer string) ([]int64, error) {
	return try(x, func() ([]int64, error) { return x.Tx.AwaitingCredits(ctx, customer) })
}

func (x *failingTx) Customer(ctx context.Context, id string) (desk.Customer, error) {
	return try(x, func() (desk.Customer, error) { return x.Tx.Customer(ctx, id) })
}

func (x *failingTx) SaveContact(ctx context.Context, c *desk.Contact) error {
	return x.try(func() error { return x.Tx.SaveContact(ctx, c) })
}

func (x *failingTx) ContactOf(ctx context.Context, address string) (*desk.Contact, error) {
	return try(x, func() (*desk.Contact, error) { return x.Tx.ContactOf(ctx, address) })
}

func (x *failingTx) Entitlements(ctx context.Context, customer string) ([]desk.Entitlement, error) {
	return try(x, func() ([]desk.Entitlement, error) { return x.Tx.Entitlements(ctx, customer) })
}

func (x *failingTx) Post(ctx context.Context, p ledger.Posting) (balances []int64, posted bool, err error) {
	if err := x.s.fail(); err != nil {
		return nil, false, err
	}
	return x.Tx.Post(ctx, p)
}

func (x *failingTx) Balance(ctx context.Context, account ledger.Account, unit ledger.Unit) (int64, error) {
	return try(x, func() (int64, error) { return x.Tx.Balance(ctx, account, unit) })
}

func (x *failingTx) AddTime(ctx context.Context, e desk.TimeEntry) error {
	return x.try(func() error { return x.Tx.AddTime(ctx, e) })
}

func (x *failingTx) Minutes(ctx context.Context, ticket int64, staff string) (int, error) {
	return try(x, func() (int, error) { return x.Tx.Minutes(ctx, ticket, staff) })
}

func (x *failingTx) Append(ctx context.Context, e *desk.Event) error {
	return x.try(func() error { return x.Tx.Append(ctx, e) })
}

func (x *failingTx) AddMail(ctx context.Context, m *desk.Mail) error {
	return x.try(func() error { return x.Tx.AddMail(ctx, m) })
}

func (x *failingTx) SentTo(ctx context.Context, address, template string, ticket int64, since time.Time) (int, error) {
	return try(x, func() (int, error) { return x.Tx.SentTo(ctx, address, template, ticket, since) })
}
