package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
)

// A printer tells the journal as the simulate contract wants it: JSON lines, or a line an event for people, and a summary at the end.
// It is the one place where times meet a zone, which is that of the mailbox's calendar.
type printer struct {
	out    io.Writer
	json   bool
	policy *policy.Policy
	boxes  map[int64]string // mailbox by ticket, told by how its mails were received

	counts tally
}

// A tally is what the summary counts.
type tally struct {
	Received int                         `json:"received"`
	Tickets  int                         `json:"tickets"`
	Sent     int                         `json:"sent"`
	Outcomes map[string]int              `json:"outcomes"`
	Classes  map[string]int              `json:"classes"`
	Queues   map[string]int              `json:"queues"`
	Clocks   map[string]map[string]int   `json:"clocks"` // by name: met, breached, paused, running at the end
	Posted   map[string]map[string]int64 `json:"posted"` // by cause and unit: what moved

	tickets map[int64]desk.Snapshot
}

func newPrinter(out io.Writer, p *policy.Policy, asJSON bool) *printer {
	return &printer{out: out, json: asJSON, policy: p, boxes: map[int64]string{}, counts: tally{
		Outcomes: map[string]int{}, Classes: map[string]int{}, Queues: map[string]int{},
		Clocks: map[string]map[string]int{}, Posted: map[string]map[string]int64{}, tickets: map[int64]desk.Snapshot{},
	}}
}

// zone is where an event's times are told: the calendar of its ticket's mailbox.
func (p *printer) zone(ticket int64) *time.Location {
	var class *policy.Class
	if t, ok := p.counts.tickets[ticket]; ok {
		class = p.policy.Class(t.Class)
	}
	if _, cal := p.policy.CalendarOf(p.policy.Mailbox(p.boxes[ticket]), class); cal != nil {
		return cal.Zone
	}
	return p.policy.Desk.Zone
}

// event prints one line of the journal; mail is the one that was sent, for its text.
func (p *printer) event(e desk.Event, mail *desk.Mail) error {
	var data any
	switch e.Kind {
	case desk.EventReceived:
		data = &desk.Received{}
	case desk.EventTicket:
		data = &desk.Snapshot{}
	case desk.EventSent:
		data = &desk.SentMail{}
	case desk.EventPosted:
		data = &desk.Posted{}
	case desk.EventClock:
		data = &desk.ClockFired{}
	case desk.EventWithheld:
		data = &desk.Withheld{}
	case desk.EventFailed:
		data = &desk.MailFailure{}
	case desk.EventActed:
		data = &desk.Acted{}
	case desk.EventHandled:
		data = &desk.Handled{}
	case desk.EventConduct:
		data = &desk.Conducted{}
	default:
		return fmt.Errorf("journal line %d: unknown kind %q", e.ID, e.Kind)
	}
	if err := json.Unmarshal(e.Data, data); err != nil {
		return fmt.Errorf("journal line %d: %w", e.ID, err)
	}
	if mail != nil {
		data.(*desk.SentMail).Text = mail.Text
	}
	p.count(e, data)
	zone := p.zone(e.Ticket)
	at := e.At.In(zone)
	if s, ok := data.(*desk.Snapshot); ok {
		s.Clocks = inZone(s.Clocks, zone)
	}
	if p.json {
		return p.line(string(e.Kind), at, data)
	}
	return p.tell(at, data)
}

// inZone tells due times where people read them.
func inZone(clocks map[string]desk.ClockState, zone *time.Location) map[string]desk.ClockState {
	told := maps.Clone(clocks)
	for name, c := range told {
		if c.Due != nil {
			due := c.Due.In(zone)
			c.Due = &due
			told[name] = c
		}
	}
	return told
}

// count adds an event to the summary.
func (p *printer) count(e desk.Event, data any) {
	c := &p.counts
	switch d := data.(type) {
	case *desk.Received:
		c.Received++
		c.Outcomes[string(d.Outcome)]++
		if _, known := p.boxes[d.Ticket]; !known && d.Ticket != 0 {
			p.boxes[d.Ticket] = d.Mailbox
		}
	case *desk.Snapshot:
		c.tickets[d.Ticket] = *d
	case *desk.SentMail:
		c.Sent++
	case *desk.Posted:
		if d.Amount > 0 {
			if c.Posted[d.Cause] == nil {
				c.Posted[d.Cause] = map[string]int64{}
			}
			c.Posted[d.Cause][d.Unit] += d.Amount
		}
	}
}

// line prints an object whose first keys are event and time, and whose others are those of data.
func (p *printer) line(kind string, at time.Time, data any) error {
	head, err := marshal(struct {
		Event string `json:"event"`
		Time  string `json:"time,omitempty"`
	}{kind, stamp(at)})
	if err != nil {
		return err
	}
	body, err := marshal(data)
	if err != nil {
		return err
	}
	head = head[:len(head)-1]
	if len(body) > 2 {
		head = append(head, ',')
	}
	_, err = p.out.Write(append(append(head, body[1:]...), '\n'))
	return err
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(time.RFC3339)
}

