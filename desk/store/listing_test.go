package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

func TestTickets(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		kim := &desk.Contact{Address: "kim@cust.example", Name: "Kim", Customer: "acme"}
		sam := &desk.Contact{Address: "sam@example.org"}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			if err := tx.SaveCustomer(ctx, desk.Customer{ID: "acme"}); err != nil {
				return err
			}
			for _, c := range []*desk.Contact{kim, sam} {
				if err := tx.SaveContact(ctx, c); err != nil {
					return err
				}
			}
			for _, tk := range []*desk.Ticket{
				{Status: desk.Open, Queue: "technical", Customer: "acme", Requester: *kim, Subject: "one"},
				{Status: desk.Closed, Queue: "technical", Customer: "acme", Requester: *kim, Subject: "two"},
				{Status: desk.Open, Queue: "office", Requester: *sam, Subject: "three"},
				{Status: desk.Resolved, Queue: "office", Subject: "four"},
			} {
				if err := tx.AddTicket(ctx, tk); err != nil {
					return err
				}
			}
			return nil
		})
		for _, c := range []struct {
			name   string
			filter desk.TicketFilter
			want   []int64
		}{
			{"all", desk.TicketFilter{}, []int64{4, 3, 2, 1}},
			{"those not closed", desk.TicketFilter{Unclosed: true}, []int64{4, 3, 1}},
			{"by status", desk.TicketFilter{Status: desk.Open}, []int64{3, 1}},
			{"by queue", desk.TicketFilter{Queue: "technical"}, []int64{2, 1}},
			{"by customer", desk.TicketFilter{Customer: "acme"}, []int64{2, 1}},
			{"by requester", desk.TicketFilter{Requester: sam.ID}, []int64{3}},
			{"by several at once", desk.TicketFilter{Customer: "acme", Unclosed: true}, []int64{1}},
			{"the next page", desk.TicketFilter{Below: 4, Limit: 2}, []int64{3, 2}},
			{"none", desk.TicketFilter{Queue: "nowhere"}, nil},
		} {
			if c.filter.Limit == 0 {
				c.filter.Limit = 10
			}
			found := read(t, st, func(ctx context.Context, tx desk.Tx) ([]*desk.Ticket, error) { return tx.Tickets(ctx, c.filter) })
			var got []int64
			for _, tk := range found {
				got = append(got, tk.Number)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
			}
		}
		found := read(t, st, func(ctx context.Context, tx desk.Tx) ([]*desk.Ticket, error) {
			return tx.Tickets(ctx, desk.TicketFilter{Limit: 10})
		})
		if found[0].Requester != (desk.Contact{}) || found[1].Requester != *sam || found[3].Requester != *kim || found[3].Subject != "one" {
			t.Errorf("requesters: got %+v, %+v, %+v", found[0].Requester, found[1].Requester, found[3].Requester)
		}
	})
}

func TestAccountsAndStatement(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		hold, posting, err := ledger.Hold{Customer: "acme", Unit: ledger.Credit}.Raise(1, 2, t0.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		_, settle, err := hold.Settle(1, t0.Add(2*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			for _, p := range []ledger.Posting{
				ledger.TopUp("invoice 7", "acme", ledger.Credit, 5, t0), ledger.TopUp("invoice 8", "acme", "EUR", 900, t0), posting, settle,
			} {
				if _, _, err := tx.Post(ctx, p); err != nil {
					return err
				}
			}
			return nil
		})

		var pages []string
		var after desk.AccountBalance
		for {
			page := read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.AccountBalance, error) {
				return tx.Accounts(ctx, after, 2)
			})
			if len(page) == 0 {
				break
			}
			for _, a := range page {
				pages = append(pages, fmt.Sprintf("%s %s %d", a.Account, a.Unit, a.Balance))
			}
			after = page[len(page)-1]
		}
		slices.Sort(pages) // the order of names is the database's
		want := []string{"customer:acme EUR 900", "customer:acme credit 3", "earned credit 1", "held:acme credit 1", "sold EUR -900", "sold credit -5"}
		if diff := cmp.Diff(want, pages); diff != "" {
			t.Errorf("all accounts: -want +got\n%s", diff)
		}

		held := read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.AccountBalance, error) {
			return tx.AccountsOf(ctx, ledger.Held("acme"))
		})
		if diff := cmp.Diff([]desk.AccountBalance{{Account: "held:acme", Unit: ledger.Credit, Balance: 1}}, held); diff != "" {
			t.Errorf("one account: -want +got\n%s", diff)
		}

		found := read(t, st, func(ctx context.Context, tx desk.Tx) (ledger.Posting, error) { return tx.Posting(ctx, settle.Key) })
		if diff := cmp.Diff(settle, found); diff != "" {
			t.Errorf("one posting: -want +got\n%s", diff)
		}
		view(t, st, func(ctx context.Context, tx desk.Tx) error {
			if p, err := tx.Posting(ctx, "hold:0:9"); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("a key never posted: got %+v, %v", p, err)
			}
			return nil
		})

		lines := read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.StatementLine, error) {
			return tx.Statement(ctx, ledger.Held("acme"))
		})
		wantLines := []desk.StatementLine{
			{At: t0.Add(time.Hour), Key: "hold:0:1", Cause: "hold", Unit: ledger.Credit, Amount: 2, Balance: 2},
			{At: t0.Add(2 * time.Hour), Key: "hold:0:2", Cause: "settle", Unit: ledger.Credit, Amount: -1, Balance: 1},
		}
		if diff := cmp.Diff(wantLines, lines); diff != "" {
			t.Errorf("statement: -want +got\n%s", diff)
		}
	})
}

