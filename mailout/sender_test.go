package mailout

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
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

func TestT100RepliesAtEachVerb(t *testing.T) {
	type want struct {
		states string // of the attempts, in order
		copies int
	}
	sentLater, refused := want{"waiting sent", 1}, want{"failed", 0}
	for _, c := range []struct {
		verb string
		code int
		want want
	}{
		{"CONNECT", 421, sentLater}, {"CONNECT", 554, sentLater}, // the account's trouble, not the mail's
		{"AUTH", 421, sentLater}, {"AUTH", 454, sentLater}, {"AUTH", 535, sentLater},
		{"MAIL", 421, sentLater}, {"MAIL", 451, sentLater}, {"MAIL", 553, refused},
		{"RCPT", 421, sentLater}, {"RCPT", 450, sentLater}, {"RCPT", 550, refused},
		{"DATA", 421, sentLater}, {"DATA", 451, sentLater}, {"DATA", 554, refused},
		{".", 421, sentLater}, {".", 452, sentLater}, {".", 552, refused},
	} {
		t.Run(fmt.Sprintf("%s %d", c.verb, c.code), func(t *testing.T) {
			m := plainMail()
			inWorld(t, newOutbox(m), func(w *world) {
				plain(w)
				w.office.SMTPFaults(postoffice.SMTPFault{Verb: c.verb, Code: c.code, Text: "as told", Times: 1})
			}, func(t *testing.T, w *world) {
				w.untilDone(t)
				if n := w.copies(t, m); n != c.want.copies {
					t.Errorf("%d copies, want %d", n, c.want.copies)
				}
				var states []string
				results := w.results(m.ID)
				for _, a := range results {
					states = append(states, string(a.State))
				}
				if got := strings.Join(states, " "); got != c.want.states {
					t.Errorf("states %s, want %s: %+v", got, c.want.states, results)
				}
				if words := w.sender.Health().Accounts[0].LastError; c.want.copies == 0 && !strings.Contains(words, fmt.Sprint(c.code)) {
					t.Errorf("health says %q", words)
				}
				if results[0].Code != c.code || !strings.Contains(results[0].Text, "as told") || strings.Contains(results[0].Text, "\n") {
					t.Errorf("first attempt %+v", results[0])
				}
				if len(results) == 2 && results[1].At.Sub(results[0].At) < time.Minute {
					t.Errorf("tried again after %v", results[1].At.Sub(results[0].At))
				}
				// What was refused stands in nobody's way.
				next := numbered(1)[0]
				next.MessageID = "next@desk.example"
				w.put(next)
				w.untilDone(t)
				if n := w.copies(t, next); n != 1 {
					t.Errorf("the next mail arrived %d times", n)
				}
			})
		})
	}
}

func TestRefusedOnlyToTheEndOfTheSchedule(t *testing.T) {
	m := plainMail()
	inWorld(t, newOutbox(m), func(w *world) {
		w.office.SMTPFaults(postoffice.SMTPFault{Verb: "RCPT", Code: 450, Text: "greylisted"})
	}, func(t *testing.T, w *world) {
		began := time.Now()
		w.untilDone(t)
		got := w.results(m.ID)
		last := got[len(got)-1]
		if len(got) != len(defaultSchedule)+1 || last.State != desk.MailFailed || last.Code != 450 || !strings.Contains(last.Text, "given up after 23 tries") {
			t.Errorf("%d attempts, the last %+v", len(got), last)
		}
		if took := time.Since(began); took < 70*time.Hour || took > 75*time.Hour {
			t.Errorf("given up after %v, want about three days", took)
		}
		for i, a := range got[:len(got)-1] {
			if wait := a.NotBefore.Sub(a.At); wait != defaultSchedule[i] {
				t.Errorf("after try %d it waits %v, want %v", i+1, wait, defaultSchedule[i])
			}
		}
	})
}

func TestT101TheReplyComesAfterNineMinutes(t *testing.T) {
	m := plainMail()
	inWorld(t, newOutbox(m), func(w *world) {
		w.office.SMTPFaults(postoffice.SMTPFault{Verb: ".", Delay: 9 * time.Minute})
	}, func(t *testing.T, w *world) {
		w.untilDone(t)
		if n, got := w.copies(t, m), w.results(m.ID); n != 1 || len(got) != 1 || got[0].State != desk.MailSent {
			t.Errorf("%d copies, %+v", n, got)
		}
	})
}

