package parse

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// A pattern is a regular expression over what strangers wrote, most of which it does not match. So it first looks whether one of the words
// is there without which it cannot match: those are found in the expression itself, and looked for all at once in one pass. An expression
// over many phrases in many languages costs a hundred times as much.
type pattern struct {
	source string
	once   sync.Once
	expr   *regexp.Regexp
	words  *wordSet // nil where the expression needs no word
	heads  *headSet // what a text begins with that matches, or a line; nil where it may begin with anything
	ofLine bool     // the heads are those of a line
	inLine bool     // no match goes over the end of a line, nor hangs on the ends of the text
}

// newPattern takes an expression of this package. It is compiled when it is first used: most runs need few of them.
func newPattern(expr string) *pattern { return &pattern{source: expr} }

func (p *pattern) compile() {
	p.once.Do(func() {
		p.expr = regexp.MustCompile(p.source)
		re, err := syntax.Parse(p.source, syntax.Perl)
		if err != nil {
			return
		}
		re = re.Simplify()
		if words := neededWords(re); len(words) > 0 {
			p.words = newWordSet(words)
		}
		p.heads, p.ofLine = newHeads(re)
		p.inLine = staysInLine(re)
	})
}

// find looks for the first match by a method of the expression, in all of the text or in those lines alone that hold a word. It gives
// where the text that the method has seen begins. Where a sure word is enough, the method is not asked about it, and what is given is
// where the word ends.
func find[T any](p *pattern, s string, enough bool, method func(*regexp.Regexp, string) (T, bool)) (found T, offset int, ok bool) {
	p.compile()
	if !p.mayBegin(s) {
		return found, 0, false
	}
	if p.words == nil {
		found, ok = method(p.expr, s)
		return found, 0, ok
	}
	for at := 0; at < len(s); {
		end, sure := p.words.find(s[at:])
		switch {
		case end < 0:
			return found, 0, false
		case sure && enough:
			return found, at + end - 1, true
		case !p.inLine:
			found, ok = method(p.expr, s)
			return found, 0, ok
		}
		line := s[strings.LastIndexByte(s[:at+end-1], '\n')+1:] // a word holds no line end
		offset := len(s) - len(line)
		if n := strings.IndexByte(line, '\n'); n >= 0 {
			line = line[:n]
		}
		at = offset + len(line) + 1
		if p.ofLine && !p.heads.begins(line) {
			continue
		}
		if found, ok = method(p.expr, line); ok {
			return found, offset, true
		}
	}
	return found, 0, false
}

func (p *pattern) MatchString(s string) bool {
	_, _, ok := find(p, s, true, func(re *regexp.Regexp, s string) (struct{}, bool) { return struct{}{}, re.MatchString(s) })
	return ok
}

// lineOf is where the first line begins that holds a match, -1 where none does. The pattern is one whose matches are in lines.
func (p *pattern) lineOf(s string) int {
	_, at, ok := find(p, s, true, func(re *regexp.Regexp, s string) (struct{}, bool) { return struct{}{}, re.MatchString(s) })
	if !ok {
		return -1
	}
	return strings.LastIndexByte(s[:at], '\n') + 1
}

func (p *pattern) FindString(s string) string {
	m := p.FindStringIndex(s)
	if m == nil {
		return ""
	}
	return s[m[0]:m[1]]
}

func (p *pattern) FindStringIndex(s string) []int {
	m, offset, ok := find(p, s, false, func(re *regexp.Regexp, s string) ([]int, bool) { m := re.FindStringIndex(s); return m, m != nil })
	if !ok {
		return nil
	}
	return []int{m[0] + offset, m[1] + offset}
}

func (p *pattern) FindStringSubmatch(s string) []string {
	m, _, _ := find(p, s, false, func(re *regexp.Regexp, s string) ([]string, bool) { m := re.FindStringSubmatch(s); return m, m != nil })
	return m
}

// mayBegin tells whether a text begins as one that the expression matches.
func (p *pattern) mayBegin(s string) bool {
	p.compile()
	return p.heads == nil || p.ofLine || p.heads.begins(s)
}

// possible tells whether the expression can match at all.
func (p *pattern) possible(s string) bool {
	p.compile()
	return p.words == nil || p.words.some(s)
}

func (p *pattern) FindAllStringSubmatch(s string, n int) (all [][]string) {
	if !p.possible(s) {
		return nil
	}
	if p.words == nil || !p.inLine {
		return p.expr.FindAllStringSubmatch(s, n)
	}
	for line := range strings.SplitSeq(s, "\n") {
		if p.words.some(line) && len(all) < n {
			all = append(all, p.expr.FindAllStringSubmatch(line, n-len(all))...)
		}
	}
	return all
}

func (p *pattern) ReplaceAllString(s, with string) string {
	if !p.possible(s) {
		return s
	}
	return p.expr.ReplaceAllString(s, with)
}

