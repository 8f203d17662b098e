package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/postdesk/postdesk/desk/store"
)

type migrateCmd struct {
	database
	Status bool `help:"Only tell how far the database is, and change nothing. Status 1 when something is left to do."`
}

// Help is printed below the usage.
func (migrateCmd) Help() string {
	return `Each migration is one transaction, and of several that run at once only one works. "postdesk serve" does the same when it starts. A
SQLite file is made where there is none. There is no way back but a backup.

For example:

    postdesk migrate --status
    postdesk migrate --database sqlite:/var/lib/postdesk/desk.db`
}

// Run brings the schema up to date, or tells how far it is.
func (c migrateCmd) Run(ctx context.Context) error {
	if c.Status {
		return c.with(ctx, func(st *store.Store) error { return tellSchema(ctx, st, os.Stdout) })
	}
	st, err := store.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	return errors.Join(migrate(ctx, st, os.Stdout), st.Close())
}

// tellSchema is reached by a database of the right schema only; any other one has been refused by what opened it.
func tellSchema(ctx context.Context, st *store.Store, out io.Writer) error {
	current, _, err := st.SchemaVersion(ctx)
	if err == nil {
		_, err = fmt.Fprintf(out, "%s: schema %d, up to date\n", st, current)
	}
	return err
}

func migrate(ctx context.Context, st *store.Store, out io.Writer) error {
	current, known, err := st.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	if current > known {
		return &schemaError{st.String(), current, known}
	}
	applied, err := st.Migrate(ctx)
	if err != nil {
		return err
	}
	for _, name := range applied {
		fmt.Fprintf(out, "applied %s\n", name)
	}
	return tellSchema(ctx, st, out)
}
