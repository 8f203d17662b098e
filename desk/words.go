package desk

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// saying is what the whole first line of a customer's new words can mean to the desk ("Customer's words" of MISSION.md).
type saying string

const (
	saysNothing saying = ""      // words for a person
	saysYes     saying = "yes"   // confirms
	saysNo      saying = "no"    // declines
	saysClose   saying = "close" // closes
	saysThanks  saying = "thank you"
	saysWell    saying = "all is well"
)

// asksNothing tells words that want nothing of anybody.
func (s saying) asksNothing() bool { return s == saysThanks || s == saysWell }

// with is what two sayings beside each other mean: a thank-you adds nothing to another, and whoever says that all is well may close.
func (s saying) with(other saying) saying {
	switch {
	case s == saysNothing || other == saysNothing:
		return saysNothing
	case s == saysThanks, s == saysWell && (other == saysWell || other == saysClose):
		return other
	case other == saysThanks, other == saysWell && s == saysClose:
		return s
	case s == saysYes && other == saysWell, s == saysWell && other == saysYes:
		return saysWell // what a yes is worth here is not sure: it costs nothing
	}
	return saysNothing
}

// sayings are the lists per language, folded as fold does. A line means something only as a whole: "yes, but" is in no list.
var sayings = map[saying][]string{
	saysYes: {
		"yes", "yes please", "yes go ahead", "yes please go ahead", "go ahead", "please go ahead", "yes i confirm", "i confirm", "confirmed", "yes confirmed", "yes i agree", "i agree", "agreed", "ok", "okay", "yes ok",
		"ja", "ja bitte", "ja gerne", "ja gern", "ja ok", "ja bestätigt", "bestätigt", "ich bestätige", "ja ich bestätige", "einverstanden", "ja einverstanden", "in ordnung", "ja machen sie das", "ja bitte machen sie das",
		"sí", "si", "sí por favor", "sí confirmo", "confirmo", "confirmado", "de acuerdo", "sí de acuerdo", "adelante",
		"oui", "oui merci", "oui s'il vous plaît", "oui je confirme", "je confirme", "confirmé", "d'accord", "oui d'accord",
		"ja graag", "akkoord", "ja akkoord", "bevestigd", "ik bevestig", "ik ga akkoord",
		"sì", "sì grazie", "sì confermo", "confermo", "confermato", "d'accordo", "sì d'accordo", "va bene",
		"да", "да пожалуйста", "да подтверждаю", "подтверждаю", "согласен", "согласна", "да согласен", "да согласна", "хорошо",
		"tak", "tak proszę", "tak potwierdzam", "potwierdzam", "zgadzam się", "tak zgadzam się", "zgoda",
	},
	saysNo: {
		"no", "no thanks", "no thank you", "nein", "nein danke", "no gracias", "non", "non merci", "nee", "nee bedankt", "no grazie", "нет", "нет спасибо", "nie", "nie dziękuję", "i decline", "ich lehne ab",
	},
	saysClose: {
		"close", "please close", "close it", "please close it", "close the ticket", "please close the ticket", "close this ticket", "please close this ticket", "you can close this", "you can close the ticket", "you can close this ticket",
		"schließen", "bitte schließen", "ticket schließen", "bitte ticket schließen", "bitte das ticket schließen", "bitte schließen sie das ticket", "schliessen", "bitte schliessen", "kann geschlossen werden", "das ticket kann geschlossen werden",
		"cerrar", "por favor cerrar", "cerrar el ticket", "pueden cerrar el ticket", "fermer", "veuillez fermer", "fermer le ticket", "vous pouvez fermer le ticket",
		"sluiten", "graag sluiten", "ticket sluiten", "het ticket kan gesloten worden", "chiudere", "chiudete pure", "potete chiudere il ticket",
		"закрыть", "закройте", "закройте пожалуйста", "можно закрыть", "zamknąć", "proszę zamknąć", "można zamknąć",
	},
	saysThanks: {
		"thanks", "thank you", "ok thanks", "ok thank you", "okay thanks", "okay thank you", "many thanks", "thanks a lot", "thank you very much", "thank you so much", "thanks it works", "thank you it works", "thanks it works now", "thank you it works now", "perfect thanks", "perfect thank you", "great thanks", "great thank you",
		"danke", "vielen dank", "ok danke", "alles klar danke", "danke schön", "herzlichen dank", "besten dank", "danke sehr", "danke es funktioniert", "vielen dank es funktioniert", "super danke", "perfekt danke", "danke für die hilfe", "vielen dank für die hilfe", "vielen dank für ihre hilfe",
		"ok merci", "ok gracias", "ok grazie", "ok bedankt", "ок спасибо", "ok dziękuję", "gracias", "muchas gracias", "mil gracias", "merci", "merci beaucoup", "un grand merci", "bedankt", "dank u", "dank u wel", "hartelijk dank", "grazie", "grazie mille", "molte grazie",
		"спасибо", "большое спасибо", "спасибо большое", "благодарю", "dziękuję", "dziękuję bardzo", "dzięki", "bardzo dziękuję",
	},
	saysWell: { // as little to do as after a thank-you, but beside a yes it may be a condition
		"perfect", "great", "excellent", "it works", "it works now", "it works again", "it works fine", "it works fine now", "works", "works now", "works fine", "works fine now", "works again", "works for me", "everything works", "everything works now", "all good", "all good now", "all is well", "that worked", "that fixed it", "that solved it", "that did it", "solved", "problem solved", "got it", "understood", "noted", "well received",
		"alles klar", "perfekt", "super", "prima", "top", "passt", "passt so", "erledigt", "hat sich erledigt", "es funktioniert", "es funktioniert jetzt", "es funktioniert wieder", "jetzt funktioniert es", "funktioniert", "funktioniert jetzt", "funktioniert wieder", "hat funktioniert", "es klappt", "es klappt jetzt", "jetzt klappt es", "klappt", "klappt jetzt", "hat geklappt", "läuft", "läuft wieder", "alles gut", "alles bestens", "verstanden", "notiert",
		"perfecto", "genial", "funciona", "ya funciona", "ahora funciona", "todo funciona", "resuelto", "solucionado", "todo bien", "entendido", "recibido",
		"parfait", "nickel", "ça marche", "ça marche maintenant", "ça fonctionne", "ça fonctionne maintenant", "tout fonctionne", "c'est bon", "c'est réglé", "c'est résolu", "résolu", "bien reçu", "très bien", "parfait c'est bon",
		"het werkt", "het werkt nu", "het werkt weer", "werkt", "werkt nu", "werkt weer", "alles werkt", "opgelost", "helemaal goed", "begrepen", "duidelijk",
		"perfetto", "ottimo", "funziona", "ora funziona", "adesso funziona", "tutto funziona", "risolto", "tutto a posto", "tutto bene", "ricevuto", "capito",
		"отлично", "супер", "работает", "всё работает", "все работает", "теперь работает", "теперь всё работает", "заработало", "всё заработало", "решено", "понял", "поняла", "понятно",
		"działa", "już działa", "teraz działa", "wszystko działa", "super", "świetnie", "rozwiązane", "rozumiem", "zrozumiałem", "zrozumiałam",
	},
}

