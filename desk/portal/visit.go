package portal

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// A visit is one request: who makes it, in which language, by which policy.
type visit struct {
	p       *Portal
	w       http.ResponseWriter
	r       *http.Request
	policy  *policy.Policy
	lang    string
	who     desk.Visitor
	session string
	words   string // what was typed: an error's page gives it back, so that it is not lost
}

// serve finds out who comes, and turns what goes wrong into a page that says what to do.
func (p *Portal) serve(w http.ResponseWriter, r *http.Request, h func(*visit) error) {
	v := &visit{p: p, w: w, r: r, policy: p.Policy()}
	err := v.run(h)
	if err == nil {
		return
	}
	status, what := http.StatusInternalServerError, "failed"
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, desk.ErrNotFound):
		status, what = http.StatusNotFound, "not_found"
	case errors.Is(err, errSignIn):
		err = v.askToSignIn()
	case errors.As(err, &large):
		status, what = http.StatusRequestEntityTooLarge, "too_large"
	case errors.Is(err, errTooOften):
		status, what = http.StatusTooManyRequests, "too_often"
		w.Header().Set("Retry-After", "900")
	case errors.Is(err, errBadForm):
		status, what = http.StatusBadRequest, "bad_form"
	case errors.Is(err, desk.ErrUnavailable), errors.Is(err, desk.ErrFull):
		status, what = http.StatusServiceUnavailable, "unavailable"
		w.Header().Set("Retry-After", "60")
	}
	if err == nil {
		return
	}
	if status >= 500 && r.Context().Err() == nil {
		p.Log.Error("a page could not be given", "method", r.Method, "route", r.Pattern, "error", err)
	}
	if err := v.note(status, what); err != nil {
		p.Log.Error("not even the page that says so could be given", "error", err)
	}
}

// run meets the visitor and lets the page do its work. A page that breaks is our fault, and breaks no other.
func (v *visit) run(h func(*visit) error) (err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("the page broke: %v\n%s", broken, debug.Stack())
		}
	}()
	if err := v.meet(); err != nil {
		return err
	}
	return h(v)
}

var (
	errSignIn   = errors.New("who asks is not signed in")
	errTooOften = errors.New("tried too often")
	errBadForm  = errors.New("the form cannot be read")
)

// meet finds the session and the language: the contact's own, what the visitor chose, what his browser asks for, the desk's.
func (v *visit) meet() error {
	var wants []string
	if c, err := v.r.Cookie(v.p.cookieName("session")); err == nil && c.Value != "" {
		who, err := v.p.Desk.Visitor(v.r.Context(), c.Value)
		switch {
		case errors.Is(err, desk.ErrNotFound):
		case err != nil:
			v.lang = v.pickLanguage(nil)
			return err
		default:
			v.who, v.session = who, c.Value
		}
	}
	switch {
	case v.who.Contact != nil:
		wants = append(wants, v.who.Contact.Language)
	case v.who.Staff != nil:
		wants = append(wants, v.who.Staff.Language)
	}
	v.lang = v.pickLanguage(wants)
	return nil
}

func (v *visit) pickLanguage(wants []string) string {
	if c, err := v.r.Cookie("lang"); err == nil {
		wants = append(wants, c.Value)
	}
	if accepted, _, err := language.ParseAcceptLanguage(v.r.Header.Get("Accept-Language")); err == nil && len(accepted) <= 20 {
		for _, tag := range accepted {
			base, _ := tag.Base()
			wants = append(wants, base.String())
		}
	}
	wants = append(wants, v.policy.Desk.Language)
	for _, w := range wants {
		if _, ok := texts()[w]; ok {
			return w
		}
	}
	return "en"
}

// contact is whoever is signed in as a customer.
func (v *visit) contact() (*desk.Contact, error) {
	if v.who.Contact == nil {
		return nil, errSignIn
	}
	return v.who.Contact, nil
}

// cookieName is that of a cookie which only this host can have set, over https; a browser takes the prefix for plain http from nobody.
func (p *Portal) cookieName(name string) string {
	if p.secure() {
		return "__Host-" + name
	}
	return name
}

