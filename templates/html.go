package templates

import (
	"fmt"
	"html"
	"strings"
)

// letterhead is what stands above each mail.
type letterhead struct {
	desk   string
	number int64
}

// Styles stand on the elements, since many mail clients drop the style sheet. Only the dark colours are in one.
// Outlook hands the font down neither to headings nor into tables, so each names it.
const (
	font       = "font-family:'Segoe UI',Helvetica,Arial,sans-serif;"
	styleText  = "margin:0 0 16px 0"
	styleHead  = font + "margin:28px 0 10px 0;font-size:17px;line-height:24px;font-weight:bold"
	styleQuote = "margin:0 0 16px 0;padding:2px 0 2px 14px;border-left:3px solid #c9d3dd;color:#46525f"
	styleWarn  = "margin:0 0 16px 0;padding:12px 16px 1px 16px;border-left:4px solid #d99a1c;background:#fdf4e0;color:#5c4206"
	styleCode  = "margin:0 0 16px 0;padding:10px 14px;background:#eef2f5;font:14px/21px Consolas,Menlo,monospace;" +
		"white-space:pre-wrap;word-wrap:break-word"
	styleMono  = "background:#eef2f5;padding:1px 4px;font-family:Consolas,Menlo,monospace;font-size:14px"
	styleWords = "margin:0 0 16px 0;white-space:pre-wrap;word-wrap:break-word;overflow-wrap:anywhere"
	styleLink  = "color:#1a5fa8"
	styleLabel = font + "padding:3px 16px 3px 0;color:#5d6a77;text-align:left;font-weight:normal;vertical-align:top"
	styleValue = font + "padding:3px 0;vertical-align:top;word-wrap:break-word;overflow-wrap:anywhere"
)

// top and bottom make the page. Outlook on Windows draws with Word, which knows neither max-width nor rounded
// corners: it gets a table of fixed width from a comment that only it reads. XML rules are kept, closing every element, so
// that tests can prove the page well-formed. Dark colours follow the reader's system where the client allows it.
const top = `<!DOCTYPE html>
<html lang="%[1]s" xml:lang="%[1]s" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<meta name="supported-color-schemes" content="light dark"/>
<title>%[2]s</title>
<style>
:root{color-scheme:light dark}
@media (prefers-color-scheme:dark){
.back{background:#12161b!important}
.card{background:#1c2229!important;border-color:#323c47!important}
.ink{color:#e4e9ee!important}
.soft,.quote{color:#a3b0bd!important}
.quote,.line{border-color:#46525f!important}
.warn{background:#3a2d10!important;color:#f3dfae!important}
.mono{background:#2a333d!important}
.link{color:#8fbdf0!important}
.press{background:#2f6fb5!important}
}
</style>
</head>
<body class="back" style="margin:0;padding:0;background:#f2f5f7">
<table lang="%[1]s" class="back" role="presentation" width="100%%" cellpadding="0" cellspacing="0" border="0" style="background:#f2f5f7"><tr><td align="center" style="padding:24px 10px">
<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table class="card" role="presentation" width="100%%" cellpadding="0" cellspacing="0" border="0" style="max-width:600px;background:#ffffff;border:1px solid #dde4ea;border-radius:8px"><tr><td class="ink" align="left" style="padding:22px 28px 14px 28px;` + font + `font-size:16px;line-height:25px;color:#1f2a35">
<h1 class="soft line" style="` + font + `margin:0 0 20px 0;padding:0 0 12px 0;border-bottom:1px solid #dde4ea;font-size:14px;line-height:20px;font-weight:bold;color:#5d6a77">%[3]s</h1>
`

const bottom = `</td></tr></table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr></table>
</body>
</html>
`

// renderHTML writes a mail as a page.
func renderHTML(doc []block, vs *values, head letterhead, subject string) string {
	p := page{vs: vs}
	name := fmt.Sprintf("#%d", head.number)
	if desk := line(head.desk, maxLine); desk != "" {
		name = desk + " · " + name
	}
	fmt.Fprintf(&p.b, top, vs.lang.code, html.EscapeString(subject), html.EscapeString(name))
	p.blocks(doc)
	p.b.WriteString(bottom)
	return p.b.String()
}

type page struct {
	b  strings.Builder
	vs *values
}

func (p *page) blocks(all []block) {
	for _, b := range all {
		p.block(b)
	}
}

