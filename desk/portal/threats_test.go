package portal_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// T042: mail clients and scanners open the link of an estimate as often as they like.
func TestT042LinksThatScannersOpen(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.writes(kim, "Our project", "A project of ours.")
		link := w.link(w.last(kim, "estimate"))
		scanner := w.browser()
		for i := range 51 {
			method := http.MethodGet
			if i == 0 {
				method = http.MethodHead
			}
			r, err := http.NewRequest(method, link, nil)
			if err != nil {
				t.Fatal(err)
			}
			if a := scanner.do(r); a.StatusCode != 200 {
				t.Fatalf("%s %d: %s", method, i, a.Status)
			}
		}
		if tk := w.ticket(number); tk.Status != desk.AwaitingConfirmation || w.balance("cust") != 10 {
			t.Fatalf("after 50 GETs: %s, balance %d", tk.Status, w.balance("cust"))
		}
		b := w.browser()
		b.shows(b.get(link), 200, "Shall we begin?", "4–6 credits", "6 credits", kim)
		b.shows(b.post(link, "answer", "yes"), 200, "Thank you, you have agreed")
		if tk := w.ticket(number); tk.Status != desk.Open || w.balance("cust") != 4 {
			t.Errorf("after the POST: %s, balance %d", tk.Status, w.balance("cust"))
		}
		b.shows(b.post(link, "answer", "yes"), 200, "decided before")
		b.shows(b.post(link, "answer", "no"), 200, "decided before")
		b.shows(b.get(link), 200, "decided before")
		if tk := w.ticket(number); tk.Status != desk.Open || w.balance("cust") != 4 {
			t.Errorf("after more POSTs: %s, balance %d", tk.Status, w.balance("cust"))
		}
		// The journal keeps who agreed, to which version.
		if n := strings.Count(w.journal(number), `"what":"agreed"`); n != 1 {
			t.Errorf("the journal tells of %d yeses, want 1:\n%s", n, w.journal(number))
		}
	})
}

// T036 for the page: many presses at once are one debit.
func TestT036OnePressOfMany(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		w.writes(kim, "Our project", "A project of ours.")
		link := w.link(w.last(kim, "estimate"))
		var presses sync.WaitGroup
		for range 20 {
			presses.Go(func() { w.browser().post(link, "answer", "yes") })
		}
		presses.Wait()
		if w.balance("cust") != 4 || len(w.mails(kim, "confirmed")) != 1 {
			t.Errorf("balance %d, %d mails that confirm it", w.balance("cust"), len(w.mails(kim, "confirmed")))
		}
	})
}

// A link is for its person, ticket and version: changed, of a mail, to another estimate it gives nothing (T037, T040).
func TestEstimateLinksThatDoNotCount(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		w.writes(kim, "Our project", "A project of ours.")
		old := w.last(kim, "estimate")
		link := w.link(old)
		token := link[strings.LastIndexByte(link, '/')+1:]
		reply := strings.TrimPrefix(strings.TrimSuffix(old.ReplyTo.Addr, "@desk.example"), "support+")
		b := w.browser()
		for _, c := range []struct{ name, token string }{
			{"one character changed", flip(token)}, {"of a reply address", reply}, {"nothing", "x"}, {"long", strings.Repeat("a", 5000)},
		} {
			b.shows(b.get("/estimate/"+c.token), 404)
			b.shows(b.post("/estimate/"+c.token, "answer", "yes"), 404)
		}
		// The work turns out to be more: there is another estimate, and the old link is only words.
		number := w.writes(kim, "On the new server", "Please install it.")
		link = w.link(w.last(kim, "estimate"))
		b.shows(b.post(link, "answer", "yes"), 200, "you have agreed")
		w.answers("eve@staff.example", w.last("eve@staff.example", "assigned"), "It takes longer.\n\n/spent 80m")
		if tk := w.ticket(number); tk.Status != desk.AwaitingConfirmation || tk.Estimate.Version != 2 || w.balance("cust") != 8 {
			t.Fatalf("after more work: %s, %+v, balance %d", tk.Status, tk.Estimate, w.balance("cust"))
		}
		b.shows(b.get(link), 200, "does not stand any more")
		b.shows(b.post(link, "answer", "yes"), 200, "does not stand any more")
		b.shows(b.post(link, "answer", "no"), 200, "does not stand any more")
		if tk := w.ticket(number); tk.Status != desk.AwaitingConfirmation || w.balance("cust") != 8 {
			t.Errorf("the old link did something: %s, balance %d", tk.Status, w.balance("cust"))
		}
		b.shows(b.post(w.link(w.last(kim, "estimate")), "answer", "yes"), 200, "you have agreed")
		if w.balance("cust") != 7 {
			t.Errorf("balance %d after the second yes", w.balance("cust"))
		}
	})
}

