package parse

import (
	"maps"
	"math/bits"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// commonWords are the small words by which a language is told. The desk's languages (M9) stand first; the others are there so that
// their texts are not taken for a neighbour's. Guessing by groups of letters was tried: the library for it gave other answers for
// the same text from one run to the next, which simulate must not, and could not tell a sentence of ten words.
var commonWords = map[string]string{
	"en": "the and of to is in it you that for was on are with as have be this from or had by not but what all were we when your can there an which do their if will would about how please thank thanks hello could does did our has been my me i am no yes should they he she its at so us any some need get got after",
	"de": "der die das und ist nicht ich sie es mit für auf ein eine den dem von zu wir bitte danke wie kann haben hat sind auch im noch wird werden ihre ihr ihnen mir mich uns oder aber wenn nach bei einen einem einer hallo guten können vielen keine kein zum zur über dass ja nein was ob vom als so sich habe wurde alle des in am man sollen",
	"es": "el la los las de que y en un una es por con para no se lo su al del está pero más como gracias hola puede favor tengo mi me usted son este esta ha he muy sin sobre qué cómo después todos tiene nos hacer ser o cuando buenos sus toda",
	"fr": "le la les des et est un une du pas que je vous nous dans pour ce qui sur avec au il ne se plus bonjour merci mon ma votre notre sont par mais ou cette avez suis être en de fait ai tous leur sans aux à après faire a été d l n qu",
	"nl": "de het een en van is niet ik je dat in op te met voor zijn er maar aan ook u wij we kunnen kan dit deze heb heeft graag bedankt hallo goed bij naar of om wat mijn uw worden wordt nog geen ons alle als heeft moet moeten na nu meer hebben door",
	"it": "il la lo gli le di che e è un una per non con del della sono mi si ho grazie ciao buongiorno questo questa come al nel alla dei più ma anche posso vorrei nostro vostro suo ha abbiamo salve tutti da dopo cosa fare i delle ed in ogni essere si dobbiamo",
	"ru": "и в не на что я с по это как для мы вы у при но из от за пожалуйста спасибо здравствуйте можно есть нас вас нам вам мне или так уже все если когда был была было быть их его мой не после к а же то делать добрый день",
	"pl": "i w nie na się to z że jest do proszę dziękuję dzień dobry jak mam czy po od za ale przez tego oraz są może można mi nas bardzo przy dla co już tylko jestem ma być lub które który powinniśmy wszyscy mają swoich o zrobić witam pozdrawiam",

	"pt": "o a os as de que e não um uma para com por em do da no na se mais obrigado obrigada olá você meu minha está são mas isso foi seu sua às ao todos dos das ou ser como aos têm",
	"sv": "och att det är äro som en på för av med inte jag ett den har vi till om kan hej tack du från men när ska vill alla är varje eller sin i de så böra",
	"da": "og det er at en på til for af med ikke jeg vi har den de som kan du fra hej tak hvis når vil skal men eller et alle være",
	"no": "og det er at en på til for av med ikke jeg vi har den de som kan du fra hei takk hvis når vil skal men eller et alle være",
	"cs": "a je se na že to v s z do jsem pro jak ale by děkuji dobrý prosím není má jako které si tak nebo jsou všichni",
	"uk": "і в не на що я з це як для ми ви але від за ласка дякую є та у про або до його всі має бути",
	"bg": "и в не на че аз с по това как за ние вие но от моля благодаря е да се са или има със всички",
	"tr": "ve bir bu için ile de da ne var çok ben mi olarak teşekkürler merhaba daha her olan hakkı",
	"ro": "și în nu la că eu cu pe este sunt pentru dar din mai un o ce mulțumesc bună să se cum sau are fi",
	"fi": "ja on ei se että en mutta kun niin ovat olen kiitos hei voi mitä tai hän ole jos",
	"hu": "a az és nem hogy is egy van meg de ez köszönöm kérem csak mint vagy nem volt minden",
	"ca": "el la els les de que i en un una és per amb no es del però més com gràcies hola tots són",
}

// told are the languages that a mail may be told to be in.
var told = map[string]bool{"en": true, "de": true, "es": true, "fr": true, "nl": true, "it": true, "ru": true, "pl": true}

// codes are the languages, in order.
var codes = slices.Sorted(maps.Keys(commonWords))

// A speech is a common word with the languages that have it, as indexes of codes.
type speech struct {
	word  string
	sum   uint32
	langs []uint8
}

// speeches are the common words, and places tells by a word's wordSum where it stands among them, from 1: most words of a text are none, and
// a glance tells so.
var speeches, places = func() (list []speech, table [1 << placeBits]uint16) {
	for i, lang := range codes {
		for word := range strings.FieldsSeq(commonWords[lang]) {
			sum := uint32(0)
			for _, c := range []byte(word) {
				sum = wordSum(sum, c)
			}
			at := wordPlace(sum)
			for table[at] != 0 && list[table[at]-1].word != word {
				at = (at + 1) % uint32(len(table))
			}
			if table[at] == 0 {
				list = append(list, speech{word: word, sum: sum})
				table[at] = uint16(len(list))
			}
			if s := &list[table[at]-1]; !slices.Contains(s.langs, uint8(i)) {
				s.langs = append(s.langs, uint8(i))
			}
		}
	}
	return list, table
}()

// wordSum is the sum of a word's bytes up to c, from that before.
func wordSum(sum uint32, c byte) uint32 { return bits.RotateLeft32(sum, 5) ^ uint32(c) }

// wordPlace is where a word is looked for first among places (Knuth, 1973: multiplicative hashing).
func wordPlace(sum uint32) uint32 { return sum * 0x9e3779b1 >> (32 - placeBits) }

const placeBits = 13

// foreignWord reads a word on from a letter that is none of ASCII: where it ends, and its sum.
func foreignWord(text string, i int, sum uint32) (int, uint32) {
	var store [utf8.UTFMax]byte
	for i < len(text) {
		r, n := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsLetter(r) {
			break
		}
		for _, c := range utf8.AppendRune(store[:0], unicode.ToLower(r)) {
			sum = wordSum(sum, c)
		}
		i += n
	}
	return i, sum
}

// languagesOf are those that have the word, whatever its case.
func languagesOf(word string, sum uint32) []uint8 {
	for at := wordPlace(sum); places[at] != 0; at = (at + 1) % uint32(len(places)) {
		if s := &speeches[places[at]-1]; s.sum == sum && strings.EqualFold(s.word, word) {
			return s.langs
		}
	}
	return nil
}

const (
	sampleText    = 2 << 10 // bytes of a text that are looked at
	minWords      = 3       // of a text whose language can be told
	minConfidence = 0.3     // by how much the first must be ahead of the second, as a share of the first
)

// language is the ISO 639-1 code of the text among the desk's languages, "" when it is too short to tell or another one.
func language(text string) string {
	var words int
	var scores [32]float64 // of codes
	text = clip(text, sampleText)
	for i := 0; i < len(text); {
		begin, sum := i, uint32(0)
		for ; i < len(text); i++ {
			c := text[i] | 0x20
			if c < 'a' || c > 'z' {
				break
			}
			sum = wordSum(sum, c)
		}
		if i < len(text) && text[i] >= utf8.RuneSelf {
			i, sum = foreignWord(text, i, sum)
		}
		if i == begin { // no letter
			_, n := utf8.DecodeRuneInString(text[i:])
			i += n
			continue
		}
		words++
		langs := languagesOf(text[begin:i], sum)
		for _, lang := range langs {
			scores[lang] += 1 / float64(len(langs))
		}
	}
	var first, second float64
	best := -1
	for lang, score := range scores[:len(codes)] {
		switch {
		case score > first:
			first, second, best = score, first, lang
		case score > second:
			second = score
		}
	}
	// A word that one language has alone counts 1. Names and addresses are many of the words of short mails, so little is asked for.
	if words < minWords || first < 1 || first < 0.08*float64(words) || (first-second)/first < minConfidence || !told[codes[best]] {
		return ""
	}
	return codes[best]
}
