package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
)

type backupCmd struct {
	database
	File string `arg:"" type:"path" help:"The file to write, such as postdesk-2026-03-03.backup. One that is there is never written over."`
}

// Help is printed below the usage.
func (backupCmd) Help() string {
	return `Writes everything that the desk has into one file, in the state of one moment, while the desk goes on working. The file is read back and
its sum compared before it gets its name, so a file of that name is whole. What a command that was killed leaves is named *.partial. It is for your
account alone, and holds your customers' mail: keep it as you keep the database.

It is the same for SQLite and PostgreSQL, and can be restored into either. It does not hold what the desk keeps outside of the database: the policy,
the keys that it names, templates of your own. Without the keys, what is sealed in a backup stays sealed. Keep them apart from it.

For example:

    postdesk backup /var/backups/postdesk-$(date +%F).backup`
}

// Run makes a backup.
func (c backupCmd) Run(ctx context.Context) error {
	if _, err := os.Lstat(c.File); err == nil { // told before the work; link tells for sure
		return &fs.PathError{Op: "backup", Path: c.File, Err: errIsThere}
	}
	st, err := c.openOlder(ctx)
	if err != nil {
		return err
	}
	return errors.Join(c.backup(ctx, st, os.Stdout), st.Close())
}

var errIsThere = errors.New("the file is there already; name another one")

func (c backupCmd) backup(ctx context.Context, st *store.Store, out io.Writer) (err error) {
	draft, err := os.CreateTemp(filepath.Dir(c.File), filepath.Base(c.File)+".*.partial") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(draft.Name())) }()
	defer draft.Close()
	bar := newProgress("backing up")
	defer bar.done()
	head, wrong, err := st.Backup(ctx, draft, version, bar.rows())
	if err != nil {
		return err
	}
	if err := draft.Sync(); err != nil {
		return err
	}
	bar.what = "reading it back"
	if _, err := verify(ctx, draft, bar); err != nil {
		return fmt.Errorf("read back %s: %w", draft.Name(), err)
	}
	size, err := draft.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if err := name("backup", draft.Name(), c.File); err != nil {
		return err
	}
	bar.done()
	for _, w := range wrong {
		fmt.Fprintln(out, w)
	}
	fmt.Fprintf(out, "%s: %d rows, %s, of %s, schema %d, by postdesk %s\n", c.File, head.Rows, bytesInWords(size), head.Made.UTC().Format("2006-01-02 15:04:05 UTC"), head.Schema, head.Program)
	if len(wrong) > 0 {
		return errors.New("the backup is whole, but the ledger in it does not agree, as postdesk ledger verify tells too")
	}
	return nil
}

func verify(ctx context.Context, f *os.File, bar *progress) (store.BackupHead, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return store.BackupHead{}, err
	}
	b, err := store.OpenBackup(f)
	if err != nil {
		return store.BackupHead{}, err
	}
	defer b.Close()
	_, err = b.Verify(ctx, bar.rows())
	return b.Head, err
}

