//go:build linux

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/ledger"
)

// TestRealStory is the main job from end to end: Anna asks, agrees to the estimate, gets her answer and closes the ticket. Eve is known by
// the password that she submits with, and who only writes her name is not (M1, S1, S3, S4, L2, T002).
func TestRealStory(t *testing.T) {
	t.Parallel()
	eachDSN(t, func(t *testing.T, dsn string) {
		d := newRealDesk(t, dsn, nil)
		n := d.serve(t)
		anna, eve, dana := d.someone("Anna", "anna@acme.example"), d.someone("Eve", "eve@desk.example"), d.someone("Dana", "dana@desk.example")

		anna.writes(t, "Kleinanzeigen", "Guten Tag,\n\nkönnen Sie uns die Kleinanzeigen installieren (install)?\n\nViele Grüße\nAnna")
		anna.answers(t, anna.gets(t, "estimate"), "Ja")
		anna.gets(t, "confirmed")
		dana.answers(t, dana.gets(t, "unassigned"), "/assign eve")
		dana.gets(t, "command_done")
		request := eve.gets(t, "assigned", "installieren")

		forged := answerTo(request, "Pay to another account.\n\n/close")
		raw := forged.bytes(addressOf("Eve", eve.address))
		if err := d.submit(d.MX, "mallory@evil.example", forged.to, raw); err != nil {
			t.Fatal(err)
		}
		eve.gets(t, "held_notice")

		eve.answers(t, request, "Guten Tag Anna,\n\ndie Kleinanzeigen laufen.\n\n/spent 45m\n/resolve")
		answer := anna.gets(t, "resolved", "laufen", "45")
		if strings.Contains(answer.Text+answer.HTML, "eve@") {
			t.Errorf("Eve's address is in the answer:\n%s", answer.Text)
		}
		anna.answers(t, answer, "Das Ticket kann geschlossen werden.")
		anna.gets(t, "closed")
		n.stops(t)

		want := []string{"new A1", "reply A1", "command A1", "held X", "reply A1", "reply A1"}
		if diff := cmp.Diff(want, d.outcomes(t)); diff != "" {
			t.Errorf("how the mails ended (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"estimate", "confirmed", "resolved", "closed"}, anna.got(t)); diff != "" {
			t.Errorf("what Anna got (-want +got):\n%s", diff)
		}
		err := d.store.View(t.Context(), func(tx desk.Tx) error {
			for account, want := range map[ledger.Account]int64{ledger.Customer("acme"): 3, "held:acme": 0, "earned": 2} {
				if got, err := tx.Balance(t.Context(), account, ledger.Credit); err != nil || got != want {
					t.Errorf("%s holds %d credits, want %d: %v", account, got, want, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
