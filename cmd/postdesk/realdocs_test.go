//go:build linux

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

var pageBlock = regexp.MustCompile("(?s)```(\\S+)\n(.*?)```")

// TestRealProductionPage: what docs/production.md shows is what the servers of these tests run by, its own names and numbers aside, and
// Postfix, Dovecot and the desk can read it.
func TestRealProductionPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/production.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string]string{}
	for _, m := range pageBlock.FindAllStringSubmatch(string(page), -1) {
		blocks[m[1]] = m[2]
	}

	t.Run("policy", func(t *testing.T) {
		const rest = `
desk: {name: Desk, domain: desk.example, zone: UTC, class: question}
calendars: {office: {week: {mon-fri: ["09:00-18:00"]}}}
queues: {requests: {}}
classes: {question: {billing: free}}
`
		p, err := policy.Parse("page", []byte(blocks["yaml"]+rest), func(string) ([]byte, error) { return []byte(tokenKey), nil })
		if err != nil {
			t.Fatal(err)
		}
		if box := p.Mailboxes[0]; !p.TokensSet || box.Server != "mx.desk.example" || box.IMAP.TLS != "implicit" || box.SMTP.TLS != "starttls" {
			t.Errorf("the policy says %+v", box)
		}
	})
	for _, c := range []struct{ block, but string }{
		{"main.cf", "virtual_mailbox_domains smtp_tls_security_level smtpd_tls_chain_files virtual_mailbox_maps smtpd_sender_login_maps"},
		{"master.cf", "submission"},
		{"dovecot.conf", "ssl_cert ssl_key args unix_listener"},
	} {
		t.Run(c.block, func(t *testing.T) {
			tested, err := os.ReadFile(filepath.Join("testdata", "real", c.block))
			if err != nil {
				t.Fatal(err)
			}
			run := map[string]bool{}
			for line := range strings.Lines(string(tested)) {
				run[strings.TrimSpace(line)] = true
			}
			n := 0
			for line := range strings.Lines(blocks[c.block]) {
				line = strings.TrimSpace(line)
				name, _, _ := strings.Cut(line, " ")
				if n++; !run[line] && !strings.Contains(" "+c.but+" ", " "+name+" ") {
					t.Errorf("the page has %q, the servers of the tests have not", line)
				}
			}
			if n < 4 {
				t.Errorf("the page has %d lines of it", n)
			}
		})
	}

	t.Run("read by the servers", func(t *testing.T) {
		const postconf, doveconf = "/usr/sbin/postconf", "/usr/bin/doveconf"
		for _, program := range []string{postconf, doveconf} {
			if _, err := os.Stat(program); err != nil {
				storetest.Missing(t, program)
			}
		}
		dir := t.TempDir()
		for name, text := range map[string]string{"main.cf": blocks["main.cf"], "master.cf": blocks["master.cf"], "people": "", "mx.pem": "none",
			"dovecot.conf": strings.ReplaceAll(blocks["dovecot.conf"], "/etc/ssl/private", dir)} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, cmd := range []*exec.Cmd{
			exec.Command(postconf, "-c", dir, "-n"), exec.Command(postconf, "-c", dir, "-M"), exec.Command(postconf, "-c", dir, "-P"),
			exec.Command(doveconf, "-c", filepath.Join(dir, "dovecot.conf"), "-n"),
		} {
			var errs bytes.Buffer
			cmd.Stderr = &errs
			if out, err := cmd.Output(); err != nil || errs.Len() > 0 {
				t.Errorf("%v: %v\n%s%s", cmd.Args, err, &errs, out)
			}
		}
	})
}
