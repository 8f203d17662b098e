package postoffice

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// A folder keeps mails byte for byte, also those that no parser reads. All of it is guarded by the office's mutex; the bytes of a mail
// never change.
type folder struct {
	name     string
	validity uint32
	next     imap.UID
	mails    []*stored
	tracker  *imapserver.MailboxTracker
	sessions map[*session]struct{} // that have it selected
}

type stored struct {
	uid   imap.UID
	raw   []byte
	at    time.Time
	flags map[string]imap.Flag // by name in lower case, since their case does not count (RFC 9051, 2.3.2)
}

func newFolder(name string, validity uint32) *folder {
	return &folder{
		name:     name,
		validity: validity,
		next:     1,
		tracker:  imapserver.NewMailboxTracker(0),
		sessions: make(map[*session]struct{}),
	}
}

func (f *folder) add(raw []byte, at time.Time, flags []imap.Flag) *stored {
	m := &stored{uid: f.next, raw: raw, at: at, flags: make(map[string]imap.Flag)}
	for _, flag := range flags {
		m.flags[strings.ToLower(string(flag))] = flag
	}
	f.next++
	f.mails = append(f.mails, m)
	f.tracker.QueueNumMessages(uint32(len(f.mails)))
	return m
}

func (f *folder) remove(which func(*stored) bool) {
	for i := len(f.mails) - 1; i >= 0; i-- { // from the end, so that the numbers before stay
		if which(f.mails[i]) {
			f.mails = slices.Delete(f.mails, i, i+1)
			f.tracker.QueueExpunge(uint32(i) + 1)
		}
	}
}

func (f *folder) count(which func(*stored) bool) uint32 {
	n := uint32(0)
	for _, m := range f.mails {
		if which(m) {
			n++
		}
	}
	return n
}

// flags are those of the standard and those that some mail has.
func (f *folder) flags() []imap.Flag {
	all := make(map[string]imap.Flag)
	for _, flag := range []imap.Flag{imap.FlagSeen, imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagDraft} {
		all[strings.ToLower(string(flag))] = flag
	}
	for _, m := range f.mails {
		maps.Copy(all, m.flags)
	}
	return slices.Sorted(maps.Values(all))
}

func (f *folder) status(options *imap.StatusOptions) *imap.StatusData {
	data := &imap.StatusData{Mailbox: f.name}
	if options.NumMessages {
		data.NumMessages = new(uint32)
		*data.NumMessages = uint32(len(f.mails))
	}
	if options.UIDNext {
		data.UIDNext = f.next
	}
	if options.UIDValidity {
		data.UIDValidity = f.validity
	}
	if options.NumUnseen {
		data.NumUnseen = new(uint32)
		*data.NumUnseen = f.count(func(m *stored) bool { return !m.has(imap.FlagSeen) })
	}
	if options.NumDeleted {
		data.NumDeleted = new(uint32)
		*data.NumDeleted = f.count(func(m *stored) bool { return m.has(imap.FlagDeleted) })
	}
	if options.NumRecent {
		data.NumRecent = new(uint32)
	}
	if options.Size {
		data.Size = new(int64)
		for _, m := range f.mails {
			*data.Size += int64(len(m.raw))
		}
	}
	return data
}

func (m *stored) has(flag imap.Flag) bool {
	_, ok := m.flags[strings.ToLower(string(flag))]
	return ok
}

func (m *stored) flagList() []imap.Flag { return slices.Sorted(maps.Values(m.flags)) }

func (m *stored) store(op imap.StoreFlagsOp, flags []imap.Flag) {
	if op == imap.StoreFlagsSet {
		clear(m.flags)
	}
	for _, flag := range flags {
		if op == imap.StoreFlagsDel {
			delete(m.flags, strings.ToLower(string(flag)))
		} else {
			m.flags[strings.ToLower(string(flag))] = flag
		}
	}
}

func (a *account) folderNames() []string { return slices.Sorted(maps.Keys(a.folders)) }

// folder finds one by name; INBOX in any case (RFC 9051, 5.1).
func (a *account) folder(name string) *folder {
	if strings.EqualFold(name, "INBOX") {
		name = "INBOX"
	}
	return a.folders[name]
}
