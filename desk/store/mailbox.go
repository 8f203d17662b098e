package store

import (
	"context"
	"fmt"

	"github.com/postdesk/postdesk/desk"
)

const selectCursor = `SELECT uid_validity, uid FROM cursor WHERE mailbox = :mailbox AND folder = :folder`

// Cursor implements desk.Tx.
func (x *tx) Cursor(ctx context.Context, mailbox, folder string) (desk.Cursor, error) {
	var row struct {
		UIDValidity uint32 `db:"uid_validity"`
		UID         uint32 `db:"uid"`
	}
	if err := x.get(ctx, &row, selectCursor, args{"mailbox": mailbox, "folder": folder}); err != nil {
		return desk.Cursor{}, fmt.Errorf("cursor of %s, %s: %w", mailbox, folder, err)
	}
	return desk.Cursor{Mailbox: mailbox, Folder: folder, UIDValidity: row.UIDValidity, UID: row.UID}, nil
}

// Another UIDVALIDITY counts from its own beginning (RFC 9051, 2.3.1.1); within one, a lower UID is old news.
const saveCursor = `
	INSERT INTO cursor (mailbox, folder, uid_validity, uid) VALUES (:mailbox, :folder, :uid_validity, :uid)
	ON CONFLICT (mailbox, folder) DO UPDATE SET uid_validity = excluded.uid_validity, uid = excluded.uid
		WHERE cursor.uid_validity <> excluded.uid_validity OR cursor.uid < excluded.uid`

// SaveCursor implements desk.Tx.
func (x *tx) SaveCursor(ctx context.Context, c desk.Cursor) error {
	row := args{"mailbox": c.Mailbox, "folder": c.Folder, "uid_validity": c.UIDValidity, "uid": c.UID}
	var err error
	if x.ahead {
		err = x.moveCursor(ctx, c, row)
	} else {
		_, err = x.exec(ctx, saveCursor, row)
	}
	if err != nil {
		return fmt.Errorf("save cursor of %s, %s: %w", c.Mailbox, c.Folder, err)
	}
	return nil
}

// moveCursor keeps a folder's cursor to be written, once for all mails.
func (x *tx) moveCursor(ctx context.Context, c desk.Cursor, row args) error {
	for _, waits := range x.rows.of[cursorTable] {
		if waits["mailbox"] != any(clean(c.Mailbox)) || waits["folder"] != any(clean(c.Folder)) {
			continue
		}
		if waits["uid_validity"] != any(c.UIDValidity) || waits["uid"].(uint32) < c.UID {
			waits["uid_validity"], waits["uid"] = c.UIDValidity, c.UID
		}
		return nil
	}
	return x.later(ctx, cursorTable, row)
}

const selectReception = `
	SELECT at, outcome, message, ticket FROM reception
	WHERE mailbox = :mailbox AND folder = :folder AND uid_validity = :uid_validity AND uid = :uid`

// Reception implements desk.Tx.
func (x *tx) Reception(ctx context.Context, at desk.Position) (desk.Reception, error) {
	if r, ok := x.known.receptions[at]; ok && r == nil {
		return desk.Reception{}, fmt.Errorf("reception of UID %d in %s, %s: %w", at.UID, at.Mailbox, at.Folder, desk.ErrNotFound)
	} else if ok {
		return *r, nil
	}
	var row struct {
		At      instant `db:"at"`
		Outcome string  `db:"outcome"`
		Message *int64  `db:"message"`
		Ticket  *int64  `db:"ticket"`
	}
	err := x.get(ctx, &row, selectReception, args{"mailbox": at.Mailbox, "folder": at.Folder, "uid_validity": at.UIDValidity, "uid": at.UID})
	if err != nil {
		return desk.Reception{}, fmt.Errorf("reception of UID %d in %s, %s: %w", at.UID, at.Mailbox, at.Folder, err)
	}
	return desk.Reception{
		Position: at, At: row.At.time(), Outcome: desk.Outcome(row.Outcome), Message: value(row.Message), Ticket: value(row.Ticket),
	}, nil
}

const insertReception = `
	INSERT INTO reception (mailbox, folder, uid_validity, uid, at, outcome, message, ticket)
	VALUES (:mailbox, :folder, :uid_validity, :uid, :at, :outcome, :message, :ticket)
	ON CONFLICT (mailbox, folder, uid_validity, uid) DO NOTHING`

// SaveReception implements desk.Tx.
func (x *tx) SaveReception(ctx context.Context, r desk.Reception) error {
	row := args{
		"mailbox": r.Mailbox, "folder": r.Folder, "uid_validity": r.UIDValidity, "uid": r.UID,
		"at": r.At, "outcome": r.Outcome, "message": null(r.Message), "ticket": null(r.Ticket),
	}
	var err error
	if x.ahead {
		err = x.later(ctx, receptionTable, row)
		if have, ok := x.known.receptions[r.Position]; ok && have == nil {
			r.At = stored(r.At)
			x.known.receptions[r.Position] = &r
		}
	} else {
		_, err = x.exec(ctx, insertReception, row)
	}
	if err != nil {
		return fmt.Errorf("save reception of UID %d in %s, %s: %w", r.UID, r.Mailbox, r.Folder, err)
	}
	return nil
}
