package templates

import (
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// hostile are values as strangers may send them. Each has to come out as the text it is.
var hostile = map[string]string{
	"script":               `<script>alert(1)</script>`,
	"out of an attribute":  `"><img src=x onerror=alert(1)>`,
	"comment and CDATA":    `--> <!-- ]]> <![CDATA[ x`,
	"entities":             `&lt;b&gt; &amp;amp; &#60;`,
	"Markdown inline":      "**b** _e_ `c` [x](javascript:alert(1)) ![i](http://evil.example/i.png) <http://evil.example>",
	"Markdown heading":     "# heading",
	"Markdown list":        "- **Label:** value",
	"Markdown quote":       "> quote",
	"Markdown warning":     "[!WARNING] **Trust me.**",
	"Markdown rule":        "---",
	"Markdown code":        "```",
	"Markdown escape":      `\`,
	"template actions":     `{{.Number}} {{template "regards" .}} {{end}}`,
	"a subject of its own": "Subject: other",
	"a command":            "/close",
	"format verbs":         "%s %[1]d %!v(MISSING)",
}

// fillStrings puts s into every string of the struct that p points to, except for links, and returns p.
func fillStrings[T any](p *T, s string) *T {
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			v.SetString(s)
		case reflect.Struct:
			for i := range v.NumField() {
				if f := v.Type().Field(i); f.IsExported() && !strings.HasSuffix(f.Name, "URL") && f.Type != reflect.TypeFor[Moment]() {
					fill(v.Field(i))
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				fill(v.Index(i))
			}
		}
	}
	fill(reflect.ValueOf(p).Elem())
	return p
}

// skeleton returns the tags of a page with their attributes, and its text. It fails where the page is not
// well-formed.
func skeleton(page string) (tags []string, text string, err error) {
	d := xml.NewDecoder(strings.NewReader(page))
	var b strings.Builder
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return tags, b.String(), nil
		}
		if err != nil {
			return nil, "", err
		}
		switch x := token.(type) {
		case xml.StartElement:
			tag := x.Name.Local
			for _, a := range x.Attr {
				tag += fmt.Sprintf(" %s=%q", a.Name.Local, a.Value)
			}
			tags = append(tags, tag)
		case xml.EndElement:
			tags = append(tags, "/"+x.Name.Local)
		case xml.CharData:
			b.Write(x)
		}
	}
}

// checkInert renders mails, or all if none is named, with s in every field and with a harmless word, and compares:
// the page must have the same tags, and what is shown must be fit to be shown.
func checkInert(t *testing.T, set *Set, s string, names ...string) {
	t.Helper()
	if len(names) == 0 {
		names = set.Names()
	}
	for _, lang := range set.Languages() {
		for _, name := range names {
			render := func(s string) Mail {
				m, err := set.Render(name, lang, dataFor(name, fillStrings(fullCustomer(), s), fillStrings(fullStaff(), s)))
				if err != nil {
					t.Fatalf("%s %s: %v", name, lang, err)
				}
				return m
			}
			m, harmless := render(s), render("harmless")
			tags, text, err := skeleton(m.HTML)
			if err != nil {
				t.Fatalf("%s %s: %v in %q", name, lang, err, m.HTML)
			}
			want, _, err := skeleton(harmless.HTML)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(tags, want) {
				t.Errorf("%s %s: %q changes the tags of the page", name, lang, s)
			}
			for form, got := range map[string]string{"subject": m.Subject, "text": m.Text, "page": text} {
				if strings.ContainsFunc(got, isPlaceholder) {
					t.Errorf("%s %s: %s holds a placeholder: %q", name, lang, form, got)
				}
				if !utf8.ValidString(got) {
					t.Errorf("%s %s: %s is not valid UTF-8", name, lang, form)
				}
				bad := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
				if form == "subject" {
					bad = unicode.IsControl
				}
				if strings.ContainsFunc(got, bad) {
					t.Errorf("%s %s: %s holds a control character: %q", name, lang, form, got)
				}
			}
			if n := utf8.RuneCountInString(m.Subject); n > maxSubject {
				t.Errorf("%s %s: subject of %d characters", name, lang, n)
			}
			if tag := "[#123]"; !slices.Contains(ticketless, name) && !strings.HasPrefix(m.Subject, tag+" ") && !strings.HasSuffix(m.Subject, " "+tag) {
				t.Errorf("%s %s: subject %q neither begins nor ends with %q", name, lang, m.Subject, tag)
			}
		}
	}
}

// THREATS G10, T068: markup of any kind stays what it is, text.
func TestHostileValuesAreText(t *testing.T) {
	set := newSet(t)
	for what, s := range hostile {
		t.Run(what, func(t *testing.T) {
			checkInert(t, set, s)
			for _, name := range []string{"reply", "not_understood", "assigned"} {
				m, err := set.Render(name, "en", dataFor(name, fillStrings(fullCustomer(), s), fillStrings(fullStaff(), s)))
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(m.Text, s) {
					t.Errorf("%s: text without %q:\n%s", name, s, m.Text)
				}
				if !strings.Contains(m.HTML, html.EscapeString(s)) {
					t.Errorf("%s: page without %q", name, html.EscapeString(s))
				}
			}
		})
	}
}

// What cannot be shown is taken out rather than passed on.
func TestValuesAreCleaned(t *testing.T) {
	set := newSet(t)
	oneLine := strings.NewReplacer("\n", " ", "\r", " ", "\u0085", " ", "\u2028", " ", "\u2029", " ")
	for _, tt := range []struct{ what, value, wantLine, wantWords string }{
		{"a header after a line break", "x\r\nBcc: y@evil.example", "x Bcc: y@evil.example", "x\nBcc: y@evil.example"},
		{"bare returns", "a\rb\r\nc", "a b c", "a\nb\nc"},
		{"placeholders", "a\U000F0000b\U00100000c\U0010FFFFd", "abcd", "abcd"},
		{"controls", "a\x00b\x1b[31mc\x7f\u009bd", "a b [31mc d", "ab[31mcd"},
		{"broken UTF-8", "a\xffb\xc3", "a\uFFFDb\uFFFD", "a\uFFFDb\uFFFD"},
		{"Unicode line ends", "a\u2028b\u2029c\u0085d", "a b c d", "a\nb\nc\nd"},
		{"a name that runs backwards", "a\u202Egnp.exe", "agnp.exe", "a\u202Egnp.exe"},
		{"blanks around", " \n a  b \t\n ", "a b", " a  b"},
		{"an indented first line", "\n\n    code\n", "code", "    code"},
	} {
		m, err := set.Render("reply", "en", &Customer{Number: 1, Subject: tt.value, Words: PublicText(tt.value)})
		if err != nil {
			t.Fatal(err)
		}
		if want := "Re: " + tt.wantLine + " [#1]"; m.Subject != want {
			t.Errorf("%s: subject %q, want %q", tt.what, m.Subject, want)
		}
		if want := tt.wantWords + "\n\n----"; !strings.HasPrefix(m.Text, want) {
			t.Errorf("%s: text %q, want it to begin with %q", tt.what, m.Text, want)
		}
		checkInert(t, set, oneLine.Replace(tt.value))
	}
}

// A long answer is sent whole; a long name is not.
func TestLongValues(t *testing.T) {
	set := newSet(t)
	long := strings.Repeat("word ", 1<<18) + "end"
	m, err := set.Render("reply", "en", &Customer{Number: 1, Subject: long, Desk: long, Words: PublicText(long)})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(m.Text, long+"\n") || !strings.Contains(m.HTML, ">"+long+"<") {
		t.Error("the answer is not whole")
	}
	if got := utf8.RuneCountInString(m.Subject); got > maxSubject || got < maxSubject-10 || !strings.HasSuffix(m.Subject, "… [#1]") {
		t.Errorf("subject of %d characters, want about %d with an ellipsis before the tag: %q", got, maxSubject, m.Subject)
	}
	if rest := len(m.Text) - len(long); rest > 2000 {
		t.Errorf("%d bytes beside the answer, want the desk's name cut", rest)
	}
	unbroken, err := set.Render("linked", "de", &Customer{Number: 1, Name: strings.Repeat("ä", 1<<20)})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(unbroken.Text); n > 3000 {
		t.Errorf("text of %d bytes for a long name", n)
	}
}

func TestManyValuesAreAnError(t *testing.T) {
	set := newSet(t)
	s := &Staff{Number: 1, Attachments: slices.Repeat([]string{"x"}, maxValues+1)}
	if _, err := set.Render("assigned", "en", s); err == nil {
		t.Errorf("%d values: no error", maxValues+1)
	}
}

// Only pages and mailboxes are linked to, whatever the data says.
func TestLinks(t *testing.T) {
	set := newSet(t)
	for _, tt := range []struct{ what, link, want string }{
		{"a page", "https://desk.example/c/1?a=1&b=2", "https://desk.example/c/1?a=1&amp;b=2"},
		{"plain http, for a desk in a local network", "http://desk.example/c", "http://desk.example/c"},
		{"a mailbox", "mailto:desk@desk.example", "mailto:desk@desk.example"},
		{"quotes", `https://desk.example/"onclick="x`, "https://desk.example/%22onclick=%22x"},
		{"a script", "javascript:alert(1)", ""},
		{"a script in capitals", "JavaScript:alert(1)", ""},
		{"data", "data:text/html,x", ""},
		{"a path", "/c/1", ""},
		{"another host by two slashes", "//evil.example", ""},
		{"no host", "https:x", ""},
		{"a broken escape", "https://desk.example/%zz", ""},
		{"two links", "https://desk.example/) [x](https://evil.example/", "https://desk.example/%29%20%5Bx%5D%28https://evil.example/"},
	} {
		m, err := set.Render("confirm_elsewhere", "en", &Customer{Number: 1, ConfirmURL: tt.link})
		if err != nil {
			t.Fatal(err)
		}
		tags, _, err := skeleton(m.HTML)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, tag := range tags {
			if strings.HasPrefix(tag, "a ") {
				got = append(got, tag)
			}
		}
		switch {
		case tt.want == "" && (len(got) > 0 || strings.Contains(m.Text, tt.link)):
			t.Errorf("%s: links to %s, and the text is\n%s", tt.what, got, m.Text)
		case tt.want != "" && (len(got) != 1 || !strings.Contains(m.HTML, `href="`+tt.want+`"`)):
			t.Errorf("%s: links %s, want one to %s", tt.what, got, tt.want)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Add("a\U000F0000b\x00\xff\u202e")
	set := newSet(f)
	f.Fuzz(func(t *testing.T, s string) {
		// Lines and emptiness change what a mail looks like, as they should; everything else must not.
		s = strings.Join(strings.Fields(words(s)), " ")
		if line(s, maxLine) == "" {
			return
		}
		checkInert(t, set, s, "reply", "refused_command")
	})
}
