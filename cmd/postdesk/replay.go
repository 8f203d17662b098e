package main

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
)

// A replay is the store of a simulation, in which nobody else writes: what would be transactions of their own are parts of one, and what
// the desk has just written, was told before, and when it wants to wake, is known without asking the database. What is kept is the same; it
// takes half the time.
type replay struct {
	desk.Tx
	store *store.Store
	clock func() time.Time
	lines []desk.Event         // of the journal, not printed yet
	mails map[int64]*desk.Mail // sent, not printed yet
	wakes wakes
	timer map[string]time.Time // beside tickets, by name

	meta, muted answers[string]
	contacts    answers[desk.Contact]
	folders     map[desk.Cursor]uint32 // the highest UID that was received, by where, with no UID
	sent        map[string][]automatic // to an address, in the order of time
}

// answers are what the database has told, by the name it was asked for, until that is written.
type answers[V any] map[string]struct {
	v   V
	err error // nil, or that there is none
}

func (a answers[V]) get(name string, ask func() (V, error)) (V, error) {
	if known, ok := a[name]; ok {
		return known.v, known.err
	}
	known := a[name]
	if known.v, known.err = ask(); known.err == nil || errors.Is(known.err, desk.ErrNotFound) {
		a[name] = known
	}
	return known.v, known.err
}

// An automatic mail that was sent, as SentTo counts it.
type automatic struct {
	at       time.Time
	template string
	ticket   int64
}

func newReplay(st *store.Store, clock func() time.Time) *replay {
	return &replay{
		store: st, clock: clock, mails: map[int64]*desk.Mail{}, timer: map[string]time.Time{}, meta: answers[string]{}, muted: answers[string]{},
		contacts: answers[desk.Contact]{}, folders: map[desk.Cursor]uint32{}, sent: map[string][]automatic{},
	}
}

// in runs a part of the simulation in one transaction. Since nobody else writes it never has to be run again.
func (r *replay) in(ctx context.Context, do func() error) error {
	return r.store.Update(ctx, func(tx desk.Tx) error {
		r.Tx = tx
		defer func() { r.Tx = nil }()
		return do()
	})
}

// View implements desk.Store. Outside of a simulation's run it is the database's own.
func (r *replay) View(ctx context.Context, do func(desk.Tx) error) error {
	if r.Tx == nil {
		return r.store.View(ctx, do)
	}
	return do(r)
}

// Update implements desk.Store. An error ends the simulation, so nothing has to be taken back.
func (r *replay) Update(ctx context.Context, do func(desk.Tx) error) error {
	if r.Tx == nil {
		return r.in(ctx, func() error { return do(r) })
	}
	return do(r)
}

// Now implements desk.Tx: the transaction's own would stand still.
func (r *replay) Now(context.Context) (time.Time, error) {
	return r.clock().UTC().Truncate(time.Microsecond), nil
}

// Expect implements desk.Tx. Mails of a replay come one by one, and clocks fire in between: to read ahead for each alone, and to write before
// that what waits, takes longer than to ask when something is asked for.
func (r *replay) Expect(context.Context, desk.Expected) error { return nil }

// Append implements desk.Tx.
func (r *replay) Append(ctx context.Context, e *desk.Event) error {
	r.lines = append(r.lines, *e)
	return r.Tx.Append(ctx, e)
}

// AddMail implements desk.Tx.
func (r *replay) AddMail(ctx context.Context, m *desk.Mail) error {
	err := r.Tx.AddMail(ctx, m)
	kept := *m
	r.mails[m.ID] = &kept
	if m.Automatic {
		r.sent[m.To.Addr] = append(r.sent[m.To.Addr], automatic{m.At.Truncate(time.Microsecond), m.Template, m.Ticket})
	}
	return err
}

// SentTo implements desk.Tx.
func (r *replay) SentTo(_ context.Context, address, template string, ticket int64, since time.Time) (n int, err error) {
	for _, m := range slices.Backward(r.sent[address]) {
		if m.at.Before(since.Truncate(time.Microsecond)) {
			break
		}
		if (template == "" || m.template == template) && (ticket == 0 || m.ticket == ticket) {
			n++
		}
	}
	return n, nil
}

// Reception implements desk.Tx. UIDs rise, so that one above all others is new.
func (r *replay) Reception(ctx context.Context, at desk.Position) (desk.Reception, error) {
	if at.UID > r.folders[folder(at)] {
		return desk.Reception{}, desk.ErrNotFound
	}
	return r.Tx.Reception(ctx, at)
}

// SaveReception implements desk.Tx.
func (r *replay) SaveReception(ctx context.Context, got desk.Reception) error {
	at := folder(got.Position)
	r.folders[at] = max(r.folders[at], got.UID)
	return r.Tx.SaveReception(ctx, got)
}

// folder is where a mail stood, without the mail.
func folder(at desk.Position) desk.Cursor {
	at.UID = 0
	return at
}

// Meta implements desk.Tx.
func (r *replay) Meta(ctx context.Context, name string) (string, error) {
	return r.meta.get(name, func() (string, error) { return r.Tx.Meta(ctx, name) })
}

// SetMeta implements desk.Tx.
func (r *replay) SetMeta(ctx context.Context, name, value string) (string, error) {
	delete(r.meta, name)
	return r.Tx.SetMeta(ctx, name, value)
}

// PutMeta implements desk.Tx.
func (r *replay) PutMeta(ctx context.Context, name, value string) error {
	delete(r.meta, name)
	return r.Tx.PutMeta(ctx, name, value)
}

// Muted implements desk.Tx.
func (r *replay) Muted(ctx context.Context, address string) (string, error) {
	return r.muted.get(address, func() (string, error) { return r.Tx.Muted(ctx, address) })
}

