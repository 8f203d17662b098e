package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/postdesk/postdesk/desk/rules"
)

// readRules reads R2 and compiles the conditions, whose mistakes are told at their place in the file.
func readRules(v value, staff []*Staff) (*rules.Set, map[string]Clocks) {
	clocks := map[string]Clocks{}
	var all []rules.Rule
	var whens []value
	lines := map[string]bool{}
	for _, e := range v.elements() {
		m := e.fields("name", "when", "set", "last")
		r := rules.Rule{Name: m.key("name").must("a name, which tickets tell as their reason").line(""), Last: m.key("last").yes(false)}
		if lines[r.Name] && r.Name != "" {
			m.key("name").mistake(quote(r.Name)+" a second time", "a name of its own")
		}
		lines[r.Name] = true
		set := m.key("set").must("what the rule sets, such as {class: installation}").fields("class", "queue", "priority", "product", "assign",
			"billing", "rate", "estimate", "clocks", "tags", "language", "details", "template", "say", "hold", "reject")
		r.Set = readActions(set, staff)
		if c := readClocks(set.key("clocks")); c != nil {
			clocks[r.Name] = c
			for _, name := range slices.Sorted(maps.Keys(c)) {
				r.Set.Clocks = append(r.Set.Clocks, fmt.Sprintf("%s %s", name, c[name]))
			}
		}
		if m.key("set").given() && len(m.key("set").node.Content) == 0 {
			m.key("set").expected("what the rule sets, such as {class: installation}")
		}
		when, ok := parsed(m.key("when").must("a condition, or true"), "", "a condition, or true", func(s string) (string, error) { return s, nil })
		if ok && m.key("when").given() {
			r.When = when
			all, whens = append(all, r), append(whens, m.key("when"))
		}
	}
	set, mistakes := rules.Compile(all, rules.Values{
		"ticket.class": v.names["class"], "ticket.queue": v.names["queue"], "ticket.priority": Priorities, "ticket.product": v.names["product"],
		"mail.mailbox": v.names["mailbox"], "mail.language": Languages, "mail.channel": v.names["channel"], "mail.details": v.names["detail"],
		"ticket.billing": billings, "entitlement.subscriptions": v.names["product"], "entitlement.plans": v.names["plan"],
		"entitlement.free_window": v.names["product"], "entitlement.licences": v.names["product"], "entitlement.products": v.names["product"],
	})
	for _, m := range mistakes {
		when := whens[m.Index]
		line, column := when.locate(m.Line, m.Column)
		if when.cutByComment() {
			m.Found, m.Want = "a condition cut short, since YAML takes # for a comment", "the condition in single quotes"
		}
		v.wrong = append(v.wrong, Mistake{v.from(when.node).file, line, column, when.path, m.Found, m.Want})
	}
	return set, clocks
}

// firstAnswers are the mails that a rule may choose for the first answer to a customer; "none" is no answer.
var firstAnswers = []string{"acknowledgement", "way_in", "none"}

func readActions(m mapping, staff []*Staff) rules.Actions {
	queue := m.key("queue").ref("queue")
	assign, among := m.key("assign").assignment(staff, queue)
	return rules.Actions{
		Class: m.key("class").ref("class"), Queue: queue, Priority: m.key("priority").oneOf("", Priorities...),
		Product: m.key("product").ref("product"), Assign: assign, Among: among,
		Billing: m.key("billing").oneOf("", billings...), Rate: m.key("rate").ref("rate"), Estimate: m.key("estimate").estimate(),
		Details: m.key("details").refs("detail"), Template: m.key("template").oneOf("", firstAnswers...),
		Say: m.key("say").translated(nil), Reject: m.key("reject").translated(nil),
		Tags: each(m.key("tags"), func(v value) (string, bool) {
			return parsed(v, "", "a tag of small letters, digits, - and _", func(s string) (string, error) {
				if !isName(s) {
					return "", errors.New("no tag")
				}
				return s, nil
			})
		}),
		Language: m.key("language").language(""), Hold: m.key("hold").line(""),
	}
}

// estimate is a range of credits, nil where there is none.
func (v value) estimate() *rules.Range {
	r, ok := parsed(v, rules.Range{}, "a range such as 1-2", rules.ParseRange)
	if !ok || !v.given() {
		return nil
	}
	return &r
}
