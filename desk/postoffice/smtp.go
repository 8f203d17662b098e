package postoffice

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// A Submission is one mail as it came over SMTP, whether it was kept or not.
type Submission struct {
	Login string // "" without a password
	From  string // "" is the null reverse-path
	To    []string
	Raw   []byte // as sent
	Kept  bool
}

// Submissions are all mails that were sent to their final dot, in order, where Options.Record is set.
func (o *Office) Submissions() []Submission {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make([]Submission, len(o.submissions))
	for i, sent := range o.submissions {
		all[i] = *sent
	}
	return all
}

// A submission is one client of the SMTP server, with the mail that it is about to send.
type submission struct {
	office *Office
	conn   *smtp.Conn
	login  string
	from   string
	to     []string
}

var _ smtp.AuthSession = (*submission)(nil)

var errBroken = errors.New("the line broke")

func (o *Office) newSubmission(c *smtp.Conn) (smtp.Session, error) {
	s := &submission{office: o, conn: c}
	return s, s.act("EHLO", "", func() error { return nil })
}

// refuseConnection answers instead of the greeting, if that is to go wrong.
func (o *Office) refuseConnection(l *line) bool {
	f, ok := o.smtpFault("CONNECT", "")
	if !ok {
		return false
	}
	o.serving.Go(func() { // not to hold up those who connect next
		defer l.Close()
		l.pause(f.Delay)
		if f.Drop == No {
			fmt.Fprintf(l, "%d %s\r\n", f.Code, f.Text)
		}
	})
	return true
}

// act does the work of a verb, or lets it go wrong.
func (s *submission) act(verb, recipient string, work func() error) error {
	f, ok := s.office.smtpFault(verb, recipient)
	if !ok {
		return work()
	}
	line := lineOf(s.conn.Conn())
	line.pause(f.Delay)
	switch {
	case f.Drop == Before:
		line.abort()
		return errBroken
	case f.Code == 421:
		line.closeAfterAnswer()
		fallthrough
	case f.Code != 0:
		return &smtp.SMTPError{Code: f.Code, EnhancedCode: smtp.EnhancedCode{f.Code / 100, 0, 0}, Message: f.Text}
	}
	err := work()
	switch f.Drop {
	case Unanswered:
		line.abort()
	case Answered:
		line.closeAfterAnswer()
	}
	return err
}

// AuthMechanisms are the ways to give a password.
func (s *submission) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth checks a password.
func (s *submission) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		return s.act("AUTH", "", func() error {
			s.office.mu.Lock()
			defer s.office.mu.Unlock()
			acc := s.office.accounts[strings.ToLower(username)]
			if acc == nil || acc.password != password {
				return smtp.ErrAuthFailed
			}
			s.login = acc.address
			return nil
		})
	}), nil
}

// Mail begins a mail.
func (s *submission) Mail(from string, _ *smtp.MailOptions) error {
	return s.act("MAIL", "", func() error {
		s.from = from
		return nil
	})
}

// Rcpt names one of its recipients, who must live here.
func (s *submission) Rcpt(to string, _ *smtp.RcptOptions) error {
	return s.act("RCPT", to, func() error {
		s.office.mu.Lock()
		defer s.office.mu.Unlock()
		if s.office.account(to) == nil {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user here"}
		}
		s.to = append(s.to, to)
		return nil
	})
}

// Data takes the mail.
func (s *submission) Data(r io.Reader) error {
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(r); err != nil {
		return err
	}
	if line := lineOf(s.conn.Conn()); line.refusal.refused {
		line.refusal.refused = false
		return nil
	}
	// Recorded before anything can go wrong, so that whoever sees the line break can already look.
	sent := &Submission{Login: s.login, From: s.from, To: s.to, Raw: raw.Bytes()}
	s.office.record(sent)
	return s.act(".", s.to[0], func() error {
		s.office.accept(s.conn.Hostname(), sent)
		return nil
	})
}

func (o *Office) record(sent *Submission) {
	if !o.options.Record {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.submissions = append(o.submissions, sent)
}

// Reset forgets the mail.
func (s *submission) Reset() { s.from, s.to = "", nil }

// Logout ends the session.
func (s *submission) Logout() error { return nil }

// A refusal answers DATA in the place of the library, which asks nobody before its 354: the answer is replaced, an empty mail is put in
// the server's way, and what it answers to that is kept back. One goroutine of the server does all of this.
type refusal struct {
	input   []byte // the empty mail, as far as the server has not read it
	refused bool   // the next mail is the empty one
	silent  bool   // the next answer is kept back
}

// answer is what the client gets in place of the server's b.
func (r *refusal) answer(l *line, b []byte) []byte {
	if r.silent {
		r.silent = false
		return nil
	}
	if !bytes.HasPrefix(b, []byte("354 ")) {
		return b
	}
	f, ok := l.office.smtpFault("DATA", "")
	if !ok {
		return b
	}
	l.pause(f.Delay)
	if f.Drop != No {
		l.abort()
		return nil
	}
	if f.Code == 421 {
		l.closeAfterAnswer()
	}
	r.input, r.refused, r.silent = []byte(".\r\n"), true, true
	return fmt.Appendf(nil, "%d %s\r\n", f.Code, f.Text)
}
