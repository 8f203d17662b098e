package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var support = Account{"provider", "support@desk.example"}

// A fake is a provider, a keeper and a clock in one. Each refresh token of it serves once, as the strictest providers have it.
type fake struct {
	mu    sync.Mutex
	now   time.Time
	n     int      // tokens given out
	live  string   // the refresh token that serves
	asked []string // what came to the token endpoint, in short
	fault func() (status int, body string)
	lasts int // told with a refresh token, in seconds

	kept    Grant
	keeping error // what Keep answers
	alone   sync.Mutex
}

func newFake() *fake {
	f := &fake{now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), live: "refresh-0"}
	f.kept = Grant{Refresh: "refresh-0", Since: f.now}
	return f
}

func (f *fake) source() *Source {
	return &Source{
		Provider: func(string) (Provider, bool) {
			return Provider{ClientID: "desk", ClientSecret: "hush", TokenURL: "https://provider.example/token", DeviceURL: "https://provider.example/device", Lasts: 90 * 24 * time.Hour}, true
		},
		Keeper: f, Now: func() time.Time { return f.now }, Client: &http.Client{Transport: f},
		Mend: func(Account) string { return "sign in: postdesk oauth login support" },
	}
}

// RoundTrip answers as the provider, without a network.
func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json")
	f.answer(w, r.Form)
	return w.Result(), nil
}

func (f *fake) answer(w *httptest.ResponseRecorder, form url.Values) {
	f.asked = append(f.asked, strings.TrimSpace(form.Get("grant_type")+" "+form.Get("refresh_token")+form.Get("device_code")))
	if f.fault != nil {
		if status, body := f.fault(); status != 0 {
			w.WriteHeader(status)
			io.WriteString(w, body)
			return
		}
	}
	if form.Get("grant_type") == "refresh_token" && form.Get("refresh_token") != f.live {
		w.WriteHeader(400)
		io.WriteString(w, `{"error":"invalid_grant","error_description":"The token was used before.\u001b[2J"}`)
		return
	}
	f.n++
	f.live = fmt.Sprintf("refresh-%d", f.n)
	answer := map[string]any{"access_token": fmt.Sprintf("access-%d", f.n), "refresh_token": f.live, "expires_in": 3600, "token_type": "Bearer"}
	if f.lasts > 0 {
		answer["refresh_token_expires_in"] = f.lasts
	}
	json.NewEncoder(w).Encode(answer)
}

func (f *fake) Grant(context.Context, Account) (Grant, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kept.Refresh == "" {
		return Grant{}, ErrNoGrant
	}
	return f.kept, nil
}

func (f *fake) Keep(_ context.Context, _ Account, g Grant) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keeping == nil {
		f.kept = g
	}
	return f.keeping
}

func (f *fake) Alone(ctx context.Context, _ Account, do func(context.Context) error) error {
	f.alone.Lock()
	defer f.alone.Unlock()
	return do(ctx)
}

func token(t *testing.T, s *Source, want string) {
	t.Helper()
	got, err := s.Token(t.Context(), support.Provider, support.User)
	if err != nil || got != want {
		t.Fatalf("got %q, %v, want %q", got, err, want)
	}
}

func (f *fake) asks(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(f.asked, want) {
		t.Fatalf("the provider was asked %q, want %q", f.asked, want)
	}
}

// F37: every refresh token that the provider replaces is kept before the access token beside it is used, for longer than any of them lasts.
func TestF37RotatedTokenIsKept(t *testing.T) {
	f := newFake()
	began := f.now
	for range 200 { // restarted each time
		s := f.source()
		got, err := s.Token(t.Context(), support.Provider, support.User)
		if err != nil {
			t.Fatalf("after %v: %v", f.now.Sub(began), err)
		}
		if f.kept.Access != got || f.kept.Refresh != f.live {
			t.Fatalf("%s is used, and %s is kept while the provider wants %s", got, f.kept.Refresh, f.live)
		}
		if want := f.now.Add(90 * 24 * time.Hour); f.kept.Ends != want || f.kept.Since != f.now {
			t.Fatalf("the sign-in ends %v, want %v", f.kept.Ends, want)
		}
		f.now = f.now.Add(12 * time.Hour)
	}
}

func TestTokenIsReplacedFiveMinutesEarly(t *testing.T) {
	f := newFake()
	s := f.source()
	token(t, s, "access-1")
	f.now = f.now.Add(54 * time.Minute)
	token(t, s, "access-1")
	f.now = f.now.Add(2 * time.Minute)
	token(t, s, "access-2")
	f.asks(t, "refresh_token refresh-0", "refresh_token refresh-1")
	if f.kept.Since != f.now {
		t.Errorf("the refresh token is of %v", f.kept.Since)
	}
}

