package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/rules"
	"github.com/postdesk/postdesk/migrations"
)

// A ticketRow is a ticket as its table has it.
type ticketRow struct {
	Number     int64                     `db:"number"`
	Version    int64                     `db:"version"`
	Status     string                    `db:"status"`
	Queue      string                    `db:"queue"`
	Department string                    `db:"department"`
	Class      string                    `db:"class"`
	Priority   string                    `db:"priority"`
	Product    string                    `db:"product"`
	Assignee   string                    `db:"assignee"`
	Tags       document[[]string]        `db:"tags"`
	Channel    string                    `db:"channel"`
	Among      document[*rules.Among]    `db:"among"`
	Missing    document[[]string]        `db:"missing"`
	Asked      int                       `db:"asked_details"`
	Mailbox    string                    `db:"mailbox"`
	Subject    string                    `db:"subject"`
	Language   string                    `db:"language"`
	Customer   *string                   `db:"customer"`
	Requester  *int64                    `db:"requester"`
	FirstID    string                    `db:"first_id"`
	LastID     string                    `db:"last_id"`
	Registered instant                   `db:"registered"`
	Level      string                    `db:"level"`
	LevelWhy   string                    `db:"level_why"`
	Billing    string                    `db:"billing"`
	FreeWindow bool                      `db:"free_window"`
	Estimate   document[*desk.Estimate]  `db:"estimate"`
	Hold       document[*ledger.Hold]    `db:"hold"`
	Minutes    int                       `db:"minutes"`
	AskedTime  bool                      `db:"asked_time"`
	Clocks     document[[]desk.Clock]    `db:"clocks"`
	Reasons    document[[]rules.Reason]  `db:"reasons"`
	Linked     document[[]int64]         `db:"linked"`
	MergedInto *int64                    `db:"merged_into"`
	Reminders  document[[]desk.Reminder] `db:"reminders"`
	Flood      document[*desk.Flood]     `db:"flood"`
	ChangedAt  instant                   `db:"changed_at"`
	Reminded   bool                      `db:"reminded"`
	ResolvedAt instant                   `db:"resolved_at"`
	ClosedAt   instant                   `db:"closed_at"`
	WakeAt     instant                   `db:"wake_at"`
}

const ticketColumns = `number, version, status, queue, department, class, priority, product, assignee, tags, channel, among, missing, asked_details, mailbox, subject, language, customer,
	requester, first_id, last_id, registered, level, level_why, billing, free_window, estimate, hold, minutes, asked_time, clocks, reasons, linked,
	merged_into, reminders, flood, changed_at, reminded, resolved_at, closed_at, wake_at`

const insertTicket = `
	INSERT INTO ticket (version, status, queue, department, class, priority, product, assignee, tags, channel, among, missing, asked_details, mailbox, subject, language, customer,
		requester, first_id, last_id, registered, level, level_why, billing, free_window, estimate, hold, minutes, asked_time, clocks, reasons, linked,
		merged_into, reminders, flood, changed_at, reminded, resolved_at, closed_at, wake_at)
	VALUES (1, :status, :queue, :department, :class, :priority, :product, :assignee, :tags, :channel, :among, :missing, :asked_details, :mailbox, :subject, :language, :customer,
		:requester, :first_id, :last_id, :registered, :level, :level_why, :billing, :free_window, :estimate, :hold, :minutes, :asked_time, :clocks, :reasons,
		:linked, :merged_into, :reminders, :flood, :changed_at, :reminded, :resolved_at, :closed_at, :wake_at)`

// saveTicketRow writes a ticket that is new or that the transaction has locked.
var saveTicketRow = insertOf("ticket", ticketColumns, "ON CONFLICT (number) DO UPDATE SET "+excluded(ticketColumns))

// excluded sets columns to what an INSERT brought, but for the number: SQLite would then look at every row that points at the ticket.
func excluded(columns string) string {
	var sets []string
	for column := range strings.SplitSeq(columns, ",") {
		if column = strings.TrimSpace(column); column != "number" {
			sets = append(sets, column+" = excluded."+column)
		}
	}
	return strings.Join(sets, ", ")
}

