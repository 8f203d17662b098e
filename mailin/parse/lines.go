package parse

import (
	"bufio"
	"bytes"
	"io"
	"sync"
)

// pieceSize is the longest piece of a line that is held at once, in bytes. It is also how far the header pass can look ahead.
const pieceSize = 16 << 10

// A lineReader cuts a mail into lines, whatever their ends, without ever holding a whole one: a line may be as long as the mail (T056).
type lineReader struct {
	br    *bufio.Reader
	end   byte   // what ends a line: LF, or CR in a mail that has no LF at all
	fresh bool   // the next piece begins a line
	back  []byte // a piece that was given back; it begins a line
	err   error  // why reading ended, nil for the end of the mail
}

// buffers are those of readers that were done with.
var buffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, pieceSize) }}

// free gives the buffer back. No piece is good any more.
func (lr *lineReader) free() {
	if lr.br != nil {
		lr.br.Reset(nil)
		buffers.Put(lr.br)
		lr.br = nil
	}
}

func newLineReader(r io.Reader) *lineReader {
	lr := &lineReader{br: buffers.Get().(*bufio.Reader), end: '\n', fresh: true}
	lr.br.Reset(r)
	head, _ := lr.br.Peek(4 << 10)
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		lr.end = '\r'
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		lr.br.Discard(3)
		head = head[3:]
	}
	if bytes.HasPrefix(head, []byte("From ")) { // an mbox separator (RFC 4155), no field of this mail
		lr.skipLine()
	}
	for { // blank lines above the header are a relay's, unless there is no header at all
		piece, _ := lr.next()
		if text, _ := cutEnd(piece); len(text) > 0 || piece == nil {
			if piece != nil {
				lr.unread(piece)
			}
			return lr
		}
		if !headerGoesOn(lr) {
			lr.unread([]byte{lr.end})
			return lr
		}
	}
}

// next gives the next piece with its line end, and whether it begins a line. The piece is good until the next call. After the last
// one it is nil.
func (lr *lineReader) next() (piece []byte, fresh bool) {
	if lr.back != nil {
		piece, lr.back = lr.back, nil
		return piece, true
	}
	fresh = lr.fresh
	piece, err := lr.br.ReadSlice(lr.end)
	lr.fresh = err != bufio.ErrBufferFull
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
		lr.err = err
	}
	if len(piece) == 0 {
		return nil, fresh
	}
	return piece, fresh
}

// unread gives back a piece that began a line and was shorter than pieceSize, or ended there.
func (lr *lineReader) unread(piece []byte) { lr.back = append([]byte{}, piece...) }

// ahead shows up to n bytes after the piece that next gave last, which it may destroy.
func (lr *lineReader) ahead(n int) []byte {
	b, _ := lr.br.Peek(n)
	return b
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
