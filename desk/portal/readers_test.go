package portal_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/templates/screentest"
)

const lee = "lee@print.example" // draws logos for Kim

// copied is a question of Kim's with Lee in copy.
func (w *world) copied(subject string) int64 {
	w.Helper()
	return w.mail(fmt.Sprintf("From: Kim <%s>\nTo: support@desk.example\nCc: Lee <%s>\nSubject: %s\nMessage-ID: <%d@mua.example>\nDate: Tue, 3 Mar 2026 12:00:00 +0100\n\nHow do I print the logo?\n",
		kim, lee, subject, w.uid+1))
}

func (w *world) roles(ticket int64) (all []string) {
	w.Helper()
	for _, p := range w.ticket(ticket).Participants {
		all = append(all, p.Contact.Address+" "+string(p.Role))
	}
	return all
}

func (w *world) same(what string, got, want []string) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// Whoever asked sees who reads along, lets in and takes out; each is written down. Who was taken out is a stranger to every page.
func TestReaders(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.copied("The logo")
		path := fmt.Sprintf("/tickets/%d", number)
		k, l := w.browser().signIn(kim), w.browser().signIn(lee)
		a := k.shows(k.get(path), 200, "Who reads along", lee, "in copy: may add words", "Let in", "Take out")
		form := a.form
		l.shows(l.get(path), 404)

		k.shows(k.post(path+"/readers", "form", form, "who", lee, "do", "reader_in"), 200, "Let in. Our next answer goes there too.", "gets our answers")
		w.same("participants", w.roles(number), []string{lee + " member"})
		w.answers(dana, w.last(dana, "unassigned"), "It is under Print.")
		l.shows(l.get(path), 200, "It is under Print.")
		for _, m := range w.messages(number) {
			if m.Staff != "" {
				l.get(fmt.Sprintf("%s/messages/%d", path, m.ID))
			}
		}
		lees := l.get(path).form
		if strings.Contains(l.get(path).body, "Who reads along") {
			t.Error("Lee is offered to decide who reads along")
		}
		l.shows(l.post(path+"/readers", "form", lees, "who", lee, "do", "reader_out"), 404)

		k.shows(k.post(path+"/readers", "form", form, "who", lee, "do", "reader_out"), 200, "Taken out.", "taken out")
		w.same("participants", w.roles(number), []string{lee + " removed"})
		l.shows(l.get(path), 404)
		l.shows(l.post(path+"/reply", "form", lees, "words", "Hello?"), 404)
		l.shows(l.post(path+"/close", "form", lees), 404)
		l.shows(l.post(path+"/readers", "form", lees, "who", lee, "do", "reader_in"), 404)
		l.shows(l.post(path+"/access", "form", lees, "secret", "root"), 404)
		for _, m := range w.messages(number) {
			l.shows(l.get(fmt.Sprintf("%s/messages/%d", path, m.ID)), 404)
			l.shows(l.get(fmt.Sprintf("%s/messages/%d/html", path, m.ID)), 404)
		}
		if body := l.get("/tickets").body; strings.Contains(body, "The logo") {
			t.Errorf("it is in Lee's list: %s", words(body))
		}
		k.shows(k.post(path+"/readers", "form", form, "who", lee, "do", "reader_in"), 200, "Let in.") // he may change his mind
		if j := w.journal(number); !strings.Contains(j, `"what":"taken out","value":"`+lee+`"`) || strings.Count(j, `"what":"let in","value":"`+lee+`"`) != 2 {
			t.Errorf("the journal has\n%s", j)
		}

		// Whom we have taken out, or ask aside, is no matter of the customer's.
		d := w.browser().signIn(dana)
		dform := d.get(path).form
		d.shows(d.post(path+"/order", "form", dform, "do", "remove", "value", lee), 200, "Taken out.")
		k.shows(k.post(path+"/readers", "form", form, "who", lee, "do", "reader_in"), 404)
		if body := k.get(path).body; strings.Contains(body, lee) {
			t.Error("Kim sees whom we have taken out")
		}
		w.answers(dana, w.last(dana, "unassigned"), "Do you print?\n/forward help@printer.example")
		if body := k.get(path).body; strings.Contains(body, "printer.example") {
			t.Error("Kim sees whom we ask aside")
		}
		k.shows(k.post(path+"/readers", "form", form, "who", "help@printer.example", "do", "reader_in"), 404)

		// Nobody else decides it, not of the same account either, and nothing but the two buttons does anything.
		d.shows(d.post(path+"/order", "form", dform, "do", "invite", "value", lee), 200, "Let in.")
		for _, who := range []string{ann, bo} {
			b := w.browser().signIn(who)
			b.shows(b.post(path+"/readers", "form", b.get("/request").form, "who", lee, "do", "reader_out"), 404)
		}
		k.shows(k.post(path+"/readers", "form", form, "who", lee, "do", "burn"), 400)
		k.shows(k.post(path+"/readers", "form", form, "who", "nobody@print.example", "do", "reader_in"), 404)
		k.shows(k.post(path+"/readers", "form", form, "who", kim, "do", "reader_out"), 404)
		d.shows(d.post(path+"/readers", "form", dform, "who", lee, "do", "reader_out"), 403)
		w.same("participants", w.roles(number), []string{lee + " member", "help@printer.example aside"})
		// Nobody fills the journal by changing his mind.
		for range 60 {
			k.post(path+"/readers", "form", form, "who", lee, "do", "reader_in")
		}
		k.shows(k.post(path+"/readers", "form", form, "who", lee, "do", "reader_out"), http.StatusTooManyRequests)
	})
}

