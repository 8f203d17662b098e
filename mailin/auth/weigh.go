package auth

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/postdesk/postdesk/desk/message"
)

// Evidence is what clauses say about one From domain, all fields that count taken together.
type evidence struct {
	conflict string // a pass and a fail of one method for one identity, or a result for another From

	logins      []string // auth=pass
	dkim        string   // the aligned domain of a sound signature that passed
	withoutDKIM bool     // the clauses show that no signature carried dmarc=pass
	unsound     string   // why a signature that passed proves nothing (T010, T011)
	spf         string   // the aligned domain of the envelope sender that passed

	dmarcPass, dmarcFail bool
	enforced             bool // the domain publishes quarantine or reject
}

// weigh looks at each method's clauses apart, so that no method's property is read for another (T007). Other methods, ARC among them
// (T013), say nothing here.
func weigh(clauses []Clause, from string, sigs []signature) evidence {
	var (
		ev       evidence
		said     []statement
		signed   bool // there is a clause about a signature
		nameless bool // one that passed does not say whose it is: it may be the one that carried dmarc=pass
	)
	for _, c := range clauses {
		pass := c.Result == "pass" && !c.Broken
		switch c.Method {
		case "auth":
			login := c.Props["smtp.auth"]
			said = append(said, statement{c, login, ""})
			if pass && login != "" {
				ev.logins = append(ev.logins, login)
			}

		case "dkim":
			signed = true
			domain, ok := signer(c)
			said = append(said, statement{c, domain, c.Props["header.s"]})
			if !pass || !ok || domain != "" && !aligned(domain, from) {
				continue
			}
			if why := unsound(c, domain, sigs); why != "" {
				ev.unsound = why
			} else if domain != "" {
				ev.dkim = domain
			} else {
				nameless = true
			}

		case "spf":
			sender := c.Props["smtp.mailfrom"]
			if sender == "" && c.Props["smtp.helo"] != "" {
				continue // the name of a host, which says nothing of From
			}
			said = append(said, statement{c, sender, ""})
			if domain := domainOf(sender); pass && aligned(domain, from) {
				ev.spf = domain
			}

		case "dmarc":
			said = append(said, statement{c, "", ""})
			if judged := c.Props["header.from"]; judged != "" && !aligned(domainOf(judged), from) {
				ev.conflict = "dmarc was judged for another From"
			}
			switch {
			case pass:
				ev.dmarcPass = true
			case c.Result == "fail":
				ev.dmarcFail = true
				ev.enforced = ev.enforced || enforced(c, from)
			}
		}
	}
	ev.withoutDKIM = signed && ev.dkim == "" && !nameless
	if ev.conflict == "" {
		ev.conflict = conflict(said)
	}
	return ev
}

// A statement is one clause and whom it is about; "" stands for anybody.
type statement struct {
	clause      Clause
	who, detail string
}

// conflict finds a pass and a fail of one method that may be about the same.
func conflict(said []statement) string {
	same := func(a, b string) bool { return a == b || a == "" || b == "" }
	for i, a := range said {
		for _, b := range said[i+1:] {
			if a.clause.Method == b.clause.Method && same(a.who, b.who) && same(a.detail, b.detail) &&
				(a.clause.Result == "pass" && failed(b.clause) || failed(a.clause) && b.clause.Result == "pass") {
				return a.clause.Method + " passes and fails"
			}
		}
	}
	return ""
}

func failed(c Clause) bool {
	return slices.Contains([]string{"fail", "hardfail", "softfail"}, c.Result)
}

// signer is the domain that a dkim clause is about, "" where it names none. It is not ok where header.d and header.i cannot belong to
// one signature (RFC 6376, 3.5).
func signer(c Clause) (domain string, ok bool) {
	d, i := c.Props["header.d"], c.Props["header.i"]
	switch {
	case d == "" && i == "":
		return "", true
	case i == "":
		domain = domainOf(d)
	case d == "":
		domain = domainOf(i)
	default:
		domain = domainOf(d)
		if of := domainOf(i); of != domain && !strings.HasSuffix(of, "."+domain) {
			return domain, false
		}
	}
	return domain, domain != ""
}

// domainOf is the canonical domain of an address or of a domain alone, "" where it is none.
func domainOf(s string) string {
	domain, err := message.CanonicalDomain(s[strings.LastIndexByte(s, '@')+1:])
	if err != nil {
		return ""
	}
	return domain
}

// aligned tells whether two canonical domains belong to one organisation: relaxed alignment, RFC 7489, 3.1 and 3.2. Two names that are
// themselves public suffixes do only when they are equal.
func aligned(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	return a == b || organisation(a) != "" && organisation(a) == organisation(b)
}

func organisation(domain string) string {
	if _, err := netip.ParseAddr(strings.Trim(domain, "[]")); err == nil || strings.HasPrefix(domain, "[") {
		return "" // the dots of an address divide nothing
	}
	org, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return ""
	}
	return org
}

