package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/postdesk/postdesk/desk/message"
)

// What a backup does not know is what happened after it: mails came in and were moved on their servers, others went out, tickets were
// opened and their numbers told. So a restored desk is not the one that was lost. It makes tokens of an epoch of its own, gives numbers that
// were not given before, looks for the mails that it lacks, and sends nothing until a person has seen what waits (F15, T108).

// MetaPaused is the small value that keeps the outbox from being sent; it says why.
const MetaPaused = "outbox paused"

const (
	metaEpoch    = "epoch"
	metaFormer   = "former epochs" // []message.Former
	metaRestored = "restored"      // a Restoration
)

// A Restoration is what a restored desk knows of how it came to be.
type Restoration struct {
	Made time.Time `json:"made"` // the backup
	At   time.Time `json:"at"`   // the restore
}

// NumberAfter is the number below which a restored desk gives none, by the last one of its backup: a tenth more, at least a thousand, and
// round. The desk that was lost may have given those in between.
func NumberAfter(last int64) int64 {
	const step = 1000
	return (last + max(last/10, step) + step - 1) / step * step
}

// Restored makes what was read from a backup a desk of its own; last is the highest number of a ticket in it. It runs at the end of the
// transaction that has read it, when the schema may still be an older one, and so touches small values only.
func Restored(ctx context.Context, tx Tx, r Restoration, last int64, rand io.Reader) error {
	former, err := formerEpochs(ctx, tx)
	if err != nil {
		return err
	}
	epoch, err := tx.Meta(ctx, metaEpoch)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if epoch != "" { // else it never wrote a mail
		former = append(former, message.Former{Epoch: epoch, Last: last})
	}
	fresh, err := drawID(rand)
	if err != nil {
		return err
	}
	for name, v := range map[string]any{metaFormer: former, metaRestored: r} {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if err := tx.PutMeta(ctx, name, string(text)); err != nil {
			return err
		}
	}
	if err := tx.PutMeta(ctx, metaEpoch, fresh); err != nil {
		return err
	}
	return tx.PutMeta(ctx, MetaPaused, r.pauses())
}

// pauses is why nothing is sent.
func (r Restoration) pauses() string {
	return fmt.Sprintf("the desk was restored from a backup of %s, and the mails that wait may have been sent since", r.Made.UTC().Format("2006-01-02 15:04 UTC"))
}

// NoteRestored tells the journal of it, when the schema is this program's: the end of a restore. It is false where that was done before, or
// somebody has let the outbox go since.
func NoteRestored(ctx context.Context, st Store, r Restoration) (ended bool, err error) {
	err = st.Update(ctx, func(tx Tx) error {
		ended = false // in an Update that begins anew
		if why, err := tx.Meta(ctx, MetaPaused); why != r.pauses() {
			if errors.Is(err, ErrNotFound) {
				err = nil
			}
			return err
		}
		if _, err := tx.Meta(ctx, r.noted()); !errors.Is(err, ErrNotFound) {
			return err
		}
		ended = true
		if err := tx.PutMeta(ctx, r.noted(), r.At.UTC().Format(time.RFC3339)); err != nil {
			return err
		}
		return appendEvent(ctx, tx, EventOutbox, 0, r.At, OutboxChange{Paused: true, Why: r.pauses(), By: "restore"})
	})
	return ended, err
}

func (r Restoration) noted() string {
	return "noted restore of " + r.At.UTC().Format(time.RFC3339Nano)
}

func formerEpochs(ctx context.Context, tx Tx) (former []message.Former, err error) {
	text, err := tx.Meta(ctx, metaFormer)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &former)
	}
	if err != nil {
		return nil, fmt.Errorf("former epochs: %w", err)
	}
	return former, nil
}

// PauseMail keeps the outbox from being sent until ResumeMail. Mails that are being sent at that moment still go out.
func PauseMail(ctx context.Context, st Store, why, by string, now time.Time) error {
	return st.Update(ctx, func(tx Tx) error {
		if err := tx.PutMeta(ctx, MetaPaused, why); err != nil {
			return err
		}
		return appendEvent(ctx, tx, EventOutbox, 0, now, OutboxChange{Paused: true, Why: why, By: by})
	})
}

