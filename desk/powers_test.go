package desk_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// TestT001 drives every cell of the decision table of THREATS.md from end to end: a mail of that level arrives, and what the desk does is
// put into the table's words. A dash is a cell that cannot be, since a token is made for somebody who takes part, or that no mail drives:
// what a page asks for (A3) has its tests beside the page.
func TestT001(t *testing.T) {
	levels := []message.Level{message.LevelX, message.LevelA0, message.LevelA1s, message.LevelA1, message.LevelA2, message.LevelA3}
	rows := []struct {
		wish string
		try  func(w *world, l message.Level) string
		want []string // by level, X to A3
	}{
		{"be stored and seen by engineers", tryStore, []string{"held", "yes + banner", "yes", "yes", "yes", "-"}},
		{"open a ticket as a known contact", tryOpen, []string{"held", "yes, marked unverified", "yes", "yes", "-", "-"}},
		{"get an acknowledgement", tryAcknowledgement, []string{"no", "fixed text, 1 a day", "yes", "yes", "yes", "-"}},
		{"join a ticket as participant", tryJoin, []string{"held", "joins unverified, no reopen, no notices", "yes", "yes", "yes", "-"}},
		{"join as non-participant, with a token", tryJoinToken, []string{"held", "linked", "linked", "held", "-", "-"}},
		{"join as non-participant, without a token", tryJoinBare, []string{"held", "linked", "linked", "linked", "-", "-"}},
		{"add a participant", tryAdd, []string{"no", "no", "no", "proposal", "account owner, from now on", "-"}},
		{"close", tryClose, []string{"held", "ask", "ask", "yes", "yes", "-"}},
		{"reopen", tryReopen, []string{"held", "no", "no", "yes", "yes", "-"}},
		{"confirm an estimate up to the limit", tryConfirm, []string{"held", "link", "link", "link", "yes", "yes"}},
		{"spend above the limit", trySpend, []string{"held", "link", "link", "link", "link", "yes"}},
		{"engineer: internal note", tryNote, []string{"held + alert", "held + alert", "held + alert", "held + alert", "yes", "-"}},
		{"engineer: public answer, time, status", tryAct, []string{"held + alert", "held + alert", "held + alert", "held + alert", "yes", "-"}},
	}
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		for _, row := range rows {
			for i, l := range levels {
				if row.want[i] == "-" {
					continue
				}
				w.pass(25 * time.Hour) // limits of an hour and of a day are over
				if got := row.try(w, l); got != row.want[i] {
					t.Errorf("%s at %s: got %q, want %q", row.wish, l, got, row.want[i])
				}
			}
		}
		w.sound()
	})
}

// by writes an answer to a mail of ours so that it proves the level: A2 is A1 with the token in its addresses, and below it the mail
// names the customer's own mail.
func (w *world) by(l message.Level, from string, to *desk.Mail, words string) mail {
	w.Helper()
	m := w.answer(from, to, words)
	if l == message.LevelA2 {
		return m
	}
	m = m.at(l).to(us).bare()
	m.Message.InReplyTo = []message.ID{w.ticket(to.Ticket).FirstID}
	return m
}

const banner = "The sender is not proven"

func tryStore(w *world, l message.Level) string {
	w.opened(w.mail(kim, "A question", "How do I export?"))
	m := w.by(l, kim, w.last(kim), "One thing more, about "+l.String())
	r := w.receive(m)
	told := w.lastOf("new_words", dana)
	seen := told != nil && mentions(told, "about "+l.String())
	switch {
	case w.message(r).Text != m.Message.Text || !strings.HasSuffix(string(w.source(w.message(r).Source)), m.Message.Text):
		return "lost"
	case r.Outcome == desk.OutcomeHeld && !seen:
		return "held"
	case r.Outcome != desk.OutcomeReply || !seen:
		return "no"
	case mentions(told, banner):
		return "yes + banner"
	}
	return "yes"
}

func tryOpen(w *world, l message.Level) string {
	r := w.receive(w.mail(kim, "A question", "How do I print?").at(l))
	if r.Outcome != desk.OutcomeNew {
		return string(r.Outcome)
	}
	switch tk := w.ticket(r.Ticket); {
	case tk.Customer != "cust" || tk.Level != l:
		return "as somebody else"
	case l == message.LevelA0 && mentions(w.last(dana), banner):
		return "yes, marked unverified"
	}
	return "yes"
}

