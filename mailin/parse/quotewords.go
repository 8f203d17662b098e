package parse

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// The words by which mail programs introduce what they quote, in the languages that customers' programs speak.

// headerWords are the fields of the block that Outlook and its kin put above a quoted mail.
var headerWords = map[int]string{
	kindFrom: "from|von|de|da|van|от|от кого|od|från|fra|lähettäjä|feladó|gönderen|kimden|kimden (from)|expéditeur|remitente|mittente|afzender|absender|nadawca|отправитель|odesílatel|od koho|from (von)|" +
		"发件人|寄件者|寄件人|差出人|보낸 사람|보낸사람|발신|мейл от|від|de la|из|από|מאת|من|responder a|antwort an|odosielateľ|pošiljatelj|šalje|изпращач|dari|từ|saatja|nuo|од|จาก|از|afsender|avsändare|avsender",
	kindDate: "date|datum|datum/zeit|fecha|data|дата|dato|päivämäärä|tarih|日期|時間|日付|날짜|data e hora|message du|le|date et heure|dátum|ημερομηνία|תאריך|تاريخ|tanggal|ngày|日時",
	kindSent: "sent|gesendet|gesendet am|envoyé|envoyé le|date d'envoi|enviado|enviado el|enviado em|enviada em|inviato|verzonden|отправлено|wysłano|wysłane|data wysłania|" +
		"skickat|skickades|sendt|lähetetty|odesláno|datum odeslání|küldve|elküldve|gönderildi|gönderme tarihi|发送时间|發送時間|寄件日期|送信日時|보낸 날짜|дата отправки|надіслано|trimis|sent on|odoslané|poslano|στάλθηκε|изпратено|נשלח|إرسال|dikirim|đã gửi|saadetud|enviat|sent at|send time|verzonden op|išsiųsta|nosūtīts|poslato|послато|ส่ง|ارسال شده|تم الإرسال|傳送時間|gönderilme|gönderme|αποστολή|ημερομηνία αποστολής|enviado a las|sendedatum|sendedato|lähetyspäivä",
	kindTo:      "to|an|à|a|para|aan|кому|do|till|til|vastaanottaja|címzett|kime|alıcı|destinataire|destinatario|empfänger|ontvanger|adresat|получатель|komu|收件人|收件者|宛先|받는 사람|받는사람|수신|către|προς|אל|إلى|prima|primatelj|до|kepada|đến|tới|saaja|per a|kam|za|за|adressaat|ถึง|به|modtager|mottagare|mottaker|prejemnik|recipient",
	kindCc:      "cc|bcc|copie|copie à|con copia|kopie|kopie (cc)|копия|dw|do wiadomości|kopia|kopi|kopio|kopie an|抄送|副本|참조|másolat|bilgi|carbon copy|attachments|anlagen|importance|wichtigkeit|reply to|organization|organisation|kopija|reply-to",
	kindSubject: "subject|re|betreff|objet|asunto|oggetto|onderwerp|тема|temat|ämne|emne|aihe|assunto|předmět|tárgy|konu|subiect|主题|主旨|件名|標題|제목|θέμα|נושא|الموضوع|predmet|zadeva|относно|subjek|perihal|chủ đề|teema|assumpte|ogg|sujet|tēma|เรื่อง|موضوع|주제",
}

var headerNames = func() map[string]int {
	names := map[string]int{}
	for kind, words := range headerWords {
		for word := range strings.SplitSeq(words, "|") {
			names[word] = kind
		}
	}
	return names
}()

// A wroteWord is a word for writing that an attribution holds. No letter of a word of ASCII may stand where it begins or ends.
type wroteWord struct {
	text         string
	begins, ends bool
}

