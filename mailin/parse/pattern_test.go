package parse

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// allPatterns are those of this package by name.
func allPatterns() map[string]*pattern {
	all := map[string]*pattern{
		"failureText": failureText, "failureSubject": failureSubject, "daemonName": daemonName, "personsProgram": personsProgram, "temporary": temporary, "failedHead": failedHead, "gatewayName": gatewayName,
		"returned": returned, "introduction": introduction, "successText": successText, "mailWord": mailWord, "greeting": greeting, "peers": peers, "ownMail": ownMail, "answerHead": answerHead, "recipientLabel": recipientLabel, "recipientWords": recipientWords, "statusField": statusField, "actionField": actionField, "helpLine": helpLine,
		"autoSubject": autoSubject, "autoFollows": autoFollows, "acknowledges": acknowledges, "replyPrefix": replyPrefix, "feedbackSubject": feedbackSubject, "plainReply": plainReply,
		"wroteSet": wroteSet, "brokenLink": brokenLink, "ownWriting": ownWriting, "closings": closings, "bareAttribution": bareAttribution,
		"quoteWords": quoteWords, "aboveLine": aboveLine, "listBegins": listBegins, "listWords": listWords, "repeated": repeated, "clockAndBy": clockAndBy,
		"sentBegins": sentBegins, "senders": senders, "programs": programs, "ofMyOwn": ofMyOwn, "verbLast": verbLast, "offers": offers, "offerBegins": offerBegins, "checked": checked,
		"forwardLine": forwardLine, "forwardStem": forwardStem, "splitAttribution": splitAttribution, "forwardSubject": forwardSubject, "markupQuotes": markupQuotes,
	}
	for i, p := range separator.list {
		all["separator "+string(rune('a'+i))] = p
	}
	for i, r := range slices.Concat(reasonWords, vagueWords) {
		all["reasonWords "+string(rune('a'+i))] = r.words
	}
	return all
}

// agrees holds a pattern against its expression alone, which is slow and right.
func agrees(t *testing.T, name string, p *pattern, re *regexp.Regexp, text string) {
	t.Helper()
	if got, want := p.MatchString(text), re.MatchString(text); got != want {
		t.Fatalf("%s: matches %q: %t, want %t", name, text, got, want)
	}
	if got, want := p.FindStringIndex(text), re.FindStringIndex(text); !slices.Equal(got, want) {
		t.Fatalf("%s: found in %q at %v, want %v", name, text, got, want)
	}
	if p.compile(); p.inLine {
		want := -1
		if m := re.FindStringIndex(text); m != nil {
			want = strings.LastIndexByte(text[:m[0]], '\n') + 1
		}
		if got := p.lineOf(text); got != want {
			t.Fatalf("%s: the line in %q begins at %d, want %d", name, text, got, want)
		}
	}
	if got, want := p.FindStringSubmatch(text), re.FindStringSubmatch(text); !slices.Equal(got, want) {
		t.Fatalf("%s: found in %q: %q, want %q", name, text, got, want)
	}
	if got, want := p.FindAllStringSubmatch(text, 5), re.FindAllStringSubmatch(text, 5); !slices.EqualFunc(got, want, slices.Equal) {
		t.Fatalf("%s: found in %q: %q, want %q", name, text, got, want)
	}
}

