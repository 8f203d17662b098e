package calendar

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// maxICS is the most that one .ics file may hold, in bytes: some thousand events.
const maxICS = 1 << 20

// maxEventDays is how many days one event may last. Whoever closes for longer than Check allows has mistyped a year.
const maxEventDays = mostClosed

// An ICSError is one thing in an .ics file that cannot be read, and where.
type ICSError struct {
	Line        int // from 1
	Found, Want string
}

func (e *ICSError) Error() string {
	return fmt.Sprintf("line %d: found %s, want %s", e.Line, e.Found, e.Want)
}

// ReadICS reads the closing days of an iCalendar file (RFC 5545): each event that lasts whole days closes each of them and gives its
// summary as their name. Events with a time of day are appointments and say nothing about the desk; cancelled ones are left out too. Of
// what repeats only FREQ=YEARLY is read, through the last year of the tables of holidays. Wrong are all mistakes of the file; days
// holds what could be read.
func ReadICS(data []byte) (days map[Date]string, wrong []*ICSError) {
	if len(data) > maxICS {
		return nil, []*ICSError{{1, fmt.Sprintf("%d bytes", len(data)), fmt.Sprintf("at most %d", maxICS)}}
	}
	if data = bytes.TrimPrefix(data, []byte("\ufeff")); len(bytes.TrimSpace(data)) == 0 {
		return nil, []*ICSError{{1, "nothing", "BEGIN:VCALENDAR"}}
	}
	begins, broken := eventLines(data)
	if broken != nil {
		return nil, []*ICSError{broken}
	}
	file, err := ics.ParseCalendar(bytes.NewReader(data))
	if err != nil {
		return nil, []*ICSError{{1, "text that is no calendar", "an iCalendar file: BEGIN:VCALENDAR, events, END:VCALENDAR"}}
	}
	days = map[Date]string{}
	for i, e := range file.Events() {
		line := 1
		if i < len(begins) {
			line = begins[i]
		}
		if err := readEvent(days, e); err != nil {
			err.Line = line
			wrong = append(wrong, err)
		}
	}
	return days, wrong
}

// eventLines are the lines at which events begin, and the first line that is none of a calendar. The library tells neither.
func eventLines(data []byte) (begins []int, broken *ICSError) {
	n := 0
	var open []string // what began and has not ended
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == ' ' || line[0] == '\t' { // goes on with the line before (RFC 5545, 3.1)
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		last := ""
		if len(open) > 0 {
			last = open[len(open)-1]
		}
		switch {
		case last == "" && line != "BEGIN:VCALENDAR":
			return nil, &ICSError{n, strconv.Quote(clipped(line)), "BEGIN:VCALENDAR"}
		case !ok:
			return nil, &ICSError{n, strconv.Quote(clipped(line)), "a line such as SUMMARY:Christmas party"}
		case name == "BEGIN":
			open = append(open, value)
			if value == "VEVENT" {
				begins = append(begins, n)
			}
		case name == "END" && value != last:
			return nil, &ICSError{n, strconv.Quote(clipped(line)), "END:" + last}
		case name == "END":
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return nil, &ICSError{n, "the end of the file", "END:" + open[len(open)-1]}
	}
	return begins, nil
}

func clipped(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// readEvent adds the days of one event.
func readEvent(days map[Date]string, e *ics.VEvent) *ICSError {
	property := func(name ics.ComponentProperty) string {
		if p := e.GetProperty(name); p != nil {
			return p.Value
		}
		return ""
	}
	start := property(ics.ComponentPropertyDtStart)
	if strings.Contains(start, "T") || strings.EqualFold(property(ics.ComponentPropertyStatus), "CANCELLED") {
		return nil
	}
	first, err := icsDate(start)
	if err != nil {
		return &ICSError{0, "an event with DTSTART " + strconv.Quote(clipped(start)), "a day such as 20261224"}
	}
	name := strings.Join(strings.Fields(property(ics.ComponentPropertySummary)), " ")
	if name == "" {
		name = "closed"
	}
	length := 1
	end, duration := property(ics.ComponentPropertyDtEnd), property(ics.ComponentPropertyDuration)
	switch {
	case end != "":
		after, err := icsDate(end) // the day after the last one (RFC 5545, 3.6.1)
		if length = int(after.day() - first.day()); err != nil || length < 0 {
			return &ICSError{0, fmt.Sprintf("%q with DTEND %q", clipped(name), clipped(end)), "the day after its last one, such as 20261227"}
		}
		length = max(1, length) // some programs write the day itself
	case duration != "":
		if length, err = icsDays(duration); err != nil {
			return &ICSError{0, fmt.Sprintf("%q with DURATION %q", clipped(name), clipped(duration)), "whole days, such as P2D"}
		}
	}
	if length > maxEventDays {
		return &ICSError{0, fmt.Sprintf("%q, which lasts %d days", clipped(name), length), fmt.Sprintf("at most %d", maxEventDays)}
	}
	last := first.Year
	switch rule := property(ics.ComponentPropertyRrule); strings.TrimSuffix(strings.ToUpper(rule), ";INTERVAL=1") {
	case "":
	case "FREQ=YEARLY":
		last = max(last, HolidaysThrough)
	default:
		return &ICSError{0, fmt.Sprintf("%q, which repeats by %q", clipped(name), clipped(rule)), "FREQ=YEARLY alone, or an event for each date"}
	}
	for year := first.Year; year <= last; year++ {
		d := Date{year, first.Month, first.Day}
		if !d.exists() { // 29 February comes in leap years only
			continue
		}
		for n := range length {
			days[dateOf(d.day()+int64(n))] = name
		}
	}
	return nil
}

func icsDate(s string) (Date, error) {
	t, err := time.Parse("20060102", s)
	if err != nil {
		return Date{}, err
	}
	return Date{t.Year(), t.Month(), t.Day()}, nil
}

// icsDays reads P3D and P2W.
func icsDays(s string) (int, error) {
	number, ok := strings.CutPrefix(s, "P")
	unit := 1
	if days, isDays := strings.CutSuffix(number, "D"); isDays {
		number = days
	} else if weeks, isWeeks := strings.CutSuffix(number, "W"); isWeeks {
		number, unit = weeks, 7
	} else {
		ok = false
	}
	n, isNumber := digits(number)
	if !ok || !isNumber || n < 1 || n > maxEventDays {
		return 0, errors.New("no whole days")
	}
	return n * unit, nil
}
