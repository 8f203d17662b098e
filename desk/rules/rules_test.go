package rules

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// mail is what the cases below are asked about; each changes what it needs.
func mail() Facts {
	return Facts{
		Mail: MailFacts{
			Subject: "Installation of Classifieds", Text: "Please install it on our server.",
			Words: Words("Installation of Classifieds", "Please install it on our server."),
			From:  "anna@acme.example", Domain: "acme.example", To: []string{"support@desk.example", "max@acme.example"},
			Mailbox: "support", Kind: "human", Language: "en", Level: "A1", Attachments: []string{"error.log"}, Size: 20_000,
		},
		Customer:    CustomerFacts{Known: true, ID: "acme", Credits: 5},
		Entitlement: EntitlementFacts{FreeWindow: []string{"classifieds"}, Products: []string{"classifieds", "bookings"}},
		Time:        TimeFacts{At: time.Date(2026, 11, 24, 15, 30, 0, 0, time.FixedZone("", 3600)), Open: true},
	}
}

func compile(t *testing.T, rs ...Rule) *Set {
	t.Helper()
	set, mistakes := Compile(rs)
	if len(mistakes) > 0 {
		t.Fatalf("Compile: %+v", mistakes)
	}
	return set
}

func TestConditions(t *testing.T) {
	for _, tt := range []struct {
		name, when string
		want       bool
	}{
		{"a word in the mail", `mail.words contains "install"`, true},
		{"a word in the subject, whatever its case", `mail.words contains "installation of"`, true},
		{"a word that is not there", `mail.words contains "refund"`, false},
		{"one word of a list", `any(["refund", "server"], mail.words contains #)`, true},
		{"a pattern", "mail.words matches `\\binstall(ation)?\\b`", true},
		{"a pattern that tells capitals apart", `mail.subject matches "classifieds"`, false},
		{"a pattern that does not", `mail.subject matches "(?i)classifieds"`, true},
		{"the sender's domain", `mail.domain == "acme.example"`, true},
		{"one of several domains", `mail.domain in ["cust.example", "acme.example"]`, true},
		{"none of several domains", `mail.domain not in ["cust.example", "acme.example"]`, false},
		{"a recipient", `"max@acme.example" in mail.to`, true},
		{"a recipient by domain", `any(mail.to, # endsWith "@acme.example")`, true},
		{"how many recipients", `len(mail.to) >= 2 and count(mail.to, # endsWith "@acme.example") == 1`, true},
		{"the first recipient", `mail.to[0] == "support@desk.example"`, true},
		{"an attached log", `any(mail.attachments, lower(#) endsWith ".log")`, true},
		{"a pattern for elements", `any(mail.attachments, # matches "^err") and any(mail.to, lower(#) matches "^max@")`, true},
		{"no attachment of a kind", `none(mail.attachments, # endsWith ".png")`, true},
		{"a large mail", `mail.size > 10 * 1024`, true},
		{"working hours as a range", `time.hour in 9..17`, true},
		{"beyond the range", `time.hour in 9..14`, false},
		{"a weekday", `time.weekday in ["sat", "sun"]`, false},
		{"before a date", `time.date < "2026-12-24"`, true},
		{"a customer without credits", `customer.known and customer.credits == 0`, false},
		{"the free window of a product", `"classifieds" in entitlement.free_window`, true},
		{"by case", `customer.known ? customer.credits > 3 : false`, true},
		{"always", `true`, true},
		{"a chain of comparisons", `1 < customer.credits < 9`, true},
		{"on several lines, with a remark", "mail.kind == \"human\" // people only\n  and not (mail.level == \"X\")", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := compile(t, Rule{Name: "r", When: tt.when, Set: Actions{Class: "c"}}).Judge(mail())
			if got := v.Class == "c"; got != tt.want {
				t.Errorf("%s: got %v, want %v (%+v)", tt.when, got, tt.want, v.Reasons)
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	yes, no := "true", "false"
	for _, tt := range []struct {
		name  string
		rules []Rule
		want  Verdict
	}{
		{"no rule fires", []Rule{{Name: "a", When: no, Set: Actions{Class: "c"}}}, Verdict{}},
		{"everything that can be set", []Rule{{Name: "a", When: yes, Set: Actions{
			Class: "c", Queue: "q", Priority: "high", Product: "p", Assign: "eve", Billing: "free", Estimate: &Range{1, 2},
			Tags: []string{"x", "y"}, Language: "de", Hold: "look first"}}},
			Verdict{Class: "c", Queue: "q", Priority: "high", Product: "p", Assignee: "eve", Billing: "free", Estimate: &Range{1, 2},
				Tags: []string{"x", "y"}, Language: "de", Hold: "look first",
				Reasons: []Reason{{Rule: "a", Set: []string{"class=c", "queue=q", "priority=high", "product=p", "assign=eve", "billing=free",
					"estimate=1-2", "tag=x", "tag=y", "language=de", "hold=look first"}}}}},
		{"one of several people, instead of a person", []Rule{
			{Name: "a", When: yes, Set: Actions{Assign: "eve"}}, {Name: "b", When: yes, Set: Actions{Among: &Among{Staff: []string{"eve", "max"}, Skills: []string{"php"}, By: "turn"}}}},
			Verdict{Among: &Among{Staff: []string{"eve", "max"}, Skills: []string{"php"}, By: "turn"}, Reasons: []Reason{
				{Rule: "a", Set: []string{"assign=eve"}}, {Rule: "b", Set: []string{"assign=one of eve, max with php is next"}}}}},
		{"a person, instead of one of several", []Rule{
			{Name: "a", When: yes, Set: Actions{Among: &Among{By: "load"}}}, {Name: "b", When: yes, Set: Actions{Assign: "eve"}}},
			Verdict{Assignee: "eve", Reasons: []Reason{{Rule: "a", Set: []string{"assign=whoever has the least to do"}}, {Rule: "b", Set: []string{"assign=eve"}}}}},
		{"what a customer reads, what he is asked for, and how soon", []Rule{{Name: "a", When: yes, Set: Actions{
			Clocks: []string{"first_response 4 working hours"}, Details: []string{"log"}, Template: "way_in", Say: map[string]string{"en": "x"}, Reject: map[string]string{"en": "y"}, Rate: "urgent"}}},
			Verdict{ClocksBy: "a", Details: []string{"log"}, Template: "way_in", Say: map[string]string{"en": "x"}, Reject: map[string]string{"en": "y"}, Rate: "urgent",
				Reasons: []Reason{{Rule: "a", Set: []string{"rate=urgent", "clock=first_response 4 working hours", "detail=log", "template=way_in", "say", "reject"}}}}},
		{"the last one wins, and what it leaves out stays", []Rule{
			{Name: "a", When: yes, Set: Actions{Class: "c", Queue: "q"}}, {Name: "b", When: yes, Set: Actions{Class: "d"}}},
			Verdict{Class: "d", Queue: "q", Reasons: []Reason{{Rule: "a", Set: []string{"class=c", "queue=q"}}, {Rule: "b", Set: []string{"class=d"}}}}},
		{"a later rule sees what an earlier one set", []Rule{
			{Name: "a", When: yes, Set: Actions{Class: "c", Tags: []string{"x"}}},
			{Name: "b", When: `ticket.class == "c" and "x" in ticket.tags`, Set: Actions{Priority: "high"}}},
			Verdict{Class: "c", Priority: "high", Tags: []string{"x"},
				Reasons: []Reason{{Rule: "a", Set: []string{"class=c", "tag=x"}}, {Rule: "b", Because: []string{`ticket.class is "c"`, "ticket.tags is x"}, Set: []string{"priority=high"}}}}},
		{"an earlier rule does not see what a later one sets", []Rule{
			{Name: "b", When: `ticket.class == "c"`, Set: Actions{Priority: "high"}}, {Name: "a", When: yes, Set: Actions{Class: "c"}}},
			Verdict{Class: "c", Reasons: []Reason{{Rule: "a", Set: []string{"class=c"}}}}},
		{"tags add up, each once", []Rule{
			{Name: "a", When: yes, Set: Actions{Tags: []string{"x"}}}, {Name: "b", When: yes, Set: Actions{Tags: []string{"x", "y"}}}},
			Verdict{Tags: []string{"x", "y"}, Reasons: []Reason{{Rule: "a", Set: []string{"tag=x"}}, {Rule: "b", Set: []string{"tag=x", "tag=y"}}}}},
		{"nothing is asked after a last rule that fires", []Rule{
			{Name: "a", When: yes, Set: Actions{Class: "c"}, Last: true}, {Name: "b", When: yes, Set: Actions{Class: "d"}}},
			Verdict{Class: "c", Reasons: []Reason{{Rule: "a", Set: []string{"class=c"}}}}},
		{"a last rule that does not fire stops nothing", []Rule{
			{Name: "a", When: no, Set: Actions{Class: "c"}, Last: true}, {Name: "b", When: yes, Set: Actions{Class: "d"}}},
			Verdict{Class: "d", Reasons: []Reason{{Rule: "b", Set: []string{"class=d"}}}}},
		{"a condition that cannot be judged does not fire, and says so", []Rule{
			{Name: "a", When: `mail.to[7] == "x@desk.example"`, Set: Actions{Class: "c"}}, {Name: "b", When: yes, Set: Actions{Queue: "q"}}},
			Verdict{Queue: "q", Reasons: []Reason{{Rule: "a", Failed: "index out of range: 7 (array length is 2)"}, {Rule: "b", Set: []string{"queue=q"}}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := compile(t, tt.rules...).Judge(mail()); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// A ticket tells over which facts its rules decided.
func TestBecause(t *testing.T) {
	for _, tt := range []struct{ name, when, want string }{
		{"a word that was found", `mail.words contains "install"`, `mail.words has "install"`},
		{"the words of a list that were found", `any(["refund", "server", "install"], mail.words contains #)`, `mail.words has "server", "install"`},
		{"what a pattern found", "mail.words matches `inst\\w+ of`", `mail.words has "installation of"`},
		{"of several searches those that found something", `mail.words contains "refund" or mail.subject startsWith "Inst"`, `mail.subject has "Inst"`},
		{"a search that must not find anything", `not (mail.words contains "refund")`, ``},
		{"what a fact was", `mail.mailbox == "support" and customer.credits > 3`, `mail.mailbox is "support"; customer.credits is 5`},
		{"a list, a truth, and nothing", `"classifieds" in entitlement.products and time.open and ticket.class == ""`,
			`entitlement.products is classifieds, bookings; time.open is true; ticket.class is nothing`},
		{"a function around a fact", `lower(mail.subject) contains "classifieds"`, ``},
		{"elements of a list", `any(mail.to, # endsWith "@acme.example")`, `mail.to is support@desk.example, max@acme.example`},
		{"always", `true`, ``},
	} {
		v := compile(t, Rule{Name: "r", When: tt.when, Set: Actions{Class: "c"}}).Judge(mail())
		if len(v.Reasons) != 1 {
			t.Fatalf("%s: it did not fire", tt.name)
		}
		if got := strings.Join(v.Reasons[0].Because, "; "); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	// A stranger chooses the words: what is told of them stays short, and on one line.
	f := mail()
	f.Mail.Words = "x" + strings.Repeat("a\n", 5000)
	v := compile(t, Rule{Name: "r", When: "mail.words matches `(?s)x.*`", Set: Actions{Class: "c"}}).Judge(f)
	if got := v.Reasons[0].Because[0]; len(got) > 200 || strings.Contains(got, "\n") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}

func TestNilSetDecidesNothing(t *testing.T) {
	if got := (*Set)(nil).Judge(mail()); !reflect.DeepEqual(got, Verdict{}) {
		t.Errorf("got %+v, want an empty verdict", got)
	}
}

// Judge is asked by several goroutines over facts that share memory: it may write to none of it.
func TestJudgeLeavesFactsAlone(t *testing.T) {
	set := compile(t, Rule{Name: "a", When: "true", Set: Actions{Class: "c", Tags: []string{"new"}, Estimate: &Range{1, 2}}})
	f := mail()
	f.Ticket.Tags = append(make([]string, 0, 8), "old")
	v := set.Judge(f)
	v.Estimate.Max = 99
	if spare := f.Ticket.Tags[:2][1]; spare != "" || f.Ticket.Class != "" {
		t.Errorf("the caller's facts were changed: %q %q", spare, f.Ticket.Class)
	}
	if again := set.Judge(f); again.Estimate.Max != 2 {
		t.Errorf("a verdict that was changed changed the rule: %v", again.Estimate)
	}
}

func TestSameFactsSameVerdict(t *testing.T) {
	rs := manyRules()
	first := fmt.Sprintf("%+v", compile(t, rs...).Judge(mail()).Reasons)
	for range 20 {
		if again := fmt.Sprintf("%+v", compile(t, rs...).Judge(mail()).Reasons); again != first {
			t.Fatalf("got  %s\nwant %s", again, first)
		}
	}
}

func TestMistakes(t *testing.T) {
	groups := `a fact of customer, entitlement, mail, ticket, time, or a text in quotes`
	oneKind := `values of one kind, compared by an operator made for them`
	functions := `one of the functions all, any, count, len, lower, none, one, trim, upper`
	for _, tt := range []struct {
		name, when string
		want       string // line:column: found / want, one a line
	}{
		{"nothing", " ", `1:1: nothing / a condition such as mail.words contains "install", or true`},
		{"too long", strings.Repeat(" ", 5000), `1:1: a condition of 5000 bytes / at most 4096`},
		{"too many parts", "true" + strings.Repeat(" or true", 300), `1:2006: a condition with too many parts / several rules, each with a part of it`},
		{"bytes that are no text", "mail.words contains '\xff'", `1:1: bytes that are not UTF-8 / text`},
		{"one = to compare", `mail.kind = "human"`, `1:11: "=" / == to compare`},
		{"one & for and", `true & true`, `1:6: "&" / and, or`},
		{"a quote left open", `mail.words contains "install`, `1:29: a text that does not end / a closing quote`},
		{"a bracket left open", `(true`, `1:5: the end of the condition / what is compared, or a closing bracket`},
		{"two conditions side by side", `true false`, `1:6: "false" / an operator such as ==, contains, and, or the end`},
		{"a group that does not exist", `message.text == "x"`, `1:1: message / ` + groups},
		{"a fact without its group", `subject == "x"`, `1:1: subject / mail.subject`},
		{"a fact that does not exist", `customer.balance > 3`, `1:1: customer.balance / one of customer.known, customer.id, customer.name, customer.language, customer.market, customer.credits`},
		{"a text without quotes", `ticket.class == installation`, `1:17: installation / ` + groups},
		{"a whole group", `ticket == "x"`, `1:1: ticket / one of its facts: ticket.class, ticket.queue, ticket.priority, ticket.product, ticket.tags, ticket.billing`},
		{"a function without its brackets", `len > 3`, `1:1: len / len(LIST)`},
		{"a part of a text", `mail.subject.size > 3`, `1:14: .size / a fact, which has no parts of its own`},
		{"text beside number", `mail.size == "large"`, `1:11: invalid operation: == (mismatched types number and text) / ` + oneKind},
		{"an operator for texts on a list", `mail.to contains "x"`, `1:9: invalid operation: contains (mismatched types list of texts and text) / ` + oneKind},
		{"no yes or no", `mail.subject`, `1:1: a text / something that is true or false`},
		{"a number as an answer", `mail.size`, `1:1: a number / something that is true or false`},
		{"the clock", `now() > 3`, `1:1: now() / ` + functions},
		{"the clock, by a method", `now().Hour() > 3`, `1:7: .Hour() / ` + functions},
		{"a count of nothing", `count(mail.to) > 1`, `1:1: count() with 1 arguments / count(LIST, # == "x")`},
		{"chance and files are not there at all", `rand() > 3`, `1:1: rand() / ` + functions},
		{"a method of Go's", `mail.subject.String() == "x"`, `1:14: .String() / ` + functions},
		{"a text grown without end", `len(repeat(mail.text, 1000000)) > 3`, `1:5: repeat() / ` + functions},
		{"texts joined", `mail.subject + mail.text == "x"`, `1:6: something to compute with / numbers only, such as 5 * 1024` + "\n" + `1:21: something to compute with / numbers only, such as 5 * 1024`},
		{"a division", `mail.size / 1024 > 5`, `1:11: / / one of == != < > <= >= and or && || in contains startsWith endsWith matches .. + - *`},
		{"a range to walk", `any(1..1000000, # == 3)`, `1:6: a range / a range right of in, such as time.hour in 9..17`},
		{"an instant", `time.at > 3`, `1:1: time.at / one of time.date, time.hour, time.weekday, time.open`},
		{"a list inside of a list", `any(mail.to, any(mail.attachments, # == "x"))`, `1:14: any() inside of another / one list at a time`},
		{"a variable", `let x = mail.text; x == ""`, `1:5: let x / a condition without variables`},
		{"two in a row", `true; false`, `1:1: a sequence of conditions / one condition: join them with and, or`},
		{"a piece of a text", `mail.subject[0:3] == "Re:"`, `1:13: a slice / contains, startsWith, endsWith or matches to look into a text`},
		{"a map", `mail.kind in {"human": 1}`, `1:14: a map / a list such as ["a", "b"]`},
		{"nil", `mail.subject == nil`, `1:17: nil / "" for what is not set: no fact is ever nil`},
		{"the environment", `$env["mail"] == "x"`, `1:1: $env / ` + groups},
		{"an index of an element", `any(mail.to, #index == 1)`, `1:14: #index / # for the element`},
		{"too many arguments", `len(mail.to, mail.text) > 1`, `1:1: len() with 2 arguments / len(LIST)`},
		{"a pattern of a stranger", `mail.words matches mail.subject`, `1:25: a pattern that is not written out / a pattern in quotes`},
		{"a search again and again", `any(mail.to, mail.text matches "x")`, `1:19: a search that is not for the element / # matches, or the search outside of the brackets`},
		{"a pattern that does not read", `mail.words matches "("`, `1:20: a pattern with missing closing ): ( / a pattern of RE2 (https://github.com/google/re2/wiki/Syntax)`},
		{"a pattern of another engine", `mail.words matches "(?<!a)b"`, `1:20: a pattern with invalid named capture: (?<!a)b / a pattern of RE2 (https://github.com/google/re2/wiki/Syntax)`},
		{"a pattern that is slow on long texts", `mail.words matches "(.{100}x){10}"`, `1:20: a pattern that is too large / a smaller one: less repetition`},
		{"a kind of mail that does not exist", `mail.kind == "robot"`, `1:14: mail.kind "robot" / one of human, auto_reply, bounce, list, feedback_report`},
		{"a weekday written out", `time.weekday in ["sat", "sunday"]`, `1:25: time.weekday "sunday" / one of mon, tue, wed, thu, fri, sat, sun`},
		{"a class that the policy lacks", `ticket.class != "instalation"`, `1:17: ticket.class "instalation" / one of installation, other`},
		{"the same from the other side", `"instalation" == ticket.class`, `1:1: ticket.class "instalation" / one of installation, other`},
		{"a product that the policy lacks, in a list", `"erp" in entitlement.products`, `1:1: entitlement.products "erp" / one of classifieds`},
		{"the same by element", `any(entitlement.products, # == "erp")`, `1:32: entitlement.products "erp" / one of classifieds`},
		{"a capital among small letters", `mail.words contains "Install"`, `1:21: "Install" / "install": mail.words is in lower case`},
		{"all at once, on their own lines", "mail.kind == \"robot\"\n  and subject == \"ä\" and\n  now() > 3",
			`1:14: mail.kind "robot" / one of human, auto_reply, bounce, list, feedback_report` + "\n" + `2:7: subject / mail.subject` + "\n" + `3:3: now() / ` + functions},
	} {
		t.Run(tt.name, func(t *testing.T) {
			known := Values{"ticket.class": {"installation", "other"}, "entitlement.products": {"classifieds"}}
			set, mistakes := Compile([]Rule{{Name: "good", When: "true"}, {Name: "bad", When: tt.when}}, known)
			var got []string
			for _, m := range mistakes {
				if m.Rule != "bad" || m.Index != 1 {
					t.Errorf("mistake of rule %q, %d", m.Rule, m.Index)
				}
				got = append(got, fmt.Sprintf("%d:%d: %s / %s", m.Line, m.Column, m.Found, m.Want))
			}
			if strings.Join(got, "\n") != tt.want {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), tt.want)
			}
			if set != nil {
				t.Error("there is a set in spite of the mistake")
			}
		})
	}
}

func TestTooManyRules(t *testing.T) {
	rs := make([]Rule, MaxRules+1)
	for i := range rs {
		rs[i] = Rule{Name: fmt.Sprint(i), When: "true"}
	}
	if _, mistakes := Compile(rs); len(mistakes) != 1 || mistakes[0].Rule != "1000" {
		t.Errorf("got %+v, want one mistake at the first rule too many", mistakes)
	}
}

// A mail as large as they come meets the slowest condition that Compile lets through (G9).
func TestLongMailIsJudgedSoon(t *testing.T) {
	f := mail()
	f.Mail.Text = strings.Repeat("x", 10<<20) + "needle"
	f.Mail.To = slices.Repeat([]string{f.Mail.Text}, 50_000)
	slow := strings.TrimSuffix(strings.Repeat("mail.text matches \"(x+x+)+y\" or ", 5), " or ")
	set := compile(t,
		Rule{Name: "slow", When: slow, Set: Actions{Class: "c"}},
		Rule{Name: "slow on a list", When: `any(mail.to, # matches "(x+x+)+y")`, Set: Actions{Class: "c"}},
		Rule{Name: "beyond", When: `mail.text contains "needle"`, Set: Actions{Class: "c"}})
	start := time.Now()
	v := set.Judge(f)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if len(v.Reasons) != 0 {
		t.Errorf("a rule fired on what lies beyond MaxText: %+v", v.Reasons)
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     int
	}{
		{"a short text stays", "short", 5},
		{"a long one is cut at the limit", strings.Repeat("x", MaxText+1), MaxText},
		{"no letter is broken", strings.Repeat("x", MaxText-1) + "äää", MaxText - 1},
		{"bytes that are no letters are cut too", strings.Repeat("\x80", MaxText+9), MaxText - 4},
	} {
		if got := len(cut(tt.in, MaxText)); got != tt.want {
			t.Errorf("%s: %d bytes, want %d", tt.name, got, tt.want)
		}
	}
}

// The calendar's zone decides which day and hour it is, here half an hour after midnight of a Tuesday.
func TestTimeIsThatOfTheCalendar(t *testing.T) {
	f := mail()
	f.Time.At = time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC).In(time.FixedZone("", 3600))
	v := compile(t, Rule{Name: "r", When: `time.date == "2026-11-24" and time.weekday == "tue" and time.hour == 0`, Set: Actions{Class: "c"}}).Judge(f)
	if v.Class != "c" {
		t.Errorf("the rule did not fire: %+v", v.Reasons)
	}
}

func TestParseRange(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"1-2", "1-2"}, {"3", "3"}, {" 1 - 4 ", "1-4"}, {"2-2", "2"},
		{"", "error"}, {"0", "error"}, {"0-2", "error"}, {"2-1", "error"}, {"-1", "error"}, {"1--2", "error"}, {"+1", "error"},
		{"1-2-3", "error"}, {"1..2", "error"}, {"1.5", "error"}, {"x", "error"}, {"1-999999999", "error"}, {"99999999999999999999", "error"},
	} {
		got, err := ParseRange(tt.in)
		if s := got.String(); err == nil && s != tt.want || (err != nil) != (tt.want == "error") {
			t.Errorf("ParseRange(%q) = %s, %v, want %s", tt.in, s, err, tt.want)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, when := range []string{
		`mail.words contains "install"`, "mail.words matches `a+` and any(mail.to, # == \"x\")", `time.hour in 9..17`, `mail.to[9] == "x"`,
		`not (customer.known ? 1 > 2 : true)`, `len(mail.to) * 2 > 3`, `((((`, `let x = 1; x`, `any(1..9, #)`, `mail?.words ?? ""`, `if true {1} else {2}`,
		`"a" in ticket.tags | any(# == "x")`, `mail.words matches "("`, `-9223372036854775808 == 1`, `{"a": 1}.a == 1`, `one(["a"], # != #)`,
	} {
		f.Add(when, "subject")
	}
	f.Fuzz(func(t *testing.T, when, subject string) {
		set, mistakes := Compile([]Rule{{Name: "r", When: when, Set: Actions{Class: "c"}}})
		if (set == nil) != (len(mistakes) > 0) {
			t.Fatalf("%q: a set and mistakes %v", when, mistakes)
		}
		for _, m := range mistakes {
			if m.Line < 1 || m.Column < 1 || m.Line > strings.Count(when, "\n")+1 || m.Found == "" || m.Want == "" {
				t.Errorf("%q: %+v", when, m)
			}
		}
		facts := mail()
		facts.Mail.Subject, facts.Mail.Words = subject, Words(subject, "")
		first, second := set.Judge(facts), set.Judge(facts)
		if !reflect.DeepEqual(first, second) {
			t.Errorf("%q: %+v, then %+v", when, first, second)
		}
	})
}

// manyRules are 200 as a grown policy has them: most look for words, some for a pattern.
func manyRules() []Rule {
	var rs []Rule
	for i := range 200 {
		r := Rule{Name: fmt.Sprint("rule ", i), When: fmt.Sprintf(`mail.kind == "human" and any(["word%d", "wort%d", "server"], mail.words contains #)`, i, i)}
		if i%10 == 0 {
			r.When = fmt.Sprintf("mail.words matches `\\binvoice %d\\b` or \"classifieds\" in entitlement.products and ticket.class == \"\"", i)
		}
		r.Set = Actions{Class: fmt.Sprint("c", i)}
		rs = append(rs, r)
	}
	return rs
}

// BenchmarkJudge200 tells what 200 rules cost a mail of 2 KB: in milliseconds, and in passes that only look for one word in the same
// text 200 times, which is the least that such rules could cost.
func BenchmarkJudge200(b *testing.B) {
	set, mistakes := Compile(manyRules())
	if mistakes != nil {
		b.Fatal(mistakes)
	}
	f := mail()
	f.Mail.Text = strings.Repeat("The page stays white after the update, see the log below. ", 35) // 2 KB
	f.Mail.Words = Words(f.Mail.Subject, f.Mail.Text)
	const passes = 200
	start := time.Now()
	found := 0
	for range passes {
		for range 200 {
			if strings.Contains(f.Mail.Words, "wort 77 that is not there") {
				found++
			}
		}
	}
	yardstick := time.Since(start) / passes
	if found > 0 {
		b.Fatal("the yardstick found its word")
	}
	b.ReportAllocs()
	for b.Loop() {
		set.Judge(f)
	}
	perMail := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(float64(perMail)/float64(time.Millisecond), "ms/mail")
	b.ReportMetric(float64(perMail)/float64(yardstick), "yardsticks")
}
