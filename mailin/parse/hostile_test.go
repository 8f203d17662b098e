package parse

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/message"
)

// generated is a mail that is written while it is read, so that only the reader's memory is measured.
type generated struct {
	head, unit, tail string
	times            int
}

func (g generated) Open() (io.ReadCloser, error) {
	block := strings.Repeat(g.unit, max(1, 4096/max(1, len(g.unit))))
	per := len(block) / max(1, len(g.unit))
	readers := []io.Reader{strings.NewReader(g.head)}
	return io.NopCloser(io.MultiReader(append(readers, &repeat{block: block, left: (g.times + per - 1) / per}, strings.NewReader(g.tail))...)), nil
}

func (g generated) Size() int64 { return 0 }

type repeat struct {
	block string
	left  int
	rest  string
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.left == 0 {
			return 0, io.EOF
		}
		r.left--
		r.rest = r.block
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// depths writes a multipart with n levels; each has a boundary of its own.
func depths(n int) string {
	var b strings.Builder
	b.WriteString("From: kim@cust.example\nSubject: deep\n")
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	b.WriteString("Content-Type: text/plain\n\nat the bottom\n")
	return b.String()
}

// TestT056HostileShapes reads mails that are made to exhaust a reader: each in less than 2 s and 64 MiB beyond the mail itself, and
// what stands before the trap is still read.
func TestT056HostileShapes(t *testing.T) {
	const head = "From: Kim <kim@cust.example>\nSubject: shape\nMessage-ID: <shape@cust.example>\n"
	mixed := head + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nThe first words.\n"
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	nestedQuote := head + "Content-Type: text/html\n\n<p>The first words.</p>" + strings.Repeat("<blockquote type=cite>x", 500)
	for _, c := range []struct {
		name  string
		src   message.Source
		words string // must be in the text
		note  string // must be in a note
	}{
		{"200,000 parts", generated{head: mixed, unit: "--b\nContent-Type: text/plain\n\nx\n", times: 200_000, tail: "--b--\n"}, "The first words.", "partly read"},
		{"200,000 empty parts", generated{head: mixed, unit: "--b\n", times: 200_000, tail: "--b--\n"}, "The first words.", "partly read"},
		{"10,000 levels", Bytes([]byte(depths(10_000))), "", "nested deeper"},
		{"100,000 enclosed messages", generated{head: head, unit: "Content-Type: message/rfc822\n\n", times: 100_000}, "", ""},
		{"a boundary that never ends", generated{head: mixed, unit: "More words in a long text.\n", times: 400_000}, "The first words.", "last boundary"},
		{"a boundary that never comes", generated{head: head + "Content-Type: multipart/mixed; boundary=b\n\nThe first words.\n", unit: "--x\n", times: 1_000_000}, "The first words.", "without its boundary"},
		{"1,000,000 fields", generated{head: head, unit: "X-A: b\n", times: 1_000_000, tail: "\nThe first words.\n"}, "The first words.", "header is longer"},
		{"1,000,000 From fields", generated{unit: "From: kim@cust.example\n", times: 1_000_000, tail: "\nThe first words.\n"}, "The first words.", "header is longer"},
		{"a field of 10 MB", generated{head: head + "X-A: ", unit: "abc ", times: 2_500_000, tail: "\n\nThe first words.\n"}, "The first words.", "header is longer"},
		{"10 MB of lines that are no fields", generated{head: head, unit: "no field here\n", times: 700_000, tail: "\nThe first words.\n"}, "", ""},
		{"a comment of 400 KB in an address", generated{head: head + "To: (", unit: "comment ", times: 50_000, tail: ") lee@acme.example\n\nThe first words.\n"}, "The first words.", ""},
		{"400 KB of open comments", generated{head: head + "To: ", unit: "(", times: 400_000, tail: "\n\nThe first words.\n"}, "The first words.", ""},
		{"400 KB of open brackets", generated{head: head + "To: ", unit: "<a,:\"", times: 80_000, tail: "\n\nThe first words.\n"}, "The first words.", ""},
		{"400 KB of encoded words", generated{head: head + "X-Y: z\nCc: ", unit: "=?utf-8?b?QQ==?= ", times: 25_000, tail: "\n\nThe first words.\n"}, "The first words.", ""},
		{"400 KB of references", generated{head: head + "References: ", unit: "<a@b>", times: 80_000, tail: "\n\nThe first words.\n"}, "The first words.", ""},
		{"50 MB in one line", generated{head: head + "\nThe first words.\n", unit: "0123456789abcdef", times: 3_300_000}, "The first words.", "longer than 1 MiB"},
		{"500 nested quotes", Bytes([]byte(nestedQuote)), "The first words.", ""},
		{"1 MB of open tags", generated{head: head + "Content-Type: text/html\n\n<p>The first words.</p>", unit: "<div><b>x", times: 110_000}, "The first words.", ""},
		{"1 MB of list items in tables", generated{head: head + "Content-Type: text/html\n\n<p>The first words.</p>", unit: "<table><tr><td><b><i>x</td>", times: 38_000}, "The first words.", ""},
		{"a parameter of many pieces", generated{head: head + "Content-Type: text/plain", unit: "; a*1*=%41; a*1=b", times: 20_000, tail: "\n\nThe first words.\n"}, "The first words.", ""},
		{"NUL bytes", generated{head: head + "\nThe first words.\n", unit: "\x00", times: 1_000_000}, "The first words.", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			runtime.GC()
			var during runtime.MemStats
			start := cpuTime()
			m := Parse(c.src)
			took := cpuTime() - start
			runtime.ReadMemStats(&during)
			if took > slow*2*time.Second {
				t.Errorf("took %v, want less than 2 s", took)
			}
			// HeapSys is what was ever needed at once, garbage included, so the limit holds for all shapes together.
			if grown := int64(during.HeapSys) - int64(before.HeapSys); grown > 64<<20 {
				t.Errorf("the heap grew by %d MiB, want 64 at most", grown>>20)
			}
			checkSound(t, m)
			if !strings.Contains(m.Text, c.words) {
				t.Errorf("text %.100q, want %q in it", m.Text, c.words)
			}
			if notes := strings.Join(m.Notes, "\n"); !strings.Contains(notes, c.note) {
				t.Errorf("notes %q, want %q", notes, c.note)
			}
		})
	}
}

