package auth

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/postdesk/postdesk/desk/message"
)

// A Checker verifies signatures by ourselves (RFC 6376), by the keys and policies that domains publish, and judges mails by that beside
// the word of the pinned server.
type Checker struct {
	// LookupTXT gives the TXT records of a name. An error that is a *net.DNSError with IsNotFound says that there are none, any other
	// one that nobody knows.
	LookupTXT func(ctx context.Context, name string) ([]string, error)

	// Probe is a name by which it is found out whether the DNS answers at all: one that no sender chose.
	Probe string
}

// Answers tells whether the DNS gives answers, be it that there is nothing.
func (c *Checker) Answers(ctx context.Context) bool {
	_, err := c.policies(ctx, c.Probe)
	return err == nil
}

// Limits of what one mail can make us do.
const (
	maxSignatures = 5       // topmost; senders have one or two
	maxHeader     = 1 << 20 // bytes; above, nothing is verified
)

// ErrLater says that the DNS did not answer, so that a mail may be more than it could be proven to be. The level beside it is what is
// proven without that answer (T018).
var ErrLater = errors.New("the DNS does not answer")

// A Signature is one DKIM-Signature field and what came of verifying it.
type Signature struct {
	Domain, Selector string
	Result           string // as RFC 8601, 2.7.1 has it: pass, fail, permerror, temperror; "none" for one that was not looked at
	Why              string // where it did not pass
}

// Judge gives the level of a mail as the function Judge does, and where the pinned server has said nothing that decides, what the mail's
// own signatures prove. Where no server is pinned, a mail without a signature of a domain that asks to refuse such mail is X: whether SPF
// passed cannot be known of a mail that was fetched.
//
// src must be the whole mail: of a part of it every signature would seem broken. The error is nil or an ErrLater.
func (c *Checker) Judge(ctx context.Context, m *message.Message, src message.Source, t Trust) (message.Assurance, error) {
	a, open := t.judge(m)
	var later error
	if open {
		a, later = c.raise(ctx, m, src, t, a)
	}
	return t.guardOwn(m, a), later
}

// raise looks for more than the pinned server's word has proven.
func (c *Checker) raise(ctx context.Context, m *message.Message, src message.Source, t Trust, a message.Assurance) (message.Assurance, error) {
	from := message.Domain(m.From[0].Addr)
	sigs := signatures(m.Trace)
	concerns := func(s signature) bool { return s.why == "" && aligned(s.domain, from) }
	var (
		later error
		broke string // why a signature of the domain did not pass
		rec   record
		asked bool
	)
	if slices.ContainsFunc(sigs, concerns) {
		verified, err := c.verify(ctx, src, concerns)
		if err != nil {
			return a, err
		}
		for _, v := range verified {
			switch {
			case v.Result == "temperror":
				later = fmt.Errorf("%w for the key of %s: %s", ErrLater, v.Domain, v.Why)
				continue
			case v.Result != "pass":
				if v.Result != "none" {
					broke = fmt.Sprintf("the signature of %s does not hold: %s", v.Domain, v.Why)
				}
				continue
			case v.sig.domain != from: // of one organisation: the domain may ask for more (RFC 7489, 3.1.1)
				if rec, err = c.dmarc(ctx, from); err != nil {
					later = err
					continue
				}
				if asked = true; rec.strict {
					broke = fmt.Sprintf("the signature is of %s, and %s asks for its own", v.Domain, from)
					continue
				}
			}
			proven := level(message.LevelA1, "checked here: dkim=pass for %s", v.Domain)
			proven.Unsigned = unsigned(m, []signature{v.sig})
			return proven, nil
		}
	}
	if later != nil || t.Server != "" {
		return a, later
	}
	if !asked {
		var err error
		if rec, err = c.dmarc(ctx, from); err != nil {
			return a, err
		}
	}
	if broke == "" {
		broke = "no signature of " + from
	}
	if rec.enforced {
		return level(message.LevelX, "checked here: %s, and %s asks to refuse such mail", broke, from), nil
	}
	return level(message.LevelA0, "checked here: %s", broke), nil
}

// Signatures verifies the topmost signatures of a mail, whoever made them.
func (c *Checker) Signatures(ctx context.Context, src message.Source) ([]Signature, error) {
	verified, err := c.verify(ctx, src, func(signature) bool { return true })
	var all []Signature
	for _, v := range verified {
		all = append(all, v.Signature)
	}
	return all, err
}

