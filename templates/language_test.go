package templates

import (
	"testing"
	"time"
)

func TestMoments(t *testing.T) {
	for _, tt := range []struct{ what, lang, at, want string }{
		{"English", "en", "2026-11-24 15:00", "Tuesday, 24 November 2026, 15:00 (Europe/Berlin)"},
		{"German", "de", "2026-11-24 15:00", "Dienstag, 24. November 2026, 15:00 Uhr (Europe/Berlin)"},
		{"Spanish", "es", "2026-11-24 15:00", "martes, 24 de noviembre de 2026, 15:00 h (Europe/Berlin)"},
		{"French", "fr", "2026-11-24 15:00", "mardi 24 novembre 2026 à 15:00 (Europe/Berlin)"},
		{"French, on the first", "fr", "2026-03-01 09:05", "dimanche 1er mars 2026 à 09:05 (Europe/Berlin)"},
		{"Italian", "it", "2026-11-24 15:00", "martedì 24 novembre 2026, ore 15:00 (Europe/Berlin)"},
		{"Dutch", "nl", "2026-11-24 15:00", "dinsdag 24 november 2026 om 15:00 uur (Europe/Berlin)"},
		{"Polish, which declines them too", "pl", "2026-03-24 15:00", "24 marca 2026 r. (wtorek), 15:00 (Europe/Berlin)"},
		{"Russian, which declines months", "ru", "2026-03-24 15:00", "24 марта 2026 г. (вторник), 15:00 (Europe/Berlin)"},
		{"umlaut, one digit", "de", "2026-03-01 09:05", "Sonntag, 1. März 2026, 09:05 Uhr (Europe/Berlin)"},
		{"in summer time", "en", "2026-07-04 00:00", "Saturday, 4 July 2026, 00:00 (Europe/Berlin)"},
		{"last minute of a year", "en", "2026-12-31 23:59", "Thursday, 31 December 2026, 23:59 (Europe/Berlin)"},
	} {
		got, err := languageOf(tt.lang).formatMoment(moment(t, tt.at))
		if err != nil || got != tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.what, got, err, tt.want)
		}
	}
	noZone := Moment{T: time.Date(2026, 1, 2, 3, 4, 0, 0, time.FixedZone("", 3600))}
	if got, err := languageOf("en").formatMoment(noZone); err != nil || got != "Friday, 2 January 2026, 02:04 (UTC)" {
		t.Errorf("without a zone: got %q, %v", got, err)
	}
	if got, err := languageOf("en").formatMoment(Moment{}); err == nil {
		t.Errorf("no time: got %q, want an error", got)
	}
}

func TestDays(t *testing.T) {
	for lang, want := range map[string]string{
		"en": "1 March 2026", "de": "1. März 2026", "es": "1 de marzo de 2026", "fr": "1er mars 2026", "it": "1 marzo 2026", "nl": "1 maart 2026",
		"pl": "1 marca 2026 r.", "ru": "1 марта 2026 г.",
	} {
		if got := languageOf(lang).formatDay(Day{2026, time.March, 1}); got != want {
			t.Errorf("%s: got %q, want %q", lang, got, want)
		}
	}
	if got := languageOf("en").formatDay(Day{}); got != "0-0-0" {
		t.Errorf("no day: got %q", got)
	}
}

func TestAmounts(t *testing.T) {
	en, de := languageOf("en"), languageOf("de")
	for _, tt := range []struct {
		got  func() (string, error)
		want string
	}{
		{func() (string, error) { return en.credits(1) }, "1 credit"},
		{func() (string, error) { return en.credits(2) }, "2 credits"},
		{func() (string, error) { return en.credits(0) }, "0 credits"},
		{func() (string, error) { return de.credits(1) }, "1 Credit"},
		{func() (string, error) { return de.credits(2) }, "2 Credits"},
		{func() (string, error) { return en.creditRange(Range{1, 3}) }, "1–3 credits"},
		{func() (string, error) { return en.creditRange(Range{1, 1}) }, "1 credit"},
		{func() (string, error) { return en.minutes(1) }, "1 minute"},
		{func() (string, error) { return en.minutes(45) }, "45 minutes"},
		{func() (string, error) { return de.minutes(45) }, "45 Minuten"},
		{func() (string, error) { return en.minutes(60) }, "1 h"},
		{func() (string, error) { return en.minutes(75) }, "1 h 15 min"},
		{func() (string, error) { return de.minutes(1505) }, "25 h 5 min"},
		{func() (string, error) { return en.minutes(-15) }, "−15 minutes"},
		{func() (string, error) { return en.minutes(0) }, "0 minutes"},
	} {
		if got, err := tt.got(); err != nil || got != tt.want {
			t.Errorf("got %q, %v, want %q", got, err, tt.want)
		}
	}
}

