package desk_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/mailin/parse"
	"github.com/postdesk/postdesk/templates"
)

// worldPolicy is the desk that these tests drive. A class is chosen by a word of the mail, so that a test says which it means.
const worldPolicy = `
desk:
  name: Desk Support
  domain: desk.example
  zone: Europe/Berlin
  language: en
  calendar: office
  class: question
  contact: management@desk.example
tokens:
  - {id: a, secret: "a secret of the tests, long enough"}
mailboxes:
  support: {address: support@desk.example, aliases: [help@desk.example], queue: requests}
  sales:   {address: sales@desk.example, queue: office}
calendars:
  office: {zone: Europe/Berlin, week: {mon-fri: ["09:00-18:00"]}}
queues:
  requests:  {}
  technical: {assign: eve}
  office:    {}
staff:
  eve:  {name: Eve, address: eve@staff.example}
  max:  {name: Max, address: max@staff.example, queues: [office]}
  dana: {name: Dana, address: dana@staff.example, roles: [dispatcher, engineer]}
classes:
  question: {queue: office, billing: free}
  install:  {queue: technical, billing: credits, estimate: 1-2, free_window: true}
  project:  {queue: technical, billing: credits, estimate: 3-6}
  other:    {queue: technical, billing: credits}
clocks:
  first_response: {target: 1 working day, warn: 75%}
  resolution: {target: 3 working days}
credits:
  how_to_buy: {en: Write to sales@desk.example.}
rules:
  - {name: install, when: 'mail.words contains "install"', set: {class: install}}
  - {name: project, when: 'mail.words contains "project"', set: {class: project}}
  - {name: other, when: 'mail.words contains "develop"', set: {class: other}}
`

// Who writes in these tests. Kim owns the account of Acme and may spend; Bo is of the same account and may not; Ann is another
// customer; Sam has no account.
const (
	kim  = "kim@cust.example"
	bo   = "bo@cust.example"
	ann  = "ann@acme.example"
	sam  = "sam@example.org"
	eve  = "eve@staff.example"
	maxx = "max@staff.example"
	dana = "dana@staff.example"
	us   = "support@desk.example"
)

// A world is a desk that is driven from outside: mails in, mails out, and time that passes only when told to.
type world struct {
	testing.TB
	desk   *desk.Desk
	store  *store.Store
	policy *policy.Policy
	now    time.Time
	uid    uint32

	read    *store.Store // what is below was read of it
	lines   []desk.Event
	letters []*desk.Mail
}

// newWorld sets a desk up on a Tuesday at noon in Berlin, with Kim's account holding 10 credits and Ann's 10.
func newWorld(t testing.TB, st *store.Store) *world {
	t.Helper()
	w := &world{TB: t, store: st, policy: readPolicy(t, worldPolicy), now: time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC)}
	w.desk = w.newDesk(st)
	w.account("cust", 10, desk.Contact{Address: kim, Name: "Kim", MaySpend: true}, desk.Contact{Address: bo, Name: "Bo"})
	w.account("acme", 10, desk.Contact{Address: ann, Name: "Ann", MaySpend: true})
	return w
}

