package redact

import (
	"slices"
	"strings"
	"sync"
)

// The kinds of contacts.
const (
	Email  = "email"
	Phone  = "phone"
	URL    = "url"
	Handle = "handle" // a name at a messenger or a social network
)

// A Contact is one way around the desk: the bytes from Start up to End of the text that was searched, and what they stand for.
type Contact struct {
	Kind       string
	Value      string // in plain form: kim@shop.example, +493012345, https://shop.example/kim, @kim
	Start, End int
}

// maxContactText bounds what is searched, in bytes: some milliseconds of work. Nobody hides a number behind so many words, since its
// reader would not find it either.
const maxContactText = 64 << 10

// maxContact is the longest contact, in bytes: an address has 254, and a link with more is no address to go to but one to be followed by.
const maxContact = 1000

// Contacts finds mail addresses, phone numbers, links and messengers' names, also where they are written so that a machine should not see
// them: "kim at shop dot example", "+ 4 9 1 5 1 ...", "zero one five ...", hxxp, letters of other widths, signs that are not seen (E3).
// Finds are in the order of the text and do not overlap. It asks for more where less is certain: digits alone are a number of an order or
// a part as often as of a phone.
func Contacts(s string) []Contact {
	f := fold(cut(s, maxContactText))
	var all []Contact
	add := func(kind, value string, start, end int) {
		if value != "" && end-start <= maxContact {
			all = append(all, Contact{kind, value, start, end}) // offsets of the folded text, for now
		}
	}
	// The surer kinds come first: an address is part of some links, a number part of others.
	links(f.text, add)
	emails(f.text, add)
	hostLinks(f.text, []pattern{bareLink, dotLink, saidLink}, add)
	handles(f.text, add)
	phones(f.text, add)
	spokenPhones(f.text, add)

	var found []Contact
	for _, c := range all {
		if !slices.ContainsFunc(found, func(o Contact) bool { return c.Start < o.End && o.Start < c.End }) {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b Contact) int { return a.Start - b.Start })
	for i := range found {
		found[i].Start, found[i].End = f.at[found[i].Start], f.at[found[i].End-1]+f.size(found[i].End-1)
	}
	return found
}

// The patterns have no upper limits of length: the expression language spends a state on each step of a limit, and what is too long for
// an address is found too long afterwards.
//
// label is one part of a host name; topLevel are the ends of host names that are told from the end of a sentence without more proof.
const (
	label    = `[\pL\pN](?:[\pL\pN\-]*[\pL\pN])?`
	topLevel = `(?:com|net|org|info|biz|shop|store|online|site|website|app|dev|cloud|eu|de|fr|es|nl|ru|рф|pl|co\.uk|com\.[a-z]{2}|example|test)`
	local    = `[\pL\pN](?:[\pL\pN._%+\-]*[\pL\pN_])?`
)

var (
	schemeLink = lazily(`(?i)\b(h(?:tt|xx|\*\*|__)p(s?)|ftp(s?)) ?(?::|\[:\]|\(:\)) ?/ ?/ ?([^\s<>"'|]{2,})`)
	wwwLink    = lazily(`(?i)\bwww\d? ?(?:\.|\[\.\]|\(\.\)|\[dot\]|\(dot\)) ?([^\s<>"'|]{3,})`)
	pathLink   = lazily(`(?i)((?:` + label + `\.)+\pL\pL+/[^\s<>"'|]+)`)
	bareLink   = lazily(`((?:` + label + `\.)+` + topLevel + `)\b`)
	dotLink    = lazily(`(?i)(` + label + `(?: ?(?:\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)|\{dot\}) ?` + label + `)+)`)
	saidLink   = lazily(`(?i)\b(` + label + ` (?:dot|punkt|point|punto|punt|kropka|точка) ` + topLevel + `)\b`)
	dots       = lazily(`(?i) ?(?:\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)|\{dot\}) ?| (?:dot|punkt|point|punto|punt|kropka|точка) `)
)

func links(s string, add func(kind, value string, start, end int)) {
	for _, m := range schemeLink().FindAllStringSubmatchIndex(s, -1) {
		scheme := "http"
		if s[m[2]] == 'f' || s[m[2]] == 'F' {
			scheme = "ftp"
		}
		if m[4] >= 0 && m[5] > m[4] || m[6] >= 0 && m[7] > m[6] {
			scheme += "s"
		}
		rest := endOfLink(s[m[8]:m[9]])
		add(URL, scheme+"://"+dots().ReplaceAllString(rest, "."), m[0], m[8]+len(rest))
	}
	for _, m := range wwwLink().FindAllStringSubmatchIndex(s, -1) {
		rest := endOfLink(s[m[2]:m[3]])
		add(URL, "http://www."+dots().ReplaceAllString(rest, "."), m[0], m[2]+len(rest))
	}
	hostLinks(s, []pattern{pathLink}, add)
}

