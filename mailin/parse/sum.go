package parse

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
	"time"

	"github.com/postdesk/postdesk/desk/message"
)

// A sourceSum counts the bytes of a mail that goes by, and hashes them as long as its header has not shown an ID to know it by.
type sourceSum struct {
	top   **part // once its header is read
	hash  hash.Hash
	size  int64
	asked bool
	named bool
}

func (s *sourceSum) Write(p []byte) (int, error) {
	s.size += int64(len(p))
	if !s.asked && *s.top != nil {
		s.asked, s.named = true, ownID(&(*s.top).header) != ""
	}
	if s.named {
		return len(p), nil
	}
	return s.hash.Write(p)
}

// contentHash is the hash by which the same mail is known again on another way (M6): over From, Date, Subject and the decoded parts.
func (r *reading) contentHash(m *message.Message) (sum [32]byte) {
	all := r.lines[:0]
	put := func(s string) { all = append(binary.BigEndian.AppendUint64(all, uint64(len(s))), s...) }
	for _, a := range m.From {
		put(a.Addr)
	}
	var date []byte
	if !m.Date.IsZero() {
		var store [len(time.RFC3339)]byte
		date = m.Date.UTC().AppendFormat(store[:0], time.RFC3339)
	}
	put(string(date))
	put(m.Subject)
	if r.top != nil {
		sums := sha256.Sum256(r.sums)
		put(string(sums[:]))
	}
	r.lines = all
	return sha256.Sum256(all)
}

// A contentSum hashes a part so that what servers change on the way does not count: the line ends of text, and how many end it.
type contentSum struct {
	hash hash.Hash
	text bool
	ends int // line ends that count if something follows
}

func (s *contentSum) Write(p []byte) (int, error) {
	if !s.text {
		return s.hash.Write(p)
	}
	for rest := p; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			end = len(rest)
		}
		line := rest[:end]
		for len(line) > 0 {
			text, after, _ := bytes.Cut(line, []byte{'\r'})
			if line = after; len(text) == 0 {
				continue
			}
			for ; s.ends > 0; s.ends -= min(s.ends, len(lineEnds)) {
				s.hash.Write(lineEnds[:min(s.ends, len(lineEnds))])
			}
			s.hash.Write(text)
		}
		if end == len(rest) {
			break
		}
		s.ends++
		rest = rest[end+1:]
	}
	return len(p), nil
}

var lineEnds = bytes.Repeat([]byte{'\n'}, 16)

type counter struct {
	w io.Writer
	n *int64
}

func (c *counter) Write(p []byte) (int, error) {
	*c.n += int64(len(p))
	return c.w.Write(p)
}
