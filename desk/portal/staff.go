package portal

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/templates"
)

// What staff see. They answer by mail; what they put right, and who reads along, is a button here too. A customer who is signed in finds none
// of it (T075).

// queue is what there is to do, by its deadlines.
func (p *Portal) queue(v *visit) error {
	q, err := p.Desk.QueueOf(v.r.Context(), v.who.Staff, v.lang)
	if err != nil {
		return err
	}
	pg := v.page("queue_title")
	pg.Data = q
	if v.r.URL.Query().Get("done") == "queue" {
		pg.Done = "done_order_queue"
	}
	return v.show(http.StatusOK, "queue", pg)
}

func (p *Portal) staffTicket(v *visit) error {
	done := ""
	if do := v.r.URL.Query().Get("done"); orders[do] {
		done = "done_order_" + do
	}
	return v.showStaffTicket(http.StatusOK, staffTicketPage{}, "", done)
}

// A staffTicketPage is a ticket as staff see it, with what was handed over where it was asked for, and what was typed where it is wrong.
type staffTicketPage struct {
	desk.StaffView
	Secret    string
	Do, Value string
}

func (v *visit) showStaffTicket(status int, data staffTicketPage, wrong, done string) error {
	who, err := v.staff()
	if err != nil {
		return err
	}
	number, err := v.number("ticket")
	if err != nil {
		return err
	}
	read := v.p.Desk.StaffViewOf
	if v.r.URL.Query().Has("all") {
		read = v.p.Desk.WholeStaffViewOf
	}
	view, err := read(v.r.Context(), who, number, v.lang)
	if err != nil {
		return err
	}
	data.StaffView = view
	pg := v.page("ticket_title", number, cmp.Or(view.Subject, "…"))
	pg.Data, pg.Wrong, pg.Done, pg.Path = data, wrong, done, fmt.Sprintf("/tickets/%d", number)
	return v.show(status, "staff_ticket", pg)
}

// orders are the commands that a page has buttons for.
var orders = map[string]bool{"merge": true, "link": true, "queue": true, "split": true, "invite": true, "remove": true}

// A mergePage asks once more, since a merge cannot be undone.
type mergePage struct {
	From, Into desk.StaffView
}

// A half is one of the two, with the page that it stands on.
type half struct {
	Page *page
	View desk.StaffView
}

// Two is what a part of the page is given.
func (p *page) Two(view desk.StaffView) half { return half{p, view} }

// merge shows two tickets that are to become one.
func (p *Portal) merge(v *visit) error {
	who, err := v.staff()
	if err != nil {
		return err
	}
	number, err := v.number("ticket")
	if err != nil {
		return err
	}
	into := oneWord(v.r.URL.Query().Get("into"))
	if wrong, err := v.wrongOrder(p.Desk.Check(v.r.Context(), number, who.ID, "/merge "+into)); err != nil || wrong != "" {
		if err != nil {
			return err
		}
		return v.showStaffTicket(http.StatusUnprocessableEntity, staffTicketPage{Do: "merge", Value: into}, wrong, "")
	}
	other, err := strconv.ParseInt(strings.TrimPrefix(into, "#"), 10, 64)
	if err != nil {
		return desk.ErrNotFound
	}
	var d mergePage
	if d.From, err = p.Desk.StaffViewOf(v.r.Context(), who, number, v.lang); err != nil {
		return err
	}
	if d.Into, err = p.Desk.StaffViewOf(v.r.Context(), who, other, v.lang); err != nil {
		return err
	}
	if next := d.Into.MergedInto; next != 0 { // the number that was typed leads there
		if d.Into, err = p.Desk.StaffViewOf(v.r.Context(), who, next, v.lang); err != nil {
			return err
		}
	}
	pg := v.page("merge_title", number, d.Into.Number)
	pg.Data, pg.Path = d, fmt.Sprintf("/tickets/%d", number)
	return v.show(http.StatusOK, "merge", pg)
}

// order carries out the command of a button, as one in a mail is.
func (p *Portal) order(v *visit) error {
	who, err := v.staff()
	if err != nil {
		return err
	}
	number, ours, err := v.pressed("ticket")
	if err != nil {
		return err
	}
	do, value := v.r.PostFormValue("do"), oneWord(v.r.PostFormValue("value"))
	if !orders[do] {
		return errBadForm
	}
	again := staffTicketPage{Do: do, Value: value}
	if !ours {
		return v.showStaffTicket(http.StatusUnprocessableEntity, again, texts()[v.lang]["form_old"], "")
	}
	if _, err := p.Desk.StaffViewOf(v.r.Context(), who, number, v.lang); err != nil {
		return err // what he may not see, he does not learn of by what is wrong with an order
	}
	wrong, err := v.wrongOrder(p.Desk.Command(v.r.Context(), number, who.ID, "/"+do+" "+value))
	if err != nil || wrong != "" {
		if err != nil {
			return err
		}
		return v.showStaffTicket(http.StatusUnprocessableEntity, again, wrong, "")
	}
	p.Stir()
	switch after, err := p.Desk.StaffViewOf(v.r.Context(), who, number, v.lang); {
	case errors.Is(err, desk.ErrNotFound): // he does not work on the queue that he gave it to
		return v.see("/tickets?done=" + do)
	case err != nil:
		return err
	case do == "merge": // whatever was typed, and wherever that leads by now
		number = after.MergedInto
	}
	return v.see(fmt.Sprintf("/tickets/%d?done=%s", number, do))
}

// oneWord is what was typed into a field for a number, a name or an address: nothing in it begins another line of commands.
func oneWord(s string) string {
	if s = strings.Join(strings.Fields(s), " "); len(s) > 320 {
		return s[:320]
	}
	return s
}

// wrongOrder is what is wrong with an order, in words for whoever gave it; any other error stays one.
func (v *visit) wrongOrder(err error) (string, error) {
	var wrong *desk.CommandError
	if errors.As(err, &wrong) {
		return wrong.Wrong.In(v.lang), nil
	}
	return "", err
}

// held are the mails that wait for a person.
func (p *Portal) held(v *visit) error {
	done := ""
	if known := v.r.URL.Query().Get("done"); known == "release" || known == "join" || known == "discard" {
		done = "done_held_" + known
	}
	return v.showHeld(http.StatusOK, "", done)
}

// A heldPage is the mails that wait for a person, and whether there are more than it shows.
type heldPage struct {
	All  []desk.HeldView
	More bool
}

func (v *visit) showHeld(status int, wrong, done string) error {
	who, err := v.staff()
	if err != nil {
		return err
	}
	var d heldPage
	d.All, d.More, err = v.p.Desk.HeldFor(v.r.Context(), who)
	if err != nil {
		return err
	}
	pg := v.page("held_title")
	pg.Data, pg.Wrong, pg.Done = d, wrong, done
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
