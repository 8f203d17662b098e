package mailin

import (
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/postoffice"
)

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
