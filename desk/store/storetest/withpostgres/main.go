//go:build unix

// Withpostgres runs a command while a private PostgreSQL server lives, whose DSN the command finds in POSTDESK_TEST_POSTGRES:
//
//	go run ./desk/store/storetest/withpostgres go test ./...
//
// It ends with the command's status. Where the variable is set already, or no server is installed, it says so and only runs the
// command; with CI=true a missing server is a failure.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/postdesk/postdesk/desk/store/storetest"
)

func main() {
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpostgres:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

func run(command []string) (status int, err error) {
	if len(command) == 0 {
		return 0, errors.New("want a command to run")
	}
	// An interrupt goes to the command too, as it is in the same group; what matters here is to end the server after it.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)

	if os.Getenv(storetest.Env) == "" {
		server, none := storetest.StartPostgres()
		switch {
		case none == nil:
			defer func() { err = errors.Join(err, server.Stop(), server.Remove()) }()
			if err := os.Setenv(storetest.Env, server.DSN("postgres")); err != nil {
				return 0, err
			}
		case !errors.Is(none, storetest.ErrNoPostgres):
			return 0, none
		case storetest.InCI():
			return 0, fmt.Errorf("%w, and with CI=true there has to be one", none)
		default:
			fmt.Fprintf(os.Stderr, "PostgreSQL: %v; its tests are skipped\n", none)
		}
	}

	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if err := cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
				return 0, err
			}
		case err := <-ended:
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				return max(1, exit.ExitCode()), nil
			}
			return 0, err
		}
	}
}
