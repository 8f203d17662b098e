package parse

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// How a quote begins: by an attribution, by the header of a mail, by a separator, or by what a help desk asks for above its mails.

// attribution tells how many lines from here introduce a quote, as "On ..., Kim wrote:" does, also broken over some lines; 0 for none.
// It needs a word for writing, a colon at its end, and a date, a time or an address: a person who writes "Kim wrote:" is read on.
func (v *reader) attribution() int {
	if !v.colonSoon() { // most lines end here, before anything is searched in them
		return v.bareAttribution()
	}
	joined, gaps := "", 0
	for n := 1; n <= 4+2*gaps && v.at+n <= len(v.lines); n++ {
		line := v.lines[v.at+n-1]
		plain := unmarked(line)
		if plain == "" && gaps < 2 && n > 1 && attributionStart(joined) && hasClock(joined) {
			gaps++ // a program that puts the address on a line of its own, blank lines around it
			continue
		}
		if plain == "" || len(joined)+len(line) > maxLooked || n > 1 && isQuoted(line) && strings.Count(joined, "<") <= strings.Count(joined, ">") {
			return 0
		}
		if plain = strings.TrimPrefix(plain, "- "); joined == "" {
			joined = strings.TrimSpace(plain)
		} else {
			joined = strings.TrimSpace(joined + " " + plain)
		}
		if n == 1 && !startsAttribution(joined) {
			return 0
		}
		if !strings.HasSuffix(plain, ":") && !strings.HasSuffix(plain, "：") && !strings.HasSuffix(plain, ": \u200e") || strings.HasSuffix(plain, "<mailto:") {
			continue
		}
		if n == 1 && attributionStart(joined) && hasClock(joined) && !saysWrote(joined) && v.at+1 < len(v.lines) && endsInColon(v.lines[v.at+1]) && saysWrote(v.lines[v.at+1]) {
			continue // the date has a colon of its own
		}
		if n > 1 && !v.inner && v.attributionIn(n) {
			return 0
		}
		next := v.after(v.at + n)
		quoteFollows := next < len(v.lines) && (isQuoted(v.lines[next]) || v.markAt(next) != "")
		dated := hasDate(joined) || strings.Contains(joined, "@")
		switch {
		case gaps > 0 && !strings.Contains(joined, "@"):
		case isDatedSender(joined):
			return n
		case saysWrote(joined) && (quoteFollows || !isOwnWriting(joined)) && (dated || quoteFollows && utf8.RuneCountInString(joined) < 120):
			return n
		case dated && quoteFollows && n <= 2 && utf8.RuneCountInString(joined) < 200 && !isOwnWriting(joined):
			return n
		}
		return 0
	}
	return v.bareAttribution()
}

// attributionIn tells whether an attribution begins in a line behind the first of n: then that one has new words, which hold a date too.
func (v *reader) attributionIn(n int) bool {
	for k := 1; k < n; k++ {
		line := unmarked(v.lines[v.at+k])
		first, _ := utf8.DecodeRuneInString(line)
		if attributionStart(line) && unicode.IsUpper(first) && hasDate(line) || k == n-1 && hasClock(line) && strings.Contains(line, "@") {
			here := &reader{lines: v.lines, at: v.at + k, inner: true}
			if here.attribution() == n-k {
				return true
			}
		}
	}
	return false
}

// isOwnWriting tells a sentence that ends as an attribution does. Names may hold any word, so where an address stands behind one only what the
// writer says of himself counts.
func isOwnWriting(joined string) bool {
	return ownWriting.MatchString(joined) || quoteWords.MatchString(joined) ||
		strings.IndexByte(joined, '<') < 0 && strings.IndexByte(joined, '(') < 0 && someone.someIn(joined, " ,:")
}

// colonSoon tells whether one of the lines that an attribution may have ends in a colon.
func (v *reader) colonSoon() bool {
	v.plainTo = max(v.plainTo, v.at)
	for v.plainTo < min(v.at+8, len(v.lines)) {
		if endsInColon(v.lines[v.plainTo]) {
			return true
		}
		v.plainTo++
	}
	return false
}

func endsInColon(line string) bool {
	if n := len(line); n == 0 || isBareEnd(line[n-1]) {
		return n > 0 && line[n-1] == ':'
	}
	line = strings.TrimRight(line, " \t\u00a0*\u200b\u200e\u200f\u202a\u202c")
	return strings.HasSuffix(line, ":") || strings.HasSuffix(line, "：")
}

