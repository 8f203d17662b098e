package portal_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// accessTo is what was handed over for a ticket, as the database holds it.
func (w *world) accessTo(ticket int64) (all []byte) {
	w.Helper()
	err := w.store.View(w.Context(), func(tx desk.Tx) error {
		have, err := tx.SecretsOf(w.Context(), "access", fmt.Sprintf("ticket %d", ticket))
		for _, s := range have {
			all = append(all, s.Sealed...)
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// A form belongs to the ticket that it is sent for: with one of another ticket nothing reaches that one, and nothing is lost. Whoever was taken
// out must not change what he once handed over.
func TestAFormOfAnotherTicket(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.copied("The logo")
		path := fmt.Sprintf("/tickets/%d", number)
		k, l := w.browser().signIn(kim), w.browser().signIn(lee)
		k.shows(k.post(path+"/readers", "form", k.get(path).form, "who", lee, "do", "reader_in"), 200, "Let in.")
		form := l.get(path + "/access").form
		l.shows(l.upload(path+"/access", "", "", "form", form, "secret", "root: what works"), 200, "Handed over.")
		l.shows(l.upload(path+"/reply", "", "", "form", form, "words", "Is it fine?"), 200, "Sent.")
		k.shows(k.post(path+"/readers", "form", k.get(path).form, "who", lee, "do", "reader_out"), 200, "Taken out.")
		kept, journal := w.accessTo(number), w.journal(number)
		if len(kept) == 0 {
			t.Fatal("nothing was handed over")
		}

		his := w.writes("Lee <"+lee+">", "The logo", "I have another one.")
		at := fmt.Sprintf("/tickets/%d", his)
		a := l.shows(l.upload(at+"/access", "", "", "form", form, "secret", "root: a trap"), 200, "Handed over.")
		if a.Request.URL.Path != at || len(w.accessTo(his)) == 0 {
			t.Errorf("it came to %s, and his ticket has %d bytes", a.Request.URL, len(w.accessTo(his)))
		}
		a = l.shows(l.upload(at+"/reply", "", "", "form", form, "words", "Is it fine?"), 200, "Sent.")
		if a.Request.URL.Path != at || strings.Count(a.body, "Is it fine?") != 1 {
			t.Errorf("his answer came to %s", a.Request.URL)
		}
		if !bytes.Equal(w.accessTo(number), kept) || w.journal(number) != journal {
			t.Errorf("somebody who was taken out has changed what the ticket has:\n%s", strings.TrimPrefix(w.journal(number), journal))
		}

		// The same form twice is the same thing.
		n := len(w.messages(his))
		l.shows(l.upload(at+"/reply", "", "", "form", form, "words", "Is it fine?"), 200)
		if len(w.messages(his)) != n {
			t.Error("a form that was sent twice is two messages")
		}
	})
}

// Whoever gives a ticket to a queue that he does not work on sees it no more, and is told that it went there.
func TestHandedToAnotherQueue(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.writes("Kim <"+kim+">", "The server", "How do I print?")
		path := fmt.Sprintf("/tickets/%d", number)
		w.policy.StaffByID("dana").Queues = []string{"requests"}
		w.policy.StaffByID("dana").Roles = []policy.Role{policy.Engineer}
		e := w.browser().signIn(dana)
		a := e.shows(e.post(path+"/order", "form", e.get(path).form, "do", "queue", "value", "technical"), 200, "What there is to do", "It is handed over.")
		if a.Request.URL.Path != "/tickets" {
			t.Errorf("it came to %s", a.Request.URL)
		}
		if tk := w.ticket(number); tk.Queue != "technical" {
			t.Errorf("it is in %s", tk.Queue)
		}
		e.shows(e.get(path), 404)
	})
}

// A form's way back leads to a page of ours, whatever a browser makes of what stands in it.
func TestTheWayBackIsOurs(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	b := w.browser()
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for back, want := range map[string]string{
		"/settings": "/settings", "//evil.example/": "/", "https://evil.example/": "/", "/\\evil.example/": "/", "/\t/evil.example/": "/", "/\x0b/evil.example/": "/", "": "/",
	} {
		if got := b.post("/language", "language", "de", "back", back).Header.Get("Location"); got != want {
			t.Errorf("%q leads to %q, want %q", back, got, want)
		}
	}
}
