package mailin

import (
	"errors"
	"time"
)

// Health is how a mailbox is doing, for health pages and metrics.
type Health struct {
	State    State
	Since    time.Time // of State
	LastPass time.Time // end of the last whole pass; zero before the first
	Received int       // mails the desk took since the start, duplicates included
	Idle     bool      // the server tells at once when a mail comes (RFC 2177)
	Error    string    // the last fault, kept after it is over
	ErrorAt  time.Time
	Fault    error // Error as it was made, for those who tell what to do about it
	Refused  bool  // the server takes neither name nor password, or there is no token: only a person can mend it
}

// State is what a Poller is at.
type State string

// The states of a Poller.
const (
	Starting State = "starting"
	Standby  State = "standby" // another node polls the mailbox
	Polling  State = "polling"
	Waiting  State = "waiting" // for mail, or for the clock
	Failing  State = "failing" // and waiting to try again
	Stopped  State = "stopped"
)

// Health is a snapshot, safe to take at any time.
func (p *Poller) Health() Health {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.health
}

func (p *Poller) enter(s State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.health.State != s {
		p.health.State, p.health.Since = s, p.Now()
	}
}

func (p *Poller) passed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.health.LastPass, p.health.Refused = p.Now(), false
}

func (p *Poller) took(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.health.Received += n
}

func (p *Poller) idling(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.health.Idle = yes
}

func (p *Poller) failed(err error) {
	p.noted(err)
	if errors.Is(err, ErrLogin) {
		p.mu.Lock()
		p.health.Refused = true
		p.mu.Unlock()
	}
	p.enter(Failing)
}

// noted is a fault that does not stop the polling.
func (p *Poller) noted(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.health.Error, p.health.ErrorAt, p.health.Fault = err.Error(), p.Now(), err
}