// bareAttribution is one without a colon: a date and an address alone, as some programs put them above marked lines.
func (v *reader) bareAttribution() int {
	line := v.lines[v.at]
	if (!beginsWithDigit(line) || strings.IndexByte(line, '@') < 0 || !bareAttribution.MatchString(line)) && (!strings.HasPrefix(line, "Quoting ") || !hasDate(line)) {
		return 0
	}
	if next := v.after(v.at + 1); next < len(v.lines) && isQuoted(v.lines[next]) {
		return 1
	}
	return 0
}

func beginsWithDigit(line string) bool {
	line = trimLeft(line, blanks)
	return digits(line[:min(1, len(line))]) == 1
}

// sharedAttribution tells new text with the attribution behind it on one line, as programs that lose the line end send it, and gives
// the text.
func sharedAttribution(plain string) (text string, ok bool) {
	line, ok := strings.CutSuffix(plain, " wrote:")
	if !ok {
		return "", false
	}
	for at := min(1, len(line)); ; {
		n := strings.Index(line[at:], "On ")
		if n < 0 {
			return "", false
		}
		begin := at + n
		at = begin + len("On ")
		text := strings.TrimRight(line[:begin], " -")
		if len(text) == begin || begin < 2 {
			continue
		}
		if text == "" {
			text = line[:1] // a row of them begins the line
		}
		day := digits(line[at:min(at+1, len(line))])
		if day == 0 && len(line) >= at+3 && oneOfThree("MonTueWedThuFriSatSunJanFebMarAprMayJunJulAugSepOctNovDec", line[at:at+3]) {
			day = 3
		}
		if day == 0 || utf8.RuneCountInString(text) > 300 {
			continue
		}
		rest := strings.TrimLeft(line[at+day:], "abcdefghijklmnopqrstuvwxyz0123456789./-")
		rest, ok = strings.CutPrefix(strings.TrimPrefix(rest, ","), " ")
		if size := utf8.RuneCountInString(rest); ok && size >= 10 && size <= 200 {
			return text, true
		}
	}
}

// splitQuote takes a line in which new words and what introduces a quote stand together, as programs that lose the line end send it. The words
// end a sentence there, else nobody could tell.
func (v *reader) splitQuote(line string) bool {
	at := -1
	if m := v.splits(line); m != nil {
		at = len(line) - len(m[2])
	} else if n := strings.Index(line, "-----"); n > 0 {
		at = n
	} else if v.at+1 < len(v.lines) && strings.IndexByte(line, ':') > 0 && headerKind(unmarked(v.lines[v.at+1])) != 0 {
		for n := strings.IndexByte(line, ':'); n >= 0 && at < 0; n = nextColon(line, n) {
			if begin := strings.LastIndexAny(strings.TrimRight(line[:n], blanks), " .!?"); begin > 0 && headerKind(line[begin+1:n+1]) == kindFrom {
				at = begin + 1
			}
		}
	}
	if at <= 0 {
		return false
	}
	words := strings.TrimRight(line[:at], " -\u00a0")
	if words == "" || strings.IndexByte(".!?)", words[len(words)-1]) < 0 {
		return false
	}
	here := &reader{lines: append([]string{line[at:]}, v.lines[v.at+1:min(v.at+40, len(v.lines))]...)}
	n := here.attribution()
	if n == 0 {
		n = here.separatorAt(0)
	}
	if k := here.headerBlock(0, 3); n == 0 {
		n = k
	}
	if n == 0 {
		return false
	}
	v.keep(words)
	v.at--
	v.quoteFrom(n)
	return true
}

// splits looks for the beginning of an attribution behind a sentence, where one ends soon.
func (v *reader) splits(line string) []string {
	if !v.colonSoon() {
		return nil
	}
	for i := 2; i < len(line); i++ {
		if c := line[i]; c != '.' && c != '!' && c != '?' && c != ')' {
			continue
		}
		if splitBegins().begins(strings.TrimLeft(line[i+1:], " \u00a0-")) {
			return splitAttribution.FindStringSubmatch(line)
		}
	}
	return nil
}

func nextColon(line string, after int) int {
	if n := strings.IndexByte(line[after+1:], ':'); n >= 0 {
		return after + 1 + n
	}
	return -1
}

// startsAttribution keeps lines out that begin a sentence of another kind; it is there for speed on long mails.
func startsAttribution(s string) bool {
	return strings.IndexByte(s, '@') >= 0 || strings.IndexByte(s, '<') >= 0 || hasDate(s) || attributionStart(s) || saysWrote(s)
}

