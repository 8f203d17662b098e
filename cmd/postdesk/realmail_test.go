//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/postoffice"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/mailin"
	"github.com/postdesk/postdesk/mailin/parse"
	"github.com/postdesk/postdesk/templates"
)

// corpora is a folder of other people's mails with what a right reading of them is. It lies beside the project, not in it.
const corpora = "../../../shared/corpora"

// A foreignMail is one of them.
type foreignMail struct {
	name    string
	raw     []byte
	at      time.Time
	machine bool // must get no automatic answer
}

// foreignMails are those of the labelled set of automatic mails, and the beginning of the mailing lists.
func foreignMails(t *testing.T) []foreignMail {
	t.Helper()
	if _, err := os.Stat(corpora); err != nil {
		t.Skip("the folder shared/corpora is not beside the project")
	}
	table, err := os.Open(filepath.Join(corpora, "auto/auto.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	var all []foreignMail
	for lines := bufio.NewScanner(table); lines.Scan(); {
		var label struct {
			File           string
			NoAutoResponse *bool `json:"no_auto_response"`
		}
		if err := json.Unmarshal(lines.Bytes(), &label); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(filepath.Join(corpora, "auto", label.File))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, foreignMail{label.File, raw, time.Now(), label.NoAutoResponse != nil && *label.NoAutoResponse})
	}
	if len(all) != 112 {
		t.Fatalf("the labelled set has %d mails, want 112", len(all))
	}
	lists, err := readMailFile(filepath.Join(corpora, "threads/lists.mbox"))
	if err != nil {
		t.Fatal(err)
	}
	for _, sm := range lists[:500] {
		all = append(all, foreignMail{sm.name, readAll(t, sm.source), sm.arrived, false})
	}
	for i := range all {
		all[i].raw = append(traceOf(all[i].raw), all[i].raw...)
	}
	return all
}

func readAll(t *testing.T, source message.Source) []byte {
	t.Helper()
	r, err := source.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// traceOf is what our own server puts on top of a mail that its writer's domain has signed. So every mail proves who wrote it, and the
// desk would answer if it took a machine for a person.
func traceOf(raw []byte) []byte {
	domain := "cust.example"
	if m := parse.Parse(parse.Bytes(raw)); len(m.From) > 0 && message.Domain(m.From[0].Addr) != "" {
		domain = message.Domain(m.From[0].Addr)
	}
	return fmt.Appendf(nil, "Authentication-Results: mx.desk.example; dkim=pass header.d=%s\r\n"+
		"Received: from mx.%s by mx.desk.example; Sun, 22 Nov 2026 10:00:00 +0000\r\n", domain, domain)
}

// A countingDesk tells when so many mails have been decided over.
type countingDesk struct {
	*desk.Desk
	left atomic.Int64
	done chan struct{}
}

func (c *countingDesk) Receive(ctx context.Context, arrivals []desk.Arrival) ([]desk.Reception, error) {
	receptions, err := c.Desk.Receive(ctx, arrivals)
	if n := int64(len(receptions)); n > 0 && c.left.Add(-n) == 0 {
		close(c.done)
	}
	return receptions, err
}

// TestRealMail lets other people's mails come through the real poller into the desk: each ends in one named outcome with its bytes kept,
// none is lost, and no machine gets an answer (G1, M4).
func TestRealMail(t *testing.T) {
	mails := foreignMails(t)
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		p, err := policy.Read("../../examples/vendor/policy.yaml")
		if err != nil {
			t.Fatal(err)
		}
		box := *p.Mailboxes[0]
		box.IMAP = &policy.IMAP{Host: "127.0.0.1", Port: 143, TLS: "none", Username: box.Address, Password: "secret"}
		p.Mailboxes[0].IMAP.Cutoff = time.Unix(0, 0) // all of it is to be decided over
		d := pollAll(t, st, p, &box, mails)
		checkReceptions(t, st, d, &box, mails)
		checkAnswers(t, st, mails)
	})
}

