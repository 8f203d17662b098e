package parse

import (
	"bytes"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlText gives an HTML body as plain text for people: one line a block, "- " before list items, the address behind a link, and
// "> " before what the markup calls the quoted mail, so that visible can tell it from new words in any language. What the reader
// would not see is left out. It works in one pass with quotes counted by depth, as a renderer that prefixes nested quotes again and
// again is slow on hostile input (T059).
func htmlText(source string) string {
	r := renderers.Get().(*textRenderer)
	defer r.free()
	if !r.read(source) {
		return bareText(source)
	}
	return r.render()
}

// render is the text of the tree.
func (r *textRenderer) render() string {
	r.nodesIn(0, len(r.nodes))
	r.endLine()
	return string(bytes.Trim(r.out, "\n"))
}

// renderers are those that were done with; their stores are what is worth keeping.
var renderers = sync.Pool{New: func() any { return new(textRenderer) }}

const maxNodes = 5000 // of a store that waits for the next HTML

func (r *textRenderer) free() {
	if max(cap(r.nodes), cap(r.attrs)) > maxNodes || max(cap(r.out), cap(r.line)) > maxKept {
		return
	}
	clear(r.nodes)
	clear(r.attrs)
	*r = textRenderer{htmlTree: htmlTree{nodes: r.nodes[:0], attrs: r.attrs[:0]}, out: r.out[:0], line: r.line[:0], items: r.items[:0]}
	renderers.Put(r)
}

// bareText is what stands between the tags, for HTML that cannot be parsed.
func bareText(source string) string {
	var b strings.Builder
	hidden := false
	for z := html.NewTokenizer(strings.NewReader(source)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(b.String())
		case html.TextToken:
			if text := strings.Join(strings.Fields(string(z.Text())), " "); text != "" && !hidden {
				b.WriteString(text + "\n")
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			hidden = string(name) == "style" || string(name) == "script" || string(name) == "title"
		case html.EndTagToken:
			hidden = false
		}
	}
}

type textRenderer struct {
	htmlTree
	out   []byte
	line  []byte // of the line at hand, white space folded
	space bool   // white space waits for the next word
	ink   bool   // something stands on the line, if only a space that keeps it open
	gap   bool   // a blank line waits for the next line
	own   bool   // words outside of quotes were written
	quote int    // depth of quotes
	last  int    // depth of quotes of the last line
	pre   int
	items []int // numbers of the open lists, -1 for bullets
}

// isSkipped tells elements whose content is no text of the mail.
func isSkipped(a atom.Atom) bool {
	switch a {
	case atom.Head, atom.Script, atom.Style, atom.Title, atom.Noscript, atom.Iframe, atom.Object, atom.Textarea, atom.Select, atom.Template, atom.Svg:
		return true
	}
	return false
}

// isBlock tells elements that begin and end a line; those that are wide have a blank line around them.
func isBlock(a atom.Atom) (wide, block bool) {
	switch a {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Blockquote, atom.Pre, atom.Dl:
		return true, true
	case atom.Div, atom.Tr, atom.Li, atom.Table, atom.Tbody, atom.Body, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Center,
		atom.Address, atom.Dt, atom.Dd, atom.Form, atom.Fieldset, atom.Figure, atom.Main, atom.Caption:
		return false, true
	}
	return false, false
}

func (r *textRenderer) nodesIn(from, to int) {
	for i := from; i < to; i = int(r.nodes[i].end) {
		r.node(i)
	}
}

func (r *textRenderer) node(at int) {
	n := &r.nodes[at]
	if !n.isElement {
		r.text(n.text)
		return
	}
	if isSkipped(n.tag) || r.isHidden(n) {
		return
	}
	switch n.tag {
	case atom.Br:
		r.breakLine()
		return
	case atom.Hr:
		if id := r.attr(n, idKey); id == "stopSpelling" && r.own { // Hotmail: the quoted mail follows
			r.endLine()
			r.quote++
			return
		}
		r.endLine()
		r.word("----------")
		r.endLine()
		return
	case atom.Img:
		if alt := strings.TrimSpace(r.attr(n, altKey)); alt != "" && len(alt) < 200 {
			r.text(" [" + alt + "] ")
		}
		return
	}

	wide, block := isBlock(n.tag)
	class := ""
	if wide {
		class = r.attr(n, classKey)
	}
	if block {
		r.endLine()
		if wide && !strings.Contains(class, "MsoNormal") && !strings.Contains(class, "MsoPlainText") {
			r.gap = true
		}
	}
	quotes := 0
	switch {
	case r.isQuote(at):
		r.endLine()
		quotes = 1
	case r.own && r.quotesRest(at):
		r.endLine()
		r.quote++ // to the end of the mail
	case r.quote == 0 && r.own && r.isSignature(n):
		r.endLine()
		r.word("--")
		r.endLine()
	}
	r.quote += quotes
	switch n.tag {
	case atom.Ul:
		r.items = append(r.items, -1)
		defer func() { r.items = r.items[:len(r.items)-1] }()
	case atom.Ol:
		r.items = append(r.items, 0)
		defer func() { r.items = r.items[:len(r.items)-1] }()
	case atom.Li:
		mark := "-"
		if k := len(r.items) - 1; k >= 0 && r.items[k] >= 0 {
			r.items[k]++
			mark = strconv.Itoa(r.items[k]) + "."
		}
		r.word(mark)
		r.space = true
	case atom.Td, atom.Th:
		if len(r.line) > 0 {
			r.word(" ")
			r.space = true
		}
	case atom.Pre:
		r.pre++
		defer func() { r.pre-- }()
	}
	r.nodesIn(at+1, int(n.end))
	if n.tag == atom.A {
		r.link(at)
	}
	if block || quotes > 0 {
		r.endLine()
		if wide {
			r.gap = r.gap || !strings.Contains(class, "Mso")
		}
	}
	r.quote -= quotes
}

// link writes the address behind a link unless the text already says it.
func (r *textRenderer) link(at int) {
	href := strings.TrimSpace(r.attr(&r.nodes[at], hrefKey))
	if !strings.HasPrefix(href, "http://") && !strings.HasPrefix(href, "https://") || len(href) > 300 {
		return
	}
	text := r.textOf(at)
	if text == "" || strings.Contains(text, "://") || strings.Contains(href, "//"+text) || strings.Contains(href, "//www."+text) {
		return
	}
	r.space = true
	r.word("<")
	r.word(href)
	r.word(">")
}

func (r *textRenderer) text(s string) {
	if r.pre > 0 {
		for i, line := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
			if i > 0 {
				r.breakLine()
			}
			if line != "" {
				r.word(line)
			}
		}
		return
	}
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && s[j] != ' ' && s[j] != '\n' && s[j] != '\t' && s[j] != '\r' && s[j] != '\f' {
			j++
		}
		if j > i {
			r.word(s[i:j])
		}
		if j < len(s) {
			r.space = r.space || len(r.line) > 0
			j++
		}
		i = j
	}
}

