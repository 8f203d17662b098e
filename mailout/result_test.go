package mailout

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/postoffice"
)

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
				if len(got) != 2 {
					t.Fatalf("%d tries: %+v", len(got), got)
				}
				if states := fmt.Sprint(got[0].State, " ", got[1].State); states != c.states || !strings.HasPrefix(got[0].Text, told) {
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
