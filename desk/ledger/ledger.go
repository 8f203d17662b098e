// Package ledger is double entry in integers: what may be posted, and under which key. It hides which account pays for
// what, and how often the same thing can be told without being posted twice (L1, L2).
//
// It holds no balances. Who keeps them, looks up a posting's key, and, where it is new, applies each entry to the
// balance of its account; all in one transaction. A key that is known stands for the same thing told again if the
// posting is the Same, and is a mistake otherwise.
//
//	posting       key                                  from           to
//	Open          open:UNIT:CUSTOMER                   opening        customer
//	TopUp         top_up:REF                           sold           customer
//	Raise         hold:TICKET:STEP                     customer       held
//	Settle        hold:TICKET:STEP                     held           earned    (less: earned to held)
//	Settle        hold:TICKET:STEP                     customer       earned    (postpaid)
//	Release       hold:TICKET:STEP                     held           customer
//	Counter       counter:KEY                          what the posting with that key moved, back
//
// A step is the how-manieth posting on a ticket's hold it is, not how much was charged: a total that goes from 2 to 1
// and to 2 again would come back to a key already used, and lose a credit. Nor does the key tell holding from settling
// or releasing. So two writers who start from the same hold get the same key: for the same thing it is posted once, as
// when one estimate is confirmed many times at once (T036); else the second one is stopped. Who starts from a hold that
// was saved later is told by the hold itself that there is nothing left to do.
package ledger

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A Unit is what an amount counts: credits, minutes, or the minor units of a currency by its ISO 4217 code.
type Unit string

const (
	Credit Unit = "credit"
	Minute Unit = "minute"
)

// Check refuses what is no unit.
func (u Unit) Check() error {
	if u == Credit || u == Minute || len(u) == 3 && strings.Trim(string(u), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return nil
	}
	return fmt.Errorf("unit %q: want credit, minute, or the code of a currency such as EUR", string(u))
}

// An Account is one side of an entry. It has a balance in each unit.
type Account string

// The desk's own accounts.
const (
	Earned  Account = "earned"  // charged for work done
	Sold    Account = "sold"    // against what customers paid: minus all that they topped up
	Opening Account = "opening" // against the balances that customers brought along
)

const customerPrefix, heldPrefix = "customer:", "held:"

// Customer is the account of what a customer can spend.
func Customer(id string) Account { return Account(customerPrefix + id) }

// Held is the account of what a customer has confirmed and work has not used yet, over all tickets.
func Held(id string) Account { return Account(heldPrefix + id) }

// MayGoNegative tells the desk's own accounts, which are the other side of everything, from those of customers.
func (a Account) MayGoNegative() bool {
	return a == Earned || a == Sold || a == Opening
}

// MayGoNegative tells whether the entry may leave its account below zero. A customer's account in a currency may: what is below zero there
// is what he owes for work by the hour, which is paid afterwards (B2). Credits and minutes are bought first.
func (e Entry) MayGoNegative() bool {
	return e.Account.MayGoNegative() || strings.HasPrefix(string(e.Account), customerPrefix) && e.Unit != Credit && e.Unit != Minute
}

// Check refuses what is no account.
func (a Account) Check() error {
	for _, prefix := range []string{customerPrefix, heldPrefix} {
		if id, ok := strings.CutPrefix(string(a), prefix); ok && id != "" {
			return nil
		}
	}
	if a.MayGoNegative() {
		return nil
	}
	return fmt.Errorf("account %q: want customer:ID, held:ID, %s, %s or %s", string(a), Earned, Sold, Opening)
}

// An Entry is the signed change of one account in one unit.
type Entry struct {
	Account Account
	Unit    Unit
	Amount  int64
}

// An InsufficientError says which account has too little, and by how much it should have changed.
type InsufficientError struct {
	Account Account
	Unit    Unit
	Balance int64 // as it is
	Amount  int64 // the change asked for, below zero
}

func (e *InsufficientError) Error() string {
	return fmt.Sprintf("%s has %d %s, too little for %d", e.Account, e.Balance, e.Unit, e.Amount)
}

// ErrOverflow is returned where an amount or a balance would not fit.
var ErrOverflow = errors.New("more than a ledger can count")

// Apply is the account's balance after the entry. It is an *InsufficientError where that would be below zero and the
// account may not. An entry that gives is never refused for that, so that an account below zero, where a policy once
// allowed it, can be filled up.
func (e Entry) Apply(balance int64) (int64, error) {
	after, ok := add(balance, e.Amount)
	if !ok {
		return balance, fmt.Errorf("%s with %d %s, and %d: %w", e.Account, balance, e.Unit, e.Amount, ErrOverflow)
	}
	if e.Amount < 0 && after < 0 && !e.MayGoNegative() {
		return balance, &InsufficientError{e.Account, e.Unit, balance, e.Amount}
	}
	return after, nil
}

