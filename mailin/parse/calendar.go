package parse

import "strings"

const maxEvents = 5 // that are told of one file

// calendarLines says in a line what each event of an iCalendar file is (RFC 5545), so that nobody has to open it to know: an invitation
// is often all that a mail has.
func calendarLines(text string) (lines []string) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	text = strings.NewReplacer("\n ", "", "\n\t", "").Replace(text) // unfolded (3.1)
	method := "an appointment"
	event := map[string]string{}
	inside := 0 // depth in an event: alarms have properties of the same names
	for line := range strings.SplitSeq(text, "\n") {
		name, value, ok := strings.Cut(clip(line, 4000), ":")
		if !ok {
			continue
		}
		name, params, _ := strings.Cut(name, ";")
		name = strings.ToUpper(name)
		value = strings.TrimSpace(value)
		switch {
		case name == "METHOD":
			method = methods[strings.ToUpper(value)]
			if method == "" {
				method = "an appointment"
			}
		case name == "BEGIN" && (strings.EqualFold(value, "VEVENT") || inside > 0):
			inside++
		case name == "END" && inside > 0:
			if inside--; inside == 0 {
				if len(lines) < maxEvents {
					lines = append(lines, eventLine(method, event))
				}
				event = map[string]string{}
			}
		case inside == 1 && event[name] == "":
			if zone := paramOf(params, "TZID"); zone != "" {
				value += " " + strings.Trim(zone, `"`)
			}
			event[name] = value
		}
	}
	return lines
}

var methods = map[string]string{
	"REQUEST": "an invitation", "CANCEL": "a cancelled appointment", "REPLY": "an answer to an invitation", "COUNTER": "another time for an appointment",
}

func paramOf(params, name string) string {
	for p := range strings.SplitSeq(params, ";") {
		if key, v, ok := strings.Cut(p, "="); ok && strings.EqualFold(key, name) {
			return v
		}
	}
	return ""
}

func eventLine(method string, event map[string]string) string {
	unescaped := strings.NewReplacer(`\n`, " ", `\N`, " ", `\,`, ",", `\;`, ";", `\\`, `\`)
	said := method
	if s := unescaped.Replace(event["SUMMARY"]); s != "" {
		said += ": " + s
	}
	if start := calendarTime(event["DTSTART"]); start != "" {
		said += ", " + start
		if end := calendarTime(event["DTEND"]); end != "" {
			said += " to " + end
		}
	}
	if where := unescaped.Replace(event["LOCATION"]); where != "" {
		said += ", at " + where
	}
	if strings.EqualFold(event["STATUS"], "CANCELLED") && !strings.HasPrefix(said, "a cancelled") {
		said += " (cancelled)"
	}
	return clip(oneLine(said), 500)
}

// calendarTime is "20261105T090000Z" as people write it (3.3.4, 3.3.5), its zone as named behind it.
func calendarTime(v string) string {
	at, zone, _ := strings.Cut(v, " ")
	if len(at) < 8 || strings.Trim(at[:8], "0123456789") != "" {
		return ""
	}
	said := at[:4] + "-" + at[4:6] + "-" + at[6:8]
	if len(at) >= 13 && at[8] == 'T' {
		said += " " + at[9:11] + ":" + at[11:13]
		if strings.HasSuffix(at, "Z") {
			zone = "UTC"
		}
	}
	if zone != "" {
		said += " (" + zone + ")"
	}
	return said
}
