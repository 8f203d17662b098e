package desk

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
)

var idLetters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// maxReceived is how many Received fields a mail may carry before it is taken for one that goes in circles (T053).
const maxReceived = 50

// Receive decides what becomes of mails, in the order given: ticket, message, raw source, journal, outgoing mail and cursor of a mail are
// written together or not at all (G4). Several mails are one transaction, each decided over what the ones before it decided; where that
// fails they are taken again one by one, so that one bad mail stops none before it. It returns one reception for each mail that is committed. With an error,
// the mail after the last reception is the one that was not: nothing of it is kept, and the same call may be made again. A mail whose
// position is known gets the reception that was recorded, and nothing happens twice.
func (d *Desk) Receive(ctx context.Context, arrivals []Arrival) ([]Reception, error) {
	if len(arrivals) > 1 && !slices.ContainsFunc(fault.Mistakes(), fault.Planted) {
		if done, err := d.receiveTogether(ctx, arrivals); err == nil || ctx.Err() != nil {
			return done, err
		}
	}
	done := make([]Reception, 0, len(arrivals))
	for i := range arrivals {
		a := &arrivals[i]
		var r Reception
		if fault.Planted(fault.CursorFirst) {
			if err := d.Store.Update(ctx, func(tx Tx) error { return tx.SaveCursor(ctx, a.Position) }); err != nil {
				return done, err
			}
		}
		err := d.update(ctx, func(t *turn) (err error) {
			if err := t.expect(arrivals[i : i+1]); err != nil {
				return err
			}
			r, err = t.receive(a)
			return err
		})
		if err != nil {
			return done, fmt.Errorf("receive UID %d of %s/%s: %w", a.Position.UID, a.Position.Mailbox, a.Position.Folder, err)
		}
		done = append(done, r)
	}
	return done, nil
}

