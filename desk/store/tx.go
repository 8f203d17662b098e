package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/bits"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/migrations"
)

// runs is how often Update runs a transaction before it gives up. Each further run follows another transaction's success, so that
// more than a few in a row are a fault of ours rather than bad luck.
const runs = 8

// View implements desk.Store.
func (st *Store) View(ctx context.Context, do func(desk.Tx) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if st.engine == migrations.Postgres {
		opts.Isolation = sql.LevelRepeatableRead // one state for all of it, as SQLite gives by itself
	}
	t, err := st.reader.BeginTxx(ctx, opts)
	if err != nil {
		return st.explain(ctx, err)
	}
	defer t.Rollback() // there is nothing to commit
	return do(&tx{st: st, sql: t, view: true})
}

// Update implements desk.Store. Where the connection breaks during the commit itself nobody knows whether it happened; then too
// the error is desk.ErrUnavailable, and the desk's verbs stand being repeated.
func (st *Store) Update(ctx context.Context, do func(desk.Tx) error) error {
	read := map[io.Reader]bool{} // what earlier runs read to its end
	for run := 1; ; run++ {
		err := st.update(ctx, read, do)
		if err == nil || !again(err) {
			return err
		}
		if run == runs {
			return fmt.Errorf("gave up after %d runs: %w", runs, err)
		}
		// The other transaction needs a moment to get what it waited for; two that begin again at once would only meet again.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(time.Duration(run) * 10 * time.Millisecond)):
		}
	}
}

func (st *Store) update(ctx context.Context, read map[io.Reader]bool, do func(desk.Tx) error) (err error) {
	if err := st.sound(); err != nil {
		return err
	}
	if st.engine == migrations.SQLite {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		defer func() {
			if fault := pageFault(nil); errors.As(err, &fault) {
				err = st.explain(ctx, err)
			}
		}()
		defer caught(&err) // while rows are read one by one; the rest is caught by preparingConn
	}
	t, err := st.begin(ctx)
	if err != nil {
		return st.explain(ctx, err)
	}
	defer t.Rollback() // after a commit it does nothing
	x := &tx{st: st, sql: t, read: read, locked: map[int64]bool{}}
	if err := do(x); err != nil {
		return err
	}
	if err := x.writeRows(ctx); err != nil {
		return err
	}
	if err := x.flush(ctx); err != nil {
		return err
	}
	fault.Here(fault.Commit)
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", st.explain(ctx, err))
	}
	fault.Here(fault.Committed)
	for _, late := range x.late {
		if err := late(); err != nil {
			return err
		}
	}
	return nil
}

// again tells whether a transaction failed only because of another one.
func again(err error) bool {
	return errors.Is(err, errAgain) || pq.As(err, pqerror.TRSerializationFailure, pqerror.TRDeadlockDetected) != nil
}

// A tx is one transaction. It implements desk.Tx; the methods stand in the files named after what they keep.
type tx struct {
	st   *Store
	sql  session
	view bool

	now    time.Time          // of Now, once asked
	locked map[int64]bool     // tickets that this transaction has loaded or added
	part   map[int64]int      // how many participants these had at most
	read   map[io.Reader]bool // sources read by this and earlier runs
	lines  []line             // of the journal, not yet written
	late   []func() error     // what a planted mistake puts off until after the commit

	ahead   bool // it was told what to expect, and from then on writes in sets
	rows    rows
	numbers map[*rowset]numbers
	known   known

	versions map[int64]int64 // of tickets that it has loaded or saved since
}

// Now implements desk.Tx. It is asked once a transaction: a little too early errs on the safe side, for a lease still looks held.
func (x *tx) Now(ctx context.Context) (time.Time, error) {
	if !x.now.IsZero() {
		return x.now, nil
	}
	if x.st.engine == migrations.SQLite || fault.Planted(fault.NodeClock) {
		x.now = x.st.Now().UTC().Truncate(time.Microsecond) // as precise as what is stored
		return x.now, nil
	}
	var now instant
	if err := x.sql.GetContext(ctx, &now, postgresNow); err != nil {
		return time.Time{}, fmt.Errorf("the database's clock: %w", x.st.explain(ctx, err))
	}
	x.now = time.Time(now)
	return x.now, nil
}

// args are the named parameters of a statement.
type args map[string]any

// exec runs a statement that writes, and tells how many rows it wrote.
func (x *tx) exec(ctx context.Context, query string, a args) (rows int64, err error) {
	return x.execAll(ctx, query, []args{a})
}

// execOne runs a statement that writes one row; desk.ErrNotFound when it wrote none.
func (x *tx) execOne(ctx context.Context, query string, a args) error {
	rows, err := x.exec(ctx, query, a)
	if err == nil && rows == 0 {
		err = desk.ErrNotFound
	}
	return err
}

// batch bounds how many rows go into one statement: SQLite takes 32,766 parameters.
const batch = 500

// execAll runs an INSERT of the form VALUES (:a, :b) for many rows at once. Over a network one round trip for all of them is several
// times as fast as one for each.
func (x *tx) execAll(ctx context.Context, query string, all []args) (rows int64, err error) {
	if err := x.before(ctx, query); err != nil {
		return 0, err
	}
	for set := range slices.Chunk(all, batch) {
		wrote, err := x.insert(ctx, query, set)
		if err != nil {
			return rows, err
		}
		rows += wrote
	}
	return rows, nil
}

func (x *tx) run(ctx context.Context, query string, rows []args) (sql.Result, error) {
	q, values, err := x.bind(query, rows, true)
	if err != nil {
		return nil, err
	}
	done, err := x.sql.ExecContext(ctx, q, values...)
	return done, x.st.explain(ctx, err)
}

