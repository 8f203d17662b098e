package mailin

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/mailin/auth"
	"github.com/postdesk/postdesk/mailin/parse"
)

// take reads one mail, or as much of it as can be had.
func (p *Poller) take(ctx context.Context, s *server, at desk.Position, l listed) (*spooled, desk.Arrival, error) {
	t := p.trouble[at]
	if t == nil {
		t = new(trouble)
	}
	section, limit, note := p.ask(at, l, t)
	spool := &spooled{folder: p.Spool}
	received := l.at
	if section == nil {
		fmt.Fprintf(spool, "Subject: A mail that could not be read\r\n\r\n%s\r\n", note)
	} else {
		fault.Here(fault.Fetch)
		told, err := s.body(l.uid, section, limit, spool.anew)
		if err != nil {
			spool.close()
			return nil, desk.Arrival{}, err
		}
		if received.IsZero() {
			received = told
		}
	}
	if received.IsZero() {
		received = p.Now()
	}

	arrival := desk.Arrival{Position: at, Received: received, Source: spool}
	var later error
	arrival.Message, arrival.Assurance, later = p.read(ctx, at, spool, t.unread, note == "")
	if later != nil && p.waits(ctx, at) {
		spool.close()
		return nil, desk.Arrival{}, later
	}
	if later != nil {
		p.Log.Warn("mail is judged without what the DNS would tell", "mailbox", at.Mailbox, "folder", at.Folder, "uid", at.UID, "error", later)
		arrival.Assurance.Why += "; " + later.Error()
	}
	if note != "" {
		arrival.Message.Notes = append(arrival.Message.Notes, note)
	}
	return spool, arrival, nil
}

// ask decides how much of a mail is asked for, nil for nothing, and what staff are told where it is not the whole.
func (p *Poller) ask(at desk.Position, l listed, t *trouble) (section *imap.FetchItemBodySection, limit int64, note string) {
	limit = p.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	where := fmt.Sprintf("UID %d (UIDVALIDITY %d) of %s", at.UID, at.UIDValidity, at.Folder)
	switch {
	case t.rung == nothingRung:
		return nil, 0, fmt.Sprintf("The mail could not be read: %s. It may be in the mailbox, %s.", t.why, where)
	case l.size > limit:
		return headerOnly, maxHeader, fmt.Sprintf("Only the header was read: the mail has %d bytes, which is more than the %d that are "+
			"taken in. The whole is in the mailbox, %s.", l.size, limit, where)
	case t.rung == headerRung:
		return headerOnly, maxHeader, fmt.Sprintf("Only the header was read: %s. The whole may be in the mailbox, %s.", t.why, where)
	}
	return wholeMail, limit, ""
}

// read gives what a mail says, and how surely it is from whom it says. Neither is allowed to fail, and a mail that makes one of them do
// so must not stop the others (F31): it becomes a mail of which only the source is kept. An error is an auth.ErrLater.
func (p *Poller) read(ctx context.Context, at desk.Position, src message.Source, unread, whole bool) (m *message.Message, a message.Assurance, later error) {
	if unread {
		m, a = p.unread(src, "The desk could not take the mail as it was read. Only its source is kept.")
		return m, a, nil
	}
	defer func() {
		if fault := recover(); fault != nil {
			p.Log.Error("reading a mail ended in a fault of the program", "mailbox", at.Mailbox, "folder", at.Folder, "uid", at.UID,
				"fault", fmt.Sprint(fault))
			m, a = p.unread(src, "Reading the mail ended in a fault of the program. Only its source is kept.")
			later = nil
		}
	}()
	m = parse.Parse(src)
	if p.Checker == nil || !whole {
		return m, auth.Judge(m, p.Trust), nil
	}
	ctx, done := context.WithTimeout(ctx, longestLookup)
	defer done()
	a, err := p.Checker.Judge(ctx, m, src, p.Trust)
	if err != nil && !errors.Is(err, auth.ErrLater) { // the source broke off, which is said where it is read
		return m, auth.Judge(m, p.Trust), nil
	}
	return m, a, err
}

// How long a mail waits for the DNS, and the mails behind it with it (T018). A sender chooses which names are looked up, and may choose
// some that never answer: so his mail does not wait long, and the mailbox does so for one such mail only in a while. Where no name is
// answered at all, every mail would be judged wrongly, and waiting is better.
const (
	longestLookup = 20 * time.Second // all names of one mail
	waitForName   = time.Minute
	waitForDNS    = 15 * time.Minute
	restFromWaits = 10 * time.Minute
)

// waits tells whether a mail is left for later, for want of an answer of the DNS.
func (p *Poller) waits(ctx context.Context, at desk.Position) bool {
	now := p.Now()
	if now.Sub(p.gaveUp) < restFromWaits {
		return false
	}
	t := p.troubleOf(at)
	if t.asked.IsZero() {
		t.asked = now
	}
	limit := waitForName
	probe, done := context.WithTimeout(ctx, longestLookup)
	defer done()
	if !p.Checker.Answers(probe) {
		limit = waitForDNS
	}
	if ctx.Err() == nil && now.Sub(t.asked) >= limit {
		p.gaveUp = now
		return false
	}
	return true
}

// unread is a mail as little as the desk can have it.
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
