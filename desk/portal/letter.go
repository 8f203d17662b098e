package portal

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/mail"
	"net/textproto"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/mailin/parse"
)

// What is typed at a page is kept as a mail. So there is one kind of source, and whatever is done with a mail's words and files works for
// these too: showing, forwarding, exporting, erasing.

// A letter is what somebody typed.
type letter struct {
	id      string // of the form: what is sent twice by one is the same mail
	at      time.Time
	from    mail.Address
	to      string
	domain  string
	subject string
	words   string
}

// An upload is one file of a form, on disk while the form is read.
type upload struct {
	name, media string
	file        *os.File
}

// compose writes a letter as a mail, and reads it as one.
func compose(f *os.File, l letter, files []upload) (message.Source, *message.Message, error) {
	w := bufio.NewWriter(f)
	mw := multipart.NewWriter(w)
	id := message.ID("portal." + l.id + "@" + l.domain)
	fmt.Fprintf(w, "From: %s\r\nTo: <%s>\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: %s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=%s\r\n\r\n",
		l.from.String(), l.to, mime.QEncoding.Encode("utf-8", oneLine(l.subject)), l.at.UTC().Format(time.RFC1123Z), id.Header(), mw.Boundary())
	part, err := mw.CreatePart(textproto.MIMEHeader{"Content-Type": {"text/plain; charset=utf-8"}, "Content-Transfer-Encoding": {"base64"}})
	if err == nil {
		err = encode(part, strings.NewReader(l.words))
	}
	for i := 0; i < len(files) && err == nil; i++ {
		u := files[i]
		if _, err = u.file.Seek(0, io.SeekStart); err != nil {
			break
		}
		part, err = mw.CreatePart(textproto.MIMEHeader{
			"Content-Type": {u.media}, "Content-Transfer-Encoding": {"base64"},
			"Content-Disposition": {cmp.Or(mime.FormatMediaType("attachment", map[string]string{"filename": u.name}), "attachment")},
		})
		if err == nil {
			err = encode(part, u.file)
		}
	}
	if err == nil {
		err = mw.Close()
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("keep what was typed: %w", err)
	}
	src := fileSource{f.Name()}
	m := parse.Parse(src)
	// Nothing that a person types at a page is a quote, a signature or a machine's, whatever it looks like.
	m.Text, m.Visible, m.Forwarded = l.words, l.words, ""
	m.Kind, m.KindWhy, m.NoAutoResponse, m.Bounce = message.Portal, nil, false, nil
	return src, m, nil
}

// encode writes base64 in lines of 76 characters (RFC 2045, 6.8).
func encode(w io.Writer, r io.Reader) error {
	in := make([]byte, 57*64)
	for {
		n, err := io.ReadFull(r, in)
		for b := in[:n]; len(b) > 0; b = b[min(57, len(b)):] {
			if _, werr := io.WriteString(w, base64.StdEncoding.EncodeToString(b[:min(57, len(b))])+"\r\n"); werr != nil {
				return werr
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// A fileSource is a mail on disk.
type fileSource struct{ name string }

// Open implements message.Source.
func (s fileSource) Open() (io.ReadCloser, error) { return os.Open(s.name) }

// Size implements message.Source.
func (s fileSource) Size() int64 {
	info, err := os.Stat(s.name)
	if err != nil {
		return 0
	}
	return info.Size()
}

const (
	maxWords = 128 << 10 // bytes that somebody can type
	maxFiles = 10        // in one form
	drained  = 64 << 20  // bytes above the limit that are still read, so that the browser hears why
)

// A typed form is what somebody submitted.
type typed struct {
	fields  map[string]string
	files   []upload
	problem string // key of a text: why it cannot be taken as it is
	drops   []func()
}

func (t *typed) close() {
	for _, drop := range t.drops {
		drop()
	}
}

// read reads a form with files. Words come before the files, so that those of a form that is too large are known and given back.
func (v *visit) read() (*typed, error) {
	t := &typed{fields: map[string]string{}}
	mr, err := v.r.MultipartReader()
	if errors.Is(err, http.ErrNotMultipart) {
		if err := v.posted(); err != nil {
			return t, err
		}
		for name := range v.r.PostForm {
			t.set(name, v.r.PostForm.Get(name))
		}
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("%w: %w", errBadForm, err)
	}
	left := v.policy.Portal.Upload
	for n := 0; ; n++ {
		part, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil || n > maxFiles+30 {
			return t, badForm(err)
		}
		if part.FileName() == "" {
			raw, err := io.ReadAll(io.LimitReader(part, maxWords+1))
			if err != nil {
				return t, badForm(err)
			}
			if part.FormName() != "files" {
				t.set(part.FormName(), string(raw))
			}
			continue
		}
		if left < 0 || len(t.files) == maxFiles {
			if len(t.files) == maxFiles && t.problem == "" {
				t.problem = "too_many_files"
			}
			if _, err := io.Copy(io.Discard, part); err != nil {
				return t, badForm(err)
			}
			continue
		}
		f, drop, err := v.p.spool()
		if err != nil {
			return t, err
		}
		t.drops = append(t.drops, drop)
		size, err := io.Copy(f, io.LimitReader(part, left+1))
		if err != nil {
			return t, badForm(err)
		}
		if left -= size; left < 0 {
			t.problem = "files_too_large"
			if _, err := io.Copy(io.Discard, part); err != nil {
				return t, badForm(err)
			}
			continue
		}
		t.files = append(t.files, upload{name: part.FileName(), media: mediaType(part.Header.Get("Content-Type")), file: f})
	}
}

// badForm is what a body that cannot be read to its end comes to. One that is too large stays that.
func badForm(err error) error {
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return err
	}
	return fmt.Errorf("%w: %w", errBadForm, err)
}

// set takes a field: one line ends for all, no bytes that are no text.
func (t *typed) set(name, s string) {
	if len(s) > maxWords {
		s, t.problem = s[:maxWords], "too_long"
	}
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	t.fields[name] = strings.Trim(s, "\n \t")
}

// mediaType is what a browser says that a file is, if it is a type at all. Nothing relies on it: files are saved, never shown.
func mediaType(s string) string {
	media, _, err := mime.ParseMediaType(s)
	if err != nil || !strings.Contains(media, "/") || !utf8.ValidString(media) || strings.HasPrefix(media, "multipart/") || strings.HasPrefix(media, "message/") {
		return "application/octet-stream"
	}
	return media
}
