package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
)

// A mailRow is a mail of the outbox as its table has it.
type mailRow struct {
	ID           int64                          `db:"id"`
	Ticket       *int64                         `db:"ticket"`
	Mailbox      string                         `db:"mailbox"`
	Template     string                         `db:"template"`
	Audience     string                         `db:"audience"`
	EnvelopeFrom string                         `db:"envelope_from"`
	FromName     string                         `db:"from_name"`
	FromAddr     string                         `db:"from_addr"`
	ToName       string                         `db:"to_name"`
	ToAddr       string                         `db:"to_addr"`
	ReplyToName  string                         `db:"reply_to_name"`
	ReplyToAddr  string                         `db:"reply_to_addr"`
	Subject      string                         `db:"subject"`
	Body         string                         `db:"body"`
	HTML         string                         `db:"html"`
	Language     string                         `db:"language"`
	MessageID    string                         `db:"message_id"`
	InReplyTo    string                         `db:"in_reply_to"`
	Refs         document[[]message.ID]         `db:"refs"`
	Automatic    bool                           `db:"automatic"`
	Sealed       bool                           `db:"sealed"`
	Attachments  document[[]desk.AttachmentRef] `db:"attachments"`
	At           instant                        `db:"at"`
	State        string                         `db:"state"`
	MIME         *int64                         `db:"mime"`
	Attempts     int                            `db:"attempts"`
	NotBefore    instant                        `db:"not_before"`
	SentAt       instant                        `db:"sent_at"`
}

const mailColumns = `id, ticket, mailbox, template, audience, envelope_from, from_name, from_addr, to_name, to_addr, reply_to_name,
	reply_to_addr, subject, body, html, language, message_id, in_reply_to, refs, automatic, sealed, attachments, at, state, mime, attempts,
	not_before, sent_at`

const insertMail = `
	INSERT INTO outbox (ticket, mailbox, template, audience, envelope_from, from_name, from_addr, to_name, to_addr, reply_to_name,
		reply_to_addr, subject, body, html, language, message_id, in_reply_to, refs, automatic, sealed, attachments, at, state, mime, attempts,
		not_before, sent_at, due, leased_by)
	VALUES (:ticket, :mailbox, :template, :audience, :envelope_from, :from_name, :from_addr, :to_name, :to_addr, :reply_to_name,
		:reply_to_addr, :subject, :body, :html, :language, :message_id, :in_reply_to, :refs, :automatic, :sealed, :attachments, :at, :state, :mime,
		:attempts, :not_before, :sent_at, :due, '')`

var insertMailRow = insertOf("outbox", mailColumns+", due, leased_by", "")

// AddMail implements desk.Tx. A mail without a state waits.
func (x *tx) AddMail(ctx context.Context, m *desk.Mail) error {
	if m.State == "" {
		m.State = desk.MailWaiting
	}
	row := args{
		"ticket": null(m.Ticket), "mailbox": m.Mailbox, "template": m.Template, "audience": m.Audience,
		"envelope_from": m.EnvelopeFrom, "from_name": m.From.Name, "from_addr": m.From.Addr,
		"to_name": m.To.Name, "to_addr": m.To.Addr, "reply_to_name": m.ReplyTo.Name, "reply_to_addr": m.ReplyTo.Addr,
		"subject": m.Subject, "body": m.Text, "html": m.HTML, "language": m.Language,
		"message_id": m.MessageID, "in_reply_to": m.InReplyTo, "refs": document[[]message.ID]{m.References},
		"automatic": m.Automatic, "sealed": m.Sealed, "attachments": document[[]desk.AttachmentRef]{m.Attachments}, "at": m.At, "state": m.State,
		"mime": null(m.MIME), "attempts": m.Attempts, "not_before": m.NotBefore, "sent_at": m.SentAt, "due": due(m.NotBefore), "leased_by": "",
	}
	var err error
	if x.ahead {
		err = x.addMail(ctx, m, row)
	} else {
		err = x.addOne(ctx, &m.ID, insertMail, "id", row)
	}
	if err != nil {
		return fmt.Errorf("add mail to %s: %w", m.To.Addr, err)
	}
	return nil
}

