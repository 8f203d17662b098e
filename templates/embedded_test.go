package templates

import (
	"maps"
	"slices"
	"testing"
)

// The embedded mails are read when they are asked for, so somebody has to ask for all of them.
func TestEmbeddedMails(t *testing.T) {
	s, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	all := *s.mails.Load()
	if ms := all.check(slices.Sorted(maps.Keys(all))); len(ms) > 0 {
		t.Error(ms)
	}
}
