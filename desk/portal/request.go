package portal

import (
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
)

// The form for a new request. Whoever is signed in has proven who he is; anybody else has only typed an address, which proves nothing: his
// request comes at level A0, as a mail does that nothing vouches for. It is seen by staff with a mark and acknowledged by the fixed text.
//
// Against programs there are a field that people do not see, the time that people need to fill a form, and limits. A proof of work would need
// script, and cost a phone more than a spammer.

// leastTime is how long a person takes to fill the form.
const leastTime = 3 * time.Second

// A requestPage is the form, with what was typed before.
type requestPage struct {
	Address, Name, Subject, Product string
	Products                        []desk.Choice
	Known                           bool // the visitor is signed in
	Files                           int
}

func (p *Portal) request(v *visit) error { return v.showRequest(http.StatusOK, "", nil) }

func (v *visit) showRequest(status int, problem string, fields map[string]string) error {
	pg := v.page("request_title")
	pg.Problem, pg.Path = problem, "/request"
	pg.Data = requestPage{
		Address: fields["address"], Name: fields["name"], Subject: fields["subject"], Product: fields["product"],
		Products: v.p.Desk.Products(v.lang), Known: v.who.Contact != nil, Files: maxFiles,
	}
	return v.show(status, "request", pg)
}

func (p *Portal) sendRequest(v *visit) error {
	sent, err := v.read()
	if sent != nil {
		defer sent.close()
		v.words = sent.fields["words"]
	}
	if err != nil {
		return err
	}
	again := func(problem string) error { return v.showRequest(http.StatusUnprocessableEntity, problem, sent.fields) }
	id, at, ok := v.formed(sent.fields["form"])
	from := mail.Address{Name: oneLine(clip(sent.fields["name"], 100)), Address: oneLine(sent.fields["address"])}
	if v.who.Contact != nil {
		from = mail.Address{Name: v.who.Contact.Name, Address: v.who.Contact.Address}
	}
	address, err := message.Canonical(from.Address)
	product := sent.fields["product"]
	switch {
	case sent.problem != "":
		return again(sent.problem)
	case !ok:
		return again("form_old")
	case sent.fields["website"] != "":
		return again("trap")
	case v.who.Contact == nil && p.Now().Sub(at) < leastTime:
		return again("too_quick")
	case err != nil || v.policy.MailboxOf(address) != nil:
		return again("bad_address")
	case oneLine(sent.fields["subject"]) == "":
		return again("no_subject")
	case sent.fields["words"] == "":
		return again("nothing_typed")
	case product != "" && v.policy.Product(product) == nil:
		return again("no_product")
	}
	from.Address = address
	switch err := v.mayRequest(address); {
	case errors.Is(err, errTooOften):
		return again("too_often")
	case err != nil:
		return err
	}
	done, err := v.submit(desk.Post{Visitor: v.who, Mailbox: v.policy.Portal.Mailbox, Product: product}, letter{
		id: id, at: at, from: from, subject: clip(oneLine(sent.fields["subject"]), 300), words: sent.fields["words"],
	}, sent.files)
	if err != nil {
		return err
	}
	if v.who.Contact != nil && done.Ticket != 0 {
		return v.see(fmt.Sprintf("/tickets/%d?done=opened", done.Ticket))
	}
	v.words = ""
	pg := v.page("requested_title")
	pg.Data = done.Ticket
	return v.show(http.StatusOK, "requested", pg)
}

// mayRequest asks the limits: of the network, of the address and of all together for whoever is not signed in, of the contact for who is.
func (v *visit) mayRequest(address string) error {
	if v.who.Contact != nil {
		return v.within(limitReply, v.who.Contact.Address)
	}
	for _, l := range []struct {
		limit
		who string
	}{{limitRequest, network(v.r, &v.policy.Portal)}, {limitSender, address}, {limitAll, ""}} {
		if err := v.within(l.limit, l.who); err != nil {
			return err
		}
	}
	return nil
}

// clip cuts a text to some characters.
func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}
