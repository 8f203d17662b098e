//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/postoffice"
	"github.com/postdesk/postdesk/desk/store"
)

const crashPolicy = `
desk: {name: Desk Support, domain: desk.example, zone: UTC, class: question}
tokens: [{id: a, secret: "${env:POSTDESK_TOKEN_KEY}"}]
mailboxes:
  support:
    address: support@desk.example
    queue: requests
    trusted: {server: mx.desk.example}
    imap: {host: 127.0.0.1, port: %[1]s, tls: none, username: support@desk.example, password: open, every: 10s, move: Done, cutoff: 2000-01-01T00:00:00Z}
    smtp: {host: 127.0.0.1, port: %[2]s, tls: none, username: support@desk.example, password: open}
  sales:
    address: sales@desk.example
    queue: requests
    trusted: {server: mx.desk.example}
    imap: {host: 127.0.0.1, port: %[1]s, tls: none, username: sales@desk.example, password: open, every: 10s, flag: postdesk, cutoff: 2000-01-01T00:00:00Z}
    smtp: {host: 127.0.0.1, port: %[2]s, tls: none, username: sales@desk.example, password: open}
calendars:
  office: {week: {mon-fri: ["09:00-18:00"]}}
queues:
  requests: {title: Requests, assign: {among: [%[3]s], by: turn}}
staff:
%[4]sclasses:
  installation: {billing: credits, estimate: 1-2}
  question: {billing: free}
credits: {how_to_buy: Write to support@desk.example how many credits you would like.}
rules:
  - name: installation
    when: 'mail.words contains "install"'
    set: {class: installation}
`

// crashHurry is how many times shorter leases and waits are: a mail whose node died at DATA is tried again after three seconds.
const crashHurry = 400

// startingCredits are enough for every matter.
const startingCredits = 100_000

// A crashBench is a desk that is ended again and again while mail goes through it: postdesk serve as built for faults, beside mailboxes
// and an SMTP server that live on in this process.
type crashBench struct {
	t       *testing.T
	dir     string
	command string // of the build with faults
	dsn     string
	planted fault.Mistake
	office  *postoffice.Office
	people  *people

	refusals []postoffice.SMTPFault // of servers that do not know their user

	random *rand.Rand // of the schedule, guarded by mu

	mu    sync.Mutex
	kills map[string]int // by where
	own   []string       // how nodes ended that were not told to
	total int
}

// faultyCommand builds the command with the tag. It is there until the test ends.
func faultyCommand(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "postdesk")
	build := exec.Command("go", "build", "-tags", "faults", "-o", file, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build with faults: %v\n%s", err, out)
	}
	return file
}

// newCrashBench has an office with room for so many matters, and the customers in the database.
func newCrashBench(t *testing.T, command, dsn string, matters int, planted fault.Mistake) *crashBench {
	t.Helper()
	b := &crashBench{
		t: t, dir: t.TempDir(), command: command, dsn: dsn, planted: planted, kills: map[string]int{}, random: rand.New(rand.NewPCG(1, 2)),
	}
	o := postoffice.Options{Domain: "desk.example", Record: true}
	var staff strings.Builder
	ours := []string{crashSupport, crashSales}
	for _, id := range crashEngineers {
		who := id + "@desk.example"
		fmt.Fprintf(&staff, "  %s: {name: %s, address: %s, logins: [%s]}\n", id, id, who, who)
		ours = append(ours, who)
	}
	for _, who := range ours {
		o.Accounts = append(o.Accounts, postoffice.Account{Address: who, Password: crashPassword})
	}
	contacts := map[string][]desk.Contact{}
	for i := range matters {
		who := customerOf(i)
		if slices.ContainsFunc(o.Accounts[max(0, len(o.Accounts)-2):], func(a postoffice.Account) bool { return a.Address == who }) {
			continue
		}
		o.Accounts = append(o.Accounts, postoffice.Account{Address: who, Password: crashPassword})
		id, _, _ := strings.Cut(who[strings.Index(who, "@")+1:], ".")
		contacts[id] = append(contacts[id], desk.Contact{Address: who, MaySpend: true})
		if kindOf(i) == aRefusedMail {
			b.refusals = append(b.refusals, postoffice.SMTPFault{Verb: "RCPT", Recipient: who, Code: 550, Text: "Nobody here"})
		}
	}
	for _, id := range crashCustomers {
		o.Signing = append(o.Signing, id+".example")
	}
	b.office = postoffice.New(o)
	t.Cleanup(b.office.Close)
	if err := b.office.Listen(); err != nil {
		t.Fatal(err)
	}
	b.office.SMTPFaults(b.refusals...)
	b.people = &people{t: t, office: b.office, known: map[string]bool{}, random: rand.New(rand.NewPCG(3, 4))}

	_, imap, _ := net.SplitHostPort(b.office.IMAPAddr())
	_, smtp, _ := net.SplitHostPort(b.office.SMTPAddr())
	if err := os.WriteFile(b.policyFile(), fmt.Appendf(nil, crashPolicy, imap, smtp, strings.Join(crashEngineers, ", "), &staff), 0o600); err != nil {
		t.Fatal(err)
	}
	b.addCustomers(contacts)
	return b
}