func flip(s string) string {
	b := []byte(s)
	if b[8]++; b[8] > 'z' {
		b[8] = 'a'
	}
	return string(b)
}

// T067: whatever a file says that it is, it is saved and never shown in our origin.
func TestT067FilesAreSavedAndNeverShown(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		b := w.browser()
		var parts strings.Builder
		files := []struct{ name, media, body string }{
			{"x.svg", "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>`},
			{"x.html", "text/html", "<script>alert(1)</script>"},
			{"x.xml", "text/xml", `<?xml-stylesheet href="javascript:alert(1)"?><x/>`},
			{"x.pdf", "application/pdf", "%PDF-1.4 <script>alert(1)</script>"},
			{"x.gif", "image/gif", "GIF89a/*<script>alert(1)</script>*/=1;"},
			{"../../etc/passwd", "text/plain", "x"},
			{"evil\u202Egpj.exe", "application/x-msdownload", "MZ"},
			{`a"; filename="b.html`, "text/plain", "x"},
		}
		for _, f := range files {
			fmt.Fprintf(&parts, "--x\nContent-Type: %s\nContent-Disposition: attachment; filename*=UTF-8''%s\n\n%s\n", f.media, url.PathEscape(f.name), f.body)
		}
		number := w.mail("From: kim@cust.example\nTo: support@desk.example\nSubject: Files\nMessage-ID: <f@mua.example>\nMIME-Version: 1.0\n" +
			"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/html\n\n<p onclick=alert(1)>Hello <script>alert(1)</script></p>\n" + parts.String() + "--x--\n")
		b.signIn(kim)
		m := w.messages(number)[0]
		if len(m.Attachments) < len(files) {
			t.Fatalf("%d files of %d", len(m.Attachments), len(files))
		}
		for _, f := range m.Attachments {
			a := b.shows(b.get(fmt.Sprintf("/tickets/%d/messages/%d/files/%s", number, m.ID, f.Part)), 200)
			h := a.Header
			disposition, params, err := mime.ParseMediaType(h.Get("Content-Disposition"))
			if err != nil || disposition != "attachment" || strings.ContainsAny(params["filename"], "/\\\u202E\r\n") ||
				h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox") ||
				h.Get("Content-Type") != "application/octet-stream" || h.Get("Content-Length") != fmt.Sprint(f.Size) {
				t.Errorf("%s: %v", f.Filename, h)
			}
		}
		page := b.shows(b.get(fmt.Sprintf("/tickets/%d/messages/%d", number, m.ID)), 200)
		if !strings.Contains(page.body, `sandbox="allow-popups allow-popups-to-escape-sandbox"`) {
			t.Error("the frame of the mail has no sandbox")
		}
		a := b.shows(b.get(fmt.Sprintf("/tickets/%d/messages/%d/html", number, m.ID)), 200, "Hello")
		csp := a.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "sandbox ") || strings.Contains(csp, "allow-scripts") || strings.Contains(csp, "allow-same-origin") || !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("the mail's policy is %q", csp)
		}
		if strings.Contains(a.body, "script") || strings.Contains(a.body, "onclick") {
			t.Errorf("the mail's HTML: %s", a.body)
		}
	})
}

