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

// A ticket with a flood of mails shows the latest, says so, and gives us the rest when we ask for it (T055).
func TestT055AFloodedTicketShowsTheLatest(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.writes("Kim <"+kim+">", "The logo", "The very first word.")
		path := fmt.Sprintf("/tickets/%d", number)
		d, k := w.browser().signIn(dana), w.browser().signIn(kim)
		more := func(n int) {
			for range n {
				w.pass(time.Second)
				w.mail(fmt.Sprintf("From: %s\nTo: support@desk.example\nSubject: Re: [#%d] The logo\nMessage-ID: <more-%d@mua.example>\nDate: Tue, 3 Mar 2026 12:00:00 +0100\n\nWord %d.\n",
					kim, number, w.uid, w.uid))
			}
		}
		more(299)
		for _, b := range []*browser{d, k} {
			if a := b.shows(b.get(path), 200, "The very first word."); strings.Contains(a.body, "Only the latest") {
				t.Error("300 are all there are")
			}
		}
		more(1)
		for _, b := range []*browser{d, k} {
			if a := b.shows(b.get(path), 200, "Only the latest 300 messages are here.", fmt.Sprintf("Word %d.", w.uid-1)); strings.Contains(a.body, "The very first word.") {
				t.Error("the first of 301 is there")
			}
		}
		if a := d.get(path); !strings.Contains(a.body, `href="`+path+`?all"`) || strings.Count(a.body, `value="split"`) != 300 {
			t.Errorf("%d messages can be split off", strings.Count(a.body, `value="split"`))
		}
		if a := d.shows(d.get(path+"?all"), 200, "The very first word."); strings.Contains(a.body, "Only the latest") || strings.Count(a.body, `value="split"`) != 300 {
			t.Error("where all are shown, there is more")
		}
		if a := k.get(path + "?all"); strings.Contains(a.body, "The very first word.") {
			t.Error("a customer can ask for a heavy page")
		}
		other := w.writes("Kim <"+kim+">", "The logo again", "I forgot this.")
		d.shows(d.get(fmt.Sprintf("%s/merge?into=%d", path, other)), 200, "300+")
	})
}

// The queue and the page of held mails tell that there are more than a page shows.
func TestMoreHeldThanAPageShows(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.writes("Kim <"+kim+">", "The logo", "How do I print the logo?")
		d := w.browser().signIn(dana)
		hold := func(n int) {
			for range n {
				w.held("eve@staff.example", fmt.Sprintf("Re: [#%d]", number), "/close")
			}
		}
		hold(100)
		d.shows(d.get("/tickets"), 200, "Mails that wait for a person: 100")
		if a := d.get("/held"); strings.Contains(a.body, "oldest") || strings.Count(a.body, `value="discard"`) != 100 {
			t.Errorf("100 held mails show as %d", strings.Count(a.body, `value="discard"`))
		}
		hold(1)
		d.shows(d.get("/tickets"), 200, "Mails that wait for a person: more than 100")
		if a := d.shows(d.get("/held"), http.StatusOK, "These are the 100 oldest."); strings.Count(a.body, `value="discard"`) != 100 {
			t.Errorf("101 held mails show as %d", strings.Count(a.body, `value="discard"`))
		}
	})
}

// Whoever may not give the yes reads that others must, and is not told that he can.
func TestWhoseYesItIs(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		w.account("poor", "Poor Ltd", 1, desk.Contact{Address: "owner@poor.example", MaySpend: true}, desk.Contact{Address: "clerk@poor.example"})
		number := w.mail("From: clerk@poor.example\nTo: support@desk.example\nCc: Lee <" + lee + ">\nSubject: The server\nMessage-ID: <install@mua.example>\nDate: Tue, 3 Mar 2026 12:00:00 +0100\n\nPlease install it.\n")
		path := fmt.Sprintf("/tickets/%d", number)
		c, o, l, d := w.browser().signIn("clerk@poor.example"), w.browser().signIn("owner@poor.example"), w.browser().signIn(lee), w.browser().signIn(dana)
		d.shows(d.post(path+"/order", "form", d.get(path).form, "do", "invite", "value", lee), 200)
		never := func(a answer, words ...string) {
			t.Helper()
			for _, s := range words {
				if strings.Contains(a.body, s) {
					t.Errorf("%s says %q", a.Request.URL, s)
				}
			}
		}

		never(c.shows(c.get("/tickets"), 200, "Waits for a yes"), "your yes")
		never(c.shows(c.get(path), 200, "Waits for a yes", "Only somebody who may spend for your account can agree.", "Still needed for this: 1 credit."), "your yes", "You can agree now", "Shall we begin?")
		never(l.shows(l.get("/tickets"), 200, "Waits for a yes"), "your yes")
		never(l.shows(l.get(path), 200, "Waits for a yes"), "your yes", "can agree", "credit")
		o.shows(o.get("/tickets"), 200, "Waits for your yes")
		a := o.shows(o.get(path), 200, "Waits for your yes", "Shall we begin?", "Still needed for this: 1 credit. You can agree now all the same")

		m := w.last("clerk@poor.example", "estimate")
		for _, s := range []string{"Only somebody who may spend for your account can agree.", w.url + path, "1 credit is missing."} {
			if !strings.Contains(strings.Join(strings.Fields(m.Text), " "), s) {
				t.Errorf("%q is missing in\n%s", s, m.Text)
			}
		}
		for _, s := range []string{"You can agree now", "If you agree", "/estimate/"} {
			if strings.Contains(m.Text, s) {
				t.Errorf("who may not agree is told %q", s)
			}
		}

		// The owner has a mail of her own, whose page is hers alone.
		mine := w.last("owner@poor.example", "estimate")
		b := w.browser()
		b.shows(b.get(w.link(mine)), 200, "Shall we begin?")
		if !strings.Contains(mine.Text, "clerk@poor.example") {
			t.Errorf("the owner is not told whose request it is:\n%s", mine.Text)
		}

		o.shows(o.post(path+"/decide", "form", a.form, "estimate", "1", "answer", "yes"), 200, "You have agreed.", "Still needed for this: 1 credit. We begin as soon as your balance covers it.")
		never(o.get(path), "You can agree now")
		never(c.shows(c.get(path), 200, "Waits for credits", "Still needed for this: 1 credit."), "You can agree now")
	})
}
