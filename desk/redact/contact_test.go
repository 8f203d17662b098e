package redact

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestE3Contacts(t *testing.T) {
	for _, c := range []struct {
		name, marked string // the find stands between ‹ and ›
		kind, value  string
	}{
		{"address", "Write to ‹Kim.Lee@shop.example›.", Email, "kim.lee@shop.example"},
		{"address in brackets", "<‹kim@shop.example›>", Email, "kim@shop.example"},
		{"address with a plus tag", "‹kim+x@shop.example›", Email, "kim+x@shop.example"},
		{"spaces around the sign", "me: ‹kim @ shop.example›", Email, "kim@shop.example"},
		{"spaces everywhere", "‹kim @ shop . example›", Email, "kim@shop.example"},
		{"words", "reach me: ‹kim at shop dot example› ok", Email, "kim@shop.example"},
		{"words and a subdomain", "‹kim_lee at mail.shop dot example›", Email, "kim_lee@mail.shop.example"},
		{"capitals", "‹KIM AT SHOP DOT EXAMPLE›", Email, "kim@shop.example"},
		{"square brackets", "‹kim [at] shop [dot] example›", Email, "kim@shop.example"},
		{"round brackets without spaces", "‹kim(at)shop(dot)example›", Email, "kim@shop.example"},
		{"half in words", "‹kim@shop dot example›", Email, "kim@shop.example"},
		{"one bracket", "‹kim (at) shop.example›", Email, "kim@shop.example"},
		{"a bracketed sign", "‹kim[@]shop.example›", Email, "kim@shop.example"},
		{"a known provider", "I am ‹kim.lee at gmail.com›", Email, "kim.lee@gmail.com"},
		{"German", "‹kim ät shop punkt example›", Email, "kim@shop.example"},
		{"French", "‹kim arobase shop point example›", Email, "kim@shop.example"},
		{"Spanish", "‹kim arroba shop punto example›", Email, "kim@shop.example"},
		{"Italian", "‹kim chiocciola shop punto example›", Email, "kim@shop.example"},
		{"Dutch", "‹kim apenstaartje shop punt example›", Email, "kim@shop.example"},
		{"Russian", "‹kim собака shop точка example›", Email, "kim@shop.example"},
		{"Polish", "‹kim małpa shop kropka example›", Email, "kim@shop.example"},
		{"wide letters", "‹ｋｉｍ＠ｓｈｏｐ．ｅｘａｍｐｌｅ›", Email, "kim@shop.example"},
		{"signs that are not seen", "‹kim\u200b@\u00adshop\u200d.example›", Email, "kim@shop.example"},
		{"letters outside of ASCII", "‹jürgen@käse.example›", Email, "jürgen@käse.example"},

		{"link", "see ‹https://pay.example/kim?a=1›.", URL, "https://pay.example/kim?a=1"},
		{"link in parentheses", "(‹https://pay.example/kim_(x)›)", URL, "https://pay.example/kim_(x)"},
		{"hxxp", "‹hxxps://pay.example/kim›", URL, "https://pay.example/kim"},
		{"dots in brackets", "‹hxxp://pay[.]example/kim›", URL, "http://pay.example/kim"},
		{"www", "‹www.pay.example/kim›!", URL, "http://www.pay.example/kim"},
		{"a messenger's link", "‹wa.me/33612345678› any time", URL, "http://wa.me/33612345678"},
		{"a name of a host", "Buy at ‹kims-shop.com›, cheaper.", URL, "http://kims-shop.com"},
		{"a host in words", "Look for ‹kims-shop dot com›", URL, "http://kims-shop.com"},
		{"a host with brackets", "‹kims-shop[.]example›", URL, "http://kims-shop.example"},

		{"plus", "call ‹+49 151 234 567 89› now", Phone, "+4915123456789"},
		{"plus, one piece", "‹+4915123456789›", Phone, "+4915123456789"},
		{"parentheses", "‹+49 (0)30 1234567›", Phone, "+49301234567"},
		{"two zeros", "‹0033 612345678›", Phone, "+33612345678"},
		{"digits one by one", "‹+ 4 4 7 4 0 0 1 2 3 4 5 6›.", Phone, "+447400123456"},
		{"digits one by one, no plus", "mine is ‹0 1 5 1 2 3 4 5 6 7 8 9›", Phone, "015123456789"},
		{"dots", "‹+1.20.15.55.01.23›", Phone, "+12015550123"},
		{"other numbers behind it", "‹+33 612 345 678› 2 pieces", Phone, "+33612345678"},
		{"no-break spaces and dashes", "‹+49\u00a0151‑234\u201356789›", Phone, "+4915123456789"},
		{"Arabic digits", "‹+٤٩ ١٥١ ٢٣٤ ٥٦٧ ٨٩›", Phone, "+4915123456789"},
		{"keycaps", "‹+4\ufe0f\u20e39\ufe0f\u20e3 151 23456789›", Phone, "+4915123456789"},
		{"a word for it", "my phone: ‹151 2345678›", Phone, "1512345678"},
		{"German, of the country", "Handy ‹0151/23456789›", Phone, "015123456789"},
		{"French pairs", "‹06 12 34 56 78›", Phone, "0612345678"},
		{"North America", "‹(201) 555-0123›", Phone, "2015550123"},
		{"Russian", "звоните ‹8 (912) 345-67-89›", Phone, "89123456789"},
		{"in words", "‹plus four nine, one five one, two three four five six seven eight nine›", Phone, "+4915123456789"},
		{"in German words", "‹null eins fünf eins zwei drei vier fünf sechs sieben›", Phone, "0151234567"},

		{"Telegram", "write me on Telegram: ‹@kim_lee›", Handle, "@kim_lee"},
		{"skype with a name", "my skype: ‹kim.lee77›", Handle, "@kim.lee77"},
		{"an id", "WeChat id: ‹kimlee›", Handle, "@kimlee"},
		{"Russian messenger", "пиши в телеграм ‹@kim_lee›", Handle, "@kim_lee"},
		{"a verb", "just dm me ‹@kimlee›", Handle, "@kimlee"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, rest, _ := strings.Cut(c.marked, "‹")
			inside, after, _ := strings.Cut(rest, "›")
			text := before + inside + after
			got := Contacts(text)
			if len(got) != 1 {
				t.Fatalf("got %+v, want one find", got)
			}
			want := Contact{c.kind, c.value, len(before), len(before) + len(inside)}
			if got[0] != want {
				t.Errorf("got %+v %q, want %+v %q", got[0], text[got[0].Start:got[0].End], want, inside)
			}
		})
	}
}