// M8: staff put right what the desk made of mails, at the ticket's page: each button does what its command in a mail does, and is written down.
func TestM8StaffOrders(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		first, second, others := w.copied("The logo"), w.writes("Kim <"+kim+">", "The logo again", "I forgot <b>this</b>."), w.writes("Ann <"+ann+">", "Drucken", "Wie?")
		w.mail(fmt.Sprintf("From: Kim <%s>\nTo: support@desk.example\nSubject: Re: [#%d] The logo\nMessage-ID: <more@mua.example>\nDate: Tue, 3 Mar 2026 12:00:00 +0100\n\nPlease install it, too.\n", kim, first))
		path := func(n int64) string { return fmt.Sprintf("/tickets/%d", n) }
		d := w.browser().signIn(dana)
		form := d.shows(d.get(path(first)), 200, "Who takes part", lee, "in copy: may add words, by "+kim, "Put right", "technical", "Make a request of its own of it").form
		order := func(n int64, do, value string, status int, want ...string) answer {
			t.Helper()
			return d.shows(d.post(path(n)+"/order", "form", form, "do", do, "value", value), status, want...)
		}

		order(first, "invite", lee, 200, "Let in.", "gets our answers, by Dana")
		order(first, "invite", lee, 422, "takes part in the request already")
		order(first, "invite", "nobody", 422, "no address that somebody reads")
		order(first, "remove", lee, 200, "Taken out.", "taken out, by Dana")
		order(first, "remove", lee, 422, "nobody takes part")
		w.same("participants", w.roles(first), []string{lee + " removed"})

		order(first, "queue", "technical", 200, "It is handed over.")
		order(first, "queue", "nowhere", 422, "no queue “nowhere”")
		if tk := w.ticket(first); tk.Queue != "technical" || tk.Assignee != "eve" {
			t.Errorf("it is in %s with %q", tk.Queue, tk.Assignee)
		}

		order(first, "link", fmt.Sprintf("#%d", others), 200, "shown beside this one", fmt.Sprintf("#%d Drucken", others))
		order(first, "link", "4711", 422, "names no request")
		order(first, "link", fmt.Sprint(first), 422, "this request itself")

		all := w.messages(first)
		order(first, "split", fmt.Sprint(all[0].ID), 422, "can be split off")
		order(first, "split", fmt.Sprint(all[1].ID), 200, "It is a request of its own now")
		if left := w.messages(first); len(left) != 1 {
			t.Errorf("%d messages are left", len(left))
		}
		var split int64
		for _, n := range w.ticket(first).Linked {
			split = max(split, n)
		}
		if tk := w.ticket(split); tk.Class != "install" || tk.Requester.Address != kim {
			t.Errorf("split off is %s of %s", tk.Class, tk.Requester.Address)
		}

		// A merge asks once more, and the question changes nothing.
		before := w.journal(second)
		d.shows(d.get(fmt.Sprintf("%s/merge?into=%d", path(second), others)), 422, "another customer’s")
		d.shows(d.get(path(second)+"/merge?into=x"), 422, "names no request")
		d.shows(d.get(path(second)+"/merge"), 422, "names no request")
		d.shows(d.get("/tickets/4711/merge?into=1"), 404)
		form = d.shows(d.get(fmt.Sprintf("%s/merge?into=%%23%d", path(second), first)), 200, fmt.Sprintf("Make #%d a part of #%d?", second, first), "The logo again", "I forgot <b>this</b>.", "nobody can undo that").form
		if w.journal(second) != before || w.ticket(second).MergedInto != 0 {
			t.Error("a GET has changed something")
		}
		a := order(second, "merge", fmt.Sprintf("#00%d", first), 200, "Merged: it is all here now.", "I forgot <b>this</b>.") // however the number is put
		if a.Request.URL.Path != path(first) {
			t.Errorf("the merge came to %s", a.Request.URL)
		}
		d.shows(d.get(path(second)), 200, "is a part of another one now", fmt.Sprintf("#%d", first))
		if body := d.get(path(second)).body; strings.Contains(body, "put-right") {
			t.Error("a merged ticket is offered to be put right")
		}
		order(others, "merge", fmt.Sprint(first), 422, "another customer’s")

		j := w.journal(first) + w.journal(second)
		for _, what := range []string{"invite", "remove", "queue", "link", "split", "merge"} {
			if !strings.Contains(j, `{"by":"dana","what":"`+what+`"`) {
				t.Errorf("the journal has no %s by dana", what)
			}
		}
	})
}

