package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/postdesk/postdesk/desk/message"
)

// page shows a mail to a person: what the desk would go by, then the new words. The stranger's words are cleaned for the terminal.
func (in inspection) page(out io.Writer, m *message.Message) {
	fmt.Fprintln(out, clean(in.File))
	row := func(name string, values ...string) {
		for _, v := range values {
			if v = brief(v, 300); v != "" {
				fmt.Fprintf(out, "    %-10s %s\n", name, v)
				name = ""
			}
		}
	}
	if in.From == nil {
		row("From", "nobody: there is no address that can be read")
	} else {
		row("From", in.From.String())
	}
	row("To", addressLine(in.To))
	row("Cc", addressLine(in.Cc))
	row("Reply to", addressLine(in.ReplyTo))
	row("Subject", in.Subject)
	row("Date", in.Date)
	row("Id", in.MessageID)
	row("Answers", in.InReplyTo...)
	row("Thread", in.Thread)
	row("Kind", in.kindLine())
	row("Why", m.KindWhy...)
	if b := in.Bounce; b != nil {
		row("Failed", strings.Join(b.Recipients, ", "))
		row("Reason", strings.Trim(fmt.Sprintf("%s %s (%s)", b.Status, words(b.Reason), lasting(b.Permanent)), " "), m.Bounce.Reason)
	}
	row("Language", in.Language)
	for i, a := range in.Attachments {
		about := a.ContentType + ", " + byteSize(a.Size)
		if a.Inline {
			about += ", shown in the text"
		}
		row([]string{"Parts", ""}[min(i, 1)], fmt.Sprintf("%s (%s)", cmp.Or(a.Filename, "without a name"), about))
	}
	for i, c := range in.Signals.Contacts {
		row([]string{"Contacts", ""}[min(i, 1)], c.Type+" "+c.Value)
	}
	if in.Signals.Profanity {
		row("Words", "some that many people find offensive")
	}
	for i, f := range in.AuthResults {
		said := []string{}
		for _, r := range f.Results {
			said = append(said, strings.TrimSuffix(r.Method+"="+r.Result+" for "+provenFor(r), " for "))
		}
		row([]string{"Proofs", ""}[min(i, 1)], fmt.Sprintf("%s says %s", orDash(f.Server), orDash(strings.Join(said, ", "))))
	}
	if in.DKIM != nil {
		if len(*in.DKIM) == 0 {
			row("Signature", "none")
		}
		for i, s := range *in.DKIM {
			row([]string{"Signature", ""}[min(i, 1)], strings.TrimSuffix(fmt.Sprintf("%s of %s: %s", s.Result, orDash(s.Domain), s.Why), ": "))
		}
	}
	row("Notes", m.Notes...)
	fmt.Fprintln(out)
	for line := range strings.Lines(clean(in.VisibleText)) {
		fmt.Fprintf(out, "    | %s\n", strings.TrimRight(line, "\n"))
	}
	switch {
	case strings.TrimSpace(in.Text) == "":
		fmt.Fprintln(out, "    (there is no text)")
	case in.VisibleText == "":
		fmt.Fprintln(out, "    (nothing that the writer newly wrote)")
	}
	if left := strings.Count(in.Text, "\n") - strings.Count(in.VisibleText, "\n"); left > 0 {
		fmt.Fprintf(out, "    (%d lines folded away: quotes, signature, footers)\n", left)
	}
	fmt.Fprintln(out)
}

// provenFor is whom a result is about, where it says so.
func provenFor(r inspectedAuthWord) string {
	for _, prop := range []string{"header.d", "header.i", "smtp.mailfrom", "header.from", "smtp.auth", "smtp.helo"} {
		if v := r.Props[prop]; v != "" {
			return v
		}
	}
	return ""
}

func (a inspectedAddress) String() string {
	if a.Name == "" {
		return a.Address
	}
	return strings.TrimSpace(a.Name + " <" + a.Address + ">")
}

func addressLine(list []inspectedAddress) string {
	all := make([]string, 0, len(list))
	for _, a := range list {
		all = append(all, a.String())
	}
	return strings.Join(all, ", ")
}

func (in inspection) kindLine() string {
	if in.NoAutoResponse {
		return words(in.Kind) + ", gets no automatic answer"
	}
	return words(in.Kind)
}

func lasting(permanent bool) string {
	if permanent {
		return "final"
	}
	return "for now"
}

// byteSize is a size as people say it.
func byteSize(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d bytes", n)
	case n < 1000*1000:
		return fmt.Sprintf("%.0f kB", float64(n)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
