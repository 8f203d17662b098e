package parse

import (
	"slices"
	"strings"
	"sync"

	"github.com/postdesk/postdesk/desk/message"
)

// A FailureReason is why a mail was not delivered, in one of the words of the inspect contract. Reports put it in a thousand ways; what
// to do about it differs in these.
type FailureReason string

// The reasons.
const (
	UserUnknown     FailureReason = "user_unknown"     // no such mailbox, or it has moved
	MailboxDisabled FailureReason = "mailbox_disabled" // exists, but suspended, inactive or closed
	MailboxFull     FailureReason = "mailbox_full"
	HostUnknown     FailureReason = "host_unknown" // the domain does not exist or takes no mail
	TooLarge        FailureReason = "too_large"
	ContentRejected FailureReason = "content_rejected" // refused for what it contains
	SenderRejected  FailureReason = "sender_rejected"  // refused for who sent it
	RateLimited     FailureReason = "rate_limited"
	DeliveryTimeout FailureReason = "delivery_timeout" // not reachable, or in the queue for too long
	SystemError     FailureReason = "system_error"     // a fault of a mail system, a loop, a full disk
	OtherReason     FailureReason = "other"            // anything else, or the report does not say
)

// ReasonOf tells why the mail that a report is about was not delivered, "" for a mail that is no report. The server's own words for the
// first recipient come first, for they are written for this failure; then its status code, which many servers choose carelessly; then
// the rest of the report, where the words may be of a help page.
func ReasonOf(m *message.Message) FailureReason {
	if m.Bounce == nil {
		return ""
	}
	said, vague := reasonInWords(m.Bounce.Reason)
	if said != "" && !vague {
		return said
	}
	if r := reasonOfStatus(m.Bounce.Status); r != "" {
		return r
	}
	text := reportText(clip(m.Text, reasonSample))
	for _, piece := range []string{saidLines(text), m.Subject + "\n" + text} {
		r, v := reasonInWords(piece)
		if r != "" && !v {
			return r
		}
		if said == "" {
			said = r
		}
	}
	if said != "" {
		return said
	}
	if r := reasonOfReply(m.Bounce.Reason + "\n" + text); r != "" {
		return r
	}
	if m.Bounce.Status != "" && generalReasons[m.Bounce.Status[2:3]] != "" {
		return generalReasons[m.Bounce.Status[2:3]]
	}
	if !m.Bounce.Permanent && m.Bounce.Status == "" { // a warning that the mail waits
		return DeliveryTimeout
	}
	return OtherReason
}

// A reasonWord is a line of the table below.
type reasonWord struct {
	reason FailureReason
	words  *pattern
}

