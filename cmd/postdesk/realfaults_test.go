//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/mailin"
	"github.com/postdesk/postdesk/mailout"
)

// TestRealWrongPassword: one mailbox that cannot be read is told of, and the other is read as ever.
func TestRealWrongPassword(t *testing.T) {
	t.Parallel()
	d := newRealDesk(t, sqliteDSN(t), nil)
	sales := d.box("sales")
	sales.Password = "mistyped"
	d.Boxes = append(d.Boxes, sales)
	d.writePolicy(t)
	n := d.serve(t)
	kim := d.someone("Kim", "kim@bolt.example")
	kim.writes(t, "Hello", "Hello, how are you?")
	kim.gets(t, "acknowledgement")
	n.complains(t, "mailbox sales: log in as sales@desk.example")
	if status, r := n.readiness(t); status != 200 || !r.Ready || r.Mailboxes["support"].Error != "" {
		t.Errorf("/readyz says %d: %+v", status, r)
	}
	if strings.Contains(n.out.String(), "mistyped") {
		t.Error("the password is in the log")
	}
	n.stops(t)
}

// TestRealFolderVanishes: a folder that is polled is deleted and made again by somebody else.
func TestRealFolderVanishes(t *testing.T) {
	t.Parallel()
	d := newRealDesk(t, sqliteDSN(t), nil)
	d.Boxes[0].More = ", folder: Tickets, every: 10s" // Dovecot's IDLE does not tell of it
	d.Boxes = append(d.Boxes, d.box("sales"))
	d.writePolicy(t)
	c := d.client(t, "support@desk.example")
	create := func() { t.Helper(); must(t, c.Create("Tickets", nil).Wait()) }
	puts := func(from string) {
		t.Helper()
		raw := draft{to: "support@desk.example", subject: "Hello", words: "Hello from " + from}.bytes(addressOf("Kim", from))
		add := c.Append("Tickets", int64(len(raw)), nil)
		_, err := add.Write(raw)
		must(t, errors.Join(err, add.Close()))
		_, err = add.Wait()
		must(t, err)
	}
	create()
	puts("kim@bolt.example")
	n := d.serve(t)
	kim, joe, anna := d.someone("Kim", "kim@bolt.example"), d.someone("Joe", "joe@example.org"), d.someone("Anna", "anna@acme.example")
	kim.gets(t, "acknowledgement_unverified") // no server has said who wrote it
	n.waits(t, "support", mailin.Waiting)

	must(t, c.Delete("Tickets").Wait())
	n.complains(t, "mailbox support:")
	anna.sends(t, draft{to: "sales@desk.example", subject: "Hello", words: "Hello"})
	anna.gets(t, "acknowledgement")

	create()
	puts("joe@example.org")
	joe.gets(t, "acknowledgement_unverified")
	n.waits(t, "support", mailin.Waiting)
	n.stops(t)
}

// TestRealRestart: the server is restarted while the desk waits for its word. STARTTLS is on its way here.
func TestRealRestart(t *testing.T) {
	t.Parallel()
	d := newRealDesk(t, sqliteDSN(t), nil)
	d.Boxes[0].TLS, d.Boxes[0].IMAPPort = "starttls", d.IMAP
	d.writePolicy(t)
	n := d.serve(t)
	kim := d.someone("Kim", "kim@bolt.example")
	kim.writes(t, "One", "This is the first.")
	kim.gets(t, "acknowledgement")
	n.waits(t, "support", mailin.Waiting)

	must(t, d.dovecot.end(t, syscall.SIGTERM))
	kim.writes(t, "Two", "This is the second.") // Postfix keeps it until Dovecot is back
	n.complains(t, "mailbox support: connect to 127.0.0.1")
	d.startDovecot(t)
	kim.gets(t, "acknowledgement")
	kim.writes(t, "Three", "This is the third.")
	kim.gets(t, "acknowledgement")
	n.stops(t)
	if got := d.outcomes(t); !slices.Equal(got, []string{"new A1", "new A1", "new A1"}) {
		t.Errorf("the mails ended as %q", got)
	}
}

