package parse

import (
	"bytes"
	"encoding/binary"
	"io"
	"path"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/postdesk/postdesk/desk/message"
)

// Outlook may put the whole of a mail into one file, winmail.dat, in a form of its own (Microsoft's MS-OXTNEF). What it holds is listed
// beside it, and found by paths such as "2/1": the first file in part 2.

const (
	tnefSignature = 0x223e9f78

	// Attributes, by the lower half of their id (MS-OXTNEF, 2.1.3.3).
	tnefMessageProps  = 0x9003
	tnefAttachBegin   = 0x9002
	tnefAttachTitle   = 0x8010
	tnefAttachData    = 0x800f
	tnefAttachProps   = 0x9005
	tnefOemCodepage   = 0x9007
	tnefMessageText   = 0x800c
	maxTNEFProps      = 1 << 20 // bytes of the properties of a message or an attachment that are read
	maxTNEFFiles      = 100
	propBody          = 0x1000
	propHTML          = 0x1013
	propRTF           = 0x1009
	propAttachName    = 0x3704
	propAttachLong    = 0x3707
	propAttachMIME    = 0x370e
	propAttachContent = 0x3712
)

// isTNEF tells such a file. Some relays change its type and leave its name.
func (p *part) isTNEF() bool {
	return p.media == "application/ms-tnef" || p.media == "application/vnd.ms-tnef" || strings.EqualFold(p.filename(), "winmail.dat")
}

// A tnefFile is one file in a winmail.dat.
type tnefFile struct {
	name, long, media, contentID string
	size                         int64
}

type tnef struct {
	files      []tnefFile
	text, html string
	rtf        bool
	charset    string
}

// readTNEF reads to the end of r, or as far as it can be understood. want is the number of the file to give to found as a stream, from
// 1; 0 for none.
func readTNEF(r io.Reader, want int, found func(io.Reader)) (t tnef, ok bool) {
	var head [6]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || binary.LittleEndian.Uint32(head[:]) != tnefSignature {
		return t, false
	}
	for {
		var attr [9]byte // level, id, length
		if _, err := io.ReadFull(r, attr[:]); err != nil {
			return t, true
		}
		length := int64(binary.LittleEndian.Uint32(attr[5:]))
		data := io.LimitReader(r, length)
		switch id := binary.LittleEndian.Uint16(attr[1:]); id {
		case tnefAttachBegin:
			if len(t.files) == maxTNEFFiles {
				return t, true
			}
			t.files = append(t.files, tnefFile{})
		case tnefAttachData:
			if len(t.files) == 0 {
				break
			}
			if want == len(t.files) {
				found(data)
				return t, true
			}
			n, _ := io.Copy(io.Discard, data)
			t.files[len(t.files)-1].size = n
		case tnefAttachTitle, tnefAttachProps, tnefMessageProps, tnefOemCodepage, tnefMessageText:
			b, _ := io.ReadAll(io.LimitReader(data, maxTNEFProps))
			t.attribute(id, b)
		}
		io.Copy(io.Discard, data)
		if _, err := io.CopyN(io.Discard, r, 2); err != nil { // the checksum
			return t, true
		}
	}
}

func (t *tnef) attribute(id uint16, b []byte) {
	switch id {
	case tnefOemCodepage:
		if len(b) >= 4 {
			t.charset = codepage(binary.LittleEndian.Uint32(b))
		}
	case tnefMessageText:
		t.text = t.bytesText(b)
	case tnefMessageProps:
		for _, p := range tnefProps(b) {
			switch p.id {
			case propBody:
				t.text = t.propText(p)
			case propHTML:
				t.html = t.propText(p)
			case propRTF:
				t.rtf = true
			}
		}
	case tnefAttachTitle, tnefAttachProps:
		if len(t.files) == 0 {
			return
		}
		f := &t.files[len(t.files)-1]
		if id == tnefAttachTitle {
			f.name = t.bytesText(b)
			return
		}
		for _, p := range tnefProps(b) {
			switch p.id {
			case propAttachLong:
				f.long = t.propText(p)
			case propAttachName:
				if f.name == "" {
					f.name = t.propText(p)
				}
			case propAttachMIME:
				f.media = strings.ToLower(t.propText(p))
			case propAttachContent:
				f.contentID = t.propText(p)
			}
		}
	}
}

// A tnefProp is a property with text or bytes; others are passed over.
type tnefProp struct {
	id    uint16
	wide  bool // UTF-16
	value []byte
}

