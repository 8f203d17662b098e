package parse

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
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

// BenchmarkRate compares both over the same mails by the time of the processor. The figure "%-of-bare-walk" is how much of the bare walk's
// rate is left when everything is read, charsets, quotes and kinds included; the allocations of both are listed beside it. They take turns
// of some 16 MB, each begun with an empty heap and on one processor: so each pays for the garbage it makes, and for none of the other's, and
// a collector that has idle processors to itself counts for neither. The figure is the median of those of some rounds, since a machine that is
// shared is slow for a while at times. The collector runs as it does in the program; the bare walk makes three times
// the garbage, so with a slower one (GOGC=800) the figure is seven or eight lower. The mails are the corpora beside the project where they are, else
// those of testdata. Those which the library breaks off at are left out, and so is a mailbox's "From " line, at which it breaks off too:
// where it does not read there is no rate to compare with.
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
	var size int
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
		size += len(raw)
	}
	if len(mails) == 0 {
		b.Fatal("no mails to read")
	}
	readers := [...]*rate{
		{read: func(raw []byte) { walkBare(raw) }},
		{read: func(raw []byte) { Parse(Bytes(raw)) }},
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, raw := range mails { // what is made once, such as tables of phrases, counts for no mail
		Parse(Bytes(raw))
	}
	rounds := 16<<20/size + 1
	var left []float64
	for b.Loop() {
		for range 5 {
			var took [2]time.Duration
			for _, i := range [...]int{0, 1, 1, 0} {
				took[i] += readers[i].turn(mails, rounds)
			}
			left = append(left, took[0].Seconds()/took[1].Seconds())
		}
	}
	slices.Sort(left)
	bare, full := readers[0], readers[1]
	b.ReportMetric(float64(len(files)-len(mails)), "left-out")
	b.ReportMetric(full.mails/full.took.Seconds(), "mails/s")
	b.ReportMetric(full.allocs/full.mails, "allocs/mail")
	b.ReportMetric(full.bytes/full.mails, "B/mail")
	b.ReportMetric(bare.allocs/bare.mails, "bare-allocs/mail")
	b.ReportMetric(bare.bytes/bare.mails, "bare-B/mail")
	b.ReportMetric(100*left[len(left)/2], "%-of-bare-walk")
}

// A rate is what one way of reading has taken.
type rate struct {
	read                 func(raw []byte)
	took                 time.Duration
	mails, allocs, bytes float64
}

// turn reads the mails so many times. It gives the time that took, of the processor.
func (r *rate) turn(mails [][]byte, rounds int) time.Duration {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := cpuTime()
	for range rounds {
		for _, raw := range mails {
			r.read(raw)
		}
	}
	took := cpuTime() - start
	r.took += took
	runtime.ReadMemStats(&after)
	r.mails += float64(rounds * len(mails))
	r.allocs += float64(after.Mallocs - before.Mallocs)
	r.bytes += float64(after.TotalAlloc - before.TotalAlloc)
	return took
}

// BenchmarkLargeMail does the same with one mail of 50 MB, nearly all of it one attachment. "B-at-once" is all the memory that reading it has
// asked for from its beginning to its end, of which it cannot have held more at once.
func BenchmarkLargeMail(b *testing.B) {
	src := largeMail(700_000)
	var m *message.Message
	bare := &rate{read: func([]byte) {
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
	}}
	full := &rate{read: func([]byte) { m = Parse(src) }}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	Parse(src)
	for b.Loop() {
		bare.turn(make([][]byte, 1), 1)
		full.turn(make([][]byte, 1), 1)
	}
	b.SetBytes(2 * m.Size)
	b.ReportMetric(full.allocs/full.mails, "allocs/mail")
	b.ReportMetric(full.bytes/full.mails, "B-at-once")
	b.ReportMetric(bare.bytes/bare.mails, "bare-B-at-once")
	b.ReportMetric(100*bare.took.Seconds()/full.took.Seconds(), "%-of-bare-walk")
}
