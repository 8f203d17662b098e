package parse

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// A wordSet looks for many words at once. A hash of the bytes at each place of a text finds those that may begin there (Rabin and Karp, 1987).
// It is small, which counts for more than its steps: there are hundreds of sets, and what one short mail needs of them has to stay near the
// processor. An automaton over all words was tried; its tables had 11 MB, and most looks at them waited for the memory.
type wordSet struct {
	starts  []uint64 // a bit for each hash of what begins a word
	shift   uint8    // of a hash
	mask    uint32   // of the bytes that it is made of: three where a word has no more, else four
	buckets []uint16 // where the words of a hash begin in list, those of startsEach hashes together; one more at the end
	list    []setWord
	text    string // of all words, one after the other
}

// A setWord is one of a set, ASCII letters in lower case, where they stand for both cases.
type setWord struct {
	begin  uint32 // in the text of the set
	bucket uint16
	size   uint8 // in bytes
	part   uint8
	sure   bool
}

const (
	minWord    = 3  // bytes of a word of a set
	startsEach = 16 // hashes for each bucket
)

func newWordSet(words []word) *wordSet {
	s := &wordSet{mask: 1<<32 - 1}
	starts := map[string]bool{}
	for _, w := range words {
		starts[w.text[:minWord]] = true
		if len(w.text) == minWord {
			s.mask = 1<<(8*minWord) - 1
		}
	}
	bits := 8
	for ; bits < 16 && 1<<bits < startsEach*len(starts); bits++ {
	}
	s.shift = uint8(32 - bits)
	s.starts = make([]uint64, 1<<bits/64)
	s.buckets = make([]uint16, 1<<bits/startsEach+1)
	var text strings.Builder
	for _, w := range words {
		hash := s.hash(w.text)
		s.starts[hash/64] |= 1 << (hash % 64)
		s.list = append(s.list, setWord{uint32(text.Len()), uint16(hash / startsEach), uint8(len(w.text)), w.part, w.sure})
		text.WriteString(w.text)
	}
	s.text = text.String()
	slices.SortStableFunc(s.list, func(a, b setWord) int { return cmp.Compare(a.bucket, b.bucket) })
	for _, w := range s.list {
		s.buckets[w.bucket+1]++
	}
	for i := range s.buckets[1:] {
		s.buckets[i+1] += s.buckets[i]
	}
	return s
}

// hash is that of the first bytes of a text, three at least. Each goes with the bit set that parts capitals from small letters.
func (s *wordSet) hash(text string) uint32 {
	var first uint32
	if len(text) > minWord {
		first = binary.LittleEndian.Uint32([]byte(text[:minWord+1]))
	} else {
		first = uint32(text[0]) | uint32(text[1])<<8 | uint32(text[2])<<16
	}
	return (first | 0x20202020) & s.mask * 0x9e3779b1 >> (s.shift & 31)
}

// next finds the words of the set in a text: from an index on where the next one begins, and which of the list it is; -1 where there is none.
// Where after is not negative it is the one that was found there before.
func (s *wordSet) next(text string, from, after int) (at, found int) {
	for at := from; at+minWord <= len(text); at, after = at+1, -1 {
		var bucket uint16
		if after >= 0 {
			bucket = s.list[after].bucket
			after++
		} else {
			hash := s.hash(text[at:])
			if s.starts[hash/64]&(1<<(hash%64)) == 0 {
				continue
			}
			bucket = uint16(hash / startsEach)
			after = int(s.buckets[bucket])
		}
		for ; after < int(s.buckets[bucket+1]); after++ {
			if s.begins(text[at:], &s.list[after]) {
				return at, after
			}
		}
	}
	return -1, -1
}

// begins tells whether a text begins with a word.
func (s *wordSet) begins(text string, w *setWord) bool {
	if len(text) < int(w.size) {
		return false
	}
	for i, c := range []byte(s.text[w.begin : w.begin+uint32(w.size)]) {
		if other := text[i]; other != c && (other|0x20 != c || c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

func (s *wordSet) some(text string) bool {
	at, _ := s.next(text, 0, -1)
	return at >= 0
}

// A headSet tells by a tree over its bytes whether a text begins with one of its words.
type headSet struct {
	words []string
	class [256]uint8 // as those of a wordSet
	width int
	next  []uint16 // state and class to state; 0 is none, and headFound that a word was seen
}

const headFound = 1<<16 - 1

func (s *headSet) build() {
	for _, w := range s.words {
		for _, c := range []byte(w) {
			if s.class[c] == 0 {
				s.class[c] = uint8(s.width)
				s.width++
			}
		}
	}
	for c := byte('A'); c <= 'Z'; c++ {
		s.class[c] = s.class[c+'a'-'A']
	}
	s.next = make([]uint16, s.width)
	for _, w := range s.words {
		at := 0
		for i, c := range []byte(w) {
			to := &s.next[at*s.width+int(s.class[c])]
			if *to == headFound {
				break
			} else if i == len(w)-1 {
				*to = headFound
			} else if *to == 0 {
				*to = uint16(len(s.next) / s.width)
				at = int(*to)
				s.next = append(s.next, make([]uint16, s.width)...)
			} else {
				at = int(*to)
			}
		}
	}
}

func (s *headSet) begins(text string) bool {
	at := 0
	for i := 0; i < len(text); i++ {
		switch to := s.next[at*s.width+int(s.class[text[i]])]; to {
		case 0:
			return false
		case headFound:
			return true
		default:
			at = int(to)
		}
	}
	return false
}
