package portal

import (
	"cmp"
	"fmt"
	"net/http"
	"net/mail"
	"strconv"
	"strings"

	"github.com/postdesk/postdesk/desk"
)

// A listPage is the tickets that somebody may read.
type listPage struct {
	All     []desk.Listed
	Next    int64 // begins the next page, 0 at the end
	First   bool
	Balance *int64
}

func (p *Portal) tickets(v *visit) error {
	if v.who.Staff != nil {
		return p.queue(v)
	}
	who, err := v.contact()
	if err != nil {
		return err
	}
	below, err := strconv.ParseInt(cmp.Or(v.r.URL.Query().Get("below"), "0"), 10, 64)
	if err != nil || below < 0 {
		return desk.ErrNotFound
	}
	d := listPage{First: below == 0}
	if d.All, d.Next, err = p.Desk.TicketsOf(v.r.Context(), who, below); err != nil {
		return err
	}
	if who.Customer != "" {
		purse, err := p.Desk.PurseOf(v.r.Context(), who, v.lang)
		if err != nil {
			return err
		}
		d.Balance = &purse.Balance
	}
	pg := v.page("tickets_title")
	pg.Data = d
	return v.show(http.StatusOK, "tickets", pg)
}

// number is an id of a path. What is no number names nothing.
func (v *visit) number(name string) (int64, error) {
	s := v.r.PathValue(name)
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != s {
		return 0, desk.ErrNotFound
	}
	return n, nil
}

// contactAt is whoever is signed in as a customer, and the ticket whose page he asks for.
func (v *visit) contactAt() (who *desk.Contact, number int64, err error) {
	if who, err = v.contact(); err != nil {
		return nil, 0, err
	}
	number, err = v.number("ticket")
	return who, number, err
}

// posted reads a form without files.
func (v *visit) posted() error {
	if err := v.r.ParseForm(); err != nil {
		return fmt.Errorf("%w: %w", errBadForm, err)
	}
	return nil
}

// pressed reads the form of a button: the number in the path, and whether the form is one that a page of ours has given out lately.
func (v *visit) pressed(name string) (number int64, ours bool, err error) {
	if number, err = v.number(name); err != nil {
		return 0, false, err
	}
	if err := v.posted(); err != nil {
		return 0, false, err
	}
	_, _, ours = v.formed(v.r.PostFormValue("form"))
	return number, ours, nil
}

// button is a button of a customer's ticket: where the form is none of ours, or an old one, the ticket is shown again, and nothing is done.
func button(press func(v *visit, who *desk.Contact, number int64) error) func(*visit) error {
	return func(v *visit) error {
		who, err := v.contact()
		if err != nil {
			return err
		}
		number, ours, err := v.pressed("ticket")
		if err != nil {
			return err
		}
		if !ours {
			return v.showTicket(who, number, http.StatusUnprocessableEntity, "form_old", "")
		}
		return press(v, who, number)
	}
}

func (p *Portal) ticket(v *visit) error {
	if v.who.Staff != nil {
		return p.staffTicket(v)
	}
	who, number, err := v.contactAt()
	if err != nil {
		return err
	}
	draft := ""
	if ticket, secret, ok := strings.Cut(v.cookie("draft"), "."); ok && ticket == strconv.FormatInt(number, 10) {
		// They are taken only by a page that shows them.
		if _, err := p.Desk.ViewOf(v.r.Context(), who, number, v.lang); err != nil {
			return err
		}
		if draft, err = p.Desk.Draft(v.r.Context(), secret, number); err != nil {
			return err
		}
		v.setCookie("draft", "", 0)
	}
	v.words = draft
	done := ""
	if known := v.r.URL.Query().Get("done"); known != "" && texts()[v.lang]["done_"+known] != "" {
		done = "done_" + known
	}
	return v.showTicket(who, number, http.StatusOK, "", done)
}

func (v *visit) showTicket(who *desk.Contact, number int64, status int, problem, done string) error {
	view, err := v.p.Desk.ViewOf(v.r.Context(), who, number, v.lang)
	if err != nil {
		return err
	}
	pg := v.page("ticket_title", number, cmp.Or(view.Subject, "…"))
	pg.Data, pg.Problem, pg.Done, pg.Access = view, problem, done, v.p.Desk.TakesAccess() && view.Status != desk.Closed
	pg.Path = fmt.Sprintf("/tickets/%d", number)
	return v.show(status, "ticket", pg)
}

