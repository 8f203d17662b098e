// Package mailin brings mails from IMAP mailboxes to the desk: each once, in the order of arrival, whatever the line, the server and the
// database do meanwhile. It hides the protocol with all its traps, the lease by which one node polls a mailbox at a time, and the retries.
// What becomes of a mail is the desk's to say.
//
// How far a mailbox was read is the desk's cursor, UIDVALIDITY and UID, saved with the mail; nothing on the server tells it, for people
// read their mail in other clients too (F28). So a mail is marked or moved on the server only after the desk has it, and a crash in
// between costs a second look.
package mailin

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/mailin/auth"
)

// A Desk is what a Poller asks of the desk; *desk.Desk is the one that works.
type Desk interface {
	Cursor(ctx context.Context, mailbox, folder string) (c desk.Cursor, found bool, err error)
	LeaseMailbox(ctx context.Context, mailbox string, lasts time.Duration) (ours bool, err error)
	ReleaseMailbox(ctx context.Context, mailbox string) error
	Receive(ctx context.Context, arrivals []desk.Arrival) ([]desk.Reception, error)
	Lacks(ctx context.Context, mailbox, folder string) (since time.Time, lacks bool, err error)
	Recovered(ctx context.Context, mailbox, folder string) error
}

var _ Desk = (*desk.Desk)(nil)

// Tokens let us into mailboxes that take no password; *oauth.Source is the one that works.
type Tokens interface {
	Token(ctx context.Context, provider, user string) (string, error)
	Refused(provider, user, token string) // a server did not take it
}

// A Poller reads one mailbox. It is set up by its exported fields and runs once.
type Poller struct {
	Mailbox *policy.Mailbox // one with IMAP
	Desk    Desk
	Trust   auth.Trust       // whose word counts for mails of this mailbox
	Checker *auth.Checker    // verifies signatures beside the trusted server's word; nil: that word alone
	Now     func() time.Time // UTC
	Log     *slog.Logger

	Tokens Tokens                                                               // of mailboxes that are opened by them; nil: there is none
	Dial   func(ctx context.Context, network, address string) (net.Conn, error) // nil: the network
	TLS    *tls.Config                                                          // nil: the system's authorities
	Rand   io.Reader                                                            // spreads retries; nil: the system's
	Spool  string                                                               // folder for long mails while they are read; "" for the system's
	Limit  int64                                                                // bytes above which only a mail's header is taken in; 0: 200 MB

	mu      sync.Mutex
	health  Health
	trouble map[desk.Position]*trouble // the work's alone
	gaveUp  time.Time                  // when a mail was last taken without what the DNS would tell
}

const (
	defaultLimit = 200 << 20
	defaultEvery = 5 * time.Minute
	longestEvery = 20 * time.Minute // a server may log out who is quiet for half an hour (RFC 9051, 5.4)

	// Servers lock accounts whose password is tried too often.
	firstLogin = 30 * time.Second
	lastLogin  = 10 * time.Minute
)

// These never change; tests of crashes have them shorter.
var (
	// A node that dies is followed by another one within both times together, and that is less than ten seconds (O4).
	leaseLasts  = fault.Hurry(7 * time.Second)
	standbyLook = leaseLasts / 7

	firstRetry = fault.Hurry(time.Second)
	lastRetry  = fault.Hurry(time.Minute) // a database that was away is noticed within it (T107)
)

// Run polls until ctx ends, and returns after everything it started. No fault ends it: it backs off, says so in Health and the log, and
// tries again. It returns an error only where a field is missing.
func (p *Poller) Run(ctx context.Context) error {
	if err := p.check(); err != nil {
		return err
	}
	defer p.enter(Stopped)
	p.enter(Starting)
	p.trouble = make(map[desk.Position]*trouble)
	for failures := 0; ctx.Err() == nil; {
		began := time.Now()
		err := p.hold(ctx)
		if ctx.Err() != nil {
			break
		}
		if errors.Is(err, errStandby) {
			p.enter(Standby)
			p.sleep(ctx, standbyLook)
			continue
		}
		if time.Since(began) > lastRetry {
			failures = 0 // it worked for a while
		}
		wait := p.backoff(failures, firstRetry, lastRetry)
		if refused := (*loginError)(nil); errors.As(err, &refused) {
			wait = p.backoff(failures, firstLogin, lastLogin)
		}
		failures++
		p.failed(err)
		p.Log.Warn("mailbox cannot be polled", "mailbox", p.Mailbox.Name, "error", err, "retry_in", wait.Round(time.Second))
		p.sleep(ctx, wait)
	}
	return nil
}

