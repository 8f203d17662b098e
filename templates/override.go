package templates

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
)

// A Mistake is what is wrong with one of the operator's own files.
type Mistake struct {
	File string // LANGUAGE/NAME.md
	Line int    // from 1; 0 where it is not one line's
	Says string
}

func (m Mistake) String() string {
	if m.Line == 0 {
		return m.File + ": " + m.Says
	}
	return fmt.Sprintf("%s:%d: %s", m.File, m.Line, m.Says)
}

// Mistakes are all of them, by file and line.
type Mistakes []Mistake

// Error gives a line for each.
func (ms Mistakes) Error() string {
	var b strings.Builder
	for i, m := range ms {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(m.String())
	}
	return b.String()
}

// sorted leaves out what is told twice: a mistake in a part is one of every mail that uses it.
func (ms Mistakes) sorted() Mistakes {
	slices.SortFunc(ms, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Says, b.Says))
	})
	return slices.Compact(ms)
}

// Source is our own text of a mail, for an operator to start from; name may also be "parts".
func Source(lang, name string) (string, error) {
	if _, ok := audiences[name]; !ok && name != partsFile {
		return "", fmt.Errorf("no mail is called %q; want one of %s", name, nameList())
	}
	if languageOf(lang) == nil {
		return "", fmt.Errorf("no mail is in the language %q; want one of %s", lang, strings.Join(codes(), ", "))
	}
	return source(nil, lang, name)
}

// Overridden tells which mails of a folder stand in the place of ours: the languages by the mail's name, "parts" for the pieces.
func Overridden(override fs.FS) map[string][]string {
	all := map[string][]string{}
	for _, name := range append(slices.Collect(maps.Keys(audiences)), partsFile) {
		for _, lang := range codes() {
			if _, err := fs.Stat(override, path.Join(lang, name+".md")); err == nil {
				all[name] = append(all[name], lang)
			}
		}
	}
	return all
}

// touched are the mails that a folder changes, by "LANGUAGE/NAME": those that stand there, and all of a language whose pieces do.
func touched(override fs.FS) []string {
	yours := Overridden(override)
	var keys []string
	for _, name := range slices.Sorted(maps.Keys(audiences)) {
		for _, lang := range codes() {
			if slices.Contains(yours[name], lang) || slices.Contains(yours[partsFile], lang) {
				keys = append(keys, lang+"/"+name)
			}
		}
	}
	return keys
}

func nameList() string {
	return strings.Join(append(slices.Sorted(maps.Keys(audiences)), partsFile), ", ")
}

