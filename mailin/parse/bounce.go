package parse

import (
	"strings"
	"unicode/utf8"

	"github.com/postdesk/postdesk/desk/message"
)

// A report is one part of a delivery or abuse report, decoded.
type report struct {
	media string
	text  []byte
}

// isReport tells the types that are kept for judging, beside being attachments.
func isReport(media string) bool {
	switch media {
	case "message/delivery-status", "message/global-delivery-status", "message/feedback-report", "message/disposition-notification",
		"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers", "message/partial":
		return true
	}
	return false
}

// status is the standard report of the mail, nil where it has none.
func (e *evidence) status() *deliveryStatus {
	if !e.dsnRead {
		e.dsnRead = true
		for _, r := range e.reports { // some put each recipient into a part of its own
			if r.media == "message/delivery-status" || r.media == "message/global-delivery-status" {
				if e.dsn == nil {
					e.dsn = &deliveryStatus{}
				}
				e.dsn.read(r.text, e.store)
			}
		}
	}
	return e.dsn
}

// bounced looks for the signs of a delivery failure. An empty return path alone is none (F08), nor is a subject: people forward such
// mails, and frauds imitate them.
func (e *evidence) bounced() []string {
	if d := e.status(); d != nil {
		for _, s := range d.recipients {
			if s.failed() {
				return []string{"a delivery report with a failure (RFC 3464)"}
			}
		}
		if len(d.recipients) > 0 {
			return nil // a report of success, or of a relay
		}
	}
	if e.h.has("X-Failed-Recipients") {
		return []string{"X-Failed-Recipients: " + clip(oneLine(e.h.get("X-Failed-Recipients")), 80)}
	}
	text := e.sample()
	told := func() bool {
		return failureSubject.MatchString(e.m.Subject) || introduction.MatchString(clip(text, 300))
	}
	coded := func() bool { return statusCode(text) != "" || replyCode(text) != "" }
	path, known := e.returnPath()
	success := func() bool {
		return successText.MatchString(text) && failureCode(text) == "" && replyCode(text) == ""
	}
	if e.fromLocal("mailer-daemon", "mailerdaemon", "mail-daemon", "mailer_daemon", "maildaemon", "post_master", "double-bounce", exchangeSystem) ||
		strings.HasPrefix(path, "mailer-daemon") || e.typedReport() || e.h.has("X-MS-Embedded-Report") {
		if !success() && (e.tellsFailure() || told() && (coded() || e.typedReport() && e.nestedStatus() != nil)) {
			return []string{"from a mail system, and the text tells of a failed delivery"}
		}
		return nil
	}
	// Who else may report is a postmaster, who may be a person with a question about mail, or anybody who took such a name. So two of
	// subject, code, returned mail and null path must go with the words, and nothing may look like a person's mail program.
	null := known && path == ""
	returned := func() bool { return len(e.reports) > 0 || returned.MatchString(text) }
	named := e.fromNoReply() && returned() || e.fromLocal("postmaster", "mail-delivery-subsystem", "mailer", "mail_administrator", "mailadmin", "mail.delivery.system", "administrator", "mmdf", "smtp", "mailmaster", "mdaemon", "ndr") || e.fromGateway()
	machine := named || null || daemonName.MatchString(senderName(e.m))
	if !machine || len(e.m.InReplyTo) > 0 || e.fromPersonsProgram() || e.otherReplyTo() || autoWords(e.m.Subject) != "" || personsLetter(text, null) || success() {
		return nil
	}
	// A fraud names nobody but its reader, and a parcel that was not delivered is no mail.
	hasCode, comesBack := coded(), returned()
	if !comesBack && (!e.namesSomebody(e.reportText()) || !named && !mailWord.MatchString(withoutAddresses(text))) {
		return nil
	}
	if list := e.namesFailed(); e.tellsFailure() && (told() && (hasCode || comesBack || list || null) || comesBack && (hasCode || list)) || told() && hasCode && (comesBack || null) {
		return []string{"a mail system's name or an empty return path, and the text tells of a failed delivery"}
	}
	return nil
}

