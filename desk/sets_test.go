package desk_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/migrations"
)

// A backlog goes through in batches, and over a network what a batch costs is the way to the database and back. How often it is asked depends
// on what happens in the mails, not on how many there are. On SQLite there is no such way, and small statements stay prepared.
func TestTripsOfABatch(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		w.receive(w.mail("first@example.org", "Question", "how does it work")) // what is read once in a process's life is read
		batch := func(n int, of func(i int) mail) (int64, []desk.Reception) {
			var all []desk.Arrival
			for i := range n {
				all = append(all, of(i).arrival())
			}
			before := st.Trips()
			done, err := w.desk.Receive(w.Context(), all)
			if err != nil || len(done) != n {
				t.Fatalf("%d of %d mails: %v", len(done), n, err)
			}
			return st.Trips() - before, done
		}
		check := func(what string, one, many int64, mails int) {
			t.Helper()
			t.Logf("%s: %d trips for 1 mail, %d for %d", what, one, many, mails)
			most := one + int64(mails)/5 // what is asked for a dozen subjects is one statement
			if st.Engine() == migrations.SQLite {
				most = one + 5*int64(mails)
			}
			if many > most {
				t.Errorf("%s: %d trips for %d mails and %d for one; want at most %d", what, many, mails, one, most)
			}
		}
		person := 0
		opens := func(int) mail {
			person++
			return w.mail(fmt.Sprintf("person%d@example.org", person), fmt.Sprintf("Question %d", person), "how does it work")
		}
		one, _ := batch(1, opens)
		many, opened := batch(50, opens)
		check("mails that open tickets", one, many, 50)

		var acknowledgements []*desk.Mail
		for _, m := range w.outbox() {
			if m.Template == "acknowledgement" && m.Ticket >= opened[0].Ticket {
				acknowledgements = append(acknowledgements, m)
			}
		}
		answers := func(i int) mail { return w.answer(acknowledgements[i].To.Addr, acknowledgements[i], "and on Sundays?") }
		one, _ = batch(1, answers)
		many, replies := batch(49, func(i int) mail { return answers(i + 1) })
		check("answers", one, many, 49)
		for i, r := range replies {
			if r.Outcome != desk.OutcomeReply || r.Ticket != opened[i+1].Ticket {
				t.Fatalf("answer %d: %+v", i, r)
			}
		}

		// A conversation that has begun and gone on while nobody looked.
		var last mail
		many, done := batch(50, func(i int) mail {
			m := opens(i)
			if i%5 > 0 {
				m.Message.From, m.Message.Subject = last.Message.From, "Re: "+last.Message.Subject
				m.Message.InReplyTo = append(m.Message.InReplyTo, last.Message.ID)
			}
			last = m
			return m
		})
		check("conversations", one, many, 50)
		for i, r := range done {
			if i%5 > 0 && (r.Outcome != desk.OutcomeReply || r.Ticket != done[i-1].Ticket) {
				t.Fatalf("mail %d of a conversation: %+v", i, r)
			}
		}
	})
}

// plainStore is a store that is told nothing ahead.
type plainStore struct{ desk.Store }

type plainTx struct{ desk.Tx }

func (plainTx) Expect(context.Context, desk.Expected) error { return nil }

func (s plainStore) Update(ctx context.Context, do func(desk.Tx) error) error {
	return s.Store.Update(ctx, func(tx desk.Tx) error { return do(plainTx{tx}) })
}

// serials are numbers that PostgreSQL gives out once, used or not, and tokens that tell of one.
var serials = regexp.MustCompile(`"(mail|message)":\d+|[a-z2-7]{24,64}@desk\.example`)

