package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// What a page of the portal shows one of us (P3): the queue by its deadlines, a ticket with the reasons why each thing about it is so, and the
// mails that wait for a person. They act by mail; only what mail cannot do is a button here. What is shown here has no way to a
// customer's page, whose types are others (G7).

// A Queued is a ticket in the queue.
type Queued struct {
	Number       int64
	Subject      string
	Status       Status
	Class, Queue string // by their titles
	Priority     string
	Requester    string
	With         string // who has it, by name; "" for nobody
	Clock        string // whose deadline is next; "" where none runs
	Due          *templates.Moment
	Late         bool
}

// A Queue is what there is to do for one of us, what is due first at the top of each list.
type Queue struct {
	Mine, Nobodys, Others []Queued
	Held                  int  // mails that wait for a person, where they are his to look at: heldShown at most
	HeldMore              bool // and there are more
	MayHold               bool // whether they are
	More                  int  // tickets that are not listed
}

const (
	queueBatch = 500  // tickets read at once
	queueRead  = 5000 // and at most
	queueShown = 200  // in each list
)

// QueueOf is the queue as one of us sees it: tickets that are not closed, of the queues that he works on, or all for a dispatcher.
func (d *Desk) QueueOf(ctx context.Context, who *policy.Staff, lang string) (q Queue, err error) {
	err = d.view(ctx, func(t *turn) error {
		var below int64
		for read := 0; read < queueRead; {
			tickets, err := t.tx.Tickets(ctx, TicketFilter{Unclosed: true, Below: below, Limit: queueBatch})
			if err != nil {
				return err
			}
			for _, tk := range tickets {
				if !maySee(who, tk) {
					continue
				}
				item := t.queued(tk, who, lang)
				switch {
				case tk.Assignee == who.ID:
					q.Mine = append(q.Mine, item)
				case tk.Assignee == "":
					q.Nobodys = append(q.Nobodys, item)
				default:
					q.Others = append(q.Others, item)
				}
			}
			if len(tickets) < queueBatch {
				break
			}
			read += len(tickets)
			below = tickets[len(tickets)-1].Number
		}
		for _, list := range []*[]Queued{&q.Mine, &q.Nobodys, &q.Others} {
			slices.SortStableFunc(*list, urgency)
			if n := len(*list); n > queueShown {
				*list, q.More = (*list)[:queueShown], q.More+n-queueShown
			}
		}
		if q.MayHold = LooksAtHeld(who); q.MayHold {
			held, err := t.tx.Held(ctx, heldShown+1)
			if err != nil {
				return err
			}
			q.Held, q.HeldMore = min(len(held), heldShown), len(held) > heldShown
		}
		return nil
	})
	return q, err
}

// maySee tells whether one of us may look at a ticket: who works on its queue or has it, and dispatchers.
func maySee(who *policy.Staff, tk *Ticket) bool {
	return works(who, tk) || tk.Assignee == who.ID || who.Has(policy.Dispatcher)
}

// LooksAtHeld tells whether one of us looks at mails that wait for a person: they may be anybody's.
func LooksAtHeld(who *policy.Staff) bool {
	return who.Has(policy.Dispatcher) || who.Has(policy.Moderator)
}

// urgency puts what is due first before the rest, and what has no deadline in the order of its number.
func urgency(a, b Queued) int {
	switch {
	case a.Due != nil && b.Due != nil:
		return cmp.Or(a.Due.T.Compare(b.Due.T), cmp.Compare(a.Number, b.Number))
	case a.Due != nil:
		return -1
	case b.Due != nil:
		return 1
	}
	return cmp.Compare(a.Number, b.Number)
}

func (t *turn) queued(tk *Ticket, who *policy.Staff, lang string) Queued {
	item := Queued{
		Number: tk.Number, Subject: string(public(tk.Subject)), Status: tk.Status, Class: t.class(tk).Title.In(lang),
		Queue: t.queueTitle(tk.Queue).In(lang), Priority: tk.Priority, Requester: cmp.Or(tk.Requester.Name, tk.Requester.Address),
	}
	if tk.Assignee != "" {
		item.With = t.nameOf(tk.Assignee)
	}
	for i := range tk.Clocks {
		if c := &tk.Clocks[i]; c.running() && (item.Due == nil || c.Due.Before(item.Due.T)) {
			item.Clock, item.Due, item.Late = string(c.Name), t.inHis(who, tk, c.Due), t.now.After(c.Due)
		}
	}
	return item
}

// nameOf is somebody of us by name, by id where he is not in the policy any more.
func (t *turn) nameOf(id string) string {
	if s := t.p.StaffByID(id); s != nil {
		return s.Name
	}
	return id
}

