package parse

import (
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk/message"
)

func TestReasonOf(t *testing.T) {
	for _, c := range []struct {
		name, status, said, text string
		want                     FailureReason
	}{
		{"no such mailbox", "5.1.1", "550 5.1.1 <lee@acme.example>: Recipient address rejected: User unknown in local recipient table", "", UserUnknown},
		{"moved", "", "551 the user has moved to another provider", "", UserUnknown},
		{"German", "", "550 Der Empfänger ist hier unbekannt, das Postfach existiert nicht", "", UserUnknown},
		{"Russian", "", "550 Такого пользователя не существует", "", UserUnknown},
		{"the reason is in the link", "5.0.0", "550 see https://support.example.org/mail/?p=NoSuchUser", "", UserUnknown},
		{"a directory that refuses all others", "5.4.1", "550 5.4.1 Recipient address rejected: Access denied", "", UserUnknown},
		{"suspended", "5.2.1", "550 5.2.1 The email account that you tried to reach is disabled", "", MailboxDisabled},
		{"too many mails in the mailbox", "", "", "Service unavailable\nThe number of messages in recipient's mailbox exceeded the local limit.", MailboxFull},
		{"over quota in German", "", "550 Das Postfach ist voll", "", MailboxFull},
		{"over quota in Russian", "", "550 почтовый ящик переполнен", "", MailboxFull},
		{"a domain with its name", "5.4.310", "550 5.4.310 DNS domain acme.example does not exist", "", HostUnknown},
		{"a record that says so", "", "An MX or SRV record indicated no SMTP service", "", HostUnknown},
		{"an address of ours on somebody's list", "", "550 SC-001 Unfortunately, messages from 192.0.2.1 weren't sent", "", SenderRejected},
		{"a sender who could not be verified", "", "550-Callback setup failed while verifying sender", "", SenderRejected},
		{"a volume", "4.7.0", "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints", "", RateLimited},
		{"a file's rights", "", "unable to open mailbox: permission denied in /var/mail", "", SystemError},
		{"no encryption to be had", "", "Cannot start TLS: handshake failure", "", DeliveryTimeout},
		{"over quota", "", "452 4.2.2 The mailbox is over quota", "", MailboxFull},
		{"quota in words", "5.0.0", "storage quota for this user has been exceeded", "", MailboxFull},
		{"no such domain", "", "Host or domain name not found. Name service error for name=acme.example type=MX", "", HostUnknown},
		{"a domain that takes no mail", "5.1.10", "556 5.1.10 Recipient address has null MX", "", HostUnknown},
		{"too large", "5.2.3", "552 5.2.3 Message length exceeds administrative limit", "", TooLarge},
		{"too large, without a code", "", "message too large for this mailbox", "", TooLarge},
		{"spam", "5.7.1", "554 5.7.1 Message content rejected, looks like spam", "", ContentRejected},
		{"a listed link", "", "550 blacklisted URL in message", "", ContentRejected},
		{"a policy", "5.7.9", "554 5.7.9 Message not accepted for policy reasons", "", ContentRejected},
		{"DMARC is a policy on senders", "5.7.1", "550 5.7.1 Email rejected per DMARC policy for desk.example", "", SenderRejected},
		{"block list", "", "554 Service unavailable; client host [192.0.2.1] blocked using bl.example.org", "", SenderRejected},
		{"sender address", "5.1.8", "501 5.1.8 Sender address rejected", "", SenderRejected},
		{"relaying", "", "550 5.7.1 Unable to relay", "", SenderRejected},
		{"no rights in a group", "", "", "You do not have permission to post to this group, or it does not exist.", SenderRejected},
		{"too many mails", "4.7.0", "421 4.7.0 Too many messages from this address, slow down", "", RateLimited},
		{"greylisting", "", "450 Greylisted, please try again in 300 seconds", "", RateLimited},
		{"not reachable", "4.4.1", "connect to mx.acme.example[192.0.2.7]:25: Connection timed out", "", DeliveryTimeout},
		{"in the queue", "", "", "Your message has been delayed. It will be retried for 2 more days.", DeliveryTimeout},
		{"a loop", "5.4.6", "554 5.4.6 too many hops, this message is looping", "", SystemError},
		{"a full disk", "4.3.0", "451 4.3.0 Error: queue file write error, no space left on device", "", SystemError},
		{"only the code says it", "5.2.2", "550 5.2.2 sorry", "", MailboxFull},
		{"only the code's subject says it", "5.6.9", "550 sorry", "", ContentRejected},
		{"only the reply says it", "", "552 sorry", "", MailboxFull},
		{"who sent it and what it holds: the sender comes first", "5.7.32", "550 5.7.32 the From: header (RFC5322) in this message isn't aligned with the authenticated domain", "", SenderRejected},
		{"a mail that is not as it should be", "5.7.1", "550 5.7.1 Messages missing a valid Message-ID: header are not accepted", "", ContentRejected},
		{"a file", "5.7.0", "550 5.7.0 this mail has a forbidden attachment", "", ContentRejected},
		{"a dynamic address", "", "550 DY-001 rejected for policy reasons: we take no mail from a dynamic IP", "", SenderRejected},
		{"a spammer's network", "", "550 Suspected spam IP", "", SenderRejected},
		{"spam from an address that is called dynamic nowhere", "", "550 spam", "", ContentRejected},
		{"an address that is listed, without a word for lists", "", "554 relay 192.0.2.1 blocked", "", SenderRejected},
		{"a host name of a relay", "", "550 you try to use me as a relay", "", SenderRejected},
		{"under another's name", "5.2.252", "554 5.2.252 SendAsDenied", "", SenderRejected},
		{"AOL's codes", "4.7.1", "421 4.7.1 : (RLY:B1) see errors", "", SenderRejected},
		{"Orange's codes", "", "421 Service refused. OFR_999 [999]", "", SenderRejected},
		{"Netease's codes", "", "554 DT:SPM mx1", "", ContentRejected},
		{"a refusal without words, at the envelope", "", "550 Administrative prohibition", "SMTP error from remote mail server after RCPT TO:<lee@acme.example>:\n550 Administrative prohibition", SenderRejected},
		{"a refusal without words, once the mail was seen", "", "550 Administrative prohibition", "SMTP error from remote mail server after end of data:\n550 Administrative prohibition", ContentRejected},
		{"the same in Postfix's order", "", "550 Administrative prohibition", "<lee@acme.example>: host mx said: 550 Administrative prohibition (in reply to end of DATA command)", ContentRejected},
		{"a user who is unknown only once the mail was seen", "", "550 User unknown", "host mx said: 550 User unknown (in reply to end of DATA command)", UserUnknown},
		{"a hundred an hour", "5.2.122", "550 5.2.122 The recipient has exceeded their limit for the number of messages", "", RateLimited},
		{"a user who gets too much", "4.2.1", "450 4.2.1 The user is receiving mail too quickly", "", RateLimited},
		{"a quota of the sender", "5.2.2", "550 5.2.2 Submission quota exceeded", "", RateLimited},
		{"a size of the mailbox", "5.2.2", "552 5.2.2 Mailbox size limit exceeded", "", MailboxFull},
		{"a size of the mail", "", "552 size limit exceeded", "", TooLarge},
		{"a frequency", "", "550 Connection frequency limited", "", RateLimited},
		{"busy", "4.3.2", "432 4.3.2 please come back", "", SystemError},
		{"for good", "5.3.2", "550 5.3.2 x", "", HostUnknown},
		{"an own loop", "", "lowest numbered MX record points to local host", "", SystemError},
		{"a certificate", "5.7.5", "550 5.7.5 Remote certificate failed MTA-STS validation", "", DeliveryTimeout},
		{"encryption that is asked for", "", "530 Must issue a STARTTLS command first", "", DeliveryTimeout},
		{"nobody who serves a domain", "5.1.1", "550 5.1.1 no mail hosts for domain", "", HostUnknown},
		{"a list of addresses", "", "550 Rejected: unlisted recipient", "", UserUnknown},
		{"closed in German", "", "550 Das Konto ist gesperrt", "", MailboxDisabled},
		{"closed in Spanish", "", "550 Cuenta deshabilitada", "", MailboxDisabled},
		{"closed in Polish, with a code that says less", "5.7.1", "554 5.7.1 Konto zablokowane", "", MailboxDisabled},
		{"unknown in German", "", "550 Unbekannter Benutzer", "", UserUnknown},
		{"unknown in Norwegian", "", "550 Brukeren finnes ikke", "", UserUnknown},
		{"unknown in Swedish", "", "550 Användaren finns inte", "", UserUnknown},
		{"unknown in Finnish", "", "550 Käyttäjää ei löydy", "", UserUnknown},
		{"unknown in Hungarian", "", "550 A felhasználó nem létezik", "", UserUnknown},
		{"unknown in Turkish", "", "550 Kullanıcı bulunamadı", "", UserUnknown},
		{"unknown in Greek", "", "550 Ο χρήστης δεν υπάρχει", "", UserUnknown},
		{"unknown in Korean", "", "550 사용자를 찾을 수 없습니다", "", UserUnknown},
		{"full in Danish", "", "550 Postkassen er fuld", "", MailboxFull},
		{"full in Finnish", "", "550 Postilaatikko täynnä", "", MailboxFull},
		{"full in Turkish", "", "552 Posta kutusu dolu", "", MailboxFull},
		{"only the code of an address", "5.1.0", "550 5.1.0 no", "", UserUnknown},
		{"sender's address", "", "550 sender IP address rejected", "", SenderRejected},
		{"a sender who may not", "", "550 192.0.2.1 is not allowed to send mail from desk.example", "", SenderRejected},
		{"a sender without a way back", "", "550 unroutable sender address", "", SenderRejected},
		{"our network", "", "550 please use the SMTP server of your ISP", "", SenderRejected},
		{"our passwords", "", "535 authentication credentials invalid", "", SenderRejected},
		{"no relaying", "", "550 no relaying allowed", "", SenderRejected},
		{"the recipient's own list", "", "550 you have been blocked by the recipient", "", SenderRejected},
		{"too many of a header field", "", "550 this message has multiple From headers", "", ContentRejected},
		{"lines", "5.5.2", "500 5.5.2 Error: bare <LF> received", "", ContentRejected},
		{"a score", "", "554 mail score (12.3) over 5.0", "", ContentRejected},
		{"many mails on the server", "", "552 user has too many messages on the server", "", MailboxFull},
		{"a large file", "", "552 message file too big", "", TooLarge},
		{"a file that got too large", "", "error writing message: File too large", "", MailboxFull},
		{"a directory", "", "550 No lee in name directory", "", UserUnknown},
		{"nobody here", "", "550 there is no one at this address", "", UserUnknown},
		{"whatever does not exist", "", "550 this spectator does not exist", "", UserUnknown},
		{"a domain that is closed", "", "550 The domain is suspended", "", MailboxDisabled},
		{"a domain by its resolver", "", "name or service not known", "", HostUnknown},
		{"days", "", "could not be delivered for 5 days", "", DeliveryTimeout},
		{"a file of theirs", "", "421 4.3.0 Cannot write ./df: No such file or directory", "", SystemError},
		{"what a server said of a user", "", "The server said: 550 unknown user", "", UserUnknown},
		{"a host by its name", "", "Host acme.example not found", "", HostUnknown},
		{"a domain in French", "", "Domaine inconnu", "", HostUnknown},
		{"a domain in Russian", "", "Домен не найден", "", HostUnknown},
		{"a domain in Chinese", "", "域名不存在", "", HostUnknown},
		{"a mail that comes with the report", "", "550 x", "In allegato il messaggio originale.", OtherReason},
		{"the sender in Russian", "", "550 Отправитель отклонен", "", SenderRejected},
		{"the sender in Spanish", "", "550 Remitente rechazado", "", SenderRejected},
		{"the sender in Polish", "", "550 Nadawca odrzucony", "", SenderRejected},
		{"a file in French", "", "550 Pièce jointe interdite", "", ContentRejected},
		{"spam in Japanese", "", "550 迷惑メールとして拒否", "", ContentRejected},
		{"too large in Chinese", "", "550 邮件太大", "", TooLarge},
		{"too many in German", "", "421 Zu viele Verbindungen", "", RateLimited},
		{"time in Russian", "", "Превышено время ожидания", "", DeliveryTimeout},
		{"a certificate that is not trusted", "4.7.5", "Server certificate not trusted", "", DeliveryTimeout},
		{"slower", "", "421 please try again slower", "", RateLimited},
		{"what every report of Postfix says tells nothing", "", "550 x", "I'm sorry to have to inform you that your message could not be delivered for the following reason.", OtherReason},
		{"what every report of sendmail says tells nothing", "5.0.0", "550 x", "----- The following addresses had permanent fatal errors -----", OtherReason},
		{"on behalf of whom", "", "550 x", "The mail relay tells this on behalf of the sender on Monday.", OtherReason},
		{"vague words give way to the rest of the report", "5.5.0", "554 <lee@acme.example>... Service unavailable", "mail.local: unknown user: lee", UserUnknown},
		{"vague words alone", "5.5.9", "554 Service unavailable", "", SystemError},
		{"an address is no word", "", "550 <spam@virus.example> sorry", "", OtherReason},
		{"words of the mail that came back do not count", "", "sorry", "Sorry.\n\n----- Original message -----\nSubject: my mailbox is full", OtherReason},
		{"nothing said", "", "", "", OtherReason},
	} {
		m := &message.Message{Kind: message.Bounced, Text: c.text, Bounce: &message.Bounce{Status: c.status, Permanent: c.status == "" || c.status[0] == '5', Reason: c.said}}
		if got := ReasonOf(m); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	waits := &message.Message{Kind: message.Bounced, Text: "Your mail waits.", Bounce: &message.Bounce{}}
	if got := ReasonOf(waits); got != DeliveryTimeout {
		t.Errorf("a warning that says nothing has the reason %q", got)
	}
	if got := ReasonOf(&message.Message{}); got != "" {
		t.Errorf("a mail that is no report has the reason %q", got)
	}
}

// T059 for reports: a stranger's text costs no more than its length.
func TestReasonOfHostileText(t *testing.T) {
	for _, unit := range []string{"mailbox ", "user ", "550 ", "domain ", "rejected by ", "a", "<lee@acme.example> ", "exceed ", "(", "\n"} {
		m := &message.Message{Kind: message.Bounced, Text: strings.Repeat(unit, (1<<20)/len(unit)), Bounce: &message.Bounce{Reason: strings.Repeat(unit, 500/len(unit))}}
		start := cpuTime()
		ReasonOf(m)
		if took := cpuTime() - start; took > slow*time.Second {
			t.Errorf("1 MiB of %q took %v", unit, took)
		}
	}
}
