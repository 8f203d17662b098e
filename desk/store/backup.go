package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/klauspost/compress/zstd"
	"github.com/postdesk/postdesk/migrations"
)

// A backup is lines of JSON, compressed by zstd, so that whoever has lost everything else can still read it. The same form serves both
// engines: a desk that has outgrown SQLite goes on in PostgreSQL with it.
//
//	{"postdesk_backup":1,"schema":9,...}            what it is: a BackupHead
//	{"table":"customer","columns":["id",...]}      the rows of a table follow; tables come after those that they point at
//	["acme","Acme GmbH",...]                       a row: numbers, texts, true and false, null, {"b":BASE64} for bytes
//	{"rows":{"customer":1,...},"sha256":"..."}     how many there are, and the sum of all bytes before this line

// backupFormat is what this program writes; it reads this one and those before it.
const backupFormat = 1

// A BackupHead says what a backup is.
type BackupHead struct {
	Format  int               `json:"postdesk_backup"`
	Program string            `json:"program"` // the version that made it
	Schema  int64             `json:"schema"`
	Engine  migrations.Engine `json:"engine"` // that it was made on
	Made    time.Time         `json:"made"`
	Rows    int64             `json:"rows"` // in all, for those who watch
}

type backupTable struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
	Last    int64    `json:"last,omitempty"` // the last number given in its identity column
}

type backupFoot struct {
	Rows    map[string]int64 `json:"rows"`
	Recount []string         `json:"recount,omitempty"` // what did not agree in the ledger when the backup was made
	SHA256  string           `json:"sha256"`
}

// A Progress is told now and then how many rows of how many are done.
type Progress func(done, all int64)

// tell calls it at every so many rows and at the end.
func (p Progress) tell(done, all int64) {
	if p != nil && (done%1000 == 0 || done == all) {
		p(done, all)
	}
}

// Backup writes all that the desk has to w, in the state of one moment, while others go on writing. What does not agree in the ledger is
// returned and noted in the backup.
func (st *Store) Backup(ctx context.Context, w io.Writer, program string, progress Progress) (head BackupHead, wrong []string, err error) {
	opts := &sql.TxOptions{ReadOnly: true}
	if st.engine == migrations.Postgres {
		opts.Isolation = sql.LevelRepeatableRead
	}
	t, err := st.reader.BeginTxx(ctx, opts)
	if err != nil {
		return head, nil, st.explain(ctx, err)
	}
	defer t.Rollback() // there is nothing to commit
	head, wrong, err = st.backup(ctx, t, w, program, progress)
	if err != nil {
		return head, nil, fmt.Errorf("back up %s: %w", st.name, st.explain(ctx, err))
	}
	return head, wrong, nil
}

// unhurried takes away the limits that keep a statement of everyday work from waiting for ever: a whole table takes its time.
func (st *Store) unhurried(ctx context.Context, t *sqlx.Tx) error {
	if st.engine != migrations.Postgres {
		return nil
	}
	_, err := t.ExecContext(ctx, `SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`)
	return err
}

