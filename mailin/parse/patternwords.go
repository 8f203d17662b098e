package parse

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a pattern finds in its expression: the words that a match has to hold, and those that it begins with.

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
			return []branch{{}} // too many: it may begin with anything
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
	case syntax.OpPlus, syntax.OpStar:
		all := headsOf(re.Sub[0])
		for i := range all {
			all[i].whole = false // what follows may be one more of it
		}
		if re.Op == syntax.OpStar {
			all = append(all, branch{whole: true})
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
	part uint8 // the alternative that it is of
}

const (
	maxWords = 3000 // of one expression
	maxWord  = 10   // bytes that are looked for of a word that is not sure
)

// neededWords finds words of which each match of an expression holds one; none where it needs no word that is worth looking for.
func neededWords(re *syntax.Regexp) (words []word) {
	for _, b := range branches(re) {
		w := word{text: b.run, sure: b.whole && b.exact}
		if !w.sure {
			w.text = clip(longer(b.best, b.run), maxWord)
		}
		if len(w.text) < minWord {
			return nil // nearly every text has it
		}
		words = append(words, w)
	}
	return words
}

// rarestWords are those of all that are needed by which most texts are told not to match.
func rarestWords(re *syntax.Regexp) (rarest []word) {
	rarest = neededWords(re)
	least := frequency(rarest)
	for _, sub := range successive(re) {
		words := neededWords(sub)
		if often := frequency(words); len(words) > 0 && (rarest == nil || often < least) {
			for i := range words {
				words[i].sure = false // it is a piece of what has to match
			}
			least, rarest = often, words
		}
	}
	return rarest
}

// frequency is about how often one of the words stands where a text may have one: each letter of a word makes it rarer, a space does not.
func frequency(words []word) (sum float64) {
	for _, w := range words {
		often := 1.0
		for _, r := range w.text {
			if r != ' ' {
				often /= 12
			}
		}
		sum += often
	}
	return sum
}

// otherWords finds more words that each match of an expression holds, a set for each of its pieces that need one: those of which one is known
// to be there are left out.
func otherWords(re *syntax.Regexp, known []word) (sets []*wordSet) {
	for _, sub := range successive(re) {
		words := neededWords(sub)
		if len(words) == 0 || slices.Equal(words, known) {
			continue
		}
		sets = append(sets, newWordSet(words))
	}
	return sets
}

// successive are the expressions that follow one another in one.
func successive(re *syntax.Regexp) []*syntax.Regexp {
	switch re = uncaptured(re); re.Op {
	case syntax.OpConcat:
		var all []*syntax.Regexp
		for _, sub := range re.Sub {
			all = append(all, successive(sub)...)
		}
		return all
	case syntax.OpPlus:
		return successive(re.Sub[0])
	}
	return []*syntax.Regexp{re}
}

// A branch is one of the ways through an expression.
type branch struct {
	run   string // the letters up to here that follow one another
	best  string // the longest of the runs before
	whole bool   // nothing but letters: run is all of it
	exact bool   // and those letters alone are a match, in either case
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
		return []branch{{whole: true, exact: true}}
	case syntax.OpCharClass:
		var all []branch
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if len(all) == 6 {
					return unknown
				}
				b := branch{run: lowerASCII(string(r)), whole: true, exact: !isLetter(r)}
				if !slices.Contains(all, b) { // both cases of a letter
					all = append(all, b)
				}
			}
		}
		return all
	case syntax.OpCapture:
		return branches(re.Sub[0])
	case syntax.OpQuest:
		all := []branch{{whole: true, exact: true}}
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
		all := []branch{{whole: true, exact: true}}
		for _, sub := range re.Sub {
			if isPlace(sub) {
				for i := range all {
					all[i].exact = false
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

// follow goes on with each of the ways b after each of a; none where those of either are too many.
func follow(a, b []branch) (all []branch) {
	if len(b) == 0 {
		return nil
	}
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
				z.exact = z.exact && y.exact
				all = append(all, z)
			default:
				all = append(all, branch{run: y.run, best: longer(longer(x.best, x.run), y.best)})
			}
		}
	}
	return all
}

const (
	maxCases      = 8  // in which a literal is looked for
	maxFirstCases = 64 // in which its first letters are: some have four
)

// literal is a word, in each case of its letters beyond ASCII. One that has too many of those is known by its longest piece without such, or
// by its first letters in each case.
func literal(runes []rune, fold bool) []branch {
	if all := inCases(runes, fold, maxCases); len(all) > 0 {
		return all
	}
	best, begin := "", 0
	text := string(runes)
	for i, r := range text {
		if fold && r >= utf8.RuneSelf && unicode.SimpleFold(r) != r {
			begin = i + utf8.RuneLen(r)
		} else {
			best = longer(best, text[begin:i+utf8.RuneLen(r)])
		}
	}
	if len(best) >= 4 {
		return []branch{{best: lowerASCII(best)}}
	}
	first := inCases(runes[:min(3, len(runes))], fold, maxFirstCases) // of three letters that is enough
	for i := range first {
		first[i] = branch{best: first[i].run}
	}
	return first
}

// inCases has a literal in each case of its letters, none where they are more than most. Those of ASCII count as one.
func inCases(runes []rune, fold bool, most int) []branch {
	all := []branch{{whole: true, exact: true}}
	for _, r := range runes {
		var more []branch
		for variant, again := r, false; !again; again = variant == r || !fold || r < utf8.RuneSelf {
			for _, b := range all {
				b.run += lowerASCII(string(variant))
				b.exact = b.exact && (fold || !isLetter(r)) // both cases of it are looked for
				more = append(more, b)
			}
			variant = unicode.SimpleFold(variant)
		}
		if all = more; len(all) > most {
			return nil
		}
	}
	return all
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