// AddTicket implements desk.Tx.
func (x *tx) AddTicket(ctx context.Context, t *desk.Ticket) error {
	if x.ahead {
		if err := x.openTicket(ctx, t); err != nil {
			return fmt.Errorf("add ticket: %w", err)
		}
		return nil
	}
	a, err := ticketArgs(t)
	if err == nil {
		err = x.addOne(ctx, &t.Number, insertTicket, "number", a)
	}
	if err == nil {
		t.Version = 1
		x.locked[t.Number] = true
		err = x.saveParticipants(ctx, t, false)
	}
	if err != nil {
		return fmt.Errorf("add ticket: %w", err)
	}
	return nil
}

// A ticket that is loaded to be changed stays locked until the end of the transaction, and a second transaction loads what the first one saved.
// SQLite has one transaction that writes at a time, and needs no more. To write the row would lock it too, and leave a dead one behind at each look.
const (
	selectTicket      = `SELECT ` + ticketColumns + ` FROM ticket WHERE number = :number`
	postgresForUpdate = ` FOR NO KEY UPDATE` // rows that point at the ticket may come meanwhile
	postgresLock      = selectTicket + postgresForUpdate
)

// Ticket implements desk.Tx.
func (x *tx) Ticket(ctx context.Context, number int64) (*desk.Ticket, error) {
	t, err := x.ticket(ctx, number)
	if err != nil {
		return nil, fmt.Errorf("ticket %d: %w", number, err)
	}
	return t, nil
}

func (x *tx) ticket(ctx context.Context, number int64) (*desk.Ticket, error) {
	if known := x.known.tickets[number]; known != nil {
		delete(x.known.tickets, number) // whoever got it may change it
		return known, nil
	}
	if waits, err := x.waitingTicket(number); waits != nil || err != nil {
		return waits, err
	}
	var row ticketRow
	var err error
	if x.view || x.locked[number] || x.st.engine == migrations.SQLite {
		err = x.getApart(ctx, &row, selectTicket, args{"number": number})
	} else {
		err = x.getApart(ctx, &row, postgresLock, args{"number": number})
	}
	if err != nil {
		return nil, err
	}
	if !x.view {
		x.locked[number] = true
	}
	if x.ahead {
		x.versions[number] = row.Version
	}
	t := row.ticket()
	if row.Requester != nil {
		c, err := x.contact(ctx, selectContact, args{"id": *row.Requester})
		if err != nil {
			return nil, err
		}
		t.Requester = *c
	}
	t.Participants, err = x.participants(ctx, number)
	x.taking(number, len(t.Participants))
	return t, err
}

const updateTicket = `
	UPDATE ticket SET version = version + 1, status = :status, queue = :queue, department = :department, class = :class, priority = :priority,
		product = :product, assignee = :assignee, tags = :tags, channel = :channel, among = :among, missing = :missing, asked_details = :asked_details, mailbox = :mailbox, subject = :subject, language = :language,
		customer = :customer, requester = :requester, first_id = :first_id, last_id = :last_id,
		registered = :registered, level = :level, level_why = :level_why,
		billing = :billing, free_window = :free_window, estimate = :estimate, hold = :hold, minutes = :minutes,
		asked_time = :asked_time, clocks = :clocks, reasons = :reasons, linked = :linked, merged_into = :merged_into,
		reminders = :reminders, flood = :flood, changed_at = :changed_at,
		reminded = :reminded, resolved_at = :resolved_at, closed_at = :closed_at, wake_at = :wake_at
	WHERE number = :number AND version = :version`

// SaveTicket implements desk.Tx. A ticket that was saved since it was loaded is refused: what stands there would be lost.
func (x *tx) SaveTicket(ctx context.Context, t *desk.Ticket) error {
	if version, ours := x.versions[t.Number]; ours {
		err := desk.ErrNotFound
		if t.Version == version {
			t.Version++
			err = x.saveTicket(ctx, t)
		}
		if err != nil {
			return fmt.Errorf("save ticket %d as loaded at version %d: %w", t.Number, t.Version, err)
		}
		return nil
	}
	a, err := ticketArgs(t)
	if err == nil {
		a["number"], a["version"] = t.Number, t.Version
		err = x.execOne(ctx, updateTicket, a)
	}
	if err == nil {
		t.Version++
		err = x.saveParticipants(ctx, t, true)
	}
	if err != nil {
		return fmt.Errorf("save ticket %d as loaded at version %d: %w", t.Number, t.Version, err)
	}
	return nil
}

