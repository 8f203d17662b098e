package desk

import (
	"strings"
	"time"
	"unicode"

	"github.com/postdesk/postdesk/desk/message"
)

// sameWithin is how long the same words of one contact are one request, whichever of our addresses they come to ("Channels" of MISSION.md).
const sameWithin = 72 * time.Hour

// maxAsked is how many of a contact's latest tickets are looked at for the same words.
const maxAsked = 10

// askedBefore looks for the request that a mail repeats on another channel: same is one with equal words, similar one with nearly those
// (B4). Only a sender who is proven can have asked before.
func (v *visit) askedBefore() (same, similar *Ticket, err error) {
	if len(v.p.Channels) == 0 || v.who.contact == nil || v.who.level < message.LevelA1s || v.who.staff != nil {
		return nil, nil, nil
	}
	recent, err := v.tx.Tickets(v.ctx, TicketFilter{Requester: v.who.contact.ID, Unclosed: true, Limit: maxAsked})
	if err != nil {
		return nil, nil, err
	}
	words := wordSet(v.m.Visible)
	for _, t := range recent {
		if t.Mailbox == v.mailbox.Name || v.at.Sub(t.Registered) > sameWithin || len(words) == 0 {
			continue
		}
		said, err := v.tx.Messages(v.ctx, t.Number)
		if err != nil || len(said) == 0 {
			return nil, nil, err
		}
		switch old := wordSet(said[0].Visible); {
		case plainWords(said[0].Visible) == plainWords(v.m.Visible):
			same, err = v.ticket(t.Number)
			return same, nil, err
		case similar == nil && alike(words, old):
			if similar, err = v.ticket(t.Number); err != nil {
				return nil, nil, err
			}
		}
	}
	return nil, similar, nil
}

// joinSame takes a request that came on two channels as one. Where the second costs less and nothing was agreed yet, its terms hold: what
// is free stays free unless the other is agreed to.
func (v *visit) joinSame(tk *Ticket) error {
	v.because("the same words as ticket %d, which came to %s: one request, and asked once", tk.Number, tk.Mailbox)
	if err := v.keep(tk.Number, OutcomeReply, false); err != nil {
		return err
	}
	tk.answered(v.m.ID)
	v.touch(tk)
	cheaper := v.p.Before(v.mailbox, v.turn.mailbox(tk)) && tk.Status == AwaitingConfirmation && tk.Hold == nil
	if !cheaper {
		out := letter{template: "acknowledgement", ticket: tk, to: tk.Requester, automatic: true, data: v.customerData(tk)}
		if tk.Status != Open {
			return nil // he has our answer, and knows what comes next
		}
		return v.send(out)
	}
	customer, owned, err := v.account()
	if err != nil {
		return err
	}
	verdict, windows, err := v.judge(customer, owned)
	if err != nil {
		return err
	}
	v.because("the terms of %s hold, which cost less", v.mailbox.Name)
	tk.Mailbox, tk.Status, tk.Estimate, tk.ChangedAt, tk.Assignee = v.mailbox.Name, Open, nil, v.at, ""
	v.grade(tk, verdict, owned, windows)
	return v.welcome(tk, place{})
}

// plainWords are words as they are compared: lower case, without signs, single blanks.
func plainWords(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }), " ")
}

// maxAlike is how many words of a mail are compared with those of another.
const maxAlike = 2000

func wordSet(s string) map[string]bool {
	words := strings.Fields(plainWords(s))
	set := map[string]bool{}
	for _, w := range words[:min(len(words), maxAlike)] {
		set[w] = true
	}
	return set
}

// alike tells whether two texts share most of their words, and have enough of them for that to mean anything.
func alike(a, b map[string]bool) bool {
	both := 0
	for w := range a {
		if b[w] {
			both++
		}
	}
	return len(a) >= 6 && len(b) >= 6 && both*10 >= 7*(len(a)+len(b)-both)
}
