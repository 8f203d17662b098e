package policy

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/rules"
)

func vendor(t testing.TB) *Policy {
	t.Helper()
	p, err := Read("../../examples/vendor/policy.yaml")
	if err != nil {
		t.Fatal("\n" + err.Error())
	}
	return p
}

// The example is the policy of section A of MISSION.md.
func TestVendorTerms(t *testing.T) {
	p := vendor(t)
	for _, tt := range []struct {
		class, queue, estimate string
		billing                Billing
		window                 bool
	}{
		{"installation", "technical", "1-2", ByCredits, true},
		{"configuration", "technical", "1-2", ByCredits, true},
		{"price_plans", "technical", "1-4", ByCredits, true},
		{"design", "design", "1-3", ByCredits, true},
		{"other", "technical", "upon request", ByCredits, false},
		{"administrative", "office", "upon request", Free, false},
	} {
		c := p.Class(tt.class)
		if c == nil {
			t.Errorf("no class %s", tt.class)
			continue
		}
		estimate := "upon request"
		if c.Estimate != nil {
			estimate = c.Estimate.String()
		}
		if estimate != tt.estimate || c.Queue != tt.queue || c.Billing != tt.billing || c.FreeWindow != tt.window {
			t.Errorf("%s: got %s, %s, %s, free window %v", tt.class, estimate, c.Queue, c.Billing, c.FreeWindow)
		}
		if c.Title.In("en") == c.Title.In("de") && tt.class != "installation" {
			t.Errorf("%s has the same title in English and German", tt.class)
		}
	}
	if len(p.Classes) != 6 || p.Desk.DefaultClass != "other" {
		t.Errorf("%d classes, %s where no rule fires", len(p.Classes), p.Desk.DefaultClass)
	}
	_, cal := p.CalendarOf(p.Mailboxes[0], nil)
	registered := time.Date(2026, 11, 27, 17, 59, 0, 0, cal.Zone) // a Friday
	due := cal.Due(registered, p.Clocks[FirstResponse].Target).In(cal.Zone)
	if got := due.Format("Mon 15:04"); got != "Mon 17:59" {
		t.Errorf("A5: registered Friday 17:59, due %s", got)
	}
	for _, q := range p.Queues {
		if q.Assign == "" && len(p.Dispatchers(q.Name)) == 0 {
			t.Errorf("nobody learns of tickets in %s", q.Name)
		}
	}
}

func TestVendorRules(t *testing.T) {
	p := vendor(t)
	for _, tt := range []struct{ subject, text, class, product string }{
		{"Installation", "Please install Classifieds on our new server.", "installation", "classifieds"},
		{"Umzug", "Können Sie uns beim Umzug auf den neuen Server helfen?", "installation", ""},
		{"White page", "Since yesterday PHP shows an error about the database.", "configuration", ""},
		{"Frage zum Buchungssystem", "Wo finde ich die Einstellung für die Mehrwertsteuer?", "configuration", "bookings"},
		{"Pay per ad", "We want to charge dealers more.", "price_plans", ""},
		{"Preismodell", "Wie lege ich eine Mitgliedschaft an?", "price_plans", ""},
		{"Our logo", "How do we put it into the header template?", "design", ""},
		{"Gestaltung", "Die Vorlage passt nicht zu unserer Seite.", "design", ""},
		{"A new feature", "Could you develop an import from our design tool?", "other", ""},
		{"Neue Funktion", "Was kostet die Entwicklung einer Schnittstelle?", "other", ""},
		{"Invoice", "Where is the invoice for the installation?", "administrative", ""},
		{"Rechnung", "Uns fehlt die Rechnung für die Installation.", "administrative", ""},
		{"Lizenz", "Wir möchten die Lizenz übertragen.", "administrative", ""},
		{"Hello", "Something is strange here.", "", ""},
	} {
		v := p.Rules.Judge(rules.Facts{Mail: rules.MailFacts{
			Subject: tt.subject, Text: tt.text, Words: rules.Words(tt.subject, tt.text), Kind: "human", Mailbox: "support",
		}})
		if v.Class != tt.class || v.Product != tt.product {
			t.Errorf("%s: %s\ngot %q %q, want %q %q (%+v)", tt.subject, tt.text, v.Class, v.Product, tt.class, tt.product, v.Reasons)
		}
	}
	down := rules.Facts{Mail: rules.MailFacts{Words: rules.Words("Urgent", "Our website has been down since midnight!")}}
	if v := p.Rules.Judge(down); v.Priority != "high" || strings.Join(v.Tags, " ") != "outage" {
		t.Errorf("an outage: %+v", v)
	}
}

func TestVendorWorld(t *testing.T) {
	p := vendor(t)
	w, err := ReadWorld("../../examples/vendor/world.yaml", p)
	if err != nil {
		t.Fatal(err)
	}
	credits := map[string]int64{}
	for _, c := range w.Customers {
		for _, b := range c.Balances {
			credits[c.ID] += b.Amount
		}
		if len(c.Purchases) == 0 || len(c.Contacts) == 0 || !c.Contacts[0].MaySpend {
			t.Errorf("%s has bought nothing, or nobody may spend", c.ID)
		}
	}
	if len(w.Customers) != 3 || credits["acme"] != 5 || credits["bolt"] != 0 || credits["cinder"] != 0 {
		t.Errorf("credits %v", credits)
	}
}

// The same file read twice is the same policy, in the order of the file: simulate prints the same bytes everywhere.
func TestReadingTwiceIsTheSame(t *testing.T) {
	order := func(p *Policy) (s string) {
		for _, c := range p.Classes {
			s += c.Name + " "
		}
		for _, q := range p.Queues {
			s += q.Name + " "
		}
		for _, m := range p.Staff {
			s += m.ID + " "
		}
		return s
	}
	want := "installation configuration price_plans design other administrative requests technical design office eve max dana "
	for range 5 {
		if got := order(vendor(t)); got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}

// A desk is given the variables that its README names, and nothing else.
func TestVendorSecretsAreThoseOfItsREADME(t *testing.T) {
	readme, err := os.ReadFile("../../examples/vendor/README.md")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse("policy.yaml", source(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Unset) != 3 {
		t.Errorf("%d secrets, the README says three:\n%v", len(p.Unset), p.Unset)
	}
	for _, m := range p.Unset {
		name := strings.TrimSuffix(strings.TrimPrefix(m.Found, "${env:"), "}, which is not set")
		if !strings.Contains(string(readme), name+"=") {
			t.Errorf("the README does not name %s", name)
		}
	}
}

func source(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("../../examples/vendor/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func BenchmarkParse(b *testing.B) {
	data := source(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("policy.yaml", data, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMailboxOf(b *testing.B) {
	p := vendor(b)
	b.ReportAllocs()
	for b.Loop() {
		if p.MailboxOf("support@desk.example") == nil || p.MailboxOf("hilfe+abcdefghijklmnop@desk.example") == nil {
			b.Fatal("no mailbox")
		}
	}
}
