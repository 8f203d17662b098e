package mailin

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/postoffice"
)

// A provider is one whose tokens the test hands out.
type provider struct {
	mu      sync.Mutex
	err     error
	asked   int
	refused []string
}

func (p *provider) Token(_ context.Context, name, user string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	return fmt.Sprintf("%s/%s/%d", name, user, p.asked), p.err
}

func (p *provider) Refused(_, _, token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = append(p.refused, token)
}

// A token is given to a server that has proven who it is, and to none that does not take tokens. One that is refused is replaced at once,
// a second time only after a while; without a token the provider is asked again within a minute, for somebody may have signed in.
func TestTokens(t *testing.T) {
	t.Run("no TLS", func(t *testing.T) {
		p := &Poller{Mailbox: &policy.Mailbox{IMAP: &policy.IMAP{Host: "mx.desk.example", Port: 143, TLS: "none", Username: box, OAuth: "house"}}, Tokens: &provider{}}
		if _, err := p.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "without TLS") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a server that takes none", func(t *testing.T) {
		inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
			p := poller(office, d)
			p.Mailbox.IMAP.OAuth, p.Mailbox.IMAP.Password, p.Tokens = "house", "", &provider{}
			if _, err := p.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "does not offer AUTH=XOAUTH2") {
				t.Errorf("got %v", err)
			}
		})
	})
	for name, c := range map[string]struct {
		challenge bool
		takes     int // the token that is taken, 0 for none
		refused   int
		ok        bool
	}{
		"taken":                     {takes: 1, ok: true},
		"the second is taken":       {takes: 2, refused: 1, ok: true},
		"after a challenge":         {challenge: true, takes: 2, refused: 1, ok: true},
		"neither":                   {refused: 2},
		"neither, with a challenge": {challenge: true, refused: 2},
	} {
		t.Run(name, func(t *testing.T) {
			tokens := &provider{}
			p := &Poller{Mailbox: &policy.Mailbox{IMAP: &policy.IMAP{Host: "localhost", Port: 143, TLS: "none", Username: box, OAuth: "house", Folder: "INBOX"}}, Tokens: tokens}
			p.Dial = func(context.Context, string, string) (net.Conn, error) {
				client, end := net.Pipe()
				go takesTokens(end, fmt.Sprintf("house/%s/%d", box, c.takes), c.challenge)
				return client, nil
			}
			_, err := p.Check(t.Context())
			if c.ok != (err != nil && strings.Contains(err.Error(), "enough")) || !c.ok && !errors.Is(err, ErrLogin) {
				t.Errorf("got %v", err)
			}
			if len(tokens.refused) != c.refused {
				t.Errorf("refused %q, want %d", tokens.refused, c.refused)
			}
			if err != nil && strings.Contains(err.Error(), "house/") {
				t.Errorf("a token is in the error: %v", err)
			}
		})
	}
	t.Run("nobody has signed in", func(t *testing.T) {
		inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
			tokens := &provider{err: errors.New("nobody has signed in")}
			p := poller(office, d)
			p.Mailbox.IMAP.OAuth, p.Tokens = "house", tokens
			defer start(t, p)()
			time.Sleep(time.Hour)
			if h := p.Health(); h.State != Failing || !strings.Contains(h.Error, "nobody has signed in") || h.Refused {
				t.Errorf("health is %+v", h)
			}
			if tokens.asked < 60 || tokens.asked > 200 {
				t.Errorf("asked %d times in an hour", tokens.asked)
			}
		})
	})
}

// takesTokens is a server that takes one token by XOAUTH2, and opens no folder.
func takesTokens(c net.Conn, token string, challenge bool) {
	defer c.Close()
	fmt.Fprintf(c, "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\r\n")
	for lines := bufio.NewScanner(c); lines.Scan(); {
		tag, command, _ := strings.Cut(lines.Text(), " ")
		response, auth := strings.CutPrefix(command, "AUTHENTICATE XOAUTH2 ")
		said, _ := base64.StdEncoding.DecodeString(response)
		switch {
		case auth && string(said) == "user="+box+"\x01auth=Bearer "+token+"\x01\x01":
			fmt.Fprintf(c, "%s OK [CAPABILITY IMAP4rev1] in\r\n", tag)
		case auth && challenge:
			fmt.Fprintf(c, "+ %s\r\n", base64.StdEncoding.EncodeToString([]byte(`{"status":"401","schemes":"bearer"}`)))
		case auth:
			fmt.Fprintf(c, "%s NO [AUTHENTICATIONFAILED] no\r\n", tag)
		default:
			fmt.Fprintf(c, "%s NO enough\r\n", tag)
		}
	}
}
