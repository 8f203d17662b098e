package desk

import (
	"errors"
	"slices"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
)

// A sender is who a mail says wrote it, and how surely that is so. Reply-To and Sender never enter (T017).
type sender struct {
	address string // canonical; "" when From cannot be read
	name    string
	level   message.Level // X to A1; A2 is per ticket and purpose, see visit.level
	why     string
	staff   *policy.Staff // whose address it is, whatever the level
	contact *Contact      // nil for an address never seen
}

// identify says who wrote the mail. Several mailboxes in From prove nothing, and the first is shown (T008).
func (v *visit) identify() (s sender, err error) {
	defer func() { v.from = s }()
	s = sender{level: v.a.Assurance.Level, why: v.a.Assurance.Why}
	if len(v.m.From) == 0 {
		s.level, s.why = min(s.level, message.LevelA0), "From holds no address that can be read"
		return s, nil
	}
	s.name = v.m.From[0].Name
	addr, err := message.Canonical(v.m.From[0].Addr)
	if err != nil {
		s.level, s.why = min(s.level, message.LevelA0), "From holds no address that can be read"
		return s, nil
	}
	s.address = addr
	if len(v.m.From) > 1 || v.m.FromFields > 1 {
		s.level, s.why = min(s.level, message.LevelA0), "From names several people"
	}
	if message.NameLooksLikeAddress(v.m.From[0]) {
		v.because("the sender's name looks like an address: %s", oneLine(s.name, 80))
	}
	if message.MixedScript(addr) { // a name that looks like another (T015)
		v.because("the sender's address has letters of several scripts: %s", addr)
	}
	s.staff = v.p.StaffByAddress(addr)
	s.contact, err = v.tx.ContactOf(v.ctx, addr)
	if errors.Is(err, ErrNotFound) {
		s.contact, err = nil, nil
	}
	return s, err
}

// A claim is a token of ours that a mail brings, in one of our addresses or in the Message-ID that it answers.
type claim struct {
	message.Claim
	mine  bool // made for the address in From
	meant bool // and brought by the sender, as far as what proves him tells: else anybody may have put it to a mail of his
}

// acts tells whether the token gives power beyond joining. That of a retired key joins and does not spend (T113), nor does one that
// whoever passed the mail on could have added.
func (c claim) acts() bool { return c.mine && c.meant && !c.Old }

// readTokens reads every token that the mail brings. One that says nothing of ours is passed over with its reason (T021).
func (v *visit) readTokens() []claim {
	var found []claim
	seen := map[string]int{} // where it stands in found; -1 for one that says nothing
	unsigned := v.a.Assurance.Unsigned
	subject := int64(0) // the ticket that the sender's own subject names
	if n, ok := message.TagOf(v.m.Subject); ok && !slices.Contains(unsigned, "Subject") {
		subject = n
	}
	read := func(token, field, where string) {
		v.bringsOurs = true
		i, known := seen[token]
		if !known {
			c, err := v.keys.Read(token, v.now)
			if err != nil {
				seen[token] = -1
				v.because("%s: %s", where, err)
				return
			}
			i = len(found)
			found = append(found, claim{Claim: c, mine: v.who.address != "" && v.keys.For(token, v.who.address)})
			seen[token] = i
		}
		if i >= 0 && (field != "" && !slices.Contains(unsigned, field) || found[i].Ticket == subject) {
			found[i].meant = true
		}
	}
	for _, list := range []struct {
		field string // "" for what the sender does not write: our own server does, by the envelope
		of    []message.Address
	}{{"", v.m.Delivered}, {"To", v.m.To}, {"Cc", v.m.Cc}} {
		for _, to := range list.of {
			box := v.p.MailboxOf(to.Addr)
			if box == nil {
				continue
			}
			for _, base := range append([]string{box.Address}, box.Aliases...) {
				if token, ok := message.TokenOf(to.Addr, base); ok {
					read(token, list.field, "the token of its address")
				}
			}
		}
	}
	for _, id := range v.m.InReplyTo {
		if token, ok := message.TokenOfID(id, v.p.Desk.Domain); ok {
			read(token, "In-Reply-To", "the token of the mail it answers")
		}
	}
	return found
}

// level is what the mail proves for one ticket and purpose: A1 and a token made for this address, ticket and purpose is A2.
func (v *visit) level(ticket int64, purposes ...message.Purpose) message.Level {
	if v.who.level != message.LevelA1 {
		return v.who.level
	}
	for _, c := range v.claims {
		for _, p := range purposes {
			if c.acts() && c.Ticket == ticket && c.Purpose == p {
				return message.LevelA2
			}
		}
	}
	return v.who.level
}
