//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk"
)

// TestT086LogsTellNoSecrets: what people write, what lets them in and what proves an answer stay out of the log, the metrics and /readyz,
// also when something goes wrong: a mail that is refused, a command that does not exist, a mail in another's name.
func TestT086LogsTellNoSecrets(t *testing.T) {
	t.Parallel()
	eachDSN(t, func(t *testing.T, dsn string) {
		d := newRealDesk(t, dsn, nil)
		n := d.serve(t)
		kim, eve, dana := d.someone("Kim", "kim@bolt.example"), d.someone("Eve", "eve@desk.example"), d.someone("Dana", "dana@desk.example")
		gone := d.someone("Ghost", "ghost-canary@acme.example") // has no mailbox, so the server refuses what the desk answers

		kim.writes(t, "Subject canary", "Body canary. The password is: hunter2canary")
		request := dana.gets(t, "unassigned", "Body canary")
		dana.answers(t, request, "/assign eve")
		work := eve.gets(t, "assigned", "Body canary")
		eve.answers(t, work, "/spnt canary")
		eve.gets(t, "refused_command")
		if err := d.submit(d.MX, "mallory@evil.example", "support@desk.example", answerTo(work, "Forged canary\n\n/close").bytes(addressOf("Eve", eve.address))); err != nil {
			t.Fatal(err)
		}
		eve.gets(t, "held_notice")
		eve.answers(t, work, "Answer canary.\n\n/spent 10m canary\n/resolve")
		kim.gets(t, "resolved", "Answer canary")
		gone.writes(t, "Hello", "Refused canary")
		eventually(t, "the log tells of the refused mail", func() error {
			if !strings.Contains(n.out.String(), "given up") {
				return errors.New("it does not")
			}
			return nil
		})

		told := n.told(t, "/metrics") + n.told(t, "/readyz")
		n.stops(t)
		told += n.out.String()
		if !strings.Contains(told, "serving") || !strings.Contains(told, "postdesk_") {
			t.Fatalf("there is no log or there are no metrics to look through:\n%s", told)
		}
		secrets := []string{"canary", "hunter2", tokenKey, secretsKey, passwordOf("support@desk.example"), passwordOf("eve@desk.example")}
		err := d.store.View(t.Context(), func(tx desk.Tx) error { return tokensOf(t.Context(), tx, &secrets) })
		must(t, err)
		if len(secrets) < 12 {
			t.Fatalf("the desk has sent next to nothing: %q", secrets)
		}
		for _, s := range secrets {
			if strings.Contains(strings.ToLower(told), strings.ToLower(s)) {
				t.Errorf("%q is told:\n%s", s, told)
			}
		}
	})
}

// told is what the desk answers to whoever looks after it.
func (n *node) told(t *testing.T, path string) string {
	t.Helper()
	resp, err := http.Get(n.base + path)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	return string(body)
}

var tokenInAddress = regexp.MustCompile(`\+([a-z2-7]{20,})@`)

// tokensOf adds the tokens of all reply addresses that the desk has given out.
func tokensOf(ctx context.Context, tx desk.Tx, all *[]string) error {
	tickets, err := tx.Tickets(ctx, desk.TicketFilter{Limit: 100})
	for _, tk := range tickets {
		mails, merr := tx.Mails(ctx, tk.Number)
		if merr != nil {
			return merr
		}
		for _, m := range mails {
			for _, address := range []string{m.ReplyTo.Addr, m.EnvelopeFrom} {
				if token := tokenInAddress.FindStringSubmatch(address); token != nil {
					*all = append(*all, token[1])
				}
			}
		}
	}
	return err
}
