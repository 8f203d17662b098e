package mailout

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"
	"unicode/utf8"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/mailin/parse"
)

// errUnsendable wraps what makes a mail impossible to send however often it is tried.
var errUnsendable = errors.New("cannot be sent")

// Compose writes a mail of the outbox as MIME (RFC 5322, RFC 2045): lines end in CRLF, are no longer than 998 bytes, and hold ASCII
// alone (except where an address itself needs SMTPUTF8). It follows from the mail's values only, so the same mail always gives the same
// bytes. Attachments are streamed out of the raw mails in which they came, which open finds by their source id; it may be nil for a
// mail without attachments.
//
// The parts are put together here and not by go-mail, which gives nested multiparts either random boundaries or all the same one, writes
// some fields in random order, names itself, and takes an attachment into memory several times over.
func Compose(w io.Writer, m *desk.Mail, open func(source int64) (message.Source, error)) error {
	h, err := header(m)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	c := composer{mail: m, open: open}
	top := c.body
	if len(m.Attachments) > 0 {
		top = c.mixed
	}
	fields, body := top()
	for _, name := range []string{"Content-Type", "Content-Transfer-Encoding"} {
		if v := fields.Get(name); v != "" {
			h.WriteString(name + ": " + v + "\r\n")
		}
	}
	out.WriteString(h.String() + "\r\n")
	if err := body(out); err != nil {
		return fmt.Errorf("compose mail %d: %w", m.ID, err)
	}
	return out.Flush()
}

// header gives all fields but those of the body. Nothing in it comes from where the mail was made: no program, no host (S1).
func header(m *desk.Mail) (*headerWriter, error) {
	if !sendable(m.MessageID) {
		return nil, fmt.Errorf("%w: mail %d has no Message-ID that may stand in a header", errUnsendable, m.ID)
	}
	for _, addr := range []string{m.From.Addr, m.To.Addr, m.ReplyTo.Addr} {
		if err := checkAddress(addr); err != nil && (addr != "" || addr == m.From.Addr || addr == m.To.Addr) {
			return nil, err
		}
	}
	h := &headerWriter{}
	h.address("From", m.From)
	h.address("To", m.To)
	if m.ReplyTo.Addr != "" {
		h.address("Reply-To", m.ReplyTo)
	}
	h.text("Subject", m.Subject)
	h.field("Date", m.At.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	h.ids("Message-ID", m.MessageID)
	h.ids("In-Reply-To", m.InReplyTo)
	h.ids("References", bounded(m.References)...)
	if m.Automatic {
		// RFC 3834, 5: a reply to one mail, or else a notice that nobody wrote for. The second field keeps Exchange from answering.
		if m.InReplyTo != "" {
			h.field("Auto-Submitted", "auto-replied")
		} else {
			h.field("Auto-Submitted", "auto-generated")
		}
		h.field("X-Auto-Response-Suppress", "All")
	}
	if isLanguage(m.Language) {
		h.field("Content-Language", m.Language)
	}
	h.field("MIME-Version", "1.0")
	return h, nil
}

// checkAddress refuses what no mail may be sent to or from, before any server hears of it (T064).
func checkAddress(addr string) error {
	if _, err := message.Canonical(addr); err != nil {
		return fmt.Errorf("%w: %w", errUnsendable, err)
	}
	return nil
}

// isLanguage tells whether s has the form of a language tag (RFC 5646).
func isLanguage(s string) bool {
	return s != "" && len(s) <= 35 && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && (r >= utf8.RuneSelf || !isToken(byte(r)))
	})
}

// A composer writes one mail. Each part is its fields and what writes its body.
type composer struct {
	mail *desk.Mail
	open func(source int64) (message.Source, error)
}

type writeBody func(io.Writer) error