// successText is in reports of success in a mail system's own words.
var successText = newPattern(`(?i)(success(ful|fully) (mail )?deliver|been (successfully )?(delivered|relayed) to the following|successfully (relayed|delivered)|no delivery notification was sent by)`)

// mailWord tells that a mail is what was not delivered.
var mailWord = newPattern(`(?i)(mail|message|recipient|smtp|nachricht|empfänger|mensaje|correo|messaggio|casella|bericht|письм|сообщени|почт|wiadomo|zpráv|meddelande|meddelelse|melding|viesti|mensagem|correio|üzenet|ileti|posta|μήνυμα|mesaj|メール|メッセージ|邮件|郵件|메일|메시지)`)

// personsLetter tells a person's words: a text that begins as a letter does and asks something, or ends as one; systems do the one or the other.
// Who says "my message" sent one.
func personsLetter(text string, null bool) bool {
	if begin := strings.TrimLeft(clip(text, 200), " \t\n"); greeting.MatchString(begin) && (hasQuestion(text) || !null && (peers.MatchString(begin) || endsAsLetter(text))) {
		return true
	}
	return ownMail.MatchString(text)
}

var (
	peers   = newPattern(`(?i)^(dear|hi|hello) (all|colleagues?|team|mr|mrs|ms|dr)\b`)
	ownMail = newPattern(`(?i)\b(my (last |first )?(e-?mail|mail|message)|meine (e-?mail|mail|nachricht)|mon (message|mail|courriel)|mi (mensaje|correo)|il mio messaggio|mijn (e-?mail|mail|bericht)|moj[aąe] wiadomość)\b`)
)

func endsAsLetter(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if closings.MatchString(strings.TrimSpace(line)) {
			return true
		}
	}
	return false
}

var greeting = newPattern(`(?i)^(dear|hi|hello|hey|good (morning|afternoon|evening)|hallo|guten (tag|morgen)|sehr geehrte|liebe[rs]?|bonjour|bonsoir|cher|chère|hola|buen[oa]s|estimad[oa]s?|ciao|buongiorno|salve|gentile|beste|geachte|goedendag|здравствуйте|добрый|уважаем|dzień dobry|witam|szanown)`)

// hasQuestion tells a question mark at the end of a word; one in a link is none.
func hasQuestion(text string) bool {
	for at := 0; ; at++ {
		n := strings.IndexByte(text[at:], '?')
		if n < 0 {
			return false
		}
		at += n
		if at > 0 && (text[at-1] >= utf8.RuneSelf || isWordByte(text[at-1])) && (at+1 == len(text) || text[at+1] == ' ' || text[at+1] == '\n') {
			return true
		}
	}
}

var personsProgram = newPattern(`(?i)(thunderbird|apple mail|iphone|ipad|outlook|mozilla|webmail|roundcube|evolution|kmail|mutt|android)`)

func (e *evidence) fromPersonsProgram() bool {
	return personsProgram.MatchString(e.h.get("User-Agent") + " " + e.h.get("X-Mailer"))
}

func senderName(m *message.Message) string {
	if len(m.From) == 0 {
		return ""
	}
	return m.From[0].Name
}

// typedReport tells a report by its type, or by the type's parameter where a filter made another multipart of it.
func (e *evidence) typedReport() bool {
	return e.top.media == "multipart/report" || e.top.params.get("report-type") != ""
}

// fromGateway tells a sender that is called as mail gateways and their filters are.
func (e *evidence) fromGateway() bool {
	for _, a := range e.m.From {
		if local := message.Local(a.Addr); gatewayName.MatchString(local) || daemonName.MatchString(local) {
			return true
		}
	}
	return false
}

// namesFailed tells whether the text has the head of a list of those who failed, and an address below it.
func (e *evidence) namesFailed() bool {
	_, below := e.failedBelow(e.sample())
	return below != ""
}

