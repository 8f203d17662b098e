package desk

import (
	"cmp"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// What only staff may read must not go out in an engineer's answer. Quoted text is left out when a mail is read, but there are mail
// programs that quote without any mark, and people who paste: then a mail of the desk's to staff looks like words of the engineer's.
// So the words are compared with what the desk shows staff of the ticket, and an answer that repeats it is refused before anything
// of it takes effect (T079).

const (
	// sameWords is how many words in a row are no accident.
	sameWords = 8
	// shortest is how many words a whole line needs to be known again by itself; shorter ones are anybody's.
	shortest = 3
	// maxCompared is how many messages of a ticket are looked through, latest first.
	maxCompared = 50
)

// repeatsInternal tells whether words hold something that the desk shows staff only: notes, and the words around them in mails to staff.
// What the customer has read or written himself does not count, wherever it stands too.
func (t *turn) repeatsInternal(tk *Ticket, to *policy.Staff, words string) (bool, error) {
	recent, err := t.tx.Recent(t.ctx, tk.Number, maxCompared)
	if err != nil {
		return false, err
	}
	var hidden, known []string
	for _, m := range recent {
		said := clip(cmp.Or(m.Visible, m.Text), maxWords)
		switch {
		case !told(m): // among them an answer that was refused, whose words come again
		case !m.Internal:
			known = append(known, said)
		case m.Staff != "":
			_, said = splitCommands(said)
			hidden = append(hidden, said)
		default:
			hidden = append(hidden, said)
		}
	}
	ours, err := t.wordsToStaff(tk, to)
	if err != nil {
		return false, err
	}
	return repeats(words, append(hidden, ours...), known), nil
}

// wordsToStaff are what mails about a ticket say to one of us beside what was said on it.
func (t *turn) wordsToStaff(tk *Ticket, to *policy.Staff) (all []string, err error) {
	for _, template := range []string{"assigned", "unassigned", "estimate_needed"} {
		text, err := t.d.Templates.Render(template, t.languageOf(to), t.staffData(tk, to))
		if err != nil {
			return nil, fmt.Errorf("render %s: %w", template, err)
		}
		all = append(all, text.Text)
	}
	return all, nil
}

// repeats tells whether a text repeats something of the hidden ones that stands in none of the known ones: some words in a row, or a
// whole line. Marks, spaces, case and line ends do not count, since mail programs change them.
func repeats(text string, hidden, known []string) bool {
	repeated := map[string]bool{}
	for _, h := range hidden {
		for run := range runs(h) {
			repeated[run] = false
		}
	}
	for run := range runs(text) {
		if _, ok := repeated[run]; ok {
			repeated[run] = true
		}
	}
	for _, k := range known { // a customer may have written megabytes: they are looked through and not kept
		for run := range runs(k) {
			delete(repeated, run)
		}
	}
	for _, is := range repeated {
		if is {
			return true
		}
	}
	return false
}

// runs are all runs of sameWords words of a text, and each of its lines that is shorter and has at least shortest words.
func runs(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		var words []string
		for line := range strings.Lines(text) {
			of := strings.FieldsFunc(strings.ToLower(line), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
			if n := len(of); shortest <= n && n < sameWords && !yield("\n"+strings.Join(of, " ")) {
				return
			}
			words = append(words, of...)
		}
		for i := sameWords; i <= len(words); i++ {
			if !yield(strings.Join(words[i-sameWords:i], " ")) {
				return
			}
		}
	}
}

// leaks tells why an answer must not go out, or be carried out, as it is; 0 lets it. Whatever stays inside may hold what it
// likes, but for commands below the words: with a quote that has no mark they may be somebody else's (T033).
func (v *visit) leaks(tk *Ticket, who *policy.Staff, cmds []command, words string) (templates.Phrase, error) {
	inside := slices.ContainsFunc(cmds, func(c command) bool { return c.Verb == "note" || c.Verb == "help" })
	if words == "" && !v.attaches() {
		return 0, nil
	}
	if !inside && slices.ContainsFunc(v.m.Attachments, enclosesMail) {
		return templates.WrongEnclosed, nil
	}
	if inside && (len(cmds) == 0 || cmds[len(cmds)-1].Line <= strings.Count(v.own()[:max(0, strings.Index(v.own(), words))], "\n")) {
		return 0, nil
	}
	repeated, err := v.repeatsInternal(tk, who, words)
	if err != nil || !repeated {
		return 0, err
	}
	v.because("its words repeat what only staff read")
	return templates.WrongInternal, nil
}

// enclosesMail tells a file that is a whole mail: programs that enclose what they answer, instead of quoting it, send our mails to staff so.
func enclosesMail(a message.Attachment) bool {
	name := strings.ToLower(a.Filename)
	return strings.HasPrefix(a.ContentType, "message/") || strings.HasSuffix(name, ".eml") || strings.HasSuffix(name, ".msg")
}

// spoken makes public text of an engineer's words, with the desk's address in the place of those that no customer knows (S1): staff's
// own, as signatures have them, and reply addresses, which are each for one person.
func (t *turn) spoken(tk *Ticket, words string) templates.PublicText {
	var private []string
	for _, s := range t.p.Staff {
		private = append(private, regexp.QuoteMeta(s.Address))
	}
	for _, box := range t.p.Mailboxes {
		for _, a := range append([]string{box.Address}, box.Aliases...) {
			private = append(private, regexp.QuoteMeta(message.Local(a))+`\+[a-z0-9]{24,64}@`+regexp.QuoteMeta(message.Domain(a)))
		}
	}
	addresses, err := regexp.Compile(`(?i)\b(?:` + strings.Join(private, "|") + `)\b`)
	if err != nil {
		panic(fmt.Sprintf("desk: addresses of the policy make no expression: %v", err)) // each of them is quoted
	}
	return public(addresses.ReplaceAllLiteralString(words, t.mailbox(tk).Address))
}
