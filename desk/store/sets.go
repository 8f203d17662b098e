package store

import (
	"cmp"
	"context"
	"database/sql/driver"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/migrations"
)

// A transaction that was told what to expect (Expect) keeps the rows that it adds and writes those of a table together, since on
// PostgreSQL each statement is a way to the server and back. Nothing of it shows: a statement that could see such a row, or that writes,
// has them written first. What is asked most while mails come in knows them, so that this is seldom so.

// A rowset is a table whose rows are written in sets.
type rowset struct {
	name, identity string // identity is the column whose numbers the database gives out, "" where there is none
	insert         string
	exact          bool // a row that is there already is another transaction's, and this one has to run again
	parameters     int
}

// setTables are in the order in which their rows can be written: what others point at comes first.
var setTables = []*rowset{contactTable, ticketTable, participantTable, sourceTable, chunkTable, messageTable, refTable, mailTable, receptionTable, cursorTable, timerTable}

var (
	contactTable     = newRowset("contact", "id", true, insertContactRow)
	ticketTable      = newRowset("ticket", "number", true, saveTicketRow)
	participantTable = newRowset("participant", "", false, saveParticipant)
	sourceTable      = newRowset("source", "id", false, insertSourceRow)
	chunkTable       = newRowset("source_chunk", "", false, insertChunk)
	messageTable     = newRowset("message", "id", true, insertMessageRow)
	refTable         = newRowset("ref", "", false, insertRefs)
	mailTable        = newRowset("outbox", "id", false, insertMailRow)
	receptionTable   = newRowset("reception", "", false, insertReception)
	cursorTable      = newRowset("cursor", "", false, saveCursor)
	timerTable       = newRowset("timer", "", false, insertTimer)
)

func newRowset(name, identity string, exact bool, insert string) *rowset {
	return &rowset{name: name, identity: identity, exact: exact, insert: insert, parameters: len(parsed(insert).row.names)}
}

// insertOf makes an INSERT of columns: each parameter has the name of its column. behind is what follows the values.
func insertOf(name, columns, behind string) string {
	var params []string
	for column := range strings.SplitSeq(columns, ",") {
		params = append(params, ":"+strings.TrimSpace(column))
	}
	return "INSERT INTO " + name + " (" + columns + ") VALUES (" + strings.Join(params, ", ") + ") " + behind
}

// The rows of a transaction that are not written yet.
type rows struct {
	of      map[*rowset][]args
	bytes   int
	tickets map[int64]*waitingTicket // each once, as it was saved last
	opened  map[int64]bool           // tickets of which nothing is written yet
}

// A waitingTicket is the row of a ticket, and the people that it had when it was saved.
type waitingTicket struct {
	args         args
	requester    desk.Contact
	participants []desk.Participant
}

func noRows() rows {
	return rows{of: map[*rowset][]args{}, tickets: map[int64]*waitingTicket{}, opened: map[int64]bool{}}
}

// wait tells whether rows of a table do.
func (r *rows) wait(t *rowset) bool {
	return len(r.of[t]) > 0 || len(r.tickets) > 0 && (t == ticketTable || t == participantTable)
}

// maxRows bounds the bytes that wait to be written.
const maxRows = 4 << 20

// later keeps a row to be written with others of its table.
func (x *tx) later(ctx context.Context, t *rowset, row args) error {
	for name, v := range row {
		v, err := resolved(v)
		if err != nil {
			return err
		}
		row[name] = v
		switch v := v.(type) {
		case string:
			x.rows.bytes += len(v)
		case []byte:
			x.rows.bytes += len(v)
		}
	}
	x.rows.of[t] = append(x.rows.of[t], row)
	if x.rows.bytes > maxRows {
		return x.writeRows(ctx)
	}
	return nil
}

// resolved is a value as the driver gets it. What it was made from may change before it is written.
func resolved(v any) (any, error) {
	v = plain(v)
	if valuer, ok := v.(driver.Valuer); ok {
		return valuer.Value()
	}
	return v, nil
}

// waiting finds the row of a table that waits to be written and has that value, the last there is.
func (x *tx) waiting(t *rowset, column string, value any) args {
	for _, row := range slices.Backward(x.rows.of[t]) {
		if row[column] == value {
			return row
		}
	}
	return nil
}

// writeRows writes all rows that wait.
func (x *tx) writeRows(ctx context.Context) error {
	if len(x.rows.of) == 0 && len(x.rows.tickets) == 0 {
		return nil
	}
	all := x.rows.of
	for _, number := range slices.Sorted(maps.Keys(x.rows.tickets)) {
		t := x.rows.tickets[number]
		all[ticketTable] = append(all[ticketTable], t.args)
		all[participantTable] = append(all[participantTable], participantRows(number, t.participants)...)
	}
	x.rows, x.known.recent, x.known.headings = noRows(), nil, nil
	// Two nodes that add the same ones come to them in one order, so that one waits for the other and neither for each other.
	sortRows(all[contactTable], "address")
	sortRows(all[messageTable], "identity")
	for _, t := range setTables {
		size := min(batch, 30_000/t.parameters)
		if x.st.engine == migrations.SQLite {
			size = max(1, maxParameters/t.parameters) // there is no way to a server, and what is this short stays prepared
		}
		for set := range slices.Chunk(all[t], size) {
			n, err := x.insert(ctx, t.insert, set)
			if err == nil && t.exact && n < int64(len(set)) {
				err = errAgain
			}
			if err != nil {
				return fmt.Errorf("write %d of %s: %w", len(set), t.name, err)
			}
			if t == chunkTable {
				for range set {
					fault.Here(fault.Chunk)
				}
			}
		}
	}
	return nil
}

