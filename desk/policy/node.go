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
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/message"
)

// This file is the reading of YAML, key by key: each value remembers where it stands, so that whoever finds it wrong can say so. The
// library's own decoding into structs would tell lines but no columns, and stop at types.

// maxFile is the most that one file may hold, in bytes: some ten thousand customers of a world file.
const maxFile = 8 << 20

// A document is one YAML file while it is read.
type document struct {
	file  string
	above int // lines of the file above the document
	lines []string
	look  func(name string) ([]byte, error)
	names map[string][]string // what can be named, by kind: "queue" and so on
	where string              // where it is defined: "this file", "the policy"
	wrong Mistakes
	unset Mistakes // secrets that are not there

	owners map[string]string // by address, the path of whose it is
}

func newDocument(file string, look func(name string) ([]byte, error)) *document {
	if look == nil {
		look = func(string) ([]byte, error) { return nil, os.ErrNotExist }
	}
	return &document{file: file, look: look, names: map[string][]string{}, owners: map[string]string{}}
}

// A value is a place in a document. The zero node means that the key is not there: every reader then gives its default.
type value struct {
	*document
	node   *yaml.Node
	path   string
	parent *yaml.Node // where a missing key is missed
	moot   bool       // there are no keys at all where this one would stand: that has been told, or is as it may be
}

