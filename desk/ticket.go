package desk

import (
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/rules"
)

// Status is where a ticket is in its life (M7).
type Status string

// The statuses, by the names of the simulate contract.
const (
	New                  Status = "new"
	AwaitingEstimate     Status = "awaiting_estimate"
	AwaitingConfirmation Status = "awaiting_confirmation"
	AwaitingCredits      Status = "awaiting_credits"
	AwaitingDetails      Status = "awaiting_details"
	Open                 Status = "open"
	Waiting              Status = "waiting"
	Resolved             Status = "resolved"
	Closed               Status = "closed"
)

// Awaiting tells whether work has not begun because the customer has something to do first.
func (s Status) Awaiting() bool {
	return s == AwaitingConfirmation || s == AwaitingCredits || s == AwaitingDetails
}

// Pauses tells whether clocks stand still ("Pauses" of MISSION.md).
func (s Status) Pauses() bool { return s.Awaiting() || s == Waiting }

// Done tells whether nobody has anything to do.
func (s Status) Done() bool { return s == Resolved || s == Closed }

// A Ticket is one matter and its state. It is loaded whole, decided over as a value, and saved whole.
type Ticket struct {
	Number  int64
	Version int64 // of the row; the store's

	Status Status
	Queue  string
	// Department is the queue that works on it once its terms are agreed; until then it waits in the queue of submitted requests (A4).
	Department string
	Class      string
	Priority   string
	Product    string
	Assignee   string       // staff id
	Among      *rules.Among // from whom a rule wants one chosen, once its terms are agreed
	Tags       []string

	Channel      string   // whose terms hold, "" where its mailbox has none
	Missing      []string // details that the request lacks (C4)
	AskedDetails int      // how often they were asked for

	Mailbox   string // whose terms, address and calendar hold
	Subject   string // as the first mail had it, without our tag
	Language  string // of the requester: what we write in
	Customer  string // "" for a contact without account
	Requester Contact
	// Participants may join beside the requester.
	Participants []Participant

	// FirstID and LastID are the requester's first and latest mail: what our mails to him answer, so that his client shows one thread.
	FirstID, LastID message.ID

	Registered time.Time // arrival of the first mail: what terms and clocks start from
	Level      message.Level
	LevelWhy   string

	Billing    policy.Billing
	FreeWindow bool // free because the window was open at registration; kept for this ticket
	Estimate   *Estimate
	Hold       *ledger.Hold // what the customer confirmed; nil before
	Minutes    int          // worked in all, accepted corrections included
	AskedTime  bool         // the engineer was asked for the time of an answer

	Clocks  []Clock
	Reasons []rules.Reason // which rules fired and what each one set (R2)

	Linked []int64 // tickets that staff should look at together with this one
	// MergedInto is the ticket that this one has become a part of, 0 for none. Whatever leads here leads there, for ever (F27).
	MergedInto int64
	Reminders  []Reminder
	Flood      *Flood // nil while mails on it are told one by one

	ChangedAt  time.Time // when Status was last set: what silence is counted from
	Reminded   bool      // the customer was reminded since then
	ResolvedAt time.Time
	ClosedAt   time.Time
	WakeAt     time.Time // when Tick has to look at it; zero: never
}

// A Participant may join a ticket that somebody else opened.
type Participant struct {
	Contact Contact
	Role    Role
	Since   time.Time
	By      string // who gave them the role: an address, or a staff id
}

// Role is what a participant may do.
type Role string

// The roles of participants. None of them changes who asked and who pays.
const (
	// Proposed was put in copy by somebody who takes part: he may add words, and gets no mail and no history until he is let in (T026).
	Proposed Role = "proposed"
	// Member was let in, and gets what staff answer from then on (T028).
	Member Role = "member"
	// Aside was asked by staff: what he writes stays among us, and he sees nothing of the ticket (T031).
	Aside Role = "aside"
	// Removed was taken out, and is nobody here any more: he reads, joins and gets nothing. He is remembered so that a reply to all, with
	// him still in copy, does not bring him back; By says who took him out.
	Removed Role = "removed"
)

// A Reminder is what somebody of us asked to be told about a ticket, once.
type Reminder struct {
	At    time.Time
	Staff string
}

// A Flood is a time in which so many mails reach a ticket that staff are not told of each (T055).
type Flood struct {
	Since time.Time
	Until time.Time // when it is looked at again
}

// An Estimate is the range offered for a ticket (L2). A new one is a new version, and a yes to an older version is only words (T037).
type Estimate struct {
	Version  int64
	Min, Max int64  // credits
	By       string // staff id; "" when the class gives the range
	At       time.Time
	Before   int // minutes worked while the ticket was free: they stay so
	// Rate is that of work by the hour, nil where the unit is credits: Max is then the cap, in the currency's smallest parts (B2).
	Rate *Rate `json:",omitempty"`
	// Charged is what work of another kind has cost before, with the minutes in Before.
	Charged int64 `json:",omitempty"`

	// The customer's yes, kept as evidence (L2).
	ConfirmedAt time.Time // zero: not yet
	ConfirmedBy string    // address
	ConfirmedIn int64     // the message that said so; 0 when it was a portal's button
}

// A Rate is the price of work by the hour as it was offered: the policy's may change meanwhile.
type Rate struct {
	Name    string
	Title   policy.Text
	PerHour policy.Money
	Unit    int // minutes
}

