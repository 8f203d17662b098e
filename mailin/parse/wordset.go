package parse

import "slices"

// A wordSet looks for many words at once (Aho and Corasick, 1975): an automaton over the bytes of the text that has seen, at each state,
// the longest beginning of a word that ends here.
type wordSet struct {
	class [256]uint8 // bytes that lead to the same states; both cases of an ASCII letter are one
	width int        // how many classes there are
	next  []uint32   // state and class to state, premultiplied by the number of classes; state 0 is the beginning
	found uint32     // the states from here on have seen a word
	sure  uint32     // and from here on a sure one
	parts [][]uint8  // of each state that has seen a word: those whose words these are
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
	ends := []int{0} // 1 of a word, 2 of a sure one
	parts := [][]uint8{nil}
	for _, w := range words {
		at := 0
		for _, c := range []byte(w.text) {
			to := &next[at*width+int(s.class[c])]
			if *to == 0 {
				*to = len(ends)
				ends, parts = append(ends, 0), append(parts, nil)
				at = *to
				next = append(next, make([]int, width)...)
			} else {
				at = *to
			}
		}
		if w.sure {
			ends[at] = 2
		} else {
			ends[at] = max(ends[at], 1)
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
				ends[*to] = max(ends[*to], ends[fail[*to]])
				parts[*to] = append(parts[*to], parts[fail[*to]]...)
				queue = append(queue, *to)
			case at != 0:
				*to = other
			}
		}
	}
	// Those that have seen a word come last.
	number, n := make([]int, len(ends)), 0
	for kind, first := range []*uint32{new(uint32), &s.found, &s.sure} {
		*first = uint32(n * width)
		for at, end := range ends {
			if end == kind {
				number[at] = n
				n++
				if kind > 0 {
					slices.Sort(parts[at])
					s.parts = append(s.parts, slices.Compact(parts[at]))
				}
			}
		}
	}
	s.width = width
	s.next = make([]uint32, len(next))
	for at := range ends {
		for c := range width {
			s.next[number[at]*width+c] = uint32(number[next[at*width+c]] * width)
		}
	}
	return s
}

// after is the state after one more byte.
func (s *wordSet) after(state uint32, c byte) uint32 { return s.next[int(state)+int(s.class[c])] }

// partsAt are those of which a word was seen at a state.
func (s *wordSet) partsAt(state uint32) []uint8 { return s.parts[int(state-s.found)/s.width] }

// find is the index after the word of the set that ends first in the text, -1 where there is none, and whether that one is sure.
func (s *wordSet) find(text string) (end int, sure bool) {
	at := uint32(0)
	for i := 0; i < len(text); i++ {
		if at = s.next[int(at)+int(s.class[text[i]])]; at >= s.found {
			return i + 1, at >= s.sure
		}
	}
	return -1, false
}

func (s *wordSet) some(text string) bool {
	end, _ := s.find(text)
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
