package templates

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template/parse"
	"unicode"
)

// A source is what one file says of itself: its fixed texts, and the fields of the data that it asks for.
type mailSource struct {
	texts  []string
	fields []string
}

// readSource takes a file of mails apart. A text ends where Markdown or an action begins; code is none, as it is written alike everywhere.
func readSource(t *testing.T, lang, name string) mailSource {
	t.Helper()
	src, err := source(nil, lang, name)
	if err != nil {
		t.Fatal(err)
	}
	file := path.Join(lang, name)
	trees, err := parse.Parse(file, src, "", "", functions(languageOf(lang)), builtins)
	if err != nil {
		t.Fatal(err)
	}
	var s mailSource
	for _, tree := range trees {
		if tree.Root != nil {
			s.walk(tree.Root)
		}
	}
	for i := range s.texts {
		s.texts[i] = strings.Join(strings.FieldsFunc(s.texts[i], func(r rune) bool { return r == ' ' || r == '\n' }), " ")
	}
	slices.Sort(s.fields)
	s.fields = slices.Compact(s.fields)
	return s
}

// builtins are names for the parser, which does not call them.
var builtins = map[string]any{"and": 0, "or": 0, "not": 0, "eq": 0, "ne": 0, "lt": 0, "gt": 0, "len": 0, "index": 0}

var (
	codeSpan  = regexp.MustCompile("`[^`]*`|(?m)^    .*$|^Subject: |Re: |\\[!WARNING\\]")
	textEnd   = regexp.MustCompile(`[\n*\[\]()#]+`)
	anyLetter = regexp.MustCompile(`\pL`)
)

func (s *mailSource) walk(n parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				s.walk(child)
			}
		}
	case *parse.TextNode:
		for _, text := range textEnd.Split(codeSpan.ReplaceAllString(string(n.Text), "\n"), -1) {
			if anyLetter.MatchString(text) {
				s.texts = append(s.texts, text)
			}
		}
	case *parse.ActionNode:
		s.pipe(n.Pipe)
	case *parse.IfNode:
		s.branch(&n.BranchNode)
	case *parse.WithNode:
		s.branch(&n.BranchNode)
	case *parse.RangeNode:
		s.branch(&n.BranchNode)
	case *parse.TemplateNode:
		s.pipe(n.Pipe)
	}
}

func (s *mailSource) branch(n *parse.BranchNode) {
	s.pipe(n.Pipe)
	s.walk(n.List)
	s.walk(n.ElseList)
}

func (s *mailSource) pipe(p *parse.PipeNode) {
	if p == nil {
		return
	}
	for _, cmd := range p.Cmds {
		plural := false
		for _, arg := range cmd.Args {
			switch arg := arg.(type) {
			case *parse.IdentifierNode:
				plural = arg.Ident == "plural"
			case *parse.StringNode:
				if plural { // its forms are text; other strings are names that the desk gives
					s.texts = append(s.texts, arg.Text)
				}
			case *parse.FieldNode:
				s.fields = append(s.fields, arg.Ident...)
			case *parse.VariableNode:
				s.fields = append(s.fields, arg.Ident[1:]...)
			case *parse.PipeNode:
				s.pipe(arg)
			}
		}
	}
}

// alike are words that a language shares with English.
var alike = map[string][]string{
	"de": {"normal", "Mail"},
	"fr": {"Licence"},
	"es": {"normal", "Plan:", "MiB"},
	"it": {"MiB"},
	"nl": {"MiB", "Mail", "Product:", "credit", "credits", "in credits"},
	"pl": {"MiB"},
}

// english are words that no other of our languages has. A text with one of them was left as it was.
var english = regexp.MustCompile(`(?i)(?:^|\PL)(?:the|you|your|this|and|with|our|been|which|they|what|will|has|reply|request)(?:\PL|$)`)

