package mailout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
)

const (
	// idle is how long a connection without work is kept. Servers give up after five minutes (RFC 5321, 4.5.3.2.7); it is longer than
	// a lease, so that a mail whose lease ran out over a slow login finds the connection open when it comes again.
	idle = 2 * time.Minute
)

// margin is what stays of a lease for the database to write down that DATA begins.
var margin = lease / 6

// An account is one login at one server, with one worker and one connection that carries mail after mail. Where the policy allows several at
// one time, there is one of these for each.
type account struct {
	sender *Sender
	smtp   policy.SMTP
	jobs   chan job

	// The dispatcher's.
	stalled bool
	last    time.Time // the latest turn given to a mail that found no room

	// The worker's.
	left      []job   // not begun when it was told to end
	client    *client // nil while there is no connection
	fails     int     // logins that failed in a row
	downUntil time.Time
	down      string // why

	mu     sync.Mutex
	health AccountHealth
	began  time.Time     // when the mail under way was begun, zero for none
	took   time.Duration // what one takes, the last ones above all

	records records
}

func (a *account) name() string { return AccountName(a.smtp) }

// AccountName is the account as health and logs name it.
func AccountName(account policy.SMTP) string {
	who := fmt.Sprintf("%s:%d", account.Host, account.Port)
	if account.Username != "" {
		who = account.Username + "@" + who
	}
	return who
}

// run sends what is handed over until ctx ends. What is begun by then may go on until life ends; what still waits in the queue is given
// back by the sender.
func (a *account) run(ctx, life context.Context) {
	timer := time.NewTimer(idle)
	defer timer.Stop()
	defer a.hangUp()
	defer a.records.write()
	for ctx.Err() == nil { // or it would go on by chance while there is more
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			a.hangUp()
		case j := <-a.jobs:
			for _, j := range a.ready(life, j) {
				if ctx.Err() != nil {
					j.mime.Close()
					a.left = append(a.left, j)
					continue
				}
				a.busy(a.sender.Now())
				a.deliver(life, j)
				a.busy(time.Time{})
			}
			timer.Reset(idle)
		}
	}
}

// ready takes the mails that wait behind one along, and makes and stores the bytes of all of them in one transaction. What cannot be done
// together is left for each of them to tell.
func (a *account) ready(ctx context.Context, j job) []job {
	jobs := []job{j}
	a.mu.Lock()
	took := a.took
	a.mu.Unlock()
	for took > 0 && took < swift && len(a.jobs) > 0 && len(jobs) < queued {
		jobs = append(jobs, <-a.jobs)
	}
	if len(jobs) == 1 || a.sender.Now().Before(a.downUntil) {
		return jobs
	}
	var composed []*desk.Composed
	var of []*job
	for i := range jobs {
		m := jobs[i].mail
		if m.MIME != 0 || m.Sealed || m.Attempts > 0 {
			continue
		}
		mime, err := a.sender.compose(ctx, m)
		if err != nil {
			continue
		}
		jobs[i].mime = mime
		of, composed = append(of, &jobs[i]), append(composed, &desk.Composed{Mail: m, Bytes: mime.reader()})
	}
	err := a.sender.Desk.KeepMIME(ctx, composed...)
	for i, c := range composed {
		if err != nil || !c.Kept {
			of[i].mime.Close()
			of[i].mime = nil
		}
	}
	return jobs
}

// deliver takes one mail as far as it goes now, and writes down what became of it.
func (a *account) deliver(ctx context.Context, j job) {
	s, m := a.sender, j.mail
	defer func() { j.mime.Close() }()
	if s.Now().Sub(j.leased) > lease/3 {
		return // it waited here for too long to be begun safely
	}
	past, err := s.history(ctx, m)
	if err != nil {
		s.Log.Error("read attempts", "mail", m.ID, "err", err)
		return
	}
	if past.unsure >= maxUnsure {
		s.end(ctx, m, failed(0, unsure+"nobody knows what became of the tries before; not sent again"))
		return
	}
	for _, addr := range []string{m.To.Addr, m.EnvelopeFrom} {
		if err := checkAddress(addr); err != nil && (addr != "" || addr == m.To.Addr) {
			s.end(ctx, m, failed(0, err.Error()))
			return
		}
	}
	if s.Now().Before(a.downUntil) {
		s.end(ctx, m, s.retry(m, past, 0, a.down))
		return
	}

	err = nil
	if j.mime == nil {
		j.mime, err = s.bytes(ctx, m)
	}
	if err != nil {
		a.failed(err.Error())
		if errors.Is(err, errUnsendable) {
			s.end(ctx, m, failed(0, err.Error()))
		} else {
			s.end(ctx, m, s.retry(m, past, 0, err.Error()))
		}
		return
	}

	result, ok := a.transmit(ctx, j, past, j.mime)
	if !ok {
		return
	}
	switch { // before the result is written down, so that who sees it there finds it here too
	case result.State == desk.MailSent:
		a.sent()
	case s.Now().Before(a.downUntil): // connect has told
	case result.Code != 0:
		// The server's words may hold an address with a token in it, which belongs to the mail's ticket and not here.
		a.failed(fmt.Sprintf("mail %d was answered with %d", m.ID, result.Code))
	default:
		a.failed(fmt.Sprintf("mail %d: %s", m.ID, result.Text))
	}
	if result.State == desk.MailSent {
		a.records.sent(ctx, m, result)
		return
	}
	a.records.write()
	s.end(ctx, m, result)
	fault.Here(fault.Recorded)
}