// wroteWords have a bar where they begin or end.
var wroteWords = func() (list []wroteWord) {
	for _, entry := range strings.Fields(`|wrote| |writes| |said| |schrieb| |schrieben| |schreibt| |geschrieben| |schreef| |geschreven| |ha_scritto| |scrive| |skrev| |skriver| |kirjoitti|
	|escreveu| |escribe| |ha_escrit| |scris| |napsal |píše| |napisa écrit escribi írta yazdı yazmış pisze| пишет писал пише написа писав έγραψε כתב كتب 写道 寫道 写到 寫到
	のメッセージ のメール 書きました 작성 쓴_글 đã_viết |missatge_de| napísal |kirjutas| rakstīja rašė |menulis| |idatzi| เขียนว่า نوشت skrifaði בתאריך كتابة`) {
		list = append(list, wroteWord{strings.ReplaceAll(strings.Trim(entry, "|"), "_", " "), strings.HasPrefix(entry, "|"), strings.HasSuffix(entry, "|")})
	}
	return list
}()

// wroteSet has the same words, to tell the many lines without one.
var wroteSet = newPattern(func() string {
	var words []string
	for _, w := range wroteWords {
		words = append(words, w.text)
	}
	return `(?i)(` + strings.Join(words, "|") + `)`
}())

// saysWrote tells whether there is a word for writing, as it is nearly always written or in capitals.
func saysWrote(s string) bool {
	return wroteSet.possible(s) && (hasWroteWord(s) || hasWroteWord(strings.ToLower(s)))
}

func hasWroteWord(s string) bool {
	for _, w := range wroteWords {
		for at := 0; ; {
			i := strings.Index(s[at:], w.text)
			if i < 0 {
				break
			}
			i += at
			at = i + len(w.text)
			if (!w.begins || i == 0 || !isWordByte(s[i-1])) && (!w.ends || wordEnds(s[at:])) {
				return true
			}
		}
	}
	return false
}

// hasDate tells whether there is what looks like a date or a time in an attribution: 10:15, 2026, 2.11.26, 年 or 월.
func hasDate(s string) bool {
	for i := 0; i < len(s); {
		n := digits(s[i:])
		if n == 0 {
			if s[i] >= 0x80 && (strings.HasPrefix(s[i:], "年") || strings.HasPrefix(s[i:], "월")) {
				return true
			}
			i++
			continue
		}
		if i == 0 || !isWordByte(s[i-1]) {
			rest := s[i+n:]
			switch {
			case n == 4 && (s[i:i+2] == "19" || s[i:i+2] == "20") && wordEnds(rest):
				return true
			case n > 2 || rest == "":
			case strings.IndexByte(":.h", rest[0]) >= 0 && digits(rest[1:]) == 2 && wordEnds(rest[3:]):
				return true
			case strings.IndexByte("./-", rest[0]) >= 0:
				if k := digits(rest[1:]); (k == 1 || k == 2) && len(rest) > k+1 && strings.IndexByte("./-", rest[k+1]) >= 0 {
					if y := digits(rest[k+2:]); y >= 2 && y <= 4 && wordEnds(rest[k+2+y:]) {
						return true
					}
				}
			}
		}
		i += n
	}
	return false
}

func wordEnds(rest string) bool { return rest == "" || !isWordByte(rest[0]) }

// isDatedSender tells a line that is a date, in figures or words and with or without its day, with an address at its end, which no sentence is
// made of: "Mon, 2 Nov 2026 Kim <kim@cust.example> wrote:" and "2026/11/2 Kim <kim@cust.example>:". It reads by hand what an expression would
// say, since most answers have such a line.
func isDatedSender(s string) bool {
	end := strings.LastIndexByte(s, '>')
	begin := strings.LastIndexByte(s[:max(end, 0)], '<')
	if begin < 0 {
		return isDatedAddress(s)
	}
	addr, tail := strings.TrimLeft(s[begin+1:end], " "), trimBlank(s[end+1:])
	if len(addr) < 3 || strings.IndexByte(addr[1:len(addr)-1], '@') < 0 || strings.ContainsAny(addr, blanks+">") {
		return false
	}
	if n, word := letters(tail); n > 20 {
		return false
	} else if n > 0 {
		tail = trimBlank(tail[word:])
	}
	if tail != ":" && tail != "：" {
		return false
	}
	between, ok := afterDate(s[:begin])
	return ok && between != "" && strings.IndexByte(" ,(", between[0]) >= 0 && utf8.RuneCountInString(between[1:]) <= 200 && strings.IndexByte(between, '\n') < 0
}