func TestManyFromFieldsAreCounted(t *testing.T) {
	m := Parse(Bytes([]byte(strings.Repeat("From: kim@cust.example\n", 10_000) + "\nx\n")))
	if m.FromFields != 10_000 {
		t.Errorf("FromFields = %d, want all 10000", m.FromFields)
	}
}

// largeMail is a mail with an attachment of so many lines of 54 bytes, in base64.
func largeMail(lines int) generated {
	return generated{
		head:  "From: kim@cust.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n--b\nContent-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\n",
		unit:  strings.Repeat("QUJD", 18) + "\n",
		times: lines,
		tail:  "--b--\n",
	}
}

// A mail of 50 MB, nearly all of it one attachment, is read without holding it (M2).
func TestLargeAttachmentIsStreamed(t *testing.T) {
	const lines = 700_000
	src := largeMail(lines)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m := Parse(src)
	runtime.ReadMemStats(&after)
	if len(m.Attachments) != 1 || m.Attachments[0].Size < lines*54 {
		t.Errorf("attachments %+v, want one of %d bytes", m.Attachments, lines*54)
	}
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 16<<20 {
		t.Errorf("the heap grew by %d MiB, want 16 at most", grown>>20)
	}
	r, _, err := Part(src, "2")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n, err := io.Copy(io.Discard, r); err != nil || n != m.Attachments[0].Size {
		t.Errorf("Part gave %d bytes, %v; want %d", n, err, m.Attachments[0].Size)
	}
}

// A source that breaks off gives what came before.
func TestSourceThatBreaksOff(t *testing.T) {
	m := Parse(broken{[]byte("From: kim@cust.example\nSubject: cut\n\nThe first words.\n")})
	if m.Subject != "cut" || !strings.Contains(m.Text, "first words") {
		t.Errorf("got subject %q, text %q", m.Subject, m.Text)
	}
	if notes := strings.Join(m.Notes, "\n"); !strings.Contains(notes, "could not be read to its end") {
		t.Errorf("notes %q", notes)
	}
}

// A source that gives nothing more without saying that it ends is not waited for.
func TestSourceThatStops(t *testing.T) {
	const head = "From: kim@cust.example\nSubject: stopped\n\nThe first words.\n"
	for name, mail := range map[string]string{"short": head, "long": head + strings.Repeat("More words.\n", maxInMemory/8)} {
		m := Parse(idle(mail))
		if m.Subject != "stopped" || !strings.Contains(m.Text, "first words") || !strings.Contains(strings.Join(m.Notes, "\n"), "could not be read to its end") {
			t.Errorf("%s: got subject %q, %d bytes of text, notes %q", name, m.Subject, len(m.Text), m.Notes)
		}
	}
}

type idle string

func (s idle) Open() (io.ReadCloser, error) {
	return io.NopCloser(io.MultiReader(strings.NewReader(string(s)), idleReader{})), nil
}
func (s idle) Size() int64 { return int64(len(s)) }

type idleReader struct{}

func (idleReader) Read([]byte) (int, error) { return 0, nil }

type broken struct{ b []byte }

func (s broken) Open() (io.ReadCloser, error) {
	return io.NopCloser(io.MultiReader(bytes.NewReader(s.b), failing{})), nil
}
func (s broken) Size() int64 { return int64(len(s.b)) }

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestT059LongLines(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"one line of letters", strings.Repeat("a", 1<<20)},
		{"one line of attributions", strings.Repeat("On Mon, 2 Nov 2026 at 10:00, Kim <kim@cust.example> wrote ", 18_000)},
		{"many lines that begin an attribution", strings.Repeat("On Mon, 2 Nov 2026 at 10:00, Kim\n", 31_000)},
		{"many lines that begin a header block", strings.Repeat("From: kim@cust.example\n", 45_000)},
		{"many header names and nothing else", strings.Repeat("Sent:\nTo:\n", 100_000)},
		{"many signature marks", strings.Repeat("--\n", 340_000)},
		{"many marks after words", "words\n" + strings.Repeat("-- \nx\n", 170_000)},
		{"many separators", strings.Repeat("-----", 200_000)},
		{"many angle brackets", strings.Repeat("> ", 500_000)},
		{"many blank lines", strings.Repeat("\n", 1<<20)},
		{"lines with blanks between", "words\n" + strings.Repeat("__________\n\n\n\n", 70_000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := Parse(Bytes([]byte("From: kim@cust.example\n\n" + c.text)))
			best := time.Hour // of three
			for range 3 {
				start := cpuTime()
				visible(m.Text, false)
				best = min(best, cpuTime()-start)
			}
			if best > slow*200*time.Millisecond {
				t.Errorf("quote removal took %v, want less than 200 ms", best)
			}
			if want := strings.Trim(c.text, "\n"); m.Text != want {
				t.Errorf("the text is not complete: %d bytes of %d", len(m.Text), len(want))
			}
		})
	}
}
