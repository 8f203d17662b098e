package postoffice

import (
	"slices"
	"strings"
	"time"
)

// An SMTPFault is something that goes wrong at a verb.
type SMTPFault struct {
	// Verb is CONNECT (the greeting), EHLO, AUTH, MAIL, RCPT, DATA (its 354; only without TLS), or "." for the end of the mail.
	Verb      string
	Recipient string        // only a RCPT for this address, or the end of a mail whose first one it was; "" for all
	Delay     time.Duration // before anything happens
	Code      int           // the answer in place of the usual one, with Text; 421 also ends the line (RFC 5321, 3.8); 0 for the usual
	Text      string
	Drop      Drop
	Times     int // how often it happens; 0: until the faults are set anew
}

// Drop says when the line breaks.
type Drop int

// The moments for a line to break.
const (
	No         Drop = iota
	Before          // the verb has been read, nothing was done: a mail is lost
	Unanswered      // the verb was carried out, its answer is never sent: a mail is kept, and its sender cannot know
	Answered        // right after the answer
)

// An IMAPFault is something that goes wrong at a command.
type IMAPFault struct {
	Command string // LOGIN (AUTHENTICATE counts too), SELECT, FETCH, STORE, COPY, MOVE, SEARCH, EXPUNGE or IDLE (Hang only)
	UID     uint32 // only a command for this one mail; 0 for all
	How     How
	After   int64  // bytes, for Cut
	Code    string // response code of Refuse, such as UNAVAILABLE (RFC 5530)
	Text    string // of Refuse
	Times   int    // how often it happens; 0: until the faults are set anew
}

// How says what goes wrong.
type How int

// The ways of an IMAP server to fail.
const (
	Refuse  How = iota // NO
	Hang               // no answer, ever; in IDLE, no news
	Cut                // the line breaks after some more bytes
	Empty              // FETCH: OK, and nothing else
	UIDLast            // FETCH: the UID stands after the body
)

type faults struct {
	smtp []SMTPFault
	imap []IMAPFault
	cuts [2][]int64
}

// SMTPFaults replaces the faults of the SMTP server.
func (o *Office) SMTPFaults(f ...SMTPFault) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faults.smtp = slices.Clone(f)
}

// IMAPFaults replaces the faults of the IMAP server.
func (o *Office) IMAPFaults(f ...IMAPFault) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faults.imap = slices.Clone(f)
}

// CutIMAP cuts the next lines to the IMAP server, one each, when the server has sent so many bytes.
func (o *Office) CutIMAP(after ...int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faults.cuts[imapLines] = after
}

// CutSMTP is CutIMAP for the SMTP server.
func (o *Office) CutSMTP(after ...int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faults.cuts[smtpLines] = after
}

func (f *faults) cut(kind int) (after int64, ok bool) {
	if len(f.cuts[kind]) == 0 {
		return 0, false
	}
	after, f.cuts[kind] = f.cuts[kind][0], f.cuts[kind][1:]
	return after, true
}

func (o *Office) smtpFault(verb, recipient string) (SMTPFault, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, f := range o.faults.smtp {
		if f.Verb == verb && (f.Recipient == "" || strings.EqualFold(f.Recipient, recipient)) {
			if f.Times == 1 {
				o.faults.smtp = slices.Delete(o.faults.smtp, i, i+1)
			} else if f.Times > 1 {
				o.faults.smtp[i].Times--
			}
			return f, true
		}
	}
	return SMTPFault{}, false
}

// imapFault has uid 0 for a command that is not for one mail alone.
func (o *Office) imapFault(command string, uid uint32) (IMAPFault, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, f := range o.faults.imap {
		if f.Command == command && (f.UID == 0 || f.UID == uid) {
			if f.Times == 1 {
				o.faults.imap = slices.Delete(o.faults.imap, i, i+1)
			} else if f.Times > 1 {
				o.faults.imap[i].Times--
			}
			return f, true
		}
	}
	return IMAPFault{}, false
}
