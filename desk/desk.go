// Package desk is the desk itself: it decides what becomes of a mail. Who wrote it and how surely, which ticket it belongs to and whether
// its sender may join that, what the rules say, which clocks run, what is held and charged, what is answered. It speaks neither IMAP nor
// SMTP nor SQL: mailin brings mails, a Store keeps what is decided, mailout takes mails from the outbox.
//
// Each verb is one transaction of the store: load, decide in plain functions over values, save.
package desk

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// A Desk is set up by its exported fields, all of which must be set, and is then safe for concurrent use.
type Desk struct {
	Store     Store
	Policy    func() *policy.Policy // asked once a transaction
	Templates *templates.Set
	Now       func() time.Time // UTC
	Rand      io.Reader        // what makes ids of mails unique
	Node      string           // this process, in leases
	Log       *slog.Logger

	age      atomic.Pointer[age] // of the database, once it was read in a committed turn
	contacts sync.Map            // time of first contact by its name, once it was read
}

// An Arrival is one mail that reached a mailbox, read and judged, ready to be decided over.
type Arrival struct {
	Position  Position
	Received  time.Time // INTERNALDATE: when the server took it
	Source    message.Source
	Message   *message.Message
	Assurance message.Assurance
}

// Cursor is how far a folder has been read; found is false before its first mail. Asking for it the first time is first contact.
func (d *Desk) Cursor(ctx context.Context, mailbox, folder string) (c Cursor, found bool, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		c, err = tx.Cursor(ctx, mailbox, folder)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return Cursor{}, false, d.meet(ctx, mailbox, folder)
	}
	return c, err == nil, err
}

// LeaseMailbox claims a mailbox for this node for a while, and tells whether it may be polled here. A lease is renewed by asking again
// and ends by itself when its node dies (O4).
func (d *Desk) LeaseMailbox(ctx context.Context, mailbox string, lasts time.Duration) (ours bool, err error) {
	err = d.Store.Update(ctx, func(tx Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		ours, err = tx.Lease(ctx, "mailbox:"+mailbox, d.Node, now.Add(lasts))
		return err
	})
	return ours, err
}

// ReleaseMailbox gives a mailbox up for the other nodes, as a node does that stops in good order.
func (d *Desk) ReleaseMailbox(ctx context.Context, mailbox string) error {
	return d.Store.Update(ctx, func(tx Tx) error { return tx.Release(ctx, "mailbox:"+mailbox, d.Node) })
}

// LeaseMails claims the next mails of the outbox for this node for a while, at most that many; none when there is none to try now. Whoever has one
// ends the claim by Tried.
func (d *Desk) LeaseMails(ctx context.Context, lasts time.Duration, most int) (ms []*Mail, err error) {
	err = d.Store.Update(ctx, func(tx Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		ms, err = tx.LeaseMails(ctx, d.Node, now.Add(lasts), most)
		return err
	})
	return ms, err
}

// A Composed mail is one of the outbox with the bytes that are to be sent.
type Composed struct {
	Mail  *Mail
	Bytes io.ReadSeeker
	Kept  bool // these are the bytes that were stored, see KeepMIME
}

// KeepMIME stores the bytes of mails before their first try, so that every later one sends the same (G5). The first to store those of a mail wins:
// Kept says whether these were, and Mail.MIME where what stands is.
func (d *Desk) KeepMIME(ctx context.Context, mails ...*Composed) error {
	var plain []*Composed
	for _, c := range mails {
		c.Kept = false
		if !c.Mail.Sealed {
			plain = append(plain, c)
			continue
		}
		if err := d.keepSealedMIME(ctx, c); err != nil {
			return err
		}
	}
	if len(plain) == 0 {
		return nil
	}
	kept, stand := make([]bool, len(plain)), make([]int64, len(plain))
	err := d.Store.Update(ctx, func(tx Tx) error {
		if err := tx.Expect(ctx, Expected{Sources: len(plain)}); err != nil {
			return err
		}
		for i, c := range plain {
			_, err := c.Bytes.Seek(0, io.SeekStart) // a transaction may be run again
			if err == nil {
				stand[i], err = tx.SaveSource(ctx, c.Bytes)
			}
			if err != nil {
				return err
			}
		}
		for i, c := range plain {
			var err error
			if kept[i], err = tx.SetMIME(ctx, c.Mail.ID, stand[i]); err != nil {
				return err
			}
			if kept[i] {
				continue
			}
			m, err := tx.Mail(ctx, c.Mail.ID)
			if err != nil {
				return err
			}
			stand[i] = m.MIME
		}
		return nil
	})
	for i, c := range plain {
		if err == nil {
			c.Kept, c.Mail.MIME = kept[i], stand[i]
		}
	}
	return err
}

// Source writes raw bytes that the desk keeps: a mail as it came in, or the MIME of one that goes out.
func (d *Desk) Source(ctx context.Context, id int64, w io.Writer) error {
	return d.Store.View(ctx, func(tx Tx) error { return tx.Source(ctx, id, w) })
}

// NextMail is when the outbox wants to be looked at next; zero when nothing waits.
func (d *Desk) NextMail(ctx context.Context) (at time.Time, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		at, err = tx.NextMail(ctx)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return time.Time{}, nil
	}
	return at, err
}

// Tried records tries to send mails and what becomes of these, all or none of them. A mail that is given up is told to whoever works on its
// ticket: an answer that did not arrive must not look like one that did (F07).
func (d *Desk) Tried(ctx context.Context, tries ...Attempt) error {
	return d.update(ctx, func(t *turn) error {
		counted := slices.Clone(tries)
		for i, a := range tries {
			if a.NotBefore.IsZero() {
				continue
			}
			// How long to wait is counted from the clock that nodes share: one with a slow clock would lose its claim in the middle of
			// DATA, and another would send a second copy (T106).
			shared, err := t.tx.Now(ctx)
			if err != nil {
				return err
			}
			counted[i].NotBefore = shared.Add(a.NotBefore.Sub(a.At))
		}
		if err := t.tx.Tried(ctx, counted...); err != nil {
			return err
		}
		for _, a := range tries {
			if err := t.tried(a); err != nil {
				return err
			}
		}
		return nil
	})
}

// tried does what follows from a try.
func (t *turn) tried(a Attempt) error {
	if a.State == MailSent {
		return t.d.forgetSent(t.ctx, t.tx, a.Mail)
	}
	if a.State == MailWaiting && a.Text == AttemptBegun {
		return nil
	}
	m, err := t.tx.Mail(t.ctx, a.Mail)
	if err != nil {
		return err
	}
	if a.State == MailFailed {
		return t.undelivered(m, a.Code, a.Text)
	}
	return t.notAgain(m)
}

// Attempts are the tries of a mail so far.
func (d *Desk) Attempts(ctx context.Context, mail int64) (all []Attempt, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		all, err = tx.Attempts(ctx, mail)
		return err
	})
	return all, err
}

// Vitals are counts of what waits, for health and metrics.
func (d *Desk) Vitals(ctx context.Context) (v Vitals, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		v, err = tx.Vitals(ctx)
		return err
	})
	return v, err
}
