package ledger

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A book does in memory what a store does in a transaction.
type book struct {
	posted   map[string]Posting
	order    []string
	balances map[Account]map[Unit]int64
}

func newBook() *book {
	return &book{posted: map[string]Posting{}, balances: map[Account]map[Unit]int64{}}
}

var errKeyTaken = errors.New("the key stands for something else")

func (b *book) post(p Posting) error {
	if err := p.Check(); err != nil {
		return err
	}
	if known, ok := b.posted[p.Key]; ok {
		if known.Same(p) {
			return nil
		}
		return errKeyTaken
	}
	after := make([]int64, len(p.Entries))
	for i, e := range p.Entries {
		var err error
		if after[i], err = e.Apply(b.balances[e.Account][e.Unit]); err != nil {
			return err
		}
	}
	for i, e := range p.Entries {
		if b.balances[e.Account] == nil {
			b.balances[e.Account] = map[Unit]int64{}
		}
		b.balances[e.Account][e.Unit] = after[i]
	}
	b.posted[p.Key] = p
	b.order = append(b.order, p.Key)
	return nil
}

func (b *book) of(account Account) int64 { return b.balances[account][Credit] }

// A step of TestHold: what is asked of the hold, and how the books stand after it.
type step struct {
	do                               string // "raise", "settle", "release"
	n                                int64
	spendable, held, earned, overrun int64
}

