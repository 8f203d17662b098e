package portal

import (
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"strconv"
	"strings"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
)

// An accessPage takes what an engineer needs to get onto a server (A8).
type accessPage struct {
	Ticket int64
	Names  []string
}

func (p *Portal) access(v *visit) error {
	who, number, err := v.contactAt()
	if err != nil {
		return err
	}
	return v.showAccess(who, number, http.StatusOK, "")
}

func (v *visit) showAccess(who *desk.Contact, number int64, status int, problem string) error {
	view, err := v.p.Desk.ViewOf(v.r.Context(), who, number, v.lang)
	if err != nil {
		return err
	}
	if view.Status == desk.Closed || !v.p.Desk.TakesAccess() {
		return desk.ErrNotFound
	}
	pg := v.page("access_title")
	pg.Problem, pg.Data = problem, accessPage{Ticket: number}
	return v.show(status, "access", pg)
}

// handOver seals what was typed. It is given back by no page, not even one that says what to mend: it may stand there in the open.
func (p *Portal) handOver(v *visit) error {
	who, number, err := v.contactAt()
	if err != nil {
		return err
	}
	sent, err := v.read()
	if sent != nil {
		defer sent.close()
	}
	if err != nil {
		return err
	}
	id, at, ok := v.formed(sent.fields["form"])
	secret := sent.fields["secret"]
	switch {
	case !ok:
		return v.showAccess(who, number, http.StatusUnprocessableEntity, "access_old")
	case secret == "":
		return v.showAccess(who, number, http.StatusUnprocessableEntity, "nothing_typed")
	case len(secret) > 16<<10:
		return v.showAccess(who, number, http.StatusUnprocessableEntity, "access_long")
	}
	view, err := p.Desk.ViewOf(v.r.Context(), who, number, v.lang)
	if err != nil {
		return err
	}
	l := letter{
		id: formFor(id, number), at: at, from: mail.Address{Name: who.Name, Address: who.Address}, subject: "Re: " + view.Subject, words: texts()[v.lang]["access_told"],
		domain: v.policy.Desk.Domain, to: v.policy.Mailboxes[0].Address,
	}
	f, drop, err := p.spool()
	if err != nil {
		return err
	}
	defer drop()
	post := desk.Post{Visitor: v.who, Ticket: number}
	if post.Source, post.Message, err = compose(f, l, nil); err != nil {
		return err
	}
	done, err := p.Desk.HandOver(v.r.Context(), post, secret)
	if errors.Is(err, desk.ErrNoPlace) {
		return v.showAccess(who, number, http.StatusUnprocessableEntity, "access_full")
	}
	if err != nil {
		return err
	}
	p.Stir()
	return v.see(fmt.Sprintf("/tickets/%d?done=access", done.Ticket))
}

// look shows what was handed over, this once: it takes a POST, since it is written down.
func (p *Portal) look(v *visit) error {
	who, err := v.staff()
	if err != nil {
		return err
	}
	number, ours, err := v.pressed("ticket")
	if err != nil {
		return err
	}
	if !ours {
		return v.showStaffTicket(http.StatusUnprocessableEntity, staffTicketPage{}, texts()[v.lang]["form_old"], "")
	}
	secret, err := p.Desk.LookAt(v.r.Context(), who, number, v.r.PostFormValue("what"))
	var sealed *desk.SealError
	if errors.As(err, &sealed) {
		p.Log.Error("what was handed over cannot be opened", "ticket", number, "error", err)
		return v.note(http.StatusInternalServerError, "sealed")
	}
	if err != nil {
		return err
	}
	return v.showStaffTicket(http.StatusOK, staffTicketPage{Secret: secret}, "", "")
}

// staff is whoever of us is signed in. To a customer none of their pages is there (T075).
func (v *visit) staff() (*policy.Staff, error) {
	switch {
	case v.who.Contact != nil:
		return nil, desk.ErrNotFound
	case v.who.Staff == nil:
		return nil, errSignIn
	}
	return v.who.Staff, nil
}

// decideHeld lets a held mail go, puts it on a ticket, or ends it (T119).
func (p *Portal) decideHeld(v *visit) error {
	who, err := v.staff()
	if err != nil {
		return err
	}
	id, ours, err := v.pressed("message")
	if err != nil {
		return err
	}
	if !ours {
		return v.showHeld(http.StatusUnprocessableEntity, texts()[v.lang]["form_old"], "")
	}
	do := v.r.PostFormValue("do")
	switch do {
	case "release":
		_, err = p.Desk.ReleaseHeld(v.r.Context(), id, who.ID)
	case "join":
		ticket, wrong := strconv.ParseInt(strings.TrimPrefix(strings.TrimSpace(v.r.PostFormValue("ticket")), "#"), 10, 64)
		if wrong != nil {
			ticket = 0 // which the desk says is none
		}
		_, err = p.Desk.JoinHeld(v.r.Context(), id, ticket, who.ID)
	case "discard":
		_, err = p.Desk.DiscardHeld(v.r.Context(), id, who.ID, v.r.PostFormValue("why"))
	default:
		return errBadForm
	}
	var wrong *desk.HeldError
	if errors.As(err, &wrong) {
		return v.showHeld(http.StatusUnprocessableEntity, wrong.Why.In(v.lang), "")
	}
	if err != nil {
		return err
	}
	p.Stir()
	return v.see("/held?done=" + do)
}
