package desk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
)

// Who asks may be another than who pays ("Who confirms"): Bo of Kim's account may not spend, so the estimate of what he asks goes to Kim too,
// and her answer to it counts.
func TestPayerConfirmsByMail(t *testing.T) {
	each(t, func(w *world) {
		var tk *desk.Ticket
		got := w.brings(func() { tk = w.opened(w.mail(bo, "Please install", "Please install it.")) })
		w.same("Bo's request brings", got, []string{"estimate to " + bo, "estimate to " + kim})
		his, hers := w.lastOf("estimate", bo), w.lastOf("estimate", kim)
		if mentions(his, "reply to this mail with the single word “yes”") || !mentions(his, "Kim") {
			t.Errorf("Bo reads\n%s", his.Text)
		}
		if !mentions(hers, "reply to this mail with the single word “yes”") || !mentions(hers, bo) || !mentions(hers, "1–2 credits") {
			t.Errorf("Kim reads\n%s", hers.Text)
		}
		for _, id := range slices.Concat([]message.ID{hers.InReplyTo}, hers.References) {
			if strings.Contains(string(id), "@cust.example") {
				t.Errorf("Kim's mail names %s, which she never saw", id)
			}
		}

		// Bo's yes is not enough, be it to Kim's mail.
		for _, m := range []*desk.Mail{his, hers} {
			w.received(desk.OutcomeReply, w.answer(bo, m, "yes"))
			w.status(tk.Number, desk.AwaitingConfirmation)
		}
		// Nor is Kim's without proof, or to Bo's mail.
		w.receive(w.answer(kim, hers, "yes").at(message.LevelA0))
		w.receive(w.answer(kim, his, "yes"))
		w.status(tk.Number, desk.AwaitingConfirmation)
		if n := w.held("cust"); n != 0 {
			t.Fatalf("%d credits are held", n)
		}

		got = w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, hers, "yes")) })
		w.same("Kim's yes brings", got, []string{"confirmed to " + bo, "confirmed to " + kim, "assigned to " + eve})
		w.status(tk.Number, desk.Open)
		if n := w.held("cust"); n != 2 {
			t.Errorf("%d credits are held, want 2", n)
		}
		if by := w.ticket(tk.Number).Estimate.ConfirmedBy; by != kim {
			t.Errorf("confirmed by %s", by)
		}
		// A yes that is sent twice holds nothing again.
		again := w.answer(kim, hers, "yes")
		w.received(desk.OutcomeReply, again)
		if n := w.held("cust"); n != 2 {
			t.Errorf("%d credits are held, want 2", n)
		}
		// The work is between Bo and Eve: Kim gets no answers that she did not ask for.
		got = w.brings(func() { w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("assigned", eve), "It is done.")) })
		w.same("Eve's answer brings", slices.DeleteFunc(got, func(s string) bool { return strings.HasSuffix(s, eve) }), []string{"reply to " + bo})
	})
}

func TestPayerDeclines(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(bo, "Please install", "Please install it."))
		got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "no")) })
		w.same("Kim's no brings", got, []string{"declined to " + bo, "declined to " + kim})
		w.status(tk.Number, desk.Closed)
	})
}

// Words of Kim's are read by staff, and she gets the answers from then on: without what an answer to Bo has of other people.
func TestPayerAsks(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(bo, "Please install", "Please install it."))
		got := w.brings(func() {
			w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "Why is that so much?"))
		})
		w.same("Kim's question brings", got, []string{"new_words to " + dana, "not_understood to " + kim})
		w.status(tk.Number, desk.AwaitingConfirmation)
		if m := w.lastOf("new_words", dana); !mentions(m, kim) {
			t.Errorf("Dana takes Kim's words for Bo's:\n%s", m.Text)
		}
		got = w.brings(func() {
			w.received(desk.OutcomeReply, w.answer(dana, w.lastOf("new_words", dana), "It is an hour of work."))
		})
		w.same("Dana's answer brings", got, []string{"reply to " + kim, "reply to " + bo})
	})
}

// Kim is reminded, told that credits are missing, and asked again where it gets more.
func TestPayerIsAskedAgain(t *testing.T) {
	each(t, func(w *world) {
		w.account("cust", 0, desk.Contact{Address: bo, Name: "Bo"})
		tk := w.opened(w.mail(bo, "A project", "A project of ours."))
		w.same("the estimate goes to", addressees(w, "estimate"), []string{bo, kim})
		got := w.brings(func() { w.pass(3 * 24 * time.Hour) })
		w.same("two working days bring", slices.DeleteFunc(got, func(s string) bool { return strings.Contains(s, "@staff.example") }), []string{"awaiting_reminder to " + bo, "awaiting_reminder to " + kim})
		reminder := w.lastOf("awaiting_reminder", kim)
		if !mentions(reminder, bo) {
			t.Errorf("Kim reads\n%s", reminder.Text)
		}
		// Six credits are more than a mail confirms: it leads Kim to whom it was sent, not Bo.
		got = w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, reminder, "yes")) })
		w.same("her yes brings", slices.DeleteFunc(got, func(s string) bool { return strings.Contains(s, "@staff.example") }), []string{"confirm_elsewhere to " + kim})
		w.status(tk.Number, desk.AwaitingConfirmation)
	})
}

