//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// migrateAs runs postdesk migrate, which is to be killed at a step; 0 is for not at all. killed tells whether it was.
func migrateAs(t *testing.T, command, dsn string, step int) (killed bool) {
	t.Helper()
	cmd := exec.Command(command, "migrate")
	cmd.Env = append(os.Environ(), "POSTDESK_DATABASE="+dsn)
	if step > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("POSTDESK_FAULT=%s:%d", fault.Migration, step))
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil {
		t.Errorf("migrate: %v\n%s", err, out)
	}
	return false
}

// emptyLike is a new database without a schema for each call.
func emptyLike(t *testing.T, engine string) (dsn string, drop func()) {
	t.Helper()
	if engine == "sqlite" {
		return "sqlite:" + filepath.Join(t.TempDir(), "desk.db"), func() {}
	}
	server := storetest.Server(t)
	name := fmt.Sprintf("postdesk_upgrade_%d_%d", os.Getpid(), upgrades.next())
	dsn, err := storetest.NewDatabase(t.Context(), server, name, "")
	if err != nil {
		t.Fatal(err)
	}
	return dsn, sync.OnceFunc(func() {
		if err := storetest.DropDatabase(context.Background(), server, name); err != nil {
			t.Error(err)
		}
	})
}

type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) next() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return c.n
}

var upgrades counter

// TestT109UpgradeKilledAtEachStep kills postdesk migrate before each of its steps. What it leaves is the schema of one version whole, and
// says which; the next one goes on from there to the same end. make crash takes every step of each engine, other runs a third of PostgreSQL's.
func TestT109UpgradeKilledAtEachStep(t *testing.T) {
	t.Parallel()
	command := faultyCommand(t)
	for engine, stride := range map[string]int{"sqlite": 1, "postgres": 3} {
		if *crashes > 0 {
			stride = 1
		}
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			versions := storetest.Schemas(t, engine == "postgres") // by version, the last is the newest
			kills, reached := 0, map[int]bool{}
			for step := 1; ; step += stride {
				dsn, drop := emptyLike(t, engine)
				if !migrateAs(t, command, dsn, step) {
					drop()
					break
				}
				kills++
				version, got := storetest.Schema(t, dsn)
				want, known := versions[version]
				if !known || !slices.Equal(got, want) {
					t.Errorf("killed before step %d: what is there is not schema %d, but\n%s", step, version, strings.Join(got, "\n"))
				}
				reached[int(version)] = true
				migrateAs(t, command, dsn, 0)
				newest, got := storetest.Schema(t, dsn)
				if want := versions[newest]; int(newest) != storetest.Newest(versions) || !slices.Equal(got, want) {
					t.Errorf("killed before step %d, then run again: version %d is\n%s", step, newest, strings.Join(got, "\n"))
				}
				drop()
			}
			if kills*stride < 50 || len(reached) < len(versions)-1 {
				t.Errorf("%d kills, which left %d versions of %d: too few to be all", kills, len(reached), len(versions))
			}
			t.Logf("%d kills left %d versions", kills, len(reached))
		})
	}
}

// TestT109NodesThatStartAtOnce: two begin to migrate at the same moment, and one of them is killed in the middle. The other one brings the
// schema to its end.
func TestT109NodesThatStartAtOnce(t *testing.T) {
	t.Parallel()
	command := faultyCommand(t)
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			versions := storetest.Schemas(t, engine == "postgres")
			for _, step := range []int{0, 3, 20, 40} {
				dsn, drop := emptyLike(t, engine)
				var nodes sync.WaitGroup
				nodes.Go(func() { migrateAs(t, command, dsn, step) })
				nodes.Go(func() { migrateAs(t, command, dsn, 0) })
				nodes.Wait()
				newest, got := storetest.Schema(t, dsn)
				if int(newest) != storetest.Newest(versions) || !slices.Equal(got, versions[newest]) {
					t.Errorf("one killed before step %d: version %d is\n%s", step, newest, strings.Join(got, "\n"))
				}
				drop()
			}
		})
	}
}

// TestT108RestoreKilledAtEachStep kills postdesk restore on its way. What it leaves is no desk yet, and the next restore takes it for the empty
// database that it is. The one that is not killed brings all of it.
func TestT108RestoreKilledAtEachStep(t *testing.T) {
	t.Parallel()
	command := faultyCommand(t)
	file := filepath.Join(t.TempDir(), "desk.backup")
	source := storetest.SQLite(t)
	fixture(t, source)
	if err := (backupCmd{File: file}).backup(t.Context(), source, io.Discard); err != nil {
		t.Fatal(err)
	}
	for engine, stride := range map[string]int{"sqlite": 5, "postgres": 17} {
		if *crashes > 0 {
			stride = 1
		}
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			dsn, drop := emptyLike(t, engine)
			kills := 0
			// One database meets all the kills: each restore finds what the last one left, which on SQLite is a file of another name.
			for step := 1; ; step += stride {
				killed, out := restoreAs(t, command, dsn, file, step)
				if !killed {
					if kills == 0 || !strings.Contains(out, "The ledger counts as it did") {
						t.Errorf("after %d kills it says %s", kills, out)
					}
					break
				}
				kills++
				if name, ok := sqliteFile(dsn); ok {
					if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
						t.Fatalf("killed at step %d, there is a file that looks like a desk: %v", step, err)
					}
				}
			}
			st, err := store.Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			err = st.View(t.Context(), func(tx desk.Tx) error {
				tickets, err := tx.Tickets(t.Context(), desk.TicketFilter{Limit: 10})
				if len(tickets) != 2 {
					t.Errorf("%d tickets, want 2", len(tickets))
				}
				return err
			})
			if err := errors.Join(err, st.Close()); err != nil {
				t.Error(err)
			}
			drop()
			t.Logf("%d kills", kills)
		})
	}
}

// restoreAs runs postdesk restore, which is to be killed at a step.
func restoreAs(t *testing.T, command, dsn, file string, step int) (killed bool, out string) {
	t.Helper()
	cmd := exec.Command(command, "restore", file)
	cmd.Env = append(os.Environ(), "POSTDESK_DATABASE="+dsn, fmt.Sprintf("POSTDESK_FAULT=%s:%d", fault.Migration, step))
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return true, ""
	}
	if err != nil {
		t.Fatalf("restore, to be killed at step %d: %v\n%s", step, err, said)
	}
	return false, string(said)
}
