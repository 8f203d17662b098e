package parse

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// An encodedWord is where one stands in a value (RFC 2047, 2), with what senders make of it: spaces and question marks inside, a language
// after the charset (RFC 2231, 5).
type encodedWord struct {
	begin, end int
	charset    string
	encoding   byte // 'b' or 'q'
	text       string
}

// nextWord finds the first encoded word from an index on.
func nextWord(s string, from int) (w encodedWord, ok bool) {
	for {
		i := strings.Index(s[from:], "=?")
		if i < 0 {
			return w, false
		}
		w.begin = from + i
		from = w.begin + 1
		rest := s[w.begin+2:]
		n := 0
		for n < len(rest) && (isWordByte(rest[n]) || strings.IndexByte(":.+-", rest[n]) >= 0) {
			n++
		}
		if n == 0 && !strings.HasPrefix(rest, "?") { // some name none
			continue
		}
		w.charset, rest = rest[:n], rest[n:]
		if strings.HasPrefix(rest, "*") {
			rest = strings.TrimLeft(rest[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-")
		}
		if len(rest) < 3 || rest[0] != '?' || rest[2] != '?' {
			continue
		}
		if w.encoding = rest[1] | 0x20; w.encoding != 'b' && w.encoding != 'q' {
			continue
		}
		rest = rest[3:]
		end := strings.Index(rest, "?=")
		if end < 0 { // nor does one end that begins further on, but it may go to the end of the value
			text := strings.TrimSuffix(trimBlanks(rest), "?")
			if w.charset == "" || strings.ContainsAny(text, " \t?") || w.encoding == 'q' && strings.IndexByte(text, '=') < 0 || len(text) < 4 {
				return w, false
			}
			w.text, w.end = text, len(s)
			return w, true
		}
		if strings.IndexByte(rest[:end], '\n') >= 0 {
			continue
		}
		w.text = rest[:end]
		w.end = len(s) - len(rest) + end + 2
		return w, true
	}
}

// decodeWords decodes the encoded words (RFC 2047) of a value, wherever they stand: real senders put them into quotes and file names
// too. Neighbours of one charset are joined before they are decoded, since some cut a letter in two. The rest of the value is taken
// for fallback, the charset of the mail's text, where it is not UTF-8.
func decodeWords(s, fallback string) string {
	if !strings.Contains(s, "=?") {
		return rawText(s, fallback)
	}
	var out strings.Builder
	held := make([]byte, 0, len(s)) // decoded bytes that wait for their neighbour
	var heldCharset string
	flush := func() {
		if isUTF8(held, canonicalCharset(heldCharset)) {
			out.Write(held)
		} else {
			text, _ := toUTF8(held, heldCharset)
			out.WriteString(text)
		}
		held = held[:0]
	}
	at := 0
	for {
		w, ok := nextWord(s, at)
		if !ok {
			break
		}
		between, charset := s[at:w.begin], w.charset
		if trimBlanks(between) != "" || at == 0 {
			flush()
			out.WriteString(rawText(between, fallback))
		}
		if !strings.EqualFold(charset, heldCharset) {
			flush()
		}
		heldCharset = charset
		held = w.appendTo(held)
		at = w.end
	}
	flush()
	out.WriteString(rawText(s[at:], fallback))
	return out.String()
}

// withoutWords is the value with its encoded words taken out.
func withoutWords(s string) string {
	w, ok := nextWord(s, 0)
	if !ok {
		return s
	}
	var b strings.Builder
	at := 0
	for ; ok; w, ok = nextWord(s, at) {
		b.WriteString(s[at:w.begin])
		at = w.end
	}
	return b.String() + s[at:]
}

// appendTo appends what the word stands for, in its charset.
func (w *encodedWord) appendTo(out []byte) []byte {
	if w.encoding == 'b' {
		d := &base64Text{}
		return d.finish(d.decode(out, []byte(w.text)))
	}
	for i := 0; i < len(w.text); i++ {
		c := w.text[i]
		if c == '_' {
			c = ' '
		} else if c == '=' && i+2 < len(w.text) && hex(w.text[i+1]) < 16 && hex(w.text[i+2]) < 16 {
			c = hex(w.text[i+1])<<4 | hex(w.text[i+2])
			i += 2
		}
		out = append(out, c)
	}
	return out
}

func rawText(s, charset string) string {
	if isPlainASCII(s) && !isWide(canonicalCharset(charset)) || isUTF8(s, canonicalCharset(charset)) {
		return s
	}
	text, _ := toUTF8([]byte(s), charset)
	return text
}

// isPlainASCII tells text that is the same in all but the wide charsets.
func isPlainASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if i += plainBytes(s[i:]); i == len(s) {
			break
		}
		if s[i] >= utf8.RuneSelf || s[i] == 0x1b {
			return false
		}
	}
	return true
}

// oneLine is a decoded value as it is shown: no control characters, runs of white space as one space.
func oneLine(s string) string {
	if isOneLine(s) {
		return s
	}
	s = cleanText(s)
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		if unicode.IsSpace(r) {
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// isOneLine tells text that is one already, as nearly all is.
func isOneLine(s string) bool {
	space := true // none may begin the text
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ' && !space:
			space = true
		case c > ' ' && c < 0x7f:
			space = false
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s[i:])
			if n == 1 || !isShown(r) || unicode.IsSpace(r) {
				return false
			}
			i += n - 1
			space = false
		default:
			return false
		}
	}
	return !space || s == ""
}

// A wordList is a set of words in small letters.
type wordList map[string]bool

func newWordList(words string) wordList {
	l := wordList{}
	for w := range strings.FieldsSeq(words) {
		l[w] = true
	}
	return l
}

// someIn tells whether one of the words stands in a text between signs of ASCII that part words, or at an end of it, whatever its case.
func (l wordList) someIn(text, between string) bool {
	for begin := 0; begin < len(text); {
		end := begin
		ascii := true
		var store [24]byte // of the word in small letters
		for ; end < len(text) && strings.IndexByte(between, text[end]) < 0; end++ {
			c := text[end]
			if c >= utf8.RuneSelf {
				ascii = false
			}
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			if end-begin < len(store) {
				store[end-begin] = c
			}
		}
		switch word := text[begin:end]; {
		case word == "":
		case ascii && len(word) <= len(store) && l[string(store[:len(word)])], !ascii && l[strings.ToLower(word)]:
			return true
		}
		begin = end + 1
	}
	return false
}

// trimEnds is strings.Trim with a set that holds no letter and no digit, quick where the text begins and ends in these, as most do.
func trimEnds(s, set string) string {
	if n := len(s); n > 0 && isWordByte(s[0]) && isWordByte(s[n-1]) {
		return s
	}
	return strings.Trim(s, set)
}

// trimLeft is strings.TrimLeft with a set of ASCII, quick where little is there to be taken off.
func trimLeft(s, set string) string {
	for s != "" && strings.IndexByte(set, s[0]) >= 0 {
		s = s[1:]
	}
	return s
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
