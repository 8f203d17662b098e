package mailout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"regexp"
	"time"

	"github.com/postdesk/postdesk/desk/policy"
)

// What Check may find wrong, beside what network and TLS say. Each comes with what the server said.
var (
	ErrNoTLS  = errors.New("it offers no STARTTLS, and nothing is sent in the clear")
	ErrLogin  = errors.New("the server refuses the name or the password")
	ErrSender = errors.New("the account may not send from the address")
	ErrPlus   = errors.New("the server does not know the address with a plus")
)

// A Look is what Check saw of a server.
type Look struct {
	Clock time.Time // as its greeting tells it; zero where it tells none
	Asked time.Time // when it greeted, by this machine's clock
}

// Check does what a Sender does first, connect and log in, and then asks whether the account may send from an address, and whether mail
// to that address with a tag behind a plus is taken, as answers to us have it. It sends no mail: it goes away before DATA. Of s it needs
// Dial, Now and Hello, and TLS and Tokens if they are set.
func (s *Sender) Check(ctx context.Context, account policy.SMTP, from, plus string) (Look, error) {
	look, err := s.look(ctx, account, from, plus)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx) // what the client makes of a line that was closed under it says less
	}
	return look, err
}

func (s *Sender) look(ctx context.Context, account policy.SMTP, from, plus string) (look Look, err error) {
	var g *greeting
	listening := &Sender{Now: s.Now, Hello: s.Hello, TLS: s.TLS, Tokens: s.Tokens, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := s.Dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		g = &greeting{Conn: conn, now: s.Now}
		return g, nil
	}}
	c, err := connect(ctx, listening, account)
	if g != nil {
		look.Clock, look.Asked = g.clock(), g.at
	}
	if err != nil {
		if loginRefused(err) {
			err = fmt.Errorf("%w: %w", ErrLogin, err)
		}
		return look, err
	}
	defer c.drop()
	c.wire.step(stepTime)
	c.SkipSMTPUTF8(true)
	if err := c.Mail("<" + from + ">"); err != nil {
		return look, forGood(ErrSender, err)
	}
	// Many servers judge the sender only when they hear of a recipient, so that one which is surely known comes first.
	if err := c.Rcpt("<" + from + ">"); err != nil {
		return look, forGood(ErrSender, err)
	}
	if err := c.Rcpt("<" + plus + ">"); err != nil {
		return look, forGood(ErrPlus, err)
	}
	_ = c.Reset() // whatever it answers, no mail was begun
	_ = c.Quit()
	return look, nil
}

// forGood says what a refusal means. One that may pass says nothing about what was asked.
func forGood(what, err error) error {
	if code(err)/100 == 5 {
		return fmt.Errorf("%w: %w", what, err)
	}
	return err
}

// A greeting remembers the first words of a server.
type greeting struct {
	net.Conn
	now   func() time.Time
	at    time.Time
	words []byte
}

func (g *greeting) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if g.at.IsZero() {
		g.at = g.now()
	}
	if len(g.words) < 512 { // the longest line of a reply (RFC 5321, 4.5.3.1.5)
		g.words = append(g.words, p[:n]...)
	}
	return n, err
}

var dateInGreeting = regexp.MustCompile(`[A-Z][a-z]{2}, +\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [-+]\d{4}`)

// clock is the time that some servers tell behind their name.
func (g *greeting) clock() time.Time {
	line, _, _ := bytes.Cut(g.words, []byte("\n"))
	at, err := mail.ParseDate(string(dateInGreeting.Find(line)))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}
