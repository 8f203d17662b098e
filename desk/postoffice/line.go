package postoffice

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"sync"
	"time"
)

// A line is the server's end of one connection. It can be cut after a number of bytes or after the next answer.
type line struct {
	net.Conn
	office *Office
	smtp   bool
	done   chan struct{} // closed when the line is dead
	once   sync.Once
	served sync.Once

	mu        sync.Mutex
	left      int64 // bytes until the cut; negative: no cut
	lastWrite bool  // the next write is the last one

	refusal refusal // of DATA
}

func (l *line) Write(b []byte) (int, error) {
	asked := len(b)
	if l.smtp {
		if b = l.refusal.answer(l, b); len(b) == 0 {
			return asked, nil
		}
	}
	l.mu.Lock()
	last := l.lastWrite
	if l.left >= 0 {
		if l.left <= int64(len(b)) {
			b, last = b[:l.left], true
		}
		l.left -= int64(len(b))
	}
	l.mu.Unlock()
	_, err := l.Conn.Write(b)
	if last {
		l.abort()
	}
	if err != nil {
		return 0, err
	}
	return asked, nil
}

func (l *line) Read(b []byte) (int, error) {
	if in := l.refusal.input; len(in) > 0 {
		n := copy(b, in)
		l.refusal.input = in[n:]
		return n, nil
	}
	return l.Conn.Read(b)
}

// cutAfter breaks the line when the server has sent n more bytes.
func (l *line) cutAfter(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = n
}

// closeAfterAnswer breaks the line when the server has answered.
func (l *line) closeAfterAnswer() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastWrite = true
}

// pause lets time pass, as a slow server does, unless the line breaks.
func (l *line) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.done:
	}
}

func (l *line) abort() {
	l.once.Do(func() {
		close(l.done)
		l.Conn.Close()
	})
}

// Close is what the server calls when it is done with the line.
func (l *line) Close() error {
	l.abort()
	l.served.Do(func() {
		l.office.mu.Lock()
		delete(l.office.lines, l)
		l.office.mu.Unlock()
		l.office.serving.Done()
	})
	return nil
}

// lineOf finds the line under a server's connection, which may speak TLS on it.
func lineOf(c net.Conn) *line {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	return c.(*line)
}

// A listener makes lines of what it accepts.
type listener struct {
	net.Listener
	office *Office
	kind   int
	once   sync.Once
	ready  chan struct{} // closed when Accept is first called
}

func (ln *listener) Accept() (net.Conn, error) {
	ln.once.Do(func() { close(ln.ready) })
	for {
		c, err := ln.Listener.Accept()
		if err != nil {
			return nil, err
		}
		o := ln.office
		l := &line{Conn: c, office: o, smtp: ln.kind == smtpLines, done: make(chan struct{}), left: -1}
		o.mu.Lock()
		select {
		case <-o.done: // too late to be seen by Close
			o.mu.Unlock()
			c.Close()
			continue
		default:
		}
		o.lines[l] = struct{}{}
		o.serving.Add(1)
		if n, ok := o.faults.cut(ln.kind); ok {
			l.left = n
		}
		o.mu.Unlock()
		if l.smtp && o.refuseConnection(l) {
			continue
		}
		return l, nil
	}
}

// pipes is a listener whose lines are in memory.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	var err error
	select {
	case p.conns <- server:
		return client, nil
	case <-p.done:
		err = errors.New("connection refused")
	case <-ctx.Done():
		err = ctx.Err()
	}
	client.Close()
	return nil, &net.OpError{Op: "dial", Net: "pipe", Err: err}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// certificate makes one that is good for a year, and what vouches for it.
func certificate(host string, now time.Time) (*tls.Config, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // the system has no random numbers
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: host},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(1, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		DNSNames:              []string{host, "localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err) // the template is wrong
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err) // as above
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, roots
}