func tryAcknowledgement(w *world, l message.Level) string {
	first := w.mail(kim, "The subject that kim chose", "The words that kim chose").at(l)
	if l == message.LevelA2 {
		// An answer opens a ticket only when the one it answers is closed for long.
		w.opened(w.mail(kim, "A question", "How do I draw?"))
		w.received(desk.OutcomeReply, w.answer(kim, w.last(kim), "close"))
		first = w.answer(kim, w.last(kim), "It is back.")
		w.pass(20 * 24 * time.Hour)
	}
	got := w.brings(func() { w.receive(first) })
	var mine []string
	for _, s := range got {
		if template, ok := strings.CutSuffix(s, " to "+kim); ok {
			mine = append(mine, template)
		}
	}
	switch {
	case len(mine) == 0:
		return "no"
	case len(mine) > 1:
		return "several: " + strings.Join(mine, ", ")
	case mine[0] == "acknowledgement_unverified":
		if mentions(w.last(kim), "chose") || mentions(w.last(kim), "Kim") {
			return "the sender's own words"
		}
		if again := w.brings(func() { w.receive(w.mail(kim, "More", "More of it").at(l)) }); strings.Contains(strings.Join(again, " "), kim) {
			return "fixed text, each time"
		}
		return "fixed text, 1 a day"
	}
	return "yes"
}

func tryJoin(w *world, l message.Level) string {
	tk := w.opened(w.mail(kim, "A question", "How do I sort?"))
	w.received(desk.OutcomeReply, w.answer(eve, w.assign(tk, "eve"), "By the arrow.\n/resolve"))
	var r desk.Reception
	got := w.brings(func() { r = w.receive(w.by(l, kim, w.last(kim), "There is no arrow.")) })
	switch {
	case r.Outcome == desk.OutcomeHeld:
		return "held"
	case r.Outcome != desk.OutcomeReply || r.Ticket != tk.Number:
		return string(r.Outcome)
	case l == message.LevelA0 && w.ticket(tk.Number).Status == desk.Resolved && !strings.Contains(strings.Join(got, " "), kim):
		return "joins unverified, no reopen, no notices"
	}
	return "yes"
}

// assign gives a ticket that dispatchers know of to an engineer, and returns the mail that he gets.
func (w *world) assign(tk *desk.Ticket, id string) *desk.Mail {
	w.Helper()
	w.received(desk.OutcomeCommand, w.answer(dana, w.lastFor(tk.Number, dana), "/assign "+id))
	m := w.lastOf("assigned", w.policy.StaffByID(id).Address)
	if m == nil || m.Ticket != tk.Number {
		w.Fatalf("%s was not told of ticket %d", id, tk.Number)
	}
	return m
}

// lastFor is the latest mail about a ticket to an address.
func (w *world) lastFor(ticket int64, address string) (last *desk.Mail) {
	w.Helper()
	for _, m := range to(w.outbox(), address) {
		if m.Ticket == ticket {
			last = m
		}
	}
	return last
}

func tryJoinToken(w *world, l message.Level) string {
	w.opened(w.mail(kim, "A question", "How do I filter?"))
	return w.stranger(w.answer(ann, w.last(kim), "I want that too.").at(l))
}

func tryJoinBare(w *world, l message.Level) string {
	w.opened(w.mail(kim, "A question", "How do I merge?"))
	return w.stranger(w.by(min(l, message.LevelA1), ann, w.last(kim), "I want that too.").at(l))
}

// stranger lets Ann write on Kim's ticket, of which she may learn and change nothing.
func (w *world) stranger(m mail) string {
	w.Helper()
	before := w.ticket(w.last(kim).Ticket)
	var r desk.Reception
	w.brings(func() { r = w.receive(m) })
	after := w.ticket(before.Number)
	switch {
	case len(after.Participants) > 0 || after.Requester.Address != kim || after.Status != before.Status:
		return "changes the ticket"
	case r.Outcome == desk.OutcomeLinked && r.Ticket == before.Number:
		return "linked to itself"
	case r.Outcome == desk.OutcomeHeld && !w.message(r).Internal:
		return "held, and shown"
	}
	return string(r.Outcome)
}

