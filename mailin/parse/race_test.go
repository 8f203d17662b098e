//go:build race

package parse

// slow is how much longer than usual a test may take under the race detector.
const slow = 10
