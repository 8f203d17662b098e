package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/migrations"
)

// What a transaction was told to expect is read at once for all mails, and kept up to date by what the transaction writes. A nil is known
// too: there is none. Other transactions may write meanwhile, as they may between any two statements; what must not happen twice is kept
// from it by unique keys, and then the transaction runs again.
type known struct {
	receptions map[desk.Position]*desk.Reception
	contacts   map[string]*desk.Contact
	same       map[string]*desk.Message
	refs       map[message.ID][]desk.Ref
	muted      map[string]*string
	sent       map[string]*sentTo
	tickets    map[int64]*desk.Ticket // locked and not asked for yet
	recent     map[int64][]messageRow // the latest messages of tickets, as many as latest says
	latest     int
	headings   map[desk.HeadingFilter][]headingRow
}

// sentTo are the automatic mails to an address since a time.
type sentTo struct {
	since time.Time
	mails []sentRow
}

type sentRow struct {
	Address  string  `db:"to_addr"`
	Template string  `db:"template"`
	Ticket   *int64  `db:"ticket"`
	At       instant `db:"at"`
}

// forget drops what was read of tables that a statement changes.
func (k *known) forget(tables []string) {
	for _, t := range tables {
		switch t {
		case "reception":
			k.receptions = nil
		case "contact":
			k.contacts, k.tickets = nil, nil
		case "message":
			k.same, k.recent, k.headings = nil, nil, nil
		case "ref":
			k.refs = nil
		case "muted":
			k.muted = nil
		case "outbox":
			k.sent = nil
		case "participant":
			k.tickets = nil
		}
	}
}

// unknown are those of what a transaction expects that it has not read yet, each once.
func unknown[K comparable, V any](keys []K, have map[K]V) (all []K) {
	seen := map[K]bool{}
	for _, k := range keys {
		if _, ok := have[k]; !ok && !seen[k] {
			seen[k] = true
			all = append(all, k)
		}
	}
	return all
}

// learn notes what was found of the keys that were asked for.
func learn[K comparable, V any](have *map[K]V, asked []K, found map[K]V) {
	if *have == nil {
		*have = map[K]V{}
	}
	for _, k := range asked {
		(*have)[k] = found[k]
	}
}

// A key that the database cannot hold as it is stands there cleaned. It is not read ahead, so that each look-up cleans it for itself.

// senders are the addresses that mails come from.
func senders(e *desk.Expected) (all []string) {
	for _, m := range e.Mails {
		if m.Address != "" && clean(m.Address) == m.Address {
			all = append(all, m.Address)
		}
	}
	return all
}

// Expect implements desk.Tx.
func (x *tx) Expect(ctx context.Context, e desk.Expected) error {
	if x.view {
		return fmt.Errorf("expect mails: %w", errWriteInView)
	}
	if !x.ahead {
		x.ahead = true
		x.rows, x.numbers, x.versions = noRows(), map[*rowset]numbers{}, map[int64]int64{}
	}
	steps := []func(context.Context, *desk.Expected) error{
		x.expectReceptions, x.expectContacts, x.expectSame, x.expectRefs, x.expectMuted, x.expectSent, x.expectTickets, x.expectHeadings, x.expectNumbers,
	}
	for _, step := range steps {
		if err := step(ctx, &e); err != nil {
			return fmt.Errorf("expect %d mails: %w", len(e.Mails), err)
		}
	}
	return nil
}

const selectReceptions = `
	SELECT uid, at, outcome, message, ticket FROM reception
	WHERE mailbox = :mailbox AND folder = :folder AND uid_validity = :uid_validity AND uid IN (:ids)`

func (x *tx) expectReceptions(ctx context.Context, e *desk.Expected) error {
	folders := map[desk.Position][]uint32{}
	for _, m := range e.Mails {
		if _, ok := x.known.receptions[m.Position]; !ok {
			of := m.Position
			of.UID = 0
			folders[of] = append(folders[of], m.Position.UID)
		}
	}
	for of, uids := range folders {
		var got []struct {
			UID     uint32  `db:"uid"`
			At      instant `db:"at"`
			Outcome string  `db:"outcome"`
			Message *int64  `db:"message"`
			Ticket  *int64  `db:"ticket"`
		}
		a := args{"mailbox": of.Mailbox, "folder": of.Folder, "uid_validity": of.UIDValidity}
		if err := listIn(ctx, x, &got, selectReceptions, uids, a); err != nil {
			return err
		}
		asked, found := []desk.Position{}, map[desk.Position]*desk.Reception{}
		at := func(uid uint32) desk.Position {
			of.UID = uid
			return of
		}
		for _, uid := range uids {
			asked = append(asked, at(uid))
		}
		for _, r := range got {
			found[at(r.UID)] = &desk.Reception{
				Position: at(r.UID), At: r.At.time(), Outcome: desk.Outcome(r.Outcome), Message: value(r.Message), Ticket: value(r.Ticket),
			}
		}
		learn(&x.known.receptions, asked, found)
	}
	return nil
}