// failedBelow cuts a report at the head of its list of those who failed: what stands above may tell of the mail that came back, with
// whom it was sent to. The rest is "" where there is no such head, or no address below it.
func (e *evidence) failedBelow(text string) (above, below string) {
	i := failedHead.FindStringIndex(text)
	if i == nil || strings.IndexByte(text[i[1]:], '@') < 0 {
		return text, ""
	}
	below = text[i[1]:]
	left := 80 // letters that the head may go on with, to its colon
	end := strings.IndexFunc(below, func(r rune) bool { left--; return left < 0 || r == ':' || r == '@' || r == '\n' })
	return text[:i[0]], strings.TrimPrefix(below[end:], ":")
}

// exchangeSystem is the local part of the mailbox from which Exchange writes in every organization.
const exchangeSystem = "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e"

const bounceSample = 16 << 10 // bytes of the text in which a mail system's words are looked for

func (e *evidence) sample() string { return clip(e.m.Text, bounceSample) }

var (
	gatewayName    = newPattern(`(?i)(smtp|system[-_.]?administrator|anti[-_.]?virus|mail[-_.]?(gateway|guard|service|system|delivery|daemon|router)|delivery[-_.]?(report|status|notification))`)
	failedHead     = newPattern(`(?i)((did not (reach|receive)|not be delivered to|delivery to|failed for) the following|(following|these) (recipient|address|user)(s|es|\(s\)|\(es\))? .{0,40}(fail|did not|could not|had|error|rejected)|fail(ed|ure) (recipient|address|reason)(s|es)?\b|can(no|')t be delivered to the following)`)
	daemonName     = newPattern(`(?i)^"?(mail(er)?[ -]?daemon|mail deliver(y)? (sub)?system|courier mail server|mail (administrator|router|system)|internet mail delivery|postmaster|mailsystem|system administrator)\b`)
	introduction   = newPattern(`(?i)^\s*((hi|hello|hallo)[.!,]?\s+)?(this is the ([^\n]{1,40} )?(program|mail ?server|mail system|mailer-daemon) at |this message was created automatically by (the )?mail|this is an automatically generated delivery status)`)
	failureSubject = newPattern(`(?i)(user unknown|undeliver(able|ed)|not (be |been )?deliver(ed|able)|delivery (status notification|failure|failed|has failed|problem|report|error|notification)|fail(ed|ure) (mail|delivery|notice)|returned (mail|to sender)|returning message|mail (delivery )?(failure|failed|error|returned)|mail delivery (warning|problem)|failure notice|nondeliverable|non-delivery|message (status|delayed)|could not (be sent|send)|delayed mail|delivery (is )?delayed|warning: could not|error sending (your )?(mail|message)|automatically rejected|^rejected: |virus .{0,40}in your mail|banned contents|unsolicited bulk e-?mail|message from you |mail delivery status|\[bounce\]|message (that )?you sent .{0,20}blocked|(mail|message) (was |has been )?(blocked|rejected|bounced)|unzustellbar|nicht zugestellt|non remis|échec|devuelto|fehlgeschlagen|не доставлено|ошибка доставки|недоставлен|niedostarczon|nie dostarczono|nie można dostarczyć|onbestelbaar|niet (afgeleverd|bezorgd)|mancata consegna|non recapita(t|bil)|impossibile recapitare|non (délivré|distribué)|no (se ha podido )?entrega|não entregue|falha (na|de) entrega|メールエラー|配信(エラー|失敗|不能|できません)|不達|送信エラー|送信できません|退信|退回|投递失败|未送达|무배달|(배달|발송|전송).{0,6}(실패|오류|되지|못)|verzögerte zustellung|zustellung verzögert|remise (retardée|différée)|entrega (retrasada|demorada|aplazada|adiada|atrasada)|recapito (ritardato|in ritardo)|(bezorging|levering) (is )?vertraagd|доставка (отложена|задерж)|dostarczanie opóźnione|opóźnione dostarcz|olevererbart|(ikke|ej|inte) lever(et|erat|t)\b|kézbesítési hiba|toimitus epäonnistui|eroare (de|la) livrare|kan ikke leveres|toimittaminen ei|ei voi(tu|da)? toimittaa|nedoruč(iteln|en)|не удается доставить|kézbesíthetetlen|teslim edileme|δεν (παραδόθηκε|είναι δυνατή η παράδοση)|nelivrabil|no se puede entregar|não é possível entregar|未(能)?(传递|投递|傳遞|投遞|送達)|(无法|無法)(传递|投递|送达|傳遞|投遞|送達)|配信(が)?遅延)`)
	failureText    = newPattern(`(?i)(could not be delivered|couldn't be delivered|cannot be delivered|can't be delivered|was not delivered|not been delivered|been unable to deliver|unable to (be )?deliver|undeliverable|delivery (to the following|has failed|failed|to these recipients)|did not reach the following|failed to deliver|wasn't able to deliver|was unable to deliver|not able to deliver|permanent(ly)? (fatal )?(error|failure|failed)|had permanent (fatal )?errors|had transient|transcript of session|message (that )?you sent .{0,80}(could not|has not|was not|rejected)|this message was created automatically by mail|this is the (qmail-send|mail system|postfix|mail delivery)|returned to (the )?sender|returned mail|mailbox (is )?(full|unavailable|not found)|user unknown|unknown user|no such user|unknown host|no valid recipients|user (is )?not known|no user by that name|invalid final delivery|encountered delivery problems|did not receive a copy|(has|have) been postponed|was aborted after|was automatically rejected|automatically rejected:|recipient (address )?(rejected|unknown)|(host|domain) (unknown|not found|lookup)|over quota|undelivered|warning: message (still )?undelivered|will (continue|keep|be retried)|non[- ]delivery|nicht zugestellt|konnte nicht (zugestellt|ausgeliefert)|unzustellbar|n'a pas pu être|not delivered|failed recipients?|error for <|couldn't find any host|does not exist|error delivering your (mail|message)|giving up|rejected by (a|the) remote|account is (disabled|inactive)|invalid (user|recipient|address)|<<< 5\d\d|address(es|\(es\))? (failed|had)|could not be sent|n'a pas (pu |été )|impossible de (remettre|délivrer|distribuer)|non (è stato|è stata|è) (possibile )?(recapitat|consegn)|no (se pudo|pudo|ha podido|se ha podido|fue) (ser )?(entreg|enviar)|niet (worden )?(afgeleverd|bezorgd)|не (был[оа]? |может быть |могло быть )?доставлен|не удалось доставить|ne peut (pas )?être (remis|délivré|distribué)|no puede ser entregad|non può essere (consegnat|recapitat)|kan niet (worden )?(afgeleverd|bezorgd)|nie może (być|zostać) dostarczon|failure reasons|nie (został[ao]? |mogł[ao] być |można )?dostarcz|não (foi|pôde) (ser )?entreg|送信できませんでした|配信できません|お届けできません|无法(送达|投递)|배달하지 못|n't been delivered|(was|were)n't delivered|problem delivering|yet to be delivered|not recogni[sz]ed by this|reason of the delivery failure|delivery of the (e-?mail|message) was stopped|not relayed to|(error|problem) (has )?occurred while (attempting|trying) to (deliver|send)|(message|delivery) is delayed|had trouble delivering|` + nativeFailure + `)`)
	temporary      = newPattern(`(?i)(delayed|transient|warning|not yet been delivered|will (continue|keep|be retried)|temporar|still being retried|do not need to resend|yet to be delivered|\(delay\)|will retry)`)
)

