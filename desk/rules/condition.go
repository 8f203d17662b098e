package rules

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// What a condition may be. The last two bound the time that one may take on the longest text: RE2 takes time with the text's length
// times the pattern's, so a pattern is measured by the instructions it compiles to.
const (
	maxSource  = 4 << 10 // bytes
	maxNodes   = 500
	maxPattern = 1000 // instructions
)

// functions are those that a condition may call, with how each is put. The language has many more; these neither read the clock, nor
// make a text or a list that is longer than what they were given.
var functions = map[string]string{
	"all":   `all(LIST, # == "x")`,
	"any":   `any(LIST, # == "x")`,
	"none":  `none(LIST, # == "x")`,
	"one":   `one(LIST, # == "x")`,
	"count": `count(LIST, # == "x")`,
	"len":   `len(LIST)`,
	"lower": `lower(TEXT)`,
	"upper": `upper(TEXT)`,
	"trim":  `trim(TEXT)`,
}

var operators = []string{
	"==", "!=", "<", ">", "<=", ">=", "and", "or", "&&", "||", "in", "contains", "startsWith", "endsWith", "matches", "..", "+", "-", "*",
}

// A language is what conditions are written in: a part of expr's, over Facts.
type language struct {
	options []expr.Option
	config  *conf.Config
	facts   map[string][]string // names of the fields by name of the group
	fields  map[string][]int    // where each is in Facts
	values  Values
}

func newLanguage(known []Values) *language {
	l := &language{
		options: []expr.Option{expr.Env(Facts{}), expr.AsBool(), expr.WarnOnAny(), expr.MaxNodes(maxNodes), expr.DisableAllBuiltins()},
		facts:   map[string][]string{},
		fields:  fieldIndexes(),
		values: Values{
			"mail.kind":    {"human", "auto_reply", "bounce", "list", "feedback_report"},
			"mail.level":   {"X", "A0", "A1s", "A1", "A2", "A3"},
			"time.weekday": {"mon", "tue", "wed", "thu", "fri", "sat", "sun"},
		},
	}
	l.options = append(l.options, expr.Patch(prefilter{l.fields}))
	for name := range functions {
		l.options = append(l.options, expr.EnableBuiltin(name))
	}
	for _, v := range known {
		maps.Copy(l.values, v)
	}
	for group := range reflect.TypeFor[Facts]().Fields() {
		name := group.Tag.Get("expr")
		for fact := range group.Type.Fields() {
			if tag := fact.Tag.Get("expr"); tag != "-" {
				l.facts[name] = append(l.facts[name], tag)
			}
		}
	}
	// The parser alone is run first, over the language as it is, so that what we leave out of it can be named for what it is.
	l.config = conf.New(Facts{})
	l.config.MaxNodes = maxNodes
	return l
}

// compile reads one condition. It looks at the tree before the library's own check and optimizer do: those stop at the first mistake,
// speak of Go types, and may already compute what should never be computed.
func (l *language) compile(source string) (program *vm.Program, wrong []Mistake) {
	if n := len(source); n > maxSource {
		return nil, []Mistake{{Line: 1, Column: 1, Found: fmt.Sprintf("a condition of %d bytes", n), Want: fmt.Sprintf("at most %d", maxSource)}}
	}
	if !utf8.ValidString(source) {
		return nil, []Mistake{{Line: 1, Column: 1, Found: "bytes that are not UTF-8", Want: "text"}}
	}
	if strings.TrimSpace(source) == "" {
		return nil, []Mistake{{Line: 1, Column: 1, Found: "nothing", Want: `a condition such as mail.words contains "install", or true`}}
	}
	tree, err := parser.ParseWithConfig(source, l.config)
	if err != nil {
		return nil, []Mistake{syntaxMistake(source, err)}
	}
	c := check{language: l, source: source}
	c.node(tree.Node, place{})
	if len(c.wrong) > 0 {
		return nil, c.wrong
	}
	program, err = expr.Compile(source, l.options...)
	if err != nil {
		return nil, []Mistake{typeMistake(err)}
	}
	return program, nil
}

