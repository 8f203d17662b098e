//go:build linux

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/postdesk/postdesk/desk/store/storetest"
)

// The bench of the tests called TestReal...: a Postfix and a Dovecot as Debian packages them, begun by each test as instances of its own,
// in a folder of its own, on ports of this machine that were free. The system's own mail is neither touched nor read.

const (
	postfixMaster = "/usr/lib/postfix/sbin/master"
	dovecotMaster = "/usr/sbin/dovecot"
	dovecotLMTP   = "/usr/lib/dovecot/lmtp"
)

// queueFolders are those that Postfix has in its queue directory, by whom they belong to.
var queueFolders = map[string][]string{
	"root":    {"pid"},
	"postfix": {"active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "public", "saved", "trace"},
}

// mailServers are the two at work, as the templates of testdata/real see them.
type mailServers struct {
	Dir                                   string
	MX, Verified, Submission, IMAP, IMAPS int
	Services, Settings                    string // lines of a test's own for master.cf and dovecot.conf
	Transport                             string // where Postfix sends somebody's mail instead of into the mailbox, as in transport(5)
	Policy                                string // the address of a policy server that Postfix asks about each recipient; "" for none

	roots   *x509.CertPool
	dovecot *child
	postfix *child
}

// withMailbox are who has a mailbox and a password at the servers.
var withMailbox = []string{
	"support@desk.example", "sales@desk.example", "dana@desk.example", "eve@desk.example",
	"anna@acme.example", "kim@bolt.example", "joe@example.org",
}

// passwordOf is somebody's password at both servers.
func passwordOf(who string) string { return "open-" + who }

// startMail begins both servers, which end with the test.
func startMail(t testing.TB, set func(*mailServers)) *mailServers {
	t.Helper()
	for _, program := range []string{postfixMaster, dovecotMaster, dovecotLMTP} {
		if _, err := os.Stat(program); err != nil {
			storetest.Missing(t, program+"; Debian has it in postfix, dovecot-imapd and dovecot-lmtpd")
		}
	}
	if os.Getuid() != 0 {
		storetest.Missing(t, "root, whom Postfix wants to be started by")
	}
	sweepMail()
	// A folder named after the test would be too long: a socket's path has at most 107 bytes.
	dir, err := os.MkdirTemp("", mailPrefix)
	if err != nil {
		t.Fatal(err)
	}
	m := &mailServers{Dir: dir}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Postfix:\n%s\nDovecot:\n%s", m.log("postfix.log"), m.log("dovecot.log"))
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	ports := freePorts(t, 5)
	m.MX, m.Verified, m.Submission, m.IMAP, m.IMAPS = ports[0], ports[1], ports[2], ports[3], ports[4]
	if set != nil {
		set(m)
	}
	m.furnish(t)
	m.startDovecot(t)
	m.postfix = spawn(t, exec.Command("/bin/sh", "-c", keeper, postfixMaster, "-c", filepath.Join(dir, "postfix"), "-s"))
	m.answers(t, m.postfix, m.MX, m.Submission)
	return m
}

// keeper runs a command that ends when this shell is told to. Postfix needs one: it changes who it is, and the kernel then forgets whose
// end was to be its own.
const keeper = `"$0" "$@" & trap "kill $!" TERM; wait $!; wait $!`

const mailPrefix = "postdesk-servers-"

// sweepMail deletes the folders of tests that were killed before they could. Their servers have ended with them.
func sweepMail() {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), mailPrefix+"*"))
	if err != nil {
		return
	}
	for _, folder := range left {
		if info, err := os.Stat(folder); err == nil && time.Since(info.ModTime()) > time.Hour { // no test lasts for so long
			_ = os.RemoveAll(folder) // not being able to is no fault of this test
		}
	}
}

// furnish makes the folders and writes the configuration.
func (m *mailServers) furnish(t testing.TB) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Chmod(m.Dir, 0o755))
	for _, sub := range []string{"postfix", "queue", "data", "home", "run"} {
		must(os.Mkdir(filepath.Join(m.Dir, sub), 0o755))
	}
	for owner, folders := range queueFolders {
		for _, f := range folders {
			path := filepath.Join(m.Dir, "queue", f)
			must(os.Mkdir(path, 0o755))
			must(chown(path, owner))
		}
	}
	must(chown(filepath.Join(m.Dir, "data"), "postfix"))
	must(chown(filepath.Join(m.Dir, "home"), "mail"))

	good, expired := m.certificates(t)
	past := time.Now().Add(-time.Hour)
	var logins, passwords, verified strings.Builder
	for _, who := range withMailbox {
		fmt.Fprintf(&logins, "%[1]s %[1]s\n", who)
		fmt.Fprintf(&passwords, "%s:%s\n", who, passwordOf(who))
	}
	for _, domain := range []string{"acme.example", "bolt.example", "example.org"} {
		fmt.Fprintf(&verified, "%[1]s PREPEND Authentication-Results: mx.desk.example; dkim=pass header.d=%[1]s\n", domain)
	}
	for name, text := range map[string]string{
		"good.pem": good, "expired.pem": expired, "people": logins.String(), "passwords": passwords.String(), "verified": verified.String(),
		"postfix/main.cf": m.fill(t, "main.cf"), "postfix/master.cf": m.fill(t, "master.cf"), "dovecot.conf": m.fill(t, "dovecot.conf"),
	} {
		must(os.WriteFile(filepath.Join(m.Dir, name), []byte(text), 0o644))
		// Postfix reads a file over and over while it may still be written.
		must(os.Chtimes(filepath.Join(m.Dir, name), past, past))
	}
}

