package parse

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/postdesk/postdesk/desk/message"
)

// What a report says in its text, for mail systems that do not know the standard form, and for those whose standard form did not survive
// the way.

// textStatus reads the fields of a standard report where they stand in the text: a relay or a filter made one text of all parts.
func (e *evidence) textStatus() *deliveryStatus {
	text := clip(e.m.Text, bounceSample)
	i := statusField.FindStringIndex(text)
	if i == nil || !actionField.MatchString(text) {
		return nil
	}
	d := &deliveryStatus{}
	d.read([]byte(text[i[0]:]), e.store)
	return d
}

// nestedStatus reads them in a report that came inside of a mail, as filters send on those that they stopped; nil where none is.
func (e *evidence) nestedStatus() *deliveryStatus {
	for _, r := range e.reports {
		if r.media != "message/rfc822" {
			continue
		}
		h, _ := readHeader(linesOf(r.text), e.store, func([]byte) bool { return false })
		text := clip(string(r.text), bounceSample)
		i := statusField.FindStringIndex(text)
		if i == nil || !strings.Contains(strings.ToLower(h.get("Content-Type")), "delivery-status") {
			continue
		}
		d := &deliveryStatus{}
		d.read([]byte(text[i[0]:]), e.store)
		if slices.ContainsFunc(d.recipients, recipientStatus.failed) {
			return d
		}
	}
	return nil
}

var (
	statusField = newPattern(`(?im)^(reporting-mta|original-recipient|final-recipient):`)
	actionField = newPattern(`(?im)^(action|status):`)
)

// recipientForms are the ways in which systems name who failed, surest first: the first form with a find gives all of them. A form finds the
// next recipient from an index of the text on, and where to look for more, which is -1 where there are none. They read by hand what an
// expression would say: there is an address in most lines of a report, and for all its signs to be tried each time is slow.
var recipientForms = []func(text string, from int) (addr string, next int){
	eachLine(leadingRecipient), eachLine(labelledRecipient), namedRecipient, eachLine(loneRecipient), eachLine(failedRecipient), codedRecipient,
}

// eachLine makes a form of one that looks at a line by itself.
func eachLine(find func(line string) string) func(string, int) (string, int) {
	return func(text string, from int) (string, int) {
		for from < len(text) {
			at := strings.IndexByte(text[from:], '@')
			if at < 0 {
				break
			}
			at += from
			line := text[from+strings.LastIndexByte(text[from:at], '\n')+1:]
			if n := strings.IndexByte(text[at:], '\n'); n < 0 {
				from = len(text)
			} else {
				from = at + n + 1
				line = line[:len(line)-len(text)+from-1]
			}
			if addr := find(line); addr != "" {
				return addr, from
			}
		}
		return "", -1
	}
}

// leadingRecipient is that of qmail, Postfix, Exim and Gmail: the address in brackets leads the line, and what happened follows.
func leadingRecipient(line string) string {
	line = strings.TrimLeft(line, " \t>")
	if !strings.HasPrefix(line, "<") {
		return ""
	}
	addr, rest := wholeAddress(line[1:])
	rest, ok := strings.CutPrefix(rest, ">")
	if addr == "" || !ok {
		return ""
	}
	for _, follows := range []string{":", " (expanded from", "...", ";"} {
		if strings.HasPrefix(rest, follows) {
			return addr
		}
	}
	if rest == "," || rest == ", " {
		return addr
	}
	return ""
}

// labelledRecipient has a label before it.
func labelledRecipient(line string) string {
	label, line, ok := strings.Cut(line, ":")
	if !ok {
		return ""
	}
	line = strings.TrimLeft(line, " \t")
	if len(line) > 7 && strings.EqualFold(line[:7], "rfc822;") {
		line = strings.TrimLeft(line[7:], " \t")
	}
	addr, rest := wholeAddress(strings.TrimPrefix(line, "<"))
	if addr == "" || strings.Trim(strings.TrimPrefix(rest, ">"), " \t") != "" || !recipientLabel.MatchString(label) {
		return ""
	}
	return addr
}

var recipientLabel = newPattern(`(?i)^[ \t>*]*(?:final |original |failed |intended )?(?:recipients?(?: address)?(?:\(s\))?|e-?mail address|rcpt to|to|für|destinataire|destinatario|empfänger|получатель|odbiorca|ontvanger)[ \t]*$`)

// namedRecipient stands behind words that say what did not work.
func namedRecipient(text string, from int) (addr string, next int) {
	for from < len(text) {
		m := recipientWords.FindStringIndex(text[from:])
		if m == nil {
			break
		}
		rest := strings.TrimLeft(text[from+m[1]:], " \t")
		rest = strings.TrimLeft(strings.TrimPrefix(rest, ":"), " \t\n")
		if addr := firstAddress(strings.TrimPrefix(rest, "<")); addr != "" {
			rest = strings.TrimPrefix(rest, "<")
			return addr, len(text) - len(rest) + len(addr)
		}
		from += m[0] + 1
	}
	return "", -1
}

