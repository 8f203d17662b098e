package templates

import (
	"fmt"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// A mail is a list of blocks. They hold placeholders, no values.
type (
	block interface{ isBlock() }

	paragraph struct{ runs []run }
	heading   struct{ runs []run }
	quote     struct{ blocks []block }
	warning   struct{ blocks []block } // a quote that begins with [!WARNING]
	list      struct {
		ordered bool
		items   [][]block
	}
	facts    struct{ facts []fact } // a list whose items all begin with "**Label:**" or "`command`:"
	code     struct{ lines []string }
	verbatim struct{ value int } // a paragraph which is nothing but words, by the index of the value
	button   struct{ link run }  // a paragraph which is nothing but a link
	rule     struct{}
)

// fact is a label and what it says. Labels that are commands stand without a colon.
type fact struct {
	label   run
	value   []run
	command bool
}

// run is a piece of a paragraph in one style. A "\n" in it is a line break.
type run struct {
	text  string
	style style
	href  string // the target, where it is a link
}

type style uint8

const (
	strong style = 1 << iota
	emphasis
	monospace
)

func (paragraph) isBlock() {}
func (heading) isBlock()   {}
func (quote) isBlock()     {}
func (warning) isBlock()   {}
func (list) isBlock()      {}
func (facts) isBlock()     {}
func (code) isBlock()      {}
func (verbatim) isBlock()  {}
func (button) isBlock()    {}
func (rule) isBlock()      {}

// markdown reads what mails need of CommonMark. There is no HTML in it at all, so that a "<" is just that, and no
// underlined headings, which would turn a paragraph before "---" into one.
var markdown = parser.NewParser(
	parser.WithBlockParsers(
		util.Prioritized(parser.NewThematicBreakParser(), 200),
		util.Prioritized(parser.NewListParser(), 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewCodeBlockParser(), 500),
		util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
		util.Prioritized(parser.NewBlockquoteParser(), 800),
		util.Prioritized(parser.NewParagraphParser(), 1000),
	),
	parser.WithInlineParsers(
		util.Prioritized(parser.NewCodeSpanParser(), 100),
		util.Prioritized(parser.NewLinkParser(), 200),
		util.Prioritized(parser.NewEmphasisParser(), 500),
	),
)

// parseMarkdown turns an executed template into blocks. A part of Markdown that neither form of a mail could
// show, such as an image, is an error.
func parseMarkdown(src string) ([]block, error) {
	r := reader{src: []byte(src)}
	doc := r.blocks(markdown.Parse(text.NewReader(r.src)))
	return doc, r.err
}

// reader walks goldmark's tree and keeps the first error.
type reader struct {
	src []byte
	err error
}

func (r *reader) blocks(parent ast.Node) []block {
	var all []block
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Paragraph, *ast.TextBlock:
			all = append(all, paragraphOf(r.runs(n)))
		case *ast.Heading:
			all = append(all, heading{r.runs(n)})
		case *ast.Blockquote:
			all = append(all, quoteOf(r.blocks(n)))
		case *ast.List:
			all = append(all, r.list(n))
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			s := strings.TrimRight(string(n.Lines().Value(r.src)), "\n")
			all = append(all, code{strings.Split(s, "\n")})
		case *ast.ThematicBreak:
			all = append(all, rule{})
		default:
			r.fail(n)
		}
	}
	return all
}

// paragraphOf sees whether a paragraph is words or a button rather than text.
func paragraphOf(runs []run) block {
	if len(runs) != 1 {
		return paragraph{runs}
	}
	if runs[0].href != "" {
		return button{runs[0]}
	}
	if s := []rune(runs[0].text); len(s) == 1 && s[0] >= wordsPlaceholder && isPlaceholder(s[0]) {
		return verbatim{int(s[0] - wordsPlaceholder)}
	}
	return paragraph{runs}
}

// quoteOf sees whether a quote is a warning, in the way that code-hosting sites write them.
func quoteOf(blocks []block) block {
	if len(blocks) > 0 {
		if p, ok := blocks[0].(paragraph); ok && len(p.runs) > 0 {
			if s, ok := strings.CutPrefix(p.runs[0].text, "[!WARNING]"); ok {
				p.runs[0].text = strings.TrimLeft(s, " ")
				blocks[0] = p
				return warning{blocks}
			}
		}
	}
	return quote{blocks}
}

func (r *reader) list(n *ast.List) block {
	l := list{ordered: n.IsOrdered()}
	var f facts
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		blocks := r.blocks(item)
		l.items = append(l.items, blocks)
		if fact, ok := factOf(blocks); ok {
			f.facts = append(f.facts, fact)
		}
	}
	if !l.ordered && len(f.facts) == len(l.items) {
		return f
	}
	return l
}

// factOf reads an item such as "**Class:** Installation" or "`/help`: this list".
func factOf(blocks []block) (fact, bool) {
	if len(blocks) != 1 {
		return fact{}, false
	}
	p, ok := blocks[0].(paragraph)
	if !ok || len(p.runs) < 2 || p.runs[0].href != "" {
		return fact{}, false
	}
	label, value := p.runs[0], slices.Clone(p.runs[1:])
	switch label.style {
	case strong:
		label.text, ok = strings.CutSuffix(label.text, ":")
		label.style = 0 // its column tells enough
	case monospace:
		value[0].text, ok = strings.CutPrefix(value[0].text, ":")
	default:
		ok = false
	}
	if !ok {
		return fact{}, false
	}
	value[0].text = strings.TrimLeft(value[0].text, " ")
	return fact{label: label, value: value, command: label.style != 0}, true
}

// runs flattens the inlines of a block. Nested styles add up.
func (r *reader) runs(n ast.Node) []run {
	var all []run
	r.inlines(n, 0, &all)
	return all
}

func (r *reader) inlines(parent ast.Node, st style, all *[]run) {
	add := func(s string, st style) {
		if last := len(*all) - 1; last >= 0 && (*all)[last].style == st && (*all)[last].href == "" {
			(*all)[last].text += s
		} else if s != "" {
			*all = append(*all, run{text: s, style: st})
		}
	}
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			s := n.Value(r.src)
			if st&monospace == 0 {
				s = util.ResolveEntityNames(util.UnescapePunctuations(s))
			}
			add(string(s), st)
			switch {
			case n.HardLineBreak():
				add("\n", st)
			case n.SoftLineBreak():
				add(" ", st)
			}
		case *ast.String:
			add(string(n.Value), st)
		case *ast.CodeSpan:
			r.inlines(n, st|monospace, all)
		case *ast.Emphasis:
			if n.Level == 2 {
				r.inlines(n, st|strong, all)
			} else {
				r.inlines(n, st|emphasis, all)
			}
		case *ast.Link:
			var label []run
			r.inlines(n, st, &label)
			link := run{style: st, href: string(n.Destination)}
			for _, part := range label {
				link.text += part.text
			}
			*all = append(*all, link)
		default:
			r.fail(n)
		}
	}
}

func (r *reader) fail(n ast.Node) {
	if r.err == nil {
		r.err = fmt.Errorf("a mail cannot show Markdown of the kind %s", n.Kind())
	}
}
