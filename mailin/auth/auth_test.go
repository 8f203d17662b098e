package auth

import (
	"strings"
	"testing"

	"github.com/postdesk/postdesk/desk/message"
)

// mail is a mail from that address, its trace given as a header, topmost field first.
func mail(from, header string) *message.Message {
	m := &message.Message{From: []message.Address{{Addr: from}}, FromFields: 1}
	header = strings.NewReplacer("\n ", " ", "\n\t", " ").Replace(header)
	for line := range strings.SplitSeq(header, "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			m.Trace = append(m.Trace, message.Field{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
		}
	}
	return m
}

// results is a mail from kim@cust.example about which the pinned server says so.
func results(s string) *message.Message {
	return mail("kim@cust.example", "Authentication-Results: mx.desk.example; "+s+"\n"+trace0)
}

const trace0 = "Received: from out.cust.example ([192.0.2.1]) by mx.desk.example with ESMTPS id 1; Mon, 2 Mar 2026 09:00:00 +0000\n" +
	"Received: from [10.0.0.1] by out.cust.example with ESMTPSA; Mon, 2 Mar 2026 08:59:00 +0000"

var pinned = Trust{
	Server:     "mx.desk.example",
	OwnDomains: []string{"desk.example"},
	Submission: map[string][]string{"eva": {"eva@desk.example"}, "kim@cust.example": {"kim@cust.example", "Sales@Cust.example"}},
}

func check(t *testing.T, m *message.Message, trust Trust, want message.Level) message.Assurance {
	t.Helper()
	got := Judge(m, trust)
	if got.Level != want {
		t.Errorf("level %v (%s), want %v", got.Level, got.Why, want)
	}
	if got.Why == "" {
		t.Errorf("level %v without a reason", got.Level)
	}
	return got
}

func TestLevels(t *testing.T) {
	tests := []struct {
		name, results string
		want          message.Level
	}{
		{"nothing", "none", message.LevelA0},
		{"signature of the domain", "dkim=pass header.d=cust.example header.s=a", message.LevelA1},
		{"signature by header.i", "dkim=pass header.i=@cust.example", message.LevelA1},
		{"signature of a host below", "dkim=pass header.d=mail.cust.example", message.LevelA1},
		{"signature of another domain", "dkim=pass header.d=sender.example", message.LevelA0},
		{"signature whose d and i contradict", "dkim=pass header.d=sender.example header.i=@cust.example", message.LevelA0},
		{"signature of nobody", "dkim=pass", message.LevelA0},
		{"two signatures, one of the sender's host", "dkim=pass header.d=sender.example; dkim=pass header.d=cust.example", message.LevelA1},
		{"a signature beside a broken one of another domain", "dkim=fail header.d=sender.example; dkim=pass header.d=cust.example", message.LevelA1},
		{"a signature beside a broken one with another key", "dkim=fail header.d=cust.example header.s=b; dkim=pass header.d=cust.example header.s=a", message.LevelA1},
		{"a timeout beside a signature", "dkim=pass header.d=cust.example; dmarc=temperror header.from=cust.example", message.LevelA1},
		{"a timeout", "dkim=temperror header.d=cust.example; dmarc=temperror", message.LevelA0},
		{"policy said no", "dkim=policy header.d=cust.example", message.LevelA0},
		{"in capitals", "DKIM=PASS HEADER.D=CUST.EXAMPLE", message.LevelA1},
		{"with versions and comments", "dkim (a) / (b) 1 (c) = (d) pass (e) header.d (f) = (g) cust.example (h)", message.LevelA1},
		{"SPF of the domain", "spf=pass smtp.mailfrom=kim@cust.example", message.LevelA1s},
		{"SPF of a host below", "spf=pass smtp.mailfrom=bounces.cust.example", message.LevelA1s},
		{"SPF of another domain", "spf=pass smtp.mailfrom=kim@sender.example", message.LevelA0},
		{"SPF of the greeting", "spf=pass smtp.helo=cust.example", message.LevelA0},
		{"SPF of a null sender", "spf=pass smtp.mailfrom=<>", message.LevelA0},
		{"softfail", "spf=softfail smtp.mailfrom=kim@cust.example", message.LevelA0},
		{"DMARC alone", "dmarc=pass header.from=cust.example", message.LevelA1},
		{"DMARC, written short", "dmarc=pass", message.LevelA1},
		{"DMARC by a signature", "spf=fail smtp.mailfrom=x@list.example; dkim=pass header.d=cust.example; dmarc=pass (p=reject) header.from=cust.example", message.LevelA1},
		{"DMARC with a signature that names nobody", "dkim=pass; dmarc=pass", message.LevelA1},
		{"DMARC with a signature of the sender's host", "dkim=pass header.d=sender.example; dmarc=pass", message.LevelA1s},
		{"DMARC of another domain", "dmarc=pass header.from=evil.example", message.LevelA0},
		{"DMARC that guesses", "dmarc=bestguesspass header.from=cust.example", message.LevelA0},
		{"DMARC fails without a policy", "dmarc=fail header.from=cust.example", message.LevelA0},
		{"DMARC fails, monitored only", "dmarc=fail (p=none dis=none) header.from=cust.example", message.LevelA0},
		{"DMARC fails although a signature passes", "dkim=pass header.d=cust.example; dmarc=fail header.from=cust.example", message.LevelA0},
		{"submitted with a password", "auth=pass (cram-md5) smtp.auth=kim@cust.example", message.LevelA1},
		{"submitted by another login", "auth=pass smtp.auth=lee@cust.example", message.LevelA0},
		{"submitted as nobody", "auth=pass", message.LevelA0},
		{"a wrong password", "auth=fail smtp.auth=kim@cust.example", message.LevelA0},
		{"submitted, and not signed yet", "auth=pass smtp.auth=kim@cust.example; dkim=none; dmarc=fail (p=reject) header.from=cust.example", message.LevelA1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, results(tt.results), pinned, tt.want) })
	}
}

