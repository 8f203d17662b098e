package policy

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
)

var update = flag.Bool("update", false, "rewrite the .want files")

// good is the least policy, cut into its sections.
func good(t testing.TB) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return sections(string(data))
}

var sectionKey = regexp.MustCompile(`(?m)^[a-z_]+:`)

func sections(s string) map[string]string {
	all := map[string]string{}
	starts := sectionKey.FindAllStringIndex(s, -1)
	for i, at := range starts {
		end := len(s)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		all[s[at[0]:at[1]]] = s[at[0]:end]
	}
	return all
}

var order = []string{"desk:", "mailboxes:", "calendars:", "queues:", "staff:", "classes:"}

// completed puts the sections of the good policy below those that stand in s, so that the lines of s stay what they are.
func completed(t testing.TB, s string) string {
	base, own := good(t), sections(s)
	for _, key := range order {
		if _, ok := own[key]; !ok {
			s += base[key]
		}
	}
	return s
}

func parse(t testing.TB, s string) *Policy {
	t.Helper()
	p, err := Parse("policy.yaml", []byte(completed(t, s)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func lookup(name string) ([]byte, error) {
	switch {
	case name == "env:SECRET":
		return []byte("hunter2"), nil
	case strings.HasSuffix(name, ".ics"):
		return os.ReadFile(filepath.Join("testdata/mistakes", filepath.Base(name)))
	}
	if strings.HasPrefix(name, "include/") {
		return os.ReadFile(filepath.Join("testdata", name))
	}
	return nil, os.ErrNotExist
}

// Every file in testdata/mistakes holds sections of a policy with something wrong in them, and beside it stands what is said of it.
func TestMistakes(t *testing.T) {
	names, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(names) < 110 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			source := string(data)
			if whole, ok := strings.CutPrefix(source, "# whole\n"); ok {
				source = whole
			} else {
				source = completed(t, source)
			}
			p, err := Parse("policy.yaml", []byte(source), lookup)
			var mistakes *Mistakes
			if !errors.As(err, &mistakes) || p != nil {
				t.Fatalf("got %v, %v, want mistakes and no policy", p, err)
			}
			golden(t, strings.TrimSuffix(name, ".yaml")+".want", err.Error()+"\n")
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret is shown: %v", err)
			}
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\ngot\n%swant\n%s", file, got, want)
	}
}

// What a file leaves out is what "Exact meanings" of MISSION.md says.
func TestDefaults(t *testing.T) {
	p := parse(t, `
classes:
  installation: {billing: credits, estimate: 1-2, clocks: {resolution: 5 working days}}
credits: {how_to_buy: Ask us.}
clocks: {first_response: 1 working day}
products: {classifieds: }
mailboxes:
  support:
    address: Support@Desk.Example
    trusted: {server: mx.desk.example}
    imap: {host: mx.desk.example, username: support, password: secret}
    smtp: {host: mx.desk.example, tls: starttls}
`)
	class, box, who := p.Classes[0], p.Mailboxes[0], p.Staff[0]
	for _, tt := range []struct {
		what      string
		got, want any
	}{
		{"minutes a credit", p.Credits.Rate.Minutes, 30},
		{"least credits an incident", p.Credits.Rate.Minimum, int64(1)},
		{"credits that a mail may confirm", p.Credits.ConfirmLimit, int64(4)},
		{"days of the free window", p.FreeWindow, FreeWindow{Days: 30}},
		{"a ticket's life", p.Life, Life{CloseResolved: 5, ReopenDays: 14, RemindAwaiting: 2, CloseAwaiting: 10}},
		{"the desk's language", p.Desk.Language, "en"},
		{"the only calendar", p.Desk.Calendar, "office"},
		{"the only class", p.Desk.DefaultClass, "installation"},
		{"the only queue", box.Queue, "requests"},
		{"the only own domain", strings.Join(p.OwnDomains(), " "), "desk.example"},
		{"a zone of a calendar", p.Calendars["office"].Zone.String(), "Europe/Berlin"},
		{"an address as it is written", box.Address, "support@desk.example"},
		{"names of a trusted server", strings.Join(box.Hosts, " "), "mx.desk.example"},
		{"an acknowledgement to the unverified", box.AcknowledgeUnverified, true},
		{"how a mailbox is polled", *box.IMAP, IMAP{Host: "mx.desk.example", Port: 993, TLS: "implicit", Username: "support", Password: "secret", Folder: "INBOX", Every: 5 * time.Minute}},
		{"where mail is sent", *box.SMTP, SMTP{Host: "mx.desk.example", Port: 587, TLS: "starttls", Parallel: 1}},
		{"a class's priority", class.Priority, "normal"},
		{"a class and the free window", class.FreeWindow, false},
		{"a title", class.Title.In("pl"), "installation"},
		{"a product's title", p.Products[0].Title.In("en"), "classifieds"},
		{"when to warn", fmt.Sprint(class.Clocks[Resolution].Steps), "[75%]"},
		{"a class's clock", class.Clocks[Resolution].For("urgent").String(), "5 working days"},
		{"the clocks of classes that name none", p.Clocks[FirstResponse].Target.String(), "1 working day"},
		{"a clock while the desk waits for the customer", p.Clocks[FirstResponse].RunsOn, false},
		{"a person's language", who.Language, "en"},
		{"a person's zone", who.Zone.String(), "Europe/Berlin"},
		{"dispatchers are all with the role", strings.Join(p.Queues[0].Dispatchers, " "), "dana"},
		{"no keys, so everybody's", string(p.Tokens.Keys[0].Secret), simulationKey},
		{"and it is known that they are", p.TokensSet, false},
		{"nothing is missing", len(p.Unset), 0},
	} {
		if !reflect.DeepEqual(tt.got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.what, tt.got, tt.want)
		}
	}
	if s := parse(t, "").Staff; !s[0].Has(Dispatcher) || s[0].Has(Moderator) {
		t.Errorf("roles %v", s[0].Roles)
	}
}

