//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/mailin"
)

// A tokenServer is a provider on this machine: it gives tokens out, by the device flow at first, and tells Dovecot whose each is. A
// refresh token of it serves once.
type tokenServer struct {
	base string

	mu      sync.Mutex
	n       int
	refresh string          // the one that serves, "" for none
	access  map[string]bool // those that Dovecot takes
	lasts   int             // seconds
}

func startTokenServer(t *testing.T) *tokenServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &tokenServer{base: "http://" + l.Addr().String(), access: map[string]bool{}, lasts: 3600}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("POST /device", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"device_code": "dev", "user_code": "WDJB-MJHT", "verification_uri": p.base + "/enter", "expires_in": 900, "interval": 1})
	})
	mux.HandleFunc("GET /tokeninfo", p.info)
	s := &http.Server{Handler: mux}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return p
}

func (p *tokenServer) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	byRefresh := r.FormValue("grant_type") == "refresh_token"
	if r.FormValue("client_secret") != "hush-hush" || byRefresh && (p.refresh == "" || r.FormValue("refresh_token") != p.refresh) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant","error_description":"The sign-in has ended."}`)
		return
	}
	p.n++
	p.refresh = fmt.Sprintf("refresh-token-%d", p.n)
	access := fmt.Sprintf("access-token-%d", p.n)
	p.access[access] = true
	json.NewEncoder(w).Encode(map[string]any{"access_token": access, "refresh_token": p.refresh, "token_type": "Bearer", "expires_in": p.lasts})
}

