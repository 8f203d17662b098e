package parse

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
	"github.com/gogs/chardet"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
)

// aliases are names of charsets as mail has them, in the words of the charset library. A charset that senders name while they mean a
// larger one, such as Latin-1 for windows-1252, is read as the larger one.
var aliases = map[string]string{
	"utf8": "utf-8", "utf_8": "utf-8", "utf-8mb4": "utf-8", "unicode-1-1-utf-8": "utf-8", "x-utf-8": "utf-8", "cp65001": "utf-8",
	"ascii": "us-ascii", "ansi_x3.4-1968": "us-ascii", "iso-ir-6": "us-ascii", "646": "us-ascii", "us": "us-ascii",
	"iso-8859-1": "windows-1252", "iso8859-1": "windows-1252", "iso_8859-1": "windows-1252", "latin1": "windows-1252", "latin-1": "windows-1252",
	"iso88591": "windows-1252", "8859_1": "windows-1252", "iso-8859-1-windows-3.1-latin-1": "windows-1252", "l1": "windows-1252",
	"cp1252": "windows-1252", "cp-1252": "windows-1252", "win-1252": "windows-1252", "windows1252": "windows-1252", "ansi": "windows-1252",
	"iso-8859-9": "windows-1254", "latin5": "windows-1254", "iso-8859-11": "windows-874", "tis-620": "windows-874",
	"latin2": "iso-8859-2", "latin-2": "iso-8859-2", "iso8859-2": "iso-8859-2", "latin-9": "iso-8859-15", "latin9": "iso-8859-15", "iso8859-15": "iso-8859-15",
	"iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "iso-8859-6-i": "iso-8859-6", "logical": "iso-8859-8",
	"cp1250": "windows-1250", "win-1250": "windows-1250", "windows1250": "windows-1250",
	"cp1251": "windows-1251", "win-1251": "windows-1251", "win1251": "windows-1251", "windows1251": "windows-1251", "cp-1251": "windows-1251",
	"cp1253": "windows-1253", "cp1254": "windows-1254", "cp1255": "windows-1255", "cp1256": "windows-1256", "cp1257": "windows-1257", "cp1258": "windows-1258",
	"koi8": "koi8-r", "koi8r": "koi8-r", "koi": "koi8-r", "koi8u": "koi8-u", "cp866": "ibm866", "866": "ibm866", "dos-866": "ibm866",
	"cp437": "ibm437", "cp850": "ibm850", "cp852": "ibm852", "cp855": "ibm855", "cp858": "ibm00858", "mac": "macintosh", "x-mac-roman": "macintosh",
	"cp932": "shift_jis", "ms932": "shift_jis", "windows-31j": "shift_jis", "ms_kanji": "shift_jis", "sjis": "shift_jis", "shift-jis": "shift_jis", "x-sjis": "shift_jis",
	"iso2022jp": "iso-2022-jp", "iso-2022-jp-1": "iso-2022-jp", "iso-2022-jp-2": "iso-2022-jp", "iso-2022-jp-ms": "iso-2022-jp", "cp50220": "iso-2022-jp", "cp50221": "iso-2022-jp",
	"eucjp": "euc-jp", "x-euc-jp": "euc-jp", "ujis": "euc-jp",
	"cp949": "euc-kr", "uhc": "euc-kr", "ks_c_5601-1987": "euc-kr", "ks_c_5601": "euc-kr", "ksc5601": "euc-kr", "windows-949": "euc-kr", "euckr": "euc-kr", "ks_c_5601-1992": "euc-kr",
	"gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "x-gbk": "gb18030", "gb_2312-80": "gb18030", "euc-cn": "gb18030", "x-cn-gb": "gb18030", "gb-18030": "gb18030", "windows-936": "gb18030",
	"cp950": "big5", "big5-eten": "big5", "big5-hkscs": "big5", "x-x-big5": "big5", "cn-big5": "big5",
	"utf16": "utf-16", "ucs-2": "utf-16", "unicode": "utf-16", "unicode-1-1-utf-7": "utf-7", "x-unicode-2-0-utf-7": "utf-7", "csunicode11utf7": "utf-7",
	"csiso2022jp": "iso-2022-jp", "csshiftjis": "shift_jis", "x-ms-cp932": "shift_jis", "cseucpkdfmtjapanese": "euc-jp", "cseuckr": "euc-kr", "ms949": "euc-kr", "x-windows-949": "euc-kr", "x-euc-kr": "euc-kr", "csiso2022kr": "iso-2022-kr",
	"csgb2312": "gb18030", "csiso58gb231280": "gb18030", "csbig5": "big5", "cskoi8r": "koi8-r", "iso-ir-100": "windows-1252", "cp819": "windows-1252", "ibm819": "windows-1252", "csisolatin1": "windows-1252", "x-cp1252": "windows-1252",
	"csisolatin2": "iso-8859-2", "csisolatin5": "windows-1254", "csisolatincyrillic": "iso-8859-5", "csisolatingreek": "iso-8859-7", "csisolatinhebrew": "iso-8859-8", "csisolatinarabic": "iso-8859-6",
	"cp874": "windows-874", "ibm858": "ibm00858", "cp862": "ibm862", "dos-862": "ibm862",
}

// unreadable are charsets that the library takes and decodes to nothing.
var unreadable = map[string]bool{"iso-2022-kr": true, "iso-2022-cn": true, "iso-2022-cn-ext": true}

// isWide tells charsets of more than one byte a letter, in which a short text may look like UTF-8 by chance.
func isWide(charset string) bool {
	switch charset {
	case "shift_jis", "iso-2022-jp", "euc-jp", "euc-kr", "gb18030", "big5", "utf-16", "utf-16le", "utf-16be", "hz-gb-2312", "utf-7":
		return true
	}
	return false
}

