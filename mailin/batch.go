package mailin

import (
	"context"
	"errors"
	"fmt"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/mailin/auth"
)

// A batch is full with so many mails or bytes.
const (
	batchMails = 50
	batchBytes = 64 << 20
)

// A batch is some mails on their way to the desk.
type batch struct {
	arrivals []desk.Arrival
	spooled  []*spooled
	done     chan struct{} // closed when the desk has decided
	received int
	err      error
}

func (b *batch) close() {
	for _, s := range b.spooled {
		s.close()
	}
}

// gather fetches and reads a batch. An error is about the mail that comes after those of the batch.
func (p *Poller) gather(ctx context.Context, s *server, cursor desk.Cursor, mails []listed) (b *batch, rest []listed, err error) {
	b = &batch{done: make(chan struct{})}
	bytes := int64(0)
	for len(mails) > 0 && len(b.arrivals) < batchMails && bytes < batchBytes {
		l := mails[0]
		at := cursor
		at.UID = l.uid
		spool, arrival, err := p.take(ctx, s, at, l)
		switch {
		case errors.Is(err, errGone):
			delete(p.trouble, at)
			p.Log.Info("mail is gone before it was read", "mailbox", at.Mailbox, "folder", at.Folder, "uid", at.UID)
		case errors.Is(err, auth.ErrLater):
			return b, mails, fmt.Errorf("judge UID %d: %w", l.uid, err)
		case err != nil:
			if ctx.Err() == nil {
				p.stumble(at, err)
			}
			return b, mails, fmt.Errorf("fetch UID %d: %w", l.uid, err)
		default:
			b.spooled = append(b.spooled, spool)
			b.arrivals = append(b.arrivals, arrival)
			bytes += spool.Size()
		}
		mails = mails[1:]
	}
	return b, mails, nil
}

// hand gives a batch to the desk.
func (p *Poller) hand(ctx context.Context, b *batch) *batch {
	if len(b.arrivals) == 0 {
		close(b.done)
		return b
	}
	go func() {
		defer close(b.done)
		receptions, err := p.Desk.Receive(ctx, b.arrivals)
		b.received, b.err = len(receptions), err
		if err == nil && b.received != len(b.arrivals) {
			b.err = fmt.Errorf("the desk took %d of %d mails", b.received, len(b.arrivals))
		}
	}()
	return b
}

// settle waits for the desk and marks on the server what it has.
func (p *Poller) settle(s *server, b *batch) error {
	if b == nil {
		return nil
	}
	<-b.done
	defer b.close()
	p.took(b.received)
	uids := make([]uint32, 0, b.received)
	for _, a := range b.arrivals[:b.received] {
		uids = append(uids, a.Position.UID)
		delete(p.trouble, a.Position)
	}
	if len(uids) > 0 {
		p.Log.Info("mails are with the desk", "mailbox", p.Mailbox.Name, "mails", len(uids), "through_uid", uids[len(uids)-1])
	}
	marked := p.mark(s, uids)
	if b.err == nil {
		return marked
	}
	if b.received < len(b.arrivals) && !errors.Is(b.err, context.Canceled) &&
		!errors.Is(b.err, desk.ErrUnavailable) && !errors.Is(b.err, desk.ErrFull) {
		p.reject(b.arrivals[b.received].Position)
	}
	return b.err // whatever is not marked, the next connection finds
}
