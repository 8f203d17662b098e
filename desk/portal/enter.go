package portal

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/postdesk/postdesk/desk"
)

// home is the list of tickets for whoever is signed in, and the way in for everybody else.
func (p *Portal) home(v *visit) error {
	if v.who.Contact != nil || v.who.Staff != nil {
		return v.see("/tickets")
	}
	return p.signIn(v)
}

func (p *Portal) signIn(v *visit) error {
	if v.who.Contact != nil || v.who.Staff != nil {
		return v.see("/tickets")
	}
	return v.showSignIn(http.StatusOK, "")
}

// A signInPage asks who somebody is.
type signInPage struct {
	Name  string
	Draft bool // words of his are kept until he is in
}

func (v *visit) showSignIn(status int, problem string) error {
	pg := v.page("sign_in_title")
	pg.Problem = problem
	pg.Data = signInPage{Name: v.r.PostFormValue("name")}
	return v.show(status, "sign_in", pg)
}

// ticketPage is a path that is worth coming back to after signing in.
var ticketPage = regexp.MustCompile(`^/tickets/([0-9]{1,18})(/[a-z]+)?$`)

// askToSignIn is what somebody sees who is not signed in, or not any more. Where he comes from is remembered, and words that he sent are kept.
func (v *visit) askToSignIn() error {
	if m := ticketPage.FindStringSubmatch(v.r.URL.Path); m != nil {
		v.setCookie("next", m[1], time.Hour)
		if v.words != "" {
			if err := v.keepDraft(m[1]); err != nil {
				return err
			}
		}
	}
	pg := v.page("sign_in_title")
	pg.Problem, pg.Mild = "sign_in_first", true
	if v.words != "" {
		pg.Problem = "sign_in_again"
	}
	pg.Data = signInPage{Draft: v.words != ""}
	return v.show(http.StatusForbidden, "sign_in", pg)
}

// keepDraft keeps the words with the desk, and what leads back to them with this browser alone.
func (v *visit) keepDraft(ticket string) error {
	switch err := v.within(limitDraft, network(v.r, &v.policy.Portal)); {
	case errors.Is(err, errTooOften):
		return nil // the page shows them all the same
	case err != nil:
		return err
	}
	var number int64
	if _, err := fmt.Sscan(ticket, &number); err != nil {
		return nil
	}
	secret, err := v.p.Desk.KeepDraft(v.r.Context(), number, v.words)
	if err != nil {
		return err
	}
	v.setCookie("draft", ticket+"."+secret, 24*time.Hour)
	return nil
}

// askLink takes the address to which a link is to be mailed. Whatever it is, the answer is the same (T073).
func (p *Portal) askLink(v *visit) error { return v.ask(desk.PleaSignIn) }

func (p *Portal) lost(v *visit) error {
	pg := v.page("lost_title")
	return v.show(http.StatusOK, "lost", pg)
}

func (p *Portal) askLost(v *visit) error { return v.ask(desk.PleaLost) }

// ask writes down what was asked for, and no more: whoever it is for is looked up later, so that neither what this answers nor how long it
// takes depends on that.
func (v *visit) ask(purpose desk.PleaPurpose) error {
	if err := v.posted(); err != nil {
		return err
	}
	if err := v.within(limitAsk, network(v.r, &v.policy.Portal)); err != nil {
		return err
	}
	if err := v.p.Desk.Ask(v.r.Context(), purpose, v.r.PostFormValue("name")); err != nil {
		return err
	}
	v.p.ask()
	pg := v.page("asked_title")
	pg.Data = string(purpose)
	return v.show(http.StatusOK, "asked", pg)
}

// password signs in by a password. A name that there is not takes as long as one that there is.
func (p *Portal) password(v *visit) error {
	if err := v.posted(); err != nil {
		return err
	}
	name := strings.TrimSpace(v.r.PostFormValue("name"))
	for _, try := range []struct {
		limit
		who string
	}{{limitPassword, network(v.r, &v.policy.Portal)}, {limitAccount, strings.ToLower(name[:min(len(name), 320)])}} {
		if err := v.within(try.limit, try.who); err != nil {
			return err
		}
	}
	contact, hash, err := p.Desk.Credentials(v.r.Context(), name)
	if err != nil {
		return err
	}
	right, err := p.check(v.r.Context(), v.r.PostFormValue("password"), hash)
	if err != nil {
		return err
	}
	if !right || contact == 0 {
		return v.showSignIn(http.StatusForbidden, "wrong_password")
	}
	session, err := p.Desk.Admit(v.r.Context(), contact)
	if err != nil {
		return err
	}
	return v.welcome(session, "")
}

