package desk

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/rules"
)

const retimePolicy = `
desk: {name: Desk, domain: desk.example, zone: Europe/Berlin, calendar: office, class: question}
mailboxes:
  support: {address: support@desk.example}
  night: {address: night@desk.example, calendar: always}
calendars:
  office: {week: {mon-fri: ["09:00-18:00"]}}
  always: {week: {mon-sun: ["00:00-24:00"]}}
queues: {requests: {}}
staff: {dana: {name: Dana, address: dana@staff.example, roles: [dispatcher, engineer]}}
classes:
  question: {billing: free}
  outage: {billing: free, clocks: {resolution: {target: 8 working hours, priority: {urgent: 2 working hours}}}}
  agreed: {billing: free, clocks: {resolution: none}}
clocks:
  first_response: {target: 1 working day, priority: {urgent: 1 working hour}}
  resolution:
    target: 3 working days
    escalate: [{at: 100%, to: dispatchers}, {after: 1 working hour, to: dana}]
rules:
  - {name: by hand, when: true, set: {clocks: {resolution: 30m}}}
`

// TestR4Retime changes what a ticket's clocks follow from. Each step is a moment of March 2026 in Berlin and what happens then.
func TestR4Retime(t *testing.T) {
	p, err := policy.Parse("policy.yaml", []byte(retimePolicy), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		steps []string
		want  string // clock, state and due, in the order of the policy
	}{
		{"as it begins", []string{"Tue 3 15:00 open"}, "first_response running Wed 4 15:00, resolution running Fri 6 15:00"},
		{"another class, from the same start", []string{"Tue 3 15:00 open", "Wed 4 11:00 class outage"}, "first_response running Wed 4 15:00, resolution running Wed 4 14:00"},
		{"another priority, from the same start", []string{"Tue 3 15:00 open", "Tue 3 15:30 priority urgent"}, "first_response running Tue 3 16:00, resolution running Fri 6 15:00"},
		{"both", []string{"Tue 3 15:00 open", "Tue 3 15:30 priority urgent", "Tue 3 15:40 class outage"}, "first_response running Tue 3 16:00, resolution running Tue 3 17:00"},
		{"another calendar, from the same start", []string{"Tue 3 15:00 open", "Tue 3 19:00 class outage", "Tue 3 19:00 mailbox night"}, "first_response running Wed 4 15:00, resolution running Tue 3 23:00"},
		{"pauses stay", []string{"Tue 3 15:00 open", "Tue 3 16:00 waiting", "Wed 4 10:00 open", "Wed 4 11:00 class outage"}, "first_response running Wed 4 18:00, resolution running Wed 4 17:00"},
		{"changed in a pause", []string{"Tue 3 15:00 open", "Tue 3 16:00 waiting", "Tue 3 17:00 class outage", "Wed 4 10:00 open"}, "first_response running Wed 4 18:00, resolution running Wed 4 17:00"},
		{"there and back", []string{"Tue 3 15:00 open", "Wed 4 11:00 class outage", "Wed 4 12:00 class question"}, "first_response running Wed 4 15:00, resolution running Fri 6 15:00"},
		{"to a class without that clock", []string{"Tue 3 15:00 open", "Wed 4 11:00 class agreed"}, "first_response running Wed 4 15:00"},
		{"and back, with its pauses", []string{"Tue 3 15:00 open", "Tue 3 16:00 waiting", "Wed 4 10:00 open", "Wed 4 11:00 class agreed", "Wed 4 12:00 class outage"},
			"first_response running Wed 4 18:00, resolution running Wed 4 17:00"},
		{"what was met stays met", []string{"Tue 3 15:00 open", "Wed 4 14:00 answer", "Wed 4 14:30 priority urgent"}, "first_response met Wed 4 15:00, resolution running Fri 6 15:00"},
		{"what was met too late stays so", []string{"Tue 3 15:00 open", "Wed 4 16:00 answer", "Wed 4 16:30 class outage"}, "first_response breached Wed 4 15:00, resolution running Wed 4 14:00"},
		{"breached by the old terms, running by the new", []string{"Tue 3 15:00 open", "Tue 3 15:00 class outage", "Wed 4 14:00:01 tick", "Wed 4 14:10 class question"},
			"first_response running Wed 4 15:00, resolution running Fri 6 15:00"},
		{"running by the old terms, breached by the new", []string{"Tue 3 15:00 open", "Wed 4 14:10 class outage", "Wed 4 14:10 tick"}, "first_response running Wed 4 15:00, resolution breached Wed 4 14:00"},
		{"a rule's clocks stand above a class's", []string{"Tue 3 15:00 open", "Tue 3 15:00 rule by hand", "Tue 3 15:10 class outage"}, "first_response running Wed 4 15:00, resolution running Tue 3 15:30"},
		{"resolved and opened again as another class", []string{"Tue 3 15:00 open", "Tue 3 16:00 resolved", "Wed 4 10:00 class outage", "Wed 4 11:00 open"},
			"first_response running Thu 5 10:00, resolution running Wed 4 18:00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tk := &Ticket{Number: 1, Class: "question", Priority: "normal", Mailbox: "support", Queue: "requests"}
			var fired []Event
			for _, step := range tt.steps {
				words := strings.SplitN(step, " ", 5)
				at := local(t, strings.Join(words[:3], " "))
				turn := &turn{p: p, now: at, at: at}
				switch words[3] {
				case "open":
					if tk.Registered.IsZero() {
						tk.Registered, tk.Status = at, Open
						turn.startClocks(tk)
						break
					}
					turn.setStatus(tk, Open)
				case "waiting", "resolved":
					turn.setStatus(tk, Status(words[3]))
				case "answer":
					tk.respond(turn.calendar(tk), at)
					turn.recordLate(tk)
				case "class":
					tk.Class = words[4]
					turn.retime(tk)
				case "priority":
					tk.Priority = words[4]
					turn.retime(tk)
				case "mailbox":
					tk.Mailbox = words[4]
					turn.retime(tk)
				case "rule":
					tk.Reasons = append(tk.Reasons, rules.Reason{Rule: words[4]})
					turn.retime(tk)
				case "tick":
					for i := range tk.Clocks {
						if c := &tk.Clocks[i]; c.running() && at.After(c.Due) {
							c.Breached = at
						}
					}
				default:
					t.Fatalf("no step %q", step)
				}
				again := fmt.Sprint(tk.Clocks)
				turn.retime(tk)
				if got := fmt.Sprint(tk.Clocks); got != again && !tk.Status.Done() {
					t.Errorf("after %q, computing anew by the same terms gives\n%s\nand not\n%s", step, got, again)
				}
				fired = append(fired, turn.fired...)
			}
			var got []string
			for i := range tk.Clocks {
				if c := &tk.Clocks[i]; c.State() != "" {
					got = append(got, fmt.Sprintf("%s %s %s", c.Name, c.State(), c.Due.In(berlin).Format("Mon 2 15:04")))
				}
			}
			if got := strings.Join(got, ", "); got != tt.want {
				t.Errorf("got  %s\nwant %s\n%d events", got, tt.want, len(fired))
			}
		})
	}
}

