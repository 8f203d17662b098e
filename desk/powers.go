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
	wishAdd         wish = "add a participant"
	wishReopen      wish = "close, reopen"
	wishConfirm     wish = "confirm an estimate up to the limit"
	wishSpend       wish = "spend above the limit, transfer, refund"
	wishNote        wish = "engineer: internal note"
	wishAct         wish = "engineer: public answer, time, status"
	wishGovern      wish = "roles, rules, ledger fixes, exports"
	wishRelay       wish = "relay to the other party"
)

// A grant is what the table gives.
type grant string

const (
	no           grant = "no"
	yes          grant = "yes"
	held         grant = "held"                       // kept for a person to decide
	heldAlert    grant = "held + alert"               // and the person in whose name it came is told, at the address on file
	heldTold     grant = "held + notice"              // and whoever it claims to be is told, at the address on file
	unverified   grant = "unverified"                 // yes, and marked as not proven
	fixed        grant = "fixed text, 1 a day"        // without a word of the sender's
	linked       grant = "linked"                     // a new ticket, linked to the first
	ask          grant = "ask"                        // the address on file is asked
	link         grant = "link"                       // only through a link sent to the address on file
	notice       grant = "notice"                     // kept for a person, and the registered address is told
	invited      grant = "if invited"                 // who was let in before
	proposal     grant = "proposal"                   // the account's owner and staff are asked, and one of them decides
	byOwner      grant = "account owner, from now on" // who may spend for the account; anybody else's is a proposal
	byPayer      grant = "owner or billing role"      // who may spend for the account
	never        grant = "never"                      // by no mail whatsoever
	secondFactor grant = "with second factor"         // signed in with two
)

// levels are the columns of the table.
const levels = message.LevelA3 + 1

// powers is the decision table of THREATS.md: what each level gives. A mail proves A2 at most; A3 is the second channel, a page that
// somebody signed in to or opened by a one-use link that was sent to the address on file.
var powers = map[wish][levels]grant{
	//                 X           A0          A1s     A1        A2      A3
	wishStore:       {held, unverified, yes, yes, yes, yes},
	wishOpen:        {held, unverified, yes, yes, yes, yes},
	wishAcknowledge: {no, fixed, yes, yes, yes, yes},
	wishJoin:        {held, unverified, yes, yes, yes, yes},
	wishJoinToken:   {held, linked, linked, held, yes, invited},
	wishJoinBare:    {held, linked, linked, linked, linked, invited},
	wishAdd:         {no, no, no, proposal, byOwner, yes},
	wishReopen:      {held, ask, ask, yes, yes, yes},
	wishConfirm:     {held, link, link, link, yes, yes},
	wishSpend:       {no, link, link, link, link, byPayer},
	wishNote:        {heldAlert, no, no, notice, yes, yes},
	wishAct:         {heldAlert, no, no, no, yes, yes},
	wishGovern:      {never, never, never, never, never, secondFactor},
	wishRelay:       {held, heldTold, held, yes, yes, yes},
}

// may looks a wish up at a level.
func may(w wish, l message.Level) grant {
	row, known := powers[w]
	if !known || l < message.LevelX || int(l) >= len(row) {
		return no
	}
	return row[l]
}
