package desk_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// openOn opens a store that the test closes itself.
func openOn(t *testing.T, dsn string) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return st
}

// failure is what the store says of its disk, nil where all is well.
func failure(t *testing.T, st *store.Store) error {
	ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	return st.Failure(ctx)
}

// oneByOne has the desk take mails that wait, each in a transaction of its own.
func oneByOne(t *testing.T, w *world, arrivals []desk.Arrival) (done []desk.Reception, err error) {
	for i := 0; i < len(arrivals) && err == nil; i++ {
		var one []desk.Reception
		one, err = w.desk.Receive(t.Context(), arrivals[i:i+1])
		done = append(done, one...)
	}
	return done, err
}

// TestT103DiskFailsAtEachWrite lets the disk be full, and then broken, from the n-th write on while three mails are taken in. What the desk
// says it has, it has; when the disk is well again, the rest follows, each once. A full disk is waited for; a broken one ends the process,
// and until then nothing more is written.
func TestT103DiskFailsAtEachWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	disk := storetest.NewDisk(t, dir)
	dsn := "sqlite:" + filepath.Join(dir, "desk.db")
	w := newWorld(t, openOn(t, dsn))
	defer func() { w.store.Close() }()
	reopen := func() {
		w.store.Close() // on a broken disk it may say so
		w.store = openOn(t, dsn)
		w.desk = w.newDesk(w.store)
	}
	mails, partly := 0, 0
	for _, c := range []struct {
		fault    storetest.DiskFault
		together bool // in one transaction, which takes fewer writes
		writes   int
	}{{storetest.DiskFault{Full: true}, false, 200}, {storetest.DiskFault{}, false, 200}, {storetest.DiskFault{Full: true}, true, 90}, {storetest.DiskFault{}, true, 90}} {
		fault, reached := c.fault, 0
		for n := 1; n <= c.writes; n++ {
			what := fmt.Sprintf("full %v, together %v, write %d", fault.Full, c.together, n)
			w.now = w.now.Add(time.Hour)
			var arrivals []desk.Arrival
			for i := range 3 {
				arrivals = append(arrivals, w.mail(sam, "A question", fmt.Sprintf("How, %d?", i)).arrival())
			}
			fault.Write = n
			disk.Fail(fault)
			var done []desk.Reception
			var err error
			if c.together {
				done, err = w.desk.Receive(t.Context(), arrivals)
			} else {
				done, err = oneByOne(t, w, arrivals)
			}
			disk.Fail(storetest.DiskFault{})
			if err == nil {
				t.Fatalf("%s: three mails take less than that", what)
			}
			reached++
			if len(done) > 0 {
				partly++
			}
			if want := map[bool]error{true: desk.ErrFull, false: store.ErrDisk}[fault.Full]; !errors.Is(err, want) {
				t.Fatalf("%s: got %v, want %v", what, err, want)
			}
			if broken := failure(t, w.store); (broken != nil) == fault.Full {
				t.Fatalf("%s: the store says of its disk: %v", what, broken)
			}
			if !fault.Full {
				if again, err := w.desk.Receive(t.Context(), arrivals); !errors.Is(err, store.ErrDisk) {
					t.Fatalf("%s: after its disk has failed the store takes %d mails, %v", what, len(again), err)
				}
				reopen()
			}
			for _, r := range done {
				if kept := w.message(r); kept.Ticket != r.Ticket || kept.Outcome != desk.OutcomeNew {
					t.Fatalf("%s: a mail that was taken is %+v", what, kept)
				}
			}
			rest, err := w.desk.Receive(t.Context(), arrivals[len(done):])
			if err != nil {
				t.Fatalf("%s: afterwards: %v", what, err)
			}
			for _, r := range append(done, rest...) {
				mails++
				if len(w.messages(r.Ticket)) != 1 || r.Outcome != desk.OutcomeNew {
					t.Fatalf("%s: UID %d is %s, on a ticket of %d", what, r.UID, r.Outcome, len(w.messages(r.Ticket)))
				}
				w.mailsOf(r.Ticket)
			}
		}
		if reached != c.writes {
			t.Errorf("full %v: %d failures", fault.Full, reached)
		}
	}
	w.view(func(ctx context.Context, tx desk.Tx) error {
		all, err := tx.Tickets(ctx, desk.TicketFilter{Limit: 1 << 20})
		if len(all) != mails {
			t.Errorf("%d tickets for %d mails", len(all), mails)
		}
		return err
	})
	w.sound()
	if partly == 0 {
		t.Error("no failure fell between two mails")
	}
}

// TestT104FsyncFails: a commit whose fsync fails is none, nothing is written after it, and the next process takes the mail.
func TestT104FsyncFails(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 3; n++ {
		for _, once := range []bool{false, true} { // it may well succeed when it is asked again, and yet the first data are gone
			t.Run(fmt.Sprintf("the %d., once %v", n, once), func(t *testing.T) {
				dir := t.TempDir()
				disk := storetest.NewDisk(t, dir)
				dsn := "sqlite:" + filepath.Join(dir, "desk.db")
				w := newWorld(t, openOn(t, dsn))
				arrivals := []desk.Arrival{w.mail(sam, "A question", "How?").arrival(), w.mail(sam, "Another", "Why?").arrival(), w.mail(sam, "A third", "When?").arrival()}
				disk.Fail(storetest.DiskFault{Sync: n, Once: once})
				done, err := oneByOne(t, w, arrivals)
				if len(done) != n-1 || !errors.Is(err, store.ErrDisk) {
					t.Fatalf("got %d mails and %v, want %d and %v", len(done), err, n-1, store.ErrDisk)
				}
				if err := failure(t, w.store); !errors.Is(err, store.ErrDisk) {
					t.Errorf("the store says of its disk: %v", err)
				}
				if again, err := w.desk.Receive(t.Context(), arrivals); len(again) > 0 || !errors.Is(err, store.ErrDisk) {
					t.Errorf("afterwards the store takes %d mails, %v", len(again), err)
				}
				disk.Fail(storetest.DiskFault{})
				w.store.Close()
				w.store = openOn(t, dsn)
				defer w.store.Close()
				w.desk = w.newDesk(w.store)
				all, err := w.desk.Receive(t.Context(), arrivals)
				if err != nil || len(all) != 3 {
					t.Fatalf("the next process takes %d mails, %v", len(all), err)
				}
				for _, r := range all {
					if len(w.messages(r.Ticket)) != 1 {
						t.Errorf("UID %d has %d messages", r.UID, len(w.messages(r.Ticket)))
					}
				}
				w.sound()
			})
		}
	}
}