// T068: markup in every field that a stranger chooses is text on every page.
func TestT068MarkupIsText(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		const bad = `"><img src=x onerror=alert(1)>{{.T}}</textarea><script>alert(2)</script>`
		w.account("evil", bad, 5, desk.Contact{Address: "eva@evil.example", Name: bad, MaySpend: true})
		number := w.mail("From: eva@evil.example\nTo: support@desk.example\nSubject: project " + bad + "\nMessage-ID: <m@mua.example>\nMIME-Version: 1.0\n" +
			"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\n" + bad + "\n--x\nContent-Type: text/plain; name=\"" +
			strings.ReplaceAll(bad, `"`, `\"`) + "\"\nContent-Disposition: attachment\n\nx\n--x--\n")
		link := w.link(w.last("eva@evil.example", "estimate"))
		b := w.browser().signIn("eva@evil.example")
		ticket := fmt.Sprintf("/tickets/%d", number)
		pages := []answer{
			b.get("/tickets"), b.get(ticket), b.get(fmt.Sprintf("%s/messages/%d", ticket, w.messages(number)[0].ID)), b.get("/account"), b.get("/settings"),
			b.get("/request"), b.get(link), b.post("/sign-in", "name", bad), b.post("/sign-in/password", "name", bad, "password", bad),
			b.upload("/request", bad, bad, "name", bad, "address", bad, "subject", bad, "words", bad, "product", bad),
			b.upload(ticket+"/reply", bad, bad, "form", bad, "words", bad),
			b.post(ticket+"/decide", "form", bad, "estimate", bad, "answer", bad), b.get("/tickets?below=" + url.QueryEscape(bad)), b.get(ticket + "?done=" + url.QueryEscape(bad)),
			b.get("/" + url.PathEscape(bad)),
		}
		b.get("/sign-out")
		for _, a := range pages {
			if strings.Contains(a.body, "<script") || strings.Contains(a.body, "<img") || strings.Contains(a.body, "{{") && !strings.Contains(a.body, "{{.T}}") {
				t.Errorf("%s %s: markup of a stranger's:\n%s", a.Request.Method, a.Request.URL.Path, a.body)
			}
		}
		if !strings.Contains(pages[1].body, "&lt;script&gt;") {
			t.Error("the ticket's page does not show the words at all")
		}
	})
}

// T070: to show, answer and take along a mail that names things elsewhere fetches none of them. That the browser fetches none, TestBrowser
// looks at; here is the desk's own side.
func TestT070NothingIsFetched(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		elsewhere, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer elsewhere.Close()
		go func() {
			for {
				c, err := elsewhere.Accept()
				if err != nil {
					return
				}
				t.Error("somebody came")
				c.Close()
			}
		}()
		at := elsewhere.Addr().String()
		number := w.mail("From: kim@cust.example\nTo: support@desk.example\nSubject: Look\nMessage-ID: <r@mua.example>\nMIME-Version: 1.0\nContent-Type: text/html\n\n" +
			strings.ReplaceAll(`<link rel=stylesheet href=http://A/s.css><link rel=prefetch href=http://A/p><style>@import "http://A/i.css";@font-face{src:url(http://A/f)}</style>`+
				`<img src=http://A/i.png srcset="http://A/2 2x"><div style="background:url(http://A/b)">x</div><iframe src=http://A/f></iframe><object data=http://A/o></object>`+
				`<video poster=http://A/v src=http://A/w></video><base href=http://A/><img src="file:///etc/passwd"><img src="http://169.254.169.254/latest"><p background="http://A/bg">y</p>`, "A", at))
		b := w.browser().signIn(kim)
		m := w.messages(number)[0]
		page := b.get(fmt.Sprintf("/tickets/%d", number))
		b.shows(b.get(fmt.Sprintf("/tickets/%d/messages/%d", number, m.ID)), 200)
		a := b.shows(b.get(fmt.Sprintf("/tickets/%d/messages/%d/html", number, m.ID)), 200)
		for _, left := range []string{at, "169.254", "file:", "url(", "<img", "<link", "<iframe", "src="} {
			if strings.Contains(a.body, left) {
				t.Errorf("%q is left in %s", left, a.body)
			}
		}
		b.shows(b.post(fmt.Sprintf("/tickets/%d/reply", number), "form", page.form, "words", "and http://"+at+"/x"), 200, "We have your message")
		time.Sleep(50 * time.Millisecond) // for somebody to come
	})
}

