package auth

import (
	"bufio"
	"bytes"
	"encoding/json"
	netmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseResults(t *testing.T) {
	const value = `mx.desk.example 1; spf=pass (ip (v4)) reason="all is well" smtp.mailfrom="a b"@cust.example;` +
		` dkim=pass header.i=@cust.example header.b=ab/c+= ; none;`
	got, err := ParseResults(value)
	if err != nil || got.Server != "mx.desk.example" || len(got.Clauses) != 2 {
		t.Fatalf("got %+v, %v", got, err)
	}
	spf, dkim := got.Clauses[0], got.Clauses[1]
	if spf.Method != "spf" || spf.Result != "pass" || spf.Props["reason"] != "all is well" || spf.Props["smtp.mailfrom"] != "a b@cust.example" ||
		!slices.Equal(spf.Comments, []string{"ip (v4)"}) || spf.Broken {
		t.Errorf("spf is %+v", spf)
	}
	if dkim.Method != "dkim" || dkim.Result != "pass" || dkim.Props["header.i"] != "@cust.example" || dkim.Props["header.b"] != "ab/c+=" || dkim.Broken {
		t.Errorf("dkim is %+v", dkim)
	}
}

func TestParseResultsHostile(t *testing.T) {
	for _, s := range []string{
		strings.Repeat("(", 1<<20), strings.Repeat("a=b ", 1<<18), strings.Repeat("x=y;", 1<<18), "x; a=b " + strings.Repeat("/", 1<<20),
		`x; a=b c="` + strings.Repeat(`\"`, 1<<19), "x; a=b" + strings.Repeat("()", 1<<19),
	} {
		start := time.Now()
		ParseResults(s)
		parseReceived(s)
		parseSignature(s)
		if d := time.Since(start); d > time.Second {
			t.Errorf("%.12q... took %v", s, d)
		}
	}
}

// The corpus says for each field which methods and results it holds.
func TestResultsCorpus(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "corpora", "auth")
	table, err := os.ReadFile(filepath.Join(dir, "auth.jsonl"))
	if err != nil {
		t.Skip("no corpora beside the project: ", dir)
	}
	type result struct{ Method, Result string }
	n := 0
	lines := bufio.NewScanner(bytes.NewReader(table))
	for lines.Scan() {
		var c struct {
			File, Test string
			Server     string `json:"authserv_id"`
			Results    []result
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Test != "authres" {
			continue
		}
		n++
		t.Run(c.File, func(t *testing.T) {
			f, err := os.Open(filepath.Join(dir, c.File))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			m, err := netmail.ReadMessage(f)
			if err != nil {
				t.Fatal(err)
			}
			r, err := ParseResults(m.Header.Get("Authentication-Results"))
			if err != nil || r.Server != c.Server {
				t.Errorf("server %q, %v, want %q", r.Server, err, c.Server)
			}
			got := []result{}
			for _, clause := range r.Clauses {
				got = append(got, result{clause.Method, clause.Result})
			}
			if !slices.Equal(got, c.Results) {
				t.Errorf("got %v, want %v", got, c.Results)
			}
		})
	}
	if n == 0 {
		t.Errorf("no field in %s", dir)
	}
}