func (st *Store) backup(ctx context.Context, t *sqlx.Tx, w io.Writer, program string, progress Progress) (head BackupHead, wrong []string, err error) {
	if err := st.unhurried(ctx, t); err != nil {
		return head, nil, err
	}
	x := &tx{st: st, sql: t, view: true}
	head = BackupHead{Format: backupFormat, Program: program, Engine: st.engine}
	// The first statement fixes the moment, so the clock is asked before: what comes in meanwhile is looked for once more than needed.
	if head.Made, err = x.Now(ctx); err != nil {
		return head, nil, err
	}
	if err := t.GetContext(ctx, &head.Schema, `SELECT COALESCE(MAX(version_id), 0) FROM `+gooseTable); err != nil {
		return head, nil, err
	}
	tables, err := st.tables(ctx, t)
	if err != nil {
		return head, nil, err
	}
	for _, tb := range tables {
		var n int64
		if err := t.GetContext(ctx, &n, `SELECT COUNT(*) FROM `+quoted(tb.name)); err != nil {
			return head, nil, err
		}
		head.Rows += n
	}
	packed, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return head, nil, err
	}
	defer packed.Close()
	out := &backupWriter{sum: sha256.New()}
	out.to = bufio.NewWriterSize(io.MultiWriter(packed, out.sum), 64<<10)
	if err := out.line(head); err != nil {
		return head, nil, err
	}
	foot := backupFoot{Rows: map[string]int64{}}
	done := int64(0)
	for _, tb := range tables {
		last, err := st.lastNumber(ctx, t, tb)
		if err != nil {
			return head, nil, err
		}
		if err := out.line(backupTable{tb.name, tb.columnNames(), last}); err != nil {
			return head, nil, err
		}
		n, err := out.rows(ctx, t, tb, func() { done++; progress.tell(done, head.Rows) })
		if err != nil {
			return head, nil, fmt.Errorf("table %s: %w", tb.name, err)
		}
		foot.Rows[tb.name] = n
	}
	if foot.Recount, err = x.Recount(ctx); err != nil {
		return head, nil, err
	}
	if err := out.to.Flush(); err != nil {
		return head, nil, err
	}
	foot.SHA256 = hex.EncodeToString(out.sum.Sum(nil))
	if err := errors.Join(out.line(foot), out.to.Flush(), packed.Close()); err != nil {
		return head, nil, err
	}
	return head, foot.Recount, nil
}

type backupWriter struct {
	to  *bufio.Writer
	sum hash.Hash
	row bytes.Buffer
}

func (w *backupWriter) line(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.to.Write(b)
	return w.to.WriteByte('\n')
}

// rows streams a table: neither driver keeps a whole answer in memory.
func (w *backupWriter) rows(ctx context.Context, q sqlx.QueryerContext, t *table, wrote func()) (n int64, err error) {
	rows, err := q.QueryxContext(ctx, `SELECT `+quotedList(t.columnNames())+` FROM `+quoted(t.name)+` ORDER BY `+quotedList(t.key))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.SliceScan()
		if err != nil {
			return n, err
		}
		w.row.Reset()
		for i, v := range values {
			w.row.WriteByte("[,"[min(i, 1)])
			if err := w.value(t.columns[i], v); err != nil {
				return n, err
			}
		}
		w.row.WriteString("]\n")
		if _, err := w.to.Write(w.row.Bytes()); err != nil {
			return n, err
		}
		n++
		wrote()
	}
	return n, rows.Err()
}

func (w *backupWriter) value(c column, v any) error {
	switch v := v.(type) {
	case nil:
		w.row.WriteString("null")
		return nil
	case int64, bool:
		fmt.Fprint(&w.row, v)
		return nil
	case string:
		return w.text(v)
	case time.Time:
		return w.text(v.UTC().Format(instantForm))
	case []byte:
		if c.kind == texts {
			return w.text(string(v))
		}
		w.row.WriteString(`{"b":"` + base64.StdEncoding.EncodeToString(v) + `"}`)
		return nil
	}
	return fmt.Errorf("column %s: a value of type %T, which a backup does not know", c.name, v)
}

func (w *backupWriter) text(s string) error {
	enc := json.NewEncoder(&w.row)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return err
	}
	w.row.Truncate(w.row.Len() - 1) // the line end of Encode
	return nil
}

// A DamagedError says that a backup is not what was written.
type DamagedError struct{ Why string }

func (e *DamagedError) Error() string { return "the backup is damaged: " + e.Why }

func damaged(format string, args ...any) error { return &DamagedError{fmt.Sprintf(format, args...)} }

// A BackupReader reads a backup line by line and checks that all of it is there.
type BackupReader struct {
	Head BackupHead

	zip   *zstd.Decoder
	from  *bufio.Reader
	sum   hash.Hash
	rows  map[string]int64
	table backupTable // the one whose rows come now
	foot  *backupFoot

	lastTicket int64 // the last number that a ticket got
}