// Mute implements desk.Tx.
func (r *replay) Mute(ctx context.Context, address, why string, at time.Time) error {
	delete(r.muted, address)
	return r.Tx.Mute(ctx, address, why, at)
}

// Unmute implements desk.Tx.
func (r *replay) Unmute(ctx context.Context, address string) (bool, error) {
	delete(r.muted, address)
	return r.Tx.Unmute(ctx, address)
}

// ContactOf implements desk.Tx.
func (r *replay) ContactOf(ctx context.Context, address string) (*desk.Contact, error) {
	c, err := r.contacts.get(address, func() (desk.Contact, error) {
		c, err := r.Tx.ContactOf(ctx, address)
		if err != nil {
			return desk.Contact{}, err
		}
		return *c, nil
	})
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// SaveContact implements desk.Tx.
func (r *replay) SaveContact(ctx context.Context, c *desk.Contact) error {
	if delete(r.contacts, c.Address); c.ID != 0 {
		clear(r.contacts) // it had another address perhaps
	}
	return r.Tx.SaveContact(ctx, c)
}

// SaveTicket implements desk.Tx.
func (r *replay) SaveTicket(ctx context.Context, t *desk.Ticket) error {
	r.wakes.set(t.Number, t.WakeAt)
	return r.Tx.SaveTicket(ctx, t)
}

// Waking implements desk.Tx.
func (r *replay) Waking(_ context.Context, now time.Time, limit int) ([]int64, error) {
	return r.wakes.due(now, limit), nil
}

// StartTimer implements desk.Tx.
func (r *replay) StartTimer(ctx context.Context, name string, at time.Time) error {
	if _, ok := r.timer[name]; !ok {
		r.timer[name] = at.Truncate(time.Microsecond)
	}
	return r.Tx.StartTimer(ctx, name, at)
}

// DueTimers implements desk.Tx.
func (r *replay) DueTimers(_ context.Context, now time.Time) (due []string, err error) {
	for name, at := range r.timer {
		if !at.After(now) {
			due = append(due, name)
		}
	}
	slices.SortFunc(due, func(a, b string) int { return cmp.Or(r.timer[a].Compare(r.timer[b]), cmp.Compare(a, b)) })
	return due, nil
}

// EndTimer implements desk.Tx.
func (r *replay) EndTimer(ctx context.Context, name string) (bool, error) {
	delete(r.timer, name)
	return r.Tx.EndTimer(ctx, name)
}

// NextWake implements desk.Tx.
func (r *replay) NextWake(context.Context) (time.Time, error) {
	next := r.wakes.next()
	for _, at := range r.timer {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	if next.IsZero() {
		return next, desk.ErrNotFound
	}
	return next, nil
}

// wakes are the times at which tickets want to be looked at, earliest first and by number where they are the same. A ticket that was
// given another time leaves its old one behind, which is passed over.
type wakes struct {
	of    map[int64]time.Time
	queue wakeQueue
}

type wake struct {
	at     time.Time
	ticket int64
}

func (w *wakes) set(ticket int64, at time.Time) {
	at = at.Truncate(time.Microsecond) // as it is stored
	if w.of[ticket].Equal(at) {
		return
	}
	if w.of == nil {
		w.of = map[int64]time.Time{}
	}
	if w.of[ticket] = at; !at.IsZero() {
		heap.Push(&w.queue, wake{at, ticket})
	}
}

// next is the earliest time, zero for none.
func (w *wakes) next() time.Time {
	for len(w.queue) > 0 {
		first := w.queue[0]
		if w.of[first.ticket].Equal(first.at) {
			return first.at
		}
		heap.Pop(&w.queue)
	}
	return time.Time{}
}

// due are the tickets whose time is not after now. They stay: each gets a new time when it was looked at.
func (w *wakes) due(now time.Time, limit int) (tickets []int64) {
	var kept []wake
	for at := w.next(); !at.IsZero() && !at.After(now) && len(tickets) < limit; at = w.next() {
		first := heap.Pop(&w.queue).(wake)
		if n := len(kept); n > 0 && kept[n-1] == first {
			continue // it was given the same time twice
		}
		tickets, kept = append(tickets, first.ticket), append(kept, first)
	}
	for _, k := range kept {
		heap.Push(&w.queue, k)
	}
	return tickets
}

type wakeQueue []wake

func (q wakeQueue) Len() int { return len(q) }
func (q wakeQueue) Less(i, j int) bool {
	if c := q[i].at.Compare(q[j].at); c != 0 {
		return c < 0
	}
	return q[i].ticket < q[j].ticket
}
func (q wakeQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *wakeQueue) Push(x any)   { *q = append(*q, x.(wake)) }
func (q *wakeQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// A teller prints the journal beside the simulation: while one core decides over the next mail, another tells what became of the last.
type teller struct {
	next   []told // not handed over yet: to wake the other core for each line takes longer than to print it
	lines  chan []told
	failed error // once done is closed
	done   chan struct{}
}

type told struct {
	event desk.Event
	mail  *desk.Mail
}

func newTeller(p *printer) *teller {
	t := &teller{lines: make(chan []told, 16), done: make(chan struct{})}
	go func() {
		defer close(t.done)
		for lines := range t.lines {
			for _, l := range lines {
				if t.failed == nil {
					t.failed = p.event(l.event, l.mail)
				}
			}
		}
	}()
	return t
}

func (t *teller) tell(e desk.Event, m *desk.Mail) {
	if t.next = append(t.next, told{e, m}); len(t.next) == 64 {
		t.lines <- t.next
		t.next = nil
	}
}

// close waits until all is printed.
func (t *teller) close() error {
	t.lines <- t.next
	close(t.lines)
	<-t.done
	return t.failed
}
