package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/alarm"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/mailin"
	"github.com/postdesk/postdesk/mailout"
)

// alarm is the bell of a desk that serves. What it looks at lies in memory but for the outbox, so that it rings without a database too.
func (w *watch) alarm(node string, log *slog.Logger) *alarm.Bell {
	pol := w.policy.current
	if pol().Alarm.Silent() {
		log.Warn("nobody is told when mail stops: add alarm to the policy", "policy", pol().File)
	}
	l := &lookout{
		policy: pol, refusal: w.policy.state, vitals: w.desk.Vitals, pollers: w.pollers.health, sender: w.sender.Health,
		signIns: func(ctx context.Context) []signInTrouble { return signInTroubles(ctx, pol(), w.tokens, utcNow()) },
		ticked:  func() time.Time { return time.Unix(w.tick.Load(), 0).UTC() },
		now:     utcNow, started: utcNow(), mailboxes: map[string]*attention{},
	}
	return &alarm.Bell{
		Look: l.troubles, Paths: func() []alarm.Path { return alarmPaths(pol(), new(net.Dialer).DialContext) }, Again: func() time.Duration { return pol().Alarm.Again },
		Beat: func(ctx context.Context) error {
			if to := pol().Alarm.Heartbeat; to != "" {
				return alarm.Beat(ctx, string(to), nil)
			}
			return nil
		},
		Desk: pol().Desk.Domain, Node: node, Now: utcNow, Log: log,
	}
}

// A lookout looks for what keeps mail from flowing.
type lookout struct {
	policy  func() *policy.Policy
	refusal func() string // why the policy's file as it is does not stand
	vitals  func(context.Context) (desk.Vitals, error)
	pollers func() map[string]mailin.Health
	sender  func() mailout.Health
	signIns func(context.Context) []signInTrouble
	ticked  func() time.Time // when clocks were last looked at
	now     func() time.Time

	started   time.Time
	mailboxes map[string]*attention // by name

	away, overdue, refused time.Time // since when: the database, late clocks, the policy's file; zero for not
}

// An attention is what was last seen of a mailbox.
type attention struct {
	good     time.Time // when mail of it was last known to flow
	received int
}

func (l *lookout) troubles(ctx context.Context) (all []alarm.Trouble) {
	p, now := l.policy(), l.now()
	limits := p.Alarm
	check := "postdesk check " + p.File + " says more"

	asked, cancel := context.WithTimeout(ctx, vitalsTime)
	v, err := l.vitals(asked)
	cancel()
	if since(&l.away, err != nil, now) > limits.After {
		all = append(all, alarm.Trouble{Key: "database", What: fmt.Sprintf("The database is away: %v", err), Since: l.away, Mend: check})
	}
	all = append(all, l.unread(p, now)...)
	if err == nil {
		all = append(all, l.unsent(p, v, now)...)
	}
	for _, a := range l.sender().Accounts {
		if a.Refused {
			all = append(all, alarm.Trouble{Key: "login " + a.Name, What: "Nothing can be sent by " + a.Name + ", which refuses our name or password",
				Since: a.LastFail, Mend: "correct username or password in the policy; " + check})
		}
	}
	last := l.started
	if at := l.ticked(); at.After(last) {
		last = at
	}
	if now.Sub(last) > limits.After+longestNap {
		all = append(all, alarm.Trouble{Key: "clocks", What: "Clocks do not run: no deadline is watched, nothing closes by itself", Since: last, Mend: check})
	}
	if since(&l.overdue, err == nil && v.Overdue > 0, now) > limits.After {
		all = append(all, alarm.Trouble{Key: "overdue", What: fmt.Sprintf("The clocks of %s should have fired and have not", count(v.Overdue, "ticket", "tickets")),
			Since: l.overdue, Mend: "the log of postdesk serve says why"})
	}
	asked, cancel = context.WithTimeout(ctx, vitalsTime)
	defer cancel()
	for _, t := range l.signIns(asked) {
		all = append(all, alarm.Trouble{Key: "sign-in " + t.who, What: "Sign-in of " + t.who + ": " + t.said, Mend: t.mend, Warning: !t.stops})
	}
	if since(&l.refused, l.refusal() != "", now) > limits.After {
		all = append(all, alarm.Trouble{Key: "policy", What: "The policy has mistakes, and the last good one stands: " + l.refusal(), Since: l.refused,
			Mend: "postdesk check " + p.File, Warning: true})
	}
	return all
}

// since keeps the time since when something is so, and tells how long that is.
func since(at *time.Time, is bool, now time.Time) time.Duration {
	switch {
	case !is:
		*at = time.Time{}
		return 0
	case at.IsZero():
		*at = now
	}
	return now.Sub(*at)
}

// unread are the mailboxes that were not read for too long. One that another node reads is well, and so is one whose old mails are being
// taken in, which may last for hours.
func (l *lookout) unread(p *policy.Policy, now time.Time) (all []alarm.Trouble) {
	health := l.pollers()
	for _, name := range slices.Sorted(maps.Keys(health)) {
		h, box := health[name], p.Mailbox(name)
		if box == nil || box.IMAP == nil {
			continue
		}
		a := l.mailboxes[name]
		if a == nil {
			a = &attention{good: now}
			l.mailboxes[name] = a
		}
		if h.State == mailin.Standby || h.Received != a.received {
			a.good = now
		}
		a.received = h.Received
		if h.LastPass.After(a.good) {
			a.good = h.LastPass
		}
		if limit := p.Alarm.After + min(box.IMAP.Every, 20*time.Minute); !h.Refused && now.Sub(a.good) <= limit {
			continue
		}
		what, mend := "Mailbox "+name+" is not read", "postdesk check "+p.File+" says more"
		if h.Fault != nil {
			what += ": " + h.Error
			if how := mendMail(h.Fault, "imap", p, box, now); how != "" {
				mend = how + "; " + mend
			}
		}
		all = append(all, alarm.Trouble{Key: "mailbox " + name, What: what, Since: a.good, Mend: mend})
	}
	maps.DeleteFunc(l.mailboxes, func(name string, _ *attention) bool { _, ok := health[name]; return !ok })
	return all
}

