//go:build !faults

package fault

import "time"

// Here is a place where nothing can happen.
func Here(Point) {}

// Planted is false.
func Planted(Mistake) bool { return false }

// Skew is nothing.
func Skew() time.Duration { return 0 }

// Hurry is d.
func Hurry(d time.Duration) time.Duration { return d }