func (r *textRenderer) word(s string) {
	if r.space && len(r.line) > 0 {
		r.line = append(r.line, ' ')
	}
	r.space = false
	r.ink = true
	for { // a space that is not to be broken at is one like others
		n := strings.Index(s, "\u00a0")
		if n < 0 {
			r.line = append(r.line, s...)
			return
		}
		r.line = append(append(r.line, s[:n]...), ' ')
		s = s[n+len("\u00a0"):]
	}
}

// breakLine ends the line, also an empty one.
func (r *textRenderer) breakLine() {
	r.ink = true
	r.endLine()
}

func (r *textRenderer) endLine() {
	if !r.ink {
		return
	}
	text := bytes.TrimRight(r.line, " \t")
	if r.pre == 0 {
		text = bytes.TrimLeft(text, " \t")
	}
	r.line = r.line[:0]
	r.space, r.ink = false, false
	if len(text) == 0 {
		r.gap = true
		return
	}
	prefix := quoteMarks[:2*min(r.quote, maxMarks)]
	if r.gap && len(r.out) > 0 {
		r.out = append(r.out, strings.TrimRight(prefix[:min(len(prefix), 2*r.last)], " ")...)
		r.out = append(r.out, '\n')
	}
	r.last = r.quote
	r.gap = false
	r.own = r.own || r.quote == 0
	r.out = append(r.out, prefix...)
	r.out = append(r.out, text...)
	r.out = append(r.out, '\n')
}

const maxMarks = 10 // of quotes in quotes

var quoteMarks = strings.Repeat("> ", maxMarks)

// style is the inline style in lower case without white space. Most of it is lower case, and all of it ASCII but the names of fonts.
func (t *htmlTree) style(n *htmlNode) string {
	s := t.attr(n, styleKey)
	usual := true
	for i := 0; i < len(s) && usual; i++ {
		usual = s[i] > ' ' && s[i] < utf8.RuneSelf && (s[i] < 'A' || s[i] > 'Z')
	}
	if usual {
		return s
	}
	var store [256]byte
	out := store[:0]
	for _, r := range s {
		switch {
		case r >= 'A' && r <= 'Z':
			out = append(out, byte(r)+'a'-'A')
		case r > ' ' && r < utf8.RuneSelf:
			out = append(out, byte(r))
		case !unicode.IsSpace(r):
			out = utf8.AppendRune(out, unicode.ToLower(r))
		}
	}
	return string(out)
}

