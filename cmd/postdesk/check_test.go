//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/postoffice"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// zone is a resolver of what tests say there is.
type zone map[string][]string

func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	records, ok := z[name]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	if len(records) == 1 && records[0] == "SERVFAIL" {
		return nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
	}
	return records, nil
}

var goodZone = zone{
	"desk.example":                       {"v=spf1 mx -all", "google-site-verification=x"},
	"selector1._domainkey.desk.example":  {"v=DKIM1; k=rsa; p=MIIB"},
	"_dmarc.desk.example":                {"v=DMARC1; p=reject; sp=none"},
	"withdrawn._domainkey.desk.example":  {"v=DKIM1; p="},
	"broken._domainkey.desk.example":     {"SERVFAIL"},
	"_dmarc.mail.desk.example.elsewhere": {"v=DMARC1; p=none"},
}

// checked is a checker of a small desk whose mail servers are an office, with a right database.
func checked(t *testing.T, office *postoffice.Office, change func(*policy.Mailbox)) (*checker, *bytes.Buffer) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "desk.db")
	storetest.Open(t, "sqlite:"+file)
	p := readOperatorPolicy(t)
	box := p.Mailboxes[0]
	if office != nil {
		box.IMAP = &policy.IMAP{Host: "mx.desk.example", Port: 143, TLS: "starttls", Username: box.Address, Password: "secret", Folder: "INBOX", Every: 5 * time.Minute}
		box.SMTP = &policy.SMTP{Host: "mx.desk.example", Port: 587, TLS: "starttls", Username: box.Address, Password: "secret"}
	}
	if change != nil {
		change(box)
	}
	var out bytes.Buffer
	k := &checker{
		cmd: checkCmd{database: database{Database: "sqlite:" + file}, Timeout: 20 * time.Second}, out: &out, policy: p,
		now: func() time.Time { return time.Now().UTC() }, dns: goodZone,
		dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			switch {
			case err != nil:
				return nil, err
			case port == "1":
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
			case port == "2":
				return nil, &net.DNSError{Err: "no such host", Name: "mx.desk.example", IsNotFound: true}
			case port == "143", port == "144":
				return new(net.Dialer).DialContext(ctx, network, office.IMAPAddr())
			}
			return new(net.Dialer).DialContext(ctx, network, office.SMTPAddr())
		},
	}
	if office != nil {
		k.tls = &tls.Config{RootCAs: office.Roots()}
	}
	return k, &out
}

func newOffice(t *testing.T, change func(*postoffice.Options)) *postoffice.Office {
	t.Helper()
	o := postoffice.Options{Domain: "desk.example", TLS: true, Record: true, Accounts: []postoffice.Account{{Address: "support@desk.example", Password: "secret"}}}
	if change != nil {
		change(&o)
	}
	office := postoffice.New(o)
	t.Cleanup(office.Close)
	// On the loopback interface, since lines in memory hold nothing: who hangs up over a certificate would wait to be heard.
	if err := office.Listen(); err != nil {
		t.Fatal(err)
	}
	return office
}

// settle takes out of an output what differs from run to run.
func settle(k *checker, out string) []byte {
	out = strings.ReplaceAll(out, strings.TrimPrefix(k.cmd.Database, "sqlite:"), "/var/lib/postdesk/desk.db")
	var lines []string
	for line := range strings.Lines(out) {
		if at := strings.Index(line, " UTC"); at > 0 && strings.Contains(line, "clock: 2") {
			line = line[:strings.Index(line, "clock: ")+7] + "2026-11-22 09:30:00" + line[at:]
		}
		if at := strings.Index(line, ", schema "); at > 0 {
			line = line[:at] + ", schema 2\n" // of whatever version this is
		}
		lines = append(lines, line)
	}
	return []byte(strings.Join(lines, ""))
}

