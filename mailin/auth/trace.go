package auth

import (
	"strings"

	"github.com/postdesk/postdesk/desk/message"
)

// A trace is what the pinned server said about one mail.
type trace struct {
	clauses    []Clause // of all fields that count
	logins     []string // whom its Received line says authenticated
	spoke      bool     // there is a field that counts
	unreadable bool     // one of them is broken: what it said against the mail is then unknown
}

// trace reads the fields that count: those of the pinned server above its topmost Received line, where only it and what comes after it
// can write. Where it has no line, only what stands above all lines is surely not the sender's (T005).
func (t Trust) trace(fields []message.Field) trace {
	hosts := t.Hosts
	switch {
	case len(hosts) > 0:
	case strings.EqualFold(t.Server, microsoft):
		hosts = []string{microsoftEdge}
	default:
		hosts = []string{t.Server}
	}

	first, pinned := len(fields), -1 // the topmost Received line of anybody, and of the pinned server
	var login string
	handed := false // that line only tells how the server handed the mail to its own store
	for i, f := range fields {
		if !strings.EqualFold(f.Name, "Received") {
			continue
		}
		first = min(first, i)
		r := parseReceived(f.Value)
		if r.by(hosts) {
			pinned, login = i, r.login
		}
		if pinned >= 0 && (handed || !r.handsOver(hosts)) {
			break
		}
		handed = pinned >= 0
	}

	var tr trace
	if login != "" {
		tr.logins = []string{login}
	}
	own := first
	if pinned >= 0 {
		own = pinned
	}
	for _, f := range fields[:own] {
		// ARC's copies of these fields are the word of whoever forwarded the mail (T013); their name differs.
		if !strings.EqualFold(f.Name, "Authentication-Results") {
			continue
		}
		r, err := ParseResults(f.Value)
		if !t.speaks(r) {
			continue
		}
		tr.spoke = true
		if err != nil {
			tr.unreadable = true
		}
		tr.clauses = append(tr.clauses, r.Clauses...)
	}
	if len(tr.clauses) > maxClauses {
		tr.unreadable = true
	}
	return tr
}

func (t Trust) speaks(r Results) bool {
	if r.Server == "" {
		return strings.EqualFold(t.Server, microsoft) && len(r.Clauses) > 0
	}
	return strings.EqualFold(r.Server, t.Server)
}

// received is what matters of a Received field (RFC 5321, 4.4).
type received struct {
	hosts      []string // every word after a "by"; one, unless the name that the client gave itself is made to look so
	login      string   // of "(Authenticated sender: LOGIN)", "" where there is not exactly one
	from       string   // the name that the client gave itself, where the field begins with it
	about      bool     // there are comments about the client, which stand before "by"
	with       string   // the protocol, in lower case
	unreadable bool
}

func parseReceived(value string) received {
	var (
		r        received
		comments []string
		logins   []string
		before   string // the word before
		s        = &scanner{rest: value}
	)
	for i := 0; ; i++ {
		n := len(comments)
		if err := s.space(&comments); err != nil {
			return received{unreadable: true}
		}
		if len(r.hosts) == 0 && len(comments) > n {
			r.about = true
		}
		for _, c := range comments[n:] {
			if login, ok := cutPrefixFold(strings.TrimSpace(c), "Authenticated sender:"); ok && len(r.hosts) == 0 {
				logins = append(logins, strings.TrimSpace(login))
			}
		}
		if s.rest == "" || s.rest[0] == ';' {
			break
		}
		word, err := s.value()
		if err != nil || word == "" && s.rest != "" && s.odd() != nil { // "" is a word as well
			return received{unreadable: true}
		}
		word = strings.ToLower(word)
		switch name := strings.TrimSuffix(word, "."); {
		case before == "by":
			r.hosts = append(r.hosts, name)
		case before == "from" && i == 1:
			r.from = name
		case before == "with" && len(r.hosts) > 0 && r.with == "":
			r.with = name
		}
		before = word
	}
	if len(logins) == 1 && len(r.hosts) == 1 {
		r.login = logins[0]
	}
	return r
}

// by tells whether one of the hosts may have written the line. A line that cannot be read counts as theirs: below it nothing is
// believed.
func (r received) by(hosts []string) bool {
	if r.unreadable {
		return true
	}
	for _, by := range r.hosts {
		for _, h := range hosts {
			h = strings.ToLower(h)
			if by == h || strings.HasPrefix(h, ".") && strings.HasSuffix(by, h) {
				return true
			}
		}
	}
	return false
}

// handsOver tells whether the server wrote the line when it gave the mail to its own store by LMTP (RFC 2033) without a network between,
// as Postfix does to Dovecot. What it knows of the sender is then in the line below. A line that tells of a client's address is another
// matter: whoever reaches that port could bring lines of the server along.
func (r received) handsOver(hosts []string) bool {
	return !r.unreadable && len(r.hosts) == 1 && r.by(hosts) && received{hosts: []string{r.from}}.by(hosts) &&
		!r.about && r.with == "lmtp"
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// Word tells whether the pinned server has said anything about a mail that counts, and whether it has where it does not count: below its
// own trace, where anybody could have written it.
func (t Trust) Word(m *message.Message) (counts, elsewhere bool) {
	if t.Server == "" {
		return false, false
	}
	tr := t.trace(m.Trace)
	if tr.spoke || len(tr.logins) > 0 {
		return true, false
	}
	for _, f := range m.Trace {
		if strings.EqualFold(f.Name, "Authentication-Results") {
			if r, _ := ParseResults(f.Value); t.speaks(r) {
				return false, true
			}
		}
	}
	return false, false
}