func (p *Poller) check() error {
	missing := ""
	switch {
	case p.Mailbox == nil:
		missing = "Mailbox"
	case p.Mailbox.IMAP == nil:
		missing = "Mailbox.IMAP"
	case p.Desk == nil:
		missing = "Desk"
	case p.Now == nil:
		missing = "Now"
	case p.Log == nil:
		missing = "Log"
	}
	if missing != "" {
		return fmt.Errorf("mailin: poller without %s", missing)
	}
	return nil
}

// errStandby says that another node polls the mailbox.
var errStandby = errors.New("another node has the mailbox")

// hold polls for as long as the mailbox is leased to us.
func (p *Poller) hold(ctx context.Context) error {
	asked := time.Now()
	ours, err := p.Desk.LeaseMailbox(ctx, p.Mailbox.Name, leaseLasts)
	if err != nil {
		return fmt.Errorf("lease the mailbox: %w", err)
	}
	if !ours {
		return errStandby
	}

	held, stop := context.WithCancelCause(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() { p.keepLease(held, asked, stop) })
	err = p.work(held)
	if cause := context.Cause(held); cause != nil {
		err = cause
	}
	stop(err)
	keeping.Wait()

	// The other nodes need not wait for the lease to end by itself.
	release, done := context.WithTimeout(context.WithoutCancel(ctx), leaseLasts)
	defer done()
	if err := p.Desk.ReleaseMailbox(release, p.Mailbox.Name); err != nil {
		p.Log.Warn("mailbox is not given up before its lease ends", "mailbox", p.Mailbox.Name, "error", err)
	}
	return err
}

// keepLease renews the lease, and stops the work when it is another node's, or before it ends without an answer. Its time runs from
// before each request, so that it never seems to last longer here than it does in the database.
func (p *Poller) keepLease(ctx context.Context, asked time.Time, stop context.CancelCauseFunc) {
	for p.sleep(ctx, leaseLasts/3) {
		now := time.Now()
		renew, done := context.WithDeadline(ctx, asked.Add(leaseLasts))
		ours, err := p.Desk.LeaseMailbox(renew, p.Mailbox.Name, leaseLasts)
		done()
		switch {
		case err == nil && ours:
			asked = now
		case err == nil:
			stop(errStandby)
			return
		case time.Since(asked) >= leaseLasts*2/3: // the next answer would come too late
			stop(fmt.Errorf("renew the lease of the mailbox: %w", err))
			return
		}
	}
}

// work is one connection's life: a pass, and another one whenever the server has news or the clock says so.
func (p *Poller) work(ctx context.Context) error {
	p.enter(Polling)
	s, err := p.connect(ctx, nil)
	if err != nil {
		return err
	}
	defer s.close()
	if err := p.recoverMoved(ctx, s); err != nil { // first, since these came in before those that wait
		return err
	}
	if err := p.pass(ctx, s); err != nil {
		return err
	}

	// Only now: a password that is wrong is wrong for both connections.
	watched, stop := context.WithCancel(ctx)
	var watching sync.WaitGroup
	wake := make(chan struct{}, 1)
	watching.Go(func() { p.watch(watched, wake) })
	defer watching.Wait()
	defer stop()

	every := p.Mailbox.IMAP.Every
	if every <= 0 {
		every = defaultEvery
	}
	clock := time.NewTicker(min(every, longestEvery))
	defer clock.Stop()
	for {
		p.enter(Waiting)
		select {
		case <-wake:
		case <-clock.C:
		case <-s.client.Closed():
			return errors.New("the server closed the line")
		case <-ctx.Done():
			return ctx.Err()
		}
		p.enter(Polling)
		if err := p.pass(ctx, s); err != nil {
			return err
		}
	}
}

// backoff doubles with every failure, and is spread so that nodes and mailboxes that failed together do not come back together.
func (p *Poller) backoff(failures int, first, last time.Duration) time.Duration {
	d := first << min(failures, 20)
	d = min(d, last)
	source := p.Rand
	if source == nil {
		source = rand.Reader
	}
	var b [8]byte
	if _, err := io.ReadFull(source, b[:]); err != nil {
		return d
	}
	half := uint64(d / 2)
	return d/2 + time.Duration(binary.NativeEndian.Uint64(b[:])%(half+1))
}

// sleep tells whether the time has passed without ctx ending.
func (p *Poller) sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
