package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
)

type heldCmd struct {
	List heldListCmd `cmd:"" help:"List the mails that wait for a person to look at them, the oldest first."`
	Show heldShowCmd `cmd:"" help:"Show one of them, with the reasons."`

	Release heldReleaseCmd `cmd:"" help:"Let one go the way that it would have gone."`
	Join    heldJoinCmd    `cmd:"" help:"Make one a part of a ticket."`
	Discard heldDiscardCmd `cmd:"" help:"End one: it is kept, and nothing follows from it."`
}

type heldListCmd struct {
	database
	Limit int  `default:"50" help:"How many at most."`
	JSON  bool `help:"One JSON object a line."`
}

// Help is printed below the usage.
func (heldListCmd) Help() string {
	return `A mail is held where a rule says so, or where the desk may neither answer it nor open a ticket of it. It is kept, and nothing else
happens to it. Times are UTC.

For example:

    postdesk held list
    postdesk held release 31 --by dana`
}

// Run lists what is held.
func (c heldListCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(st *store.Store) error { return c.list(ctx, st, time.Now(), os.Stdout) })
}

func (c heldListCmd) list(ctx context.Context, st *store.Store, now time.Time, out io.Writer) error {
	var held []*desk.Message
	err := st.View(ctx, func(tx desk.Tx) (err error) {
		held, err = tx.Held(ctx, c.Limit)
		return err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		lines := make([]messageLine, len(held))
		for i, m := range held {
			lines[i] = messageLineOf(m)
		}
		return jsonLines(out, lines)
	}
	if len(held) == 0 {
		_, err := fmt.Fprintln(out, "nothing is held")
		return err
	}
	rows := [][]string{{"MESSAGE", "ARRIVED", "WAITS", "MAILBOX", "FROM", "LEVEL", "SUBJECT", "WHY"}}
	for _, m := range held {
		why := "-"
		if n := len(m.Why); n > 0 {
			why = brief(m.Why[n-1], 80)
		}
		rows = append(rows, []string{fmt.Sprint(m.ID), minute(m.At), age(now.Sub(m.At)), m.Mailbox, orDash(brief(m.From.Addr, 40)), m.Level.String(), orDash(brief(m.Subject, 40)), why})
	}
	return table(out, rows)
}

// age is how long something waits, in the unit that people would say it in.
func age(d time.Duration) string {
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%dm", max(0, int(d.Minutes())))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours())/24)
}

// A messageLine is a mail that came in, for programs.
type messageLine struct {
	Message     int64            `json:"message"`
	Ticket      int64            `json:"ticket,omitempty"`
	Mailbox     string           `json:"mailbox"`
	Time        time.Time        `json:"time"`
	MessageID   string           `json:"message_id,omitempty"`
	From        string           `json:"from,omitempty"`
	Name        string           `json:"name,omitempty"`
	Staff       string           `json:"staff,omitempty"`
	Level       string           `json:"level"`
	LevelWhy    string           `json:"level_why,omitempty"`
	Kind        message.Kind     `json:"kind"`
	Outcome     desk.Outcome     `json:"outcome"`
	By          string           `json:"by,omitempty"`
	Why         []string         `json:"why,omitempty"`
	Notes       []string         `json:"notes,omitempty"`
	Internal    bool             `json:"internal,omitempty"`
	Language    string           `json:"language,omitempty"`
	Subject     string           `json:"subject"`
	Visible     string           `json:"visible_text"`
	Attachments []attachmentLine `json:"attachments,omitempty"`
}

// An attachmentLine is a file that came with a mail.
type attachmentLine struct {
	Filename    string `json:"filename"`
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
	Inline      bool   `json:"inline,omitempty"`
}

func messageLineOf(m *desk.Message) messageLine {
	l := messageLine{
		Message: m.ID, Ticket: m.Ticket, Mailbox: m.Mailbox, Time: m.At, MessageID: m.MessageID.String(), From: m.From.Addr, Name: m.From.Name,
		Staff: m.Staff, Level: m.Level.String(), LevelWhy: m.LevelWhy, Kind: m.Kind, Outcome: m.Outcome, By: m.By, Why: m.Why, Notes: m.Notes,
		Internal: m.Internal, Language: m.Language, Subject: m.Subject, Visible: m.Visible,
	}
	for _, a := range m.Attachments {
		l.Attachments = append(l.Attachments, attachmentLine{a.Filename, a.ContentType, a.Size, a.Inline})
	}
	return l
}

type heldShowCmd struct {
	database
	ID   int64 `arg:"" help:"The message's number, as in postdesk held list."`
	JSON bool  `help:"One JSON object."`
}

// Help is printed below the usage.
func (heldShowCmd) Help() string {
	return `For example:

    postdesk held show 31`
}

// Run shows a held mail.
func (c heldShowCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(st *store.Store) error { return c.show(ctx, st, os.Stdout) })
}

func (c heldShowCmd) show(ctx context.Context, st *store.Store, out io.Writer) error {
	var m *desk.Message
	err := st.View(ctx, func(tx desk.Tx) (err error) {
		m, err = tx.Message(ctx, c.ID)
		return err
	})
	switch {
	case errors.Is(err, desk.ErrNotFound):
		return fmt.Errorf("there is no message %d", c.ID)
	case err != nil:
		return err
	case m.Outcome != desk.OutcomeHeld:
		return fmt.Errorf("message %d is not held: it ended as %s on ticket %d", c.ID, m.Outcome, m.Ticket)
	case c.JSON:
		return jsonLines(out, []messageLine{messageLineOf(m)})
	}
	fmt.Fprintf(out, "%s\n", orDash(brief(m.Subject, 200)))
	tellMessage(out, m, true)
	return nil
}