func TestLookUps(t *testing.T) {
	p := parse(t, `
desk: {name: Desk, domain: desk.example, zone: UTC, calendar: office, class: question, own_domains: [shop.example]}
mailboxes:
  support: {address: support@desk.example, aliases: [help@desk.example], queue: requests}
  sales: {address: sales@desk.example, queue: office, calendar: shop}
calendars:
  office: {week: {mon-fri: ["09:00-18:00"]}}
  shop: {week: {mon-sat: ["09:00-20:00"]}}
  always: {week: {mon-sun: ["00:00-24:00"]}}
queues:
  requests: {dispatchers: [max]}
  office: {assign: eve}
staff:
  dana: {name: Dana, address: dana@staff.desk.example, roles: [dispatcher], queues: [office]}
  max: {name: Max, address: max@staff.desk.example, roles: [dispatcher, engineer]}
  eve: {name: Eve, address: eve+desk@staff.desk.example}
classes:
  question: {billing: free}
  outage: {billing: free, calendar: always}
products: {classifieds: {}}
`)
	name := func(b *Mailbox) string {
		if b == nil {
			return ""
		}
		return b.Name
	}
	for _, tt := range []struct{ what, got, want string }{
		{"a mailbox by name", name(p.Mailbox("sales")), "sales"},
		{"no such mailbox", name(p.Mailbox("sale")), ""},
		{"a mailbox by address", name(p.MailboxOf("support@desk.example")), "support"},
		{"by alias", name(p.MailboxOf("help@desk.example")), "support"},
		{"by a reply address", name(p.MailboxOf("sales+ab3token@desk.example")), "sales"},
		{"by a reply address of an alias", name(p.MailboxOf("help+ab3token@desk.example")), "support"},
		{"an address of nobody", name(p.MailboxOf("other@desk.example")), ""},
		{"the calendar of the desk", nameOf(p.CalendarOf(p.Mailbox("support"), p.Class("question"))), "office"},
		{"of the mailbox", nameOf(p.CalendarOf(p.Mailbox("sales"), p.Class("question"))), "shop"},
		{"of the class, above all", nameOf(p.CalendarOf(p.Mailbox("sales"), p.Class("outage"))), "always"},
		{"of neither mailbox nor class", nameOf(p.CalendarOf(nil, nil)), "office"},
		{"own domains", strings.Join(p.OwnDomains(), " "), "desk.example shop.example"},
		{"a queue's dispatchers, as named", ids(p.Dispatchers("requests")), "max"},
		{"a queue's dispatchers, by role and queue", ids(p.Dispatchers("office")), "dana max"},
		{"dispatchers of no queue", ids(p.Dispatchers("shop")), ""},
		{"a person by id", p.StaffByID("eve").Name, "Eve"},
		{"a person by address", p.StaffByAddress("eve+desk@staff.desk.example").ID, "eve"},
		{"a queue", p.Queue("office").Assign, "eve"},
		{"a product", p.Product("classifieds").Name, "classifieds"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.what, tt.got, tt.want)
		}
	}
	if p.StaffByAddress("eve@staff.desk.example") != nil {
		t.Error("an address without its plus tag is taken for the one with it (T014)")
	}
	if p.Class("x") != nil || p.Queue("x") != nil || p.Product("x") != nil || p.StaffByID("x") != nil {
		t.Error("a name that is not there leads to something")
	}
}

