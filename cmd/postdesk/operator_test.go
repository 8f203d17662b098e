//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/rules"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

var rewrite = flag.Bool("update-operator", false, "write what the operator's commands print to testdata/operator")

// golden compares what a command printed for people with a file that was read by people.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "operator", name)
	if *rewrite {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: -want +got\n%s", name, diff)
	}
}

// tuesday is when all that the fixture holds happened.
var tuesday = time.Date(2026, 3, 3, 9, 30, 0, 0, time.UTC)

// fixture is a desk with two tickets, a held mail, and mails out in every state. Anna's ticket 1 waits for credits.
func fixture(t *testing.T, st *store.Store) {
	t.Helper()
	anna := &desk.Contact{Address: "anna@acme.example", Name: "Anna", Language: "en", Customer: "acme", MaySpend: true}
	joe := &desk.Contact{Address: "joe@example.org", Name: "Joe\x1b[31m"} // whoever writes chooses his name
	first := &desk.Ticket{
		Status: desk.AwaitingCredits, Queue: "requests", Department: "technical", Class: "installation", Priority: "normal",
		Product: "classifieds", Mailbox: "support", Subject: "Install on our server", Language: "en", Customer: "acme", Registered: tuesday,
		Level: message.LevelA1, LevelWhy: "dkim=pass", Billing: policy.ByCredits, FirstID: "1@mua.example", LastID: "1@mua.example",
		Estimate: &desk.Estimate{Version: 1, Min: 1, Max: 2, At: tuesday},
		Reasons: []rules.Reason{
			{Rule: "installation", Because: []string{`mail.words has "install"`}, Set: []string{"class=installation", "queue=technical"}},
			{Rule: "broken", Failed: "index out of range"},
			{By: "the class installation", Because: []string{"no plan in force covers it"}, Set: []string{"billing=credits"}},
		},
		Clocks: []desk.Clock{{
			Name: policy.FirstResponse, Target: calendar.Target{N: 1, Unit: calendar.WorkingDays}, Calendar: "office", Start: tuesday,
			Due: tuesday.Add(24 * time.Hour), Pauses: []desk.Pause{{From: tuesday.Add(time.Minute)}},
		}},
		ChangedAt: tuesday,
	}
	second := &desk.Ticket{
		Status: desk.Open, Queue: "office", Class: "question", Priority: "high", Assignee: "eve", Mailbox: "support", Tags: []string{"outage"},
		Subject: "A line\u202e that turns", Registered: tuesday.Add(time.Hour), Level: message.LevelA0, LevelWhy: "nothing proves the sender",
		Billing: policy.Free, Minutes: 45, Linked: []int64{1},
		Clocks: []desk.Clock{
			{Name: policy.FirstResponse, Target: calendar.Target{N: 4, Unit: calendar.WorkingHours}, Calendar: "office", Start: tuesday, Due: tuesday.Add(5 * time.Hour), Met: tuesday.Add(2 * time.Hour)},
			{Name: policy.Resolution, Target: calendar.Target{N: 3, Unit: calendar.WorkingDays}, Calendar: "office", Start: tuesday, Due: tuesday.Add(72 * time.Hour)},
		},
		ChangedAt: tuesday,
	}
	err := st.Update(t.Context(), func(tx desk.Tx) error {
		ctx := t.Context()
		steps := []func() error{
			func() error {
				return tx.SaveCustomer(ctx, desk.Customer{ID: "acme", Name: "Acme GmbH", Language: "en"})
			},
			func() error { return tx.SaveContact(ctx, anna) },
			func() error { return tx.SaveContact(ctx, joe) },
			func() error { first.Requester = *anna; return tx.AddTicket(ctx, first) },
			func() error { second.Requester = *joe; return tx.AddTicket(ctx, second) },
			func() error {
				return tx.AddMessage(ctx, &desk.Message{
					Ticket: first.Number, Mailbox: "support", Identity: "1", At: tuesday, Outcome: desk.OutcomeNew, By: "none", MessageID: "1@mua.example",
					From: message.Address{Name: "Anna", Addr: anna.Address}, Level: message.LevelA1, LevelWhy: "dkim=pass", Kind: message.Human,
					Subject: "Install on our server", Text: "Please install it.\n\n> quoted", Visible: "Please install it.\n\nIt is an ordinary server.",
					Attachments: []message.Attachment{{Part: "2", Filename: "server.txt", ContentType: "text/plain", Size: 1234}},
				})
			},
			func() error {
				return tx.AddMessage(ctx, &desk.Message{
					Ticket: second.Number, Mailbox: "support", Identity: "2", At: tuesday.Add(time.Hour), Outcome: desk.OutcomeLinked, By: "references",
					Why: []string{"joe@example.org may not join ticket 1"}, From: message.Address{Name: joe.Name, Addr: joe.Address},
					Level: message.LevelA0, LevelWhy: "nothing proves the sender", Kind: message.Human, Subject: second.Subject, Visible: "Is it\x1b]0;down\a?",
				})
			},
			func() error {
				return tx.AddMessage(ctx, &desk.Message{
					Mailbox: "support", Identity: "3", At: tuesday.Add(2 * time.Hour), Outcome: desk.OutcomeHeld, By: "none",
					Why: []string{"From is of our own domain desk.example, which nothing proves"}, From: message.Address{Addr: "eve@desk.example"},
					Level: message.LevelX, LevelWhy: "dmarc=fail", Kind: message.Human, Subject: "/close", Visible: "/close",
				})
			},
			func() error {
				for _, m := range []struct {
					template string
					state    desk.MailState
					tries    []desk.Attempt
				}{
					{"estimate", desk.MailSent, []desk.Attempt{{At: tuesday.Add(time.Minute), State: desk.MailSent, Code: 250, Text: "2.0.0 Ok"}}},
					{"short_balance", desk.MailWaiting, []desk.Attempt{{At: tuesday.Add(time.Minute), State: desk.MailWaiting, NotBefore: tuesday.Add(6 * time.Minute), Code: 451, Text: "4.7.1 greylisted"}}},
					{"awaiting_reminder", desk.MailFailed, []desk.Attempt{{At: tuesday.Add(time.Hour), State: desk.MailFailed, Code: 550, Text: "5.1.1 no such user"}}},
					{"acknowledgement", desk.MailWaiting, nil},
				} {
					out := desk.Mail{
						Ticket: first.Number, Mailbox: "support", Template: m.template, Audience: "customer", At: tuesday, NotBefore: tuesday,
						To: message.Address{Name: "Anna", Addr: anna.Address}, Subject: "[#1] Install on our server", MessageID: "out@desk.example",
					}
					if err := tx.AddMail(ctx, &out); err != nil {
						return err
					}
					for _, a := range m.tries {
						a.Mail = out.ID
						if err := tx.Tried(ctx, a); err != nil {
							return err
						}
					}
				}
				return nil
			},
			func() error {
				for _, e := range []struct {
					kind desk.EventKind
					data any
				}{
					{desk.EventReceived, desk.Received{Mailbox: "support", From: anna.Address, Kind: "human", Level: "A1", Outcome: desk.OutcomeNew, Ticket: 1, By: "none"}},
					{desk.EventTicket, desk.Snapshot{Ticket: 1, Status: desk.AwaitingConfirmation, Queue: "requests", Class: "installation", Estimate: &desk.SnapshotEstimate{Unit: "credit", Min: 1, Max: 2}}},
				} {
					raw, err := json.Marshal(e.data)
					if err != nil {
						return err
					}
					if err := tx.Append(ctx, &desk.Event{At: tuesday, Ticket: 1, Kind: e.kind, Data: raw}); err != nil {
						return err
					}
				}
				return nil
			},
			func() error { _, _, err := tx.Post(ctx, ledger.Open("acme", ledger.Credit, 1, tuesday)); return err },
			func() error {
				_, _, err := tx.Post(ctx, ledger.TopUp("invoice 7", "acme", "EUR", 900, tuesday.Add(time.Hour)))
				return err
			},
		}
		for _, step := range steps {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A command is one of the operator's, told where to print.
type command func(context.Context, *store.Store, *bytes.Buffer) error

func TestWhatOperatorsRead(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		fixture(t, st)
		for name, run := range map[string]command{
			"ticket-list": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return ticketListCmd{Limit: 50}.list(ctx, st, out)
			},
			"ticket-list-first": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return ticketListCmd{Limit: 1}.list(ctx, st, out)
			},
			"ticket-list-customer": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return ticketListCmd{Limit: 50, Customer: "Anna@ACME.example"}.list(ctx, st, out)
			},
			"ticket-list-none": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return ticketListCmd{Limit: 50, Status: "closed"}.list(ctx, st, out)
			},
			"ticket-list.jsonl": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return ticketListCmd{Limit: 50, JSON: true}.list(ctx, st, out)
			},
			"ticket-show": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return ticketShowCmd{Number: 1}.show(ctx, st, out)
			},
			"ticket-show-why": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return ticketShowCmd{Number: 1, Why: true}.show(ctx, st, out)
			},
			"ticket-show-hostile": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return ticketShowCmd{Number: 2, Why: true}.show(ctx, st, out)
			},
			"ticket-show.json": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return ticketShowCmd{Number: 1, JSON: true}.show(ctx, st, out)
			},
			"ledger-balance": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return ledgerBalanceCmd{}.print(ctx, st, out)
			},
			"ledger-balance-one.jsonl": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return ledgerBalanceCmd{Customer: "acme", JSON: true}.print(ctx, st, out)
			},
			"ledger-statement": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return ledgerStatementCmd{Customer: "acme"}.print(ctx, st, out)
			},
			"ledger-statement.jsonl": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return ledgerStatementCmd{Customer: "acme", JSON: true}.print(ctx, st, out)
			},
			"ledger-verify": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return ledgerVerifyCmd{}.verify(ctx, st, out)
			},
			"mail-queue": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return mailQueueCmd{Limit: 50}.list(ctx, st, out)
			},
			"mail-queue.jsonl": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return mailQueueCmd{Limit: 50, JSON: true}.list(ctx, st, out)
			},
			"held-list": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return heldListCmd{Limit: 50}.list(ctx, st, tuesday.Add(3*time.Hour), out)
			},
			"held-list.jsonl": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return heldListCmd{Limit: 50, JSON: true}.list(ctx, st, tuesday.Add(3*time.Hour), out)
			},
			"held-show": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
				return heldShowCmd{ID: 3}.show(ctx, st, out)
			},
		} {
			var out bytes.Buffer
			if err := run(t.Context(), st, &out); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !strings.Contains(name, ".json") {
				name += ".txt"
			}
			golden(t, name, out.Bytes())
		}
	})
}

