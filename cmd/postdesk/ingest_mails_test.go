//go:build linux

package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
)

// A benchedMail is one that the generator made.
type benchedMail struct {
	raw          []byte
	conversation int
	acknowledged string // the address that gets an acknowledgement for it; "" where none is due
}

func benchTrace(i int) string {
	return "Authentication-Results: mx.desk.example; dkim=pass header.d=acme.example\r\n" +
		fmt.Sprintf("Received: from out.acme.example ([192.0.2.1]) by mx.desk.example with ESMTPS id %d; Mon, 2 Nov 2026 09:00:00 +0000\r\n", i)
}

// generated writes mails as desks get them: of a hundred, 55 begin a conversation, 35 answer in one, five are a list's and five a machine's. A
// third have HTML beside the text, a tenth a file. Each sender writes in one conversation, since an address gets few answers of a program.
func generated(n int) (mails []benchedMail, conversations, acks int) {
	var open []int // conversations of people
	last := map[int]string{}
	for i := range n {
		var head strings.Builder
		kind, id := i%20, fmt.Sprintf("%d@acme.example", i)
		m := benchedMail{conversation: conversations}
		sender := fmt.Sprintf("person%d@acme.example", conversations)
		switch {
		case kind >= 11 && kind < 18 && len(open) > 0: // an answer in one of the last ten
			m.conversation = open[max(0, len(open)-1-i*7%10)]
			sender = fmt.Sprintf("person%d@acme.example", m.conversation)
			fmt.Fprintf(&head, "In-Reply-To: <%[1]s>\r\nReferences: <%[1]s>\r\n", last[m.conversation])
		case kind == 18:
			conversations++
			fmt.Fprintf(&head, "List-Id: <news%d.acme.example>\r\n", i)
		case kind == 19:
			conversations++
			head.WriteString("Auto-Submitted: auto-replied\r\n")
		default:
			conversations++
			acks++
			open, m.acknowledged = append(open, m.conversation), sender
		}
		last[m.conversation] = id
		text := fmt.Sprintf("Hello,\r\n\r\nthe import stops at line %d with the message \"no such column\". It did so yesterday as well, with another file.\r\n"+
			"What can I do about it? We need it by Friday.\r\n\r\nBest regards\r\nPerson %d\r\n", i, m.conversation)
		text += strings.Repeat("The log says once more that nothing was found where something should be.\r\n", i%9)
		plain := "Content-Type: text/plain; charset=utf-8\r\n\r\n" + text + "\r\n-- \r\nAcme GmbH\r\n"
		body := plain
		if i%3 == 0 {
			body = "Content-Type: multipart/alternative; boundary=alt\r\n\r\n--alt\r\n" + plain + "--alt\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<div>" +
				strings.ReplaceAll(text, "\r\n", "<br>\r\n") + "</div>\r\n--alt--\r\n"
		}
		if i%10 == 4 {
			file := strings.Repeat(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{byte(i), byte(i / 7), 3}, 19))+"\r\n", 300)
			body = "Content-Type: multipart/mixed; boundary=mix\r\n\r\n--mix\r\n" + body + "--mix\r\nContent-Type: image/png; name=screen.png\r\n" +
				"Content-Disposition: attachment; filename=screen.png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + file + "--mix--\r\n"
		}
		m.raw = []byte(benchTrace(i) + fmt.Sprintf("From: Person %d <%s>\r\nTo: support@desk.example\r\nSubject: Import stops (%d)\r\nDate: Mon, 2 Nov 2026 10:00:00 +0100\r\nMessage-ID: <%s>\r\n",
			m.conversation, sender, m.conversation, id) + head.String() + "MIME-Version: 1.0\r\n" + body)
		mails = append(mails, m)
	}
	return mails, conversations, acks
}