func TestE3NoContacts(t *testing.T) {
	for _, s := range []string{
		"", "My order number is 2024-118-4711 and the invoice is 900123456.", "The total was 1.299,00 EUR on 03.04.2025 at 10:15.",
		"Error 0x80070057 in version 10.0.19045.3803 (build 2211).", "Please ship 2 x 350 ml and 1 x 1000 ml.",
		"It arrived on 2026-11-21 10:30 and again on 2026-11-22.", "Between 1.2.2026 and 28.2.2026", "127.0.0.1:8080 and 192.168.100.200",
		"We met at noon. The dot is missing.", "I looked at that point yesterday.", "Look at the file readme.md or index.php", "See config/app.php/line",
		"e.g. this, i.e. that", "Thanks.It works now.", "Invoice 0049123456789 is wrong", "Tracking number: 00340434161094042557",
		"IBAN DE89 3704 0044 0532 0130 00", "ISBN 978-3-16-148410-0", "serial 123-456-7890", "customer 4711 0815 1234", "1 2 3 4 5 6 7 8 9 10 11 12",
		"one two three four five six seven eight nine ten", "We have twenty-one of them and two three-packs", "@Override public void run()",
		"Telegram does not open the link", "WhatsApp: does not work", "the signal is lost", "Facebook login: broken", "my line is down",
		"php 8.2.10 with MySQL 8.0.35-0ubuntu0", "1.000.000 rows, 50,000,000 bytes", "at 10.30 - 11.45 - 12.00", "C++ 11 22 33 44", "2+2", "MD5 0123456789abcdef0123456789abcdef",
		"com.example.desk.Main", "Kim@", "@ home", "price @ 5.50 each", "12.11.2026 08:00 - 13.11.2026 17:00",
	} {
		if got := Contacts(s); len(got) > 0 {
			t.Errorf("%q: got %+v", s, got)
		}
	}
}

// Each country's own example of a number must be found, however it is set.
func TestPhonesOfAllCountries(t *testing.T) {
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "corpora", "lists", "phones.jsonl"))
	if err != nil {
		t.Skip("no corpora beside the project")
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		var row struct{ Country, E164 string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"Call " + row.E164, "Call 00" + row.E164[1:], "Call + " + strings.Join(strings.Split(row.E164[1:], ""), " ")} {
			if got := Contacts(text); (len(got) != 1 || got[0].Value != row.E164) && len(row.E164) > 8 {
				t.Errorf("%s: %q gives %+v", row.Country, text, got)
			}
		}
	}
	if n < 200 {
		t.Errorf("only %d numbers were tried", n)
	}
}

// T059 for contacts: nothing that a stranger writes costs more than its length.
func TestT059HostileContacts(t *testing.T) {
	for _, unit := range []string{
		"a@", "a at b dot ", "a.", "+49 ", "0 ", "(", "http://", "www.", "telegram ", "@a", "one ", "[at]", "kim [at] a.", "1-", "a-", "+", " . ", "ｋ", "\u200b", "call 1",
	} {
		s := strings.Repeat(unit, maxContactText/8/len(unit)) // the race detector is slow, and what grows too fast shows here too
		start := time.Now()
		Contacts(s)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%d KiB of %q took %v", len(s)>>10, unit, took)
		}
	}
}

func FuzzContacts(f *testing.F) {
	for _, s := range []string{"kim at shop dot example", "+ 4 9 1 5 1", "telegram: @kim", "hxxp://a[.]b/c", "ｋｉｍ＠a.b", "\xff+49\xff", "plus four nine one two three four five"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		end := 0
		for _, c := range Contacts(s) {
			if c.Start < end || c.End <= c.Start || c.End > len(s) || c.Value == "" || c.Kind == "" {
				t.Fatalf("finds of %q: %+v", s, c)
			}
			end = c.End
		}
	})
}
