package parse

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/postdesk/postdesk/desk/message"
)

// judge finds who or what wrote the mail (M4). The kinds are looked for in the order of the inspect contract, each by a table of
// signs; the first kind with a sign wins, and all its signs are told. What only asks us not to answer changes no kind.
func (r *reading) judge(m *message.Message) {
	e := &r.evidence
	*e = evidence{h: &r.top.header, m: m, top: r.top, reports: r.reports, calendarReply: r.calendarReply, store: &r.scratch.header}
	for _, k := range kinds {
		if why := k.signs(e); len(why) > 0 {
			m.Kind, m.KindWhy = k.kind, why
			break
		}
	}
	if m.Kind == message.Bounced {
		m.Bounce = e.bounce()
	}
	if m.Kind == message.FeedbackReport {
		m.Complaint = e.originalID()
	}
	if m.NoAutoResponse = m.Kind.Machine(); !m.NoAutoResponse {
		m.KindWhy = quiet.reasons(e)
		m.NoAutoResponse = len(m.KindWhy) > 0
	}
}

// evidence is what the signs are looked for in.
type evidence struct {
	h       *header
	m       *message.Message
	top     *part
	reports []report
	store   *headerStore
	dsn     *deliveryStatus
	dsnRead bool

	calendarReply bool // an answer to an invitation is in it

	madeBy    [makers]string // by the names of fields, once they were read
	namesRead bool

	ackSought bool
	ack       string // the words by which the subject acknowledges a mail

	reportCut bool
	reported  string // what the report says itself

	failureSought bool
	failureAt     int // where the line begins that has the words of a failure, -1 for none
}

var kinds = []struct {
	kind  message.Kind
	signs func(e *evidence) []string
}{
	{message.Bounced, (*evidence).bounced},
	{message.FeedbackReport, feedback.reasons},
	{message.AutoReply, automatic.reasons},
	{message.List, list.reasons},
	{message.AutoReply, notices.reasons},
}

// A sign is one thing to look for; found says in words for people what was found, "" for nothing.
type sign struct {
	found func(e *evidence) string
	field string // without which nothing is found, "" for none
	bit   uint8  // of the field's name
}

type signs []sign

func (s signs) reasons(e *evidence) (why []string) {
	for i := range s {
		if look := &s[i]; look.field == "" || e.h.mayHave(look.bit) {
			if found := look.found(e); found != "" {
				why = append(why, found)
			}
		}
	}
	return why
}

// seenIn is a sign that hangs on no field alone.
func seenIn(found func(e *evidence) string) sign { return sign{found: found} }

// fieldSign is found when the field is there and its value, in lower case, has one of the words; no words mean any value.
func fieldSign(name string, words ...string) sign {
	return sign{field: name, bit: nameBit(name), found: func(e *evidence) string {
		for i := e.h.find(name, 0); i >= 0; i = e.h.find(name, i+1) {
			v := strings.ToLower(strings.TrimSpace(e.h.fields[i].value))
			for _, word := range words {
				if strings.Contains(v, word) {
					return fmt.Sprintf("%s: %s", name, clip(oneLine(v), 80))
				}
			}
			if len(words) == 0 && says(v) {
				return fmt.Sprintf("%s: %s", name, clip(oneLine(v), 80))
			}
		}
		return ""
	}}
}

// says tells whether the value of a field, in lower case, says what the field is called.
func says(v string) bool {
	switch v {
	case "", "no", "false", "0", "none", "off", "never":
		return false
	}
	return true
}

// feedback are the signs of an abuse report (RFC 5965).
var feedback = signs{
	seenIn(func(e *evidence) string {
		for _, r := range e.reports {
			if r.media == "message/feedback-report" {
				return "a part of type message/feedback-report"
			}
		}
		return ""
	}),
	seenIn(func(e *evidence) string {
		if e.top.media == "multipart/report" && strings.EqualFold(e.top.params.get("report-type"), "feedback-report") {
			return "report-type=feedback-report"
		}
		return ""
	}),
	seenIn(func(e *evidence) string { // reports from before the standard
		if e.fromLocal("feedbackloop", "fbl", "abuse-report", "scomp") && feedbackSubject.MatchString(e.m.Subject) {
			return "an abuse report by its sender and subject"
		}
		if e.fromLocal("complaints", "feedback", "staff", "abuse") && feedbackSubject.MatchString(e.m.Subject) && (e.enclosesMail() || feedbackForm.MatchString(e.m.Subject)) {
			return "an abuse report by its sender, its subject and the mail in it"
		}
		return ""
	}),
	fieldSign("X-Report-Type", "feedback", "abuse"), fieldSign("X-XARF"), fieldSign("X-SpamCop-SourceIP"), fieldSign("X-HmXmrOriginalRecipient"),
}

