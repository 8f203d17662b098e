package mailout

import (
	"encoding/base64"
	"fmt"
	"mime"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postdesk/postdesk/desk/message"
)

const (
	lineWidth = 76  // where lines are folded (RFC 5322, 2.1.1; RFC 2047, 2)
	lineMax   = 998 // what no line may exceed
)

// A headerWriter collects the top fields of a mail. Whatever is put in, each call adds one field and nothing else: values reach it as
// printable ASCII, encoded words or ids, and what could end a line was taken out before.
type headerWriter struct{ strings.Builder }

// field adds a field whose value may be folded at any of its spaces.
func (h *headerWriter) field(name, value string) {
	h.WriteString(name)
	h.WriteByte(':')
	width := len(name) + 1
	for word := range strings.SplitSeq(value, " ") {
		// A line of white space alone must not arise (RFC 5322, 3.2.2), hence no fold before an empty word.
		if word != "" && width+1+len(word) > lineWidth && width > len(name)+1 {
			h.WriteString("\r\n")
			width = 0
		}
		h.WriteByte(' ')
		h.WriteString(word)
		width += 1 + len(word)
	}
	h.WriteString("\r\n")
}

// text adds an unstructured field in people's words. What stands before the first word that needs encoding stays readable, as the ticket
// tag does.
func (h *headerWriter) text(name, value string) {
	value = oneLine(value)
	if at := needsWords(value); at >= 0 {
		at = strings.LastIndexByte(value[:at], ' ') + 1
		room := lineWidth
		if at == 0 {
			room -= len(name) + 2
		}
		value = value[:at] + encodedWords(value[at:], room)
	}
	h.field(name, value)
}

// address adds a field of one mailbox. The address must have passed checkAddress.
func (h *headerWriter) address(name string, a message.Address) {
	spec := "<" + a.Addr + ">"
	switch who := cut(oneLine(a.Name), maxName); {
	case who == "":
		h.field(name, a.Addr)
	case needsWords(who) >= 0:
		h.field(name, encodedWords(who, lineWidth-len(name)-2)+" "+spec)
	case strings.ContainsFunc(who, func(r rune) bool { return r != ' ' && !isToken(byte(r)) }):
		h.field(name, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(who)+`" `+spec)
	default:
		h.field(name, who+" "+spec)
	}
}

// ids adds a field of Message-IDs; none, no field.
func (h *headerWriter) ids(name string, ids ...message.ID) {
	var words []string
	for _, id := range ids {
		if sendable(id) {
			words = append(words, id.Header())
		}
	}
	if len(words) > 0 {
		h.field(name, strings.Join(words, " "))
	}
}

// maxName is the longest name of a person that is shown, in bytes.
const maxName = 200

// maxReferences bounds the References field. A thread of hundreds of mails would else grow it with each; mail clients look at the root
// and at the nearest parents.
const maxReferences = 20

// bounded is the thread's root and its last ids.
func bounded(refs []message.ID) []message.ID {
	if len(refs) <= maxReferences {
		return refs
	}
	return append([]message.ID{refs[0]}, refs[len(refs)-maxReferences+1:]...)
}

// sendable tells whether an id may stand in a header of ours. Others' ids are kept as they came, and some of them fit no line or would
// need SMTPUTF8, for which no mail of ours shall bounce.
func sendable(id message.ID) bool {
	if id == "" || len(id) > lineMax-len(" <>") {
		return false
	}
	return !strings.ContainsFunc(string(id), func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '<' || r == '>' })
}

// oneLine makes what people wrote fit into a header: white space of all kinds is a space, and what else has no shape or steers the
// reading direction is gone (T062).
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r == 0x061c, 0x200e <= r && r <= 0x200f, 0x202a <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.Join(strings.Fields(s), " ")
}

