package parse

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// hostileHTML is what has got past cleaners: nested and broken tags, foreign content, attributes twice, styles, schemes in disguise.
var hostileHTML = []string{
	`<script>alert(1)</script>`, `<scr<script>ipt>alert(1)</scr</script>ipt>`, `<SCRIPT SRC=//evil.example/x.js></SCRIPT>`, `<script/x>alert(1)</script>`,
	`<img src=x onerror=alert(1)>`, `<img src="x" src="javascript:alert(1)" onerror=alert(1) onerror=2>`, `<img """><script>alert(1)</script>">`,
	`<svg><script>alert(1)</script></svg>`, `<svg><style><img src=x onerror=alert(1)></style></svg>`, `<svg/onload=alert(1)>`, `<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
	`<math><annotation-xml encoding="text/html"><style><img src=x onerror=alert(1)></style></annotation-xml></math>`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<template><script>alert(1)</script></template>`, `<xmp><p title="</xmp><script>alert(1)</script>">`,
	`<a href="javascript:alert(1)">x</a>`, `<a href="JaVaScRiPt&colon;alert(1)">x</a>`, `<a href="java&#x0A;script:alert(1)">x</a>`, `<a href=" &#14; javascript:alert(1)">x</a>`,
	`<a href="vbscript:x">x</a>`, `<a href="data:text/html,<script>alert(1)</script>">x</a>`, `<a href="//evil.example">x</a>`, `<a href="/sign-out">x</a>`, `<a href="https://ok.example/?a=1&b=2">x</a>`,
	`<a href="https://ok.example" onclick=alert(1) style="position:fixed;top:0" target=_top>x</a>`, `<form action=/x><input name=a><button>x</button></form>`, `<iframe srcdoc="<script>alert(1)</script>"></iframe>`,
	`<base href=//evil.example/>`, `<meta http-equiv=refresh content="0;url=//evil.example">`, `<link rel=stylesheet href=//evil.example>`, `<object data=x></object><embed src=x>`,
	`<p style="background:url(javascript:alert(1))">x</p>`, `<p style="color:expression(alert(1))">x</p>`, `<p style="color:red;background-image:url(//evil.example)">x</p>`,
	`<div style="color:&#x72;ed;position:fixed">x</div>`, `<style>@import '//evil.example';</style>x`, `<p style="width:100%;behavior:url(x)">x</p>`, `<table background="//evil.example"><td background=x>x</table>`,
	`<body onload=alert(1)><p>x</p></body>`, `<html><head><title></title><script>1</script></head><body><p>x`, `<!--[if IE]><script>alert(1)</script><![endif]-->`, `<!-- --!><img src=x onerror=alert(1)> -->`,
	`<p><b><i>x</b></i></p>`, `<table><tr><td>1<table><tr><td>2</table></table>`, `<a href=x><a href=https://b.example>y</a></a>`, `<p>a<p>b`, `&lt;script&gt;alert(1)&lt;/script&gt;`, `&amp;lt;script&amp;gt;`,
	`<select><style></select><img src=x onerror=alert(1)></style>`, `<textarea><img title="</textarea><img src=x onerror=alert(1)>">`, "<p>\x00<scr\x00ipt>alert(1)</script>", `<ısvg onload=alert(1)>`,
	`<details open ontoggle=alert(1)><summary>x</summary></details>`, `<input autofocus onfocus=alert(1)>`, `<video><source onerror=alert(1)></video>`, `<isindex action=javascript:alert(1) type=image>`,
	`<div dir="rtl" dir="x">x</div>`, `<td colspan=9999999999>x</td>`, `<font color=red>x</font>`, `<img alt="a <b> c" src=cid:1>`, `<plaintext><script>alert(1)</script>`, `<p title='"><script>'>x</p>`,
	strings.Repeat("<b>", 2000) + "x", strings.Repeat("<div>", 600) + "deep", strings.Repeat("<table><tr><td>", 170) + "x",
}

