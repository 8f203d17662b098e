package desk

import (
	"cmp"
	"slices"

	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// timerDaily is when the digest of the day is sent.
const timerDaily = "daily digest"

// mostItems is how many tickets one part of a digest lists, and maxDigested how many of a desk are looked through for it.
const (
	mostItems   = 30
	maxDigested = 5000
)

// awaitDigest sees to it that the next digest is sent, where the policy wants one. It is asked for when a ticket opens and after each digest,
// and a desk without open tickets is left alone.
func (t *turn) awaitDigest() error {
	if t.p.Digest == nil {
		return nil
	}
	cal := t.p.Calendars[t.p.Desk.Calendar]
	return t.tx.StartTimer(t.ctx, timerDaily, cal.NextDayAt(t.now, t.p.Digest.At))
}

// tellDaily sends everybody of us how his tickets stand: what is overdue, what is due today, what nobody has, and what waits for the
// customer (S6). An engineer reads of his own, a dispatcher of all in his queues.
func (t *turn) tellDaily() error {
	if t.p.Digest == nil {
		return nil // the policy has changed since
	}
	all, err := t.tx.Tickets(t.ctx, TicketFilter{Unclosed: true, Limit: maxDigested})
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(tk *Ticket) bool { return tk.Status.Done() || tk.MergedInto != 0 })
	if len(all) == 0 {
		return nil
	}
	for _, s := range t.p.Staff {
		if to := t.p.Digest.To; len(to) > 0 && !slices.Contains(to, s.ID) {
			continue
		}
		data := t.staffData(nil, s)
		for _, tk := range all {
			if tk.Assignee == s.ID || slices.Contains(t.p.Dispatchers(tk.Queue), s) {
				t.digest(data, tk, s)
			}
		}
		if len(data.Overdue)+len(data.DueToday)+len(data.Unassigned)+len(data.Waiting) == 0 {
			continue
		}
		for _, part := range []*[]templates.Item{&data.Overdue, &data.DueToday, &data.Unassigned, &data.Waiting} {
			slices.SortStableFunc(*part, earlier)
			if more := len(*part) - mostItems; more > 0 {
				*part, data.More = (*part)[:mostItems], data.More+more
			}
		}
		if err := t.sendStaff(nil, s, "digest", data); err != nil {
			return err
		}
	}
	return t.awaitDigest()
}

// digest puts a ticket where it belongs in somebody's digest: the first part that it fits.
func (t *turn) digest(d *templates.Staff, tk *Ticket, reader *policy.Staff) {
	item := templates.Item{Number: tk.Number, Subject: oneLine(string(public(tk.Subject)), 120)}
	if s := t.p.StaffByID(tk.Assignee); s != nil && s != reader {
		item.With = s.Name
	}
	late, next := nextClocks(tk)
	due := func(c *Clock) {
		if c != nil {
			item.Clock, item.Due = string(c.Name), t.moment(tk, c.Due)
		}
	}
	switch {
	case late != nil:
		due(late)
		d.Overdue = append(d.Overdue, item)
	case next != nil && !next.Due.After(t.calendar(tk).EndOfDay(t.now)):
		due(next)
		d.DueToday = append(d.DueToday, item)
	case tk.Assignee == "" && !tk.Status.Pauses():
		due(next)
		item.Waits = string(tk.Status)
		d.Unassigned = append(d.Unassigned, item)
	case tk.Status.Pauses():
		item.Waits, item.Since = string(tk.Status), t.moment(tk, tk.ChangedAt)
		d.Waiting = append(d.Waiting, item)
	}
}

// nextClocks are the deadline that was missed first and is owed still, and the one that comes next; nil for none.
func nextClocks(tk *Ticket) (late, next *Clock) {
	for i := range tk.Clocks {
		c := &tk.Clocks[i]
		switch {
		case !c.running():
		case !c.Breached.IsZero():
			if late == nil || c.Due.Before(late.Due) {
				late = c
			}
		case next == nil || c.Due.Before(next.Due):
			next = c
		}
	}
	return late, next
}

// earlier puts what is due, or waits, longest first.
func earlier(a, b templates.Item) int {
	when := func(i templates.Item) int64 {
		switch {
		case i.Due != nil:
			return i.Due.T.Unix()
		case i.Since != nil:
			return i.Since.T.Unix()
		}
		return 1 << 62
	}
	return cmp.Or(cmp.Compare(when(a), when(b)), cmp.Compare(a.Number, b.Number))
}
