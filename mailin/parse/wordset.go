package parse

import (
	"encoding/binary"
	"slices"
)

// A wordSet looks for many words at once (Aho and Corasick, 1975): an automaton over the bytes of the text that has seen, at each state,
// the longest beginning of a word that ends here. Its table is large, so it runs only from places on where four bytes may begin a word.
type wordSet struct {
	starts      []uint64   // a bit for each hash of four bytes that begin a word; nil where a word is too short
	startsShift uint8      // of a hash
	class       [256]uint8 // bytes that lead to the same states; both cases of an ASCII letter are one
	width       int        // how many classes there are
	next        []uint32   // state and class to state, premultiplied by the number of classes; state 0 is the beginning
	deep        uint32     // the states from here on have seen four bytes of a word
	found       uint32     // and from here on a word
	sure        uint32     // and from here on a sure one
	parts       [][]uint8  // of each state that has seen a word: those whose words these are
}

func newWordSet(words []word) *wordSet {
	s := &wordSet{}
	width := 1
	for _, w := range words {
		for _, c := range []byte(w.text) {
			if s.class[c] == 0 {
				s.class[c] = uint8(width)
				width++
			}
		}
	}
	for c := byte('A'); c <= 'Z'; c++ {
		s.class[c] = s.class[c+'a'-'A']
	}
	// The tree of the words; 0 is no state but the beginning.
	next := make([]int, width, 64*width)
	ends := []int{shallowState}
	parts := [][]uint8{nil}
	for _, w := range words {
		at := 0
		for i, c := range []byte(w.text) {
			to := &next[at*width+int(s.class[c])]
			if *to == 0 {
				*to = len(ends)
				end := shallowState
				if i+1 >= startSize {
					end = deepState
				}
				ends, parts = append(ends, end), append(parts, nil)
				at = *to
				next = append(next, make([]int, width)...)
			} else {
				at = *to
			}
		}
		if w.sure {
			ends[at] = sureState
		} else {
			ends[at] = max(ends[at], foundState)
		}
		parts[at] = append(parts[at], w.part)
	}
	// From each state, where it has no way on, that of the longest shorter beginning; breadth first, so that this one is complete.
	fail := make([]int, len(ends))
	for queue := []int{0}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for c := range width {
			to := &next[at*width+c]
			other := next[fail[at]*width+c]
			switch {
			case *to != 0:
				if at != 0 {
					fail[*to] = other
				}
				if end := ends[fail[*to]]; end >= foundState {
					ends[*to] = max(ends[*to], end)
				}
				parts[*to] = append(parts[*to], parts[fail[*to]]...)
				queue = append(queue, *to)
			case at != 0:
				*to = other
			}
		}
	}
	// Those that have seen a word come last.
	number, n := make([]int, len(ends)), 0
	for kind, first := range []*uint32{new(uint32), &s.deep, &s.found, &s.sure} {
		*first = uint32(n * width)
		for at, end := range ends {
			if end == kind {
				number[at] = n
				n++
				if kind >= foundState {
					slices.Sort(parts[at])
					s.parts = append(s.parts, slices.Compact(parts[at]))
				}
			}
		}
	}
	s.findStarts(words)
	s.width = width
	s.next = make([]uint32, len(next))
	for at := range ends {
		for c := range width {
			s.next[number[at]*width+c] = uint32(number[next[at*width+c]] * width)
		}
	}
	return s
}

// Kinds of states, in their order.
const (
	shallowState = iota
	deepState
	foundState
	sureState
)

const startSize = 4 // bytes by which a place is looked at first

// findStarts takes the first bytes of all words. Each byte of them goes with the bit set that parts capitals from small letters.
func (s *wordSet) findStarts(words []word) {
	bits := 10
	for ; bits < 16 && 1<<bits < 64*len(words); bits++ {
	}
	s.startsShift = uint8(32 - bits)
	s.starts = make([]uint64, 1<<bits/64)
	add := func(text string) {
		hash := startHash(binary.LittleEndian.Uint32([]byte(text))) >> s.startsShift
		s.starts[hash/64] |= 1 << (hash % 64)
	}
	for _, w := range words {
		switch n := len(w.text); {
		case n >= startSize:
			add(w.text[:startSize])
		case n == startSize-1:
			for c := range 256 {
				add(w.text + string([]byte{byte(c)}))
			}
		default:
			s.starts = nil
			return
		}
	}
}

// startHash is that of four bytes, in its highest bits.
func startHash(four uint32) uint32 { return (four | 0x20202020) * 0x9e3779b1 }

// mayStart is the first index from one on where a word may begin, the text's length where there is none.
func (s *wordSet) mayStart(text string, from int) int {
	if s.starts == nil {
		return from
	}
	for ; from+startSize <= len(text); from++ {
		hash := startHash(binary.LittleEndian.Uint32([]byte(text[from:from+startSize]))) >> (s.startsShift & 31)
		if s.starts[hash/64]&(1<<(hash%64)) != 0 {
			return from
		}
	}
	if from == len(text)-startSize+1 { // a word of three bytes may end the text
		return from
	}
	return len(text)
}

// seek is the index after the next word of the set that ends in the text behind an index, and the state there, from the state at that index; -1
// where there is none. The first time both are 0.
func (s *wordSet) seek(text string, from int, state uint32) (end int, after uint32) {
	for i := from; ; {
		if state == 0 {
			i = s.mayStart(text, i)
		}
		for leave := i + startSize; ; i++ {
			if i >= len(text) {
				return -1, 0
			}
			if state < s.deep && i >= leave && s.starts != nil {
				break
			}
			if state = s.next[int(state)+int(s.class[text[i]])]; state >= s.found {
				return i + 1, state
			}
		}
		i, state = i-startSize+1, 0 // no word that goes on from here began before
	}
}

// partsAt are those of which a word was seen at a state.
func (s *wordSet) partsAt(state uint32) []uint8 { return s.parts[int(state-s.found)/s.width] }

func (s *wordSet) some(text string) bool {
	end, _ := s.seek(text, 0, 0)
	return end >= 0
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