// isDatedAddress tells a date and a time with an address alone: "2 Nov 2026, 10:15 by kim@cust.example:".
func isDatedAddress(s string) bool {
	at := strings.LastIndexByte(s, ' ') + 1
	addr, ok := strings.CutSuffix(s[at:], ":")
	if n := strings.IndexByte(addr, '@'); !ok || n < 1 || n == len(addr)-1 {
		return false
	}
	between, ok := afterDate(s[:at])
	return ok && clockAndBy.MatchString(between)
}

// afterDate cuts a date off, with the time, the day of the week or another word before it.
func afterDate(s string) (rest string, ok bool) {
	if n := digits(s); n == 2 && len(s) > 7 && s[2] == ':' && digits(s[3:5]) == 2 && s[5:7] == ", " {
		s = s[7:]
	}
	if n, word := letters(s); n > 0 {
		s = s[word:]
		if rest, ok := dayAndYear(s); ok && n >= 3 && n <= 12 {
			return rest, true
		}
		marks := len(s) - len(strings.TrimLeft(s, ".,"))
		if n > 12 || marks == 0 || marks > 2 {
			return "", false
		}
		s = trimBlank(s[marks:])
		if n, word := letters(s); n >= 3 && n <= 12 {
			if rest, ok := dayAndYear(s[word:]); ok {
				return rest, true
			}
		}
	}
	n := digits(s)
	year := isYear(s[:n])
	if rest := s[n:]; (year || n == 1 || n == 2) && rest != "" {
		if rest, ok := dateInFigures(rest); ok {
			return rest, true
		}
		if month, ok := strings.CutPrefix(rest, "年"); ok && year {
			k := digits(month)
			day, ok := strings.CutPrefix(month[k:], "月")
			d := digits(day)
			rest, there := strings.CutPrefix(day[d:], "日")
			return rest, ok && there && k >= 1 && k <= 2 && d >= 1 && d <= 2
		}
		if !year {
			return dateInWords(rest)
		}
	}
	return "", false
}

// dateInFigures cuts off what follows the first figure of a date: "/11/2".
func dateInFigures(s string) (rest string, ok bool) {
	for _, most := range [...]int{2, 4} {
		if s == "" || strings.IndexByte("./-", s[0]) < 0 {
			return "", false
		}
		s = trimBlank(s[1:])
		n := digits(s)
		if n < 1 || n > most {
			return "", false
		}
		s = s[n:]
	}
	return strings.TrimPrefix(s, "."), true
}

// dateInWords cuts off what follows the day of a date: ". November 2026".
func dateInWords(s string) (rest string, ok bool) {
	if s, ok = strings.CutPrefix(strings.TrimPrefix(s, "."), " "); !ok {
		return "", false
	}
	n, month := letters(s)
	if n < 3 || n > 12 {
		return "", false
	}
	if s, ok = strings.CutPrefix(strings.TrimPrefix(strings.TrimPrefix(s[month:], "."), ","), " "); !ok {
		return "", false
	}
	n = digits(s)
	return s[n:], isYear(s[:n])
}

// dayAndYear cuts off what follows a month: ". 2, 2026".
func dayAndYear(s string) (rest string, ok bool) {
	if s, ok = strings.CutPrefix(strings.TrimPrefix(s, "."), " "); !ok {
		return "", false
	}
	n := digits(s)
	if n < 1 || n > 2 {
		return "", false
	}
	if s, ok = strings.CutPrefix(s[n:], ", "); !ok {
		return "", false
	}
	n = digits(s)
	return s[n:], isYear(s[:n])
}

func isYear(figures string) bool {
	return len(figures) == 4 && (figures[:2] == "19" || figures[:2] == "20")
}

// letters counts those that a text begins with, and their bytes.
func letters(s string) (n, size int) {
	for size < len(s) {
		r, k := utf8.DecodeRuneInString(s[size:])
		if !unicode.IsLetter(r) {
			break
		}
		n++
		size += k
	}
	return n, size
}

// trimBlank takes one sign of white space off the beginning.
func trimBlank(s string) string {
	if s != "" && strings.IndexByte(blanks, s[0]) >= 0 {
		return s[1:]
	}
	return s
}

