package parse

import (
	"bytes"
	"iter"
	"strings"
)

// Limits of one header (T056). What goes beyond is counted and noted, never an error: the mail is kept and shown.
const (
	maxHeader = 1 << 20   // bytes of all fields together
	maxField  = 256 << 10 // bytes of one field
	maxFields = 5000
	maxOdd    = 200 // lines that are no fields, until the header is taken to have ended
)

// Our own namespace: such fields of a stranger's mail must reach no decision, so they are not even read (T065).
const ownPrefix = "x-postdesk-"

// A field is one header field, unfolded, its bytes otherwise as they came.
type field struct {
	name  string // as written
	value string
}

type header struct {
	fields []field
	froms  int // all From fields, also those beyond the limits
	size   int
	cut    bool // something went beyond the limits
	odd    int  // lines that are no part of a field
	own    int  // fields of our own namespace, left out

	names [4]uint64 // a bit for each name that is there, and for others like it: most that are asked for are not
}

// nameBit is that of a field's name, whatever its case.
func nameBit(name string) uint8 {
	n := len(name)
	if n == 0 {
		return 0
	}
	first, middle, last := name[0]|0x20, name[n/2]|0x20, name[n-1]|0x20
	return uint8(n*31) + first*7 + middle*13 + last
}

// mayHave tells by the bit of a name whether such a field can be there.
func (h *header) mayHave(bit uint8) bool { return h.names[bit/64]&(1<<(bit%64)) != 0 }

// find is the index of the first such field from an index on, -1 when there is none.
func (h *header) find(name string, from int) int {
	if !h.mayHave(nameBit(name)) {
		return -1
	}
	for i := from; i < len(h.fields); i++ {
		if have := h.fields[i].name; len(have) == len(name) && strings.EqualFold(have, name) { // names are ASCII
			return i
		}
	}
	return -1
}

// get is the value of the first such field, "" when there is none.
func (h *header) get(name string) string {
	if i := h.find(name, 0); i >= 0 {
		return h.fields[i].value
	}
	return ""
}

func (h *header) has(name string) bool { return h.find(name, 0) >= 0 }

// all gives the values of all such fields, topmost first.
func (h *header) all(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := h.find(name, 0); i >= 0 && yield(h.fields[i].value); i = h.find(name, i+1) {
		}
	}
}

// twice tells whether there is more than one such field.
func (h *header) twice(name string) bool {
	i := h.find(name, 0)
	return i >= 0 && h.find(name, i+1) >= 0
}

// A headerStore is what readHeader works in; it is worth keeping for the next header.
type headerStore struct {
	all   []byte  // names and values, one after the other: one text for all
	begin []int   // of each name and of each value in it
	list  []field // of the headers that are in use, the last one's at the end
}

// drop gives up the header that was read last.
func (s *headerStore) drop(h *header) {
	s.list = s.list[:len(s.list)-len(h.fields)]
}

// fields are those that were stored.
func (s *headerStore) fields(h *header) {
	text := string(s.all)
	odd := strings.IndexByte(text, 0) >= 0 || strings.IndexByte(text, '\r') >= 0
	first := len(s.list)
	for i := 0; i < len(s.begin); i += 2 {
		end := len(text)
		if i+2 < len(s.begin) {
			end = s.begin[i+2]
		}
		value := trimBlanks(text[s.begin[i+1]:end])
		if odd {
			value = cleanRaw(value)
		}
		f := field{text[s.begin[i]:s.begin[i+1]], value}
		s.list = append(s.list, f)
		bit := nameBit(f.name)
		h.names[bit/64] |= 1 << (bit % 64)
	}
	h.fields = s.list[first:len(s.list):len(s.list)]
}

// readHeader reads to the blank line and past it. Lines that are no field cost nothing but themselves: one that stands before more
// fields is a continuation that lost its indent, and one after which no field comes begins the body, whose blank line is missing.
// stop tells which lines end the header at once, as a boundary does; ended says that one did.
func readHeader(lines *lineReader, store *headerStore, stop func(line []byte) bool) (h header, ended bool) {
	store.all, store.begin = store.all[:0], store.begin[:0]
	ended = store.read(lines, &h, stop)
	store.fields(&h)
	return h, ended
}

