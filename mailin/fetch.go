package mailin

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/postdesk/postdesk/desk/fault"
)

// A listed mail is one that waits to be read.
type listed struct {
	uid  uint32
	size int64     // in bytes, as the server counts; -1 when it did not say
	at   time.Time // INTERNALDATE; zero when it did not say
}

// list gives what waits from a first through a last UID, in order. The last is never "*", with which a range beyond the last mail holds
// that mail (RFC 9051, 9, seq-range; T094). ENVELOPE and BODYSTRUCTURE are not asked for:
// they hold strings of any length that strangers chose.
func (s *server) list(from, to uint32) ([]listed, error) {
	mails, err := s.sizes(from, to)
	if err != nil {
		return nil, err
	}
	// A server may leave out mails that the client takes for others' or that it cannot tell the size of. They are looked for by their
	// numbers, lest the cursor pass them by.
	uids, err := s.search(from, to, imap.SearchCriteria{})
	if err != nil {
		return nil, err
	}
	for _, uid := range uids {
		i, found := slices.BinarySearchFunc(mails, uid, func(l listed, uid uint32) int { return cmp.Compare(l.uid, uid) })
		if !found {
			mails = slices.Insert(mails, i, listed{uid: uid, size: -1})
		}
	}
	return mails, nil
}

func (s *server) sizes(from, to uint32) ([]listed, error) {
	defer s.line.expect()()
	cmd := s.client.Fetch(imap.UIDSet{{Start: imap.UID(from), Stop: imap.UID(to)}},
		&imap.FetchOptions{UID: true, InternalDate: true, RFC822Size: true})
	var mails []listed
	for m := cmd.Next(); m != nil; m = cmd.Next() {
		l := listed{size: -1}
		for item := m.Next(); item != nil; item = m.Next() {
			switch item := item.(type) {
			case imapclient.FetchItemDataUID:
				l.uid = uint32(item.UID)
			case imapclient.FetchItemDataInternalDate:
				l.at = item.Time.UTC()
			case imapclient.FetchItemDataRFC822Size:
				l.size = item.Size
			}
		}
		mails = append(mails, l) // the client lets through what was asked for, and each once
	}
	if err := cmd.Close(); err != nil {
		return nil, s.line.why(err)
	}
	slices.SortFunc(mails, func(a, b listed) int { return cmp.Compare(a.uid, b.uid) })
	return mails, nil
}

// lastUID is the highest UID that can have a mail. A server need not tell its next one (RFC 3501, 6.3.1).
func (s *server) lastUID() (uint32, error) {
	switch {
	case s.selected.UIDNext != 0:
		return uint32(s.selected.UIDNext) - 1, nil
	case s.selected.NumMessages == 0:
		return 0, nil
	}
	last, err := s.fetch(imap.SeqSetNum(s.selected.NumMessages), nil, 0, nil)
	return last.uid, err
}

var (
	// errGone says that a mail is not in the folder any more.
	errGone = errors.New("the mail is gone")
	// errNoData says that the server has the mail, and says OK, and gives nothing.
	errNoData = errors.New("the server gives no data")
	// errTooLong says that a literal is longer than what is taken in. The line is lost, since what follows cannot be reached.
	errTooLong = errors.New("the mail is longer than its size")
	// errLine says that the line broke inside the mail.
	errLine = errors.New("the line broke inside the mail")
)

// A copyError says that we could not keep the mail: it has nothing to do with the server.
type copyError struct{ err error }

func (e *copyError) Error() string { return fmt.Sprintf("spool the mail: %v", e.err) }
func (e *copyError) Unwrap() error { return e.err }

var (
	wholeMail  = &imap.FetchItemBodySection{Peek: true} // Peek: nobody has seen it yet
	headerOnly = &imap.FetchItemBodySection{Peek: true, Specifier: imap.PartSpecifierHeader, Partial: &imap.SectionPartial{Size: maxHeader}}
)

