package parse

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	maxLooked    = 600    // bytes of a line that is looked at closely; longer ones are text (T059)
	maxClose     = 10_000 // lines that are looked at closely; below them only marks of quotes count (T059)
	maxSignature = 25     // lines that a signature without the standard mark may have
)

// newWords gives the new words of a mail's text (M5), and the end of them that is a forwarded mail: the text without quoted mails and the
// lines that introduce them, signatures and device footers. Text between and below quotes stays, and where it is not sure that something is
// quoted it stays too: the engineer who misses an answer loses more than the one who reads a line twice (F38). A forwarded mail is kept, for
// it is what the writer shows.
func newWords(text string, forward bool) (words, forwarded string) {
	v := readers.Get().(*reader)
	defer v.free()
	*v = reader{lines: appendSplit(v.lines, text), kept: v.kept, forward: forward, forwardAt: -1}
	for v.at < len(v.lines) {
		v.step()
	}
	words = v.tidied(text)
	if v.forwardAt < 0 {
		return words, ""
	}
	return words, strings.TrimLeft(strings.TrimPrefix(words, tidy(v.kept[:v.forwardAt])), "\n")
}

// tidied is what tidy makes of the lines that are kept of a text. That is the text itself, if all of it is, and is tidy.
func (v *reader) tidied(text string) string {
	if len(v.kept) < len(v.lines) {
		return tidy(v.kept)
	}
	gap := true
	for i, line := range v.lines {
		if v.kept[i] != line {
			return tidy(v.kept)
		}
		if n := len(line); n == 0 && gap || n > 0 && (line[n-1] <= ' ' || line[n-1] >= utf8.RuneSelf) {
			return tidy(v.kept)
		}
		gap = line == ""
	}
	return strings.TrimRight(text, "\n")
}

// readers are those that were done with; their stores are what is worth keeping.
var readers = sync.Pool{New: func() any { return new(reader) }}

const maxLines = 2000 // of a store that waits for the next text

func (v *reader) free() {
	if max(cap(v.lines), cap(v.kept)) > maxLines {
		return
	}
	clear(v.lines)
	clear(v.kept)
	*v = reader{lines: v.lines[:0], kept: v.kept[:0]}
	readers.Put(v)
}

// appendSplit appends the lines of a text.
func appendSplit(lines []string, text string) []string {
	for {
		n := strings.IndexByte(text, '\n')
		if n < 0 {
			return append(lines, text)
		}
		lines = append(lines, text[:n])
		text = text[n+1:]
	}
}

// blanks are those of ASCII, as \s of an expression has them.
const blanks = " \t\n\f\r"

// isForward tells a forwarded mail by its subject.
func isForward(subject string) bool {
	return strings.IndexByte(subject, ':') >= 0 && forwardSubject.MatchString(trimLeft(subject, blanks))
}

type reader struct {
	lines     []string
	at        int
	kept      []string
	words     bool // something was kept that is not blank
	forward   bool
	forwardAt int    // where in kept a forwarded mail begins, -1 for none
	plainTo   int    // none of the lines from at to here ends in a colon
	inner     bool   // looks for an attribution within one
	mark      string // by which lines are quoted besides the usual one, see markOf
	quoteAt   int    // where the next quote below the last signature's mark begins: found once, for many marks
	listTo    int    // no line from at to here has words of a mailing list
}

func (v *reader) keep(line string) {
	v.kept = append(v.kept, line)
	v.words = v.words || line != "" && (isWordByte(line[0]) || strings.TrimSpace(line) != "")
	v.at++
}

// step takes the line at hand and what belongs to it.
func (v *reader) step() {
	line := v.lines[v.at]
	if len(line) > maxLooked || v.at >= maxClose {
		if isQuoted(line) {
			v.at++
		} else {
			v.keep(line)
		}
		return
	}
	switch {
	case line == "", v.mark == "" && v.isOrdinary(line):
		v.keep(line)
		return
	case line[0] == '>' && !strings.HasPrefix(line, ">>>"):
		v.at++
		return
	}
	v.look(line)
}

