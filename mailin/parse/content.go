package parse

import (
	"bytes"
	"crypto/sha256"
	"io"
	"slices"
	"strings"
)

// A content is what a leaf holds, decoded: at once where the mail is in memory, else as a stream.
type content struct {
	all    []byte // what was read of it until now
	stream io.Reader
	text   bool              // what servers change on the way of a text does not count for its sum
	lines  *[]byte           // a store for bare
	bare   []byte            // a text in memory without carriage returns, once it was asked for
	lone   bool              // one of these was not before a line feed
	sum    [sha256.Size]byte // once it is finished, as is the size
	size   int64
	sums   contentSum // of a stream
}

func (r *reading) content(p *part, b *body, d decoder) *content {
	c := &r.leafContent
	*c = content{text: strings.HasPrefix(p.media, "text/"), lines: &r.lines}
	raw, ok := b.rest()
	switch {
	case ok && d == nil:
		c.all = raw
	case ok:
		r.decoded = d.finish(d.decode(slices.Grow(r.decoded[:0], len(raw)), raw))
		c.all = r.decoded
	default:
		c.stream = b
		if d != nil {
			c.stream = &decodingReader{r: b, d: d}
		}
		c.sums = contentSum{hash: sha256.New(), text: c.text}
		c.stream = io.TeeReader(c.stream, &counter{w: &c.sums, n: &c.size})
		c.all = r.decoded[:0]
	}
	return c
}

// head is up to n bytes from the beginning, good until the next part is read.
func (c *content) head(n int) []byte {
	if c.stream != nil {
		store := bytes.NewBuffer(c.all)
		store.ReadFrom(io.LimitReader(c.stream, int64(n)))
		c.all = store.Bytes()
	}
	return c.all[:min(n, len(c.all))]
}

// reader gives all of it once.
func (c *content) reader() io.Reader {
	if c.stream != nil {
		return c.stream
	}
	return bytes.NewReader(c.all)
}

// finish reads what is left, for the sum and the size.
func (c *content) finish() {
	if c.stream != nil {
		io.Copy(io.Discard, c.stream)
		c.sums.hash.Sum(c.sum[:0])
		return
	}
	c.size = int64(len(c.all))
	counts := c.all
	if c.text {
		counts, _ = c.unixText()
		counts = bytes.TrimRight(counts, "\n")
	}
	c.sum = sha256.Sum256(counts)
}

// unixText is a text in memory without carriage returns; sure tells that they were but parts of line ends.
func (c *content) unixText() (text []byte, sure bool) {
	if c.bare == nil {
		if c.bare = c.all; bytes.IndexByte(c.all, '\r') >= 0 {
			*c.lines, c.lone = withoutCR((*c.lines)[:0], c.all)
			c.bare = *c.lines
		}
	}
	return c.bare, !c.lone
}

// withoutCR appends the text without that sign. lone tells that one stood elsewhere than before a line feed.
func withoutCR(out, text []byte) (_ []byte, lone bool) {
	for {
		n := bytes.IndexByte(text, '\r')
		if n < 0 {
			return append(out, text...), lone
		}
		out = append(out, text[:n]...)
		text = text[n+1:]
		lone = lone || len(text) == 0 || text[0] != '\n'
	}
}
