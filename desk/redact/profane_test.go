package redact

import (
	"strings"
	"testing"
	"time"
)

func TestC1Profane(t *testing.T) {
	for _, c := range []struct{ lang, text string }{
		{"en", "This is fucking useless."}, {"en", "You ASSHOLE!"}, {"en", "what a piece of shit"}, {"en", "You are an idiot."}, {"", "sh1t"}, {"", "f*ck this"},
		{"", "f u c k you"}, {"", "Fuuuuck!"}, {"", "a$$hole"}, {"", "ｆｕｃｋ"}, {"", "fu\u200bck"}, {"", "f**k off"},
		{"de", "Ihr seid Arschlöcher"}, {"de", "so eine Scheiße"}, {"", "Scheiss Programm"}, {"de", "du Wichser"}, {"en", "Vollidioten!"},
		{"es", "hijo de puta"}, {"es", "Qué mierda de servicio"}, {"fr", "espèce de connard"}, {"fr", "Ta gueule !"}, {"fr", "c'est de la merde"},
		{"nl", "wat een klootzak"}, {"nl", "Kutprogramma"}, {"it", "testa di cazzo"}, {"it", "vaffanculo"},
		{"ru", "иди нахуй"}, {"ru", "ёбаный стыд"}, {"", "Суки!"}, {"ru", "вы идиоты"}, {"pl", "kurwa mać"}, {"pl", "Spierdalaj"},
	} {
		if !Profane(c.text, c.lang) {
			t.Errorf("%q in %q passes", c.text, c.lang)
		}
	}
}

// Criticism, however sharp, is not abuse, and words that only look like others are none (C1).
func TestC1NotProfane(t *testing.T) {
	for _, c := range []struct{ lang, text string }{
		{"en", "Your software is unusable, and your support is the worst I have ever met."}, {"en", "I am very angry. This is ridiculous!"},
		{"en", "An assessment from Essex, the cockpit of Scunthorpe, a class in Sussex, a cocktail"}, {"en", "The nipple of the pipe and the strap on the box"},
		{"en", "Please escort me to the hardcore settings, the snatch block and the busty print"}, {"en", "Dick Smith, Anita and Jeb"}, {"en", "5 * 3 * 2"},
		{"en", "File a1b2 at f://u/c/k, a, b, c"}, {"en", "We ship 100 kits and 5 shirts"}, {"en", "the sex of the applicant; the penis of a whale"},
		{"de", "Das ist dick und nackt, die Rosette passt nicht. Bitte um Hilfe!"}, {"de", "Die Fickmühle heißt Zwickmühle nicht; Assistent, Klasse"},
		{"es", "El martillo y las drogas, tres infiernos, un disputado computador"}, {"fr", "La bitte d'amarrage, le bordereau, con brio, la chatte du voisin, député"},
		{"nl", "Het gat in de paal, de pot en het matje, niet nicht"}, {"it", "La pompa, il pesce, la sega e la regina; montare e tirare"},
		{"ru", "Какая разница, голый кабель; оскорблять, хлеб, застрахуйте, потребитель"}, {"fr", "Le colis est en retard"}, {"", "FCKeditor is deficient"},
		{"pl", "Jajko i cykl, kutno, suknia"}, {"", ""}, {"", "\xff\xfe*"}, {"", "* * * *"},
	} {
		if Profane(c.text, c.lang) {
			t.Errorf("%q in %q is taken for profane", c.text, c.lang)
		}
	}
}

func TestT059HostileProfanity(t *testing.T) {
	for _, unit := range []string{"f*", "a ", "f*** ", "a@", "1", "*", "aa", "e\u0301", "piss "} {
		start := time.Now()
		Profane(strings.Repeat(unit, maxProfaneText/8/len(unit)), "en")
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%q took %v", unit, took)
		}
	}
}

func FuzzProfane(f *testing.F) {
	f.Add("f*ck", "en")
	f.Add("с у к а", "ru")
	f.Add("$", "")
	f.Fuzz(func(t *testing.T, s, lang string) {
		once := Profane(s, lang)
		if again := Profane(s, lang); again != once {
			t.Errorf("%q is judged in two ways", s)
		}
	})
}
