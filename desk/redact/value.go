package redact

import (
	"slices"
	"strings"
)

// Where a value begins behind the word that leads it, and where it ends.

// How the value is set off from the word.
type separator int

const (
	noSeparator separator = iota
	loose                 // one space
	aside                 // "is", a dash, wide space: words go on like this too
	firm                  // a colon, an equals sign, a tag, a table's bar
	tight                 // an equals sign without space around it, as in programs and never in prose
)

// maxGap and maxValue bound how far one word makes us look, in bytes, so that a text of nothing but such words costs no more than
// its length.
const (
	maxGap   = 48
	maxValue = 128
)

// joiners begin words between the word and the separator: "password for root:".
var joiners = strings.Fields("for of to on at from in für fuer von zum zur zu im am beim pour de du pour para del voor van per di od do dla для от к")

// copulas are "is" in our languages.
var copulas = strings.Fields("is ist lautet est es è jest to это was war")

// separated is where the value begins after a word that ends at i, and how it is set off.
func separated(s string, i int) (at int, sep separator, nextLine bool) {
	window := cut(s[i:], maxGap)

	// What closes around the word itself: "password", [password], <password>.
	j := 0
	closed := false
	for j < len(window) && strings.IndexByte("\"'`])*", window[j]) >= 0 {
		closed = closed || window[j] == '"' || window[j] == '\''
		j++
	}
	if j < len(window) && window[j] == '>' {
		return i + j + 1, firm, false
	}
	gap := gapLen(window[j:])
	j += gap
	spaces := j
	for j < len(window) && (window[j] == ' ' || window[j] == '\t') {
		j++
	}
	wide := j-spaces >= 2 || j > spaces && strings.IndexByte(window[spaces:j], '\t') >= 0
	rest := window[j:]

	switch {
	case strings.HasPrefix(rest, "=>"), strings.HasPrefix(rest, "->"), strings.HasPrefix(rest, ":="), strings.HasPrefix(rest, "=="):
		j, sep = j+2, firm
	case rest != "" && strings.IndexByte(":=|", rest[0]) >= 0:
		j, sep = j+1, firm
	case strings.HasPrefix(rest, "："):
		j, sep = j+len("："), firm
	case closed && strings.HasPrefix(rest, ","): // define('DB_PASSWORD', 'x') and "name": "password", "value": "x"
		after := strings.TrimLeft(rest[1:], " \t\r\n")
		if v, ok := strings.CutPrefix(after, `"value"`); ok {
			after = strings.TrimLeft(v, " :")
		}
		if hasPrefix(after, `"`, `'`) {
			return i + len(window) - len(after), firm, false
		}
		return 0, noSeparator, false
	case j > spaces && hasPrefix(rest, "- ", "– ", "— "):
		j, sep = j+strings.IndexByte(rest, ' '), aside
	default:
		word, _, _ := strings.Cut(rest, " ")
		word = strings.TrimSuffix(word, ":")
		switch {
		case j == spaces || closed:
			return 0, noSeparator, false
		case len(word) < len(rest) && slices.Contains(copulas, strings.ToLower(word)):
			j, sep = j+len(word), aside
			if more := strings.TrimLeft(window[j:], " "); strings.HasPrefix(more, ":") {
				j, sep = len(window)-len(more)+1, firm
			}
		case wide:
			sep = aside
		default:
			sep = loose
		}
	}

	at = i + j
	for at < len(s) && strings.IndexByte(" \t*", s[at]) >= 0 && at < i+j+maxValue && !strings.HasPrefix(s[at:], Mask) {
		at++
	}
	if sep == firm && gap == 0 && rest[0] == '=' && j == spaces+1 && at == i+j {
		sep = tight
	}
	if sep >= firm && at < len(s) && (s[at] == '\n' || s[at] == '\r') {
		at += strings.IndexByte(cut(s[at:], 2)+"\n", '\n') + 1
		for at < len(s) && strings.IndexByte("> \t", s[at]) >= 0 && at < i+j+maxValue {
			at++
		}
		nextLine = true
	}
	return min(at, len(s)), sep, nextLine
}

func hasPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(x string) bool { return strings.HasPrefix(s, x) })
}

// gapLen is the length of words between the word and a colon or equals sign, " for root@host", " (FTP)", where they begin as such
// words do and hold no end of a sentence; else 0.
func gapLen(window string) int {
	trimmed := strings.TrimLeft(window, " ")
	if trimmed == "" || len(trimmed) == len(window) {
		return 0
	}
	first, _, _ := strings.Cut(trimmed, " ")
	if trimmed[0] != '(' && trimmed[0] != '[' && !slices.Contains(joiners, strings.ToLower(first)) {
		return 0
	}
	end := strings.IndexAny(window, ":=\n?!;,")
	if end < 0 {
		end = len(window)
	}
	for _, c := range copulas {
		if at := strings.Index(window[:end], " "+c+" "); at >= 0 {
			return at // the words go on with it, and so does separated
		}
	}
	if end == len(window) || strings.IndexByte(":=", window[end]) < 0 || strings.Contains(window[:end], ". ") {
		return 0
	}
	return end
}

// A val is a value found.
type val struct {
	start, end int
	quoted     bool
	alone      bool // nothing follows it on its line
	long       bool // it goes on after end
}

var quotes = []struct{ open, close string }{
	{`"`, `"`}, {`'`, `'`}, {"`", "`"}, {"«", "»"}, {"„", "“"}, {"„", "”"}, {"“", "”"}, {"‘", "’"}, {`\"`, `\"`},
}

// valueAt reads a value: what stands in quotes, else up to white space or what closes around it.
func valueAt(s string, i int) val {
	for _, q := range quotes {
		inner, ok := strings.CutPrefix(cut(s[i:], maxValue), q.open)
		if !ok {
			continue
		}
		end := strings.Index(inner, q.close)
		for q.close == `"` && end > 0 && inner[end-1] == '\\' { // an escaped quote inside
			next := strings.Index(inner[end+1:], q.close)
			if next < 0 {
				end = -1
				break
			}
			end += 1 + next
		}
		if end >= 0 && !strings.Contains(inner[:end], "\n") {
			start := i + len(q.open)
			return val{start: start, end: start + end, quoted: true}
		}
	}
	end := i
	for end < len(s) && end-i < maxValue && !endsValue(s, end) {
		end++
	}
	if amp := strings.IndexByte(s[i:end], '&'); amp > 0 && strings.Contains(s[i+amp:end], "=") {
		end = i + amp // the next field of a query
	}
	v := val{start: i, end: i + len(strings.TrimRight(s[i:end], `.,;)]}"'`))}
	v.long = end-i == maxValue
	rest := strings.TrimLeft(cut(s[end:], maxValue), " \t\r")
	v.alone = rest == "" || rest[0] == '\n' || rest[0] == '<' || rest[0] == '|'
	return v
}

// endsValue tells whether a value that is not in quotes ends before s[i]: at white space, and at the tag that closes around it.
func endsValue(s string, i int) bool {
	return strings.IndexByte(" \t\r\n", s[i]) >= 0 || s[i] == '<' && hasPrefix(s[i+1:], "/", "br", "BR")
}

// runEnd is the end of a value that may be longer than what was looked at. What is found once is gone past, so that even this is no
// more work than the text is long.
func runEnd(s string, v val) int {
	if !v.long {
		return v.end
	}
	for v.end < len(s) && !endsValue(s, v.end) {
		v.end++
	}
	return v.end
}

// second is the value behind the name in "admin / x", "admin:x", "admin x".
func second(s string, v val) val {
	word := s[v.start:v.end]
	if i := strings.IndexAny(word, ":/"); i > 0 && i+1 < len(word) {
		v.start += i + 1
		return v
	}
	i := v.end
	for i < len(s) && i < v.end+4 && strings.IndexByte(" \t/|&:", s[i]) >= 0 {
		i++
	}
	if i == v.end || i == len(s) || s[i] == '\n' || s[i] == '\r' ||
		strings.Trim(s[v.end:i], " \t") == "" && looksSecret(word) { // there was no name
		return v
	}
	return valueAt(s, i)
}