var (
	feedbackSubject = newPattern(`(?i)\b(abuse report|complaint|feedback report|email feedback|spam report|client tos notification)\b`)
	feedbackForm    = newPattern(`(?i)(email feedback report for|complaint about message from|client tos notification)`) // that no person writes
)

// enclosesMail tells whether a mail, or its header, came in this one.
func (e *evidence) enclosesMail() bool {
	for _, r := range e.reports {
		if strings.HasSuffix(r.media, "rfc822") || strings.HasSuffix(r.media, "rfc822-headers") {
			return true
		}
	}
	return false
}

// automatic are the signs of a program (RFC 3834 and what came before it).
var automatic = signs{
	seenIn(func(e *evidence) string {
		v := e.autoSubmitted()
		if v == "" || v == "no" || e.forwarded() && !strings.HasPrefix(v, "auto-replied") {
			return ""
		}
		return "Auto-Submitted: " + v
	}),
	nameSign(ofResponder),
	fieldSign("X-Autogenerated", "reply", "letter", "yes", "true"), fieldSign("X-Auto-Generated"), fieldSign("X-OTRS-Loop"), fieldSign("X-Znuny-Loop"), fieldSign("X-FreeScout-Mail-Type", "auto.reply"), fieldSign("X-Vacation"),
	fieldSign("X-FC-MachineGenerated"), fieldSign("X-POST-MessageClass", "9"), fieldSign("X-Cron-Env"), fieldSign("X-Out-Of-Office"), fieldSign("X-Away"),
	fieldSign("Precedence", "auto_reply", "auto-reply", "autoreply", "auto_response"), fieldSign("X-Precedence", "auto_reply", "auto-reply", "autoreply"),
	fieldSign("Preference", "auto_reply"), // somebody's Precedence
	fieldSign("X-Mailer", "vacation", "auto-respond", "autorespond", "auto-reply", "autoreply"),
	fieldSign("Delivered-To", "autoresponder"),
	seenIn(func(e *evidence) string {
		if e.typedReport() {
			return "a report of type " + clip(oneLine(strings.ToLower(e.top.params.get("report-type"))), 40)
		}
		for _, r := range e.reports {
			if r.media == "message/disposition-notification" {
				return "a read receipt"
			}
			if r.media == "message/delivery-status" {
				return "a delivery report without a failure"
			}
		}
		return ""
	}),
	seenIn(func(e *evidence) string { // a calendar program says that the person clicked; who says more writes it
		if e.calendarReply && (strings.TrimSpace(e.m.Visible) == "" || e.calendarWrote()) {
			return "an answer to an invitation, without words"
		}
		return ""
	}),
	seenIn((*evidence).responds),
	seenIn(func(e *evidence) string {
		if m := e.acknowledged(); m != "" && !answerBegins.MatchString(e.m.Subject) && !e.fromPersonsProgram() {
			if text := clip(e.m.Visible, 2000); receivedText.MatchString(text) || automaticText.MatchString(text) {
				return "the subject and the text acknowledge a mail: " + m
			}
		}
		return ""
	}),
	seenIn(func(e *evidence) string {
		if e.fromLocal("mailer-daemon", "postmaster-daemon", "mailerdaemon", "mail-daemon", "autoresponder", "auto-reply", "autoreply", "bounces") {
			return "from a program's address"
		}
		return ""
	}),
	seenIn(func(e *evidence) string {
		// A web form may write from such an address for a person, who is then named in Reply-To.
		if e.fromNoReply() && !e.otherReplyTo() {
			return "from an address that takes no reply"
		}
		return ""
	}),
}

