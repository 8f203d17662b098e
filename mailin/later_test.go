package mailin

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/postoffice"
	"github.com/postdesk/postdesk/mailin/auth"
)

// names is a DNS whose answers a test turns off. Whoever wrote to us has a domain that asks to refuse mail without a signature.
type names struct {
	silent atomic.Bool // for all
	deaf   string      // for this domain
	asked  atomic.Int64
}

func (n *names) LookupTXT(_ context.Context, name string) ([]string, error) {
	n.asked.Add(1)
	switch {
	case n.silent.Load(), n.deaf != "" && strings.HasSuffix(name, n.deaf):
		return nil, errors.New("i/o timeout")
	case name == "_dmarc.cust.example":
		return []string{"v=DMARC1; p=reject"}, nil
	}
	return nil, &net.DNSError{IsNotFound: true}
}

// TestT018DNSTimeout: a mail is judged when the DNS answers, and neither held nor let through because it did not.
func TestT018DNSTimeout(t *testing.T) {
	t.Run("an outage", func(t *testing.T) {
		inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
			dns := new(names)
			dns.silent.Store(true)
			p := poller(office, d)
			p.Checker = &auth.Checker{LookupTXT: dns.LookupTXT, Probe: "desk.example"}
			defer start(t, p)()
			deliverMails(t, office, 1, 3)
			time.Sleep(10 * time.Minute)
			if got := d.all(); len(got) != 0 {
				t.Fatalf("%d mails were judged without an answer: %+v", len(got), got[0].assurance)
			}
			if h := p.Health(); !strings.Contains(h.Error, "DNS") {
				t.Errorf("health says %q", h.Error)
			}
			dns.silent.Store(false)
			got := d.wait(t, 3)
			checkMails(t, got, 1, 3)
			for _, m := range got {
				if m.assurance.Level != message.LevelX || len(m.notes) > 0 {
					t.Errorf("UID %d is %v, notes %q; want X", m.UID, m.assurance, m.notes)
				}
			}
		})
	})

	t.Run("a name that never answers stops nobody else", func(t *testing.T) {
		inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
			dns := &names{deaf: "evil.example"}
			p := poller(office, d)
			p.Checker = &auth.Checker{LookupTXT: dns.LookupTXT, Probe: "desk.example"}
			defer start(t, p)()
			for range 20 {
				deliver(t, office, "From: a@evil.example\r\nSubject: x\r\n\r\nx\r\n")
			}
			deliverMails(t, office, 1, 1)
			began := time.Now()
			got := d.wait(t, 21)
			if waited := time.Since(began); waited > 2*time.Minute {
				t.Errorf("the mail behind waited %v", waited)
			}
			for _, m := range got[:20] {
				if m.assurance.Level != message.LevelA0 || !strings.Contains(m.assurance.Why, "does not answer") || len(m.notes) > 0 {
					t.Errorf("%+v, notes %q; want A0 for want of an answer", m.assurance, m.notes)
				}
			}
			if a := got[20].assurance; a.Level != message.LevelX {
				t.Errorf("the mail behind is %+v, want X", a)
			}
		})
	})

	t.Run("an outage without an end", func(t *testing.T) {
		inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
			dns := new(names)
			dns.silent.Store(true)
			p := poller(office, d)
			p.Checker = &auth.Checker{LookupTXT: dns.LookupTXT, Probe: "desk.example"}
			defer start(t, p)()
			deliverMails(t, office, 1, 3)
			time.Sleep(20 * time.Minute)
			for _, m := range d.wait(t, 3) {
				if m.assurance.Level != message.LevelA0 {
					t.Errorf("UID %d is %+v, want A0", m.UID, m.assurance)
				}
			}
		})
	})

	t.Run("only the header was read", func(t *testing.T) {
		inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
			dns := new(names)
			p := poller(office, d)
			p.Limit = 200
			p.Checker = &auth.Checker{LookupTXT: dns.LookupTXT}
			defer start(t, p)()
			deliver(t, office, mail(1)+strings.Repeat("more\r\n", 100))
			if m := d.wait(t, 1)[0]; m.assurance.Level != message.LevelA0 || dns.asked.Load() != 0 {
				t.Errorf("%+v after %d questions: a signature cannot be judged by a part of the mail", m.assurance, dns.asked.Load())
			}
		})
	})
}
