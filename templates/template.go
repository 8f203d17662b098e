package templates

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	texttemplate "text/template"
	"text/template/parse"
)

// template is one mail in one language.
type template struct {
	lang     *language
	audience audience
	file     string // LANGUAGE/NAME.md, for messages
	master   *texttemplate.Template

	wordsFirst bool // it brings words of the customer's, by which its reader knows it in a list

	// shapes keeps what Markdown made of the mail, by the executed template with placeholders in the place of
	// values. Since no value is in there, one mail differs from the next only by which parts of the template
	// were taken and how often, and a few shapes serve nearly all mails.
	mu     sync.Mutex
	shapes map[string][]block

	runners sync.Pool // of *runner
}

// A runner is a copy of the parsed template with functions of its own, so that mails may be made side by side. Copies are used again:
// making one takes longer than running it.
type runner struct {
	template *texttemplate.Template
	values   *values // of the mail under way
}

func (t *template) runner(vs *values) (*runner, error) {
	if r, ok := t.runners.Get().(*runner); ok {
		r.values = vs
		return r, nil
	}
	run, err := t.master.Clone()
	if err != nil {
		return nil, err
	}
	r := &runner{values: vs}
	r.template = run.Funcs(texttemplate.FuncMap{printer: func(v any) (string, error) { return r.values.put(v) }})
	return r, nil
}

// maxShapes bounds the memory of one template's shapes. A list of files or of history makes another shape for
// each length, so there is a limit to what is worth keeping.
const maxShapes = 16

// printer is the name of the function at the end of each pipeline that prints. Templates cannot call it
// themselves: it is unknown while they are parsed.
const printer = "print_value"

func parseTemplate(lang *language, name, src, parts string) (*template, error) {
	t := &template{
		lang:     lang,
		audience: audiences[name],
		file:     lang.code + "/" + name + ".md",
		shapes:   map[string][]block{},

		wordsFirst: slices.Contains(handsOver, name),
	}
	if strings.ContainsFunc(src+parts, isPlaceholder) {
		return nil, fmt.Errorf("template %s: holds a private use character", t.file)
	}
	root := texttemplate.New(lang.code + "/" + partsFile + ".md").Option("missingkey=error").Funcs(functions(lang))
	if _, err := root.Parse(parts); err != nil {
		return nil, err
	}
	master, err := root.New(t.file).Parse(src)
	if err != nil {
		return nil, err
	}
	t.master = master
	if err := t.checkFields(); err != nil {
		return nil, err
	}
	for _, part := range master.Templates() {
		if part.Tree != nil {
			guard(part.Tree, part.Root)
		}
	}
	return t, nil
}

// guard ends every pipeline that prints below n with a call of the printer, as html/template does with its
// escapers. Conditions and the arguments of other templates print nothing and stay as they are.
func guard(tree *parse.Tree, n parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return // no {{else}}
		}
		for _, child := range n.Nodes {
			guard(tree, child)
		}
	case *parse.ActionNode:
		if len(n.Pipe.Decl) > 0 {
			return // {{$x := ...}}
		}
		call := parse.NewIdentifier(printer).SetTree(tree).SetPos(n.Pos)
		n.Pipe.Cmds = append(n.Pipe.Cmds, &parse.CommandNode{
			NodeType: parse.NodeCommand,
			Pos:      n.Pos,
			Args:     []parse.Node{call},
		})
	case *parse.IfNode:
		guard(tree, n.List)
		guard(tree, n.ElseList)
	case *parse.RangeNode:
		guard(tree, n.List)
		guard(tree, n.ElseList)
	case *parse.WithNode:
		guard(tree, n.List)
		guard(tree, n.ElseList)
	}
}

// render makes the mail. Data is checked against the audience first: a customer never gets what was written down
// for staff (THREATS G7), not even where a field has the same name.
func (t *template) render(data any, page bool) (Mail, error) {
	var head letterhead
	var fits bool
	switch d := data.(type) {
	case *Customer:
		if fits = d != nil && t.audience == toCustomer; fits {
			head = letterhead{d.Desk, d.Number, false}
		}
	case *Staff:
		if fits = d != nil && t.audience == toStaff; fits {
			head = letterhead{d.Desk, d.Number, t.wordsFirst}
		}
	}
	if !fits {
		return Mail{}, fmt.Errorf("render template %s: data is %T, which is not for its readers", t.file, data)
	}

	vs := &values{lang: t.lang, audience: t.audience}
	run, err := t.runner(vs)
	if err != nil {
		return Mail{}, fmt.Errorf("render template %s: %w", t.file, err)
	}
	var out strings.Builder
	err = run.template.Execute(&out, data)
	run.values = nil
	t.runners.Put(run)
	if err != nil {
		return Mail{}, fmt.Errorf("render: %w", err) // names the file and the line
	}
	subject, body, ok := strings.Cut(out.String(), "\n\n")
	subject, found := strings.CutPrefix(subject, "Subject: ")
	if !ok || !found || strings.Contains(subject, "\n") {
		return Mail{}, fmt.Errorf("render template %s: want a line \"Subject: ...\" first, then an empty line", t.file)
	}
	doc, err := t.shape(body)
	if err != nil {
		return Mail{}, fmt.Errorf("render template %s: %w", t.file, err)
	}
	m := Mail{
		Subject: vs.fillSubject(subject),
		Text:    renderText(doc, vs),
	}
	if page {
		m.HTML = renderHTML(doc, vs, head, m.Subject)
	}
	return m, nil
}

// shape returns the structure of a body, which is never written to afterwards.
func (t *template) shape(body string) ([]block, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if doc, ok := t.shapes[body]; ok {
		return doc, nil
	}
	doc, err := parseMarkdown(body)
	if err != nil {
		return nil, err
	}
	if len(t.shapes) == maxShapes {
		clear(t.shapes)
	}
	t.shapes[body] = doc
	return doc, nil
}

// try renders the mail with everything and with next to nothing in it. Between them they take both ways of each
// condition, but for a few; and they fill shapes.
func (t *template) try() error {
	tries := []any{fullCustomer(), &Customer{Number: 1}}
	if t.audience == toStaff {
		tries = []any{fullStaff(), &Staff{Number: 1}}
	}
	for i, data := range tries {
		m, err := t.render(data, true)
		if err != nil {
			return err
		}
		if i == 0 && (m.Subject == "" || strings.TrimSpace(m.Text) == "") {
			return fmt.Errorf("template %s: gives an empty mail", t.file)
		}
	}
	return nil
}
