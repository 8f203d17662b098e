package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/mailin/auth"
	"github.com/postdesk/postdesk/mailin/parse"
)

// A simulation is the desk with the mails' own clock: the same code as serve over a store that lives as long as the run, and no sender.
type simulation struct {
	policy *policy.Policy
	world  *policy.World
	desk   *desk.Desk
	store  *store.Store
	replay *replay
	now    time.Time
	topUps int
	print  func(desk.Event) error

	stopped  func() error          // why it is to end early, nil to go on
	current  *happening            // what happens now; nil while time passes
	progress func(done, all int64) // told after each happening
}

// A happening is one thing of the replay: a mail that arrives, or what a shop or a person does outside mail.
type happening struct {
	at    time.Time
	mail  *desk.Arrival
	event *policy.Event
}

// newSimulation sets the desk up. dsn names the store; print gets every line of the journal in order.
func newSimulation(ctx context.Context, p *policy.Policy, w *policy.World, dsn string, print func(desk.Event) error) (*simulation, error) {
	st, err := store.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if _, err := st.Migrate(ctx); err != nil {
		st.Close()
		return nil, err
	}
	tmpl, err := openTemplates(p.Desk.Templates)
	if err != nil {
		st.Close()
		return nil, err
	}
	tmpl.TextAlone = true // nobody sees more, unless the mails are kept
	s := &simulation{policy: p, world: w, store: st, print: print, progress: func(int64, int64) {}}
	st.Now = s.clock
	s.replay = newReplay(st, s.clock)
	s.desk = &desk.Desk{
		Store: s.replay, Policy: func() *policy.Policy { return p }, Templates: tmpl, Now: s.clock, Rand: &stream{}, Node: "simulate",
		Log: slog.New(slog.DiscardHandler),
	}
	return s, nil
}

func (s *simulation) clock() time.Time { return s.now }

// perTransaction is how many happenings of a simulation are one transaction of its store.
const perTransaction = 500

