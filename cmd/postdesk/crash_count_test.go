//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/postoffice"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/mailin/parse"
)

// A reckoning is what is left when all mail has been through: mailboxes, tickets, messages, ledger, journal, and what the SMTP server got.
type reckoning struct {
	mails, sent            int // that came in, that went out
	lost, doubleTickets    int
	doublePostings, copies int // copies: second ones of a mail
	unsure, refused        int // mails given up since nobody knows whether they arrived, or since their server says no
	held                   int // mails in that wait for a person to decide; nobody here writes one
	wrong                  []string
}

func (r *reckoning) note(format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

type digest [sha256.Size]byte

// books is what the desk has, read in one transaction.
type books struct {
	tickets  []*desk.Ticket
	messages []*desk.Message
	sources  map[digest]int // of messages, by how many have it
	outbox   []*desk.Mail
	attempts map[int64][]desk.Attempt

	events   []desk.Event
	recount  []string
	balances map[ledger.Account]int64
	earned   map[int64]int64 // by ticket
	held     map[int64]int64
}

func readBooks(ctx context.Context, st *store.Store, r *reckoning) *books {
	k := &books{
		sources: map[digest]int{}, attempts: map[int64][]desk.Attempt{}, balances: map[ledger.Account]int64{},
		earned: map[int64]int64{}, held: map[int64]int64{},
	}
	err := st.View(ctx, func(tx desk.Tx) (err error) {
		if k.tickets, err = tx.Tickets(ctx, desk.TicketFilter{Limit: 1 << 20}); err != nil {
			return err
		}
		if k.messages, err = tx.Held(ctx, 1<<20); err != nil {
			return err
		}
		for _, m := range k.messages {
			r.held++
			r.note("message %d is held: %v", m.ID, m.Why)
		}
		for _, tk := range k.tickets {
			ms, err := tx.Messages(ctx, tk.Number)
			if err != nil {
				return err
			}
			k.messages = append(k.messages, ms...)
			mails, err := tx.Mails(ctx, tk.Number)
			if err != nil {
				return err
			}
			k.outbox = append(k.outbox, mails...)
		}
		for _, m := range k.messages {
			var b bytes.Buffer
			if err := tx.Source(ctx, m.Source, &b); err != nil {
				r.note("the source of message %d: %v", m.ID, err)
				continue
			}
			k.sources[sha256.Sum256(b.Bytes())]++
		}
		for after := int64(0); ; {
			lines, err := tx.Events(ctx, after, 1000)
			if err != nil {
				return err
			}
			if len(lines) == 0 {
				break
			}
			k.events, after = append(k.events, lines...), lines[len(lines)-1].ID
		}
		if err := k.readDigests(ctx, tx); err != nil {
			return err
		}
		for _, m := range k.outbox {
			if k.attempts[m.ID], err = tx.Attempts(ctx, m.ID); err != nil {
				return err
			}
		}
		return k.readLedger(ctx, tx)
	})
	if err != nil {
		r.note("read what the desk has: %v", err)
	}
	return k
}

// readDigests reads the mails that are about no one ticket, which the journal names.
func (k *books) readDigests(ctx context.Context, tx desk.Tx) error {
	for _, e := range k.events {
		var sent desk.SentMail
		if e.Kind != desk.EventSent || e.Ticket != 0 {
			continue
		}
		if err := json.Unmarshal(e.Data, &sent); err != nil {
			return err
		}
		m, err := tx.Mail(ctx, sent.Mail)
		if err != nil {
			return err
		}
		k.outbox = append(k.outbox, m)
	}
	return nil
}

func (k *books) readLedger(ctx context.Context, tx desk.Tx) (err error) {
	if k.recount, err = tx.Recount(ctx); err != nil {
		return err
	}
	accounts, err := tx.Accounts(ctx, desk.AccountBalance{}, 1000)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		k.balances[a.Account] = a.Balance
	}
	sum := func(account ledger.Account, by map[int64]int64) error {
		lines, err := tx.Statement(ctx, account)
		for _, l := range lines {
			by[l.Ticket] += l.Amount
		}
		return err
	}
	for _, id := range crashCustomers {
		if err := sum(ledger.Held(id), k.held); err != nil {
			return err
		}
	}
	return sum(ledger.Earned, k.earned)
}

