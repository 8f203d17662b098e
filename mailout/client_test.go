package mailout

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/postoffice"
)

func TestT117NothingInTheClear(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*world, *policy.SMTP)
		text  string
	}{
		"no STARTTLS": {func(w *world, a *policy.SMTP) {
			w.office = postoffice.New(postoffice.Options{Domain: "desk.example", Record: true})
		}, "no STARTTLS"},
		"a wrong name":        {func(_ *world, a *policy.SMTP) { a.Host = "mx.evil.example" }, "certificate"},
		"an unknown issuer":   {func(w *world, _ *policy.SMTP) { w.sender.TLS = nil }, "certificate"},
		"TLS switched off":    {func(_ *world, a *policy.SMTP) { a.TLS = "none" }, "on this machine only"},
		"implicit TLS":        {func(_ *world, a *policy.SMTP) { a.TLS = "implicit" }, "greeting"},
		"words after the 220": {func(w *world, _ *policy.SMTP) { w.sender.Dial = injecting }, "behind the reply"},
	} {
		t.Run(name, func(t *testing.T) {
			m := plainMail()
			inWorld(t, newOutbox(m), func(w *world) {
				account := *w.sender.Account("support")
				office := w.office
				c.spoil(w, &account)
				if w.office != office {
					office.Close()
				}
				w.sender.Account = func(string) *policy.SMTP { return &account }
			}, func(t *testing.T, w *world) {
				w.until(t, "an attempt", func() bool { return m.Attempts > 0 })
				if got := w.results(m.ID)[0]; got.State != desk.MailWaiting || !strings.Contains(got.Text, c.text) {
					t.Errorf("%+v", got)
				}
				if len(w.office.Submissions()) > 0 {
					t.Error("a mail was sent")
				}
			})
		})
	}
}

// injecting is a line on which somebody answers STARTTLS with more than the server did.
func injecting(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		c := textproto.NewConn(theirs)
		c.PrintfLine("220 mx.desk.example ESMTP")
		c.ReadLine()
		c.PrintfLine("250-mx.desk.example\r\n250 STARTTLS")
		c.ReadLine()
		c.PrintfLine("220 go ahead\r\n250-mx.desk.example\r\n250 AUTH PLAIN")
		c.ReadLine()
	}()
	return ours, nil
}

func TestOneReply(t *testing.T) {
	for s, want := range map[string]bool{
		"220 ready\r\n":                     true,
		"220-ready\r\n220 to go\r\n":        true,
		"220 ready":                         false,
		"220 ready\r\n250 AUTH PLAIN\r\n":   false,
		"220-ready\r\n220 to go\r\n250 x":   false,
		"220\r\n":                           true,
		"220-never ends\r\n":                false,
		"":                                  false,
		"220 ready\n250-evil\n250 evil\r\n": false,
	} {
		if got := oneReply([]byte(s)); got != want {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
	}
}

func TestImplicitTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate, which is good for example.com in any year
	defer web.Close()
	config := &tls.Config{Certificates: web.TLS.Certificates}
	m := plainMail()
	inWorld(t, newOutbox(m), func(w *world) {
		w.sender.Account = func(string) *policy.SMTP {
			return &policy.SMTP{Host: "example.com", Port: 465, TLS: "implicit", Username: "support@desk.example", Password: "secret"}
		}
		w.sender.TLS = web.Client().Transport.(*http.Transport).TLSClientConfig
		dial := w.sender.Dial
		w.sender.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr != "example.com:465" {
				return nil, errors.New("wrong address " + addr)
			}
			inner, err := dial(ctx, network, addr)
			ours, theirs := net.Pipe()
			server := tls.Server(theirs, config)
			go func() { io.Copy(server, inner); theirs.Close() }()
			go func() { io.Copy(inner, server); inner.Close() }()
			return ours, err
		}
	}, func(t *testing.T, w *world) {
		w.untilDone(t)
		if got := w.results(m.ID); len(got) != 1 || got[0].State != desk.MailSent || w.copies(t, m) != 1 {
			t.Errorf("%+v", got)
		}
	})
}