func (p *page) block(b block) {
	switch b := b.(type) {
	case paragraph:
		p.element("p", "", styleText, func() { p.runs(b.runs) })
	case heading:
		p.element("h2", "", styleHead, func() { p.runs(b.runs) })
	case quote:
		p.element("blockquote", "quote", styleQuote, func() { p.blocks(b.blocks) })
	case warning:
		p.element("div", "warn", styleWarn, func() { p.blocks(b.blocks) })
	case list:
		p.list(b)
	case facts:
		p.facts(b.facts)
	case code:
		p.element("div", "mono", styleCode, func() { p.lines(strings.Split(p.vs.fill(strings.Join(b.lines, "\n")), "\n")) })
	case verbatim:
		if s := p.vs.all[b.value]; s != "" {
			p.b.WriteString(`<div dir="auto" style="` + styleWords + `">`)
			p.lines(strings.Split(s, "\n"))
			p.b.WriteString("</div>\n")
		}
	case button:
		p.button(b.link)
	case rule:
		p.b.WriteString(`<hr class="line" style="margin:22px 0 16px 0;border:0;border-top:1px solid #dde4ea"/>` + "\n")
	}
}

// element writes a block element with content.
func (p *page) element(tag, class, style string, content func()) {
	p.b.WriteString("<" + tag)
	if class != "" {
		p.b.WriteString(` class="` + class + `"`)
	}
	p.b.WriteString(` style="` + style + `">`)
	content()
	p.b.WriteString("</" + tag + ">\n")
}

// lines writes text with its lines and blanks. They are kept by white-space:pre-wrap; Outlook does not know it,
// so line ends are elements, and blanks at the start of a line do not collapse.
func (p *page) lines(all []string) {
	for i, l := range all {
		if i > 0 {
			p.b.WriteString("<br/>")
		}
		l = html.EscapeString(l)
		rest := strings.TrimLeft(l, " ")
		p.b.WriteString(strings.Repeat("&#160;", len(l)-len(rest)) + rest)
	}
}

func (p *page) list(l list) {
	tag := "ul"
	if l.ordered {
		tag = "ol"
	}
	p.element(tag, "", "margin:0 0 16px 0;padding:0 0 0 24px", func() {
		for _, item := range l.items {
			p.element("li", "", "margin:0 0 6px 0", func() {
				if len(item) == 1 {
					if only, ok := item[0].(paragraph); ok {
						p.runs(only.runs)
						return
					}
				}
				p.blocks(item)
			})
		}
	})
}

func (p *page) facts(all []fact) {
	p.b.WriteString(`<table width="100%" cellpadding="0" cellspacing="0" border="0" ` +
		`style="margin:0 0 16px 0;font-size:15px;line-height:22px">` + "\n")
	for _, f := range all {
		p.b.WriteString(`<tr><th scope="row" class="soft" width="34%" style="` + styleLabel + `">`)
		p.runs([]run{f.label})
		p.b.WriteString(`</th><td style="` + styleValue + `">`)
		p.runs(f.value)
		p.b.WriteString("</td></tr>\n")
	}
	p.b.WriteString("</table>\n")
}

// button is a table, since Outlook gives a link no padding. A target that no link may have leaves the text.
func (p *page) button(r run) {
	target, ok := p.vs.target(r.href)
	if !ok {
		p.block(paragraph{[]run{{text: r.text, style: r.style}}})
		return
	}
	p.b.WriteString(`<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:4px 0 20px 0">` +
		`<tr><td class="press" style="background:#1a5fa8;border-radius:6px;padding:10px 22px">` +
		`<a href="` + html.EscapeString(target) + `" style="` + font + `color:#ffffff;font-weight:bold;text-decoration:none">`)
	p.b.WriteString(html.EscapeString(p.vs.fill(r.text)) + "</a></td></tr></table>\n")
}

func (p *page) runs(all []run) {
	for _, r := range all {
		s := strings.ReplaceAll(html.EscapeString(p.vs.fill(r.text)), "\n", "<br/>")
		if target, ok := p.vs.target(r.href); ok {
			s = `<a class="link" style="` + styleLink + `" href="` + html.EscapeString(target) + `">` + s + "</a>"
		}
		if r.style&monospace != 0 {
			s = `<code class="mono" style="` + styleMono + `">` + s + "</code>"
		}
		if r.style&emphasis != 0 {
			s = "<em>" + s + "</em>"
		}
		if r.style&strong != 0 {
			s = "<strong>" + s + "</strong>"
		}
		p.b.WriteString(s)
	}
}
