package parse

import (
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk/message"
)

func TestFailedInText(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"Smail", "|--- Message log follows: ---|\n no valid recipients were found for this message\n|--- Failed addresses follow: ---|\n lee@acme.example ... unknown host\n|--- Message text follows: ---|\nFrom: kim@cust.example\n", "lee@acme.example"},
		{"an address of X.400", "did not reach the following recipient(s):\n\nc=US;a= ;p=ACME;dda:SMTP=lee@acme.example; on Mon, 2 Nov 2026\n    Unknown Recipient\n", "lee@acme.example"},
		{"Exim's alias", "This is a permanent error. The following address(es) failed:\n\n  lee.old@acme.example\n    (generated from lee@acme.example)\n", "lee@acme.example"},
		{"an alias that is not told", "The following address(es) failed:\n\n  an undisclosed address\n    (generated from lee@acme.example)\n", "lee@acme.example"},
		{"the sender is none", "Your mail could not be delivered, for they are not accepting mail from kim@cust.example:\n\tlee\n", ""},
		{"Amen", "Delevery to the following recipients was aborted after 5.0 hour(s):\n\n  * lee@acme.example\n", "lee@acme.example"},
		{"Zoho", "A message that you sent could not be delivered to one or more of its recipients.\n\nlee@acme.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.2.1 <lee@acme.example>... User Unknown\nkim@acme.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.2.2 <kim@acme.example>... Mailbox Full\n", "lee@acme.example kim@acme.example"},
		{"Notes", "------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\nlee@acme.example\n\n------- Returned Message --------\nReceived: from a by b\nTo: sales@acme.example\n", "lee@acme.example"},
		{"local user", "Your message has encountered delivery problems\nto local user lee.\n(Originally addressed to lee@acme.example)\n\nYour message reads (in part):\nboss@acme.example\n", "lee@acme.example"},
	} {
		m := Parse(Bytes([]byte("From: MAILER-DAEMON@mx.acme.example\nTo: support@desk.example\nSubject: Undelivered Mail\n\n" + c.text)))
		if m.Bounce == nil {
			t.Errorf("%s: %s is no bounce", c.name, m.Kind)
		} else if got := strings.Join(m.Bounce.Recipients, " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// Each case is a header and a text; what it does not say comes from a plain person's mail.
func TestKinds(t *testing.T) {
	const failure = "I'm sorry, your message could not be delivered.\n550 5.1.1 no such user\n"
	for _, c := range []struct {
		name, header, text string
		want               message.Kind
		quiet              bool
	}{
		{"a person", "", "Please help.", message.Human, false},
		{"F08: an empty return path alone is no bounce", "Return-Path: <>\nSubject: Re: my order\n", "Please help.", message.Human, true},
		{"F09: a forwarder's Auto-Submitted", "Auto-Submitted: auto-generated\nX-Forwarded-For: kim@cust.example support@desk.example\n", "Please help.", message.Human, true},
		{"F09: the field's own word for it", "Auto-Submitted: auto-forwarded\n", "Please help.", message.Human, true},
		{"a responder whose answer was forwarded", "Auto-Submitted: auto-replied\nResent-From: kim@cust.example\n", "I am away.", message.AutoReply, true},
		{"T047: any case and parameters", "AUTO-SUBMITTED: Auto-Generated; owner-email=\"kim@cust.example\"\n", "x", message.AutoReply, true},
		{"T047: the word no", "Auto-Submitted: NO (a person)\n", "Please help.", message.Human, false},
		{"T047: a list", "List-Id: <talk.example.org>\n", "x", message.List, true},
		{"T047: bulk", "Precedence: Bulk\n", "x", message.List, true},
		{"T047: suppressed", "X-Auto-Response-Suppress: All\n", "Please help.", message.Human, true},
		{"an automatic answer before a list", "Auto-Submitted: auto-replied\nList-Id: <talk.example.org>\n", "x", message.AutoReply, true},
		{"a mail system", "From: MAILER-DAEMON@mx.acme.example\nSubject: Undelivered Mail\n", failure, message.Bounced, true},
		{"a mail system that says nothing of a failure", "From: MAILER-DAEMON@mx.acme.example\nSubject: Hello\n", "x", message.AutoReply, true},
		{"a postmaster who is a person", "From: postmaster@cust.example\nSubject: Mail of a customer\n", "A customer says his mail could not be delivered. Why is that?", message.Human, false},
		{"a person who quotes a bounce", "Subject: Re: Undelivered Mail\nIn-Reply-To: <a@cust.example>\n", "What does this mean?\n> " + failure, message.Human, false},
		{"a person who writes about a bounce", "Subject: Undelivered Mail Returned to Sender\n", "I get this:\n" + failure, message.Human, false},
		{"a fraud under a mail system's name", "From: Mail Delivery System <x@evil.example>\nSubject: Your mail is waiting\n", "3 messages could not be delivered. Sign in here.", message.Human, false},
		{"a person's administrator address", "From: administrator@cust.example\nUser-Agent: Mozilla Thunderbird\nSubject: Delivery failed\n", failure, message.Human, false},
		{"a mail system under another name, which has to be taken for a person's", "Subject: RE: your mail: non remis (delivery failed)\n", "*****\nYour message could not be delivered to\nlee@acme.example\n*****\n", message.Human, true},
		{"a person who says such a thing", "Subject: Delivery failed\n", "Hello,\nmy message could not be delivered to lee@acme.example, why?", message.Human, false},
		{"a report that a filter wrapped anew", "From: postmaster@acme.example\nContent-Type: multipart/mixed; boundary=b; report-type=delivery-status\nSubject: Delivery Status Notification (Failure)\n", "--b\nContent-Type: message/rfc822\n\nSubject: x\n\nx\n--b--\n", message.AutoReply, true},
		{"a mailbox that refuses", "From: Mail Delivery Subsystem <lee@acme.example>\nContent-Type: multipart/report; boundary=b; report-type=disposition-notification\nSubject: Automatically rejected mail\n", "--b\n\nYour message to <lee@acme.example> was automatically rejected:\nQuota exceeded\n--b--\n", message.Bounced, true},
		{"Exchange under any subject", "From: System Administrator <postmaster@acme.example>\nSubject: E\nContent-Type: multipart/mixed; boundary=b\n", "--b\n\nYour message\n\n  To: sales@acme.example\n\ndid not reach the following recipient(s):\n\nlee@acme.example on Mon, 2 Nov 2026 12:00:00 +0100\n    The recipient name is not recognized\n--b\nContent-Type: message/rfc822\n\nSubject: x\n\nx\n--b--\n", message.Bounced, true},
		{"a postmaster's words in Russian", "Return-Path: <>\nFrom: postmaster@acme.example\nSubject: Ваше сообщение не доставлено\n", "Ваше письмо не может быть доставлено:\n\n  lee@acme.example\n    почтовый ящик переполнен\n", message.Bounced, true},
		{"Notes", "From: postmaster@acme.example\nSubject: Undeliverable message\n", "------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\nlee@acme.example\n\n------- Returned Message --------\nReceived: from a by b\n", message.Bounced, true},
		{"MDaemon", "From: MDaemon@mx.acme.example\nSubject: Warning: lee@acme.example - User unknown!\nContent-Type: multipart/mixed; boundary=b\n", "--b\n\nlee@acme.example - no such user here.\n\nThere is no user by that name at this server.\n--b\nContent-Type: message/rfc822\n\nSubject: x\n\nx\n--b--\n", message.Bounced, true},
		{"a failed recipient in the header", "X-Failed-Recipients: lee@acme.example\nFrom: x@acme.example\n", "x", message.Bounced, true},
		{"no reply wanted", "From: no-reply@cust.example\n", "Your job is done.", message.AutoReply, true},
		{"a web form for a person", "From: noreply@cust.example\nReply-To: kim@cust.example\n", "Please help.", message.Human, false},
		{"out of office", "Subject: Out of Office: Re: Order\n", "x", message.AutoReply, true},
		{"out of office in Russian", "Subject: Автоматический ответ: заказ\n", "x", message.AutoReply, true},
		{"a question about such mails", "Subject: Question about out of office\n", "x", message.Human, false},
		{"an answer to such a mail", "Subject: Re: Automatic reply: Order\nIn-Reply-To: <a@cust.example>\n", "x", message.Human, false},
		{"a responder's words in brackets", "Subject: [Auto-Reply] Order\n", "x", message.AutoReply, true},
		{"on leave", "Subject: I'm on annual leave until 9 November\n", "x", message.AutoReply, true},
		{"on leave in German", "Subject: Ich bin im Urlaub (Re: Order)\n", "x", message.AutoReply, true},
		{"a responder in Romanian", "Subject: Răspuns automat: Order\n", "x", message.AutoReply, true},
		{"a responder in Greek", "Subject: Αυτόματη απάντηση: Order\n", "x", message.AutoReply, true},
		{"a responder in Ukrainian", "Subject: Автоматична відповідь: Order\n", "x", message.AutoReply, true},
		{"a responder in Japanese", "Subject: 自動応答: Order\n", "x", message.AutoReply, true},
		{"a read receipt in German by its subject", "Subject: Lesebestätigung: Order\n", "x", message.AutoReply, true},
		{"a report on DMARC", "Subject: Report domain: desk.example Submitter: isp.example Report-ID: <1>\n", "x", message.AutoReply, true},
		{"a question about a responder", "Subject: Auto reply does not work\n", "x", message.Human, false},
		{"a question about a responder's settings", "Subject: Out of office setup\n", "x", message.Human, false},
		{"a question in Dutch", "Subject: Afwezigheid melden lukt niet\n", "x", message.Human, false},
		{"a word that only begins so", "Subject: Poissa käytöstä\n", "x", message.Human, false},
		{"a subject that a desk's program writes, and a person may", "Subject: Re: Thank you for your email\n", "x", message.Human, true},
		{"a responder that names itself", "X-Mailer: Yahoo! Auto-Responder\n", "x", message.AutoReply, true},
		{"another desk's program", "X-OTRS-Loop: yes\n", "x", message.AutoReply, true},
		{"another desk's mail, maybe of a person", "X-RT-Loop-Prevention: acme\n", "x", message.Human, true},
		{"a tracker", "X-Redmine-Host: acme.example\n", "x", message.AutoReply, true},
		{"a tracker by way of a list", "X-GitHub-Reason: mention\nList-Id: <talk.example.org>\n", "x", message.List, true},
		{"a job", "From: root@host.acme.example\n", "x", message.AutoReply, true},
		{"notices", "From: calendar-notification@acme.example\n", "x", message.AutoReply, true},
		{"notices for a person", "From: notifications+12@acme.example\nReply-To: kim@cust.example\n", "x", message.Human, false},
		{"a person called so", "From: root.lee@cust.example\n", "x", message.Human, false},
		{"a person at root's desk", "From: root@cust.example\nUser-Agent: Mutt/2.2\n", "x", message.Human, false},
		{"no reply wanted, at the end of the name", "From: shop-noreply@acme.example\n", "x", message.AutoReply, true},
		{"no reply wanted, in Portuguese", "From: nao-responda@acme.example\n", "x", message.AutoReply, true},
		{"a site that does not say for whom", "From: wordpress@acme.example\n", "x", message.Human, true},
		{"a site's form", "From: wordpress@acme.example\nReply-To: kim@cust.example\n", "x", message.Human, false},
		{"a rule that sends a person's mail on", "X-Autogenerated: Mirror\n", "Please help.", message.Human, true},
		{"a rule that answers", "X-Autogenerated: Reply\n", "x", message.AutoReply, true},
		{"a person called as a program is", "From: jenkins@cust.example\n", "x", message.Human, false},
		{"a responder's field of any maker", "X-Acme-AutoReply: yes\n", "x", message.AutoReply, true},
		{"a field that says no", "X-Acme-AutoReply: 0\n", "Please help.", message.Human, false},
		{"a field that asks for no answer", "X-Acme-Suppress-Autoreply: yes\n", "Please help.", message.Human, false},
		{"a bulk sender's field of any maker", "X-Acme-Campaign-Id: 12\n", "x", message.List, true},
		{"a shop's listing", "X-Listing-Id: 12\n", "Please help.", message.Human, false},
		{"a bulk sender's program", "X-MC-User: 12\n", "x", message.List, true},
		{"a mail service that sends for people too", "X-SG-EID: 12\nFeedback-ID: 1:2:3\nX-Mandrill-User: md_1\n", "Please help.", message.Human, false},
		{"a newsletter's address", "From: newsletter@acme.example\n", "x", message.List, true},
		{"a list by its return path", "Return-Path: <talk-bounces+support=desk.example@lists.example>\n", "x", message.List, true},
		{"an owner's own address", "From: shop-owner@cust.example\nReturn-Path: <shop-owner@cust.example>\n", "Please help.", message.Human, false},
		{"a forge", "X-Forgejo-Reason: mention\n", "x", message.AutoReply, true},
		{"a builder", "X-Jenkins-Result: FAILURE\n", "x", message.AutoReply, true},
		{"a job of a user", "From: \"(Cron Daemon)\" <kim@host.acme.example>\nSubject: Cron <kim@host> backup\n", "x", message.AutoReply, true},
		{"a question about a job", "Subject: Cron <root@host> sends no mail\n", "x", message.Human, false},
		{"a voice mail", "From: voicemail@acme.example\n", "x", message.AutoReply, true},
		{"a shop whose answers go to its office", "From: no-reply@shop.acme.example\nReply-To: info@acme.example\n", "x", message.AutoReply, true},
		{"a shop's program that reads answers", "From: notify@acme.example\nReply-To: reply+4711abc@acme.example\n", "x", message.AutoReply, true},
		{"a form of one's own house for a person", "From: no-reply@acme.example\nReply-To: kim.lee@acme.example\n", "Please help.", message.Human, false},
		{"a form for another company's office", "From: no-reply@acme.example\nReply-To: info@cust.example\n", "Please help.", message.Human, false},
		{"a mailbox's rule that answers", "Auto-Submitted: auto-generated\nX-MS-Exchange-Inbox-Rules-Loop: kim@cust.example\nX-MS-Exchange-Parent-Message-Id: <a@desk.example>\nIn-Reply-To: <a@desk.example>\nSubject: I'm gone\n", "x", message.AutoReply, true},
		{"a mailbox's rule that sends on", "Auto-Submitted: auto-generated\nX-MS-Exchange-Inbox-Rules-Loop: kim@cust.example\nX-MS-Exchange-Parent-Message-Id: <a@desk.example>\nIn-Reply-To: <a@desk.example>\nSubject: FW: Order\n", "Please help.", message.Human, true},
		{"a responder in Hebrew", "Subject: תשובה אוטומטית: Order\n", "x", message.AutoReply, true},
		{"a responder in Vietnamese", "Subject: Thư trả lời tự động: Order\n", "x", message.AutoReply, true},
		{"words of absence before a reply's prefix", "Subject: Urlaub: Re: Order\n", "x", message.AutoReply, true},
		{"words of absence, and the text says so", "Subject: Vacation: Order\n", "I am currently out of the office until Monday.", message.AutoReply, true},
		{"words of absence alone", "Subject: Vacation: a question\n", "How many days are left?", message.Human, true},
		{"words of absence in a sentence", "Subject: Vacation rental\n", "I am on vacation and need help.", message.Human, false},
		{"somebody's absence told by his program", "From: Kim Lee <kim@cust.example>\nSubject: Kim Lee/ACME is out of the office (returning 9 November)\n", "x", message.AutoReply, true},
		{"somebody's absence told by his text", "From: k.lee@cust.example\nSubject: Kim is out of office\n", "I will be out of the office starting 2 November and return on 9 November.", message.AutoReply, true},
		{"an absent person who asks", "Subject: Holidays: who stands in\n", "I am on holiday until Monday. Who stands in for me?", message.Human, false},
		{"an absent person who wishes", "Subject: Urlaub\n", "Ich bin nächste Woche im Urlaub. Bitte liefern Sie später.", message.Human, false},
		{"another's absence told in words", "From: Tom <tom@cust.example>\nSubject: Kim is on leave\n", "She is on leave until May. Please send mail to me.", message.Human, false},
		{"a responder in German by both", "Subject: Urlaub: Order\n", "Ich bin bis zum 9. November im Urlaub. In dringenden Fällen hilft Lee.", message.AutoReply, true},
		{"another's absence told by a person", "From: Tom <tom@cust.example>\nSubject: Kim is out of office\n", "Who helps us now?", message.Human, false},
		{"an exclamation", "Subject: Ooo: a bug\n", "It broke.", message.Human, false},
		{"its own words at the end", "Subject: Re: Order (Automatic reply)\n", "x", message.AutoReply, true},
		{"a vacation that goes on", "Subject: I'm on vacation, but need help\n", "x", message.Human, false},
		{"an acknowledgement by its text too", "Subject: [Request received] Order\n", "Your request (12) has been received and is being reviewed.", message.AutoReply, true},
		{"an answer to an acknowledgement", "Subject: Re: [Request received] Order\n", "I see that my request was received. And now?", message.Human, true},
		{"a person whose ticket was received", "Subject: Ticket received but no answer\n", "x", message.Human, false},
		{"a text that begins with a program's words", "From: shop@acme.example\n", "*** This is an automatically generated email, please do not reply ***\n\nYour order has shipped.", message.AutoReply, true},
		{"a person who got such a text", "", "Hi,\nI got this:\n\nThis is an automatically generated email, please do not reply.\n", message.Human, false},
		{"a person who cites such a text first", "", "\"This is an automatically generated email\" is all I got.\n", message.Human, false},
		{"a person with a translation", "", "Diese Nachricht wurde automatisch übersetzt. Meine Bestellung fehlt.\n", message.Human, false},
		{"such a text passed on", "Subject: Fwd: Order\n", "This is an automatically generated email, please do not reply.\n", message.Human, false},
		{"a click on an invitation", "Content-Type: text/calendar; method=REPLY\n", "BEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR\n", message.AutoReply, true},
		{"an answer to an invitation in words", "Content-Type: multipart/mixed; boundary=b\n", "--b\n\nFine, but where is it?\n--b\nContent-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR\n--b--\n", message.Human, false},
		{"an invitation", "Content-Type: text/calendar; method=REQUEST\n", "BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n", message.Human, false},
		{"a complaint of old", "From: staff@isp.example\nSubject: complaint about message from 192.0.2.1\n", "x", message.FeedbackReport, true},
		{"a complaint of a person", "From: complaints@cust.example\nSubject: Complaint about my order\n", "x", message.Human, false},
		{"a report of a person", "Subject: Abuse report: your customer sends spam\n", "x", message.Human, false},
		{"our own fields decide nothing (T065)", "X-Postdesk-Kind: bounce\n", "Please help.", message.Human, false},
	} {
		head := c.header
		for _, f := range []string{"From: Kim <kim@cust.example>\n", "Subject: Order\n"} {
			name, _, _ := strings.Cut(f, ":")
			if !strings.Contains("\n"+head, "\n"+name+":") {
				head += f
			}
		}
		m := Parse(Bytes([]byte(head + "\n" + c.text)))
		if m.Kind != c.want || m.NoAutoResponse != c.quiet {
			t.Errorf("%s: %s %q, no automatic answer %v; want %s, %v", c.name, m.Kind, m.KindWhy, m.NoAutoResponse, c.want, c.quiet)
		}
		if m.Kind.Machine() && len(m.KindWhy) == 0 {
			t.Errorf("%s: no reason", c.name)
		}
	}
}
