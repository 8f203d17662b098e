package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// This file is the reading of YAML, key by key: each value remembers where it stands, so that whoever finds it wrong can say so. The
// library's own decoding into structs would tell lines but no columns, and stop at types.

// maxFile is the most that one file may hold, in bytes: some ten thousand customers of a world file.
const maxFile = 8 << 20

// A document is one YAML file while it is read, with the files that it includes.
type document struct {
	file    string
	above   int           // lines of the file above the document
	sources []*sourceFile // the file itself first, then those it includes
	origin  map[*yaml.Node]*sourceFile
	look    func(name string) ([]byte, error)
	names   map[string][]string // what can be named, by kind: "queue" and so on
	where   string              // where it is defined: "this file", "the policy"
	wrong   Mistakes
	unset   Mistakes // secrets that are not there
	later   []Notice // what is written down for a version to come

	owners map[string]string // by address, the path of whose it is
}

// A sourceFile is the text of one file.
type sourceFile struct {
	file  string
	lines []string
}

func newDocument(file string, look func(name string) ([]byte, error)) *document {
	if look == nil {
		look = func(string) ([]byte, error) { return nil, os.ErrNotExist }
	}
	return &document{
		file: file, sources: []*sourceFile{{file: file}}, origin: map[*yaml.Node]*sourceFile{}, look: look, names: map[string][]string{},
		owners: map[string]string{},
	}
}

// A value is a place in a document. The zero node means that the key is not there: every reader then gives its default.
type value struct {
	*document
	node   *yaml.Node
	path   string
	parent *yaml.Node // where a missing key is missed
	moot   bool       // there are no keys at all where this one would stand: that has been told, or is as it may be
}

// load parses the file itself. What it gives has no node when there is nothing to read.
func (d *document) load(data []byte) value {
	n := d.parse(d.sources[0], data)
	return value{document: d, node: n, parent: n}
}

// parse reads the text of a source, nil where it cannot be read, which is told.
func (d *document) parse(src *sourceFile, data []byte) *yaml.Node {
	src.lines = strings.Split(string(data), "\n")
	fail := func(line, column int, found, want string) *yaml.Node {
		d.wrong = append(d.wrong, Mistake{src.file, d.above + line, column, "", found, want})
		return nil
	}
	switch {
	case len(data) > maxFile:
		return fail(1, 1, fmt.Sprintf("%d bytes", len(data)), fmt.Sprintf("at most %d", maxFile))
	case !utf8.Valid(data):
		return fail(1, 1, "bytes that are not UTF-8", "text in UTF-8")
	}
	var first, second yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	err := dec.Decode(&first)
	if errors.Is(err, io.EOF) {
		return fail(1, 1, "nothing", "at least one key")
	}
	if err == nil {
		// More documents would be left aside without a word.
		switch err = dec.Decode(&second); {
		case err == nil:
			return fail(second.Line, second.Column, "a second document", "one: take the line --- out")
		case errors.Is(err, io.EOF):
			err = nil
		}
	}
	if err != nil {
		return fail(syntax(err))
	}
	if src != d.sources[0] {
		d.mark(&first, src)
	}
	before := len(d.wrong)
	if d.refuse(&first); len(d.wrong) > before {
		return nil
	}
	return first.Content[0]
}

// mark remembers where nodes come from. Those of the file itself are not marked: a world file has hundreds of thousands.
func (d *document) mark(n *yaml.Node, src *sourceFile) {
	d.origin[n] = src
	for _, c := range n.Content {
		d.mark(c, src)
	}
}

// from is the source that a node stands in.
func (d *document) from(n *yaml.Node) *sourceFile {
	if src := d.origin[n]; src != nil {
		return src
	}
	return d.sources[0]
}

// syntax tells what the parser stopped at. Its words may hold a name from the file where an anchor is meant, and an unquoted password
// may look like one: that name is left out.
func syntax(err error) (line, column int, found, want string) {
	line, column, found, want = 1, 1, "text that YAML cannot read", "YAML: keys with a colon, lists with a dash, spaces to indent"
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		return
	}
	if e.Mark.Line > 0 {
		line, column = e.Mark.Line, max(1, e.Mark.Column)
	}
	if strings.Contains(e.Message, "anchor") {
		return line, column, "an alias", "the value itself, in quotes if it begins with *"
	}
	if !strings.ContainsAny(e.Message, `'"`) || strings.HasPrefix(e.Message, "did not find expected") {
		found += " (" + e.Message + ")"
	}
	return
}

// refuse looks for what YAML has and a policy does without: with an alias, a value would not stand where its mistake is told.
func (d *document) refuse(n *yaml.Node) {
	v := value{document: d, node: n}
	switch {
	case n.Kind == yaml.AliasNode:
		v.mistake("an alias", "the value itself, in quotes if it begins with *")
	case n.Anchor != "":
		v.mistake("an anchor", "the value alone, in quotes if it begins with &")
	case n.Style&yaml.TaggedStyle != 0:
		v.mistake("a tag", "the value alone, in quotes if it begins with !")
	}
	for _, c := range n.Content {
		d.refuse(c)
	}
}

// finish is the error of the document, nil where all is well.
func (d *document) finish() error {
	if len(d.wrong) == 0 {
		return nil
	}
	d.sort(d.wrong)
	return &d.wrong
}

func (v value) given() bool { return v.node != nil }

