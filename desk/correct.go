package desk

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// What the desk made of a mail can be wrong: staff join two tickets, take a mail out of one, move a ticket to another queue or class. After
// it answers follow, since whatever led to the old place leads to the new one (M8).

// A correction is one such command of a plan, checked and ready to be carried out.
type correction struct {
	verb  string
	into  *Ticket       // merge, link
	split *Message      // split
	queue string        // queue
	class *policy.Class // class
	value string        // priority; invite, remove: an address
	at    time.Time     // remind
	held  heldOrder     // release, join, discard
}

// readers tells a correction that changes who gets our answers.
func (x *correction) readers() bool { return x.verb == "invite" || x.verb == "remove" }

// priorities that a ticket can have, least urgent first.
var priorities = []string{"low", "normal", "high", "urgent"}

// correct adds a command of this file to a plan, or says what is wrong with it; known is false for a verb that is none of them.
func (v *visit) correct(pl *plan, tk *Ticket, who *policy.Staff, c command) (known bool, err *CommandError) {
	misput := func(wrong templates.Remark) (bool, *CommandError) {
		return true, &CommandError{c.Line, c.Text, wrong, formOf(c.Verb)}
	}
	never := func(wrong templates.Remark) (bool, *CommandError) { // however it is put
		return true, &CommandError{c.Line, c.Text, wrong, ""}
	}
	x := correction{verb: c.Verb}
	if c.Verb == "merge" || c.Verb == "spam" {
		for _, beside := range []struct {
			is   bool
			verb string
		}{
			{pl.status != "", "/" + map[Status]string{Waiting: "wait", Resolved: "resolve", Closed: "close", Open: "reopen"}[pl.status]},
			{pl.estimate != nil, "/estimate"}, {pl.assignee != nil, "/assign"}, {pl.forward != "", "/forward"},
			{len(pl.corrections) > 0, "/" + pl.lastVerb()},
		} {
			if beside.is {
				return never(templates.WrongBeside.With(beside.verb))
			}
		}
	}
	switch c.Verb {
	case "merge", "link":
		other, wrong := v.otherTicket(tk, c.Args)
		switch {
		case wrong != nil:
			return misput(*wrong)
		case !works(who, other) && !who.Has(policy.Dispatcher):
			return never(templates.WrongRight.With(v.queueTitle(other.Queue)))
		case c.Verb == "merge" && !sameSide(tk, other):
			return never(templates.WrongOthers.With(c.Args, c.Args))
		case c.Verb == "merge" && other.Status == Closed:
			return never(templates.WrongClosedOther.With(c.Args))
		case c.Verb == "merge" && other.part(tk.Requester.ID) == Removed:
			return never(templates.WrongRemoved.With(tk.Requester.Address, c.Args))
		case c.Verb == "merge" && tk.part(other.Requester.ID) == Removed: // he would read what he was taken out of
			return never(templates.WrongRemoved.With(other.Requester.Address, fmt.Sprintf("#%d", tk.Number)))
		}
		x.into = other
	case "split":
		m, wrong := v.splitOff(tk, c.Args)
		if wrong != nil {
			return misput(*wrong)
		}
		x.split = m
	case "queue":
		i := slices.IndexFunc(v.p.Queues, func(q *policy.Queue) bool { return strings.EqualFold(q.Name, c.Args) })
		if i < 0 {
			return misput(templates.WrongNoQueue.With(oneLine(c.Args, 60), strings.Join(namesOf(v.p.Queues, func(q *policy.Queue) string { return q.Name }), ", ")))
		}
		x.queue = v.p.Queues[i].Name
	case "class":
		i := slices.IndexFunc(v.p.Classes, func(q *policy.Class) bool { return strings.EqualFold(q.Name, c.Args) })
		switch {
		case i < 0:
			return misput(templates.WrongNoClass.With(oneLine(c.Args, 60), strings.Join(namesOf(v.p.Classes, func(q *policy.Class) string { return q.Name }), ", ")))
		case tk.Status == Closed:
			return never(templates.WrongClosed.With())
		}
		x.class = v.p.Classes[i]
	case "priority":
		if !slices.Contains(priorities, strings.ToLower(c.Args)) {
			return misput(templates.WrongPriority.With(strings.Join(priorities, ", ")))
		}
		x.value = strings.ToLower(c.Args)
	case "spam":
		if c.Args != "" {
			return misput(templates.WrongTail.With())
		}
	case "remind":
		at, ok := remindAt(c.Args, v.at, v.calendar(tk))
		if !ok {
			return misput(templates.WrongWhen.With())
		}
		x.at, x.value = at, c.Args
	case "invite":
		address, wrong := v.wrongAddress(tk, c.Args, Member)
		if wrong != nil {
			return misput(*wrong)
		}
		x.value = address
	case "remove":
		address, wrong := whoTakesPart(tk, c.Args)
		if wrong != nil {
			return misput(*wrong)
		}
		x.value = address
	case "release", "join", "discard":
		o, err := v.heldOrder(c, 0, nil)
		if err != nil {
			return true, err
		}
		if wrong := v.wrongOrder(o, who); wrong != nil {
			return never(*wrong)
		}
		x.held = o
	default:
		return false, nil
	}
	pl.corrections = append(pl.corrections, x)
	return true, nil
}

