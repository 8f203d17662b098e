package store

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// ChunkSize lets tests store sources around the edges of chunks.
const ChunkSize = chunkSize

// SaveTicketRow is the statement that writes tickets in sets.
var SaveTicketRow = saveTicketRow

// Raw is the way past our code: what anybody with the database's password could do.
func (st *Store) Raw() *sqlx.DB { return st.writer }

// MigrateTo brings the schema to a version that is not the last.
func (st *Store) MigrateTo(ctx context.Context, version int64) error {
	p, err := st.provider()
	if err == nil {
		_, err = p.UpTo(ctx, version)
	}
	return err
}

// A TableColumn is one of the schema, for tests that fill all of it.
type TableColumn struct{ Table, Column, Kind string }

// Columns are all columns, tables in the order in which their rows can be written.
func (st *Store) Columns(ctx context.Context) (all []TableColumn, err error) {
	tables, err := st.tables(ctx, st.writer)
	for _, t := range tables {
		for _, c := range t.columns {
			all = append(all, TableColumn{t.name, c.name, [...]string{"integer", "text", "blob", "boolean", "instant"}[c.kind]})
		}
	}
	return all, err
}