func (m *mailServers) fill(t testing.TB, name string) string {
	t.Helper()
	tmpl, err := template.ParseFiles(filepath.Join("testdata", "real", name))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func chown(path, name string) error {
	u, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	return os.Chown(path, uid, gid)
}

// certificates gives key and certificate for 127.0.0.1, and a pair for 127.0.0.3 whose time is over. Both are signed by an authority
// that is in roots, and in roots.pem.
func (m *mailServers) certificates(t testing.TB) (good, expired string) {
	t.Helper()
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Postdesk tests"}, NotBefore: now.AddDate(-1, 0, 0),
		NotAfter: now.AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caKey := newKey(t)
	raw, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		t.Fatal(err)
	}
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
	if err := os.WriteFile(filepath.Join(m.Dir, "roots.pem"), roots, 0o644); err != nil {
		t.Fatal(err)
	}
	m.roots = x509.NewCertPool()
	m.roots.AppendCertsFromPEM(roots)

	leaf := func(serial int64, ip net.IP, until time.Time) string {
		cert := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: ip.String()}, IPAddresses: []net.IP{ip},
			NotBefore: now.AddDate(-1, 0, 0), NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		key := newKey(t)
		raw, err := x509.CreateCertificate(rand.Reader, cert, ca, key.Public(), caKey)
		if err != nil {
			t.Fatal(err)
		}
		secret, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})) +
			string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
	}
	return leaf(2, net.IPv4(127, 0, 0, 1), now.AddDate(0, 1, 0)), leaf(3, net.IPv4(127, 0, 0, 3), now.Add(-time.Hour))
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// freePorts finds ports that nobody listens on, below those that the system gives to connections that go out.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range 1000 {
		port := 10000 + mathrand.IntN(20000)
		l, err := net.Listen("tcp4", fmt.Sprintf(":%d", port))
		if err != nil {
			continue
		}
		defer l.Close() // not before all are found, so that each is found once
		if ports = append(ports, port); len(ports) == n {
			return ports
		}
	}
	t.Fatalf("there are no %d free ports", n)
	return nil
}

func (m *mailServers) startDovecot(t testing.TB) {
	t.Helper()
	m.dovecot = spawn(t, exec.Command(dovecotMaster, "-F", "-c", filepath.Join(m.Dir, "dovecot.conf")))
	m.answers(t, m.dovecot, m.IMAP, m.IMAPS)
}

// answers waits until a server's ports are open.
func (m *mailServers) answers(t testing.TB, c *child, ports ...int) {
	t.Helper()
	for _, port := range ports {
		eventually(t, fmt.Sprintf("%s on port %d", c.cmd.Path, port), func() error {
			if c.over() {
				t.Fatalf("%s ended at once: %v\n%s", c.cmd.Path, c.err, &c.out)
			}
			conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				return err
			}
			return conn.Close()
		})
	}
}

func (m *mailServers) log(name string) string {
	b, err := os.ReadFile(filepath.Join(m.Dir, name))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (m *mailServers) tls() *tls.Config {
	return &tls.Config{RootCAs: m.roots, ServerName: "127.0.0.1"}
}

// A child is a process that ends with its test, and with this program, however that ends.
type child struct {
	cmd   *exec.Cmd
	out   lockedBuffer
	ended chan struct{}
	err   error // how, once ended is closed
}

// spawn starts a process. SIGTERM is what ends it.
func spawn(t testing.TB, cmd *exec.Cmd) *child {
	t.Helper()
	c := &child{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &c.out, &c.out
	cmd.WaitDelay = 100 * time.Millisecond // for a pipe that a child of it keeps
	// No group of its own: Postfix's master makes a session, which the leader of a group may not.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	started := make(chan error)
	go func() {
		// The kernel sends that signal when the thread that started the process ends, so the thread stays for it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			if c.err = cmd.Wait(); errors.Is(c.err, exec.ErrWaitDelay) {
				c.err = nil // it has ended well, and some child of it has not yet
			}
			close(c.ended)
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.end(t, syscall.SIGTERM) })
	return c
}

func (c *child) over() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// end sends a signal, waits for the end of the process, and tells how it ended.
func (c *child) end(t testing.TB, with syscall.Signal) error {
	t.Helper()
	if err := c.cmd.Process.Signal(with); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	select {
	case <-c.ended:
	case <-time.After(patienceWithServers):
		t.Errorf("%s is told to end by %v and does not\n%s", c.cmd.Path, with, &c.out)
		c.cmd.Process.Kill() // what else it does to end is told above
		<-c.ended
	}
	return c.err
}

// A lockedBuffer is what a process has written so far.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// patienceWithServers is how long a test waits for what must come. It never comes to that but where something is broken.
const patienceWithServers = 2 * time.Minute

// eventually asks until there is no error. Real servers tell nobody when they are done, so they are asked.
func eventually(t testing.TB, what string, ask func() error) {
	t.Helper()
	deadline := time.After(patienceWithServers)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within %v: %v", what, patienceWithServers, err)
		}
	}
}
