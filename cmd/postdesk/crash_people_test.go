//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/smtp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/postoffice"
	"github.com/postdesk/postdesk/mailin/parse"
)

// A matter is what a customer writes about, from the first mail to the last. Its number stands in every subject of it.
type matter struct {
	number   int
	kind     matterKind
	customer string // address

	said    map[string]bool // which of the answers below were given
	minutes int             // that an engineer has put down
}

type matterKind int

// The kinds of matter.
const (
	aJob         matterKind = iota // estimated, confirmed, worked on at one go, closed by the customer
	aJobInSteps                    // the same, with time put down twice
	aQuestion                      // free: asked, answered, asked again, answered, thanked for
	aLargeMail                     // a question with a large attachment, to two of our addresses
	aReusedID                      // a question whose Message-ID was another mail's already
	aRefusedMail                   // a question of somebody whose server refuses what we send
	matterKinds
)

// The people of a crash test: customers and engineers who answer the desk's mails as soon as they come, and each once.
type people struct {
	t      *testing.T
	office *postoffice.Office
	phone  bool // to what is done in steps customers agree on the phone, once all is quiet, and not by mail

	mu      sync.Mutex
	matters []*matter
	read    int             // submissions looked at
	known   map[string]bool // Message-IDs of the desk's mails that were read
	last    string          // Message-ID of the latest first mail
	waited  int             // times that no matter was opened
	random  *rand.Rand
	waiting []int // matters whose customers want to call
}

const (
	crashSupport, crashSales = "support@desk.example", "sales@desk.example"
	crashPassword            = "open"
)

// crashEngineers are so many that none of them gets more notices in an hour than are told of one by one.
var crashEngineers = strings.Fields("ann bea cleo dana edda fay gina hana ida jana kira lena")

var crashCustomers = []string{"acme", "bolt", "cust", "dent"}

// customerOf is who writes about a matter. Nobody writes about more than two: the desk sends an address ten automatic mails an hour (T051).
func customerOf(number int) string {
	if kindOf(number) == aRefusedMail {
		return fmt.Sprintf("gone%d@acme.example", number/2)
	}
	return fmt.Sprintf("c%d@%s.example", number/2, crashCustomers[number/2%len(crashCustomers)])
}

func kindOf(number int) matterKind { return matterKind(number % int(matterKinds)) }

// opens begins a new matter, unless there is enough going on: a desk that is ended twice a second gets less done than people can ask for.
// Some matters never come to an end, since a mail of them was given up, so now and then one is opened in any case.
func (p *people) opens() {
	p.mu.Lock()
	defer p.mu.Unlock()
	const recent, enough, patience = 20, 8, 5
	going := 0
	for _, m := range p.matters[max(0, len(p.matters)-recent):] {
		if !m.said["work"] && (m.kind != aRefusedMail || !m.said["asked"]) {
			going++
		}
	}
	if p.waited++; going >= enough && p.waited < patience {
		return
	}
	p.waited = 0
	m := &matter{number: len(p.matters), kind: kindOf(len(p.matters)), customer: customerOf(len(p.matters)), said: map[string]bool{}}
	p.matters = append(p.matters, m)
	w := personMail{from: m.customer, to: []string{crashSupport}, subject: fmt.Sprintf("Matter %d", m.number), id: p.newID(m.customer)}
	switch m.kind {
	case aJob, aJobInSteps:
		w.words = "Hello,\n\nplease install the software for us.\n\nRegards"
	case aLargeMail:
		w.to = append(w.to, crashSales)
		w.attachment = make([]byte, 300<<10)
		for i := range w.attachment {
			w.attachment[i] = byte(p.random.Uint32()) // what can be compressed would not fill two chunks
		}
		fallthrough
	default:
		w.words = fmt.Sprintf("Hello,\n\nhow do I change the colours, question %d?\n\nRegards", m.number)
	}
	if m.kind == aReusedID && p.last != "" {
		w.id = p.last
	}
	p.last = w.id
	if m.number%2 == 1 && m.kind != aLargeMail {
		w.to = []string{crashSales}
	}
	p.send(w)
}

var matterNumber = regexp.MustCompile(`Matter (\d+)`)

// reads looks at what the desk has sent since, and answers it. It tells whether there was anything.
func (p *people) reads() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.office.Submissions()
	fresh := all[p.read:]
	p.read = len(all)
	for _, s := range fresh {
		if s.Kept && ofDesk(s) {
			p.open(s)
		}
	}
	return len(fresh) > 0
}