// T071, T075, G6: who is not of us, who does not work on the queue, another site, another's form and a second line of commands move nothing.
func TestOrdersAreStaffs(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.copied("The logo")
		other := w.writes("Kim <"+kim+">", "The logo again", "I forgot this.")
		path := fmt.Sprintf("/tickets/%d", number)
		before := w.journal(number)
		tries := [][]string{
			{"do", "remove", "value", lee}, {"do", "invite", "value", "x@evil.example"}, {"do", "queue", "value", "technical"}, {"do", "link", "value", fmt.Sprint(other)},
			{"do", "merge", "value", fmt.Sprint(other)},
		}
		merge := fmt.Sprintf("%s/merge?into=%d", path, other)
		k, s := w.browser().signIn(kim), w.browser()
		for _, try := range tries {
			k.shows(k.post(path+"/order", append(try, "form", k.get(path).form)...), 404)
			s.shows(s.post(path+"/order", append(try, "form", s.get("/request").form)...), http.StatusForbidden)
		}
		k.shows(k.get(merge), 404)
		s.shows(s.get(merge), http.StatusForbidden, "Please sign in")

		d := w.browser().signIn(dana)
		form := d.get(path).form
		d.shows(d.get(path+"/order"), 404)
		for _, from := range []http.Header{{"Origin": {"https://evil.example"}}, {"Sec-Fetch-Site": {"cross-site"}}} {
			d.header = from
			for _, try := range tries {
				d.shows(d.post(path+"/order", append(try, "form", form)...), 403, "came from another site")
			}
		}
		d.header = http.Header{}
		for _, token := range []string{"", flip(form), k.get(path).form} {
			for _, try := range tries {
				d.shows(d.post(path+"/order", append(try, "form", token)...), 422, "send it again")
			}
		}
		for _, try := range [][]string{
			{"do", "close", "value", ""}, {"do", "spent", "value", "45m"}, {"do", "", "value", ""}, {"do", "link\n/close", "value", "2"}, {"do", "assign", "value", "eve"},
		} {
			d.shows(d.post(path+"/order", append(try, "form", form)...), 400)
		}
		for _, value := range []string{fmt.Sprintf("%d\n/close", other), fmt.Sprintf("%d\r/close", other), fmt.Sprintf("%d\u2028/close", other), fmt.Sprintf("%d\n\nwords", other), ""} {
			d.shows(d.post(path+"/order", "form", form, "do", "link", "value", value), 422)
		}
		d.shows(d.post(path+"/order", "form", form, "do", "invite", "value", "lee@print.example\n/close"), 422)

		// Somebody of us who works on other queues.
		w.policy.StaffByID("eve").Queues = []string{"elsewhere"}
		e := w.browser().signIn(eve)
		for _, try := range tries {
			e.shows(e.post(path+"/order", append(try, "form", e.get("/tickets").form)...), 404)
		}
		e.shows(e.get(merge), 404)
		if w.journal(number) != before {
			t.Errorf("something was done:\n%s", strings.TrimPrefix(w.journal(number), before))
		}
		// He may not lay his tickets onto others' either.
		w.policy.StaffByID("eve").Queues = []string{"technical"}
		mine := w.writes("Kim <"+kim+">", "Please install", "Please install it.")
		if tk := w.ticket(mine); tk.Department != "technical" {
			t.Fatalf("it is for %s", tk.Department)
		}
		minePath := fmt.Sprintf("/tickets/%d", mine)
		form = e.get(minePath).form
		e.shows(e.get(fmt.Sprintf("%s/merge?into=%d", minePath, number)), 422, "You do not work on the queue")
		e.shows(e.post(minePath+"/order", "form", form, "do", "merge", "value", fmt.Sprint(number)), 422, "You do not work on the queue")
	})
}

