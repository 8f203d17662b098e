package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxIncludes is how many files one policy may be made of.
const maxIncludes = 100

// include reads the files that a mapping of the policy names, and those that they name in turn, each once, and gives the whole: as if
// the included files stood above the one that includes them, in their order. Sections come together key by key, lists one after the other.
func (d *document) include(root *yaml.Node) *yaml.Node {
	if root.Kind != yaml.MappingNode {
		return root
	}
	whole := &yaml.Node{Kind: yaml.MappingNode, Tag: root.Tag, Line: root.Line, Column: root.Column}
	if src := d.origin[root]; src != nil {
		d.origin[whole] = src
	}
	own := root.Content
	for i := 0; i+1 < len(own); i += 2 {
		if own[i].Value != "include" {
			continue
		}
		v := value{document: d, node: own[i+1], path: "include", parent: root}
		for _, e := range v.elements() {
			if n := d.included(e); n != nil {
				join(whole, n.Content)
			}
		}
		own = slices.Delete(slices.Clone(own), i, i+2)
		break
	}
	join(whole, own)
	return whole
}

// included reads one more file, nil where it cannot be read, which is told.
func (d *document) included(v value) *yaml.Node {
	const want = "a file beside the policy, such as staff.yaml"
	name := v.text("")
	if name == "" {
		return nil
	}
	file := name
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(d.file), name)
	}
	if slices.ContainsFunc(d.sources, func(s *sourceFile) bool { return filepath.Clean(s.file) == filepath.Clean(file) }) {
		v.mistake(quote(name)+", which is read already", "each file once")
		return nil
	}
	if len(d.sources) > maxIncludes {
		v.mistake("one file more", fmt.Sprintf("at most %d", maxIncludes))
		return nil
	}
	src := &sourceFile{file: file}
	d.sources = append(d.sources, src)
	data, err := []byte(nil), os.ErrNotExist
	if !strings.HasPrefix(name, "env:") {
		data, err = d.look(name)
	}
	if err != nil {
		v.mistake(quote(name)+", which cannot be read", want)
		return nil
	}
	n := d.parse(src, data)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		value{document: d, node: n}.mistake("no keys", "sections of a policy, such as staff:")
		return nil
	}
	return d.include(n)
}

// join adds keys to a mapping. What is no section or list in both stands there twice then, and is told as such.
func join(whole *yaml.Node, more []*yaml.Node) {
	for i := 0; i+1 < len(more); i += 2 {
		key, val := more[i], more[i+1]
		at := -1
		for j := 0; j+1 < len(whole.Content); j += 2 {
			if whole.Content[j].Value == key.Value {
				at = j + 1
				break
			}
		}
		if at < 0 {
			whole.Content = append(whole.Content, key, val)
			continue
		}
		switch have := whole.Content[at]; {
		case val.Kind == yaml.ScalarNode && val.ShortTag() == "!!null":
		case have.Kind == yaml.ScalarNode && have.ShortTag() == "!!null":
			whole.Content[at-1], whole.Content[at] = key, val
		case have.Kind == val.Kind && have.Kind != yaml.ScalarNode:
			have.Content = append(have.Content, val.Content...)
		default:
			whole.Content = append(whole.Content, key, val)
		}
	}
}

// Files are those that a policy is made of: the file itself and all that it includes, as far as they can be read. Whoever waits for a
// policy to change looks at all of them, also while it holds mistakes.
func Files(file string) []string {
	d := newDocument(file, surroundings(filepath.Dir(file)))
	if data, err := os.ReadFile(file); err == nil {
		if root := d.load(data); root.given() {
			d.include(root.node)
		}
	}
	var all []string
	for _, s := range d.sources {
		all = append(all, s.file)
	}
	return all
}