// pollAll delivers the mails and polls until the desk has decided over all.
func pollAll(t *testing.T, st *store.Store, p *policy.Policy, box *policy.Mailbox, mails []foreignMail) *desk.Desk {
	t.Helper()
	office := postoffice.New(postoffice.Options{Domain: "desk.example", Accounts: []postoffice.Account{{Address: box.Address, Password: "secret"}}})
	defer office.Close()
	for _, m := range mails {
		if _, err := office.DeliverAt(box.Address, m.raw, m.at); err != nil {
			t.Fatal(err)
		}
	}
	tmpl, err := templates.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	d := &desk.Desk{
		Store: st, Policy: func() *policy.Policy { return p }, Templates: tmpl, Now: utcNow, Rand: rand.Reader, Node: "test", Log: log,
	}
	counting := &countingDesk{Desk: d, done: make(chan struct{})}
	counting.left.Store(int64(len(mails)))
	poller := &mailin.Poller{Mailbox: box, Desk: counting, Trust: trustOf(p, box), Now: utcNow, Log: log, Dial: office.DialIMAP, Spool: t.TempDir()}

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- poller.Run(ctx) }()
	began := time.Now()
	select {
	case <-counting.done:
	case <-ctx.Done():
		t.Errorf("after %v %d mails are missing: %s", time.Since(began).Round(time.Second), counting.left.Load(), poller.Health().Error)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	t.Logf("%d mails in %v", len(mails), time.Since(began).Round(time.Millisecond))
	return d
}

// checkReceptions looks at what became of each UID, and that what is kept is what came.
func checkReceptions(t *testing.T, st *store.Store, d *desk.Desk, box *policy.Mailbox, mails []foreignMail) {
	named := []desk.Outcome{
		desk.OutcomeNew, desk.OutcomeReply, desk.OutcomeLinked, desk.OutcomeDuplicate, desk.OutcomeCommand, desk.OutcomeRefused,
		desk.OutcomeHeld, desk.OutcomeBanned, desk.OutcomeNoted,
	}
	counts := map[string]int{}
	for i, m := range mails {
		var source int64
		err := st.View(t.Context(), func(tx desk.Tx) error {
			r, err := tx.Reception(t.Context(), desk.Position{Mailbox: box.Name, Folder: "INBOX", UIDValidity: 1, UID: uint32(i + 1)})
			if err != nil {
				return err
			}
			counts["outcome\t"+string(r.Outcome)]++
			if !slices.Contains(named, r.Outcome) {
				t.Errorf("%s ended in %q, which is no outcome", m.name, r.Outcome)
			}
			if r.Message == 0 {
				if r.Outcome != desk.OutcomeDuplicate {
					t.Errorf("%s: %s without a message", m.name, r.Outcome)
				}
				return nil
			}
			kept, err := tx.Message(t.Context(), r.Message)
			if err != nil {
				return err
			}
			counts["kind\t"+string(kept.Kind)]++
			source = kept.Source
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
			continue
		}
		if source == 0 {
			continue
		}
		var kept bytes.Buffer
		if err := d.Source(t.Context(), source, &kept); err != nil {
			t.Errorf("%s: %v", m.name, err)
		} else if !bytes.Equal(kept.Bytes(), m.raw) {
			t.Errorf("%s is not kept as it came", m.name)
		}
	}
	logTable(t, counts)
}

// checkAnswers goes by the journal, which has what each mail brought about below its own line, in the order of UIDs.
func checkAnswers(t *testing.T, st *store.Store, mails []foreignMail) {
	counts := map[string]int{}
	received := 0
	for after := int64(0); ; {
		var lines []desk.Event
		err := st.View(t.Context(), func(tx desk.Tx) (err error) {
			lines, err = tx.Events(t.Context(), after, 500)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) == 0 {
			break
		}
		for _, e := range lines {
			after = e.ID
			switch e.Kind {
			case desk.EventReceived:
				received++
			case desk.EventSent:
				var sent desk.SentMail
				if err := json.Unmarshal(e.Data, &sent); err != nil {
					t.Fatal(err)
				}
				counts["to "+sent.Audience+"\t"+sent.Template]++
				if m := mails[received-1]; m.machine && sent.Audience == "customer" {
					t.Errorf("%s is a machine's and was answered by %s to %v", m.name, sent.Template, sent.To)
				}
			}
		}
	}
	if received != len(mails) {
		t.Errorf("the journal has %d mails, want %d", received, len(mails))
	}
	if counts["to customer\testimate"]+counts["to customer\testimate_requested"] == 0 {
		t.Error("nobody was answered, so nothing is shown about machines")
	}
	logTable(t, counts)
}

func logTable(t *testing.T, counts map[string]int) {
	t.Helper()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(w, "%s\t%d\n", row, counts[row])
	}
	w.Flush()
	t.Logf("\n%s", &b)
}
