//go:build linux

package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/mailin"
	"github.com/postdesk/postdesk/templates"
)

// asCommand holds the arguments for a process that is to be the command itself.
const asCommand = "POSTDESK_TEST_AS_COMMAND"

// failingDisk names a folder, and on the next line which fsync in it is to fail in such a process.
const failingDisk = "POSTDESK_TEST_FAILING_DISK"

// TestRealProcess is the command, where serve below has begun this program as one, and nothing at all where it is only a test.
func TestRealProcess(t *testing.T) {
	if args := os.Getenv(asCommand); args != "" {
		if dir, sync, ok := strings.Cut(os.Getenv(failingDisk), "\n"); ok {
			n, err := strconv.Atoi(sync)
			if err != nil {
				t.Fatal(err)
			}
			storetest.NewDisk(t, dir).Fail(storetest.DiskFault{Sync: n, Once: true})
		}
		os.Args = append([]string{"postdesk"}, strings.Split(args, "\n")...)
		os.Exit(run())
	}
}

// A box is a mailbox of the policy, as testdata/real/policy.yaml has it.
type box struct {
	Name, Address string
	IMAP, SMTP    string // hosts
	IMAPPort      int
	TLS, Password string
	Sink          int    // port of a server that takes all mail, instead of Postfix; 0 for none
	Unpinned      bool   // no server's word counts
	OAuth         string // a provider, instead of the password
	More          string // keys for imap, after a comma
}

// Login are the keys by which the mailbox is opened.
func (b box) Login() string {
	if b.OAuth != "" {
		return "oauth: " + b.OAuth
	}
	return "password: " + b.Password
}

// SendBy are those by which its mail is sent, "" for the right password.
func (b box) SendBy() string {
	if b.OAuth != "" {
		return "oauth: " + b.OAuth
	}
	return ""
}

// A realDesk is postdesk serve as an operator has it, beside real mail servers.
type realDesk struct {
	*mailServers
	Boxes    []box
	Resolver string // who is asked for TXT records; "" for the system's
	Sections string // of the policy, beside those that all tests have
	dsn      string
	store    *store.Store // the test's own connection
}

// newRealDesk has servers, a policy with one mailbox, and a database with the customers in it. serve begins the desk.
func newRealDesk(t testing.TB, dsn string, set func(*mailServers)) *realDesk {
	t.Helper()
	d := &realDesk{mailServers: startMail(t, set), dsn: dsn, store: storetest.Open(t, dsn)}
	d.Boxes = []box{d.box("support")}
	d.writePolicy(t)
	d.addCustomers(t)
	return d
}

// box is a mailbox that all is right with.
func (d *realDesk) box(name string) box {
	address := name + "@desk.example"
	return box{Name: name, Address: address, IMAP: "127.0.0.1", SMTP: "127.0.0.1", IMAPPort: d.IMAPS, TLS: "implicit", Password: passwordOf(address)}
}

func (d *realDesk) policyFile() string { return filepath.Join(d.Dir, "policy.yaml") }

// writePolicy puts the policy in place in one step, as editors do: half of a file is never read.
func (d *realDesk) writePolicy(t testing.TB) {
	t.Helper()
	tmpl, err := template.ParseFiles("testdata/real/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, d); err != nil {
		t.Fatal(err)
	}
	draft := d.policyFile() + ".new"
	if err := errors.Join(os.WriteFile(draft, b.Bytes(), 0o600), os.Rename(draft, d.policyFile())); err != nil {
		t.Fatal(err)
	}
}

// tokenKey is what the desk signs with.
const tokenKey = "a key of the tests, 32 bytes long"

// secretsKey is what it seals by, where the policy says so.
const secretsKey = "another key of the tests, for what it seals"