// Bo puts Kim in copy, as people do with who pays: her yes counts all the same, and so it does where she did not want to get the answers.
func TestPayerInCopy(t *testing.T) {
	for _, refuses := range []bool{false, true} {
		each(t, func(w *world) {
			tk := w.opened(w.mail(bo, "Please install", "Please install it.").cc(kim))
			if refuses {
				w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("ask_copies", kim), "no"))
				w.same("participants", w.roles(tk.Number), []string{kim + " removed"})
			}
			w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "yes"))
			w.status(tk.Number, desk.Open)
		})
	}
}

// Kim is written to in her language, and understood in it: to a Dane "tak" is a thank-you.
func TestPayerOfAnotherLanguage(t *testing.T) {
	each(t, func(w *world) {
		w.account("cust", 0, desk.Contact{Address: kim, Name: "Kim", MaySpend: true, Language: "pl"})
		tk := w.opened(w.mail(bo, "Please install", "Please install it."))
		offer := w.lastOf("estimate", kim)
		if offer.Language != "pl" || w.lastOf("estimate", bo).Language != "en" {
			t.Errorf("languages %s and %s", offer.Language, w.lastOf("estimate", bo).Language)
		}
		w.received(desk.OutcomeReply, w.answer(kim, offer, "tak"))
		w.status(tk.Number, desk.Open)
	})
}

// What was decided can be answered like any mail of ours.
func TestPayerAnswersTheConfirmation(t *testing.T) {
	each(t, func(w *world) {
		w.opened(w.mail(bo, "Please install", "Please install it."))
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "yes"))
		got := w.brings(func() {
			w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("confirmed", kim), "Which server will it be?"))
		})
		w.same("Kim's question brings", got, []string{"new_words to " + eve})
		got = w.brings(func() {
			w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("new_words", eve), "It will be the new one."))
		})
		w.same("Eve's answer brings", slices.DeleteFunc(got, func(s string) bool { return strings.HasSuffix(s, eve) }), []string{"reply to " + kim, "reply to " + bo})
	})
}

// Nobody is told that Kim was asked where she cannot be: Bo is to say who else may agree.
func TestPayerWhoCannotBeReached(t *testing.T) {
	each(t, func(w *world) {
		err := w.store.Update(t.Context(), func(tx desk.Tx) error { return tx.Mute(t.Context(), kim, "a complaint", w.now) })
		if err != nil {
			t.Fatal(err)
		}
		got := w.brings(func() { w.opened(w.mail(bo, "Please install", "Please install it.")) })
		w.same("Bo's request brings", got, []string{"estimate to " + bo})
		if m := w.lastOf("estimate", bo); mentions(m, "Kim") || !mentions(m, "Tell us who that is") {
			t.Errorf("Bo reads\n%s", m.Text)
		}
	})
}

// Sam becomes a colleague of Kim's while an offer waits for him: from then on it is hers to agree to, and she gets it.
func TestPayerOfALaterAccount(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(sam, "Please install", "Please install it."))
		got := w.brings(func() { w.account("cust", 0, desk.Contact{Address: sam, Name: "Sam"}) })
		w.same("his account brings", got, []string{"estimate to " + kim})
		w.received(desk.OutcomeReply, w.answer(sam, w.lastOf("estimate", sam), "yes"))
		w.status(tk.Number, desk.AwaitingConfirmation)
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "yes"))
		w.status(tk.Number, desk.Open)
	})
}

// Colleagues who ask much do not use up the mails that Kim gets for herself.
func TestPayerHasMailsLeft(t *testing.T) {
	each(t, func(w *world) {
		for i := range 9 {
			w.opened(w.mail(bo, fmt.Sprintf("Site %d", i), fmt.Sprintf("Please install site %d.", i)))
		}
		if n := len(to(w.outbox(), kim)); n != 5 {
			t.Errorf("Kim gets %d mails about what Bo asks, want 5", n)
		}
		got := w.brings(func() { w.opened(w.mail(kim, "Mine", "Please install mine.")) })
		w.same("her own request brings", got, []string{"estimate to " + kim})
	})
}

// Kim ends what Bo asked: both are told, and Bo not that he asked for it.
func TestPayerCloses(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(bo, "Please install", "Please install it."))
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "yes"))
		got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("confirmed", kim), "close")) })
		w.same("Kim's close brings", got, []string{"closed to " + bo, "closed to " + kim})
		w.status(tk.Number, desk.Closed)
		if his, hers := w.lastOf("closed", bo), w.lastOf("closed", kim); mentions(his, "As you asked") || !mentions(hers, "As you asked") {
			t.Errorf("Bo reads\n%s\nKim reads\n%s", his.Text, hers.Text)
		}
		// So it is where she does it at his request's page.
		tk = w.opened(w.mail(bo, "Another question", "How?"))
		owner := w.contact(kim)
		if err := w.desk.CloseAs(t.Context(), owner, tk.Number); err != nil {
			t.Fatal(err)
		}
		w.status(tk.Number, desk.Closed)
		if m := w.lastFor(tk.Number, bo); m.Template != "closed" || mentions(m, "As you asked") {
			t.Errorf("Bo reads\n%s", m.Text)
		}
	})
}

// addressees are whom mails by a template went to, in order.
func addressees(w *world, template string) (all []string) {
	for _, m := range w.outbox() {
		if m.Template == template {
			all = append(all, m.To.Addr)
		}
	}
	return all
}
