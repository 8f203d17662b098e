package parse

import (
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk/message"
)

// wordReport is a mail system's plain text, under a name and with a subject.
func wordReport(from, subject, text string) string {
	return "Return-Path: <>\nFrom: " + from + "\nTo: support@desk.example\nSubject: " + subject + "\nContent-Type: text/plain; charset=utf-8\n\n" + text
}

// standardReport is one in the standard form with the fields of a recipient.
func standardReport(text, fields string) string {
	return "From: MAILER-DAEMON@mx.acme.example\nTo: support@desk.example\nSubject: Returned mail\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n" +
		"--b\nContent-Type: text/plain\n\n" + text + "\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.acme.example\n\n" + fields + "\n--b--\n"
}

type reportTest struct {
	name, mail string
	recipients string // with a space between them
	status     string
	permanent  bool
	reason     FailureReason
}

func (c reportTest) check(t *testing.T) {
	t.Helper()
	m := Parse(Bytes([]byte(c.mail)))
	if m.Kind != message.Bounced {
		t.Errorf("%s: %s %q", c.name, m.Kind, m.KindWhy)
		return
	}
	if got := strings.Join(m.Bounce.Recipients, " "); got != c.recipients || m.Bounce.Status != c.status || m.Bounce.Permanent != c.permanent {
		t.Errorf("%s: failed %q, status %q, permanent %t; want %q, %q, %t", c.name, got, m.Bounce.Status, m.Bounce.Permanent, c.recipients, c.status, c.permanent)
	}
	if got := ReasonOf(m); got != c.reason {
		t.Errorf("%s: reason %q, want %q; it says %q", c.name, got, c.reason, m.Bounce.Reason)
	}
}

// TestStandardReports: what is usual in the fields of a report beside what the standard says of them.
func TestStandardReports(t *testing.T) {
	for _, c := range []reportTest{
		{"letters beyond ASCII", standardReport("x", "Final-Recipient: utf-8; jürgen@acme.example\nAction: failed\nStatus: 5.1.1\n"), "jürgen@acme.example", "5.1.1", true, UserUnknown},
		{"such letters written in ASCII", standardReport("x", "Final-Recipient: utf-8; j\\x{FC}rgen@acme.example\nAction: failed\nStatus: 5.1.1\n"), "jürgen@acme.example", "5.1.1", true, UserUnknown},
		{"an original address as the envelope had it", standardReport("x", "Original-Recipient: rfc822;lee+2Bshop@acme.example\nFinal-Recipient: rfc822; box7@acme.example\nAction: failed\nStatus: 5.1.1\n"), "lee+shop@acme.example", "5.1.1", true, UserUnknown},
		{"such an address with an equals sign", standardReport("x", "Original-Recipient: rfc822;lee+3Dshop@acme.example\nFinal-Recipient: rfc822; lee=shop@acme.example\nAction: failed\nStatus: 5.1.1\n"), "lee=shop@acme.example", "5.1.1", true, UserUnknown},
		{"an address that only looks so", standardReport("x", "Original-Recipient: rfc822;lee+3Dprint@acme.example\nFinal-Recipient: rfc822; lee+3Dprint@acme.example\nAction: failed\nStatus: 5.1.1\n"), "lee+3dprint@acme.example", "5.1.1", true, UserUnknown},
		{"a name beside the address", standardReport("x", "Final-Recipient: rfc822; Lee Li <lee@acme.example>\nAction: failed\nStatus: 5.1.1\n"), "lee@acme.example", "5.1.1", true, UserUnknown},
		{"an original address that is unknown", standardReport("x", "Original-Recipient: unknown\nFinal-Recipient: rfc822; lee@acme.example\nAction: failed\nStatus: 5.1.1\n"), "lee@acme.example", "5.1.1", true, UserUnknown},
		{"two diagnostics, the second of the other server", standardReport("x", "Final-Recipient: rfc822; lee@acme.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: x-gateway; the host said:\nDiagnostic-Code: smtp; 552 5.2.2 full\n"), "lee@acme.example", "5.2.2", true, MailboxFull},
		{"two diagnostics, the first of the other server", standardReport("x", "Final-Recipient: rfc822; lee@acme.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 552 5.2.2 full\nDiagnostic-Code: x-gateway; it came to nothing\n"), "lee@acme.example", "5.2.2", true, MailboxFull},
		{"a diagnostic in an encoded word", standardReport("x", "Final-Recipient: rfc822; lee@acme.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; =?utf-8?Q?550_das_Postfach_ist_=C3=BCberf=C3=BCllt?=\n"), "lee@acme.example", "5.0.0", true, MailboxFull},
		{"a filter's refusal in a receipt", "From: Mail Sieve Subsystem <postmaster@acme.example>\nSubject: Automatically rejected mail\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n" +
			"--b\n\nYour message was automatically rejected: no spam\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; lee@acme.example\nDisposition: automatic-action/MDN-sent-automatically; deleted\n--b--\n", "lee@acme.example", "", true, ContentRejected},
		{"a delay without a status", standardReport("x", "Final-Recipient: rfc822; lee@acme.example\nAction: delayed\n"), "lee@acme.example", "", false, DeliveryTimeout},
	} {
		c.check(t)
	}
}