// OpenBackup reads what a backup is. Nothing but Close may follow an error.
func OpenBackup(r io.Reader) (*BackupReader, error) {
	zip, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return nil, err
	}
	b := &BackupReader{zip: zip, from: bufio.NewReaderSize(zip, 64<<10), sum: sha256.New(), rows: map[string]int64{}}
	line, err := b.line()
	if err == nil {
		err = json.Unmarshal(line, &b.Head)
	}
	switch {
	case err != nil || b.Head.Format == 0:
		b.Close()
		return nil, errors.New("this is no backup of a desk")
	case b.Head.Format > backupFormat:
		b.Close()
		return nil, fmt.Errorf("a later version of postdesk made this backup (%s, format %d); restore it with that one", b.Head.Program, b.Head.Format)
	}
	return b, nil
}

// Close frees what reading needs.
func (b *BackupReader) Close() { b.zip.Close() }

// line is the next one, counted into the sum unless it is the last.
func (b *BackupReader) line() ([]byte, error) {
	line, err := b.from.ReadBytes('\n')
	if err != nil {
		if err == io.EOF {
			return nil, damaged("it ends before its last line")
		}
		return nil, damaged("%v", err)
	}
	if !bytes.HasPrefix(line, []byte(`{"rows":`)) {
		b.sum.Write(line)
	}
	return line, nil
}

// next gives the next row of the present table, nil where another table has begun, and io.EOF where all has been read and is whole.
func (b *BackupReader) next() ([]json.RawMessage, error) {
	if b.foot != nil {
		return nil, io.EOF
	}
	line, err := b.line()
	if err != nil {
		return nil, err
	}
	switch {
	case line[0] == '[':
		var row []json.RawMessage
		if err := json.Unmarshal(line, &row); err != nil || len(row) != len(b.table.Columns) {
			return nil, damaged("table %s: row %d cannot be read", b.table.Table, b.rows[b.table.Table]+1)
		}
		b.rows[b.table.Table]++
		return row, nil
	case bytes.HasPrefix(line, []byte(`{"table":`)):
		b.table = backupTable{}
		if err := json.Unmarshal(line, &b.table); err != nil || b.table.Table == "" {
			return nil, damaged("a table's head cannot be read")
		}
		if _, twice := b.rows[b.table.Table]; twice {
			return nil, damaged("table %s comes twice", b.table.Table)
		}
		b.rows[b.table.Table] = 0
		return nil, nil
	}
	var foot backupFoot
	if err := json.Unmarshal(line, &foot); err != nil || foot.SHA256 == "" {
		return nil, damaged("its last line cannot be read")
	}
	if got := hex.EncodeToString(b.sum.Sum(nil)); got != foot.SHA256 {
		return nil, damaged("its bytes make another sum than the one noted")
	}
	for name, n := range foot.Rows {
		if b.rows[name] != n {
			return nil, damaged("table %s has %d rows of %d", name, b.rows[name], n)
		}
	}
	if _, err := b.from.ReadByte(); err != io.EOF {
		return nil, damaged("something stands behind its last line")
	}
	b.foot = &foot
	return nil, io.EOF
}

// Verify reads all of it. It returns what did not agree in the ledger when the backup was made.
func (b *BackupReader) Verify(ctx context.Context, progress Progress) (wrong []string, err error) {
	for done := int64(0); ; {
		row, err := b.next()
		switch {
		case err == io.EOF:
			return b.foot.Recount, nil
		case err != nil:
			return nil, err
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case row != nil:
			done++
			progress.tell(done, b.Head.Rows)
		}
	}
}

// scalar reads one value of a row for a column.
func scalar(c column, raw json.RawMessage) (any, error) {
	var v any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil:
		return nil, nil
	case bool:
		if c.kind == integers {
			return map[bool]int64{false: 0, true: 1}[v], nil
		}
		return v, nil
	case json.Number:
		n, err := v.Int64()
		if err == nil && c.kind == booleans {
			return n != 0, nil
		}
		return n, err
	case string:
		return v, nil
	case map[string]any:
		text, ok := v["b"].(string)
		if ok {
			return base64.StdEncoding.DecodeString(text)
		}
	}
	return nil, fmt.Errorf("column %s: a value that no column holds: %s", c.name, strings.TrimSpace(string(raw)))
}
