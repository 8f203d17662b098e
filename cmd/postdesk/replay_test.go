//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
)

// A doubted replay asks the database too, and tells where it would have answered otherwise.
type doubted struct {
	*replay
	t     *testing.T
	asked map[string]int
}

func (d *doubted) Update(ctx context.Context, do func(desk.Tx) error) error {
	return d.replay.Update(ctx, func(desk.Tx) error { return do(d) })
}

func (d *doubted) View(ctx context.Context, do func(desk.Tx) error) error {
	return d.replay.View(ctx, func(desk.Tx) error { return do(d) })
}

// doubt compares an answer with the database's.
func doubt[V any](d *doubted, what string, ours V, err error, theirs V, theirErr error) (V, error) {
	d.asked[what]++
	if errors.Is(err, desk.ErrNotFound) && errors.Is(theirErr, desk.ErrNotFound) {
		return ours, err
	}
	if !reflect.DeepEqual(ours, theirs) || err != nil || theirErr != nil {
		d.t.Errorf("%s: replay says %v, %v; the database %v, %v", what, ours, err, theirs, theirErr)
	}
	return ours, err
}

func (d *doubted) SentTo(ctx context.Context, address, template string, ticket int64, since time.Time) (int, error) {
	ours, err := d.replay.SentTo(ctx, address, template, ticket, since)
	theirs, theirErr := d.Tx.SentTo(ctx, address, template, ticket, since)
	if ours > 0 {
		d.asked["SentTo, some"]++
	}
	return doubt(d, "SentTo", ours, err, theirs, theirErr)
}

func (d *doubted) Meta(ctx context.Context, name string) (string, error) {
	ours, err := d.replay.Meta(ctx, name)
	theirs, theirErr := d.Tx.Meta(ctx, name)
	return doubt(d, "Meta", ours, err, theirs, theirErr)
}

func (d *doubted) Muted(ctx context.Context, address string) (string, error) {
	ours, err := d.replay.Muted(ctx, address)
	theirs, theirErr := d.Tx.Muted(ctx, address)
	return doubt(d, "Muted", ours, err, theirs, theirErr)
}

func (d *doubted) Reception(ctx context.Context, at desk.Position) (desk.Reception, error) {
	ours, err := d.replay.Reception(ctx, at)
	theirs, theirErr := d.Tx.Reception(ctx, at)
	return doubt(d, "Reception", ours, err, theirs, theirErr)
}

func (d *doubted) ContactOf(ctx context.Context, address string) (*desk.Contact, error) {
	ours, err := d.replay.ContactOf(ctx, address)
	theirs, theirErr := d.Tx.ContactOf(ctx, address)
	return doubt(d, "ContactOf", ours, err, theirs, theirErr)
}

// What a replay knows without asking the database is what the database would have said, in every example and for people who write often.
func TestReplayKnows(t *testing.T) {
	asked := map[string]int{}
	run := func(t *testing.T, name string, mails []storedMail, events []policy.Event) {
		t.Helper()
		p, err := policy.Read(packFile(name, "policy.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		w, err := policy.ReadWorld(packFile(name, "world.yaml"), p)
		if err != nil {
			t.Fatal(err)
		}
		s, err := newSimulation(t.Context(), p, w, store.Memory, func(desk.Event) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		defer s.store.Close()
		s.desk.Store = &doubted{s.replay, t, asked}
		in := &input{mails: mails, events: events}
		all := in.happenings(s)
		if err := s.run(t.Context(), all, all[len(all)-1].at.Add(30*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	for _, pack := range packs {
		t.Run(pack.name, func(t *testing.T) {
			mails, files, err := readMails(packFile(pack.name, "mails"))
			if err != nil {
				t.Fatal(err)
			}
			p, err := policy.Read(packFile(pack.name, "policy.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			var events []policy.Event
			for _, file := range files {
				more, err := policy.ReadEvents(file, p)
				if err != nil {
					t.Fatal(err)
				}
				events = append(events, more...)
			}
			run(t, pack.name, mails, events)
		})
	}
	t.Run("a year", func(t *testing.T) { run(t, "vendor", aYearOfMail(600), nil) })
	for _, what := range []string{"SentTo", "SentTo, some", "Meta", "Muted", "Reception", "ContactOf"} {
		if asked[what] < 20 {
			t.Errorf("%s: asked %d times, which proves nothing", what, asked[what])
		}
	}
}

// What is written is known from then on, also where there was nothing before.
func TestReplayForgets(t *testing.T) {
	st, err := store.Open(t.Context(), store.Memory)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if _, err := st.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	d := &doubted{newReplay(st, func() time.Time { return now }), t, map[string]int{}}
	anna := &desk.Contact{Address: "anna@acme.example", Name: "Anna"}
	at := desk.Position{Mailbox: "support", Folder: "INBOX", UIDValidity: 1, UID: 7}
	other := at
	other.UIDValidity = 2
	err = d.Update(t.Context(), func(tx desk.Tx) error {
		ctx := t.Context()
		var failed error
		try := func(err error) { failed = errors.Join(failed, err) }
		ask := func() {
			tx.Meta(ctx, "epoch")
			tx.Muted(ctx, "anna@acme.example")
			tx.ContactOf(ctx, "anna@acme.example")
			tx.ContactOf(ctx, "anna@home.example")
			for _, uid := range []uint32{6, 7, 8} {
				at.UID, other.UID = uid, uid
				tx.Reception(ctx, at)
				tx.Reception(ctx, other)
			}
			for _, template := range []string{"", "estimate", "reply"} {
				for _, ticket := range []int64{0, 1, 2} {
					for _, back := range []time.Duration{0, time.Hour, time.Hour + time.Nanosecond, 30*time.Minute - 500*time.Nanosecond, 48 * time.Hour} {
						tx.SentTo(ctx, "anna@acme.example", template, ticket, now.Add(-back))
					}
				}
			}
			tx.SentTo(ctx, "anna@acme.example", "", 0, time.Time{})
		}
		ask()
		_, err := tx.SetMeta(ctx, "epoch", "one")
		try(err)
		ask()
		try(tx.PutMeta(ctx, "epoch", "two"))
		ask()
		try(tx.PutMeta(ctx, "epoch", ""))
		try(tx.Mute(ctx, "anna@acme.example", "a complaint", now))
		try(tx.SaveContact(ctx, anna))
		ask()
		_, err = tx.Unmute(ctx, "anna@acme.example")
		try(err)
		anna.Name = "Anna Ahlers"
		try(tx.SaveContact(ctx, anna))
		ask()
		anna.Address = "anna@home.example"
		try(tx.SaveContact(ctx, anna))
		at.UID = 7
		try(tx.SaveReception(ctx, desk.Reception{Position: at, At: now, Outcome: desk.OutcomeDuplicate}))
		ask()
		for i, m := range []desk.Mail{
			{Template: "estimate", Automatic: true}, {Template: "reply"}, {Template: "estimate", Automatic: true}, {Template: "ask_close", Automatic: true},
		} {
			m.Mailbox, m.Audience, m.Language, m.To.Addr = "support", "customer", "en", "anna@acme.example"
			m.MessageID, m.At = message.ID(fmt.Sprintf("%d@desk.example", i)), now.Add(123*time.Nanosecond)
			if i == 1 || i == 2 {
				m.To.Addr = "anna@home.example"
			}
			try(tx.AddMail(ctx, &m))
			now = now.Add(30 * time.Minute)
			ask()
		}
		return failed
	})
	if err != nil {
		t.Fatal(err)
	}
}
