package desk

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// Whoever writes a thousand mails must not make a thousand notices of them: staff are told once that a ticket is flooded, and how it ended;
// and what one of us would get more of than anybody reads comes as one list. The messages are all there (T051, T055).

const (
	// maxTold is how many notices of one kind about one ticket somebody of us gets in an hour.
	maxTold = 20
	// maxNotices is how many notices of what customers do one of us gets in an hour, about whichever tickets.
	maxNotices = 100
	// floodLasts is when a flooded ticket is looked at again, digestDelay when what was not told of one by one is told as a list.
	floodLasts  = time.Hour
	digestDelay = time.Hour
	timerDigest = "digest " // with the id of whom it is for
	maxListed   = 30        // tickets in one list
)

// provoked tells notices that somebody outside brings about, as many as he likes.
func provoked(template string) bool {
	switch template {
	case "new_words", "aside_words", "undelivered", "unassigned", "assigned", "estimate_needed":
		return true
	}
	return false
}

// flooded tells whether a notice about a ticket is one too many, and lets staff know when that begins. Where one of us answers every few mails
// it is a conversation, however quick, such as in an outage: he reads them, and needs the next one.
func (t *turn) flooded(tk *Ticket, to []*policy.Staff, template string) (bool, error) {
	if !provoked(template) || t.decided {
		return false, nil
	}
	if tk.Flood != nil {
		if talks, err := t.talks(tk); err != nil || talks {
			return false, err
		}
		t.withheld(tk, to, template, "so many mails reach the ticket that they are told of together")
		return true, nil
	}
	for _, s := range to {
		n, err := t.tx.SentTo(t.ctx, s.Address, template, tk.Number, t.now.Add(-time.Hour))
		if err != nil {
			return false, err
		}
		if n < maxTold {
			continue
		}
		if talks, err := t.talks(tk); err != nil || talks {
			return false, err
		}
		if err := t.tellStaffWith(tk, "flood", func(*templates.Staff) {}); err != nil {
			return false, err
		}
		tk.Flood = &Flood{Since: t.now, Until: t.now.Add(floodLasts)}
		t.touch(tk)
		t.withheld(tk, to, template, fmt.Sprintf("%d of them about this ticket went out within an hour", n))
		return true, nil
	}
	return false, nil
}

// talks tells whether one of us has written among the latest messages of a ticket.
func (t *turn) talks(tk *Ticket) (bool, error) {
	th, err := t.thread(tk)
	return th.answered, err
}

func (t *turn) withheld(tk *Ticket, to []*policy.Staff, template, why string) {
	var addresses []string
	for _, s := range to {
		addresses = append(addresses, s.Address)
	}
	t.sent = append(t.sent, t.event(EventWithheld, tk.Number, Withheld{Ticket: tk.Number, Template: template, To: strings.Join(addresses, ", "), Why: why}))
}

// inDigest tells whether a notice to one of us is left for his digest: what lists send, and what is more than anybody reads.
func (t *turn) inDigest(tk *Ticket, s *policy.Staff, template string) (bool, error) {
	if !provoked(template) || t.decided {
		return false, nil
	}
	why := "a list's mail"
	if _, known := t.bases[tk.Number]; known || t.mail == nil || t.mail.Kind != message.List { // on a ticket that there was, somebody takes part
		n, err := t.tx.SentTo(t.ctx, s.Address, "", 0, t.now.Add(-time.Hour))
		if err != nil || n < maxNotices {
			return false, err
		}
		why = fmt.Sprintf("%d notices went there within an hour", n)
	}
	t.sent = append(t.sent, t.event(EventWithheld, tk.Number, Withheld{Ticket: tk.Number, Template: template, To: s.Address, Why: why + ": it is told in a digest", Digest: true}))
	return true, t.tx.StartTimer(t.ctx, timerDigest+s.ID, t.now.Add(digestDelay))
}

