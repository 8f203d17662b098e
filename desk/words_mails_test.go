package desk

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/templates"
)

// Our mails tell customers which single word to answer, and staff which lines. What they tell, the desk has to understand: in every
// language, whatever the mail has to say beside it.

func allMails(t *testing.T) *templates.Set {
	t.Helper()
	set, err := templates.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// customerMails renders all mails to customers in a language, each in every way that changes what it asks for.
func customerMails(t *testing.T, set *templates.Set, lang string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, name := range set.Names() {
		for _, awaiting := range []string{"confirmation", "credits", "details"} {
			for _, spent := range []*templates.Spent{nil, {Minutes: 20, TotalMinutes: 50, Credits: 2, Max: 3}} {
				for _, limit := range []int64{0, 4} {
					data := &templates.Customer{
						Desk: "Desk Support", Number: 7, Estimate: &templates.Range{Min: 1, Max: 3}, Spent: spent, Words: "Done.",
						Awaiting: awaiting, CloseAfterDays: 5, ReopenDays: 14, Missing: 2, ConfirmLimit: limit,
					}
					m, err := set.Render(name, lang, data)
					if err != nil {
						continue // one for staff
					}
					texts[name] += m.Text
				}
			}
		}
	}
	if len(texts) < 15 {
		t.Fatalf("%d mails to customers in %s", len(texts), lang)
	}
	return texts
}

var quoted = regexp.MustCompile(`[“„«]\s?([^“”„«»]+?)\s?[“”»]`)

func TestMailsAskForWordsThatAreUnderstood(t *testing.T) {
	set := allMails(t)
	for _, lang := range set.Languages() {
		asked := map[saying]bool{}
		for name, text := range customerMails(t, set, lang) {
			for _, m := range quoted.FindAllStringSubmatch(text, -1) {
				says := understand(m[1], "Kim")
				if says == saysNothing {
					t.Errorf("%s in %s asks for %q, which the desk does not understand", name, lang, m[1])
				}
				// People copy the marks along, and write around it what people write.
				for _, answer := range []string{m[0], m[1] + ".", "\n" + m[1] + "\n\nKim"} {
					if got := understand(answer, "Kim"); got != says {
						t.Errorf("%s in %s: %q says %q, want %q", name, lang, answer, got, says)
					}
				}
				asked[says] = true
			}
		}
		if got, want := slices.Sorted(maps.Keys(asked)), []saying{saysClose, saysNo, saysYes}; !slices.Equal(got, want) {
			t.Errorf("mails in %s ask for %q, want %q", lang, got, want)
		}
	}
}

var named = regexp.MustCompile(`(?m)(?:^|[\s(])(/[a-z]+(?: (?:-?\d[\dhmdw-]*|NAME))?)`)

// takes tells whether the desk reads a line as a command, with what follows it.
func takes(line string) bool {
	cmds, rest := splitCommands(line)
	if len(cmds) != 1 || rest != "" || formOf(cmds[0].Verb) == "" {
		return false
	}
	args := cmds[0].Args
	switch cmds[0].Verb {
	case "spent":
		_, _, ok := spentArgs(args)
		return ok
	case "estimate":
		_, _, ok := parseRange(args)
		return ok
	case "assign", "class", "queue":
		return args == "NAME"
	case "remind":
		return remindForm.MatchString(args)
	case "merge", "link", "release", "join", "discard":
		return strings.Trim(args, "0123456789") == ""
	}
	return args == ""
}

func TestMailsNameCommandsThatExist(t *testing.T) {
	set := allMails(t)
	for _, lang := range set.Languages() {
		var help []templates.Help
		for _, v := range verbs {
			help = append(help, templates.Help{Form: v.form, Meaning: "."})
			for _, m := range named.FindAllStringSubmatch(v.meaning.With().In(lang), -1) {
				if !takes(m[1]) {
					t.Errorf("what %s does, in %s, names %q, which the desk does not take", v.form, lang, m[1])
				}
			}
		}
		seen := map[string]bool{}
		for _, name := range set.Names() {
			for _, clock := range []string{"assignment", "first_response"} {
				m, err := set.Render(name, lang, &templates.Staff{
					Number: 7, Clock: clock, Estimate: &templates.Range{Min: 2, Max: 3}, Engineers: []string{"eve"}, Commands: help,
					Lines: []templates.CommandLine{{N: 1, Text: "x", Wrong: "y", Want: "/spent 45m"}}, SpentTotal: 5,
				})
				if err != nil {
					continue // one for customers
				}
				for _, c := range named.FindAllStringSubmatch(m.Text, -1) {
					seen[c[1]] = true
					if !takes(c[1]) {
						t.Errorf("%s in %s names %q, which the desk does not take", name, lang, c[1])
					}
				}
			}
		}
		if len(seen) < len(verbs) {
			t.Errorf("mails in %s name only %q", lang, slices.Sorted(maps.Keys(seen)))
		}
	}
}
