package portal_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/mailin/parse"
)

const (
	eve  = "eve@staff.example"
	dana = "dana@staff.example"
)

// forged is a mail that is proven not to be from whom it says.
func (w *world) forged(from, subject, words string) {
	w.Helper()
	w.uid++
	src := bytesSource(fmt.Sprintf("From: %s\r\nTo: support@desk.example\r\nSubject: %s\r\nMessage-ID: <%d@mua.example>\r\n\r\n%s\r\n", from, subject, w.uid, words))
	_, err := w.desk.Receive(w.Context(), []desk.Arrival{{
		Position: desk.Position{Mailbox: "support", Folder: "INBOX", UIDValidity: 1, UID: w.uid}, Received: w.clock(), Source: src, Message: parse.Parse(src),
		Assurance: message.Assurance{Level: message.LevelX, Why: "dmarc=fail"},
	}})
	if err != nil {
		w.Fatal(err)
	}
}

// A8: access is handed over at a page, sealed, seen by the assigned engineer alone, never mailed, and erased when the ticket closes.
func TestA8Access(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		const secret = "ssh root@web7.cust.example\npassword: correct-horse-battery <&>"
		number := w.writes(kim, "On the new server", "Please install it.")
		k := w.browser().signIn(kim)
		page := fmt.Sprintf("/tickets/%d", number)
		a := k.get(page)
		a = k.shows(k.post(page+"/decide", "form", a.form, "estimate", "1", "answer", "yes"), 200, "Hand over access")
		a = k.shows(k.get(page+"/access"), 200, "only the engineer who works on this")
		k.shows(k.post(page+"/access", "form", "x", "secret", secret), 422, "type it again")
		form := a.form
		a = k.shows(k.post(page+"/access", "form", form, "secret", "not the right one"), 200)
		a = k.shows(k.post(page+"/access", "form", form, "secret", secret), 200, "Handed over", "I have handed over access")
		if strings.Contains(a.body, "horse") {
			t.Error("the customer's page shows it")
		}
		if n := len(w.messages(number)); n != 2 {
			t.Errorf("%d messages, want 2: one form is one message", n)
		}
		// Another customer cannot hand anything over here, nor see that anything was.
		other := w.browser().signIn(ann)
		other.shows(other.get(page+"/access"), 404)
		other.shows(other.post(page+"/access", "form", form, "secret", secret), 404)

		// Dana dispatches and sees the ticket; what was handed over is not hers.
		staffPage := fmt.Sprintf("/tickets/%d", number)
		d := w.browser().signIn(dana)
		a = d.shows(d.get(staffPage), 200, "Only the engineer to whom the request is assigned", "I have handed over access")
		e := w.browser().signIn(eve)
		a = e.shows(e.get(staffPage), 200, "For you alone", "Show what came on")
		eves := a.form
		what := between(a.body, `name="what" value="`, `"`)
		if got, err := w.desk.LookAt(t.Context(), w.policy.StaffByID("dana"), number, what); !errors.Is(err, desk.ErrNotFound) || got != "" {
			t.Errorf("Dana sees %q, %v", got, err)
		}
		k.shows(k.post(staffPage+"/look", "form", form, "what", what), 404)
		e.shows(e.post(staffPage+"/look", "form", "x", "what", what), 422, "send it again", "Show what came on")
		a = e.shows(e.post(staffPage+"/look", "form", a.form, "what", what), 200, secret, "gone when you leave it")
		if strings.Contains(e.get(staffPage).body, "horse") {
			t.Error("it stays on the page")
		}
		e.shows(e.post(staffPage+"/look", "form", eves, "what", "another"), 404)
		if j := w.journal(number); strings.Count(j, "looked at access") != 1 || !strings.Contains(j, `"by":"eve"`) || strings.Contains(j, "horse") {
			t.Errorf("the journal:\n%s", j)
		}
		sealed := w.sealed(number)
		if len(sealed) != 1 || bytes.Contains(sealed[0].Sealed, []byte("horse")) {
			t.Fatalf("%d are kept", len(sealed))
		}
		for _, to := range []string{kim, eve, dana} {
			for _, m := range w.mails(to, "") {
				if strings.Contains(m.Text+m.HTML, "horse") {
					t.Errorf("a mail to %s holds it", to)
				}
			}
		}
		if strings.Contains(w.log.String(), "horse") {
			t.Error("the log holds it")
		}
		// It goes to whoever works on it now, and to nobody else any more.
		w.answers(eve, w.last(eve, "assigned"), "/assign dana")
		e.shows(e.post(staffPage+"/look", "form", eves, "what", what), 404)
		a = d.shows(d.get(staffPage), 200, "For you alone")
		danas := a.form
		d.shows(d.post(staffPage+"/look", "form", danas, "what", what), 200, secret)
		// It is full at some time, and says so; what was handed over can still be typed anew.
		for range 19 {
			k.shows(k.post(page+"/access", "form", k.get(page+"/access").form, "secret", "one more"), 200, "Handed over")
		}
		k.shows(k.post(page+"/access", "form", k.get(page+"/access").form, "secret", "one too many"), 422, "takes no more", "erased when the request is closed")
		k.shows(k.post(page+"/access", "form", form, "secret", secret), 200, "Handed over")
		if n := len(w.sealed(number)); n != 20 {
			t.Errorf("%d are kept, want 20", n)
		}
		a = k.get(page)
		k.shows(k.post(page+"/close", "form", a.form), 200, "closed")
		if n := len(w.sealed(number)); n != 0 {
			t.Errorf("%d are left after the ticket closed", n)
		}
		k.shows(k.get(page+"/access"), 404)
		d.shows(d.post(staffPage+"/look", "form", danas, "what", what), 404)
		e.shows(e.post(staffPage+"/look", "form", eves, "what", what), 404)
	})
}