// addMail keeps a mail to be written with others.
func (x *tx) addMail(ctx context.Context, m *desk.Mail, row args) (err error) {
	if m.ID, err = x.number(ctx, mailTable); err != nil {
		return err
	}
	row["id"] = m.ID
	if err := x.later(ctx, mailTable, row); err != nil {
		return err
	}
	if sent := x.known.sent[clean(m.To.Addr)]; sent != nil && m.Automatic {
		var r sentRow
		if err := read(&r, row); err != nil {
			return err
		}
		sent.mails = append(sent.mails, r)
	}
	return nil
}

// due is the time from which a mail may be tried: at once, where none is given.
func due(notBefore time.Time) any {
	if notBefore.IsZero() {
		return never
	}
	return notBefore
}

const (
	selectMail  = `SELECT ` + mailColumns + ` FROM outbox WHERE id = :id`
	selectMails = `SELECT ` + mailColumns + ` FROM outbox WHERE ticket = :ticket ORDER BY id`

	selectWaitingMails = `SELECT ` + mailColumns + ` FROM outbox WHERE state = 'waiting' ORDER BY due, id LIMIT CAST(:limit AS bigint)`
	selectFailedMails  = `SELECT ` + mailColumns + ` FROM outbox WHERE state = 'failed' ORDER BY id DESC LIMIT CAST(:limit AS bigint)`
)

// Mail implements desk.Tx.
func (x *tx) Mail(ctx context.Context, id int64) (*desk.Mail, error) {
	var row mailRow
	if err := x.get(ctx, &row, selectMail, args{"id": id}); err != nil {
		return nil, fmt.Errorf("mail %d: %w", id, err)
	}
	return row.mail(), nil
}

// Mails implements desk.Tx.
func (x *tx) Mails(ctx context.Context, ticket int64) ([]*desk.Mail, error) {
	ms, err := x.mails(ctx, selectMails, args{"ticket": ticket})
	if err != nil {
		return nil, fmt.Errorf("mails of ticket %d: %w", ticket, err)
	}
	return ms, nil
}

// WaitingMails implements desk.Tx.
func (x *tx) WaitingMails(ctx context.Context, limit int) ([]*desk.Mail, error) {
	ms, err := x.mails(ctx, selectWaitingMails, args{"limit": limit})
	if err != nil {
		return nil, fmt.Errorf("mails that wait: %w", err)
	}
	return ms, nil
}

// FailedMails implements desk.Tx.
func (x *tx) FailedMails(ctx context.Context, limit int) ([]*desk.Mail, error) {
	ms, err := x.mails(ctx, selectFailedMails, args{"limit": limit})
	if err != nil {
		return nil, fmt.Errorf("mails that were given up: %w", err)
	}
	return ms, nil
}

func (x *tx) mails(ctx context.Context, query string, a args) ([]*desk.Mail, error) {
	var rows []mailRow
	if err := x.list(ctx, &rows, query, a); err != nil {
		return nil, err
	}
	var ms []*desk.Mail
	for _, r := range rows {
		ms = append(ms, r.mail())
	}
	return ms, nil
}

func (r mailRow) mail() *desk.Mail {
	return &desk.Mail{
		ID: r.ID, Ticket: value(r.Ticket), Mailbox: r.Mailbox, Template: r.Template, Audience: r.Audience,
		EnvelopeFrom: r.EnvelopeFrom, From: message.Address{Name: r.FromName, Addr: r.FromAddr},
		To: message.Address{Name: r.ToName, Addr: r.ToAddr}, ReplyTo: message.Address{Name: r.ReplyToName, Addr: r.ReplyToAddr},
		Subject: r.Subject, Text: r.Body, HTML: r.HTML, Language: r.Language,
		MessageID: message.ID(r.MessageID), InReplyTo: message.ID(r.InReplyTo), References: r.Refs.v, Automatic: r.Automatic, Sealed: r.Sealed,
		Attachments: r.Attachments.v, At: r.At.time(), State: desk.MailState(r.State), MIME: value(r.MIME), Attempts: r.Attempts,
		NotBefore: r.NotBefore.time(), SentAt: r.SentAt.time(),
	}
}

const (
	// Whoever's UPDATE comes first has a mail; the other one finds due moved on and does not get it. While the outbox is paused nobody gets one.
	leaseMails = `
		UPDATE outbox SET due = :until, leased_by = :node
		WHERE id IN (SELECT id FROM outbox WHERE state = 'waiting' AND due <= :now ORDER BY due, id LIMIT CAST(:most AS bigint))
			AND state = 'waiting' AND due <= :now AND ` + notPaused + `
		RETURNING ` + mailColumns
	selectReady = `SELECT id FROM outbox WHERE state = 'waiting' AND due <= :now AND ` + notPaused + ` ORDER BY due, id LIMIT 1`

	notPaused = `NOT EXISTS (SELECT 1 FROM meta WHERE name = '` + desk.MetaPaused + `')`
)

