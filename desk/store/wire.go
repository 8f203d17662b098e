package store

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// A lineDialer makes connections whose every read and write ends in time. lib/pq waits for an answer as long as the line is open, and a line
// that fell silent is: the server's statement_timeout says so to nobody. TCP's own keepalive asks only while nothing is on its way.
type lineDialer struct {
	net.Dialer
	patience atomic.Int64 // nanoseconds, 0 for ever
}

// await makes it wait for the server's own limit of a statement, and as much longer as its word of that takes to come here.
func (d *lineDialer) await(limit time.Duration) {
	if limit > 0 {
		limit += max(2*time.Second, limit/4)
	}
	d.patience.Store(int64(limit))
}

// DialContext implements pq.DialerContext.
func (d *lineDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := d.Dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &wire{Conn: c, patience: &d.patience}, nil
}

// DialTimeout implements pq.Dialer.
func (d *lineDialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, stop := context.WithTimeout(context.Background(), timeout)
	defer stop()
	return d.DialContext(ctx, network, address)
}

type wire struct {
	net.Conn
	patience *atomic.Int64
	limited  atomic.Bool // lib/pq has set a deadline of its own, for all of connecting
}

// SetDeadline implements net.Conn.
func (w *wire) SetDeadline(t time.Time) error {
	w.limited.Store(!t.IsZero())
	return w.Conn.SetDeadline(t)
}

// Read implements net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	if err := w.limit(w.Conn.SetReadDeadline); err != nil {
		return 0, err
	}
	return w.Conn.Read(p)
}

// Write implements net.Conn.
func (w *wire) Write(p []byte) (int, error) {
	if err := w.limit(w.Conn.SetWriteDeadline); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}

func (w *wire) limit(set func(time.Time) error) error {
	if w.limited.Load() {
		return nil
	}
	var end time.Time
	if wait := time.Duration(w.patience.Load()); wait > 0 {
		end = time.Now().Add(wait)
	}
	return set(end)
}
