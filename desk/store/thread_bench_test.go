//go:build unix

package store_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/migrations"
)

// BenchmarkThread finds the ticket of a mail that answers a message chosen by chance, as Receive does: a transaction that may write is told what
// the mail says, reads what is known of that in sets, and is asked for it. Once for a mail that names what it answers (large/small), once for
// one that only has its subject (subject-large/small); in a desk of 10,000 messages and in one of 1,000,000, where no look-up may cost a tenth
// more. One iteration is a whole measurement.
//
// What is compared is the processor's time, this process's and on PostgreSQL the server's: other work on the machine moves the clock on the
// wall (wall-large/small) by more than the tenth in question. Nothing here waits for a disk, as all that is read was written just before, and
// what a commit waits for is no look-up.
//
// The two desks take turns by blocks of a hundred look-ups. A block is short enough for both to meet the same machine, and of each four
// the large desk has the middle ones, so that neither gains where the machine gets slower or faster meanwhile. It is long enough for each to
// find the processor's caches as it left them, and not as the other one did. Both say the same: by single look-ups the ratio is no other, and
// only less steady. The median of the ratios of many such fours is told.
func BenchmarkThread(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.OnPostgres} {
		b.Run(name, func(b *testing.B) {
			small, large := newLongDesk(b, open(b), 10_000), newLongDesk(b, open(b), 1_000_000)
			small.watch(b)
			large.watch(b)
			ways := []struct {
				name string
				look way
			}{{"", (*longDesk).byID}, {"subject-", (*longDesk).bySubject}}
			for b.Loop() {
				for _, way := range ways {
					compare(b, small, large, way.name, way.look)
				}
			}
		})
	}
}

// A way finds the ticket of a mail that answers a message.
type way func(d *longDesk, ctx context.Context, tx desk.Tx, i int) error

func compare(b *testing.B, small, large *longDesk, name string, look way) {
	const warm, rounds, each = 4000, 51, 100
	small.block(b, warm, look) // until the caches are those of a desk that has run for a while, and the statements are prepared
	large.block(b, warm, look)
	var processor, wall, costs []float64
	for range rounds {
		var cost [2]struct{ processor, wall time.Duration }
		for _, i := range []int{0, 1, 1, 0} {
			p, w := []*longDesk{small, large}[i].block(b, each, look)
			cost[i].processor += p
			cost[i].wall += w
		}
		processor = append(processor, float64(cost[1].processor)/float64(cost[0].processor))
		wall = append(wall, float64(cost[1].wall)/float64(cost[0].wall))
		costs = append(costs, float64(cost[0].processor)/2/each)
	}
	b.ReportMetric(median(costs), name+"ns/small")
	b.ReportMetric(median(processor), name+"large/small")
	b.ReportMetric(median(wall), name+"wall-large/small")
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// A longDesk has had 250 messages a day, four to a conversation, which is a ticket and goes on for four days. Half of the conversations are
// about one subject, which everybody has; each other one has its own.
type longDesk struct {
	*store.Store
	messages int
	server   *os.File // tells how long PostgreSQL's process has had a processor (proc_schedstat(5)); nil on SQLite
	chance   *rand.Rand
}

const (
	daily = 250
	talk  = 4 // messages

	identityEnds = "-of-the-length-of-a-hash-of-all-that-is-in-it"
)

// newLongDesk fills a database, by statements that go past our code: through it this takes ten times as long.
func newLongDesk(b *testing.B, st *store.Store, n int) *longDesk {
	b.Helper()
	d := &longDesk{Store: st, messages: n, chance: rand.New(rand.NewPCG(1, 2))}
	d.fill(b)
	st.Raw().SetMaxIdleConns(0) // the next connection is as the store sets it up
	st.Raw().SetMaxIdleConns(1)
	return d
}

// watch finds the server's process that is going to work for us.
func (d *longDesk) watch(b *testing.B) {
	if d.Engine() == migrations.SQLite {
		return
	}
	d.Raw().SetMaxOpenConns(1)
	var process int
	err := d.Raw().Get(&process, "SELECT pg_backend_pid()")
	if err != nil {
		b.Fatal(err)
	}
	if d.server, err = os.Open(fmt.Sprintf("/proc/%d/schedstat", process)); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.server.Close() })
}

