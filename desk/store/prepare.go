package store

import (
	"context"
	"database/sql/driver"
	"sync/atomic"

	"github.com/postdesk/postdesk/desk/fault"
)

// A preparing connector's connections keep the statements that they have run, so that each is read and planned once a connection and not
// once a mail, which takes a third off what a mail costs on either engine. database/sql has prepared statements too, but makes each on a
// connection of its own choice and not inside a transaction.
//
// Between us and PostgreSQL may stand PgBouncer in session mode, or from 1.21 on in any.
type preparing struct {
	driver.Connector
	trips *atomic.Int64
}

// Connect implements driver.Connector.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &preparingConn{conn: c.(conn), trips: p.trips, kept: map[string]stmt{}}, nil
}

// conn and stmt are what the types of both drivers can do. Whatever database/sql would ask a connection for has to be passed through.
type (
	conn interface {
		driver.Conn
		driver.ConnBeginTx
		driver.ConnPrepareContext
		driver.ExecerContext
		driver.Pinger
		driver.QueryerContext
		driver.SessionResetter
		driver.Validator
	}
	stmt interface {
		driver.Stmt
		driver.StmtExecContext
		driver.StmtQueryContext
	}
)

type preparingConn struct {
	conn
	trips *atomic.Int64   // how often the database was asked for something
	kept  map[string]stmt // by text
}

// BeginTx implements driver.ConnBeginTx.
func (c *preparingConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.trips.Add(2) // one to begin and one to end
	return c.conn.BeginTx(ctx, opts)
}

// CheckNamedValue implements driver.NamedValueChecker, which lib/pq's connections do and SQLite's leave to database/sql.
func (c *preparingConn) CheckNamedValue(v *driver.NamedValue) error {
	if own, ok := c.conn.(driver.NamedValueChecker); ok {
		return own.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

// Close implements driver.Conn. The statements are closed first: they hold memory of SQLite's own. A server that is away has none of them.
func (c *preparingConn) Close() error {
	for _, s := range c.kept {
		if !c.IsValid() {
			break
		}
		s.Close()
	}
	return c.conn.Close()
}

// maxKept bounds the statements of one connection, and maxParameters leaves out those for many rows, of which no two are alike.
const maxKept, maxParameters = 250, 64

// statement gives the kept statement of a text, nil where it is not worth keeping. Without parameters a text may be several
// statements, as in migrations, which cannot be prepared.
func (c *preparingConn) statement(ctx context.Context, query string, parameters int) (stmt, error) {
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
	c.kept[query] = s.(stmt)
	return c.kept[query], nil
}

// QueryContext implements driver.QueryerContext.
func (c *preparingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (_ driver.Rows, err error) {
	defer caught(&err) // database/sql would never let go of the connection
	c.trips.Add(1)
	s, err := c.statement(ctx, query, len(args))
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.conn.QueryContext(ctx, query, args)
	}
	return s.QueryContext(ctx, args)
}

// ExecContext implements driver.ExecerContext.
func (c *preparingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (_ driver.Result, err error) {
	defer caught(&err)
	fault.Here(fault.Migration) // each step of one comes through here
	c.trips.Add(1)
	s, err := c.statement(ctx, query, len(args))
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.conn.ExecContext(ctx, query, args)
	}
	return s.ExecContext(ctx, args)
}
