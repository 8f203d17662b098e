package main

import (
	"fmt"

	"github.com/postdesk/postdesk/desk/policy"
)

type checkCmd struct {
	Policy string `arg:"" type:"existingfile" help:"The policy file."`
	World  string `type:"existingfile" help:"A world file to check against it."`
}

// Run reads what it is given and explains every mistake, each with its place and what was expected.
func (c checkCmd) Run() error {
	p, err := policy.Read(c.Policy)
	if err != nil {
		return err
	}
	fmt.Printf("%s: right: %s, %s, %s\n", c.Policy, count(len(p.Mailboxes), "mailbox", "mailboxes"), count(len(p.Staff), "person", "people"),
		count(len(p.Classes), "class", "classes"))
	for _, m := range p.Unset {
		fmt.Println(m)
	}
	if !p.TokensSet {
		fmt.Printf("%s: no tokens are set: enough for simulate and the demo, refused by a desk that serves\n", c.Policy)
	}
	if c.World == "" {
		return nil
	}
	w, err := policy.ReadWorld(c.World, p)
	if err != nil {
		return err
	}
	fmt.Printf("%s: right: %s\n", c.World, count(len(w.Customers), "customer", "customers"))
	return nil
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
