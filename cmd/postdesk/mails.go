package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/mailin/parse"
)

// A stored mail is one of simulate's input: its bytes in a file, and when it arrived, as far as the file says.
type storedMail struct {
	name    string
	source  message.Source
	arrived time.Time // of an mbox's "From " line; zero elsewhere
}

// readMails finds the mails of a path: an .eml file, an mbox, a Maildir, or a folder of these, and the events.jsonl files on the way.
func readMails(path string) (mails []storedMail, events []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.IsDir() {
		mails, err = readMailFile(path)
		return mails, nil, err
	}
	err = filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && e.Name() == "tmp" && isMaildir(filepath.Dir(name)):
			return fs.SkipDir // being delivered (maildir(5))
		case e.IsDir() || strings.HasPrefix(e.Name(), "."):
			return nil
		case e.Name() == "events.jsonl":
			events = append(events, name)
			return nil
		case !isMailFile(name):
			return nil
		}
		more, err := readMailFile(name)
		mails = append(mails, more...)
		return err
	})
	return mails, events, err
}

func isMaildir(dir string) bool {
	for _, sub := range []string{"cur", "new", "tmp"} {
		if info, err := os.Stat(filepath.Join(dir, sub)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

func isMailFile(name string) bool {
	switch filepath.Ext(name) {
	case ".eml", ".mbox":
		return true
	}
	dir := filepath.Base(filepath.Dir(name))
	return (dir == "cur" || dir == "new") && isMaildir(filepath.Dir(filepath.Dir(name)))
}

// readMailFile reads a file that holds one mail, or several when it begins as an mbox.
func readMailFile(name string) ([]storedMail, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 5)
	if n, _ := io.ReadFull(f, head); string(head[:n]) != "From " || filepath.Ext(name) == ".eml" {
		return []storedMail{{name: name, source: parse.File(name)}}, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return splitMbox(name, f)
}

// splitMbox parts an mbox at its "From " lines (RFC 4155), which say when each mail arrived, in UTC.
func splitMbox(name string, r io.Reader) ([]storedMail, error) {
	var mails []storedMail
	var body bytes.Buffer
	var arrived time.Time
	began := false
	end := func() {
		if began {
			raw := bytes.TrimSuffix(bytes.Clone(body.Bytes()), []byte("\n"))
			mails = append(mails, storedMail{fmt.Sprintf("%s#%d", name, len(mails)+1), parse.Bytes(raw), arrived})
		}
		body.Reset()
	}
	lines := bufio.NewReader(r)
	blank := true
	for {
		line, err := lines.ReadBytes('\n')
		if at, ok := fromLine(line); ok && blank {
			end()
			began, arrived = true, at
		} else if len(line) > 0 {
			if quoted := bytes.TrimLeft(line, ">"); len(quoted) < len(line) && bytes.HasPrefix(quoted, []byte("From ")) {
				line = line[1:]
			}
			body.Write(line)
		}
		blank = len(bytes.TrimSpace(line)) == 0
		if errors.Is(err, io.EOF) {
			end()
			return mails, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
}

// fromLine reads "From sender Mon Mar  2 10:11:12 2026".
func fromLine(line []byte) (time.Time, bool) {
	rest, ok := bytes.CutPrefix(bytes.TrimRight(line, "\r\n"), []byte("From "))
	if !ok {
		return time.Time{}, false
	}
	words := strings.Fields(string(rest))
	if len(words) < 5 {
		return time.Time{}, false
	}
	at, err := time.Parse("Mon Jan 2 15:04:05 2006", strings.Join(words[len(words)-5:], " "))
	return at.UTC(), err == nil
}

// arrival is when a mail arrived: its mbox says so, else its topmost Received field, else its Date; zero when nothing tells it.
func (s storedMail) arrival(m *message.Message) time.Time {
	if !s.arrived.IsZero() {
		return s.arrived
	}
	for _, f := range m.Trace {
		if !strings.EqualFold(f.Name, "Received") {
			continue
		}
		if i := strings.LastIndexByte(f.Value, ';'); i >= 0 {
			if at, err := mail.ParseDate(strings.TrimSpace(f.Value[i+1:])); err == nil {
				return at.UTC()
			}
		}
		break
	}
	if m.Date.IsZero() {
		return time.Time{}
	}
	return m.Date.UTC()
}

// inOrder sorts what happened by time; ties stay in the order given.
func inOrder[T any](all []T, at func(T) time.Time) {
	slices.SortStableFunc(all, func(a, b T) int { return at(a).Compare(at(b)) })
}
