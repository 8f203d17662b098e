// Package templates holds the mails that the desk sends, by language, and turns one of them and its data into
// a subject, a plain text and an HTML page.
//
// Both forms come from one source, mails/LANGUAGE/NAME.md: a line "Subject: ...", an empty line, then Markdown
// with the actions of text/template. The package hides how a value from a stranger's mail gets there without
// ever being read as a template, as Markdown, as HTML or as a header line (THREATS G10): while the template runs,
// each value is swapped for a placeholder of one rune, and only the finished text or HTML gets the value back.
// Nothing that writes a mail has to remember to escape.
//
// # Writing a mail
//
// A mail may use paragraphs, headings, lists, quotes, indented code, **strong**, *emphasis*, `code` and links. Four
// forms mean more than in other Markdown:
//
//   - A list whose items all begin with "**Label:**" or with "`command`:" is set in two columns.
//   - A paragraph that is nothing but a link becomes a button.
//   - A paragraph that is nothing but words from a mail, such as {{.Words}}, keeps their lines and blanks.
//   - A quote that begins with "[!WARNING]" stands out.
//
// A no-break space keeps the words beside it on one line in the plain text too.
//
// Beside the functions of text/template there are credits and minutes, which write an amount, and plural, which
// writes a number with the form of a noun that goes with it: {{plural .ReopenDays "day" "days"}}. A moment and an
// estimate print themselves. What is not there cannot be printed: {{with .Estimate}} asks first. Pieces that
// mails share are defined in parts.md.
package templates

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed mails
var embedded embed.FS

// Mail is what one message says. Subject is a single line without control characters, of at most 200
// characters; Text ends in a newline; HTML is a whole page which loads nothing from elsewhere.
type Mail struct{ Subject, Text, HTML string }

type audience int

const (
	toCustomer audience = iota
	toStaff
)

// audiences names every mail and who may get it. A mail is rendered from *Customer or from *Staff accordingly.
var audiences = map[string]audience{
	"acknowledgement":            toCustomer,
	"acknowledgement_unverified": toCustomer,
	"ask_close":                  toCustomer,
	"awaiting_reminder":          toCustomer,
	"closed":                     toCustomer,
	"confirm_elsewhere":          toCustomer,
	"confirmed":                  toCustomer,
	"declined":                   toCustomer,
	"estimate":                   toCustomer,
	"estimate_renewed":           toCustomer,
	"estimate_requested":         toCustomer,
	"linked":                     toCustomer,
	"lost_credentials":           toCustomer,
	"not_understood":             toCustomer,
	"reopened":                   toCustomer,
	"reply":                      toCustomer,
	"resolved":                   toCustomer,
	"short_balance":              toCustomer,
	"sign_in_link":               toCustomer,
	"waiting":                    toCustomer,

	"ask_time":        toStaff,
	"assigned":        toStaff,
	"clock_breach":    toStaff,
	"clock_warning":   toStaff,
	"command_done":    toStaff,
	"command_help":    toStaff,
	"estimate_needed": toStaff,
	"held_notice":     toStaff,
	"new_words":       toStaff,
	"overspent":       toStaff,
	"refused_command": toStaff,
	"unassigned":      toStaff,
	"undelivered":     toStaff,
}

// partsFile holds the pieces that the mails of a language share, each a {{define}}.
const partsFile = "parts"

// Set is all mails in all languages. It is safe for concurrent use.
type Set struct {
	mails map[string]func() (*template, error) // by "LANGUAGE/NAME"; read once, when first asked for
}

