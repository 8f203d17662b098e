package parse

import (
	"bytes"
	"io"
	"sync"
)

// pieceSize is the longest piece of a line that is held at once, in bytes. It is also how far the header pass can look ahead.
const pieceSize = 16 << 10

// maxEmpty is after how many readings that give nothing there will be no more.
const maxEmpty = 100

// A lineReader cuts a mail into lines, whatever their ends. Of a mail that is read as a stream it never holds a whole line, which may be
// as long as the mail (T056).
type lineReader struct {
	window []byte // the whole mail, or what was read ahead of a stream
	last   int    // where in the window the piece begins that next gave last
	at     int    // and where it ends
	src    io.Reader
	store  *[2 * pieceSize]byte // of the window of a stream
	end    byte                 // what ends a line: LF, or CR in a mail that has no LF at all
	fresh  bool                 // the next piece begins a line
	err    error                // why reading ended, nil for the end of the mail
}

// stores are those of readers that were done with.
var stores = sync.Pool{New: func() any { return new([2 * pieceSize]byte) }}

// free gives the store back. No piece of a stream is good any more.
func (lr *lineReader) free() {
	if lr.store != nil {
		stores.Put(lr.store)
		*lr = lineReader{err: lr.err}
	}
}

// newLineReader reads a stream.
func newLineReader(r io.Reader) *lineReader {
	lr := &lineReader{src: r, store: stores.Get().(*[2 * pieceSize]byte)}
	lr.window = lr.store[:0]
	lr.begin()
	return lr
}

// linesOf reads a text in memory.
func linesOf(text []byte) *lineReader {
	lr := &lineReader{window: text}
	lr.begin()
	return lr
}

// begin goes to the first line of the header.
func (lr *lineReader) begin() {
	lr.end, lr.fresh = '\n', true
	head := lr.ahead(4 << 10)
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		lr.end = '\r'
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		lr.at += 3
		head = head[3:]
	}
	if bytes.HasPrefix(head, []byte("From ")) { // an mbox separator (RFC 4155), no field of this mail
		lr.skipLine()
	}
	for { // blank lines above the header are a relay's, unless there is no header at all
		piece, _ := lr.next()
		if piece == nil {
			return
		}
		if text, _ := cutEnd(piece); len(text) > 0 || !fieldAhead(bytes.TrimLeft(lr.ahead(4<<10), "\r\n"), lr.end) {
			lr.unread()
			return
		}
	}
}

// next gives the next piece with its line end, and whether it begins a line. The piece is good until the next call. After the last
// one it is nil.
func (lr *lineReader) next() (piece []byte, fresh bool) {
	fresh = lr.fresh
	lr.last = lr.at
	for seen := 0; ; {
		rest := lr.window[lr.at:]
		most := min(len(rest), pieceSize)
		if i := bytes.IndexByte(rest[seen:most], lr.end); i >= 0 {
			most = seen + i + 1
			lr.fresh = true
		} else if seen = most; most == pieceSize {
			lr.fresh = false
		} else if lr.fill() {
			continue
		} else if lr.fresh = true; most == 0 {
			return nil, fresh
		}
		lr.at += most
		return rest[:most], fresh
	}
}

// fill reads more of a stream, if there is more. It may move what is in the window.
func (lr *lineReader) fill() bool {
	if lr.src == nil {
		return false
	}
	if len(lr.window) == len(lr.store) {
		lr.window = lr.store[:copy(lr.store[:], lr.window[lr.last:])]
		lr.at -= lr.last
		lr.last = 0
	}
	have := len(lr.window)
	for range maxEmpty {
		n, err := lr.src.Read(lr.store[have:])
		lr.window = lr.store[:have+n]
		if err != nil {
			lr.src = nil
			if err != io.EOF {
				lr.err = err
			}
		}
		if n > 0 || err != nil {
			return n > 0
		}
	}
	lr.src, lr.err = nil, io.ErrNoProgress
	return false
}

// unread gives the piece back that next gave last, which began a line.
func (lr *lineReader) unread() { lr.at, lr.fresh = lr.last, true }

// piece is the one that next gave last, for those who looked ahead since.
func (lr *lineReader) piece() []byte { return lr.window[lr.last:lr.at] }

// ahead shows up to n bytes, not more than pieceSize, after the piece that next gave last, which moves.
func (lr *lineReader) ahead(n int) []byte {
	for len(lr.window)-lr.at < n && lr.fill() {
	}
	return lr.window[lr.at:min(lr.at+n, len(lr.window))]
}

// skipLine drops the rest of the line at hand.
func (lr *lineReader) skipLine() {
	for {
		piece, _ := lr.next()
		if piece == nil || lr.fresh {
			return
		}
	}
}

// cutEnd parts a piece from its line end. Several CR before a LF are one end, as broken relays make them.
func cutEnd(piece []byte) (text, end []byte) {
	n := len(piece)
	for n > 0 && (piece[n-1] == '\n' || piece[n-1] == '\r') {
		n--
	}
	// Only one LF can be there, the rest is CR.
	if n == len(piece) {
		return piece, nil
	}
	return piece[:n], piece[n:]
}