// A Clock is a target running on a ticket (R4). Everything it shows follows from Start, Target, the calendar and the pauses, so that a
// changed class or calendar is computed anew from the same start and nothing restarts.
type Clock struct {
	Name     policy.ClockName
	Target   calendar.Target
	Calendar string
	Start    time.Time // zero for a next response that nobody waits for yet
	RunsOn   bool      `json:",omitempty"` // does not stand still while the desk waits for the customer
	Pauses   []Pause
	Due      time.Time // where it stands; meaningless while paused
	Steps    []Step    // warnings and escalations
	Met      time.Time // zero: not yet
	Breached time.Time // zero: no
	Stopped  bool      // the ticket ended without an answer being owed
}

// A Pause is a time in which a clock stood still, and the status that made it so; To is zero while it lasts.
type Pause struct {
	From, To time.Time
	Why      Status
}

// A Step is a warning or an escalation of one clock: when it is due, and when it was carried out, zero before.
type Step struct {
	policy.Step
	At    time.Time
	Fired time.Time
}

// A Customer has plan and balance.
type Customer struct {
	ID       string // ours to choose; ledger accounts are customer:ID
	Name     string
	Language string
	Market   string
	Zone     string // IANA name, "" for the desk's
}

// A Contact is one address of a customer, or of somebody without account.
type Contact struct {
	ID       int64
	Address  string // canonical
	Name     string
	Language string
	Customer string // "" without account
	MaySpend bool
}

// An Entitlement is what a shop has sold: a purchase opens the free window, a licence and a subscription run from From through Until.
type Entitlement struct {
	Customer    string
	Kind        string // "purchase", "licence", "subscription"
	Product     string
	Plan        string
	From, Until calendar.Date // Until is zero for a purchase
	Refunded    bool
}

// A TimeEntry is time worked (S4). A correction is an entry with negative minutes: nothing is changed or deleted.
type TimeEntry struct {
	Ticket  int64
	Staff   string
	Kind    string // the ticket's class when it was recorded
	Minutes int
	What    string
	At      time.Time
	Message int64
	Line    int
}

// A Message is a mail that came in, as the desk keeps it.
type Message struct {
	ID       int64
	Ticket   int64 // 0 where there is none
	Mailbox  string
	Source   int64 // the raw bytes
	Identity string
	At       time.Time // arrival
	Outcome  Outcome
	By       string   // how it found its ticket: references, token, subject, none
	Why      []string // why it ended so

	MessageID message.ID
	From      message.Address // who it says wrote it
	Staff     string          // staff id where the desk took it as that person's
	Level     message.Level
	LevelWhy  string
	Kind      message.Kind
	Internal  bool // never shown to the customer

	Subject     string
	Text        string
	Visible     string
	Language    string
	Attachments []message.Attachment
	Notes       []string

	// What tells of its conversation where no id does: see Heading.
	Base string
	To   []string
	Bare bool
}

// Outcome is the one named end of every mail (G1).
type Outcome string

// The outcomes, by the names of the simulate contract.
const (
	OutcomeNew       Outcome = "new"
	OutcomeReply     Outcome = "reply"
	OutcomeLinked    Outcome = "linked"
	OutcomeDuplicate Outcome = "duplicate"
	OutcomeCommand   Outcome = "command"
	OutcomeRefused   Outcome = "refused_command"
	OutcomeHeld      Outcome = "held"
	OutcomeBanned    Outcome = "banned"
	OutcomeNoted     Outcome = "noted"
)

// A Mail is one mail of the outbox: what is kept is what is sent. It has one recipient, since its reply address is made for one person.
type Mail struct {
	ID       int64
	Ticket   int64  // 0 for a mail about no ticket
	Mailbox  string // whose SMTP account sends it
	Template string
	Audience string // customer, staff

	EnvelopeFrom string // "" is the null reverse-path (RFC 5321, 4.5.5)
	From         message.Address
	To           message.Address
	ReplyTo      message.Address
	Subject      string
	Text, HTML   string
	Language     string
	MessageID    message.ID
	InReplyTo    message.ID
	References   []message.ID
	Automatic    bool // carries Auto-Submitted (RFC 3834)
	Sealed       bool // what in Text and HTML works as a password is kept sealed, apart from it; Reveal puts it in
	Attachments  []AttachmentRef
	At           time.Time // Date of the mail

	State     MailState
	MIME      int64 // source of the bytes that every try sends, 0 before the first
	Attempts  int
	NotBefore time.Time
	SentAt    time.Time
}

// An AttachmentRef is a part of a mail that came in, to be sent on.
type AttachmentRef struct {
	Source int64 `json:"source"`
	message.Attachment
}

// MailState is where a mail of the outbox is.
type MailState string

// The states of a mail in the outbox.
const (
	MailWaiting MailState = "waiting"
	MailSent    MailState = "sent"
	MailFailed  MailState = "failed" // given up: refused for good, or retried to the end of its schedule
)

// An Attempt is one try to send a mail, and what becomes of it.
type Attempt struct {
	Mail      int64
	At        time.Time
	State     MailState // after it
	NotBefore time.Time // of the next try, while State is MailWaiting
	Code      int       // SMTP reply code, 0 when none came
	Text      string    // the server's words or the error, one line, cleaned

	// Turn is which try of the mail this is, from 1, by what Mail.Attempts was when it was leased. One that another node has had since is
	// ErrTaken, and is not recorded, unless the mail was sent. 0 is for a try that needs no lease.
	Turn int
}