// bytes are the MIME of a mail as it is stored, which is made and stored first where that was not done before (G5).
func (s *Sender) bytes(ctx context.Context, m *desk.Mail) (mime *spool, err error) {
	if m.MIME == 0 {
		if mime, err = s.compose(ctx, m); err != nil {
			return nil, err
		}
		c := &desk.Composed{Mail: m, Bytes: mime.reader()}
		if err := s.Desk.KeepMIME(ctx, c); err != nil {
			mime.Close()
			return nil, fmt.Errorf("keep the MIME of mail %d: %w", m.ID, err)
		}
		if c.Kept && !(fault.Planted(fault.NewIDOnRetry) && m.Attempts > 0) {
			return mime, nil
		}
		mime.Close() // another node was quicker
	}
	mime = &spool{}
	if err := s.Desk.MIME(ctx, m, mime); err != nil {
		mime.Close()
		return nil, fmt.Errorf("read the MIME of mail %d, source %d: %w", m.ID, m.MIME, err)
	}
	if mime.Size() == 0 {
		mime.Close()
		return nil, fmt.Errorf("the MIME of mail %d, source %d, is empty", m.ID, m.MIME)
	}
	if fault.Planted(fault.NewIDOnRetry) && m.Attempts > 0 {
		return anew(mime)
	}
	return mime, nil
}

// anew is a mail under another Message-ID, as a planted mistake wants it.
func anew(mime *spool) (*spool, error) {
	defer mime.Close()
	all, err := io.ReadAll(mime.reader())
	if err != nil {
		return nil, err
	}
	other := &spool{}
	_, err = other.Write(bytes.Replace(all, []byte("Message-ID: <"), []byte("Message-ID: <again-"), 1))
	return other, err
}

// compose makes the MIME of a mail.
func (s *Sender) compose(ctx context.Context, m *desk.Mail) (mime *spool, err error) {
	raw := map[int64]*spool{} // by source id: several attachments may have come with one mail
	defer func() {
		for _, r := range raw {
			r.Close()
		}
	}()
	open := func(source int64) (message.Source, error) {
		if r, ok := raw[source]; ok {
			return r, nil
		}
		r := &spool{}
		raw[source] = r
		return r, s.Desk.Source(ctx, source, r)
	}
	if err := s.Desk.Reveal(ctx, m); err != nil {
		return nil, err
	}
	mime = &spool{}
	if err := Compose(mime, m, open); err != nil {
		mime.Close()
		return nil, err
	}
	if s.Sign == nil {
		return mime, nil
	}
	signers := s.Sign(m.From.Addr)
	if len(signers) == 0 {
		return mime, nil
	}
	defer mime.Close()
	return sign(mime, signers)
}

// transmit speaks SMTP for one mail. ok is false where nothing became of it and its lease shall simply end.
func (a *account) transmit(ctx context.Context, j job, past past, mime *spool) (result desk.Attempt, ok bool) {
	s, m := a.sender, j.mail
	for {
		if a.client == nil {
			a.records.write() // who knows how long a login takes
		}
		if err := a.connect(ctx); err != nil {
			return s.retry(m, past, code(err), a.down), true
		}
		left := lease - margin - s.Now().Sub(j.leased)
		if left <= 0 {
			return desk.Attempt{}, false
		}
		a.client.wire.step(min(left, stepTime))
		err := a.client.envelope(m)
		if err == nil {
			break
		}
		// A server may have hung up on a connection that it thinks has lived for long enough. That says nothing about this mail.
		if again := a.client.used && (code(err) == 0 || code(err) == 421) && !errors.Is(err, errUnsendable); again {
			a.drop()
			continue
		}
		a.settle(err)
		return s.verdict(m, past, err), true
	}

	if s.Now().Sub(j.leased) > lease-margin {
		a.drop()
		return desk.Attempt{}, false
	}
	data, reply := dataTime(mime.Size()), replyTime(mime.Size())
	trace := s.waits(m, stepTime+data+reply+margin, 0, begun)
	switch {
	case fault.Planted(fault.SentFirst):
		trace = desk.Attempt{Mail: m.ID, At: s.Now(), State: desk.MailSent}
	case fault.Planted(fault.NoTrace):
		trace.Text = postponed
	}
	trace.Turn = m.Attempts + 1
	if err := a.records.begin(ctx, trace); err != nil {
		s.Log.Error("record that a mail is being sent", "mail", m.ID, "err", err)
		a.drop()
		return desk.Attempt{}, false // of two nodes that have it, for whatever reason, one comes this far
	}
	m.Attempts++

	a.client.used = true
	a.client.wire.step(stepTime)
	w, err := a.client.Data()
	if err != nil {
		a.settle(err)
		return s.verdict(m, past, err), true
	}
	fault.Here(fault.Data)
	a.client.wire.step(data)
	if _, err := io.Copy(w, mime.reader()); err != nil {
		// Without its last dot no server takes a mail (RFC 5321, 4.1.1.4), and Close would send it.
		a.drop()
		return s.verdict(m, past, fmt.Errorf("line dropped while the message was being sent: %w", err)), true
	}
	a.client.wire.step(reply)
	a.client.wire.ending = true
	err = w.Close()
	a.client.wire.ending = false
	fault.Here(fault.Accepted)
	switch {
	case err == nil:
		return desk.Attempt{State: desk.MailSent, Code: 250, Text: response(w)}, true
	case code(err) == 0:
		a.drop()
		return s.unknown(m, past, err), true
	}
	a.settle(err)
	return s.verdict(m, past, err), true
}

