package postoffice

import (
	"bufio"
	"bytes"
	"errors"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-message/textproto"
)

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