func TestHold(t *testing.T) {
	for _, tc := range []struct {
		name  string
		steps []step // the customer begins with 10 credits
	}{
		{"less work than confirmed (T045)", []step{{"raise", 4, 6, 4, 0, 0}, {"settle", 3, 6, 1, 3, 0}, {"release", 0, 7, 0, 3, 0}}},
		{"all of it is used", []step{{"raise", 2, 8, 2, 0, 0}, {"settle", 2, 8, 0, 2, 0}, {"release", 0, 8, 0, 2, 0}}},
		{"nothing is done", []step{{"raise", 2, 8, 2, 0, 0}, {"settle", 0, 8, 2, 0, 0}, {"release", 0, 10, 0, 0, 0}}},
		{"entries settle the difference", []step{{"raise", 4, 6, 4, 0, 0}, {"settle", 1, 6, 3, 1, 0}, {"settle", 1, 6, 3, 1, 0}, {"settle", 2, 6, 2, 2, 0}}},
		{"a correction gives back to the hold", []step{{"raise", 4, 6, 4, 0, 0}, {"settle", 3, 6, 1, 3, 0}, {"settle", 1, 6, 3, 1, 0}, {"release", 0, 9, 0, 1, 0}}},
		{"there and back again", []step{{"raise", 4, 6, 4, 0, 0}, {"settle", 2, 6, 2, 2, 0}, {"settle", 1, 6, 3, 1, 0}, {"settle", 2, 6, 2, 2, 0}}},
		{"the charge stops at the maximum", []step{{"raise", 2, 8, 2, 0, 0}, {"settle", 5, 8, 0, 2, 3}, {"release", 0, 8, 0, 2, 3}}},
		{"a correction below the maximum", []step{{"raise", 2, 8, 2, 0, 0}, {"settle", 5, 8, 0, 2, 3}, {"settle", 1, 8, 1, 1, 0}}},
		{"more is confirmed", []step{{"raise", 2, 8, 2, 0, 0}, {"settle", 3, 8, 0, 2, 1}, {"raise", 2, 6, 2, 2, 1}, {"settle", 3, 6, 1, 3, 0}}},
		{"released twice", []step{{"raise", 4, 6, 4, 0, 0}, {"release", 0, 10, 0, 0, 0}, {"release", 0, 10, 0, 0, 0}}},
		{"work after the release is not charged", []step{{"raise", 4, 6, 4, 0, 0}, {"settle", 1, 6, 3, 1, 0}, {"release", 0, 9, 0, 1, 0}, {"settle", 2, 9, 0, 1, 1}}},
		{"a correction after the release goes to the customer", []step{{"raise", 4, 6, 4, 0, 0}, {"settle", 3, 6, 1, 3, 0}, {"release", 0, 7, 0, 3, 0},
			{"settle", 1, 9, 0, 1, 0}, {"settle", 3, 9, 0, 1, 2}}},
		{"reopened with a new hold", []step{{"raise", 4, 6, 4, 0, 0}, {"settle", 1, 6, 3, 1, 0}, {"release", 0, 9, 0, 1, 0},
			{"raise", 2, 7, 2, 1, 0}, {"settle", 2, 7, 1, 2, 0}, {"release", 0, 8, 0, 2, 0}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBook()
			if err := b.post(Open("acme", Credit, 10, now)); err != nil {
				t.Fatal(err)
			}
			h := Hold{Ticket: 42, Customer: "acme", Unit: Credit}
			for i, s := range tc.steps {
				var p Posting
				var err error
				switch s.do {
				case "raise":
					h, p, err = h.Raise(h.Version+1, s.n, now)
				case "settle":
					h, p, err = h.Settle(s.n, now)
				case "release":
					h, p = h.Release(now)
				}
				if err != nil {
					t.Fatal(err)
				}
				for range 2 { // the same posting twice changes nothing
					if !p.IsZero() {
						err = b.post(p)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				got := step{s.do, s.n, b.of(Customer("acme")), b.of(Held("acme")), b.of(Earned), h.Overspent}
				if got != s {
					t.Fatalf("step %d: got %+v, want %+v", i+1, got, s)
				}
				if h.Held() != s.held || h.Settled != s.earned {
					t.Fatalf("step %d: the hold does not agree with the books: %+v", i+1, h)
				}
			}
		})
	}
}

func TestHoldRefuses(t *testing.T) {
	h, _, err := acmes.Raise(2, 4, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		do   func() (Hold, Posting, error)
	}{
		{"the same estimate again", func() (Hold, Posting, error) { return h.Raise(2, 1, now) }},
		{"an older estimate", func() (Hold, Posting, error) { return h.Raise(1, 1, now) }},
		{"nothing more", func() (Hold, Posting, error) { return h.Raise(3, 0, now) }},
		{"less", func() (Hold, Posting, error) { return h.Raise(3, -1, now) }},
		{"more than there can be", func() (Hold, Posting, error) { return h.Raise(3, 1<<63-1, now) }},
		{"a total below zero", func() (Hold, Posting, error) { return h.Settle(-1, now) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			after, p, err := tc.do()
			if !errors.Is(err, ErrHold) || !p.IsZero() || after != h {
				t.Errorf("got %+v, %+v, %v; want an error and nothing changed", after, p, err)
			}
		})
	}
	if _, _, err := acmes.Raise(0, 4, now); !errors.Is(err, ErrHold) {
		t.Errorf("estimates count from 1: got %v", err)
	}
}

// 200 confirmations at once of one estimate hold once; later ones, and those of an older estimate, not at all (T036, T037).
func TestOneEstimateIsHeldForOnce(t *testing.T) {
	b := newBook()
	if err := b.post(Open("acme", Credit, 10, now)); err != nil {
		t.Fatal(err)
	}
	var h Hold
	for i := range 200 {
		after, p, err := acmes.Raise(2, 4, now.Add(time.Duration(i)))
		if err == nil {
			err = b.post(p)
		}
		if err != nil {
			t.Fatal(err)
		}
		h = after
	}
	for version := range 3 {
		if _, p, err := h.Raise(version, 4, now); err == nil {
			t.Errorf("estimate %d: got %+v, want it refused", version, p)
		}
	}
	if got := b.of(Customer("acme")); got != 6 {
		t.Errorf("got %d credits left, want 6", got)
	}
}

// Two estimates of 2 against 3 credits: one is accepted (T041).
func TestTwoEstimatesAgainstOneBalance(t *testing.T) {
	b := newBook()
	if err := b.post(Open("acme", Credit, 3, now)); err != nil {
		t.Fatal(err)
	}
	var errs []error
	for ticket := int64(1); ticket <= 2; ticket++ {
		_, p, err := Hold{Ticket: ticket, Customer: "acme", Unit: Credit}.Raise(1, 2, now)
		if err != nil {
			t.Fatal(err)
		}
		errs = append(errs, b.post(p))
	}
	var short *InsufficientError
	if errs[0] != nil || !errors.As(errs[1], &short) || short.Balance != 1 || b.of(Customer("acme")) != 1 {
		t.Errorf("got %v and a balance of %d; want the first accepted and 1", errs, b.of(Customer("acme")))
	}
}

// Writers who start from the same hold get the same key, so that only one of them is let in, whatever both want.
func TestOneStepForOneHold(t *testing.T) {
	h, _, err := acmes.Raise(1, 4, now)
	if err != nil {
		t.Fatal(err)
	}
	_, one, _ := h.Settle(1, now)
	_, two, _ := h.Settle(2, now)
	_, release := h.Release(now)
	_, later, _ := h.Settle(1, now.Add(time.Hour))
	if one.Key != two.Key || one.Key != release.Key || one.Same(two) || one.Same(release) {
		t.Errorf("got %+v, %+v, %+v; want one key for three different things", one, two, release)
	}
	if !one.Same(later) {
		t.Errorf("got %+v and %+v; want the same thing, told twice", one, later)
	}
}

// 1,000 random operations of several customers with faults: told again, told late, from a hold that has changed
// since, for more than there is (T043). The books must be right all the time.
func TestBooksStayRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBook()
		customers := []string{"acme", "globex", "initech"}
		units := []Unit{Credit, Minute, "EUR"}
		const tickets = 12
		holds, stale := map[int64]Hold{}, map[int64]Hold{}
		random := rapid.Uint64()

		for op := range 1000 {
			r := random.Draw(t, fmt.Sprint("op ", op))
			pick := func(n uint64) uint64 { v := r % n; r /= n; return v }
			customer, unit := customers[pick(3)], units[pick(3)]
			n := int64(pick(8))
			at := now.Add(time.Duration(op) * time.Minute)

			ticket := 1 + int64(pick(tickets))
			h, ok := holds[ticket]
			if !ok {
				h = Hold{Ticket: ticket, Customer: customer, Unit: unit, Postpaid: unit == "EUR" && ticket%2 == 0}
			}
			late := pick(8) == 0
			if late {
				h = stale[ticket]
				if h.Ticket == 0 {
					continue
				}
			}
			unchanged := h.Step == holds[ticket].Step
			var p Posting
			var err error
			next := h
			switch do := pick(9); do {
			case 0:
				p = Open(customer, unit, n+1, at)
			case 8:
				key := fmt.Sprint("top_up:order:", pick(200))
				if _, ok := b.posted[key]; !ok {
					continue
				}
				p = Counter(b.posted[key], at)
			case 1, 2:
				p = TopUp(fmt.Sprint("order:", pick(200)), customer, unit, n+1, at)
			case 3, 4:
				next, p, err = h.Raise(h.Version+1, n, at)
			case 5, 6:
				next, p, err = h.Settle(n, at)
			case 7:
				next, p = h.Release(at)
			}
			if err != nil {
				if !errors.Is(err, ErrHold) {
					t.Fatal(err)
				}
				continue
			}
			before := len(b.order)
			if !p.IsZero() {
				err = b.post(p)
			}
			var short *InsufficientError
			if err != nil && !errors.Is(err, errKeyTaken) && !errors.As(err, &short) {
				t.Fatalf("%+v: %v", p, err)
			}
			switch posted := len(b.order) > before; {
			case p.Ticket != 0 && posted && late && !unchanged:
				t.Fatalf("posted from a hold that had changed since: %+v, of %+v, now %+v", p, h, holds[ticket])
			case p.Ticket != 0 && posted, next != h && p.IsZero() && !late: // saved with the posting, if there is one
				holds[ticket], stale[ticket] = next, h
			}
			if err == nil && !p.IsZero() {
				was := snapshot(b)
				if err := b.post(p); err != nil || !maps.Equal(was, snapshot(b)) {
					t.Fatalf("the same posting twice: %v", err)
				}
			}
			if op%25 == 24 {
				check(t, b, holds)
			}
		}
	})
}

