package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
)

// summary prints the last line, or the tables for people.
func (p *printer) summary() error {
	c := &p.counts
	c.sum()
	if p.json {
		return p.line("summary", time.Time{}, c)
	}
	fmt.Fprintf(p.out, "\n%d %s, %d %s, %d %s out", c.Received, plural(int64(c.Received), "mail"), c.Tickets, plural(int64(c.Tickets), "ticket"), c.Sent,
		plural(int64(c.Sent), "mail"))
	if !c.from.IsZero() {
		zone := p.policy.Desk.Zone
		fmt.Fprintf(p.out, ", from %s to %s", c.from.In(zone).Format("2 Jan 2006"), c.to.In(zone).Format("2 Jan 2006"))
	}
	fmt.Fprintln(p.out)
	for _, t := range [][][]string{p.outcomes(), p.byClass(), p.byQueue(), p.byClock(), p.missed(), p.credits()} {
		if len(t) < 2 {
			continue // a heading alone
		}
		fmt.Fprintln(p.out)
		if err := table(p.out, t); err != nil {
			return err
		}
	}
	return p.busiest()
}

// sum counts what the tickets have come to.
func (c *tally) sum() {
	c.Tickets = len(c.tickets)
	for name, states := range c.ended {
		for state, n := range states {
			set(c.Clocks, name, state, n)
		}
	}
	for _, t := range c.tickets {
		c.Classes[t.Class]++
		c.Queues[t.Queue]++
		for name, clock := range t.Clocks {
			set(c.Clocks, name, clock.State, c.Clocks[name][clock.State]+1)
		}
	}
}

func (p *printer) outcomes() [][]string {
	rows := [][]string{{"OUTCOME", "MAILS IN"}}
	for _, name := range keys(p.counts.Outcomes) {
		rows = append(rows, []string{words(name), counted(p.counts.Outcomes[name])})
	}
	return rows
}

// groups counts tickets by what names them: all, those that nobody has to do with any more, and those with a missed deadline.
func (p *printer) groups(title string, of func(desk.Snapshot) string) [][]string {
	type group struct{ all, waiting, done, late, minutes int }
	all := map[string]*group{}
	late := map[int64]bool{}
	for _, b := range p.counts.breaches {
		late[b.ticket] = true
	}
	for _, t := range p.counts.tickets {
		g := all[of(t)]
		if g == nil {
			g = &group{}
			all[of(t)] = g
		}
		g.all++
		g.minutes += t.Minutes
		switch {
		case t.Status.Done():
			g.done++
		case t.Status.Pauses():
			g.waiting++
		}
		if late[t.Ticket] {
			g.late++
		}
	}
	rows := [][]string{{title, "TICKETS", "TO DO", "WAIT FOR CUSTOMER", "DONE", "OVERDUE", "WORKED"}}
	for _, name := range keys(all) {
		g := all[name]
		rows = append(rows, []string{orDash(name), counted(g.all), counted(g.all - g.waiting - g.done), counted(g.waiting), counted(g.done), counted(g.late), span(time.Duration(g.minutes) * time.Minute)})
	}
	return rows
}

func (p *printer) byClass() [][]string {
	return p.groups("CLASS", func(t desk.Snapshot) string { return t.Class })
}

func (p *printer) byQueue() [][]string {
	return p.groups("QUEUE", func(t desk.Snapshot) string { return t.Queue })
}

// byClock tells for each clock how it went, and how many hours of work lay between its beginning and its first deadline: the one in the middle, and
// the least and the most.
func (p *printer) byClock() [][]string {
	rows := [][]string{{"CLOCK", "MET", "OVERDUE", "IN TIME", "RUNNING", "PAUSED", "HOURS OF WORK AT DEADLINE"}}
	for _, name := range policy.ClockNames {
		states := p.counts.Clocks[string(name)]
		if len(states) == 0 {
			continue
		}
		share := "-"
		if ended := states["met"] + states["breached"]; ended > 0 {
			share = fmt.Sprintf("%d%%", 100*states["met"]/ended)
		}
		hours := "-"
		if all := slices.Sorted(slices.Values(p.counts.hours[string(name)])); len(all) > 0 {
			hours = span(all[len(all)/2])
			if least, most := all[0], all[len(all)-1]; least != most {
				hours += fmt.Sprintf(" (%s to %s)", span(least), span(most))
			}
		}
		rows = append(rows, []string{words(string(name)), counted(states["met"]), counted(states["breached"]), share, counted(states["running"]), counted(states["paused"]), hours})
	}
	return rows
}

