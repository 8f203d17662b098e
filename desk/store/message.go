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

// A messageRow is a message as its table has it.
type messageRow struct {
	ID          int64                          `db:"id"`
	Ticket      *int64                         `db:"ticket"`
	Mailbox     string                         `db:"mailbox"`
	Source      *int64                         `db:"source"`
	Identity    string                         `db:"identity"`
	At          instant                        `db:"at"`
	Outcome     string                         `db:"outcome"`
	FoundBy     string                         `db:"found_by"`
	Why         document[[]string]             `db:"why"`
	MessageID   string                         `db:"message_id"`
	FromName    string                         `db:"from_name"`
	FromAddr    string                         `db:"from_addr"`
	Staff       string                         `db:"staff"`
	Level       string                         `db:"level"`
	LevelWhy    string                         `db:"level_why"`
	Kind        string                         `db:"kind"`
	Internal    bool                           `db:"internal"`
	Subject     string                         `db:"subject"`
	Body        string                         `db:"body"`
	Visible     string                         `db:"visible"`
	Language    string                         `db:"language"`
	Attachments document[[]message.Attachment] `db:"attachments"`
	Notes       document[[]string]             `db:"notes"`
	Base        string                         `db:"base"`
	Recipients  document[[]string]             `db:"recipients"`
	Bare        bool                           `db:"bare"`
}

const messageColumns = `ticket, mailbox, source, identity, at, outcome, found_by, why, message_id, from_name, from_addr, staff,
	level, level_why, kind, internal, subject, body, visible, language, attachments, notes, base, recipients, bare`

const insertMessage = `
	INSERT INTO message (` + messageColumns + `)
	VALUES (:ticket, :mailbox, :source, :identity, :at, :outcome, :found_by, :why, :message_id, :from_name, :from_addr, :staff,
		:level, :level_why, :kind, :internal, :subject, :body, :visible, :language, :attachments, :notes, :base, :recipients, :bare)
	ON CONFLICT DO NOTHING`

var insertMessageRow = insertOf("message", "id, "+messageColumns, "ON CONFLICT DO NOTHING")

// AddMessage implements desk.Tx. Where another transaction has kept the same mail since this one looked, Update runs it again, and
// then it finds that mail.
func (x *tx) AddMessage(ctx context.Context, m *desk.Message) error {
	if err := x.addMessage(ctx, m); err != nil {
		return fmt.Errorf("add message: %w", err)
	}
	return nil
}

func (x *tx) addMessage(ctx context.Context, m *desk.Message) (err error) {
	row := args{
		"ticket": null(m.Ticket), "mailbox": m.Mailbox, "source": null(m.Source), "identity": m.Identity, "at": m.At,
		"outcome": m.Outcome, "found_by": m.By, "why": document[[]string]{m.Why},
		"message_id": m.MessageID, "from_name": m.From.Name, "from_addr": m.From.Addr, "staff": m.Staff,
		"level": m.Level.String(), "level_why": m.LevelWhy, "kind": m.Kind, "internal": m.Internal,
		"subject": m.Subject, "body": m.Text, "visible": m.Visible, "language": m.Language,
		"attachments": document[[]message.Attachment]{m.Attachments}, "notes": document[[]string]{m.Notes},
		"base": m.Base, "recipients": document[[]string]{m.To}, "bare": m.Bare,
	}
	if !x.ahead {
		if err = x.addOne(ctx, &m.ID, insertMessage, "id", row); errors.Is(err, desk.ErrNotFound) {
			err = errAgain
		}
		return err
	}
	if m.ID, err = x.number(ctx, messageTable); err != nil {
		return err
	}
	row["id"] = m.ID
	if err := x.later(ctx, messageTable, row); err != nil {
		return err
	}
	if _, ok := x.known.same[m.Identity]; ok {
		var r messageRow
		if err := read(&r, row); err != nil {
			return err
		}
		x.known.same[m.Identity] = r.message()
	}
	return nil
}

