package store_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

func TestSecrets(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		var all []desk.Secret
		for _, n := range [][3]string{{"mailbox", "a", "x"}, {"mailbox", "a", "y"}, {"mailbox", "b", "x"}, {"ticket", "a", "x"}} {
			s := desk.Secret{SecretName: desk.SecretName{Kind: n[0], Owner: n[1], What: n[2]}, Sealed: []byte{0, 1, 0xff}, SealedBy: "a", At: t0}
			all = append(all, s)
			update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.SaveSecret(ctx, s) })
		}
		after := func(n desk.SecretName, limit int) []desk.Secret {
			return read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.Secret, error) { return tx.Secrets(ctx, n, limit) })
		}
		if diff := cmp.Diff(all[:3], after(desk.SecretName{}, 3)); diff != "" {
			t.Errorf("the first: %s", diff)
		}
		if diff := cmp.Diff(all[3:], after(all[2].SecretName, 3)); diff != "" {
			t.Errorf("the next: %s", diff)
		}
		got := read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.Secret, error) { return tx.SecretsOf(ctx, "mailbox", "a") })
		if diff := cmp.Diff(all[:2], got); diff != "" {
			t.Errorf("of one owner: %s", diff)
		}

		s := all[0]
		replace := func(old []byte) (done bool) {
			update(t, st, func(ctx context.Context, tx desk.Tx) (err error) {
				done, err = tx.ReplaceSecret(ctx, s, old)
				return err
			})
			return done
		}
		s.Sealed, s.SealedBy = []byte("anew"), "b"
		if replace([]byte("another")) {
			t.Error("replaced what was not there any more")
		}
		if !replace([]byte{0, 1, 0xff}) {
			t.Error("not replaced")
		}
		if diff := cmp.Diff(s, read(t, st, func(ctx context.Context, tx desk.Tx) (desk.Secret, error) { return tx.Secret(ctx, s.SecretName) })); diff != "" {
			t.Errorf("replaced: %s", diff)
		}
		update(t, st, func(ctx context.Context, tx desk.Tx) error { return tx.DeleteSecret(ctx, s.SecretName) })
		err := st.View(t.Context(), func(tx desk.Tx) error {
			_, err := tx.Secret(t.Context(), s.SecretName)
			return err
		})
		if !errors.Is(err, desk.ErrNotFound) {
			t.Errorf("deleted: got %v", err)
		}
	})
}

// What was sealed by an old key, or deleted, is not left in the files either.
func TestScrubSecrets(t *testing.T) {
	old := bytes.Repeat([]byte("an old seal "), 20)
	name := desk.SecretName{Kind: "mailbox", Owner: "a", What: "x"}
	exercise := func(t *testing.T, st *store.Store) {
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			return tx.SaveSecret(ctx, desk.Secret{SecretName: name, Sealed: old, SealedBy: "a", At: t0})
		})
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			return tx.SaveSecret(ctx, desk.Secret{SecretName: name, Sealed: []byte("anew"), SealedBy: "b", At: t0})
		})
		if err := st.ScrubSecrets(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		exercise(t, storetest.Open(t, "sqlite:"+filepath.Join(dir, "desk.db")))
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("files: %v, %v", files, err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(data, []byte("an old seal")) {
				t.Errorf("%s still holds the old seal", filepath.Base(f))
			}
		}
	})
	t.Run("postgres", func(t *testing.T) {
		st := storetest.OnPostgres(t)
		exercise(t, st)
		// The table was written anew, so that no page holds what was there before.
		var pages int
		if err := st.Raw().Get(&pages, `SELECT pg_relation_size('secret') / 8192`); err != nil || pages != 1 {
			t.Errorf("got %d pages, %v, want one", pages, err)
		}
		var dead int
		if err := st.Raw().Get(&dead, `SELECT COUNT(*) FROM pg_class WHERE relname = 'secret' AND relfilenode <> oid`); err != nil || dead != 1 {
			t.Errorf("the table is still in its first file (%v)", err)
		}
	})
}
