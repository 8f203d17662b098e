package desk

import (
	"errors"
	"slices"

	"github.com/postdesk/postdesk/desk/message"
)

const (
	// maxRefs is how many ids of one mail are looked up and remembered; the ones next to it come first.
	maxRefs = 50
	// maxHints is how many tickets one mail may be asked for: each is loaded and locked, and a stranger chooses the ids.
	maxHints = 5
)

// A place is where a mail belongs: the ticket that it joined, or those that its hints name and it may not join.
type place struct {
	joined  *Ticket // nil when it may join none
	grant   grant   // how it joined: yes or unverified; else what happens instead: linked or held
	by      string  // references, token, subject, none
	ours    *Ticket // the ticket of a mail of ours that it names, whoever writes
	tokenOf *Ticket // the ticket of a valid token that it brings, whoever writes
	others  []*Ticket
}

// ticket is the number it concerns, 0 where there is none.
func (p place) ticket() int64 {
	if p.joined != nil {
		return p.joined.Number
	}
	if len(p.others) > 0 {
		return p.others[0].Number
	}
	return 0
}

// A hint names a ticket that a mail may belong to.
type hint struct {
	ticket int64
	by     string
}

// hinted are the ids that may lead to a mail's ticket, the likeliest first.
func hinted(m *message.Message) []message.ID {
	// The last reference is the direct parent (RFC 5322, 3.6.4), so look from the end. Unknown ids on the way are normal: we never see
	// the mails that people send around us. In-Reply-To counts beside References, since some clients replace the list (F23).
	ids := slices.Clone(m.InReplyTo)
	for _, id := range slices.Backward(m.References) {
		if len(ids) >= maxRefs {
			break
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids[:min(len(ids), maxRefs)]
}

// hints are what a mail says of its ticket: references first, then the token, then the tag in the subject (M3).
func (v *visit) hints() ([]hint, error) {
	ids := hinted(v.m)
	var hints []hint
	add := func(ticket int64, by string) {
		if ticket > 0 && len(hints) < maxHints && !slices.ContainsFunc(hints, func(h hint) bool { return h.ticket == ticket }) {
			hints = append(hints, hint{ticket, by})
		}
	}
	if len(ids) > 0 {
		refs, err := v.tx.Refs(v.ctx, ids)
		if err != nil {
			return nil, err
		}
		v.led = map[message.ID]bool{}
		for _, r := range refs {
			v.led[r.ID] = true
		}
		// An id that is a mail's own says more than one that a mail only mentioned.
		for _, surest := range [][]RefKind{{RefSent, RefSeen}, {RefMentioned}} {
			for _, id := range ids {
				for _, r := range refs {
					if r.ID == id && slices.Contains(surest, r.Kind) {
						add(r.Ticket, "references")
					}
				}
			}
		}
	}
	for _, c := range v.claims {
		add(c.Ticket, "token")
	}
	if n, ok := message.TagOf(v.m.Subject); ok {
		add(n, "subject")
	}
	return hints, nil
}

// thread finds the mail's ticket. Each hint is only a hint until the sender may join that ticket: the first that he may join is his; if
// he may join none, the mail opens a ticket of its own, linked to them (M3, T019, T020, T023). Where none of them names a ticket that there
// is, the words of the subject are asked.
func (v *visit) thread() (place, error) {
	p := place{by: "none"}
	hints, err := v.hints()
	if err != nil {
		return p, err
	}
	for _, h := range hints {
		tk, err := v.standing(h.ticket)
		if errors.Is(err, ErrNotFound) {
			v.because("its %s names ticket %d, which there is not", h.by, h.ticket)
			continue
		}
		if err != nil {
			return p, err
		}
		if tk.Number != h.ticket {
			v.because("its %s names ticket %d, which is a part of ticket %d now", h.by, h.ticket, tk.Number)
			v.inherit(h.ticket, tk.Number)
		}
		if tk == p.joined || slices.Contains(p.others, tk) {
			continue
		}
		claimed := slices.ContainsFunc(v.claims, func(c claim) bool { return c.Ticket == tk.Number })
		if claimed && p.tokenOf == nil {
			p.tokenOf = tk
		}
		if (h.by == "references" || claimed) && p.ours == nil {
			p.ours = tk
		}
		if p.joined != nil {
			p.others = append(p.others, tk) // the surer hint decides, and staff see the other (T023)
			v.because("its %s names ticket %d too", h.by, tk.Number)
			continue
		}
		if g := v.mayJoin(tk, claimed); g == yes || g == unverified {
			p.joined, p.grant, p.by = tk, g, h.by
		} else {
			if len(p.others) == 0 {
				p.grant, p.by = g, h.by
			}
			p.others = append(p.others, tk)
			v.because("its %s names ticket %d, which %s may not join", h.by, tk.Number, orNobody(v.who.address))
		}
	}
	if p.joined != nil {
		v.by = p.by
		return p, nil
	}
	if len(p.others) == 0 {
		err = v.bySubject(&p)
	}
	return p, err
}

// inherit makes tokens of a merged ticket ones of the ticket that it became a part of. What was offered on the one is no offer on the
// other, though both count their estimates from 1.
func (v *visit) inherit(from, into int64) {
	for i := range v.claims {
		if c := &v.claims[i]; c.Ticket == from {
			c.Ticket = into
			if c.Purpose == message.PurposeEstimate {
				c.Purpose, c.Arg = message.PurposeReply, 0
			}
		}
	}
}

// mayJoin reads the table: who takes part in the ticket may, others get a ticket of their own.
func (v *visit) mayJoin(tk *Ticket, claimed bool) grant {
	switch {
	case v.takesPart(tk):
		return may(wishJoin, v.who.level)
	case claimed && v.part(tk) == Removed && !owns(v.who.contact, tk):
		v.because("%s was taken out of ticket %d: the tokens made for him there count no more", v.who.address, tk.Number)
		return may(wishJoinToken, v.who.level)
	case claimed:
		return may(wishJoinToken, v.level(tk.Number, message.PurposeReply, message.PurposeEstimate))
	}
	return may(wishJoinBare, v.who.level)
}

// takesPart tells whether the address in From is one of the ticket's: its requester, a participant, or staff.
func (v *visit) takesPart(tk *Ticket) bool {
	if v.who.staff != nil {
		return true
	}
	if v.who.contact == nil {
		return false
	}
	if tk.Requester.ID == v.who.contact.ID {
		return true
	}
	p := tk.participant(v.who.contact.ID)
	return p != nil && p.takes()
}

func orNobody(address string) string {
	if address == "" {
		return "a sender without address"
	}
	return address
}