// reasonWords are what mail systems say, by reason. The first reason with a match wins, so that what is more exact stands above what is
// less: "sender address rejected" above "address rejected", "DMARC policy" above "policy". To know another system's words, add them to
// the line of their reason; each alternative is a regular expression over the text in lower case, with white space folded.
var reasonWords = []reasonWord{
	// A few that would be taken for something else below.
	{UserUnknown, anyOf(
		`recipient address rejected: access denied`, // Microsoft's way to say that a recipient is not in its directory
		`recipientnotfound`, `nosuchuser`, `refused due to recipient preferences`, `unknown recipient or mailbox`, `(in my bad|not in my valid)(rcptto|recipientto)`, `address(es)? (reserved by|in single label)`, `wrong or no longer valid`,
	)},
	{MailboxFull, anyOf(`mailbox size (limit|exceed)`, `quota ?exceededexception`, `rejection- ?quota exceeded`, `error writing message: file too large`, `too many messages on the server`)},
	{RateLimited, anyOf(
		`deferred due to (unexpected|excessive) volume`, `receiving mail (too quickly|at a rate)`, `frequency (is )?limited|frequency of .{0,40}limited`, `limit for the number of (messages|mails|recipients)`, `maximum number of (connections|messages|recipients)`,
		`(daily|hourly|per (hour|day)|smtp relay|outbound thread|recipient thread|mail send|sending|submission) (message receive |user sending |sending |message |recipient )?(limit|quota)`, `daily limit for`, `too many login`,
	)},
	{SystemError, anyOf(`(open|create|write|lock) .{0,20}(mailbox|file|folder).{0,40}permission denied`, `dns records .{0,40}in a loop`, `message depth`, `lowest numbered mx`, `account service is`, `no such file or directory`, `can(no|')t write`, `insufficient disk space; try again`)},
	{HostUnknown, anyOf(`indicated no smtp service`, `name service error`, `name ?server (reply|failure|error)`, `nx-?domain`, `null ?mx`, `no mail hosts? for`, `mail domain .{0,40}\bunknown`, `mail receiving disabled`,
		`(domäne|domain|domaine|dominio|домен|domena|domínio)[^.@:]{0,20}(nicht gefunden|inconnu|introuvable|inexistente|non trovat|no existe|не (найден|существует)|nie istnieje|não (encontrado|existe))`, `ドメインが(見つかりません|存在)`, `域名不存在`)},
	{DeliveryTimeout, anyOf( // no safe line to be had
		`starttls (is )?(required|command)`, `tls (is |session is )?required`, `tls/ssl.{0,10} connection required`, `requires (encryption|tls|high-strength)`, `encryption (is )?(required|needed)`, `start tls failed`, `\bdane\b|\btlsa\b|mta-sts`, `certificate (expired|verification|validation|mismatch|not (trusted|verified))`, `suspiciousremoteserver`,
	)},
	{SenderRejected, anyOf(
		`groups\.google\.com/support`, // the one thing that is the same in all its languages
		`(n't|not) aligned with`, `openspf\.`, `(absender|expéditeur|remitente|mittente|отправител|nadawca|remetente|afzender)[^.:]{0,30}(abgelehnt|blockiert|gesperrt|refus|bloqu|rechazad|rifiutat|bloccat|отклон|заблокир|odrzucon|zablokowan|rejeitad|geweigerd)`, `anti-?spoof`, `spam abuse`, `(dynamic|dial-?up|transient|zombied?)(/\w+){0,2} ips?\b`, `spam ips?\b`, `blocked senders?\b`, `from:? domain (is invalid|does not exist)`, `unresolvable .{0,40}\bfrom domain`, `connection (rejected|refused|denied) by policy`, `invalid domain, see`, `rejected by (destination|recipient)`,
	)},
	{ContentRejected, anyOf(
		`missing (a valid |the )?(address in|header|from|to|date|subject|message-id)`, `header \S+ missing`, `(illegal|forbidden|prohibited|banned|disallowed|executable|dangerous) (attachment|file|content|extension)`, `\bbanned: `, `link listed`, `unzulässige[rn]? (datei)?anhang`, `(anhang|pièce jointe|adjunto|allegato|вложени|załącznik|anexo)[^.:]{0,30}(interdit|refus|verboten|nicht (erlaubt|zulässig)|no permitid|non (consentit|ammess)|запрещ|niedozwolon|proibid|não permitid)`, `迷惑メール`, `垃圾邮件|垃圾郵件`, `스팸`,
		`(url|link|domain|phrase|word|attachment)s? .{0,20}(in|of) (your |the )?(message|mail|body|subject)`, `(black|block)[ -]?listed (url|link|domain)`,
		`mail rejet[eé]`, `for policy reasons`, `multiple (addresses in from|subject)`, `rfc ?(2|5|8)822|rfc ?5322|rfc ?822 `, `not rfc.{0,12}compliant`,
	)},
	{TooLarge, anyOf(
		`message (size|length|is larger)`, `message(\(s\))? (is |was )?too (large|big|long)`, `(too large|too big).{0,20}(message|mail|system)`, `size (limit|exceed)`, `exceed.{0,40}(message|mail|size|maximum) size`, `(message|mail) file too (big|large)`,
		`(fixed )?maximum (message )?size`, `larger than .{0,40}(limit|allowed|maximum)`, `zu gro(ß|ss)`, `trop (volumineux|grand|gros)`, `demasiado grande`, `troppo grande`, `te groot`, `zbyt du[żz]`, `слишком (большо|велик)`, `muito grande`, `大きすぎ`, `(邮件|郵件)太大`, `너무 (큽|크|큰)`,
	)},
	{SenderRejected, anyOf(
		`reputation`, `dmarc`, `\bspf\b`, `\bdkim\b`, `\barc\b.{0,20}fail`, `unauthenticated`, `not authenticated`, `authentication (is )?(required|failed)`, `sender policy framework`,
		`(dns|real-?time |ip |local |internal )?(black|block)[ -]?(hole|list)`, `dnsbl`, `\brbls?\b`, `spamhaus`, `spamcop`, `\bsorbs\b`, `(is|are|was|been|currently|ip|address) listed (in|at|by|on) `, `banned (sender|host|ip)`,
		`(reverse dns|rdns|\bptr\b|reverse (address )?(lookup|hostname|name))`, `cannot find your (reverse )?hostname`, `helo command rejected`, `ehlo.{0,30}(rejected|invalid)`,
		`relay(ing)? (access )?(denied|is not|not|prohibited)`, `(not (permitted|allowed|configured|authorized)|unable|denied) to relay`, `we do not relay`, `open relay`,
		`sender (ip |domain |e-?mail )*(address )?(was |is |isn't |has been |not |verify |verification )?(rejected|denied|invalid|blocked|unknown|failed|not|allowed|refused|empty|spammer)`, `sender isn't on`, `(bad|unroute?able|unverif[iy]able) (sender|sending)`, `(domain of|invalid) sender`, `sender.{0,40}(does not exist|not authori[sz]ed|not allowed)`,
		`invalid (return|envelope|mail from)`, `client host .{0,60}(rejected|blocked|denied)`, `(your|this|from|the|sending|source|adresse) (e-?mail |access )?(ip|ip address|host|server|mail server|network|domain|ip source)\b.{0,60}(block|reject|ban|denied|refus|bloqu|reputation)`,
		`email address is not verified`, `sendas ?denied`, `allowed to send as`, `unregistered domain`, `envelope (blocked|rejected)`, `host network`, `failed to authenticate`, `\bbatv\b`, `as a relay\b`, `relaying disallowed`, `too many (bad commands|spams)`, `user complaints`, `permanently deferred`,
		`\d\.\d{1,3}[])>]{0,2} (is |was |has been )?(currently |temporarily |permanently )?(blocked|banned|denied|listed)`, `blank from`, `administrative prohibition envelope`, `not accepting connections$`, `connection denied`, `bounce attacks?`,
		`\((rly|dyn|rtr|hvu|con):\w+\)`, `will not accept delivery`, `\b(ofr|lpn)\d*_(102|103|510|999)`, `aup#\w*-?1(0[0-8]0|1[0-5]0|2[0-5]0|5[02]0)`, `aup#(cx(bl|dns|sndr|smtp)|cdrbl|ipbl)`, // codes of AOL, Orange, Spectrum, Cox
		`blocked using`, `bad ip profile`, `not allowed to send`, `accepting mail from your`, `server of your isp`, `not passed validation`, `open proxy`, `by your ip\b`, `purported responsible`, `senderfilter`, `third-party dsn`, `mail from not owned`, `(returned|bounce) mails? not accepted`, `backscatter`,
		`insecure mail relay`, `no relaying`, `relaying mail`, `not a gateway`, `registered gateway`, `don't handle mail`, `specified domain is not allowed`, `requires authentication`, `authentication (credentials|failure)`, `don't authenticate`, `resolve your address`, `unresolvable relay`, `organizational settings`, `mass mailer`, `only accepting mail from`, `blocked by the recipient`, `(recipient|user) refuses`, `fully qualified e-?mail`,
		`invalid ip`, `messages from .{0,40}(weren't|were not) sent`, `currently blocked by`, `sender domain must exist`, `^[^a-z]*verification failed for`, `callback setup failed`, `ip=\S{1,60} - a problem occurred`, `blocked - see`, `too many unwanted`, `unwanted messages have been`, `not accept(ing|ed)? (mail|messages|e-?mail|connections) from`, `no access from`, `you are not (allowed|authori[sz]ed|permitted)`, `not authori[sz]ed to (send|post)`,
		`permission (to post|denied)`, `(may|do) not have (the )?(permission|rights?)`, `not (have )?permission`, `don't have permission`, `only (accepts|members|subscribers)`, `restricted to (members|senders)`, `closed list|members-only|non-member`,
		`pas autoris[eé]`, `keine berechtigung`, `nicht berechtigt`, `no tengas? permiso|no tiene permiso`, `non (disponga|disporre|hai|ha) .{0,20}autorizzazion|autorizzazione necessaria`, `geen (toestemming|rechten|machtiging)`, `нет (прав|разрешения)|не имеете`, `uprawnie[nń]`, `permiss[aã]o|permissões`, `許可|権限`, `权限|權限|无权`, `권한`, `ไม่ได้รับอนุญาต`,
		`access denied`, `connection refused by policy`, `mail from .{0,80}(rejected|refused|denied|not accepted)`, `connections? (will )?not (be )?accepted from`,
	)},
	{RateLimited, anyOf(
		`rate[ -]?limit`, `too many (connections|messages|mails|recipients|concurrent|sessions|e-?mails|requests|errors|invalid)`, `limit is \d+ (per|an|a) `, `trop de (connexions|messages)`, `zu viele (verbindungen|nachrichten|e-?mails)`, `demasiad[oa]s (conexiones|mensajes)`, `troppe (connessioni|e-?mail)|troppi messaggi`, `слишком много (соединений|сообщений|писем)`, `throttl`, `slow(ing)? down|slower`, `too much mail from`, `mail limit (was |is |has been )?(exceeded|reached)`, `gr[ae]y-?list`,
		`(messages?|mails|connections|recipients|e-?mails|failures) per (second|minute|hour|day|connection|session)`, `(sending|hourly|daily|connection|message) (limit|quota) (was |is |has been )?(exceeded|reached)`, `at a rate that`, `unusual (rate|sending)`, `aup#\w*-?1([34]\d0|5[458]0)`, `aup#cx(mxrt|cnct)`, `try again in \d+ (seconds|minutes)`,
	)},
	{ContentRejected, anyOf(
		`\bspam(my|ming|assassin)?\b`, `virus`, `malware`, `trojan`, `phish`, `\bube\b|\buce\b`, `unsolicited`, `junk mail`, `bulk mail`, `scored as`, `content (was |is |has been |filter|reject|not|block|restriction|policy)`, `message content`,
		`(attachment|file)s?( type)?.{0,40}(not allowed|blocked|forbidden|prohibited|rejected|banned)`, `policy (violation|reason|restriction)`, `violat(es|ion of|ed) .{0,30}policy`, `(against|by|due to|of|local|security|company|site|administrative) .{0,20}polic(y|ies)`, `policy reject`, `blocked by .{0,40}filter`,
		`aup#\w*-?11[6-9]0`, `urlbl`, `attachment extension`, `lines? too long`, `stray linefeed`, `line limit`, `messages containing`, `mail score`, `mime complexity`, `duplicate headers?\b`, `multiple \S+ headers?\b`, `too many parts`, `bare <`, `nature of the content`, `potentially executable`, `\bspm\b`, // Netease's DT:SPM
		`\b5\d\d[ -].{0,200}(reject|prohibit|denied|refused|blocked|not accepted).{0,200}end of data`, `end of data.{0,100}\b5\d\d[ -].{0,100}(reject|prohibit|denied|refused|blocked|not accepted)`, // what is said once the mail was seen
		`header (error|is|too)`, `headers? fail`, `malformed`, `bare lf|bare (line|carriage)`, `invalid (header|character|mime)`, `8-?bit`, `suspicious`, `protocol violation`, `message (was )?(filtered|blocked|refused)`, `delivery not authorized`, `mail content denied`, `prohibited`, `dangerous|unsafe`,
	)},
	{MailboxFull, anyOf(
		`mailbox has exceeded`, `(brevlåda|postilaati|postkasse|postboks|innboks|indbakke|postafiók|posta kutusu|γραμματοκιβώτιο|căsuța|schránka)[^.]{0,40}(\bfull\b|\bfuld|täynnä|täysi|megtelt|betelt|\bdolu|γεμάτο|plină|\bplná)`,
		`mail ?(box|drop|dir)?[^.]{0,40}(is )?(full|voll\b|plein|pieno|piena|llen[oa]|vol\b|pełna|переполнен)`, `(over|exceed(s|ed|ing)?|above|out of|beyond)[^.]{0,30}(quota|storage|mailbox|space|kontingent)`, `(quota|storage|mailbox size|mailbox space)[^.]{0,30}(exceed|full|limit|reached|violation|überschritten|dépassé|superad)`,
		`(postfach|ящик|buz[óo]n|bo[îi]te|casella|skrzynka|postvak|caixa)[^.]{0,40}(voll\b|überfüllt|переполнен|llen[oa]|pleine|satur|piena|pełna|vol\b|cheia)`, `over ?quota`, `quotaexceeded`, `mailbox exceed`, `insufficient (disk |mailbox |quota|user )`, `not enough (storage|space|disk)[^.]{0,40}(mailbox|user|recipient)?`, `too many messages in (the |this )?mailbox`, `inbox is (full|out of)`, `user is over`, `account is (full|over)`, `メールボックスが一杯|容量を超`, `邮箱已满|信箱已满|超过容量`,
	)},
	{MailboxDisabled, anyOf(
		`archived recipient|destinataire archiv`, `(konto|benutzer|postfach|compte|cuenta|usuario|conta|usuário|casella|utente|ящик|аккаунт|пользовател\S*|skrzynka|účet|schránka|konto|rekening|hesap)[^.]{0,60}(gesperrt|deaktiviert|stillgelegt|désactiv|desactiv|suspen[ds]|bloqu|deshabilitad|inhabilitad|disattivat|sospes|bloccat|отключ|заблокир|zablokowan|nieaktywn|zablokován|zrušen|inaktiver|spärrat|geblokkeerd)`,
		`(account|mailbox|user|users?\(s\)|address|recipient|e-?mail|login)\b[^.]{0,60}(disabled|suspended|inactive|frozen|deactivated|locked|terminated|expired|not active|closed|on hold|restricted|abandoned|gesperrt|deaktiviert|désactivé|suspendid|disattivat|заблокирован|отключен|zablokowan)`,
		`(disabled|inactive|suspended|deactivated|frozen|expired|closed) (recipient|user|account|mailbox|address|e-?mail)`, `not currently active`, `domain (is |has been )?(currently )?(suspended|disabled|deactivated|expired)`, `not accepting any mail`, `no longer (active|in use|valid|accept)`, `temporarily (inactive|deactivated)`, `too long inactive`, `on hold\b`,
	)},
	{SystemError, anyOf(
		`(mail|routing|forwarding|delivery) loop`, `loops? back`, `loop detected`, `looping`, `hop ?count`, `too many hops`, `forwarded more than`, `message probably in a routing`, `too many received`, `disk (is )?full`, `no space left`, `(file|disk|write|read|i/o|input/output) error`, `out of memory`,
		`can(no|')t create`, `couldn't create`, `could not create`, `could not load`, `internal (server |software |system )?error`, `local (configuration )?error`, `configuration (error|problem)`, `misconfigur`, `command (died|not implemented|output)`, `parameter not implemented`, `not implemented`, `mailer error`, `command failed`, `interrupted system call`, `error while (being )?process`, `there is no mdb`, `exit (status|code)`, `server error`, `insufficient system (storage|resources)`,
	)},
	{HostUnknown, anyOf(
		`(host|domain|server|hostname)( or domain)?( name)?\b[^.@:]{0,30}(unknown|not found|doesn't exist|does not exist|invalid|not exist|could not be found|couldn't be found|unbekannt|inconnu)`, `host \S{1,80} (was )?not found`, `domain .{1,80} (could not be|couldn't be|was not|wasn't) found`, `domain \S{1,80} does(n't| not) exist`, `(unknown|invalid|illegal|bad|no such|nonexistent|non-existent) (host|domain|mail ?server|hostname)`,
		`(no|any) (mx|mail exchanger|mail server|a record|dns)`, `(could|can)(n't|not|'t| not)( be)? (find|locate|look ?up|resolve)[^.]{0,40}(host|domain|exchanger|mx|server|address)`, `(unable to|failed to) (look ?up|resolve|find|locate)[^.]{0,30}(host|domain|mx|dns|name|address)`,
		`dns (error|failure|lookup|server|type)`, `dns records .{0,60}not be found`, `name or service not known`, `host name lookup`, `domain (is not reachable|must exist)`, `no matches to nameserver`, `unrouteable`, `unroutable`, `(system|host|domain)[^.]{0,20} not accept(ing)? (network )?(mail|messages|e-?mail)`, `(doesn't|does not) (accept|receive) (any )?(e-?)?mail`, `no route to (domain|host)?\b.{0,20}domain`, `host lookup`, `not a (valid|registered) (gateway )?domain`, `bad destination (host|system)`,
	)},
	{UserUnknown, anyOf(
		`name unrecogni[sz]ed`, `recipient (cannot be verified|verification failed|is not local|not ok)`, `rejected recipients?\b`, `can't accept user`, `not an active address`, `nessun utente`, `no mail box`, `no one at this`, `missing home directory`, `\bnot? .{0,40}\bin (the )?(name )?directory`, `unlisted recipient`, `bounced address`, `recipient mailbox is not allowed`,
		`users?\b[^.]{0,40}(unknown|not found|does(n't| not) exist|invalid|not exist|not known|not listed|unavailable)`, `(unknown|invalid|no such|nonexistent|non-existent|bad|wrong|undefined|illegal) (destination )?(local )?(users?|recipients?|mailbox|address|addressee|alias|account|e-?mail|virtual|person|local[ -]?part|name|login|customer)`,
		`no (mailbox|user|account|recipient|address|one)\b[^.]{0,30}(here|by|with|found|exist|called)`, `not? (our|a valid|a known|a local|valid) (customer|mailbox|recipient|user|address|account|e-?mail)`,
		`(mailbox|address(es|ees?)?|account|recipients?|e-?mail|inbox|alias|group)\b[^.]{0,60}(not found|not present|unavaiable|does(n't| not) exist|no longer|not exist|unknown|not listed|invalid|not known|not available|unavailable|couldn't be found|could not be found|wasn't found|is not valid|isn't (valid|known)|not recogni[sz]ed)`,
		`(doesn't|does not) have an? .{0,60}account`, `(has|have) (moved|left)`, `no longer (on|at|with|works?|employed|here|available)`, `(recipient|address|rcpt( to)?) (address )?(was )?(rejected|refused|not accepted|denied)`, `bad destination mailbox`, `can(not|'t) (verify|deliver to) (recipient|user|mailbox)`, `user doesn't`, `\bvrfy\b`,
		`n'existe pas|inconnue?\b|introuvable`, `(empf[äa]nger|adresse|benutzer|postfach|mailbox|konto)[^.]{0,40}(unbekannt|nicht (gefunden|bekannt|vorhanden|existiert|verf[üu]gbar)|existiert nicht|ung[üu]ltig)`, `existiert nicht`, `no existe|desconocid[oa]|no se (ha )?encontr`, `non esiste|inesistente|sconosciut|non trovat`, `bestaat niet|onbekend|niet gevonden`,
		`unbekannte[rs]? (empfänger|benutzer|adresse|konto|postfach)`, `inexistente`, `fin[nd]?e?s (ikke|inte)`, `ei (löydy|ole olemassa)`, `nem (létezik|található)`, `bulunamadı|mevcut değil`, `δεν υπάρχει|δεν βρέθηκε`, `nu (există|exista|a fost găsit)`, `neexistuje|nenalezen`,
		`не существует|не найден|неизвестн|нет такого`, `nie istnieje|nieznany|nie znaleziono`, `n[ãa]o existe|desconhecid`, `存在しない|存在しません|見つかりません|宛先不明|ユーザ.{0,6}(不明|存在)`, `不存在|无此用户|找不到`, `존재하지 않|찾을 수 없`,
	)},
	{DeliveryTimeout, anyOf(
		`after \d+ (days|hours|attempts|tries)`, `failed \d+ (attempts|times)`, `could not find a gateway`, `did not respond`, `not be delivered for \d`, `failing for a long`, `peer refused|refused by peer`, `tim(ed|e)[ -]?out`, `expired`, `too (long|old)`, `retry (time|timeout|count)`, `retries`, `(in|on) (the |our )?(mail )?queue`, `enqueued`, `(delivery|message|mail|it)( \S+){0,3} (has been|is|was) (being )?delayed`, `will (be retried|keep trying|continue)`, `still being retried`, `not (been )?delivered (within|after|in)`, `has not (yet )?been delivered`, `(could|can)(n't|not| not) (be )?(connect|reach|contact|establish)`, `unable to (connect|reach|contact|establish)`, `did not accept our requests to connect`, `wasn't able to establish`,
		`connection (was )?(refused|reset|lost|dropped|closed|failed|broken|aborted|to .{1,80} failed)`, `(host|server|system|network) (is )?(unreachable|not reachable|not responding|down|unavailable)`, `not responding|no (answer|response|route)`, `network (error|problem|failure)`, `lost connection`, `giving up`, `handshake fail`, `tls (handshake|negotiation|is required|not available)`, `refused to talk`, `temporarily suspended`, `nicht erreichbar`, `injoignable`, `не отвечает`, `connexion refusée`, `verbindung (abgelehnt|verweigert|fehlgeschlagen)`, `délai (d'attente )?dépassé`, `zeitüberschreitung`, `tiempo de espera`, `tempo scaduto`, `превышено время`, `connessione rifiutata`, `conexión rechazada`,
	)},
}

