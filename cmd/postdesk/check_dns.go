package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
)

// checkDNS looks at what others go by when they judge our mail. None of it keeps the desk from working, but mail that lands among spam
// helps nobody.
func (k *checker) checkDNS(ctx context.Context) {
	var domains []string
	for _, box := range k.policy.Mailboxes {
		if d := message.Domain(box.Address); !slices.Contains(domains, d) {
			domains = append(domains, d)
		}
	}
	for _, s := range k.policy.Signers {
		if !slices.Contains(domains, s.Domain) {
			k.tell(warn, "DKIM "+s.Domain, "no mailbox writes from this domain, so that nothing is signed by "+s.Selector, "name the domain of a mailbox's address in dkim")
		}
	}
	for _, d := range domains {
		ctx, cancel := k.limit(ctx)
		k.checkSPF(ctx, d)
		k.checkDKIM(ctx, d)
		k.checkDMARC(ctx, d)
		cancel()
	}
}

// records are the TXT records of a name which begin with a tag; none where the name does not exist.
func (k *checker) records(ctx context.Context, name, tag string) ([]string, error) {
	all, err := k.dns.LookupTXT(ctx, name)
	var missing *net.DNSError
	if errors.As(err, &missing) && missing.IsNotFound {
		err = nil
	}
	var found []string
	for _, r := range all {
		// A version ends the record or is followed by its parts (RFC 7208, 4.5; RFC 7489, 6.3).
		if version := strings.FieldsFunc(r, func(c rune) bool { return c == ' ' || c == ';' }); len(version) > 0 && strings.EqualFold(version[0], tag) {
			found = append(found, r)
		}
	}
	return found, err
}

func (k *checker) checkSPF(ctx context.Context, domain string) {
	what := "SPF " + domain
	found, err := k.records(ctx, domain, "v=spf1")
	switch {
	case err != nil:
		k.tell(warn, what, "cannot be looked up: "+err.Error(), mend(err, k.now()))
	case len(found) == 0:
		k.tell(warn, what, "there is no record, so that others cannot know which servers send our mail",
			fmt.Sprintf(`a TXT record of %s such as "v=spf1 mx -all", with the servers that send for it`, domain))
	case len(found) > 1:
		k.tell(fail, what, fmt.Sprintf("there are %d records, which counts as an error (RFC 7208, 3.2): %s", len(found), strings.Join(found, " | ")),
			"make one of them")
	case slices.ContainsFunc(strings.Fields(found[0]), func(s string) bool { return strings.EqualFold(s, "+all") || strings.EqualFold(s, "all") }):
		k.tell(warn, what, "lets everybody send our mail: "+found[0], "end the record with -all")
	default:
		k.tell(fine, what, found[0], "")
	}
}

// usualSelectors are tried where the operator names none: the record itself cannot be asked for.
var usualSelectors = []string{"default", "mail", "dkim", "selector1", "s1", "google", "k1"}

func (k *checker) checkDKIM(ctx context.Context, domain string) {
	var ours []policy.Signer
	for _, s := range k.policy.Signers {
		if s.Domain == domain {
			ours = append(ours, s)
		}
	}
	if len(ours) > 0 {
		k.checkSigners(ctx, ours)
		if len(k.cmd.Selector) == 0 {
			return
		}
	}
	what := "DKIM " + domain
	selectors, named := k.cmd.Selector, true
	if len(selectors) == 0 {
		selectors, named = usualSelectors, false
	}
	seen := false
	for _, s := range selectors {
		name := s + "._domainkey." + domain
		all, err := k.dns.LookupTXT(ctx, name)
		var missing *net.DNSError
		switch {
		case errors.As(err, &missing) && missing.IsNotFound, err == nil && len(all) == 0:
			if named {
				k.tell(fail, what, "there is no key at "+name, "publish the key by which your mail server signs, or name its selector")
			}
			continue
		case err != nil:
			k.tell(warn, what, name+" cannot be looked up: "+err.Error(), mend(err, k.now()))
			return
		}
		seen = true
		if !slices.ContainsFunc(all, func(r string) bool { return tagOf(r, "p") != "" }) {
			k.tell(fail, what, "the key at "+name+" is withdrawn (RFC 6376, 3.6.1), or the record holds none", "publish the key by which your mail server signs")
		} else {
			k.tell(fine, what, fmt.Sprintf("a key at %s", name), "")
		}
	}
	if !seen && !named {
		k.tell(warn, what, "no key under the usual names: "+strings.Join(selectors, ", "),
			"let your mail server sign what it sends for "+domain+", and name its selector here, --selector NAME; or let the desk sign: postdesk dkim key --help")
	}
}

// tagOf is the value of a tag in a record of the form a=b; c=d (RFC 6376, 3.2).
func tagOf(record, tag string) string {
	for part := range strings.SplitSeq(record, ";") {
		if name, value, ok := strings.Cut(part, "="); ok && strings.EqualFold(strings.TrimSpace(name), tag) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// checkDMARC looks for a policy of the domain, else of the domains above it (RFC 7489, 6.6.3).
func (k *checker) checkDMARC(ctx context.Context, domain string) {
	what := "DMARC " + domain
	for at := domain; strings.Contains(at, "."); _, at, _ = strings.Cut(at, ".") {
		found, err := k.records(ctx, "_dmarc."+at, "v=DMARC1")
		switch {
		case err != nil:
			k.tell(warn, what, "cannot be looked up: "+err.Error(), mend(err, k.now()))
			return
		case len(found) > 1:
			k.tell(fail, what, fmt.Sprintf("_dmarc.%s has %d records, which counts as none", at, len(found)), "make one of them")
			return
		case len(found) == 1 && strings.EqualFold(tagOf(found[0], "p"), "none"):
			k.tell(warn, what, "asks others to let mail through that is forged in our name: "+found[0],
				"when SPF and DKIM are right, ask for p=quarantine or p=reject: it also lets the desk refuse who pretends to be one of us")
			return
		case len(found) == 1:
			k.tell(fine, what, found[0], "")
			return
		}
	}
	k.tell(warn, what, "there is no record, so that others let mail through that is forged in our name",
		fmt.Sprintf(`a TXT record of _dmarc.%s such as "v=DMARC1; p=quarantine"`, domain))
}