// TestRealMove: mails are flagged and moved with whatever the server can do, and stay where they are where moving could lose one.
func TestRealMove(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		capability string
		moved      bool
	}{
		"MOVE":    {"IMAP4rev1 LITERAL+ IDLE UIDPLUS MOVE", true},
		"UIDPLUS": {"IMAP4rev1 LITERAL+ IDLE UIDPLUS", true},
		"neither": {"IMAP4rev1 LITERAL+ IDLE", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newRealDesk(t, sqliteDSN(t), func(m *mailServers) { m.Settings = "imap_capability = " + tt.capability })
			d.Boxes[0].More = `, flag: "$Desk", move: Done`
			d.writePolicy(t)
			n := d.serve(t)
			kim := d.someone("Kim", "kim@bolt.example")
			kim.writes(t, "Hello", "Hello, how are you?")
			kim.gets(t, "acknowledgement")
			maildir := filepath.Join(d.Dir, "home", "support@desk.example", "Maildir")
			in, want := maildir, 1
			if tt.moved {
				in, want = filepath.Join(maildir, ".Done"), 0
			}
			eventually(t, "the mail is where it belongs", func() error {
				// Dovecot writes keywords as small letters behind the flags.
				there, err := filepath.Glob(filepath.Join(in, "*", "*:2,*a"))
				if err != nil || len(there) != 1 {
					return fmt.Errorf("%d are flagged in %s: %v", len(there), in, err)
				}
				if left := d.delivered(t, "support@desk.example"); len(left) != want {
					return fmt.Errorf("%d are left in INBOX", len(left))
				}
				return nil
			})
			n.waits(t, "support", mailin.Waiting)
			n.stops(t)
		})
	}
}

// TestRealTLS: a certificate for another name or past its time, or no TLS at all, ends the talk before a name or password is said (T117).
func TestRealTLS(t *testing.T) {
	t.Parallel()
	d := newRealDesk(t, sqliteDSN(t), nil)
	add := func(name, host, tls string, port int) {
		b := d.box(name)
		b.IMAP, b.TLS, b.IMAPPort = host, tls, port
		d.Boxes = append(d.Boxes, b)
	}
	add("name", "127.0.0.2", "implicit", d.IMAPS)
	add("name-starttls", "127.0.0.2", "starttls", d.IMAP)
	add("expired", "127.0.0.3", "implicit", d.IMAPS)
	add("expired-starttls", "127.0.0.3", "starttls", d.IMAP)
	add("bare", "127.0.0.4", "starttls", d.IMAP)
	d.Boxes[0].SMTP = "127.0.0.2"
	sales := d.box("sales")
	sales.SMTP = "127.0.0.3"
	d.Boxes = append(d.Boxes, sales)
	d.writePolicy(t)
	n := d.serve(t)
	kim := d.someone("Kim", "kim@bolt.example")
	kim.writes(t, "Hello", "Hello, how are you?")
	kim.sends(t, draft{to: "sales@desk.example", subject: "How much?", words: "How much is the fish?"})

	for _, name := range []string{"name", "name-starttls"} {
		n.complains(t, "mailbox "+name+": ", "certificate", "127.0.0.2")
	}
	for _, name := range []string{"expired", "expired-starttls"} {
		n.complains(t, "mailbox "+name+": ", "certificate has expired")
	}
	n.complains(t, "mailbox bare: ", "STARTTLS")
	n.complains(t, "sending by support@desk.example@127.0.0.2", "certificate", "127.0.0.2")
	n.complains(t, "sending by sales@desk.example@127.0.0.3", "certificate has expired")
	n.stops(t)
	for _, log := range []string{"dovecot.log", "postfix.log"} {
		if strings.Contains(d.log(log), "expired@") || strings.Contains(d.log(log), "name@") || strings.Contains(d.log(log), "bare@") || strings.Contains(d.log(log), "sasl_username") {
			t.Errorf("somebody logged in, or tried to, on a line that is not to be trusted:\n%s", d.log(log))
		}
	}
}

// TestRealReload: mailboxes come and go with the policy, and one that is wrong changes nothing (R1).
func TestRealReload(t *testing.T) {
	t.Parallel()
	d := newRealDesk(t, sqliteDSN(t), nil)
	n := d.serve(t)
	kim, anna := d.someone("Kim", "kim@bolt.example"), d.someone("Anna", "anna@acme.example")
	n.waits(t, "support", mailin.Waiting)

	d.Boxes = append(d.Boxes, d.box("sales"))
	d.writePolicy(t) // it is looked at by itself
	n.waits(t, "sales", mailin.Waiting)
	kim.sends(t, draft{to: "sales@desk.example", subject: "How much?", words: "How much is the fish?"})
	kim.gets(t, "acknowledgement")

	must(t, os.WriteFile(d.policyFile(), []byte("desk: {}\n"), 0o600))
	must(t, n.cmd.Process.Signal(syscall.SIGHUP))
	eventually(t, "/readyz tells of the policy", func() error {
		if _, r := n.readiness(t); !strings.Contains(r.Policy, "desk.name") || len(r.Mailboxes) != 2 {
			return fmt.Errorf("it tells %q of %d mailboxes", r.Policy, len(r.Mailboxes))
		}
		return nil
	})
	kim.sends(t, draft{to: "sales@desk.example", subject: "And salt?", words: "How much is the salt?"})
	kim.gets(t, "acknowledgement")

	d.Boxes = d.Boxes[:1]
	d.writePolicy(t)
	must(t, n.cmd.Process.Signal(syscall.SIGHUP))
	eventually(t, "the mailbox is gone", func() error {
		if _, r := n.readiness(t); r.Policy != "" || len(r.Mailboxes) != 1 {
			return fmt.Errorf("there are %d, and the policy is %q", len(r.Mailboxes), r.Policy)
		}
		return nil
	})
	anna.writes(t, "Hello", "Hello, how are you?")
	anna.gets(t, "acknowledgement")
	n.stops(t)
}

