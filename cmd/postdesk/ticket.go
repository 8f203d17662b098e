package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/rules"
	"github.com/postdesk/postdesk/desk/store"
)

type ticketCmd struct {
	List    ticketListCmd    `cmd:"" help:"List tickets, the newest first."`
	Show    ticketShowCmd    `cmd:"" help:"Show one ticket: what was written, what was answered, and why it is as it is."`
	Confirm ticketConfirmCmd `cmd:"" help:"Take a customer's yes to an estimate that did not come by mail."`
	Merge   ticketMergeCmd   `cmd:"" help:"Make a ticket a part of another one."`
	Split   ticketSplitCmd   `cmd:"" help:"Make a ticket of one message."`
	Link    ticketLinkCmd    `cmd:"" help:"Show two tickets beside each other."`
	Set     ticketSetCmd     `cmd:"" help:"Give a ticket another queue, class, priority, engineer or readers, or end it as spam."`
}

type ticketListCmd struct {
	database
	Status   string `placeholder:"STATUS" enum:",new,awaiting_estimate,awaiting_confirmation,awaiting_credits,awaiting_details,open,waiting,resolved,closed" default:"" help:"Only those that are ${enum}."`
	Queue    string `placeholder:"NAME" help:"Only those of one queue."`
	Customer string `placeholder:"WHO" help:"Only those of a customer, by id, or of a person, by address."`
	All      bool   `help:"Those that are closed, too."`
	Limit    int    `default:"50" help:"How many at most."`
	JSON     bool   `help:"One JSON object a line."`
}

// Help is printed below the usage.
func (ticketListCmd) Help() string {
	return `Times are UTC. DUE is the next deadline that still runs.

For example:

    postdesk ticket list --queue technical
    postdesk ticket list --customer anna@acme.example --all
    postdesk ticket list --status awaiting_credits --json`
}

// Run lists tickets.
func (c ticketListCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(st *store.Store) error { return c.list(ctx, st, os.Stdout) })
}

