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

type mailCmd struct {
	Queue  mailQueueCmd  `cmd:"" help:"List the mails that wait to be sent, and those that were given up."`
	Retry  mailRetryCmd  `cmd:"" help:"Try a mail at once, also one that was given up."`
	Drop   mailDropCmd   `cmd:"" help:"Give mails up that wait."`
	Pause  mailPauseCmd  `cmd:"" help:"Send nothing until resume."`
	Unmute mailUnmuteCmd `cmd:"" help:"Send mail again to an address from which a complaint came."`
	Resume mailResumeCmd `cmd:"" help:"Send again what was kept by pause, or since a restore."`
}

type mailUnmuteCmd struct {
	database
	Address string `arg:"" help:"The address."`
}

// Help is printed below the usage.
func (mailUnmuteCmd) Help() string {
	return `When somebody marks a mail of ours as spam, his provider may report it. Then nothing more goes to his address, and the engineer of the ticket is
told. Somebody who wants our answers all the same is written to again after this.

For example:

    postdesk mail unmute anna@acme.example`
}

// Run lets mail go to an address again.
func (c mailUnmuteCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(st *store.Store) error { return c.unmute(ctx, st, os.Stdout) })
}

func (c mailUnmuteCmd) unmute(ctx context.Context, st *store.Store, out io.Writer) error {
	address, err := message.Canonical(c.Address)
	if err != nil {
		return err
	}
	muted, err := desk.Unmute(ctx, st, address)
	switch {
	case err != nil:
		return err
	case !muted:
		return fmt.Errorf("no complaint came from %s", address)
	}
	_, err = fmt.Fprintf(out, "mail goes to %s again\n", address)
	return err
}

type mailQueueCmd struct {
	database
	Limit int  `default:"50" help:"How many of each at most."`
	JSON  bool `help:"One JSON object a line."`
}

// Help is printed below the usage.
func (mailQueueCmd) Help() string {
	return `A mail waits until "postdesk serve" sends it, is tried again by a schedule for about three days, and is then given up, as is one that
the server refuses for good. Times are UTC.

For example:

    postdesk mail queue
    postdesk mail queue --json`
}

// Run lists what was not sent.
func (c mailQueueCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(st *store.Store) error { return c.list(ctx, st, os.Stdout) })
}

func (c mailQueueCmd) list(ctx context.Context, st *store.Store, out io.Writer) error {
	var waiting, failed []*desk.Mail
	var attempts map[int64][]desk.Attempt
	paused := ""
	err := st.View(ctx, func(tx desk.Tx) (err error) {
		attempts = map[int64][]desk.Attempt{}
		if paused, err = tx.Meta(ctx, desk.MetaPaused); err != nil && !errors.Is(err, desk.ErrNotFound) {
			return err
		}
		if waiting, err = tx.WaitingMails(ctx, c.Limit); err != nil {
			return err
		}
		if failed, err = tx.FailedMails(ctx, c.Limit); err != nil {
			return err
		}
		for _, m := range append(waiting, failed...) {
			if attempts[m.ID], err = tx.Attempts(ctx, m.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	all := append(waiting, failed...)
	if c.JSON {
		lines := make([]mailLine, len(all))
		for i, m := range all {
			lines[i] = mailLineOf(m, attempts[m.ID])
		}
		return jsonLines(out, lines)
	}
	if paused != "" {
		fmt.Fprintf(out, "NOTHING IS SENT until postdesk mail resume: %s.\n\n", paused)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(out, "every mail has been sent")
		return err
	}
	rows := [][]string{{"MAIL", "TICKET", "WRITTEN", "TEMPLATE", "TO", "STATE"}}
	for _, m := range all {
		ticket := "-"
		if m.Ticket != 0 {
			ticket = fmt.Sprintf("#%d", m.Ticket)
		}
		rows = append(rows, []string{fmt.Sprint(m.ID), ticket, minute(m.At), m.Template, brief(m.To.Addr, 60), tellState(m, attempts[m.ID])})
	}
	if err := table(out, rows); err != nil {
		return err
	}
	if len(waiting) == c.Limit || len(failed) == c.Limit {
		_, err = fmt.Fprintf(out, "\nThere may be more; --limit shows them.\n")
	}
	return err
}

// A mailLine is a mail of the outbox for programs.
type mailLine struct {
	Mail      int64          `json:"mail"`
	Ticket    int64          `json:"ticket,omitempty"`
	Mailbox   string         `json:"mailbox"`
	Time      time.Time      `json:"time"`
	Template  string         `json:"template"`
	Audience  string         `json:"audience"`
	To        string         `json:"to"`
	Subject   string         `json:"subject"`
	MessageID string         `json:"message_id"`
	State     desk.MailState `json:"state"`
	Attempts  int            `json:"attempts"`
	NotBefore time.Time      `json:"not_before,omitzero"`
	Sent      time.Time      `json:"sent,omitzero"`
	Code      int            `json:"code,omitempty"` // of the last attempt, as Text
	Text      string         `json:"text,omitempty"`
}

func mailLineOf(m *desk.Mail, tries []desk.Attempt) mailLine {
	l := mailLine{
		Mail: m.ID, Ticket: m.Ticket, Mailbox: m.Mailbox, Time: m.At, Template: m.Template, Audience: m.Audience, To: m.To.Addr, Subject: m.Subject,
		MessageID: m.MessageID.String(), State: m.State, Attempts: m.Attempts, Sent: m.SentAt,
	}
	if m.State == desk.MailWaiting {
		l.NotBefore = m.NotBefore
	}
	if n := len(tries); n > 0 {
		l.Code, l.Text = tries[n-1].Code, tries[n-1].Text
	}
	return l
}

type mailRetryCmd struct {
	database
	ID int64 `arg:"" help:"The mail's number, as in postdesk mail queue."`
}

// Help is printed below the usage.
func (mailRetryCmd) Help() string {
	return `The mail is sent as it was written, and its attempts are counted anew. A mail that was given up because its line broke after the last
byte may have arrived: then its recipient gets a second copy. What was wrong with its address or its text is still wrong.

For example:

    postdesk mail retry 173`
}

// Run makes a mail due.
func (c mailRetryCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(st *store.Store) error { return c.retry(ctx, st, os.Stdout) })
}

func (c mailRetryCmd) retry(ctx context.Context, st *store.Store, out io.Writer) error {
	err := desk.RetryMail(ctx, st, c.ID)
	if errors.Is(err, desk.ErrNotFound) {
		return fmt.Errorf("there is no mail %d", c.ID)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "mail %d is sent as soon as a desk that serves looks into the outbox\n", c.ID)
	return err
}