// marshal is compact JSON that leaves <, > and & readable.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// tell prints an event for people: when, which ticket, what.
func (p *printer) tell(at time.Time, data any) error {
	var ticket int64
	var what string
	switch d := data.(type) {
	case *desk.Received:
		ticket = d.Ticket
		what = fmt.Sprintf("mail from %s: %s", orUnknown(d.From), d.Outcome)
		if d.Kind != "human" {
			what += ", " + d.Kind
		}
		if d.By != "none" && d.By != "" {
			what += ", found by " + d.By
		}
		if len(d.Commands) > 0 {
			what += ": " + strings.Join(d.Commands, "  ")
		}
		for _, why := range d.Why {
			what += "\n" + strings.Repeat(" ", 25) + why
		}
	case *desk.Snapshot:
		ticket, what = d.Ticket, tellTicket(d)
	case *desk.SentMail:
		ticket, what = d.Ticket, fmt.Sprintf("mail to %s: %s (%s), %q", strings.Join(d.To, ", "), d.Template, d.Language, d.Subject)
	case *desk.Posted:
		ticket, what = d.Ticket, fmt.Sprintf("%s %+d %s, now %d (%s)", d.Account, d.Amount, d.Unit, d.Balance, d.Cause)
	case *desk.ClockFired:
		ticket, what = d.Ticket, fmt.Sprintf("%s of %s", d.What, strings.ReplaceAll(d.Clock, "_", " "))
	case *desk.Withheld:
		ticket, what = d.Ticket, fmt.Sprintf("no mail %s to %s: %s", d.Template, orUnknown(d.To), d.Why)
	case *desk.Acted:
		ticket, what = d.Ticket, fmt.Sprintf("%s by %s at a page", d.What, d.By)
	case *desk.Handled:
		ticket, what = d.Ticket, tellHandled(d)
	case *desk.MailFailure:
		ticket, what = d.Ticket, fmt.Sprintf("mail to %s was not delivered: %s", d.To, d.Why)
	}
	tag := "     "
	if ticket != 0 {
		tag = fmt.Sprintf("#%-4d", ticket)
	}
	_, err := fmt.Fprintf(p.out, "%s  %s %s\n", at.Format("Mon 02 Jan 15:04"), tag, what)
	return err
}

// tellHandled is what one of us did, in a line: "merge into #12 by dana".
func tellHandled(h *desk.Handled) string {
	what := h.What
	if h.Message != 0 {
		what += fmt.Sprintf(" message %d", h.Message)
	}
	if h.Into != 0 {
		what += fmt.Sprintf(" #%d", h.Into)
	}
	if h.Value != "" {
		what += " " + h.Value
	}
	what += " by " + h.By
	if h.Why != "" {
		what += ": " + h.Why
	}
	return what
}

func tellTicket(s *desk.Snapshot) string {
	what := fmt.Sprintf("is %s in %s, %s", strings.ReplaceAll(string(s.Status), "_", " "), s.Queue, s.Class)
	if s.Assignee != "" {
		what += ", with " + s.Assignee
	}
	if s.Estimate != nil {
		what += fmt.Sprintf(", %s", rangeOf(s.Estimate))
	} else if s.Billing != "" {
		what += ", " + string(s.Billing)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Clocks)) {
		c := s.Clocks[name]
		what += fmt.Sprintf("; %s %s", strings.ReplaceAll(name, "_", " "), c.State)
		if c.Due != nil && c.State == "running" {
			what += c.Due.Format(" until Mon 15:04")
		}
	}
	return what
}

func rangeOf(e *desk.SnapshotEstimate) string {
	if e.Min == e.Max {
		return fmt.Sprintf("%d %s", e.Max, plural(e.Max, e.Unit))
	}
	return fmt.Sprintf("%d-%d %s", e.Min, e.Max, plural(e.Max, e.Unit))
}

func plural(n int64, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

func orUnknown(s string) string {
	if s == "" {
		return "an unreadable address"
	}
	return s
}

// summary prints the last line, or the tables for people.
func (p *printer) summary() error {
	c := &p.counts
	c.Tickets = len(c.tickets)
	for _, t := range c.tickets {
		c.Classes[t.Class]++
		c.Queues[t.Queue]++
		for name, clock := range t.Clocks {
			if c.Clocks[name] == nil {
				c.Clocks[name] = map[string]int{}
			}
			c.Clocks[name][clock.State]++
		}
	}
	if p.json {
		return p.line("summary", time.Time{}, c)
	}
	fmt.Fprintf(p.out, "\n%d mails, %d tickets, %d mails out\n\n", c.Received, c.Tickets, c.Sent)
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	row := func(title string, counts map[string]int) {
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			fmt.Fprintf(w, "%s\t%s\t%d\n", title, name, counts[name])
			title = ""
		}
	}
	row("outcomes", c.Outcomes)
	row("classes", c.Classes)
	row("queues", c.Queues)
	for _, name := range slices.Sorted(maps.Keys(c.Clocks)) {
		row(strings.ReplaceAll(name, "_", " "), c.Clocks[name])
	}
	for _, cause := range slices.Sorted(maps.Keys(c.Posted)) {
		for _, unit := range slices.Sorted(maps.Keys(c.Posted[cause])) {
			fmt.Fprintf(w, "posted\t%s\t%d %s\n", cause, c.Posted[cause][unit], unit)
		}
	}
	return w.Flush()
}