// look takes a line that may be anything.
func (v *reader) look(line string) {
	plain := unmarked(line)
	switch {
	case v.mark != "" && v.isMarked(line):
		v.at++
	case v.asksForAnswer(line):
		if v.words {
			v.quoteFrom(1)
		} else { // whoever wrote on did so below
			v.at++
		}
	case plain == "":
		v.keep(line)
	case strings.HasPrefix(line, ">>>") && v.introduces(line):
		v.quoteFrom(1)
	case isQuoted(line), v.tail(line):
		v.at++
	case isRule(plain) && v.skipListFooter():
	case isDrawn(plain) && !isSignatureMark(line) && v.after(v.at+1) < len(v.lines) && isQuoted(v.lines[v.after(v.at+1)]):
		v.at++ // the line above a quote
	case isForwardLine(plain), v.isForwardHead(plain):
		v.keepForward()
	case v.separatorAt(v.at) > 0:
		n := v.separatorAt(v.at)
		if next := v.after(v.at + n); next < len(v.lines) {
			if k := v.headerBlock(next, 1); k > 0 {
				n = next + k - v.at
			}
		}
		v.quoteFrom(n)
	case isSignatureMark(line):
		v.signature()
	case isFooter(trimLeft(plain, "<[("), v.isLast):
		v.at++
	default:
		if n := v.headerBlock(v.at, 3); n > 0 {
			v.quoteFrom(n)
		} else if text, ok := sharedAttribution(plain); ok && strings.Trim(text, "-") != "" {
			v.keep(text)
			v.at--
			v.quoteFrom(1)
		} else if v.splitQuote(line) {
			return
		} else if n := v.attribution(); n > 0 {
			v.quoteFrom(n)
		} else if isDrawn(plain) && v.headerBlock(v.after(v.at+1), 2) > 0 {
			v.at++ // the line above Outlook's header block
		} else if n := v.namesQuoted(line, plain); n > 0 {
			v.quoteFrom(n)
		} else {
			v.keep(line)
		}
	}
}

// isRule tells a line that is drawn.
func isRule(plain string) bool {
	return plain == "-" || len(plain) >= 3 && strings.IndexByte("-=_#~+.\xe2", plain[0]) >= 0 && strings.Trim(plain, "-=_#~+.,—–─\u2010") == ""
}

// skipListFooter passes over what a mailing list adds below this line, if it does.
func (v *reader) skipListFooter() bool {
	end := v.listFooter()
	v.at = max(v.at, end)
	return end > 0
}

// listFooter is where what a mailing list adds below this line ends, 0 where there is no such. What says so by a link alone has to be short, and
// nothing that a person says.
func (v *reader) listFooter() int {
	begin := v.after(v.at + 1)
	if begin < len(v.lines) && isRule(unmarked(v.lines[begin])) {
		begin = v.after(begin + 1)
	}
	if begin >= len(v.lines) || begin > v.at+6 {
		return 0
	}
	sure, told, n := listBegins.MatchString(unmarked(v.lines[begin])), false, 0
	if !sure && !v.listSoon(begin) { // as below nearly every line that is drawn
		return 0
	}
	end := begin
	for ; end < len(v.lines) && !v.beginsQuote(end); end++ {
		line := strings.TrimSpace(v.lines[end])
		if line == "" {
			continue
		}
		if n++; n > maxSignature || len(line) > maxLooked {
			return 0
		}
		told = told || strings.ContainsAny(line, "@/") && listWords.MatchString(line) &&
			slices.ContainsFunc(strings.Fields(line), func(word string) bool { return strings.ContainsAny(word, "@/") && listWords.MatchString(word) })
	}
	if sure || told && n <= 10 && !slices.ContainsFunc(v.lines[begin:end], isPersons) {
		return end
	}
	return 0
}

// listSoon tells whether a line that belongs to what begins here has words of a mailing list.
func (v *reader) listSoon(begin int) bool {
	v.listTo = max(v.listTo, begin)
	for v.listTo < min(begin+2*maxSignature, len(v.lines)) {
		if listWords.MatchString(v.lines[v.listTo]) {
			return true
		}
		v.listTo++
	}
	return false
}

// isPersons tells a line that somebody says.
func isPersons(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasSuffix(line, "?") || closings.MatchString(line) || someone.someIn(line, " ,:")
}

