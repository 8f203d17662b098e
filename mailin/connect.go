package mailin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
)

const (
	dialTime = 30 * time.Second
	patience = 2 * time.Minute // with a server that owes a reply; big folders take their time to open
)

// A server is one connection to the mailbox's IMAP server, logged in. It is used by one goroutine, which sends one command at a time.
type server struct {
	client   *imapclient.Client
	line     *line
	caps     imap.CapSet
	selected *imap.SelectData
	swept    bool // what is to be marked of earlier times is marked
	broken   bool // the line was dropped inside a mail
	moved    bool // the open folder is the one that mails are moved to: nothing is to be marked there
	stop     func() bool
}

// A loginError says that the server does not take the name or the password. Trying at once again could lock the account.
type loginError struct {
	username string
	err      error
}

func (e *loginError) Error() string { return fmt.Sprintf("log in as %s: %v", e.username, e.err) }
func (e *loginError) Unwrap() error { return e.err }

// Is makes it an ErrLogin.
func (e *loginError) Is(target error) bool { return target == ErrLogin }

// connect dials, makes the line safe and logs in. The connection ends with ctx. A token that the server does not take, though its time is
// not over, is replaced once: it may have been withdrawn.
func (p *Poller) connect(ctx context.Context, news *imapclient.UnilateralDataHandler) (*server, error) {
	account := p.Mailbox.IMAP
	if account.OAuth == "" {
		return p.connectBy(ctx, news, string(account.Password))
	}
	for last := false; ; last = true {
		token, err := p.token(ctx)
		if err != nil {
			return nil, fmt.Errorf("log in as %s: %w", account.Username, err) // no server has refused us, so none is spared
		}
		s, err := p.connectBy(ctx, news, token)
		if refused := (*loginError)(nil); !errors.As(err, &refused) {
			return s, err
		}
		p.Tokens.Refused(account.OAuth, account.Username, token)
		if last {
			return nil, err
		}
	}
}

func (p *Poller) token(ctx context.Context) (string, error) {
	if p.Tokens == nil {
		return "", errors.New("there is nobody to ask for a token")
	}
	return p.Tokens.Token(ctx, p.Mailbox.IMAP.OAuth, p.Mailbox.IMAP.Username)
}

