package rules

import "time"

// Facts are what a condition may ask about one mail at the moment a ticket is opened. Policy writers rely on these names, so they are
// a struct of their own: the desk's types may be renamed, the facts not (HOUSE.md). Texts are cut to MaxText before they get here.
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
	Words       string   `expr:"words"`   // subject and new words in lower case: what most conditions want to search
	From        string   `expr:"from"`    // address, canonical
	Domain      string   `expr:"domain"`  // of From
	To          []string `expr:"to"`      // addresses of To and Cc, canonical
	Mailbox     string   `expr:"mailbox"` // name of the mailbox in the policy whose terms hold
	Kind        string   `expr:"kind"`    // human, auto_reply, bounce, list, feedback_report
	Language    string   `expr:"language"`
	Level       string   `expr:"level"` // X, A0, A1s, A1, A2, A3
	Attachments []string `expr:"attachments"`
	Size        int      `expr:"size"` // bytes
}

// TicketFacts describe the ticket as far as it is decided when the rule runs: what earlier rules set is seen by later ones.
type TicketFacts struct {
	Class    string   `expr:"class"`
	Queue    string   `expr:"queue"`
	Priority string   `expr:"priority"`
	Product  string   `expr:"product"`
	Tags     []string `expr:"tags"`
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
	FreeWindow []string `expr:"free_window"` // products whose free window is open
	Licences   []string `expr:"licences"`    // products with a licence in force
	Products   []string `expr:"products"`    // products ever bought, latest first
}

// TimeFacts are the registration as the calendar of the mailbox sees it.
type TimeFacts struct {
	At      time.Time `expr:"at"`
	Hour    int       `expr:"hour"`    // 0 to 23, local
	Weekday string    `expr:"weekday"` // mon tue wed thu fri sat sun
	Open    bool      `expr:"open"`    // inside working hours
}

// A Verdict is what the rules decided: the last rule that sets a field wins, tags add up. A field that no rule set is empty.
type Verdict struct {
	Class, Queue, Priority, Product string
	Assignee, Billing, Language     string
	Estimate                        *Range
	Tags                            []string
	Hold                            string // a reason: the mail waits for a person instead of opening a ticket
	Reasons                         []Reason
}

// A Range of an estimate, in the unit of the ticket's billing.
type Range struct{ Min, Max int64 }

// A Reason names a rule that fired and what it set, in the order of the rule file (R2).
type Reason struct {
	Rule string   `json:"rule"`
	Set  []string `json:"set"` // such as "class=installation"
}
