// Package mailout sends what the desk has put into its outbox: it leases a mail, builds its MIME once, speaks SMTP, retries and gives
// up. It hides everything between "this mail shall go out" and "this became of it": MIME, connections, servers that are slow, full,
// strict or gone, and above all the question whether a mail whose connection broke was taken.
//
// The rule for that question is two copies at most (T091). The bytes are stored before the first try and are the same on every one (G5).
// Just before DATA the try is written down as begun, so that even a process that dies there leaves a trace; a try that began and whose
// end nobody knows is unsure, and a mail with two of them is given up and shown to people rather than sent a third time.
package mailout

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/desk/policy"
)

// A Desk is what the sender asks of desk.Desk.
type Desk interface {
	LeaseMails(ctx context.Context, lasts time.Duration, most int) ([]*desk.Mail, error)
	Reveal(ctx context.Context, m *desk.Mail) error
	KeepMIME(ctx context.Context, mails ...*desk.Composed) error
	MIME(ctx context.Context, m *desk.Mail, w io.Writer) error
	Source(ctx context.Context, id int64, w io.Writer) error
	Tried(ctx context.Context, tries ...desk.Attempt) error
	Attempts(ctx context.Context, mail int64) ([]desk.Attempt, error)
	NextMail(ctx context.Context) (time.Time, error)
}

// Tokens let us send by accounts that take no password; *oauth.Source is the one that works.
type Tokens interface {
	Token(ctx context.Context, provider, user string) (string, error)
	Refused(provider, user, token string) // a server did not take it
}

// These never change; tests of crashes have them shorter.
var (
	// lease is how long a mail is claimed before its DATA. It is short, for it is also how long the mail of a node that died waits for
	// another one (O4); from DATA on the claim is as long as the mail needs.
	lease = fault.Hurry(time.Minute)
	// look is how often the outbox is looked at unasked: mail that other processes put there wakes nobody here.
	look = fault.Hurry(10 * time.Second)
)

const (
	// queued is how many mails are leased at once, and how many leased ones wait for one account. More would only let their leases run out.
	queued = 4
	// swift is how little a mail takes where several are made ready together.
	swift = time.Second
	// patience is how long the sender waits for room in an account's queue before it turns to the mails of others.
	patience = 200 * time.Millisecond
	// farewell is how long a mail under way may take once the sender is told to stop.
	farewell = 10 * time.Second
)

// A Sender is set up by its exported fields. Those without a remark must be set.
type Sender struct {
	Desk    Desk
	Account func(mailbox string) *policy.SMTP // where the mailbox's mail is submitted; nil: nowhere now
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	Now     func() time.Time
	Hello   string // the name given in EHLO (RFC 5321, 4.1.1.1)
	Log     *slog.Logger

	Sign     func(from string) []policy.Signer // the keys that sign mail from an address; nil: none does
	Tokens   Tokens                            // of accounts that are opened by them; nil: there is none
	Wake     <-chan struct{}                   // says that mail was put into the outbox; nil: it is looked at every few seconds
	Schedule []time.Duration                   // time to the next try after each one that failed; empty: defaultSchedule
	TLS      *tls.Config                       // what else than the system's roots to trust; nil: nothing

	mu       sync.Mutex
	accounts map[lane]*account
	returned []*desk.Mail // Run's alone: leased when it was told to end
	outbox   string       // why the outbox cannot be read; "" when it can
}

// defaultSchedule tries for about three days. RFC 5321, 4.5.4.1 has relays try for four or five; the engineer whose answer does not
// arrive should hear of it sooner.
var defaultSchedule = append([]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 2 * time.Hour},
	slices.Repeat([]time.Duration{4 * time.Hour}, 17)...)

// Run sends until ctx ends, and returns after everything it started. A mail under way then gets a few seconds to end well.
func (s *Sender) Run(ctx context.Context) error {
	if s.Desk == nil || s.Account == nil || s.Dial == nil || s.Now == nil || s.Hello == "" || s.Log == nil {
		return errors.New("mailout: a Sender needs Desk, Account, Dial, Now, Hello and Log")
	}
	s.mu.Lock()
	s.accounts, s.returned = map[lane]*account{}, nil // the workers of an earlier Run have ended
	s.mu.Unlock()
	// What is begun outlives ctx by a little: a line cut behind the last dot would leave a mail that nobody knows about.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	var workers sync.WaitGroup
	defer func() {
		timer := time.AfterFunc(farewell, end)
		workers.Wait()
		timer.Stop()
		end()
		s.giveBack(ctx)
	}()
	for ctx.Err() == nil {
		leased := s.Now()
		ms, err := s.Desk.LeaseMails(ctx, lease, queued)
		switch {
		case ctx.Err() != nil:
			s.returned = append(s.returned, ms...)
		case err != nil:
			s.outboxState(err)
			s.rest(ctx, look)
		case len(ms) == 0:
			s.outboxState(nil)
			s.rest(ctx, s.untilNext(ctx))
		default:
			s.outboxState(nil)
			for _, m := range ms {
				fault.Here(fault.Claimed)
				s.hand(ctx, life, &workers, job{mail: m, leased: leased})
			}
		}
	}
	return nil
}

// untilNext is how long nothing is to be done. It is never nothing: a mail that is due and yet not to be had is leased by others.
func (s *Sender) untilNext(ctx context.Context) time.Duration {
	at, err := s.Desk.NextMail(ctx)
	if err != nil || at.IsZero() {
		return look
	}
	return min(max(at.Sub(s.Now()), fault.Hurry(time.Second)), look)
}