func TestCheckPrints(t *testing.T) {
	t.Run("all is well", func(t *testing.T) {
		office := newOffice(t, nil)
		if _, err := office.Deliver("support@desk.example", []byte("From: kim@cust.example\r\n\r\nHello\r\n")); err != nil {
			t.Fatal(err)
		}
		k, out := checked(t, office, nil)
		if err := k.run(t.Context()); err != nil {
			t.Error(err)
		}
		golden(t, "check-well.txt", settle(k, out.String()))
		if sent := office.Submissions(); len(sent) > 0 {
			t.Errorf("a mail was sent: %+v", sent)
		}
		for _, m := range office.Mails("support@desk.example") {
			if len(m.Flags) > 0 {
				t.Errorf("a mail was changed: %v", m.Flags)
			}
		}
	})
	t.Run("nothing is there yet", func(t *testing.T) {
		k, out := checked(t, nil, nil)
		k.cmd.Database = "sqlite:" + filepath.Join(t.TempDir(), "none.db")
		k.dns = zone{}
		if err := k.run(t.Context()); err != nil {
			t.Errorf("warnings alone fail: %v", err)
		}
		golden(t, "check-new.txt", settle(k, out.String()))
	})
	t.Run("much is wrong", func(t *testing.T) {
		office := newOffice(t, nil)
		office.SMTPFaults(postoffice.SMTPFault{Verb: "RCPT", Recipient: "support+check@desk.example", Code: 550, Text: "unknown user \x1b[2J"})
		k, out := checked(t, office, func(b *policy.Mailbox) { b.IMAP.Password = "guessed" })
		k.dns = zone{"desk.example": {"v=spf1 mx -all", "v=spf1 a -all"}}
		k.policy.TokensSet = false
		k.clocks = []reading{{"the database", tuesday.Add(2 * time.Hour), tuesday, true}}
		err := k.run(t.Context())
		if err == nil || err.Error() != "5 checks fail" {
			t.Errorf("got %v, want 5 that fail", err)
		}
		golden(t, "check-wrong.txt", settle(k, out.String()))
	})
	t.Run("for programs", func(t *testing.T) {
		k, out := checked(t, nil, nil)
		k.cmd.JSON, k.cmd.Offline = true, true
		if err := k.run(t.Context()); err != nil {
			t.Error(err)
		}
		if line, _, _ := strings.Cut(out.String(), "\n"); line != `{"grade":"ok","what":"policy","said":"policy.yaml, 1 mailbox, 2 people, 1 class"}` {
			t.Errorf("got %s", line)
		}
		if strings.Contains(out.String(), "IMAP") || strings.Contains(out.String(), "SPF") {
			t.Errorf("--offline looked further than it should: %s", out.String())
		}
	})
}