const (
	selectMessage  = `SELECT id, ` + messageColumns + ` FROM message WHERE id = :id`
	selectMessages = `SELECT id, ` + messageColumns + ` FROM message WHERE ticket = :ticket ORDER BY at, id`
	selectRecent   = `SELECT id, ` + messageColumns + ` FROM message WHERE ticket = :ticket ORDER BY at DESC, id DESC LIMIT CAST(:most AS bigint)`
	selectHeld     = `SELECT id, ` + messageColumns + ` FROM message WHERE outcome = 'held' ORDER BY at, id LIMIT CAST(:limit AS bigint)`
	selectSame     = `SELECT id, ` + messageColumns + ` FROM message WHERE identity = :identity AND identity <> ''`
)

// Message implements desk.Tx.
func (x *tx) Message(ctx context.Context, id int64) (*desk.Message, error) {
	var row messageRow
	if err := x.get(ctx, &row, selectMessage, args{"id": id}); err != nil {
		return nil, fmt.Errorf("message %d: %w", id, err)
	}
	return row.message(), nil
}

// Messages implements desk.Tx.
func (x *tx) Messages(ctx context.Context, ticket int64) ([]*desk.Message, error) {
	ms, err := x.messages(ctx, selectMessages, args{"ticket": ticket})
	if err != nil {
		return nil, fmt.Errorf("messages of ticket %d: %w", ticket, err)
	}
	return ms, nil
}

// Recent implements desk.Tx.
func (x *tx) Recent(ctx context.Context, ticket int64, most int) ([]*desk.Message, error) {
	ms, err := x.recent(ctx, ticket, most)
	if err != nil {
		return nil, fmt.Errorf("recent messages of ticket %d: %w", ticket, err)
	}
	return ms, nil
}

// recent puts those that wait to be written beside those that are.
func (x *tx) recent(ctx context.Context, ticket int64, most int) (ms []*desk.Message, err error) {
	var rows []messageRow
	if known, ok := x.known.recent[ticket]; ok && most <= x.known.latest {
		rows = slices.Clone(known)
	} else if !x.rows.opened[ticket] {
		if err := x.listApart(ctx, &rows, selectRecent, args{"ticket": ticket, "most": most}); err != nil {
			return nil, err
		}
	}
	for _, waits := range x.rows.of[messageTable] {
		if waits["ticket"] == any(ticket) {
			var r messageRow
			if err := read(&r, waits); err != nil {
				return nil, err
			}
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b messageRow) int {
		return cmp.Or(b.At.time().Compare(a.At.time()), cmp.Compare(b.ID, a.ID))
	})
	for _, r := range rows[:min(len(rows), most)] {
		ms = append(ms, r.message())
	}
	return ms, nil
}

// Held implements desk.Tx.
func (x *tx) Held(ctx context.Context, limit int) ([]*desk.Message, error) {
	ms, err := x.messages(ctx, selectHeld, args{"limit": limit})
	if err != nil {
		return nil, fmt.Errorf("held messages: %w", err)
	}
	return ms, nil
}

const updateMessage = `
	UPDATE message SET ticket = :ticket, outcome = :outcome, found_by = :found_by, why = :why, internal = :internal
	WHERE id = :id AND outcome = :was`

// SaveMessage implements desk.Tx. Whoever's UPDATE comes second waits for the first, and then finds another outcome.
func (x *tx) SaveMessage(ctx context.Context, m *desk.Message, was desk.Outcome) error {
	err := x.execOne(ctx, updateMessage, args{
		"id": m.ID, "was": was, "ticket": null(m.Ticket), "outcome": m.Outcome, "found_by": m.By, "why": document[[]string]{m.Why}, "internal": m.Internal,
	})
	if err != nil {
		return fmt.Errorf("save message %d as %s: %w", m.ID, was, err)
	}
	return nil
}

const countMessages = `SELECT COUNT(*) FROM message WHERE ticket = :ticket AND at >= :since`

// CountMessages implements desk.Tx.
func (x *tx) CountMessages(ctx context.Context, ticket int64, since time.Time) (n int, err error) {
	if err := x.get(ctx, &n, countMessages, args{"ticket": ticket, "since": since}); err != nil {
		return 0, fmt.Errorf("count messages of ticket %d: %w", ticket, err)
	}
	return n, nil
}

const moveMessages = `UPDATE message SET ticket = :to WHERE ticket = :from`

