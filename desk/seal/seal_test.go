package seal

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func key(id byte) Key { return Key{id, bytes.Repeat([]byte{id}, MinKey)} }

func ring(ids string) *Keyring {
	k := &Keyring{}
	for i := range len(ids) {
		k.Keys = append(k.Keys, key(ids[i]))
	}
	return k
}

func TestOpenGivesWhatWasSealed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		place := Context(rapid.String().Draw(t, "table"), rapid.String().Draw(t, "row"))
		sealed, err := ring("a").Seal(plain, place)
		if err != nil {
			t.Fatal(err)
		}
		if len(plain) > 3 && bytes.Contains(sealed, plain) {
			t.Fatal("the plain text stands in what is sealed")
		}
		got, err := ring("xa").Open(sealed, place)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("got %q, %v", got, err)
		}
		// Each byte counts, the id of the key and the format too.
		at := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		sealed[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "change"))
		if got, err := ring("abcdefghijklmnopqrstuvwxyz").Open(sealed, place); err == nil {
			t.Fatalf("opened, changed at %d: %q", at, got)
		}
	})
}

func TestWhatDoesNotOpen(t *testing.T) {
	here := Context("secret", "mailbox", "support", "refresh token")
	sealed, err := ring("b").Seal([]byte("hunter2"), here)
	if err != nil {
		t.Fatal(err)
	}
	other := &Keyring{[]Key{{'b', bytes.Repeat([]byte{7}, MinKey)}}}
	for _, c := range []struct {
		name    string
		ring    *Keyring
		sealed  []byte
		context string
		want    string
	}{
		{"another row", ring("b"), sealed, Context("secret", "mailbox", "sales", "refresh token"), ErrAltered.Error()},
		{"parts that only look alike", ring("b"), sealed, Context("secret", "mailboxsupport", "", "refresh token"), ErrAltered.Error()},
		{"no key", ring(""), sealed, here, `sealed by the key 'b', which is not here`},
		{"the key is missing", ring("ac"), sealed, here, `sealed by the key 'b', which is not here`},
		{"another key of the same id", other, sealed, here, ErrAltered.Error()},
		{"cut off", ring("b"), sealed[:extra-1], here, ErrAltered.Error()},
		{"nothing", ring("b"), nil, here, ErrAltered.Error()},
		{"another format", ring("b"), append([]byte{2}, sealed[1:]...), here, ErrAltered.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.ring.Open(c.sealed, c.context)
			if err == nil || err.Error() != c.want || got != nil {
				t.Errorf("got %q, %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestNothingToSealWith(t *testing.T) {
	for name, k := range map[string]*Keyring{"no key": ring(""), "a short one": {[]Key{{'a', []byte("short")}}}} {
		if _, err := k.Seal([]byte("hunter2"), ""); !errors.Is(err, ErrNoKey) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestRewrap(t *testing.T) {
	old, err := ring("a").Seal([]byte("hunter2"), "here")
	if err != nil {
		t.Fatal(err)
	}
	both := ring("ba")
	anew, changed, err := both.Rewrap(old, "here")
	if err != nil || !changed {
		t.Fatalf("got %v, %v", changed, err)
	}
	if got, err := ring("b").Open(anew, "here"); err != nil || string(got) != "hunter2" {
		t.Errorf("without the old key: got %q, %v", got, err)
	}
	again, changed, err := both.Rewrap(anew, "here")
	if err != nil || changed || !bytes.Equal(again, anew) {
		t.Errorf("a second time: got %v, %v", changed, err)
	}
	if _, _, err := both.Rewrap(old, "there"); !errors.Is(err, ErrAltered) {
		t.Errorf("in another place: got %v", err)
	}
}
