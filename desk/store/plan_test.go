package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/migrations"
)

// statements gives the SQL of this package's constants by name.
func statements(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]ast.Expr{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.CONST {
				for _, spec := range d.Specs {
					spec := spec.(*ast.ValueSpec)
					for i, v := range spec.Values {
						values[spec.Names[i].Name] = v
					}
				}
			}
		}
	}
	var text func(e ast.Expr) string
	text = func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.BasicLit:
			s, err := strconv.Unquote(e.Value)
			if err != nil {
				return ""
			}
			return s
		case *ast.BinaryExpr:
			return text(e.X) + text(e.Y)
		case *ast.Ident:
			return text(values[e.Name])
		}
		return ""
	}
	found := map[string]string{}
	for name, e := range values {
		if s := strings.TrimSpace(text(e)); regexp.MustCompile(`^(SELECT|INSERT|UPDATE|DELETE) `).MatchString(s) {
			found[name] = s
		}
	}
	return found
}

var parameter = regexp.MustCompile(`:[a-z_0-9]+`)

// No look-up reads more the more is stored: every table is entered by an index. Recount reads the whole ledger, as is its purpose.
func TestLookUpsUseIndexes(t *testing.T) {
	scan := regexp.MustCompile(`^SCAN (\w+)$`)
	all := statements(t)
	if len(all) < 40 {
		t.Fatalf("found %d statements: too few to be all", len(all))
	}
	st := storetest.Memory(t)
	for name, query := range all {
		if strings.HasPrefix(name, "postgres") || strings.HasPrefix(name, "sqlite") || strings.HasPrefix(name, "recount") {
			continue
		}
		for _, step := range plan(t, st, query) {
			if scan.MatchString(step) || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s: %s", name, step)
			}
		}
	}
}

// Where two indexes begin alike, the one that leads to fewer rows is taken: the other one's grow with what is stored.
func TestLookUpsUseTheBetterIndex(t *testing.T) {
	st := storetest.Memory(t)
	all := statements(t)
	for name, want := range map[string]string{
		"selectHeadings":   "SEARCH message USING INDEX message_base (base=? AND at>? AND at<?)",
		"selectHeadingsOf": "SEARCH message USING INDEX message_base_from (base=? AND from_addr=? AND at>? AND at<?)",
		"selectBare":       "SEARCH message USING INDEX message_base_bare (base=? AND at>? AND at<?)",
		"selectLoad":       "SEARCH ticket USING COVERING INDEX ticket_load (assignee=? AND status=?)",
		"selectGot":        "SEARCH ticket USING COVERING INDEX ticket_assignee (assignee=?)",
	} {
		if got := plan(t, st, all[name]); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// What points at a ticket is looked for where it is new, and nothing can: once in the plan. Where one is written again nothing is, which on one with
// thousands of mails took longer than all else (T055).
func TestSavingATicketLooksAtNothingElse(t *testing.T) {
	looks := map[string]int{}
	for _, step := range plan(t, storetest.Memory(t), store.SaveTicketRow) {
		if looks[step]++; looks[step] > 1 {
			t.Errorf("of a ticket that is there it asks: %s", step)
		}
	}
}

// plan is how SQLite carries out a statement.
func plan(t *testing.T, st *store.Store, query string) (steps []string) {
	t.Helper()
	var rows []struct {
		ID     int    `db:"id"`
		Parent int    `db:"parent"`
		Unused int    `db:"notused"`
		Detail string `db:"detail"`
	}
	if err := st.Raw().Select(&rows, "EXPLAIN QUERY PLAN "+parameter.ReplaceAllString(query, "NULL")); err != nil {
		t.Errorf("%s: %v", query, err)
	}
	for _, r := range rows {
		steps = append(steps, r.Detail)
	}
	return steps
}

// SQLite plans a statement again at each use where a bare parameter stands behind LIMIT, since its value might change the plan: that takes
// several times as long as to run it.
func TestPlansAreKept(t *testing.T) {
	for name, query := range statements(t) {
		if strings.Contains(query, "LIMIT :") {
			t.Errorf("%s: write LIMIT CAST(:name AS bigint)", name)
		}
	}
}

// Both engines take every statement. PostgreSQL finds types for all parameters and sees that bare columns are grouped.
func TestStatementsAreUnderstood(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		for name, query := range statements(t) {
			if strings.HasPrefix(name, "postgres") && st.Engine() == migrations.SQLite ||
				strings.HasPrefix(name, "sqlite") && st.Engine() == migrations.Postgres {
				continue
			}
			n := 0
			numbered := parameter.ReplaceAllStringFunc(query, func(string) string {
				n++
				return "$" + strconv.Itoa(n)
			})
			stmt, err := st.Raw().Prepare(numbered)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if err := stmt.Close(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