// rest waits for the clock, a wake or the end.
func (s *Sender) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-s.Wake:
	}
}

// outboxState logs and remembers a change: the outbox cannot be read, or can again.
func (s *Sender) outboxState(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.outbox = ""
	case s.outbox == "":
		s.Log.Error("lease mail", "err", err)
		s.outbox = err.Error()
	}
}

// A job is a mail with the time at which it was leased, and its bytes where they were made and stored in this process.
type job struct {
	mail   *desk.Mail
	leased time.Time
	mime   *spool
}

// hand gives a mail to its account's worker. Where that one is slow, the mail is put back to when its turn may come, and the mails of
// other accounts go on.
func (s *Sender) hand(ctx, life context.Context, workers *sync.WaitGroup, j job) {
	if ctx.Err() != nil {
		s.returned = append(s.returned, j.mail)
		return
	}
	smtp := s.Account(j.mail.Mailbox)
	if smtp == nil {
		s.noAccount(ctx, j.mail)
		return
	}
	a, isNew := s.account(laneOf(j.mail, *smtp))
	if isNew {
		workers.Go(func() { a.run(ctx, life) })
	}
	select {
	case a.jobs <- j:
		a.stalled = false
		return
	default:
	}
	if !a.stalled {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case a.jobs <- j:
			return
		case <-ctx.Done():
			s.returned = append(s.returned, j.mail)
			return
		case <-timer.C:
		}
	}
	a.stalled = true
	s.end(ctx, j.mail, s.waits(j.mail, a.turn(s.Now()), 0, postponed+"mails before it are still on their way"))
}

// giveBack makes room for other nodes, and for the next start: what is leased and was not begun need not wait until its lease ends. All
// workers have ended by now.
func (s *Sender) giveBack(ctx context.Context) {
	s.mu.Lock()
	for _, a := range s.accounts {
		for _, j := range a.left {
			s.returned = append(s.returned, j.mail)
		}
		a.left = nil
		for len(a.jobs) > 0 {
			s.returned = append(s.returned, (<-a.jobs).mail)
		}
	}
	s.mu.Unlock()
	for _, m := range s.returned {
		a := s.waits(m, 0, 0, postponed+"the node stopped")
		a.Turn = m.Attempts + 1
		if err := s.record(ctx, a); err != nil && !errors.Is(err, desk.ErrTaken) {
			return // told by record; their leases end by themselves
		}
	}
}

// A lane is one of the connections that an account may have at one time.
type lane struct {
	smtp   policy.SMTP
	number int
}

// laneOf sends all mails of a ticket over one connection, so that an acknowledgement is not on its way beside the answer.
func laneOf(m *desk.Mail, smtp policy.SMTP) lane {
	n := int64(max(smtp.Parallel, 1))
	return lane{smtp, int(((m.Ticket % n) + n) % n)}
}

func (s *Sender) account(l lane) (a *account, isNew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, ok := s.accounts[l]; ok {
		return a, false
	}
	a = &account{sender: s, smtp: l.smtp, jobs: make(chan job, queued)}
	a.records.sender = s
	s.accounts[l] = a
	return a, true
}

// noAccount is the try of a mail for which the policy has no account (any more): it waits for the policy as for a server.
func (s *Sender) noAccount(ctx context.Context, m *desk.Mail) {
	past, err := s.history(ctx, m)
	if err != nil {
		s.Log.Error("read attempts", "mail", m.ID, "err", err)
		return
	}
	s.end(ctx, m, s.retry(m, past, 0, fmt.Sprintf("mailbox %s has no SMTP account in the policy", m.Mailbox)))
}

// Health says how sending goes, for pages and metrics.
type Health struct {
	Outbox   string // why no mail can be leased; "" when all is well
	Accounts []AccountHealth
}

// AccountHealth is one SMTP account as it stands. Times are zero for what has not happened since the start.
type AccountHealth struct {
	Name      string // user@host:port
	Connected bool
	LastSent  time.Time
	Refused   bool   // at the last login the server took neither name nor password
	LastError string // of the last try that did not succeed, "" when one has succeeded since
	LastFail  time.Time
}

// with is an account's health with that of another of its connections: the last thing that happened on any counts.
func (h AccountHealth) with(o AccountHealth) AccountHealth {
	both := AccountHealth{Name: o.Name, Connected: h.Connected || o.Connected, LastSent: h.LastSent, Refused: h.Refused || o.Refused, LastError: h.LastError, LastFail: h.LastFail}
	if o.LastSent.After(both.LastSent) {
		both.LastSent = o.LastSent
	}
	if o.LastError != "" && (both.LastError == "" || o.LastFail.After(both.LastFail)) {
		both.LastError = o.LastError
	}
	if o.LastFail.After(both.LastFail) {
		both.LastFail = o.LastFail
	}
	return both
}

// Health is a snapshot, the accounts in order of their names.
func (s *Sender) Health() Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := Health{Outbox: s.outbox}
	all := map[string]AccountHealth{}
	for _, a := range s.accounts {
		one := a.snapshot()
		all[one.Name] = all[one.Name].with(one)
	}
	h.Accounts = slices.AppendSeq(h.Accounts, maps.Values(all))
	slices.SortFunc(h.Accounts, func(a, b AccountHealth) int { return cmp.Compare(a.Name, b.Name) })
	return h
}
