package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/oauth"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/mailin"
	"github.com/postdesk/postdesk/mailout"
)

// checkIMAP looks at a mailbox as its poller does.
func (k *checker) checkIMAP(ctx context.Context, box *policy.Mailbox) {
	what := "IMAP " + box.Name
	account := box.IMAP
	switch {
	case account == nil:
		k.tell(warn, what, "nothing is polled: the mailbox has no imap, which serve needs", "add imap: {host: ..., username: ..., password: ...} to mailboxes."+box.Name)
		return
	case account.Password == "" && account.OAuth == "":
		return // told as a secret that is not set
	}
	ctx, cancel := k.limit(ctx)
	defer cancel()
	where := fmt.Sprintf("%s:%d as %s", account.Host, account.Port, account.Username)
	p := &mailin.Poller{Mailbox: box, Dial: k.dial, TLS: k.tls, Trust: trustOf(k.policy, box)}
	if k.tokens != nil {
		p.Tokens = k.tokens
	}
	look, err := p.Check(ctx)
	asked := k.now()
	if err != nil {
		k.tell(fail, what, where+": "+err.Error(), k.mendMail(err, "imap", box))
		return
	}
	k.tell(fine, what, fmt.Sprintf("%s, %s, %s in %s", where, secured(account.TLS), count(int(look.Mails), "mail", "mails"), account.Folder), "")
	k.heard(box, look)
	if !look.Newest.IsZero() {
		k.clocks = append(k.clocks, reading{"the newest mail of " + box.Name, look.Newest, asked, false})
	}
	if !look.Idle {
		k.tell(warn, what, fmt.Sprintf("the server does not tell of new mail (IDLE), which is found every %v", account.Every), "a shorter imap.every finds it sooner")
	}
	if account.Move != "" && !look.Move && !look.UIDPlus {
		k.tell(warn, what, "the server has neither MOVE nor UIDPLUS: mails are copied to "+account.Move+" and stay here, marked as deleted",
			"leave imap.move out, or let the mail program remove them")
	}
}

// heard tells whether the server whose word is trusted gives it: without it every customer is unverified, and staff may be too.
func (k *checker) heard(box *policy.Mailbox, look mailin.Look) {
	what := "trusted " + box.Name
	last := "the last mail"
	if look.Seen != 1 {
		last = fmt.Sprintf("the last %d mails", look.Seen)
	}
	switch {
	case look.Seen == 0:
	case look.Vouched == look.Seen:
		k.tell(fine, what, fmt.Sprintf("%s says who wrote %s", box.Server, last), "")
	case look.Vouched > 0:
		k.tell(fine, what, fmt.Sprintf("%s says who wrote %d of %s", box.Server, look.Vouched, last), "")
	case look.Below > 0:
		k.tell(fail, what, fmt.Sprintf("%s says who wrote %s, but below its own Received field, where anybody could have written it: it is not believed", box.Server, last),
			"let it write Authentication-Results above it (RFC 8601, 4): in milters' own versions of 2026 and later, or by another filter")
	default:
		k.tell(warn, what, fmt.Sprintf("%s has said nothing of %s, so that their senders are unverified", box.Server, last),
			"let it verify DKIM and DMARC of what comes in, and write Authentication-Results; or correct mailboxes."+box.Name+".trusted.server: it is the name in those fields")
	}
}

// checkSMTP looks at a server as the sender does, and asks for what reply addresses need.
func (k *checker) checkSMTP(ctx context.Context, box *policy.Mailbox) {
	what := "SMTP " + box.Name
	account := box.SMTP
	switch {
	case account == nil:
		k.tell(warn, what, "nothing is sent: the mailbox has no smtp, which serve needs", "add smtp: {host: ..., username: ..., password: ...} to mailboxes."+box.Name)
		return
	case account.Username != "" && account.Password == "" && account.OAuth == "":
		return // told as a secret that is not set
	}
	ctx, cancel := k.limit(ctx)
	defer cancel()
	where := fmt.Sprintf("%s:%d", account.Host, account.Port)
	if account.Username != "" {
		where += " as " + account.Username
	}
	plus := box.Address
	if box.Plus {
		plus = message.WithToken(box.Address, "check")
	}
	s := &mailout.Sender{Dial: k.dial, Now: k.now, Hello: heloName(k.policy), TLS: k.tls}
	if k.tokens != nil {
		s.Tokens = k.tokens
	}
	look, err := s.Check(ctx, *account, box.Address, plus)
	if !look.Clock.IsZero() {
		k.clocks = append(k.clocks, reading{account.Host, look.Clock, look.Asked, true})
	}
	switch {
	case errors.Is(err, mailout.ErrPlus):
		k.tell(fail, what, where+": "+err.Error(), fmt.Sprintf("answers come to addresses such as %s: let what follows a plus be ignored (Postfix: recipient_delimiter = +), or say plus: false for the mailbox", plus))
	case err != nil:
		k.tell(fail, what, where+": "+err.Error(), k.mendMail(err, "smtp", box))
	default:
		k.tell(fine, what, fmt.Sprintf("%s, %s, may send as %s", where, secured(account.TLS), box.Address), "")
		if !box.Plus {
			return
		}
		k.tell(fine, what, fmt.Sprintf("takes mail for %s, as answers to us have it; only a mail shows whether it is delivered to %s", plus, box.Address), "")
	}
}