// receiveTogether takes all of the mails or none.
func (d *Desk) receiveTogether(ctx context.Context, arrivals []Arrival) (done []Reception, err error) {
	var known *age
	err = d.Store.Update(ctx, func(tx Tx) error {
		done = nil
		for i := range arrivals {
			t := d.turn(ctx, tx)
			age, err := t.age()
			if err != nil {
				return err
			}
			t.signBy(age)
			if i == 0 {
				err = t.expect(arrivals)
			}
			var r Reception
			if err == nil {
				r, err = t.receive(&arrivals[i])
			}
			if err == nil {
				err = t.finish()
			}
			if err != nil {
				return err
			}
			known, done = age, append(done, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	d.age.Store(known)
	return done, nil
}

// expect tells the store which mails come, so that what each of them asks is asked at once.
func (t *turn) expect(arrivals []Arrival) error {
	e := Expected{Since: t.now.Add(-time.Hour), Latest: maxHistory + 1}
	for i := range arrivals {
		a := &arrivals[i]
		m := a.Message
		x := ExpectedMail{Position: a.Position, Identity: m.Identity(), ID: m.ID, Names: hinted(m)}
		if len(m.From) > 0 {
			x.Address, _ = message.Canonical(m.From[0].Addr) // "" where it cannot be read
		}
		if len(x.Names) > 0 {
			x.Answers = x.Names[0]
		}
		base, answer := message.Base(m.Subject)
		switch h := (Heading{Base: base, From: x.Address, At: t.arrived(a)}); {
		case len(x.Names) > 0 || m.Kind.Machine():
		case answer:
			x.Headings = []HeadingFilter{sameSubject(h, ""), sameSubject(h, h.From)}
		default:
			x.Headings = []HeadingFilter{bareOnes(h)}
		}
		_, tagged := message.TagOf(m.Subject)
		x.Opens = !answer && len(x.Names) == 0 && !tagged && m.Kind == message.Human && may(wishStore, a.Assurance.Level) != held && t.p.StaffByAddress(x.Address) == nil
		e.Mails = append(e.Mails, x)
	}
	return t.tx.Expect(t.ctx, e)
}

// arrived is when a mail came in, which is "Registration": never later than now.
func (t *turn) arrived(a *Arrival) time.Time {
	if at := a.Received.UTC(); !at.IsZero() && at.Before(t.now) {
		return at
	}
	return t.now
}

// receive decides over one mail.
func (t *turn) receive(a *Arrival) (Reception, error) {
	known, err := t.tx.Reception(t.ctx, a.Position)
	if err == nil {
		return known, t.tx.SaveCursor(t.ctx, a.Position)
	}
	if !errors.Is(err, ErrNotFound) {
		return Reception{}, err
	}
	t.at = t.arrived(a)
	t.mail = a.Message
	v := &visit{turn: t, a: a, m: a.Message, mailbox: t.terms(a), identity: a.Message.Identity()}
	if fault.Planted(fault.NoUniqueKey) {
		v.identity = fmt.Sprintf("%s %d", v.identity, t.now.UnixNano())
	}
	if err := v.decide(); err != nil {
		return Reception{}, err
	}
	r := Reception{Position: a.Position, At: t.at, Outcome: v.outcome, Message: v.kept.ID, Ticket: v.kept.Ticket}
	if v.outcome == OutcomeDuplicate {
		r.Message = 0
	}
	if fault.Planted(fault.NoUniqueKey) {
		t.late = append(t.late, func(tx Tx) error { return errors.Join(tx.SaveReception(t.ctx, r), tx.SaveCursor(t.ctx, a.Position)) })
	} else if err := t.tx.SaveReception(t.ctx, r); err != nil {
		return Reception{}, err
	}
	t.received = append(t.received, t.event(EventReceived, v.kept.Ticket, Received{
		Mailbox: v.mailbox.Name, MessageID: v.m.ID.String(), From: v.who.address, Kind: string(v.m.Kind), Level: v.who.level.String(),
		Outcome: v.outcome, Ticket: v.kept.Ticket, By: v.by, Commands: v.commands, Why: v.why,
	}))
	if fault.Planted(fault.NoUniqueKey) {
		return r, nil
	}
	return r, t.tx.SaveCursor(t.ctx, a.Position)
}

// terms is the mailbox whose terms hold for a mail: among the header's recipients the one whose channel costs least, and of those the first
// of the policy, since one mail to several of our addresses means the same whichever is polled first; else the one it was found in.
func (t *turn) terms(a *Arrival) *policy.Mailbox {
	var best *policy.Mailbox
	for _, to := range slices.Concat(a.Message.To, a.Message.Cc) {
		box := t.p.MailboxOf(to.Addr)
		if box == nil {
			continue
		}
		if best == nil || t.p.Before(box, best) {
			best = box
		}
	}
	if best == nil {
		best = t.p.Mailbox(a.Position.Mailbox)
	}
	if best == nil {
		best = t.p.Mailboxes[0] // a new policy has come between, and no longer knows the mailbox
	}
	return best
}

// A visit is one mail on its way through a turn: who wrote it, where it belongs, and how it ends.
type visit struct {
	*turn
	a        *Arrival
	m        *message.Message
	mailbox  *policy.Mailbox
	identity string

	who     sender
	claims  []claim             // what tokens of ours it brings, all of them
	product string              // what a form says that it is about
	led     map[message.ID]bool // the ids it names that lead to a ticket already

	bringsOurs bool // it brings a token of ours, whatever that is worth

	outcome  Outcome
	by       string
	why      []string
	commands []string
	kept     Message // as it is stored; its ID is 0 for a duplicate
	first    firstAnswer
	again    bool // the message was kept before, see revisit
	proposes bool // somebody in copy of it was proposed as a participant
	typed    bool // there is no mail: somebody of us gave commands at a page or a command line
}

// because adds a reason that staff will read.
func (v *visit) because(format string, args ...any) {
	v.why = append(v.why, fmt.Sprintf(format, args...))
}

// decide takes the first way that fits.
func (v *visit) decide() error {
	v.by = "none"
	v.kept.Ticket = 0
	var err error
	if v.who, err = v.identify(); err != nil {
		return err
	}
	if dup, err := v.duplicate(); err != nil || dup {
		return err
	}
	v.claims = v.readTokens()
	place, err := v.thread()
	if err != nil {
		return err
	}
	old, err := v.beforeUs()
	if err != nil {
		return err
	}
	switch {
	case old:
		return v.takeIn(place)
	case v.hops() > maxReceived:
		return v.hold(place, fmt.Sprintf("it passed %d servers, more than %d: it goes in circles", v.hops(), maxReceived))
	case may(wishStore, v.who.level) == held:
		return v.forged(place)
	case v.m.Kind.Machine():
		return v.machine(place)
	case v.who.staff != nil && slices.ContainsFunc(v.claims, func(c claim) bool { return c.Purpose == message.PurposeHeld }):
		return v.answerHeld(place)
	case v.who.staff != nil && place.ticket() != 0:
		return v.staff(place)
	}
	return v.customer(place)
}

// hops counts the Received fields.
func (v *visit) hops() int {
	n := 0
	for _, f := range v.m.Trace {
		if strings.EqualFold(f.Name, "Received") {
			n++
		}
	}
	return n
}

// duplicate ends a mail that the desk has: the same mail seen again, or one of our own that came back (M6, T052).
func (v *visit) duplicate() (bool, error) {
	same, err := v.tx.SameMail(v.ctx, v.identity)
	if err == nil && same.Outcome == OutcomeHeld && same.Level < v.who.level {
		// What was held was a forged copy, or came a way on which its proof was lost. This one proves more, and is decided over.
		v.because("a copy that proved less was held before")
		v.identity += " " + v.who.level.String()
		same, err = v.tx.SameMail(v.ctx, v.identity)
	}
	switch {
	case err == nil:
		v.outcome, v.kept = OutcomeDuplicate, Message{ID: same.ID, Ticket: same.Ticket}
		v.because("the same mail was received before")
		return true, nil
	case !errors.Is(err, ErrNotFound):
		return false, err
	case v.m.ID == "":
		return false, nil
	}
	refs, err := v.tx.Refs(v.ctx, []message.ID{v.m.ID})
	if err != nil {
		return false, err
	}
	for _, r := range refs {
		switch {
		case r.Kind == RefSent && v.p.MailboxOf(v.who.address) != nil:
			v.outcome, v.kept = OutcomeDuplicate, Message{Ticket: r.Ticket}
			v.because("it is a mail of our own that came back")
			return true, nil
		case r.Kind == RefSeen && fault.Planted(fault.DedupeByID):
			v.outcome, v.kept = OutcomeDuplicate, Message{Ticket: r.Ticket}
			return true, nil
		case r.Kind == RefSeen:
			v.because("another mail has used its Message-ID")
			return false, nil
		}
	}
	return false, nil
}

// keep stores the mail as a message of a ticket, or of none, with its raw source, and makes its ids lead there.
func (v *visit) keep(ticket int64, outcome Outcome, internal bool) error {
	switch {
	case v.typed:
		v.outcome = outcome
		return nil
	case v.again:
		return v.keepAgain(ticket, outcome, internal)
	}
	body, err := v.a.Source.Open()
	if err != nil {
		return fmt.Errorf("open the mail's source: %w", err)
	}
	defer body.Close()
	source, err := v.tx.SaveSource(v.ctx, body)
	if err != nil {
		return fmt.Errorf("keep the mail's source: %w", err)
	}
	v.outcome, v.source = outcome, source
	v.kept = Message{
		Ticket: ticket, Mailbox: v.mailbox.Name, Source: source, Identity: v.identity, At: v.at, Outcome: outcome, By: v.by, Why: v.why,
		MessageID: v.m.ID, From: message.Address{Name: v.who.name, Addr: v.who.address}, Level: v.who.level, LevelWhy: v.who.why,
		Kind: v.m.Kind, Internal: internal, Subject: v.m.Subject, Text: v.m.Text, Visible: v.m.Visible, Language: v.m.Language,
		Attachments: v.m.Attachments, Notes: v.m.Notes,
	}
	if ticket != 0 || outcome == OutcomeHeld { // what belongs to no ticket is no part of a conversation
		h, _ := v.heading()
		v.kept.Base, v.kept.To, v.kept.Bare = h.Base, h.To, h.Bare
	}
	if v.who.staff != nil && v.who.level >= message.LevelA1 {
		v.kept.Staff = v.who.staff.ID
	}
	if err := v.tx.AddMessage(v.ctx, &v.kept); err != nil {
		return fmt.Errorf("keep the message: %w", err)
	}
	v.told = v.kept.ID
	if outcome == OutcomeHeld {
		if err := v.tx.StartTimer(v.ctx, timerHeld, v.now.Add(heldDelay)); err != nil {
			return err
		}
	}
	if ticket == 0 {
		return nil
	}
	return v.tx.AddRefs(v.ctx, v.refs(ticket))
}

// refs makes the mail's own id lead to its ticket, and those that it names and nobody knew: people answer mails that they sent around
// us (M3). An id that leads somewhere already stays with that, or a busy list would make each id lead to every ticket of its thread.
func (v *visit) refs(ticket int64) []Ref {
	var refs []Ref
	seen := map[message.ID]bool{}
	add := func(id message.ID, kind RefKind) {
		if id != "" && !seen[id] && len(refs) < maxRefs && (kind == RefSeen || !v.led[id] && !v.looksOurs(id)) {
			seen[id] = true
			refs = append(refs, Ref{id, ticket, kind})
		}
	}
	add(v.m.ID, RefSeen)
	for _, id := range slices.Backward(v.m.References) {
		add(id, RefMentioned)
	}
	for _, id := range v.m.InReplyTo {
		add(id, RefMentioned)
	}
	return refs
}

// looksOurs tells an id in the form of ours. Those that lead somewhere were remembered when they went out; no mail from outside can say
// where another one leads.
func (v *visit) looksOurs(id message.ID) bool {
	if _, token := message.TokenOfID(id, v.p.Desk.Domain); token {
		return true
	}
	of := func(epoch string) bool { return strings.HasSuffix(string(id), "."+epoch+"@"+v.p.Desk.Domain) }
	return of(v.keys.Epoch) || slices.ContainsFunc(v.keys.Former, func(f message.Former) bool { return of(f.Epoch) })
}

// hold keeps a mail for a person to decide over; nothing else follows from it (T119).
func (v *visit) hold(p place, why string) error {
	v.because("%s", why)
	return v.keep(p.ticket(), OutcomeHeld, true)
}

// forged holds a mail that is proven not to be from whom it says. The person in whose name it came is told, at the address on file,
// when it claims one of ours: it may have been an attempt to act as staff (T002).
func (v *visit) forged(p place) error {
	if err := v.hold(p, "not from whom it says: "+v.who.why); err != nil {
		return err
	}
	if v.who.staff == nil || v.m.Kind.Machine() || may(wishAct, v.who.level) != heldAlert {
		return nil // a notice that answers a vacation reply would be answered by the next one (T047)
	}
	return v.heldNotice(p)
}

// machine keeps a program's mail. It never gets an automatic answer, re-opens nothing and meets no clock (M4); on a ticket it is a note.
func (v *visit) machine(p place) error {
	if v.m.Kind == message.FeedbackReport {
		return v.complaint()
	}
	tk := p.joined
	if tk == nil && v.m.Kind == message.Bounced {
		tk = p.ours // a report about a mail of ours comes from a daemon, who takes part in no ticket
	}
	switch {
	case tk != nil:
		v.by = p.by
		v.because("written by a program: %s", v.m.Kind)
		if err := v.keep(tk.Number, OutcomeNoted, v.who.staff != nil || v.m.Kind == message.Bounced || v.part(tk) == Aside); err != nil {
			return err
		}
		if v.m.Kind == message.List {
			return v.byList(tk)
		}
		return v.bounced(tk)
	case v.m.Kind == message.Bounced:
		v.because("a report about no mail of ours: %s", v.m.Kind)
		return v.keep(0, OutcomeNoted, true)
	case p.tokenOf != nil:
		v.by = p.by
		return v.hold(p, "a program that takes no part in the ticket wrote to its address") // T030
	case len(p.others) > 0:
		return v.open(p, OutcomeLinked)
	}
	return v.open(p, OutcomeNew)
}

// byList tells staff of words that came by way of a list from somebody who takes part. Such a mail gets no automatic answer, re-opens nothing and
// meets no clock (T047), but a person may have written it: there are customers all of whose mails go that way, and engineers who wait for them.
func (v *visit) byList(tk *Ticket) error {
	switch {
	case tk.Status.Done() || v.who.staff != nil || !v.takesPart(tk):
		return nil
	case v.part(tk) == "":
		return v.tellStaff(tk, "new_words")
	}
	return v.tellAside(tk)
}

// complaint takes a feedback report (RFC 5965). Where it holds the Message-ID of a mail of ours, which nobody can guess, nothing more goes to
// the address that the mail went to until somebody of us says so, and whoever works on its ticket is told (T054).
func (v *visit) complaint() error {
	sent, err := v.complainedOf()
	if err != nil {
		return err
	}
	if sent == nil {
		v.because("a complaint about no mail of ours")
		return v.keep(0, OutcomeNoted, true)
	}
	address := sent.To.Addr
	v.because("a complaint about mail %d: nothing more goes to %s", sent.ID, address)
	if err := v.keep(0, OutcomeNoted, true); err != nil {
		return err
	}
	if err := v.tx.Mute(v.ctx, address, fmt.Sprintf("a complaint about mail %d", sent.ID), v.now); err != nil {
		return err
	}
	return v.undelivered(sent, 0, "the recipient's provider passes on a complaint; mails to "+address+" stop until: postdesk mail unmute "+address)
}

// complainedOf finds the mail of ours that a feedback report is about, nil where there is none.
func (v *visit) complainedOf() (*Mail, error) {
	id := v.m.Complaint
	if _, ours := message.TokenOfID(id, v.p.Desk.Domain); !ours {
		return nil, nil
	}
	refs, err := v.tx.Refs(v.ctx, []message.ID{id})
	if err != nil {
		return nil, err
	}
	for _, r := range refs {
		if r.Kind != RefSent {
			continue
		}
		mails, err := v.tx.Mails(v.ctx, r.Ticket)
		if err != nil {
			return nil, err
		}
		for _, m := range mails {
			if m.MessageID == id && m.Audience == "customer" {
				return m, nil
			}
		}
	}
	return nil, nil
}

// bounced tells whoever works on a ticket that a mail of it was not delivered (M4, F07). A report that names no mail of ours with its
// token may be forged, and changes nothing (T050).
func (v *visit) bounced(tk *Ticket) error {
	b := v.m.Bounce
	if v.m.Kind != message.Bounced || b == nil || !b.Permanent || len(b.Recipients) == 0 || !v.aboutOurs(tk) {
		return nil
	}
	audience := "customer"
	if address, err := message.Canonical(b.Recipients[0]); err == nil && v.p.StaffByAddress(address) != nil {
		audience = "staff" // it is written down; a notice about it would go where this one failed, and fail again (F06)
	}
	return v.undelivered(&Mail{Ticket: tk.Number, Audience: audience, To: message.Address{Addr: b.Recipients[0]}}, 0, b.Status+" "+b.Reason)
}

// aboutOurs tells whether a delivery report proves that it is about a mail of the ticket: it came to that mail's envelope sender, or
// holds its Message-ID, and both carry a token.
func (v *visit) aboutOurs(tk *Ticket) bool {
	if slices.ContainsFunc(v.claims, func(c claim) bool { return c.Ticket == tk.Number && c.Purpose == message.PurposeBounce }) {
		return true
	}
	token, ok := message.TokenOfID(v.m.Bounce.OriginalID, v.p.Desk.Domain)
	if !ok {
		return false
	}
	c, err := v.keys.Read(token, v.now)
	if err != nil {
		return false
	}
	of, err := v.standing(c.Ticket)
	return err == nil && of.Number == tk.Number
}

// oneDay is what limits such as one question a day count back by (G3).
const oneDay = 24 * time.Hour
