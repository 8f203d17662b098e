package ledger

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 6, 15, 9, 0, 0, 0, time.UTC)

// acmes is a hold for which nothing is confirmed yet.
var acmes = Hold{Ticket: 42, Customer: "acme", Unit: Credit}

func TestCharge(t *testing.T) {
	standard := Rate{Minutes: 30, Minimum: 1}
	for _, tc := range []struct {
		name    string
		minutes int
		rate    Rate
		want    int64
	}{
		{"no time", 0, standard, 0},
		{"less than no time", -5, standard, 0},
		{"a minute is a credit", 1, standard, 1},
		{"three times ten minutes", 10 + 10 + 10, standard, 1},
		{"a minute more", 31, standard, 2},
		{"two credits are an hour", 60, standard, 2},
		{"the minimum is more", 31, Rate{30, 3}, 3},
		{"the minimum is less", 91, Rate{30, 3}, 4},
		{"no minimum", 1, Rate{30, 0}, 1},
		{"a long matter", math.MaxInt, Rate{1, 1}, math.MaxInt},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Charge(tc.minutes, tc.rate); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

func TestHourly(t *testing.T) {
	for _, tc := range []struct {
		name          string
		minutes, unit int
		perHour, want int64
	}{
		{"no time", 0, 1, 1500, 0},
		{"less than no time", -5, 1, 1500, 0},
		{"a minute of consultation", 1, 1, 1500, 25},
		{"below the half", 1, 1, 2000, 33},
		{"above the half", 2, 1, 2000, 67},
		{"half up", 1, 1, 2010, 34},
		{"just below the half", 1, 1, 2009, 33},
		{"half of the smallest part", 1, 1, 30, 1},
		{"less than that", 1, 1, 29, 0},
		{"three quarters of an hour", 45, 1, 2000, 1500},
		{"an hour of urgent work", 60, 1, 3000, 3000},
		{"a minute more", 61, 1, 3000, 3050},
		{"a quarter that was begun", 16, 15, 2000, 1000},
		{"a quarter to the minute", 15, 15, 2000, 500},
		{"a minute of a quarter", 1, 15, 2000, 500},
		{"units of seven minutes", 8, 7, 1500, 350},
		{"a currency without minor unit", 10, 1, 1999, 333},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Hourly(tc.minutes, tc.unit, tc.perHour); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

func TestPostingCheck(t *testing.T) {
	acme, held := Customer("acme"), Held("acme")
	of := func(entries ...Entry) Posting { return Posting{Key: "k", Cause: "test", At: now, Entries: entries} }
	two := of(Entry{acme, Credit, -2}, Entry{held, Credit, 2})
	for _, tc := range []struct {
		name    string
		posting Posting
		want    string // a part of the error; none wanted where empty
	}{
		{"balanced", two, ""},
		{"three entries", of(Entry{acme, Credit, -2}, Entry{held, Credit, 1}, Entry{Earned, Credit, 1}), ""},
		{"two units", of(Entry{acme, Credit, 2}, Entry{Sold, Credit, -2}, Entry{acme, "EUR", -90}, Entry{Earned, "EUR", 90}), ""},
		{"no key", Posting{Cause: "test", At: now, Entries: two.Entries}, `posting "": no key`},
		{"no cause", Posting{Key: "k", At: now, Entries: two.Entries}, "no cause"},
		{"no time", Posting{Key: "k", Cause: "test", Entries: two.Entries}, "no time"},
		{"no entries", of(), "no entries"},
		{"one side", of(Entry{acme, Credit, 2}), "2 credit too much"},
		{"units do not make up for each other", of(Entry{acme, Credit, -2}, Entry{held, Minute, 2}), "-2 credit too much"},
		{"nothing moves", of(Entry{acme, Credit, 0}, Entry{held, Credit, 0}), "nothing changes on customer:acme"},
		{"an account twice", of(Entry{acme, Credit, 1}, Entry{acme, Credit, 1}, Entry{Sold, Credit, -2}), "customer:acme twice in credit"},
		{"a sum that wraps round to zero", of(Entry{acme, Credit, math.MaxInt64}, Entry{held, Credit, math.MaxInt64}, Entry{Sold, Credit, 2}), ErrOverflow.Error()},
		{"an amount without counterpart", of(Entry{acme, Credit, math.MinInt64}, Entry{Sold, Credit, math.MaxInt64}, Entry{held, Credit, 1}), ErrOverflow.Error()},
		{"no such account", of(Entry{"acme", Credit, -2}, Entry{held, Credit, 2}), `account "acme": want`},
		{"nobody's account", of(Entry{Customer(""), Credit, -2}, Entry{held, Credit, 2}), `account "customer:": want`},
		{"no such unit", of(Entry{acme, "euro", -2}, Entry{held, "euro", 2}), `unit "euro": want`},
		{"a unit in small letters", of(Entry{acme, "eur", -2}, Entry{held, "eur", 2}), `unit "eur": want`},
		{"a top-up for no purchase", TopUp("", "acme", Credit, 2, now), "no key"},
		{"a top-up for nobody", TopUp("order:1", "", Credit, 2, now), `account "customer:"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := ""
			if err := tc.posting.Check(); err != nil {
				got = err.Error()
			}
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestApply(t *testing.T) {
	for _, tc := range []struct {
		name    string
		entry   Entry
		balance int64
		want    int64
		err     error
	}{
		{"gives", Entry{Customer("acme"), Credit, 3}, 2, 5, nil},
		{"takes the last", Entry{Customer("acme"), Credit, -2}, 2, 0, nil},
		{"takes too much", Entry{Customer("acme"), Credit, -3}, 2, 2, &InsufficientError{Customer("acme"), Credit, 2, -3}},
		{"takes more than is held", Entry{Held("acme"), "EUR", -1}, 0, 0, &InsufficientError{Held("acme"), "EUR", 0, -1}},
		{"fills up from below zero", Entry{Customer("acme"), Credit, 3}, -5, -2, nil},
		{"what was sold is below zero", Entry{Sold, Credit, -3}, 0, -3, nil},
		{"too large", Entry{Customer("acme"), Credit, 1}, math.MaxInt64, math.MaxInt64, ErrOverflow},
		{"too far below", Entry{Sold, Credit, -1}, math.MinInt64, math.MinInt64, ErrOverflow},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.entry.Apply(tc.balance)
			if got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
			var insufficient, want *InsufficientError
			if errors.As(tc.err, &want) {
				if !errors.As(err, &insufficient) || *insufficient != *want {
					t.Errorf("got error %v, want %v", err, want)
				}
			} else if !errors.Is(err, tc.err) {
				t.Errorf("got error %v, want %v", err, tc.err)
			}
		})
	}
}

func TestMayGoNegative(t *testing.T) {
	for account, want := range map[Account]bool{
		Earned: true, Sold: true, Opening: true,
		Customer("acme"): false, Held("acme"): false, Customer("sold"): false, "unheard of": false,
	} {
		if got := account.MayGoNegative(); got != want {
			t.Errorf("%s: got %v, want %v", account, got, want)
		}
	}
}

// A customer may owe money, and never credits or minutes; nothing is ever held that is not there.
func TestEntriesThatMayGoNegative(t *testing.T) {
	for _, tt := range []struct {
		account Account
		unit    Unit
		want    bool
	}{
		{Customer("acme"), "EUR", true}, {Customer("acme"), Credit, false}, {Customer("acme"), Minute, false}, {Held("acme"), "EUR", false},
		{Earned, Credit, true}, {Sold, "EUR", true},
	} {
		if got := (Entry{tt.account, tt.unit, -1}).MayGoNegative(); got != tt.want {
			t.Errorf("%s in %s: %v", tt.account, tt.unit, got)
		}
	}
}

// Work that is paid afterwards is charged to the customer himself, never above what he agreed to, and nothing is held or given back.
func TestPostpaid(t *testing.T) {
	h := Postpaid(7, "acme", "USD")
	h, p, err := h.Raise(1, 6000, now)
	if err != nil || !p.IsZero() || h.Held() != 0 {
		t.Fatalf("agreeing posts %+v, holds %d, %v", p, h.Held(), err)
	}
	for _, step := range []struct{ total, moved, over int64 }{{1467, 1467, 0}, {1500, 33, 0}, {1500, 0, 0}, {6500, 4500, 500}, {1000, -5000, 0}, {6000, 5000, 0}} {
		h, p, err = h.Settle(step.total, now)
		if err != nil || h.Overspent != step.over {
			t.Fatalf("settle %d: %+v, %v", step.total, h, err)
		}
		var got int64
		for _, e := range p.Entries {
			if e.Account == Customer("acme") {
				got = -e.Amount
			}
		}
		if got != step.moved || step.moved != 0 && p.Check() != nil {
			t.Errorf("settle %d: moved %d, want %d (%+v)", step.total, got, step.moved, p)
		}
	}
	h, p = h.Release(now)
	if !p.IsZero() || h.Settled != 6000 {
		t.Errorf("the end posts %+v", p)
	}
	if h, p, err = h.Settle(7000, now); err != nil || !p.IsZero() || h.Overspent != 1000 {
		t.Errorf("after the end, more is charged without a new agreement: %+v, %+v, %v", h, p, err)
	}
}

// The keys stand in the books of running desks: one that changes lets things be posted twice.
func TestKeys(t *testing.T) {
	h, hold, err := acmes.Raise(1, 4, now)
	if err != nil {
		t.Fatal(err)
	}
	h, settle, err := h.Settle(3, now)
	if err != nil {
		t.Fatal(err)
	}
	h, release := h.Release(now)
	_, again, err := h.Raise(2, 1, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		posting    Posting
		key, cause string
		ticket     int64
		from, to   Account
		amount     int64
	}{
		{Open("acme", Credit, 5, now), "open:credit:acme", "opening", 0, Opening, Customer("acme"), 5},
		{TopUp("voucher:SPRING-7", "acme", Credit, 4, now), "top_up:voucher:SPRING-7", "top_up", 0, Sold, Customer("acme"), 4},
		{hold, "hold:42:1", "hold", 42, Customer("acme"), Held("acme"), 4},
		{settle, "hold:42:2", "settle", 42, Held("acme"), Earned, 3},
		{release, "hold:42:3", "release", 42, Held("acme"), Customer("acme"), 1},
		{again, "hold:42:4", "hold", 42, Customer("acme"), Held("acme"), 1},
		{Counter(settle, now), "counter:hold:42:2", "counter", 42, Earned, Held("acme"), 3},
	} {
		want := Posting{Key: tc.key, Cause: tc.cause, Ticket: tc.ticket, At: now}
		want.Entries = []Entry{{tc.from, "credit", -tc.amount}, {tc.to, "credit", tc.amount}}
		if tc.cause == "counter" {
			want.Entries[0], want.Entries[1] = want.Entries[1], want.Entries[0]
		}
		if !tc.posting.Same(want) || !tc.posting.At.Equal(now) {
			t.Errorf("got %+v, want %+v", tc.posting, want)
		}
		if err := tc.posting.Check(); err != nil {
			t.Error(err)
		}
	}
	if settle.Entries[0].Amount != -3 {
		t.Errorf("a counter-posting changed the posting it undoes: %+v", settle)
	}
}
