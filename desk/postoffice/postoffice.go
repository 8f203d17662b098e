// Package postoffice is a whole small world of mail in memory: accounts of several domains, an SMTP server that takes mail from them and
// from strangers and delivers it as a real MX would, and an IMAP server to read it with. `postdesk demo` runs on it, and tests use it
// with real clients, since it can be told to fail at any step (SMTPFault, IMAPFault).
//
// Each domain has its own MX in name, mx.DOMAIN, which writes the trace that the desk goes by: who submitted a mail with a password,
// whose signature it carries. Nothing here is signed; Options.Signing names the domains that are taken to sign.
package postoffice

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-smtp"
)

// Options set up an Office.
type Options struct {
	Domain   string    // whose MX the servers greet as: mx.DOMAIN
	Accounts []Account // of this and of any other domain
	Signing  []string  // domains whose mail carries a good DKIM signature
	TLS      bool      // speak TLS, with a certificate for 127.0.0.1, localhost and mx.DOMAIN that Roots vouches for
	Without  []string  // IMAP capabilities to do without, of MOVE and UIDPLUS
	Record   bool      // keep what was submitted for Submissions
	Now      func() time.Time
}

// An Account is somebody with a mailbox.
type Account struct {
	Address  string
	Password string
	Aliases  []string // further addresses delivered to it
}

// An Office is one running world. It is reached through DialIMAP and DialSMTP without any network, and after Listen also on ports of the
// loopback interface.
type Office struct {
	options   Options
	roots     *x509.CertPool
	imap      *imapserver.Server
	smtp      *smtp.Server
	pipes     [2]*pipes // IMAP, SMTP
	addrs     [4]string // of the kinds of lines; with tlsLines, those that begin with TLS
	tls       *tls.Config
	listeners []net.Listener
	serving   sync.WaitGroup // listeners and the lines they accepted
	done      chan struct{}

	mu          sync.Mutex
	accounts    map[string]*account // by address and alias, lower case
	changed     chan struct{}       // closed and replaced when any mailbox changes
	lines       map[*line]struct{}
	faults      faults
	submissions []*Submission
	ids         int // queue ids given out
}

type account struct {
	address  string
	password string
	folders  map[string]*folder
}

const (
	imapLines = iota
	smtpLines
	tlsLines // added to a kind
)

// New opens an office. Close ends it.
func New(o Options) *Office {
	if o.Now == nil {
		o.Now = time.Now
	}
	office := &Office{
		options:  o,
		accounts: make(map[string]*account),
		changed:  make(chan struct{}),
		done:     make(chan struct{}),
		lines:    make(map[*line]struct{}),
	}
	for _, a := range o.Accounts {
		acc := &account{address: strings.ToLower(a.Address), password: a.Password, folders: make(map[string]*folder)}
		acc.folders["INBOX"] = newFolder("INBOX", 1)
		for _, addr := range append([]string{a.Address}, a.Aliases...) {
			office.accounts[strings.ToLower(addr)] = acc
		}
	}

	if o.TLS {
		office.tls, office.roots = certificate(office.host(), o.Now())
	}
	caps := imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}, imap.CapMove: {}, imap.CapNamespace: {}}
	for _, c := range o.Without {
		delete(caps, imap.Cap(c))
	}
	// Lines that break are what this package is for, so neither server's log is of interest.
	quiet := log.New(io.Discard, "", 0)
	office.imap = imapserver.New(&imapserver.Options{
		NewSession: func(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &session{office: office, conn: c}, nil, nil
		},
		Caps:         caps,
		InsecureAuth: true, // on the loopback interface only
		TLSConfig:    office.tls,
		Logger:       quiet,
	})
	office.smtp = smtp.NewServer(smtp.BackendFunc(office.newSubmission))
	office.smtp.Domain = office.host()
	office.smtp.AllowInsecureAuth = true
	office.smtp.TLSConfig = office.tls
	office.smtp.EnableSMTPUTF8 = true
	office.smtp.EnableDSN = true
	office.smtp.MaxMessageBytes = 256 << 20
	office.smtp.ErrorLog = quiet

	for i := range office.pipes {
		office.pipes[i] = newPipes()
		office.serve(i, office.pipes[i])
	}
	return office
}

func (o *Office) host() string { return "mx." + o.options.Domain }

// serve returns when the server accepts lines. Neither library can be closed while its Serve begins.
func (o *Office) serve(kind int, inner net.Listener) {
	o.listeners = append(o.listeners, inner)
	lines := &listener{Listener: inner, office: o, kind: kind % tlsLines, ready: make(chan struct{})}
	ln := net.Listener(lines)
	if kind >= tlsLines {
		ln = tls.NewListener(lines, o.tls)
	}
	defer func() { <-lines.ready }()
	o.serving.Go(func() {
		if lines.kind == imapLines {
			o.imap.Serve(ln)
		} else {
			o.smtp.Serve(ln)
		}
	})
}

// Listen opens a free port of 127.0.0.1 for each protocol, and with TLS another one each that begins with it.
func (o *Office) Listen() error {
	for kind := range o.addrs {
		if kind >= tlsLines && o.tls == nil {
			break
		}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("open a port: %w", err)
		}
		o.addrs[kind] = ln.Addr().String()
		o.serve(kind, ln)
	}
	return nil
}

// IMAPAddr is host:port of the IMAP server after Listen; IMAPSAddr that of the port which begins with TLS.
func (o *Office) IMAPAddr() string { return o.addrs[imapLines] }

