//go:build !race

package parse

const slow = 1