// greetings open a mail and closings end it: neither changes what the line between them means. A closing begins the writer's name.
// addressees are whom a greeting names without a capital, and postscripts what begins more words below a name.
var (
	greetings = []string{"hi", "hello", "dear", "hey", "good morning", "good afternoon", "good day", "hallo", "guten tag", "guten morgen", "moin", "liebe", "lieber", "liebes", "sehr geehrte", "sehr geehrter", "servus", "grüezi", "hola", "buenos días", "buenas tardes", "estimado", "estimada", "estimados", "bonjour", "bonsoir", "cher", "chère", "beste", "geachte", "dag", "goedemorgen", "goedemiddag", "ciao", "buongiorno", "salve", "gentile", "gentili", "здравствуйте", "добрый день", "добрый вечер", "доброе утро", "привет", "уважаемые", "уважаемый", "dzień dobry", "cześć", "witam", "szanowni", "szanowna", "szanowny"}
	closings  = []string{"best", "best regards", "kind regards", "regards", "best wishes", "warm regards", "sincerely", "yours sincerely", "yours", "cheers", "thanks and regards", "mit freundlichen grüßen", "mit freundlichen grüssen", "mit freundlichem gruß", "freundliche grüße", "viele grüße", "viele grüsse", "beste grüße", "liebe grüße", "schöne grüße", "herzliche grüße", "gruß", "grüße", "mfg", "lg", "vg", "saludos", "un saludo", "saludos cordiales", "atentamente", "cordialement", "bien cordialement", "bien à vous", "salutations", "met vriendelijke groet", "met vriendelijke groeten", "vriendelijke groet", "groet", "groeten", "mvg", "cordiali saluti", "saluti", "distinti saluti", "un saluto", "с уважением", "с наилучшими пожеланиями", "pozdrawiam", "z poważaniem", "serdecznie pozdrawiam"}

	addressees  = []string{"all", "there", "everyone", "everybody", "team", "folks", "support", "sir", "madam", "or", "and", "both", "again", "zusammen", "alle", "liebe", "lieber", "liebes", "und", "nochmal", "à", "tous", "toutes", "et", "a", "todos", "todas", "y", "allemaal", "iedereen", "en", "tutti", "tutte", "ragazzi", "e", "коллеги", "всем", "и", "wszystkim", "państwo", "i"}
	postscripts = []string{"ps", "pps", "nb", "note", "p", "n"} // fold parts "P.S." at its points
)

