package desk_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
)

// command lets Eve give command lines by a page, which has to work.
func (w *world) command(ticket int64, by string, lines ...string) {
	w.Helper()
	if err := w.desk.Command(w.Context(), ticket, by, lines...); err != nil {
		w.Fatal(err)
	}
}

// TestF27: a merged ticket is for ever another name of the one that it became a part of: answers to any of its mails land there, it is not
// re-opened, and the target can be merged again (M8, T029).
func TestF27(t *testing.T) {
	each(t, func(w *world) {
		first := w.opened(w.mail(kim, "Export", "How do I export?"))
		second := w.opened(w.mail(kim, "Export again", "I wrote on it before."))
		third := w.opened(w.mail(kim, "Import", "And how do I import?"))
		oldMail, oldStaff := w.lastFor(second.Number, kim), w.assign(second, "eve")
		w.assign(first, "eve")

		got := w.brings(func() {
			w.received(desk.OutcomeCommand, w.answer(eve, oldStaff, fmt.Sprintf("/merge %d", first.Number)))
		})
		w.same("merging brings", got, []string{"merged to " + kim, "command_done to " + eve})
		if m := w.lastOf("merged", kim); !mentions(m, fmt.Sprintf("#%d", second.Number)) || !mentions(m, fmt.Sprintf("#%d", first.Number)) {
			t.Errorf("Kim reads %s", m.Text)
		}
		w.status(second.Number, desk.Closed)
		if n := len(w.messages(second.Number)); n != 0 {
			t.Errorf("%d messages stayed", n)
		}

		// Merged again, into a third.
		w.command(first.Number, "dana", fmt.Sprintf("/merge #%d", third.Number))
		for _, m := range []mail{
			w.answer(kim, oldMail, "By token and reference."),
			w.answer(kim, oldMail, "By token alone.").bare(),
			w.mail(kim, fmt.Sprintf("Re: [#%d] Export", second.Number), "By the tag."),
			w.mail(kim, fmt.Sprintf("Re: [#%d] Export", first.Number), "By the tag of the other."),
		} {
			r := w.received(desk.OutcomeReply, m)
			if r.Ticket != third.Number {
				t.Errorf("%q lands on ticket %d", m.Message.Visible, r.Ticket)
			}
		}
		byID := w.mail(kim, "Re: Export", "By the id of her own first mail.")
		byID.Message.InReplyTo = []message.ID{second.FirstID}
		if r := w.received(desk.OutcomeReply, byID); r.Ticket != third.Number {
			t.Errorf("by her own id it lands on %d", r.Ticket)
		}
		// An engineer's answer to an old mail acts where the ticket is now.
		r := w.received(desk.OutcomeReply, w.answer(eve, oldStaff, "Press export.\n/spent 5m\n/resolve"))
		if r.Ticket != third.Number || w.ticket(third.Number).Minutes != 5 {
			t.Errorf("Eve's answer acts on %d", r.Ticket)
		}
		for _, n := range []int64{first.Number, second.Number} {
			w.status(n, desk.Closed)
		}
		w.status(third.Number, desk.Resolved)
		if n := len(w.messages(third.Number)); n < 8 {
			t.Errorf("%d messages are on the last ticket", n)
		}
	})
}

