package parse

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// TestF40Charsets: no text and no name is lost to its charset, by whatever name a sender calls it, and however it is carried.
func TestF40Charsets(t *testing.T) {
	tests := []struct {
		text     string
		encoding encoding.Encoding
		names    []string // of the charset
	}{
		{"Größe und Maße, 5 €", charmap.Windows1252, []string{"windows-1252", "ISO-8859-1", "cp1252", "latin1", "'windows-1252'", "ISO_8859-1:1987", "iso88591", "8859-1", "x-ansi", "28591"}},
		{"Zażółć gęślą jaźń", charmap.Windows1250, []string{"windows-1250", "cp1250", "win-1250", "x-cp1250", "ms-ee"}},
		{"Zażółć gęślą jaźń", charmap.ISO8859_2, []string{"iso-8859-2", "latin2", "ISO_8859-2:1987", "iso-ir-101"}},
		{"Съешь ещё этих булок", charmap.Windows1251, []string{"windows-1251", "CP1251", "win-1251"}},
		{"Съешь ещё этих булок", charmap.KOI8R, []string{"koi8-r", "KOI8"}},
		{"Їжак і ґава", charmap.KOI8U, []string{"koi8-u"}},
		{"Съешь ещё этих булок", charmap.CodePage866, []string{"cp866", "ibm866", "x-cp866", "IBM-866", "dos-866"}},
		{"Ξεσκεπάζω την ψυχοφθόρα", charmap.Windows1253, []string{"windows-1253", "cp1253"}},
		{"Pijamalı hasta yağız şoföre", charmap.Windows1254, []string{"windows-1254", "iso-8859-9"}},
		{"דג סקרן שט בים", charmap.Windows1255, []string{"windows-1255", "win-1255"}},
		{"صِف خَلقَ خَودِ", charmap.Windows1256, []string{"windows-1256"}},
		{"Įlinkdama fechtuotojo", charmap.Windows1257, []string{"windows-1257", "win1257"}},
		{"色は匂へど散りぬるを", japanese.ISO2022JP, []string{"iso-2022-jp", "ISO-2022-JP-MS", "iso-2022-jp-3", "x-iso-2022-jp", "cp50222"}},
		{"色は匂へど散りぬるを", japanese.ShiftJIS, []string{"shift_jis", "cp932", "x-sjis", "shiftjis", "csWindows31J"}},
		{"色は匂へど散りぬるを", japanese.EUCJP, []string{"euc-jp"}},
		{"키스의 고유조건은 입술끼리", korean.EUCKR, []string{"euc-kr", "ks_c_5601-1987", "cp949"}},
		{"视野无限广，窗外有蓝天", simplifiedchinese.GBK, []string{"gb2312", "gbk", "GB18030", "cp936", "gb2312-80", "x-gbk", "chinese"}},
		{"視野無限廣，窗外有藍天", traditionalchinese.Big5, []string{"big5", "cp950", "big-5", "x-x-big5"}},
		{"Größe und Maße", charmap.CodePage850, []string{"cp850", "ibm-850", "dos-850", "pc850"}},
		{"Größe und Maße", charmap.Macintosh, []string{"macintosh", "x-mac-roman", "MacRoman"}},
		{"Größe und Maße", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), []string{"utf-16", "unicode", "", "iso-8859-1", "utf-8"}},
		{"Größe und Maße", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), []string{"utf-16", "utf-16le", "ucs-2", ""}},
		{"Größe und Maße", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), []string{"utf-16", "utf-16be", "us-ascii"}},
		{"Größe und Maße", utf32.UTF32(utf32.BigEndian, utf32.UseBOM), []string{"utf-32", "ucs-4", ""}},
		{"Größe und Maße", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), []string{"utf-32le", "utf-32", ""}},
	}
	for _, tt := range tests {
		raw, err := tt.encoding.NewEncoder().Bytes([]byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range tt.names {
			for _, carried := range []string{"8bit", "base64", "quoted-printable"} {
				body := string(raw)
				switch carried {
				case "base64":
					body = base64.StdEncoding.EncodeToString(raw)
				case "quoted-printable":
					body = fmt.Sprintf("=%02X", raw[0])
					for _, c := range raw[1:] {
						body += fmt.Sprintf("=%02X", c)
					}
				}
				word := "=?" + strings.Trim(name, "'") + "?B?" + base64.StdEncoding.EncodeToString(raw) + "?="
				m := Parse(Bytes([]byte("From: " + word + " <kim@cust.example>\nSubject: " + word + "\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" +
					"--b\nContent-Type: text/plain; charset=" + name + "\nContent-Transfer-Encoding: " + carried + "\n\n" + body + "\n" +
					"--b\nContent-Type: application/octet-stream; name=\"" + word + "\"\n\nx\n" +
					"--b\nContent-Disposition: attachment; filename*=" + strings.Trim(name, "'") + "''" + percent(raw) + "\n\nx\n--b--\n")))
				if m.Text != tt.text || m.Subject != tt.text || len(m.From) != 1 || m.From[0].Name != tt.text {
					t.Errorf("%s, %s: text %q, subject %q, from %+v; want %q", name, carried, m.Text, m.Subject, m.From, tt.text)
				}
				if len(m.Attachments) != 2 || m.Attachments[0].Filename != tt.text || m.Attachments[1].Filename != tt.text {
					t.Errorf("%s: files %+v, want two called %q", name, m.Attachments, tt.text)
				}
			}
		}
	}
	t.Run("declared as what it is not", func(t *testing.T) {
		for _, charset := range []string{"", "us-ascii", "iso-8859-1", "windows-1251", "x-none"} {
			if m := Parse(Bytes([]byte("From: kim@cust.example\nContent-Type: text/plain; charset=" + charset + "\n\nGrößenänderung, съешь\n"))); m.Text != "Größenänderung, съешь" {
				t.Errorf("UTF-8 declared as %q gives %q", charset, m.Text)
			}
		}
	})
	t.Run("UTF-7", func(t *testing.T) {
		if m := Parse(Bytes([]byte("From: kim@cust.example\nContent-Type: text/plain; charset=utf-7\n\nGr+APYA3w-e 1 +- 2\n"))); m.Text != "Größe 1 + 2" {
			t.Errorf("got %q", m.Text)
		}
	})
}

