package desk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// staff decides over a mail on a ticket from an address of ours. Only a mail that proves who wrote it and answers a mail that the desk
// sent to that person acts; everything else is kept, and the person is told at the address on file (S3, THREATS.md).
func (v *visit) staff(p place) error {
	tk := p.joined
	if tk == nil {
		return v.customer(p)
	}
	v.by = p.by
	who := v.who.staff
	if may(wishAct, v.level(tk.Number, message.PurposeStaff)) != yes {
		if may(wishNote, v.level(tk.Number, message.PurposeNote)) == yes {
			// The answer to a notice, or to a forward: it stays among us (T031, F12).
			v.because("answers to this address stay internal")
			return v.keep(tk.Number, OutcomeReply, true)
		}
		if err := v.hold(p, "in the name of "+who.ID+" without proof: "+v.who.why); err != nil {
			return err
		}
		return v.heldNotice(p)
	}
	cmds, words := splitCommands(v.own())
	if v.m.Forwarded != "" { // his words too, and no commands of his (T033)
		words = strings.TrimSpace(words + "\n\n" + v.m.Forwarded)
	}
	for _, c := range cmds {
		v.commands = append(v.commands, c.Text)
	}
	if !works(who, tk) && !who.Has(policy.Dispatcher) { // be it the assignee: rights are those of now (T004)
		v.because("%s has no right to the queue %s", who.ID, tk.Queue)
		return v.refuse(tk, nil, templates.WrongRight.With(v.queueTitle(tk.Queue)))
	}
	plan, fates, err := v.plan(tk, who, cmds, words)
	if err != nil {
		return err
	}
	if plan == nil {
		return v.refuse(tk, fates, templates.Remark{})
	}
	leak, err := v.leaks(tk, who, cmds, words)
	if err != nil {
		return err
	}
	if leak != 0 {
		return v.refuse(tk, nil, leak.With())
	}
	again, err := v.sentBefore(tk, who, plan)
	if err != nil {
		return err
	}
	if again {
		v.because("%s has sent the same words to the customer before", who.ID)
		return v.refuse(tk, nil, templates.WrongAgain.With())
	}
	return v.carryOut(tk, who, plan)
}

const (
	sameAgain = time.Hour        // within which nobody writes an answer of some words anew that is the same to the letter
	sameSoon  = 10 * time.Minute // within which nobody writes even a short one
)

// sentBefore tells an answer that went out already: mail programs send a second one, with an id of its own, when the first seemed to fail. The
// customer would read it twice, and pay for its time twice (F35). Whatever the customer has written since is answered anew.
func (v *visit) sentBefore(tk *Ticket, who *policy.Staff, pl *plan) (bool, error) {
	if pl.words == "" && !v.attaches() || pl.note || pl.help || pl.forward != "" || v.typed {
		return false, nil
	}
	within := sameSoon
	if len(strings.Fields(pl.words)) >= sameWords {
		within = sameAgain
	}
	recent, err := v.tx.Recent(v.ctx, tk.Number, maxHistory+1)
	if err != nil {
		return false, err
	}
	for _, m := range recent {
		if m.Staff == "" && m.Kind == message.Human && told(m) {
			return false, nil
		}
		if m.Staff == who.ID && m.Outcome == OutcomeReply && !m.Internal && m.Visible == v.m.Visible && v.at.Sub(m.At).Abs() < within &&
			slices.EqualFunc(m.Attachments, v.m.Attachments, func(a, b message.Attachment) bool { return a.Filename == b.Filename && a.Size == b.Size }) {
			return v.reached(tk, m)
		}
	}
	return false, nil
}

// reached tells whether an answer of ours went to the ticket's requester: it may have been withheld, or to somebody else before a merge.
func (v *visit) reached(tk *Ticket, answer *Message) (bool, error) {
	mails, err := v.tx.Mails(v.ctx, tk.Number)
	return slices.ContainsFunc(mails, func(m *Mail) bool {
		return !m.Automatic && m.Audience == "customer" && m.To.Addr == tk.Requester.Address && m.State != MailFailed && !m.At.Before(answer.At)
	}), err
}

// own are the new words without the mail that they forward.
func (v *visit) own() string { return strings.TrimSuffix(v.m.Visible, v.m.Forwarded) }

