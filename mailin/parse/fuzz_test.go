package parse

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
)

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
		if again := Parse(Bytes(b)); again.ContentHash != m.ContentHash || again.RawHash != m.RawHash || again.Visible != m.Visible {
			t.Error("two readings differ")
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
