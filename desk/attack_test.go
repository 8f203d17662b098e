package desk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
)

// The tests of this file are attacks by mail alone that a first version let through, or that taught something. Each is named after what
// the attacker wants.

// TestAttackDearLine writes lines that cost more to understand than to send: what is on one line is compared with the lists as a whole,
// and only a short line can be in them (G9).
func TestAttackDearLine(t *testing.T) {
	each(t, func(w *world) {
		for name, line := range map[string]string{
			"many words":        strings.Repeat("a ", 1<<19),
			"many yeses":        strings.Repeat("yes ", 1<<18),
			"a name repeated":   strings.Repeat("kim ", 1<<18),
			"thanks and a name": "thanks " + strings.Repeat("kim ", 1<<18),
		} {
			tk := w.opened(w.mail(kim, "Please install", "Please install "+name))
			m := w.answer(kim, w.lastOf("estimate", kim), line)
			m.Message.From[0].Name = strings.Repeat("Kim ", 200)
			began := time.Now()
			w.received(desk.OutcomeReply, m)
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("%s: understanding a line of %d bytes takes %v", name, len(line), took)
			}
			w.status(tk.Number, desk.AwaitingConfirmation)
			w.pass(2 * time.Hour)
		}
	})
}

// TestAttackHistoryLeaks lets an engineer's mail program quote without any mark: the desk's own mail to staff, with what only staff may
// read, then looks like the engineer's words. Nothing of it may go out, and no line of a customer's in it may act (T079, T033).
func TestAttackHistoryLeaks(t *testing.T) {
	each(t, func(w *world) {
		const canary = "He never pays, so take your time and let him wait for it."
		tk := w.opened(w.mail(kim, "A question", "How do I export?\n\nIt is for the auditors who come on Monday.\n/spent 50h\n/close"))
		noted := w.assign(tk, "dana")
		w.received(desk.OutcomeReply, w.answer(dana, noted, "/note\n"+canary))
		assigned := w.assign(tk, "eve")
		if !mentions(assigned, canary) {
			t.Fatalf("the mail to Eve holds no history: %s", assigned.Text)
		}
		unmarked := func(text string) string { // as a program does that turns the HTML into text
			var lines []string
			for line := range strings.Lines(text) {
				lines = append(lines, strings.TrimLeft(line, "> "))
			}
			return strings.Join(lines, "")
		}
		indented := "\t" + strings.ReplaceAll(unmarked(assigned.Text), "\n", "\n\t")
		joined := strings.Join(strings.Fields(unmarked(assigned.Text)), " ")
		note := canary[:len(canary)/2] + "\n" + canary[len(canary)/2:]
		for name, words := range map[string]string{
			"without marks":       "Press export.\n\n" + unmarked(assigned.Text),
			"indented":            "Press export.\n\n" + indented,
			"in one line":         "Press export. " + joined,
			"the note alone":      "Press export.\n\n" + note,
			"with marks of a bar": "Press export.\n\n| " + strings.ReplaceAll(assigned.Text, "\n", "\n| "),
			"below a command":     "/resolve\nPress export.\n\n" + unmarked(assigned.Text),
		} {
			t.Run(name, func(t *testing.T) {
				got := w.brings(func() { w.received(desk.OutcomeRefused, w.answer(eve, assigned, words)) })
				w.same("it brings", got, []string{"refused_command to " + eve})
				if after := w.ticket(tk.Number); after.Status != desk.Open || after.Minutes != 0 {
					t.Errorf("the ticket is %s with %d minutes", after.Status, after.Minutes)
				}
			})
		}
		for _, m := range to(w.outbox(), kim) {
			if mentions(m, "pays") || mentions(m, "Why it came") || mentions(m, eve) {
				t.Errorf("%s to Kim holds what staff read: %s", m.Template, m.Text)
			}
		}
		// Her own words may repeat the customer's, as whoever answers point by point does.
		got := w.brings(func() {
			w.received(desk.OutcomeReply, w.answer(eve, assigned, "You asked: How do I export?\n\nIt is for the auditors who come on Monday.\n\nPress export."))
		})
		w.same("her own words bring", got, []string{"reply to " + kim})
		// A note stays inside, whatever it quotes.
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "/note\nPress export.\n\n"+unmarked(assigned.Text[:200])))
	})
}

