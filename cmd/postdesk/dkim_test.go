package main

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk/policy"
)

// newSigner makes a key by the command, and gives it as the policy has it, with what the command told.
func newSigner(t *testing.T, kind string) (policy.Signer, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key.pem")
	var out bytes.Buffer
	c := dkimKeyCmd{File: file, Domain: "desk.example", Selector: "desk2026", Type: kind}
	if err := c.write(rand.Reader, &out); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key: %v, %v, want mode 0600", info, err)
	}
	if err := c.write(rand.Reader, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a second time: got %v", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	key, err := policy.ParseSigningKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Signer{Domain: "desk.example", Selector: "desk2026", Key: key}, out.String()
}

// What the command tells an operator to publish is the record of the key, in texts that a zone file may have.
func TestDKIMKey(t *testing.T) {
	for kind, texts := range map[string]int{"rsa": 2, "ed25519": 1} {
		s, told := newSigner(t, kind)
		if !strings.Contains(told, "desk2026._domainkey.desk.example. IN TXT ") || !strings.Contains(told, "{domain: desk.example, selector: desk2026, key_file: ") {
			t.Errorf("%s: told\n%s", kind, told)
		}
		joined, n := "", 0
		for _, line := range strings.Split(told, "\n") {
			if at := strings.IndexByte(line, '"'); at >= 0 {
				text := strings.Trim(line[at:], `" )`)
				if len(text) > 255 {
					t.Errorf("%s: a text of %d bytes", kind, len(text))
				}
				joined += text
				n++
			}
		}
		if joined != dkimRecord(s) || n != texts {
			t.Errorf("%s: %d texts make\n%s\nwant %d that make\n%s", kind, n, joined, texts, dkimRecord(s))
		}
		if strings.Contains(told, "PRIVATE") {
			t.Errorf("%s: the private key is shown", kind)
		}
	}
}

func TestCheckSigners(t *testing.T) {
	s, _ := newSigner(t, "rsa")
	other, _ := newSigner(t, "rsa")
	short, _ := newSigner(t, "ed25519")
	right := dkimRecord(s)
	_, key, _ := strings.Cut(right, "p=")
	for name, c := range map[string]struct {
		records []string
		want    string
	}{
		"right":               {[]string{right}, "ok    DKIM desk.example: the desk signs by the key at desk2026._domainkey.desk.example\n"},
		"written otherwise":   {[]string{"p= " + key[:70] + " " + key[70:] + ";"}, "ok    DKIM desk.example: the desk signs by the key at"},
		"not published":       {nil, "FAIL  DKIM desk.example: the desk signs by desk2026, and there is no key at desk2026._domainkey.desk.example"},
		"another key":         {[]string{dkimRecord(other)}, "FAIL  DKIM desk.example: the key at desk2026._domainkey.desk.example is not the one that the desk signs by"},
		"a key of other kind": {[]string{dkimRecord(short)}, "FAIL  DKIM desk.example: the key at desk2026._domainkey.desk.example is not the one that the desk signs by"},
		"withdrawn":           {[]string{"v=DKIM1; p="}, "FAIL  DKIM desk.example: the key at desk2026._domainkey.desk.example is withdrawn"},
		"two":                 {[]string{right, right}, "FAIL  DKIM desk.example: desk2026._domainkey.desk.example has 2 records"},
		"a test":              {[]string{"v=DKIM1; t=y; " + right[len("v=DKIM1; "):]}, "warn  DKIM desk.example: desk2026._domainkey.desk.example says that it is only a test"},
		"name servers away":   {[]string{"SERVFAIL"}, "warn  DKIM desk.example: desk2026._domainkey.desk.example cannot be looked up"},
	} {
		k, out := checked(t, nil, nil)
		k.policy.Signers = []policy.Signer{s}
		k.dns = zone{}
		if c.records != nil {
			k.dns = zone{"desk2026._domainkey.desk.example": c.records}
		}
		k.checkDNS(t.Context())
		if !strings.Contains(out.String(), c.want) || strings.Contains(out.String(), "usual names") {
			t.Errorf("%s: got\n%swant %s", name, out, c.want)
		}
		if strings.HasPrefix(c.want, "FAIL") && name != "two" && !strings.Contains(out.String(), `-> publish a TXT record of desk2026._domainkey.desk.example: "v=DKIM1; k=rsa; p=`) {
			t.Errorf("%s: no word of how to mend it\n%s", name, out)
		}
	}

	k, out := checked(t, nil, nil)
	s.Domain = "elsewhere.example"
	k.policy.Signers = []policy.Signer{s}
	k.checkDNS(t.Context())
	if !strings.Contains(out.String(), "warn  DKIM elsewhere.example: no mailbox writes from this domain") {
		t.Errorf("a domain of nobody: got\n%s", out)
	}
}