func nameOf(name string, c *calendar.Calendar) string {
	if c == nil || c.Name != name {
		return "a calendar of another name"
	}
	return name
}

func ids(all []*Staff) string {
	var names []string
	for _, s := range all {
		names = append(names, s.ID)
	}
	return strings.Join(names, " ")
}

// What a calendar says itself stands above its files, and those above the holidays of a place.
func TestHolidaysAndClosingDays(t *testing.T) {
	look := func(string) ([]byte, error) {
		return []byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261224\nDURATION:P2D\nSUMMARY:Party\nEND:VEVENT\nEND:VCALENDAR\n"), nil
	}
	p, err := Parse("policy.yaml", []byte(completed(t, `
calendars:
  office:
    week: {mon-fri: ["09:00-18:00"]}
    holidays: [{country: DE, region: BY, except: [2026-06-04]}, {country: AT}]
    ics: [party.ics]
    closed: {2026-12-24: Christmas Eve, 2026-08-14: Works outing}
    special: {2026-12-26: ["10:00-12:00"]}
`)), look)
	if err != nil {
		t.Fatal(err)
	}
	c := p.Calendars["office"]
	for date, want := range map[string]string{
		"2026-12-24": "Christmas Eve", "2026-12-25": "Party", "2026-08-14": "Works outing", "2026-06-04": "Corpus Christi", // of Austria
		"2027-01-06": "Epiphany", "2026-10-26": "National Holiday", "2026-11-01": "All Saints' Day", "2026-11-02": "",
	} {
		d, err := calendar.ParseDate(date)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Closed[d]; got != want {
			t.Errorf("%s is %q, want %q", date, got, want)
		}
	}
	if !c.IsOpen(time.Date(2026, 12, 26, 10, 0, 0, 0, time.UTC)) {
		t.Error("the hours of a single date do not stand above a holiday")
	}
}

