package parse

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
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
		if len(row.Kind) == 1 && row.Kind[0] == "human" && m.Kind.Machine() {
			machines++
		}
	}
	share := float64(right) / float64(len(rows))
	t.Logf("kind right: %d of %d, %.1f %%", right, len(rows), 100*share)
	if share < 0.95 {
		t.Errorf("kind right in %.1f %%, want 95 %%", 100*share)
	}
	if bounces != 0 {
		t.Errorf("%d mails that are no bounces were taken for bounces", bounces)
	}
	if answered != 0 {
		t.Errorf("%d machines would get an answer", answered)
	}
	// The table takes one mail for a person's that a list sent on before there was List-Id, with Precedence and an owner as Sender.
	if machines > 1 {
		t.Errorf("%d people were taken for machines", machines)
	}
}

func TestCorporaBounces(t *testing.T) {
	needCorpora(t)
	found, failures := 0, 0
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
		}
	}
	t.Logf("bounces found: %d of %d", found, failures)
	if float64(found) < 0.95*float64(failures) {
		t.Errorf("found %d of %d bounces, want 95 %%", found, failures)
	}
}
