package portal_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// What was typed survives an expired session: it stands on the page that asks to sign in, and in the form when one is in again.
func TestWordsSurviveAnExpiredSession(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.writes(kim, "Where is it?", "Where is the setting?")
		ticket := fmt.Sprintf("/tickets/%d", number)
		b := w.browser().signIn(kim)
		form := b.get(ticket).form
		b.post("/sign-out")
		const typed = "A long answer,\nwhich nobody\nwants to type twice <b>."
		b.shows(b.upload(ticket+"/reply", "a.txt", "x", "form", form, "words", typed), 403, "Nothing is lost", typed)
		if len(w.messages(number)) != 1 {
			t.Fatal("it was taken without a session")
		}
		// Another browser has nothing of it, whoever signs in there; nor has another ticket's page here.
		other := w.browser().signIn(kim)
		if a := other.get(ticket); strings.Contains(a.body, "nobody") {
			t.Error("another browser shows the words")
		}
		b.post("/sign-in", "name", kim)
		w.answerPleas()
		b.get(w.link(w.last(kim, "sign_in_link")))
		a := b.shows(b.post("/enter"), 200, typed)
		if a.Request.URL.Path != ticket {
			t.Errorf("signing in leads to %s", a.Request.URL)
		}
		b.shows(b.post(ticket+"/reply", "form", a.form, "words", typed), 200, "We have your message")
		if m := w.messages(number); len(m) != 2 || m[1].Visible != typed {
			t.Errorf("got %d messages", len(m))
		}
		if a := b.get(ticket); strings.Count(a.body, "nobody") != 1 {
			t.Error("the words stand in the form still")
		}
		// Kim's words are not shown to somebody else who signs in in the same browser.
		b.post("/sign-out")
		b.post(ticket+"/reply", "form", form, "words", "only for Kim")
		b.signOutAndIn(ann)
		b.shows(b.get(ticket), 404)
	})
}

// signOutAndIn is signIn where the way leads back to a page that may not be there.
func (b *browser) signOutAndIn(address string) {
	b.Helper()
	b.post("/sign-in", "name", address)
	b.answerPleas()
	b.get(b.link(b.last(address, "sign_in_link")))
	if a := b.post("/enter"); strings.Contains(a.body, "only for Kim") {
		b.Error("somebody else sees the words")
	}
}

// A double click, a reload and a second try are one message, one ticket, one decision.
func TestSubmittedTwice(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.writes(kim, "Where is it?", "Where is the setting?")
		ticket := fmt.Sprintf("/tickets/%d", number)
		b := w.browser().signIn(kim)
		form := b.get(ticket).form
		for range 3 {
			w.pass(time.Minute)
			b.shows(b.upload(ticket+"/reply", "a.txt", "x", "form", form, "words", "once"), 200, "We have your message", "once")
		}
		if n := len(w.messages(number)); n != 2 {
			t.Errorf("%d messages, want 2", n)
		}
		b.shows(b.post(ticket+"/reply", "form", form, "words", "and another, by the same form"), 200)
		if n := len(w.messages(number)); n != 3 {
			t.Errorf("%d messages, want 3: other words are another message", n)
		}
		form = b.get("/request").form
		var at []string
		for range 2 {
			a := b.shows(b.post("/request", "form", form, "subject", "New", "words", "A new one."), 200, "We have your request")
			at = append(at, a.Request.URL.Path)
		}
		if at[0] != at[1] || len(w.mails(kim, "acknowledgement")) != 2 {
			t.Errorf("two tickets: %v, %d acknowledgements", at, len(w.mails(kim, "acknowledgement")))
		}
		form = b.get(ticket).form
		for range 2 {
			b.shows(b.post(ticket+"/close", "form", form), 200, "The request is closed")
		}
		if n := len(w.mails(kim, "closed")); n != 1 {
			t.Errorf("%d mails that it is closed", n)
		}
	})
}