// syntaxMistake tells what the parser could not go on with.
func syntaxMistake(source string, err error) Mistake {
	m := Mistake{Line: 1, Column: 1, Found: err.Error(), Want: "a condition"}
	var e *file.Error
	if !errors.As(err, &e) {
		return m
	}
	m.Line, m.Column, m.Found = e.Line, e.Column+1, e.Message
	switch token, isToken := strings.CutPrefix(e.Message, "unexpected token "); {
	case strings.Contains(e.Message, "maximum allowed nodes"):
		m.Found, m.Want = "a condition with too many parts", "several rules, each with a part of it"
	case token == "EOF":
		m.Found, m.Want = "the end of the condition", "what is compared, or a closing bracket"
	case isToken:
		if _, text, ok := strings.Cut(token, "("); ok {
			token = strings.TrimSuffix(text, ")")
		}
		m.Found = strings.ReplaceAll(token, `\"`, `"`)
		m.Want = "an operator such as ==, contains, and, or the end"
		if token == `"="` {
			m.Want = "== to compare"
		}
		if token == `"&"` || token == `"|"` {
			m.Want = "and, or"
		}
	case strings.HasPrefix(e.Message, "literal not terminated"):
		m.Found, m.Want = "a text that does not end", "a closing quote"
	}
	return m
}

// typeMistake tells what the library's own check found.
func typeMistake(err error) Mistake {
	var e *file.Error
	if !errors.As(err, &e) {
		// Only the type of the whole has no place: "expected bool, but got string".
		_, got, _ := strings.Cut(err.Error(), "but got ")
		return Mistake{Line: 1, Column: 1, Found: "a " + plain(got), Want: "something that is true or false"}
	}
	return Mistake{Line: e.Line, Column: e.Column + 1, Found: plain(e.Message), Want: "values of one kind, compared by an operator made for them"}
}

// plain takes Go's words for types out of a message.
func plain(s string) string {
	return strings.NewReplacer("[]interface {}", "list", "[]string", "list of texts", "string", "text", "int", "number", "float64", "number", "bool", "true-or-false").Replace(s)
}

// check walks one condition.
type check struct {
	*language
	source string
	wrong  []Mistake
}

// A place is where a node stands.
type place struct {
	element string // inside of any(LIST, ...) the fact that LIST is, or "#" where it is none; "" outside
	beside  bool   // right of "in", the one place for a range
}

func (c *check) mistake(n ast.Node, found, want string) {
	m := Mistake{Line: 1, Column: 1, Found: found, Want: want}
	for i, r := range []rune(c.source) {
		if i == n.Location().From {
			break
		}
		m.Column++
		if r == '\n' {
			m.Line, m.Column = m.Line+1, 1
		}
	}
	c.wrong = append(c.wrong, m)
}

func (c *check) node(n ast.Node, at place) {
	below := place{element: at.element}
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode:
	case *ast.IdentifierNode:
		c.name(n)
	case *ast.MemberNode:
		c.member(n, below)
	case *ast.UnaryNode:
		if n.Operator == "+" || n.Operator == "-" {
			c.number(n)
			return
		}
		c.node(n.Node, below)
	case *ast.BinaryNode:
		c.binary(n, at)
	case *ast.BuiltinNode:
		c.call(n, n.Name, n.Arguments, below)
	case *ast.CallNode:
		c.mistake(n, called(n.Callee), wantFunction())
	case *ast.PredicateNode:
		c.node(n.Node, below)
	case *ast.PointerNode:
		if n.Name != "" {
			c.mistake(n, "#"+n.Name, "# for the element")
		}
	case *ast.ArrayNode:
		for _, e := range n.Nodes {
			c.node(e, below)
		}
	case *ast.ConditionalNode:
		c.node(n.Cond, below)
		c.node(n.Exp1, below)
		c.node(n.Exp2, below)
	case *ast.NilNode:
		c.mistake(n, "nil", `"" for what is not set: no fact is ever nil`)
	case *ast.VariableDeclaratorNode:
		c.mistake(n, "let "+n.Name, "a condition without variables")
	case *ast.SequenceNode:
		c.mistake(n, "a sequence of conditions", "one condition: join them with and, or")
	case *ast.SliceNode:
		c.mistake(n, "a slice", "contains, startsWith, endsWith or matches to look into a text")
	case *ast.MapNode:
		c.mistake(n, "a map", "a list such as [\"a\", \"b\"]")
	default:
		c.mistake(n, "something that conditions do not have", "facts, texts, numbers, lists, operators")
	}
}