// Steps that were carried out stay so by new terms, unless the new deadline lies later and they lie ahead again.
func TestR4RetimeFiresNoStepTwice(t *testing.T) {
	p, err := policy.Parse("policy.yaml", []byte(retimePolicy), nil)
	if err != nil {
		t.Fatal(err)
	}
	tk := &Ticket{Number: 1, Class: "outage", Priority: "normal", Mailbox: "support", Status: Open, Registered: local(t, "Tue 3 09:00")}
	at := func(s string) *turn { return &turn{p: p, now: local(t, s), at: local(t, s)} }
	at("Tue 3 09:00").startClocks(tk)
	warning := func() *Step { return &tk.clock(policy.Resolution).Steps[0] }
	warning().Fired = local(t, "Tue 3 15:00")

	tk.Priority = "high" // the same target
	at("Tue 3 15:30").retime(tk)
	if warning().Fired.IsZero() {
		t.Error("by the same target the warning comes a second time")
	}
	at("Tue 3 14:30").retime(tk) // the wall clock was put back (T106)
	if warning().Fired.IsZero() {
		t.Error("after the wall clock was put back the warning comes a second time")
	}
	tk.Priority = "urgent" // 2 hours
	at("Tue 3 15:40").retime(tk)
	if warning().Fired.IsZero() {
		t.Error("by a shorter target the warning comes a second time")
	}
	tk.Class = "question" // 3 days
	at("Tue 3 15:50").retime(tk)
	if !warning().Fired.IsZero() {
		t.Error("by a target of three days there is no warning any more")
	}
	if want := local(t, "Thu 5 11:15"); !warning().At.Equal(want) { // three quarters of 27 hours, by Friday 09:00
		t.Errorf("the warning comes at %s, want %s", warning().At.In(berlin).Format("Mon 2 15:04"), want.In(berlin).Format("Mon 2 15:04"))
	}
}
