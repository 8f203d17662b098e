package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
)

type mailPauseCmd struct {
	database
	Why string `required:"" placeholder:"TEXT" help:"Told by check, by /readyz and by mail queue, to whoever wonders."`
}

// Help is printed below the usage.
func (mailPauseCmd) Help() string {
	return `Mails that are being sent at this moment still go out; all others wait, and those that the desk writes meanwhile with them. Mail that comes in
is taken as ever.

For example:

    postdesk mail pause --why "the provider moves our account"`
}

// Run keeps the outbox from being sent.
func (c mailPauseCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(st *store.Store) error {
		if err := desk.PauseMail(ctx, st, c.Why, operator(), utcNow()); err != nil {
			return err
		}
		_, err := fmt.Println("nothing is sent until: postdesk mail resume")
		return err
	})
}

type mailResumeCmd struct{ database }

// Help is printed below the usage.
func (mailResumeCmd) Help() string {
	return `Sends what waits, and whatever is written from now on. After a restore look at "postdesk mail queue" first: mails that waited when the backup was
made have been sent since, most likely, and so have answers to mails that came in before the old desk was lost. "postdesk mail drop" gives them up.

For example:

    postdesk mail resume`
}

// Run lets the outbox be sent.
func (c mailResumeCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(st *store.Store) error { return c.resume(ctx, st, os.Stdout) })
}

func (mailResumeCmd) resume(ctx context.Context, st *store.Store, out io.Writer) error {
	paused, err := desk.ResumeMail(ctx, st, operator(), utcNow())
	if err != nil {
		return err
	}
	said := "mail is sent again, as soon as a desk that serves looks into the outbox"
	if !paused {
		said = "nothing keeps mail from being sent"
	}
	_, err = fmt.Fprintln(out, said)
	return err
}

type mailDropCmd struct {
	database
	IDs []int64 `arg:"" optional:"" name:"mail" help:"Numbers of mails, as in postdesk mail queue."`
	All bool    `help:"All mails that wait."`
}

// Help is printed below the usage.
func (mailDropCmd) Help() string {
	return `They are not sent, and nobody is told; the journal of their tickets notes who did it. "postdesk mail queue" lists them among those that were given
up, and "postdesk mail retry" sends one after all.

For example:

    postdesk mail drop 173 174
    postdesk mail drop --all`
}

// Run gives mails up.
func (c mailDropCmd) Run(ctx context.Context) error {
	if c.All == (len(c.IDs) > 0) {
		return errors.New("name the mails to give up, or say --all")
	}
	return c.with(ctx, func(st *store.Store) error { return c.drop(ctx, st, os.Stdout) })
}

func (c mailDropCmd) drop(ctx context.Context, st *store.Store, out io.Writer) error {
	ids := c.IDs
	if c.All {
		err := st.View(ctx, func(tx desk.Tx) error {
			waiting, err := tx.WaitingMails(ctx, 1<<30)
			for _, m := range waiting {
				ids = append(ids, m.ID)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	var failed []error
	for _, id := range ids {
		err := desk.DropMail(ctx, st, id, operator(), utcNow())
		if errors.Is(err, desk.ErrNotFound) {
			err = fmt.Errorf("there is no mail %d", id)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	fmt.Fprintf(out, "%s given up\n", count(len(ids)-len(failed), "mail is", "mails are"))
	return errors.Join(failed...)
}

// operator is who runs a command, for the journal.
func operator() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "operator"
}
