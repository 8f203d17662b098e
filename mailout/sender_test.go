package mailout

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/postoffice"
)

func tlsRoots(o *postoffice.Office) *tls.Config { return &tls.Config{RootCAs: o.Roots()} }

// numbered are n answers with ids from 1.
func numbered(n int) (mails []*desk.Mail) {
	for i := range n {
		m := plainMail()
		m.ID = int64(i + 1)
		m.MessageID = message.ID(fmt.Sprintf("%d.abc@desk.example", m.ID))
		mails = append(mails, m)
	}
	return mails
}

func TestManyMailsGoOverOneConnection(t *testing.T) {
	mails := numbered(50)
	mails[7].Attachments = fullMail().Attachments
	inWorld(t, newOutbox(mails...), nil, func(t *testing.T, w *world) {
		w.untilDone(t)
		for _, m := range mails {
			if n := w.copies(t, m); n != 1 {
				t.Errorf("mail %d arrived %d times", m.ID, n)
			}
			if got := w.results(m.ID); len(got) != 1 || got[0].State != desk.MailSent || got[0].Code != 250 || got[0].Text == "" {
				t.Errorf("mail %d: %+v", m.ID, got)
			}
		}
		if w.dials != 1 {
			t.Errorf("%d connections for %d mails", w.dials, len(mails))
		}
		h := w.sender.Health()
		if len(h.Accounts) != 1 || !h.Accounts[0].Connected || time.Since(h.Accounts[0].LastSent) > together || h.Accounts[0].LastError != "" {
			t.Errorf("health %+v", h)
		}

		<-time.After(idle + time.Minute)
		if w.sender.Health().Accounts[0].Connected {
			t.Error("an idle connection is still open")
		}
		later := numbered(51)[50]
		w.put(later)
		w.untilDone(t)
		if n := w.copies(t, later); n != 1 || w.dials != 2 {
			t.Errorf("after idling: %d copies, %d connections", n, w.dials)
		}
	})
}