// What is read by hand, as expressions, which are slow and right.
var (
	textAddress = `[A-Za-z0-9.!#%&'*+/=?^_{}~\-]{1,64}@[A-Za-z0-9.\-]{1,190}\.[A-Za-z0-9\-]{2,24}`
	formsByHand = []*regexp.Regexp{
		regexp.MustCompile(`(?m)^[ \t>]*<(` + textAddress + `)>(?::| \(expanded from|\.\.\.|;|, ?$)`),
		regexp.MustCompile(`(?im)^[ \t>*]*(?:final |original |failed |intended )?(?:recipients?(?: address)?(?:\(s\))?|e-?mail address|rcpt to|to|für|destinataire|destinatario|empfänger|получатель|odbiorca|ontvanger)[ \t]*:[ \t]*(?:rfc822;[ \t]*)?<?(` + textAddress + `)>?[ \t]*$`),
		regexp.MustCompile(`(?i)(?:rcpt to|could not be delivered to|not be delivered to|unable to deliver(?: (?:your |the )?(?:message|mail))? to|deliver(?:ing|y of)? (?:your |the )?(?:message|mail)? ?to|delivery to|delivered to|error for|not delivered to|recipient address)[ \t]*:?[ \t\n]*<?(` + textAddress + `)`),
		regexp.MustCompile(`(?m)^[ \t>*\-•]*<?(` + textAddress + `)>?[ \t]*[:;]?(?:[ \t]*(?:[\[(]|on [A-Z])[^\n]{0,200})?$`),
		regexp.MustCompile(`(?m)^[ \t>]*<?(` + textAddress + `)>?[ \t][^\n]*?\b[45]\.\d{1,3}\.\d{1,3}\b`),
		regexp.MustCompile(`(?m)\b[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3} )?<?(` + textAddress + `)`),
	}
	addressByHand = regexp.MustCompile(textAddress)
	idByHand      = regexp.MustCompile(`(?im)^[> \t]*message-id:\s*(<[^<>\s]{3,900}>)`)
	datedByHand   = regexp.MustCompile(`^(\pL{1,12}[.,]{1,2}\s?)?(((19|20)\d{2}|\d{1,2})[./-]\s?\d{1,2}[./-]\s?\d{1,4}\.?|\d{1,2}\.? \pL{3,12}\.?,? (19|20)\d{2}|(19|20)\d{2}年\d{1,2}月\d{1,2}日)[ ,(].{0,200}<[^<>\s]+@[^<>\s]+>\s?(\pL{1,20}\s?)?[:：]$`)
	headByHand    = regexp.MustCompile(failedHead.source + `[^:@\n]{0,80}:?`)
	quotedByHand  = regexp.MustCompile(`^[ \t\x{a0}]*(>|&gt;)`)
	markByHand    = regexp.MustCompile(`^(--|—|– –)[ \x{a0}]*$|^\s*_{5,}\s*$`)
	colonByHand   = regexp.MustCompile(`[:：][ \t\x{a0}*\x{200b}\x{200e}\x{200f}\x{202a}\x{202c}]*$`)
	bareByHand    = regexp.MustCompile(`^[ \t\x{a0}*\x{200b}\x{200e}\x{200f}\x{202a}-\x{202c}\x{2060}\x{2063}\x{feff}]+|[ \t\x{a0}*\x{200b}\x{200e}\x{200f}\x{202a}-\x{202c}\x{2060}\x{2063}\x{feff}]+$`)
	clockByHand   = regexp.MustCompile(`\b(19|20)?\d{2}\b.*\b\d{1,2}[:.]\d{2}\b`)
)