// vagueWords are those that a server says when it does not want to say more. They count where the whole report has nothing better.
var vagueWords = []reasonWord{
	{SystemError, anyOf(
		`service (is )?(temporarily |currently )?(unavailable|not available)`, `temporar(y|ily) (local )?(problem|failure|error|system|unavailable|deferred)`, `(system|software|processing|unexpected|fatal) error\b`, `transaction failed`, `syntax error`, `bad sequence`, `service refus`, `try (again )?later`, `unrecogni[sz]ed command`, `server (is )?(busy|overloaded|temporarily)`, `load (average|too high)`, `shutting down`, `closing transmission channel`, `delivery mechanism|\bpipe\b|procmail|maildrop`,
	)},
	{UserUnknown, anyOf(`does(n't| not) exist`)},
	{SenderRejected, anyOf(`administrative prohibition`, `after initial connection`)}, // Exim's, where no words were set for a refusal
	{ContentRejected, anyOf(`message (was )?(rejected|denied|not accepted)`, `rejected (by|due to|for)`)},
}

func anyOf(alternatives ...string) *pattern {
	return newPattern(`(` + strings.Join(alternatives, `|`) + `)`)
}

// reasonInWords looks for a system's words in a piece of a report. Addresses are no words, since people are called spam@cust.example;
// links are, since many servers put their reason into one: ?p=NoSuchUser.
func reasonInWords(text string) (reason FailureReason, vague bool) {
	if isPlainASCII(text) && isOneLine(text) && reasonRows(text) == (partSet{}) { // as most lines are: nothing below would bring a word in
		return "", false
	}
	text = withoutAddresses(text)
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	if text == "" {
		return "", false
	}
	rows := reasonRows(text)
	for i, r := range allReasons() {
		if rows.has(uint8(i)) && r.words.MatchString(text) {
			return r.reason, i >= len(reasonWords)
		}
	}
	return "", false
}