// mixed is the body with the attachments behind it.
func (c *composer) mixed() (textproto.MIMEHeader, writeBody) {
	return c.multipart("mixed", func(mw *multipart.Writer) error {
		if err := addPart(mw, c.body); err != nil {
			return err
		}
		for i := range c.mail.Attachments {
			if err := addPart(mw, func() (textproto.MIMEHeader, writeBody) { return c.attachment(i) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// body is the text, or the text and the same in HTML, the best form last (RFC 2046, 5.1.4).
func (c *composer) body() (textproto.MIMEHeader, writeBody) {
	plain := func() (textproto.MIMEHeader, writeBody) { return text("plain", c.mail.Text) }
	if c.mail.HTML == "" {
		return plain()
	}
	return c.multipart("alternative", func(mw *multipart.Writer) error {
		if err := addPart(mw, plain); err != nil {
			return err
		}
		return addPart(mw, func() (textproto.MIMEHeader, writeBody) { return text("html", c.mail.HTML) })
	})
}

// multipart names its boundary after the mail and its own kind: the same for each try, another one for each level. "=_" cannot occur
// in a quoted-printable body and "--" not in a base64 one (RFC 2045, 6.7), and an own prefix keeps the names apart from one another.
func (c *composer) multipart(kind string, parts func(*multipart.Writer) error) (textproto.MIMEHeader, writeBody) {
	sum := sha256.Sum256([]byte(kind + "\x00" + string(c.mail.MessageID)))
	boundary := fmt.Sprintf("=_%s_%x", kind, sum[:12])
	fields := textproto.MIMEHeader{"Content-Type": {"multipart/" + kind + ";\r\n boundary=\"" + boundary + `"`}}
	return fields, func(w io.Writer) error {
		mw := multipart.NewWriter(w)
		if err := mw.SetBoundary(boundary); err != nil {
			return err
		}
		if err := parts(mw); err != nil {
			return err
		}
		return mw.Close()
	}
}

func addPart(mw *multipart.Writer, part func() (textproto.MIMEHeader, writeBody)) error {
	fields, body := part()
	w, err := mw.CreatePart(fields)
	if err != nil {
		return err
	}
	return body(w)
}

// text is one form of what we say. Mostly ASCII stays readable in quoted-printable; other scripts are shorter in base64.
func text(kind, s string) (textproto.MIMEHeader, writeBody) {
	s = lines(s)
	fields := textproto.MIMEHeader{"Content-Type": {"text/" + kind + "; charset=utf-8"}}
	if 6*(len(s)-ascii(s)) > len(s) {
		fields.Set("Content-Transfer-Encoding", "base64")
		return fields, func(w io.Writer) error { return writeBase64(w, strings.NewReader(s)) }
	}
	fields.Set("Content-Transfer-Encoding", "quoted-printable")
	return fields, func(w io.Writer) error {
		qp := quotedprintable.NewWriter(w)
		if _, err := io.WriteString(qp, s); err != nil {
			return err
		}
		return qp.Close()
	}
}

// lines ends every line in CRLF, the last one too, and leaves no byte that is not UTF-8 or that mail cannot carry (RFC 5321, 4.5.2 has
// no room for NUL).
func lines(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "").Replace(strings.ToValidUTF8(s, "\ufffd"))
	return strings.ReplaceAll(strings.TrimRight(s, "\n")+"\n", "\n", "\r\n")
}

func ascii(s string) (n int) {
	for i := range len(s) {
		if s[i] < utf8.RuneSelf {
			n++
		}
	}
	return n
}

// attachment is the nth one, always to be saved and never shown in place, whatever it was in the mail that it came with.
func (c *composer) attachment(n int) (textproto.MIMEHeader, writeBody) {
	ref := c.mail.Attachments[n]
	fields := textproto.MIMEHeader{
		"Content-Type":              {mediaType(ref.ContentType)},
		"Content-Disposition":       {"attachment" + filenameParam(safeName(ref.Filename, n+1))},
		"Content-Transfer-Encoding": {"base64"},
	}
	return fields, func(w io.Writer) error {
		if c.open == nil {
			return fmt.Errorf("attachment %d: no source is open", n+1)
		}
		src, err := c.open(ref.Source)
		if err != nil {
			return fmt.Errorf("attachment %d: %w", n+1, err)
		}
		r, _, err := parse.Part(src, ref.Part)
		if err != nil {
			return fmt.Errorf("attachment %d, part %s of source %d: %w", n+1, ref.Part, ref.Source, err)
		}
		defer r.Close()
		if err := writeBase64(w, r); err != nil {
			return fmt.Errorf("attachment %d: %w", n+1, err)
		}
		return nil
	}
}

// writeBase64 writes all of r in lines of 76 (RFC 2045, 6.8), the last one ended too.
func writeBase64(w io.Writer, r io.Reader) error {
	const line = lineWidth / 4 * 3
	in := make([]byte, 64*line)
	out := make([]byte, 0, 64*(lineWidth+2))
	for {
		n, err := io.ReadFull(r, in)
		out = out[:0]
		for b := in[:n]; len(b) > 0; b = b[min(line, len(b)):] {
			out = base64.StdEncoding.AppendEncode(out, b[:min(line, len(b))])
			out = append(out, '\r', '\n')
		}
		if _, err := w.Write(out); err != nil {
			return err
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return err
		}
	}
}
