package parse

import (
	"strings"

	"github.com/postdesk/postdesk/desk/message"
)

// The words of responders: what they put before the subject of the mail that they answer, and what they say first in their text. A person
// writes about them, and may write the same of himself, so what is not a program's own form has to be said in both.

// autoSubject are the words that responders put at the very beginning of a subject, in the languages of their programs. An answer to
// such a mail begins with "Re:" and is a person's.
var autoSubject = newPattern(`(?i)^(` + strings.Join([]string{
	`automatic (reply|response)\b`, `auto[- ]?(reply|response|responder)\b`, `automated (reply|response)\b`, `(this is an )?automat(ic|ed) (reply|response)\b`, `yahoo! auto response\b`,
	`out[ -]of[ -](the[ -])?office\b`, `away from (my |the )?(mail|office|desk)\b`,
	`on vacation\b`, `vacation (reply|response|notice|message)`, `(?-i:OOO):`, `i(['’]| a)m (currently |still )?(out of (the )?office|out of town|away from (my|the) (mail|office|desk)|on (vacation|holidays?|annual leave|leave|pto))\b`, `on (annual|parental|maternity|paternity|sick) leave`, `currently (out of|away from) (the )?office`, `holiday (notice|message|reply)`,
	`read:`, `not read:`, `report domain:`,
	`ich bin (bis .{1,20} |derzeit |zur ?zeit |aktuell )?(im urlaub|abwesend|nicht im (b[üu]ro|haus)|au(ß|ss)er haus)\b`, `urlaubs(benachrichtigung|notiz|meldung|nachricht)`, `auto-antwort`, `eingangsbest[äa]tigung:`, `lesebest[äa]tigung`, `ungelesen gelöscht:`, `abwesenheits(notiz|meldung|nachricht|benachrichtigung|assistent)`, `abwesend`, `automatische (antwort|r[üu]ckantwort|beantwortung)`, `autom\. antwort`, `autoantwort`, `gelesen:`,
	`r[ée]ponse automatique`, `message automatique`, `absence du bureau`, `absent(e|\(e\))? du bureau`, `(notification|message|avis|réponse) d['’]absence`, `je suis (absente?|en congés?|en vacances)\b`, `accus[ée] de r[ée]ception`, `lu :`, `accus[ée] de lecture`,
	`respuesta (autom[áa]tica|de ausencia)`, `autorespuesta`, `fuera de (la )?oficina`, `(estoy )?ausente( de la oficina)?`, `estoy de vacaciones`, `le[íi]do:`,
	`risposta automatica`, `fuori (ufficio|sede)`, `assen(te|za) dall['’]ufficio`, `messaggio di assenza`, `sono in ferie`, `letto:`,
	`automatisch(e)? (antwoord|beantwoording|reactie)`, `(ik ben )?afwezig(heid)?\b`, `afwezigheids(bericht|melding|assistent)`, `ik ben op vakantie`, `gelezen:`,
	`автоматический ответ`, `автоответ(чик)?`, `вне офиса`, `нет на (рабочем )?(месте|работе)`, `я в отпуске`, `автоматична відповідь`, `автовідповідь`, `автоматичен отговор`, `а[уў]томатск[иі] одговор`, `автоматски одговор`, `прочитано:`,
	`automatyczna odpowied[źz]`, `odpowied[źz] automatyczna`, `autoodpowied[źz]`, `poza biurem`, `nieobecno[śs][ćc]`, `jestem na urlopie`, `przeczytano:`,
	`resposta autom[áàa]tica`, `fora do escrit[óo]rio`, `estou de férias`, `r[ăa]spuns automat`, `αυτόματη απάντηση`, `εκτός γραφείου`, `automatski odgovor`, `samodejni odgovor`, `aus[êe]ncia( tempor[áa]ria)?\b`,
	`autosvar`, `automatiskt? svar`, `sjálfvirkt svar`, `frånvaro`, `frav[æe]r(s(assistent|melding))?`, `jag är på semester`, `ej på kontoret`, `ude af kontoret`, `automaattinen vastaus`, `poissa( toimistosta)?`,
	`automatick[áa] odpov[eě][ďd]`, `mimo kancelář`, `nepřítomnost`, `automatikus válasz`, `házon kívül`, `automātiskā atbilde`, `automātiska atbilde`, `automatinis atsakymas`, `automaatvastus`, `erantzun automatikoa`,
	`自动(回复|答复)`, `自動(回覆|返信|応答|回复)`, `不在(通知|のお知らせ)`, `자동 ?(회신|응답|답장)`, `부재 ?중`, `automatic yanıt`, `otomatik (yanıt|cevap)`, `ofis dışında`, `balasan otomatis`, `thư trả lời tự động`, `trả lời tự động`, `การตอบกลับอัตโนมัติ`,
	`رد تلقائي`, `الرد التلقائي`, `תשובה אוטומטית`, `מענה אוטומטי`, `پاسخ خودکار`, `स्वचालित (उत्तर|जवाब)`,
}, "|") + `)`)

