package parse

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// The lines that telephones and mail programs add below a mail, as "Sent from my iPhone" does. A person says how something was sent in the very
// same words ("Sent by mail on Monday"), so a footer is told by two signs: words for sending at its beginning or end, and the name of a device or
// a program. Where such a name is unknown to us, the line has to be the last one and to speak of something of the writer's own.

// sentBegins are words for sending, up to the name.
var sentBegins = newPattern(`(?i)^(` + strings.Join([]string{
	`(sent|typed|written|posted|created|dictated|composed|secured)( \w+){0,3} (from|via|with|using|on my|by|through)( my\b| the\b| an?\b)?( all\b)?( new\b)?`, `sent while`, `(please excuse .{1,20}, )?sent from`, `from my`,
	`(gesendet|gesichert|versandt|versendet|verschickt|geschrieben|getippt|sicher versendet|diese (nachricht|e-?mail|mail) wurde( \p{L}+)?) (von|mit|über|vom|per|mithilfe|aus|via|durch)( mein\p{L}*| der| dem)?`,
	`((envoyé|écrit|expédié)e?)( \p{L}+)? (depuis|de|à partir d[eu]|avec|via|par|à l['’]aide de)( mon| ma| mes| un| une| le| la| l['’])?`, `((envoyé|écrit)e?) (depuis|avec|à partir) [dl]['’]`, `envoyé à partir d['’]`, `provenance :`,
	`(enviad|escrit)[oa] (desde|dende|de|do|da|con|com|a partir d[eo]|via|vía|por|pelo|no|mediante)( mi| meu| minha| un| el| la| o| a)?`,
	`(inviat|scritt|spedit)[oa] (dalla|dal|da|con|tramite|via)( mio| mia| il| la| nuovo)*`, `inviat[oa] dall?['’]`,
	`(verzonden|verstuurd|gestuurd|getypt) (vanaf|vanop|vanuit|van|met|via|door)( mijn| de| het| een)?`,
	`(отправлен[оа]?|послано|отослано|написано) (с помощью|со|с|из|от|через|при|по)( моего| моей| мобильн\p{L}+)?`, `(надіслано|відправлено) (зі|із|з|через|за)( мого| моєї)?`, `изпратено (от|с|чрез|през)( моя| моето| моят)?`, `(послато|poslano|poslato) (са|с|из|sa|s|z|iz|putem|preko|prek)`,
	`(wysłan|napisan)[eoay] (za pomocą|za|ze|z|przez|przy|od|poprzez)( mojego| mojej| programu| aplikacji)?`, `(odesláno|odoslané|odoslaná) (ze|zo|z|pomocí|přes|cez)( mého| môjho| mojho| aplikace)?`,
	`(skickat|skickades|skickad) (från|via|med)( min| mitt| en)?`, `sendt (fra|via|med|frå)( min| mit| mitt)?`, `lähetetty`, `(elküldve|küldve)( az?)?`, `trimis[ăe]? (de pe|din|de la|prin|cu)`, `(στάλθηκε|αποστολή|εστάλη) από( το)?`,
	`(dikirim|terkirim) (dari|dengan|melalui)`, `(đã )?gửi từ`, `ส่งจาก`, `enviat (des|amb|de|via)( del| de)?( meu)?`, `saadetud`, `išsiųsta`, `nosūtīts`, `נשלח מ`, `(أُ?رسلت|تم الإرسال) من`, `[發发]自|[來来]自|[发發]送自`,
}, `|`) + `)[ ]*`)

// sentEnds are words for sending that stand behind the name.
var sentEnds = []string{"gesendet", "geschickt", "verschickt", "versendet", "verzonden", "verstuurd", "ról küldve", "ről küldve", "ból küldve", "ből küldve", "val küldve", "vel küldve",
	"dan gönderildi", "den gönderildi", "tan gönderildi", "ten gönderildi", "ile gönderildi", "から送信", "から", "에서 보냄"}

// verbLast is how a line begins that has its verb at the end and no subject.
var verbLast = newPattern(`(?i)^(von|vom|aus|mit|mobil|über|via|per|diese|van|vanaf|vanuit|met) |^mobil`)

