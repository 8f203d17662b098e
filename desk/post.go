package desk

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// What people do at a page goes the way that a mail goes, with the level that the page has proven: the same functions decide, and the same
// journal tells of it. A page's POST is its registration.

// A Post is words, and files with them, that somebody has submitted at a page. Message and Source are as of a mail: what was typed is kept
// as one, so that everything which is done with a mail's words and files is done with these.
type Post struct {
	Visitor  Visitor // whose session it is; the zero one proves nothing, and Message.From says who it claims to be
	Ticket   int64   // 0 opens one
	Estimate int64   // the version that the page showed: a "yes" to another is words
	Mailbox  string  // for a new ticket: whose terms hold; "" for the policy's first
	Product  string  // for a new ticket: what the form says it is about; "" for nothing
	Message  *message.Message
	Source   message.Source
}

// A Submitted is what became of a post.
type Submitted struct {
	Ticket  int64
	Outcome Outcome
}

// Submit decides over a post. The same post a second time is the same message, and nothing happens again. ErrNotFound where the ticket is
// not one that the visitor may read (T075).
func (d *Desk) Submit(ctx context.Context, p Post) (s Submitted, err error) {
	err = d.update(ctx, func(t *turn) error {
		s, err = t.submit(&p)
		return err
	})
	if err != nil {
		return s, fmt.Errorf("take what was submitted for ticket %d: %w", p.Ticket, err)
	}
	return s, nil
}

func (t *turn) submit(p *Post) (Submitted, error) {
	level, why := message.LevelA0, "typed at a page by somebody who was not signed in"
	if p.Visitor.Contact != nil {
		level, why = message.LevelA3, "signed in at the portal"
	}
	t.mail = p.Message
	a := &Arrival{Received: t.now, Source: p.Source, Message: p.Message, Assurance: message.Assurance{Level: level, Why: why}}
	v := &visit{turn: t, a: a, m: p.Message, mailbox: t.p.Mailbox(p.Mailbox), identity: p.Message.Identity(), product: p.Product, by: "none"}
	if v.mailbox == nil {
		v.mailbox = t.p.Mailboxes[0]
	}
	var err error
	if v.who, err = v.identify(); err != nil {
		return Submitted{}, err
	}
	v.who.staff, t.from.staff = nil, nil // one of us who asks here asks as anybody does
	if dup, err := v.duplicate(); err != nil || dup {
		return Submitted{v.kept.Ticket, v.outcome}, err
	}
	place := place{by: "none"}
	if p.Ticket != 0 {
		tk, err := t.readable(p.Visitor.Contact, p.Ticket)
		if err != nil {
			return Submitted{}, err
		}
		if tk.MergedInto != 0 {
			if tk, err = t.standing(tk.Number); err != nil {
				return Submitted{}, err
			}
			p.Estimate = 0 // what was offered on the one is no offer on the other
		}
		place.joined, place.grant, place.by = tk, may(wishJoin, level), "portal"
		v.mailbox = t.mailbox(tk)
		// The page says which estimate it showed, as the reply address of a mail does; none is another than the present one.
		v.claims = []claim{{Claim: message.Claim{Token: message.Token{Purpose: message.PurposeEstimate, Ticket: tk.Number, Arg: p.Estimate}}, mine: true, meant: true}}
	}
	if err := v.customer(place); err != nil {
		return Submitted{}, err
	}
	t.received = append(t.received, t.event(EventReceived, v.kept.Ticket, Received{
		Mailbox: v.mailbox.Name, MessageID: v.m.ID.String(), From: v.who.address, Kind: string(v.m.Kind), Level: v.who.level.String(),
		Outcome: v.outcome, Ticket: v.kept.Ticket, By: v.by, Why: v.why,
	}))
	return Submitted{v.kept.Ticket, v.outcome}, nil
}

// readable loads a ticket that a contact may read. One that he may not is not found, as is one that there is not (T075).
func (t *turn) readable(c *Contact, number int64) (*Ticket, error) {
	tk, err := t.ticket(number)
	if err != nil {
		return nil, err
	}
	if !reads(c, tk) {
		return nil, fmt.Errorf("ticket %d: %w", number, ErrNotFound)
	}
	return tk, nil
}

// reads tells whether a contact may read a ticket: he opened it, takes part in it, or may spend for the account that pays for it.
func reads(c *Contact, tk *Ticket) bool {
	switch {
	case c == nil || c.ID == 0:
		return false
	case tk.Requester.ID == c.ID, tk.Customer != "" && tk.Customer == c.Customer && c.MaySpend:
		return true
	}
	p := tk.participant(c.ID)
	return p != nil && p.Role == Member
}

