package desk_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/migrations"
)

// backup is all that the desk has now.
func (w *world) backup() []byte {
	w.Helper()
	var b bytes.Buffer
	if _, _, err := w.store.Backup(w.Context(), &b, "test", nil); err != nil {
		w.Fatal(err)
	}
	return b.Bytes()
}

// restored is the desk that is made of a backup, at the same moment, beside the one that goes on.
func (w *world) restored(t *testing.T, backup []byte) *world {
	t.Helper()
	fresh := storetest.SQLite
	if w.store.Engine() == migrations.Postgres {
		fresh = func(t testing.TB) *store.Store { return storetest.OnPostgres(t) }
	}
	again := *w
	again.store = fresh(t)
	b, err := store.OpenBackup(bytes.NewReader(backup))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	r := desk.Restoration{Made: w.now, At: w.now}
	err = again.store.Restore(t.Context(), b, desk.NumberAfter, nil, func(tx desk.Tx, last int64) error {
		return desk.Restored(t.Context(), tx, r, last, rand.Reader)
	})
	if err == nil {
		_, err = desk.NoteRestored(t.Context(), again.store, r)
	}
	if err != nil {
		t.Fatal(err)
	}
	again.desk = again.newDesk(again.store)
	return &again
}

// TestF15: a backup is restored. Mails that were written before it still lead to their tickets, and neither spend nor command, since nobody
// knows what was said meanwhile; those of tickets that the restored desk never had lead nowhere, whoever has their numbers now.
func TestF15(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		question, assigned := w.question()
		job := w.opened(w.mail(kim, "Please install", "Please install it."))
		acknowledged, estimate := w.lastOf("acknowledgement", kim), w.lastOf("estimate", kim)
		backup := w.backup()

		lost := w.opened(w.mail(ann, "What the backup does not know", "How do I print?"))
		lostMail := w.last(ann)
		if lostMail == nil || lost.Number != 3 {
			t.Fatalf("ticket %d and %v", lost.Number, lostMail)
		}

		r := w.restored(t, backup)
		r.uid += 1000
		if r.epoch() == w.epoch() {
			t.Fatal("the restored desk has the epoch of the other one")
		}
		// Before the backup: it joins, by its token alone.
		got := r.received(desk.OutcomeReply, r.answer(kim, acknowledged, "It is about the PDF.").bare())
		if got.Ticket != question.Number {
			t.Errorf("an answer joined ticket %d, want %d", got.Ticket, question.Number)
		}
		// And does not spend: whoever says yes is asked again.
		sent := r.brings(func() { r.receive(r.answer(kim, estimate, "yes")) })
		if r.held("cust") != 0 {
			t.Errorf("a yes of before the backup holds %d credits", r.held("cust"))
		}
		if !slices.ContainsFunc(sent, func(s string) bool { return strings.HasSuffix(s, " to "+kim) }) {
			t.Errorf("the yes brings %q, and Kim is not asked again", sent)
		}
		r.status(job.Number, desk.AwaitingConfirmation)
		// Nor does it command.
		r.receive(r.answer(eve, assigned, "/close"))
		if tk := r.ticket(question.Number); tk.Status == desk.Closed {
			t.Error("an engineer's mail of before the backup closed a ticket")
		}
		// After the backup: no number of a lost ticket is given again, and its tokens lead nowhere.
		fresh := r.received(desk.OutcomeNew, r.answer(ann, lostMail, "I have found it."))
		if fresh.Ticket <= desk.NumberAfter(2) {
			t.Errorf("the restored desk opens ticket %d, want a number above %d", fresh.Ticket, desk.NumberAfter(2))
		}
		if why := strings.Join(r.message(fresh).Why, "; "); !strings.Contains(why, message.ErrLost.Error()) {
			t.Errorf("the reason is %q, want %q", why, message.ErrLost)
		}
		// What the restored desk writes is worth what it says.
		r.received(desk.OutcomeReply, r.answer(ann, r.last(ann), "Thank you for nothing."))
		r.sound()

		// The desk that was lost, should it come back, knows nothing of the restored one's mails.
		if got := w.receive(w.answer(ann, r.last(ann), "Hello?").bare()); got.Outcome == desk.OutcomeReply {
			t.Errorf("the other desk took the answer as %s on ticket %d", got.Outcome, got.Ticket)
		}
		// A restored desk can be lost too: the first epoch's tokens still join.
		second := r.restored(t, r.backup())
		second.uid += 1000
		if got := second.received(desk.OutcomeReply, second.answer(kim, acknowledged, "It is still about the PDF.").bare()); got.Ticket != question.Number {
			t.Errorf("after two restores an answer joined ticket %d, want %d", got.Ticket, question.Number)
		}
	})
}