// enforced tells whether a failed dmarc clause names a published policy of quarantine or reject: as a property, in a comment as Google
// and OpenDMARC put it, or as the action that Microsoft took because of it.
func enforced(c Clause, from string) bool {
	policies := []string{
		c.Props["policy.published-domain-policy"], c.Props["policy.dmarc"],
		strings.TrimPrefix(strings.TrimPrefix(c.Props["action"], "pct."), "o"), // oreject: it let the mail pass by an override
	}
	var p, sp string
	for _, comment := range c.Comments {
		for w := range strings.FieldsFuncSeq(comment, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;", r) }) {
			if v, ok := cutPrefixFold(w, "p="); ok {
				p = v
			} else if v, ok := cutPrefixFold(w, "sp="); ok {
				sp = v
			}
		}
	}
	if sp != "" && from != organisation(from) {
		p = sp
	}
	return slices.ContainsFunc(append(policies, p), func(s string) bool {
		return strings.EqualFold(s, "reject") || strings.EqualFold(s, "quarantine")
	})
}

// A signature is one DKIM-Signature field, as far as it tells without a key that it proves too little (T010, T011).
type signature struct {
	domain, selector, algorithm string
	signedBy                    string   // the domain as written
	covers                      []string // the fields that it signs, in lower case
	why                         string   // "" where nothing is wrong with it
}

func signatures(fields []message.Field) []signature {
	var sigs []signature
	for _, f := range fields {
		if strings.EqualFold(f.Name, "DKIM-Signature") && len(sigs) < maxClauses {
			sigs = append(sigs, parseSignature(f.Value))
		}
	}
	return sigs
}

func parseSignature(value string) signature {
	tags := map[string]string{}
	twice := false
	for tag := range strings.SplitSeq(value, ";") {
		k, v, _ := strings.Cut(tag, "=")
		k = strings.TrimSpace(k)
		_, before := tags[k]
		twice = twice || before && k != ""
		tags[k] = strings.Join(strings.Fields(v), "")
	}
	signsFrom := slices.ContainsFunc(strings.Split(tags["h"], ":"), func(name string) bool { return strings.EqualFold(name, "From") })

	s := signature{domain: domainOf(tags["d"]), signedBy: tags["d"], selector: tags["s"], algorithm: strings.ToLower(tags["a"])}
	s.covers = strings.Split(strings.ToLower(tags["h"]), ":")
	_, partial := tags["l"]
	switch {
	case twice:
		s.why = "a signature says one thing twice"
	case partial:
		s.why = "the signature covers a part of the body only"
	case strings.HasSuffix(s.algorithm, "-sha1"):
		s.why = "the signature uses SHA-1"
	case !signsFrom:
		s.why = "the signature does not cover From"
	}
	return s
}

// unsigned are the fields by which a mail asks something of the desk and which its signature does not prove to be the sender's. One that
// was signed and then put there again above is among them: a signature covers the lowest of its fields (RFC 6376, 5.4.2). Any signature
// of the domain may be the one that passed, so each has to cover a field. Where the mail shows none, its server took them away.
func unsigned(m *message.Message, sigs []signature) (fields []string) {
	for _, field := range []string{"To", "Cc", "In-Reply-To", "Subject"} {
		covered := len(sigs) < maxClauses && !slices.Contains(m.Repeated, field)
		for _, s := range sigs {
			if aligned(s.domain, message.Domain(m.From[0].Addr)) && !slices.Contains(s.covers, strings.ToLower(field)) {
				covered = false
			}
		}
		if !covered {
			fields = append(fields, field)
		}
	}
	return fields
}

// unsound tells why the signature of a dkim clause proves nothing although the server lets it pass: servers differ in what they still
// take. The clause may be about each signature that it does not exclude.
func unsound(c Clause, domain string, sigs []signature) string {
	algorithm, selector := strings.ToLower(c.Props["header.a"]), c.Props["header.s"]
	for _, s := range sigs {
		if domain != "" && !aligned(s.domain, domain) || selector != "" && s.selector != selector {
			continue
		}
		if s.why != "" {
			return s.why
		}
		if algorithm == "" {
			algorithm = s.algorithm
		}
	}
	if strings.HasSuffix(algorithm, "-sha1") {
		return "the signature uses SHA-1"
	}
	for _, comment := range c.Comments { // "2048-bit key", as OpenDKIM and others write
		n, _, ok := strings.Cut(comment, "-bit")
		bits, err := strconv.Atoi(n[strings.LastIndexByte(n, ' ')+1:])
		if ok && err == nil && bits < 1024 && !strings.HasPrefix(algorithm, "ed25519") {
			return fmt.Sprintf("the signature's key has %d bits", bits)
		}
	}
	return ""
}