// T071: a POST from a foreign site, with a wrong origin or without the form's token changes nothing.
func TestT071ForeignPosts(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.writes(kim, "Our project", "A project of ours.")
		b := w.browser().signIn(kim)
		ticket := fmt.Sprintf("/tickets/%d", number)
		form := b.get(ticket).form
		link := w.link(w.last(kim, "estimate"))
		for _, from := range []http.Header{
			{"Origin": {"https://evil.example"}}, {"Origin": {"null"}}, {"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}},
			{"Origin": {w.server.URL + ".evil.example"}}, {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
		} {
			b.header = from
			b.shows(b.post(ticket+"/decide", "form", form, "estimate", "1", "answer", "yes"), 403, "came from another site")
			b.shows(b.post(ticket+"/close", "form", form), 403)
			b.shows(b.post(ticket+"/reply", "form", form, "words", "x"), 403)
			b.shows(b.post(link, "answer", "yes"), 403)
			b.shows(b.post("/settings/password", "form", form, "password", "correct horse battery", "again", "correct horse battery"), 403)
			b.shows(b.post("/sign-out"), 403)
		}
		b.header = http.Header{"Origin": {w.url}, "Sec-Fetch-Site": {"same-origin"}}
		for _, token := range []string{"", "x", flip(form), w.browser().signIn(ann).get("/request").form} {
			b.shows(b.post(ticket+"/decide", "form", token, "estimate", "1", "answer", "yes"), 422, "send it again")
			b.shows(b.post(ticket+"/reply", "form", token, "words", "these words stay"), 422, "send it again", "these words stay")
			b.shows(b.post(ticket+"/close", "form", token), 422)
			b.shows(b.post("/settings/password", "form", token, "password", "correct horse battery", "again", "correct horse battery"), 422)
		}
		if tk := w.ticket(number); tk.Status != desk.AwaitingConfirmation || len(w.messages(number)) != 1 {
			t.Errorf("something was done: %s, %d messages", tk.Status, len(w.messages(number)))
		}
		b.shows(b.post(ticket+"/decide", "form", form, "estimate", "1", "answer", "yes"), 200, "You have agreed")
	})
}

// T072: links are made of the configured address, whatever a request says.
func TestT072ForgedHost(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st, "https://help.desk.example")
		b := w.browser()
		b.header = http.Header{"Host": {"evil.example"}, "X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Proto": {"http"}, "Forwarded": {"host=evil.example"}}
		for _, path := range []string{"/lost", "/sign-in"} {
			a := b.shows(b.post(path, "name", kim), 200)
			if strings.Contains(a.body, "evil.example") {
				t.Errorf("the page at %s names the forged host:\n%s", path, a.body)
			}
		}
		b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		if to := b.get("/enter/abc").Header.Get("Location"); to != "/enter" {
			t.Errorf("a redirect leads to %q", to)
		}
		for _, c := range b.get("/enter/abc").Cookies() {
			if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || !strings.HasPrefix(c.Name, "__Host-") || c.Domain != "" {
				t.Errorf("the cookie %+v", c)
			}
		}
		w.answerPleas()
		all := append(w.mails(kim, "lost_credentials"), w.mails(kim, "sign_in_link")...)
		if len(all) != 2 {
			t.Fatalf("%d mails", len(all))
		}
		for _, m := range all {
			if !strings.HasPrefix(w.link(m), "https://help.desk.example/") || strings.Contains(m.Text+m.HTML, "evil") {
				t.Errorf("the link is %s", w.link(m))
			}
		}
	})
}

