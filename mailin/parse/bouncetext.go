package parse

import (
	"strings"

	"github.com/postdesk/postdesk/desk/message"
)

// What a report says in its text, for mail systems that do not know the standard form, and for those whose standard form did not survive
// the way.

// textStatus reads the fields of a standard report where they stand in the text: a relay or a filter made one text of all parts.
func (e *evidence) textStatus() *deliveryStatus {
	text := clip(e.m.Text, bounceSample)
	i := statusField.FindStringIndex(text)
	if i == nil || !actionField.MatchString(text) {
		return nil
	}
	d := &deliveryStatus{}
	d.read([]byte(text[i[0]:]))
	return d
}

var (
	statusField = newPattern(`(?im)^(reporting-mta|original-recipient|final-recipient):`)
	actionField = newPattern(`(?im)^(action|status):`)
)

// recipientForms are the ways in which systems name who failed, surest first: the first form with a find gives all of them. Each has
// the address as its one group.
var recipientForms = []*pattern{
	// qmail, Postfix, Exim and Gmail: the address in brackets leads the line, and what happened follows.
	newPattern(`(?m)^[ \t>]*<(` + textAddress.source + `)>(?::| \(expanded from|\.\.\.|;|, ?$)`),
	// A label before it.
	newPattern(`(?im)^[ \t>*]*(?:final |original |failed |intended )?(?:recipients?(?: address)?(?:\(s\))?|e-?mail address|rcpt to|to|für|destinataire|destinatario|empfänger|получатель|odbiorca|ontvanger)[ \t]*:[ \t]*(?:rfc822;[ \t]*)?<?(` + textAddress.source + `)>?[ \t]*$`),
	newPattern(`(?i)(?:rcpt to|could not be delivered to|not be delivered to|unable to deliver(?: (?:your |the )?(?:message|mail))? to|deliver(?:ing|y of)? (?:your |the )?(?:message|mail)? ?to|delivery to|delivered to|error for|not delivered to|recipient address)[ \t]*:?[ \t\n]*<?(` + textAddress.source + `)`),
	// Alone on its line, as below "The following addresses failed:".
	newPattern(`(?m)^[ \t>*\-•]*<?(` + textAddress.source + `)>?[ \t]*[:;]?(?:[ \t]*[\[(][^\n]{0,200})?$`),
	// Behind a reply code.
	newPattern(`(?m)\b[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3} )?<?(` + textAddress.source + `)`),
}

// helpLine is where an address is one to ask, or the sender's.
var helpLine = newPattern(`(?i)\b(contact|assistance|help|questions?|problems? (to|with)|postmaster|administrator|support|from|sender|copy|wenden|kontakt|contacte[rz]|contatt|обрат|skontakt)\b`)

// textRecipients finds who failed in a system's own words. Addresses of the report itself, and those of people to ask, are not meant.
func (e *evidence) textRecipients(text string) []string {
	own := map[string]bool{}
	for _, a := range append(append([]message.Address{}, e.m.From...), e.m.To...) {
		own[a.Addr] = true
	}
	usable := func(found string) string {
		if addr, err := cleanAddress(strings.TrimRight(found, ".")); err == nil && !own[addr] && !strings.HasPrefix(addr, "mailer-daemon@") {
			return addr
		}
		return ""
	}
	for _, form := range recipientForms {
		var all []string
		for _, m := range form.FindAllStringSubmatch(text, 100) {
			if addr := usable(m[1]); addr != "" {
				all = append(all, addr)
			}
		}
		if len(all) > 0 {
			return all
		}
	}
	for _, unlikely := range []bool{false, true} {
		for line := range strings.Lines(text) {
			if helpLine.MatchString(clip(line, 1000)) != unlikely {
				continue
			}
			if found := textAddress.FindString(clip(line, 1000)); found != "" && usable(found) != "" {
				return []string{usable(found)} // further ones are seldom recipients
			}
		}
	}
	return nil
}
