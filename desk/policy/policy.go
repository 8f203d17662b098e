// Package policy is the one file an operator writes: who the desk is, which mailboxes it reads, who answers, what is asked and what it
// costs. Reading it finds every mistake at once, each with file, line, column, what was found and what was expected; what is returned is
// complete, with every default filled in and every name it mentions known (R1).
package policy

import (
	"crypto"
	"net/netip"
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/rules"
	"github.com/postdesk/postdesk/desk/seal"
)

// A Policy is one policy file, read and checked. It does not change after Read: a desk that gets a new file swaps the whole value.
type Policy struct {
	File  string   // the name it was read by, for messages
	Files []string // it, and those that it includes

	Desk      Desk
	Tokens    message.Keyring // without Epoch: that belongs to the database
	TokensSet bool            // false where the file has no keys and the fixed ones of simulate stand in; serve refuses those

	Secrets seal.Keyring // what the database holds of secrets is closed by it; without keys it holds none

	Signers   []Signer // of our own mail (DKIM); none: the server signs, or nobody
	Alarm     Alarm
	Providers []*Provider
	Mailboxes []*Mailbox // in the order of the file
	Channels  []*Channel // in the order of the file
	Calendars map[string]*calendar.Calendar
	Queues    []*Queue
	Staff     []*Staff
	Classes   []*Class
	Products  []*Product
	Details   []*Detail
	Plans     []*Plan
	Rates     []*Rate

	Portal Portal

	FreeWindow FreeWindow
	Credits    Credits
	Life       Life
	Clocks     Clocks  // the targets of classes that name none
	Digest     *Digest // nil where nobody gets one
	Rules      *rules.Set
	RuleClocks map[string]Clocks // by the rule that sets them

	Conduct   *Conduct // nil where the file has none
	Relay     *Relay   // nil where the file has none
	Payment   *Payment // nil where the file has none
	Retention Retention

	// Unset are the secrets that the file asks for and this machine does not hold. A file is not wrong for that, and simulate needs
	// none of them; serve refuses to start without, and check tells them.
	Unset Mistakes
	// Later is what the file says and this version does not do.
	Later []Notice

	by index
}

// Desk says who we are.
type Desk struct {
	Name     string
	Domain   string         // right side of our Message-IDs
	Zone     *time.Location // the policy's zone: whole days of world files, free windows
	Language string         // when neither contact, account, mail nor mailbox tells one
	Calendar string         // where a mailbox or class names none
	// DefaultClass is that of a mail to which no rule gave one.
	DefaultClass string
	// OwnDomains are those whose mail only we send: Domain, and what own_domains adds. A mailbox's domain is not one by itself, since
	// at a provider's the customers may have theirs too.
	OwnDomains []string
	Contact    string // the management contact (C3), an address
	Resolver   string // host:port of the name server that is asked for keys and policies of senders, "" for the system's
	Templates  string // folder with the operator's own templates, "" for none
}

// A Mailbox is one address that customers write to, and the account that is polled for it.
type Mailbox struct {
	Name     string
	Address  string   // canonical
	Aliases  []string // further addresses delivered here, canonical
	Queue    string
	Product  string // "" unless all mail here is about one
	Language string // "" for the desk's
	Calendar string

	Server string   // authserv-id of the one server whose Authentication-Results count here (RFC 8601), "" for none
	Hosts  []string // that server's names in Received fields; Server alone unless said otherwise

	// CheckSignatures: what Server has not decided is looked at by ourselves, with keys and policies from the DNS; default true.
	CheckSignatures bool

	AcknowledgeUnverified bool // the fixed acknowledgement at level A0; default true
	Plus                  bool // the server delivers support+anything@ here, so that answers may come to addresses with a token; default true

	IMAP *IMAP // nil where nothing is polled (simulate, demo)
	SMTP *SMTP // nil where nothing is sent
}

// IMAP is how a mailbox is polled (M1).
type IMAP struct {
	Host     string
	Port     int
	TLS      string // "implicit", "starttls", "none" (loopback only)
	Username string
	Password Secret
	OAuth    string        // the provider whose tokens serve instead of a password, "" for none
	Folder   string        // INBOX
	Flag     string        // keyword set on a mail once it is committed; "" for none
	Move     string        // folder a mail is moved to once it is committed; "" leaves it
	Every    time.Duration // the periodic pass beside IDLE
	Cutoff   time.Time     // mails that arrived before are taken in silently (F01); zero: the moment of first contact
}

// SMTP is where a mailbox's answers are submitted (RFC 6409).
type SMTP struct {
	Host     string
	Port     int
	TLS      string
	Username string
	Password Secret
	OAuth    string // as in IMAP
	Parallel int    // connections that carry mail at one time, 1 or more
}

// A Provider lets us into mailboxes by tokens (RFC 6749), which IMAP and SMTP take by XOAUTH2.
type Provider struct {
	Name         string
	ClientID     string
	ClientSecret Secret    // "" for a public client
	SecretEnds   time.Time // when the last day of ClientSecret is over, zero where it has none
	TokenURL     string
	DeviceURL    string // RFC 8628
	AuthURL      string
	RedirectURL  string
	Scopes       []string
	Days         int // that a refresh token lives where the provider does not tell, 0 for ever
}

// A Portal is the pages beside the mail. Without a URL there is none.
type Portal struct {
	URL     string         // what every link begins with, such as "https://help.desk.example"; no slash at its end
	Listen  string         // host and port where the program serves it
	Mailbox string         // whose terms hold for what is asked at a page
	Upload  int64          // bytes that one form may bring
	Proxies []netip.Prefix // whose word counts for where a request comes from
}

