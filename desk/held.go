package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// Held mail waits for a person. He releases it, and it goes the way that it would have gone; he joins it to a ticket; or he discards it.
// None of this gives the mail more power than it has proven: what was forged is read, and not obeyed (T119).

const (
	timerHeld      = "held"       // mails were held that nobody was told of
	timerHeldAgain = "held again" // some wait still

	// heldDelay gathers what is held into one mail to those who decide, heldAgain is when they are reminded of what still waits.
	heldDelay = 10 * time.Minute
	heldAgain = oneDay
	// maxHeld is how many held mails one digest names, oldest first, and maxHeldRead how many are looked through.
	maxHeld     = 20
	maxHeldRead = 500
)

// A heldOrder is what somebody of us wants done with a held mail.
type heldOrder struct {
	do      string // release, join, discard
	message int64
	ticket  int64 // join
	why     string
}

// ReleaseHeld lets a held mail go the way that it would have gone: onto the ticket that it named, where its sender takes part, else into a
// ticket of its own. Its clocks count from when it arrived. by is the id of whoever decides. The message as it is then is returned; of
// two who decide at once, the second gets a *HeldError that names the first.
func (d *Desk) ReleaseHeld(ctx context.Context, message int64, by string) (*Message, error) {
	return d.orderHeld(ctx, heldOrder{do: "release", message: message}, by)
}

// JoinHeld puts a held mail on a ticket. Somebody who took no part in it may add words from then on, where the mail proves who he is;
// else, and where a program wrote it, it is a note that only staff read.
func (d *Desk) JoinHeld(ctx context.Context, message, ticket int64, by string) (*Message, error) {
	return d.orderHeld(ctx, heldOrder{do: "join", message: message, ticket: ticket}, by)
}

// DiscardHeld ends a held mail: it is kept, on no ticket, and nothing follows from it. why is for the journal.
func (d *Desk) DiscardHeld(ctx context.Context, message int64, by, why string) (*Message, error) {
	return d.orderHeld(ctx, heldOrder{do: "discard", message: message, why: why}, by)
}

// A HeldError says why somebody cannot decide over a mail.
type HeldError struct {
	Message int64
	Why     templates.Remark
}

func (e *HeldError) Error() string { return fmt.Sprintf("message %d: %s", e.Message, e.Why.In("en")) }

