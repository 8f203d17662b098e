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
		least := 2 + rnd.IntN(3)
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
					first = min(first, i+len(w.text))
				}
			}
			for end, state := set.seek(text, 0, 0); end >= 0; end, state = set.seek(text, end, state) {
				sure := false
				for _, part := range set.partsAt(state) {
					got = append(got, part)
					sure = sure || words[part].sure
					if !strings.HasSuffix(lower[:end], words[part].text) {
						t.Fatalf("%q is said to end at %d of %q", words[part].text, end, text)
					}
				}
				if sure != (state >= set.sure) {
					t.Fatalf("at %d of %q: sure is %t", end, text, !sure)
				}
			}
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, want) {
				t.Fatalf("in %q: found %v of %v, want %v", text, got, words, want)
			}
			if end, _ := set.seek(text, 0, 0); end != first && len(want) > 0 {
				t.Fatalf("in %q: the first of %v ends at %d, want %d", text, words, end, first)
			}
		}
	}
}