// inHis is a moment in the zone of who looks, else in that of the ticket's calendar.
func (t *turn) inHis(who *policy.Staff, tk *Ticket, at time.Time) *templates.Moment {
	m := t.moment(tk, at)
	if who.Zone != nil {
		m.Zone = who.Zone
	}
	return m
}

// A StaffView is a ticket as one of us sees it.
type StaffView struct {
	*templates.Staff // what his mails say of it
	Status           Status
	With             string
	Registered       templates.Moment
	Tags             []string
	Spent            *templates.Spent
	Settled          []Settled
	Clocks           []ClockView
	Said             []StaffSaid
	Latest           int // Said has only so many, the latest; 0 for all
	Sent             []StaffSent
	Access           []Access // what the customer handed over for him, without what it says
	MayLook          bool     // at it

	Readers    []Reader
	Linked     []Queued // tickets beside it
	MergedInto int64    // the ticket that it is a part of now, 0 for none
	MayCorrect bool     // who looks may hand it on, merge, link and split it, and say who reads along
	Queues     []Choice // where it can be handed to, and InQueue where it is
	InQueue    string
}

// A ClockView is one clock, with how it came to where it stands.
type ClockView struct {
	Name   string
	State  string // running, paused, met or breached
	Target string // what the policy allows
	Start  templates.Moment
	Due    *templates.Moment
	Met    *templates.Moment
	Late   bool
	Pauses []PauseView
}

// A PauseView is a time in which a clock stood still.
type PauseView struct {
	From templates.Moment
	To   *templates.Moment // nil while it lasts
	Why  Status
}

// A StaffSaid is one message, be it a customer's, one of ours, a note or a machine's.
type StaffSaid struct {
	At       templates.Moment
	Message  int64
	Who      string
	Ours     bool
	Internal bool
	Machine  bool
	Outcome  Outcome
	Unsure   bool
	MaySplit bool   // a ticket of its own can be made of it
	Level    string // how surely it is from whom it says, and what the check noted
	Words    templates.InternalText
	Files    []File
	By       string // how it found the ticket
	Why      []string
}

// A StaffSent is one mail of ours.
type StaffSent struct {
	At       templates.Moment
	Template string
	To       string
	State    MailState
}

// StaffViewOf is a ticket as one of us sees it, with its latest messages; one that he may not see is not found.
func (d *Desk) StaffViewOf(ctx context.Context, who *policy.Staff, number int64, lang string) (StaffView, error) {
	return d.staffView(ctx, who, number, lang, (*turn).latest)
}

// WholeStaffViewOf is StaffViewOf with every message, however many there are.
func (d *Desk) WholeStaffViewOf(ctx context.Context, who *policy.Staff, number int64, lang string) (StaffView, error) {
	return d.staffView(ctx, who, number, lang, func(t *turn, tk *Ticket) ([]*Message, int, error) {
		all, err := t.tx.Messages(t.ctx, tk.Number)
		return all, 0, err
	})
}

func (d *Desk) staffView(ctx context.Context, who *policy.Staff, number int64, lang string, read func(*turn, *Ticket) ([]*Message, int, error)) (v StaffView, err error) {
	err = d.view(ctx, func(t *turn) error {
		tk, err := t.tx.Ticket(ctx, number)
		if err != nil {
			return err
		}
		if !maySee(who, tk) {
			return fmt.Errorf("ticket %d for %s: %w", number, who.ID, ErrNotFound)
		}
		reads := *who
		reads.Language = lang
		data := t.staffData(tk, &reads)
		if err := t.withThread(tk, &reads, data); err != nil {
			return err
		}
		inZone(data, who.Zone)
		messages, latest, err := read(t, tk)
		if err != nil {
			return err
		}
		mails, err := t.tx.Mails(ctx, number)
		if err != nil {
			return err
		}
		v = StaffView{Staff: data, Status: tk.Status, Registered: *t.inHis(who, tk, tk.Registered), Tags: tk.Tags, Settled: WhyOf(tk, nil).Settled, Latest: latest}
		if tk.Assignee != "" {
			v.With = t.nameOf(tk.Assignee)
		}
		if tk.Hold != nil {
			v.Spent = &templates.Spent{TotalMinutes: tk.Minutes, Credits: tk.Hold.Settled, Max: tk.Hold.Amount}
		}
		for i := range tk.Clocks {
			if c := &tk.Clocks[i]; c.State() != "" {
				v.Clocks = append(v.Clocks, t.clockView(who, tk, c, lang))
			}
		}
		if v.Access, err = t.accessOf(tk); err != nil {
			return err
		}
		v.MayLook = mayLook(who, tk)
		if err := t.correctable(&v, who, tk, lang); err != nil {
			return err
		}
		for i, m := range messages {
			said := t.staffSaid(who, tk, m)
			said.MaySplit = v.MayCorrect && (i > 0 || latest > 0) && splits(m)
			v.Said = append(v.Said, said)
		}
		for _, m := range mails {
			v.Sent = append(v.Sent, StaffSent{*t.inHis(who, tk, m.At), m.Template, m.To.Addr, m.State})
		}
		return nil
	})
	return v, err
}

