package parse

import (
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"time"
)

// odd forms of dates that net/mail refuses, after white space and comments are gone.
var dateForms = []string{
	"Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05", "Mon, 2 Jan 2006 15:04", "Mon Jan 2 15:04:05 2006", "Mon Jan 2 15:04:05 MST 2006", "Mon Jan 2 15:04:05 2006 -0700",
	"Mon, 2 January 2006 15:04:05 -0700", "Mon, 2-Jan-2006 15:04:05 -0700", "Mon, 2 Jan 06 15:04:05 -0700", "Mon, 2 Jan 2006 15.04.05 -0700",
	"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", time.RFC3339, "02.01.2006 15:04:05", "2.1.2006 15:04:05", "2.1.2006 15:04", "2/1/2006 15:04:05", "2006/01/02 15:04:05",
	"Mon, 2 Jan 2006 15:04:05 -07:00", "Mon, 2 Jan 2006 15:04:05 GMT-0700", "Mon, 2 Jan 2006 15:04:05 GMT-07:00", "Mon, 2 Jan 2006 3:04:05 PM -0700", "Mon 2 Jan 2006 15:04:05 -0700",
}

var comments = regexp.MustCompile(`\([^()]*\)?`)

// parseDate reads the sender's own clock (RFC 5322, 3.3), with the offset that he gave. A value without a zone is taken for UTC.
func parseDate(v string) (time.Time, error) {
	if t, ok := usualDate(v); ok && plausible(t) {
		return t, nil
	}
	if t, ok := looseDate(v); ok && plausible(t) {
		return t, nil
	}
	if t, err := mail.ParseDate(v); err == nil && plausible(t) {
		return t, nil
	}
	v = strings.Join(strings.Fields(comments.ReplaceAllString(clip(v, 200), " ")), " ")
	v = strings.Trim(v, " \"',")
	if _, rest, ok := strings.Cut(v, ","); ok { // a weekday in another language or wrong form
		if t, err := mail.ParseDate(strings.TrimSpace(rest)); err == nil && plausible(t) {
			return t, nil
		}
		if strings.Contains(rest, ":") {
			v = "Mon, " + strings.TrimSpace(rest)
		}
	}
	if !strings.ContainsAny(v, "0123456789") {
		return time.Time{}, fmt.Errorf("date %.80q", v)
	}
	read := func(form, v string) (time.Time, bool) {
		if (form[0] == 'M') == (v[0] >= '0' && v[0] <= '9') { // a weekday and a number
			return time.Time{}, false
		}
		t, err := time.Parse(form, v)
		return t, err == nil && plausible(t)
	}
	for _, form := range dateForms {
		if t, ok := read(form, v); ok {
			return t, nil
		}
	}
	words := strings.Fields(v)
	for _, form := range dateForms { // words after the date, such as a zone's name that nobody knows
		if cut := len(strings.Fields(form)); len(words) > cut {
			if t, ok := read(form, strings.Join(words[:cut], " ")); ok {
				return t, nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("date %.80q", v)
}

// plausible keeps out years that no database and no page can show.
func plausible(t time.Time) bool { return t.Year() > 1900 && t.Year() < 9999 }

// usualDate reads a date in the form that nearly all mails have, "Mon, 2 Nov 2026 10:15:00 +0100", with or without weekday, seconds and a
// comment behind: net/mail tries forms one after the other, each with an error of its own. Whatever is odd about a date is for others.
func usualDate(s string) (t time.Time, ok bool) {
	if day, rest, found := strings.Cut(s, ","); found {
		if len(day) != 3 || !oneOfThree("MonTueWedThuFriSatSun", day) {
			return t, false
		}
		s = strings.TrimLeft(rest, " ")
	}
	day, s, ok := number(s, 1, 2)
	if !ok || len(s) < 5 || s[0] != ' ' || s[4] != ' ' {
		return t, false
	}
	month := strings.Index(months, s[1:4])
	if month < 0 || month%3 != 0 {
		return t, false
	}
	year, s, ok := number(s[5:], 4, 4)
	if !ok || len(s) < 1 || s[0] != ' ' {
		return t, false
	}
	hour, s, ok := number(s[1:], 2, 2)
	if !ok || len(s) < 1 || s[0] != ':' {
		return t, false
	}
	minute, s, ok := number(s[1:], 2, 2)
	if !ok {
		return t, false
	}
	second := 0
	if len(s) > 0 && s[0] == ':' {
		if second, s, ok = number(s[1:], 2, 2); !ok {
			return t, false
		}
	}
	if len(s) < 6 || s[0] != ' ' || s[1] != '+' && s[1] != '-' {
		return t, false
	}
	zone, rest, ok := number(s[2:], 4, 4)
	if !ok || rest != "" && !(strings.HasPrefix(rest, " (") && strings.IndexByte(rest, ')') == len(rest)-1) {
		return t, false
	}
	offset := zone/100*3600 + zone%100*60
	if s[1] == '-' {
		offset = -offset
	}
	if hour > 23 || minute > 59 || second > 59 || day < 1 || zone/100 > 23 || zone%100 > 59 {
		return t, false
	}
	t = time.Date(year, time.Month(month/3+1), day, hour, minute, second, 0, zoneOf(offset))
	return t, t.Day() == day // no 31st of June
}

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

func oneOfThree(list, name string) bool {
	i := strings.Index(list, name)
	return i >= 0 && i%3 == 0
}

// zoneOf is an offset as time.Parse has it: the machine's own zone where that has it at the time is of no concern here.
func zoneOf(offset int) *time.Location {
	if offset == 0 {
		return time.UTC
	}
	return time.FixedZone("", offset)
}

// number reads digits, least to most of them, which nothing but digits may follow or not.
func number(s string, least, most int) (n int, rest string, ok bool) {
	i := 0
	for i < len(s) && i < most && s[i] >= '0' && s[i] <= '9' {
		n = 10*n + int(s[i]-'0')
		i++
	}
	return n, s[i:], i >= least
}