// What is too large, too much or no form is told with what was typed, and nothing is half done.
func TestFormsThatCannotBeTaken(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		w.policy.Portal.Upload = 1 << 20
		number := w.writes(kim, "Where is it?", "Where is the setting?")
		ticket := fmt.Sprintf("/tickets/%d", number)
		b := w.browser().signIn(kim)
		form := b.get(ticket).form
		b.shows(b.upload(ticket+"/reply", "a.bin", strings.Repeat("x", 3<<20), "form", form, "words", "these stay"), 422, "larger than allowed", "these stay")
		b.shows(b.upload(ticket+"/reply", "a.bin", strings.Repeat("x", 1<<20), "form", form, "words", "it fits"), 200, "We have your message")
		b.shows(b.upload(ticket+"/reply", "a.bin", strings.Repeat("x", 70<<20), "form", form, "words", "these stay too"), 413, "too large", "these stay too")
		b.shows(b.upload(ticket+"/reply", "", "", "form", form), 422, "write something")
		b.shows(b.upload(ticket+"/reply", "", "", "form", form, "words", strings.Repeat("long ", 60_000)), 422, "too long")
		b.shows(b.post(ticket+"/decide", "form", form, "estimate", "x", "answer", "yes"), 400, "no complete form")
		b.shows(b.post(ticket+"/decide", "form", form, "estimate", "1", "answer", "perhaps"), 400)
		b.shows(b.post("/language", "language", "xx"), 404)
		b.shows(b.post("/settings/password", "form", form, "password", "short", "again", "short"), 422, "too short")
		b.shows(b.post("/settings/password", "form", form, "password", "correct horse battery", "again", "another horse battery"), 422, "did not agree")
		r, err := http.NewRequest(http.MethodPost, w.server.URL+ticket+"/reply", strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"words\"\r\n\r\nhalf of"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		b.shows(b.do(r), 400, "no complete form")
		for _, path := range []string{"/tickets/0", "/tickets/-1", "/tickets/01", "/tickets/99999999999999999999", "/tickets/1x", "/tickets/1/messages/x", "/%00", "/tickets?below=x", "/tickets?below=-1"} {
			b.shows(b.get(path), 404, "not there")
		}
		r, err = http.NewRequest("DELETE", w.server.URL+ticket, nil)
		if err != nil {
			t.Fatal(err)
		}
		if a := b.do(r); a.StatusCode != 404 && a.StatusCode != 405 {
			t.Errorf("DELETE: %s", a.Status)
		}
		if n := len(w.messages(number)); n != 2 {
			t.Errorf("%d messages, want 2", n)
		}
		if got := w.log.String(); strings.Contains(got, "level=ERROR") || strings.Contains(got, "these stay") || strings.Contains(got, kim) {
			t.Errorf("the log says\n%s", got)
		}
	})
}

// A request of somebody who is not signed in proves nothing: it is kept, marked, and acknowledged by the fixed text (the row of A0).
func TestP2RequestOfAStranger(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		b := w.browser()
		a := b.shows(b.get("/request"), 200, "New request", "Classifieds")
		form := a.form
		fields := func(over ...string) []string {
			all := []string{"form", form, "name", "Sam <b>", "address", "Sam@Example.org", "subject", "Five licences", "words", "What would they cost?", "product", "classifieds"}
			for i := 0; i < len(over); i += 2 {
				for j := range all {
					if j%2 == 0 && all[j] == over[i] {
						all[j+1] = over[i+1]
					}
				}
				if over[i] == "website" {
					all = append(all, over[i], over[i+1])
				}
			}
			return all
		}
		b.shows(b.post("/request", fields()...), 422, "quicker than people type", "What would they cost?")
		w.pass(10 * time.Second)
		b.shows(b.post("/request", fields("website", "https://spam.example")...), 422, "do not see", "What would they cost?")
		b.shows(b.post("/request", fields("address", "sam")...), 422, "no mail address")
		b.shows(b.post("/request", fields("address", "support@desk.example")...), 422, "no mail address")
		b.shows(b.post("/request", fields("subject", " ")...), 422, "subject")
		b.shows(b.post("/request", fields("words", "")...), 422, "write something")
		b.shows(b.post("/request", fields("product", "cars")...), 422, "not ours")
		b.shows(b.post("/request", fields()...), 200, "We have your request", "#1")
		tk := w.ticket(1)
		if tk.Requester.Address != sam || tk.Level.String() != "A0" || tk.Product != "classifieds" || tk.Requester.Name != "" || tk.Subject != "Five licences" {
			t.Errorf("got %+v", tk)
		}
		mails := w.mails(sam, "")
		if len(mails) != 1 || mails[0].Template != "acknowledgement_unverified" || strings.Contains(mails[0].Text+mails[0].Subject, "Five") {
			t.Errorf("got %d mails", len(mails))
		}
		if m := w.last("dana@staff.example", "unassigned"); m == nil || !strings.Contains(m.Text, "not proven") {
			t.Error("staff are not told that nobody proves it")
		}
		// In a customer's name it proves no more, and shows nothing of the customer's.
		a = b.get("/request")
		form = a.form
		w.pass(10 * time.Second)
		b.shows(b.post("/request", fields("address", kim, "words", "Please install it.")...), 200, "We have your request")
		if tk := w.ticket(2); tk.Level.String() != "A0" || len(w.mails(kim, "estimate")) != 0 {
			t.Errorf("got %+v", tk)
		}
		// Limits, by network; what was typed stays.
		for i := range 12 {
			form = b.get("/request").form
			w.pass(10 * time.Second)
			a = b.post("/request", fields("address", fmt.Sprintf("sam%d@example.org", i))...)
		}
		b.shows(a, 422, "tried very often", "What would they cost?")
		if n := w.ticketCount(); n != 10 {
			t.Errorf("%d tickets, want 10 an hour", n)
		}
	})
}