// Each way in which a server is not as the policy says has a line of its own, and one that says how to mend it.
func TestCheckOfMailServers(t *testing.T) {
	for name, c := range map[string]struct {
		office     func(*postoffice.Options)
		change     func(*policy.Mailbox)
		untrusted  bool
		said, mend string
	}{
		"a wrong password":      {change: func(b *policy.Mailbox) { b.IMAP.Password = "x" }, said: "refuses the name or the password", mend: "correct username or password in mailboxes.support.imap"},
		"a wrong SMTP password": {change: func(b *policy.Mailbox) { b.SMTP.Password = "x" }, said: "535", mend: "correct username or password in mailboxes.support.smtp"},
		"no STARTTLS":           {office: func(o *postoffice.Options) { o.TLS = false }, said: "offers no TLS", mend: "set tls: implicit in mailboxes.support.imap"},
		"no STARTTLS for SMTP": {office: func(o *postoffice.Options) { o.TLS = false },
			change: func(b *policy.Mailbox) { b.IMAP = nil }, said: "offers no STARTTLS", mend: "set tls: implicit in mailboxes.support.smtp"},
		"a name that the certificate does not have": {change: func(b *policy.Mailbox) { b.IMAP.Host = "imap.desk.example" },
			said: "certificate is valid for", mend: "name the server as its certificate does: mx.desk.example, localhost, 127.0.0.1"},
		"a certificate that has ended": {office: func(o *postoffice.Options) {
			o.Now = func() time.Time { return time.Now().AddDate(-2, 0, 0) }
		}, said: "certificate has expired", mend: "renew the server's certificate, which ended on "},
		"a certificate that has not begun": {office: func(o *postoffice.Options) {
			o.Now = func() time.Time { return time.Now().AddDate(2, 0, 0) }
		}, said: "not yet valid", mend: "is this machine's clock right?"},
		"a certificate of nobody whom we know": {untrusted: true, said: "unknown authority", mend: "nobody whom this machine trusts"},
		"a port that does not begin with TLS": {change: func(b *policy.Mailbox) { b.IMAP.TLS, b.IMAP.Port = "implicit", 144 },
			said: "does not look like a TLS handshake", mend: "usual are 993 for tls: implicit"},
		"a port where nothing listens": {change: func(b *policy.Mailbox) { b.SMTP.Port = 1 }, said: "connection refused", mend: "usual are 465 for tls: implicit, 587 for tls: starttls"},
		"a host that there is not":     {change: func(b *policy.Mailbox) { b.IMAP.Port = 2 }, said: "no such host", mend: "no host is called mx.desk.example: correct the name"},
		"a folder that there is not":   {change: func(b *policy.Mailbox) { b.IMAP.Folder = "Support" }, said: "open folder Support", mend: "correct folder and move in mailboxes.support.imap"},
		"a secret that is not set": {change: func(b *policy.Mailbox) { b.IMAP.Password, b.SMTP = "", nil },
			said: "nothing is sent: the mailbox has no smtp", mend: "add smtp:"},
		"a server that cannot move": {office: func(o *postoffice.Options) { o.Without = []string{"MOVE", "UIDPLUS"} },
			change: func(b *policy.Mailbox) { b.IMAP.Move = "INBOX" }, said: "neither MOVE nor UIDPLUS", mend: "leave imap.move out"},
	} {
		t.Run(name, func(t *testing.T) {
			office := newOffice(t, c.office)
			k, out := checked(t, office, c.change)
			if c.untrusted {
				k.tls = nil
			}
			k.checkIMAP(t.Context(), k.policy.Mailboxes[0])
			k.checkSMTP(t.Context(), k.policy.Mailboxes[0])
			found := false
			lines := strings.Split(out.String(), "\n")
			for i, line := range lines {
				found = found || strings.Contains(line, c.said) && strings.Contains(lines[i+1], "-> ") && strings.Contains(lines[i+1], c.mend)
			}
			if !found {
				t.Errorf("want a line with %q and one below it with %q; got\n%s", c.said, c.mend, out.String())
			}
		})
	}
}

func TestCheckDNS(t *testing.T) {
	for name, c := range map[string]struct {
		zone      zone
		selectors []string
		want      []string
	}{
		"all is well":          {goodZone, nil, []string{"ok    SPF desk.example: v=spf1 mx -all", "ok    DKIM desk.example: a key at selector1._domainkey.desk.example", "ok    DMARC desk.example: v=DMARC1; p=reject"}},
		"nothing":              {zone{}, nil, []string{"warn  SPF desk.example: there is no record", "warn  DKIM desk.example: no key under the usual names", "warn  DMARC desk.example: there is no record"}},
		"something else":       {zone{"desk.example": {"v=spf10 mx"}}, nil, []string{"warn  SPF desk.example: there is no record"}},
		"two of one":           {zone{"desk.example": {"v=spf1 a", "V=SPF1"}, "_dmarc.desk.example": {"v=DMARC1; p=none", "v=DMARC1; p=reject"}}, nil, []string{"FAIL  SPF desk.example: there are 2 records", "FAIL  DMARC desk.example: _dmarc.desk.example has 2 records"}},
		"everybody":            {zone{"desk.example": {"v=spf1 +all"}}, nil, []string{"warn  SPF desk.example: lets everybody"}},
		"only looking":         {zone{"_dmarc.desk.example": {"v=DMARC1; p = None; rua=mailto:a@desk.example"}}, nil, []string{"warn  DMARC desk.example: asks others to let mail through"}},
		"name servers away":    {zone{"desk.example": {"SERVFAIL"}, "default._domainkey.desk.example": {"SERVFAIL"}, "_dmarc.desk.example": {"SERVFAIL"}}, nil, []string{"warn  SPF desk.example: cannot be looked up", "warn  DKIM desk.example: default._domainkey.desk.example cannot be looked up", "warn  DMARC desk.example: cannot be looked up"}},
		"a selector":           {goodZone, []string{"selector1"}, []string{"ok    DKIM desk.example: a key at selector1"}},
		"a wrong selector":     {goodZone, []string{"nobody"}, []string{"FAIL  DKIM desk.example: there is no key at nobody._domainkey.desk.example"}},
		"a withdrawn selector": {goodZone, []string{"withdrawn"}, []string{"FAIL  DKIM desk.example: the key at withdrawn._domainkey.desk.example is withdrawn"}},
	} {
		t.Run(name, func(t *testing.T) {
			k, out := checked(t, nil, nil)
			k.dns, k.cmd.Selector = c.zone, c.selectors
			k.checkDNS(t.Context())
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("got\n%swant %s", out.String(), want)
				}
			}
		})
	}
}

