package message

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// A ticket tag is [#123] in a subject: the weakest hint of threading (M3), which anybody can write and which therefore proves nothing
// (T019). All functions here take the subject decoded and unfolded.

// TagOf is the ticket number of the last well-formed tag of a subject. Wide forms of the signs count, as East Asian keyboards make
// them.
func TagOf(subject string) (ticket int64, ok bool) {
	rs := []rune(subject)
	for i, r := range rs {
		if narrow(r) != ']' {
			continue
		}
		if n, _, found := tagAtEnd(rs[:i+1]); found {
			ticket, ok = n, true
		}
	}
	return ticket, ok
}

// WithTag is the subject of a mail of ours on that ticket: "Re: [#123] " and the bare subject, without the "Re: " where nobody had
// answered yet. However often a mail goes to and fro, its subject does not grow (FAILURES.md, F02).
func WithTag(subject string, ticket int64) string {
	bare, answered := strip(subject)
	s := fmt.Sprintf("[#%d] %s", ticket, bare)
	if answered {
		s = "Re: " + s
	}
	return strings.TrimSpace(s)
}

// Bare is the subject without tags and without prefixes such as "Re:" and "AW:", on one line.
func Bare(subject string) string {
	bare, _ := strip(subject)
	return bare
}

// prefix is one mark of an answer or a forward, as mail clients in the languages of our customers put them, counted ones included:
// "Re[2]:", "AW (3):", "RE :".
var prefix = regexp.MustCompile(`^(?i:` +
	`re|r|fwd?|fw|i|` + // English and most of the world; Italian
	`aw|antwort|wg|` + // German
	`tr|rv|` + // French, Spanish
	`antw|doorst|` + // Dutch
	`odp|pd|` + // Polish
	`ответ|отв|пересл|` + // Russian
	`sv|vs|vb|vl|rif|res|enc|ynt|ilt|atb|vá|továb|` + // the Nordic countries, Portuguese, Turkish, Latvian, Hungarian
	`回复|答复|回覆|转发|轉寄|返信|転送` +
	`)\s?(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3}|\d{1,3})?\s?[:：]\s*`)

// strip takes out all tags and the run of prefixes, and tells whether there was any prefix.
func strip(subject string) (bare string, answered bool) {
	var out []rune
	for _, r := range subject {
		if unicode.IsControl(r) {
			r = ' ' // a subject of ours stays one line, whatever this one holds (T062)
		}
		out = append(out, r)
		if narrow(r) == ']' {
			// What closes around a tag taken out may be a tag again, "[#[#1]2]", and is seen when its own bracket comes.
			if _, start, ok := tagAtEnd(out); ok {
				out = append(out[:start], ' ')
			}
		}
	}
	bare = strings.Join(strings.Fields(string(out)), " ")
	for {
		m := prefix.FindString(bare)
		if m == "" {
			return bare, answered
		}
		bare, answered = bare[len(m):], true
	}
}

// tagAtEnd reads the tag that ends with rs, and where it starts. Its number has no leading zero and at most 18 digits.
func tagAtEnd(rs []rune) (ticket int64, start int, ok bool) {
	end := len(rs) - 1 // the closing bracket
	i := end
	for i > 0 && end-i <= 18 && '0' <= narrow(rs[i-1]) && narrow(rs[i-1]) <= '9' {
		i--
	}
	if i == end || end-i > 18 || i < 2 || narrow(rs[i]) == '0' || narrow(rs[i-1]) != '#' || narrow(rs[i-2]) != '[' {
		return 0, 0, false
	}
	for _, r := range rs[i:end] {
		ticket = 10*ticket + int64(narrow(r)-'0')
	}
	return ticket, i - 2, true
}

// narrow maps the full-width forms of ASCII (U+FF01 to U+FF5E) to ASCII.
func narrow(r rune) rune {
	if '！' <= r && r <= '～' {
		return r - '！' + '!'
	}
	return r
}
