//go:build linux

package main

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/mailin/auth"
	"github.com/postdesk/postdesk/mailin/parse"
)

// A milter is the smallest filter that Postfix can ask (milter protocol, version 6). At the end of each mail it has a field added, as
// filters that verify signatures do.
type milter struct {
	field, value string
	place        uint32 // 0: above all fields, the server's own Received among them; 1: below that one
	atEnd        bool   // it asks for no place
}

// Commands of Postfix, answers to them, and what a filter says it may do.
const (
	milterNegotiate, milterEndOfMail, milterQuit = 'O', 'E', 'Q'
	milterContinue, milterInsert, milterAdd      = 'c', 'i', 'h'

	milterMayAdd = 0x01
)

// listen begins the filter, which ends with the test, and gives its address.
func (m milter) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			go func() {
				defer c.Close()
				m.serve(c) // what goes wrong here shows in the mail
			}()
		}
	}()
	return l.Addr().String()
}

func (m milter) serve(c net.Conn) error {
	r := bufio.NewReader(c)
	for {
		var size uint32
		if err := binary.Read(r, binary.BigEndian, &size); err != nil {
			return err
		}
		if size == 0 || size > 1<<20 {
			return errors.New("no packet of a mail server")
		}
		packet := make([]byte, size)
		if _, err := io.ReadFull(r, packet); err != nil {
			return err
		}
		var answers [][]byte
		switch packet[0] {
		case milterQuit:
			return nil
		case milterNegotiate:
			hello := []byte{milterNegotiate}
			for _, n := range []uint32{6, milterMayAdd, 0} {
				hello = binary.BigEndian.AppendUint32(hello, n)
			}
			answers = [][]byte{hello}
		case 'A', 'D', 'K': // an abort, macros and the end of a session want no answer
		case milterEndOfMail:
			answers = [][]byte{m.change(), {milterContinue}}
		default:
			answers = [][]byte{{milterContinue}}
		}
		for _, a := range answers {
			if _, err := c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(a))), a...)); err != nil {
				return err
			}
		}
	}
}

func (m milter) change() []byte {
	field := m.field + "\x00" + m.value + "\x00"
	if m.atEnd {
		return append([]byte{milterAdd}, field...)
	}
	return append(binary.BigEndian.AppendUint32([]byte{milterInsert}, m.place), field...)
}

