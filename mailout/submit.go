package mailout

import (
	"context"
	"fmt"
	"io"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
)

// Submit sends one mail at once, past the outbox and the desk's own accounts: it is for words to the operator when those do not work. It
// tries once. Of s it needs Dial, Now and Hello, and TLS if it is set.
func (s *Sender) Submit(ctx context.Context, account policy.SMTP, m *desk.Mail) error {
	mime := &spool{}
	defer mime.Close()
	if err := Compose(mime, m, nil); err != nil {
		return err
	}
	c, err := connect(ctx, s, account)
	if err != nil {
		return err
	}
	defer c.drop()
	c.wire.step(loginTime)
	if err := c.envelope(m); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, mime.reader()); err != nil {
		return fmt.Errorf("line dropped while the message was being sent: %w", err)
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // it is sent, whatever this answers
	return nil
}