// absentSubject are words of absence that people too begin a subject with: "Vacation: a question". A responder's are followed by the "Re:" of
// what it answers, or its text says the same.
var absentSubject = newPattern(`(?i)^(` + strings.Join([]string{
	`auto:`, `(?-i:OOO|ooo)\b`, `vacation\b`, `(on )?(annual |parental |maternity |paternity |sick |medical )?(leave|holidays?)\b`, `(i(['’]| a)m )?away\b`, `(i(['’]| a)m )?(not available|unavailable)\b`, `absen(t|ce|cia|ta|te)\b`, `no longer (with|at|working)\b`,
	`abwesenheit\b`, `(im |in )?urlaub\b`, `au(ß|ss)er haus\b`, `nicht im (b[üu]ro|haus)\b`, `nicht erreichbar\b`, `betriebs(ferien|urlaub)\b`, `büro geschlossen`,
	`(en )?cong[ée]s?\b`, `en vacances\b`, `absence de bureau`, `(de |en )?vacaciones\b`, `(in )?ferie\b`, `assen(te|za)\b`, `(em |de )?f[ée]rias\b`,
	`(op |met )?vakantie\b`, `(met )?verlof\b`, `niet (op kantoor|aanwezig)`, `buiten kantoor`, `(в )?отпуск`, `(na )?urlop(ie)?\b`, `lomalla\b`, `på (semester|ferie)`, `ikke til stede`, `semester\b`,
	`izindeyim`, `irodán kívül`, `szabadságon`, `lipsă de la birou`, `odsutan`, `外出中`, `休假中?`, `出差中`,
}, "|") + `)`)

// perhapsAbsent are those of them that are hardly anybody else's, to whom no answer goes.
var perhapsAbsent = newPattern(`(?i)^(auto|vacation|absence|abwesenheit|nicht im (b[üu]ro|haus)|niet (op kantoor|aanwezig)) ?:`)

// absentName is the subject of a responder that speaks of its owner: "Kim Lee is out of the office (returning 9 November)".
var absentName = newPattern(`(?i)^(auto: )?(.{2,60}?)(/.{1,40})? (is|ist|est|è|está|esta|jest|är|er) (currently |now |derzeit |zur ?zeit |actuellement |momenteel )?(out of (the )?office|away from (the|his|her) (mail|office|desk)|on (annual |parental |sick )?(leave|vacation|holidays?)|no longer (with|at)|nicht im (b[üu]ro|haus)|au(ß|ss)er haus|abwesend|im urlaub|absente?(\(e\))?|en congés?|en vacances|afwezig|niet (op kantoor|aanwezig)|op vakantie|fuera de la oficina|ausente|de vacaciones|fuori (ufficio|sede)|assente|in ferie|poza biurem|nieobecn[ya]|na urlopie)`)

