//go:build linux

package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/mailin/parse"
)

// A rowsOf is the rows of one table of the desk, to be written again.
type rowsOf struct {
	name    string
	columns []string
	rows    [][]any
}

// tables are all rows that the run has left.
func (d *realDesk) tables(b *testing.B) (all []rowsOf) {
	b.Helper()
	db := d.sqlDB(b, d.dsn)
	query := "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
	if strings.HasPrefix(d.dsn, "sqlite:") {
		query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL AND name NOT LIKE 'sqlite%'"
	}
	rows, err := db.Query(query)
	if err != nil {
		b.Fatal(err)
	}
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			b.Fatal(err)
		}
		if !slices.Contains([]string{"meta", "lease"}, name) && !strings.HasPrefix(name, "goose") && !strings.Contains(name, "search") {
			names = append(names, name)
		}
	}
	rows.Close()
	for _, name := range names {
		rows, err := db.Query(`SELECT * FROM "` + name + `"`)
		if err != nil {
			b.Fatal(err)
		}
		t := rowsOf{name: name}
		if t.columns, err = rows.Columns(); err != nil {
			b.Fatal(err)
		}
		for rows.Next() {
			row := make([]any, len(t.columns))
			into := make([]any, len(row))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				b.Fatal(err)
			}
			t.rows = append(t.rows, row)
		}
		rows.Close()
		if len(t.rows) > 0 {
			all = append(all, t)
		}
	}
	return all
}

const barelyAtOnce = 50 // mails to a transaction

// barely is the time of the bare pipeline, over a new database.
func (d *realDesk) barely(b *testing.B, dsn string, s *sink, acks int) time.Duration {
	b.Helper()
	tables := d.tables(b)
	st, err := store.Open(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := st.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	st.Close()
	db := d.sqlDB(b, dsn)
	if !strings.HasPrefix(dsn, "sqlite:") {
		// Rows come in the order of the tables, so references are not looked at, which is that much less to do.
		if _, err := db.Exec("SET session_replication_role = replica"); err != nil {
			b.Fatal(err)
		}
	}
	out, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.port))
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	replies := bufio.NewReader(out)
	say := func(line string) {
		if line != "" {
			if _, err := out.Write([]byte(line + "\r\n")); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := replies.ReadString('\n'); err != nil {
			b.Fatal(err)
		}
	}
	say("")
	say("HELO desk.example")
	ack := string(s.one())

	began := time.Now()
	c := d.imap(b, "support@desk.example", nil)
	defer c.Close()
	box, err := c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		b.Fatal(err)
	}
	total, done, sent := int(box.NumMessages), 0, 0
	section := &imap.FetchItemBodySection{Peek: true}
	for done < total {
		var set imap.UIDSet
		set.AddRange(imap.UID(done+1), imap.UID(min(done+500, total)))
		got, err := c.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
		if err != nil {
			b.Fatal(err)
		}
		for part := range slices.Chunk(got, barelyAtOnce) {
			for _, m := range part {
				parse.Parse(parse.Bytes(m.FindBodySection(section)))
			}
			tx, err := db.Begin()
			if err != nil {
				b.Fatal(err)
			}
			for _, t := range tables {
				if err := t.insert(b.Context(), tx, len(t.rows)*done/total, len(t.rows)*(done+len(part))/total); err != nil {
					b.Fatal(err)
				}
			}
			if err := tx.Commit(); err != nil {
				b.Fatal(err)
			}
			done += len(part)
			for ; sent < acks*done/total; sent++ {
				say("MAIL FROM:<>")
				say("RCPT TO:<bare@acme.example>")
				say("DATA")
				say(ack + ".")
			}
		}
	}
	return time.Since(began)
}

// insert writes some of the rows in sets.
func (t *rowsOf) insert(ctx context.Context, tx *sql.Tx, from, to int) error {
	for rows := range slices.Chunk(t.rows[from:to], max(1, min(500, 30_000/len(t.columns)))) {
		q := `INSERT INTO "` + t.name + `" ("` + strings.Join(t.columns, `", "`) + `") VALUES `
		args := make([]any, 0, len(rows)*len(t.columns))
		for i, row := range rows {
			if i > 0 {
				q += ", "
			}
			marks := make([]string, len(row))
			for k := range row {
				marks[k] = "$" + strconv.Itoa(len(args)+k+1)
			}
			q += "(" + strings.Join(marks, ", ") + ")"
			args = append(args, row...)
		}
		if _, err := tx.ExecContext(ctx, q, args...); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}
