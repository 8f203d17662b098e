package templates

import (
	"fmt"
	"slices"
	"time"
)

// language is what a language needs beside its files: its names of days, its forms of nouns, its phrases. A new one
// is a row here, a table in a file of its own (phrases_de.go) and a folder in mails.
type language struct {
	code   string // ISO 639-1
	plural func(n int64) int
	forms  int // how many forms plural chooses from (CLDR's one, few, many, other, as far as integers need them)

	credit, minute []string // one word for each form
	hour, min      string   // abbreviated, for "1 h 15 min"
	workingHour    []string
	workingDay     []string

	weekdays [7]string  // from Sunday
	months   [12]string // in the form that stands in a date
	first    string     // the first day of a month, where a date does not say it by its number; moment then has %[2]v
	moment   string     // of weekday, day, month, year, hour, minute, zone: fmt's verbs 1 to 7
	date     string     // of day, month, year

	colon string // between what a link says and where it leads, where it is not just ":"

	phrases map[Phrase]string
}

var languages = []*language{
	{
		code: "de", plural: oneOrOther, forms: 2,
		credit: []string{"Credit", "Credits"}, minute: []string{"Minute", "Minuten"}, hour: "h", min: "min",
		workingHour: []string{"Arbeitsstunde", "Arbeitsstunden"}, workingDay: []string{"Arbeitstag", "Arbeitstage"},
		weekdays: [7]string{"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"},
		months: [12]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
			"Oktober", "November", "Dezember"},
		moment:  "%[1]s, %[2]d. %[3]s %[4]d, %02[5]d:%02[6]d Uhr (%[7]s)",
		date:    "%[1]v. %[2]s %[3]d",
		phrases: germanPhrases,
	},
	{
		code: "en", plural: oneOrOther, forms: 2,
		credit: []string{"credit", "credits"}, minute: []string{"minute", "minutes"}, hour: "h", min: "min",
		workingHour: []string{"working hour", "working hours"}, workingDay: []string{"working day", "working days"},
		weekdays: [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		months: [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September",
			"October", "November", "December"},
		moment:  "%[1]s, %[2]d %[3]s %[4]d, %02[5]d:%02[6]d (%[7]s)",
		date:    "%[1]v %[2]s %[3]d",
		phrases: englishPhrases,
	},
	{
		code: "es", plural: oneOrOther, forms: 2,
		credit: []string{"crédito", "créditos"}, minute: []string{"minuto", "minutos"}, hour: "h", min: "min",
		workingHour: []string{"hora hábil", "horas hábiles"}, workingDay: []string{"día hábil", "días hábiles"},
		weekdays: [7]string{"domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"},
		months: [12]string{"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
			"octubre", "noviembre", "diciembre"},
		moment:  "%[1]s, %[2]d de %[3]s de %[4]d, %02[5]d:%02[6]d h (%[7]s)",
		date:    "%[1]v de %[2]s de %[3]d",
		phrases: spanishPhrases,
	},
	{
		code: "fr", plural: zeroOneOrOther, forms: 2,
		credit: []string{"crédit", "crédits"}, minute: []string{"minute", "minutes"}, hour: "h", min: "min",
		workingHour: []string{"heure ouvrée", "heures ouvrées"}, workingDay: []string{"jour ouvré", "jours ouvrés"},
		weekdays: [7]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"},
		months: [12]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
			"octobre", "novembre", "décembre"},
		first:   "1er",
		moment:  "%[1]s %[2]v %[3]s %[4]d à %02[5]d:%02[6]d (%[7]s)",
		date:    "%[1]v %[2]s %[3]d",
		colon:   "\u00a0:",
		phrases: frenchPhrases,
	},
	{
		code: "it", plural: oneOrOther, forms: 2,
		credit: []string{"credito", "crediti"}, minute: []string{"minuto", "minuti"}, hour: "h", min: "min",
		workingHour: []string{"ora lavorativa", "ore lavorative"}, workingDay: []string{"giorno lavorativo", "giorni lavorativi"},
		weekdays: [7]string{"domenica", "lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato"},
		months: [12]string{"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre",
			"ottobre", "novembre", "dicembre"},
		moment:  "%[1]s %[2]d %[3]s %[4]d, ore %02[5]d:%02[6]d (%[7]s)",
		date:    "%[1]v %[2]s %[3]d",
		phrases: italianPhrases,
	},
	{
		code: "nl", plural: oneOrOther, forms: 2,
		credit: []string{"credit", "credits"}, minute: []string{"minuut", "minuten"}, hour: "uur", min: "min",
		workingHour: []string{"werkuur", "werkuren"}, workingDay: []string{"werkdag", "werkdagen"},
		weekdays: [7]string{"zondag", "maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag"},
		months: [12]string{"januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september",
			"oktober", "november", "december"},
		moment:  "%[1]s %[2]d %[3]s %[4]d om %02[5]d:%02[6]d uur (%[7]s)",
		date:    "%[1]v %[2]s %[3]d",
		phrases: dutchPhrases,
	},
	{
		code: "pl", plural: polishPlural, forms: 3,
		credit: []string{"kredyt", "kredyty", "kredytów"}, minute: []string{"minuta", "minuty", "minut"}, hour: "h", min: "min",
		workingHour: []string{"godzina robocza", "godziny robocze", "godzin roboczych"},
		workingDay:  []string{"dzień roboczy", "dni robocze", "dni roboczych"},
		weekdays:    [7]string{"niedziela", "poniedziałek", "wtorek", "środa", "czwartek", "piątek", "sobota"},
		months: [12]string{"stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września",
			"października", "listopada", "grudnia"},
		moment:  "%[2]d %[3]s %[4]d r. (%[1]s), %02[5]d:%02[6]d (%[7]s)", // the weekday aside: "do" would change it
		date:    "%[1]v %[2]s %[3]d r.",
		phrases: polishPhrases,
	},
	{
		code: "ru", plural: russianPlural, forms: 3,
		credit: []string{"кредит", "кредита", "кредитов"}, minute: []string{"минута", "минуты", "минут"}, hour: "ч", min: "мин",
		workingHour: []string{"рабочий час", "рабочих часа", "рабочих часов"},
		workingDay:  []string{"рабочий день", "рабочих дня", "рабочих дней"},
		weekdays:    [7]string{"воскресенье", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота"},
		months: [12]string{"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября",
			"октября", "ноября", "декабря"},
		moment:  "%[2]d %[3]s %[4]d г. (%[1]s), %02[5]d:%02[6]d (%[7]s)", // the weekday aside: "до" would change it
		date:    "%[1]v %[2]s %[3]d г.",
		phrases: russianPhrases,
	},
}