// run replays what happened, in the order given, lets clocks fire in between at their own time, and lets time run on until the end given.
func (s *simulation) run(cancelled context.Context, all []happening, until time.Time) error {
	// Watching a context during each of some ten thousand queries a second is dear: it is asked between two steps instead.
	ctx := context.WithoutCancel(cancelled)
	// What a mail takes is let go with it, and what stays is a small part: looking for it half as often takes a tenth off the whole, and
	// costs memory that a command which ends can have.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	s.stopped = cancelled.Err
	if len(all) > 0 {
		s.now = all[0].at
	}
	if s.world != nil {
		err := s.replay.in(ctx, func() error {
			for _, a := range accounts(s.world) {
				if err := s.desk.AddAccount(ctx, a); err != nil {
					return err
				}
			}
			return s.flush()
		})
		if err != nil {
			return err
		}
	}
	done := int64(0)
	for part := range slices.Chunk(all, perTransaction) {
		err := s.replay.in(ctx, func() error {
			for i := range part {
				if err := s.step(ctx, &part[i]); err != nil {
					return err
				}
				done++
				s.progress(done, int64(len(all)))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if !until.After(s.now) {
		return nil
	}
	return s.replay.in(ctx, func() error { return s.letTimePass(ctx, until.Add(time.Nanosecond)) })
}

// step lets time pass until something happens, and then it.
func (s *simulation) step(ctx context.Context, h *happening) error {
	if err := s.letTimePass(ctx, h.at); err != nil {
		return err
	}
	s.current = h
	defer func() { s.current = nil }()
	if err := s.happen(ctx, *h); err != nil {
		return err
	}
	return s.flush()
}

// letTimePass fires the clocks that are due before a time, each at its own; a mail that arrives at the very time comes first.
func (s *simulation) letTimePass(ctx context.Context, to time.Time) error {
	for {
		if err := s.stopped(); err != nil {
			return err
		}
		next, err := s.desk.NextWake(ctx)
		if err != nil {
			return err
		}
		if next.IsZero() || !next.Before(to) {
			break
		}
		if next.After(s.now) {
			s.now = next
		}
		if _, err := s.desk.Tick(ctx); err != nil {
			return err
		}
		if err := s.flush(); err != nil {
			return err
		}
	}
	if to.After(s.now) {
		s.now = to
	}
	return nil
}

// happen does one thing of the replay.
func (s *simulation) happen(ctx context.Context, h happening) error {
	if h.mail != nil {
		_, err := s.desk.Receive(ctx, []desk.Arrival{*h.mail})
		return err
	}
	switch e := h.event; {
	case e.TopUp != nil:
		s.topUps++ // two files of events may have their top-ups in the same line
		return s.desk.TopUp(ctx, e.Customer, e.TopUp.Unit, e.TopUp.Amount, fmt.Sprintf("events:%d", s.topUps))
	case e.Purchase != nil:
		return s.desk.AddEntitlement(ctx, e.Customer, purchase(*e.Purchase))
	case e.Term != nil:
		return s.desk.AddEntitlement(ctx, e.Customer, term(e.Do, *e.Term))
	case e.Link != nil:
		return s.openLink(ctx, *e.Link)
	}
	return fmt.Errorf("event at %s: what %q does is not in this version", h.at.Format(time.RFC3339), h.event.Do)
}

// openLink follows the link of the last mail of that template, as the person who got it, and presses its button where the event says so.
// Looking changes nothing (G6). A desk without a portal has no link in its mails: there the yes is taken as one of its people would take it.
func (s *simulation) openLink(ctx context.Context, e policy.Link) error {
	var version int64
	var mail *desk.Mail
	err := s.replay.View(ctx, func(tx desk.Tx) error {
		tk, err := tx.Ticket(ctx, e.Ticket)
		if err != nil {
			return err
		}
		if tk.Estimate != nil {
			version = tk.Estimate.Version
		}
		mails, err := tx.Mails(ctx, e.Ticket)
		for _, m := range mails {
			if m.Template == e.Template {
				mail = m
			}
		}
		return err
	})
	failed := func(why error) error { return fmt.Errorf("open the link of ticket %d: %w", e.Ticket, why) }
	switch {
	case err != nil:
		return failed(err)
	case mail == nil:
		return failed(fmt.Errorf("no mail %q was sent", e.Template))
	}
	if link := estimateLink.FindStringSubmatch(mail.Text); link != nil {
		if !e.Post {
			_, err = s.desk.Offer(ctx, link[1])
		} else {
			_, _, err = s.desk.Decide(ctx, link[1], true)
		}
		if err != nil {
			return failed(err)
		}
		return nil
	}
	if !e.Post || e.Template != "estimate" {
		return nil
	}
	return s.desk.Confirm(ctx, e.Ticket, version, mail.To.Addr)
}

// estimateLink finds the page of an estimate in a mail.
var estimateLink = regexp.MustCompile(`https?://\S+/estimate/([a-z0-9]+)`)

// flush prints what the journal has gained.
func (s *simulation) flush() error {
	for _, e := range s.replay.lines {
		if err := s.print(e); err != nil {
			return err
		}
	}
	s.replay.lines = s.replay.lines[:0]
	clear(s.replay.mails)
	return nil
}

// arrive reads stored mails as the poller would, each with its arrival and the mailbox that its header names.
func (s *simulation) arrive(mails []storedMail) []happening {
	all := make([]happening, len(mails))
	trust := map[string]auth.Trust{}
	for _, box := range s.policy.Mailboxes {
		trust[box.Name] = trustOf(s.policy, box)
	}
	var reading errgroup.Group // on all cores, since each mail is read by itself
	reading.SetLimit(runtime.GOMAXPROCS(0))
	for i, sm := range mails {
		reading.Go(func() error {
			m := parse.Parse(sm.source)
			box := mailboxOf(s.policy, m)
			at := sm.arrival(m)
			all[i] = happening{at: at, mail: &desk.Arrival{
				Position: desk.Position{Mailbox: box.Name, Folder: "INBOX", UIDValidity: 1, UID: uint32(i + 1)},
				Received: at, Source: sm.source, Message: m, Assurance: auth.Judge(m, trust[box.Name]),
			}}
			return nil
		})
	}
	reading.Wait() // none fails: what cannot be read is a note on the mail
	dateTheDateless(all)
	inOrder(all, func(h happening) time.Time { return h.at })
	// UIDs rise in the order of arrival, as a server gives them.
	for i := range all {
		all[i].mail.Position.UID = uint32(i + 1)
	}
	return all
}

// dateTheDateless gives mails that nothing dates the arrival of the one before them in the order given, so that they stay beside it.
func dateTheDateless(all []happening) {
	last := time.Unix(0, 0).UTC()
	for _, h := range all {
		if !h.at.IsZero() {
			last = h.at
			break
		}
	}
	for i := range all {
		if all[i].at.IsZero() {
			all[i].at, all[i].mail.Received = last, last
		}
		last = all[i].at
	}
}

// A stream is what chance is in a simulation: a fixed sequence, so that the same input gives the same bytes, and more mails at the end
// only add to them.
type stream struct {
	n    uint64
	rest []byte
}

func (s *stream) Read(p []byte) (int, error) {
	for i := 0; i < len(p); {
		if len(s.rest) == 0 {
			var in [8]byte
			binary.BigEndian.PutUint64(in[:], s.n)
			block := sha256.Sum256(append([]byte("postdesk simulate "), in[:]...))
			s.n, s.rest = s.n+1, block[:]
		}
		n := copy(p[i:], s.rest)
		s.rest, i = s.rest[n:], i+n
	}
	return len(p), nil
}

var _ io.Reader = (*stream)(nil)

// mailOf is the mail that a line of the journal says was sent.
func (s *simulation) mailOf(e desk.Event) (*desk.Mail, error) {
	var sent struct{ Mail int64 }
	if err := json.Unmarshal(e.Data, &sent); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	m := s.replay.mails[sent.Mail]
	if m == nil {
		return nil, fmt.Errorf("journal: no mail %d was sent", sent.Mail)
	}
	return m, nil
}
