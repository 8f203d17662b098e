package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/mailin/parse"
	"github.com/postdesk/postdesk/mailout"
)

type simulateCmd struct {
	Policy string   `required:"" type:"path" placeholder:"FILE" help:"The policy to decide by."`
	World  string   `type:"path" placeholder:"FILE" help:"What a shop told the desk before the first mail."`
	Until  string   `placeholder:"TIME" help:"Let time run on until then, such as 2026-12-01T00:00:00Z."`
	JSON   bool     `help:"Print one JSON object a line instead of a story for people."`
	Mails  string   `type:"path" placeholder:"DIR" help:"Keep the MIME of every mail sent in this folder."`
	Store  string   `hidden:"" default:"sqlite::memory:" help:"Another store than the one in memory: for the stories, which run on both engines."`
	Paths  []string `arg:"" type:"path" name:"path" help:"An .eml file, an mbox, a Maildir, or a folder of these."`
}

// Run replays the mails. Nothing is printed where policy, world or events hold a mistake, and no file but these is touched.
func (c simulateCmd) Run(ctx context.Context) error {
	p, err := policy.Read(c.Policy)
	if err != nil {
		return err
	}
	var w *policy.World
	if c.World != "" {
		if w, err = policy.ReadWorld(c.World, p); err != nil {
			return err
		}
	}
	var until time.Time
	if c.Until != "" {
		if until, err = time.Parse(time.RFC3339, c.Until); err != nil {
			return fmt.Errorf("--until %q: want a time such as 2026-12-01T00:00:00Z", c.Until)
		}
	}
	var mails []storedMail
	var events []policy.Event
	for _, path := range c.Paths {
		m, files, err := readMails(path)
		if err != nil {
			return err
		}
		mails = append(mails, m...)
		for _, file := range files {
			more, err := policy.ReadEvents(file, p)
			if err != nil {
				return err
			}
			events = append(events, more...)
		}
	}
	if c.Mails != "" {
		if err := os.MkdirAll(c.Mails, 0o755); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	var s *simulation
	pr := newPrinter(out, p, c.JSON)
	t := newTeller(pr)
	s, err = newSimulation(ctx, p, w, c.Store, func(e desk.Event) error { return c.show(ctx, s, t, e) })
	if err != nil {
		return err
	}
	defer s.store.Close()
	all := s.arrive(mails)
	for i := range events {
		all = append(all, happening{at: events[i].Time, event: &events[i]})
	}
	inOrder(all, func(h happening) time.Time { return h.at })
	if err := errors.Join(s.run(ctx, all, until), t.close()); err != nil {
		return err
	}
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