func ofDesk(s postoffice.Submission) bool { return s.Login == crashSupport || s.Login == crashSales }

// open reads one mail. A second copy is thrown away, as people do.
func (p *people) open(s postoffice.Submission) {
	m := parse.Parse(parse.Bytes(s.Raw))
	if p.known[m.ID.String()] {
		return
	}
	p.known[m.ID.String()] = true
	n := matterNumber.FindStringSubmatch(m.Subject)
	if n == nil {
		return
	}
	number, err := strconv.Atoi(n[1])
	if err != nil || number >= len(p.matters) {
		p.t.Errorf("a mail about a matter that nobody has: %q", m.Subject)
		return
	}
	about := p.matters[number]
	text := strings.Join(strings.Fields(m.Text), " ")
	answer := func(name, words string) {
		if about.said[name] {
			return
		}
		about.said[name] = true
		to := m.From
		if len(m.ReplyTo) > 0 {
			to = m.ReplyTo
		}
		p.send(personMail{from: s.To[0], to: []string{to[0].Addr}, subject: "Re: " + m.Subject, words: words, parent: m.ID.Header(), id: p.newID(s.To[0])})
	}
	spends := func(name string, minutes int, words string) {
		if !about.said[name] {
			about.minutes += minutes
		}
		answer(name, fmt.Sprintf("%s\n\n/spent %dm", words, minutes))
	}
	job := about.kind == aJob || about.kind == aJobInSteps
	has := func(words string) bool { return strings.Contains(text, words) }
	if strings.HasSuffix(s.To[0], "@desk.example") {
		switch {
		case job && about.kind == aJobInSteps && !about.said["first"]:
			spends("first", 20, "")
		case job && (about.kind == aJob || has("has been done")):
			spends("work", 25, "It works now.\n\n/resolve")
		case !job && !about.said["asked"]:
			spends("asked", 10, "Have you tried the settings?")
		case !job && has("It still fails"):
			spends("work", 5, "It works now.\n\n/resolve")
		}
		return
	}
	switch {
	case about.kind == aJobInSteps && has("We have estimated your request") && p.phone:
		p.waiting = append(p.waiting, number)
	case job && has("We have estimated your request"):
		answer("yes", "yes")
	case job && has("It works now"):
		answer("close", "Please close the ticket.")
	case !job && has("It works now"):
		answer("thanks", "Thank you!")
	case !job && has("Have you tried the settings"):
		answer("again", "It still fails.")
	}
}

// run answers until ctx ends.
func (p *people) run(ctx context.Context) {
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.reads()
		case <-ctx.Done():
			return
		}
	}
}

// calls is whose customer calls next; ok is false for nobody.
func (p *people) calls() (matter int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		return 0, false
	}
	matter, p.waiting = p.waiting[0], p.waiting[1:]
	return matter, true
}

func (p *people) newID(from string) string {
	return fmt.Sprintf("<%016x.%016x@%s>", p.random.Uint64(), p.random.Uint64(), message.Domain(from))
}

// A personMail is what one of them writes.
type personMail struct {
	from                       string
	to                         []string
	subject, words, id, parent string
	attachment                 []byte
}

func (w personMail) bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: %s\r\n", w.from, strings.Join(w.to, ", "), w.subject, time.Now().Format(time.RFC1123Z), w.id)
	if w.parent != "" {
		fmt.Fprintf(&b, "In-Reply-To: %s\r\nReferences: %s\r\n", w.parent, w.parent)
	}
	b.WriteString("MIME-Version: 1.0\r\n")
	if w.attachment != nil {
		b.WriteString("Content-Type: multipart/mixed; boundary=edge\r\n\r\n--edge\r\n")
	}
	b.WriteString("Content-Type: text/plain; charset=utf-8\r\n\r\n" + strings.ReplaceAll(w.words, "\n", "\r\n") + "\r\n")
	if w.attachment != nil {
		b.WriteString("--edge\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=picture.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n")
		for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(w.attachment)), 76) {
			b.Write(line)
			b.WriteString("\r\n")
		}
		b.WriteString("--edge--\r\n")
	}
	return b.Bytes()
}

// send submits a mail with the password of its writer. The office is in this process, and what it refuses is a fault of the test.
func (p *people) send(w personMail) {
	auth := smtp.PlainAuth("", w.from, crashPassword, "127.0.0.1")
	if err := smtp.SendMail(p.office.SMTPAddr(), auth, w.from, w.to, w.bytes()); err != nil {
		p.t.Errorf("%s writes: %v", w.from, err)
	}
}
