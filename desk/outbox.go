package desk

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/redact"
	"github.com/postdesk/postdesk/templates"
)

// maxAutomatic is how many automatic mails an address gets in an hour before the desk falls silent towards it (T051).
const maxAutomatic = 10

// A letter is a mail to a customer that the desk wants to send: it goes through the gate, which may withhold it.
type letter struct {
	template  string
	ticket    *Ticket // nil for a mail about none
	to        Contact
	language  string // where it is not the ticket's
	data      *templates.Customer
	purpose   message.Purpose // of the answer; PurposeReply unless said otherwise
	arg       int64           // the token's
	automatic bool            // no person wrote it
	asked     bool            // at a page, by its reader or in his name: there is a limit to the asking
	daily     bool            // a question, or the fixed acknowledgement: one a day (G3)
	forward   bool            // the attachments of the mail that is answered go with it
	unasked   bool            // it goes to somebody because of what another has asked
}

// Masked is a text without the secrets in it, for what is shown of a mail beside its words (A8).
func Masked(s string) string { return string(public(s)) }

// public makes text that a customer may read from what a person wrote: secrets in it are masked in everything the desk sends (A8).
func public(s string) templates.PublicText {
	masked, _ := redact.Secrets(s)
	return templates.PublicText(masked)
}

// internal makes text for staff only; secrets are masked there too.
func internal(s string) templates.InternalText {
	masked, _ := redact.Secrets(s)
	return templates.InternalText(masked)
}

// send is the one gate for mail to customers (F06): loops, suppression and limits are asked for every kind of mail. What it withholds
// is written into the journal with the reason.
func (t *turn) send(l letter) error {
	about := l.ticket
	if about == nil {
		about = &Ticket{Language: l.language}
	}
	if why, err := t.withhold(l); err != nil || why != "" {
		if err == nil {
			t.sent = append(t.sent, t.event(EventWithheld, about.Number, Withheld{Ticket: about.Number, Template: l.template, To: l.to.Address, Why: why}))
		}
		// Who answered shall not believe that it went out, and what waits for the customer waits in vain where he does not know.
		if err == nil && l.ticket != nil && (!l.automatic || l.ticket.Status.Awaiting() && slices.Contains(demands, l.template)) {
			err = t.tellUndelivered(l.ticket, l.to.Address, why)
		}
		return err
	}
	if l.data == nil {
		l.data = &templates.Customer{Desk: t.p.Desk.Name, Number: about.Number} // the fixed text, without a word of the sender's
	}
	if l.purpose == 0 {
		l.purpose = message.PurposeReply
	}
	box := t.mailbox(about)
	m := Mail{
		Ticket: about.Number, Mailbox: box.Name, Template: l.template, Audience: "customer",
		From: message.Address{Name: t.p.Desk.Name, Addr: box.Address}, To: message.Address{Name: l.to.Name, Addr: l.to.Address},
		Language: templates.Pick(cmp.Or(l.language, about.Language), t.p.Desk.Language), Automatic: l.automatic, At: t.now, State: MailWaiting,
	}
	token := message.Token{Purpose: l.purpose, Ticket: about.Number, Arg: l.arg}
	if l.template == "acknowledgement_unverified" {
		m.To.Name = "" // chosen by the sender
	}
	if !l.automatic {
		m.EnvelopeFrom = answerAddress(box, t.keys.Mint(message.Token{Purpose: message.PurposeBounce, Ticket: about.Number}, l.to.Address))
	}
	switch {
	case l.ticket != nil && l.to.ID != l.ticket.Requester.ID:
		m.InReplyTo = t.copyID(l.ticket, l.to.ID)
		m.References = []message.ID{m.InReplyTo}
	case about.LastID != "":
		m.InReplyTo = about.LastID
		m.References = []message.ID{about.FirstID}
		if about.LastID != about.FirstID {
			m.References = append(m.References, about.LastID)
		}
	}
	if l.forward && t.mail != nil {
		travel, rest := forwarded(t.source, t.mail.Attachments)
		m.Attachments, l.data.MailLimit = travel, maxForwarded>>20
		for _, a := range rest {
			if !a.Inline {
				l.data.Kept = append(l.data.Kept, a.Filename)
			}
		}
	}
	return t.enqueue(m, box, token, l.data)
}