// hostLinks finds links without a scheme.
func hostLinks(s string, forms []pattern, add func(kind, value string, start, end int)) {
	for _, form := range forms {
		for _, m := range form().FindAllStringSubmatchIndex(s, -1) {
			rest := endOfLink(s[m[2]:m[3]])
			before := byteBefore(s, m[2])
			if before == '@' || before == '/' || before == '.' || before == '-' || before == '_' || before == '\\' || before >= 0x80 ||
				byteAt(s, m[2]+len(rest)) == '@' || isFileName(rest) || goesOn().MatchString(cut(s[m[2]+len(rest):], 4)) {
				continue
			}
			add(URL, "http://"+dots().ReplaceAllString(rest, "."), m[2], m[2]+len(rest))
		}
	}
}

// goesOn tells a host's name from the beginning of a longer name: com.example.desk.Main
var goesOn = lazily(`^\.?[\pL\pN_]|^\(`)

// endOfLink takes off what a sentence puts behind a link.
func endOfLink(s string) string {
	for {
		short := strings.TrimRight(s, ".,;:!?*_»”’\"'")
		if strings.HasSuffix(short, ")") && strings.Count(short, ")") > strings.Count(short, "(") || strings.HasSuffix(short, "]") && !strings.Contains(short, "[") {
			short = short[:len(short)-1]
		}
		if short == s {
			return s
		}
		s = short
	}
}

// isFileName tells paths and files from links without a scheme: "index.php/x", "a.txt/b", "1.5/2".
func isFileName(s string) bool {
	host, _, _ := strings.Cut(s, "/")
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	return slices.Contains(fileEndings, last)
}

var fileEndings = strings.Fields(`php html htm js css txt log ini conf cfg yaml yml xml json csv pdf doc docx xls xlsx exe dll zip tar gz png jpg jpeg gif svg go java class cpp sql bak tmp sys bat jar war`)

// spellings are the words for the two signs of an address in one language. Both must be of the same, since "at" and "point" stand in
// many sentences.
var spellings = []struct{ at, dot string }{
	{`at|@|a`, `dot|d0t`}, {`ät|at`, `punkt`},
	{`arobase|arrobase`, `point`}, {`arroba`, `punto`}, {`chiocciola`, `punto`}, {`apenstaartje|apenstaart`, `punt`}, {`klammeraffe|affenschwanz`, `punkt`},
	{`собака|собачка|эт`, `точка`}, {`małpa|malpa|małpka`, `kropka`},
}

var (
	bracketOpen, bracketClose = `[ \t]*[\[({<|_*\-~]{1,2}[ \t]*`, `[ \t]*[\])}>|_*\-~]{1,2}[ \t]*`

	plainEmail   = lazily(`(` + local + `) {0,3}@ {0,3}(` + label + `(?:(?:\.| \. |\. ?| ?\[\.\] ?| ?\(\.\) ?)` + label + `)*(?:\.| \. | ?\[\.\] ?| ?\(\.\) ?)\pL\pL+)`)
	emailForms   = sync.OnceValue(spelledEmails)
	providerMail = lazily(`(?i)(` + local + `)[ \t]+(?:at|@|chez|bei|auf|presso|op)[ \t]+((?:gmail|googlemail|yahoo|hotmail|outlook|live|icloud|gmx|web|proton|protonmail|aol|mail|yandex|wp|onet|o2|interia|libero|orange|free|laposte|zoho|tutanota|qq|163)(?:[ \t]*\.[ \t]*|[ \t]+dot[ \t]+)(?:com|net|de|ru|fr|it|pl|es|nl|me|at|ch|co\.uk))\b`)
)

// addressForms are the ways to write an address down with its sign, and without.
type addressForms struct{ signed, spelled []pattern }

// spelledEmails are the addresses with one sign or both in words, by brackets or by the words of one language.
func spelledEmails() (forms addressForms) {
	for _, w := range spellings {
		dot := `(?:` + bracketOpen + `(?:` + w.dot + `|\.)` + bracketClose + `|[ \t]+(?:` + w.dot + `)[ \t]+)`
		any := `(?:` + dot + `|\.)`
		forms.spelled = append(forms.spelled,
			// kim [at] shop.example, kim (at) shop (dot) example
			lazily(`(?i)(`+local+`)`+bracketOpen+`(?:`+w.at+`)`+bracketClose+`(`+label+`(?:`+any+label+`)*`+any+`\pL\pL+)`),
			// kim at shop dot example: without brackets, one dot at least must be a word too
			lazily(`(?i)(`+local+`)[ \t]+(?:`+strings.TrimSuffix(strings.TrimSuffix(w.at, `|a`), `|@`)+`)[ \t]+(`+label+`(?:`+any+label+`)*`+dot+`\pL\pL+)`),
		)
		forms.signed = append(forms.signed,
			// kim@shop dot example
			lazily(`(?i)(`+local+`)[ \t]*@[ \t]*(`+label+`(?:`+any+label+`)*`+dot+`\pL\pL+)`),
		)
	}
	return forms
}

