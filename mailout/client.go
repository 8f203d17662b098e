package mailout

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wneessen/go-mail/smtp"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/desk/policy"
)

const (
	loginTime = 2 * time.Minute // for all from dialling to the end of the login
)

// stepTime is for a command (RFC 5321, 4.5.3.2), where the lease of the mail lasts for so long.
var stepTime = fault.Hurry(5 * time.Minute)

// dataTime is how long the message may take to be sent: three minutes (RFC 5321, 4.5.3.2.5), and more by its size at 16 KiB a second.
func dataTime(size int64) time.Duration {
	return fault.Hurry(3*time.Minute + time.Duration(size>>14)*time.Second)
}

// replyTime is how long the server may think about the message: ten minutes (RFC 5321, 4.5.3.2.6; T101), and ten seconds for each MiB,
// since scanners take longer over large ones.
func replyTime(size int64) time.Duration {
	return fault.Hurry(10*time.Minute + time.Duration(size>>20)*10*time.Second)
}

// A client is one connection that is logged in.
type client struct {
	*smtp.Client
	wire *wire
	stop func() bool // lets go of the context that would close it
	used bool        // it has been through a mail before
}

// connect dials and logs in. A token that the server does not take, though its time is not over, is replaced once.
func connect(ctx context.Context, s *Sender, account policy.SMTP) (*client, error) {
	if account.OAuth == "" {
		return connectBy(ctx, s, account, string(account.Password))
	}
	if s.Tokens == nil {
		return nil, errors.New("there is nobody to ask for a token")
	}
	for last := false; ; last = true {
		token, err := s.Tokens.Token(ctx, account.OAuth, account.Username)
		if err != nil {
			return nil, err
		}
		c, err := connectBy(ctx, s, account, token)
		if !loginRefused(err) || code(err)/100 == 4 {
			return c, err
		}
		s.Tokens.Refused(account.OAuth, account.Username, token)
		if last {
			return nil, err
		}
	}
}

// connectBy is connect with a password, or with the token that stands instead of one. Neither secret nor mail goes over a line without
// TLS, except to this machine itself (T117). The connection is closed when ctx ends.
func connectBy(ctx context.Context, s *Sender, account policy.SMTP, secret string) (c *client, err error) {
	if account.TLS == "none" && !loopback(account.Host) {
		return nil, errors.New("the policy asks for no TLS, which is for servers on this machine only")
	}
	dialCtx, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	conn, err := s.Dial(dialCtx, "tcp", net.JoinHostPort(account.Host, strconv.Itoa(account.Port)))
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: conn}
	w.step(loginTime)
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer func() {
		if err != nil {
			stop()
			conn.Close()
		}
	}()

	config := &tls.Config{}
	if s.TLS != nil {
		config = s.TLS.Clone()
	}
	config.ServerName = account.Host
	config.MinVersion = tls.VersionTLS12

	line := net.Conn(w)
	if account.TLS == "implicit" {
		line = tls.Client(w, config)
	}
	sc, err := smtp.NewClient(line, account.Host)
	if err != nil {
		return nil, fmt.Errorf("greeting: %w", err)
	}
	if err := sc.Hello(s.Hello); err != nil {
		return nil, err
	}
	if account.TLS != "implicit" && account.TLS != "none" {
		if ok, _ := sc.Extension("STARTTLS"); !ok {
			return nil, ErrNoTLS
		}
		w.guard = true
		if err := sc.StartTLS(config); err != nil {
			return nil, fmt.Errorf("STARTTLS: %w", err)
		}
	}
	if err := login(sc, account, secret); err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	return &client{Client: sc, wire: w, stop: stop}, nil
}

