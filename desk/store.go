package desk

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
)

var (
	// ErrNotFound is returned by a look-up that names nothing.
	ErrNotFound = errors.New("not found")
	// ErrTaken is returned to a node whose lease of a mail has ended, and which another one has had since.
	ErrTaken = errors.New("another node has the mail")
	// ErrUnavailable wraps what a store returns when the database cannot be reached: nothing was written, and the same call may
	// succeed later.
	ErrUnavailable = errors.New("database is away")
	// ErrFull wraps what a store returns when there is no room left: nothing was written, and the same call succeeds once there is.
	ErrFull = errors.New("no space left for the database")
)

// A Store keeps everything the desk knows. It is an interface since the desk may not know SQL (desk/store is the one implementation,
// on two engines). Neither method may be called inside the other.
type Store interface {
	// View gives a transaction that sees one state and cannot write.
	View(ctx context.Context, do func(Tx) error) error
	// Update gives a transaction that is committed when do returns nil and leaves no trace when it returns an error. do may be run
	// again when the database asks for it (a serialization failure or a deadlock), so it must not keep results of a failed run.
	Update(ctx context.Context, do func(Tx) error) error
}

// A Tx is one transaction. Look-ups of one thing return ErrNotFound when there is none; lists are empty then.
type Tx interface {
	// Now is the clock that nodes share: the database's on PostgreSQL, the process's on SQLite. Leases and expiry go by it, and
	// nothing else does: a ticket's times come from the desk's own Now, so that simulate can set it.
	Now(ctx context.Context) (time.Time, error)
	// Expect tells an Update which mails it is going to decide over: what the look-ups of each ask is then asked once for all, and from then
	// on what is added is written in sets. It changes only what that costs; a transaction may expect more than once.
	Expect(ctx context.Context, e Expected) error
	// Meta is a small value of the whole desk by name: the instance's epoch, for one.
	Meta(ctx context.Context, name string) (string, error)
	// SetMeta keeps the value if the name is new, and returns the one that stands.
	SetMeta(ctx context.Context, name, value string) (string, error)
	// PutMeta keeps the value in the place of any that stands; "" takes the name away.
	PutMeta(ctx context.Context, name, value string) error

	// Secret is one by name, as it is sealed; SecretsOf are those of one owner, Secrets all after a name, by name; the first come after
	// the zero one.
	Secret(ctx context.Context, name SecretName) (Secret, error)
	SecretsOf(ctx context.Context, kind, owner string) ([]Secret, error)
	Secrets(ctx context.Context, after SecretName, limit int) ([]Secret, error)
	// SaveSecret adds or replaces a secret; DeleteSecret takes it away, if there is one.
	SaveSecret(ctx context.Context, s Secret) error
	DeleteSecret(ctx context.Context, name SecretName) error
	// ReplaceSecret writes another seal around the same secret, and is false where it is not sealed any more as it was.
	ReplaceSecret(ctx context.Context, s Secret, old []byte) (bool, error)

	// Lease claims name for node until the given time of Now, and tells whether it is the node's now. A node renews its own.
	Lease(ctx context.Context, name, node string, until time.Time) (bool, error)
	// Release gives up a lease of node's.
	Release(ctx context.Context, name, node string) error

	// Cursor is how far a folder has been read, ErrNotFound before the first mail.
	Cursor(ctx context.Context, mailbox, folder string) (Cursor, error)
	// SaveCursor moves the cursor. Within one UIDVALIDITY it never goes back (T094).
	SaveCursor(ctx context.Context, c Cursor) error
	// Reception is what became of one UID.
	Reception(ctx context.Context, at Position) (Reception, error)
	// SaveReception records what became of one UID; the first record stands.
	SaveReception(ctx context.Context, r Reception) error

	// SaveSource keeps the bytes exactly, in compressed chunks, and streams them: memory does not grow with size. An error of r
	// is returned and fails the transaction.
	SaveSource(ctx context.Context, r io.Reader) (id int64, err error)
	// Source writes the bytes of a source to w, one chunk at a time.
	Source(ctx context.Context, id int64, w io.Writer) error

	// AddMessage keeps a mail that came in, with its attachments' descriptions, and sets its ID.
	AddMessage(ctx context.Context, m *Message) error
	// Message is one by id; Messages are those of a ticket, oldest first; Held are those that wait for a person, oldest first.
	Message(ctx context.Context, id int64) (*Message, error)
	Messages(ctx context.Context, ticket int64) ([]*Message, error)
	// Recent are the latest messages of a ticket, latest first, at most that many.
	Recent(ctx context.Context, ticket int64, most int) ([]*Message, error)
	Held(ctx context.Context, limit int) ([]*Message, error)
	// SaveMessage writes back where a message belongs and what it is there: its ticket, outcome, how it was found and why, and whether it is
	// internal. ErrNotFound for one whose outcome is not was any more: of two people at once, the second changes nothing.
	SaveMessage(ctx context.Context, m *Message, was Outcome) error
	// CountMessages counts those of a ticket that arrived since a time.
	CountMessages(ctx context.Context, ticket int64, since time.Time) (int, error)
	// MoveMessages makes all messages of a ticket another's.
	MoveMessages(ctx context.Context, from, to int64) error
	// Headings are those of messages on tickets, latest first, held ones left out. At most 20 are read, whatever Limit says.
	Headings(ctx context.Context, f HeadingFilter) ([]Heading, error)
	// SameMail is the message with this identity (message.Message.Identity), ErrNotFound for a mail never seen.
	SameMail(ctx context.Context, identity string) (*Message, error)

	// AddRefs makes ids lead to a ticket. An id may lead to several.
	AddRefs(ctx context.Context, refs []Ref) error
	// Refs are all that is known of the ids, in no order. At most 200 ids are looked up.
	Refs(ctx context.Context, ids []message.ID) ([]Ref, error)
	// DropRefs ends that ids lead to a ticket.
	DropRefs(ctx context.Context, ids []message.ID, ticket int64) error

	// AddTicket opens a ticket and sets its Number, from 1 and rising.
	AddTicket(ctx context.Context, t *Ticket) error
	// Ticket is one by number, whole. Inside Update it is locked until the end of the transaction.
	Ticket(ctx context.Context, number int64) (*Ticket, error)
	// Tickets are those that a filter lets through, highest number first, without their participants. None is locked.
	Tickets(ctx context.Context, f TicketFilter) ([]*Ticket, error)
	// SaveTicket writes back what was loaded, with its clocks and participants.
	SaveTicket(ctx context.Context, t *Ticket) error
	// Waking are the numbers of tickets whose WakeAt is not after now, earliest first.
	Waking(ctx context.Context, now time.Time, limit int) ([]int64, error)
	// NextWake is the earliest WakeAt and timer of all, ErrNotFound when nothing waits for the clock.
	NextWake(ctx context.Context) (time.Time, error)
	// StartTimer makes the desk look at something beside its tickets at a time; where it is to be looked at already, that time stands.
	StartTimer(ctx context.Context, name string, at time.Time) error
	// DueTimers are the names of those whose time is not after now; EndTimer ends one, and is false where another was quicker.
	DueTimers(ctx context.Context, now time.Time) ([]string, error)
	EndTimer(ctx context.Context, name string) (bool, error)
	// Load is how many tickets somebody of the staff works on, and the number of the one he got last, 0 for none.
	Load(ctx context.Context, staff string) (open int, last int64, err error)
	// AwaitingCredits are the tickets of a customer in that status, oldest first.
	AwaitingCredits(ctx context.Context, customer string) ([]int64, error)

	// ReadableBy are tickets that a contact opened or takes part in, and all those of a customer unless that is "", highest number first,
	// without their participants. Below is the next page, as in TicketFilter.
	ReadableBy(ctx context.Context, contact int64, customer string, below int64, limit int) ([]*Ticket, error)

	// SaveCustomer adds or replaces a customer; Customer finds one.
	SaveCustomer(ctx context.Context, c Customer) error
	Customer(ctx context.Context, id string) (Customer, error)
	// CustomerLike finds a customer by an id in which the case of letters counts for nothing.
	CustomerLike(ctx context.Context, id string) (Customer, error)
	// SaveContact adds a contact (ID 0) or replaces one, and sets its ID. Address is unique.
	SaveContact(ctx context.Context, c *Contact) error
	// ContactOf finds a contact by canonical address.
	ContactOf(ctx context.Context, address string) (*Contact, error)
	// Contacts are those of a customer, in the order they were added.
	Contacts(ctx context.Context, customer string) ([]*Contact, error)
	// Contact is one by ID.
	Contact(ctx context.Context, id int64) (*Contact, error)
	// AddEntitlement adds what a shop sold. Told again of one customer, kind, product, plan and first day, it is the same entitlement:
	// its last day, and whether it was refunded, are then what was told last. Entitlements are a customer's, latest first.
	AddEntitlement(ctx context.Context, e Entitlement) error
	Entitlements(ctx context.Context, customer string) ([]Entitlement, error)

	// Post writes a posting and moves the balances, or returns ledger.InsufficientError and writes nothing. Balances are those after
	// it, entry by entry. A posting whose key is known is not written again: posted is false and balances nil.
	Post(ctx context.Context, p ledger.Posting) (balances []int64, posted bool, err error)
	// Posting is the one with this key, its entries in order; ErrNotFound for a key never posted.
	Posting(ctx context.Context, key string) (ledger.Posting, error)
	// Balance is what an account holds; an account never posted to holds 0.
	Balance(ctx context.Context, account ledger.Account, unit ledger.Unit) (int64, error)
	// Accounts are all accounts after one, by name and unit; the first come after the zero one.
	Accounts(ctx context.Context, after AccountBalance, limit int) ([]AccountBalance, error)
	// AccountsOf are what an account holds, by unit; Statement are its entries by unit, each unit's in the order of their posting.
	AccountsOf(ctx context.Context, account ledger.Account) ([]AccountBalance, error)
	Statement(ctx context.Context, account ledger.Account) ([]StatementLine, error)
	// Recount compares every balance with the sum of its entries, every entry's balance with the running sum, and every posting with
	// zero, and returns what does not agree, in words.
	Recount(ctx context.Context) ([]string, error)

	// AddTime records minutes worked; one message and line counts once.
	AddTime(ctx context.Context, e TimeEntry) error
	// Minutes are those of one engineer on one ticket so far.
	Minutes(ctx context.Context, ticket int64, staff string) (int, error)

	// The portal keeps hashes of its secrets. What has expired by Now is not found. AddSession begins one, Session is who it is of,
	// DropSession ends it. DropSessionsOf ends all of a contact's and makes his unused links useless.
	AddSession(ctx context.Context, hash []byte, g Guest) error
	Session(ctx context.Context, hash []byte) (Guest, error)
	DropSession(ctx context.Context, hash []byte) error
	DropSessionsOf(ctx context.Context, contact int64) error
	// AddLink makes a one-use secret, Link is who it is for, UseLink uses it: the second time it is not found.
	AddLink(ctx context.Context, hash []byte, g Guest) error
	Link(ctx context.Context, hash []byte) (Guest, error)
	UseLink(ctx context.Context, hash []byte) (Guest, error)
	// SavePassword keeps the hash of a contact's password in the place of the one before.
	SavePassword(ctx context.Context, contact int64, hash string, at time.Time) error
	Password(ctx context.Context, contact int64) (hash string, err error)
	// AddPlea keeps what somebody has asked for until TakePlea takes it, oldest first.
	AddPlea(ctx context.Context, p Plea) error
	TakePlea(ctx context.Context) (Plea, error)
	// Try counts a try of name and gives how many there were, this one included, in a time that begins with the first.
	Try(ctx context.Context, name string, within time.Duration) (int, error)
	// SaveDraft keeps words for a ticket until they expire or TakeDraft takes them.
	SaveDraft(ctx context.Context, hash []byte, ticket int64, words string, expires time.Time) error
	TakeDraft(ctx context.Context, hash []byte, ticket int64) (words string, err error)
	// SweepPortal drops what of all this has expired.
	SweepPortal(ctx context.Context) error

	// Append adds a line to the journal and sets its ID.
	Append(ctx context.Context, e *Event) error
	// Events are lines of the journal with an ID above after, in order; Journal is that of one ticket, and JournalSince its lines from a time on,
	// latest first. It reads no more than was written since, and looks for none behind a hundred older ones.
	Events(ctx context.Context, after int64, limit int) ([]Event, error)
	Journal(ctx context.Context, ticket int64) ([]Event, error)
	JournalSince(ctx context.Context, ticket int64, since time.Time) ([]Event, error)

	// AddMail puts a mail into the outbox and sets its ID.
	AddMail(ctx context.Context, m *Mail) error
	// Mail is one by ID, with its text. Mails are those of a ticket, oldest first.
	Mail(ctx context.Context, id int64) (*Mail, error)
	Mails(ctx context.Context, ticket int64) ([]*Mail, error)
	// LeaseMails claims the next mails that may be tried, at most that many, until the given time of Now. Where other nodes were quicker, it looks
	// again by itself.
	LeaseMails(ctx context.Context, node string, until time.Time, most int) ([]*Mail, error)
	// SetMIME keeps the source that every try of the mail sends. The first stands, and it is false for another.
	SetMIME(ctx context.Context, mail, source int64) (bool, error)
	// Tried records tries and what becomes of their mails; ErrTaken where one was another node's turn.
	Tried(ctx context.Context, tries ...Attempt) error
	// WaitingMails are those of the outbox that are to be sent, in the order of their next try; FailedMails those that were given up,
	// latest first.
	WaitingMails(ctx context.Context, limit int) ([]*Mail, error)
	FailedMails(ctx context.Context, limit int) ([]*Mail, error)
	// RetryMail makes a mail due at once, also one that was given up, and records why as an attempt. It changes nothing and is false for
	// a mail that was sent, that a node has leased, or that was tried since it was read.
	RetryMail(ctx context.Context, m *Mail, why string) (bool, error)
	// Attempts are a mail's tries in order.
	Attempts(ctx context.Context, mail int64) ([]Attempt, error)
	// NextMail is when the earliest waiting mail may be tried, ErrNotFound when none waits.
	NextMail(ctx context.Context) (time.Time, error)
	// Mute ends automatic mail to an address, and keeps the first reason; Muted is that reason, ErrNotFound where there is none; Unmute
	// lets mail go there again, and is false where it did.
	Mute(ctx context.Context, address, why string, at time.Time) error
	Muted(ctx context.Context, address string) (why string, err error)
	Unmute(ctx context.Context, address string) (bool, error)
	// Vitals are counts of what waits, for health and metrics. Their cost does not grow with what is stored, only with what waits.
	Vitals(ctx context.Context) (Vitals, error)
	// SentTo counts mails put into the outbox for an address since a time: automatic ones only, of one template unless it is "", of
	// one ticket unless it is 0. It is what limits acknowledgements, questions and loops.
	SentTo(ctx context.Context, address, template string, ticket int64, since time.Time) (int, error)
}

