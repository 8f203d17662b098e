//go:build unix

package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
)

// Dump is all that whoever has got hold of the database reads in it: every column of every table, and every source as it was before it
// was compressed. The store is one on the DSN.
func Dump(t testing.TB, dsn string, st *store.Store) []byte {
	t.Helper()
	driver, name, tables := "postgres", dsn, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`
	if file, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		driver, name, tables = "sqlite", file, `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1`
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var out bytes.Buffer
	names, sources := column(t, db, tables), column(t, db, `SELECT id FROM source ORDER BY id`)
	if len(names) < 20 {
		t.Fatalf("tables: %q", names)
	}
	for _, table := range names {
		rows, err := db.Query(fmt.Sprintf(`SELECT * FROM %q`, table))
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			for i, v := range values {
				if b, ok := v.([]byte); ok {
					v = string(b)
				}
				fmt.Fprintf(&out, "%s.%s: %v\n", table, columns[i], v)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range sources {
		var n int64
		fmt.Sscan(id, &n)
		fmt.Fprintf(&out, "source %d: ", n)
		if err := st.View(context.Background(), func(tx desk.Tx) error { return tx.Source(context.Background(), n, &out) }); err != nil {
			t.Fatal(err)
		}
		out.WriteByte('\n')
	}
	return out.Bytes()
}

func column(t testing.TB, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
