package policy

import (
	"errors"
	"time"
)

// readAlarm reads how the operator is told that mail stops.
func readAlarm(v value, boxes []*Mailbox) Alarm {
	m := v.fields("after", "unsent", "again", "mail", "command", "webhook", "webhook_file", "heartbeat", "heartbeat_file")
	a := Alarm{
		After: m.key("after").span(15*time.Minute, time.Minute, 24*time.Hour, "15m"), Unsent: m.key("unsent").span(time.Hour, time.Minute, 7*24*time.Hour, "1h"),
		Again:   m.key("again").span(4*time.Hour, 10*time.Minute, 7*24*time.Hour, "4h"),
		Command: each(m.key("command"), func(v value) (string, bool) { s := v.text(""); return s, s != "" }),
		Webhook: m.secret("webhook", false), Heartbeat: m.secret("heartbeat", false),
	}
	if m.key("mail").given() {
		a.Mail = readAlarmMail(m.key("mail"), boxes)
	}
	return a
}

func readAlarmMail(v value, boxes []*Mailbox) *AlarmMail {
	m := v.fields("from", "to", "host", "port", "tls", "username", "password", "password_file")
	a := &AlarmMail{SMTP: SMTP{Username: m.key("username").line("")}}
	a.From, _ = m.key("from").must("the address that the account sends as").address()
	a.To = each(m.key("to").must("addresses such as ops@example.org"), value.address)
	a.Password = m.secret("password", a.Username != "")
	a.Host, a.Port, a.TLS = readServer(m, map[string]int64{"implicit": 465, "starttls": 587, "none": 25})
	for _, b := range boxes {
		// What stops the one stops the other.
		if b.SMTP != nil && b.SMTP.Host == a.Host && b.SMTP.Username == a.Username && a.Host != "" {
			m.key("host").mistake("the account by which mailboxes."+b.Name+" is answered", "one of another server, since an alarm is told when that one is silent")
			break
		}
	}
	return a
}

// span is a time by the clock within bounds.
func (v value) span(other, least, most time.Duration, such string) time.Duration {
	d, _ := parsed(v, other, "a time from "+brief(least)+" to "+brief(most)+", such as "+such, func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err == nil && (d < least || d > most) {
			err = errors.New("out of range")
		}
		return d, err
	})
	return d
}

// brief is a duration without the units that are zero.
func brief(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if len(s) > len(zero) && s[len(s)-len(zero):] == zero {
			s = s[:len(s)-len(zero)+1]
		}
	}
	return s
}