// SMTPAddr is host:port of the SMTP server after Listen; SMTPSAddr that of the port which begins with TLS.
func (o *Office) SMTPAddr() string { return o.addrs[smtpLines] }

// IMAPSAddr is described at IMAPAddr.
func (o *Office) IMAPSAddr() string { return o.addrs[imapLines+tlsLines] }

// SMTPSAddr is described at SMTPAddr.
func (o *Office) SMTPSAddr() string { return o.addrs[smtpLines+tlsLines] }

// DialIMAP connects to the IMAP server in memory, whatever the address: it stands in for net.Dialer.DialContext, also under
// testing/synctest.
func (o *Office) DialIMAP(ctx context.Context, _, _ string) (net.Conn, error) {
	return o.pipes[imapLines].dial(ctx)
}

// DialSMTP connects to the SMTP server in memory, as DialIMAP does.
func (o *Office) DialSMTP(ctx context.Context, _, _ string) (net.Conn, error) {
	return o.pipes[smtpLines].dial(ctx)
}

// Roots vouch for the certificate of an office with TLS.
func (o *Office) Roots() *x509.CertPool { return o.roots }

// Close drops every line and returns when both servers have ended.
func (o *Office) Close() {
	close(o.done)
	for _, ln := range o.listeners {
		ln.Close()
	}
	o.imap.Close()
	o.smtp.Close()
	o.DropLines()
	o.serving.Wait()
}

// DropLines breaks every line that is open, as a restarting server does.
func (o *Office) DropLines() {
	o.mu.Lock()
	lines := make([]*line, 0, len(o.lines))
	for l := range o.lines {
		lines = append(lines, l)
	}
	o.mu.Unlock()
	for _, l := range lines {
		l.abort()
	}
}

// A Mail is one mail in a mailbox.
type Mail struct {
	Folder      string
	UIDValidity uint32
	UID         uint32
	Received    time.Time
	Flags       []string
	Raw         []byte // must not be changed
}

// Deliver puts the bytes into the account's INBOX just as they are, received now, and returns their UID.
func (o *Office) Deliver(address string, raw []byte) (uint32, error) {
	return o.DeliverAt(address, raw, o.options.Now())
}

// DeliverAt is Deliver with another INTERNALDATE.
func (o *Office) DeliverAt(address string, raw []byte, at time.Time) (uint32, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	acc := o.account(address)
	if acc == nil {
		return 0, fmt.Errorf("deliver to %s: no such account", address)
	}
	m := acc.folders["INBOX"].add(bytes.Clone(raw), at, nil)
	o.change()
	return uint32(m.uid), nil
}

// Mails are those of an account, by folder and in the order of arrival.
func (o *Office) Mails(address string) []Mail {
	o.mu.Lock()
	defer o.mu.Unlock()
	acc := o.account(address)
	if acc == nil {
		return nil
	}
	var mails []Mail
	for _, name := range acc.folderNames() {
		f := acc.folders[name]
		for _, m := range f.mails {
			flags := make([]string, 0, len(m.flags))
			for _, flag := range m.flagList() {
				flags = append(flags, string(flag))
			}
			mails = append(mails, Mail{name, f.validity, uint32(m.uid), m.at.UTC(), flags, m.raw})
		}
	}
	return mails
}

// Wait returns the first mail of an account that is what the caller waits for, as soon as there is one.
func (o *Office) Wait(ctx context.Context, address string, is func(Mail) bool) (Mail, error) {
	for {
		changed := o.changes()
		mails := o.Mails(address)
		if i := slices.IndexFunc(mails, is); i >= 0 {
			return mails[i], nil
		}
		select {
		case <-changed:
		case <-o.done:
			return Mail{}, errors.New("the office has closed")
		case <-ctx.Done():
			return Mail{}, fmt.Errorf("wait for a mail to %s: %w", address, ctx.Err())
		}
	}
}

// Remove takes mails out of an account's folder, as another client of the same person does.
func (o *Office) Remove(address, folder string, uids ...uint32) {
	gone := make(map[imap.UID]bool, len(uids))
	for _, uid := range uids {
		gone[imap.UID(uid)] = true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if acc := o.account(address); acc != nil && acc.folders[folder] != nil {
		acc.folders[folder].remove(func(m *stored) bool { return gone[m.uid] })
		o.change()
	}
}

// ChangeUIDValidity does what a server does that has lost its index: the folder's mails are numbered anew, under another UIDVALIDITY, and
// whoever had the folder open loses the line.
func (o *Office) ChangeUIDValidity(address, folder string) {
	o.mu.Lock()
	acc := o.account(address)
	old := acc.folders[folder]
	anew := newFolder(folder, old.validity+1)
	for _, m := range old.mails {
		anew.add(m.raw, m.at, m.flagList())
	}
	acc.folders[folder] = anew
	o.change()
	sessions := make([]*session, 0, len(old.sessions))
	for s := range old.sessions {
		sessions = append(sessions, s)
	}
	o.mu.Unlock()
	for _, s := range sessions {
		s.line().abort()
	}
}

// account finds whose address it is. What follows a plus in the local part is the person's own affair (RFC 5233).
func (o *Office) account(address string) *account {
	address = strings.ToLower(address)
	if acc := o.accounts[address]; acc != nil {
		return acc
	}
	local, domain, _ := cutLast(address, "@")
	base, _, _ := strings.Cut(local, "+")
	return o.accounts[base+"@"+domain]
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// change tells everybody who waits that a mailbox is not what it was. The caller holds mu.
func (o *Office) change() {
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *Office) changes() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.changed
}
