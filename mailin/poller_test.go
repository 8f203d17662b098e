package mailin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/postoffice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A recorder is a desk that keeps what it is given.
type recorder struct {
	refuse func(desk.Arrival) error // nil: takes everything
	lease  func() (bool, error)     // nil: it is ours

	mu       sync.Mutex
	cursor   desk.Cursor
	mails    []received
	changed  chan struct{}
	leases   int
	released int
}

type received struct {
	desk.Position
	raw     string
	size    int64
	at      time.Time // INTERNALDATE
	taken   time.Time
	subject string
	notes   []string

	assurance message.Assurance
}

func newRecorder() *recorder { return &recorder{changed: make(chan struct{})} }

func (r *recorder) Cursor(context.Context, string, string) (desk.Cursor, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cursor, r.cursor.UIDValidity != 0, nil
}

func (r *recorder) Lacks(context.Context, string, string) (time.Time, bool, error) {
	return time.Time{}, false, nil
}

func (r *recorder) Recovered(context.Context, string, string) error { return nil }

func (r *recorder) LeaseMailbox(context.Context, string, time.Duration) (bool, error) {
	r.mu.Lock()
	r.leases++
	r.mu.Unlock()
	if r.lease != nil {
		return r.lease()
	}
	return true, nil
}

func (r *recorder) ReleaseMailbox(context.Context, string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.released++
	return nil
}

func (r *recorder) Receive(ctx context.Context, arrivals []desk.Arrival) ([]desk.Reception, error) {
	var done []desk.Reception
	for _, a := range arrivals {
		if r.refuse != nil {
			if err := r.refuse(a); err != nil {
				return done, fmt.Errorf("receive UID %d: %w", a.Position.UID, err)
			}
		}
		src, err := a.Source.Open()
		if err != nil {
			return done, err
		}
		var raw strings.Builder
		size, err := io.Copy(&raw, io.LimitReader(src, 1<<20))
		if err == nil {
			var rest int64
			rest, err = io.Copy(io.Discard, src)
			size += rest
		}
		src.Close()
		if err != nil || size != a.Source.Size() {
			return done, fmt.Errorf("source has %d bytes of %d: %v", size, a.Source.Size(), err)
		}
		r.mu.Lock()
		r.mails = append(r.mails, received{a.Position, raw.String(), size, a.Received, time.Now(), a.Message.Subject, a.Message.Notes, a.Assurance})
		r.cursor = a.Position
		close(r.changed)
		r.changed = make(chan struct{})
		r.mu.Unlock()
		done = append(done, desk.Reception{Position: a.Position})
	}
	return done, nil
}

func (r *recorder) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.mails)
}

// wait returns when there are n mails, or fails the test.
func (r *recorder) wait(t *testing.T, n int) []received {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for {
		r.mu.Lock()
		mails, changed := slices.Clone(r.mails), r.changed
		r.mu.Unlock()
		if len(mails) >= n {
			return mails
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("the desk has %d mails after an hour, want %d", len(mails), n)
		}
	}
}

const box = "support@desk.example"

func world() postoffice.Options {
	return postoffice.Options{
		Domain:   "desk.example",
		Accounts: []postoffice.Account{{Address: box, Password: "secret"}},
	}
}

func poller(office *postoffice.Office, d Desk) *Poller {
	return &Poller{
		Mailbox: &policy.Mailbox{
			Name:    "support",
			Address: box,
			IMAP: &policy.IMAP{
				Host: "127.0.0.1", Port: 143, TLS: "none", Username: box, Password: "secret", Folder: "INBOX", Every: 5 * time.Minute,
			},
		},
		Desk: d,
		Now:  time.Now,
		Log:  slog.New(slog.DiscardHandler),
		Dial: office.DialIMAP,
	}
}

// start runs a poller until stop is called.
func start(t *testing.T, p *Poller) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
		if got := p.Health().State; got != Stopped {
			t.Errorf("after Run the state is %s, want %s", got, Stopped)
		}
	}
}

func mail(n int) string {
	return fmt.Sprintf("From: kim@cust.example\r\nSubject: Mail %d\r\nMessage-ID: <%d@cust.example>\r\n\r\nHello %d\r\n", n, n, n)
}