// byHand holds what is read by hand against the expressions that say it.
func byHand(t *testing.T, text string) {
	t.Helper()
	for i, form := range recipientForms {
		var got []string
		found, next := form(text, 0)
		for ; next >= 0; found, next = form(text, next) {
			got = append(got, found)
		}
		var want []string
		for _, m := range formsByHand[i].FindAllStringSubmatch(text, -1) {
			want = append(want, m[1])
		}
		if !slices.Equal(got, want) {
			t.Fatalf("form %d finds in %q: %q, want %q", i, text, got, want)
		}
	}
	if got, want := withoutAddresses(text), addressByHand.ReplaceAllString(text, " <> "); got != want {
		t.Fatalf("%q without its addresses is %q, want %q", text, got, want)
	}
	want := ""
	if m := idByHand.FindStringSubmatch(text); m != nil {
		want = m[1]
	}
	if got := idInText(text); got != want {
		t.Fatalf("the id in %q is %q, want %q", text, got, want)
	}
	if got, want := isDatedSender(text), datedByHand.MatchString(text); got != want {
		t.Fatalf("a date and an address make up %q: %t, want %t", text, got, want)
	}
	if m := headByHand.FindStringIndex(text); m != nil && strings.Contains(text[m[1]:], "@") {
		if above, below := new(evidence).failedBelow(text); above != text[:m[0]] || below != text[m[1]:] {
			t.Fatalf("%q has above the list of those who failed %q, and below %q", text, above, below)
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		if strings.ContainsAny(line, "\r\v\f\u0085") {
			continue
		}
		if got, want := isQuoted(line), quotedByHand.MatchString(clip(line, 80)); got != want {
			t.Fatalf("%q is quoted: %t, want %t", line, got, want)
		}
		if got, want := isSignatureMark(line), markByHand.MatchString(line); got != want {
			t.Fatalf("%q is the mark of a signature: %t, want %t", line, got, want)
		}
		if got, want := endsInColon(line), colonByHand.MatchString(line); got != want {
			t.Fatalf("%q ends in a colon: %t, want %t", line, got, want)
		}
		if got, want := unmarked(line), bareByHand.ReplaceAllString(line, ""); got != want {
			t.Fatalf("%q without its marks is %q, want %q", line, got, want)
		}
	}
	if got, want := hasClock(text), clockByHand.MatchString(text); got != want {
		t.Fatalf("a date with a time in %q: %t, want %t", text, got, want)
	}
}

// TestPatternsAreTheirExpressions: what makes them quick changes nothing of what they find, in whole mails and in each line of them, in any
// case.
func TestPatternsAreTheirExpressions(t *testing.T) {
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d mails, %v", len(files), err)
	}
	lines := []string{"", "\n", "a\nOn Mon, 2 Nov 2026 Kim wrote:\nb", "WYSŁANE Z IPHONE", "НЕ УДАЛОСЬ ДОСТАВИТЬ", "Ответ: АВТООТВЕТ", "user unknown", "USER UNKNOWN\nuser",
		"<kim@cust.example>: 550\n > <a@b.example>, \n<a@b.example>,x\n<a@b.c>:\n<a@b.example.>:\n<a.b@c.example> (expanded from x)",
		"To: <kim@cust.example> \nFür : a@b.example\nFinal recipient: rfc822; a@b.example\nxTo: a@b.example\n> Failed recipient(s):a@b.example>",
		"RCPT TO:<kim@cust.example> and delivery of your message to\n a@b.example, deliver to x deliver  to:y@b.example",
		"a@b.example on Mon\na@b.example on monday\na@b.example ... unknown\na@b.example...unknown\na@b.example... x\na@b.example on \na@b.example on A" + strings.Repeat("é", 199) + "\na@b.example on A" + strings.Repeat("é", 200) + "\n",
		"a@b.example no, 5.1.1 <a@c.example>\n <a@b.example> 4.2.2\na@b.example,5.1.1\na@b.example x5.1.1\na@b.example 550\n",
		"*-a@b.example\n-@b.example\n@b.example\n• <a@b.example>; (no)\na@b.example: \na@b.example [" + strings.Repeat("é", 200) + "\na@b.example [" + strings.Repeat("é", 201),
		"550 5.1.1 <a@b.example> x550 a@b.example 450-5.1.1@b.example, 550 5.1.1.a@b.example 250 a@b.example",
		strings.Repeat("a", 70) + "@b.example a@" + strings.Repeat("b.", 100) + "example a@b." + strings.Repeat("c", 30) + " a@b.cc.d a@b..cc a@.cc",
		">> Message-ID: \n\t<1@a.example>\nxMessage-ID: <2@a.example>\nmessage-id:<>\nMESSAGE-ID:<" + strings.Repeat("i", 900) + ">",
		"Message-ID: <" + strings.Repeat("i", 901) + ">\nMessage-ID: <12>\nMessage-ID: <1 2>\nMessage-ID: <123>",
		"Failed addresses: a@b.example", "delivery to the following" + strings.Repeat("é", 80) + ":a@b.example", "delivery to the following" + strings.Repeat("é", 81) + ":a@b.example", "failed for the following:\na@b.example", "failure reason@b.example c@d.example",
		"&gt; x\n \u00a0> x\n&amp; x\n--\n--  \u00a0\n -- \n—\n– –\n_____\n  ______ \n____\n*Kim wrote:*\n**\nKim wrote: \u200e\n&\nKim：\u00a0\n\u200b*a*\u2063\na*b\n*\n:\n.:.",
		"2026/11/2 Kim <kim@cust.example>:", "2.11.26, <k@c> schrieb :", "Mo., 2. Nov., 2026 Kim Lee <k@c>：", "2026年11月2日(月) Kim <k@c>\twrote\n:", "2-11-2026. (x) <k@c>:", "Mon,\t2 Nov 2026 " + strings.Repeat("é", 200) + "<k@c>:",
		"Mon,\t2 Nov 2026 " + strings.Repeat("é", 201) + "<k@c>:", "2026/11/2Kim <k@c>:", "2026/11/2 Kim <k@>:", "2026/11/2 Kim <k@c>", "2026/11/2 Kim <k@c> a b:", "2026/11/2 a\nb <k@c>:", "2026. November 2026 <k@c>:", "2 No 2026 <k@c>:", "2 Nov 1826 <k@c>:",
		"Mon... 2.11.26 <k@c>:", "Mon 2.11.26 <k@c>:", "2026/111/2 <k@c>:", "2026/11/20261 <k@c>:", "2026/11/2 <k @c>:", "2026/11/2 <<k@c>:", "2026/11/2 <k@c>>:", "2026年11月 <k@c>:", "102.11.26 <k@c>:", "2.11.26 <k@c> " + strings.Repeat("é", 21) + ":", "2..11.26 <k@c>:", "2. 11. 26 <k@c>::",
		"2 Nov 26 10:15", "2026 1.15", "26\n10:15", "10:15", "3026 10:15", "x26 10:15", "26x 10:15", "26 10:155", "26 110:15", "26 10:15x", "2026.10", "02.26.10", "10:15 10:15",
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := Parse(Bytes(raw))
		lines = append(lines, m.Text[:min(len(m.Text), 4<<10)])
		for line := range strings.SplitSeq(m.Subject+"\n"+m.Text, "\n") {
			if len(line) < maxLooked && len(lines) < 600 {
				lines = append(lines, line, strings.ToUpper(line))
			}
		}
	}
	for name, p := range allPatterns() {
		re := regexp.MustCompile(p.source)
		for _, line := range lines {
			agrees(t, name, p, re, line)
		}
	}
	for _, line := range lines {
		byHand(t, line)
	}
}

