package templates

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// letterhead is what stands above each mail.
type letterhead struct {
	desk   string
	number int64 // 0 for a mail about no ticket
	words  bool  // what somebody wrote comes first in the preview
}

// Styles stand on the elements, since many mail clients drop the style sheet. Only the dark colours are in one.
// Outlook hands the font down neither to headings nor into tables, so each names it.
const (
	font       = "font-family:'Segoe UI',Helvetica,Arial,sans-serif;"
	styleText  = "margin:0 0 16px 0"
	styleQuiet = "margin:0 0 14px 0;font-size:15px;line-height:23px;color:#4e5b68"
	styleHead  = font + "margin:30px 0 10px 0;font-size:17px;line-height:24px;font-weight:bold"
	// Boxes are the cells of tables, the only element to which Outlook gives a padding. What is in one ends in a margin of its own: so
	// there is more padding above than below.
	styleBox   = "margin:0 0 17px 0"
	styleQuote = font + "padding:14px 18px 1px 18px;border-left:3px solid #b9c8d6;background:#f6f8fa;font-size:16px;line-height:25px;color:#1f2a35"
	styleWarn  = font + "padding:14px 18px 1px 18px;border-left:3px solid #d99a1c;background:#fdf4e0;font-size:16px;line-height:25px;color:#5c4206"
	styleCode  = "padding:10px 14px;background:#eef2f5;color:#1f2a35;font-family:Consolas,Menlo,monospace;font-size:14px;line-height:21px;" +
		"white-space:pre-wrap;word-wrap:break-word"
	styleMono  = "background:#eef2f5;padding:2px 5px;border-radius:4px;font-family:Consolas,Menlo,monospace;font-size:14px"
	styleWords = "margin:0 0 16px 0;white-space:pre-wrap;word-wrap:break-word;overflow-wrap:anywhere"
	styleLink  = "color:#1a5fa8"
	styleCell  = font + "border-top:1px solid #e6ebf0;text-align:left;vertical-align:top;"
	styleLabel = styleCell + "padding:7px 16px 7px 0;color:#5d6a77;font-weight:normal"
	styleForm  = styleCell + "padding:7px 16px 7px 0;font-weight:normal;white-space:nowrap"
	// Lists of mails show the first text of a page beside the subject, whether it can be seen in the mail or not.
	styleUnseen = "display:none;max-height:0;overflow:hidden;mso-hide:all;font-size:1px;line-height:1px;opacity:0"
	styleValue  = styleCell + "padding:7px 0;word-wrap:break-word;overflow-wrap:anywhere"
)

// top and bottom make the page. Outlook on Windows draws with Word, which knows neither max-width nor rounded
// corners: it gets a table of fixed width from a comment that only it reads. XML rules are kept, closing every element, so
// that tests can prove the page well-formed. Dark colours follow the reader's system where the client allows it, and a
// narrow screen gives all its width to the text. The first comment keeps Outlook from enlarging tables on dense screens.
const top = `<!DOCTYPE html>
<html lang="%[1]s" xml:lang="%[1]s" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<meta name="supported-color-schemes" content="light dark"/>
<title>%[2]s</title>
<!--[if mso]><xml xmlns:o="urn:schemas-microsoft-com:office:office"><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml><![endif]-->
<style>
:root{color-scheme:light dark}
@media (prefers-color-scheme:dark){
.back{background:#12161b!important}
.card{background:#1c2229!important;border-color:#2f3944!important;border-top-color:#3b7cc4!important}
.ink{color:#e4e9ee!important}
.soft{color:#a3b0bd!important}
.line{border-color:#313b46!important}
.quote{background:#232b34!important;border-left-color:#4f6173!important;color:#e4e9ee!important}
.warn{background:#372b12!important;color:#f3dfae!important}
.mono{background:#2d3742!important}
.link{color:#8fbdf0!important}
.press{background:#2f6fb5!important}
}
@media (max-width:480px){
.edge{padding:0!important}
.card{border-left:0!important;border-right:0!important;border-radius:0!important}
.page{padding:18px 18px 10px 18px!important}
.form,.says{display:block!important;width:auto!important}
.says{border-top:0!important;padding-top:0!important}
}
</style>
</head>
<body class="back" style="margin:0;padding:0;background:#f2f5f7">
%[4]s<table lang="%[1]s" class="back" role="presentation" width="100%%" cellpadding="0" cellspacing="0" border="0" style="background:#f2f5f7"><tr><td class="edge" align="center" style="padding:28px 10px">
<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table class="card" role="presentation" width="100%%" cellpadding="0" cellspacing="0" border="0" style="max-width:600px;background:#ffffff;border:1px solid #dde4ea;border-top:4px solid #1a5fa8;border-radius:6px"><tr><td class="ink page" align="left" style="padding:20px 32px 16px 32px;` + font + `font-size:16px;line-height:25px;color:#1f2a35">
<h1 class="ink line" style="` + font + `margin:0 0 22px 0;padding:0 0 14px 0;border-bottom:1px solid #e6ebf0;font-size:15px;line-height:22px;font-weight:bold;color:#1f2a35">%[3]s</h1>
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
	name := html.EscapeString(line(head.desk, maxLine))
	switch {
	case name == "":
		name = fmt.Sprintf("#%d", head.number)
	case head.number != 0:
		name += fmt.Sprintf(`<span class="soft" style="font-weight:normal;color:#5d6a77"> · #%d</span>`, head.number)
	}
	preview := ""
	if s := (plain{vs}).preview(doc, head.words); s != "" {
		// Blanks that are not folded fill the rest of the line, so that the letterhead does not stand there.
		fill := strings.Repeat("&#847;&#160;", max(0, (maxPreview-utf8.RuneCountInString(s))/2))
		preview = `<div style="` + styleUnseen + `">` + html.EscapeString(s) + fill + "</div>\n"
	}
	fmt.Fprintf(&p.b, top, vs.lang.code, html.EscapeString(subject), name, preview)
	p.blocks(doc)
	p.b.WriteString(bottom)
	return p.b.String()
}