func deliver(t *testing.T, office *postoffice.Office, mails ...string) {
	t.Helper()
	for _, raw := range mails {
		if _, err := office.Deliver(box, []byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
}

func deliverMails(t *testing.T, office *postoffice.Office, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		deliver(t, office, mail(n))
	}
}

// checkMails wants mails from first through last, each once, in order, byte for byte.
func checkMails(t *testing.T, got []received, first, last int) {
	t.Helper()
	if len(got) != last-first+1 {
		t.Fatalf("the desk has %d mails, want %d", len(got), last-first+1)
	}
	for i, m := range got {
		if m.raw != mail(first+i) {
			t.Fatalf("mail %d of the desk is UID %d:\n%s\nwant mail %d", i, m.UID, m.raw, first+i)
		}
	}
}

// inside runs a test in a bubble, with an office of its own.
func inside(t *testing.T, o postoffice.Options, test func(*testing.T, *postoffice.Office, *recorder)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		office := postoffice.New(o)
		defer office.Close()
		test(t, office, newRecorder())
	})
}

func TestEveryMailOnceAndInOrder(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		internal := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
		if _, err := office.DeliverAt(box, []byte(mail(1)), internal); err != nil {
			t.Fatal(err)
		}
		deliverMails(t, office, 2, 120)
		p := poller(office, d)
		stop := start(t, p)
		checkMails(t, d.wait(t, 120), 1, 120)
		for i, m := range d.all() {
			want := desk.Position{Mailbox: "support", Folder: "INBOX", UIDValidity: 1, UID: uint32(i) + 1}
			if m.Position != want {
				t.Fatalf("position %+v, want %+v", m.Position, want)
			}
		}
		if got := d.all()[0]; !got.at.Equal(internal) || got.subject != "Mail 1" {
			t.Errorf("arrived %v with subject %q, want %v and the one it has", got.at, got.subject, internal)
		}
		time.Sleep(time.Hour)
		stop()
		checkMails(t, d.all(), 1, 120)
		for _, m := range office.Mails(box) {
			if len(m.Flags) != 0 {
				t.Fatalf("UID %d has flags %v", m.UID, m.Flags)
			}
		}
		if h := p.Health(); h.Received != 120 || h.LastPass.IsZero() || h.Error != "" {
			t.Errorf("health is %+v", h)
		}
		if d.released != 1 {
			t.Errorf("the lease was released %d times, want once", d.released)
		}
	})
}

func TestIdleWakesAtOnce(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		p := poller(office, d)
		p.Mailbox.IMAP.Every = 24 * time.Hour // the clock is no help
		defer start(t, p)()
		for n := 1; n <= 5; n++ {
			time.Sleep(59 * time.Minute) // many times the life of one IDLE
			sent := time.Now()
			deliver(t, office, mail(n))
			got := d.wait(t, n)
			if took := got[n-1].taken.Sub(sent); took != 0 {
				t.Errorf("mail %d was taken after %v", n, took)
			}
		}
		synctest.Wait()
		if h := p.Health(); !h.Idle || h.State != Waiting {
			t.Errorf("health is %+v", h)
		}
	})
}

func TestClockFindsWhatIdleMisses(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		office.IMAPFaults(postoffice.IMAPFault{Command: "IDLE", How: postoffice.Hang})
		p := poller(office, d)
		defer start(t, p)()
		time.Sleep(time.Second)
		sent := time.Now()
		deliver(t, office, mail(1))
		if took := d.wait(t, 1)[0].taken.Sub(sent); took > p.Mailbox.IMAP.Every {
			t.Errorf("took %v, want at most %v", took, p.Mailbox.IMAP.Every)
		}
	})
}

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

func TestF28ReadingElsewhereHidesNothing(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		deliverMails(t, office, 1, 2)
		other := poller(office, newRecorder())
		other.Mailbox.IMAP.Flag = `\Seen`
		stop := start(t, other)
		synctest.Wait()
		stop()
		if m := office.Mails(box); !slices.Equal(m[0].Flags, []string{`\Seen`}) {
			t.Fatalf("the other client has set %v", m[0].Flags)
		}
		defer start(t, poller(office, d))()
		checkMails(t, d.wait(t, 2), 1, 2)
	})
}

