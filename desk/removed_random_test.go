package desk_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
)

// TestRemovedRandom lets people be put in copy, let in and taken out, write, answer, ask and be decided over, in any order and at any level.
// Whatever happens, whoever was taken out gets no mail of that ticket and reads nothing of it, until somebody who may says that he is let in.
func TestRemovedRandom(t *testing.T) {
	each(t, func(w *world) {
		r := rand.New(rand.NewPCG(11, 6))
		one := func(of ...string) string { return of[r.IntN(len(of))] }
		var numbers []int64
		for i, from := range []string{kim, kim, bo} {
			numbers = append(numbers, w.opened(w.mail(from, fmt.Sprintf("Question %d", i), fmt.Sprintf("How do I export %d?", i))).Number)
		}
		people := []string{bo, cy, hoster, ann}
		roles := func() map[string]desk.Role {
			all := map[string]desk.Role{}
			for _, n := range numbers {
				for _, p := range w.ticket(n).Participants {
					all[fmt.Sprintf("%d %s", n, p.Contact.Address)] = p.Role
				}
			}
			return all
		}
		done := map[string]int{}
		box := w.outbox()
		for i := range 150 {
			w.pass(time.Duration(r.IntN(300)) * time.Second)
			n, who := numbers[r.IntN(len(numbers))], people[r.IntN(len(people))]
			before, said := roles(), ""
			switch r.IntN(8) {
			case 0:
				said = "/invite"
				w.trySaid(n, said+" "+who)
			case 1:
				w.trySaid(n, "/remove "+who)
			case 2, 3:
				to := box[r.IntN(len(box))]
				from := to.To.Addr
				if w.policy.StaffByAddress(from) != nil || r.IntN(4) == 0 {
					from = one(kim, bo, cy, hoster, ann)
				}
				m := w.answer(from, to, fmt.Sprintf("And %d?", i)).cc(who, one(people...))
				if r.IntN(3) == 0 {
					m = m.bareCopy(w, w.ticket(n))
				}
				if r.IntN(3) == 0 {
					m = m.at(levels[r.IntN(len(levels))])
				}
				got := w.receive(m)
				done[string(got.Outcome)]++
				if got.Outcome == desk.OutcomeReply && before[fmt.Sprintf("%d %s", got.Ticket, from)] == desk.Removed {
					t.Errorf("step %d: %s writes on ticket %d", i, from, got.Ticket)
				}
			case 4:
				w.receive(w.answer(dana, w.lastFor(n, dana), fmt.Sprintf("Like this %d.", i)))
			case 5:
				by := w.contact(one(kim, bo))
				if r.IntN(2) == 0 {
					if err := w.desk.LetInAs(w.Context(), by, n, who); err == nil {
						said = "let in"
					}
				} else if err := w.desk.TakeOutAs(w.Context(), by, n, who); err != nil && !errors.Is(err, desk.ErrNotFound) {
					t.Fatal(err)
				}
			case 6:
				if m := w.lastOf("ask_copies", kim); m != nil {
					w.receive(w.answer(kim, m, one("yes", "no")))
				}
			case 7:
				for _, m := range w.heldMails() {
					var err error
					if r.IntN(2) == 0 {
						_, err = w.desk.JoinHeld(w.Context(), m.ID, n, "dana")
					} else {
						_, err = w.desk.ReleaseHeld(w.Context(), m.ID, "dana")
					}
					var wrong *desk.HeldError
					if err != nil && !errors.As(err, &wrong) {
						t.Fatal(err)
					}
				}
			}
			after := roles()
			for key, role := range before {
				switch now := after[key]; {
				case role != desk.Removed:
				case now == desk.Removed:
					done["stays out"]++
				case said == "" || key != fmt.Sprintf("%d %s", n, who):
					t.Errorf("step %d: %s is %s again, and nobody has said so", i, key, now)
				default:
					done["comes back"]++
				}
			}
			sent := len(box)
			box = w.outbox()
			for _, m := range box[sent:] {
				key := fmt.Sprintf("%d %s", m.Ticket, m.To.Addr)
				if m.Audience == "customer" && before[key] == desk.Removed && after[key] == desk.Removed {
					t.Errorf("step %d: %s gets %s: %s", i, key, m.Template, m.Text)
				}
			}
			for key, role := range after {
				var number int64
				var address string
				fmt.Sscan(key, &number, &address)
				_, err := w.desk.ViewOf(w.Context(), w.contact(address), number, "en")
				if role == desk.Removed && !errors.Is(err, desk.ErrNotFound) {
					t.Errorf("step %d: %s reads it: %v", i, key, err)
				}
			}
		}
		for _, what := range []string{"stays out", "comes back", string(desk.OutcomeReply), string(desk.OutcomeLinked), string(desk.OutcomeHeld)} {
			if done[what] < 2 {
				t.Errorf("%q came about %d times: %v", what, done[what], done)
			}
		}
		if !slices.ContainsFunc(box, func(m *desk.Mail) bool { return m.To.Addr == cy && strings.Contains(m.Text, "Like this") }) {
			t.Error("nobody ever read along")
		}
	})
}

// trySaid lets Dana give a command by a page, be it right or wrong where the ticket stands.
func (w *world) trySaid(ticket int64, line string) {
	w.Helper()
	var wrong *desk.CommandError
	if err := w.desk.Command(w.Context(), ticket, "dana", line); err != nil && !errors.As(err, &wrong) {
		w.Fatal(err)
	}
}