// TestAttackEnclosedMail lets an engineer's mail program enclose the mail that it answers, instead of quoting it.
func TestAttackEnclosedMail(t *testing.T) {
	each(t, func(w *world) {
		_, assigned := w.question()
		m := w.answer(eve, assigned, "Press export.")
		m.Message.Attachments = []message.Attachment{{Part: "2", Filename: "A question.eml", ContentType: "message/rfc822", Size: 5000}}
		got := w.brings(func() { w.received(desk.OutcomeRefused, m) })
		w.same("it brings", got, []string{"refused_command to " + eve})
		m = w.answer(eve, assigned, "/note\nSee what they wrote.")
		m.Message.Attachments = []message.Attachment{{Part: "2", Filename: "mail.eml", ContentType: "message/rfc822", Size: 5000}}
		w.received(desk.OutcomeReply, m)
	})
}

// TestAttackStaffAddress lets an engineer's signature tell the address that no customer shall know (S1).
func TestAttackStaffAddress(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		token := assigned.ReplyTo.Addr
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press export.\n\nEve\nEVE@Staff.example"))
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Ask Max (max@staff.example), or write to "+token+"\n/resolve"))
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Bye.\nmailto:eve@staff.example\n/close"))
		for _, m := range to(w.outbox(), kim) {
			for _, secret := range []string{eve, maxx, token} {
				if strings.Contains(strings.ToLower(m.Text+m.HTML), secret) {
					t.Errorf("%s to Kim holds %s: %s", m.Template, secret, m.Text)
				}
			}
		}
		w.status(tk.Number, desk.Closed)
	})
}

// TestAttackNearNote puts the command that keeps a mail inside as people do in a hurry. It must not send the note to the customer.
func TestAttackNearNote(t *testing.T) {
	each(t, func(w *world) {
		_, assigned := w.question()
		for _, line := range []string{"/note:", "/note,", "*/note*", "／note", "/ note", "\\note", "/note.", "/note — he is rude", "`/note`", "/note!", "/internal", "“/note”"} {
			got := w.brings(func() { w.received(desk.OutcomeRefused, w.answer(eve, assigned, line+"\nHe is rude.")) })
			w.same(line+" brings", got, []string{"refused_command to " + eve})
			got = w.brings(func() { w.received(desk.OutcomeRefused, w.answer(eve, assigned, "He is rude.\n"+line)) })
			w.same(line+" below brings", got, []string{"refused_command to " + eve})
		}
		// What only begins like one is text.
		for _, words := range []string{"/etc/hosts is the file.", "/var/log/x:", "Look into\n/note/taking/app", "1/2", "// comment", "/usr, /var and /etc"} {
			w.received(desk.OutcomeReply, w.answer(eve, assigned, words))
		}
	})
}

// TestAttackForwardedCommands puts commands into a mail that an engineer forwards to the ticket, own words above it or none (T033).
func TestAttackForwardedCommands(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		const mail = "---------- Forwarded message ----------\nFrom: Kim <kim@cust.example>\nDate: Tue, 3 Mar 2026 10:00\nSubject: It\n\nSee it.\n/spent 50h\n/close"
		for _, words := range []string{"", "See below, it is all there.\n\n"} {
			m := w.answer(eve, assigned, words+mail)
			m.Message.Forwarded = mail
			w.receive(m)
			if after := w.ticket(tk.Number); after.Status != desk.Open || after.Minutes != 0 {
				t.Fatalf("%q makes the ticket %s with %d minutes", words, after.Status, after.Minutes)
			}
		}
		m := w.answer(eve, assigned, "/note\n/spent 5m\nSee below.\n\n"+mail) // her own act
		m.Message.Forwarded = mail
		w.received(desk.OutcomeReply, m)
		if after := w.ticket(tk.Number); after.Status != desk.Open || after.Minutes != 5 {
			t.Fatalf("the ticket is %s with %d minutes", after.Status, after.Minutes)
		}
	})
}