// A request of a contact who is signed in is his: level A3, with estimate and all.
func TestP2RequestOfAContact(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		b := w.browser().signIn(ann)
		a := b.get("/request")
		b.shows(b.post("/request", "form", a.form, "subject", "Umzug", "words", "Bitte install.", "product", "classifieds", "address", kim), 200, "Ihre Anfrage ist bei uns", "Sollen wir beginnen?")
		if tk := w.ticket(1); tk.Requester.Address != ann || tk.Level.String() != "A3" || tk.Customer != "acme" || tk.Product != "classifieds" {
			t.Errorf("got %+v", tk)
		}
		m := w.last(ann, "estimate")
		if m == nil || m.Language != "de" || !strings.Contains(m.Text, w.url+"/estimate/") {
			t.Fatalf("got %+v", m)
		}
		// A reply by mail to it finds the ticket, and all mails of the ticket hang together in a mail program.
		w.answers(ann, m, "Noch etwas dazu.")
		if n := len(w.messages(1)); n != 2 {
			t.Errorf("%d messages, want 2", n)
		}
	})
}

// Above the limit of mails the page is the way, and a yes there is enough (L2).
func TestL2AboveTheLimitOfMails(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.writes(kim, "Our project", "A project of ours.")
		w.answers(kim, w.last(kim, "estimate"), "yes")
		m := w.last(kim, "confirm_elsewhere")
		if m == nil || w.balance("cust") != 10 {
			t.Fatalf("balance %d", w.balance("cust"))
		}
		b := w.browser()
		b.shows(b.post(w.link(m), "answer", "yes"), 200, "you have agreed")
		if w.balance("cust") != 4 || w.ticket(number).Status != "open" {
			t.Errorf("balance %d, %s", w.balance("cust"), w.ticket(number).Status)
		}
		// Bo may not spend any more: his link says so, and his no counts.
		w.account("cust", "Cust Ltd", 10, desk.Contact{Address: bo, Name: "Bo", MaySpend: true})
		number = w.writes("bo@cust.example", "Bo's project", "A project of mine.")
		w.account("cust", "Cust Ltd", 10, desk.Contact{Address: bo, Name: "Bo"})
		link := w.link(w.last("bo@cust.example", "estimate"))
		b.shows(b.get(link), 200, "Only somebody who may spend")
		b.shows(b.post(link, "answer", "yes"), 200, "Only somebody who may spend")
		if w.balance("cust") != 4 {
			t.Errorf("Bo spent: %d", w.balance("cust"))
		}
		// Kim sees what Bo asked, since he pays for it, and may agree. He has too little, and is told.
		k := w.browser().signIn(kim)
		page := fmt.Sprintf("/tickets/%d", number)
		a := k.shows(k.get(page), 200, "Bo's project", "Still needed for this: 2 credits", "how many you would like")
		k.shows(k.post(page+"/decide", "form", a.form, "estimate", "1", "answer", "yes"), 200, "Waits for credits")
		b.shows(b.get(link), 200, "decided before")
	})
}

