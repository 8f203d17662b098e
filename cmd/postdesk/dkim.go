package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/postdesk/postdesk/desk/policy"
)

type dkimCmd struct {
	Key    dkimKeyCmd    `cmd:"" help:"Make a key that signs mail, and print the record to publish."`
	Record dkimRecordCmd `cmd:"" help:"Print the records of the keys that a policy names."`
}

type dkimKeyCmd struct {
	File     string `arg:"" help:"The file to write the private key into. One that is there is not written over."`
	Domain   string `required:"" placeholder:"DOMAIN" help:"The domain of the addresses that you write from."`
	Selector string `required:"" placeholder:"NAME" help:"The key's name in the DNS, another one for each key, such as desk2026."`
	Type     string `enum:"rsa,ed25519" default:"rsa" help:"rsa, of 2048 bits, which everybody knows, or ed25519, which is short."`
}

// Help is printed below the usage.
func (dkimKeyCmd) Help() string {
	return `For example:

    postdesk dkim key --domain desk.example --selector desk2026 dkim-rsa.pem
    postdesk check policy.yaml`
}

// Run makes a key.
func (c dkimKeyCmd) Run() error { return c.write(rand.Reader, os.Stdout) }

func (c dkimKeyCmd) write(random io.Reader, out io.Writer) error {
	var key any
	var err error
	if c.Type == "ed25519" {
		_, key, err = ed25519.GenerateKey(random)
	} else {
		key, err = rsa.GenerateKey(random, 2048)
	}
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
	signing, err := policy.ParseSigningKey(text)
	if err != nil {
		return err
	}
	if err := writeNew(c.File, 0o600, text); errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already, and is not written over", c.File)
	} else if err != nil {
		return err
	}
	s := policy.Signer{Domain: c.Domain, Selector: c.Selector, Key: signing}
	_, err = fmt.Fprintf(out, `%s holds the private key; keep it to yourself. Publish this record:

%s
and name the key in the policy, where file names are relative to it:

dkim:
  - {domain: %s, selector: %s, key_file: %s}
`, c.File, zoneLine(s), c.Domain, c.Selector, c.File)
	return err
}

type dkimRecordCmd struct {
	Policy string `arg:"" type:"existingfile" help:"The policy file."`
}

// Run prints the records.
func (c dkimRecordCmd) Run() error {
	p, err := policy.Read(c.Policy)
	if err != nil {
		return err
	}
	if len(p.Signers) == 0 {
		fmt.Println("The policy names no keys: the mail server signs, or nobody.")
	}
	for _, s := range p.Signers {
		if s.Key.Signer == nil {
			return fmt.Errorf("the key %s of %s is not there", s.Selector, s.Domain)
		}
		fmt.Print(zoneLine(s))
	}
	return nil
}

// recordName is where the public key of a signer stands.
func recordName(s policy.Signer) string { return s.Selector + "._domainkey." + s.Domain }

// dkimRecord is the TXT record of a signer (RFC 6376, 3.6.1; RFC 8463, 3).
func dkimRecord(s policy.Signer) string {
	if public, ok := s.Key.Public().(ed25519.PublicKey); ok {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	}
	raw, err := x509.MarshalPKIXPublicKey(s.Key.Public())
	if err != nil {
		panic(err) // the policy lets no other keys through
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(raw)
}

// zoneLine is the record as zone files have it: no text in it is longer than 255 bytes (RFC 1035, 3.3).
func zoneLine(s policy.Signer) string {
	record := dkimRecord(s)
	var texts []string
	for len(record) > 250 {
		texts, record = append(texts, `"`+record[:250]+`"`), record[250:]
	}
	texts = append(texts, `"`+record+`"`)
	if len(texts) == 1 {
		return recordName(s) + ". IN TXT " + texts[0] + "\n"
	}
	return recordName(s) + ". IN TXT (\n    " + strings.Join(texts, "\n    ") + " )\n"
}

// checkSigners compares what the DNS says of our keys with the keys.
func (k *checker) checkSigners(ctx context.Context, signers []policy.Signer) {
	for _, s := range signers {
		if s.Key.Signer == nil {
			continue // told as a secret that is not set
		}
		what := "DKIM " + s.Domain
		name := recordName(s)
		want := dkimRecord(s)
		publish := fmt.Sprintf("publish a TXT record of %s: %q", name, want)
		all, err := k.dns.LookupTXT(ctx, name)
		var missing *net.DNSError
		switch {
		case errors.As(err, &missing) && missing.IsNotFound, err == nil && len(all) == 0:
			k.tell(fail, what, "the desk signs by "+s.Selector+", and there is no key at "+name+": others take every signature for forged", publish)
		case err != nil:
			k.tell(warn, what, name+" cannot be looked up: "+err.Error(), mend(err, k.now()))
		case len(all) > 1:
			k.tell(fail, what, fmt.Sprintf("%s has %d records, and others may take any of them (RFC 6376, 3.6.2.2)", name, len(all)), "leave this one alone there: "+want)
		case tagOf(all[0], "p") == "":
			k.tell(fail, what, "the key at "+name+" is withdrawn (RFC 6376, 3.6.1), or the record holds none", publish)
		case noSpace(tagOf(all[0], "p")) != tagOf(want, "p") || keyType(all[0]) != keyType(want):
			k.tell(fail, what, "the key at "+name+" is not the one that the desk signs by: others take every signature for forged", publish)
		case slices.Contains(strings.Split(tagOf(all[0], "t"), ":"), "y"):
			k.tell(warn, what, name+" says that it is only a test (t=y): others may treat what is signed as if it were not", "take t=y out of the record")
		default:
			k.tell(fine, what, "the desk signs by the key at "+name, "")
		}
	}
}

// keyType is what kind of key a record holds; rsa, unless it says otherwise.
func keyType(record string) string {
	if kind := strings.ToLower(tagOf(record, "k")); kind != "" {
		return kind
	}
	return "rsa"
}

// noSpace takes out white space, which may stand anywhere in a key (RFC 6376, 3.6.1).
func noSpace(s string) string { return strings.Join(strings.Fields(s), "") }