func (v value) mistake(found, want string) {
	n := v.node
	if n == nil {
		n = v.parent
	}
	v.wrong = append(v.wrong, Mistake{v.from(n).file, v.above + max(1, n.Line), max(1, n.Column), v.path, found, want})
}

// expected records that what stands there is not what should.
func (v value) expected(want string) { v.mistake(v.found(), want) }

// found describes what stands there. A text is quoted as it was written: what ${env:...} stands for is never shown.
func (v value) found() string {
	switch {
	case v.node == nil || v.null() || v.node.Kind != yaml.ScalarNode && len(v.node.Content) == 0:
		return "nothing"
	case v.node.Kind == yaml.MappingNode:
		return "keys"
	case v.node.Kind == yaml.SequenceNode:
		return "a list"
	}
	return quote(v.node.Value)
}

func quote(s string) string {
	if runes := []rune(s); len(runes) > 60 {
		s = string(runes[:60]) + "…"
	}
	return strconv.Quote(s)
}

func (v value) null() bool { return v.node.Kind == yaml.ScalarNode && v.node.ShortTag() == "!!null" }

// must is for keys that have no default.
func (v value) must(want string) value {
	if v.node == nil && !v.moot {
		v.expected(want)
	}
	return v
}

// A mapping is a value with known keys.
type mapping struct {
	value
	of map[string]*yaml.Node
}

// fields reads a mapping whose keys are known.
func (v value) fields(keys ...string) mapping {
	m := mapping{value: v, of: map[string]*yaml.Node{}}
	for _, e := range v.entries("the keys " + strings.Join(keys, ", ")) {
		if !slices.Contains(keys, e.name) {
			v.at(e.key, e.name).mistake("an unknown key", "one of "+strings.Join(keys, ", ")+didYouMean(e.name, keys))
			continue
		}
		m.of[e.name] = e.node
	}
	return m
}

// at is a place below v.
func (v value) at(n *yaml.Node, key string) value {
	path := key
	if v.path != "" {
		path = v.path + "." + key
	}
	return value{document: v.document, node: n, path: path, parent: v.node}
}

func (m mapping) key(name string) value {
	v := m.at(m.of[name], name)
	if v.parent == nil {
		v.parent = m.parent
	}
	v.moot = m.node == nil || m.node.Kind != yaml.MappingNode && !m.null()
	return v
}

// An entry is one key of a mapping, with its value.
type entry struct {
	value
	name string
	key  *yaml.Node
}

// entries reads a mapping with any keys, in the order of the file. Nothing at all is an empty one.
func (v value) entries(want string) []entry {
	if v.node == nil || v.null() {
		return nil
	}
	if v.node.Kind != yaml.MappingNode {
		// What stands there is not shown: it may be a secret at the wrong indentation.
		found := "a value"
		if v.node.Kind == yaml.SequenceNode {
			found = "a list"
		}
		v.mistake(found, want)
		return nil
	}
	var all []entry
	lines := map[string]*yaml.Node{}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key, val := v.node.Content[i], v.node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Value == "" {
			v.at(key, "?").mistake("a key that is no word", want)
			continue
		}
		if other, twice := lines[key.Value]; twice {
			where := fmt.Sprintf("line %d", v.above+other.Line)
			if src := v.from(other); src != v.from(key) {
				where = fmt.Sprintf("%s, line %d", src.file, other.Line)
			}
			v.at(key, key.Value).mistake("the key a second time", "it once: it stands in "+where+" too")
			continue
		}
		lines[key.Value] = key
		all = append(all, entry{v.at(val, key.Value), key.Value, key})
	}
	return all
}

// named are entries whose keys are names that people type in commands and rules.
func (v value) named(kind string) []entry {
	all := v.entries("names, each with its keys")
	return slices.DeleteFunc(all, func(e entry) bool {
		if isName(e.name) {
			return false
		}
		v.at(e.key, e.name).mistake(quote(e.name), "a name for the "+kind+" of small letters, digits, - and _, such as "+exampleName[kind])
		return true
	})
}

var exampleName = map[string]string{
	"mailbox": "support", "calendar": "office", "queue": "requests", "staff": "eve", "class": "installation", "product": "classifieds",
	"channel": "premium", "detail": "version", "plan": "standard", "rate": "consultation", "carrier": "post",
	"provider": "google",
}

func isName(s string) bool {
	return s != "" && len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == "" && s[0] != '-'
}

// elements reads a list. A single text or number stands for a list of one.
func (v value) elements() []value {
	if v.node == nil || v.null() {
		return nil
	}
	switch v.node.Kind {
	case yaml.MappingNode:
		v.mistake("keys", "a list: each element begins with a dash")
		return nil
	case yaml.ScalarNode:
		return []value{v}
	}
	all := make([]value, len(v.node.Content))
	number := 0 // in the file that it stands in
	for i, n := range v.node.Content {
		if number++; i > 0 && v.from(n) != v.from(v.node.Content[i-1]) {
			number = 1
		}
		all[i] = value{document: v.document, node: n, path: fmt.Sprintf("%s[%d]", v.path, number), parent: v.node}
	}
	return all
}

// each reads a list by the reader of its elements. What cannot be read is left out: it has been told.
func each[T any](v value, read func(value) (T, bool)) []T {
	var all []T
	for _, e := range v.elements() {
		if t, ok := read(e); ok {
			all = append(all, t)
		}
	}
	return all
}
