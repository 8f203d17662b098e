package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/store"
)

// A progress shows on a terminal how far a long command is; anywhere else it says nothing, so that logs stay readable.
type progress struct {
	what  string
	shown time.Time
	width int // of the last line
	out   *os.File
}

// newProgress is about something that one does, such as "backing up".
func newProgress(what string) *progress {
	p := &progress{what: what}
	if isTerminal(os.Stderr) {
		p.out = os.Stderr
	}
	return p
}

// often is how much a person can follow.
const often = 200 * time.Millisecond

// rows is told of rows.
func (p *progress) rows() store.Progress { return p.of("rows") }

// of is told how many things are done, of how many.
func (p *progress) of(things string) func(done, all int64) {
	return func(done, all int64) {
		if p.out == nil || time.Since(p.shown) < often && done != all {
			return
		}
		p.shown = time.Now()
		part := 100.0
		if all > 0 {
			part = 100 * float64(done) / float64(all)
		}
		line := fmt.Sprintf("%s: %d of %d %s, %.0f %%", p.what, done, all, things, part)
		fmt.Fprintf(p.out, "\r%s%s", line, strings.Repeat(" ", max(0, p.width-len(line))))
		p.width = len(line)
	}
}

// done takes the line away.
func (p *progress) done() {
	if p.out != nil && p.width > 0 {
		fmt.Fprintf(p.out, "\r%s\r", strings.Repeat(" ", p.width))
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