func TestXByPolicy(t *testing.T) {
	tests := []struct {
		name, from, results string
		want                message.Level
	}{
		{"as a property", "kim@cust.example", "dmarc=fail header.from=cust.example policy.published-domain-policy=reject", message.LevelX},
		{"property quarantine", "kim@cust.example", "dmarc=fail policy.published-domain-policy=quarantine", message.LevelX},
		{"property none", "kim@cust.example", "dmarc=fail policy.published-domain-policy=none", message.LevelA0},
		{"short property", "kim@cust.example", "dmarc=fail policy.dmarc=reject", message.LevelX},
		{"in a comment", "kim@cust.example", "dmarc=fail (p=reject) header.from=cust.example", message.LevelX},
		{"comment without a space before", "kim@cust.example", "dmarc=fail(p=REJECT) header.from=cust.example", message.LevelX},
		{"Google's comment", "kim@cust.example", "dmarc=fail (p=QUARANTINE sp=NONE dis=QUARANTINE) header.from=cust.example", message.LevelX},
		{"Google's comment, a domain below", "kim@mail.cust.example", "dmarc=fail (p=NONE sp=REJECT dis=NONE) header.from=mail.cust.example", message.LevelX},
		{"only domains below are asked for", "kim@cust.example", "dmarc=fail (p=NONE sp=REJECT dis=NONE) header.from=cust.example", message.LevelA0},
		{"OpenDMARC's comment", "kim@cust.example", "dmarc=fail (p=reject dis=none) header.from=cust.example", message.LevelX},
		{"beside an SPF pass", "kim@cust.example", "spf=pass smtp.mailfrom=x@evil.example; dmarc=fail (p=reject)", message.LevelX},
		{"the policy of another clause", "kim@cust.example", "dmarc=fail; x-other=fail policy.published-domain-policy=reject (p=reject)", message.LevelA0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, mail(tt.from, "Authentication-Results: mx.desk.example; "+tt.results), pinned, tt.want)
		})
	}
}