// absentText are the words by which somebody says so of himself, or a program of its owner.
var absentText = newPattern(`(?i)(\b(i(['’]| a)m|i will be|i['’]ll be|will be) (currently |now |presently |still |temporarily )?(out of (the |my )?(office|country)|out of town|away\b|on (annual |sick |parental |maternity |paternity |business |medical )?(leave|vacation|holidays?|travel|trip|pto)\b|unavailable|not available|absent|travell?ing|not in the office|not at work|abroad|no longer (with|at|work))` +
	`|no longer (with|works? (at|for)) |(have|has) left the company|\b(i will (return|be back)|until my return|when i (return|get back|am back)|limited access to (my |e-?)?mail|while this person is away)` +
	`|\b(bin|bis|vom|werde|befinde mich|sind wir|ist) .{0,60}(nicht im (b[üu]ro|haus)|i[mn] .{0,20}urlaub|abwesend|au(ß|ss)er haus|nicht (erreichbar|am arbeitsplatz)|elternzeit|mutterschutz)|wieder (f[üu]r sie )?(da|erreichbar|im b[üu]ro|im haus|zur[üu]ck)|wird nicht (automatisch )?weitergeleitet` +
	`|je (suis|serai) .{0,40}(absente?|en congés?|en vacances|indisponible|en déplacement|en arrêt)|de retour (le|au bureau)|(estoy|estaré|me encuentro|encontraré) .{0,40}(fuera de (la |mi )?oficina|de vacaciones|ausente)` +
	`|(sono|sarò) .{0,40}(fuori (ufficio|sede)|assente|in ferie)|\b(ben|wegens|tot) .{0,40}(afwezig|niet (op kantoor|aanwezig|bereikbaar)|(op|met) (vakantie|verlof))|(estou|estarei) .{0,40}(fora do escrit|ausente|f[ée]rias)` +
	`|(нахожусь|буду|я) .{0,40}(в отпуске|в командировке|отсутств|вне офиса)|меня не будет|(jestem|przebywam|będę) .{0,40}(na urlopie|poza biurem|nieobecn|na zwolnieniu)` +
	`|jag är .{0,30}(på semester|inte på kontoret|ledig)|jeg er .{0,30}(på ferie|ikke på kontoret|bortreist)|不在|休假|休暇|외출|부재)`)

// automaticText are the words by which a program says that it is one.
var automaticText = newPattern(`(?i)(this (e-?mail |message |mail |notification |reply |response )?(is|was|has been)( an?| being)? (automat(ed|ic)|auto-?generated|system[- ]generated|computer[- ]generated) (reply|response|acknowledge?ment|confirmation|message|e-?mail|mail|notification|notice|alert|report)` +
	`|this (e-?mail|message|mail|notification|reply|response) (is|was|has been) (automatically |auto-?|system[- ])(generated|sent|created)|(please )?do not (reply|respond) to this (automat\w+ |auto-generated )?(e-?mail|message|mail)|automatically generated (e-?mail|message|mail|reply|response)` +
	`|(dies|das) ist eine automatisch|diese (e-?mail|nachricht|mail) (wurde|wird|ist) (vom system )?automatisch (generiert|erstellt|erzeugt|versandt|versendet|verschickt|gesendet)|automatisch (generierte|erstellte|erzeugte|versandte|versendete) (e-?mail|nachricht|mail|antwort)|bitte (antworten sie nicht auf|nicht auf) diese (e-?mail|nachricht|mail)` +
	`|ceci est un (e-?mail|message|mail|courriel|courrier) (automatique|généré)|(e-?mail|message|mail|courriel) (est |a été )?(généré|envoyé) automatiquement|(mensaje|correo|e-?mail) (ha sido |fue |es )?(generado |enviado )?autom[áa]tic|no responda a este (mensaje|correo)` +
	`|(messaggio|e-?mail|mail) (è stat[oa] )?(generat[oa] |inviat[oa] )?automatic|non rispondere a quest|dit is een automatisch|(deze e-?mail|dit bericht) (is|wordt|werd) automatisch (gegenereerd|verzonden|verstuurd)` +
	`|(это|данное) (письмо|сообщение) .{0,30}автоматическ|(письмо|сообщение) (отправлено|сформировано|создано) автоматически|не отвечайте на это|(wiadomość|e-?mail) .{0,30}(wygenerowan[ay] |wysłan[ay] )?automatyczn|prosimy nie odpowiadać na (tę|ten))`)

// responds finds a responder by its subject, where that is not sure together with its text.
func (e *evidence) responds() string {
	if found := e.subjectWords(e.m.Subject); found != "" {
		return found
	}
	if len(e.m.InReplyTo) == 0 && len(e.m.References) == 0 { // a program's "Re:": a person's answer names what it answers
		if bare := withoutReply(e.m.Subject); len(bare) < len(e.m.Subject) {
			return e.subjectWords(bare)
		}
	}
	return ""
}

