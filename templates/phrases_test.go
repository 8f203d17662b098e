package templates

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// phraseNames are the constants of phrases.go, in order.
func phraseNames(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "phrases.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range file.Decls {
		if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.CONST {
			for _, s := range d.Specs {
				names = append(names, s.(*ast.ValueSpec).Names[0].Name)
			}
		}
	}
	return names
}

// Every language has every phrase, and each takes the same values.
func TestPhrasesAreTranslated(t *testing.T) {
	names := phraseNames(t)
	verb := regexp.MustCompile(`%(?:\[(\d+)\])?s`)
	for _, l := range languages {
		if len(l.phrases) != len(names) {
			t.Errorf("%s has %d phrases, want %d", l.code, len(l.phrases), len(names))
		}
		for i, name := range names {
			p := Phrase(i + 1)
			var values []any
			for range verb.FindAllString(englishPhrases[p], -1) {
				values = append(values, fmt.Sprintf("value %d", len(values)+1))
			}
			got := p.With(values...).In(l.code)
			if got == "" || strings.Contains(got, "%") {
				t.Errorf("%s: %s says %q", l.code, name, got)
			}
			for _, v := range values {
				if !strings.Contains(got, v.(string)) {
					t.Errorf("%s: %s leaves out %s: %q", l.code, name, v, got)
				}
			}
		}
	}
}

// A phrase that the desk does not say any more goes.
func TestPhrasesAreSaid(t *testing.T) {
	files, err := filepath.Glob("../desk/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("the desk's files: %v, %v", files, err)
	}
	var desk strings.Builder
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(f, "_test.go") {
			desk.Write(src)
		}
	}
	said := regexp.MustCompile(`templates\.([A-Z]\w+)`).FindAllStringSubmatch(desk.String(), -1)
	for _, name := range phraseNames(t) {
		if !slices.ContainsFunc(said, func(m []string) bool { return m[1] == name }) {
			t.Errorf("nobody says %s", name)
		}
	}
}

type title map[string]string

func (t title) In(lang string) string { return t[lang] }

func TestRemarks(t *testing.T) {
	for _, tt := range []struct {
		what   string
		remark Remark
		lang   string
		want   string
	}{
		{"nothing", Remark{}, "en", ""},
		{"without values", WrongClosed.With(), "en", "the request is closed already"},
		{"in German", WrongClosed.With(), "de", "die Anfrage ist schon geschlossen"},
		{"region aside", WrongClosed.With(), "de-AT", "die Anfrage ist schon geschlossen"},
		{"in a language that we do not write", WrongClosed.With(), "tlh", "the request is closed already"},
		{"a text", WrongBeside.With("/wait"), "de", "in der Mail steht schon /wait"},
		{"a time", WrongCorrection.With(Minutes(1)), "de", "Sie haben bei dieser Anfrage nur 1 Minute erfasst"},
		{"hours", WrongTime.With(Minutes(6000)), "en", "this is no length of time, or more than 100 h"},
		{"credits", WrongLess.With(Credits(3)), "en", "the customer has agreed to 3 credits already; it cannot be less"},
		{"a title of the policy", WrongFree.With(title{"en": "Questions", "de": "Fragen"}), "de", "Anfragen der Art „Fragen“ sind kostenlos"},
		{"a text that looks like a verb", WrongName.With("%s%!d", "bo"), "en", "nobody is called “%s%!d”; possible are: bo"},
	} {
		if got := tt.remark.In(tt.lang); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.what, got, tt.want)
		}
	}
}
