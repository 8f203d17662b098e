package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// A txtCache asks for TXT records and remembers answers for a while: the mails of one sender come together. It is safe for concurrent use.
type txtCache struct {
	server func() string // host:port to ask, "" for the system's
	now    func() time.Time

	mu    sync.Mutex
	known map[string]answer
}

type answer struct {
	until time.Time
	txts  []string
	err   error // that there is nothing
}

const (
	lookupTimeout = 5 * time.Second
	answerLasts   = 5 * time.Minute
	knownAnswers  = 2000
)

// LookupTXT is for auth.Checker.
func (r *txtCache) LookupTXT(ctx context.Context, name string) ([]string, error) {
	r.mu.Lock()
	a, ok := r.known[name]
	r.mu.Unlock()
	if ok && r.now().Before(a.until) {
		return a.txts, a.err
	}
	ctx, done := context.WithTimeout(ctx, lookupTimeout)
	defer done()
	txts, err := r.dns().LookupTXT(ctx, name+".") // with a dot: no search list of this machine is tried
	var missing *net.DNSError
	if err != nil && !(errors.As(err, &missing) && missing.IsNotFound) {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil || len(r.known) >= knownAnswers {
		r.known = map[string]answer{}
	}
	r.known[name] = answer{r.now().Add(answerLasts), txts, err}
	return txts, err
}

func (r *txtCache) dns() *net.Resolver {
	server := r.server()
	if server == "" {
		return net.DefaultResolver
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server)
	}}
}
