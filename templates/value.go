package templates

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A placeholder is one rune of the supplementary private use areas (Unicode 23.5), which stands for the value of
// that index: in plane 15 for a value of one line, in plane 16 for words of many. For Markdown such a rune is a
// letter like any other. It never gets out: values lose all runes of these planes before they are put in.
const (
	firstPlaceholder = '\U000F0000' // the line of index 0
	wordsPlaceholder = '\U00100000' // the words of index 0
	lastPlaceholder  = '\U0010FFFF'
	maxValues        = 0xFFFE // the last two runes of a plane are not characters
)

// maxLine is the most characters of a value inside a sentence or a line of facts. Names, subjects and addresses
// are shorter; what is not, is an attack or a mistake, and would bury the rest of the mail.
const maxLine = 500

// minSubjectValue is what is left at least of a value in a subject that is too long, in characters.
const minSubjectValue = 20

// maxSubject keeps the whole field below 998 octets (RFC 5322, 2.1.1) even if each character takes four of them.
const maxSubject = 200

// values are those of one mail under way, by index.
type values struct {
	lang     *language
	audience audience
	all      []string
}

// put keeps a value and returns its placeholder. It ends the pipeline of every action that prints something.
// What has no printed form of its own is an error, so that a mail never says "<nil>" or "map[]".
func (vs *values) put(v any) (string, error) {
	var s string
	var err error
	first := firstPlaceholder
	switch v := v.(type) {
	case string:
		s = line(v, maxLine)
	case PublicText:
		s, first = words(string(v)), wordsPlaceholder
	case InternalText:
		if vs.audience == toCustomer {
			return "", fmt.Errorf("internal text in a mail to a customer")
		}
		s, first = words(string(v)), wordsPlaceholder
	case int:
		s = strconv.Itoa(v)
	case int64:
		s = strconv.FormatInt(v, 10)
	case Moment:
		s, err = vs.lang.formatMoment(v)
	case *Moment:
		if v == nil {
			return "", fmt.Errorf("no moment here: put {{with}} around it")
		}
		s, err = vs.lang.formatMoment(*v)
	case Day:
		s = vs.lang.formatDay(v)
	case *Day:
		if v == nil {
			return "", fmt.Errorf("no day here: put {{with}} around it")
		}
		s = vs.lang.formatDay(*v)
	case Range:
		s, err = vs.lang.creditRange(v)
	case *Range:
		if v == nil {
			return "", fmt.Errorf("no estimate here: put {{with}} around it")
		}
		s, err = vs.lang.creditRange(*v)
	default:
		return "", fmt.Errorf("a value of type %T cannot be printed in a mail", v)
	}
	if err != nil {
		return "", err
	}
	if len(vs.all) == maxValues {
		return "", fmt.Errorf("more than %d values in one mail", maxValues)
	}
	vs.all = append(vs.all, s)
	return string(first + rune(len(vs.all)-1)), nil
}

// fill puts the values in the place of their placeholders. The result is plain text in every respect.
func (vs *values) fill(s string) string {
	i := strings.IndexFunc(s, isPlaceholder)
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:i])
	for _, r := range s[i:] {
		switch {
		case r >= wordsPlaceholder && isPlaceholder(r):
			b.WriteString(line(vs.all[r-wordsPlaceholder], maxLine))
		case isPlaceholder(r):
			b.WriteString(vs.all[r-firstPlaceholder])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// fillSubject makes the field's one line. Where it would be too long the longest value is cut, and not the end: the ticket's tag may stand
// there, and an answer has to find its way by it (M3).
func (vs *values) fillSubject(s string) string {
	cut := &values{lang: vs.lang, audience: vs.audience, all: slices.Clone(vs.all)}
	for {
		subject := cut.fill(s)
		subject = line(subject, len(subject)+2)
		over := utf8.RuneCountInString(subject) - (maxSubject - 2) // line keeps two for its ellipsis
		longest, length := -1, minSubjectValue
		for _, r := range s {
			if !isPlaceholder(r) || r >= wordsPlaceholder {
				continue
			}
			if n := utf8.RuneCountInString(cut.all[r-firstPlaceholder]); n > length {
				longest, length = int(r-firstPlaceholder), n
			}
		}
		if over <= 0 || longest < 0 {
			return line(subject, maxSubject)
		}
		cut.all[longest] = line(cut.all[longest], max(length-over, minSubjectValue))
	}
}

// target returns where a link leads: to a page of the web or a mailbox, never to a script. Anything else is no
// link, and its text stands alone.
func (vs *values) target(href string) (string, bool) {
	u, err := url.Parse(vs.fill(href))
	if err != nil {
		return "", false
	}
	switch u.Scheme {
	case "http", "https":
		return u.String(), u.Host != ""
	case "mailto":
		return u.String(), true
	}
	return "", false
}

func isPlaceholder(r rune) bool { return r >= firstPlaceholder && r <= lastPlaceholder }

// functions are those that templates may call, beside the ones of text/template.
func functions(l *language) map[string]any {
	return map[string]any{
		"credits": func(n any) (string, error) { return number(n, l.credits) },
		"minutes": func(n any) (string, error) { return number(n, l.minutes) },
		"hour":    func(m *Moment) (string, error) { return m.format("15:04") },
		"date":    func(m *Moment) (string, error) { return m.format(time.DateOnly) },
		"plural": func(n any, forms ...string) (string, error) {
			return number(n, func(n int64) (string, error) { return l.count(n, forms) })
		},
	}
}

// number calls f with the integer that v is or points to.
func number(v any, f func(int64) (string, error)) (string, error) {
	r := reflect.Indirect(reflect.ValueOf(v))
	if !r.IsValid() || !r.CanInt() {
		return "", fmt.Errorf("%T, want an integer", v)
	}
	return f(r.Int())
}

// line makes one line of s, of at most limit characters. White space and control characters become a blank, and
// the marks go that reverse the writing direction of what follows: they could make an address read as another.
func line(s string, limit int) string {
	var b strings.Builder
	n, blank := 0, false
	for _, r := range s { // a broken byte comes as U+FFFD
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			blank = n > 0
			continue
		case unfit(r) || reorders(r):
			continue
		}
		if n >= limit-2 {
			b.WriteRune('…')
			break
		}
		if blank {
			b.WriteByte(' ')
			n, blank = n+1, false
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// words keeps a text as it was written, with its lines, blanks and tabs. Direction marks stay, since some
// languages need them; they end with their line.
func words(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\v' || r == '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return '\n'
		case unicode.IsControl(r) || unfit(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
	// Empty lines at both ends go; the first line with something in it keeps its indent.
	if i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsSpace(r) }); i > 0 {
		s = s[strings.LastIndexByte(s[:i], '\n')+1:]
	}
	return strings.TrimRightFunc(s, unicode.IsSpace)
}

// unfit tells runes that are no text: placeholders, and those that XML does not allow.
func unfit(r rune) bool { return isPlaceholder(r) || r == '\uFFFE' || r == '\uFFFF' }

// reorders tells the explicit marks of the bidirectional algorithm (UAX 9, 2.1 to 2.4).
func reorders(r rune) bool { return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' }