// tnefProps reads a list of properties (MS-OXTNEF, 2.1.3.4). It stops at the first that makes no sense.
func tnefProps(b []byte) (props []tnefProp) {
	next := func(n int) []byte {
		if n < 0 || n > len(b) {
			b = nil
			return nil
		}
		v := b[:n]
		b = b[n:]
		return v
	}
	number := func() int {
		v := next(4)
		if v == nil {
			return -1
		}
		return int(int32(binary.LittleEndian.Uint32(v)))
	}
	for count := number(); count > 0 && len(b) >= 4; count-- {
		v := next(4)
		kind, id := binary.LittleEndian.Uint16(v), binary.LittleEndian.Uint16(v[2:])
		if id >= 0x8000 { // named by a set and a number or a word
			next(16)
			if number() == 1 {
				next(padded(number()))
			} else {
				next(4)
			}
		}
		multiple := kind&0x1000 != 0
		kind &^= 0x1000
		if size, fixed := tnefSizes[kind]; fixed {
			n := 1
			if multiple {
				n = number()
			}
			if n < 0 || n > len(b)/size {
				return props
			}
			next(n * size)
			continue
		}
		if kind != 0x1e && kind != 0x1f && kind != 0x0d && kind != 0x102 {
			return props
		}
		for n := number(); n > 0; n-- {
			size := number()
			value := next(padded(size))
			if value == nil {
				return props
			}
			props = append(props, tnefProp{id, kind == 0x1f, value[:size]})
		}
	}
	return props
}

// tnefSizes are the bytes of the types of fixed size, each padded to four.
var tnefSizes = map[uint16]int{2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xa: 4, 0xb: 4, 0x14: 8, 0x40: 8, 0x48: 16}

func padded(n int) int {
	if n < 0 {
		return -1
	}
	return (n + 3) &^ 3
}

func (t *tnef) propText(p tnefProp) string {
	if !p.wide {
		return t.bytesText(p.value)
	}
	units := make([]uint16, len(p.value)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(p.value[2*i:])
	}
	return cleanText(string(utf16.Decode(units)))
}

func (t *tnef) bytesText(b []byte) string {
	text, _ := toUTF8(bytes.TrimRight(b, "\x00"), t.charset)
	return cleanText(text)
}

func codepage(n uint32) string {
	if name, ok := codePages[int(n)]; ok {
		return name
	}
	return "windows-1252"
}

// attachment describes the file number n, from 1, of the part at outer.
func (f tnefFile) attachment(outer string, n int) message.Attachment {
	name := safeName(f.long)
	if name == "" {
		name = safeName(f.name)
	}
	media := f.media
	if main, sub, ok := strings.Cut(media, "/"); !ok || main == "" || sub == "" || strings.ContainsAny(media, " \t;") {
		media = mediaOfName(name)
	}
	return message.Attachment{
		Part: outer + "/" + strconv.Itoa(n), Filename: name, ContentType: media, Size: f.size, Inline: f.contentID != "",
		ContentID: strings.Trim(oneLine(f.contentID), "<> "),
	}
}

// mediaOfName is the type of a file by its name's ending, for senders that name none.
func mediaOfName(name string) string {
	if media, ok := mediaTypes[strings.ToLower(path.Ext(name))]; ok {
		return media
	}
	return "application/octet-stream"
}

var mediaTypes = map[string]string{
	".txt": "text/plain", ".htm": "text/html", ".html": "text/html", ".csv": "text/csv", ".ics": "text/calendar", ".pdf": "application/pdf", ".zip": "application/zip",
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".bmp": "image/bmp", ".tif": "image/tiff", ".tiff": "image/tiff",
	".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint", ".rtf": "application/rtf", ".eml": "message/rfc822",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}

// tnef lists what a winmail.dat holds. Its text counts where the mail has none of its own.
func (r *reading) tnef(p *part, body io.Reader) (files []message.Attachment) {
	t, ok := readTNEF(body, 0, nil)
	if !ok {
		return nil
	}
	switch {
	case strings.TrimSpace(t.text) != "":
		r.fallback = append(r.fallback, textPart{text: plainLines(clip(t.text, maxText))})
	case strings.TrimSpace(t.html) != "":
		r.fallback = append(r.fallback, textPart{html: true, text: plainLines(clip(t.html, maxText))})
	case t.rtf:
		r.notes.add("a winmail.dat holds the text in a form that is not read (RTF)")
	}
	return t.attachments(p.path)
}

func (t *tnef) attachments(outer string) (files []message.Attachment) {
	for i, f := range t.files {
		files = append(files, f.attachment(outer, i+1))
	}
	return files
}
