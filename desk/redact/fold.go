package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A folded text is a text as a reader takes it: letters and digits of other widths and styles in their plain form, signs that are not seen
// gone, all spaces and dashes alike. at gives for each of its bytes where in the original it came from.
type folded struct {
	text     string
	original string
	at       []int
}

// size is the length of the letter of the original that the byte i of the folded text came from.
func (f folded) size(i int) int {
	_, n := utf8.DecodeRuneInString(f.original[f.at[i]:])
	return n
}

func fold(s string) folded {
	f := folded{original: s, at: make([]int, 0, len(s))}
	var b strings.Builder
	b.Grow(len(s))
	put := func(t string, at int) {
		b.WriteString(t)
		for range len(t) {
			f.at = append(f.at, at)
		}
	}
	for i, r := range s {
		switch {
		case r < utf8.RuneSelf:
			b.WriteByte(byte(r))
			f.at = append(f.at, i)
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Me, r), 0xFE00 <= r && r <= 0xFE0F: // joiners, soft hyphens, keycaps
		case unicode.Is(unicode.Zs, r):
			put(" ", i)
		case unicode.Is(unicode.Pd, r), r == '−':
			put("-", i)
		case r == '·', r == '•', r == '․', r == '。':
			put(".", i)
		case unicode.Is(unicode.Nd, r):
			put(string(digit(r)), i)
		default:
			t := string(r)
			if r > 0x2000 { // below that, what NFKC changes is spelling rather than style
				t = norm.NFKC.String(t)
			}
			put(t, i)
		}
	}
	f.text = b.String()
	return f
}

// digit is a decimal digit of any script as ASCII: each script has its ten in a row that begins at a zero.
func digit(r rune) rune {
	if n := norm.NFKC.String(string(r)); len(n) == 1 {
		return rune(n[0])
	}
	zero := r
	for unicode.Is(unicode.Nd, zero-1) && r-zero < 9 {
		zero--
	}
	return '0' + r - zero
}
