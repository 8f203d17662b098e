// Package auth says how surely a mail is from whom it says (THREATS.md, "Levels of assurance of one mail"). It goes by the word of one
// server that the operator pins, in the fields which that server put above its own trace, and by signatures that a Checker verifies
// itself. It hides how such fields are written, what a stranger can put between them, and what makes two domains one organisation.
package auth

import (
	"fmt"
	"strings"

	"github.com/postdesk/postdesk/desk/message"
)

// A Trust is whose word counts for the mail of one mailbox.
type Trust struct {
	// Server is the authserv-id (RFC 8601, 2.5) of the server whose Authentication-Results count; "" trusts no field (T006).
	// Microsoft names none in its fields: it is pinned as "protection.outlook.com".
	Server string

	// Hosts are the names of that server after "by" in Received, where its own trace begins; ".desk.example" stands for all
	// hosts below that domain. None: Server itself. All names it uses must be here: with one left out, a stranger can write a
	// Received line that looks like the server's first.
	Hosts []string

	OwnDomains []string // a From of these is X unless proven

	// Submission maps a login at the pinned server, in lower case, to the addresses that it may write as.
	Submission map[string][]string
}

// microsoft is what fields without an authserv-id go by, and microsoftEdge are the hosts that write them.
const (
	microsoft     = "protection.outlook.com"
	microsoftEdge = ".mail.protection.outlook.com"
)

// Judge gives the level of a mail, X to A1 (A1s between), and why. What the mail itself cannot prove, A2 and A3, is the desk's to add.
func Judge(m *message.Message, t Trust) message.Assurance {
	a, _ := t.judge(m)
	return t.guardOwn(m, a)
}

// guardOwn is what becomes of a mail that claims to be ours.
func (t Trust) guardOwn(m *message.Message, a message.Assurance) message.Assurance {
	if a.Level < message.LevelA1 {
		for _, from := range m.From {
			if t.own(from) {
				return message.Assurance{Level: message.LevelX, Why: "claims " + message.Domain(from.Addr) + ", which is ours, unproven: " + a.Why}
			}
		}
	}
	return a
}

func (t Trust) own(from message.Address) bool {
	domain := message.Domain(from.Addr)
	for _, own := range t.OwnDomains {
		if own, err := message.CanonicalDomain(own); err == nil && own == domain {
			return true
		}
	}
	return false
}

// judge goes by the pinned server's word alone. It is open where that word leaves room for what the mail itself can prove: not where the
// server has seen it fail, or where what was said of it cannot be known.
func (t Trust) judge(m *message.Message) (a message.Assurance, open bool) {
	if m.FromFields != 1 || len(m.From) != 1 || m.From[0].Addr == "" {
		return level(message.LevelA0, "has no single From that can be read"), false
	}
	from := m.From[0].Addr
	if t.Server == "" {
		return level(message.LevelA0, "no server is trusted for this mailbox"), true
	}

	tr := t.trace(m.Trace)
	if tr.unreadable {
		return level(message.LevelA0, "%s: a field of its results cannot be read", t.Server), false
	}
	sigs := signatures(m.Trace)
	ev := weigh(tr.clauses, message.Domain(from), sigs)
	if ev.conflict != "" {
		return level(message.LevelA0, "%s: %s", t.Server, ev.conflict), false
	}

	// A submission comes before DMARC: servers judge their own people's mail before they sign it, and it fails there.
	for _, login := range append(ev.logins, tr.logins...) {
		if t.mayClaim(login, from) {
			return level(message.LevelA1, "%s: submitted with the password of %.100q", t.Server, login), false
		}
	}
	switch {
	case ev.dmarcFail && ev.enforced:
		return level(message.LevelX, "%s: dmarc=fail, and %s asks to refuse such mail", t.Server, message.Domain(from)), false
	case ev.dmarcFail:
		return level(message.LevelA0, "%s: dmarc=fail", t.Server), false
	case ev.dkim != "":
		a := level(message.LevelA1, "%s: dkim=pass for %s", t.Server, ev.dkim)
		a.Unsigned = unsigned(m, sigs)
		return a, false
	case ev.dmarcPass && !ev.withoutDKIM:
		a := level(message.LevelA1, "%s: dmarc=pass", t.Server)
		a.Unsigned = unsigned(m, sigs)
		return a, false
	case ev.spf != "":
		return level(message.LevelA1s, "%s: spf=pass for %s, no signature", t.Server, ev.spf), true
	case ev.dmarcPass && ev.unsound == "":
		return level(message.LevelA1s, "%s: dmarc=pass by SPF alone", t.Server), true
	case ev.unsound != "":
		return level(message.LevelA0, "%s: %s", t.Server, ev.unsound), true
	case !tr.spoke:
		return level(message.LevelA0, "%s said nothing about it", t.Server), true
	}
	return level(message.LevelA0, "%s: nothing that proves %s", t.Server, message.Domain(from)), true
}

func level(l message.Level, format string, args ...any) message.Assurance {
	return message.Assurance{Level: l, Why: fmt.Sprintf(format, args...)}
}

func (t Trust) mayClaim(login, from string) bool {
	addrs, ok := t.Submission[login]
	if !ok {
		addrs = t.Submission[strings.ToLower(login)]
	}
	for _, a := range addrs {
		if a, err := message.Canonical(a); err == nil && a == from {
			return true
		}
	}
	return false
}