// since is from when a contact reads a ticket that he was let into later: nothing of before, and nothing of what it costs (T028). It is
// zero for who asked and for who pays.
func since(c *Contact, tk *Ticket) time.Time {
	if tk.Requester.ID == c.ID || tk.Customer != "" && tk.Customer == c.Customer && c.MaySpend {
		return time.Time{}
	}
	if p := tk.participant(c.ID); p != nil {
		return p.Since
	}
	return time.Time{}
}

// ends tells whether a contact may end a request, by a no or a close, and take it up again: who asked, and whose account pays. Who was let in
// from elsewhere may not (T028).
func ends(c *Contact, tk *Ticket) bool {
	return tk.Requester.ID == c.ID || tk.Customer != "" && tk.Customer == c.Customer
}

// spends tells whether a contact may agree to what a ticket costs ("Who confirms" of MISSION.md).
func spends(c *Contact, tk *Ticket) bool {
	if tk.Customer == "" {
		return c.ID == tk.Requester.ID
	}
	return c.Customer == tk.Customer && c.MaySpend
}

// A Decision is what became of a yes or a no at a page.
type Decision string

// The ends of a decision.
const (
	Agreed      Decision = "agreed"
	Declined    Decision = "declined"
	AlreadyDone Decision = "already done" // it was decided before, by the same or another page or by mail
	Outdated    Decision = "outdated"     // there is another estimate now
	NotYours    Decision = "not yours"    // who asks may not spend for the account
)

// Key is the decision as one word.
func (d Decision) Key() string { return strings.ReplaceAll(string(d), " ", "_") }

// An Offer is an estimate as its page shows it.
type Offer struct {
	Desk     string
	Number   int64
	Subject  string
	Language string
	Version  int64
	Estimate templates.Range
	Minutes  int // in a credit
	Balance  int64
	Missing  int64
	HowToBuy string
	Spent    *templates.Spent
	Within   string   // the time allowed for a first answer once it is agreed to
	For      string   // the address that the link was sent to
	State    Decision // "" while it can be agreed to
}

// Offer is what the link of an estimate's mail leads to, and changes nothing (T042). ErrNotFound for a link that was not made here for
// the ticket's requester, or for somebody who pays.
func (d *Desk) Offer(ctx context.Context, token string) (o Offer, err error) {
	err = d.view(ctx, func(t *turn) error {
		tk, who, claim, err := t.offered(token)
		if err != nil {
			return err
		}
		o, err = t.offer(tk, who, claim.Arg)
		return err
	})
	return o, err
}

// Decide takes the yes or the no of whoever presses a button on that page: the link was mailed to the address on file, so this is the
// second channel (A3).
func (d *Desk) Decide(ctx context.Context, token string, yes bool) (o Offer, done Decision, err error) {
	err = d.update(ctx, func(t *turn) error {
		tk, who, claim, err := t.offered(token)
		if err != nil {
			return err
		}
		if o, err = t.offer(tk, who, claim.Arg); err != nil {
			return err
		}
		done, err = t.decide(tk, who, claim.Arg, yes)
		return err
	})
	return o, done, err
}

// DecideAs is Decide for somebody who is signed in, about the version that his page showed.
func (d *Desk) DecideAs(ctx context.Context, who *Contact, ticket, version int64, yes bool) (done Decision, err error) {
	err = d.update(ctx, func(t *turn) error {
		tk, err := t.readable(who, ticket)
		if err == nil && !ends(who, tk) {
			err = fmt.Errorf("decide over estimate %d of ticket %d: %w", version, ticket, ErrNotFound)
		}
		if err != nil {
			return err
		}
		done, err = t.decide(tk, who, version, yes)
		return err
	})
	return done, err
}

// offered reads the token of a confirm link, and tells for whom it was made: the ticket's requester of now, for who was replaced has no say, or
// one of those who pay where he may not.
func (t *turn) offered(token string) (*Ticket, *Contact, message.Claim, error) {
	c, err := t.keys.Read(token, t.now)
	if err != nil || c.Purpose != message.PurposePage || c.Old {
		return nil, nil, c, ErrNotFound
	}
	tk, err := t.ticket(c.Ticket)
	if err != nil {
		return nil, nil, c, err
	}
	if tk.Requester.ID == 0 {
		return nil, nil, c, ErrNotFound
	}
	who, err := t.tx.Contact(t.ctx, tk.Requester.ID)
	if err != nil || t.keys.For(token, who.Address) {
		return tk, who, c, err
	}
	if tk.Customer == "" {
		return nil, nil, c, ErrNotFound
	}
	all, err := t.tx.Contacts(t.ctx, tk.Customer)
	for _, p := range all {
		if spends(p, tk) && t.keys.For(token, p.Address) {
			return tk, p, c, nil
		}
	}
	return nil, nil, c, cmp.Or(err, ErrNotFound)
}