func TestMarks(t *testing.T) {
	tests := []struct {
		name       string
		flag, move string
		without    []string
		want       []string // folder, UID, flags
	}{
		{"nothing", "", "", nil, []string{"INBOX 1 []", "INBOX 2 []"}},
		{"a keyword", "$Desk", "", nil, []string{"INBOX 1 [$Desk]", "INBOX 2 [$Desk]"}},
		{"another folder", "", "Done", nil, []string{"Done 1 []", "Done 2 []"}},
		{"both", "$Desk", "Done", nil, []string{"Done 1 [$Desk]", "Done 2 [$Desk]"}},
		{"another folder without MOVE", "", "Done", []string{"MOVE"}, []string{"Done 1 []", "Done 2 []"}},
		{"another folder without MOVE and UIDPLUS", "$Desk", "Done", []string{"MOVE", "UIDPLUS"}, []string{"INBOX 1 [$Desk]", "INBOX 2 [$Desk]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := world()
			o.Without = tt.without
			inside(t, o, func(t *testing.T, office *postoffice.Office, d *recorder) {
				deliverMails(t, office, 1, 2)
				d.refuse = func(a desk.Arrival) error {
					for _, m := range office.Mails(box) {
						if m.Folder != "INBOX" || len(m.Flags) != 0 {
							t.Errorf("UID %d is marked before the desk has it: %s %v", m.UID, m.Folder, m.Flags)
						}
					}
					return nil
				}
				p := poller(office, d)
				p.Mailbox.IMAP.Flag, p.Mailbox.IMAP.Move = tt.flag, tt.move
				stop := start(t, p)
				d.wait(t, 2)
				synctest.Wait()
				stop()
				if got := folders(office); !slices.Equal(got, tt.want) {
					t.Errorf("the server has %v, want %v", got, tt.want)
				}
				checkMails(t, d.all(), 1, 2)
			})
		})
	}
}

func folders(office *postoffice.Office) []string {
	var all []string
	for _, m := range office.Mails(box) {
		all = append(all, fmt.Sprintf("%s %d %v", m.Folder, m.UID, m.Flags))
	}
	return all
}

func TestCrashBeforeTheMarkCostsASecondLookOnly(t *testing.T) {
	for _, tt := range []struct {
		name, command string
		without       []string
		want          []string
	}{
		{"flag", "STORE", nil, []string{"INBOX 1 [$Desk]", "INBOX 2 [$Desk]"}},
		{"move", "MOVE", nil, []string{"Done 1 []", "Done 2 []"}},
		{"copy", "COPY", []string{"MOVE"}, []string{"Done 1 []", "Done 2 []"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := world()
			o.Without = tt.without
			inside(t, o, func(t *testing.T, office *postoffice.Office, d *recorder) {
				deliverMails(t, office, 1, 2)
				office.IMAPFaults(postoffice.IMAPFault{Command: tt.command, How: postoffice.Hang})
				first := poller(office, d)
				second := poller(office, d)
				for _, p := range []*Poller{first, second} {
					if tt.command == "STORE" {
						p.Mailbox.IMAP.Flag = "$Desk"
					} else {
						p.Mailbox.IMAP.Move = "Done"
					}
				}
				stop := start(t, first)
				d.wait(t, 2)
				synctest.Wait() // it hangs right before the mark
				stop()
				if got, want := folders(office), []string{"INBOX 1 []", "INBOX 2 []"}; !slices.Equal(got, want) {
					t.Fatalf("at the crash the server has %v, want %v", got, want)
				}
				office.IMAPFaults()
				stop = start(t, second)
				time.Sleep(time.Minute)
				stop()
				if got := folders(office); !slices.Equal(got, tt.want) {
					t.Errorf("the server has %v, want %v", got, tt.want)
				}
				checkMails(t, d.all(), 1, 2)
			})
		})
	}
}

func TestT095MoveIsRefused(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		deliverMails(t, office, 1, 2)
		office.IMAPFaults(postoffice.IMAPFault{Command: "MOVE", Text: "not today"})
		p := poller(office, d)
		p.Mailbox.IMAP.Move = "Done"
		defer start(t, p)()
		d.wait(t, 2)
		deliver(t, office, mail(3))
		checkMails(t, d.wait(t, 3), 1, 3)
		synctest.Wait()
		if h := p.Health(); h.State != Waiting || !strings.Contains(h.Error, "not today") {
			t.Errorf("health is %+v", h)
		}
	})
}