// policy is the file as it stands, read by the test.
func (d *realDesk) policy(t testing.TB) *policy.Policy {
	t.Helper()
	text, err := os.ReadFile(d.policyFile())
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Parse(d.policyFile(), text, func(string) ([]byte, error) { return []byte(tokenKey), nil })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// desk is one in this process, which does only what it is asked.
func (d *realDesk) desk(t testing.TB) *desk.Desk {
	t.Helper()
	tmpl, err := templates.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	pol := d.policy(t)
	return &desk.Desk{Store: d.store, Policy: func() *policy.Policy { return pol }, Templates: tmpl, Now: utcNow, Rand: rand.Reader, Node: "test"}
}

func (d *realDesk) addCustomers(t testing.TB) {
	t.Helper()
	text, err := os.ReadFile("testdata/real/world.yaml")
	if err != nil {
		t.Fatal(err)
	}
	world, err := policy.ParseWorld("world.yaml", text, d.policy(t))
	if err != nil {
		t.Fatal(err)
	}
	shop := d.desk(t)
	for _, a := range accounts(world) {
		if err := shop.AddAccount(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
}

func (d *realDesk) someone(name, address string) *resident {
	return &resident{mail: d.mailServers, store: d.store, name: name, address: address, read: map[string]bool{}}
}

// A node is one process of the desk.
type node struct {
	*child
	base string // of what it answers by HTTP
}

var listening = regexp.MustCompile(`msg=listening address=(\S+)`)

// command is the program as an operator calls it on the desk's machine.
func (d *realDesk) command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestRealProcess$")
	cmd.Env = append(os.Environ(),
		asCommand+"="+strings.Join(args, "\n"), "POSTDESK_DATABASE="+d.dsn, "POSTDESK_TOKEN_KEY="+tokenKey, "POSTDESK_SECRETS_KEY="+secretsKey,
		"SSL_CERT_FILE="+filepath.Join(d.Dir, "roots.pem"), "SSL_CERT_DIR="+filepath.Join(d.Dir, "postfix"), // where none are
	)
	return cmd
}

// serve begins postdesk serve and waits until it listens.
func (d *realDesk) serve(t testing.TB) *node {
	t.Helper()
	n := &node{child: spawn(t, d.command(t, "serve", "--policy", d.policyFile(), "--listen", "127.0.0.1:0"))}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("postdesk serve:\n%s", &n.out)
		}
		if strings.Contains(n.out.String(), "DATA RACE") {
			t.Errorf("postdesk serve has a race:\n%s", &n.out)
		}
	})
	eventually(t, "postdesk serve listens", func() error {
		if n.over() {
			t.Fatalf("postdesk serve ended at once: %v\n%s", n.err, &n.out)
		}
		m := listening.FindStringSubmatch(n.out.String())
		if m == nil {
			return errors.New("it has not said so")
		}
		n.base = "http://" + m[1]
		return nil
	})
	return n
}

// stops tells the node to end, which it must do well and within seconds.
func (n *node) stops(t testing.TB) {
	t.Helper()
	began := utcNow()
	if err := n.end(t, syscall.SIGTERM); err != nil {
		t.Errorf("postdesk serve ends with %v\n%s", err, &n.out)
	}
	if took := utcNow().Sub(began).Seconds(); took > 8 {
		t.Errorf("postdesk serve took %.1f s to end", took)
	}
}

// readiness is what /readyz tells.
func (n *node) readiness(t testing.TB) (status int, r report) {
	t.Helper()
	resp, err := http.Get(n.base + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(body, &r)
	}
	if err != nil {
		t.Fatalf("/readyz: %v: %s", err, body)
	}
	return resp.StatusCode, r
}

// waits waits until a mailbox is in a state.
func (n *node) waits(t testing.TB, mailbox string, state mailin.State) {
	t.Helper()
	eventually(t, fmt.Sprintf("mailbox %s is %s", mailbox, state), func() error {
		_, r := n.readiness(t)
		if m := r.Mailboxes[mailbox]; m.State != state {
			return fmt.Errorf("it is %q: %s", m.State, m.Error)
		}
		return nil
	})
}

// complains waits until /readyz tells of something wrong in all these words.
func (n *node) complains(t testing.TB, words ...string) {
	t.Helper()
	eventually(t, fmt.Sprintf("/readyz tells of %q", words), func() error {
		_, r := n.readiness(t)
		if !slices.ContainsFunc(r.Wrong, func(wrong string) bool {
			return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(wrong, w) })
		}) {
			return fmt.Errorf("it tells %q", r.Wrong)
		}
		return nil
	})
}

// outcomes are how the mails of the desk's mailboxes ended, in order: outcome and level.
func (d *realDesk) outcomes(t testing.TB) []string {
	t.Helper()
	var all []string
	for _, r := range journalOf[desk.Received](t, d.store, desk.EventReceived) {
		all = append(all, string(r.Outcome)+" "+r.Level)
	}
	return all
}

// eachDSN runs a test on both engines.
func eachDSN(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, sqliteDSN(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, storetest.PostgresDSN(t))
	})
}

func sqliteDSN(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "desk.db") }
