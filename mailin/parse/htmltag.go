package parse

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// next reads a text, a tag or a comment.
func (r *plainReader) next() (ok bool) {
	n := 0
	for {
		i := strings.IndexByte(r.rest[n:], '<')
		if i < 0 {
			n = len(r.rest)
			break
		}
		if n += i; n+1 == len(r.rest) {
			return false
		}
		if c := r.rest[n+1]; isASCIILetter(c) || c == '/' || c == '!' || c == '?' {
			break
		}
		n++ // a sign in a text
	}
	if n > 0 {
		text := r.rest[:n]
		r.rest = r.rest[n:]
		return r.text(text)
	}
	switch r.rest[1] {
	case '/':
		if len(r.rest) < 3 || !isASCIILetter(r.rest[2]) {
			return false
		}
		name := tagName(r.rest[2:])
		end := strings.TrimLeft(r.rest[2+len(name):], blanks)
		if end == "" || end[0] != '>' {
			return false
		}
		r.rest = end[1:]
		return r.endTag(name)
	case '!', '?':
		return r.comment()
	}
	return r.startTag()
}

func isASCIILetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\f' || c == '\r' }

// tagName is the name with which the text begins.
func tagName(s string) string {
	for i := range len(s) {
		if c := s[i]; isBlank(c) || c == '/' || c == '>' {
			return s[:i]
		}
	}
	return s
}

func atomOf(name string) atom.Atom {
	var store [16]byte
	return atom.Lookup(lowerInto(store[:], name)) // the longer ones are of no matter to a text
}

// comment passes over one, and over a document type.
func (r *plainReader) comment() (ok bool) {
	if isPre(r.top().tag) {
		return false // it counts as a child, after which no line end is left out
	}
	r.joins = false
	if text, ok := strings.CutPrefix(r.rest, "<!--"); ok {
		end := strings.Index(text, "-->")
		if end < 0 || strings.HasPrefix(text, ">") || strings.HasPrefix(text, "->") || strings.Contains(text[:end], "--!>") {
			return false
		}
		r.rest = text[end+len("-->"):]
		return true
	}
	end := strings.IndexByte(r.rest, '>')
	if end < 0 {
		return false
	}
	said := r.rest[2:end]
	r.rest = r.rest[end+1:]
	const mark = "doctype"
	if r.phase == nothing && len(said) >= len(mark) && strings.EqualFold(said[:len(mark)], mark) {
		r.phase = doctype
		if r.quirks = unsureQuirks; strings.TrimLeft(said[len(mark):], blanks) == "html" {
			r.quirks = withoutQuirks
		}
	}
	return true
}

// attributes reads those of a tag from an index on, to its end.
func (r *plainReader) attributes(at int) (ok bool) {
	s := r.rest
	for {
		for at < len(s) && isBlank(s[at]) {
			at++
		}
		if at == len(s) {
			return false
		}
		if s[at] == '>' {
			r.rest = s[at+1:]
			return true
		}
		begin := at
		for at < len(s) && !isBlank(s[at]) && s[at] != '/' && s[at] != '>' && (s[at] != '=' || at == begin) {
			at++
		}
		key := s[begin:at]
		for at < len(s) && isBlank(s[at]) {
			at++
		}
		if at == len(s) {
			return false
		}
		val := ""
		switch s[at] {
		case '/':
			at++
		case '=':
			for at++; at < len(s) && isBlank(s[at]); at++ {
			}
			if at == len(s) {
				return false
			}
			switch quote := s[at]; quote {
			case '>':
			case '"', '\'':
				n := strings.IndexByte(s[at+1:], quote)
				if n < 0 {
					return false
				}
				val = s[at+1 : at+1+n]
				at += n + 2
			default:
				begin := at
				for at < len(s) && !isBlank(s[at]) && s[at] != '>' {
					at++
				}
				val = s[begin:at]
			}
		}
		if k := keyOf(key); k != otherKey {
			if val, ok = unescapeAttr(val); !ok {
				return false
			}
			r.attrs = append(r.attrs, htmlAttr{k, val})
		}
	}
}

// unescapeAttr undoes the references in an attribute's value, as &amp;. There what a link has in front of a name, as ?a=1&b=2, is none, which
// the library knows for tags that it reads itself: it is asked only where that makes no difference. ok is false where it does.
func unescapeAttr(s string) (_ string, ok bool) {
	if strings.IndexByte(s, '&') < 0 {
		return s, true
	}
	var b strings.Builder
	for s != "" {
		n := strings.IndexByte(s[1:], '&') + 1
		if n == 0 {
			n = len(s)
		}
		piece := s[:n]
		s = s[n:]
		if piece[0] != '&' {
			b.WriteString(piece)
			continue
		}
		name := 1
		for name < len(piece) && (isASCIILetter(piece[name]) || digits(piece[name:name+1]) > 0) {
			name++
		}
		switch after := piece[name:]; {
		case strings.HasPrefix(after, "="), name == 1 && !strings.HasPrefix(after, "#"):
			b.WriteString(piece)
		case name > 1 && !strings.HasPrefix(after, ";") && html.UnescapeString(piece[:name]) == piece[:name]: // no reference begins like this
			b.WriteString(piece)
		case name == 1, strings.HasPrefix(after, ";") && isUsualEntity(piece[1:name]):
			b.WriteString(html.UnescapeString(piece))
		default:
			return "", false
		}
	}
	return b.String(), true
}