type page struct {
	b     strings.Builder
	vs    *values
	quiet bool // below a rule, where the desk adds what belongs to somebody's answer
}

func (p *page) blocks(all []block) {
	for _, b := range all {
		p.block(b)
	}
}

func (p *page) block(b block) {
	switch b := b.(type) {
	case paragraph:
		class, style := "", styleText
		if p.quiet {
			class, style = "soft", styleQuiet
		}
		p.element("p", class, style, func() { p.runs(b.runs) })
	case heading:
		p.element("h2", "", styleHead, func() { p.runs(b.runs) })
	case quote:
		p.box("quote", styleQuote, func() {
			p.element("blockquote", "", "margin:0", func() { p.blocks(b.blocks) })
		})
	case warning:
		p.box("warn", styleWarn, func() { p.blocks(b.blocks) })
	case list:
		p.list(b)
	case facts:
		p.facts(b.facts)
	case code:
		p.box("mono ink", styleCode, func() { p.lines(strings.Split(p.vs.fill(strings.Join(b.lines, "\n")), "\n")) })
	case verbatim:
		if s := p.vs.all[b.value]; s != "" {
			p.b.WriteString(`<div dir="auto" style="` + styleWords + `">`)
			p.lines(strings.Split(s, "\n"))
			p.b.WriteString("</div>\n")
		}
	case button:
		p.button(b.link)
	case rule:
		p.b.WriteString(layout + ` width="100%" style="margin:24px 0 18px 0"><tr><td class="line" style="border-top:1px solid #dde4ea;` +
			`font-size:1px;line-height:1px">&#160;</td></tr></table>` + "\n")
		p.quiet = true
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

// layout begins a table that is none to those who have it read to them.
const layout = `<table role="presentation" cellpadding="0" cellspacing="0" border="0"`

// box writes a block that stands out by its ground.
func (p *page) box(class, style string, content func()) {
	p.b.WriteString(layout + ` width="100%" style="` + styleBox + `"><tr><td class="` + class + `" align="left" style="` + style + `">`)
	content()
	p.b.WriteString("</td></tr></table>\n")
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
	class, style := "", "margin:0 0 16px 0;padding:0 0 0 24px"
	if p.quiet {
		class, style = "soft", styleQuiet+";padding:0 0 0 24px"
	}
	p.element(tag, class, style, func() {
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
		`class="line" style="margin:0 0 18px 0;border-bottom:1px solid #e6ebf0;font-size:15px;line-height:22px">` + "\n")
	for _, f := range all {
		class, style, says := "soft line", styleLabel, "line"
		if f.command {
			class, style, says = "line form", styleForm, "line says" // to be typed as it stands, so it is not broken
		}
		p.b.WriteString(`<tr><th scope="row" class="` + class + `" width="32%" style="` + style + `">`)
		p.runs([]run{f.label})
		p.b.WriteString(`</th><td class="` + says + `" style="` + styleValue + `">`)
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
	p.b.WriteString(layout + ` style="margin:4px 0 20px 0">` + `<tr><td class="press" style="background:#1a5fa8;border-radius:6px;padding:12px 26px">` +
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