func TestClockTerms(t *testing.T) {
	p := parse(t, `
classes:
  outage: {billing: free, clocks: {assignment: none, resolution: {target: 1 working day, pauses: false, warn: 0%}}}
  question: {billing: free}
clocks:
  assignment: 1 working hour
  first_response:
    target: 1 working day
    priority: {urgent: 30m, low: none}
    escalate:
      - {at: 100%, to: [dispatchers, assignee]}
      - {after: 2 working hours, to: dana}
  next_response: 2 working days
rules:
  - {name: critical, when: true, set: {clocks: {first_response: 15m}}}
desk: {name: Desk, domain: desk.example, zone: Europe/Berlin, class: question}
`)
	outage, question := p.Class("outage"), p.Class("question")
	for _, tt := range []struct {
		what     string
		name     ClockName
		rule     string
		class    *Class
		priority string
		want     string // "" where it does not run
	}{
		{"the file's", FirstResponse, "", question, "normal", "1 working day [75% 100% 2 working hours after]"},
		{"by priority", FirstResponse, "", question, "urgent", "30m [75% 100% 2 working hours after]"},
		{"none for a priority", FirstResponse, "", question, "low", ""},
		{"switched off by a class", Assignment, "", outage, "normal", ""},
		{"and on by the others", Assignment, "", question, "normal", "1 working hour [75%]"},
		{"a class's own, without a warning", Resolution, "", outage, "urgent", "1 working day []"},
		{"which the others do not have", Resolution, "", question, "normal", ""},
		{"a rule's", FirstResponse, "critical", question, "normal", "15m [75%]"},
		{"what a rule does not name", NextResponse, "critical", question, "normal", "2 working days [75%]"},
		{"of a rule that sets none", FirstResponse, "another", outage, "normal", "1 working day [75% 100% 2 working hours after]"},
		{"without a class", FirstResponse, "", nil, "normal", "1 working day [75% 100% 2 working hours after]"},
	} {
		terms, target, ok := p.ClockTermsOf(tt.name, tt.rule, tt.class, tt.priority)
		got := ""
		if ok {
			got = fmt.Sprint(target, " ", terms.Steps)
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.what, got, tt.want)
		}
	}
	if !outage.Clocks[Resolution].RunsOn || p.Clocks[FirstResponse].RunsOn {
		t.Error("pauses is read the wrong way")
	}
	if to := p.Clocks[FirstResponse].Steps; strings.Join(to[1].To, " ") != "dispatchers assignee" || strings.Join(to[2].To, " ") != "dana" || to[0].To != nil {
		t.Errorf("told are %v", to)
	}
}

const withSecrets = `
tokens:
  - {id: b, secret_file: key.txt}
  - {id: a, secret: "${env:OLD}", retired: 2026-10-01}
mailboxes:
  support:
    address: support@desk.example
    imap: {host: mx.desk.example, username: support, password: "pre-${env:IMAP}-post"}
    smtp: {host: mx.desk.example, username: support, password: hunter2}
`

