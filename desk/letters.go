package desk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// maxHistory is how many earlier messages a staff mail shows.
const maxHistory = 10

// maxWords is how much of new words a staff mail shows, and maxQuoted how much of earlier ones and of what is only repeated to its writer,
// in bytes: every mail of a long thread would bring megabytes along (G9). The ticket has all of it.
const (
	maxWords  = 128 << 10
	maxQuoted = 16 << 10
)

// customerData is what mails about a ticket may show its requester.
func (t *turn) customerData(tk *Ticket) *templates.Customer {
	lang := templates.Pick(tk.Language, t.p.Desk.Language)
	class := t.class(tk)
	d := &templates.Customer{
		Desk: t.p.Desk.Name, Name: tk.Requester.Name, Number: tk.Number, Subject: string(public(tk.Subject)),
		Class: class.Title.In(lang), Free: tk.Billing == policy.Free,
		CreditMinutes:  t.p.Credits.Rate.Minutes,
		Promised:       !tk.FreeWindow || t.p.FreeWindow.Promised,
		CloseAfterDays: t.p.Life.CloseResolved, ReopenDays: t.p.Life.ReopenDays,
		HowToBuy: templates.PublicText(t.p.Credits.HowToBuy.In(lang)), ManagementContact: t.p.Desk.Contact,
	}
	if p := t.p.Product(tk.Product); p != nil {
		d.Product = p.Title.In(lang)
	}
	if d.Hourly = tk.hourlyData(lang); d.Hourly != nil {
		d.HowToBuy = ""
	}
	if tk.Estimate != nil && !tk.hourly() {
		d.Estimate = &templates.Range{Min: int(tk.Estimate.Min), Max: int(tk.Estimate.Max)}
	}
	if d.Estimate != nil && tk.Estimate.Max > t.p.Credits.ConfirmLimit {
		d.ConfirmLimit = t.p.Credits.ConfirmLimit
	}
	d.NotHis = tk.Estimate != nil && !spends(&tk.Requester, tk)
	if tk.Hold != nil && !tk.hourly() {
		d.Spent = &templates.Spent{TotalMinutes: tk.Minutes, Credits: tk.Hold.Settled, Max: tk.Hold.Amount}
	}
	switch tk.Status {
	case AwaitingConfirmation:
		d.Awaiting, d.CloseAfterDays = "confirmation", t.p.Life.CloseAwaiting
	case AwaitingCredits:
		d.Awaiting, d.CloseAfterDays = "credits", t.p.Life.CloseAwaiting
	case AwaitingDetails:
		d.Awaiting, d.CloseAfterDays = "details", t.p.Life.CloseAwaiting
	}
	d.Details = t.detailTitles(tk, lang)
	d.FirstResponse, d.FirstResponseTarget = t.deadline(tk, policy.FirstResponse, lang)
	d.Resolution, d.ResolutionTarget = t.deadline(tk, policy.Resolution, lang)
	if portal := t.p.Portal.URL; portal != "" {
		d.TicketURL = fmt.Sprintf("%s/tickets/%d", portal, tk.Number)
		if tk.Status == AwaitingConfirmation && d.Estimate != nil && !d.NotHis {
			// For this person and this version alone, as the reply address of an estimate is. It needs no place to be kept: the ticket itself
			// tells whether it was used.
			d.ConfirmURL = portal + "/estimate/" + t.keys.Mint(message.Token{Purpose: message.PurposePage, Ticket: tk.Number, Arg: tk.Estimate.Version}, tk.Requester.Address)
		}
	}
	return d
}

// deadline is when a clock is due, in its calendar's zone; where it stands still, the time that is allowed.
func (t *turn) deadline(tk *Ticket, name policy.ClockName, lang string) (*templates.Moment, string) {
	c := tk.clock(name)
	if c == nil || c.dormant() || !c.Met.IsZero() || c.Stopped {
		return nil, ""
	}
	if c.paused() {
		return nil, templates.Span(lang, c.Target.N, c.Target.Unit.String())
	}
	return t.moment(tk, c.Due), ""
}

// awaited is the clock that a notice to staff is about, and when it is due: nothing where none runs.
func (t *turn) awaited(tk *Ticket, template string) (string, *templates.Moment) {
	var names []policy.ClockName
	switch template {
	case "unassigned":
		names = []policy.ClockName{policy.Assignment}
	case "estimate_needed":
		names = []policy.ClockName{policy.FirstResponse}
	case "new_words":
		names = []policy.ClockName{policy.NextResponse, policy.FirstResponse}
	}
	for _, name := range names {
		if c := tk.clock(name); c != nil && c.running() {
			return string(name), t.moment(tk, c.Due)
		}
	}
	return "", nil
}

