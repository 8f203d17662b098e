package desk

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The first connection to an old mailbox brings years of mail that somebody has answered long ago. What arrived before first contact, or
// before the policy's cutoff, is taken in silently: as closed tickets that can be found and answered, without clocks, ledger or mail (F01).

// meet writes down when a folder was first looked at. Whoever polls it asks for its cursor before he fetches, so it is never later than
// the first mail that comes in while we look.
func (d *Desk) meet(ctx context.Context, mailbox, folder string) error {
	err := d.Store.Update(ctx, func(tx Tx) error {
		// Servers tell arrivals in whole seconds.
		_, err := tx.SetMeta(ctx, contactName(mailbox, folder), d.Now().UTC().Truncate(time.Second).Format(time.RFC3339))
		return err
	})
	if err != nil {
		return fmt.Errorf("first contact with %s/%s: %w", mailbox, folder, err)
	}
	return nil
}

func contactName(mailbox, folder string) string { return "first contact " + mailbox + "/" + folder }

// beforeUs tells whether the mail arrived before the desk had anything to do with its mailbox.
func (v *visit) beforeUs() (bool, error) {
	at := v.a.Position
	box := v.p.Mailbox(at.Mailbox)
	if box == nil || box.IMAP == nil {
		return false, nil
	}
	if !box.IMAP.Cutoff.IsZero() {
		return v.at.Before(box.IMAP.Cutoff), nil
	}
	folder := at.Folder
	if folder == box.IMAP.Move {
		if folder = box.IMAP.Folder; folder == "" { // where it came in, and was moved from by a desk that is lost (T108)
			folder = "INBOX"
		}
	}
	name := contactName(at.Mailbox, folder)
	cutoff, known := v.d.contacts.Load(name)
	if !known {
		text, err := v.tx.Meta(v.ctx, name)
		if errors.Is(err, ErrNotFound) {
			return false, nil // nobody polls it: its mails are given to us
		}
		if err != nil {
			return false, err
		}
		read, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		v.d.contacts.Store(name, read)
		cutoff = read
	}
	return v.at.Before(cutoff.(time.Time)), nil
}

// takeIn keeps a mail of the time before us: on the ticket that it belongs to, else on one of its own that is closed already.
func (v *visit) takeIn(p place) error {
	v.because("it arrived before first contact with the mailbox")
	if p.joined != nil {
		v.by = p.by
		return v.keep(p.joined.Number, OutcomeReply, false)
	}
	customer, owned, err := v.account()
	if err != nil {
		return err
	}
	requester, err := v.requester(customer)
	if err != nil {
		return err
	}
	windows := v.freeWindows(owned, v.at)
	verdict := v.p.Rules.Judge(v.facts(customer, owned, windows, 0))
	tk := v.bare(customer, requester, verdict.Language)
	v.grade(tk, verdict, owned, windows)
	tk.Status, tk.ClosedAt, tk.Queue, tk.Assignee = Closed, v.at, tk.Department, ""
	tk.Clocks, tk.Estimate, tk.Missing, tk.Among = nil, nil, nil, nil
	if err := v.tx.AddTicket(v.ctx, tk); err != nil {
		return fmt.Errorf("take in a ticket: %w", err)
	}
	v.tickets[tk.Number] = tk
	v.touch(tk)
	return v.keep(tk.Number, OutcomeNew, false)
}
