package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/migrations"
)

// A reading is what another clock showed, and ours at that moment.
type reading struct {
	whose      string
	at, mine   time.Time
	isItsClock bool // else a time that is past for it, so that only what lies ahead of us says anything
}

// skew is how far the other clock is ahead of ours.
func (r reading) skew() time.Duration {
	d := r.at.Sub(r.mine).Round(time.Second)
	if !r.isItsClock {
		d = max(d, 0)
	}
	return d
}

const (
	smallSkew = 5 * time.Second // networks and whole seconds
	largeSkew = time.Minute     // deadlines and the order of mails are told in minutes
)

// sharedClock is the one that nodes share, where it is not this machine's own.
func sharedClock(ctx context.Context, st *store.Store, now func() time.Time) (at, mine time.Time, err error) {
	if st.Engine() == migrations.SQLite {
		return time.Time{}, time.Time{}, nil
	}
	err = st.View(ctx, func(tx desk.Tx) error {
		at, err = tx.Now(ctx)
		mine = now()
		return err
	})
	return at, mine, err
}

// clockLooks is how often a node compares its clock with the one that nodes share.
const clockLooks = 10 * time.Second

// rightClock tells whether this node may say what is due. One whose clock is ahead of the database's would warn of deadlines, and miss them,
// before their time; another node is there to do it right, and so is this one once its time is (T106).
func rightClock(st *store.Store, now func() time.Time) func(context.Context) error {
	var looked time.Time
	var wrong error
	return func(ctx context.Context) error {
		if !looked.IsZero() && time.Since(looked) < clockLooks {
			return wrong
		}
		at, mine, err := sharedClock(ctx, st, now)
		if err != nil {
			return err
		}
		looked, wrong = time.Now(), nil
		if d := mine.Sub(at).Round(time.Second); !at.IsZero() && d.Abs() >= largeSkew {
			wrong = fmt.Errorf("this machine's clock differs by %v from the database's, and deadlines wait for other nodes: let the system keep its time", d)
		}
		return wrong
	}
}

// checkClock compares this machine's clock with every other one that was seen on the way. Deadlines and signatures go by it.
func (k *checker) checkClock() {
	const what, keep = "clock", "let the system keep its time: timedatectl set-ntp true, or chrony"
	now := k.now().UTC().Format("2006-01-02 15:04:05 UTC")
	var agree []string
	for _, r := range k.clocks {
		d := r.skew()
		said := fmt.Sprintf("%s here; %s is %v ahead of it", now, r.whose, d)
		if d < 0 {
			said = fmt.Sprintf("%s here; %s is %v behind it", now, r.whose, -d)
		}
		switch {
		case d.Abs() >= largeSkew:
			k.tell(fail, what, said, keep)
		case d.Abs() > smallSkew:
			k.tell(warn, what, said, keep)
		case r.isItsClock:
			agree = append(agree, r.whose)
		}
	}
	if len(agree) > 0 {
		k.tell(fine, what, fmt.Sprintf("%s, as %s", now, strings.Join(agree, " and ")), "")
	} else if len(k.clocks) == 0 || !k.offset() {
		k.tell(fine, what, now+", with no other clock to compare it with", "")
	}
}

// offset tells whether a clock was told as wrong.
func (k *checker) offset() bool {
	for _, r := range k.clocks {
		if r.skew().Abs() > smallSkew {
			return true
		}
	}
	return false
}
