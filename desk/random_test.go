package desk_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
)

// TestT043 lets 500 random mails and more of all kinds arrive, with time and top-ups between them, and looks at what must hold whatever happens:
// the ledger adds up (T043), the journal only grows, nobody pays more than he confirmed, and no customer's mail shows an internal note or
// a colleague's address (T078, S1).
func TestT043(t *testing.T) { each(t, func(w *world) { w.random(500, 7) }) }

const canary = "canary"

// staffWords hold the canary in all that must not reach a customer: notes, and what is refused or held.
var (
	staffWords = []string{
		"/note\nA " + canary + " sings.", "A " + canary + " sings.\n/note", "/note\n/spent 10m\nA " + canary + " sings.",
		"It works.\n/spent 10m", "It works.\n/spent 45m\n/resolve", "Which version?\n/wait", "It works.", "It is done.\n/close", "/spent -10m",
		"/estimate 2", "/estimate 2-5", "/assign eve", "/assign dana", "/assign max", "/reopen", "/resolve", "/help", "/spent 4h",
		"A " + canary + " sings.\n/finish", "/spent\nA " + canary + " sings.", "/close now\nA " + canary + " sings.",
	}
	customerWords = []string{
		"yes", "Yes, thank you", "no", "close", "Thanks!", "Yes, but not now", "It fails again.", "How do I export?", "/close", "",
		"Please install it.", "Please develop a form.", "A project is planned.", "My password: hunter22.",
	}
	kinds  = []message.Kind{message.AutoReply, message.List, message.Bounced}
	levels = []message.Level{message.LevelX, message.LevelA0, message.LevelA1s}
)

func (w *world) random(n int, seed uint64) {
	w.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	var journal []string
	outcomes := map[desk.Outcome]int{}
	var outbox []*desk.Mail
	missing := func() (what []string) {
		for _, o := range []desk.Outcome{
			desk.OutcomeNew, desk.OutcomeReply, desk.OutcomeLinked, desk.OutcomeDuplicate, desk.OutcomeCommand, desk.OutcomeRefused,
			desk.OutcomeHeld, desk.OutcomeNoted,
		} {
			if outcomes[o] == 0 {
				what = append(what, string(o))
			}
		}
		for _, cause := range []string{"top_up", "hold", "settle", "release"} {
			if !strings.Contains(strings.Join(w.postings(), "; "), cause) {
				what = append(what, cause)
			}
		}
		return what
	}
	// A walk that has not come by everything yet goes on: what it meets changes with each rule of the desk.
	for i := 0; i < n || i < 4*n && (i%50 != 0 || len(missing()) > 0); i++ {
		w.step(r, i, outbox, outcomes)
		if i%50 == 49 {
			outbox = w.outbox()
			journal = w.grown(journal)
			w.sound()
			w.paid()
		}
		if i%10 == 9 {
			outbox = w.outbox()
		}
	}
	for _, m := range w.outbox() {
		if m.Audience != "customer" {
			continue
		}
		for _, secret := range []string{canary, eve, maxx, dana, "hunter22"} {
			if mentions(m, secret) || strings.Contains(m.EnvelopeFrom, secret) {
				w.Errorf("mail %d, %s to %s, holds %q: %s", m.ID, m.Template, m.To.Addr, secret, m.Text)
			}
		}
	}
	if what := missing(); len(what) > 0 {
		w.Errorf("nothing came of %q: %v, %q", what, outcomes, w.postings())
	}
}

// step lets one random thing happen.
func (w *world) step(r *rand.Rand, i int, outbox []*desk.Mail, outcomes map[desk.Outcome]int) {
	w.Helper()
	one := func(of []string) string { return of[r.IntN(len(of))] }
	switch r.IntN(40) {
	case 0:
		w.pass(time.Duration(r.IntN(72)) * time.Hour)
	case 1:
		if err := w.desk.TopUp(w.Context(), one([]string{"cust", "acme"}), "credit", int64(1+r.IntN(3)), fmt.Sprintf("order-%d", i)); err != nil {
			w.Fatal(err)
		}
	}
	w.pass(time.Duration(r.IntN(50)) * time.Minute)
	m := w.randomMail(r, outbox)
	outcomes[w.receive(m).Outcome]++
	if r.IntN(10) == 0 {
		m.Position.UIDValidity++
		if again := w.receive(m); again.Outcome != desk.OutcomeDuplicate {
			w.Errorf("a mail seen again ends as %s", again.Outcome)
		}
		outcomes[desk.OutcomeDuplicate]++
	}
}