// withhold is why a letter does not go out; "" lets it.
func (t *turn) withhold(l letter) (string, error) {
	to := l.to.Address
	switch {
	case to == "":
		return "there is no address to write to", nil
	case t.p.MailboxOf(to) != nil:
		return "it is an address of our own", nil
	}
	switch why, err := t.tx.Muted(t.ctx, to); {
	case err == nil:
		return why + ": mails to " + to + " stop until: postdesk mail unmute " + to, nil
	case !errors.Is(err, ErrNotFound):
		return "", err
	}
	switch {
	case !l.automatic:
		return "", nil // a person's answer goes out, whatever machines say
	case neverRead(to):
		return "nobody reads that address", nil
	case t.mail != nil && t.from.address == to && (t.mail.NoAutoResponse || t.mail.Kind.Machine()):
		return "its mail asks for no automatic answer", nil
	}
	if l.daily {
		if asked, err := t.askedToday(l); err != nil || asked {
			return "that address was asked today", err
		}
	}
	if l.asked || t.decided { // whoever works much gets many mails; he signs in, and learns what was decided, all the same
		return "", nil
	}
	n, err := t.countAutomatic(l)
	most := maxAutomatic
	if l.unasked {
		most /= 2 // else his colleagues would use up what he needs for himself
	}
	if err != nil || n < most {
		return "", err
	}
	return fmt.Sprintf("it got %d automatic mails within an hour", n), nil
}

// decisions are the mails that tell what was decided. Each needs somebody who decides, so that no loop is made of them.
var decisions = []string{"confirmed", "declined", "short_balance", "resolved", "closed"}

// countAutomatic is how many automatic mails a letter's address got within an hour. What was decided there does not keep us from
// acknowledging what comes next: nobody who has ten requests ended in a morning floods us.
func (t *turn) countAutomatic(l letter) (int, error) {
	since := t.now.Add(-time.Hour)
	n, err := t.tx.SentTo(t.ctx, l.to.Address, "", 0, since)
	if err != nil || n < maxAutomatic || slices.Contains(decisions, l.template) {
		return n, err
	}
	for _, template := range decisions {
		some, err := t.tx.SentTo(t.ctx, l.to.Address, template, 0, since)
		if err != nil {
			return 0, err
		}
		n -= some
	}
	return n, nil
}

// demands are the mails without which a ticket cannot go on: the customer has something to do first, and reads here what.
var demands = []string{"estimate", "agreement", "short_balance", "details_needed", "awaiting_reminder"}

// questions are the mails that ask somebody what he meant, or to go another way: one of them a day, ticket and address (G3).
var questions = []string{"not_understood", "confirm_elsewhere", "estimate_renewed", "ask_close", "ask_copies"}

// askedToday tells whether a daily letter would be one too many: a question on this ticket, or a fixed text on any.
func (t *turn) askedToday(l letter) (bool, error) {
	templates, ticket := questions, l.ticket.Number
	if l.template == "acknowledgement_unverified" || l.template == "put_again" {
		templates, ticket = []string{l.template}, 0
	}
	for _, template := range templates {
		n, err := t.tx.SentTo(t.ctx, l.to.Address, template, ticket, t.now.Add(-oneDay))
		if err != nil || n > 0 {
			return true, err
		}
	}
	return false, nil
}

// maxForwarded is how many bytes of attachments travel with a mail; what is above stays with the ticket, and the mail names it.
const maxForwarded = 10 << 20

// screenshot is the size from which a picture inside a text is taken for one that says something. Below are the logos of signatures.
const screenshot = 24 << 10

// forwarded parts the files of a mail that came in into those that travel with one that goes out, and the rest: those for which there is
// no room, and small pictures inside a text.
func forwarded(source int64, files []message.Attachment) (travel []AttachmentRef, rest []message.Attachment) {
	var size int64
	for _, a := range files {
		if a.Inline && a.Size < screenshot || size+a.Size > maxForwarded {
			rest = append(rest, a)
			continue
		}
		size += a.Size
		travel = append(travel, AttachmentRef{source, a})
	}
	return travel, rest
}

