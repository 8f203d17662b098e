package parse

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	gomessage "github.com/emersion/go-message"
	"github.com/postdesk/postdesk/desk/message"
)

// bareWalk is the least that any reader of mail does with the library: every part is found and decoded, and nothing is looked at. It gives
// the error that the library breaks off at, nil where it reads the mail to its end.
func bareWalk(e *gomessage.Entity) error {
	mr := e.MultipartReader()
	if mr == nil {
		_, err := io.Copy(io.Discard, e.Body)
		return err
	}
	for {
		p, err := mr.NextPart()
		if err == io.EOF {
			return nil
		}
		if p == nil {
			return err
		}
		if err := bareWalk(p); err != nil {
			return err
		}
	}
}

func walkBare(raw []byte) error {
	e, err := gomessage.Read(bytes.NewReader(raw))
	if e == nil {
		return err
	}
	return bareWalk(e)
}

// BenchmarkRate compares both over the same mails, in turns, by the time of the processor, so that what else the machine does counts for
// neither: the figure "of-bare-walk" is how much of the bare walk's rate is left when everything is read, charsets, quotes and kinds
// included. The mails are the corpora beside the project where they are, else those of testdata. Those which the library breaks off at are
// left out, and so is a mailbox's "From " line, at which it breaks off too: where it does not read there is no rate to compare with.
//
// "all" are mostly mails that something is odd about, a quarter of them delivery reports; "answers" are what people write.
func BenchmarkRate(b *testing.B) {
	for _, set := range []struct{ name, folder string }{{"all", "*"}, {"answers", "replies"}} {
		b.Run(set.name, func(b *testing.B) { benchmarkRate(b, set.folder) })
	}
}

func benchmarkRate(b *testing.B, folder string) {
	files, _ := filepath.Glob(filepath.Join(corpora, folder, "mails", "*"))
	if len(files) == 0 {
		files, _ = filepath.Glob("testdata/*.eml")
	}
	var mails [][]byte
	var size int64
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		if bytes.HasPrefix(raw, []byte("From ")) {
			_, raw, _ = bytes.Cut(raw, []byte("\n"))
		}
		if walkBare(raw) != nil {
			continue
		}
		mails = append(mails, raw)
		size += int64(len(raw))
	}
	var bare, full time.Duration
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		start := cpuTime()
		for _, raw := range mails {
			walkBare(raw)
		}
		middle := cpuTime()
		for _, raw := range mails {
			Parse(Bytes(raw))
		}
		bare += middle - start
		full += cpuTime() - middle
	}
	b.ReportMetric(float64(len(files)-len(mails)), "left-out")
	b.ReportMetric(float64(len(mails)*b.N)/full.Seconds(), "mails/s")
	b.ReportMetric(100*bare.Seconds()/full.Seconds(), "%-of-bare-walk")
}

// BenchmarkLargeMail does the same with one mail of 50 MB, nearly all of it one attachment. What it takes of memory at once is
// less than its B/op, the bare walk's included.
func BenchmarkLargeMail(b *testing.B) {
	src := largeMail(700_000)
	b.ReportAllocs()
	var bare, full time.Duration
	var m *message.Message
	for b.Loop() {
		start := cpuTime()
		r, err := src.Open()
		if err != nil {
			b.Fatal(err)
		}
		e, err := gomessage.Read(r)
		if err == nil {
			err = bareWalk(e)
		}
		if err != nil {
			b.Fatal(err)
		}
		middle := cpuTime()
		m = Parse(src)
		bare += middle - start
		full += cpuTime() - middle
	}
	b.SetBytes(2 * m.Size)
	b.ReportMetric(100*bare.Seconds()/full.Seconds(), "%-of-bare-walk")
}
