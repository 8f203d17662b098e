package mailout

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gomessage "github.com/emersion/go-message"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/mailin/parse"
)

var update = flag.Bool("update", false, "write the golden mails anew")

var at = time.Date(2026, 11, 3, 9, 30, 0, 0, time.FixedZone("CET", 3600))

// plainMail is a mail of the outbox as an engineer's answer gives it.
func plainMail() *desk.Mail {
	return &desk.Mail{
		ID: 7, Ticket: 12, Mailbox: "support", Template: "reply", Audience: "customer",
		EnvelopeFrom: "support+b7@desk.example",
		From:         message.Address{Name: "Support", Addr: "support@desk.example"},
		To:           message.Address{Name: "Anna Kowalska", Addr: "anna@acme.example"},
		ReplyTo:      message.Address{Addr: "support+r12@desk.example"},
		Subject:      "[#12] How to log in",
		Text:         "Good morning,\n\nthe form is at the top right.\n",
		Language:     "en",
		MessageID:    "12.abc@desk.example",
		InReplyTo:    "first@acme.example",
		References:   []message.ID{"root@acme.example", "first@acme.example"},
		At:           at,
	}
}

// source is a mail that came in with two attachments.
var source = strings.ReplaceAll(`From: anna@acme.example
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

See the files.
--b
Content-Type: application/pdf; name=a.pdf
Content-Transfer-Encoding: base64

JVBERi0xLjQgdGhlIHBpY3R1cmUgb2YgYSBmb3Jt
--b
Content-Type: text/plain; charset=us-ascii; name=log.txt

line one
line two
--b--
`, "\n", "\r\n")

func open(id int64) (message.Source, error) {
	if id != 3 {
		return nil, desk.ErrNotFound
	}
	return parse.Bytes([]byte(source)), nil
}

func attachment(part, name, kind string) desk.AttachmentRef {
	return desk.AttachmentRef{Source: 3, Attachment: message.Attachment{Part: part, Filename: name, ContentType: kind}}
}

// fullMail has everything that a mail may have.
func fullMail() *desk.Mail {
	m := plainMail()
	m.EnvelopeFrom, m.Automatic, m.Language = "", true, "de"
	m.From.Name = "Postdesk, Kundendienst"
	m.To.Name = "Jürgen Groß"
	m.Subject = "[#12] Ihre Frage zur Anmeldung wurde aufgenommen: Rückmeldung bis Dienstag, 10. November, 10:30 Uhr"
	m.Text = "Guten Tag,\n\nIhre Anfrage trägt die Nummer 12.\n.\nQUIT\nFrom uns: bis Dienstag.\n"
	m.HTML = "<!doctype html>\n<p>Guten Tag,</p>\n<p>Ihre Anfrage trägt die Nummer <b>12</b>.</p>\n"
	m.Attachments = []desk.AttachmentRef{
		attachment("2", "a.pdf", "application/pdf"),
		attachment("3", "Protokoll vom Dienstag – größer als üblich und mit einem Namen, der in keine Zeile passt.txt", "text/plain"),
	}
	return m
}

func compose(t testing.TB, m *desk.Mail) string {
	t.Helper()
	var b bytes.Buffer
	if err := Compose(&b, m, open); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// wellFormed tells what every mail of ours must hold to.
func wellFormed(t *testing.T, raw string) {
	t.Helper()
	if !strings.HasSuffix(raw, "\r\n") {
		t.Errorf("the mail does not end in CRLF: %q", raw[max(0, len(raw)-20):])
	}
	for i, line := range strings.Split(strings.TrimSuffix(raw, "\r\n"), "\r\n") {
		if len(line) > lineMax {
			t.Errorf("line %d has %d bytes", i+1, len(line))
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }) {
			t.Errorf("line %d is not printable ASCII: %q", i+1, line)
		}
	}
}

func TestGoldenMails(t *testing.T) {
	textOnly := plainMail()
	textOnly.Automatic, textOnly.InReplyTo, textOnly.References = true, "", nil
	russian := plainMail()
	russian.Subject, russian.Text, russian.Language = "Заявка №12 принята", "Здравствуйте!\n\nВаша заявка принята.\n", "ru"
	for name, m := range map[string]*desk.Mail{"answer": plainMail(), "full": fullMail(), "notice": textOnly, "russian": russian} {
		t.Run(name, func(t *testing.T) {
			got := compose(t, m)
			wellFormed(t, got)
			file := filepath.Join("testdata", name+".eml")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			if again := compose(t, m); again != got {
				t.Error("the same mail gave other bytes")
			}
		})
	}
}

