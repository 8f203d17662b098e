package parse

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Limits of one mail's structure (T056). The walk is our own because go-message knows no limit and takes quadratic time for nesting.
const (
	maxDepth    = 20
	maxParts    = 500
	maxPreamble = 256 << 10 // bytes kept of a multipart in which no part could be found
)

// A part is one entity of a mail (RFC 2046): a leaf, or one enclosed message.
type part struct {
	header
	path        string // as IMAP numbers it (RFC 9051, 6.4.5)
	media       string // lower case type/subtype
	params      params
	disposition string // "inline", "attachment" or ""
	dispParams  params
	parent      string // media type of the enclosing multipart, "" at the top
	alternative string // path of the nearest enclosing multipart/alternative, "" for none
	name        string // of the file, once it was asked for
	named       bool
	body        body
}

// guesses are boundaries by the path of a multipart; "" stands for whatever looks like one.
type guesses map[string]string

// A walker goes through the lines of a mail once, from top to bottom, with the boundaries that are open. Each line is looked at
// once, whatever the nesting, and nothing of a part is held.
type walker struct {
	lines  *lineReader
	header *headerStore
	leaf   func(p *part, b *body) (stop bool)
	top    *part   // the outermost entity, as soon as its header is read
	lost   guesses // multiparts that held no boundary of their own, and what may be it
	guess  guesses // those of an earlier walk
	bounds []string
	// What ended the last body: the index of the boundary met, or -1 for the end of the mail.
	met     int
	closing bool
	parts   int
	notes   notes
}

// walk goes through the whole mail, unless leaf asks to stop.
func (w *walker) walk() (stopped bool) {
	return w.entity(&part{path: "1"}, 0)
}

func (w *walker) entity(p *part, depth int) (stop bool) {
	h, ended := readHeader(w.lines, w.header, w.boundary)
	p.header = h
	if w.top == nil {
		w.top = p
	}
	if h.cut {
		w.notes.add("the header is longer than the limits; the rest of it was not read")
	}
	p.describe()
	p.body = body{w: w, done: ended}
	b := &p.body
	if strings.HasPrefix(p.media, "multipart/") {
		if depth < maxDepth {
			return w.multipart(p, b, depth)
		}
		w.notes.add(fmt.Sprintf("parts nested deeper than %d are kept as one attachment", maxDepth))
	}
	w.parts++
	if w.leaf(p, b) {
		return true
	}
	b.skip()
	return false
}

func (w *walker) multipart(p *part, b *body, depth int) (stop bool) {
	level := len(w.bounds)
	bound := p.params.get("boundary")
	if other, lost := w.guess[p.path]; other != "" {
		bound = other
		w.notes.add(otherBoundary)
	} else {
		b.guess = lost
	}
	w.bounds = append(w.bounds, bound)
	var pairs pairing
	preamble, ok := b.rest()
	if ok {
		pairs.read(preamble)
	} else {
		b.pairs = &pairs
		preamble, _ = io.ReadAll(io.LimitReader(b, maxPreamble))
		b.skip()
	}
	preamble = preamble[:min(len(preamble), maxPreamble)]
	if w.met != level {
		// No part at all. The text between the headers and the next boundary is all there is to show.
		if w.lost == nil {
			w.lost = guesses{}
		}
		w.lost[p.path] = pairs.found()
		w.bounds = w.bounds[:level]
		return w.textOf(p, preamble)
	}
	prefix := p.path + "."
	if depth == 0 {
		prefix = ""
	}
	child := "text/plain"
	if p.media == "multipart/digest" {
		child = "message/rfc822" // RFC 2046, 5.1.5
	}
	alternative := p.alternative
	if p.media == "multipart/alternative" {
		alternative = p.path + " " // never equal to the "" of none
	}
	n, closed := 1, false
	for w.met == level {
		if w.closing { // what follows belongs to nobody, unless parts begin in it
			closed = true
			(&body{w: w}).skip()
			continue
		}
		if w.parts >= maxParts {
			w.notes.add(fmt.Sprintf("partly read: more than %d parts", maxParts))
			return true
		}
		sub := &part{path: prefix + strconv.Itoa(n), media: child, parent: p.media, alternative: alternative}
		if w.entity(sub, depth+1) {
			return true
		}
		w.header.drop(&sub.header)
		n++
	}
	w.bounds = w.bounds[:level]
	if !closed {
		w.notes.add("the last boundary of a multipart is missing")
	}
	if n == 1 { // no line but the last was its boundary
		return w.textOf(p, preamble)
	}
	return false
}

