//go:build linux

package main

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/mailin"
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