// TestMergeMoney: postings stay where they are, what the merged ticket held goes back, and its offer is no offer on the other.
func TestMergeMoney(t *testing.T) {
	each(t, func(w *world) {
		into, _ := w.installed(kim)
		from := w.opened(w.mail(kim, "Please install", "Please install the other."))
		estimate := w.lastOf("estimate", kim)
		w.received(desk.OutcomeReply, w.answer(kim, estimate, "yes"))
		assigned := w.lastOf("assigned", eve)
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Half of it is done.\n/spent 20m"))
		if w.balance("cust") != 6 || w.held("cust") != 3 {
			t.Fatalf("balance %d, held %d", w.balance("cust"), w.held("cust"))
		}
		w.received(desk.OutcomeCommand, w.answer(eve, assigned, fmt.Sprintf("/merge %d", into.Number)))
		if w.balance("cust") != 7 || w.held("cust") != 2 {
			t.Errorf("balance %d, held %d: want 7 and 2", w.balance("cust"), w.held("cust"))
		}
		if a, b := w.ticket(from.Number), w.ticket(into.Number); a.Minutes != 20 || a.Hold.Settled != 1 || b.Minutes != 0 || b.Hold.Settled != 0 {
			t.Errorf("minutes %d and %d, charged %d and %d", a.Minutes, b.Minutes, a.Hold.Settled, b.Hold.Settled)
		}
		// Both count their estimates from 1: the yes to the old one is none to a new offer on the other.
		offer := w.opened(w.mail(kim, "A plan", "We plan to install more later."))
		old := w.opened(w.mail(kim, "Please install", "Please install a third."))
		oldEstimate := w.lastOf("estimate", kim)
		w.command(old.Number, "dana", fmt.Sprintf("/merge %d", offer.Number))
		w.status(offer.Number, desk.AwaitingConfirmation)
		before := w.held("cust")
		w.received(desk.OutcomeReply, w.answer(kim, oldEstimate, "yes"))
		w.status(offer.Number, desk.AwaitingConfirmation)
		if w.held("cust") != before {
			t.Errorf("a yes to the merged offer holds %d credits", w.held("cust")-before)
		}
	})
}

// TestMergeWrong: nothing of one customer shows to another, and nothing is merged into what there is not.
func TestMergeWrong(t *testing.T) {
	each(t, func(w *world) {
		hers := w.opened(w.mail(ann, "Of Ann", "There is a canary in it."))
		nobodys := w.opened(w.mail(sam, "Of Sam", "How?"))
		other := w.opened(w.mail("pat@example.org", "Of Pat", "How?"))
		done := w.opened(w.mail(kim, "Done", "How?"))
		w.received(desk.OutcomeReply, w.answer(kim, w.last(kim), "close"))
		tk, assigned := w.question()
		for line, want := range map[string]string{
			fmt.Sprintf("/merge %d", hers.Number):         "another customer",
			fmt.Sprintf("/merge %d", nobodys.Number):      "another customer",
			fmt.Sprintf("/merge %d", done.Number):         "is closed",
			fmt.Sprintf("/merge %d", tk.Number):           "itself",
			"/merge":                                      "names no request",
			"/merge 4711":                                 "names no request",
			"/merge -1":                                   "names no request",
			fmt.Sprintf("/merge %d\n/close", hers.Number): "another customer",
			"/spam\n/close":                               "already says /spam",
			"/close\n/spam":                               "already says /close",
			"/link 4711":                                  "names no request",
			"/queue kitchen":                              "requests, technical, office",
			"/class cooking":                              "question, install",
			"/priority very":                              "low, normal, high, urgent",
			"/remind soon":                                "hours, days or weeks",
			"/remind 800d":                                "hours, days or weeks",
			"/remind 0d":                                  "hours, days or weeks",
			"/split":                                      "first one",
			"/split 4711":                                 "first one",
			"/mrege 3":                                    "/merge 123",
		} {
			got := w.brings(func() { w.received(desk.OutcomeRefused, w.answer(eve, assigned, line)) })
			w.same(line+" brings", got, []string{"refused_command to " + eve})
			if m := w.last(eve); !mentions(m, want) {
				t.Errorf("%q: want %q in %s", line, want, m.Text)
			}
		}
		if err := w.desk.Command(w.Context(), other.Number, "dana", fmt.Sprintf("/merge %d", nobodys.Number)); err == nil {
			t.Error("two people without account are merged")
		}
		if len(w.handled()) != 0 {
			t.Errorf("the journal has %q", w.handled())
		}
		// Linking shows them to staff alone.
		got := w.brings(func() { w.received(desk.OutcomeCommand, w.answer(eve, assigned, fmt.Sprintf("/link %d", hers.Number))) })
		w.same("linking brings", got, []string{"command_done to " + eve})
		if !slices.Contains(w.ticket(tk.Number).Linked, hers.Number) || !slices.Contains(w.ticket(hers.Number).Linked, tk.Number) {
			t.Error("they are not linked")
		}
	})
}

