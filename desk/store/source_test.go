package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// noise gives n bytes that do not compress, the same for every call.
func noise(n int) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{1}), int64(n))
}

func saveSource(t *testing.T, st *store.Store, r io.Reader) (id int64) {
	t.Helper()
	update(t, st, func(ctx context.Context, tx desk.Tx) (err error) {
		id, err = tx.SaveSource(ctx, r)
		return err
	})
	return id
}

func TestSource(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	edge, err := io.ReadAll(noise(store.ChunkSize))
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("Received: from mx.desk.example\r\n", 30_000)
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		for _, c := range []struct {
			name string
			r    io.Reader
			want []byte
		}{
			{"nothing", strings.NewReader(""), nil},
			{"one byte", strings.NewReader("\n"), []byte("\n")},
			{"every byte there is", bytes.NewReader(every), every},
			{"a byte at a time", iotest.OneByteReader(bytes.NewReader(every)), every},
			{"the last bytes with the end", iotest.DataErrReader(bytes.NewReader(every)), every},
			{"a chunk but one byte", bytes.NewReader(edge[1:]), edge[1:]},
			{"a chunk", bytes.NewReader(edge), edge},
			{"a chunk and one byte", io.MultiReader(bytes.NewReader(edge), strings.NewReader("x")), append(bytes.Clone(edge), 'x')},
			{"what compresses well", strings.NewReader(long), []byte(long)},
		} {
			id := saveSource(t, st, c.r)
			var got bytes.Buffer
			view(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.Source(ctx, id, &got) })
			if !bytes.Equal(got.Bytes(), c.want) {
				t.Errorf("%s: got %d bytes, want the same %d", c.name, got.Len(), len(c.want))
			}
		}
		view(t, st, func(ctx context.Context, tx desk.Tx) error {
			if err := tx.Source(ctx, 4711, io.Discard); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("unknown: got %v, want ErrNotFound", err)
			}
			return nil
		})
	})
}

// A mail whose bytes stop coming is not kept as if it were whole.
func TestSourceThatBreaksOff(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		broken := errors.New("connection lost")
		for name, r := range map[string]io.Reader{
			"at once":        iotest.ErrReader(broken),
			"inside a chunk": io.MultiReader(noise(1000), iotest.ErrReader(broken)),
			"after chunks":   io.MultiReader(noise(2*store.ChunkSize), iotest.ErrReader(broken)),
		} {
			err := st.Update(t.Context(), func(tx desk.Tx) error {
				_, err := tx.SaveSource(t.Context(), r)
				return err
			})
			if !errors.Is(err, broken) {
				t.Errorf("%s: got %v, want %v", name, err, broken)
			}
		}
		// A literal that is cut ends with this error, which says nothing about the database.
		err := st.Update(t.Context(), func(tx desk.Tx) error {
			_, err := tx.SaveSource(t.Context(), iotest.ErrReader(io.ErrUnexpectedEOF))
			return err
		})
		if errors.Is(err, desk.ErrUnavailable) {
			t.Errorf("a cut literal: got %v", err)
		}
		var rows int
		if err := st.Raw().Get(&rows, `SELECT COUNT(*) FROM source`); err != nil || rows != 0 {
			t.Errorf("got %d sources (%v), want none", rows, err)
		}
	})
}

// A second run of a transaction must not keep the rest of what the first one has read.
func TestSourceIsReadOnce(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		r := strings.NewReader("hello")
		twin := desk.Contact{Address: "anna@cust.example"}
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.SaveContact(ctx, &twin) })
		runs := 0
		err := st.Update(t.Context(), func(tx desk.Tx) error {
			runs++
			if _, err := tx.SaveSource(t.Context(), r); err != nil {
				return err
			}
			c := desk.Contact{Address: twin.Address}
			return tx.SaveContact(t.Context(), &c) // asks for another run
		})
		if runs != 2 || err == nil || !strings.Contains(err.Error(), "cannot be read twice") {
			t.Errorf("got %v after %d runs, want the second to be refused", err, runs)
		}
	})
}

// Damage is told, not passed on as the mail.
func TestDamagedSource(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		for _, damage := range []string{
			`UPDATE source_chunk SET data = (SELECT data FROM source_chunk WHERE source = 1 AND position = 1) WHERE source = 1 AND position = 0`,
			`UPDATE source_chunk SET position = 9 WHERE source = 1 AND position = 2`,
			`UPDATE source SET size = size - 1 WHERE id = 1`,
		} {
			if _, err := st.Raw().Exec(`DELETE FROM source_chunk`); err != nil {
				t.Fatal(err)
			}
			if _, err := st.Raw().Exec(`DELETE FROM source`); err != nil {
				t.Fatal(err)
			}
			id := saveSource(t, st, noise(3*store.ChunkSize))
			if _, err := st.Raw().Exec(strings.NewReplacer("source = 1", "source = $1", "id = 1", "id = $1").Replace(damage), id); err != nil {
				t.Fatal(err)
			}
			err := st.View(t.Context(), func(tx desk.Tx) error { return tx.Source(t.Context(), id, io.Discard) })
			if err == nil {
				t.Errorf("after %s: no error", damage)
			}
		}
	})
}

// A mail of 50 MB goes in and out in bounded memory (M2).
func TestLargeSource(t *testing.T) {
	const size = 50 << 20
	want := sha256.New()
	if _, err := io.Copy(want, noise(size)); err != nil {
		t.Fatal(err)
	}
	// One engine after the other: what is measured is the memory of the whole process. What is not used any more is collected at once, or
	// it would count for as long as the collector has no processor to run on.
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	for name, open := range map[string]func(testing.TB) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.OnPostgres} {
		t.Run(name, func(t *testing.T) {
			st := open(t)
			runtime.GC()
			m := &meter{}
			m.look()
			before := m.peak
			id := saveSource(t, st, io.TeeReader(noise(size), m))
			got := sha256.New()
			view(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.Source(ctx, id, io.MultiWriter(got, m)) })
			if !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
				t.Error("other bytes came out")
			}
			if grown := (m.peak - before) >> 20; grown > 24 {
				t.Errorf("memory grew by %d MiB for %d MiB of mail, want at most 24", grown, size>>20)
			}
		})
	}
}

// A meter notes the most memory seen while bytes pass.
type meter struct {
	passed int
	peak   uint64
}

func (m *meter) Write(p []byte) (int, error) {
	if m.passed += len(p); m.passed >= 1<<20 {
		m.passed = 0
		m.look()
	}
	return len(p), nil
}

func (m *meter) look() {
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	m.peak = max(m.peak, now.HeapInuse)
}
