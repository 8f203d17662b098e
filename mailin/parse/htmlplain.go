package parse

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A plainReader reads HTML that is written so that each tag tells by itself where it belongs: elements are closed in their order, but for those
// whose end may be left out. Whatever the standard moves elsewhere or opens anew, and what mails hardly have, it gives up at, for the library
// to read: words in a table outside of its cells, links that are not closed in their block, forms, pictures in SVG. The library takes nearly five
// times as long. That both read the same is what FuzzHTML is for.
type plainReader struct {
	*htmlTree
	rest   string // of the source
	phase  htmlPhase
	quirks quirks
	open   []openTag // from the outermost
	joins  bool      // text goes on the text that was added last
	raw    string    // what is in the element at hand, where that is no HTML
}

type openTag struct {
	node int // -1 for formatting that says nothing about text
	tag  atom.Atom
	kind tagKind
	name string // of one that HTML does not know
}

// An htmlPhase is what was read until now (13.2.6.4.1 to 13.2.6.4.6).
type htmlPhase uint8

const (
	nothing htmlPhase = iota
	doctype
	htmlBegun
	headBegun
	headEnded
	bodyBegun
)

// Whether a table ends a paragraph hangs on the document type.
type quirks uint8

const (
	withQuirks quirks = iota
	withoutQuirks
	unsureQuirks
)

const maxOpen = 500 // elements in one another; the library refuses a few more

// readPlain reads such HTML. ok is false for any other, and then the tree is good for nothing.
func (t *htmlTree) readPlain(source string) (ok bool) {
	if strings.IndexByte(source, 0) >= 0 || strings.IndexByte(source, '\r') >= 0 { // which both stand for other signs
		return false
	}
	var store [64]openTag
	r := plainReader{htmlTree: t, rest: source, open: store[:0]}
	for r.rest != "" {
		if !r.next() {
			return false
		}
	}
	for _, o := range r.open {
		r.end(o)
	}
	return true
}

func isPre(tag atom.Atom) bool { return tag == atom.Pre || tag == atom.Listing }

func (r *plainReader) top() openTag {
	if len(r.open) == 0 {
		return openTag{}
	}
	return r.open[len(r.open)-1]
}

func (r *plainReader) push(tag atom.Atom, kind tagKind, name string, attrs int) (ok bool) {
	node := -1
	if kind != formatTag || attrs < len(r.attrs) {
		node = r.begin(tag, attrs)
	}
	r.open = append(r.open, openTag{node, tag, kind, name})
	r.joins = false
	return len(r.open) < maxOpen
}

func (r *plainReader) end(o openTag) {
	if o.node >= 0 {
		r.finish(o.node)
	}
	r.joins = false
}

// void adds an element that has no other in it.
func (r *plainReader) void(tag atom.Atom, attrs int) (ok bool) {
	at := r.begin(tag, attrs)
	if r.raw != "" {
		r.addText(r.raw)
		r.raw = ""
	}
	r.finish(at)
	r.joins = false
	return true
}

// pop ends the elements from an index on. Formatting of which the end has not come goes on behind them, unless it was a cell's.
func (r *plainReader) pop(from int) (ok bool) {
	whole := r.open[from].kind == cellTag || r.open[from].kind == tableTag
	left := r.open[:from]
	for _, o := range r.open[from:] {
		if r.end(o); o.kind == formatTag && !whole {
			if o.node >= 0 {
				return false
			}
			left = append(left, o)
		}
		if o.kind == anchorTag && !whole {
			return false
		}
	}
	r.open = left
	return true
}

// popFormat ends the innermost formatting of that name. What was opened in it stays open, and where it says nothing about text it does not
// matter that the standard would part it.
func (r *plainReader) popFormat(tag atom.Atom) (ok bool) {
	i := r.find(func(o openTag) bool { return o.tag == tag })
	if i < 0 {
		return true
	}
	ended := r.open[i]
	for _, o := range r.open[i+1:] {
		says := o.kind != formatTag || o.node >= 0
		if says && (ended.node >= 0 || !o.kind.isSpecial() || isPre(o.tag)) {
			return false
		}
	}
	r.end(ended)
	r.open = slices.Delete(r.open, i, i+1)
	return true
}

// popHeading ends one in which nothing else is open.
func (r *plainReader) popHeading() (ok bool) {
	last := len(r.open) - 1
	if r.open[last].kind == headingTag {
		return r.pop(last)
	}
	for r.open[last].kind == formatTag {
		last--
	}
	return r.open[last].kind != headingTag // whether formatting is open in it or goes on in the next is not known here
}

