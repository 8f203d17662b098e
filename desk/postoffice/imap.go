package postoffice

import (
	"bufio"
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-message/textproto"
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

// A numbered mail is one as the session sees it.
type numbered struct {
	stored
	seq uint32
	m   *stored
}

// pick gives the mails of a set as they are now. A mail that the session has not been told of yet is not there for it. The caller holds
// the office's mutex.
func (s *session) pick(set imap.NumSet) []numbered {
	var picked []numbered
	static := s.static(set)
	for i, m := range s.folder.mails {
		seq := s.tracker.EncodeSeqNum(uint32(i) + 1)
		if seq == 0 {
			continue
		}
		if within(static, seq, m.uid) {
			picked = append(picked, numbered{stored{m.uid, m.raw, m.at, maps.Clone(m.flags)}, seq, m})
		}
	}
	return picked
}

// static puts the last number in place of every "*": of a range whose begin is beyond it the last mail is a part (RFC 9051, 9, seq-range).
func (s *session) static(set imap.NumSet) imap.NumSet {
	bounds := func(start, stop *uint32, last uint32) {
		if *start == 0 || *stop == 0 {
			low := max(*start, *stop)
			*start, *stop = min(low, last), max(low, last)
			if low == 0 {
				*start = last
			}
		}
	}
	switch set := set.(type) {
	case imap.SeqSet:
		fixed := slices.Clone(set)
		for i := range fixed {
			bounds(&fixed[i].Start, &fixed[i].Stop, uint32(len(s.folder.mails)))
		}
		return fixed
	case imap.UIDSet:
		last := imap.UID(0)
		if n := len(s.folder.mails); n > 0 {
			last = s.folder.mails[n-1].uid
		}
		fixed := slices.Clone(set)
		for i := range fixed {
			start, stop := uint32(fixed[i].Start), uint32(fixed[i].Stop)
			bounds(&start, &stop, uint32(last))
			fixed[i] = imap.UIDRange{Start: imap.UID(start), Stop: imap.UID(stop)}
		}
		return fixed
	}
	return set
}

// within tells whether a set without "*" has the mail with these numbers.
func within(static imap.NumSet, seq uint32, uid imap.UID) bool {
	switch set := static.(type) {
	case imap.SeqSet:
		return set.Contains(seq)
	case imap.UIDSet:
		return set.Contains(uid)
	}
	return false
}

// one is the UID of a set that names a single mail, else 0.
func (s *session) one(set imap.NumSet) uint32 {
	if uids, ok := set.(imap.UIDSet); ok {
		if nums, ok := uids.Nums(); ok && len(nums) == 1 {
			return uint32(nums[0])
		}
	}
	return 0
}

// Fetch gives what is asked of each mail of the set.
func (s *session) Fetch(w *imapserver.FetchWriter, set imap.NumSet, options *imap.FetchOptions) error {
	f, wrong, err := s.fault("FETCH", s.one(set))
	if err != nil || wrong && f.How == Empty {
		return err
	}
	s.office.mu.Lock()
	picked := s.pick(set)
	for _, bs := range options.BodySection {
		for _, m := range picked {
			if !bs.Peek {
				m.m.store(imap.StoreFlagsAdd, []imap.Flag{imap.FlagSeen})
			}
		}
	}
	s.office.mu.Unlock()
	for _, m := range picked {
		if err := m.write(w.CreateMessage(m.seq), options, wrong && f.How == UIDLast); err != nil {
			return err
		}
	}
	return nil
}

func (m *numbered) write(w *imapserver.FetchResponseWriter, options *imap.FetchOptions, uidLast bool) error {
	if !uidLast {
		w.WriteUID(m.uid)
	}
	if options.Flags {
		w.WriteFlags(m.flagList())
	}
	if options.InternalDate {
		w.WriteInternalDate(m.at)
	}
	if options.RFC822Size {
		w.WriteRFC822Size(int64(len(m.raw)))
	}
	if options.Envelope {
		header, _ := textproto.ReadHeader(bufio.NewReader(bytes.NewReader(m.raw)))
		w.WriteEnvelope(imapserver.ExtractEnvelope(header))
	}
	if options.BodyStructure != nil {
		w.WriteBodyStructure(imapserver.ExtractBodyStructure(bytes.NewReader(m.raw)))
	}
	for _, bs := range options.BodySection {
		b := section(m.raw, bs)
		lit := w.WriteBodySection(bs, int64(len(b)))
		_, err := lit.Write(b)
		if err := errors.Join(err, lit.Close()); err != nil {
			return err
		}
	}
	if uidLast {
		w.WriteUID(m.uid)
	}
	return w.Close()
}

// section is a part of a mail. The whole and the header are bytes of the mail as it came, so that they hold what no parser reads.
func section(raw []byte, bs *imap.FetchItemBodySection) []byte {
	whole := len(bs.Part) == 0 && len(bs.HeaderFields) == 0 && len(bs.HeaderFieldsNot) == 0
	switch {
	case whole && bs.Specifier == imap.PartSpecifierNone:
	case whole && bs.Specifier == imap.PartSpecifierHeader:
		raw = raw[:headerLen(raw)]
	default:
		return imapserver.ExtractBodySection(bytes.NewReader(raw), bs)
	}
	if p := bs.Partial; p != nil {
		start := min(p.Offset, int64(len(raw)))
		raw = raw[start:min(start+p.Size, int64(len(raw)))]
	}
	return raw
}

// Search finds mails by number, flag, size, date and words.
func (s *session) Search(kind imapserver.NumKind, criteria *imap.SearchCriteria, _ *imap.SearchOptions) (*imap.SearchData, error) {
	if _, _, err := s.fault("SEARCH", 0); err != nil {
		return nil, err
	}
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	var (
		data imap.SearchData
		seqs imap.SeqSet
		uids imap.UIDSet
	)
	for _, m := range s.pick(imap.SeqSet{{Start: 1, Stop: 0}}) {
		if !s.matches(m, criteria) {
			continue
		}
		n := m.seq
		if kind == imapserver.NumKindUID {
			n = uint32(m.uid)
		}
		seqs.AddNum(m.seq)
		uids.AddNum(m.uid)
		if data.Min == 0 {
			data.Min = n
		}
		data.Max = n
		data.Count++
	}
	if kind == imapserver.NumKindUID {
		data.All = uids
	} else {
		data.All = seqs
	}
	return &data, nil
}

func (s *session) matches(m numbered, c *imap.SearchCriteria) bool {
	head := headerLen(m.raw)
	has := func(text []byte, word string) bool {
		return bytes.Contains(bytes.ToLower(text), bytes.ToLower([]byte(word)))
	}
	for _, set := range c.SeqNum {
		if !within(s.static(set), m.seq, 0) {
			return false
		}
	}
	for _, set := range c.UID {
		if !within(s.static(set), 0, m.uid) {
			return false
		}
	}
	for _, flag := range c.Flag {
		if !m.has(flag) {
			return false
		}
	}
	for _, flag := range c.NotFlag {
		if m.has(flag) {
			return false
		}
	}
	day := m.at.UTC().Truncate(24 * time.Hour)
	if !c.Since.IsZero() && day.Before(c.Since) || !c.Before.IsZero() && !day.Before(c.Before) {
		return false
	}
	if c.Larger != 0 && int64(len(m.raw)) <= c.Larger || c.Smaller != 0 && int64(len(m.raw)) >= c.Smaller {
		return false
	}
	for _, h := range c.Header {
		found := false
		for _, f := range fields(m.raw[:head]) {
			if strings.EqualFold(f.name(), h.Key) && has([]byte(f.value()), h.Value) {
				found = true
			}
		}
		if !found {
			return false
		}
	}
	for _, word := range c.Body {
		if !has(m.raw[head:], word) {
			return false
		}
	}
	for _, word := range c.Text {
		if !has(m.raw, word) {
			return false
		}
	}
	for i := range c.Not {
		if s.matches(m, &c.Not[i]) {
			return false
		}
	}
	for i := range c.Or {
		if !s.matches(m, &c.Or[i][0]) && !s.matches(m, &c.Or[i][1]) {
			return false
		}
	}
	return true
}

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