// headerBlock tells how many lines from i are the header of a quoted mail, in any of the languages; 0 if there are fewer than need
// different fields. A long value may go on in the next line.
func (v *reader) headerBlock(i, need int) int {
	seen := 0 // a bit for each kind of field
	count, last, from := 0, 0, false
	dated, addressed, sent := false, false, false // a journey has a date, from and to as well
	if i < len(v.lines) && isHeaderInLine(v.lines[i]) {
		return 1
	}
	for n := 0; i+n < len(v.lines) && n < 30; n++ {
		line := v.lines[i+n]
		plain := unmarked(line)
		if len(line) > 4*maxLooked {
			break
		}
		if plain == "" {
			if n == 0 || (count >= need && from || dated && addressed) || n-last > 1 {
				break
			}
			continue
		}
		kind := headerKind(plain)
		if kind == 0 {
			if n > 0 && n == last+1 && strings.IndexByte(clip(plain, 40), ':') > 0 && strings.IndexByte(plain, '@') < 0 && hasClock(plain) {
				sent = true // a field whose name we do not know
			}
			if n == 0 || n-last > 2 && !strings.ContainsAny(plain, "@;") {
				break
			}
			if !strings.ContainsAny(line, "@;<") && n > last+1 {
				break
			}
			continue
		}
		if kind == kindSent {
			kind = kindDate
			sent = sent || hasClock(plain) || strings.Count(plain, ":") > 1
		}
		if n == 0 && kind == kindTo || seen&kind != 0 {
			break
		}
		if seen&kind == 0 {
			count++
		}
		seen |= kind
		from = from || kind == kindFrom
		dated = dated || kind == kindDate && hasClock(plain)
		addressed = addressed || kind&(kindFrom|kindTo) != 0 && strings.Contains(plain, "@")
		last = n
	}
	if sure := dated && addressed; !sure && (count < need || !from && need > 1 || seen&(kindDate|kindSubject|kindTo) == 0 ||
		need > 1 && !sent && !addressed && seen&(kindDate|kindSubject|kindTo) != kindDate|kindSubject|kindTo) {
		return 0
	}
	// The last value may be folded; only what looks like addresses is taken along.
	for i+last+1 < len(v.lines) && strings.HasPrefix(v.lines[i+last+1], " ") && strings.ContainsAny(v.lines[i+last+1], "@") {
		last++
	}
	return last + 1
}

// isHeaderInLine tells a header block whose line ends are lost.
func isHeaderInLine(line string) bool {
	if len(line) < 60 || len(line) > maxLooked || headerKind(unmarked(line)) == 0 {
		return false
	}
	seen := 0
	for at, c := range []byte(line) {
		if c != ':' {
			continue
		}
		words := strings.Fields(line[max(0, at-30):at])
		for n := 1; n <= min(3, len(words)); n++ {
			if kind := headerNames[strings.ToLower(strings.Trim(strings.Join(words[len(words)-n:], " "), "*"))]; kind != 0 {
				seen |= kind
			}
		}
	}
	return seen&kindFrom != 0 && seen&(kindDate|kindSent) != 0 && seen&kindSubject != 0 && (hasClock(line) || strings.Contains(line, "@"))
}

const (
	kindFrom = 1 << iota
	kindDate
	kindSent // a date that only a mail has
	kindTo
	kindCc
	kindSubject
)

func headerKind(line string) int {
	end := strings.IndexByte(line, ':')
	if wide := strings.Index(line, "："); wide >= 0 && (end < 0 || wide < end) {
		end = wide
	}
	if end < 0 || end > 60 {
		return 0
	}
	name := trimEnds(line[:end], " \t\u00a0*")
	var store [60]byte
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c >= utf8.RuneSelf {
			return headerNames[strings.ToLower(name)]
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		store[i] = c
	}
	return headerNames[string(store[:len(name)])]
}

// separatorAt tells how many lines from i begin a quoted mail by themselves: "-----Original Message-----", "---- On ..., Kim wrote ----". isForwardLine
// and this look at the cheap part first, as most lines are neither.
func (v *reader) separatorAt(i int) int {
	inner, dashed := behindDashes(unmarked(v.lines[i]))
	if inner == "" {
		return 0
	}
	text := beforeDashes(inner)
	if separator.MatchString(text) || dashed > 8 && len(text) < len(inner) && strings.EqualFold(text, "original") { // "original" alone is a part of a patch
		if rest := trimLeft(inner[len(text):], "-_= "); rest == "" || headerKind(rest) > 0 { // programs lose the line end between them
			return 1
		}
	}
	for n := 1; ; n++ {
		ended := len(text) < len(inner)
		if ended || strings.HasSuffix(text, ":") {
			if text = strings.TrimRight(text, ": \u00a0"); utf8.RuneCountInString(text) <= 200 && saysWrote(text) && (ended && dashed > 3 && saysWrote(text[max(0, len(text)-14):]) || hasDate(text) || strings.Contains(text, "@")) {
				return n
			}
			return 0
		}
		if n == 3 || i+n >= len(v.lines) || !attributionStart(text) || !hasDate(text) {
			return 0
		}
		inner = text + " " + unmarked(v.lines[i+n]) // broken over some lines
		text = beforeDashes(inner)
	}
}

