package parse

import (
	"bytes"
	"slices"
	"strings"

	"github.com/postdesk/postdesk/desk/message"
)

const maxAddresses = 2000 // of one header field

// parseAddresses reads an address list (RFC 5322, 3.4) as senders write it, so that one odd entry costs nothing but itself: names with
// commas and no quotes, semicolons for commas, groups, bare addresses, names in raw 8-bit text, encoded words inside of quotes. Of
// an entry without a usable address the name stays, with no Addr.
func parseAddresses(value, charset string) []message.Address {
	if e, ok := soleEntry(value); ok {
		if a, ok := e.address(charset); ok {
			return []message.Address{a}
		}
		return nil
	}
	s := addressScanner{charset: charset, words: make([]byte, 0, 64)}
	s.split(value)
	return s.list
}

// soleEntry reads a list that is one entry without anything odd, as most are: an address, or one in brackets behind a name, in quotes or not.
// It gives what split would.
func soleEntry(v string) (e entry, ok bool) {
	v = trimBlanks(v)
	rest := v
	if quoted, ok := strings.CutPrefix(v, `"`); ok {
		end := strings.IndexByte(quoted, '"')
		if end < 0 || strings.IndexByte(quoted[:end], '\\') >= 0 {
			return e, false
		}
		e.words, rest = quoted[:end], trimLeft(quoted[end+1:], " \t")
		if !strings.HasPrefix(rest, "<") {
			return e, false
		}
	}
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '"', '(', ',', ';', ':', '>':
			return e, false
		case '<':
			if rest[len(rest)-1] != '>' || strings.ContainsAny(rest[i+1:len(rest)-1], "<>") {
				return e, false
			}
			if i > 0 {
				e.words = rest[:i]
			}
			e.angle, e.hasAngle = rest[i+1:len(rest)-1], true
			return e, true
		}
	}
	e.words = rest
	return e, rest != ""
}

// An entry is one mailbox as it stands in the list, its name and address not yet decoded.
type entry struct {
	words    string // everything outside of brackets and comments, quotes undone; of a scanner's only at its end
	quotedAt bool   // an @ stood in quotes
	comment  string // the first comment: the name, in the form "addr (Name)"
	angle    string // between < and >
	hasAngle bool
	at       bool // an @ stands in words
}

type addressScanner struct {
	charset  string
	list     []message.Address
	cur      entry
	words    []byte // of the entry at hand
	unclosed int    // comments that are never closed
}

// split cuts the list at commas and semicolons, but not at those of a name without quotes: where the piece before a comma holds no @
// and an address in brackets follows, as in "Doe, John <john@cust.example>", the comma is the name's.
func (s *addressScanner) split(v string) {
	for i := 0; i < len(v); {
		switch c := v[i]; c {
		case '"':
			begin := len(s.words)
			n := s.quotedString(v[i:])
			if bytes.IndexByte(s.words[begin:], '@') >= 0 {
				s.cur.at, s.cur.quotedAt = true, true
			}
			i += n
			if strings.HasPrefix(v[i:], "@") && bytes.IndexByte(s.words[begin:], ' ') >= 0 {
				s.cur.quotedAt = true // of a local part with a space no word is an address
			}
		case '(':
			text, n := "", 0
			if s.unclosed < 20 { // each one that is never closed is searched to the end
				text, n = comment(v[i:])
			}
			if n == 0 {
				s.unclosed++
				s.words = append(s.words, c)
				n = 1
			} else if s.cur.comment == "" {
				s.cur.comment = text
			}
			i += n
		case '<':
			if s.cur.hasAngle { // the comma between two was forgotten
				s.flush()
			}
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
				s.add(v[i+1 : i+1+end])
				i += 1 + end
			}
		case ',', ';':
			if c == ',' && !s.cur.hasAngle && !s.cur.at && len(s.words) > 0 && bracketNext(v[i+1:]) {
				s.words = append(s.words, ", "...)
			} else {
				s.flush()
			}
			i++
		case ':': // the name of a group ends: its members are what counts
			mailto := strings.EqualFold(string(bytes.TrimSpace(s.words)), "mailto")
			if mailto || !s.cur.hasAngle && !s.cur.at && !strings.HasPrefix(v[i:], "://") && !colonInName(v[i+1:]) {
				s.next()
			} else {
				s.words = append(s.words, c)
			}
			i++
		default:
			s.words = append(s.words, c)
			s.cur.at = s.cur.at || c == '@'
			i++
		}
	}
	s.flush()
}

