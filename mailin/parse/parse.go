// Package parse reads mails: bytes in, message.Message out. It hides MIME and everything that real senders make of it: broken
// headers and boundaries, charsets that lie, quotes and signatures in the ways of many programs and languages, and the signs by
// which machines give themselves away. It decides nothing about tickets and trusts nothing: what it finds is data on the message.
//
// Reading never fails. What could not be read becomes a note on the message, and the raw source stays with the caller (M2).
package parse

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/postdesk/postdesk/desk/message"
)

// Limits of what is kept of one mail. Everything else is streamed: a mail of any size is read in bounded memory.
const (
	maxText   = 1 << 20  // decoded bytes of plain text, and as many of HTML
	maxReport = 64 << 10 // decoded bytes of each part of a delivery or abuse report
	maxNotes  = 50
)

// isTraceField tells fields that are kept on the message as they came, beside those with a prefix of tracePrefixes: they tell the way of
// the mail, and mailin/auth judges them.
func isTraceField(lower []byte) bool {
	switch string(lower) {
	case "return-path", "received", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to",
		"authentication-results", "dkim-signature", "x-google-dkim-signature", "received-spf",
		"auto-submitted", "precedence", "x-auto-response-suppress", "sender", "x-originating-ip",
		"x-ms-exchange-organization-authas", "x-ms-exchange-organization-authsource",
		"x-spam-status", "x-spam-flag", "x-failed-recipients", "x-loop":
		return true
	}
	return false
}

var tracePrefixes = []string{"arc-", "x-forwarded-", "resent-", "list-"}

func isTrace(name string) bool {
	switch name[0] | 0x20 { // of an empty one there is no field
	case 'a', 'd', 'e', 'l', 'p', 'r', 's', 'x':
	default:
		return false
	}
	var store [64]byte
	if len(name) > len(store) {
		name = name[:len(store)] // no name is longer, and a prefix is not
	}
	low := store[:copy(store[:], name)]
	for i, c := range low {
		if c >= 'A' && c <= 'Z' {
			low[i] = c + 'a' - 'A'
		}
	}
	for _, p := range tracePrefixes {
		if len(low) >= len(p) && string(low[:len(p)]) == p {
			return true
		}
	}
	return isTraceField(low)
}

// Parse reads one mail. It never fails and never panics; a source that breaks off gives what was read until then, with a note. A
// leading mbox separator line is passed over, though Size and RawHash are those of the whole source. RawHash is there for a mail without ID.
func Parse(src message.Source) *message.Message {
	s := scratches.Get().(*scratch)
	defer s.keep()
	if mail, ok := src.(bytesSource); ok && len(mail) <= maxInMemory {
		return s.parse(mail, nil)
	}
	raw, err := src.Open()
	if err != nil {
		r := s.reading()
		r.notes.add(sourceError(err))
		m := r.message(0)
		m.RawHash = sha256.Sum256(nil)
		return m
	}
	defer raw.Close()
	mail, whole, err := s.read(raw)
	if whole {
		return s.parse(mail, err)
	}
	return s.parseStream(src, io.MultiReader(bytes.NewReader(mail), raw))
}

// parse reads a mail in memory, all that there is of it until err.
func (s *scratch) parse(mail []byte, err error) *message.Message {
	r := s.reading()
	if w := r.walk(r.inMemory(mail), nil); w.lost != nil { // a multipart without its boundary: look again, and take what looks like one
		lost := w.lost
		r = s.reading()
		r.walk(r.inMemory(mail), lost)
	}
	if err != nil {
		r.notes.add(sourceError(err))
	}
	m := r.message(int64(len(mail)))
	if m.ID == "" {
		m.RawHash = sha256.Sum256(mail)
	}
	return m
}

// parseStream reads a mail of any size in bounded memory. raw is src, opened.
func (s *scratch) parseStream(src message.Source, raw io.Reader) *message.Message {
	r := s.reading()
	sum := &sourceSum{top: &r.walker.top, hash: sha256.New()}
	tee := io.TeeReader(raw, sum)
	w := r.walk(newLineReader(tee), nil)
	err := w.lines.err
	if err == nil { // the walk may have stopped before the end
		_, err = io.Copy(io.Discard, tee)
	}
	if w.lost != nil {
		if again, openErr := src.Open(); openErr == nil {
			defer again.Close()
			lost := w.lost
			r = s.reading()
			r.walk(newLineReader(again), lost)
		}
	}
	if err != nil {
		r.notes.add(sourceError(err))
	}
	m := r.message(sum.size)
	if m.ID == "" {
		sum.hash.Sum(m.RawHash[:0])
	}
	return m
}

