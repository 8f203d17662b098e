package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/mailin"
	"github.com/postdesk/postdesk/mailout"
)

// What keeps mail from flowing is told once it has lasted for as long as the policy says, with since when and how to mend it; what
// passes, or is as it should be, is not.
func TestLookout(t *testing.T) {
	const (
		support = "support@desk.example@mx.desk.example:587"
		minute  = time.Minute
	)
	began := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	refused := fmt.Errorf("%w: AUTHENTICATIONFAILED", mailin.ErrLogin)
	// A scene is what there is to be seen some time after the start; the lookout looks every ten seconds until then.
	type scene struct {
		health  mailin.Health
		account mailout.AccountHealth
		vitals  desk.Vitals
		err     error
		ticked  time.Time
		policy  string
		signIns []signInTrouble
	}
	for name, c := range map[string]struct {
		after time.Duration
		scene func(now time.Time, s *scene)
		want  string // of the one trouble: key, what, mend; "" for none
		since time.Duration
	}{
		"all is well": {after: 24 * time.Hour, scene: func(time.Time, *scene) {}},
		"a server that has hung up": {after: 19 * minute, scene: func(_ time.Time, s *scene) {
			s.health = mailin.Health{State: mailin.Failing, Error: "connection refused", Fault: errors.New("connection refused")}
		}},
		"and for long": {after: 21 * minute, scene: func(_ time.Time, s *scene) {
			s.health = mailin.Health{State: mailin.Failing, Error: "EOF", Fault: &net.DNSError{Err: "no such host", Name: "mx.desk.example", IsNotFound: true}}
		}, want: "mailbox support|Mailbox support is not read: EOF|no host is called mx.desk.example: correct the name; postdesk check policy.yaml says more"},
		"a mailbox that hangs": {after: 3 * time.Hour, scene: func(_ time.Time, s *scene) {
			s.health = mailin.Health{State: mailin.Polling, LastPass: began.Add(minute)}
		}, want: "mailbox support|Mailbox support is not read|postdesk check policy.yaml says more", since: minute},
		"a password that is wrong": {after: 10 * time.Second, scene: func(_ time.Time, s *scene) {
			s.health = mailin.Health{State: mailin.Failing, Error: "log in as support", Fault: refused, Refused: true}
		}, want: "mailbox support|Mailbox support is not read: log in as support|correct username or password in mailboxes.support.imap"},
		"a node that stands by": {after: 24 * time.Hour, scene: func(_ time.Time, s *scene) {
			s.health = mailin.Health{State: mailin.Standby}
		}},
		"a mailbox of many years": {after: 5 * time.Hour, scene: func(now time.Time, s *scene) {
			s.health = mailin.Health{State: mailin.Polling, Received: int(now.Sub(began) / minute)}
		}},
		"the database is away": {after: 16 * minute, scene: func(_ time.Time, s *scene) { s.err = desk.ErrUnavailable },
			want: "database|The database is away: database is away|postdesk check policy.yaml says more", since: 0},
		"and comes back": {after: 40 * minute, scene: func(now time.Time, s *scene) {
			if now.Before(began.Add(14 * minute)) {
				s.err = desk.ErrUnavailable
			}
		}},
		"a mail that waits": {after: 59 * minute, scene: func(_ time.Time, s *scene) {
			s.vitals.Outbox = []desk.Unsent{{Mailbox: "support", Waiting: 1, Oldest: began}}
		}},
		"mails that wait for long": {after: 61 * minute, scene: func(_ time.Time, s *scene) {
			s.vitals.Outbox = []desk.Unsent{{Mailbox: "support", Waiting: 2, Oldest: began}}
			s.account.LastError = "451 try later"
		}, want: "unsent support|2 mails of support wait to be sent: 451 try later|postdesk mail queue shows what the server says"},
		"while others are sent": {after: 61 * minute, scene: func(now time.Time, s *scene) {
			s.vitals.Outbox = []desk.Unsent{{Mailbox: "support", Waiting: 1, Oldest: began}}
			s.account.LastSent = now.Add(-minute)
		}, want: "unsent support (warning)|1 mail of support waits to be sent|postdesk mail queue"},
		"after a restore": {after: 61 * minute, scene: func(_ time.Time, s *scene) {
			s.vitals = desk.Vitals{Paused: "restored", Outbox: []desk.Unsent{{Mailbox: "support", Waiting: 3, Oldest: began}}}
		}, want: "unsent support|3 mails of support wait to be sent, and nothing is sent until a person says so: restored|postdesk mail resume"},
		"an SMTP password that is wrong": {after: 10 * time.Second, scene: func(_ time.Time, s *scene) { s.account.Refused, s.account.LastFail = true, began },
			want: "login " + support + "|Nothing can be sent by " + support + ", which refuses our name or password|correct username or password"},
		"clocks that do not run": {after: 17 * minute, scene: func(_ time.Time, s *scene) { s.ticked = began.Add(minute) },
			want: "clocks|Clocks do not run: no deadline is watched, nothing closes by itself|postdesk check", since: minute},
		"clocks that are late": {after: 16 * minute, scene: func(_ time.Time, s *scene) { s.vitals.Overdue = 2 },
			want: "overdue|The clocks of 2 tickets should have fired and have not|the log of postdesk serve says why"},
		"a policy with mistakes": {after: 16 * minute, scene: func(_ time.Time, s *scene) { s.policy = "policy.yaml:1:1: ..." },
			want: "policy (warning)|The policy has mistakes, and the last good one stands: policy.yaml:1:1: ...|postdesk check policy.yaml"},
		"a sign-in that is over": {after: 10 * time.Second, scene: func(_ time.Time, s *scene) {
			s.signIns = []signInTrouble{{"support at house", "the provider refuses", "postdesk oauth login support", true}}
		}, want: "sign-in support at house|Sign-in of support at house: the provider refuses|postdesk oauth login support"},
		"a sign-in that will be": {after: 10 * time.Second, scene: func(_ time.Time, s *scene) {
			s.signIns = []signInTrouble{{"support at house", "the sign-in ends on 2026-11-30", "postdesk oauth login support", false}}
		}, want: "sign-in support at house (warning)|Sign-in of support at house: the sign-in ends on 2026-11-30|postdesk oauth login support"},
	} {
		t.Run(name, func(t *testing.T) {
			p := readOperatorPolicy(t)
			box := p.Mailboxes[0]
			box.Name = "support"
			box.IMAP = &policy.IMAP{Host: "mx.desk.example", Every: 5 * minute}
			box.SMTP = &policy.SMTP{Host: "mx.desk.example", Port: 587, Username: "support@desk.example"}
			now := began
			see := func() scene {
				s := scene{
					health: mailin.Health{State: mailin.Waiting, LastPass: now.Add(-2 * minute)}, ticked: now.Add(-10 * time.Second),
					account: mailout.AccountHealth{Name: support},
				}
				c.scene(now, &s)
				return s
			}
			l := &lookout{
				policy: func() *policy.Policy { return p }, refusal: func() string { return see().policy },
				vitals:  func(context.Context) (desk.Vitals, error) { s := see(); return s.vitals, s.err },
				pollers: func() map[string]mailin.Health { return map[string]mailin.Health{"support": see().health} },
				sender:  func() mailout.Health { return mailout.Health{Accounts: []mailout.AccountHealth{see().account}} },
				signIns: func(context.Context) []signInTrouble { return see().signIns },
				ticked:  func() time.Time { return see().ticked },
				now:     func() time.Time { return now }, started: began, mailboxes: map[string]*attention{},
			}
			told := l.troubles(t.Context())
			for now.Sub(began) < c.after {
				now = now.Add(10 * time.Second)
				told = l.troubles(t.Context())
			}
			if c.want == "" {
				if len(told) > 0 {
					t.Errorf("told %+v", told)
				}
				return
			}
			if len(told) != 1 {
				t.Fatalf("told %+v, want one trouble", told)
			}
			key := told[0].Key
			if told[0].Warning {
				key += " (warning)"
			}
			if got := strings.Join([]string{key, told[0].What, told[0].Mend}, "|"); !strings.HasPrefix(got, c.want) {
				t.Errorf("told %s\nwant %s", got, c.want)
			}
			if !strings.HasPrefix(key, "sign-in") && told[0].Since != began.Add(c.since) {
				t.Errorf("since %v, want %v", told[0].Since, began.Add(c.since))
			}
		})
	}
}