// ownWriting is a sentence about what the writer himself wrote, or that somebody did: no program puts it above a quote.
var ownWriting = newPattern(`(?i)( ich | ik |\bi (wrote|said)|j['’]ai |je vous ai |\bho scritto| jeg | jag | я |escribí( |:)|napisał[ea]m|pisał[ea]m| that [a-z]| da(ss|ß) [\pL]| что [\pL]| że [\pL])`)

// someone is a person that a sentence speaks of by another word than a name, as what a program puts above a quote never does.
var someone = newWordList(`
	i it we me us our my your they their he she him her this that these the wir sie mir mich uns ihr ihre ihnen ihrem ihrer mein meine unser dir dich
	euch euer herr frau nous vous votre notre vos mon yo usted ustedes nosotros nuestro nuestra vuestro mi escribimos abbiamo avete vi ci lei nostro
	vostro vostra wij we jullie ons uw mijn heb hebben hebt мы вы мне нам вам ваш ваша наш napisaliśmy napisałem napisałam mnie nam wam was pani państwo
	państwa jag jeg ni mig meg oss dig deg os jer dere eu nós você vocês nosso sua
	m'a m’a m'avez m’avez vous escribimos abbiamo napisaliśmy
`)

// quoteWords begin an attribution with a capital where a program writes it, or are none of a name.
var quoteWords = newPattern(`^((on|am|le|el|il|op|em|at) |(Your|My|Our|The|Ihre?|Mein|Unser|Votre|Notre|Su|Mi|Il vostro|Uw|Ваш|Наш) \p{Ll}|U schreef )`)

// aboveLine is what a help desk puts on top of its mails, so that answers are written there.
var aboveLine = newPattern(`(?i)((reply|respond|write|writing|type|typing|answer|enter).{0,40}(above|below|under) this line|(above|below) this line to (reply|post|respond)|(oberhalb|unterhalb|über|unter) dieser (zeile|linie)|(au-dessus|au dessus|en dessous|sous) d?e? ?cette ligne|(encima|debajo|arriba|abajo|sobre) (de )?esta l[ií]nea|(boven|onder) deze (regel|lijn)|(sopra|sotto) (di )?questa (riga|linea)|` +
	`(sopra|sotto) di questa (riga|linea)|(выше|ниже) (этой|данной) (строки|линии|черты)|(powyżej|poniżej) (tej|tego) (linii|wiersza)|(nad|pod) t[ąo] (linią|linii)|(acima|abaixo) desta linha|(ovanför|över|under) (den här|denna) (raden|linjen|rad)|(over|under) denne (linje|linjen)|nad (tento řádek|tuto čáru|tímto řádkem)|この行より上)`)

// listBegins is how what a mailing list adds begins, below a line of dashes or the like.
var listBegins = newPattern(`(?i)^(to unsubscribe,? (from|e-?mail|send)[^?!]{0,60}(:|list,|@| group| link)|you (received|are receiving|receive) this (message|e-?mail) because you (are|were) subscribed|you are currently subscribed to|you received this message because you are|groups\.io links:|yahoo! ?groups links|yahoo groups links|posted by: .{0,80}@|(\[?visit topic\]?|.{0,40}) or reply to this email to respond|reply to this email directly|vous recevez ce (message|courriel) (car|parce que) vous êtes (abonné|inscrit)|sie (haben|erhalten) diese (nachricht|e-?mail) (erhalten, )?weil sie)`)

// listWords stand in the links and addresses of what a mailing list adds.
var listWords = newPattern(`(?i)(unsub|listinfo|mailman|majordomo@|sympa@|listserv@|-leave@|leave-|-request@|-help@|/subscription|signoff|\?subed)`)

// repeated is the line by which Lotus Notes names the mail that it quotes below.
var repeated = newPattern(`(?i)(-{3}\d{1,4}[./-]\d{1,2}[./-]\d{2,4} \d{1,2}[:.]\d{2}([:.]\d{2})?( [ap]m)?-{3}|^message du \d{1,2}/\d{1,2}/\d{2,4} \d{1,2}:\d{2}$)`)

