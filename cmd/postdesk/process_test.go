//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// processors measures the processor's time from now on: of a node's process, and of the database's.
func (d *realDesk) processors(b *testing.B) func(*node) (desk, base time.Duration) {
	b.Helper()
	master := 0
	if !strings.HasPrefix(d.dsn, "sqlite:") {
		var folder string
		if err := d.sqlDB(b, d.dsn).QueryRow("SHOW data_directory").Scan(&folder); err != nil {
			b.Fatal(err)
		}
		pid, err := os.ReadFile(filepath.Join(folder, "postmaster.pid"))
		if err != nil {
			b.Fatal(err)
		}
		first, _, _ := strings.Cut(string(pid), "\n")
		if master, err = strconv.Atoi(first); err != nil {
			b.Fatal(err)
		}
	}
	before := cpuOfTree(master)
	return func(n *node) (desk, base time.Duration) {
		own, _, _ := cpuOf(n.cmd.Process.Pid)
		return own, cpuOfTree(master) - before
	}
}

// cpuOf is what a process has taken of the processor, itself and the children that have ended; and its parent.
func cpuOf(pid int) (own, children time.Duration, parent int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, 0
	}
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // from the third field of proc(5) on
	ticks := func(i int) time.Duration {
		n, _ := strconv.Atoi(f[i-3])
		return time.Duration(n) * 10 * time.Millisecond // USER_HZ is 100 wherever Go runs
	}
	parent, _ = strconv.Atoi(f[1])
	return ticks(14) + ticks(15), ticks(16) + ticks(17), parent
}

func cpuOfTree(master int) (sum time.Duration) {
	if master == 0 {
		return 0
	}
	own, ended, _ := cpuOf(master)
	sum = own + ended
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if own, ended, parent := cpuOf(pid); parent == master {
			sum += own + ended
		}
	}
	return sum
}

// sizeOf is a size of a process in bytes, as /proc tells it.
func sizeOf(b *testing.B, pid int, name string) int64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == name+":" {
			kb, _ := strconv.ParseInt(f[1], 10, 64)
			return kb << 10
		}
	}
	b.Fatalf("there is no %s", name)
	return 0
}
