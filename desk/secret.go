package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postdesk/postdesk/desk/seal"
)

// A SecretName says whose secret it is and what it is for, such as {"mailbox", "support", "refresh_token"}. The three are part of the
// seal: a secret opens under its own name alone.
type SecretName struct{ Kind, Owner, What string }

func (n SecretName) String() string { return n.Kind + " " + n.Owner + ", " + n.What }

func (n SecretName) context() string { return seal.Context("secret", n.Kind, n.Owner, n.What) }

// A Secret is one as the database holds it.
type Secret struct {
	SecretName
	Sealed   []byte
	SealedBy string // id of the key
	At       time.Time
}

// A SealError says that a secret can be neither kept nor read, and how that is mended.
type SealError struct {
	Name SecretName
	Err  error
}

func (e *SealError) Error() string {
	return fmt.Sprintf("secret of %s: %v; %s", e.Name, e.Err, e.Mend())
}
func (e *SealError) Unwrap() error { return e.Err }

// Mend is what a person can do.
func (e *SealError) Mend() string {
	var missing *seal.MissingKeyError
	switch {
	case errors.As(e.Err, &missing):
		return fmt.Sprintf("put the key with the id %c back below secrets in the policy; where it is lost, so is the secret: enter it anew", missing.ID)
	case errors.Is(e.Err, seal.ErrNoKey):
		return "make one, head -c 32 /dev/urandom | base64 > secrets-key, and name it in the policy: secrets: [{id: a, key_file: secrets-key}]"
	}
	return "give the key under its id again as it was, or enter the secret anew"
}

// keepSecret seals a secret and writes it in place of the one that was there.
func (d *Desk) keepSecret(ctx context.Context, tx Tx, name SecretName, plain []byte) error {
	ring := d.Policy().Secrets
	sealed, err := ring.Seal(plain, name.context())
	if err != nil {
		return &SealError{name, err}
	}
	return tx.SaveSecret(ctx, Secret{name, sealed, string(ring.Keys[0].ID), d.Now()})
}

// readSecret opens a secret.
func (d *Desk) readSecret(ctx context.Context, tx Tx, name SecretName) ([]byte, error) {
	s, err := tx.Secret(ctx, name)
	if err != nil {
		return nil, err
	}
	ring := d.Policy().Secrets
	plain, err := ring.Open(s.Sealed, name.context())
	if err != nil {
		return nil, &SealError{name, err}
	}
	return plain, nil
}

// KeepSecret keeps a secret sealed, instead of the one of that name. Without a key nothing is kept, and the error says how one is made.
func (d *Desk) KeepSecret(ctx context.Context, name SecretName, plain []byte) error {
	return d.Store.Update(ctx, func(tx Tx) error { return d.keepSecret(ctx, tx, name, plain) })
}

// ReadSecret gives a secret that was kept; ErrNotFound where there is none.
func (d *Desk) ReadSecret(ctx context.Context, name SecretName) (plain []byte, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		plain, err = d.readSecret(ctx, tx, name)
		return err
	})
	return plain, err
}

// ForgetSecret deletes a secret, if there is one.
func (d *Desk) ForgetSecret(ctx context.Context, name SecretName) error {
	return d.Store.Update(ctx, func(tx Tx) error { return tx.DeleteSecret(ctx, name) })
}

// secretBatch is how many secrets are looked at in one transaction.
const secretBatch = 100

// Rewrap seals by the policy's first key what another one has sealed, after which the others can go (T112). It tells how many it sealed
// anew. One that cannot be opened stops none of the others: all of those are told by the error.
func (d *Desk) Rewrap(ctx context.Context) (n int, err error) {
	ring := d.Policy().Secrets
	var wrong []error
	for after := (SecretName{}); ; {
		var all []Secret
		err := d.Store.View(ctx, func(tx Tx) (err error) {
			all, err = tx.Secrets(ctx, after, secretBatch)
			return err
		})
		if err != nil {
			return n, err
		}
		if len(all) == 0 {
			return n, errors.Join(wrong...)
		}
		after = all[len(all)-1].SecretName
		for _, s := range all {
			sealed, anew, err := ring.Rewrap(s.Sealed, s.context())
			if err != nil {
				wrong = append(wrong, &SealError{s.SecretName, err})
				continue
			}
			if !anew {
				continue
			}
			old, replaced := s.Sealed, false
			s.Sealed, s.SealedBy = sealed, string(ring.Keys[0].ID)
			err = d.Store.Update(ctx, func(tx Tx) (err error) {
				// One that was written meanwhile is newer than what was read here.
				replaced, err = tx.ReplaceSecret(ctx, s, old)
				return err
			})
			if err != nil {
				return n, err
			}
			if replaced {
				n++
			}
		}
	}
}

// Alone runs do while no other node, and no command beside them, does what has the same name. It waits for its turn until ctx ends.
// Should do last longer than it may, another one can begin.
func (d *Desk) Alone(ctx context.Context, name string, lasts time.Duration, do func(context.Context) error) error {
	for {
		var ours bool
		err := d.Store.Update(ctx, func(tx Tx) error {
			now, err := tx.Now(ctx)
			if err != nil {
				return err
			}
			ours, err = tx.Lease(ctx, name, d.Node, now.Add(lasts))
			return err
		})
		if err != nil {
			return fmt.Errorf("wait for %s: %w", name, err)
		}
		if ours {
			break
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", name, ctx.Err())
		}
	}
	// Whatever becomes of ctx, the others need not wait for the lease to end by itself; if that fails, it does.
	defer d.Store.Update(context.WithoutCancel(ctx), func(tx Tx) error { return tx.Release(context.WithoutCancel(ctx), name, d.Node) })
	return do(ctx)
}