// TestPatternsHaveWords keeps what is asked of every line and every mail quick.
func TestPatternsHaveWords(t *testing.T) {
	for name, p := range map[string]*pattern{
		"failureText": failureText, "failureSubject": failureSubject, "autoSubject": autoSubject, "wroteSet": wroteSet, "aboveLine": aboveLine, "listWords": listWords, "senders": senders,
		"forwardLine": forwardLine, "returned": returned, "introduction": introduction, "successText": successText, "mailWord": mailWord, "greeting": greeting, "peers": peers, "ownMail": ownMail, "answerHead": answerHead, "markupQuotes": markupQuotes,
	} {
		if p.compile(); p.words == nil {
			t.Errorf("%s needs no word, so that each line costs a run of its expression", name)
		}
	}
	for _, words := range []string{"undeliverable", "user unknown", "this is the mail system"} {
		if at, i := failureText.words.next(words, 0, -1); at < 0 || !failureText.words.list[i].sure {
			t.Errorf("%q is no failure by itself", words)
		}
	}
}

func TestCodes(t *testing.T) {
	status, failure, reply := regexp.MustCompile(`\b([245])\.(\d{1,3})\.(\d{1,3})\b`), regexp.MustCompile(`\b[45]\.\d{1,3}\.\d{1,3}\b`), regexp.MustCompile(`\b([45])\d\d[ -]`)
	for _, text := range []string{
		"", ".", "5.1.1", "x5.1.1", "5.1.1x", "5.1.1.", "5.1.1234", "5.1234.1", "55.1.1", "(5.7.26)", "2.0.0 ok, 4.4.7", "1.1.1", "192.5.1.1", "#5.1.1#", "5..1", "5.1.", "é5.1.1é",
		"550 no", "550-no", "550", "x550 no", "5500 no", "a 450 b 550 c", "350 no", "55 no", "é550 é", "_550 ",
	} {
		if got, want := statusCode(text), status.FindString(text); got != want {
			t.Errorf("status code of %q is %q, want %q", text, got, want)
		}
		if got, want := failureCode(text), failure.FindString(text); got != want {
			t.Errorf("failure code of %q is %q, want %q", text, got, want)
		}
		if got, want := replyCode(text) != "", reply.MatchString(text); got != want {
			t.Errorf("reply code of %q: %t, want %t", text, got, want)
		}
	}
}

