package redact

import (
	"regexp"
	"sync"
)

// A pattern is compiled when it is first asked for. All of them together take longer than most commands run, and few commands look for
// contacts.
type pattern func() *regexp.Regexp

func lazily(expr string) pattern {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
