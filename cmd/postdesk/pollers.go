package main

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"sync"

	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/mailin"
	"github.com/postdesk/postdesk/mailin/auth"
)

// pollers keeps one poller running for each mailbox of the policy, and follows it: a mailbox that is added is polled, one that is gone is
// left, one whose account or trusted server changed is begun anew. What goes wrong with one stops none of the others.
type pollers struct {
	desk   mailin.Desk
	policy *livePolicy
	dns    *txtCache
	tokens mailin.Tokens
	log    *slog.Logger

	mu      sync.Mutex
	running map[string]*polled
}

// A polled is one poller at work.
type polled struct {
	box    *policy.Mailbox
	trust  auth.Trust
	probe  string // our domain where signatures are verified here, "" where not
	poller *mailin.Poller
	stop   context.CancelFunc
	ended  chan struct{}
}

// run follows the policy until ctx ends, and returns after all pollers.
func (m *pollers) run(ctx context.Context) error {
	changed := m.policy.changed()
	m.mu.Lock()
	m.running = map[string]*polled{}
	m.mu.Unlock()
	defer m.apply(ctx, nil)
	for {
		m.apply(ctx, m.policy.current())
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// apply stops the pollers that the policy has no more or has otherwise, and starts those that are missing; without policy it stops all.
func (m *pollers) apply(ctx context.Context, p *policy.Policy) {
	wanted := map[string]*polled{}
	if p != nil {
		for _, box := range p.Mailboxes {
			wanted[box.Name] = &polled{box: box, trust: trustOf(p, box)}
			if box.CheckSignatures {
				wanted[box.Name].probe = p.Desk.Domain
			}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var leaving []*polled
	for name, have := range m.running {
		want := wanted[name]
		if want != nil && reflect.DeepEqual(want.box, have.box) && reflect.DeepEqual(want.trust, have.trust) && want.probe == have.probe {
			delete(wanted, name)
			continue
		}
		have.stop()
		leaving = append(leaving, have)
		delete(m.running, name)
	}
	for _, have := range leaving {
		<-have.ended
	}
	for name, start := range wanted {
		own, stop := context.WithCancel(ctx)
		start.stop, start.ended = stop, make(chan struct{})
		start.poller = &mailin.Poller{Mailbox: start.box, Desk: m.desk, Trust: start.trust, Now: utcNow, Log: m.log, Tokens: m.tokens}
		if start.probe != "" {
			start.poller.Checker = &auth.Checker{LookupTXT: m.dns.LookupTXT, Probe: start.probe}
		}
		m.running[name] = start
		go func() {
			defer close(start.ended)
			if err := start.poller.Run(own); err != nil {
				m.log.Error("mailbox is not polled", "mailbox", name, "error", fmt.Errorf("%w: %w", errPollerEnded, err))
			}
		}()
	}
}

// health is how each mailbox fares, by name.
func (m *pollers) health() map[string]mailin.Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string]mailin.Health{}
	for name, p := range m.running {
		all[name] = p.poller.Health()
	}
	return all
}
