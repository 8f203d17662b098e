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

	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

var update = flag.Bool("update", false, "write what simulate prints into the examples' want.jsonl")

// packs are the examples, with how long time runs on after their mails.
var packs = []struct{ name, until string }{
	{"vendor", "2026-12-15T00:00:00Z"},
	{"channels", "2026-12-02T00:00:00Z"},
	{"subscription", "2026-12-01T00:00:00Z"},
	{"conduct", "2026-11-28T00:00:00Z"},
	{"marketplace", "2026-11-20T00:00:00Z"},
}

func packFile(name, file string) string { return filepath.Join("../../examples", name, file) }

// simulatePack runs the command over mails by an example's policy, with the environment given beside what every program needs.
func simulatePack(t *testing.T, name string, env []string, args ...string) string {
	t.Helper()
	all := []string{"simulate", "--json", "--policy", packFile(name, "policy.yaml"), "--world", packFile(name, "world.yaml")}
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

// TestEveryPack replays each example on both engines. With -update it writes what comes out, for a person to read the difference.
func TestEveryPack(t *testing.T) {
	for _, p := range packs {
		t.Run(p.name, func(t *testing.T) {
			file := packFile(p.name, "want.jsonl")
			args := []string{"--until", p.until, packFile(p.name, "mails")}
			if *update {
				if err := os.WriteFile(file, []byte(simulatePack(t, p.name, nil, args...)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			compare := func(t *testing.T, env []string) {
				got := strings.SplitAfter(simulatePack(t, p.name, env, args...), "\n")
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
		})
	}
}

// TestPacksGrow replays the mails of each example one by one: what was printed for some of them stands unchanged when the next one
// comes, so that answers to mails that simulate printed stay answers.
func TestPacksGrow(t *testing.T) {
	for _, p := range packs {
		t.Run(p.name, func(t *testing.T) {
			files, err := filepath.Glob(packFile(p.name, "mails/*.eml"))
			if err != nil || len(files) < 10 || len(files) > 30 {
				t.Fatalf("%d mails in the example, error %v", len(files), err)
			}
			before := ""
			for i := range files {
				out := simulatePack(t, p.name, nil, files[:i+1]...)
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
		})
	}
}

// TestPacksSayWhatIsNotYet: what an example asks for and the program does not do is named by check, which exits 0 all the same, and by
// the example's README.
func TestPacksSayWhatIsNotYet(t *testing.T) {
	for _, p := range packs {
		pol, err := policy.Read(packFile(p.name, "policy.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		readme, err := os.ReadFile(packFile(p.name, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		_, not, found := strings.Cut(string(readme), "## Not yet in this version")
		if found != (len(pol.Later) > 0) {
			t.Errorf("%s: the README has a part about what is not yet: %v, and check names %d keys", p.name, found, len(pol.Later))
		}
		for _, n := range pol.Later {
			last := n.Path[strings.LastIndex(n.Path, ".")+1:]
			if !regexp.MustCompile("[.`]" + last + "`").MatchString(not) {
				t.Errorf("%s: the README does not say that %s is not yet done", p.name, n.Path)
			}
		}
	}
}

// TestPacksArePrivate: nobody's example holds an address that could be somebody's.
func TestPacksArePrivate(t *testing.T) {
	err := filepath.WalkDir("../../examples", func(path string, d os.DirEntry, err error) error {
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
	folders, err := os.ReadDir("../../examples")
	if err != nil || len(folders) != len(packs) {
		t.Errorf("%d folders of examples, %d tested, %v", len(folders), len(packs), err)
	}
}

var addressForm = regexp.MustCompile(`[\w.+-]+@([\w-]+(?:\.[\w-]+)+)`)