// textOf takes what stood above the parts of a multipart that has none for its text.
func (w *walker) textOf(p *part, preamble []byte) (stop bool) {
	if len(bytes.TrimSpace(preamble)) == 0 {
		return false
	}
	w.notes.add("a multipart without its boundary was read as text")
	met, closing := w.met, w.closing
	w.parts++
	p.media, p.params, p.named = "text/plain", nil, false
	p.body = body{w: w, done: true, out: preamble}
	if w.leaf(p, &p.body) {
		return true
	}
	w.met, w.closing = met, closing
	return false
}

// boundary tells whether a line is one of the open boundaries, the innermost first, and remembers which (RFC 2046, 5.1.1).
func (w *walker) boundary(line []byte) bool {
	if len(line) < 3 || line[0] != '-' || line[1] != '-' {
		return false
	}
	for i := len(w.bounds) - 1; i >= 0; i-- {
		bound := w.bounds[i]
		if bound == "" || len(line) < 2+len(bound) || string(line[2:2+len(bound)]) != bound {
			continue
		}
		switch string(bytes.TrimRight(line[2+len(bound):], " \t")) {
		case "":
			w.met, w.closing = i, false
			return true
		case "--":
			w.met, w.closing = i, true
			return true
		}
	}
	return false
}

// A body reads to the next open boundary. The line end before a boundary belongs to it (RFC 2046, 5.1.1), so each is held back until
// the next line is known.
type body struct {
	w     *walker
	done  bool
	guess bool     // in the preamble of a multipart whose boundary may be another than it names
	pairs *pairing // looks at the lines of a preamble, nil elsewhere
	out   []byte   // of the line at hand, good until the next line is asked for
	held  []byte   // the line end before it, not yet given
	next  []byte   // its own line end
	ends  [2][4]byte
}

// rest is all of a body of which nothing was read yet, where the mail is in memory: a piece of it. ok is false where it has to be read,
// which gives the same.
func (b *body) rest() (text []byte, ok bool) {
	if b.done {
		text, b.out = b.out, nil
		return text, true
	}
	lines := b.w.lines
	if lines.src != nil || lines.store != nil || lines.end != '\n' || !lines.fresh || b.guess {
		return nil, false
	}
	begin, at := lines.at, lines.at
	for more := len(b.w.bounds) > 0; more; {
		if next := lines.window[at:]; len(next) > 2 && next[0] == '-' && next[1] == '-' {
			lines.at = at
			piece, _ := lines.next()
			if line, _ := cutEnd(piece); b.w.boundary(line) {
				text, ok := beforeBoundary(lines.window[begin:at])
				if b.done = ok; !ok {
					lines.at, lines.fresh = begin, true
				}
				return text, ok
			}
		}
		n := bytes.Index(lines.window[at:], lineOfDashes)
		more = n >= 0
		at += n + 1
	}
	if bytes.Contains(lines.window[begin:], manyCR) {
		lines.at = begin
		return nil, false
	}
	lines.at, lines.fresh = len(lines.window), true
	b.done = true
	b.w.met, b.w.closing = -1, false
	return lines.window[begin:], true
}

var (
	lineOfDashes = []byte("\n--")
	lineEnd      = []byte("\n")
	dashes       = []byte("--")
	manyCR       = []byte("\r\r\r") // in line ends that Read does not give as they came
)

// beforeBoundary takes the line end off that belongs to the boundary.
func beforeBoundary(text []byte) (_ []byte, ok bool) {
	if bytes.Contains(text, manyCR) || len(text)-bytes.LastIndexByte(text[:max(0, len(text)-1)], '\n') > pieceSize {
		return nil, false // or the last line comes in pieces
	}
	if n := len(text); n > 0 { // only at its beginning does it not end in one
		text = text[:n-1]
		for n--; n > 0 && text[n-1] == '\r'; n-- {
			text = text[:n-1]
		}
	}
	return text, true
}

