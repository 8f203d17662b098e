package message

import (
	"slices"
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

// Bare is the subject without tags and without prefixes such as "Re:" and "AW:", on one line. However often a mail goes to and fro, what
// is made of it does not grow (FAILURES.md, F02).
func Bare(subject string) string {
	bare := withoutTags(subject)
	for {
		rest, ok := cutPrefix(bare)
		if !ok {
			return bare
		}
		bare = rest
	}
}

// prefixes are the marks of an answer or a forward that mail clients in the languages of our customers, and their neighbours, put
// before a colon.
var prefixes = strings.Fields(`
	re r fwd fw i
	aw antwort wg
	tr rv antw doorst rif
	odp pd
	ответ отв пересл
	sv vs vb vl res enc ynt ilt atb vá továb
	回复 答复 回覆 转发 轉寄 返信 転送`)

// maxPrefix is longer than any prefix with its counter, in bytes.
const maxPrefix = 32

// cutPrefix takes one prefix off, counted ones included: "Re[2]:", "AW (3):", "RE :".
func cutPrefix(s string) (rest string, ok bool) {
	head := s[:min(len(s), maxPrefix)]
	colon, size := strings.IndexByte(head, ':'), 1
	if wide := strings.Index(head, "："); wide >= 0 && (colon < 0 || wide < colon) {
		colon, size = wide, len("：")
	}
	if colon < 0 {
		return s, false
	}
	word := strings.TrimRight(head[:colon], " \u00a0")
	if i := strings.IndexAny(word, "[(^"); i > 0 && strings.Trim(word[i:], "0123456789[]()^") == "" {
		word = strings.TrimRight(word[:i], " \u00a0")
	}
	word = strings.ToLower(word)
	return strings.TrimLeft(s[colon+size:], " "), slices.Contains(prefixes, word)
}

// withoutTags takes out all tags, and all that would not stay on one line.
func withoutTags(subject string) string {
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
	return strings.Join(strings.Fields(string(out)), " ")
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
