package main

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
	_ "time/tzdata" // the demo's desk is in Berlin, also where no zones are installed

	"github.com/mattn/go-isatty"
	"golang.org/x/sync/errgroup"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/portal"
	"github.com/postdesk/postdesk/desk/postoffice"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/mailin"
	"github.com/postdesk/postdesk/mailout"
	"github.com/postdesk/postdesk/templates"
)

//go:embed demo/policy.yaml demo/world.yaml
var demoFiles embed.FS

type demoCmd struct {
	Once  bool   `help:"End when the story has been told, with status 0 if all went well."`
	Mails string `type:"path" placeholder:"DIR" help:"Keep every mail that the desk sends in this folder."`
}

// Run shows the desk at work (O1). Everything lives in this process and in a temporary folder, and is gone afterwards.
func (c demoCmd) Run(ctx context.Context) error {
	terminal := isatty.IsTerminal(os.Stdout.Fd())
	d, err := newDemo(ctx, c, &narrator{out: os.Stdout, colour: terminal && os.Getenv("NO_COLOR") == ""})
	if err != nil {
		return err
	}
	if terminal && !c.Once {
		d.pace = 1200 * time.Millisecond
	}
	return errors.Join(d.run(ctx), d.close())
}

// A demo is a small world of mail with a desk in it: servers, database, poller and sender are those of a real one, only nearer.
type demo struct {
	cmd  demoCmd
	tell *narrator
	pace time.Duration // how long people think before they write

	patience time.Duration // how long they wait for a mail before something must be wrong

	folder string
	office *postoffice.Office
	store  *store.Store
	policy *policy.Policy
	desk   *desk.Desk
	poller *mailin.Poller
	sender *mailout.Sender
	portal *portal.Portal
	pages  net.Listener    // where it is
	bell   *bell           // wakes the sender and the clocks
	clocks <-chan struct{} // theirs
	broken chan error      // what the story cannot go on after

	journal journal
}

// demoPassword is everybody's in the demo, whose servers listen on this machine alone.
const demoPassword = "demo"

// residents have a mailbox at the demo's post office.
var residents = []string{
	"support@desk.example", "dana@desk.example", "eve@desk.example", "anna@acme.example", "kim@bolt.example", "joe@example.org",
}

