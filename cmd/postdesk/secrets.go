package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
)

type secretsCmd struct {
	List   secretsListCmd   `cmd:"" default:"withargs" help:"Whose secrets the database holds, and by which key each is sealed. None is shown."`
	Rewrap secretsRewrapCmd `cmd:"" help:"Seal by the first key of the policy what another one has sealed, as serve does when it starts."`
}

type secretsListCmd struct {
	database
	JSON bool `help:"One JSON object a line."`
}

// Run lists the secrets.
func (c secretsListCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(st *store.Store) error { return listSecrets(ctx, st, os.Stdout, c.JSON) })
}

// A secretLine is one secret in JSON, without what is secret in it.
type secretLine struct {
	Kind  string    `json:"kind"`
	Owner string    `json:"owner"`
	What  string    `json:"what"`
	Key   string    `json:"key"`
	At    time.Time `json:"at"`
}

func listSecrets(ctx context.Context, st *store.Store, out io.Writer, asJSON bool) error {
	all, err := allSecrets(ctx, st)
	if err != nil {
		return err
	}
	if asJSON {
		lines := make([]secretLine, len(all))
		for i, s := range all {
			lines[i] = secretLine{s.Kind, s.Owner, s.What, s.SealedBy, s.At}
		}
		return jsonLines(out, lines)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(out, "the database holds no secrets")
		return err
	}
	rows := [][]string{{"KIND", "OWNER", "WHAT", "KEY", "SINCE"}}
	for _, s := range all {
		rows = append(rows, []string{s.Kind, s.Owner, s.What, s.SealedBy, s.At.Format("2006-01-02 15:04")})
	}
	return table(out, rows)
}

func allSecrets(ctx context.Context, st *store.Store) (all []desk.Secret, err error) {
	for after := (desk.SecretName{}); ; after = all[len(all)-1].SecretName {
		var more []desk.Secret
		err := st.View(ctx, func(tx desk.Tx) (err error) {
			more, err = tx.Secrets(ctx, after, 500)
			return err
		})
		if err != nil || len(more) == 0 {
			return all, err
		}
		all = append(all, more...)
	}
}

type secretsRewrapCmd struct {
	database
	Policy string `required:"" type:"existingfile" env:"POSTDESK_POLICY" placeholder:"FILE" help:"The policy whose secrets section has the keys."`
}

// Help is printed below the usage.
func (secretsRewrapCmd) Help() string {
	return `To change the key, put a new one above the others below secrets in the policy, and keep the old one there until this has been done. Several
nodes need the new one first, below the one that they still seal by.

For example:

    postdesk secrets rewrap --policy policy.yaml
    postdesk secrets`
}

// Run wraps all secrets anew.
func (c secretsRewrapCmd) Run(ctx context.Context) error {
	p, err := policy.Read(c.Policy)
	if err != nil {
		return err
	}
	return c.with(ctx, func(st *store.Store) error {
		d, err := newDesk(st, p)
		if err != nil {
			return err
		}
		n, err := rewrap(ctx, d, st)
		fmt.Printf("%d secrets sealed anew\n", n)
		return err
	})
}

// rewrap seals anew, and takes the old seals away where something still keeps them.
func rewrap(ctx context.Context, d *desk.Desk, st *store.Store) (int, error) {
	n, err := d.Rewrap(ctx)
	if n > 0 {
		err = errors.Join(err, st.ScrubSecrets(ctx))
	}
	return n, err
}

// keepWrapped wraps all secrets by the first key of the policy, when the desk starts and whenever it has a new policy. What does not
// open is told, and keeps nobody from his work but whoever needs it.
func keepWrapped(ctx context.Context, d *desk.Desk, st *store.Store, changed <-chan struct{}, log *slog.Logger) error {
	for {
		n, err := rewrap(ctx, d, st)
		if ctx.Err() != nil {
			return nil
		}
		if n > 0 {
			log.Info("secrets were sealed anew", "secrets", n)
		}
		var retry <-chan time.Time
		if err != nil {
			log.Error("secrets are not all sealed by the first key", "error", err)
			retry = time.After(10 * time.Minute)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-retry:
		}
	}
}
