package auth

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/postdesk/postdesk/desk/message"
)

// A written is a mail in memory, read only as far as signatures want it: mailin/parse is another room.
type written string

func (w written) Open() (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(string(w))), nil
}
func (w written) Size() int64 { return int64(len(w)) }

func (w written) message(t *testing.T) *message.Message {
	t.Helper()
	header, _, _ := strings.Cut(strings.ReplaceAll(string(w), "\r\n", "\n"), "\n\n")
	m := mail("", header)
	m.From, m.FromFields = nil, 0
	for _, f := range m.Trace {
		if strings.EqualFold(f.Name, "From") {
			m.FromFields++
			addr, _ := message.Canonical(strings.Trim(f.Value[strings.LastIndexByte(f.Value, '<')+1:], "<> "))
			m.From = append(m.From, message.Address{Addr: addr})
		}
	}
	return m
}

const letter = "From: Kim <kim@cust.example>\r\nTo: support@desk.example\r\nSubject: Yes\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n" +
	"Message-ID: <1@cust.example>\r\n\r\nYes, please.\r\n\r\nKim\r\n"

// A signer is one key and where it is published.
type keyPair struct {
	crypto.Signer
	record string
}

func ed25519Pair(t *testing.T) keyPair {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{key, "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(pub)}
}

func rsaPair(t *testing.T, bits int) keyPair {
	t.Helper()
	if bits < 1024 {
		t.Setenv("GODEBUG", "rsa1024min=0")
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{key, "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)}
}

// sign puts a signature above a mail; edit changes what is asked of it.
func sign(t *testing.T, key keyPair, w written, edit func(*dkim.SignOptions)) written {
	t.Helper()
	o := &dkim.SignOptions{
		Domain: "cust.example", Selector: "a", Signer: key.Signer, HeaderKeys: []string{"From", "To", "Cc", "Subject", "In-Reply-To", "Date", "Message-ID"},
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	}
	if edit != nil {
		edit(o)
	}
	var out bytes.Buffer
	if err := dkim.Sign(&out, strings.NewReader(string(w)), o); err != nil {
		t.Fatal(err)
	}
	return written(out.String())
}

func TestCheckedSignature(t *testing.T) {
	key, weak, long := ed25519Pair(t), rsaPair(t, 512), rsaPair(t, 1024)
	zone := func(more ...string) Zone {
		z := Zone{"a._domainkey.cust.example": {key.record}, "weak._domainkey.cust.example": {weak.record}, "long._domainkey.cust.example": {long.record},
			"a._domainkey.mail.cust.example": {key.record}, "a._domainkey.sender.example": {key.record}, "a._domainkey.desk.example": {key.record}}
		for i := 0; i < len(more); i += 2 {
			z[more[i]] = more[i+1 : i+2]
		}
		return z
	}
	reject := []string{"_dmarc.cust.example", "v=DMARC1; p=reject"}
	signed := sign(t, key, letter, nil)
	by := func(domain string) written {
		return sign(t, key, letter, func(o *dkim.SignOptions) { o.Domain = domain })
	}
	bySelector := func(k keyPair, selector string) written {
		return sign(t, k, letter, func(o *dkim.SignOptions) { o.Selector = selector })
	}
	change := func(from, to string) written {
		if !strings.Contains(string(signed), from) {
			t.Fatalf("there is no %q to change", from)
		}
		return written(strings.Replace(string(signed), from, to, 1))
	}
	resign := func(from, to string) written { // the words of the signature itself
		h, rest, _ := strings.Cut(string(signed), "From: ")
		return written(strings.Replace(h, from, to, 1) + "From: " + rest)
	}
	tests := []struct {
		name string
		mail written
		zone Zone
		want message.Level
		why  string
	}{
		{"signed by the domain", signed, zone(), message.LevelA1, "dkim=pass for cust.example"},
		{"with an RSA key", bySelector(long, "long"), zone(), message.LevelA1, "pass"},
		{"with bare LF, as an mbox has it", written("From kim Mon Mar  2 09:00:00 2026\n" + strings.ReplaceAll(string(signed), "\r\n", "\n")), zone(), message.LevelA1, "pass"},
		{"signed by a host of the organisation", by("mail.cust.example"), zone(), message.LevelA1, "pass for mail.cust.example"},
		{"the domain wants its own signature", by("mail.cust.example"), zone("_dmarc.cust.example", "v=DMARC1; p=none; adkim=s"), message.LevelA0, "asks for its own"},
		{"and asks to refuse others", by("mail.cust.example"), zone("_dmarc.cust.example", "v=DMARC1; p=reject; adkim=s"), message.LevelX, "asks for its own"},
		{"signed by another domain", by("sender.example"), zone(), message.LevelA0, "no signature"},
		{"and the domain asks to refuse it", by("sender.example"), zone(reject...), message.LevelX, "refuse"},
		{"not signed", letter, zone(), message.LevelA0, "no signature"},
		{"not signed, refused", letter, zone(reject...), message.LevelX, "refuse"},
		{"not signed, put aside", letter, zone("_dmarc.cust.example", "v=DMARC1;p=quarantine"), message.LevelX, "refuse"},
		{"not signed, monitored", letter, zone("_dmarc.cust.example", "v=DMARC1; p=none"), message.LevelA0, "no signature"},
		{"not signed, on trial", letter, zone("_dmarc.cust.example", "v=DMARC1; p=reject; pct=0"), message.LevelA0, "no signature"},
		{"two policies are none", letter, Zone{"_dmarc.cust.example": {"v=DMARC1; p=reject", "v=DMARC1; p=reject"}}, message.LevelA0, "no signature"},
		{"something else at that name", letter, zone("_dmarc.cust.example", "v=DMARC10; p=reject"), message.LevelA0, "no signature"},
		{"a word was changed", change("please", "perhaps"), zone(), message.LevelA0, "body hash"},
		{"the subject was changed", change("Subject: Yes", "Subject: No"), zone(), message.LevelA0, "did not verify"},
		{"changed, and refused", change("please", "perhaps"), zone(reject...), message.LevelX, "body hash"},
		{"key of nobody", signed, Zone{}, message.LevelA0, "no key"},
		{"key withdrawn", signed, zone("a._domainkey.cust.example", "v=DKIM1; k=ed25519; p="), message.LevelA0, "revoked"},
		{"two keys at one name", signed, Zone{"a._domainkey.cust.example": {key.record, key.record}}, message.LevelA0, "multiple"},

		{"key for the very domain, signed for a name below", sign(t, key, letter, func(o *dkim.SignOptions) { o.Identifier = "kim@mail.cust.example" }),
			zone("a._domainkey.cust.example", key.record+"; t=y:s"), message.LevelA0, "below its domain"},
		{"key for the very domain", signed, zone("a._domainkey.cust.example", key.record+"; t=s"), message.LevelA1, "pass"},

		{"T010: covers a part of the body", resign("v=1;", "v=1; l=4;"), zone(), message.LevelA0, "no signature"},
		{"T010: SHA-1", resign("ed25519-sha256", "rsa-sha1"), zone(), message.LevelA0, "no signature"},
		{"T010: a key of 512 bits", bySelector(weak, "weak"), zone(), message.LevelA0, "too short"},
		{"T010: past its time", sign(t, key, letter, func(o *dkim.SignOptions) { o.Expiration = time.Now().Add(-time.Hour) }), zone(), message.LevelA0, "expired"},
		{"T010: From is not signed", resign("h=From:", "h="), zone(), message.LevelA0, "no signature"},
		{"T011: words after those that are signed", written(string(resign("v=1;", "v=1; l=20;")) + "And close it.\r\n"), zone(), message.LevelA0, "no signature"},

		{"another From above", "From: boss@cust.example\r\n" + signed, zone(), message.LevelA0, "no single From"},
		{"a From that some readers see", "X-A: b\rFrom: boss@cust.example\rX-B: c\r\r\r\n" + signed, zone(), message.LevelA0, "take differently"},
		{"more signatures than are looked at", written(strings.Repeat("DKIM-Signature: v=1; a=rsa-sha256; d=cust.example; s=x; h=From; bh=; b=\r\n", maxSignatures)) + signed, zone(), message.LevelA0, ""},
		{"a broken one beside a good one", "DKIM-Signature: v=1; a=rsa-sha256; d=cust.example; s=x; h=From; bh=; b=\r\n" + signed, zone(), message.LevelA1, "pass"},
		{"a selector that is no name", resign("s=a;", "s=a/../b;"), zone(), message.LevelA0, ""},
		{"a header without an end", written(strings.Repeat("X: "+strings.Repeat("y", 990)+"\r\n", 1100)) + signed, zone(), message.LevelA0, "no signature"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &Checker{LookupTXT: tt.zone.LookupTXT}
			got, err := c.Judge(t.Context(), tt.mail.message(t), tt.mail, Trust{OwnDomains: []string{"desk.example"}})
			if err != nil || got.Level != tt.want || !strings.Contains(got.Why, tt.why) {
				t.Errorf("level %v (%s), %v; want %v because of %q", got.Level, got.Why, err, tt.want, tt.why)
			}
		})
	}

	t.Run("our own domain", func(t *testing.T) {
		ours := written(strings.ReplaceAll(letter, "kim@cust.example", "eva@desk.example"))
		c := &Checker{LookupTXT: zone().LookupTXT}
		trust := Trust{OwnDomains: []string{"desk.example"}}
		if got, _ := c.Judge(t.Context(), ours.message(t), ours, trust); got.Level != message.LevelX {
			t.Errorf("unsigned: %v (%s), want X", got.Level, got.Why)
		}
		ours = sign(t, key, ours, func(o *dkim.SignOptions) { o.Domain = "desk.example" })
		if got, _ := c.Judge(t.Context(), ours.message(t), ours, trust); got.Level != message.LevelA1 {
			t.Errorf("with our signature: %v (%s), want A1", got.Level, got.Why)
		}
	})

	t.Run("what it does not cover", func(t *testing.T) {
		short := sign(t, key, letter, func(o *dkim.SignOptions) { o.HeaderKeys = []string{"From", "Subject"} })
		c := &Checker{LookupTXT: zone().LookupTXT}
		got, _ := c.Judge(t.Context(), short.message(t), short, Trust{})
		if want := []string{"To", "Cc", "In-Reply-To"}; got.Level != message.LevelA1 || !slices.Equal(got.Unsigned, want) {
			t.Errorf("%v, not covered: %q; want A1, %q", got.Level, got.Unsigned, want)
		}
		// A second one that covers nothing takes nothing away: it is known which of them holds.
		both := "DKIM-Signature: v=1; a=rsa-sha256; d=cust.example; s=x; h=From; bh=; b=\r\n" + sign(t, key, letter, nil)
		if got, _ := c.Judge(t.Context(), both.message(t), both, Trust{}); len(got.Unsigned) > 0 {
			t.Errorf("beside another signature: %q not covered", got.Unsigned)
		}
	})
}

// TestCheckedBesideServer tells where our own look may raise what the pinned server's word gives, and that it never overrules it.
func TestCheckedBesideServer(t *testing.T) {
	key := ed25519Pair(t)
	c := &Checker{LookupTXT: Zone{"a._domainkey.cust.example": {key.record}, "_dmarc.cust.example": {"v=DMARC1; p=reject"}}.LookupTXT}
	trace := "Received: from out.cust.example ([192.0.2.1]) by mx.desk.example with ESMTPS id 1; Mon, 2 Mar 2026 09:00:00 +0000\r\n"
	tests := []struct {
		name, results string
		signed        bool
		want          message.Level
		why           string
	}{
		{"the server said nothing", "", true, message.LevelA1, "checked here"},
		{"nor is there a signature", "", false, message.LevelA0, "said nothing"}, // its DMARC is the server's to judge: it knows of SPF
		{"it looked at SPF alone", "spf=pass smtp.mailfrom=cust.example", true, message.LevelA1, "checked here"},
		{"the same, without a signature", "spf=pass smtp.mailfrom=cust.example", false, message.LevelA1s, "spf=pass"},
		{"it has seen it pass", "dkim=pass header.d=cust.example", true, message.LevelA1, "mx.desk.example: dkim=pass"},
		{"it has seen it fail", "dmarc=fail (p=reject)", true, message.LevelX, "dmarc=fail"},
		{"it says both", "dkim=pass header.d=cust.example; dkim=fail header.d=cust.example", true, message.LevelA0, "passes and fails"},
		{"nobody can read it", "dkim=pass (", true, message.LevelA0, "cannot be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := written(letter)
			if tt.signed {
				w = sign(t, key, w, nil)
			}
			w = written(trace) + w
			if tt.results != "" {
				w = "Authentication-Results: mx.desk.example; " + written(tt.results) + "\r\n" + w
			}
			got, err := c.Judge(t.Context(), w.message(t), w, pinned)
			if err != nil || got.Level != tt.want || !strings.Contains(got.Why, tt.why) {
				t.Errorf("level %v (%s), %v; want %v because of %q", got.Level, got.Why, err, tt.want, tt.why)
			}
		})
	}
}

// TestResultsBelow: results directly below the pinned server's own Received, as some of its filters write them, look the same as those that a
// sender has written. They count for nothing, whatever they say; the mail's own signature does.
func TestResultsBelow(t *testing.T) {
	key := ed25519Pair(t)
	c := &Checker{LookupTXT: Zone{"a._domainkey.cust.example": {key.record}, "_dmarc.cust.example": {"v=DMARC1; p=reject"}}.LookupTXT}
	const trace = "Received: from out.cust.example ([192.0.2.1]) by mx.desk.example with ESMTPS id 1; Mon, 2 Mar 2026 09:00:00 +0000\r\n"
	for _, results := range []string{
		"mx.desk.example; dkim=pass header.d=cust.example", "mx.desk.example; dmarc=pass header.from=cust.example",
		"mx.desk.example; spf=pass smtp.mailfrom=cust.example", "mx.desk.example; auth=pass smtp.auth=kim", "mx.desk.example; dmarc=fail (p=reject)",
	} {
		for _, signed := range []bool{true, false} {
			w, want := written(letter), message.LevelA0
			if signed {
				w, want = sign(t, key, w, nil), message.LevelA1
			}
			for _, below := range []string{"", "Received: from mx.desk.example by mx.desk.example; Mon, 2 Mar 2026 09:00:00 +0000\r\n"} {
				mail := written(trace) + "Authentication-Results: " + written(results) + "\r\n" + written(below) + w
				got, err := c.Judge(t.Context(), mail.message(t), mail, pinned)
				if err != nil || got.Level != want {
					t.Errorf("%s, signed %v: level %v (%s), %v; want %v", results, signed, got.Level, got.Why, err, want)
				}
			}
		}
	}
}

// TestT018DNSTimeout: what nobody answers for neither proves nor disproves, and says so.
func TestT018DNSTimeout(t *testing.T) {
	key := ed25519Pair(t)
	signed := sign(t, key, letter, nil)
	tests := []struct {
		name  string
		mail  written
		zone  Zone
		want  message.Level
		later bool
	}{
		{"the key", signed, Zone{"a._domainkey.cust.example": {"TEMPERROR"}, "_dmarc.cust.example": {"v=DMARC1; p=reject"}}, message.LevelA0, true},
		{"the policy", letter, Zone{"_dmarc.cust.example": {"TEMPERROR"}}, message.LevelA0, true},
		{"a policy that does not matter", signed, Zone{"a._domainkey.cust.example": {key.record}, "_dmarc.cust.example": {"TEMPERROR"}}, message.LevelA1, false},
		{"the key of somebody else", "DKIM-Signature: v=1; a=rsa-sha256; d=sender.example; s=x; h=From; bh=; b=\r\n" + signed,
			Zone{"x._domainkey.sender.example": {"TEMPERROR"}, "a._domainkey.cust.example": {key.record}}, message.LevelA1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := (&Checker{LookupTXT: tt.zone.LookupTXT}).Judge(t.Context(), tt.mail.message(t), tt.mail, Trust{})
			if got.Level != tt.want || errors.Is(err, ErrLater) != tt.later {
				t.Errorf("level %v (%s), %v; want %v, later: %t", got.Level, got.Why, err, tt.want, tt.later)
			}
		})
	}
	t.Run("any error but an answer", func(t *testing.T) {
		c := &Checker{LookupTXT: func(context.Context, string) ([]string, error) { return nil, context.Canceled }}
		if _, err := c.Judge(t.Context(), signed.message(t), signed, Trust{}); !errors.Is(err, ErrLater) {
			t.Errorf("%v, want ErrLater", err)
		}
	})
}

// FuzzSignatures: whatever stands in a mail, verifying it ends, and asks only for names that are some.
func FuzzSignatures(f *testing.F) {
	f.Add([]byte(letter))
	f.Add([]byte("DKIM-Signature: v=1; a=rsa-sha256; d=cust.example; s=x; h=From; bh=; b=\r\n" + letter))
	f.Add([]byte("DKIM-Signature: v=1; a=ed25519-sha256; c=simple; d=cust.example; i=@cust.example; q=dns/txt; s=a; t=1; x=9; h=from : from; l=0; bh=AA==; b=AA==\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := &Checker{LookupTXT: func(_ context.Context, name string) ([]string, error) {
			if !hostName(name) {
				t.Errorf("%q is looked up", name)
			}
			return []string{"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}, nil
		}}
		all, err := c.Signatures(t.Context(), written(raw))
		for _, s := range all {
			if s.Result == "pass" {
				t.Errorf("%+v of a key that signed nothing here", s)
			}
		}
		if err != nil && len(all) > 0 {
			t.Errorf("%v beside %d signatures", err, len(all))
		}
	})
}
