package desk

import (
	"cmp"
	"context"
	"strings"

	"github.com/postdesk/postdesk/desk/rules"
)

// TellReason puts one reason of a ticket into a line: which rule, or what else decided, what it set, and over what.
func TellReason(r rules.Reason) string {
	name := cmp.Or(r.Rule, r.By)
	if r.Failed != "" {
		return name + ": gave no answer, " + r.Failed
	}
	line := name + ": " + cmp.Or(strings.Join(r.Set, ", "), "nothing to set")
	if len(r.Because) > 0 {
		line += " (" + strings.Join(r.Because, "; ") + ")"
	}
	return line
}

// A Why is why a ticket is as it is (R2), for whoever shows it.
type Why struct {
	Ticket   int64          `json:"ticket"`
	Reasons  []rules.Reason `json:"reasons"` // in the order in which they were found: a later one wins
	Settled  []Settled      `json:"settled"` // what holds now, and what decided it
	Channel  string         `json:"channel,omitempty"`
	Missing  []string       `json:"missing,omitempty"` // details that are waited for
	Sender   string         `json:"sender"`            // how surely the requester wrote it
	Messages []MessageWhy   `json:"messages"`
}

// Settled is one thing that is decided about a ticket, and by what.
type Settled struct {
	What  string `json:"what"` // class, queue, priority, product, assignee, billing, estimate
	Value string `json:"value"`
	By    string `json:"by"`
}

// MessageWhy is how one mail found the ticket, and what followed from it.
type MessageWhy struct {
	Message int64    `json:"message"`
	By      string   `json:"by"`
	Outcome Outcome  `json:"outcome"`
	Why     []string `json:"why,omitempty"`
}

// Why tells why a ticket is as it is.
func (d *Desk) Why(ctx context.Context, number int64) (w Why, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		tk, err := tx.Ticket(ctx, number)
		if err != nil {
			return err
		}
		messages, err := tx.Messages(ctx, number)
		if err != nil {
			return err
		}
		w = WhyOf(tk, messages)
		return nil
	})
	return w, err
}

// WhyOf is Why over what was loaded.
func WhyOf(tk *Ticket, messages []*Message) Why {
	w := Why{
		Ticket: tk.Number, Reasons: append([]rules.Reason{}, tk.Reasons...), Settled: []Settled{}, Channel: tk.Channel, Missing: tk.Missing,
		Sender: tk.Level.String() + ": " + tk.LevelWhy, Messages: []MessageWhy{},
	}
	for _, m := range messages {
		w.Messages = append(w.Messages, MessageWhy{m.ID, m.By, m.Outcome, m.Why})
	}
	settle := func(what, value, otherwise string) {
		if value == "" {
			return
		}
		key := map[string]string{"assignee": "assign"}[what]
		key = cmp.Or(key, what) + "="
		by := otherwise
		for _, r := range tk.Reasons {
			for _, set := range r.Set {
				if set == key+value {
					by = "rule " + r.Rule
					if r.Rule == "" {
						by = r.By
					}
				}
			}
		}
		w.Settled = append(w.Settled, Settled{what, value, by})
	}
	class := "the class " + tk.Class
	settle("class", tk.Class, "the desk's default")
	settle("product", tk.Product, "the mailbox, or what the customer has bought")
	settle("queue", tk.Department, class+", or the mailbox")
	settle("priority", tk.Priority, class)
	settle("billing", string(tk.Billing), class)
	if e := tk.Estimate; e != nil {
		by := class
		if e.By != "" {
			by = e.By
		}
		value := rules.Range{Min: e.Min, Max: e.Max}.String()
		if e.Rate != nil {
			value, by = e.String(), "the rate "+e.Rate.Name
		}
		settle("estimate", value, by)
	}
	settle("assignee", tk.Assignee, "its queue, or a dispatcher")
	return w
}
