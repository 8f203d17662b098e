package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/postoffice"
	"github.com/postdesk/postdesk/mailin/parse"
)

// An actor of the demo has a mailbox and a mail client.
type actor struct {
	demo    *demo
	name    string
	address string
	german  bool
	read    map[uint32]bool // UIDs
}

// A letter is a mail that somebody got.
type letter struct {
	*message.Message
	returnPath string
	template   string // which of the desk's
}

// An outgoing mail is what a client makes of somebody's words.
type outgoing struct {
	to      message.Address
	from    string // the reverse-path (RFC 5321, 3.3), that of the person unless set; "<>" is the null one
	subject string
	words   string
	quote   string // what stands below the words
	parent  *letter
	header  []string // more fields
}

// writes sends a new mail to the desk.
func (p *actor) writes(ctx context.Context, subject, words string) error {
	if err := p.think(ctx); err != nil {
		return err
	}
	p.demo.tell.says(p.name, fmt.Sprintf("writes to support@desk.example: %q", subject), words)
	return p.send(ctx, outgoing{to: message.Address{Addr: "support@desk.example"}, subject: subject, words: words})
}

// answers sends a reply as mail clients do: to the Reply-To address, in the thread (RFC 5322, 3.6.4), with the mail quoted below.
func (p *actor) answers(ctx context.Context, l *letter, words string) error {
	if err := p.think(ctx); err != nil {
		return err
	}
	p.demo.tell.says(p.name, "answers", words)
	re, wrote := "Re: ", "On "+time.Now().Format("Mon, 2 Jan 2006 at 15:04")+", "+l.From[0].Name+" wrote:"
	if p.german {
		re, wrote = "AW: ", "Am "+time.Now().Format("02.01.2006 um 15:04")+" schrieb "+l.From[0].Name+":"
	}
	quote := wrote + "\n"
	for line := range strings.Lines(l.Text) {
		quote += strings.TrimRight("> "+line, " \n") + "\n"
	}
	return p.send(ctx, outgoing{to: l.answerTo(), subject: re + message.Bare(l.Subject), words: words, quote: quote, parent: l})
}

// isAway sends what a vacation responder does: to the return path, from nobody, marked as automatic (RFC 3834).
func (p *actor) isAway(ctx context.Context, l *letter, words string) error {
	if err := p.think(ctx); err != nil {
		return err
	}
	p.demo.tell.says(p.name, "is away, and the mail server answers by itself", words)
	return p.send(ctx, outgoing{
		to: message.Address{Addr: l.returnPath}, from: "<>", subject: "Automatic reply: " + l.Subject, words: words, parent: l,
		header: []string{"Auto-Submitted: auto-replied"},
	})
}

func (l *letter) answerTo() message.Address {
	if len(l.ReplyTo) > 0 {
		return l.ReplyTo[0]
	}
	return l.From[0]
}

// think is what people do before they write.
func (p *actor) think(ctx context.Context) error {
	timer := time.NewTimer(p.demo.pace)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// gets waits until the desk's mail by that template is in the mailbox, and shows the paragraphs that hold one of the words. Others that
// come before it are read too.
func (p *actor) gets(ctx context.Context, template string, show ...string) (*letter, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.demo.patience, &waitError{p.name, fmt.Sprintf("the mail %q", template)})
	defer cancel()
	for {
		m, err := p.demo.office.Wait(ctx, p.address, func(m postoffice.Mail) bool { return !p.read[m.UID] })
		if err != nil {
			return nil, causeOf(ctx, err)
		}
		p.read[m.UID] = true
		l, err := p.open(ctx, m.Raw)
		if err != nil {
			return nil, causeOf(ctx, err)
		}
		what := fmt.Sprintf("gets %q (%s)", l.Subject, strings.ReplaceAll(l.template, "_", " "))
		if l.template == template {
			p.demo.tell.says(p.name, what, excerpt(l.Text, show))
			return l, nil
		}
		p.demo.tell.says(p.name, what, "")
	}
}

// open reads a mail. Which template made it is known from the desk's journal, where it stood before it was sent.
func (p *actor) open(ctx context.Context, raw []byte) (*letter, error) {
	if err := p.demo.follow(ctx); err != nil {
		return nil, err
	}
	l := &letter{Message: parse.Parse(parse.Bytes(raw))}
	if len(l.From) == 0 {
		return nil, fmt.Errorf("demo: %s got a mail from nobody", p.name)
	}
	if m, err := mail.ReadMessage(bytes.NewReader(raw)); err == nil {
		l.returnPath = strings.Trim(m.Header.Get("Return-Path"), "<>")
	}
	l.template = p.demo.journal.templateOf(l.ID)
	return l, nil
}

// send hands a mail to the server that the person has an account at.
func (p *actor) send(ctx context.Context, o outgoing) error {
	auth := smtp.PlainAuth("", p.address, demoPassword, "127.0.0.1")
	return p.demo.submit(ctx, auth, message.Address{Name: p.name, Addr: p.address}, o)
}

// submit speaks SMTP. Without auth it is a stranger who does, in whosever name.
func (d *demo) submit(ctx context.Context, auth smtp.Auth, from message.Address, o outgoing) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", d.office.SMTPAddr())
	if err != nil {
		return fmt.Errorf("demo: send a mail: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	c, err := smtp.NewClient(conn, "127.0.0.1")
	if err != nil {
		conn.Close()
		return fmt.Errorf("demo: send a mail: %w", err)
	}
	defer c.Close()
	envelope := o.from
	switch envelope {
	case "":
		envelope = from.Addr
	case "<>":
		envelope = ""
	}
	err = func() error {
		if auth != nil {
			if err := c.Auth(auth); err != nil {
				return err
			}
		}
		if err := c.Mail(envelope); err != nil {
			return err
		}
		if err := c.Rcpt(o.to.Addr); err != nil {
			return err
		}
		w, err := c.Data()
		if err != nil {
			return err
		}
		if _, err := w.Write(o.bytes(from)); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		return c.Quit()
	}()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("demo: send a mail of %s: %w", from.Addr, err)
	}
	return nil
}

// bytes is the mail as a client writes it.
func (o outgoing) bytes(from message.Address) []byte {
	var b bytes.Buffer
	field := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	field("From", (&mail.Address{Name: from.Name, Address: from.Addr}).String())
	field("To", (&mail.Address{Name: o.to.Name, Address: o.to.Addr}).String())
	field("Subject", mime.QEncoding.Encode("utf-8", o.subject))
	field("Date", time.Now().Format(time.RFC1123Z))
	unique := make([]byte, 12)
	rand.Read(unique) // never fails (crypto/rand)
	field("Message-ID", fmt.Sprintf("<%s@%s>", hex.EncodeToString(unique), message.Domain(from.Addr)))
	if o.parent != nil {
		field("In-Reply-To", o.parent.ID.Header())
		var ids []string
		for _, id := range append(slices.Clone(o.parent.References), o.parent.ID) {
			ids = append(ids, id.Header())
		}
		field("References", strings.Join(ids, "\r\n "))
	}
	for _, f := range o.header {
		b.WriteString(f + "\r\n")
	}
	field("MIME-Version", "1.0")
	field("Content-Type", "text/plain; charset=utf-8")
	field("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	text := o.words + "\n"
	if o.quote != "" {
		text += "\n" + o.quote
	}
	w := quotedprintable.NewWriter(&b)
	w.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n"))) // into memory, which takes it
	w.Close()
	return b.Bytes()
}