// correctable adds what whoever looks can put right.
func (t *turn) correctable(v *StaffView, who *policy.Staff, tk *Ticket, lang string) error {
	v.Readers, v.MergedInto, v.InQueue = t.readersOf(who, tk), tk.MergedInto, cmp.Or(tk.Department, tk.Queue)
	v.MayCorrect = tk.MergedInto == 0 && (works(who, tk) || who.Has(policy.Dispatcher))
	for _, q := range t.p.Queues {
		v.Queues = append(v.Queues, Choice{q.Name, t.queueTitle(q.Name).In(lang)})
	}
	for _, number := range tk.Linked {
		other, err := t.tx.Ticket(t.ctx, number)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return err
		case maySee(who, other):
			v.Linked = append(v.Linked, t.queued(other, who, lang))
		}
	}
	return nil
}

func (t *turn) clockView(who *policy.Staff, tk *Ticket, c *Clock, lang string) ClockView {
	v := ClockView{
		Name: string(c.Name), State: c.State(), Target: templates.Span(lang, c.Target.N, c.Target.Unit.String()), Start: *t.inHis(who, tk, c.Start),
		Late: c.Met.IsZero() && c.running() && t.now.After(c.Due),
	}
	if !c.paused() {
		v.Due = t.inHis(who, tk, c.Due)
	}
	if !c.Met.IsZero() {
		v.Met = t.inHis(who, tk, c.Met)
	}
	for _, p := range c.Pauses {
		if p.From.Equal(p.To) {
			continue
		}
		pv := PauseView{From: *t.inHis(who, tk, p.From), Why: p.Why}
		if !p.To.IsZero() {
			pv.To = t.inHis(who, tk, p.To)
		}
		v.Pauses = append(v.Pauses, pv)
	}
	return v
}

func (t *turn) staffSaid(who *policy.Staff, tk *Ticket, m *Message) StaffSaid {
	return StaffSaid{
		At: *t.inHis(who, tk, m.At), Message: m.ID, Who: t.author(m), Ours: m.Staff != "", Internal: m.Internal, Machine: m.Kind.Machine(),
		Outcome: m.Outcome, Unsure: m.Staff == "" && m.Level < message.LevelA1s, Level: strings.TrimSuffix(m.Level.String()+": "+m.LevelWhy, ": "),
		Words: internal(clip(cmp.Or(m.Visible, m.Text), maxWords)), Files: filesOf(m), By: m.By, Why: m.Why,
	}
}

// A HeldView is a mail that waits for a person.
type HeldView struct {
	Message int64
	Ticket  int64 // that it names, 0 for none
	At      templates.Moment
	From    string
	Subject string
	Level   string
	Why     []string
	Words   templates.InternalText
	Files   []File
}

// heldShown is how many held mails a page shows.
const heldShown = 100

// HeldFor are the mails that wait for a person, the oldest first, for those of us whose work that is; for others they are not found. More
// tells that there are further ones.
func (d *Desk) HeldFor(ctx context.Context, who *policy.Staff) (all []HeldView, more bool, err error) {
	if !LooksAtHeld(who) {
		return nil, false, fmt.Errorf("held mails for %s: %w", who.ID, ErrNotFound)
	}
	err = d.view(ctx, func(t *turn) error {
		held, err := t.tx.Held(ctx, heldShown+1)
		if err != nil {
			return err
		}
		if more = len(held) > heldShown; more {
			held = held[:heldShown]
		}
		for _, m := range held {
			zone := t.p.Desk.Zone
			if who.Zone != nil {
				zone = who.Zone
			}
			all = append(all, HeldView{
				Message: m.ID, Ticket: m.Ticket, At: templates.Moment{T: m.At, Zone: zone}, From: contactLine(m.From.Name, m.From.Addr),
				Subject: string(public(m.Subject)), Level: strings.TrimSuffix(m.Level.String()+": "+m.LevelWhy, ": "), Why: m.Why,
				Words: internal(clip(cmp.Or(m.Visible, m.Text), maxQuoted)), Files: filesOf(m),
			})
		}
		return nil
	})
	return all, more, err
}
