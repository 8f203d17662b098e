package desk

import (
	"errors"
	"slices"
	"time"

	"github.com/postdesk/postdesk/desk/message"
)

// Some mail programs answer without a word of what they answer: no reference, no token, and a tag only where nobody edited the subject. What is
// left is that subject. It is the last hint, it counts only where a mail names nothing of ours, and whoever joins by it must both take
// part in the ticket and prove that he is who he says: anybody can guess a subject.

const (
	// talkLasts is how long somebody comes back to a conversation of his. A list's talk, and what strangers add, is over sooner: the same
	// subject later is another matter.
	talkLasts  = 90 * 24 * time.Hour
	talkLively = 36 * time.Hour

	// maxHeadings is how many earlier mails of a subject are looked at, latest first, and maxTo how many addresses of each are remembered.
	maxHeadings = 20
	maxTo       = 50

	// bareAnswers is how many answers without a mark in their subject show that a conversation goes on without one.
	bareAnswers = 2
)

// A Heading is what the head of a kept mail tells of the conversation that it is of.
type Heading struct {
	Base   string   // message.Base of its subject
	From   string   // canonical, "" where it cannot be read
	To     []string // canonical addresses of To and Cc, each once
	Bare   bool     // it names a mail that it answers, though its subject has no mark of an answer: some lists take it away
	Ticket int64
	At     time.Time
}

// HeadingFilter chooses headings of one subject; From is "" for those of everybody, and Bare gives those of everybody that are.
type HeadingFilter struct {
	Base, From   string
	Bare         bool
	Since, Until time.Time
	Limit        int
}

// heading is that of the mail that is decided over, and whether its subject says that it is an answer.
func (v *visit) heading() (h Heading, answer bool) {
	h.Base, answer = message.Base(v.m.Subject)
	h.From, h.At = v.who.address, v.at
	h.Bare = !answer && v.namesMails()
	for _, to := range slices.Concat(v.m.To, v.m.Cc) {
		if len(h.To) == maxTo {
			break
		}
		if address, err := message.Canonical(to.Addr); err == nil && !slices.Contains(h.To, address) {
			h.To = append(h.To, address)
		}
	}
	return h, answer
}

// namesMails tells whether a mail says which it answers.
func (v *visit) namesMails() bool { return len(v.m.InReplyTo)+len(v.m.References) > 0 }

// namesOurs tells whether a mail still has what a desk gave it to name its ticket by. Where that leads nowhere, it is about a ticket of another
// desk, or of one that was lost: no subject makes it one about ours (F15, T108).
func (v *visit) namesOurs() bool {
	_, tagged := message.TagOf(v.m.Subject)
	return tagged || v.bringsOurs || slices.ContainsFunc(slices.Concat(v.m.InReplyTo, v.m.References), v.looksOurs)
}

// bySubject finds the ticket of a mail that names none, where its subject and its people tell. Who may not join it by that gets a ticket of
// his own beside it; a stranger's subject leads nowhere.
func (v *visit) bySubject(p *place) error {
	if k := v.m.Kind; k != message.Human && k != message.List && k != message.AutoReply || may(wishStore, v.who.level) == held {
		return nil // a page says which ticket is meant, a delivery report names a mail of ours or none, and a forgery is guessing
	}
	h, answer := v.heading()
	if h.Base == "" || v.namesOurs() {
		return nil
	}
	if !answer {
		if goesOn, err := v.goesOn(h); err != nil || !goesOn {
			return err
		}
	}
	earlier, err := v.headings(h)
	if err != nil {
		return err
	}
	ours := func(address string) bool { return v.p.MailboxOf(address) != nil || v.p.StaffByAddress(address) != nil }
	likely := conversations(h, answer, v.namesMails(), v.m.Kind == message.Human, ours, earlier)
	var beside *Ticket
	for _, number := range likely[:min(len(likely), maxHints)] {
		tk, err := v.standing(number)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if v.takesPart(tk) && may(wishJoin, v.who.level) == yes {
			v.because("its subject is that of ticket %d, in which %s takes part", tk.Number, v.who.address)
			p.joined, p.grant, p.by, v.by = tk, yes, "subject", "subject"
			return nil
		}
		if beside == nil {
			beside = tk
		}
	}
	if beside != nil {
		v.because("its subject is that of ticket %d, which %s may not join by that alone", beside.Number, orNobody(v.who.address))
		p.grant, p.by, p.others = linked, "subject", []*Ticket{beside}
	}
	return nil
}

