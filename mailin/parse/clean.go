package parse

import (
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
)

// maxClean bounds the HTML that is cleaned: as much as Parse keeps of one mail.
const maxClean = maxText

// allowed is what is left of a mail's HTML: words, their form, tables, and links that open elsewhere. Nothing that loads, runs, submits or
// frames anything, and no picture: those of a mail are among its files (T067, T069, T070).
var allowed = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "div", "span", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre", "code",
		"b", "strong", "i", "em", "u", "s", "small", "sub", "sup", "big", "center", "tt", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption")
	p.AllowAttrs("colspan", "rowspan").Matching(regexp.MustCompile(`^[0-9]{1,3}$`)).OnElements("td", "th")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(left|right|center|justify)$`)).OnElements("p", "div", "td", "th", "tr", "table")
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^(ltr|rtl|auto)$`)).Globally()
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto")
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(false)
	p.RequireNoReferrerOnLinks(true)
	p.RequireNoFollowOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	p.AllowStyles("color", "background-color").Matching(regexp.MustCompile(`^(#[0-9a-fA-F]{3,8}|[a-z]{3,20}|rgb\([0-9, ]{5,20}\))$`)).Globally()
	p.AllowStyles("font-weight", "font-style", "text-decoration", "text-align", "vertical-align", "white-space").
		Matching(regexp.MustCompile(`^[a-z0-9-]{1,20}$`)).Globally()
	p.AllowStyles("border", "border-top", "border-bottom", "border-left", "border-right", "padding", "padding-left", "margin-left", "font-size").
		Matching(regexp.MustCompile(`^[a-z0-9#. %]{1,40}$`)).Globally()
	return p
})

// CleanHTML is the HTML of a mail as it may be shown, in a frame without origin. It is read as a browser reads it and written anew first, so
// that what is judged is what will be drawn. Cleaning what was cleaned gives the same. mask, which may be nil, masks what a run of text
// must not show.
func CleanHTML(source string, mask func(string) string) string {
	source = source[:min(len(source), maxClean)]
	clean := clean(source)
	if mask == nil {
		return clean
	}
	var b strings.Builder
	for z := html.NewTokenizer(strings.NewReader(clean)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			b.WriteString(html.EscapeString(mask(string(z.Text()))))
		default:
			b.Write(z.Raw())
		}
	}
}

func clean(source string) string {
	for range 3 { // what one pass leaves, the browser's rules may nest anew; the second finds it so
		clean := cleanOnce(source)
		if clean == source {
			return clean
		}
		source = clean
	}
	if clean := cleanOnce(source); clean == source {
		return clean
	}
	return html.EscapeString(bareText(source))
}

func cleanOnce(source string) string {
	root, err := html.Parse(strings.NewReader(source))
	if err != nil { // nested deeper than the library takes
		return html.EscapeString(bareText(source))
	}
	var body *html.Node
	for n := root.FirstChild; n != nil; n = n.NextSibling {
		for c := n.FirstChild; n.Type == html.ElementNode && c != nil; c = c.NextSibling {
			if c.Type == html.ElementNode && c.Data == "body" {
				body = c
			}
		}
	}
	if body == nil {
		return ""
	}
	picturesAsWords(body)
	var b strings.Builder
	for c := body.FirstChild; c != nil; c = c.NextSibling {
		if err := html.Render(&b, c); err != nil {
			return html.EscapeString(bareText(source))
		}
	}
	return allowed().Sanitize(b.String())
}

// picturesAsWords puts what a picture shows, if its writer said so, into its place.
func picturesAsWords(n *html.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if c.Type == html.ElementNode && c.Data == "img" {
			if alt := strings.TrimSpace(cleanText(attribute(c, "alt"))); alt != "" {
				n.InsertBefore(&html.Node{Type: html.TextNode, Data: "[" + alt + "]"}, c)
			}
			n.RemoveChild(c)
		} else {
			picturesAsWords(c)
		}
		c = next
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