// Expected is what a transaction is told ahead.
type Expected struct {
	Sources int // how many are going to be kept beside those of the mails
	Mails   []ExpectedMail
	Since   time.Time // from which on mails to their senders are going to be counted
	Latest  int       // how many of the latest messages are going to be read of a ticket that one of them belongs to
}

// An ExpectedMail is one, with the keys of what is looked up for it. A key that is left out, or names nothing, does no harm.
type ExpectedMail struct {
	Position Position
	Identity string
	ID       message.ID
	Names    []message.ID    // that it refers to
	Answers  message.ID      // of these, the one whose ticket it most likely belongs to
	Address  string          // of its sender, canonical
	Headings []HeadingFilter // that are going to be asked for
	Opens    bool            // it opens a ticket, as far as can be told from the mail alone
}

// Vitals are what shows whether mail flows.
type Vitals struct {
	Outbox  []Unsent // by mailbox, those with none left out
	Held    int      // mails that wait for a person
	Overdue int      // tickets whose clock should have fired: more than a few for long means that nobody looks
	Paused  string   // why no mail is sent until a person says so; "" while mail is sent
}

// Unsent is what of a mailbox's mail waits to be sent.
type Unsent struct {
	Mailbox string
	Waiting int
	Oldest  time.Time
}

// A TicketFilter chooses tickets; what is zero lets all through.
type TicketFilter struct {
	Status    Status
	Unclosed  bool // leaves out those that are closed
	Queue     string
	Customer  string
	Requester int64 // ID of a contact
	Below     int64 // only numbers below it: the next page
	Limit     int
}

