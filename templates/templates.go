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
// writes a number with the form of a noun that goes with it: {{plural .ReopenDays "day" "days"}}; hour and date write that part of a
// moment alone, where the rest is clear. A moment and an
// estimate print themselves. What is not there cannot be printed: {{with .Estimate}} asks first. Pieces that
// mails share are defined in parts.md.
package templates

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

func (a audience) String() string {
	if a == toStaff {
		return "staff"
	}
	return "customer"
}

// audiences names every mail and who may get it. A mail is rendered from *Customer or from *Staff accordingly.
var audiences = map[string]audience{
	"acknowledgement":            toCustomer,
	"acknowledgement_unverified": toCustomer,
	"agreement":                  toCustomer,
	"ask_close":                  toCustomer,
	"ask_copies":                 toCustomer,
	"aside":                      toCustomer,
	"awaiting_reminder":          toCustomer,
	"closed":                     toCustomer,
	"confirm_elsewhere":          toCustomer,
	"confirmed":                  toCustomer,
	"declined":                   toCustomer,
	"details_needed":             toCustomer,
	"estimate":                   toCustomer,
	"estimate_renewed":           toCustomer,
	"estimate_requested":         toCustomer,
	"linked":                     toCustomer,
	"merged":                     toCustomer,
	"lost_credentials":           toCustomer,
	"not_understood":             toCustomer,
	"put_again":                  toCustomer,
	"reopened":                   toCustomer,
	"reply":                      toCustomer,
	"resolved":                   toCustomer,
	"short_balance":              toCustomer,
	"way_in":                     toCustomer,
	"sign_in_link":               toCustomer,
	"waiting":                    toCustomer,

	"aside_words":      toStaff,
	"ask_time":         toStaff,
	"assigned":         toStaff,
	"clock_breach":     toStaff,
	"clock_escalation": toStaff,
	"clock_warning":    toStaff,
	"command_done":     toStaff,
	"command_help":     toStaff,
	"digest":           toStaff,
	"estimate_needed":  toStaff,
	"flood":            toStaff,
	"gathered":         toStaff,
	"held_digest":      toStaff,
	"held_notice":      toStaff,
	"new_words":        toStaff,
	"overspent":        toStaff,
	"refused_command":  toStaff,
	"reminder":         toStaff,
	"unassigned":       toStaff,
	"undelivered":      toStaff,
}

// handsOver are the mails that bring a ticket's words to staff. They have one subject, so that programs show them as one conversation.
var handsOver = []string{"assigned", "new_words", "aside_words", "unassigned", "estimate_needed"}

// partsFile holds the pieces that the mails of a language share, each a {{define}}.
const partsFile = "parts"

// Set is all mails in all languages. It is safe for concurrent use.
type Set struct {
	// TextAlone leaves out Mail.HTML, for whoever shows no mail but its text. It is set before the first Render.
	TextAlone bool

	mails atomic.Pointer[mails]
}

// mails are those of a set, by "LANGUAGE/NAME"; each is read once, when it is first asked for.
type mails map[string]func() (*template, error)

// New gives every mail in every language. A file LANGUAGE/NAME.md in override, which may be nil, takes the place
// of the embedded one. What differs by it is read here, so that [Mistakes] are told now, with file and line, and not when the mail is
// due. The other mails are read when they are first asked for: a command that sends a mail or two need not wait for all of them.
func New(override fs.FS) (*Set, error) {
	s := &Set{}
	if err := s.Reload(override); err != nil {
		return nil, err
	}
	return s, nil
}

// Reload takes the files of override as they are now. Where they hold a mistake the set stays as it was.
func (s *Set) Reload(override fs.FS) error {
	all := mails{}
	for _, lang := range languages {
		for _, name := range s.Names() {
			all[lang.code+"/"+name] = sync.OnceValues(func() (*template, error) { return read(override, lang, name) })
		}
	}
	if override != nil {
		if ms := append(checkNames(override), all.check(touched(override))...); len(ms) > 0 {
			return ms.sorted()
		}
	}
	s.mails.Store(&all)
	return nil
}

// check reads mails and tells what is wrong with them.
func (all mails) check(keys []string) Mistakes {
	var ms Mistakes
	for _, key := range keys {
		if _, err := all[key](); err != nil {
			ms = append(ms, mistakesOf(key+".md", err)...)
		}
	}
	return ms
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

// Render writes the mail of this name in this language. Data is a *Customer for the mails to customers and a
// *Staff for those to staff; anything else is an error, and so is a name or a language that the set does not have.
func (s *Set) Render(name, lang string, data any) (Mail, error) {
	mail, ok := (*s.mails.Load())[lang+"/"+name]
	if !ok {
		return Mail{}, fmt.Errorf("render mail %q in language %q: no such template", name, lang)
	}
	t, err := mail()
	if err != nil {
		return Mail{}, err
	}
	return t.render(data, !s.TextAlone)
}

// Names returns the names of all mails, sorted.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(audiences)) }

// Audience tells whom a mail is for: "customer" or "staff"; "" where there is no such mail.
func Audience(name string) string {
	if a, ok := audiences[name]; ok {
		return a.String()
	}
	return ""
}

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