// Copied to the other folder, and not taken out of this one: the copy is made once, and nothing is read twice.
func TestT095CopiedAndNotExpunged(t *testing.T) {
	for _, how := range []postoffice.IMAPFault{{Command: "EXPUNGE", Text: "not today"}, {Command: "EXPUNGE", How: postoffice.Hang}} {
		o := world()
		o.Without = []string{"MOVE"}
		inside(t, o, func(t *testing.T, office *postoffice.Office, d *recorder) {
			deliverMails(t, office, 1, 2)
			office.IMAPFaults(how)
			for range 3 {
				p := poller(office, d)
				p.Mailbox.IMAP.Move = "Done"
				stop := start(t, p)
				d.wait(t, 2)
				time.Sleep(10 * time.Minute)
				stop()
			}
			got := folders(office)
			if want := []string{"Done 1 []", "Done 2 []", `INBOX 1 [\Deleted]`, `INBOX 2 [\Deleted]`}; !slices.Equal(slices.Sorted(slices.Values(got)), want) {
				t.Errorf("the server has %v, want %v", got, want)
			}
			checkMails(t, d.all(), 1, 2)
		})
	}
}

func TestT093UIDValidityChanges(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		deliverMails(t, office, 1, 500)
		defer start(t, poller(office, d))()
		d.wait(t, 500)
		synctest.Wait()
		office.ChangeUIDValidity(box, "INBOX")
		deliverMails(t, office, 501, 503)
		got := d.wait(t, 1003)
		checkMails(t, got[:500], 1, 500)
		checkMails(t, got[500:], 1, 503) // which of them it has, the desk knows by what they are
		if last := got[1002].Position; last.UIDValidity != 2 || last.UID != 503 {
			t.Errorf("the last one is at %+v", last)
		}
	})
}

func TestGapsInTheNumbersAreCrossed(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		deliver(t, office, mail(1))
		var gap []uint32
		for range 20_000 {
			uid, err := office.Deliver(box, nil)
			if err != nil {
				t.Fatal(err)
			}
			gap = append(gap, uid)
		}
		office.Remove(box, "INBOX", gap...)
		deliver(t, office, mail(2))
		defer start(t, poller(office, d))()
		checkMails(t, d.wait(t, 2), 1, 2)
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

func TestF30IdlePassCostsTheSame(t *testing.T) {
	cost := func(mails int) (bytes int64) {
		inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
			deliverMails(t, office, 1000, 999+mails)
			p := poller(office, d)
			p.Mailbox.IMAP.Flag = "$Desk"
			var count counter
			p.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := office.DialIMAP(ctx, network, address)
				return &counted{Conn: c, n: &count}, err
			}
			defer start(t, p)()
			d.wait(t, mails)
			time.Sleep(31 * time.Minute) // the second pass looks for mails to mark
			before := count.get()
			time.Sleep(time.Hour)
			bytes = count.get() - before
		})
		return bytes
	}
	few, many := cost(10), cost(1000)
	if few == 0 || many-few > 100 { // the numbers themselves grow by digits
		t.Errorf("an hour without mail costs %d bytes with 10 mails, %d with 1000", few, many)
	}
}

type counter struct {
	mu sync.Mutex
	n  int64
}

func (c *counter) get() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

type counted struct {
	net.Conn
	n *counter
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.n.mu.Lock()
	c.n.n += int64(n)
	c.n.mu.Unlock()
	return n, err
}

func TestEmptyMail(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		deliver(t, office, mail(1), "", mail(3))
		defer start(t, poller(office, d))()
		got := d.wait(t, 3)
		if got[1].raw != "" || got[1].UID != 2 || got[2].raw != mail(3) {
			t.Errorf("the desk has %+v", got)
		}
	})
}

func TestT057TooLongAMail(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		header := "From: kim@cust.example\r\nSubject: My whole disk\r\n\r\n"
		deliver(t, office, header+strings.Repeat("x", 2000), mail(2))
		p := poller(office, d)
		p.Limit = 1000
		began := time.Now()
		defer start(t, p)()
		got := d.wait(t, 2)
		if got[0].raw != header || got[0].subject != "My whole disk" || !noted(got[0], "more than the 1000 that are taken in") {
			t.Errorf("the desk has %+v", got[0])
		}
		if h := p.Health(); h.Error != "" {
			t.Errorf("health is %+v", h)
		}
		if took := got[1].taken.Sub(began); got[1].raw != mail(2) || took > time.Minute {
			t.Errorf("the next one after %v: %+v", took, got[1])
		}
	})
}

func noted(m received, words string) bool {
	return slices.ContainsFunc(m.notes, func(note string) bool { return strings.Contains(note, words) })
}