// An empty desk is told in words rather than by headings over nothing.
func TestNothingToRead(t *testing.T) {
	st := storetest.Memory(t)
	for want, run := range map[string]command{
		"no tickets": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
			return ticketListCmd{Limit: 9}.list(ctx, st, out)
		},
		"nothing was ever posted": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
			return ledgerBalanceCmd{}.print(ctx, st, out)
		},
		"every mail has been sent": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
			return mailQueueCmd{Limit: 9}.list(ctx, st, out)
		},
		"nothing is held": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
			return heldListCmd{Limit: 9}.list(ctx, st, tuesday.Add(3*time.Hour), out)
		},
	} {
		var out bytes.Buffer
		if err := run(t.Context(), st, &out); err != nil || out.String() != want+"\n" {
			t.Errorf("got %q (%v), want %q", out.String(), err, want)
		}
	}
}

func TestWhatThereIsNotIsSaid(t *testing.T) {
	st := storetest.Memory(t)
	fixture(t, st)
	for want, run := range map[string]command{
		"there is no ticket 9": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
			return ticketShowCmd{Number: 9}.show(ctx, st, out)
		},
		"there is no mail 9": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
			return mailRetryCmd{ID: 9}.retry(ctx, st, out)
		},
		"there is no message 9": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
			return heldShowCmd{ID: 9}.show(ctx, st, out)
		},
		"message 1 is not held: it ended as new on ticket 1": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
			return heldShowCmd{ID: 1}.show(ctx, st, out)
		},
		"there is no customer bolt": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
			return ledgerBalanceCmd{Customer: "bolt"}.print(ctx, st, out)
		},
		"there is no customer ACME; did you mean acme?": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
			return ledgerStatementCmd{Customer: "ACME"}.print(ctx, st, out)
		},
		"there is no customer cinder": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
			return ticketListCmd{Customer: "cinder", Limit: 9}.list(ctx, st, out)
		},
		"nobody is known as kim@cust.example": func(ctx context.Context, st *store.Store, out *bytes.Buffer) error {
			return ticketListCmd{Customer: "kim@cust.example", Limit: 9}.list(ctx, st, out)
		},
	} {
		var out bytes.Buffer
		if err := run(t.Context(), st, &out); err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestMailRetry(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		fixture(t, st)
		var out bytes.Buffer
		if err := (mailRetryCmd{ID: 3}).retry(t.Context(), st, &out); err != nil {
			t.Fatal(err)
		}
		out.Reset()
		if err := (mailQueueCmd{Limit: 9, JSON: true}).list(t.Context(), st, &out); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), `"failed"`) || !strings.Contains(out.String(), desk.AttemptAsked) {
			t.Errorf("the mail that was given up does not wait again: %s", out.String())
		}
	})
}

