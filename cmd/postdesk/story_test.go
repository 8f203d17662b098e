//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The words of a story beside those of testscript:
//
//	simulate [--until TIME] MAIL...   postdesk simulate --json over the vendor's policy and world; what it prints is asked below
//	want EVENT FACT...                some line is that event and has all the facts
//	never EVENT FACT...               none is
//	count N EVENT FACT...             exactly N are
//	ticket N FACT...                  how ticket N stands in the end
//	balance ACCOUNT N                 what the account holds in the end
//	answer FILE FACT...               makes FILE an answer to the last mail sent that has the facts: fills {{reply_to}}, {{message_id}},
//	                                  {{references}}, {{subject}}, {{quote}} and {{envelope_from}}; {{REPLY_TO}} in capitals
//	grows FILE                        what was printed only adds lines to what FILE holds, the summary aside
//
// A fact is key=text, key!=text, key~pattern or key!~pattern. A key may lead into objects and lists: clocks.first_response.due,
// references.0. A list has what one of its elements has; what is left out is the empty text. White space counts as one space, since
// mails are wrapped.

// A line is one event as simulate printed it.
type line map[string]any

// A fact is something asked of a line.
type fact struct {
	key    []string
	not    bool
	text   string         // to be equal to
	match  *regexp.Regexp // or to be found; nil for equality
	spoken string         // as written
}

var factForm = regexp.MustCompile(`(?s)^([a-z_][a-z_.0-9:-]*)(!?)([=~])(.*)$`)

func parseFact(s string) (fact, error) {
	m := factForm.FindStringSubmatch(s)
	if m == nil {
		return fact{}, fmt.Errorf("%q is no fact: want key=text, key!=text, key~pattern or key!~pattern", s)
	}
	f := fact{key: strings.Split(m[1], "."), not: m[2] == "!", text: m[4], spoken: s}
	if m[3] == "~" {
		var err error
		if f.match, err = regexp.Compile(m[4]); err != nil {
			return fact{}, err
		}
	}
	return f, nil
}

// holds tells whether a line has the fact.
func (f fact) holds(l line) bool {
	return f.found(lookUp(map[string]any(l), f.key)) != f.not
}

func (f fact) found(v any) bool {
	if list, ok := v.([]any); ok && len(list) > 0 {
		return slices.ContainsFunc(list, f.found)
	}
	s := strings.Join(strings.Fields(spell(v)), " ")
	if f.match != nil {
		return f.match.MatchString(s)
	}
	return s == f.text
}

// lookUp follows a key into objects and lists; nil where it leads nowhere.
func lookUp(v any, key []string) any {
	for i, k := range key {
		switch in := v.(type) {
		case map[string]any:
			if whole, ok := in[strings.Join(key[i:], ".")]; ok {
				return whole
			}
			v = in[k]
		case []any:
			n, err := strconv.Atoi(k)
			if err != nil || n < 0 || n >= len(in) {
				return nil
			}
			v = in[n]
		default:
			return nil
		}
	}
	return v
}

// spell is a value as a story writes it.
func spell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case []any:
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// parseLines reads what simulate printed.
func parseLines(out string) ([]line, error) {
	var all []line
	dec := json.NewDecoder(strings.NewReader(out))
	dec.UseNumber()
	for dec.More() {
		var l line
		if err := dec.Decode(&l); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// A question is an event and its facts.
type question struct {
	event string
	facts []fact
}

func parseQuestion(ts *testscript.TestScript, args []string) question {
	if len(args) == 0 {
		ts.Fatalf("want an event, such as sent, and facts")
	}
	q := question{event: args[0]}
	for _, a := range args[1:] {
		f, err := parseFact(a)
		ts.Check(err)
		q.facts = append(q.facts, f)
	}
	return q
}

func (q question) answers(l line) bool {
	return l["event"] == q.event && !slices.ContainsFunc(q.facts, func(f fact) bool { return !f.holds(l) })
}

// filter gives the lines that answer a question.
func (q question) filter(lines []line) []line {
	return slices.DeleteFunc(slices.Clone(lines), func(l line) bool { return !q.answers(l) })
}

// printedFile holds what the last simulate printed, so that a story may run other commands before it asks.
const printedFile = "printed.jsonl"

// printed are the lines that the last simulate printed.
func printed(ts *testscript.TestScript) []line {
	lines, err := parseLines(ts.ReadFile(printedFile))
	ts.Check(err)
	if len(lines) == 0 {
		ts.Fatalf("nothing was printed to ask about")
	}
	return lines
}

// show logs the lines of an event, for whoever has to see why a story fails.
func show(ts *testscript.TestScript, lines []line, event string) {
	for _, l := range lines {
		if l["event"] == event {
			b, err := json.Marshal(l)
			ts.Check(err)
			ts.Logf("%s", b)
		}
	}
}

func cmdSimulate(ts *testscript.TestScript, neg bool, args []string) {
	all := append([]string{"simulate", "--json", "--policy", ts.Getenv("POLICY"), "--world", ts.Getenv("WORLD")}, args...)
	if err := ts.Exec("postdesk", all...); (err != nil) != neg {
		ts.Fatalf("postdesk simulate: %v", err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(printedFile), []byte(ts.ReadFile("stdout")), 0o644))
}

func cmdWant(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("write never instead of ! want")
	}
	q, lines := parseQuestion(ts, args), printed(ts)
	if len(q.filter(lines)) == 0 {
		show(ts, lines, q.event)
		ts.Fatalf("no line is: %s", strings.Join(args, " "))
	}
}

func cmdNever(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("write want instead of ! never")
	}
	if found := parseQuestion(ts, args).filter(printed(ts)); len(found) > 0 {
		show(ts, found, args[0])
		ts.Fatalf("%d lines are: %s", len(found), strings.Join(args, " "))
	}
}

