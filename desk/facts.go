package desk

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/rules"
)

// facts are what the rules may ask.
func (v *visit) facts(c Customer, owned []Entitlement, windows []string, credits int64) rules.Facts {
	m := v.m
	f := rules.Facts{
		Mail: rules.MailFacts{
			Subject: m.Subject, Text: m.Visible, Words: rules.Words(m.Subject, m.Visible), From: v.who.address,
			Domain: message.Domain(v.who.address), Mailbox: v.mailbox.Name, Kind: string(m.Kind), Language: m.Language,
			Level: v.who.level.String(), Size: int(m.Size),
		},
		Ticket: rules.TicketFacts{Queue: v.mailbox.Queue, Product: cmp.Or(v.product, v.mailbox.Product)},
		Customer: rules.CustomerFacts{
			Known: c.ID != "", ID: c.ID, Name: c.Name, Language: c.Language, Market: c.Market, Credits: int(credits),
		},
		Entitlement: rules.EntitlementFacts{FreeWindow: windows, Products: productsOf(owned)},
	}
	for _, to := range slices.Concat(m.To, m.Cc) {
		f.Mail.To = append(f.Mail.To, to.Addr)
	}
	for _, a := range m.Attachments {
		f.Mail.Attachments = append(f.Mail.Attachments, a.Filename)
	}
	f.Entitlement.Licences, _ = v.inForce(owned, "licence")
	f.Entitlement.Subscriptions, f.Entitlement.Plans = v.inForce(owned, "subscription")
	if c := v.p.ChannelOf(v.mailbox.Name); c != nil {
		f.Mail.Channel = c.Name
	}
	f.Mail.Details, f.Mail.Order = v.has(m), v.orderOf(m)
	f.Mail.Profane = offends(v.p.Conduct, m.Subject, m.Visible, m.Language)
	_, cal := v.p.CalendarOf(v.mailbox, nil)
	f.Time = rules.TimeFacts{At: v.at.In(cal.Zone), Open: cal.IsOpen(v.at)}
	return f
}

// freeWindows are the products whose free window is open on the day of registration, in the policy's zone: the day of the latest
// purchase and Days more. A refunded purchase opens none, and ends the one it opened ("Free window" of MISSION.md).
func (t *turn) freeWindows(owned []Entitlement, at time.Time) []string {
	if t.p.FreeWindow.Days == 0 {
		return nil
	}
	latest := map[string]Entitlement{}
	var order []string
	for _, e := range owned {
		if e.Kind != "purchase" {
			continue
		}
		if have, ok := latest[e.Product]; !ok || after(e.From, have.From) || e.From == have.From && have.Refunded {
			if !ok {
				order = append(order, e.Product)
			}
			latest[e.Product] = e
		}
	}
	today := dateIn(at, t.p.Desk.Zone)
	return slices.DeleteFunc(order, func(product string) bool {
		e := latest[product]
		last := dateOfDays(e.From, t.p.FreeWindow.Days)
		return e.Refunded || after(e.From, today) || after(today, last)
	})
}

// productsOf are the products ever bought, in the order of the entitlements, which is latest first.
func productsOf(owned []Entitlement) []string {
	var all []string
	for _, e := range owned {
		if e.Kind == "purchase" && !slices.Contains(all, e.Product) {
			all = append(all, e.Product)
		}
	}
	return all
}

// inForce are the products of a kind of entitlement that holds on the day of registration, its last day included, and the plans.
func (t *turn) inForce(owned []Entitlement, kind string) (products, plans []string) {
	today := dateIn(t.at, t.p.Desk.Zone)
	for _, e := range owned {
		if e.Kind != kind || e.Refunded || after(e.From, today) || after(today, e.Until) {
			continue
		}
		if !slices.Contains(products, e.Product) {
			products = append(products, e.Product)
		}
		if e.Plan != "" && !slices.Contains(plans, e.Plan) {
			plans = append(plans, e.Plan)
		}
	}
	return products, plans
}

// orderOf is the number of the order that a mail names: by the address that it was sent to, in its subject or in its words ("Marketplace"
// of MISSION.md).
func (t *turn) orderOf(m *message.Message) string {
	r := t.p.Relay
	if r == nil || r.Order == nil {
		return ""
	}
	before, behind, _ := strings.Cut(r.Address, "{order}")
	for _, to := range slices.Concat(m.Delivered, m.To, m.Cc) {
		addr := strings.ToLower(to.Addr)
		if id, ok := strings.CutPrefix(addr, before); ok {
			if id, ok = strings.CutSuffix(id, behind); ok && id != "" {
				return id
			}
		}
	}
	for _, text := range []string{m.Subject, m.Visible} {
		if found := r.Order.FindStringSubmatch(clip(text, rules.MaxText)); found != nil {
			return found[1]
		}
	}
	return ""
}

// after tells whether day a is later than day b.
func after(a, b calendar.Date) bool { return a.String() > b.String() }

func dateIn(at time.Time, zone *time.Location) calendar.Date {
	y, m, d := at.In(zone).Date()
	return calendar.Date{Year: y, Month: m, Day: d}
}

func dateOfDays(d calendar.Date, days int) calendar.Date {
	return dateIn(time.Date(d.Year, d.Month, d.Day+days, 12, 0, 0, 0, time.UTC), time.UTC)
}