// TestMergeColleagues: two people of one account, one matter: both get the answers.
func TestMergeColleagues(t *testing.T) {
	each(t, func(w *world) {
		his := w.opened(w.mail(bo, "Export", "How do I export?").cc(cy))
		tk, assigned := w.question()
		w.command(his.Number, "dana", fmt.Sprintf("/merge %d", tk.Number))
		w.same("participants", w.roles(tk.Number), []string{bo + " member", cy + " proposed"})
		got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press export.")) })
		w.same("an answer brings", got, []string{"reply to " + bo, "reply to " + kim})
		if r := w.received(desk.OutcomeReply, w.answer(bo, w.lastFor(his.Number, bo), "It works.")); r.Ticket != tk.Number {
			t.Errorf("Bo's answer lands on %d", r.Ticket)
		}
	})
}

// TestSplit: the mail that was answered becomes a ticket of its own, with its own time and terms, and answers follow.
func TestSplit(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		w.pass(3 * time.Hour)
		other := w.answer(kim, w.lastFor(tk.Number, kim), "By the way: please install the shop for us.")
		arrived := w.now
		r := w.received(desk.OutcomeReply, other)
		told := w.lastOf("new_words", eve)
		w.pass(time.Hour)
		got := w.brings(func() { w.received(desk.OutcomeCommand, w.answer(eve, told, "/split")) })
		w.same("splitting brings", got, []string{"estimate to " + kim, "command_done to " + eve})
		m := w.message(r)
		own := w.ticket(m.Ticket)
		if own.Number == tk.Number || own.Class != "install" || !own.Registered.Equal(arrived) || own.Requester.Address != kim || m.Outcome != desk.OutcomeLinked {
			t.Errorf("ticket %d of class %s, registered %s, as %s", own.Number, own.Class, own.Registered, m.Outcome)
		}
		if !slices.Contains(own.Linked, tk.Number) {
			t.Errorf("it is linked to %v", own.Linked)
		}
		// What answers her mail, or ours to it, follows.
		next := w.mail(kim, "Re: A question", "It is urgent.")
		next.Message.InReplyTo = []message.ID{other.Message.ID}
		if r := w.received(desk.OutcomeReply, next); r.Ticket != own.Number {
			t.Errorf("an answer to it lands on %d", r.Ticket)
		}
		if r := w.received(desk.OutcomeReply, w.answer(kim, w.lastFor(tk.Number, kim), "And the first?")); r.Ticket != tk.Number {
			t.Errorf("an answer to the first lands on %d", r.Ticket)
		}
		// The first mail stays, and a mail that told of none splits none.
		w.received(desk.OutcomeRefused, w.answer(eve, assigned, "/split"))
		if err := w.desk.Command(w.Context(), tk.Number, "eve", fmt.Sprintf("/split %d", r.Message)); err == nil {
			t.Error("a message of another ticket is split off")
		}
		w.same("the journal", w.handled(), []string{"split by eve"})
	})
}