// ends is the verb by which a plan ends the ticket's own life; what changes that ticket has no place beside it.
func (pl *plan) ends() string {
	for _, x := range pl.corrections {
		if x.verb == "merge" || x.verb == "spam" {
			return x.verb
		}
	}
	return ""
}

func (pl *plan) lastVerb() string {
	if n := len(pl.corrections); n > 0 {
		return pl.corrections[n-1].verb
	}
	return ""
}

// moved is the ticket as it will be in the queue that the plan gives it to.
func (pl *plan) moved(tk *Ticket) *Ticket {
	for _, x := range pl.corrections {
		if x.verb == "queue" {
			there := *tk
			there.Queue, there.Department = x.queue, x.queue
			return &there
		}
	}
	return tk
}

// changes tells verbs that change how a ticket stands.
func changes(verb string) bool {
	return slices.Contains([]string{"estimate", "assign", "wait", "resolve", "close", "reopen", "merge", "split", "queue", "class", "spam", "remind", "invite", "remove", "forward"}, verb)
}

// severalTimes tells verbs that may stand in one mail more than once.
func severalTimes(verb string) bool {
	return slices.Contains([]string{"spent", "link", "remind", "invite", "remove", "release", "join", "discard"}, verb)
}

func namesOf[T any](of []T, name func(T) string) []string {
	var all []string
	for _, v := range of {
		all = append(all, name(v))
	}
	return all
}

// otherTicket reads the number of another ticket.
func (v *visit) otherTicket(tk *Ticket, arg string) (*Ticket, *templates.Remark) {
	remark := func(r templates.Remark) (*Ticket, *templates.Remark) { return nil, &r }
	n, err := strconv.ParseInt(strings.TrimPrefix(arg, "#"), 10, 64)
	if err != nil || n <= 0 {
		return remark(templates.WrongTicket.With())
	}
	other, err := v.standing(n)
	switch {
	case err != nil:
		return remark(templates.WrongTicket.With())
	case other.Number == tk.Number:
		return remark(templates.WrongItself.With())
	}
	return other, nil
}

// sameSide tells whether two tickets are of one customer, or of one person without account: only then may one become a part of the other,
// or what was said on it would show to somebody else.
func sameSide(a, b *Ticket) bool {
	if a.Customer != "" || b.Customer != "" {
		return a.Customer == b.Customer
	}
	return a.Requester.ID == b.Requester.ID && a.Requester.ID != 0
}