func add(a, b int64) (sum int64, ok bool) {
	sum = a + b
	return sum, (sum > a) == (b > 0)
}

// A Posting is a set of entries that belong together and sum to zero in each unit. It is never changed or
// deleted; a mistake is mended by its Counter.
type Posting struct {
	Key     string // of the one thing that it stands for, and never of another
	Cause   string // the kind of thing: "opening", "top_up", "hold", "settle", "release", "counter"
	Ticket  int64  // zero where none is concerned
	At      time.Time
	Entries []Entry
}

// IsZero tells that there is nothing to post.
func (p Posting) IsZero() bool { return p.Key == "" && len(p.Entries) == 0 }

// Check says everything that keeps the posting out of the books, one error a line, or nil.
func (p Posting) Check() error {
	var wrong []error
	note := func(format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("posting %q: "+format, append([]any{p.Key}, args...)...))
	}

	if p.Key == "" {
		note("no key")
	}
	if p.Cause == "" {
		note("no cause")
	}
	if p.At.IsZero() {
		note("no time")
	}
	if len(p.Entries) == 0 {
		note("no entries")
	}
	type side struct {
		account Account
		unit    Unit
	}
	seen := map[side]bool{}
	var units []Unit // in the order of the entries, so that the error is always the same
	for _, e := range p.Entries {
		if err := errors.Join(e.Account.Check(), e.Unit.Check()); err != nil {
			note("%w", err)
		}
		switch {
		case e.Amount == 0:
			note("nothing changes on %s", e.Account)
		case e.Amount == math.MinInt64: // has no counter-entry
			note("%d %s on %s: %w", e.Amount, e.Unit, e.Account, ErrOverflow)
		}
		if seen[side{e.Account, e.Unit}] {
			note("%s twice in %s", e.Account, e.Unit)
		}
		seen[side{e.Account, e.Unit}] = true
		if !slices.Contains(units, e.Unit) {
			units = append(units, e.Unit)
		}
	}
	for _, unit := range units {
		if sum, ok := p.sum(unit); !ok {
			note("the sum in %s: %w", unit, ErrOverflow)
		} else if sum != 0 {
			note("%d %s too much", sum, unit)
		}
	}
	return errors.Join(wrong...)
}

func (p Posting) sum(unit Unit) (sum int64, ok bool) {
	for _, e := range p.Entries {
		if e.Unit != unit {
			continue
		}
		if sum, ok = add(sum, e.Amount); !ok {
			return 0, false
		}
	}
	return sum, true
}

// Same tells whether two postings stand for the same thing, told perhaps at different times.
func (p Posting) Same(q Posting) bool {
	return p.Key == q.Key && p.Cause == q.Cause && p.Ticket == q.Ticket && slices.Equal(p.Entries, q.Entries)
}

// Open brings the balance along that a customer had when the desk began: once for each customer and unit.
func Open(customer string, unit Unit, n int64, at time.Time) Posting {
	key := fmt.Sprintf("open:%s:%s", unit, customer)
	return move(key, "opening", 0, at, unit, n, Opening, Customer(customer))
}

// TopUp gives a customer what he bought. Ref names the purchase for all customers and ways to pay, such as
// "voucher:SPRING-7" or the payment provider's id: the same voucher is not taken twice, by whomever (L3). Without a ref
// there is no key, which Check refuses.
func TopUp(ref, customer string, unit Unit, n int64, at time.Time) Posting {
	key := ""
	if ref != "" {
		key = "top_up:" + ref
	}
	return move(key, "top_up", 0, at, unit, n, Sold, Customer(customer))
}

// Counter undoes a posting, once (T044). It knows nothing of holds: to change what was charged on a ticket, settle it
// anew.
func Counter(p Posting, at time.Time) Posting {
	back := Posting{Key: "counter:" + p.Key, Cause: "counter", Ticket: p.Ticket, At: at, Entries: slices.Clone(p.Entries)}
	for i := range back.Entries {
		back.Entries[i].Amount = -back.Entries[i].Amount
	}
	return back
}

// move posts n from one account to another, or -n the other way.
func move(key, cause string, ticket int64, at time.Time, unit Unit, n int64, from, to Account) Posting {
	return Posting{Key: key, Cause: cause, Ticket: ticket, At: at, Entries: []Entry{{from, unit, -n}, {to, unit, n}}}
}
