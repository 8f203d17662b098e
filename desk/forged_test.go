package desk_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/mailin/auth"
	"github.com/postdesk/postdesk/mailin/parse"
)

// A forgery is a way to look like somebody else, as fields of a mail: what the sender writes, and what our own server adds above its trace.
type forgery struct {
	name   string
	fields func(victim string) (server, sender string) // sender has From
}

const (
	ourTrace = "Received: from out.evil.example ([192.0.2.66]) by mx.desk.example with ESMTPS id 1; Tue, 3 Mar 2026 12:00:00 +0100\r\n"
	evil     = "mallory@evil.example"
)

func from(victim string) string { return "From: Somebody <" + victim + ">\r\n" }

func results(s string) string { return "Authentication-Results: mx.desk.example; " + s + "\r\n" }

var evilProven = results("dkim=pass header.d=evil.example; dmarc=pass header.from=evil.example")

// forgeries are the tricks of T002 to T017.
var forgeries = []forgery{
	{"T002 nothing but the name", func(v string) (string, string) { return "", from(v) }},
	{"T002 against the domain's wish", func(v string) (string, string) {
		return results("dmarc=fail (p=reject) header.from=" + message.Domain(v)), from(v)
	}},
	{"T003 a proven stranger with the token", func(v string) (string, string) { return evilProven, from(evil) }},
	{"T005 results of the sender's", func(v string) (string, string) {
		return "", results("dkim=pass header.d="+message.Domain(v)+"; dmarc=pass") + from(v)
	}},
	{"T005 and a trace of the sender's", func(v string) (string, string) {
		return "", results("dmarc=pass") + ourTrace + from(v)
	}},
	{"T005 a login in a trace of the sender's", func(v string) (string, string) {
		return "", "Received: from x (Authenticated sender: eve) by mx.desk.example with ESMTPSA id 2; Tue, 3 Mar 2026 11:59:00 +0100\r\n" + from(v)
	}},
	{"T006 results of another server", func(v string) (string, string) {
		return "Authentication-Results: mx.evil.example; dkim=pass header.d=" + message.Domain(v) + "; dmarc=pass\r\n", from(v)
	}},
	{"T007 fail and pass", func(v string) (string, string) { return results("dmarc=fail; dmarc=pass"), from(v) }},
	{"T007 pass in a comment", func(v string) (string, string) {
		return results("spf=fail (dmarc=pass; dkim=pass header.d=" + message.Domain(v) + ")"), from(v)
	}},
	{"T007 pass in a quoted local part", func(v string) (string, string) {
		return results(`spf=none smtp.mailfrom="; dkim=pass header.d=` + message.Domain(v) + `; x"@evil.example`), from(v)
	}},
	{"T008 two From fields", func(v string) (string, string) { return evilProven, from(evil) + from(v) }},
	{"T008 From with two mailboxes", func(v string) (string, string) {
		return results("dkim=pass header.d=" + message.Domain(v)), "From: " + evil + ", " + v + "\r\n"
	}},
	{"T008 a group", func(v string) (string, string) { return evilProven, "From: " + v + ": " + evil + ";\r\n" }},
	{"T009 an address as the name", func(v string) (string, string) { return evilProven, "From: \"" + v + "\" <" + evil + ">\r\n" }},
	{"T009 an address in an encoded word", func(v string) (string, string) {
		return evilProven, "From: =?utf-8?q?" + strings.ReplaceAll(v, "@", "=40") + "?= <" + evil + ">\r\n"
	}},
	{"T009 a quoted local part", func(v string) (string, string) { return evilProven, "From: \"" + v + " x\"@evil.example\r\n" }},
	{"T010 a signature of another domain", func(v string) (string, string) { return results("dkim=pass header.d=evil.example"), from(v) }},
	{"T012 a shared host's SPF", func(v string) (string, string) {
		return results("spf=pass smtp.mailfrom=" + message.Domain(v) + "; dkim=none; dmarc=pass"), from(v)
	}},
	{"T013 ARC alone", func(v string) (string, string) {
		return "ARC-Authentication-Results: i=1; mx.desk.example; dkim=pass header.d=" + message.Domain(v) + "; dmarc=pass\r\n", from(v)
	}},
	{"T014 a look-alike", func(v string) (string, string) {
		return evilProven, "From: <" + strings.Replace(v, "@", "+x@", 1) + ">\r\n"
	}},
	{"T015 a domain of other letters", func(v string) (string, string) {
		return results("dkim=pass header.d=xn--eample-9uf.example"), "From: <" + strings.Replace(v, ".example", ".ехample", 1) + ">\r\n"
	}},
	{"T017 Reply-To", func(v string) (string, string) { return evilProven, from(evil) + "Reply-To: " + v + "\r\n" }},
	{"T017 Sender and Resent-From", func(v string) (string, string) {
		return evilProven, from(evil) + "Sender: " + v + "\r\nResent-From: " + v + "\r\n"
	}},
	{"T065 our own fields", func(v string) (string, string) {
		return "", "X-Postdesk-Level: A3\r\nX-Postdesk-From: " + v + "\r\n" + from(v)
	}},
}