var (
	meaning   = foldLists(sayings)
	isClosing = foldSet(closings)
	greeting  = foldSet(greetings)
	addressee = foldSet(addressees)
	more      = foldSet(postscripts)
)

func foldLists(lists map[saying][]string) map[string]saying {
	all := map[string]saying{}
	for says, lines := range lists {
		for _, line := range lines {
			all[fold(line)] = says
		}
	}
	return all
}

func foldSet(lines []string) map[string]bool {
	all := map[string]bool{}
	for _, line := range lines {
		all[fold(line)] = true
	}
	return all
}

// agreeing are the signs that people put behind a yes or a thank-you and that say nothing else.
const agreeing = "👍🙂😊😀😃☺✅✔🙏"

// sadFaces take back whatever stands beside them.
var sadFaces = strings.NewReplacer(":(", "☹", ":-(", "☹", ";(", "☹", ";-(", "☹", "=(", "☹", ":'(", "☹", ":[", "☹", ":-[", "☹")

// fold makes a line comparable: lower case, punctuation, marks of emphasis and friendly faces gone, white space single. A question mark,
// a slash and every other symbol stay, and keep the line out of all lists: "ok?" asks, "/close" is a command that customers have not got.
func fold(line string) string {
	line = sadFaces.Replace(line)
	line = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r) && r != variation:
			return unicode.ToLower(r)
		case r == '\'', r == '’':
			return '\''
		case strings.ContainsRune(agreeing, r), '🏻' <= r && r <= '🏿':
			return ' '
		case asks(r), r == '/', unicode.IsSymbol(r):
			return r
		case unicode.IsSpace(r), unicode.IsPunct(r):
			return ' '
		}
		return -1
	}, norm.NFC.String(line))
	return strings.Join(strings.Fields(line), " ")
}

// variation asks for the coloured form of the sign before it (U+FE0F).
const variation = '\uFE0F'

// asks tells the question marks.
func asks(r rune) bool { return strings.ContainsRune("?¿؟？;", r) }

// understand reads a customer's new words: what their whole first line says, and whether they say nothing more. A greeting before it, a
// thank-you beside it and a closing with the writer's name after it count as nothing; anything else makes them words for a person,
// since money hangs on it (T039). name is the writer's own, by which a bare signature is known.
func understand(words, name string) saying {
	says := saysNothing
	known := foldSet(strings.Fields(name))
	lines := strings.Split(words, "\n")
	for i, line := range lines {
		if len(line) > maxSaid {
			return saysNothing
		}
		f := fold(line)
		signed := withoutName(f, known)
		switch {
		case f == "":
		case says == saysNothing && isGreeting(line):
		case isClosing[signed]:
			if says == saysNothing || !isSignature(lines[i+1:]) {
				return saysNothing
			}
			return says
		case means(signed).asksNothing():
			if says = cmp.Or(says, saysThanks).with(means(signed)); says == saysNothing {
				return saysNothing
			}
		case says != saysNothing && ofName(f, known):
		default:
			if says = cmp.Or(says, saysThanks).with(means(f)); says == saysNothing {
				return saysNothing
			}
		}
	}
	return says
}

