package parse

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// An htmlTree has the elements and texts of an HTML body in the order in which they stand there, each with where it ends: a tree of any size
// is then two stores, which serve the next mail too. The library's has an allocation for each element, attribute and text.
type htmlTree struct {
	nodes []htmlNode
	attrs []htmlAttr
}

// An htmlNode is an element or a text.
type htmlNode struct {
	text      string
	isElement bool
	tag       atom.Atom // of an element, 0 for one that HTML does not know
	attrs     [2]int32  // those of an element, from and to
	end       int32     // behind the last node in it
}

type htmlAttr struct {
	key htmlKey
	val string
}

// An htmlKey is an attribute that says something about text. All others are passed over.
type htmlKey uint8

const (
	otherKey htmlKey = iota
	altKey
	citeKey
	classKey
	hiddenKey
	hrefKey
	idKey
	smartmailKey
	styleKey
	typeKey
)

func keyOf(name string) htmlKey {
	var store [16]byte
	switch string(lowerInto(store[:], name)) {
	case "alt":
		return altKey
	case "cite":
		return citeKey
	case "class":
		return classKey
	case "hidden":
		return hiddenKey
	case "href":
		return hrefKey
	case "id":
		return idKey
	case "data-smartmail":
		return smartmailKey
	case "style":
		return styleKey
	case "type":
		return typeKey
	}
	return otherKey
}

// lowerInto gives a name in small letters, nothing where it is longer than the store.
func lowerInto(store []byte, name string) []byte {
	if len(name) > len(store) {
		return nil
	}
	for i := range len(name) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		store[i] = c
	}
	return store[:len(name)]
}

// read makes the tree of HTML as a browser does (WHATWG, HTML, 13.2). Nearly all of it can be read in one go; what takes more is left to the
// library. ok is false where that refuses it too, for being nested too deep.
func (t *htmlTree) read(source string) (ok bool) {
	if t.readPlain(source) {
		return true
	}
	t.nodes, t.attrs = t.nodes[:0], t.attrs[:0]
	doc, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return false
	}
	size := 0
	for range doc.Descendants() {
		size++
	}
	t.nodes = slices.Grow(t.nodes, size) // there may be hundreds of thousands: no memory for more of them than that
	t.take(doc)
	return true
}

// take adds what is in a node of the library.
func (t *htmlTree) take(parent *html.Node) {
	for n := range parent.ChildNodes() {
		switch n.Type {
		case html.TextNode:
			t.addText(n.Data)
		case html.ElementNode:
			begin := len(t.attrs)
			for _, a := range n.Attr {
				t.addAttr(a.Key, a.Val)
			}
			at := t.begin(n.DataAtom, begin)
			t.take(n)
			t.finish(at)
		}
	}
}

func (t *htmlTree) addText(s string) {
	t.nodes = append(t.nodes, htmlNode{text: s, end: int32(len(t.nodes) + 1)})
}

func (t *htmlTree) addAttr(key, val string) {
	if k := keyOf(key); k != otherKey {
		t.attrs = append(t.attrs, htmlAttr{k, val})
	}
}

// begin adds an element, whose attributes were added from an index on.
func (t *htmlTree) begin(tag atom.Atom, attrs int) (at int) {
	t.nodes = append(t.nodes, htmlNode{isElement: true, tag: tag, attrs: [2]int32{int32(attrs), int32(len(t.attrs))}})
	return len(t.nodes) - 1
}

// finish ends an element with the last node that was added.
func (t *htmlTree) finish(at int) { t.nodes[at].end = int32(len(t.nodes)) }

// attr is an attribute's value, "" where there is none.
func (t *htmlTree) attr(n *htmlNode, key htmlKey) string {
	for _, a := range t.attrs[n.attrs[0]:n.attrs[1]] {
		if a.key == key {
			return a.val
		}
	}
	return ""
}

func (t *htmlTree) has(n *htmlNode, key htmlKey) bool {
	for _, a := range t.attrs[n.attrs[0]:n.attrs[1]] {
		if a.key == key {
			return true
		}
	}
	return false
}

// textOf is the text in an element, the beginning of it where it is long.
func (t *htmlTree) textOf(at int) string {
	text := ""
	for i := at + 1; i < int(t.nodes[at].end) && len(text) < 500; i++ {
		text += t.nodes[i].text
	}
	return strings.TrimSpace(text)
}