// allReasons are the rows of both tables.
var allReasons = sync.OnceValue(func() []reasonWord { return slices.Concat(reasonWords, vagueWords) })

// reasonRows are those of the tables that have a word in a text, found in one pass: most lines of a report have none.
func reasonRows(text string) (rows partSet) {
	words, always := reasonSet()
	rows = always
	for at, i := words.next(text, 0, -1); at >= 0; at, i = words.next(text, at, i) {
		rows.add(words.list[i].part)
	}
	return rows
}

// reasonSet has the words of all rows, and those rows that need none.
var reasonSet = sync.OnceValues(func() (set *wordSet, always partSet) {
	var all []word
	for i, r := range allReasons() {
		r.words.compile()
		if r.words.always != (partSet{}) {
			always.add(uint8(i))
		}
		for _, w := range r.words.needed {
			all = append(all, word{text: w.text, part: uint8(i)})
		}
	}
	return newWordSet(all), always
})

// withoutAddresses has brackets in their place.
func withoutAddresses(text string) string {
	addr, begin := nextAddress(text, 0)
	if addr == "" {
		return text
	}
	var b strings.Builder
	at := 0
	for ; addr != ""; addr, begin = nextAddress(text, at) {
		b.WriteString(text[at:begin])
		b.WriteString(" <> ")
		at = begin + len(addr)
	}
	return b.String() + text[at:]
}