func ticketArgs(t *desk.Ticket) (args, error) {
	if t.Requester.ID == 0 && t.Requester.Address != "" {
		return nil, fmt.Errorf("its requester %s is not saved", t.Requester.Address)
	}
	return args{
		"status": t.Status, "queue": t.Queue, "department": t.Department, "class": t.Class, "priority": t.Priority, "product": t.Product, "assignee": t.Assignee,
		"tags": document[[]string]{t.Tags}, "channel": t.Channel, "among": document[*rules.Among]{t.Among}, "missing": document[[]string]{t.Missing},
		"asked_details": t.AskedDetails, "mailbox": t.Mailbox, "subject": t.Subject, "language": t.Language,
		"customer": null(t.Customer), "requester": null(t.Requester.ID), "first_id": t.FirstID, "last_id": t.LastID, "registered": t.Registered,
		"level": t.Level.String(), "level_why": t.LevelWhy, "billing": t.Billing, "free_window": t.FreeWindow,
		"estimate": document[*desk.Estimate]{t.Estimate}, "hold": document[*ledger.Hold]{t.Hold}, "minutes": t.Minutes,
		"asked_time": t.AskedTime, "clocks": document[[]desk.Clock]{t.Clocks}, "reasons": document[[]rules.Reason]{t.Reasons},
		"linked": document[[]int64]{t.Linked}, "merged_into": null(t.MergedInto),
		"reminders": document[[]desk.Reminder]{t.Reminders}, "flood": document[*desk.Flood]{t.Flood}, "changed_at": t.ChangedAt, "reminded": t.Reminded,
		"resolved_at": t.ResolvedAt, "closed_at": t.ClosedAt, "wake_at": t.WakeAt,
	}, nil
}

func (r ticketRow) ticket() *desk.Ticket {
	return &desk.Ticket{
		Number: r.Number, Version: r.Version, Status: desk.Status(r.Status), Queue: r.Queue, Department: r.Department, Class: r.Class, Priority: r.Priority,
		Product: r.Product, Assignee: r.Assignee, Tags: r.Tags.v, Channel: r.Channel, Among: r.Among.v, Missing: r.Missing.v,
		AskedDetails: r.Asked, Mailbox: r.Mailbox, Subject: r.Subject, Language: r.Language,
		Customer: value(r.Customer), FirstID: message.ID(r.FirstID), LastID: message.ID(r.LastID),
		Registered: r.Registered.time(), Level: message.ParseLevel(r.Level), LevelWhy: r.LevelWhy,
		Billing: policy.Billing(r.Billing), FreeWindow: r.FreeWindow, Estimate: r.Estimate.v, Hold: r.Hold.v, Minutes: r.Minutes,
		AskedTime: r.AskedTime, Clocks: r.Clocks.v, Reasons: r.Reasons.v, Linked: r.Linked.v,
		MergedInto: value(r.MergedInto), Reminders: r.Reminders.v, Flood: r.Flood.v, ChangedAt: r.ChangedAt.time(),
		Reminded: r.Reminded, ResolvedAt: r.ResolvedAt.time(), ClosedAt: r.ClosedAt.time(), WakeAt: r.WakeAt.time(),
	}
}

const (
	saveParticipant = `
		INSERT INTO participant (ticket, position, contact, role, since, added_by) VALUES (:ticket, :position, :contact, :role, :since, :added_by)
		ON CONFLICT (ticket, position) DO UPDATE SET contact = excluded.contact, role = excluded.role, since = excluded.since, added_by = excluded.added_by`
	dropParticipants   = `DELETE FROM participant WHERE ticket = :ticket AND position >= :count`
	selectParticipants = `
		SELECT contact.id, address, name, language, customer, may_spend, role, since, added_by
		FROM participant JOIN contact ON contact.id = participant.contact
		WHERE ticket = :ticket ORDER BY position`
)