// setCookie keeps a secret with the browser; one without value is dropped. Lax, since people come by links in their webmail.
func (v *visit) setCookie(name, value string, lasts time.Duration) {
	c := &http.Cookie{
		Name: v.p.cookieName(name), Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: v.p.secure(),
		MaxAge: int(lasts / time.Second),
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(v.w, c)
}

func (v *visit) cookie(name string) string {
	if c, err := v.r.Cookie(v.p.cookieName(name)); err == nil {
		return c.Value
	}
	return ""
}

// sessionLasts is how long a browser keeps a session; the desk ends it itself.
const sessionLasts = 14 * 24 * time.Hour

// A page is what every page gets, with what is its own in Data.
type page struct {
	Lang     string
	Title    string
	Desk     string
	Contact  string // the management's
	Who      string // whoever is signed in, by name or address
	Signed   bool
	Staff    bool
	Held     bool   // the page of held mails is for him
	Path     string // where to come back to
	Style    string
	Form     string // token of this form
	Words    string // typed before and given back
	Problem  string // key of a text that tells what to mend
	Mild     bool   // which is no fault of anybody's
	Done     string // key of a text that tells what was done
	Narrow   bool   // a page with one form
	UploadMB int64
	Access   bool   // access to a server can be handed over
	Wrong    string // what to mend, in words of the desk's
	Data     any
	Chosen   []desk.Choice // languages

	text map[string]string
}

// T is a text of the catalogue in the page's language, with its values put in.
func (p *page) T(key string, values ...any) (string, error) {
	return text(p.text, p.Lang, key, values...)
}

// Has tells whether there is a text of that name.
func (p *page) Has(key string) bool { return p.text[key] != "" }

// Moment, Credits, Range, Duration and Size write values in the page's language.
func (p *page) Moment(m templates.Moment) string         { return m.In(p.Lang) }
func (p *page) Short(m templates.Moment) (string, error) { return short(p.text, p.Lang, m) }
func (p *page) Credits(n int64) string                   { return templates.Credits(n).In(p.Lang) }
func (p *page) Range(r templates.Range) string           { return r.In(p.Lang) }
func (p *page) Duration(minutes int) string              { return templates.Minutes(minutes).In(p.Lang) }

// Most is what a range costs at most.
func (p *page) Most(r templates.Range) int64 { return int64(r.Max) }

// Plus writes an amount with its sign.
func (p *page) Plus(n int64) string {
	if n < 0 {
		return fmt.Sprintf("−%d", -n)
	}
	return fmt.Sprintf("+%d", n)
}

// Size writes a number of bytes.
func (p *page) Size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

// page begins a page whose title is the text of that key.
func (v *visit) page(title string, values ...any) *page {
	t := texts()[v.lang]
	pg := &page{
		Lang: v.lang, Desk: v.policy.Desk.Name, Contact: v.policy.Desk.Contact, Style: "/style.css?" + v.p.version, Words: v.words,
		Path: v.r.URL.Path, UploadMB: v.policy.Portal.Upload >> 20, text: t, Form: v.token(),
	}
	if v.r.Method != http.MethodGet || strings.HasPrefix(pg.Path, "/enter") {
		pg.Path = "/"
	}
	if s, err := pg.T(title, values...); err == nil {
		pg.Title = s
	}
	switch {
	case v.who.Contact != nil:
		pg.Signed, pg.Who = true, cmp.Or(v.who.Contact.Name, v.who.Contact.Address)
	case v.who.Staff != nil:
		pg.Signed, pg.Staff, pg.Who, pg.Held = true, true, v.who.Staff.Name, desk.LooksAtHeld(v.who.Staff)
	}
	for _, l := range policy.Languages {
		if t, ok := texts()[l]; ok {
			pg.Chosen = append(pg.Chosen, desk.Choice{Name: l, Title: t["language_name"]})
		}
	}
	return pg
}

// wide are the pages that take all the width there is.
var wide = map[string]bool{"queue": true, "staff_ticket": true, "held": true, "merge": true, "tickets": true, "ticket": true, "message": true, "account": true}

// show writes a page whole or not at all.
func (v *visit) show(status int, name string, pg *page) error {
	pg.Narrow = !wide[name]
	var b bytes.Buffer
	if err := v.p.pages[name].ExecuteTemplate(&b, "frame.html", pg); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	v.w.Write(b.Bytes()) // a client that went away needs no answer
	return nil
}

// note shows a page of a few words: what happened, and what to do now.
func (v *visit) note(status int, key string) error {
	pg := v.page(key + "_title")
	pg.Data = key
	return v.show(status, "note", pg)
}

// see sends the browser to another page of ours, after a POST or when a secret is to go from the address.
func (v *visit) see(path string) error {
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// A form's token stands for the form: what is submitted with it a second time is the same (a double click, a reload). It is made for the
// session, so that nobody else's page can submit with it, and tells when the form was given out.

const tokenAge = 7 * 24 * time.Hour

func (v *visit) token() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(v.p.Now().Unix()))
	if _, err := io.ReadFull(v.p.Desk.Rand, b[8:]); err != nil {
		return "" // the form will be refused, and given out again
	}
	return base64.RawURLEncoding.EncodeToString(append(b[:], v.seal(0, b[:])...))
}

// seal signs a token by one of the policy's keys, in their order.
func (v *visit) seal(key int, b []byte) []byte {
	h := hmac.New(sha256.New, v.policy.Tokens.Keys[key].Secret)
	fmt.Fprintf(h, "portal form\x00%s\x00", v.session)
	h.Write(b)
	return h.Sum(nil)[:16]
}

// formed checks the token of what was submitted: when the form was given out. A form of another session or an old one is given out again,
// with all that was typed.
func (v *visit) formed(token string) (id string, at time.Time, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != 32 {
		return "", at, false
	}
	for key := range v.policy.Tokens.Keys {
		if len(v.policy.Tokens.Keys[key].Secret) > 0 && hmac.Equal(b[16:], v.seal(key, b[:16])) {
			at = time.Unix(int64(binary.BigEndian.Uint64(b[:8])), 0).UTC()
			age := v.p.Now().Sub(at)
			return strings.ToLower(fmt.Sprintf("%x", b[:16])), at, age >= -time.Minute && age < tokenAge
		}
	}
	return "", at, false
}