func percent(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		fmt.Fprintf(&s, "%%%02X", c)
	}
	return s.String()
}

// TestF40Parts: a file between two texts costs neither of them, and an enclosed mail keeps its name and can be read.
func TestF40Parts(t *testing.T) {
	src := Bytes([]byte("From: kim@cust.example\nSubject: files\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" +
		"--b\nContent-Type: text/plain\n\nabove\n" +
		"--b\nContent-Type: application/pdf; name=plan.pdf\nContent-Disposition: inline; filename=plan.pdf\nContent-Transfer-Encoding: base64\n\nJVBERi0=\n" +
		"--b\nContent-Type: text/plain\n\nbelow\n" +
		"--b\nContent-Type: message/rfc822; name=\"the mail.msg\"\nContent-Disposition: attachment; filename=\"the mail.msg\"\n\nFrom: lee@acme.example\nSubject: inner\n\nthe words of Lee\n" +
		"--b--\n"))
	m := Parse(src)
	if m.Text != "above\n\nbelow" {
		t.Errorf("the text is %q", m.Text)
	}
	if len(m.Attachments) != 2 || m.Attachments[0].Filename != "plan.pdf" || m.Attachments[0].Size != 5 || m.Attachments[1].Filename != "the mail.msg" {
		t.Fatalf("the files are %+v", m.Attachments)
	}
	r, _, err := Part(src, m.Attachments[1].Part)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	inner, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if in := Parse(Bytes(inner)); in.Subject != "inner" || in.Text != "the words of Lee" {
		t.Errorf("the enclosed mail is %q: %q", in.Subject, in.Text)
	}
}

// TestF38NothingIsLost: what is folded away is in the text all the same, and what may be an answer is not folded away.
func TestF38NothingIsLost(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string // of the new words
	}{
		{"answers inside of a quote", "On 2026-11-02 10:00, Kim wrote:\n> Which version?\n4.2\n> Since when?\nSince Monday.\n", []string{"4.2", "Since Monday."}},
		{"an answer below all", "> Which version?\n> Since when?\n\n4.2, since Monday.\n", []string{"4.2, since Monday."}},
		{"a redirection is no quote", "run this:\ncat a > b\nls >> c\n", []string{"cat a > b", "ls >> c"}},
		{"words behind a signature and a quote", "Hello\n\n-- \nKim\n\n> quoted\n\nOne more thing: it is urgent.\n", []string{"Hello", "One more thing: it is urgent."}},
		{"a date and a colon are no attribution", "The log of 2026-11-02 10:15 says:\ndisk full\n", []string{"The log of 2026-11-02 10:15 says:", "disk full"}},
		{"only a quote", "> Which version?\n", nil},
	} {
		m := Parse(Bytes([]byte("From: kim@cust.example\n\n" + tt.text)))
		if m.Text != strings.TrimRight(tt.text, "\n") {
			t.Errorf("%s: the text is %q", tt.name, m.Text)
		}
		for _, line := range tt.want {
			if !strings.Contains("\n"+m.Visible+"\n", "\n"+line+"\n") {
				t.Errorf("%s: %q is not among the new words %q", tt.name, line, m.Visible)
			}
		}
	}
}