func (x *tx) saveParticipants(ctx context.Context, t *desk.Ticket, had bool) error {
	if err := participantsSaved(t); err != nil {
		return err
	}
	rows := participantRows(t.Number, t.Participants)
	if _, err := x.execAll(ctx, saveParticipant, rows); err != nil || !had {
		x.taking(t.Number, len(rows))
		return err
	}
	return x.leave(ctx, t.Number, len(rows))
}

// leave drops the participants that a ticket had beyond so many.
func (x *tx) leave(ctx context.Context, ticket int64, n int) error {
	most, known := x.part[ticket]
	x.taking(ticket, n)
	if known && n >= most {
		return nil // as nearly always
	}
	_, err := x.exec(ctx, dropParticipants, args{"ticket": ticket, "count": n})
	return err
}

func participantsSaved(t *desk.Ticket) error {
	for _, p := range t.Participants {
		if p.Contact.ID == 0 {
			return fmt.Errorf("its participant %s is not saved", p.Contact.Address)
		}
	}
	return nil
}

func participantRows(ticket int64, ps []desk.Participant) (rows []args) {
	for i, p := range ps {
		rows = append(rows, args{"ticket": ticket, "position": i, "contact": p.Contact.ID, "role": p.Role, "since": p.Since, "added_by": p.By})
	}
	return rows
}

// taking notes that a ticket has at most so many participants in the database.
func (x *tx) taking(ticket int64, n int) {
	if x.view {
		return
	}
	if x.part == nil {
		x.part = map[int64]int{}
	}
	x.part[ticket] = max(x.part[ticket], n)
}

func (x *tx) participants(ctx context.Context, ticket int64) ([]desk.Participant, error) {
	var rows []participantRow
	if err := x.listApart(ctx, &rows, selectParticipants, args{"ticket": ticket}); err != nil {
		return nil, err
	}
	var ps []desk.Participant
	for _, r := range rows {
		ps = append(ps, r.participant())
	}
	return ps, nil
}

// A participantRow is a participant as its table has it, and the contact.
type participantRow struct {
	contactRow
	Role    string  `db:"role"`
	Since   instant `db:"since"`
	AddedBy string  `db:"added_by"`
}

func (r participantRow) participant() desk.Participant {
	return desk.Participant{Contact: *r.contact(), Role: desk.Role(r.Role), Since: r.Since.time(), By: r.AddedBy}
}

const (
	selectWaking = `SELECT number FROM ticket WHERE wake_at <= :now ORDER BY wake_at, number LIMIT CAST(:limit AS bigint)`
	selectWake   = `SELECT wake_at FROM ticket WHERE wake_at IS NOT NULL ORDER BY wake_at, number LIMIT 1`
	selectLoad   = `SELECT COUNT(*) FROM ticket WHERE assignee = :staff AND status IN ('open', 'waiting')`
	selectGot    = `SELECT number FROM ticket WHERE assignee = :staff ORDER BY number DESC LIMIT 1`
	selectBroke  = `SELECT number FROM ticket WHERE customer = :customer AND status = 'awaiting_credits' ORDER BY number`
)

// Waking implements desk.Tx.
func (x *tx) Waking(ctx context.Context, now time.Time, limit int) ([]int64, error) {
	var numbers []int64
	if err := x.list(ctx, &numbers, selectWaking, args{"now": now, "limit": limit}); err != nil {
		return nil, fmt.Errorf("waking tickets: %w", err)
	}
	return numbers, nil
}

// NextWake implements desk.Tx.
func (x *tx) NextWake(ctx context.Context) (time.Time, error) {
	var next time.Time
	for _, query := range []string{selectWake, selectNextTimer} {
		var at instant
		switch err := x.get(ctx, &at, query, nil); {
		case errors.Is(err, desk.ErrNotFound):
		case err != nil:
			return time.Time{}, fmt.Errorf("next wake: %w", err)
		case next.IsZero() || at.time().Before(next):
			next = at.time()
		}
	}
	if next.IsZero() {
		return next, fmt.Errorf("next wake: %w", desk.ErrNotFound)
	}
	return next, nil
}

