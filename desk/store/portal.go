package store

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/postdesk/postdesk/desk"
)

const (
	insertSession = `
		INSERT INTO session (hash, contact, staff, began, expires) VALUES (:hash, :contact, :staff, :began, :expires)`
	selectSession  = `SELECT contact, staff, expires FROM session WHERE hash = :hash AND expires > :now`
	dropSession    = `DELETE FROM session WHERE hash = :hash`
	dropSessionsOf = `DELETE FROM session WHERE contact = :contact`
	insertLink     = `INSERT INTO link (hash, contact, staff, expires) VALUES (:hash, :contact, :staff, :expires)`
	selectLink     = `SELECT contact, staff, expires FROM link WHERE hash = :hash AND used_at IS NULL AND expires > :now`
	useLink        = `UPDATE link SET used_at = :now WHERE hash = :hash AND used_at IS NULL AND expires > :now RETURNING contact, staff, expires`
	useLinksOf     = `UPDATE link SET used_at = :now WHERE contact = :contact AND used_at IS NULL`
	sweepSessions  = `DELETE FROM session WHERE expires <= :now`
	sweepLinks     = `DELETE FROM link WHERE expires <= :now`
	sweepDrafts    = `DELETE FROM draft WHERE expires <= :now`
	sweepThrottles = `DELETE FROM throttle WHERE since <= :before`
	upsertPassword = `
		INSERT INTO password (contact, hash, changed_at) VALUES (:contact, :hash, :at)
		ON CONFLICT (contact) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at`
	selectPassword = `SELECT hash FROM password WHERE contact = :contact`
	insertPlea     = `INSERT INTO plea (purpose, address, at) VALUES (:purpose, :address, :at)`
	takePlea       = `DELETE FROM plea WHERE id = (SELECT MIN(id) FROM plea) RETURNING purpose, address, at`
	upsertDraft    = `
		INSERT INTO draft (hash, ticket, words, expires) VALUES (:hash, :ticket, :words, :expires)
		ON CONFLICT (hash) DO UPDATE SET ticket = excluded.ticket, words = excluded.words, expires = excluded.expires`
	takeDraft = `DELETE FROM draft WHERE hash = :hash AND ticket = :ticket AND expires > :now RETURNING words`
)

// A guestRow is who a session or a link is for.
type guestRow struct {
	Contact *int64  `db:"contact"`
	Staff   string  `db:"staff"`
	Expires instant `db:"expires"`
}

func (r guestRow) guest() desk.Guest {
	return desk.Guest{Contact: value(r.Contact), Staff: r.Staff, Expires: r.Expires.time()}
}

// AddSession implements desk.Tx.
func (x *tx) AddSession(ctx context.Context, hash []byte, g desk.Guest) error {
	now, err := x.Now(ctx)
	if err != nil {
		return err
	}
	_, err = x.exec(ctx, insertSession, args{"hash": hash, "contact": null(g.Contact), "staff": g.Staff, "began": now, "expires": g.Expires})
	return wrap(err, "add session")
}

// Session implements desk.Tx.
func (x *tx) Session(ctx context.Context, hash []byte) (desk.Guest, error) {
	return x.guest(ctx, selectSession, hash, "session")
}

// DropSession implements desk.Tx.
func (x *tx) DropSession(ctx context.Context, hash []byte) error {
	_, err := x.exec(ctx, dropSession, args{"hash": hash})
	return wrap(err, "drop session")
}

// DropSessionsOf implements desk.Tx.
func (x *tx) DropSessionsOf(ctx context.Context, contact int64) error {
	now, err := x.Now(ctx)
	if err != nil {
		return err
	}
	_, err = x.exec(ctx, dropSessionsOf, args{"contact": contact})
	if err == nil {
		_, err = x.exec(ctx, useLinksOf, args{"contact": contact, "now": now})
	}
	return wrap(err, "drop sessions")
}

// AddLink implements desk.Tx.
func (x *tx) AddLink(ctx context.Context, hash []byte, g desk.Guest) error {
	_, err := x.exec(ctx, insertLink, args{"hash": hash, "contact": null(g.Contact), "staff": g.Staff, "expires": g.Expires})
	return wrap(err, "add link")
}

// Link implements desk.Tx.
func (x *tx) Link(ctx context.Context, hash []byte) (desk.Guest, error) {
	return x.guest(ctx, selectLink, hash, "link")
}

// UseLink implements desk.Tx. Of two at once the second finds it used.
func (x *tx) UseLink(ctx context.Context, hash []byte) (desk.Guest, error) {
	if x.view {
		return desk.Guest{}, errWriteInView
	}
	return x.guest(ctx, useLink, hash, "use link")
}

func (x *tx) guest(ctx context.Context, query string, hash []byte, what string) (desk.Guest, error) {
	now, err := x.Now(ctx)
	if err != nil {
		return desk.Guest{}, err
	}
	var row guestRow
	if err := x.get(ctx, &row, query, args{"hash": hash, "now": now}); err != nil {
		return desk.Guest{}, wrap(err, what)
	}
	return row.guest(), nil
}

// SavePassword implements desk.Tx.
func (x *tx) SavePassword(ctx context.Context, contact int64, hash string, at time.Time) error {
	_, err := x.exec(ctx, upsertPassword, args{"contact": contact, "hash": hash, "at": at})
	return wrap(err, "save password")
}