// isHidden tells what no reader sees: preview texts of newsletters, and words that only a machine should find.
func (t *htmlTree) isHidden(n *htmlNode) bool {
	if n.attrs[0] == n.attrs[1] {
		return false
	}
	if t.has(n, hiddenKey) {
		return true
	}
	if !hasHidingColon(t.attr(n, styleKey)) {
		return false
	}
	s := t.style(n)
	return s != "" && (strings.Contains(s, "display:none") || strings.Contains(s, "visibility:hidden") || strings.Contains(s, "mso-hide:all") ||
		strings.Contains(s, "font-size:0;") || strings.HasSuffix(s, "font-size:0") || strings.Contains(s, "font-size:0px"))
}

// hasHidingColon looks at a style as it stands, which is done for each element: what hides has a colon with certain letters around.
func hasHidingColon(s string) bool {
	for at := 0; ; {
		n := strings.IndexByte(s[at:], ':')
		if n < 0 {
			return false
		}
		before, after := strings.TrimRight(s[:at+n], blanks), strings.TrimLeft(s[at+n+1:], blanks)
		at += n + 1
		if before == "" || after == "" {
			continue
		}
		switch c := before[len(before)-1]; {
		case c|0x20 == 'y', c|0x20 == 'e', c <= ' ', c >= utf8.RuneSelf: // display, visibility, mso-hide, font-size
			switch c := after[0]; {
			case c|0x20 == 'n', c|0x20 == 'h', c|0x20 == 'a', c == '0', c <= ' ', c >= utf8.RuneSelf: // none, hidden, all, 0
				return true
			}
		}
	}
}

// isQuote tells the elements in which mail programs put the mail they answer.
func (t *htmlTree) isQuote(at int) bool {
	n := &t.nodes[at]
	switch n.tag {
	case atom.Blockquote:
		class := strings.ToLower(t.attr(n, classKey))
		return t.attr(n, typeKey) == "cite" || t.attr(n, citeKey) != "" || strings.Contains(class, "quote") || strings.Contains(class, "cite") ||
			strings.Contains(t.style(n), "border-left")
	case atom.Div, atom.Span, atom.P:
		for c := range strings.FieldsSeq(strings.ToLower(t.attr(n, classKey))) {
			switch c {
			case "gmail_attr", "moz-cite-prefix", "yahoo_quoted", "zmail_extra", "tutanota_quote", "protonmail_quote", "wordsection1quote":
				// Forwarded text stands in the same elements, behind a dashed line. Zoho draws that of "=", and dashes around its attribution.
				text := t.textOf(at)
				return !strings.HasPrefix(text, "===") && (!strings.HasPrefix(text, "---") || c == "zmail_extra") && !t.hasWordsBelow(at)
			}
		}
		id := t.attr(n, idKey)
		return strings.HasPrefix(id, "yahoo_quoted") || id == "reply-intro"
	}
	return false
}

// hasWordsBelow tells whether there are words below the last quote within an element: an answer that was written between the lines.
func (t *htmlTree) hasWordsBelow(at int) bool {
	end := int(t.nodes[at].end)
	last := 0
	for i := at + 1; i < end; i++ {
		if t.nodes[i].tag == atom.Blockquote {
			last = int(t.nodes[i].end)
			i = last - 1
		}
	}
	for i := last; last > 0 && i < end; i++ {
		if !t.nodes[i].isElement && strings.TrimSpace(t.nodes[i].text) != "" {
			return true
		}
	}
	return false
}

// quotesRest tells the elements after which only the answered mail follows, in Outlook's habit.
func (t *htmlTree) quotesRest(at int) bool {
	n := &t.nodes[at]
	switch id := t.attr(n, idKey); {
	case strings.HasSuffix(id, "divRplyFwdMsg"), strings.HasSuffix(id, "appendonsend"), id == "OLK_SRC_BODY_SECTION", strings.HasSuffix(id, "mail-editor-reference-message-container"):
		return true
	}
	if n.tag != atom.Div {
		return false
	}
	if strings.EqualFold(t.attr(n, classKey), "OutlookMessageHeader") {
		return true
	}
	s := t.style(n)
	if !strings.Contains(s, "border:none") || !strings.Contains(s, "border-top:solid#") && !strings.Contains(s, "border-top:solidwindowtext") {
		return false
	}
	text := t.textOf(at) // who draws a line in a letter has no header below it
	return headerKind(text) != 0 || strings.Count(text, ":") >= 2 && (hasDate(text) || strings.Contains(text, "@"))
}

func (t *htmlTree) isSignature(n *htmlNode) bool {
	class, id := t.attr(n, classKey), t.attr(n, idKey)
	return n.tag == atom.Div && (class == "gmail_signature" || t.attr(n, smartmailKey) == "gmail_signature" || id == "Signature" ||
		strings.Contains(id, "ms-outlook-mobile-signature")) || strings.Contains(class, "moz-signature")
}
