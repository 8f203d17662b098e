package mailin

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/postdesk/postdesk/desk/postoffice"
)

// A script is a server that says what a test wants, odd or wrong as it may be. Its answers go before the OK of a command. They are for
// commands with one of these words, the first of which counts; what has no answer here is answered as expected.
type script struct {
	mails   int
	answers [][2]string // words, answer

	mu       sync.Mutex
	commands []string
}

func (s *script) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go s.serve(server)
	return client, nil
}

func (s *script) serve(c net.Conn) {
	defer c.Close()
	fmt.Fprint(c, "* OK [CAPABILITY IMAP4rev1] ready\r\n")
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		tag, command, _ := strings.Cut(lines.Text(), " ")
		s.mu.Lock()
		s.commands = append(s.commands, command)
		s.mu.Unlock()
		answer, found := "", false
		for _, a := range s.answers {
			if !found && strings.Contains(command, a[0]) {
				answer, found = a[1], true
			}
		}
		switch {
		case found:
		case command == "IDLE":
			fmt.Fprint(c, "+ go on\r\n")
			if !lines.Scan() || lines.Text() != "DONE" {
				return
			}
		case strings.HasPrefix(command, "CAPABILITY"):
			answer = "* CAPABILITY IMAP4rev1\r\n"
		case strings.HasPrefix(command, "EXAMINE"):
			answer = fmt.Sprintf("* %d EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT %d] .\r\n", s.mails, s.mails+1)
		case strings.HasPrefix(command, "UID SEARCH"):
			answer = "* SEARCH"
			for n := range s.mails {
				answer += fmt.Sprint(" ", n+1)
			}
			answer += "\r\n"
		}
		if _, err := fmt.Fprintf(c, "%s%s OK .\r\n", strings.ReplaceAll(answer, "$tag", tag), tag); err != nil {
			return
		}
	}
}

// scripted runs a poller against a script in a bubble.
func scripted(t *testing.T, s *script, test func(*testing.T, *Poller, *recorder)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newRecorder()
		p := poller(nil, d)
		p.Dial = s.dial
		defer start(t, p)()
		test(t, p, d)
	})
}

const (
	short = "From: kim@cust.example\r\n\r\nhi!!"

	// What the commands of the poller have in them.
	listing  = "RFC822.SIZE"
	whole    = "UID FETCH 1 (UID INTERNALDATE BODY.PEEK[])"
	header   = "BODY.PEEK[HEADER]"
	presence = "UID FETCH 1 (UID INTERNALDATE)"
	bySeq    = "FETCH 1 (UID INTERNALDATE BODY.PEEK[])"
)

func TestT058HugeLiteralIsNotRead(t *testing.T) {
	s := &script{mails: 1, answers: [][2]string{
		{listing, "* 1 FETCH (UID 1 RFC822.SIZE 5 INTERNALDATE \"01-Mar-2026 10:00:00 +0000\")\r\n"},
		{whole, "* 1 FETCH (UID 1 BODY[] {9999999999}\r\nabc"},
		{header, "* 1 FETCH (UID 1 BODY[HEADER]<0> {26}\r\nFrom: kim@cust.example\r\n\r\n)\r\n"},
	}}
	scripted(t, s, func(t *testing.T, p *Poller, d *recorder) {
		got := d.wait(t, 1)
		if got[0].raw != "From: kim@cust.example\r\n\r\n" || !noted(got[0], "longer than its size") {
			t.Errorf("the desk has %+v", got[0])
		}
	})
}

func TestNewsOfFlagsIsNoMail(t *testing.T) {
	// Another client sets a flag at the moment of the fetch. The client takes the news for the answer.
	news := "* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n"
	s := &script{mails: 1, answers: [][2]string{
		{listing, news},
		{whole, news + "* 1 FETCH (UID 1 BODY[] {30}\r\n" + short + ")\r\n"},
		{presence, "* 1 FETCH (UID 1)\r\n"},
		{bySeq, "* 1 FETCH (BODY[] {30}\r\n" + short + " INTERNALDATE \"01-Mar-2026 10:00:00 +0000\" UID 1)\r\n"},
	}}
	scripted(t, s, func(t *testing.T, p *Poller, d *recorder) {
		got := d.wait(t, 1)
		if want := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC); got[0].raw != short || !got[0].at.Equal(want) || len(got[0].notes) != 0 {
			t.Errorf("the desk has %+v", got[0])
		}
	})
}

