package parse

import (
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/postdesk/postdesk/desk/message"
)

// describe reads what the part's header says about its form. Broken values fall back to what the part would be without them.
func (p *part) describe() {
	if v := p.get("Content-Type"); v != "" {
		media, params := parseParams(v)
		p.params = params
		switch main, sub, ok := strings.Cut(media, "/"); {
		case ok && main != "" && sub != "" && !strings.ContainsAny(media, " \t"):
			p.media = media
		case media == "html":
			p.media = "text/html"
		case media == "text" || media == "plain":
			p.media = "text/plain"
		case ok:
			p.media = "application/octet-stream" // RFC 2045, 5.2 would have it text; a broken type is nothing to show
		}
	}
	if p.media == "" {
		p.media = "text/plain"
	}
	if v := p.get("Content-Disposition"); v != "" {
		p.disposition, p.dispParams = parseParams(v)
	}
}

// filename is the name that the sender gave, decoded and made safe; "" for none.
func (p *part) filename() string {
	if !p.named {
		p.named = true
		for _, name := range []string{p.dispParams.get("filename"), p.params.get("name"), p.dispParams.get("name"), p.params.get("filename")} {
			if p.name = safeName(name); p.name != "" {
				break
			}
		}
	}
	return p.name
}

// isText tells whether the part is text of the mail itself rather than something that came with it.
func (p *part) isText() bool {
	if p.media != "text/plain" && p.media != "text/html" || p.disposition == "attachment" && (p.parent != "" || p.filename() != "") {
		return false // but all of a mail, without a name, is no file
	}
	return p.filename() == "" || p.parent == "" || p.parent == "multipart/alternative"
}

// isOtherText tells text of the mail itself in a form that its writer's program has alone; it counts where there is no other.
func (p *part) isOtherText() bool {
	switch p.media {
	case "text/enriched", "text/richtext", "text/markdown":
		return p.disposition != "attachment" && p.filename() == ""
	}
	return false
}

// protection says what is signed or encrypted, so that people know why they see a file where they expect words (M2).
func (p *part) protection() string {
	switch {
	case p.parent == "multipart/encrypted" && p.media == "application/pgp-encrypted", p.media == "application/pgp-encrypted":
		return "encrypted with OpenPGP: kept as it came"
	case p.media == "application/pkcs7-mime" || p.media == "application/x-pkcs7-mime":
		if strings.Contains(strings.ToLower(p.params.get("smime-type")), "signed") {
			return "signed with S/MIME in a closed form: its text is in the file"
		}
		return "encrypted with S/MIME: kept as it came"
	case p.media == "application/pgp-signature":
		return "signed with OpenPGP: not verified"
	case p.media == "application/pkcs7-signature" || p.media == "application/x-pkcs7-signature":
		return "signed with S/MIME: not verified"
	}
	return ""
}

func (p *part) isCalendar() bool {
	return p.media == "text/calendar" || p.media == "application/ics" || strings.HasSuffix(strings.ToLower(p.filename()), ".ics")
}

func (p *part) attachment() message.Attachment {
	return message.Attachment{
		Part:        p.path,
		Filename:    p.filename(),
		ContentType: cleanText(p.media),
		Inline:      p.disposition == "inline" || p.disposition == "" && p.get("Content-ID") != "",
		ContentID:   strings.Trim(cleanText(p.get("Content-ID")), "<> "),
	}
}

const maxName = 200 // runes of a file name

// letterReferences stand in names for letters beyond ASCII, where a page in another charset sent them.
var letterReferences = regexp.MustCompile(`&#(1[3-9]\d|[2-9]\d\d|\d{4,6});`)

// safeName makes a name that a stranger gave safe to show and to offer for download (T061): its last part if it is a path, without
// characters that are not seen or that turn the line around, never "." or a device's name.
func safeName(name string) string {
	if name == "" {
		return ""
	}
	if strings.Contains(name, "&#") {
		name = letterReferences.ReplaceAllStringFunc(name, html.UnescapeString)
	}
	name = strings.ReplaceAll(cleanText(name), `\`, "/")
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r), unicode.IsControl(r) && !unicode.IsSpace(r): // bidi overrides, joiners
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	if strings.HasSuffix(name, "/") {
		return ""
	}
	name = strings.Trim(name[strings.LastIndexByte(name, '/')+1:], " ")
	if strings.Trim(name, ". ") == "" {
		return ""
	}
	name = strings.TrimRight(name, ". ")
	if n := utf8.RuneCountInString(name); n > maxName {
		ext := path.Ext(name)
		if len(ext) > 20 {
			ext = ""
		}
		runes := []rune(strings.TrimSuffix(name, ext))
		name = string(runes[:maxName-utf8.RuneCountInString(ext)]) + ext
	}
	if stem, _, _ := strings.Cut(strings.ToLower(name), "."); devices[strings.TrimSpace(stem)] {
		name = "_" + name
	}
	return name
}

// devices are names that Windows takes for devices, with any extension.
var devices = map[string]bool{
	"con": true, "prn": true, "aux": true, "nul": true,
	"com1": true, "com2": true, "com3": true, "com4": true, "com5": true, "com6": true, "com7": true, "com8": true, "com9": true,
	"lpt1": true, "lpt2": true, "lpt3": true, "lpt4": true, "lpt5": true, "lpt6": true, "lpt7": true, "lpt8": true, "lpt9": true,
}
