package desk_test

import (
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
)

// TestF01: the first connection to an old mailbox answers nobody. Its mails can be found, and what is written from then on is answered,
// also on a ticket of the time before.
func TestF01(t *testing.T) {
	each(t, func(w *world) {
		w.policy.Mailbox("support").IMAP = &policy.IMAP{Folder: "INBOX"}
		ago := func(m mail, d time.Duration) mail {
			m.Received = w.now.Add(-d)
			return m
		}
		if _, found, err := w.desk.Cursor(t.Context(), "support", "INBOX"); err != nil || found {
			t.Fatalf("found %v, %v", found, err)
		}
		first := w.mail(kim, "Please install", "Please install it.")
		var old desk.Reception
		got := w.brings(func() {
			old = w.received(desk.OutcomeNew, ago(first, 72*time.Hour))
			again := w.mail(kim, "Re: Please install", "Any news?")
			again.Message.InReplyTo = append(again.Message.InReplyTo, first.Message.ID)
			if r := w.received(desk.OutcomeReply, ago(again, 48*time.Hour)); r.Ticket != old.Ticket {
				t.Errorf("the answer went to ticket %d, want %d", r.Ticket, old.Ticket)
			}
			w.received(desk.OutcomeNew, ago(w.mail(ann, "Please develop", "Please develop it."), time.Second))
		})
		w.same("three old mails bring", got, nil)
		tk := w.ticket(old.Ticket)
		if tk.Status != desk.Closed || len(tk.Clocks) > 0 || tk.Estimate != nil || tk.WakeAt.After(w.now) {
			t.Errorf("the ticket is %s with %d clocks, estimate %v, to be woken at %v", tk.Status, len(tk.Clocks), tk.Estimate, tk.WakeAt)
		}
		if w.balance("cust") != 10 || w.held("cust") != 0 {
			t.Errorf("balance %d, held %d", w.balance("cust"), w.held("cust"))
		}

		// A mail that arrives in the second of first contact is a new one, and so is one the day after.
		w.status(w.opened(w.mail(kim, "Please install", "Now, please.")).Number, desk.AwaitingConfirmation)
		w.pass(24 * time.Hour)
		got = w.brings(func() {
			m := w.mail(kim, "Re: Please install", "It is still not there.")
			m.Message.InReplyTo = append(m.Message.InReplyTo, first.Message.ID)
			if r := w.received(desk.OutcomeReply, m); r.Ticket != old.Ticket {
				t.Errorf("the answer went to ticket %d, want %d", r.Ticket, old.Ticket)
			}
		})
		if len(got) == 0 {
			t.Error("nobody is told of what Kim writes now")
		}
	})
}

// The policy may say from when on mails are answered.
func TestF01Cutoff(t *testing.T) {
	each(t, func(w *world) {
		w.policy.Mailbox("support").IMAP = &policy.IMAP{Folder: "INBOX", Cutoff: w.now.Add(-24 * time.Hour)}
		if _, _, err := w.desk.Cursor(t.Context(), "support", "INBOX"); err != nil {
			t.Fatal(err)
		}
		m := w.mail(kim, "Please install", "Please install it.")
		m.Received = w.now.Add(-24*time.Hour - time.Second)
		w.status(w.received(desk.OutcomeNew, m).Ticket, desk.Closed)
		m = w.mail(kim, "Please install", "And this, too.")
		m.Received = w.now.Add(-24 * time.Hour)
		w.status(w.received(desk.OutcomeNew, m).Ticket, desk.AwaitingConfirmation)
	})
}
