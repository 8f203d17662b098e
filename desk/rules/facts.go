package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The most that a condition looks at. Whatever a mail holds beyond it cannot make a rule slow, and cannot make it fire.
const (
	MaxText    = 64 << 10 // bytes of one text
	MaxList    = 100      // elements of one list
	MaxElement = 1 << 10  // bytes of one element
)

// Facts are what a condition may ask about one mail at the moment a ticket is opened. Policy writers rely on these names, so they are
// a struct of their own: the desk's types may be renamed, the facts not. Judge reads no more of them than the limits above.
type Facts struct {
	Mail        MailFacts        `expr:"mail"`
	Ticket      TicketFacts      `expr:"ticket"`
	Customer    CustomerFacts    `expr:"customer"`
	Entitlement EntitlementFacts `expr:"entitlement"`
	Time        TimeFacts        `expr:"time"`
}

// MailFacts describe the mail that is being decided.
type MailFacts struct {
	Subject     string   `expr:"subject"`
	Text        string   `expr:"text"`    // the new words, without quotes and signature
	Words       string   `expr:"words"`   // what most conditions want to search: see Words
	From        string   `expr:"from"`    // address, canonical
	Domain      string   `expr:"domain"`  // of From
	To          []string `expr:"to"`      // addresses of To and Cc, canonical
	Mailbox     string   `expr:"mailbox"` // name of the mailbox in the policy whose terms hold
	Kind        string   `expr:"kind"`    // human, auto_reply, bounce, list, feedback_report
	Language    string   `expr:"language"`
	Level       string   `expr:"level"` // X, A0, A1s, A1, A2, A3
	Attachments []string `expr:"attachments"`
	Size        int      `expr:"size"`    // bytes
	Channel     string   `expr:"channel"` // name of the channel whose terms hold, "" where there is none
	Details     []string `expr:"details"` // names of the policy's details that the mail has
	Order       string   `expr:"order"`   // the number of the order that it names
	Profane     bool     `expr:"profane"` // has words of the lexicons, obscene or insulting
}

// TicketFacts describe the ticket as far as it is decided when the rule runs: what earlier rules set is seen by later ones.
type TicketFacts struct {
	Class    string   `expr:"class"`
	Queue    string   `expr:"queue"`
	Priority string   `expr:"priority"`
	Product  string   `expr:"product"`
	Tags     []string `expr:"tags"`
	Billing  string   `expr:"billing"` // as rules set it so far
}

// CustomerFacts describe who has plan and balance. Known is false for a contact without account; everything else is then empty.
type CustomerFacts struct {
	Known    bool   `expr:"known"`
	ID       string `expr:"id"`
	Name     string `expr:"name"`
	Language string `expr:"language"`
	Market   string `expr:"market"`
	Credits  int    `expr:"credits"` // balance that can be spent
}

// EntitlementFacts say what the customer may ask without paying more, judged at registration.
type EntitlementFacts struct {
	FreeWindow    []string `expr:"free_window"`   // products whose free window is open
	Licences      []string `expr:"licences"`      // products with a licence in force
	Products      []string `expr:"products"`      // products ever bought, latest first
	Subscriptions []string `expr:"subscriptions"` // products with a subscription in force
	Plans         []string `expr:"plans"`         // their plans
}

// TimeFacts are the registration as the calendar of the mailbox sees it. A condition compares dates as they are written, which sort as
// they follow each other; Judge takes them and all else from At, so that no two of them can disagree.
type TimeFacts struct {
	At      time.Time `expr:"-"`       // in the calendar's zone
	Date    string    `expr:"date"`    // 2026-12-24
	Hour    int       `expr:"hour"`    // 0 to 23
	Weekday string    `expr:"weekday"` // mon tue wed thu fri sat sun
	Open    bool      `expr:"open"`    // inside working hours
}

// Words puts a subject and the new words into the form of mail.words: one text, lower case.
func Words(subject, text string) string {
	return strings.ToLower(cut(subject, MaxText) + "\n" + cut(text, MaxText))
}

