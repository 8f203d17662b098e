package portal_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// A customer comes by a mailed link, reads, answers, agrees and closes (P1).
func TestP1SignInReadReplyConfirmClose(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.writes(kim, "Classifieds on the new server", "Please install it.\n\nKim")
		b := w.browser()
		b.shows(b.get("/"), 200, "Sign in", "Mail me a link")
		b.shows(b.post("/sign-in", "name", "KIM@cust.example "), 200, "Look into your mailbox")
		w.answerPleas()
		link := w.link(w.last(kim, "sign_in_link"))
		a := b.shows(b.get(link), 200, "You sign in as", kim)
		if strings.Contains(a.Request.URL.String(), link[len(link)-20:]) {
			t.Errorf("the secret is still in the address: %s", a.Request.URL)
		}
		b.shows(b.post("/enter"), 200, "Your requests", "Classifieds on the new server", "Waits for your yes", "10 credits")
		page := fmt.Sprintf("/tickets/%d", number)
		a = b.shows(b.get(page), 200, "Shall we begin?", "1–2 credits", "2 credits", "Please install it.", "Installation")

		a = b.shows(b.upload(page+"/reply", "notes.txt", "the notes", "form", a.form, "estimate", "1", "words", "It is the server > of last week.\n> really"), 200,
			"We have your message", "It is the server > of last week.\n> really", "notes.txt")
		if m := w.messages(number); len(m) != 2 || m[1].Visible != "It is the server > of last week.\n> really" || m[1].Level.String() != "A3" || len(m[1].Attachments) != 1 {
			t.Fatalf("got %+v", m[len(m)-1])
		}
		a = b.shows(b.get(fmt.Sprintf("%s/messages/%d/files/%s", page, w.messages(number)[1].ID, w.messages(number)[1].Attachments[0].Part)), 200)
		if a.body != "the notes" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("the file came as %q, %v", a.body, a.Header)
		}

		a = b.get(page)
		b.shows(b.post(page+"/decide", "form", a.form, "estimate", "1", "answer", "yes"), 200, "You have agreed", "With us", "Agreed: the work begins")
		if tk := w.ticket(number); tk.Status != desk.Open || w.balance("cust") != 8 || tk.Estimate.ConfirmedBy != kim {
			t.Errorf("after the yes: %+v, balance %d", tk, w.balance("cust"))
		}
		w.answers("eve@staff.example", w.last("eve@staff.example", "assigned"), "It is installed.\n\n/spent 20m\n/resolve")
		a = b.shows(b.get(page), 200, "Eve", "It is installed.", "Solved", "1 credit")
		if strings.Contains(words(a.body), "/spent") || strings.Contains(a.body, "staff.example") {
			t.Errorf("what stays among us is on the page:\n%s", words(a.body))
		}
		b.shows(b.post(page+"/close", "form", a.form), 200, "The request is closed", "Closed")
		if w.balance("cust") != 9 {
			t.Errorf("balance %d, want 9", w.balance("cust"))
		}
		b.shows(b.get("/account"), 200, "9 credits", "Set aside #1", "Given back #1")
		b.shows(b.post("/sign-out"), 200, "signed out")
		b.shows(b.get(page), http.StatusForbidden, "Please sign in")
	})
}
