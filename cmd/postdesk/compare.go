package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
)

// A watcher sees a simulation for a comparison: what became of each mail at once, and what all of it came to.
type watcher struct {
	*printer // counts, and prints nothing
	fates    []fate
	out      map[string]int
}

// A fate is what one mail brought about in the moment of its arrival.
type fate struct {
	at       time.Time
	id, from string
	subject  string
	facts    map[string]string // outcome, class and so on, as a person reads them
	mails    []string          // sent by it: template and recipient
}

// watch runs the simulation of one policy; progress, where it is not nil, is told after each happening.
func (c simulateCmd) watch(ctx context.Context, in *input, p *policy.Policy, w *policy.World, progress func(done, all int64)) (*watcher, error) {
	all := &watcher{printer: newPrinter(io.Discard, p, true), out: map[string]int{}}
	var s *simulation
	s, err := newSimulation(ctx, p, w, c.Store, func(e desk.Event) error { return all.see(s, e) })
	if err != nil {
		return nil, err
	}
	defer s.store.Close()
	if progress != nil {
		s.progress = progress
	}
	if err := s.run(ctx, in.happenings(s), in.until); err != nil {
		return nil, fmt.Errorf("%s: %w", p.File, err)
	}
	all.counts.sum()
	return all, nil
}

// see takes in one line of the journal.
func (w *watcher) see(s *simulation, e desk.Event) error {
	if err := w.event(e, nil); err != nil {
		return err
	}
	switch e.Kind {
	case desk.EventReceived:
		var r desk.Received
		if err := json.Unmarshal(e.Data, &r); err != nil {
			return err
		}
		w.fates = append(w.fates, fate{
			at: s.current.at.In(w.zone(r.Ticket)), id: r.MessageID, from: r.From, subject: s.current.mail.Message.Subject,
			facts: map[string]string{"outcome": words(r.Outcome)},
		})
	case desk.EventTicket:
		if s.current != nil && s.current.mail != nil && len(w.fates) > 0 {
			var t desk.Snapshot
			if err := json.Unmarshal(e.Data, &t); err != nil {
				return err
			}
			w.fates[len(w.fates)-1].ticket(w.printer, t)
		}
	case desk.EventSent:
		var m desk.SentMail
		if err := json.Unmarshal(e.Data, &m); err != nil {
			return err
		}
		w.out[m.Template]++
		if s.current != nil && s.current.mail != nil && len(w.fates) > 0 {
			f := &w.fates[len(w.fates)-1]
			f.mails = append(f.mails, words(m.Template)+" to "+strings.Join(m.To, ", "))
		}
	}
	return nil
}

// ticket notes how a ticket stands after the mail.
func (f *fate) ticket(p *printer, t desk.Snapshot) {
	fact := func(name, value string) {
		if value != "" {
			f.facts[name] = value
		}
	}
	fact("status", words(t.Status))
	fact("class", t.Class)
	fact("queue", t.Queue)
	fact("priority", t.Priority)
	fact("product", t.Product)
	fact("assignee", t.Assignee)
	fact("billing", string(t.Billing))
	if t.Estimate != nil {
		fact("estimate", rangeOf(t.Estimate))
	}
	for name, c := range t.Clocks {
		state := c.State
		if c.Due != nil && c.State == "running" {
			state = "due " + c.Due.In(p.zone(t.Ticket)).Format("Mon 2 Jan 2006 15:04")
		}
		fact(words(name), state)
	}
}

// factOrder is the order in which a reader expects what has changed.
var factOrder = []string{
	"outcome", "status", "class", "queue", "priority", "product", "assignee", "billing", "estimate", "assignment", "first response", "next response",
	"resolution", "mails",
}

// A change is one fact of a mail under both policies; "" where there is none.
type change struct{ fact, now, then string }

func (f fate) changes(g fate) (all []change) {
	for _, fact := range factOrder {
		if f.facts[fact] != g.facts[fact] {
			all = append(all, change{fact, f.facts[fact], g.facts[fact]})
		}
	}
	if less, more := without(f.mails, g.mails), without(g.mails, f.mails); len(less)+len(more) > 0 {
		all = append(all, change{"mails", strings.Join(less, "; "), strings.Join(more, "; ")})
	}
	return all
}

// without are those that the other list does not have.
func without(mails, others []string) []string {
	return slices.DeleteFunc(slices.Clone(mails), func(m string) bool { return slices.Contains(others, m) })
}

