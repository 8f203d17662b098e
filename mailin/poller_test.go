package mailin

import (
	"bytes"
	"context"
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

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/postoffice"
)

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