// maxHeader is how much is kept of the header of a mail that is too long.
const maxHeader = 1 << 20

// body reads a mail, or its header, and gives its INTERNALDATE where the server tells it again.
func (s *server) body(uid uint32, section *imap.FetchItemBodySection, limit int64, into func() io.Writer) (at time.Time, err error) {
	got, err := s.fetch(imap.UIDSetNum(imap.UID(uid)), section, limit, into)
	if err != nil || got.body {
		return got.at, err
	}

	// OK, and no mail. Either it is gone, or the server has not told this session of it, or the client has thrown it away since its UID
	// stood behind its body. By its sequence number the client finds it wherever the UID stands.
	if err := s.noop(); err != nil {
		return time.Time{}, err
	}
	got, err = s.fetch(imap.UIDSetNum(imap.UID(uid)), nil, 0, nil)
	switch {
	case err != nil:
		return time.Time{}, err
	case got.seq == 0:
		there, err := s.search(uid, uid, imap.SearchCriteria{})
		if err == nil && len(there) == 0 {
			err = errGone
		} else if err == nil {
			err = errNoData
		}
		return time.Time{}, err
	}
	again, err := s.fetch(imap.SeqSetNum(got.seq), section, limit, into)
	switch {
	case err != nil:
		return time.Time{}, err
	case !again.body || again.uid != uid:
		return time.Time{}, errNoData
	}
	return again.at, nil
}

type fetched struct {
	seq, uid uint32
	at       time.Time
	body     bool
}

// fetch asks for one mail. Without an error a body is whole: the literal was as long as it said, and the command has ended well. The
// client hands out a literal on which the line broke as a short one, without an error.
func (s *server) fetch(set imap.NumSet, section *imap.FetchItemBodySection, limit int64, into func() io.Writer) (got fetched, err error) {
	defer s.line.expect()()
	options := &imap.FetchOptions{UID: true, InternalDate: true}
	if section != nil {
		options.BodySection = []*imap.FetchItemBodySection{section}
	}
	cmd := s.client.Fetch(set, options)
	for m := cmd.Next(); m != nil; m = cmd.Next() {
		got.seq = m.SeqNum
		for item := m.Next(); item != nil; item = m.Next() {
			switch item := item.(type) {
			case imapclient.FetchItemDataUID:
				got.uid = uint32(item.UID)
			case imapclient.FetchItemDataInternalDate:
				got.at = item.Time.UTC()
			case imapclient.FetchItemDataBodySection:
				if item.Literal == nil || section == nil {
					continue
				}
				if err := s.read(item.Literal, limit, into()); err != nil {
					return got, s.line.why(err)
				}
				got.body = true
			}
		}
	}
	return got, s.line.why(cmd.Close())
}

// read copies a literal. After an error the line is closed, and nothing of the command may be touched again.
func (s *server) read(from imap.LiteralReader, limit int64, into io.Writer) error {
	if from.Size() > limit {
		s.drop(&literal{from: from})
		return errTooLong
	}
	l := &literal{from: from}
	n, err := io.Copy(into, l)
	switch {
	case err == nil && n == from.Size():
		return nil
	case !l.ended:
		s.drop(l)
		return &copyError{err}
	}
	s.drop(l)
	return fmt.Errorf("%w after %d of %d bytes", errLine, n, from.Size())
}

// drop closes the line and lets the client go, which waits until the literal has ended.
func (s *server) drop(l *literal) {
	s.broken = true
	s.line.Close()
	io.Copy(io.Discard, l)
}

// A literal is not read beyond its first error: the client's goroutine goes on from there, on the same buffer.
type literal struct {
	from  io.Reader
	ended bool
}

func (l *literal) Read(b []byte) (int, error) {
	if l.ended {
		return 0, io.EOF
	}
	n, err := l.from.Read(b)
	fault.Here(fault.Literal)
	l.ended = err != nil
	return n, err
}
