package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/oauth"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
)

type checkCmd struct {
	database
	Policy   string        `arg:"" help:"The policy file."`
	World    string        `type:"path" placeholder:"FILE" help:"A world file to check against it."`
	Offline  bool          `help:"Look at files and at the database only: ask no mail server and no DNS."`
	Selector []string      `placeholder:"NAME" help:"The DKIM selector by which your mail server signs; else some usual ones are tried."`
	Timeout  time.Duration `default:"20s" help:"How long each server may take."`
	JSON     bool          `help:"One JSON object a line."`
}

// Help is printed below the usage.
func (checkCmd) Help() string {
	return `Reads the policy, opens the database, and does at every mail server what "postdesk serve" does first. No mail is sent, none is read or marked.
Each line is ok, warn or FAIL, and says how to mend it. The status is 2 where policy or world hold a mistake, each told with its line; 1 where
something fails; else 0.

For example:

    postdesk check policy.yaml
    postdesk check policy.yaml --world world.yaml --offline`
}

// Run checks everything that a desk needs.
func (c checkCmd) Run(ctx context.Context) error {
	p, err := policy.Read(c.Policy)
	if err != nil {
		return err
	}
	var w *policy.World
	if c.World != "" {
		if w, err = policy.ReadWorld(c.World, p); err != nil {
			return err
		}
	}
	k := &checker{
		cmd: c, out: os.Stdout, policy: p, world: w, now: utcNow, dial: new(net.Dialer).DialContext, dns: &txtCache{server: func() string { return p.Desk.Resolver }, now: utcNow},
	}
	if st, err := c.open(ctx); err == nil { // else checkDatabase tells why not
		defer st.Close()
		if d, err := newDesk(st, p); err == nil {
			k.tokens = newTokens(d)
		}
	}
	return k.run(ctx)
}

// A checker looks at all that a desk needs, one thing after the other.
type checker struct {
	cmd    checkCmd
	out    io.Writer
	policy *policy.Policy
	world  *policy.World // nil where none is given

	now  func() time.Time
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	tls  *tls.Config // nil: the system's authorities
	dns  resolver

	tokens *oauth.Source // nil where the database is not open

	clocks []reading
	failed int
}

// A resolver looks up DNS records; *net.Resolver is one.
type resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// A grade is how much something matters.
type grade string

const (
	fine grade = "ok"
	warn grade = "warn"
	fail grade = "FAIL" // in capitals, to be found among many lines
)

// A finding is one line: what was looked at, what is so, and how it is mended.
type finding struct {
	Grade grade  `json:"grade"`
	What  string `json:"what"`
	Said  string `json:"said"`
	Mend  string `json:"mend,omitempty"`
}

func (k *checker) run(ctx context.Context) error {
	k.checkPolicy()
	k.checkTemplates()
	k.checkDatabase(ctx)
	k.checkSignIns(ctx)
	if !k.cmd.Offline {
		for _, box := range k.policy.Mailboxes {
			k.checkIMAP(ctx, box)
			k.checkSMTP(ctx, box)
		}
		k.checkDNS(ctx)
	}
	k.checkClock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if k.failed > 0 {
		return fmt.Errorf("%s", count(k.failed, "check fails", "checks fail"))
	}
	return nil
}

// tell prints a finding.
func (k *checker) tell(g grade, what, said, mend string) {
	if g == fail {
		k.failed++
	}
	if k.cmd.JSON {
		if err := jsonLines(k.out, []finding{{g, what, said, mend}}); err != nil {
			k.failed++ // nobody can read it
		}
		return
	}
	fmt.Fprintf(k.out, "%-5s %s: %s\n", g, what, brief(said, 400))
	if mend != "" {
		fmt.Fprintf(k.out, "      -> %s\n", mend)
	}
}

// count is a number of things.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// checkPolicy tells what a right policy still lacks for a desk that serves.
func (k *checker) checkPolicy() {
	p := k.policy
	k.tell(fine, "policy", fmt.Sprintf("%s, %s, %s, %s", p.File, count(len(p.Mailboxes), "mailbox", "mailboxes"),
		count(len(p.Staff), "person", "people"), count(len(p.Classes), "class", "classes")), "")
	for _, n := range p.Later {
		k.tell(warn, "policy", n.String(), "")
	}
	for _, m := range p.Unset {
		k.tell(fail, "secret", m.String(), "set the variable, or make the file, for the account that runs the desk")
	}
	if !p.TokensSet && len(p.Unset) == 0 {
		k.tell(fail, "tokens", "there is no key, so that anybody could forge our reply addresses: enough for simulate, refused by serve",
			`add to the policy: tokens: [{id: a, secret_file: token-key}], and make the file: head -c 32 /dev/urandom | base64 > token-key`)
	}
	if p.Portal.URL != "" && len(p.Secrets.Keys) == 0 && len(p.Unset) == 0 {
		k.tell(fail, "secrets", "there is no key to seal the links of the portal by until they are mailed: serve refuses to start", makeSecretsKey)
	}
	if p.Alarm.Silent() {
		k.tell(warn, "alarm", "nobody is told when mail stops", "add alarm to the policy, such as alarm: {mail: {host: ..., from: ..., to: [...]}} of another server, and try it: postdesk alarm "+p.File)
	}
	if k.world != nil {
		k.tell(fine, "world", fmt.Sprintf("%s, %s", k.cmd.World, count(len(k.world.Customers), "customer", "customers")), "")
	}
}

// checkOutbox tells where a person has to say that mail may be sent.
func (k *checker) checkOutbox(ctx context.Context, st *store.Store) {
	err := st.View(ctx, func(tx desk.Tx) error {
		why, err := tx.Meta(ctx, desk.MetaPaused)
		if errors.Is(err, desk.ErrNotFound) {
			return nil
		}
		if err == nil {
			k.tell(fail, "outbox", "NOTHING IS SENT: "+why, "look at postdesk mail queue, give up by postdesk mail drop what was sent before, then postdesk mail resume")
		}
		return err
	})
	if err != nil {
		k.tell(fail, "outbox", err.Error(), mend(err, k.now()))
	}
}

// checkDatabase opens the database, which refuses settings that could lose mail, and looks at its schema.
func (k *checker) checkDatabase(ctx context.Context) {
	ctx, cancel := k.limit(ctx)
	defer cancel()
	const what = "database"
	st, err := k.cmd.open(ctx)
	var missing *missingError
	var schema *schemaError
	switch {
	case errors.As(err, &missing):
		k.tell(warn, what, fmt.Sprintf("there is no %s yet", missing.file), "postdesk migrate makes it, as does postdesk serve")
		return
	case errors.As(err, &schema) && schema.current < schema.known:
		k.tell(warn, what, err.Error(), "postdesk serve does it too, when it starts")
		return
	case errors.As(err, &schema):
		k.tell(fail, what, err.Error(), "")
		return
	case err != nil:
		k.tell(fail, what, err.Error(), mend(err, k.now()))
		return
	}
	defer st.Close()
	version, _, err := st.SchemaVersion(ctx)
	if err != nil {
		k.tell(fail, what, err.Error(), mend(err, k.now()))
		return
	}
	k.tell(fine, what, fmt.Sprintf("%s, schema %d", st, version), "")
	k.checkOutbox(ctx, st)
	if at, mine, err := sharedClock(ctx, st, k.now); err == nil && !at.IsZero() {
		k.clocks = append(k.clocks, reading{"the database", at, mine, true})
	}
}

// limit gives a server its time.
func (k *checker) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, k.cmd.Timeout, fmt.Errorf("no answer within %v: %w", k.cmd.Timeout, context.DeadlineExceeded))
}
