package parse

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/charmap"
)

func TestAddresses(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"one", "kim@cust.example", "|kim@cust.example"},
		{"with a name", "Kim Lee <Kim@Cust.Example>", "Kim Lee|kim@cust.example"},
		{"a comma in a name without quotes", "Doe, John <john@acme.example>", "Doe, John|john@acme.example"},
		{"two names with commas", "Doe, John <john@acme.example>, Roe, Jane <jane@acme.example>", "Doe, John|john@acme.example; Roe, Jane|jane@acme.example"},
		{"semicolons", "a@acme.example; b@acme.example", "|a@acme.example; |b@acme.example"},
		{"a bare one before one in brackets", "a@acme.example, B <b@acme.example>", "|a@acme.example; B|b@acme.example"},
		{"a group", "team: A <a@acme.example>, b@acme.example;", "A|a@acme.example; |b@acme.example"},
		{"an empty group", "undisclosed-recipients:;", ""},
		{"a name in a comment", "kim@cust.example (Kim Lee)", "Kim Lee|kim@cust.example"},
		{"nested comments", "(a (b) c) Kim <kim@cust.example>", "Kim|kim@cust.example"},
		{"quotes inside of a name", `"Lee \"The\" Kim" <kim@cust.example>`, `Lee "The" Kim|kim@cust.example`},
		{"an address as the name", `"boss@desk.example" <eve@evil.example>`, "boss@desk.example|eve@evil.example"},
		{"encoded words in quotes", `"=?utf-8?q?J=C3=B6rg?=" <j@cust.example>`, "Jörg|j@cust.example"},
		{"a comma in an encoded word", "=?utf-8?q?M=C3=BCller=2C_J?= <j@cust.example>", "Müller, J|j@cust.example"},
		{"an address that is an encoded word", "=?utf-8?q?kim=40cust=2Eexample?=", "|kim@cust.example"},
		{"raw Latin-1 in the name", "J\xf6rg <j@cust.example>", "Jörg|j@cust.example"},
		{"no closing bracket", "Kim <kim@cust.example", "Kim|kim@cust.example"},
		{"no brackets", "Kim Lee kim@cust.example", "Kim Lee|kim@cust.example"},
		{"two pairs of brackets", "Kim <<kim@cust.example>>", "Kim|kim@cust.example"},
		{"white space in the address", "Kim < kim @ cust.example >", "Kim|kim@cust.example"},
		{"a route", "<@a.example,@b.example:kim@cust.example>", "|kim@cust.example"},
		{"an entry without address costs only itself", "Kim Lee, a@acme.example", "Kim Lee|; |a@acme.example"},
		{"two signs", "a@b@acme.example", "a@b@acme.example|"},
		{"what a shell would act on", "<`id`@cust.example>", "`id`@cust.example|"},
		{"empty", "", ""},
		{"a quote that never ends", `"Kim <kim@cust.example>`, "Kim|kim@cust.example"},
		{"mailto", "mailto:kim@cust.example", "|kim@cust.example"},
		{"another program's scheme", "Kim <SMTP:kim@cust.example>", "Kim|kim@cust.example"},
		{"a colon in a name", "ACME: Support <kim@acme.example>", "ACME: Support|kim@acme.example"},
		{"a group of one", "team: A <a@acme.example>;", "A|a@acme.example"},
		{"a comment inside of brackets", "Kim <kim(x)@cust.example>", "Kim|kim@cust.example"},
		{"no comma between two", "<a@acme.example> <b@acme.example>", "|a@acme.example; |b@acme.example"},
		{"a word of a quoted local part is no address", `"kim lee"@cust.example`, "kim lee@cust.example|"},
	} {
		var got []string
		for _, a := range parseAddresses(c.in, "iso-8859-1") {
			got = append(got, a.Name+"|"+a.Addr)
		}
		if s := strings.Join(got, "; "); s != c.want {
			t.Errorf("%s: %q gives %q, want %q", c.name, c.in, s, c.want)
		}
	}
}