func (d *Desk) orderHeld(ctx context.Context, o heldOrder, by string) (m *Message, err error) {
	o.why = oneLine(o.why, 200)
	order := func(t *turn) error {
		who := t.p.StaffByID(by)
		if who == nil {
			return fmt.Errorf("%q is nobody's id in the policy", by)
		}
		if wrong := t.wrongOrder(o, who); wrong != nil {
			return &HeldError{o.message, *wrong}
		}
		if m, err = t.carryOutHeld(o, who); err != nil {
			return err
		}
		return nil
	}
	err = d.update(ctx, order)
	if errors.Is(err, errDecided) {
		err = d.update(ctx, order) // and now it is known by whom
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// wrongOrder tells why an order cannot be carried out, nil where it can.
func (t *turn) wrongOrder(o heldOrder, who *policy.Staff) *templates.Remark {
	remark := func(r templates.Remark) *templates.Remark { return &r }
	number := strconv.FormatInt(o.message, 10)
	m, err := t.tx.Message(t.ctx, o.message)
	if err != nil {
		return remark(templates.WrongNoHeld.With(number))
	}
	if m.Outcome != OutcomeHeld {
		for _, why := range slices.Backward(m.Why) {
			for _, done := range []string{releasedBy, joinedBy, discardedBy} {
				if rest, ok := strings.CutPrefix(why, done); ok {
					id, _, _ := strings.Cut(rest, " ")
					name := id
					if s := t.p.StaffByID(id); s != nil {
						name = s.Name
					}
					return remark(templates.WrongDecided.With(name, number))
				}
			}
		}
		return remark(templates.WrongNoHeld.With(number))
	}
	if box := t.p.Mailbox(m.Mailbox); box != nil && !mayDecide(who, box.Queue) {
		return remark(templates.WrongHeldRight.With(number, t.queueTitle(box.Queue)))
	}
	switch o.do {
	case "release":
		if t.p.StaffByAddress(m.From.Addr) != nil {
			return remark(templates.WrongHeldStaff.With(number))
		}
	case "join":
		tk, err := t.standing(o.ticket)
		switch {
		case o.ticket == 0 || errors.Is(err, ErrNotFound):
			return remark(templates.WrongTicket.With())
		case err != nil:
			return remark(templates.WrongTicket.With())
		case !works(who, tk) && !who.Has(policy.Dispatcher):
			return remark(templates.WrongRight.With(t.queueTitle(tk.Queue)))
		}
	}
	return nil
}

// mayDecide tells whether somebody decides over the held mails of a queue: who works on it, and who watches over all.
func mayDecide(who *policy.Staff, queue string) bool {
	return who.May(queue) || who.Has(policy.Dispatcher) || who.Has(policy.Moderator)
}

// How the reasons of a message begin that somebody has decided over; the id of staff follows.
const (
	releasedBy  = "released by "
	joinedBy    = "joined by "
	discardedBy = "discarded by "
)

// carryOutHeld does what was found to be right.
func (t *turn) carryOutHeld(o heldOrder, who *policy.Staff) (*Message, error) {
	m, err := t.tx.Message(t.ctx, o.message)
	if err != nil {
		return nil, err
	}
	if m.Outcome != OutcomeHeld {
		return nil, errDecided // between the look that found it held and this one
	}
	waited := t.now.Sub(m.At).Round(time.Minute)
	h := Handled{By: who.ID, What: o.do, Message: m.ID, Why: o.why}
	err = t.aside(func() error {
		v, err := t.revisit(m)
		if err != nil {
			return err
		}
		switch o.do {
		case "release":
			v.because("%s%s after %s", releasedBy, who.ID, waited)
			err = v.letGo()
		case "join":
			v.because("%s%s after %s", joinedBy, who.ID, waited)
			err = v.putOn(o.ticket)
		default:
			reason := ""
			if o.why != "" {
				reason = ": " + o.why
			}
			v.because("%s%s after %s%s", discardedBy, who.ID, waited, reason)
			err = v.keep(0, OutcomeNoted, true)
		}
		*m, h.Ticket = v.kept, v.kept.Ticket
		return err
	})
	if err != nil {
		return nil, err
	}
	t.handled = append(t.handled, t.event(EventHandled, h.Ticket, h))
	return m, nil
}

// letGo takes a held mail the way of one that nothing held, at the level that it has: onto the ticket that it named where its sender takes
// part, else into one of its own.
func (v *visit) letGo() error {
	p := place{by: v.by}
	if v.kept.Ticket != 0 {
		tk, err := v.standing(v.kept.Ticket)
		if err != nil {
			return err
		}
		if v.takesPart(tk) {
			p.joined, p.grant = tk, v.joins()
			v.sinceChange(tk)
		} else {
			p.others = []*Ticket{tk}
		}
	}
	if v.m.Kind.Machine() {
		return v.machine(p)
	}
	return v.customer(p)
}

// putOn joins a held mail to a ticket, at the word of one of us.
func (v *visit) putOn(number int64) error {
	tk, err := v.standing(number)
	if err != nil {
		return err
	}
	v.by = "staff"
	v.sinceChange(tk)
	switch {
	case v.who.staff != nil || v.m.Kind.Machine():
		if err := v.keep(tk.Number, OutcomeNoted, true); err != nil {
			return err
		}
		return v.tellAside(tk)
	case !v.takesPart(tk) && v.who.level < message.LevelA1:
		if err := v.keep(tk.Number, OutcomeReply, true); err != nil {
			return err
		}
		return v.tellAside(tk)
	case !v.takesPart(tk) && v.part(tk) != Removed: // whoever was taken out stays out: these words of his are let through, and no more
		if err := v.addParticipant(tk, v.who.address, Proposed, "staff"); err != nil {
			return err
		}
		v.who.contact = &tk.participantAt(v.who.address).Contact // nobody knew him: without it he would count as the requester does
	}
	return v.customer(place{by: v.by, joined: tk, grant: v.joins()})
}

// joins is how a mail that one of us lets through joins a ticket of its sender's: what is forged counts as not proven.
func (v *visit) joins() grant {
	if g := may(wishJoin, v.who.level); g == yes {
		return yes
	}
	return unverified
}

// sinceChange lets a mail that waited count from its arrival, but not from before the ticket became what it is.
func (v *visit) sinceChange(tk *Ticket) {
	if v.at.Before(tk.ChangedAt) {
		v.at = tk.ChangedAt
	}
}

// answerHeld reads an answer to the mails that tell of held ones: it decides over them and does nothing else.
func (v *visit) answerHeld(p place) error {
	i := slices.IndexFunc(v.claims, func(c claim) bool { return c.Purpose == message.PurposeHeld })
	c, who := v.claims[i], v.who.staff
	if v.who.level != message.LevelA1 || !c.acts() {
		if err := v.hold(p, "in the name of "+who.ID+" without proof: "+v.who.why); err != nil {
			return err
		}
		return v.heldNotice(p)
	}
	v.by = "token"
	cmds, _ := splitCommands(v.own())
	fates := make([]templates.CommandLine, len(cmds))
	orders := make([]heldOrder, len(cmds))
	wrong := len(cmds) == 0
	for i, cmd := range cmds {
		v.commands = append(v.commands, cmd.Text)
		fates[i] = templates.CommandLine{N: cmd.Line, Text: cmd.Text, OK: true}
		var err *CommandError
		if orders[i], err = v.heldOrder(cmd, c.Arg, orders[:i]); err == nil {
			if w := v.wrongOrder(orders[i], who); w != nil {
				err = &CommandError{cmd.Line, cmd.Text, *w, ""}
			}
		}
		if err != nil {
			fates[i].OK, fates[i].Wrong, fates[i].Want = false, err.Wrong.In(v.languageOf(who)), err.Want
			v.because("%s", err)
			wrong = true
		}
	}
	if wrong {
		reason := templates.Remark{}
		if len(cmds) == 0 {
			reason = templates.WrongOnlyHeld.With()
		}
		return v.refuse(nil, fates, reason)
	}
	if err := v.keep(0, OutcomeCommand, true); err != nil {
		return err
	}
	for _, o := range orders {
		if _, err := v.carryOutHeld(o, who); err != nil {
			return err
		}
	}
	data := v.staffData(nil, who)
	data.Lines = fates
	return v.sendStaff(nil, who, "command_done", data)
}

// heldOrder reads one command over a held mail; shown is the one that the answered mail told of, 0 where it told of several.
func (v *visit) heldOrder(c command, shown int64, earlier []heldOrder) (heldOrder, *CommandError) {
	misput := func(wrong templates.Remark) (heldOrder, *CommandError) {
		return heldOrder{}, &CommandError{c.Line, c.Text, wrong, formOf(c.Verb)}
	}
	args := strings.Fields(c.Args)
	number := func() (n int64) {
		if len(args) > 0 {
			if n, _ = strconv.ParseInt(strings.TrimPrefix(args[0], "#"), 10, 64); n > 0 {
				args = args[1:]
			}
		}
		return max(0, n)
	}
	o := heldOrder{do: c.Verb}
	switch c.Verb {
	case "release":
		o.message = number()
	case "join":
		// "/join 31 12", or "/join 12" below a mail that tells of one.
		o.message = number()
		if o.ticket = number(); o.ticket == 0 && shown != 0 {
			o.message, o.ticket = 0, o.message
		}
	case "discard":
		o.message = number()
		o.why, args = oneLine(strings.Join(args, " "), 200), nil
	default:
		return misput(templates.WrongOnlyHeld.With())
	}
	if o.message == 0 {
		o.message = shown
	}
	switch {
	case len(args) > 0:
		return misput(templates.WrongTail.With())
	case o.message == 0:
		return misput(templates.WrongWhichHeld.With())
	case slices.ContainsFunc(earlier, func(e heldOrder) bool { return e.message == o.message }):
		return heldOrder{}, &CommandError{c.Line, c.Text, templates.WrongTwice.With(), ""}
	}
	return o, nil
}

// tellHeld sends those who decide over held mails what waits, and looks again after a day while any does.
func (t *turn) tellHeld() error {
	all, err := t.tx.Held(t.ctx, maxHeldRead)
	if err != nil {
		return err
	}
	mine := map[*policy.Staff][]*Message{}
	for _, m := range all {
		box := t.p.Mailbox(m.Mailbox)
		if box == nil {
			box = t.p.Mailboxes[0]
		}
		for _, s := range t.p.Dispatchers(box.Queue) {
			mine[s] = append(mine[s], m)
		}
	}
	for _, s := range t.p.Staff {
		held := mine[s]
		if len(held) == 0 {
			continue
		}
		data := t.staffData(nil, s)
		data.Count = len(held)
		for _, m := range held[:min(len(held), maxHeld)] {
			data.Held = append(data.Held, t.heldLine(m, s))
		}
		if err := t.sendStaff(nil, s, "held_digest", data); err != nil {
			return err
		}
	}
	if len(all) == 0 {
		return nil
	}
	again := heldAgain
	if t.now.Sub(all[0].At) > 2*oneDay {
		again = 7 * oneDay // whoever has read it twice knows
	}
	return t.tx.StartTimer(t.ctx, timerHeldAgain, t.now.Add(again))
}

// heldLine is a held mail as the one who decides reads it.
func (t *turn) heldLine(m *Message, reader *policy.Staff) templates.Held {
	h := templates.Held{
		Message: m.ID, At: *t.momentFor(m.At, reader), From: oneLine(contactLine(m.From.Name, m.From.Addr), 120),
		Subject: oneLine(string(internal(m.Subject)), 120), Level: m.Level.String(), Ticket: m.Ticket, Words: internal(oneLine(m.Visible, 300)),
	}
	if n := len(m.Why); n > 0 {
		h.Why = oneLine(m.Why[n-1], 200)
	}
	return h
}
