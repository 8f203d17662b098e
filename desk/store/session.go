package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"
	"github.com/postdesk/postdesk/migrations"
)

// A session is a transaction as the database's driver has it.
type session interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	GetContext(ctx context.Context, row any, query string, args ...any) error
	SelectContext(ctx context.Context, rows any, query string, args ...any) error
	Rebind(query string) string
	Commit() error
	Rollback() error
}

// begin begins a transaction that writes.
func (st *Store) begin(ctx context.Context) (session, error) {
	if st.engine == migrations.Postgres {
		// A conditional UPDATE has to see what was committed while it waited, whatever the server's default is.
		return st.writer.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	}
	c, err := st.writer.Connx(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := c.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &immediate{Conn: c}, nil
}

// An immediate session is a transaction of SQLite's that database/sql takes for a connection. For each statement of a transaction it would
// start a goroutine that waits for the end of the context, and SQLite's driver another; here the context is asked before each statement,
// none of which takes long.
type immediate struct {
	*sqlx.Conn
	ended bool
}

func (s *immediate) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.Conn.ExecContext(context.WithoutCancel(ctx), query, args...)
}

func (s *immediate) GetContext(ctx context.Context, row any, query string, args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.Conn.GetContext(context.WithoutCancel(ctx), row, query, args...)
}

func (s *immediate) SelectContext(ctx context.Context, rows any, query string, args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.Conn.SelectContext(context.WithoutCancel(ctx), rows, query, args...)
}

func (s *immediate) Commit() error {
	if err := s.end("COMMIT"); err != nil {
		return err
	}
	s.ended = true
	return s.Close()
}

func (s *immediate) Rollback() error {
	if s.ended {
		return nil
	}
	s.ended = true
	return errors.Join(s.end("ROLLBACK"), s.Close()) // which SQLite has done by itself where the disk is full
}

func (s *immediate) end(how string) error {
	_, err := s.Conn.ExecContext(context.Background(), how)
	return err
}