// canonicalCharset is a charset's name as the library knows it, from how a sender wrote it.
func canonicalCharset(name string) string {
	switch name {
	case "", "utf-8", "us-ascii", "windows-1252": // as nearly all are named
		return name
	case "UTF-8":
		return "utf-8"
	case "iso-8859-1", "ISO-8859-1":
		return "windows-1252"
	case "US-ASCII":
		return "us-ascii"
	}
	name = strings.ToLower(strings.TrimSpace(name))
	name = strings.Trim(name, "\"'<>;,= \t")
	name, _, _ = strings.Cut(name, ";")
	name = strings.TrimPrefix(strings.TrimPrefix(name, "charset="), "x-unknown-")
	if alias, ok := aliases[name]; ok {
		return alias
	}
	return name
}

// toUTF8 gives the text that the bytes stand for: in the declared charset if that is known and fits, else in the one that they look
// like. The note, if any, says what did not fit. It never gives invalid UTF-8.
func toUTF8(b []byte, declared string) (text, note string) {
	name := canonicalCharset(declared)
	if isUTF8(b, name) {
		return string(b), ""
	}
	valid := utf8.Valid(b)
	switch {
	case name == "utf-7":
		return decodeUTF7(b), ""
	case name == "iso-2022-kr":
		text, _ := decodeAs(unshiftKorean(b), "euc-kr")
		return text, ""
	case hasJapaneseShift(b) && (name == "" || name == "us-ascii" || name == "utf-8"):
		text, _ := decodeAs(b, "iso-2022-jp")
		return text, "text without a charset was read as iso-2022-jp"
	case valid && !isWide(name):
		return string(b), ""
	case name != "" && name != "utf-8" && name != "us-ascii" && !unreadable[name]:
		if text, ok := decodeAs(b, name); ok && !(valid && strings.ContainsRune(text, utf8.RuneError)) {
			return text, ""
		}
	}
	if valid { // the declared charset cannot have this text, UTF-8 can
		return string(b), ""
	}
	if name == "utf-8" && mostlyUTF8(b) {
		return strings.ToValidUTF8(string(b), string(utf8.RuneError)), "some bytes of the text are not UTF-8"
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

func decodeAs(b []byte, name string) (string, bool) {
	if enc, err := ianaindex.MIME.Encoding(name); err == nil && enc != nil { // the library's reader has as much memory for a word as for a mail
		if table, ok := enc.(*charmap.Charmap); ok {
			return decodeTable(b, table), true
		}
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
func decodeTable(b []byte, table *charmap.Charmap) string {
	var out strings.Builder
	out.Grow(len(b) + len(b)/2)
	begin := 0 // of letters that stand for themselves
	for i, c := range b {
		if c >= utf8.RuneSelf {
			out.Write(b[begin:i])
			out.WriteRune(table.DecodeByte(c))
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

// guessable are the charsets that a guess may give, in the detector's words and ours; others that it knows are hardly ever right in
// mail. Of two that fit alike the first is taken: the detector itself gives them in any order.
var guessable = []struct{ detected, name string }{
	{"ISO-8859-1", "windows-1252"}, {"windows-1252", "windows-1252"}, {"windows-1251", "windows-1251"}, {"KOI8-R", "koi8-r"},
	{"ISO-8859-2", "iso-8859-2"}, {"windows-1250", "windows-1250"}, {"ISO-8859-9", "windows-1254"}, {"windows-1254", "windows-1254"},
	{"ISO-8859-7", "iso-8859-7"}, {"windows-1253", "windows-1253"}, {"ISO-8859-5", "iso-8859-5"}, {"Shift_JIS", "shift_jis"},
	{"EUC-JP", "euc-jp"}, {"EUC-KR", "euc-kr"}, {"GB-18030", "gb18030"}, {"Big5", "big5"}, {"UTF-16LE", "utf-16le"}, {"UTF-16BE", "utf-16be"},
}

// drawsBoxes tells bytes that KOI8-R has for lines and boxes, which no text has many of: Chinese has.
func drawsBoxes(b []byte) bool {
	letters, boxes := 0, 0
	for _, c := range b {
		switch {
		case c >= 0xc0 || c == 0xa3 || c == 0xb3:
			letters++
		case c >= 0x80:
			boxes++
		}
	}
	return boxes > letters/8
}

const guessSample = 3 << 8 // bytes that a guess looks at: the detector compares them with the letters of some thirty languages

func guessCharset(b []byte) string {
	if hasJapaneseShift(b[:min(len(b), 4<<10)]) {
		return "iso-2022-jp"
	}
	results, err := chardet.NewTextDetector().DetectAll(telling(b))
	if err != nil {
		return "windows-1252"
	}
	best, guess := 9, "windows-1252" // less is no guess
	for _, g := range guessable {
		for _, r := range results {
			if r.Charset == g.detected && r.Confidence > best && !(g.name == "koi8-r" && drawsBoxes(b)) {
				best, guess = r.Confidence, g.name
			}
		}
	}
	return guess
}

// telling is the part of a text by which its charset can be guessed: the lines that are not ASCII, as many as a guess looks at. Where they are
// few, the rest of the text tells nothing but its language.
func telling(b []byte) []byte {
	if len(b) <= guessSample || bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return b[:min(len(b), guessSample)]
	}
	var sample []byte
	for line := range bytes.Lines(b) {
		if first := bytes.IndexFunc(line, func(r rune) bool { return r >= utf8.RuneSelf }); first >= 0 {
			line = line[max(0, first-100):]
			if sample = append(sample, line[:min(len(line), guessSample-len(sample))]...); len(sample) == guessSample {
				return sample
			}
		}
	}
	if len(sample) == 0 {
		return b[:guessSample]
	}
	return sample
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
