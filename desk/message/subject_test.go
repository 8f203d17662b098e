package message

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
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

func TestBare(t *testing.T) {
	tests := []struct{ name, subject, want string }{
		{"first mail", "Printer on fire", "Printer on fire"},
		{"answer", "Re: Printer on fire", "Printer on fire"},
		{"our own tag comes back", "Re: [#5] Printer on fire", "Printer on fire"},
		{"a client that puts its prefix before ours", "AW: Re: [#5] Printer on fire", "Printer on fire"},
		{"prefixes on both sides of the tag", "Antw: [#5] Re: [#5] SV: Printer on fire", "Printer on fire"},
		{"another ticket's tag", "Fwd: [#4] Printer", "Printer"},
		{"tags only", "[#4][#5]", ""},
		{"nothing", "", ""},
		{"only a prefix", "Re:", ""},
		{"nested tags leave none behind", "[#[#1]2] Printer", "[# 2] Printer"},
		{"counted prefixes", "Re[2]: RE(3): Re^2: Printer", "Printer"},
		{"French space", "RE : TR : Imprimante", "Imprimante"},
		{"French no-break space", "RE\u00a0: Imprimante", "Imprimante"},
		{"Polish, Russian, Swedish, Italian", "Odp: Ответ: SV: R: Drukarka", "Drukarka"},
		{"Chinese", "回复：打印机", "打印机"},
		{"no space after", "Re:Printer", "Printer"},
		{"a word that only begins like a prefix", "Reset: how?", "Reset: how?"},
		{"a part's number", "R2: short circuit", "R2: short circuit"},
		{"a prefix inside", "Printer, Re: yesterday", "Printer, Re: yesterday"},
		{"a list's tag stays", "Re: [users] Printer", "[users] Printer"},
		{"line ends do not get through", "Printer\r\nBcc: x@evil.example", "Printer Bcc: x@evil.example"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Bare(tt.subject)
			if got != tt.want {
				t.Errorf("Bare(%q) = %q, want %q", tt.subject, got, tt.want)
			}
			if again := Bare("AW: Re: " + got + " [#5]"); again != got {
				t.Errorf("the subject grows: %q, then %q", got, again)
			}
		})
	}
}

func TestBase(t *testing.T) {
	tests := []struct {
		name, subject, want string
		answer              bool
	}{
		{"first mail", "Printer on fire", "printer on fire", false},
		{"answer", "Re: Printer on fire", "printer on fire", true},
		{"German, Swedish, Dutch, Polish, Russian, Italian", "AW: SV: Antw: Odp: Ответ: R: Printer", "printer", true},
		{"Chinese", "回复：打印机", "打印机", true},
		{"counted", "Re[2]: RE (3): Printer", "printer", true},
		{"a forward is no answer", "Fwd: Printer", "printer", false},
		{"one in other languages", "WG: RV: TR: Doorst: I: Printer", "printer", false},
		{"an answer to a forward", "Re: WG: Printer", "printer", true},
		{"a forward around an answer", "[Fwd: Re: Printer]", "printer", true},
		{"a forward of old", "Printer (Fwd) (fwd)", "printer", false},
		{"a list's name", "[users] Printer", "printer", false},
		{"a list's name on either side", "Re: [users] Re: [Users] Printer", "printer", true},
		{"nothing but a name", "Re: [users]", "[users]", true},
		{"a bracket that does not close", "Re: [users Printer", "[users printer", true},
		{"our tag", "Re: [#5] Printer", "printer", true},
		{"white space", "Re:  Printer   on fire ", "printer on fire", true},
		{"a prefix inside", "Printer, Re: yesterday", "printer, re: yesterday", false},
		{"what it was before stays", "Scanner (was: Printer)", "scanner (was: printer)", false},
		{"nothing", "", "", false},
		{"only marks", "Re: AW:", "", true},
		{"no subject", "Re: (no subject)", "", true},
		{"no subject in German", "AW: (kein Betreff)", "", true},
		{"signs only", "Re: ???", "", true},
		{"too short to say anything", "Re: Hi", "", true},
		{"two signs that say something", "Re: 帮助", "帮助", true},
		{"long", "Re: " + strings.Repeat("lång ", 100), strings.Repeat("lång ", 34)[:maxBase-1], true},
		{"cut inside a sign", "Re: x" + strings.Repeat("å", 200), "x" + strings.Repeat("å", 99), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, answer := Base(tt.subject)
			if got != tt.want || answer != tt.answer {
				t.Errorf("Base(%q) = %q, %v, want %q, %v", tt.subject, got, answer, tt.want, tt.answer)
			}
			if again, answer := Base("AW: " + tt.subject); again != got || !answer {
				t.Errorf("its answer has %q, %v", again, answer)
			}
		})
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
		Bare(s)
		Base(s)
		if d := time.Since(start); d > time.Second {
			t.Errorf("%.12q... took %v", s, d)
		}
	}
}

func FuzzBare(f *testing.F) {
	for _, s := range []string{"Re: [#5] x", "[#[#1]2]", "［＃１］", "R: R:", "\r\n[#1]\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Bare(s)
		if n, ok := TagOf(got); ok {
			t.Errorf("Bare(%q) = %q holds the tag %d", s, got, n)
		}
		if strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("Bare(%q) = %q holds a control character", s, got)
		}
		base, _ := Base(s)
		if len(base) > maxBase || !utf8.ValidString(base) || strings.ContainsFunc(base, unicode.IsControl) {
			t.Errorf("Base(%q) = %q cannot be compared by a database", s, base)
		}
	})
}
