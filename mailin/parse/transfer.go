package parse

import (
	"bytes"
	"io"
	"strings"
)

// decoder undoes the part's transfer encoding (RFC 2045, 6), and never fails: what is no code is passed over or left as it is. It is nil
// where there is nothing to undo; odd is an encoding's name that we do not know. The library's decoders end at the first wrong byte and at
// lines of more than 4 KiB, hence our own.
func (p *part) decoder() (d decoder, odd string) {
	value := p.get("Content-Transfer-Encoding")
	switch value {
	case "", "7bit", "8bit": // as nearly all write them
		return nil, ""
	}
	switch name := transferName(value); name {
	case "base64":
		return &base64Text{}, ""
	case "quoted-printable":
		return &quotedText{}, ""
	case "uuencode", "x-uuencode", "x-uue", "uue":
		return &uuText{}, ""
	case "", "7bit", "8bit", "binary":
		return nil, ""
	default:
		return nil, cleanText(name)
	}
}

// decoded undoes the part's transfer encoding while it streams.
func (p *part) decoded(r io.Reader) io.Reader {
	if d, _ := p.decoder(); d != nil {
		return &decodingReader{r: r, d: d}
	}
	return r
}

// transferName is the encoding's name from how senders write it: "base64;", "7bit (x)", "Quoted_Printable".
func transferName(s string) string {
	s, _, _ = strings.Cut(strings.ToLower(s), ";")
	s, _, _ = strings.Cut(s, "(")
	s = strings.Trim(s, " \t\"'.,")
	s, _, _ = strings.Cut(s, " ")
	switch s {
	case "quoted_printable", "quotedprintable", "qp":
		return "quoted-printable"
	case "base-64", "b64":
		return "base64"
	case "7-bit", "8-bit", "7bits", "8bits", "none", "text":
		return "8bit"
	}
	return s
}

// A decoder undoes an encoding chunk by chunk: it appends to out what the bytes of in stand for, and at last what was left over.
type decoder interface {
	decode(out, in []byte) []byte
	finish(out []byte) []byte
}

type decodingReader struct {
	r   io.Reader
	d   decoder
	in  [4 << 10]byte
	buf []byte
	out []byte // of buf, not yet given
	err error
}

func (r *decodingReader) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		n, err := r.r.Read(r.in[:])
		r.buf = r.d.decode(r.buf[:0], r.in[:n])
		if err != nil {
			r.err = err
			r.buf = r.d.finish(r.buf)
		}
		r.out = r.buf
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

// base64Text decodes base64: foreign characters are passed over, padding ends a group and not the text (some programs encode each
// line for itself), and an unfinished group at the end counts.
type base64Text struct {
	bits uint32
	n    int // sextets in bits
}

func (d *base64Text) decode(out, in []byte) []byte {
	for i := 0; i < len(in); i++ {
		// Nearly all of it is whole groups. An index of 64, for what is no code, shows in the or of four.
		for d.n == 0 && i+4 <= len(in) {
			a, b, c, e := sextets[in[i]], sextets[in[i+1]], sextets[in[i+2]], sextets[in[i+3]]
			if (a|b|c|e)&64 != 0 {
				break
			}
			out = append(out, a<<2|b>>4, b<<4|c>>2, c<<6|e)
			i += 4
		}
		if i == len(in) {
			break
		}
		c := in[i]
		if c == '=' {
			out = d.finish(out)
		} else if v := sextets[c]; v < 64 {
			d.bits = d.bits<<6 | uint32(v)
			if d.n++; d.n == 4 {
				out = append(out, byte(d.bits>>16), byte(d.bits>>8), byte(d.bits))
				d.bits, d.n = 0, 0
			}
		}
	}
	return out
}

func (d *base64Text) finish(out []byte) []byte {
	switch d.n {
	case 2:
		out = append(out, byte(d.bits>>4))
	case 3:
		out = append(out, byte(d.bits>>10), byte(d.bits>>2))
	}
	d.bits, d.n = 0, 0
	return out
}

var sextets = func() (t [256]byte) {
	for i := range t {
		t[i] = 64
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = byte(i)
	}
	return t
}()

