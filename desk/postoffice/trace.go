package postoffice

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
)

// accept delivers a mail to each of its recipients, with the trace that the MX of the recipient's domain adds on top of the one that
// the sender's own server wrote.
func (o *Office) accept(helo string, sent *Submission) {
	o.mu.Lock()
	defer o.mu.Unlock()
	sent.Kept = true
	now := o.options.Now()
	for _, to := range sent.To {
		acc := o.account(to)
		o.ids++
		raw := trace(helo, sent, to, o.options.Signing, o.ids, now)
		acc.folders["INBOX"].add(raw, now, nil)
	}
	o.change()
}

// trace is the mail as the recipient's MX keeps it.
func trace(helo string, sent *Submission, to string, signing []string, id int, now time.Time) []byte {
	_, domain, _ := cutLast(strings.ToLower(to), "@")
	_, senders, _ := cutLast(sent.Login, "@")
	mx := "mx." + domain
	date := now.UTC().Format(time.RFC1123Z)
	result := "dkim=none"
	hop := fmt.Sprintf("from %s (unknown [192.0.2.1]) by %s with ESMTP id %08d for <%s>; %s", helo, mx, id, to, date)
	var first string // what the sender's own server wrote before
	switch {
	case sent.Login == "":
	case senders == domain:
		result = "auth=pass smtp.auth=" + sent.Login
		hop = fmt.Sprintf("from %s (unknown [192.0.2.1])\r\n\t(Authenticated sender: %s)\r\n\tby %s with ESMTPA id %08d for <%s>; %s",
			helo, sent.Login, mx, id, to, date)
	default:
		if slices.Contains(signing, senders) {
			result = "dkim=pass header.d=" + senders
		}
		from := "mx." + senders
		first = fmt.Sprintf("Received: from %s (unknown [192.0.2.1])\r\n\t(Authenticated sender: %s)\r\n\tby %s with ESMTPA id %08d; %s\r\n",
			helo, sent.Login, from, id, date)
		hop = fmt.Sprintf("from %s (%s [192.0.2.25]) by %s with ESMTP id %08d for <%s>; %s", from, from, mx, id, to, date)
	}

	var b bytes.Buffer
	fmt.Fprintf(&b, "Return-Path: <%s>\r\nDelivered-To: %s\r\n", sent.From, to)
	fmt.Fprintf(&b, "Authentication-Results: %s; %s\r\n", mx, result)
	fmt.Fprintf(&b, "Received: %s\r\n%s", hop, first)
	b.Write(withoutForged(sent.Raw, mx))
	return b.Bytes()
}

// withoutForged takes out the results that claim to be our own, since whoever reads the mail would believe them (RFC 8601, 5).
func withoutForged(raw []byte, id string) []byte {
	n := headerLen(raw)
	var kept []byte
	for _, f := range fields(raw[:n]) {
		if !strings.EqualFold(f.name(), "Authentication-Results") || !strings.EqualFold(authserv(f.value()), id) {
			kept = append(kept, f...)
		}
	}
	return append(kept, raw[n:]...)
}

// authserv is the authserv-id of a field's value: its first word that is no comment.
func authserv(value string) string {
	depth := 0
	plain := strings.Map(func(r rune) rune {
		switch {
		case r == '(':
			depth++
			return ' '
		case r == ')' && depth > 0:
			depth--
			return ' '
		case depth > 0:
			return -1
		case r == ';' || r == '"':
			return ' '
		}
		return r
	}, value)
	if words := strings.Fields(plain); len(words) > 0 {
		return words[0]
	}
	return ""
}

// headerLen is how many bytes of a mail are its header, with the empty line that ends it.
func headerLen(raw []byte) int {
	for n := 0; n < len(raw); {
		end := bytes.IndexByte(raw[n:], '\n')
		if end < 0 {
			break
		}
		line := raw[n : n+end+1]
		n += end + 1
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return n
		}
	}
	return len(raw)
}

// A field is one header field with its folded lines, as it stands.
type field []byte

func (f field) name() string {
	name, _, _ := bytes.Cut(f, []byte(":"))
	return strings.TrimRight(string(name), " \t\r\n")
}

func (f field) value() string {
	_, value, _ := bytes.Cut(f, []byte(":"))
	return strings.TrimSpace(strings.NewReplacer("\r\n", "", "\n", "").Replace(string(value)))
}

// fields cuts a header into its fields. Put together again they are the header.
func fields(header []byte) []field {
	var all []field
	for line := range bytes.Lines(header) {
		if len(all) > 0 && (line[0] == ' ' || line[0] == '\t') {
			last := &all[len(all)-1]
			*last = append(*last, line...)
			continue
		}
		all = append(all, slices.Clone(field(line)))
	}
	return all
}