// statusReasons are the enhanced status codes (RFC 3463, RFC 5248 and what RFC 7505, RFC 7372 and RFC 8616 added) without their class.
// Those that say nothing by themselves are left out.
var statusReasons = map[string]FailureReason{
	"1.1": UserUnknown, "1.2": HostUnknown, "1.3": UserUnknown, "1.4": UserUnknown, "1.6": UserUnknown, "1.7": SenderRejected, "1.8": SenderRejected, "1.10": UserUnknown, "1.90": RateLimited, "1.351": UserUnknown,
	"2.1": MailboxDisabled, "2.2": MailboxFull, "2.3": TooLarge,
	"2.4": SystemError, "2.121": RateLimited, "2.122": RateLimited,
	"3.1": SystemError, "3.2": HostUnknown, "3.4": TooLarge, "3.5": SystemError,
	"4.1": DeliveryTimeout, "4.2": DeliveryTimeout, "4.3": SystemError, "4.4": HostUnknown, "4.5": RateLimited, "4.6": SystemError, "4.7": DeliveryTimeout, "4.14": SystemError, "4.300": DeliveryTimeout, "4.310": HostUnknown, "4.316": DeliveryTimeout, "4.317": DeliveryTimeout, "4.318": DeliveryTimeout,
	"5.1": SystemError, "5.2": SystemError, "5.3": RateLimited, "5.4": SystemError,
	"6.1": ContentRejected, "6.2": ContentRejected, "6.3": ContentRejected, "6.5": ContentRejected,
	"7.8": SenderRejected, "7.13": MailboxDisabled, "7.20": SenderRejected, "7.21": SenderRejected, "7.22": SenderRejected, "7.23": SenderRejected, "7.24": SenderRejected,
	"7.25": SenderRejected, "7.26": SenderRejected, "7.27": SenderRejected, "7.28": RateLimited, "7.29": SenderRejected, "7.30": SenderRejected, "7.32": SenderRejected, "7.40": SenderRejected,
	"7.10": DeliveryTimeout, "7.16": TooLarge, "7.17": UserUnknown, "7.18": UserUnknown,
	"7.57": SenderRejected, "7.60": SenderRejected, "7.64": SenderRejected, "7.124": SenderRejected, "7.133": SenderRejected, "7.134": SenderRejected, "7.509": SenderRejected, "7.515": SenderRejected, "7.606": SenderRejected,
}

