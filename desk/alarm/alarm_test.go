package alarm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A person writes down what is told, and when.
type person struct {
	mu    sync.Mutex
	began time.Time
	heard []string
	deaf  bool
}

func (p *person) Tell(_ context.Context, r Report) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deaf {
		return errors.New("no line")
	}
	line := fmt.Sprintf("%v: %s", r.At.Sub(p.began), strings.TrimPrefix(r.Subject(), "Postdesk desk.example: "))
	if len(r.Over) > 0 {
		line += " (over: " + strings.Join(r.Over, ", ") + ")"
	}
	p.heard = append(p.heard, line)
	return nil
}

func (p *person) String() string { return "person" }

// A spell is what is wrong from one minute to another.
type spell struct {
	from, to int
	trouble  Trouble
}

func TestWhatIsToldWhen(t *testing.T) {
	support := Trouble{Key: "mailbox support", What: "support is not read"}
	sales := Trouble{Key: "mailbox sales", What: "sales is not read"}
	expiry := Trouble{Key: "expiry", What: "the sign-in ends soon", Warning: true}
	for name, c := range map[string]struct {
		spells []spell
		deaf   [2]int // minutes in which nothing gets through
		want   []string
		beats  int // of 600 minutes, one each half minute
	}{
		"all is well": {want: nil, beats: 1201},
		"one trouble": {spells: []spell{{10, 30, support}},
			want: []string{"10m0s: support is not read", "31m50s: all is well again (over: support is not read)"}, beats: 1161},
		"it lasts": {spells: []spell{{10, 1000, support}},
			want: []string{"10m0s: support is not read", "4h10m0s: support is not read", "8h10m0s: support is not read"}, beats: 20},
		"another one while it lasts": {spells: []spell{{10, 300, support}, {20, 60, sales}},
			want: []string{"10m0s: support is not read", "20m0s: 2 troubles", "4h20m0s: support is not read (over: sales is not read)", "5h1m50s: all is well again (over: support is not read)"}, beats: 621},
		"it comes and goes": {spells: []spell{{10, 11, support}, {12, 13, support}, {14, 15, support}},
			want: []string{"10m0s: support is not read", "16m50s: all is well again (over: support is not read)"}, beats: 1195},
		"two end one after the other": {spells: []spell{{10, 30, support}, {10, 31, sales}},
			want: []string{"10m0s: 2 troubles", "32m50s: all is well again (over: sales is not read, support is not read)"}, beats: 1159},
		"a warning": {spells: []spell{{10, 500, expiry}},
			want: []string{"10m0s: a warning", "8h21m50s: all is well again (over: the sign-in ends soon)"}, beats: 1201},
		"nothing gets through at first": {spells: []spell{{10, 60, support}}, deaf: [2]int{0, 20},
			want: []string{"20m0s: support is not read", "1h1m50s: all is well again (over: support is not read)"}, beats: 1101},
		"it ends before anything gets through": {spells: []spell{{10, 15, support}}, deaf: [2]int{0, 20}, beats: 1191},
		"the good news do not get through at first": {spells: []spell{{10, 60, support}}, deaf: [2]int{50, 100},
			want: []string{"10m0s: support is not read", "1h40m0s: all is well again (over: support is not read)"}, beats: 1101},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, beats := time.Now(), 0
				operator, broken := &person{began: began}, &person{began: began, deaf: true}
				b := &Bell{
					Desk: "desk.example", Node: "n", Now: time.Now, Log: slog.New(slog.DiscardHandler),
					Paths: func() []Path { return []Path{broken, operator} }, Again: func() time.Duration { return 4 * time.Hour },
					Beat: func(context.Context) error { beats++; return nil },
					Look: func(context.Context) (all []Trouble) {
						at := int(time.Since(began) / time.Minute)
						operator.deaf = c.deaf[0] <= at && at < c.deaf[1]
						for _, s := range c.spells {
							if s.from <= at && at < s.to {
								all = append(all, s.trouble)
							}
						}
						return all
					},
				}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Hour+time.Second)
				defer cancel()
				if err := b.Run(ctx); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(operator.heard, c.want) {
					t.Errorf("heard\n%s\nwant\n%s", strings.Join(operator.heard, "\n"), strings.Join(c.want, "\n"))
				}
				if beats != c.beats {
					t.Errorf("%d beats, want %d", beats, c.beats)
				}
			})
		})
	}
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestText(t *testing.T) {
	r := Report{Desk: "desk.example", Node: "mx/12", At: noon, Over: []string{"Mailbox sales is not read"}, Troubles: []Trouble{
		{Key: "a", What: "Mailbox support is not read: connection refused", Since: noon.Add(-95 * time.Minute), Mend: "postdesk check policy.yaml"},
		{Key: "b", What: "The database is away"},
	}}
	const want = `The desk of desk.example says at 2026-11-24 12:00 UTC, from node mx/12:

- Mailbox support is not read: connection refused
  Since 2026-11-24 10:25 UTC, 1 hour 35 minutes ago.
  To mend it: postdesk check policy.yaml

- The database is away

- Over: Mailbox sales is not read

This is said again after 4 hours while it lasts, and once more when all is well. Mails are kept where they are meanwhile.
`
	if got := r.Text(4 * time.Hour); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "told")
	r := Report{Desk: "desk.example", At: noon, Troubles: []Trouble{{What: "It stops; $(touch x)"}}}
	t.Setenv("POSTDESK_TOKEN_KEY", "hunter2")
	c := Command{Args: []string{"/bin/sh", "-c", `{ echo "$POSTDESK_SUBJECT"; cat; env; } > "$0"`, file}, Again: time.Hour}
	if err := c.Tell(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(got), r.Subject()+"\n"+r.Text(time.Hour)) {
		t.Errorf("it got %q, %v", got, err)
	}
	if strings.Contains(string(got), "hunter2") {
		t.Error("it got a secret of the desk")
	}
	err = Command{Args: []string{"/bin/sh", "-c", "echo no modem >&2; exit 3"}}.Tell(t.Context(), r)
	if err == nil || err.Error() != "exit status 3: no modem" {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := (Command{Args: []string{"/bin/sleep", "60"}}).Tell(ctx, r); err == nil {
		t.Error("a program that does not end is no error")
	}
}