// never is what may be left of no HTML.
var never = regexp.MustCompile(`(?i)<\s*/?\s*(script|style|iframe|frame|form|input|button|base|meta|link|object|embed|svg|math|img|template|video|audio|textarea|select|noscript|title|xmp|plaintext)\b|\son\w+\s*=|(href|src|action|style)\s*=\s*["']?\s*(javascript|vbscript|data|file|cid):|url\s*\(|expression\s*\(|position\s*:|@import`)

// T069: a second pass changes nothing, and nothing is left that runs, loads, submits or frames.
func TestT069CleanHTML(t *testing.T) {
	for _, source := range hostileHTML {
		checkClean(t, source)
	}
	for _, a := range hostileHTML {
		for _, b := range []string{`<svg>`, `<math><mtext>`, `<table>`, `<p title="`, `<!--`, `<select>`, `<style>`} {
			checkClean(t, b+a)
			checkClean(t, a+b+a)
		}
	}
}

func checkClean(t *testing.T, source string) {
	t.Helper()
	clean := CleanHTML(source, nil)
	if again := CleanHTML(clean, nil); again != clean {
		t.Errorf("%.200q\nclean %.300q\nagain %.300q", source, clean, again)
	}
	// What stands in text is harmless: it is asked of the tags alone, as a browser sees them.
	for z := html.NewTokenizer(strings.NewReader(clean)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken, html.CommentToken, html.DoctypeToken:
			if raw := string(z.Raw()); never.MatchString(withoutURLs.ReplaceAllString(raw, `href=""`)) || strings.HasPrefix(raw, "<!") {
				t.Errorf("%.200q\nleaves %q in %.300q", source, raw, clean)
			}
		}
	}
}

// withoutURLs takes out addresses that may stand there, whose words are anybody's.
var withoutURLs = regexp.MustCompile(`href="(https?|mailto):[^"]*"`)

func TestCleanHTMLKeepsWhatIsSaid(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"words and their form", `<p>Hello <b>you</b> &amp; me<br>x</p>`, `<p>Hello <b>you</b> &amp; me<br/>x</p>`},
		{"a link opens elsewhere and tells nothing", `<a href="https://ok.example/?a=1&amp;b=2">x</a>`,
			`<a href="https://ok.example/?a=1&amp;b=2" rel="nofollow noreferrer noopener" target="_blank">x</a>`},
		{"a table", `<table><tr><td colspan="2" width="9">x</td></tr></table>`, `<table><tbody><tr><td colspan="2">x</td></tr></tbody></table>`},
		{"colours", `<span style="color: #a00; position: fixed">x</span>`, `<span style="color: #a00">x</span>`},
		{"what a picture shows", `<img src="cid:1" alt="our &lt;logo&gt;">`, `[our &lt;logo&gt;]`},
		{"a picture that says nothing", `a<img src="http://x/1.gif">b`, `ab`},
	} {
		if got := CleanHTML(c.source, nil); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestCleanHTMLMasks(t *testing.T) {
	got := CleanHTML(`<p>the password is <b>x &amp; y</b> &lt;z&gt;</p><a href="https://ok.example/x">x</a>`, func(s string) string { return strings.ReplaceAll(s, "x & y", "<***>") })
	want := `<p>the password is <b>&lt;***&gt;</b> &lt;z&gt;</p><a href="https://ok.example/x" rel="nofollow noreferrer noopener" target="_blank">x</a>`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The mails that other tests read come out clean too.
func TestCleanHTMLOfMails(t *testing.T) {
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(files) == 0 {
		t.Skip("no mails")
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if source := Parse(Bytes(raw)).HTML; source != "" {
			checkClean(t, source)
		}
	}
}

func FuzzCleanHTML(f *testing.F) {
	for _, source := range hostileHTML {
		if len(source) < 2000 {
			f.Add(source)
		}
	}
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) < 10_000 {
			checkClean(t, source)
		}
	})
}
