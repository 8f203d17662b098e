package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/postdesk/postdesk/migrations"
)

// A table is one of the schema as the database itself describes it, so that a backup needs no list that somebody has to keep.
type table struct {
	name     string
	columns  []column
	identity string // the column whose numbers the database gives; "" where there is none
	key      []string
	needs    []string // tables that its rows point at
}

type column struct {
	name string
	kind kind
}

// A kind is what a column holds, whatever its engine calls it. SQLite has no types of their own for booleans and instants: there a
// backup has numbers and texts instead, and whichever engine reads it makes of them what it needs.
type kind int

const (
	integers kind = iota
	texts
	blobs
	booleans
	instants
)

// kinds are the engines' names for them. A column of any other type is refused: what is not understood would not come back.
var kinds = map[string]kind{
	"INTEGER": integers, "TEXT": texts, "BLOB": blobs,
	"bigint": integers, "text": texts, "bytea": blobs, "boolean": booleans, "timestamp with time zone": instants,
}

// gooseTable is the migrations' own record; a restore makes it by migrating.
const gooseTable = "goose_db_version"

// tables are those of the desk, each after all that it points at.
func (st *Store) tables(ctx context.Context, q sqlx.QueryerContext) ([]*table, error) {
	var names []string
	list := `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`
	if st.engine == migrations.Postgres {
		list = `SELECT CAST(relname AS text) FROM pg_class WHERE relkind = 'r' AND relnamespace = CAST(CURRENT_SCHEMA() AS regnamespace) ORDER BY relname`
	}
	if err := sqlx.SelectContext(ctx, q, &names, list); err != nil {
		return nil, err
	}
	all := map[string]*table{}
	for _, name := range names {
		if name == gooseTable {
			continue
		}
		t, err := st.describe(ctx, q, name)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", name, err)
		}
		all[name] = t
	}
	return inOrder(names, all)
}

func (st *Store) describe(ctx context.Context, q sqlx.QueryerContext, name string) (*table, error) {
	// Generated columns are left out: they come back by themselves.
	columns := `SELECT name, type, pk, FALSE AS identity FROM pragma_table_xinfo($1) WHERE hidden = 0 ORDER BY cid`
	needs := `SELECT DISTINCT "table" FROM pragma_foreign_key_list($1) ORDER BY "table"`
	if st.engine == migrations.Postgres {
		columns = `
			SELECT CAST(attname AS text) AS name, format_type(atttypid, atttypmod) AS type,
				COALESCE(array_position(CAST(indkey AS smallint[]), attnum) + 1, 0) AS pk, attidentity <> '' AS identity
			FROM pg_attribute LEFT JOIN pg_index ON indrelid = attrelid AND indisprimary AND attnum = ANY (indkey)
			WHERE attrelid = CAST(quote_ident($1) AS regclass) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`
		needs = `
			SELECT DISTINCT CAST(relname AS text) FROM pg_constraint JOIN pg_class ON pg_class.oid = confrelid
			WHERE contype = 'f' AND conrelid = CAST(quote_ident($1) AS regclass) ORDER BY 1`
	}
	var rows []struct {
		Name     string `db:"name"`
		Type     string `db:"type"`
		Key      int    `db:"pk"`
		Identity bool   `db:"identity"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, columns, name); err != nil {
		return nil, err
	}
	t := &table{name: name}
	if err := sqlx.SelectContext(ctx, q, &t.needs, needs, name); err != nil {
		return nil, err
	}
	place := map[string]int{}
	for _, r := range rows {
		k, ok := kinds[r.Type]
		if !ok {
			return nil, fmt.Errorf("column %s is of type %s, which a backup does not know", r.Name, r.Type)
		}
		t.columns = append(t.columns, column{r.Name, k})
		if r.Key > 0 {
			t.key = append(t.key, r.Name)
			place[r.Name] = r.Key
		}
		if r.Identity {
			t.identity = r.Name
		}
	}
	if len(t.key) == 0 {
		return nil, fmt.Errorf("it has no primary key, by which its rows have an order")
	}
	slices.SortFunc(t.key, func(a, b string) int { return place[a] - place[b] })
	if st.engine == migrations.SQLite {
		var made string
		if err := sqlx.GetContext(ctx, q, &made, `SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = $1`, name); err != nil {
			return nil, err
		}
		if strings.Contains(made, "AUTOINCREMENT") {
			t.identity = t.key[0]
		}
	}
	return t, nil
}

// inOrder puts each table after those that it needs. Rows of a table that point at others of the same are in the order of their key.
func inOrder(names []string, all map[string]*table) (ordered []*table, err error) {
	const visiting, done = 1, 2
	state := map[string]int{}
	var visit func(name string) error
	visit = func(name string) error {
		t := all[name]
		if t == nil || state[name] == done {
			return nil
		}
		if state[name] == visiting {
			return fmt.Errorf("table %s: its rows and those of another table point at each other, so neither can be restored first", name)
		}
		state[name] = visiting
		for _, n := range t.needs {
			if n == name {
				continue
			}
			if err := visit(n); err != nil {
				return err
			}
		}
		state[name] = done
		ordered = append(ordered, t)
		return nil
	}
	for _, name := range names {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return ordered, nil
}

// quoted is a name as SQL has it, whatever words an engine keeps for itself.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quotedList(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = quoted(n)
	}
	return strings.Join(q, ", ")
}

func (t *table) columnNames() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return names
}

// lastNumber is the last that the database has given in a table's identity column, 0 where it has given none.
func (st *Store) lastNumber(ctx context.Context, q sqlx.QueryerContext, t *table) (last int64, err error) {
	if t.identity == "" {
		return 0, nil
	}
	if st.engine == migrations.SQLite {
		err = sqlx.GetContext(ctx, q, &last, `SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = $1`, t.name)
		return last, err
	}
	var sequence string
	if err = sqlx.GetContext(ctx, q, &sequence, `SELECT pg_get_serial_sequence(quote_ident($1), $2)`, t.name, t.identity); err != nil {
		return 0, err
	}
	err = sqlx.GetContext(ctx, q, &last, `SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM `+sequence)
	return last, err
}

// setLastNumber lets the next row have the number after last.
func (st *Store) setLastNumber(ctx context.Context, e sqlx.ExtContext, t *table, last int64) error {
	if t.identity == "" || last == 0 {
		return nil
	}
	if st.engine == migrations.Postgres {
		_, err := e.ExecContext(ctx, `SELECT setval(pg_get_serial_sequence(quote_ident($1), $2), $3)`, t.name, t.identity, last)
		return err
	}
	done, err := e.ExecContext(ctx, `UPDATE sqlite_sequence SET seq = $1 WHERE name = $2`, last, t.name)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n > 0 {
		return err
	}
	_, err = e.ExecContext(ctx, `INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)`, t.name, last)
	return err
}
