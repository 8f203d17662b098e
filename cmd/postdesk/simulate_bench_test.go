//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/mailin/parse"
)

// aYearOfMail is mail as a desk gets it: 300 people who ask, and write again on what they asked, in English and German.
func aYearOfMail(n int) []storedMail {
	subjects := []string{"Installation on our server", "Invoice 4711", "Payment plan", "The site is down", "New logo", "PHP settings", "Umzug der Kleinanzeigen", "Backup"}
	texts := []string{
		"Hello,\n\nplease install the classifieds on our new server. We have root access.\n\nBest regards\nJoe Smith\n-- \nAcme Ltd.\n",
		"Guten Tag,\n\nbitte senden Sie uns die Rechnung noch einmal.\n\nMit freundlichen Grüßen\nAnna Ahlers\n",
		"Hi,\n\nthe cron job does not run since yesterday. The log says:\n\n  permission denied\n\nWhat can we do?\n\nThanks\nBob\n",
	}
	r := rand.New(rand.NewPCG(7, 7))
	at := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	type asked struct{ id, subject string }
	latest := map[int]asked{}
	mails := make([]storedMail, n)
	for i := range mails {
		at = at.Add(time.Duration(20+r.IntN(3600)) * time.Second)
		who := r.IntN(300)
		id := fmt.Sprintf("%d@cust%d.example", i, who)
		again, subject := "", ""
		if last := latest[who]; last.id != "" && r.IntN(2) > 0 {
			again = "In-Reply-To: <" + last.id + ">\r\nReferences: <" + last.id + ">\r\n"
			subject = "Re: " + last.subject
		}
		if fresh := subjects[r.IntN(len(subjects))]; subject == "" {
			subject = fresh
		}
		latest[who] = asked{id, strings.TrimPrefix(subject, "Re: ")}
		raw := fmt.Sprintf("Authentication-Results: mx.desk.example; dkim=pass header.d=cust%[1]d.example\r\n"+
			"Received: from mail.cust.example by mx.desk.example; %[2]s\r\nFrom: User %[1]d <user@cust%[1]d.example>\r\nTo: support@desk.example\r\n"+
			"Subject: %[3]s\r\nMessage-ID: <%[4]s>\r\nDate: %[2]s\r\n%[5]sContent-Type: text/plain; charset=utf-8\r\n\r\n%[6]s",
			who, at.Format(time.RFC1123Z), subject, id, again, texts[r.IntN(len(texts))])
		mails[i] = storedMail{name: id, source: parse.Bytes([]byte(raw)), arrived: at}
	}
	return mails
}

// BenchmarkSimulate replays a year of mail by the vendor's policy, with all that the clock brings in between, and tells how many mails that are
// a second (R5), and the processor's time for one, which says more on a machine that others use. Beside it stands how often a mail could be
// read alone in that time. None of it may grow with the number of mails.
func BenchmarkSimulate(b *testing.B) {
	for _, n := range []int{4000, 20000} {
		b.Run(fmt.Sprint("mails=", n), func(b *testing.B) { benchmarkSimulate(b, aYearOfMail(n)) })
	}
}

func benchmarkSimulate(b *testing.B, mails []storedMail) {
	p, err := policy.Read(filepath.Join("..", "..", "examples", "vendor", "policy.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	w, err := policy.ReadWorld(filepath.Join("..", "..", "examples", "vendor", "world.yaml"), p)
	if err != nil {
		b.Fatal(err)
	}
	before := processorTime(b)
	const readings = 5
	for range readings {
		for _, m := range mails {
			parse.Parse(m.source)
		}
	}
	reading := (processorTime(b) - before) / time.Duration(readings*len(mails))
	before = processorTime(b)
	b.ResetTimer()
	for b.Loop() {
		pr := newPrinter(io.Discard, p, true)
		t := newTeller(pr)
		var s *simulation
		s, err := newSimulation(b.Context(), p, w, "sqlite::memory:", func(e desk.Event) error {
			return simulateCmd{}.show(b.Context(), s, t, e)
		})
		if err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(s.run(b.Context(), s.arrive(mails), time.Time{}), t.close()); err != nil {
			b.Fatal(err)
		}
		if pr.counts.Received != len(mails) {
			b.Fatalf("%d of %d mails", pr.counts.Received, len(mails))
		}
		s.store.Close()
	}
	each := b.Elapsed() / time.Duration(b.N)
	spent := (processorTime(b) - before) / time.Duration(b.N*len(mails))
	b.ReportMetric(float64(len(mails))/each.Seconds(), "mails/s")
	b.ReportMetric(float64(spent.Microseconds()), "cpu-µs/mail")
	b.ReportMetric(spent.Seconds()/reading.Seconds(), "times-reading")
}

// processorTime is what this process has used of all cores.
func processorTime(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