var recipientWords = newPattern(`(?i)(?:rcpt to|could not be delivered to|not be delivered to|unable to deliver(?: (?:your |the )?(?:message|mail))? to|deliver(?:ing|y of)? (?:your |the )?(?:message|mail)? ?to|delivery to|delivered to|error for|not delivered to|recipient address)`)

// loneRecipient is alone on its line, as below "The following addresses failed:".
func loneRecipient(line string) string {
	bare := strings.TrimLeft(line, " \t>*-•")
	if strings.HasPrefix(bare, "@") && len(bare) < len(line) { // some of these signs may be an address by themselves
		bare = line[len(line)-len(bare)-1:]
	}
	addr, rest := wholeAddress(strings.TrimPrefix(bare, "<"))
	if addr == "" {
		return ""
	}
	rest = strings.TrimLeft(strings.TrimPrefix(rest, ">"), " \t")
	if rest != "" && (rest[0] == ':' || rest[0] == ';') {
		rest = rest[1:]
	}
	if rest == "" {
		return addr
	}
	return addrIfFollowed(addr, rest)
}

// addrIfFollowed is the address where a remark in brackets follows it, or as in Exchange's lists a day: "on Mon, 2 Nov".
func addrIfFollowed(addr, rest string) string {
	rest = strings.TrimLeft(rest, " \t")
	after, ok := strings.CutPrefix(rest, "on ")
	if ok {
		ok = after != "" && after[0] >= 'A' && after[0] <= 'Z'
	} else {
		after = rest
		ok = rest != "" && (rest[0] == '[' || rest[0] == '(')
	}
	if !ok || utf8.RuneCountInString(after) > 201 {
		return ""
	}
	return addr
}

// failedRecipient begins a line that has a status code further on.
func failedRecipient(line string) string {
	addr, rest := wholeAddress(strings.TrimPrefix(strings.TrimLeft(line, " \t>"), "<"))
	rest = strings.TrimPrefix(rest, ">")
	if addr == "" || rest == "" || rest[0] != ' ' && rest[0] != '\t' || failureCode(rest) == "" {
		return ""
	}
	return addr
}

// codedRecipient stands behind a reply code.
func codedRecipient(text string, from int) (addr string, next int) {
	for i := from; i+4 < len(text); i++ {
		if c := text[i]; c != '4' && c != '5' || digits(text[i+1:i+3]) != 2 || text[i+3] != ' ' && text[i+3] != '-' || i > 0 && isWordByte(text[i-1]) {
			continue
		}
		rest := text[i+4:]
		if code := failureCode(rest[:min(len(rest), 12)]); code != "" && strings.HasPrefix(rest, code+" ") {
			if addr := firstAddress(strings.TrimPrefix(rest[len(code)+1:], "<")); addr != "" {
				rest = strings.TrimPrefix(rest[len(code)+1:], "<")
				return addr, len(text) - len(rest) + len(addr)
			}
		}
		if rest = strings.TrimPrefix(rest, "<"); firstAddress(rest) != "" {
			addr = firstAddress(rest)
			return addr, len(text) - len(rest) + len(addr)
		}
	}
	return "", -1
}

// behindFrom tells whether a line stops before the address of a sender: "not accepting mail from".
func behindFrom(line string) bool {
	words := strings.Fields(strings.ToLower(strings.TrimRight(line, "<")))
	n := len(words)
	return n > 1 && words[n-1] == "from" && strings.Contains("mail mails e-mail email messages", words[n-2])
}

// helpLine is where an address is one to ask, or the sender's.
var helpLine = newPattern(`(?i)\b(contact|assistance|help|questions?|problems? (to|with)|postmaster|administrator|support|from|sender|copy|wenden|kontakt|contacte[rz]|contatt|обрат|skontakt)\b`)

// expandedFrom says in the next line, or behind the address, whom the mail was for before an alias or a list was put in: sendmail, Postfix, Exim.
var expandedFrom = []string{"(expanded from", "(generated from", "(ultimately generated from"}

// originalOf is the address that a recipient was expanded from, where the text after it says so: it is the one that we know.
func originalOf(after string) string {
	after = strings.TrimLeft(strings.TrimLeft(after, ">"), " \t\n")
	for _, words := range expandedFrom {
		if rest, ok := strings.CutPrefix(after, words); ok {
			addr, _ := wholeAddress(strings.TrimLeft(rest, ": <"))
			return addr
		}
	}
	return ""
}

