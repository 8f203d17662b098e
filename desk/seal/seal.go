// Package seal closes secrets that the database has to hold: the refresh token of a mailbox, an access that a customer handed over. The
// keys stand outside of it, in a file or the environment, and so outside of its backups: a dump alone opens nothing (T111).
//
// A sealed value belongs to one place, its context. Copied into another row it does not open, so whoever can write to the database
// cannot make the desk show one customer's secret as another's.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// MinKey is the shortest key in bytes, as it is written in its file: what 32 random bytes make in base64 is 44.
const MinKey = 32

// A Key closes and opens. Its ID stands in the clear in all that it has closed, so it is never used again for another key.
type Key struct {
	ID     byte
	Secret []byte
}

// A Keyring closes by its first key and opens by each. To change the key, a new one is put first, everything is wrapped anew, and then
// the old one goes (T112).
type Keyring struct{ Keys []Key }

var (
	// ErrNoKey says that there is nothing to close a secret with.
	ErrNoKey = errors.New("no key to seal secrets with")
	// ErrAltered says that a sealed value is not what was put there: it was changed, stood in another place, or its key is another one
	// under the same id.
	ErrAltered = errors.New("sealed value was changed or moved, or its key is another one of the same id")
)

// A MissingKeyError says that the key is not there by which a value was closed.
type MissingKeyError struct{ ID byte }

func (e *MissingKeyError) Error() string {
	return fmt.Sprintf("sealed by the key %q, which is not here", e.ID)
}

// format is the first byte of what is sealed: then come the key's id, 12 random bytes, the ciphertext and 16 bytes that authenticate all
// of it (AES-256-GCM, NIST SP 800-38D). Another way to seal is another number.
const format = 1

const (
	head  = 2
	extra = head + 12 + 16
)

// Seal closes plain for the place that context names. The same value is another one each time.
func (k *Keyring) Seal(plain []byte, context string) ([]byte, error) {
	if len(k.Keys) == 0 {
		return nil, ErrNoKey
	}
	key := &k.Keys[0]
	aead, err := key.aead()
	if err != nil {
		return nil, err
	}
	out := make([]byte, head, extra+len(plain))
	out[0], out[1] = format, key.ID
	return aead.Seal(out, nil, plain, bind(out[:head], context)), nil
}

// Open gives what was closed for that place. Its errors are *MissingKeyError and ErrAltered.
func (k *Keyring) Open(sealed []byte, context string) ([]byte, error) {
	id, err := KeyOf(sealed)
	if err != nil {
		return nil, err
	}
	for i := range k.Keys {
		if k.Keys[i].ID != id {
			continue
		}
		aead, err := k.Keys[i].aead()
		if err != nil {
			return nil, err
		}
		plain, err := aead.Open(nil, nil, sealed[head:], bind(sealed[:head], context))
		if err != nil {
			return nil, ErrAltered
		}
		return plain, nil
	}
	return nil, &MissingKeyError{id}
}

// Rewrap closes by the first key what another one has closed. Anew is false where nothing was to do, and sealed is then returned as it is.
func (k *Keyring) Rewrap(sealed []byte, context string) (out []byte, anew bool, err error) {
	id, err := KeyOf(sealed)
	if err != nil {
		return nil, false, err
	}
	if len(k.Keys) > 0 && k.Keys[0].ID == id {
		return sealed, false, nil
	}
	plain, err := k.Open(sealed, context)
	if err != nil {
		return nil, false, err
	}
	defer clear(plain)
	out, err = k.Seal(plain, context)
	return out, err == nil, err
}

// KeyOf is the id of the key that has closed a value.
func KeyOf(sealed []byte) (byte, error) {
	if len(sealed) < extra || sealed[0] != format {
		return 0, ErrAltered
	}
	return sealed[1], nil
}

// Context names a place. Other parts make another name, wherever one ends and the next begins.
func Context(parts ...string) string {
	var b []byte
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return string(b)
}

// aead is AES-256-GCM with a random nonce for each value: one key closes far fewer than the 2^32 values for which that is safe. The key's
// text, which may be base64 or anything else of enough chance, becomes 32 bytes by HKDF (RFC 5869).
func (key *Key) aead() (cipher.AEAD, error) {
	if len(key.Secret) < MinKey {
		return nil, fmt.Errorf("the key %q has %d bytes, and must have %d at least: %w", key.ID, len(key.Secret), MinKey, ErrNoKey)
	}
	raw, err := hkdf.Key(sha256.New, key.Secret, nil, "postdesk secrets", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// bind is what is authenticated beside the secret itself.
func bind(head []byte, context string) []byte { return append(head[:len(head):len(head)], context...) }
