package mailin

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/postoffice"
)

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*policy.IMAP)
		office func(*postoffice.Options)
		fault  *postoffice.IMAPFault
		is     error  // wrapped
		says   string // in the error
	}{
		"all is well":                {},
		"a password that is wrong":   {change: func(a *policy.IMAP) { a.Password = "guessed" }, is: ErrLogin},
		"a folder that is not there": {change: func(a *policy.IMAP) { a.Folder = "Nowhere" }, is: ErrFolder, says: "Nowhere"},
		"nowhere to move mails to":   {change: func(a *policy.IMAP) { a.Move = "Done" }, is: ErrFolder, says: "Done"},
		"no TLS":                     {change: func(a *policy.IMAP) { a.TLS = "starttls" }, is: ErrNoTLS},
		"STARTTLS":                   {change: func(a *policy.IMAP) { a.TLS = "starttls" }, office: func(o *postoffice.Options) { o.TLS = true }},
		"a password in the clear":    {change: func(a *policy.IMAP) { a.Host = "mx.desk.example" }, says: "without TLS"},
		"a server that is busy":      {fault: &postoffice.IMAPFault{Command: "LOGIN", Code: "UNAVAILABLE"}, says: "log in"},
	} {
		t.Run(name, func(t *testing.T) {
			options := world()
			if c.office != nil {
				c.office(&options)
			}
			office := postoffice.New(options)
			defer office.Close()
			deliver(t, office, mail(1), mail(2))
			if c.fault != nil {
				office.IMAPFaults(*c.fault)
			}
			account := policy.IMAP{Host: "localhost", Port: 143, TLS: "none", Username: box, Password: "secret", Folder: "INBOX"}
			if c.change != nil {
				c.change(&account)
			}
			p := &Poller{Mailbox: &policy.Mailbox{Name: "support", IMAP: &account}, Dial: office.DialIMAP, TLS: &tls.Config{RootCAs: office.Roots()}}
			look, err := p.Check(t.Context())
			if c.is == nil && c.says == "" {
				if err != nil || look.Mails != 2 || !look.Move || !look.UIDPlus || !look.Idle || time.Since(look.Newest).Abs() > time.Minute {
					t.Errorf("got %+v, %v", look, err)
				}
				return
			}
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v that says %q", err, c.is, c.says)
			}
			if c.is == nil && (errors.Is(err, ErrLogin) || errors.Is(err, ErrFolder) || errors.Is(err, ErrNoTLS)) {
				t.Errorf("got %v, which is something else", err)
			}
			for _, m := range office.Mails(box) {
				if len(m.Flags) > 0 {
					t.Errorf("mail %d has been changed: %v", m.UID, m.Flags)
				}
			}
		})
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
		account := policy.IMAP{Host: "localhost", Port: 143, TLS: "none", Username: box, Password: "secret"}
		_, err := (&Poller{Mailbox: &policy.Mailbox{IMAP: &account}, Dial: func(context.Context, string, string) (net.Conn, error) { return client, nil }}).Check(ctx)
		if !errors.Is(err, enough) {
			t.Errorf("got %v, want %v", err, enough)
		}
	})
}