// newHeads finds the words with one of which a text begins that an expression matches. Nearly every line is told by its first letters
// from those that an expression wants at its beginning.
func newHeads(re *syntax.Regexp) (s *headSet, ofLine bool) {
	if re.Op != syntax.OpConcat || re.Sub[0].Op != syntax.OpBeginText && re.Sub[0].Op != syntax.OpBeginLine {
		return nil, false
	}
	s = &headSet{width: 1}
	for _, b := range heads(re.Sub[1:]) {
		if b.run == "" {
			return nil, false
		}
		s.words = append(s.words, b.run)
	}
	if len(s.words) == 0 {
		return nil, false
	}
	s.build()
	return s, re.Sub[0].Op == syntax.OpBeginLine
}

const maxHead = 4 // bytes of a beginning that are looked at

// heads are the ways to begin with what the expressions match one after the other: of a branch only run, and whole where it may go on.
func heads(list []*syntax.Regexp) []branch {
	all := []branch{{whole: true}}
	for _, re := range list {
		var more []branch
		open := false
		for _, x := range all {
			if !x.whole || len(x.run) >= maxHead {
				more = append(more, branch{run: x.run})
				continue
			}
			open = true
			for _, y := range headsOf(re) {
				more = append(more, branch{run: x.run + y.run, whole: y.whole})
			}
		}
		if len(more) > maxWords {
			return nil
		}
		if all = more; !open {
			break
		}
	}
	return all
}

func headsOf(re *syntax.Regexp) []branch {
	switch re.Op {
	case syntax.OpLiteral:
		all := []branch{{}}
		for i, r := range re.Rune {
			if len(all[0].run) >= maxHead {
				return all
			}
			cases := []string{lowerASCII(string(r))}
			for other := unicode.SimpleFold(r); re.Flags&syntax.FoldCase != 0 && r >= utf8.RuneSelf && other != r; other = unicode.SimpleFold(other) {
				cases = append(cases, lowerASCII(string(other)))
			}
			var more []branch
			for _, b := range all {
				for _, c := range cases {
					more = append(more, branch{run: b.run + c, whole: i == len(re.Rune)-1})
				}
			}
			all = more
		}
		return all
	case syntax.OpEmptyMatch:
		return []branch{{whole: true}}
	case syntax.OpCharClass:
		var all []branch
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if len(all) == 12 {
					return []branch{{}}
				}
				all = append(all, branch{run: lowerASCII(string(r)), whole: true})
			}
		}
		return all
	case syntax.OpCapture:
		return headsOf(re.Sub[0])
	case syntax.OpQuest:
		return append(headsOf(re.Sub[0]), branch{whole: true})
	case syntax.OpPlus:
		all := headsOf(re.Sub[0])
		for i := range all {
			all[i].whole = false // what follows may be one more of it
		}
		return all
	case syntax.OpAlternate:
		var all []branch
		for _, sub := range re.Sub {
			all = append(all, headsOf(sub)...)
		}
		return all
	case syntax.OpConcat:
		return heads(re.Sub)
	}
	return []branch{{}}
}

// patterns are several of which one has to match: a large expression takes its time wherever it is tried, a small one only where its first
// letters stand. All of them begin at the beginning of a text.
type patterns struct {
	list  []*pattern
	heads func() *headSet // of all of them
}

// anyPattern takes the alternatives of one expression between what stands before and behind them.
func anyPattern(before, behind string, alternatives ...string) *patterns {
	p := &patterns{}
	for _, a := range alternatives {
		p.list = append(p.list, newPattern(before+a+behind))
	}
	p.heads = sync.OnceValue(func() *headSet {
		all := &headSet{width: 1}
		for _, p := range p.list {
			p.compile()
			all.words = append(all.words, p.heads.words...)
		}
		all.build()
		return all
	})
	return p
}

func (p *patterns) mayBegin(s string) bool { return p.heads().begins(s) }

func (p *patterns) MatchString(s string) bool {
	return p.mayBegin(s) && slices.ContainsFunc(p.list, func(p *pattern) bool { return p.MatchString(s) })
}

// staysInLine tells whether each match of an expression is also one of the line that holds it.
func staysInLine(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginText, syntax.OpEndText, syntax.OpAnyChar:
		return false
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r == '\n' {
				return false
			}
		}
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			if re.Rune[i] <= '\n' && '\n' <= re.Rune[i+1] {
				return false
			}
		}
	}
	for _, sub := range re.Sub {
		if !staysInLine(sub) {
			return false
		}
	}
	return true
}

// A word is what a match of an expression has to hold, ASCII letters in lower case, where they stand for both cases. It is sure where the
// word alone is a match.
type word struct {
	text string
	sure bool
}

const (
	maxWords = 3000 // of one expression
	maxWord  = 10   // bytes that are looked for of a word that is not sure
)