// source reads one file, from override where that has it.
func source(override fs.FS, lang, name string) (string, error) {
	file := path.Join(lang, name+".md")
	if override != nil {
		b, err := fs.ReadFile(override, file)
		if err == nil {
			// Files of an operator may come from any editor.
			return strings.ReplaceAll(strings.TrimPrefix(string(b), "\ufeff"), "\r\n", "\n"), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	b, err := fs.ReadFile(embedded, path.Join("mails", file))
	if err != nil {
		return "", err
	}
	return string(b), nil
}

// checkNames tells files that would stand in the place of nothing: a slip in a name would otherwise be found only by the
// customer who still gets the built-in mail.
func checkNames(override fs.FS) Mistakes {
	var ms Mistakes
	err := fs.WalkDir(override, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, isMail := strings.CutSuffix(path.Base(file), ".md")
		if d.IsDir() || !isMail || strings.EqualFold(name, "readme") {
			return nil
		}
		switch _, known := audiences[name]; {
		case !known && name != partsFile:
			ms = append(ms, Mistake{File: file, Says: "no mail has this name; want one of " + nameList()})
		case languageOf(path.Dir(file)) == nil:
			ms = append(ms, Mistake{File: file, Says: "want it in a folder named by a language, one of " + strings.Join(codes(), ", ")})
		}
		return nil
	})
	if err != nil {
		ms = append(ms, Mistake{File: ".", Says: err.Error()})
	}
	return ms
}

var (
	located  = regexp.MustCompile(`(?s)template: ([^:]+):(\d+)(?::\d+)?: (?:executing "[^"]*" )?(.*)$`)
	nothing  = regexp.MustCompile(`^at <(.*)>: nil pointer evaluating`)
	function = regexp.MustCompile(`^function "(\w+)" not defined`)
)

// mistakesOf makes mistakes of what text/template and our own checks say of a file.
func mistakesOf(file string, err error) Mistakes {
	var ms Mistakes
	if errors.As(err, &ms) {
		return ms
	}
	says := err.Error()
	at := located.FindStringSubmatch(says)
	if at == nil {
		return Mistakes{{File: file, Says: says}}
	}
	line, _ := strconv.Atoi(at[2])
	says = at[3]
	if m := nothing.FindStringSubmatch(says); m != nil {
		says = fmt.Sprintf("{{%s}}: it is not always there; ask first, as by {{with}} or {{if}}", m[1])
	} else if m := function.FindStringSubmatch(says); m != nil {
		says = fmt.Sprintf("there is no function %q", m[1])
	}
	return Mistakes{{File: at[1], Line: line, Says: says}}
}

// A fieldChecker finds what a template asks for and its data never has, also where no try leads.
type fieldChecker struct {
	t        *template
	mistakes Mistakes
	seen     map[string]bool // parts by name and type
}

// checkFields reads a mail for the data it is made from.
func (t *template) checkFields() error {
	c := fieldChecker{t: t, seen: map[string]bool{}}
	data := reflect.TypeFor[Customer]()
	if t.audience == toStaff {
		data = reflect.TypeFor[Staff]()
	}
	c.body(t.master.Tree, data)
	if len(c.mistakes) > 0 {
		return c.mistakes.sorted()
	}
	return nil
}

func (c *fieldChecker) body(tree *parse.Tree, dot reflect.Type) {
	s := scope{tree: tree, dot: dot, vars: map[string]reflect.Type{"$": dot}}
	c.node(s, tree.Root)
}

// A scope is where a node stands: what "." and the variables are there. A nil type is one that we do not follow.
type scope struct {
	tree *parse.Tree
	dot  reflect.Type
	vars map[string]reflect.Type
}

func (s scope) within(dot reflect.Type) scope {
	return scope{s.tree, dot, maps.Clone(s.vars)}
}

func (c *fieldChecker) wrong(s scope, n parse.Node, format string, args ...any) {
	place, _ := s.tree.ErrorContext(n)
	file, rest, _ := strings.Cut(place, ":")
	line, _, _ := strings.Cut(rest, ":")
	number, _ := strconv.Atoi(line)
	c.mistakes = append(c.mistakes, Mistake{file, number, fmt.Sprintf(format, args...)})
}

func (c *fieldChecker) node(s scope, n parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				c.node(s, child)
			}
		}
	case *parse.ActionNode:
		if t := c.pipe(s, n.Pipe); len(n.Pipe.Decl) == 0 && t != nil && !printable[t] {
			c.wrong(s, n, "%s is %s, which cannot be printed", n.Pipe, describe(t))
		}
	case *parse.IfNode:
		c.pipe(s, n.Pipe)
		c.node(s.within(s.dot), n.List)
		c.node(s.within(s.dot), n.ElseList)
	case *parse.WithNode:
		inner := s.within(s.dot)
		inner.dot = c.pipe(inner, n.Pipe)
		c.node(inner, n.List)
		c.node(s.within(s.dot), n.ElseList)
	case *parse.RangeNode:
		inner := s.within(s.dot)
		all := c.value(inner, n.Pipe)
		inner.dot = nil
		if all != nil && all.Kind() == reflect.Slice {
			inner.dot = all.Elem()
		}
		for i, v := range n.Pipe.Decl {
			inner.vars[v.Ident[0]] = nil
			if i == len(n.Pipe.Decl)-1 {
				inner.vars[v.Ident[0]] = inner.dot
			}
		}
		c.node(inner, n.List)
		c.node(s.within(s.dot), n.ElseList)
	case *parse.TemplateNode:
		part := c.t.master.Lookup(n.Name)
		if part == nil || part.Tree == nil {
			c.wrong(s, n, "there is no part %q", n.Name)
			return
		}
		var dot reflect.Type
		if n.Pipe != nil {
			dot = c.pipe(s, n.Pipe)
		}
		if key := fmt.Sprint(n.Name, " ", dot); !c.seen[key] {
			c.seen[key] = true
			c.body(part.Tree, dot)
		}
	}
}

