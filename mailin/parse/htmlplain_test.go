package parse

import (
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// byLibrary is htmlText with the tree that the library makes.
func byLibrary(source string) string {
	doc, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return bareText(source)
	}
	r := &textRenderer{}
	r.take(doc)
	return r.render()
}

// What the plain reader takes, it reads as the library does. Each is taken, unless it says that it is left.
func TestPlainHTML(t *testing.T) {
	for _, c := range []struct {
		source string
		left   bool
	}{
		{source: ""}, {source: " \n"}, {source: "one two"}, {source: "<p>one<p>two</p></p>three"}, {source: "a < b <3 <"[:8]},
		{source: "<!DOCTYPE html><html style='display:none'><head><title>x</title><style>p {}</style></head><body class=y>one</body></html>\n"},
		{source: "<head><meta x>\n</head>\n<title>t</title>\n one"}, {source: "<html><noscript>x</noscript><body>one</body>two"},
		{source: "<html><head></head><noscript>x</noscript>one"}, {source: "one<!-- two --> three<![endif]>four<?xml x?>"},
		{source: "<div><span>one<o:p>two</o:p></div>three<x><y></x>four"}, {source: "<b>one<i>two</i></b>three"},
		{source: "<ul><li>one<li>two<ul><li>three</ul><li>four</li></ul>five"}, {source: "<ol><li><p>one<li><div>two</li></div></ol>"},
		{source: "<dl><dt>one<dd>two<dt>three</dl>"}, {source: "<h1>one<h2>two</h3>three"}, {source: "one<hr>two<p>three<hr>four<br/>five"},
		{source: "<table><tr><td>one<td>two<tr><th>three</table>four"}, {source: "<table>\n<td><b>one</td>two</table>", left: true}, {source: "<p>one<b>two<p>three</b>four</p>five"},
		{source: "<table><td><b>one<p>two</td></table>three"}, {source: "<table><colgroup><col><col></colgroup><tbody><tr><td>one</table>"},
		{source: "<table><col>\n<thead><td>one<table><tr><td>two</td></tr></table>three</thead></table>"},
		{source: "<p>one<table><tr><td>two</table>three"}, {source: "<!doctype html><p>one<table><tr><td>two</table>three"},
		{source: "<pre>\n\n one\n  two</pre>three<pre>&#10;x</pre>"}, {source: "<a href='http://a.example/?b=1&c=2&amp;d&#61;3'>one</a>"},
		{source: "<a href=\"http://a.example/&copy=1\">one</a>"}, {source: "<img alt='a&quot;b'><img alt=c/><img alt = d><img alt>"},
		{source: "<div a=1/b c / d='>'>one</div >two</p>three</nosuch>four</td>five"}, {source: "&nbsp;&auml;&copy2;&#x41;"},
		{source: "<script>if (a < b) '</p>'</script>one<iframe><p></iframe>two<textarea><b></textarea>three"},
		{source: "<td>one</td><tr>two"}, {source: "<p><b>one</p>two</b>"}, {source: "<b><p>one</b>two"}, {source: "<b><span>one</b>two", left: true},
		{source: "<b style='display:none'><p>one</b>two", left: true}, {source: "<h1><b>one<h2>two</h2>", left: true}, {source: "<b><pre></b>\none", left: true}, {source: "one</b>two<i>x</a></i>"},
		{source: "<div><b><table></div></b></li></x><tr><td>one</table>two</div>three"}, {source: "<table></p>", left: true}, {source: "one<table><center class=x>\n<tr><center><td>two</td><CENTER> <TD>three</center><tr><td>four</table>five"},
		{source: "<table><center>one<tr><td>two</table>", left: true}, {source: "<table><center><b><tr><td>two</table>", left: true}, {source: "<table><center></table>", left: true}, {source: "<table>one</table>", left: true}, {source: "<a>one<a>two", left: true}, {source: "<nobr>one<a>two</a></nobr>"}, {source: "<nobr>one<nobr>two", left: true}, {source: "<form>one</form>", left: true},
		{source: "<svg><p>one</svg>", left: true}, {source: "one<body class=x>", left: true}, {source: "<pre><!-- x -->\none", left: true},
		{source: "one<p class='x", left: true}, {source: "one\x00two", left: true}, {source: strings.Repeat("<div>", 600) + "one", left: true},
		{source: "<style>one", left: true}, {source: "<!-->one-->", left: true}, {source: "<a href='x&copy'>", left: true}, {source: "<a href='x?a=1&firm_id=2&b&nosuch'>one</a>"}, {source: "<a href='x?a=1&copy_id=2'>one</a>", left: true},
		{source: "<a href='x?a=1&notit_id=2'>one</a>", left: true}, {source: "<a href='x?a=1&firm;b'>one</a>", left: true},
	} {
		var tree htmlTree
		if taken := tree.readPlain(c.source); taken == c.left {
			t.Errorf("%.80q is taken: %v", c.source, taken)
		}
		if got, want := htmlText(c.source), byLibrary(c.source); got != want {
			t.Errorf("%.200q\ngives %q,\nwant  %q", c.source, got, want)
		}
	}
}

func FuzzHTML(f *testing.F) {
	f.Add("<!doctype html><html><head><style>x</style></head><body><p>one<b>two</b><br><pre>\nx</pre></body></html>")
	f.Add("<table><tr><td>one<td><ul><li>two<li>three</ul></table><a href='http://a.example/?b=1&c=2&amp;d'>four</a>&nbsp;five")
	f.Add("<div class=gmail_attr><blockquote type=cite><h1>one<h2>two<dl><dt>x<dd>y</dl><hr><img alt=z><o:p></o:p></blockquote></div>")
	f.Fuzz(func(t *testing.T, source string) {
		if got, want := htmlText(source), byLibrary(source); got != want {
			t.Errorf("%q\ngives %q,\nwant  %q", source, got, want)
		}
	})
}

// The glance at a style as it stands finds all that hides.
func TestHidingColon(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	hidden := 0
	for range 50_000 {
		style := pieces(rnd, 7, "display", "Font-Size", ":", " ", "none", "NONE", "visibility : hidden", "mso-hide:all", "0", "0px", "1px", ";", "\u00a0", "\u2003", "color:red", "k", "\v", "K", "n one", "siz e:0")
		tree := htmlTree{attrs: []htmlAttr{{styleKey, style}}, nodes: []htmlNode{{isElement: true, attrs: [2]int32{0, 1}}}}
		s := tree.style(&tree.nodes[0])
		is := strings.Contains(s, "display:none") || strings.Contains(s, "visibility:hidden") || strings.Contains(s, "mso-hide:all") || strings.Contains(s, "font-size:0")
		if is {
			hidden++
		}
		if is && !hasHidingColon(style) {
			t.Fatalf("%q hides", style)
		}
	}
	if hidden < 1000 {
		t.Errorf("only %d styles hide", hidden)
	}
}