// quotedText decodes quoted-printable (RFC 2045, 6.7): white space at the end of a line goes, an equals sign that begins no code is
// one, and lines may be of any length.
type quotedText struct {
	space []byte // white space that is text only if something follows on the line
	code  []byte // "=" and what followed so far
}

const maxSpace = 1000

func (d *quotedText) decode(out, in []byte) []byte {
	for i := 0; i < len(in); i++ {
		if len(d.code) == 0 && len(d.space) == 0 {
			// Nearly all of it stands for itself, up to a code or to the white space at the end of a line.
			n := bytes.IndexByte(in[i:], '\n')
			if n < 0 {
				n = len(in) - i
			}
			if k := bytes.IndexByte(in[i:i+n], '='); k >= 0 {
				n = k
			}
			for n > 0 && (in[i+n-1] == ' ' || in[i+n-1] == '\t' || in[i+n-1] == '\r') {
				n--
			}
			out = append(out, in[i:i+n]...)
			if i += n; i == len(in) {
				break
			}
		}
		c := in[i]
		if len(d.code) > 0 {
			var again bool
			if out, again = d.inCode(out, c); !again {
				continue
			}
		}
		switch c {
		case '=':
			out = append(out, d.space...)
			d.space = d.space[:0]
			d.code = append(d.code[:0], c)
		case ' ', '\t', '\r':
			d.space = append(d.space, c)
			if len(d.space) > maxSpace {
				out = append(out, d.space...)
				d.space = d.space[:0]
			}
		case '\n':
			if n := len(d.space); n > 0 && d.space[n-1] == '\r' {
				out = append(out, '\r')
			}
			d.space = d.space[:0]
			out = append(out, c)
		default:
			out = append(append(out, d.space...), c)
			d.space = d.space[:0]
		}
	}
	return out
}

// inCode takes the next byte after an equals sign; again says that it was no part of the code.
func (d *quotedText) inCode(out []byte, c byte) (_ []byte, again bool) {
	second := len(d.code) == 2 && hex(d.code[1]) < 16
	switch {
	case second && hex(c) < 16:
		out = append(out, hex(d.code[1])<<4|hex(c))
		d.code = d.code[:0]
	case len(d.code) == 1 && hex(c) < 16:
		d.code = append(d.code, c)
	case !second && c == '\n': // a soft line break
		d.code = d.code[:0]
	case !second && (c == ' ' || c == '\t' || c == '\r') && len(d.code) < maxSpace:
		d.code = append(d.code, c)
	default:
		out = append(out, d.code...)
		d.code = d.code[:0]
		return out, true
	}
	return out, false
}

func (d *quotedText) finish(out []byte) []byte {
	if len(d.code) == 2 && hex(d.code[1]) < 16 {
		out = append(out, d.code...)
	}
	d.code, d.space = nil, nil
	return out
}

// hex is the value of a hexadecimal digit, 16 for any other byte.
func hex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 16
}

// uuText decodes uuencoded text: the lines between "begin" and "end".
type uuText struct {
	line []byte
	in   bool // past the "begin" line
}

const maxUULine = 100 // no line of a code is longer

func (d *uuText) decode(out, in []byte) []byte {
	for _, c := range in {
		if c != '\n' {
			if len(d.line) < maxUULine {
				d.line = append(d.line, c)
			}
			continue
		}
		out = d.finish(out)
	}
	return out
}

func (d *uuText) finish(out []byte) []byte {
	line := bytes.TrimRight(d.line, "\r")
	d.line = d.line[:0]
	switch {
	case bytes.HasPrefix(line, []byte("begin ")):
		d.in = true
	case string(line) == "end":
		d.in = false
	case d.in && len(line) > 1:
		size := len(out) + int((line[0]-' ')&63)
		for code := line[1:]; len(code) > 0; code = code[min(4, len(code)):] {
			var v [4]byte
			for i := range min(4, len(code)) {
				v[i] = (code[i] - ' ') & 63
			}
			out = append(out, v[0]<<2|v[1]>>4, v[1]<<4|v[2]>>2, v[2]<<6|v[3])
		}
		out = out[:min(size, len(out))]
	}
	return out
}