// LeaseMails implements desk.Tx.
func (x *tx) LeaseMails(ctx context.Context, node string, until time.Time, most int) ([]*desk.Mail, error) {
	if x.view {
		return nil, fmt.Errorf("lease mails: %w", errWriteInView)
	}
	now, err := x.Now(ctx)
	if err != nil {
		return nil, err
	}
	for {
		ms, err := x.mails(ctx, leaseMails, args{"node": node, "until": until, "now": now, "most": most})
		if err != nil {
			return nil, fmt.Errorf("lease mails: %w", err)
		}
		if len(ms) > 0 {
			slices.SortFunc(ms, func(a, b *desk.Mail) int { return cmp.Or(a.NotBefore.Compare(b.NotBefore), cmp.Compare(a.ID, b.ID)) })
			return ms, nil // RETURNING promises no order
		}
		// Other nodes were quicker, or nothing is ready: only the second is an answer.
		var id int64
		switch err := x.get(ctx, &id, selectReady, args{"now": now}); {
		case errors.Is(err, desk.ErrNotFound):
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("lease mails: %w", err)
		}
	}
}

const setMIME = `UPDATE outbox SET mime = :source WHERE id = :id AND mime IS NULL`

// SetMIME implements desk.Tx.
func (x *tx) SetMIME(ctx context.Context, mail, source int64) (bool, error) {
	rows, err := x.exec(ctx, setMIME, args{"id": mail, "source": source})
	if err == nil && rows == 0 {
		_, err = x.Mail(ctx, mail) // it has one, unless there is no such mail
	}
	if err != nil {
		return false, fmt.Errorf("set MIME of mail %d: %w", mail, err)
	}
	return rows > 0, nil
}

const (
	insertAttempt = `
		INSERT INTO attempt (mail, at, state, not_before, code, reply) VALUES (:mail, :at, :state, :not_before, :code, :reply)`
	// A mail that was sent stays sent: a node whose lease had ended may still report a try of its own.
	closeAttempt = `
		UPDATE outbox SET attempts = attempts + 1, leased_by = '',
			state = CASE WHEN state = 'sent' THEN state ELSE :state END,
			sent_at = CASE WHEN state = 'sent' THEN sent_at ELSE :sent_at END,
			not_before = CASE WHEN state = 'sent' THEN not_before ELSE :not_before END,
			due = CASE WHEN state = 'sent' THEN due ELSE :due END
		WHERE id = :mail AND (CAST(:turn AS bigint) = 0 OR attempts = CAST(:turn AS bigint) - 1)`
)

// Tried implements desk.Tx.
func (x *tx) Tried(ctx context.Context, tries ...desk.Attempt) error {
	var rows []args
	for _, a := range tries {
		if err := x.tried(ctx, a); err != nil {
			return fmt.Errorf("try of mail %d: %w", a.Mail, err)
		}
		rows = append(rows, args{"mail": a.Mail, "at": a.At, "state": a.State, "not_before": a.NotBefore, "code": a.Code, "reply": a.Text})
	}
	if _, err := x.execAll(ctx, insertAttempt, rows); err != nil {
		return fmt.Errorf("tries of mail %d: %w", tries[0].Mail, err)
	}
	return nil
}

// tried is what becomes of a mail by one try.
func (x *tx) tried(ctx context.Context, a desk.Attempt) error {
	var sent time.Time
	turn := a.Turn
	if a.State == desk.MailSent {
		sent, turn = a.At, 0
	}
	rows, err := x.exec(ctx, closeAttempt, args{
		"mail": a.Mail, "state": a.State, "sent_at": sent, "not_before": a.NotBefore, "due": due(a.NotBefore), "turn": turn,
	})
	if err != nil || rows > 0 {
		return err
	}
	if _, err := x.Mail(ctx, a.Mail); err != nil || turn == 0 {
		return errors.Join(err, desk.ErrNotFound)
	}
	return desk.ErrTaken
}