// Load implements desk.Tx.
func (x *tx) Load(ctx context.Context, staff string) (open int, last int64, err error) {
	if err = x.get(ctx, &open, selectLoad, args{"staff": staff}); err == nil {
		if err = x.get(ctx, &last, selectGot, args{"staff": staff}); errors.Is(err, desk.ErrNotFound) {
			err = nil
		}
	}
	if err != nil {
		return 0, 0, fmt.Errorf("load of %s: %w", staff, err)
	}
	return open, last, nil
}

// AwaitingCredits implements desk.Tx.
func (x *tx) AwaitingCredits(ctx context.Context, customer string) ([]int64, error) {
	var numbers []int64
	if err := x.list(ctx, &numbers, selectBroke, args{"customer": customer}); err != nil {
		return nil, fmt.Errorf("tickets of %s that await credits: %w", customer, err)
	}
	return numbers, nil
}

// The status comes twice, since no status is the filter that lets all through.
const selectTickets = `
	SELECT ` + ticketColumns + ` FROM ticket
	WHERE number < :below AND (CAST(:status AS text) = '' OR status = :status) AND (:closed OR status <> 'closed')
		AND (CAST(:queue AS text) = '' OR queue = :queue) AND (CAST(:customer AS text) = '' OR customer = :customer)
		AND (CAST(:requester AS bigint) = 0 OR requester = :requester)
	ORDER BY number DESC LIMIT CAST(:limit AS bigint)`

const selectContactsByID = `SELECT ` + contactColumns + ` FROM contact WHERE id IN (:ids)`

// Tickets implements desk.Tx.
func (x *tx) Tickets(ctx context.Context, f desk.TicketFilter) ([]*desk.Ticket, error) {
	ts, err := x.tickets(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("list tickets: %w", err)
	}
	return ts, nil
}

func (x *tx) tickets(ctx context.Context, f desk.TicketFilter) ([]*desk.Ticket, error) {
	below := f.Below
	if below == 0 {
		below = math.MaxInt64
	}
	return x.ticketList(ctx, selectTickets, args{
		"status": f.Status, "closed": !f.Unclosed, "queue": f.Queue, "customer": f.Customer, "requester": f.Requester, "below": below,
		"limit": f.Limit,
	})
}

// ticketList reads tickets with their requesters.
func (x *tx) ticketList(ctx context.Context, query string, a args) ([]*desk.Ticket, error) {
	var rows []ticketRow
	if err := x.list(ctx, &rows, query, a); err != nil {
		return nil, err
	}
	requesters, err := x.requesters(ctx, rows)
	if err != nil {
		return nil, err
	}
	var ts []*desk.Ticket
	for _, r := range rows {
		t := r.ticket()
		t.Requester = requesters[value(r.Requester)]
		ts = append(ts, t)
	}
	return ts, nil
}

// requesters are those of tickets, by their ID.
func (x *tx) requesters(ctx context.Context, tickets []ticketRow) (map[int64]desk.Contact, error) {
	requesters := map[int64]desk.Contact{}
	for page := range slices.Chunk(tickets, batch) {
		var ids []int64
		for _, r := range page {
			if r.Requester != nil {
				ids = append(ids, *r.Requester)
			}
		}
		if len(ids) == 0 {
			continue
		}
		var contacts []contactRow
		if err := listIn(ctx, x, &contacts, selectContactsByID, ids, nil); err != nil {
			return nil, err
		}
		for _, c := range contacts {
			requesters[c.ID] = *c.contact()
		}
	}
	return requesters, nil
}

// openTicket keeps a new ticket to be written with others.
func (x *tx) openTicket(ctx context.Context, t *desk.Ticket) (err error) {
	if t.Number, err = x.number(ctx, ticketTable); err != nil {
		return err
	}
	t.Version = 1
	if err := x.saveTicket(ctx, t); err != nil {
		return err
	}
	x.locked[t.Number], x.rows.opened[t.Number] = true, true
	return nil
}