// TestRealResults holds what mailin/auth relies on, and what it does not take, against what Postfix and Dovecot write: where the results
// of a filter come to stand, and whose words are never the server's.
func TestRealResults(t *testing.T) {
	t.Parallel()
	const field, results = "Authentication-Results", "mx.desk.example; dkim=pass header.d=acme.example"
	const forged = field + ": " + results + "\r\n"
	const clean = " -o { header_checks = regexp:{{/^Authentication-Results *:/ IGNORE}} }\n"
	anna, eve := addressOf("Anna", "anna@acme.example"), addressOf("Eve", "eve@desk.example")
	tests := []struct {
		name    string
		options string // of the smtpd in master.cf
		cleanup string // the same of its cleanup
		filter  *milter
		from    message.Address
		above   string // fields that the sender wrote above the rest
		greets  string // EHLO
		want    string // where the results stand, seen from Postfix' own line
		level   message.Level
	}{
		{name: "a filter that inserts above all, as RFC 8601, 4 asks", filter: &milter{}, want: "above", level: message.LevelA1},
		{name: "a filter that inserts behind the first field, as OpenDKIM did for long", filter: &milter{place: 1}, want: "below", level: message.LevelA0},
		{name: "a filter that adds", filter: &milter{atEnd: true}, want: "below", level: message.LevelA0},
		{name: "PREPEND of an access table or a policy server", options: " -o { smtpd_sender_restrictions = check_sender_access inline:{{acme.example = PREPEND " + forged[:len(forged)-2] + "}} }",
			want: "above", level: message.LevelA1},
		{name: "PREPEND of an access table, taken out with the sender's", cleanup: clean,
			options: " -o { smtpd_sender_restrictions = check_sender_access inline:{{acme.example = PREPEND " + forged[:len(forged)-2] + "}} }",
			want:    "nowhere", level: message.LevelA0},
		{name: "PREPEND of header_checks", cleanup: " -o { header_checks = regexp:{{/^From:/ PREPEND " + forged[:len(forged)-2] + "}} }\n", want: "below", level: message.LevelA0},
		{name: "the sender", above: forged, want: "below", level: message.LevelA0},
		{name: "the sender, taken out", above: forged, cleanup: clean, want: "nowhere", level: message.LevelA0},
		{name: "the sender, taken out, and a filter", above: forged, cleanup: clean, filter: &milter{}, want: "above", level: message.LevelA1},
		{name: "nobody", want: "nowhere", level: message.LevelA0},
		{name: "staff without a password", from: eve, want: "nowhere", level: message.LevelX},
		{name: "staff by a trace of the sender's", from: eve, above: "Received: from mx.desk.example by mx.desk.example with LMTP id 1; Mon, 2 Mar 2026 09:00:00 +0000\r\n" +
			"Received: from x (Authenticated sender: eve@desk.example) by mx.desk.example (Postfix) with ESMTPSA; Mon, 2 Mar 2026 09:00:00 +0000\r\n", want: "nowhere", level: message.LevelX},
		{name: "staff by a greeting", from: eve, greets: "x (Authenticated sender: eve@desk.example) by mx.desk.example with ESMTPSA", want: "nowhere", level: message.LevelX},
	}
	ports := freePorts(t, len(tests))
	m := startMail(t, func(m *mailServers) {
		for i, tt := range tests {
			options := tt.options
			if tt.filter != nil {
				tt.filter.field, tt.filter.value = field, results
				options += " -o smtpd_milters=inet:" + tt.filter.listen(t)
			}
			m.Services += fmt.Sprintf("127.0.0.1:%d inet n - n - - smtpd -o cleanup_service_name=cleanup%d%s\n", ports[i], i, options)
			m.Services += fmt.Sprintf("cleanup%d unix n - n - 0 cleanup%s\n", i, strings.TrimSuffix(tt.cleanup, "\n"))
		}
	})
	trust := auth.Trust{
		Server: "mx.desk.example", OwnDomains: []string{"desk.example"},
		Submission: map[string][]string{"eve@desk.example": {"eve@desk.example"}, "dana@desk.example": {"dana@desk.example"}},
	}
	hello := draft{to: "support@desk.example", subject: "Hello", words: "Hello"}
	n := 0
	next := func() *message.Message {
		n++
		return parse.Parse(parse.Bytes(m.nth(t, hello.to, n)))
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			from := cmp.Or(tt.from, anna)
			if err := m.speak(ports[i], cmp.Or(tt.greets, "there.example"), from.Addr, hello.to, append([]byte(tt.above), hello.bytes(from)...)); err != nil {
				t.Fatal(err)
			}
			got := next()
			if place := placeOf(got.Trace, field); place != tt.want {
				t.Errorf("the results stand %s, want %s:\n%q", place, tt.want, got.Trace)
			}
			if a := auth.Judge(got, trust); a.Level != tt.level {
				t.Errorf("the mail is %v (%s), want %v:\n%q", a.Level, a.Why, tt.level, got.Trace)
			}
		})
	}
	for _, tt := range []struct {
		name  string
		login string
		want  message.Level
	}{
		{"submitted with her password", "eve@desk.example", message.LevelA1},
		{"submitted with another's password", "dana@desk.example", message.LevelX},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := m.submit(m.Submission, tt.login, hello.to, hello.bytes(eve)); err != nil {
				t.Fatal(err)
			}
			if a := auth.Judge(next(), trust); a.Level != tt.want {
				t.Errorf("the mail is %v: %s, want %v", a.Level, a.Why, tt.want)
			}
		})
	}
}

// placeOf tells where a field stands in a mail that Postfix gave to Dovecot, whose line is the first.
func placeOf(trace []message.Field, name string) string {
	lines := 0
	for _, f := range trace {
		switch {
		case strings.EqualFold(f.Name, name) && lines < 2:
			return "above"
		case strings.EqualFold(f.Name, name):
			return "below"
		case strings.EqualFold(f.Name, "Received"):
			lines++
		}
	}
	return "nowhere"
}
