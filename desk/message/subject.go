package message

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A ticket tag is [#123] in a subject: a weak hint of threading (M3), which anybody can write and which therefore proves nothing
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
		rest, mark := cutPrefix(bare)
		if mark == "" {
			return bare
		}
		bare = rest
	}
}

// Base is what the subjects of one conversation have in common (RFC 5256, 2.1): neither tags nor marks of answers and forwards, no "[list]"
// in front and no "(fwd)" behind, and lower case. It is "" where that says nothing. answer tells whether there was the mark of an answer.
func Base(subject string) (base string, answer bool) {
	base = withoutTags(strings.ToValidUTF8(subject[:min(len(subject), maxSubject)], ""))
	for {
		was := base
		if n := len(base) - len("(fwd)"); n >= 0 && strings.EqualFold(base[n:], "(fwd)") {
			base = strings.TrimRight(base[:n], " ")
		}
		if rest, mark := cutPrefix(base); mark != "" {
			base, answer = rest, answer || !slices.Contains(forwards, mark)
		}
		base = withoutBrackets(base)
		if base == was {
			break
		}
	}
	base = strings.ToLower(base)
	base = strings.TrimRight(strings.ToValidUTF8(base[:min(len(base), maxBase)], ""), " ")
	if says := strings.Trim(base, " ()[]<>-.?!"); slices.Contains(noSubjects, says) || weight(says) < minWeight {
		return "", answer
	}
	return base, answer
}

const (
	maxSubject = 1000 // bytes of a subject that are looked at
	maxBase    = 200  // bytes of it that are compared
	minWeight  = 3
)

// weight counts the bytes of letters and digits: a sign of Chinese says as much as a short word.
func weight(s string) (n int) {
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n += utf8.RuneLen(r)
		}
	}
	return n
}

// noSubjects are what mail clients write where their user has written nothing.
var noSubjects = []string{
	"no subject", "kein betreff", "ohne betreff", "sin asunto", "sans objet", "aucun objet", "geen onderwerp", "nessun oggetto", "senza oggetto",
	"без темы", "bez tematu", "brak tematu", "sem assunto", "bez předmětu", "inget ämne", "intet emne", "件名なし", "无主题", "無主旨",
}

// withoutBrackets takes off the name that a list puts in front, unless nothing else is left, and what some clients put around a forward.
func withoutBrackets(s string) string {
	if !strings.HasPrefix(s, "[") {
		return s
	}
	if n := len("[fwd:"); strings.HasSuffix(s, "]") && len(s) > n && strings.EqualFold(s[:n], "[fwd:") {
		return strings.Trim(s[n:len(s)-1], " ")
	}
	end := strings.IndexAny(s[1:], "[]") + 1
	if end == 0 || s[end] == '[' {
		return s
	}
	if rest := strings.TrimLeft(s[end+1:], " "); rest != "" {
		return rest
	}
	return s
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

// forwards are those of prefixes that mark a forward, which is no answer.
var forwards = strings.Fields(`
	fwd fw i
	wg
	tr rv doorst
	pd
	пересл
	vb vl enc ilt továb
	转发 轉寄 転送`)

// maxPrefix is longer than any prefix with its counter, in bytes.
const maxPrefix = 32

// cutPrefix takes one prefix off, counted ones included: "Re[2]:", "AW (3):", "RE :". mark is that prefix, "" where there is none.
func cutPrefix(s string) (rest, mark string) {
	head := s[:min(len(s), maxPrefix)]
	colon, size := strings.IndexByte(head, ':'), 1
	if wide := strings.Index(head, "："); wide >= 0 && (colon < 0 || wide < colon) {
		colon, size = wide, len("：")
	}
	if colon < 0 {
		return s, ""
	}
	word := strings.TrimRight(head[:colon], " \u00a0")
	if i := strings.IndexAny(word, "[(^"); i > 0 && strings.Trim(word[i:], "0123456789[]()^") == "" {
		word = strings.TrimRight(word[:i], " \u00a0")
	}
	word = strings.ToLower(word)
	if !slices.Contains(prefixes, word) {
		return s, ""
	}
	return strings.TrimLeft(s[colon+size:], " "), word
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
