//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk/postoffice"
	"github.com/postdesk/postdesk/mailin"
)

// TestRealAlarm: the password of a mailbox is wrong, and at its first refusal the operator hears of it by another mail server and by a
// program of his own, with the way to mend it; the service that waits for word that all is well gets none. The other mailbox goes on.
func TestRealAlarm(t *testing.T) {
	t.Parallel()
	d := newRealDesk(t, sqliteDSN(t), nil)
	elsewhere := postoffice.New(postoffice.Options{Domain: "elsewhere.example", Accounts: []postoffice.Account{
		{Address: "desk-alarm@elsewhere.example", Password: "secret"}, {Address: "ops@elsewhere.example"},
	}})
	defer elsewhere.Close()
	must(t, elsewhere.Listen())
	host, port, err := net.SplitHostPort(elsewhere.SMTPAddr())
	must(t, err)
	told, alive := filepath.Join(d.Dir, "told"), filepath.Join(d.Dir, "alive")
	d.Sections = fmt.Sprintf(`
alarm:
  mail: {host: %s, port: %s, tls: none, username: desk-alarm@elsewhere.example, password: secret, from: desk-alarm@elsewhere.example, to: [ops@elsewhere.example]}
  command: [/bin/sh, -c, 'cat >> "$0"', %s]
  heartbeat: %s`, host, port, told, alive)
	d.Boxes = append(d.Boxes, d.box("sales"))
	d.Boxes[1].Password = "mistyped"
	d.writePolicy(t)

	out, err := d.command(t, "alarm", d.policyFile()).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "alarm.mail to ops@elsewhere.example: told\n") || !strings.Contains(string(out), "alarm.command /bin/sh: told\n") || !strings.Contains(string(out), "alarm.heartbeat: heard\n") {
		t.Fatalf("postdesk alarm: %v\n%s", err, out)
	}
	must(t, errors.Join(os.Remove(told), os.Remove(alive)))

	n := d.serve(t)
	const what, mend = "Mailbox sales is not read: log in as sales@desk.example", "To mend it: correct username or password in mailboxes.sales.imap"
	eventually(t, "the operator is told by mail", func() error {
		for _, m := range elsewhere.Mails("ops@elsewhere.example") {
			// Soft line ends of quoted-printable.
			if text := bytes.ReplaceAll(m.Raw, []byte("=\r\n"), nil); bytes.Contains(text, []byte(what)) && bytes.Contains(text, []byte(mend)) {
				return nil
			}
		}
		return errors.New("he is not")
	})
	eventually(t, "the operator is told by his program", func() error {
		text, err := os.ReadFile(told)
		if err == nil && (!bytes.Contains(text, []byte(what)) || !bytes.Contains(text, []byte(mend))) {
			err = fmt.Errorf("it got %s", text)
		}
		return err
	})
	kim := d.someone("Kim", "kim@bolt.example")
	kim.writes(t, "Hello", "Hello, how are you?")
	kim.gets(t, "acknowledgement")
	n.waits(t, "support", mailin.Waiting)
	n.stops(t)
	if n := len(elsewhere.Mails("ops@elsewhere.example")); n != 2 { // the trial and this one
		t.Errorf("the operator got %d mails, want 2", n)
	}
	if strings.Contains(n.out.String(), "secret") || strings.Contains(n.out.String(), "mistyped") {
		t.Errorf("a password is in the log:\n%s", &n.out)
	}

	// With the right password all is well from the start.
	if err := os.Remove(alive); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	d.Boxes[1].Password = passwordOf("sales@desk.example")
	d.writePolicy(t)
	n = d.serve(t)
	eventually(t, "all is well", func() error { _, err := os.Stat(alive); return err })
	n.stops(t)
}
