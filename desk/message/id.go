package message

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxID is the longest Message-ID that is kept, in bytes: the longest line that mail may have (RFC 5322, 2.1.1).
const maxID = 998

// maxIDs bounds what one field may name (G9). Of a longer References the end is kept, where the parents are.
const maxIDs = 500

// An ID is a Message-ID in canonical form: without angle brackets, white space and control characters, valid UTF-8, at most 998
// bytes. Its case is kept, since both sides of the @ may depend on it (RFC 5322, 3.6.4). "" is no id.
type ID string

// String is the id without angle brackets, as it is stored and printed.
func (id ID) String() string { return string(id) }

// Header is the id as it stands in a header field, in angle brackets; "" stays "".
func (id ID) Header() string {
	if id == "" {
		return ""
	}
	return "<" + string(id) + ">"
}

// ParseIDs reads the value of a Message-ID, In-Reply-To or References field, folded or not. It takes what real mail has: commas
// between ids, comments, words around them ("Your message of Monday"), a bracket that is never closed, and, where no bracket opens
// at all, bare words with an @ in them or a single word. What is longer than an id may be is left out, for a cut id could be equal
// to another one.
func ParseIDs(field string) []ID {
	var ids []ID
	add := func(s string) {
		if id := canonicalID(s); id != "" {
			ids = append(ids, id)
		}
	}

	plain := withoutComments(field)
	if n := strings.Count(plain, "<"); n > 1 {
		ids = make([]ID, 0, min(n, maxIDs))
	}
	bracketed := false
	for rest := plain; ; {
		_, after, ok := strings.Cut(rest, "<")
		if !ok {
			break
		}
		bracketed = true
		end := strings.IndexAny(after, "<>")
		switch {
		case end < 0: // never closed: the field was cut, or its writer forgot
			rest = ""
			after = firstWord(after)
		case after[end] == '<':
			rest = after[end:]
			after = firstWord(after[:end])
		default:
			rest = after[end+1:]
			after = after[:end]
		}
		if isID(after) || strings.IndexFunc(after, unicode.IsSpace) < 0 {
			add(after)
			continue
		}
		for _, s := range joined(after) {
			add(s)
		}
	}
	if !bracketed {
		words := strings.FieldsFunc(plain, func(r rune) bool { return r == ',' || r == ';' || r == '>' || unicode.IsSpace(r) })
		for _, w := range words {
			if strings.Contains(w, "@") || len(words) == 1 {
				add(strings.Trim(w, `"'`))
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return ids[max(0, len(ids)-maxIDs):]
}

// joined gives the ids of one pair of brackets. Folding inside an id leaves white space that does not belong to it; two ids in one
// pair of brackets have an @ each.
func joined(s string) []string {
	words := strings.Fields(s)
	for _, w := range words {
		if !strings.Contains(w, "@") {
			return []string{strings.Join(words, "")}
		}
	}
	return words
}

func firstWord(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// isID tells one that is in canonical form, but for its length, as nearly all are.
func isID(s string) bool { return isOf(s, &idBytes) }

var idBytes = classOf(func(c byte) bool { return c > ' ' && c < 0x7f && c != '<' && c != '>' })

func canonicalID(s string) ID {
	if len(s) > 2*maxID {
		return ""
	}
	if isID(s) && len(s) <= maxID {
		return ID(s)
	}
	s = strings.Map(func(r rune) rune {
		if r == '<' || r == '>' || unicode.IsControl(r) || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
	if len(s) > maxID {
		return ""
	}
	return ID(s)
}

// withoutComments takes out comments (RFC 5322, 3.2.2) that stand outside of angle brackets. A parenthesis that is never closed
// opens no comment: it is text that its writer did not mean so.
func withoutComments(s string) string {
	if !strings.Contains(s, "(") {
		return s
	}
	var (
		b       strings.Builder
		depth   int
		open    int // where the outermost open comment begins
		bracket bool
		escaped bool
	)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case depth > 0 && escaped:
			escaped = false
			continue
		case depth > 0 && c == '\\':
			escaped = true
			continue
		case !bracket && c == '(':
			if depth == 0 {
				open = i
			}
			depth++
			continue
		case depth > 0 && c == ')':
			depth--
			if depth == 0 {
				b.WriteByte(' ')
			}
			continue
		case depth > 0:
			continue
		case c == '<':
			bracket = true
		case c == '>':
			bracket = false
		}
		b.WriteByte(c)
	}
	if depth > 0 {
		b.WriteString(s[open:])
	}
	return b.String()
}