// TestT060BrokenForms: each gives a mail that can be read, its source as it came, and few words about what is wrong.
func TestT060BrokenForms(t *testing.T) {
	const words = "please help"
	for _, tt := range []struct{ name, raw string }{
		{"a charset that nobody knows", "From: kim@cust.example\nSubject: x\nContent-Type: text/plain; charset=\"x-none\"\n\nplease help\n"},
		{"bytes that are in no charset", "From: kim@cust.example\nSubject: x\nContent-Type: text/plain; charset=utf-8\n\nplease help \xff\xfe\x80\n"},
		{"a transfer encoding that nobody knows", "From: kim@cust.example\nSubject: x\nContent-Transfer-Encoding: x-none\n\nplease help\n"},
		{"base64 that breaks off", "From: kim@cust.example\nSubject: x\nContent-Transfer-Encoding: base64\n\ncGxlYXNlIGhlbHA*\n"},
		{"8-bit headers", "From: K\xfcm <kim@cust.example>\nSubject: x\xe4\nX-\xff: y\n\nplease help\n"},
		{"NULs", "From: kim@cust.example\nSubject: x\x00y\n\nplease\x00 help\x00\n"},
		{"a bare CR in a header", "From: kim@cust.example\nSubject: x\ry\n\nplease help\n"},
		{"bare CRs in the text", "From: kim@cust.example\nSubject: x\n\nplease help\rmore\r\rend\n"},
		{"CR alone ends the lines", "From: kim@cust.example\rSubject: x\r\rplease help\r"},
		{"a line that is no field", "From: kim@cust.example\nthis is none\nSubject: x\n\nplease help\n"},
		{"no blank line below the header", "From: kim@cust.example\nSubject: x\nplease help\n"},
		{"an mbox separator inside", "From: kim@cust.example\n>From somebody Mon Nov  2 2026\nSubject: x\n\nplease help\n"},
		{"a boundary that is never there", "From: kim@cust.example\nSubject: x\nContent-Type: multipart/mixed; boundary=a\n\n--b\nContent-Type: text/plain\n\nplease help\n--b--\n"},
		{"a multipart that never ends", "From: kim@cust.example\nSubject: x\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nplease help\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src := []byte(tt.raw)
			m := Parse(Bytes(src))
			checkSound(t, m)
			if !strings.Contains(m.Text, words) {
				t.Errorf("the text is %q", m.Text)
			}
			if len(m.From) != 1 || m.From[0].Addr != "kim@cust.example" || !strings.HasPrefix(m.Subject, "x") {
				t.Errorf("it is from %+v, about %q", m.From, m.Subject)
			}
			if string(src) != tt.raw || m.RawHash != sha256.Sum256(src) || m.Size != int64(len(src)) {
				t.Error("the source is not as it came")
			}
			if len(m.Notes) > 2 {
				t.Errorf("the notes are %q", m.Notes)
			}
		})
	}
}

// FuzzHeader: whatever is read as a header, its fields are text that can be shown, and what comes behind it is the rest of the mail.
func FuzzHeader(f *testing.F) {
	for _, s := range []string{"From: a\n b\nTo: c\n\nbody", "From : a\r\n\r\nbody", "a\nb: c\rd: e\n\n", "X-Postdesk-A: b\nFrom: x\n\n", ">From x\nFrom: y\n \n\nz", "From: x\nno field\nDate: y\n\nz"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		lines := newLineReader(bytes.NewReader(b))
		h, _ := readHeader(lines, new(headerStore), func([]byte) bool { return false })
		froms := 0
		for _, field := range h.fields {
			if field.name == "" || strings.ContainsAny(field.name, " \t\r\n:") || strings.ContainsAny(field.value, "\x00\r") {
				t.Errorf("a field is %q: %q", field.name, field.value)
			}
			if !h.has(field.name) || h.get(strings.ToUpper(field.name)) == "" && !h.twice(field.name) && field.value != "" {
				t.Errorf("the field %q is not found", field.name)
			}
			if strings.EqualFold(field.name, "From") {
				froms++
			}
			if strings.HasPrefix(strings.ToLower(field.name), ownPrefix) && len(field.name) > len(ownPrefix) {
				t.Errorf("the field %q is of our own namespace", field.name)
			}
			if !utf8.ValidString(cleanText(field.value)) {
				t.Errorf("%q cannot be shown", field.value)
			}
		}
		if h.froms < froms {
			t.Errorf("%d From fields are counted, there are %d", h.froms, froms)
		}
		lines.free()
	})
}
