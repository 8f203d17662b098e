package store_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/migrations"
)

// fillAll puts three rows into every table there is, also those that nobody has thought of here. Whatever points at a number or a text points
// at that of the same row elsewhere. kinds is a store on PostgreSQL, which knows instants and booleans that SQLite calls texts and numbers.
func fillAll(t *testing.T, st, kinds *store.Store) {
	t.Helper()
	sizes := []int{10, 0, store.ChunkSize + 1}
	for _, size := range sizes {
		saveSource(t, st, noise(size))
	}
	columns, err := kinds.Columns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for len(columns) > 0 {
		table := columns[0].Table
		n := slices.IndexFunc(columns, func(c store.TableColumn) bool { return c.Table != table })
		if n < 0 {
			n = len(columns)
		}
		own := columns[:n]
		columns = columns[n:]
		if table == "source" || table == "source_chunk" {
			continue
		}
		var names, places []string
		for i, c := range own {
			names, places = append(names, `"`+c.Column+`"`), append(places, fmt.Sprintf("$%d", i+1))
		}
		for row := range 3 {
			var values []any
			for _, c := range own {
				values = append(values, sample(st.Engine(), c, row+1))
			}
			_, err := st.Raw().ExecContext(t.Context(), fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, strings.Join(names, ", "), strings.Join(places, ", ")), values...)
			if err != nil {
				t.Fatalf("fill %s: %v", table, err)
			}
		}
		// Whoever writes a number himself does not move PostgreSQL's own count.
		if c := own[0].Column; st.Engine() == migrations.Postgres && own[0].Kind == "integer" {
			if _, err := st.Raw().ExecContext(t.Context(), "SELECT setval(pg_get_serial_sequence($1, $2), 3)", table, c); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func sample(e migrations.Engine, c store.TableColumn, row int) any {
	switch c.Kind {
	case "integer":
		return int64(row)
	case "text":
		return fmt.Sprintf("%d é \"\\ \u2028 <&> \U0001F600\nline", row)
	case "blob":
		return []byte{0, byte(row), 0xff}
	case "boolean":
		return row%2 == 1
	}
	at := time.Date(2026, 3, row, 9, 30, 15, 123456000, time.UTC)
	if e == migrations.SQLite {
		return at.Format("2006-01-02T15:04:05.000000Z")
	}
	return at
}

func backup(t *testing.T, st *store.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	var last int64
	head, _, err := st.Backup(t.Context(), &b, "1.2.3", func(done, all int64) { last = done })
	if err != nil {
		t.Fatal(err)
	}
	if head.Program != "1.2.3" || head.Engine != st.Engine() || head.Rows == 0 || last != head.Rows || time.Since(head.Made).Abs() > time.Minute {
		t.Errorf("got head %+v, the last progress told was %d", head, last)
	}
	return b.Bytes()
}

func restore(ctx context.Context, st *store.Store, backup []byte) error {
	b, err := store.OpenBackup(bytes.NewReader(backup))
	if err != nil {
		return err
	}
	defer b.Close()
	same := func(last int64) int64 { return last }
	return st.Restore(ctx, b, same, nil, func(desk.Tx, int64) error { return nil })
}

// body is what a backup says, without its head and its sum.
func body(t *testing.T, backup []byte) []string {
	t.Helper()
	zip, err := zstd.NewReader(bytes.NewReader(backup))
	if err != nil {
		t.Fatal(err)
	}
	defer zip.Close()
	text, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	return lines[1 : len(lines)-1]
}

// What a backup holds is the same after a way through the other engine and back, in every table of the schema, with the numbers that come
// next.
func TestBackupThroughBothEngines(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		fillAll(t, st, storetest.OnPostgres(t))
		first := backup(t, st)
		other, again := storetest.SQLite, storetest.OnPostgres
		if st.Engine() == migrations.SQLite {
			other, again = storetest.OnPostgres, func(t testing.TB) *store.Store { return storetest.SQLite(t) }
		}
		between, back := other(t), again(t)
		if err := restore(t.Context(), between, first); err != nil {
			t.Fatal(err)
		}
		if err := restore(t.Context(), back, backup(t, between)); err != nil {
			t.Fatal(err)
		}
		want, got := body(t, first), body(t, backup(t, back))
		for i := range want {
			if i >= len(got) || got[i] != want[i] {
				t.Fatalf("line %d: got %q, want %q", i+2, got[min(i, len(got)-1)], want[i])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d lines, want %d", len(got), len(want))
		}
		// The next row of a table has a number that no row had.
		update(t, back, func(ctx context.Context, tx desk.Tx) error {
			e := &desk.Event{At: tuesdayNoon, Kind: "note", Data: []byte("{}")}
			return tx.Append(ctx, e)
		})
	})
}

var tuesdayNoon = time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)

