package parse

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/postdesk/postdesk/desk/message"
)

// streamed reads a short mail as Parse reads a long one.
func streamed(b []byte) *message.Message {
	return new(scratch).parseStream(Bytes(b), iotest.HalfReader(bytes.NewReader(b)))
}

// TestStreamGivesTheSame: a mail is read the same way whether it is taken into memory or not.
func TestStreamGivesTheSame(t *testing.T) {
	const head = "From: kim@cust.example\nContent-Type: multipart/mixed; boundary=b\n"
	mails := []string{
		"", "\n", "--", head, head + "\n", head + "\n--b", head + "\n--b\n", head + "\n--b--", head + "\n\n\n--b\n\n\n\n--b--\n",
		head + "--b\n\nno blank line before\n--b--", head + "\n--b\n--b\n\nx\n\n--b--\n--b\nepilogue", head + "\n--b\n\na--b\n --b\n-b\n--\n--b --\n",
		head + "\nno part at all\n--c\nContent-Type: text/plain\n\nfound\n--c--\n", head + "\n--b\n\nx\r\r\r\r\r\n--b--", head + "\n--b\n\nx\r\r\r\r\r\ny\r\r\r\r",
		head + "\n--b\n\n" + strings.Repeat("x", pieceSize-1) + "\r\n--b--", head + "\n--b\n\n" + strings.Repeat("x", 3*pieceSize) + "\r\n--b\n\ny",
		head + "\n--b" + strings.Repeat(" ", 2*pieceSize) + "\n\nx\n--b--\n", strings.Repeat("x", 2*pieceSize) + "\nFrom: y\n\nz",
		"Subject: " + strings.Repeat("x", 2*pieceSize) + "\n y\nFrom: kim@cust.example\n\nx", "\xef\xbb\xbfFrom x\n\r\n \nFrom: y\n\nz", "Subject: x\nno field\n \nFrom: y\nno field\n",
	}
	files, _ := filepath.Glob("testdata/*.eml")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		mails = append(mails, string(b))
	}
	for _, mail := range mails {
		for _, end := range []string{"\n", "\r\n", "\r"} {
			b := []byte(strings.ReplaceAll(mail, "\n", end))
			if got, want := streamed(b), Parse(Bytes(b)); !reflect.DeepEqual(got, want) {
				t.Errorf("%.200q is\n%+v as a stream, but\n%+v in memory", b, got, want)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.eml")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		kept := bytes.Clone(b)
		m := Parse(Bytes(b))
		checkSound(t, m)
		if m.Size != int64(len(b)) {
			t.Errorf("Size = %d of %d bytes", m.Size, len(b))
		}
		if !bytes.Equal(b, kept) {
			t.Error("the source was changed")
		}
		if again := Parse(Bytes(b)); !reflect.DeepEqual(again, m) {
			t.Error("two readings differ")
		}
		if again := streamed(b); !reflect.DeepEqual(again, m) {
			t.Errorf("as a stream it is %+v, want %+v", again, m)
		}
		for _, a := range m.Attachments[:min(len(m.Attachments), 3)] {
			r, _, err := Part(Bytes(b), a.Part)
			if err != nil {
				t.Errorf("part %s of %+v: %v", a.Part, m.Attachments, err)
				continue
			}
			if n, err := io.Copy(io.Discard, r); err != nil || n != a.Size {
				t.Errorf("part %s has %d bytes, %v; want %d", a.Part, n, err, a.Size)
			}
			r.Close()
		}
	})
}

// The readers below stand behind transfer encodings, which FuzzParse hardly ever gets through.

func FuzzTNEF(f *testing.F) {
	files, _ := filepath.Glob("testdata/winmail.eml")
	for _, file := range files {
		r, _, err := Part(File(file), "2")
		if err != nil {
			f.Fatal(err)
		}
		b, _ := io.ReadAll(r)
		r.Close()
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, ok := readTNEF(bytes.NewReader(b), 0, nil)
		if !ok && len(list.files) > 0 {
			t.Error("files in what is no winmail.dat")
		}
		for i, file := range list.files[:min(len(list.files), 3)] {
			var size int64
			readTNEF(bytes.NewReader(b), i+1, func(r io.Reader) { size, _ = io.Copy(io.Discard, r) })
			if size > file.size {
				t.Errorf("file %d has %d bytes, was listed with %d", i+1, size, file.size)
			}
			if a := file.attachment("2", i+1); strings.ContainsAny(a.Filename, "/\\\n\x00") {
				t.Errorf("unsafe file name %q", a.Filename)
			}
		}
	})
}

