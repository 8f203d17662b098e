package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// An Event is one line of events.jsonl: something that happens outside of mail while a world is replayed. By Do, one of the parts below
// is set.
type Event struct {
	Line int // in the file, from 1
	Time time.Time
	Do   string

	Customer string    // its id, for all but open_link
	TopUp    *Balance  // top_up
	Purchase *Purchase // purchase
	Term     *Term     // licence, subscription
	Link     *Link     // open_link
}

// A Link is the one that a mail of ours held, followed by the person who got it.
type Link struct {
	Ticket   int64
	Template string // of the mail
	Post     bool   // the button on the page is pressed too
}

// eventKeys are the keys of an event by what it does, beside time and do.
var eventKeys = map[string][]string{
	"top_up":       {"customer", "unit", "amount"},
	"purchase":     {"customer", "product", "date", "refunded"},
	"licence":      {"customer", "product", "from", "until"},
	"subscription": {"customer", "product", "plan", "from", "until"},
	"open_link":    {"ticket", "template", "post"},
}

// ReadEvents reads a file of events, one JSON object a line, in the order of their time. What is wrong with it is told by *Mistakes.
func ReadEvents(file string, p *Policy) ([]Event, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return ParseEvents(file, data, p)
}

// ParseEvents is ReadEvents for events in memory; name is only for messages.
func ParseEvents(name string, data []byte, p *Policy) ([]Event, error) {
	var all []Event
	var wrong Mistakes
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		e, mistakes := readEvent(name, number, line, p)
		wrong = append(wrong, mistakes...)
		all = append(all, e)
	}
	if len(wrong) > 0 {
		return nil, &wrong
	}
	slices.SortStableFunc(all, func(a, b Event) int { return a.Time.Compare(b.Time) })
	return all, nil
}

// readEvent reads one line. JSON is YAML too, so the same readers serve, but only JSON is taken.
func readEvent(name string, number int, line []byte, p *Policy) (e Event, wrong Mistakes) {
	e.Line = number
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil {
		column := 1
		var s *json.SyntaxError
		if errors.As(err, &s) {
			column = max(1, int(s.Offset))
		}
		return e, Mistakes{{name, number, column, "", "a line that is no JSON object", `one such as {"time": "2026-11-24T15:00:00Z", "do": "top_up", ...}`}}
	}
	d := newWorldDocument(name, p)
	d.above = number - 1
	root := d.load(line)
	if !root.given() {
		return e, d.wrong
	}
	m := root.fields("time", "do", "customer", "unit", "amount", "product", "plan", "date", "refunded", "from", "until", "ticket", "template", "post")
	kinds := slices.Sorted(maps.Keys(eventKeys))
	e.Do = m.key("do").must("one of "+strings.Join(kinds, ", ")).oneOf("", kinds...)
	if e.Do == "" {
		d.sort(d.wrong)
		return e, d.wrong // which keys it needs is not known
	}
	for key, node := range m.of {
		if key != "time" && key != "do" && !slices.Contains(eventKeys[e.Do], key) {
			m.at(node, key).mistake("a key that "+e.Do+" has not", "one of "+strings.Join(eventKeys[e.Do], ", "))
		}
	}
	e.Time, _ = parsed(m.key("time").must("a time such as 2026-11-24T15:00:00Z"), time.Time{}, "a time such as 2026-11-24T15:00:00Z", func(s string) (time.Time, error) {
		t, err := time.Parse(time.RFC3339, s)
		return t.UTC(), err
	})
	if e.Do != "open_link" {
		e.Customer = m.key("customer").must("the id of a customer").line("")
	}
	switch e.Do {
	case "top_up":
		unit := m.key("unit").must("credit, minute, or a currency such as EUR")
		e.TopUp = &Balance{Amount: m.key("amount").must("what was bought").whole(0, 1, maxAmount)}
		if unit.given() {
			e.TopUp.Unit = unit.unit(unit.node.Value)
		}
	case "purchase":
		bought := readPurchase(m)
		e.Purchase = &bought
	case "licence", "subscription":
		term := readTerm(m)
		e.Term = &term
	case "open_link":
		e.Link = &Link{
			Ticket: m.key("ticket").must("the number of a ticket").whole(0, 1, maxAmount), Template: m.key("template").must("the name of a mail").line(""),
			Post: m.key("post").yes(false),
		}
	}
	d.sort(d.wrong)
	return e, d.wrong
}
