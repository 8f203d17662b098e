package portal_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/postdesk/postdesk/templates/screentest"
)

// screens is where the pictures go: below bin, which git ignores.
const screens = "../../bin/screens/portal"

// A look is how somebody may see the pages. None of them has a script, so with and without one they have to be the same.
type look struct {
	name   string
	width  int64
	dark   bool
	script bool
	lang   string
}

var looks = []look{{"phone", 360, false, false, "de"}, {"desktop", 1100, false, true, "en"}, {"dark", 390, true, true, "en"}}

// A tab is a browser that a person looks at.
type tab struct {
	*world
	ctx  context.Context
	look look
	n    int // pictures so far
}

// tab opens a tab with a profile of its own.
func (w *world) tab(t *testing.T, browser context.Context, l look) *tab {
	t.Helper()
	b := &tab{world: w, ctx: screentest.Tab(t, browser, w.server.URL+"/", l.dark), look: l}
	b.do(chromedp.EmulateViewport(l.width, 800, chromedp.EmulateScale(2)), chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !l.script})
		_, err2 := cdp.Call(ctx, tab, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": l.lang}})
		return errors.Join(err, err2)
	}))
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, stop := context.WithTimeout(b.ctx, 20*time.Second)
	defer stop()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatalf("%s: %v", b.look.name, err)
	}
}

// open goes to a page of the desk, or to the address in a mail.
func (b *tab) open(path string) {
	b.Helper()
	if !strings.HasPrefix(path, "http") {
		path = b.server.URL + path
	}
	b.leave("open "+path, chromedp.Navigate(path))
}

// press presses a button or a link and waits for the page that it leads to.
func (b *tab) press(button string) {
	b.Helper()
	b.leave("press "+button, chromedp.Click(button))
}

// leave takes a step that leads to another page, and waits until that one is whole. The events of the browser do not tell: those of the page
// that is left may come late, and what is looked up then is gone with it. So the old page gets a mark, and the new one has none.
func (b *tab) leave(what string, step chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, stop := context.WithTimeout(b.ctx, 30*time.Second)
	defer stop()
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("window.left = true"))
	if err == nil {
		err = chromedp.Do(ctx, step)
	}
	for err == nil {
		// Between two pages there is nothing that could answer.
		arrived, asked := chromedp.Run(ctx, chromedp.Evaluate[bool]("!window.left && document.readyState === 'complete'"))
		if asked == nil && arrived {
			return
		}
		select {
		case <-ctx.Done():
			err = errors.Join(ctx.Err(), asked)
		case <-time.After(10 * time.Millisecond):
		}
	}
	b.Fatalf("%s: %s: %v", b.look.name, what, err)
}

// picture keeps what the page looks like, and finds what is wider than the screen.
func (b *tab) picture(name string, want ...string) {
	b.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range want {
		if !strings.Contains(text, s) {
			b.Errorf("%s, %s: %q is missing in:\n%s", b.look.name, name, s, text)
		}
	}
	html, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.documentElement.outerHTML"))
	if err != nil {
		b.Fatal(err)
	}
	if strings.Contains(html, "<script") {
		b.Errorf("%s, %s: there is a script", b.look.name, name)
	}
	width, err := chromedp.Run(b.ctx, chromedp.Evaluate[int64]("document.documentElement.scrollWidth"))
	if err != nil {
		b.Fatal(err)
	}
	if width > b.look.width {
		b.Errorf("%s, %s: %d wide", b.look.name, name, width)
	}
	shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(85))
	if err != nil {
		b.Fatal(err)
	}
	b.n++
	if err := os.WriteFile(filepath.Join(screens, fmt.Sprintf("%s-%02d-%s.jpg", b.look.name, b.n, name)), shot, 0o644); err != nil {
		b.Fatal(err)
	}
}