// behindDashes is what a line has behind dashes that begin it, of which there are two at least, or lines of other kinds.
func behindDashes(plain string) (inner string, dashes int) {
	if plain == "" {
		return "", 0
	}
	if strings.HasPrefix(plain, "\u2010") || strings.HasPrefix(plain, "—") || strings.HasPrefix(plain, "–") || strings.HasPrefix(plain, "─") {
		plain = manyDashes.Replace(plain)
	}
	if c := plain[0]; c != '-' && c != '_' && c != '=' {
		return "", 0
	}
	inner = strings.TrimLeft(plain, plain[:1])
	if dashes = len(plain) - len(inner); dashes < 2 {
		return "", 0
	}
	return strings.Trim(inner, blanks), dashes
}

// beforeDashes cuts off the dashes at the end, and what programs that lose the line end have behind them.
func beforeDashes(inner string) string {
	for _, dashes := range [...]string{"---", "--", "___", "==="} {
		if n := strings.Index(inner, dashes); n >= 0 {
			return strings.TrimRight(inner[:n], blanks)
		}
	}
	return inner
}

var manyDashes = strings.NewReplacer("\u2010", "-", "—", "--", "–", "--", "─", "-")

func isForwardLine(plain string) bool {
	return (strings.HasPrefix(plain, "--") || strings.HasSuffix(plain, ":")) && forwardLine.MatchString(plain)
}

// isForwardHead tells the line above the header of a forwarded mail by a word for forwarding, in more languages than forwardLine has whole.
func (v *reader) isForwardHead(plain string) bool {
	if len(plain) > 120 || !endsInColon(plain) && (len(plain) < 2 || plain[0] != '-' && plain[0] != '=' || plain[1] != plain[0]) || !forwardStem.MatchString(plain) {
		return false
	}
	next := v.after(v.at + 1)
	return next < len(v.lines) && v.headerBlock(next, 2) > 0
}

// asksForAnswer tells the line above which a help desk asks for the answer. It has signs around it, for a person may speak of it.
func (v *reader) asksForAnswer(line string) bool {
	if line == "" {
		return false
	}
	if c := line[0]; c == '>' && !strings.HasSuffix(strings.TrimRight(line, " "), "<<<") || len(line) > 200 || strings.IndexByte("#-=*[{~+_|<>\\\xe2", c) < 0 || strings.HasPrefix(line, "“") {
		return false
	}
	if aboveLine.MatchString(line) {
		end := strings.TrimRight(line, blanks) // one sign at the beginning alone is that of a list
		return strings.IndexByte("-#=*[{~+_|<>\\\xe2", line[1]) >= 0 || strings.IndexByte("#]}-=*~>|/_", end[len(end)-1]) >= 0
	}
	return isRule(unmarked(line)) && v.at+1 < len(v.lines) && len(v.lines[v.at+1]) < 80 && aboveLine.MatchString(v.lines[v.at+1])
}

// introduces tells the line that GroupWise puts above a mail that it does not mark, ">>> Kim 02.11.2026 10:00 >>>", and takes the mark that Gnus
// has below one like it: >>>>> "Kim" == Kim Lee <kim@cust.example> writes:
func (v *reader) introduces(line string) bool {
	line = strings.TrimRight(line, blanks)
	if strings.HasSuffix(line, " >>>") {
		return hasDate(line)
	}
	if !endsInColon(line) || !saysWrote(line) {
		return false
	}
	return v.markAt(v.after(v.at+1)) != "" || strings.HasPrefix(line, ">>> ") && strings.Contains(line, " in message <")
}

// namesQuoted tells how many lines from here name the mail that is quoted below, where other lines introduce that.
func (v *reader) namesQuoted(line, plain string) int {
	next := v.after(v.at + 1)
	if next >= len(v.lines) {
		return 0
	}
	switch {
	case isDrawn(plain): // Yandex has the recipient and the subject above the attribution
		here := &reader{lines: v.lines, at: next}
		for here.at < len(v.lines) && here.at < next+4 && headerKind(unmarked(v.lines[here.at])) > 0 {
			here.at++
		}
		if here.at > next && here.at < len(v.lines) {
			if n := here.attribution(); n > 0 {
				return here.at + n - v.at
			}
		}
	case (plain[0]|0x20 == 'm' || strings.Contains(plain, "---")) && repeated.MatchString(plain), line[0] == ' ' && separator.MatchString(plain): // as BlackBerry has the words, without dashes
		if k := v.headerBlock(next, 3); k > 0 {
			return next + k - v.at
		}
	}
	return 0
}