// unsent are the mailboxes whose mail waits for too long. Where others are sent meanwhile it is those mails' own trouble.
func (l *lookout) unsent(p *policy.Policy, v desk.Vitals, now time.Time) (all []alarm.Trouble) {
	accounts := map[string]mailout.AccountHealth{}
	for _, a := range l.sender().Accounts {
		accounts[a.Name] = a
	}
	for _, u := range v.Outbox {
		if now.Sub(u.Oldest) <= p.Alarm.Unsent {
			continue
		}
		t := alarm.Trouble{Key: "unsent " + u.Mailbox, Since: u.Oldest, Mend: "postdesk mail queue shows what the server says; postdesk check " + p.File}
		t.What = fmt.Sprintf("%s to be sent", count(u.Waiting, "mail of "+u.Mailbox+" waits", "mails of "+u.Mailbox+" wait"))
		if v.Paused != "" {
			t.What, t.Mend = t.What+", and nothing is sent until a person says so: "+v.Paused, "postdesk mail resume"
		} else if box := p.Mailbox(u.Mailbox); box != nil && box.SMTP != nil {
			a := accounts[mailout.AccountName(*box.SMTP)]
			if a.LastError != "" {
				t.What += ": " + a.LastError
			}
			t.Warning = !a.LastSent.IsZero() && now.Sub(a.LastSent) < p.Alarm.Unsent
		}
		all = append(all, t)
	}
	return all
}

// alarmPaths are the ways to a person that the policy names.
func alarmPaths(p *policy.Policy, dial func(context.Context, string, string) (net.Conn, error)) (all []alarm.Path) {
	a := p.Alarm
	if a.Mail != nil {
		for _, to := range a.Mail.To {
			all = append(all, mailPath{p, to, dial})
		}
	}
	if len(a.Command) > 0 {
		all = append(all, alarm.Command{Args: a.Command, Again: a.Again})
	}
	if a.Webhook != "" {
		all = append(all, alarm.Webhook{URL: string(a.Webhook), Again: a.Again})
	}
	return all
}

// A mailPath writes to somebody by an account that has nothing to do with the desk's own.
type mailPath struct {
	policy *policy.Policy
	to     string
	dial   func(context.Context, string, string) (net.Conn, error)
}

func (m mailPath) String() string { return "alarm.mail to " + m.to }

// Tell implements alarm.Path.
func (m mailPath) Tell(ctx context.Context, r alarm.Report) error {
	by := m.policy.Alarm.Mail
	s := &mailout.Sender{Dial: m.dial, Now: utcNow, Hello: message.Domain(by.From)}
	return s.Submit(ctx, by.SMTP, &desk.Mail{
		EnvelopeFrom: by.From, From: message.Address{Name: "Postdesk", Addr: by.From}, To: message.Address{Addr: m.to}, Subject: r.Subject(),
		Text: r.Text(m.policy.Alarm.Again), Language: "en", Automatic: true, At: r.At,
		MessageID: message.ID("alarm." + strings.ToLower(rand.Text()) + "@" + message.Domain(by.From)),
	})
}

type alarmCmd struct {
	Policy string `arg:"" type:"existingfile" help:"The policy file."`
}

// Help is printed below the usage.
func (alarmCmd) Help() string {
	return `Rings once by every way below alarm in the policy, so that you see whether it reaches you before it has to.

For example:

    postdesk alarm policy.yaml`
}

// Run tries the alarm.
func (c alarmCmd) Run(ctx context.Context) error {
	p, err := policy.Read(c.Policy)
	if err != nil {
		return err
	}
	if len(p.Unset) > 0 {
		return fmt.Errorf("%s asks for secrets that are not there:\n%w", c.Policy, &p.Unset)
	}
	if p.Alarm.Silent() {
		return fmt.Errorf("%s: there is no alarm: nobody is told when mail stops", c.Policy)
	}
	r := alarm.Report{Desk: p.Desk.Domain, Node: nodeName(), At: utcNow(), Trial: true,
		Troubles: []alarm.Trouble{{Key: "trial", What: "This is a trial of the alarm; all is well", Warning: true}}}
	paths := alarmPaths(p, new(net.Dialer).DialContext)
	errs := alarm.Tell(ctx, paths, r)
	for i, path := range paths {
		if errs[i] == nil {
			fmt.Fprintf(os.Stdout, "%s: told\n", path)
		}
	}
	if to := p.Alarm.Heartbeat; to != "" {
		if err := alarm.Beat(ctx, string(to), nil); err != nil {
			errs = append(errs, fmt.Errorf("alarm.heartbeat: %w", err))
		} else {
			fmt.Fprintln(os.Stdout, "alarm.heartbeat: heard")
		}
	}
	return errors.Join(errs...)
}
