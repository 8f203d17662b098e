//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/postoffice"
	"github.com/postdesk/postdesk/mailin/parse"
)

// openDemo sets a demo up whose end leaves nothing behind.
func openDemo(t *testing.T, ctx context.Context, c demoCmd, out io.Writer) *demo {
	t.Helper()
	before := goleak.IgnoreCurrent()
	d, err := newDemo(ctx, c, &narrator{out: out})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(d.folder); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the temporary folder is still there: %v", err)
		}
		goleak.VerifyNone(t, before)
	})
	return d
}

// TestDemo asks the mails of the story whether it ended as it should.
func TestDemo(t *testing.T) {
	var told bytes.Buffer
	kept := t.TempDir()
	d := openDemo(t, t.Context(), demoCmd{Once: true, Mails: kept}, &told)
	if err := d.run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, &told)
	}
	t.Run("everybody gets the right mails, each once", func(t *testing.T) { checkMails(t, d, kept) })
	t.Run("customers see no address of staff", func(t *testing.T) { checkAddresses(t, d) })
	t.Run("every mail to the desk has an end", func(t *testing.T) { checkOutcomes(t, d) })
	t.Run("the ledger adds up", func(t *testing.T) { checkLedger(t, d) })

	for _, want := range []string{"1. Kim has just bought", "/spnt 45m", "#2: credits: held:acme 2 -> 0, earned 0 -> 2", "had 5 and has 3"} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("%q is not told", want)
		}
	}
	if strings.Contains(told.String(), "\x1b") {
		t.Error("there are colours where no terminal is")
	}
}

func checkMails(t *testing.T, d *demo, kept string) {
	want := map[string][]string{
		"kim@bolt.example":  {"acknowledgement", "resolved"}, // and nothing for her vacation
		"anna@acme.example": {"estimate", "confirmed", "resolved", "closed"},
		"joe@example.org":   {"acknowledgement", "waiting"},
		"eve@desk.example":  {"assigned", "assigned", "held_notice", "refused_command"},
		"dana@desk.example": {"unassigned", "command_done", "unassigned", "command_done", "assigned"},
	}
	files, err := filepath.Glob(filepath.Join(kept, "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := parse.Parse(parse.Bytes(raw))
		_, template, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".eml"), "-")
		to := m.To[0].Addr
		got[to] = append(got[to], template)
		if to == "anna@acme.example" && template == "resolved" && !(strings.Contains(m.Text, "45 Minuten") && strings.Contains(m.Text, "2 Credits")) {
			t.Errorf("Anna's answer does not tell 45 minutes and 2 credits:\n%s", m.Text)
		}
		// What is kept is what was delivered, below the trace of the servers on its way.
		same := 0
		for _, arrived := range d.office.Mails(to) {
			if bytes.HasSuffix(arrived.Raw, raw) {
				same++
			}
		}
		if same != 1 {
			t.Errorf("%s was delivered %d times", file, same)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mails by recipient (-want +got):\n%s", diff)
	}
	for address, templates := range want {
		if arrived := d.office.Mails(address); len(arrived) != len(templates) {
			t.Errorf("%s got %d mails, want %d", address, len(arrived), len(templates))
		}
	}
}

func checkAddresses(t *testing.T, d *demo) {
	for _, customer := range []string{"anna@acme.example", "kim@bolt.example", "joe@example.org"} {
		for _, arrived := range d.office.Mails(customer) {
			m := parse.Parse(parse.Bytes(arrived.Raw))
			for _, text := range []string{string(arrived.Raw), m.Text, m.HTML} {
				for _, secret := range []string{"eve@desk.example", "dana@desk.example", "eve%40", "dana%40"} {
					if strings.Contains(text, secret) {
						t.Errorf("%s is in the mail %q to %s", secret, m.Subject, customer)
					}
				}
			}
		}
	}
}

