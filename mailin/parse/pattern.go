package parse

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
)

// A pattern is a regular expression over what strangers wrote, most of which it does not match. So it first looks whether one of the words
// is there without which it cannot match: those are found in the expression itself, and looked for all at once in one pass. An expression
// over many phrases in many languages costs a hundred times as much.
type pattern struct {
	source string
	once   sync.Once
	expr   *regexp.Regexp
	words  *wordSet                // nil where the expression needs no word
	heads  *headSet                // what a text begins with that matches, or a line; nil where it may begin with anything
	ofLine bool                    // the heads are those of a line
	inLine bool                    // no match goes over the end of a line, nor hangs on the ends of the text
	parts  []func() *regexp.Regexp // its alternatives
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
		var words []word
		for i, part := range alternatives(re) {
			more := neededWords(part.Simplify())
			if len(more) == 0 || len(words)+len(more) > maxWords {
				words = nil
				break
			}
			for _, w := range more {
				w.part = uint8(i)
				words = append(words, w)
			}
			p.parts = append(p.parts, sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(part.String()) }))
		}
		if len(words) > 0 {
			p.words = newWordSet(words)
		}
		re = re.Simplify()
		p.heads, p.ofLine = newHeads(re)
		p.inLine = staysInLine(re)
	})
}

const maxAlternatives = 256 // a word's part is a byte

// alternatives are the parts of an expression of which one has to match.
func alternatives(re *syntax.Regexp) []*syntax.Regexp {
	for re.Op == syntax.OpCapture {
		re = re.Sub[0]
	}
	if re.Op == syntax.OpAlternate && len(re.Sub) <= maxAlternatives {
		return re.Sub
	}
	return []*syntax.Regexp{re}
}

// place is an index in the first line that holds a match, -1 where none does. Of the alternatives those alone are tried, once a line, of which
// there is a word: all of them at once take their time.
func (p *pattern) place(s string) int {
	p.compile()
	if !p.mayBegin(s) {
		return -1
	}
	if p.words == nil || !p.inLine {
		if p.possible(s) && p.expr.MatchString(s) {
			return 0
		}
		return -1
	}
	if p.ofLine {
		for line, next := p.nextLine(s, 0); next >= 0; line, next = p.nextLine(s, next) {
			if p.expr.MatchString(line) {
				return next - 1 - len(line)
			}
		}
		return -1
	}
	var tried [maxAlternatives]bool // in the line at hand
	line, lineEnd := "", 0
	state := uint32(0)
	for i := 0; i < len(s); i++ {
		if state = p.words.after(state, s[i]); state < p.words.found {
			continue
		}
		if state >= p.words.sure {
			return i
		}
		if i >= lineEnd {
			clear(tried[:])
			line, lineEnd = lineAround(s, i)
		}
		for _, part := range p.words.partsAt(state) {
			if !tried[part] && p.parts[part]().MatchString(line) {
				return i
			}
			tried[part] = true
		}
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

// find looks for the first match by a method of the expression, in all of the text or in those lines alone that hold a word. It gives
// where the text that the method has seen begins.
func find[T any](p *pattern, s string, method func(*regexp.Regexp, string) (T, bool)) (found T, offset int, ok bool) {
	p.compile()
	if !p.mayBegin(s) {
		return found, 0, false
	}
	if p.words == nil || !p.inLine {
		if p.possible(s) {
			found, ok = method(p.expr, s)
		}
		return found, 0, ok
	}
	for line, next := p.nextLine(s, 0); next >= 0; line, next = p.nextLine(s, next) {
		if found, ok = method(p.expr, line); ok {
			return found, next - 1 - len(line), true
		}
	}
	return found, 0, false
}

// nextLine is the next line from an index on, where one begins, that holds a word and begins as a match does, and where the line behind it
// begins; -1 where there is none.
func (p *pattern) nextLine(s string, from int) (line string, next int) {
	for from < len(s) {
		if !p.ofLine {
			n, _ := p.words.find(s[from:])
			if n < 0 {
				break
			}
			line, end := lineAround(s, from+n-1) // a word holds no line end
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
	m, offset, ok := find(p, s, func(re *regexp.Regexp, s string) ([]int, bool) { m := re.FindStringIndex(s); return m, m != nil })
	if !ok {
		return nil
	}
	return []int{m[0] + offset, m[1] + offset}
}

func (p *pattern) FindStringSubmatch(s string) []string {
	m, _, _ := find(p, s, func(re *regexp.Regexp, s string) ([]string, bool) { m := re.FindStringSubmatch(s); return m, m != nil })
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