// An AccountBalance is what an account holds in one unit.
type AccountBalance struct {
	Account ledger.Account
	Unit    ledger.Unit
	Balance int64
}

// A StatementLine is one entry of an account, with the posting that it belongs to.
type StatementLine struct {
	At      time.Time
	Key     string
	Cause   string
	Ticket  int64 // 0 where none is concerned
	Unit    ledger.Unit
	Amount  int64
	Balance int64 // after it
}

// A Position is where a mail stood in a mailbox (RFC 9051, 2.3.1.1).
type Position struct {
	Mailbox, Folder  string
	UIDValidity, UID uint32
}

// A Cursor is how far a folder has been read: all of UID and below.
type Cursor = Position

// A Reception is the one named outcome in which a UID ended (G1).
type Reception struct {
	Position
	At      time.Time
	Outcome Outcome
	Message int64 // 0 for a duplicate
	Ticket  int64 // 0 where there is none
}

// A Ref makes a Message-ID lead to a ticket (M3).
type Ref struct {
	ID     message.ID
	Ticket int64
	Kind   RefKind
}

// RefKind says how the desk came to know an id.
type RefKind string

// The ways to know an id, surest first.
const (
	RefSent      RefKind = "sent"      // ours: a mail of the outbox
	RefSeen      RefKind = "seen"      // of a mail that came in
	RefMentioned RefKind = "mentioned" // only named by one: a mail that people sent around us
)
