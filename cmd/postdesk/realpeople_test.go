//go:build linux

package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/smtp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/mailin/parse"
)

// A resident is somebody with a mailbox at the servers, and a mail client.
type resident struct {
	mail    *mailServers
	store   *store.Store // the desk's, where it stands by which template a mail was made
	name    string
	address string
	read    map[string]bool // file names of the Maildir
}

// A delivery is a mail that somebody got.
type delivery struct {
	*message.Message
	template string // which of the desk's; "" for another mail
}

// A draft is a mail before it is sent.
type draft struct {
	to             string
	subject, words string
	parent         *delivery // what it answers, quoted below the words
}

// bytes is the mail as a client writes it, with an answer in the thread (RFC 5322, 3.6.4).
func (d draft) bytes(from message.Address) []byte {
	var b bytes.Buffer
	field := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	field("From", from.Name+" <"+from.Addr+">")
	field("To", d.to)
	field("Subject", mime.QEncoding.Encode("utf-8", d.subject))
	field("Date", time.Now().Format(time.RFC1123Z))
	field("Message-ID", "<"+rand.Text()+"@"+message.Domain(from.Addr)+">")
	text := d.words + "\n"
	if d.parent != nil {
		field("In-Reply-To", d.parent.ID.Header())
		field("References", d.parent.ID.Header())
		text += "\nOn Monday the desk wrote:\n"
		for line := range strings.Lines(d.parent.Text) {
			text += strings.TrimRight("> "+line, " \n") + "\n"
		}
	}
	field("MIME-Version", "1.0")
	field("Content-Type", "text/plain; charset=utf-8")
	field("Content-Transfer-Encoding", "8bit")
	b.WriteString("\r\n" + strings.ReplaceAll(text, "\n", "\r\n"))
	return b.Bytes()
}

func addressOf(name, address string) message.Address {
	return message.Address{Name: name, Addr: address}
}

// answerTo is an answer to a mail, to where it asks for answers.
func answerTo(l *delivery, words string) draft {
	to := l.From
	if len(l.ReplyTo) > 0 {
		to = l.ReplyTo
	}
	return draft{to: to[0].Addr, subject: "Re: " + message.Bare(l.Subject), words: words, parent: l}
}

// writes sends a new mail to support.
func (r *resident) writes(t *testing.T, subject, words string) {
	t.Helper()
	r.sends(t, draft{to: "support@desk.example", subject: subject, words: words})
}

func (r *resident) answers(t *testing.T, l *delivery, words string) {
	t.Helper()
	r.sends(t, answerTo(l, words))
}

// sends has staff submit with their passwords. A customer's mail comes from another server, whose signature has been verified.
func (r *resident) sends(t *testing.T, d draft) {
	t.Helper()
	port := r.mail.Verified
	if message.Domain(r.address) == "desk.example" {
		port = r.mail.Submission
	}
	if err := r.mail.submit(port, r.address, d.to, d.bytes(addressOf(r.name, r.address))); err != nil {
		t.Fatalf("%s writes to %s: %v", r.name, d.to, err)
	}
}

// submit speaks SMTP with one of Postfix's ports. On that for submission it logs in as the sender, after STARTTLS.
func (m *mailServers) submit(port int, from, to string, raw []byte) error {
	return m.speak(port, "client.example", from, to, raw)
}

func (m *mailServers) speak(port int, greeting, from, to string, raw []byte) error {
	c, err := smtp.Dial(fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Hello(greeting); err != nil {
		return err
	}
	if port == m.Submission {
		if err := c.StartTLS(m.tls()); err != nil {
			return err
		}
		if err := c.Auth(smtp.PlainAuth("", from, passwordOf(from), "127.0.0.1")); err != nil {
			return err
		}
	}
	if err := c.Mail(from); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	return errors.Join(w.Close(), c.Quit())
}

// gets waits for the next mail that the desk made by that template, in which the words stand.
func (r *resident) gets(t *testing.T, template string, words ...string) *delivery {
	t.Helper()
	var found *delivery
	var others []string
	eventually(t, fmt.Sprintf("%s waits for %q", r.name, template), func() error {
		for _, file := range r.mail.delivered(t, r.address) {
			if name, _, _ := strings.Cut(filepath.Base(file), ":"); !r.read[name] {
				r.read[name] = true
				l := r.open(t, file)
				if l.template == template {
					found = l
					return nil
				}
				others = append(others, l.template)
			}
		}
		return fmt.Errorf("there are %q", others)
	})
	for _, w := range words {
		if !strings.Contains(found.Text, w) {
			t.Errorf("%s: %q is not in the mail %q:\n%s", r.name, w, template, found.Text)
		}
	}
	return found
}

func (r *resident) open(t *testing.T, file string) *delivery {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	l := &delivery{Message: parse.Parse(parse.Bytes(raw))}
	sent := journalOf[desk.SentMail](t, r.store, desk.EventSent)
	if i := slices.IndexFunc(sent, func(m desk.SentMail) bool { return m.MessageID == string(l.ID) }); i >= 0 {
		l.template = sent[i].Template
	}
	return l
}

// got are the templates of all mails in somebody's mailbox, in the order of their arrival.
func (r *resident) got(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, file := range r.mail.delivered(t, r.address) {
		all = append(all, r.open(t, file).template)
	}
	return all
}

// delivered are the files in somebody's Maildir, in the order of their arrival. People here read the files themselves; only the desk
// reads by IMAP.
func (m *mailServers) delivered(t *testing.T, address string) []string {
	t.Helper()
	var files []string
	for _, folder := range []string{"new", "cur"} {
		all, err := filepath.Glob(filepath.Join(m.Dir, "home", address, "Maildir", folder, "*"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, all...)
	}
	// Names begin with the seconds, and go on with M and the microseconds, which have no zeros in front.
	slices.SortFunc(files, func(a, b string) int { return cmp.Or(compareTimes(a, b), cmp.Compare(a, b)) })
	return files
}

func compareTimes(a, b string) int {
	timeOf := func(file string) (seconds, micros int64) {
		fmt.Sscanf(filepath.Base(file), "%d.M%dP", &seconds, &micros) // what has another name sorts first
		return seconds, micros
	}
	as, am := timeOf(a)
	bs, bm := timeOf(b)
	return cmp.Or(cmp.Compare(as, bs), cmp.Compare(am, bm))
}

// nth waits for somebody's n-th mail, and gives its bytes.
func (m *mailServers) nth(t *testing.T, address string, n int) []byte {
	t.Helper()
	var raw []byte
	eventually(t, fmt.Sprintf("mail %d of %s", n, address), func() error {
		files := m.delivered(t, address)
		if len(files) < n {
			return fmt.Errorf("there are %d", len(files))
		}
		var err error
		raw, err = os.ReadFile(files[n-1])
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // that is a file that has just gone from new to cur
			t.Fatal(err)
		}
		return err
	})
	return raw
}

// journalOf are all lines of a kind in the desk's journal so far.
func journalOf[T any](t testing.TB, st *store.Store, kind desk.EventKind) []T {
	t.Helper()
	var all []T
	ctx, stop := context.WithTimeout(context.Background(), patienceWithServers)
	defer stop()
	err := st.View(ctx, func(tx desk.Tx) error {
		all = nil
		for after := int64(0); ; {
			lines, err := tx.Events(ctx, after, 200)
			if err != nil || len(lines) == 0 {
				return err
			}
			for _, e := range lines {
				after = e.ID
				if e.Kind != kind {
					continue
				}
				var v T
				if err := json.Unmarshal(e.Data, &v); err != nil {
					return err
				}
				all = append(all, v)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