func TestF31OneMailStopsNoOther(t *testing.T) {
	long := "From: kim@cust.example\r\nSubject: Odd\r\n\r\n" + strings.Repeat("odd ", 5000)
	tests := []struct {
		name  string
		fault postoffice.IMAPFault
		raw   string // what the desk gets; "" for a stub
		note  string
	}{
		{"NO", postoffice.IMAPFault{Text: "broken"}, "", "broken"},
		{"OK without data", postoffice.IMAPFault{How: postoffice.Empty}, "", "could not be read"},
		{"the line breaks", postoffice.IMAPFault{How: postoffice.Cut, After: 5000}, long[:strings.Index(long, "odd ")], "Only the header"},
		{"silence", postoffice.IMAPFault{How: postoffice.Hang}, "", "silent"},
		{"the UID stands behind the body", postoffice.IMAPFault{How: postoffice.UIDLast}, long, ""},
		{"NO, twice", postoffice.IMAPFault{Text: "broken", Times: 2}, long, ""},
		{"the line breaks, twice", postoffice.IMAPFault{How: postoffice.Cut, After: 5000, Times: 2}, long, ""},
		{"unavailable for a while", postoffice.IMAPFault{Text: "later", Code: "UNAVAILABLE", Times: 20}, long, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
				deliver(t, office, mail(1), long, mail(3))
				tt.fault.Command, tt.fault.UID = "FETCH", 2
				office.IMAPFaults(tt.fault)
				stop := start(t, poller(office, d))
				got := d.wait(t, 3)
				time.Sleep(time.Hour)
				stop()
				if len(d.all()) != 3 || got[0].raw != mail(1) || got[1].UID != 2 || got[2].raw != mail(3) {
					t.Fatalf("the desk has %+v", got)
				}
				odd := got[1]
				switch {
				case tt.raw == "" && !strings.Contains(odd.raw, "UID 2"):
					t.Errorf("the stub is %q", odd.raw)
				case tt.raw != "" && odd.raw != tt.raw:
					t.Errorf("the desk has %d bytes, want %d", len(odd.raw), len(tt.raw))
				case tt.note != "" && !noted(odd, tt.note):
					t.Errorf("notes are %q, want %q", odd.notes, tt.note)
				case tt.note == "" && len(odd.notes) != 0:
					t.Errorf("notes are %q, want none", odd.notes)
				}
			})
		})
	}
}

func TestT095MailIsGoneBeforeItIsRead(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		deliverMails(t, office, 1, 3*batchMails)
		last := uint32(3 * batchMails)
		d.refuse = func(a desk.Arrival) error {
			if a.Position.UID == 1 { // the third batch is listed, and fetched only when the first one is decided over
				office.Remove(box, "INBOX", last-1)
			}
			return nil
		}
		p := poller(office, d)
		stop := start(t, p)
		time.Sleep(time.Hour)
		stop()
		got := d.all()
		if n := len(got); n != int(last)-1 || got[n-1].raw != mail(int(last)) || got[n-2].UID != last-2 {
			t.Errorf("the desk has %d mails, the last are %+v", n, got[n-2:])
		}
		if h := p.Health(); h.Error != "" {
			t.Errorf("health is %+v", h)
		}
	})
}

// A brokenSource lets whoever opens it first fail as only a fault of the program does.
type brokenSource struct {
	spooled
	opened bool
}

func (s *brokenSource) Open() (io.ReadCloser, error) {
	if !s.opened {
		s.opened = true
		panic("a fault of the program")
	}
	return s.spooled.Open()
}

func TestF31FaultOfTheReaderIsOneMails(t *testing.T) {
	p := poller(nil, newRecorder())
	src := new(brokenSource)
	io.WriteString(src, mail(1))
	m, a, _ := p.read(t.Context(), desk.Position{UID: 1}, src, false, true)
	if m.RawHash != sha256.Sum256([]byte(mail(1))) || m.Size != src.Size() || len(m.Notes) != 1 || a.Level != message.LevelA0 {
		t.Errorf("got %+v, %+v", m, a)
	}
}