// takeLink takes the secret out of the address, so that it neither stays in the history nor is seen on a screen (T074), and changes nothing.
func (p *Portal) takeLink(v *visit) error {
	renew := ""
	if strings.HasPrefix(v.r.URL.Path, "/renew/") {
		renew = "."
	}
	secret := v.r.PathValue("secret")
	if len(secret) > 100 {
		return desk.ErrNotFound
	}
	v.setCookie("link", renew+secret, 30*time.Minute)
	return v.see("/enter")
}

// An enterPage shows who a link signs in.
type enterPage struct{ Address string }

func (p *Portal) showEnter(v *visit) error {
	secret := strings.TrimPrefix(v.cookie("link"), ".")
	if secret == "" {
		return v.note(http.StatusBadRequest, "no_cookies")
	}
	who, err := p.Desk.Knock(v.r.Context(), secret)
	if errors.Is(err, desk.ErrNotFound) {
		return v.note(http.StatusGone, "link_gone")
	}
	if err != nil {
		return err
	}
	pg := v.page("enter_title")
	address := ""
	if who.Contact != nil {
		address = who.Contact.Address
	} else {
		address = who.Staff.Address
	}
	pg.Data = enterPage{address}
	return v.show(http.StatusOK, "enter", pg)
}

func (p *Portal) enter(v *visit) error {
	link := v.cookie("link")
	secret := strings.TrimPrefix(link, ".")
	if secret == "" {
		return v.note(http.StatusBadRequest, "no_cookies")
	}
	session, _, err := p.Desk.Enter(v.r.Context(), secret)
	if errors.Is(err, desk.ErrNotFound) {
		v.setCookie("link", "", 0)
		return v.note(http.StatusGone, "link_gone")
	}
	if err != nil {
		return err
	}
	v.setCookie("link", "", 0)
	if strings.HasPrefix(link, ".") {
		return v.welcome(session, "/settings")
	}
	return v.welcome(session, "")
}

// welcome gives the browser a session that nobody knew before, ends the one it had, and goes where its user wanted to.
func (v *visit) welcome(session, to string) error {
	if v.session != "" {
		if err := v.p.Desk.Leave(v.r.Context(), v.session); err != nil {
			return err
		}
	}
	v.setCookie("session", session, sessionLasts)
	next := v.cookie("next")
	if next != "" {
		v.setCookie("next", "", 0)
	}
	if to == "" {
		to = "/"
		if path := "/tickets/" + next; ticketPage.MatchString(path) {
			to = path
		}
	}
	return v.see(to)
}

func (p *Portal) signOut(v *visit) error {
	if v.session != "" {
		if err := p.Desk.Leave(v.r.Context(), v.session); err != nil {
			return err
		}
	}
	v.setCookie("session", "", 0)
	v.who, v.session = desk.Visitor{}, ""
	return v.note(http.StatusOK, "signed_out")
}

// setLanguage keeps a language with the browser, and for a contact with the desk: it is what his mails are written in.
func (p *Portal) setLanguage(v *visit) error {
	if err := v.posted(); err != nil {
		return err
	}
	lang := v.r.PostFormValue("language")
	if _, ok := texts()[lang]; !ok {
		return desk.ErrNotFound
	}
	http.SetCookie(v.w, &http.Cookie{
		Name: "lang", Value: lang, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: p.secure(), MaxAge: 365 * 24 * 3600,
	})
	if v.who.Contact != nil {
		if err := p.Desk.SetLanguage(v.r.Context(), v.who.Contact, lang); err != nil {
			return err
		}
	}
	back := v.r.PostFormValue("back")
	if !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || strings.Contains(back, "\\") || strings.ContainsFunc(back, unicode.IsControl) {
		back = "/"
	}
	return v.see(back)
}
