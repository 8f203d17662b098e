package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/migrations"
)

// A line of the journal that waits to be written: what it says, and whose ID it gets.
type line struct {
	event desk.Event
	owner *desk.Event
}

// Append implements desk.Tx. Lines are written together, at the latest before the commit, and have their ID from then on: the
// order of IDs must be the order of commits, or a reader that has come to some ID would never see a lower one that is committed
// after it.
func (x *tx) Append(_ context.Context, e *desk.Event) error {
	if x.view {
		return fmt.Errorf("append %s event: %w", e.Kind, errWriteInView)
	}
	x.lines = append(x.lines, line{*e, e})
	return nil
}

const insertEvents = `
	INSERT INTO event (at, ticket, kind, data) VALUES (:at, :ticket, :kind, :data)`

// postgresJournalLock is held from the first line's ID to the commit, by one transaction at a time. SQLite has one writer anyway.
const postgresJournalLock = `SELECT pg_advisory_xact_lock(7067645312)`

// fewLines is how many lines go into one statement where each of these may stay prepared.
const fewLines = maxParameters / 4

// flush writes the lines that wait.
func (x *tx) flush(ctx context.Context) error {
	if len(x.lines) == 0 {
		return nil
	}
	if err := x.writeRows(ctx); err != nil { // they point at tickets
		return err
	}
	if x.st.engine == migrations.Postgres {
		if _, err := x.sql.ExecContext(ctx, postgresJournalLock); err != nil {
			return fmt.Errorf("append to the journal: %w", x.st.explain(ctx, err))
		}
	}
	size := batch
	if x.st.engine == migrations.SQLite {
		size = fewLines // no way to a server is saved by more
	}
	for lines := range slices.Chunk(x.lines, size) {
		var rows []args
		for _, l := range lines {
			e := l.event
			rows = append(rows, args{"at": e.At, "ticket": null(e.Ticket), "kind": e.Kind, "data": string(e.Data)})
		}
		ids, err := x.add(ctx, insertEvents, "id", rows...)
		if err != nil {
			return fmt.Errorf("append to the journal: %w", err)
		}
		for i, l := range lines {
			l.owner.ID = ids[i]
		}
	}
	x.lines = nil
	return nil
}

const (
	selectEvents  = `SELECT id, at, ticket, kind, data FROM event WHERE id > :after ORDER BY id LIMIT CAST(:limit AS bigint)`
	selectJournal = `SELECT id, at, ticket, kind, data FROM event WHERE ticket = :ticket ORDER BY id`
	selectLatest  = `SELECT id, at, ticket, kind, data FROM event WHERE ticket = :ticket AND id < :before ORDER BY id DESC LIMIT CAST(:limit AS bigint)`
)

// Events implements desk.Tx.
func (x *tx) Events(ctx context.Context, after int64, limit int) ([]desk.Event, error) {
	es, err := x.events(ctx, selectEvents, args{"after": after, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("events after %d: %w", after, err)
	}
	return es, nil
}

// Journal implements desk.Tx.
func (x *tx) Journal(ctx context.Context, ticket int64) ([]desk.Event, error) {
	es, err := x.events(ctx, selectJournal, args{"ticket": ticket})
	if err != nil {
		return nil, fmt.Errorf("journal of ticket %d: %w", ticket, err)
	}
	return es, nil
}

// latestAtOnce is how many lines of a ticket are read together, latest first. The clocks of nodes differ a little, so that one older line is
// not the end of what is younger; so many are.
const latestAtOnce = 100

// JournalSince implements desk.Tx.
func (x *tx) JournalSince(ctx context.Context, ticket int64, since time.Time) (recent []desk.Event, err error) {
	for before := int64(math.MaxInt64); ; {
		es, err := x.events(ctx, selectLatest, args{"ticket": ticket, "before": before, "limit": latestAtOnce})
		if err != nil {
			return nil, fmt.Errorf("journal of ticket %d since %v: %w", ticket, since, err)
		}
		found := false
		for _, e := range es {
			if !e.At.Before(since) {
				recent = append(recent, e)
				found = true
			}
		}
		if !found || len(es) < latestAtOnce {
			return recent, nil
		}
		before = es[len(es)-1].ID
	}
}

func (x *tx) events(ctx context.Context, query string, a args) ([]desk.Event, error) {
	if err := x.flush(ctx); err != nil {
		return nil, err
	}
	var rows []struct {
		ID     int64   `db:"id"`
		At     instant `db:"at"`
		Ticket *int64  `db:"ticket"`
		Kind   string  `db:"kind"`
		Data   string  `db:"data"`
	}
	if err := x.list(ctx, &rows, query, a); err != nil {
		return nil, err
	}
	var es []desk.Event
	for _, r := range rows {
		es = append(es, desk.Event{
			ID: r.ID, At: r.At.time(), Ticket: value(r.Ticket), Kind: desk.EventKind(r.Kind), Data: json.RawMessage(r.Data),
		})
	}
	return es, nil
}

const insertTime = `
	INSERT INTO time_entry (ticket, staff, kind, minutes, what, at, message, line)
	VALUES (:ticket, :staff, :kind, :minutes, :what, :at, :message, :line)
	ON CONFLICT (message, line) DO NOTHING`

// AddTime implements desk.Tx.
func (x *tx) AddTime(ctx context.Context, e desk.TimeEntry) error {
	_, err := x.exec(ctx, insertTime, args{
		"ticket": e.Ticket, "staff": e.Staff, "kind": e.Kind, "minutes": e.Minutes, "what": e.What,
		"at": e.At, "message": null(e.Message), "line": e.Line,
	})
	if err != nil {
		return fmt.Errorf("add time of %s on ticket %d: %w", e.Staff, e.Ticket, err)
	}
	return nil
}

const selectMinutes = `
	SELECT CAST(COALESCE(SUM(minutes), 0) AS bigint) FROM time_entry WHERE ticket = :ticket AND staff = :staff`

// Minutes implements desk.Tx.
func (x *tx) Minutes(ctx context.Context, ticket int64, staff string) (int, error) {
	var minutes int
	if err := x.get(ctx, &minutes, selectMinutes, args{"ticket": ticket, "staff": staff}); err != nil {
		return 0, fmt.Errorf("minutes of %s on ticket %d: %w", staff, ticket, err)
	}
	return minutes, nil
}
