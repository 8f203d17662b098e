package mailin

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/mailin/auth"
	"github.com/postdesk/postdesk/mailin/parse"
)

const (
	// A batch is what the desk gets at once, while the next one is fetched.
	batchMails = 50
	batchBytes = 64 << 20

	window = 5000 // UIDs that are listed at once
)

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
	from, last := uint64(cursor.UID)+1, uint64(math.MaxUint32)
	if next := s.selected.UIDNext; next != 0 {
		last = uint64(next) - 1
	}
	width := uint64(window)
	for from <= last {
		to := min(from+width-1, last)
		ask := uint32(to)
		if s.selected.UIDNext == 0 {
			to, ask = last, 0 // RFC 9051, 6.3.2: such a server leaves it to us to find out
		}
		mails, err := s.list(uint32(from), ask)
		if err != nil {
			return fmt.Errorf("list mails from UID %d: %w", from, err)
		}
		if len(mails) == maxListed {
			to = uint64(mails[len(mails)-1].uid)
		}
		if err := p.takeAll(ctx, s, cursor, mails); err != nil {
			return err
		}
		if len(mails) == 0 {
			width = min(2*width, maxListed)
		} else {
			width = window
		}
		from = to + 1
	}
	return nil
}

// takeAll fetches and reads mails, and hands them to the desk in batches, one of which the desk decides over while the next is fetched.
func (p *Poller) takeAll(ctx context.Context, s *server, cursor desk.Cursor, mails []listed) error {
	var deciding *batch
	for len(mails) > 0 {
		next, rest, fetchErr := p.gather(ctx, s, cursor, mails)
		mails = rest
		if err := p.settle(s, deciding); err != nil {
			next.close()
			return err
		}
		deciding = p.hand(ctx, next)
		if fetchErr != nil {
			return errors.Join(fetchErr, p.settle(s, deciding))
		}
	}
	return p.settle(s, deciding)
}

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
		spool, arrival, err := p.take(s, at, l)
		switch {
		case errors.Is(err, errGone):
			p.Log.Info("mail is gone before it was read", "mailbox", at.Mailbox, "folder", at.Folder, "uid", at.UID)
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
	if err := p.mark(s, uids); err != nil {
		return errors.Join(b.err, err)
	}
	if b.err == nil {
		return nil
	}
	if b.received < len(b.arrivals) && !errors.Is(b.err, context.Canceled) &&
		!errors.Is(b.err, desk.ErrUnavailable) && !errors.Is(b.err, desk.ErrFull) {
		p.reject(b.arrivals[b.received].Position)
	}
	return b.err
}

// take reads one mail, or as much of it as can be had.
func (p *Poller) take(s *server, at desk.Position, l listed) (*spooled, desk.Arrival, error) {
	limit := p.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	t := p.trouble[at]
	if t == nil {
		t = new(trouble)
	}
	var (
		notes   []string
		section = wholeMail
		spool   = &spooled{folder: p.Spool}
		again   = func() io.Writer { // a mail that is asked for twice is kept once
			spool.close()
			*spool = spooled{folder: p.Spool}
			return spool
		}
	)
	where := fmt.Sprintf("UID %d (UIDVALIDITY %d) of %s", at.UID, at.UIDValidity, at.Folder)
	switch {
	case l.size > limit:
		section = headerOnly
		notes = append(notes, fmt.Sprintf("Only the header was read: the mail has %d bytes, which is more than the %d that are taken in. "+
			"The whole is in the mailbox, %s.", l.size, limit, where))
	case t.rung >= headerRung:
		section = headerOnly
		notes = append(notes, fmt.Sprintf("Only the header was read: %s. The whole may be in the mailbox, %s.", t.why, where))
	}
	if section == headerOnly {
		limit = maxHeader
	}

	received := l.at
	if t.rung < nothingRung {
		told, err := s.body(l.uid, section, limit, again)
		if err != nil {
			spool.close()
			return nil, desk.Arrival{}, err
		}
		if received.IsZero() {
			received = told
		}
	} else {
		notes = []string{fmt.Sprintf("The mail could not be read: %s. It may be in the mailbox, %s.", t.why, where)}
		fmt.Fprintf(again(), "Subject: A mail that could not be read\r\n\r\n%s\r\n", notes[0])
	}
	if received.IsZero() {
		received = p.Now()
	}

	arrival := desk.Arrival{Position: at, Received: received, Source: spool}
	arrival.Message, arrival.Assurance = p.read(at, spool, t.unread)
	arrival.Message.Notes = append(arrival.Message.Notes, notes...)
	return spool, arrival, nil
}