func TestSecrets(t *testing.T) {
	held := map[string]string{"env:IMAP": "hunter2", "env:OLD": strings.Repeat("hunter2", 3), "key.txt": "  " + strings.Repeat("x", 32) + "\n"}
	look := func(name string) ([]byte, error) {
		if s, ok := held[name]; ok {
			return []byte(s), nil
		}
		return nil, os.ErrNotExist
	}
	source := []byte(completed(t, withSecrets))
	p, err := Parse("policy.yaml", source, look)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Mailboxes[0].IMAP.Password; string(got) != "pre-hunter2-post" {
		t.Errorf("password %q", string(got))
	}
	keys := p.Tokens.Keys
	if !p.TokensSet || len(keys) != 2 || keys[0].ID != 'b' || len(keys[0].Secret) != 32 || !keys[0].Retired.IsZero() {
		t.Errorf("keys: %d, set %v", len(keys), p.TokensSet)
	}
	if want := time.Date(2026, 9, 30, 22, 0, 0, 0, time.UTC); !keys[1].Retired.Equal(want) {
		t.Errorf("retired %v, want midnight in the desk's zone, %v", keys[1].Retired, want)
	}
	if shown := fmt.Sprintf("%v %+v %#v", p.Mailboxes[0].SMTP, *p.Mailboxes[0].IMAP, p.Mailboxes[0].IMAP.Password); strings.Contains(shown, "hunter2") {
		t.Errorf("a password is printed: %s", shown)
	}

	// An empty one would sign tokens that everybody can sign.
	held["env:OLD"] = ""
	if p, err = Parse("policy.yaml", source, look); err != nil || p.TokensSet || len(p.Unset) != 1 {
		t.Errorf("an empty secret: %v, set %v, unset %v", err, p.TokensSet, p.Unset)
	}

	// Another machine holds none of them. The file is as right as before, and simulate runs on it.
	p, err = Parse("policy.yaml", source, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.TokensSet || string(p.Tokens.Keys[0].Secret) != simulationKey {
		t.Error("without its secrets the keyring is not the one of simulate")
	}
	golden(t, "testdata/unset.want", p.Unset.Error()+"\n")
}

// Names of files are relative to the policy's folder, wherever the program runs.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	policy := completed(t, strings.ReplaceAll(withSecrets, "${env:OLD}", "${env:POSTDESK_TEST_OLD}")+
		"desk: {name: Desk, domain: desk.example, zone: UTC, templates: mails}\n")
	policy = strings.Replace(policy, "office: {", "office: {ics: days/team.ics, ", 1)
	if err := os.Mkdir(filepath.Join(dir, "days"), 0o700); err != nil {
		t.Fatal(err)
	}
	const party = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261224\nSUMMARY:Christmas party\nEND:VEVENT\nEND:VCALENDAR\n"
	for name, text := range map[string]string{"policy.yaml": policy, "key.txt": strings.Repeat("x", 32), "days/team.ics": party} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("POSTDESK_TEST_OLD", strings.Repeat("y", 20))
	p, err := Read(filepath.Join(dir, "policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !p.TokensSet || string(p.Tokens.Keys[1].Secret) != strings.Repeat("y", 20) {
		t.Errorf("keys were not read: %v", p.Unset)
	}
	if p.Desk.Templates != filepath.Join(dir, "mails") {
		t.Errorf("templates in %s", p.Desk.Templates)
	}
	if got := p.Calendars["office"].Closed[calendar.Date{Year: 2026, Month: 12, Day: 24}]; got != "Christmas party" {
		t.Errorf("the 24th of December is %q", got)
	}
	if _, err := Read(filepath.Join(dir, "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestDidYouMean(t *testing.T) {
	options := []string{"domain", "zone", "own_domains", "class"}
	for _, tt := range []struct{ name, word, want string }{
		{"two letters swapped", "domian", " (did you mean domain?)"},
		{"one left out", "clas", " (did you mean class?)"},
		{"one too many", "zones", " (did you mean zone?)"},
		{"capitals", "Zone", " (did you mean zone?)"},
		{"another word", "retention", ""},
		{"one letter is near to nothing", "x", ""},
	} {
		if got := didYouMean(tt.word, options); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	names, _ := filepath.Glob("testdata/mistakes/*.yaml")
	for _, name := range append(names, "testdata/good.yaml", "../../examples/vendor/policy.yaml", "../../examples/vendor/world.yaml") {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		lines := bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte("\r")) + 1 // either ends a line of YAML
		p, err := Parse("policy.yaml", data, lookup)
		check := func(err error) {
			var mistakes *Mistakes
			if !errors.As(err, &mistakes) || len(*mistakes) == 0 {
				t.Fatalf("an error of another kind: %v", err)
			}
			for _, m := range *mistakes {
				if m.Line < 1 || m.File == "policy.yaml" && m.Line > lines+1 || m.Column < 1 || m.Found == "" || m.Want == "" || strings.Contains(m.String(), "\n") {
					t.Errorf("%#v", m)
				}
			}
		}
		if err != nil {
			check(err)
			p = &Policy{}
		}
		if _, err := ParseWorld("world.yaml", data, p); err != nil {
			check(err)
		}
		if _, err := ParseEvents("events.jsonl", data, p); err != nil {
			check(err)
		}
	})
}