// clockAndBy is what stands between a date and an address.
var clockAndBy = newPattern(`^[ ,]*(г\.,? |р\.,? )?\d{1,2}[:.]\d{2}([:.]\d{2})?( ?[AaPp]\.?[Mm]\.?)?( \pL{1,6})? $`)

// closings end a letter. They stand above a signature, so what they end is text.
var closings = newPattern(`(?i)^((best|kind|warm|many)? ?(regards|wishes|thanks)|thank you|thanks|cheers|sincerely|yours (sincerely|faithfully|truly)|(viele|beste|liebe|freundliche|herzliche|schöne) gr(ü|ue)(ß|ss)e|mit (freundlichen|besten|herzlichen|lieben) gr(ü|ue)(ß|ss)en|mfg|(bien )?cordialement|(un )?saludos?|atentamente|(cordiali|distinti) saluti|saluti|met vriendelijke groet(en)?|с уважением|pozdrawiam|z poważaniem)[,.!]?$`)

// answers are words that an answer to a question begins with.
var answers = func() map[string]bool {
	all := map[string]bool{}
	for word := range strings.FieldsSeq("yes yep yeah no nope ok okay done not i we it ja nein nee doch ich wir oui non si sí sì no je nous da nu tak nie nej inte ikke sim não да нет не так ano ne evet igen はい") {
		all[word] = true
	}
	return all
}()

// brokenLink is a link in parentheses that lost the mark of its quote, or has it behind.
var brokenLink = newPattern(`^\s*\(https?://[^\s()]+\)\s*>\s*$`)

// hasClock tells whether there is a date with a time behind it in a line, as the field of a header has it: a number of two digits or a
// year, then 10:15 or 10.15.
func hasClock(s string) bool {
	dated := false
	for i := 0; i < len(s); {
		n := digits(s[i:])
		if n == 0 {
			if s[i] == '\n' {
				dated = false
			}
			i++
			continue
		}
		if i == 0 || !isWordByte(s[i-1]) {
			rest := s[i+n:]
			if dated && n <= 2 && rest != "" && (rest[0] == ':' || rest[0] == '.') && digits(rest[1:]) == 2 && wordEnds(rest[3:]) {
				return true
			}
			dated = dated || (n == 2 || n == 4 && (s[i:i+2] == "19" || s[i:i+2] == "20")) && wordEnds(rest)
		}
		i += n
	}
	return false
}

// attributionStarts are the words that an attribution begins with.
var attributionStarts = []string{"on", "am", "le", "el", "il", "op", "dnia", "w dniu", "em", "den", "den ", "på", "dne", "в", "quoting", "zitat von", "citando", "in article", "at"}

func attributionStart(s string) bool {
	for _, word := range attributionStarts {
		if len(s) > len(word) && s[0]|0x20 == word[0]|0x20 && strings.EqualFold(s[:len(word)], word) && strings.IndexByte(" \t\n\f\r", s[len(word)]) >= 0 {
			return true
		}
	}
	return false
}

// bareAttribution is a date and an address above marked lines, as an old web mail wrote them: 2012/4/2 Kim <kim@cust.example>
var bareAttribution = newPattern(`^\s*((19|20)\d{2}[/.-]\d{1,2}[/.-]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](19|20)?\d{2}).{0,100}<[^<>\s]+@[^<>\s]+>:?\s*$`)