func TestEncodedWords(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "Hello", "Hello"},
		{"base64", "=?utf-8?B?R3LDvMOfZQ==?=", "Grüße"},
		{"quoted with underscores", "=?iso-8859-1?Q?Gr=FC=DFe_an_alle?=", "Grüße an alle"},
		{"white space between words goes", "=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"},
		{"white space beside text stays", "a =?utf-8?Q?b?= c", "a b c"},
		{"a letter cut in two words", "=?utf-8?B?w4Q=?= =?utf-8?B?w4M=?==?utf-8?Q?=C3?= =?utf-8?Q?=84?=", "ÄÃÄ"},
		{"spaces inside", "=?utf-8?Q?two words?=", "two words"},
		{"a language", "=?utf-8*en?Q?word?=", "word"},
		{"an unknown charset", "=?x-none?Q?caf=E9?=", "café"},
		{"a lie about the charset", "=?us-ascii?Q?caf=C3=A9?=", "café"},
		{"no end", "=?utf-8?Q?abc", "=?utf-8?Q?abc"},
		{"no end behind codes", "=?utf-8?Q?caf=C3=A9", "café"},
		{"no end behind base64", "a =?utf-8?B?Y2Fmw6k=?", "a café"},
		{"no charset", "=??Q?caf=C3=A9?=", "café"},
		{"halves of an emoji", "=?utf-8?B?7aC97biA?=", "😀"},
		{"base64 without padding", "=?utf-8?B?YWI?=", "ab"},
		{"raw UTF-8 beside", "é =?utf-8?Q?=C3=A9?=", "é é"},
	} {
		if got := decodeWords(c.in, ""); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	// A line end in an encoded word must never become one in a field (T062).
	if got := oneLine(decodeWords("=?utf-8?q?a=0D=0ABcc:_x=40evil.example?=", "")); strings.ContainsAny(got, "\r\n") {
		t.Errorf("a line end came through: %q", got)
	}
}

func TestParams(t *testing.T) {
	for _, c := range []struct{ name, in, key, want string }{
		{"token", "text/plain; charset=utf-8", "charset", "utf-8"},
		{"quoted", `text/plain; name="a;b.txt"`, "name", "a;b.txt"},
		{"spaces without quotes", "text/plain; name=my file.txt; charset=utf-8", "name", "my file.txt"},
		{"a quote that never ends", `text/plain; name="a b.txt`, "name", "a b.txt"},
		{"the first of two", "text/plain; name=a; name=b", "name", "a"},
		{"capitals", "TEXT/Plain; NAME=a", "name", "a"},
		{"pieces in any order", "a/b; name*1=two; name*0=one", "name", "onetwo"},
		{"encoded pieces", "a/b; name*0*=utf-8''%C3%A9; name*1=x", "name", "éx"},
		{"an encoded word in pieces", "a/b; name*0=\"=?utf-8?Q?=C3=A9\"; name*1=\"?=\"", "name", "é"},
		{"another charset", "a/b; name*=windows-1251''%CF%F0%E8", "name", "При"},
		{"no charset", "a/b; name*=%41b", "name", "Ab"},
		{"a Windows path", `a/b; name="C:\dir\x.txt"`, "name", `C:\dir\x.txt`},
		{"escaped quotes", `a/b; name="a\"b"`, "name", `a"b`},
		{"escapes without the star", `attachment; filename="M%C3%A4rz%20x.pdf"`, "filename", "März x.pdf"},
		{"signs that are no escapes", `attachment; filename="100%25 of%20it.pdf"`, "filename", "100%25 of%20it.pdf"},
		{"no semicolon before the first", `attachment filename="a.pdf"`, "filename", "a.pdf"},
		{"no value", "a/b; name; x=1", "x", "1"},
	} {
		if _, params := parseParams(c.in); params.get(c.key) != c.want {
			t.Errorf("%s: got %q, want %q", c.name, params.get(c.key), c.want)
		}
	}
}

