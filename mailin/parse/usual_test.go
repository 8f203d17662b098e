package parse

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/emersion/go-message/charset"
)

// What is as it usually is goes a short way. These tests hold each against the long way, which takes everything.

// pieces makes a text of so many random pieces.
func pieces(rnd *rand.Rand, n int, of ...string) string {
	var b strings.Builder
	for range rnd.IntN(n) {
		b.WriteString(of[rnd.IntN(len(of))])
	}
	return b.String()
}

func TestUsualText(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	usual := 0
	check := func(text string) {
		for _, name := range []string{"", "utf-8", "us-ascii", "windows-1252", "utf-7", "shift_jis", "iso-2022-jp"} {
			got, ok := usualText([]byte(text), name)
			if !ok {
				continue
			}
			usual++
			if decoded, _ := toUTF8([]byte(text), name); got != plainLines(decoded) {
				t.Fatalf("%q in %q gives %q, want %q", text, name, got, plainLines(decoded))
			}
		}
	}
	for c := range 256 {
		for at := range 9 {
			check(strings.Repeat("a", at) + string([]byte{byte(c)}) + strings.Repeat("~ ", 8))
		}
	}
	for range 20_000 {
		check(pieces(rnd, 30, "word", " ", "\t", "\n", "\r\n", "\r", "a line of more than eight bytes", "~"))
		check(pieces(rnd, 30, "word", "\r\n", "\f", "\x00", "\x1b$B", "\x7f", "é", "\xff", "\x80"))
		check(pieces(rnd, 30, "word", "\r\n", "é", "日本語", "\U0001f600", "\u00a0", "+AOk-", " ", "\n"))
		check(pieces(rnd, 9, "é", "日本語", "\u0085", "\ufeff", "\u2028", "\xc3", "\xed\xa0\x80"))
	}
	if usual < 100_000 {
		t.Errorf("only %d texts are usual", usual)
	}
}

// sameAddresses holds the reading of a list with one usual entry against that of any list.
func sameAddresses(t *testing.T, value string) {
	t.Helper()
	s := addressScanner{}
	s.split(value)
	if got := parseAddresses(value, ""); !slices.Equal(got, s.list) {
		t.Errorf("%q gives %q, want %q", value, got, s.list)
	}
}

func TestUsualAddresses(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 50_000 {
		sameAddresses(t, pieces(rnd, 9, "Kim", " ", "\t", "<", ">", "kim@cust.example", "@", `"`, `\`, "(", ")", ",", ":", "é", "\xe9", "=?utf-8?q?a?=", "."))
	}
}

func TestUsualLines(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	texts := []string{}
	files, _ := filepath.Glob("testdata/*.eml")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, Parse(Bytes(b)).Text)
	}
	for range 5000 {
		texts = append(texts, pieces(rnd, 20, "some words", "Sent from my iPhone", "\n", "\n", "\n> ", "\n\n", " ", ".", ":", "：", "Kim <kim@cust.example>", "On Mon, 2 Nov 2026 10:15",
			" wrote:", " schrieb", "From: Kim", "Subject: x", "Sent: 2 Nov 2026 10:15", "-- ", "-----Original Message-----", "____________", "*", "\u00a0", "\nOn Mon, 2 Nov 2026\nKim Lee wrote:\n> x\n", "\nFrom：Kim\nSent：2 Nov 2026\nTo：Lee\n",
			"\n> a line that is long enough to be broken by a program that breaks the lines it quotes\ngoes on\n> and ends"))
	}
	for _, text := range texts {
		for _, forward := range []bool{false, true} {
			v := &reader{lines: strings.Split(text, "\n"), forward: forward, forwardAt: -1}
			for v.at < len(v.lines) {
				if line := v.lines[v.at]; len(line) > maxLooked || v.at >= maxClose {
					v.step()
				} else {
					v.look(line)
				}
			}
			if got, want := visible(text, forward), tidy(v.kept); got != want {
				t.Fatalf("of %q is kept %q, want %q", text, got, want)
			}
		}
	}
}

func TestSharedAttribution(t *testing.T) {
	byExpr := regexp.MustCompile(`^(.{1,300}?)[ -]+On (Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|\d)[a-z\d./-]*,? .{10,200} wrote:$`)
	rnd := rand.New(rand.NewPCG(9, 10))
	found := 0
	for range 50_000 {
		line := pieces(rnd, 9, "new words", " ", "-", "On ", "On Mon, ", " On Tuesday ", "On onT", "2 Nov 2026 ", "é", strings.Repeat("y", 150)) + []string{" wrote:", ""}[rnd.IntN(6)/5]
		want, is := "", byExpr.FindStringSubmatch(line)
		if is != nil {
			want = is[1]
			found++
		}
		if got, ok := sharedAttribution(line); got != want || ok != (is != nil) {
			t.Fatalf("%q gives %q, %t, want %q", line, got, ok, want)
		}
	}
	if found < 1000 {
		t.Errorf("only %d lines have one", found)
	}
}

// Charsets of one byte a letter are decoded by their tables, as the library's reader has them.
func TestCharsetsAreTheLibrarys(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	names := []string{"windows-1250", "windows-1251", "windows-1252", "windows-1254", "windows-1256", "windows-874", "koi8-r", "koi8-u", "iso-8859-1", "iso-8859-2", "iso-8859-7", "iso-8859-15", "ibm866", "ibm437", "macintosh",
		"utf-8", "euc-jp", "shift_jis", "iso-2022-jp", "gb18030", "big5", "euc-kr", "utf-16", "utf-16le", "utf-7", "no-charset", "x-utf_8j", "ansi_x3.110-1983", "hz-gb-2312"}
	for _, name := range names {
		want, fine := "", false
		if r, err := charset.Reader(name, bytes.NewReader(all)); err == nil {
			if b, err := io.ReadAll(r); err == nil {
				want, fine = strings.ToValidUTF8(string(b), "\ufffd"), true
			}
		}
		if got, ok := decodeAs(all, name); got != want || ok != fine {
			t.Errorf("%s: got %q, %t; want %q, %t", name, got, ok, want, fine)
		}
	}
}

// A decoder gives the same of a text at once as byte by byte.
func TestDecodersInPieces(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 20_000 {
		in := pieces(rnd, 20, "=", "=C3=A4", "A", "0", "\r", "\n", "\r\n", " ", "\t", "words", "=\r\n", "= \n", strings.Repeat(" ", maxSpace/2), "SGVsbG8=", "begin 644 a\n", "#0V%T\n", "end\n")
		for _, kind := range []string{"quoted-printable", "base64", "uuencode"} {
			p := &part{}
			p.header, _ = readHeader(linesOf([]byte("Content-Transfer-Encoding: "+kind+"\n\n")), new(headerStore), func([]byte) bool { return false })
			d, _ := p.decoder()
			got := string(d.finish(d.decode(nil, []byte(in))))
			want, err := io.ReadAll(p.decoded(iotest.OneByteReader(strings.NewReader(in))))
			if err != nil || got != string(want) {
				t.Fatalf("%s: %q is %q at once, %q in pieces", kind, in, got, want)
			}
		}
	}
}