// New gives every mail in every language. A file LANGUAGE/NAME.md in override, which may be nil, takes the place
// of the embedded one. With an override all mails are read here and each is tried with a full and with an almost empty set
// of data, so that a mistake is told now, with its file and line, and not when the mail is due. The embedded ones alone are
// read when they are first asked for: a command that sends a mail or two need not wait for all of them.
func New(override fs.FS) (*Set, error) {
	if override != nil {
		if err := checkOverride(override); err != nil {
			return nil, err
		}
	}
	s := &Set{mails: map[string]func() (*template, error){}}
	for _, lang := range languages {
		for _, name := range s.Names() {
			s.mails[lang.code+"/"+name] = sync.OnceValues(func() (*template, error) { return read(override, lang, name) })
		}
	}
	if override == nil {
		return s, nil
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

// check reads all mails and joins what is wrong with them.
func (s *Set) check() error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(s.mails)) {
		if _, err := s.mails[key](); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// read reads and tries one mail.
func read(override fs.FS, lang *language, name string) (*template, error) {
	parts, err := source(override, lang.code, partsFile)
	if err != nil {
		return nil, err
	}
	src, err := source(override, lang.code, name)
	if err != nil {
		return nil, err
	}
	t, err := parseTemplate(lang, name, src, parts)
	if err != nil {
		return nil, err
	}
	return t, t.try()
}

// source reads one file, from override where that has it.
func source(override fs.FS, lang, name string) (string, error) {
	file := path.Join(lang, name+".md")
	if override != nil {
		b, err := fs.ReadFile(override, file)
		if err == nil {
			// Files of an operator may come from any editor.
			return strings.ReplaceAll(strings.TrimPrefix(string(b), "\ufeff"), "\r\n", "\n"), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("template %s: %w", file, err)
		}
	}
	b, err := fs.ReadFile(embedded, path.Join("mails", file))
	if err != nil {
		return "", fmt.Errorf("template %s: %w", file, err)
	}
	return string(b), nil
}

// checkOverride refuses files that would shadow nothing: a slip in a name would otherwise be found only by the
// customer who still gets the built-in mail.
func checkOverride(override fs.FS) error {
	return fs.WalkDir(override, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("templates: %w", err)
		}
		name, isMail := strings.CutSuffix(path.Base(file), ".md")
		if d.IsDir() || !isMail || strings.EqualFold(name, "readme") {
			return nil
		}
		if _, known := audiences[name]; !known && name != partsFile {
			return fmt.Errorf("template %s: no mail has this name; want one of %s",
				file, strings.Join(slices.Sorted(maps.Keys(audiences)), ", "))
		}
		if languageOf(path.Dir(file)) == nil {
			return fmt.Errorf("template %s: want it in a folder named by a language, one of %s",
				file, strings.Join(codes(), ", "))
		}
		return nil
	})
}

// Render writes the mail of this name in this language. Data is a *Customer for the mails to customers and a
// *Staff for those to staff; anything else is an error, and so is a name or a language that the set does not have.
func (s *Set) Render(name, lang string, data any) (Mail, error) {
	mail, ok := s.mails[lang+"/"+name]
	if !ok {
		return Mail{}, fmt.Errorf("render mail %q in language %q: no such template", name, lang)
	}
	t, err := mail()
	if err != nil {
		return Mail{}, err
	}
	return t.render(data)
}

// Names returns the names of all mails, sorted.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(audiences)) }

// Languages returns the codes of all languages (ISO 639-1), sorted.
func (s *Set) Languages() []string { return codes() }

// Pick returns the first language of want that the desk writes, else English. A region does not matter: "de-AT"
// and "DE_ch" are German.
func Pick(want ...string) string {
	for _, w := range want {
		code, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(w), "_", "-"), "-")
		if l := languageOf(strings.ToLower(code)); l != nil {
			return l.code
		}
	}
	return "en"
}

// Span writes a time that a policy allows, as calendar.Target has it: "30 minutes", "1 working hour", "2 working days". It is in
// the nominative, as in a list of facts. A unit without a translation stands as it is: "3 unit". Like Pick, it
// falls back to English.
func Span(lang string, n int, unit string) string {
	s, err := languageOf(Pick(lang)).span(int64(n), unit)
	if err != nil {
		return fmt.Sprintf("%d %s", n, unit)
	}
	return s
}