// The database is away at the very moment: what the provider gave is neither lost nor used before it is kept.
func TestTokenThatCannotBeKept(t *testing.T) {
	f := newFake()
	s := f.source()
	f.keeping = errors.New("database is away")
	for range 3 {
		if got, err := s.Token(t.Context(), support.Provider, support.User); err == nil || got != "" || !strings.Contains(err.Error(), "database is away") {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	f.asks(t, "refresh_token refresh-0")
	f.keeping = nil
	token(t, s, "access-1")
	f.asks(t, "refresh_token refresh-0")
	if f.kept.Refresh != "refresh-1" {
		t.Errorf("%s is kept", f.kept.Refresh)
	}
}

// The provider lets us in no more: it is said at the first refusal and how to mend it, the provider is left in peace, and a sign-in mends
// it at once.
func TestF37RefusedAndRepaired(t *testing.T) {
	f := newFake()
	s := f.source()
	token(t, s, "access-1")
	f.live = "withdrawn"
	f.now = f.now.Add(56 * time.Minute)
	token(t, s, "access-1") // good for four minutes more
	if err := s.Trouble(support); err == nil {
		t.Error("the refusal is not known while the last token is still in use")
	}
	f.now = f.now.Add(5 * time.Minute)
	asked := len(f.asked)
	for range 3 {
		_, err := s.Token(t.Context(), support.Provider, support.User)
		var refused *RefusedError
		if !errors.As(err, &refused) {
			t.Fatalf("got %v", err)
		}
		const want = "support@desk.example at provider: the provider refuses to renew the sign-in: invalid_grant (The token was used before. [2J); sign in: postdesk oauth login support"
		if err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if len(f.asked) != asked {
		t.Errorf("the provider was asked again: %q", f.asked)
	}

	// A command signs in, in another process.
	f.live = "of the new sign-in"
	if err := f.source().Enter(t.Context(), support, f.live); err != nil {
		t.Fatal(err)
	}
	got, err := s.Token(t.Context(), support.Provider, support.User)
	if err != nil || got != f.kept.Access {
		t.Errorf("after signing in: got %q, %v", got, err)
	}
	f.now = f.now.Add(time.Hour)
	if _, err := s.Token(t.Context(), support.Provider, support.User); err != nil || s.Trouble(support) != nil {
		t.Errorf("an hour later: %v, %v", err, s.Trouble(support))
	}
}

func TestNobodySignedIn(t *testing.T) {
	f := newFake()
	f.kept = Grant{}
	_, err := f.source().Token(t.Context(), support.Provider, support.User)
	if err == nil || err.Error() != "support@desk.example at provider: nobody has signed in yet; sign in: postdesk oauth login support" {
		t.Errorf("got %v", err)
	}
	f.asks(t)
}

// What passes by itself stops nothing while the last access token is good, and nothing of an answer gets into an error.
func TestProviderInTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"overloaded":     {503, "<html>secret-of-the-answer</html>"},
		"says so":        {400, `{"error":"temporarily_unavailable","error_description":"secret-of-the-answer"}`},
		"not JSON":       {200, "secret-of-the-answer"},
		"without token":  {200, `{"refresh_token":"secret-of-the-answer"}`},
		"another server": {404, "secret-of-the-answer"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			s := f.source()
			token(t, s, "access-1")
			f.fault = func() (int, string) { return c.status, c.body }
			f.now = f.now.Add(56 * time.Minute)
			token(t, s, "access-1")
			f.now = f.now.Add(5 * time.Minute)
			got, err := s.Token(t.Context(), support.Provider, support.User)
			if err == nil || got != "" || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "refresh-1") {
				t.Fatalf("got %q, %v", got, err)
			}
			if errors.As(err, new(*RefusedError)) {
				t.Errorf("a person is asked to mend it: %v", err)
			}
			f.fault = nil
			token(t, s, "access-2")
		})
	}
}

// A token that a mail server does not take is not given out again, whatever time it has left.
func TestUselessToken(t *testing.T) {
	f := newFake()
	s := f.source()
	token(t, s, "access-1")
	s.Refused(support.Provider, support.User, "access-1")
	token(t, s, "access-2")
	f.asks(t, "refresh_token refresh-0", "refresh_token refresh-1")
}