// MoveMessages implements desk.Tx.
func (x *tx) MoveMessages(ctx context.Context, from, to int64) error {
	if _, err := x.exec(ctx, moveMessages, args{"from": from, "to": to}); err != nil {
		return fmt.Errorf("move messages of ticket %d to %d: %w", from, to, err)
	}
	return nil
}

// SameMail implements desk.Tx.
func (x *tx) SameMail(ctx context.Context, identity string) (*desk.Message, error) {
	if m, ok := x.known.same[identity]; ok && m == nil {
		return nil, fmt.Errorf("same mail: %w", desk.ErrNotFound)
	} else if ok {
		same := *m
		return &same, nil
	}
	var row messageRow
	if err := x.get(ctx, &row, selectSame, args{"identity": identity}); err != nil {
		return nil, fmt.Errorf("same mail: %w", err)
	}
	return row.message(), nil
}

const (
	headings = `SELECT id, ticket, at, base, from_addr, recipients, bare, outcome FROM message
		WHERE base = :base AND base <> '' AND outcome <> 'held' AND at >= :since AND at <= :until`
	// On a ticket, in words of which no index tells: each of the two ways has its own, and SQLite would take that of everybody for both.
	headingsOf = headings + ` AND from_addr = :from AND COALESCE(ticket, 0) <> 0`
	headingsOn = headings + ` AND ticket IS NOT NULL`
	// A number and no parameter: not knowing it, PostgreSQL takes the look-up for one of a tenth of all rows, and plans it anew each time.
	headingsLatest   = ` ORDER BY at DESC, id DESC LIMIT 20`
	selectHeadings   = headingsOn + headingsLatest
	selectHeadingsOf = headingsOf + headingsLatest
	selectBare       = headingsOn + ` AND bare` + headingsLatest
)

// A headingRow is what the table has of a heading.
type headingRow struct {
	ID      int64              `db:"id"`
	Ticket  *int64             `db:"ticket"`
	At      instant            `db:"at"`
	Base    string             `db:"base"`
	From    string             `db:"from_addr"`
	To      document[[]string] `db:"recipients"`
	Bare    bool               `db:"bare"`
	Outcome string             `db:"outcome"`
}

// Headings implements desk.Tx.
func (x *tx) Headings(ctx context.Context, f desk.HeadingFilter) ([]desk.Heading, error) {
	all, err := x.headings(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("mails of one subject: %w", err)
	}
	return all, nil
}

// headings puts those that wait to be written beside those that are.
func (x *tx) headings(ctx context.Context, f desk.HeadingFilter) (all []desk.Heading, err error) {
	rows, known := x.known.headings[f]
	if !known {
		query := selectHeadings
		switch {
		case f.Bare:
			query = selectBare
		case f.From != "":
			query = selectHeadingsOf
		}
		if err := x.listApart(ctx, &rows, query, headingArgs(f)); err != nil {
			return nil, err
		}
	}
	rows = slices.Clone(rows)
	for _, waits := range x.rows.of[messageTable] {
		if waits["base"] != any(clean(f.Base)) || f.Base == "" || f.Bare && waits["bare"] != any(true) || f.From != "" && waits["from_addr"] != any(clean(f.From)) {
			continue
		}
		var r headingRow
		if err := read(&r, waits); err != nil {
			return nil, err
		}
		if r.Ticket != nil && desk.Outcome(r.Outcome) != desk.OutcomeHeld && !r.At.time().Before(stored(f.Since)) && !r.At.time().After(stored(f.Until)) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b headingRow) int {
		return cmp.Or(b.At.time().Compare(a.At.time()), cmp.Compare(b.ID, a.ID))
	})
	rows = slices.CompactFunc(rows, func(a, b headingRow) bool { return a.ID == b.ID }) // two mails of a batch may have asked for it
	for _, r := range rows[:min(len(rows), f.Limit)] {
		all = append(all, desk.Heading{Base: f.Base, From: r.From, To: r.To.v, Bare: r.Bare, Ticket: value(r.Ticket), At: r.At.time()})
	}
	return all, nil
}

func headingArgs(f desk.HeadingFilter) args {
	return args{"base": f.Base, "from": f.From, "since": f.Since, "until": f.Until}
}

