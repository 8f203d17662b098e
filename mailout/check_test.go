package mailout

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/postoffice"
)

const (
	us     = "support@desk.example"
	usPlus = "support+check@desk.example"
)

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*policy.SMTP)
		tls    bool
		fault  *postoffice.SMTPFault
		is     error  // wrapped
		says   string // in the error
	}{
		"all is well":                   {},
		"STARTTLS":                      {change: func(a *policy.SMTP) { a.TLS = "starttls" }, tls: true},
		"no STARTTLS":                   {change: func(a *policy.SMTP) { a.TLS = "starttls" }, is: ErrNoTLS},
		"a password that is wrong":      {change: func(a *policy.SMTP) { a.Password = "guessed" }, is: ErrLogin, says: "535"},
		"a sender that is not ours":     {fault: &postoffice.SMTPFault{Verb: "MAIL", Code: 553, Text: "not owned by user"}, is: ErrSender, says: "not owned"},
		"a sender judged at RCPT":       {fault: &postoffice.SMTPFault{Verb: "RCPT", Recipient: us, Code: 553, Text: "not owned by user"}, is: ErrSender},
		"a plus that means nothing":     {fault: &postoffice.SMTPFault{Verb: "RCPT", Recipient: usPlus, Code: 550, Text: "unknown user"}, is: ErrPlus, says: "unknown user"},
		"a refusal that passes":         {fault: &postoffice.SMTPFault{Verb: "RCPT", Recipient: usPlus, Code: 450, Text: "greylisted"}, says: "greylisted"},
		"a server that is going down":   {fault: &postoffice.SMTPFault{Verb: "CONNECT", Code: 421, Text: "later"}, says: "later"},
		"a server that breaks the line": {fault: &postoffice.SMTPFault{Verb: "RCPT", Recipient: us, Drop: postoffice.Before}, says: "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			office := postoffice.New(postoffice.Options{
				Domain: "desk.example", Accounts: []postoffice.Account{{Address: us, Password: "secret"}}, TLS: c.tls, Record: true,
			})
			defer office.Close()
			if c.fault != nil {
				office.SMTPFaults(*c.fault)
			}
			account := policy.SMTP{Host: "localhost", Port: 587, TLS: "none", Username: us, Password: "secret"}
			if c.change != nil {
				c.change(&account)
			}
			if err := office.Listen(); err != nil {
				t.Fatal(err)
			}
			dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, office.SMTPAddr())
			}
			s := &Sender{Dial: dial, Now: time.Now, Hello: "desk.example", TLS: &tls.Config{RootCAs: office.Roots()}}
			_, err := s.Check(t.Context(), account, us, usPlus)
			if (err == nil) != (c.is == nil && c.says == "") || c.is != nil && !errors.Is(err, c.is) || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v that says %q", err, c.is, c.says)
			}
			if c.is == nil && (errors.Is(err, ErrLogin) || errors.Is(err, ErrSender) || errors.Is(err, ErrPlus)) {
				t.Errorf("got %v, which is something else", err)
			}
			if sent := office.Submissions(); len(sent) > 0 {
				t.Errorf("a mail was sent: %+v", sent)
			}
		})
	}
}

// Some servers tell the time behind their name.
func TestCheckReadsTheGreetingsClock(t *testing.T) {
	for greeting, want := range map[string]time.Time{
		"220 mx.desk.example ESMTP Sendmail; Sun, 22 Nov 2026 10:15:00 +0100": time.Date(2026, 11, 22, 9, 15, 0, 0, time.UTC),
		"220 mx.desk.example ESMTP Postfix":                                   {},
		"220 mx.desk.example Sun, 99 Nov 2026 10:15:00 +0100":                 {},
	} {
		s := &Sender{Now: time.Now, Hello: "desk.example", Dial: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				fmt.Fprintf(server, "%s\r\n", greeting)
				bufio.NewReader(server).ReadString('\n') // and goes away
			}()
			return client, nil
		}}
		look, err := s.Check(t.Context(), policy.SMTP{Host: "localhost", Port: 25, TLS: "none"}, us, usPlus)
		if !look.Clock.Equal(want) || err == nil {
			t.Errorf("%s: got %v, want %v (%v)", greeting, look.Clock, want, err)
		}
	}
}

// A server that says nothing is given up when the caller's time is over, and that is what is told.
func TestCheckOfASilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer server.Close()
		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Second, enough)
		defer cancel()
		s := &Sender{Now: time.Now, Hello: "desk.example", Dial: func(context.Context, string, string) (net.Conn, error) { return client, nil }}
		if _, err := s.Check(ctx, policy.SMTP{Host: "localhost", Port: 25, TLS: "none"}, us, usPlus); !errors.Is(err, enough) {
			t.Errorf("got %v, want %v", err, enough)
		}
	})
}
