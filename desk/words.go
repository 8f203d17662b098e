package desk

import (
	"strings"
	"unicode"
)

// saying is what the whole first line of a customer's new words can mean to the desk ("Customer's words" of MISSION.md).
type saying string

const (
	saysNothing saying = ""      // words for a person
	saysYes     saying = "yes"   // confirms
	saysNo      saying = "no"    // declines
	saysClose   saying = "close" // closes
	saysThanks  saying = "thank you"
)

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
		"thanks", "thank you", "many thanks", "thanks a lot", "thank you very much", "thank you so much", "thanks it works", "thank you it works", "thanks it works now", "thank you it works now", "perfect thanks", "perfect thank you", "great thanks", "great thank you",
		"danke", "vielen dank", "danke schön", "herzlichen dank", "besten dank", "danke sehr", "danke es funktioniert", "vielen dank es funktioniert", "super danke", "perfekt danke", "danke für die hilfe", "vielen dank für die hilfe", "vielen dank für ihre hilfe",
		"gracias", "muchas gracias", "mil gracias", "merci", "merci beaucoup", "un grand merci", "bedankt", "dank u", "dank u wel", "hartelijk dank", "grazie", "grazie mille", "molte grazie",
		"спасибо", "большое спасибо", "спасибо большое", "благодарю", "dziękuję", "dziękuję bardzo", "dzięki", "bardzo dziękuję",
	},
}

// greetings open a mail and closings end it: neither changes what the line between them means. A closing begins the writer's name.
var (
	greetings = []string{"hi", "hello", "dear", "hey", "good morning", "good afternoon", "good day", "hallo", "guten tag", "guten morgen", "moin", "liebe", "lieber", "liebes", "sehr geehrte", "sehr geehrter", "servus", "grüezi", "hola", "buenos días", "buenas tardes", "estimado", "estimada", "estimados", "bonjour", "bonsoir", "cher", "chère", "beste", "geachte", "dag", "goedemorgen", "goedemiddag", "ciao", "buongiorno", "salve", "gentile", "gentili", "здравствуйте", "добрый день", "добрый вечер", "доброе утро", "привет", "уважаемые", "уважаемый", "dzień dobry", "cześć", "witam", "szanowni", "szanowna", "szanowny"}
	closings  = []string{"best", "best regards", "kind regards", "regards", "best wishes", "warm regards", "sincerely", "yours sincerely", "yours", "cheers", "thanks and regards", "mit freundlichen grüßen", "mit freundlichen grüssen", "mit freundlichem gruß", "freundliche grüße", "viele grüße", "viele grüsse", "beste grüße", "liebe grüße", "schöne grüße", "herzliche grüße", "gruß", "grüße", "mfg", "lg", "vg", "saludos", "un saludo", "saludos cordiales", "atentamente", "cordialement", "bien cordialement", "bien à vous", "salutations", "met vriendelijke groet", "met vriendelijke groeten", "vriendelijke groet", "groet", "groeten", "mvg", "cordiali saluti", "saluti", "distinti saluti", "un saluto", "с уважением", "с наилучшими пожеланиями", "pozdrawiam", "z poważaniem", "serdecznie pozdrawiam"}
)

var (
	meaning   = foldLists(sayings)
	isClosing = foldSet(closings)
	greeting  = foldSet(greetings)
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

// fold makes a line comparable: lower case, punctuation and marks of emphasis gone, white space single.
func fold(line string) string {
	line = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			return unicode.ToLower(r)
		case r == '\'', r == '’':
			return '\''
		case unicode.IsSpace(r), unicode.IsPunct(r), unicode.IsSymbol(r):
			return ' '
		}
		return -1
	}, line)
	return strings.Join(strings.Fields(line), " ")
}

// understand reads a customer's new words: what their whole first line says, and whether they say nothing more. A greeting before it, a
// thank-you beside it and a closing with the writer's name after it count as nothing; anything else makes them words for a person,
// since money hangs on it (T039). name is the writer's own, by which a bare signature is known.
func understand(words, name string) saying {
	says := saysNothing
	closing := false
	for _, line := range strings.Split(words, "\n") {
		f := fold(line)
		switch {
		case f == "":
		case closing: // whatever stands below a closing is who signs
		case says == saysNothing && isGreeting(f):
		case isClosing[f]:
			closing = says != saysNothing
			if !closing {
				return saysNothing
			}
		case meaning[f] == saysThanks:
			if says == saysNothing {
				says = saysThanks
			}
		case says == saysNothing || says == saysThanks:
			if says = meaning[f]; says == saysNothing {
				return saysNothing
			}
		case ofName(f, name):
		default:
			return saysNothing
		}
	}
	return says
}

// isGreeting tells whether a line opens a mail: a greeting and at most four words of a name.
func isGreeting(f string) bool {
	words := strings.Fields(f)
	for n := min(2, len(words)); n > 0; n-- {
		if greeting[strings.Join(words[:n], " ")] && len(words)-n <= 4 && meaning[f] == saysNothing {
			return true
		}
	}
	return false
}

// ofName tells whether a line is made of the writer's name only.
func ofName(f, name string) bool {
	known := foldSet(strings.Fields(name))
	for _, w := range strings.Fields(f) {
		if !known[w] {
			return false
		}
	}
	return true
}
