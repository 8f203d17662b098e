package parse

import (
	"bytes"
	"io"
	"regexp"
	"strconv"

	"github.com/postdesk/postdesk/desk/message"
)

// Files inside of a leaf part: those of a winmail.dat, and those that old programs wrote into the text by uuencode. Their paths go on
// behind a slash, as no path of the walk does.

// innerFiles lists the files in a leaf.
func (p *part) innerFiles(body io.Reader) []message.Attachment {
	if p.isTNEF() {
		t, _ := readTNEF(body, 0, nil)
		return t.attachments(p.path)
	}
	var list []message.Attachment
	for i, f := range p.uuFiles(body) {
		list = append(list, f.attachment(p.path, i+1))
	}
	return list
}

// innerFile is the file number n, from 1, of those that innerFiles listed.
func (p *part) innerFile(body io.Reader, n int) io.Reader {
	if !p.isTNEF() {
		return bytes.NewReader(p.uuFiles(body)[n-1].data)
	}
	file := io.Reader(bytes.NewReader(nil))
	readTNEF(body, n, func(r io.Reader) { file = r })
	return file
}

// A uuFile is one file in a text.
type uuFile struct {
	name string
	data []byte
}

func (f uuFile) attachment(outer string, n int) message.Attachment {
	name := safeName(rawText(f.name, ""))
	return message.Attachment{Part: outer + "/" + strconv.Itoa(n), Filename: name, ContentType: mediaOfName(name), Size: int64(len(f.data))}
}

func (p *part) uuFiles(body io.Reader) []uuFile {
	if !p.isText() || p.media != "text/plain" {
		return nil
	}
	b, _ := io.ReadAll(io.LimitReader(body, maxText))
	_, files := cutUU(b)
	return files
}

// uuBegin is the first line of a file, with its mode and name.
var uuBegin = regexp.MustCompile(`(?m)^begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n`)

const maxUUFiles = 50

// cutUU takes whole uuencoded files out of a text. What only looks like the beginning of one stays text.
func cutUU(b []byte) (rest []byte, files []uuFile) {
	if !bytes.Contains(b, []byte("begin ")) {
		return b, nil
	}
	kept := b
	for at := 0; len(files) < maxUUFiles; {
		begin := uuBegin.FindSubmatchIndex(kept[at:])
		if begin == nil {
			break
		}
		start, body := at+begin[0], at+begin[1]
		code, whole := uuCode(kept[body:])
		if whole == 0 {
			at = body
			continue
		}
		d := &uuText{in: true}
		data := d.finish(d.decode(nil, kept[body:body+code]))
		files = append(files, uuFile{name: string(kept[at+begin[2] : at+begin[3]]), data: data})
		kept = append(append(make([]byte, 0, len(kept)), kept[:start]...), bytes.TrimLeft(kept[body+whole:], "\r\n")...)
		at = start
	}
	return kept, files
}

// uuCode gives the length of the lines of a code that b begins with, and the length with the line "end"; 0 where it is no code. The first
// sign of a line says how long it is, give or take what relays change. A line that begins another code is none, so that no line is
// looked at twice.
func uuCode(b []byte) (code, whole int) {
	for line := range bytes.Lines(b) {
		text := bytes.TrimRight(line, " \t\r\n")
		if string(text) == "end" && code > 0 {
			return code, code + len(line)
		}
		if len(text) > 0 {
			if text[0] < ' ' || text[0] > '`' || len(text)-1 > (int(text[0]-' ')&63+2)/3*4+2 {
				return 0, 0
			}
		}
		code += len(line)
	}
	return 0, 0
}