func TestAMailLeavesAtOnceWhenWoken(t *testing.T) {
	var wake chan struct{}
	inWorld(t, newOutbox(), func(w *world) {
		wake = make(chan struct{}, 1)
		w.sender.Wake = wake
	}, func(t *testing.T, w *world) {
		synctest.Wait() // the outbox is empty, and the sender rests
		began := time.Now()
		w.put(plainMail())
		wake <- struct{}{}
		w.untilDone(t)
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestT063ADotIsOnlyText(t *testing.T) {
	m := fullMail()
	inWorld(t, newOutbox(m), nil, func(t *testing.T, w *world) {
		w.untilDone(t)
		if n := w.copies(t, m); n != 1 {
			t.Fatalf("%d copies", n)
		}
		sent := w.office.Submissions()[0]
		if sent.From != "" || fmt.Sprint(sent.To) != "[anna@acme.example]" || sent.Login != "support@desk.example" {
			t.Errorf("envelope from %q to %q by %q", sent.From, sent.To, sent.Login)
		}
		if _, parts := leaves(t, string(sent.Raw)); !strings.Contains(parts[0].body, "\r\n.\r\nQUIT\r\n") {
			t.Errorf("text arrived as %q", parts[0].body)
		}
	})
}

func TestT064RecipientsRefusedBeforeSMTP(t *testing.T) {
	for _, to := range []string{"", "anna", "a b@acme.example", "a@acme.example\r\nRCPT TO:<x@evil.example>", "a@acme.example\n", "$USER@acme.example",
		"a;b@acme.example", "a@acme.example>", "a@acme.example x@evil.example", `"a b"@acme.example`, "a@acme.example\x00"} {
		for what, spoil := range map[string]func(*desk.Mail){
			"recipient":     func(m *desk.Mail) { m.To.Addr = to },
			"envelope from": func(m *desk.Mail) { m.EnvelopeFrom = to },
		} {
			if what == "envelope from" && to == "" {
				continue // the null reverse-path
			}
			m := plainMail()
			spoil(m)
			inWorld(t, newOutbox(m), nil, func(t *testing.T, w *world) {
				w.untilDone(t)
				if got := w.results(m.ID); len(got) != 1 || got[0].State != desk.MailFailed || got[0].Code != 0 || w.dials != 0 {
					t.Errorf("%s %q: %+v after %d connections", what, to, got, w.dials)
				}
			})
		}
	}
}

func TestT106NodesWithWrongClocksShareTheWork(t *testing.T) {
	mails := numbered(100)
	inWorld(t, newOutbox(mails...), func(w *world) {
		w.sender.Now = func() time.Time { return time.Now().Add(-time.Hour) }
		w.office.SMTPFaults(postoffice.SMTPFault{Verb: ".", Delay: 8 * time.Minute, Times: 2}, postoffice.SMTPFault{Verb: ".", Code: 451, Text: "later", Times: 10})
	}, func(t *testing.T, w *world) {
		other := Sender{Desk: w.outbox, Account: w.sender.Account, Dial: w.sender.Dial, Hello: "desk.example", Log: w.sender.Log, TLS: w.sender.TLS,
			Now: func() time.Time { return time.Now().Add(24 * time.Hour) }}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- other.Run(ctx) }()
		w.untilDone(t)
		cancel()
		<-done
		for _, m := range mails {
			if n := w.copies(t, m); n != 1 || m.State != desk.MailSent {
				t.Errorf("mail %d: %d copies, %s: %+v", m.ID, n, m.State, w.results(m.ID))
			}
		}
	})
}

func TestAConnectionThatDiedIsNoAttempt(t *testing.T) {
	mails := numbered(2)
	inWorld(t, newOutbox(mails[0]), nil, func(t *testing.T, w *world) {
		w.untilDone(t)
		w.office.DropLines()
		w.put(mails[1])
		w.untilDone(t)
		if got := w.results(2); len(got) != 1 || got[0].State != desk.MailSent || w.dials != 2 {
			t.Errorf("%+v after %d connections", got, w.dials)
		}
	})
}

func TestF35TheDatabaseGoesAwayAfterTheReply(t *testing.T) {
	m := plainMail()
	inWorld(t, newOutbox(m), func(w *world) {
		w.office.SMTPFaults(postoffice.SMTPFault{Verb: ".", Delay: time.Minute, Times: 1})
	}, func(t *testing.T, w *world) {
		w.until(t, "DATA begun", func() bool { return m.Attempts == 1 })
		w.setAway(true)
		<-time.After(5 * time.Minute)
		if h := w.sender.Health(); h.Outbox == "" {
			t.Error("health does not say that the outbox is away")
		}
		w.setAway(false)
		w.untilDone(t)
		if n, got := w.copies(t, m), w.results(m.ID); n != 1 || len(got) != 1 || got[0].State != desk.MailSent {
			t.Errorf("%d copies, %+v", n, got)
		}
	})
}

func TestStoppingLetsAMailEndWell(t *testing.T) {
	for _, c := range []struct {
		name  string
		delay time.Duration
		state desk.MailState
		text  string
	}{
		{"the server answers soon", 5 * time.Second, desk.MailSent, ""},
		{"the server takes too long", 5 * time.Minute, desk.MailWaiting, unsure},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := plainMail()
			inWorld(t, newOutbox(m), func(w *world) {
				w.office.SMTPFaults(postoffice.SMTPFault{Verb: ".", Delay: c.delay})
			}, func(t *testing.T, w *world) {
				w.until(t, "DATA begun", func() bool { return m.Attempts == 1 })
				synctest.Wait()
				began := time.Now()
				w.stop()
				if took := time.Since(began); took > farewell+6*time.Second {
					t.Errorf("stopping took %v", took)
				}
				if got := w.results(m.ID); len(got) != 1 || got[0].State != c.state || !strings.HasPrefix(got[0].Text, c.text) {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

func TestStoppingGivesBackWhatIsNotBegun(t *testing.T) {
	mails := numbered(queued + 3)
	inWorld(t, newOutbox(mails...), func(w *world) {
		w.office.SMTPFaults(postoffice.SMTPFault{Verb: ".", Delay: 5 * time.Second, Times: 1})
	}, func(t *testing.T, w *world) {
		w.until(t, "the queue is full", func() bool {
			for _, m := range mails[1 : queued+1] {
				if w.leased[m.ID].IsZero() && m.Attempts == 0 {
					return false
				}
			}
			return mails[0].Attempts == 1
		})
		w.stop()
		now := time.Now()
		for _, m := range mails {
			switch {
			case w.leased[m.ID].After(now):
				t.Errorf("mail %d is leased for %v more", m.ID, w.leased[m.ID].Sub(now))
			case m.State == desk.MailSent && m != mails[0]:
				t.Errorf("mail %d was begun after the sender was told to stop", m.ID)
			}
			if p := recall(w.results(m.ID)); m != mails[0] && p != (past{}) {
				t.Errorf("mail %d has been through %+v", m.ID, p)
			}
		}
	})
}

func TestALargeMailGoesThroughAFile(t *testing.T) {
	m := plainMail()
	m.Text = strings.Repeat("All work and no play makes a large mail.\n", 60000)
	m.Attachments = []desk.AttachmentRef{attachment("2", "a.pdf", "application/pdf")}
	inWorld(t, newOutbox(m), plain, func(t *testing.T, w *world) {
		w.untilDone(t)
		if n := w.copies(t, m); n != 1 || len(w.office.Submissions()[0].Raw) < 2*spoolMemory {
			t.Errorf("%d copies", n)
		}
	})
}

func TestAMailThatCannotBeComposed(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*desk.Mail)
		state desk.MailState
	}{
		"no Message-ID":              {func(m *desk.Mail) { m.MessageID = "" }, desk.MailFailed},
		"an attachment that is gone": {func(m *desk.Mail) { m.Attachments = []desk.AttachmentRef{{Source: 99}} }, desk.MailWaiting},
	} {
		t.Run(name, func(t *testing.T) {
			m := plainMail()
			c.spoil(m)
			inWorld(t, newOutbox(m), nil, func(t *testing.T, w *world) {
				w.until(t, "an attempt", func() bool { return m.Attempts > 0 })
				if got := w.results(m.ID); got[0].State != c.state || got[0].Text == "" || w.dials != 0 {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

func TestASenderThatIsNotSetUp(t *testing.T) {
	if err := (&Sender{}).Run(t.Context()); err == nil {
		t.Error("it runs")
	}
}

var _ Desk = (*desk.Desk)(nil)

// TestF35: the line is gone once the server has said that it has the mail. It is not sent again, in a week.
func TestF35TakenIsTaken(t *testing.T) {
	mails := numbered(3)
	inWorld(t, newOutbox(mails...), func(w *world) {
		w.office.SMTPFaults(postoffice.SMTPFault{Verb: ".", Drop: postoffice.Answered})
	}, func(t *testing.T, w *world) {
		w.untilDone(t)
		<-time.After(7 * 24 * time.Hour)
		for _, m := range mails {
			if n := w.copies(t, m); n != 1 || m.State != desk.MailSent {
				t.Errorf("mail %d arrived %d times, and is %s", m.ID, n, m.State)
			}
		}
	})
}
