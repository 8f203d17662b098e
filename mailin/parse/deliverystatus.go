package parse

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// deliveryStatus is a report in the standard form (RFC 3464).
type deliveryStatus struct {
	recipients []recipientStatus
}

type recipientStatus struct {
	address    string // the original recipient where it is named, else the final one
	action     string // lower case; "" when there is none
	status     string
	diagnostic string
}

// failed tells whether the mail did not arrive, or not yet. The standard has five actions (RFC 3464, 2.3.3); of another one, such as
// OpenSMTPD's "error", the status tells.
func (s recipientStatus) failed() bool {
	switch s.action {
	case "failed", "failure", "delayed", "fail", "error":
		return true
	case "delivered", "relayed", "expanded":
		return false
	}
	return s.status != "" && s.status[0] != '2'
}

// read adds the groups of fields of a message/delivery-status part: one about the message, then one a recipient.
func (d *deliveryStatus) read(text []byte, store *headerStore) {
	lines := linesOf(append(slices.Clip(bytes.Trim(text, "\r\n")), '\n'))
	never := func([]byte) bool { return false }
	for range 500 {
		piece, _ := lines.next()
		if piece == nil {
			return
		}
		if t, _ := cutEnd(piece); len(bytes.TrimSpace(t)) == 0 {
			continue
		}
		lines.unread()
		h, _ := readHeader(lines, store, never)
		store.drop(&h)          // it is good until the next is read
		if len(h.fields) == 0 { // a line that is no field: pass over it
			lines.skipLine()
			continue
		}
		if s, ok := readRecipient(h.fields); ok {
			d.recipients = append(d.recipients, s)
		}
	}
}

// readRecipient reads a group of fields; it may be the one about the message.
func readRecipient(fields []field) (s recipientStatus, ok bool) {
	var original, final, actual string
	for i := len(fields) - 1; i >= 0; i-- { // of several, the first counts
		switch f := fields[i]; strings.ToLower(f.name) {
		case "original-recipient":
			original = f.value
		case "final-recipient":
			final = f.value
		case "x-actual-recipient":
			actual = f.value
		case "action":
			s.action = strings.ToLower(firstWord(f.value))
		case "status":
			s.status = statusCode(f.value)
		case "diagnostic-code": // a gateway's own comes beside the other server's
			if text := diagnosticText(f.value); s.diagnostic == "" || hasFailureCode(text) || !hasFailureCode(s.diagnostic) {
				s.diagnostic = text
			}
		}
	}
	final = typedAddress(final)
	if s.address = originalAddress(original, final); s.address == "" {
		s.address = final
	}
	if s.address == "" {
		s.address = typedAddress(actual)
	}
	if s.address == "" && s.action == "" && s.status == "" {
		return s, false
	}
	// A general code such as 5.0.0 says less than the one that the other server gave.
	if code := statusCode(s.diagnostic); code != "" && (s.status == "" || strings.HasSuffix(s.status, ".0.0") && code[0] == s.status[0]) {
		s.status = code
	}
	return s, true
}

func firstWord(s string) string {
	if f := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '(' || r == ';' }); len(f) > 0 {
		return f[0]
	}
	return ""
}

// typedAddress reads "rfc822;kim@cust.example" (RFC 3464, 2.3.1), also with a name before it.
func typedAddress(v string) string {
	kind, addr, ok := strings.Cut(v, ";")
	if !ok {
		kind, addr = "", v
	}
	if strings.EqualFold(strings.TrimSpace(kind), "utf-8") {
		addr = unescaped(addr)
	}
	if open := strings.LastIndexByte(addr, '<'); open >= 0 {
		addr = addr[open:]
	}
	addr = strings.Trim(strings.TrimSpace(addr), "<>")
	if addr == "" {
		return ""
	}
	if c, err := cleanAddress(addr); err == nil {
		return c
	}
	return ""
}

// unescaped puts the letters into an address that was written in ASCII: j\x{FC}rgen@cust.example (RFC 6533, 3).
func unescaped(addr string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(addr, `\x{`)
		digits, after, closed := strings.Cut(rest, "}")
		b.WriteString(before)
		if !ok || !closed {
			b.WriteString(addr[len(before):])
			return b.String()
		}
		if n, err := strconv.ParseUint(digits, 16, 21); err == nil {
			b.WriteRune(rune(n))
		}
		addr = after
	}
}

// originalAddress is the original recipient. Some leave it as it came in the envelope, with "+" as "+2B" and "=" as "+3D" (RFC 3461, 4); the
// latter may be a part of an address as well, and is told by the final one.
func originalAddress(v, final string) string {
	addr := typedAddress(v)
	if strings.IndexByte(addr, '+') < 0 {
		return addr
	}
	plain := strings.ReplaceAll(addr, "+2b", "+")
	if whole := strings.ReplaceAll(strings.ReplaceAll(addr, "+3d", "="), "+2b", "+"); whole == final {
		return final
	}
	if strings.Contains(v, "+2B") {
		return plain
	}
	return addr
}

// diagnosticText is what the remote server said, without the type before it (RFC 3464, 2.3.6).
func diagnosticText(v string) string {
	if kind, text, ok := strings.Cut(v, ";"); ok && !strings.Contains(strings.TrimSpace(kind), " ") {
		v = text
	}
	if strings.Contains(v, "=?") { // which has no place here, and is there
		v = decodeWords(v, "")
	}
	return clip(oneLine(rawText(v, "")), 500)
}