func TestT061SafeNames(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"report.pdf", "report.pdf"},
		{"../../x", "x"},
		{`C:\dir\x.txt`, "x.txt"},
		{"a\x00b.txt", "ab.txt"},
		{".", ""},
		{"..", ""},
		{"dir/", ""},
		{"con", "_con"},
		{"CON.txt", "_CON.txt"},
		{"console.txt", "console.txt"},
		{"invoice\u202efdp.exe", "invoicefdp.exe"},
		{"a\r\nb", "a b"},
		{".htaccess", ".htaccess"},
		{"name. . ", "name"},
		{strings.Repeat("ä", 300) + ".pdf", strings.Repeat("ä", maxName-4) + ".pdf"},
	} {
		if got := safeName(c.in); got != c.want {
			t.Errorf("%q gives %q, want %q", c.in, got, c.want)
		}
	}
}

func TestTransferEncodings(t *testing.T) {
	for _, c := range []struct{ name, encoding, in, want string }{
		{"base64", "base64", "SGVsbG8=", "Hello"},
		{"foreign bytes in base64", "base64", "SG*Vs\r\nbG\x008=", "Hello"},
		{"base64 without padding", "BASE64", "SGVsbG8", "Hello"},
		{"base64 of several texts", "base64;", "SGVs\nbG8=\nSGVsbG8=\n", "HelloHello"},
		{"quoted-printable", "quoted-printable", "a=3Db=\r\nc\r\n", "a=bc\r\n"},
		{"no code after the sign", "quoted-printable", "1 = 2, a=zz, b=4", "1 = 2, a=zz, b=4"},
		{"small letters", "Quoted-Printable", "=c3=a4", "ä"},
		{"white space before the line end", "quoted-printable", "a  \r\nb =  \r\nc", "a\r\nb c"},
		{"a bare sign at the end", "quoted-printable", "a=", "a"},
		{"control bytes", "quoted-printable", "a\x00\x1bb", "a\x00\x1bb"},
		{"a comment", "8bit (plain)", "a=3D", "a=3D"},
		{"unknown", "x-none", "a=3D", "a=3D"},
		{"uuencode", "x-uuencode", "begin 644 a\n#0V%T\n`\nend\n", "Cat"},
	} {
		p := &part{media: "text/plain"}
		p.header, _ = readHeader(linesOf([]byte("Content-Transfer-Encoding: "+c.encoding+"\n\n")), new(headerStore), func([]byte) bool { return false })
		for _, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
			got, err := io.ReadAll(iotest.OneByteReader(p.decoded(r)))
			if err != nil || string(got) != c.want {
				t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
			}
		}
	}
}