// connectBy is connect with a password, or with the token that stands instead of one.
func (p *Poller) connectBy(ctx context.Context, news *imapclient.UnilateralDataHandler, secret string) (*server, error) {
	account := p.Mailbox.IMAP
	address := net.JoinHostPort(account.Host, strconv.Itoa(account.Port))
	if account.TLS != "implicit" && account.TLS != "starttls" && !(account.TLS == "none" && loopback(account.Host)) {
		return nil, fmt.Errorf("connect to %s: a password is sent without TLS to the machine itself only", address)
	}
	dial := p.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	dialing, done := context.WithTimeout(ctx, dialTime)
	defer done()
	raw, err := dial(dialing, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}

	s := &server{line: &line{Conn: raw, raw: raw, patience: patience}}
	s.stop = context.AfterFunc(ctx, func() { raw.Close() })
	if err := p.greet(dialing, s, news); err != nil {
		s.close()
		return nil, fmt.Errorf("connect to %s: %w", address, s.line.why(err))
	}
	if err := s.login(account.Username, secret, account.OAuth != ""); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// greet has the client and, where the policy says so, TLS. What is sent before TLS is nothing that matters.
func (p *Poller) greet(ctx context.Context, s *server, news *imapclient.UnilateralDataHandler) error {
	config := &tls.Config{}
	if p.TLS != nil {
		config = p.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = p.Mailbox.IMAP.Host
	}
	options := &imapclient.Options{TLSConfig: config, UnilateralDataHandler: news}

	if p.Mailbox.IMAP.TLS == "implicit" {
		config.NextProtos = []string{"imap"}
		secure := tls.Client(s.line.raw, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			return err
		}
		s.line.Conn = secure
	}
	defer s.line.expect()()
	if p.Mailbox.IMAP.TLS == "starttls" {
		client, err := imapclient.NewStartTLS(s.line, options)
		if err != nil {
			return fmt.Errorf("STARTTLS: %w", err)
		}
		s.client = client
	} else {
		s.client = imapclient.New(s.line, options)
	}
	return s.client.WaitGreeting()
}

// login gives the password in the way that the server wants, or the token in the one way that there is.
func (s *server) login(username, password string, isToken bool) error {
	defer s.line.expect()()
	caps := s.client.Caps()
	var err error
	switch {
	case s.client.State() == imap.ConnStateAuthenticated: // PREAUTH (RFC 9051, 7.1.4)
	case isToken && !caps.Has(imap.AuthCap(xoauth2)):
		err = errors.New("the server takes no tokens: it does not offer AUTH=XOAUTH2")
	case isToken:
		err = s.client.Authenticate(&tokenClient{username: username, token: password})
	case caps.Has(imap.AuthCap(sasl.Plain)):
		err = s.client.Authenticate(sasl.NewPlainClient("", username, password))
	case caps.Has(imap.CapLoginDisabled):
		err = errors.New("the server takes no password on this line")
	default:
		err = s.client.Login(username, password).Wait()
	}
	refused, token := (*imap.Error)(nil), (*tokenError)(nil)
	if errors.As(err, &refused) && !passing(refused) || errors.As(err, &token) {
		return &loginError{username, err}
	}
	if err != nil {
		return fmt.Errorf("log in as %s: %w", username, s.line.why(err))
	}
	// Many servers say what they can do only to those who are logged in.
	if s.caps = s.client.Caps(); s.caps == nil {
		return fmt.Errorf("ask for capabilities: %w", s.line.why(errors.New("no answer")))
	}
	return nil
}

// passing tells whether a server refuses for a reason that has nothing to do with what was asked (RFC 5530).
func passing(err *imap.Error) bool {
	return err.Type == imap.StatusResponseTypeBye || err.Code == imap.ResponseCodeUnavailable || err.Code == imap.ResponseCodeInUse
}

// close ends the connection at once. A literal must not be left half read, or the client waits for its reader for ever.
func (s *server) close() {
	s.stop()
	s.line.Close()
	if s.client != nil {
		s.client.Close()
	}
}

// loopback tells whether a host is this machine. Names other than localhost are not looked up: what they mean can change.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}

// open selects the folder, anew at each pass: only this tells a changed UIDVALIDITY, and mails that came since are seen for sure, which
// some servers keep from a session that has not been told of them. With readOnly nothing on the server is changed.
func (s *server) open(folder string, readOnly bool) (*imap.SelectData, error) {
	defer s.line.expect()()
	data, err := s.client.Select(folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
	if err != nil {
		return nil, fmt.Errorf("open folder %s: %w", folder, s.line.why(err))
	}
	s.selected = data
	return data, nil
}

func (s *server) noop() error {
	defer s.line.expect()()
	return s.line.why(s.client.Noop().Wait())
}

// maxFound is how many mails one search can give. No window of a listing is wider.
const maxFound = 1 << 20

// search gives the numbers of mails from a first through a last one, in ascending order.
func (s *server) search(from, to uint32, criteria imap.SearchCriteria) ([]uint32, error) {
	criteria.UID = []imap.UIDSet{{{Start: imap.UID(from), Stop: imap.UID(to)}}}
	defer s.line.expect()()
	data, err := s.client.UIDSearch(&criteria, nil).Wait()
	if err != nil {
		return nil, s.line.why(err)
	}
	found, _ := data.All.(imap.UIDSet)
	if found.Dynamic() {
		return nil, errors.New("the server answered a search with an open range")
	}
	var uids []uint32
	for _, r := range found {
		// What was not asked for is left out, and a range of all numbers that there are does not fill the memory.
		for uid := uint64(max(uint32(r.Start), from)); uid <= uint64(min(uint32(r.Stop), to)) && len(uids) < maxFound; uid++ {
			uids = append(uids, uint32(uid))
		}
	}
	slices.Sort(uids)
	return uids, nil
}

func uidSet(uids ...uint32) imap.UIDSet {
	var set imap.UIDSet
	for _, uid := range uids {
		set.AddNum(imap.UID(uid))
	}
	return set
}
