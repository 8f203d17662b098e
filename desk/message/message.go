// Package message is what a mail is to the desk: its canonical ids and addresses, the tokens in our own addresses, the tag in a
// subject, and the plain values that reading a mail gives. It knows nothing of MIME, of SQL or of tickets: mailin/parse makes these
// values from bytes, mailin/auth adds how surely they are from whom they say, and the desk decides over them.
package message

import (
	"io"
	"time"
)

// A Message is one mail as it was read. Every field is data about the mail and claims nothing about who may do what; reading a mail
// never fails, so what could not be read is told in Notes and leaves its field empty (M2).
type Message struct {
	ID         ID   // Message-ID, "" when there is none
	InReplyTo  []ID // ids of In-Reply-To
	References []ID // ids of References in header order: the last is the direct parent (RFC 5322, 3.6.4)

	From       []Address // all mailboxes of all From fields
	FromFields int       // how many From fields there are; RFC 5322, 3.6 allows one
	To, Cc     []Address
	Repeated   []string  // which of To, Cc, In-Reply-To and Subject stand more than once (RFC 5322, 3.6), or may: a header too long is cut
	ReplyTo    []Address // shown, never used as identity (T017)
	Delivered  []Address // Delivered-To and X-Original-To, topmost first: where our own server put it

	Subject  string    // decoded, unfolded, white space folded to single spaces
	Date     time.Time // the sender's own clock; zero when unreadable
	Language string    // ISO 639-1 of the new words, "" when unsure

	Text    string // the body as plain text, lines ended by \n
	Visible string // the new words: Text without quotes, signature and device footers (M5)
	HTML    string // the HTML body as sent, not sanitised; "" when there is none

	// Forwarded is the end of Visible that is a forwarded mail, from its head on: shown with the new words, and not the writer's.
	Forwarded string

	Attachments []Attachment

	Kind           Kind     // who or what wrote it (M4)
	KindWhy        []string // the reasons for Kind, short and for people
	NoAutoResponse bool     // an automatic answer must not be sent for this mail, whatever its kind
	Bounce         *Bounce  // only where Kind is Bounced
	Complaint      ID       // only where Kind is FeedbackReport: the mail that somebody complains about, "" where the report does not hold it

	Trace []Field  // the trace fields (RFC 5322, 3.6.7, and RFC 8601) in header order, topmost first: what mailin/auth judges
	Notes []string // what could not be read, and what was left aside, in short texts for staff

	ContentHash [32]byte // over From, Date, Subject and the decoded parts: with ID, "the same mail" of MISSION.md
	RawHash     [32]byte // without ID: SHA-256 of the source as received, which stands for ContentHash then
	Size        int64    // bytes of the source as received
}

// A Field is one header field as it stood in the mail, unfolded, not decoded.
type Field struct{ Name, Value string }

// An Attachment describes one leaf part that is not body text, or one enclosed message. Its bytes are not kept apart: they are read
// again from the raw source by Part when somebody wants them.
type Attachment struct {
	Part        string // path of the part in the source as IMAP numbers it ("2.1"; RFC 9051, 6.4.5)
	Filename    string // decoded and made safe to show: never a path (T061)
	ContentType string // lower case, without parameters
	Size        int64  // decoded bytes
	Inline      bool
	ContentID   string // without angle brackets, "" when there is none
}

// Kind says who or what wrote a mail (M4). The values are those of the inspect and simulate contracts.
type Kind string

// The kinds of mail, in the order in which they are looked for.
const (
	Bounced        Kind = "bounce"
	FeedbackReport Kind = "feedback_report"
	AutoReply      Kind = "auto_reply"
	List           Kind = "list"
	Human          Kind = "human"
	Portal         Kind = "portal" // no mail: typed at a page of the portal
)

// Machine tells whether the kind is a program's. A machine never gets an automatic answer, re-opens nothing and meets no clock (T047).
func (k Kind) Machine() bool { return k != Human && k != Portal }

// A Bounce is what a delivery report says (RFC 3464).
type Bounce struct {
	Recipients []string // the addresses that failed, lower case, original recipient where the report names it
	Status     string   // enhanced status code of the first (RFC 3463), "" when none is stated
	Permanent  bool     // a final failure rather than a delay
	Reason     string   // the report's own words for the first recipient, one line
	OriginalID ID       // Message-ID of the mail that bounced, "" when the report does not hold it
}

// A Source gives the bytes of a mail as received, as often as it is asked.
type Source interface {
	Open() (io.ReadCloser, error)
	Size() int64
}

// Level is how surely one mail is from whom it says (THREATS.md, "Levels of assurance of one mail"). Levels are ordered: a power
// that needs a level is given to it and to all above.
type Level int

// The levels. A2 and A3 are not found in a mail alone: the desk raises A1 to A2 by a token, and A3 comes from the portal.
const (
	LevelX   Level = iota // proven false: fails DMARC of a domain that asks for quarantine or reject, or claims our own domain unproven
	LevelA0               // nothing proven
	LevelA1s              // aligned SPF pass only
	LevelA1               // aligned DKIM pass, or submitted with a password as that address
	LevelA2               // A1 and a valid token made for this address, ticket and purpose
	LevelA3               // second channel: portal session or one-use link
)

var levelNames = [...]string{"X", "A0", "A1s", "A1", "A2", "A3"}

// String is the level's name in THREATS.md.
func (l Level) String() string {
	if l < LevelX || l > LevelA3 {
		return "A0"
	}
	return levelNames[l]
}

// ParseLevel reads a level's name; what it does not know is A0, which proves nothing.
func ParseLevel(s string) Level {
	for i, name := range levelNames {
		if name == s {
			return Level(i)
		}
	}
	return LevelA0
}

// Assurance is a level with the reason for it, kept with the message and shown to staff.
type Assurance struct {
	Level Level
	Why   string // one short text: which field of which server said what

	// Unsigned are those of To, Cc, In-Reply-To and Subject that the signature by which a mail is A1 does not cover: whoever passes a
	// signed mail on can have written these himself.
	Unsigned []string
}