func between(s, from, to string) string {
	_, rest, _ := strings.Cut(s, from)
	got, _, _ := strings.Cut(rest, to)
	return got
}

// sealed is what is kept of access for a ticket.
func (w *world) sealed(number int64) (all []desk.Secret) {
	w.Helper()
	err := w.store.View(w.Context(), func(tx desk.Tx) (err error) {
		all, err = tx.SecretsOf(w.Context(), "access", fmt.Sprintf("ticket %d", number))
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// T119 at the page: a held mail shows why it is held, and is let go, put on a ticket or discarded by a named person, once.
func TestT119HeldMails(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.writes(ann, "Where is it?", "Where is the setting?")
		for i := range 3 {
			w.forged(sam, fmt.Sprintf("Held %d", i), "Give me all of it <b>.")
		}
		d := w.browser().signIn(dana)
		a := d.shows(d.get("/held"), 200, "Held 0", "Held 1", "Held 2", "X", sam)
		var ids []string
		for _, m := range strings.Split(a.body, `action="/held/`)[1:] {
			id, _, _ := strings.Cut(m, `"`)
			ids = append(ids, id)
		}
		if len(ids) != 3 {
			t.Fatalf("held are %v", ids)
		}
		form := a.form
		d.shows(d.post("/held/"+ids[0], "form", form, "do", "join", "ticket", "4711"), 422, "Held 0")
		d.shows(d.post("/held/"+ids[0], "form", form, "do", "join", "ticket", fmt.Sprintf("#%d", number)), 200, "It is part of the request now", "Held 1")
		d.shows(d.post("/held/"+ids[1], "form", form, "do", "discard", "why", "spam"), 200, "discarded", "Held 2")
		d.shows(d.post("/held/"+ids[1], "form", form, "do", "release"), 422, "Dana")
		d.shows(d.post("/held/"+ids[2], "form", form, "do", "release"), 200, "let through")
		d.shows(d.post("/held/"+ids[2], "form", form, "do", "burn"), 400)
		d.shows(d.post("/held/4711", "form", form, "do", "release"), 422)
		k := w.browser().signIn(kim)
		k.shows(k.post("/held/"+ids[2], "form", k.get("/request").form, "do", "release"), 404)
		if n := len(w.messages(number)); n != 2 {
			t.Errorf("%d messages on the ticket, want 2", n)
		}
	})
}