type position struct {
	account Account
	unit    Unit
}

func snapshot(b *book) map[position]int64 {
	all := map[position]int64{}
	for account, units := range b.balances {
		for unit, n := range units {
			all[position{account, unit}] = n
		}
	}
	return all
}

// check recounts the books from their postings and compares them with the balances and with the holds.
func check(t *rapid.T, b *book, holds map[int64]Hold) {
	recount, sums, held := map[position]int64{}, map[Unit]int64{}, map[position]int64{}
	for _, key := range b.order {
		for _, e := range b.posted[key].Entries {
			recount[position{e.Account, e.Unit}] += e.Amount
			sums[e.Unit] += e.Amount
		}
	}
	if got := snapshot(b); !maps.Equal(got, recount) {
		t.Fatalf("balances %v, recounted %v", got, recount)
	}
	for unit, sum := range sums {
		if sum != 0 {
			t.Fatalf("%d %s out of nothing", sum, unit)
		}
	}
	for _, h := range holds {
		held[position{Held(h.Customer), h.Unit}] += h.Held()
		if h.Settled < 0 || h.Settled > h.Amount {
			t.Fatalf("charged more than confirmed: %+v", h)
		}
	}
	for p, n := range recount {
		if n < 0 && !(Entry{p.account, p.unit, n}).MayGoNegative() {
			t.Fatalf("%s has %d %s", p.account, n, p.unit)
		}
		if p.account != Held(string(p.account[min(len(heldPrefix), len(p.account)):])) {
			continue
		}
		if n != held[p] {
			t.Fatalf("%s has %d %s, the tickets keep %d", p.account, n, p.unit, held[p])
		}
	}
}

// However the minutes are put in and corrected, an incident costs what its total costs, up to what was confirmed.
func TestEntriesAddUpBeforeTheyAreRounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := Rate{Minutes: rapid.IntRange(1, 60).Draw(t, "minutes per credit"), Minimum: rapid.Int64Range(0, 3).Draw(t, "minimum")}
		maximum := rapid.Int64Range(1, 20).Draw(t, "confirmed")
		h, _, err := acmes.Raise(1, maximum, now)
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, spent := range rapid.SliceOf(rapid.IntRange(-40, 90)).Draw(t, "spent") {
			total = max(0, total+spent)
			if h, _, err = h.Settle(Charge(total, rate), now); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := h.Settled, min(maximum, Charge(total, rate)); got != want {
			t.Fatalf("%d minutes: got %d, want %d", total, got, want)
		}
		if got, want := h.Settled+h.Overspent, Charge(total, rate); got != want {
			t.Fatalf("%d minutes: charged and overspent are %d, want %d", total, got, want)
		}
	})
}