// splitOff finds the message that becomes a ticket of its own: the one that the answered mail told of, or the one whose number is given.
func (v *visit) splitOff(tk *Ticket, arg string) (*Message, *templates.Remark) {
	wrong := templates.WrongSplit.With()
	id, err := strconv.ParseInt(arg, 10, 64)
	if arg == "" {
		for _, c := range v.claims {
			if c.acts() && c.Ticket == tk.Number && c.Purpose == message.PurposeStaff {
				id, err = c.Arg, nil
			}
		}
	}
	if err != nil || id == 0 {
		return nil, &wrong
	}
	m, err := v.tx.Message(v.ctx, id)
	if err != nil || m.Ticket != tk.Number || !splits(m) {
		return nil, &wrong
	}
	all, err := v.tx.Messages(v.ctx, tk.Number)
	if err != nil || len(all) == 0 || all[0].ID == m.ID {
		return nil, &wrong // without its first mail there would be no ticket left
	}
	return m, nil
}

// splits tells whether a ticket could be made of a message, unless it is the only one of its ticket or its first.
func splits(m *Message) bool {
	return m.Staff == "" && !m.Internal && m.Outcome != OutcomeHeld && m.From.Addr != ""
}

var remindForm = regexp.MustCompile(`^(\d{1,3})\s*(h|d|w)$`)

// remindAt is when somebody wants to be told: some calendar days from now, at the same time of day, then the next opening ("/remind 2d").
func remindAt(arg string, now time.Time, cal *calendar.Calendar) (time.Time, bool) {
	m := remindForm.FindStringSubmatch(strings.ToLower(arg))
	if m == nil {
		return time.Time{}, false
	}
	n, _ := strconv.Atoi(m[1])
	at := now.In(cal.Zone)
	switch m[2] {
	case "h":
		at = at.Add(time.Duration(n) * time.Hour)
	case "d":
		at = at.AddDate(0, 0, n)
	case "w":
		at = at.AddDate(0, 0, 7*n)
	}
	if n == 0 || at.After(now.AddDate(1, 0, 1)) {
		return time.Time{}, false
	}
	if !cal.IsOpen(at) {
		if at = cal.NextOpening(at); at.IsZero() {
			return time.Time{}, false
		}
	}
	return at.UTC(), true
}

// carryCorrection does one of them, and writes down who did it.
func (v *visit) carryCorrection(tk *Ticket, who *policy.Staff, x correction) error {
	h := Handled{By: who.ID, What: x.verb, Ticket: tk.Number, Value: x.value}
	var err error
	switch x.verb {
	case "merge":
		h.Into = x.into.Number
		err = v.merge(tk, x.into, who)
	case "link":
		h.Into = x.into.Number
		v.link(tk, x.into)
	case "split":
		h.Message = x.split.ID
		h.Into, err = v.splitTicket(tk, x.split, who)
	case "queue":
		h.Value = x.queue
		err = v.transfer(tk, x.queue)
	case "class":
		h.Value = x.class.Name
		err = v.reclassify(tk, x.class)
	case "priority":
		tk.Priority = x.value
		v.retime(tk)
	case "spam":
		err = v.spam(tk)
	case "remind":
		h.Value = x.at.Format(time.RFC3339)
		tk.Reminders = append(tk.Reminders, Reminder{At: x.at, Staff: who.ID})
	case "invite":
		err = v.letIn(tk, x.value, who.ID)
	case "remove":
		err = v.exclude(tk, x.value, who.ID)
	case "release", "join", "discard":
		_, err = v.carryOutHeld(x.held, who)
		return err // which writes it down
	}
	if err != nil {
		return fmt.Errorf("%s on ticket %d: %w", x.verb, tk.Number, err)
	}
	v.touch(tk)
	v.handled = append(v.handled, v.event(EventHandled, tk.Number, h))
	return nil
}