// The account's language is that of pages and mails once somebody chose it.
func TestP1Language(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		b := w.browser()
		b.header = http.Header{"Accept-Language": {"fr-CH;q=0.9, de-AT;q=0.8, en;q=0.1"}}
		if a := b.get("/sign-in"); !strings.Contains(a.body, `<html lang="fr">`) && !strings.Contains(a.body, `<html lang="de">`) {
			t.Error("the browser's language is not asked")
		}
		b.header = http.Header{"Accept-Language": {"xx, *;q=0.1, " + strings.Repeat("de,", 10_000)}}
		b.shows(b.get("/sign-in"), 200)
		b.header = http.Header{}
		number := w.writes(kim, "Where is it?", "Where is the setting?")
		b.signIn(kim)
		b.shows(b.post("/language", "language", "de", "back", "/settings"), 200, "Einstellungen")
		b.shows(b.post("/language", "language", "de", "back", "//evil.example/"), 200, "Ihre Anfragen")
		if tk := w.ticket(number); tk.Language != "de" || tk.Requester.Language != "de" {
			t.Errorf("the ticket speaks %s", tk.Language)
		}
		w.answers("dana@staff.example", w.last("dana@staff.example", "unassigned"), "Unter Einstellungen.")
		if m := w.last(kim, "reply"); m == nil || m.Language != "de" {
			t.Error("the answer is not in German")
		}
	})
}

// What is typed at a page means what it means in a mail: a yes to the estimate that the page showed, of any height since its writer is signed in;
// to an older one it is words, and so is anything more than a yes (T037, T039).
func TestWordsTypedAtAPage(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.writes(kim, "Our project", "A project of ours.")
		page := fmt.Sprintf("/tickets/%d", number)
		b := w.browser().signIn(kim)
		send := func(version, words string) {
			t.Helper()
			b.shows(b.post(page+"/reply", "form", b.get(page).form, "estimate", version, "words", words), 200, "We have your message")
		}
		for _, c := range []struct{ version, words string }{{"1", "Yes, but not on Friday."}, {"0", "yes"}, {"7", "yes"}, {"1", "> yes"}} {
			send(c.version, c.words)
			if w.ticket(number).Status != desk.AwaitingConfirmation || w.balance("cust") != 10 {
				t.Fatalf("%q to version %s: %s, balance %d", c.words, c.version, w.ticket(number).Status, w.balance("cust"))
			}
		}
		send("1", "Yes please")
		if tk := w.ticket(number); tk.Status != desk.Open || w.balance("cust") != 4 {
			t.Errorf("a plain yes: %s, balance %d", tk.Status, w.balance("cust"))
		}
		send("1", "Please close the ticket.")
		if tk := w.ticket(number); tk.Status != desk.Closed || w.balance("cust") != 10 {
			t.Errorf("a plain close: %s, balance %d", tk.Status, w.balance("cust"))
		}
		send("1", "Thank you!")
		if tk := w.ticket(number); tk.Status != desk.Closed {
			t.Errorf("a thank-you re-opens it: %s", tk.Status)
		}
		send("1", "It is broken again.")
		if tk := w.ticket(number); tk.Status != desk.Open || w.balance("cust") != 4 {
			t.Errorf("after more words: %s, balance %d", tk.Status, w.balance("cust"))
		}
		w.pass(40 * 24 * time.Hour)
		send("1", "close")
		w.pass(40 * 24 * time.Hour)
		a := b.shows(b.post(page+"/reply", "form", b.get(page).form, "words", "Something else is broken."), 200, "This is the new request")
		if at := a.Request.URL.Path; at == page {
			t.Errorf("words to a ticket that was closed long ago stay at %s", at)
		}
	})
}
