//go:build unix

package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lib/pq"
)

// ErrNoPostgres is returned where this machine has no PostgreSQL server to start.
var ErrNoPostgres = errors.New("no PostgreSQL server is installed here")

// A Postgres is a private server: its data lie in a folder of their own, it listens on a socket in that folder and nowhere else,
// and it ends when its process's starter ends, however that happens.
type Postgres struct {
	dir     string // holds data, socket and log
	bin     string // folder of the server's programs
	account *syscall.Credential
	server  *exec.Cmd
	ended   chan error
}

// StartPostgres makes a new, empty server and starts it. PostgreSQL refuses to be run by root, so then it runs as another account.
func StartPostgres() (*Postgres, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	p := &Postgres{bin: bin}
	sweep(quickDir())
	if p.dir, err = os.MkdirTemp(quickDir(), prefix); err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		if p.account, err = otherAccount(); err != nil {
			return nil, errors.Join(err, p.Remove())
		}
		if err := os.Chown(p.dir, int(p.account.Uid), int(p.account.Gid)); err != nil {
			return nil, errors.Join(err, p.Remove())
		}
	}
	if out, err := p.command("initdb", "--pgdata", p.data(), "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions").CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w: %s", err, out), p.Remove())
	}
	if err := p.Start(); err != nil {
		return nil, errors.Join(err, p.Remove())
	}
	return p, nil
}

// programs finds the folder with initdb and postgres: the newest of Debian's, or the one on the PATH.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		newest := slices.MaxFunc(found, func(a, b string) int { return major(a) - major(b) })
		return filepath.Dir(newest), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", ErrNoPostgres
	}
	return filepath.Dir(path), nil
}

func major(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb)))) // what is no number sorts first
	return n
}

// quickDir is a folder in memory where there is one with room, since tests commit a lot and wait for the disk each time. Else it
// is "", the usual place.
func quickDir() string {
	const shm = "/dev/shm"
	var fs syscall.Statfs_t
	if err := syscall.Statfs(shm, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < 2<<30 {
		return ""
	}
	return shm
}

// prefix begins the name of a server's folder. The whole path has to stay short: a socket's has at most 107 bytes.
const prefix = "postdesk-pg-"

// sweep deletes folders of servers whose test run was killed before it could.
func sweep(dir string) {
	if dir == "" {
		dir = os.TempDir()
	}
	left, err := filepath.Glob(filepath.Join(dir, prefix+"*"))
	if err != nil {
		return
	}
	for _, folder := range left {
		info, err := os.Stat(folder)
		if err != nil || time.Since(info.ModTime()) < 10*time.Minute {
			continue // perhaps just being made
		}
		lock, err := os.ReadFile(filepath.Join(folder, "data", "postmaster.pid"))
		line, _, _ := strings.Cut(string(lock), "\n")
		pid, notNumber := strconv.Atoi(line)
		if err == nil && (notNumber != nil || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)) {
			continue // it runs
		}
		_ = os.RemoveAll(folder) // another run's; not being able to is no fault of this one
	}
}

// otherAccount is one that the server can run as when we are root.
func otherAccount() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: false}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither an account postgres nor nobody")
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

func (p *Postgres) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(p.bin, program), args...)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.account, Setpgid: true}
	return cmd
}

// Start starts the server, the first time or after Stop or Crash, and returns when it answers.
func (p *Postgres) Start() error {
	log, err := os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	// Shared buffers are a quarter of a small server's memory, as PostgreSQL advises; a page that is not touched takes none.
	server := p.command("postgres", "-D", p.data(), "-k", p.dir, "-c", "listen_addresses=", "-c", "max_connections=300",
		"-c", "log_min_messages=warning", "-c", "shared_buffers=1GB",
		"-c", "dynamic_shared_memory_type=mmap") // in the data folder, so that nothing is left of a server that crashed
	server.Stdout, server.Stderr = log, log
	endsWithUs(server.SysProcAttr)
	started, ended := make(chan error), make(chan error, 1)
	go func() {
		// The kernel ends the server when the thread that started it ends, so the thread stays for it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := server.Start()
		started <- err
		if err == nil {
			ended <- server.Wait()
			close(ended) // so that stopping what has ended waits for nothing
		}
	}()
	p.server, p.ended = server, ended
	if err := <-started; err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	db, err := sql.Open("postgres", p.DSN("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	deadline := time.Now().Add(60 * time.Second)
	for {
		ctx, cancel := context.WithDeadline(context.Background(), deadline)
		err := db.PingContext(ctx)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case ended := <-p.ended:
			return fmt.Errorf("PostgreSQL ended at once: %v: %s", ended, p.log())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("PostgreSQL does not answer: %w: %s", err, p.log()), p.Stop())
		}
	}
}

func (p *Postgres) log() string {
	b, err := os.ReadFile(filepath.Join(p.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// DSN names one of the server's databases.
func (p *Postgres) DSN(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + database,
		RawQuery: url.Values{"host": {p.dir}, "sslmode": {"disable"}}.Encode()}
	return u.String()
}

// Stop ends the server in good order: it breaks off connections and writes everything out.
func (p *Postgres) Stop() error { return p.signal(syscall.SIGINT) }

// Crash ends the server at once: nothing is written out, and the next Start recovers from the write-ahead log.
func (p *Postgres) Crash() error { return p.signal(syscall.SIGQUIT) }

func (p *Postgres) signal(s syscall.Signal) error {
	if err := p.server.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.ended
	return nil
}

// OwnFolder makes a folder in dir that belongs to the server, for a tablespace.
func (p *Postgres) OwnFolder(t testing.TB, dir string) string {
	t.Helper()
	own := filepath.Join(dir, "own")
	err := os.Mkdir(own, 0o700)
	if err == nil && p.account != nil {
		err = os.Chown(own, int(p.account.Uid), int(p.account.Gid))
	}
	if err != nil {
		t.Fatal(err)
	}
	return own
}

// Remove deletes everything that is left of a server that was stopped.
func (p *Postgres) Remove() error { return os.RemoveAll(p.dir) }

// NewDatabase makes a database on the server of dsn, as a copy of template or empty for "", and gives the DSN of the new one.
func NewDatabase(ctx context.Context, dsn, name, template string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("the DSN of the tests' PostgreSQL is no URL")
	}
	if template == "" {
		template = "template0"
	}
	if err := administer(ctx, dsn, "CREATE DATABASE "+pq.QuoteIdentifier(name)+" ENCODING 'UTF8' TEMPLATE "+pq.QuoteIdentifier(template)); err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// DropDatabase deletes a database, whoever is connected to it.
func DropDatabase(ctx context.Context, dsn, name string) error {
	return administer(ctx, dsn, "DROP DATABASE IF EXISTS "+pq.QuoteIdentifier(name)+" WITH (FORCE)")
}

func administer(ctx context.Context, dsn, statement string) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", strings.SplitN(statement, " ENCODING", 2)[0], err)
	}
	return nil
}
