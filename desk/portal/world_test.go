package portal_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"html"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/portal"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/mailin/parse"
	"github.com/postdesk/postdesk/templates"
)

// worldPolicy is the desk behind the pages. A class is chosen by a word of the request.
const worldPolicy = `
desk:
  name: Desk Software Support
  domain: desk.example
  zone: Europe/Berlin
  language: en
  calendar: office
  class: question
  contact: management@desk.example
tokens:
  - {id: a, secret: "a secret of the tests, long enough"}
secrets:
  - {id: a, key: "a key of the tests, by which access is sealed"}
mailboxes:
  support: {address: support@desk.example, queue: requests}
calendars:
  office: {zone: Europe/Berlin, week: {mon-fri: ["09:00-18:00"]}}
queues:
  requests:  {}
  technical: {assign: eve}
staff:
  eve:  {name: Eve, address: eve@staff.example}
  dana: {name: Dana, address: dana@staff.example, roles: [dispatcher, engineer]}
products:
  classifieds: {title: {en: Classifieds, de: Kleinanzeigen}}
classes:
  question: {title: {en: Question, de: Frage}, billing: free}
  install:  {title: {en: Installation, de: Installation}, queue: technical, billing: credits, estimate: 1-2}
  project:  {title: {en: Project, de: Projekt}, queue: technical, billing: credits, estimate: 4-6}
clocks:
  first_response: {target: 1 working day, warn: 75%}
credits:
  how_to_buy: {en: Write to support@desk.example how many you would like., de: Schreiben Sie an support@desk.example.}
rules:
  - {name: install, when: 'mail.words contains "install"', set: {class: install}}
  - {name: project, when: 'mail.words contains "project"', set: {class: project}}
portal: {url: "URL"}
`

const (
	kim = "kim@cust.example" // owns the account of Cust
	bo  = "bo@cust.example"  // of the same account, may not spend
	ann = "ann@acme.example" // another customer
	sam = "sam@example.org"  // without account
)

// A world is a desk with its portal at a port of this machine.
type world struct {
	testing.TB
	desk   *desk.Desk
	store  *store.Store
	policy *policy.Policy
	pages  *portal.Portal
	server *httptest.Server
	url    string
	uid    uint32

	mu  sync.Mutex
	now time.Time
	log bytes.Buffer
}

var sharedTemplates = sync.OnceValues(func() (*templates.Set, error) { return templates.New(nil) })

// newWorld opens the portal on a Tuesday at noon in Berlin, at an address of its own unless one is given.
func newWorld(t testing.TB, st *store.Store, at ...string) *world {
	t.Helper()
	w := &world{TB: t, store: st, now: time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC)}
	w.server = httptest.NewUnstartedServer(nil)
	w.url = "http://" + w.server.Listener.Addr().String()
	if len(at) > 0 {
		w.url = at[0]
	}
	var err error
	if w.policy, err = policy.Parse("policy.yaml", []byte(strings.ReplaceAll(worldPolicy, "URL", w.url)), nil); err != nil {
		t.Fatal(err)
	}
	set, err := sharedTemplates()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	w.desk = &desk.Desk{
		Store: st, Policy: func() *policy.Policy { return w.policy }, Templates: set, Now: w.clock, Rand: rand.Reader, Node: "test", Log: log,
	}
	w.pages = &portal.Portal{Desk: w.desk, Policy: w.desk.Policy, Now: w.clock, Log: log, Stir: func() {}, Spool: t.TempDir()}
	h, err := w.pages.Handler()
	if err != nil {
		t.Fatal(err)
	}
	w.server.Config.Handler = h
	w.server.Start()
	t.Cleanup(w.server.Close)
	w.account("cust", "Cust Ltd", 10, desk.Contact{Address: kim, Name: "Kim", MaySpend: true}, desk.Contact{Address: bo, Name: "Bo"})
	w.account("acme", "Acme GmbH", 10, desk.Contact{Address: ann, Name: "Ann", MaySpend: true, Language: "de"})
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) account(id, name string, credits int64, contacts ...desk.Contact) {
	w.Helper()
	err := w.desk.AddAccount(w.Context(), desk.Account{
		Customer: desk.Customer{ID: id, Name: name, Language: "en"}, Contacts: contacts,
		Balances: []desk.Balance{{Unit: ledger.Credit, Amount: credits}},
	})
	if err != nil {
		w.Fatal(err)
	}
}