// A shop tells of its sales again and again, and of a refund by telling the purchase once more.
func TestEntitlementToldAgain(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		day := func(d int) calendar.Date { return calendar.Date{Year: 2026, Month: time.March, Day: d} }
		sold := desk.Entitlement{Customer: "acme", Kind: "purchase", Product: "classifieds", From: day(2)}
		refunded := sold
		refunded.Refunded = true
		licence := desk.Entitlement{Customer: "acme", Kind: "licence", Product: "classifieds", From: day(2), Until: day(20)}
		longer := licence
		longer.Until = day(30)
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			if err := tx.SaveCustomer(ctx, desk.Customer{ID: "acme"}); err != nil {
				return err
			}
			for _, e := range []desk.Entitlement{sold, licence, sold, refunded, longer} {
				if err := tx.AddEntitlement(ctx, e); err != nil {
					return err
				}
			}
			return nil
		})
		got := read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.Entitlement, error) { return tx.Entitlements(ctx, "acme") })
		if diff := cmp.Diff([]desk.Entitlement{longer, refunded}, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

func TestUnsentMails(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			for _, m := range []desk.Mail{
				{At: t0, NotBefore: t0.Add(2 * time.Hour), Subject: "later"},
				{At: t0, State: desk.MailSent, Subject: "sent"},
				{At: t0, State: desk.MailFailed, Subject: "given up first"},
				{At: t0, NotBefore: t0.Add(time.Hour), Subject: "sooner"},
				{At: t0, State: desk.MailFailed, Subject: "given up last"},
			} {
				if err := tx.AddMail(ctx, &m); err != nil {
					return err
				}
			}
			return nil
		})
		for _, c := range []struct {
			name string
			list func(ctx context.Context, tx desk.Tx) ([]*desk.Mail, error)
			want []string
		}{
			{"waiting", func(ctx context.Context, tx desk.Tx) ([]*desk.Mail, error) { return tx.WaitingMails(ctx, 9) }, []string{"sooner", "later"}},
			{"failed", func(ctx context.Context, tx desk.Tx) ([]*desk.Mail, error) { return tx.FailedMails(ctx, 9) }, []string{"given up last", "given up first"}},
			{"at most one", func(ctx context.Context, tx desk.Tx) ([]*desk.Mail, error) { return tx.FailedMails(ctx, 1) }, []string{"given up last"}},
		} {
			var got []string
			for _, m := range read(t, st, c.list) {
				got = append(got, m.Subject)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: got %q, want %q", c.name, got, c.want)
			}
		}
	})
}

func TestRetryMail(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		now := read(t, st, func(ctx context.Context, tx desk.Tx) (time.Time, error) { return tx.Now(ctx) })
		for _, c := range []struct {
			name  string
			mail  desk.Mail
			lease bool
			want  bool
		}{
			{"given up", desk.Mail{State: desk.MailFailed}, false, true},
			{"waiting for its next try", desk.Mail{NotBefore: now.Add(time.Hour)}, false, true},
			{"sent", desk.Mail{State: desk.MailSent}, false, false},
			{"leased by a node", desk.Mail{}, true, false},
			{"tried since it was read", desk.Mail{Attempts: 1}, false, false},
		} {
			c.mail.At = t0
			update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.AddMail(ctx, &c.mail) })
			if c.lease {
				update(t, st, func(ctx context.Context, tx desk.Tx) error {
					leased, err := leaseMail(ctx, tx, "node", now.Add(time.Hour))
					if err == nil && leased.ID != c.mail.ID {
						t.Errorf("leased mail %d, want %d", leased.ID, c.mail.ID)
					}
					return err
				})
			}
			var did bool
			update(t, st, func(ctx context.Context, tx desk.Tx) (err error) {
				m := c.mail
				m.Attempts = 0
				did, err = tx.RetryMail(ctx, &m, "because")
				return err
			})
			if did != c.want {
				t.Errorf("%s: got %v, want %v", c.name, did, c.want)
			}
			attempts := read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.Attempt, error) { return tx.Attempts(ctx, c.mail.ID) })
			if !c.want {
				if len(attempts) != 0 {
					t.Errorf("%s: got attempts %+v, want none", c.name, attempts)
				}
				continue
			}
			if len(attempts) != 1 || attempts[0].Text != "because" || attempts[0].State != desk.MailWaiting {
				t.Errorf("%s: got attempts %+v, want one that says because", c.name, attempts)
			}
			update(t, st, func(ctx context.Context, tx desk.Tx) error {
				m, err := leaseMail(ctx, tx, "node", now.Add(time.Hour))
				if err == nil && (m.ID != c.mail.ID || m.Attempts != 1) {
					t.Errorf("%s: the next to be sent is mail %d with %d attempts, want %d with 1", c.name, m.ID, m.Attempts, c.mail.ID)
				}
				return err
			})
		}
	})
}