const selectContactsOf = `SELECT ` + contactColumns + ` FROM contact WHERE address IN (:ids)`

func (x *tx) expectContacts(ctx context.Context, e *desk.Expected) error {
	asked := unknown(senders(e), x.known.contacts)
	if len(asked) == 0 {
		return nil
	}
	var got []contactRow
	if err := listIn(ctx, x, &got, selectContactsOf, asked, nil); err != nil {
		return err
	}
	found := map[string]*desk.Contact{}
	for _, r := range got {
		found[r.Address] = r.contact()
	}
	learn(&x.known.contacts, asked, found)
	return nil
}

const selectSameMails = `SELECT id, ` + messageColumns + ` FROM message WHERE identity IN (:ids) AND identity <> ''`

func (x *tx) expectSame(ctx context.Context, e *desk.Expected) error {
	var all []string
	for _, m := range e.Mails {
		if clean(m.Identity) == m.Identity {
			all = append(all, m.Identity)
		}
	}
	asked := unknown(all, x.known.same)
	if len(asked) == 0 {
		return nil
	}
	var got []messageRow
	if err := listIn(ctx, x, &got, selectSameMails, asked, nil); err != nil {
		return err
	}
	found := map[string]*desk.Message{}
	for _, r := range got {
		found[r.Identity] = r.message()
	}
	learn(&x.known.same, asked, found)
	return nil
}

func (x *tx) expectRefs(ctx context.Context, e *desk.Expected) error {
	var all []message.ID
	for _, m := range e.Mails {
		for _, id := range append(slices.Clone(m.Names), m.ID) {
			if id != "" && clean(string(id)) == string(id) {
				all = append(all, id)
			}
		}
	}
	for asked := range slices.Chunk(unknown(all, x.known.refs), batch) {
		var got []refRow
		if err := listIn(ctx, x, &got, selectRefs, asked, nil); err != nil {
			return err
		}
		found := map[message.ID][]desk.Ref{}
		for _, r := range got {
			found[message.ID(r.ID)] = append(found[message.ID(r.ID)], r.ref())
		}
		learn(&x.known.refs, asked, found)
	}
	return nil
}

const selectMutedOf = `SELECT address, why FROM muted WHERE address IN (:ids)`

func (x *tx) expectMuted(ctx context.Context, e *desk.Expected) error {
	asked := unknown(senders(e), x.known.muted)
	if len(asked) == 0 {
		return nil
	}
	var got []struct {
		Address string `db:"address"`
		Why     string `db:"why"`
	}
	if err := listIn(ctx, x, &got, selectMutedOf, asked, nil); err != nil {
		return err
	}
	found := map[string]*string{}
	for _, r := range got {
		found[r.Address] = &r.Why
	}
	learn(&x.known.muted, asked, found)
	return nil
}

const selectSentTo = `SELECT to_addr, template, ticket, at FROM outbox WHERE to_addr IN (:ids) AND automatic AND at >= :since`

func (x *tx) expectSent(ctx context.Context, e *desk.Expected) error {
	return x.readSent(ctx, unknown(senders(e), x.known.sent), e.Since)
}

// readSent reads which automatic mails addresses were sent since a time.
func (x *tx) readSent(ctx context.Context, addresses []string, since time.Time) error {
	if len(addresses) == 0 {
		return nil
	}
	var got []sentRow
	if err := listInApart(ctx, x, &got, selectSentTo, addresses, args{"since": due(since)}); err != nil {
		return err
	}
	found := map[string]*sentTo{}
	for _, address := range addresses {
		found[address] = &sentTo{since: since}
	}
	for _, waits := range x.rows.of[mailTable] {
		var r sentRow
		if err := read(&r, waits); err != nil {
			return err
		}
		if waits["automatic"] == true {
			got = append(got, r)
		}
	}
	for _, r := range got {
		if s := found[r.Address]; s != nil {
			s.mails = append(s.mails, r)
		}
	}
	learn(&x.known.sent, addresses, found)
	return nil
}

