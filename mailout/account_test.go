package mailout

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
)

func TestASlowAccountStopsNoOther(t *testing.T) {
	slow := numbered(40)
	quick := numbered(60)[40:]
	for _, m := range slow {
		m.Mailbox = "slow"
	}
	inWorld(t, newOutbox(append(slow, quick...)...), func(w *world) {
		usual, dial := w.sender.Account("support"), w.sender.Dial
		far := *usual
		far.Host = "localhost"
		w.sender.Account = func(mailbox string) *policy.SMTP {
			if mailbox == "slow" {
				return &far
			}
			return usual
		}
		w.sender.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			if strings.HasPrefix(addr, "localhost") {
				c = &slowLine{c}
			}
			return c, err
		}
	}, func(t *testing.T, w *world) {
		began := time.Now()
		w.until(t, "the quick ones are sent", func() bool {
			for _, m := range quick {
				if m.State != desk.MailSent {
					return false
				}
			}
			return true
		})
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the quick account's mails took %v", took)
		}
		w.untilDone(t)
		for _, m := range slow {
			if n := w.copies(t, m); n != 1 || m.State != desk.MailSent {
				t.Errorf("mail %d of the slow account: %d copies, %s", m.ID, n, m.State)
			}
			if m.Attempts > 20 {
				t.Errorf("mail %d was put off %d times", m.ID, m.Attempts)
			}
		}
	})
}

// Where the policy allows it, a server that is slow with each mail is sent several at once, those of one ticket over one
// connection.
func TestParallelConnections(t *testing.T) {
	took := map[int]time.Duration{}
	for _, parallel := range []int{1, 4} {
		mails := numbered(21)
		for i, m := range mails {
			m.Ticket = int64(i%7 + 1)
		}
		var smtp policy.SMTP
		inWorld(t, newOutbox(mails...), func(w *world) {
			dial := w.sender.Dial
			smtp = *w.sender.Account("support")
			smtp.Parallel = parallel
			w.sender.Account = func(string) *policy.SMTP { return &smtp }
			w.sender.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				c, err := dial(ctx, network, addr)
				return &slowLine{c}, err
			}
		}, func(t *testing.T, w *world) {
			began := time.Now()
			w.untilDone(t)
			took[parallel] = time.Since(began)
			if w.dials != parallel {
				t.Errorf("%d connections, want %d", w.dials, parallel)
			}
			for _, m := range mails {
				if n := w.copies(t, m); n != 1 {
					t.Errorf("mail %d arrived %d times", m.ID, n)
				}
				next := mails[(m.ID+6)%21] // of the same ticket, and by its ID alone it would go elsewhere
				if a, b := laneOf(m, smtp), laneOf(next, smtp); m.Ticket != next.Ticket || a != b {
					t.Errorf("mails of tickets %d and %d go over connections %d and %d", m.Ticket, next.Ticket, a.number, b.number)
				}
			}
			if h := w.sender.Health(); len(h.Accounts) != 1 || !h.Accounts[0].Connected || h.Accounts[0].LastSent.IsZero() {
				t.Errorf("health %+v, want one account however many connections it has", h.Accounts)
			}
		})
	}
	if took[4] > took[1]/2 {
		t.Errorf("four connections took %v, one %v", took[4], took[1])
	}
}

// A slowLine takes two seconds for whatever is said.
type slowLine struct{ net.Conn }

func (l *slowLine) Write(p []byte) (int, error) {
	<-time.After(2 * time.Second)
	return l.Conn.Write(p)
}

func TestAnAccountThatIsDownIsLeftAlone(t *testing.T) {
	mails := numbered(30)
	inWorld(t, newOutbox(mails...), func(w *world) {
		dial := w.sender.Dial
		began := time.Now()
		w.sender.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			if time.Since(began) < 10*time.Minute {
				c.Close()
				return nil, errors.New("connection refused")
			}
			return c, err
		}
	}, func(t *testing.T, w *world) {
		w.until(t, "a failed attempt", func() bool { return len(w.attempts) == len(mails) })
		if h := w.sender.Health(); h.Accounts[0].LastError == "" || h.Accounts[0].Connected {
			t.Errorf("health %+v", h)
		}
		w.untilDone(t)
		for _, m := range mails {
			if n := w.copies(t, m); n != 1 {
				t.Errorf("mail %d arrived %d times", m.ID, n)
			}
		}
		if w.dials > 10 {
			t.Errorf("%d connections were tried in ten minutes", w.dials)
		}
	})
}

func TestAWrongPasswordFailsNoMail(t *testing.T) {
	m := plainMail()
	inWorld(t, newOutbox(m), func(w *world) {
		right := w.sender.Account("support")
		wrong := *right
		wrong.Password = "stale"
		began := time.Now()
		w.sender.Account = func(string) *policy.SMTP {
			if time.Since(began) < time.Hour {
				return &wrong
			}
			return right
		}
	}, func(t *testing.T, w *world) {
		w.untilDone(t)
		got := w.results(m.ID)
		if got[0].Code != 535 || got[0].State != desk.MailWaiting || got[len(got)-1].State != desk.MailSent {
			t.Errorf("%+v", got)
		}
		for _, a := range got {
			if strings.Contains(a.Text, "stale") || strings.Contains(a.Text, "secret") {
				t.Errorf("a password in %q", a.Text)
			}
		}
	})
}

func TestAMailboxWithoutAccountWaits(t *testing.T) {
	m := plainMail()
	inWorld(t, newOutbox(m), func(w *world) {
		account := w.sender.Account("support")
		began := time.Now()
		w.sender.Account = func(string) *policy.SMTP {
			if time.Since(began) < 3*time.Minute {
				return nil
			}
			return account
		}
	}, func(t *testing.T, w *world) {
		w.untilDone(t)
		if got := w.results(m.ID); len(got) != 3 || !strings.Contains(got[0].Text, "no SMTP account") || w.copies(t, m) != 1 {
			t.Errorf("%+v", got)
		}
	})
}
