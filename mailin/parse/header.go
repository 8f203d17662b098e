package parse

import (
	"bytes"
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
}

// get is the value of the first such field, "" when there is none.
func (h *header) get(name string) string {
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

func (h *header) has(name string) bool {
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			return true
		}
	}
	return false
}

// all gives the values of all such fields, topmost first.
func (h *header) all(name string) []string {
	var values []string
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			values = append(values, f.value)
		}
	}
	return values
}

// readHeader reads to the blank line and past it. Lines that are no field cost nothing but themselves: one that stands before more
// fields is a continuation that lost its indent, and one after which no field comes begins the body, whose blank line is missing.
// stop tells which lines end the header at once, as a boundary does; ended says that one did.
func readHeader(lines *lineReader, stop func(line []byte) bool) (h header, ended bool) {
	const none, kept, dropped = 0, 1, 2
	state := none // what became of the field that the next continuation belongs to
	var value strings.Builder
	var name string
	flush := func() {
		if state == kept {
			h.fields = append(h.fields, field{name, cleanRaw(value.String())})
		}
		state = none
		value.Reset()
	}
	add := func(b []byte) {
		if room := min(maxField-value.Len(), maxHeader-h.size); len(b) > room {
			h.cut = true
			b = b[:max(room, 0)]
		}
		h.size += len(b)
		value.Write(b)
	}
	for {
		piece, fresh := lines.next()
		if piece == nil {
			flush()
			return h, false
		}
		text, _ := cutEnd(piece)
		switch {
		case !fresh: // more of a line longer than pieceSize
			if state == kept {
				add(text)
			}
			continue
		case len(bytes.TrimSpace(text)) == 0:
			if len(text) > 0 && headerGoesOn(lines) { // white space is no blank line while fields follow
				continue
			}
			flush()
			return h, false
		case stop(text):
			flush()
			return h, true
		case text[0] == ' ' || text[0] == '\t':
			if state == kept {
				add(text)
			} else if state == none {
				h.odd++
			}
			continue
		}
		n := fieldName(text)
		if n == 0 {
			if bytes.HasPrefix(text, []byte(">From ")) || bytes.HasPrefix(text, []byte("From ")) {
				h.odd++ // an mbox separator that a relay wrapped again
				continue
			}
			own := append([]byte{}, piece...)
			if h.odd > maxOdd || !headerGoesOn(lines) {
				flush()
				lines.unread(own)
				h.odd++
				return h, false
			}
			h.odd++
			// What tells the way of the mail is never made longer by a line of the sender's: the last field of our own server
			// stands right above the sender's first one.
			if text, _ := cutEnd(own); state == kept && !isTrace(name) {
				add([]byte(" "))
				add(text)
			}
			continue
		}
		flush()
		name = string(bytes.TrimSpace(text[:n]))
		state = kept
		if strings.EqualFold(name, "From") {
			h.froms++
		}
		switch {
		case len(name) > len(ownPrefix) && strings.EqualFold(name[:len(ownPrefix)], ownPrefix):
			h.own++
			state = dropped
		case len(h.fields) >= maxFields || h.size >= maxHeader:
			h.cut = true
			state = dropped
		default:
			h.size += len(name)
			add(text[n+1:])
		}
	}
}

// fieldName is the length of the field name that begins the line, 0 when none does. White space before the colon is obsolete but
// legal (RFC 5322, 4.5).
func fieldName(line []byte) int {
	colon := bytes.IndexByte(line, ':')
	if colon < 1 || colon > 200 {
		return 0
	}
	for _, c := range bytes.TrimRight(line[:colon], " \t") {
		if c <= ' ' || c >= 0x7f {
			return 0
		}
	}
	return colon
}

// headerGoesOn tells whether a well-known field still comes before the next blank line.
func headerGoesOn(lines *lineReader) bool {
	for i, line := range bytes.Split(lines.ahead(4<<10), []byte{lines.end}) {
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 || i > 40 {
			return false
		}
		if n := fieldName(line); n > 0 {
			switch name := strings.ToLower(string(bytes.TrimSpace(line[:n]))); name {
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

// cleanRaw takes from a value what no decision and no database can bear: NUL and bare line ends. Bytes of other charsets stay.
func cleanRaw(s string) string {
	s = strings.Trim(s, " \t\r\n")
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