// bytesSource is a mail in memory.
type bytesSource []byte

func (b bytesSource) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
func (b bytesSource) Size() int64                  { return int64(len(b)) }

// mail lets a mail arrive, whole as bytes, proven to be from whom it says. It gives the number of its ticket.
func (w *world) mail(raw string) int64 {
	w.Helper()
	w.uid++
	src := bytesSource(strings.ReplaceAll(raw, "\n", "\r\n"))
	done, err := w.desk.Receive(w.Context(), []desk.Arrival{{
		Position: desk.Position{Mailbox: "support", Folder: "INBOX", UIDValidity: 1, UID: w.uid}, Received: w.clock(), Source: src, Message: parse.Parse(src),
		Assurance: message.Assurance{Level: message.LevelA1, Why: "dkim=pass"},
	}})
	if err != nil {
		w.Fatal(err)
	}
	return done[0].Ticket
}

// writes is mail with a text only.
func (w *world) writes(from, subject, words string) int64 {
	w.Helper()
	return w.mail(fmt.Sprintf("From: %s\nTo: support@desk.example\nSubject: %s\nMessage-ID: <%d@mua.example>\nDate: Tue, 3 Mar 2026 12:00:00 +0100\n\n%s\n",
		from, subject, w.uid+1, words))
}

// answers is an engineer's answer to a mail of the desk's.
func (w *world) answers(from string, to *desk.Mail, words string) {
	w.Helper()
	if to == nil {
		w.Fatal("there is no mail to answer")
	}
	w.mail(fmt.Sprintf("From: %s\nTo: %s\nSubject: Re: %s\nIn-Reply-To: %s\nMessage-ID: <%d@mua.example>\nDate: Tue, 3 Mar 2026 12:00:00 +0100\n\n%s\n",
		from, to.ReplyTo.Addr, to.Subject, to.MessageID.Header(), w.uid+1, words))
}

