package message

import (
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestTagOf(t *testing.T) {
	tests := []struct {
		name, subject string
		want          int64 // 0: none
	}{
		{"plain", "[#123] Printer", 123},
		{"after prefixes", "Re: AW: [#123] Printer", 123},
		{"at the end", "Printer [#123]", 123},
		{"in the middle of a word", "Printer[#123]s", 123},
		{"doubled", "Re: [#123] Re: [#123] Printer", 123},
		{"two of them, the last counts", "[#1] Fwd: [#2] Printer", 2},
		{"the last is broken", "[#1] Printer [#2", 1},
		{"nested", "[[#7]]", 7},
		{"a tag inside a broken one", "[#[#1]2]", 1},
		{"full-width", "［＃１２３］ プリンタ", 123},
		{"no tag", "Printer", 0},
		{"no number", "[#] Printer", 0},
		{"a word", "[#abc] Printer", 0},
		{"zero", "[#0] Printer", 0},
		{"leading zero", "[#0123] Printer", 0},
		{"negative", "[#-5] Printer", 0},
		{"no hash", "[123] Printer", 0},
		{"a hash alone", "#123 Printer", 0},
		{"18 digits", "[#123456789012345678]", 123456789012345678},
		{"more digits than a number has", "[#1234567890123456789]", 0},
		{"other digits", "[#٣]", 0},
		{"empty", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := TagOf(tt.subject)
			if got != tt.want || ok != (tt.want != 0) {
				t.Errorf("TagOf(%q) = %d, %v, want %d", tt.subject, got, ok, tt.want)
			}
		})
	}
}

func TestWithTag(t *testing.T) {
	tests := []struct{ name, subject, want string }{
		{"first mail", "Printer on fire", "[#5] Printer on fire"},
		{"answer", "Re: Printer on fire", "Re: [#5] Printer on fire"},
		{"our own tag comes back", "Re: [#5] Printer on fire", "Re: [#5] Printer on fire"},
		{"a client that puts its prefix before ours", "AW: Re: [#5] Printer on fire", "Re: [#5] Printer on fire"},
		{"prefixes on both sides of the tag", "Antw: [#5] Re: [#5] SV: Printer on fire", "Re: [#5] Printer on fire"},
		{"another ticket's tag", "Fwd: [#4] Printer", "Re: [#5] Printer"},
		{"tags only", "[#4][#5]", "[#5]"},
		{"nothing", "", "[#5]"},
		{"only a prefix", "Re:", "Re: [#5]"},
		{"nested tags leave none behind", "[#[#1]2] Printer", "[#5] [# 2] Printer"},
		{"counted prefixes", "Re[2]: RE(3): Re^2: Printer", "Re: [#5] Printer"},
		{"French space", "RE : TR : Imprimante", "Re: [#5] Imprimante"},
		{"French no-break space", "RE\u00a0: Imprimante", "Re: [#5] Imprimante"},
		{"Polish, Russian, Swedish, Italian", "Odp: Ответ: SV: R: Drukarka", "Re: [#5] Drukarka"},
		{"Chinese", "回复：打印机", "Re: [#5] 打印机"},
		{"no space after", "Re:Printer", "Re: [#5] Printer"},
		{"a word that only begins like a prefix", "Reset: how?", "[#5] Reset: how?"},
		{"a part's number", "R2: short circuit", "[#5] R2: short circuit"},
		{"a prefix inside", "Printer, Re: yesterday", "[#5] Printer, Re: yesterday"},
		{"a list's tag stays", "Re: [users] Printer", "Re: [#5] [users] Printer"},
		{"line ends do not get through", "Printer\r\nBcc: x@evil.example", "[#5] Printer Bcc: x@evil.example"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := WithTag(tt.subject, 5)
			if got != tt.want {
				t.Errorf("WithTag(%q) = %q, want %q", tt.subject, got, tt.want)
			}
			if again := WithTag("Re: "+got, 5); WithTag(again, 5) != again {
				t.Errorf("the subject grows: %q, then %q", again, WithTag(again, 5))
			}
		})
	}
}

func TestBare(t *testing.T) {
	if got, want := Bare("AW: Re: [#5]  Printer\ton fire "), "Printer on fire"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A subject may be as long as a header field, and must not cost more than its length.
func TestHostileSubjects(t *testing.T) {
	for _, s := range []string{
		strings.Repeat("[#", 200_000) + strings.Repeat("1]", 200_000), strings.Repeat("Re: ", 200_000), strings.Repeat("[#1]", 200_000),
		"[#" + strings.Repeat("1", 400_000) + "]", strings.Repeat("]", 400_000),
	} {
		start := time.Now()
		TagOf(s)
		WithTag(s, 5)
		if d := time.Since(start); d > time.Second {
			t.Errorf("%.12q... took %v", s, d)
		}
	}
}

func FuzzWithTag(f *testing.F) {
	for _, s := range []string{"Re: [#5] x", "[#[#1]2]", "［＃１］", "R: R:", "\r\n[#1]\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := WithTag(s, 5)
		if n, ok := TagOf(got); !ok || n != 5 {
			t.Errorf("WithTag(%q) = %q holds the tag %d, %v", s, got, n, ok)
		}
		if strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("WithTag(%q) = %q holds a control character", s, got)
		}
	})
}
