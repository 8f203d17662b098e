package mailout

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/postoffice"
)

// An outbox stands for the desk: the same promises, kept in memory.
type outbox struct {
	mu       sync.Mutex
	mails    map[int64]*desk.Mail
	leased   map[int64]time.Time
	attempts map[int64][]desk.Attempt
	sources  map[int64][]byte
	away     bool // every verb fails as if the database were gone
	changed  chan struct{}
}

func newOutbox(mails ...*desk.Mail) *outbox {
	o := &outbox{mails: map[int64]*desk.Mail{}, leased: map[int64]time.Time{}, attempts: map[int64][]desk.Attempt{},
		sources: map[int64][]byte{3: []byte(source)}}
	o.put(mails...)
	return o
}

func (o *outbox) put(mails ...*desk.Mail) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range mails {
		m.State = desk.MailWaiting
		o.mails[m.ID] = m
	}
}

// look runs under the lock, unless the database is away.
func (o *outbox) look(do func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.away {
		return desk.ErrUnavailable
	}
	return do()
}

func (o *outbox) setAway(away bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.away = away
}

func (o *outbox) LeaseMails(_ context.Context, lasts time.Duration, most int) (found []*desk.Mail, err error) {
	return found, o.look(func() error {
		now := time.Now()
		byTurn := slices.SortedFunc(maps.Values(o.mails), func(a, b *desk.Mail) int {
			return cmp.Or(a.NotBefore.Compare(b.NotBefore), cmp.Compare(a.ID, b.ID))
		})
		for _, m := range byTurn {
			if len(found) < most && m.State == desk.MailWaiting && !m.NotBefore.After(now) && !o.leased[m.ID].After(now) {
				o.leased[m.ID] = now.Add(lasts)
				copied := *m
				found = append(found, &copied)
			}
		}
		return nil
	})
}

