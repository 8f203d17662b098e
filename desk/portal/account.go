package portal

import (
	"cmp"
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/templates"
)

// An accountPage is what an account holds, and what moved it.
type accountPage struct {
	desk.Purse
	Spends bool
}

// Moment is when a line was posted, where the customer is.
func (a accountPage) Moment(l desk.StatementLine) templates.Moment {
	return templates.Moment{T: l.At, Zone: a.Zone}
}

// Backward are the lines of a statement, the latest first.
func (a accountPage) Backward() []desk.StatementLine {
	all := make([]desk.StatementLine, 0, len(a.Lines))
	for i := len(a.Lines) - 1; i >= 0 && len(all) < 200; i-- {
		all = append(all, a.Lines[i])
	}
	return all
}

func (p *Portal) account(v *visit) error {
	who, err := v.contact()
	if err != nil {
		return err
	}
	if who.Customer == "" {
		return v.note(http.StatusOK, "no_account")
	}
	purse, err := p.Desk.PurseOf(v.r.Context(), who, v.lang)
	if err != nil {
		return err
	}
	pg := v.page("account_title")
	pg.Data = accountPage{purse, who.MaySpend}
	return v.show(http.StatusOK, "account", pg)
}

// statement is every line of the account for a spreadsheet (L4).
func (p *Portal) statement(v *visit) error {
	who, err := v.contact()
	if err != nil {
		return err
	}
	if !who.MaySpend {
		return desk.ErrNotFound
	}
	purse, err := p.Desk.PurseOf(v.r.Context(), who, v.lang)
	if err != nil {
		return err
	}
	t := texts()[v.lang]
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", disposition(t["statement_file"]+".csv"))
	w := csv.NewWriter(v.w)
	w.UseCRLF = true // RFC 4180
	w.Write(neutral(t["column_when"], t["column_what"], t["column_request"], t["column_credits"], t["column_balance"]))
	for _, l := range purse.Lines {
		ticket := ""
		if l.Ticket != 0 {
			ticket = strconv.FormatInt(l.Ticket, 10)
		}
		row := neutral(l.At.In(purse.Zone).Format("2006-01-02 15:04"), cmp.Or(t["cause_"+l.Cause], l.Cause), ticket)
		w.Write(append(row, strconv.FormatInt(l.Amount, 10), strconv.FormatInt(l.Balance, 10))) // numbers of ours may begin with a minus
	}
	w.Flush()
	return nil // a client that went away needs no answer
}

// neutral keeps what stands in cells from being taken for formulas by a spreadsheet (T076).
func neutral(cells ...string) []string {
	for i, c := range cells {
		if c != "" && strings.ContainsRune("=+-@\t\r\n", rune(c[0])) {
			cells[i] = "'" + c
		}
	}
	return cells
}

// A settingsPage is what somebody may change about himself.
type settingsPage struct {
	Address string
	Names   []string
	HasOne  bool // a password
	Least   int
}

func (p *Portal) settings(v *visit) error {
	done := ""
	if v.r.URL.Query().Get("done") == "password" {
		done = "done_password"
	}
	return v.showSettings(http.StatusOK, "", done)
}

func (v *visit) showSettings(status int, problem, done string) error {
	who, err := v.contact()
	if err != nil {
		return err
	}
	has, err := v.p.Desk.HasPassword(v.r.Context(), who.ID)
	if err != nil {
		return err
	}
	pg := v.page("settings_title")
	pg.Problem, pg.Done, pg.Path = problem, done, "/settings"
	pg.Data = settingsPage{who.Address, desk.UserNames(*who), has, minPassword}
	return v.show(status, "settings", pg)
}

func (p *Portal) setPassword(v *visit) error {
	who, err := v.contact()
	if err != nil {
		return err
	}
	if err := v.posted(); err != nil {
		return err
	}
	password := v.r.PostFormValue("password")
	switch _, _, ok := v.formed(v.r.PostFormValue("form")); {
	case !ok:
		return v.showSettings(http.StatusUnprocessableEntity, "form_old", "")
	case !goodPassword(password):
		return v.showSettings(http.StatusUnprocessableEntity, "password_short", "")
	case password != v.r.PostFormValue("again"):
		return v.showSettings(http.StatusUnprocessableEntity, "password_differs", "")
	}
	hash, err := p.hash(v.r.Context(), password)
	if err != nil {
		return err
	}
	session, err := p.Desk.SetPassword(v.r.Context(), who.ID, hash)
	if err != nil {
		return err
	}
	v.setCookie("session", session, sessionLasts)
	return v.see("/settings?done=password")
}