// connect logs in where there is no connection. An account that cannot be reached or refuses the login is left alone for a while, longer
// each time: its mails wait, and no server is hammered with a wrong password.
func (a *account) connect(ctx context.Context) error {
	if a.client != nil {
		return nil
	}
	s := a.sender
	c, err := connect(ctx, s, a.smtp)
	if err != nil {
		a.down = fmt.Sprintf("%s cannot be used: %v", a.name(), err)
		a.downUntil = s.Now().Add(fault.Hurry(min(10*time.Second<<a.fails, 5*time.Minute)))
		a.fails = min(a.fails+1, 10)
		a.failed(a.down)
		a.refused(loginRefused(err) && code(err)/100 == 5)
		s.Log.Warn("connect to SMTP server", "account", a.name(), "err", clean(err.Error()))
		return err
	}
	a.fails, a.client = 0, c
	a.connected(true)
	a.refused(false)
	return nil
}

// settle leaves the connection ready for the next mail after one was refused, or drops it where that is no use.
func (a *account) settle(err error) {
	if code(err) == 0 && !errors.Is(err, errUnsendable) || code(err) == 421 {
		a.drop()
		return
	}
	a.client.used = true
	a.client.wire.step(stepTime)
	if a.client.Reset() != nil {
		a.drop()
	}
}

func (a *account) drop() {
	if a.client != nil {
		a.client.drop()
		a.client = nil
		a.connected(false)
	}
}

// hangUp ends the connection in good order.
func (a *account) hangUp() {
	if a.client != nil {
		a.client.wire.step(5 * time.Second)
		_ = a.client.Quit() // whatever it answers, we are gone
		a.drop()
	}
}

// shortestTurn is less than a mail takes anywhere. With a second, a backlog that once was looked at while the database was slow left at one
// mail a second from then on.
const shortestTurn = 20 * time.Millisecond

// turn is how long a mail that found no room stays away: until after those that were sent away before it, each taking as long as one
// does. So a backlog at a slow server is looked at about as often as it is worked off, not over and over; where it was
// slow only once, nobody waits for long.
func (a *account) turn(now time.Time) time.Duration {
	a.mu.Lock()
	each := a.took
	if !a.began.IsZero() {
		if sofar := now.Sub(a.began); sofar > fault.Hurry(5*time.Second) { // else it may be done the next moment
			each = max(each, sofar)
		}
	}
	a.mu.Unlock()
	a.last = maxTime(a.last, now.Add(fault.Hurry(time.Second))).Add(min(max(each, fault.Hurry(shortestTurn)), time.Minute))
	if far := now.Add(10 * time.Minute); a.last.After(far) {
		a.last = far
	}
	return a.last.Sub(now)
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// busy notes that a mail is begun, or with the zero time that it is done.
func (a *account) busy(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.IsZero() {
		took := a.sender.Now().Sub(a.began)
		if a.took == 0 {
			a.took = took
		}
		a.took += (took - a.took) / 8 // one slow mail says little of the next thousand
	}
	a.began = now
}

func (a *account) connected(is bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.health.Connected = is
}

func (a *account) refused(is bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.health.Refused = is
}

func (a *account) sent() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.health.LastSent, a.health.LastError = a.sender.Now(), ""
}

func (a *account) failed(why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.health.LastFail, a.health.LastError = a.sender.Now(), clean(why)
}

func (a *account) snapshot() AccountHealth {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.health
	h.Name = a.name()
	return h
}