// TestAttackReplayedYes brings a mail that Kim signed for somebody else, "yes", to the address of her estimate, which she once passed
// on: what her signature does not cover gives no power.
func TestAttackReplayedYes(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Please install", "Please install it."))
		estimate := w.lastOf("estimate", kim)
		replay := func() mail { return w.mail(kim, "Re: Lunch?", "yes").to(ann) }

		m := replay() // by the envelope alone, as our server then writes down
		m.Message.Delivered = []message.Address{estimate.ReplyTo}
		w.received(desk.OutcomeReply, m)
		w.status(tk.Number, desk.AwaitingConfirmation)

		m = replay() // by a field that the signature leaves out
		m.Message.InReplyTo = []message.ID{estimate.MessageID}
		m.Assurance.Unsigned = []string{"In-Reply-To"}
		w.received(desk.OutcomeReply, m)
		w.status(tk.Number, desk.AwaitingConfirmation)

		m = replay()
		m.Message.To = append(m.Message.To, estimate.ReplyTo)
		m.Assurance.Unsigned = []string{"To"}
		w.received(desk.OutcomeReply, m)
		w.status(tk.Number, desk.AwaitingConfirmation)

		if w.held("cust") != 0 {
			t.Errorf("%d credits are held", w.held("cust"))
		}
		// Her own answer counts, be it that one of the fields is not covered.
		m = w.answer(kim, estimate, "yes")
		m.Assurance.Unsigned = []string{"In-Reply-To", "Cc"}
		w.received(desk.OutcomeReply, m)
		w.status(tk.Number, desk.Open)
	})
}

// TestAttackLaterAccount says yes as nobody, and becomes a contact of Acme's who may not spend: the owner's credits stay.
func TestAttackLaterAccount(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(sam, "Please install", "Please install it."))
		w.received(desk.OutcomeReply, w.answer(sam, w.lastOf("estimate", sam), "yes"))
		w.status(tk.Number, desk.AwaitingCredits)
		w.account("cust", 0, desk.Contact{Address: sam, Name: "Sam"})
		if err := w.desk.TopUp(w.Context(), "cust", "credit", 5, "order-9"); err != nil {
			t.Fatal(err)
		}
		w.status(tk.Number, desk.AwaitingConfirmation)
		if w.held("cust") != 0 {
			t.Errorf("%d credits are held without the owner's yes", w.held("cust"))
		}
		w.received(desk.OutcomeReply, w.answer(sam, w.lastOf("estimate", sam), "yes"))
		w.status(tk.Number, desk.AwaitingConfirmation)
	})
}

// TestAttackFloodOfNotices forges an engineer on every ticket there is, and writes a thousand mails on one: staff are told once, not a
// thousand times (T051, T055).
func TestAttackFloodOfNotices(t *testing.T) {
	each(t, func(w *world) {
		var tickets []*desk.Ticket
		for i := range 30 {
			tickets = append(tickets, w.opened(w.mail(ann, fmt.Sprintf("Question %d", i), "How?")))
			w.pass(10 * time.Minute)
		}
		before := len(to(w.outbox(), eve))
		for _, tk := range tickets {
			w.received(desk.OutcomeHeld, w.mail(eve, fmt.Sprintf("[#%d] Close", tk.Number), "/close").at(message.LevelX))
			w.pass(time.Second)
		}
		if n := len(to(w.outbox(), eve)) - before; n > 10 {
			t.Errorf("30 forged mails bring %d notices", n)
		}

		tk, _ := w.question()
		last := w.lastFor(tk.Number, kim)
		before = len(to(w.outbox(), eve))
		for i := range 100 {
			w.received(desk.OutcomeReply, w.answer(kim, last, fmt.Sprintf("And %d?", i)))
			w.pass(time.Second)
		}
		if n := len(to(w.outbox(), eve)) - before; n > 25 {
			t.Errorf("100 mails on one ticket bring %d notices", n)
		}
		if n := len(w.messages(tk.Number)); n < 101 {
			t.Errorf("%d messages are kept", n)
		}
		// An hour later words are told again.
		w.pass(2 * time.Hour)
		got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(kim, last, "And now?")) })
		w.same("later it brings", got, []string{"new_words to " + eve})
	})
}

