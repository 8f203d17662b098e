// Package oauth gets us into mailboxes whose provider takes no passwords: it trades a refresh token, which a person has obtained once by
// signing in, for access tokens that last an hour (RFC 6749, 6), which IMAP and SMTP take by XOAUTH2. It hides the token endpoint, who may
// ask it when, and what has to be kept.
//
// What stopped other desks is a refresh token that the provider had replaced and nobody had saved (F37). So a new one is kept before
// anything is done with what came along with it; one node asks at a time; and what a person has to do is said at the first refusal.
package oauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/oauth2"
)

// A Provider is where tokens come from, and who we are to it.
type Provider struct {
	ClientID, ClientSecret string // no secret for a client that is public (RFC 6749, 2.1)
	TokenURL               string
	DeviceURL              string // of the device flow (RFC 8628), "" where the provider has none
	AuthURL, RedirectURL   string // of the flow with a browser, "" where there is none
	Scopes                 []string
	Lasts                  time.Duration // how long a refresh token lives, where the provider does not tell; 0 for ever
}

// An Account is somebody at a provider, both by the names that the policy has for them.
type Account struct{ Provider, User string }

func (a Account) String() string { return a.User + " at " + a.Provider }

// A Grant is what the provider gave for an account. It is a secret.
type Grant struct {
	Refresh string    `json:"refresh"`
	Since   time.Time `json:"since"` // when Refresh was given
	Ends    time.Time `json:"ends"`  // when Refresh is worth nothing any more, zero where nobody told

	Access string    `json:"access,omitempty"`
	Until  time.Time `json:"until"` // when Access ends
}

// ErrNoGrant says that nobody has signed in yet for an account.
var ErrNoGrant = errors.New("nobody has signed in yet")

// A Keeper keeps grants where no restart and no other node misses them.
type Keeper interface {
	// Grant gives what is kept of an account, or ErrNoGrant.
	Grant(ctx context.Context, a Account) (Grant, error)
	// Keep replaces it. When it returns, the grant lasts.
	Keep(ctx context.Context, a Account, g Grant) error
	// Alone runs do while no other node does the same for the account.
	Alone(ctx context.Context, a Account, do func(context.Context) error) error
}

// A RefusedError says that the provider does not let us in any more, and what a person has to do.
type RefusedError struct {
	Account Account
	Why     string // the provider's words; "" where nobody has signed in
	Mend    string
}

func (e *RefusedError) Error() string {
	if e.Why == "" {
		return fmt.Sprintf("%s: %v; %s", e.Account, ErrNoGrant, e.Mend)
	}
	return fmt.Sprintf("%s: the provider refuses to renew the sign-in: %s; %s", e.Account, e.Why, e.Mend)
}

// A Source gives access tokens. It is set up by its exported fields, and is then safe for concurrent use.
type Source struct {
	Provider func(name string) (Provider, bool) // asked each time, so that a corrected secret serves at once
	Keeper   Keeper
	Now      func() time.Time
	Log      *slog.Logger
	Client   *http.Client // nil: one with a time limit
	Mend     func(a Account) string

	mu       sync.Mutex
	accounts map[Account]*account
}

// An account is what a Source remembers beyond what is kept.
type account struct {
	mu      sync.Mutex // one question at a time
	unsaved *Grant     // given by the provider and not kept yet, since the database was away
	useless string     // the access token that a mail server did not take

	refused error     // the provider's last answer,
	asked   [2]string // with this refresh token and secret,
	at      time.Time // then
}

const (
	// early is how long before its end an access token is replaced: whoever gets one can still log in with it at leisure.
	early = 5 * time.Minute
	// again is how long a refusal stands before the provider is asked again with the same token: it may have been a fault of its own.
	again = 10 * time.Minute
	// limit is for one question to the provider.
	limit = 30 * time.Second
)

func (s *Source) account(a Account) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts == nil {
		s.accounts = map[Account]*account{}
	}
	if s.accounts[a] == nil {
		s.accounts[a] = &account{}
	}
	return s.accounts[a]
}