func (x *tx) messages(ctx context.Context, query string, a args) ([]*desk.Message, error) {
	var rows []messageRow
	if err := x.list(ctx, &rows, query, a); err != nil {
		return nil, err
	}
	var ms []*desk.Message
	for _, row := range rows {
		ms = append(ms, row.message())
	}
	return ms, nil
}

func (r messageRow) message() *desk.Message {
	return &desk.Message{
		ID: r.ID, Ticket: value(r.Ticket), Mailbox: r.Mailbox, Source: value(r.Source), Identity: r.Identity, At: r.At.time(),
		Outcome: desk.Outcome(r.Outcome), By: r.FoundBy, Why: r.Why.v,
		MessageID: message.ID(r.MessageID), From: message.Address{Name: r.FromName, Addr: r.FromAddr}, Staff: r.Staff,
		Level: message.ParseLevel(r.Level), LevelWhy: r.LevelWhy, Kind: message.Kind(r.Kind), Internal: r.Internal,
		Subject: r.Subject, Text: r.Body, Visible: r.Visible, Language: r.Language,
		Attachments: r.Attachments.v, Notes: r.Notes.v,
		Base: r.Base, To: r.Recipients.v, Bare: r.Bare,
	}
}

const insertRefs = `
	INSERT INTO ref (message_id, ticket, kind) VALUES (:message_id, :ticket, :kind)
	ON CONFLICT (message_id, ticket, kind) DO NOTHING`

// AddRefs implements desk.Tx.
func (x *tx) AddRefs(ctx context.Context, refs []desk.Ref) error {
	var rows []args
	for _, r := range refs {
		if r.ID != "" {
			rows = append(rows, args{"message_id": r.ID, "ticket": r.Ticket, "kind": r.Kind})
		}
	}
	if !x.ahead {
		if _, err := x.execAll(ctx, insertRefs, rows); err != nil {
			return fmt.Errorf("add references: %w", err)
		}
		return nil
	}
	for _, row := range rows {
		if err := x.later(ctx, refTable, row); err != nil {
			return fmt.Errorf("add references: %w", err)
		}
	}
	for _, r := range refs {
		if have, ok := x.known.refs[r.ID]; ok && !slices.Contains(have, r) {
			x.known.refs[r.ID] = append(have, r)
		}
	}
	return nil
}

// A refRow is what leads to a ticket, as its table has it.
type refRow struct {
	ID     string `db:"message_id"`
	Ticket int64  `db:"ticket"`
	Kind   string `db:"kind"`
}

func (r refRow) ref() desk.Ref {
	return desk.Ref{ID: message.ID(r.ID), Ticket: r.Ticket, Kind: desk.RefKind(r.Kind)}
}

const selectRefs = `SELECT message_id, ticket, kind FROM ref WHERE message_id IN (:ids)`

// maxRefs bounds one look-up. The last ones of a long list are looked up, since the parents are there.
const maxRefs = 200

// Refs implements desk.Tx.
func (x *tx) Refs(ctx context.Context, ids []message.ID) ([]desk.Ref, error) {
	ids = ids[max(0, len(ids)-maxRefs):]
	var (
		refs  []desk.Ref
		texts []string
	)
	for _, id := range ids {
		if known, ok := x.known.refs[id]; ok {
			refs = append(refs, known...)
		} else {
			texts = append(texts, clean(string(id)))
		}
	}
	if len(texts) == 0 {
		return refs, nil // IN () is no SQL
	}
	var rows []refRow
	if err := listIn(ctx, x, &rows, selectRefs, texts, nil); err != nil {
		return nil, fmt.Errorf("references: %w", err)
	}
	for _, r := range rows {
		refs = append(refs, r.ref())
	}
	return refs, nil
}

const deleteRef = `DELETE FROM ref WHERE message_id = :message_id AND ticket = :ticket`

// DropRefs implements desk.Tx.
func (x *tx) DropRefs(ctx context.Context, ids []message.ID, ticket int64) error {
	for _, id := range ids {
		if _, err := x.exec(ctx, deleteRef, args{"message_id": id, "ticket": ticket}); err != nil {
			return fmt.Errorf("drop references to ticket %d: %w", ticket, err)
		}
	}
	return nil
}
