package parse

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"io"
	"regexp"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
)

// unreadable are charsets that the library takes and decodes to nothing.
var unreadable = map[string]bool{"iso-2022-kr": true, "iso-2022-cn": true, "iso-2022-cn-ext": true}

// isWide tells charsets of more than one byte a letter, in which a short text may look like UTF-8 by chance.
func isWide(charset string) bool {
	switch charset {
	case "shift_jis", "iso-2022-jp", "euc-jp", "euc-kr", "gb18030", "big5", "utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le", "utf-32be", "hz-gb-2312", "utf-7", "iso-2022-kr":
		return true
	}
	return false
}

// toUTF8 gives the text that the bytes stand for: in the declared charset if that is known and fits, else in the one that they look
// like. The note, if any, says what did not fit. It never gives invalid UTF-8.
func toUTF8(b []byte, declared string) (text, note string) {
	name := canonicalCharset(declared)
	units := unitsOf(b, name)
	if units == "" && isUTF8(b, name) {
		return string(b), ""
	}
	valid := utf8.Valid(b)
	if !valid && (name == "" || name == "utf-8") && bytes.IndexByte(b, 0xed) >= 0 {
		b = joinSurrogates(b)
		valid = utf8.Valid(b)
	}
	switch {
	case units != "" && name != "" && !strings.HasPrefix(name, "utf-16") && !strings.HasPrefix(name, "utf-32"):
		return decodeUnits(b, units), "text in charset " + cleanText(name) + " was read as " + units
	case units != "":
		return decodeUnits(b, units), ""
	case name == "utf-7":
		return decodeUTF7(b), ""
	case name == "iso-2022-kr" && !(valid && bytes.IndexByte(b, 0x0e) < 0):
		text, _ := decodeAs(unshiftKorean(b), "euc-kr")
		return text, ""
	case name == "" && bytes.Contains(b[:min(len(b), 4<<10)], []byte("\x1b$)C")):
		text, _ := decodeAs(unshiftKorean(b), "euc-kr")
		return text, "text without a charset was read as iso-2022-kr"
	case hasJapaneseShift(b) && (name == "" || name == "us-ascii" || name == "utf-8"):
		text, _ := decodeAs(b, "iso-2022-jp")
		return text, "text without a charset was read as iso-2022-jp"
	case valid && !isWide(name):
		return string(b), ""
	case name != "" && name != "utf-8" && name != "us-ascii" && !unreadable[name]:
		if text, ok := decodeAs(b, name); ok && !(valid && strings.ContainsRune(text, utf8.RuneError)) {
			if guess := otherThan(b, name, text); guess != "" {
				text, _ = decodeAs(b, guess)
				return text, "text in charset " + cleanText(name) + " was read as " + guess
			}
			return text, ""
		}
	}
	if valid { // the declared charset cannot have this text, UTF-8 can
		return string(b), ""
	}
	if name == "utf-8" && mostlyUTF8(b) {
		return strings.ToValidUTF8(string(b), string(utf8.RuneError)), "some bytes of the text are not UTF-8"
	}
	if name == "utf-8" {
		if text, ok := patchedUTF8(b); ok {
			return text, "some bytes of the text are not UTF-8"
		}
	}
	guess := guessCharset(b)
	text, _ = decodeAs(b, guess)
	if strings.ContainsRune(text, utf8.RuneError) && len(b) < guessSample { // a guess at a few letters that are none there
		guess = "windows-1252"
		text, _ = decodeAs(b, guess)
	}
	if name == "" || name == "us-ascii" {
		return text, "text without a charset was read as " + guess
	}
	return text, "text in charset " + cleanText(name) + " was read as " + guess
}

// isUTF8 tells bytes that are the text as they stand, whose charset has the canonical name: as nearly all do. That goes also for what
// calls itself Latin-1: real Latin-1 is hardly ever valid UTF-8.
func isUTF8[T string | []byte](b T, name string) bool {
	if isWide(name) {
		return false
	}
	ascii := true
	for i := 0; i < len(b); i++ {
		if ascii {
			if i += plainBytes(b[i:]); i == len(b) {
				break
			}
		}
		if b[i] == 0x1b { // may shift to another charset
			return false
		}
		ascii = ascii && b[i] < utf8.RuneSelf
	}
	return ascii || isValid(b)
}