// TestRealRefusedAndGreylisted: Postfix refuses one recipient for good and puts another off at first, as greylisting does (T100).
func TestRealRefusedAndGreylisted(t *testing.T) {
	t.Parallel()
	server := &policyServer{answers: map[string][]string{
		"kim@bolt.example":  {"REJECT no such user here"},
		"anna@acme.example": {"DEFER_IF_PERMIT greylisted", "DEFER_IF_PERMIT greylisted", "DUNNO"},
	}}
	d := newRealDesk(t, sqliteDSN(t), func(m *mailServers) { m.Policy = server.listen(t) })
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	inside := d.desk(t)
	box := d.policy(t).Mailboxes[0]
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	poller := &mailin.Poller{Mailbox: box, Desk: inside, Trust: trustOf(d.policy(t), box), Now: utcNow, Log: log, TLS: d.tls()}
	wake := make(chan struct{})
	sender := &mailout.Sender{
		Wake: wake, Desk: inside, Account: func(string) *policy.SMTP { return box.SMTP }, Dial: new(net.Dialer).DialContext, Now: utcNow,
		Hello: "desk.example", Log: log, TLS: d.tls(), Schedule: slices.Repeat([]time.Duration{time.Second}, 5),
	}
	running.Go(func() { poller.Run(ctx) })
	running.Go(func() { sender.Run(ctx) })
	running.Go(func() {
		for tick := time.NewTicker(100 * time.Millisecond); ; { // rather than every few seconds, as a desk does
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
			select {
			case wake <- struct{}{}:
			default:
			}
		}
	})

	kim, anna := d.someone("Kim", "kim@bolt.example"), d.someone("Anna", "anna@acme.example")
	kim.writes(t, "Hello", "Hello, how are you?")
	anna.writes(t, "Guten Tag", "Guten Tag, wie geht es?")
	anna.gets(t, "acknowledgement")
	eventually(t, "the desk knows that Kim gets nothing", func() error {
		failed := journalOf[desk.MailFailure](t, d.store, desk.EventFailed)
		if len(failed) != 1 || failed[0].To != kim.address || failed[0].Code != 554 {
			return fmt.Errorf("it tells %+v", failed)
		}
		return nil
	})
	if got := server.asked("anna@acme.example"); got != 3 {
		t.Errorf("Anna's mail was tried %d times, want 3", got)
	}
	if got := server.asked("kim@bolt.example"); got != 1 {
		t.Errorf("Kim's mail was tried %d times, want 1", got)
	}
}

// A policyServer tells Postfix what to do with a recipient (SMTP access policy delegation, as greylisting servers speak it).
type policyServer struct {
	mu      sync.Mutex
	answers map[string][]string // by recipient, in turn; the last one stands
	times   map[string]int
}

func (p *policyServer) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			go p.serve(c)
		}
	}()
	return l.Addr().String()
}

func (p *policyServer) serve(c net.Conn) {
	defer c.Close()
	recipient := ""
	for lines := bufio.NewScanner(c); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		switch name {
		case "recipient":
			recipient = value
		case "": // the end of a question
			if _, err := fmt.Fprintf(c, "action=%s\n\n", p.decide(recipient)); err != nil {
				return
			}
		}
	}
}

func (p *policyServer) decide(recipient string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.times == nil {
		p.times = map[string]int{}
	}
	p.times[recipient]++
	answers := p.answers[recipient]
	if len(answers) == 0 {
		return "DUNNO"
	}
	return answers[min(p.times[recipient], len(answers))-1]
}

func (p *policyServer) asked(recipient string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.times[recipient]
}

// client is another program that somebody reads the mailbox with.
func (m *mailServers) client(t *testing.T, who string) *imapclient.Client {
	t.Helper()
	c, err := imapclient.DialTLS(fmt.Sprintf("127.0.0.1:%d", m.IMAPS), &imapclient.Options{TLSConfig: m.tls()})
	must(t, err)
	t.Cleanup(func() { c.Close() })
	must(t, c.Login(who, passwordOf(who)).Wait())
	return c
}