// skip passes over what was not read.
func (b *body) skip() {
	if b.done {
		b.out, b.held, b.next = nil, nil, nil
		return
	}
	text, ok := b.rest()
	switch {
	case !ok:
		io.Copy(io.Discard, b)
	case b.pairs != nil:
		b.pairs.read(text)
	}
}

func (b *body) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if k := copy(p[n:], b.held); k > 0 {
			b.held = b.held[k:]
			n += k
		} else if k := copy(p[n:], b.out); k > 0 {
			b.out = b.out[k:]
			n += k
		} else if !b.done {
			b.advance()
		} else if n == 0 {
			return 0, io.EOF
		} else {
			break
		}
	}
	return n, nil
}

func (b *body) advance() {
	piece, fresh := b.w.lines.next()
	if piece == nil {
		b.done = true
		b.w.met, b.w.closing = -1, false
		b.held, b.next = b.next, nil // no boundary came: the line end is the mail's own
		return
	}
	text, end := cutEnd(piece)
	if fresh && len(text) > 2 && text[0] == '-' && text[1] == '-' {
		if b.w.boundary(text) {
			b.done = true
			return
		}
		if b.pairs != nil {
			b.pairs.line(text)
		}
		if b.guess {
			text, end = append([]byte{}, text...), append([]byte{}, end...)
			if b.w.adopt(text) {
				b.done = true
				return
			}
		}
	}
	if len(end) > len(b.ends[0]) {
		end = end[len(end)-2:]
	}
	b.out, b.held = text, b.next
	b.ends[0], b.ends[1] = b.ends[1], b.ends[0]
	if b.held != nil { // it moved along with its store
		b.held = b.ends[1][:len(b.held)]
	}
	b.next = b.ends[0][:copy(b.ends[0][:], end)]
}

// adopt takes a line as the innermost boundary where the declared one is nowhere: it looks like one, and a field of a part follows.
// It may destroy the piece that the line came from.
func (w *walker) adopt(line []byte) bool {
	if len(line) < 4 || len(line) > 200 || bytes.HasSuffix(line, []byte("--")) {
		return false
	}
	if next := w.lines.ahead(8); !strings.EqualFold(string(next), "content-") {
		return false
	}
	w.bounds[len(w.bounds)-1] = string(bytes.TrimRight(line[2:], " \t"))
	w.met, w.closing = len(w.bounds)-1, false
	w.notes.add(otherBoundary)
	return true
}

const otherBoundary = "a multipart's boundary is not the one it names"

// A pairing looks for a line that begins a part and one that ends the last part, which tell a boundary that nobody names: "--x" and "--x--".
type pairing struct {
	begun []string
	ended int // one more than the place in begun of the first that was also ended: of two, one in the other, the outer one
}

const (
	maxBoundary = 70 // RFC 2046, 5.1.1
	maxPairing  = 16
)

// read looks at all lines of a text.
func (p *pairing) read(text []byte) {
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, lineEnd)
		if len(line) > 2 && line[0] == '-' && line[1] == '-' {
			p.line(bytes.TrimRight(line, "\r"))
		}
		text = rest
	}
}

// line looks at a line that begins with two dashes.
func (p *pairing) line(line []byte) {
	bound, ends := bytes.CutSuffix(bytes.TrimRight(line[2:], " \t"), dashes)
	if len(bound) == 0 || len(bound) > maxBoundary {
		return
	}
	for _, c := range bound {
		if c > unicode.MaxASCII || !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || strings.IndexByte("'()+_,-./:=? ", c) >= 0) {
			return
		}
	}
	at := slices.Index(p.begun, string(bound))
	switch {
	case ends && at >= 0 && (p.ended == 0 || at < p.ended):
		p.ended = at + 1
	case !ends && at < 0 && len(p.begun) < maxPairing:
		p.begun = append(p.begun, string(bound))
	}
}

func (p *pairing) found() string {
	if p.ended == 0 {
		return ""
	}
	return p.begun[p.ended-1]
}

// notes are texts for staff, each said once.
type notes []string

func (n *notes) add(text string) {
	for _, have := range *n {
		if have == text {
			return
		}
	}
	*n = append(*n, text)
}