// neededWords finds words of which each match of an expression holds one; none where it needs no word that is worth looking for.
func neededWords(re *syntax.Regexp) (words []word) {
	for _, b := range branches(re) {
		w := word{b.run, b.whole}
		if !b.whole {
			w.text = clip(longer(b.best, b.run), maxWord)
		}
		if len(w.text) < 2 && w.text != "@" {
			return nil // nearly every text has it
		}
		words = append(words, w)
	}
	return words
}

// A branch is one of the ways through an expression.
type branch struct {
	run   string // the letters up to here that follow one another
	best  string // the longest of the runs before
	whole bool   // nothing but letters: run is all of it
}

func longer(a, b string) string {
	if len(a) >= len(b) {
		return a
	}
	return b
}

// branches are the ways through an expression; none where they are too many.
func branches(re *syntax.Regexp) []branch {
	unknown := []branch{{}}
	switch re.Op {
	case syntax.OpLiteral:
		return literal(re.Rune, re.Flags&syntax.FoldCase != 0)
	case syntax.OpEmptyMatch:
		return []branch{{whole: true}}
	case syntax.OpCharClass:
		var all []branch
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if len(all) == 6 {
					return unknown
				}
				all = append(all, branch{run: lowerASCII(string(r)), whole: !isLetter(r)})
			}
		}
		return all
	case syntax.OpCapture:
		return branches(re.Sub[0])
	case syntax.OpQuest:
		all := []branch{{whole: true}}
		for _, b := range branches(re.Sub[0]) {
			if !b.whole {
				return unknown // as .{0,80} is in the end
			}
			all = append(all, b)
		}
		return all
	case syntax.OpPlus:
		return follow(branches(re.Sub[0]), unknown)
	case syntax.OpAlternate:
		var all []branch
		for _, sub := range re.Sub {
			more := branches(sub)
			if len(more) == 0 || len(all)+len(more) > maxWords {
				return nil
			}
			all = append(all, more...)
		}
		return all
	case syntax.OpConcat:
		all := []branch{{whole: true}}
		for _, sub := range re.Sub {
			if isPlace(sub) {
				for i := range all {
					all[i].whole = false
				}
			} else if all = follow(all, branches(sub)); len(all) == 0 {
				return nil
			}
		}
		return all
	}
	return unknown
}

// isPlace tells what stands between letters and takes none.
func isPlace(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return true
	}
	return false
}

// follow goes on with each of the ways b after each of a.
func follow(a, b []branch) (all []branch) {
	for _, x := range a {
		if known := longer(x.best, x.run); !x.whole && len(known) >= 6 { // that is enough to know it by
			all = append(all, branch{best: known})
			continue
		}
		if len(all)+len(b) > maxWords {
			return nil
		}
		for _, y := range b {
			switch z := x; {
			case y.whole:
				z.run += y.run
				all = append(all, z)
			default:
				all = append(all, branch{run: y.run, best: longer(longer(x.best, x.run), y.best)})
			}
		}
	}
	return all
}

// literal is a word, if in no letter of it but those of ASCII the case counts for nothing. Else it is known by its longest piece of which
// that is true, or by its first letters in each case.
func literal(runes []rune, fold bool) []branch {
	best, begin := "", 0
	text := string(runes)
	whole := true
	for i, r := range text {
		end := i + utf8.RuneLen(r)
		switch {
		case fold && r >= utf8.RuneSelf && unicode.SimpleFold(r) != r:
			begin, whole = end, false
		case !fold && isLetter(r): // both cases of it are looked for
			whole = false
			best = longer(best, text[begin:end])
		default:
			best = longer(best, text[begin:end])
		}
	}
	if len(best) == len(text) {
		return []branch{{run: lowerASCII(text), whole: whole}}
	}
	if len(best) >= 4 {
		return []branch{{best: lowerASCII(best)}}
	}
	first := []branch{{}}
	for _, r := range runes[:min(3, len(runes))] {
		var more []branch
		for variant, again := r, false; !again; again = variant == r {
			for _, b := range first {
				more = append(more, branch{best: b.best + lowerASCII(string(variant))})
			}
			variant = unicode.SimpleFold(variant)
		}
		first = more
	}
	return first
}

func isLetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }

// lowerASCII leaves all other letters as they are.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// A wordSet looks for many words at once (Aho and Corasick, 1975): an automaton over the bytes of the text that has seen, at each state,
// the longest beginning of a word that ends here.
type wordSet struct {
	class [256]uint8 // bytes that lead to the same states; both cases of an ASCII letter are one
	next  []uint32   // state and class to state, premultiplied by the number of classes; state 0 is the beginning
	found uint32     // the states from here on have seen a word
	sure  uint32     // and from here on a sure one
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
	for _, w := range words {
		at := 0
		for _, c := range []byte(w.text) {
			to := &next[at*width+int(s.class[c])]
			if *to == 0 {
				*to = len(ends)
				ends = append(ends, 0)
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
			}
		}
	}
	s.next = make([]uint32, len(next))
	for at := range ends {
		for c := range width {
			s.next[number[at]*width+c] = uint32(number[next[at*width+c]] * width)
		}
	}
	return s
}

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