// A mail that a node has leased is its business until the lease ends. One whose DATA begins is leased no more and waits, as one that nobody
// has: so whoever has found that it is not being sent says after how many tries.
const retryMail = `
	UPDATE outbox SET state = 'waiting', attempts = attempts + 1, not_before = :now, due = :now, leased_by = ''
	WHERE id = :id AND attempts = :attempts AND (state = 'failed' OR state = 'waiting' AND (leased_by = '' OR due <= :now))`

// RetryMail implements desk.Tx.
func (x *tx) RetryMail(ctx context.Context, m *desk.Mail, why string) (bool, error) {
	now, err := x.Now(ctx)
	if err != nil {
		return false, err
	}
	rows, err := x.exec(ctx, retryMail, args{"id": m.ID, "attempts": m.Attempts, "now": now})
	if err == nil && rows == 1 {
		_, err = x.exec(ctx, insertAttempt, args{
			"mail": m.ID, "at": now, "state": desk.MailWaiting, "not_before": now, "code": 0, "reply": why,
		})
	}
	if err != nil {
		return false, fmt.Errorf("retry mail %d: %w", m.ID, err)
	}
	return rows == 1, nil
}

const selectAttempts = `SELECT mail, at, state, not_before, code, reply FROM attempt WHERE mail = :mail ORDER BY id`

// Attempts implements desk.Tx.
func (x *tx) Attempts(ctx context.Context, mail int64) ([]desk.Attempt, error) {
	var rows []struct {
		Mail      int64   `db:"mail"`
		At        instant `db:"at"`
		State     string  `db:"state"`
		NotBefore instant `db:"not_before"`
		Code      int     `db:"code"`
		Reply     string  `db:"reply"`
	}
	if err := x.list(ctx, &rows, selectAttempts, args{"mail": mail}); err != nil {
		return nil, fmt.Errorf("attempts of mail %d: %w", mail, err)
	}
	var as []desk.Attempt
	for _, r := range rows {
		as = append(as, desk.Attempt{
			Mail: r.Mail, At: r.At.time(), State: desk.MailState(r.State), NotBefore: r.NotBefore.time(), Code: r.Code, Text: r.Reply,
		})
	}
	return as, nil
}

const selectNextMail = `SELECT due FROM outbox WHERE state = 'waiting' AND ` + notPaused + ` ORDER BY due, id LIMIT 1`

// NextMail implements desk.Tx. A mail that a node has leased may be tried again when the lease ends. A mail that was put in
// without a time may be tried at once, which is long ago.
func (x *tx) NextMail(ctx context.Context) (time.Time, error) {
	var at instant
	if err := x.get(ctx, &at, selectNextMail, nil); err != nil {
		return time.Time{}, fmt.Errorf("next mail: %w", err)
	}
	return at.time(), nil
}

const countSentTo = `
	SELECT COUNT(*) FROM outbox
	WHERE to_addr = :address AND automatic AND at >= :since
		AND (template = :template OR CAST(:template AS text) = '') AND (ticket = :ticket OR CAST(:ticket AS bigint) = 0)`

// SentTo implements desk.Tx.
func (x *tx) SentTo(ctx context.Context, address, template string, ticket int64, since time.Time) (int, error) {
	if x.ahead {
		n, err := x.sentTo(ctx, address, template, ticket, since)
		if err != nil {
			return 0, fmt.Errorf("count mails sent to %s: %w", address, err)
		}
		return n, nil
	}
	var n int
	err := x.get(ctx, &n, countSentTo, args{"address": address, "template": template, "ticket": ticket, "since": due(since)})
	if err != nil {
		return 0, fmt.Errorf("count mails sent to %s: %w", address, err)
	}
	return n, nil
}

// sentTo counts among the mails that are known, and reads those of an address that is asked for the first time.
func (x *tx) sentTo(ctx context.Context, address, template string, ticket int64, since time.Time) (n int, err error) {
	address, template = clean(address), clean(template)
	since = stored(since)
	sent := x.known.sent[address]
	if sent == nil || since.Before(sent.since) {
		if err := x.readSent(ctx, []string{address}, since); err != nil {
			return 0, err
		}
		sent = x.known.sent[address]
	}
	for _, m := range sent.mails {
		if !m.At.time().Before(since) && (template == "" || m.Template == template) && (ticket == 0 || value(m.Ticket) == ticket) {
			n++
		}
	}
	return n, nil
}