// TestTransfer: another queue has the ticket, and whoever does not work there has it no more.
func TestTransfer(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?"))
		assigned := w.assign(tk, "max")
		got := w.brings(func() { w.received(desk.OutcomeCommand, w.answer(maxx, assigned, "/queue technical")) })
		w.same("it brings", got, []string{"assigned to " + eve, "command_done to " + maxx})
		if after := w.ticket(tk.Number); after.Queue != "technical" || after.Assignee != "eve" {
			t.Errorf("it is in %s with %s", after.Queue, after.Assignee)
		}
		// He acts on it no more (T004).
		w.received(desk.OutcomeRefused, w.answer(maxx, assigned, "/close"))
		// To a queue and a colleague of it in one mail.
		w.received(desk.OutcomeCommand, w.answer(eve, w.lastOf("assigned", eve), "/queue OFFICE\n/assign max"))
		if after := w.ticket(tk.Number); after.Queue != "office" || after.Assignee != "max" {
			t.Errorf("it is in %s with %s", after.Queue, after.Assignee)
		}
		// What waits for a yes goes there when it is given.
		offer := w.opened(w.mail(kim, "Please install", "Please install it."))
		w.command(offer.Number, "dana", "/queue office")
		if after := w.ticket(offer.Number); after.Queue != "requests" || after.Department != "office" {
			t.Errorf("it is in %s, then %s", after.Queue, after.Department)
		}
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "yes"))
		if after := w.ticket(offer.Number); after.Queue != "office" {
			t.Errorf("agreed, it is in %s", after.Queue)
		}
	})
}

// TestReclassify: deadlines count from the same start, what is paid for is asked for, and nothing is billed by a class alone.
func TestReclassify(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		start := w.now
		w.pass(2 * time.Hour)
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Let me look.\n/spent 10m"))
		got := w.brings(func() { w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/class install")) })
		w.same("it brings", got, []string{"estimate to " + kim, "command_done to " + eve})
		after := w.ticket(tk.Number)
		if after.Status != desk.AwaitingConfirmation || after.Estimate.Max != 2 || after.Estimate.Before != 10 || w.held("cust") != 0 {
			t.Errorf("it is %s, %+v", after.Status, after.Estimate)
		}
		for _, c := range after.Clocks {
			if !c.Start.Equal(start) {
				t.Errorf("%s counts from %s", c.Name, c.Start)
			}
			if c.Name == "first_response" && c.State() != "met" || c.Name == "resolution" && c.State() != "paused" {
				t.Errorf("%s is %s", c.Name, c.State())
			}
		}
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "yes"))
		w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("assigned", eve), "Half of it.\n/spent 20m"))
		if w.held("cust") != 1 || w.balance("cust") != 8 {
			t.Errorf("held %d, balance %d", w.held("cust"), w.balance("cust"))
		}
		// To one that costs more: the difference is asked for; to a free one: what was charged stays, the rest goes back.
		old := w.lastOf("estimate", kim)
		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/class project\n/priority urgent"))
		w.status(tk.Number, desk.AwaitingConfirmation)
		if e := w.ticket(tk.Number); e.Estimate.Max != 6 || e.Estimate.Version != 2 || e.Priority != "urgent" {
			t.Errorf("%+v, priority %s", e.Estimate, e.Priority)
		}
		w.received(desk.OutcomeReply, w.answer(kim, old, "yes"))
		w.status(tk.Number, desk.AwaitingConfirmation)
		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/class question"))
		w.status(tk.Number, desk.Open)
		if w.held("cust") != 0 || w.balance("cust") != 9 {
			t.Errorf("free: held %d, balance %d", w.held("cust"), w.balance("cust"))
		}
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Done.\n/spent 3h\n/resolve"))
		if w.balance("cust") != 9 {
			t.Errorf("free work costs: balance %d", w.balance("cust"))
		}
		// To one that an engineer estimates.
		tk, assigned = w.question()
		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/class other"))
		w.status(tk.Number, desk.AwaitingEstimate)
	})
}