// operatorPolicy is what the fixture's desk serves by.
const operatorPolicy = `
desk: {name: Desk Support, domain: desk.example, zone: Europe/Berlin}
tokens: [{id: a, secret: "a secret of the tests, long enough"}]
mailboxes: {support: {address: support@desk.example, queue: requests}}
calendars: {office: {week: {mon-fri: ["09:00-18:00"]}}}
queues: {requests: {}, technical: {}}
staff: {dana: {name: Dana, address: dana@staff.example, roles: [dispatcher, engineer]}, eve: {name: Eve, address: eve@staff.example}}
products: {classifieds: {}}
classes: {installation: {queue: technical, billing: credits, estimate: 1-2}}
credits: {how_to_buy: {en: Write to support@desk.example.}}
`

func readOperatorPolicy(t testing.TB) *policy.Policy {
	t.Helper()
	p, err := policy.Parse("policy.yaml", []byte(operatorPolicy), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// L3: a top-up is posted once, and the tickets that waited for it go on.
func TestLedgerTopup(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		fixture(t, st)
		d, err := newDesk(st, readOperatorPolicy(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name string
			cmd  ledgerTopupCmd
			want string
			err  string
		}{
			{"no reference", ledgerTopupCmd{Customer: "acme", Amount: 4, Ref: " "}, "", "--ref is empty"},
			{"less than nothing", ledgerTopupCmd{Customer: "acme", Amount: -4, Ref: "invoice 8"}, "", "-4 is no amount to add"},
			{"nobody", ledgerTopupCmd{Customer: "Acme", Amount: 4, Ref: "invoice 8"}, "", "there is no customer Acme; did you mean acme?"},
			{"another unit", ledgerTopupCmd{Customer: "acme", Amount: 4, Unit: "credits", Ref: "invoice 8"}, "", "want credit, minute"},
			{"a reference of another top-up", ledgerTopupCmd{Customer: "acme", Amount: 4, Ref: "invoice 7"}, "", `"invoice 7" stands for another top-up`},
			{"enough", ledgerTopupCmd{Customer: "acme", Amount: 4, Ref: "invoice 8"}, "#1 goes on\nacme can spend 3 credits\n", ""},
			{"the same again", ledgerTopupCmd{Customer: "acme", Amount: 4, Ref: "invoice 8"}, "\"invoice 8\" was posted before: nothing is added\nacme can spend 3 credits\n", ""},
		} {
			if c.cmd.Unit == "" {
				c.cmd.Unit = ledger.Credit
			}
			var out bytes.Buffer
			err := c.cmd.post(t.Context(), d, &out)
			if out.String() != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: got %q and %v, want %q and %q", c.name, out.String(), err, c.want, c.err)
			}
		}
		var out bytes.Buffer
		if err := (ticketListCmd{Status: "open", Queue: "technical", Limit: 9, JSON: true}).list(t.Context(), st, &out); err != nil || !strings.Contains(out.String(), `"ticket":1,`) {
			t.Errorf("ticket 1 is not open in its department: %s %v", out.String(), err)
		}
		if err := (ledgerVerifyCmd{}).verify(t.Context(), st, &out); err != nil {
			t.Error(err)
		}
	})
}

