package desk_test

import (
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
)

// Somebody unknown asks for work, is told how to buy, gets an account and credits: what he asked goes on by itself ("Unknown sender" of
// MISSION.md).
func TestL3FirstCreditsAreBoughtFromTheFirstMail(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(sam, "Please install", "Please install it."))
		w.received(desk.OutcomeReply, w.answer(sam, w.lastOf("estimate", sam), "yes"))
		w.status(tk.Number, desk.AwaitingCredits)
		w.account("new", 0, desk.Contact{Address: sam, Name: "Sam", MaySpend: true})
		if got := w.ticket(tk.Number).Customer; got != "new" {
			t.Errorf("the ticket is of customer %q now", got)
		}
		w.status(tk.Number, desk.AwaitingCredits)
		if err := w.desk.TopUp(t.Context(), "new", ledger.Credit, 3, "order 1"); err != nil {
			t.Fatal(err)
		}
		w.status(tk.Number, desk.Open)
		if w.balance("new") != 1 || w.held("new") != 2 {
			t.Errorf("balance %d, held %d, want 1 and 2", w.balance("new"), w.held("new"))
		}
		w.sound()
	})
}

// What was worked while a ticket was free stays free when it becomes more.
func TestA1FreeMinutesStayFree(t *testing.T) {
	each(t, func(w *world) {
		err := w.desk.AddAccount(t.Context(), desk.Account{
			Customer:     desk.Customer{ID: "cust", Name: "cust", Language: "en"},
			Entitlements: []desk.Entitlement{{Kind: "purchase", Product: "x", From: calendar.Date{Year: 2026, Month: 3, Day: 1}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		w.policy.FreeWindow.Days = 30
		tk := w.opened(w.mail(kim, "Please install", "Please install it."))
		assigned := w.lastOf("assigned", eve)
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "I have begun.\n/spent 40m"))
		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/estimate 1-2"))
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "yes"))
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "It is done.\n/spent 20m\n/resolve"))
		after := w.ticket(tk.Number)
		if after.Minutes != 60 || after.Hold.Settled != 1 {
			t.Errorf("%d minutes cost %d credits, want 60 and 1: 40 of them were free", after.Minutes, after.Hold.Settled)
		}
	})
}

// An engineer who sends a file and no words has answered.
func TestS1AFileAloneIsAnAnswer(t *testing.T) {
	each(t, func(w *world) {
		_, assigned := w.question()
		m := w.answer(eve, assigned, "")
		m.Message.Attachments = []message.Attachment{{Part: "2", Filename: "manual.pdf", ContentType: "application/pdf", Size: 4000}}
		w.received(desk.OutcomeReply, m)
		reply := w.lastOf("reply", kim)
		if len(reply.Attachments) != 1 || reply.Attachments[0].Filename != "manual.pdf" {
			t.Errorf("the answer brings %+v", reply.Attachments)
		}
	})
}

// G3: one question a day, ticket and address, whichever it is.
func TestG3OneQuestionADay(t *testing.T) {
	each(t, func(w *world) {
		w.opened(w.mail(kim, "Please install", "Please install it."))
		estimate := w.lastOf("estimate", kim)
		got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, estimate, "Perhaps.")) })
		w.same("the first unclear answer brings", got, []string{"new_words to " + dana, "not_understood to " + kim})
		got = w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, estimate, "close").at(message.LevelA0)) })
		w.same("an unproven one on the same day brings", got, []string{"new_words to " + dana})
		w.pass(25 * time.Hour)
		got = w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, estimate, "close").at(message.LevelA0)) })
		w.same("and the day after", got, []string{"ask_close to " + kim, "new_words to " + dana})
	})
}
