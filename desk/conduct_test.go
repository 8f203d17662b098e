package desk

import (
	"testing"

	"github.com/postdesk/postdesk/desk/policy"
)

func TestWithout(t *testing.T) {
	for _, tt := range []struct{ name, text, word, want string }{
		{"a word", "this is dick from", "dick", "this is  from"},
		{"at both ends", "dick and dick", "dick", " and "},
		{"not inside of a longer one", "dickens and sidick", "dick", "dickens and sidick"},
		{"letters of any language count", "дура дурак", "дура", " дурак"},
		{"several words", "the bitch reset button", "bitch reset", "the  button"},
		{"signs end a word", "dick, (dick)!", "dick", ", ()!"},
		{"nothing to take", "text", "", "text"},
		{"twice in a row", "dickdick", "dick", "dickdick"},
	} {
		if got := without(tt.text, tt.word); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// The rules of conduct judge words, not opinions (C1).
func TestOffends(t *testing.T) {
	c := &policy.Conduct{Languages: []string{"en", "de"}, Words: map[string][]string{"fr": {"bande de nuls"}}, Allowed: []string{"dick"}}
	for _, tt := range []struct {
		name, subject, words, language string
		conduct                        *policy.Conduct
		want                           bool
	}{
		{"an insult", "Hello", "You idiots!", "en", c, true},
		{"in the subject alone", "You idiots", "Please help.", "en", c, true},
		{"sharp criticism", "A disgrace", "This is the worst software that I have ever seen, and your answers are useless.", "en", c, false},
		{"a word of the policy's own", "", "Bande de nuls !", "fr", c, true},
		{"a part of it", "", "une bande de nulsifs", "fr", c, false},
		{"a word that is allowed", "", "This is Dick from Dockside.", "en", c, false},
		{"allowed beside one that is not", "", "Dick, you are an arsehole.", "en", c, true},
		{"no rules", "", "You idiots!", "en", nil, false},
		{"no lexicons, own words only", "", "You idiots!", "en", &policy.Conduct{}, false},
	} {
		if got := offends(tt.conduct, tt.subject, tt.words, tt.language); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