func (t *turn) moment(tk *Ticket, at time.Time) *templates.Moment {
	return &templates.Moment{T: at, Zone: t.calendar(tk).Zone}
}

// momentFor is a time that belongs to no ticket, in its reader's zone.
func (t *turn) momentFor(at time.Time, reader *policy.Staff) *templates.Moment {
	if reader.Zone != nil {
		return &templates.Moment{T: at, Zone: reader.Zone}
	}
	return &templates.Moment{T: at, Zone: t.p.Desk.Zone}
}

// staffData is what mails about a ticket show one of us; tk is nil for a mail about no ticket.
func (t *turn) staffData(tk *Ticket, to *policy.Staff) *templates.Staff {
	d := &templates.Staff{Desk: t.p.Desk.Name, To: to.Name}
	if tk == nil {
		return d
	}
	lang := t.languageOf(to)
	d.Number, d.Subject = tk.Number, string(public(tk.Subject))
	if portal := t.p.Portal.URL; portal != "" {
		d.TicketURL = fmt.Sprintf("%s/tickets/%d", portal, tk.Number)
	}
	d.From = contactLine(tk.Requester.Name, tk.Requester.Address)
	d.Level, d.LevelWhy = tk.Level.String(), tk.LevelWhy
	for _, p := range tk.Participants {
		if p.Role == Proposed {
			d.Copies = append(d.Copies, p.Contact.Address)
		}
	}
	d.Removed = t.copied[tk.Number]
	d.Customer, d.Queue, d.Priority = tk.Customer, t.queueTitle(tk.Queue).In(lang), tk.Priority
	d.Billing, d.SpentTotal = string(tk.Billing), tk.Minutes
	d.Class = t.class(tk).Title.In(lang)
	if p := t.p.Product(tk.Product); p != nil {
		d.Product = p.Title.In(lang)
	}
	if tk.FreeWindow {
		d.Plan = "free_window"
	}
	if tk.hourly() {
		d.Plan = tk.Estimate.Rate.Title.In(lang) + ", " + tk.Estimate.String()
	} else if tk.Estimate != nil {
		d.Estimate = &templates.Range{Min: int(tk.Estimate.Min), Max: int(tk.Estimate.Max)}
	}
	d.FirstResponse, _ = t.deadline(tk, policy.FirstResponse, lang)
	d.NextResponse, _ = t.deadline(tk, "next_response", lang)
	d.Resolution, _ = t.deadline(tk, policy.Resolution, lang)
	for _, r := range tk.Reasons {
		d.Why = append(d.Why, string(internal(TellReason(r))))
	}
	if missing := t.detailTitles(tk, lang); len(missing) > 0 && tk.Status != AwaitingDetails {
		d.Why = append(d.Why, fmt.Sprintf("details: asked for %d times, and still missing: %s", tk.AskedDetails, strings.Join(missing, "; ")))
	}
	return d
}

// languageOf is what one of us reads.
func (t *turn) languageOf(s *policy.Staff) string {
	return templates.Pick(s.Language, t.p.Desk.Language)
}

// queueTitle is a queue's, its name where it has none or is not in the policy any more.
func (t *turn) queueTitle(name string) policy.Text {
	if q := t.p.Queue(name); q != nil && len(q.Title) > 0 {
		return q.Title
	}
	return policy.Text{"en": name}
}

// contactLine is how mails to staff show a person.
func contactLine(name, address string) string {
	if name == "" {
		return address
	}
	return fmt.Sprintf("%s <%s>", name, address)
}

// A thread is what staff read of a ticket: the requester's latest words that say something first, with the files that came with them.
type thread struct {
	words           templates.PublicText
	level, levelWhy string
	source          int64
	files           []message.Attachment
	lead            int64 // the message whose words they are
	answered        bool  // one of us has written among the latest
	history         []templates.Line
}

// thread loads what was said on a ticket, once a turn.
func (t *turn) thread(tk *Ticket) (thread, error) {
	if th, ok := t.threads[tk.Number]; ok {
		return th, nil
	}
	recent, err := t.tx.Recent(t.ctx, tk.Number, maxHistory+1)
	if err != nil {
		return thread{}, err
	}
	fromCustomer := func(m *Message) bool { return told(m) && !t.unheard(m) && !m.Internal && m.Staff == "" }
	lead := slices.IndexFunc(recent, func(m *Message) bool {
		// A vacation program's words and the yes to the estimate are not what the ticket is about.
		return fromCustomer(m) && (!m.Kind.Machine() || m.Kind == message.List) && (tk.Estimate == nil || m.ID != tk.Estimate.ConfirmedIn)
	})
	if lead < 0 {
		lead = slices.IndexFunc(recent, fromCustomer)
	}
	var th thread
	for i, m := range recent {
		words := cmp.Or(m.Visible, m.Text)
		th.answered = th.answered || m.Staff != "" && m.Kind == message.Human
		switch {
		case !told(m) || t.unheard(m):
		case i == lead:
			th.words, th.level, th.levelWhy = public(clip(words, maxWords)), m.Level.String(), m.LevelWhy
			th.source, th.files, th.lead = m.Source, m.Attachments, m.ID
		default:
			if m.Staff != "" {
				_, words = splitCommands(words)
			}
			th.history = append(th.history, templates.Line{
				At: *t.moment(tk, m.At), Who: t.author(m), Internal: m.Internal, Text: internal(clip(words, maxQuoted)),
			})
		}
	}
	t.threads[tk.Number] = th
	return th, nil
}

