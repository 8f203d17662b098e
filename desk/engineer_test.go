package desk_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/message"
)

// S1: an engineer gets the new words first, then where the ticket stands, when it is due by his own clock, how to answer, and what was said.
func TestS1WhatAnEngineerGets(t *testing.T) {
	each(t, func(w *world) {
		auckland, err := time.LoadLocation("Pacific/Auckland")
		if err != nil {
			t.Fatal(err)
		}
		w.policy.StaffByID("eve").Zone = auckland
		for _, e := range []desk.Entitlement{
			{Kind: "licence", Product: "bookings", From: calendar.Date{Year: 2025, Month: 3, Day: 2}, Until: calendar.Date{Year: 2026, Month: 3, Day: 1}},
			{Kind: "licence", Product: "bookings", From: calendar.Date{Year: 2026, Month: 3, Day: 2}, Until: calendar.Date{Year: 2099, Month: 3, Day: 1}},
		} {
			if err := w.desk.AddEntitlement(t.Context(), "cust", e); err != nil {
				t.Fatal(err)
			}
		}
		tk := w.agreed("Install it")
		assigned := w.lastOf("assigned", eve)
		long := "It is about this:" + strings.Repeat("\nand one more line", 20)
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("confirmed", kim), long))
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("confirmed", kim), "And the colour?"))
		m := w.lastOf("new_words", eve)

		text := strings.Join(strings.Fields(m.Text), " ")
		rest := text
		for _, next := range []string{
			"writes ---", "> And the colour?", "The request ---", "Number: #1", "Licence: bookings, 2 March 2026 – 1 March 2099", "2 March 2025 – 1 March 2026 (ended)", "Balance:", "Class:", "Estimate:",
			"(Pacific/Auckland)", "How to answer", "/spent 45m", "Earlier", "(Pacific/Auckland)", "and one more line", "[…]", "> Please install it.",
		} {
			_, after, ok := strings.Cut(rest, next)
			if !ok {
				t.Fatalf("%q is not there, or not where it should be:\n%s", next, m.Text)
			}
			rest = after
		}
		if strings.Contains(text, "(Europe/") || strings.Count(m.Text, "and one more line") > 10 {
			t.Errorf("the mail has another's zone, or a long message that was read before:\n%s", m.Text)
		}
		// Who gets it for the first time gets all of it.
		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/assign dana"))
		first := w.lastOf("assigned", dana)
		if got := strings.Count(first.Text, "and one more line"); got != 20 {
			t.Errorf("the new engineer sees %d of 20 lines:\n%s", got, first.Text)
		}
		if !strings.Contains(w.lastOf("new_words", eve).HTML[:9000], ">And the colour?") {
			t.Error("the preview in a list of mails does not begin with the new words")
		}
		if w.ticket(tk.Number).Assignee != "dana" {
			t.Error("it is not Dana's")
		}
	})
}

// S1: the mails of one ticket are one conversation in the engineer's mail program, whichever rule it goes by, and a ticket's mails are never
// another's. What asks him for something else stands beside it, by its subject, where a program parts by subjects.
func TestS1ThreadsInMailPrograms(t *testing.T) {
	each(t, func(w *world) {
		w.agreed("Install it")
		ours := w.answer(eve, w.lastOf("assigned", eve), "Which version?\n/wait")
		w.received(desk.OutcomeReply, ours)
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("waiting", kim), "Version 3."))
		w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("new_words", eve), "Done."))
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("reply", kim), "Not quite."))
		w.agreed("Install it") // another ticket of the same subject
		w.pass(240 * time.Hour)

		for who, common := range map[string][]string{eve: {"assigned", "new_words"}, kim: nil} {
			mails := to(w.outbox(), who)
			if len(mails) < 6 {
				t.Fatalf("only %d mails to %s", len(mails), who)
			}
			for rule, key := range threadRules {
				threads := map[int64]map[string]bool{} // the conversations in which a ticket's mails stand
				for _, m := range mails {
					if who == eve && rule != "by references" && !slices.Contains(common, m.Template) {
						continue
					}
					if threads[m.Ticket] == nil {
						threads[m.Ticket] = map[string]bool{}
					}
					threads[m.Ticket][key(m)] = true
				}
				if len(threads) != 2 {
					t.Errorf("%s: mails of %d tickets to %s", rule, len(threads), who)
				}
				seen := map[string]int64{}
				for ticket, keys := range threads {
					if len(keys) != 1 {
						t.Errorf("%s: the mails of ticket %d to %s are %d conversations: %v", rule, ticket, who, len(keys), keys)
					}
					for k := range keys {
						if other, ok := seen[k]; ok {
							t.Errorf("%s: tickets %d and %d are one conversation to %s", rule, ticket, other, who)
						}
						seen[k] = ticket
					}
				}
			}
		}
	})
}