// senders are names of devices and programs that stand anywhere behind or before the words for sending. Where a name is a word of its own, it is one in mail only.
var senders = newPattern(`(?i)(iphon|ipad|ipod|galaxy|samsung|huawei|honor \d|xiaomi|redmi|android|smartphone|\bphone\b|windows.phone|cell ?phone|handy\b|mobiltelefon|téléphone|\bteléfono|\btelefono|telefon|móvil|celular|cellulare|mobile?\b|mobiel|mobiiltelefon|mobilen\b|mobilu\b|tablet|blackberry|\bpixel\b|oneplus|\boppo\b|nokia|xperia|\bsony\b|\bhtc\b|motorola|\bmoto\b|wiko|fairphone|apple watch|macbook|\bimac\b|surface pro|my (surface|mac|pc|laptop|lg|mi|desk)\b|outlook|gmail|thunderbird|proton ?mail|tutanota|\btuta\b|zoho|k-9|fairemail|superhuman|mailbird|airmail|mailspring|bluemail|blue mail|typeapp|aqua ?mail|polymail|cloudmagic|emclient|em client|postbox|mobileiron|boxer\b|\bmymail|\bymail|unibox|nylas|acompli|mailbox\b|komórki|sparrow ?\(|fastmail|missive|(yahoo|aol|edison|naver|libero|yandex|canary|newton|gmx|web\.de|orange|ziggo|kpn|interia|wp|telekom|inky|windows)[ .]?(mail|app|poczta|почт)|mail\.ru|почт[ыа] |яндекс|(mail|courrier|correo|posta|poczta|pošta|e-post|почта|почты|email|пошта)( ?<[^<>]*>)? (for|für|pour|para|per|voor|til|för|dla|для|pro|за) windows|windows.{0,25}(mail|posta|メール|邮件|郵件|메일|courrier|correo|poczta)|(mobile|mobilen|mobiel) (mail|app)|application mail|bo[iî]te mail|webmail|mobilnej|messaging service|messagerie texte|телефон|смартфон|устройств|мобильн|мобілн|айфон|手机|手機|盖乐世|小米|华为|邮箱|휴대폰|갤럭시|スマートフォン|携帯|unterwegs)`)

// programs are names that are words of everyday too: nothing but the system that they run on stands behind them.
var programs = newPattern(`(?i)^(spark|front|hey|spike|shift|nine|blue|alto|type|mail|canary|newton|tuta|mobil|web|inky|go)( (for|für|pour|para|per|voor|til|för|dla|для|pro) (ios|android|mac|windows|iphone|ipad))?[\s.!,]*(\(?<?\(?https?://.*)?$`)

// sentenceWords are those that a sentence about sending has behind a name, and no footer.
var sentenceWords = newWordList(`
	it is was were to has had did does but not never yesterday today monday tuesday wednesday thursday friday saturday sunday last account we you es ist
	nach war ich wir ihr ihre haben wurde habe hat aber nicht nie gestern heute montag dienstag donnerstag freitag samstag sonntag mittwoch konto sicht
	nous vous je est était à mais pas jamais hier lundi mardi mercredi jeudi vendredi samedi dimanche compte pero nunca ayer hoy lunes martes miércoles
	jueves viernes cuenta conta è era ma ieri oggi lunedì martedì mercoledì giovedì venerdì wij maar niet naar aan gisteren vandaag maandag dinsdag
	woensdag donderdag vrijdag rekening мы вы но не вчера сегодня ale nie wczoraj dzisiaj konta contul
`)

// ofMyOwn says that the line speaks of something of the writer's.
var ofMyOwn = newPattern(`(?i)^((sent|typed|written) (from|on|with) (my|a) |from my |gesendet von mein|von mein|envoyée? (de|depuis) (mon|ma) |enviado (desde mi|do meu|de meu) |inviato dal mio |(verzonden|verstuurd) vanaf mijn |отправлено с моего |wysłan[eo] z moje)`)

// offers are lines by which a program offers itself: "Get Outlook for Android", in any order.
var offers = newPattern(`(?i)^(` + strings.Join([]string{
	getWords + `( \p{L}{1,12}){0,2} (outlook|bluemail|yahoo mail|typeapp|aqua ?mail|spark|spike)\S{0,4}( \p{L}{1,12}){0,2} ?` + platforms + `( (herunter|down|ned|ner))?`,
	`outlook(['’]?\p{L}{0,4})?( \p{L}{1,12}){0,2} ` + platforms + `[を ]{0,2}` + getWords, `(az )?outlook ` + getWords + ` ` + platforms, getWords + ` ?` + platforms + ` ?[版용] ?outlook`, `(az? )?` + platforms + `( \p{L}{1,5})? ?[版용用]? ?outlook\S{0,4}?( ?\p{L}{1,12}){0,1}[を ]{0,2}` + getWords,
}, `|`) + `)\s*(\(?<?\(?https?://\S*)?\.?$`)