// TestBrowserReaders takes Lee out and puts tickets right as people do, on a phone without script and on a desk with it.
func TestBrowserReaders(t *testing.T) {
	if err := os.MkdirAll(screens, 0o755); err != nil {
		t.Fatal(err)
	}
	browser := screentest.Browser(t)
	for _, l := range looks {
		t.Run(l.name, func(t *testing.T) {
			l.name = "readers-" + l.name
			w := newWorld(t, storetest.SQLite(t))
			w.policy.StaffByID("dana").Language = l.lang
			first := w.copied("The logo on the start page of our classifieds")
			second := w.writes("Kim <"+kim+">", "The logo again", "I forgot to say: it is too small as well.")
			w.mail(fmt.Sprintf("From: Kim <%s>\nTo: support@desk.example\nSubject: Re: [#%d] The logo\nMessage-ID: <more@mua.example>\nDate: Tue, 3 Mar 2026 12:00:00 +0100\n\nPlease install it on the other server, too.\n", kim, first))
			in := func(name, address string) *tab {
				look := l
				look.name = name + "-" + l.name
				w.browser().post("/sign-in", "name", address)
				w.answerPleas()
				b := w.tab(t, browser, look)
				b.open(w.link(w.last(address, "sign_in_link")))
				b.press(`main form[action="/enter"] button`)
				return b
			}
			b := in("dana", dana)
			b.open(fmt.Sprintf("/tickets/%d", first))
			b.picture("people", lee)
			b.press(`#people button[value=invite]`)
			b.picture("let-in")
			b.do(chromedp.SendKeys(`#people input[type=email]`, "help@printer.example"))
			b.press(`#people .order button[value=invite]`)
			b.picture("two-readers", lee, "help@printer.example")
			b.press(`#people button[value=remove]`)
			b.picture("taken-out")
			b.do(chromedp.Click("#put-right summary"))
			b.picture("put-right")
			b.do(chromedp.SendKeys(`#put-right form[action$="/merge"] input`, "4711"))
			b.press(`#put-right form[action$="/merge"] button`)
			b.picture("merge-wrong")
			b.open(fmt.Sprintf("/tickets/%d", first))
			b.do(chromedp.Click("#put-right summary"), chromedp.SendKeys(`#put-right form[action$="/merge"] input`, fmt.Sprint(second)))
			b.press(`#put-right form[action$="/merge"] button`)
			b.picture("merge", "The logo again")
			b.open(fmt.Sprintf("/tickets/%d/merge?into=%d", second, first))
			b.press(`button[value=merge]`)
			b.picture("merged", "it is too small as well")
			b.do(chromedp.Click("details.more:has(button[value=split]) summary"))
			b.picture("split")
			b.press(`button[value=split]`)
			b.picture("split-off")
			k := in("kim", kim)
			k.open(fmt.Sprintf("/tickets/%d", first))
			k.picture("readers", "help@printer.example")
			k.press(`#readers button[value=reader_out]`)
			k.picture("reader-out")
			if got := w.roles(first); !slices.Equal(got, []string{lee + " removed", "help@printer.example removed"}) {
				t.Errorf("participants: %q", got)
			}
		})
	}
}