func (s *headerStore) read(lines *lineReader, h *header, stop func(line []byte) bool) (ended bool) {
	const none, kept, dropped = 0, 1, 2
	state := none // what became of the field that the next continuation belongs to
	add := func(b []byte) {
		if room := min(maxField-(len(s.all)-s.begin[len(s.begin)-1]), maxHeader-h.size); len(b) > room {
			h.cut = true
			b = b[:max(room, 0)]
		}
		h.size += len(b)
		s.all = append(s.all, b...)
	}
	for {
		piece, fresh := lines.next()
		if piece == nil {
			return false
		}
		text, _ := cutEnd(piece)
		switch {
		case !fresh: // more of a line longer than pieceSize
			if state == kept {
				add(text)
			}
			continue
		case len(text) == 0 || (text[0] <= ' ' || text[0] >= 0x80) && len(bytes.TrimSpace(text)) == 0:
			if len(text) > 0 && headerGoesOn(lines) { // white space is no blank line while fields follow
				continue
			}
			return false
		case text[0] == '-' && stop(text):
			return true
		case text[0] == ' ' || text[0] == '\t':
			if state == kept {
				add(text)
			} else if state == none {
				h.odd++
			}
			continue
		}
		name, n := fieldName(text)
		if n == 0 {
			if bytes.HasPrefix(text, []byte(">From ")) || bytes.HasPrefix(text, []byte("From ")) {
				h.odd++ // an mbox separator that a relay wrapped again
				continue
			}
			if h.odd > maxOdd || !headerGoesOn(lines) {
				lines.unread()
				h.odd++
				return false
			}
			h.odd++
			// What tells the way of the mail is never made longer by a line of the sender's: the last field of our own server
			// stands right above the sender's first one.
			if state == kept && !isTrace(string(s.all[s.begin[len(s.begin)-2]:s.begin[len(s.begin)-1]])) {
				text, _ := cutEnd(lines.piece())
				add([]byte(" "))
				add(text)
			}
			continue
		}
		raw := text[:name]
		state = kept
		if len(raw) == 4 && strings.EqualFold(string(raw), "From") {
			h.froms++
		}
		switch {
		case len(raw) > len(ownPrefix) && strings.EqualFold(string(raw[:len(ownPrefix)]), ownPrefix):
			h.own++
			state = dropped
		case len(s.begin)/2 >= maxFields || h.size >= maxHeader:
			h.cut = true
			state = dropped
		default:
			h.size += len(raw)
			s.begin = append(s.begin, len(s.all), len(s.all)+len(raw))
			s.all = append(s.all, raw...)
			add(text[n+1:])
		}
	}
}

// fieldName is the length of the field name that begins the line, and where its colon stands, which is 0 when none does. White space
// before the colon is obsolete but legal (RFC 5322, 4.5).
func fieldName(line []byte) (end, colon int) {
	colon = bytes.IndexByte(line, ':')
	if colon < 1 || colon > 200 {
		return 0, 0
	}
	end = colon
	for end > 0 && (line[end-1] == ' ' || line[end-1] == '\t') {
		end--
	}
	for _, c := range line[:end] {
		if c <= ' ' || c >= 0x7f {
			return 0, 0
		}
	}
	return end, colon
}

// headerGoesOn tells whether a well-known field still comes before the next blank line.
func headerGoesOn(lines *lineReader) bool { return fieldAhead(lines.ahead(4<<10), lines.end) }

func fieldAhead(text []byte, end byte) bool {
	for i, line := range bytes.Split(text, []byte{end}) {
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 || i > 40 {
			return false
		}
		if n, colon := fieldName(line); colon > 0 {
			switch name := strings.ToLower(string(line[:n])); name {
			case "from", "to", "cc", "subject", "date", "message-id", "received", "mime-version", "reply-to", "return-path", "in-reply-to",
				"references", "sender", "delivered-to":
				return true
			default:
				if strings.HasPrefix(name, "content-") || strings.HasPrefix(name, "x-") || strings.HasPrefix(name, "list-") {
					return true
				}
			}
		}
	}
	return false
}

// trimBlanks takes white space and line ends off both ends.
func trimBlanks(s string) string {
	blank := func(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
	for len(s) > 0 && blank(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && blank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// cleanRaw takes from a value what no decision and no database can bear: NUL and bare line ends. Bytes of other charsets stay.
func cleanRaw(s string) string {
	if strings.IndexByte(s, 0) < 0 && strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case 0:
			return -1
		case '\r', '\n':
			return ' '
		}
		return r
	}, s)
}
