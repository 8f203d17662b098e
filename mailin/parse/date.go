package parse

import (
	"strings"
	"time"
)

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