func TestT117TextAfterTheAnswerToSTARTTLS(t *testing.T) {
	s := &script{answers: [][2]string{
		{"STARTTLS", "$tag OK begin\r\n* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] trust me\r\n"},
	}}
	synctest.Test(t, func(t *testing.T) {
		p := poller(nil, newRecorder())
		p.Mailbox.IMAP.TLS = "starttls"
		p.Dial = s.dial
		stop := start(t, p)
		time.Sleep(time.Hour)
		stop()
		if h := p.Health(); !strings.Contains(h.Error, "STARTTLS") {
			t.Errorf("health is %+v", h)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, command := range s.commands { // what is no command is the begin of TLS
			for _, word := range []string{"LOGIN", "AUTHENTICATE", "secret"} {
				if strings.Contains(command, word) {
					t.Errorf("%q was sent", command)
				}
			}
		}
		if len(s.commands) == 0 || s.commands[0] != "STARTTLS" {
			t.Errorf("the first command is not STARTTLS: %q", s.commands)
		}
	})
}

// TestT094RangeBeyondTheLastMail has a server that does not tell its next UID, and answers every range with its last mail, as servers do
// for "n:*". The one mail it has is an old one.
func TestT094RangeBeyondTheLastMail(t *testing.T) {
	s := &script{mails: 1, answers: [][2]string{
		{"EXAMINE", "* 1 EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n"},
		{"UID FETCH", "* 1 FETCH (UID 3 RFC822.SIZE 30 BODY[] {30}\r\n" + short + ")\r\n"},
		{"FETCH 1 ", "* 1 FETCH (UID 3)\r\n"},
		{"UID SEARCH", "* SEARCH 3\r\n"},
	}}
	scripted(t, s, func(t *testing.T, p *Poller, d *recorder) {
		d.wait(t, 1)
		time.Sleep(time.Hour)
		if got := d.all(); len(got) != 1 || got[0].UID != 3 || got[0].raw != short {
			t.Errorf("the desk has %+v", got)
		}
		if c, _, _ := d.Cursor(t.Context(), "", ""); c.UID != 3 {
			t.Errorf("the cursor is at %d, want 3", c.UID)
		}
	})
}

func TestSizeIsOnlyAHint(t *testing.T) {
	s := &script{mails: 1, answers: [][2]string{
		{listing, "* 1 FETCH (UID 1 RFC822.SIZE 500)\r\n"},
		{whole, "* 1 FETCH (UID 1 BODY[] {30}\r\n" + short + ")\r\n"},
	}}
	scripted(t, s, func(t *testing.T, p *Poller, d *recorder) {
		got := d.wait(t, 1)
		if got[0].raw != short || len(got[0].notes) != 0 || got[0].at.IsZero() {
			t.Errorf("the desk has %+v", got[0])
		}
	})
}

func TestSearchOfAHostileServer(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		want         string
	}{
		{"what was not asked for", "* SEARCH 1 5 3 9\r\n", "[3 5]"},
		{"all numbers there are", "* ESEARCH (TAG \"$tag\") UID ALL 1:4294967295\r\n", "[3 4 5 6]"},
		{"an open range", "* ESEARCH (TAG \"$tag\") UID ALL 3:*\r\n", "error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{mails: 9, answers: [][2]string{{"UID SEARCH", tt.answer}}}
			synctest.Test(t, func(t *testing.T) {
				p := poller(nil, newRecorder())
				p.Dial = s.dial
				srv, err := p.connect(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer srv.close()
				uids, err := srv.search(3, 6, imap.SearchCriteria{})
				if got := fmt.Sprint(uids); err == nil && got != tt.want || err != nil && tt.want != "error" {
					t.Errorf("got %v, %v, want %s", uids, err, tt.want)
				}
			})
		})
	}
}

func TestServerWithoutIdle(t *testing.T) {
	s := &script{mails: 0}
	scripted(t, s, func(t *testing.T, p *Poller, d *recorder) {
		time.Sleep(time.Hour + time.Minute)
		if h := p.Health(); h.Idle || h.State != Waiting || h.Error != "" {
			t.Errorf("health is %+v", h)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		passes := 0
		for _, command := range s.commands {
			if strings.HasPrefix(command, "EXAMINE") {
				passes++
			}
			if strings.HasPrefix(command, "IDLE") {
				t.Error("IDLE was sent")
			}
		}
		if passes < 12 || passes > 15 {
			t.Errorf("%d passes in an hour, want one in 5 minutes", passes)
		}
	})
}

func TestIdleIsBegunAnew(t *testing.T) {
	s := &script{mails: 0, answers: [][2]string{{"CAPABILITY", "* CAPABILITY IMAP4rev1 IDLE\r\n"}}}
	scripted(t, s, func(t *testing.T, p *Poller, d *recorder) {
		time.Sleep(time.Hour)
		synctest.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		idles := 0
		for i, command := range s.commands {
			if command == "IDLE" && i < len(s.commands)-1 {
				idles++
			}
		}
		if idles < 12 || idles > 16 {
			t.Errorf("%d times IDLE in an hour, want one in less than 5 minutes: %q", idles, s.commands)
		}
	})
}

// TestLongMailNeedsLittleMemory watches the heap while a mail of 50 MB goes through.
func TestLongMailNeedsLittleMemory(t *testing.T) {
	office := postoffice.New(world())
	defer office.Close()
	var raw strings.Builder
	raw.WriteString("From: kim@cust.example\r\nSubject: Long\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain\r\n\r\nSee the picture.\r\n--b\r\nContent-Type: image/tiff; name=a.tiff\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n")
	line := strings.Repeat("QUJD", 19) + "\r\n"
	for raw.Len() < 50<<20 {
		raw.WriteString(line)
	}
	raw.WriteString("--b--\r\n")
	deliver(t, office, raw.String())
	size := int64(raw.Len())
	raw.Reset()

	runtime.GC()
	base := heap()
	d := newRecorder()
	p := poller(office, d)
	p.Spool = t.TempDir()
	stop := start(t, p)
	peak := base
	for tick := time.NewTicker(time.Millisecond); len(d.all()) == 0; <-tick.C {
		peak = max(peak, heap())
	}
	stop()
	if got := d.all()[0]; got.size != size || got.subject != "Long" {
		t.Errorf("the desk has %d bytes of %d", got.size, size)
	}
	if grown := peak - base; grown > 24<<20 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	}
	if left, err := os.ReadDir(p.Spool); err != nil || len(left) != 0 {
		t.Errorf("the spool holds %v, %v", left, err)
	}
}

func heap() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}