// Token gives an access token to log in with. Its error is a *RefusedError where only a person can mend it.
func (s *Source) Token(ctx context.Context, provider, user string) (string, error) {
	a := Account{provider, user}
	own := s.account(a)
	own.mu.Lock()
	defer own.mu.Unlock()
	if own.unsaved != nil {
		if err := s.save(ctx, a, own, *own.unsaved); err != nil {
			return "", err
		}
	}
	g, err := s.grant(ctx, a)
	if err != nil {
		return "", err
	}
	if s.good(g, own) {
		return g.Access, nil
	}
	p, ok := s.Provider(a.Provider)
	if !ok {
		return "", fmt.Errorf("%s: the policy has no such provider", a)
	}
	if own.refused != nil && own.asked == [2]string{g.Refresh, p.ClientSecret} && s.Now().Sub(own.at) < again {
		return s.lastResort(g, own, own.refused)
	}
	var token string
	err = s.Keeper.Alone(ctx, a, func(ctx context.Context) error {
		g, err = s.grant(ctx, a) // another node may have been here first
		if err == nil && !s.good(g, own) {
			g, err = s.renew(ctx, a, p, own, g)
		}
		token = g.Access
		return err
	})
	if err != nil {
		return s.lastResort(g, own, err)
	}
	return token, nil
}

// good tells whether there is an access token that lasts long enough.
func (s *Source) good(g Grant, own *account) bool {
	return g.Access != "" && g.Access != own.useless && s.Now().Add(early).Before(g.Until)
}

// lastResort is the access token that there is, for its last minutes, when no other one can be had. Troubles tells of it meanwhile.
func (s *Source) lastResort(g Grant, own *account, err error) (string, error) {
	if g.Access != "" && g.Access != own.useless && s.Now().Before(g.Until) && own.unsaved == nil {
		return g.Access, nil
	}
	return "", err
}

// Refused tells that a mail server did not take a token. The next one will be another.
func (s *Source) Refused(provider, user, token string) {
	own := s.account(Account{provider, user})
	own.mu.Lock()
	defer own.mu.Unlock()
	own.useless = token
}

func (s *Source) grant(ctx context.Context, a Account) (Grant, error) {
	g, err := s.Keeper.Grant(ctx, a)
	if errors.Is(err, ErrNoGrant) {
		err = &RefusedError{a, "", s.Mend(a)}
	}
	return g, err
}

// renew asks the provider and keeps the answer.
func (s *Source) renew(ctx context.Context, a Account, p Provider, own *account, old Grant) (Grant, error) {
	asked, done := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, s.client()), limit)
	defer done()
	t, err := p.config().TokenSource(asked, &oauth2.Token{RefreshToken: old.Refresh}).Token()
	if err != nil {
		if why, forGood := refusal(err); forGood {
			err = &RefusedError{a, why, s.Mend(a)}
			own.refused, own.asked, own.at = err, [2]string{old.Refresh, p.ClientSecret}, s.Now()
			return old, err
		}
		return old, fmt.Errorf("%s: ask the provider for a token: %w", a, told(err))
	}
	g := p.grant(t, old, s.Now())
	own.refused = nil
	if g.Refresh != old.Refresh && s.Log != nil {
		s.Log.Info("the provider has replaced the refresh token", "account", a.String(), "ends", g.Ends)
	}
	return g, s.save(ctx, a, own, g)
}

// save keeps a grant, and remembers one that cannot be kept now: the one before may be worth nothing any more.
func (s *Source) save(ctx context.Context, a Account, own *account, g Grant) error {
	// The provider has forgotten the old token already, so being told to stop is no reason not to write the new one down.
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer done()
	if err := s.Keeper.Keep(ctx, a, g); err != nil {
		own.unsaved = &g
		return fmt.Errorf("%s: keep the new token: %w", a, err)
	}
	own.unsaved = nil
	return nil
}

func (s *Source) client() *http.Client {
	if s.Client != nil {
		return s.Client
	}
	return &http.Client{Timeout: limit}
}

func (p Provider) config() *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, Scopes: p.Scopes, RedirectURL: p.RedirectURL,
		// Trying out how the provider wants the secret would use a refresh token up that may be used once.
		Endpoint: oauth2.Endpoint{TokenURL: p.TokenURL, AuthURL: p.AuthURL, DeviceAuthURL: p.DeviceURL, AuthStyle: oauth2.AuthStyleInParams},
	}
}

// grant is what an answer of the provider's means after the one before.
func (p Provider) grant(t *oauth2.Token, old Grant, now time.Time) Grant {
	g := Grant{Refresh: old.Refresh, Since: old.Since, Ends: old.Ends, Access: t.AccessToken, Until: now.Add(time.Hour)}
	if lasts, told := seconds(t.Extra("expires_in")); told { // recommended only (RFC 6749, 5.1)
		g.Until = now.Add(lasts)
	}
	lasts, told := seconds(t.Extra("refresh_token_expires_in"))
	if t.RefreshToken != "" && t.RefreshToken != old.Refresh {
		g.Refresh, g.Since, g.Ends = t.RefreshToken, now, time.Time{}
		if p.Lasts > 0 {
			g.Ends = now.Add(p.Lasts)
		}
	}
	if told {
		g.Ends = now.Add(lasts)
	}
	return g
}