// neverRead tells addresses that only machines own (F04).
func neverRead(addr string) bool {
	local, _ := message.SplitTag(addr)
	local = message.Local(local)
	flat := strings.NewReplacer("-", "", "_", "", ".", "").Replace(local)
	return slices.Contains([]string{"noreply", "donotreply", "mailerdaemon", "postmaster", "bounce", "bounces", "nobody"}, flat) ||
		strings.HasPrefix(flat, "noreply")
}

// sendStaff sends a notice to one of us. It goes to the registered address whatever a mail said, and its answer acts on the ticket.
func (t *turn) sendStaff(tk *Ticket, to *policy.Staff, template string, data *templates.Staff) error {
	box := t.p.Mailboxes[0]
	token := message.Token{Purpose: message.PurposeStaff}
	m := Mail{Template: template, Audience: "staff", Automatic: true, At: t.now, State: MailWaiting}
	if tk != nil {
		box = t.mailbox(tk)
		m.Ticket, token.Ticket = tk.Number, tk.Number
		// One made-up ancestor for all that a ticket sends to staff: their clients show it as one thread, and no id of a customer's
		// mail or of a colleague's is in it.
		m.References = []message.ID{t.threadID(tk)}
		m.InReplyTo = m.References[0]
	} else {
		token.Purpose = message.PurposeNote
	}
	switch template {
	case "held_notice":
		token.Purpose, token.Arg = message.PurposeHeld, t.told
	case "held_digest":
		token.Purpose = message.PurposeHeld
	case "aside_words":
		token.Arg = t.told
	case "new_words", "assigned", "unassigned", "estimate_needed":
		token.Arg = t.threads[m.Ticket].lead
	}
	if t.p.MailboxOf(to.Address) != nil {
		return nil // refused when the policy is read
	}
	m.Mailbox = box.Name
	m.From = message.Address{Name: t.p.Desk.Name, Addr: box.Address}
	m.To = message.Address{Name: to.Name, Addr: to.Address}
	m.Language = t.languageOf(to)
	inZone(data, to.Zone)
	if template == "assigned" || template == "new_words" || template == "aside_words" {
		travel, rest := forwarded(t.threads[tk.Number].source, t.threads[tk.Number].files)
		if template == "aside_words" && t.mail != nil {
			travel, rest = forwarded(t.source, t.mail.Attachments)
		}
		m.Attachments, data.Attachments, data.Kept = travel, nil, nil
		for _, a := range travel {
			data.Attachments = append(data.Attachments, a.Filename)
		}
		for _, a := range rest {
			data.Kept = append(data.Kept, a.Filename)
		}
	}
	return t.enqueue(m, box, token, data)
}

// sendStaffDaily is sendStaff at most once a day, ticket and template (G3).
func (t *turn) sendStaffDaily(tk *Ticket, to *policy.Staff, template string, data *templates.Staff) error {
	var number int64
	if tk != nil {
		number = tk.Number
	}
	n, err := t.tx.SentTo(t.ctx, to.Address, template, number, t.now.Add(-oneDay))
	if err != nil || n > 0 {
		return err
	}
	// Whoever forges a mail on each ticket there is makes no more of them (T051).
	if n, err = t.tx.SentTo(t.ctx, to.Address, template, 0, t.now.Add(-time.Hour)); err != nil || n >= maxAutomatic {
		return err
	}
	return t.sendStaff(tk, to, template, data)
}

// threadID is the made-up first mail of a ticket's staff thread.
func (t *turn) threadID(tk *Ticket) message.ID {
	return message.ID(fmt.Sprintf("ticket-%d.%s@%s", tk.Number, t.keys.Epoch, t.p.Desk.Domain))
}