func (c ticketListCmd) list(ctx context.Context, st *store.Store, out io.Writer) error {
	var found []*desk.Ticket
	err := st.View(ctx, func(tx desk.Tx) error {
		f := desk.TicketFilter{Status: desk.Status(c.Status), Queue: c.Queue, Unclosed: !c.All && c.Status == "", Limit: c.Limit}
		if err := c.whose(ctx, tx, &f); err != nil {
			return err
		}
		var err error
		found, err = tx.Tickets(ctx, f)
		return err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		lines := make([]ticketLine, len(found))
		for i, t := range found {
			lines[i] = lineOf(t)
		}
		return jsonLines(out, lines)
	}
	if len(found) == 0 {
		_, err := fmt.Fprintln(out, "no tickets")
		return err
	}
	rows := [][]string{{"TICKET", "STATUS", "QUEUE", "CLASS", "DUE", "ASSIGNEE", "REQUESTER", "SUBJECT"}}
	for _, t := range found {
		rows = append(rows, []string{
			fmt.Sprintf("#%d", t.Number), words(t.Status), orDash(t.Queue), orDash(t.Class), minute(nextDue(t)), orDash(t.Assignee),
			orDash(brief(t.Requester.Address, 40)), brief(t.Subject, 60),
		})
	}
	if err := table(out, rows); err != nil {
		return err
	}
	if len(found) == c.Limit {
		_, err = fmt.Fprintf(out, "\nThese are the newest %d; --limit shows more.\n", c.Limit)
	}
	return err
}

// whose adds to a filter whom the tickets are of.
func (c ticketListCmd) whose(ctx context.Context, tx desk.Tx, f *desk.TicketFilter) error {
	if !strings.Contains(c.Customer, "@") {
		f.Customer = c.Customer
		if c.Customer == "" {
			return nil
		}
		_, err := knownCustomer(ctx, tx, c.Customer)
		return err
	}
	address, err := message.Canonical(c.Customer)
	if err != nil {
		return err
	}
	contact, err := tx.ContactOf(ctx, address)
	if errors.Is(err, desk.ErrNotFound) {
		return fmt.Errorf("nobody is known as %s", address)
	}
	if err != nil {
		return err
	}
	f.Requester = contact.ID
	return nil
}

// nextDue is the earliest time at which a clock that runs will be breached.
func nextDue(t *desk.Ticket) (next time.Time) {
	for i := range t.Clocks {
		if c := &t.Clocks[i]; c.State() == "running" && (next.IsZero() || c.Due.Before(next)) {
			next = c.Due
		}
	}
	return next
}

// A ticketLine is a ticket for programs, with the words of simulate.
type ticketLine struct {
	Ticket     int64                  `json:"ticket"`
	Status     desk.Status            `json:"status"`
	Queue      string                 `json:"queue,omitempty"`
	Department string                 `json:"department,omitempty"`
	Class      string                 `json:"class,omitempty"`
	Priority   string                 `json:"priority,omitempty"`
	Product    string                 `json:"product,omitempty"`
	Tags       []string               `json:"tags,omitempty"`
	Customer   string                 `json:"customer,omitempty"`
	Requester  string                 `json:"requester,omitempty"`
	Assignee   string                 `json:"assignee,omitempty"`
	Billing    policy.Billing         `json:"billing,omitempty"`
	FreeWindow bool                   `json:"free_window,omitempty"`
	Estimate   *desk.SnapshotEstimate `json:"estimate,omitempty"`
	Minutes    int                    `json:"minutes,omitempty"`
	Subject    string                 `json:"subject"`
	Language   string                 `json:"language,omitempty"`
	Registered time.Time              `json:"registered,omitzero"`
	Due        time.Time              `json:"due,omitzero"`
	Linked     []int64                `json:"linked,omitempty"`
}

func lineOf(t *desk.Ticket) ticketLine {
	l := ticketLine{
		Ticket: t.Number, Status: t.Status, Queue: t.Queue, Department: t.Department, Class: t.Class, Priority: t.Priority, Product: t.Product,
		Tags: t.Tags, Customer: t.Customer, Requester: t.Requester.Address, Assignee: t.Assignee, Billing: t.Billing, FreeWindow: t.FreeWindow,
		Minutes: t.Minutes, Subject: t.Subject, Language: t.Language, Registered: t.Registered, Due: nextDue(t).UTC(), Linked: t.Linked,
	}
	if t.Estimate != nil {
		l.Estimate = &desk.SnapshotEstimate{Unit: string(t.Estimate.Unit()), Min: t.Estimate.Min, Max: t.Estimate.Max}
	}
	return l
}

type ticketShowCmd struct {
	database
	Number int64  `arg:"" help:"Its number, as in the subject of its mails."`
	Why    bool   `help:"Add the rules that fired, which hours counted, how each mail found its ticket, and the whole journal."`
	Policy string `env:"POSTDESK_POLICY" type:"path" placeholder:"FILE" help:"The policy that the desk serves by: --why reads the hours of its calendars."`
	JSON   bool   `help:"One JSON object, with all there is."`
}

// Help is printed below the usage.
func (ticketShowCmd) Help() string {
	return `What people wrote is shown without what they quoted. Times are UTC.

For example:

    postdesk ticket show 12
    postdesk ticket show 12 --why`
}

// Run shows a ticket.
func (c ticketShowCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(st *store.Store) error { return c.show(ctx, st, os.Stdout) })
}

// A record is all that is kept of one ticket.
type record struct {
	ticket   *desk.Ticket
	customer desk.Customer
	messages []*desk.Message
	mails    []*desk.Mail
	attempts map[int64][]desk.Attempt // by mail
	journal  []desk.Event
}

func readTicket(ctx context.Context, st *store.Store, number int64) (f record, err error) {
	err = st.View(ctx, func(tx desk.Tx) error {
		f = record{attempts: map[int64][]desk.Attempt{}}
		if f.ticket, err = tx.Ticket(ctx, number); err != nil {
			return err
		}
		if f.ticket.Customer != "" {
			if f.customer, err = tx.Customer(ctx, f.ticket.Customer); err != nil {
				return err
			}
		}
		if f.messages, err = tx.Messages(ctx, number); err != nil {
			return err
		}
		if f.mails, err = tx.Mails(ctx, number); err != nil {
			return err
		}
		for _, m := range f.mails {
			if m.Attempts == 0 {
				continue
			}
			if f.attempts[m.ID], err = tx.Attempts(ctx, m.ID); err != nil {
				return err
			}
		}
		f.journal, err = tx.Journal(ctx, number)
		return err
	})
	return f, err
}

