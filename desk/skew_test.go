package desk_test

import (
	"testing"
	"time"
)

// TestT106MailOfANodeThatIsAhead: a node whose clock is an hour ahead writes mails, and others need not wait an hour until they send them.
func TestT106MailOfANodeThatIsAhead(t *testing.T) {
	each(t, func(w *world) {
		for _, off := range []time.Duration{time.Hour, -time.Hour, 24 * time.Hour} {
			w.now = time.Now().Add(off).UTC()
			w.opened(w.mail(sam, "A question", "How?"))
			n := 0
			for {
				m, err := leaseMail(w.Context(), w.desk, time.Minute)
				if err != nil {
					t.Fatal(err)
				}
				if m == nil {
					break
				}
				n++
			}
			if n < 2 {
				t.Errorf("with a clock that is wrong by %v, %d mails can be sent", off, n)
			}
		}
	})
}