func TestCharsets(t *testing.T) {
	russian := "\xf0\xd2\xc9\xd7\xc5\xd4"
	english := strings.Repeat("All of this is plain English.\n", 500)
	question := "Здравствуйте, у меня не открывается счет за прошлый месяц, что мне делать?"
	koi, err := charmap.KOI8R.NewEncoder().String(question)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, declared, in, want string }{
		{"UTF-8", "utf-8", "é", "é"},
		{"Latin-1", "ISO-8859-1", "caf\xe9", "café"},
		{"Latin-1 that is windows-1252", "iso-8859-1", "\x80 5", "€ 5"},
		{"Latin-1 that is UTF-8", "iso-8859-1", "5 €", "5 €"},
		{"KOI8-R", "\"koi8-r\"", russian, "Привет"},
		{"an alias", "win-1251", "\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"},
		{"a semicolon after the name", "utf-8;", "é", "é"},
		{"Shift_JIS by its Windows name", "cp932", "\x93\xfa\x96\x7b", "日本"},
		{"Korean by its Windows name", "ks_c_5601-1987", "\xc7\xd1", "한"},
		{"GBK", "gb2312", "\xd6\xd0", "中"},
		{"UTF-7", "utf-7", "a+AOk-b +- c", "aéb + c"},
		{"ISO-2022-JP without its name", "", "\x1b$BF|K\\\x1b(B", "日本"},
		{"declared UTF-8, which it is not", "utf-8", "caf\xe9 ol\xe9", "café olé"},
		{"UTF-8 with one broken byte", "utf-8", "äöü äöü \xff", "äöü äöü \ufffd"},
		{"an unknown name over UTF-8", "x-foo", "é", "é"},
		{"no name, most of it ASCII", "", english + koi, english + question},
		{"UTF-16", "utf-16le", "a\x00b\x00", "ab"},
		{"ISO-2022-KR, which the library loses", "iso-2022-kr", "\x1b$)Cx \x0e\x47\x51\x0f y", "x 한 y"},
		{"ISO-2022-JP by its other name", "csISO2022JP", "\x1b$BF|K\\\x1b(B", "日本"},
		{"UTF-7 by its old name", "unicode-1-1-utf-7", "a+AOk-b", "aéb"},
		{"Korean by another Windows name", "x-windows-949", "\xc7\xd1", "한"},
		{"Thai by its DOS name", "cp874", "\xa1", "ก"},
		{"declared UTF-8, a few letters of Latin-1", "utf-8", "Gr\xfc\xdfe", "Grüße"},
		{"Hebrew of DOS", "dos-862", "\x80", "א"},
	} {
		if got, _ := toUTF8([]byte(c.in), c.declared); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestDates(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Mon, 2 Nov 2026 10:15:00 +0100", "2026-11-02 10:15:00 +0100"},
		{"2 Nov 2026 10:15:00 -0000", "2026-11-02 10:15:00 +0000"},
		{"Mon, 2 Nov 2026 10:15:00 +0100 (CET)", "2026-11-02 10:15:00 +0100"},
		{"Mo, 2 Nov 2026 10:15:00 +0100", "2026-11-02 10:15:00 +0100"},
		{"Mon Nov  2 10:15:00 2026", "2026-11-02 10:15:00 +0000"},
		{"2026-11-02 10:15:00 +0100", "2026-11-02 10:15:00 +0100"},
		{"2026-11-02T10:15:00+01:00", "2026-11-02 10:15:00 +0100"},
		{"Mon, 2 Nov 2026 10:15:00 GMT+0100", "2026-11-02 10:15:00 +0100"},
		{"Mon, 2 Nov 2026 10:15", "2026-11-02 10:15:00 +0000"},
		{"Mon, 2 Nov 2026 10:15:00 EST", "2026-11-02 10:15:00 -0500"},
		{"Mon, 2 Nov 2026 10:15:00 CET", "2026-11-02 10:15:00 +0100"},
		{"Mon Nov  2 10:15:00 MET 2026", "2026-11-02 10:15:00 +0100"},
		{"Mon, 2 Nov 2026 10:15:00 XYZ", "2026-11-02 10:15:00 +0000"},
		{"Mon, 2 Nov 2026 10:15:00 GMT+1", "2026-11-02 10:15:00 +0100"},
		{"Mon, 2 Nov 2026 10:15:00 UTC-05:00", "2026-11-02 10:15:00 -0500"},
		{"Mon, 2 Nov 2026 10:15:00 0100", "2026-11-02 10:15:00 +0100"},
		{"Mon, 2 Nov 126 10:15:00 +0100", "2026-11-02 10:15:00 +0100"},
		{"Monday, November 2, 2026 10:15:00 PM -0800", "2026-11-02 22:15:00 -0800"},
		{"lun., 2 nov. 2026 10:15:00 +0100", "2026-11-02 10:15:00 +0100"},
		{"mar., 3 déc. 2026 10:15:00 +0100", "2026-12-03 10:15:00 +0100"},
		{"пн, 2 ноября 2026 10:15:00 +0300", "2026-11-02 10:15:00 +0300"},
		{"Mon, 2 Nov 2026 23:59:60 +0000", "2026-11-03 00:00:00 +0000"},
		{"2.11.2026 10:15", "2026-11-02 10:15:00 +0000"},
		{"Mon, 31 Feb 2026 10:15:00 CET", ""},
		{"Mon, 2 Nov 2026 10:75:00 CET", ""},
		{"yesterday", ""},
		{"Mon, 2 Nov 99999 10:15:00 +0100", ""},
	} {
		got := ""
		if d, err := parseDate(c.in); err == nil {
			got = d.Format("2006-01-02 15:04:05 -0700")
		}
		if got != c.want {
			t.Errorf("%q gives %q, want %q", c.in, got, c.want)
		}
	}
}

