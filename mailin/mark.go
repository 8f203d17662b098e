package mailin

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/postdesk/postdesk/desk/fault"
)

// markAtOnce keeps command lines short.
const markAtOnce = 500

// sweep marks what the desk took in earlier without our having got to mark it: a crash in between costs this second look. It is done
// once a connection.
func (p *Poller) sweep(s *server, through uint32) error {
	account := p.Mailbox.IMAP
	if s.swept || through == 0 || account.Move == "" && !s.keeps(account.Flag) {
		return nil
	}
	s.swept = true
	criteria := imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagDeleted}}
	if account.Move == "" {
		criteria.NotFlag = []imap.Flag{imap.Flag(account.Flag)}
	}
	uids, err := s.search(1, through, criteria)
	if err != nil {
		return fmt.Errorf("look for mails to mark: %w", err)
	}
	return p.mark(s, uids)
}

// mark sets the flag and moves, as the operator wants it. The mails are with the desk already, so a server that says no is told of and
// does not stop the polling (T095).
func (p *Poller) mark(s *server, uids []uint32) error {
	if s.broken || s.moved {
		return nil // of a broken line, the next connection sweeps
	}
	account := p.Mailbox.IMAP
	for some := range slices.Chunk(uids, markAtOnce) {
		set := uidSet(some...)
		err := s.flag(set, account.Flag)
		if err == nil {
			err = s.move(set, account.Move)
		}
		fault.Here(fault.Marked)
		if refused := (*imap.Error)(nil); errors.As(err, &refused) {
			err = fmt.Errorf("mark mails on the server: %w", err)
			p.noted(err)
			p.Log.Warn("mails are with the desk, and not marked on the server", "mailbox", p.Mailbox.Name, "mails", len(some), "error", err)
			return nil
		}
		if err != nil {
			return fmt.Errorf("mark mails on the server: %w", err)
		}
	}
	return nil
}

// keeps tells whether the folder can keep a flag.
func (s *server) keeps(flag string) bool {
	allowed := s.selected.PermanentFlags
	if flag == "" || len(allowed) == 0 {
		return flag != "" // a server that says nothing keeps them all (RFC 3501, 6.3.1)
	}
	return slices.ContainsFunc(allowed, func(f imap.Flag) bool {
		return strings.EqualFold(string(f), flag) || f == imap.FlagWildcard && !strings.HasPrefix(flag, `\`)
	})
}

func (s *server) flag(set imap.UIDSet, flag string) error {
	if flag == "" {
		return nil
	}
	if !s.keeps(flag) {
		return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "the folder cannot keep the flag " + flag}
	}
	return s.store(set, imap.Flag(flag))
}

func (s *server) store(set imap.UIDSet, flag imap.Flag) error {
	defer s.line.expect()()
	return s.line.why(s.client.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{flag}}, nil).Close())
}

// move puts mails into another folder of the account, which is made when it is not there.
func (s *server) move(set imap.UIDSet, folder string) error {
	if folder == "" {
		return nil
	}
	err := s.tryMove(set, folder)
	if refused := (*imap.Error)(nil); errors.As(err, &refused) && refused.Code == imap.ResponseCodeTryCreate {
		if err := s.create(folder); err != nil {
			return err
		}
		err = s.tryMove(set, folder)
	}
	return err
}

// tryMove does without the client's own replacement for a missing MOVE, which does not wait for the copy before it deletes: a refused
// copy would cost the mail. Here a step follows on the OK of the one before, and without UIDPLUS nothing is moved, for a plain EXPUNGE
// would also remove what other clients have only marked.
func (s *server) tryMove(set imap.UIDSet, folder string) error {
	switch {
	case s.caps.Has(imap.CapMove):
		defer s.line.expect()()
		_, err := s.client.Move(set, folder).Wait()
		return s.line.why(err)
	case !s.caps.Has(imap.CapUIDPlus):
		return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "the server can neither MOVE nor UID EXPUNGE, mails stay where they are"}
	}
	copied, err := s.copy(set, folder)
	if err != nil {
		return err
	}
	if err := s.store(copied, imap.FlagDeleted); err != nil {
		return err
	}
	defer s.line.expect()()
	return s.line.why(s.client.UIDExpunge(copied).Close())
}

// copy gives what the server says it has copied; what somebody else has removed meanwhile is not among it. A server that does not say
// has copied all that was there, since COPY is done wholly or not at all (RFC 9051, 6.4.7).
func (s *server) copy(set imap.UIDSet, folder string) (imap.UIDSet, error) {
	defer s.line.expect()()
	data, err := s.client.Copy(set, folder).Wait()
	if err != nil {
		return nil, s.line.why(err)
	}
	if len(data.SourceUIDs) == 0 {
		return set, nil
	}
	return data.SourceUIDs, nil
}

func (s *server) create(folder string) error {
	defer s.line.expect()()
	return s.line.why(s.client.Create(folder, nil).Wait())
}
