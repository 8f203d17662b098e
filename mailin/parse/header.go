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

	names uint64 // a bit for each name that is there, and for others like it: most that are asked for are not
}

// nameBit is that of a field's name, whatever its case.
func nameBit(name string) uint64 {
	if name == "" {
		return 0
	}
	first, last := name[0]|0x20, name[len(name)-1]|0x20
	return 1 << ((uint(len(name))*31 + uint(first)*7 + uint(last)) % 64)
}

func (h *header) add(f field) {
	h.fields = append(h.fields, f)
	h.names |= nameBit(f.name)
}

// get is the value of the first such field, "" when there is none.
func (h *header) get(name string) string {
	if h.names&nameBit(name) == 0 {
		return ""
	}
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

func (h *header) has(name string) bool {
	if h.names&nameBit(name) == 0 {
		return false
	}
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			return true
		}
	}
	return false
}

// all gives the values of all such fields, topmost first.
func (h *header) all(name string) []string {
	if h.names&nameBit(name) == 0 {
		return nil
	}
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
	var (
		all   = make([]byte, 0, 1<<10) // names and values, one after the other: one text for all
		begin []int                    // of each name and of each value in it
	)
	defer func() {
		text := string(all)
		h.fields = make([]field, 0, len(begin)/2)
		for i := 0; i < len(begin); i += 2 {
			end := len(text)
			if i+2 < len(begin) {
				end = begin[i+2]
			}
			h.add(field{text[begin[i]:begin[i+1]], cleanRaw(text[begin[i+1]:end])})
		}
	}()
	add := func(b []byte) {
		if room := min(maxField-(len(all)-begin[len(begin)-1]), maxHeader-h.size); len(b) > room {
			h.cut = true
			b = b[:max(room, 0)]
		}
		h.size += len(b)
		all = append(all, b...)
	}
	for {
		piece, fresh := lines.next()
		if piece == nil {
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
			return h, false
		case stop(text):
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
				lines.unread(own)
				h.odd++
				return h, false
			}
			h.odd++
			// What tells the way of the mail is never made longer by a line of the sender's: the last field of our own server
			// stands right above the sender's first one.
			if text, _ := cutEnd(own); state == kept && !isTrace(string(all[begin[len(begin)-2]:begin[len(begin)-1]])) {
				add([]byte(" "))
				add(text)
			}
			continue
		}
		raw := bytes.TrimSpace(text[:n])
		state = kept
		if len(raw) == 4 && strings.EqualFold(string(raw), "From") {
			h.froms++
		}
		switch {
		case len(raw) > len(ownPrefix) && strings.EqualFold(string(raw[:len(ownPrefix)]), ownPrefix):
			h.own++
			state = dropped
		case len(begin)/2 >= maxFields || h.size >= maxHeader:
			h.cut = true
			state = dropped
		default:
			h.size += len(raw)
			begin = append(begin, len(all), len(all)+len(raw))
			all = append(all, raw...)
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
