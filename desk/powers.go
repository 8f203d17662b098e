package desk

import "github.com/postdesk/postdesk/desk/message"

// A wish is what a mail asks of the desk, by what it is and says. Storing a mail gives no power (G2): what follows from it is read from
// this table alone, and nothing in a policy or a mail can loosen it (T120).
type wish string

// The wishes of THREATS.md, in its words.
const (
	wishStore       wish = "be stored and seen by engineers"
	wishOpen        wish = "open a ticket as a known contact"
	wishAcknowledge wish = "get an acknowledgement"
	wishJoin        wish = "join a ticket as participant"
	wishJoinToken   wish = "join as non-participant, with a token"
	wishJoinBare    wish = "join as non-participant, without a token"
	wishReopen      wish = "close, reopen"
	wishConfirm     wish = "confirm an estimate up to the limit"
	wishSpend       wish = "spend above the limit"
	wishNote        wish = "engineer: internal note"
	wishAct         wish = "engineer: public answer, time, status"
)

// A grant is what the table gives.
type grant string

const (
	no         grant = "no"
	yes        grant = "yes"
	held       grant = "held"       // kept for a person to decide
	heldAlert  grant = "held+alert" // and the person in whose name it came is told, at the address on file
	unverified grant = "unverified" // yes, and marked as not proven
	fixed      grant = "fixed"      // fixed text without a word of the sender's, one a day
	linked     grant = "linked"     // a new ticket, linked to the first
	ask        grant = "ask"        // the address on file is asked
	link       grant = "link"       // only through a link sent to the address on file
	notice     grant = "notice"     // kept for a person, and the registered address is told
)

// powers is the decision table of THREATS.md: what a mail of each level gets. A level proven later (A3) is not a mail's.
var powers = map[wish][message.LevelA3]grant{
	//                 X          A0          A1s     A1      A2
	wishStore:       {held, unverified, yes, yes, yes},
	wishOpen:        {held, unverified, yes, yes, yes},
	wishAcknowledge: {no, fixed, yes, yes, yes},
	wishJoin:        {held, unverified, yes, yes, yes},
	wishJoinToken:   {held, linked, linked, held, yes},
	wishJoinBare:    {held, linked, linked, linked, linked},
	wishReopen:      {held, ask, ask, yes, yes},
	wishConfirm:     {held, link, link, link, yes},
	wishSpend:       {no, link, link, link, link},
	wishNote:        {heldAlert, no, no, notice, yes},
	wishAct:         {heldAlert, no, no, no, yes},
}

// may looks a wish up at a level.
func may(w wish, l message.Level) grant {
	row, known := powers[w]
	if !known || l < message.LevelX || int(l) >= len(row) {
		return no
	}
	return row[l]
}