func (p *Portal) reply(v *visit) error {
	sent, err := v.read()
	if sent != nil {
		defer sent.close()
		v.words = sent.fields["words"]
	}
	if err != nil {
		return err
	}
	who, number, err := v.contactAt()
	if err != nil {
		return err
	}
	again := func(problem string) error {
		return v.showTicket(who, number, http.StatusUnprocessableEntity, problem, "")
	}
	id, at, ok := v.formed(sent.fields["form"])
	switch {
	case sent.problem != "":
		return again(sent.problem)
	case !ok:
		return again("form_old")
	case sent.fields["words"] == "" && len(sent.files) == 0:
		return again("nothing_typed")
	}
	if err := v.within(limitReply, who.Address); err != nil {
		return err
	}
	view, err := p.Desk.ViewOf(v.r.Context(), who, number, v.lang)
	if err != nil {
		return err
	}
	version, _ := strconv.ParseInt(sent.fields["estimate"], 10, 64)
	done, err := v.submit(desk.Post{Visitor: v.who, Ticket: number, Estimate: version}, letter{
		id: formFor(id, number), at: at, from: mail.Address{Name: who.Name, Address: who.Address}, subject: "Re: " + view.Subject, words: sent.fields["words"],
	}, sent.files)
	if err != nil {
		return err
	}
	word := "sent"
	if done.Ticket != number {
		word = "sent_new"
	}
	return v.see(fmt.Sprintf("/tickets/%d?done=%s", done.Ticket, word))
}

// formFor is the id of what was submitted for a ticket: with the form of another one it is something else.
func formFor(id string, ticket int64) string { return fmt.Sprintf("%s.%d", id, ticket) }

// submit makes a mail of what was typed, hands it to the desk, and wakes whoever sends what follows.
func (v *visit) submit(post desk.Post, l letter, files []upload) (desk.Submitted, error) {
	box := v.policy.Mailbox(cmp.Or(post.Mailbox, v.policy.Portal.Mailbox))
	if box == nil {
		box = v.policy.Mailboxes[0]
	}
	l.to, l.domain = box.Address, v.policy.Desk.Domain
	f, drop, err := v.p.spool()
	if err != nil {
		return desk.Submitted{}, err
	}
	defer drop()
	if post.Source, post.Message, err = compose(f, l, files); err != nil {
		return desk.Submitted{}, err
	}
	done, err := v.p.Desk.Submit(v.r.Context(), post)
	if err == nil {
		v.p.Stir()
	}
	return done, err
}

func (p *Portal) decide(v *visit, who *desk.Contact, number int64) error {
	version, err := strconv.ParseInt(v.r.PostFormValue("estimate"), 10, 64)
	if err != nil {
		return errBadForm
	}
	answer := v.r.PostFormValue("answer")
	if answer != "yes" && answer != "no" {
		return errBadForm
	}
	done, err := p.Desk.DecideAs(v.r.Context(), who, number, version, answer == "yes")
	if err != nil {
		return err
	}
	p.Stir()
	return v.see(fmt.Sprintf("/tickets/%d?done=%s", number, done.Key()))
}

func (p *Portal) closeTicket(v *visit, who *desk.Contact, number int64) error {
	if err := p.Desk.CloseAs(v.r.Context(), who, number); err != nil {
		return err
	}
	p.Stir()
	return v.see(fmt.Sprintf("/tickets/%d?done=closed", number))
}

// An offerPage is an estimate behind its mailed link.
type offerPage struct {
	desk.Offer
	Done desk.Decision
}

func (p *Portal) offer(v *visit) error {
	o, err := p.Desk.Offer(v.r.Context(), v.r.PathValue("token"))
	if err != nil {
		return err
	}
	return v.showOffer(http.StatusOK, o, "")
}

// showOffer speaks the ticket's language to whoever comes by its link, unless he chose another.
func (v *visit) showOffer(status int, o desk.Offer, done desk.Decision) error {
	if _, known := texts()[o.Language]; known && v.who.Contact == nil && v.cookieLang() == "" {
		v.lang = o.Language
	}
	pg := v.page("offer_title", o.Number)
	pg.Data = offerPage{o, done}
	pg.Path = v.r.URL.Path
	return v.show(status, "offer", pg)
}

func (v *visit) cookieLang() string {
	if c, err := v.r.Cookie("lang"); err == nil {
		return c.Value
	}
	return ""
}

func (p *Portal) decideOffer(v *visit) error {
	if err := v.posted(); err != nil {
		return err
	}
	answer := v.r.PostFormValue("answer")
	if answer != "yes" && answer != "no" {
		return errBadForm
	}
	o, done, err := p.Desk.Decide(v.r.Context(), v.r.PathValue("token"), answer == "yes")
	if err != nil {
		return err
	}
	p.Stir()
	return v.showOffer(http.StatusOK, o, done)
}

// readers lets somebody read along on a ticket, or takes him out.
func (p *Portal) readers(v *visit, who *desk.Contact, number int64) error {
	if err := v.within(limitReply, who.Address); err != nil {
		return err
	}
	var err error
	do, address := v.r.PostFormValue("do"), v.r.PostFormValue("who")
	switch do {
	case "reader_in":
		err = p.Desk.LetInAs(v.r.Context(), who, number, address)
	case "reader_out":
		err = p.Desk.TakeOutAs(v.r.Context(), who, number, address)
	default:
		err = errBadForm
	}
	if err != nil {
		return err
	}
	return v.see(fmt.Sprintf("/tickets/%d?done=%s", number, do))
}
