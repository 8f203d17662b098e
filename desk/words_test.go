package desk

import (
	"strings"
	"testing"
	"unicode"
)

func TestT039Understand(t *testing.T) {
	tests := []struct {
		name, words string
		want        saying
	}{
		// A plain yes, in every language that the desk writes.
		{"English", "Yes", saysYes},
		{"English with a point", "Yes, please go ahead.", saysYes},
		{"German", "Ja, bitte!", saysYes},
		{"German with an umlaut in two parts", "Besta\u0308tigt", saysYes},
		{"Spanish", "Sí, de acuerdo", saysYes},
		{"French", "Oui, s’il vous plaît", saysYes},
		{"Dutch", "Akkoord", saysYes},
		{"Italian", "Sì, confermo", saysYes},
		{"Russian", "Да, согласна", saysYes},
		{"Polish", "Tak, potwierdzam", saysYes},
		{"in quotation marks as the mail shows it", "“yes”", saysYes},
		{"in bold", "*Yes*", saysYes},
		{"shouted", "YES!!!", saysYes},
		{"with a thumb", "Yes 👍🏽", saysYes},
		{"with a tick", "Ok ✔️", saysYes},
		{"with a greeting above", "Hello Eve,\n\nyes\n", saysYes},
		{"with a greeting in one line", "Hi, yes please", saysYes},
		{"with a greeting for nobody", "Sehr geehrte Damen und Herren,\n\nja", saysYes},
		{"with a greeting for all", "Bonjour à tous,\noui", saysYes},
		{"with a thank-you below", "Yes\nThank you!", saysYes},
		{"with a thank-you above", "Thanks.\nYes, go ahead", saysYes},
		{"with a thank-you in its line", "Yes, thank you", saysYes},
		{"with a closing", "Yes\n\nBest regards\nKim", saysYes},
		{"with a closing and a whole signature", "Ja\n\nMit freundlichen Grüßen\nKim von der Heide\nGeschäftsführerin\n\nCust GmbH\nMusterstraße 1, 12345 Berlin\nkim@cust.example", saysYes},
		{"with a closing and a firm's small print", "Yes\n\nKind regards\nKim\nCust Ltd\nTel. 0123\nThis mail may contain what is meant only for the person it was sent to.", saysYes},
		{"signed with the name of the address", "Yes\nKim Bolt", saysYes},
		{"with a closing and the name in one line", "Yes\nKind regards, Kim Bolt", saysYes},
		{"signed with a part of it", "yes\n\nkim", saysYes},
		{"line ends of Windows", "Hello,\r\n\r\nyes\r\n", saysYes},

		// A plain no.
		{"no", "No", saysNo},
		{"no, thanked", "No, thank you.\nKim", saysNo},
		{"nein", "Hallo,\nnein danke", saysNo},
		{"нет", "Нет, спасибо", saysNo},
		{"nie", "Nie, dziękuję", saysNo},

		// Closing.
		{"close", "close", saysClose},
		{"close in a sentence, thanked and signed", "Hi,\nyou can close this ticket.\nThanks, Kim", saysClose},
		{"close and thanks", "You can close this ticket.\nThanks!\nKim", saysClose},
		{"close and thanks in one line", "Please close, thank you", saysClose},
		{"schließen", "Bitte schließen. Danke!", saysClose},

		// A mere thank-you.
		{"thanks", "Thanks!", saysThanks},
		{"thanks and the name", "Thank you\nKim", saysThanks},
		{"thanks with all around it", "Hi Eve,\n\nperfect, thank you!\n\nBest\nKim", saysThanks},
		{"ok, thanks", "OK, thanks 🙂", saysThanks},
		{"danke", "Vielen Dank für Ihre Hilfe!", saysThanks},
		{"спасибо", "Спасибо большое!", saysThanks},

		// Nor does it ask for anything to hear that all is well.
		{"it works", "Hi Eve,\n\nit works now.\n\nBest\nKim", saysWell},
		{"it works, thanked", "Perfect, it works. Thank you!", saysWell},
		{"alles klar", "Alles klar 👍", saysWell},
		{"c'est bon", "Parfait, c’est bon.\nMerci !", saysWell},
		{"работает", "Всё работает, спасибо", saysWell},
		{"działa", "Już działa, dziękuję!", saysWell},
		{"all well, and a yes", "Perfect.\nYes, go ahead", saysWell},
		{"ok, it works", "Ok, it works", saysWell},
		{"all well, and a no", "Perfect.\nNo", saysNothing},
		{"all well, and closed", "It works.\nYou can close the ticket.", saysClose},
		{"perfect, thanks a lot", "Perfect, thanks a lot", saysWell},
		{"a yes, thanked at length", "Oui, merci beaucoup", saysYes},
		{"a no, thanked at length", "Nein, danke schön", saysNo},
		{"a sad face", "Great :(", saysNothing},
		{"a sad face with a nose", "It works :-(", saysNothing},
		{"super close", "Super close!", saysNothing},
		{"well, but", "It works now, but slowly", saysNothing},
		{"well, and more", "It works now.\nHow do I undo it?", saysNothing},
		{"well?", "All good?", saysNothing},
		{"not well", "It works not", saysNothing},

		// Words for a person: a yes that is not all.
		{"yes, but", "Yes, but please start on Monday", saysNothing},
		{"yes, but below", "Yes\nPlease start Monday", saysNothing},
		{"yes and a question", "Yes\nHow long will it take?", saysNothing},
		{"yes?", "Yes?", saysNothing},
		{"ok?", "ok?", saysNothing},
		{"a wide question mark", "ok？", saysNothing},
		{"yes and no", "Yes / no", saysNothing},
		{"yes, then no", "Yes\nNo", saysNothing},
		{"no, then yes", "No\nYes", saysNothing},
		{"yes crossed out", "~yes~", saysNothing},
		{"yes with a thumb down", "Yes 👎", saysNothing},
		{"yes with a cross", "ok ❌", saysNothing},
		{"not yes", "not yes", saysNothing},
		{"yes for less", "Yes, up to 2", saysNothing},
		{"a number", "yes 2", saysNothing},
		{"yes in a sentence", "I said yes to my wife", saysNothing},
		{"yes quoted", "> yes", saysNothing},
		{"no above a quoted yes", "no\n> yes", saysNothing},
		{"a command", "/close", saysNothing},
		{"a command above", "/yes\nyes", saysNothing},
		{"a greeting that is more", "Hi, not yet please\nOk", saysNothing},
		{"a greeting with a no", "Hello No\nOk", saysNothing},
		{"a greeting that asks", "Hello?\nYes", saysNothing},
		{"a greeting of many words", "Hello This Is Not What We Want\nYes", saysNothing},
		{"a postscript", "Yes\n\nBest regards\nKim\n\nP.S. Please not before Monday", saysNothing},
		{"a postscript without points", "Yes\nRegards\nKim\nPS: only if it costs one", saysNothing},
		{"more below the closing", "Yes\nRegards\nBut please do not begin before Monday", saysNothing},
		{"a question below the name", "Yes\nRegards\nKim\nWhen?", saysNothing},
		{"somebody else's name", "Yes\nLee", saysNothing},
		{"only a closing", "Best regards\nKim", saysNothing},
		{"a closing first", "Regards\nYes", saysNothing},
		{"only a greeting", "Hello Eve,", saysNothing},
		{"nothing", "", saysNothing},
		{"blank", " \n\t\n", saysNothing},
		{"thanks, but", "Thanks, but it still fails", saysNothing},
		{"thanks and more", "Thanks!\nIt still fails.", saysNothing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := understand(tt.words, "Kim Bolt"); got != tt.want {
				t.Errorf("%q says %q, want %q", tt.words, got, tt.want)
			}
		})
	}
}