func cmdCount(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: count N EVENT FACT...")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	lines := printed(ts)
	if found := parseQuestion(ts, args[1:]).filter(lines); len(found) != n {
		show(ts, lines, args[1])
		ts.Fatalf("%d lines, want %d: %s", len(found), n, strings.Join(args[1:], " "))
	}
}

func cmdTicket(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: ticket N FACT...")
	}
	states := question{"ticket", []fact{{key: []string{"ticket"}, text: args[0]}}}.filter(printed(ts))
	if len(states) == 0 {
		ts.Fatalf("there is no ticket %s", args[0])
	}
	last := states[len(states)-1]
	for _, f := range parseQuestion(ts, append([]string{"ticket"}, args[1:]...)).facts {
		if !f.holds(last) {
			show(ts, states, "ticket")
			ts.Fatalf("ticket %s in the end is not: %s", args[0], f.spoken)
		}
	}
}

func cmdBalance(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: balance ACCOUNT N")
	}
	got := "0"
	for _, l := range printed(ts) {
		if l["event"] == "posted" && l["account"] == args[0] {
			got = spell(l["balance"])
		}
	}
	if got != args[1] {
		show(ts, printed(ts), "posted")
		ts.Fatalf("%s holds %s in the end, want %s", args[0], got, args[1])
	}
}

var blank = regexp.MustCompile(`\{\{[A-Za-z_]+\}\}`)

func cmdAnswer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: answer FILE FACT...")
	}
	lines := printed(ts)
	found := parseQuestion(ts, append([]string{"sent"}, args[1:]...)).filter(lines)
	if len(found) == 0 {
		show(ts, lines, "sent")
		ts.Fatalf("no mail was sent that is: %s", strings.Join(args[1:], " "))
	}
	sent := found[len(found)-1]
	references := ""
	if list, ok := sent["references"].([]any); ok {
		for _, id := range list {
			references += "<" + spell(id) + "> "
		}
	}
	fill := map[string]string{
		"{{reply_to}}": spell(sent["reply_to"]), "{{message_id}}": spell(sent["message_id"]), "{{subject}}": spell(sent["subject"]),
		"{{envelope_from}}": spell(sent["envelope_from"]),
		"{{references}}":    references + "<" + spell(sent["message_id"]) + ">",
		"{{quote}}":         "> " + strings.ReplaceAll(strings.TrimRight(spell(sent["text"]), "\n"), "\n", "\n> "),
	}
	mail := ts.ReadFile(args[0])
	if !blank.MatchString(mail) {
		ts.Fatalf("%s has nothing to fill in, such as {{reply_to}}", args[0])
	}
	mail = blank.ReplaceAllStringFunc(mail, func(s string) string {
		with, ok := fill[strings.ToLower(s)]
		switch {
		case !ok:
			ts.Fatalf("%s: nothing fills %s", args[0], s)
		case s == strings.ToUpper(s):
			return strings.ToUpper(with)
		}
		return with
	})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(mail), 0o644))
}

func cmdGrows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: grows FILE")
	}
	before, _, _ := strings.Cut(ts.ReadFile(args[0]), `{"event":"summary"`)
	if before == "" || !strings.HasPrefix(ts.ReadFile(printedFile), before) {
		ts.Fatalf("more mails have changed lines of %s, rather than adding to them", args[0])
	}
}

func TestFacts(t *testing.T) {
	lines, err := parseLines(`{"event":"sent","to":["a@x.example","b@x.example"],"ticket":12,"automatic":true,"text":"one\n two"}
{"event":"ticket","ticket":1,"clocks":{"first_response":{"due":"2026-11-25"}},"why":[]}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, fact string
		line       int
		want       bool
	}{
		{"a number", "ticket=12", 0, true},
		{"another number that begins so", "ticket=1", 0, false},
		{"true", "automatic=true", 0, true},
		{"one of a list", "to=b@x.example", 0, true},
		{"none of a list", "to=c@x.example", 0, false},
		{"not one of a list that has it", "to!=b@x.example", 0, false},
		{"an element of a list", "to.0=b@x.example", 0, false},
		{"a pattern over lines that were wrapped", "text~one two$", 0, true},
		{"a pattern that is not there", "text!~three", 0, true},
		{"into an object", "clocks.first_response.due=2026-11-25", 1, true},
		{"nothing there", "clocks.resolution.due=", 1, true},
		{"an empty list", "why=", 1, true},
		{"nothing there is no text", "text~.", 1, false},
	} {
		f, err := parseFact(tt.fact)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.holds(lines[tt.line]); got != tt.want {
			t.Errorf("%s: %s: got %v", tt.name, tt.fact, got)
		}
	}
	if _, err := parseFact("just words"); err == nil {
		t.Error("words that are no fact were taken for one")
	}
}