// merge makes a ticket a part of another: its messages are that one's, and whatever leads to it leads there. What was charged on it stays
// where it was posted, what it held and did not use goes back ("Charge" of MISSION.md).
func (v *visit) merge(from, into *Ticket, who *policy.Staff) error {
	if err := v.release(from); err != nil {
		return err
	}
	for i := range from.Clocks {
		from.Clocks[i].stop(v.at) // what was owed on it is owed on the other
	}
	v.setStatus(from, Closed)
	from.MergedInto, from.Reminders, from.Flood = into.Number, nil, nil
	v.touch(from)
	if err := v.tx.MoveMessages(v.ctx, from.Number, into.Number); err != nil {
		return err
	}
	delete(v.threads, from.Number)
	delete(v.threads, into.Number)
	v.readFromNow(from, into)
	everybody := append([]Participant{{Contact: from.Requester, Role: Member}}, from.Participants...)
	for _, p := range everybody {
		if p.Contact.ID == 0 || p.Contact.ID == into.Requester.ID || into.participant(p.Contact.ID) != nil {
			continue
		}
		if !p.takes() { // he stays out of what he was taken out of
			into.Participants = append(into.Participants, p)
			continue
		}
		if err := v.addParticipant(into, p.Contact.Address, p.Role, who.ID); err != nil {
			return err
		}
	}
	for _, number := range from.Linked {
		if other, err := v.standing(number); err == nil {
			v.link(into, other)
		}
	}
	v.touch(into)
	if err := v.tellMerged(from, into); err != nil {
		return err
	}
	return v.tellStaff(into, "new_words")
}

// readFromNow keeps from whoever was let in to a ticket what was said on another that becomes a part of it: he reads on from now. Who was let
// in to both reads on from when he was to the later one.
func (v *visit) readFromNow(from, into *Ticket) {
	for i := range into.Participants {
		p := &into.Participants[i]
		there := from.participant(p.Contact.ID)
		switch {
		case p.Role != Member || p.Contact.ID == from.Requester.ID:
		case there == nil || there.Role != Member:
			p.Since = v.now
		case there.Since.After(p.Since):
			p.Since = there.Since
		}
	}
}

// tellMerged tells the requester of a merged ticket where it goes on.
func (v *visit) tellMerged(from, into *Ticket) error {
	data := v.customerData(into)
	data.Related, data.Name, data.Subject = from.Number, from.Requester.Name, string(public(from.Subject))
	if from.Requester.ID != into.Requester.ID {
		data.Spent, data.Hourly, data.Estimate, data.ConfirmURL = nil, nil, nil, ""
	}
	return v.send(letter{template: "merged", ticket: into, to: from.Requester, automatic: true, data: data})
}

// splitTicket makes a ticket of one message, as if it had come alone when it did, and returns its number.
func (v *visit) splitTicket(tk *Ticket, m *Message, who *policy.Staff) (number int64, err error) {
	err = v.aside(func() error {
		again, err := v.revisit(m)
		if err != nil {
			return err
		}
		again.because("split off ticket %d by %s", tk.Number, who.ID)
		again.by = "staff"
		if err := again.open(place{by: "staff", others: []*Ticket{tk}}, OutcomeLinked); err != nil {
			return err
		}
		number = again.kept.Ticket
		return nil
	})
	return number, err
}

// transfer gives a ticket to another queue. What waits for the customer's yes goes there when it is given.
func (t *turn) transfer(tk *Ticket, queue string) error {
	tk.Department = queue
	if !tk.Status.Awaiting() && tk.Status != AwaitingEstimate {
		tk.Queue = queue
	}
	if s := t.p.StaffByID(tk.Assignee); s != nil && works(s, tk) {
		return nil
	}
	tk.Assignee = ""
	if tk.Status.Done() || tk.Status.Awaiting() {
		return nil
	}
	if tk.Status == AwaitingEstimate {
		return t.tellStaff(tk, "estimate_needed")
	}
	return t.dispatch(tk)
}

// spam closes a ticket that is nobody's request, without a word to whoever wrote it.
func (t *turn) spam(tk *Ticket) error {
	if err := t.release(tk); err != nil {
		return err
	}
	for i := range tk.Clocks {
		tk.Clocks[i].stop(t.at)
	}
	if !slices.Contains(tk.Tags, "spam") {
		tk.Tags = append(tk.Tags, "spam")
	}
	t.setStatus(tk, Closed)
	return nil
}

