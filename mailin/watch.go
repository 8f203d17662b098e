package mailin

import (
	"context"
	"errors"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// idleLasts is how long one IDLE lasts. Routers forget a quiet line after some minutes, and a dead server is noticed only by asking.
const idleLasts = 4*time.Minute + 30*time.Second

var errNoIdle = errors.New("the server has no IDLE")

// watch has a connection of its own to hear of new mail at once, since one that idles can do nothing else. It is a convenience: where it
// fails, the clock still comes round.
func (p *Poller) watch(ctx context.Context, wake chan<- struct{}) {
	defer p.idling(false)
	for failures := 0; ctx.Err() == nil; failures++ {
		began := time.Now()
		err := p.idle(ctx, wake)
		p.idling(false)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errNoIdle):
			p.Log.Info("new mail is found by the clock alone", "mailbox", p.Mailbox.Name, "reason", err)
			return
		case time.Since(began) > idleLasts:
			failures = 0
		}
		// There is no hurry, and each try is a login.
		wait := p.backoff(failures, firstLogin, lastLogin)
		p.Log.Info("the server cannot tell of new mail", "mailbox", p.Mailbox.Name, "error", err, "retry_in", wait.Round(time.Second))
		p.sleep(ctx, wait)
	}
}

// idle rings at every word of the server that the folder has grown. The client must not be asked for anything from inside its handler,
// which runs where replies are read.
func (p *Poller) idle(ctx context.Context, wake chan<- struct{}) error {
	ring := func() {
		select {
		case wake <- struct{}{}:
		default: // one ring is enough for all that has come
		}
	}
	s, err := p.connect(ctx, &imapclient.UnilateralDataHandler{Mailbox: func(data *imapclient.UnilateralDataMailbox) {
		if data.NumMessages != nil {
			ring()
		}
	}})
	if err != nil {
		return err
	}
	defer s.close()
	if !s.caps.Has(imap.CapIdle) {
		return errNoIdle
	}
	if _, err := s.open(p.folder(), true); err != nil {
		return err
	}
	ring() // for what came while nobody listened
	timer := time.NewTimer(idleLasts)
	defer timer.Stop()
	for {
		cmd, err := s.idle()
		if err != nil {
			return err
		}
		p.idling(true)
		timer.Reset(idleLasts)
		select {
		case <-timer.C:
		case <-s.client.Closed():
			return errors.New("the server closed the line")
		}
		if err := s.endIdle(cmd); err != nil {
			return err
		}
		if err := s.noop(); err != nil {
			return err
		}
	}
}

func (s *server) idle() (*imapclient.IdleCommand, error) {
	defer s.line.expect()()
	cmd, err := s.client.Idle()
	return cmd, s.line.why(err)
}

func (s *server) endIdle(cmd *imapclient.IdleCommand) error {
	defer s.line.expect()()
	if err := cmd.Close(); err != nil {
		return s.line.why(err)
	}
	return s.line.why(cmd.Wait())
}

func (p *Poller) folder() string {
	if p.Mailbox.IMAP.Folder == "" {
		return "INBOX"
	}
	return p.Mailbox.IMAP.Folder
}
