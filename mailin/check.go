package mailin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/postdesk/postdesk/mailin/parse"
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

	// Of the last mails, how many were looked at, of how many the pinned server has said who wrote them, and of how many it has said so
	// where it does not count (RFC 8601, 4). None, where no server is pinned.
	Seen, Vouched, Below int
}

// Check does what a Poller does first: it connects, logs in and opens the folder, and the one that mails are moved to. It changes nothing
// on the server. Of p it needs Mailbox and Trust, and Dial, TLS and Tokens if they are set.
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
		if look.Newest, err = s.arrival(look.Mails); err == nil && p.Trust.Server != "" {
			err = p.heed(s, &look)
		}
	}
	return look, err
}

// heeded is how many mails show what the pinned server does.
const heeded = 10

// heed looks for the word of the pinned server in the headers of the last mails.
func (p *Poller) heed(s *server, look *Look) error {
	uids, err := s.last(look.Mails, heeded)
	if err != nil {
		return err
	}
	spool := &spooled{folder: p.Spool}
	defer func() { spool.close() }()
	for _, uid := range uids {
		if _, err := s.body(uid, headerOnly, maxHeader, spool.anew); err != nil {
			return fmt.Errorf("read the header of UID %d: %w", uid, err)
		}
		counts, elsewhere := p.Trust.Word(parse.Parse(spool))
		look.Seen++
		if counts {
			look.Vouched++
		}
		if elsewhere {
			look.Below++
		}
	}
	return nil
}

// last are the UIDs of the last n mails of a folder with so many.
func (s *server) last(mails uint32, n uint32) (uids []uint32, err error) {
	defer s.line.expect()()
	from := uint32(1)
	if mails > n {
		from = mails - n + 1
	}
	all, err := s.client.Fetch(imap.SeqSet{{Start: from, Stop: mails}}, &imap.FetchOptions{UID: true}).Collect()
	if err != nil {
		return nil, fmt.Errorf("ask for the last mails: %w", s.line.why(err))
	}
	for _, m := range all {
		if m.UID != 0 {
			uids = append(uids, uint32(m.UID))
		}
	}
	return uids, nil
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
