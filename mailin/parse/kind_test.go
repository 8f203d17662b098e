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
