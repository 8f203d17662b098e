package templates

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Pages are well-formed, small, in a language, with headings, and fetch nothing from anywhere (THREATS G8 for our
// own mails: a mail that reports home when it is read is none of ours).
func TestPages(t *testing.T) {
	elements := strings.Fields("html head meta title style body table tr td th h1 h2 p div blockquote ul ol li " +
		"br hr a strong em code span")
	remote := regexp.MustCompile(`(?i)url\(|@import|src=|srcset|background=|<link|<img|<script|<iframe|<form|<object|expression\(`)
	set := newSet(t)
	for _, lang := range set.Languages() {
		for _, name := range set.Names() {
			m, err := set.Render(name, lang, dataFor(name, fullCustomer(), fullStaff()))
			if err != nil {
				t.Fatal(err)
			}
			if n := len(m.HTML); n > 40_000 {
				t.Errorf("%s %s: %d bytes, want less than 40 KB", name, lang, n)
			}
			if found := remote.FindString(m.HTML); found != "" {
				t.Errorf("%s %s: holds %q", name, lang, found)
			}
			tags, _, err := skeleton(m.HTML)
			if err != nil {
				t.Errorf("%s %s: %v", name, lang, err)
			}
			for _, tag := range tags {
				if element, _, _ := strings.Cut(strings.TrimPrefix(tag, "/"), " "); !slices.Contains(elements, element) {
					t.Errorf("%s %s: element %s", name, lang, element)
				}
			}
			for _, want := range []string{
				`<html lang="` + lang + `"`, `<h1 `, `>Acme Support<`, `> · #123<`, `prefers-color-scheme:dark`,
			} {
				if !strings.Contains(m.HTML, want) {
					t.Errorf("%s %s: without %s", name, lang, want)
				}
			}
		}
	}
}

// Lists of mails show what a mail says, not how it greets.
func TestPreview(t *testing.T) {
	unseen := regexp.MustCompile(`<body[^>]*>\n<div style="display:none[^"]*">([^<]*?)(?:&#847;&#160;)*</div>\n`)
	for _, tt := range []struct{ what, src, want string }{
		{"the paragraph after the greeting", "Hello {{.Name}},\n\nyour request has arrived. **Soon** more.\n\nBye", "your request has arrived. Soon more."},
		{"an engineer's words, whatever they begin with", "{{.Words}}\n\n---\n\nx", "Hello, it is &lt;b&gt; now."},
		{"a warning", "Hello,\n\n> [!WARNING] **Overdue.** Since today.", "Overdue. Since today."},
		{"not a list", "- **A:** b\n\nc", "c"},
		{"not the ticket's link", "[x]({{.TicketURL}})\n\nc", "c"},
		{"a long one is cut", "Hello,\n\n" + strings.Repeat("word ", 100), strings.Repeat("word ", 27) + "wor…"},
	} {
		tmpl, err := parseTemplate(languageOf("en"), "reply", "Subject: x\n\n"+tt.src, "")
		if err != nil {
			t.Fatal(err)
		}
		m, err := tmpl.render(&Customer{Name: "Anna", Words: "Hello,\nit is <b> now.", TicketURL: "https://desk.example/"}, true)
		if err != nil {
			t.Fatal(err)
		}
		if got := unseen.FindStringSubmatch(m.HTML); got == nil || got[1] != tt.want {
			t.Errorf("%s: got %q, want %q", tt.what, got, tt.want)
		}
	}
}

// Who gets a ticket's words sees them in his list, unless there is something to warn of.
func TestPreviewOfWords(t *testing.T) {
	set := newSet(t)
	for _, tt := range []struct{ name, level, want string }{
		{"new_words", "A1", ">Hello, the import stops at row 4000"},
		{"assigned", "A1", ">Hello, the import stops at row 4000"},
		{"new_words", "X", ">The customer has written again."},
		{"clock_breach", "A1", ">The first answer is overdue."},
	} {
		s := fullStaff()
		s.Level = tt.level
		m, err := set.Render(tt.name, "en", s)
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(m.HTML, "<body")
		if preview, _, _ := strings.Cut(body, "</div>"); !strings.Contains(preview, tt.want) {
			t.Errorf("%s at %s begins %q, want %q", tt.name, tt.level, preview, tt.want)
		}
	}
}

func TestHTML(t *testing.T) {
	page := func(src string, data any) string {
		t.Helper()
		tmpl, err := parseTemplate(languageOf("en"), "reply", "Subject: x\n\n"+src, "")
		if err != nil {
			t.Fatal(err)
		}
		m, err := tmpl.render(data, true)
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(m.HTML, "</h1>\n")
		body, _, _ = strings.Cut(body, "</td></tr></table>\n<!--")
		// What it looks like is for the eye.
		return regexp.MustCompile(` (style|class|width|align|cellpadding|cellspacing|border|role)="[^"]*"`).ReplaceAllString(body, "")
	}
	for _, tt := range []struct {
		what, src string
		data      *Customer
		want      string
	}{
		{"styles", "a **b** *c* `d` **`e`**", &Customer{},
			"<p>a <strong>b</strong> <em>c</em> <code>d</code> <strong><code>e</code></strong></p>\n"},
		{"a heading", "## Two  words", &Customer{}, "<h2>Two  words</h2>\n"},
		{"no HTML in Markdown", "<b>x</b>\n\n<div>\ny\n</div>", &Customer{},
			"<p>&lt;b&gt;x&lt;/b&gt;</p>\n<p>&lt;div&gt; y &lt;/div&gt;</p>\n"},
		{"words keep lines and blanks", "{{.Words}}", &Customer{Words: "a\n  b  c\n\n<d>"},
			`<div dir="auto">a<br/>&#160;&#160;b  c<br/><br/>&lt;d&gt;</div>` + "\n"},
		{"quoted words", "> {{.Words}}", &Customer{Words: "a\nb"},
			"<table><tr><td><blockquote>" + `<div dir="auto">a<br/>b</div>` + "\n</blockquote>\n</td></tr></table>\n"},
		{"words inside a sentence are a line", "So: {{.Words}}.", &Customer{Words: "a\nb"}, "<p>So: a b.</p>\n"},
		{"no words", "{{.Words}}", &Customer{}, ""},
		{"facts", "- **A:** {{.Name}}\n- **B:** `x`", &Customer{Name: "n"},
			"<table>\n" + `<tr><th scope="row">A</th><td>n</td></tr>` + "\n" +
				`<tr><th scope="row">B</th><td><code>x</code></td></tr>` + "\n</table>\n"},
		{"a list", "- **a** b\n- c", &Customer{}, "<ul><li><strong>a</strong> b</li>\n<li>c</li>\n</ul>\n"},
		{"a numbered list with two paragraphs", "1. a\n\n   b\n2. c", &Customer{},
			"<ol><li><p>a</p>\n<p>b</p>\n</li>\n<li>c</li>\n</ol>\n"},
		{"a warning", "> [!WARNING] **a** b", &Customer{}, "<table><tr><td><p><strong>a</strong> b</p>\n</td></tr></table>\n"},
		{"a link", "see [a **b**]({{.TicketURL}}) c", &Customer{TicketURL: "https://desk.example/"},
			`<p>see <a href="https://desk.example/">a b</a> c</p>` + "\n"},
		{"a button", "[a]({{.TicketURL}})", &Customer{TicketURL: "https://desk.example/"},
			`<table><tr><td><a href="https://desk.example/">a</a></td></tr></table>` + "\n"},
		{"code", "    /spent 45m\n      <x>", &Customer{}, "<table><tr><td>/spent 45m<br/>&#160;&#160;&lt;x&gt;</td></tr></table>\n"},
		{"a line break", "a\\\nb", &Customer{}, "<p>a<br/>b</p>\n"},
		{"a rule", "a\n---\nb", &Customer{}, "<p>a</p>\n<table><tr><td>&#160;</td></tr></table>\n<p>b</p>\n"},
	} {
		if got := page(tt.src, tt.data); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.what, got, tt.want)
		}
	}
}

// Each page that a mail leads to stands in its HTML and in its text, in every language the same ones, and nothing else is linked to.
func TestLinksOfMails(t *testing.T) {
	href := regexp.MustCompile(` href="([^"]*)"`)
	set := newSet(t)
	for _, name := range set.Names() {
		var english []string
		for _, lang := range append([]string{"en"}, set.Languages()...) {
			m, err := set.Render(name, lang, dataFor(name, fullCustomer(), fullStaff()))
			if err != nil {
				t.Fatal(err)
			}
			var links []string
			for _, l := range href.FindAllStringSubmatch(m.HTML, -1) {
				links = append(links, l[1])
				if !strings.HasPrefix(l[1], "https://desk.example/") || !strings.Contains(m.Text, l[1]) {
					t.Errorf("%s %s links to %s, and its text is\n%s", name, lang, l[1], m.Text)
				}
			}
			if english == nil {
				english = append(links, "")
			} else if !slices.Equal(append(links, ""), english) {
				t.Errorf("%s %s links to %v, the English one to %v", name, lang, links, english)
			}
			if strings.Count(m.HTML, "<h1") != 1 || strings.Contains(m.HTML, "<h3") {
				t.Errorf("%s %s: headings", name, lang)
			}
		}
	}
}