// TestReportsInWords: systems that write what they have to say as a text.
func TestReportsInWords(t *testing.T) {
	const lee = "lee@acme.example"
	daemon := func(subject, text string) string { return wordReport("MAILER-DAEMON@mx.acme.example", subject, text) }
	postmaster := func(subject, text string) string { return wordReport("postmaster@acme.example", subject, text) }
	for _, c := range []reportTest{
		{"OpenSMTPD", daemon("Delivery status notification: error", "    Hi!\n\n    An error has occurred while attempting to deliver a message for\n    the following list of recipients:\n\nlee@acme.example: Envelope expired\n"), lee, "", true, DeliveryTimeout},
		{"OpenSMTPD, not yet", daemon("Delivery status notification: warning", "    Hi!\n\n    A message is delayed for more than 4 hours for the following\n    list of recipients:\n\nlee@acme.example: Network error on destination MXs\n\n    Please note that this is only a temporary failure report.\n"), lee, "", false, DeliveryTimeout},
		{"Smail says at the address why", daemon("mail failed, returning to sender", "|--------- Message log follows: ---------|\n no valid recipients were found for this message\n|--------- Failed addresses follow: ---------|\n lee@acme.example ... unknown host\n"), lee, "", true, HostUnknown},
		{"Gmail says behind a head why", daemon("Delivery Status Notification (Failure)", "Your message wasn't delivered to lee@acme.example because the address couldn't be found.\n\nThe response was:\n\nDNS type 'mx' lookup of acme.example responded with code NXDOMAIN\n"), lee, "", true, HostUnknown},
		{"Gmail tries on", daemon("Delivery Status Notification (Delay)", "Your message couldn't be delivered to lee@acme.example. Their inbox is full. Gmail will retry for 46 more hours.\n"), lee, "", false, MailboxFull},
		{"MDaemon's warning is final", wordReport("MDaemon@mx.acme.example", "Warning: lee@acme.example - User unknown!", "lee@acme.example - no such user here.\n\nThere is no user by that name at this server.\n"), lee, "", true, UserUnknown},
		{"IMail", postmaster("Undeliverable Mail", "Delivery failed 20 attempts: lee@acme.example\n"), lee, "", true, DeliveryTimeout},
		{"James under a subject of its own", postmaster("[BOUNCE]", "Hi. This is the James mail server at mx.acme.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\nlee@acme.example\n550 5.1.1 User unknown\n"), lee, "5.1.1", true, UserUnknown},
		{"a system that introduces itself, under any subject", postmaster("your mail", "This is the mail system at host mx.acme.example.\n\nYour message could not be delivered.\n\n<lee@acme.example>: 550 5.1.1 User unknown\n"), lee, "5.1.1", true, UserUnknown},
		{"Courier", wordReport("Courier mail server at mx.acme.example <@mx.acme.example>", "NOTICE: mail delivery status.", "Your message to the following recipients cannot be delivered:\n\n<lee@acme.example>:\n<<< 550 5.1.1 User Unknown\n"), lee, "5.1.1", true, UserUnknown},
		{"a filter that stopped it", wordReport("notifier@filter.acme.example", "**Message you sent blocked by our bulk email filter**", "Your message to: lee@acme.example\nwas blocked by our Spam Firewall. The email has NOT BEEN DELIVERED.\n"), lee, "", true, ContentRejected},
		{"Exim waits for its administrator", wordReport("Mail Delivery System <Mailer-Daemon@mx.acme.example>", "Message frozen", "Message 1abcde-0001aB-2C has been frozen.\n\nThe following address(es) have yet to be delivered:\n\n  lee@acme.example: Unrouteable address\n"), lee, "", false, HostUnknown},
		{"Exchange from its own mailbox", wordReport("Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@acme.example>", "x", "Delivery has failed to these recipients:\n\nlee@acme.example\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n"), lee, "5.1.1", true, UserUnknown},
		{"Exchange waits", postmaster("Delivery delayed:order", "Delivery is delayed to these recipients or groups:\n\nlee@acme.example\n\nThis message hasn't been delivered yet.\n"), lee, "", false, DeliveryTimeout},
		{"XMail", postmaster("Error sending message [1] from [acme.example]", "[00] XMail bounce: Rcpt=[lee@acme.example];Error=[550 no such user]\n\nRcpt To:   <lee@acme.example>\n\n[02] The reason of the delivery failure was:\n\n550 no such user\n"), lee, "", true, UserUnknown},
		{"Mercury", postmaster("Delivery failure notification", "The following addressees were not recognised by this system:\n     lee@acme.example\n"), lee, "", true, UserUnknown},
		{"a filter of files", postmaster("BANNED contents from you (.exe)", "Our content checker found\n    banned name: .exe\nin a mail to the following recipient:\n-> lee@acme.example\n\nDelivery of the email was stopped!\n"), lee, "", true, ContentRejected},
		{"a mailbox that refuses by itself", wordReport("Mail Delivery Subsystem <lee@acme.example>", "Automatically rejected mail", "Your message to <lee@acme.example> was automatically rejected:\nQuota exceeded\n"), lee, "", true, MailboxFull},
		{"two, the first without a code", daemon("Mail delivery failed: returning message to sender", "The following address(es) failed:\n\n  lee@acme.example\n    mailbox is full: retry timeout exceeded\n  tom@acme.example\n    SMTP error from remote mail server after RCPT TO:<tom@acme.example>:\n    550 5.1.1 no such user\n"), "lee@acme.example tom@acme.example", "", true, MailboxFull},
		{"two, named twice, the code further down", postmaster("Undeliverable: order", "Delivery has failed to these recipients or groups:\n\nlee@acme.example\nWe have no such address.\n\ntom@acme.example\nHis mailbox is full.\n\nDiagnostic information for administrators:\n\nlee@acme.example\n#550 5.1.1 not found ##\n\ntom@acme.example\n#550 5.2.2 full ##\n"), "lee@acme.example tom@acme.example", "5.1.1", true, UserUnknown},
		{"two, and what happened below both", daemon("Returned mail", "   ----- The following addresses had permanent fatal errors -----\n<lee@acme.example>\n<tom@acme.example>\n\n   ----- Transcript of session follows -----\n<<< 552 5.2.2 Quota exceeded\n"), "lee@acme.example tom@acme.example", "5.2.2", true, MailboxFull},
		{"an appliance", postmaster("There was an error sending your mail", "We had trouble delivering your message.\n\nSMTP Server <mx.acme.example> rejected recipient <lee@acme.example>. It responded: [550 5.1.1 User unknown]\n"), lee, "5.1.1", true, UserUnknown},
	} {
		c.check(t)
	}
}

