package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/portal"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/mailout"
	"golang.org/x/sync/errgroup"
)

type serveCmd struct {
	Policy   string `required:"" type:"path" placeholder:"FILE" help:"The policy to serve by. It is read again when it changes; one with mistakes is refused and the last good one kept."`
	Database string `env:"POSTDESK_DATABASE" default:"sqlite:postdesk.db" placeholder:"DSN" help:"sqlite:FILE, or postgres://USER@HOST/DATABASE. One with a password belongs into the environment."`
	Listen   string `default:"127.0.0.1:8025" placeholder:"ADDR" help:"Where /healthz, /readyz and /metrics are answered; empty for nowhere."`
	Log      string `enum:"text,json" default:"text" help:"How the log is written to standard error: text or json."`
}

// Run polls every mailbox of the policy, answers, sends and lets clocks run, until it is told to stop; then what is under way ends well.
func (c serveCmd) Run(ctx context.Context) error {
	log := c.logger()
	pol, err := newLivePolicy(c.Policy, log)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer st.Close()
	st.Now = utcNow
	applied, err := st.Migrate(ctx)
	if err != nil {
		return err
	}
	d := &desk.Desk{
		Store: st, Policy: pol.current, Templates: pol.mails, Now: utcNow, Rand: rand.Reader, Node: nodeName(), Log: log,
	}
	rekeyed := pol.changed()
	stirred := newBell()
	busy := stirringDesk{d, stirred}
	names := &txtCache{server: func() string { return pol.current().Desk.Resolver }, now: utcNow}
	tokens := newTokens(d)
	boxes := &pollers{desk: busy, policy: pol, dns: names, tokens: tokens, log: log}
	sender := &mailout.Sender{
		Desk: busy, Account: pol.smtp, Dial: new(net.Dialer).DialContext, Now: utcNow, Hello: heloName(pol.current()), Log: log, Wake: stirred.ring(),
		Tokens: tokens, Sign: func(from string) []policy.Signer { return pol.current().SignersOf(from) },
	}
	pages := &portal.Portal{Desk: d, Policy: pol.current, Now: utcNow, Log: log, Stir: stirred.strike}
	w := &watch{desk: d, store: st, policy: pol, pollers: boxes, sender: sender, tokens: tokens}

	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return st.Failure(ctx) }) // of the disk: all of it ends
	g.Go(func() error { return pol.run(ctx) })
	g.Go(func() error { return keepWrapped(ctx, d, st, rekeyed, log) })
	g.Go(func() error { return boxes.run(ctx) })
	g.Go(func() error { return sender.Run(ctx) })
	g.Go(func() error { return runClocks(ctx, d, stirred.ring(), log, rightClock(st, utcNow), w.ticked) })
	g.Go(func() error { return w.alarm(d.Node, log).Run(ctx) })
	g.Go(func() error { return serveHTTP(ctx, c.Listen, w.handler(), log) })
	if v, err := d.Vitals(ctx); err == nil && v.Paused != "" {
		log.Error("nothing is sent until: postdesk mail resume", "why", v.Paused)
	}
	if p := pol.current().Portal; p.URL != "" {
		g.Go(func() error { return servePortal(ctx, pages, p.Listen, log) })
	}
	log.Info("serving", "version", version, "database", st.String(), "node", d.Node, "mailboxes", len(pol.current().Mailboxes), "migrations", len(applied))
	err = g.Wait()
	log.Info("stopped")
	return err
}

func (c serveCmd) logger() *slog.Logger {
	if c.Log == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil))
}

func utcNow() time.Time { return time.Now().Add(fault.Skew()).UTC() }

// nodeName tells this process from others on the same database: leases go by it.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return fmt.Sprintf("%s/%d", host, os.Getpid())
}

// heloName is the name that the sender gives itself: the desk's domain, which tells nothing about the machine (S1).
func heloName(p *policy.Policy) string { return p.Desk.Domain }

// A bell wakes those who listen when something happened; each of them hears that it rang, not how often.
type bell struct{ listeners []chan struct{} }

func newBell() *bell { return &bell{} }

// ring gives a listener. All are made before the first stroke.
func (b *bell) ring() <-chan struct{} {
	c := make(chan struct{}, 1)
	b.listeners = append(b.listeners, c)
	return c
}

func (b *bell) strike() {
	for _, c := range b.listeners {
		select {
		case c <- struct{}{}:
		default: // it is awake
		}
	}
}

// A stirringDesk is the desk as poller and sender have it: what was decided wakes the sender and the clocks at once.
type stirringDesk struct {
	*desk.Desk
	bell *bell
}

func (d stirringDesk) Receive(ctx context.Context, arrivals []desk.Arrival) ([]desk.Reception, error) {
	done, err := d.Desk.Receive(ctx, arrivals)
	if len(done) > 0 {
		d.bell.strike()
	}
	return done, err
}

func (d stirringDesk) Tried(ctx context.Context, tries ...desk.Attempt) error {
	err := d.Desk.Tried(ctx, tries...)
	if err == nil && slices.ContainsFunc(tries, func(a desk.Attempt) bool { return a.State == desk.MailFailed }) {
		d.bell.strike() // whoever works on the ticket is told
	}
	return err
}

// longestNap is how long the clocks are left alone at most: another node may have set one.
const longestNap = 30 * time.Second

// runClocks fires what is due, says so by ticked, and naps until the next is. A database that is away delays it, and nothing is lost: what is due
// stays so. Where right says that this machine's time is wrong, what is due is left to other nodes.
func runClocks(ctx context.Context, d *desk.Desk, stirred <-chan struct{}, log *slog.Logger, right func(context.Context) error, ticked func()) error {
	for ctx.Err() == nil {
		nap := longestNap
		next, err := time.Time{}, right(ctx)
		if err == nil {
			next, err = d.Tick(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			log.Warn("clocks cannot be looked at", "error", err, "retry_in", nap)
		default:
			ticked()
		}
		if err == nil && !next.IsZero() {
			nap = max(min(nap, time.Until(next)), 100*time.Millisecond)
		}
		timer := time.NewTimer(nap)
		select {
		case <-timer.C:
		case <-stirred:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return nil
}

// serveHTTP answers for health and metrics.
func serveHTTP(ctx context.Context, addr string, h http.Handler, log *slog.Logger) error {
	if addr == "" {
		return nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen for health and metrics: %w", err)
	}
	log.Info("listening", "address", l.Addr().String())
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	return answerHTTP(ctx, s, l)
}

// servePortal gives the portal's pages until ctx ends, and mails what they were asked for. Uploads and files may take their time.
func servePortal(ctx context.Context, p *portal.Portal, addr string, log *slog.Logger) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen for the portal: %w", err)
	}
	return answerPortal(ctx, p, l, log)
}

func answerPortal(ctx context.Context, p *portal.Portal, l net.Listener, log *slog.Logger) error {
	h, err := p.Handler()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	log.Info("the portal is open", "address", l.Addr().String(), "url", p.Policy().Portal.URL)
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Minute, WriteTimeout: 10 * time.Minute, IdleTimeout: time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.Run(ctx) })
	g.Go(func() error { return answerHTTP(ctx, s, l) })
	return g.Wait()
}

// answerHTTP serves until ctx ends, and lets what is being answered end.
func answerHTTP(ctx context.Context, s *http.Server, l net.Listener) error {
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("answer at %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.Shutdown(last); err != nil {
		return err
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
