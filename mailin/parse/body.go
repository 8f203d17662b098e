package parse

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A textPart is one body part of the mail itself, decoded.
type textPart struct {
	html        bool
	text        string
	alternative string // the group of alternatives it belongs to, "" for none
}

// joinTexts makes the mail's text of its body parts: of each group of alternatives the plain one, unless that is blank; the HTML as
// text where there is no plain part at all. An HTML part beside plain ones, as when a list appends its footer, counts if it says
// what they do not (F38).
func joinTexts(parts []textPart) (text, markup string) {
	var plainStore, htmlStore, groupStore [2]string
	plain, htmls := plainStore[:0], htmlStore[:0]
	inGroup := groupStore[:0] // groups with plain text
	for _, p := range parts {
		switch {
		case p.html:
			htmls = append(htmls, p.text)
		case strings.TrimSpace(p.text) != "":
			inGroup = append(inGroup, p.alternative)
		}
	}
	for _, p := range parts {
		if !p.html {
			if t := strings.Trim(p.text, "\n"); strings.TrimSpace(t) != "" {
				plain = append(plain, t)
			}
			continue
		}
		if p.alternative != "" && slices.Contains(inGroup, p.alternative) {
			continue
		}
		t := htmlText(p.text)
		if len(inGroup) > 0 && saysTheSame(parts, t) {
			continue
		}
		if strings.TrimSpace(t) != "" {
			plain = append(plain, t)
		}
	}
	return strings.Join(plain, "\n\n"), strings.Join(htmls, "\n")
}

func saysTheSame(parts []textPart, text string) bool {
	words := strings.Join(strings.Fields(text), " ")
	for _, p := range parts {
		if !p.html && strings.Contains(strings.Join(strings.Fields(p.text), " "), words) {
			return true
		}
	}
	return false
}

// unflow joins the lines that format=flowed broke (RFC 3676): those that end in a space go on in the next line of the same quote
// depth. The space goes too where delSp says so.
func unflow(text string, delSp bool) string {
	var out []string
	open := false // the last line goes on
	depth := 0
	for line := range strings.SplitSeq(text, "\n") {
		body := strings.TrimLeft(line, ">")
		d := len(line) - len(body)
		body = strings.TrimPrefix(body, " ") // space-stuffing, 4.4
		signature := body == "-- " || body == "--"
		flowed := strings.HasSuffix(body, " ") && !signature
		if flowed && delSp {
			body = strings.TrimSuffix(body, " ")
		}
		if open && d == depth && !signature {
			out[len(out)-1] += body
		} else {
			if d > 0 {
				body = strings.Repeat(">", d) + " " + body
			}
			out = append(out, body)
		}
		open, depth = flowed, d
	}
	return strings.Join(out, "\n")
}

var enrichedTag = regexp.MustCompile(`(?is)<param>.*?</param>|</?[a-z0-9-]{1,60}>`)

// unenriched is text/enriched without its commands (RFC 1896): one line end is a space, several are one less, and "<<" is "<".
func unenriched(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "<<", "\x00")
	text = enrichedTag.ReplaceAllString(text, "")
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\n' {
			out.WriteByte(text[i])
			continue
		}
		n := len(text[i:]) - len(strings.TrimLeft(text[i:], "\n"))
		if n == 1 {
			out.WriteByte(' ')
		}
		out.WriteString(strings.Repeat("\n", n-1))
		i += n - 1
	}
	return strings.ReplaceAll(strings.TrimSpace(out.String()), "\x00", "<")
}

// plainLines gives text with lines ended by \n only and nothing that cannot be shown.
func plainLines(s string) string {
	if strings.IndexByte(s, '\r') >= 0 || strings.IndexByte(s, '\f') >= 0 {
		s = string(appendLines(make([]byte, 0, len(s)), s))
	}
	return cleanText(s)
}

// appendLines appends a text with its lines ended by \n.
func appendLines[T string | []byte](out []byte, text T) []byte {
	begin := 0
	for i := 0; i < len(text); i++ {
		if c := text[i]; c == '\r' || c == '\f' {
			out = append(out, text[begin:i]...)
			if begin = i + 1; c == '\r' && begin < len(text) && text[begin] == '\n' {
				continue
			}
			out = append(out, '\n')
		}
	}
	return append(out, text[begin:]...)
}

// usualText is what toUTF8 and plainLines make of a text in UTF-8 that has nothing to be taken out, as most have; ok is false for any other.
func usualText(b []byte, charset string) (text string, ok bool) {
	if isWide(charset) {
		return "", false
	}
	returns := 0
	for i := 0; i < len(b); {
		if i += plainBytes(b[i:]); i == len(b) {
			break
		}
		switch c := b[i]; {
		case c == '\r':
			returns++
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(b[i:])
			if n == 1 || !isShown(r) {
				return "", false
			}
			i += n - 1
		case (c < ' ' || c == 0x7f) && c != '\n' && c != '\t':
			return "", false
		}
		i++
	}
	if returns == 0 {
		return string(b), true
	}
	var out strings.Builder
	out.Grow(len(b))
	for rest := b; ; {
		n := bytes.IndexByte(rest, '\r')
		if n < 0 {
			out.Write(rest)
			return out.String(), true
		}
		out.Write(rest[:n])
		if rest = rest[n+1:]; len(rest) == 0 || rest[0] != '\n' {
			out.WriteByte('\n')
		}
	}
}

// plainBytes is how many bytes a text begins with that are spaces, line feeds or other signs of ASCII that are shown. It looks at eight at
// once and counts none of eight that go on to the end of the text.
func plainBytes[T string | []byte](text T) int {
	const each, high = 0x0101010101010101, 0x8080808080808080 // of eight bytes
	n := 0
	for ; n+8 <= len(text); n += 8 {
		x := binary.LittleEndian.Uint64([]byte(text[n : n+8]))
		// What is added and taken away never goes over from one byte to the next, since the highest bits are set aside.
		low := x &^ high
		control := ^((low | high) - 0x20*each)   // highest bit: below a space
		deletes := low + each                    // highest bit: 0x7f
		notFeed := (low ^ '\n'*each) + 0x7f*each // highest bit: no line feed
		if odd := (x | control&notFeed | deletes) & high; odd != 0 {
			return n + bits.TrailingZeros64(odd)/8
		}
	}
	return n
}

// isDocument tells a text that is a whole page of HTML, whatever its type says.
func isDocument(text string) bool {
	begin := trimLeft(text, " \t\n")
	if len(begin) < 20 || begin[0] != '<' || !strings.EqualFold(begin[:5], "<html") && !strings.EqualFold(begin[:14], "<!doctype html") {
		return false
	}
	end := strings.TrimRight(begin, blanks)
	return len(end) > 20 && strings.EqualFold(end[len(end)-7:], "</html>")
}
