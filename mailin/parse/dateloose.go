package parse

import (
	"strings"
	"time"
	"unicode/utf8"
)

// looseDate reads a date by its words, in whatever order and language they come: a day, a month's name, a year and a time are all that it
// takes. Weekdays are passed over, as is a zone that nobody knows.
func looseDate(v string) (t time.Time, ok bool) {
	var d dateWords
	for word := range strings.FieldsSeq(strings.Map(spaceForComma, comments.ReplaceAllString(clip(v, 200), " "))) {
		if word = strings.Trim(word, "\"';."); word != "" && !d.read(word) {
			return t, false
		}
	}
	return d.time()
}

func spaceForComma(r rune) rune {
	if r == ',' {
		return ' '
	}
	return r
}

// dateWords are what the words of a date say until now.
type dateWords struct {
	day, month, year     int
	hour, minute, second int
	timed, zoned, late   bool
	offset               int // seconds
	sign                 int // of an offset in the next word
}

func (d *dateWords) read(word string) bool {
	digits := digits(word)
	switch {
	case d.sign != 0 && digits == len(word):
		d.zone(word, d.sign)
		d.sign = 0
	case digits > 0 && digits < len(word) && word[digits] == ':':
		return d.clock(word)
	case digits > 0 && digits < 3 && strings.Count(word, "-") == 2: // 2-Nov-2026
		for part := range strings.SplitSeq(word, "-") {
			if !d.read(part) {
				return false
			}
		}
	case digits == len(word):
		return d.number(word)
	case digits > 0:
		return false
	case word == "+" || word == "-":
		d.sign = signOf(word)
	case word[0] == '+' || word[0] == '-':
		d.zone(word[1:], signOf(word))
	default:
		d.name(word)
	}
	return true
}

func signOf(word string) int {
	if word[0] == '-' {
		return -1
	}
	return 1
}

// clock reads 10:15, 10:15:00, 10:15:00.123 and 10:15:00Z.
func (d *dateWords) clock(word string) (ok bool) {
	if d.timed {
		return false
	}
	d.timed = true
	hour, rest, ok := number(word, 1, 2)
	if !ok || rest == "" {
		return false
	}
	minute, rest, ok := number(rest[1:], 2, 2)
	if !ok {
		return false
	}
	d.hour, d.minute = hour, minute
	if strings.HasPrefix(rest, ":") {
		if d.second, rest, ok = number(rest[1:], 2, 2); !ok {
			return false
		}
	}
	if strings.HasPrefix(rest, ".") {
		rest = rest[1+digits(rest[1:]):]
	}
	switch {
	case rest == "":
	case rest[0] == '+' || rest[0] == '-':
		d.zone(rest[1:], signOf(rest))
	default:
		d.name(rest)
	}
	return true
}

func (d *dateWords) number(word string) bool {
	n, _, _ := number(word, 1, len(word))
	switch {
	case len(word) == 4 && d.year == 0:
		d.year = n
	case len(word) == 4 && d.timed && !d.zoned: // its sign was lost
		d.zone(word, 1)
	case len(word) <= 2 && d.day == 0:
		d.day = n
	case len(word) == 2 && d.year == 0 && d.month != 0: // RFC 5322, 4.3
		if d.year = 1900 + n; n < 50 {
			d.year = 2000 + n
		}
	case len(word) == 3 && d.year == 0 && d.month != 0:
		d.year = 1900 + n
	default:
		return false
	}
	return true
}

// zone reads the digits of an offset: 0100, 100, 01:00, 1.
func (d *dateWords) zone(word string, sign int) {
	word = strings.ReplaceAll(word, ":", "")
	n, rest, ok := number(word, 1, 4)
	if d.zoned || !ok || rest != "" {
		return
	}
	if len(word) < 3 {
		n *= 100
	}
	if n/100 < 24 && n%100 < 60 {
		d.zoned, d.offset = true, sign*(n/100*3600+n%100*60)
	}
}

// name reads a month, half a day or a zone.
func (d *dateWords) name(word string) {
	low := strings.ToLower(word)
	if month := monthOf(low); month != 0 {
		d.month = month
		return
	}
	switch {
	case low == "pm":
		d.late = true
	case d.zoned || !d.timed:
	case len(low) > 3 && (low[:3] == "gmt" || low[:3] == "utc") && (low[3] == '+' || low[3] == '-'):
		d.zone(low[4:], signOf(low[3:]))
	default:
		if quarters, ok := zoneNames[low]; ok {
			d.zoned, d.offset = true, quarters*15*60
		}
	}
}

func (d *dateWords) time() (t time.Time, ok bool) {
	if d.day < 1 || d.month == 0 || d.year == 0 || !d.timed || d.hour > 24 || d.minute > 59 || d.second > 60 {
		return t, false
	}
	if d.late && d.hour < 12 {
		d.hour += 12
	}
	if noon := time.Date(d.year, time.Month(d.month), d.day, 12, 0, 0, 0, time.UTC); noon.Day() != d.day {
		return t, false // no 31st of June
	}
	return time.Date(d.year, time.Month(d.month), d.day, d.hour, d.minute, d.second, 0, zoneOf(d.offset)), true
}

// monthOf tells a month by the first letters of its name, 0 for none.
func monthOf(low string) int {
	end, letters := 0, 0
	for end < len(low) && letters < 3 {
		_, n := utf8.DecodeRuneInString(low[end:])
		end += n
		letters++
	}
	if strings.HasPrefix(low, "juil") {
		return 7
	}
	return monthNames[low[:end]]
}

var monthNames = map[string]int{
	"jan": 1, "ene": 1, "gen": 1, "янв": 1, "sty": 1,
	"feb": 2, "fév": 2, "fev": 2, "фев": 2, "lut": 2,
	"mar": 3, "mär": 3, "maa": 3, "mrt": 3, "мар": 3,
	"apr": 4, "avr": 4, "abr": 4, "апр": 4, "kwi": 4,
	"may": 5, "mai": 5, "mag": 5, "mei": 5, "maj": 5, "май": 5, "мая": 5,
	"jun": 6, "jui": 6, "giu": 6, "июн": 6, "cze": 6,
	"jul": 7, "lug": 7, "июл": 7, "lip": 7,
	"aug": 8, "aoû": 8, "ago": 8, "авг": 8, "sie": 8,
	"sep": 9, "set": 9, "сен": 9, "wrz": 9,
	"oct": 10, "okt": 10, "ott": 10, "out": 10, "окт": 10, "paź": 10,
	"nov": 11, "ноя": 11, "lis": 11,
	"dec": 12, "dez": 12, "déc": 12, "dic": 12, "дек": 12, "gru": 12,
}

// zoneNames are zones in quarters of an hour from UTC: those of RFC 5322, 4.3, and others that mean one thing in mail.
var zoneNames = map[string]int{
	"ut": 0, "utc": 0, "gmt": 0, "z": 0, "wet": 0,
	"est": -20, "edt": -16, "cst": -24, "cdt": -20, "mst": -28, "mdt": -24, "pst": -32, "pdt": -28, "akst": -36, "akdt": -32, "hst": -40, "ast": -16, "adt": -12, "nst": -14, "ndt": -10, "brt": -12, "art": -12,
	"bst": 4, "west": 4, "cet": 4, "mez": 4, "met": 4, "cest": 8, "mesz": 8, "mest": 8, "eet": 8, "eest": 12, "sast": 8, "msk": 12, "msd": 16, "trt": 12,
	"hkt": 32, "sgt": 32, "awst": 32, "jst": 36, "kst": 36, "acst": 38, "aest": 40, "aedt": 44, "nzst": 48, "nzdt": 52,
}