type verified struct {
	Signature
	sig signature
}

// verify looks at the signatures that somebody wants to know of. An error is about reading the mail.
func (c *Checker) verify(ctx context.Context, src message.Source, want func(signature) bool) ([]verified, error) {
	raw, err := src.Open()
	if err != nil {
		return nil, fmt.Errorf("verify signatures: %w", err)
	}
	defer raw.Close()
	body := bufio.NewReaderSize(raw, 32<<10)
	h, why := readHeader(body)
	var all []verified
	wanted := map[string]bool{} // names of keys
	for _, value := range h.values("DKIM-Signature") {
		s := parseSignature(value)
		all = append(all, verified{Signature{s.domain, s.selector, "none", "not looked at"}, s})
		if name := s.keyName(); name != "" && want(s) && len(all) <= maxSignatures {
			wanted[name] = true
		}
	}
	if why == "" && h.count("From") != 1 {
		why = "there is not one From" // which of them a reader shows and which is signed need not be the same
	}
	if why != "" {
		for i := range all {
			all[i].Result, all[i].Why = "permerror", why
		}
		return all, nil
	}
	if len(wanted) == 0 {
		return all, nil
	}

	var strict sync.Map // names of keys that sign for their very domain alone
	checked, err := dkim.VerifyWithOptions(io.MultiReader(bytes.NewReader(h.raw), body), &dkim.VerifyOptions{
		MaxVerifications: maxSignatures,
		LookupTXT: func(name string) ([]string, error) {
			if !wanted[name] {
				return nil, &net.DNSError{Err: "is of no concern", Name: name, IsNotFound: true}
			}
			txts, err := c.lookup(ctx, name)
			if slices.ContainsFunc(txts, strictKey) {
				strict.Store(name, true)
			}
			return txts, err
		},
	})
	if err != nil && !errors.Is(err, dkim.ErrTooManySignatures) {
		return nil, fmt.Errorf("verify signatures: %w", err)
	}
	for i, v := range checked {
		if i >= len(all) {
			break
		}
		s := &all[i]
		s.Why = ""
		switch {
		case v.Err == nil && !strings.EqualFold(v.Domain, s.Domain) && domainOf(v.Domain) != s.Domain:
			s.Result, s.Why = "permerror", "its domain cannot be read"
		case v.Err == nil && v.Identifier[strings.LastIndexByte(v.Identifier, '@')+1:] != v.Domain && has(&strict, s.sig.keyName()):
			s.Result, s.Why = "permerror", "its key is for no name below its domain"
		case v.Err == nil:
			s.Result = "pass"
		case dkim.IsTempFail(v.Err):
			s.Result, s.Why = "temperror", verdict(v.Err)
		case dkim.IsPermFail(v.Err):
			s.Result, s.Why = "permerror", verdict(v.Err)
		default:
			s.Result, s.Why = "fail", verdict(v.Err)
		}
	}
	return all, nil
}

func has(m *sync.Map, name string) bool {
	_, ok := m.Load(name)
	return ok
}

// strictKey tells whether a key's record has the flag s (RFC 6376, 3.6.1), which the library passes over.
func strictKey(txt string) bool {
	for tag := range strings.SplitSeq(txt, ";") {
		if k, v, _ := strings.Cut(tag, "="); strings.TrimSpace(k) == "t" {
			return slices.Contains(strings.Split(strings.Join(strings.Fields(v), ""), ":"), "s")
		}
	}
	return false
}

func verdict(err error) string { return strings.TrimPrefix(err.Error(), "dkim: ") }

// keyName is where the key of a signature is published (RFC 6376, 3.6.2.1), "" where that is no name.
func (s signature) keyName() string {
	name := s.selector + "._domainkey." + s.signedBy
	if s.selector == "" || s.domain == "" || !hostName(name) {
		return ""
	}
	return name
}