// TestSpam: a ticket that is nobody's request ends without a word to its sender, and what it held goes back.
func TestSpam(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(sam, "Cheap watches", "Buy them."))
		got := w.brings(func() { w.received(desk.OutcomeCommand, w.answer(dana, w.last(dana), "/spam")) })
		w.same("it brings", got, []string{"command_done to " + dana})
		if after := w.ticket(tk.Number); after.Status != desk.Closed || !slices.Contains(after.Tags, "spam") {
			t.Errorf("it is %s, tags %q", after.Status, after.Tags)
		}
		got = w.brings(func() { w.pass(60 * 24 * time.Hour) })
		w.same("later it brings", got, nil)
		paid, _ := w.installed(kim)
		w.command(paid.Number, "dana", "/spam")
		if w.held("cust") != 0 || w.balance("cust") != 10 {
			t.Errorf("held %d, balance %d", w.held("cust"), w.balance("cust"))
		}
	})
}

// TestRemind: two calendar days, then the next opening; once, and to whom asked.
func TestRemind(t *testing.T) {
	each(t, func(w *world) { // it is Tuesday, noon in Berlin
		tk, assigned := w.question()
		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/remind 2d"))
		w.received(desk.OutcomeCommand, w.answer(dana, w.lastFor(tk.Number, dana), "/remind 4d\n/remind 1h"))
		var at []string
		for _, r := range w.ticket(tk.Number).Reminders {
			at = append(at, r.At.Format("Mon 2 15:04 ")+r.Staff)
		}
		w.same("reminders", at, []string{"Thu 5 11:00 eve", "Mon 9 08:00 dana", "Tue 3 12:00 dana"})
		count := func(d time.Duration) (n []string) {
			return slices.DeleteFunc(w.brings(func() { w.pass(d) }), func(s string) bool { return !strings.HasPrefix(s, "reminder") })
		}
		w.same("an hour later", count(time.Hour), []string{"reminder to " + dana})
		w.same("until Thursday", count(47*time.Hour), []string{"reminder to " + eve})
		w.same("over the weekend", count(4*24*time.Hour), []string{"reminder to " + dana})
		w.same("and no more", count(30*24*time.Hour), nil)
		if len(w.ticket(tk.Number).Reminders) != 0 {
			t.Errorf("left: %v", w.ticket(tk.Number).Reminders)
		}
	})
}

// TestCommandByPage: what pages and the command line do is done whole or not at all, by somebody who may, and no mail tells him what he has
// just done.
func TestCommandByPage(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How?"))
		for _, tt := range []struct{ by, lines, want string }{
			{"nobody", "/priority high", "nobody's id"},
			{"eve", "/priority high\n/close soon", "nothing may stand behind"},
			{"eve", "/priority high\nand words", "no such command"},
			{"eve", "", "no such command"},
			{"eve", "/split", "first one"},
		} {
			err := w.desk.Command(w.Context(), tk.Number, tt.by, strings.Split(tt.lines, "\n")...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s by %s: got %v, want %q", tt.lines, tt.by, err, tt.want)
			}
			var wrong *desk.CommandError
			if tt.by != "nobody" && !errors.As(err, &wrong) {
				t.Errorf("%s: %T is no CommandError", tt.lines, err)
			}
		}
		if w.ticket(tk.Number).Priority != "normal" || len(w.handled()) != 0 {
			t.Errorf("half of it was done: %s, %q", w.ticket(tk.Number).Priority, w.handled())
		}
		got := w.brings(func() { w.command(tk.Number, "dana", "/priority high", "/assign eve", "/spent 5m") })
		w.same("it brings", got, []string{"assigned to " + eve})
		if after := w.ticket(tk.Number); after.Priority != "high" || after.Assignee != "eve" || after.Minutes != 5 {
			t.Errorf("%s, %s, %d minutes", after.Priority, after.Assignee, after.Minutes)
		}
		w.same("the journal", w.handled(), []string{"commands by dana", "priority by dana"})
		if err := w.desk.Command(w.Context(), 4711, "dana", "/close"); !errors.Is(err, desk.ErrNotFound) {
			t.Errorf("no ticket: %v", err)
		}
	})
}