// refuse keeps a staff mail of which nothing takes effect, and answers with each line's fate (S2, T004, T034).
func (v *visit) refuse(tk *Ticket, fates []templates.CommandLine, reason templates.Remark) error {
	number := int64(0)
	if tk != nil {
		number = tk.Number
	}
	if err := v.keep(number, OutcomeRefused, true); err != nil {
		return err
	}
	data := v.staffData(tk, v.who.staff)
	data.Lines, data.Reason, data.Words = fates, reason.In(v.languageOf(v.who.staff)), public(clip(v.m.Visible, maxWords))
	return v.sendStaff(tk, v.who.staff, "refused_command", data)
}

// A plan is what a staff mail does, checked whole before any of it is done: a mail with a wrong line is not half done (S2).
type plan struct {
	words    string
	note     bool
	help     bool
	spent    []TimeEntry
	noTime   bool // /spent 0m: it took none
	estimate *Estimate
	assignee *policy.Staff
	status   Status // "" leaves it
	forward  string // an address that the words go to instead of to the customer

	corrections []correction
}

// plan reads the commands of a mail. It returns nil and the fate of every line when one of them is wrong: the writer reads it in his
// language, the journal keeps it in English.
func (v *visit) plan(tk *Ticket, who *policy.Staff, cmds []command, words string) (*plan, []templates.CommandLine, error) {
	recorded := 0 // minutes that are his to correct, those of this mail included
	if slices.ContainsFunc(cmds, func(c command) bool { return c.Verb == "spent" }) {
		var err error
		if recorded, err = v.tx.Minutes(v.ctx, tk.Number, who.ID); err != nil {
			return nil, nil, err
		}
	}
	pl := &plan{words: words}
	fates := make([]templates.CommandLine, len(cmds))
	wrong := false
	seen := map[string]bool{}
	for i, c := range cmds {
		fates[i] = templates.CommandLine{N: c.Line, Text: c.Text, OK: true}
		err := v.planOne(pl, tk, who, c, &recorded)
		if err == nil && !severalTimes(c.Verb) && seen[c.Verb] {
			err = &CommandError{c.Line, c.Text, templates.WrongTwice.With(), ""}
		}
		seen[c.Verb] = true
		if err != nil {
			fates[i].OK, fates[i].Wrong, fates[i].Want = false, err.Wrong.In(v.languageOf(who)), err.Want
			v.because("%s", err)
			wrong = true
		}
	}
	if wrong {
		return nil, fates, nil
	}
	return pl, nil, nil
}

