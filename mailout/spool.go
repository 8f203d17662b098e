package mailout

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// spoolMemory is how many bytes of one mail stay in memory. Most mails do; the few large ones go through a file, so that sending costs
// the same whatever their size.
const spoolMemory = 1 << 20

// A spool takes bytes once and gives them as often as asked. It stands between the database and a network: a transaction is not held
// open while a slow server reads. It is a message.Source.
type spool struct {
	mem  bytes.Buffer
	file *os.File // nil while all fits into mem
	size int64
}

func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && s.mem.Len()+len(p) > spoolMemory {
		f, err := os.CreateTemp("", "postdesk-mail-*")
		if err != nil {
			return 0, fmt.Errorf("spool a mail: %w", err)
		}
		s.file = f
		// Removed at once where the system allows it, so that a crash leaves none behind; Close removes it elsewhere.
		os.Remove(f.Name())
		if _, err := f.Write(s.mem.Bytes()); err != nil {
			return 0, err
		}
		s.mem = bytes.Buffer{}
	}
	n, err := len(p), error(nil)
	if s.file != nil {
		n, err = s.file.Write(p)
	} else {
		s.mem.Write(p)
	}
	s.size += int64(n)
	return n, err
}

// Size is the number of bytes.
func (s *spool) Size() int64 { return s.size }

// Open gives the bytes from the start. Closing it leaves the spool as it is.
func (s *spool) Open() (io.ReadCloser, error) { return io.NopCloser(s.reader()), nil }

func (s *spool) reader() *io.SectionReader {
	if s.file != nil {
		return io.NewSectionReader(s.file, 0, s.size)
	}
	return io.NewSectionReader(bytes.NewReader(s.mem.Bytes()), 0, s.size)
}

// Close gives the room back. It may be called for no spool, and twice.
func (s *spool) Close() error {
	if s == nil || s.file == nil {
		return nil
	}
	err := s.file.Close()
	os.Remove(s.file.Name())
	s.file = nil
	return err
}