func TestMicrosoft(t *testing.T) {
	const received = "\nReceived: from out.cust.example (192.0.2.1) by DB8EUR05FT039.mail.protection.outlook.com (10.0.0.2) with SMTP; Mon, 2 Mar 2026 09:00:00 +0000"
	const above = "Received: from DB8EUR05FT039.eop-eur05.prod.protection.outlook.com (2603:10a6::1) by DB9PR01CA0001.outlook.office365.com (2603:10a6::2) with Microsoft SMTP Server; Mon, 2 Mar 2026 09:00:01 +0000\n"
	tests := []struct {
		name, results string
		want          message.Level
	}{
		{"signed", "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=cust.example; dkim=pass (signature was verified) header.d=cust.example;dmarc=pass action=none header.from=cust.example;compauth=pass reason=100", message.LevelA1},
		{"by SPF alone", "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=cust.example; dkim=none (message not signed) header.d=none;dmarc=pass action=none header.from=cust.example;compauth=pass reason=100", message.LevelA1s},
		{"refused", "spf=fail (sender IP is 192.0.2.9) smtp.mailfrom=evil.example; dkim=none (message not signed) header.d=none;dmarc=fail action=oreject header.from=cust.example;compauth=fail reason=000", message.LevelX},
		{"put aside by percentage", "spf=fail smtp.mailfrom=evil.example; dkim=none;dmarc=fail action=pct.quarantine header.from=cust.example", message.LevelX},
		{"failed and let pass", "spf=fail smtp.mailfrom=evil.example; dkim=none;dmarc=fail action=none header.from=cust.example", message.LevelA0},
	}
	trust := Trust{Server: "protection.outlook.com"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			field := "Authentication-Results: " + tt.results
			check(t, mail("kim@cust.example", above+field+received), trust, tt.want)
			check(t, mail("kim@cust.example", above+strings.TrimPrefix(received, "\n")+"\n"+field), trust, message.LevelA0)
			check(t, mail("kim@cust.example", field), pinned, message.LevelA0)
		})
	}
}

func TestT002OwnDomainUnproven(t *testing.T) {
	tests := []struct {
		name, header string
		want         message.Level
	}{
		{"nothing said", trace0, message.LevelX},
		{"SPF only", "Authentication-Results: mx.desk.example; spf=pass smtp.mailfrom=eva@desk.example\n" + trace0, message.LevelX},
		{"no policy", "Authentication-Results: mx.desk.example; dmarc=fail\n" + trace0, message.LevelX},
		{"our signature", "Authentication-Results: mx.desk.example; dkim=pass header.d=desk.example\n" + trace0, message.LevelA1},
		{"submitted as her", "Authentication-Results: mx.desk.example; auth=pass smtp.auth=eva\n" + trace0, message.LevelA1},
		{"submitted by a customer", "Authentication-Results: mx.desk.example; auth=pass smtp.auth=kim@cust.example\n" + trace0, message.LevelX},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, mail("eva@desk.example", tt.header), pinned, tt.want) })
	}

	t.Run("beside another From", func(t *testing.T) {
		m := mail("kim@cust.example", "Authentication-Results: mx.desk.example; dkim=pass header.d=cust.example")
		m.From = append(m.From, message.Address{Addr: "eva@desk.example"})
		check(t, m, pinned, message.LevelX)
	})
	t.Run("where no server is trusted", func(t *testing.T) {
		check(t, mail("eva@desk.example", trace0), Trust{OwnDomains: []string{"Desk.Example"}}, message.LevelX)
	})
	t.Run("a domain below is not ours", func(t *testing.T) {
		check(t, mail("mailer-daemon@mx.desk.example", trace0), pinned, message.LevelA0)
	})
}

func TestT005FieldsOfTheSender(t *testing.T) {
	const field = "Authentication-Results: mx.desk.example; dmarc=pass header.from=cust.example\n"
	const inner = "Received: from mx.desk.example by imap.desk.example with LMTP; Mon, 2 Mar 2026 09:00:01 +0000\n"
	const own = "Received: from mx.desk.example by mx.desk.example with LMTP; Mon, 2 Mar 2026 09:00:01 +0000\n"
	tests := []struct {
		name, header string
		trust        Trust
		want         message.Level
	}{
		{"above our trace", field + trace0, pinned, message.LevelA1},
		{"below our trace", trace0 + "\n" + field, pinned, message.LevelA0},
		{"below our trace, above a forged one", trace0 + "\n" + field + trace0, pinned, message.LevelA0},
		{"between our own lines", inner + field + trace0, pinned, message.LevelA1},
		{"above our trace, handed over to our own store", own + field + trace0, pinned, message.LevelA1},
		{"above our store's line", field + own + trace0, pinned, message.LevelA1},
		{"below our trace, handed over to our own store", own + trace0 + "\n" + field, pinned, message.LevelA0},
		{"below our store's line and another's", own + "Received: from a by b with SMTP\n" + field + trace0, pinned, message.LevelA0},
		{"no line of ours, above all lines", field + "Received: from a.cust.example by b.cust.example", pinned, message.LevelA1},
		{"no line of ours, below one", "Received: from a.cust.example by b.cust.example\n" + field, pinned, message.LevelA0},
		{"no lines at all", field, pinned, message.LevelA1},
		{"the trace of a host that is named", "Received: from x by mx2.desk.example\n" + field + trace0,
			Trust{Server: "mx.desk.example", Hosts: []string{"mx2.desk.example", "mx.desk.example"}}, message.LevelA0},
		{"the trace of a host that is named by its domain", "Received: from x by mx2.desk.example\n" + field + trace0,
			Trust{Server: "mx.desk.example", Hosts: []string{".desk.example"}}, message.LevelA0},
		{"a greeting that hides our line", "Received: from x by y.example (evil.example [192.0.2.9]) by mx.desk.example with SMTP\n" + field + trace0, pinned, message.LevelA0},
		{"a greeting that breaks our line", "Received: from x( (evil.example [192.0.2.9]) by mx.desk.example with SMTP\n" + field + trace0, pinned, message.LevelA0},
		{"names in capitals, with a dot at the end", "Received: from x BY MX.Desk.Example. with SMTP\n" + field, pinned, message.LevelA0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, mail("kim@cust.example", tt.header), tt.trust, tt.want) })
	}
}

