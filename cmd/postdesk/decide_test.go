//go:build unix

package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// TestHeldDecide decides over a held mail from the command line: once, and the second is told by whom.
func TestHeldDecide(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		fixture(t, st)
		p := readOperatorPolicy(t)
		d, err := newDesk(st, p)
		if err != nil {
			t.Fatal(err)
		}
		by, err := staffID(p, "--by", strings.ToUpper(p.Staff[0].Name))
		if err != nil || by != p.Staff[0].ID {
			t.Fatalf("%q: %v", by, err)
		}
		if _, err := staffID(p, "--by", "mallory"); err == nil || !strings.Contains(err.Error(), p.Staff[0].ID) {
			t.Errorf("a stranger: %v", err)
		}
		var out bytes.Buffer
		if err := (heldReleaseCmd{ID: 1}).release(t.Context(), d, by, &out); err == nil || !strings.Contains(err.Error(), "no held mail 1") {
			t.Errorf("a mail that is not held: %v", err)
		}
		m, err := d.JoinHeld(t.Context(), 3, 1, by)
		if err != nil {
			t.Fatal(err)
		}
		if err := tellDecided(&out, m, nil); err != nil || !strings.Contains(out.String(), "on #1") {
			t.Errorf("got %q, %v", out.String(), err)
		}
		if err := (heldReleaseCmd{ID: 3}).release(t.Context(), d, by, &out); err == nil || !strings.Contains(err.Error(), p.Staff[0].Name+" has decided over mail 3") {
			t.Errorf("the second: %v", err)
		}
	})
}

// TestTicketCorrect corrects tickets from the command line.
func TestTicketCorrect(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		fixture(t, st)
		p := readOperatorPolicy(t)
		d, err := newDesk(st, p)
		if err != nil {
			t.Fatal(err)
		}
		order := func(number int64, lines ...string) string {
			var out bytes.Buffer
			if err := orderTicket(t.Context(), d, p.Staff[0].ID, number, &out, lines...); err != nil {
				return err.Error()
			}
			return out.String()
		}
		for _, tt := range []struct {
			number int64
			line   string
			want   string
		}{
			{99, "/link 1", "there is no ticket 99"},
			{1, "/link 99", "names no request"},
			{1, "/priority high", "priority high"},
			{1, "/link 2", "linked to #2"},
			{1, "/invite Lee@Print.example", ", lee@print.example reads along"},
			{1, "/invite lee@print.example", "takes part in the request already"},
			{1, "/remove nobody@print.example", "nobody takes part as “nobody@print.example”; possible are: lee@print.example"},
			{1, "/remove lee@print.example", "linked to #2\n"},
			{1, "/remove lee@print.example", "nobody takes part"},
			{2, "/split 1", "#2: /split 1: no message"},
			{2, "/spam", "#2 is closed"},
		} {
			if got := order(tt.number, tt.line); !strings.Contains(got, tt.want) {
				t.Errorf("%s on %d: got %q, want %q", tt.line, tt.number, got, tt.want)
			}
		}
		tk, err := ticketOf(t.Context(), st, 1)
		if err != nil || tk.Priority != "high" || tk.Status == desk.Closed {
			t.Errorf("%+v, %v", tk, err)
		}
		if got := strings.Join((ticketSetCmd{Invite: " a@b.example ", Remove: "lee@print.example", Spam: true}).lines(), "|"); got != "/invite a@b.example|/remove lee@print.example|/spam" {
			t.Errorf("the lines are %s", got)
		}
		var shown bytes.Buffer
		if err := (ticketShowCmd{Number: 1}).show(t.Context(), st, &shown); err != nil || !strings.Contains(shown.String(), "lee@print.example, taken out, by "+p.Staff[0].ID) {
			t.Errorf("it shows %s, %v", shown.String(), err)
		}
		if err := (ticketSetCmd{}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "--queue") {
			t.Errorf("nothing to set: %v", err)
		}
	})
}