func (b *crashBench) policyFile() string { return filepath.Join(b.dir, "policy.yaml") }
func (b *crashBench) logFile() string    { return filepath.Join(b.dir, "serve.log") }

// with opens the database for one piece of work. It does not stay open: its server may be crashed.
func (b *crashBench) with(ctx context.Context, work func(*store.Store) error) error {
	st, err := store.Open(ctx, b.dsn)
	if err != nil {
		return err
	}
	return errors.Join(work(st), st.Close())
}

// withDesk is with for work that needs the policy.
func (b *crashBench) withDesk(ctx context.Context, work func(*desk.Desk) error) error {
	text, err := os.ReadFile(b.policyFile())
	if err != nil {
		return err
	}
	pol, err := policy.Parse(b.policyFile(), text, func(string) ([]byte, error) { return []byte(tokenKey), nil })
	if err != nil {
		return err
	}
	return b.with(ctx, func(st *store.Store) error {
		if _, err := st.Migrate(ctx); err != nil {
			return err
		}
		d, err := newDesk(st, pol)
		if err != nil {
			return err
		}
		return work(d)
	})
}

// phoned is what an operator does with a customer's yes on the phone. No node made the mail that follows, so none knows of it before the
// others, and its server thinks over it for a while.
func (b *crashBench) phoned(matter int) error {
	ctx := b.t.Context()
	return b.withDesk(ctx, func(d *desk.Desk) error {
		var tickets []*desk.Ticket
		err := d.Store.View(ctx, func(tx desk.Tx) (err error) {
			tickets, err = tx.Tickets(ctx, desk.TicketFilter{Limit: 1 << 20})
			return err
		})
		if err != nil {
			return err
		}
		subject := fmt.Sprintf("Matter %d", matter)
		i := slices.IndexFunc(tickets, func(t *desk.Ticket) bool { return t.Subject == subject })
		if i < 0 {
			return fmt.Errorf("no ticket is about %q", subject)
		}
		slow := postoffice.SMTPFault{Verb: ".", Recipient: customerOf(matter), Delay: 500 * time.Millisecond, Times: 1}
		b.office.SMTPFaults(append(b.refusals, slow)...)
		return ticketConfirmCmd{Number: tickets[i].Number, By: "the customer on the phone"}.confirm(ctx, d, io.Discard)
	})
}

