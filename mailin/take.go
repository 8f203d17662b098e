package mailin

import (
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/mailin/auth"
	"github.com/postdesk/postdesk/mailin/parse"
)

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
