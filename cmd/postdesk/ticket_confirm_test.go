//go:build unix

package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

func TestTicketConfirm(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		fixture(t, st)
		d, err := newDesk(st, readOperatorPolicy(t))
		if err != nil {
			t.Fatal(err)
		}
		confirm := func(number int64, by string) (string, error) {
			var out bytes.Buffer
			err := ticketConfirmCmd{Number: number, By: by}.confirm(t.Context(), d, &out)
			return out.String(), err
		}
		if _, err := confirm(1, "Anna on the phone"); err == nil || !strings.Contains(err.Error(), "awaiting credits: nothing waits for a yes") {
			t.Errorf("nothing to confirm: %v", err)
		}
		err = st.Update(t.Context(), func(tx desk.Tx) error { // six credits are more than a mail may confirm
			tk, err := tx.Ticket(t.Context(), 1)
			if err != nil {
				return err
			}
			tk.Status, tk.Estimate = desk.AwaitingConfirmation, &desk.Estimate{Version: 2, Min: 4, Max: 6, At: tuesday}
			return tx.SaveTicket(t.Context(), tk)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.TopUp(t.Context(), "acme", ledger.Credit, 9, "invoice 9"); err != nil {
			t.Fatal(err)
		}
		if _, err := confirm(1, " \n"); err == nil || !strings.Contains(err.Error(), "--by is empty") {
			t.Errorf("no evidence: %v", err)
		}
		if _, err := confirm(99, "Anna"); err == nil {
			t.Error("a ticket that is not there was confirmed")
		}
		got, err := confirm(1, "Anna on the phone,\nto Dana")
		if want := "#1: at most 6 credits are agreed to, and held; it is open in technical\n"; err != nil || got != want {
			t.Errorf("got %q and %v, want %q", got, err, want)
		}
		tk, err := ticketOf(t.Context(), st, 1)
		if err != nil || tk.Hold == nil || tk.Hold.Amount != 6 || tk.Estimate.ConfirmedBy != "Anna on the phone, to Dana" {
			t.Errorf("the ticket is %+v, %v", tk, err)
		}
		if _, err := confirm(1, "Anna"); err == nil {
			t.Error("it was confirmed twice")
		}
	})
}