// textRecipients finds who failed in a system's own words; an address in no form counts only where any may.
func (e *evidence) textRecipients(text string, anyAddress bool) []string {
	usable := e.othersAddress()
	if all := inForms(text, recipientForms, usable); all != nil || !anyAddress {
		return all
	}
	for _, unlikely := range []bool{false, true} {
		if addr := e.firstRecipient(text, unlikely); addr != "" {
			return []string{addr} // further ones are seldom recipients
		}
	}
	return nil
}

// firstRecipient is the first address of somebody else, in a line that may be about help or not.
func (e *evidence) firstRecipient(text string, help bool) string {
	usable := e.othersAddress()
	for line := range strings.Lines(text) {
		line = clip(line, 1000)
		if found, at := nextAddress(line, 0); found != "" && usable(found) != "" && helpLine.MatchString(line) == help && !behindFrom(line[:at]) {
			return usable(found)
		}
	}
	return ""
}

// namesSomebody tells whether the text says who failed, be it that it is the sender.
func (e *evidence) namesSomebody(text string) bool {
	return len(e.textRecipients(text, false)) > 0 || e.firstRecipient(text, false) != "" || len(e.refusesItself(text)) > 0
}

// listedRecipients are those of a list, below its head: each on a line by itself, with what happened in the lines below it.
func (e *evidence) listedRecipients(text string) []string {
	return inForms(text, listForms, e.othersAddress())
}

var listForms = []func(text string, from int) (addr string, next int){eachLine(leadingRecipient), eachLine(loneRecipient)}

// othersAddress gives the plain form of an address, "" for those of the report itself, and of systems, which are not meant.
func (e *evidence) othersAddress() func(found string) string {
	own := map[string]bool{}
	for _, a := range append(append([]message.Address{}, e.m.From...), e.m.To...) {
		own[a.Addr] = true
	}
	return func(found string) string {
		if len(found) > 5 && strings.EqualFold(found[:5], "smtp=") { // of an address of X.400
			found = found[5:]
		}
		if addr, err := cleanAddress(strings.TrimRight(found, ".")); err == nil && !own[addr] && !strings.HasPrefix(addr, "mailer-daemon@") {
			return addr
		}
		return ""
	}
}

// inForms are the addresses in the first of the forms in which there are usable ones.
func inForms(text string, forms []func(text string, from int) (addr string, next int), usable func(found string) string) []string {
	for _, form := range forms {
		var all []string
		at := 0
		found, next := form(text, at)
		for n := 0; next >= 0 && n < 100; n++ {
			if i := strings.Index(text[at:], found); i >= 0 {
				if original := usable(originalOf(text[at+i+len(found):])); original != "" {
					found = original
				}
			}
			if addr := usable(found); addr != "" {
				all = append(all, addr)
			}
			at = next
			found, next = form(text, at)
		}
		if len(all) > 0 {
			return all
		}
	}
	return nil
}

// aboutFirst is what of the text stands in the lines from the first recipient to the next one, where that tells something, else all.
func aboutFirst(text string, recipients []string) string {
	var b strings.Builder
	about := false
	for line := range strings.Lines(text) {
		if strings.IndexByte(line, '@') >= 0 {
			lower := strings.ToLower(line)
			if strings.Contains(lower, recipients[0]) {
				about = true
			} else if slices.ContainsFunc(recipients[1:], func(addr string) bool { return strings.Contains(lower, addr) }) {
				about = false
			}
		}
		if about {
			b.WriteString(line)
		}
	}
	told := b.String()
	if hasFailureCode(told) {
		return told
	}
	if reason, vague := reasonInWords(clip(told, 2000)); reason != "" && !vague {
		return told
	}
	return text
}

// failedInText are those who failed in a system's own words: surest below the head of their list.
func (e *evidence) failedInText(text string) []string {
	_, below := e.failedBelow(text)
	found := e.listedRecipients(below)
	if len(found) == 0 {
		found = e.textRecipients(below, false)
	}
	if len(found) == 0 {
		below, _, _ = strings.Cut(strings.TrimLeft(below, " \t\n"), "\n\n")
		found = e.textRecipients(below, true)
	}
	if len(found) == 0 {
		found = e.textRecipients(text, true)
	}
	if len(found) == 0 { // a mailbox that refuses by itself, under a system's name
		found = e.refusesItself(text)
	}
	return found
}

// refusesItself is the sender where he says so: "your message to <lee@acme.example> was rejected".
func (e *evidence) refusesItself(text string) (all []string) {
	for _, a := range e.m.From {
		if a.Addr != "" && strings.Contains(strings.ToLower(text), "message to <"+a.Addr+">") {
			all = append(all, a.Addr)
		}
	}
	return all
}
