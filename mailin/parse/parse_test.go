package parse

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/postdesk/postdesk/desk/message"
)

var update = flag.Bool("update", false, "write the .want files anew")

// golden is a message as the .want files show it, one key a line.
func golden(m *message.Message) string {
	var b strings.Builder
	line := func(key string, v any) {
		if v != nil && !reflect.ValueOf(v).IsZero() {
			fmt.Fprintf(&b, "%s: %v\n", key, v)
		}
	}
	addresses := func(key string, list []message.Address) {
		for _, a := range list {
			fmt.Fprintf(&b, "%s: %s <%s>\n", key, a.Name, a.Addr)
		}
	}
	line("id", m.ID)
	for _, id := range m.InReplyTo {
		line("in-reply-to", id)
	}
	for _, id := range m.References {
		line("reference", id)
	}
	addresses("from", m.From)
	if m.FromFields != 1 {
		line("from-fields", fmt.Sprint(m.FromFields))
	}
	addresses("to", m.To)
	addresses("cc", m.Cc)
	addresses("reply-to", m.ReplyTo)
	addresses("delivered", m.Delivered)
	line("subject", m.Subject)
	if !m.Date.IsZero() {
		line("date", m.Date.Format("2006-01-02T15:04:05Z07:00"))
	}
	line("language", m.Language)
	line("kind", m.Kind)
	for _, why := range m.KindWhy {
		line("why", why)
	}
	line("no-auto-response", m.NoAutoResponse)
	if m.Bounce != nil {
		bounce, _ := json.Marshal(m.Bounce)
		line("bounce", string(bounce))
	}
	for _, a := range m.Attachments {
		fmt.Fprintf(&b, "attachment: %s %q %s %d inline=%v cid=%q\n", a.Part, a.Filename, a.ContentType, a.Size, a.Inline, a.ContentID)
	}
	for _, f := range m.Trace {
		line("trace", f.Name+"="+f.Value)
	}
	for _, n := range m.Notes {
		line("note", n)
	}
	fmt.Fprintf(&b, "html: %d bytes\n--- visible\n%s\n--- text\n%s\n", len(m.HTML), m.Visible, m.Text)
	return b.String()
}

func TestGolden(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.eml")
	if len(files) == 0 {
		t.Fatal("no mails in testdata")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			m := Parse(File(file))
			checkSound(t, m)
			got := golden(m)
			wantFile := strings.TrimSuffix(file, ".eml") + ".want"
			if *update {
				if err := os.WriteFile(wantFile, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(wantFile)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// checkSound looks at what must hold for every mail there is: text that any database takes, and names that are no paths.
func checkSound(t *testing.T, m *message.Message) {
	t.Helper()
	texts := []string{string(m.ID), m.Subject, m.Text, m.Visible, m.HTML, m.Language}
	texts = append(append(texts, m.Notes...), m.KindWhy...)
	for _, list := range [][]message.Address{m.From, m.To, m.Cc, m.ReplyTo, m.Delivered} {
		for _, a := range list {
			texts = append(texts, a.Name, a.Addr)
		}
	}
	for _, id := range append(m.InReplyTo, m.References...) {
		texts = append(texts, string(id))
	}
	for _, a := range m.Attachments {
		texts = append(texts, a.Filename, a.ContentType, a.ContentID)
		if strings.ContainsAny(a.Filename, "/\\\n") || a.Filename == "." || a.Filename == ".." || utf8.RuneCountInString(a.Filename) > 255 {
			t.Errorf("unsafe file name %q", a.Filename)
		}
	}
	for _, f := range m.Trace {
		texts = append(texts, f.Name, f.Value)
	}
	if m.Bounce != nil {
		texts = append(append(texts, m.Bounce.Recipients...), m.Bounce.Status, m.Bounce.Reason, string(m.Bounce.OriginalID))
	}
	for _, s := range texts {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || strings.ContainsRune(s, '\r') {
			t.Errorf("text that no database takes: %.100q", s)
		}
	}
	if m.Kind == "" {
		t.Error("no kind")
	}
	if (m.Kind == message.Bounced) != (m.Bounce != nil) {
		t.Errorf("kind %s with bounce %v", m.Kind, m.Bounce)
	}
	if m.Kind.Machine() && !m.NoAutoResponse {
		t.Error("a machine would get an answer")
	}
}

func TestPartGivesDecodedBytes(t *testing.T) {
	src := File("testdata/nested.eml")
	m := Parse(src)
	if len(m.Attachments) == 0 {
		t.Fatal("no attachments")
	}
	for _, want := range m.Attachments {
		r, got, err := Part(src, want.Part)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Errorf("part %s: %v", want.Part, err)
		}
		if err := r.Close(); err != nil {
			t.Errorf("part %s: %v", want.Part, err)
		}
		got.Size = int64(len(b))
		if got != want {
			t.Errorf("part %s: got %+v, want %+v", want.Part, got, want)
		}
	}
	if _, _, err := Part(src, "9.9"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("part 9.9: %v, want fs.ErrNotExist", err)
	}
}

func TestSameContentHasOneHash(t *testing.T) {
	const head = "From: Kim <kim@cust.example>\r\nSubject: Hi\r\nDate: Mon, 2 Nov 2026 10:00:00 +0100\r\nMessage-ID: <a@cust.example>\r\n"
	base := Parse(Bytes([]byte(head + "\r\nHello there\r\n")))
	for _, c := range []struct {
		name, mail string
		same       bool
	}{
		{"line ends changed on the way", strings.ReplaceAll(head+"\r\nHello there\r\n", "\r\n", "\n"), true},
		{"other trace fields", "Received: from x by y; Mon, 2 Nov 2026 10:00:01 +0100\r\n" + head + "\r\nHello there\r\n", true},
		{"another transfer encoding", head + "Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8gdGhlcmUNCg==\r\n", true},
		{"blank lines at the end", head + "\r\nHello there\r\n\r\n", true},
		{"another text", head + "\r\nHello Kim\r\n", false},
		{"another sender", strings.Replace(head, "kim@", "tom@", 1) + "\r\nHello there\r\n", false},
		{"another subject", strings.Replace(head, "Hi", "Ho", 1) + "\r\nHello there\r\n", false},
		{"another date", strings.Replace(head, "10:00", "11:00", 1) + "\r\nHello there\r\n", false},
	} {
		m := Parse(Bytes([]byte(c.mail)))
		if got := m.ContentHash == base.ContentHash; got != c.same {
			t.Errorf("%s: same hash %v, want %v", c.name, got, c.same)
		}
		// Without an ID nothing but the whole source tells two mails apart.
		nameless := []byte(regexp.MustCompile(`(?i)message-id: .*\n`).ReplaceAllString(c.mail, ""))
		if m := Parse(Bytes(nameless)); m.ID != "" || m.RawHash != sha256.Sum256(nameless) {
			t.Errorf("%s: without its ID it is not known by its source", c.name)
		}
	}
}

func TestSourceThatCannotBeRead(t *testing.T) {
	m := Parse(File(filepath.Join(t.TempDir(), "none.eml")))
	if m.Kind != message.Human || len(m.Notes) == 0 {
		t.Errorf("got kind %q, notes %q", m.Kind, m.Notes)
	}
}

func BenchmarkParse(b *testing.B) {
	files, _ := filepath.Glob("testdata/*.eml")
	var mails []message.Source
	var size int64
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		mails = append(mails, Bytes(raw))
		size += int64(len(raw))
	}
	b.SetBytes(size / int64(len(mails)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		Parse(mails[i%len(mails)])
		i++
	}
}