// newDemo opens the post office and sets the desk up. The caller closes it.
func newDemo(ctx context.Context, c demoCmd, tell *narrator) (d *demo, err error) {
	d = &demo{cmd: c, tell: tell, patience: 15 * time.Second, bell: newBell(), broken: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if c.Mails != "" {
		if err := os.MkdirAll(c.Mails, 0o755); err != nil {
			return d, err
		}
	}
	if d.folder, err = os.MkdirTemp("", "postdesk-demo-"); err != nil {
		return d, err
	}
	o := postoffice.Options{Domain: "desk.example", Signing: []string{"desk.example", "acme.example", "bolt.example", "example.org"}}
	for _, address := range residents {
		o.Accounts = append(o.Accounts, postoffice.Account{Address: address, Password: demoPassword})
	}
	d.office = postoffice.New(o)
	if err := d.office.Listen(); err != nil {
		return d, err
	}
	if err := d.readPolicy(); err != nil {
		return d, err
	}
	return d, d.setUp(ctx)
}

// readPolicy reads the demo's policy, with a key of its own and the ports that the servers found.
func (d *demo) readPolicy() error {
	key := make([]byte, 32)
	if _, err := io.ReadFull(rand.Reader, key); err != nil {
		return err
	}
	text, err := demoFiles.ReadFile("demo/policy.yaml")
	if err != nil {
		return err
	}
	d.policy, err = policy.Parse("demo/policy.yaml", text, func(name string) ([]byte, error) {
		if name != "env:POSTDESK_DEMO_KEY" {
			return nil, os.ErrNotExist
		}
		return []byte(base64.StdEncoding.EncodeToString(key)), nil
	})
	if err != nil {
		return err
	}
	if d.pages, err = net.Listen("tcp", d.policy.Portal.Listen); err != nil {
		return err
	}
	d.policy.Portal.URL = "http://" + d.pages.Addr().String()
	box := d.policy.Mailboxes[0]
	box.IMAP.Cutoff = time.Now().Add(-time.Hour) // whoever writes before the first look is quick, not old
	if box.IMAP.Port, err = portOf(d.office.IMAPAddr()); err != nil {
		return err
	}
	box.SMTP.Port, err = portOf(d.office.SMTPAddr())
	return err
}

func portOf(address string) (int, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}

// setUp makes the desk as a node that serves has it, and tells it whom it knows.
func (d *demo) setUp(ctx context.Context) error {
	var err error
	if d.store, err = store.Open(ctx, "sqlite:"+filepath.Join(d.folder, "desk.db")); err != nil {
		return err
	}
	if _, err := d.store.Migrate(ctx); err != nil {
		return err
	}
	tmpl, err := templates.New(nil)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	box := d.policy.Mailboxes[0]
	d.desk = &desk.Desk{
		Store: d.store, Policy: func() *policy.Policy { return d.policy }, Templates: tmpl, Now: utcNow, Rand: rand.Reader, Node: "demo", Log: log,
	}
	watched := watchedDesk{d.desk, d}
	d.poller = &mailin.Poller{Mailbox: box, Desk: watched, Trust: trustOf(d.policy, box), Now: utcNow, Log: log, Spool: d.folder}
	d.sender = &mailout.Sender{
		Desk: watched, Account: func(string) *policy.SMTP { return box.SMTP }, Dial: new(net.Dialer).DialContext, Now: utcNow,
		Hello: heloName(d.policy), Log: log, Wake: d.bell.ring(),
	}
	d.clocks = d.bell.ring()
	d.portal = &portal.Portal{Desk: d.desk, Policy: d.desk.Policy, Now: utcNow, Log: log, Stir: d.bell.strike, Spool: d.folder}
	text, err := demoFiles.ReadFile("demo/world.yaml")
	if err != nil {
		return err
	}
	world, err := policy.ParseWorld("demo/world.yaml", text, d.policy)
	if err != nil {
		return err
	}
	for _, a := range accounts(world) {
		if err := d.desk.AddAccount(ctx, a); err != nil {
			return err
		}
	}
	return d.follow(ctx)
}

// run lets the desk work, tells the story, and without --once keeps the desk at work until ctx ends.
func (d *demo) run(ctx context.Context) error {
	atWork, stop := context.WithCancel(ctx)
	defer stop()
	g, atWork := errgroup.WithContext(atWork)
	g.Go(func() error { return d.poller.Run(atWork) })
	g.Go(func() error { return d.sender.Run(atWork) })
	g.Go(func() error {
		return runClocks(atWork, d.desk, d.clocks, d.desk.Log, func(context.Context) error { return nil }, func() {})
	})
	g.Go(func() error { return d.listen(atWork) })
	g.Go(func() error { return answerPortal(atWork, d.portal, d.pages, d.desk.Log) })
	g.Go(func() error {
		select {
		case err := <-d.broken:
			return err
		case <-atWork.Done():
			return nil
		}
	})

	d.introduce()
	err := d.play(atWork)
	if err == nil {
		d.sumUp()
		if !d.cmd.Once {
			if err = d.invite(atWork); err == nil {
				<-atWork.Done()
			}
		}
	}
	stop()
	if ended := g.Wait(); ended != nil {
		return ended
	}
	return err
}

// listen tells what nobody's mail brought about: what the clocks did.
func (d *demo) listen(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := d.follow(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// fail ends the demo: the first error counts.
func (d *demo) fail(err error) {
	select {
	case d.broken <- err:
	default:
	}
}

// close ends the servers and removes the folder. What newDemo did not come to is nil here.
func (d *demo) close() error {
	var errs []error
	if d.office != nil {
		d.office.Close()
	}
	if d.pages != nil {
		d.pages.Close() // closed already, where the portal has come to its end
	}
	if d.store != nil {
		errs = append(errs, d.store.Close())
	}
	if d.folder != "" {
		errs = append(errs, os.RemoveAll(d.folder))
	}
	return errors.Join(errs...)
}

// A watchedDesk is the desk as poller and sender have it, seen by the demo: what it decides is told, and a mail that it sends is kept.
type watchedDesk struct {
	*desk.Desk
	demo *demo
}

// Receive decides, and wakes the sender for what is in the outbox then.
func (w watchedDesk) Receive(ctx context.Context, arrivals []desk.Arrival) ([]desk.Reception, error) {
	done, err := w.Desk.Receive(ctx, arrivals)
	w.told(ctx)
	return done, err
}

func (w watchedDesk) told(ctx context.Context) {
	if err := w.demo.follow(ctx); err != nil && ctx.Err() == nil {
		w.demo.fail(err)
	}
}

// Tried records tries. They are told to whoever waits for the outbox to be empty.
func (w watchedDesk) Tried(ctx context.Context, tries ...desk.Attempt) error {
	if err := w.Desk.Tried(ctx, tries...); err != nil {
		return err
	}
	for _, a := range tries {
		if a.State != desk.MailSent || w.demo.cmd.Mails == "" {
			continue
		}
		if err := w.keep(ctx, a.Mail); err != nil {
			w.demo.fail(err)
		}
	}
	w.told(ctx)
	w.demo.journal.happened()
	return nil
}

// keep writes the bytes of a mail as they were sent.
func (w watchedDesk) keep(ctx context.Context, id int64) error {
	var m *desk.Mail
	err := w.demo.store.View(ctx, func(tx desk.Tx) (err error) {
		m, err = tx.Mail(ctx, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep mail %d: %w", id, err)
	}
	f, err := os.Create(filepath.Join(w.demo.cmd.Mails, mailFile(m)))
	if err != nil {
		return err
	}
	return errors.Join(w.Desk.Source(ctx, m.MIME, f), f.Close())
}

// A journal is what the demo has read of the desk's: the people know their mails by it.
type journal struct {
	reading sync.Mutex // held while lines are read and told, so that they are told in order

	mu       sync.Mutex
	seen     int64                    // the last line
	tickets  map[int64]desk.Snapshot  // as they stand
	sent     map[string]desk.SentMail // by Message-ID
	outcomes map[desk.Outcome]int
	credits  map[string]int64 // by account
	paid     map[int64]int64  // credits by ticket
	entries  []string         // of the posting that is being read
	sum      int64            // of their amounts
	failures []string         // mails that did not arrive
	alone    bool             // nobody tells of the mails they get any more
	changed  chan struct{}
}

// changes gives a channel that is closed when something happens next.
func (j *journal) changes() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.changed == nil {
		j.changed = make(chan struct{})
	}
	return j.changed
}

func (j *journal) happened() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.changed != nil {
		close(j.changed)
		j.changed = nil
	}
}

// follow tells what the desk has written into its journal since the last time.
func (d *demo) follow(ctx context.Context) error {
	d.journal.reading.Lock()
	defer d.journal.reading.Unlock()
	for {
		var lines []desk.Event
		err := d.store.View(ctx, func(tx desk.Tx) (err error) {
			lines, err = tx.Events(ctx, d.journal.seen, 200)
			return err
		})
		if err != nil || len(lines) == 0 {
			return err
		}
		for _, e := range lines {
			if err := d.hear(e); err != nil {
				return err
			}
		}
		d.journal.happened()
		d.bell.strike()
	}
}

// settled waits until every mail to the desk has been decided over and every answer has left.
func (d *demo) settled(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, d.patience, &waitError{"the story", "the desk to have nothing more to do"})
	defer cancel()
	for {
		happened := d.journal.changes()
		next, err := d.desk.NextMail(ctx)
		if err != nil {
			return causeOf(ctx, err)
		}
		cursor, _, err := d.desk.Cursor(ctx, d.policy.Mailboxes[0].Name, "INBOX")
		if err != nil {
			return causeOf(ctx, err)
		}
		mails := d.office.Mails(d.policy.Mailboxes[0].Address)
		if next.IsZero() && len(mails) > 0 && cursor.UID >= mails[len(mails)-1].UID {
			return nil
		}
		select {
		case <-happened:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// causeOf is why a context ended, if that is what the error comes from.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// A waitError is somebody's patience that has ended.
type waitError struct{ who, what string }

func (e *waitError) Error() string { return e.who + " waits for " + e.what }

// stuck says what did not come, with what poller, sender and journal know of the reason.
func (d *demo) stuck(waiting []error) error {
	why := fmt.Sprintf("nothing came within %v", d.patience)
	if h := d.poller.Health(); h.Error != "" {
		why += "; poller: " + h.Error
	}
	h := d.sender.Health()
	if h.Outbox != "" {
		why += "; outbox: " + h.Outbox
	}
	for _, a := range h.Accounts {
		if a.LastError != "" {
			why += "; sender: " + a.LastError
		}
	}
	d.journal.mu.Lock()
	defer d.journal.mu.Unlock()
	for _, f := range d.journal.failures {
		why += "; " + f
	}
	return fmt.Errorf("%w; %s", errors.Join(waiting...), why)
}