func isValid[T string | []byte](b T) bool {
	switch b := any(b).(type) {
	case []byte:
		return utf8.Valid(b)
	case string:
		return utf8.ValidString(b)
	}
	return false
}

// otherThan is the charset that a text is in rather than the declared one, "" for none. Programs name Latin-1 where they know nothing, and
// a charset of many bytes a letter that does not fit leaves holes.
func otherThan(b []byte, name, text string) string {
	switch {
	case name == "windows-1252":
		if !hasLongRuns(b) {
			return ""
		}
	case isWide(name):
		if holes := strings.Count(text, string(utf8.RuneError)); holes < 3 || holes < len(text)/10 {
			return ""
		}
	default:
		return ""
	}
	if bytes.IndexFunc(b, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return "" // nothing in it is of another one
	}
	sample := telling(b)
	cost := surprise(sample, name, 1<<20)
	if guess := cheapest(sample, cost); guess != "" && guess != name && 2*surprise(sample, guess, cost) < cost {
		return guess
	}
	return ""
}

// hasLongRuns tells bytes beyond ASCII that stand in words of their own, as those of Western letters do not.
func hasLongRuns(b []byte) bool {
	all, inRuns, run := 0, 0, 0
	for _, c := range b[:min(len(b), 4<<10)] {
		if c < utf8.RuneSelf {
			run = 0
			continue
		}
		all++
		if run++; run == 4 {
			inRuns += 4
		} else if run > 4 {
			inRuns++
		}
	}
	return all >= 8 && inRuns > all/2
}

// patchedUTF8 reads UTF-8 into which something was pasted in windows-1252.
func patchedUTF8(b []byte) (text string, ok bool) {
	var out strings.Builder
	good, bad := 0, 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case n > 1:
			good++
		case r == utf8.RuneError:
			bad++
			r = charmap.Windows1252.DecodeByte(b[0])
		}
		out.WriteRune(r)
		b = b[n:]
	}
	return out.String(), good >= 2 && good >= bad
}