// A domain without a DMARC record has that of the domain above it.
func TestCheckDMARCAbove(t *testing.T) {
	k, out := checked(t, nil, nil)
	k.dns = zone{"_dmarc.desk.example": {"v=DMARC1; p=reject"}}
	k.checkDMARC(t.Context(), "support.desk.example")
	if want := "ok    DMARC support.desk.example: v=DMARC1; p=reject\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestCheckClock(t *testing.T) {
	for name, c := range map[string]struct {
		clocks []reading
		want   string
		fails  int
	}{
		"none to compare with":                  {nil, "ok    clock: 2026-03-03 09:30:00 UTC, with no other clock to compare it with\n", 0},
		"two that agree":                        {[]reading{{"the database", tuesday, tuesday, true}, {"mx", tuesday.Add(2 * time.Second), tuesday, true}}, "ok    clock: 2026-03-03 09:30:00 UTC, as the database and mx\n", 0},
		"a little behind":                       {[]reading{{"mx", tuesday.Add(-20 * time.Second), tuesday, true}}, "warn  clock: 2026-03-03 09:30:00 UTC here; mx is 20s behind it\n", 0},
		"far ahead":                             {[]reading{{"mx", tuesday.Add(time.Hour), tuesday, true}}, "FAIL  clock: 2026-03-03 09:30:00 UTC here; mx is 1h0m0s ahead of it\n", 1},
		"an old mail says nothing":              {[]reading{{"the newest mail", tuesday.Add(-time.Hour), tuesday, false}}, "ok    clock: 2026-03-03 09:30:00 UTC, with no other clock to compare it with\n", 0},
		"a mail from the future says that much": {[]reading{{"the newest mail", tuesday.Add(time.Hour), tuesday, false}}, "FAIL  clock: 2026-03-03 09:30:00 UTC here; the newest mail is 1h0m0s ahead of it\n", 1},
	} {
		k, out := checked(t, nil, nil)
		k.now, k.clocks = func() time.Time { return tuesday }, c.clocks
		k.checkClock()
		got, _, _ := strings.Cut(out.String(), "      -> ")
		if got != c.want || k.failed != c.fails {
			t.Errorf("%s: got %q and %d, want %q and %d", name, out.String(), k.failed, c.want, c.fails)
		}
	}
}