// Password implements desk.Tx.
func (x *tx) Password(ctx context.Context, contact int64) (hash string, err error) {
	return hash, wrap(x.get(ctx, &hash, selectPassword, args{"contact": contact}), "password")
}

// AddPlea implements desk.Tx.
func (x *tx) AddPlea(ctx context.Context, p desk.Plea) error {
	_, err := x.exec(ctx, insertPlea, args{"purpose": p.Purpose, "address": p.Address, "at": p.At})
	return wrap(err, "add plea")
}

// TakePlea implements desk.Tx. Where another node takes the same one at the same moment, Update runs again.
func (x *tx) TakePlea(ctx context.Context) (desk.Plea, error) {
	var row struct {
		Purpose string  `db:"purpose"`
		Address string  `db:"address"`
		At      instant `db:"at"`
	}
	if err := x.put(ctx, &row, takePlea, nil); err != nil {
		return desk.Plea{}, wrap(err, "take plea")
	}
	return desk.Plea{Purpose: desk.PleaPurpose(row.Purpose), Address: row.Address, At: row.At.time()}, nil
}

// A try after the time counted from is the first of a new one. The row stays locked until the end of the transaction, so tries at once
// are counted one by one.
const countTry = `
	INSERT INTO throttle (name, since, tries) VALUES (:name, :now, 1)
	ON CONFLICT (name) DO UPDATE SET
		tries = CASE WHEN throttle.since <= :before THEN 1 ELSE throttle.tries + 1 END,
		since = CASE WHEN throttle.since <= :before THEN excluded.since ELSE throttle.since END
	RETURNING tries`

// Try implements desk.Tx.
func (x *tx) Try(ctx context.Context, name string, within time.Duration) (n int, err error) {
	now, err := x.Now(ctx)
	if err != nil {
		return 0, err
	}
	return n, wrap(x.put(ctx, &n, countTry, args{"name": name, "now": now, "before": now.Add(-within)}), "count tries")
}

// SaveDraft implements desk.Tx.
func (x *tx) SaveDraft(ctx context.Context, hash []byte, ticket int64, words string, expires time.Time) error {
	_, err := x.exec(ctx, upsertDraft, args{"hash": hash, "ticket": ticket, "words": words, "expires": expires})
	return wrap(err, "save draft")
}

// TakeDraft implements desk.Tx.
func (x *tx) TakeDraft(ctx context.Context, hash []byte, ticket int64) (words string, err error) {
	now, err := x.Now(ctx)
	if err != nil {
		return "", err
	}
	return words, wrap(x.put(ctx, &words, takeDraft, args{"hash": hash, "ticket": ticket, "now": now}), "take draft")
}

// SweepPortal implements desk.Tx.
func (x *tx) SweepPortal(ctx context.Context) error {
	now, err := x.Now(ctx)
	if err != nil {
		return err
	}
	for _, query := range []string{sweepSessions, sweepLinks, sweepDrafts, sweepThrottles} {
		a := args{"now": now}
		if query == sweepThrottles {
			a = args{"before": now.Add(-24 * time.Hour)}
		}
		if _, err := x.exec(ctx, query, a); err != nil {
			return wrap(err, "sweep the portal")
		}
	}
	return nil
}

// Contact implements desk.Tx.
func (x *tx) Contact(ctx context.Context, id int64) (*desk.Contact, error) {
	c, err := x.contact(ctx, selectContact, args{"id": id})
	return c, wrap(err, fmt.Sprintf("contact %d", id))
}

// One list for each way to a ticket, since one over all of them would read every ticket there is.
const (
	selectOwn = `
		SELECT ` + ticketColumns + ` FROM ticket WHERE requester = :contact AND number < :below ORDER BY number DESC LIMIT CAST(:limit AS bigint)`
	selectJoined = `
		SELECT ` + ticketColumns + ` FROM ticket
		WHERE number IN (SELECT ticket FROM participant WHERE contact = :contact AND role = 'member') AND number < :below ORDER BY number DESC LIMIT CAST(:limit AS bigint)`
	selectOfCustomer = `
		SELECT ` + ticketColumns + ` FROM ticket WHERE customer = :customer AND number < :below ORDER BY number DESC LIMIT CAST(:limit AS bigint)`
)

// ReadableBy implements desk.Tx.
func (x *tx) ReadableBy(ctx context.Context, contact int64, customer string, below int64, limit int) ([]*desk.Ticket, error) {
	if below == 0 {
		below = math.MaxInt64
	}
	var all []*desk.Ticket
	seen := map[int64]bool{}
	for _, query := range []string{selectOwn, selectJoined, selectOfCustomer} {
		if query == selectOfCustomer && customer == "" {
			continue
		}
		a := args{"below": below, "limit": limit}
		if query == selectOfCustomer {
			a["customer"] = customer
		} else {
			a["contact"] = contact
		}
		ts, err := x.ticketList(ctx, query, a)
		if err != nil {
			return nil, wrap(err, "tickets of a reader")
		}
		for _, t := range ts {
			if !seen[t.Number] {
				seen[t.Number] = true
				all = append(all, t)
			}
		}
	}
	return latest(all, limit), nil
}

// latest are the tickets with the highest numbers, the highest first.
func latest(all []*desk.Ticket, most int) []*desk.Ticket {
	slices.SortFunc(all, func(a, b *desk.Ticket) int { return cmp.Compare(b.Number, a.Number) })
	return all[:min(len(all), most)]
}

// wrap says what was attempted; nil stays nil.
func wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