// name gives a finished file its name, for what is to be done (op), unless there is one of that name, and makes the name last through a loss of power.
func name(op, draft, file string) error {
	err := os.Link(draft, file)
	switch {
	case errors.Is(err, fs.ErrExist):
		return &fs.PathError{Op: op, Path: file, Err: errIsThere}
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS):
		// A file system without links: there a file could be written over that came to be since it was looked for.
		if err := os.Rename(draft, file); err != nil {
			return err
		}
		if err := os.WriteFile(draft, nil, 0o600); err != nil { // what is taken away at the end
			return err
		}
	case err != nil:
		return err
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func bytesInWords(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

type restoreCmd struct {
	database
	File  string `arg:"" type:"existingfile" help:"A file that postdesk backup wrote."`
	Check bool   `help:"Only read the file, and tell what it is and whether it is whole."`
}

// Help is printed below the usage.
func (restoreCmd) Help() string {
	return `Reads a backup into a database that is empty or not there, SQLite or PostgreSQL, whichever it was made of. All of it is there afterwards, or
nothing: the file's sum, the ledger and every mail's source are looked at before. A SQLite file that is not there gets its name when it is whole; what
a command that was killed leaves is named *.restoring. A backup of an older version is brought to this one.

A restored desk does not know what happened after its backup. So it
- sends nothing until you say so: look at "postdesk mail queue", give up what was sent before by "postdesk mail drop", then "postdesk mail resume";
- takes in the mails that it lacks, from the mailboxes and from the folders that mails are moved to, each once;
- gives its next ticket a number far above the last one, since others were told to customers;
- lets tokens in mails of before join their tickets, and neither spend nor command.

For example:

    postdesk restore --check /var/backups/postdesk-2026-03-03.backup
    postdesk restore /var/backups/postdesk-2026-03-03.backup --database sqlite:/var/lib/postdesk/desk.db`
}

// Run restores a backup.
func (c restoreCmd) Run(ctx context.Context) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	if c.Check {
		bar := newProgress("reading")
		head, err := verify(ctx, f, bar)
		bar.done()
		if err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
		_, err = fmt.Printf("%s: whole; %s\n", c.File, describe(head))
		return err
	}
	if file, ok := sqliteFile(c.Database); ok {
		switch _, err := os.Lstat(file); {
		case errors.Is(err, fs.ErrNotExist):
			return c.restoreFile(ctx, file, f, os.Stdout)
		case err != nil:
			return err
		}
	}
	st, err := store.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	return errors.Join(c.restore(ctx, st, f, os.Stdout), st.Close())
}

// restoreFile makes a SQLite file that is not there. It has another name until it is whole, so that no desk takes it for an empty one and
// works on what a restore that fails is about to delete; and it takes the place of nothing that came to be meanwhile.
func (c restoreCmd) restoreFile(ctx context.Context, file string, r io.Reader, out io.Writer) (err error) {
	for _, end := range []string{"-wal", "-journal"} { // SQLite would put what is in it into the file of that name
		if _, err := os.Lstat(file + end); !errors.Is(err, fs.ErrNotExist) {
			return cmp.Or(err, error(&fs.PathError{Op: "restore", Path: file + end, Err: errors.New("it is left of another database; move it away")}))
		}
	}
	draft, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*.restoring") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		for _, end := range []string{"", "-wal", "-shm"} {
			if rerr := os.Remove(draft.Name() + end); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
				err = errors.Join(err, rerr)
			}
		}
	}()
	if err := draft.Close(); err != nil {
		return err
	}
	st, err := store.Open(ctx, strings.Replace(c.Database, file, draft.Name(), 1))
	if err != nil {
		return err
	}
	head, err := c.load(ctx, st, r)
	if err := errors.Join(err, st.Close()); err != nil {
		return err
	}
	// The last to close a database brings its log into the file. Without that log the file lacks what is in it.
	if log, err := os.Lstat(draft.Name() + "-wal"); err == nil && log.Size() > 0 {
		return &fs.PathError{Op: "restore", Path: draft.Name(), Err: errors.New("something else has it open; restore anew, and leave it alone meanwhile")}
	}
	if err := name("restore", draft.Name(), file); err != nil {
		return err
	}
	return tellRestored(out, "sqlite "+file, head)
}

func describe(h store.BackupHead) string {
	return fmt.Sprintf("%d rows of %s, schema %d, made on %s by postdesk %s", h.Rows, h.Made.UTC().Format("2006-01-02 15:04:05 UTC"), h.Schema, h.Engine, h.Program)
}

func (c restoreCmd) restore(ctx context.Context, st *store.Store, r io.Reader, out io.Writer) error {
	head, err := c.load(ctx, st, r)
	if err != nil {
		return err
	}
	return tellRestored(out, st.String(), head)
}

func (c restoreCmd) load(ctx context.Context, st *store.Store, r io.Reader) (store.BackupHead, error) {
	bar := newProgress("restoring")
	defer bar.done()
	head, err := restoreDesk(ctx, st, r, utcNow(), bar.rows())
	if err != nil {
		err = fmt.Errorf("%s: %w", c.File, err)
	}
	return head, err
}

func tellRestored(out io.Writer, database string, head store.BackupHead) error {
	_, err := fmt.Fprintf(out, `%s: %s
The ledger counts as it did, and every mail's source is whole.
Nothing is sent until you say so. When "postdesk serve" has taken in what came since:
    postdesk mail queue     what waits, and may have been sent before
    postdesk mail drop      gives up what was
    postdesk mail resume    sends the rest
`, database, describe(head))
	return err
}

// restoreDesk reads a backup into the database and makes it a desk of its own. Where it was stopped after all rows were there, the same call
// ends what is left to do.
func restoreDesk(ctx context.Context, st *store.Store, file io.Reader, now time.Time, told store.Progress) (store.BackupHead, error) {
	b, err := store.OpenBackup(file)
	if err != nil {
		return store.BackupHead{}, err
	}
	defer b.Close()
	r := desk.Restoration{Made: b.Head.Made, At: now}
	err = st.Restore(ctx, b, desk.NumberAfter, told, func(tx desk.Tx, last int64) error { return desk.Restored(ctx, tx, r, last, rand.Reader) })
	if err != nil {
		before, berr := desk.RestoredFrom(ctx, st)
		if berr != nil || !before.Made.Equal(r.Made) {
			return b.Head, err
		}
		r = before
		err = fmt.Errorf("%w; this very backup was restored into it on %s", err, r.At.UTC().Format("2006-01-02 15:04:05 UTC"))
		if _, merr := st.Migrate(ctx); merr != nil {
			return b.Head, merr
		}
	}
	ended, nerr := desk.NoteRestored(ctx, st, r)
	if ended || nerr != nil {
		err = nerr
	}
	return b.Head, err
}
