package desk

import (
	"encoding/json"
	"time"

	"github.com/postdesk/postdesk/desk/policy"
)

// An Event is one line of the journal: append-only, the story of the desk in the order in which it happened. simulate prints it, and
// webhooks will carry it. Data is one of the structs below, by Kind, with the fields of the simulate contract.
type Event struct {
	ID     int64
	At     time.Time
	Ticket int64 // 0 where there is none
	Kind   EventKind
	Data   json.RawMessage
}

// EventKind says which struct an event's data is.
type EventKind string

// The kinds of event.
const (
	EventReceived EventKind = "received" // Received
	EventTicket   EventKind = "ticket"   // Snapshot
	EventSent     EventKind = "sent"     // SentMail: committed to the outbox
	EventPosted   EventKind = "posted"   // Posted
	EventClock    EventKind = "clock"    // ClockFired
	EventWithheld EventKind = "withheld" // Withheld: a mail that the gate did not let out
	EventHandled  EventKind = "handled"  // Handled: what one of us did to a mail or a ticket as a whole
	EventFailed   EventKind = "failed"   // MailFailure: a mail of the outbox that was given up or bounced
	EventOutbox   EventKind = "outbox"   // OutboxChange: nothing is sent, or all is again
	EventActed    EventKind = "acted"    // Acted: somebody pressed a button of the portal
	EventConduct  EventKind = "conduct"  // Conducted: a step of the rules of conduct
)

// Received is how one mail ended.
type Received struct {
	Mailbox   string   `json:"mailbox"`
	MessageID string   `json:"message_id,omitempty"`
	From      string   `json:"from,omitempty"`
	Kind      string   `json:"kind"`
	Level     string   `json:"level"`
	Outcome   Outcome  `json:"outcome"`
	Ticket    int64    `json:"ticket,omitempty"`
	By        string   `json:"by"`
	Commands  []string `json:"commands,omitempty"`
	Why       []string `json:"why,omitempty"`
}

// Snapshot is a ticket after a change, whole.
type Snapshot struct {
	Ticket    int64                 `json:"ticket"`
	Status    Status                `json:"status"`
	Queue     string                `json:"queue,omitempty"`
	Class     string                `json:"class,omitempty"`
	Priority  string                `json:"priority,omitempty"`
	Product   string                `json:"product,omitempty"`
	Customer  string                `json:"customer,omitempty"`
	Requester string                `json:"requester,omitempty"`
	Channel   string                `json:"channel,omitempty"`
	Missing   []string              `json:"missing,omitempty"`
	Assignee  string                `json:"assignee,omitempty"`
	Billing   policy.Billing        `json:"billing,omitempty"`
	Estimate  *SnapshotEstimate     `json:"estimate,omitempty"`
	Minutes   int                   `json:"minutes,omitempty"`
	Clocks    map[string]ClockState `json:"clocks,omitempty"`
	Rules     []string              `json:"rules,omitempty"`
	Linked    []int64               `json:"linked,omitempty"`
}

// SnapshotEstimate is the range offered.
type SnapshotEstimate struct {
	Unit string `json:"unit"`
	Min  int64  `json:"min"`
	Max  int64  `json:"max"`
}

// ClockState is a clock as others see it: running, paused, met or breached. Due is left out while paused.
type ClockState struct {
	Due   *time.Time `json:"due,omitempty"`
	State string     `json:"state"`
}

// SentMail is a mail that the gate let into the outbox. Text is not in the journal; who prints it adds it from the outbox.
type SentMail struct {
	Mail         int64    `json:"mail"`
	Ticket       int64    `json:"ticket,omitempty"`
	Template     string   `json:"template"`
	Audience     string   `json:"audience"`
	EnvelopeFrom string   `json:"envelope_from"`
	From         string   `json:"from"`
	To           []string `json:"to"`
	Cc           []string `json:"cc,omitempty"`
	ReplyTo      string   `json:"reply_to,omitempty"`
	Attachments  []string `json:"attachments,omitempty"`
	Subject      string   `json:"subject"`
	MessageID    string   `json:"message_id"`
	InReplyTo    string   `json:"in_reply_to,omitempty"`
	References   []string `json:"references,omitempty"`
	Language     string   `json:"language"`
	Automatic    bool     `json:"automatic"`
	Text         string   `json:"text,omitempty"`
}

// Acted is what somebody did at a page of the portal.
type Acted struct {
	Ticket   int64  `json:"ticket"`
	By       string `json:"by"`                 // address, or staff id
	What     string `json:"what"`               // agreed, declined, closed, let in, taken out
	Value    string `json:"value,omitempty"`    // who was let in or taken out
	Estimate int64  `json:"estimate,omitempty"` // the version that the page showed
	Level    string `json:"level"`
}

// Posted is one entry of a posting.
type Posted struct {
	Ticket  int64  `json:"ticket,omitempty"`
	Account string `json:"account"`
	Unit    string `json:"unit"`
	Amount  int64  `json:"amount"`
	Balance int64  `json:"balance"`
	Cause   string `json:"cause"`
}

// ClockFired is a warning, a breach or an escalation, which is a step that comes with the breach or after it. Step and To are those of a
// step that says whom it tells.
type ClockFired struct {
	Ticket int64    `json:"ticket"`
	Clock  string   `json:"clock"`
	What   string   `json:"what"`
	Step   string   `json:"step,omitempty"`
	To     []string `json:"to,omitempty"`
}

// OutboxChange is a person, or a restore, that keeps mail from being sent, or lets it.
type OutboxChange struct {
	Paused bool   `json:"paused"`
	Why    string `json:"why,omitempty"`
	By     string `json:"by"`
}

// Conducted is what the rules of conduct did about a person: warning, and the others of the simulate contract.
type Conducted struct {
	Ticket int64  `json:"ticket,omitempty"`
	Person string `json:"person"`
	What   string `json:"what"`
}

// Withheld is a mail that was not let out, and why.
type Withheld struct {
	Ticket   int64  `json:"ticket,omitempty"`
	Template string `json:"template"`
	To       string `json:"to"`
	Why      string `json:"why"`
	Digest   bool   `json:"digest,omitempty"` // it is told in one
}

// Handled is what somebody of us did to a held mail, or to a ticket as a whole: who, what, with which, and why.
type Handled struct {
	By      string `json:"by"`             // staff id
	With    string `json:"with,omitempty"` // the second of us who answers for it
	What    string `json:"what"`           // counter, release, join, discard, merge, split, link, queue, class, priority, spam, remind, invite, remove, forward, commands
	Ticket  int64  `json:"ticket,omitempty"`
	Message int64  `json:"message,omitempty"`
	Into    int64  `json:"into,omitempty"`  // merge: the ticket it became a part of; split, link: the other ticket
	Value   string `json:"value,omitempty"` // the queue, class, priority, time or address; counter: the key of what was taken back
	Why     string `json:"why,omitempty"`
}

// MailFailure is a mail of the outbox that did not reach its recipient.
type MailFailure struct {
	Mail   int64  `json:"mail"`
	Ticket int64  `json:"ticket,omitempty"`
	To     string `json:"to"`
	Code   int    `json:"code,omitempty"`
	Why    string `json:"why"`
}