// pipe checks a pipeline and gives its type, where that is plain.
func (c *fieldChecker) pipe(s scope, p *parse.PipeNode) reflect.Type {
	t := c.value(s, p)
	for _, v := range p.Decl {
		s.vars[v.Ident[0]] = t
	}
	return t
}

func (c *fieldChecker) value(s scope, p *parse.PipeNode) reflect.Type {
	var t reflect.Type
	for _, cmd := range p.Cmds {
		for _, arg := range cmd.Args {
			t = c.arg(s, arg)
		}
	}
	if len(p.Cmds) == 1 && len(p.Cmds[0].Args) == 1 {
		return t
	}
	return nil
}

func (c *fieldChecker) arg(s scope, n parse.Node) reflect.Type {
	switch n := n.(type) {
	case *parse.DotNode:
		return s.dot
	case *parse.FieldNode:
		return c.fields(s, n, s.dot, n.Ident)
	case *parse.VariableNode:
		return c.fields(s, n, s.vars[n.Ident[0]], n.Ident[1:])
	case *parse.PipeNode:
		return c.pipe(s, n)
	}
	return nil
}

// fields follows names from a type.
func (c *fieldChecker) fields(s scope, n parse.Node, t reflect.Type, names []string) reflect.Type {
	for _, name := range names {
		if t == nil {
			return nil
		}
		of := t
		if of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct {
			c.wrong(s, n, "{{%s}}: %s has no fields", n, describe(of))
			return nil
		}
		f, ok := of.FieldByName(name)
		if !ok || !f.IsExported() {
			c.wrong(s, n, "{{%s}}: there is no field %s here; the nearest is %s, docs/templates.md has all", n, name, nearestField(of, name))
			return nil
		}
		t = f.Type
	}
	return t
}

// printable are the types that have a form of their own in a mail.
var printable = map[reflect.Type]bool{
	reflect.TypeFor[string](): true, reflect.TypeFor[PublicText](): true, reflect.TypeFor[InternalText](): true,
	reflect.TypeFor[int](): true, reflect.TypeFor[int64](): true,
	reflect.TypeFor[Moment](): true, reflect.TypeFor[*Moment](): true, reflect.TypeFor[Day](): true, reflect.TypeFor[*Day](): true,
	reflect.TypeFor[Range](): true, reflect.TypeFor[*Range](): true,
}

// describe says in words what a type is to who writes a template.
func describe(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "yes or no"
	case reflect.Slice:
		return "a list"
	case reflect.Pointer:
		if t.Elem().Kind() != reflect.Struct {
			return "a number that may not be there"
		}
		return describe(t.Elem())
	case reflect.Struct:
		return "several fields"
	case reflect.String:
		return "a text"
	}
	return "a number"
}

// nearestField is the field whose name differs least.
func nearestField(of reflect.Type, name string) string {
	best, least := "", -1
	for i := range of.NumField() {
		f := of.Field(i).Name
		if d := distance(strings.ToLower(f), strings.ToLower(name)); least < 0 || d < least {
			best, least = f, d
		}
	}
	return best
}

// distance is how many letters are to be added, left out or changed (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := before
			if a[i] != b[j] {
				d = 1 + min(before, row[j], row[j+1])
			}
			before, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}
