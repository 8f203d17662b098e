package postoffice

import (
	"bytes"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

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