// oneOrOther is the plural of English, German and most of their neighbours.
func oneOrOther(n int64) int {
	if n == 1 {
		return 0
	}
	return 1
}

// polishPlural chooses from one (1 alone), few (2, 22) and many (5, 12, 21).
func polishPlural(n int64) int {
	switch d, h := n%10, n%100; {
	case n == 1:
		return 0
	case d >= 2 && d <= 4 && (h < 12 || h > 14):
		return 1
	}
	return 2
}

// zeroOneOrOther is the plural of French, which says "0 crédit".
func zeroOneOrOther(n int64) int {
	if n == 0 {
		return 0
	}
	return oneOrOther(n)
}

// russianPlural chooses from one (1, 21), few (2, 22) and many (5, 11).
func russianPlural(n int64) int {
	switch d, h := n%10, n%100; {
	case d == 1 && h != 11:
		return 0
	case d >= 2 && d <= 4 && (h < 12 || h > 14):
		return 1
	}
	return 2
}

func languageOf(code string) *language {
	i := slices.IndexFunc(languages, func(l *language) bool { return l.code == code })
	if i < 0 {
		return nil
	}
	return languages[i]
}

func codes() []string {
	var all []string
	for _, l := range languages {
		all = append(all, l.code)
	}
	return slices.Sorted(slices.Values(all))
}

// formatMoment says it with its zone by name (MISSION, Exact meanings): an offset would leave open whether the
// clock change before the deadline is counted in.
func (l *language) formatMoment(m Moment) (string, error) {
	if m.T.IsZero() {
		return "", fmt.Errorf("a moment without a time")
	}
	zone := m.Zone
	if zone == nil {
		zone = time.UTC
	}
	t := m.T.In(zone)
	return fmt.Sprintf(l.moment, l.weekdays[t.Weekday()], l.dayOfMonth(t.Day()), l.months[t.Month()-1], t.Year(),
		t.Hour(), t.Minute(), zone), nil
}

// format is a part of the moment, in digits.
func (m *Moment) format(layout string) (string, error) {
	switch {
	case m == nil || m.T.IsZero():
		return "", fmt.Errorf("no moment here: put {{with}} around it")
	case m.Zone == nil:
		return m.T.UTC().Format(layout), nil
	}
	return m.T.In(m.Zone).Format(layout), nil
}

func (l *language) dayOfMonth(n int) any {
	if n == 1 && l.first != "" {
		return l.first
	}
	return n
}

// formatDay writes a day without its weekday: of what was sold nobody wants to know it.
func (l *language) formatDay(d Day) string {
	if d.Month < time.January || d.Month > time.December {
		return fmt.Sprintf("%d-%d-%d", d.Year, d.Month, d.Day)
	}
	return fmt.Sprintf(l.date, l.dayOfMonth(d.Day), l.months[d.Month-1], d.Year)
}

// count writes a number with the form of a noun that goes with it: "1 day", "2 days".
func (l *language) count(n int64, forms []string) (string, error) {
	if len(forms) != l.forms {
		return "", fmt.Errorf("%d forms of a noun, want %d in language %s", len(forms), l.forms, l.code)
	}
	return fmt.Sprintf("%d %s", n, forms[l.plural(n)]), nil
}

func (l *language) credits(n int64) (string, error) { return l.count(n, l.credit) }

// creditRange writes "2 credits" or "1–3 credits".
func (l *language) creditRange(r Range) (string, error) {
	most, err := l.credits(int64(r.Max))
	if err != nil || r.Min == r.Max {
		return most, err
	}
	return fmt.Sprintf("%d–%s", r.Min, most), nil
}

// minutes writes up to an hour as "45 minutes" and more as "1 h 15 min". A correction may be negative.
func (l *language) minutes(n int64) (string, error) {
	sign := ""
	if n < 0 {
		sign, n = "−", -n
	}
	if n < 60 {
		s, err := l.count(n, l.minute)
		return sign + s, err
	}
	s := fmt.Sprintf("%s%d %s", sign, n/60, l.hour)
	if n%60 != 0 {
		s += fmt.Sprintf(" %d %s", n%60, l.min)
	}
	return s, nil
}

// span writes a time by the name of its unit, in English and without a plural.
func (l *language) span(n int64, unit string) (string, error) {
	switch unit {
	case "minute":
		return l.minutes(n)
	case "working hour":
		return l.count(n, l.workingHour)
	case "working day":
		return l.count(n, l.workingDay)
	}
	return "", fmt.Errorf("language %s has no word for the unit %q", l.code, unit)
}