// nativeFailure are such words in further languages. Those of Exchange, in the languages of its servers, are the head of what is for
// administrators alone, or of the list of those who failed.
const nativeFailure = `diagnostic information for administrators|diagnoseinformationen für admin|informations de diagnostic pour|informazioni di diagnostica per|información de diagnóstico para|diagnostische gegevens voor|diagnostisk information för|diagnosticeringsoplysninger til|diagnostikkinformasjon for|diagnostiikkatiedot järj|informacje diagnostyczne dla|diagnostické informace pro|informações de diagnóstico para|диагностические сведения для|diagnosztikai információ|tanılama bilgileri|διαγνωστικές πληροφορίες για|informații de diagnosticare pentru|診断情報|诊断信息|診斷資訊|진단 정보|` +
	`fehler bei der nachrichtenzustellung|échec de la remise|recapito non riuscito|no se pudo entregar|de bezorging is mislukt|gick inte att leverera|levering mislykkedes|leveringen mislyktes|toimitus .{0,60}epäonnistui|dostarczenie .{0,80}nie powiodło się|doručení .{0,80}se nezdařilo|falha na entrega|сбой доставки|nem sikerült kézbesíteni|teslim edileme|η παράδοση απέτυχε|livrarea nu a reușit|への配信に失敗|nemohl[ao]? být doruč|nebyl[ao]? doruč|kunde inte levereras|kunne ikke leveres|ei voitu toimittaa|nem (volt )?kézbesíthető|gönderilemedi|δεν (ήταν δυνατή η παράδοση|παραδόθηκε)|nu a putut fi livrat|не вдалося доставити|не може да бъде доставен|退信原因|被退回|전송되지 못|배달되지 (못|않)|送信に失敗|(无法|無法)将?.{0,12}(传递|傳遞)|傳遞.{0,20}失敗`