// name is a name on its own: only groups of facts are named so, and they stand before a dot.
func (c *check) name(n *ast.IdentifierNode) {
	if _, ok := c.facts[n.Value]; ok {
		c.mistake(n, n.Value, "one of its facts: "+c.list(n.Value))
		return
	}
	for _, group := range slices.Sorted(maps.Keys(c.facts)) {
		if slices.Contains(c.facts[group], n.Value) {
			c.mistake(n, n.Value, group+"."+n.Value)
			return
		}
	}
	if form, ok := functions[n.Value]; ok {
		c.mistake(n, n.Value, form)
		return
	}
	c.mistake(n, n.Value, `a fact of `+strings.Join(slices.Sorted(maps.Keys(c.facts)), ", ")+`, or a text in quotes`)
}

func (c *check) list(group string) string {
	return group + "." + strings.Join(c.facts[group], ", "+group+".")
}

// member is group.fact, or an element of a list by number.
func (c *check) member(n *ast.MemberNode, at place) {
	group, isName := n.Node.(*ast.IdentifierNode)
	field, isText := n.Property.(*ast.StringNode)
	switch {
	case isName && isText && !n.Optional:
		fields, ok := c.facts[group.Value]
		if !ok {
			c.name(group)
		} else if !slices.Contains(fields, field.Value) {
			c.mistake(group, group.Value+"."+field.Value, "one of "+c.list(group.Value))
		}
	case isText:
		c.mistake(n, "."+field.Value, "a fact, which has no parts of its own")
	default:
		c.node(n.Node, at)
		c.number(n.Property)
	}
}

// number is one that is written out, such as 5 * 1024: conditions compare, they do not compute with what a mail holds.
func (c *check) number(n ast.Node) {
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return
	case *ast.UnaryNode:
		if n.Operator == "-" || n.Operator == "+" {
			c.number(n.Node)
			return
		}
	case *ast.BinaryNode:
		if n.Operator == "+" || n.Operator == "-" || n.Operator == "*" {
			c.number(n.Left)
			c.number(n.Right)
			return
		}
	}
	c.mistake(n, "something to compute with", "numbers only, such as 5 * 1024")
}

func (c *check) binary(n *ast.BinaryNode, at place) {
	below := place{element: at.element}
	right := below
	switch n.Operator {
	case "+", "-", "*":
		c.number(n)
		return
	case "..":
		if !at.beside {
			c.mistake(n, "a range", "a range right of in, such as time.hour in 9..17")
			return
		}
		c.number(n.Left)
		c.number(n.Right)
		return
	case "in":
		right.beside = true
	case "matches":
		c.pattern(n.Right)
		if at.element != "" && !element(n.Left) {
			// The same search again for each element would be slow on long texts, and says nothing more.
			c.mistake(n.Left, "a search that is not for the element", "# matches, or the search outside of the brackets")
		}
		c.node(n.Left, below)
		return
	}
	if !slices.Contains(operators, n.Operator) {
		c.mistake(n, n.Operator, "one of "+strings.Join(operators, " "))
		return
	}
	c.node(n.Left, below)
	c.node(n.Right, right)
	c.words(n, at)
}

