package main

import (
	"crypto/rand"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

//go:embed init/policy.yaml init/world.yaml
var beginnings embed.FS

type initCmd struct {
	Dir string `arg:"" help:"The folder to write into; it is made where there is none."`
}

// Help is printed below the usage.
func (initCmd) Help() string {
	return `Writes policy.yaml and world.yaml, which explain themselves and are right as they stand, and new keys: one for the tokens of reply addresses, one
for secrets that the database holds. No file that is there is written over.

For example:

    postdesk init desk
    postdesk check desk/policy.yaml`
}

// Run writes what a desk begins with.
func (c initCmd) Run() error { return c.write(rand.Reader, os.Stdout) }

func (c initCmd) write(random io.Reader, out io.Writer) error {
	var keys [2][]byte
	for i := range keys {
		var key [32]byte
		if _, err := io.ReadFull(random, key[:]); err != nil {
			return fmt.Errorf("draw a key: %w", err)
		}
		keys[i] = []byte(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	}
	files := []struct {
		name string
		mode fs.FileMode
		text []byte
	}{
		{"policy.yaml", 0o644, nil},
		{"world.yaml", 0o644, nil},
		{"token-key", 0o600, keys[0]},   // whoever reads it can make our addresses
		{"secrets-key", 0o600, keys[1]}, // whoever reads it and the database can be us elsewhere
	}
	for i := range files {
		path := filepath.Join(c.Dir, files[i].name)
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s is there already, and is not written over; name another folder", path)
		}
		if files[i].text == nil {
			text, err := beginnings.ReadFile("init/" + files[i].name)
			if err != nil {
				return err
			}
			files[i].text = text
		}
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := writeNew(filepath.Join(c.Dir, f.name), f.mode, f.text); err != nil {
			return err
		}
	}
	policy := filepath.Join(c.Dir, "policy.yaml")
	_, err := fmt.Fprintf(out, `%s holds a policy, a world to try it on, and the keys of its tokens and secrets. Next:

1. Say who you are: the lines marked CHANGE in %s
2. See whether it is right and all around it works: postdesk check %[2]s
3. Let it work: postdesk serve --policy %[2]s
`, c.Dir, policy)
	return err
}

// writeNew writes a file that is not there yet, also where another program makes it at this very moment.
func writeNew(path string, mode fs.FileMode, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
