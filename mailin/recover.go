package mailin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/postdesk/postdesk/desk"
)

// recoverMoved takes in what a restored desk lacks and does not find where mails come in: the desk that was lost had them, and has moved
// them. They stay where they are. It is done once after a restore; cut short, it is done again, and the desk knows what it has (T108).
func (p *Poller) recoverMoved(ctx context.Context, s *server) error {
	folder := p.Mailbox.IMAP.Move
	if folder == "" {
		return nil
	}
	since, lacks, err := p.Desk.Lacks(ctx, p.Mailbox.Name, folder)
	if err != nil {
		return fmt.Errorf("ask whether mails are missing since a restore: %w", err)
	}
	if !lacks {
		return nil
	}
	selected, err := s.open(folder, true)
	if refused := (*imap.Error)(nil); errors.As(err, &refused) {
		// Perhaps nothing was ever moved. The next connection asks again.
		p.Log.Warn("mails missing since a restore cannot be looked for", "mailbox", p.Mailbox.Name, "folder", folder, "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	last, err := s.lastUID()
	if err != nil {
		return fmt.Errorf("find the last mail of %s: %w", folder, err)
	}
	uids, err := s.search(1, last, imap.SearchCriteria{Since: since})
	if err != nil {
		return fmt.Errorf("look for mails missing since a restore: %w", err)
	}
	p.Log.Info("looking for mails that a restored desk lacks", "mailbox", p.Mailbox.Name, "folder", folder, "since", since, "mails", len(uids))
	s.moved = true
	defer func() { s.moved = false }()
	cursor := desk.Cursor{Mailbox: p.Mailbox.Name, Folder: folder, UIDValidity: selected.UIDValidity}
	for some := range slices.Chunk(uids, window) {
		mails, err := s.list(some[0], some[len(some)-1])
		if err != nil {
			return fmt.Errorf("list mails from UID %d of %s: %w", some[0], folder, err)
		}
		mails = slices.DeleteFunc(mails, func(l listed) bool { _, found := slices.BinarySearch(some, l.uid); return !found })
		if err := p.takeAll(ctx, s, cursor, mails); err != nil {
			return err
		}
	}
	if err := p.Desk.Recovered(ctx, p.Mailbox.Name, folder); err != nil {
		return fmt.Errorf("note that no mail is missing since the restore: %w", err)
	}
	return nil
}