// ebb looks at a flooded ticket again: while mails go on to come staff are left alone, and then they are told how many there were.
func (t *turn) ebb(tk *Ticket) error {
	recent, err := t.tx.Recent(t.ctx, tk.Number, maxTold)
	if err != nil {
		return err
	}
	if len(recent) == maxTold && recent[maxTold-1].At.After(t.now.Add(-floodLasts)) {
		tk.Flood.Until = t.now.Add(floodLasts)
		if t.now.Sub(tk.Flood.Since) < oneDay {
			return nil
		}
		// Whoever goes on for days must not keep the customer's own words from us for as long.
		return t.tellFlood(tk, Flood{Since: t.now, Until: tk.Flood.Until})
	}
	return t.tellFlood(tk, Flood{})
}

// tellFlood tells staff how many mails came in a flood so far; next is what of it goes on, zero for one that is over.
func (t *turn) tellFlood(tk *Ticket, next Flood) error {
	n, err := t.tx.CountMessages(t.ctx, tk.Number, tk.Flood.Since)
	if err != nil {
		return err
	}
	tk.Flood = nil
	if !next.Since.IsZero() {
		tk.Flood = &next
	}
	return t.tellStaffWith(tk, "flood", func(d *templates.Staff) { d.Count = n })
}

// tellDigest sends one of us what he was not told of one by one: the tickets that nobody has, where he is a dispatcher of their queue, and
// those that he has.
func (t *turn) tellDigest(id string) error {
	s := t.p.StaffByID(id)
	if s == nil {
		return nil // he has left since
	}
	all, err := t.tx.Tickets(t.ctx, TicketFilter{Unclosed: true, Limit: maxHeldRead})
	if err != nil {
		return err
	}
	data := t.staffData(nil, s)
	var unheard, wait []*Ticket // the list begins with what nobody would look for
	for _, tk := range all {
		dispatches := false
		for _, d := range t.p.Dispatchers(tk.Queue) {
			dispatches = dispatches || d == s
		}
		if tk.Assignee != s.ID && (tk.Assignee != "" || !dispatches) {
			continue
		}
		if tk.Status == Open || tk.Status == AwaitingEstimate {
			wait = append(wait, tk)
			continue
		}
		left, err := t.leftOut(tk, s) // else it waits for somebody else, as far as he knows
		if err != nil {
			return err
		}
		if left {
			unheard = append(unheard, tk)
		}
	}
	listed := append(unheard, wait...)
	if data.Count = len(listed); data.Count == 0 {
		return nil
	}
	for _, tk := range listed[:min(data.Count, maxListed)] {
		data.Tickets = append(data.Tickets, templates.TicketLine{
			Number: tk.Number, Subject: oneLine(string(public(tk.Subject)), 120), From: oneLine(contactLine(tk.Requester.Name, tk.Requester.Address), 120),
			At: *t.momentFor(tk.Registered, s), Assigned: tk.Assignee != "",
		})
	}
	return t.sendStaff(nil, s, "gathered", data)
}

// leftOut tells whether one of us was lately not told of something about a ticket: such as of words that are no clear yes, which their writer
// was told that one of us reads.
func (t *turn) leftOut(tk *Ticket, s *policy.Staff) (bool, error) {
	recent, err := t.tx.JournalSince(t.ctx, tk.Number, t.now.Add(-2*digestDelay))
	return slices.ContainsFunc(recent, func(e Event) bool {
		var w Withheld
		return e.Kind == EventWithheld && json.Unmarshal(e.Data, &w) == nil && w.Digest && w.To == s.Address
	}), err
}

// wakeTimer does what is due beside tickets.
func (t *turn) wakeTimer(name string) error {
	mine, err := t.tx.EndTimer(t.ctx, name)
	if err != nil || !mine {
		return err // another node was quicker
	}
	switch {
	case name == timerHeld || name == timerHeldAgain:
		return t.tellHeld()
	case name == timerDaily:
		return t.tellDaily()
	case strings.HasPrefix(name, timerDigest):
		return t.tellDigest(strings.TrimPrefix(name, timerDigest))
	}
	return nil
}