func TestDeskRefuses(t *testing.T) {
	t.Run("once", func(t *testing.T) {
		inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
			deliverMails(t, office, 1, 10)
			times := 0
			d.refuse = func(a desk.Arrival) error {
				if a.Position.UID == 4 {
					if times++; times == 1 {
						return errors.New("deadlock")
					}
				}
				return nil
			}
			p := poller(office, d)
			p.Mailbox.IMAP.Flag = "$Desk"
			defer start(t, p)()
			checkMails(t, d.wait(t, 10), 1, 10)
			synctest.Wait()
			for _, m := range office.Mails(box) {
				if len(m.Flags) != 1 {
					t.Errorf("UID %d has flags %v", m.UID, m.Flags)
				}
			}
		})
	})
	t.Run("as it was read", func(t *testing.T) {
		inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
			deliverMails(t, office, 1, 10)
			d.refuse = func(a desk.Arrival) error {
				if a.Position.UID == 4 && a.Message.Subject != "" {
					return errors.New("a text that the database does not take")
				}
				return nil
			}
			defer start(t, poller(office, d))()
			got := d.wait(t, 10)
			checkMails(t, got, 1, 10) // the source is whole all the same
			if !noted(got[3], "Only its source is kept") || len(got[4].notes) != 0 {
				t.Errorf("notes are %q and %q", got[3].notes, got[4].notes)
			}
		})
	})
	t.Run("for good", func(t *testing.T) {
		inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
			deliverMails(t, office, 1, 10)
			d.refuse = func(a desk.Arrival) error {
				if a.Position.UID == 4 {
					return errors.New("never")
				}
				return nil
			}
			p := poller(office, d)
			stop := start(t, p)
			time.Sleep(2 * time.Hour)
			checkMails(t, d.all(), 1, 3) // nothing is left out
			if h := p.Health(); h.State != Failing || !strings.Contains(h.Error, "receive UID 4: never") {
				t.Errorf("health is %+v", h)
			}
			stop()
		})
	})
}

func TestT107DatabaseIsAway(t *testing.T) {
	t.Run("wholly", func(t *testing.T) { testDatabaseIsAway(t, true) })
	t.Run("for mails only, as a full one is", func(t *testing.T) { testDatabaseIsAway(t, false) })
}

func testDatabaseIsAway(t *testing.T, leasesToo bool) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		deliverMails(t, office, 1, 1000)
		var mu sync.Mutex
		var away bool
		set := func(yes bool) {
			mu.Lock()
			defer mu.Unlock()
			away = yes
		}
		gone := func() error {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case !away:
				return nil
			case leasesToo:
				return desk.ErrUnavailable
			}
			return desk.ErrFull
		}
		d.refuse = func(a desk.Arrival) error {
			if a.Position.UID == 123 && time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) < time.Second {
				set(true) // in the middle of a batch
			}
			return gone()
		}
		if leasesToo {
			d.lease = func() (bool, error) { err := gone(); return err == nil, err }
		}
		stop := start(t, poller(office, d))
		time.Sleep(10 * time.Minute)
		if n := len(d.all()); n != 122 {
			t.Errorf("the desk has %d mails while its database is away, want 122", n)
		}
		set(false)
		back := time.Now()
		got := d.wait(t, 1000)
		checkMails(t, got, 1, 1000)
		if took := got[999].taken.Sub(back); took > 2*time.Minute {
			t.Errorf("the backlog took %v", took)
		}
		for _, m := range got {
			if len(m.notes) != 0 {
				t.Errorf("UID %d has notes %q", m.UID, m.notes)
			}
		}
		stop()
	})
}

func TestLease(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, _ *recorder) {
		// Two nodes on one database, whose leases end by its clock.
		var mu sync.Mutex
		var holder *recorder
		var until time.Time
		a, b := newRecorder(), newRecorder()
		dead := false
		for _, d := range []*recorder{a, b} {
			d.lease = func() (bool, error) {
				mu.Lock()
				defer mu.Unlock()
				if d == a && dead {
					return false, desk.ErrUnavailable
				}
				if holder != d && time.Now().Before(until) {
					return false, nil
				}
				holder, until = d, time.Now().Add(leaseLasts)
				return true, nil
			}
		}
		pa, pb := poller(office, a), poller(office, b)
		stopA := start(t, pa)
		synctest.Wait()
		stopB := start(t, pb)
		deliver(t, office, mail(1))
		checkMails(t, a.wait(t, 1), 1, 1)
		time.Sleep(10 * time.Minute)
		if h := pb.Health(); h.State != Standby || len(b.all()) != 0 {
			t.Errorf("the other node is at %+v", h)
		}

		mu.Lock()
		dead = true // the first node has lost the database
		mu.Unlock()
		time.Sleep(10 * time.Second)
		if h := pa.Health(); h.State == Waiting || h.State == Polling {
			t.Errorf("the node without a lease is at %+v", h)
		}
		if h := pb.Health(); h.State != Waiting {
			t.Errorf("after ten seconds the other node is at %+v", h)
		}
		deliver(t, office, mail(2))
		got := b.wait(t, 2)
		checkMails(t, got, 1, 2) // its cursor is its own here
		stopA()
		stopB()
	})
}

