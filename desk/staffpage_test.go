package desk_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
)

// P3: each of us sees the tickets of the queues that he works on, what is due first at the top, and no others.
func TestP3Queue(t *testing.T) {
	each(t, func(w *world) {
		installed := w.agreed("Install it") // Eve's
		asked := w.opened(w.mail(ann, "Which one?", "A question."))
		w.pass(time.Hour)
		later := w.opened(w.mail(ann, "And which one?", "Another question, about colours."))
		waiting := w.opened(w.mail(kim, "Develop it", "Please develop it.")) // to be estimated
		w.received(desk.OutcomeReply, w.answer(dana, w.lastFor(asked.Number, dana), "This one.\n/close"))

		queue := func(id string) desk.Queue {
			q, err := w.desk.QueueOf(t.Context(), w.policy.StaffByID(id), "en")
			if err != nil {
				t.Fatal(err)
			}
			return q
		}
		numbers := func(all []desk.Queued) (list []string) {
			for _, item := range all {
				list = append(list, fmt.Sprintf("#%d %s", item.Number, item.Clock))
			}
			return list
		}
		due := func(tickets ...*desk.Ticket) (list []string) {
			for _, tk := range tickets {
				list = append(list, fmt.Sprintf("#%d first_response", tk.Number))
			}
			return list
		}
		q := queue("eve")
		w.same("Eve's own", numbers(q.Mine), due(installed))
		w.same("nobody's", numbers(q.Nobodys), due(later, waiting))
		w.same("of others, to Max who works on one queue", numbers(queue("max").Others), nil)
		w.same("nobody's, to Max", numbers(queue("max").Nobodys), due(later))
		w.same("of others, to Dana", numbers(queue("dana").Others), due(installed))
		if q.MayHold || !queue("dana").MayHold {
			t.Error("held mails are for dispatchers")
		}
		w.pass(100 * time.Hour)
		if q := queue("eve"); len(q.Mine) != 1 || !q.Mine[0].Late {
			t.Errorf("after four days: %+v", q.Mine)
		}

		_, err := w.desk.StaffViewOf(t.Context(), w.policy.StaffByID("max"), installed.Number, "en")
		if !errors.Is(err, desk.ErrNotFound) {
			t.Errorf("a ticket of a queue that Max does not work on: %v", err)
		}
		if _, _, err := w.desk.HeldFor(t.Context(), w.policy.StaffByID("max")); !errors.Is(err, desk.ErrNotFound) {
			t.Errorf("held mails for Max: %v", err)
		}
		v, err := w.desk.StaffViewOf(t.Context(), w.policy.StaffByID("eve"), installed.Number, "de")
		if err != nil {
			t.Fatal(err)
		}
		if v.With != "Eve" || len(v.Clocks) != 2 || v.Clocks[0].Target != "1 Arbeitstag" || len(v.Said) != 2 || len(v.Sent) < 3 || len(v.Settled) < 5 {
			t.Errorf("the ticket is %+v", v)
		}
	})
}
