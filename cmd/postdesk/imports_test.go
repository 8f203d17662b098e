package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/postdesk/postdesk"

// mayImport is the direction of imports between our rooms: who is not named may import none of them. Tests may import more, since they
// put rooms together as the command does.
var mayImport = map[string][]string{
	"desk/policy":  {"desk/rules", "desk/calendar", "desk/ledger", "desk/message", "desk/redact", "desk/seal", "templates"},
	"desk":         {"desk/policy", "desk/rules", "desk/calendar", "desk/ledger", "desk/message", "desk/redact", "desk/seal", "desk/fault", "templates"},
	"desk/store":   {"desk", "desk/fault", "desk/policy", "desk/rules", "desk/calendar", "desk/ledger", "desk/message", "migrations"},
	"desk/portal":  {"desk", "desk/policy", "desk/message", "mailin/parse", "templates"},
	"mailin/parse": {"desk/message"},
	"mailin/auth":  {"desk/message"},
	"mailin":       {"desk", "desk/fault", "desk/policy", "desk/message", "mailin/parse", "mailin/auth"},
	"mailout":      {"desk", "desk/fault", "desk/policy", "desk/message", "mailin/parse"},
	// The bench of the store's own tests, and the program that starts a PostgreSQL for a whole run of them.
	"desk/store/storetest":              {"desk", "desk/store", "migrations"},
	"desk/store/storetest/withpostgres": {"desk/store/storetest"},
}

// homes are the libraries that live in one room, so that to change one is to change that room alone.
var homes = map[string][]string{
	"github.com/emersion/go-imap":         {"mailin", "desk/postoffice"},
	"github.com/emersion/go-message":      {"mailin/parse", "desk/postoffice"},
	"github.com/emersion/go-msgauth":      {"mailin/auth", "mailout"}, // one verifies, the other signs
	"github.com/emersion/go-smtp":         {"desk/postoffice"},
	"github.com/wneessen/go-mail":         {"mailout"},
	"github.com/jmoiron/sqlx":             {"desk/store"},
	"github.com/lib/pq":                   {"desk/store", "desk/store/storetest"},
	"modernc.org/sqlite":                  {"desk/store", "desk/store/storetest"}, // which is its test bench
	"github.com/pressly/goose":            {"desk/store", "desk/store/storetest"},
	"go.yaml.in/yaml":                     {"desk/policy"},
	"github.com/expr-lang/expr":           {"desk/rules"},
	"github.com/arran4/golang-ical":       {"desk/calendar"},
	"github.com/yuin/goldmark":            {"templates"},
	"github.com/abadojack/whatlanggo":     {"mailin/parse"},
	"github.com/JohannesKaufmann":         {"mailin/parse"},
	"github.com/microcosm-cc":             {"mailin/parse"},
	"github.com/klauspost/compress":       {"desk/store"},
	"github.com/alecthomas/kong":          {"cmd/postdesk"},
	"golang.org/x/net/publicsuffix":       {"mailin/auth"},
	"golang.org/x/oauth2":                 {"desk/oauth"},
	"net/http":                            {"cmd/postdesk", "desk/portal", "desk/oauth", "desk/alarm"},
	"github.com/prometheus/client_golang": {"cmd/postdesk"},
	"golang.org/x/crypto/argon2":          {"desk/portal"},
	"github.com/chromedp":                 {"templates/screentest"},
}

// TestImportDirection keeps the picture of docs/house.md true.
func TestImportDirection(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	rooms := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; rooms++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		room := strings.TrimPrefix(p.ImportPath, module+"/")
		for _, imported := range p.Imports {
			if other, ours := strings.CutPrefix(imported, module+"/"); ours {
				if room != "cmd/postdesk" && !slices.Contains(mayImport[room], other) {
					t.Errorf("%s imports %s, which is against the direction of imports", room, other)
				}
				continue
			}
			for library, rooms := range homes {
				if (imported == library || strings.HasPrefix(imported, library+"/")) && !slices.Contains(rooms, room) {
					t.Errorf("%s imports %s, which lives in %s", room, imported, strings.Join(rooms, ", "))
				}
			}
		}
	}
	if rooms < 10 {
		t.Errorf("go list named %d packages; is this the whole module?", rooms)
	}
}
