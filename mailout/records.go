package mailout

import (
	"context"
	"sync"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/fault"
)

// together is how long a mail that was sent may wait to be written down with the beginning of the next. It adds to the moment between a server's
// 250 and the commit, in which a crash costs a second copy, and is less than a commit takes on many a disk.
const together = 5 * time.Millisecond

// Records write down how the tries of one connection begin and end, in their order. That a mail was sent and that the next one begins is
// one transaction, where the next one comes to that soon.
type records struct {
	sender *Sender

	mu    sync.Mutex // held while something is written, so that nothing overtakes it
	ctx   context.Context
	mail  *desk.Mail // that was sent, and is not written down; nil for none
	how   desk.Attempt
	timer *time.Timer
}

// sent takes how a mail was sent. It is written down soon, whatever comes.
func (l *records) sent(ctx context.Context, m *desk.Mail, how desk.Attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writeNow()
	how.At = l.sender.Now()
	l.ctx, l.mail, l.how = ctx, m, how
	l.timer = time.AfterFunc(together, l.write)
}

// write writes down what is not yet.
func (l *records) write() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writeNow()
}

func (l *records) writeNow() {
	if l.mail == nil {
		return
	}
	l.timer.Stop()
	l.sender.end(l.ctx, l.mail, l.how)
	l.mail = nil
	fault.Here(fault.Recorded)
}

// begin writes down that a try begins. An error says that it may not.
func (l *records) begin(ctx context.Context, trace desk.Attempt) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mail != nil {
		how := l.sender.result(l.mail, l.how)
		if err := l.sender.Desk.Tried(ctx, how, trace); err == nil {
			l.timer.Stop()
			l.sender.told(l.mail, how)
			l.mail = nil
			fault.Here(fault.Recorded)
			return nil
		}
		l.writeNow() // and each by itself tells which of them it was
	}
	return l.sender.Desk.Tried(ctx, trace)
}
