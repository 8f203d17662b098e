package ledger

import (
	"errors"
	"fmt"
	"time"
)

// A Hold is what a ticket keeps of its customer's confirmation: at most Amount is charged, and what work has not
// used goes back at the end (L2). It is a value: the verbs give the hold as it will be and the posting that makes it so,
// and both are saved together or not at all.
type Hold struct {
	Ticket   int64
	Customer string
	Unit     Unit

	Version   int   // of the estimate confirmed last, from 1
	Step      int   // postings made, in all
	Amount    int64 // what the customer confirmed, in all
	Settled   int64 // what was charged of it, in all
	Overspent int64 // what work would have cost beyond Amount; shown, and written off when the ticket closes
	Released  bool  // nothing is held any more: Amount is Settled
	Postpaid  bool  `json:",omitempty"` // nothing is ever held: what is charged is owed, up to Amount (B2)
}

// ErrHold is what a hold that cannot change in the way asked wraps.
var ErrHold = errors.New("not possible with this hold")

// Held is what the hold keeps from being spent.
func (h Hold) Held() int64 {
	if h.Postpaid {
		return 0
	}
	return h.Amount - h.Settled
}

// Postpaid is a hold that holds nothing: the customer has agreed to owe up to what Raise adds. Its Raise and Release post nothing.
func Postpaid(ticket int64, customer string, unit Unit) Hold {
	return Hold{Ticket: ticket, Customer: customer, Unit: unit, Postpaid: true}
}

// Agree is a postpaid hold after another agreement, to n in all. Nothing is posted.
func (h Hold) Agree(version int, n int64) Hold {
	h.Version, h.Amount, h.Released = version, max(n, h.Settled), false
	return h
}

// Raise takes n more, after a confirmation: the first one, for the maximum; another, because work would go above that, or for a reopened
// ticket. The version is the confirmed estimate's, from 1, and must be a later one than before (T037). What was overspent is charged by the next Settle.
func (h Hold) Raise(version int, n int64, at time.Time) (Hold, Posting, error) {
	if version <= h.Version {
		return h, Posting{}, fmt.Errorf("hold %d %s for estimate %d of ticket %d, which came after estimate %d: %w",
			n, h.Unit, version, h.Ticket, h.Version, ErrHold)
	}
	amount, ok := add(h.Amount, n)
	if n <= 0 || !ok {
		return h, Posting{}, fmt.Errorf("hold %d %s for ticket %d: %w", n, h.Unit, h.Ticket, ErrHold)
	}
	h.Version, h.Amount, h.Released = version, amount, false
	if h.Postpaid {
		return h, Posting{}, nil
	}
	h.Step++
	return h, move(h.key(), "hold", h.Ticket, at, h.Unit, n, Customer(h.Customer), Held(h.Customer)), nil
}

// Settle brings what is charged to the ticket's total, which is never that of one entry, but not above the confirmed
// maximum; the rest becomes Overspent. Less than before is given back: to the hold, or to the customer where that was
// released already, who must then confirm anew before it can be charged again. The posting is zero where nothing changes.
func (h Hold) Settle(total int64, at time.Time) (Hold, Posting, error) {
	if total < 0 {
		return h, Posting{}, fmt.Errorf("settle %d %s on ticket %d: %w", total, h.Unit, h.Ticket, ErrHold)
	}
	settled := min(total, h.Amount)
	h.Overspent = total - settled
	more := settled - h.Settled
	if more == 0 {
		return h, Posting{}, nil
	}
	from := Held(h.Customer)
	if h.Released { // Amount is Settled, so it can only be less
		from = Customer(h.Customer)
		h.Amount = settled
	}
	if h.Postpaid {
		from = Customer(h.Customer)
	}
	h.Step++
	h.Settled = settled
	return h, move(h.key(), "settle", h.Ticket, at, h.Unit, more, from, Earned), nil
}

// Release gives back what is held and not settled: when the ticket closes, is merged into another, or its customer is
// banned. The posting is zero where nothing is left, as when it was released before.
func (h Hold) Release(at time.Time) (Hold, Posting) {
	rest := h.Held()
	h.Released = true
	h.Amount = h.Settled
	if rest == 0 {
		return h, Posting{}
	}
	h.Step++
	return h, move(h.key(), "release", h.Ticket, at, h.Unit, rest, Held(h.Customer), Customer(h.Customer))
}

func (h Hold) key() string { return fmt.Sprintf("hold:%d:%d", h.Ticket, h.Step) }