func FuzzAddresses(f *testing.F) {
	for _, s := range []string{`Kim <kim@cust.example>`, `"Lee, Kim" <kim@cust.example>, g: a@b.example;`, `kim@cust.example (Kim (Lee))`, `=?utf-8?q?K=C3=AD?= <k@a.example>`, `<@a,@b:c@d.example>`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sameAddresses(t, s)
		for _, a := range parseAddresses(s, "") {
			if a.Addr == "" && a.Name == "" {
				t.Errorf("%q gives nobody", s)
			}
			if _, err := message.Canonical(a.Addr); a.Addr != "" && err != nil {
				t.Errorf("%q gives %q: %v", s, a.Addr, err)
			}
		}
	})
}

func FuzzEncodedWords(f *testing.F) {
	for _, s := range []string{"=?utf-8?q?a=C3=A4?=", "=?iso-2022-jp?b?GyRC?= =?iso-2022-jp?b?JDM=?=", "=?utf-7?q?+AOQ-?=", "=?x?b?", "a =?utf-8*en?Q?b_c?= d"} {
		f.Add(s, "koi8-r")
	}
	f.Fuzz(func(t *testing.T, s, charset string) {
		if got := decodeWords(s, charset); !utf8.ValidString(got) {
			t.Errorf("%q gives %q", s, got)
		}
	})
}

func FuzzReports(f *testing.F) {
	f.Add("Final-Recipient: rfc822; lee@acme.example\nAction: failed\nStatus: 5.1.1 (x)\nDiagnostic-Code: smtp; 550 no\n\n", "could not be delivered\n<lee@acme.example>: 550 no")
	f.Fuzz(func(t *testing.T, status, text string) {
		m := &message.Message{Kind: message.Bounced, Text: text}
		e := &evidence{m: m, h: &header{}, top: &part{}, store: new(headerStore), reports: []report{{media: "message/delivery-status", text: []byte(status)}}}
		m.Bounce = e.bounce()
		for _, addr := range m.Bounce.Recipients {
			if _, err := message.Canonical(addr); err != nil {
				t.Errorf("recipient %q: %v", addr, err)
			}
		}
		if ReasonOf(m) == "" {
			t.Error("no reason at all")
		}
	})
}

func FuzzCalendar(f *testing.F) {
	f.Add("BEGIN:VEVENT\nSUMMARY:x\\,y\nDTSTART;TZID=Europe/Berlin:20261105T090000\nEND:VEVENT\n")
	f.Fuzz(func(t *testing.T, s string) {
		if lines := calendarLines(s); len(lines) > maxEvents || strings.Contains(strings.Join(lines, ""), "\n") {
			t.Errorf("%q gives %q", s, lines)
		}
	})
}

// Mails that are read at the same time have nothing in common, though each uses the stores of one before it.
func TestMailsReadAtOnce(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.eml")
	mails, want := [][]byte{}, []*message.Message{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		mails, want = append(mails, b), append(want, Parse(Bytes(b)))
	}
	var g sync.WaitGroup
	for n := range 4 {
		g.Go(func() {
			for i := range mails {
				at := (i*(2*n+1) + n) % len(mails)
				if got := Parse(Bytes(mails[at])); !reflect.DeepEqual(got, want[at]) {
					t.Errorf("%s is read as %+v, want %+v", files[at], got, want[at])
				}
			}
		})
	}
	g.Wait()
	for i, file := range files {
		if got := Parse(File(file)); !reflect.DeepEqual(got, want[i]) {
			t.Errorf("%s is read as %+v from its file, want %+v", file, got, want[i])
		}
	}
}
