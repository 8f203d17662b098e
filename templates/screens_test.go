package templates

import (
	"context"
	"fmt"
	"html"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/postdesk/postdesk/templates/screentest"
)

// screens is where the pictures go: below bin, which git ignores.
const screens = "../bin/screens/mails"

// A look is how somebody may see a mail.
type look struct {
	name  string
	width int // of the mail, in pixels
	dark  bool
	langs []string // what is narrow depends on the language, colours do not
}

var looks = []look{{"light", 640, false, []string{"en", "de", "ru"}}, {"dark", 640, true, []string{"en"}}, {"phone", 320, false, codes()}}

// sheet is a page with mails side by side, each in a frame as wide as the look.
func sheet(mails []string, names []string, l look) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<!DOCTYPE html><html><head><meta charset="utf-8"><style>body{margin:0;padding:8px;background:#888;columns:%dpx auto;column-gap:8px;`+
		`font:12px sans-serif}figure{margin:0 0 8px;break-inside:avoid}iframe{border:0;width:%dpx;height:100px}</style></head><body>`, l.width, l.width)
	for i, m := range mails {
		fmt.Fprintf(&b, `<figure><figcaption>%s</figcaption><iframe sandbox="allow-same-origin" srcdoc="%s"></iframe></figure>`,
			html.EscapeString(names[i]), html.EscapeString(m))
	}
	return b.String() + "</body></html>"
}

// fit gives each frame the height of its mail, and tells what is wider than its frame.
const fit = `[...document.querySelectorAll('iframe')].map(f => {
	const page = f.contentDocument.documentElement
	f.style.height = page.scrollHeight + 'px'
	return page.scrollWidth > page.clientWidth ? f.parentNode.innerText + ': ' + page.scrollWidth + ' wide' : ''
}).filter(s => s)`

// TestScreens shows every mail in every language to a browser on a small phone, and in light and dark at a desk: nothing is wider than the
// screen, and nothing is fetched. What it looks like is for people: the pictures are kept.
func TestScreens(t *testing.T) {
	browser := screentest.Browser(t)
	if err := os.MkdirAll(screens, 0o755); err != nil {
		t.Fatal(err)
	}
	set := newSet(t)
	names := slices.Sorted(maps.Keys(goldens))
	for _, lang := range set.Languages() {
		var mails []string
		for _, golden := range names {
			name, _, _ := strings.Cut(golden, "-")
			c, s := anna(t, lang), bo(t, lang)
			if change := goldens[golden]; change != nil {
				change(t, lang, c, s)
			}
			m, err := set.Render(name, lang, dataFor(name, c, s))
			if err != nil {
				t.Fatal(err)
			}
			mails = append(mails, m.HTML)
		}
		for _, l := range looks {
			if !slices.Contains(l.langs, lang) {
				continue
			}
			t.Run(lang+"/"+l.name, func(t *testing.T) {
				wide, picture := shoot(t, browser, sheet(mails, names, l), l)
				for _, s := range wide {
					t.Errorf("%s, but the screen is only %d", s, l.width)
				}
				if err := os.WriteFile(filepath.Join(screens, lang+"-"+l.name+".jpg"), picture, 0o644); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// shoot shows a sheet in a tab of its own. It returns what is too wide, and a picture.
func shoot(t *testing.T, browser context.Context, sheet string, l look) (wide []string, picture []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sheet.html")
	if err := os.WriteFile(file, []byte(sheet), 0o644); err != nil {
		t.Fatal(err)
	}
	tab := screentest.Tab(t, browser, "file://"+file, l.dark)
	err := chromedp.Do(tab, chromedp.EmulateViewport(int64(6*(l.width+8)+8), 1000), chromedp.Navigate("file://"+file))
	if err == nil { // the browser's word that a page is there may be about the empty one that was there before
		_, err = chromedp.Run(tab, chromedp.Poll[bool]("location.protocol === 'file:' && document.readyState === 'complete'"))
	}
	if err == nil {
		wide, err = chromedp.Run(tab, chromedp.Evaluate[[]string](fit))
	}
	if err == nil {
		picture, err = chromedp.Run(tab, chromedp.FullScreenshot(80))
	}
	if err != nil {
		t.Fatal(err)
	}
	return wide, picture
}
