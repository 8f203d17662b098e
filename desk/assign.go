package desk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/rules"
)

// dispatch gives an open ticket to who works on it: the one a rule or its queue names, else the dispatchers are asked (S5).
func (t *turn) dispatch(tk *Ticket) error {
	tk.Queue = tk.Department
	t.touch(tk)
	if err := t.appoint(tk); err != nil {
		return err
	}
	if tk.Assignee != "" {
		return t.tellStaff(tk, "assigned")
	}
	return t.tellStaff(tk, "unassigned")
}

// choose picks who gets a ticket from several who could, and says how (S5): nobody who is absent, may not act in its queue or is left out
// by its product; of those who write its language before others, of those who are at work before others; then by load or by turn. ""
// where nobody is left: the dispatchers get it.
func (t *turn) choose(tk *Ticket, among *rules.Among) (id, how string, err error) {
	var fit []*policy.Staff
	var away []string
	for _, s := range t.p.Staff {
		if !t.fits(s, tk, among) {
			continue
		}
		absent := s.Away(dateIn(t.at, s.Zone))
		if absent == nil {
			fit = append(fit, s)
			continue
		}
		said := fmt.Sprintf("%s is absent until %s", s.ID, absent.Until)
		if d := t.p.StaffByID(absent.Deputy); d != nil && d.Has(policy.Engineer) && works(d, tk) && d.Away(dateIn(t.at, d.Zone)) == nil {
			fit = append(fit, d)
			said += ", " + d.ID + " stands in"
		}
		away = append(away, said)
	}
	var seen []*policy.Staff // a deputy may be there for himself too
	for _, s := range fit {
		if !slices.Contains(seen, s) {
			seen = append(seen, s)
		}
	}
	fit = seen
	notes := away
	prefer := func(what string, ok func(*policy.Staff) bool) {
		some := slices.DeleteFunc(slices.Clone(fit), func(s *policy.Staff) bool { return !ok(s) })
		if len(some) > 0 && len(some) < len(fit) {
			notes = append(notes, what+" "+names(some))
			fit = some
		}
	}
	prefer(tk.Language+" is written by", func(s *policy.Staff) bool { return len(s.Writes) == 0 || slices.Contains(s.Writes, tk.Language) })
	prefer("at work are", func(s *policy.Staff) bool {
		cal := t.p.Calendars[s.Hours]
		return cal == nil || cal.IsOpen(t.at)
	})
	if len(fit) == 0 {
		return "", strings.Join(append([]string{"nobody: " + among.String()}, notes...), "; "), nil
	}
	type load struct {
		s    *policy.Staff
		open int
		last int64
	}
	var loads []load
	for _, s := range fit {
		open, last, err := t.tx.Load(t.ctx, s.ID)
		if err != nil {
			return "", "", err
		}
		loads = append(loads, load{s, open, last})
	}
	byTurn := func(a, b load) int { return cmp.Compare(a.last, b.last) }
	best := slices.MinFunc(loads, func(a, b load) int { // the first in the policy where two are alike
		if among.By == "turn" {
			return byTurn(a, b)
		}
		return cmp.Or(cmp.Compare(a.open, b.open), byTurn(a, b))
	})
	how = best.s.ID + ": " + among.String()
	if among.By != "turn" {
		var each []string
		for _, l := range loads {
			each = append(each, fmt.Sprintf("%s %d", l.s.ID, l.open))
		}
		notes = append(notes, "open: "+strings.Join(each, ", "))
	}
	return best.s.ID, strings.Join(append([]string{how}, notes...), "; "), nil
}

// fits tells whether somebody could get the ticket if he were there.
func (t *turn) fits(s *policy.Staff, tk *Ticket, among *rules.Among) bool {
	if !s.Has(policy.Engineer) || !works(s, tk) || len(among.Staff) > 0 && !slices.Contains(among.Staff, s.ID) {
		return false
	}
	if p := t.p.Product(tk.Product); p != nil && len(p.Staff) > 0 && !slices.Contains(p.Staff, s.ID) {
		return false
	}
	return !slices.ContainsFunc(among.Skills, func(skill string) bool { return !slices.Contains(s.Skills, skill) })
}

func names(all []*policy.Staff) string {
	var ids []string
	for _, s := range all {
		ids = append(ids, s.ID)
	}
	return strings.Join(ids, ", ")
}

// appoint gives a ticket that is to be worked on to somebody, where a rule or its queue says to whom; else it stays with the dispatchers.
func (t *turn) appoint(tk *Ticket) error {
	q := t.p.Queue(tk.Queue)
	among := tk.Among
	switch {
	case tk.Assignee != "" || q == nil && among == nil:
		return nil
	case among == nil && q.Assign != "":
		tk.Assignee = q.Assign
		return nil
	case among == nil:
		among = q.Among
	}
	if among == nil {
		return nil
	}
	id, how, err := t.choose(tk, among)
	if err != nil {
		return err
	}
	tk.Assignee = id
	tk.Reasons = append(tk.Reasons, rules.Reason{By: "the choice of who works on it", Because: []string{how}, Set: []string{"assign=" + cmp.Or(id, "nobody")}})
	return nil
}
