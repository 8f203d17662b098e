package policy

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

func readMailboxes(v value) (all []*Mailbox) {
	for _, e := range v.named("mailbox") {
		m := e.fields("address", "aliases", "queue", "product", "language", "calendar", "trusted", "check_signatures", "acknowledge_unverified", "plus", "imap", "smtp")
		b := &Mailbox{
			Name: e.name, Queue: m.key("queue").theOnly("queue"), Product: m.key("product").ref("product"),
			Language: m.key("language").language(""), Calendar: m.key("calendar").ref("calendar"),
			CheckSignatures: m.key("check_signatures").yes(true), AcknowledgeUnverified: m.key("acknowledge_unverified").yes(true),
			Plus: m.key("plus").yes(true),
		}
		b.Address, _ = m.key("address").must("an address such as support@desk.example").mailboxAddress()
		b.Aliases = each(m.key("aliases"), value.mailboxAddress)
		trusted := m.key("trusted").fields("server", "hosts")
		if m.key("trusted").given() {
			b.Server, _ = trusted.key("server").must("the name that your mail server gives itself in Authentication-Results fields").domain()
		}
		b.Hosts = each(trusted.key("hosts"), value.domain)
		if len(b.Hosts) == 0 && b.Server != "" {
			b.Hosts = []string{b.Server}
		}
		b.IMAP, b.SMTP = readIMAP(m.key("imap")), readSMTP(m.key("smtp"))
		all = append(all, b)
	}
	return all
}

// mailboxAddress is one without a plus: what follows a plus in our addresses are our own tokens.
func (v value) mailboxAddress() (string, bool) {
	addr, ok := v.ownAddress()
	if ok && strings.Contains(addr, "+") {
		v.mistake(quote(addr), "an address without a plus")
		return "", false
	}
	return addr, ok
}

func readIMAP(v value) *IMAP {
	if !v.given() {
		return nil
	}
	m := v.fields("host", "port", "tls", "username", "password", "password_file", "oauth", "folder", "flag", "move", "every", "cutoff")
	s := &IMAP{
		Username: m.key("username").must("the name to log in by").line(""),
		Folder:   m.key("folder").line("INBOX"), Flag: m.key("flag").line(""), Move: m.key("move").line(""),
	}
	s.Password, s.OAuth = readLogin(m, true)
	s.Host, s.Port, s.TLS = readServer(m, map[string]int64{"implicit": 993, "starttls": 143, "none": 143})
	s.Cutoff, _ = parsed(m.key("cutoff"), time.Time{}, "a time such as 2026-11-24T09:00:00Z", func(text string) (time.Time, error) {
		t, err := time.Parse(time.RFC3339, text)
		return t.UTC(), err
	})
	s.Every, _ = parsed(m.key("every"), 5*time.Minute, "a time from 10s to 24h, such as 5m", func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err == nil && (d < 10*time.Second || d > 24*time.Hour) {
			err = errors.New("out of range")
		}
		return d, err
	})
	return s
}

func readSMTP(v value) *SMTP {
	if !v.given() {
		return nil
	}
	m := v.fields("host", "port", "tls", "username", "password", "password_file", "oauth", "parallel")
	s := &SMTP{Username: m.key("username").line(""), Parallel: int(m.key("parallel").whole(1, 1, 16))}
	if m.key("oauth").given() && s.Username == "" {
		m.key("username").must("the name to log in by")
	}
	s.Password, s.OAuth = readLogin(m, s.Username != "")
	s.Host, s.Port, s.TLS = readServer(m, map[string]int64{"implicit": 465, "starttls": 587, "none": 25})
	return s
}

// readLogin reads how we show who we are: by a password, or by the tokens of a provider.
func readLogin(m mapping, required bool) (Secret, string) {
	provider := m.key("oauth")
	if !provider.given() {
		return m.secret("password", required), ""
	}
	for _, key := range []string{"password", "password_file"} {
		if m.key(key).given() {
			m.key(key).mistake("both "+key+" and oauth", "one of them")
		}
	}
	return "", provider.ref("provider")
}

func readProviders(v value, zone *time.Location) (all []*Provider) {
	for _, e := range v.named("provider") {
		m := e.fields("client_id", "client_secret", "client_secret_file", "secret_ends", "token_url", "device_url", "auth_url", "redirect_url", "scopes", "days")
		p := &Provider{
			Name: e.name, ClientID: m.key("client_id").must("the id that the provider gave this program").line(""),
			ClientSecret: m.secret("client_secret", false), TokenURL: m.key("token_url").must(wantURL).secureURL(),
			DeviceURL: m.key("device_url").secureURL(), AuthURL: m.key("auth_url").secureURL(),
			RedirectURL: m.key("redirect_url").line("http://localhost"),
			Scopes:      each(m.key("scopes"), func(v value) (string, bool) { s := v.line(""); return s, s != "" }),
			Days:        int(m.key("days").whole(0, 0, 3660)),
		}
		if ends := m.key("secret_ends"); ends.given() {
			if d, ok := ends.date(); ok {
				p.SecretEnds = time.Date(d.Year, d.Month, d.Day+1, 0, 0, 0, 0, zone).UTC()
			}
		}
		all = append(all, p)
	}
	return all
}

const wantURL = "an address such as https://login.example/oauth2/token"

// secureURL is where secrets are sent to: over TLS, except on this machine itself.
func (v value) secureURL() string {
	if v.given() && strings.Contains(v.node.Value, "@") {
		v.mistake("an address with a name or password in it", wantURL)
		return ""
	}
	s, _ := parsed(v, "", wantURL, func(s string) (string, error) {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.Fragment != "" {
			return "", errors.New("no address")
		}
		ip, err := netip.ParseAddr(u.Hostname())
		if u.Scheme != "https" && !(u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback())) {
			return "", errors.New("not over TLS")
		}
		return s, nil
	})
	return s
}

// readServer reads where a server is and how it is spoken to. A password never goes over a wire in the clear (T117), so TLS may be
// left out on this machine alone.
func readServer(m mapping, ports map[string]int64) (host string, port int, tls string) {
	host, _ = parsed(m.key("host").must("a host such as mx.desk.example"), "", "a host such as mx.desk.example", func(s string) (string, error) {
		if s == "" || strings.ContainsAny(s, " /@\t\r\n") || strings.Contains(s, ":") && !isIP(s) {
			return "", errors.New("no host")
		}
		return s, nil
	})
	tls = m.key("tls").oneOf("implicit", "implicit", "starttls", "none")
	if ip, err := netip.ParseAddr(host); tls == "none" && host != "" && host != "localhost" && (err != nil || !ip.IsLoopback()) {
		m.key("tls").mistake(`"none"`, "implicit or starttls, since "+host+" is another machine")
	}
	return host, int(m.key("port").whole(ports[tls], 1, 65535)), tls
}

func isIP(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}