// needsWords is where in a text the first character stands for which it must travel as encoded words, -1 where there is none: it is not
// ASCII, would be taken for an encoded word, or belongs to a word that no line could hold.
func needsWords(s string) int {
	word := 0
	for i := 0; i < len(s); i++ {
		if word++; s[i] == ' ' {
			word = 0
		}
		if s[i] >= utf8.RuneSelf || word > lineWidth-2 || strings.HasPrefix(s[i:], "=?") {
			return i
		}
	}
	return -1
}

// encodedWords writes s as words of RFC 2047 with spaces between, where lines may be folded; the first fits into the room left on the
// line. A word holds whole characters (RFC 2047, 5). The base64 form is used for all, since the quoted one would have to know where in
// the header it stands.
func encodedWords(s string, room int) string {
	const open, end = "=?utf-8?b?", "?="
	var words []string
	for s != "" {
		most := (min(room, 75) - len(open) - len(end)) / 4 * 3
		n := 0
		for n < len(s) {
			_, size := utf8.DecodeRuneInString(s[n:])
			if n > 0 && n+size > most {
				break
			}
			n += size
		}
		words = append(words, open+base64.StdEncoding.EncodeToString([]byte(s[:n]))+end)
		s, room = s[n:], 75
	}
	return strings.Join(words, " ")
}

// cut shortens s to at most n bytes at the edge of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.TrimRight(s[:n], " ")
}

// isToken tells whether c may stand in a token of MIME (RFC 2045, 5.1) and in an atom of mail (RFC 5322, 3.2.3) alike.
func isToken(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$&-^_`{}~+", c) >= 0
}

// filenameParam is the parameter that carries a file name, ready to follow a disposition: quoted where it is plain, else by RFC 2231,
// in pieces where it is long.
func filenameParam(name string) string {
	plain := len(name) <= 60 && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' })
	if plain && !strings.Contains(name, "=?") {
		return ";\r\n filename=\"" + name + `"`
	}
	var pieces []string
	piece := "utf-8''"
	for _, r := range name {
		var enc strings.Builder
		for _, c := range []byte(string(r)) {
			if isToken(c) || c == '.' {
				enc.WriteByte(c)
			} else {
				fmt.Fprintf(&enc, "%%%02X", c)
			}
		}
		if len(piece)+enc.Len() > 60 {
			pieces, piece = append(pieces, piece), ""
		}
		piece += enc.String()
	}
	pieces = append(pieces, piece)
	if len(pieces) == 1 {
		return ";\r\n filename*=" + pieces[0]
	}
	var b strings.Builder
	for i, p := range pieces {
		fmt.Fprintf(&b, ";\r\n filename*%d*=%s", i, p)
	}
	return b.String()
}

// maxFilename is what common file systems take, in bytes, with a little room.
const maxFilename = 250

// safeName is a file name as it is sent: no path, no control characters, never empty, at most maxFilename bytes with its ending kept.
func safeName(name string, n int) string {
	name = strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' {
			return '_'
		}
		return r
	}, oneLine(name))
	if strings.Trim(name, ". ") == "" {
		return fmt.Sprintf("attachment-%d", n)
	}
	if len(name) > maxFilename {
		end := ""
		if dot := strings.LastIndexByte(name, '.'); dot > len(name)-20 {
			end = name[dot:]
		}
		name = cut(name, maxFilename-len(end)) + end
	}
	return name
}

// mediaType is the type that an attachment is sent by. What claims to be a multipart or a message is sent as plain bytes: in those
// base64 is not allowed (RFC 2046, 5.1 and 5.2.1), and bytes are what we promise to keep.
func mediaType(declared string) string {
	kind, params, err := mime.ParseMediaType(declared)
	major, minor, ok := strings.Cut(kind, "/")
	if err != nil || !ok || len(params) > 0 || major == "multipart" || major == "message" || len(kind) > 127 || minor == "" ||
		strings.ContainsFunc(kind, func(r rune) bool { return r >= utf8.RuneSelf || r != '/' && r != '.' && !isToken(byte(r)) }) {
		return "application/octet-stream"
	}
	return kind
}
