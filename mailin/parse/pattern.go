package parse

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// A pattern is a regular expression over what strangers wrote, most of which it does not match. So it first looks whether one of the words
// is there without which it cannot match: those are found in the expression itself, and looked for all at once in one pass. An expression
// over many phrases in many languages costs a hundred times as much.
type pattern struct {
	source string
	ready  atomic.Bool
	once   sync.Once
	expr   *regexp.Regexp
	words  *wordSet      // nil where the expression needs no word
	heads  *headSet      // what a text begins with that matches, or a line; nil where it may begin with anything
	ofLine bool          // the heads are those of a line
	inLine bool          // no match goes over the end of a line, nor hangs on the ends of the text
	parts  []alternative // its alternatives: one of them has to match
	always partSet       // those that need no word
	needed []word        // of the others
}

// An alternative is tried by itself where one of its words is there, and its beginning, if it has one. Many hold words in several places, as
// "message .* (rejected|refused)" does: then a text has to have one for each place.
type alternative struct {
	expr   func() *regexp.Regexp
	heads  *headSet          // nil where it may stand anywhere
	others func() []*wordSet // one word of each is needed
}

// mayMatch tells whether a text that has one of the alternative's words can match.
func (a *alternative) mayMatch(s string) bool {
	return (a.heads == nil || a.heads.begins(s)) && a.hasOthers(s)
}

func (a *alternative) hasOthers(s string) bool {
	for _, words := range a.others() {
		if !words.some(s) {
			return false
		}
	}
	return true
}

// A partSet is a set of alternatives.
type partSet [maxAlternatives / 64]uint64

func (s *partSet) add(part uint8)      { s[part/64] |= 1 << (part % 64) }
func (s *partSet) has(part uint8) bool { return s[part/64]&(1<<(part%64)) != 0 }

// newPattern takes an expression of this package. It is compiled when it is first used: most runs need few of them.
func newPattern(expr string) *pattern { return &pattern{source: expr} }

func (p *pattern) compile() {
	if !p.ready.Load() {
		p.build()
	}
}

func (p *pattern) build() {
	p.once.Do(func() {
		defer p.ready.Store(true)
		p.expr = regexp.MustCompile(p.source)
		re, err := syntax.Parse(p.source, syntax.Perl)
		if err != nil {
			return
		}
		var words []word
		for i, sub := range alternatives(re) {
			a := alternative{expr: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(sub.String()) })}
			simple := sub.Simplify()
			a.heads, _ = newHeads(simple)
			more := rarestWords(simple)
			a.others = sync.OnceValue(func() []*wordSet { return otherWords(simple, more) })
			p.parts = append(p.parts, a)
			if len(more) == 0 || len(words)+len(more) > maxWords {
				p.always.add(uint8(i))
				continue
			}
			for _, w := range more {
				w.part = uint8(i)
				words = append(words, w)
			}
		}
		if p.needed = words; len(words) > 0 {
			p.words = newWordSet(words)
		}
		re = re.Simplify()
		p.heads, p.ofLine = newHeads(re)
		p.inLine = staysInLine(re)
	})
}

const maxAlternatives = 256 // a word's part is a byte

// alternatives are the parts of an expression of which one has to match, each with what stands before and behind them.
func alternatives(re *syntax.Regexp) []*syntax.Regexp {
	re = uncaptured(re)
	if re.Op == syntax.OpAlternate && len(re.Sub) <= maxAlternatives {
		return re.Sub
	}
	if re.Op == syntax.OpConcat && (re.Sub[0].Op == syntax.OpBeginText || re.Sub[0].Op == syntax.OpBeginLine) {
		if body := uncaptured(re.Sub[1]); body.Op == syntax.OpAlternate && len(body.Sub) <= maxAlternatives {
			var all []*syntax.Regexp
			for _, sub := range body.Sub {
				all = append(all, &syntax.Regexp{Op: syntax.OpConcat, Flags: re.Flags, Sub: slices.Concat(re.Sub[:1], []*syntax.Regexp{sub}, re.Sub[2:])})
			}
			return all
		}
	}
	return []*syntax.Regexp{re}
}

