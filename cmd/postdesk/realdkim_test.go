//go:build linux

package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
)

var publishedText = regexp.MustCompile(`"([^"]*)"`)

// TestRealDKIM: what the desk signs arrives over Postfix and Dovecot with signatures that hold, by the very records that the command told
// to publish; and whoever changes a word of it breaks them.
func TestRealDKIM(t *testing.T) {
	t.Parallel()
	d := newRealDesk(t, sqliteDSN(t), nil)
	d.Sections = "\ndkim:"
	dns := map[string]string{}
	for _, kind := range []string{"rsa", "ed25519"} {
		file := filepath.Join(d.Dir, kind+".pem")
		out, err := d.command(t, "dkim", "key", "--domain", "desk.example", "--selector", "desk-"+kind, "--type", kind, file).CombinedOutput()
		if err != nil {
			t.Fatalf("postdesk dkim key: %v\n%s", err, out)
		}
		record := ""
		for _, m := range publishedText.FindAllSubmatch(out, -1) {
			record += string(m[1])
		}
		dns["desk-"+kind+"._domainkey.desk.example"] = record
		d.Sections += fmt.Sprintf("\n  - {selector: desk-%s, key_file: %s}", kind, file)
	}
	d.writePolicy(t)
	n := d.serve(t)
	kim := d.someone("Kim", "kim@bolt.example")
	kim.writes(t, "Umlaute in Größe 12", "Können Sie mir helfen?")
	kim.gets(t, "acknowledgement")
	n.stops(t)

	raw := d.nth(t, kim.address, 1)
	verify := func(raw []byte) (hold []string) {
		t.Helper()
		all, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) { return []string{dns[name]}, nil }})
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != 2 {
			t.Errorf("%d signatures", len(all))
		}
		for _, v := range all {
			if v.Err == nil {
				hold = append(hold, v.Domain)
			}
		}
		return hold
	}
	if hold := verify(raw); strings.Join(hold, " ") != "desk.example desk.example" {
		t.Errorf("hold %q\n%s", hold, raw)
	}
	if hold := verify(bytes.Replace(raw, []byte("Subject: "), []byte("Subject: x"), 1)); len(hold) > 0 {
		t.Errorf("with another subject hold %q", hold)
	}
}