func TestUnflow(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		delSp          bool
	}{
		{"joined", "a \nb\nc", "a b\nc", false},
		{"joined without the space", "a \nb\nc", "ab\nc", true},
		{"quotes of one depth", "> a \n> b\n>> c \nd", "> a b\n>> c \nd", false},
		{"a signature's mark", "a\n-- \nKim", "a\n-- \nKim", false},
		{"space-stuffing", " From here\n  x", "From here\n x", false},
	} {
		if got := unflow(c.in, c.delSp); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestLanguage(t *testing.T) {
	for _, c := range []struct{ want, text string }{
		{"en", "Could you please send me the invoice again? I did not get it."},
		{"de", "Der Server startet nach der Aktualisierung nicht, was sollen wir tun?"},
		{"es", "El servidor no arranca después de la actualización, ¿qué debemos hacer?"},
		{"fr", "Le serveur ne démarre plus après la mise à jour, que devons-nous faire ?"},
		{"nl", "De server start niet meer na de update, wat moeten wij nu doen?"},
		{"it", "Il server non si avvia dopo l'aggiornamento, che cosa dobbiamo fare?"},
		{"ru", "Сервер не запускается после обновления, что нам делать?"},
		{"pl", "Serwer nie uruchamia się po aktualizacji, co powinniśmy zrobić?"},
		{"en", "The server does not start after the update, what should we do?"},
		{"", "Todos os seres humanos nascem livres e iguais em dignidade e em direitos, e não têm de pagar por isso"},
		{"", "Alla människor är födda fria och lika i värde och rättigheter, och de har förnuft"},
		{"en", "I'd like a refund."},
		{"en", "Thanks, it works."},
		{"de", "Funktioniert leider immer noch nicht."},
		{"de", "Ja, das passt so. Danke!"},
		{"es", "¿Cuánto tiempo tarda?"},
		{"es", "No me ha llegado nada todavía."},
		{"fr", "Ça me va, allez-y."},
		{"fr", "L’imprimante n'est pas là."},
		{"nl", "Is er al nieuws?"},
		{"it", "No, si blocca ancora quando clicco su salva."},
		{"it", "Va bene, procedete pure."},
		{"ru", "Да, теперь работает. Спасибо!"},
		{"pl", "Tak, teraz działa. Dziękuję!"},
		{"", "Podem enviar-me a fatura outra vez, por favor?"},
		{"", "Sim, agora funciona. Obrigado!"},
		{"", "Kan ni skicka fakturan igen?"},
		{"", "Det virker stadig ikke, samme fejl."},
		{"", "Pořád to nefunguje, stejná chyba."},
		{"", "Stále to nefunguje, rovnaká chyba."},
		{"", "Все още не работи, същата грешка."},
		{"", "Так, тепер працює. Дякую!"},
		{"", "Так, цяпер працуе. Дзякуй!"},
		{"", "Em podeu tornar a enviar la factura, si us plau?"},
		{"", "Tot nu funcționează, aceeași eroare."},
		{"", "Ja, dit werk nou. Dankie!"},
		{"", "Jah, nüüd töötab see korralikult. Suur tänu teile abi eest."},
		{"", "Ya, sekarang berfungsi. Terima kasih!"},
		{"", "Po, tani funksionon. Faleminderit!"},
		{"", "OK thanks"},
		{"", "4711 0815 2026-11-02"},
		{"", "サーバーが更新後に起動しません。どうすればよいでしょうか。"},
	} {
		if got := language(c.text); got != c.want {
			t.Errorf("%q is %q, want %q", c.text, got, c.want)
		}
	}
}

// A word is a common one by its letters, in any case, and not by their sum alone, which words that nobody writes have too.
func TestCommonWordsByTheirLetters(t *testing.T) {
	sum := func(word string) (sum uint32) {
		for _, c := range []byte(word) {
			sum = wordSum(sum, c)
		}
		return sum
	}
	const common, none = "pozdrawiam", "pkzdrawham"
	if sum(common) != sum(none) {
		t.Fatal("the two have not the same sum")
	}
	if languagesOf(common, sum(common)) == 0 || languagesOf("PozdrawiaM", sum(common)) == 0 {
		t.Errorf("%s is no common word", common)
	}
	if got := languagesOf(none, sum(none)); got != 0 {
		t.Errorf("%s is a word of %b", none, got)
	}
	if len(codes) > 32 {
		t.Errorf("%d languages, of which each has a bit of 32", len(codes))
	}
}

// The header's words must name one kind of field each: a word in two would depend on the order in which the table was built.
func TestHeaderWordsAreOfOneKind(t *testing.T) {
	for word, kind := range map[string]int{"from": kindFrom, "von": kindFrom, "gesendet": kindSent, "date": kindDate, "an": kindTo, "à": kindTo, "objet": kindSubject, "тема": kindSubject, "kopie": kindCc} {
		if headerNames[word] != kind {
			t.Errorf("%q is of kind %d, want %d", word, headerNames[word], kind)
		}
	}
	seen := map[string]string{}
	for kind, words := range headerWords {
		for word := range strings.SplitSeq(words, "|") {
			if other, ok := seen[word]; ok {
				t.Errorf("%q is in kind %d and in %s", word, kind, other)
			}
			seen[word] = fmt.Sprint("kind ", kind)
		}
	}
}

func TestLinesOfAnyLength(t *testing.T) {
	long := strings.Repeat("x", 3*pieceSize)
	in := "a\r\n" + long + "\n\nlast"
	lr := newLineReader(strings.NewReader(in))
	var got bytes.Buffer
	starts := 0
	for {
		piece, fresh := lr.next()
		if piece == nil {
			break
		}
		if fresh {
			starts++
		}
		got.Write(piece)
	}
	if got.String() != in || starts != 4 {
		t.Errorf("got %d bytes in %d lines, want %d in 4", got.Len(), starts, len(in))
	}
}

// Each mail has the text or the file that a program wrote in a way of its own.
func TestOddParts(t *testing.T) {
	const head = "From: kim@cust.example\nMIME-Version: 1.0\n"
	for _, c := range []struct{ name, part, text, file string }{
		{"a page of HTML as plain text", "Content-Type: text/plain\n\n<html><body><p>Hello<br>there</p></body></html>\n", "Hello\nthere", ""},
		{"a person who writes of HTML", "Content-Type: text/plain\n\n<html> is what I see, and no </html>.\n", "<html> is what I see, and no </html>.", ""},
		{"a short beginning of a page", "Content-Type: text/plain\n\n<html>                              \n", "<html>                              ", ""},
		{"enriched text alone", "Content-Type: text/enriched\n\n<bold>Hello</bold>\nthere,\n\n<color><param>red</param>a <<b</color>\n", "Hello there,\na <b", ""},
		{"enriched text beside plain", "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nHello\n--b\nContent-Type: text/enriched\n\n<bold>Hello</bold>\n--b--\n", "Hello", ""},
		{"markdown alone", "Content-Type: text/markdown\n\n# Hello\n\n* there\n", "# Hello\n\n* there", ""},
		{"a page that names its charset above itself", "Content-Type: text/html\n\n<?xml version=\"1.0\" encoding=\"windows-1251\"?><html><body>\xcf\xf0\xe8\xe2\xe5\xf2</body></html>\n", "Привет", ""},
		{"a page that names a charset it cannot have", "Content-Type: text/html\n\n<meta charset=\"utf-16\"><p>Grüße</p>\n", "Grüße", ""},
		{"parts behind what ends them", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b--\n\n--b\nContent-Type: application/pdf; name=a.pdf\n\nx\n--b--\n", "Hello", "a.pdf"},
		{"words behind what ends the parts", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b--\nsent by a list\n", "Hello", ""},
		{"a boundary with words behind it", "Content-Type: multipart/mixed; boundary=b\n\n--b x\n\nHello\n--b--\n", "--b x\n\nHello", ""},
		{"all of a mail as a nameless attachment", "Content-Type: text/plain\nContent-Disposition: attachment\n\nHello\n", "Hello", ""},
		{"all of a mail as a file", "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nHello\n", "", "a.txt"},
		{"Cyrillic that calls itself Latin-1", "Content-Type: text/plain; charset=iso-8859-1\n\n\xcd\xe5 \xee\xf2\xea\xf0\xfb\xe2\xe0\xe5\xf2\xf1\xff \xf4\xe0\xe9\xeb\n", "Не открывается файл", ""},
		{"Latin-1 that calls itself so", "Content-Type: text/plain; charset=iso-8859-1\n\nGr\xfc\xdfe, \xc4\xd6\xdc, \xe4\xf6\xfc\xdf \xe4\xf6\xfc\xdf\n", "Grüße, ÄÖÜ, äöüß äöüß", ""},
		{"Shift_JIS that calls itself ISO-2022-JP", "Content-Type: text/plain; charset=iso-2022-jp\n\n\x82\xa8\x90\xa2\x98\x62\x82\xc9\x82\xc8\x82\xe8\x82\xdc\x82\xb7\n", "お世話になります", ""},
		{"Latin-1 pasted into UTF-8", "Content-Type: text/plain; charset=utf-8\n\nGrüße und \xfc\n", "Grüße und ü", ""},
		{"a few NULs", "Content-Type: text/plain\n\na\x00b\n", "ab", ""},
		{"a star forgotten in a further piece", "Content-Disposition: attachment; filename*0*=utf-8''Gr%C3%BC; filename*1=%C3%9Fe.pdf\n\nx\n", "", "Grüße.pdf"},
		{"a percent sign in a further piece", "Content-Disposition: attachment; filename*0*=utf-8''Gr%C3%BC; filename*1=\"n 100%25.pdf\"\n\nx\n", "", "Grün 100%25.pdf"},
		{"one quote too few", "Content-Disposition: attachment; filename*=utf-8'Gr%C3%BC.pdf\n\nx\n", "", "Grü.pdf"},
		{"an apostrophe in a name", "Content-Disposition: attachment; filename*=Kim's%20file.pdf\n\nx\n", "", "Kim's file.pdf"},
		{"letters as a page refers to them", "Content-Disposition: attachment; filename=\"Gr&#252;&#223;e.pdf\"\n\nx\n", "", "Grüße.pdf"},
		{"a comma for the semicolon", "Content-Type: application/pdf, name=\"a.pdf\"\n\nx\n", "", "a.pdf"},
		{"a disposition that says none", "Content-Type: application/pdf\nContent-Disposition: filename=\"a.pdf\"\n\nx\n", "", "a.pdf"},
	} {
		m := Parse(Bytes([]byte(head + c.part)))
		file := ""
		for _, a := range m.Attachments {
			file = a.Filename
		}
		if m.Text != c.text || file != c.file {
			t.Errorf("%s: text %q, file %q; want %q, %q", c.name, m.Text, file, c.text, c.file)
		}
	}
}

func TestBlankLinesAboveTheHeader(t *testing.T) {
	for _, blank := range []string{"\n", "\r\n\r\n", "\n\n\n"} {
		if m := Parse(Bytes([]byte(blank + "From: kim@cust.example\nSubject: Order\n\nHello\n"))); m.Subject != "Order" || m.Text != "Hello" {
			t.Errorf("%q above the header gives subject %q, text %q", blank, m.Subject, m.Text)
		}
		if m := Parse(Bytes([]byte(blank + "Hello,\n\nno header: here\n"))); m.Text == "" {
			t.Errorf("%q above a text without a header gives none", blank)
		}
	}
}
