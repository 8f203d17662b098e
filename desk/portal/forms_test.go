package portal_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk"
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