// find is the index of the innermost open element of which is says so, -1 where a table's cell or the beginning stands before it.
func (r *plainReader) find(is func(o openTag) bool) int {
	for i := len(r.open) - 1; i >= 0; i-- {
		switch o := r.open[i]; {
		case is(o):
			return i
		case o.kind == cellTag, o.kind == tableTag:
			return -1
		}
	}
	return -1
}

// popAny ends the innermost open element of which is says so, if there is one.
func (r *plainReader) popAny(is func(o openTag) bool) (ok bool) {
	i := r.find(is)
	return i < 0 || r.pop(i)
}

func isParagraph(o openTag) bool { return o.kind == paragraphTag }

// beginBody opens what is open without a tag of its own.
func (r *plainReader) beginBody(attrs int) (ok bool) {
	if len(r.open) == 0 {
		r.push(atom.Html, htmlTag, "", len(r.attrs))
	}
	r.phase = bodyBegun
	return r.push(atom.Body, bodyTag, "", attrs)
}

func (r *plainReader) text(s string) (ok bool) {
	if strings.IndexByte(s, '&') >= 0 {
		s = html.UnescapeString(s)
	}
	if r.phase < bodyBegun {
		if s = trimLeft(s, blanks); s == "" {
			return true
		}
		r.beginBody(len(r.attrs))
	}
	switch top := r.top(); {
	case top.kind.inTable():
		if strings.Trim(s, blanks) != "" {
			return false
		}
	case isPre(top.tag) && top.node == len(r.nodes)-1: // a line end that begins it is none of the text
		s = withoutFirstEnd(s)
	}
	if s == "" {
		return true
	}
	if r.joins {
		r.nodes[len(r.nodes)-1].text += s
		return true
	}
	r.addText(s)
	r.joins = true
	return true
}

func (r *plainReader) startTag() (ok bool) {
	name := tagName(r.rest[1:])
	attrs := len(r.attrs)
	if !r.attributes(1 + len(name)) {
		return false
	}
	tag := atomOf(name)
	kind := kindOfTag(tag)
	if r.raw = ""; kind == rawTag && !r.readRaw(name, tag) {
		return false
	}
	if r.phase < bodyBegun {
		switch {
		case kind == htmlTag && r.phase < htmlBegun:
			r.phase = htmlBegun
			return r.push(tag, kind, "", attrs)
		case kind == headTag:
			r.phase = max(r.phase, headBegun)
			return true
		case kind == linkTag, kind == rawTag && isOfHead(tag, r.phase):
			r.phase, r.raw = max(r.phase, headBegun), ""
			return true
		case kind == bodyTag:
			return r.beginBody(attrs)
		case !r.beginBody(len(r.attrs)):
			return false
		}
	}
	if r.top().kind.inTable() {
		return r.startInTable(tag, kind, attrs)
	}
	switch kind {
	case blockTag, paragraphTag, headingTag:
		if !r.popAny(isParagraph) || kind == headingTag && !r.popHeading() {
			return false
		}
	case itemTag, termTag:
		for i := len(r.open) - 1; i >= 0; i-- { // an open one ends, if nothing but words and boxes are between
			o := r.open[i]
			if o.kind == kind {
				if !r.pop(i) {
					return false
				}
				break
			}
			if o.kind.isSpecial() && o.tag != atom.Address && o.tag != atom.Div && o.tag != atom.P {
				break
			}
		}
		if !r.popAny(isParagraph) {
			return false
		}
	case anchorTag:
		if r.find(func(o openTag) bool { return o.tag == tag }) >= 0 {
			return false
		}
	case plainTag, formatTag:
	case voidTag, linkTag, rawTag:
		return r.void(tag, attrs)
	case ruleTag:
		return r.popAny(isParagraph) && r.void(tag, attrs)
	case tableTag:
		if i := r.find(isParagraph); i >= 0 && (r.quirks == unsureQuirks || r.quirks == withoutQuirks && !r.pop(i)) {
			return false
		}
	case sectionTag, rowTag, cellTag, columnsTag, columnTag:
		cell := r.find(func(o openTag) bool { return o.kind == cellTag })
		return cell < 0 || r.pop(cell) && r.startInTable(tag, kind, attrs)
	case headTag:
		return true
	default:
		return false
	}
	if kind != plainTag || tag != 0 {
		name = ""
	}
	return r.push(tag, kind, name, attrs)
}