func TestT102CutBetweenDotAndReply(t *testing.T) {
	const told = "unsure: line dropped after the message was sent"
	for _, c := range []struct {
		name   string
		drop   postoffice.Drop
		times  int
		copies int
		states string
	}{
		{"taken, once", postoffice.Unanswered, 1, 2, "waiting sent"},
		{"taken, each time", postoffice.Unanswered, 0, 2, "waiting failed"},
		{"lost, once", postoffice.Before, 1, 1, "waiting sent"},
		{"lost, each time", postoffice.Before, 0, 0, "waiting failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := plainMail()
			inWorld(t, newOutbox(m), func(w *world) {
				w.office.SMTPFaults(postoffice.SMTPFault{Verb: ".", Drop: c.drop, Times: c.times})
			}, func(t *testing.T, w *world) {
				w.untilDone(t)
				if n := w.copies(t, m); n != c.copies {
					t.Errorf("%d copies, want %d", n, c.copies)
				}
				got := w.results(m.ID)
				if states := fmt.Sprint(got[0].State, " ", got[1].State); len(got) != 2 || states != c.states || !strings.HasPrefix(got[0].Text, told) {
					t.Errorf("%+v", got)
				}
				if c.times == 0 && (!strings.HasPrefix(got[1].Text, told) || !strings.Contains(got[1].Text, "not sent again")) {
					t.Errorf("given up with %q", got[1].Text)
				}
			})
		})
	}
}

// The line breaks behind each byte that the client or the server says. No mail is lost, and none goes out more than twice (T091, T099).
func TestT091ALineCutAtEachByte(t *testing.T) {
	sizes := make(chan int, 1)
	measure := plainMail()
	inWorld(t, newOutbox(measure), func(w *world) {
		plain(w)
		dial := w.sender.Dial
		w.sender.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			return &counted{Conn: c, sizes: sizes}, err
		}
	}, func(t *testing.T, w *world) { w.untilDone(t) })
	total := <-sizes

	check := func(t *testing.T, m *desk.Mail, w *world) (twice bool) {
		w.untilDone(t)
		got := w.results(m.ID)
		n, last := w.copies(t, m), got[len(got)-1]
		if n < 1 || n > 2 || last.State != desk.MailSent || n == 2 && !strings.HasPrefix(got[0].Text, unsure) {
			t.Errorf("%d copies, %+v", n, got)
		}
		return n == 2
	}
	for after := range total {
		m := plainMail()
		inWorld(t, newOutbox(m), func(w *world) {
			plain(w)
			dial := w.sender.Dial
			w.sender.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				c, err := dial(ctx, network, addr)
				if w.dials == 1 {
					c = &shortLine{Conn: c, left: after}
				}
				return c, err
			}
		}, func(t *testing.T, w *world) {
			if check(t, m, w) {
				t.Errorf("cut after %d bytes of ours, it arrived twice", after)
			}
		})
	}
	twice := 0
	for after := range int64(700) {
		m := plainMail()
		inWorld(t, newOutbox(m), func(w *world) {
			plain(w)
			w.office.CutSMTP(after)
		}, func(t *testing.T, w *world) {
			if check(t, m, w) {
				twice++
			}
		})
	}
	if twice == 0 {
		t.Error("no cut fell between dot and reply")
	}
}

// A counted line tells how many bytes its client wrote until the reply to the message.
type counted struct {
	net.Conn
	n     int
	sizes chan int
}

func (c *counted) Write(p []byte) (int, error) {
	c.n += len(p)
	if strings.HasSuffix(string(p), "\r\n.\r\n") {
		select {
		case c.sizes <- c.n:
		default:
		}
	}
	return c.Conn.Write(p)
}

func TestT091TriesThatDiedAreUnsure(t *testing.T) {
	sending := desk.Attempt{State: desk.MailWaiting, Text: begun}
	for _, c := range []struct {
		name   string
		past   []desk.Attempt
		copies int
		state  desk.MailState
	}{
		{"one died", []desk.Attempt{sending}, 1, desk.MailSent},
		{"two died", []desk.Attempt{sending, sending}, 0, desk.MailFailed},
		{"one died, one was cut", []desk.Attempt{sending, sending, {State: desk.MailWaiting, Text: unsure + "line dropped"}}, 0, desk.MailFailed},
		{"one ended well, as a refusal", []desk.Attempt{sending, {State: desk.MailWaiting, Code: 451, Text: "later"}, sending}, 1, desk.MailSent},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := plainMail()
			box := newOutbox(m)
			for _, a := range c.past {
				a.Mail = m.ID
				if err := box.Tried(t.Context(), a); err != nil {
					t.Fatal(err)
				}
			}
			inWorld(t, box, nil, func(t *testing.T, w *world) {
				w.untilDone(t)
				got := w.results(m.ID)
				if n, last := w.copies(t, m), got[len(got)-1]; n != c.copies || last.State != c.state {
					t.Errorf("%d copies, %+v", n, got)
				} else if last.State == desk.MailFailed && !strings.HasPrefix(last.Text, unsure) {
					t.Errorf("given up with %q", last.Text)
				}
			})
		})
	}
}