// hostName tells whether a name that a stranger chose may be looked up at all.
func hostName(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r != '.' && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// lookup makes of every error but "there is none" a temporary one: only an answer may decide over a mail.
func (c *Checker) lookup(ctx context.Context, name string) ([]string, error) {
	txts, err := c.LookupTXT(ctx, name)
	var dns *net.DNSError
	if err == nil || errors.As(err, &dns) && dns.IsNotFound {
		return txts, err
	}
	return nil, &net.DNSError{Err: err.Error(), Name: name, IsTemporary: true}
}

// A record is what a domain asks of those who get mail in its name (RFC 7489, 6.3). Its zero value asks for nothing.
type record struct {
	enforced bool // quarantine or reject
	strict   bool // a signature counts only when it is of the very domain
}

// dmarc finds the policy of a From domain, its own or that of its organisation (RFC 7489, 6.6.3).
func (c *Checker) dmarc(ctx context.Context, domain string) (record, error) {
	org := organisation(domain)
	for i, at := range []string{domain, org} {
		if at == "" || i > 0 && org == domain {
			break
		}
		txts, err := c.policies(ctx, at)
		if err != nil {
			return record{}, err
		}
		if len(txts) == 1 {
			return parseRecord(txts[0], at != domain), nil
		}
		if len(txts) > 1 {
			break // which counts as none
		}
	}
	return record{}, nil
}

func (c *Checker) policies(ctx context.Context, domain string) (found []string, err error) {
	name := "_dmarc." + domain
	if !hostName(name) {
		return nil, nil
	}
	txts, err := c.lookup(ctx, name)
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w for %s: %s", ErrLater, name, err)
	}
	for _, txt := range txts {
		if version, _, _ := strings.Cut(txt, ";"); strings.Join(strings.Fields(version), "") == "v=DMARC1" {
			found = append(found, txt)
		}
	}
	return found, nil
}

// parseRecord reads leniently what domains really publish: a tag that it does not know or cannot read says nothing. A record that asks
// to refuse none of a hundred mails asks for nothing.
func parseRecord(txt string, below bool) record {
	tags := map[string]string{}
	for tag := range strings.SplitSeq(txt, ";") {
		k, v, _ := strings.Cut(tag, "=")
		tags[strings.ToLower(strings.TrimSpace(k))] = strings.ToLower(strings.TrimSpace(v))
	}
	p := tags["p"]
	if sp := tags["sp"]; below && sp != "" {
		p = sp
	}
	return record{enforced: (p == "quarantine" || p == "reject") && tags["pct"] != "0" && tags["t"] != "y", strict: tags["adkim"] == "s"}
}

// A rawHeader is the header as it came, by whose bytes signatures are made.
type rawHeader struct {
	raw    []byte
	fields []message.Field // unfolded
}

func (h rawHeader) values(name string) (all []string) {
	for _, f := range h.fields {
		if strings.EqualFold(f.Name, name) {
			all = append(all, f.Value)
		}
	}
	return all
}

func (h rawHeader) count(name string) int { return len(h.values(name)) }

// readHeader reads through the blank line, and tells why the header is none by which a signature can be verified. A lone CR ends a line
// for some readers and not for others, which could then disagree on where the header ends.
func readHeader(r *bufio.Reader) (h rawHeader, why string) {
	if head, _ := r.Peek(5); string(head) == "From " { // an mbox separator (RFC 4155), no field of this mail
		if _, err := r.ReadSlice('\n'); err != nil {
			return h, "the first line is too long"
		}
	}
reading:
	for {
		line, err := r.ReadSlice('\n')
		h.raw = append(h.raw, line...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(h.raw) <= maxHeader:
			continue
		case err != nil && !errors.Is(err, io.EOF), len(h.raw) > maxHeader:
			why = "the header is too long"
			break reading
		}
		end := bytes.HasSuffix(h.raw, []byte("\n\r\n")) || bytes.HasSuffix(h.raw, []byte("\n\n")) || len(line) == len(h.raw) && len(bytes.TrimRight(line, "\r\n")) == 0
		if !end && err == nil {
			continue
		}
		if err != nil {
			h.raw = append(h.raw, "\r\n\r\n"...) // a mail that is all header
		}
		break
	}
	for line := range bytes.Lines(h.raw) {
		text := bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if bytes.IndexByte(text, '\r') >= 0 || bytes.IndexByte(text, 0) >= 0 {
			why = "the header holds a byte that readers take differently"
		}
		switch n := len(h.fields); {
		case len(text) == 0:
		case (text[0] == ' ' || text[0] == '\t') && n > 0:
			h.fields[n-1].Value += string(text)
		default:
			name, value, _ := strings.Cut(string(text), ":")
			h.fields = append(h.fields, message.Field{Name: strings.TrimSpace(name), Value: value})
		}
	}
	return h, why
}