// joinSurrogates makes one letter of two halves that a program has encoded each for itself, as of an emoji (CESU-8, Unicode report 26).
func joinSurrogates(b []byte) []byte {
	half := func(b []byte, first byte) (rune, bool) {
		if len(b) < 3 || b[0] != 0xed || b[1]&0xf0 != first || b[2]&0xc0 != 0x80 {
			return 0, false
		}
		return 0xd000 | rune(b[1]&0x3f)<<6 | rune(b[2]&0x3f), true
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if high, ok := half(b[i:], 0xa0); ok {
			if low, ok := half(b[i+3:], 0xb0); ok {
				out = utf8.AppendRune(out, utf16.DecodeRune(high, low))
				i += 5
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}

// unitsOf tells text whose letters are of two or four bytes each, which one of them is first: by a byte order mark, by the bytes that are
// zero in one half alone, or by the declared name. It gives "" for any other text.
func unitsOf(b []byte, name string) string {
	switch {
	case len(b) < 2:
		return ""
	case bytes.HasPrefix(b, []byte("\xff\xfe\x00\x00")):
		return "utf-32le"
	case bytes.HasPrefix(b, []byte("\x00\x00\xfe\xff")):
		return "utf-32be"
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return "utf-16le"
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return "utf-16be"
	}
	declared := strings.HasPrefix(name, "utf-16") || strings.HasPrefix(name, "utf-32")
	head := b[:min(len(b), 200)]
	if !declared && bytes.IndexByte(head, 0) < 0 {
		return ""
	}
	var zeros, signs [4]int // by the place in four: bytes that are zero, and those that are a space or a line end
	for i, c := range head {
		switch c {
		case 0:
			zeros[i%4]++
		case ' ', '\n', '\r':
			signs[i%4]++
		}
	}
	even, odd := zeros[0]+zeros[2], zeros[1]+zeros[3]
	wide := zeros[1]+zeros[2] > len(head)*2/5 // zero in nearly all letters, whichever end comes first
	if one, other := min(even, odd), max(even, odd); !declared && (other < max(2, len(head)/4) || one > other/8 && !(wide && min(zeros[0], zeros[3]) <= max(zeros[0], zeros[3])/8)) {
		return "" // NULs in a text
	}
	switch {
	case wide && zeros[0] > zeros[3], name == "utf-32be" && !(wide && zeros[3] > zeros[0]):
		return "utf-32be"
	case wide && zeros[3] > zeros[0], strings.HasPrefix(name, "utf-32"):
		return "utf-32le"
	case odd > even && signs[0]+signs[2] >= signs[1]+signs[3]:
		return "utf-16le"
	case even > odd && signs[1]+signs[3] >= signs[0]+signs[2]:
		return "utf-16be"
	case !declared:
		return ""
	case name == "utf-16":
		return "utf-16be" // RFC 2781, 4.3
	}
	return name
}

// decodeUnits decodes text of such letters.
func decodeUnits(b []byte, units string) string {
	var order binary.ByteOrder = binary.BigEndian
	if strings.HasSuffix(units, "le") {
		order = binary.LittleEndian
	}
	if strings.HasPrefix(units, "utf-16") {
		letters := make([]uint16, len(b)/2)
		for i := range letters {
			letters[i] = order.Uint16(b[2*i:])
		}
		return string(utf16.Decode(letters))
	}
	var out strings.Builder
	for ; len(b) >= 4; b = b[4:] {
		r := rune(utf8.RuneError)
		if n := order.Uint32(b); n <= utf8.MaxRune {
			r = rune(n)
		}
		out.WriteRune(r)
	}
	return out.String()
}

// encodingOf is the library's encoding of that name, nil where it has none.
func encodingOf(name string) encoding.Encoding {
	if enc, ok := encodings.Load(name); ok {
		return enc.(encoding.Encoding)
	}
	enc, err := ianaindex.MIME.Encoding(name)
	if err != nil || enc == nil {
		return nil
	}
	encodings.Store(name, enc)
	return enc
}

var encodings sync.Map // by name, those that were asked for

// tableOf gives the letters of a charset that has one byte for each, by the bytes beyond ASCII; nil for any other.
func tableOf(name string) func(byte) rune {
	if letters, ok := otherTables[name]; ok {
		return func(c byte) rune { return letters[c-utf8.RuneSelf] }
	}
	if table, ok := encodingOf(name).(*charmap.Charmap); ok {
		return table.DecodeByte
	}
	return nil
}

func decodeAs(b []byte, name string) (string, bool) {
	if letter := tableOf(name); letter != nil {
		return decodeTable(b, letter), true
	}
	if enc := encodingOf(name); enc != nil { // the library's reader has as much memory for a word as for a mail
		out, err := enc.NewDecoder().Bytes(b)
		if err != nil {
			return "", false
		}
		return strings.ToValidUTF8(string(out), string(utf8.RuneError)), true
	}
	r, err := charset.Reader(name, bytes.NewReader(b))
	if err != nil {
		return "", false
	}
	out, err := io.ReadAll(r)
	if err != nil {
		return "", false
	}
	return strings.ToValidUTF8(string(out), string(utf8.RuneError)), true
}

// decodeTable decodes a charset of one byte a letter.
func decodeTable(b []byte, letter func(byte) rune) string {
	var out strings.Builder
	out.Grow(len(b) + len(b)/2)
	begin := 0 // of letters that stand for themselves
	for i, c := range b {
		if c >= utf8.RuneSelf {
			out.Write(b[begin:i])
			out.WriteRune(letter(c))
			begin = i + 1
		}
	}
	out.Write(b[begin:])
	return out.String()
}

// mostlyUTF8 tells text with a few broken bytes, as cut or glued mails have, from text of another charset.
func mostlyUTF8(b []byte) bool {
	good, bad := 0, 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		b = b[n:]
	}
	return good > 3*bad
}

// hasJapaneseShift tells ISO-2022-JP by the codes that shift into it (RFC 1468).
func hasJapaneseShift(b []byte) bool {
	return bytes.Contains(b, []byte("\x1b$B")) || bytes.Contains(b, []byte("\x1b(J")) || bytes.Contains(b, []byte("\x1b$@"))
}

// unshiftKorean makes EUC-KR of ISO-2022-KR (RFC 1557): between two shifts stand its letters without their high bits.
func unshiftKorean(b []byte) []byte {
	out := make([]byte, 0, len(b))
	var high byte
	for _, c := range bytes.ReplaceAll(b, []byte("\x1b$)C"), nil) {
		switch {
		case c == 0x0e:
			high = 0x80
		case c == 0x0f || c == '\n':
			high = 0
		}
		if c != 0x0e && c != 0x0f {
			if c > ' ' {
				c |= high
			}
			out = append(out, c)
		}
	}
	return out
}

// decodeUTF7 decodes UTF-7 (RFC 2152), which some old senders still use. What is no valid shift stays as it is.
func decodeUTF7(b []byte) string {
	var out strings.Builder
	for len(b) > 0 {
		plus := bytes.IndexByte(b, '+')
		if plus < 0 {
			out.Write(b)
			break
		}
		out.Write(b[:plus])
		b = b[plus+1:]
		n := 0
		for n < len(b) && (b[n] >= 'A' && b[n] <= 'Z' || b[n] >= 'a' && b[n] <= 'z' || b[n] >= '0' && b[n] <= '9' || b[n] == '+' || b[n] == '/') {
			n++
		}
		raw, err := base64.RawStdEncoding.DecodeString(string(b[:n]))
		switch {
		case n == 0 && len(b) > 0 && b[0] == '-':
			out.WriteByte('+')
		case n == 0 || err != nil && len(raw) < 2:
			out.WriteByte('+')
			out.Write(b[:n])
		default:
			units := make([]uint16, len(raw)/2)
			for i := range units {
				units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
			}
			out.WriteString(string(utf16.Decode(units)))
		}
		b = b[n:]
		if len(b) > 0 && b[0] == '-' {
			b = b[1:]
		}
	}
	return strings.ToValidUTF8(out.String(), string(utf8.RuneError))
}

// cleanText takes out what no database and no page can bear: invalid UTF-8, NUL and the other control characters but tab and line
// end, a byte order mark.
func cleanText(s string) string {
	if isClean(s) {
		return s
	}
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	return strings.Map(func(r rune) rune {
		if !isShown(r) {
			return -1
		}
		return r
	}, s)
}

func isShown(r rune) bool {
	return r >= ' ' && r < 0x7f || r == '\n' || r == '\t' || r >= 0xa0 && r != '\ufeff'
}

// isClean tells text without anything to take out.
func isClean(s string) bool {
	for i := 0; i < len(s); {
		if i += plainBytes(s[i:]); i == len(s) {
			break
		}
		if c := s[i]; c < utf8.RuneSelf {
			if (c < ' ' || c == 0x7f) && c != '\n' && c != '\t' {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if n == 1 || !isShown(r) {
			return false
		}
		i += n
	}
	return true
}

var xmlEncoding = regexp.MustCompile(`^<\?xml[^>]{0,100}encoding\s*=\s*["']([A-Za-z0-9_:.\-]+)`)

var metaTag = regexp.MustCompile(`(?i)<meta[^>]{0,200}charset\s*=\s*["']?([A-Za-z0-9_:.\-]+)`)

// metaCharset is the charset that the HTML itself names near its beginning.
func metaCharset(b []byte) string {
	b = b[:min(len(b), 2<<10)]
	if bytes.HasPrefix(b, []byte("<?xml")) {
		if m := xmlEncoding.FindSubmatch(b); m != nil {
			return string(m[1])
		}
	}
	for at := 0; ; at++ { // most HTML of mail has none
		n := bytes.IndexByte(b[at:], '<')
		if n < 0 {
			return ""
		}
		if at += n; len(b) > at+5 && bytes.EqualFold(b[at:at+5], []byte("<meta")) {
			m := metaTag.FindSubmatch(b[at:])
			if m == nil {
				return ""
			}
			if name := canonicalCharset(string(m[1])); strings.HasPrefix(name, "utf-16") || strings.HasPrefix(name, "utf-32") {
				return "" // it could not be read here
			}
			return string(m[1])
		}
	}
}