func TestRecall(t *testing.T) {
	for name, c := range map[string]struct {
		texts []string
		want  past
	}{
		"nothing":                     {nil, past{}},
		"a refusal":                   {[]string{"greylisted"}, past{tries: 1}},
		"begun and refused":           {[]string{begun, "no room"}, past{tries: 1}},
		"begun and never heard of":    {[]string{begun}, past{tries: 1, unsure: 1}},
		"begun twice":                 {[]string{begun, begun}, past{tries: 2, unsure: 2}},
		"begun and cut":               {[]string{begun, unsure + "cut"}, past{tries: 1, unsure: 1}},
		"cut, refused, begun":         {[]string{begun, unsure + "cut", "greylisted", begun}, past{tries: 3, unsure: 2}},
		"put off between":             {[]string{begun, postponed + "busy", postponed + "busy"}, past{tries: 1, unsure: 1}},
		"put off and refused":         {[]string{postponed + "busy", "greylisted"}, past{tries: 1}},
		"asked for after two copies":  {[]string{begun, begun, desk.AttemptAsked}, past{}},
		"asked for and refused":       {[]string{begun, desk.AttemptAsked, "no room"}, past{tries: 1}},
		"died, put off, then refused": {[]string{begun, postponed + "busy", begun, "no"}, past{tries: 2, unsure: 1}},
	} {
		var attempts []desk.Attempt
		for _, text := range c.texts {
			attempts = append(attempts, desk.Attempt{Text: text})
		}
		if got := recall(attempts); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
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

func TestT117NothingInTheClear(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*world, *policy.SMTP)
		text  string
	}{
		"no STARTTLS": {func(w *world, a *policy.SMTP) {
			w.office = postoffice.New(postoffice.Options{Domain: "desk.example", Record: true})
		}, "no STARTTLS"},
		"a wrong name":        {func(_ *world, a *policy.SMTP) { a.Host = "mx.evil.example" }, "certificate"},
		"an unknown issuer":   {func(w *world, _ *policy.SMTP) { w.sender.TLS = nil }, "certificate"},
		"TLS switched off":    {func(_ *world, a *policy.SMTP) { a.TLS = "none" }, "on this machine only"},
		"implicit TLS":        {func(_ *world, a *policy.SMTP) { a.TLS = "implicit" }, "greeting"},
		"words after the 220": {func(w *world, _ *policy.SMTP) { w.sender.Dial = injecting }, "behind the reply"},
	} {
		t.Run(name, func(t *testing.T) {
			m := plainMail()
			inWorld(t, newOutbox(m), func(w *world) {
				account := *w.sender.Account("support")
				office := w.office
				c.spoil(w, &account)
				if w.office != office {
					office.Close()
				}
				w.sender.Account = func(string) *policy.SMTP { return &account }
			}, func(t *testing.T, w *world) {
				w.until(t, "an attempt", func() bool { return m.Attempts > 0 })
				if got := w.results(m.ID)[0]; got.State != desk.MailWaiting || !strings.Contains(got.Text, c.text) {
					t.Errorf("%+v", got)
				}
				if len(w.office.Submissions()) > 0 {
					t.Error("a mail was sent")
				}
			})
		})
	}
}

// injecting is a line on which somebody answers STARTTLS with more than the server did.
func injecting(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		c := textproto.NewConn(theirs)
		c.PrintfLine("220 mx.desk.example ESMTP")
		c.ReadLine()
		c.PrintfLine("250-mx.desk.example\r\n250 STARTTLS")
		c.ReadLine()
		c.PrintfLine("220 go ahead\r\n250-mx.desk.example\r\n250 AUTH PLAIN")
		c.ReadLine()
	}()
	return ours, nil
}

func TestOneReply(t *testing.T) {
	for s, want := range map[string]bool{
		"220 ready\r\n":                     true,
		"220-ready\r\n220 to go\r\n":        true,
		"220 ready":                         false,
		"220 ready\r\n250 AUTH PLAIN\r\n":   false,
		"220-ready\r\n220 to go\r\n250 x":   false,
		"220\r\n":                           true,
		"220-never ends\r\n":                false,
		"":                                  false,
		"220 ready\n250-evil\n250 evil\r\n": false,
	} {
		if got := oneReply([]byte(s)); got != want {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
	}
}

func TestImplicitTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate, which is good for example.com in any year
	defer web.Close()
	config := &tls.Config{Certificates: web.TLS.Certificates}
	m := plainMail()
	inWorld(t, newOutbox(m), func(w *world) {
		w.sender.Account = func(string) *policy.SMTP {
			return &policy.SMTP{Host: "example.com", Port: 465, TLS: "implicit", Username: "support@desk.example", Password: "secret"}
		}
		w.sender.TLS = web.Client().Transport.(*http.Transport).TLSClientConfig
		dial := w.sender.Dial
		w.sender.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr != "example.com:465" {
				return nil, errors.New("wrong address " + addr)
			}
			inner, err := dial(ctx, network, addr)
			ours, theirs := net.Pipe()
			server := tls.Server(theirs, config)
			go func() { io.Copy(server, inner); theirs.Close() }()
			go func() { io.Copy(inner, server); inner.Close() }()
			return ours, err
		}
	}, func(t *testing.T, w *world) {
		w.untilDone(t)
		if got := w.results(m.ID); len(got) != 1 || got[0].State != desk.MailSent || w.copies(t, m) != 1 {
			t.Errorf("%+v", got)
		}
	})
}

