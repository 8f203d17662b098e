package main

import (
	"slices"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/mailin/auth"
)

// What joins rooms that may not know each other: here alone are policy, desk and mailin seen together.

// trustOf is whose word a mailbox takes for who wrote a mail.
func trustOf(p *policy.Policy, box *policy.Mailbox) auth.Trust {
	t := auth.Trust{Server: box.Server, Hosts: box.Hosts, OwnDomains: p.OwnDomains(), Submission: map[string][]string{}}
	for _, s := range p.Staff {
		for _, login := range s.Logins {
			t.Submission[login] = append(t.Submission[login], s.Address)
		}
	}
	return t
}

// mailboxOf is the mailbox that a mail's header names: where it was delivered, else whom it was written to; the first of the policy
// where it names none.
func mailboxOf(p *policy.Policy, m *message.Message) *policy.Mailbox {
	for _, a := range slices.Concat(m.Delivered, m.To, m.Cc) {
		if box := p.MailboxOf(a.Addr); box != nil {
			return box
		}
	}
	return p.Mailboxes[0]
}

// accounts are what a world file tells of customers, as the desk takes them.
func accounts(w *policy.World) []desk.Account {
	var all []desk.Account
	for _, c := range w.Customers {
		a := desk.Account{Customer: desk.Customer{ID: c.ID, Name: c.Name, Language: c.Language, Market: c.Market}}
		if c.Zone != nil {
			a.Customer.Zone = c.Zone.String()
		}
		for _, contact := range c.Contacts {
			a.Contacts = append(a.Contacts, desk.Contact{
				Address: contact.Address, Name: contact.Name, Language: contact.Language, MaySpend: contact.MaySpend,
			})
		}
		for _, e := range c.Purchases {
			a.Entitlements = append(a.Entitlements, purchase(e))
		}
		for _, e := range c.Licences {
			a.Entitlements = append(a.Entitlements, term("licence", e))
		}
		for _, e := range c.Subscriptions {
			a.Entitlements = append(a.Entitlements, term("subscription", e))
		}
		for _, b := range c.Balances {
			a.Balances = append(a.Balances, desk.Balance(b))
		}
		all = append(all, a)
	}
	return all
}

func purchase(e policy.Purchase) desk.Entitlement {
	return desk.Entitlement{Kind: "purchase", Product: e.Product, From: e.Date, Refunded: e.Refunded}
}

func term(kind string, e policy.Term) desk.Entitlement {
	return desk.Entitlement{Kind: kind, Product: e.Product, Plan: e.Plan, From: e.From, Until: e.Until}
}