// bounce reads what the report says: first by the standard, then in the mail system's own words.
func (e *evidence) bounce() *message.Bounce {
	b := &message.Bounce{}
	seen := map[string]bool{}
	add := func(addr string) {
		if addr != "" && !seen[addr] && len(b.Recipients) < 100 {
			seen[addr] = true
			b.Recipients = append(b.Recipients, addr)
		}
	}
	stated := false
	d := e.status()
	if d == nil || len(d.recipients) == 0 {
		d = e.textStatus()
	}
	if d == nil {
		d = e.nestedStatus()
	}
	if d != nil {
		for _, s := range d.recipients {
			if !s.failed() {
				continue
			}
			add(s.address)
			if stated {
				continue
			}
			stated = true
			b.Status, b.Reason = s.status, s.diagnostic
			b.Permanent = s.action != "delayed" && !strings.HasPrefix(s.status, "4")
		}
	}
	text := e.reportText()
	if len(b.Recipients) == 0 {
		for _, a := range parseAddresses(e.h.get("X-Failed-Recipients"), "") {
			add(a.Addr)
		}
	}
	if len(b.Recipients) == 0 { // a filter's refusal comes as a receipt (RFC 5429, 2.2.1)
		d := &deliveryStatus{}
		for _, r := range e.reports {
			if r.media == "message/disposition-notification" {
				d.read(r.text, e.store)
			}
		}
		for _, s := range d.recipients {
			add(s.address)
		}
	}
	if len(b.Recipients) == 0 {
		for _, addr := range e.failedInText(text) {
			add(addr)
		}
	}
	if len(b.Recipients) > 1 {
		text = aboutFirst(text, b.Recipients)
	}
	if b.Status == "" {
		b.Status = failureCode(text)
	}
	if !stated {
		switch code := replyCode(text); {
		case b.Status != "":
			b.Permanent = b.Status[0] == '5'
		case code != "":
			b.Permanent = code[0] == '5'
		default:
			b.Permanent = !temporary.MatchString(e.m.Subject + "\n" + clip(text, 2000))
		}
	}
	if b.Reason == "" {
		b.Reason = e.reasonLine(text, b.Recipients)
	}
	if !b.Permanent && !stated && b.Status == "" { // "Warning: no such user" is final
		reason, _ := reasonInWords(b.Reason)
		b.Permanent = reason == UserUnknown && replyCode(text) == ""
	}
	b.OriginalID = e.originalID()
	return b
}

// reportText is what the report says itself: behind it may stand the mail that came back, with addresses of its own.
func (e *evidence) reportText() string {
	if !e.reportCut {
		e.reportCut, e.reported = true, reportText(e.sample())
	}
	return e.reported
}

// returned begins the mail that came back, where it stands in the text itself.
var returned = newPattern(`(?im)^(-{2,} ?(this is a copy of|below this line|original message|returned message|the original message|message header|start of|enclosed is)|return-path: <|received: from |(the )?(original )?message (headers? )?follows?|[ \t]*(-- )?the (header|first \d+ lines)\b.{0,60} follows?\b|your message reads\b|[|]?-+ ?message text follows)`)

