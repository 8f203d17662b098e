package mailin

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
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

func folders(office *postoffice.Office) []string {
	var all []string
	for _, m := range office.Mails(box) {
		all = append(all, fmt.Sprintf("%s %d %v", m.Folder, m.UID, m.Flags))
	}
	return all
}

func noted(m received, words string) bool {
	return slices.ContainsFunc(m.notes, func(note string) bool { return strings.Contains(note, words) })
}