func sortRows(rows []args, column string) {
	slices.SortStableFunc(rows, func(a, b args) int { return cmp.Compare(a[column].(string), b[column].(string)) })
}

// touched is what a statement has to do with tables.
type touched struct {
	tables []string
	writes bool
}

var (
	touching  = regexp.MustCompile(`(?i)\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)`)
	touchings sync.Map // by statement
)

func touches(query string) touched {
	if t, ok := touchings.Load(query); ok {
		return t.(touched)
	}
	var t touched
	for _, m := range touching.FindAllStringSubmatch(query, -1) {
		t.tables = append(t.tables, strings.ToLower(m[1]))
	}
	t.writes = !strings.HasPrefix(strings.TrimSpace(strings.ToUpper(query)), "SELECT")
	touchings.Store(query, t)
	return t
}

// before makes a statement see what came before it: it writes the rows that wait, where it could see one or writes itself, and forgets what
// was read before of what it changes.
func (x *tx) before(ctx context.Context, query string) error {
	if !x.ahead {
		return nil
	}
	t := touches(query)
	if t.writes {
		x.known.forget(t.tables)
		return x.writeRows(ctx)
	}
	for _, table := range setTables {
		if slices.Contains(t.tables, table.name) && x.rows.wait(table) {
			return x.writeRows(ctx)
		}
	}
	return nil
}

// numbers are those of a table's identity column that this transaction has and has not used.
type numbers []int64

// number gives out the next number of a table.
func (x *tx) number(ctx context.Context, t *rowset) (int64, error) {
	if len(x.numbers[t]) == 0 {
		if err := x.reserve(ctx, map[*rowset]int{t: 1}); err != nil {
			return 0, err
		}
	}
	n := x.numbers[t][0]
	if x.numbers[t] = x.numbers[t][1:]; x.st.engine == migrations.SQLite {
		x.numbers[t] = numbers{n + 1}
	}
	return n, nil
}

// reserve takes numbers of tables in advance. PostgreSQL gives a number once, used or not; on SQLite, which has one writer, the number after
// the last one is free until the end of the transaction.
func (x *tx) reserve(ctx context.Context, want map[*rowset]int) error {
	var got []struct {
		Name   string `db:"name"`
		Number int64  `db:"number"`
	}
	if x.st.engine == migrations.SQLite {
		if err := x.list(ctx, &got, sqliteNumbers, args{"none": ""}); err != nil {
			return fmt.Errorf("number rows: %w", err)
		}
		for t := range want {
			x.numbers[t] = numbers{1}
			for _, g := range got {
				if g.Name == t.name {
					x.numbers[t] = numbers{g.Number + 1}
				}
			}
		}
		return nil
	}
	var query []string
	a := args{}
	for _, t := range setTables {
		if n := want[t] - len(x.numbers[t]); n > 0 {
			query = append(query, `SELECT '`+t.name+`' AS name, nextval(pg_get_serial_sequence('`+t.name+`', '`+t.identity+`')) AS number
				FROM generate_series(1, CAST(:`+t.name+` AS bigint))`)
			a[t.name] = n
		}
	}
	if len(query) == 0 {
		return nil
	}
	if err := x.list(ctx, &got, strings.Join(query, " UNION ALL "), a); err != nil {
		return fmt.Errorf("number rows: %w", err)
	}
	for t := range want {
		for _, g := range got {
			if g.Name == t.name {
				x.numbers[t] = append(x.numbers[t], g.Number)
			}
		}
		slices.Sort(x.numbers[t])
	}
	return nil
}

// read fills a struct from a row that waits to be written, as reading it from the database would.
func read(into any, row args) error {
	v := reflect.ValueOf(into).Elem()
	for name, field := range fieldsOf(v.Type()) {
		f := v.Field(field)
		value := row[name]
		var err error
		switch scanner, ok := f.Addr().Interface().(interface{ Scan(any) error }); {
		case ok:
			err = scanner.Scan(value)
		case value == nil:
			f.SetZero()
		case f.Kind() == reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
			f.Elem().Set(reflect.ValueOf(value).Convert(f.Type().Elem()))
		default:
			f.Set(reflect.ValueOf(value).Convert(f.Type()))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

var fields sync.Map // by type of row: places by name

func fieldsOf(t reflect.Type) map[string]int {
	if known, ok := fields.Load(t); ok {
		return known.(map[string]int)
	}
	places := map[string]int{}
	for i := range t.NumField() {
		places[t.Field(i).Tag.Get("db")] = i
	}
	fields.Store(t, places)
	return places
}
