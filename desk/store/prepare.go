package store

import (
	"context"
	"database/sql/driver"
)

// A preparing connector's connections keep the statements that they have run, so that PostgreSQL reads and plans each of them once a
// connection and not once a mail, which takes a third off what a mail costs. database/sql has prepared statements too, but makes each on a
// connection of its own choice and not inside a transaction.
//
// Between us and the server may stand PgBouncer in session mode, or from 1.21 on in any.
type preparing struct{ driver.Connector }

// Connect implements driver.Connector.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &preparingConn{pqConn: c.(pqConn), kept: map[string]pqStmt{}}, nil
}

// pqConn and pqStmt are what lib/pq's types can do. Whatever database/sql would ask a connection for has to be passed through.
type (
	pqConn interface {
		driver.Conn
		driver.ConnBeginTx
		driver.ConnPrepareContext
		driver.ExecerContext
		driver.NamedValueChecker
		driver.Pinger
		driver.QueryerContext
		driver.SessionResetter
		driver.Validator
	}
	pqStmt interface {
		driver.Stmt
		driver.StmtExecContext
		driver.StmtQueryContext
	}
)

type preparingConn struct {
	pqConn
	kept map[string]pqStmt // by text; they end with the connection
}

// maxKept bounds the statements of one connection, and maxParameters leaves out those for many rows, of which no two are alike.
const maxKept, maxParameters = 250, 64

// statement gives the kept statement of a text, nil where it is not worth keeping. Without parameters a text may be several
// statements, as in migrations, which cannot be prepared.
func (c *preparingConn) statement(ctx context.Context, query string, parameters int) (pqStmt, error) {
	if parameters == 0 || parameters > maxParameters {
		return nil, nil
	}
	if s := c.kept[query]; s != nil {
		return s, nil
	}
	if len(c.kept) == maxKept {
		return nil, nil
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.kept[query] = s.(pqStmt)
	return c.kept[query], nil
}

// QueryContext implements driver.QueryerContext.
func (c *preparingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.statement(ctx, query, len(args))
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.pqConn.QueryContext(ctx, query, args)
	}
	return s.QueryContext(ctx, args)
}

// ExecContext implements driver.ExecerContext.
func (c *preparingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, query, len(args))
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.pqConn.ExecContext(ctx, query, args)
	}
	return s.ExecContext(ctx, args)
}