// TestAttackForgedCopyFirst sends a forged copy of a mail before the mail itself comes: the true one must not end as its duplicate.
func TestAttackForgedCopyFirst(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Please install", "Please install it."))
		yes := w.answer(kim, w.lastOf("estimate", kim), "yes")
		forged := yes.at(message.LevelX)
		forged.Position.UID = 9001
		w.received(desk.OutcomeHeld, forged)
		w.received(desk.OutcomeReply, yes)
		w.status(tk.Number, desk.Open)
		for i, copied := range []mail{forged, yes} {
			copied.Position.UID = uint32(9100 + i)
			w.received(desk.OutcomeDuplicate, copied)
		}
		if w.held("cust") != 2 {
			t.Errorf("%d credits are held, want 2", w.held("cust"))
		}
	})
}

// TestAttackTakenID names an id of ours before we know it, to lead an engineer's mail elsewhere.
func TestAttackTakenID(t *testing.T) {
	each(t, func(w *world) {
		// Ann once saw what our ids look like, and reckons which ticket comes next.
		root := message.ID("ticket-2." + w.epoch() + "@desk.example")
		m := w.mail(ann, "Hello", "How?")
		m.Message.References = []message.ID{root}
		w.opened(m)
		tk, assigned := w.question()
		if assigned.References[0] != root {
			t.Fatalf("the thread of ticket %d begins with %s", tk.Number, assigned.References[0])
		}
		// Eve's program keeps only the first reference.
		own := w.answer(eve, assigned, "Press export.\n/resolve")
		own.Message.InReplyTo, own.Message.References = nil, []message.ID{root}
		if r := w.received(desk.OutcomeReply, own); r.Ticket != tk.Number {
			t.Errorf("Eve's answer lands on ticket %d", r.Ticket)
		}
		w.status(tk.Number, desk.Resolved)
	})
}

// TestAttackLongHistory makes the desk send megabytes with every word: what a mail costs is bounded (G9).
func TestAttackLongHistory(t *testing.T) {
	each(t, func(w *world) {
		tk, _ := w.question()
		last := w.lastFor(tk.Number, kim)
		for i := range 6 {
			w.received(desk.OutcomeReply, w.answer(kim, last, fmt.Sprintf("%d\n%s", i, strings.Repeat("All work and no play. ", 40_000))))
			w.pass(time.Hour)
		}
		w.received(desk.OutcomeReply, w.answer(kim, last, "Well?"))
		if m := w.lastOf("new_words", eve); len(m.Text) > 1<<20 {
			t.Errorf("the mail to Eve has %d bytes", len(m.Text))
		}
	})
}

// TestAttackNameOfAStranger lets an unproven mail choose by what name we greet whom it claims to be.
func TestAttackNameOfAStranger(t *testing.T) {
	each(t, func(w *world) {
		m := w.mail(sam, "A question", "How?").at(message.LevelA0)
		m.Message.From[0].Name = "You won! See http://evil.example"
		w.opened(m)
		w.pass(25 * time.Hour)
		own := w.mail(sam, "A question", "How do I sort?")
		own.Message.From[0].Name = "Sam"
		w.opened(own)
		for _, m := range to(w.outbox(), sam) {
			if mentions(m, "evil") {
				t.Errorf("%s to Sam holds a forger's words: %s", m.Template, m.Text)
			}
		}
	})
}

// TestAttackSilencedByFlood keeps a ticket flooded for days, so that nobody reads what its customer writes: staff are told each day.
func TestAttackSilencedByFlood(t *testing.T) {
	each(t, func(w *world) {
		tk, _ := w.question()
		last := w.lastFor(tk.Number, kim)
		for i := range 24 * 52 { // for more than two days
			w.received(desk.OutcomeReply, w.answer(kim, last, fmt.Sprintf("Noise %d", i)).at(message.LevelA0))
			w.pass(150 * time.Second)
		}
		told := 0
		for _, m := range to(w.outbox(), eve) {
			if m.Template == "flood" {
				told++
			}
		}
		if told != 3 {
			t.Errorf("in 52 hours Eve is told %d times", told)
		}
	})
}

