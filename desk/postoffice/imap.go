package postoffice

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// A session is one client of the IMAP server. The library's own server in memory is not used: it gives out a mail as it understands it,
// with its header written anew, and a mail that it does not understand as nothing at all.
type session struct {
	office  *Office
	conn    *imapserver.Conn
	account *account
	folder  *folder // nil until one is selected
	tracker *imapserver.SessionTracker
	idling  sync.Mutex // held by Idle, which the library does not wait for when the line breaks
}

var _ imapserver.SessionMove = (*session)(nil)
var _ imapserver.SessionNamespace = (*session)(nil)

const delimiter = '/'

var (
	errNoFolder  = &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeNonExistent, Text: "No such mailbox"}
	errTryCreate = &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeTryCreate, Text: "No such mailbox"}
	errExists    = &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeAlreadyExists, Text: "Mailbox already exists"}
	errSame      = &imap.Error{Type: imap.StatusResponseTypeNo, Text: "Mails are in this mailbox already"}
)

func (s *session) line() *line { return lineOf(s.conn.NetConn()) }

// fault lets a command go wrong. With more, the command goes on, in the way that the fault says.
func (s *session) fault(command string, uid uint32) (f IMAPFault, more bool, err error) {
	f, ok := s.office.imapFault(command, uid)
	if !ok {
		return f, false, nil
	}
	switch f.How {
	case Refuse:
		return f, false, &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCode(f.Code), Text: f.Text}
	case Hang:
		<-s.line().done
		return f, false, errors.New("the line broke")
	case Cut:
		s.line().cutAfter(f.After)
		return f, false, nil
	}
	return f, true, nil
}

// Close ends the session.
func (s *session) Close() error {
	s.idling.Lock()
	defer s.idling.Unlock()
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	s.unselect()
	return nil
}

// Login checks the password. The name is the account's address.
func (s *session) Login(username, password string) error {
	if _, _, err := s.fault("LOGIN", 0); err != nil {
		return err
	}
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	acc := s.office.accounts[strings.ToLower(username)]
	if acc == nil || acc.password != password {
		return imapserver.ErrAuthFailed
	}
	s.account = acc
	return nil
}

// Select opens a folder.
func (s *session) Select(name string, _ *imap.SelectOptions) (*imap.SelectData, error) {
	if _, _, err := s.fault("SELECT", 0); err != nil {
		return nil, err
	}
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	f := s.account.folder(name)
	if f == nil {
		return nil, errNoFolder
	}
	s.folder, s.tracker = f, f.tracker.NewSession()
	f.sessions[s] = struct{}{}
	flags := f.flags()
	return &imap.SelectData{
		Flags:          flags,
		PermanentFlags: append(slices.Clone(flags), imap.FlagWildcard),
		NumMessages:    uint32(len(f.mails)),
		UIDNext:        f.next,
		UIDValidity:    f.validity,
	}, nil
}

// Unselect closes the folder.
func (s *session) Unselect() error {
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	s.unselect()
	return nil
}

func (s *session) unselect() {
	if s.folder != nil {
		delete(s.folder.sessions, s)
		s.tracker.Close()
		s.folder, s.tracker = nil, nil
	}
}

// Create makes a folder.
func (s *session) Create(name string, _ *imap.CreateOptions) error {
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	name = strings.TrimRight(name, string(delimiter))
	if s.account.folder(name) != nil {
		return errExists
	}
	s.account.folders[name] = newFolder(name, 1)
	return nil
}

// Delete removes a folder with its mails.
func (s *session) Delete(name string) error {
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	f := s.account.folder(name)
	if f == nil || f.name == "INBOX" {
		return errNoFolder
	}
	delete(s.account.folders, f.name)
	return nil
}

// Rename gives a folder another name.
func (s *session) Rename(old, name string, _ *imap.RenameOptions) error {
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	f := s.account.folder(old)
	if f == nil || f.name == "INBOX" {
		return errNoFolder
	}
	if s.account.folder(name) != nil {
		return errExists
	}
	delete(s.account.folders, f.name)
	f.name = name
	s.account.folders[name] = f
	return nil
}

// Subscribe does nothing: all folders count as subscribed.
func (s *session) Subscribe(string) error { return nil }

// Unsubscribe does nothing, as Subscribe.
func (s *session) Unsubscribe(string) error { return nil }

// Namespace says that all folders are the account's own.
func (s *session) Namespace() (*imap.NamespaceData, error) {
	return &imap.NamespaceData{Personal: []imap.NamespaceDescriptor{{Delim: delimiter}}}, nil
}

// List names the folders.
func (s *session) List(w *imapserver.ListWriter, ref string, patterns []string, options *imap.ListOptions) error {
	if len(patterns) == 0 {
		return w.WriteList(&imap.ListData{Attrs: []imap.MailboxAttr{imap.MailboxAttrNoSelect}, Delim: delimiter})
	}
	s.office.mu.Lock()
	var list []imap.ListData
	for _, name := range s.account.folderNames() {
		for _, pattern := range patterns {
			if imapserver.MatchList(name, delimiter, ref, pattern) {
				list = append(list, imap.ListData{Mailbox: name, Delim: delimiter})
				break
			}
		}
	}
	s.office.mu.Unlock()
	for _, data := range list {
		if err := w.WriteList(&data); err != nil {
			return err
		}
	}
	return nil
}

// Status tells a folder's numbers.
func (s *session) Status(name string, options *imap.StatusOptions) (*imap.StatusData, error) {
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	f := s.account.folder(name)
	if f == nil {
		return nil, errNoFolder
	}
	return f.status(options), nil
}

// Append adds a mail that the client brings.
func (s *session) Append(name string, r imap.LiteralReader, options *imap.AppendOptions) (*imap.AppendData, error) {
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(r); err != nil {
		return nil, err
	}
	at := options.Time
	if at.IsZero() {
		at = s.office.options.Now()
	}
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	f := s.account.folder(name)
	if f == nil {
		return nil, errTryCreate
	}
	m := f.add(raw.Bytes(), at, options.Flags)
	s.office.change()
	return &imap.AppendData{UIDValidity: f.validity, UID: m.uid}, nil
}

// Poll tells what has happened in the folder.
func (s *session) Poll(w *imapserver.UpdateWriter, allowExpunge bool) error {
	if s.tracker == nil {
		return nil
	}
	return s.tracker.Poll(w, allowExpunge)
}

// Idle tells what happens in the folder as it happens, from what is already waiting to be told.
func (s *session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	s.idling.Lock()
	defer s.idling.Unlock()
	if f, ok := s.office.imapFault("IDLE", 0); ok && f.How == Hang {
		<-stop
		return nil
	}
	for {
		changed := s.office.changes()
		if err := s.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-stop:
			return nil
		}
	}
}
