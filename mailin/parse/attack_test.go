package parse

import (
	"slices"
	"strings"
	"testing"
)

// A forwarded mail is shown with the new words, and is told apart from them: no command is read in it (T033).
func TestForwardedIsToldApart(t *testing.T) {
	const head = "From: eve@staff.example\nSubject: "
	const block = "---------- Forwarded message ---------\nFrom: Kim <kim@cust.example>\nDate: Tue, 3 Mar 2026 10:00\nSubject: It\n\nSee it.\n/close"
	const outlook = "From: Kim <kim@cust.example>\nSent: Tuesday, 3 March 2026 10:00\nTo: Eve <eve@staff.example>\nSubject: It\n\nSee it.\n/close"
	for _, tt := range []struct{ name, mail, own, forwarded string }{
		{"below own words", head + "Fwd: It\n\nSee below.\n/wait\n\n\n" + block, "See below.\n/wait\n\n", block},
		{"alone", head + "Fwd: It\n\n" + block, "", block},
		{"alone, in Outlook's way", head + "FW: It\n\n" + outlook, "", outlook},
		{"an answer has none", head + "Re: It\n\nSee it.\n/wait\n\nOn Tue, 3 Mar 2026 at 10:00, Kim <kim@cust.example> wrote:\n> /close\n", "See it.\n/wait", ""},
	} {
		m := Parse(Bytes([]byte(strings.ReplaceAll(tt.mail, "\n", "\r\n"))))
		if m.Forwarded != tt.forwarded || strings.TrimSuffix(m.Visible, m.Forwarded) != tt.own {
			t.Errorf("%s: %q is forwarded, of %q", tt.name, m.Forwarded, m.Visible)
		}
	}
}

// Fields that may stand once and stand there twice: one of them is not the one that a signature covers.
func TestRepeatedFields(t *testing.T) {
	const mail = "From: kim@cust.example\nTo: a@desk.example\nSubject: It\nIn-Reply-To: <1@desk.example>\n"
	for _, tt := range []struct {
		name, mail string
		want       []string
	}{
		{"each once", mail, nil},
		{"To twice", "to: b@desk.example\n" + mail, []string{"To"}},
		{"two more", "In-Reply-To: <2@desk.example>\n" + mail + "Subject : That\n", []string{"In-Reply-To", "Subject"}},
		{"a header too long to tell", mail + strings.Repeat("X-Y: z\n", maxFields), []string{"To", "Cc", "In-Reply-To", "Subject"}},
	} {
		if got := Parse(Bytes([]byte(tt.mail + "\nyes\n"))).Repeated; !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// What people see as one sender must not be read as another (T008, T009).
func TestOddFrom(t *testing.T) {
	for _, tt := range []struct{ from, not string }{
		{`=?utf-8?q?kim=40cust.example?=`, "kim@cust.example"},
		{`"kim@cust.example x"@evil.example`, "kim@cust.example"},
		{`"x kim@cust.example" m@evil.example`, "kim@cust.example"},
		{`kim@cust.example m@evil.example`, "kim@cust.example"},
		{`m@evil.example kim@cust.example`, "kim@cust.example"},
		{`=?utf-8?q?kim=40cust.example=00?= <m@evil.example>`, "kim@cust.example"},
		{`"kim@cust.example" <m@evil.example>`, "kim@cust.example"},
		{`kim@cust.example <m@evil.example>`, "kim@cust.example"},
		{`m@evil.example (<kim@cust.example>)`, "kim@cust.example"},
		{`<@cust.example:m@evil.example>`, "kim@cust.example"},
		{`"kim"@cust.example@evil.example`, "kim@cust.example"},
		{`kim@cust.example@evil.example`, "kim@cust.example"},
		{"kim@cust.example\x00@evil.example", "kim@cust.example"},
		{`<m@evil.example> kim@cust.example`, "kim@cust.example"},
		{`<kim@cust.example><m@evil.example>`, "kim@cust.example"},
		{`kim @ cust.example <m@evil.example>`, "kim@cust.example"},
	} {
		m := Parse(Bytes([]byte("From: " + tt.from + "\n\nyes\n")))
		if len(m.From) == 1 && m.From[0].Addr == tt.not {
			t.Errorf("%q is taken for %s", tt.from, tt.not)
		}
	}
}