func tryAdd(w *world, l message.Level) string {
	tk := w.opened(w.mail(kim, "A question", "How do I mask?"))
	m := w.by(l, kim, w.last(kim), "My colleague reads along, "+l.String())
	m.Message.Cc = []message.Address{{Addr: "colleague@example.net"}}
	w.receive(m)
	before := len(to(w.outbox(), "colleague@example.net"))
	w.received(desk.OutcomeReply, w.answer(eve, w.assign(tk, "eve"), "With a brush."))
	reads := len(to(w.outbox(), "colleague@example.net")) > before
	switch roles := w.roles(tk.Number); {
	case len(roles) == 0 && !reads:
		return "no"
	case slices.Equal(roles, []string{"colleague@example.net proposed"}) && !reads:
		return "proposal"
	case slices.Equal(roles, []string{"colleague@example.net member"}) && reads:
		return "account owner, from now on"
	}
	return "more than that"
}

func tryClose(w *world, l message.Level) string {
	tk := w.opened(w.mail(kim, "A question", "How do I crop?"))
	var r desk.Reception
	got := w.brings(func() { r = w.receive(w.by(l, kim, w.last(kim), "close")) })
	switch {
	case r.Outcome == desk.OutcomeHeld:
		return "held"
	case w.ticket(tk.Number).Status == desk.Closed:
		return "yes"
	case len(got) > 0 && got[0] == "ask_close to "+kim:
		return "ask"
	}
	return "no"
}

// tryReopen: at A0 and A1s the ticket stays as it is and a person is told, who reopens it or asks.
func tryReopen(w *world, l message.Level) string {
	tk := w.opened(w.mail(kim, "A question", "How do I rotate?"))
	w.received(desk.OutcomeReply, w.answer(kim, w.last(kim), "close"))
	var r desk.Reception
	got := w.brings(func() { r = w.receive(w.by(l, kim, w.last(kim), "No, it is not settled.")) })
	told := strings.Contains(strings.Join(got, " "), "new_words to "+dana)
	switch {
	case r.Outcome == desk.OutcomeHeld:
		return "held"
	case !told:
		return "nobody is told"
	case w.ticket(tk.Number).Status == desk.Open:
		return "yes"
	}
	return "no"
}

func tryConfirm(w *world, l message.Level) string {
	w.opened(w.mail(kim, "Please install", "Please install it."))
	return w.saysYes(l)
}

func trySpend(w *world, l message.Level) string {
	w.opened(w.mail(kim, "A project", "We plan a project."))
	return w.saysYes(l)
}

// saysYes answers the latest estimate for Kim.
func (w *world) saysYes(l message.Level) string {
	w.Helper()
	estimate := w.lastOf("estimate", kim)
	before, tk := w.held("cust"), w.ticket(estimate.Ticket)
	var r desk.Reception
	got := w.brings(func() {
		if l == message.LevelA3 {
			if err := w.desk.Confirm(w.Context(), tk.Number, tk.Estimate.Version, kim); err != nil {
				w.Fatal(err)
			}
			return
		}
		r = w.receive(w.by(l, kim, estimate, "yes"))
	})
	defer w.received(desk.OutcomeReply, w.answer(kim, estimate, "close")) // and the credits are free again
	switch held := w.held("cust") - before; {
	case r.Outcome == desk.OutcomeHeld && held == 0:
		return "held"
	case held == tk.Estimate.Max && w.ticket(tk.Number).Status == desk.Open:
		return "yes"
	case held == 0 && slices.Contains(got, "confirm_elsewhere to "+kim):
		return "link"
	}
	return "no"
}

func tryNote(w *world, l message.Level) string {
	return w.staffTry(l, "He has called about this before.\n/note")
}

func tryAct(w *world, l message.Level) string {
	return w.staffTry(l, "Try it again, please.\n/spent 10m\n/resolve")
}

// staffTry lets Eve write on a ticket of hers. Whatever was not carried out is told to her, at the address on file (F14).
func (w *world) staffTry(l message.Level, words string) string {
	w.Helper()
	tk := w.opened(w.mail(kim, "A question", "How do I scale?"))
	assigned := w.assign(tk, "eve")
	var r desk.Reception
	got := w.brings(func() { r = w.receive(w.by(l, eve, assigned, words)) })
	after := w.ticket(tk.Number)
	public := strings.Contains(strings.Join(got, " "), kim)
	switch {
	case r.Outcome == desk.OutcomeHeld && len(got) == 1 && got[0] == "held_notice to "+eve && after.Status == desk.Open && after.Minutes == 0:
		return "held + alert"
	case r.Outcome == desk.OutcomeHeld:
		return "held"
	case strings.Contains(words, "/note") && r.Outcome == desk.OutcomeReply && !public && w.message(r).Internal:
		return "yes"
	case !strings.Contains(words, "/note") && public && after.Status == desk.Resolved && after.Minutes == 10:
		return "yes"
	}
	return string(r.Outcome)
}
