package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/migrations"
	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// ErrDisk wraps what a database says when its disk does not do what was asked: an I/O error, a failed fsync, a damaged file. What
// was written last may or may not be there, so the process must end and begin again from what the disk holds (T104).
var ErrDisk = errors.New("the database's disk fails")

// errAgain asks Update for another run: another transaction has just written what this one was about to.
var errAgain = errors.New("another transaction was first")

// A Trouble says what keeps a database from its work, which one it is, and how that is mended. It wraps one of desk.ErrUnavailable,
// desk.ErrFull and ErrDisk, and what the driver said.
type Trouble struct {
	Database string // its name, without a password
	Kind     error
	Mend     string // what an operator can do
	Err      error  // of the driver
}

// Error tells what, where, and how to mend it.
func (t *Trouble) Error() string {
	return fmt.Sprintf("%v (%s): %v; %s", t.Kind, t.Database, t.Err, t.Mend)
}

// Unwrap gives both the kind and the driver's error.
func (t *Trouble) Unwrap() []error { return []error{t.Kind, t.Err} }

// explain turns a driver's error into a Trouble where the database itself is in the way, and leaves every other as it is. It sees
// errors of the driver only: an io.EOF of a mail that is being read says nothing about the database.
func (st *Store) explain(ctx context.Context, err error) error {
	var known *Trouble
	if err == nil || errors.As(err, &known) || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	// The drivers tell of a cancelled statement in words of their own, which nobody would recognise as the end of ctx.
	if gone := ctx.Err(); gone != nil {
		return fmt.Errorf("%w (%v)", gone, err)
	}
	mend, kind := postgresTrouble(err)
	if st.engine == migrations.SQLite {
		mend, kind = sqliteTrouble(err)
	}
	if kind == nil {
		return err
	}
	trouble := &Trouble{Database: st.name, Kind: kind, Mend: mend, Err: err}
	if kind == ErrDisk {
		st.fails(trouble)
	}
	return trouble
}

const mendDisk = "look at the system's log for errors of the disk, then start again"

func sqliteTrouble(err error) (mend string, kind error) {
	if fault := pageFault(nil); errors.As(err, &fault) {
		return mendDisk, ErrDisk
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return "", nil
	}
	// The low byte is the error, the rest says more about it (sqlite.org/rescode.html).
	switch e.Code() & 0xff {
	case sqlitelib.SQLITE_FULL:
		return "make room on the volume that holds the file, or move it to a larger one", desk.ErrFull
	case sqlitelib.SQLITE_BUSY, sqlitelib.SQLITE_LOCKED:
		return "another program holds the file: end it, or give it a copy (postdesk backup)", desk.ErrUnavailable
	case sqlitelib.SQLITE_CANTOPEN, sqlitelib.SQLITE_PERM, sqlitelib.SQLITE_READONLY, sqlitelib.SQLITE_AUTH:
		return "the folder must exist, and the account that runs the desk must be allowed to write the file and its folder", desk.ErrUnavailable
	case sqlitelib.SQLITE_IOERR:
		return mendDisk, ErrDisk
	case sqlitelib.SQLITE_CORRUPT, sqlitelib.SQLITE_NOTADB:
		return "the file is no sound database: restore a backup (postdesk restore), and look at the system's log for errors of the disk", ErrDisk
	}
	return "", nil
}

const checkServer = "check that the server runs, that it can be reached from here, and what its log says"

func postgresTrouble(err error) (mend string, kind error) {
	if e := pq.As(err); e != nil {
		switch e.Code {
		case pqerror.DiskFull:
			return "make room on the server's volume, or move its data to a larger one", desk.ErrFull
		case pqerror.IOError, pqerror.DataCorrupted, pqerror.IndexCorrupted:
			return "look at the server's log for errors of its disk", ErrDisk
		case pqerror.TooManyConnections:
			return "raise max_connections on the server, or run fewer nodes", desk.ErrUnavailable
		case pqerror.AdminShutdown, pqerror.CrashShutdown, pqerror.CannotConnectNow, pqerror.IdleInTransactionSessionTimeout:
			return checkServer, desk.ErrUnavailable
		case pqerror.QueryCanceled:
			return "a statement took longer than statement_timeout: look for what blocks or slows the server", desk.ErrUnavailable
		case pqerror.ReadOnlySQLTransaction:
			return "this server takes no writes, perhaps since another took its place: name the primary", desk.ErrUnavailable
		}
		switch e.Code.Class() {
		case pqerror.ClassConnectionException:
			return checkServer, desk.ErrUnavailable
		case pqerror.ClassInvalidAuthorizationSpecification:
			return "check user and password, and the server's pg_hba.conf", desk.ErrUnavailable
		case pqerror.ClassInvalidCatalogName:
			return "create the database, or name another", desk.ErrUnavailable
		}
		return "", nil
	}
	var network net.Error
	switch {
	case errors.As(err, &network), errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EPIPE):
		return checkServer, desk.ErrUnavailable
	}
	return "", nil
}
