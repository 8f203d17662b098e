package desk_test

import (
	"slices"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
)

// TestL2NoWayAroundTheYes: work that costs begins with the customer's yes to the present estimate, whatever else staff and he write.
func TestL2NoWayAroundTheYes(t *testing.T) {
	each(t, func(w *world) {
		// A question of staff while the offer stands.
		tk := w.opened(w.mail(kim, "Please install", "Please install it."))
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "Which port will it be?"))
		staff := w.lastFor(tk.Number, dana)
		w.received(desk.OutcomeReply, w.answer(dana, staff, "443. Is that free?\n/wait"))
		w.status(tk.Number, desk.AwaitingConfirmation)
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("reply", kim), "It is."))
		w.status(tk.Number, desk.AwaitingConfirmation)

		// An answer that solves it costs nothing; what follows it does.
		w.received(desk.OutcomeReply, w.answer(dana, staff, "Then it is there already.\n/resolve"))
		w.status(tk.Number, desk.Resolved)
		got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("resolved", kim), "It is not.")) })
		if !slices.Contains(got, "estimate to "+kim) {
			t.Errorf("taken up again it brings %q", got)
		}
		w.status(tk.Number, desk.AwaitingConfirmation)
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "yes"))
		w.status(tk.Number, desk.Open)

		// A question before there is an estimate.
		tk = w.opened(w.mail(kim, "Please develop", "Please develop something."))
		staff = w.lastFor(tk.Number, dana)
		w.received(desk.OutcomeReply, w.answer(dana, staff, "What?\n/wait"))
		w.status(tk.Number, desk.Waiting)
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("waiting", kim), "A form."))
		w.status(tk.Number, desk.AwaitingEstimate)

		// An offer in the same mail as a question.
		w.received(desk.OutcomeReply, w.answer(dana, staff, "With fields?\n/estimate 2\n/wait"))
		w.status(tk.Number, desk.AwaitingConfirmation)
		if w.held("cust") != 2 {
			t.Errorf("%d credits are held, want the 2 of the first ticket", w.held("cust"))
		}
	})
}

// TestL2ReopenedAfterANo: who has declined more work has not agreed to it by writing again.
func TestL2ReopenedAfterANo(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.installed(kim)
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "It is more than we thought.\n/spent 3h"))
		if e := w.ticket(tk.Number).Estimate; e.Max != 6 || !e.ConfirmedAt.IsZero() {
			t.Fatalf("the estimate is %+v", e)
		}
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "no"))
		w.status(tk.Number, desk.Closed)
		if w.balance("cust") != 8 {
			t.Errorf("declined: balance %d, want 8", w.balance("cust"))
		}
		got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("declined", kim), "Perhaps later.")) })
		w.status(tk.Number, desk.AwaitingConfirmation)
		if w.balance("cust") != 8 || w.held("cust") != 0 || !slices.Contains(got, "estimate to "+kim) {
			t.Errorf("balance %d, held %d, and it brings %q", w.balance("cust"), w.held("cust"), got)
		}
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "yes"))
		if w.status(tk.Number, desk.AwaitingConfirmation); w.held("cust") != 0 { // 6 are above the limit of a mail
			t.Errorf("held %d", w.held("cust"))
		}
	})
}

func TestL2ReopenedWithTooFewCredits(t *testing.T) {
	each(t, func(w *world) {
		const lee = "lee@two.example"
		w.account("two", 2, desk.Contact{Address: lee, Name: "Lee", MaySpend: true})
		first, assigned := w.installed(lee)
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Done.\n/spent 10m\n/close")) // 1 of 2
		closed := w.lastOf("closed", lee)
		second := w.opened(w.mail(lee, "Please install", "Please install the other one."))
		if err := w.desk.TopUp(w.Context(), "two", "credit", 1, "order-1"); err != nil {
			t.Fatal(err)
		}
		w.received(desk.OutcomeReply, w.answer(lee, w.lastOf("estimate", lee), "yes"))
		w.status(second.Number, desk.Open)

		w.received(desk.OutcomeReply, w.answer(lee, closed, "It fails again."))
		w.status(first.Number, desk.AwaitingCredits)
		if m := w.lastOf("short_balance", lee); m == nil || !mentions(m, "1 credit") {
			t.Errorf("he is not told what is missing: %+v", m)
		}
		if err := w.desk.TopUp(w.Context(), "two", "credit", 1, "order-2"); err != nil {
			t.Fatal(err)
		}
		w.status(first.Number, desk.Open)
		if w.balance("two") != 0 || w.held("two") != 3 {
			t.Errorf("balance %d, held %d; want 0 and 3", w.balance("two"), w.held("two"))
		}
	})
}

