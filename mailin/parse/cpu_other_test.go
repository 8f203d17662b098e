//go:build !unix

package parse

import "time"

var began = time.Now()

func cpuTime() time.Duration { return time.Since(began) }