// randomMail is one of any kind, an answer to one of those sent for the most part.
func (w *world) randomMail(r *rand.Rand, outbox []*desk.Mail) mail {
	one := func(of []string) string { return of[r.IntN(len(of))] }
	people := []string{kim, kim, ann, bo, sam}
	m := w.mail(one(people), "A question", one(customerWords))
	if r.IntN(2) > 0 {
		m.Message.Text, m.Message.Visible = "Please install it.", "Please install it."
	}
	if len(outbox) > 0 && r.IntN(5) > 0 {
		to := outbox[r.IntN(len(outbox))]
		if r.IntN(2) > 0 {
			to = outbox[len(outbox)-1-r.IntN(min(len(outbox), 10))]
		}
		from := to.To.Addr
		if r.IntN(6) == 0 {
			from = one([]string{kim, ann, sam, eve, dana})
		}
		words := one(customerWords)
		switch {
		case to.Template == "assigned" && from == to.To.Addr && r.IntN(2) > 0:
			words = one([]string{"It works.\n/spent 20m", "It is done.\n/spent 20m\n/close"})
		case w.policy.StaffByAddress(from) != nil:
			words = one(staffWords)
		case strings.HasPrefix(to.Template, "estimate") && r.IntN(3) > 0:
			words = "yes"
		}
		m = w.answer(from, to, words)
		switch r.IntN(10) {
		case 0:
			m = m.to(us)
		case 1:
			m = m.bare()
		}
	}
	if r.IntN(5) == 0 {
		m = m.at(levels[r.IntN(len(levels))])
	}
	if r.IntN(8) == 0 {
		m = m.kind(kinds[r.IntN(len(kinds))])
	}
	if m.Message.Kind == message.Bounced {
		m.Message.Bounce = &message.Bounce{Recipients: []string{kim}, Permanent: true, Reason: "no such user"}
		if len(m.Message.InReplyTo) > 0 {
			m.Message.Bounce.OriginalID = m.Message.InReplyTo[0]
		}
	}
	if m.Message.Kind.Machine() && w.policy.StaffByAddress(m.Message.From[0].Addr) != nil {
		m.Message.Text, m.Message.Visible = canary, canary // a vacation reply is nothing for customers either
	}
	return m
}

// grown reads the journal, which begins with the lines it had.
func (w *world) grown(before []string) (now []string) {
	w.Helper()
	for _, e := range w.eventsAfter(0) {
		now = append(now, fmt.Sprintf("%d %s %d %s %s", e.ID, e.At, e.Ticket, e.Kind, e.Data))
	}
	if len(now) < len(before) {
		w.Fatalf("the journal had %d lines and has %d", len(before), len(now))
	}
	for i, line := range before {
		if now[i] != line {
			w.Errorf("line %d of the journal was\n%s\nand is\n%s", i+1, line, now[i])
		}
	}
	return now
}

// paid compares every ticket's hold with what its customer confirmed, and their sum with the ledger.
func (w *world) paid() {
	w.Helper()
	numbers := map[int64]bool{}
	for _, e := range w.events() {
		if e.Kind == desk.EventTicket {
			numbers[e.Ticket] = true
		}
	}
	held := map[string]int64{}
	w.view(func(ctx context.Context, tx desk.Tx) error {
		for number := range numbers {
			tk, err := tx.Ticket(ctx, number)
			if err != nil {
				return err
			}
			if tk.Hold == nil {
				continue
			}
			held[tk.Customer] += tk.Hold.Held()
			switch h := tk.Hold; {
			case tk.Estimate == nil || h.Settled > h.Amount || h.Settled < 0 || h.Amount > tk.Estimate.Max:
				w.Errorf("ticket %d has the hold %+v and the estimate %+v", number, h, tk.Estimate)
			case tk.Status == desk.Closed && h.Held() != 0:
				w.Errorf("ticket %d is closed and holds %d", number, h.Held())
			}
		}
		return nil
	})
	for customer, sum := range held {
		if got := w.held(customer); got != sum {
			w.Errorf("%s: the ledger holds %d, the tickets %d", customer, got, sum)
		}
		if w.balance(customer) < 0 {
			w.Errorf("%s has %d credits", customer, w.balance(customer))
		}
	}
}