// reclassify gives a ticket another class, with its queue and its terms. Its clocks follow by themselves, from the same start (R4); what it costs beyond what was confirmed is asked for anew.
func (t *turn) reclassify(tk *Ticket, class *policy.Class) error {
	before := t.class(tk)
	tk.Class = class.Name
	if tk.Priority == cmp.Or(before.Priority, "normal") {
		tk.Priority = cmp.Or(class.Priority, "normal")
	}
	t.retime(tk) // before any mail tells its deadlines
	asks, err := t.rebill(tk, class)
	if err != nil || asks {
		if err == nil && class.Queue != "" {
			tk.Department = class.Queue
		}
		return err
	}
	if class.Queue != "" && class.Queue != tk.Department {
		return t.transfer(tk, class.Queue)
	}
	return nil
}

// rebill bills a ticket by the terms of its new class, and tells whether the customer is asked for a yes first, or an engineer for an
// estimate. What was charged stays.
func (t *turn) rebill(tk *Ticket, class *policy.Class) (asks bool, err error) {
	if handled, asks, err := t.rebillByHour(tk, class); handled || err != nil {
		return asks, err
	}
	to, window := class.Billing, false
	if to != policy.Free && tk.Customer != "" {
		owned, err := t.tx.Entitlements(t.ctx, tk.Customer)
		if err != nil {
			return false, err
		}
		window = to == policy.ByCredits && class.FreeWindow && slices.Contains(t.freeWindows(owned, tk.Registered), tk.Product)
		covered := slices.ContainsFunc(t.plansFor(owned, tk.Product), func(name string) bool {
			plan := t.p.Plan(name)
			return plan != nil && slices.Contains(plan.Classes, class.Name)
		})
		if to == policy.BySubscription && !covered {
			to = policy.ByCredits
		}
	}
	switch {
	case window:
		to = policy.Free
	case to == policy.BySubscription && tk.Customer == "":
		to = policy.ByCredits // nobody's plan covers it
	}
	was := tk.Billing
	tk.Billing, tk.FreeWindow = to, window
	switch {
	case to != policy.ByCredits:
		if was != policy.ByCredits {
			return false, nil
		}
		if err := t.release(tk); err != nil {
			return false, err
		}
		if tk.Status.Awaiting() || tk.Status == AwaitingEstimate {
			t.setStatus(tk, Open)
			return true, t.dispatch(tk)
		}
		return false, nil
	case class.Estimate == nil:
		if was == policy.ByCredits {
			return false, nil // the present offer stands until an engineer makes another
		}
		if tk.Status.Done() {
			t.asksLater(class)
			return false, nil
		}
		if tk.Estimate == nil {
			t.setStatus(tk, AwaitingEstimate)
			return true, t.tellStaff(tk, "estimate_needed")
		}
	case tk.Hold != nil && tk.Estimate != nil && !tk.Estimate.ConfirmedAt.IsZero() && class.Estimate.Max <= tk.Hold.Amount:
		return false, nil // the customer has agreed to as much
	}
	offer := Estimate{Version: 1, At: t.at}
	if tk.Estimate != nil {
		offer.Version, offer.Min, offer.Max, offer.Before = tk.Estimate.Version+1, tk.Estimate.Min, tk.Estimate.Max, tk.Estimate.Before
	}
	if r := class.Estimate; r != nil {
		offer.Min, offer.Max = r.Min, r.Max
	}
	if was != policy.ByCredits {
		offer.Before = tk.Minutes
	}
	if tk.Hold != nil {
		offer.Max = max(offer.Max, tk.Hold.Amount)
		offer.Min = min(offer.Min, offer.Max)
	}
	tk.Estimate = &offer
	if tk.Status.Done() {
		t.asksLater(class) // should it be taken up again, the offer is made then
		return false, nil
	}
	t.setStatus(tk, AwaitingConfirmation)
	tk.ChangedAt = t.at
	return true, t.sendEstimate(tk)
}