func TestSpan(t *testing.T) {
	for _, tt := range []struct {
		lang string
		n    int
		unit string
		want string
	}{
		{"en", 1, "minute", "1 minute"},
		{"en", 30, "minute", "30 minutes"},
		{"en", 90, "minute", "1 h 30 min"},
		{"en", 1, "working hour", "1 working hour"},
		{"en", 4, "working hour", "4 working hours"},
		{"en", 1, "working day", "1 working day"},
		{"en", 2, "working day", "2 working days"},
		{"de", 30, "minute", "30 Minuten"},
		{"de", 1, "working hour", "1 Arbeitsstunde"},
		{"de", 4, "working hour", "4 Arbeitsstunden"},
		{"de", 1, "working day", "1 Arbeitstag"},
		{"de", 2, "working day", "2 Arbeitstage"},
		{"es", 30, "minute", "30 minutos"},
		{"es", 1, "working hour", "1 hora hábil"},
		{"es", 2, "working day", "2 días hábiles"},
		{"fr", 0, "minute", "0 minute"},
		{"fr", 30, "minute", "30 minutes"},
		{"fr", 1, "working hour", "1 heure ouvrée"},
		{"fr", 2, "working day", "2 jours ouvrés"},
		{"it", 1, "minute", "1 minuto"},
		{"it", 90, "minute", "1 h 30 min"},
		{"it", 1, "working hour", "1 ora lavorativa"},
		{"it", 1, "working day", "1 giorno lavorativo"},
		{"it", 2, "working day", "2 giorni lavorativi"},
		{"nl", 1, "minute", "1 minuut"},
		{"nl", 90, "minute", "1 uur 30 min"},
		{"nl", 4, "working hour", "4 werkuren"},
		{"nl", 1, "working day", "1 werkdag"},
		{"nl", 2, "working day", "2 werkdagen"},
		{"de-AT", 2, "working day", "2 Arbeitstage"},
		{"pl", 1, "minute", "1 minuta"},
		{"pl", 42, "minute", "42 minuty"},
		{"pl", 5, "working hour", "5 godzin roboczych"},
		{"pl", 1, "working day", "1 dzień roboczy"},
		{"pl", 2, "working day", "2 dni robocze"},
		{"pl", 12, "working day", "12 dni roboczych"},
		{"pl", 21, "working day", "21 dni roboczych"},
		{"ru", 1, "minute", "1 минута"},
		{"ru", 42, "minute", "42 минуты"},
		{"ru", 75, "minute", "1 ч 15 мин"},
		{"ru", 5, "working hour", "5 рабочих часов"},
		{"ru", 1, "working day", "1 рабочий день"},
		{"ru", 2, "working day", "2 рабочих дня"},
		{"ru", 11, "working day", "11 рабочих дней"},
		{"ru", 21, "working day", "21 рабочий день"},
		{"ru", 111, "working day", "111 рабочих дней"},
		{"tlh", 2, "working day", "2 working days"},
		{"de", 2, "fortnight", "2 fortnight"},
	} {
		if got := Span(tt.lang, tt.n, tt.unit); got != tt.want {
			t.Errorf("Span(%q, %d, %q) = %q, want %q", tt.lang, tt.n, tt.unit, got, tt.want)
		}
	}
}

// Every language has a word for every unit, in all forms of its nouns.
func TestUnitsAreTranslated(t *testing.T) {
	for _, l := range languages {
		for _, unit := range []string{"minute", "working hour", "working day"} {
			if _, err := l.span(2, unit); err != nil {
				t.Error(err)
			}
		}
	}
}

// Templates bring their own nouns, with as many forms as the language counts with.
func TestPlural(t *testing.T) {
	tmpl, err := parseTemplate(languageOf("pl"), "resolved",
		`Subject: {{credits .Spent.Credits}}

{{plural .CloseAfterDays "dzień roboczy" "dni robocze" "dni roboczych"}}`, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		n             int
		subject, text string
	}{
		{1, "1 kredyt", "1 dzień roboczy\n"},
		{3, "3 kredyty", "3 dni robocze\n"},
		{5, "5 kredytów", "5 dni roboczych\n"},
		{12, "12 kredytów", "12 dni roboczych\n"},
		{22, "22 kredyty", "22 dni robocze\n"},
	} {
		m, err := tmpl.render(&Customer{CloseAfterDays: tt.n, Spent: &Spent{Credits: int64(tt.n)}}, true)
		if err != nil {
			t.Fatal(err)
		}
		if m.Subject != tt.subject || m.Text != tt.text {
			t.Errorf("got %q, %q, want %q, %q", m.Subject, m.Text, tt.subject, tt.text)
		}
	}
}
