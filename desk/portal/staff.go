package portal

import (
	"net/http"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/templates"
)

// What staff see is mostly to be looked at: they act by mail. A customer who is signed in finds none of it (T075).

// queue is what there is to do, by its deadlines.
func (p *Portal) queue(v *visit) error {
	q, err := p.Desk.QueueOf(v.r.Context(), v.who.Staff, v.lang)
	if err != nil {
		return err
	}
	pg := v.page("queue_title")
	pg.Data = q
	return v.show(http.StatusOK, "queue", pg)
}

func (p *Portal) staffTicket(v *visit) error { return v.showStaffTicket("") }

// A staffTicketPage is a ticket as staff see it, with what was handed over where it was asked for.
type staffTicketPage struct {
	desk.StaffView
	Secret string
}

func (v *visit) showStaffTicket(secret string) error {
	who, err := v.staff()
	if err != nil {
		return err
	}
	number, err := v.number("ticket")
	if err != nil {
		return err
	}
	view, err := v.p.Desk.StaffViewOf(v.r.Context(), who, number, v.lang)
	if err != nil {
		return err
	}
	pg := v.page("ticket_title", number, first(view.Subject, "…"))
	pg.Data = staffTicketPage{view, secret}
	return v.show(http.StatusOK, "staff_ticket", pg)
}

// held are the mails that wait for a person.
func (p *Portal) held(v *visit) error {
	done := ""
	if known := v.r.URL.Query().Get("done"); known == "release" || known == "join" || known == "discard" {
		done = "done_held_" + known
	}
	return v.showHeld(http.StatusOK, "", done)
}

func (v *visit) showHeld(status int, wrong, done string) error {
	who, err := v.staff()
	if err != nil {
		return err
	}
	all, err := v.p.Desk.HeldFor(v.r.Context(), who)
	if err != nil {
		return err
	}
	pg := v.page("held_title")
	pg.Data, pg.Wrong, pg.Done = all, wrong, done
	return v.show(status, "held", pg)
}

// A list is one of the queue's.
type list struct {
	Page  *page
	Title string
	Items []desk.Queued
}

// List is what a part of the page is given.
func (p *page) List(title string, items []desk.Queued) list { return list{p, title, items} }

// Day writes a day, and Said a text of the catalogue where there is one, else the word itself: what a later policy or version calls something
// is shown as it is.
func (p *page) Day(d templates.Day) string { return d.In(p.Lang) }

func (p *page) Said(key, word string) string {
	if s := p.text[key+word]; s != "" {
		return s
	}
	return word
}
