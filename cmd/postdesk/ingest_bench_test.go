//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/mailin"
	"github.com/postdesk/postdesk/mailin/parse"
)

// ingestMails is how many mails wait for the desk.
const ingestMails = 2000

// BenchmarkIngest prints how fast postdesk serve takes 2,000 mixed mails out of a real Dovecot, with their acknowledgements sent, beside a bare
// pipeline over the same mails: one big fetch after the other on one connection, each mail parsed, the very rows that the desk has written
// inserted in sets of 50 mails without a look at anything, and the acknowledgements sent on one kept connection. The desk's figure is void
// unless it has one row for each mail, a ticket for each of the generator's conversations and one acknowledgement for each new one of a
// person.
func BenchmarkIngest(b *testing.B) {
	for _, engine := range []struct {
		name string
		dsn  func(testing.TB) string
	}{{"sqlite", func(testing.TB) string { return sqliteDSN(b) }}, {"postgres", storetest.PostgresDSN}} {
		b.Run(engine.name, func(b *testing.B) {
			d, sink := ingestDesk(b, engine.dsn(b))
			mails, conversations, acks := generated(ingestMails)
			d.append(b, "support@desk.example", mails)

			processor := d.processors(b)
			began := time.Now()
			n := d.serve(b)
			d.await(b, sink, len(mails), acks)
			took := time.Since(began)
			desk, base := processor(n)
			peak := sizeOf(b, n.cmd.Process.Pid, "VmHWM")
			n.stops(b)
			d.holds(b, sink, len(mails), conversations, acks)

			bare := d.barely(b, engine.dsn(b), sink, acks)
			b.ReportMetric(float64(len(mails))/took.Seconds(), "mails/s")
			b.ReportMetric(float64(len(mails))/bare.Seconds(), "bare/s")
			b.ReportMetric(bare.Seconds()/took.Seconds(), "ratio")
			b.ReportMetric(desk.Seconds()*1000/float64(len(mails)), "desk-ms/mail")
			b.ReportMetric(base.Seconds()*1000/float64(len(mails)), "db-ms/mail")
			b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkAcknowledge prints how long after Dovecot has told of a mail its acknowledgement is out, one mail at a time.
func BenchmarkAcknowledge(b *testing.B) {
	for _, engine := range []struct {
		name string
		dsn  func(testing.TB) string
	}{{"sqlite", func(testing.TB) string { return sqliteDSN(b) }}, {"postgres", storetest.PostgresDSN}} {
		b.Run(engine.name, func(b *testing.B) {
			d, sink := ingestDesk(b, engine.dsn(b))
			n := d.serve(b)
			defer n.stops(b)
			n.waits(b, "support", mailin.Waiting)
			told := d.idle(b, "support@desk.example")
			mails, _, _ := generated(400)
			var beyond []time.Duration
			for _, m := range mails {
				if m.acknowledged == "" || len(beyond) == 50 {
					continue
				}
				d.append(b, "support@desk.example", []benchedMail{m})
				at := <-told
				beyond = append(beyond, sink.when(b, m.acknowledged).Sub(at))
			}
			slices.Sort(beyond)
			b.ReportMetric(float64(beyond[len(beyond)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(beyond[len(beyond)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkLargeMailServed prints how much more memory one mail of 50 MB takes at its peak than the idle desk. The bar is 64 MiB.
func BenchmarkLargeMailServed(b *testing.B) {
	d, sink := ingestDesk(b, sqliteDSN(b))
	n := d.serve(b)
	defer n.stops(b)
	mails, _, _ := generated(4)
	small := slices.IndexFunc(mails, func(m benchedMail) bool { return m.acknowledged != "" })
	d.append(b, "support@desk.example", mails[small:small+1])
	sink.when(b, mails[small].acknowledged)
	n.waits(b, "support", mailin.Waiting)

	pid := n.cmd.Process.Pid
	idle := sizeOf(b, pid, "VmRSS")
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0o600); err != nil { // VmHWM begins anew
		b.Fatal(err)
	}
	line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("large"), 11))[:72] + "\r\n"
	large := benchedMail{raw: []byte(benchTrace(99) + "From: Large <large@acme.example>\r\nTo: support@desk.example\r\nSubject: Scan\r\nMessage-ID: <large@acme.example>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhere it is\r\n" +
		"--b\r\nContent-Type: image/tiff; name=scan.tiff\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat(line, 50_000_000/len(line)) + "--b--\r\n")}
	d.append(b, "support@desk.example", []benchedMail{large})
	sink.when(b, "large@acme.example")
	peak := sizeOf(b, pid, "VmHWM") - idle
	b.ReportMetric(float64(peak)/(1<<20), "MiB-over-idle")
	b.ReportMetric(0, "ns/op")
	if peak > 64<<20 {
		b.Errorf("a mail of %d bytes took %d bytes over the %d of an idle desk", len(large.raw), peak, idle)
	}
}

// BenchmarkTwoNodes has two processes on one database, each with one of two mailboxes: the counts are those of one process.
func BenchmarkTwoNodes(b *testing.B) {
	d, sink := ingestDesk(b, storetest.PostgresDSN(b))
	sales := d.box("sales")
	sales.Sink = sink.port
	d.Boxes = append(d.Boxes, sales)
	d.writePolicy(b)
	mails, conversations, acks := generated(ingestMails)
	var halves [2][]benchedMail
	for _, m := range mails {
		halves[m.conversation%2] = append(halves[m.conversation%2], m)
	}
	d.append(b, "support@desk.example", halves[0])
	d.append(b, "sales@desk.example", halves[1])
	began := time.Now()
	one, other := d.serve(b), d.serve(b)
	d.await(b, sink, len(mails), acks)
	b.ReportMetric(float64(len(mails))/time.Since(began).Seconds(), "mails/s")
	b.ReportMetric(0, "ns/op")
	one.stops(b)
	other.stops(b)
	d.holds(b, sink, len(mails), conversations, acks)
}

// ingestDesk is a desk beside a real Dovecot whose mails go to a sink.
func ingestDesk(b *testing.B, dsn string) (*realDesk, *sink) {
	b.Helper()
	d := newRealDesk(b, dsn, nil)
	s := newSink(b)
	d.Boxes[0].Sink = s.port
	d.writePolicy(b)
	return d, s
}

// A benchedMail is one that the generator made.
type benchedMail struct {
	raw          []byte
	conversation int
	acknowledged string // the address that gets an acknowledgement for it; "" where none is due
}

func benchTrace(i int) string {
	return "Authentication-Results: mx.desk.example; dkim=pass header.d=acme.example\r\n" +
		fmt.Sprintf("Received: from out.acme.example ([192.0.2.1]) by mx.desk.example with ESMTPS id %d; Mon, 2 Nov 2026 09:00:00 +0000\r\n", i)
}

// generated writes mails as desks get them: of a hundred, 55 begin a conversation, 35 answer in one, five are a list's and five a machine's. A
// third have HTML beside the text, a tenth a file. Each sender writes in one conversation, since an address gets few answers of a program.
func generated(n int) (mails []benchedMail, conversations, acks int) {
	var open []int // conversations of people
	last := map[int]string{}
	for i := range n {
		var head strings.Builder
		kind, id := i%20, fmt.Sprintf("%d@acme.example", i)
		m := benchedMail{conversation: conversations}
		sender := fmt.Sprintf("person%d@acme.example", conversations)
		switch {
		case kind >= 11 && kind < 18 && len(open) > 0: // an answer in one of the last ten
			m.conversation = open[max(0, len(open)-1-i*7%10)]
			sender = fmt.Sprintf("person%d@acme.example", m.conversation)
			fmt.Fprintf(&head, "In-Reply-To: <%[1]s>\r\nReferences: <%[1]s>\r\n", last[m.conversation])
		case kind == 18:
			conversations++
			fmt.Fprintf(&head, "List-Id: <news%d.acme.example>\r\n", i)
		case kind == 19:
			conversations++
			head.WriteString("Auto-Submitted: auto-replied\r\n")
		default:
			conversations++
			acks++
			open, m.acknowledged = append(open, m.conversation), sender
		}
		last[m.conversation] = id
		text := fmt.Sprintf("Hello,\r\n\r\nthe import stops at line %d with the message \"no such column\". It did so yesterday as well, with another file.\r\n"+
			"What can I do about it? We need it by Friday.\r\n\r\nBest regards\r\nPerson %d\r\n", i, m.conversation)
		text += strings.Repeat("The log says once more that nothing was found where something should be.\r\n", i%9)
		plain := "Content-Type: text/plain; charset=utf-8\r\n\r\n" + text + "\r\n-- \r\nAcme GmbH\r\n"
		body := plain
		if i%3 == 0 {
			body = "Content-Type: multipart/alternative; boundary=alt\r\n\r\n--alt\r\n" + plain + "--alt\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<div>" +
				strings.ReplaceAll(text, "\r\n", "<br>\r\n") + "</div>\r\n--alt--\r\n"
		}
		if i%10 == 4 {
			file := strings.Repeat(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{byte(i), byte(i / 7), 3}, 19))+"\r\n", 300)
			body = "Content-Type: multipart/mixed; boundary=mix\r\n\r\n--mix\r\n" + body + "--mix\r\nContent-Type: image/png; name=screen.png\r\n" +
				"Content-Disposition: attachment; filename=screen.png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + file + "--mix--\r\n"
		}
		m.raw = []byte(benchTrace(i) + fmt.Sprintf("From: Person %d <%s>\r\nTo: support@desk.example\r\nSubject: Import stops (%d)\r\nDate: Mon, 2 Nov 2026 10:00:00 +0100\r\nMessage-ID: <%s>\r\n",
			m.conversation, sender, m.conversation, id) + head.String() + "MIME-Version: 1.0\r\n" + body)
		mails = append(mails, m)
	}
	return mails, conversations, acks
}

// append puts mails into a mailbox of Dovecot, in this order.
func (d *realDesk) append(b *testing.B, who string, mails []benchedMail) {
	b.Helper()
	c := d.imap(b, who, nil)
	defer c.Close()
	for _, m := range mails {
		cmd := c.Append("INBOX", int64(len(m.raw)), &imap.AppendOptions{Time: time.Now()})
		if _, err := cmd.Write(m.raw); err != nil {
			b.Fatal(err)
		}
		if err := cmd.Close(); err != nil {
			b.Fatal(err)
		}
		if _, err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

func (d *realDesk) imap(b *testing.B, who string, news *imapclient.UnilateralDataHandler) *imapclient.Client {
	b.Helper()
	c, err := imapclient.DialTLS(fmt.Sprintf("127.0.0.1:%d", d.IMAPS), &imapclient.Options{TLSConfig: d.tls(), UnilateralDataHandler: news})
	if err == nil {
		err = c.Login(who, passwordOf(who)).Wait()
	}
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// idle tells when Dovecot tells of a new mail.
func (d *realDesk) idle(b *testing.B, who string) <-chan time.Time {
	b.Helper()
	told := make(chan time.Time, 100)
	begun := false
	var mu sync.Mutex
	c := d.imap(b, who, &imapclient.UnilateralDataHandler{Mailbox: func(data *imapclient.UnilateralDataMailbox) {
		mu.Lock()
		defer mu.Unlock()
		if data.NumMessages != nil && begun {
			told <- time.Now()
		}
	}})
	if _, err := c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		b.Fatal(err)
	}
	idle, err := c.Idle()
	if err != nil {
		b.Fatal(err)
	}
	mu.Lock()
	begun = true
	mu.Unlock()
	b.Cleanup(func() { idle.Close(); c.Close() })
	return told
}

// sqlDB is the database without the store, by the driver that the store has.
func (d *realDesk) sqlDB(b *testing.B, dsn string) *sql.DB {
	b.Helper()
	driver, name := "postgres", dsn
	if file, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		driver, name = "sqlite", "file:"+file+"?"+url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)"}}.Encode()
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { db.Close() })
	return db
}

func count1(b *testing.B, db *sql.DB, query string) (n int) {
	b.Helper()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		b.Fatalf("%s: %v", query, err)
	}
	return n
}

// await returns when all mails are with the desk and all acknowledgements out.
func (d *realDesk) await(b *testing.B, s *sink, mails, acks int) {
	b.Helper()
	db := d.sqlDB(b, d.dsn)
	deadline := time.Now().Add(5 * time.Minute)
	for {
		taken, sent := count1(b, db, "SELECT count(*) FROM reception"), s.people()
		if taken == mails && sent == acks {
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("%d of %d mails are taken, %d of %d acknowledgements sent", taken, mails, sent, acks)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// holds voids a run that lost or doubled something.
func (d *realDesk) holds(b *testing.B, s *sink, mails, conversations, acks int) {
	b.Helper()
	db := d.sqlDB(b, d.dsn)
	for query, want := range map[string]int{
		"SELECT count(*) FROM reception": mails, "SELECT count(*) FROM message": mails, "SELECT count(*) FROM ticket": conversations,
		"SELECT count(*) FROM outbox WHERE template = 'acknowledgement'":                                                          acks,
		"SELECT count(DISTINCT to_addr) FROM outbox WHERE template = 'acknowledgement'":                                           acks,
		"SELECT count(*) FROM attempt a JOIN outbox o ON o.id = a.mail WHERE a.state = 'sent' AND o.template = 'acknowledgement'": acks,
	} {
		if got := count1(b, db, query); got != want {
			b.Errorf("void: %s gives %d, want %d", query, got, want)
		}
	}
	if twice := s.twice(); len(twice) > 0 {
		b.Errorf("void: got two acknowledgements: %q", twice)
	}
}

// processors measures the processor's time from now on: of a node's process, and of the database's.
func (d *realDesk) processors(b *testing.B) func(*node) (desk, base time.Duration) {
	b.Helper()
	master := 0
	if !strings.HasPrefix(d.dsn, "sqlite:") {
		var folder string
		if err := d.sqlDB(b, d.dsn).QueryRow("SHOW data_directory").Scan(&folder); err != nil {
			b.Fatal(err)
		}
		pid, err := os.ReadFile(filepath.Join(folder, "postmaster.pid"))
		if err != nil {
			b.Fatal(err)
		}
		first, _, _ := strings.Cut(string(pid), "\n")
		if master, err = strconv.Atoi(first); err != nil {
			b.Fatal(err)
		}
	}
	before := cpuOfTree(master)
	return func(n *node) (desk, base time.Duration) {
		own, _, _ := cpuOf(n.cmd.Process.Pid)
		return own, cpuOfTree(master) - before
	}
}

// cpuOf is what a process has taken of the processor, itself and the children that have ended; and its parent.
func cpuOf(pid int) (own, children time.Duration, parent int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, 0
	}
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // from the third field of proc(5) on
	ticks := func(i int) time.Duration {
		n, _ := strconv.Atoi(f[i-3])
		return time.Duration(n) * 10 * time.Millisecond // USER_HZ is 100 wherever Go runs
	}
	parent, _ = strconv.Atoi(f[1])
	return ticks(14) + ticks(15), ticks(16) + ticks(17), parent
}

func cpuOfTree(master int) (sum time.Duration) {
	if master == 0 {
		return 0
	}
	own, ended, _ := cpuOf(master)
	sum = own + ended
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if own, ended, parent := cpuOf(pid); parent == master {
			sum += own + ended
		}
	}
	return sum
}

// sizeOf is a size of a process in bytes, as /proc tells it.
func sizeOf(b *testing.B, pid int, name string) int64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == name+":" {
			kb, _ := strconv.ParseInt(f[1], 10, 64)
			return kb << 10
		}
	}
	b.Fatalf("there is no %s", name)
	return 0
}

// A rowsOf is the rows of one table of the desk, to be written again.
type rowsOf struct {
	name    string
	columns []string
	rows    [][]any
}

// tables are all rows that the run has left.
func (d *realDesk) tables(b *testing.B) (all []rowsOf) {
	b.Helper()
	db := d.sqlDB(b, d.dsn)
	query := "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
	if strings.HasPrefix(d.dsn, "sqlite:") {
		query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL AND name NOT LIKE 'sqlite%'"
	}
	rows, err := db.Query(query)
	if err != nil {
		b.Fatal(err)
	}
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			b.Fatal(err)
		}
		if !slices.Contains([]string{"meta", "lease"}, name) && !strings.HasPrefix(name, "goose") && !strings.Contains(name, "search") {
			names = append(names, name)
		}
	}
	rows.Close()
	for _, name := range names {
		rows, err := db.Query(`SELECT * FROM "` + name + `"`)
		if err != nil {
			b.Fatal(err)
		}
		t := rowsOf{name: name}
		if t.columns, err = rows.Columns(); err != nil {
			b.Fatal(err)
		}
		for rows.Next() {
			row := make([]any, len(t.columns))
			into := make([]any, len(row))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				b.Fatal(err)
			}
			t.rows = append(t.rows, row)
		}
		rows.Close()
		if len(t.rows) > 0 {
			all = append(all, t)
		}
	}
	return all
}

const barelyAtOnce = 50 // mails to a transaction

// barely is the time of the bare pipeline, over a new database.
func (d *realDesk) barely(b *testing.B, dsn string, s *sink, acks int) time.Duration {
	b.Helper()
	tables := d.tables(b)
	st, err := store.Open(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := st.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	st.Close()
	db := d.sqlDB(b, dsn)
	if !strings.HasPrefix(dsn, "sqlite:") {
		// Rows come in the order of the tables, so references are not looked at, which is that much less to do.
		if _, err := db.Exec("SET session_replication_role = replica"); err != nil {
			b.Fatal(err)
		}
	}
	out, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.port))
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	replies := bufio.NewReader(out)
	say := func(line string) {
		if line != "" {
			if _, err := out.Write([]byte(line + "\r\n")); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := replies.ReadString('\n'); err != nil {
			b.Fatal(err)
		}
	}
	say("")
	say("HELO desk.example")
	ack := string(s.one())

	began := time.Now()
	c := d.imap(b, "support@desk.example", nil)
	defer c.Close()
	box, err := c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		b.Fatal(err)
	}
	total, done, sent := int(box.NumMessages), 0, 0
	section := &imap.FetchItemBodySection{Peek: true}
	for done < total {
		var set imap.UIDSet
		set.AddRange(imap.UID(done+1), imap.UID(min(done+500, total)))
		got, err := c.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
		if err != nil {
			b.Fatal(err)
		}
		for part := range slices.Chunk(got, barelyAtOnce) {
			for _, m := range part {
				parse.Parse(parse.Bytes(m.FindBodySection(section)))
			}
			tx, err := db.Begin()
			if err != nil {
				b.Fatal(err)
			}
			for _, t := range tables {
				if err := t.insert(b.Context(), tx, len(t.rows)*done/total, len(t.rows)*(done+len(part))/total); err != nil {
					b.Fatal(err)
				}
			}
			if err := tx.Commit(); err != nil {
				b.Fatal(err)
			}
			done += len(part)
			for ; sent < acks*done/total; sent++ {
				say("MAIL FROM:<>")
				say("RCPT TO:<bare@acme.example>")
				say("DATA")
				say(ack + ".")
			}
		}
	}
	return time.Since(began)
}

// insert writes some of the rows in sets.
func (t *rowsOf) insert(ctx context.Context, tx *sql.Tx, from, to int) error {
	for rows := range slices.Chunk(t.rows[from:to], max(1, min(500, 30_000/len(t.columns)))) {
		q := `INSERT INTO "` + t.name + `" ("` + strings.Join(t.columns, `", "`) + `") VALUES `
		args := make([]any, 0, len(rows)*len(t.columns))
		for i, row := range rows {
			if i > 0 {
				q += ", "
			}
			marks := make([]string, len(row))
			for k := range row {
				marks[k] = "$" + strconv.Itoa(len(args)+k+1)
			}
			q += "(" + strings.Join(marks, ", ") + ")"
			args = append(args, row...)
		}
		if _, err := tx.ExecContext(ctx, q, args...); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

// A sink is a mail server that takes all mail at once, and remembers who got how much and when.
type sink struct {
	port int

	mu    sync.Mutex
	got   map[string][]time.Time // by recipient
	mail  []byte                 // one that a person got
	news  chan struct{}
	lines map[net.Conn]struct{}
}

func newSink(b *testing.B) *sink {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &sink{port: l.Addr().(*net.TCPAddr).Port, got: map[string][]time.Time{}, news: make(chan struct{}), lines: map[net.Conn]struct{}{}}
	b.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.lines {
			c.Close()
		}
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.lines[c] = struct{}{}
			s.mu.Unlock()
			go s.serve(c)
		}
	}()
	return s
}

func (s *sink) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReaderSize(c, 64<<10)
	say := func(line string) { fmt.Fprintf(c, "%s\r\n", line) }
	say("220 sink")
	to := ""
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		verb := strings.ToUpper(line[:min(4, len(line))])
		switch verb {
		case "EHLO":
			say("250-sink\r\n250-8BITMIME\r\n250 SIZE 100000000")
		case "RCPT":
			_, to, _ = strings.Cut(line, "<")
			to, _, _ = strings.Cut(to, ">")
			say("250 ok")
		case "DATA":
			say("354 go on")
			var mail []byte
			for {
				part, err := r.ReadSlice('\n')
				if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
					return
				}
				if string(part) == ".\r\n" {
					break
				}
				mail = append(mail, part...)
			}
			s.take(strings.ToLower(to), mail)
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *sink) take(to string, mail []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got[to] = append(s.got[to], time.Now())
	if strings.HasSuffix(to, "@acme.example") && s.mail == nil {
		s.mail = mail
	}
	close(s.news)
	s.news = make(chan struct{})
}

// people is how many customers got a mail.
func (s *sink) people() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for who := range s.got {
		if strings.HasSuffix(who, "@acme.example") && who != "bare@acme.example" {
			n++
		}
	}
	return n
}

func (s *sink) twice() (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for who, times := range s.got {
		if strings.HasPrefix(who, "person") && len(times) > 1 {
			all = append(all, who)
		}
	}
	return all
}

func (s *sink) one() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mail
}

// when is when somebody got his first mail; it waits for it.
func (s *sink) when(b *testing.B, who string) time.Time {
	b.Helper()
	deadline := time.After(time.Minute)
	for {
		s.mu.Lock()
		times, news := s.got[who], s.news
		s.mu.Unlock()
		if len(times) > 0 {
			return times[0]
		}
		select {
		case <-news:
		case <-deadline:
			b.Fatalf("%s got nothing", who)
		}
	}
}