// A telephone number begins with no code of a mail system.
func TestReplyCodeOfPhone(t *testing.T) {
	for text, want := range map[string]string{"call 480-555-2500": "", "480-555-2500, 550 no": "550", "550-555 no": "550", "550-5.1.1 no": "550"} {
		if got := replyCode(text); got != want {
			t.Errorf("reply code of %q is %q, want %q", text, got, want)
		}
	}
}

// FuzzPattern looks for a text in which a word set and its expression do not agree.
func FuzzPattern(f *testing.F) {
	type both struct {
		p  *pattern
		re *regexp.Regexp
	}
	all := map[string]both{}
	for name, p := range allPatterns() {
		all[name] = both{p, regexp.MustCompile(p.source)}
	}
	date := regexp.MustCompile(`(\b\d{1,2}[:.h]\d{2}\b|\b(19|20)\d{2}\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|年|월)`)
	start := regexp.MustCompile(`(?i)^(on|am|le|el|il|op|dnia|w dniu|em|den|den |på|dne|в|quoting|zitat von|citando|in article|at)\s`)
	wrote := regexp.MustCompile(`(?i)(\b(wrote|writes|said|schrieb(en)?|schreibt|schreef|geschreven|ha scritto|scrive|skrev|skriver|kirjoitti|escreveu|escribe|ha escrit|scris)\b` +
		`|\bnapsal|\bnapisa|écrit|escribi|írta|yazdı|yazmış|pisze\b|пишет|писал|пише|написа|έγραψε|כתב|كتب|写道|寫道|のメッセージ|書きました|작성|đã viết)`)
	word := regexp.MustCompile(`=\?(|[A-Za-z0-9_:.+\-]+(?:\*[A-Za-z\-]*)?)\?([bBqQ])\?(.*?)\?=`)
	unended := regexp.MustCompile(`^=\?[A-Za-z0-9_:.+\-]+(?:\*[A-Za-z\-]*)?\?(?:[bB]|[qQ])\?([^ \t?]{4,})\??[ \t\r\n]*$`)
	f.Add("On 2.11.26 10:15 Kim wrote:")
	f.Add("Kim SCHRIEBEN, kim NAPSALA, pisze, piszex, ПИСАЛ xwrote wrotex said:")
	f.Add("user unknown 550 5.1.1 <kim@cust.example>: host mx said")
	f.Add("rcpt to: <a@b.example>\n<a@b.example>: 550 5.1.1 <a@b.example>\nTo: a@b.example\n message-id: <1@a.example> 2026 10:15")
	f.Add("Mon, 2 Nov 2026 Kim <kim@cust.example> wrote:")
	f.Add("2026/11/2 Kim <kim@cust.example>:")
	f.Add("=?utf-8?q?a=20b")
	f.Add("=?utf-8*en?q?a?= =?utf-8?b?YQ==?=")
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "?")
		if len(text) > 2000 {
			return
		}
		// A Kelvin sign and a long s are cases of k and s to an expression, and no letter of any of these words to us.
		text = strings.NewReplacer("\u212a", "k", "\u017f", "s").Replace(text)
		for name, b := range all {
			agrees(t, name, b.p, b.re, text)
		}
		byHand(t, text)
		if got, want := hasDate(text), date.MatchString(text); got != want {
			t.Errorf("a date in %q: %t, want %t", text, got, want)
		}
		if got, want := attributionStart(text), start.MatchString(text); got != want {
			t.Errorf("the start of an attribution in %q: %t, want %t", text, got, want)
		}
		if got, want := saysWrote(text), wrote.MatchString(text); got != want {
			t.Errorf("a word for writing in %q: %t, want %t", text, got, want)
		}
		w, ok := nextWord(text, 0)
		m := word.FindStringSubmatchIndex(text)
		if ok && m == nil { // the last one of a value may lack its end
			u := unended.FindStringSubmatch(text[w.begin:])
			if u == nil || w.text != u[1] || w.end != len(text) || w.encoding == 'q' && !strings.Contains(w.text, "=") {
				t.Errorf("the word without an end of %q is %+v", text, w)
			}
		} else if ok != (m != nil) || ok && (w.begin != m[0] || w.end != m[1] || w.text != text[m[6]:m[7]]) {
			t.Errorf("the first encoded word of %q is %+v, want %v", text, w, m)
		}
	})
}