// TestReportsInOtherLanguages: Exchange writes all but the code in its server's language, others do as well.
func TestReportsInOtherLanguages(t *testing.T) {
	for _, c := range []struct{ language, subject, text string }{
		{"German", "Unzustellbar: Auftrag", "Diagnoseinformationen für Administratoren:"},
		{"French", "Non remis : commande", "Informations de diagnostic pour les administrateurs :"},
		{"Italian", "Non recapitabile: ordine", "Informazioni di diagnostica per gli amministratori:"},
		{"Spanish", "No se puede entregar: pedido", "Información de diagnóstico para administradores:"},
		{"Dutch", "Niet bezorgd: order", "Diagnostische gegevens voor beheerders:"},
		{"Portuguese", "Não é possível entregar: pedido", "Informações de diagnóstico para administradores:"},
		{"Polish", "Niedostarczone: zamówienie", "Informacje diagnostyczne dla administratorów:"},
		{"Czech", "Nedoručitelné: objednávka", "Diagnostické informace pro správce:"},
		{"Czech, another system", "Nedoručená zpráva", "Vaše zpráva nemohla být doručena:"},
		{"Swedish, another system", "Ej levererat meddelande", "Meddelandet kunde inte levereras:"},
		{"Danish, another system", "Ikke leveret mail", "Beskeden kunne ikke leveres:"},
		{"Swedish", "Olevererbart: order", "Diagnostisk information för administratörer:"},
		{"Danish", "Kan ikke leveres: ordre", "Diagnosticeringsoplysninger til administratorer:"},
		{"Norwegian", "Kan ikke leveres: ordre", "Diagnostikkinformasjon for administratorer:"},
		{"Finnish", "Toimittaminen ei onnistunut: tilaus", "Diagnostiikkatiedot järjestelmänvalvojille:"},
		{"Hungarian", "Kézbesíthetetlen: rendelés", "Diagnosztikai információ rendszergazdáknak:"},
		{"Romanian", "Nelivrabil: comanda", "Informații de diagnosticare pentru administratori:"},
		{"Turkish", "Teslim edilemedi: sipariş", "Yöneticiler için tanılama bilgileri:"},
		{"Greek", "Δεν παραδόθηκε: παραγγελία", "Διαγνωστικές πληροφορίες για διαχειριστές:"},
		{"Russian", "Не удается доставить: заказ", "Диагностические сведения для администраторов:"},
		{"Japanese", "配信不能: 注文", "管理者向けの診断情報:"},
		{"Chinese", "未传递: 订单", "管理员的诊断信息:"},
		{"Chinese in Taiwan", "無法傳遞: 訂單", "系統管理員的診斷資訊:"},
		{"Korean", "배달되지 않음: 주문", "관리자를 위한 진단 정보:"},
		{"Korean, another system", "[발송실패 안내]", "메일이 아래의 이유로 전송되지 못했습니다."},
	} {
		reportTest{c.language, wordReport("postmaster@acme.example", c.subject, c.text+"\n\nlee@acme.example\n#550 5.1.1 not found ##\n"), "lee@acme.example", "5.1.1", true, UserUnknown}.check(t)
	}
}

