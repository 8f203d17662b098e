package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/oauth"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
)

// newTokens is where pollers and sender get tokens: their grants lie in the database, sealed.
func newTokens(d *desk.Desk) *oauth.Source {
	return &oauth.Source{
		Provider: func(name string) (oauth.Provider, bool) {
			p := d.Policy().Provider(name)
			if p == nil {
				return oauth.Provider{}, false
			}
			return oauth.Provider{
				ClientID: p.ClientID, ClientSecret: string(p.ClientSecret), TokenURL: p.TokenURL, DeviceURL: p.DeviceURL, AuthURL: p.AuthURL,
				RedirectURL: p.RedirectURL, Scopes: p.Scopes, Lasts: time.Duration(p.Days) * 24 * time.Hour,
			}, true
		},
		Keeper: grants{d}, Now: d.Now, Log: d.Log,
		Mend: func(a oauth.Account) string {
			for _, box := range d.Policy().Mailboxes {
				if slices.Contains(accountsOf(box), a) {
					return "sign in: " + signInCommand(d.Policy(), box.Name)
				}
			}
			return "no mailbox of the policy uses it any more"
		},
	}
}

func signInCommand(p *policy.Policy, mailbox string) string {
	return "postdesk oauth login " + mailbox + " --policy " + p.File
}