func login(c *smtp.Client, account policy.SMTP, secret string) error {
	if account.Username == "" {
		return nil
	}
	_, offered := c.Extension("AUTH")
	inClear := loopback(account.Host)
	offers := strings.Fields(strings.ToUpper(offered))
	switch {
	case account.OAuth != "" && slices.Contains(offers, "XOAUTH2"):
		return c.Auth(smtp.XOAuth2Auth(account.Username, secret))
	case account.OAuth != "":
		return fmt.Errorf("it takes no tokens: it offers not XOAUTH2 but %q", offered)
	case slices.Contains(offers, "PLAIN"):
		return c.Auth(smtp.PlainAuth("", account.Username, secret, account.Host, inClear))
	case slices.Contains(offers, "LOGIN"):
		return c.Auth(smtp.LoginAuth(account.Username, secret, account.Host, inClear))
	}
	return fmt.Errorf("it offers neither PLAIN nor LOGIN but %q", offered)
}

// loginRefused tells whether the server did not take name and secret (RFC 4954, 6).
func loginRefused(err error) bool {
	return slices.Contains([]int{432, 454, 530, 534, 535, 538}, code(err))
}

// loopback tells whether host is this machine by its very name or number.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// envelope says from whom and to whom. The null reverse-path goes out as <> (RFC 5321, 4.5.5), and SMTPUTF8 is asked for only where an
// address needs it: the next server might not know it.
func (c *client) envelope(m *desk.Mail) error {
	wide := slices.ContainsFunc([]string{m.EnvelopeFrom, m.To.Addr, m.From.Addr, m.ReplyTo.Addr}, func(addr string) bool {
		return strings.ContainsFunc(addr, func(r rune) bool { return r >= utf8.RuneSelf })
	})
	if ok, _ := c.Extension("SMTPUTF8"); wide && !ok {
		return fmt.Errorf("%w: an address is not ASCII, and the server has no SMTPUTF8 (RFC 6531)", errUnsendable)
	}
	c.SkipSMTPUTF8(!wide)
	if err := c.Mail("<" + m.EnvelopeFrom + ">"); err != nil {
		return err
	}
	return c.Rcpt("<" + m.To.Addr + ">")
}

// drop ends the connection without a word.
func (c *client) drop() {
	c.stop()
	_ = c.wire.Conn.Close() // what the TLS layer would say goodbye for is over
}

// wire is the connection below TLS. It keeps a server that is silent, slow or talks without end from holding a worker for ever, and one
// in the middle from slipping words in before TLS.
type wire struct {
	net.Conn
	budget int    // bytes that the server may still say in this step
	ending bool   // the message's last dot is on its way
	guard  bool   // STARTTLS is under way
	heard  []byte // since then, up to the first byte of TLS
}

// maxSaid is more than any replies and certificates of one step need.
const maxSaid = 256 << 10

// step gives the next exchange its time and its number of bytes. Networks know no clock but the machine's own.
func (w *wire) step(d time.Duration) {
	w.budget = maxSaid
	_ = w.SetDeadline(time.Now().Add(d)) // a closed connection says so at the next byte
}

func (w *wire) Read(p []byte) (int, error) {
	if w.budget <= 0 {
		return 0, errors.New("the server talks without end")
	}
	if w.ending {
		fault.Here(fault.Dot)
	}
	n, err := w.Conn.Read(p[:min(len(p), w.budget)])
	w.budget -= n
	if w.guard {
		w.heard = append(w.heard, p[:n]...)
	}
	return n, err
}

// Write begins TLS only if the server has said nothing behind its reply to STARTTLS. Such words would have come in the clear, from
// whomever, and go-mail leaves them unread in the buffer that it throws away (RFC 3207, 6; T117).
func (w *wire) Write(p []byte) (int, error) {
	if w.guard && len(w.heard) > 0 {
		if !oneReply(w.heard) {
			return 0, errors.New("somebody put words behind the reply to STARTTLS")
		}
		w.guard, w.heard = false, nil
	}
	return w.Conn.Write(p)
}

// oneReply tells whether b is one whole reply of one or more lines (RFC 5321, 4.2.1) and nothing else.
func oneReply(b []byte) bool {
	for {
		line, rest, ended := bytes.Cut(b, []byte("\n"))
		if !ended {
			return false
		}
		if len(line) < 4 || line[3] != '-' {
			return len(rest) == 0
		}
		b = rest
	}
}