// list are the signs of a mailing list, a newsletter or another bulk sender (RFC 2369, RFC 2919).
var list = signs{
	fieldSign("List-Id"), fieldSign("List-Post"), fieldSign("List-Unsubscribe"), fieldSign("List-Help"), fieldSign("List-Subscribe"), fieldSign("List-Archive"),
	fieldSign("Mailing-List"), nameSign(ofBulk), fieldSign("X-Yahoo-Newman-Property", "group"),
	fieldSign("Precedence", "list", "bulk", "junk"), fieldSign("X-Precedence", "list", "bulk", "junk"),
	fieldSign("X-Mailer", "mailchimp", "cleverreach", "create send", "constant contact", "acymailing", "phplist", "sendinblue", "inxmail", "mailpoet", "newsletter"),
	seenIn(func(e *evidence) string {
		for _, a := range parseAddresses(e.h.get("Sender"), "") {
			if ofList(message.Local(a.Addr)) && !e.isFrom(a.Addr) {
				return "Sender: " + a.Addr
			}
		}
		if path, _ := e.returnPath(); ofList(message.Local(path)) && !e.isFrom(path) {
			return "Return-Path: " + clip(oneLine(path), 80)
		}
		return ""
	}),
	fieldSign("X-Loop-Detect", "listserv"),
	seenIn(func(e *evidence) string {
		if len(e.m.InReplyTo) == 0 && e.fromSystem(bulkNames) && !e.fromPersonsProgram() {
			return "from a bulk sender's address"
		}
		return ""
	}),
}

// bulkNames are the local parts of addresses that newsletters come from.
var bulkNames = []string{"newsletter", "newsletters", "mailing", "mailings", "news-noreply"}

// ofList tells the local parts by which a list's program knows what comes back to it.
func ofList(local string) bool {
	return strings.HasPrefix(local, "owner-") || strings.HasSuffix(local, "-owner") || strings.HasSuffix(local, "-request") || strings.HasSuffix(local, "-bounces") ||
		strings.Contains(local, "-bounces+") || strings.Contains(local, "+bounces-") || strings.Contains(local, "+bncb")
}

func (e *evidence) isFrom(addr string) bool {
	for _, a := range e.m.From {
		if a.Addr == addr {
			return true
		}
	}
	return false
}

// notices are the signs of what trackers, servers and jobs tell by themselves. Many of them come through lists, which are known before.
var notices = signs{
	nameSign(ofSystem), fieldSign("X-Mailer", "trac ", "fritz!box", "zuckmail", "spamarrest"),
	seenIn(func(e *evidence) string {
		if len(e.m.InReplyTo) == 0 && e.fromSystem(systemNames) && !e.otherReplyTo() && !e.fromPersonsProgram() {
			return "from a system's address"
		}
		return ""
	}),
	seenIn(func(e *evidence) string {
		if program := programName.FindString(senderName(e.m)); program != "" && !e.fromPersonsProgram() {
			return "from a program: " + program
		}
		if m := cronSubject.FindStringSubmatch(e.m.Subject); m != nil && e.fromLocal(strings.ToLower(m[1])) {
			return "the subject is a job's: " + m[0]
		}
		return ""
	}),
	seenIn(func(e *evidence) string { // who passes such a mail on says a word of his own first
		if len(e.m.InReplyTo) == 0 && !isForward(e.m.Subject) && e.saysAutomatic() && !e.fromPersonsProgram() {
			return "the text begins with the words of a program"
		}
		return ""
	}),
}

var (
	programName = newPattern(`(?i)^\(?(cron daemon|anacron|asterisk( pbx)?|fail2ban|logwatch|mdadm monitoring|smartd)\)?$`)
	cronSubject = newPattern(`(?i)^cron <([^<>@ ]+)@[^<>@ ]+> `) // names whose job it is, who sends it
)

// calendarWrote tells whether a calendar's own mail service sent the mail under a person's name.
func (e *evidence) calendarWrote() bool {
	for _, a := range parseAddresses(e.h.get("Sender"), "") {
		if strings.HasPrefix(message.Local(a.Addr), "calendar-") {
			return true
		}
	}
	return false
}

// fromSystem tells whether a sender has one of the names, whole or with what a program puts to it: notifications+12, calendar-notification.
func (e *evidence) fromSystem(names []string) bool {
	for _, a := range e.m.From {
		local := message.Local(a.Addr)
		for _, name := range names {
			rest, begins := strings.CutPrefix(local, name)
			before, ends := strings.CutSuffix(local, name)
			if begins && (rest == "" || rest[0] == '+' || rest[0] == '-') || ends && len(name) > 4 && strings.HasSuffix(before, "-") {
				return true
			}
		}
	}
	return false
}