// T044: a mistake in the ledger is mended by a posting the other way, for which two answer above the limit. What it is, and who did it, stays.
func TestT044LedgerCounter(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		fixture(t, st)
		d, err := newDesk(st, readOperatorPolicy(t))
		if err != nil {
			t.Fatal(err)
		}
		err = d.AddAccount(t.Context(), desk.Account{Customer: desk.Customer{ID: "bolt"}})
		if err == nil {
			err = d.TopUp(t.Context(), "acme", ledger.Credit, 4, "invoice 6") // of which ticket 1 holds 2
		}
		if err != nil {
			t.Fatal(err)
		}
		for ref, n := range map[string]int64{"invoice 8": 2, "invoice 9": 100} {
			if err := d.TopUp(t.Context(), "bolt", ledger.Credit, n, ref); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.TopUp(t.Context(), "bolt", "EUR", 1, "cents"); err != nil {
			t.Fatal(err)
		}
		bolt := func(unit ledger.Unit) (n int64) {
			err := st.View(t.Context(), func(tx desk.Tx) (err error) {
				n, err = tx.Balance(t.Context(), ledger.Customer("bolt"), unit)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		before := bolt(ledger.Credit)
		for _, c := range []struct {
			name, key, with, why string
			want, err            string
			taken                int64 // of the credits, in all
		}{
			{"no such posting", "top_up:invoice", "", "oops", "", "there is no such posting; its key stands in", 0},
			{"no reason", "top_up:invoice 8", "", " ", "", "--why is empty", 0},
			{"a small one", "top_up:invoice 8", "", "typed twice", "customer:bolt -2, and has 100 credits\n", "", 2},
			{"again", "top_up:invoice 8", "", "typed twice", "was taken back before: nothing is changed", "", 2},
			{"a large one by one", "top_up:invoice 9", "", "10, not 100", "", "two of you answer for more than 4 credits", 2},
			{"by the same one twice", "top_up:invoice 9", "dana@staff.example", "10, not 100", "", "name another of the staff by --with", 2},
			{"with nobody", "top_up:invoice 9", "mallory", "10, not 100", "", `--with "mallory" is nobody of the policy's staff: use one of`, 2},
			{"no credits, by one", "top_up:cents", "", "EUR", "", "two of you answer", 2},
			{"a large one by two", "top_up:invoice 9", "Eve", "10, not 100", "customer:bolt -100", "", 102},
			{"back again", "counter:top_up:invoice 9", "Eve", "it was right", "customer:bolt +100", "", 2},
		} {
			cmd := ledgerCounterCmd{Key: c.key, With: c.with, Why: c.why}
			var out bytes.Buffer
			err := cmd.post(t.Context(), d, "dana", &out)
			if c.want == "" != (out.String() == "") || !strings.Contains(out.String(), c.want) || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: got %q and %v, want %q and %q", c.name, out.String(), err, c.want, c.err)
			}
			if got := before - bolt(ledger.Credit); got != c.taken {
				t.Errorf("%s: %d credits are taken back, want %d", c.name, got, c.taken)
			}
		}

		// What was spent meanwhile does not come back, and a charge is its ticket's.
		var held string
		err = st.View(t.Context(), func(tx desk.Tx) error {
			lines, err := tx.Statement(t.Context(), ledger.Customer("acme"))
			for _, l := range lines {
				if l.Cause == "hold" {
					held = l.Key
				}
			}
			return err
		})
		if err != nil || held == "" {
			t.Fatalf("the fixture has no hold: %v", err)
		}
		for key, want := range map[string]string{held: "correct that by /spent -15m", "top_up:invoice 6": "customer:acme has 3 credit left, and 4 would go"} {
			if _, _, err := d.Counter(t.Context(), key, "dana", "eve", "oops"); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", key, err, want)
			}
		}
		var out bytes.Buffer
		if err := (ledgerVerifyCmd{}).verify(t.Context(), st, &out); err != nil {
			t.Error(err)
		}
		var journal strings.Builder
		err = st.View(t.Context(), func(tx desk.Tx) error {
			all, err := tx.Events(t.Context(), 0, 1000)
			for _, e := range all {
				fmt.Fprintf(&journal, "%s\n", e.Data)
			}
			return err
		})
		want := `{"by":"dana","with":"eve","what":"counter","value":"top_up:invoice 9","why":"10, not 100"}`
		if err != nil || strings.Count(journal.String(), `"what":"counter"`) != 3 || !strings.Contains(journal.String(), want) {
			t.Errorf("the journal has\n%s %v", journal.String(), err)
		}
	})
}