// T073: the form for lost credentials tells nobody who is on file: not by its words, its status or its time. Its mail goes to the
// address on file alone.
func TestT073LostCredentials(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		run(t, w.pages)
		b := w.browser()
		b.header = http.Header{}
		kinds := []struct{ name, address string }{{"known", kim}, {"unknown", "nobody@cust.example"}, {"of ours", "support@desk.example"}, {"malformed", "a@@b <x>"}, {"user name", "cust"}}
		var body string
		n := 0
		// The kinds take turns, each going first as often as the others, so that whatever else the machine does hits all of them. What it
		// does may still be much: a difference counts that is there each time, and the same way.
		const rounds = 5
		slow, swift := map[string]int{}, map[string]int{}
		for range rounds {
			took := map[string][]time.Duration{}
			for i := range 100 {
				for j := range kinds {
					k := kinds[(i+j)%len(kinds)]
					n++
					b.header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.7", n/250, n%250)) // another network for each: the limit is another test
					began := time.Now()
					a := b.post("/lost", "name", k.address)
					took[k.name] = append(took[k.name], time.Since(began))
					if body == "" {
						body = a.body
					}
					if a.StatusCode != 200 || withoutToken(a.body) != withoutToken(body) {
						t.Fatalf("%s, %d: %s\n%s", k.name, i, a.Status, a.body)
					}
				}
			}
			for _, all := range took {
				slices.Sort(all)
			}
			usual := took["unknown"][50]
			differs := false
			for k, all := range took {
				switch m := all[50]; {
				case m > usual*11/10:
					slow[k]++
				case m < usual*9/10:
					swift[k]++
				default:
					continue
				}
				differs = true
				t.Logf("%s took %v, unknown %v", k, all[50], usual)
			}
			if !differs {
				break
			}
		}
		for _, k := range kinds {
			if slow[k.name] == rounds || swift[k.name] == rounds {
				t.Errorf("%s can be told by the time it takes", k.name)
			}
		}
		w.answerPleas()
		if n := len(w.mails(kim, "lost_credentials")); n != 3 {
			t.Errorf("%d mails to the address on file, want 3 an hour at most", n)
		}
		m := w.last(kim, "lost_credentials")
		for _, want := range []string{"cust", kim} {
			if !strings.Contains(m.Text, want) {
				t.Errorf("the user name %s is not in\n%s", want, m.Text)
			}
		}
		for _, to := range []string{"nobody@cust.example", "support@desk.example"} {
			if all := w.mails(to, ""); len(all) > 0 {
				t.Errorf("%s got %s", to, all[0].Subject)
			}
		}
		// By network: the twenty-first is told to wait, whoever it is about.
		b.header.Set("X-Forwarded-For", "192.0.2.1")
		for range 20 {
			b.shows(b.post("/lost", "name", "nobody@cust.example"), 200)
		}
		b.shows(b.post("/lost", "name", kim), 429, "wait")
		b.shows(b.post("/lost", "name", "nobody@cust.example"), 429, "wait")
	})
}

func withoutToken(body string) string { return formToken.ReplaceAllString(body, "") }

// Whoever works much is told of much, and signs in by a link all the same: the link has a limit of its own (T051, T073).
func TestBusyEngineerSignsIn(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		for i := range 12 {
			w.writes(kim, fmt.Sprintf("Question %d", i), "Where is the setting?")
		}
		if n := len(w.mails(dana, "")); n < 10 {
			t.Fatalf("Dana got %d mails, which is not much", n)
		}
		w.browser().signIn(dana)
	})
}

