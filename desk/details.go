package desk

import (
	"slices"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/rules"
	"github.com/postdesk/postdesk/templates"
)

// maxAskedDetails is how often a customer is asked for what his request lacks; then it goes on without ("Conduct" of MISSION.md).
const maxAskedDetails = 2

// has gives the names of the policy's details that a mail has.
func (t *turn) has(m *message.Message) (names []string) {
	if len(t.p.Details) == 0 {
		return nil
	}
	words := rules.Words(m.Subject, m.Visible)
	var files []string
	for _, a := range m.Attachments {
		files = append(files, a.Filename)
	}
	for _, d := range t.p.Details {
		if d.In(words, files) {
			names = append(names, d.Name)
		}
	}
	return names
}

// lacks are the details that a class or a rule asks for and a mail does not have, each once.
func lacks(wanted, has []string) (missing []string) {
	for _, name := range wanted {
		if !slices.Contains(has, name) && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	return missing
}

// askDetails asks for what is missing, in one list (C4).
func (t *turn) askDetails(tk *Ticket, notice string) error {
	tk.AskedDetails++
	t.touch(tk)
	out := letter{template: "details_needed", ticket: tk, to: tk.Requester, automatic: true, data: t.customerData(tk)}
	out.data.Notice = templates.PublicText(notice)
	return t.send(out)
}

// detailTitles name what is missing as the customer reads it.
func (t *turn) detailTitles(tk *Ticket, lang string) (titles []string) {
	for _, name := range tk.Missing {
		if d := t.p.Detail(name); d != nil {
			titles = append(titles, d.Title.In(lang))
		}
	}
	return titles
}

// saysDetails takes a mail on a ticket that waits for details: what it has is no longer missing. When nothing is, or the customer was asked
// as often as he is asked, the ticket goes where it would have gone at once.
func (v *visit) saysDetails(tk *Ticket) error {
	if tk.Class == "" {
		return v.consider(tk)
	}
	before := len(tk.Missing)
	tk.Missing = lacks(tk.Missing, v.has(v.m))
	v.touch(tk)
	switch {
	case len(tk.Missing) == 0:
		v.because("it has what was missing")
	case tk.AskedDetails >= maxAskedDetails:
		v.because("something is still missing, and was asked for %d times: it goes on without", tk.AskedDetails)
	default:
		v.because("%d of %d details are still missing", len(tk.Missing), before)
		return v.askDetails(tk, "")
	}
	return v.goOnWork(tk)
}

// goOnWork takes a ticket from what it waited for to where its terms lead: to the offer, to an engineer who estimates, or to work.
func (v *visit) goOnWork(tk *Ticket) error {
	out := letter{ticket: tk, to: tk.Requester, automatic: true}
	switch to := tk.agreed(); to {
	case AwaitingEstimate:
		v.setStatus(tk, to)
		out.template, out.data = "estimate_requested", v.customerData(tk)
		if err := v.send(out); err != nil {
			return err
		}
		return v.tellStaff(tk, "estimate_needed")
	case AwaitingConfirmation:
		v.setStatus(tk, to)
		return v.sendEstimate(tk)
	}
	v.setStatus(tk, Open)
	out.template, out.data = "acknowledgement", v.customerData(tk)
	if err := v.send(out); err != nil {
		return err
	}
	return v.dispatch(tk)
}

// wantsDetails tells whether a ticket is to wait for what its first mail lacks: only somebody who can be asked is.
func (v *visit) wantsDetails(tk *Ticket, class *policy.Class, verdict rules.Verdict) []string {
	if v.m.Kind.Machine() || v.who.staff != nil || may(wishAcknowledge, v.who.level) != yes || tk.Status.Done() {
		return nil
	}
	return lacks(slices.Concat(class.Details, verdict.Details), v.has(v.m))
}
