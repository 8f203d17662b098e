package desk

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// Beside its requester a ticket has participants. Whoever is put in copy by somebody who takes part is proposed: he may add words, and
// nothing goes to him before the account's owner or one of us lets him in (T026-T028). Whom staff ask aside answers to staff alone (T031).
// Whoever is taken out is a stranger from then on, and no copy brings him back: only somebody who says so himself does.

const (
	// maxCopies is how many people one mail may propose, and maxParticipants how many a ticket has at most: a mail to a list of hundreds
	// is not a list of who should read the answers.
	maxCopies       = 10
	maxParticipants = 30
)

// part is the role of the sender on a ticket, "" for its requester and for who never took part.
func (v *visit) part(tk *Ticket) Role {
	if v.who.contact == nil || tk.Requester.ID == v.who.contact.ID {
		return ""
	}
	return tk.part(v.who.contact.ID)
}

// part is the role of a contact, "" where he has none.
func (tk *Ticket) part(contact int64) Role {
	if p := tk.participant(contact); p != nil {
		return p.Role
	}
	return ""
}

// takes tells whether a participant still is one.
func (p *Participant) takes() bool { return p.Role != Removed }

// participant finds one by contact, be it one who was taken out, nil for who is none.
func (tk *Ticket) participant(contact int64) *Participant {
	for i := range tk.Participants {
		if tk.Participants[i].Contact.ID == contact {
			return &tk.Participants[i]
		}
	}
	return nil
}

// addParticipant adds an address in a role, or gives one that is there another. by is who did it: an address, or a staff id.
func (t *turn) addParticipant(tk *Ticket, address string, role Role, by string) error {
	contact, err := t.tx.ContactOf(t.ctx, address)
	if errors.Is(err, ErrNotFound) {
		contact = &Contact{Address: address} // without the name that somebody else gave
		err = t.tx.SaveContact(t.ctx, contact)
	}
	if err != nil {
		return fmt.Errorf("participant %s of ticket %d: %w", address, tk.Number, err)
	}
	if p := tk.participant(contact.ID); p != nil {
		p.Role, p.Since, p.By = role, t.now, by
	} else {
		tk.Participants = append(tk.Participants, Participant{Contact: *contact, Role: role, Since: t.now, By: by})
	}
	t.touch(tk)
	return nil
}

// copies reads whom a mail was sent to beside us, and proposes them as participants, by the table. Only who takes part himself can, and
// what the account's owner says with proof holds at once.
func (v *visit) copies(tk *Ticket) error {
	if v.again || v.who.staff != nil || v.m.Kind.Machine() || !v.takesPart(tk) {
		return nil
	}
	if r := v.part(tk); r != "" && r != Member {
		return nil
	}
	role, taking := Proposed, tk.taking()
	switch may(wishAdd, v.level(tk.Number, message.PurposeReply, message.PurposeEstimate)) {
	case byOwner:
		if owns(v.who.contact, tk) {
			role = Member
		}
	case proposal:
	default:
		return nil
	}
	proposed := 0
	for _, to := range slices.Concat(v.m.To, v.m.Cc) {
		address, err := message.Canonical(to.Addr)
		if err != nil || v.p.MailboxOf(address) != nil || v.p.StaffByAddress(address) != nil || neverRead(address) || address == tk.Requester.Address {
			continue
		}
		p := tk.participantAt(address)
		if p != nil && !p.takes() && !(role == Member && p.By == v.who.address) { // the owner who took him out may put him in again
			if !slices.Contains(v.copied[tk.Number], address) {
				v.because("%s is in copy, and stays out: %s has taken him out", address, p.By)
				v.copied[tk.Number] = append(v.copied[tk.Number], address)
			}
			continue
		}
		if p != nil && p.takes() {
			continue
		}
		if proposed == maxCopies || taking+proposed >= maxParticipants {
			v.because("it was sent to more people than can be proposed at once")
			break
		}
		if err := v.addParticipant(tk, address, role, v.who.address); err != nil {
			return err
		}
		proposed++
		if role == Member {
			v.because("%s gets answers from now on: the account's owner put him in copy", address)
		} else {
			v.because("%s is in copy, and may add words", address)
		}
	}
	v.proposes = v.proposes || proposed > 0 && role == Proposed
	return nil
}

// taking counts those who take part beside the requester.
func (tk *Ticket) taking() (n int) {
	for i := range tk.Participants {
		if tk.Participants[i].takes() {
			n++
		}
	}
	return n
}

// participantAt finds one by address, be it one who was taken out, nil for who is none.
func (tk *Ticket) participantAt(address string) *Participant {
	for i := range tk.Participants {
		if tk.Participants[i].Contact.Address == address {
			return &tk.Participants[i]
		}
	}
	return nil
}

// owns tells whether a contact is an owner of the account that a ticket is paid by.
func owns(c *Contact, tk *Ticket) bool {
	return c != nil && tk.Customer != "" && c.Customer == tk.Customer && c.MaySpend
}