// info is what Dovecot asks.
func (p *tokenServer) info(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if !p.access[r.FormValue("access_token")] {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"invalid_token"}`)
		return
	}
	json.NewEncoder(w).Encode(map[string]any{"email": "support@desk.example"})
}

// withdraw makes what was given out worthless: all of it, or the access tokens alone.
func (p *tokenServer) withdraw(all bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.access)
	if all {
		p.refresh = ""
	}
}

func (p *tokenServer) given() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

// withTokens makes Dovecot take tokens of the provider, for IMAP and for Postfix.
func withTokens(t *testing.T, p *tokenServer) func(*mailServers) {
	return func(m *mailServers) {
		conf := filepath.Join(m.Dir, "oauth2.conf")
		must(t, os.WriteFile(conf, []byte("tokeninfo_url = "+p.base+"/tokeninfo?access_token=\nusername_attribute = email\n"), 0o644))
		m.Settings = "auth_mechanisms = plain xoauth2\nauth_cache_size = 0\npassdb {\n  driver = oauth2\n  mechanisms = xoauth2\n  args = " + conf + "\n}\n"
	}
}

// TestRealSignIn: Dovecot and Postfix let the desk in by tokens of a provider (M1). Nobody has signed in at first, then somebody does, then
// the provider withdraws what it gave: each time the desk says what to do, and goes on when it is done, without a restart (F37).
func TestRealSignIn(t *testing.T) {
	t.Parallel()
	eachDSN(t, func(t *testing.T, dsn string) {
		provider := startTokenServer(t)
		d := newRealDesk(t, dsn, withTokens(t, provider))
		d.Boxes[0].OAuth = "house"
		d.Boxes = append(d.Boxes, d.box("sales"))
		key := filepath.Join(d.Dir, "dkim.pem")
		if out, err := d.command(t, "dkim", "key", "--domain", "desk.example", "--selector", "s", "--type", "ed25519", key).CombinedOutput(); err != nil {
			t.Fatalf("postdesk dkim key: %v\n%s", err, out)
		}
		sealBy := func(keys string) {
			d.Sections = fmt.Sprintf(`
secrets:
%[3]soauth:
  house: {client_id: desk, client_secret: hush-hush, token_url: "%[1]s/token", device_url: "%[1]s/device", days: 90}
dkim: [{selector: s, key_file: %[2]s}]`, provider.base, key, keys)
			d.writePolicy(t)
		}
		const oldKey = `  - {id: a, key: "${env:POSTDESK_SECRETS_KEY}"}` + "\n"
		const newKey = "  - {id: b, key: the key that comes after the first one}\n"
		sealBy(oldKey)
		n := d.serve(t)
		kim := d.someone("Kim", "kim@bolt.example")
		kim.writes(t, "One", "This is the first.")
		n.complains(t, "mailbox support", "nobody has signed in yet", "postdesk oauth login support --policy "+d.policyFile())

		login := func() {
			t.Helper()
			out, err := d.command(t, "oauth", "login", "support", "--policy", d.policyFile()).CombinedOutput()
			if err != nil || !strings.Contains(string(out), "WDJB-MJHT") || !strings.Contains(string(out), "Signed in as support@desk.example at house.") {
				t.Fatalf("postdesk oauth login: %v\n%s", err, out)
			}
			if strings.Contains(string(out), "token-") {
				t.Errorf("a token is shown: %s", out)
			}
		}
		// again makes the desk log in anew.
		again := func(more string) {
			t.Helper()
			const stands = "a new policy stands"
			before := strings.Count(n.out.String(), stands)
			d.Boxes[0].More = more
			d.writePolicy(t)
			must(t, n.cmd.Process.Signal(syscall.SIGHUP))
			eventually(t, "the new policy stands", func() error {
				if strings.Count(n.out.String(), stands) == before {
					return errors.New("it does not")
				}
				return nil
			})
		}
		login()
		kim.gets(t, "acknowledgement")
		n.waits(t, "support", mailin.Waiting)

		// The provider changes its mind about an access token that it gave for an hour: the next one is asked for.
		given := provider.given()
		provider.withdraw(false)
		again(", every: 4m")
		kim.writes(t, "Two", "This is the second.")
		kim.gets(t, "acknowledgement")
		n.waits(t, "support", mailin.Waiting)
		if provider.given() == given {
			t.Error("no new token was asked for")
		}

		// Then about the whole sign-in.
		provider.withdraw(true)
		again(", every: 5m")
		kim.writes(t, "Three", "This is the third.")
		n.complains(t, "mailbox support", "refuses to renew the sign-in: invalid_grant (The sign-in has ended.)", "postdesk oauth login support")
		out, err := d.command(t, "oauth", "status", "--renew", "--policy", d.policyFile()).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "invalid_grant") {
			t.Errorf("postdesk oauth status: %v\n%s", err, out)
		}
		login()
		kim.gets(t, "acknowledgement")
		n.waits(t, "support", mailin.Waiting)

		// The key of the secrets is changed while the desk works (T112).
		sealBy(newKey + oldKey)
		must(t, n.cmd.Process.Signal(syscall.SIGHUP))
		eventually(t, "the sign-in is sealed anew", func() error {
			out, err := d.command(t, "secrets", "list", "--json").CombinedOutput()
			if err == nil && !strings.Contains(string(out), `"kind":"oauth","owner":"house","what":"support@desk.example","key":"b"`) {
				err = fmt.Errorf("it is not: %s", out)
			}
			return err
		})
		sealBy(newKey)
		again(", every: 6m")
		kim.writes(t, "Four", "This is the fourth.")
		kim.gets(t, "acknowledgement")
		n.stops(t)

		// Nothing of what lets us in is in the log, nor can it be read in the database (T086, T111).
		pem, err := os.ReadFile(key)
		must(t, err)
		dump := storetest.Dump(t, d.dsn, d.store)
		if !strings.Contains(string(dump), "This is the fourth.") {
			t.Error("what Kim wrote is not in the dump, so nothing can be found in it")
		}
		for _, secret := range []string{
			"access-token", "refresh-token", "hush-hush", passwordOf("sales@desk.example"), strings.Split(string(pem), "\n")[1], tokenKey, secretsKey,
			"the key that comes after",
		} {
			if strings.Contains(n.out.String(), secret) {
				t.Errorf("%s is in the log:\n%s", secret, &n.out)
			}
			if strings.Contains(string(dump), secret) {
				t.Errorf("%s can be read in the database", secret)
			}
		}
	})
}