// falseFriends are words of the lists that mean something else to a neighbour, with the languages in which they mean what the lists say:
// a Dane who writes "tak" thanks, and a Pole who writes "no" agrees.
var falseFriends = map[string][]string{
	"tak":   {"pl"},
	"no":    {"en", "es", "it"},
	"prima": {"de", "nl"}, // "first" to an Italian
}

// understandIn is understand for a ticket whose mails are in a language: the customer was asked in it, and answers in it.
func understandIn(language, words, name string) saying {
	for line := range strings.Lines(words) {
		if in, ok := falseFriends[fold(line)]; ok && !slices.Contains(in, language) {
			return saysNothing
		}
	}
	return understand(words, name)
}

// maxSaid is the longest line, in bytes, that can mean anything by the lists: each way to part it is looked up, which a stranger would let
// us do for a line of a megabyte (G9).
const maxSaid = 300

// means is what a whole line says, with a greeting before it or a thank-you beside it.
func means(f string) saying { return meansOf(strings.Fields(f), map[int]saying{}) }

// meansOf tries each way to part the words, the longest head first; known holds what a rest of so many words says, so that it ends soon.
func meansOf(words []string, known map[int]saying) saying {
	if says, ok := known[len(words)]; ok {
		return says
	}
	says := meaning[strings.Join(words, " ")]
	for n := len(words) - 1; n > 0 && says == saysNothing; n-- {
		head := strings.Join(words[:n], " ")
		if greeting[head] {
			says = meaning[strings.Join(words[n:], " ")]
		} else if first := meaning[head]; first != saysNothing && !(first == saysWell && n == len(words)-1) { // "super close" is no request
			says = first.with(meansOf(words[n:], known))
		} else if first == saysWell && meaning[words[n]].asksNothing() {
			says = saysWell
		}
	}
	known[len(words)] = says
	return says
}

// isGreeting tells whether a line opens a mail: a greeting and whom it greets, at most four words that look like names. What does not may
// well be the point of the mail: "Hi, not yet please".
func isGreeting(line string) bool {
	words := strings.Fields(line)
	for n := min(2, len(words)); n > 0; n-- {
		if !greeting[fold(strings.Join(words[:n], " "))] || len(words)-n > 4 {
			continue
		}
		for _, w := range words[n:] {
			if f := fold(w); f != "" && !addressee[f] && !nameLike(w) || meaning[f] != saysNothing {
				return false
			}
		}
		return true
	}
	return false
}

// nameLike tells a word with a capital and small letters behind it, or an initial.
func nameLike(word string) bool {
	word = strings.TrimFunc(word, func(r rune) bool { return unicode.IsPunct(r) && !asks(r) })
	small := false
	for i, r := range word {
		switch {
		case i == 0 && !unicode.IsUpper(r), !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '-' && r != '\'' && r != '’':
			return false
		}
		small = small || unicode.IsLower(r)
	}
	return small || len([]rune(word)) == 1
}

// isSignature tells whether what stands below a closing only says who signs. More words can follow there too, as a postscript, or where
// the writer went on. Only the first lines are looked at for that: firms end their mails with whole sentences.
func isSignature(lines []string) bool {
	looked := 0
	for _, line := range lines {
		words := strings.Fields(fold(line))
		if len(words) == 0 {
			continue
		}
		if more[words[0]] {
			return false
		}
		if looked++; looked > 3 {
			continue
		}
		small := 0
		for _, w := range strings.Fields(line) {
			if strings.ContainsFunc(w, asks) {
				return false
			}
			if r := []rune(w)[0]; unicode.IsLower(r) && !strings.ContainsAny(w, "@.") {
				small++
			}
		}
		if small > 2 {
			return false
		}
	}
	return true
}

// withoutName takes the writer's name off the end of a line: "Thanks, Kim".
func withoutName(f string, name map[string]bool) string {
	for rest := f; ; {
		i := strings.LastIndexByte(rest, ' ')
		if i < 0 || !ofName(rest[i+1:], name) {
			return rest
		}
		rest = rest[:i]
	}
}

// ofName tells whether a line is made of the writer's name only.
func ofName(f string, name map[string]bool) bool {
	for _, w := range strings.Fields(f) {
		if !name[w] {
			return false
		}
	}
	return true
}
