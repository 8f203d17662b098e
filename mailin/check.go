package mailin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
)

// What Check may find wrong, beside what network and TLS say. Each comes with what the server said.
var (
	ErrNoTLS  = errors.New("the server offers no TLS")
	ErrLogin  = errors.New("the server refuses the name or the password")
	ErrFolder = errors.New("the folder cannot be opened")
)

// A Look is what Check saw of a mailbox.
type Look struct {
	Mails  uint32
	Newest time.Time // when the server took the last of them, by its own clock; zero where there is none

	// What the server can do: tell of new mail at once (RFC 2177), move mails (RFC 6851), and remove one mail alone (RFC 4315).
	Idle, Move, UIDPlus bool
}

// Check does what a Poller does first: it connects, logs in and opens the folder, and the one that mails are moved to. It changes nothing
// on the server. Of p it needs Mailbox, and Dial, TLS and Tokens if they are set.
func (p *Poller) Check(ctx context.Context) (Look, error) {
	look, err := p.look(ctx)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx) // what the client makes of a line that was closed under it says less
	}
	return look, err
}

func (p *Poller) look(ctx context.Context) (look Look, err error) {
	s, err := p.connect(ctx, nil)
	if err != nil {
		refused, answer := (*loginError)(nil), (*imap.Error)(nil)
		switch {
		case errors.As(err, &refused):
			err = fmt.Errorf("%w: %w", ErrLogin, err)
		case p.Mailbox.IMAP.TLS == "starttls" && errors.As(err, &answer) && answer.Type != imap.StatusResponseTypeBye:
			err = fmt.Errorf("%w: %w", ErrNoTLS, err)
		}
		return look, err
	}
	defer s.close()
	look.Idle, look.Move, look.UIDPlus = s.caps.Has(imap.CapIdle), s.caps.Has(imap.CapMove), s.caps.Has(imap.CapUIDPlus)
	if to := p.Mailbox.IMAP.Move; to != "" {
		if err := s.exists(to); err != nil {
			return look, fmt.Errorf("%w: %w", ErrFolder, err)
		}
	}
	folder, err := s.open(p.folder(), true)
	if err != nil {
		return look, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if look.Mails = folder.NumMessages; look.Mails > 0 {
		look.Newest, err = s.arrival(look.Mails)
	}
	return look, err
}

// exists asks for a folder without opening it.
func (s *server) exists(folder string) error {
	defer s.line.expect()()
	if _, err := s.client.Status(folder, &imap.StatusOptions{NumMessages: true}).Wait(); err != nil {
		return fmt.Errorf("look for folder %s: %w", folder, s.line.why(err))
	}
	return nil
}

// arrival is the INTERNALDATE of one mail, by its place in the folder; zero where the server does not tell.
func (s *server) arrival(place uint32) (time.Time, error) {
	defer s.line.expect()()
	mails, err := s.client.Fetch(imap.SeqSetNum(place), &imap.FetchOptions{InternalDate: true}).Collect()
	if err != nil {
		return time.Time{}, fmt.Errorf("ask when the last mail came: %w", s.line.why(err))
	}
	if len(mails) == 0 {
		return time.Time{}, nil
	}
	return mails[0].InternalDate.UTC(), nil
}