// T074: a link works once, for half an hour, for its person; and it leaves the address at once.
func TestT074OneTimeLinks(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		b := w.browser()
		ask := func() string {
			t.Helper()
			w.pass(2 * time.Hour) // the limit is another test
			b.post("/lost", "name", kim)
			w.answerPleas()
			return w.link(w.last(kim, "lost_credentials"))
		}
		link := ask()
		a := b.get(link)
		if a.Request.URL.Path != "/enter" || a.Header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("the first load ends at %s with %v", a.Request.URL, a.Header)
		}
		if strings.Contains(a.body, link[len(link)-20:]) || strings.Contains(a.body, "http://") && !strings.Contains(a.body, w.url) {
			t.Errorf("the page holds the secret, or something foreign:\n%s", a.body)
		}
		a = b.shows(b.post("/enter"), 200, "Settings", "cust")
		if a.Request.URL.Path != "/settings" {
			t.Errorf("it leads to %s", a.Request.URL)
		}
		b.shows(b.post("/settings/password", "form", a.form, "password", "correct horse battery", "again", "correct horse battery"), 200, "Your password is set")
		other := w.browser()
		other.shows(other.get(link), 410, "works no more") // the second use
		other.shows(other.post("/enter"), 410, "works no more")
		other.shows(other.post("/sign-in/password", "name", "CUST", "password", "correct horse battery"), 200, "Your requests")

		link = ask()
		secret := link[strings.LastIndexByte(link, '/')+1:]
		hash := sha256.Sum256([]byte(secret))
		err := st.Update(t.Context(), func(tx desk.Tx) error { // as it is kept: by its hash alone, for half an hour
			g, err := tx.Link(t.Context(), hash[:])
			now, err2 := tx.Now(t.Context())
			if left := g.Expires.Sub(now); err == nil && (left > 30*time.Minute || left < 29*time.Minute) {
				t.Errorf("it lasts %v", left)
			}
			late := sha256.Sum256([]byte("late"))
			g.Expires = now.Add(-time.Second)
			return errors.Join(err, err2, tx.AddLink(t.Context(), late[:], g))
		})
		if err != nil {
			t.Fatal(err)
		}
		other = w.browser()
		other.shows(other.get("/enter/late"), 410, "works no more") // after 30 minutes
		other.shows(other.post("/enter"), 410)
		for _, secret := range []string{"", "x", flip(secret)} {
			other = w.browser()
			if secret == "" {
				other.shows(other.post("/enter"), 400, "kept nothing") // an empty one, and a browser without cookies
				continue
			}
			other.shows(other.get("/enter/"+secret), 410)
			other.shows(other.post("/enter"), 410)
		}
		// A new password ends what was open before: sessions, and links that were not used.
		link = ask()
		a = b.get("/settings")
		b.post("/settings/password", "form", a.form, "password", "another horse battery", "again", "another horse battery")
		b.shows(b.get("/tickets"), 200)
		fresh := w.browser()
		fresh.shows(fresh.get(link), 410)
		fresh.shows(fresh.post("/sign-in/password", "name", kim, "password", "correct horse battery"), 403, "did not fit")
	})
}