// askOwner asks the account's owner whether those who were proposed shall get answers: at the address on file, once a day (G3), and with the
// customer's next mail where that day was over for it. Where there is no account, staff let them in, or whoever asked does at a page.
func (v *visit) askOwner(tk *Ticket) error {
	last := tk.lastProposed()
	if last.IsZero() {
		return nil
	}
	owner := tk.Requester
	if !owns(&owner, tk) {
		if tk.Customer == "" {
			return nil
		}
		all, err := v.tx.Contacts(v.ctx, tk.Customer)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(c *Contact) bool { return owns(c, tk) })
		if i < 0 {
			return nil
		}
		owner = *all[i]
	}
	l := letter{
		template: "ask_copies", ticket: tk, to: owner, automatic: true, daily: true, data: v.customerData(tk),
		purpose: message.PurposeInvite, arg: v.now.UnixMicro(),
	}
	if !v.proposes { // by an earlier mail: he was asked about them, or has been asked something else since
		n, err := v.tx.SentTo(v.ctx, owner.Address, l.template, tk.Number, last)
		if err != nil || n > 0 {
			return err
		}
		if asked, err := v.askedToday(l); err != nil || asked {
			return err
		}
	}
	l.data.Name = owner.Name
	for _, p := range tk.Participants {
		if p.Role == Proposed {
			l.data.Copies = append(l.data.Copies, p.Contact.Address)
		}
	}
	return v.send(l)
}

// lastProposed is when somebody was last put in copy, by a mail, who waits to be let in; zero where nobody does.
func (tk *Ticket) lastProposed() (at time.Time) {
	for _, p := range tk.Participants {
		if p.Role == Proposed && strings.Contains(p.By, "@") && p.Since.After(at) {
			at = p.Since
		}
	}
	return at
}

// answersCopies tells whether a mail answers the question who shall get answers, and on which ticket: an owner's clear yes or no, with the
// token of that question, which counts for those who were proposed when it was asked.
func (v *visit) answersCopies(p place) (tk *Ticket, asked int64, yes bool) {
	tk = p.tokenOf
	if tk == nil || v.who.level != message.LevelA1 || !owns(v.who.contact, tk) {
		return nil, 0, false
	}
	i := slices.IndexFunc(v.claims, func(c claim) bool {
		return c.acts() && c.Ticket == tk.Number && c.Purpose == message.PurposeInvite
	})
	if i < 0 {
		return nil, 0, false
	}
	switch understandIn(tk.Language, v.m.Visible, v.who.name) {
	case saysYes:
		return tk, v.claims[i].Arg, true
	case saysNo:
		return tk, v.claims[i].Arg, false
	}
	return nil, 0, false
}

// decideCopies does what the owner said.
func (v *visit) decideCopies(tk *Ticket, asked int64, yes bool) error {
	v.by = "token"
	var who []string
	role := Member
	if !yes {
		role = Removed // and remembered, or each reply to all would have the owner asked anew
	}
	for i := range tk.Participants {
		p := &tk.Participants[i]
		if p.Role != Proposed || p.Since.UnixMicro() > asked {
			continue
		}
		who = append(who, p.Contact.Address)
		p.Role, p.Since, p.By = role, v.now, v.who.address
	}
	v.touch(tk)
	for _, address := range who {
		if yes {
			v.because("%s gets answers from now on: the account's owner said so", address)
		} else {
			v.because("%s takes no part any more: the account's owner said so", address)
		}
	}
	return v.keep(tk.Number, OutcomeReply, true)
}

// adds keeps the words of somebody who takes part without a power of his own. They change nothing but what staff know.
func (v *visit) adds(tk *Ticket, p place) error {
	part := v.part(tk)
	aside := part == Aside
	if p.grant == unverified {
		v.because("unverified: %s", v.who.why)
	}
	switch part {
	case Aside:
		v.because("%s was asked by one of us: what he writes stays inside", v.who.address)
	case Removed:
		v.because("%s was taken out before: words, and nothing else", v.who.address)
	default:
		v.because("%s was put in copy: words, and nothing else", v.who.address)
	}
	if err := v.keep(tk.Number, OutcomeReply, aside); err != nil {
		return err
	}
	v.touch(tk)
	return v.tellAside(tk)
}

// tellAside tells staff of words that are not the requester's.
func (v *visit) tellAside(tk *Ticket) error {
	return v.tellStaffWith(tk, "aside_words", func(d *templates.Staff) {
		d.Words, d.From = public(clip(v.m.Visible, maxWords)), contactLine(v.who.name, v.who.address)
		d.Level, d.LevelWhy = v.who.level.String(), v.who.why
	})
}

// sendAll sends a letter with words of ours to the requester, and to those who were let in: without the account's figures, and without the
// requester's ids.
func (t *turn) sendAll(l letter) error {
	for _, p := range l.ticket.Participants {
		if p.Role != Member {
			continue
		}
		theirs, data := l, *l.data
		data.Name, data.Spent, data.Hourly, data.Estimate, data.Balance, data.HowToBuy, data.Missing = p.Contact.Name, nil, nil, nil, nil, "", 0
		data.ConfirmURL, data.TopUpURL, data.TicketURL = "", "", ""
		theirs.to, theirs.data = p.Contact, &data
		if err := t.send(theirs); err != nil {
			return err
		}
	}
	return t.send(l)
}

