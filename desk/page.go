package desk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/templates"
)

// What a page of the portal shows a customer. Everything in it is text that a customer may read (G7): what stays among us has no way into
// these types.

// A Listed is a ticket in a list.
type Listed struct {
	Number    int64
	Subject   string
	Status    Status
	Class     string
	At        templates.Moment // when it last changed its status
	Requester string           // "" for one's own
	Others    bool             // it waits for a yes, which is not his to give who looks
}

// WaitsForCustomer tells whether the customer has something to do.
func (s Status) WaitsForCustomer() bool { return s.Awaiting() || s == Waiting }

// rows is how many tickets one page lists.
const rows = 50

// TicketsOf are the tickets that a contact may read, the newest first: those below a number unless it is 0. Next is below which the
// following ones begin, 0 at the end.
func (d *Desk) TicketsOf(ctx context.Context, who *Contact, below int64) (all []Listed, next int64, err error) {
	err = d.view(ctx, func(t *turn) error {
		customer := ""
		if who.MaySpend {
			customer = who.Customer
		}
		tickets, err := t.tx.ReadableBy(ctx, who.ID, customer, below, rows+1)
		if err != nil {
			return err
		}
		if len(tickets) > rows {
			tickets = tickets[:rows]
			next = tickets[rows-1].Number
		}
		for _, tk := range tickets {
			if tk.MergedInto != 0 { // whoever was taken out of what it is a part of now does not read it
				if into, err := t.standing(tk.Number); err != nil {
					return err
				} else if !reads(who, into) {
					continue
				}
			}
			r := Listed{
				Number: tk.Number, Subject: string(public(tk.Subject)), Status: tk.Status, At: *t.moment(tk, tk.ChangedAt),
				Class: t.class(tk).Title.In(templates.Pick(who.Language, tk.Language)), Others: waitsForOthers(who, tk),
			}
			if tk.Requester.ID != who.ID {
				r.Requester = cmp.Or(tk.Requester.Name, tk.Requester.Address)
			}
			all = append(all, r)
		}
		return nil
	})
	return all, next, err
}

// waitsForOthers tells whether a ticket waits for a yes which is not his to give who looks.
func waitsForOthers(who *Contact, tk *Ticket) bool {
	return tk.Status == AwaitingConfirmation && !spends(who, tk)
}

// A View is a ticket as a customer sees it.
type View struct {
	Number         int64
	Subject        string
	Status         Status
	Class, Product string
	Requester      string // "" for one's own
	Registered     templates.Moment

	Free                                  bool
	Estimate                              *templates.Range
	Version                               int64 // of the estimate
	MayDecide                             bool  // it waits for a yes, and who looks may give it here
	Others                                bool  // it waits for a yes, which is not his to give who looks
	LetIn                                 bool  // who looks was let in later, and neither pays nor decides
	Minutes                               int   // in a credit
	Balance                               *int64
	Missing                               int64
	HowToBuy                              string
	Spent                                 *templates.Spent
	FirstResponse, Resolution             *templates.Moment
	FirstResponseTarget, ResolutionTarget string
	Promised                              bool

	MayClose  bool
	Reopens   bool // an answer takes it up again
	OpensNew  bool // an answer makes a ticket of its own
	CloseDays int  // working days of silence until it closes

	Readers []Reader // whom he may let in or take out

	Said   []Said
	Latest int // Said is out of only so many messages, the latest; 0 for all
}

// Said is one message of a thread, or something that the desk did.
type Said struct {
	At      templates.Moment
	Did     string // the name of the desk's mail that told of it; else a message:
	Message int64
	Who     string // who wrote it
	Ours    bool   // one of us
	Own     bool   // whoever looks
	Unsure  bool   // nothing proves who wrote it
	Words   string // the new ones
	Folded  bool   // there is more: quotes, signatures, formatting
	Files   []File
}

// A File came with a message.
type File struct {
	Part string
	Name string
	Type string
	Size int64
}

// milestones are the desk's own mails that a thread tells of.
var milestones = []string{"estimate", "confirmed", "short_balance", "declined", "reopened", "closed"}

// maxThread is how many messages a page shows, the latest ones; a ticket of more is a flood (T055).
const maxThread = 300

// ViewOf is a ticket for its page, in a language.
func (d *Desk) ViewOf(ctx context.Context, who *Contact, number int64, lang string) (v View, err error) {
	err = d.view(ctx, func(t *turn) error {
		tk, err := t.readable(who, number)
		if err == nil {
			tk, err = t.standing(number) // a merged ticket is the one that it became a part of, and of the same account
		}
		if err == nil && !reads(who, tk) {
			err = fmt.Errorf("ticket %d: %w", number, ErrNotFound)
		}
		if err != nil {
			return err
		}
		v, err = t.viewOf(who, tk, templates.Pick(lang, tk.Language))
		return err
	})
	return v, err
}