// seconds is a number of an answer, which some providers write as a text.
func seconds(v any) (time.Duration, bool) {
	switch v := v.(type) {
	case float64:
		return time.Duration(v) * time.Second, v > 0
	case string:
		d, err := time.ParseDuration(v + "s")
		return d, err == nil && d > 0
	}
	return 0, false
}

// refusal tells whether an error is the provider's last word (RFC 6749, 5.2), and which.
func refusal(err error) (why string, forGood bool) {
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) {
		return "", false
	}
	switch answer.ErrorCode {
	case "", "temporarily_unavailable", "server_error", "slow_down", "authorization_pending":
		return "", false
	}
	why = answer.ErrorCode
	if d := plain(answer.ErrorDescription); d != "" {
		why += " (" + d + ")"
	}
	return why, true
}

// told is an error without the body of an answer, which may hold anything.
func told(err error) error {
	var answer *oauth2.RetrieveError
	if errors.As(err, &answer) && answer.Response != nil {
		return fmt.Errorf("it answers %s %s", answer.Response.Status, plain(answer.ErrorCode))
	}
	return err
}

// plain makes a stranger's words fit for a line of a log.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return strings.Join(strings.Fields(s), " ")
}

// Renew asks for a new access token now, whatever there is: it shows whether the sign-in still holds.
func (s *Source) Renew(ctx context.Context, provider, user string) (g Grant, err error) {
	a := Account{provider, user}
	p, ok := s.Provider(provider)
	if !ok {
		return g, fmt.Errorf("%s: the policy has no such provider", a)
	}
	own := s.account(a)
	own.mu.Lock()
	defer own.mu.Unlock()
	err = s.Keeper.Alone(ctx, a, func(ctx context.Context) error {
		if g, err = s.grant(ctx, a); err == nil {
			g, err = s.renew(ctx, a, p, own, g)
		}
		return err
	})
	return g, err
}

// Trouble is why the provider lets an account in no more, nil while it does or nobody has asked yet. An access token that is still good
// may be in use meanwhile: so it is known for some minutes before mail stops.
func (s *Source) Trouble(a Account) error {
	own := s.account(a)
	own.mu.Lock()
	defer own.mu.Unlock()
	return own.refused
}

// SignIn asks a person to sign in by any browser, on any machine, and keeps what the provider then gives. Words for the person go to
// tell. With a device flow nothing is to be typed here; else the address to which the browser is led in the end is read by answer.
func (s *Source) SignIn(ctx context.Context, a Account, tell io.Writer, answer func() (string, error)) error {
	p, ok := s.Provider(a.Provider)
	if !ok {
		return fmt.Errorf("%s: the policy has no such provider", a)
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, s.client())
	var t *oauth2.Token
	var err error
	switch {
	case p.DeviceURL != "":
		t, err = p.byDevice(ctx, tell)
	case p.AuthURL != "":
		t, err = p.byBrowser(ctx, a, tell, answer)
	default:
		return fmt.Errorf("oauth.%s has neither device_url nor auth_url, so that nobody can sign in: add one, or give a refresh token from elsewhere", a.Provider)
	}
	if err != nil {
		return told(err)
	}
	return s.enter(ctx, a, p, t)
}

// Enter keeps a refresh token that was obtained elsewhere, once the provider has taken it.
func (s *Source) Enter(ctx context.Context, a Account, refresh string) error {
	p, ok := s.Provider(a.Provider)
	if !ok {
		return fmt.Errorf("%s: the policy has no such provider", a)
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, s.client())
	t, err := p.config().TokenSource(ctx, &oauth2.Token{RefreshToken: refresh}).Token()
	if err != nil {
		if why, forGood := refusal(err); forGood {
			return fmt.Errorf("%s: the provider does not take this refresh token: %s", a, why)
		}
		return told(err)
	}
	if t.RefreshToken == "" {
		t.RefreshToken = refresh
	}
	return s.enter(ctx, a, p, t)
}

func (s *Source) enter(ctx context.Context, a Account, p Provider, t *oauth2.Token) error {
	if t.RefreshToken == "" {
		return fmt.Errorf("%s: the provider gave no refresh token, so that it would all end in an hour: ask for it by a scope, offline_access at many, or by auth_url, access_type=offline at Google", a)
	}
	return s.Keeper.Keep(ctx, a, p.grant(t, Grant{}, s.Now()))
}