func isUsualEntity(name string) bool {
	switch name {
	case "amp", "lt", "gt", "quot", "nbsp", "apos":
		return true
	}
	return false
}

// readRaw reads what is in an element of that name, and the tag that ends it.
func (r *plainReader) readRaw(name string, tag atom.Atom) (ok bool) {
	for at := 0; ; {
		n := strings.Index(r.rest[at:], "</")
		if n < 0 {
			return false
		}
		text := r.rest[:at+n]
		at += n + len("</")
		found := tagName(r.rest[at:])
		if !strings.EqualFold(found, name) {
			continue
		}
		end := strings.TrimLeft(r.rest[at+len(found):], blanks)
		if end == "" || end[0] != '>' || tag == atom.Script && strings.Contains(text, "<!--") {
			return false
		}
		r.rest = end[1:]
		if tag == atom.Textarea || tag == atom.Title {
			text = html.UnescapeString(text)
		}
		if tag == atom.Textarea {
			text = withoutFirstEnd(text)
		}
		r.raw = text
		return true
	}
}

// withoutFirstEnd is a text without the line end that begins it.
func withoutFirstEnd(s string) string { return strings.TrimPrefix(strings.TrimPrefix(s, "\r"), "\n") }

// A tagKind is what a tag does to the elements that are open (13.2.6.4.7).
type tagKind uint8

const (
	plainTag     tagKind = iota // stays where it stands, as span does and what HTML does not know
	formatTag                   // as b: one that its block ends before itself goes on in the next
	anchorTag                   // a, nobr: is a formatTag, and never in one of its own
	blockTag                    // ends a paragraph
	paragraphTag                // p, and the kinds from here to cellTag do so too
	headingTag
	itemTag // li
	termTag // dt, dd
	voidTag // as br: has nothing in it
	ruleTag // hr, which is one too and ends a paragraph
	linkTag // and what else belongs to the head
	rawTag  // as style: what is in it is no HTML, and no text of the mail
	headTag
	bodyTag
	htmlTag
	tableTag
	sectionTag // tbody, thead, tfoot
	rowTag
	cellTag
	columnsTag // colgroup
	columnTag
	oddTag
)

func kindOfTag(tag atom.Atom) tagKind {
	switch tag {
	case atom.B, atom.Big, atom.Code, atom.Em, atom.Font, atom.I, atom.S, atom.Small, atom.Strike, atom.Strong, atom.Tt, atom.U:
		return formatTag
	case atom.A, atom.Nobr:
		return anchorTag
	case atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Center, atom.Details, atom.Dir, atom.Div, atom.Dl, atom.Fieldset, atom.Figcaption,
		atom.Figure, atom.Footer, atom.Header, atom.Hgroup, atom.Main, atom.Menu, atom.Nav, atom.Ol, atom.Section, atom.Summary, atom.Ul, atom.Pre, atom.Listing:
		return blockTag
	case atom.P:
		return paragraphTag
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return headingTag
	case atom.Li:
		return itemTag
	case atom.Dt, atom.Dd:
		return termTag
	case atom.Br, atom.Img, atom.Area, atom.Embed, atom.Wbr, atom.Input, atom.Keygen, atom.Param, atom.Source, atom.Track:
		return voidTag
	case atom.Hr:
		return ruleTag
	case atom.Base, atom.Basefont, atom.Bgsound, atom.Link, atom.Meta:
		return linkTag
	case atom.Style, atom.Script, atom.Title, atom.Noscript, atom.Iframe, atom.Textarea:
		return rawTag
	case atom.Head:
		return headTag
	case atom.Body:
		return bodyTag
	case atom.Html:
		return htmlTag
	case atom.Table:
		return tableTag
	case atom.Tbody, atom.Thead, atom.Tfoot:
		return sectionTag
	case atom.Tr:
		return rowTag
	case atom.Td, atom.Th:
		return cellTag
	case atom.Colgroup:
		return columnsTag
	case atom.Col:
		return columnTag
	case atom.Applet, atom.Button, atom.Caption, atom.Dialog, atom.Form, atom.Frame, atom.Frameset, atom.Image, atom.Isindex, atom.Marquee, atom.Math,
		atom.Noembed, atom.Noframes, atom.Object, atom.Optgroup, atom.Option, atom.Plaintext, atom.Rb, atom.Rp, atom.Rt, atom.Rtc, atom.Ruby,
		atom.Search, atom.Select, atom.Svg, atom.Template, atom.Xmp:
		return oddTag
	}
	return plainTag
}

// isSpecial tells what the end tag of a plain one does not reach through, nor that of a formatting one.
func (k tagKind) isSpecial() bool { return k > anchorTag }

// inTable tells what may hold parts of a table and no words.
func (k tagKind) inTable() bool {
	return k == tableTag || k == sectionTag || k == rowTag || k == columnsTag
}