// goesOn tells whether a mail whose subject does not say that it is an answer may be one all the same. Nearly every first mail of a matter is
// none, and to read what else has its subject would cost more than all the rest of it: half of them are about "Invoice".
func (v *visit) goesOn(h Heading) (bool, error) {
	if v.namesMails() {
		return false, nil
	}
	bare, err := v.tx.Headings(v.ctx, bareOnes(h))
	return len(bare) == bareAnswers, err
}

// bareOnes asks for answers to the subject of a mail that have no mark of one.
func bareOnes(h Heading) HeadingFilter {
	f := sameSubject(h, "")
	f.Bare, f.Limit = true, bareAnswers
	return f
}

// sameSubject asks for mails that may be of the same conversation as one: those from an address, or from anybody.
func sameSubject(h Heading, from string) HeadingFilter {
	return HeadingFilter{Base: h.Base, From: from, Since: h.At.Add(-talkLasts), Until: h.At.Add(talkLively), Limit: maxHeadings}
}

// headings are earlier ones of the same subject, latest first: the sender's own, however many others have written since, and the latest.
func (v *visit) headings(h Heading) ([]Heading, error) {
	var own []Heading
	var err error
	if h.From != "" {
		if own, err = v.tx.Headings(v.ctx, sameSubject(h, h.From)); err != nil {
			return nil, err
		}
	}
	if v.who.staff != nil {
		return own, nil // who serves everybody takes part in every ticket, and means one that he has written on
	}
	all, err := v.tx.Headings(v.ctx, sameSubject(h, ""))
	if err != nil {
		return nil, err
	}
	all = append(slices.DeleteFunc(all, func(e Heading) bool { return e.From != "" && e.From == h.From }), own...)
	slices.SortStableFunc(all, func(a, b Heading) int { return b.At.Compare(a.At) })
	return all, nil
}

// conversations are the tickets that a mail may belong to by its subject alone, likeliest first: those that its sender has written in, which
// nobody can bring about in his place; those where an earlier mail is from or to somebody of this one; and those that went to the same people. Of
// each the latest goes first. An address of ours is in every conversation and tells nothing of which. answer is whether the subject says that it is one, named whether the mail names ids, of which we know none, and person
// whether a person wrote it to us and not to a list.
func conversations(h Heading, answer, named, person bool, ours func(string) bool, earlier []Heading) []int64 {
	bare, new := 0, false
	for _, e := range earlier {
		if e.Bare {
			bare++
		}
	}
	if !answer && (named || bare < bareAnswers) {
		return nil // the same words, and a matter of its own
	}
	for _, to := range h.To {
		new = new || !ours(to) && !slices.ContainsFunc(earlier, func(e Heading) bool { return e.From == to || slices.Contains(e.To, to) })
	}
	var own, known, others []int64
	for _, e := range earlier {
		addressed := !ours(e.From) && slices.Contains(h.To, e.From)
		wrote := h.From != "" && e.From == h.From
		knows := addressed || wrote || h.From != "" && slices.Contains(e.To, h.From)
		lasts := talkLively
		if answer && (addressed || knows && person) {
			lasts = talkLasts
		}
		switch {
		case h.At.Sub(e.At).Abs() > lasts:
		case wrote && (person || !named):
			own = append(own, e.Ticket)
		case knows && (person || !named):
			known = append(known, e.Ticket)
		case knows || named || new: // an answer to somebody else is not one to this
		case len(h.To) == 0 && len(e.To) == 0, slices.ContainsFunc(h.To, func(to string) bool { return !ours(to) && slices.Contains(e.To, to) }):
			others = append(others, e.Ticket)
		}
	}
	var tickets []int64
	for _, n := range slices.Concat(own, known, others) {
		if !slices.Contains(tickets, n) {
			tickets = append(tickets, n)
		}
	}
	return tickets
}