// mails are those that wait to be sent to an address, of a template unless that is "", in their order.
func (w *world) mails(to, template string) (all []*desk.Mail) {
	w.Helper()
	err := w.store.View(w.Context(), func(tx desk.Tx) error {
		waiting, err := tx.WaitingMails(w.Context(), 1000)
		for _, m := range waiting {
			if m.To.Addr != to || template != "" && m.Template != template {
				continue
			}
			m, err := tx.Mail(w.Context(), m.ID)
			if err != nil {
				return err
			}
			all = append(all, m)
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	slices.SortFunc(all, func(a, b *desk.Mail) int { return int(a.ID - b.ID) })
	return all
}

// last is the latest of mails, nil when there is none.
func (w *world) last(to, template string) *desk.Mail {
	w.Helper()
	all := w.mails(to, template)
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

func (w *world) ticket(number int64) *desk.Ticket {
	w.Helper()
	var tk *desk.Ticket
	err := w.store.View(w.Context(), func(tx desk.Tx) (err error) {
		tk, err = tx.Ticket(w.Context(), number)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return tk
}

func (w *world) messages(number int64) (all []*desk.Message) {
	w.Helper()
	err := w.store.View(w.Context(), func(tx desk.Tx) (err error) {
		all, err = tx.Messages(w.Context(), number)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func (w *world) balance(customer string) (n int64) {
	w.Helper()
	err := w.store.View(w.Context(), func(tx desk.Tx) (err error) {
		n, err = tx.Balance(w.Context(), ledger.Customer(customer), ledger.Credit)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return n
}

// answerPleas mails what pages were asked for.
func (w *world) answerPleas() {
	w.Helper()
	if _, err := w.desk.AnswerPleas(w.Context()); err != nil {
		w.Fatal(err)
	}
}

var linkIn = regexp.MustCompile(`https?://[^\s<>"]+/(?:enter|renew|estimate)/[A-Za-z0-9_-]+`)

// link is the link of ours in a mail.
func (w *world) link(m *desk.Mail) string {
	w.Helper()
	if m == nil {
		w.Fatal("there is no mail with a link")
	}
	if m.Sealed { // as the sender does
		if err := w.desk.Reveal(w.Context(), m); err != nil {
			w.Fatal(err)
		}
	}
	l := linkIn.FindString(m.Text)
	if l == "" {
		w.Fatalf("no link in\n%s", m.Text)
	}
	return l
}

// A browser keeps cookies and follows what pages say.
type browser struct {
	*world
	client *http.Client
	header http.Header
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	return &browser{w, &http.Client{Jar: jar}, http.Header{}}
}

// An answer is what a page came to.
type answer struct {
	*http.Response
	body string
	form string // the token of its form
}

var formToken = regexp.MustCompile(`name="form" value="([^"]*)"`)

func (b *browser) do(r *http.Request) answer {
	b.Helper()
	for name, values := range b.header {
		if name == "Host" {
			r.Host = values[0]
		}
		r.Header[name] = values
	}
	res, err := b.client.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	a := answer{Response: res, body: string(body)}
	if m := formToken.FindStringSubmatch(a.body); m != nil {
		a.form = html.UnescapeString(m[1])
	}
	return a
}

func (b *browser) at(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	return b.server.URL + path
}

func (b *browser) get(path string) answer {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, b.at(path), nil)
	if err != nil {
		b.Fatal(err)
	}
	return b.do(r)
}

func (b *browser) post(path string, fields ...string) answer {
	b.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.at(path), strings.NewReader(form.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// upload posts a form with a file.
func (b *browser) upload(path, name, content string, fields ...string) answer {
	b.Helper()
	var body bytes.Buffer
	mw := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		mw.WriteField(fields[i], fields[i+1])
	}
	f, err := mw.CreateFormFile("files", name)
	if err == nil {
		_, err = io.WriteString(f, content)
	}
	if err == nil {
		err = mw.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.at(path), &body)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", mw.FormDataContentType())
	return b.do(r)
}

// signIn is the way of the mailed link.
func (b *browser) signIn(address string) *browser {
	b.Helper()
	b.post("/sign-in", "name", address)
	b.answerPleas()
	b.get(b.link(b.last(address, "sign_in_link")))
	if a := b.post("/enter"); a.StatusCode != http.StatusOK || !strings.HasSuffix(a.Request.URL.Path, "/tickets") {
		b.Fatalf("signing in as %s came to %s at %s:\n%s", address, a.Status, a.Request.URL, words(a.body))
	}
	return b
}

// shows checks the status and that words stand on a page.
func (b *browser) shows(a answer, status int, want ...string) answer {
	b.Helper()
	if a.StatusCode != status {
		b.Errorf("%s %s: got %s, want %d:\n%s", a.Request.Method, a.Request.URL.Path, a.Status, status, words(a.body))
	}
	text := words(a.body)
	for _, s := range want {
		if !strings.Contains(text, s) {
			b.Errorf("%s %s: %q is missing in:\n%s", a.Request.Method, a.Request.URL.Path, s, text)
		}
	}
	return a
}

var (
	tag   = regexp.MustCompile(`<[^>]*>`)
	blank = regexp.MustCompile(`\s*\n\s*`)
)

// words are what a page says.
func words(page string) string {
	if i := strings.Index(page, "<main"); i >= 0 {
		page = page[i:]
	}
	return strings.TrimSpace(blank.ReplaceAllString(html.UnescapeString(tag.ReplaceAllString(page, "")), "\n"))
}

func run(t testing.TB, p *portal.Portal) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

var backPath = regexp.MustCompile(`name="back" value="[^"]*"`)

// journal is what the journal tells of a ticket.
func (w *world) journal(number int64) string {
	w.Helper()
	var b strings.Builder
	err := w.store.View(w.Context(), func(tx desk.Tx) error {
		all, err := tx.Journal(w.Context(), number)
		for _, e := range all {
			fmt.Fprintf(&b, "%s %s\n", e.Kind, e.Data)
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return b.String()
}

// ticketCount is how many tickets there are.
func (w *world) ticketCount() (n int) {
	w.Helper()
	err := w.store.View(w.Context(), func(tx desk.Tx) error {
		all, err := tx.Tickets(w.Context(), desk.TicketFilter{Limit: 1000})
		n = len(all)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return n
}