func (e *evidence) subjectWords(subject string) string {
	if found := autoWords(subject); found != "" {
		return "the subject begins with " + found
	}
	if m := bracketedAuto.FindString(subject); m != "" {
		return "the subject ends with " + strings.TrimSpace(m)
	}
	bare := strings.TrimPrefix(trimLeft(subject, blanks), "[")
	if words := absentSubject.FindString(bare); words != "" {
		rest := strings.TrimLeft(bare[len(words):], blanks+"\u00a0:]-–")
		switch {
		case answerBegins.MatchString(rest):
			return "the subject is an answer behind " + words
		case endsThere(words, bare[len(words):]) && e.saysAbsent():
			return "the subject and the text tell of an absence: " + words
		}
	}
	if m := absentName.FindStringSubmatch(subject); m != nil && endsThere(m[0], subject[len(m[0]):]) && (m[1] != "" || e.isSender(m[2]) || e.saysAbsent()) {
		return "the subject tells of an absence: " + m[0]
	}
	return ""
}

// bracketedAuto is what some programs put behind the subject that they answer.
var bracketedAuto = newPattern(`(?i)[(\[](auto[- ]?(reply|response|matic (reply|response))|automated (reply|response)|out[ -]of[ -](the[ -])?office|automatische antwort|abwesenheitsnotiz|réponse automatique|respuesta automática|risposta automatica|automatisch antwoord|автоответ)[)\]]\s*$`)

var answerBegins = newPattern(`(?i)^(re|aw|fwd?|sv|antw|odp|rif|res|wg|отв)\s?:`)

// saysAbsent tells whether the text, soon after a greeting, has words of a program, or of absence and of what is to be done meanwhile. A
// person who is away has a question or a wish.
func (e *evidence) saysAbsent() bool {
	text := clip(e.m.Visible, 500)
	return automaticText.MatchString(text) || strings.IndexByte(text, '?') < 0 && absentText.MatchString(text) && meanwhileText.MatchString(text)
}

var meanwhileText = newPattern(`(?i)(return|back (on|in|at|by)\b|until|till |urgent|in my absence|during (this|my|that) (time|absence)|(will|['’]ll) (reply|respond|answer|get back|read)|please contact|limited access|no longer|wieder|zur[üu]ck|dringend|vertret|weitergeleitet|bis (zum|einschl|\d)|retour|urgence|absence|vuelv|regres|urgente|torner|rientr|terug|dringende|вернусь|срочн|до \d|wróc|wrac|piln|powr|tillbaka|tilbake|戻|返)`)

// isSender tells whether all words of a name are in that of the sender, or in his address.
func (e *evidence) isSender(name string) bool {
	if len(e.m.From) == 0 {
		return false
	}
	sender := strings.ToLower(e.m.From[0].Name + " " + message.Local(e.m.From[0].Addr))
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune(` ,."'()`, r) })
	for _, w := range words {
		if !strings.Contains(sender, w) {
			return false
		}
	}
	return len(words) > 0
}

// autoWords are a responder's words that a subject begins with.
func autoWords(subject string) string {
	rest := strings.TrimPrefix(trimLeft(subject, blanks), "[")
	words := autoSubject.FindString(rest)
	if words == "" || !endsThere(words, rest[len(words):]) {
		return ""
	}
	return strings.TrimSpace(subject[:len(subject)-len(rest)+len(words)])
}

// endsThere tells whether the words are all that a responder says before the subject of the mail it answers. A person goes on: "Auto reply
// does not work", "I'm on vacation, but need help".
func endsThere(words, rest string) bool {
	rest = strings.TrimLeft(rest, blanks+"\u00a0")
	if rest == "" || strings.HasSuffix(words, ":") {
		return true
	}
	if rest[0] == ',' || rest[0] == ';' {
		rest = strings.TrimLeft(rest[1:], blanks)
		return rest != "" && rest[0] >= '0' && rest[0] <= '9' || autoFollows.MatchString(rest)
	}
	return strings.IndexByte(":-([]/.!|", rest[0]) >= 0 || rest[0] >= '0' && rest[0] <= '9' || autoFollows.MatchString(rest)
}

// autoFollows are the words that go on: about what is answered, by whom, and until when.
var autoFollows = newPattern(`(?i)^(：|–|—|re\b|fwd?\b|aw\b|auto|from |of |to your |notification|message|notice|reply|until |till |between |and will|through |starting |returning |back |bis |vom |ab |von |am |auf (ihre|deine) |und (ab|erst|bin|kehre|wieder|lese) |jusqu|du |au |à votre |hasta |del |fino |dal |tot |van |t/m |op uw |до |с |по |do |od )`)

