package desk_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
)

// handled are the journal's lines of what somebody of us did, as "what by who".
func (w *world) handled() (all []string) {
	w.Helper()
	for _, e := range w.events() {
		if e.Kind == desk.EventHandled {
			var h desk.Handled
			w.decode(e, &h)
			all = append(all, h.What+" by "+h.By)
		}
	}
	return all
}

func (w *world) heldMails() (all []*desk.Message) {
	w.Helper()
	err := w.store.View(w.Context(), func(tx desk.Tx) (err error) {
		all, err = tx.Held(w.Context(), 100)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// TestT119: each held mail shows reason, age and level, counts toward due times from its arrival, and is released, joined or discarded by a
// named person, whom the journal names.
func TestT119(t *testing.T) {
	each(t, func(w *world) {
		arrived := w.now
		forged := w.received(desk.OutcomeHeld, w.mail(kim, "It is urgent", "Please look at my question.").at(message.LevelX))
		w.received(desk.OutcomeHeld, w.mail(sam, "You won", "A prize.").at(message.LevelX))
		tk, _ := w.question()
		passedOn := w.received(desk.OutcomeHeld, w.answer(ann, w.last(kim), "I have more to say on it."))

		// Those who decide are told together.
		got := w.brings(func() { w.pass(time.Hour) })
		if !slices.Contains(got, "held_digest to "+dana) || slices.Contains(got, "held_digest to "+eve) {
			t.Fatalf("held mail brings %q", got)
		}
		digest := w.lastOf("held_digest", dana)
		for _, text := range []string{
			fmt.Sprintf("Mail %d", forged.Message), "Please look at my question.", "not from whom it says", "X", "Tuesday, 3 March 2026, 12:00", kim,
		} {
			if !strings.Contains(digest.Text, text) {
				t.Errorf("the digest lacks %q:\n%s", text, digest.Text)
			}
		}
		// And again while any waits.
		if got := w.brings(func() { w.pass(25 * time.Hour) }); !slices.Contains(got, "held_digest to "+dana) {
			t.Errorf("a day later it brings %q", got)
		}

		// Released: a ticket of its own, whose time counts from the arrival, and nobody is written to on a forger's word.
		got = w.brings(func() {
			w.received(desk.OutcomeCommand, w.answer(dana, digest, fmt.Sprintf("/release %d\n/discard %d it is an advertisement", forged.Message, forged.Message+1)))
		})
		for _, s := range got {
			if strings.HasSuffix(s, kim) || strings.HasSuffix(s, sam) {
				t.Errorf("releasing brings %s", s)
			}
		}
		if !slices.Contains(got, "command_done to "+dana) || !slices.Contains(got, "unassigned to "+dana) {
			t.Errorf("releasing brings %q", got)
		}
		m := w.message(forged)
		own := w.ticket(m.Ticket)
		if m.Outcome != desk.OutcomeNew || !own.Registered.Equal(arrived) || own.Requester.Address != kim || own.Level != message.LevelX {
			t.Errorf("released: %s on ticket %d, registered %s, level %s", m.Outcome, m.Ticket, own.Registered, own.Level)
		}
		if c := own.Clocks[0]; !c.Start.Equal(arrived) {
			t.Errorf("its clock counts from %s, want %s", c.Start, arrived)
		}
		if m := w.message(desk.Reception{Message: forged.Message + 1}); m.Outcome != desk.OutcomeNoted || m.Ticket != 0 || !strings.Contains(strings.Join(m.Why, "; "), "an advertisement") {
			t.Errorf("discarded: %s on ticket %d, %v", m.Outcome, m.Ticket, m.Why)
		}

		// Joined, by a verb as pages and the command line use it.
		if _, err := w.desk.JoinHeld(w.Context(), passedOn.Message, tk.Number, "dana"); err != nil {
			t.Fatal(err)
		}
		if m := w.message(passedOn); m.Outcome != desk.OutcomeReply || m.Ticket != tk.Number || m.Internal || m.From.Addr != ann {
			t.Errorf("joined: %+v", m)
		}
		if after := w.ticket(tk.Number); after.Requester.Address != kim || len(after.Participants) != 1 || after.Participants[0].Role != desk.Proposed {
			t.Errorf("the ticket is of %s with %+v", after.Requester.Address, after.Participants)
		}
		w.same("the journal", w.handled(), []string{"release by dana", "discard by dana", "join by dana"})
		if left := w.heldMails(); len(left) != 0 {
			t.Errorf("%d mails are held still", len(left))
		}
	})
}

// TestT119Twice: two people decide at once, and one of them has decided; the other reads who.
func TestT119Twice(t *testing.T) {
	each(t, func(w *world) {
		r := w.received(desk.OutcomeHeld, w.mail(kim, "It is urgent", "Please look.").at(message.LevelX))
		w.pass(time.Hour)
		digest := w.lastOf("held_digest", dana)
		const people = 6
		errs := make([]error, people)
		var wg sync.WaitGroup
		for i := range people {
			wg.Go(func() {
				who := []string{"dana", "eve"}[i%2]
				if i%2 == 0 {
					_, errs[i] = w.desk.ReleaseHeld(w.Context(), r.Message, who)
				} else {
					_, errs[i] = w.desk.DiscardHeld(w.Context(), r.Message, who, "")
				}
			})
		}
		wg.Wait()
		done := 0
		for _, err := range errs {
			var decided *desk.HeldError
			switch {
			case err == nil:
				done++
			case !errors.As(err, &decided) || !strings.Contains(err.Error(), "has decided over mail"):
				t.Errorf("got %v", err)
			}
		}
		if done != 1 || len(w.handled()) != 1 {
			t.Errorf("%d decisions, %q in the journal", done, w.handled())
		}
		// By mail it is the same.
		got := w.brings(func() { w.received(desk.OutcomeRefused, w.answer(dana, digest, fmt.Sprintf("/release %d", r.Message))) })
		w.same("too late brings", got, []string{"refused_command to " + dana})
		if m := w.last(dana); !mentions(m, "has decided over mail") {
			t.Errorf("it says %s", m.Text)
		}
	})
}

// TestT119NoPower: whatever is done with a forged mail, it is read and not obeyed.
func TestT119NoPower(t *testing.T) {
	each(t, func(w *world) {
		tk, _ := w.installed(kim)
		offer := w.opened(w.mail(kim, "Please install", "Please install it again."))
		estimate := w.lastOf("estimate", kim)
		before := w.held("cust")
		for _, m := range []mail{
			w.answer(kim, estimate, "yes"), w.answer(kim, w.lastFor(tk.Number, kim), "close"), w.mail(kim, fmt.Sprintf("[#%d] x", tk.Number), "close"),
		} {
			r := w.received(desk.OutcomeHeld, m.at(message.LevelX))
			if _, err := w.desk.ReleaseHeld(w.Context(), r.Message, "dana"); err != nil {
				t.Fatal(err)
			}
		}
		w.status(tk.Number, desk.Open)
		w.status(offer.Number, desk.AwaitingConfirmation)
		if w.held("cust") != before {
			t.Errorf("%d credits are held, want %d", w.held("cust"), before)
		}
		// In the name of one of us: no command of it is carried out, and it is nobody's request.
		assigned := w.lastOf("assigned", eve)
		r := w.received(desk.OutcomeHeld, w.answer(eve, assigned, "Here you are.\n/spent 5h\n/close").at(message.LevelX))
		if _, err := w.desk.ReleaseHeld(w.Context(), r.Message, "dana"); err == nil || !strings.Contains(err.Error(), "in the name of one of us") {
			t.Errorf("released: %v", err)
		}
		got := w.brings(func() {
			if _, err := w.desk.JoinHeld(w.Context(), r.Message, tk.Number, "dana"); err != nil {
				t.Fatal(err)
			}
		})
		w.same("joined it brings", got, []string{"aside_words to " + eve})
		if m := w.message(r); !m.Internal || m.Outcome != desk.OutcomeNoted || w.ticket(tk.Number).Minutes != 0 {
			t.Errorf("joined as %s, internal %v", m.Outcome, m.Internal)
		}
		w.status(tk.Number, desk.Open)
		for _, m := range to(w.outbox(), kim) {
			if mentions(m, "Here you are.") {
				t.Errorf("%s to Kim holds a forger's words", m.Template)
			}
		}
	})
}

// TestHeldByMail: what can be written in answer to the mails that tell of held ones, and by whom.
func TestHeldByMail(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.question()
		r := w.received(desk.OutcomeHeld, w.answer(eve, assigned, "/close").at(message.LevelX))
		notice := w.lastOf("held_notice", eve)
		w.pass(time.Hour)
		digest := w.lastOf("held_digest", dana)
		for _, tt := range []struct {
			name  string
			m     mail
			want  desk.Outcome
			says  string
			brief string
		}{
			{"words alone", w.answer(eve, notice, "That was me."), desk.OutcomeRefused, "can only release", eve},
			{"another command", w.answer(dana, digest, "/close"), desk.OutcomeRefused, "can only release", dana},
			{"which one", w.answer(dana, digest, "/discard"), desk.OutcomeRefused, "which mail", dana},
			{"one that is not", w.answer(dana, digest, "/discard 4711"), desk.OutcomeRefused, "no held mail 4711", dana},
			{"one that was never held", w.answer(dana, digest, "/discard 1"), desk.OutcomeRefused, "no held mail 1", dana},
			{"onto no ticket", w.answer(dana, digest, fmt.Sprintf("/join %d 4711", r.Message)), desk.OutcomeRefused, "names no request", dana},
			{"twice", w.answer(dana, digest, fmt.Sprintf("/discard %d\n/join %d 1", r.Message, r.Message)), desk.OutcomeRefused, "stands here twice", dana},
			{"without proof", w.answer(dana, digest, fmt.Sprintf("/discard %d", r.Message)).at(message.LevelA0), desk.OutcomeHeld, "", ""},
			{"somebody else's notice", w.answer(dana, notice, "/discard"), desk.OutcomeHeld, "", ""},
			{"a stranger with the token", w.answer(ann, digest, fmt.Sprintf("/discard %d", r.Message)), desk.OutcomeNew, "", ""},
		} {
			t.Run(tt.name, func(t *testing.T) {
				w.received(tt.want, tt.m)
				if tt.says != "" && !mentions(w.last(tt.brief), tt.says) {
					t.Errorf("it is answered by %s", w.last(tt.brief).Text)
				}
				if m := w.message(r); m.Outcome != desk.OutcomeHeld {
					t.Errorf("the mail is %s", m.Outcome)
				}
			})
		}
		// To the notice of one, its number need not be said.
		w.received(desk.OutcomeCommand, w.answer(eve, notice, fmt.Sprintf("/join %d", tk.Number)))
		if m := w.message(r); m.Outcome != desk.OutcomeNoted || m.Ticket != tk.Number || !m.Internal {
			t.Errorf("joined as %s on %d", m.Outcome, m.Ticket)
		}
		w.status(tk.Number, desk.Open)
		// On a ticket's own mail a held one is named by its number.
		r = w.received(desk.OutcomeHeld, w.mail(kim, "More", "More of it.").at(message.LevelX))
		w.received(desk.OutcomeReply, w.answer(eve, assigned, fmt.Sprintf("Thank you.\n/join %d %d", r.Message, tk.Number)))
		if m := w.message(r); m.Outcome != desk.OutcomeReply || m.Ticket != tk.Number {
			t.Errorf("joined as %s on %d", m.Outcome, m.Ticket)
		}
	})
}

// TestHeldRights: who does not work on a queue decides over none of its mails.
func TestHeldRights(t *testing.T) {
	each(t, func(w *world) {
		r := w.received(desk.OutcomeHeld, w.mail(kim, "It is urgent", "Please look.").at(message.LevelX))
		for _, tt := range []struct{ who, want string }{
			{"max", "on which you do not work"}, {"nobody", "nobody's id"}, {"", "nobody's id"}, {"kim", "nobody's id"},
		} {
			if _, err := w.desk.DiscardHeld(w.Context(), r.Message, tt.who, ""); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%q: got %v, want %q", tt.who, err, tt.want)
			}
		}
		if w.message(r).Outcome != desk.OutcomeHeld || len(w.handled()) != 0 {
			t.Errorf("it is %s, and %q stands in the journal", w.message(r).Outcome, w.handled())
		}
	})
}
