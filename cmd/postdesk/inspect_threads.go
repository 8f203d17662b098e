package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/mailin/parse"
	"github.com/postdesk/postdesk/templates"
)

// inspectPolicy is a desk with one mailbox that answers nobody: only where mails belong is of interest here.
const inspectPolicy = `
desk: {name: Inspect, domain: desk.invalid, zone: UTC, language: en, calendar: always, class: any, contact: desk@desk.invalid}
mailboxes:
  inbox: {address: desk@desk.invalid, queue: all, acknowledge_unverified: false}
calendars:
  always: {zone: UTC, week: {mon-sun: ["00:00-24:00"]}}
queues:
  all: {title: All, assign: nobody}
staff:
  nobody: {name: Nobody, address: nobody@desk.invalid}
classes:
  any: {title: Any, billing: free}
`

// threads puts the mails of an mbox through the desk itself, over a store in memory: what threading is has one home, and its hints are
// questions to what the store remembers, so that a function of its own here would be another store. The mails are shown when all of them
// are read, for one that comes late may join two threads.
func (p *inspectPrinter) threads(ctx context.Context, file string) error {
	mails, err := readMbox(file)
	if err != nil {
		return p.unread(file, err)
	}
	d, done, err := inspectDesk(ctx)
	if err != nil {
		return err
	}
	defer done()
	t := &threading{desk: d, same: map[int64]int64{}}
	for i, sm := range mails {
		if err := t.receive(ctx, i, sm); err != nil {
			return err
		}
	}
	for i, sm := range mails {
		m := parse.Parse(sm.source)
		in := newInspection(file, m)
		in.Thread = t.name(i)
		if err := p.sign(ctx, &in, sm.source); err != nil {
			return err
		}
		if err := p.mail(in, m); err != nil {
			return err
		}
	}
	return nil
}

// A threading is the tickets of one mbox, and which of them are one thread. A mail that may not join the ticket that its hints name opens
// one of its own: the hint is then the link between them, and what the contract asks for.
type threading struct {
	desk    *desk.Desk
	at      time.Time       // of the mail that was read last
	tickets []int64         // of each mail; 0 for one that no ticket was opened for
	same    map[int64]int64 // a ticket to an earlier one of its thread
}

func (t *threading) receive(ctx context.Context, i int, sm storedMail) error {
	m := parse.Parse(sm.source)
	if !m.Date.IsZero() { // what an mbox says of when its mails arrived is often when it was made
		t.at = m.Date.UTC()
	}
	got, err := t.desk.Receive(ctx, []desk.Arrival{{
		Position: desk.Position{Mailbox: "inbox", Folder: "INBOX", UIDValidity: 1, UID: uint32(i + 1)},
		Received: t.at, Source: sm.source, Message: m,
		Assurance: message.Assurance{Level: message.LevelA0, Why: "not judged"},
	}})
	if err != nil {
		return err
	}
	ticket := got[0].Ticket
	err = t.desk.Store.View(ctx, func(tx desk.Tx) error {
		// Whatever its ids lead to belongs together: its own, since an answer to it may have come before it, and those that it names.
		ids := slices.Concat([]message.ID{m.ID}, m.InReplyTo, m.References)
		refs, err := tx.Refs(ctx, ids[:min(len(ids), maxLookup)])
		if err != nil {
			return err
		}
		for _, r := range refs {
			if ticket == 0 { // it opened none, such as a delivery report about a mail that is not ours
				ticket = r.Ticket
			}
			t.join(ticket, r.Ticket)
		}
		if ticket == 0 {
			return nil
		}
		tk, err := tx.Ticket(ctx, ticket)
		if err != nil {
			return err
		}
		for _, other := range tk.Linked { // by a token or a tag
			t.join(ticket, other)
		}
		return nil
	})
	t.tickets = append(t.tickets, ticket)
	return err
}

// maxLookup is how many ids the store looks up at once.
const maxLookup = 200

// join makes two tickets one thread, which goes by its earliest.
func (t *threading) join(a, b int64) {
	a, b = t.first(a), t.first(b)
	if a != b {
		t.same[max(a, b)] = min(a, b)
	}
}

func (t *threading) first(ticket int64) int64 {
	for {
		earlier, ok := t.same[ticket]
		if !ok {
			return ticket
		}
		ticket = earlier
	}
}

func (t *threading) name(i int) string {
	if t.tickets[i] == 0 {
		return fmt.Sprintf("mail-%d", i+1)
	}
	return fmt.Sprintf("ticket-%d", t.first(t.tickets[i]))
}

func readMbox(file string) ([]storedMail, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return splitMbox(file, f)
}

// inspectDesk is a desk with an empty store in memory.
func inspectDesk(ctx context.Context) (d *desk.Desk, done func(), err error) {
	p, err := policy.Parse("inspect", []byte(inspectPolicy), func(string) ([]byte, error) { return nil, os.ErrNotExist })
	if err != nil {
		return nil, nil, fmt.Errorf("the built-in policy: %w", err)
	}
	tmpl, err := templates.New(nil)
	if err != nil {
		return nil, nil, err
	}
	st, err := store.Open(ctx, store.Memory)
	if err != nil {
		return nil, nil, err
	}
	if _, err := st.Migrate(ctx); err != nil {
		st.Close()
		return nil, nil, err
	}
	epoch := time.Unix(1<<32, 0).UTC() // later than any mail of the box
	clock := func() time.Time { return epoch }
	st.Now = clock
	return &desk.Desk{
		Store: st, Policy: func() *policy.Policy { return p }, Templates: tmpl, Now: clock, Rand: &stream{}, Node: "inspect",
		Log: slog.New(slog.DiscardHandler),
	}, func() { st.Close() }, nil
}