// leaf is one part as a reader of the mail finds it.
type leaf struct{ kind, name, body string }

func leaves(t *testing.T, raw string) (top *gomessage.Entity, all []leaf) {
	t.Helper()
	top, err := gomessage.Read(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	err = top.Walk(func(_ []int, e *gomessage.Entity, err error) error {
		if err != nil || e.MultipartReader() != nil {
			return err
		}
		kind, _, err := e.Header.ContentType()
		if err != nil {
			return err
		}
		_, params, _ := e.Header.ContentDisposition()
		body, err := io.ReadAll(e.Body)
		all = append(all, leaf{kind, params["filename"], string(body)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return top, all
}

func TestAReaderFindsWhatWasWritten(t *testing.T) {
	m := fullMail()
	top, got := leaves(t, compose(t, m))
	crlf := strings.NewReplacer("\n", "\r\n")
	want := []leaf{
		{"text/plain", "", crlf.Replace(m.Text)},
		{"text/html", "", crlf.Replace(m.HTML)},
		{"application/pdf", "a.pdf", "%PDF-1.4 the picture of a form"},
		{"text/plain", m.Attachments[1].Filename, "line one\r\nline two"},
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if s, err := top.Header.Text("Subject"); err != nil || s != m.Subject {
		t.Errorf("subject %q, %v; want %q", s, err, m.Subject)
	}
	for name, want := range map[string]message.Address{"From": m.From, "To": m.To, "Reply-To": m.ReplyTo} {
		got, err := mail.ParseAddress(top.Header.Get(name))
		if err != nil || got.Name != want.Name || got.Address != want.Addr {
			t.Errorf("%s: got %v, %v; want %v", name, got, err, want)
		}
	}
}

func TestT048HeadersOfAutomaticMail(t *testing.T) {
	answer, notice, written := plainMail(), plainMail(), plainMail()
	answer.Automatic = true
	notice.Automatic, notice.InReplyTo = true, ""
	for _, c := range []struct {
		name                            string
		mail                            *desk.Mail
		auto, suppress, inReplyTo, refs string
	}{
		{"an automatic answer", answer, "auto-replied", "All", "<first@acme.example>", "<root@acme.example> <first@acme.example>"},
		{"a notice nobody wrote for", notice, "auto-generated", "All", "", "<root@acme.example> <first@acme.example>"},
		{"an engineer's answer", written, "", "", "<first@acme.example>", "<root@acme.example> <first@acme.example>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			msg, err := mail.ReadMessage(strings.NewReader(compose(t, c.mail)))
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]string{"Auto-Submitted": c.auto, "X-Auto-Response-Suppress": c.suppress,
				"In-Reply-To": c.inReplyTo, "References": c.refs, "Message-Id": "<12.abc@desk.example>", "Content-Language": "en",
				"Date": "Tue, 03 Nov 2026 08:30:00 +0000", "User-Agent": "", "X-Mailer": ""} {
				if got := msg.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestT062HeadersCannotBeInjected(t *testing.T) {
	evil := []string{
		"a\r\nBcc: x@evil.example",
		"a\nBcc: x@evil.example",
		"a\rBcc: x@evil.example",
		"a\u2028Bcc: x@evil.example\u0085Cc: y@evil.example",
		"=?utf-8?q?a=0D=0ABcc:_x=40evil.example?=",
		"a\x00b\x1b[31m",
		"\r\n\r\n<script>",
		"\"><x@evil.example>, \"",
		"(comment, <x@evil.example>;",
		"\xff\xfe",
		"gro\u202egpj.exe",
	}
	for _, s := range evil {
		t.Run(fmt.Sprintf("%q", s), func(t *testing.T) {
			m := fullMail()
			m.Subject, m.From.Name, m.To.Name, m.ReplyTo.Name, m.Language = s, s, s, s, s
			m.Attachments[0].Filename, m.Attachments[0].ContentType = s, s
			m.InReplyTo, m.References = message.ID(s), []message.ID{message.ID(s), "ok@acme.example"}
			raw := compose(t, m)
			wellFormed(t, raw)
			msg, err := mail.ReadMessage(strings.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			allowed := []string{"From", "To", "Reply-To", "Subject", "Date", "Message-Id", "In-Reply-To", "References", "Auto-Submitted",
				"X-Auto-Response-Suppress", "Content-Language", "Mime-Version", "Content-Type"}
			for name, values := range msg.Header {
				if !strings.Contains(strings.Join(allowed, " ")+" ", name+" ") || len(values) != 1 {
					t.Errorf("field %s: %q", name, values)
				}
			}
			for name, want := range map[string]string{"From": m.From.Addr, "To": m.To.Addr, "Reply-To": m.ReplyTo.Addr} {
				got, err := msg.Header.AddressList(name)
				if err != nil || len(got) != 1 || got[0].Address != want {
					t.Errorf("%s: %v, %v; want %s alone", name, got, err, want)
				}
			}
			top, parts := leaves(t, raw)
			if got, err := top.Header.Text("Subject"); err != nil || got != oneLine(s) {
				t.Errorf("subject %q, %v; want %q", got, err, oneLine(s))
			}
			if len(parts) != 4 {
				t.Errorf("%d parts, want 4: %q", len(parts), parts)
			}
		})
	}
}

func TestSubjectsArriveWhole(t *testing.T) {
	for name, s := range map[string]string{
		"empty":                     "",
		"ASCII":                     "[#12] Login",
		"long ASCII":                strings.TrimSpace(strings.Repeat("word ", 400)),
		"one word of ASCII":         strings.Repeat("x", 3000),
		"long Russian":              strings.TrimSpace(strings.Repeat("Заявка принята ", 60)),
		"characters of four bytes":  strings.Repeat("😀", 100),
		"what looks like a word":    "=?utf-8?q?hello?=",
		"just so long as one line":  strings.Repeat("a", 67),
		"one more than fits":        strings.Repeat("b", 68),
		"ends in a character of it": "Zürich",
	} {
		t.Run(name, func(t *testing.T) {
			m := plainMail()
			m.Subject = s
			raw := compose(t, m)
			wellFormed(t, raw)
			top, _ := leaves(t, raw)
			if got, err := top.Header.Text("Subject"); err != nil || got != s {
				t.Errorf("got %q, %v; want %q", got, err, s)
			}
			for line := range strings.SplitSeq(raw, "\r\n") {
				if strings.Contains(line, "=?") && len(line) > 76 {
					t.Errorf("a line with an encoded word has %d bytes (RFC 2047, 2): %s", len(line), line)
				}
			}
		})
	}
}

func TestFileNamesArriveWhole(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"plain":             {"report.pdf", "report.pdf"},
		"spaces":            {"my report (2).pdf", "my report (2).pdf"},
		"quotes":            {`the "new" one.txt`, `the "new" one.txt`},
		"an apostrophe":     {"Anna's größte.txt", "Anna's größte.txt"},
		"percent and stars": {"100% *new*; really.txt", "100% *new*; really.txt"},
		"Chinese":           {"报告.docx", "报告.docx"},
		"a path":            {"../../etc/passwd", ".._.._etc_passwd"},
		"none":              {"", "attachment-1"},
		"dots":              {"..", "attachment-1"},
		"line ends":         {"a\r\nX: y.txt", "a X: y.txt"},
		"very long":         {strings.Repeat("д", 300) + ".docx", strings.Repeat("д", 122) + ".docx"},
	} {
		t.Run(name, func(t *testing.T) {
			m := plainMail()
			m.Attachments = []desk.AttachmentRef{attachment("2", c.file, "application/pdf")}
			raw := compose(t, m)
			wellFormed(t, raw)
			_, parts := leaves(t, raw)
			if got := parts[1].name; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			_, field, _ := strings.Cut(raw, "Content-Disposition: ")
			field, _, _ = strings.Cut(field, "\r\nContent-")
			if _, params, err := mime.ParseMediaType(strings.ReplaceAll(field, "\r\n", "")); err != nil || params["filename"] != c.want {
				t.Errorf("%s: %v, %v", field, params, err)
			}
		})
	}
}

func TestTypesThatBase64MayNotCarry(t *testing.T) {
	for declared, want := range map[string]string{
		"application/pdf":     "application/pdf",
		"image/svg+xml":       "image/svg+xml",
		"message/rfc822":      "application/octet-stream",
		"multipart/mixed":     "application/octet-stream",
		"":                    "application/octet-stream",
		"text":                "application/octet-stream",
		"text/plain\r\nX: y":  "application/octet-stream",
		"text/plain; name=\"": "application/octet-stream",
	} {
		if got := mediaType(declared); got != want {
			t.Errorf("%q is sent as %s, want %s", declared, got, want)
		}
	}
}

func TestReferencesStayBounded(t *testing.T) {
	m := plainMail()
	m.References = nil
	for i := range 300 {
		m.References = append(m.References, message.ID(fmt.Sprintf("%d@acme.example", i)))
	}
	m.References[290] = message.ID(strings.Repeat("x", 997))
	m.References[291] = "ümlaut@acme.example"
	raw := compose(t, m)
	wellFormed(t, raw)
	msg, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	ids := strings.Fields(msg.Header.Get("References"))
	if len(ids) != maxReferences-2 || ids[0] != "<0@acme.example>" || ids[len(ids)-1] != "<299@acme.example>" {
		t.Errorf("%d ids, from %s to %s", len(ids), ids[0], ids[len(ids)-1])
	}
}

func TestWhatCannotBeSent(t *testing.T) {
	for name, spoil := range map[string]func(*desk.Mail){
		"no Message-ID":             func(m *desk.Mail) { m.MessageID = "" },
		"a Message-ID of two lines": func(m *desk.Mail) { m.MessageID = "a\r\nb@desk.example" },
		"no sender":                 func(m *desk.Mail) { m.From.Addr = "" },
		"no recipient":              func(m *desk.Mail) { m.To.Addr = "" },
		"a recipient of two lines":  func(m *desk.Mail) { m.To.Addr = "a@cust.example\r\nBcc: x@evil.example" },
		"a reply address of two":    func(m *desk.Mail) { m.ReplyTo.Addr = "a@cust.example, b@evil.example" },
	} {
		m := plainMail()
		spoil(m)
		if err := Compose(io.Discard, m, open); !errors.Is(err, errUnsendable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	m := fullMail()
	m.Attachments[0].Source = 4
	if err := Compose(io.Discard, m, open); !errors.Is(err, desk.ErrNotFound) || errors.Is(err, errUnsendable) {
		t.Errorf("an attachment that is gone: %v", err)
	}
}

func TestTextsOfAllKinds(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":             {"", "\r\n"},
		"no end":            {"a", "a\r\n"},
		"mixed line ends":   {"a\r\nb\rc\nd", "a\r\nb\r\nc\r\nd\r\n"},
		"spaces at the end": {"a  \nb\t\n", "a  \r\nb\t\r\n"},
		"a long line":       {strings.Repeat("x", 5000), strings.Repeat("x", 5000) + "\r\n"},
		"a lone dot":        {".\nQUIT\n..\n", ".\r\nQUIT\r\n..\r\n"},
		"not UTF-8, a NUL":  {"a\xffb\x00c", "a\ufffdbc\r\n"},
		"long Russian":      {strings.Repeat("Заявка ", 900), strings.Repeat("Заявка ", 900) + "\r\n"},
		"our own boundary":  {"--=_alternative_", "--=_alternative_\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			m := plainMail()
			m.Text, m.HTML = c.text, c.text+"<p>"
			raw := compose(t, m)
			wellFormed(t, raw)
			_, got := leaves(t, raw)
			if len(got) != 2 || got[0].body != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func BenchmarkCompose(b *testing.B) {
	for name, m := range map[string]*desk.Mail{"text": plainMail(), "full": fullMail()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := Compose(io.Discard, m, open); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("10 MiB attached", func(b *testing.B) {
		big := []byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee\r\n--b\r\nContent-Type: image/png\r\n\r\n" +
			strings.Repeat(strings.Repeat("x", 70)+"\r\n", 10<<20/72) + "\r\n--b--\r\n")
		m := plainMail()
		m.Attachments = []desk.AttachmentRef{attachment("2", "a.png", "image/png")}
		b.SetBytes(int64(len(big)))
		b.ReportAllocs()
		for b.Loop() {
			if err := Compose(io.Discard, m, func(int64) (message.Source, error) { return parse.Bytes(big), nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
}
