//go:build unix

package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk/store/storetest"
	"github.com/rogpeppe/go-internal/testscript"
)

// onTemplate is the name of an empty, migrated database on the server of storetest.Env. Where it is set, each run of postdesk simulate
// works on a copy of its own instead of in memory, so that the stories hold on both engines. Only the command of the tests knows it.
const onTemplate = "POSTDESK_STORY_TEMPLATE"

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"postdesk": func() { os.Exit(runStory()) }})
}

// runStory is the command as the stories run it.
func runStory() int {
	template := os.Getenv(onTemplate)
	if template == "" || len(os.Args) < 2 || os.Args[1] != "simulate" {
		return run()
	}
	ctx, server, name := context.Background(), os.Getenv(storetest.Env), fmt.Sprintf("postdesk_story_%d", os.Getpid())
	dsn, err := storetest.NewDatabase(ctx, server, name, template)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Args = append([]string{os.Args[0], "simulate", "--store", dsn}, os.Args[2:]...)
	status := run()
	if err := storetest.DropDatabase(ctx, server, name); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

// TestStories runs each story of testdata/script on both engines.
func TestStories(t *testing.T) {
	t.Run("memory", func(t *testing.T) { tellStories(t, "") })
	t.Run("postgres", func(t *testing.T) { tellStories(t, emptyDatabase(t)) })
}

// emptyDatabase is the name of a migrated database that is there until the test ends.
func emptyDatabase(t *testing.T) string {
	t.Helper()
	dsn, err := url.Parse(storetest.PostgresDSN(t))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(dsn.Path, "/")
}

// tellStories runs the scripts. $POLICY and $WORLD are the vendor's example; a story may bring a policy.yaml or world.yaml of its own.
func tellStories(t *testing.T, template string) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv(onTemplate, template)
			e.Setenv(storetest.Env, os.Getenv(storetest.Env))
			for name, file := range map[string]string{"POLICY": "policy.yaml", "WORLD": "world.yaml"} {
				path := filepath.Join(e.WorkDir, file)
				if _, err := os.Stat(path); err != nil {
					if path, err = filepath.Abs(filepath.Join(vendorPack, file)); err != nil {
						return err
					}
				}
				e.Setenv(name, path)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"simulate": cmdSimulate,
			"answer":   cmdAnswer,
			"want":     cmdWant,
			"never":    cmdNever,
			"count":    cmdCount,
			"ticket":   cmdTicket,
			"balance":  cmdBalance,
			"grows":    cmdGrows,
		},
		RequireUniqueNames: true,
	})
}

// vendorPack is the example that the stories play in.
const vendorPack = "../../examples/vendor"