// read gives what a mail says, and how surely it is from whom it says. Neither is allowed to fail, and a mail that makes one of them do
// so must not stop the others (F31): it becomes a mail of which only the source is kept.
func (p *Poller) read(at desk.Position, src message.Source, unread bool) (m *message.Message, a message.Assurance) {
	if unread {
		return p.unread(src, "The desk could not take the mail as it was read. Only its source is kept.")
	}
	defer func() {
		if fault := recover(); fault != nil {
			p.Log.Error("reading a mail ended in a fault of the program", "mailbox", at.Mailbox, "folder", at.Folder, "uid", at.UID,
				"fault", fmt.Sprint(fault))
			m, a = p.unread(src, "Reading the mail ended in a fault of the program. Only its source is kept.")
		}
	}()
	m = parse.Parse(src)
	return m, auth.Judge(m, p.Trust)
}

func (p *Poller) unread(src message.Source, why string) (*message.Message, message.Assurance) {
	m := &message.Message{Kind: message.Human, NoAutoResponse: true, Notes: []string{why}, Size: src.Size()}
	h := sha256.New()
	if r, err := src.Open(); err == nil {
		io.Copy(h, r)
		r.Close()
	}
	h.Sum(m.RawHash[:0])
	return m, message.Assurance{Level: message.LevelA0, Why: "the mail was not read"}
}

// Trouble with one mail: it is asked for some times, then for less of it, so that it does not stop the mails behind it for ever (F31).
type trouble struct {
	rung    int
	tries   int
	since   time.Time
	why     string
	refused int  // times the desk did not take it
	unread  bool // it is handed over as a source that nobody has read
}

const (
	wholeRung = iota
	headerRung
	nothingRung

	triesOfRung = 3
	timeOfRung  = 30 * time.Second // at least, for a server that is being restarted says no as well
)

func (p *Poller) troubleOf(at desk.Position) *trouble {
	t := p.trouble[at]
	if t == nil {
		t = &trouble{since: p.Now()}
		p.trouble[at] = t
	}
	return t
}

// stumble counts what may be the fault of this mail.
func (p *Poller) stumble(at desk.Position, err error) {
	answer := (*imap.Error)(nil)
	switch own := (*copyError)(nil); {
	case errors.As(err, &own), errors.As(err, &answer) && passing(answer):
		return
	}
	t := p.troubleOf(at)
	t.tries++
	t.why = err.Error()
	switch {
	case errors.Is(err, errTooLong) && t.rung == wholeRung:
	case t.tries >= triesOfRung && p.Now().Sub(t.since) >= timeOfRung:
	default:
		return
	}
	t.rung, t.tries, t.since = min(t.rung+1, nothingRung), 0, p.Now()
	p.Log.Warn("mail cannot be fetched, less of it is asked for", "mailbox", at.Mailbox, "folder", at.Folder, "uid", at.UID, "error", err)
}

// reject counts how often the desk has refused a mail. It is never left out: in the end its source alone is handed over, for a person to
// look at, and as long as that does not work either the mailbox waits, and says so.
func (p *Poller) reject(at desk.Position) {
	t := p.troubleOf(at)
	t.refused++
	if t.refused >= triesOfRung && !t.unread {
		t.unread = true
		p.Log.Error("the desk does not take a mail, its source alone is handed over", "mailbox", at.Mailbox, "folder", at.Folder, "uid", at.UID)
	}
}