func (c ticketShowCmd) show(ctx context.Context, st *store.Store, out io.Writer) error {
	f, err := readTicket(ctx, st, c.Number)
	switch {
	case errors.Is(err, desk.ErrNotFound):
		return fmt.Errorf("there is no ticket %d", c.Number)
	case err != nil:
		return err
	case c.JSON:
		return f.json(out)
	}
	var p *policy.Policy
	if c.Why && c.Policy != "" {
		if p, err = policy.Read(c.Policy); err != nil {
			return err
		}
	}
	return f.tell(out, c.Why, p)
}

// tell prints a ticket for people. The policy may be nil.
func (f record) tell(out io.Writer, why bool, p *policy.Policy) error {
	t := f.ticket
	fmt.Fprintf(out, "#%d %s\n\n", t.Number, brief(t.Subject, 200))
	if err := table(out, f.facts()); err != nil {
		return err
	}
	for _, m := range f.messages {
		tellMessage(out, m, why)
	}
	if len(f.mails) > 0 {
		fmt.Fprint(out, "\nmails out\n")
		var rows [][]string
		for _, m := range f.mails {
			rows = append(rows, []string{"  " + minute(m.At), fmt.Sprintf("mail %d", m.ID), m.Template, "to " + clean(m.To.Addr), tellState(m, f.attempts[m.ID])})
		}
		if err := table(out, rows); err != nil {
			return err
		}
	}
	if !why {
		return nil
	}
	fmt.Fprint(out, "\nwhy\n")
	w := desk.WhyOf(t, f.messages)
	var rows [][]string
	for _, s := range w.Settled {
		rows = append(rows, []string{"  " + s.What, s.Value, "by " + s.By})
	}
	if err := table(out, rows); err != nil {
		return err
	}
	fmt.Fprint(out, "\nrules\n")
	if len(w.Reasons) == 0 {
		fmt.Fprint(out, "  none fired: the defaults of the policy hold\n")
	}
	for _, r := range w.Reasons {
		fmt.Fprintf(out, "  %s\n", brief(desk.TellReason(r), 400))
	}
	if err := tellClockTimes(out, t, p); err != nil {
		return err
	}
	fmt.Fprint(out, "\njournal\n")
	pr := newPrinter(indented{out}, &policy.Policy{Desk: policy.Desk{Zone: time.UTC}}, false)
	for _, e := range f.journal {
		if err := pr.event(e, nil); err != nil {
			return err
		}
	}
	return nil
}

