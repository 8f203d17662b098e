package postoffice_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"go.uber.org/goleak"

	"github.com/postdesk/postdesk/desk/postoffice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func world() postoffice.Options {
	return postoffice.Options{
		Domain: "desk.example",
		Accounts: []postoffice.Account{
			{Address: "support@desk.example", Password: "secret", Aliases: []string{"help@desk.example"}},
			{Address: "anna@desk.example", Password: "secret"},
			{Address: "kim@cust.example", Password: "secret"},
			{Address: "max@acme.example", Password: "secret"},
		},
		Signing: []string{"cust.example"},
		Record:  true,
	}
}

func open(t *testing.T, o postoffice.Options) *postoffice.Office {
	t.Helper()
	office := postoffice.New(o)
	t.Cleanup(office.Close)
	return office
}

// send submits a mail, with a password where login is given.
func send(t *testing.T, office *postoffice.Office, login, from, to, raw string) error {
	t.Helper()
	conn, err := office.DialSMTP(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c, err := smtp.NewClient(conn, "localhost")
	if err != nil {
		return err
	}
	if err := c.Hello("pc.cust.example"); err != nil {
		return err
	}
	if login != "" {
		if err := c.Auth(smtp.PlainAuth("", login, "secret", "localhost")); err != nil {
			return err
		}
	}
	if err := c.Mail(from); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(raw)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	c.Quit() // the mail is taken, whatever comes now
	return nil
}

const hello = "From: kim@cust.example\r\nSubject: Hello\r\n\r\nHi\r\n.dot\r\n"

func TestTrace(t *testing.T) {
	tests := []struct {
		name, login, from, to string
		extra                 string // header fields of the mail
		want, not             []string
	}{
		{
			name: "a signing domain", login: "kim@cust.example", from: "kim@cust.example", to: "support+abc@desk.example",
			want: []string{
				"Return-Path: <kim@cust.example>", "Delivered-To: support+abc@desk.example",
				"Authentication-Results: mx.desk.example; dkim=pass header.d=cust.example",
				"by mx.desk.example with ESMTP", "(Authenticated sender: kim@cust.example)\r\n\tby mx.cust.example",
			},
			not: []string{"auth=pass"},
		},
		{
			name: "a domain that does not sign", login: "max@acme.example", from: "max@acme.example", to: "help@desk.example",
			want: []string{"Authentication-Results: mx.desk.example; dkim=none", "Delivered-To: help@desk.example"},
			not:  []string{"dkim=pass", "auth=pass"},
		},
		{
			name: "one of ours", login: "anna@desk.example", from: "anna@desk.example", to: "support@desk.example",
			want: []string{
				"Authentication-Results: mx.desk.example; auth=pass smtp.auth=anna@desk.example",
				"(Authenticated sender: anna@desk.example)\r\n\tby mx.desk.example",
			},
		},
		{
			name: "a stranger with a forged result", from: "", to: "SUPPORT@desk.example",
			extra: "Authentication-Results: mx.desk.example; dkim=pass header.d=cust.example\r\n" +
				"authentication-results : (x) MX.desk.example 1;\r\n\tdkim=pass header.d=cust.example\r\n" +
				"Authentication-Results: mx.evil.example; auth=pass\r\n",
			want: []string{"Return-Path: <>", "Authentication-Results: mx.desk.example; dkim=none", "mx.evil.example; auth=pass"},
			not:  []string{"dkim=pass", "Authenticated sender"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			office := open(t, world())
			if err := send(t, office, tt.login, tt.from, tt.to, tt.extra+hello); err != nil {
				t.Fatal(err)
			}
			account := strings.ToLower(strings.NewReplacer("+abc", "", "help", "support").Replace(tt.to))
			mails := office.Mails(account)
			if len(mails) != 1 {
				t.Fatalf("%s has %d mails, want 1", account, len(mails))
			}
			raw := string(mails[0].Raw)
			if !strings.HasSuffix(raw, hello) {
				t.Errorf("the mail does not end as it was sent:\n%s", raw)
			}
			for _, s := range tt.want {
				if !strings.Contains(raw, s) {
					t.Errorf("no %q in\n%s", s, raw)
				}
			}
			for _, s := range tt.not {
				if strings.Contains(raw, s) {
					t.Errorf("%q in\n%s", s, raw)
				}
			}
		})
	}
}

func TestSMTPRefuses(t *testing.T) {
	office := open(t, world())
	if err := send(t, office, "", "x@evil.example", "nobody@desk.example", hello); !isCode(err, 550) {
		t.Errorf("unknown recipient: got %v, want 550", err)
	}
	if err := send(t, office, "nobody@cust.example", "x@evil.example", "support@desk.example", hello); !isCode(err, 535) {
		t.Errorf("unknown login: got %v, want 535", err)
	}
}

func isCode(err error, code int) bool {
	e, ok := err.(*textproto.Error)
	return ok && e.Code == code
}

func TestSMTPFaults(t *testing.T) {
	for _, verb := range []string{"CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."} {
		for _, code := range []int{451, 554, 421} {
			t.Run(fmt.Sprintf("%d at %s", code, verb), func(t *testing.T) {
				office := open(t, world())
				// A client that is refused at EHLO tries HELO.
				times := 1
				if verb == "EHLO" {
					times = 2
				}
				office.SMTPFaults(postoffice.SMTPFault{Verb: verb, Code: code, Text: "as told", Times: times})
				err := send(t, office, "kim@cust.example", "kim@cust.example", "support@desk.example", hello)
				if verb == "EHLO" && code == 421 {
					if err == nil { // the line ends before HELO
						t.Error("got no error")
					}
				} else if !isCode(err, code) {
					t.Errorf("got %v, want %d", err, code)
				}
				if n := len(office.Mails("support@desk.example")); n != 0 {
					t.Errorf("%d mails were kept, want none", n)
				}
				office.SMTPFaults()
				if err := send(t, office, "kim@cust.example", "kim@cust.example", "support@desk.example", hello); err != nil {
					t.Errorf("the next try: %v", err)
				}
				if n := len(office.Mails("support@desk.example")); n != 1 {
					t.Errorf("%d mails were kept after the next try, want 1", n)
				}
			})
		}
	}
}

func TestRefusedDataLeavesTheLineOpen(t *testing.T) {
	office := open(t, world())
	office.SMTPFaults(postoffice.SMTPFault{Verb: "DATA", Code: 452, Text: "full", Times: 1})
	conn, err := office.DialSMTP(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c, err := smtp.NewClient(conn, "localhost")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{452, 0} {
		if err := c.Mail("kim@cust.example"); err != nil {
			t.Fatal(err)
		}
		if err := c.Rcpt("support@desk.example"); err != nil {
			t.Fatal(err)
		}
		w, err := c.Data()
		if want != 0 {
			if !isCode(err, want) {
				t.Fatalf("try %d: got %v, want %d", i, err, want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(hello))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(office.Mails("support@desk.example")); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
}

func TestLineDropsAtTheEndOfAMail(t *testing.T) {
	tests := []struct {
		name string
		drop postoffice.Drop
		kept int
		sure bool // whether the client knows that the mail was taken
	}{
		{"before the mail is kept", postoffice.Before, 0, false},
		{"before the 250", postoffice.Unanswered, 1, false},
		{"after the 250", postoffice.Answered, 1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			office := open(t, world())
			office.SMTPFaults(postoffice.SMTPFault{Verb: ".", Drop: tt.drop, Times: 1})
			err := send(t, office, "", "", "support@desk.example", hello)
			if (err == nil) != tt.sure {
				t.Errorf("got %v, want the client to be sure: %v", err, tt.sure)
			}
			if n := len(office.Mails("support@desk.example")); n != tt.kept {
				t.Errorf("%d mails were kept, want %d", n, tt.kept)
			}
			sent := office.Submissions()
			if len(sent) != 1 || string(sent[0].Raw) != hello || sent[0].Kept != (tt.kept == 1) {
				t.Errorf("recorded %+v", sent)
			}
		})
	}
}

func TestFaultForOneRecipient(t *testing.T) {
	office := open(t, world())
	office.SMTPFaults(postoffice.SMTPFault{Verb: "RCPT", Recipient: "kim@cust.example", Code: 452, Text: "full"})
	if err := send(t, office, "", "", "kim@cust.example", hello); !isCode(err, 452) {
		t.Errorf("got %v, want 452", err)
	}
	if err := send(t, office, "", "", "anna@desk.example", hello); err != nil {
		t.Errorf("somebody else: %v", err)
	}
}

func TestSlowServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := postoffice.New(world())
		defer office.Close()
		office.SMTPFaults(postoffice.SMTPFault{Verb: ".", Delay: 9 * time.Minute})
		start := time.Now()
		if err := send(t, office, "", "", "support@desk.example", hello); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 9*time.Minute {
			t.Errorf("took %v, want 9m", took)
		}
	})
}

// login opens an IMAP session.
func login(t *testing.T, office *postoffice.Office, options *imapclient.Options) *imapclient.Client {
	t.Helper()
	conn, err := office.DialIMAP(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	c := imapclient.New(conn, options)
	t.Cleanup(func() { c.Close() })
	if err := c.Login("support@desk.example", "secret").Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

func deliver(t *testing.T, office *postoffice.Office, raw string) uint32 {
	t.Helper()
	uid, err := office.Deliver("support@desk.example", []byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return uid
}

func TestFetchIsExact(t *testing.T) {
	mails := []string{
		hello,
		"",
		"no header at all",
		"From \x00nobody\nX\n\nbare \r and \n ends \xff",
		"Subject: only a header\r\n",
		strings.Repeat("long ", 100_000),
	}
	office := open(t, world())
	for _, raw := range mails {
		deliver(t, office, raw)
	}
	c := login(t, office, nil)
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	got, err := c.Fetch(imap.UIDSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{
		RFC822Size:  true,
		BodySection: []*imap.FetchItemBodySection{{Peek: true}},
	}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(mails) {
		t.Fatalf("got %d mails, want %d", len(got), len(mails))
	}
	for i, m := range got {
		if !bytes.Equal(m.BodySection[0].Bytes, []byte(mails[i])) || m.RFC822Size != int64(len(mails[i])) {
			t.Errorf("mail %d of %d bytes came back as %d bytes", i, len(mails[i]), len(m.BodySection[0].Bytes))
		}
	}
	for _, m := range office.Mails("support@desk.example") {
		if len(m.Flags) != 0 {
			t.Errorf("peeking set %v", m.Flags)
		}
	}
}

func TestRangeBeyondTheLastMailGivesTheLast(t *testing.T) {
	office := open(t, world())
	deliver(t, office, hello)
	c := login(t, office, nil)
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	got, err := c.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{{{Start: 9, Stop: 0}}}}, nil).Wait()
	if err != nil || !slices.Equal(got.AllUIDs(), []imap.UID{1}) {
		t.Errorf("got %v, %v, want the mail with UID 1", got, err)
	}
}

func TestIdleWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := postoffice.New(world())
		defer office.Close()
		exists := make(chan uint32, 10)
		c := login(t, office, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
			Mailbox: func(data *imapclient.UnilateralDataMailbox) { exists <- *data.NumMessages },
		}})
		defer c.Close()
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			t.Fatal(err)
		}
		deliver(t, office, hello) // before IDLE: told as soon as it begins
		idle, err := c.Idle()
		if err != nil {
			t.Fatal(err)
		}
		if n := <-exists; n != 1 {
			t.Errorf("got %d mails, want 1", n)
		}
		time.Sleep(time.Hour)
		deliver(t, office, hello)
		if n := <-exists; n != 2 {
			t.Errorf("got %d mails, want 2", n)
		}
		if err := idle.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestMoveCopyStoreExpungeSearch(t *testing.T) {
	office := open(t, world())
	for range 4 {
		deliver(t, office, hello)
	}
	c := login(t, office, nil)
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Move(imap.UIDSetNum(2), "Done").Wait(); err == nil {
		t.Error("a move to nowhere succeeded")
	}
	if err := c.Create("Done", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	if data, err := c.Move(imap.UIDSetNum(2), "Done").Wait(); err != nil || data.DestUIDs.String() != "1" {
		t.Errorf("move: %+v, %v", data, err)
	}
	if data, err := c.Copy(imap.UIDSetNum(3), "Done").Wait(); err != nil || data.DestUIDs.String() != "2" {
		t.Errorf("copy: %+v, %v", data, err)
	}
	if err := c.Store(imap.UIDSetNum(3, 4), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.UIDExpunge(imap.UIDSetNum(3)).Close(); err != nil {
		t.Fatal(err)
	}
	found, err := c.UIDSearch(&imap.SearchCriteria{Flag: []imap.Flag{imap.FlagDeleted}}, nil).Wait()
	if err != nil || !slices.Equal(found.AllUIDs(), []imap.UID{4}) {
		t.Errorf("search: %v, %v", found, err)
	}
	var got []string
	for _, m := range office.Mails("support@desk.example") {
		got = append(got, fmt.Sprintf("%s %d %v", m.Folder, m.UID, m.Flags))
	}
	want := []string{"Done 1 []", "Done 2 []", "INBOX 1 []", `INBOX 4 [\Deleted]`}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestIMAPFaults(t *testing.T) {
	body := &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{Peek: true}}}
	setup := func(t *testing.T) (*postoffice.Office, *imapclient.Client) {
		office := open(t, world())
		deliver(t, office, strings.Repeat("x", 50_000))
		deliver(t, office, hello)
		c := login(t, office, nil)
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			t.Fatal(err)
		}
		return office, c
	}
	t.Run("NO for one mail", func(t *testing.T) {
		office, c := setup(t)
		office.IMAPFaults(postoffice.IMAPFault{Command: "FETCH", UID: 1, Text: "cannot"})
		if _, err := c.Fetch(imap.UIDSetNum(1), body).Collect(); err == nil || !strings.Contains(err.Error(), "cannot") {
			t.Errorf("got %v, want NO", err)
		}
		if got, err := c.Fetch(imap.UIDSetNum(2), body).Collect(); err != nil || len(got) != 1 {
			t.Errorf("the other mail: %v, %v", got, err)
		}
	})
	t.Run("the line breaks inside a literal", func(t *testing.T) {
		office, c := setup(t)
		office.IMAPFaults(postoffice.IMAPFault{Command: "FETCH", UID: 1, How: postoffice.Cut, After: 20_000})
		m := c.Fetch(imap.UIDSetNum(1), body).Next()
		for item := m.Next(); item != nil; item = m.Next() {
			if b, ok := item.(imapclient.FetchItemDataBodySection); ok {
				// Nothing of the command may be touched after this: the client would read beside its own goroutine.
				if n, _ := io.Copy(io.Discard, b.Literal); n == 0 || n > 20_000 {
					t.Errorf("got %d bytes of %d, want some below 20000", n, b.Literal.Size())
				}
				break
			}
		}
		if err := c.Close(); err == nil {
			t.Error("got no error")
		}
	})
	t.Run("OK and nothing else", func(t *testing.T) {
		office, c := setup(t)
		office.IMAPFaults(postoffice.IMAPFault{Command: "FETCH", UID: 1, How: postoffice.Empty})
		if got, err := c.Fetch(imap.UIDSetNum(1), body).Collect(); err != nil || len(got) != 0 {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("UIDVALIDITY", func(t *testing.T) {
		office, c := setup(t)
		office.Remove("support@desk.example", "INBOX", 1)
		office.ChangeUIDValidity("support@desk.example", "INBOX")
		if err := c.Noop().Wait(); err == nil {
			t.Error("the line is still there")
		}
		c = login(t, office, nil)
		data, err := c.Select("INBOX", nil).Wait()
		if err != nil || data.UIDValidity != 2 || data.UIDNext != 2 {
			t.Errorf("got %+v, %v", data, err)
		}
	})
	t.Run("the greeting is cut", func(t *testing.T) {
		office := open(t, world())
		office.CutIMAP(10)
		conn, err := office.DialIMAP(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		c := imapclient.New(conn, nil)
		defer c.Close()
		if err := c.WaitGreeting(); err == nil {
			t.Error("got a whole greeting")
		}
	})
}

func TestTLSOnThePorts(t *testing.T) {
	o := world()
	o.TLS = true
	office := open(t, o)
	if err := office.Listen(); err != nil {
		t.Fatal(err)
	}
	trust := &tls.Config{RootCAs: office.Roots(), ServerName: "mx.desk.example"}
	c, err := imapclient.DialStartTLS(office.IMAPAddr(), &imapclient.Options{TLSConfig: trust})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login("support@desk.example", "secret").Wait(); err != nil {
		t.Error(err)
	}
	implicit, err := imapclient.DialTLS(office.IMAPSAddr(), &imapclient.Options{TLSConfig: trust})
	if err != nil {
		t.Fatal(err)
	}
	defer implicit.Close()
	if err := implicit.WaitGreeting(); err != nil {
		t.Error(err)
	}
	conn, err := net.Dial("tcp", office.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	s, err := smtp.NewClient(conn, "mx.desk.example")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.StartTLS(trust); err != nil {
		t.Fatal(err)
	}
	if err := s.Auth(smtp.PlainAuth("", "kim@cust.example", "secret", "mx.desk.example")); err != nil {
		t.Error(err)
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := postoffice.New(world())
		defer office.Close()
		go func() {
			time.Sleep(time.Minute)
			office.Deliver("support@desk.example", []byte("first"))
			time.Sleep(time.Minute)
			office.Deliver("support@desk.example", []byte("second"))
		}()
		start := time.Now()
		second := func(m postoffice.Mail) bool { return string(m.Raw) == "second" }
		m, err := office.Wait(t.Context(), "help@desk.example", second)
		if err != nil || m.UID != 2 || time.Since(start) != 2*time.Minute {
			t.Errorf("got UID %d, %v after %v", m.UID, err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := office.Wait(ctx, "kim@cust.example", second); err == nil {
			t.Error("waited for nothing and got it")
		}
	})
}
