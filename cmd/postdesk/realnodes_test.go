//go:build linux

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/mailin"
)

// TestRealNodes: two nodes on one database take each mail once. When the one that has the mailbox dies, the other has it within ten
// seconds (O4).
func TestRealNodes(t *testing.T) {
	t.Parallel()
	d := newRealDesk(t, storetest.PostgresDSN(t), nil)
	first := d.serve(t)
	first.waits(t, "support", mailin.Waiting)
	second := d.serve(t)
	second.waits(t, "support", mailin.Standby)
	customers := []*resident{d.someone("Kim", "kim@bolt.example"), d.someone("Anna", "anna@acme.example"), d.someone("Joe", "joe@example.org")}
	ask := func(when string) {
		t.Helper()
		for _, c := range customers {
			c.writes(t, "A question "+when, "This is what "+c.name+" asks "+when+".")
		}
		for _, c := range customers {
			c.gets(t, "acknowledgement")
		}
	}
	ask("while two are there")

	died := utcNow()
	if err := first.end(t, syscall.SIGKILL); err == nil {
		t.Error("the first node was not killed")
	}
	ask("while one is dead")
	if took := utcNow().Sub(died).Seconds(); took > 10 {
		t.Errorf("the last mail was answered %.1f s after the other node died", took)
	}

	third := d.serve(t)
	third.waits(t, "support", mailin.Standby)
	second.stops(t)
	ask("after one has left in good order")
	third.stops(t)
	if got, want := d.outcomes(t), slices.Repeat([]string{"new A1"}, 9); !slices.Equal(got, want) {
		t.Errorf("the mails ended as %q, want %q", got, want)
	}
	for _, c := range customers {
		if got, want := c.got(t), slices.Repeat([]string{"acknowledgement"}, 3); !slices.Equal(got, want) {
			t.Errorf("%s got %q, want %q", c.name, got, want)
		}
	}
}

// TestRealStop: a desk that is told to stop in the middle of its work ends within seconds, and the next one carries on: each mail is
// taken once and answered once.
func TestRealStop(t *testing.T) {
	t.Parallel()
	eachDSN(t, func(t *testing.T, dsn string) {
		d := newRealDesk(t, dsn, nil)
		customers := []*resident{d.someone("Kim", "kim@bolt.example"), d.someone("Anna", "anna@acme.example"), d.someone("Joe", "joe@example.org")}
		const each = 8
		for i := range each {
			for _, c := range customers {
				c.writes(t, fmt.Sprintf("Question %d", i), fmt.Sprintf("This is question %d of %s.", i, c.name))
			}
		}
		n := d.serve(t)
		eventually(t, "the desk begins to answer", func() error {
			if !strings.Contains(n.out.String(), "msg=sent") {
				return errors.New("nothing is sent")
			}
			return nil
		})
		n.stops(t)
		sent := strings.Count(n.out.String(), "msg=sent")

		n = d.serve(t)
		for _, c := range customers {
			for range each {
				c.gets(t, "acknowledgement")
			}
		}
		n.stops(t)
		t.Logf("%d mails were sent before the stop", sent)
		if got, want := d.outcomes(t), slices.Repeat([]string{"new A1"}, each*len(customers)); !slices.Equal(got, want) {
			t.Errorf("the mails ended as %q, want %q", got, want)
		}
		for _, c := range customers {
			if got, want := c.got(t), slices.Repeat([]string{"acknowledgement"}, each); !slices.Equal(got, want) {
				t.Errorf("%s got %q, want %q", c.name, got, want)
			}
		}
	})
}