func TestWebhookAndBeat(t *testing.T) {
	var got []string
	status := 200
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.String()+" "+string(body))
		if status == 302 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	}))
	defer s.Close()
	r := Report{Desk: "desk.example", Node: "n", At: noon, Troubles: []Trouble{{Key: "k", What: "It stops", Since: noon}}}
	if err := (Webhook{URL: s.URL + "/hook?token=hunter2", Again: time.Hour}).Tell(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	var said struct {
		Text, Subject, Desk string
		Troubles            []Trouble
	}
	method, body, _ := strings.Cut(got[0], " {")
	if err := json.Unmarshal([]byte("{"+body), &said); err != nil || method != "POST /hook?token=hunter2" || said.Text != r.Text(time.Hour) || said.Subject != r.Subject() || said.Troubles[0].Key != "k" {
		t.Errorf("it got %s: %v", got[0], err)
	}
	if err := Beat(t.Context(), s.URL+"/alive", nil); err != nil || got[1] != "GET /alive " {
		t.Errorf("the beat: %v, it got %q", err, got[1])
	}
	for _, status = range []int{500, 404, 302} {
		if err := (Webhook{URL: s.URL + "/hook?token=hunter2"}).Tell(t.Context(), r); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%d: got %v", status, err)
		}
	}
	s.Close()
	if err := (Webhook{URL: s.URL + "/hook?token=hunter2"}).Tell(t.Context(), r); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("nobody there: got %v", err)
	}
	file := filepath.Join(t.TempDir(), "alive")
	if err := Beat(t.Context(), file, nil); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}