// copyID is the made-up first mail of a ticket for somebody who is not its requester: his program shows our mails as one thread, and no id
// of another's mail is in it.
func (t *turn) copyID(tk *Ticket, contact int64) message.ID {
	return message.ID(fmt.Sprintf("ticket-%d-%d.%s@%s", tk.Number, contact, t.keys.Epoch, t.p.Desk.Domain))
}

// wrongAddress tells why nobody can be written to or let in at an address of a command, nil where he can.
func (t *turn) wrongAddress(tk *Ticket, arg string, role Role) (address string, wrong *templates.Remark) {
	remark := func(r templates.Remark) *templates.Remark { return &r }
	address, err := message.Canonical(arg)
	switch {
	case arg == "" || err != nil || neverRead(address):
		return "", remark(templates.WrongAddress.With())
	case t.p.MailboxOf(address) != nil || t.p.StaffByAddress(address) != nil:
		return "", remark(templates.WrongOurs.With(address))
	case address == tk.Requester.Address:
		return "", remark(templates.WrongTakesPart.With(address))
	}
	p := tk.participantAt(address)
	switch {
	case p != nil && (p.Role == Member || p.Role == Proposed && role == Aside):
		return "", remark(templates.WrongTakesPart.With(address))
	case (p == nil || !p.takes()) && tk.taking() >= maxParticipants:
		return "", remark(templates.WrongAddress.With())
	}
	return address, nil
}

// whoTakesPart reads the address of somebody to take out, and tells whom there is where it is nobody's.
func whoTakesPart(tk *Ticket, arg string) (address string, wrong *templates.Remark) {
	address, err := message.Canonical(arg)
	if err == nil {
		if p := tk.participantAt(address); p != nil && p.takes() {
			return address, nil
		}
	}
	var all []string
	for _, p := range tk.Participants {
		if p.takes() {
			all = append(all, p.Contact.Address)
		}
	}
	r := templates.WrongNoPart.With(cmp.Or(oneLine(arg, 60), "–"), cmp.Or(strings.Join(all, ", "), "–"))
	return "", &r
}

// letIn makes somebody a member, who gets answers and reads from when the word was given.
func (t *turn) letIn(tk *Ticket, address, by string) error {
	if err := t.addParticipant(tk, address, Member, by); err != nil {
		return err
	}
	tk.participantAt(address).Since = t.at
	return nil
}

// exclude ends that somebody takes part: nothing goes to him any more, be it written already, and he reads and joins nothing. Staff and
// the account's owners read what is theirs to read all the same.
func (t *turn) exclude(tk *Ticket, address, by string) error {
	p := tk.participantAt(address)
	p.Role, p.Since, p.By = Removed, t.now, by
	t.touch(tk)
	return t.callBack(tk, address)
}

// notAgain gives a mail up that could not be sent, and whose reader was taken out meanwhile.
func (t *turn) notAgain(m *Mail) error {
	if m.Ticket == 0 || m.Audience != "customer" {
		return nil
	}
	tk, err := t.tx.Ticket(t.ctx, m.Ticket)
	if err != nil {
		return err
	}
	if p := tk.participantAt(m.To.Addr); p == nil || p.takes() {
		return nil
	}
	return t.callBack(tk, m.To.Addr)
}

// callBack gives up the mails of a ticket to an address that have not left yet.
func (t *turn) callBack(tk *Ticket, address string) error {
	mails, err := t.tx.Mails(t.ctx, tk.Number)
	if err != nil {
		return err
	}
	for _, m := range mails {
		if m.State != MailWaiting || m.Audience != "customer" || m.To.Addr != address {
			continue
		}
		if beingSent(t.ctx, t.tx, m) != nil {
			continue // it may have left
		}
		const why = "called back: its reader takes no part any more"
		ours, err := giveUp(t.ctx, t.tx, m, "called back", why, t.now)
		if err != nil {
			return fmt.Errorf("call mail %d back: %w", m.ID, err)
		}
		if ours {
			t.sent = append(t.sent, t.event(EventWithheld, tk.Number, Withheld{Ticket: tk.Number, Template: m.Template, To: address, Why: why}))
		}
	}
	return nil
}

// askAside sends an engineer's words to somebody who takes no part in the ticket, and whose answer stays among us (T031).
func (v *visit) askAside(tk *Ticket, who *policy.Staff, address, words string) error {
	if err := v.addParticipant(tk, address, Aside, who.ID); err != nil {
		return err
	}
	return v.send(letter{
		template: "aside", ticket: tk, to: tk.participantAt(address).Contact, forward: true, purpose: message.PurposeNote,
		data: &templates.Customer{Desk: v.p.Desk.Name, Number: tk.Number, Words: v.spoken(tk, words)},
	})
}