// Many nodes and mailboxes want a token at once: a provider whose refresh tokens serve once is asked once.
func TestManyAskAtOnce(t *testing.T) {
	f := newFake()
	nodes := []*Source{f.source(), f.source()}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if got, err := nodes[i%2].Token(t.Context(), support.Provider, support.User); err != nil || got != "access-1" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	all.Wait()
	f.asks(t, "refresh_token refresh-0")
}

func TestProviderTellsTheEnd(t *testing.T) {
	f := newFake()
	f.lasts = 7 * 24 * 3600
	token(t, f.source(), "access-1")
	if want := f.now.Add(7 * 24 * time.Hour); f.kept.Ends != want {
		t.Errorf("ends %v, want %v", f.kept.Ends, want)
	}
}

func TestSignInByDevice(t *testing.T) {
	synctest.Test(t, signInByDevice) // in no time
}

func signInByDevice(t *testing.T) {
	f := newFake()
	f.kept = Grant{}
	waits := 1
	f.fault = func() (int, string) {
		switch {
		case f.asked[len(f.asked)-1] == "":
			return 200, `{"device_code":"dev","user_code":"WDJB-MJHT","verification_uri":"https://provider.example/device","expires_in":1800,"interval":1}`
		case waits > 0:
			waits--
			return 400, `{"error":"authorization_pending"}`
		}
		return 0, ""
	}
	var told bytes.Buffer
	if err := f.source().SignIn(t.Context(), support, &told, nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(told.String(), "https://provider.example/device") || !strings.Contains(told.String(), "WDJB-MJHT") {
		t.Errorf("told %q", &told)
	}
	if f.kept.Refresh != "refresh-1" || f.kept.Access != "access-1" {
		t.Errorf("kept %+v", f.kept)
	}
	f.fault = func() (int, string) {
		if f.asked[len(f.asked)-1] == "" {
			return 200, `{"device_code":"dev","user_code":"A","verification_uri":"https://provider.example/device","expires_in":1800,"interval":1}`
		}
		return 400, `{"error":"access_denied"}`
	}
	if err := f.source().SignIn(t.Context(), support, &told, nil); err == nil || err.Error() != "the provider does not let us in: access_denied" {
		t.Errorf("denied: got %v", err)
	}
	if f.kept.Refresh != "refresh-1" {
		t.Error("what was kept is gone")
	}
}

func TestSignInByBrowser(t *testing.T) {
	for _, c := range []struct{ name, pasted, want string }{
		{"the address as it is", "http://localhost/?state=STATE&code=abc", ""},
		{"with a line end", "http://localhost/?code=abc&state=STATE&scope=x\r\n", ""},
		{"the code alone", "abc", "that is not the address"},
		{"nothing", "\n", "that is not the address"},
		{"of another sign-in", "http://localhost/?state=other&code=abc", "another sign-in"},
		{"an error", "http://localhost/?state=STATE&error=access_denied", "the provider says access_denied"},
		{"no code", "http://localhost/?state=STATE", "no code"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake()
			f.kept = Grant{}
			s := f.source()
			s.Provider = func(string) (Provider, bool) {
				return Provider{ClientID: "desk", TokenURL: "https://provider.example/token", AuthURL: "https://provider.example/auth", RedirectURL: "http://localhost", Scopes: []string{"mail"}}, true
			}
			var told bytes.Buffer
			err := s.SignIn(t.Context(), support, &told, func() (string, error) {
				at := strings.Index(told.String(), "https://provider.example/auth")
				u, err := url.Parse(strings.TrimSpace(told.String()[at:]))
				if err != nil {
					return "", err
				}
				q := u.Query()
				if q.Get("code_challenge_method") != "S256" || q.Get("login_hint") != support.User || q.Get("access_type") != "offline" {
					t.Errorf("the address asks %v", q)
				}
				return strings.ReplaceAll(c.pasted, "STATE", q.Get("state")), nil
			})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if signedIn := f.kept.Refresh != ""; signedIn != (c.want == "") {
				t.Errorf("kept %+v", f.kept)
			}
		})
	}
}

func TestEnter(t *testing.T) {
	f := newFake()
	f.kept = Grant{}
	s := f.source()
	if err := s.Enter(t.Context(), support, "wrong"); err == nil || !strings.Contains(err.Error(), "does not take this refresh token: invalid_grant") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("got %v", err)
	}
	if err := s.Enter(t.Context(), support, "refresh-0"); err != nil || f.kept.Refresh != "refresh-1" {
		t.Errorf("got %v, kept %s", err, f.kept.Refresh)
	}
}