func TestLogin(t *testing.T) {
	for name, c := range map[string]struct {
		offers, says, want string
	}{
		"PLAIN where offered":      {"LOGIN PLAIN", "AUTH PLAIN AHN1cHBvcnQAc2VjcmV0", ""},
		"LOGIN where nothing else": {"LOGIN XOAUTH2", "AUTH LOGIN", ""},
		"neither":                  {"XOAUTH2", "", "neither PLAIN nor LOGIN"},
	} {
		ours, theirs := net.Pipe()
		said := ""
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer theirs.Close()
			s := textproto.NewConn(theirs)
			s.PrintfLine("220 mx.desk.example")
			s.ReadLine()
			s.PrintfLine("250-mx.desk.example\r\n250 AUTH %s", c.offers)
			if said, _ = s.ReadLine(); said == "AUTH LOGIN" {
				s.PrintfLine("334 VXNlcm5hbWU6")
				s.ReadLine()
				s.PrintfLine("334 UGFzc3dvcmQ6")
				s.ReadLine()
			}
			s.PrintfLine("235 welcome")
		}()
		sender := &Sender{Hello: "desk.example", Dial: func(context.Context, string, string) (net.Conn, error) { return ours, nil }}
		client, err := connect(t.Context(), sender, policy.SMTP{Host: "127.0.0.1", TLS: "none", Username: "support", Password: "secret"})
		if client != nil {
			client.drop()
		}
		<-done
		if said != c.says || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: said %q, %v", name, said, err)
		}
	}
}

func TestSMTPUTF8OnlyWhereAnAddressNeedsIt(t *testing.T) {
	wide := message.Address{Name: "Пётр", Addr: "пётр@acme.example"}
	for _, c := range []struct {
		name    string
		to      message.Address
		offered bool
		says    string // "" where the mail cannot be sent
	}{
		{"an ASCII address, offered", plainMail().To, true, "MAIL FROM:<support+b7@desk.example> BODY=8BITMIME\r\n"},
		{"an ASCII address, not offered", plainMail().To, false, "MAIL FROM:<support+b7@desk.example> BODY=8BITMIME\r\n"},
		{"another address, offered", wide, true, "MAIL FROM:<support+b7@desk.example> BODY=8BITMIME SMTPUTF8\r\n"},
		{"another address, not offered", wide, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := plainMail()
			m.To = c.to
			line := &listening{offered: c.offered}
			inWorld(t, newOutbox(m), func(w *world) {
				plain(w)
				w.sender.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
					var err error
					line.Conn, err = w.office.DialSMTP(ctx, network, addr)
					return line, err
				}
			}, func(t *testing.T, w *world) {
				w.untilDone(t)
				got := w.results(m.ID)
				if line.mail != c.says || len(got) != 1 {
					t.Errorf("said %q, want %q: %+v", line.mail, c.says, got)
				}
				if c.says == "" && (got[0].State != desk.MailFailed || !strings.Contains(got[0].Text, "SMTPUTF8")) {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

// A listening line keeps what the client says at MAIL, and may hide that the server knows SMTPUTF8.
type listening struct {
	net.Conn
	offered bool
	mail    string
}

func (c *listening) Write(p []byte) (int, error) {
	if strings.HasPrefix(string(p), "MAIL") {
		c.mail = string(p)
	}
	return c.Conn.Write(p)
}

func (c *listening) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.offered {
		copy(p, strings.ReplaceAll(string(p[:n]), "SMTPUTF8", "XSOMEUTF"))
	}
	return n, err
}

func TestAServerThatTalksWithoutEnd(t *testing.T) {
	m := plainMail()
	inWorld(t, newOutbox(m), func(w *world) {
		plain(w)
		w.sender.Dial = func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer theirs.Close()
				for {
					if _, err := fmt.Fprintf(theirs, "220-%s\r\n", strings.Repeat("blah ", 100)); err != nil {
						return
					}
				}
			}()
			return ours, nil
		}
	}, func(t *testing.T, w *world) {
		w.until(t, "an attempt", func() bool { return m.Attempts > 0 })
		if got := w.results(m.ID); !strings.Contains(got[0].Text, "without end") || len(got[0].Text) > 500 {
			t.Errorf("%+v", got)
		}
	})
}