// element tells whether a node is the element of a list, as it is or as a function gives it.
func element(n ast.Node) bool {
	if call, ok := n.(*ast.BuiltinNode); ok && len(call.Arguments) == 1 {
		n = call.Arguments[0]
	}
	_, ok := n.(*ast.PointerNode)
	return ok
}

// pattern must be written out: one taken from a mail would be a stranger's, and compiled for every mail.
func (c *check) pattern(n ast.Node) {
	text, ok := n.(*ast.StringNode)
	if !ok {
		c.mistake(n, "a pattern that is not written out", "a pattern in quotes")
		return
	}
	parsed, err := syntax.Parse(text.Value, syntax.Perl)
	if err != nil {
		var e *syntax.Error
		why := err.Error()
		if errors.As(err, &e) {
			why = e.Code.String() + ": " + e.Expr
		}
		c.mistake(n, "a pattern with "+why, "a pattern of RE2 (https://github.com/google/re2/wiki/Syntax)")
		return
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(program.Inst) > maxPattern {
		c.mistake(n, "a pattern that is too large", "a smaller one: less repetition")
	}
}

func wantFunction() string {
	return "one of the functions " + strings.Join(slices.Sorted(maps.Keys(functions)), ", ")
}

// called names what is called though it is no function of ours: a name, or a method of what the fact is in Go.
func called(callee ast.Node) string {
	switch n := callee.(type) {
	case *ast.IdentifierNode:
		return n.Value + "()"
	case *ast.MemberNode:
		if name, ok := n.Property.(*ast.StringNode); ok {
			return "." + name.Value + "()"
		}
	}
	return "a call"
}

func (c *check) call(n ast.Node, name string, args []ast.Node, at place) {
	form, ok := functions[name]
	if !ok {
		c.mistake(n, name+"()", wantFunction())
		return
	}
	if strings.Contains(form, "#") && len(args) == 2 {
		if at.element != "" {
			c.mistake(n, name+"() inside of another", "one list at a time")
			return
		}
		c.node(args[0], at)
		element := c.fact(args[0], place{})
		if element == "" {
			element = "#"
		}
		c.node(args[1], place{element: element})
		return
	}
	if strings.Contains(form, "#") || len(args) != 1 {
		c.mistake(n, fmt.Sprintf("%s() with %d arguments", name, len(args)), form)
		return
	}
	c.node(args[0], at)
}

// fact is the name of the fact that a node reads, "" for anything else.
func (c *check) fact(n ast.Node, at place) string {
	switch n := n.(type) {
	case *ast.PointerNode:
		return at.element
	case *ast.MemberNode:
		group, isName := n.Node.(*ast.IdentifierNode)
		field, isText := n.Property.(*ast.StringNode)
		if isName && isText {
			return group.Value + "." + field.Value
		}
		return c.fact(n.Node, at)
	}
	return ""
}

// words compares what is written out with what the fact beside it can hold.
func (c *check) words(n *ast.BinaryNode, at place) {
	fact, literal := n.Left, n.Right
	if c.fact(fact, at) == "" {
		fact, literal = literal, fact // "classifieds" in entitlement.products
	}
	name := c.fact(fact, at)
	texts := []ast.Node{literal}
	if list, ok := literal.(*ast.ArrayNode); ok {
		texts = list.Nodes
	}
	for _, t := range texts {
		text, ok := t.(*ast.StringNode)
		if !ok || text.Value == "" {
			continue
		}
		switch whole := n.Operator == "==" || n.Operator == "!=" || n.Operator == "in"; {
		case whole && c.values[name] != nil && !slices.Contains(c.values[name], text.Value):
			c.mistake(text, fmt.Sprintf("%s %q", name, text.Value), "one of "+strings.Join(c.values[name], ", "))
		case name == "mail.words" && text.Value != strings.ToLower(text.Value):
			c.mistake(text, fmt.Sprintf("%q", text.Value), fmt.Sprintf("%q: mail.words is in lower case", strings.ToLower(text.Value)))
		}
	}
}
