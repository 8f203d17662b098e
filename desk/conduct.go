package desk

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/redact"
	"github.com/postdesk/postdesk/templates"
)

// offends tells whether a text has words that the rules of conduct do not suffer: those of the lexicons, and the policy's own. Sharp
// criticism has none (C1).
func offends(c *policy.Conduct, subject, words, language string) bool {
	if c == nil {
		return false
	}
	text := strings.ToLower(subject + "\n" + words)
	for _, allowed := range c.Allowed {
		text = without(text, allowed)
	}
	for _, list := range c.Words {
		if slices.ContainsFunc(list, func(word string) bool { return without(text, word) != text }) {
			return true
		}
	}
	if len(c.Languages) == 0 {
		return false
	}
	if !slices.Contains(c.Languages, language) {
		language = "" // the words that are clear in any language
	}
	return redact.Profane(text, language)
}

// without takes a word out of a text wherever it stands as a whole word. Both are in lower case.
func without(text, word string) string {
	if word == "" {
		return text
	}
	letter := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }
	var b strings.Builder
	done := 0
	for {
		i := strings.Index(text[done:], word)
		if i < 0 {
			return b.String() + text[done:]
		}
		start, end := done+i, done+i+len(word)
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, _ := utf8.DecodeRuneInString(text[end:])
		b.WriteString(text[done:start])
		if letter(before) || letter(after) { // a part of a longer word
			b.WriteString(word)
		}
		done = end
	}
}

// abusive tells whether the mail that is decided over is not to be considered: a person's, judged by its subject and new words, not by
// what it quotes.
func (v *visit) abusive() bool {
	return v.m.Kind == message.Human && v.who.staff == nil && offends(v.p.Conduct, v.m.Subject, v.m.Visible, v.m.Language)
}

// notConsidered keeps an abusive mail on a ticket: it moves nothing, no engineer gets it, and its writer is asked to put it again.
func (v *visit) notConsidered(tk *Ticket) error {
	v.because("not considered: it has words that the rules of conduct do not suffer")
	if err := v.keep(tk.Number, OutcomeNoted, false); err != nil {
		return err
	}
	return v.putAgain(tk)
}

// openAbusive opens a ticket for an abusive mail, which waits to be put again. Nothing is decided over it, and no clock starts.
func (v *visit) openAbusive(p place, outcome Outcome, c Customer) error {
	requester, err := v.requester(c)
	if err != nil {
		return err
	}
	tk := v.bare(c, requester, "")
	tk.Status = AwaitingDetails
	tk.Queue, tk.Department, tk.Priority, tk.Billing = v.mailbox.Queue, v.mailbox.Queue, "normal", policy.Free
	v.because("not considered: it has words that the rules of conduct do not suffer")
	if err := v.add(tk, p, outcome); err != nil {
		return err
	}
	return v.putAgain(tk)
}

// putAgain asks to put a request again, in other words, and tells whom somebody may write to who is not satisfied (C1, C3). Who is not
// proven to have written it is asked, and nothing is counted against him.
func (v *visit) putAgain(tk *Ticket) error {
	if v.who.level >= message.LevelA1s {
		v.fired = append(v.fired, v.event(EventConduct, tk.Number, Conducted{tk.Number, v.who.address, "warning"}))
	}
	if v.who.contact != nil && v.who.contact.ID != tk.Requester.ID {
		return nil // somebody else's ticket is no way to reach him
	}
	out := letter{template: "put_again", ticket: tk, to: tk.Requester, automatic: true, daily: v.who.level < message.LevelA1s}
	out.data = &templates.Customer{Desk: v.p.Desk.Name, Number: tk.Number, ManagementContact: v.p.Desk.Contact}
	return v.send(out)
}

// consider takes the request that was put again: everything is decided now, and the clocks start (C1).
func (v *visit) consider(tk *Ticket) error {
	customer, owned, err := v.account()
	if err != nil {
		return err
	}
	tk.Subject = oneLine(message.Bare(v.m.Subject), 300)
	verdict, windows, err := v.judge(customer, owned)
	if err != nil {
		return err
	}
	tk.Status, tk.ChangedAt, tk.Registered = Open, v.at, v.at
	v.grade(tk, verdict, owned, windows)
	v.touch(tk)
	v.because("it was put again, and is considered")
	return v.welcome(tk, place{})
}
