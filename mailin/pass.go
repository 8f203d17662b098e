package mailin

import (
	"context"
	"fmt"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/fault"
)

// window is how many UIDs are listed at once, so that the first look into a mailbox of many years takes bounded memory.
const window = 5000

// pass takes in all that waits. What it costs without new mail does not depend on how much there is of old (F30).
func (p *Poller) pass(ctx context.Context, s *server) error {
	folder := p.folder()
	selected, err := s.open(folder, p.Mailbox.IMAP.Flag == "" && p.Mailbox.IMAP.Move == "")
	if err != nil {
		return err
	}
	cursor, found, err := p.Desk.Cursor(ctx, p.Mailbox.Name, folder)
	if err != nil {
		return fmt.Errorf("find the cursor: %w", err)
	}
	if found && cursor.UIDValidity != selected.UIDValidity {
		// The server has numbered its mails anew. All of them are read again, and the desk knows those that it has by what they are.
		p.Log.Warn("UIDVALIDITY has changed, all mails are looked at again", "mailbox", p.Mailbox.Name, "folder", folder,
			"was", cursor.UIDValidity, "is", selected.UIDValidity)
		found = false
	}
	if !found {
		cursor = desk.Cursor{Mailbox: p.Mailbox.Name, Folder: folder, UIDValidity: selected.UIDValidity}
	}
	if err := p.sweep(s, cursor.UID); err != nil {
		return err
	}
	if err := p.takeAfter(ctx, s, cursor); err != nil {
		return err
	}
	p.passed()
	return nil
}

// takeAfter lists window by window, up to what the server had when the folder was opened. Windows without a mail grow, so that numbers
// that were used up long ago cost little.
func (p *Poller) takeAfter(ctx context.Context, s *server, cursor desk.Cursor) error {
	end, err := s.lastUID()
	if err != nil {
		return fmt.Errorf("find the last mail: %w", err)
	}
	last, width := uint64(end), uint64(window)
	if fault.Planted(fault.BySequence) {
		last = uint64(s.selected.NumMessages)
	}
	for from := uint64(cursor.UID) + 1; from <= last; {
		to := min(from+width-1, last)
		mails, err := s.list(uint32(from), uint32(to))
		if err != nil {
			return fmt.Errorf("list mails from UID %d: %w", from, err)
		}
		if err := p.takeAll(ctx, s, cursor, mails); err != nil {
			return err
		}
		if len(mails) == 0 {
			width = min(2*width, maxFound)
		} else {
			width = window
		}
		from = to + 1
	}
	return nil
}

// takeAll fetches and reads mails, and hands them to the desk in batches, one of which the desk decides over while the next is fetched.
func (p *Poller) takeAll(ctx context.Context, s *server, cursor desk.Cursor, mails []listed) error {
	var (
		deciding, next *batch
		fetchErr       error
	)
	for len(mails) > 0 && fetchErr == nil {
		next, mails, fetchErr = p.gather(ctx, s, cursor, mails)
		if err := p.settle(s, deciding); err != nil {
			next.close()
			return err
		}
		if fault.Planted(fault.MarkFirst) {
			for _, a := range next.arrivals {
				p.mark(s, []uint32{a.Position.UID})
			}
		}
		deciding = p.hand(ctx, next)
	}
	if err := p.settle(s, deciding); err != nil && fetchErr == nil {
		return err
	}
	return fetchErr
}