func secured(how string) string {
	switch how {
	case "implicit":
		return "TLS"
	case "starttls":
		return "STARTTLS"
	}
	return "no TLS"
}

func (k *checker) mendMail(err error, protocol string, box *policy.Mailbox) string {
	return mendMail(err, protocol, k.policy, box, k.now())
}

// mendMail says what an operator can do about a mail server.
func mendMail(err error, protocol string, p *policy.Policy, box *policy.Mailbox, now time.Time) string {
	section := "mailboxes." + box.Name + "." + protocol
	is := func(all ...error) bool {
		return slices.ContainsFunc(all, func(e error) bool { return errors.Is(err, e) })
	}
	var signIn *oauth.RefusedError
	switch {
	case errors.As(err, &signIn):
		return signIn.Mend
	case is(mailin.ErrLogin, mailout.ErrLogin) && (protocol == "imap" && box.IMAP.OAuth != "" || protocol == "smtp" && box.SMTP.OAuth != ""):
		return "sign in anew, with the very account that the server knows by username in " + section + ", and ask for its mail by oauth scopes: " + signInCommand(p, box.Name)
	case is(mailin.ErrLogin, mailout.ErrLogin):
		return "correct username or password in " + section + "; providers with sign-in by a second factor want a password made for this program"
	case is(mailin.ErrNoTLS, mailout.ErrNoTLS):
		return "set tls: implicit in " + section + ", with its port, or let the server offer STARTTLS: no password goes over a line in the clear"
	case is(mailin.ErrFolder):
		return "correct folder and move in " + section + ", or make the folder; servers have their own ways to part the levels of a name, such as INBOX.Done"
	case is(mailout.ErrSender):
		return "let the account send as " + box.Address + " on the server, or name the account of that address in " + section
	}
	if protocol == "imap" {
		return mend(err, now) + usualPorts(err, "993 for tls: implicit, 143 for tls: starttls")
	}
	return mend(err, now) + usualPorts(err, "465 for tls: implicit, 587 for tls: starttls")
}

// usualPorts is added where the port may be the wrong one.
func usualPorts(err error, ports string) string {
	var plain tls.RecordHeaderError
	if errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &plain) || errors.Is(err, context.DeadlineExceeded) {
		return "; usual are " + ports
	}
	return ""
}

// mend says what an operator can do about a line that does not come about.
func mend(err error, now time.Time) string {
	var (
		name      *net.DNSError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		authority x509.UnknownAuthorityError
		plain     tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return fmt.Sprintf("no host is called %s: correct the name", name.Name)
	case errors.As(err, &name):
		return "the name servers of this machine do not answer: look at /etc/resolv.conf"
	case errors.As(err, &host):
		return "name the server as its certificate does: " + certifiedNames(host.Certificate)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && now.After(invalid.Cert.NotAfter):
		return fmt.Sprintf("renew the server's certificate, which ended on %s", invalid.Cert.NotAfter.UTC().Format(time.DateOnly))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the server's certificate begins on %s: is this machine's clock right?", invalid.Cert.NotBefore.UTC().Format(time.DateOnly))
	case errors.As(err, &authority):
		return "nobody whom this machine trusts has signed the server's certificate: give the server one that is, or add its authority to the system's (SSL_CERT_FILE)"
	case errors.As(err, &plain):
		return "the server does not begin with TLS at this port: correct port or tls"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: does the server run, and is the port right?"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "a firewall may be in the way, or the server is overloaded"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "the server hung up: its log says why"
	}
	return ""
}

func certifiedNames(c *x509.Certificate) string {
	all := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return c.Subject.CommonName + ", as an alternative name, which it lacks"
	}
	return strings.Join(all, ", ")
}
