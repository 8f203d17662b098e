//go:build unix

package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/templates"
)

// A desk that serves takes a changed file when all of the policy is right, and keeps the last good one, saying so, when it is not: be it
// the policy itself or a file that it includes (R1).
func TestLivePolicy(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const policy = `
include: [staff.yaml]
desk: {name: NAME, domain: desk.example, zone: UTC}
tokens: [{id: a, secret: "a secret of the tests, long enough"}]
mailboxes:
  support: {address: support@desk.example, imap: {host: mx.desk.example, username: s, password: p}, smtp: {host: mx.desk.example}}
calendars: {office: {week: {mon-fri: ["09:00-18:00"]}}}
queues: {requests: {assign: eve}}
classes: {question: {billing: free}}
`
	const staff = "staff: {eve: {name: Eve, address: eve@staff.desk.example}}\n"
	named := func(name string) string { return strings.ReplaceAll(policy, "NAME", name) }
	write("policy.yaml", named("First"))
	write("staff.yaml", staff)
	var log bytes.Buffer
	l, err := newLivePolicy(filepath.Join(dir, "policy.yaml"), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	heard := l.changed()
	for _, step := range []struct {
		name       string
		change     func()
		desk, eve  string // what stands then
		refused    string // why the files as they are do not; "" when they do
		told, news bool   // something is logged; others hear of a new policy
	}{
		{name: "nothing has changed", change: func() {}, desk: "First", eve: "Eve"},
		{name: "the policy changes", change: func() { write("policy.yaml", named("Second")) }, desk: "Second", eve: "Eve", told: true, news: true},
		{name: "an included file changes", change: func() { write("staff.yaml", strings.Replace(staff, "Eve", "Eva", 1)) }, desk: "Second", eve: "Eva", told: true, news: true},
		{name: "an included file with a mistake", change: func() { write("staff.yaml", "staff: {eve: {nme: Eve, address: eve@staff.desk.example}}\n") },
			desk: "Second", eve: "Eva", refused: `staff.yaml:1:15: staff.eve.nme: found an unknown key`, told: true},
		{name: "still there: it is told once", change: func() {}, desk: "Second", eve: "Eva", refused: "staff.eve.nme"},
		{name: "the policy is right, and the included file is not", change: func() { write("policy.yaml", named("Third")) }, desk: "Second", eve: "Eva", refused: "staff.eve.nme"},
		{name: "an included file that is gone", change: func() { os.Remove(filepath.Join(dir, "staff.yaml")) }, desk: "Second", eve: "Eva", refused: "cannot be read", told: true},
		{name: "all is right again", change: func() { write("staff.yaml", staff) }, desk: "Third", eve: "Eve", told: true, news: true},
		{name: "a policy without keys for tokens", change: func() { write("policy.yaml", strings.Replace(named("Fourth"), "tokens:", "# tokens:", 1)) },
			desk: "Third", eve: "Eve", refused: "tokens has no key", told: true},
		{name: "a file that came back as it was", change: func() { write("policy.yaml", named("Third")) }, desk: "Third", eve: "Eve", told: true, news: true},
		{name: "what is not done yet is told", change: func() { write("policy.yaml", named("Third")+"retention: {spam: 30}\n") }, desk: "Third", eve: "Eve", told: true, news: true},
	} {
		step.change()
		log.Reset()
		l.reload(false)
		news := false
		select {
		case <-heard:
			news = true
		default:
		}
		p := l.current()
		if p.Desk.Name != step.desk || p.Staff[0].Name != step.eve {
			t.Errorf("%s: what stands is %s with %s", step.name, p.Desk.Name, p.Staff[0].Name)
		}
		if got := l.state(); !strings.Contains(got, step.refused) || (got == "") != (step.refused == "") {
			t.Errorf("%s: refused because of %q", step.name, got)
		}
		if got := log.Len() > 0; got != step.told || news != step.news {
			t.Errorf("%s: logged %q, news %v", step.name, log.String(), news)
		}
	}
	if !strings.Contains(log.String(), "key=retention") {
		t.Errorf("the log says %q", log.String())
	}
	// The operator's own mails are part of it.
	subject := func() string {
		m, err := l.mails.Render("closed", "en", &templates.Customer{Number: 7})
		if err != nil {
			t.Fatal(err)
		}
		return m.Subject
	}
	ours := subject()
	if err := os.MkdirAll(filepath.Join(dir, "mails", "en"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ name, file, text, want, refused string }{
		{"a folder with a mail", "mails/en/closed.md", "Subject: one\n\nx", ours, ""},
		{"the policy names it", "policy.yaml", strings.Replace(named("Fifth"), "zone: UTC", "zone: UTC, templates: mails", 1), "one", ""},
		{"the mail changes", "mails/en/closed.md", "Subject: two\n\nx", "two", ""},
		{"a mail with a mistake", "mails/en/reply.md", "Subject: {{.Oops}}\n\nx", "two", "mails/en/reply.md:1: {{.Oops}}"},
		{"and another that is right", "mails/en/closed.md", "Subject: three\n\nx", "two", "mails/en/reply.md:1: {{.Oops}}"},
		{"all are right", "mails/en/reply.md", "Subject: r\n\n{{.Number}}", "three", ""},
		{"the policy names it no more", "policy.yaml", named("Sixth"), ours, ""},
	} {
		write(step.file, step.text)
		l.reload(false)
		if got := subject(); got != step.want {
			t.Errorf("%s: the subject is %q, want %q", step.name, got, step.want)
		}
		if got := l.state(); !strings.Contains(got, step.refused) || (got == "") != (step.refused == "") {
			t.Errorf("%s: refused because of %q", step.name, got)
		}
	}
}