func uncaptured(re *syntax.Regexp) *syntax.Regexp {
	for re.Op == syntax.OpCapture {
		re = re.Sub[0]
	}
	return re
}

// byLine tells whether a text is looked at line by line, those alone that hold a word.
func (p *pattern) byLine() bool { return p.words != nil && p.inLine && p.always == partSet{} }

// candidates are the alternatives that can match in a text, or in a line: all at once take their time. sure says that one does.
func (p *pattern) candidates(s string) (set partSet, sure bool) {
	set = p.always
	if p.words != nil {
		for at, i := p.words.next(s, 0, -1); at >= 0; at, i = p.words.next(s, at, i) {
			w := &p.words.list[i]
			sure = sure || w.sure
			set.add(w.part)
		}
	}
	return set, sure
}

// matches tells whether the expression matches a text, or a line.
func (p *pattern) matches(s string) bool {
	if p.words == nil && p.heads == nil || len(p.parts) == 1 {
		return p.possible(s) && p.parts[0].hasOthers(s) && p.expr.MatchString(s)
	}
	set, sure := p.candidates(s)
	if sure {
		return true
	}
	for i := range p.parts {
		if a := &p.parts[i]; set.has(uint8(i)) && a.mayMatch(s) && a.expr().MatchString(s) {
			return true
		}
	}
	return false
}

// first is where the first match in a text or a line begins and ends, of those that begin there that of the first alternative.
func (p *pattern) first(s string) (first []int) {
	if p.words == nil && p.heads == nil || len(p.parts) == 1 {
		if !p.possible(s) || !p.parts[0].hasOthers(s) {
			return nil
		}
		return p.expr.FindStringIndex(s)
	}
	set, _ := p.candidates(s)
	for i := range p.parts {
		a := &p.parts[i]
		if !set.has(uint8(i)) || !a.mayMatch(s) {
			continue
		}
		if m := a.expr().FindStringIndex(s); m != nil && (first == nil || m[0] < first[0]) {
			if first = m; m[0] == 0 {
				break
			}
		}
	}
	return first
}

// place is an index in the first line that holds a match, -1 where none does. Where matches are of the whole text, it is one in that.
func (p *pattern) place(s string) int {
	p.compile()
	switch {
	case !p.mayBegin(s):
		return -1
	case !p.byLine() && p.inLine:
		if m := p.first(s); m != nil {
			return m[0]
		}
		return -1
	case !p.byLine():
		if p.matches(s) {
			return 0
		}
		return -1
	case p.ofLine:
		for line, next := p.nextLine(s, 0); next >= 0; line, next = p.nextLine(s, next) {
			if p.matches(line) {
				return next - 1 - len(line)
			}
		}
		return -1
	}
	var tried partSet // in the line at hand
	line, lineEnd := "", 0
	for at, i := p.words.next(s, 0, -1); at >= 0; at, i = p.words.next(s, at, i) {
		w := &p.words.list[i]
		if w.sure {
			return at
		}
		if at >= lineEnd {
			tried = partSet{}
			line, lineEnd = lineAround(s, at)
		}
		if a := &p.parts[w.part]; !tried.has(w.part) && a.mayMatch(line) && a.expr().MatchString(line) {
			return at
		}
		tried.add(w.part)
	}
	return -1
}

// lineAround is the line in which an index is that is none of a line end, and where it ends.
func lineAround(s string, at int) (line string, end int) {
	begin := strings.LastIndexByte(s[:at], '\n') + 1
	if end = strings.IndexByte(s[at:], '\n'); end < 0 {
		return s[begin:], len(s)
	}
	return s[begin : at+end], at + end
}