func TestLeaseOfAnotherNode(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		var mu sync.Mutex
		ours := true
		set := func(yes bool) {
			mu.Lock()
			defer mu.Unlock()
			ours = yes
		}
		d.lease = func() (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			return ours, nil
		}
		p := poller(office, d)
		defer start(t, p)()
		deliver(t, office, mail(1))
		d.wait(t, 1)
		set(false)
		time.Sleep(leaseLasts)
		deliver(t, office, mail(2))
		time.Sleep(10 * time.Minute)
		if h := p.Health(); h.State != Standby || h.Error != "" || len(d.all()) != 1 {
			t.Errorf("with %d mails, health is %+v", len(d.all()), h)
		}
		set(true)
		checkMails(t, d.wait(t, 2), 1, 2)
	})
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

func TestMissingField(t *testing.T) {
	p := poller(nil, newRecorder())
	p.Log = nil
	if err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "Log") {
		t.Errorf("Run without a log returned %v", err)
	}
}

func TestLogsHoldNoSecret(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		deliverMails(t, office, 1, 3)
		office.IMAPFaults(
			postoffice.IMAPFault{Command: "LOGIN", Text: "no", Times: 1},
			postoffice.IMAPFault{Command: "FETCH", UID: 2, Text: "no", Times: 10})
		var log bytes.Buffer
		p := poller(office, d)
		p.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		stop := start(t, p)
		d.wait(t, 3)
		stop()
		for _, word := range []string{"secret", "Hello", "Mail 1"} {
			if strings.Contains(log.String(), word) {
				t.Errorf("%q in the log:\n%s", word, log.String())
			}
		}
		if !strings.Contains(log.String(), "through_uid=3") {
			t.Errorf("the log does not say how far it came:\n%s", log.String())
		}
	})
}

// BenchmarkPoll is a backlog going through, over a socket.
func BenchmarkPoll(b *testing.B) {
	office := postoffice.New(world())
	defer office.Close()
	if err := office.Listen(); err != nil {
		b.Fatal(err)
	}
	for n := range b.N {
		if _, err := office.Deliver(box, []byte(mail(n))); err != nil {
			b.Fatal(err)
		}
	}
	d := newRecorder()
	p := poller(office, d)
	p.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, office.IMAPAddr())
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	s, err := p.connect(ctx, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.close()
	p.trouble = make(map[desk.Position]*trouble)
	b.ResetTimer()
	if err := p.pass(ctx, s); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	if n := len(d.all()); n != b.N {
		b.Fatalf("the desk has %d mails, want %d", n, b.N)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}

// TestF29: a desk that was away for a week takes all that came meanwhile, however old and whether read elsewhere or not, and tells how much.
func TestF29AfterAWeekAway(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		deliverMails(t, office, 1, 2)
		stop := start(t, poller(office, d))
		d.wait(t, 2)
		stop()

		for day := range 7 {
			time.Sleep(24 * time.Hour)
			deliverMails(t, office, 3+40*day, 2+40*(day+1))
		}
		var log bytes.Buffer
		p := poller(office, d)
		p.Log = slog.New(slog.NewTextHandler(&log, nil))
		stop = start(t, p)
		got := d.wait(t, 282)
		stop()
		checkMails(t, got, 1, 282)
		if age := got[2].taken.Sub(got[2].at); age < 6*24*time.Hour-time.Minute || age > 6*24*time.Hour+time.Hour {
			t.Errorf("the oldest is taken as %v old", age)
		}
		told := 0
		for _, m := range regexp.MustCompile(` mails=(\d+)`).FindAllStringSubmatch(log.String(), -1) {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				t.Fatal(err)
			}
			told += n
		}
		if told != 280 || p.Health().Received != 280 {
			t.Errorf("the log tells of %d mails, health of %d, want 280", told, p.Health().Received)
		}
	})
}