// Alarm is how the operator learns that mail stops, by a way that does not depend on that mail. Without any way there is only the log.
type Alarm struct {
	After  time.Duration // a mailbox that is not read, clocks that do not run, a database that is away, for longer
	Unsent time.Duration // a mail that waits to be sent for longer
	Again  time.Duration // how often it is said while it lasts

	Mail      *AlarmMail
	Command   []string
	Webhook   Secret // an address, often with a token in it
	Heartbeat Secret // an address or a file, reached every half minute while all is well
}

// AlarmMail is an account of another server than that of the desk's own mail, and who is written to.
type AlarmMail struct {
	SMTP
	From string
	To   []string
}

// Silent tells whether the log is the only way.
func (a Alarm) Silent() bool {
	return a.Mail == nil && len(a.Command) == 0 && a.Webhook == "" && a.Heartbeat == ""
}

// A Signer signs mail that is from its domain (RFC 6376). With several for one, each signs: not everybody knows Ed25519 (RFC 8463).
type Signer struct {
	Domain   string
	Selector string
	Key      SigningKey
}

// A SigningKey is a private key that never prints itself.
type SigningKey struct{ crypto.Signer }

// String hides the key.
func (SigningKey) String() string { return "(hidden)" }

// GoString hides the key from %#v too.
func (SigningKey) GoString() string { return "(hidden)" }

// A Secret is a password or key: it never prints itself.
type Secret string

// String hides the secret.
func (Secret) String() string { return "(hidden)" }

// GoString hides the secret from %#v too.
func (Secret) GoString() string { return "(hidden)" }

// MarshalText hides the secret from anything that writes a policy out.
func (Secret) MarshalText() ([]byte, error) { return []byte("(hidden)"), nil }

// A Queue is where tickets wait for the people who work on it.
type Queue struct {
	Name        string
	Title       Text
	Dispatchers []string     // staff who get unassigned tickets; all with the role dispatcher unless named
	Assign      string       // staff who gets them at once, "" for dispatch
	Among       *rules.Among // from whom one is chosen who gets them at once; nil for dispatch
}

// Staff is one person who acts for the desk.
type Staff struct {
	ID       string // the name in /assign and in the ledger of time
	Name     string // as customers see it
	Address  string // canonical; never shown to a customer (S1)
	Logins   []string
	Roles    []Role
	Queues   []string // where they may act; all where empty
	Language string
	Zone     *time.Location

	Skills []string  // what a rule may ask for
	Writes []string  // languages that they answer in; any where empty
	Hours  string    // calendar of their working hours, "" for always
	Absent []Absence // days on which nothing is given to them
}

// A Role is what a staff member may do.
type Role string

// The roles of this version.
const (
	Engineer   Role = "engineer"
	Dispatcher Role = "dispatcher"
	Moderator  Role = "moderator"
)

// Has tells whether the person has the role.
func (s *Staff) Has(r Role) bool {
	for _, have := range s.Roles {
		if have == r {
			return true
		}
	}
	return false
}

// May tells whether the person may act on tickets of the queue.
func (s *Staff) May(queue string) bool {
	if len(s.Queues) == 0 {
		return true
	}
	for _, q := range s.Queues {
		if q == queue {
			return true
		}
	}
	return false
}

// A Class is what is asked, with its terms.
type Class struct {
	Name       string
	Title      Text
	Queue      string // "" keeps the ticket's
	Priority   string
	Calendar   string
	Billing    Billing
	Estimate   *rules.Range // the class's range in credits; nil is "upon request": an engineer estimates (A3)
	FreeWindow bool         // may be asked in the free window
	Clocks     Clocks
	Details    []string // what a request must hold before work begins (C4)
	Rate       string   // billing "hourly": its rate
	Owner      bool     // goes to the owner of its product, where that has one (C6)
}

// Billing says how a ticket is paid.
type Billing string

// The billings of this version.
const (
	Free           Billing = "free"
	ByCredits      Billing = "credits"
	ByHour         Billing = "hourly"       // by time, at a rate
	BySubscription Billing = "subscription" // free for whom a plan in force covers
)

var billings = []string{string(Free), string(ByCredits), string(ByHour), string(BySubscription)}

// A Product is what customers buy.
type Product struct {
	Name    string
	Title   Text
	Owner   string   // staff who gets what is said about it (C6), "" for nobody
	Staff   []string // who may get its tickets; all where empty (C5)
	Classes []string // what may be asked about it, the first where no rule gives one; all where empty
}

// Text is a short text in several languages, by ISO 639-1 code.
type Text map[string]string

// In gives the text in the language, else in English, else any, so that a title is never empty where one is given.
func (t Text) In(language string) string {
	if s, ok := t[language]; ok {
		return s
	}
	if s, ok := t["en"]; ok {
		return s
	}
	best := ""
	for lang := range t {
		if best == "" || lang < best {
			best = lang
		}
	}
	return t[best]
}

// FreeWindow is the time of free support after a purchase (A1).
type FreeWindow struct {
	Days     int  // the date of purchase + Days, inclusive; 0: there is none
	Promised bool // whether its deadlines are promised to the customer; default false: they are aims
}

// Credits are the terms of prepaid work (A2, L2).
type Credits struct {
	Rate         ledger.Rate // minutes a credit, and the least an incident costs
	ConfirmLimit int64       // credits a mail at level A2 may confirm
	HowToBuy     Text        // told wherever the balance is short
}

// Life are the terms of a ticket's life (M7).
type Life struct {
	CloseResolved  int // working days of silence after which a resolved ticket closes
	ReopenDays     int // days after closing in which a reply reopens
	RemindAwaiting int // working days in awaiting_* after which the customer is reminded
	CloseAwaiting  int // working days in awaiting_* after which the ticket closes
}