// load parses the source. What it gives has no node when there is nothing to read.
func (d *document) load(data []byte) value {
	d.lines = strings.Split(string(data), "\n")
	root := value{document: d}
	fail := func(line, column int, found, want string) value {
		d.wrong = append(d.wrong, Mistake{d.file, d.above + line, column, "", found, want})
		return root
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
	if d.refuse(&first); len(d.wrong) > 0 {
		return root
	}
	root.node, root.parent = first.Content[0], first.Content[0]
	return root
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
	d.wrong.sort()
	return &d.wrong
}

func (v value) given() bool { return v.node != nil }

func (v value) mistake(found, want string) {
	n := v.node
	if n == nil {
		n = v.parent
	}
	v.wrong = append(v.wrong, Mistake{v.file, v.above + max(1, n.Line), max(1, n.Column), v.path, found, want})
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
	lines := map[string]int{}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key, val := v.node.Content[i], v.node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Value == "" {
			v.at(key, "?").mistake("a key that is no word", want)
			continue
		}
		if line, twice := lines[key.Value]; twice {
			v.at(key, key.Value).mistake("the key a second time", fmt.Sprintf("it once: it stands in line %d too", v.above+line))
			continue
		}
		lines[key.Value] = key.Line
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
	for i, n := range v.node.Content {
		all[i] = value{document: v.document, node: n, path: fmt.Sprintf("%s[%d]", v.path, i+1), parent: v.node}
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

// parsed reads a scalar, or gives the default where the key is missing. Where it does not parse, ok is false, and it has been told.
func parsed[T any](v value, other T, want string, parse func(string) (T, error)) (t T, ok bool) {
	if v.node == nil {
		return other, true
	}
	if v.node.Kind != yaml.ScalarNode || v.null() {
		v.expected(want)
		return other, false
	}
	s, missing := v.expand(v.node.Value)
	if missing != "" {
		v.mistake("${env:"+missing+"}, which is not set", want)
		return other, false
	}
	t, err := parse(s)
	if err != nil {
		v.expected(want)
		return other, false
	}
	return t, true
}

// expand puts in the environment's values. A name that is not set is returned.
func (v value) expand(s string) (expanded, missing string) {
	for {
		before, rest, found := strings.Cut(s, "${env:")
		expanded += before
		if !found {
			return expanded, missing
		}
		name, after, closed := strings.Cut(rest, "}")
		val, err := v.look("env:" + name)
		if (err != nil || !closed) && missing == "" {
			missing = name
		}
		expanded += string(val)
		s = after
	}
}

// One reader for each type of value that the file knows, each with its default.

func (v value) text(other string) string {
	s, _ := parsed(v, other, "a text", func(s string) (string, error) {
		if s = strings.TrimSpace(s); s == "" {
			return "", errors.New("empty")
		}
		return s, nil
	})
	return s
}

// line is a text that stands on one line of a mail: a name, a title.
func (v value) line(other string) string {
	s, _ := parsed(v, other, "a text on one line", func(s string) (string, error) {
		if s = strings.TrimSpace(s); s == "" || len(s) > 200 || strings.ContainsAny(s, "\r\n\t") {
			return "", errors.New("not one line")
		}
		return s, nil
	})
	return s
}

func (v value) whole(other, least, most int64) int64 {
	n, _ := parsed(v, other, fmt.Sprintf("a whole number from %d to %d", least, most), func(s string) (int64, error) {
		n, err := strconv.ParseInt(s, 10, 64)
		if err == nil && (n < least || n > most || v.node.ShortTag() != "!!int") {
			err = strconv.ErrRange
		}
		return n, err
	})
	return n
}

func (v value) yes(other bool) bool {
	b, _ := parsed(v, other, "true or false", func(s string) (bool, error) {
		if v.node.ShortTag() != "!!bool" {
			return false, strconv.ErrSyntax
		}
		return strconv.ParseBool(s)
	})
	return b
}

// oneOf is one of a few words.
func (v value) oneOf(other string, words ...string) string {
	want := "one of " + strings.Join(words, ", ")
	if v.given() {
		want += didYouMean(v.node.Value, words)
	}
	s, _ := parsed(v, other, want, func(s string) (string, error) {
		if !slices.Contains(words, s) {
			return "", errors.New("another word")
		}
		return s, nil
	})
	return s
}

// ref is the name of something that the file or its policy defines, "" where the key is missing or the name unknown.
func (v value) ref(kind string) string {
	known := v.names[kind]
	want := "a " + kind + " of " + v.where + ": " + strings.Join(known, ", ")
	if kind == "staff" {
		want = "one of the staff: " + strings.Join(known, ", ")
	}
	if len(known) == 0 {
		want = "a " + kind + ", and " + v.where + " has none"
	}
	if v.given() {
		want += didYouMean(v.node.Value, known)
	}
	s, _ := parsed(v, "", want, func(s string) (string, error) {
		if !slices.Contains(known, s) {
			return "", errors.New("unknown")
		}
		return s, nil
	})
	return s
}

func (v value) refs(kind string) []string {
	return each(v, func(v value) (string, bool) { s := v.ref(kind); return s, s != "" })
}

// theOnly is ref for a key that needs not be given where the file defines just one.
func (v value) theOnly(kind string) string {
	known := v.names[kind]
	switch {
	case v.given():
		return v.ref(kind)
	case len(known) == 1:
		return known[0]
	case len(known) == 0:
		return "" // told already: see define
	}
	v.expected("one of " + strings.Join(known, ", "))
	return ""
}

func (v value) address() (string, bool) {
	return parsed(v, "", "an address such as support@desk.example", message.Canonical)
}

// ownAddress is an address that leads to one mailbox, contact or person.
func (v value) ownAddress() (string, bool) {
	addr, ok := v.address()
	if !ok || addr == "" {
		return "", false
	}
	other, taken := v.owners[addr]
	if base, tag := message.SplitTag(addr); !taken && tag != "" && strings.HasPrefix(v.owners[base], "mailboxes.") {
		other, taken = v.owners[base], true // all that follows the plus there is ours
	}
	if taken {
		v.mistake(fmt.Sprintf("%s, which is %s too", quote(addr), other), "an address of its own")
		return "", false
	}
	v.owners[addr] = v.path
	return addr, true
}

func (v value) domain() (string, bool) {
	return parsed(v, "", "a domain such as desk.example", message.CanonicalDomain)
}

func (v value) language(other string) string { return v.oneOf(other, Languages...) }

func (v value) zone(other *time.Location) *time.Location {
	z, _ := parsed(v, other, "a time zone such as Europe/Berlin", func(s string) (*time.Location, error) {
		if s == "" || s == "Local" { // what the machine's own zone is may not decide over anything
			return nil, errors.New("no name")
		}
		return time.LoadLocation(s)
	})
	return z
}

func (v value) date() (calendar.Date, bool) {
	return parsed(v, calendar.Date{}, "a day that exists, such as 2026-12-25", calendar.ParseDate)
}

// translated is a text in several languages, or one text for all of them.
func (v value) translated(other Text) Text {
	if v.node == nil {
		return other
	}
	if v.node.Kind != yaml.MappingNode {
		return Text{"en": v.text("")}
	}
	t := Text{}
	for _, e := range v.entries("") {
		if !slices.Contains(Languages, e.name) {
			v.at(e.key, e.name).mistake("an unknown language", "one of "+strings.Join(Languages, ", "))
			continue
		}
		t[e.name] = e.text("")
	}
	if len(t) == 0 {
		v.expected("a text, or one for each language: {en: ..., de: ...}")
	}
	return t
}

// secret is a password or a key, written into the file, taken from the environment, or from a file of its own named by the key
// with _file at its end. One that this machine does not hold is no mistake of the file: it is kept apart.
func (m mapping) secret(name string, required bool) Secret {
	v, file := m.key(name), m.key(name+"_file")
	want := "a secret, such as ${env:POSTDESK_SECRET}, or " + name + "_file"
	switch {
	case v.given() && file.given():
		file.mistake("both "+name+" and "+name+"_file", "one of them")
		return ""
	case file.given():
		path := file.text("")
		if path == "" {
			return ""
		}
		data, err := v.look(path)
		secret := strings.TrimSpace(string(data))
		if err != nil || secret == "" {
			file.lacking("a file that cannot be read, or is empty")
			return ""
		}
		return Secret(secret)
	case !v.given():
		if required {
			v.must(want)
		}
		return ""
	}
	if v.node.Kind != yaml.ScalarNode || v.null() || v.node.Value == "" {
		v.mistake("no text", want)
		return ""
	}
	s, missing := v.expand(v.node.Value)
	if missing != "" {
		v.lacking("${env:" + missing + "}, which is not set")
		return ""
	}
	return Secret(s)
}

// lacking records that a secret is not there.
func (v value) lacking(found string) {
	v.unset = append(v.unset, Mistake{v.file, v.node.Line, v.node.Column, v.path, found, "a secret that is there"})
}