func TestT006NoServerConfigured(t *testing.T) {
	for _, id := range []string{"mx.desk.example", "", `""`, "mx.evil.example", "mx.desk.example.evil.example"} {
		m := mail("kim@cust.example", "Authentication-Results: "+id+"; dmarc=pass; dkim=pass header.d=cust.example")
		check(t, m, Trust{}, message.LevelA0)
		if id != "mx.desk.example" {
			check(t, m, pinned, message.LevelA0)
		}
	}
	m := mail("kim@cust.example", "Received: from x (Authenticated sender: kim@cust.example) by mx.desk.example with ESMTPSA")
	check(t, m, Trust{Submission: pinned.Submission, Hosts: []string{"mx.desk.example"}}, message.LevelA0)
}

func TestT007NeverPass(t *testing.T) {
	tests := []struct{ name, results string }{
		{"DMARC both", "dmarc=fail; dmarc=pass"},
		{"DMARC both, the policy strict", "dmarc=pass; dmarc=fail (p=reject)"},
		{"a signature both", "dkim=pass header.d=cust.example; dkim=fail header.d=cust.example"},
		{"a signature both, one of nobody", "dkim=pass header.d=cust.example; dkim=fail"},
		{"SPF both", "spf=pass smtp.mailfrom=kim@cust.example; spf=fail smtp.mailfrom=kim@cust.example"},
		{"a password both", "auth=pass smtp.auth=kim@cust.example; auth=fail smtp.auth=kim@cust.example"},
		{"pass in a comment", "dmarc=none (dmarc=pass)"},
		{"pass in a nested comment", "dmarc=none ((x) ; dmarc=pass)"},
		{"pass behind an escaped parenthesis", `spf=none (a \) ; dmarc=pass)`},
		{"pass in a quoted local part", `spf=fail smtp.mailfrom="x; dmarc=pass; y"@evil.example`},
		{"pass behind an escaped quote", `spf=fail smtp.mailfrom="x\"; dmarc=pass; y"@evil.example`},
		{"a property in a quoted local part", `dkim=pass header.i="x header.d=cust.example"@evil.example`},
		{"the aligned domain in a local part", `spf=pass smtp.mailfrom="x@cust.example"@evil.example`},
		{"another clause's property", "dkim=pass; spf=none header.d=cust.example"},
		{"another clause's property, the other way", "spf=pass header.d=cust.example; dkim=none"},
		{"another method's property", "dkim=pass smtp.mailfrom=cust.example"},
		{"a property said twice", "dkim=pass header.d=cust.example header.d=evil.example"},
		{"a property said twice, the other way", "dkim=pass header.d=evil.example header.d=cust.example"},
		{"words in the middle of a property", "spf=pass smtp.mailfrom=x y smtp.helo=z smtp.mailfrom=cust.example"},
		{"a comment that never closes", "dkim=pass header.d=cust.example (x"},
		{"a comment that never opened", "spf=none (sender x) dkim=none) ; dkim=pass header.d=cust.example"},
		{"a quote that never closes", `dkim=pass header.d=cust.example; spf=fail smtp.mailfrom="x`},
		{"a method of another version", "dkim/2=pass header.d=cust.example"},
		{"a result that only begins so", "dkim=passed header.d=cust.example"},
		{"a result in quotes", `dkim="pass" header.d=cust.example`},
		{"a result with a space", "dkim=not pass header.d=cust.example"},
		{"a domain that only ends so", "dkim=pass header.d=evilcust.example"},
		{"a domain that only begins so", "dkim=pass header.d=cust.example.evil.example"},
		{"the public suffix", "dkim=pass header.d=example"},
		{"an address literal", "dkim=pass header.d=[192.0.2.1]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, results(tt.results), pinned, message.LevelA0) })
	}

	t.Run("two fields that contradict", func(t *testing.T) {
		m := mail("kim@cust.example", "Authentication-Results: mx.desk.example; dmarc=pass\nAuthentication-Results: mx.desk.example; dmarc=fail")
		check(t, m, pinned, message.LevelA0)
	})
	t.Run("one field of two cannot be read", func(t *testing.T) {
		m := mail("kim@cust.example", "Authentication-Results: mx.desk.example; dmarc=pass\nAuthentication-Results: mx.desk.example; dmarc=fail (x")
		check(t, m, pinned, message.LevelA0)
	})
	t.Run("a field of another version", func(t *testing.T) {
		check(t, mail("kim@cust.example", "Authentication-Results: mx.desk.example 2; dmarc=pass"), pinned, message.LevelA0)
	})
	t.Run("neighbours under one public suffix", func(t *testing.T) {
		m := mail("kim@cust.co.uk", "Authentication-Results: mx.desk.example; dkim=pass header.d=evil.co.uk")
		check(t, m, pinned, message.LevelA0)
	})
	t.Run("neighbours by address", func(t *testing.T) {
		m := mail("kim@[192.0.2.1]", "Authentication-Results: mx.desk.example; dkim=pass header.d=[198.51.2.1]; spf=pass smtp.mailfrom=198.51.2.1")
		check(t, m, pinned, message.LevelA0)
	})
}

func TestT008NotOneFrom(t *testing.T) {
	const pass = "Authentication-Results: mx.desk.example; dmarc=pass; dkim=pass header.d=cust.example"
	tests := []struct {
		name   string
		fields int
		from   []message.Address
	}{
		{"two From fields", 2, []message.Address{{Addr: "kim@cust.example"}}},
		{"two From fields with one mailbox each", 2, []message.Address{{Addr: "kim@cust.example"}, {Addr: "lee@cust.example"}}},
		{"two mailboxes", 1, []message.Address{{Addr: "kim@cust.example"}, {Addr: "lee@cust.example"}}},
		{"none", 1, nil},
		{"no field", 0, nil},
		{"not parsable", 1, []message.Address{{Name: "kim@cust.example"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := mail("", pass)
			m.FromFields, m.From = tt.fields, tt.from
			check(t, m, pinned, message.LevelA0)
		})
	}
}

func TestT009NameIsNoIdentity(t *testing.T) {
	m := mail("m@evil.example", "Authentication-Results: mx.desk.example; dkim=pass header.d=evil.example")
	m.From[0].Name = "boss@cust.example"
	if got := check(t, m, pinned, message.LevelA1); strings.Contains(got.Why, "boss") || !strings.Contains(got.Why, "evil.example") {
		t.Errorf("the reason is %q, want it to name evil.example alone", got.Why)
	}
	m = mail("", "Authentication-Results: mx.desk.example; dkim=pass header.d=cust.example")
	m.From[0].Name = `"boss@cust.example x"@evil.example`
	check(t, m, pinned, message.LevelA0)
}

func TestT010WeakSignatures(t *testing.T) {
	const good = "v=1; a=rsa-sha256; d=cust.example; s=a; h=To : From; bh=x; b=y"
	tests := []struct {
		name, results, signature string
		want                     message.Level
	}{
		{"a good one", "dkim=pass header.d=cust.example", good, message.LevelA1},
		{"l=", "dkim=pass header.d=cust.example", good + "; l=17", message.LevelA0},
		{"l= in odd places", "dkim=pass header.d=cust.example", "l = 1 7;" + good, message.LevelA0},
		{"SHA-1", "dkim=pass header.d=cust.example", strings.Replace(good, "sha256", "sha1", 1), message.LevelA0},
		{"SHA-1 in the clause", "dkim=pass header.d=cust.example header.a=rsa-sha1", "", message.LevelA0},
		{"short key", "dkim=pass (768-bit key; insecure) header.d=cust.example", good, message.LevelA0},
		{"long key", "dkim=pass (2048-bit key; unprotected) header.d=cust.example", good, message.LevelA1},
		{"a key of another kind", "dkim=pass (256-bit key) header.d=cust.example header.a=ed25519-sha256", "", message.LevelA1},
		{"From not signed", "dkim=pass header.d=cust.example", strings.Replace(good, "From", "Subject", 1), message.LevelA0},
		{"not aligned", "dkim=pass header.d=evil.example", strings.Replace(good, "cust", "evil", 1), message.LevelA0},
		{"a tag twice", "dkim=pass header.d=cust.example", good + "; h=Subject", message.LevelA0},
		{"the weak one is another", "dkim=pass header.d=cust.example header.s=b", good + "; l=17", message.LevelA1},
		{"the weak one carries DMARC", "dkim=pass header.d=cust.example; dmarc=pass", good + "; l=17", message.LevelA0},
		{"the weak one stands beside SPF", "dkim=pass header.d=cust.example; spf=pass smtp.mailfrom=cust.example; dmarc=pass", good + "; l=17", message.LevelA1s},
		{"the weak one's clause names nobody", "dkim=pass; dmarc=pass", good + "; l=17", message.LevelA0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := results(tt.results)
			if tt.signature != "" {
				m.Trace = append(m.Trace, message.Field{Name: "DKIM-Signature", Value: tt.signature})
			}
			check(t, m, pinned, tt.want)
		})
	}
}

// Whoever resends a mail signed with l= may append what he likes; the server's pass is still right, and proves nothing.
func TestT011AppendedBody(t *testing.T) {
	m := results("dkim=pass header.d=cust.example header.s=a; dmarc=pass header.from=cust.example")
	m.Trace = append(m.Trace, message.Field{Name: "DKIM-Signature", Value: "v=1; a=rsa-sha256; d=cust.example; s=a; h=from:to; l=100; bh=x; b=y"})
	check(t, m, pinned, message.LevelA0)
}

func TestT012SharedHost(t *testing.T) {
	for _, s := range []string{
		"spf=pass; dkim=none; dmarc=pass",
		"spf=pass smtp.mailfrom=kim@cust.example; dkim=none; dmarc=pass header.from=cust.example",
		"spf=pass smtp.mailfrom=kim@cust.example; dkim=fail header.d=cust.example; dmarc=pass header.from=cust.example",
		"dkim=none; dmarc=pass",
	} {
		check(t, results(s), pinned, message.LevelA1s)
	}
}

func TestT013ARCOnly(t *testing.T) {
	m := mail("kim@cust.example", "ARC-Authentication-Results: i=1; mx.desk.example; dkim=pass header.d=cust.example; dmarc=pass\n"+
		"Authentication-Results: mx.desk.example; arc=pass (i=1 dkim=pass dkdomain=cust.example) header.d=cust.example")
	check(t, m, pinned, message.LevelA0)
}

func TestT016DomainInTwoForms(t *testing.T) {
	for _, d := range []string{"xn--bcher-kva.example", "bücher.example", "BÜCHER.example"} {
		check(t, mail("kim@xn--bcher-kva.example", "Authentication-Results: mx.desk.example; dkim=pass header.d="+d), pinned, message.LevelA1)
	}
}

func TestAuthenticatedSender(t *testing.T) {
	tests := []struct {
		name, from, received string
		want                 message.Level
	}{
		{"her login", "eva@desk.example", "from laptop (unknown [192.0.2.1]) (using TLSv1.3) (Authenticated sender: eva) by mx.desk.example (Postfix) with ESMTPSA id 1", message.LevelA1},
		{"a login with several addresses", "sales@cust.example", "from laptop (Authenticated sender: Kim@cust.example) by mx.desk.example with ESMTPSA", message.LevelA1},
		{"another's login", "eva@desk.example", "from laptop (Authenticated sender: kim@cust.example) by mx.desk.example with ESMTPSA", message.LevelX},
		{"an unknown login", "kim@cust.example", "from laptop (Authenticated sender: lee) by mx.desk.example with ESMTPSA", message.LevelA0},
		{"another server's line", "kim@cust.example", "from laptop (Authenticated sender: kim@cust.example) by mx.evil.example with ESMTPSA", message.LevelA0},
		{"inside another comment", "kim@cust.example", "from laptop (x (Authenticated sender: kim@cust.example)) by mx.desk.example with ESMTP", message.LevelA0},
		{"after by", "kim@cust.example", "from laptop by mx.desk.example (Authenticated sender: kim@cust.example) with ESMTP", message.LevelA0},
		{"as words", "kim@cust.example", "from Authenticated sender: kim@cust.example by mx.desk.example with ESMTP", message.LevelA0},
		{"two of them", "kim@cust.example", "from x (Authenticated sender: kim@cust.example) (Authenticated sender: lee) by mx.desk.example with ESMTPSA", message.LevelA0},
		{"a greeting that looks like a line", "kim@cust.example", "from x (Authenticated sender: kim@cust.example) by y.example (evil [192.0.2.9]) by mx.desk.example with ESMTP", message.LevelA0},
		{"a comment that does not close", "kim@cust.example", "from x (Authenticated sender: kim@cust.example by mx.desk.example with ESMTPSA", message.LevelA0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, mail(tt.from, "Received: "+tt.received), pinned, tt.want) })
	}

	// Postfix hands a mail to a Dovecot of the same name, which writes a line too.
	const login = "from laptop (unknown [192.0.2.1]) (Authenticated sender: eva) by mx.desk.example (Postfix) with ESMTPSA id 1"
	handed := []struct {
		name, lines string
		want        message.Level
	}{
		{"her login below", "from mx.desk.example by mx.desk.example with LMTP id 2\n" + login, message.LevelA1},
		{"from another host", "from mx.evil.example by mx.desk.example with LMTP\n" + login, message.LevelX},
		{"from an address, whatever its name", "from mx.desk.example (evil [192.0.2.9]) by mx.desk.example with LMTP\n" + login, message.LevelX},
		{"with SMTP", "from mx.desk.example by mx.desk.example with ESMTP\n" + login, message.LevelX},
		{"another protocol first", "from mx.desk.example by mx.desk.example with ESMTP with LMTP\n" + login, message.LevelX},
		{"the protocol in the greeting", "from mx.desk.example with LMTP by mx.desk.example with ESMTP\n" + login, message.LevelX},
		{"the host in a greeting", "from x from mx.desk.example by mx.desk.example with LMTP\n" + login, message.LevelX},
		{"twice", strings.Repeat("from mx.desk.example by mx.desk.example with LMTP\n", 2) + login, message.LevelX},
		{"another host between", "from mx.desk.example by mx.desk.example with LMTP\nfrom a by b with SMTP\n" + login, message.LevelX},
		{"a broken line between", "from mx.desk.example by mx.desk.example with LMTP\nfrom a( by b with SMTP\n" + login, message.LevelX},
	}
	for _, tt := range handed {
		t.Run("handed over: "+tt.name, func(t *testing.T) {
			check(t, mail("eva@desk.example", "Received: "+strings.ReplaceAll(tt.lines, "\n", "\nReceived: ")), pinned, tt.want)
		})
	}

	t.Run("only our topmost line counts", func(t *testing.T) {
		m := mail("kim@cust.example", trace0+"\nReceived: from x (Authenticated sender: kim@cust.example) by mx.desk.example with ESMTPSA")
		check(t, m, pinned, message.LevelA0)
	})
}

func FuzzJudge(f *testing.F) {
	f.Add("Authentication-Results: mx.desk.example; dkim=pass header.d=cust.example\n" + trace0)
	f.Add("Authentication-Results: spf=pass (a \\) b) smtp.mailfrom=\"x;\\\"y\"@cust.example\nDKIM-Signature: d=cust.example; l=1; h=from")
	f.Add("Received: from x (Authenticated sender: kim@cust.example) by mx.desk.example")
	f.Fuzz(func(t *testing.T, header string) {
		m := mail("kim@cust.example", header)
		if got := Judge(m, Trust{}); got.Level != message.LevelA0 {
			t.Errorf("without a pinned server the level is %v", got.Level)
		}
		// Whatever stands below our own trace changes nothing.
		m.Trace = append([]message.Field{{Name: "Received", Value: "from x by mx.desk.example"}}, m.Trace...)
		if got := Judge(m, pinned); got.Level != message.LevelA0 {
			t.Errorf("below our trace, the header gives %v: %s", got.Level, got.Why)
		}
		Judge(mail("eva@desk.example", header), Trust{Server: microsoft, OwnDomains: []string{"\xff"}})
	})
}
