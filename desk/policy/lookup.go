package policy

import (
	"cmp"
	"slices"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/message"
)

// An index finds things by name. It is made once, when a policy is read.
type index struct {
	mailboxes map[string]*Mailbox
	addresses map[string]*Mailbox
	queues    map[string]*Queue
	staff     map[string]*Staff
	people    map[string]*Staff // by address
	classes   map[string]*Class
	products  map[string]*Product
	channels  map[string]*Channel // by mailbox
	details   map[string]*Detail
	plans     map[string]*Plan
	rates     map[string]*Rate
	waiting   map[string][]*Staff // dispatchers by queue
}

func (p *Policy) index() {
	x := index{
		mailboxes: map[string]*Mailbox{}, addresses: map[string]*Mailbox{}, queues: map[string]*Queue{}, staff: map[string]*Staff{},
		people: map[string]*Staff{}, classes: map[string]*Class{}, products: map[string]*Product{},
		channels: map[string]*Channel{}, details: map[string]*Detail{}, plans: map[string]*Plan{}, rates: map[string]*Rate{}, waiting: map[string][]*Staff{},
	}
	for _, b := range p.Mailboxes {
		x.mailboxes[b.Name], x.addresses[b.Address] = b, b
		for _, a := range b.Aliases {
			x.addresses[a] = b
		}
	}
	for _, s := range p.Staff {
		x.staff[s.ID], x.people[s.Address] = s, s
	}
	for _, q := range p.Queues {
		x.queues[q.Name] = q
		for _, id := range q.Dispatchers {
			x.waiting[q.Name] = append(x.waiting[q.Name], x.staff[id])
		}
	}
	for _, c := range p.Classes {
		x.classes[c.Name] = c
	}
	for _, pr := range p.Products {
		x.products[pr.Name] = pr
	}
	for _, c := range p.Channels {
		x.channels[c.Mailbox] = c
	}
	for _, d := range p.Details {
		x.details[d.Name] = d
	}
	for _, pl := range p.Plans {
		x.plans[pl.Name] = pl
	}
	for _, r := range p.Rates {
		x.rates[r.Name] = r
	}
	p.by = x
}

// Each look-up is nil where there is no such thing.

// Mailbox is the mailbox with the name.
func (p *Policy) Mailbox(name string) *Mailbox { return p.by.mailboxes[name] }

// MailboxOf is the mailbox that a canonical address leads to: its address, an alias, or either with a plus tag, which is how our own
// reply addresses look.
func (p *Policy) MailboxOf(addr string) *Mailbox {
	if b := p.by.addresses[addr]; b != nil {
		return b
	}
	base, tag := message.SplitTag(addr)
	if tag == "" {
		return nil
	}
	return p.by.addresses[base]
}

// SignersOf are those that sign mail from an address: those of its domain, which DMARC asks for (RFC 7489, 3.1.1).
func (p *Policy) SignersOf(address string) (all []Signer) {
	domain := message.Domain(address)
	for _, s := range p.Signers {
		if s.Domain == domain && s.Key.Signer != nil {
			all = append(all, s)
		}
	}
	return all
}

// Provider is the provider of tokens with the name.
func (p *Policy) Provider(name string) *Provider {
	for _, pr := range p.Providers {
		if pr.Name == name {
			return pr
		}
	}
	return nil
}

// Queue is the queue with the name.
func (p *Policy) Queue(name string) *Queue { return p.by.queues[name] }

// StaffByID is the person with the id.
func (p *Policy) StaffByID(id string) *Staff { return p.by.staff[id] }

// StaffByAddress is the person with the canonical address. Plus tags are not taken off: they make an address of its own (T014).
func (p *Policy) StaffByAddress(addr string) *Staff { return p.by.people[addr] }

// Class is the class with the name.
func (p *Policy) Class(name string) *Class { return p.by.classes[name] }

// Product is the product with the name.
func (p *Policy) Product(name string) *Product { return p.by.products[name] }

// Detail is the detail with the name.
func (p *Policy) Detail(name string) *Detail { return p.by.details[name] }

// Plan is the plan with the name.
func (p *Policy) Plan(name string) *Plan { return p.by.plans[name] }

// Rate is the rate with the name.
func (p *Policy) Rate(name string) *Rate { return p.by.rates[name] }

// ChannelOf is the channel of a mailbox.
func (p *Policy) ChannelOf(mailbox string) *Channel { return p.by.channels[mailbox] }

// Before tells whether the terms of one mailbox go before those of another, where a mail names both: free before a licence before time,
// then the order of the channels, then that of the mailboxes ("One mail to several of our addresses" of MISSION.md). A mailbox without a
// channel, which costs what the class says, stands before those that are billed by time.
func (p *Policy) Before(a, b *Mailbox) bool {
	rank := func(box *Mailbox) (cost, channel, mailbox int) {
		cost, channel = 2, len(p.Channels)
		if c := p.ChannelOf(box.Name); c != nil {
			cost, channel = map[Terms]int{TermsFree: 0, TermsLicence: 1, TermsHourly: 3}[c.Terms], slices.Index(p.Channels, c)
		}
		return cost, channel, slices.Index(p.Mailboxes, box)
	}
	ac, an, am := rank(a)
	bc, bn, bm := rank(b)
	return cmp.Or(cmp.Compare(ac, bc), cmp.Compare(an, bn), cmp.Compare(am, bm)) < 0
}

// Dispatchers are who gets the unassigned tickets of a queue. The list is the policy's own: it may not be changed.
func (p *Policy) Dispatchers(queue string) []*Staff { return p.by.waiting[queue] }

// OwnDomains are those whose mail only we send: a From of one must be proven (THREATS.md, X). The desk's own is the first.
func (p *Policy) OwnDomains() []string { return p.Desk.OwnDomains }

// CalendarOf is the calendar that a ticket's time is counted by, with its name: the class's, else the mailbox's, else the desk's. Both
// may be nil.
func (p *Policy) CalendarOf(b *Mailbox, c *Class) (string, *calendar.Calendar) {
	name := p.Desk.Calendar
	if b != nil && b.Calendar != "" {
		name = b.Calendar
	}
	if c != nil && c.Calendar != "" {
		name = c.Calendar
	}
	return name, p.Calendars[name]
}
