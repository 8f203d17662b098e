package mailout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/fault"
)

// What the text of an attempt begins with is how later tries know the past, whichever process wrote it.
const (
	// begun is the whole text of an attempt that is written before DATA.
	begun = desk.AttemptBegun
	// unsure begins the text of a try that ended between the message's last dot and the reply.
	unsure = "unsure: "
	// postponed begins the text of what was no try at all.
	postponed = "not tried: "
)

// maxUnsure is how many copies of a mail may be under way: the second unsure try is the last (T091).
const maxUnsure = 2

// past is what a mail has been through.
type past struct {
	tries  int
	unsure int
}

// history reads what became of the tries of a mail so far.
func (s *Sender) history(ctx context.Context, m *desk.Mail) (past, error) {
	if m.Attempts == 0 {
		return past{}, nil
	}
	attempts, err := s.Desk.Attempts(ctx, m.ID)
	if err != nil {
		return past{}, fmt.Errorf("attempts of mail %d: %w", m.ID, err)
	}
	return recall(attempts), nil
}

func recall(attempts []desk.Attempt) (p past) {
	open := false // a try was begun and has no result yet
	for _, a := range attempts {
		switch {
		case strings.HasPrefix(a.Text, postponed):
			continue
		case a.Text == desk.AttemptAsked:
			p, open = past{}, false
			continue
		case a.Text == begun:
			if open {
				p.tries++
				p.unsure++
			}
			open = true
			continue
		case strings.HasPrefix(a.Text, unsure):
			p.unsure++
		}
		p.tries++
		open = false
	}
	if open {
		p.tries++
		p.unsure++
	}
	return p
}

// verdict is what an error that left no doubt means: a 5xx is for good, all else passes (RFC 5321, 4.2.1).
func (s *Sender) verdict(m *desk.Mail, past past, err error) desk.Attempt {
	var reply *textproto.Error
	switch {
	case errors.Is(err, errUnsendable):
		return failed(code(err), err.Error())
	case !errors.As(err, &reply):
		return s.retry(m, past, 0, err.Error())
	case reply.Code/100 == 2:
		return desk.Attempt{State: desk.MailSent, Code: reply.Code, Text: reply.Msg} // 250 is usual after a message, not promised
	case reply.Code/100 == 5 && !fault.Planted(fault.RefusedAnyway):
		return failed(reply.Code, reply.Msg)
	}
	return s.retry(m, past, reply.Code, reply.Msg)
}

// unknown is a line that dropped after the message and before its reply: the server may have taken it. It is sent once more, for a mail
// twice is better than none, and then no more (T091, T102).
func (s *Sender) unknown(m *desk.Mail, past past, err error) desk.Attempt {
	text := fmt.Sprintf("%sline dropped after the message was sent: %v", unsure, err)
	if past.unsure+1 >= maxUnsure {
		return failed(0, text+"; it may have arrived twice already and is not sent again")
	}
	return s.retry(m, past, 0, text)
}

// retry is a try that failed for now, or for good when the schedule has come to its end.
func (s *Sender) retry(m *desk.Mail, past past, code int, text string) desk.Attempt {
	schedule := s.Schedule
	if len(schedule) == 0 {
		schedule = defaultSchedule
	}
	if past.tries >= len(schedule) {
		return failed(code, fmt.Sprintf("%s; given up after %d tries", text, past.tries+1))
	}
	return s.waits(m, fault.Hurry(schedule[past.tries]), code, text)
}

// waits is an attempt after which the mail is left alone for a while. What counts is by how much NotBefore is
// beyond At: nodes share the database's clock, and this one's may be wrong (T106).
func (s *Sender) waits(m *desk.Mail, while time.Duration, code int, text string) desk.Attempt {
	now := s.Now()
	return desk.Attempt{Mail: m.ID, At: now, State: desk.MailWaiting, NotBefore: now.Add(while), Code: code, Text: clean(text)}
}

func failed(code int, text string) desk.Attempt {
	return desk.Attempt{State: desk.MailFailed, Code: code, Text: text}
}

// end writes down and logs how a try ended.
func (s *Sender) end(ctx context.Context, m *desk.Mail, a desk.Attempt) {
	a = s.result(m, a)
	if s.record(ctx, a) == nil {
		s.told(m, a)
	}
}

// result is how a try of a mail ended, as it is written down.
func (s *Sender) result(m *desk.Mail, a desk.Attempt) desk.Attempt {
	a.Mail, a.Turn, a.Text = m.ID, m.Attempts+1, clean(a.Text)
	if a.At.IsZero() {
		a.At = s.Now()
	}
	return a
}

// told logs how a try ended. The log has ids and codes only: a server's words may hold addresses with tokens in them.
func (s *Sender) told(m *desk.Mail, a desk.Attempt) {
	switch a.State {
	case desk.MailSent:
		s.Log.Info("sent", "mail", m.ID, "ticket", m.Ticket, "code", a.Code)
	case desk.MailFailed:
		s.Log.Warn("mail given up", "mail", m.ID, "ticket", m.Ticket, "code", a.Code)
	default:
		s.Log.Info("mail waits for another try", "mail", m.ID, "ticket", m.Ticket, "code", a.Code, "not_before", a.NotBefore)
	}
}

// recordFor bounds how long a result is carried about that the database does not take. It is far longer than any claim.
const recordFor = time.Hour

// record writes a try down. A result that is lost would be a second copy, so it is tried again while the database is away, and once even
// when the sender is told to stop.
func (s *Sender) record(ctx context.Context, a desk.Attempt) error {
	if a.At.IsZero() {
		a.At = s.Now()
	}
	a.Text = clean(a.Text)
	wait := time.Second
	for {
		err := func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
			defer cancel()
			return s.Desk.Tried(ctx, a)
		}()
		if err == nil {
			return nil
		}
		if errors.Is(err, desk.ErrTaken) { // or it was recorded the first time, and only the answer was lost
			s.Log.Warn("a try was not recorded, since the mail has been tried again meanwhile", "mail", a.Mail)
			return err
		}
		s.Log.Error("record attempt", "mail", a.Mail, "err", err)
		if errors.Is(err, desk.ErrNotFound) || s.Now().Sub(a.At) > recordFor {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
		wait = min(2*wait, time.Minute)
	}
}

// code is the SMTP reply code in an error, 0 when no reply came.
func code(err error) int {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return reply.Code
	}
	return 0
}

// response is what the server said when it took the message; most say under which id.
func response(w io.WriteCloser) string {
	if d, ok := w.(*smtp.DataCloser); ok {
		return d.ServerResponse()
	}
	return ""
}

// clean makes a server's words fit to be stored and shown: one line, at most 500 bytes.
func clean(s string) string { return cut(oneLine(s), 500) }
