package parse

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestWordSet compares the words that a set finds in a text with those that are there.
func TestWordSet(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	letters := []string{"a", "b", "c", "ab", "ca", "é", "メ", " ", "-", "0"}
	for range 3000 {
		var words []word
		least := minWord + rnd.IntN(2)
		for i := range 1 + rnd.IntN(12) {
			text := pieces(rnd, least+rnd.IntN(8), letters...)
			for len(text) < least {
				text += "a"
			}
			words = append(words, word{text: text, part: uint8(i), sure: i%3 == 0})
		}
		set := newWordSet(words)
		for range 10 {
			text := pieces(rnd, 1+rnd.IntN(60), append(letters, "A", "C", "\xff", words[0].text, words[len(words)-1].text[1:])...)
			var want, got []uint8
			lower := strings.NewReplacer("A", "a", "C", "c").Replace(text)
			first := len(text) + 1
			for _, w := range words {
				if i := strings.Index(lower, w.text); i >= 0 {
					want = append(want, w.part)
					first = min(first, i)
				}
			}
			last := 0
			for at, i := set.next(text, 0, -1); at >= 0; at, i = set.next(text, at, i) {
				w := set.list[i]
				if part := words[w.part]; at < last || !strings.HasPrefix(lower[at:], part.text) || w.sure != part.sure {
					t.Fatalf("%v is found at %d of %q, behind %d", part, at, text, last)
				}
				got = append(got, w.part)
				last = at
			}
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, want) {
				t.Fatalf("in %q: found %v of %v, want %v", text, got, words, want)
			}
			if at, _ := set.next(text, 0, -1); at != first && len(want) > 0 {
				t.Fatalf("in %q: the first of %v begins at %d, want %d", text, words, at, first)
			}
		}
	}
}
