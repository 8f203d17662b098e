//go:build unix

package storetest

import (
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// A Proxy stands between a client and a server, and does to the line what lines do: it cuts it after any number of bytes, in either
// direction, or lets nothing through and does not say so.
type Proxy struct {
	listener      net.Listener
	network, addr string // of the server

	mu    sync.Mutex
	left  int64 // bytes until the next cut; negative for never
	mute  bool  // bytes go nowhere
	lines map[net.Conn]bool
	done  sync.WaitGroup
}

// NewProxy stands before the server at that address until the test ends.
func NewProxy(t testing.TB, network, addr string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, network: network, addr: addr, left: -1, lines: map[net.Conn]bool{}}
	p.done.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.CutAfter(0)
		p.done.Wait()
	})
	return p
}

// PostgresBehind is a proxy before the server of a DSN, and the DSN that leads through it.
func PostgresBehind(t testing.TB, dsn string) (*Proxy, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	host, port := q.Get("host"), q.Get("port")
	if port == "" {
		port = "5432"
	}
	p := NewProxy(t, "unix", host+"/.s.PGSQL."+port)
	if len(host) == 0 || host[0] != '/' {
		p.network, p.addr = "tcp", u.Host
	}
	q.Del("host")
	q.Del("port")
	u.Host, u.RawQuery = p.Addr(), q.Encode()
	return p, u.String()
}

// Addr is where the proxy listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// CutAfter cuts every line once so many bytes have gone over all of them together, counted from now, both ways; at once for 0. Lines
// that come later live.
func (p *Proxy) CutAfter(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = n
	if n == 0 {
		p.cut()
	}
}

// Silence lets no byte through from now on while every line stays open, as behind a firewall that has forgotten them; false ends it.
func (p *Proxy) Silence(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = on
}

// Left is how many bytes are left until the cut; negative where none is to come.
func (p *Proxy) Left() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left
}

func (p *Proxy) cut() {
	for c := range p.lines {
		if tcp, ok := c.(*net.TCPConn); ok {
			tcp.SetLinger(0) // a reset, as a machine that has lost its state sends
		}
		c.Close()
	}
	clear(p.lines)
	p.left = -1
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		server, err := net.Dial(p.network, p.addr)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.lines[client], p.lines[server] = true, true
		p.mu.Unlock()
		p.done.Go(func() { p.carry(client, server) })
		p.done.Go(func() { p.carry(server, client) })
	}
}

// carry takes bytes one way, and not one more than the cut lets through.
func (p *Proxy) carry(from, to net.Conn) {
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			through, cut := p.pass(n)
			if _, werr := to.Write(buf[:through]); werr != nil {
				return
			}
			if cut {
				p.mu.Lock()
				p.cut()
				p.mu.Unlock()
				return
			}
		}
		if err != nil {
			if err != io.EOF {
				from.Close()
			}
			return
		}
	}
}

func (p *Proxy) pass(n int) (through int, cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.mute:
		return 0, false
	case p.left < 0:
		return n, false
	case p.left > int64(n):
		p.left -= int64(n)
		return n, false
	}
	through = int(p.left)
	p.left = 0
	return through, true
}