var notInHost = lazily(`(?i)[ \t]*[\[({<|_*~]{1,2}[ \t]*(?:dot|d0t|punkt|point|punto|punt|kropka|точка|\.)[ \t]*[\])}>|_*~]{1,2}[ \t]*|[ \t]*-[ \t]*(?:dot|punkt|point|punto|punt|kropka|точка)[ \t]*-[ \t]*|[ \t]+(?:dot|d0t|punkt|point|punto|punt|kropka|точка)[ \t]+|[ \t]*\.[ \t]*`)

func emails(s string, add func(kind, value string, start, end int)) {
	forms := []pattern{providerMail}
	if strings.Contains(s, "@") {
		forms = append([]pattern{plainEmail}, append(forms, emailForms().signed...)...)
	}
	for _, form := range append(forms, emailForms().spelled...) {
		for _, m := range form().FindAllStringSubmatchIndex(s, -1) {
			host := notInHost().ReplaceAllString(s[m[4]:m[5]], ".")
			name := strings.TrimRight(s[m[2]:m[3]], "-")
			add(Email, strings.ToLower(name+"@"+host), m[2], m[5])
		}
	}
}

// messengers are the names by which people send others elsewhere, in the spellings they use.
const messengers = `telegram+|tele ?gram|tg|whats? ?app|watsapp|whatsup|wa|viber|signal|skype|we ?chat|weixin|discord|snap ?chat|snap|instagram|insta|ig|facebook|fb|messenger|kik|threema|icq|tik ?tok|twitter|linkedin|kakao(?: ?talk)?|line|vk|` +
	`телеграм\pL{0,2}|телега|телеге|тг|ват?цап\pL{0,2}|ват?сап\pL{0,2}|вайбер\pL{0,2}|скайп\pL{0,2}|инстаграм\pL{0,2}|вк|дискорд\pL{0,2}`

const handleName = `[\pL\pN_][\pL\pN_.\-]{2,31}`

var (
	// "write me on Telegram: @kim"
	atHandle = lazily(`(?i)(?:^|[^\pL\pN])(?:` + messengers + `)(?:[^\pL\pN@\n][^@\n]{0,40})?@(` + handleName + `)`)
	// "skype: kim.larsen", "Telegram id kim"
	namedHandle = lazily(`(?i)(?:^|[^\pL\pN])(?:` + messengers + `)[ \t]*(id|name|nick|nickname|user|username|handle|account|contact|логин|ник|nom|nombre|nome|naam|konto)?[ \t]*(?::|=|-|is|ist|est|es|è|to|это)?[ \t]*(` + handleName + `(?:#\d{4})?)`)
	// "dm me @kim"
	verbHandle = lazily(`(?i)(?:^|[^\pL\pN])(?:dm|pm|add|find|follow|message|contact|reach|write|text|ping|schreib|kontaktier|contacte|écri[st]|escr[ií]be|scrivi|schrijf|пиши|napisz)[^@\n]{0,20}[ \t]@(` + handleName + `)`)
)

func handles(s string, add func(kind, value string, start, end int)) {
	for _, form := range []pattern{atHandle, verbHandle} {
		if !strings.Contains(s, "@") {
			break
		}
		for _, m := range form().FindAllStringSubmatchIndex(s, -1) {
			name := strings.TrimRight(s[m[2]:m[3]], ".-")
			add(Handle, "@"+name, m[2]-1, m[2]+len(name))
		}
	}
	for _, m := range namedHandle().FindAllStringSubmatchIndex(s, -1) {
		name := strings.TrimRight(s[m[4]:m[5]], ".-")
		said := s[m[0]:m[4]]
		marked := strings.ContainsAny(said, ":=") && strings.ContainsAny(name, "0123456789_.#") && strings.Trim(name, "0123456789.") != ""
		labelled := m[2] >= 0 && strings.ContainsAny(said, ":=")
		if (marked || labelled) && !isFileName(name) {
			add(Handle, "@"+name, m[4], m[4]+len(name))
		}
	}
}

func byteBefore(s string, i int) byte {
	if i == 0 {
		return 0
	}
	return s[i-1]
}

func byteAt(s string, i int) byte {
	if i >= len(s) {
		return 0
	}
	return s[i]
}