// systemNames are the local parts of addresses that servers, watchers and jobs write from.
var systemNames = []string{"root", "cron", "nobody", "www-data", "apache", "nginx", "daemon", "nagios", "icinga", "zabbix", "munin", "logwatch", "monit", "notifications", "notification", "notify", "alerts", "alert", "bounce", "auto-confirm", "autoconfirm", "automailer",
	"voicemail", "asterisk", "icinga2", "prometheus", "alertmanager", "grafana", "sentry", "buildbot", "teamcity", "builds", "gitlab", "gitea", "forgejo", "bugzilla", "bugzilla-daemon", "notifier",
	"receipts", "order-update", "order-updates", "order-confirmation", "order-confirm", "shipment-tracking", "ship-confirm", "shipping-confirmation", "payments-messages", "fax", "efax", "faxserver", "mantis", "mantisbt", "pullrequests-reply"}

// formNames are those that may write for a person, by a form of a site, or for nobody.
var formNames = []string{"wordpress", "mailer", "system", "monitoring", "jira", "dmarc", "dmarc-reports"}

// quiet are the signs that ask for no automatic answer and leave the kind as it is: they may stand on a person's mail too, by the
// work of a forwarder or a list (F08, F09, T047).
var quiet = signs{
	seenIn(func(e *evidence) string {
		if len(e.m.InReplyTo) == 0 && e.fromSystem(formNames) && !e.otherReplyTo() {
			return "from a program's address, perhaps for a person"
		}
		return ""
	}),
	seenIn(func(e *evidence) string {
		if m := e.acknowledged(); m != "" {
			return "the subject acknowledges a mail: " + m
		}
		return ""
	}),
	seenIn(func(e *evidence) string {
		if m := perhapsAbsent.FindString(e.m.Subject); m != "" {
			return "the subject is perhaps a responder's: " + m
		}
		return ""
	}),
	fieldSign("X-Loop"), fieldSign("X-RT-Loop-Prevention"),
	seenIn(func(e *evidence) string {
		if v := e.autoSubmitted(); v != "" && v != "no" {
			return "Auto-Submitted: " + v + ", by a forwarder"
		}
		return ""
	}),
	fieldSign("X-Auto-Response-Suppress"), fieldSign("X-Suppress-Auto-Response"), fieldSign("X-Autogenerated"),
	fieldSign("X-No-Auto-Response"), fieldSign("X-No-Auto-Reply"),
	seenIn(func(e *evidence) string {
		if v, ok := e.returnPath(); ok && v == "" {
			return "an empty return path"
		}
		return ""
	}),
	seenIn(func(e *evidence) string {
		// A mail system under a person's name: who asks about such a mail says a word of his own first, or answers it.
		if len(e.m.InReplyTo) == 0 && failureSubject.MatchString(e.m.Subject) && !e.fromPersonsProgram() && e.tellsFailure() && e.beginsWithFailure() {
			return "the subject and the first words tell of a failed delivery"
		}
		return ""
	}),
}

// beginsWithFailure tells whether the words of a failure come first in the text, and soon whose it is.
func (e *evidence) beginsWithFailure() bool {
	text := e.sample()
	addr, at := nextAddress(text[e.failureAt:], 0)
	return addr != "" && at < 400 && strings.IndexFunc(text[:e.failureAt], unicode.IsLetter) < 0
}

// autoSubmitted is the keyword of the field, without parameters and comments (RFC 3834, 5.1).
func (e *evidence) autoSubmitted() string {
	v, _, _ := strings.Cut(strings.ToLower(e.h.get("Auto-Submitted")), ";")
	v, _, _ = strings.Cut(v, "(")
	return clip(oneLine(v), 40)
}

// forwarded tells whether a person's mailbox rule sent the mail on: such rules leave their own fields, and some put Auto-Submitted on
// whatever they forward (F09).
func (e *evidence) forwarded() bool {
	for _, name := range []string{"Resent-From", "Resent-To", "X-Forwarded-To", "X-Forwarded-For", "X-MS-Exchange-Inbox-Rules-Loop", "X-MS-Exchange-ForwardingLoop", "X-MS-Exchange-Transport-Forked", "X-MS-Exchange-Parent-Message-Id", "X-MS-Exchange-Generated-Message-Source"} {
		if e.h.has(name) {
			return e.autoSubmitted() != "auto-replied" && !e.answersByRule()
		}
	}
	return e.autoSubmitted() == "auto-forwarded"
}

