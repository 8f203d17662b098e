package calendar

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// ofEvents is an iCalendar file as programs write them, with these lines as its events' own.
func ofEvents(events ...string) string {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//test//EN\r\n")
	for i, e := range events {
		fmt.Fprintf(&b, "BEGIN:VEVENT\r\nUID:%d@desk.example\r\nDTSTAMP:20260101T000000Z\r\n%s\r\nEND:VEVENT\r\n", i, strings.ReplaceAll(e, "\n", "\r\n"))
	}
	return b.String() + "END:VCALENDAR\r\n"
}

func TestReadICS(t *testing.T) {
	for _, tc := range []struct{ name, file, want string }{
		{"a day", ofEvents("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261225\nSUMMARY:Christmas party"), "2026-12-24 Christmas party"},
		{"several days, the end not included", ofEvents("DTSTART;VALUE=DATE:20261228\nDTEND;VALUE=DATE:20261231\nSUMMARY:Works holidays"),
			"2026-12-28 Works holidays, 2026-12-29 Works holidays, 2026-12-30 Works holidays"},
		{"over the year's end", ofEvents("DTSTART;VALUE=DATE:20261231\nDTEND;VALUE=DATE:20270102\nSUMMARY:x"), "2026-12-31 x, 2027-01-01 x"},
		{"no end is one day", ofEvents("DTSTART;VALUE=DATE:20261224\nSUMMARY:x"), "2026-12-24 x"},
		{"an end on the day itself is one day", ofEvents("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261224\nSUMMARY:x"), "2026-12-24 x"},
		{"a length in days", ofEvents("DTSTART;VALUE=DATE:20261224\nDURATION:P2D\nSUMMARY:x"), "2026-12-24 x, 2026-12-25 x"},
		{"a date without its type", ofEvents("DTSTART:20261224\nSUMMARY:x"), "2026-12-24 x"},
		{"no summary", ofEvents("DTSTART;VALUE=DATE:20261224"), "2026-12-24 closed"},
		{"a summary on two lines, with signs", ofEvents("DTSTART;VALUE=DATE:20261224\nSUMMARY:Betriebs\n feier\\, Büro"), "2026-12-24 Betriebsfeier, Büro"},
		{"an appointment", ofEvents("DTSTART:20261224T100000Z\nDTEND:20261224T110000Z\nSUMMARY:Meeting"), ""},
		{"an appointment in a zone", ofEvents("DTSTART;TZID=Europe/Berlin:20261224T100000\nSUMMARY:Meeting"), ""},
		{"cancelled", ofEvents("DTSTART;VALUE=DATE:20261224\nSTATUS:CANCELLED\nSUMMARY:x"), ""},
		{"two events", ofEvents("DTSTART;VALUE=DATE:20261224\nSUMMARY:x", "DTSTART;VALUE=DATE:20261231\nSUMMARY:y"), "2026-12-24 x, 2026-12-31 y"},
		{"no events", ofEvents(), ""},
		{"a byte order mark, and line ends of Unix", "\ufeff" + strings.ReplaceAll(ofEvents("DTSTART;VALUE=DATE:20261224\nSUMMARY:x"), "\r", ""), "2026-12-24 x"},

		{"a weekly event", ofEvents("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=WEEKLY\nSUMMARY:x"), `line 4: found "x", which repeats by "FREQ=WEEKLY", want FREQ=YEARLY alone, or an event for each date`},
		{"the second of two", ofEvents("DTSTART;VALUE=DATE:20261224", "DTSTART;VALUE=DATE:20261324"), `line 9: found an event with DTSTART "20261324", want a day such as 20261224`},
		{"an end before the start", ofEvents("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20251225\nSUMMARY:x"), `line 4: found "x" with DTEND "20251225", want the day after its last one, such as 20261227`},
		{"an end in ten years", ofEvents("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20361225\nSUMMARY:x"), `line 4: found "x", which lasts 3654 days, want at most 366`},
		{"hours of a day", ofEvents("DTSTART;VALUE=DATE:20261224\nDURATION:PT4H\nSUMMARY:x"), `line 4: found "x" with DURATION "PT4H", want whole days, such as P2D`},
		{"a page instead", "<!DOCTYPE html>\n<title>Sign in</title>\n", `line 1: found "<!DOCTYPE html>", want BEGIN:VCALENDAR`},
		{"nothing", "\r\n", `line 1: found nothing, want BEGIN:VCALENDAR`},
		{"cut in the middle", ofEvents("DTSTART;VALUE=DATE:20261224")[:80], `line 5: found the end of the file, want END:VEVENT`},
		{"a line without a colon", ofEvents("DTSTART;VALUE=DATE:20261224\nHello"), `line 8: found "Hello", want a line such as SUMMARY:Christmas party`},
		{"another end", strings.Replace(ofEvents("SUMMARY:x"), "END:VEVENT", "END:VTODO", 1), `line 8: found "END:VTODO", want END:VEVENT`},
		{"too large", strings.Repeat(" ", maxICS+1), "line 1: found 1048577 bytes, want at most 1048576"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			days, wrong := ReadICS([]byte(tc.file))
			var got []string
			for _, d := range slices.SortedFunc(maps.Keys(days), Date.compare) {
				got = append(got, d.String()+" "+days[d])
			}
			if len(wrong) > 0 {
				got = nil
				for _, w := range wrong {
					got = append(got, w.Error())
				}
			}
			if got := strings.Join(got, ", "); got != tc.want {
				t.Errorf("got %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestReadICSYearly(t *testing.T) {
	days, wrong := ReadICS([]byte(ofEvents("DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY\nSUMMARY:Founded", "DTSTART;VALUE=DATE:20261224\nDURATION:P2D\nRRULE:FREQ=YEARLY;INTERVAL=1\nSUMMARY:Party")))
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	for day, want := range map[string]string{
		"2024-02-29": "Founded", "2028-02-29": "Founded", "2027-03-01": "", "2026-12-24": "Party", "2037-12-25": "Party", "2025-12-24": "", "2038-12-24": "",
	} {
		if got := days[date(t, day)]; got != want {
			t.Errorf("%s: got %q, want %q", day, got, want)
		}
	}
}

// Whatever stands in a file, it ends, and it closes no date that does not exist.
func FuzzReadICS(f *testing.F) {
	f.Add(ofEvents("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261225\nSUMMARY:x"))
	f.Add(ofEvents("DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY\nSUMMARY:x"))
	f.Add("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;X=\":20261224\nEND:VEVENT\nEND:VCALENDAR")
	f.Fuzz(func(t *testing.T, file string) {
		days, _ := ReadICS([]byte(file))
		for d := range days {
			if !d.exists() {
				t.Errorf("closed on %v", d)
			}
		}
	})
}
