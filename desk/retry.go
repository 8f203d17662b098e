package desk

import (
	"context"
	"fmt"
	"time"
)

// The texts of attempts that say something about the tries after them, whichever process reads them.
const (
	// AttemptBegun is written before DATA. The attempt after it tells how it ended; where there is none, the process died and nobody
	// knows whether the mail left.
	AttemptBegun = "sending"
	// AttemptAsked is written when a person wants the mail tried again: what was before does not count any more.
	AttemptAsked = "asked for by hand"
)

// Unmute lets mail go to an address again after a complaint, and tells whether it did not.
func Unmute(ctx context.Context, st Store, address string) (muted bool, err error) {
	err = st.Update(ctx, func(tx Tx) error {
		muted, err = tx.Unmute(ctx, address)
		return err
	})
	return muted, err
}

// RetryMail lets a mail of the outbox be tried at once, also one that was given up, and counts its tries anew. It refuses one that was
// sent, or that is being sent, since a second copy could leave.
func RetryMail(ctx context.Context, st Store, id int64) error {
	return st.Update(ctx, func(tx Tx) error {
		m, err := tx.Mail(ctx, id)
		if err != nil {
			return err
		}
		if m.State == MailSent {
			return fmt.Errorf("mail %d was sent at %s", id, m.SentAt.Format(time.RFC3339))
		}
		if err := beingSent(ctx, tx, m); err != nil {
			return err
		}
		ok, err := tx.RetryMail(ctx, m, AttemptAsked)
		if err == nil && !ok {
			err = fmt.Errorf("mail %d is being sent", id)
		}
		return err
	})
}

// beingSent is an error for a mail of which a try was begun whose end is not written down yet.
func beingSent(ctx context.Context, tx Tx, m *Mail) error {
	attempts, err := tx.Attempts(ctx, m.ID)
	if err != nil {
		return err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	if n := len(attempts); n > 0 && attempts[n-1].Text == AttemptBegun && now.Before(m.NotBefore) {
		return fmt.Errorf("mail %d is being sent, unless the node that sends it has died: then it is tried again at %s", m.ID, m.NotBefore.Format(time.RFC3339))
	}
	return nil
}