func TestLogin(t *testing.T) {
	for name, c := range map[string]struct {
		offers, says, want string
	}{
		"PLAIN where offered":      {"LOGIN PLAIN", "AUTH PLAIN AHN1cHBvcnQAc2VjcmV0", ""},
		"LOGIN where nothing else": {"LOGIN XOAUTH2", "AUTH LOGIN", ""},
		"neither":                  {"XOAUTH2", "", "neither PLAIN nor LOGIN"},
	} {
		ours, theirs := net.Pipe()
		said := ""
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer theirs.Close()
			s := textproto.NewConn(theirs)
			s.PrintfLine("220 mx.desk.example")
			s.ReadLine()
			s.PrintfLine("250-mx.desk.example\r\n250 AUTH %s", c.offers)
			if said, _ = s.ReadLine(); said == "AUTH LOGIN" {
				s.PrintfLine("334 VXNlcm5hbWU6")
				s.ReadLine()
				s.PrintfLine("334 UGFzc3dvcmQ6")
				s.ReadLine()
			}
			s.PrintfLine("235 welcome")
		}()
		sender := &Sender{Hello: "desk.example", Dial: func(context.Context, string, string) (net.Conn, error) { return ours, nil }}
		client, err := connect(t.Context(), sender, policy.SMTP{Host: "127.0.0.1", TLS: "none", Username: "support", Password: "secret"})
		if client != nil {
			client.drop()
		}
		<-done
		if said != c.says || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: said %q, %v", name, said, err)
		}
	}
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

func TestSMTPUTF8OnlyWhereAnAddressNeedsIt(t *testing.T) {
	wide := message.Address{Name: "Пётр", Addr: "пётр@acme.example"}
	for _, c := range []struct {
		name    string
		to      message.Address
		offered bool
		says    string // "" where the mail cannot be sent
	}{
		{"an ASCII address, offered", plainMail().To, true, "MAIL FROM:<support+b7@desk.example> BODY=8BITMIME\r\n"},
		{"an ASCII address, not offered", plainMail().To, false, "MAIL FROM:<support+b7@desk.example> BODY=8BITMIME\r\n"},
		{"another address, offered", wide, true, "MAIL FROM:<support+b7@desk.example> BODY=8BITMIME SMTPUTF8\r\n"},
		{"another address, not offered", wide, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := plainMail()
			m.To = c.to
			line := &listening{offered: c.offered}
			inWorld(t, newOutbox(m), func(w *world) {
				plain(w)
				w.sender.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
					var err error
					line.Conn, err = w.office.DialSMTP(ctx, network, addr)
					return line, err
				}
			}, func(t *testing.T, w *world) {
				w.untilDone(t)
				got := w.results(m.ID)
				if line.mail != c.says || len(got) != 1 {
					t.Errorf("said %q, want %q: %+v", line.mail, c.says, got)
				}
				if c.says == "" && (got[0].State != desk.MailFailed || !strings.Contains(got[0].Text, "SMTPUTF8")) {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

// A listening line keeps what the client says at MAIL, and may hide that the server knows SMTPUTF8.
type listening struct {
	net.Conn
	offered bool
	mail    string
}

func (c *listening) Write(p []byte) (int, error) {
	if strings.HasPrefix(string(p), "MAIL") {
		c.mail = string(p)
	}
	return c.Conn.Write(p)
}

func (c *listening) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.offered {
		copy(p, strings.ReplaceAll(string(p[:n]), "SMTPUTF8", "XSOMEUTF"))
	}
	return n, err
}

func TestAServerThatTalksWithoutEnd(t *testing.T) {
	m := plainMail()
	inWorld(t, newOutbox(m), func(w *world) {
		plain(w)
		w.sender.Dial = func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer theirs.Close()
				for {
					if _, err := fmt.Fprintf(theirs, "220-%s\r\n", strings.Repeat("blah ", 100)); err != nil {
						return
					}
				}
			}()
			return ours, nil
		}
	}, func(t *testing.T, w *world) {
		w.until(t, "an attempt", func() bool { return m.Attempts > 0 })
		if got := w.results(m.ID); !strings.Contains(got[0].Text, "without end") || len(got[0].Text) > 500 {
			t.Errorf("%+v", got)
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
