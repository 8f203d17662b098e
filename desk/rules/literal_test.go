package rules

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"testing"
)

func TestNeeded(t *testing.T) {
	for _, tt := range []struct {
		pattern string
		want    []string
	}{
		{`\binvoice 77\b`, []string{"invoice 77"}},
		{`\b(site|shop|page) is (down|offline)`, []string{"down", "offline"}},
		{`(down|offline)`, []string{"down", "offline"}},
		{`(?i)down`, nil},
		{`a|b*`, nil},
		{`x{2,5}`, []string{"x"}},
		{`x{0,5}`, nil},
		{`[a-z]+`, nil},
		{`(need this)?and this`, []string{"and this"}},
		{``, nil},
	} {
		re, err := syntax.Parse(tt.pattern, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if got := needed(re.Simplify()); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.pattern, got, tt.want)
		}
	}
}

// Whatever a pattern matches has one of the words that are looked for first.
func FuzzNeeded(f *testing.F) {
	for _, p := range []string{`\b(site|shop) is down`, `a|b`, `(ab){2,3}c?`, `x*y`, `(?s)^.*end$`, `[ab]c|(d|e)f`, `(?i)K`, `ſ|s`} {
		f.Add(p, "the shop is down ababc xy end acdf K ſ")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := regexp.Compile(pattern)
		if err != nil || len(pattern) > 200 {
			return
		}
		parsed, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			return
		}
		words := needed(parsed.Simplify())
		if len(words) == 0 || !re.MatchString(text) {
			return
		}
		if !slices.ContainsFunc(words, func(w string) bool { return regexp.MustCompile(regexp.QuoteMeta(w)).MatchString(text) }) {
			t.Errorf("%q matches %q, which has none of %q", pattern, text, words)
		}
	})
}