// isOfHead tells what belongs to the head where the body has not begun.
func isOfHead(tag atom.Atom, phase htmlPhase) bool {
	switch tag {
	case atom.Style, atom.Script, atom.Title:
		return true
	case atom.Noscript:
		return phase < headEnded
	}
	return false
}

// startInTable takes a tag where a table, but none of its cells is open.
func (r *plainReader) startInTable(tag atom.Atom, kind tagKind, attrs int) (ok bool) {
	if kind == rawTag && (tag == atom.Style || tag == atom.Script) && r.top().kind != columnsTag {
		return r.void(tag, attrs)
	}
	if tag == atom.Center && r.top().kind != columnsTag {
		// It would stand before the table until the next row or cell ends it. With nothing in it, it changes nothing.
		r.rest = trimLeft(r.rest, " \t\n\f")
		return opensInTable(r.rest)
	}
	if kind < sectionTag || kind > columnTag {
		return false
	}
	none := len(r.attrs)
	for { // what is missing around it is opened, what it ends is closed
		last := len(r.open) - 1
		switch top := r.open[last].kind; {
		case top == columnsTag && kind == columnTag:
			return r.void(tag, attrs)
		case top == rowTag && kind == cellTag, top == sectionTag && kind == rowTag, top == tableTag && (kind == sectionTag || kind == columnsTag):
			return r.push(tag, kind, "", attrs)
		case top == tableTag && kind == columnTag:
			r.push(atom.Colgroup, columnsTag, "", none)
		case top == tableTag:
			r.push(atom.Tbody, sectionTag, "", none)
		case top == sectionTag && kind == cellTag:
			r.push(atom.Tr, rowTag, "", none)
		default:
			r.pop(last)
		}
	}
}

// opensInTable tells what begins with the start tag of a row or a cell.
func opensInTable(s string) bool {
	s, isTag := strings.CutPrefix(s, "<")
	end := strings.IndexAny(s, "> /\t\n\f")
	if !isTag || end < 0 {
		return false
	}
	kind := kindOfTag(atomOf(s[:end]))
	return kind == rowTag || kind == cellTag
}

func (r *plainReader) endTag(name string) (ok bool) {
	tag := atomOf(name)
	kind := kindOfTag(tag)
	if tag == atom.Br || kind == oddTag {
		return false
	}
	if r.phase < bodyBegun {
		if kind == headTag {
			r.phase = max(r.phase, headEnded)
		}
		return kind != bodyTag && kind != htmlTag
	}
	same := func(o openTag) bool { return o.tag == tag }
	if r.top().kind == columnsTag {
		if kind == columnTag {
			return true
		}
		r.pop(len(r.open) - 1)
		if kind == columnsTag {
			return true
		}
	}
	if r.top().kind.inTable() {
		switch kind {
		case tableTag, sectionTag, rowTag:
			return r.popAny(same)
		}
		return kind != paragraphTag // which would stand before the table; others end nothing that the table is in
	}
	switch kind {
	case paragraphTag:
		if i := r.find(isParagraph); i >= 0 {
			return r.pop(i)
		}
		return r.void(tag, len(r.attrs))
	case blockTag, termTag:
		return r.popAny(same)
	case headingTag:
		return r.popAny(func(o openTag) bool { return o.kind == headingTag })
	case itemTag:
		i := r.find(func(o openTag) bool { return o.kind == itemTag || o.tag == atom.Ol || o.tag == atom.Ul })
		return i < 0 || r.open[i].kind != itemTag || r.pop(i)
	case formatTag, anchorTag:
		return r.popFormat(tag)
	case plainTag:
		for i := len(r.open) - 1; i >= 0 && !r.open[i].kind.isSpecial(); i-- {
			if o := r.open[i]; o.tag == tag && o.kind == plainTag && strings.EqualFold(o.name, name) == (tag == 0) {
				return r.pop(i)
			}
		}
	case cellTag, tableTag, sectionTag, rowTag:
		cell := r.find(func(o openTag) bool { return o.kind == cellTag })
		if cell < 0 || kind == cellTag && r.open[cell].tag != tag {
			return true
		}
		if kind == cellTag {
			return r.pop(cell)
		}
		for i := cell - 1; r.open[i].kind != tableTag || kind == tableTag; i-- {
			if r.open[i].tag == tag {
				return r.pop(cell) && r.popAny(same)
			}
		}
	}
	return true // one that ends nothing
}