// TestBrowser walks through every page as a customer does, on a phone without script and on a desk with it.
func TestBrowser(t *testing.T) {
	if err := os.MkdirAll(screens, 0o755); err != nil {
		t.Fatal(err)
	}
	browser := screentest.Browser(t)
	for _, l := range looks {
		t.Run(l.name, func(t *testing.T) {
			w := newWorld(t, storetest.SQLite(t))
			number := w.writes(kim, "Classifieds on the new server", "Hello,\n\ncould you install it on the new server? The old one is switched off on Friday.\n\nKim")
			other := w.mail("From: Kim <kim@cust.example>\nTo: support@desk.example\nSubject: Where is the cron setting?\nMessage-ID: <html@mua.example>\n" +
				"Date: Tue, 3 Mar 2026 11:00:00 +0100\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/alternative; boundary=y\n\n" +
				"--y\nContent-Type: text/plain\n\nWhere do I set how often old ads go?\n\n> On Monday you wrote:\n> something\n\n--y\nContent-Type: text/html\n\n" +
				"<p style=\"color:#a00\">Where do I set <b>how often</b> old ads go?</p><img src=\"http://evil.example/x.gif\" alt=\"a pixel\"><script>document.title='x'</script>" +
				"<blockquote>On Monday you wrote: something</blockquote>\n\n--y--\n--x\nContent-Type: image/svg+xml\nContent-Disposition: attachment; filename=\"error <b>.svg\"\n\n" +
				"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>\n--x--\n")
			w.answers("dana@staff.example", w.last("dana@staff.example", "unassigned"), "Hello Kim,\n\nit is under Settings, Schedule: once a day is usual.\n\nDoes that help?\n\n/wait")
			b := w.tab(t, browser, l)
			b.open("/tickets/" + fmt.Sprint(number))
			b.picture("sign-in-first")
			b.do(chromedp.SendKeys(`form[action="/sign-in"] input[name=name]`, kim))
			b.press(`form[action="/sign-in"] button`)
			b.picture("asked")
			w.answerPleas()
			b.open(w.link(w.last(kim, "sign_in_link")))
			b.picture("enter", kim)
			b.press(`main form[action="/enter"] button`)
			b.picture("estimate", "Classifieds on the new server")
			b.do(chromedp.SendKeys("textarea[name=words]", "It is the server of last week, by the way."))
			file := filepath.Join(t.TempDir(), "server.txt")
			if err := os.WriteFile(file, []byte("root is not needed"), 0o644); err != nil {
				t.Fatal(err)
			}
			b.do(chromedp.SetUploadFiles("input[name=files]", []string{file}))
			b.press(`form[action$="/reply"] button`)
			b.picture("replied", "It is the server of last week", "server.txt")
			b.press(`button[value=yes]`)
			b.picture("agreed")
			if tk := w.ticket(number); tk.Status != desk.Open {
				t.Errorf("after the yes the ticket is %s", tk.Status)
			}
			// Eve works on it, and gets at what Kim hands over, and nobody else does.
			b.press(fmt.Sprintf(`a[href="/tickets/%d/access"]`, number))
			b.picture("access")
			b.do(chromedp.SendKeys("textarea[name=secret]", "root@web7, correct horse"))
			b.press("main form button")
			b.picture("handed-over")
			e := w.tab(t, browser, look{"eve-" + l.name, l.width, l.dark, l.script, l.lang})
			w.browser().post("/sign-in", "name", "eve@staff.example")
			w.answerPleas()
			e.open(w.link(w.last("eve@staff.example", "sign_in_link")))
			e.press(`main form[action="/enter"] button`)
			e.open(fmt.Sprintf("/tickets/%d", number))
			e.picture("ticket")
			e.press(`form[action$="/look"] button`)
			e.picture("looked", "root@web7, correct horse")
			b.open(fmt.Sprintf("/tickets/%d", other))
			b.picture("answer", "it is under Settings, Schedule")
			b.open(fmt.Sprintf("/tickets/%d/messages/%d", other, w.messages(other)[0].ID))
			b.picture("message", "On Monday you wrote")
			b.open(fmt.Sprintf("/tickets/%d", number))
			b.press(`form[action$="/close"] button`)
			b.picture("closed")
			b.open("/tickets")
			b.picture("tickets")
			b.open("/account")
			b.picture("account")
			b.open("/settings")
			b.picture("settings")
			b.do(chromedp.SendKeys("input[name=password]", "correct horse battery"), chromedp.SendKeys("input[name=again]", "correct horse battery"))
			b.press(`form[action="/settings/password"] button`)
			b.picture("password")
			b.press(`form[action="/sign-out"] button`)
			b.picture("signed-out")
			b.open("/sign-in")
			b.do(chromedp.Click("summary"), chromedp.SendKeys(`details input[name=name]`, "cust"), chromedp.SendKeys("input[name=password]", "wrong horse battery"))
			b.press("details button")
			b.picture("wrong-password")
			b.do(chromedp.SendKeys("input[name=password]", "correct horse battery"))
			b.press("details button")
			b.picture("in-again", "Where is the cron setting?")
			b.press(`form[action="/sign-out"] button`)
			b.open("/lost")
			b.picture("lost")
			b.do(chromedp.SendKeys("input[name=name]", kim))
			b.press(`form[action="/lost"] button`)
			b.open("/request")
			b.picture("request")
			w.pass(10 * time.Second)
			b.do(chromedp.SendKeys("input[name=name]", "Sam"), chromedp.SendKeys("input[name=address]", sam), chromedp.SendKeys("input[name=subject]", "Five licences"),
				chromedp.SendKeys("textarea[name=words]", "What would five licences cost?"))
			b.press(`form[action="/request"] button`)
			b.picture("requested")
			b.open("/tickets/99")
			b.open("/nowhere")
			b.picture("not-found")

			project := w.writes(ann, "Umzug", "Ein project: der ganze Umzug.")
			b.open(w.link(w.last(ann, "estimate")))
			b.picture("offer", "Umzug")
			b.press(`button[value=yes]`)
			b.picture("offer-agreed")
			if tk := w.ticket(project); tk.Status != desk.Open || tk.Estimate.ConfirmedBy != ann {
				t.Errorf("after the yes by the link: %+v", tk)
			}
		})
	}
}