// mails are those of the desk's mailboxes.
func (b *crashBench) mails() []postoffice.Mail {
	return append(b.office.Mails(crashSupport), b.office.Mails(crashSales)...)
}

// isMarked tells a mail that was flagged or moved on its server.
func isMarked(m postoffice.Mail) bool {
	return m.Folder != "INBOX" || slices.Contains(m.Flags, "postdesk")
}

// reckon compares what was written to the desk with what it has, and what it has with what it sent.
func (b *crashBench) reckon() *reckoning {
	r := &reckoning{}
	var k *books
	err := b.with(b.t.Context(), func(st *store.Store) error {
		k = readBooks(b.t.Context(), st, r)
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.people.mu.Lock()
	defer b.people.mu.Unlock()
	reckonMails(r, k, b.mails())
	b.reckonTickets(r, k)
	reckonJournal(r, k)
	reckonOutbox(r, k, b.office.Submissions())
	for _, line := range k.recount {
		r.note("ledger: %s", line)
	}
	return r
}

// reckonMails wants of each mail in the mailboxes one message with its bytes. A mail to two of our addresses is one mail (T098).
func reckonMails(r *reckoning, k *books, mails []postoffice.Mail) {
	came := map[string]map[digest]bool{}
	for _, m := range mails {
		r.mails++
		id := parse.Parse(parse.Bytes(m.Raw)).Identity()
		if came[id] == nil {
			came[id] = map[digest]bool{}
		}
		came[id][sha256.Sum256(m.Raw)] = true
	}
	for id, copies := range came {
		kept := 0
		for sum := range copies {
			kept += k.sources[sum]
		}
		switch {
		case kept == 0:
			r.lost++
			r.note("a mail is lost: %.12s", id)
		case kept > 1:
			r.note("a mail is kept %d times: %.12s", kept, id)
		}
	}
}

// reckonTickets wants one ticket for each matter, with the time that the engineer put down and no other, and charged for exactly that.
func (b *crashBench) reckonTickets(r *reckoning, k *books) {
	of := map[int]int{} // tickets by matter
	for _, tk := range k.tickets {
		n := matterNumber.FindStringSubmatch(tk.Subject)
		if n == nil {
			r.note("ticket %d is about nothing: %q", tk.Number, tk.Subject)
			continue
		}
		number, _ := strconv.Atoi(n[1]) // digits
		m := b.people.matters[number]
		if of[number]++; of[number] > 1 {
			r.doubleTickets++
			r.note("ticket %d is another one about matter %d", tk.Number, number)
			continue
		}
		var charge int64
		if m.kind == aJob || m.kind == aJobInSteps {
			charge = ledger.Charge(m.minutes, ledger.Rate{Minutes: 30, Minimum: 1})
		}
		switch earned := k.earned[tk.Number]; {
		case tk.Minutes > m.minutes || earned > charge:
			r.doublePostings++
			fallthrough
		case tk.Minutes != m.minutes || earned != charge:
			r.note("ticket %d has %d minutes and %d credits charged, want %d and %d", tk.Number, tk.Minutes, earned, m.minutes, charge)
		}
		held := k.held[tk.Number]
		if tk.Hold != nil && tk.Hold.Held() != held || tk.Hold == nil && held != 0 || tk.Status == desk.Closed && held != 0 {
			r.note("ticket %d is %s and holds %d credits in the ledger", tk.Number, tk.Status, held)
		}
	}
	for _, m := range b.people.matters {
		if of[m.number] == 0 {
			r.note("matter %d has no ticket", m.number)
		}
	}
}

// reckonJournal wants a line for each mail that came, each posting, each mail that was put into the outbox, and how each ticket stands.
func reckonJournal(r *reckoning, k *books) {
	posted := map[ledger.Account]int64{}
	status := map[int64]desk.Status{}
	put := map[int64]int{}
	received := 0
	for _, e := range k.events {
		var line struct {
			Mail    int64
			Account ledger.Account
			Amount  int64
			Status  desk.Status
		}
		if err := json.Unmarshal(e.Data, &line); err != nil {
			r.note("line %d of the journal: %v", e.ID, err)
		}
		switch e.Kind {
		case desk.EventReceived:
			received++
		case desk.EventPosted:
			posted[line.Account] += line.Amount
		case desk.EventTicket:
			status[e.Ticket] = line.Status
		case desk.EventSent:
			put[line.Mail]++
		}
	}
	if received != r.mails {
		r.note("the journal has %d mails, the mailboxes %d", received, r.mails)
	}
	for account, balance := range k.balances {
		if posted[account] != balance {
			r.note("the journal posts %d to %s, whose balance is %d", posted[account], account, balance)
		}
	}
	for _, tk := range k.tickets {
		if status[tk.Number] != tk.Status {
			r.note("ticket %d is %s, and in the journal %q", tk.Number, tk.Status, status[tk.Number])
		}
	}
	for _, m := range k.outbox {
		if put[m.ID] != 1 {
			r.note("mail %d stands in the journal %d times", m.ID, put[m.ID])
		}
	}
}

// reckonOutbox wants each mail at the server once, or twice with the same bytes, or given up and said so (T091).
func reckonOutbox(r *reckoning, k *books, submissions []postoffice.Submission) {
	arrived := map[string][][]byte{} // by Message-ID
	for _, s := range submissions {
		if ofDesk(s) {
			id := parse.Parse(parse.Bytes(s.Raw)).ID.String()
			arrived[id] = append(arrived[id], s.Raw)
		}
	}
	told := map[int64]int{}
	for _, e := range k.events {
		var f desk.MailFailure
		if e.Kind == desk.EventFailed && json.Unmarshal(e.Data, &f) == nil {
			told[f.Mail]++
		}
	}
	for _, m := range k.outbox {
		r.sent++
		copies := arrived[m.MessageID.String()]
		delete(arrived, m.MessageID.String())
		refusals, after, taken := 0, 0, 0
		for _, a := range k.attempts[m.ID] {
			if a.State == desk.MailSent {
				taken++
			}
			if a.Code/100 == 5 {
				refusals++
			} else if refusals > 0 {
				after++
			}
		}
		if n := len(copies); n > 1 {
			r.copies += n - 1
			if n > 2 {
				r.note("mail %d arrived %d times", m.ID, n)
			}
		}
		for _, c := range copies {
			if !bytes.Equal(c, copies[0]) {
				r.note("mail %d arrived with other bytes", m.ID)
			}
		}
		switch {
		case taken > 1 && len(copies) > 1:
			r.note("mail %d was sent %d times, and its server took it each time: two nodes had it at once", m.ID, taken)
		case refusals > 1 || after > 0:
			r.note("mail %d was tried again after its server refused it", m.ID)
		case m.State == desk.MailSent && len(copies) == 0:
			r.lost++
			r.note("mail %d to %s is sent, and never arrived", m.ID, m.To.Addr)
		case m.State == desk.MailWaiting:
			r.note("mail %d to %s waits", m.ID, m.To.Addr)
		case m.State == desk.MailFailed && told[m.ID] != 1:
			r.note("mail %d was given up, and staff were told %d times", m.ID, told[m.ID])
		case m.State == desk.MailFailed && refusals > 0:
			r.refused++
		case m.State == desk.MailFailed:
			r.unsure++
		}
	}
	for id, copies := range arrived {
		m := parse.Parse(parse.Bytes(copies[0]))
		r.note("a mail arrived that is not in the outbox: %s, %q of %s", id, m.Subject, m.Date)
	}
}

// row is the reckoning as a line of a table.
func (r *reckoning) row(name string, kills int) []string {
	return []string{name, strconv.Itoa(kills), strconv.Itoa(r.mails), strconv.Itoa(r.sent), strconv.Itoa(r.lost), strconv.Itoa(r.doubleTickets),
		strconv.Itoa(r.doublePostings), strconv.Itoa(r.copies), strconv.Itoa(r.unsure), strconv.Itoa(r.refused), strconv.Itoa(r.held),
		strconv.Itoa(len(r.wrong))}
}

var reckoningHead = []string{"on", "kills", "mails in", "mails out", "lost", "double tickets", "double postings", "second copies", "unsure", "refused", "held", "wrong"}

func (r *reckoning) report(t *testing.T) {
	t.Helper()
	for i, w := range r.wrong {
		if i == 20 {
			t.Errorf("and %d more", len(r.wrong)-i)
			break
		}
		t.Error(w)
	}
}