// tellsFailure tells whether the sample has the words of a failure.
func (e *evidence) tellsFailure() bool {
	if !e.failureSought {
		e.failureSought = true
		e.failureAt = failureText.lineOf(e.sample())
	}
	return e.failureAt >= 0
}

// reasonLine is the line of the text, with which the sample begins, that says most: one with a reply code, else what is said to be another
// server's answer, else what stands beside the first recipient, else a line with a failure's words.
func (e *evidence) reasonLine(text string, recipients []string) string {
	says := func(text string, kind func(line string) bool) string {
		for line := range strings.SplitSeq(text, "\n") {
			if line = strings.TrimSpace(line); len(line) <= 1000 && kind(line) {
				return clip(oneLine(line), 500)
			}
		}
		return ""
	}
	if hasFailureCode(text) {
		if line := says(text, hasFailureCode); line != "" {
			return line
		}
	}
	if i := answerHead.FindStringIndex(text); i != nil {
		answer, _, _ := strings.Cut(strings.TrimSpace(text[i[1]:]), "\n\n")
		if _, vague := reasonInWords(answer); answer != "" && !vague {
			return clip(oneLine(answer), 500)
		}
	}
	if len(recipients) > 0 {
		if line := besideAddress(text, recipients[0]); line != "" {
			return line
		}
	}
	if !e.tellsFailure() || e.failureAt > len(text) {
		return ""
	}
	return says(text[e.failureAt:], failureText.MatchString)
}

// answerHead stands above what another server said.
var answerHead = newPattern(`(?im)^[ \t>*]*(the (response|error)\b.{0,60} was|(for the following )?reason|because|antwort( des remoteservers)?|la respuesta fue.{0,20}|(la )?réponse.{0,30}|レスポンス|ответ|a resposta foi|la risposta è stata|odpowiedź|het antwoord was)[ \t]*:[ \t]*$`)

// besideAddress is what tells a reason in the line of an address or in the next one.
func besideAddress(text, addr string) string {
	named := false
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || len(line) > 1000 {
			continue
		}
		here := len(line) >= len(addr) && strings.IndexByte(line, '@') >= 0 && strings.Contains(strings.ToLower(line), addr)
		if here || named {
			if reason, vague := reasonInWords(line); reason != "" && !vague {
				return clip(oneLine(line), 500)
			}
		}
		named = here
	}
	return ""
}

func hasFailureCode(line string) bool { return failureCode(line) != "" || replyCode(line) != "" }

// originalID is the Message-ID of the mail that came back, from its headers in the report or in its text.
func (e *evidence) originalID() message.ID {
	for _, r := range e.reports {
		switch r.media {
		case "message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers":
			h, _ := readHeader(linesOf(r.text), e.store, func([]byte) bool { return false })
			e.store.drop(&h)
			if ids := message.ParseIDs(rawText(h.get("Message-ID"), "")); len(ids) > 0 {
				return ids[0]
			}
		}
	}
	if ids := message.ParseIDs(idInText(e.sample())); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

// idInText is the value of the first Message-ID field that a line of the text begins with, quoted or not, "" where there is none.
func idInText(text string) string {
	const name = "message-id:"
	for at := 0; ; {
		n := strings.IndexByte(text[at:], ':')
		if n < 0 {
			return ""
		}
		at += n + 1
		begin := at - len(name)
		if begin < 0 || !strings.EqualFold(text[begin:at], name) || strings.Trim(text[strings.LastIndexByte(text[:begin], '\n')+1:begin], "> \t") != "" {
			continue
		}
		value := strings.TrimLeft(text[at:], " \t\n\f\r")
		end := strings.IndexAny(value[min(1, len(value)):], "<> \t\n\f\r") + 1
		if end > 3 && end <= 901 && value[0] == '<' && value[end] == '>' {
			return value[:end+1]
		}
	}
}