// colonInName tells whether what follows a colon is the rest of one name and its address, rather than the members of a group (RFC 5322, 3.4).
func colonInName(v string) bool {
	end := strings.IndexAny(v, "<,;@\"(")
	if end < 0 || v[end] != '<' || strings.TrimSpace(v[:end]) == "" {
		return false
	}
	return !strings.ContainsAny(v[end:], ",;")
}

func (s *addressScanner) add(text string) {
	s.words = append(s.words, text...)
	s.cur.at = s.cur.at || strings.IndexByte(text, '@') >= 0
}

// next forgets the entry at hand.
func (s *addressScanner) next() { s.cur, s.words = entry{}, s.words[:0] }

func (s *addressScanner) flush() {
	if (s.cur.hasAngle || len(bytes.TrimSpace(s.words)) > 0) && len(s.list) < maxAddresses {
		s.cur.words = string(s.words)
		if a, ok := s.cur.address(s.charset); ok {
			s.list = append(s.list, a)
		}
	}
	s.next()
}

// bracketNext tells whether the list goes on with words and an address in brackets before the next comma that could part entries.
func bracketNext(v string) bool {
	end := strings.IndexAny(v, "<,;@\"")
	return end >= 0 && v[end] == '<'
}

func (e *entry) address(charset string) (message.Address, bool) {
	words := oneSpace(e.words)
	name, addr := words, e.angle
	if !e.hasAngle {
		name = e.comment
		addr = words
		var fields []string
		if strings.IndexByte(words, ' ') >= 0 {
			fields = strings.Fields(words)
		}
		holds := func(f string) bool { return strings.Contains(f, "@") }
		at := slices.IndexFunc(fields, holds)
		switch {
		case len(fields) < 2 || at < 0:
		case slices.ContainsFunc(fields[at+1:], holds) || e.quotedAt:
			// Two of them, or one in quotes, of which another may be the address: neither is known to be it (T009).
			addr = ""
		case strings.Count(fields[at], "@") == 1: // "Name kim@cust.example", without brackets
			addr = strings.Trim(fields[at], "[]()")
			name = strings.Join(append(append([]string{}, fields[:at]...), fields[at+1:]...), " ")
		}
	}
	name = clip(oneLine(decodeWords(trimEnds(name, " '<>"), charset)), maxShown)
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
	if scheme, rest, ok := strings.Cut(addr, ":"); ok && (strings.EqualFold(scheme, "mailto") || strings.EqualFold(scheme, "smtp")) {
		addr = rest
	}
	addr = trimEnds(addr, " \t'<>,;")
	canonical, err := message.Canonical(addr)
	if begin := strings.IndexByte(addr, '('); err != nil && begin >= 0 {
		if _, n := comment(addr[begin:]); n > 0 {
			return cleanAddress(addr[:begin] + addr[begin+n:])
		}
	}
	if err != nil && strings.ContainsAny(addr, " \t") {
		return message.Canonical(strings.Join(strings.Fields(addr), "")) // folded or spaced: "kim @ cust.example" (RFC 5322, 4.4)
	}
	return canonical, err
}

// oneSpace has one space for each run of white space, and none at the ends.
func oneSpace(s string) string {
	if s = trimBlanks(s); isOneLine(s) {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// quotedString adds the text of a quoted string and gives its length with the quotes. One that is never closed is read to the next
// bracket.
func (s *addressScanner) quotedString(v string) (n int) {
	begin := len(s.words)
	for i := 1; i < len(v); i++ {
		switch v[i] {
		case '\\':
			if i+1 < len(v) {
				i++
				s.words = append(s.words, v[i])
			}
		case '"':
			return i + 1
		default:
			s.words = append(s.words, v[i])
		}
	}
	end := strings.IndexByte(v, '<')
	if end < 0 {
		end = len(v)
	}
	s.words = append(s.words[:begin], v[1:end]...)
	return end
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
