package templates

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	for _, tt := range []struct {
		what, src string
		data      *Customer
		want      string
	}{
		{"wrapped before the 73rd column", strings.Repeat("12345678 ", 9), &Customer{},
			strings.TrimSpace(strings.Repeat("12345678 ", 8)) + "\n12345678\n"},
		{"columns are characters, not bytes", strings.Repeat("ääääääää ", 9), &Customer{},
			strings.TrimSpace(strings.Repeat("ääääääää ", 8)) + "\nääääääää\n"},
		{"a long word has its own line", "a " + strings.Repeat("b", 80) + " c", &Customer{},
			"a\n" + strings.Repeat("b", 80) + "\nc\n"},
		{"a command is not broken", strings.Repeat("1234567 ", 8) + "`/spent 45m` now", &Customer{},
			strings.TrimSpace(strings.Repeat("1234567 ", 8)) + "\n/spent 45m now\n"},
		{"a no-break space keeps its word", strings.Repeat("1234567 ", 8) + "12345678\u00a0: now", &Customer{},
			strings.TrimSpace(strings.Repeat("1234567 ", 8)) + "\n12345678 : now\n"},
		{"words are not wrapped", "{{.Words}}", &Customer{Words: PublicText(strings.Repeat("word ", 40) + "end")},
			strings.Repeat("word ", 40) + "end\n"},
		{"words in a quote", "> {{.Words}}", &Customer{Words: "a\n\n> b"}, "> a\n>\n> > b\n"},
		{"a warning", "> [!WARNING] **a** b", &Customer{}, "! a b\n"},
		{"facts in columns", "- **A:** b\n- **Long label:** c", &Customer{}, "A:           b\nLong label:  c\n"},
		{"a long fact", "- **A:** " + strings.Repeat("12345678 ", 8), &Customer{},
			"A:  " + strings.TrimSpace(strings.Repeat("12345678 ", 7)) + "\n    12345678\n"},
		{"a label too long for the column", "- `/a`: b\n- `/an exceedingly long command`: c", &Customer{},
			"/a  b\n/an exceedingly long command\n    c\n"},
		{"a list that is no list of facts", "- **a:** b\n- c", &Customer{}, "- a: b\n- c\n"},
		{"a numbered list", "1. a\n2. b", &Customer{}, "1. a\n2. b\n"},
		{"a list with paragraphs", "- a\n\n  b\n- c", &Customer{}, "- a\n\n  b\n\n- c\n"},
		{"a heading", "## Two words", &Customer{}, "Two words\n---------\n"},
		{"a link", "[page]({{.TicketURL}}), now", &Customer{TicketURL: "https://desk.example/"}, "page: https://desk.example/, now\n"},
		{"a link that is its own text", "[{{.TicketURL}}]({{.TicketURL}})", &Customer{TicketURL: "https://desk.example/"}, "https://desk.example/\n"},
		{"styles", "**a** *b* `c`", &Customer{}, "a b c\n"},
		{"code", "    a\n      b", &Customer{}, "    a\n      b\n"},
		{"a line break", "a\\\nb", &Customer{}, "a\nb\n"},
	} {
		tmpl, err := parseTemplate(languageOf("en"), "reply", "Subject: x\n\n"+tt.src, "")
		if err != nil {
			t.Fatalf("%s: %v", tt.what, err)
		}
		m, err := tmpl.render(tt.data, true)
		if err != nil {
			t.Fatalf("%s: %v", tt.what, err)
		}
		if m.Text != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.what, m.Text, tt.want)
		}
	}
}
