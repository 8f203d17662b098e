//go:build linux

package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/postdesk/postdesk/mailin"
)

// TestRealSigned: where no server's word is pinned, the desk goes by what the mails themselves prove, with the keys and policies that it
// finds in the DNS.
func TestRealSigned(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := newRealDesk(t, sqliteDSN(t), nil)
	d.Resolver = nameServer(t, map[string]string{
		"a._domainkey.acme.example.": "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public),
		"_dmarc.acme.example.":       "v=DMARC1; p=reject",
	})
	d.Boxes[0].Unpinned = true
	d.writePolicy(t)
	n := d.serve(t)
	n.waits(t, "support", mailin.Waiting)

	anna, kim := addressOf("Anna", "anna@acme.example"), addressOf("Kim", "kim@bolt.example")
	letter := func(subject string) draft { return draft{to: "support@desk.example", subject: subject, words: "Hello"} }
	signed := func(raw []byte) []byte {
		var out bytes.Buffer
		err := dkim.Sign(&out, bytes.NewReader(raw), &dkim.SignOptions{Domain: "acme.example", Selector: "a", Signer: private,
			HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed})
		if err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	var want []string
	for _, mail := range []struct {
		from string
		raw  []byte
		want string
	}{
		{anna.Addr, signed(letter("Signed").bytes(anna)), "new A1"},
		{anna.Addr, letter("Forged").bytes(anna), "held X"},
		{anna.Addr, bytes.Replace(signed(letter("Changed").bytes(anna)), []byte("Hello"), []byte("Hallo"), 1), "held X"},
		{kim.Addr, letter("Not signed, and nobody asks for it").bytes(kim), "new A0"},
	} {
		if err := d.submit(d.MX, mail.from, "support@desk.example", mail.raw); err != nil {
			t.Fatal(err)
		}
		want = append(want, mail.want)
		eventually(t, "it is judged", func() error { // one after the other: Postfix does not keep their order
			if diff := cmp.Diff(want, d.outcomes(t)); diff != "" {
				return errors.New(diff)
			}
			return nil
		})
	}
	d.someone("Anna", anna.Addr).gets(t, "acknowledgement")
	n.stops(t)
}

// nameServer answers questions for TXT records on a port of this machine (RFC 1035), and gives its address.
func nameServer(t *testing.T, records map[string]string) string {
	t.Helper()
	line, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { line.Close(); <-ended })
	go func() {
		defer close(ended)
		buf := make([]byte, 4096)
		for {
			n, from, err := line.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			reply := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}, Questions: m.Questions}
			if txt, ok := records[strings.ToLower(q.Name.String())]; !ok {
				reply.RCode = dnsmessage.RCodeNameError
			} else if q.Type == dnsmessage.TypeTXT {
				reply.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60},
					Body:   &dnsmessage.TXTResource{TXT: []string{txt}},
				}}
			}
			if packed, err := reply.Pack(); err == nil {
				line.WriteTo(packed, from)
			}
		}
	}()
	return line.LocalAddr().String()
}