// isOrdinary tells a line that is nothing but words, as most are: it has no sign by which any other line begins, ends or is known. It only
// saves looking for all of them.
func (v *reader) isOrdinary(line string) bool {
	n := len(line)
	if n == 0 || !isWordByte(line[0]) || line[0] == '_' || !isWordByte(line[n-1]) && strings.IndexByte(".,;!?", line[n-1]) < 0 {
		return false
	}
	return strings.IndexByte(line, ':') < 0 && strings.IndexByte(line, '@') < 0 && strings.IndexByte(line, 0xef) < 0 && // that begins a wide colon
		!mayBeFooter(line) && !v.quotedAround() && (!v.colonSoon() || !startsAttribution(line))
}

// quotedAround tells whether the lines above and below are quoted.
func (v *reader) quotedAround() bool {
	return v.at > 0 && v.at+1 < len(v.lines) && isQuoted(v.lines[v.at+1]) && isQuoted(v.lines[v.at-1])
}

// tail tells the end of a quoted line that a program broke without a mark: the line above is long and stops in a sentence, this one
// goes on in small letters, and the next one is quoted again.
func (v *reader) tail(line string) bool {
	if !v.quotedAround() {
		return false
	}
	if brokenLink.MatchString(line) {
		return true
	}
	above := strings.TrimRight(v.lines[v.at-1], " ")
	if _, link, ok := strings.Cut(above, "http"); ok && !strings.Contains(link, " ") && !strings.Contains(strings.TrimSpace(line), " ") && strings.ContainsAny(line[:1], "_-/?&=%#.~") {
		return true // the rest of a link that was cut
	}
	first, _ := utf8.DecodeRuneInString(line)
	if n, size := letters(line); n <= 5 && answers[strings.ToLower(line[:size])] {
		return false
	}
	return utf8.RuneCountInString(above) >= 72 && !strings.ContainsAny(above[len(above)-1:], ".?!:>") && unicode.IsLower(first)
}

// quoteFrom leaves out the n lines that introduce a quote, and the quote: the lines with a mark if there are such, else the rest of
// the mail. That may leave nothing, of a mail that is only a quote or whose answer stands unmarked inside of one: whoever shows an
// empty answer shows the full text, and no command is ever read from the words of somebody else.
func (v *reader) quoteFrom(n int) {
	next := v.after(v.at + n)
	switch {
	case next >= len(v.lines), isQuoted(v.lines[next]):
		v.at = next
	case v.markAt(next) != "":
		v.at, v.mark = next, v.markAt(next)
	case v.forward && !v.words:
		v.keepForward()
	default:
		v.at = len(v.lines)
	}
}

// keepForward keeps a forwarded mail whole, with its head.
func (v *reader) keepForward() {
	v.forwardAt = len(v.kept)
	for v.at < len(v.lines) {
		v.keep(v.lines[v.at])
	}
}

// signature leaves out what follows a signature's mark, up to a quote. A mark at the very beginning is none, and one without the
// space that the standard asks for (RFC 3676, 4.3) is none when a long text follows.
func (v *reader) signature() {
	if !v.words {
		v.keep(v.lines[v.at])
		return
	}
	for v.quoteAt <= v.at || v.quoteAt < len(v.lines) && !v.beginsQuote(v.quoteAt) {
		v.quoteAt = max(v.quoteAt, v.at) + 1
	}
	if v.lines[v.at] != "-- " {
		n, text, ruled := 0, false, strings.HasSuffix(v.lines[v.at], "__")
		for i := v.at + 1; i < v.quoteAt && n <= maxSignature; i++ {
			if line := strings.TrimSpace(v.lines[i]); line != "" {
				n++
				text = text || strings.HasSuffix(line, "?") || ruled && len(line) < 60 && closings.MatchString(line)
			}
		}
		if n > maxSignature || text {
			v.keep(v.lines[v.at])
			return
		}
	}
	v.at = v.quoteAt
}

func (v *reader) beginsQuote(i int) bool {
	if len(v.lines[i]) > maxLooked || i >= maxClose {
		return isQuoted(v.lines[i])
	}
	here := &reader{lines: v.lines, at: i}
	if v.lines[i] == "" || here.isOrdinary(v.lines[i]) {
		return false
	}
	return isQuoted(v.lines[i]) || v.separatorAt(i) > 0 || v.headerBlock(i, 3) > 0 || here.attribution() > 0
}