func (p *pattern) MatchString(s string) bool { return p.place(s) >= 0 }

// lineOf is where the first line begins that holds a match, -1 where none does. The pattern is one whose matches are in lines.
func (p *pattern) lineOf(s string) int {
	at := p.place(s)
	if at < 0 {
		return -1
	}
	return strings.LastIndexByte(s[:at], '\n') + 1
}

// found is the first piece of a text that holds a match: the text itself, or one line of it.
func (p *pattern) found(s string) (piece string, ok bool) {
	p.compile()
	if !p.mayBegin(s) {
		return "", false
	}
	if !p.byLine() {
		return s, p.matches(s)
	}
	for line, next := p.nextLine(s, 0); next >= 0; line, next = p.nextLine(s, next) {
		if p.matches(line) {
			return line, true
		}
	}
	return "", false
}

// nextLine is the next line from an index on, where one begins, that holds a word and begins as a match does, and where the line behind it
// begins; -1 where there is none.
func (p *pattern) nextLine(s string, from int) (line string, next int) {
	for from < len(s) {
		if !p.ofLine {
			at, _ := p.words.next(s, from, -1)
			if at < 0 {
				break
			}
			line, end := lineAround(s, at) // a word holds no line end
			return line, end + 1
		}
		// Where each line begins is found sooner than each word.
		end := strings.IndexByte(s[from:], '\n')
		if end < 0 {
			end = len(s) - from
		}
		line := s[from : from+end]
		from += end + 1
		if p.heads.begins(line) && p.words.some(line) {
			return line, from
		}
	}
	return "", -1
}

func (p *pattern) FindString(s string) string {
	m := p.FindStringIndex(s)
	if m == nil {
		return ""
	}
	return s[m[0]:m[1]]
}

func (p *pattern) FindStringIndex(s string) []int {
	p.compile()
	if !p.mayBegin(s) {
		return nil
	}
	if !p.byLine() {
		return p.first(s)
	}
	for line, next := p.nextLine(s, 0); next >= 0; line, next = p.nextLine(s, next) {
		if m := p.first(line); m != nil {
			offset := next - 1 - len(line)
			return []int{m[0] + offset, m[1] + offset}
		}
	}
	return nil
}

func (p *pattern) FindStringSubmatch(s string) []string {
	piece, ok := p.found(s)
	if !ok {
		return nil
	}
	return p.expr.FindStringSubmatch(piece)
}

// mayBegin tells whether a text begins as one that the expression matches.
func (p *pattern) mayBegin(s string) bool {
	return p.heads == nil || p.ofLine || p.heads.begins(s)
}

// possible tells whether the expression can match at all.
func (p *pattern) possible(s string) bool {
	p.compile()
	return p.words == nil || p.always != partSet{} || p.words.some(s)
}

func (p *pattern) FindAllStringSubmatch(s string, n int) (all [][]string) {
	if !p.possible(s) {
		return nil
	}
	if !p.byLine() {
		return p.expr.FindAllStringSubmatch(s, n)
	}
	for line := range strings.SplitSeq(s, "\n") {
		if p.words.some(line) && len(all) < n {
			all = append(all, p.expr.FindAllStringSubmatch(line, n-len(all))...)
		}
	}
	return all
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
	p.heads = sync.OnceValue(func() *headSet { return headsOfAll(p.list) })
	return p
}

// headsOfAll are what any of the patterns begins with, each of which has such heads.
func headsOfAll(list []*pattern) *headSet {
	all := &headSet{width: 1}
	for _, p := range list {
		p.compile()
		all.words = append(all.words, p.heads.words...)
	}
	all.build()
	return all
}

func (p *patterns) mayBegin(s string) bool { return p.heads().begins(s) }

func (p *patterns) MatchString(s string) bool {
	return p.mayBegin(s) && slices.ContainsFunc(p.list, func(p *pattern) bool { return p.MatchString(s) })
}
