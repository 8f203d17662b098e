//go:build faults

package fault

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// What the environment says is read once, and what is wrong in it ends the process: a test that ends nothing would prove nothing.
var (
	end, passes = point(os.Getenv("POSTDESK_FAULT"))
	planted     = Mistake(os.Getenv("POSTDESK_PLANTED"))
	times       = factor(os.Getenv("POSTDESK_HURRY"))
	skew        = offset(os.Getenv("POSTDESK_SKEW"))

	passed atomic.Int64
)

func point(s string) (Point, int64) {
	if s == "" {
		return "", 0
	}
	name, count, _ := strings.Cut(s, ":")
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil || n < 1 {
		panic("POSTDESK_FAULT=" + s + ": want POINT:COUNT, such as committed:3")
	}
	return Point(name), n
}

func factor(s string) time.Duration {
	if s == "" {
		return 1
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 1 {
		panic("POSTDESK_HURRY=" + s + ": want a whole number from 1")
	}
	return time.Duration(n)
}

func offset(s string) time.Duration {
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		panic("POSTDESK_SKEW=" + s + ": want a duration, such as -1h")
	}
	return d
}

// Skew is by how much the process's clock is wrong.
func Skew() time.Duration { return skew }

// Here ends the process as kill -9 does, where the environment asks for it. Nothing is closed, flushed or told.
func Here(p Point) {
	if p != end || passed.Add(1) != passes {
		return
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		self.Kill()
	}
	select {} // nothing more is done here until the signal has come
}

// Planted tells whether a mistake shall be made.
func Planted(m Mistake) bool { return m == planted }

// Hurry shortens a lease or a wait, though not below what a busy machine takes to answer: a lease that ends while its holder lives would
// test the machine.
func Hurry(d time.Duration) time.Duration { return min(d, max(d/times, 300*time.Millisecond)) }