const (
	selectTicketsIn      = `SELECT ` + ticketColumns + ` FROM ticket WHERE number IN (:ids) ORDER BY number` // the order in which they are locked
	postgresLockIn       = selectTicketsIn + postgresForUpdate
	selectParticipantsOf = `
		SELECT ticket, contact.id, address, name, language, customer, may_spend, role, since, added_by
		FROM participant JOIN contact ON contact.id = participant.contact
		WHERE ticket IN (:ids) ORDER BY ticket, position`
)

// expectTickets loads the tickets to which the mails answer.
func (x *tx) expectTickets(ctx context.Context, e *desk.Expected) error {
	var asked []int64
	for _, m := range e.Mails {
		if m.Answers == "" || x.known.same[m.Identity] != nil || x.known.receptions[m.Position] != nil {
			continue
		}
		for _, r := range x.known.refs[m.Answers] {
			if !x.locked[r.Ticket] && !slices.Contains(asked, r.Ticket) {
				asked = append(asked, r.Ticket)
			}
		}
	}
	if len(asked) == 0 {
		return nil
	}
	var (
		got  []ticketRow
		part []struct {
			Ticket int64 `db:"ticket"`
			participantRow
		}
	)
	lock := selectTicketsIn
	if x.st.engine == migrations.Postgres {
		lock = postgresLockIn
	}
	if err := listIn(ctx, x, &got, lock, asked, nil); err != nil {
		return err
	}
	requesters, err := x.requesters(ctx, got)
	if err == nil {
		err = listIn(ctx, x, &part, selectParticipantsOf, asked, nil)
	}
	if err != nil {
		return err
	}
	if x.known.tickets == nil {
		x.known.tickets = map[int64]*desk.Ticket{}
	}
	for _, r := range got {
		t := r.ticket()
		t.Requester = requesters[value(r.Requester)]
		x.known.tickets[t.Number] = t
		x.locked[t.Number], x.versions[t.Number] = true, t.Version
	}
	for _, p := range part {
		t := x.known.tickets[p.Ticket]
		t.Participants = append(t.Participants, p.participant())
	}
	for _, t := range x.known.tickets {
		x.taking(t.Number, len(t.Participants))
	}
	return x.expectRecent(ctx, slices.Sorted(maps.Keys(x.known.tickets)), e.Latest)
}

// atOnce is of how many tickets or subjects the latest messages are read by one statement, which stays prepared.
const atOnce = 12

// Of each ticket or subject at most so many are read, by an index. A window over all messages would read those of a ticket with thousands.
var (
	selectRecentOf       = oneByOne(selectRecent)
	selectHeadingsOne    = oneByOne(selectHeadings)
	selectHeadingsOfEach = oneByOne(selectHeadingsOf)
	selectBareOfEach     = oneByOne(selectBare)
)

// oneByOne is a query that gives what another one gives for each of some arguments, whose names end in the number of each.
func oneByOne(query string) string {
	var each []string
	for i := range atOnce {
		n := strconv.Itoa(i)
		each = append(each, `SELECT * FROM (`+parameter.ReplaceAllString(query, "${0}"+n)+`) AS part`+n)
	}
	return strings.Join(each, " UNION ALL ")
}

// listEach runs a query of oneByOne. Where there are fewer the last are asked again, for nothing.
func (x *tx) listEach(ctx context.Context, rows any, query string, each []args, nothing args) error {
	a := args{}
	for i := range atOnce {
		one := nothing
		if i < len(each) {
			one = each[i]
		}
		for name, v := range one {
			a[name+strconv.Itoa(i)] = v
		}
	}
	return x.list(ctx, rows, query, a)
}

func (x *tx) expectRecent(ctx context.Context, tickets []int64, most int) error {
	if most == 0 {
		return nil
	}
	for part := range slices.Chunk(tickets, atOnce) {
		var each []args
		for _, number := range part {
			each = append(each, args{"ticket": number, "most": most})
		}
		var got []messageRow
		if err := x.listEach(ctx, &got, selectRecentOf, each, args{"ticket": int64(0), "most": 0}); err != nil {
			return err
		}
		found := map[int64][]messageRow{}
		for _, r := range got {
			found[value(r.Ticket)] = append(found[value(r.Ticket)], r)
		}
		learn(&x.known.recent, part, found)
	}
	x.known.latest = most
	return nil
}

