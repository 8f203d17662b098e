package mailin

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postdesk/postdesk/desk/postoffice"
)

func TestServerRestarts(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		defer start(t, poller(office, d))()
		for n := 1; n <= 4; n++ {
			deliver(t, office, mail(n))
			d.wait(t, n)
			office.DropLines()
			time.Sleep(10 * time.Minute)
		}
		checkMails(t, d.all(), 1, 4)
	})
}

// TestT099LineCutAtEachByte cuts the first connection after every number of bytes that the server sends on it.
func TestT099LineCutAtEachByte(t *testing.T) {
	for n := int64(0); ; n++ {
		whole := false
		inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
			deliverMails(t, office, 1, 2)
			office.CutIMAP(n)
			p := poller(office, d)
			p.Mailbox.IMAP.Flag = "$Desk"
			stop := start(t, p)
			d.wait(t, 2)
			time.Sleep(time.Minute)
			whole = p.Health().Error == ""
			stop()
			checkMails(t, d.all(), 1, 2)
			if got, want := folders(office), []string{"INBOX 1 [$Desk]", "INBOX 2 [$Desk]"}; !slices.Equal(got, want) {
				t.Errorf("the server has %v, want %v", got, want)
			}
		})
		if t.Failed() {
			t.Fatalf("with the line cut after %d bytes", n)
		}
		if whole {
			if n < 500 {
				t.Fatalf("the session was over after %d bytes", n)
			}
			return
		}
	}
}

func TestWrongPasswordBacksOff(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		deliver(t, office, mail(1))
		p := poller(office, d)
		office.IMAPFaults(postoffice.IMAPFault{Command: "LOGIN", Code: "AUTHENTICATIONFAILED", Text: "wrong"})
		dials := 0
		p.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			dials++
			return office.DialIMAP(ctx, network, address)
		}
		stop := start(t, p)
		time.Sleep(time.Hour)
		h := p.Health()
		if h.State != Failing || !strings.Contains(h.Error, "log in as "+box) || strings.Contains(h.Error, "secret") {
			t.Errorf("health is %+v", h)
		}
		if dials < 6 || dials > 20 {
			t.Errorf("%d tries in an hour", dials)
		}
		office.IMAPFaults()
		checkMails(t, d.wait(t, 1), 1, 1)
		stop()
	})
}

func TestNoPasswordWithoutTLS(t *testing.T) {
	for _, tt := range []struct {
		host, tls string
		dials     bool
	}{
		{"127.0.0.1", "none", true},
		{"::1", "none", true},
		{"localhost", "none", true},
		{"imap.desk.example", "none", false},
		{"127.0.0.1.evil.example", "none", false},
		{"192.0.2.1", "none", false},
		{"127.0.0.1", "", false},
	} {
		t.Run(tt.host+" "+tt.tls, func(t *testing.T) {
			inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
				p := poller(office, d)
				p.Mailbox.IMAP.Host, p.Mailbox.IMAP.TLS = tt.host, tt.tls
				dialled := false
				p.Dial = func(context.Context, string, string) (net.Conn, error) {
					dialled = true
					return nil, errors.New("no network")
				}
				stop := start(t, p)
				synctest.Wait()
				stop()
				if dialled != tt.dials {
					t.Errorf("dialled: %v, want %v", dialled, tt.dials)
				}
				if says := strings.Contains(p.Health().Error, "without TLS"); says == tt.dials {
					t.Errorf("health says %q", p.Health().Error)
				}
			})
		})
	}
}

func TestT117TLS(t *testing.T) {
	o := world()
	o.TLS = true
	office := postoffice.New(o)
	defer office.Close()
	if err := office.Listen(); err != nil {
		t.Fatal(err)
	}
	deliver(t, office, mail(1))
	ours := &tls.Config{RootCAs: office.Roots()}
	for _, tt := range []struct {
		name, tls, addr string
		config          *tls.Config
		want            string // in the error
	}{
		{"implicit", "implicit", office.IMAPSAddr(), ours, ""},
		{"STARTTLS", "starttls", office.IMAPAddr(), ours, ""},
		{"implicit, authority unknown", "implicit", office.IMAPSAddr(), nil, "unknown authority"},
		{"STARTTLS, authority unknown", "starttls", office.IMAPAddr(), nil, "unknown authority"},
		{"implicit, wrong name", "implicit", office.IMAPSAddr(), &tls.Config{RootCAs: office.Roots(), ServerName: "mx.evil.example"}, "mx.evil.example"},
		{"STARTTLS, wrong name", "starttls", office.IMAPAddr(), &tls.Config{RootCAs: office.Roots(), ServerName: "mx.evil.example"}, "mx.evil.example"},
		{"STARTTLS, expired", "starttls", office.IMAPAddr(), &tls.Config{RootCAs: office.Roots(), Time: func() time.Time {
			return time.Now().AddDate(2, 0, 0)
		}}, "expired"},
		{"STARTTLS where TLS begins at once", "starttls", office.IMAPSAddr(), ours, "connect to"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newRecorder()
			p := poller(office, d)
			p.Dial = nil
			host, port, _ := net.SplitHostPort(tt.addr)
			p.Mailbox.IMAP.Host, p.Mailbox.IMAP.TLS = host, tt.tls
			p.Mailbox.IMAP.Port, _ = strconv.Atoi(port)
			p.TLS = tt.config
			if tt.want == "" {
				defer start(t, p)()
				checkMails(t, d.wait(t, 1), 1, 1)
				return
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // a server that waits for TLS says nothing
			defer cancel()
			if s, err := p.connect(ctx, nil); err == nil {
				s.close()
				t.Error("the line was taken for safe")
			} else if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSilentServerIsLeft(t *testing.T) {
	for _, command := range []string{"LOGIN", "SELECT", "FETCH", "SEARCH", "STORE"} {
		t.Run(command, func(t *testing.T) {
			inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
				deliverMails(t, office, 1, 2)
				office.IMAPFaults(postoffice.IMAPFault{Command: command, How: postoffice.Hang, Times: 1})
				p := poller(office, d)
				p.Mailbox.IMAP.Flag = "$Desk"
				stop := start(t, p)
				checkMails(t, d.wait(t, 2), 1, 2)
				time.Sleep(5 * time.Minute)
				if h := p.Health(); !strings.Contains(h.Error, "silent for 2m0s") {
					t.Errorf("health is %+v", h)
				}
				stop()
			})
		})
	}
}

func TestStopsInTheMiddleOfAnything(t *testing.T) {
	for _, command := range []string{"LOGIN", "SELECT", "FETCH", "SEARCH", "STORE", "IDLE"} {
		t.Run(command, func(t *testing.T) {
			inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
				deliverMails(t, office, 1, 2)
				office.IMAPFaults(postoffice.IMAPFault{Command: command, How: postoffice.Hang})
				p := poller(office, d)
				p.Mailbox.IMAP.Flag = "$Desk"
				stop := start(t, p)
				synctest.Wait()
				began := time.Now()
				stop()
				if took := time.Since(began); took != 0 {
					t.Errorf("took %v to stop", took)
				}
			})
		})
	}
}