// TestAttackReaderReopens lets somebody from outside, who was let in to read, take the ticket up again, which would hold the account's credits.
func TestAttackReaderReopens(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.installed(kim)
		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/invite "+cy))
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "It is installed.\n/spent 10m\n/close"))
		if w.held("cust") != 0 {
			t.Fatalf("%d credits are held", w.held("cust"))
		}
		got := w.brings(func() { w.received(desk.OutcomeReply, w.answer(cy, w.last(cy), "It is not.")) })
		w.same("it brings", got, []string{"aside_words to " + eve})
		w.status(tk.Number, desk.Closed)
		if w.held("cust") != 0 {
			t.Errorf("a stranger's words hold %d credits", w.held("cust"))
		}
		w.received(desk.OutcomeReply, w.answer(kim, w.lastFor(tk.Number, kim), "It is not.")) // she may
		w.status(tk.Number, desk.Open)
	})
}

// TestAttackReadByCopy asks the portal for a ticket on which one was only put in copy, was asked aside, or was let in later (T028, T075).
func TestAttackReadByCopy(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A question", "How? There is a canary in it.").cc(cy))
		assigned := w.assign(tk, "eve")
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "What do you say?\n/forward "+hoster))
		see := func(address string) (desk.View, error) {
			c := &desk.Contact{}
			w.view(func(ctx context.Context, tx desk.Tx) (err error) {
				c, err = tx.ContactOf(ctx, address)
				return err
			})
			if all, _, err := w.desk.TicketsOf(w.Context(), c, 0); err != nil || address != kim && len(all) > 1 {
				t.Errorf("%s sees %d tickets, %v", address, len(all), err)
			}
			return w.desk.ViewOf(w.Context(), c, tk.Number, "en")
		}
		for _, who := range []string{cy, hoster} {
			if v, err := see(who); !errors.Is(err, desk.ErrNotFound) {
				t.Errorf("%s reads %v, %v", who, v.Said, err)
			}
		}
		w.pass(time.Hour)
		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/invite "+cy))
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Press export."))
		v, err := see(cy)
		if text := fmt.Sprint(v.Said); err != nil || strings.Contains(text, "canary") || !strings.Contains(text, "Press export.") {
			t.Errorf("let in, he reads %s, %v", text, err)
		}
		if v.MayClose || v.MayDecide || v.Balance != nil {
			t.Errorf("he may close %v, decide %v, and sees a balance %v", v.MayClose, v.MayDecide, v.Balance)
		}
	})
}

// TestAttackDigestAsWords puts commands into mails that are held, so that the mail that tells of them holds them too, and lets a mail
// program quote that without any mark.
func TestAttackDigestAsWords(t *testing.T) {
	each(t, func(w *world) {
		r := w.received(desk.OutcomeHeld, w.mail(kim, "/discard 1", "/release 1\n/release 2\n/join 1 1\n\n/discard 1").at(message.LevelX))
		w.pass(time.Hour)
		digest := w.lastOf("held_digest", dana)
		for _, words := range []string{"", "I am on it.\n\n"} {
			w.receive(w.answer(dana, digest, words+digest.Text))
			w.receive(w.answer(dana, digest, digest.Text+"\n"+words))
			if m := w.message(r); m.Outcome != desk.OutcomeHeld {
				t.Fatalf("the mail is %s: %q", m.Outcome, m.Why)
			}
		}
	})
}

// TestAttackAsideSpeaks lets somebody who was asked aside act as more than that: by closing, agreeing, adding people, and by a program.
func TestAttackAsideSpeaks(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.installed(kim)
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "What do you say?\n/forward "+hoster))
		asked := w.last(hoster)
		for i, m := range []mail{
			w.answer(hoster, asked, "close"), w.answer(hoster, asked, "yes"), w.answer(hoster, asked, "/close"), w.answer(hoster, asked, "See in copy.").cc("x@evil.example"),
			w.answer(hoster, asked, "I am away.").kind(message.AutoReply), w.answer(hoster, asked, "News.").kind(message.List),
		} {
			r := w.receive(m)
			if kept := w.message(r); !kept.Internal {
				t.Errorf("mail %d is not internal, but %s", i, r.Outcome)
			}
			w.status(tk.Number, desk.Open)
		}
		w.same("participants", w.roles(tk.Number), []string{hoster + " aside"})
		c := tk.Requester
		if v, err := w.desk.ViewOf(w.Context(), &c, tk.Number, "en"); err != nil || strings.Contains(fmt.Sprint(v.Said), "See in copy") {
			t.Errorf("Kim reads %v, %v", v.Said, err)
		}
	})
}
