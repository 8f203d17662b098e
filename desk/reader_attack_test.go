package desk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
)

// TestAttackMergedIn lets somebody who reads along on one ticket read what was said on another, when staff make that a part of it (T028).
func TestAttackMergedIn(t *testing.T) {
	each(t, func(w *world) {
		tk, assigned := w.readAlong()
		w.pass(time.Hour)
		private := w.opened(w.mail(kim, "For you alone", "There is a canary in it."))
		w.pass(time.Hour)
		w.command(private.Number, "dana", fmt.Sprintf("/merge %d", tk.Number))
		reads := func(address string) string {
			t.Helper()
			v, err := w.desk.ViewOf(w.Context(), w.contact(address), tk.Number, "en")
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(v.Said)
		}
		if s := reads(cy); strings.Contains(s, "canary") {
			t.Errorf("Cy reads what was never said to him: %s", s)
		}
		for _, m := range w.messages(tk.Number) {
			if !strings.Contains(m.Text, "canary") {
				continue
			}
			if k, err := w.desk.KeptFor(w.Context(), w.contact(cy), tk.Number, m.ID); err == nil {
				t.Errorf("Cy may open %q", k.Text)
			}
		}
		if s := reads(kim); !strings.Contains(s, "canary") {
			t.Errorf("Kim does not read her own words: %s", s)
		}
		w.pass(time.Hour)
		w.received(desk.OutcomeReply, w.answer(eve, assigned, "Now it prints."))
		if s := reads(cy); !strings.Contains(s, "Now it prints.") {
			t.Errorf("Cy does not read on: %s", s)
		}
	})
}

// TestAttackListOfMerged looks into the list of one's tickets for one that became a part of another, from which one was taken out (T075).
func TestAttackListOfMerged(t *testing.T) {
	each(t, func(w *world) {
		tk, _ := w.readAlong()
		other := w.opened(w.mail(kim, "Another", "How do I print?"))
		w.command(tk.Number, "dana", fmt.Sprintf("/merge %d", other.Number))
		list := func() (numbers []string) {
			all, _, err := w.desk.TicketsOf(w.Context(), w.contact(cy), 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range all {
				numbers = append(numbers, fmt.Sprint(l.Number))
			}
			return numbers
		}
		w.same("Cy's tickets", list(), []string{fmt.Sprint(other.Number), fmt.Sprint(tk.Number)})
		w.command(other.Number, "dana", "/remove "+cy)
		w.same("Cy's tickets, taken out", list(), nil)
		w.cannotRead(cy, tk.Number)
		w.cannotRead(cy, other.Number)
	})
}

// TestAttackReaderAgrees lets somebody who reads along say yes to an estimate: it is words for us, and the one question a day that may be asked
// of whoever asked is not used up by it (G3).
func TestAttackReaderAgrees(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "A server", "Please install it."))
		w.command(tk.Number, "dana", "/invite "+cy)
		w.pass(time.Hour)
		m := w.mail(cy, fmt.Sprintf("Re: [#%d] A server", tk.Number), "Yes")
		w.same("Cy's yes brings", w.brings(func() { w.received(desk.OutcomeReply, m) }), []string{"aside_words to " + dana})
		w.status(tk.Number, desk.AwaitingConfirmation)
		m = w.mail(kim, fmt.Sprintf("Re: [#%d] A server", tk.Number), "Yes")
		w.same("Kim's, without its token, brings", w.brings(func() { w.received(desk.OutcomeReply, m) }), []string{"confirm_elsewhere to " + kim})
	})
}
