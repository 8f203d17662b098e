// Package rules takes facts about a mail and gives a verdict with its reasons (R2). It hides the language that conditions are written
// in: what of it a policy may use, how its mistakes are told, and how a condition is kept from running long, growing large, or giving
// another answer to the same facts.
package rules

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// MaxRules is how many rules one policy may have.
const MaxRules = 1000

// memoryBudget bounds the elements that one condition may gather while it runs. The lists it can meet are short, so this is room to
// spare; it is there for whatever the check of conditions overlooks.
const memoryBudget = 100_000

// A Rule sets something on a ticket when its condition holds.
type Rule struct {
	Name string
	When string // the condition
	Set  Actions
	Last bool // when this rule fires, no later one is looked at
}

// Actions are what a rule sets. What is empty is left as it is.
type Actions struct {
	Class, Queue, Priority, Product string
	Assign                          string // staff id
	Among                           *Among // instead of Assign
	Billing, Rate                   string
	Estimate                        *Range
	Clocks                          []string // targets, as they are told: the policy has them by the rule's name
	Tags                            []string // added to those that are there
	Details                         []string // what the request must hold, added to what its class asks for
	Language                        string
	Template                        string            // of the first answer
	Say                             map[string]string // told in the first answer, by language
	Hold                            string            // a reason: the mail waits for a person instead of opening a ticket
	Reject                          map[string]string // the answer, by language: the ticket is closed at once
}

// Among says how one of several people is chosen (S5).
type Among struct {
	Staff  []string `json:"staff,omitempty"`  // ids; everybody where empty
	Skills []string `json:"skills,omitempty"` // all of which he has
	By     string   `json:"by"`               // "load": who has the fewest open tickets; "turn": one after the other
}

// String puts the choice into words.
func (a *Among) String() string {
	s := "whoever"
	if len(a.Staff) > 0 {
		s = "one of " + strings.Join(a.Staff, ", ")
	}
	if len(a.Skills) > 0 {
		s += " with " + strings.Join(a.Skills, " and ")
	}
	if a.By == "turn" {
		return s + " is next"
	}
	return s + " has the least to do"
}

// A Mistake is one thing wrong with one condition, at a position inside of it.
type Mistake struct {
	Rule         string
	Index        int // of the rule in what Compile was given
	Line, Column int // from 1, the column in characters
	Found, Want  string
}

// Values are the words that a fact can hold, by the fact's name, such as "ticket.class". A condition that compares it with any other
// word could never fire, which is nearly always a slip of the pen, so Compile refuses it.
type Values map[string][]string

// A Set is rules in their order, ready to judge. It may be used by several goroutines at once. A nil Set decides nothing.
type Set struct{ rules []compiled }

type compiled struct {
	Rule
	program *vm.Program
	causes  []cause
}

// Compile reads all conditions and reports every mistake it finds; with mistakes, there is no Set.
func Compile(rs []Rule, known ...Values) (*Set, []Mistake) {
	var mistakes []Mistake
	if len(rs) > MaxRules {
		return nil, []Mistake{{Rule: rs[MaxRules].Name, Index: MaxRules, Line: 1, Column: 1, Found: "one rule more", Want: "at most 1000 rules"}}
	}
	lang := newLanguage(known)
	set := &Set{rules: make([]compiled, 0, len(rs))}
	for i, r := range rs {
		program, wrong := lang.compile(r.When)
		for _, m := range wrong {
			m.Rule, m.Index = r.Name, i
			mistakes = append(mistakes, m)
		}
		c := compiled{Rule: r, program: program}
		if program != nil {
			c.causes = lang.causes(r.When)
		}
		set.rules = append(set.rules, c)
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	return set, nil
}

// Judge asks the rules in order. What a rule sets is seen by later ones in ticket.*, and the last that sets a field wins. The same facts
// always give the same verdict.
func (s *Set) Judge(f Facts) Verdict {
	var v Verdict
	if s == nil {
		return v
	}
	f = f.ready()
	run := vm.VM{MemoryBudget: memoryBudget}
	for i := range s.rules {
		r := &s.rules[i]
		holds, err := run.Run(r.program, &f)
		if err != nil {
			v.Reasons = append(v.Reasons, Reason{Rule: r.Name, Failed: failure(err)})
			continue
		}
		if holds != true {
			continue
		}
		why := because(r.causes, &f) // before the rule changes them
		v.Reasons = append(v.Reasons, Reason{Rule: r.Name, Because: why, Set: r.Set.apply(r.Name, &v, &f.Ticket)})
		if r.Last {
			break
		}
	}
	return v
}

// failure puts the machine's error into one line: without the source, which an operator has in the policy.
func failure(err error) string {
	var e *file.Error
	if errors.As(err, &e) {
		return e.Message
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return first
}

// apply sets what the rule sets, on the verdict and on what later rules see, and tells each in words.
func (a *Actions) apply(rule string, v *Verdict, t *TicketFacts) (set []string) {
	put := func(name, value string, to ...*string) {
		if value == "" {
			return
		}
		for _, p := range to {
			*p = value
		}
		set = append(set, name+"="+value)
	}
	put("class", a.Class, &v.Class, &t.Class)
	put("queue", a.Queue, &v.Queue, &t.Queue)
	put("priority", a.Priority, &v.Priority, &t.Priority)
	put("product", a.Product, &v.Product, &t.Product)
	if put("assign", a.Assign, &v.Assignee); a.Assign != "" {
		v.Among = nil
	}
	if a.Among != nil {
		among := *a.Among
		v.Assignee, v.Among = "", &among
		set = append(set, "assign="+among.String())
	}
	put("billing", a.Billing, &v.Billing, &t.Billing)
	put("rate", a.Rate, &v.Rate)
	if a.Estimate != nil {
		r := *a.Estimate
		v.Estimate = &r
		set = append(set, "estimate="+r.String())
	}
	for _, c := range a.Clocks {
		v.ClocksBy = rule
		set = append(set, "clock="+c)
	}
	for _, tag := range a.Tags {
		if !slices.Contains(v.Tags, tag) {
			v.Tags = append(v.Tags, tag)
		}
		if !slices.Contains(t.Tags, tag) {
			t.Tags = append(t.Tags, tag)
		}
		set = append(set, "tag="+tag)
	}
	for _, detail := range a.Details {
		if !slices.Contains(v.Details, detail) {
			v.Details = append(v.Details, detail)
		}
		set = append(set, "detail="+detail)
	}
	put("language", a.Language, &v.Language)
	put("template", a.Template, &v.Template)
	text := func(name string, t map[string]string, to *map[string]string) {
		if len(t) > 0 {
			*to = maps.Clone(t)
			set = append(set, name)
		}
	}
	text("say", a.Say, &v.Say)
	put("hold", a.Hold, &v.Hold)
	text("reject", a.Reject, &v.Reject)
	return set
}