// separator begins a quoted mail by itself, behind the dashes that lead it.
var separator = anyPattern(`(?i)^(`, `)\s*$`,
	`original[ -]?(message|mail|e-?mail|text|appointment)( follows)?`, `reply (message|above this line)`, `message original`, `ursprüngliche (nachricht|mail)`, `ursprungliche nachricht`, `original-?nachricht`, `originalnachricht`, `message d['’]origine`, `((e-?)?mail|courriel|correo|mensaje) original`, `replied message`, `回复的原邮件`, `ursprüngliche e-mail`,
	`mensaje original`, `mensagem original`, `messaggio originale`, `messaggio originario`, `oorspronkelijk bericht`, `origineel bericht`, `исходное сообщение`, `оригинальное сообщение`, `wiadomość oryginalna`, `oryginalna wiadomość`, `treść oryginalnej wiadomości`,
	`ursprungligt meddelande`, `ursprungsmeddelande`, `(oprindelig|original) (meddelelse|besked)`, `opprinnelig (melding|e-post)`, `alkuperäinen (viesti|sähköposti)`, `исходное письмо`, `původní (zpráva|e-mail)`, `pôvodná správa`, `izvorna poruka`, `izvirno sporočilo`, `mesaj(ul)? (original|inițial)`, `оригинално съобщение`, `(початкове|оригінальне) повідомлення`, `αρχικό μήνυμα`, `missatge original`, `pesan asli`, `thư gốc`, `הודעה מקורית`, `الرسالة الأصلية`, `eredeti (üzenet|levél|e-mail)`, `orijinal mesaj|(özgün|orijinal) (ileti|e-posta)`, `原始邮件`, `原始郵件`, `邮件原件|原邮件|原信|原始信件`, `元の(メッセージ|メール)|オリジナル ?メッセージ`, `원본 (메시지|메일|메세지)`,
)

const splitWords = `On|Am|Le|El|Il|Il giorno|Op|Em|W dniu|Dnia|Den|Dne|Pe|În`

// splitBegins are the words with which an attribution behind new words begins.
var splitBegins = sync.OnceValue(func() *headSet { return headsOfAll([]*pattern{newPattern(`^(` + splitWords + `) `)}) })

// splitAttribution is new words and the beginning of an attribution behind them.
var splitAttribution = newPattern(`^(.{2,300}?[.!?)])[ \x{a0}-]*((` + splitWords + `) (\pL{2,12}\.?,? )?(\pL{2,12}\.?,? )?\d{1,4}.{8,300})$`)

// forwardStem is in the line above the header of a forwarded mail.
var forwardStem = newPattern(`(?i)(forward|weitergeleit|transf[ée]r|réexpédi|reenvia|encaminh|inoltrat|doorgestuur|пересл|пересыл|переадрес|перенаправ|przekaz|przesłan|podan|vidarebef|videresend|välitet|edelleenläh|přeposl|přeposíl|preposl|továbbít|iletilen|προωθ|редирек|препрат|redirecționat|proslijeđen|posredovan|edastatud|転送|转发|轉寄|轉發|전달|הועבר|توجيه)`)

// forwardLine begins a forwarded mail.
var forwardLine = newPattern(`(?i)^(-{2,}\s*(` + forwardWords + `)( from .{1,100})?\s*-{2,}|(begin forwarded message|anfang der weitergeleiteten (nachricht|e-mail)|début du message (réexpédié|transféré)|inizio messaggio inoltrato|begin doorgestuurd bericht|inicio del mensaje reenviado|comenzar mensaje reenviado|начало переадресованного сообщения|początek przekazywanej wiadomości)\s*:)\s*$`)

const forwardWords = `forwarded message|forwarded by .{1,80}|weitergeleitete nachricht|message transféré|message transmis|mensaje reenviado|messaggio inoltrato|doorgestuurd bericht|пересылаемое сообщение|пересланное сообщение|перенаправленное сообщение|wiadomość przekazana|przekazana wiadomość|mensagem encaminhada|vidarebefordrat meddelande|videresendt (meddelelse|melding)|转发邮件|転送メッセージ|전달된 메시지`

var forwardSubject = newPattern(`(?i)^(fwd?|wg|tr|rv|i|enc|doorst|vs|пересл?|fyi|pd)\s*:`)

// isDrawn tells a line drawn above a header block.
func isDrawn(plain string) bool {
	return len(plain) >= 3 && strings.IndexByte("-_=*", plain[0]) >= 0 && strings.Trim(plain, "-_=*") == ""
}

// markupQuotes are pieces of HTML by which a quote can be told there although the plain text shows none.
var markupQuotes = newPattern(`(?i)(gmail_quote|divrplyfwdmsg|type="cite|yahoo_quoted|border-top:solid|appendonsend|stopspelling|moz-cite-prefix|protonmail_quote)`)

func quotesInMarkup(markup string) bool { return markupQuotes.MatchString(markup) }