// TestT108OutboxIsPaused: a restored desk sends nothing until a person says so, and what he gives up is not sent at all.
func TestT108OutboxIsPaused(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		w.question()
		r := w.restored(t, w.backup())
		r.uid += 1000
		r.opened(r.mail(ann, "Another question", "How do I print?"))
		lease := func() *desk.Mail {
			t.Helper()
			m, err := leaseMail(t.Context(), r.desk, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		if m := lease(); m != nil {
			t.Errorf("a restored desk sends %s to %s", m.Template, m.To.Addr)
		}
		if at, err := r.desk.NextMail(t.Context()); err != nil || !at.IsZero() {
			t.Errorf("the next mail is for %v, %v, want none", at, err)
		}
		v, err := r.desk.Vitals(t.Context())
		if err != nil || !strings.Contains(v.Paused, "restored from a backup") || len(v.Outbox) == 0 {
			t.Errorf("vitals: %+v, %v", v, err)
		}
		var before *desk.Mail
		r.view(func(ctx context.Context, tx desk.Tx) error {
			waiting, err := tx.WaitingMails(ctx, 100)
			before = waiting[0]
			return err
		})
		if err := desk.DropMail(t.Context(), r.store, before.ID, "dana", r.now); err != nil {
			t.Fatal(err)
		}
		if err := desk.DropMail(t.Context(), r.store, before.ID, "dana", r.now); err == nil {
			t.Error("a mail is given up twice")
		}
		for want := range 2 {
			was, err := desk.ResumeMail(t.Context(), r.store, "dana", r.now)
			if err != nil || was != (want == 0) {
				t.Errorf("resumed: %v, %v", was, err)
			}
		}
		n := 0
		for m := lease(); m != nil; m = lease() {
			if m.ID == before.ID {
				t.Error("what was given up is sent")
			}
			if err := desk.DropMail(t.Context(), r.store, m.ID, "dana", r.now); err == nil {
				t.Error("a mail that a node has is given up")
			}
			n++
		}
		if n == 0 {
			t.Error("nothing is sent after the outbox was resumed")
		}
		if err := desk.PauseMail(t.Context(), r.store, "the provider moves", "dana", r.now); err != nil {
			t.Fatal(err)
		}
		if v, err := r.desk.Vitals(t.Context()); err != nil || v.Paused != "the provider moves" {
			t.Errorf("vitals: %+v, %v", v, err)
		}
		var changes []string
		for _, e := range r.events() {
			if e.Kind == desk.EventOutbox {
				var c desk.OutboxChange
				r.decode(e, &c)
				changes = append(changes, map[bool]string{true: "paused", false: "resumed"}[c.Paused]+" by "+c.By)
			}
		}
		r.same("the journal has", changes, []string{"paused by restore", "resumed by dana", "paused by dana"})
	})
}

// The numbers of a restored desk go on well above those that it knows.
func TestNumberAfter(t *testing.T) {
	for last, want := range map[int64]int64{1: 2000, 999: 2000, 1000: 2000, 1001: 3000, 12_345: 14_000, 50_000: 55_000} {
		if got := desk.NumberAfter(last); got != want {
			t.Errorf("after %d: got %d, want %d", last, got, want)
		}
	}
}