// TestForged sends every trick against every wish of the table, with all that a thief may have of what we sent: reply addresses and ids. None
// gains a power: tickets, credits, participants and held mail stay as they are, and no word of a customer's goes to anybody else.
func TestForged(t *testing.T) {
	each(t, func(w *world) {
		trust := auth.Trust{
			Server: "mx.desk.example", Hosts: []string{"mx.desk.example"}, OwnDomains: []string{"desk.example"}, Submission: map[string][]string{"eve": {eve}},
		}
		open, assigned := w.opened(w.mail(kim, "A question", "How? There is a canary in it.").cc(bo)), (*desk.Mail)(nil)
		assigned = w.assign(open, "eve")
		offer := w.opened(w.mail(kim, "Please install", "Please install it. There is a canary in it."))
		estimate := w.lastOf("estimate", kim)
		large := w.opened(w.mail(kim, "A project", "We plan a project. There is a canary in it."))
		largeEstimate := w.lastOf("estimate", kim)
		done := w.opened(w.mail(kim, "Done", "How? There is a canary in it."))
		w.received(desk.OutcomeReply, w.answer(eve, w.assign(done, "eve"), "So.\n/resolve"))
		resolved := w.lastOf("resolved", kim)
		heldMail := w.received(desk.OutcomeHeld, w.mail(kim, "Held", "A canary.").at(message.LevelX))
		w.pass(15 * time.Minute)
		digest, asked := w.lastOf("held_digest", dana), w.lastOf("ask_copies", kim)
		hers := w.opened(w.mail(ann, "Of Ann", "How? There is a canary in it."))
		tickets := []*desk.Ticket{open, offer, large, done, hers}

		wishes := []struct {
			name, victim string
			answers      *desk.Mail
			words        string
			extra        string
		}{
			{"open a ticket", kim, nil, "How?", ""},
			{"join by the tag", kim, nil, "One more.", fmt.Sprintf("Subject: [#%d] x\r\n", hers.Number)},
			{"join by her subject", kim, nil, "One more.", "Subject: Re: A question\r\n"},
			{"join by another's subject", kim, nil, "One more.", "Subject: Re: Of Ann\r\nCc: " + ann + "\r\n"},
			{"join with the token", kim, w.lastFor(open.Number, kim), "One more.", ""},
			{"add a participant", kim, w.lastFor(open.Number, kim), "See in copy.", "Cc: cy@evil.example\r\n"},
			{"let somebody in", kim, asked, "yes", ""},
			{"close", kim, w.lastFor(open.Number, kim), "close", ""},
			{"reopen", kim, resolved, "It is not.", ""},
			{"confirm an estimate", kim, estimate, "yes", ""},
			{"spend above the limit", kim, largeEstimate, "yes", ""},
			{"decline an estimate", kim, estimate, "no", ""},
			{"note", eve, assigned, "/note\nHe is rude.", ""},
			{"public answer", eve, assigned, "Press export.", ""},
			{"time and status", eve, assigned, "/spent 5h\n/resolve", ""},
			{"merge and read", eve, assigned, fmt.Sprintf("/merge %d", hers.Number), ""},
			{"invite", eve, assigned, "/invite " + evil, ""},
			{"ask aside", eve, assigned, "What do you say?\n/forward " + evil, ""},
			{"transfer, class, spam", eve, assigned, "/queue technical\n/class install\n/priority urgent", ""},
			{"release held mail", dana, digest, fmt.Sprintf("/release %d", heldMail.Message), ""},
			{"roles and rules", dana, assigned, "/role mallory admin\n/ban 14d", ""},
		}
		state := func() string {
			var b strings.Builder
			for _, tk := range tickets {
				now := w.ticket(tk.Number)
				fmt.Fprintf(&b, "#%d %s %s %s %s %s %d %d %+v %v; ", now.Number, now.Status, now.Class, now.Queue, now.Priority, now.Assignee, now.Minutes, now.MergedInto,
					w.roles(now.Number), now.Requester.Address)
			}
			fmt.Fprintf(&b, "%d %d %s", w.balance("cust"), w.held("cust"), w.message(heldMail).Outcome)
			return b.String()
		}
		before := state()
		outcomes := map[string]map[desk.Outcome]int{}
		n, sent := 0, len(w.outbox())
		for _, f := range forgeries {
			outcomes[f.name] = map[desk.Outcome]int{}
			for _, wish := range wishes {
				n++
				server, sender := f.fields(wish.victim)
				raw := server + ourTrace + sender
				if wish.answers != nil {
					raw += "To: " + wish.answers.ReplyTo.Addr + "\r\nIn-Reply-To: <" + string(wish.answers.MessageID) + ">\r\n"
				} else {
					raw += "To: " + us + "\r\n"
				}
				if !strings.Contains(wish.extra, "Subject") && wish.answers != nil {
					raw += "Subject: Re: " + wish.answers.Subject + "\r\n"
				}
				raw += wish.extra + fmt.Sprintf("Date: Tue, 3 Mar 2026 12:%02d:%02d +0100\r\nMessage-ID: <%d@evil.example>\r\n\r\n%s\r\n", n/60, n%60, n, wish.words)
				m := parse.Parse(parse.Bytes([]byte(raw)))
				w.uid++
				w.now = w.now.Add(10 * time.Second)
				a := desk.Arrival{
					Position: desk.Position{Mailbox: "support", Folder: "INBOX", UIDValidity: 1, UID: 100_000 + w.uid}, Received: w.now,
					Source: parse.Bytes([]byte(raw)), Message: m, Assurance: auth.Judge(m, trust),
				}
				r, err := w.desk.Receive(w.Context(), []desk.Arrival{a})
				if err != nil {
					t.Fatal(err)
				}
				outcomes[f.name][r[0].Outcome]++
				if now := state(); now != before {
					t.Fatalf("%s, to %s (%s, %s): \nwas %s\nis  %s", f.name, wish.name, a.Assurance.Level, r[0].Outcome, before, now)
				}
			}
		}
		for _, m := range w.outbox()[sent:] {
			theirs := !slices.Contains([]string{kim, bo, ann, eve, dana, maxx}, m.To.Addr)
			if theirs && (mentions(m, "canary") || mentions(m, "Kim") || mentions(m, kim)) {
				t.Errorf("%s to %s holds what is Kim's: %s", m.Template, m.To.Addr, m.Text)
			}
			if m.Audience == "customer" && !m.Automatic {
				t.Errorf("%s goes to %s as the answer of one of us", m.Template, m.To.Addr)
			}
		}
		if n < 300 {
			t.Errorf("%d forged mails are too few", n)
		}
		var table bytes.Buffer
		for _, f := range forgeries {
			fmt.Fprintf(&table, "\n%-42s", f.name)
			for _, o := range slices.Sorted(maps.Keys(outcomes[f.name])) {
				fmt.Fprintf(&table, " %s %d", o, outcomes[f.name][o])
			}
		}
		t.Logf("%d forged mails, none of which gained a power:%s", n, table.String())
	})
}
