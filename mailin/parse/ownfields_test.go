package parse

import (
	"strings"
	"testing"
)

// TestT065OwnFields: fields of our own namespace in a stranger's mail reach nothing that decides, however they are written.
func TestT065OwnFields(t *testing.T) {
	plain := Parse(Bytes([]byte("From: Kim <kim@cust.example>\nTo: support@desk.example\nSubject: Hello\nMessage-ID: <1@cust.example>\n\nHow?\n")))
	for _, own := range []string{"X-Postdesk-Kind: bounce", "x-postdesk-level: A3", "X-POSTDESK-Ticket: 12", "X-Postdesk-From: eve@desk.example\n X-Postdesk-B: c"} {
		m := Parse(Bytes([]byte("From: Kim <kim@cust.example>\nTo: support@desk.example\n" + own + "\nSubject: Hello\nMessage-ID: <1@cust.example>\n\nHow?\n")))
		for _, f := range m.Trace {
			if strings.HasPrefix(strings.ToLower(f.Name), "x-postdesk") {
				t.Errorf("%q is handed on as %s", own, f.Name)
			}
		}
		if m.Kind != plain.Kind || m.From[0] != plain.From[0] || m.NoAutoResponse || m.Identity() != plain.Identity() || len(m.Trace) != len(plain.Trace) {
			t.Errorf("%q makes it %s of %v, with %d fields", own, m.Kind, m.From, len(m.Trace))
		}
	}
}