// mostMissed is how many missed deadlines are told one by one.
const mostMissed = 20

// missed are the missed deadlines, latest first.
func (p *printer) missed() [][]string {
	rows := [][]string{{"OVERDUE", "CLOCK", "SINCE", "NOW"}}
	all := slices.SortedStableFunc(slices.Values(p.counts.breaches), func(a, b breach) int {
		return cmp.Or(b.at.Compare(a.at), cmp.Compare(a.ticket, b.ticket))
	})
	for i, b := range all {
		if i == mostMissed {
			rows = append(rows, []string{"", fmt.Sprintf("and %d more", len(all)-i)})
			break
		}
		t := p.counts.tickets[b.ticket]
		now := words(t.Status)
		if t.Assignee != "" {
			now += ", with " + t.Assignee
		}
		rows = append(rows, []string{fmt.Sprintf("#%d", b.ticket), words(b.name), b.at.In(p.zone(b.ticket)).Format("Mon 2 Jan 2006 15:04"), now})
	}
	return rows
}

// credits are how each customer's account has moved.
func (p *printer) credits() [][]string {
	rows := [][]string{{"CUSTOMER", "UNIT", "CAN SPEND", "HELD", "OPENING", "TOPPED UP", "CHARGED"}}
	for _, account := range keys(p.counts.accounts) {
		id, ok := strings.CutPrefix(account, "customer:")
		if !ok {
			continue
		}
		moved, held := p.counts.moved[account], "held:"+id
		for _, unit := range keys(p.counts.accounts[account]) {
			rows = append(rows, []string{
				id, unit, figure(p.counts.accounts[account][unit]), figure(p.counts.accounts[held][unit]), figure(moved["opening"]), figure(moved["top_up"]),
				figure(-p.counts.moved[held]["settle"]),
			})
		}
	}
	return rows
}

// busiest draws when mails came in: a bar for each hour of the day in which there were any, and the busiest days of the week.
func (p *printer) busiest() error {
	var hours [24]int
	var days [7]int
	most, all := 0, 0
	for d, byHour := range p.counts.busy {
		for h, n := range byHour {
			hours[h], days[d], all = hours[h]+n, days[d]+n, all+n
		}
	}
	if all == 0 {
		return nil
	}
	first, last := -1, 0
	for h, n := range hours {
		if n > 0 && first < 0 {
			first = h
		}
		if n > 0 {
			last = h
		}
		most = max(most, n)
	}
	fmt.Fprintf(p.out, "\nBUSIEST HOURS\n")
	for h := first; h <= last; h++ {
		if _, err := fmt.Fprintln(p.out, strings.TrimRight(fmt.Sprintf("%02d:00  %5d  %s", h, hours[h], bar(hours[h], most)), " ")); err != nil {
			return err
		}
	}
	var week []string
	for i := range days {
		d := time.Weekday((i + 1) % 7)
		week = append(week, fmt.Sprintf("%s %d", d.String()[:3], days[d]))
	}
	_, err := fmt.Fprintf(p.out, "%s\n", strings.Join(week, "  "))
	return err
}

// bar is a number as a line of up to 40 marks.
func bar(n, most int) string {
	if n == 0 || most == 0 {
		return ""
	}
	return strings.Repeat("#", max(1, n*40/most))
}

// counted is a number in a table: nothing for 0, so that what is there can be seen.
func counted(n int) string { return figure(int64(n)) }

func figure(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}
