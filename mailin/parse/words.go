package parse

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// An encoded word, and what senders make of it: spaces and question marks inside, a language after the charset (RFC 2231, 5).
var encodedWord = regexp.MustCompile(`=\?([A-Za-z0-9_:.+\-]+)(?:\*[A-Za-z\-]*)?\?([bBqQ])\?(.*?)\?=`)

// decodeWords decodes the encoded words (RFC 2047) of a value, wherever they stand: real senders put them into quotes and file names
// too. Neighbours of one charset are joined before they are decoded, since some cut a letter in two. The rest of the value is taken
// for fallback, the charset of the mail's text, where it is not UTF-8.
func decodeWords(s, fallback string) string {
	if !strings.Contains(s, "=?") {
		return rawText(s, fallback)
	}
	var out strings.Builder
	var held []byte // decoded bytes that wait for their neighbour
	var heldCharset string
	flush := func() {
		text, _ := toUTF8(held, heldCharset)
		out.WriteString(text)
		held = nil
	}
	at := 0
	for _, m := range encodedWord.FindAllStringSubmatchIndex(s, -1) {
		between, charset := s[at:m[0]], s[m[2]:m[3]]
		if strings.Trim(between, " \t\r\n") != "" || at == 0 {
			flush()
			out.WriteString(rawText(between, fallback))
		}
		if !strings.EqualFold(charset, heldCharset) {
			flush()
		}
		heldCharset = charset
		held = append(held, wordBytes(s[m[4]:m[5]], s[m[6]:m[7]])...)
		at = m[1]
	}
	flush()
	out.WriteString(rawText(s[at:], fallback))
	return out.String()
}

func wordBytes(encoding, text string) []byte {
	if encoding == "q" || encoding == "Q" {
		return []byte(unescape(strings.ReplaceAll(text, "_", " "), '='))
	}
	return decodeBytes(&base64Text{}, text)
}

func rawText(s, charset string) string {
	text, _ := toUTF8([]byte(s), charset)
	return text
}

// oneLine is a decoded value as it is shown: no control characters, runs of white space as one space.
func oneLine(s string) string {
	return strings.Join(strings.Fields(cleanText(s)), " ")
}

const maxShown = 1000 // bytes of a name or subject; nobody reads more

// clip cuts a text to n bytes at most, between two letters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
