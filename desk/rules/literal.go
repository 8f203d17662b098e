package rules

import (
	"reflect"
	"regexp/syntax"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// A prefilter puts a quick look before a slow one: where a pattern cannot match without one of a few words, the text is asked for these
// first. Most mails have none of them, and a search for a word takes a tenth of the time of a pattern. The answer stays the same.
type prefilter struct{ fields map[string][]int }

// Visit implements ast.Visitor.
func (p prefilter) Visit(node *ast.Node) {
	n, ok := (*node).(*ast.BinaryNode)
	if !ok || n.Operator != "matches" {
		return
	}
	text, ok := n.Right.(*ast.StringNode)
	member, isFact := n.Left.(*ast.MemberNode)
	if !ok || !isFact {
		return
	}
	index, known := p.fields[factName(member)]
	if !known || reflect.TypeFor[Facts]().FieldByIndex(index).Type.Kind() != reflect.String {
		return
	}
	re, err := syntax.Parse(text.Value, syntax.Perl)
	if err != nil {
		return
	}
	words := needed(re.Simplify())
	if len(words) == 0 || len(words) > maxWords {
		return
	}
	var any ast.Node
	for _, w := range words {
		var has ast.Node = &ast.BinaryNode{Operator: "contains", Left: n.Left, Right: &ast.StringNode{Value: w}}
		if any != nil {
			has = &ast.BinaryNode{Operator: "or", Left: any, Right: has}
		}
		any = has
	}
	ast.Patch(node, &ast.BinaryNode{Operator: "and", Left: any, Right: n})
}

// maxWords is how many words are looked for before a pattern; more would take its time.
const maxWords = 12

// needed are texts of which every match has at least one; nil where nothing is known.
func needed(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return nil
		}
		return []string{string(re.Rune)}
	case syntax.OpCapture, syntax.OpPlus:
		return needed(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needed(re.Sub[0])
		}
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			words := needed(sub)
			if len(words) == 0 {
				return nil
			}
			all = append(all, words...)
		}
		return all
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if words := needed(sub); len(words) > 0 && worth(words) > worth(best) {
				best = words
			}
		}
		return best
	}
	return nil
}

// worth is how much looking for texts spares: as much as the shortest of them is long.
func worth(words []string) int {
	if len(words) == 0 {
		return 0
	}
	least := len(words[0])
	for _, w := range words {
		least = min(least, len(strings.TrimSpace(w)))
	}
	return least
}
