package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/postdesk/postdesk/desk/policy"
)

// A livePolicy is the policy of a desk that serves: read again when its file changes or on SIGHUP. One with mistakes is refused, and the
// last good one stands (R1).
type livePolicy struct {
	file string
	log  *slog.Logger
	good atomic.Pointer[policy.Policy]

	mu      sync.Mutex
	sum     [32]byte // of the bytes last looked at
	refused string   // why the file as it is does not stand; "" when it does
	changes []chan<- struct{}
}

// lookAgain is how often the file is looked at.
const lookAgain = 3 * time.Second

// newLivePolicy reads the policy for the first time: with mistakes, or without the secrets that serving needs, there is no desk.
func newLivePolicy(file string, log *slog.Logger) (*livePolicy, error) {
	l := &livePolicy{file: file, log: log}
	p, err := readToServe(file)
	if err != nil {
		return nil, err
	}
	l.good.Store(p)
	if raw, err := os.ReadFile(file); err == nil {
		l.sum = sha256.Sum256(raw)
	}
	return l, nil
}

// readToServe reads a policy and asks for what only serving needs.
func readToServe(file string) (*policy.Policy, error) {
	p, err := policy.Read(file)
	if err != nil {
		return nil, err
	}
	if len(p.Unset) > 0 {
		return nil, fmt.Errorf("%s asks for secrets that are not there:\n%w", file, &p.Unset)
	}
	if !p.TokensSet {
		return nil, fmt.Errorf("%s: tokens has no key, so anybody could forge our reply addresses: add one such as\n  tokens: [{id: a, secret: \"${env:POSTDESK_TOKEN_KEY}\"}]", file)
	}
	for _, box := range p.Mailboxes {
		if box.IMAP == nil || box.SMTP == nil {
			return nil, fmt.Errorf("%s: mailboxes.%s has no imap or no smtp: a desk that serves needs both", file, box.Name)
		}
	}
	return p, nil
}

func (l *livePolicy) current() *policy.Policy { return l.good.Load() }

// smtp is where a mailbox's mail is submitted now; nil where the policy has the mailbox no more.
func (l *livePolicy) smtp(mailbox string) *policy.SMTP {
	if box := l.current().Mailbox(mailbox); box != nil {
		return box.SMTP
	}
	return nil
}

// state is why the file as it is was refused; "" when it stands.
func (l *livePolicy) state() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused
}

// changed gives a channel that hears of each new policy.
func (l *livePolicy) changed() <-chan struct{} {
	c := make(chan struct{}, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes = append(l.changes, c)
	return c
}

// run looks at the file until ctx ends.
func (l *livePolicy) run(ctx context.Context) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hup:
			l.reload(true)
		case <-look.C:
			l.reload(false)
		}
	}
}

// reload takes the file if it changed and is right. Asked by a person it is read in any case, since a secret beside it may have changed.
func (l *livePolicy) reload(asked bool) {
	raw, err := os.ReadFile(l.file)
	sum := sha256.Sum256(raw)
	l.mu.Lock()
	same := err == nil && bytes.Equal(sum[:], l.sum[:])
	l.mu.Unlock()
	if same && !asked {
		return
	}
	var p *policy.Policy
	if err == nil {
		p, err = readToServe(l.file)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sum = sum
	if err != nil {
		if l.refused != err.Error() {
			l.log.Error("the policy is refused, the last good one stands", "file", l.file, "error", err)
		}
		l.refused = err.Error()
		return
	}
	l.refused = ""
	l.good.Store(p)
	l.log.Info("a new policy stands", "file", l.file)
	for _, c := range l.changes {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

var errPollerEnded = errors.New("a poller ended by itself")
