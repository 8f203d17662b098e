package rules

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// A cause is one fact that a condition asks, and what it looks for in it. When the rule fires it is put into words, so that a ticket can
// tell not only which rule decided, but over what.
type cause struct {
	name     string // mail.words
	index    []int  // of the field in Facts
	texts    []string
	patterns []*regexp.Regexp
	search   bool // it looks into the fact for the texts and patterns
}

// The most that a reason tells: it is read by people, beside the mail itself.
const (
	maxCauses = 8
	maxTold   = 60 // letters of one value
)

// causes are those of a condition that Compile has taken.
func (l *language) causes(source string) []cause {
	tree, err := parser.ParseWithConfig(source, l.config)
	if err != nil {
		return nil
	}
	w := walker{fields: l.fields}
	ast.Walk(&tree.Node, &w)
	return w.found
}

// fieldIndexes are the places of the facts in the struct, by name.
func fieldIndexes() map[string][]int {
	all := map[string][]int{}
	for group := range reflect.TypeFor[Facts]().Fields() {
		for fact := range group.Type.Fields() {
			if tag := fact.Tag.Get("expr"); tag != "-" {
				all[group.Tag.Get("expr")+"."+tag] = []int{group.Index[0], fact.Index[0]}
			}
		}
	}
	return all
}

// A walker collects the facts of a tree, children first.
type walker struct {
	fields map[string][]int
	found  []cause
}

// Visit implements ast.Visitor.
func (w *walker) Visit(n *ast.Node) {
	switch n := (*n).(type) {
	case *ast.MemberNode:
		if name := factName(n); name != "" {
			w.add(name)
		}
	case *ast.BinaryNode:
		if name := factName(n.Left); name != "" && isSearch(n.Operator) {
			w.search(name, n)
		}
	case *ast.BuiltinNode:
		// any(["install", "set up"], mail.words contains #)
		if len(n.Arguments) < 2 {
			return
		}
		list, ok := n.Arguments[0].(*ast.ArrayNode)
		if !ok {
			return
		}
		predicate, ok := n.Arguments[1].(*ast.PredicateNode)
		if !ok {
			return
		}
		b, ok := predicate.Node.(*ast.BinaryNode)
		if !ok || !isSearch(b.Operator) {
			return
		}
		if c := w.cause(factName(b.Left)); c != nil {
			for _, e := range list.Nodes {
				if text, ok := e.(*ast.StringNode); ok {
					c.search, c.texts = true, append(c.texts, text.Value)
				}
			}
		}
	}
}

func isSearch(operator string) bool {
	return slices.Contains([]string{"contains", "startsWith", "endsWith", "matches"}, operator)
}

func (w *walker) search(name string, n *ast.BinaryNode) {
	text, ok := n.Right.(*ast.StringNode)
	c := w.cause(name)
	if !ok || c == nil {
		return
	}
	c.search = true
	if n.Operator != "matches" {
		c.texts = append(c.texts, text.Value)
	} else if p, err := regexp.Compile(text.Value); err == nil {
		c.patterns = append(c.patterns, p)
	}
}

func (w *walker) cause(name string) *cause {
	i := slices.IndexFunc(w.found, func(c cause) bool { return c.name == name })
	if i < 0 {
		return nil
	}
	return &w.found[i]
}

func (w *walker) add(name string) {
	if index, ok := w.fields[name]; ok && w.cause(name) == nil && len(w.found) < maxCauses {
		w.found = append(w.found, cause{name: name, index: index})
	}
}

// factName is the fact that a node is, "" where it is none; a function around it does not matter.
func factName(n ast.Node) string {
	if call, ok := n.(*ast.BuiltinNode); ok && len(call.Arguments) == 1 { // lower(mail.subject)
		n = call.Arguments[0]
	}
	m, ok := n.(*ast.MemberNode)
	if !ok {
		return ""
	}
	group, isName := m.Node.(*ast.IdentifierNode)
	field, isText := m.Property.(*ast.StringNode)
	if !isName || !isText {
		return ""
	}
	return group.Value + "." + field.Value
}

// because puts the facts of a condition that held into words: what was found where something was searched, else what the fact was.
func because(causes []cause, f *Facts) (told []string) {
	facts := reflect.ValueOf(f).Elem()
	for i := range causes {
		c := &causes[i]
		v := facts.FieldByIndex(c.index)
		if !c.search {
			told = append(told, c.name+" is "+spoken(v))
			continue
		}
		if v.Kind() != reflect.String {
			continue
		}
		var found []string
		for _, text := range c.texts {
			if text != "" && strings.Contains(v.String(), text) && !slices.Contains(found, text) {
				found = append(found, text)
			}
		}
		for _, p := range c.patterns {
			if at := p.FindString(v.String()); at != "" && !slices.Contains(found, at) {
				found = append(found, at)
			}
		}
		for i := range found {
			found[i] = fmt.Sprintf("%q", short60(found[i]))
		}
		if len(found) > 0 {
			told = append(told, c.name+" has "+strings.Join(found[:min(len(found), 5)], ", "))
		}
	}
	return told
}

// spoken is a fact's value as people read it.
func spoken(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		if v.Len() == 0 {
			return "nothing"
		}
		return fmt.Sprintf("%q", short60(v.String()))
	case reflect.Slice:
		if v.Len() == 0 {
			return "nothing"
		}
		var all []string
		for i := range min(v.Len(), 5) {
			all = append(all, short60(v.Index(i).String()))
		}
		return strings.Join(all, ", ")
	case reflect.Bool:
		if v.Bool() {
			return "true"
		}
		return "false"
	}
	return fmt.Sprint(v.Interface())
}

// short60 makes a stranger's text fit for a line.
func short60(s string) string {
	s = strings.Join(strings.Fields(cut(s, 4*maxTold)), " ")
	if r := []rune(s); len(r) > maxTold {
		s = string(r[:maxTold-1]) + "…"
	}
	return s
}