// No text of a mail stands there in English where it should not: none is as in the English file, none has English words in it, and in
// Russian none is in Latin letters. And every language asks for the same data, so that no mail says less than in another.
func TestMailsAreTranslated(t *testing.T) {
	latin := regexp.MustCompile(`[A-Za-z]+`)
	for _, lang := range codes() {
		if lang == "en" {
			continue
		}
		for _, name := range append((&Set{}).Names(), partsFile) {
			ours, theirs := readSource(t, "en", name), readSource(t, lang, name)
			for _, text := range theirs.texts {
				switch {
				case slices.Contains(alike[lang], text):
				case slices.Contains(ours.texts, text):
					t.Errorf("%s/%s.md: %q is as in English", lang, name, text)
				case english.MatchString(text):
					t.Errorf("%s/%s.md: %q has English words in it", lang, name, text)
				case lang == "ru" && latin.MatchString(text):
					t.Errorf("%s/%s.md: %q has Latin letters in it", lang, name, text)
				}
			}
			if !slices.Equal(ours.fields, theirs.fields) {
				t.Errorf("%s/%s.md asks for %v, the English one for %v", lang, name, theirs.fields, ours.fields)
			}
			if got, want := len(theirs.texts), len(ours.texts); got < want/2 {
				t.Errorf("%s/%s.md has %d texts, the English one %d", lang, name, got, want)
			}
		}
	}
	for _, l := range languages {
		for p, text := range l.phrases {
			text = codeSpan.ReplaceAllString(regexp.MustCompile(`/\w+`).ReplaceAllString(text, ""), "")
			if l.code != "en" && (text == englishPhrases[p] || english.MatchString(text)) {
				t.Errorf("%s: the phrase %q is in English", l.code, text)
			}
		}
	}
}

// Each language has its own quotation marks; French sets a no-break space before what stands high, and inside its marks.
func TestTypography(t *testing.T) {
	marks := map[string]string{"de": "„“", "en": "“”", "es": "«»", "fr": "«»", "it": "«»", "nl": "“”", "pl": "„”", "ru": "«»"}
	others := regexp.MustCompile(`["„“”«»]`)
	french := regexp.MustCompile(`[^\x{a0}\s/\d"][:;?!»]|« | [:;?!»]|«[^\x{a0}]`)
	check := func(where, lang, text string) {
		for _, mark := range others.FindAllString(text, -1) {
			if !strings.Contains(marks[lang], mark) {
				t.Errorf("%s: the mark %s in %q, want %s", where, mark, text, marks[lang])
			}
		}
		if strings.Contains(text, "'") && lang != "en" {
			t.Errorf("%s: %q has a typewriter's apostrophe", where, text)
		}
		if at := french.FindString(text); lang == "fr" && at != "" {
			t.Errorf("%s: %q in %q, want a no-break space", where, at, text)
		}
	}
	for _, l := range languages {
		for _, name := range append((&Set{}).Names(), partsFile) {
			for _, text := range readSource(t, l.code, name).texts {
				check(l.code+"/"+name+".md", l.code, text)
			}
		}
		for _, text := range l.phrases {
			check("phrases of "+l.code, l.code, text)
		}
	}
}

// Behind the greeting German and Italian go on in the same sentence; the others begin one.
func TestFirstWord(t *testing.T) {
	set := newSet(t)
	addressed := regexp.MustCompile(`^(?:Sie|Ihr|Ihre|Ihrer|Lei|La Sua|Suo|Anna)\PL`)
	for _, lang := range set.Languages() {
		for _, name := range set.Names() {
			m, err := set.Render(name, lang, Sample(name, lang))
			if err != nil {
				t.Fatal(err)
			}
			greeting, rest, ok := strings.Cut(m.Text, "\n\n")
			if strings.Contains(greeting, "\n") || !ok || !strings.ContainsAny(greeting[len(greeting)-1:], ",:!") || strings.HasPrefix(rest, "! ") {
				continue // words of a person, or a warning
			}
			first := []rune(rest)[0]
			goesOn := lang == "de" || lang == "it"
			switch {
			case !unicode.IsLetter(first):
			case goesOn && unicode.IsUpper(first) && !addressed.MatchString(rest):
				t.Errorf("%s %s goes on %q, want a small letter", lang, name, rest[:30])
			case !goesOn && unicode.IsLower(first):
				t.Errorf("%s %s goes on %q, want a capital", lang, name, rest[:30])
			}
		}
	}
}