func readPolicy(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse("policy.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sharedTemplates reads the mails' texts once for all tests.
var sharedTemplates = sync.OnceValues(func() (*templates.Set, error) { return templates.New(nil) })

// newDesk is one more node of the world's desk, over any store that leads to its database.
func (w *world) newDesk(st desk.Store) *desk.Desk {
	w.Helper()
	set, err := sharedTemplates()
	if err != nil {
		w.Fatal(err)
	}
	return &desk.Desk{
		Store: st, Policy: func() *policy.Policy { return w.policy }, Templates: set, Now: func() time.Time { return w.now },
		Rand: rand.Reader, Node: "test", Log: slog.New(slog.DiscardHandler),
	}
}

func (w *world) account(id string, credits int64, contacts ...desk.Contact) {
	w.Helper()
	err := w.desk.AddAccount(w.Context(), desk.Account{
		Customer: desk.Customer{ID: id, Name: id, Language: "en"}, Contacts: contacts,
		Balances: []desk.Balance{{Unit: ledger.Credit, Amount: credits}},
	})
	if err != nil {
		w.Fatal(err)
	}
}

// leaseMail leases one mail; nil when there is none.
func leaseMail(ctx context.Context, d *desk.Desk, lasts time.Duration) (*desk.Mail, error) {
	ms, err := d.LeaseMails(ctx, lasts, 1)
	if err != nil || len(ms) == 0 {
		return nil, err
	}
	return ms[0], nil
}

// pass lets time pass, with all that the clock brings.
func (w *world) pass(d time.Duration) {
	w.Helper()
	end := w.now.Add(d)
	for {
		next, err := w.desk.Tick(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		if next.IsZero() || next.After(end) {
			break
		}
		w.now = next
	}
	w.now = end
}

// A mail is what arrives; its fields may be changed before it does.
type mail struct{ desk.Arrival }

// mail is one that somebody writes to support, proven by an aligned DKIM signature unless said otherwise.
func (w *world) mail(from, subject, words string) mail {
	w.uid++
	m := &message.Message{
		ID: message.ID(fmt.Sprintf("%d@mua.example", w.uid)), From: []message.Address{{Addr: from}}, FromFields: 1,
		To: []message.Address{{Addr: us}}, Subject: subject, Date: w.now, Language: "en", Text: words, Visible: words, Kind: message.Human,
	}
	return mail{desk.Arrival{
		Position: desk.Position{Mailbox: "support", Folder: "INBOX", UIDValidity: 1, UID: w.uid}, Received: w.now, Message: m,
		Assurance: message.Assurance{Level: message.LevelA1, Why: "dkim=pass"},
	}}
}

// answer is a mail that answers one of the desk's, as mail programs do: to its reply address, with its id.
func (w *world) answer(from string, to *desk.Mail, words string) mail {
	w.Helper()
	if to == nil {
		w.Fatal("there is no mail to answer")
	}
	m := w.mail(from, "Re: "+to.Subject, words)
	m.Message.To = []message.Address{to.ReplyTo}
	m.Message.InReplyTo = []message.ID{to.MessageID}
	m.Message.References = append(slices.Clone(to.References), to.MessageID)
	return m
}

// at makes the mail prove another level.
func (m mail) at(l message.Level) mail {
	m.Assurance = message.Assurance{Level: l, Why: "so says the test"}
	return m
}

// kind makes the mail a program's.
func (m mail) kind(k message.Kind) mail {
	m.Message.Kind = k
	m.Message.NoAutoResponse = k.Machine()
	return m
}

// to replaces its recipients, and with them the token that it brings there.
func (m mail) to(addrs ...string) mail {
	m.Message.To = nil
	for _, a := range addrs {
		m.Message.To = append(m.Message.To, message.Address{Addr: a})
	}
	return m
}

// bare takes away what it answers.
func (m mail) bare() mail {
	m.Message.InReplyTo, m.Message.References = nil, nil
	return m
}

// arrival gives the mail its bytes and hashes, as reading it would.
func (m mail) arrival() desk.Arrival {
	p := m.Message
	raw := fmt.Sprintf("From: %v\r\nTo: %v\r\nSubject: %s\r\nDate: %v\r\nMessage-ID: <%s>\r\n\r\n%s", p.From, p.To, p.Subject, p.Date, p.ID, p.Text)
	p.ContentHash = sha256.Sum256(fmt.Appendf(nil, "%v %v %s %s", p.From, p.Date, p.Subject, p.Text))
	p.RawHash = sha256.Sum256([]byte(raw))
	p.Size = int64(len(raw))
	m.Source = parse.Bytes([]byte(raw))
	return m.Arrival
}

// receive lets a mail arrive and gives what became of it.
func (w *world) receive(m mail) desk.Reception {
	w.Helper()
	r, err := w.desk.Receive(w.Context(), []desk.Arrival{m.arrival()})
	if err != nil {
		w.Fatal(err)
	}
	return r[0]
}

// received lets a mail arrive that has to end in that outcome.
func (w *world) received(want desk.Outcome, m mail) desk.Reception {
	w.Helper()
	r := w.receive(m)
	if r.Outcome != want {
		w.Fatalf("%q from %s ends as %s, want %s; %v", m.Message.Visible, m.Message.From, r.Outcome, want, w.message(r).Why)
	}
	return r
}

// opened lets a mail arrive that has to open a ticket, and gives it.
func (w *world) opened(m mail) *desk.Ticket {
	w.Helper()
	return w.ticket(w.received(desk.OutcomeNew, m).Ticket)
}

func (w *world) view(look func(ctx context.Context, tx desk.Tx) error) {
	w.Helper()
	if err := w.store.View(w.Context(), func(tx desk.Tx) error { return look(w.Context(), tx) }); err != nil {
		w.Fatal(err)
	}
}

func (w *world) ticket(number int64) (tk *desk.Ticket) {
	w.Helper()
	w.view(func(ctx context.Context, tx desk.Tx) (err error) {
		tk, err = tx.Ticket(ctx, number)
		return err
	})
	return tk
}

// message is what was kept of a mail; an empty one for a duplicate.
func (w *world) message(r desk.Reception) (m *desk.Message) {
	w.Helper()
	if r.Message == 0 {
		return &desk.Message{}
	}
	w.view(func(ctx context.Context, tx desk.Tx) (err error) {
		m, err = tx.Message(ctx, r.Message)
		return err
	})
	return m
}

func (w *world) messages(ticket int64) (all []*desk.Message) {
	w.Helper()
	w.view(func(ctx context.Context, tx desk.Tx) (err error) {
		all, err = tx.Messages(ctx, ticket)
		return err
	})
	return all
}

// events are all lines of the journal. Only those that came since the last call are asked for: that no line changes is what grown looks at.
func (w *world) events() []desk.Event {
	w.Helper()
	if w.read != w.store {
		w.read, w.lines, w.letters = w.store, nil, nil
	}
	var after int64
	if n := len(w.lines); n > 0 {
		after = w.lines[n-1].ID
	}
	w.lines = append(w.lines, w.eventsAfter(after)...)
	return slices.Clone(w.lines)
}

func (w *world) eventsAfter(after int64) (all []desk.Event) {
	w.Helper()
	w.view(func(ctx context.Context, tx desk.Tx) error {
		for {
			some, err := tx.Events(ctx, after, 500)
			if err != nil || len(some) == 0 {
				return err
			}
			all, after = append(all, some...), some[len(some)-1].ID
		}
	})
	return all
}

// outbox are all mails that the desk has sent, oldest first, as they were when they were first looked at.
func (w *world) outbox() []*desk.Mail {
	w.Helper()
	var sent []desk.SentMail
	for _, e := range w.events() {
		if e.Kind == desk.EventSent {
			var s desk.SentMail
			w.decode(e, &s)
			sent = append(sent, s)
		}
	}
	if fresh := sent[len(w.letters):]; len(fresh) > 0 {
		w.view(func(ctx context.Context, tx desk.Tx) error {
			for _, s := range fresh {
				m, err := tx.Mail(ctx, s.Mail)
				if err != nil {
					return err
				}
				w.letters = append(w.letters, m)
			}
			return nil
		})
	}
	all := make([]*desk.Mail, len(w.letters))
	for i, m := range w.letters {
		kept := *m // a test may fill it in
		all[i] = &kept
	}
	return all
}

// mailNow is a mail as it is now.
func (w *world) mailNow(id int64) (m *desk.Mail) {
	w.Helper()
	w.view(func(ctx context.Context, tx desk.Tx) (err error) {
		m, err = tx.Mail(ctx, id)
		return err
	})
	return m
}

func (w *world) decode(e desk.Event, into any) {
	w.Helper()
	if err := json.Unmarshal(e.Data, into); err != nil {
		w.Fatalf("journal line %d: %v", e.ID, err)
	}
}

// to are the mails among these that went to an address.
func to(all []*desk.Mail, address string) []*desk.Mail {
	return slices.DeleteFunc(slices.Clone(all), func(m *desk.Mail) bool { return m.To.Addr != address })
}

// last is the latest mail to an address, nil where there is none.
func (w *world) last(address string) *desk.Mail {
	w.Helper()
	all := to(w.outbox(), address)
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

// lastOf is the latest mail of one template to an address, nil where there is none.
func (w *world) lastOf(template, address string) *desk.Mail {
	w.Helper()
	for _, m := range slices.Backward(to(w.outbox(), address)) {
		if m.Template == template {
			return m
		}
	}
	return nil
}

// brings gives what the desk sends because of something, as "template to address" in the order of sending.
func (w *world) brings(do func()) (sent []string) {
	w.Helper()
	before := len(w.outbox())
	do()
	for _, m := range w.outbox()[before:] {
		sent = append(sent, m.Template+" to "+m.To.Addr)
	}
	return sent
}

func (w *world) balance(customer string) (n int64) {
	w.Helper()
	w.view(func(ctx context.Context, tx desk.Tx) (err error) {
		n, err = tx.Balance(ctx, ledger.Customer(customer), ledger.Credit)
		return err
	})
	return n
}

func (w *world) held(customer string) (n int64) {
	w.Helper()
	w.view(func(ctx context.Context, tx desk.Tx) (err error) {
		n, err = tx.Balance(ctx, ledger.Held(customer), ledger.Credit)
		return err
	})
	return n
}

// postings are the causes of what was posted, in order.
func (w *world) postings() (causes []string) {
	w.Helper()
	for _, e := range w.events() {
		if e.Kind == desk.EventPosted {
			var p desk.Posted
			w.decode(e, &p)
			if p.Amount > 0 {
				causes = append(causes, fmt.Sprintf("%s %d to %s", p.Cause, p.Amount, p.Account))
			}
		}
	}
	return causes
}

// sound fails the test where the ledger does not add up.
func (w *world) sound() {
	w.Helper()
	w.view(func(ctx context.Context, tx desk.Tx) error {
		wrong, err := tx.Recount(ctx)
		if len(wrong) > 0 {
			w.Errorf("the ledger: %s", strings.Join(wrong, "; "))
		}
		return err
	})
}

// status fails the test where a ticket stands otherwise.
func (w *world) status(number int64, want desk.Status) {
	w.Helper()
	if got := w.ticket(number).Status; got != want {
		w.Errorf("ticket %d is %s, want %s", number, got, want)
	}
}

// same fails the test where two lists differ.
func (w *world) same(what string, got, want []string) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// mentions tells whether a mail of ours holds a text anywhere that its reader can see.
func mentions(m *desk.Mail, text string) bool {
	for _, part := range []string{m.Subject, m.Text, m.HTML, m.From.Name, m.From.Addr, m.To.Name, m.ReplyTo.Name, string(m.InReplyTo), fmt.Sprint(m.References)} {
		if strings.Contains(part, text) {
			return true
		}
	}
	return false
}

// source is the bytes that were kept of a message.
func (w *world) source(id int64) []byte {
	w.Helper()
	var b bytes.Buffer
	if err := w.desk.Source(w.Context(), id, &b); err != nil {
		w.Fatal(err)
	}
	return b.Bytes()
}

// epoch is what tells this database's tokens from another's.
func (w *world) epoch() (epoch string) {
	w.Helper()
	w.view(func(ctx context.Context, tx desk.Tx) (err error) {
		epoch, err = tx.Meta(ctx, "epoch")
		return err
	})
	return epoch
}

// each runs a test in a world of its own on both engines.
func each(t *testing.T, test func(w *world)) {
	t.Helper()
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		test(w)
		w.sound()
	})
}

// question is a free ticket of Kim's, given to Eve, with the mail by which Eve knows of it.
func (w *world) question() (*desk.Ticket, *desk.Mail) {
	w.Helper()
	tk := w.opened(w.mail(kim, "A question", "How do I export?"))
	return tk, w.assign(tk, "eve")
}

// installed is a ticket that somebody has confirmed 2 credits for, with the mail by which Eve knows of it.
func (w *world) installed(from string) (*desk.Ticket, *desk.Mail) {
	w.Helper()
	tk := w.opened(w.mail(from, "Please install", "Please install it."))
	w.received(desk.OutcomeReply, w.answer(from, w.lastOf("estimate", from), "yes"))
	w.status(tk.Number, desk.Open)
	return w.ticket(tk.Number), w.lastOf("assigned", eve)
}