const (
	platforms = `(ios|android|mac|windows|iphone|ipad)[-'’:]?\p{L}{0,4}`
	getWords  = `(get|download|try|hol|holen|laden|télécharge[rz]|obtenir|obtenez|obtener|obtén|descarga|descargar|ottieni|scarica|krijg|haal|получить|скачать|загрузить|pobierz|uzyskaj|obter|obtenha|baixar|transferir|hämta|ladda|skaffa|hent|få|skaff|last|hanki|lataa|získat|získejte|stáhnout|získať|stiahnuť|beszerzése|letöltése|edinin|indirin|λήψη|obțineți|descărcați|завантажити|отримати|изтегляне|вземете|入手|获取|下载|取得|下載|다운로드|받기|preuzmite|nabavite|tải|dapatkan|unduh|รับ|احصل|קבל|beziehen|herunterladen|downloaden|ophalen)`
)

// checked are lines of programs that look for viruses, and those that fit nothing else.
var checked = newPattern(`(?i)^((virus-free|virenfrei|(garanti )?sans virus|libre de virus|privo di virus|virusvrij|без вирусов|wolny od wirusów|livre de vírus|não contém vírus|bez virů|virus-?frit|virusfri)\.? ?<?(https?://)?www\.|yahoo mail: search, organize, conquer|mit proton mail gesendet|sent on the go\.?$|[從从][^，。！？]{0,12}(iphone|ipad|galaxy|手机|手機|outlook|邮件|郵件|小米|华为|android)[^，。！？]{0,8}[发發傳]送$|\[?non-text portions of this message have been removed\]?$)`)

const (
	maxFooter = 140 // letters of a footer, without its link
	maxFar    = 40  // bytes between the words for sending and the name
)

// offerBegins are the first words of an offer.
var offerBegins = newPattern(`(?i)^(` + getWords + `|outlook|az? |` + platforms + `)`)

var footerHeads = sync.OnceValue(func() *headSet { return headsOfAll([]*pattern{sentBegins, ofMyOwn, offerBegins, checked}) })

// mayBeFooter looks at the first letters of a line and at the last ones, by which nearly every line is told to be none.
func mayBeFooter(line string) bool { return footerHeads().begins(line) || endsInSent(line) }

// isFooter tells a footer. last says whether it is the last line that the writer left, above which there are others.
func isFooter(line string, last func() bool) bool {
	if !mayBeFooter(line) {
		return false
	}
	bare := strings.TrimRight(withoutLinks(line), " .!>])")
	if utf8.RuneCountInString(bare) > maxFooter || strings.HasSuffix(line, "?") {
		return false
	}
	if checked.MatchString(line) || offers.MatchString(line) {
		return true
	}
	name, sent := "", true
	if at := sentBegins.FindStringIndex(line); at != nil {
		name = line[at[1]:]
	} else if sent = endsInSent(bare) && (bare[len(bare)-1] >= utf8.RuneSelf || !strings.HasSuffix(bare, "t") && !strings.HasSuffix(bare, "n") && !strings.HasSuffix(bare, "d") || verbLast.MatchString(bare)); sent {
		name = bare
	}
	if sent {
		if programs.MatchString(name) {
			return true
		}
		name = withoutLinks(name)
		if at := senders.FindStringIndex(name); at != nil && at[0] < maxFar && !sentenceWords.someIn(name, " ,.!?") {
			return true
		}
	}
	return ofMyOwn.MatchString(line) && utf8.RuneCountInString(bare) < 80 && last() && !sentenceWords.someIn(bare, " ,.!?")
}

// withoutLinks takes the links out, and the brackets around them.
func withoutLinks(line string) string {
	for {
		n := strings.Index(line, "http")
		if n <= 0 {
			return line
		}
		rest := line[n:]
		end := strings.IndexAny(rest, " >)]")
		if end < 0 {
			end = len(rest)
		}
		line = strings.TrimRight(line[:n], " <([") + " " + strings.TrimLeft(rest[end:], " >)]")
	}
}

// endsInSent tells words for sending at the end of a line.
func endsInSent(line string) bool {
	for {
		n := len(line)
		if n == 0 {
			return false
		}
		c := line[n-1]
		if c == '.' || c == ' ' || c == '!' || c == ']' || c == ')' || c == '>' {
			line = line[:n-1]
			continue
		}
		if c < utf8.RuneSelf && c != 't' && c != 'n' && c != 'd' && c != 'e' && c != 'i' {
			return false
		}
		for _, end := range sentEnds {
			if strings.HasSuffix(line, end) {
				return true
			}
		}
		return false
	}
}
