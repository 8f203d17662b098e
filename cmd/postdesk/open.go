package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
)

// A database is the flag of every command that works on what the desk keeps.
type database struct {
	Database string `env:"POSTDESK_DATABASE" default:"sqlite:postdesk.db" placeholder:"DSN" help:"sqlite:FILE, or postgres://USER@HOST/DATABASE. One with a password belongs into the environment."`
}

// A schemaError says that a database and this program are not of one version.
type schemaError struct {
	database       string
	current, known int64
}

func (e *schemaError) Error() string {
	switch {
	case e.current == 0:
		return fmt.Sprintf("%s holds no desk yet; run: postdesk migrate", e.database)
	case e.current < e.known:
		return fmt.Sprintf("%s has schema %d, and this program wants %d; make a backup, then run: postdesk migrate", e.database, e.current, e.known)
	}
	return fmt.Sprintf("%s has schema %d, and this program knows no later one than %d; run the version of postdesk that made it, or a later one",
		e.database, e.current, e.known)
}

// A missingError says that a database's file is not there.
type missingError struct{ file string }

func (e *missingError) Error() string {
	return fmt.Sprintf("there is no database %s; name one by --database or POSTDESK_DATABASE, or make it: postdesk migrate", e.file)
}

// open opens the database and refuses one of another schema. A file that is not there is not made: a mistyped name would look like a
// desk that has lost everything. The caller closes the store.
func (d database) open(ctx context.Context) (*store.Store, error) {
	if file, ok := sqliteFile(d.Database); ok {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil, &missingError{file}
		}
	}
	st, err := store.Open(ctx, d.Database)
	if err != nil {
		return nil, err
	}
	if err := rightSchema(ctx, st); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return st, nil
}

// openOlder is open for what serves a database of an older schema too: before an upgrade it is backed up by the program that will do it.
func (d database) openOlder(ctx context.Context) (*store.Store, error) {
	st, err := d.open(ctx)
	var schema *schemaError
	if errors.As(err, &schema) && 0 < schema.current && schema.current < schema.known {
		return store.Open(ctx, d.Database)
	}
	return st, err
}

func rightSchema(ctx context.Context, st *store.Store) error {
	current, known, err := st.SchemaVersion(ctx)
	if err == nil && current != known {
		err = &schemaError{st.String(), current, known}
	}
	return err
}

// sqliteFile is the file of a DSN, if it names one.
func sqliteFile(dsn string) (string, bool) {
	rest, ok := strings.CutPrefix(dsn, "sqlite:")
	if !ok || dsn == store.Memory {
		return "", false
	}
	file, _, _ := strings.Cut(rest, "?")
	return strings.TrimPrefix(file, "//"), true
}

// with opens the database for one piece of work.
func (d database) with(ctx context.Context, work func(*store.Store) error) error {
	st, err := d.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(work(st), st.Close())
}

// withDesk is with for what a desk does by a policy.
func (d database) withDesk(ctx context.Context, p *policy.Policy, work func(*desk.Desk) error) error {
	return d.with(ctx, func(st *store.Store) error {
		d, err := newDesk(st, p)
		if err != nil {
			return err
		}
		return work(d)
	})
}

// newDesk is a desk that acts once for a command, beside those that serve.
func newDesk(st *store.Store, p *policy.Policy) (*desk.Desk, error) {
	tmpl, err := openTemplates(p.Desk.Templates)
	if err != nil {
		return nil, err
	}
	return &desk.Desk{
		Store: st, Policy: func() *policy.Policy { return p }, Templates: tmpl, Now: utcNow, Rand: rand.Reader, Node: nodeName(),
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}, nil
}

// clean makes a stranger's words fit for a terminal, which takes some characters for orders and lets others turn the line around. Line
// ends stay.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// brief is a stranger's text on one line of at most so many characters.
func brief(s string, most int) string {
	s = strings.Join(strings.Fields(clean(s)), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// minute is when something happened, for people who run desks: they compare it with logs, which are in UTC too.
func minute(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// orDash fills a column that would be empty.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// words is a name of the desk's own as people write it.
func words[T ~string](name T) string { return strings.ReplaceAll(string(name), "_", " ") }

// table prints rows in columns.
func table(out io.Writer, rows [][]string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	return w.Flush()
}

// jsonLines prints one object a line.
func jsonLines[T any](out io.Writer, all []T) error {
	for _, v := range all {
		b, err := marshal(v)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s\n", b); err != nil {
			return err
		}
	}
	return nil
}