// TestSetsAreTheSame: what is asked at once and written in sets leaves the very same database as what is asked and written mail by mail, for
// batches of mails of all kinds, among them answers to others of the batch, and the same mail twice.
func TestSetsAreTheSame(t *testing.T) {
	for engine, open := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "desk.db") },
		"postgres": storetest.PostgresDSN,
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			var dumps [2]string
			var journals [2][]string
			for i, together := range []bool{true, false} {
				dsn := open(t)
				kept := storetest.Open(t, dsn)
				err := kept.Update(t.Context(), func(tx desk.Tx) error {
					_, err := tx.SetMeta(t.Context(), "epoch", "abcdefghijklmnop")
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				w := newWorld(t, kept)
				var st desk.Store = kept
				if !together {
					st = plainStore{st}
				}
				w.desk = w.newDesk(st)
				w.desk.Rand = rand.NewChaCha8([32]byte{1})
				w.batches(rand.New(rand.NewPCG(1, 2)), together)
				w.sound()
				for _, e := range w.events() {
					journals[i] = append(journals[i], fmt.Sprintf("%v %s %d %s", e.At, e.Kind, e.Ticket, serials.ReplaceAllString(string(e.Data), "")))
				}
				if engine == "sqlite" {
					// Whoever loads a ticket again counts its version up, and a migration has its own time.
					dumps[i] = regexp.MustCompile(`(?m)^(ticket\.version|goose_db_version).*\n`).ReplaceAllString(string(storetest.Dump(t, dsn, kept)), "")
				}
			}
			if diff := cmp.Diff(journals[1], journals[0]); diff != "" {
				t.Errorf("the journal of mails one by one, and of the same ones in batches:\n%s", diff)
			}
			if diff := cmp.Diff(strings.Split(dumps[1], "\n"), strings.Split(dumps[0], "\n")); diff != "" {
				t.Errorf("the database after mails one by one, and after the same ones in batches:\n%s", diff[:min(len(diff), 5000)])
			}
		})
	}
}

// batches lets random mails arrive, some at a time.
func (w *world) batches(r *rand.Rand, together bool) {
	w.Helper()
	outcomes := map[desk.Outcome]int{}
	for round := range 12 {
		outbox := w.outbox()
		var all []desk.Arrival
		var mails []mail
		for range 25 {
			m := w.randomMail(r, outbox)
			if n := len(mails); n > 0 && r.IntN(4) == 0 { // one that a mail of this batch is answered by, by whom it is from or by somebody else
				before := mails[r.IntN(n)]
				m = w.mail(before.Message.From[0].Addr, "Re: "+before.Message.Subject, "It fails again.")
				if r.IntN(3) == 0 {
					m.Message.From[0].Addr = fmt.Sprintf("new%d@example.org", r.IntN(5))
				}
				m.Message.InReplyTo = append(m.Message.InReplyTo, before.Message.ID)
				m.Message.References = append(slices.Clone(before.Message.References), before.Message.ID)
			}
			mails = append(mails, m)
			all = append(all, m.arrival())
			if r.IntN(10) == 0 {
				again := all[r.IntN(len(all))]
				w.uid++
				again.Position.UID = w.uid
				all = append(all, again)
			}
		}
		if round == 5 {
			all = append(all, all[3]) // a position that is known by then
		}
		for _, part := range parts(all, together) {
			done, err := w.desk.Receive(w.Context(), part)
			if err != nil {
				w.Fatal(err)
			}
			for _, d := range done {
				outcomes[d.Outcome]++
			}
		}
		w.pass(time.Duration(r.IntN(20)) * time.Hour)
	}
	for _, o := range []desk.Outcome{desk.OutcomeNew, desk.OutcomeReply, desk.OutcomeLinked, desk.OutcomeDuplicate, desk.OutcomeHeld, desk.OutcomeNoted} {
		if outcomes[o] == 0 {
			w.Errorf("no mail ended as %s: %v", o, outcomes)
		}
	}
}

func parts(all []desk.Arrival, together bool) [][]desk.Arrival {
	size := 1
	if together {
		size = len(all)
	}
	return slices.Collect(slices.Chunk(all, size))
}