func (t *turn) viewOf(who *Contact, tk *Ticket, lang string) (View, error) {
	shown := *tk
	shown.Language = lang
	d := t.customerData(&shown)
	v := View{
		Number: tk.Number, Subject: d.Subject, Status: tk.Status, Class: d.Class, Product: d.Product, Registered: *t.moment(tk, tk.Registered),
		Free: d.Free, Estimate: d.Estimate, Minutes: d.CreditMinutes, Spent: d.Spent, Promised: d.Promised,
		FirstResponse: d.FirstResponse, Resolution: d.Resolution, FirstResponseTarget: d.FirstResponseTarget, ResolutionTarget: d.ResolutionTarget,
		MayClose: tk.Status != Closed && ends(who, tk), Reopens: tk.Status.Done() && t.mayReopen(tk) && ends(who, tk), OpensNew: !t.mayReopen(tk), CloseDays: d.CloseAfterDays,
	}
	v.Others, v.LetIn = waitsForOthers(who, tk), !since(who, tk).IsZero()
	if v.LetIn {
		v.Estimate, v.Spent, v.Free = nil, nil, true
	}
	if tk.Requester.ID != who.ID {
		v.Requester = cmp.Or(tk.Requester.Name, tk.Requester.Address)
	}
	if tk.Estimate != nil {
		v.Version = tk.Estimate.Version
	}
	if tk.Customer != "" && who.Customer == tk.Customer {
		balance, err := t.balance(tk.Customer)
		if err != nil {
			return v, err
		}
		v.Balance = &balance
	}
	if (tk.Status == AwaitingConfirmation || tk.Status == AwaitingCredits) && !v.LetIn {
		v.MayDecide = tk.Status == AwaitingConfirmation && spends(who, tk) && !tk.hourly()
		if v.Missing = t.toHold(tk) - deref(v.Balance); v.Missing > 0 && !tk.hourly() {
			v.HowToBuy = string(d.HowToBuy)
		}
		if v.Missing = max(0, v.Missing); tk.hourly() {
			v.Missing = 0
		}
	}
	v.Readers = t.readersFor(who, tk)
	var err error
	v.Said, v.Latest, err = t.said(who, tk)
	return v, err
}

