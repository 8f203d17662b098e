package desk_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/seal"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

func sealKey(id byte) seal.Key {
	return seal.Key{ID: id, Secret: bytes.Repeat([]byte{id}, seal.MinKey)}
}

// useKeys gives the desk's policy these keys, the first of which seals.
func (w *world) useKeys(ids string) {
	p := *w.policy
	p.Secrets = seal.Keyring{}
	for i := range len(ids) {
		p.Secrets.Keys = append(p.Secrets.Keys, sealKey(ids[i]))
	}
	w.policy = &p
}

func (w *world) secrets() (all []desk.Secret) {
	w.Helper()
	err := w.store.View(w.Context(), func(tx desk.Tx) (err error) {
		all, err = tx.Secrets(w.Context(), desk.SecretName{}, 1000)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// The master key is changed: every secret stays readable, and what the old key had sealed is gone from the database.
func TestT112MasterKeyChanged(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		w.useKeys("a")
		want := map[desk.SecretName]string{}
		for i := range 250 { // more than one batch
			name := desk.SecretName{Kind: "mailbox", Owner: fmt.Sprintf("box%d", i), What: "refresh_token"}
			want[name] = fmt.Sprintf("secret %d", i)
			if err := w.desk.KeepSecret(t.Context(), name, []byte(want[name])); err != nil {
				t.Fatal(err)
			}
		}
		before := w.secrets()

		w.useKeys("ba")
		n, err := w.desk.Rewrap(t.Context())
		if err != nil || n != len(want) {
			t.Fatalf("sealed anew: got %d, %v, want %d", n, err, len(want))
		}
		if n, err := w.desk.Rewrap(t.Context()); err != nil || n != 0 {
			t.Errorf("a second time: got %d, %v", n, err)
		}

		w.useKeys("b") // the old key is thrown away
		for name, text := range want {
			if got, err := w.desk.ReadSecret(t.Context(), name); err != nil || string(got) != text {
				t.Errorf("%s: got %q, %v", name, got, err)
			}
		}
		after := w.secrets()
		for i, s := range after {
			if s.SealedBy != "b" || bytes.Equal(s.Sealed, before[i].Sealed) || s.At != before[i].At {
				t.Errorf("%s is still as the old key sealed it", s.SecretName)
			}
		}
		w.useKeys("a") // and whoever finds it later opens nothing
		if _, err := w.desk.ReadSecret(t.Context(), after[0].SecretName); err == nil {
			t.Error("the old key opens what was sealed anew")
		}
	})
}

func TestSecretsThatDoNotOpen(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		kims := desk.SecretName{Kind: "ticket", Owner: "1", What: "access"}
		anns := desk.SecretName{Kind: "ticket", Owner: "2", What: "access"}
		if err := w.desk.KeepSecret(t.Context(), kims, []byte("hunter2")); err == nil || !strings.Contains(err.Error(), "head -c 32 /dev/urandom") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("without a key: got %v", err)
		}
		w.useKeys("a")
		for _, n := range []desk.SecretName{kims, anns} {
			if err := w.desk.KeepSecret(t.Context(), n, []byte("hunter2")); err != nil {
				t.Fatal(err)
			}
		}
		// Somebody who can write to the database puts Ann's secret where Kim's engineer looks.
		err := st.Update(t.Context(), func(tx desk.Tx) error {
			s, err := tx.Secret(t.Context(), anns)
			if err != nil {
				return err
			}
			s.SecretName = kims
			return tx.SaveSecret(t.Context(), s)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.desk.ReadSecret(t.Context(), kims); !errors.Is(err, seal.ErrAltered) || got != nil {
			t.Errorf("moved to another row: got %q, %v", got, err)
		}
		w.useKeys("b")
		var missing *seal.MissingKeyError
		if _, err := w.desk.ReadSecret(t.Context(), anns); !errors.As(err, &missing) || !strings.Contains(err.Error(), "put the key with the id a back") {
			t.Errorf("without its key: got %v", err)
		}

		// One that does not open keeps none of the others from being sealed anew.
		w.useKeys("ba")
		n, err := w.desk.Rewrap(t.Context())
		if n != 1 || !errors.Is(err, seal.ErrAltered) || !strings.Contains(err.Error(), kims.String()) {
			t.Errorf("sealed anew: got %d, %v, want Ann's alone and a word about Kim's", n, err)
		}
		if err := w.desk.ForgetSecret(t.Context(), anns); err != nil {
			t.Fatal(err)
		}
		if _, err := w.desk.ReadSecret(t.Context(), anns); !errors.Is(err, desk.ErrNotFound) {
			t.Errorf("forgotten: got %v", err)
		}
	})
}

// The token key is changed: a token of the old one joins its ticket for 90 days more, to the day, and spends nothing from the first.
func TestT113TokenKeyChanged(t *testing.T) {
	each(t, func(w *world) {
		tk := w.opened(w.mail(kim, "Shop", "Please install it."))
		old := w.lastOf("estimate", kim)
		retired := time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC).Add(-time.Hour) // midnight in Berlin, where the desk is
		w.policy = readPolicy(t, strings.Replace(worldPolicy, "tokens:\n", "tokens:\n  - {id: b, secret: \"another secret of the tests, long enough\"}\n", 1))
		w.policy.Tokens.Keys[1].Retired = retired
		alone := func() mail { return w.mail(kim, "Shop", "yes").to(old.ReplyTo.Addr) } // the token and nothing else

		w.now = retired.AddDate(0, 0, 90)
		w.same("a yes by the old token brings", w.brings(func() { w.received(desk.OutcomeReply, alone()) }), []string{"confirm_elsewhere to " + kim})
		w.now = retired.AddDate(0, 0, 90).Add(time.Second)
		if r := w.received(desk.OutcomeNew, alone()); r.Ticket == tk.Number {
			t.Error("after 90 days it still joins")
		}
		if n := w.held("cust"); n != 0 || w.balance("cust") != 10 {
			t.Errorf("%d credits are held, and %d left", n, w.balance("cust"))
		}

		// What the desk writes now is signed by the new key, and its yes is one.
		next := w.opened(w.mail(kim, "Another", "Please install the other one."))
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "yes"))
		w.status(next.Number, desk.Open)
	})
}
