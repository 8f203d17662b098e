package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// A turn is one transaction of the desk: what it loaded, the policy it goes by, and the journal it writes at its end. Tickets are changed
// as values and saved once, by finish.
type turn struct {
	ctx  context.Context
	d    *Desk
	tx   Tx
	p    *policy.Policy
	keys *message.Keyring
	now  time.Time // the desk's clock: when things are written and sent
	at   time.Time // when what is decided over happened: a mail's arrival, else now

	mail   *message.Message // the mail that is decided over, nil where none came
	from   sender           // who wrote it
	source int64            // where its bytes are kept, once they are
	told   int64            // the message that it became

	decided bool // one of us acts, or a customer with proof: what follows is no stranger's doing, and no program's

	threads map[int64]thread   // what was said, by ticket, where it was asked for
	remarks []templates.Remark // what whoever gave the commands of this turn has to know of what was done
	copied  map[int64][]string // who is in copy of the mail and was taken out, by ticket

	tickets map[int64]*Ticket // loaded, by number
	bases   map[int64]basis   // what their clocks followed from then
	changed []*Ticket         // in the order in which they were first changed

	received []Event // the journal of this turn, by kind, in the order finish writes it
	handled  []Event
	posted   []Event
	fired    []Event
	sent     []Event

	late []func(Tx) error // what a planted mistake puts off until after the commit
}

// update runs do in a turn that is committed when it returns nil.
func (d *Desk) update(ctx context.Context, do func(*turn) error) error {
	var (
		age  *age
		late []func(Tx) error
	)
	err := d.Store.Update(ctx, func(tx Tx) (err error) {
		t := d.turn(ctx, tx)
		if age, err = t.age(); err != nil {
			return err
		}
		t.signBy(age)
		if err := do(t); err != nil {
			return err
		}
		err = t.finish()
		late = t.late
		return err
	})
	if err == nil {
		d.age.Store(age)
	}
	for i := 0; i < len(late) && err == nil; i++ {
		err = d.Store.Update(ctx, late[i])
	}
	return err
}

// turn begins one.
func (d *Desk) turn(ctx context.Context, tx Tx) *turn {
	t := &turn{
		ctx: ctx, d: d, tx: tx, p: d.Policy(), now: d.Now().UTC(),
		tickets: map[int64]*Ticket{}, bases: map[int64]basis{}, threads: map[int64]thread{}, copied: map[int64][]string{},
	}
	t.at = t.now
	return t
}

// signBy gives the turn the keys of its tokens.
func (t *turn) signBy(a *age) {
	keys := t.p.Tokens
	keys.Epoch, keys.Former = a.epoch, a.former
	t.keys = &keys
}

// view runs do in a turn that only reads. A database that is new has no age yet, and no tokens that could be read.
func (d *Desk) view(ctx context.Context, do func(*turn) error) error {
	return d.Store.View(ctx, func(tx Tx) error {
		t := d.turn(ctx, tx)
		a := &age{}
		if _, err := tx.Meta(ctx, metaEpoch); err == nil {
			if a, err = t.age(); err != nil {
				return err
			}
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
		t.signBy(a)
		return do(t)
	})
}

// An age is what tells this database from others, and from what it was before it was restored.
type age struct {
	epoch  string
	former []message.Former
}

// age has an epoch that is drawn once in the life of a database: tokens of another one, or of a desk restored from a backup of this one,
// prove nothing (F15).
func (t *turn) age() (*age, error) {
	if known := t.d.age.Load(); known != nil {
		return known, nil
	}
	epoch, err := t.tx.Meta(t.ctx, metaEpoch)
	if errors.Is(err, ErrNotFound) {
		fresh, rerr := t.unique()
		if rerr != nil {
			return nil, rerr
		}
		epoch, err = t.tx.SetMeta(t.ctx, metaEpoch, fresh)
	}
	if err != nil {
		return nil, err
	}
	former, err := formerEpochs(t.ctx, t.tx)
	return &age{epoch, former}, err
}

// unique draws what makes an id of ours its own.
func (t *turn) unique() (string, error) { return drawID(t.d.Rand) }

// drawID gives 80 bits in letters and digits.
func drawID(rand io.Reader) (string, error) {
	var b [10]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return "", fmt.Errorf("draw an id: %w", err)
	}
	return idLetters.EncodeToString(b[:]), nil
}

// ticket loads a ticket once, locked until the end of the turn.
func (t *turn) ticket(number int64) (*Ticket, error) {
	if tk, ok := t.tickets[number]; ok {
		return tk, nil
	}
	tk, err := t.tx.Ticket(t.ctx, number)
	if err != nil {
		return nil, fmt.Errorf("ticket %d: %w", number, err)
	}
	t.tickets[number], t.bases[number] = tk, t.basisOf(tk)
	return tk, nil
}

// standing is the ticket that a number leads to: the one into which it was merged, however often (F27).
func (t *turn) standing(number int64) (*Ticket, error) {
	for range maxMerges {
		tk, err := t.ticket(number)
		if err != nil || tk.MergedInto == 0 {
			return tk, err
		}
		number = tk.MergedInto
	}
	return nil, fmt.Errorf("ticket %d: merged in a circle", number) // which merge prevents
}

// maxMerges is how many tickets may have become one after another.
const maxMerges = 100

// touch marks a ticket as changed: finish saves it and prints it whole.
func (t *turn) touch(tk *Ticket) {
	if !slices.Contains(t.changed, tk) {
		t.changed = append(t.changed, tk)
	}
}

