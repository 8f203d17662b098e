package mailin

import (
	"bytes"
	"io"
	"os"
)

// inMemory is the length up to which a mail is not worth a file.
const inMemory = 256 << 10

// A spooled mail is one on its way to the desk: in memory, or in a file when it is long. It is a message.Source until it is closed.
type spooled struct {
	folder string // for the file
	mem    bytes.Buffer
	file   *os.File
	size   int64
}

// Write adds bytes of the mail.
func (s *spooled) Write(b []byte) (int, error) {
	if s.file == nil && s.mem.Len()+len(b) > inMemory {
		f, err := os.CreateTemp(s.folder, "postdesk-mail-*")
		if err != nil {
			return 0, err
		}
		s.file = f
		// Where the system allows it the file has no name from here on, and does not outlive us.
		os.Remove(f.Name())
		if _, err := f.Write(s.mem.Bytes()); err != nil {
			return 0, err
		}
		s.mem = bytes.Buffer{}
	}
	if s.file == nil {
		s.mem.Write(b)
	} else if n, err := s.file.Write(b); err != nil {
		return n, err
	}
	s.size += int64(len(b))
	return len(b), nil
}

// anew forgets what was written, for a mail that is asked for a second time.
func (s *spooled) anew() io.Writer {
	s.close()
	*s = spooled{folder: s.folder}
	return s
}

// Open gives the bytes from the start, as often as wanted.
func (s *spooled) Open() (io.ReadCloser, error) {
	if s.file == nil {
		return io.NopCloser(bytes.NewReader(s.mem.Bytes())), nil
	}
	return io.NopCloser(io.NewSectionReader(s.file, 0, s.size)), nil
}

// Size is the number of bytes.
func (s *spooled) Size() int64 { return s.size }

// close forgets the mail.
func (s *spooled) close() {
	s.mem = bytes.Buffer{}
	if s.file != nil {
		s.file.Close()
		os.Remove(s.file.Name()) // gone already on most systems
		s.file = nil
	}
}