// A scratch is what the reading of a mail needs of memory and its message does not keep. It is worth keeping for the next mail.
type scratch struct {
	raw     []byte // the mail itself, where it is short
	decoded []byte // of the part at hand
	lines   []byte // of a part, with the line ends that count
	sums    []byte // of the parts
	header  headerStore
	now     reading
}

// reading begins one anew.
func (s *scratch) reading() *reading {
	s.now = reading{scratch: s}
	s.header.list = s.header.list[:0]
	return &s.now
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

const (
	maxInMemory = 256 << 10       // bytes of a mail that is read as a whole
	maxKept     = 2 * maxInMemory // bytes of a store that waits for the next mail
)

// keep lays the scratch by for the next mail. Nothing of the mail may be left outside of it.
func (s *scratch) keep() {
	for _, b := range []*[]byte{&s.raw, &s.decoded, &s.lines, &s.sums, &s.header.all} {
		if cap(*b) > maxKept {
			*b = nil
		}
	}
	if cap(s.header.list) > maxFields {
		s.header.list = nil
	}
	clear(s.header.list[:cap(s.header.list)])
	s.now = reading{}
	scratches.Put(s)
}

// read takes a mail into memory. whole is false where it is longer than that: then there is more to be read.
func (s *scratch) read(r io.Reader) (mail []byte, whole bool, err error) {
	if s.raw == nil {
		s.raw = make([]byte, 0, 16<<10)
	}
	mail = s.raw[:0]
	for empty := 0; ; {
		if len(mail) == cap(mail) {
			mail = slices.Grow(mail, cap(mail))
		}
		n, err := r.Read(mail[len(mail):cap(mail)])
		mail = mail[:len(mail)+n]
		s.raw = mail
		if empty++; n > 0 {
			empty = 0
		}
		switch {
		case err == nil && empty == maxEmpty:
			return mail, true, io.ErrNoProgress
		case err == io.EOF:
			return mail, true, nil
		case err != nil:
			return mail, true, err
		case len(mail) > maxInMemory:
			return mail, false, nil
		}
	}
}

// sourceError is a reading error for a note: without the name of a file, which is nothing for a mail to show.
func sourceError(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return "the source could not be read to its end: " + cleanText(err.Error())
}

// Part opens one part of a mail by its path, as message.Attachment names it, and gives its decoded bytes as a stream. The attachment's
// Size is 0: it is not known before the end. A path that leads to no leaf part is an error that is fs.ErrNotExist.
func Part(src message.Source, path string) (io.ReadCloser, message.Attachment, error) {
	r, a, err := openPart(src, path)
	if err != nil {
		return nil, message.Attachment{}, fmt.Errorf("part %.80q of the mail: %w", path, err)
	}
	return r, a, nil
}

func openPart(src message.Source, path string) (io.ReadCloser, message.Attachment, error) {
	outer, inner, nested := strings.Cut(path, "/")
	r, p, err := openLeaf(src, outer)
	if err != nil || !nested {
		if err != nil {
			return nil, message.Attachment{}, err
		}
		return r, p.attachment(), nil
	}
	list := p.innerFiles(r)
	r.Close()
	n, err := strconv.Atoi(inner)
	if err != nil || n < 1 || n > len(list) {
		return nil, message.Attachment{}, fs.ErrNotExist
	}
	a := list[n-1]
	a.Size = 0
	if r, p, err = openLeaf(src, outer); err != nil {
		return nil, message.Attachment{}, err
	}
	return readCloser{p.innerFile(r, n), r}, a, nil
}

// openLeaf opens a leaf part by the path of the walk.
func openLeaf(src message.Source, path string) (io.ReadCloser, *part, error) {
	var guess guesses // as Parse does it: a second walk where a multipart lacks its boundary
	for {
		raw, err := src.Open()
		if err != nil {
			return nil, nil, err
		}
		var found io.Reader
		var leaf *part
		w := &walker{lines: newLineReader(raw), header: new(headerStore), guess: guess}
		w.leaf = func(p *part, b *body) bool {
			if p.path != path {
				return false
			}
			found = p.decoded(b)
			leaf = p
			return true
		}
		w.walk()
		if found != nil && (guess != nil || w.lost == nil) {
			return readCloser{found, raw}, leaf, nil
		}
		raw.Close()
		if guess != nil || w.lost == nil {
			return nil, nil, fs.ErrNotExist
		}
		guess = w.lost
	}
}

type readCloser struct {
	io.Reader
	io.Closer
}

// A reading is what one walk through a mail collects.
type reading struct {
	*scratch
	top           *part
	notes         notes
	texts         []textPart
	textSize      int
	htmlSize      int
	charset       string // the first that a text part names: what raw bytes in the header are taken for
	attachments   []message.Attachment
	fallback      []textPart // texts in files, for a mail without one of its own
	reports       []report
	calendarReply bool // an answer to an invitation came along

	// What there is one of in each reading.
	walker      walker
	mail        lineReader
	topPart     part
	leafContent content
	evidence    evidence
	textStore   [2]textPart
}

// inMemory are the lines of the mail.
func (r *reading) inMemory(mail []byte) *lineReader {
	r.mail = lineReader{window: mail}
	r.mail.begin()
	return &r.mail
}

func (r *reading) walk(lines *lineReader, guess guesses) *walker {
	r.sums, r.texts = r.sums[:0], r.textStore[:0]
	r.topPart = part{path: "1"}
	r.walker = walker{lines: lines, header: &r.scratch.header, leaf: r.leaf, guess: guess}
	w := &r.walker
	w.entity(&r.topPart, 0)
	lines.free()
	r.top = w.top
	for _, n := range w.notes {
		r.notes.add(n)
	}
	return w
}

func (r *reading) leaf(p *part, b *body) (stop bool) {
	d, odd := p.decoder()
	if odd != "" {
		r.notes.add("a part has the unknown transfer encoding " + clip(odd, 80))
	}
	if said := p.protection(); said != "" {
		r.notes.add(said)
	}
	c := r.content(p, b, d)
	switch {
	case p.isText():
		r.text(p, c)
		c.finish()
	case p.isTNEF():
		files := r.tnef(p, c.reader())
		c.finish()
		a := p.attachment()
		a.Size = c.size
		r.attachments = append(append(r.attachments, a), files...)
	default:
		switch {
		case isReport(p.media) && len(r.reports) < 10:
			r.reports = append(r.reports, report{media: p.media, text: bytes.Clone(c.head(maxReport))})
		case p.isCalendar():
			text, _ := toUTF8(c.head(maxReport), p.params.get("charset"))
			r.calendarReply = r.calendarReply || strings.EqualFold(p.params.get("method"), "reply") || strings.Contains(text, "METHOD:REPLY")
			for _, said := range calendarLines(text) {
				r.notes.add(said)
			}
		case p.isOtherText():
			text, _ := toUTF8(c.head(maxReport), p.params.get("charset"))
			if p.media != "text/markdown" {
				text = unenriched(text)
			}
			r.fallback = append(r.fallback, textPart{text: plainLines(text)})
		}
		c.finish()
		a := p.attachment()
		a.Size = c.size
		r.attachments = append(r.attachments, a)
	}
	r.sums = append(r.sums, c.sum[:]...)
	return false
}

func (r *reading) text(p *part, c *content) {
	markup := p.media == "text/html"
	used := &r.textSize
	if markup {
		used = &r.htmlSize
	}
	b := c.head(maxText - *used + 1) // all that is kept of it is copied below
	if len(b) > maxText-*used {
		b = b[:maxText-*used]
		r.notes.add("the text is longer than 1 MiB; the rest of it is in the raw mail only")
	}
	*used += len(b)
	declared := p.params.get("charset")
	if declared == "" && markup {
		declared = metaCharset(b)
	}
	if !markup {
		var files []uuFile
		b, files = cutUU(b)
		for i, f := range files {
			r.attachments = append(r.attachments, f.attachment(p.path, i+1))
		}
	}
	if r.charset == "" {
		r.charset = declared
	}
	usual := b
	if c.stream == nil && len(b) == len(c.all) { // its sum needs the same
		if text, sure := c.unixText(); sure {
			usual = text
		}
	}
	text, ok := usualText(usual, canonicalCharset(declared))
	if !ok {
		var note string
		if text, note = toUTF8(b, declared); note != "" {
			r.notes.add(note)
		}
		text = plainLines(text)
	}
	if strings.EqualFold(p.params.get("format"), "flowed") && !markup {
		text = unflow(text, strings.EqualFold(p.params.get("delsp"), "yes"))
	}
	if !markup && isDocument(text) {
		markup = true
	}
	r.texts = append(r.texts, textPart{html: markup, text: text, alternative: p.alternative})
}

// message puts together what was read, but for the hash of a mail that has no ID.
func (r *reading) message(size int64) *message.Message {
	m := &message.Message{Size: size, Attachments: r.attachments, Kind: message.Human}
	if r.top != nil {
		r.header(m, &r.top.header)
	}
	m.Text, m.HTML = joinTexts(r.texts)
	sole := len(r.texts) == 1 // of the plain text and the HTML, one is made of the other or is not there
	if strings.TrimSpace(m.Text) == "" && len(r.fallback) > 0 {
		m.Text, m.HTML = joinTexts(r.fallback)
		sole = len(r.fallback) == 1
	}
	forward := isForward(m.Subject)
	m.Visible, m.Forwarded = newWords(m.Text, forward)
	if !sole && m.Visible == strings.TrimSpace(m.Text) && quotesInMarkup(m.HTML) {
		// The plain text has no mark of where the quote begins, the HTML has.
		if v, forwarded := newWords(htmlText(m.HTML), forward); v != "" && len(v) < len(m.Visible) {
			m.Visible, m.Forwarded = v, forwarded
		}
	}
	m.Language = language(m.Visible)
	if r.top != nil {
		r.judge(m)
	}
	m.ContentHash = r.contentHash(m)
	m.Notes = r.notes[:min(len(r.notes), maxNotes)]
	return m
}

// ownID is the mail's Message-ID, "" for none.
func ownID(h *header) message.ID {
	if ids := message.ParseIDs(rawText(h.get("Message-ID"), "")); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

func (r *reading) header(m *message.Message, h *header) {
	addresses := func(name string) (list []message.Address) {
		for v := range h.all(name) {
			if more := parseAddresses(v, r.charset); list == nil {
				list = more
			} else {
				list = append(list, more...)
			}
		}
		return list[:min(len(list), maxAddresses)]
	}
	m.ID = ownID(h)
	for v := range h.all("References") {
		m.References = append(m.References, message.ParseIDs(rawText(v, ""))...)
	}
	m.From, m.FromFields = addresses("From"), h.froms
	if !strings.Contains(withoutWords(strings.Join(slices.Collect(h.all("From")), ",")), "@") {
		// No encoded word may stand for an address (RFC 2047, 5), and no server has judged the domain of one: nobody is who he says so.
		for i, a := range m.From {
			m.From[i] = message.Address{Name: oneLine(a.Name + " " + a.Addr)}
		}
	}
	for _, name := range []string{"To", "Cc", "In-Reply-To", "Subject"} {
		if h.cut || h.twice(name) {
			m.Repeated = append(m.Repeated, name)
		}
	}
	m.To, m.Cc, m.ReplyTo = addresses("To"), addresses("Cc"), addresses("Reply-To")
	for v := range h.all("In-Reply-To") {
		m.InReplyTo = append(m.InReplyTo, answered(rawText(v, ""), m)...)
	}
	subject := ""
	for v := range h.all("Subject") { // some programs put an empty one before their own
		if subject = v; v != "" {
			break
		}
	}
	subject = decodeWords(beginning(subject), r.charset)
	if strings.HasPrefix(subject, "=?") && strings.HasSuffix(subject, "?=") { // encoded twice
		subject = decodeWords(subject, r.charset)
	}
	m.Subject = clip(oneLine(subject), maxShown)
	if v := h.get("Date"); v != "" {
		var err error
		if m.Date, err = parseDate(v); err != nil {
			r.notes.add("the date could not be read")
		}
	}
	for _, f := range h.fields {
		switch {
		case strings.EqualFold(f.name, "Delivered-To"), strings.EqualFold(f.name, "X-Original-To"):
			m.Delivered = append(m.Delivered, parseAddresses(f.value, r.charset)...)
		}
		if isTrace(f.name) {
			if m.Trace == nil {
				m.Trace = make([]message.Field, 0, min(len(h.fields), 8))
			}
			m.Trace = append(m.Trace, message.Field{Name: cleanText(f.name), Value: strings.ReplaceAll(cleanText(f.value), "\n", " ")})
		}
	}
	if h.odd > 0 {
		r.notes.add(fmt.Sprintf("lines of the header that are no fields: %d", h.odd))
	}
	if h.own > 0 {
		r.notes.add("fields of our own namespace were left out")
	}
	if m.FromFields != 1 {
		r.notes.add(fmt.Sprintf("the mail has %d From fields", m.FromFields))
	}
}

// beginning is as much of a value as can be shown of it: an encoded word may have many times the length of its text.
func beginning(v string) string {
	const most = 32 * maxShown
	if len(v) <= most {
		return v
	}
	if end := strings.LastIndexByte(v[:most], ' '); end > 0 { // between two words
		return v[:end]
	}
	return v[:most]
}

// answered gives the ids of an In-Reply-To field. Old programs put a sentence around the id (RFC 5322, 4.5.4), often with the address of
// the person who is answered: "Message from Kim Lee <kim@cust.example> of Monday <1@cust.example>". An address taken for an id would join
// all mails that answer that person.
func answered(value string, m *message.Message) []message.ID {
	if begin := strings.IndexByte(value, '<'); begin > 0 && strings.TrimSpace(value[:begin]) != "" {
		value = value[strings.LastIndexByte(value, '<'):]
	}
	return slices.DeleteFunc(message.ParseIDs(value), func(id message.ID) bool {
		addr, err := message.Canonical(strings.TrimSuffix(string(id), "'s"))
		if err != nil {
			return false
		}
		for _, list := range [][]message.Address{m.From, m.To, m.Cc, m.ReplyTo} {
			if slices.ContainsFunc(list, func(a message.Address) bool { return a.Addr == addr }) {
				return true
			}
		}
		return false
	})
}