// answersByRule tells an answer that a mailbox's rule wrote, rather than sent on: it names the mail that set the rule off as the one it answers.
func (e *evidence) answersByRule() bool {
	parents := message.ParseIDs(e.h.get("X-MS-Exchange-Parent-Message-Id"))
	return len(parents) == 1 && len(e.m.InReplyTo) == 1 && parents[0] == e.m.InReplyTo[0] && !isForward(e.m.Subject)
}

// returnPath is the envelope's sender as our server saw it; "" with ok is the null path of machines.
func (e *evidence) returnPath() (addr string, ok bool) {
	v := strings.TrimSpace(e.h.get("Return-Path"))
	if v == "" {
		return "", false
	}
	return strings.ToLower(strings.Trim(v, "<> \t")), true
}

// fromLocal tells whether the first sender's local part is one of the names, or begins with one and a separator.
func (e *evidence) fromLocal(names ...string) bool {
	for _, a := range e.m.From {
		local := message.Local(a.Addr)
		if a.Addr == "" { // such as a bare "MAILER-DAEMON", behind a name or not
			if words := strings.Fields(a.Name); len(words) > 0 {
				local = strings.ToLower(strings.Trim(words[len(words)-1], "<> "))
			}
		}
		if localIs(local, names) {
			return true
		}
	}
	return false
}

func localIs(local string, names []string) bool {
	for _, name := range names {
		if rest, ok := strings.CutPrefix(local, name); ok && (rest == "" || strings.ContainsAny(rest[:1], "+-_.=@ ")) {
			return true
		}
	}
	return false
}

// noReply are the local parts of addresses that take no reply.
var noReply = []string{"no-reply", "noreply", "no_reply", "no.reply", "donotreply", "do-not-reply", "do_not_reply", "norespond", "unmonitored",
	"nepasrepondre", "ne-pas-repondre", "nicht-antworten", "nichtantworten", "antworten-sie-nicht", "keine-antwort", "no-responder", "noresponder", "no-responda", "noresponda", "no-contestar",
	"non-rispondere", "nonrispondere", "geen-antwoord", "niet-beantwoorden", "nao-responda", "naoresponda", "nao-responder", "svara-inte", "svarainte", "ikke-svar", "ikkesvar"}

// fromNoReply finds such a name at either end of the local part: shop-noreply.
func (e *evidence) fromNoReply() bool {
	if e.fromLocal(noReply...) {
		return true
	}
	for _, a := range e.m.From {
		local := message.Local(a.Addr)
		for _, name := range noReply {
			if before, ok := strings.CutSuffix(local, name); ok && before != "" && strings.IndexByte("-_.+", before[len(before)-1]) >= 0 {
				return true
			}
		}
	}
	return false
}

// otherReplyTo tells whether answers are asked to go to somebody else, who takes them.
func (e *evidence) otherReplyTo() bool {
	for _, a := range e.m.ReplyTo {
		for _, f := range e.m.From {
			if a.Addr != "" && a.Addr != f.Addr && !localIs(message.Local(a.Addr), noReply) && !sameHouse(a.Addr, f.Addr) {
				return true
			}
		}
	}
	return false
}

// sameHouse tells whether answers go to the sender's own office or to its program, such as info@ or reply+4711@: the writer is no person
// whom a form wrote for.
func sameHouse(replyTo, from string) bool {
	local, domain := message.Local(replyTo), replyTo[strings.LastIndexByte(replyTo, '@')+1:]
	at := strings.LastIndexByte(from, '@')
	if at < 0 || from[at+1:] != domain && !strings.HasSuffix(from[at+1:], "."+domain) && !strings.HasSuffix(domain, "."+from[at+1:]) {
		return false
	}
	for _, name := range offices {
		if local == name {
			return true
		}
	}
	return localIs(local, []string{"reply", "replies", "pullrequests-reply"}) && len(local) > len("replies")
}

// offices are the local parts of addresses that companies have their mail answered from.
var offices = []string{"info", "office", "support", "service", "help", "helpdesk", "contact", "kontakt", "contacto", "hello", "hallo", "sales", "shop", "orders", "billing", "mail", "team", "care",
	"customerservice", "customer-service", "customer.service", "customercare", "kundenservice", "kundendienst", "kundenbetreuung", "serviceclient", "service-client", "atencion", "clientes", "assistenza", "klantenservice", "bok", "reply"}