// threadRules are those by which mail programs put mails together, each as the key of a conversation.
var threadRules = map[string]func(*desk.Mail) string{
	// Thunderbird, Apple Mail, and IMAP servers (RFC 5256): the first of the references.
	"by references": func(m *desk.Mail) string { return string(firstOf(m)) },
	// Outlook and Exchange, where a mail has no Thread-Index: the subject without what stands before it.
	"by subject": func(m *desk.Mail) string { return baseSubject(m.Subject) },
	// Gmail: both.
	"by both": func(m *desk.Mail) string { return string(firstOf(m)) + " " + baseSubject(m.Subject) },
}

func firstOf(m *desk.Mail) message.ID {
	if len(m.References) > 0 {
		return m.References[0]
	}
	return m.MessageID
}

var prefixes = regexp.MustCompile(`^(?:\p{L}{1,4}(?:\[\d+\])?: *)+`)

func baseSubject(s string) string { return prefixes.ReplaceAllString(s, "") }

// TestF35AnswerSentTwice: an engineer's mail program sends an answer a second time, under another id. It reaches the customer once, its time is
// recorded once, and he is told.
func TestF35AnswerSentTwice(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.installed(kim)
		const words = "It is installed now, and the old data was taken over.\n/spent 45m"
		w.received(desk.OutcomeReply, w.answer(eve, assigned, words))
		w.pass(20 * time.Minute)
		got := w.brings(func() { w.received(desk.OutcomeRefused, w.answer(eve, assigned, words)) })
		w.same("the same again brings", got, []string{"refused_command to " + eve})
		if m := w.last(eve); !mentions(m, "change a word") || !mentions(m, "nothing has gone to the customer") {
			t.Errorf("Eve reads\n%s", m.Text)
		}
		if n := w.ticket(tk.Number).Minutes; n != 45 {
			t.Errorf("%d minutes are recorded, want 45", n)
		}
		// Other words and another hour make another answer; a short one may be said again a little later, and a
		// note or a time alone at once.
		for _, tt := range []struct {
			from, words string
			wait        time.Duration
			minutes     int
		}{
			{eve, "It is installed now, and the old data was taken over!\n/spent 45m", 0, 90},
			{eve, words, 61 * time.Minute, 135},
			{eve, "Done.\n/spent 1m", 0, 136},
			{eve, "Done.\n/spent 1m", 11 * time.Minute, 137},
			{eve, "/spent 1m", 0, 138},
			{eve, "/spent 1m", 0, 139},
			{eve, "/note\n/spent 1m\nThe old server is slow.", 0, 140},
			{eve, "/note\n/spent 1m\nThe old server is slow.", 0, 141},
		} {
			w.pass(tt.wait)
			w.receive(w.answer(tt.from, assigned, tt.words))
			if n := w.ticket(tk.Number).Minutes; n != tt.minutes {
				t.Errorf("%q: %d minutes are recorded, want %d", tt.words, n, tt.minutes)
			}
		}
	})
	// The customer has written in between: the same words answer something else.
	each(t, func(w *world) {
		_, assigned := w.question()
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Please try again."))
		w.received(desk.OutcomeReply, w.answer(kim, w.last(kim), "It still fails, with error 17 now."))
		w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("new_words", eve), "Please try again."))
	})
	// The first one was withheld, and Eve was told so.
	each(t, func(w *world) {
		_, assigned := w.question()
		const words = "Choose Export in the menu, and then the folder that you want it in."
		err := w.store.Update(t.Context(), func(tx desk.Tx) error { return tx.Mute(t.Context(), kim, "a complaint", w.now) })
		if err != nil {
			t.Fatal(err)
		}
		got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(eve, assigned, words)) })
		w.same("a withheld answer brings", got, []string{"undelivered to " + eve})
		if _, err := desk.Unmute(t.Context(), w.store, kim); err != nil {
			t.Fatal(err)
		}
		got = w.brings(func() { w.received(desk.OutcomeReply, w.answer(eve, assigned, words)) })
		w.same("the same again brings", got, []string{"reply to " + kim})
	})
	// A file alone is an answer too.
	each(t, func(w *world) {
		tk, assigned := w.installed(kim)
		file := func() mail {
			m := w.answer(eve, assigned, "/spent 45m")
			m.Message.Attachments = []message.Attachment{{Part: "2", Filename: "result.pdf", ContentType: "application/pdf", Size: 4000}}
			return m
		}
		w.received(desk.OutcomeReply, file())
		w.received(desk.OutcomeRefused, file())
		if n := w.ticket(tk.Number).Minutes; n != 45 {
			t.Errorf("%d minutes are recorded, want 45", n)
		}
	})
}
