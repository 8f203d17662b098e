package postoffice

import (
	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// Store changes flags.
func (s *session) Store(w *imapserver.FetchWriter, set imap.NumSet, flags *imap.StoreFlags, _ *imap.StoreOptions) error {
	if _, _, err := s.fault("STORE", s.one(set)); err != nil {
		return err
	}
	s.office.mu.Lock()
	for _, m := range s.pick(set) {
		m.m.store(flags.Op, flags.Flags)
		s.folder.tracker.QueueMessageFlags(m.seq, m.uid, m.m.flagList(), s.tracker)
	}
	s.office.change()
	s.office.mu.Unlock()
	if flags.Silent {
		return nil
	}
	return s.Fetch(w, set, &imap.FetchOptions{Flags: true})
}

// Copy puts mails into another folder as well.
func (s *session) Copy(set imap.NumSet, dest string) (*imap.CopyData, error) {
	if _, _, err := s.fault("COPY", s.one(set)); err != nil {
		return nil, err
	}
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	data, _, err := s.copy(set, dest)
	return data, err
}

func (s *session) copy(set imap.NumSet, dest string) (*imap.CopyData, []numbered, error) {
	to := s.account.folder(dest)
	switch to {
	case nil:
		return nil, nil, errTryCreate
	case s.folder:
		return nil, nil, errSame
	}
	data := &imap.CopyData{UIDValidity: to.validity}
	picked := s.pick(set)
	for _, m := range picked {
		data.SourceUIDs.AddNum(m.uid)
		data.DestUIDs.AddNum(to.add(m.raw, m.at, m.flagList()).uid)
	}
	s.office.change()
	if len(picked) == 0 {
		data = nil // COPYUID has no way to say "none"
	}
	return data, picked, nil
}

// Move puts mails into another folder.
func (s *session) Move(w *imapserver.MoveWriter, set imap.NumSet, dest string) error {
	if _, _, err := s.fault("MOVE", s.one(set)); err != nil {
		return err
	}
	s.office.mu.Lock()
	data, picked, err := s.copy(set, dest)
	if err == nil {
		gone := make(map[*stored]bool)
		for _, m := range picked {
			gone[m.m] = true
		}
		// The session itself learns of them as everybody does, by the EXPUNGE that comes before the command's OK.
		s.folder.remove(func(m *stored) bool { return gone[m] })
	}
	s.office.mu.Unlock()
	if err != nil || data == nil {
		return err
	}
	return w.WriteCopyData(data)
}

// Expunge removes mails with \Deleted.
func (s *session) Expunge(_ *imapserver.ExpungeWriter, uids *imap.UIDSet) error {
	if _, _, err := s.fault("EXPUNGE", 0); err != nil {
		return err
	}
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	s.folder.remove(func(m *stored) bool {
		return m.has(imap.FlagDeleted) && (uids == nil || within(s.static(*uids), 0, m.uid))
	})
	s.office.change()
	return nil
}