// isLast tells whether nothing of the writer's follows on the line at hand, and something comes before.
func (v *reader) isLast() bool {
	next := v.after(v.at + 1)
	for next < len(v.lines) && isFooter(trimLeft(unmarked(v.lines[next]), "<[("), func() bool { return false }) {
		next = v.after(next + 1)
	}
	return v.words && (next >= len(v.lines) || v.beginsQuote(next) || isSignatureMark(v.lines[next]))
}

// after is the index of the next line from i that is not blank.
func (v *reader) after(i int) int {
	for i < len(v.lines) && strings.TrimSpace(v.lines[i]) == "" {
		i++
	}
	return i
}

func isQuoted(line string) bool {
	if line == "" || isBareEnd(line[0]) && line[0] != '&' {
		return line != "" && line[0] == '>'
	}
	line = strings.TrimLeft(clip(line, 80), " \t\u00a0")
	return strings.HasPrefix(line, ">") || strings.HasPrefix(line, "&gt;") || strings.HasPrefix(line, "＞")
}

// markAt is the unusual mark of a quote in the line at i, "" for none. Rows of tables have a bar at their end too.
func (v *reader) markAt(i int) string {
	if i >= len(v.lines) {
		return ""
	}
	mark := markOf(v.lines[i])
	if line := strings.TrimRight(v.lines[i], blanks); mark == "|" && strings.HasSuffix(line, "|") && len(line) > 1 {
		return ""
	}
	return mark
}

// markOf tells lines like "KL> as you said", with initials or a first name, and "| as you said". They are quoted below an attribution only:
// prompts of programs look like the one, and tables like the other.
func markOf(line string) string {
	line = trimLeft(clip(line, 80), blanks)
	if line == "" {
		return ""
	}
	if strings.IndexByte("|:}", line[0]) >= 0 {
		if line[0] == '|' || len(line) == 1 || line[1] == ' ' || line[1] == line[0] {
			return line[:1]
		}
		return ""
	}
	if n, size := letters(line); n >= 1 && n <= 12 && size < len(line) && line[size] == '>' {
		if strings.HasPrefix(line[size:], ">>") {
			return ">>" // whoever wrote before that
		}
		return line[:size+1]
	}
	return ""
}

// isMarked tells a line with the mark of the quote at hand. Other words before a ">" are prompts of programs.
func (v *reader) isMarked(line string) bool {
	mark := markOf(line)
	return mark == v.mark || mark == ">>" && strings.HasSuffix(v.mark, ">")
}

func isSignatureMark(line string) bool {
	if line == "" || isBareEnd(line[0]) && line[0] != '-' && line[0] != '_' {
		return false
	}
	switch strings.TrimRight(line, " \u00a0") {
	case "--", "—", "– –":
		return true
	}
	line = strings.TrimSpace(line)
	return len(line) >= 5 && strings.Trim(line, "_") == ""
}

// unmarked is a line without the white space and the bold marks around it.
func unmarked(line string) string {
	if n := len(line); n > 0 && isBareEnd(line[0]) && isBareEnd(line[n-1]) {
		return line // as most lines of a text are
	}
	return strings.Trim(line, " \t\u00a0*\u200b\u200e\u200f\u202a\u202b\u202c\u2060\u2063\ufeff")
}

// isBareEnd tells a sign of ASCII that is not taken off the ends of a line.
func isBareEnd(c byte) bool { return c > ' ' && c < utf8.RuneSelf && c != '*' }

// tidy joins the kept lines: no blank lines at the ends and no more than one between others.
func tidy(lines []string) string {
	var b strings.Builder
	size := 0
	for _, line := range lines {
		size += len(line) + 1
	}
	b.Grow(size)
	gap := false
	for _, line := range lines {
		if n := len(line); n > 0 && (line[n-1] <= ' ' || line[n-1] >= utf8.RuneSelf) {
			line = strings.TrimRight(line, " \t\u00a0")
		}
		if line == "" {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte('\n')
			gap = false
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n")
}