func checkOutcomes(t *testing.T, d *demo) {
	got := map[desk.Outcome]int{}
	box := d.policy.Mailboxes[0]
	for _, m := range d.office.Mails(box.Address) {
		err := d.store.View(t.Context(), func(tx desk.Tx) error {
			r, err := tx.Reception(t.Context(), desk.Position{Mailbox: box.Name, Folder: "INBOX", UIDValidity: m.UIDValidity, UID: m.UID})
			got[r.Outcome]++
			return err
		})
		if err != nil {
			t.Errorf("UID %d: %v", m.UID, err)
		}
	}
	want := map[desk.Outcome]int{
		desk.OutcomeNew: 3, desk.OutcomeReply: 5, desk.OutcomeCommand: 2, desk.OutcomeRefused: 1, desk.OutcomeHeld: 1, desk.OutcomeNoted: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func checkLedger(t *testing.T, d *demo) {
	err := d.store.View(t.Context(), func(tx desk.Tx) error {
		for account, want := range map[ledger.Account]int64{ledger.Customer("acme"): 3, "held:acme": 0, "earned": 2} {
			got, err := tx.Balance(t.Context(), account, ledger.Credit)
			if err != nil {
				return err
			}
			if got != want {
				t.Errorf("%s holds %d credits, want %d", account, got, want)
			}
		}
		wrong, err := tx.Recount(t.Context())
		if len(wrong) > 0 {
			t.Errorf("the ledger does not add up: %v", wrong)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A cue is a writer that calls when it is written something.
type cue struct {
	words string
	call  func()
}

func (c cue) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(c.words)) {
		c.call()
	}
	return len(b), nil
}

// TestDemoIsStoppedInTheMiddle leaves neither goroutines nor files, wherever it is stopped.
func TestDemoIsStoppedInTheMiddle(t *testing.T) {
	for _, words := range []string{"1. Kim", "Kim   gets", "is away", "3. Anna", "credits: customer:acme", "5. Eve", "How it stands"} {
		t.Run(words, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			d := openDemo(t, ctx, demoCmd{}, cue{words, stop})
			if err := d.run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
}

// TestDemoSaysWhatDoesNotCome: the server refuses every mail to Anna.
func TestDemoSaysWhatDoesNotCome(t *testing.T) {
	d := openDemo(t, t.Context(), demoCmd{Once: true}, io.Discard)
	d.patience = 5 * time.Second
	d.office.SMTPFaults(postoffice.SMTPFault{Verb: "RCPT", Recipient: "anna@acme.example", Code: 550, Text: "No such user"})
	err := d.run(t.Context())
	if err == nil {
		t.Fatal("the demo went well without Anna")
	}
	for _, want := range []string{"scene 3", `Anna waits for the mail "estimate"`, "nothing came within 5s", "550"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

// TestDemoCommand runs the demo as people do, and ends it once as they do.
func TestDemoCommand(t *testing.T) {
	postdesk := filepath.Join(t.TempDir(), "postdesk")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", postdesk, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Run("once", func(t *testing.T) {
		began := time.Now()
		var stdout, stderr bytes.Buffer
		cmd := exec.CommandContext(t.Context(), postdesk, "demo", "--once")
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil || stderr.Len() > 0 {
			t.Fatalf("%v\n%s\n%s", err, &stdout, &stderr)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
	})
	t.Run("until Ctrl-C", func(t *testing.T) {
		var stderr bytes.Buffer
		cmd := exec.CommandContext(t.Context(), postdesk, "demo")
		cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
		cmd.Stderr = &stderr
		var told bytes.Buffer
		cmd.Stdout = io.MultiWriter(&told, cue{"Ctrl-C ends", func() {
			lookAround(t, told.String())
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Error(err)
			}
		}})
		if err := cmd.Run(); err != nil || stderr.Len() > 0 {
			t.Fatalf("%v\n%s", err, &stderr)
		}
		left, err := os.ReadDir(strings.TrimPrefix(cmd.Env[len(cmd.Env)-1], "TMPDIR="))
		if err != nil || len(left) > 0 {
			t.Errorf("it leaves %v behind: %v", left, err)
		}
	})
}

// lookAround opens the portal by the link that the demo prints for Anna, as a browser does.
func lookAround(t *testing.T, told string) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Error(err)
		return
	}
	browser := &http.Client{Jar: jar}
	link := regexp.MustCompile(`(http://127\.0\.0\.1:\d+)/enter/\S+`).FindStringSubmatch(told)
	if link == nil {
		t.Errorf("no link for Anna in\n%s", told)
		return
	}
	if r, err := browser.Get(link[0]); err != nil || r.Body.Close() != nil || r.StatusCode != http.StatusOK {
		t.Errorf("%v, %v", r, err)
		return
	}
	r, err := browser.PostForm(link[1]+"/enter", nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	if err != nil || !strings.Contains(string(page), "Ihre Anfragen") || !strings.Contains(string(page), "Kleinanzeigen auf neuem Server") || !strings.Contains(string(page), "3 Credits") {
		t.Errorf("Anna sees %s, %v\n%s", r.Status, err, page)
	}
}

func TestExcerpt(t *testing.T) {
	text := "Hello Anna,\n\nyour request is here.\nWe begin.\n\nNumber:   #2\nPrice:    two credits, and a line\n          that goes on\nBalance:  3\n\nRegards\nDesk\n"
	for _, tt := range []struct {
		name  string
		words []string
		want  string
	}{
		{"nothing asked", nil, ""},
		{"a whole paragraph", []string{"begin"}, "your request is here.\nWe begin."},
		{"single facts, with the lines that go on", []string{"Price"}, "Price:    two credits, and a line\n          that goes on"},
		{"two in order", []string{"Regards", "begin"}, "your request is here.\nWe begin.\n\nRegards\nDesk"},
		{"words that are not there show the beginning", []string{"thunder"}, "Hello Anna,\n\nyour request is here.\nWe begin."},
	} {
		if got := excerpt(text, tt.words); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	long := excerpt(strings.Repeat("line\n", 100), []string{"line"})
	if got := strings.Count(long, "\n"); got != maxExcerpt || !strings.HasSuffix(long, "...") {
		t.Errorf("a long paragraph shows %d lines", got)
	}
}

// TestClientMail: what the people's mail client writes is read by the desk as it was meant.
func TestClientMail(t *testing.T) {
	parent := &letter{Message: &message.Message{ID: "p@desk.example", References: []message.ID{"a@acme.example", "b@desk.example"}}}
	raw := outgoing{
		to: message.Address{Name: "Desk", Addr: "support+token@desk.example"}, subject: "AW: Größe", words: "Ja, größer.\n\nAnna",
		quote: "Am 22.11.2026 um 10:00 schrieb Desk:\n> Sollen wir?\n", parent: parent,
	}.bytes(message.Address{Name: "Anna Größe", Addr: "anna@acme.example"})
	m := parse.Parse(parse.Bytes(raw))
	if m.Subject != "AW: Größe" || m.From[0] != (message.Address{Name: "Anna Größe", Addr: "anna@acme.example"}) || m.To[0].Addr != "support+token@desk.example" {
		t.Errorf("got subject %q from %v to %v", m.Subject, m.From, m.To)
	}
	if !slices.Equal(m.InReplyTo, []message.ID{"p@desk.example"}) || !slices.Equal(m.References, []message.ID{"a@acme.example", "b@desk.example", "p@desk.example"}) {
		t.Errorf("got In-Reply-To %v and References %v", m.InReplyTo, m.References)
	}
	if want := "Ja, größer.\n\nAnna"; strings.TrimSpace(m.Visible) != want {
		t.Errorf("got the new words %q, want %q", m.Visible, want)
	}
	if m.Kind != message.Human || len(m.Notes) > 0 {
		t.Errorf("got %s with notes %v", m.Kind, m.Notes)
	}
}