// facts are how the ticket stands.
func (f record) facts() [][]string {
	t := f.ticket
	var rows [][]string
	row := func(name, format string, args ...any) {
		rows = append(rows, []string{"  " + name, fmt.Sprintf(format, args...)})
	}

	stands := words(t.Status)
	if t.Queue != "" {
		stands += " in " + t.Queue
	}
	if t.Department != "" && t.Department != t.Queue {
		stands += ", then " + t.Department
	}
	if t.Assignee != "" {
		stands += ", with " + t.Assignee
	}
	row("status", "%s", stands)
	row("class", "%s, priority %s", orDash(t.Class), orDash(t.Priority))
	if t.Product != "" {
		row("product", "%s", t.Product)
	}
	if t.Channel != "" {
		row("channel", "%s", t.Channel)
	}
	if len(t.Missing) > 0 {
		row("missing", "%s, asked for %s", strings.Join(t.Missing, ", "), times(t.AskedDetails))
	}
	if len(t.Tags) > 0 {
		row("tags", "%s", strings.Join(t.Tags, ", "))
	}
	row("requester", "%s, %s: %s", person(t.Requester.Name, t.Requester.Address), t.Level, brief(t.LevelWhy, 120))
	if t.Customer != "" {
		row("customer", "%s, %s", t.Customer, orDash(brief(f.customer.Name, 80)))
	}
	for _, p := range t.Participants {
		role := map[desk.Role]string{desk.Proposed: "in copy, may add words", desk.Member: "gets our answers", desk.Aside: "asked aside", desk.Removed: "taken out"}[p.Role]
		row("participant", "%s, %s, by %s", person(p.Contact.Name, p.Contact.Address), role, p.By)
	}
	if t.MergedInto != 0 {
		row("merged", "a part of #%d", t.MergedInto)
	}
	for _, r := range t.Reminders {
		row("reminder", "%s to %s", minute(r.At), r.Staff)
	}
	if t.Flood != nil {
		row("flooded", "since %s: mails are told of together", minute(t.Flood.Since))
	}
	row("registered", "%s, mailbox %s, language %s", minute(t.Registered), orDash(t.Mailbox), orDash(t.Language))
	billing := string(t.Billing)
	if t.FreeWindow {
		billing += ", in the free window"
	}
	row("billing", "%s", orDash(billing))
	if e := t.Estimate; e != nil {
		what := rangeOf(&desk.SnapshotEstimate{Unit: "credit", Min: e.Min, Max: e.Max})
		if e.Rate != nil {
			what = e.Rate.Name + ", " + e.String()
		}
		if e.By != "" {
			what += " by " + e.By
		}
		if e.ConfirmedAt.IsZero() {
			what += ", not confirmed"
		} else {
			what += fmt.Sprintf(", confirmed %s by %s", minute(e.ConfirmedAt), clean(e.ConfirmedBy))
		}
		row("estimate", "%s", what)
	}
	if h := t.Hold; h != nil {
		name, amount := "credits", func(n int64) string { return fmt.Sprint(n) }
		if h.Postpaid {
			name, amount = "owed", func(n int64) string { return policy.Money{Amount: n, Currency: string(h.Unit)}.String() }
		}
		what := fmt.Sprintf("%s charged", amount(h.Settled))
		if !h.Postpaid {
			what += fmt.Sprintf(", %d held", h.Held())
		}
		if h.Overspent > 0 {
			what += fmt.Sprintf(", %s above what was confirmed", amount(h.Overspent))
		}
		row(name, "%s", what)
	}
	if t.Minutes != 0 {
		row("worked", "%d minutes", t.Minutes)
	}
	for i := range t.Clocks {
		if c := &t.Clocks[i]; !c.Start.IsZero() { // a next response begins with the customer's next words
			row(words(c.Name), "%s", tellClock(c))
		}
	}
	if len(t.Linked) > 0 {
		var all []string
		for _, n := range t.Linked {
			all = append(all, fmt.Sprintf("#%d", n))
		}
		row("linked", "%s", strings.Join(all, ", "))
	}
	return rows
}

// times is how often something was done.
func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func tellClock(c *desk.Clock) string {
	allowed := fmt.Sprintf("%s, calendar %s", c.Target, c.Calendar)
	switch state := c.State(); state {
	case "running":
		return fmt.Sprintf("due %s (%s)", minute(c.Due), allowed)
	case "met":
		return fmt.Sprintf("met %s, was due %s (%s)", minute(c.Met), minute(c.Due), allowed)
	case "breached":
		return fmt.Sprintf("breached, was due %s (%s)", minute(c.Due), allowed)
	case "paused":
		return fmt.Sprintf("paused since %s (%s)", minute(c.Pauses[len(c.Pauses)-1].From), allowed)
	}
	return fmt.Sprintf("ended, nothing is owed (%s)", allowed)
}

func person(name, address string) string {
	if name == "" {
		return orDash(clean(address))
	}
	return fmt.Sprintf("%s <%s>", brief(name, 60), clean(address))
}