// TestNoReports: people and programs who speak of a failed delivery, or speak as systems do.
func TestNoReports(t *testing.T) {
	const failed = "<lee@acme.example>: host mx.acme.example said: 550 5.1.1 User unknown. The message could not be delivered.\n"
	for _, c := range []struct {
		name, mail string
		want       message.Kind
	}{
		{"a postmaster who asks", "From: postmaster@cust.example\nTo: support@desk.example\nSubject: Delivery problems\n\nDear colleague,\nour users get this:\n\n" + failed + "\nCan you help?\nPat\n", message.Human},
		{"a fraud under a system's name, with a code, that names its reader", "From: Mail Delivery System <info@evil.example>\nTo: support@desk.example\nSubject: Mail delivery failed\n\nDear support@desk.example,\n5 messages could not be delivered (550 5.2.2 quota). Sign in: http://evil.example/\n", message.Human},
		{"a parcel without a return path", wordReport("Parcels <parcel@carrier.example>", "Delivery failure", "Your parcel was not delivered to the following address:\n\nKim Doe\nkim@cust.example\n"), message.Human},
		{"a form of a site, for a person", "Reply-To: kim@cust.example\n" + wordReport("www-data@shop.example", "Contact: delivery failed", "My mail failed: "+failed), message.Human},
		{"a success in a system's own words", wordReport("Mail Delivery System <MAILER-DAEMON@mx.acme.example>", "Successful Mail Delivery Report", "This is the mail system at host mx.acme.example.\n\nYour message was successfully delivered to the destination(s)\nlisted below.\n\n<lee@acme.example>: 250 2.0.0 Ok\n"), message.AutoReply},
		{"a digest of a filter", wordReport("postmaster@filter.example", "Quarantine Summary", "These messages were not delivered to your inbox because they look like spam.\n\nkim@cust.example  Your order\n"), message.Human},
		{"a person who quotes an introduction", "From: Kim <kim@cust.example>\nSubject: Undelivered Mail\n\nThis is the mail system at host mx.cust.example.\n" + failed, message.Human},
		{"a virus in a mail to us", wordReport("postmaster@desk.example", "VIRUS (Eicar) IN MAIL TO YOU", "A virus was found in an email to you from kim@cust.example.\n"), message.Human},
		{"a postmaster's letter", "From: postmaster@cust.example\nTo: support@desk.example\nSubject: Mails werden nicht zugestellt\n\nGuten Tag,\n\nIhre Mails an kim@cust.example konnten nicht zugestellt werden (550 5.7.1).\n\nMit freundlichen Grüßen\nPat\n", message.Human},
		{"an administrator's notice", "From: administrator@cust.example\nTo: support@desk.example\nSubject: mail delivery delayed\n\nDear all,\n\non Saturday message delivery is delayed and may fail with 451 4.3.2 for kim@cust.example.\n", message.Human},
		{"a fraud that names whom to write to", "From: Mailer Daemon <x@evil.example>\nSubject: Undelivered Mail Returned to Sender\n\nYour message could not be delivered (550 5.1.1). Write to help@evil.example\n", message.Human},
		{"a person whose forwarder took the return path", wordReport("Kim <kim@cust.example>", "Mail not delivered", "My last message to lee@acme.example was not delivered, the server said user unknown.\n"), message.Human},
		{"a responder to a report", wordReport("Lee <lee@acme.example>", "Out of Office: Undeliverable: order", "I am away. The mail to tom@acme.example could not be delivered.\n"), message.AutoReply},
		{"a person's parcel", "From: Kim <kim@cust.example>\nSubject: Nedoručená zásilka\n\nZásilka nebyla doručena. kim@cust.example\n", message.Human},
	} {
		if m := Parse(Bytes([]byte(c.mail))); m.Kind != c.want {
			t.Errorf("%s: %s %q", c.name, m.Kind, m.KindWhy)
		}
	}
}
