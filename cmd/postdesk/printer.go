package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/policy"
)

// A printer tells the journal as the simulate contract wants it: JSON lines, or a line an event for people (tell.go), and a summary at the
// end (tables.go). It is the one place where times meet a zone, which is that of the mailbox's calendar.
type printer struct {
	out    io.Writer
	json   bool
	days   bool // for people: a heading for each day, and the hour alone before each event
	policy *policy.Policy
	boxes  map[int64]string // mailbox by ticket, told by how its mails were received

	day    string                  // the heading that was printed last
	before map[int64]desk.Snapshot // tickets as they were told last
	counts tally
}

// A tally is what the summary counts. What has no name in JSON is for the tables alone.
type tally struct {
	Received int                         `json:"received"`
	Tickets  int                         `json:"tickets"`
	Sent     int                         `json:"sent"`
	Outcomes map[string]int              `json:"outcomes"`
	Classes  map[string]int              `json:"classes"`
	Queues   map[string]int              `json:"queues"`
	Clocks   map[string]map[string]int   `json:"clocks"` // by name: met, breached, paused, running at the end
	Posted   map[string]map[string]int64 `json:"posted"` // by cause and unit: what moved

	tickets  map[int64]desk.Snapshot
	first    map[int64]time.Time        // when each was opened
	ended    map[string]map[string]int  // next responses that others followed, by state
	hours    map[string][]time.Duration // of work from the beginning of a clock to its deadline
	last     map[clockOf]time.Time      // the deadline that was counted last
	breaches []breach
	busy     [7][24]int                  // mails in, by weekday and hour
	accounts map[string]map[string]int64 // what customers can spend and what is held, as "customer:ID" and unit
	moved    map[string]map[string]int64 // what each customer's accounts have gained, by cause
	from, to time.Time
}

type clockOf struct {
	ticket int64
	name   string
}

// A breach is a deadline that was missed.
type breach struct {
	clockOf
	at time.Time
}

func newPrinter(out io.Writer, p *policy.Policy, asJSON bool) *printer {
	return &printer{out: out, json: asJSON, policy: p, boxes: map[int64]string{}, before: map[int64]desk.Snapshot{}, counts: tally{
		Outcomes: map[string]int{}, Classes: map[string]int{}, Queues: map[string]int{},
		Clocks: map[string]map[string]int{}, Posted: map[string]map[string]int64{}, tickets: map[int64]desk.Snapshot{},
		first: map[int64]time.Time{}, ended: map[string]map[string]int{}, hours: map[string][]time.Duration{}, last: map[clockOf]time.Time{},
		accounts: map[string]map[string]int64{}, moved: map[string]map[string]int64{},
	}}
}

// calendar is the one that a ticket's time is counted by; nil where the policy knows none.
func (p *printer) calendar(ticket int64) *calendar.Calendar {
	var class *policy.Class
	if t, ok := p.counts.tickets[ticket]; ok {
		class = p.policy.Class(t.Class)
	}
	_, cal := p.policy.CalendarOf(p.policy.Mailbox(p.boxes[ticket]), class)
	return cal
}

// zone is where an event's times are told: the calendar of its ticket's mailbox.
func (p *printer) zone(ticket int64) *time.Location {
	if cal := p.calendar(ticket); cal != nil {
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
	case desk.EventOutbox:
		data = &desk.OutboxChange{}
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
	if c.from.IsZero() {
		c.from = e.At
	}
	c.to = e.At
	switch d := data.(type) {
	case *desk.Received:
		c.Received++
		c.Outcomes[string(d.Outcome)]++
		if _, known := p.boxes[d.Ticket]; !known && d.Ticket != 0 {
			p.boxes[d.Ticket] = d.Mailbox
		}
		at := e.At.In(p.zone(d.Ticket))
		c.busy[at.Weekday()][at.Hour()]++
	case *desk.Snapshot:
		p.countClocks(e, d)
		if _, known := c.first[d.Ticket]; !known {
			c.first[d.Ticket] = e.At
		}
		c.tickets[d.Ticket] = *d
	case *desk.SentMail:
		c.Sent++
	case *desk.ClockFired:
		if d.What == "breach" {
			c.breaches = append(c.breaches, breach{clockOf{d.Ticket, d.Clock}, e.At})
		}
	case *desk.Posted:
		if d.Amount > 0 {
			add(c.Posted, d.Cause, d.Unit, d.Amount)
		}
		if strings.HasPrefix(d.Account, "customer:") || strings.HasPrefix(d.Account, "held:") {
			set(c.accounts, d.Account, d.Unit, d.Balance)
			add(c.moved, d.Account, d.Cause, d.Amount)
		}
	}
}

func add(m map[string]map[string]int64, a, b string, n int64) { set(m, a, b, m[a][b]+n) }

func set[N any](m map[string]map[string]N, a, b string, n N) {
	if m[a] == nil {
		m[a] = map[string]N{}
	}
	m[a][b] = n
}

// countClocks keeps of a snapshot what a later one forgets: a next response that another follows, and the working hours that each deadline
// allowed.
func (p *printer) countClocks(e desk.Event, s *desk.Snapshot) {
	c := &p.counts
	for name, now := range s.Clocks {
		key := clockOf{s.Ticket, name}
		was, had := c.tickets[s.Ticket].Clocks[name]
		if had && (was.State == "met" || was.State == "breached") && (now.State == "running" || now.State == "paused") && name == string(policy.NextResponse) {
			set(c.ended, name, was.State, c.ended[name][was.State]+1)
		}
		if now.Due == nil || now.State != "running" || c.last[key].Equal(*now.Due) {
			continue
		}
		begin, again := c.first[s.Ticket], !c.last[key].IsZero()
		if begin.IsZero() || name == string(policy.NextResponse) {
			begin = e.At
		}
		if c.last[key] = *now.Due; again && name != string(policy.NextResponse) {
			continue // the first deadline is what was allowed; a pause has moved it
		}
		if cal := p.calendar(s.Ticket); cal != nil {
			c.hours[name] = append(c.hours[name], cal.Between(begin, *now.Due))
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
