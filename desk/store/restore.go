package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/migrations"
)

// A NotEmptyError says that a database holds something already, and what. A backup is restored beside what is there, never over it.
type NotEmptyError struct{ Database, Table string }

func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("%s is not empty, there is something in its table %s; restore into a new database", e.Database, e.Table)
}

// Restore reads a backup into an empty database: the schema as it was then, all rows in one transaction, then the migrations since. Where
// it fails nothing is there but the empty schema, and the same call may be made again. then is called at the end of the transaction.
//
// The numbers that the database gives go on after a gap, as gap says for the last one given: the desk that was lost may have given those
// after it to other tickets, and told people.
func (st *Store) Restore(ctx context.Context, b *BackupReader, gap func(last int64) int64, progress Progress, then func(tx desk.Tx, lastTicket int64) error) error {
	if err := st.restore(ctx, b, gap, progress, then); err != nil {
		return fmt.Errorf("restore into %s: %w", st.name, st.explain(ctx, err))
	}
	return nil
}

func (st *Store) restore(ctx context.Context, b *BackupReader, gap func(int64) int64, progress Progress, then func(tx desk.Tx, lastTicket int64) error) error {
	current, known, err := st.SchemaVersion(ctx)
	switch {
	case err != nil:
		return err
	case b.Head.Schema > known:
		return fmt.Errorf("the backup has schema %d, and this program knows no later one than %d; restore it with postdesk %s or later", b.Head.Schema, known, b.Head.Program)
	case current > b.Head.Schema:
		return fmt.Errorf("the database has schema %d, and the backup %d; name a database that has none yet: the restore makes it", current, b.Head.Schema)
	}
	p, err := st.provider()
	if err != nil {
		return err
	}
	if _, err := p.UpTo(ctx, b.Head.Schema); err != nil {
		return err
	}
	t, err := st.writer.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer t.Rollback() // after a commit it does nothing
	if err := st.unhurried(ctx, t); err != nil {
		return err
	}
	if err := st.load(ctx, t, b, gap, progress); err != nil {
		return err
	}
	x := &tx{st: st, sql: t, read: map[io.Reader]bool{}, locked: map[int64]bool{}}
	if err := x.sound(ctx, b.foot); err != nil {
		return err
	}
	if err := then(x, b.lastTicket); err != nil {
		return err
	}
	if err := x.flush(ctx); err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		return err
	}
	_, err = st.Migrate(ctx)
	return err
}

// load puts all rows into their tables.
func (st *Store) load(ctx context.Context, t *sqlx.Tx, b *BackupReader, gap func(int64) int64, progress Progress) error {
	all, err := st.tables(ctx, t)
	if err != nil {
		return err
	}
	if st.engine == migrations.Postgres {
		// Another restore, or a desk that begins to serve, waits until this one has ended, and then finds what it has brought.
		if _, err := t.ExecContext(ctx, `LOCK TABLE meta IN ACCESS EXCLUSIVE MODE`); err != nil {
			return err
		}
	}
	for _, tb := range all {
		var some bool
		if err := t.GetContext(ctx, &some, `SELECT EXISTS (SELECT 1 FROM `+quoted(tb.name)+`)`); err != nil {
			return err
		}
		if some {
			return &NotEmptyError{st.name, tb.name}
		}
	}
	var (
		into  *loader
		done  int64
		lasts = map[*table]int64{}
	)
	for {
		row, err := b.next()
		if err != nil && err != io.EOF {
			return err
		}
		if row == nil { // a table has ended
			if err := into.flush(ctx, t); err != nil {
				return err
			}
			if err == io.EOF {
				break
			}
			if into, err = newLoader(all, b.table); err != nil {
				return err
			}
			if b.table.Last > 0 {
				lasts[into.table] = gap(b.table.Last)
			}
			if b.table.Table == "ticket" {
				b.lastTicket = b.table.Last
			}
			continue
		}
		if err := into.add(ctx, t, row); err != nil {
			return err
		}
		done++
		progress.tell(done, b.Head.Rows)
	}
	for _, tb := range all {
		if err := st.setLastNumber(ctx, t, tb, lasts[tb]); err != nil {
			return fmt.Errorf("table %s: %w", tb.name, err)
		}
	}
	return nil
}

// A loader gathers rows of one table for statements that insert many.
type loader struct {
	table   *table
	columns []column // in the order of the backup
	values  []any
	bytes   int
}

func newLoader(all []*table, t backupTable) (*loader, error) {
	i := slices.IndexFunc(all, func(have *table) bool { return have.name == t.Table })
	if i < 0 {
		return nil, damaged("it has a table %s, which its schema has not", t.Table)
	}
	l := &loader{table: all[i]}
	for _, name := range t.Columns {
		j := slices.IndexFunc(l.table.columns, func(c column) bool { return c.name == name })
		if j < 0 {
			return nil, damaged("table %s has a column %s, which its schema has not", t.Table, name)
		}
		l.columns = append(l.columns, l.table.columns[j])
	}
	return l, nil
}

// A statement takes so many bytes and parameters at most. SQLite's driver looks each parameter up by its name among all of them, so that
// statements of ten thousand took fifteen times as long as these.
const loadBytes, loadParameters = 1 << 20, 250

func (l *loader) add(ctx context.Context, e sqlx.ExecerContext, row []json.RawMessage) error {
	if l == nil {
		return damaged("it has a row before its first table")
	}
	for i, raw := range row {
		v, err := scalar(l.columns[i], raw)
		if err != nil {
			return damaged("table %s: %v", l.table.name, err)
		}
		l.values = append(l.values, v)
		l.bytes += len(raw)
	}
	if l.bytes >= loadBytes || len(l.values)+len(row) > loadParameters {
		return l.flush(ctx, e)
	}
	return nil
}

func (l *loader) flush(ctx context.Context, e sqlx.ExecerContext) error {
	if l == nil || len(l.values) == 0 {
		return nil
	}
	names := make([]string, len(l.columns))
	for i, c := range l.columns {
		names[i] = c.name
	}
	query := []byte(`INSERT INTO ` + quoted(l.table.name) + ` (` + quotedList(names) + `) VALUES `)
	for i := range l.values {
		switch {
		case i == 0:
			query = append(query, '(')
		case i%len(names) == 0:
			query = append(query, "), ("...)
		default:
			query = append(query, ", "...)
		}
		query = fmt.Appendf(query, "$%d", i+1)
	}
	if _, err := e.ExecContext(ctx, string(append(query, ')')), l.values...); err != nil {
		return fmt.Errorf("table %s: %w", l.table.name, err)
	}
	l.values, l.bytes = l.values[:0], 0
	return nil
}

// sound looks at what was restored as the desk will: the ledger must count as it did, and every source be what was kept.
func (x *tx) sound(ctx context.Context, foot *backupFoot) error {
	wrong, err := x.Recount(ctx)
	if err != nil {
		return err
	}
	if !slices.Equal(wrong, foot.Recount) {
		return errors.New("the ledger does not count as it did when the backup was made: " + fmt.Sprint(wrong))
	}
	var sources []int64
	if err := x.sql.SelectContext(ctx, &sources, `SELECT id FROM source ORDER BY id`); err != nil {
		return err
	}
	for _, id := range sources {
		if err := x.Source(ctx, id, io.Discard); err != nil {
			return err
		}
	}
	return nil
}
