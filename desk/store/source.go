package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/migrations"
)

// chunkSize is how many raw bytes are compressed into one row. Whole mails as one value would cost their size several times over.
const chunkSize = 256 << 10

// A packer compresses and unpacks chunks, for any number of transactions at once.
type packer struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
	raw sync.Pool // of *[chunkSize]byte: most mails are far smaller, and need one only for a moment
}

func newPacker() (*packer, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithWindowSize(chunkSize))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(2*chunkSize))
	if err != nil {
		return nil, err
	}
	return &packer{enc: enc, dec: dec, raw: sync.Pool{New: func() any { return new([chunkSize]byte) }}}, nil
}

func (p *packer) close() {
	p.enc.Close()
	p.dec.Close()
}

const (
	insertSource    = `INSERT INTO source (size, sha256) VALUES (:size, :sha256)`
	finishSource    = `UPDATE source SET size = :size, sha256 = :sha256 WHERE id = :id`
	insertChunk     = `INSERT INTO source_chunk (source, position, data) VALUES (:source, :position, :data)`
	insertSourceRow = `INSERT INTO source (id, size, sha256) VALUES (:id, :size, :sha256)`
)

// SaveSource implements desk.Tx.
func (x *tx) SaveSource(ctx context.Context, r io.Reader) (int64, error) {
	if x.view {
		return 0, errWriteInView
	}
	// A run that failed has read r to somewhere; keeping what is left of it would be keeping another mail.
	if reflect.TypeOf(r).Comparable() {
		if x.read[r] {
			return 0, errors.New("save source: an earlier run of this transaction has read it, and it cannot be read twice")
		}
		x.read[r] = true
	}
	id, err := x.saveSource(ctx, r)
	if err != nil {
		return 0, fmt.Errorf("save source: %w", err)
	}
	return id, nil
}

func (x *tx) saveSource(ctx context.Context, r io.Reader) (id int64, err error) {
	buf := x.st.pack.raw.Get().(*[chunkSize]byte)
	defer x.st.pack.raw.Put(buf)
	var (
		raw    = buf[:]
		packed []byte
		sum    = sha256.New()
	)
	n, more, err := readChunk(r, raw)
	if err != nil {
		return 0, err
	}
	// The row comes first, since chunks point at it. Most mails are one chunk, and then it is right at once.
	sum.Write(raw[:n])
	size := int64(n)
	if x.ahead && !more {
		if id, err = x.number(ctx, sourceTable); err == nil {
			err = x.later(ctx, sourceTable, args{"id": id, "size": size, "sha256": sum.Sum(nil)})
		}
		if err != nil || n == 0 {
			return id, err
		}
		return id, x.chunk(ctx, id, 0, x.st.pack.enc.EncodeAll(raw[:n], nil), true)
	}
	if x.st.engine == migrations.SQLite {
		delete(x.numbers, sourceTable) // the next one is not ours to know
	}
	if err := x.addOne(ctx, &id, insertSource, "id", args{"size": size, "sha256": sum.Sum(nil)}); err != nil {
		return 0, err
	}
	for position := 0; n > 0; position++ {
		packed = x.st.pack.enc.EncodeAll(raw[:n], packed[:0])
		if err := x.chunk(ctx, id, position, packed, false); err != nil {
			return 0, err
		}
		if !more {
			break
		}
		if n, more, err = readChunk(r, raw); err != nil {
			return 0, err
		}
		sum.Write(raw[:n])
		size += int64(n)
	}
	if size > chunkSize {
		_, err = x.exec(ctx, finishSource, args{"id": id, "size": size, "sha256": sum.Sum(nil)})
	}
	return id, err
}

// chunk keeps a piece of a source, or lets it wait to be written with others.
func (x *tx) chunk(ctx context.Context, source int64, position int, data []byte, waits bool) error {
	row := args{"source": source, "position": position, "data": data}
	if fault.Planted(fault.SourceLate) {
		row["data"] = bytes.Clone(data)
		x.late = append(x.late, func() error {
			return x.st.Update(ctx, func(late desk.Tx) error {
				_, err := late.(*tx).exec(ctx, insertChunk, row)
				return err
			})
		})
		return nil
	}
	if waits {
		return x.later(ctx, chunkTable, row)
	}
	_, err := x.exec(ctx, insertChunk, row)
	fault.Here(fault.Chunk)
	return err
}

// readChunk fills buf, and tells whether there may be more. It is not io.ReadFull, which calls the end of a mail and a mail that
// breaks off by the same name.
func readChunk(r io.Reader, buf []byte) (n int, more bool, err error) {
	for n < len(buf) {
		m, err := r.Read(buf[n:])
		n += m
		if err == io.EOF {
			return n, false, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, true, nil
}

const (
	selectSource = `SELECT size, sha256 FROM source WHERE id = :id`
	selectChunk  = `SELECT data FROM source_chunk WHERE source = :source AND position = :position`
)

// Source implements desk.Tx. It ends with an error where what it wrote is not what was kept.
func (x *tx) Source(ctx context.Context, id int64, w io.Writer) error {
	if err := x.source(ctx, id, w); err != nil {
		return fmt.Errorf("source %d: %w", id, err)
	}
	return nil
}

func (x *tx) source(ctx context.Context, id int64, w io.Writer) error {
	var kept struct {
		Size   int64  `db:"size"`
		SHA256 []byte `db:"sha256"`
	}
	if err := x.get(ctx, &kept, selectSource, args{"id": id}); err != nil {
		return err
	}
	buf := x.st.pack.raw.Get().(*[chunkSize]byte)
	defer x.st.pack.raw.Put(buf)
	var (
		sum     = sha256.New()
		written int64
	)
	for position := 0; written < kept.Size; position++ {
		var packed []byte
		if err := x.get(ctx, &packed, selectChunk, args{"source": id, "position": position}); err != nil {
			return fmt.Errorf("chunk %d: %w", position, err)
		}
		raw, err := x.st.pack.dec.DecodeAll(packed, buf[:0])
		if err != nil {
			return fmt.Errorf("chunk %d: %w", position, err)
		}
		sum.Write(raw)
		if _, err := w.Write(raw); err != nil {
			return err
		}
		written += int64(len(raw))
	}
	if written != kept.Size || !bytes.Equal(sum.Sum(nil), kept.SHA256) {
		return fmt.Errorf("what is stored is damaged: %d bytes of %d, or others than were kept", written, kept.Size)
	}
	return nil
}