// tellMessage prints a mail that came in, with its new words.
func tellMessage(out io.Writer, m *desk.Message, why bool) {
	from := person(m.From.Name, m.From.Addr)
	if m.Staff != "" {
		from += ", " + m.Staff + " of the staff"
	}
	what := words(m.Outcome)
	if m.Kind != message.Human {
		what += ", " + words(m.Kind)
	}
	if m.Internal {
		what += ", internal"
	}
	fmt.Fprintf(out, "\n%s  message %d from %s (%s)\n", minute(m.At), m.ID, from, what)
	if why {
		fmt.Fprintf(out, "  %s: %s; found by %s\n", m.Level, brief(m.LevelWhy, 200), orDash(m.By))
		for _, w := range append(m.Why, m.Notes...) {
			fmt.Fprintf(out, "  %s\n", brief(w, 200))
		}
	}
	for line := range strings.Lines(clean(strings.TrimSpace(m.Visible))) {
		fmt.Fprintln(out, strings.TrimRight("  | "+strings.TrimRight(line, "\n"), " "))
	}
	for _, a := range m.Attachments {
		fmt.Fprintf(out, "  [%s, %s, %d bytes]\n", brief(a.Filename, 100), clean(a.ContentType), a.Size)
	}
}

// tellState says what became of a mail of the outbox.
func tellState(m *desk.Mail, tries []desk.Attempt) string {
	last := ""
	if len(tries) > 0 {
		a := tries[len(tries)-1]
		last = brief(a.Text, 100)
		if a.Code != 0 && !strings.HasPrefix(last, fmt.Sprint(a.Code)) {
			last = fmt.Sprintf("%d %s", a.Code, last)
		}
		last = "; last: " + last
	}
	switch m.State {
	case desk.MailSent:
		return "sent " + minute(m.SentAt)
	case desk.MailFailed:
		return fmt.Sprintf("given up after %d %s%s", m.Attempts, plural(int64(m.Attempts), "attempt"), last)
	}
	if m.Attempts == 0 {
		return "waiting"
	}
	return fmt.Sprintf("waiting after %d %s, next %s%s", m.Attempts, plural(int64(m.Attempts), "attempt"), minute(m.NotBefore), last)
}

// An indented writer begins each line with two spaces. It is given whole lines.
type indented struct{ out io.Writer }

func (w indented) Write(b []byte) (int, error) {
	for line := range strings.Lines(string(b)) {
		if _, err := io.WriteString(w.out, "  "+clean(line)); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

// A journalLine is what happened, as simulate prints it.
type journalLine struct {
	Time  time.Time       `json:"time"`
	Event desk.EventKind  `json:"event"`
	Data  json.RawMessage `json:"data"`
}

// json prints all of a ticket as one object.
func (f record) json(out io.Writer) error {
	type clock struct {
		desk.ClockState
		Target   string `json:"target"`
		Calendar string `json:"calendar"`
	}
	all := struct {
		ticketLine
		Level    string           `json:"level"`
		LevelWhy string           `json:"level_why"`
		Clocks   map[string]clock `json:"clocks"`
		Rules    []rules.Reason   `json:"rules"`
		Messages []messageLine    `json:"messages"`
		Mails    []mailLine       `json:"mails"`
		Journal  []journalLine    `json:"journal"`
	}{
		ticketLine: lineOf(f.ticket), Level: f.ticket.Level.String(), LevelWhy: f.ticket.LevelWhy, Rules: append([]rules.Reason{}, f.ticket.Reasons...),
		Clocks: map[string]clock{}, Messages: []messageLine{}, Mails: []mailLine{}, Journal: []journalLine{},
	}
	for i := range f.ticket.Clocks {
		c := &f.ticket.Clocks[i]
		if c.Start.IsZero() {
			continue
		}
		told := clock{desk.ClockState{State: c.State()}, c.Target.String(), c.Calendar}
		if told.State != "paused" {
			due := c.Due.UTC()
			told.Due = &due
		}
		all.Clocks[string(c.Name)] = told
	}
	for _, m := range f.messages {
		all.Messages = append(all.Messages, messageLineOf(m))
	}
	for _, m := range f.mails {
		all.Mails = append(all.Mails, mailLineOf(m, f.attempts[m.ID]))
	}
	for _, e := range f.journal {
		all.Journal = append(all.Journal, journalLine{e.At, e.Kind, e.Data})
	}
	return jsonLines(out, []any{all})
}
