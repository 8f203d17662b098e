package desk

import (
	"errors"
	"fmt"
	"slices"

	"github.com/postdesk/postdesk/desk/message"
)

// revisit is a visit of a message that is kept already: somebody of us decides over it now, as if it had just arrived when it did. What
// it brought of tokens and references is not asked again, so it has no power but what that person gives it.
func (t *turn) revisit(m *Message) (*visit, error) {
	box := t.p.Mailbox(m.Mailbox)
	if box == nil {
		box = t.p.Mailboxes[0]
	}
	v := &visit{
		turn: t, mailbox: box, identity: m.Identity, kept: *m, outcome: m.Outcome, by: m.By, again: true,
		a: &Arrival{Received: m.At, Assurance: message.Assurance{Level: m.Level, Why: m.LevelWhy}},
		m: &message.Message{
			ID: m.MessageID, From: []message.Address{m.From}, FromFields: 1, Subject: m.Subject, Text: m.Text, Visible: m.Visible, Kind: m.Kind,
			Language: m.Language, Attachments: m.Attachments, Notes: m.Notes, NoAutoResponse: m.Kind.Machine(),
		},
	}
	t.at, t.mail, t.source, t.told = m.At, v.m, m.Source, m.ID
	if t.at.After(t.now) {
		t.at = t.now
	}
	var err error
	v.who, err = v.identify()
	v.why = slices.Clone(m.Why)
	return v, err
}

// aside runs do, which decides over another mail, and takes up again what the turn was at.
func (t *turn) aside(do func() error) error {
	at, mail, from, source, told := t.at, t.mail, t.from, t.source, t.told
	defer func() { t.at, t.mail, t.from, t.source, t.told = at, mail, from, source, told }()
	return do()
}

// errDecided tells that somebody else has decided over a message since it was looked at.
var errDecided = errors.New("somebody else was quicker")

// keepAgain gives a message that is kept already its new place.
func (v *visit) keepAgain(ticket int64, outcome Outcome, internal bool) error {
	was := v.kept
	v.outcome = outcome
	v.kept.Ticket, v.kept.Outcome, v.kept.By, v.kept.Why, v.kept.Internal = ticket, outcome, v.by, v.why, internal
	if err := v.tx.SaveMessage(v.ctx, &v.kept, was.Outcome); errors.Is(err, ErrNotFound) {
		return errDecided
	} else if err != nil {
		return err
	}
	delete(v.threads, was.Ticket)
	delete(v.threads, ticket)
	if was.Ticket != 0 && was.Ticket != ticket {
		if err := v.tx.DropRefs(v.ctx, []message.ID{v.m.ID}, was.Ticket); err != nil {
			return fmt.Errorf("lead message %d elsewhere: %w", v.kept.ID, err)
		}
	}
	if ticket == 0 {
		return nil
	}
	return v.tx.AddRefs(v.ctx, v.refs(ticket))
}