func TestL2OverspentAndEstimatedInOneMail(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.installed(kim)
		got := w.brings(func() {
			w.received(desk.OutcomeReply, w.answer(eve, assigned, "It will be more.\n/spent 90m\n/estimate 4"))
		})
		w.same("it brings", got, []string{"reply to " + kim, "estimate to " + kim})
		after := w.ticket(tk.Number)
		if after.Status != desk.AwaitingConfirmation || after.Estimate.Max != 4 || after.Hold.Settled != 2 {
			t.Errorf("it is %s, asks for %d and has charged %d", after.Status, after.Estimate.Max, after.Hold.Settled)
		}
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "yes"))
		if after := w.ticket(tk.Number); after.Hold.Settled != 3 || w.held("cust") != 1 || w.balance("cust") != 6 {
			t.Errorf("confirmed: charged %d, held %d, balance %d; want 3, 1 and 6", after.Hold.Settled, w.held("cust"), w.balance("cust"))
		}
	})
}

// TestF39AnsweredAfterSilence: a clock that stood still for days while the customer was silent is met by the answer that comes then.
func TestF39AnsweredAfterSilence(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Please install", "Please install it."))
		w.pass(5 * 24 * time.Hour)
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "Which port will it be?"))
		w.received(desk.OutcomeReply, w.answer(dana, w.lastFor(tk.Number, dana), "443."))
		for _, c := range w.ticket(tk.Number).Clocks {
			if want := map[policy.ClockName]string{policy.FirstResponse: "met", policy.Resolution: "paused"}[c.Name]; c.State() != want {
				t.Errorf("%s is %s, want %s", c.Name, c.State(), want)
			}
		}
		for _, e := range w.events() {
			if e.Kind == desk.EventClock {
				t.Errorf("a clock fired while it stood still: %s", e.Data)
			}
		}
	})
}

// TestF39ReopenedBeforeTheFirstAnswer: a ticket closed by a slip still gets its first answer, within the time that was left.
func TestF39ReopenedBeforeTheFirstAnswer(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?")) // Tuesday 12:00, due Wednesday 12:00
		w.pass(2 * time.Hour)
		w.received(desk.OutcomeReply, w.answer(kim, w.last(kim), "close"))
		w.pass(44 * time.Hour) // to Thursday 10:00
		w.received(desk.OutcomeReply, w.answer(kim, w.last(kim), "I did not mean that."))
		want := time.Date(2026, 3, 5, 16, 0, 0, 0, time.UTC) // 7 open hours later, 17:00 in Berlin
		for _, c := range w.ticket(tk.Number).Clocks {
			if c.Name == policy.FirstResponse && (c.State() != "running" || !c.Due.Equal(want)) {
				t.Errorf("the first answer is %s, due %s, want %s", c.State(), c.Due, want)
			}
		}
	})
}

// TestM7AllIsWell: words by which a customer says that all is well, or no more than yes, re-open nothing.
func TestM7AllIsWell(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Choose Export in the menu.\n/resolve"))
		w.status(tk.Number, desk.Resolved)
		answer := w.last(kim)
		for _, words := range []string{"Thanks!", "It works now.", "Perfect 👍", "Hello Eve,\n\nall good.\n\nBest\nKim", "Alles klar, danke"} {
			got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, answer, words)) })
			w.same(words, got, nil)
			w.status(tk.Number, desk.Resolved)
		}
		for _, words := range []string{"Ok", "Yes", "Ok, thanks. It works"} {
			w.received(desk.OutcomeReply, w.answer(kim, answer, words))
			w.status(tk.Number, desk.Resolved)
		}
		got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, answer, "Yes!")) })
		w.same("a yes brings", got, []string{"new_words to " + eve}) // she may have asked whether it still fails
		shown := w.answer(kim, answer, "Great.")
		shown.Message.Attachments = []message.Attachment{{Part: "2", Filename: "error.png", ContentType: "image/png", Size: 40000}}
		w.received(desk.OutcomeReply, shown)
		w.status(tk.Number, desk.Open)
	})
	// Who says yes to an offer that he let pass takes it up again.
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Please install", "Please install it."))
		offer := w.lastOf("estimate", kim)
		w.received(desk.OutcomeReply, w.answer(kim, offer, "no"))
		w.status(tk.Number, desk.Closed)
		w.received(desk.OutcomeReply, w.answer(kim, offer, "yes"))
		w.status(tk.Number, desk.AwaitingConfirmation)
	})
}