// generalReasons are what the subject of a status code says where nothing else does (RFC 3463, 3).
var generalReasons = map[string]FailureReason{"1": UserUnknown, "3": SystemError, "4": DeliveryTimeout, "5": SystemError, "6": ContentRejected, "7": SenderRejected}

func reasonOfStatus(status string) FailureReason {
	if status == "4.3.2" { // the system is going down or busy: it will take mail again
		return SystemError
	}
	_, detail, _ := strings.Cut(status, ".")
	return statusReasons[detail]
}

// reasonOfReply goes by a reply code that says more than yes or no (RFC 5321, 4.2.3).
func reasonOfReply(text string) FailureReason {
	code := plainReply.FindStringSubmatch(text)
	if code == nil {
		return ""
	}
	return replyReasons[code[1]]
}

var plainReply = newPattern(`(?m)(?:^|[ :<>])(4[25]\d|5[05]\d)[ -]`)

var replyReasons = map[string]FailureReason{
	"421": DeliveryTimeout, "451": SystemError, "452": MailboxFull, "500": SystemError, "501": SystemError, "502": SystemError, "503": SystemError, "504": SystemError,
	"530": SenderRejected, "535": SenderRejected, "551": UserUnknown, "552": MailboxFull, "553": UserUnknown, "556": HostUnknown,
}

const reasonSample = 8 << 10 // bytes of a report in which a reason is looked for

// reportText is a report up to the mail that came back, whose words are its writer's.
func reportText(text string) string {
	if i := returned.FindStringIndex(text); i != nil {
		text = text[:i[0]]
	}
	return text
}

// saidLines are the lines in which another server is quoted: they hold a code, or say so.
func saidLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if len(line) < 1000 && (statusCode(line) != "" || replyCode(line) != "" || strings.Contains(line, "said:") || strings.HasPrefix(line, "<<<")) {
			b.WriteString(line)
		}
	}
	return b.String()
}
