package mailin

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// A line is the connection under the IMAP client. The client's own deadlines are wrong for us: 30 s for a whole reply, 5 min for a whole
// literal however steadily it comes, and none at all for a server that never replies. Here the server may take all the time it wants as
// long as it sends something now and then, and a silent one loses the line.
type line struct {
	net.Conn              // what the client speaks through: the raw connection, or TLS on it
	raw          net.Conn // closing this one never waits
	patience     time.Duration
	mu           sync.Mutex
	expecting    bool
	ranOutOfTime bool
}

// SetReadDeadline ignores the client's deadlines.
func (l *line) SetReadDeadline(time.Time) error { return nil }

// SetDeadline is not used by the client.
func (l *line) SetDeadline(time.Time) error { return nil }

// expect begins the time in which the server owes a reply, and returns what ends it.
func (l *line) expect() (end func()) {
	l.wait(true)
	return func() { l.wait(false) }
}

// wait also reaches a Read that is under way, since deadlines do.
func (l *line) wait(expecting bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expecting = expecting
	var deadline time.Time
	if expecting {
		deadline = time.Now().Add(l.patience)
	}
	l.Conn.SetReadDeadline(deadline)
}

// Read gives the server its time anew. At the first time-out the line is closed, for the client's parser would read on.
func (l *line) Read(b []byte) (int, error) {
	l.mu.Lock()
	if l.expecting {
		l.Conn.SetReadDeadline(time.Now().Add(l.patience))
	}
	l.mu.Unlock()
	n, err := l.Conn.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		l.mu.Lock()
		if !l.expecting { // the reply came at the very last moment
			l.mu.Unlock()
			return l.Read(b)
		}
		l.ranOutOfTime = true
		l.mu.Unlock()
		l.Close()
		return n, net.ErrClosed
	}
	return n, err
}

// Close does not say goodbye first, as TLS would: that can hang as well.
func (l *line) Close() error { return l.raw.Close() }

// why puts the real reason in place of what the client makes of a line that was closed under it.
func (l *line) why(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil && l.ranOutOfTime {
		return fmt.Errorf("the server was silent for %v", l.patience)
	}
	return err
}
