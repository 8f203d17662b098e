// Package fault lets a test end the desk at a named place on the way of a mail, and plant the mistakes that such an end uncovers. It hides
// how: in a binary built with -tags faults the environment says what shall happen; in every other one nothing can, and the compiler
// leaves all of it out.
//
//	POSTDESK_FAULT=committed:3    the process kills itself when it comes to that point for the third time
//	POSTDESK_PLANTED=mark-first   the desk makes that mistake
//	POSTDESK_HURRY=400            leases and waits are so many times shorter
//	POSTDESK_SKEW=1h              the process's clock is wrong by that much
package fault

// A Point is a place on the way of a mail.
type Point string

// The points, in the order in which a mail comes to them.
const (
	Fetch     Point = "fetch"     // before a mail is asked for
	Literal   Point = "literal"   // some bytes of it were read
	Chunk     Point = "chunk"     // a piece of a source is written
	Statement Point = "statement" // before a statement
	Posting   Point = "posting"   // credits have moved, and nothing is committed
	Commit    Point = "commit"    // before a transaction is committed
	Committed Point = "committed" // after it was
	Marked    Point = "marked"    // a mail was flagged or moved on its server
	Claimed   Point = "claimed"   // a mail of the outbox was leased
	Data      Point = "data"      // the server waits for the message
	Dot       Point = "dot"       // the message was sent to its last dot, and no answer is read yet
	Accepted  Point = "accepted"  // the server has taken it
	Recorded  Point = "recorded"  // how the try ended is written down
)

// Migration is a place on no mail's way: before a step of a migration.
const Migration Point = "migration"

// Points are all that a mail comes to, in that order.
func Points() []Point {
	return []Point{Fetch, Literal, Chunk, Statement, Posting, Commit, Committed, Marked, Claimed, Data, Dot, Accepted, Recorded}
}

// A Mistake is a wrong order of steps, or one step too few (T092).
type Mistake string

// The mistakes. Each could be made in one line, and goes unnoticed until a process ends at the wrong moment.
const (
	MarkFirst     Mistake = "mark-first"           // mails are moved on the server before the desk has them
	CursorFirst   Mistake = "cursor-first"         // the cursor is saved before the mail
	NoUniqueKey   Mistake = "no-unique-key"        // cursor and reception are saved after the commit, and no identity tells the same mail
	SourceLate    Mistake = "source-late"          // the raw source is written after the commit
	JournalLate   Mistake = "journal-late"         // the journal is
	DebitLate     Mistake = "debit-late"           // postings are
	DedupeByID    Mistake = "dedupe-by-message-id" // another mail with a known Message-ID is taken for the same
	HoldKept      Mistake = "hold-not-freed"       // what a closed ticket held is not given back
	SentFirst     Mistake = "sent-first"           // a mail is recorded as sent before it is
	NoTrace       Mistake = "no-trace"             // nothing is written down before DATA
	NewIDOnRetry  Mistake = "new-id-on-retry"      // a retry is composed anew, with another Message-ID
	RefusedAnyway Mistake = "retry-after-5xx"      // a mail that was refused for good is tried again
	NodeClock     Mistake = "lease-by-node-clock"  // leases end by the clock of the node that asks, and not by the one that nodes share
	BySequence    Mistake = "sequence-numbers"     // how many mails a folder has is taken for the number of its last one
)

// Mistakes are all of them.
func Mistakes() []Mistake {
	return []Mistake{MarkFirst, CursorFirst, NoUniqueKey, SourceLate, JournalLate, DebitLate, DedupeByID, HoldKept, SentFirst, NoTrace, NewIDOnRetry, RefusedAnyway,
		NodeClock, BySequence}
}