// expectHeadings reads which mails had the subjects of those that name none.
func (x *tx) expectHeadings(ctx context.Context, e *desk.Expected) error {
	asked := map[string][]desk.HeadingFilter{}
	for _, m := range e.Mails {
		if x.known.same[m.Identity] != nil || x.known.receptions[m.Position] != nil {
			continue
		}
		for _, f := range m.Headings {
			switch {
			case f.Base == "" || clean(f.Base) != f.Base || clean(f.From) != f.From:
			case f.Bare:
				asked[selectBareOfEach] = append(asked[selectBareOfEach], f)
			case f.From == "":
				asked[selectHeadingsOne] = append(asked[selectHeadingsOne], f)
			default:
				asked[selectHeadingsOfEach] = append(asked[selectHeadingsOfEach], f)
			}
		}
	}
	for query, filters := range asked {
		for part := range slices.Chunk(unknown(filters, x.known.headings), atOnce) {
			var each []args
			for _, f := range part {
				each = append(each, headingArgs(f))
			}
			var got []headingRow
			if err := x.listEach(ctx, &got, query, each, headingArgs(desk.HeadingFilter{})); err != nil {
				return err
			}
			found := map[desk.HeadingFilter][]headingRow{}
			for _, f := range part {
				for _, r := range got {
					if r.Base == f.Base && (r.Bare || !f.Bare) && (f.From == "" || r.From == f.From) && !r.At.time().Before(stored(f.Since)) && !r.At.time().After(stored(f.Until)) {
						found[f] = append(found[f], r)
					}
				}
			}
			learn(&x.known.headings, part, found)
		}
	}
	return nil
}

// expectNumbers takes the numbers that the mails need. Those of tickets are seen by people, and taken only for mails that open one as far as can
// be told.
func (x *tx) expectNumbers(ctx context.Context, e *desk.Expected) error {
	want := map[*rowset]int{}
	if e.Sources > 0 {
		want[sourceTable] = e.Sources
	}
	seen := map[string]bool{}
	for _, m := range e.Mails {
		if seen[m.Identity] || x.known.same[m.Identity] != nil || x.known.receptions[m.Position] != nil {
			continue
		}
		seen[m.Identity] = true
		want[sourceTable]++
		want[messageTable]++
		want[mailTable] += 2
		if m.Address != "" && x.known.contacts[m.Address] == nil {
			want[contactTable]++
		}
		if m.Opens {
			want[ticketTable]++
		}
	}
	for t := range want {
		if len(x.numbers[t]) > 0 {
			delete(want, t)
		}
	}
	if len(want) == 0 {
		return nil
	}
	return x.reserve(ctx, want)
}

// waitingTicket is a ticket as it waits to be written, nil where it does not.
func (x *tx) waitingTicket(number int64) (*desk.Ticket, error) {
	row := x.rows.tickets[number]
	if row == nil {
		return nil, nil
	}
	var r ticketRow
	if err := read(&r, row.args); err != nil {
		return nil, err
	}
	t := r.ticket()
	t.Requester, t.Participants = row.requester, slices.Clone(row.participants)
	return t, nil
}

// saveTicket keeps a ticket to be written with others.
func (x *tx) saveTicket(ctx context.Context, t *desk.Ticket) error {
	a, err := ticketArgs(t)
	if err != nil {
		return err
	}
	a["number"], a["version"] = t.Number, t.Version
	if err := participantsSaved(t); err != nil {
		return err
	}
	for name, v := range a {
		if a[name], err = resolved(v); err != nil {
			return err
		}
	}
	x.versions[t.Number] = t.Version
	x.rows.tickets[t.Number] = &waitingTicket{args: a, requester: t.Requester, participants: slices.Clone(t.Participants)}
	delete(x.known.tickets, t.Number)
	if x.rows.opened[t.Number] || x.versions[t.Number] == 1 {
		x.taking(t.Number, len(t.Participants))
		return nil
	}
	return x.leave(ctx, t.Number, len(t.Participants))
}
