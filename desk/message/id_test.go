package message

import (
	"slices"
	"strings"
	"testing"
)

func TestParseIDs(t *testing.T) {
	tests := []struct {
		name, field string
		want        []ID
	}{
		{"one id", "<a@cust.example>", []ID{"a@cust.example"}},
		{"several, folded", "<a@cust.example>\r\n <b@cust.example>\r\n\t<c@cust.example>", []ID{"a@cust.example", "b@cust.example", "c@cust.example"}},
		{"no space between", "<a@cust.example><b@cust.example>", []ID{"a@cust.example", "b@cust.example"}},
		{"commas between", "<a@cust.example>, <b@cust.example>", []ID{"a@cust.example", "b@cust.example"}},
		{"brackets missing", " a@cust.example ", []ID{"a@cust.example"}},
		{"brackets missing, two ids", "a@cust.example, b@cust.example", []ID{"a@cust.example", "b@cust.example"}},
		{"only the closing bracket", "a@cust.example>", []ID{"a@cust.example"}},
		{"only the opening bracket", "<a@cust.example", []ID{"a@cust.example"}},
		{"first bracket never closed", "<a@cust.example <b@cust.example>", []ID{"a@cust.example", "b@cust.example"}},
		{"folded inside the id", "<a.very.long\r\n .id@cust.example>", []ID{"a.very.long.id@cust.example"}},
		{"two ids in one pair of brackets", "<a@cust.example b@cust.example>", []ID{"a@cust.example", "b@cust.example"}},
		{"words around, an address among them", "Message from kim@cust.example of Monday <a@cust.example>", []ID{"a@cust.example"}},
		{"words only", "your message of Monday", nil},
		{"comment", "<a@cust.example> (sent (by) <x@evil.example> \\) me)", []ID{"a@cust.example"}},
		{"comment never closed", "(oops <a@cust.example>", []ID{"a@cust.example"}},
		{"parenthesis inside the id", "<a(b)@cust.example>", []ID{"a(b)@cust.example"}},
		{"no @ in it", "<20260301.1>", []ID{"20260301.1"}},
		{"no @ and no brackets", "20260301.1", []ID{"20260301.1"}},
		{"doubled brackets", "<<a@cust.example>>", []ID{"a@cust.example"}},
		{"case is kept", "<AbC@Cust.example>", []ID{"AbC@Cust.example"}},
		{"control characters", "<a\x00b\x7f@cust.example>", []ID{"ab@cust.example"}},
		{"not UTF-8", "<a\xff@cust.example>", []ID{"a\uFFFD@cust.example"}},
		{"empty brackets", "<> < >", nil},
		{"empty", "", nil},
		{"too long to be kept, the next one stays", "<" + strings.Repeat("a", 999) + "> <b@cust.example>", []ID{"b@cust.example"}},
		{"as long as may be", "<" + strings.Repeat("a", 998) + ">", []ID{ID(strings.Repeat("a", 998))}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ParseIDs(tt.field); !slices.Equal(got, tt.want) {
				t.Errorf("ParseIDs(%q) = %q, want %q", tt.field, got, tt.want)
			}
		})
	}
}

func TestParseIDsKeepsTheParents(t *testing.T) {
	ids := ParseIDs(strings.Repeat("<old@cust.example> ", 20_000) + "<parent@cust.example>")
	if len(ids) != maxIDs {
		t.Errorf("got %d ids, want %d", len(ids), maxIDs)
	}
	if last := ids[len(ids)-1]; last != "parent@cust.example" {
		t.Errorf("the last id is %q, want the direct parent", last)
	}
}

func TestIDHeader(t *testing.T) {
	if got := ID("a@cust.example").Header(); got != "<a@cust.example>" {
		t.Errorf("got %q", got)
	}
	if got := ID("").Header(); got != "" {
		t.Errorf("no id is written as %q, want nothing", got)
	}
}

func FuzzParseIDs(f *testing.F) {
	for _, s := range []string{"<a@b> <c@d>", "a@b, c@d", "<a (b) <c", "(<a@b>", "<\r\n a@b>", "\xff<\x00>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, field string) {
		for _, id := range ParseIDs(field) {
			// What was read once reads the same from a field that we write.
			if again := ParseIDs(id.Header()); len(again) != 1 || again[0] != id {
				t.Errorf("%q came back as %q", id, again)
			}
		}
	})
}