// planOne adds one command to a plan, or says what is wrong with it. recorded are his minutes on the ticket, with those of
// this mail so far.
func (v *visit) planOne(pl *plan, tk *Ticket, who *policy.Staff, c command, recorded *int) *CommandError {
	misput := func(wrong templates.Remark) *CommandError {
		return &CommandError{c.Line, c.Text, wrong, formOf(c.Verb)}
	}
	never := func(wrong templates.Remark) *CommandError { // however it is put
		return &CommandError{c.Line, c.Text, wrong, ""}
	}
	bare := func() *CommandError {
		if c.Args != "" {
			return misput(templates.WrongTail.With())
		}
		return nil
	}
	status := func(s Status) *CommandError {
		if err := bare(); err != nil {
			return err
		}
		if pl.status != "" && pl.status != s {
			return never(templates.WrongBeside.With(map[Status]string{Waiting: "/wait", Resolved: "/resolve", Closed: "/close", Open: "/reopen"}[pl.status]))
		}
		if pl.estimate != nil && (s == Resolved || s == Closed) {
			return never(templates.WrongBeside.With("/estimate"))
		}
		if s == Open && !tk.Status.Done() {
			return never(templates.WrongOpen.With())
		}
		if s != Open && tk.Status == Closed {
			return never(templates.WrongClosed.With())
		}
		pl.status = s
		return nil
	}
	if verb := pl.ends(); verb != "" && changes(c.Verb) {
		return never(templates.WrongBeside.With("/" + verb))
	}
	switch c.Verb {
	case "spent":
		n, what, ok := spentArgs(c.Args)
		if !ok {
			return misput(templates.WrongTime.With(templates.Minutes(maxMinutes)))
		}
		if *recorded+n < 0 {
			return never(templates.WrongCorrection.With(templates.Minutes(*recorded)))
		}
		if n == 0 {
			pl.noTime = true // said: so nobody asks
			break
		}
		*recorded += n
		pl.spent = append(pl.spent, TimeEntry{Ticket: tk.Number, Staff: who.ID, Kind: tk.Class, Minutes: n, What: oneLine(what, 200), At: v.at, Line: c.Line})
	case "estimate":
		lo, hi, ok := parseRange(c.Args)
		switch {
		case !ok:
			return misput(templates.WrongCredits.With())
		case tk.Status == Closed:
			return never(templates.WrongClosed.With())
		case pl.status == Resolved:
			return never(templates.WrongBeside.With("/resolve"))
		case pl.status == Closed:
			return never(templates.WrongBeside.With("/close"))
		case tk.hourly():
			return never(templates.WrongHourly.With(tk.Estimate.Rate.PerHour.String()))
		case v.class(tk).Billing == policy.Free:
			return never(templates.WrongFree.With(v.class(tk).Title))
		case tk.Hold != nil && hi < tk.Hold.Amount:
			return never(templates.WrongLess.With(templates.Credits(tk.Hold.Amount)))
		}
		pl.estimate = &Estimate{Version: 1, Min: lo, Max: hi, By: who.ID, At: v.at}
		if tk.Estimate != nil {
			pl.estimate.Version, pl.estimate.Before = tk.Estimate.Version+1, tk.Estimate.Before
		}
		if tk.Billing == policy.Free {
			pl.estimate.Before = tk.Minutes
		}
	case "assign":
		s := v.colleague(c.Args)
		names := cmp.Or(strings.Join(v.assignable(tk), ", "), "–")
		switch {
		case c.Args == "":
			return misput(templates.WrongNobody.With(names))
		case s == nil:
			return misput(templates.WrongName.With(oneLine(c.Args, 60), names))
		case !works(s, pl.moved(tk)):
			return misput(templates.WrongQueue.With(s.ID, v.queueTitle(tk.Queue), names))
		}
		pl.assignee = s
	case "note":
		pl.note = true
		return bare()
	case "wait":
		return status(Waiting)
	case "resolve":
		return status(Resolved)
	case "close":
		return status(Closed)
	case "reopen":
		return status(Open)
	case "help":
		pl.help = true
		return bare()
	case "forward":
		address, wrong := v.wrongAddress(tk, c.Args, Aside)
		switch {
		case wrong != nil:
			return misput(*wrong)
		case pl.words == "" && !v.attaches():
			return never(templates.WrongNoWords.With())
		}
		pl.forward = address
	default:
		if known, err := v.correct(pl, tk, who, c); known {
			return err
		}
		if slices.Contains(later, c.Verb) {
			return never(templates.WrongLater.With())
		}
		return &CommandError{c.Line, c.Text, templates.WrongCommand.With(), formOf(nearest(c.Verb))}
	}
	return nil
}

// colleague finds staff by id, name or address, in any case.
func (v *visit) colleague(name string) *policy.Staff {
	for _, s := range v.p.Staff {
		if strings.EqualFold(s.ID, name) || strings.EqualFold(s.Name, name) || strings.EqualFold(s.Address, name) || strings.EqualFold("@"+s.ID, name) {
			return s
		}
	}
	return nil
}

// works tells whether a person has a right to the ticket's queue, or to the department that it will go to.
func works(s *policy.Staff, tk *Ticket) bool { return s.May(tk.Queue) || s.May(tk.Department) }

