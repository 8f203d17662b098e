package policy

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/rules"
)

// A policy in several files is the same as one in a single file, whatever stands where.
func TestInclude(t *testing.T) {
	dir := t.TempDir()
	base := good(t)
	for name, text := range map[string]string{
		"policy.yaml": "include: [people/staff.yaml, words.yaml]\n" + base["desk:"] + base["mailboxes:"] + base["calendars:"] + base["classes:"] +
			"staff:\n  eve: {name: Eve, address: eve@staff.desk.example}\nrules:\n  - {name: last, when: 'true', set: {priority: high}}\n",
		"people/staff.yaml": "include: [people/queues.yaml]\n" + base["staff:"],
		// A name in an included file is relative to the policy, as are those of secrets.
		"people/queues.yaml": base["queues:"] + "tokens: [{id: a, secret_file: people/key}]\n",
		"people/key":         strings.Repeat("x", 32),
		"words.yaml":         "products:\nrules:\n  - {name: first, when: 'true', set: {priority: low}}\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "policy.yaml")
	p, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if p.StaffByID("dana") == nil || p.StaffByID("eve") == nil || p.Queue("requests") == nil || !p.TokensSet {
		t.Errorf("something of the parts is missing: %d staff, %d queues", len(p.Staff), len(p.Queues))
	}
	var want []string
	for _, name := range []string{"policy.yaml", "people/staff.yaml", "people/queues.yaml", "words.yaml"} {
		want = append(want, filepath.Join(dir, name))
	}
	if !slices.Equal(p.Files, want) {
		t.Errorf("files %v, want %v", p.Files, want)
	}

	// What a file with mistakes is made of is known all the same, since one of them has to be mended.
	if err := os.WriteFile(filepath.Join(dir, "people/queues.yaml"), []byte("queues:\n\tx"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Files(file); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	if _, err := Read(file); err == nil || !strings.HasPrefix(err.Error(), want[2]+":2:1: ") {
		t.Errorf("a mistake in an included file is told so: %v", err)
	}
	if got := Files(filepath.Join(dir, "none.yaml")); len(got) != 1 {
		t.Errorf("files of a policy that is not there: %v", got)
	}
}

// Rules of included files are asked first, so that the policy's own have the last word.
func TestIncludedRulesComeFirst(t *testing.T) {
	files := map[string]string{"a.yaml": "rules: [{name: a, when: 'true', set: {priority: low}}]", "b.yaml": "rules: [{name: b, when: 'true', set: {priority: high}}]"}
	p, err := Parse("policy.yaml", []byte(completed(t, "rules: [{name: own, when: 'true', set: {tags: [own]}}]\ninclude: [b.yaml, a.yaml]\n")),
		func(name string) ([]byte, error) { return []byte(files[name]), nil })
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, r := range p.Rules.Judge(factsAt()).Reasons {
		got += r.Rule + " "
	}
	if got != "b a own " {
		t.Errorf("asked in the order %s", got)
	}
}

// Everything that the schema takes and the program does not do is named, with its place, and is no mistake.
func TestLater(t *testing.T) {
	data, err := os.ReadFile("testdata/later.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse("policy.yaml", []byte(completed(t, string(data))), lookup)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, n := range p.Later {
		lines = append(lines, n.String())
	}
	golden(t, "testdata/later.want", strings.Join(lines, "\n")+"\n")
	if later := parse(t, "").Later; len(later) > 0 {
		t.Errorf("the least policy asks for something that is not done: %v", later)
	}
}

// One mail to several of our addresses goes by what costs least, then by the order of the file.
func TestBefore(t *testing.T) {
	p := parse(t, `
mailboxes: {plain: {address: plain@desk.example}, premium: {address: premium@desk.example}, second: {address: second@desk.example},
  tickets: {address: tickets@desk.example}, first: {address: first@desk.example}, other: {address: other@desk.example}}
rates: {technical: {per_hour: 20 USD, cap: 60 USD}}
channels:
  premium: {mailbox: premium, terms: hourly, rate: technical}
  tickets: {mailbox: tickets, terms: licence, offer: Buy one.}
  first: {mailbox: first, terms: free}
  second: {mailbox: second, terms: free}
`)
	boxes := slices.Clone(p.Mailboxes)
	slices.SortFunc(boxes, func(a, b *Mailbox) int {
		if p.Before(a, b) {
			return -1
		}
		return 1
	})
	got := ""
	for _, b := range boxes {
		got += b.Name + " "
	}
	if want := "first second tickets plain other premium "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMoney(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"15 USD", "15.00 USD"}, {"12.5 EUR", "12.50 EUR"}, {"0.05 EUR", "0.05 EUR"}, {"900 JPY", "900 JPY"}, {"1.234 KWD", "1.234 KWD"},
		{"15", "error"}, {"USD", "error"}, {"-5 USD", "error"}, {"+5 USD", "error"}, {"5. USD", "error"}, {".5 USD", "error"}, {"0 USD", "error"},
		{"1.005 USD", "error"}, {"1.5 JPY", "error"}, {"5 usd", "error"}, {"5  USD", "error"}, {"99999999999999999999 USD", "error"}, {"", "error"},
	} {
		m, err := ParseMoney(tt.in)
		if err == nil && m.String() != tt.want || (err != nil) != (tt.want == "error") {
			t.Errorf("ParseMoney(%q) = %v, %v, want %s", tt.in, m, err, tt.want)
		}
	}
}

func TestDetailIn(t *testing.T) {
	p := parse(t, "details:\n  version: {title: v, find: 'version \\d'}\n  log: {title: l, files: [.LOG, .txt], find: 'stack trace'}\n")
	for _, tt := range []struct {
		name, detail, words string
		files               []string
		want                bool
	}{
		{"words that have it", "version", "we use version 4", nil, true},
		{"words that do not", "version", "the new version", nil, false},
		{"a file in capitals", "log", "", []string{"ERROR.LOG"}, true},
		{"one file of several", "log", "", []string{"a.png", "b.txt"}, true},
		{"another kind of file", "log", "", []string{"log.png"}, false},
		{"words instead of a file", "log", "here is the stack trace", nil, true},
		{"a file says nothing of the version", "version", "", []string{"version 4.txt"}, false},
	} {
		if got := p.Detail(tt.detail).In(tt.words, tt.files); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func factsAt() rules.Facts { return rules.Facts{Time: rules.TimeFacts{At: time.Unix(0, 0)}} }
