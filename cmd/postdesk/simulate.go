package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/mailin/parse"
	"github.com/postdesk/postdesk/mailout"
)

type simulateCmd struct {
	Policy  string   `required:"" type:"path" placeholder:"FILE" help:"The policy to decide by."`
	World   string   `type:"path" placeholder:"FILE" help:"What a shop told the desk before the first mail."`
	Until   string   `placeholder:"TIME" help:"Let time run on until then, such as 2026-12-01T00:00:00Z."`
	JSON    bool     `help:"Print one JSON object a line instead of a story for people."`
	Compare string   `type:"path" placeholder:"FILE" help:"Another policy: print what it would do otherwise, mail by mail and in all."`
	Mails   string   `type:"path" placeholder:"DIR" help:"Keep the MIME of every mail sent in this folder."`
	Store   string   `hidden:"" default:"sqlite::memory:" help:"Another store than the one in memory: for the stories, which run on both engines."`
	Paths   []string `arg:"" type:"path" name:"path" help:"An .eml file, an mbox, a Maildir, or a folder of these."`
}

// Help is printed below the usage.
func (simulateCmd) Help() string {
	return `Replays mail through a policy with the mails' own clock, and prints what the desk would do. No server, no database and none of the mails is
touched. A file events.jsonl beside the mails may tell what happens outside mail, such as a top-up.

For example:

    postdesk simulate --policy policy.yaml --world world.yaml mails
    postdesk simulate --policy policy.yaml --until 2026-12-31T00:00:00Z --json archive.mbox >story.jsonl
    postdesk simulate --policy policy.yaml --compare changed.yaml archive.mbox`
}

// Run replays the mails. Nothing is printed where policy, world or events hold a mistake, and no file but these is touched.
func (c simulateCmd) Run(ctx context.Context) error {
	p, w, err := c.terms(c.Policy)
	if err != nil {
		return err
	}
	var other *policy.Policy
	var otherWorld *policy.World
	if c.Compare != "" {
		if other, otherWorld, err = c.terms(c.Compare); err != nil {
			return err
		}
	}
	in, err := c.read(p)
	if err != nil {
		return err
	}
	defer in.bar.done()
	if c.Mails != "" {
		if err := os.MkdirAll(c.Mails, 0o755); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	if other == nil {
		return c.story(ctx, in, p, w, out)
	}
	c.Store = store.Memory // two desks in one database would be one
	// Each keeps one core busy. They go at the same pace, so that the bar of one tells enough.
	var now, then *watcher
	var errNow, errThen error
	var both sync.WaitGroup
	both.Go(func() { now, errNow = c.watch(ctx, in, p, w, in.bar.of("mails")) })
	both.Go(func() { then, errThen = c.watch(ctx, in, other, otherWorld, nil) })
	both.Wait()
	in.bar.done()
	if err := cmp.Or(errNow, errThen); err != nil {
		return err
	}
	return c.compare(out, now, then)
}

// terms reads a policy, and the world by it.
func (c simulateCmd) terms(file string) (p *policy.Policy, w *policy.World, err error) {
	if p, err = policy.Read(file); err != nil || c.World == "" {
		return p, nil, err
	}
	w, err = policy.ReadWorld(c.World, p)
	return p, w, err
}

// An input is what is replayed.
type input struct {
	mails  []storedMail
	events []policy.Event
	until  time.Time
	bar    *progress
}

func (c simulateCmd) read(p *policy.Policy) (*input, error) {
	in := &input{bar: newProgress("replaying")}
	if c.Compare == "" && isTerminal(os.Stdout) {
		in.bar.out = nil // the story itself tells how far it is
	}
	var err error
	if c.Until != "" {
		if in.until, err = time.Parse(time.RFC3339, c.Until); err != nil {
			return nil, fmt.Errorf("--until %q: want a time such as 2026-12-01T00:00:00Z", c.Until)
		}
	}
	for _, path := range c.Paths {
		m, files, err := readMails(path)
		if err != nil {
			return nil, err
		}
		in.mails = append(in.mails, m...)
		for _, file := range files {
			more, err := policy.ReadEvents(file, p)
			if err != nil {
				return nil, err
			}
			in.events = append(in.events, more...)
		}
	}
	return in, nil
}

// happenings are all that is replayed, in the order of time.
func (in *input) happenings(s *simulation) []happening {
	all := s.arrive(in.mails)
	for i := range in.events {
		all = append(all, happening{at: in.events[i].Time, event: &in.events[i]})
	}
	inOrder(all, func(h happening) time.Time { return h.at })
	return all
}

// story prints what the desk would do.
func (c simulateCmd) story(ctx context.Context, in *input, p *policy.Policy, w *policy.World, out io.Writer) error {
	var s *simulation
	pr := newPrinter(out, p, c.JSON)
	pr.days = true
	t := newTeller(pr)
	s, err := newSimulation(ctx, p, w, c.Store, func(e desk.Event) error { return c.show(ctx, s, t, e) })
	if err != nil {
		return err
	}
	defer s.store.Close()
	s.desk.Templates.TextAlone = c.Mails == "" // whoever keeps mails wants them as they would be sent
	s.progress = in.bar.of("mails")
	if err := errors.Join(s.run(ctx, in.happenings(s), in.until), t.close()); err != nil {
		return err
	}
	in.bar.done()
	return pr.summary()
}

// show prints one line of the journal; a mail that was sent is kept whole where the caller wants that.
func (c simulateCmd) show(ctx context.Context, s *simulation, t *teller, e desk.Event) error {
	if e.Kind != desk.EventSent {
		t.tell(e, nil)
		return nil
	}
	m, err := s.mailOf(e)
	if err != nil {
		return err
	}
	if c.Mails != "" {
		if err := s.keepMail(ctx, m, filepath.Join(c.Mails, mailFile(m))); err != nil {
			return err
		}
	}
	t.tell(e, m)
	return nil
}

// mailFile names a kept mail so that a folder of them reads in order.
func mailFile(m *desk.Mail) string { return fmt.Sprintf("%04d-%s.eml", m.ID, m.Template) }

// keepMail writes the MIME that the sender would send.
func (s *simulation) keepMail(ctx context.Context, m *desk.Mail, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	open := func(id int64) (message.Source, error) {
		var b bytes.Buffer
		err := s.desk.Source(ctx, id, &b)
		return parse.Bytes(b.Bytes()), err
	}
	if err := mailout.Compose(f, m, open); err != nil {
		f.Close()
		return fmt.Errorf("keep mail %d: %w", m.ID, err)
	}
	return f.Close()
}