// T028: whoever was let in pays and decides nothing: he learns nothing of what it costs, and declines nothing for those who asked.
func TestT028AReaderDecidesNothing(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.mail(fmt.Sprintf("From: Kim <%s>\nTo: support@desk.example\nCc: Lee <%s>\nSubject: The server\nMessage-ID: <install@mua.example>\nDate: Tue, 3 Mar 2026 12:00:00 +0100\n\nPlease install it.\n", kim, lee))
		path := fmt.Sprintf("/tickets/%d", number)
		k, l := w.browser().signIn(kim), w.browser().signIn(lee)
		a := k.shows(k.get(path), 200, "1–2 credits", "Let in")
		k.shows(k.post(path+"/readers", "form", a.form, "who", lee, "do", "reader_in"), 200, "Let in.")

		a = l.shows(l.get(path), 200, "The server")
		if strings.Contains(a.body, "credit") {
			t.Errorf("he is told of the price: %s", words(a.body))
		}
		for _, answer := range []string{"no", "yes"} {
			l.shows(l.post(path+"/decide", "form", a.form, "estimate", "1", "answer", answer), 404)
		}
		if tk := w.ticket(number); tk.Status != desk.AwaitingConfirmation {
			t.Errorf("the ticket is %s", tk.Status)
		}
		k.shows(k.post(path+"/decide", "form", k.get(path).form, "estimate", "1", "answer", "no"), 200)
		if tk := w.ticket(number); tk.Status != desk.Closed {
			t.Errorf("at the word of who asked the ticket is %s", tk.Status)
		}
	})
}

// T028: of what was written before he was let in a reader finds nothing, not as a quote in what came later either, however that was formatted.
func TestT028QuotesOfBefore(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.copied("The logo")
		path := fmt.Sprintf("/tickets/%d", number)
		w.answers(dana, w.last(dana, "unassigned"), "A canary, for Kim alone.")
		ours := w.last(kim, "reply")
		w.pass(time.Hour)
		k, l := w.browser().signIn(kim), w.browser().signIn(lee)
		k.shows(k.post(path+"/readers", "form", k.get(path).form, "who", lee, "do", "reader_in"), 200, "Let in.")
		w.pass(time.Hour)
		w.mail(fmt.Sprintf("From: Kim <%s>\nTo: %s\nSubject: Re: The logo\nIn-Reply-To: %s\nMessage-ID: <later@mua.example>\nDate: Tue, 3 Mar 2026 15:00:00 +0100\n"+
			"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/alternative; boundary=y\n\n"+
			"--y\nContent-Type: text/plain\n\nThank you.\n\n> A canary, for Kim alone.\n--y\nContent-Type: text/html\n\n<p>Thank you.</p><blockquote>A canary, for Kim alone.</blockquote>\n--y--\n"+
			"--x\nContent-Type: text/csv\nContent-Disposition: attachment; filename=\"prints.csv\"\n\n1;2\n--x--\n", kim, ours.ReplyTo.Addr, ours.MessageID.Header()))
		all := w.messages(number)
		later := fmt.Sprintf("%s/messages/%d", path, all[len(all)-1].ID)
		k.shows(k.get(later), 200, "A canary", "As it was formatted")
		k.shows(k.get(later+"/html"), 200, "A canary")
		for _, at := range []string{path, later} {
			if a := l.shows(l.get(at), 200, "Thank you.", "prints.csv"); strings.Contains(a.body, "canary") || strings.Contains(a.body, "<iframe") {
				t.Errorf("%s shows %s", at, words(a.body))
			}
		}
		l.shows(l.get(later+"/html"), 404)
		l.shows(l.get(later+"/files/2"), 200, "1;2")

		// Nor where there is nothing but the quote.
		w.mail(fmt.Sprintf("From: Kim <%s>\nTo: %s\nSubject: Re: The logo\nIn-Reply-To: %s\nMessage-ID: <only@mua.example>\nDate: Tue, 3 Mar 2026 15:00:00 +0100\n\n> A canary, for Kim alone.\n",
			kim, ours.ReplyTo.Addr, ours.MessageID.Header()))
		all = w.messages(number)
		for _, at := range []string{path, fmt.Sprintf("%s/messages/%d", path, all[len(all)-1].ID)} {
			if a := l.shows(l.get(at), 200, "The logo"); strings.Contains(a.body, "canary") {
				t.Errorf("%s shows %s", at, words(a.body))
			}
		}
	})
}
