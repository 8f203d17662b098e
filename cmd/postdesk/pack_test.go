//go:build unix

package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk/store/storetest"
)

var update = flag.Bool("update", false, "write what simulate prints into the examples' want.jsonl")

// simulatePack runs the command over mails by the vendor's policy, with the environment given beside what every program needs.
func simulatePack(t *testing.T, env []string, args ...string) string {
	t.Helper()
	all := []string{"simulate", "--json", "--policy", filepath.Join(vendorPack, "policy.yaml"), "--world", filepath.Join(vendorPack, "world.yaml")}
	cmd := exec.Command("postdesk", append(all, args...)...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...) // a token key of the machine would change the tokens
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("postdesk simulate: %v\n%s", err, stderr.Bytes())
	}
	return string(out)
}

// TestVendorPack replays the example on both engines. With -update it writes what comes out, for a person to read the difference.
func TestVendorPack(t *testing.T) {
	file := filepath.Join(vendorPack, "want.jsonl")
	args := []string{"--until", "2026-12-15T00:00:00Z", filepath.Join(vendorPack, "mails")}
	if *update {
		if err := os.WriteFile(file, []byte(simulatePack(t, nil, args...)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	compare := func(t *testing.T, env []string) {
		got := strings.SplitAfter(simulatePack(t, env, args...), "\n")
		for i, line := range strings.SplitAfter(string(want), "\n") {
			if i >= len(got) {
				t.Fatalf("line %d is missing:\n%s", i+1, line)
			}
			if got[i] != line {
				t.Fatalf("line %d\n got %s\nwant %s", i+1, got[i], line)
			}
		}
	}
	t.Run("memory", func(t *testing.T) { compare(t, nil) })
	t.Run("postgres", func(t *testing.T) {
		compare(t, []string{onTemplate + "=" + emptyDatabase(t), storetest.Env + "=" + os.Getenv(storetest.Env)})
	})
}

// TestVendorPackGrows replays the mails of the example one by one: what was printed for some of them stands unchanged when the next one
// comes, so that answers to mails that simulate printed stay answers.
func TestVendorPackGrows(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vendorPack, "mails", "*.eml"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d mails in the example, error %v", len(files), err)
	}
	before := ""
	for i := range files {
		out := simulatePack(t, nil, files[:i+1]...)
		lines, summary, ok := strings.Cut(out, `{"event":"summary"`)
		if !ok || strings.Count(summary, "\n") != 1 {
			t.Fatalf("%d mails: the summary is not the last line", i+1)
		}
		if !strings.HasPrefix(lines, before) {
			t.Fatalf("%s changes what was printed for the mails before it", files[i])
		}
		if len(lines) == len(before) {
			t.Errorf("%s adds nothing", files[i])
		}
		before = lines
	}
}

// TestVendorPackIsPrivate: nobody's example holds an address that could be somebody's.
func TestVendorPackIsPrivate(t *testing.T) {
	err := filepath.WalkDir(vendorPack, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, a := range addressForm.FindAllStringSubmatch(string(text), -1) {
			if domain := strings.ToLower(a[1]); !strings.HasSuffix(domain, ".example") && domain != "example.org" {
				t.Errorf("%s: %s is not of a reserved domain (RFC 2606)", path, a[0])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var addressForm = regexp.MustCompile(`[\w.+-]+@([\w-]+(?:\.[\w-]+)+)`)
