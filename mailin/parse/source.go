package parse

import (
	"bytes"
	"io"
	"os"

	"github.com/postdesk/postdesk/desk/message"
)

// File is a mail in a file: one message, as received. Its Size is 0 while the file can't be looked at.
func File(name string) message.Source { return fileSource(name) }

// Bytes is a mail in memory. It keeps b, which must not change.
func Bytes(b []byte) message.Source { return bytesSource(b) }

type fileSource string

func (f fileSource) Open() (io.ReadCloser, error) { return os.Open(string(f)) }

func (f fileSource) Size() int64 {
	info, err := os.Stat(string(f))
	if err != nil {
		return 0
	}
	return info.Size()
}

type bytesSource []byte

func (b bytesSource) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
func (b bytesSource) Size() int64                  { return int64(len(b)) }