// ready fills in the time and cuts all that a stranger chooses the length of. Lists that Judge may add to become its own.
func (f Facts) ready() Facts {
	at := f.Time.At
	f.Time.Date, f.Time.Hour, f.Time.Weekday = at.Format(time.DateOnly), at.Hour(), strings.ToLower(at.Format("Mon"))
	m := &f.Mail
	for _, s := range []*string{&m.Subject, &m.Text, &m.Words, &m.From, &m.Domain} {
		*s = cut(*s, MaxText)
	}
	m.To = short(m.To)
	m.Attachments = short(m.Attachments)
	f.Ticket.Tags = short(f.Ticket.Tags)
	f.Entitlement.FreeWindow = short(f.Entitlement.FreeWindow)
	f.Entitlement.Licences = short(f.Entitlement.Licences)
	f.Entitlement.Products = short(f.Entitlement.Products)
	f.Entitlement.Subscriptions = short(f.Entitlement.Subscriptions)
	f.Entitlement.Plans = short(f.Entitlement.Plans)
	m.Details = short(m.Details)
	return f
}

// cut shortens a text to so many bytes or a little less, so that no letter is broken.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	end := most
	for end > most-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

func short(list []string) []string {
	n := min(len(list), MaxList)
	own := slices.Clone(list[:n:n])
	for i := range own {
		own[i] = cut(own[i], MaxElement)
	}
	return own
}

// A Verdict is what the rules decided: the last rule that sets a field wins, tags add up. A field that no rule set is empty.
type Verdict struct {
	Class, Queue, Priority, Product string
	Assignee, Billing, Language     string
	Among                           *Among // instead of Assignee
	Rate, Template                  string
	ClocksBy                        string // the rule whose clocks hold
	Estimate                        *Range
	Tags, Details                   []string
	Say                             map[string]string // by language
	Hold                            string            // a reason: the mail waits for a person instead of opening a ticket
	Reject                          map[string]string // by language: the ticket is closed at once, with this answer
	Reasons                         []Reason
}

// A Range of an estimate, in the unit of the ticket's billing.
type Range struct{ Min, Max int64 }

// maxEstimate is far above any work that one ticket can hold, and far below where minutes would overflow.
const maxEstimate = 100_000

// ParseRange reads "1-2", or "3" for exactly three. The least is 1: work that costs nothing needs no estimate.
func ParseRange(s string) (Range, error) {
	low, high, isRange := strings.Cut(strings.TrimSpace(s), "-")
	if !isRange {
		high = low
	}
	r := Range{Min: wholeNumber(low), Max: wholeNumber(high)}
	if r.Min < 1 || r.Max < r.Min || r.Max > maxEstimate {
		return Range{}, fmt.Errorf("range %.20q: want a number such as 3, or a range such as 1-2", s)
	}
	return r, nil
}

// wholeNumber is -1 for whatever is not written in digits alone.
func wholeNumber(s string) int64 {
	s = strings.TrimSpace(s)
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || s[0] == '+' || s[0] == '-' {
		return -1
	}
	return n
}

// String writes the range as ParseRange reads it.
func (r Range) String() string {
	if r.Min == r.Max {
		return strconv.FormatInt(r.Max, 10)
	}
	return strconv.FormatInt(r.Min, 10) + "-" + strconv.FormatInt(r.Max, 10)
}

// A Reason names a rule that fired and what it set, in the order of the rule file (R2). A rule that could not be judged leaves one
// too, with Failed, so that nobody has to guess why it stayed silent.
type Reason struct {
	Rule    string   `json:"rule,omitempty"`
	By      string   `json:"by,omitempty"`      // where no rule decided: what did, such as "the class installation"
	Because []string `json:"because,omitempty"` // the facts that the condition held over, such as `mail.words has "install"`
	Set     []string `json:"set,omitempty"`     // such as "class=installation"
	Failed  string   `json:"failed,omitempty"`  // why the condition gave no answer: the rule did not fire
}