// A backup that is not whole is refused, wherever it was cut or changed, and leaves an empty database behind, into which the sound one goes.
func TestDamagedBackups(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		source := storetest.SQLite(t)
		fillAll(t, source, storetest.OnPostgres(t))
		sound := backup(t, source)
		text := strings.Join(body(t, sound), "\n")
		zipped := func(lines string) []byte {
			var b bytes.Buffer
			w, err := zstd.NewWriter(&b)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(w, lines)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			return b.Bytes()
		}
		head := `{"postdesk_backup":1,"schema":1,"program":"1"}` + "\n"
		cases := map[string][]byte{
			"nothing":         nil,
			"another file":    []byte(strings.Repeat("no backup\n", 100)),
			"another archive": zipped("{}\n"),
			"a later format":  zipped(`{"postdesk_backup":2,"program":"9.9"}` + "\n"),
			"a later schema":  zipped(`{"postdesk_backup":1,"schema":999,"program":"9.9"}` + "\n"),
			"no last line":    zipped(head + text + "\n"),
			"another sum":     zipped(head + text + "\n" + `{"rows":{},"sha256":"00"}` + "\n"),
			"no such table":   zipped(head + `{"table":"nowhere","columns":["id"]}` + "\n"),
			"no such column":  zipped(head + `{"table":"customer","columns":["nothing"]}` + "\n"),
			"a row too short": zipped(head + `{"table":"customer","columns":["id","name"]}` + "\n[1]\n"),
			"one behind":      append(bytes.Clone(sound), sound...),
		}
		for _, at := range []int{1, 10, len(sound) / 3, len(sound) / 2, len(sound) - 5, len(sound) - 1} {
			cases[fmt.Sprintf("cut at %d", at)] = sound[:at]
			flipped := bytes.Clone(sound)
			flipped[at] ^= 0x10
			cases[fmt.Sprintf("changed at %d", at)] = flipped
		}
		// The schema is that of another time: nothing but the refusal matters here.
		for name, damaged := range cases {
			if err := restore(t.Context(), st, damaged); err == nil {
				t.Fatalf("%s: restored", name)
			}
			if b, err := store.OpenBackup(bytes.NewReader(damaged)); err == nil && !strings.HasPrefix(name, "no such") && name != "a later schema" {
				if _, err := b.Verify(t.Context(), nil); err == nil {
					t.Errorf("%s: verified", name)
				}
				b.Close()
			}
		}
		if err := restore(t.Context(), st, sound); err != nil {
			t.Fatalf("the sound one: %v", err)
		}
		var full *store.NotEmptyError
		if err := restore(t.Context(), st, sound); !errors.As(err, &full) {
			t.Errorf("a second time: got %v, want NotEmptyError", err)
		}
	})
}

// A backup of an older program is brought to this one's schema.
func TestRestoreOfAnOlderSchema(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, old *store.Store) {
		old = emptied(t, old)
		if err := old.MigrateTo(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		kinds := emptied(t, storetest.OnPostgres(t))
		if err := kinds.MigrateTo(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		fillAll(t, old, kinds)
		fresh := emptied(t, storetest.SQLite(t))
		if old.Engine() == migrations.Postgres {
			fresh = emptied(t, storetest.OnPostgres(t))
		}
		b, err := store.OpenBackup(bytes.NewReader(backup(t, old)))
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		r := desk.Restoration{Made: b.Head.Made, At: tuesdayNoon}
		err = fresh.Restore(t.Context(), b, desk.NumberAfter, nil, func(tx desk.Tx, last int64) error {
			if last != 3 {
				t.Errorf("the last ticket is %d, want 3", last)
			}
			return desk.Restored(t.Context(), tx, r, last, rand.Reader)
		})
		if err == nil {
			_, err = desk.NoteRestored(t.Context(), fresh, r)
		}
		if err != nil {
			t.Fatal(err)
		}
		current, known, err := fresh.SchemaVersion(t.Context())
		if err != nil || current != known {
			t.Errorf("schema %d of %d, %v", current, known, err)
		}
		var tickets int
		if err := fresh.Raw().Get(&tickets, `SELECT COUNT(*) FROM ticket`); err != nil || tickets != 3 {
			t.Errorf("%d tickets, %v, want 3", tickets, err)
		}
		// What has a later schema already is no place for it.
		if err := restore(t.Context(), storetest.SQLite(t), backup(t, old)); err == nil || !strings.Contains(err.Error(), "name a database that has none yet") {
			t.Errorf("into a later schema: got %v", err)
		}
	})
}

// emptied is a store on the same engine without any schema.
func emptied(t *testing.T, st *store.Store) *store.Store {
	t.Helper()
	dsn := "sqlite:" + t.TempDir() + "/empty.db"
	if st.Engine() == migrations.Postgres {
		if _, err := st.Raw().Exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public"); err != nil {
			t.Fatal(err)
		}
		return st
	}
	empty, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { empty.Close() })
	return empty
}

// While others post, a backup shows one moment: in it no credit is on its way, and the ledger counts.
func TestBackupWhileOthersWrite(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			_, _, err := tx.Post(ctx, ledger.TopUp("start", "acme", ledger.Credit, 1_000_000, tuesdayNoon))
			return err
		})
		ctx, stop := context.WithCancel(t.Context())
		var writing sync.WaitGroup
		defer writing.Wait()
		defer stop()
		for w := range 2 {
			writing.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					err := st.Update(t.Context(), func(tx desk.Tx) error {
						_, _, err := tx.Post(t.Context(), ledger.TopUp(fmt.Sprintf("%d-%d", w, i), "acme", ledger.Credit, 1, tuesdayNoon))
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		for before, grown := 0, 0; grown < 5; {
			var b bytes.Buffer
			_, wrong, err := st.Backup(t.Context(), &b, "1", nil)
			if err != nil || len(wrong) > 0 || t.Failed() {
				t.Fatalf("got %v, %v", wrong, err)
			}
			if lines := len(body(t, b.Bytes())); lines > before {
				before, grown = lines, grown+1
			}
		}
	})
}