// offer is the page of a version of a ticket's estimate, as one reads it whom it was offered to.
func (t *turn) offer(tk *Ticket, who *Contact, version int64) (Offer, error) {
	o := Offer{
		Desk: t.p.Desk.Name, Number: tk.Number, Subject: string(public(tk.Subject)), Language: tk.Language, Version: version, For: who.Address,
		Minutes: t.p.Credits.Rate.Minutes,
	}
	if who.ID != tk.Requester.ID {
		o.Language = templates.Pick(who.Language, tk.Language)
	}
	if tk.Estimate == nil || tk.hourly() || tk.Estimate.Version != version { // work by the hour is agreed to by mail alone, so far
		o.State = Outdated
		return o, nil
	}
	o.Estimate = templates.Range{Min: int(tk.Estimate.Min), Max: int(tk.Estimate.Max)}
	switch {
	case tk.Status != AwaitingConfirmation:
		o.State = AlreadyDone
	case !spends(who, tk):
		o.State = NotYours
	}
	var err error
	if o.Balance, err = t.balance(tk.Customer); err != nil {
		return o, err
	}
	lang := templates.Pick(o.Language, t.p.Desk.Language)
	if o.Missing = max(0, t.toHold(tk)-o.Balance); o.Missing > 0 {
		o.HowToBuy = t.p.Credits.HowToBuy.In(lang)
	}
	o.Spent = t.customerData(tk).Spent
	_, o.Within = t.deadline(tk, policy.FirstResponse, lang)
	return o, nil
}

// decide carries out a yes or a no of the second channel, through the functions by which one in a mail is.
func (t *turn) decide(tk *Ticket, who *Contact, version int64, agrees bool) (Decision, error) {
	grant := may(wishConfirm, message.LevelA3)
	if tk.Estimate != nil && tk.Estimate.Max > t.p.Credits.ConfirmLimit {
		grant = may(wishSpend, message.LevelA3)
	}
	did := Acted{Ticket: tk.Number, By: who.Address, What: "declined", Estimate: version, Level: message.LevelA3.String()}
	switch {
	case tk.Estimate == nil || tk.hourly() || tk.Estimate.Version != version:
		return Outdated, nil
	case tk.Status != AwaitingConfirmation:
		return AlreadyDone, nil
	case !agrees:
		t.received = append(t.received, t.event(EventActed, tk.Number, did))
		t.decided = true
		return Declined, t.decline(tk)
	case !spends(who, tk) || grant != yes && grant != byPayer:
		return NotYours, nil
	}
	did.What = "agreed"
	t.received = append(t.received, t.event(EventActed, tk.Number, did))
	tk.Estimate.ConfirmedAt, tk.Estimate.ConfirmedBy, tk.Estimate.ConfirmedIn = t.at, who.Address, 0
	return Agreed, t.confirm(tk)
}

// CloseAs closes a ticket for somebody who is signed in. One that is closed stays so.
func (d *Desk) CloseAs(ctx context.Context, who *Contact, ticket int64) error {
	return d.update(ctx, func(t *turn) error {
		tk, err := t.readable(who, ticket)
		if err == nil && !ends(who, tk) {
			err = fmt.Errorf("close ticket %d: %w", ticket, ErrNotFound)
		}
		if err != nil || tk.Status == Closed || may(wishReopen, message.LevelA3) != yes {
			return err
		}
		t.received = append(t.received, t.event(EventActed, tk.Number, Acted{
			Ticket: tk.Number, By: who.Address, What: "closed", Level: message.LevelA3.String(),
		}))
		t.decided = true
		return t.closeTicket(tk, closedBy(who, tk), "")
	})
}

// SetLanguage is what a contact wants to be written to in: from now on, and on his tickets that are not closed.
func (d *Desk) SetLanguage(ctx context.Context, who *Contact, language string) error {
	return d.update(ctx, func(t *turn) error {
		if t.known(language) == "" {
			return fmt.Errorf("language %q: %w", language, ErrNotFound)
		}
		c, err := t.tx.Contact(ctx, who.ID)
		if err != nil {
			return err
		}
		c.Language = language
		if err := t.tx.SaveContact(ctx, c); err != nil {
			return err
		}
		mine, err := t.tx.Tickets(ctx, TicketFilter{Requester: c.ID, Unclosed: true, Limit: maxEarlier})
		if err != nil {
			return err
		}
		for _, m := range mine {
			tk, err := t.ticket(m.Number)
			if err != nil {
				return err
			}
			tk.Language = language
			tk.Requester.Language = language
			t.touch(tk)
		}
		return nil
	})
}