// finish saves what changed and writes the journal: how the mail ended, what was posted, which clocks fired, how the tickets stand now,
// what goes out.
func (t *turn) finish() error {
	for _, tk := range t.changed {
		if before, ok := t.bases[tk.Number]; ok && before != t.basisOf(tk) {
			t.retime(tk)
		}
		tk.followAssignee(t.calendar(tk), t.at)
		if tk.Status == Closed {
			if err := t.forgetAccess(tk); err != nil {
				return err
			}
		}
		t.recordLate(tk)
		tk.WakeAt = tk.wake(t.p, t.calendar(tk))
		if err := t.tx.SaveTicket(t.ctx, tk); err != nil {
			return fmt.Errorf("save ticket %d: %w", tk.Number, err)
		}
	}
	var states []Event
	for _, tk := range t.changed {
		states = append(states, t.event(EventTicket, tk.Number, tk.snapshot()))
	}
	events := slices.Concat(t.received, t.handled, t.posted, t.fired, states, t.sent)
	if fault.Planted(fault.JournalLate) {
		t.late = append(t.late, func(tx Tx) error { return t.write(tx, events) })
		return nil
	}
	return t.write(t.tx, events)
}

func (t *turn) write(tx Tx, events []Event) error {
	for _, e := range events {
		if err := tx.Append(t.ctx, &e); err != nil {
			return fmt.Errorf("write the journal: %w", err)
		}
	}
	return nil
}

// event makes a line of the journal.
func (t *turn) event(kind EventKind, ticket int64, data any) Event {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(fmt.Sprintf("desk: event %s cannot be written: %v", kind, err)) // plain structs of ours
	}
	return Event{At: t.now, Ticket: ticket, Kind: kind, Data: raw}
}

// class is the ticket's; one that the policy does not know any more has the terms of the desk's default.
func (t *turn) class(tk *Ticket) *policy.Class {
	if c := t.p.Class(tk.Class); c != nil {
		return c
	}
	return t.p.Class(t.p.Desk.DefaultClass)
}

// mailbox is whose address a ticket is answered from; the first of the policy where it does not know the ticket's any more.
func (t *turn) mailbox(tk *Ticket) *policy.Mailbox {
	if b := t.p.Mailbox(tk.Mailbox); b != nil {
		return b
	}
	return t.p.Mailboxes[0]
}

// calendar is the one that a ticket's deadlines are counted in.
func (t *turn) calendar(tk *Ticket) *calendar.Calendar {
	_, cal := t.p.CalendarOf(t.mailbox(tk), t.class(tk))
	return cal
}

// post writes a posting once; what it moved goes into the journal.
func (t *turn) post(p ledger.Posting) error {
	if fault.Planted(fault.DebitLate) && t.late == nil {
		t.late = append(t.late, func(tx Tx) error {
			t.tx, t.posted = tx, nil
			if err := t.post(p); err != nil {
				return err
			}
			return t.write(tx, t.posted)
		})
		return nil
	}
	balances, posted, err := t.tx.Post(t.ctx, p)
	if err != nil || !posted {
		return err
	}
	for i, e := range p.Entries {
		t.posted = append(t.posted, t.event(EventPosted, p.Ticket, Posted{
			Ticket: p.Ticket, Account: string(e.Account), Unit: string(e.Unit), Amount: e.Amount, Balance: balances[i], Cause: p.Cause,
		}))
	}
	return nil
}

// balance is what a customer can spend, in credits; 0 for a contact without account.
func (t *turn) balance(customer string) (int64, error) {
	if customer == "" {
		return 0, nil
	}
	return t.tx.Balance(t.ctx, ledger.Customer(customer), ledger.Credit)
}

// snapshot is how the ticket stands, for the journal.
func (t *Ticket) snapshot() Snapshot {
	s := Snapshot{
		Ticket: t.Number, Status: t.Status, Queue: t.Queue, Class: t.Class, Priority: t.Priority, Product: t.Product,
		Customer: t.Customer, Requester: t.Requester.Address, Channel: t.Channel, Missing: t.Missing, Assignee: t.Assignee, Billing: t.Billing, Minutes: t.Minutes,
		Linked: t.Linked,
	}
	if t.Estimate != nil {
		s.Estimate = &SnapshotEstimate{Unit: string(t.Estimate.Unit()), Min: t.Estimate.Min, Max: t.Estimate.Max}
	}
	for i := range t.Clocks {
		c := &t.Clocks[i]
		state := c.State()
		if state == "" {
			continue
		}
		if s.Clocks == nil {
			s.Clocks = map[string]ClockState{}
		}
		cs := ClockState{State: state}
		if state != "paused" {
			due := c.Due.UTC()
			cs.Due = &due
		}
		s.Clocks[string(c.Name)] = cs
	}
	for _, r := range t.Reasons {
		if r.Rule != "" && r.Failed == "" {
			s.Rules = append(s.Rules, r.Rule)
		}
	}
	return s
}

// link makes two tickets show each other.
func (t *turn) link(a, b *Ticket) {
	if a.Number == b.Number {
		return
	}
	if !slices.Contains(a.Linked, b.Number) {
		a.Linked = append(a.Linked, b.Number)
		t.touch(a)
	}
	if !slices.Contains(b.Linked, a.Number) {
		b.Linked = append(b.Linked, a.Number)
		t.touch(b)
	}
}

// clip cuts a text to some bytes, and says so.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + " […]"
}

// oneLine makes a stranger's text fit for a reason or a log line.
func oneLine(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return s
}
