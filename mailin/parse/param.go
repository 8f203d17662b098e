package parse

import (
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

const maxParams = 100

// parseParams reads a value with parameters (RFC 2045, 5.1; RFC 2231), such as that of Content-Type. It takes what mime.ParseMediaType
// refuses and senders write: spaces in a value without quotes, a quote that is never closed, a parameter given twice, charsets other
// than UTF-8. The value and the names are lower case, what the parameters say is decoded.
func parseParams(s string) (value string, list params) {
	value, rest, _ := strings.Cut(s, ";")
	if i := strings.IndexByte(value, '('); i >= 0 {
		value = value[:i]
	}
	value = strings.ToLower(trimEnds(value, " \t\"'"))
	if media, more, ok := strings.Cut(value, " "); ok && (strings.Contains(media, "/") || media == "attachment" || media == "inline") && strings.Contains(more, "=") {
		// The semicolon was forgotten: "text/plain charset=utf-8".
		_, more, _ = strings.Cut(strings.TrimLeft(s, " \t"), " ")
		value, rest = strings.TrimSuffix(media, ","), more
	} else if name, _, ok := strings.Cut(value, "="); ok && !strings.Contains(name, "/") {
		value, rest = "", s // the value itself was forgotten: "filename=a.pdf"
	}
	if rest != "" {
		list = make(params, 0, 3)
	}
	var pieces map[string][]piece // RFC 2231, by the name without its star
	for n := 0; n < maxParams && rest != ""; n++ {
		var name, v string
		name, v, rest = nextParam(rest)
		if name == "" {
			continue
		}
		if base, star, ok := strings.Cut(name, "*"); ok {
			if pieces == nil {
				pieces = map[string][]piece{}
			}
			pieces[base] = append(pieces[base], newPiece(star, v))
		} else if list.find(name) < 0 {
			list = append(list, param{name, decodeWords(unescapeName(v), "")})
		}
	}
	for name, ps := range pieces {
		if v := joinPieces(ps); v != "" {
			if i := list.find(name); i >= 0 {
				list[i].value = v
			} else {
				list = append(list, param{name, v})
			}
		}
	}
	return value, list
}

// params are a value's parameters, each name once.
type params []param

type param struct{ name, value string }

func (list params) find(name string) int {
	for i := range list {
		if list[i].name == name {
			return i
		}
	}
	return -1
}

// get is the parameter's value, "" where there is none.
func (list params) get(name string) string {
	if i := list.find(name); i >= 0 {
		return list[i].value
	}
	return ""
}

// nextParam cuts the first parameter off.
func nextParam(s string) (name, value, rest string) {
	s = trimLeft(s, " \t;")
	end := 0
	for end < len(s) && s[end] != '=' && s[end] != ';' {
		end++
	}
	if end == len(s) {
		return "", "", ""
	}
	name = strings.ToLower(trimEnds(s[:end], " \t"))
	if s[end] == ';' {
		return "", "", s[end+1:]
	}
	s = trimLeft(s[end+1:], " \t")
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		return name, trimEnds(value, " \t'"), rest
	}
	if end := strings.IndexByte(s[1:], '"') + 1; end > 0 && strings.IndexByte(s[:end], '\\') < 0 { // as nearly all are
		_, rest, _ = strings.Cut(s[end+1:], ";")
		return name, s[1:end], rest
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'): // elsewhere it parts the folders of a path
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			_, rest, _ = strings.Cut(s[i+1:], ";")
			return name, b.String(), rest
		default:
			b.WriteByte(s[i])
		}
	}
	return name, b.String(), ""
}

// A piece is one part of a long or encoded parameter (RFC 2231, 3 and 4).
type piece struct {
	number  int
	encoded bool
	value   string
}

func newPiece(star, value string) piece {
	number, encoded := strings.CutSuffix(star, "*")
	n, err := strconv.Atoi(number)
	return piece{number: n, encoded: encoded || err != nil, value: value}
}

func joinPieces(ps []piece) string {
	sort.SliceStable(ps, func(i, j int) bool { return ps[i].number < ps[j].number })
	var charset string
	var b strings.Builder
	encoded := false
	for i, p := range ps {
		v := p.value
		if p.encoded {
			encoded = true
			if i == 0 {
				parts := strings.SplitN(v, "'", 3)
				if len(parts) == 3 || len(parts) == 2 && canonicalCharset(parts[0]) == "utf-8" {
					charset, v = parts[0], parts[len(parts)-1]
				}
			}
			v = unescape(v)
		} else if plain := unescape(v); encoded && len(plain) < len(v) && !isPlainASCII(plain) {
			v = plain // the star of a further piece was forgotten
		}
		b.WriteString(v)
	}
	if !encoded || strings.HasPrefix(b.String(), "=?") { // senders put encoded words where they do not belong
		return decodeWords(b.String(), charset)
	}
	text, _ := toUTF8([]byte(b.String()), charset)
	return text
}

// unescapeName undoes the escapes of a value that are without the star that announces them: where they make letters that need them, no
// name has them by chance.
func unescapeName(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	if name := unescape(s); utf8.ValidString(name) && !isPlainASCII(name) {
		return name
	}
	return s
}

// unescape undoes %41; what is no escape stays as it is.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) && hex(s[i+1]) < 16 && hex(s[i+2]) < 16 {
			c = hex(s[i+1])<<4 | hex(s[i+2])
			i += 2
		}
		b = append(b, c)
	}
	return string(b)
}
