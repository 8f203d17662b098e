package mailout

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/postoffice"
)

// signing are two keys of desk.example and what the DNS has of them.
var signing = sync.OnceValues(func() (signers []policy.Signer, dns map[string]string) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	public, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	raw, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
	if err != nil {
		panic(err)
	}
	return []policy.Signer{
			{Domain: "desk.example", Selector: "r", Key: policy.SigningKey{Signer: rsaKey}},
			{Domain: "desk.example", Selector: "e", Key: policy.SigningKey{Signer: edKey}},
		}, map[string]string{
			"r._domainkey.desk.example": "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(raw),
			"e._domainkey.desk.example": "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public),
		}
})

// verified is how many signatures of a mail hold, and of how many.
func verified(t *testing.T, raw string) (hold, of int) {
	t.Helper()
	_, dns := signing()
	all, err := dkim.VerifyWithOptions(strings.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) { return []string{dns[name]}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Domain != "desk.example" {
			t.Errorf("signed by %s", v.Domain)
		}
		if v.Err == nil {
			hold++
		}
	}
	return hold, len(all)
}

func signedMail(t *testing.T, m *desk.Mail) string {
	t.Helper()
	signers, _ := signing()
	mime := &spool{}
	defer mime.Close()
	if err := Compose(mime, m, open); err != nil {
		t.Fatal(err)
	}
	with, err := sign(mime, signers)
	if err != nil {
		t.Fatal(err)
	}
	defer with.Close()
	raw, err := io.ReadAll(with.reader())
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestSignaturesHold(t *testing.T) {
	odd := plainMail()
	odd.Subject = "Über " + strings.Repeat("lange Betreffzeilen ", 20)
	odd.From.Name, odd.To.Name = "Wörk, Desk \"Support\"", strings.Repeat("é", 90)
	odd.Text = "\r\n\r\nA line with spaces   \r\n.\r\n\r\nFrom here on\t\r\n\r\n\r\n"
	thread := plainMail()
	for i := range 30 {
		thread.References = append(thread.References, message.ID(strings.Repeat("x", i+1)+"@acme.example"))
	}
	wide := plainMail()
	wide.To.Addr = "jörg@acme.example"
	empty := plainMail()
	empty.Text, empty.Subject = "", ""
	for name, m := range map[string]*desk.Mail{
		"text alone": plainMail(), "text, HTML and attachments": fullMail(), "odd words": odd, "a long thread": thread, "an address that is not ASCII": wide, "nothing said": empty,
	} {
		t.Run(name, func(t *testing.T) {
			raw := signedMail(t, m)
			if hold, of := verified(t, raw); hold != 2 || of != 2 {
				t.Errorf("%d of %d signatures hold\n%s", hold, of, raw)
			}
			if !strings.HasSuffix(raw, compose(t, m)) {
				t.Error("the mail behind the signatures is another one")
			}
			if m != wide {
				wellFormed(t, raw)
			}
			// What servers do on the way: fold a field anew, and put spaces at the end of a line.
			if other := strings.Replace(raw, "Subject: ", "Subject:\r\n ", 1); m.Subject != "" {
				if hold, _ := verified(t, other); hold != 2 {
					t.Errorf("folded anew, %d signatures hold", hold)
				}
			}
		})
	}
}

// Whatever a person reads, and whatever decides where an answer goes, is covered.
func TestChangedMailsDoNotHold(t *testing.T) {
	m := fullMail()
	m.InReplyTo = "" // so that one can be added
	m.References = nil
	raw := signedMail(t, m)
	if hold, _ := verified(t, raw); hold != 2 {
		t.Fatalf("unchanged, %d signatures hold", hold)
	}
	for name, change := range map[string]string{
		"a second From":       "From: boss@desk.example\r\n",
		"a second Subject":    "Subject: Pay at once\r\n",
		"a second To":         "To: all@acme.example\r\n",
		"a second Date":       "Date: Mon, 02 Jan 2006 15:04:05 +0000\r\n",
		"another Reply-To":    "Reply-To: mallory@evil.example\r\n",
		"a thread":            "In-Reply-To: <1@acme.example>\r\n",
		"references":          "References: <1@acme.example>\r\n",
		"a Cc":                "Cc: mallory@evil.example\r\n",
		"another type":        "Content-Type: text/html\r\n",
		"another Message-ID":  "Message-ID: <1@evil.example>\r\n",
		"another encoding":    "Content-Transfer-Encoding: base64\r\n",
		"no automatic answer": "Auto-Submitted: no\r\n",
	} {
		if hold, _ := verified(t, change+raw); hold != 0 && !(name == "no automatic answer" && m.Automatic) {
			t.Errorf("%s: %d signatures hold", name, hold)
		}
	}
	end := strings.LastIndex(raw, "--=_")
	for name, changed := range map[string]string{
		"words":    strings.Replace(raw, "Content-Disposition: attachment", "Content-Disposition: inline", 1),
		"a part":   raw[:end] + "x" + raw[end:],
		"appended": raw + "more\r\n",
		"a field":  strings.Replace(raw, "\r\nDate: ", "\r\nDate: 1", 1),
		"cut off":  raw[:end],
	} {
		if changed == raw {
			t.Fatalf("%s: nothing was changed", name)
		}
		if hold, _ := verified(t, changed); hold != 0 {
			t.Errorf("%s: %d signatures hold", name, hold)
		}
	}
}

// A mail is signed once, and every try sends those bytes (G5), though time passes and keys change.
func TestSignedOnce(t *testing.T) {
	m, later := numbered(2)[0], numbered(2)[1]
	signers, _ := signing()
	var gone atomic.Bool
	inWorld(t, newOutbox(m), func(w *world) {
		w.office.SMTPFaults(postoffice.SMTPFault{Verb: ".", Code: 451, Text: "later", Times: 1}, postoffice.SMTPFault{Verb: ".", Drop: postoffice.Unanswered, Times: 1})
		w.sender.Sign = func(from string) []policy.Signer {
			if gone.Load() {
				return nil
			}
			if from != "support@desk.example" {
				t.Errorf("asked for keys of %s", from)
			}
			return signers
		}
	}, func(t *testing.T, w *world) {
		w.until(t, "the first try", func() bool { return w.sources[1000+m.ID] != nil })
		gone.Store(true)
		w.untilDone(t)
		if n := w.copies(t, m); n != 2 {
			t.Errorf("%d copies; %+v", n, w.results(m.ID))
		}
		for _, s := range w.office.Submissions() {
			if hold, of := verified(t, string(s.Raw)); hold != 2 || of != 2 {
				t.Errorf("%d of %d signatures hold", hold, of)
			}
		}
		w.put(later)
		w.untilDone(t)
		if n := w.copies(t, later); n != 1 {
			t.Errorf("without keys: %d copies", n)
		}
	})
}