// told tells whether staff read a message as part of what was said: not what was held, nor a mail of commands only.
func told(m *Message) bool {
	return m.Outcome != OutcomeHeld && m.Outcome != OutcomeCommand && m.Outcome != OutcomeRefused
}

// unheard tells a message that was not considered for its words: it is kept, and staff are spared it (C1).
func (t *turn) unheard(m *Message) bool {
	return m.Staff == "" && m.Kind == message.Human && offends(t.p.Conduct, m.Subject, m.Visible, m.Language)
}

// author is who wrote a message, as staff read it.
func (t *turn) author(m *Message) string {
	if s := t.p.StaffByID(m.Staff); s != nil {
		return s.Name
	}
	return cmp.Or(m.From.Name, m.From.Addr)
}

// withThread adds what was said on the ticket and the customer's standing (S1).
func (t *turn) withThread(tk *Ticket, to *policy.Staff, d *templates.Staff) error {
	th, err := t.thread(tk)
	if err != nil {
		return err
	}
	d.Words, d.History = th.words, th.history
	if th.source != 0 {
		d.Level, d.LevelWhy = th.level, th.levelWhy
	}
	for _, a := range th.files {
		d.Kept = append(d.Kept, a.Filename) // until sendStaff takes them along
	}
	if tk.Customer == "" {
		return nil
	}
	balance, err := t.balance(tk.Customer)
	if err != nil {
		return err
	}
	d.Balance = &balance
	c, err := t.tx.Customer(t.ctx, tk.Customer)
	if err != nil {
		return err
	}
	d.Customer = cmp.Or(c.Name, c.ID)
	owned, err := t.tx.Entitlements(t.ctx, tk.Customer)
	if err != nil {
		return err
	}
	d.Owned = t.owned(tk, owned, t.languageOf(to))
	return nil
}

// maxOwned is how much of what a customer was sold a mail shows.
const maxOwned = 5

// owned is what a mail to staff shows of what the customer was sold: of the ticket's product, where it is about one, the latest first.
func (t *turn) owned(tk *Ticket, all []Entitlement, lang string) []templates.Owned {
	today := dateIn(t.now, t.p.Desk.Zone)
	var shown []templates.Owned
	for _, e := range all {
		if tk.Product != "" && e.Product != tk.Product || len(shown) == maxOwned {
			continue
		}
		o := templates.Owned{Kind: e.Kind, Product: e.Product, Plan: e.Plan, From: templates.Day(e.From), Refunded: e.Refunded}
		if p := t.p.Product(e.Product); p != nil {
			o.Product = p.Title.In(lang)
		}
		if e.Until != (calendar.Date{}) {
			until := templates.Day(e.Until)
			o.Until, o.Ended = &until, after(today, e.Until)
		}
		shown = append(shown, o)
	}
	return shown
}

// inZone tells a member of staff all times in his own zone: where none is his, they stay in that of the ticket's calendar, which is named.
func inZone(d *templates.Staff, zone *time.Location) {
	if zone == nil {
		return
	}
	for _, m := range []**templates.Moment{&d.FirstResponse, &d.NextResponse, &d.Resolution, &d.Due} {
		if *m != nil { // others read the same moment elsewhere
			*m = &templates.Moment{T: (*m).T, Zone: zone}
		}
	}
	d.History = slices.Clone(d.History)
	for i := range d.History {
		d.History[i].At.Zone = zone
	}
}

// What a mail shows of an earlier message to somebody who had it in a mail before.
const (
	foldedLines = 8
	foldedBytes = 800
)

// shortened is the history for somebody who has read it: what he wants to know of it is which message is meant.
func shortened(history []templates.Line) []templates.Line {
	all := slices.Clone(history)
	for i, l := range all {
		text := string(l.Text)
		short := strings.TrimSuffix(clip(text, foldedBytes), " […]")
		if lines := strings.SplitN(short, "\n", foldedLines+1); len(lines) > foldedLines {
			short = strings.Join(lines[:foldedLines], "\n")
		}
		if short != text {
			all[i].Text = templates.InternalText(strings.TrimSpace(short) + "\n[…]")
		}
	}
	return all
}
