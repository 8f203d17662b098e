package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
)

// A narrator tells the story for people: who does what, one after the other, with what a mail says below.
type narrator struct {
	out    io.Writer
	colour bool

	mu sync.Mutex
}

// The colours of a terminal (ECMA-48, 8.3.117).
const (
	plainText = ""
	bold      = "1"
	faint     = "2"
	green     = "32"
	blue      = "34"
)

func (n *narrator) paint(colour, s string) string {
	if !n.colour || colour == plainText || s == "" {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

// print writes whole passages, so that nobody's words get between another's.
func (n *narrator) print(s string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	io.WriteString(n.out, s) // a story that nobody can read is no reason for the desk to stop
}

// scene begins a part of the story.
func (n *narrator) scene(number int, title string) {
	n.print(fmt.Sprintf("\n%s\n\n", n.paint(bold, fmt.Sprintf("%d. %s", number, title))))
}

// says tells what somebody does, with an excerpt of the mail; the desk itself has a colour of its own.
func (n *narrator) says(who, what, excerpt string) {
	colour := green
	if who == "desk" {
		colour = blue
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s %s\n", n.paint(faint, time.Now().Format("15:04:05")), n.paint(colour, fmt.Sprintf("%-5s", who)), printable(what))
	for line := range strings.Lines(excerpt) {
		b.WriteString(strings.TrimRight("          "+n.paint(faint, "|")+" "+printable(line), " ") + "\n")
	}
	n.print(b.String())
}

// printable keeps a stranger's words from commanding the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// maxExcerpt is how many lines of a mail are shown.
const maxExcerpt = 12

// excerpt gives the paragraphs of a text that hold one of the words, its beginning where none does.
func excerpt(text string, words []string) string {
	if len(words) == 0 {
		return ""
	}
	var chosen []string
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	for _, p := range paragraphs {
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(p, w) }) {
			if factLine.MatchString(p) {
				p = factsWith(p, words)
			}
			chosen = append(chosen, p)
		}
	}
	if len(chosen) == 0 {
		chosen = paragraphs[:min(2, len(paragraphs))]
	}
	lines := strings.Split(strings.Join(chosen, "\n\n"), "\n")
	if len(lines) > maxExcerpt {
		lines = append(lines[:maxExcerpt], "...")
	}
	return strings.Join(lines, "\n")
}

// factLine is one such as "Number:    #2". Of a paragraph of those, only the lines with a word are shown.
var factLine = regexp.MustCompile(`^\S[^:]*:  `)

func factsWith(paragraph string, words []string) string {
	var chosen []string
	shown := false
	for line := range strings.SplitSeq(paragraph, "\n") {
		if !strings.HasPrefix(line, " ") { // else it goes on with the line before
			shown = slices.ContainsFunc(words, func(w string) bool { return strings.Contains(line, w) })
		}
		if shown {
			chosen = append(chosen, line)
		}
	}
	return strings.Join(chosen, "\n")
}

// wrap breaks a line of text at blanks.
func wrap(s string, width int) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(s) {
		n := utf8.RuneCountInString(word)
		switch {
		case column == 0:
		case column+1+n > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

// templateOf is which of the desk's mails has the id.
func (j *journal) templateOf(id fmt.Stringer) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.sent[id.String()].Template
}

// hear takes in one line of the desk's journal, and tells what a reader of the story wants to know of it.
func (d *demo) hear(e desk.Event) error {
	j := &d.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seen = e.ID
	if j.tickets == nil {
		j.tickets, j.sent = map[int64]desk.Snapshot{}, map[string]desk.SentMail{}
		j.outcomes, j.credits, j.paid = map[desk.Outcome]int{}, map[string]int64{}, map[int64]int64{}
	}
	read := func(v any) error {
		if err := json.Unmarshal(e.Data, v); err != nil {
			return fmt.Errorf("demo: line %d of the journal: %w", e.ID, err)
		}
		return nil
	}
	switch e.Kind {
	case desk.EventReceived:
		var r desk.Received
		if err := read(&r); err != nil {
			return err
		}
		j.outcomes[r.Outcome]++
		d.tellReceived(r)
	case desk.EventTicket:
		var s desk.Snapshot
		if err := read(&s); err != nil {
			return err
		}
		d.tellTicket(j.tickets[s.Ticket], s)
		j.tickets[s.Ticket] = s
	case desk.EventSent:
		var m desk.SentMail
		if err := read(&m); err != nil {
			return err
		}
		j.sent[m.MessageID] = m
		if j.alone {
			d.tell.says("desk", fmt.Sprintf("writes to %s: %q", strings.Join(m.To, ", "), m.Subject), "")
		}
	case desk.EventPosted:
		var p desk.Posted
		if err := read(&p); err != nil {
			return err
		}
		d.tellPosted(p)
	case desk.EventWithheld:
		var w desk.Withheld
		if err := read(&w); err != nil {
			return err
		}
		d.tell.says("desk", fmt.Sprintf("sends no %s to %s: %s", w.Template, orUnknown(w.To), w.Why), "")
	case desk.EventFailed:
		var f desk.MailFailure
		if err := read(&f); err != nil {
			return err
		}
		j.failures = append(j.failures, fmt.Sprintf("mail to %s was not delivered: %d %s", f.To, f.Code, f.Why))
		d.tell.says("desk", j.failures[len(j.failures)-1], "")
	case desk.EventActed:
		var a desk.Acted
		if err := read(&a); err != nil {
			return err
		}
		d.tell.says("desk", fmt.Sprintf("#%d: %s, at a page, by %s", a.Ticket, a.What, a.By), "")
	case desk.EventClock:
		var c desk.ClockFired
		if err := read(&c); err != nil {
			return err
		}
		d.tell.says("desk", fmt.Sprintf("#%d: %s of %s", c.Ticket, c.What, strings.ReplaceAll(c.Clock, "_", " ")), "")
	}
	return nil
}

// tellReceived tells of mails with which not what their sender wanted happens.
func (d *demo) tellReceived(r desk.Received) {
	usual := r.Outcome == desk.OutcomeNew || r.Outcome == desk.OutcomeReply || r.Outcome == desk.OutcomeCommand
	if !usual || d.journal.alone {
		kind := "mail"
		if r.Kind == string(message.Portal) {
			kind = "words at a page"
		}
		what := fmt.Sprintf("%s of %s: %s", kind, orUnknown(r.From), strings.ReplaceAll(string(r.Outcome), "_", " "))
		if r.Ticket != 0 {
			what = fmt.Sprintf("#%d: %s", r.Ticket, what)
		}
		var why []string
		for _, reason := range r.Why {
			why = append(why, wrap(reason, 72))
		}
		d.tell.says("desk", what, strings.Join(why, "\n"))
	}
}

// tellPosted tells a posting when its entries are complete: they then add up to nothing.
func (d *demo) tellPosted(p desk.Posted) {
	j := &d.journal
	j.credits[p.Account] = p.Balance
	if p.Ticket == 0 {
		return // what there was before the story
	}
	if p.Account == "earned" {
		j.paid[p.Ticket] += p.Amount
	}
	j.entries = append(j.entries, fmt.Sprintf("%s %d -> %d", p.Account, p.Balance-p.Amount, p.Balance))
	j.sum += p.Amount
	if j.sum == 0 {
		d.tell.says("desk", fmt.Sprintf("#%d: credits: %s", p.Ticket, strings.Join(j.entries, ", ")), "")
		j.entries = nil
	}
}

// tellTicket tells what is new about a ticket.
func (d *demo) tellTicket(was, is desk.Snapshot) {
	var news []string
	if was.Ticket == 0 {
		news = append(news, "opened as "+d.policy.Class(is.Class).Title.In("en"), d.price(is))
	}
	if is.Status != was.Status {
		news = append(news, strings.ReplaceAll(string(is.Status), "_", " "))
	}
	if is.Assignee != was.Assignee {
		news = append(news, "with "+d.policy.StaffByID(is.Assignee).Name)
	}
	c := is.Clocks[string(policy.FirstResponse)]
	if before := was.Clocks[string(policy.FirstResponse)]; c.State == "running" && before.State != "running" && c.Due != nil {
		_, cal := d.policy.CalendarOf(d.policy.Mailboxes[0], nil)
		news = append(news, "to be answered by "+c.Due.In(cal.Zone).Format("Mon 2 Jan 15:04 MST"))
	}
	if len(news) > 0 {
		d.tell.says("desk", fmt.Sprintf("#%d: %s", is.Ticket, strings.Join(news, ", ")), "")
	}
}

// price is what a ticket costs, before and after.
func (d *demo) price(s desk.Snapshot) string {
	switch {
	case s.Billing == policy.Free:
		return "free"
	case s.Estimate != nil:
		return rangeOf(s.Estimate)
	}
	return string(s.Billing)
}

// introduce says what runs here.
func (d *demo) introduce() {
	d.tell.print(fmt.Sprintf(`%s a support desk, its mail servers and some people, all in this one process.

  database  SQLite in %s
  mail      IMAP %s, SMTP %s
  staff     Dana assigns, Eve answers
  known     Anna of Acme GmbH (5 credits), Kim of Bolt Ltd
`, d.tell.paint(bold, "Postdesk "+version+":"), d.folder, d.office.IMAPAddr(), d.office.SMTPAddr()))
}

// sumUp prints how everything stands.
func (d *demo) sumUp() {
	j := &d.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n\n", d.tell.paint(bold, "How it stands"))
	w := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "ticket\tof\tclass\tstatus\twith\ttime\tprice\tpaid")
	for _, number := range slices.Sorted(maps.Keys(j.tickets)) {
		t := j.tickets[number]
		minutes, paid := "", ""
		if t.Minutes > 0 {
			minutes = fmt.Sprintf("%d min", t.Minutes)
		}
		if n := j.paid[number]; n > 0 {
			paid = count(int(n), "credit", "credits")
		}
		fmt.Fprintf(w, "#%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", number, t.Requester, t.Class, t.Status, t.Assignee, minutes, d.price(t), paid)
	}
	w.Flush()
	in := 0
	var ends []string
	for _, outcome := range slices.Sorted(maps.Keys(j.outcomes)) {
		in += j.outcomes[outcome]
		ends = append(ends, fmt.Sprintf("%d %s", j.outcomes[outcome], strings.ReplaceAll(string(outcome), "_", " ")))
	}
	fmt.Fprintf(&b, "\nmails in   %d: %s\n", in, strings.Join(ends, ", "))
	fmt.Fprintf(&b, "mails out  %d\n", len(j.sent))
	fmt.Fprintf(&b, "credits    Acme GmbH had 5 and has %d; the desk has earned %d\n", j.credits["customer:acme"], j.credits["earned"])
	if d.cmd.Mails != "" {
		fmt.Fprintf(&b, "kept in    %s\n", d.cmd.Mails)
	}
	d.tell.print(b.String())
}

// invite says how to go on by hand.
func (d *demo) invite(ctx context.Context) error {
	links := map[string]string{}
	for _, address := range []string{"anna@acme.example", "kim@bolt.example", "dana@desk.example", "eve@desk.example"} {
		link, err := d.desk.LinkFor(ctx, address)
		if err != nil {
			return err
		}
		links[address] = link
	}
	d.journal.mu.Lock()
	d.journal.alone = true
	d.journal.mu.Unlock()
	d.tell.print(fmt.Sprintf(`
%s The people of the story have gone home, and their mailboxes are open to any mail client:

  IMAP      %s, no encryption
  SMTP      %s, no encryption, with password
  users     anna@acme.example, kim@bolt.example, dana@desk.example, eve@desk.example
  password  %s, for all of them

Write to support@desk.example as Anna, assign it as Dana, answer as Eve. What the desk does is told here. Without a mail client:

  printf 'From: anna@acme.example\nTo: support@desk.example\nSubject: Angebot\n\nBitte ein Angebot.\n' | curl -T - \
      --url smtp://%s --user anna@acme.example:%s --mail-from anna@acme.example --mail-rcpt support@desk.example
  curl --user anna@acme.example:%s 'imap://%s/INBOX;MAILINDEX=1'

Or in your browser. The links work once, within 30 minutes; after that the page mails another, to the mailboxes above:

  Anna      %s
  Kim       %s
  Dana      %s
  Eve       %s
  anybody   %s/request

Ctrl-C ends the desk and removes everything.

`, d.tell.paint(bold, "Now it is yours."), d.office.IMAPAddr(), d.office.SMTPAddr(), demoPassword,
		d.office.SMTPAddr(), demoPassword, demoPassword, d.office.IMAPAddr(),
		links["anna@acme.example"], links["kim@bolt.example"], links["dana@desk.example"], links["eve@desk.example"], d.policy.Portal.URL))
	return nil
}
