package portal_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/mailin/parse"
	"github.com/postdesk/postdesk/templates/screentest"
)

// busy is a desk with work to do: a ticket of Eve's that is overdue, one that nobody has, a note, and a held mail.
func (w *world) busy() (eves, nobodys int64) {
	w.Helper()
	eves = w.writes("Kim <"+kim+">", "Please install <b>it</b>", "Please install it. The password is: hunter2hunter2")
	w.mail(fmt.Sprintf("From: %s\nTo: %s\nSubject: Re\nMessage-ID: <yes@mua.example>\nDate: Tue, 3 Mar 2026 12:00:00 +0100\n\nYes\n", kim, w.last(kim, "estimate").ReplyTo.Addr))
	w.answers("eve@staff.example", w.last("eve@staff.example", "assigned"), "Between us: call him first.\n/note")
	nobodys = w.writes("Ann <"+ann+">", "A question", "How do I print?")
	// In Eve's name, and nothing proves it.
	w.held("Eve <eve@staff.example>", fmt.Sprintf("Re: [#%d]", eves), "/close <script>")
	w.pass(5 * 24 * time.Hour)
	return eves, nobodys
}

// held lets a mail arrive that nothing proves to be from whom it says.
func (w *world) held(from, subject, words string) {
	w.Helper()
	w.uid++
	raw := bytesSource(fmt.Sprintf("From: %s\r\nTo: support@desk.example\r\nSubject: %s\r\nMessage-ID: <f-%d@x.example>\r\n\r\n%s\r\n", from, subject, w.uid, words))
	_, err := w.desk.Receive(w.Context(), []desk.Arrival{{
		Position: desk.Position{Mailbox: "support", Folder: "INBOX", UIDValidity: 1, UID: w.uid}, Received: w.clock(), Source: raw, Message: parse.Parse(raw),
		Assurance: message.Assurance{Level: message.LevelA0, Why: "nothing that proves it"},
	}})
	if err != nil {
		w.Fatal(err)
	}
}

// P3: staff see the queue by its deadlines, a ticket with the reasons for each thing, and what waits for a person.
func TestP3StaffArea(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		eves, nobodys := w.busy()
		eve := w.browser().signIn("eve@staff.example")

		a := eve.shows(eve.get("/tickets"), 200, "What there is to do", "Yours", "Please install <b>it</b>", "First answer", "Nobody has these", "A question", "Ann")
		if strings.Index(a.body, fmt.Sprintf(`"/tickets/%d"`, eves)) > strings.Index(a.body, fmt.Sprintf(`"/tickets/%d"`, nobodys)) {
			t.Error("Eve's own ticket does not come first")
		}
		if !strings.Contains(a.body, `class="status late"`) {
			t.Error("what is overdue does not stand out")
		}
		a = eve.shows(eve.get(fmt.Sprintf("/tickets/%d", eves)), 200,
			"Please install <b>it</b>", "How it stands", "Kim <"+kim+">", "Cust Ltd", "8 credits", "Installation", "Eve", "1–2 credits", // standing
			"First answer", "overdue", "1 working day, from 3 March 2026", // clocks
			"Why it is so", "rule install", "install: class=install", // reasons
			"Between us: call him first.", "among us", "How it came here", "a new request", "dkim=pass", "the mail it answers", // thread
			"What we sent", "estimate", "assigned", "waits")
		if strings.Contains(a.body, "hunter2") || strings.Contains(a.body, "<script>") || strings.Contains(a.body, "<b>it") {
			t.Errorf("a secret or markup is on the page:\n%s", a.body)
		}
		eve.shows(eve.get("/held"), 404) // not her work
		eve.shows(eve.get("/tickets/999"), 404)

		dana := w.browser().signIn("dana@staff.example")
		dana.shows(dana.get("/tickets"), 200, "Mails that wait for a person: 1")
		a = dana.shows(dana.get("/held"), 200, "Eve <eve@staff.example>", "nothing that proves it", "in the name of eve without proof", "/close <script>")
		if strings.Contains(a.body, "<script>") {
			t.Error("markup of a held mail is on the page")
		}
	})
}

// T075, T078: no page of staff's shows itself to a customer, or to anybody who has not signed in.
func TestT075StaffPagesAreForStaff(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		eves, _ := w.busy()
		k := w.browser().signIn(kim)
		k.shows(k.get("/held"), 404)
		for _, path := range []string{"/tickets", fmt.Sprintf("/tickets/%d", eves)} {
			if a := k.shows(k.get(path), 200); strings.Contains(a.body, "Between us") || strings.Contains(a.body, "staff.example") {
				t.Errorf("%s shows a customer what is staff's:\n%s", path, words(a.body))
			}
		}
		stranger := w.browser()
		for _, path := range []string{"/held", "/tickets", fmt.Sprintf("/tickets/%d", eves)} {
			if a := stranger.shows(stranger.get(path), http.StatusForbidden, "Please sign in"); strings.Contains(a.body, "install") {
				t.Errorf("%s shows something without a sign-in", path)
			}
		}
		// Somebody of us who works on other queues.
		w.policy.StaffByID("eve").Queues = []string{"requests"}
		eve := w.browser().signIn("eve@staff.example")
		other := w.writes("Kim <"+kim+">", "A project", "We plan a project.")
		tk := w.ticket(other)
		if tk.Queue != "requests" {
			t.Fatalf("the project is in %s", tk.Queue)
		}
		eve.shows(eve.get(fmt.Sprintf("/tickets/%d", other)), 200)
		w.policy.StaffByID("eve").Queues = []string{"elsewhere"}
		eve.shows(eve.get(fmt.Sprintf("/tickets/%d", other)), 404)
	})
}

// TestBrowserStaff looks at the pages of staff as staff do.
func TestBrowserStaff(t *testing.T) {
	if err := os.MkdirAll(screens, 0o755); err != nil {
		t.Fatal(err)
	}
	browser := screentest.Browser(t)
	for _, l := range looks {
		t.Run(l.name, func(t *testing.T) {
			l.name = "staff-" + l.name
			w := newWorld(t, storetest.SQLite(t))
			eves, _ := w.busy()
			w.browser().post("/sign-in", "name", "dana@staff.example")
			w.answerPleas()
			b := w.tab(t, browser, l)
			b.open(w.link(w.last("dana@staff.example", "sign_in_link")))
			b.press(`main form[action="/enter"] button`)
			b.picture("queue", "A question")
			b.open(fmt.Sprintf("/tickets/%d", eves))
			b.picture("ticket", "Between us")
			b.do(chromedp.Click("details.card summary"), chromedp.Click("details.more summary"))
			b.picture("ticket-why", "mail.words has")
			b.open("/held")
			b.picture("held", "nothing that proves it")
		})
	}
}
