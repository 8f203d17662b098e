package policy

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
)

func page(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// Whatever the reference shows can be copied into a policy.
func TestDocsExamplesAreRight(t *testing.T) {
	blocks := yamlBlock.FindAllStringSubmatch(page(t), -1)
	if len(blocks) < 10 {
		t.Fatalf("%d examples", len(blocks))
	}
	for _, b := range blocks {
		if _, err := Parse("example", []byte(completed(t, b[1])), nil); err != nil {
			t.Errorf("%s\n%v", b[1], err)
		}
	}
}

// Every key that the reader knows is on the page: an unknown one, put into each mapping, makes it tell them all.
func TestDocsHaveEveryKey(t *testing.T) {
	const probe = `
zz:
desk: {zz: }
tokens: [{zz: }]
secrets: [{zz: }]
oauth: {google: {zz: }}
dkim: [{zz: }]
alarm: {zz: , mail: {zz: }}
mailboxes: {support: {zz: , trusted: {zz: }, imap: {zz: }, smtp: {zz: }}}
channels: {premium: {zz: }}
calendars: {office: {zz: , holidays: {zz: }}}
queues: {requests: {zz: , assign: {zz: }}}
staff: {dana: {zz: , absent: [{zz: }]}}
classes: {question: {zz: , clocks: {zz: , resolution: {zz: , escalate: [{zz: }]}}}}
products: {classifieds: {zz: }}
details: {log: {zz: }}
plans: {standard: {zz: , changes: {zz: }}}
rates: {technical: {zz: }}
free_window: {zz: }
credits: {zz: }
life: {zz: }
clocks: {zz: }
digest: {zz: }
rules: [{zz: , set: {zz: , assign: {zz: }}}]
conduct: {zz: , ban: {zz: }}
relay: {zz: , markets: {PL: {zz: }}, carriers: {post: {zz: }}, rating: {zz: }, sanctions: [{zz: }]}
retention: {zz: }
payment: {zz: , packages: [{zz: }], stripe: {zz: }, bank: {zz: }}
`
	_, err := Parse("policy.yaml", []byte(probe), nil)
	var mistakes *Mistakes
	if !errors.As(err, &mistakes) {
		t.Fatalf("got %v", err)
	}
	text, told := page(t), 0
	for _, m := range *mistakes {
		keys, ok := strings.CutPrefix(m.Want, "one of ")
		if !ok || m.Found != "an unknown key" {
			continue
		}
		told++
		for _, key := range strings.Split(keys, ", ") {
			// As a row's key, after the dot of one, or as a section.
			if !regexp.MustCompile("(`|\\.)" + key + "[`.]|(?m)^## .*" + key).MatchString(text) {
				t.Errorf("%s: the key %s is not on the page", m.Path, key)
			}
		}
	}
	if want := strings.Count(probe, "zz"); told != want {
		t.Errorf("%d mappings told their keys, want %d", told, want)
	}
}

// What the page marks as not yet done is what check names, and nothing else.
func TestDocsMarkWhatIsLater(t *testing.T) {
	data, err := os.ReadFile("testdata/later.want")
	if err != nil {
		t.Fatal(err)
	}
	marked := map[string]bool{} // by the first part of the key
	for _, m := range regexp.MustCompile("(?m)^(?:\\| `|## )([a-z_]+)(?:\\.[a-z_]+)?`? ¹").FindAllStringSubmatch(page(t), -1) {
		marked[m[1]] = false
	}
	if len(marked) < 5 {
		t.Fatalf("%d keys are marked", len(marked))
	}
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		path := strings.Split(strings.Fields(line)[1], ".")
		key := strings.TrimSuffix(path[len(path)-1], ":")
		if _, ok := marked[key]; !ok {
			t.Errorf("%s is not marked on the page", strings.Join(path, "."))
		}
		marked[key] = true
	}
	for key, named := range marked {
		if !named {
			t.Errorf("%s is marked on the page, and check does not name it", key)
		}
	}
}