func (b *crashBench) addCustomers(contacts map[string][]desk.Contact) {
	b.t.Helper()
	ctx := b.t.Context()
	err := b.withDesk(ctx, func(d *desk.Desk) error {
		for _, id := range crashCustomers {
			err := d.AddAccount(ctx, desk.Account{
				Customer: desk.Customer{ID: id, Name: id, Language: "en"}, Contacts: contacts[id],
				Balances: []desk.Balance{{Unit: ledger.Credit, Amount: startingCredits}},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// serve begins a node. at is where it is to end, "" for nowhere.
func (b *crashBench) serve(at string, env ...string) (*child, error) {
	return b.serveAt(at, "", env...)
}

// skewOf is the environment of the n-th node of several: every other one's clock is an hour ahead (T106).
func skewOf(n int) string { return fmt.Sprintf("POSTDESK_SKEW=%dh", n%2) }

// serveAt is serve with an address where health is told.
func (b *crashBench) serveAt(at, listen string, env ...string) (*child, error) {
	log, err := os.OpenFile(b.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(b.command, "serve", "--policy", b.policyFile(), "--listen", listen)
	cmd.Env = append(os.Environ(), "POSTDESK_DATABASE="+b.dsn, "POSTDESK_TOKEN_KEY="+tokenKey, "POSTDESK_FAULT="+at,
		"POSTDESK_PLANTED="+string(b.planted), fmt.Sprintf("POSTDESK_HURRY=%d", crashHurry))
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	c := &child{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // as in spawn
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
			close(c.ended)
		}
	}()
	return c, <-started
}

// tries runs another command of postdesk, and gives what it says.
func (b *crashBench) tries(dsn string, args ...string) (string, error) {
	cmd := exec.Command(b.command, args...)
	cmd.Env = append(os.Environ(), "POSTDESK_DATABASE="+dsn, "POSTDESK_TOKEN_KEY="+tokenKey)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// does is tries where all has to go well.
func (b *crashBench) does(t *testing.T, dsn string, args ...string) string {
	t.Helper()
	out, err := b.tries(dsn, args...)
	if err != nil {
		t.Fatalf("postdesk %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// farthest is by how many passes a point may be away: often enough to be reached, and far enough to come to every row of a table.
var farthest = map[fault.Point]int{fault.Fetch: 2, fault.Literal: 4, fault.Chunk: 3, fault.Statement: 150, fault.Commit: 8, fault.Committed: 8}

// place is where the k-th node ends: at each point in turn, three times in a row, so that a mail may meet the same end again; every fifth
// time at any moment.
func (b *crashBench) place(k int) (point fault.Point, at string) {
	turn := k / 3
	if turn%5 == 4 {
		return "", ""
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	point = fault.Points()[(turn-turn/5)%len(fault.Points())]
	return point, fmt.Sprintf("%s:%d", point, 1+b.random.IntN(max(1, farthest[point])))
}

// A node that does not come to its point within notReached is ended wherever it is.
const notReached = 1500 * time.Millisecond

// crash begins a node, of so many the n-th, and ends it. A new matter is opened first, so that there is mail on its way.
func (b *crashBench) crash(k, node int) {
	b.people.opens()
	point, at := b.place(k)
	n, err := b.serve(at, skewOf(node))
	if err != nil {
		b.t.Error(err)
		return
	}
	while := notReached
	if point == "" {
		b.mu.Lock()
		while = time.Duration(20+b.random.IntN(700)) * time.Millisecond
		b.mu.Unlock()
	}
	where := string(point)
	select {
	case <-n.ended:
	case <-time.After(while):
		n.cmd.Process.Kill()
		<-n.ended
		where = "any moment"
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var exit *exec.ExitError
	if errors.As(n.err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		b.kills[where]++
		b.total++
		return
	}
	b.own = append(b.own, fmt.Sprintf("at %q: %v", at, n.err))
}

// settle lets nodes run that nothing ends, until all mail is where it belongs, and ends them in good order. It returns what is not.
func (b *crashBench) settle(nodes int, patience time.Duration) (wrong []string) {
	var running []*child
	for i := range nodes {
		n, err := b.serve("", skewOf(i))
		if err != nil {
			return []string{err.Error()}
		}
		running = append(running, n)
	}
	deadline := time.After(patience)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for quiet := 0; quiet < 5; {
		if b.people.reads() {
			quiet = 0
		}
		left := b.unsettled()
		if len(left) == 0 {
			quiet++
			if matter, ok := b.people.calls(); ok {
				quiet = 0
				if err := b.phoned(matter); err != nil {
					b.t.Errorf("the customer of matter %d agrees on the phone: %v", matter, err)
				}
			}
		} else {
			quiet = 0
		}
		select {
		case <-tick.C:
		case <-deadline:
			return append(wrong, b.end(running, append(left, fmt.Sprintf("it is not over after %v", patience)))...)
		}
	}
	return b.end(running, nil)
}

func (b *crashBench) end(nodes []*child, wrong []string) []string {
	for _, n := range nodes {
		if n.over() {
			wrong = append(wrong, fmt.Sprintf("a node that nothing ended has ended: %v", n.err))
		} else if err := n.end(b.t, syscall.SIGTERM); err != nil {
			wrong = append(wrong, fmt.Sprintf("a node that was told to end: %v", err))
		}
	}
	return wrong
}

// unsettled is what is still on its way.
func (b *crashBench) unsettled() (left []string) {
	for _, m := range b.mails() {
		if !isMarked(m) {
			left = append(left, fmt.Sprintf("UID %d of %s is not marked", m.UID, m.Folder))
		}
	}
	if len(left) > 0 {
		return left
	}
	ctx := b.t.Context()
	var waiting []*desk.Mail
	err := b.with(ctx, func(st *store.Store) error {
		return st.View(ctx, func(tx desk.Tx) (err error) {
			waiting, err = tx.WaitingMails(ctx, 100)
			return err
		})
	})
	if err != nil {
		return []string{err.Error()}
	}
	for _, m := range waiting {
		left = append(left, fmt.Sprintf("mail %d to %s waits", m.ID, m.To.Addr))
	}
	return left
}