// Each entry of the lists is understood as what its list says, alone and in a whole mail.
func TestSayingsAreUnderstood(t *testing.T) {
	for says, lines := range sayings {
		for _, line := range lines {
			for _, words := range []string{line, strings.ToUpper(line) + "!", "Hello Eve,\n\n" + line + ".\n\nBest regards\nKim"} {
				if got := understand(words, ""); got != says {
					t.Errorf("%q says %q, want %q", words, got, says)
				}
			}
			if got := understand(line+" but not now", ""); got != saysNothing {
				t.Errorf("%q and more says %q", line, got)
			}
		}
	}
	for _, g := range greetings {
		if got := understand(g+" Eve,\nyes", ""); got != saysYes {
			t.Errorf("below %q, yes says %q", g, got)
		}
	}
	for _, c := range closings {
		if got := understand("yes\n"+c+"\nKim", ""); got != saysYes {
			t.Errorf("above %q, yes says %q", c, got)
		}
	}
}

// FuzzUnderstand: a yes is never read from a mail with anything in it but words of the lists, a greeted name, and a signature.
func FuzzUnderstand(f *testing.F) {
	for _, s := range []string{"yes", "Hello Eve,\n\nja\n\nBest regards\nKim", "Thanks\nsi", "yes, but", "ok?", "/close", "Yes\nPS: no", "Да\r\n", "tak 👍"} {
		f.Add(s)
	}
	known := map[string]bool{}
	for _, lines := range sayings {
		for _, line := range lines {
			for w := range strings.FieldsSeq(fold(line)) {
				known[w] = true
			}
		}
	}
	for _, lines := range [][]string{greetings, addressees} {
		for _, line := range lines {
			for w := range strings.FieldsSeq(fold(line)) {
				known[w] = true
			}
		}
	}
	f.Fuzz(func(t *testing.T, words string) {
		words = strings.ToValidUTF8(words, "?")
		if understand(words, "") != saysYes {
			return
		}
		for line := range strings.SplitSeq(words, "\n") {
			if isClosing[fold(line)] {
				return
			}
			for i, w := range strings.Fields(line) {
				if fold(w) == "" || known[fold(w)] || allKnown(fold(w), known) {
					continue
				}
				if r := []rune(strings.TrimLeftFunc(w, unicode.IsPunct)); i == 0 || len(r) == 0 || !unicode.IsUpper(r[0]) {
					t.Fatalf("%q says yes, with %q in it", words, w)
				}
			}
		}
	})
}

// allKnown tells it of a word that fold parts, such as "yes,please".
func allKnown(f string, known map[string]bool) bool {
	for w := range strings.FieldsSeq(f) {
		if !known[w] {
			return false
		}
	}
	return true
}

func TestFalseFriends(t *testing.T) {
	for _, tt := range []struct {
		name, language, words string
		want                  saying
	}{
		{"a Pole agrees", "pl", "Tak.", saysYes},
		{"a Dane thanks", "en", "Tak!\nLars", saysNothing},
		{"an Italian says first", "it", "Prima", saysNothing},
		{"a German is content", "de", "Prima!", saysWell},
		{"an Englishman declines", "en", "No", saysNo},
		{"a Pole does not", "pl", "No\nKim", saysNothing},
		{"in a sentence it is none", "en", "No thanks", saysNo},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := understandIn(tt.language, tt.words, "Kim"); got != tt.want {
				t.Errorf("%q in %s says %q, want %q", tt.words, tt.language, got, tt.want)
			}
		})
	}
}
