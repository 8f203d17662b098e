package parse

import (
	"slices"
	"strings"

	"github.com/postdesk/postdesk/desk/message"
)

const maxAddresses = 2000 // of one header field

// parseAddresses reads an address list (RFC 5322, 3.4) as senders write it, so that one odd entry costs nothing but itself: names with
// commas and no quotes, semicolons for commas, groups, bare addresses, names in raw 8-bit text, encoded words inside of quotes. Of
// an entry without a usable address the name stays, with no Addr.
func parseAddresses(value, charset string) []message.Address {
	var list []message.Address
	var s addressScanner
	for _, entry := range s.split(value) {
		if a, ok := entry.address(charset); ok && len(list) < maxAddresses {
			list = append(list, a)
		}
	}
	return list
}

// An entry is one mailbox as it stands in the list, its name and address not yet decoded.
type entry struct {
	words    strings.Builder // everything outside of brackets and comments, quotes undone
	quoted   strings.Builder // only what stood in quotes
	comment  strings.Builder // the first comment: the name, in the form "addr (Name)"
	angle    string          // between < and >
	hasAngle bool
}

type addressScanner struct {
	entries  []*entry
	cur      *entry
	unclosed int // comments that are never closed
}

// split cuts the list at commas and semicolons, but not at those of a name without quotes: where the piece before a comma holds no @
// and an address in brackets follows, as in "Doe, John <john@cust.example>", the comma is the name's.
func (s *addressScanner) split(v string) []*entry {
	s.cur = &entry{}
	for i := 0; i < len(v); {
		switch c := v[i]; c {
		case '"':
			text, n := quotedString(v[i:])
			s.cur.words.WriteString(text)
			s.cur.quoted.WriteString(text)
			i += n
		case '(':
			text, n := "", 0
			if s.unclosed < 20 { // each one that is never closed is searched to the end
				text, n = comment(v[i:])
			}
			if n == 0 {
				s.unclosed++
				s.cur.words.WriteByte(c)
				n = 1
			} else if s.cur.comment.Len() == 0 {
				s.cur.comment.WriteString(text)
			}
			i += n
		case '<':
			end := strings.IndexAny(v[i+1:], "<>")
			switch {
			case end >= 0 && v[i+1+end] == '>':
				s.cur.angle, s.cur.hasAngle = v[i+1:i+1+end], true
				i += end + 2
			case end < 0: // never closed
				text, _, _ := strings.Cut(v[i+1:], ",")
				s.cur.angle, s.cur.hasAngle = text, true
				i += 1 + len(text)
			default: // a bracket inside of the name
				s.cur.words.WriteString(v[i+1 : i+1+end])
				i += 1 + end
			}
		case ',', ';':
			if c == ',' && !s.cur.hasAngle && !strings.Contains(s.cur.words.String(), "@") && s.cur.words.Len() > 0 && bracketNext(v[i+1:]) {
				s.cur.words.WriteString(", ")
			} else {
				s.flush()
			}
			i++
		case ':': // the name of a group ends: its members are what counts
			if !s.cur.hasAngle && !strings.Contains(s.cur.words.String(), "@") && !strings.HasPrefix(v[i:], "://") && !strings.EqualFold(strings.TrimSpace(s.cur.words.String()), "mailto") {
				s.cur = &entry{}
			} else if strings.EqualFold(strings.TrimSpace(s.cur.words.String()), "mailto") {
				s.cur = &entry{}
			} else {
				s.cur.words.WriteByte(c)
			}
			i++
		default:
			s.cur.words.WriteByte(c)
			i++
		}
	}
	s.flush()
	return s.entries
}

func (s *addressScanner) flush() {
	if s.cur.hasAngle || strings.TrimSpace(s.cur.words.String()) != "" {
		s.entries = append(s.entries, s.cur)
	}
	s.cur = &entry{}
}

// bracketNext tells whether the list goes on with words and an address in brackets before the next comma that could part entries.
func bracketNext(v string) bool {
	end := strings.IndexAny(v, "<,;@\"")
	return end >= 0 && v[end] == '<'
}

func (e *entry) address(charset string) (message.Address, bool) {
	words := strings.Join(strings.Fields(e.words.String()), " ")
	name, addr := words, e.angle
	if !e.hasAngle {
		name = e.comment.String()
		addr = words
		fields := strings.Fields(words)
		holds := func(f string) bool { return strings.Contains(f, "@") }
		at := slices.IndexFunc(fields, holds)
		switch {
		case len(fields) < 2 || at < 0:
		case slices.ContainsFunc(fields[at+1:], holds) || holds(e.quoted.String()):
			// Two of them, or one in quotes, of which another may be the address: neither is known to be it (T009).
			addr = ""
		case strings.Count(fields[at], "@") == 1: // "Name kim@cust.example", without brackets
			addr = strings.Trim(fields[at], "[]()")
			name = strings.Join(append(append([]string{}, fields[:at]...), fields[at+1:]...), " ")
		}
	}
	name = clip(oneLine(decodeWords(strings.Trim(name, " '<>"), charset)), maxShown)
	canonical, err := cleanAddress(addr)
	if err != nil {
		raw := clip(oneLine(decodeWords(strings.TrimSpace(words+" "+e.angle), charset)), maxShown)
		return message.Address{Name: raw}, raw != ""
	}
	return message.Address{Name: name, Addr: canonical}, true
}

// cleanAddress takes off what senders put around an address, and the obsolete route (RFC 5322, 4.4).
func cleanAddress(addr string) (string, error) {
	addr = strings.TrimSpace(addr)
	if strings.HasPrefix(addr, "=?") { // an encoded word must not stand here, and does
		addr = decodeWords(addr, "")
	}
	if strings.HasPrefix(addr, "@") {
		if _, rest, ok := strings.Cut(addr, ":"); ok {
			addr = rest
		}
	}
	if len(addr) > 7 && strings.EqualFold(addr[:7], "mailto:") {
		addr = addr[7:]
	}
	addr = strings.Trim(addr, " \t'<>,;")
	if _, err := message.Canonical(addr); err != nil && strings.ContainsAny(addr, " \t") {
		addr = strings.Join(strings.Fields(addr), "") // folded or spaced: "kim @ cust.example" (RFC 5322, 4.4)
	}
	return message.Canonical(addr)
}

// quotedString reads a quoted string and gives its text and its length with the quotes. One that is never closed is read to the next
// bracket.
func quotedString(s string) (text string, n int) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i+1 < len(s) {
				i++
				b.WriteByte(s[i])
			}
		case '"':
			return b.String(), i + 1
		default:
			b.WriteByte(s[i])
		}
	}
	end := strings.IndexByte(s, '<')
	if end < 0 {
		end = len(s)
	}
	return s[1:end], end
}

// comment reads a comment with the comments in it (RFC 5322, 3.2.2); n is 0 if it is never closed.
func comment(s string) (text string, n int) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s[1:i], i + 1
			}
		}
	}
	return "", 0
}
