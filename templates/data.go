package templates

import "time"

// PublicText is text that a customer may read: written by one, or to one.
//
// InternalText is text for staff only: notes, and the history of a ticket. Neither becomes the other without the
// conversion being written out, and [Customer] has no field of the second kind (THREATS G7).
type (
	PublicText   string
	InternalText string
)

// Moment is an instant as people read it: with its weekday, in a calendar's zone, which is named. A nil Zone is UTC.
type Moment struct {
	T    time.Time
	Zone *time.Location
}

// Day is a whole day, as people read it: "24 November 2026".
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// Owned is something that a customer was sold.
type Owned struct {
	Kind     string // purchase, licence, subscription
	Product  string // its title
	Plan     string
	From     Day
	Until    *Day // nil for a purchase
	Ended    bool // its last day is over
	Refunded bool
}

// Range is an estimate in credits. The customer confirms Max; Min is information.
type Range struct{ Min, Max int }

// Spent is what a ticket has cost so far. It is there as soon as the customer has agreed to something, so that a mail
// which asks for a yes then asks whether to go on, not whether to begin. Max is the number of credits that the
// customer has confirmed; 0 if none.
type Spent struct {
	Minutes      int // for this answer
	TotalMinutes int
	Credits      int64 // used in all
	Max          int64
}

// Hourly is work by the hour: what is offered, and what it has cost so far. Amounts are written with their currency.
type Hourly struct {
	Kind         string // of work
	PerHour      string
	Unit         int // minutes that time is rounded up to, once in all
	Cap          string
	Minutes      int // for this answer
	TotalMinutes int
	Cost         string // so far; empty before the customer agreed
}

// Customer is all that a mail to a customer can show. Fields left empty are left out of the mail, with
// what belongs to them. Titles, targets and other words are in the mail's language.
type Customer struct {
	Desk    string // the desk's name, such as "Acme Support"
	Name    string // the customer's
	Number  int64  // the ticket's
	Subject string
	Class   string // what is asked, by its title
	Product string

	Free          bool   // nothing on this ticket is billed
	Estimate      *Range // the present one
	CreditMinutes int    // minutes of work in a credit
	Balance       *int64 // credits
	Missing       int64  // credits between the balance and Estimate.Max
	Spent         *Spent

	Hourly *Hourly // where the work is billed by the hour, instead of Estimate and Spent

	FirstResponse, Resolution             *Moment
	FirstResponseTarget, ResolutionTarget string // where no clock runs yet, such as "1 working day"
	Promised                              bool   // false where deadlines are aims only, as in the free window (A1)

	// Words are the engineer's answer in reply, waiting, resolved and closed, elsewhere what the customer wrote.
	Words PublicText
	// Kept are the names of the engineer's files that were too large to go with his words, and MailLimit is how much goes, in MiB (M10).
	Kept      []string
	MailLimit int

	// Notice is what the policy says beside the usual, and Details what the request lacks.
	Notice  PublicText
	Details []string

	Awaiting       string // what we wait for: "confirmation", "credits" or "details"
	ClosedBy       string // "customer", "silence", or empty where staff closed it
	CloseAfterDays int    // working days of silence that close the ticket
	ReopenDays     int    // calendar days in which an answer opens a closed ticket again

	ConfirmLimit      int64      // credits that a mail may confirm, where the estimate is above; else 0
	NotHis            bool       // whoever reads may not agree: others spend for the account
	Payers            []string   // the names of those who may, and are asked too
	AskedBy           string     // whose request it is, where another than who reads
	HowToBuy          PublicText // where to get credits
	ManagementContact string
	Related           int64    // the linked ticket
	Copies            []string // addresses in copy that the owner is asked about

	// Pages of the portal, http or https. Each is left out where there is none.
	TicketURL  string // the ticket
	ConfirmURL string // where the estimate is agreed to or declined; opening it does neither
	TopUpURL   string // where to get credits

	// For the mails about signing in. OneTimeURL works once, for LinkMinutes.
	OneTimeURL  string
	LinkMinutes int
	Users       []string // the user names of the address
}

// Staff is all that a mail to staff can show. Fields left empty are left out of the mail.
type Staff struct {
	Desk    string
	To      string // the reader's name
	Number  int64
	Subject string

	From     string // the requester's name and address
	Level    string // how surely: X, A0, A1s, A1, A2, A3; anything below A1s gets a banner
	LevelWhy string // what the check noted: a record for those who know mail, not a sentence

	Customer      string
	Plan          string // its name, or free_window
	Owned         []Owned
	Balance       *int64 // credits
	Class, Queue  string
	Priority      string
	Product       string
	Billing       string // free, credits, hourly, subscription
	Estimate      *Range
	FirstResponse *Moment
	NextResponse  *Moment
	Resolution    *Moment
	Words         PublicText // the new ones
	Attachments   []string   // names of the files that come with this mail
	Kept          []string   // names of those that came with Words and do not: the ticket has them
	History       []Line     // latest first
	Note          InternalText
	Why           []string // rules that fired, and what each of them set
	SpentTotal    int      // minutes
	Engineers     []string // names that may be assigned
	Lines         []CommandLine
	Commands      []Help
	Clock         string // assignment, first_response, next_response, resolution
	Due           *Moment
	Late          bool   // Due is over
	With          string // who has the ticket, by name, where it is not the reader
	Overdue       []Item // in a digest, with what follows
	DueToday      []Item
	Unassigned    []Item // nobody has them
	Waiting       []Item // for the customer
	More          int    // that are not listed
	Reason        string // why this mail is sent, where its name does not say it
	TicketURL     string // the ticket's page, http or https

	Copies  []string     // addresses in copy that nobody has let in
	Removed []string     // addresses in copy that were taken out before, and stay out
	Held    []Held       // mails that wait for a decision
	Tickets []TicketLine // those of a digest
	Count   int          // how many there are in all: held mails, tickets, or mails of a flood that is over
}

// Item is a ticket in a digest (S6).
type Item struct {
	Number  int64
	Subject string
	Clock   string
	Due     *Moment
	With    string  // who has it, by name, where it is not the reader
	Waits   string  // the status in which it waits for somebody
	Since   *Moment // when it began to
}

// Line is an earlier message of a ticket.
type Line struct {
	At       Moment
	Who      string
	Internal bool // a note, which the customer has not seen
	Text     InternalText
}

// Held is a mail that waits for one of us to release, join or discard it.
type Held struct {
	Message       int64
	At            Moment // when it arrived
	From, Subject string
	Level, Why    string
	Ticket        int64 // that it names, 0 for none
	Words         InternalText
}

// TicketLine is a ticket in a list.
type TicketLine struct {
	Number        int64
	Subject, From string
	At            Moment // when it was registered
	Assigned      bool
}

// CommandLine is the fate of one command in a staff mail (S2).
type CommandLine struct {
	N     int    // its line in the mail as written, from 1
	Text  string // as written
	OK    bool
	Wrong string // what is wrong with it, in the reader's language
	Want  string // how to put it, such as "/spent 45m"; empty where no other way of putting it would do
}

// Help explains one command.
type Help struct{ Form, Meaning string }