// ResumeMail lets the outbox be sent again. It is false where nothing kept it.
func ResumeMail(ctx context.Context, st Store, by string, now time.Time) (paused bool, err error) {
	err = st.Update(ctx, func(tx Tx) error {
		paused = true
		_, err := tx.Meta(ctx, MetaPaused)
		if errors.Is(err, ErrNotFound) {
			paused = false
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.PutMeta(ctx, MetaPaused, ""); err != nil {
			return err
		}
		return appendEvent(ctx, tx, EventOutbox, 0, now, OutboxChange{By: by})
	})
	return paused, err
}

// DropMail gives a mail of the outbox up that waits, because a person says so: nobody is told, the journal has it, and RetryMail
// brings it back. It refuses one that was sent or is being sent.
func DropMail(ctx context.Context, st Store, id int64, by string, now time.Time) error {
	const why = "not to be sent: given up by hand"
	return st.Update(ctx, func(tx Tx) error {
		m, err := tx.Mail(ctx, id)
		switch {
		case err != nil:
			return err
		case m.State == MailSent:
			return fmt.Errorf("mail %d was sent at %s", id, m.SentAt.Format(time.RFC3339))
		case m.State == MailFailed:
			return fmt.Errorf("mail %d was given up before", id)
		}
		if err := beingSent(ctx, tx, m); err != nil {
			return err
		}
		ours, err := giveUp(ctx, tx, m, "taken back by hand", why, now)
		if err != nil {
			return err
		}
		if !ours {
			return fmt.Errorf("mail %d is being sent", id)
		}
		return appendEvent(ctx, tx, EventWithheld, m.Ticket, now, Withheld{Ticket: m.Ticket, Template: m.Template, To: m.To.Addr, Why: why + " by " + by})
	})
}

// giveUp takes a mail that waits back from whoever would send it, and is false where that is happening.
func giveUp(ctx context.Context, tx Tx, m *Mail, by, why string, now time.Time) (bool, error) {
	ours, err := tx.RetryMail(ctx, m, by)
	if err != nil || !ours {
		return false, err
	}
	return true, tx.Tried(ctx, Attempt{Mail: m.ID, At: now, State: MailFailed, Text: why})
}

func appendEvent(ctx context.Context, tx Tx, kind EventKind, ticket int64, now time.Time, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return tx.Append(ctx, &Event{At: now, Ticket: ticket, Kind: kind, Data: raw})
}

// lookback is how long before its backup a mail may have come in that the backup does not have: a desk that was away then took it later.
const lookback = 3 * 24 * time.Hour

// Lacks tells whether mails may lie in a folder to which they were moved after the backup from which the desk was restored, and since
// when. Such mails are not where they came in, and nobody would look for them there.
func (d *Desk) Lacks(ctx context.Context, mailbox, folder string) (since time.Time, lacks bool, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		r, err := restoration(ctx, tx)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = tx.Meta(ctx, r.recovered(mailbox, folder))
		if lacks = errors.Is(err, ErrNotFound); lacks {
			since, err = r.Made.Add(-lookback), nil
		}
		return err
	})
	return since, lacks, err
}

// Recovered writes down that a folder was looked through.
func (d *Desk) Recovered(ctx context.Context, mailbox, folder string) error {
	return d.Store.Update(ctx, func(tx Tx) error {
		r, err := restoration(ctx, tx)
		if err != nil {
			return err
		}
		return tx.PutMeta(ctx, r.recovered(mailbox, folder), d.Now().UTC().Format(time.RFC3339))
	})
}

// RestoredFrom is how a desk came to be, or ErrNotFound where it was not read from a backup.
func RestoredFrom(ctx context.Context, st Store) (r Restoration, err error) {
	err = st.View(ctx, func(tx Tx) error {
		r, err = restoration(ctx, tx)
		return err
	})
	return r, err
}

func restoration(ctx context.Context, tx Tx) (r Restoration, err error) {
	text, err := tx.Meta(ctx, metaRestored)
	if err == nil {
		err = json.Unmarshal([]byte(text), &r)
	}
	return r, err
}

func (r Restoration) recovered(mailbox, folder string) string {
	return fmt.Sprintf("recovered %s %s/%s", r.At.UTC().Format(time.RFC3339), mailbox, folder)
}
