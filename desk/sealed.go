package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/postdesk/postdesk/templates"
)

// Some mails bring what works as a password: the link to sign in by. Of a link the database holds but a hash; and it must not stand beside
// that in the outbox, or in the bytes that every try sends (T111). So it is kept sealed until the mail is sent, and then not at all. In the
// text that stays with the mail something else stands for it.

// sealedPart is what.
const sealedPart = "(kept-sealed)"

// maxSealed bounds the bytes of such a mail, in which no attachment travels.
const maxSealed = 1 << 20

func mailSecret(mail int64, what string) SecretName {
	return SecretName{Kind: "mail", Owner: strconv.FormatInt(mail, 10), What: what}
}

// oneTimeOf is what in the data of a mail works as a password, "" for nothing.
func oneTimeOf(data any) string {
	c, ok := data.(*templates.Customer)
	if !ok {
		return ""
	}
	return c.OneTimeURL[strings.LastIndexByte(c.OneTimeURL, '/')+1:]
}

// takeOut takes a secret out of a mail that is to be kept. Without a key to seal by it stays: so it is in simulate and in the demo, whose
// databases are gone with them, and serve has no portal then.
func (t *turn) takeOut(m *Mail, secret string) error {
	if secret == "" || len(t.p.Secrets.Keys) == 0 {
		return nil
	}
	m.Sealed = true
	m.Text = strings.ReplaceAll(m.Text, secret, sealedPart)
	m.HTML = strings.ReplaceAll(m.HTML, secret, sealedPart)
	if !strings.Contains(m.Text, sealedPart) {
		return fmt.Errorf("%s in %s does not show its link", m.Template, m.Language)
	}
	return nil
}

// Reveal puts what is kept sealed back into a mail that is about to be composed.
func (d *Desk) Reveal(ctx context.Context, m *Mail) error {
	if !m.Sealed {
		return nil
	}
	secret, err := d.ReadSecret(ctx, mailSecret(m.ID, "link"))
	if err != nil {
		return err
	}
	m.Text = strings.ReplaceAll(m.Text, sealedPart, string(secret))
	m.HTML = strings.ReplaceAll(m.HTML, sealedPart, string(secret))
	return nil
}

// keepSealedMIME is KeepMIME for a mail that is sealed.
func (d *Desk) keepSealedMIME(ctx context.Context, c *Composed) error {
	all, err := io.ReadAll(io.LimitReader(c.Bytes, maxSealed+1))
	if err != nil {
		return err
	}
	if len(all) > maxSealed {
		return fmt.Errorf("a sealed mail of more than %d bytes", maxSealed)
	}
	name := mailSecret(c.Mail.ID, "mime")
	return d.Store.Update(ctx, func(tx Tx) error {
		if _, err := tx.Secret(ctx, name); !errors.Is(err, ErrNotFound) {
			return err // the first stands
		}
		return d.keepSecret(ctx, tx, name, all)
	})
}

// MIME writes the bytes that were stored by KeepMIME.
func (d *Desk) MIME(ctx context.Context, m *Mail, w io.Writer) error {
	if !m.Sealed {
		return d.Source(ctx, m.MIME, w)
	}
	all, err := d.ReadSecret(ctx, mailSecret(m.ID, "mime"))
	if err != nil {
		return err
	}
	_, err = bytes.NewReader(all).WriteTo(w)
	return err
}

// forgetSent deletes what was sealed of a mail that was sent: it is with its reader now.
func (d *Desk) forgetSent(ctx context.Context, tx Tx, mail int64) error {
	p := d.Policy()
	if p.Portal.URL == "" || len(p.Secrets.Keys) == 0 {
		return nil
	}
	for _, what := range []string{"link", "mime"} {
		if err := tx.DeleteSecret(ctx, mailSecret(mail, what)); err != nil {
			return err
		}
	}
	return nil
}