// T075: what belongs to another customer is not there, in the same words as what is nowhere.
func TestT075AnotherCustomersIDs(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.mail("From: kim@cust.example\nTo: support@desk.example\nSubject: Secret plans\nMessage-ID: <p@mua.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n" +
			"--x\nContent-Type: text/plain\n\nA project.\n--x\nContent-Type: text/plain; name=a.txt\nContent-Disposition: attachment\n\nsecret\n--x--\n")
		m := w.messages(number)[0]
		own := w.writes(ann, "My own", "Hello.")
		b := w.browser().signIn(ann)
		form := b.get(fmt.Sprintf("/tickets/%d", own)).form
		nowhere := b.shows(b.get("/tickets/4711"), 404)
		for _, path := range []string{
			"/tickets/%d", "/tickets/%d/messages/%d", "/tickets/%d/messages/%d/html", "/tickets/%d/messages/%d/files/2", "/tickets/%d/messages/%d/files/9",
		} {
			args := []any{number, m.ID}[:strings.Count(path, "%d")]
			a := b.shows(b.get(fmt.Sprintf(path, args...)), 404)
			if withoutPath(a.body) != withoutPath(nowhere.body) {
				t.Errorf("%s is another 404:\n%s", path, words(a.body))
			}
			// Her own ticket does not lead to his message either.
			args[0] = own
			if len(args) > 1 {
				b.shows(b.get(fmt.Sprintf(path, args...)), 404)
			}
		}
		for _, do := range []string{"reply", "decide", "close"} {
			a := b.shows(b.post(fmt.Sprintf("/tickets/%d/%s", number, do), "form", form, "words", "x", "estimate", "1", "answer", "yes"), 404)
			none := b.shows(b.post(fmt.Sprintf("/tickets/4711/%s", do), "form", form, "words", "x", "estimate", "1", "answer", "yes"), 404)
			if withoutToken(a.body) != withoutToken(none.body) {
				t.Errorf("%s is another 404:\n%s", do, words(a.body))
			}
		}
		if page := b.get("/tickets").body + b.get("/account").body + b.get("/account.csv").body; strings.Contains(page, "Secret") || strings.Contains(page, "Cust") {
			t.Errorf("something of another customer:\n%s", words(page))
		}
		if tk := w.ticket(number); tk.Status != desk.AwaitingConfirmation || len(w.messages(number)) != 1 {
			t.Errorf("something was done to it: %s", tk.Status)
		}
		// Bo is of Kim's account and may not spend: what others ask there is not his to read, nor the statement.
		b = w.browser().signIn("bo@cust.example")
		b.shows(b.get(fmt.Sprintf("/tickets/%d", number)), 404)
		b.shows(b.get("/account.csv"), 404)
	})
}

func withoutPath(body string) string {
	return strings.ReplaceAll(backPath.ReplaceAllString(withoutToken(body), ""), "\n", "")
}

// T076: what stands in a cell is no formula.
func TestT076CellsAreNoFormulas(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		w.writes(kim, "Our project", "A project of ours.")
		b := w.browser().signIn(kim)
		b.post(w.link(w.last(kim, "estimate")), "answer", "yes")
		a := b.shows(b.get("/account.csv"), 200)
		if !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") || !strings.Contains(a.body, "Set aside,1,-6,4\r\n") {
			t.Errorf("got %v\n%s", a.Header, a.body)
		}
		for line := range strings.Lines(a.body) {
			for _, cell := range strings.Split(strings.TrimSpace(line), ",") {
				if cell != "" && strings.ContainsRune("=+@\t", rune(cell[0])) {
					t.Errorf("the cell %q", cell)
				}
			}
		}
	})
}

// T077: an invitation, a winmail.dat and a wish for a receipt are shown as they came; nothing is answered to a program or accepted.
func TestT077InvitationsAreShown(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		number := w.mail("From: kim@cust.example\nTo: support@desk.example\nSubject: Meeting\nMessage-ID: <i@mua.example>\nDisposition-Notification-To: kim@cust.example\n" +
			"Return-Receipt-To: kim@cust.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nShall we meet?\n" +
			"--x\nContent-Type: text/calendar; method=REQUEST; name=invite.ics\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nSUMMARY:Meeting\nDTSTART:20260401T100000Z\nEND:VEVENT\nEND:VCALENDAR\n" +
			"--x\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\neJ8+Ig==\n--x--\n")
		b := w.browser().signIn(kim)
		b.shows(b.get(fmt.Sprintf("/tickets/%d", number)), 200, "Shall we meet?", "invite.ics", "winmail.dat")
		b.shows(b.get(fmt.Sprintf("/tickets/%d/messages/%d", number, w.messages(number)[0].ID)), 200, "Shall we meet?")
		for _, m := range w.mails(kim, "") {
			if m.Template != "acknowledgement" && m.Template != "sign_in_link" {
				t.Errorf("it was answered: %s", m.Template)
			}
		}
	})
}