func (d *longDesk) fill(b *testing.B) {
	b.Helper()
	ctx := b.Context()
	err := d.Update(ctx, func(tx desk.Tx) error {
		return tx.AddTicket(ctx, &desk.Ticket{Status: desk.Closed, Subject: "It does not work", Mailbox: "support", Language: "en"})
	})
	if err != nil {
		b.Fatal(err)
	}
	all, err := d.Columns(ctx)
	if err != nil {
		b.Fatal(err)
	}
	var columns []string
	for _, c := range all {
		if c.Table == "ticket" && c.Column != "number" && c.Column != "requester" {
			columns = append(columns, c.Column)
		}
	}
	like := strings.Join(columns, ", ")
	at := `strftime('%Y-%m-%dT%H:%M:%S.000000Z', '2015-01-01', (i * 86400 / ` + strconv.Itoa(daily) + `) || ' seconds')`
	if d.Engine() == migrations.Postgres {
		at = `TIMESTAMPTZ '2015-01-01Z' + i * CAST(86400 AS bigint) / ` + strconv.Itoa(daily) + ` * INTERVAL '1 second'`
	} else if _, err := d.Raw().Exec("PRAGMA cache_size = -1000000"); err != nil { // fills faster
		b.Fatal(err)
	}
	r := strings.NewReplacer(
		"TALK", fmt.Sprintf("(i %% %d + %[1]d * (i / %d))", daily, daily*talk),
		"KEY", "(i * 2654435761 % 4294967296) || '.' || i", "PARENT", "(i * CAST(1597334677 AS bigint) % 4294967296) || '-' || i", // see key and parent
		"PEOPLE", strconv.Itoa(people(d.messages)), "AT", at, "LIKE", like)
	// A statement may take a minute.
	insert := func(n, page int, fill string) {
		for from := 0; from < n; from += page {
			series := fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", from, min(from+page, n)-1)
			if _, err := d.Raw().Exec(series + r.Replace(fill)); err != nil {
				b.Fatalf("%s: %v", fill, err)
			}
		}
	}
	insert(people(d.messages), 50_000, `INSERT INTO contact (address, name, language, may_spend) SELECT 'p' || i || '@cust.example', 'Kim', 'en', FALSE FROM n`)
	insert(d.messages/talk, 50_000, `INSERT INTO ticket (requester, LIKE) SELECT i / 5 + 1, LIKE FROM n JOIN ticket ON number = 1`)
	insert(d.messages/talk, 50_000, `INSERT INTO participant (ticket, position, contact, role, since, added_by) SELECT i + 2, 0, (i + 7) % PEOPLE + 1, 'copy', NULL, 'kim' FROM n`)
	insert(d.messages, 50_000, `
		INSERT INTO message (ticket, identity, mailbox, at, outcome, found_by, message_id, from_name, from_addr, staff, level, level_why, kind,
			internal, subject, body, visible, language, base, bare, recipients)
		SELECT TALK + 2, KEY || '`+identityEnds+`', 'support', AT, 'joined', 'references', KEY || '@mua.example',
			'Kim', 'p' || (TALK / 5) || '@cust.example', '', 'A1', 'dkim=pass', 'human', FALSE,
			'Re: It does not work', '`+strings.Repeat("It does not work at all. ", 12)+`', 'It does not work at all.', 'en',
			CASE WHEN TALK % 2 = 0 THEN 'it does not work' ELSE 'order ' || TALK END, FALSE, '["support@desk.example"]' FROM n`)
	insert(d.messages, 50_000, `INSERT INTO ref (message_id, ticket, kind) SELECT KEY || '@mua.example', TALK + 2, 'seen' FROM n`)
	insert(d.messages, 50_000, `INSERT INTO ref (message_id, ticket, kind) SELECT PARENT || '@mua.example', TALK + 2, 'mentioned' FROM n`)
	insert(d.messages, 50_000, `
		INSERT INTO reception (mailbox, folder, uid_validity, uid, at, outcome, message, ticket)
		SELECT 'support', 'INBOX', 1, i + 1, AT, 'joined', i + 1, TALK + 2 FROM n`)
	if d.Engine() == migrations.Postgres {
		_, err = d.Raw().Exec("VACUUM ANALYZE") // as the server does by itself
	} else {
		_, err = d.Raw().Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	}
	if err != nil {
		b.Fatal(err)
	}
}

func people(messages int) int { return messages / 20 }

// key is what no other message's ids begin with, and parent that of the mail that it answered: no two are neighbours in an index.
func key(i int) string { return fmt.Sprintf("%d.%d", uint32(i*2654435761), i) }

func parent(i int) string { return fmt.Sprintf("%d-%d", uint32(i*1597334677), i) }

func talkOf(i int) int { return i%daily + daily*(i/(daily*talk)) }

// arriving is what Receive tells of a mail from whoever has the conversation of a message.
func (d *longDesk) arriving(i int) desk.ExpectedMail {
	fresh := key(d.messages + d.chance.IntN(d.messages))
	return desk.ExpectedMail{
		Position: desk.Position{Mailbox: "support", Folder: "INBOX", UIDValidity: 1, UID: uint32(d.messages + 1 + d.chance.IntN(100))},
		Identity: fresh + identityEnds, ID: message.ID(fresh + "@mua.example"), Address: fmt.Sprintf("p%d@cust.example", talkOf(i)/5),
	}
}