// compare prints what another policy would have done otherwise: mail by mail, then in all.
func (c simulateCmd) compare(out io.Writer, now, then *watcher) error {
	if len(now.fates) != len(then.fates) { // both had the same mails
		return fmt.Errorf("%d mails against %d", len(now.fates), len(then.fates))
	}
	changed := 0
	for i, f := range now.fates {
		all := f.changes(then.fates[i])
		if len(all) == 0 {
			continue
		}
		changed++
		if err := c.tellChange(out, f, all); err != nil {
			return err
		}
	}
	return c.tellTotals(out, now, then, changed)
}

func (c simulateCmd) tellChange(out io.Writer, f fate, all []change) error {
	if c.JSON {
		changes := map[string][2]string{}
		for _, ch := range all {
			changes[strings.ReplaceAll(ch.fact, " ", "_")] = [2]string{ch.now, ch.then}
		}
		return jsonLines(out, []any{struct {
			Event     string               `json:"event"`
			Time      string               `json:"time"`
			MessageID string               `json:"message_id,omitempty"`
			From      string               `json:"from,omitempty"`
			Subject   string               `json:"subject"`
			Changes   map[string][2]string `json:"changes"`
		}{"changed", stamp(f.at), f.id, f.from, f.subject, changes}})
	}
	fmt.Fprintf(out, "%s  from %s: %s\n", f.at.Format("Mon 2 Jan 2006 15:04"), orUnknown(f.from), brief(f.subject, 80))
	rows := make([][]string, len(all))
	for i, ch := range all {
		rows[i] = []string{"    " + ch.fact, brief(orDash(ch.now), 100), "-> " + brief(orDash(ch.then), 100)}
	}
	if err := table(out, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out)
	return err
}

// A total is one count under both policies.
type total struct {
	group, name string
	now, then   int64
}

func totals(now, then *watcher) (all []total) {
	both := func(group string, a, b map[string]int64) {
		seen := map[string]int64{}
		for name := range a {
			seen[name]++
		}
		for name := range b {
			seen[name]++
		}
		for _, name := range keys(seen) {
			all = append(all, total{group, name, a[name], b[name]})
		}
	}
	a, b := &now.counts, &then.counts
	both("all", map[string]int64{"tickets": int64(a.Tickets), "mails out": int64(a.Sent)}, map[string]int64{"tickets": int64(b.Tickets), "mails out": int64(b.Sent)})
	both("mails in", wide(a.Outcomes), wide(b.Outcomes))
	both("class", wide(a.Classes), wide(b.Classes))
	both("queue", wide(a.Queues), wide(b.Queues))
	for _, name := range policy.ClockNames {
		both(words(string(name)), wide(a.Clocks[string(name)]), wide(b.Clocks[string(name)]))
	}
	both("mails out", wide(now.out), wide(then.out))
	both("moved", moved(a), moved(b))
	return all
}

func wide(m map[string]int) map[string]int64 {
	all := map[string]int64{}
	for name, n := range m {
		all[words(name)] += int64(n)
	}
	return all
}

func moved(c *tally) map[string]int64 {
	all := map[string]int64{}
	for cause, units := range c.Posted {
		for unit, n := range units {
			all[words(cause)+", "+unit] = n
		}
	}
	return all
}

func (c simulateCmd) tellTotals(out io.Writer, now, then *watcher, changed int) error {
	all := totals(now, then)
	if c.JSON {
		byGroup := map[string]map[string][2]int64{}
		for _, t := range all {
			set(byGroup, strings.ReplaceAll(t.group, " ", "_"), strings.ReplaceAll(t.name, " ", "_"), [2]int64{t.now, t.then})
		}
		return jsonLines(out, []any{struct {
			Event   string                         `json:"event"`
			Mails   int                            `json:"mails"`
			Changed int                            `json:"changed"`
			Totals  map[string]map[string][2]int64 `json:"totals"`
		}{"summary", len(now.fates), changed, byGroup}})
	}
	fmt.Fprintf(out, "%d of %d %s would go another way.\n\n", changed, len(now.fates), plural(int64(len(now.fates)), "mail"))
	a, b := filepath.Base(now.policy.File), filepath.Base(then.policy.File)
	if a == b {
		a, b = now.policy.File, then.policy.File
	}
	rows := [][]string{{"", "", a, b, "DIFFERENCE"}}
	group := ""
	for _, t := range all {
		if t.now == t.then && t.group != "all" {
			continue // what stays as it is needs no line
		}
		title := ""
		if t.group != group {
			title, group = t.group, t.group
		}
		difference := "none"
		if t.now != t.then {
			difference = fmt.Sprintf("%+d", t.then-t.now)
		}
		rows = append(rows, []string{title, t.name, figure(t.now), figure(t.then), difference})
	}
	return table(out, rows)
}
