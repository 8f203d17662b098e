// Command postdesk is the desk in one binary: each file here is one command, and main knows nothing but how to choose between them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

type commands struct {
	Serve    serveCmd    `cmd:"" help:"Poll the mailboxes of a policy, decide, answer, and let clocks run, until told to stop."`
	Simulate simulateCmd `cmd:"" help:"Replay mail through a policy and print what the desk would do. Touches nothing."`
	Check    checkCmd    `cmd:"" help:"Look at policy, database, mail servers, DNS and clock, and say how each is mended."`
	Demo     demoCmd     `cmd:"" help:"Show the desk at work: one process, no set-up, sample people who write and answer."`
	Init     initCmd     `cmd:"" help:"Write a policy to begin with."`
	Migrate  migrateCmd  `cmd:"" help:"Make the database, or bring it to this version."`
	Backup   backupCmd   `cmd:"" help:"Write everything that the desk has into one file, while it works."`
	Restore  restoreCmd  `cmd:"" help:"Read a backup into an empty database."`
	Import   importCmd   `cmd:"" help:"Add customers and what they bought, from CSV files."`
	Ticket   ticketCmd   `cmd:"" help:"Look at tickets."`
	Ledger   ledgerCmd   `cmd:"" help:"Look at what customers have, and add what they paid."`
	Mail     mailCmd     `cmd:"" help:"Look at the mails that were not sent yet."`
	Held     heldCmd     `cmd:"" help:"Look at the mails that wait for a person."`
	Alarm    alarmCmd    `cmd:"" help:"Try the ways by which you are told that mail stops."`
	DKIM     dkimCmd     `cmd:"" name:"dkim" help:"Make keys that sign mail, and print the records to publish."`
	OAuth    oauthCmd    `cmd:"" name:"oauth" help:"Sign in to mailboxes whose provider takes no password."`
	Secrets  secretsCmd  `cmd:"" help:"Look at what the database holds sealed, and seal it by another key."`
	Template templateCmd `cmd:"" help:"Look at the mails that the desk sends, and try your own."`
	Inspect  inspectCmd  `cmd:"" help:"Show what the desk reads in mails. Stores nothing."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

func main() { os.Exit(run()) }

// run is main with a status, so that tests can call the command in their own process. The status is 0; 2 for a policy, a world file, mails of the
// operator's own or a command line with mistakes; 1 for anything else.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	parser, err := kong.New(&c,
		kong.Name("postdesk"),
		kong.Description("The support desk for people who live in their mail."),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		panic(err) // the struct above is wrong
	}
	k, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "postdesk: %v\n", err)
		return 2
	}
	return status(k.Run())
}

// status prints what went wrong and turns it into an exit status.
func status(err error) int {
	var mistakes *policy.Mistakes
	var mails templates.Mistakes
	switch {
	case err == nil:
		return 0
	case errors.As(err, &mistakes):
		fmt.Fprintln(os.Stderr, mistakes.Error())
		return 2
	case errors.As(err, &mails):
		fmt.Fprintln(os.Stderr, mails.Error())
		return 2
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "postdesk: stopped")
		return 1
	}
	fmt.Fprintf(os.Stderr, "postdesk: %v\n", err)
	return 1
}
