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

// LeaseMail claims the next mail of the outbox for this node for a while; nil when there is none to try now. Whoever has it ends the
// claim by Tried.
func (d *Desk) LeaseMail(ctx context.Context, lasts time.Duration) (m *Mail, err error) {
	err = d.Store.Update(ctx, func(tx Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		m, err = tx.LeaseMail(ctx, d.Node, now.Add(lasts))
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return m, err
}

// KeepMIME stores the bytes of a mail before its first try, so that every later one sends the same (G5). The first to store wins, and
// m.MIME says what stands.
func (d *Desk) KeepMIME(ctx context.Context, m *Mail, r io.ReadSeeker) error {
	if m.Sealed {
		return d.keepSealedMIME(ctx, m, r)
	}
	return d.Store.Update(ctx, func(tx Tx) error {
		if _, err := r.Seek(0, io.SeekStart); err != nil { // a transaction may be run again
			return err
		}
		source, err := tx.SaveSource(ctx, r)
		if err != nil {
			return err
		}
		if err := tx.SetMIME(ctx, m.ID, source); err != nil {
			return err
		}
		kept, err := tx.Mail(ctx, m.ID)
		if err != nil {
			return err
		}
		m.MIME = kept.MIME
		return nil
	})
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

// Tried records one try to send a mail and what becomes of it. A mail that is given up is told to whoever works on its ticket: an answer
// that did not arrive must not look like one that did (F07).
func (d *Desk) Tried(ctx context.Context, a Attempt) error {
	return d.update(ctx, func(t *turn) error {
		counted := a
		if !a.NotBefore.IsZero() {
			// How long to wait is counted from the clock that nodes share: one with a slow clock would lose its claim in the middle of
			// DATA, and another would send a second copy (T106).
			shared, err := t.tx.Now(ctx)
			if err != nil {
				return err
			}
			counted.NotBefore = shared.Add(a.NotBefore.Sub(a.At))
		}
		if err := t.tx.Tried(ctx, counted); err != nil {
			return err
		}
		if a.State == MailSent {
			return d.forgetSent(ctx, t.tx, a.Mail)
		}
		if a.State == MailWaiting && a.Text == AttemptBegun {
			return nil
		}
		m, err := t.tx.Mail(ctx, a.Mail)
		if err != nil {
			return err
		}
		if a.State == MailFailed {
			return t.undelivered(m, a.Code, a.Text)
		}
		return t.notAgain(m)
	})
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