func (o *outbox) KeepMIME(_ context.Context, mails ...*desk.Composed) error {
	for _, c := range mails {
		b, err := io.ReadAll(c.Bytes)
		if err != nil {
			return err
		}
		err = o.look(func() error {
			if c.Kept = o.mails[c.Mail.ID].MIME == 0; c.Kept {
				o.mails[c.Mail.ID].MIME = 1000 + c.Mail.ID
				o.sources[1000+c.Mail.ID] = b
			}
			c.Mail.MIME = o.mails[c.Mail.ID].MIME
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *outbox) Reveal(context.Context, *desk.Mail) error { return nil }

func (o *outbox) MIME(ctx context.Context, m *desk.Mail, w io.Writer) error {
	return o.Source(ctx, m.MIME, w)
}

func (o *outbox) Source(_ context.Context, id int64, w io.Writer) error {
	return o.look(func() error {
		b, ok := o.sources[id]
		if !ok {
			return desk.ErrNotFound
		}
		_, err := w.Write(b)
		return err
	})
}

func (o *outbox) Tried(_ context.Context, tries ...desk.Attempt) error {
	return o.look(func() error {
		for _, a := range tries {
			m, ok := o.mails[a.Mail]
			if !ok {
				return desk.ErrNotFound
			}
			if a.Turn > 0 && a.Turn != m.Attempts+1 && a.State != desk.MailSent {
				return desk.ErrTaken
			}
		}
		for _, a := range tries {
			m := o.mails[a.Mail]
			o.attempts[a.Mail] = append(o.attempts[a.Mail], a)
			m.State = a.State
			if m.NotBefore = a.NotBefore; !m.NotBefore.IsZero() {
				m.NotBefore = time.Now().Add(a.NotBefore.Sub(a.At)) // this clock is the one that counts, whatever the sender's
			}
			m.Attempts++
			delete(o.leased, a.Mail)
		}
		if o.changed != nil {
			close(o.changed)
			o.changed = make(chan struct{})
		}
		return nil
	})
}

func (o *outbox) Attempts(_ context.Context, mail int64) (all []desk.Attempt, err error) {
	return all, o.look(func() error {
		all = slices.Clone(o.attempts[mail])
		return nil
	})
}

func (o *outbox) NextMail(context.Context) (at time.Time, err error) {
	return at, o.look(func() error {
		for id, m := range o.mails {
			if next := maxTime(m.NotBefore, o.leased[id]); m.State == desk.MailWaiting && (at.IsZero() || next.Before(at)) {
				at = next
			}
		}
		return nil
	})
}

// until waits for what the outbox is to look like; time runs meanwhile.
func (o *outbox) until(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.After(30 * 24 * time.Hour)
	for {
		o.mu.Lock()
		changed, ok := o.changed, is()
		o.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("never saw: %s", what)
		}
	}
}

// untilDone waits until no mail waits any more.
func (o *outbox) untilDone(t *testing.T) {
	t.Helper()
	o.until(t, "all mails sent or failed", func() bool {
		for _, m := range o.mails {
			if m.State == desk.MailWaiting {
				return false
			}
		}
		return true
	})
}

// results are the attempts of a mail without those that only say that one began.
func (o *outbox) results(mail int64) (results []desk.Attempt) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.attempts[mail] {
		if a.Text != begun {
			results = append(results, a)
		}
	}
	return results
}

// A world is a sender between an outbox and a post office, on a clock that jumps.
type world struct {
	*outbox
	office *postoffice.Office
	sender *Sender
	stop   func() // ends the sender and waits for it
	mu     sync.Mutex
	dials  int
}

// inWorld runs a test in a world that has support@ with an SMTP account, and Anna. prepare may change the sender before it runs.
func inWorld(t *testing.T, box *outbox, prepare func(*world), test func(*testing.T, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		box.changed = make(chan struct{}) // channels belong to the bubble that made them
		w := &world{outbox: box, office: postoffice.New(postoffice.Options{Domain: "desk.example", TLS: true, Record: true,
			Accounts: []postoffice.Account{{Address: "support@desk.example", Password: "secret"}, {Address: "anna@acme.example"}}})}
		defer func() { w.office.Close() }()
		account := &policy.SMTP{Host: "mx.desk.example", Port: 587, TLS: "starttls", Username: "support@desk.example", Password: "secret"}
		w.sender = &Sender{
			Desk:    box,
			Account: func(string) *policy.SMTP { return account },
			Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				w.mu.Lock()
				w.dials++
				w.mu.Unlock()
				return w.office.DialSMTP(ctx, network, addr)
			},
			Now:   time.Now,
			Hello: "desk.example",
			Log:   slog.New(slog.DiscardHandler),
			TLS:   tlsRoots(w.office),
		}
		if prepare != nil {
			prepare(w)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.sender.Run(ctx) }()
		w.stop = sync.OnceFunc(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		defer w.stop()
		test(t, w)
	})
}

// plain gives the sender an account without TLS, for faults that cannot be had under it.
func plain(w *world) {
	account := &policy.SMTP{Host: "localhost", Port: 25, TLS: "none", Username: "support@desk.example", Password: "secret"}
	w.sender.Account = func(string) *policy.SMTP { return account }
}

// copies are the mails that the server kept; they must all be what the outbox keeps.
func (w *world) copies(t *testing.T, m *desk.Mail) int {
	t.Helper()
	n := 0
	for _, s := range w.office.Submissions() {
		if !s.Kept || !bytes.Contains(s.Raw, []byte(m.MessageID.Header())) {
			continue
		}
		n++
		if want := w.sources[1000+m.ID]; !bytes.Equal(s.Raw, want) {
			t.Errorf("a copy differs from the bytes that are kept\ngot  %q\nwant %q", s.Raw, want)
		}
	}
	return n
}

// A shortLine breaks when its client has written n bytes.
type shortLine struct {
	net.Conn
	left int
}

func (l *shortLine) Write(p []byte) (int, error) {
	if len(p) <= l.left {
		l.left -= len(p)
		return l.Conn.Write(p)
	}
	n, _ := l.Conn.Write(p[:l.left])
	l.left = 0
	l.Close()
	return n, errors.New("broken pipe")
}
