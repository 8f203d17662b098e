//go:build linux

package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// crashes is N of make crash; 0 is what every test run does.
var crashes = flag.Int("crashes", 0, "kills of the whole crash test, for each database and with two nodes")

// nextCrash counts what several nodes do in turn.
type nextCrash struct {
	mu   sync.Mutex
	k, n int
}

func (c *nextCrash) take() (k int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.k++
	return c.k - 1, c.k <= c.n
}

// run crashes the desk n times, on so many nodes at once, and reckons. between is called after every so many crashes.
func (b *crashBench) run(from, n, nodes int, patience time.Duration, every int, between func() error) *reckoning {
	b.t.Helper()
	ctx, stop := context.WithCancel(b.t.Context())
	var answering, crashing sync.WaitGroup
	answering.Go(func() { b.people.run(ctx) })
	next := &nextCrash{k: from, n: from + n}
	for node := range nodes {
		crashing.Go(func() {
			for k, ok := next.take(); ok; k, ok = next.take() {
				b.crash(k, node)
				if between != nil && k%every == every-1 {
					if err := between(); err != nil {
						b.t.Error(err)
					}
				}
			}
		})
	}
	crashing.Wait()
	wrong := b.settle(nodes, patience)
	stop()
	answering.Wait()
	r := b.reckon()
	r.wrong = append(r.wrong, wrong...)
	return r
}

// check fails the test where something is wrong, and shows where the nodes ended.
func (b *crashBench) check(r *reckoning, own bool) {
	b.t.Helper()
	r.report(b.t)
	if own {
		for _, how := range b.own {
			b.t.Errorf("a node ended by itself: %s", how)
		}
	}
	var where []string
	for _, at := range slices.Sorted(maps.Keys(b.kills)) {
		where = append(where, fmt.Sprintf("%s %d", at, b.kills[at]))
	}
	b.t.Logf("killed at: %s", strings.Join(where, ", "))
	if b.t.Failed() {
		log, err := os.ReadFile(b.logFile())
		b.t.Logf("what the nodes said last (%v):\n%s", err, log[max(0, len(log)-8000):])
	}
}

func logRows(t *testing.T, rows [][]string) {
	t.Helper()
	var b bytes.Buffer
	if err := table(&b, rows); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &b)
}

// TestT089KilledAtEachPoint ends postdesk serve at every point of a mail's way, and at any moment, while customers and an engineer write.
// Nothing is lost and nothing done twice; a mail goes out twice at most, with the same bytes (M6, L1, T091).
func TestT089KilledAtEachPoint(t *testing.T) {
	t.Parallel()
	command := faultyCommand(t)
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		crashOn(t, command, "SQLite", sqliteDSN(t), max(100, *crashes), 1, 0, nil)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		crashOn(t, command, "PostgreSQL", storetest.PostgresDSN(t), max(100, *crashes), 1, 0, nil)
	})
}

// TestT090TwoNodes is the same with two nodes on one PostgreSQL, which is crashed now and then itself, and with the clock of one node an hour
// ahead (O4, T106).
func TestT090TwoNodes(t *testing.T) {
	t.Parallel()
	server := storetest.OwnServer(t)
	dsn, err := storetest.NewDatabase(t.Context(), server.DSN("postgres"), "crash", "")
	if err != nil {
		t.Fatal(err)
	}
	n, every := 40, 20
	if *crashes > 0 {
		n, every = *crashes, 50
	}
	crashOn(t, faultyCommand(t), "PostgreSQL, two nodes", dsn, n, 2, every, func() error {
		if err := server.Crash(); err != nil {
			return err
		}
		return server.Start()
	})
}

// What ends the desk and what makes it make mistakes is in builds for tests alone: of all others the compiler leaves out every word, and so
// what they cost is nothing.
func TestFaultsAreOnlyInBuildsForTests(t *testing.T) {
	t.Parallel()
	words := []string{"POSTDESK_FAULT=", "POSTDESK_PLANTED", "POSTDESK_HURRY", "POSTDESK_SKEW"}
	usual := filepath.Join(t.TempDir(), "postdesk")
	if out, err := exec.Command("go", "build", "-o", usual, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for file, want := range map[string]bool{usual: false, faultyCommand(t): true} {
		program, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words {
			if got := bytes.Contains(program, []byte(w)); got != want {
				t.Errorf("%s holds %q: %v, want %v", filepath.Base(filepath.Dir(file)), w, got, want)
			}
		}
	}
}

func crashOn(t *testing.T, command, name, dsn string, n, nodes, every int, between func() error) {
	b := newCrashBench(t, command, dsn, n, "")
	b.people.phone = nodes > 1
	r := b.run(0, n, nodes, 3*time.Minute, every, between)
	logRows(t, [][]string{reckoningHead, r.row(name, b.total)})
	b.check(r, between == nil) // a node that begins while its database is away says so and ends
}

// TestT092PlantedMistakes lets the desk make mistakes of package fault, and the reckoning has to notice each within 330 kills. Every day's test
// runs make one of them, in turn, and make crash all.
func TestT092PlantedMistakes(t *testing.T) {
	t.Parallel()
	const most, round = 330, 30
	mistakes := fault.Mistakes()
	if *crashes == 0 {
		today := utcNow().YearDay() % len(mistakes)
		mistakes = mistakes[today : today+1]
	}
	command := faultyCommand(t)
	rows := [][]string{{"mistake", "noticed within kills", "such as"}}
	for _, mistake := range mistakes {
		t.Run(string(mistake), func(t *testing.T) {
			dsn, nodes, patience := sqliteDSN(t), 1, 15*time.Second
			if mistake == fault.NodeClock { // which nobody but another node can suffer from
				dsn, nodes, patience = storetest.PostgresDSN(t), 2, time.Minute
			}
			b := newCrashBench(t, command, dsn, most, mistake)
			// The node whose clock is ahead takes the mailboxes of the other one, and knows first of what it made of their mails. To what comes
			// of a yes on the phone either may come first, and the other one takes it away while the server thinks.
			b.people.phone = nodes > 1
			for from := 0; from < most; from += round {
				if r := b.run(from, round, nodes, patience, 0, nil); len(r.wrong) > 0 {
					rows = append(rows, []string{string(mistake), strconv.Itoa(b.total), r.wrong[0]})
					return
				}
			}
			t.Errorf("not noticed within %d kills", b.total)
		})
	}
	logRows(t, rows)
}
