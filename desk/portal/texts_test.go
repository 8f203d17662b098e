package portal

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every language has every text, with the values that the English one has; none is left over.
func TestCatalogues(t *testing.T) {
	verbs := regexp.MustCompile(`%(?:\[\d\])?0?\d*[sdv]`)
	english := texts()["en"]
	if len(texts()) < 2 || len(english) < 150 {
		t.Fatalf("%d languages, %d texts", len(texts()), len(english))
	}
	for lang, all := range texts() {
		for key, s := range english {
			if _, ok := all[key]; !ok {
				t.Errorf("%s: no text %q", lang, key)
				continue
			}
			got, want := verbs.FindAllString(all[key], -1), verbs.FindAllString(s, -1)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q has the values %q, want %q", lang, key, got, want)
			}
			if lang != "en" && all[key] == s && len(s) > 12 && strings.Contains(s, " ") && key != "short_moment" {
				t.Errorf("%s: %q is left in English", lang, key)
			}
		}
		for key := range all {
			if _, ok := english[key]; !ok {
				t.Errorf("%s: the text %q is nowhere else", lang, key)
			}
		}
	}
}

// T076: a cell that a spreadsheet would take for a formula is text.
func TestT076Neutral(t *testing.T) {
	for _, c := range []struct{ cell, want string }{
		{"=1+1", "'=1+1"}, {"+1", "'+1"}, {"-1", "'-1"}, {"@SUM(A1)", "'@SUM(A1)"}, {"\t=1", "'\t=1"}, {"\r=1", "'\r=1"}, {"\n=1", "'\n=1"}, {"Set aside", "Set aside"}, {"", ""}, {"ä=1", "ä=1"},
	} {
		if got := neutral(c.cell)[0]; got != c.want {
			t.Errorf("%q: got %q, want %q", c.cell, got, c.want)
		}
	}
}

// Every text that a page or the code names is in the catalogue.
func TestTextsAreThere(t *testing.T) {
	names, err := fs.Glob(files, "pages/*.html")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d pages, %v", len(names), err)
	}
	used := regexp.MustCompile(`\.T "([a-z_]+)"`)
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range used.FindAllStringSubmatch(string(raw), -1) {
			if texts()["en"][m[1]] == "" {
				t.Errorf("%s names the text %q, which there is not", name, m[1])
			}
		}
	}
}