// accountsOf are the accounts by whose tokens a mailbox is read and answered: mostly one.
func accountsOf(box *policy.Mailbox) (all []oauth.Account) {
	if box.IMAP != nil && box.IMAP.OAuth != "" {
		all = append(all, oauth.Account{Provider: box.IMAP.OAuth, User: box.IMAP.Username})
	}
	if box.SMTP != nil && box.SMTP.OAuth != "" {
		if a := (oauth.Account{Provider: box.SMTP.OAuth, User: box.SMTP.Username}); !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// allAccounts are those of all mailboxes, in the order of the policy.
func allAccounts(p *policy.Policy) (all []oauth.Account) {
	for _, box := range p.Mailboxes {
		for _, a := range accountsOf(box) {
			if !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return all
}

// grants keeps what providers gave as secrets of the desk.
type grants struct{ desk *desk.Desk }

func grantName(a oauth.Account) desk.SecretName {
	return desk.SecretName{Kind: "oauth", Owner: a.Provider, What: a.User}
}

// Grant implements oauth.Keeper.
func (k grants) Grant(ctx context.Context, a oauth.Account) (g oauth.Grant, err error) {
	raw, err := k.desk.ReadSecret(ctx, grantName(a))
	if errors.Is(err, desk.ErrNotFound) {
		return g, oauth.ErrNoGrant
	}
	if err != nil {
		return g, err
	}
	if err := json.Unmarshal(raw, &g); err != nil {
		return g, fmt.Errorf("sign-in of %s cannot be read", a) // the error would quote it
	}
	return g, nil
}

// Keep implements oauth.Keeper.
func (k grants) Keep(ctx context.Context, a oauth.Account, g oauth.Grant) error {
	raw, err := json.Marshal(g)
	if err != nil {
		return err
	}
	return k.desk.KeepSecret(ctx, grantName(a), raw)
}

// askingLasts is longer than a question to a provider, its answer and the keeping of it.
const askingLasts = 90 * time.Second

// Alone implements oauth.Keeper.
func (k grants) Alone(ctx context.Context, a oauth.Account, do func(context.Context) error) error {
	return k.desk.Alone(ctx, "oauth:"+a.Provider+"/"+a.User, askingLasts, do)
}

const (
	grantWarning  = 7 * 24 * time.Hour  // before a sign-in ends
	secretWarning = 30 * 24 * time.Hour // before a client's secret ends: a new one takes time to get
)

// A signInTrouble keeps us from signing in, or soon will.
type signInTrouble struct {
	who, said, mend string
	stops           bool // already
}

func (t signInTrouble) String() string { return t.who + ": " + t.said + "; " + t.mend }

// signInTroubles are those of all accounts, and of the clients by which we are known to providers.
func signInTroubles(ctx context.Context, p *policy.Policy, tokens *oauth.Source, now time.Time) (all []signInTrouble) {
	for _, a := range allAccounts(p) {
		var refused *oauth.RefusedError
		if errors.As(tokens.Trouble(a), &refused) {
			all = append(all, signInTrouble{a.String(), "the provider refuses to renew the sign-in: " + refused.Why, refused.Mend, true})
			continue
		}
		g, err := tokens.Keeper.Grant(ctx, a)
		var sealed *desk.SealError
		switch {
		case errors.Is(err, oauth.ErrNoGrant):
			all = append(all, signInTrouble{a.String(), "nobody has signed in yet", tokens.Mend(a), true})
		case errors.As(err, &sealed):
			all = append(all, signInTrouble{a.String(), sealed.Err.Error(), sealed.Mend(), true})
		case err == nil && !g.Ends.IsZero() && g.Ends.Sub(now) < grantWarning:
			all = append(all, signInTrouble{a.String(), "the sign-in ends on " + minute(g.Ends), tokens.Mend(a), false})
		}
	}
	for _, pr := range p.Providers {
		if !pr.SecretEnds.IsZero() && pr.SecretEnds.Sub(now) < secretWarning {
			all = append(all, signInTrouble{"oauth." + pr.Name, "the client secret ends on " + minute(pr.SecretEnds),
				"get a new one from the provider, and put it and its secret_ends into the policy", !pr.SecretEnds.After(now)})
		}
	}
	return all
}

// checkSignIns looks at who is signed in, and for how long.
func (k *checker) checkSignIns(ctx context.Context) {
	all := allAccounts(k.policy)
	if len(all) == 0 {
		return
	}
	if len(k.policy.Secrets.Keys) == 0 {
		k.tell(fail, "secrets", "there is no key to seal sign-ins with: serve refuses to start", makeSecretsKey)
	}
	if k.tokens == nil {
		k.tell(fail, "sign-in", "the database that holds the sign-ins is not there", "make it, postdesk migrate, and sign in: "+signInCommand(k.policy, k.policy.Mailboxes[0].Name))
		return
	}
	troubles := signInTroubles(ctx, k.policy, k.tokens, k.now())
	for _, t := range troubles {
		g := warn
		if t.stops {
			g = fail
		}
		k.tell(g, "sign-in "+t.who, t.said, t.mend)
	}
	if len(troubles) == 0 {
		k.tell(fine, "sign-in", count(len(all), "account is", "accounts are")+" signed in", "")
	}
}

const makeSecretsKey = `add to the policy: secrets: [{id: a, key_file: secrets-key}], and make the file: head -c 32 /dev/urandom | base64 > secrets-key`

type oauthCmd struct {
	Login  oauthLoginCmd  `cmd:"" help:"Sign in to the mailbox at a provider that takes no password."`
	Status oauthStatusCmd `cmd:"" help:"Show who is signed in where, and until when."`
}

type oauthLoginCmd struct {
	database
	Policy  string `required:"" type:"existingfile" env:"POSTDESK_POLICY" placeholder:"FILE" help:"The policy, with the provider below oauth."`
	Mailbox string `arg:"" help:"The mailbox of the policy."`
	Token   string `type:"existingfile" placeholder:"FILE" help:"Take the refresh token that is in this file instead, obtained elsewhere; - reads it from standard input."`
}

// Help is printed below the usage.
func (oauthLoginCmd) Help() string {
	return `No browser is needed on this machine. With device_url in the policy you get a code, which you enter in any browser; else an address to open in
any browser, from which you bring another address back. What the provider gives is kept sealed in the database. A desk that serves goes on by itself
within a minute.

For example:

    postdesk oauth login support --policy policy.yaml`
}

// Run signs in.
func (c oauthLoginCmd) Run(ctx context.Context) error {
	p, err := policy.Read(c.Policy)
	if err != nil {
		return err
	}
	return c.with(ctx, func(st *store.Store) error { return c.signIn(ctx, st, p, os.Stdin, os.Stdout) })
}

func (c oauthLoginCmd) signIn(ctx context.Context, st *store.Store, p *policy.Policy, in io.Reader, out io.Writer) error {
	box := p.Mailbox(c.Mailbox)
	if box == nil {
		return fmt.Errorf("the policy has no mailbox %s", c.Mailbox)
	}
	all := accountsOf(box)
	if len(all) == 0 {
		return fmt.Errorf("mailboxes.%s signs in by password: name a provider there, oauth: NAME", box.Name)
	}
	if len(p.Secrets.Keys) == 0 {
		return fmt.Errorf("there is no key to seal what the provider gives: %s", makeSecretsKey)
	}
	d, err := newDesk(st, p)
	if err != nil {
		return err
	}
	tokens := newTokens(d)
	lines := bufio.NewReader(in)
	for _, a := range all {
		fmt.Fprintf(out, "Signing in as %s.\n", a)
		if c.Token != "" {
			token, err := readToken(c.Token, lines)
			if err == nil {
				err = tokens.Enter(ctx, a, token)
			}
			if err != nil {
				return err
			}
		} else if err := tokens.SignIn(ctx, a, out, func() (string, error) { return lines.ReadString('\n') }); err != nil {
			return err
		}
		fmt.Fprintf(out, "Signed in as %s.\n", a)
	}
	return nil
}

func readToken(file string, in io.Reader) (string, error) {
	var raw []byte
	var err error
	if file == "-" {
		raw, err = io.ReadAll(io.LimitReader(in, 1<<16))
	} else {
		raw, err = os.ReadFile(file)
	}
	token := strings.TrimSpace(string(raw))
	if err == nil && (token == "" || strings.ContainsAny(token, " \r\n")) {
		err = errors.New("want one refresh token and nothing else")
	}
	return token, err
}

type oauthStatusCmd struct {
	database
	Policy string `required:"" type:"existingfile" env:"POSTDESK_POLICY" placeholder:"FILE" help:"The policy, with the providers below oauth."`
	Renew  bool   `help:"Ask each provider for a new token now, which shows whether the sign-in still holds."`
	JSON   bool   `help:"One JSON object a line."`
}

// Run shows the sign-ins.
func (c oauthStatusCmd) Run(ctx context.Context) error {
	p, err := policy.Read(c.Policy)
	if err != nil {
		return err
	}
	return c.withDesk(ctx, p, func(d *desk.Desk) error { return c.show(ctx, p, newTokens(d), os.Stdout) })
}

// A signInLine is one account in JSON.
type signInLine struct {
	Provider string    `json:"provider"`
	User     string    `json:"user"`
	Since    time.Time `json:"since"`
	Ends     time.Time `json:"ends"`
	Access   time.Time `json:"access_until"`
	Trouble  string    `json:"trouble,omitempty"`
}

func (c oauthStatusCmd) show(ctx context.Context, p *policy.Policy, tokens *oauth.Source, out io.Writer) error {
	var lines []signInLine
	wrong := 0
	for _, a := range allAccounts(p) {
		g, err := tokens.Keeper.Grant(ctx, a)
		if err == nil && c.Renew {
			g, err = tokens.Renew(ctx, a.Provider, a.User)
		}
		l := signInLine{Provider: a.Provider, User: a.User, Since: g.Since, Ends: g.Ends, Access: g.Until}
		if errors.Is(err, oauth.ErrNoGrant) {
			err = fmt.Errorf("nobody has signed in yet; %s", tokens.Mend(a))
		}
		if err != nil {
			wrong++
			l.Trouble = err.Error()
		}
		lines = append(lines, l)
	}
	err := c.print(lines, out)
	if err == nil && wrong > 0 {
		err = fmt.Errorf("%s", count(wrong, "account is not signed in", "accounts are not signed in"))
	}
	return err
}

func (c oauthStatusCmd) print(lines []signInLine, out io.Writer) error {
	if c.JSON {
		return jsonLines(out, lines)
	}
	if len(lines) == 0 {
		_, err := fmt.Fprintln(out, "no mailbox signs in by oauth")
		return err
	}
	rows := [][]string{{"PROVIDER", "USER", "SINCE", "ENDS", "TROUBLE"}}
	for _, l := range lines {
		rows = append(rows, []string{l.Provider, l.User, minute(l.Since), minute(l.Ends), orDash(clean(l.Trouble))})
	}
	return table(out, rows)
}