func deref(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

// latest are the messages of a ticket that a page shows at once, oldest first, and how many those are where there were others before; else 0.
func (t *turn) latest(tk *Ticket) (all []*Message, most int, err error) {
	all, err = t.tx.Recent(t.ctx, tk.Number, maxThread+1)
	if len(all) > maxThread {
		all, most = all[:maxThread], maxThread
	}
	slices.Reverse(all)
	return all, most, err
}

// said is what a customer sees of a thread, oldest first, out of the latest messages where there are too many.
func (t *turn) said(who *Contact, tk *Ticket) (all []Said, most int, err error) {
	latest, most, err := t.latest(tk)
	if err != nil {
		return nil, 0, err
	}
	from := since(who, tk)
	if most > 0 && latest[0].At.Before(from) {
		most = 0 // what is left out is not for him anyway
	}
	for _, m := range latest {
		if !forCustomer(m) || m.At.Before(from) {
			continue
		}
		s := Said{
			At: *t.moment(tk, m.At), Message: m.ID, Who: t.author(m), Ours: m.Staff != "", Own: m.Staff == "" && m.From.Addr == who.Address,
			Unsure: m.Staff == "" && m.Level < message.LevelA1s, Files: filesOf(m),
		}
		words := m.Visible
		if from.IsZero() {
			words = cmp.Or(words, m.Text) // where all is a quote; of one of before nothing is for who was let in later
		}
		if s.Ours {
			_, words = splitCommands(words)
			s.Words = string(t.spoken(tk, clip(words, maxWords)))
		} else {
			s.Words = string(public(clip(words, maxWords)))
			s.Folded = m.Kind != message.Portal
		}
		if s.Words != "" || len(s.Files) > 0 || s.Folded {
			all = append(all, s)
		}
	}
	mails, err := t.tx.Mails(t.ctx, tk.Number)
	if err != nil {
		return nil, 0, err
	}
	for _, m := range mails {
		if from.IsZero() && m.Audience == "customer" && slices.Contains(milestones, m.Template) && m.Automatic {
			all = append(all, Said{At: *t.moment(tk, m.At), Did: m.Template})
		}
	}
	slices.SortStableFunc(all, func(a, b Said) int { return a.At.T.Compare(b.At.T) })
	return all, most, nil
}

// forCustomer tells the messages that a ticket's customer sees: words of people to each other. What was held, what programs sent and what
// stays among us is not among them (T030, G7).
func forCustomer(m *Message) bool {
	return !m.Internal && (m.Outcome == OutcomeNew || m.Outcome == OutcomeReply || m.Outcome == OutcomeLinked) && (!m.Kind.Machine() || m.Staff == "" && m.Kind == message.List)
}

// filesOf are the files of a message, without the small pictures of signatures.
func filesOf(m *Message) []File {
	var all []File
	for _, a := range m.Attachments {
		if a.Inline && a.Size < screenshot {
			continue
		}
		all = append(all, File{a.Part, a.Filename, a.ContentType, a.Size})
	}
	return all
}

// A Kept message is one that a customer may read whole.
type Kept struct {
	Message int64
	Source  int64
	Subject string
	From    message.Address
	At      templates.Moment
	Text    string // all of it, quotes and signatures too
	Ours    bool   // one of us wrote it: then only its files are for the customer, the rest has our own addresses in it (S1)
	Later   bool   // who looks was let in later: Text has nothing of what it quotes from before, and its HTML is not for him (T028)
	Files   []File
}

// KeptFor is a message of a ticket that a contact may read; what he may not is not found (T075).
func (d *Desk) KeptFor(ctx context.Context, who *Contact, ticket, id int64) (k Kept, err error) {
	err = d.view(ctx, func(t *turn) error {
		tk, err := t.readable(who, ticket)
		if err != nil {
			return err
		}
		m, err := t.tx.Message(ctx, id)
		if err != nil {
			return err
		}
		if m.Ticket != tk.Number || !forCustomer(m) || m.At.Before(since(who, tk)) {
			return fmt.Errorf("message %d of ticket %d: %w", id, ticket, ErrNotFound)
		}
		k = Kept{Message: m.ID, Source: m.Source, Subject: string(public(m.Subject)), At: *t.moment(tk, m.At), Ours: m.Staff != "", Files: filesOf(m)}
		if !k.Ours {
			k.From, k.Text, k.Later = m.From, string(public(clip(m.Text, maxWords))), !since(who, tk).IsZero()
			if k.Later {
				k.Text = string(public(clip(m.Visible, maxWords)))
			}
		}
		return nil
	})
	return k, err
}

// A Purse is an account as its customer sees it.
type Purse struct {
	Customer string
	Balance  int64 // credits that can be spent
	Held     int64 // credits that were agreed to and not used yet
	Lines    []StatementLine
	HowToBuy string
	Minutes  int
	Zone     *time.Location
}

// PurseOf is what a contact's account holds; its entries are for those who may spend. ErrNotFound for a contact without account.
func (d *Desk) PurseOf(ctx context.Context, who *Contact, lang string) (p Purse, err error) {
	err = d.view(ctx, func(t *turn) error {
		if who.Customer == "" {
			return fmt.Errorf("account of %s: %w", who.Address, ErrNotFound)
		}
		c, err := t.tx.Customer(ctx, who.Customer)
		if err != nil {
			return err
		}
		p = Purse{Customer: cmp.Or(c.Name, c.ID), HowToBuy: t.p.Credits.HowToBuy.In(lang), Minutes: t.p.Credits.Rate.Minutes, Zone: t.p.Desk.Zone}
		if zone, err := time.LoadLocation(c.Zone); err == nil && c.Zone != "" {
			p.Zone = zone
		}
		if p.Balance, err = t.balance(c.ID); err != nil {
			return err
		}
		if p.Held, err = t.tx.Balance(ctx, ledger.Held(c.ID), ledger.Credit); err != nil || !who.MaySpend {
			return err
		}
		lines, err := t.tx.Statement(ctx, ledger.Customer(c.ID))
		for _, l := range lines {
			if l.Unit == ledger.Credit {
				p.Lines = append(p.Lines, l)
			}
		}
		return err
	})
	return p, err
}

// A Choice is something to choose from in a form.
type Choice struct{ Name, Title string }

// Products are what a request may be about, in a language.
func (d *Desk) Products(lang string) (all []Choice) {
	for _, p := range d.Policy().Products {
		all = append(all, Choice{p.Name, p.Title.In(lang)})
	}
	return all
}

// CustomerOf is the account of a contact; the zero one without.
func (d *Desk) CustomerOf(ctx context.Context, who *Contact) (c Customer, err error) {
	if who.Customer == "" {
		return c, nil
	}
	err = d.Store.View(ctx, func(tx Tx) error {
		c, err = tx.Customer(ctx, who.Customer)
		return err
	})
	return c, err
}