// A database of another version, or one that is not there, is refused with the way to mend it.
func TestOpenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "desk.db")
	db := database{Database: "sqlite:" + file}
	if _, err := db.open(t.Context()); err == nil || !strings.Contains(err.Error(), "make it: postdesk migrate") {
		t.Errorf("no file: got %v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the file was made by looking for it")
	}

	st, err := store.Open(t.Context(), db.Database)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.open(t.Context()); err == nil || !strings.Contains(err.Error(), "holds no desk yet; run: postdesk migrate") {
		t.Errorf("an empty file: got %v", err)
	}

	for _, c := range []struct {
		current, known int64
		want           string
	}{
		{1, 2, "has schema 1, and this program wants 2; make a backup, then run: postdesk migrate"},
		{3, 2, "has schema 3, and this program knows no later one than 2; run the version of postdesk that made it, or a later one"},
	} {
		if err := (&schemaError{"it", c.current, c.known}); err.Error() != "it "+c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}

	var out bytes.Buffer
	if st, err = store.Open(t.Context(), db.Database); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(migrate(t.Context(), st, &out), st.Close()); err != nil || !strings.Contains(out.String(), "applied 0001_desk.sql\n") {
		t.Errorf("migrate: got %q, %v", out.String(), err)
	}
	if err := db.with(t.Context(), func(st *store.Store) error { return tellSchema(t.Context(), st, &out) }); err != nil || !strings.Contains(out.String(), "up to date") {
		t.Errorf("after migrate: got %q, %v", out.String(), err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