// byID finds the ticket of a mail that names a message, the mail that this one answered, and three that never came here.
func (d *longDesk) byID(ctx context.Context, tx desk.Tx, i int) error {
	mail := d.arriving(i)
	for _, name := range []string{key(i), parent(i), key(i + d.messages), parent(i + d.messages), "unknown"} {
		mail.Names = append(mail.Names, message.ID(name+"@mua.example"))
	}
	mail.Answers = mail.Names[0]
	if err := d.expect(ctx, tx, mail); err != nil {
		return err
	}
	refs, err := tx.Refs(ctx, mail.Names)
	if err != nil || len(refs) != 2 {
		return errors.Join(fmt.Errorf("%d references", len(refs)), err)
	}
	return d.found(ctx, tx, refs[0].Ticket, i)
}

// bySubject finds the ticket of a mail that comes an hour after a message, and has its subject.
func (d *longDesk) bySubject(ctx context.Context, tx desk.Tx, i int) error {
	mail := d.arriving(i)
	base := "it does not work"
	if t := talkOf(i); t%2 != 0 {
		base = fmt.Sprintf("order %d", t)
	}
	at := time.Date(2015, 1, 1, 1, 0, i*86400/daily, 0, time.UTC)
	f := desk.HeadingFilter{Base: base, Since: at.AddDate(0, 0, -90), Until: at.Add(36 * time.Hour), Limit: 20}
	own := f
	own.From = mail.Address
	mail.Headings = []desk.HeadingFilter{f, own}
	if err := d.expect(ctx, tx, mail); err != nil {
		return err
	}
	for _, f := range mail.Headings {
		found, err := tx.Headings(ctx, f)
		if err != nil || len(found) == 0 {
			return errors.Join(fmt.Errorf("%d mails of a subject", len(found)), err)
		}
		if f.From == "" {
			continue
		}
		ours := slices.IndexFunc(found, func(h desk.Heading) bool { return h.Ticket == int64(talkOf(i)+2) })
		if ours < 0 {
			return errors.New("the message of that subject is not among its mails")
		}
		return d.found(ctx, tx, found[ours].Ticket, i)
	}
	return nil
}

// expect asks what every mail is asked first: has it been here?
func (d *longDesk) expect(ctx context.Context, tx desk.Tx, mail desk.ExpectedMail) error {
	e := desk.Expected{Since: time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC), Latest: 11, Mails: []desk.ExpectedMail{mail}}
	if err := tx.Expect(ctx, e); err != nil {
		return err
	}
	if _, err := tx.SameMail(ctx, mail.Identity); !errors.Is(err, desk.ErrNotFound) {
		return fmt.Errorf("a new mail has been here: %w", err)
	}
	if refs, err := tx.Refs(ctx, []message.ID{mail.ID}); err != nil || len(refs) > 0 {
		return errors.Join(fmt.Errorf("%d references to a new mail", len(refs)), err)
	}
	return nil
}

func (d *longDesk) found(ctx context.Context, tx desk.Tx, ticket int64, i int) error {
	t, err := tx.Ticket(ctx, ticket)
	if err == nil && (t.Number != int64(talkOf(i)+2) || len(t.Participants) != 1 || t.Requester.Address == "") {
		err = fmt.Errorf("ticket %d with %d participants", t.Number, len(t.Participants))
	}
	return err
}

var errEnough = errors.New("nothing of it is kept")

// block finds the tickets of so many mails, each in a transaction of its own, and tells what that took.
func (d *longDesk) block(b *testing.B, n int, look way) (processor, wall time.Duration) {
	ctx := b.Context()
	server, own, began := d.served(b), processorTime(b), time.Now()
	for range n {
		i := d.chance.IntN(d.messages)
		err := d.Update(ctx, func(tx desk.Tx) error { return cmp.Or(look(d, ctx, tx, i), errEnough) })
		if !errors.Is(err, errEnough) {
			b.Fatalf("message %d of %d: %v", i, d.messages, err)
		}
	}
	wall, own = time.Since(began), processorTime(b)-own
	return own + d.served(b) - server, wall
}

// served is the processor's time that the server has taken for us, 0 where there is none.
func (d *longDesk) served(b *testing.B) time.Duration {
	if d.server == nil {
		return 0
	}
	var text [64]byte
	n, err := d.server.ReadAt(text[:], 0)
	if n == 0 {
		b.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text[:n]), " ")
	ns, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(ns)
}

// processorTime is what this process has taken of the processor, the collector's part included.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
