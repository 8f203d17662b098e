package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
)

// tell prints an event for people: when, which ticket, what kind of thing, what. Of a ticket it says what has changed.
func (p *printer) tell(at time.Time, data any) error {
	var ticket int64
	var kind, what string
	switch d := data.(type) {
	case *desk.Received:
		ticket, kind, what = d.Ticket, "mail in", tellReceived(d)
	case *desk.Snapshot:
		ticket, kind = d.Ticket, "ticket"
		before, known := p.before[d.Ticket]
		p.before[d.Ticket] = *d
		if what = tellTicket(d, before, known, at); what == "" {
			return nil // nothing that a reader would see
		}
	case *desk.SentMail:
		ticket, kind, what = d.Ticket, "mail out", fmt.Sprintf("%s to %s: %q", words(d.Template), strings.Join(d.To, ", "), d.Subject)
	case *desk.Posted:
		ticket, kind = d.Ticket, "ledger"
		what = fmt.Sprintf("%s %+d %s, now %d (%s)", d.Account, d.Amount, plural(d.Amount, d.Unit), d.Balance, words(d.Cause))
	case *desk.ClockFired:
		ticket, kind, what = d.Ticket, "clock", tellFired(d)
	case *desk.Withheld:
		ticket, kind, what = d.Ticket, "withheld", fmt.Sprintf("%s to %s: %s", words(d.Template), orUnknown(d.To), d.Why)
	case *desk.MailFailure:
		ticket, kind, what = d.Ticket, "failed", fmt.Sprintf("the mail to %s was not delivered: %s", d.To, d.Why)
	case *desk.Conducted:
		ticket, kind, what = d.Ticket, "conduct", fmt.Sprintf("%s for %s", words(d.What), orUnknown(d.Person))
	case *desk.Acted:
		ticket, kind, what = d.Ticket, "page", fmt.Sprintf("%s by %s", words(d.What), d.By)
	case *desk.Handled:
		ticket, kind, what = d.Ticket, "staff", tellHandled(d)
	case *desk.OutboxChange:
		kind, what = "outbox", "sends again"
		if d.Paused {
			what = "sends nothing: " + d.Why
		}
	}
	when := at.Format("Mon 02 Jan 15:04")
	if p.days {
		when = at.Format("15:04")
		if day := at.Format("Monday, 2 January 2006"); day != p.day {
			gap := "\n"
			if p.day == "" {
				gap = ""
			}
			p.day = day
			if _, err := fmt.Fprintf(p.out, "%s%s\n", gap, day); err != nil {
				return err
			}
		}
	}
	tag := "     "
	if ticket != 0 {
		tag = fmt.Sprintf("#%-4d", ticket)
	}
	head := fmt.Sprintf("%s  %s  %-8s  ", when, tag, kind)
	_, err := fmt.Fprintln(p.out, head+strings.ReplaceAll(what, "\n", "\n"+strings.Repeat(" ", len(head))))
	return err
}

func tellReceived(d *desk.Received) string {
	what := fmt.Sprintf("from %s: %s", orUnknown(d.From), words(d.Outcome))
	if d.Kind != "human" {
		what += ", " + words(d.Kind)
	}
	if d.By != "none" && d.By != "" {
		what += ", found by " + d.By
	}
	if len(d.Commands) > 0 {
		what += ": " + strings.Join(d.Commands, "  ")
	}
	for _, why := range d.Why {
		what += "\n" + why
	}
	return what
}

func tellFired(d *desk.ClockFired) string {
	switch {
	case d.What == "breach":
		return words(d.Clock) + " is overdue"
	case d.Step != "":
		return fmt.Sprintf("%s: %s at %s, told to %s", words(d.Clock), d.What, d.Step, strings.Join(d.To, ", "))
	}
	return fmt.Sprintf("%s: %s", words(d.Clock), d.What)
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

// tellTicket says how a ticket stands, or what has changed since it was told last.
func tellTicket(s *desk.Snapshot, before desk.Snapshot, known bool, now time.Time) string {
	var all []string
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if !known {
		stands := words(s.Status)
		if s.Queue != "" {
			stands += " in " + s.Queue
		}
		all = append(all, stands)
	} else {
		if s.Status != before.Status {
			say("%s", words(s.Status))
		}
		if s.Queue != before.Queue {
			say("in %s", s.Queue)
		}
	}
	if s.Class != before.Class {
		say("%s", s.Class)
	}
	if s.Priority != before.Priority && (known || s.Priority != "normal") {
		say("priority %s", s.Priority)
	}
	if s.Assignee != before.Assignee {
		if s.Assignee == "" {
			say("with nobody")
		} else {
			say("with %s", s.Assignee)
		}
	}
	switch {
	case s.Estimate != nil && (before.Estimate == nil || *s.Estimate != *before.Estimate):
		say("%s", rangeOf(s.Estimate))
	case s.Estimate == nil && s.Billing != before.Billing:
		say("%s", s.Billing)
	}
	if s.Minutes != before.Minutes {
		say("%d minutes of work", s.Minutes)
	}
	for _, n := range s.Linked {
		if !slices.Contains(before.Linked, n) {
			say("linked with #%d", n)
		}
	}
	what := strings.Join(all, ", ")
	for _, name := range policy.ClockNames {
		c, ok := s.Clocks[string(name)]
		was, had := before.Clocks[string(name)]
		if !ok || had && was.State == c.State && (c.State != "running" || was.Due == nil || c.Due == nil || was.Due.Equal(*c.Due)) {
			continue
		}
		if what != "" {
			what += "; "
		}
		if what += words(string(name)) + " " + c.State; c.State == "running" && c.Due != nil {
			what = strings.TrimSuffix(what, c.State) + "until " + near(*c.Due, now)
		}
	}
	return what
}

// near is a time as people say it who know what day it is: the date where it is not within the week.
func near(t, now time.Time) string {
	if d := t.Sub(now); d < 0 || d > 6*24*time.Hour {
		if t.Year() != now.Year() {
			return t.Format("2 Jan 2006 15:04")
		}
		return t.Format("Mon 2 Jan 15:04")
	}
	return t.Format("Mon 15:04")
}

func rangeOf(e *desk.SnapshotEstimate) string {
	if e.Unit != "credit" {
		return "by the hour, at most " + policy.Money{Amount: e.Max, Currency: e.Unit}.String()
	}
	if e.Min == e.Max {
		return fmt.Sprintf("%d %s", e.Max, plural(e.Max, e.Unit))
	}
	return fmt.Sprintf("%d-%d %s", e.Min, e.Max, plural(e.Max, e.Unit))
}

// plural is a noun beside a number. A unit in capitals, such as EUR, has none.
func plural(n int64, word string) string {
	if n == 1 || n == -1 || word == strings.ToUpper(word) {
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

// keys are those of a map, in order.
func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