var replyPrefix = newPattern(`(?i)^\s*((re|aw|sv|antw|odp|rif|res|отв)\s*:\s*|\[[^\[\]]{1,60}\]\s*)+`)

func withoutReply(subject string) string {
	if strings.IndexByte(subject, ':') < 0 && strings.IndexByte(subject, ']') < 0 {
		return subject
	}
	if len(subject) > 3 && strings.EqualFold(subject[:3], "Re:") && strings.IndexByte(subject[3:], ':') < 0 && strings.IndexByte(subject, ']') < 0 { // as most are
		return trimLeft(subject[3:], blanks)
	}
	if i := replyPrefix.FindStringIndex(subject); i != nil {
		return subject[i[1]:]
	}
	return subject
}

// acknowledges are the subjects of programs that say no more than that a mail has come.
var acknowledges = newPattern(`(?i)^(thank you for (contacting|your (e-?mail|message|request|inquiry|enquiry|order|purchase|payment|registration))|thanks for (contacting|reaching out)|we('ve| have)? received your|your (request|message|e-?mail|ticket|case|inquiry|enquiry)( \S{1,20})? (has been|was) (received|created|opened|registered|logged)` +
	`|(new )?(support )?(request|ticket|case|message|e-?mail|inquiry|enquiry) (received|created|opened|registered|acknowledge?ment|confirmation)\s*($|[:#(\[\-–])|\[(request|ticket|case|message) (received|created|opened|registered)\]|acknowledge?ment\b|(vielen )?dank für (ihre|deine) (anfrage|nachricht|e-?mail)|ihre (anfrage|nachricht|e-?mail) (ist|wurde)|(eingangs|empfangs)bestätigung|bestätigung: ihre|merci (pour|de) votre (message|demande)|nous avons bien reçu|gracias por (contactar|su)|hemos recibido su|grazie per averci|abbiamo ricevuto|bedankt voor uw|wij hebben uw|tack för ditt|спасибо за (ваше )?обращение|ваш запрос (получен|принят)|dziękujemy za)`)

// acknowledged finds the words of such a subject, whatever stands before them.
func (e *evidence) acknowledged() string {
	if !e.ackSought {
		e.ackSought, e.ack = true, acknowledgedBy(e.m.Subject)
	}
	return e.ack
}

func acknowledgedBy(subject string) string {
	subject = trimLeft(subject, blanks)
	for len(subject) > 3 && subject[2] == ':' { // Re:, AW:
		subject = strings.TrimLeft(subject[3:], blanks)
	}
	if end := strings.IndexByte(subject, ']'); end > 0 && subject[0] == '[' && end+1 < len(subject) {
		if m := acknowledges.FindString(subject); m != "" {
			return m
		}
		subject = strings.TrimLeft(subject[end+1:], blanks)
	}
	return acknowledges.FindString(subject)
}

// receivedText are the words that go with such a subject.
var receivedText = newPattern(`(?i)(received your (request|message|e-?mail|mail|inquiry|enquiry|ticket)|your (request|message|e-?mail|ticket|case|inquiry|enquiry)( \S{1,20})? (has been|was|is being) (received|created|opened|registered|logged|reviewed)|ticket (has been|was) (created|opened)|ihre (anfrage|nachricht|e-?mail) .{0,40}(erhalten|eingegangen|aufgenommen)|haben ihre .{0,30}erhalten|bien reçu votre|hemos recibido su|abbiamo ricevuto|uw (bericht|aanvraag|e-?mail) .{0,20}ontvangen|(обращение|запрос|заявка) .{0,30}(принят|получен|зарегистрирован))`)

// saysAutomatic tells a text whose first line says that a program wrote it.
func (e *evidence) saysAutomatic() bool {
	line, _, _ := strings.Cut(strings.TrimLeft(e.m.Visible, blanks+"*#-=_[("), "\n")
	if len(line) > 300 || strings.IndexByte(line, '?') >= 0 {
		return false
	}
	at := automaticText.FindStringIndex(line)
	return at != nil && at[0] < 60 && !strings.ContainsAny(line[:1], "\"'") && !strings.HasPrefix(line, "„") && !strings.HasPrefix(line, "“")
}
