package parse

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/message"
)

// corpora is a folder of other people's mails with what a right reading of them is. It lies beside the project, not in it.
const corpora = "../../../shared/corpora"

func needCorpora(t *testing.T) {
	if _, err := os.Stat(corpora); err != nil {
		t.Skip("the folder shared/corpora is not beside the project")
	}
}

type labelled struct {
	File           string
	Kind           []string
	NoAutoResponse *bool `json:"no_auto_response"`
	IsBounce       *bool `json:"is_bounce"`

	Results []struct {
		Status, Reason string
		Accept         []string `json:"reason_accept"` // other reasons that are right too
	}
	Recipients  [][]string // each by the addresses that may stand for it
	RecipientsN int        `json:"recipients_n"`
}

func labels(t *testing.T, table string) []labelled {
	f, err := os.Open(filepath.Join(corpora, table))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []labelled
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row labelled
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

func TestCorporaAreReadInTime(t *testing.T) {
	needCorpora(t)
	n := 0
	for _, folder := range []string{"auto", "bounce", "replies", "mime"} {
		files, err := filepath.Glob(filepath.Join(corpora, folder, "mails", "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no mails of %s: %v", folder, err)
		}
		for _, file := range files {
			start := cpuTime()
			m := Parse(File(file))
			if took := cpuTime() - start; took > slow*time.Second {
				t.Errorf("%s took %v", file, took)
			}
			if m.Size == 0 {
				t.Errorf("%s: nothing was read: %v", file, m.Notes)
			}
			checkSound(t, m)
			n++
		}
	}
	t.Logf("%d mails", n)
}

func TestCorporaKinds(t *testing.T) {
	needCorpora(t)
	rows := labels(t, "auto/auto.jsonl")
	right, bounces, answered, machines := 0, 0, 0, 0
	for _, row := range rows {
		m := Parse(File(filepath.Join(corpora, "auto", row.File)))
		if slices.Contains(row.Kind, string(m.Kind)) {
			right++
		} else {
			t.Logf("%s is %s for %v, want %v", row.File, m.Kind, m.KindWhy, row.Kind)
		}
		if m.Kind == message.Bounced {
			bounces++
		}
		if row.NoAutoResponse != nil && *row.NoAutoResponse && !m.NoAutoResponse {
			answered++
		}
		if len(row.Kind) == 1 && row.Kind[0] == "human" && m.Kind.Machine() && !throughOldList(m) {
			machines++
		}
	}
	share := float64(right) / float64(len(rows))
	t.Logf("kind right: %d of %d, %.1f %%", right, len(rows), 100*share)
	if share < 0.985 {
		t.Errorf("kind right in %.1f %%, want 98.5 %%", 100*share)
	}
	if bounces != 0 {
		t.Errorf("%d mails that are no bounces were taken for bounces", bounces)
	}
	if answered != 0 {
		t.Errorf("%d machines would get an answer", answered)
	}
	if machines != 0 {
		t.Errorf("%d people were taken for machines", machines)
	}
}

// throughOldList tells a mail that a list sent on before there was List-Id: with Precedence, and the list's owner as Sender. The table takes
// one for a person's, since one wrote it; by the inspect contract it is a list's, for an answer to it is read by all of the list.
func throughOldList(m *message.Message) bool {
	has := func(name string, says ...string) bool {
		return slices.ContainsFunc(m.Trace, func(f message.Field) bool {
			return strings.EqualFold(f.Name, name) && slices.ContainsFunc(says, func(s string) bool { return strings.Contains(strings.ToLower(f.Value), s) })
		})
	}
	return m.Kind == message.List && has("Precedence", "bulk", "list") && has("Sender", "-owner@", "owner-")
}

func TestCorporaBounces(t *testing.T) {
	needCorpora(t)
	found, failures := 0, 0
	named, namedRight, stated, statedRight, told, toldRight := 0, 0, 0, 0, 0, 0
	for _, row := range labels(t, "bounce/bounces.jsonl") {
		m := Parse(File(filepath.Join(corpora, "bounce", row.File)))
		if row.IsBounce == nil {
			if m.Kind == message.Bounced && m.Bounce.Permanent {
				t.Errorf("%s, a report of success, was taken for a failure", row.File)
			}
			continue
		}
		if !*row.IsBounce {
			continue
		}
		failures++
		if m.Kind == message.Bounced {
			found++
		} else {
			t.Logf("%s is %s, want bounce", row.File, m.Kind)
			m.Bounce = &message.Bounce{}
		}
		// Some labels name two who failed and count one: beside him whom the report names they take the sender of the first mail, whose
		// address stands in a field of the way back. To follow them would be to take a customer's own address for a dead one.
		if n := len(row.Recipients); n > 0 && n <= row.RecipientsN {
			named++
			if sameRecipients(m.Bounce.Recipients, row.Recipients) {
				namedRight++
			} else {
				t.Logf("%s: %q failed, want %q", row.File, m.Bounce.Recipients, row.Recipients)
			}
		}
		var codes, reasons []string
		for _, r := range row.Results {
			if r.Status != "" {
				codes = append(codes, r.Status)
			}
			if r.Reason != "" {
				reasons = append(append(reasons, r.Reason), r.Accept...)
			}
		}
		if len(reasons) > 0 {
			told++
			if why := string(ReasonOf(m)); slices.Contains(reasons, why) {
				toldRight++
			} else {
				t.Logf("%s: %s, want %q", row.File, why, reasons)
			}
		}
		if len(codes) > 0 {
			stated++
			if slices.Contains(codes, m.Bounce.Status) {
				statedRight++
			} else {
				t.Logf("%s: status %q, want %q", row.File, m.Bounce.Status, codes)
			}
		}
	}
	for _, f := range []struct {
		what      string
		right, of int
		want      float64
	}{{"bounces found", found, failures, 0.995}, {"recipients exact", namedRight, named, 0.985}, {"status exact", statedRight, stated, 0.98}, {"reason right", toldRight, told, 0.92}} {
		t.Logf("%s: %d of %d", f.what, f.right, f.of)
		if float64(f.right) < f.want*float64(f.of) || f.of == 0 {
			t.Errorf("%s: %d of %d, want %.1f %%", f.what, f.right, f.of, 100*f.want)
		}
	}
}

// sameRecipients tells whether the addresses are those of the groups, at least one of each and no other.
func sameRecipients(got []string, groups [][]string) bool {
	for _, group := range groups {
		if !slices.ContainsFunc(group, func(a string) bool { return slices.Contains(got, a) }) {
			return false
		}
	}
	return !slices.ContainsFunc(got, func(a string) bool {
		return !slices.ContainsFunc(groups, func(group []string) bool { return slices.Contains(group, a) })
	})
}
