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