// enqueue renders a mail once, gives it its own id and reply address, and puts it into the outbox: what is kept is what is sent.
func (t *turn) enqueue(m Mail, box *policy.Mailbox, token message.Token, data any) error {
	text, err := t.d.Templates.Render(m.Template, m.Language, data)
	if err != nil {
		return fmt.Errorf("render %s in %s: %w", m.Template, m.Language, err)
	}
	m.Subject, m.Text, m.HTML = text.Subject, text.Text, text.HTML
	oneTime := oneTimeOf(data)
	if err := t.takeOut(&m, oneTime); err != nil {
		return err
	}
	unique, err := t.unique()
	if err != nil {
		return err
	}
	secret := t.keys.Mint(token, m.To.Addr)
	m.ReplyTo = message.Address{Name: t.p.Desk.Name, Addr: answerAddress(box, secret)}
	m.MessageID = message.NewID(secret, unique, t.p.Desk.Domain)
	if err := t.tx.AddMail(t.ctx, &m); err != nil {
		return fmt.Errorf("put a mail into the outbox: %w", err)
	}
	if m.Sealed {
		if err := t.d.keepSecret(t.ctx, t.tx, mailSecret(m.ID, "link"), []byte(oneTime)); err != nil {
			return err
		}
	}
	if m.Ticket != 0 {
		if err := t.tx.AddRefs(t.ctx, []Ref{{m.MessageID, m.Ticket, RefSent}}); err != nil {
			return err
		}
	}
	t.sent = append(t.sent, t.event(EventSent, m.Ticket, m.sent()))
	return nil
}

// answerAddress is where answers with a token come to: the plain address where the mailbox's server knows no other. The token in the
// Message-ID then serves alone (F24).
func answerAddress(box *policy.Mailbox, token string) string {
	if !box.Plus {
		return box.Address
	}
	return message.WithToken(box.Address, token)
}

// sent is the mail as the journal has it.
func (m *Mail) sent() SentMail {
	s := SentMail{
		Mail: m.ID, Ticket: m.Ticket, Template: m.Template, Audience: m.Audience, EnvelopeFrom: m.EnvelopeFrom,
		From: m.From.Addr, To: []string{m.To.Addr}, ReplyTo: m.ReplyTo.Addr, Subject: m.Subject,
		MessageID: m.MessageID.String(), InReplyTo: m.InReplyTo.String(), Language: m.Language, Automatic: m.Automatic,
	}
	for _, id := range m.References {
		s.References = append(s.References, id.String())
	}
	for _, a := range m.Attachments {
		s.Attachments = append(s.Attachments, a.Filename)
	}
	return s
}

// undelivered writes down that a mail did not reach its recipient, and tells whoever works on the ticket when it was one for a customer.
func (t *turn) undelivered(m *Mail, code int, why string) error {
	t.fired = append(t.fired, t.event(EventFailed, m.Ticket, MailFailure{
		Mail: m.ID, Ticket: m.Ticket, To: m.To.Addr, Code: code, Why: oneLine(why, 200),
	}))
	if m.Audience != "customer" || m.Ticket == 0 {
		return nil
	}
	tk, err := t.ticket(m.Ticket)
	if err != nil {
		return err
	}
	if known, err := t.copyFails(tk, m.To.Addr); err != nil || known {
		return err
	}
	return t.tellUndelivered(tk, m.To.Addr, oneLine(why, 300))
}

// copyFails tells whether staff know that the address of somebody who reads along fails: each answer to all fails there anew, and says no more
// than the first did that day (F07). The requester's is another matter, since he has not got that very answer.
func (t *turn) copyFails(tk *Ticket, address string) (bool, error) {
	if p := tk.participantAt(address); p == nil || p.Role != Member {
		return false, nil
	}
	recent, err := t.tx.JournalSince(t.ctx, tk.Number, t.now.Add(-oneDay))
	return slices.ContainsFunc(recent, func(e Event) bool {
		var f MailFailure
		return e.Kind == EventFailed && json.Unmarshal(e.Data, &f) == nil && f.To == address
	}), err
}

// tellUndelivered tells staff of a mail that did not reach an address. The requester's is shown with his name, and instead of it that of whoever
// takes part beside him: what cannot be told apart sends an engineer after the wrong one.
func (t *turn) tellUndelivered(tk *Ticket, address, why string) error {
	return t.tellStaffWith(tk, "undelivered", func(d *templates.Staff) {
		d.Words, d.History, d.Kept, d.Reason = "", nil, nil, why
		if a, err := message.Canonical(address); err == nil {
			if p := tk.participantAt(a); p != nil {
				d.From = contactLine(p.Contact.Name, p.Contact.Address)
			} else if a != tk.Requester.Address { // who pays
				d.From = a
			}
		}
	})
}