// assignable are the ids of engineers who may act on the ticket.
func (t *turn) assignable(tk *Ticket) []string {
	var ids []string
	for _, s := range t.p.Staff {
		if s.Has(policy.Engineer) && works(s, tk) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// carryOut does what a plan says: time and charge first, since the answer tells them; then state; then mails.
func (v *visit) carryOut(tk *Ticket, who *policy.Staff, pl *plan) error {
	v.decided = true
	outcome := OutcomeReply
	says := pl.words != "" || v.attaches() // a file alone is an answer too
	if !says {
		outcome = OutcomeCommand
	}
	toCustomer := says && !pl.note && !pl.help && pl.forward == "" && pl.ends() != "spam" // of spam its sender gets no word
	if err := v.keep(tk.Number, outcome, !toCustomer); err != nil {
		return err
	}
	if pl.help {
		data := v.staffData(tk, who)
		for _, c := range verbs {
			data.Commands = append(data.Commands, templates.Help{Form: c.form, Meaning: c.meaning.With().In(v.languageOf(who))})
		}
		return v.sendStaff(tk, who, "command_help", data)
	}
	v.touch(tk)
	minutes := 0
	for _, e := range pl.spent {
		e.Message = v.kept.ID
		if err := v.tx.AddTime(v.ctx, e); err != nil {
			return fmt.Errorf("record %d minutes: %w", e.Minutes, err)
		}
		minutes += e.Minutes
	}
	tk.Minutes += minutes
	over, err := v.settle(tk)
	if err != nil {
		return err
	}
	if minutes > 0 {
		tk.AskedTime = false
	}
	if toCustomer || pl.estimate != nil {
		tk.respond(v.calendar(tk), v.at)
	}
	for _, x := range pl.corrections { // who gets these words is who takes part once they are sent
		if x.readers() {
			if err := v.carryCorrection(tk, who, x); err != nil {
				return err
			}
		}
	}
	if toCustomer && pl.status != Closed {
		if err := v.reply(tk, pl, minutes); err != nil {
			return err
		}
	}
	if err := v.carryState(tk, pl, toCustomer); err != nil {
		return err
	}
	if pl.forward != "" {
		if err := v.askAside(tk, who, pl.forward, pl.words); err != nil {
			return err
		}
	}
	for _, x := range pl.corrections {
		if x.readers() {
			continue // done
		}
		if err := v.carryCorrection(tk, who, x); err != nil {
			return err
		}
	}
	if pl.assignee != nil {
		tk.Assignee = pl.assignee.ID
		if err := v.tellStaff(tk, "assigned"); err != nil {
			return err
		}
	}
	return v.afterwards(tk, who, pl, toCustomer, minutes, over)
}

// attaches tells whether the mail brings files, other than the pictures of a signature.
func (v *visit) attaches() bool {
	travel, rest := forwarded(v.source, v.m.Attachments)
	return len(travel) > 0 || slices.ContainsFunc(rest, func(a message.Attachment) bool { return !a.Inline })
}

// reply sends the engineer's words to the requester, under the desk's address (S1).
func (v *visit) reply(tk *Ticket, pl *plan, minutes int) error {
	out := letter{template: "reply", ticket: tk, to: tk.Requester, data: v.customerData(tk), forward: true}
	switch {
	case pl.status == Resolved:
		out.template = "resolved"
	case pl.status == Waiting && pl.estimate == nil && !tk.Status.Awaiting():
		out.template = "waiting"
	}
	out.data.Words = v.spoken(tk, pl.words)
	if out.data.Spent != nil {
		out.data.Spent.Minutes = minutes
	}
	if out.data.Hourly != nil {
		out.data.Hourly.Minutes = minutes
	}
	return v.sendAll(out)
}

// carryState moves the ticket where the mail says. What the customer is told of it stands in the answer where there is one.
func (v *visit) carryState(tk *Ticket, pl *plan, toCustomer bool) error {
	if pl.estimate != nil {
		tk.Estimate, tk.Billing, tk.FreeWindow = pl.estimate, policy.ByCredits, false
		v.setStatus(tk, AwaitingConfirmation)
		tk.ChangedAt = v.at
		if err := v.sendEstimate(tk); err != nil {
			return err
		}
	}
	switch pl.status {
	case Waiting:
		if !tk.Status.Awaiting() { // it waits for the customer already, and for what he has to do first
			v.setStatus(tk, Waiting)
		}
	case Open:
		return v.reopen(tk)
	case Resolved:
		v.setStatus(tk, Resolved)
		if !toCustomer {
			return v.send(letter{template: "resolved", ticket: tk, to: tk.Requester, automatic: true, data: v.customerData(tk)})
		}
	case Closed:
		words := ""
		if toCustomer {
			words = pl.words
		}
		return v.closeTicket(tk, "", words)
	}
	return nil
}

// afterwards tells the engineer what his mail leaves open: a class to which nobody has agreed, a charge that stopped at the confirmed
// maximum, time that was not said, or that a mail of commands only was done.
func (v *visit) afterwards(tk *Ticket, who *policy.Staff, pl *plan, toCustomer bool, minutes int, over int64) error {
	if len(v.remarks) > 0 {
		if err := v.done(tk, who); err != nil {
			return err
		}
	}
	switch {
	case over > 0 && !tk.Status.Done() && pl.estimate == nil: // else the engineer has said himself how much it will be
		tk.Estimate = tk.raised(over)
		tk.Estimate.At = v.at
		v.setStatus(tk, AwaitingConfirmation)
		if err := v.sendEstimate(tk); err != nil {
			return err
		}
		return v.sendStaff(tk, who, "overspent", v.staffData(tk, who))
	case toCustomer && tk.billed() && minutes == 0 && !pl.noTime && !tk.AskedTime && tk.Hold != nil:
		tk.AskedTime = true
		return v.sendStaff(tk, who, "ask_time", v.staffData(tk, who))
	case !toCustomer && !v.typed && (pl.note || len(v.commands) > 0) && len(v.remarks) == 0:
		return v.done(tk, who)
	}
	return nil
}

// done tells an engineer what his mail has done, and what of it he has to know.
func (v *visit) done(tk *Ticket, who *policy.Staff) error {
	data := v.staffData(tk, who)
	for _, r := range v.remarks {
		data.Reason = strings.TrimSpace(data.Reason + " " + r.In(v.languageOf(who)))
	}
	for _, c := range v.commands {
		data.Lines = append(data.Lines, templates.CommandLine{Text: c, OK: true})
	}
	return v.sendStaff(tk, who, "command_done", data)
}

// heldNotice tells the person in whose name a mail came that it was held, at the registered address, once a day and ticket (G3, F14).
func (v *visit) heldNotice(p place) error {
	who := v.who.staff
	tk := p.joined
	if tk == nil && len(p.others) > 0 {
		tk = p.others[0]
	}
	data := v.staffData(tk, who)
	data.From = contactLine(v.who.name, v.who.address)
	why := templates.HeldUnproven
	switch {
	case v.who.level == message.LevelX:
		why = templates.HeldForged
	case v.who.level >= message.LevelA1:
		why = templates.HeldOutsideThread
	}
	data.Reason, data.LevelWhy = why.With().In(v.languageOf(who)), v.who.why
	return v.sendStaffDaily(tk, who, "held_notice", data)
}

// tellStaff sends a notice about a ticket to whom it concerns: its assignee, else the dispatchers of its queue.
func (t *turn) tellStaff(tk *Ticket, template string) error {
	return t.tellStaffWith(tk, template, func(*templates.Staff) {})
}

// tellStaffWith is tellStaff with more to say.
func (t *turn) tellStaffWith(tk *Ticket, template string, add func(*templates.Staff)) error {
	var to []*policy.Staff
	if s := t.p.StaffByID(tk.Assignee); s != nil {
		to = []*policy.Staff{s}
	} else {
		to = t.p.Dispatchers(tk.Queue)
	}
	if often, err := t.flooded(tk, to, template); err != nil || often {
		return err
	}
	for _, s := range to {
		if t.from.staff == s && template == "new_words" {
			continue
		}
		if later, err := t.inDigest(tk, s, template); err != nil || later {
			if err != nil {
				return err
			}
			continue
		}
		if err := t.tellOne(tk, s, template, add); err != nil {
			return err
		}
	}
	return nil
}

// tellOne sends one of us a notice about a ticket, with all that there is to know.
func (t *turn) tellOne(tk *Ticket, s *policy.Staff, template string, add func(*templates.Staff)) error {
	data := t.staffData(tk, s)
	if err := t.withThread(tk, s, data); err != nil {
		return err
	}
	if tk.Assignee == "" || template == "estimate_needed" {
		data.Engineers = t.assignable(tk)
	}
	if template != "assigned" && template != "unassigned" && template != "estimate_needed" { // who has it for the first time needs all of it
		data.History = shortened(data.History)
	}
	data.Clock, data.Due = t.awaited(tk, template)
	add(data)
	return t.sendStaff(tk, s, template, data)
}
