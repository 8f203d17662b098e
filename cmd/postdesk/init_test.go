//go:build unix

package main

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/policy"
)

func TestInit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "desk")
	var out bytes.Buffer
	if err := (initCmd{Dir: dir}).write(rand.Reader, &out); err != nil {
		t.Fatal(err)
	}
	golden(t, "init.txt", []byte(strings.ReplaceAll(out.String(), dir, "desk")))

	// What it writes is right as it stands: enough for simulate, and only the servers are missing for a desk that serves.
	p, err := policy.Read(filepath.Join(dir, "policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !p.TokensSet || len(p.Unset) > 0 {
		t.Errorf("it has no key of its own: %v", p.Unset)
	}
	w, err := policy.ReadWorld(filepath.Join(dir, "world.yaml"), p)
	if err != nil {
		t.Fatal(err)
	}
	k := &checker{
		cmd: checkCmd{database: database{Database: "sqlite:" + filepath.Join(dir, "desk.db")}, Timeout: time.Second}, out: &out, policy: p, world: w,
		now: utcNow, dns: zone{},
	}
	if err := k.run(t.Context()); err != nil {
		t.Errorf("check: %v\n%s", err, out.String())
	}

	for _, name := range []string{"token-key", "secrets-key"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v, %v, want mode 0600", name, info, err)
		}
	}
	if len(p.Secrets.Keys) != 1 || bytes.Equal(p.Secrets.Keys[0].Secret, p.Tokens.Keys[0].Secret) {
		t.Error("secrets have no key of their own")
	}
	first := p.Tokens.Keys[0].Secret
	other := filepath.Join(t.TempDir(), "desk")
	if err := (initCmd{Dir: other}).write(rand.Reader, &out); err != nil {
		t.Fatal(err)
	}
	if p, err = policy.Read(filepath.Join(other, "policy.yaml")); err != nil || bytes.Equal(first, p.Tokens.Keys[0].Secret) {
		t.Errorf("two desks have one key (%v)", err)
	}
}

func TestInitWritesOverNothing(t *testing.T) {
	for _, name := range []string{"policy.yaml", "world.yaml", "token-key", "secrets-key"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := (initCmd{Dir: dir}).write(rand.Reader, new(bytes.Buffer))
		if err == nil || !strings.Contains(err.Error(), name+" is there already") {
			t.Errorf("%s: got %v", name, err)
		}
		kept, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(kept) != "mine" {
			t.Errorf("%s: got %q, %v", name, kept, err)
		}
		if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
			t.Errorf("%s: %d files, want the one that was there (%v)", name, len(all), err)
		}
	}
}
