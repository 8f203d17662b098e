//go:build unix

package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/migrations"
	"github.com/pressly/goose/v3"
)

// Everything that a schema is made of, a line each, and nothing that differs between two databases of one schema.
const (
	sqliteSchema   = `SELECT type || ' ' || name || ': ' || COALESCE(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%' ORDER BY 1`
	postgresSchema = `
		SELECT 'column ' || table_name || '.' || column_name || ': ' || data_type || ' ' || is_nullable || ' ' || COALESCE(column_default, '')
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%'
		UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%'
		UNION ALL SELECT 'constraint ' || CAST(conrelid AS regclass) || ' ' || conname || ': ' || pg_get_constraintdef(oid)
			FROM pg_constraint WHERE connamespace = CAST('public' AS regnamespace) AND conrelid <> 0 AND CAST(CAST(conrelid AS regclass) AS text) NOT LIKE 'goose%'
		UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
		UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = CAST('public' AS regnamespace)
		ORDER BY 1`
)

// Schema gives what a database's schema is made of, and the version that it says to have.
func Schema(t testing.TB, dsn string) (version int64, lines []string) {
	t.Helper()
	driver, name, query := "postgres", dsn, postgresSchema
	if file, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		driver, name, query = "sqlite", file, sqliteSchema
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// Where not even the migrations' own table is there, it is version 0.
	if err := db.QueryRow(`SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`).Scan(&version); err != nil {
		version = 0
	}
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return version, lines
}

// Schemas are those of all versions on one engine, from 0, where there is none.
func Schemas(t testing.TB, postgres bool) map[int64][]string {
	t.Helper()
	dsn, driver, name, dialect, engine := "", "sqlite", "", goose.DialectSQLite3, migrations.SQLite
	if postgres {
		database := fmt.Sprintf("postdesk_schemas_%d_%d", os.Getpid(), databases.Add(1))
		made, err := NewDatabase(t.Context(), Server(t), database, "")
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := DropDatabase(context.Background(), Server(t), database); err != nil {
				t.Error(err)
			}
		}()
		dsn, driver, name, dialect, engine = made, "postgres", made, goose.DialectPostgres, migrations.Postgres
	} else {
		name = filepath.Join(t.TempDir(), "schemas.db")
		dsn = "sqlite:" + name
	}
	st, err := store.Open(t.Context(), dsn) // with the settings that the desk wants
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, err := goose.NewProvider(dialect, db, migrations.For(engine), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	all := map[int64][]string{0: nil}
	for _, s := range p.ListSources() {
		if _, err := p.UpTo(t.Context(), s.Version); err != nil {
			t.Fatal(err)
		}
		_, all[s.Version] = Schema(t, dsn)
	}
	return all
}

// Newest is the last version of Schemas.
func Newest(versions map[int64][]string) int {
	return int(slices.Max(slices.Collect(maps.Keys(versions))))
}