// add runs an INSERT of rows whose key is a number that the database gives, and tells the keys, in the order of the rows. All are written
// or, by ON CONFLICT, none: then it is desk.ErrNotFound. SQLite is asked for the last key and not for RETURNING, which makes a table of its own
// at each use and takes as long as the INSERT.
func (x *tx) add(ctx context.Context, query, key string, rows ...args) (keys []int64, err error) {
	if err := x.before(ctx, query); err != nil {
		return nil, err
	}
	if x.st.engine == migrations.SQLite {
		done, err := x.run(ctx, query, rows)
		if err != nil {
			return nil, err
		}
		last, err := done.LastInsertId()
		if err != nil {
			return nil, err
		}
		wrote, err := done.RowsAffected()
		for k := last - wrote + 1; k <= last && wrote > 0; k++ {
			keys = append(keys, k)
		}
		return keys, cmp.Or(err, wroteAll(len(keys), len(rows)))
	}
	q, values, err := x.bind(query+" RETURNING "+key, rows, true)
	if err != nil {
		return nil, err
	}
	if err := x.sql.SelectContext(ctx, &keys, q, values...); err != nil {
		return nil, x.st.explain(ctx, err)
	}
	slices.Sort(keys) // rows get them in the order of VALUES; RETURNING promises none
	return keys, wroteAll(len(keys), len(rows))
}

func wroteAll(n, of int) error {
	switch n {
	case of:
		return nil
	case 0:
		return desk.ErrNotFound
	}
	return fmt.Errorf("%d of %d rows written", n, of)
}

// addOne is add for one row.
func (x *tx) addOne(ctx context.Context, id *int64, query, key string, row args) error {
	keys, err := x.add(ctx, query, key, row)
	if err == nil {
		*id = keys[0]
	}
	return err
}

// insert is execAll without a look at rows that wait.
func (x *tx) insert(ctx context.Context, query string, all []args) (rows int64, err error) {
	done, err := x.run(ctx, query, all)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// get reads one row; desk.ErrNotFound when there is none. It serves INSERT and UPDATE with RETURNING too, by put.
func (x *tx) get(ctx context.Context, row any, query string, a args) error {
	if err := x.before(ctx, query); err != nil {
		return err
	}
	return x.getApart(ctx, row, query, a)
}

// getApart is get for what no row that waits to be written has to do with.
func (x *tx) getApart(ctx context.Context, row any, query string, a args) error {
	q, values, err := x.bind(query, []args{a}, false)
	if err != nil {
		return err
	}
	err = x.sql.GetContext(ctx, row, q, values...)
	if errors.Is(err, sql.ErrNoRows) {
		return desk.ErrNotFound
	}
	return x.st.explain(ctx, err)
}

// put runs a statement that writes one row and RETURNING reads it; desk.ErrNotFound when it wrote none.
func (x *tx) put(ctx context.Context, row any, query string, a args) error {
	if x.view {
		return errWriteInView
	}
	return x.get(ctx, row, query, a)
}

// list reads all rows before the next statement may run, as lib/pq demands.
func (x *tx) list(ctx context.Context, rows any, query string, a args) error {
	if err := x.before(ctx, query); err != nil {
		return err
	}
	return x.listApart(ctx, rows, query, a)
}

// listApart is list for what no row that waits to be written has to do with.
func (x *tx) listApart(ctx context.Context, rows any, query string, a args) error {
	q, values, err := x.bind(query, []args{a}, false)
	if err != nil {
		return err
	}
	return x.st.explain(ctx, x.sql.SelectContext(ctx, rows, q, values...))
}

// listIn is list for a query with IN (:ids), of which there must be some. The last is said again until they are a power of two, so that few
// texts serve all.
func listIn[T any](ctx context.Context, x *tx, rows any, query string, ids []T, a args) error {
	if err := x.before(ctx, query); err != nil {
		return err
	}
	return listInApart(ctx, x, rows, query, ids, a)
}

func listInApart[T any](ctx context.Context, x *tx, rows any, query string, ids []T, a args) error {
	n := 1 << bits.Len(uint(len(ids)-1))
	all := make(args, n+len(a))
	maps.Copy(all, a)
	for i := range n {
		all["id"+strconv.Itoa(i)] = ids[min(i, len(ids)-1)]
	}
	return x.listApart(ctx, rows, expanded(query, n), all)
}

var errWriteInView = errors.New("a View cannot write")

// bind turns named parameters into numbered ones. Every value goes through plain, so that no text reaches SQL as it came.
func (x *tx) bind(query string, all []args, writes bool) (string, []any, error) {
	fault.Here(fault.Statement)
	if writes && x.view {
		return "", nil, errWriteInView
	}
	s := parsed(query)
	if len(all) > 1 && s.behind.names != nil {
		return "", nil, errors.New("bind: a parameter behind the values of several rows")
	}
	names := s.row.names
	values := make([]any, 0, len(all)*len(names)+len(s.behind.names))
	for _, a := range all {
		for _, name := range names {
			v, ok := a[name]
			if !ok {
				return "", nil, fmt.Errorf("bind: no value for :%s", name)
			}
			values = append(values, plain(v))
		}
	}
	for _, name := range s.behind.names {
		v, ok := all[0][name]
		if !ok {
			return "", nil, fmt.Errorf("bind: no value for :%s", name)
		}
		values = append(values, plain(v))
	}
	return s.text(x.st.engine, len(all)), values, nil
}