func TestCheckDatabase(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		at, _, err := sharedClock(t.Context(), st, time.Now)
		if err != nil || at.IsZero() == strings.HasPrefix(st.String(), "postgres") {
			t.Errorf("the clock that nodes share: got %v, %v", at, err)
		}
	})
	k, out := checked(t, nil, nil)
	k.checkDatabase(t.Context())
	if !strings.HasPrefix(out.String(), "ok    database: sqlite /") {
		t.Errorf("a right one: got %s", out.String())
	}
	out.Reset()
	k.cmd.Database = "sqlite:" + filepath.Join(t.TempDir(), "new.db")
	st, err := store.Open(t.Context(), k.cmd.Database)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	k.checkDatabase(t.Context())
	if !strings.HasPrefix(out.String(), "warn  database: ") || !strings.Contains(out.String(), "holds no desk yet") {
		t.Errorf("an empty one: got %s", out.String())
	}
	out.Reset()
	k.cmd.Database = "postgres://postdesk:secret@127.0.0.1:1/desk?sslmode=disable"
	k.checkDatabase(t.Context())
	if !strings.HasPrefix(out.String(), "FAIL  database: ") || strings.Contains(out.String(), "secret") || !strings.Contains(out.String(), "check that the server runs") {
		t.Errorf("one that is away: got %s", out.String())
	}
	out.Reset()
	k.cmd.Database = "sqlite:" + filepath.Join(t.TempDir(), "desk.db") + "?_pragma=synchronous(OFF)"
	if st, err := store.Open(t.Context(), strings.TrimSuffix(k.cmd.Database, "?_pragma=synchronous(OFF)")); err != nil {
		t.Fatal(err)
	} else if err := errors.Join(st.Close()); err != nil {
		t.Fatal(err)
	}
	k.checkDatabase(t.Context())
	if !strings.HasPrefix(out.String(), "FAIL  database: ") || !strings.Contains(out.String(), "synchronous is 0, and must be 2") {
		t.Errorf("one whose settings lose mail: got %s", out.String())
	}
}

// The word of the pinned server is looked for where it counts, in the mails that are there.
func TestCheckTrusted(t *testing.T) {
	const (
		received = "Received: from out.cust.example by mx.desk.example with ESMTP id 1; Tue, 24 Nov 2026 09:00:00 +0000\r\n"
		results  = "Authentication-Results: mx.desk.example; dkim=pass header.d=cust.example\r\n"
		words    = "From: kim@cust.example\r\nSubject: Hello\r\n\r\nHello\r\n"
	)
	above, below, none := results+received+words, received+results+words, received+words
	submitted := strings.Replace(none, "by mx", "(Authenticated sender: dana) by mx", 1)
	for name, c := range map[string]struct {
		mails  []string
		server string
		want   string
	}{
		"where it counts":     {[]string{above, none, above}, "mx.desk.example", "ok    trusted support: mx.desk.example says who wrote 2 of the last 3 mails\n"},
		"of our own people":   {[]string{submitted}, "mx.desk.example", "ok    trusted support: mx.desk.example says who wrote the last mail\n"},
		"of the last ten":     {append([]string{above}, slices.Repeat([]string{none}, 10)...), "mx.desk.example", "warn  trusted support: mx.desk.example has said nothing of the last 10 mails"},
		"below its own trace": {[]string{below, none}, "mx.desk.example", "FAIL  trusted support: mx.desk.example says who wrote the last 2 mails, but below its own Received field"},
		"under another name":  {[]string{above}, "mail.desk.example", "warn  trusted support: mail.desk.example has said nothing of the last mail"},
		"no mails":            {nil, "mx.desk.example", ""},
		"nobody is pinned":    {[]string{above}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			office := newOffice(t, nil)
			for _, m := range c.mails {
				if _, err := office.Deliver("support@desk.example", []byte(m)); err != nil {
					t.Fatal(err)
				}
			}
			k, out := checked(t, office, func(b *policy.Mailbox) {
				b.Server, b.Hosts = c.server, nil
				if c.server != "" {
					b.Hosts = []string{c.server}
				}
			})
			k.checkIMAP(t.Context(), k.policy.Mailboxes[0])
			if got := out.String(); !strings.Contains(got, c.want) || c.want == "" && strings.Contains(got, "trusted") {
				t.Errorf("got\n%swant %s", got, c.want)
			}
			for _, m := range office.Mails("support@desk.example") {
				if len(m.Flags) > 0 {
					t.Errorf("a mail was changed: %v", m.Flags)
				}
			}
		})
	}
}
