package parse

import (
	"maps"
	"math/bits"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// commonWords are the small words by which a language is told, with those that short answers have. The desk's languages (M9) stand first; the others are there so that
// their texts are not taken for a neighbour's. Guessing by groups of letters was tried: the library for it gave other answers for
// the same text from one run to the next, which simulate must not, and could not tell a sentence of ten words.
var commonWords = map[string]string{
	"en": "the and of to is in it you that for was on are with as have be this from or had by not but what all were we when your can there an which do their if will would about how please thank thanks hello could does did our has been my me i am no yes should they he she its at so us any some need get got after a i' don' doesn' didn' isn' won' can' couldn' wasn' haven' it' that' let' what' here' we' you' they' there' she' he' know see like ahead attached attachment still working work works worked try tried again error same sorry good morning than only then here where who why more most time day today tomorrow yesterday now new back into out up over being order send sent invoice find long take much very too also yet already before soon tell ask want go click save close cancel refund let",
	"de": "der die das und ist nicht ich sie es mit für auf ein eine den dem von zu wir bitte danke wie kann haben hat sind auch im noch wird werden ihre ihr ihnen mir mich uns oder aber wenn nach bei einen einem einer hallo guten können vielen keine kein zum zur über dass ja nein was ob vom als so sich habe wurde alle des in am man sollen gibt etwas neues schon anhang siehe anbei leider immer jetzt heute morgen gestern wieder hier dort warum wann wo wer welche dieser diese dieses unser unsere euch ihm ihn sei waren wäre würde würden möchte könnten könnte sollte müssen muss geht gehen funktioniert klappt passt dank gruß grüße gern gerne liebe lieber sehr tag abend rechnung bestellung fehler gleiche gleichen mehr nur durch gegen ohne seit bis unter zwischen doch mal nichts dann denn damit weil ihren ihrem ihrer hätte war lange gut machen macht",
	"es": "el la los las de que y en un una es por con para no se lo su al del está pero más como gracias hola puede favor tengo mi me usted son este esta ha he muy sin sobre qué cómo después todos tiene nos hacer ser o cuando buenos sus toda hay ya parece bien cuánto cuándo dónde quién cuál tiempo días buenas tardes noches adjunto sé otra otro vez ahora aquí allí funciona sigue error mismo misma factura pedido quiero quiere puedo pueden podría también desde hasta entre porque si sí le les nosotros ustedes fue era han has había hoy mañana ayer saludos solo sólo nada algo alguna alguno nuestro nuestra nuestros todo todas cada ese esa eso esto estos estoy estamos están soy enviar todavía hago a correcto enviado enviaron llegado vale",
	"fr": "le la les des et est un une du pas que je vous nous dans pour ce qui sur avec au il ne se plus bonjour merci mon ma votre notre sont par mais ou cette avez suis être en de fait ai tous leur sans aux à après faire a été l' d' qu' j' c' n' s' m' t' aujourd' elle ils elles on y joint encore toujours oui non ça va allez quand combien temps comment pourquoi où quoi quel quelle veuillez pouvez pouvons pourriez peut peux voudrais voulez veux faut fonctionne marche facture commande erreur même nouveau nouvelle demain hier maintenant déjà rien tout toute toutes très bien beaucoup cordialement si car donc alors chez entre depuis cela ceci celui celle ces cet leurs son sa ses nos vos lui eux moi toi sommes êtes était fichier cliquer prend",
	"nl": "de het een en van is niet ik je dat in op te met voor zijn er maar aan ook u wij we kunnen kan dit deze heb heeft graag bedankt hallo goed bij naar of om wat mijn uw worden wordt nog geen ons alle als heeft moet moeten na nu meer hebben door nee prima doe steeds werkt werken nieuws goedemorgen goedemiddag weer hoe lang wanneer waar wie waarom welke factuur bestelling fout zelfde vraag weet morgen gisteren vandaag bijlage hartelijk dank groet groeten alvast mag zou zouden wil willen kunt kun jullie onze hun haar was waren hebt had niets iets alles hier daar dan toch wel eens even tot over onder tussen zonder tegen omdat dus want keer duurt",
	"it": "il la lo gli le di che e è un una per non con del della sono mi si ho grazie ciao buongiorno questo questa come al nel alla dei più ma anche posso vorrei nostro vostro suo ha abbiamo salve tutti da dopo cosa fare i delle ed in ogni essere si dobbiamo l' un' c' dell' all' nell' dall' sull' quell' no sì ci vi ne sa so chi quando quanto quanta dove perché quale tempo adesso ora ancora già ieri oggi domani allegato fattura ordine errore stesso stessa va bene male molto mille favore prego potete potrei può possiamo vuole facciamo funziona novità buonasera saluti sul sulla nello nella dai dalle sui tra fra senza se solo niente qualcosa tutto tutta loro noi voi lui era stato stata siamo avete hanno su pure",
	"ru": "и в не на что я с по это как для мы вы у при но из от за пожалуйста спасибо здравствуйте можно есть нас вас нам вам мне или так уже все если когда был была было быть их его мой не после к а же то делать добрый день да нет теперь сейчас ещё еще всё та тот эта этот эти хочу хотим хорошо работает работают ошибка счёт счет заказ большое доброе утро вечер снова опять почему где кто какой какая сколько времени она они её моя ваш ваша наш очень только тоже также чтобы завтра вчера сегодня пришлите прошу подскажите во со об до без под над через можете могу нужно надо будет были буду давайте новости попробуем вернуть деньги ничего получил",
	"pl": "i w nie na się to z że jest do proszę dziękuję dzień dobry jak mam czy po od za ale przez tego oraz są może można mi nas bardzo przy dla co już tylko jestem ma być lub które który powinniśmy wszyscy mają swoich o zrobić witam pozdrawiam tak nadal dalej teraz działa działają błąd ten ta te sam faktury faktura zamówienie chciałbym chciałabym chcę ile kiedy gdzie kto dlaczego jaki jaka jakie jutro dziś dzisiaj wczoraj damy znać załączniku państwo państwa pan pani moje moja mój nasz też także jeśli żeby aby potem więc bo ani albo przed pod między bez zwrot dobrze sprawa jeszcze znowu nic",

	"pt": "o a os as de que e não um uma para com por em do da no na se mais obrigado obrigada olá você meu minha está são mas isso foi seu sua às ao todos dos das ou ser como aos têm anexo segue ainda funciona agora sim muito bem bom dia boa tarde outra outro vez quanto tempo quero quer pode podem posso poderia também desde até entre porque lhe nos ele ela era há hoje amanhã ontem cumprimentos só nada algo alguma algum nosso nossa tudo toda cada esse essa estou estamos estão sou fatura encomenda pedido mesmo mesma erro favor me dinheiro volta já fazer ter à pelo pela num numa enviar recebi correto obrigados",
	"sv": "och att det är äro som en på för av med inte jag ett den har vi till om kan hej tack du från men när ska vill alla är varje eller sin i de så böra nu fungerar fortfarande samma fel ni skicka fakturan igen god morgon hur lång tid tar ja nej mycket era oss var hade detta denna bara också inget mig dig",
	"da": "og det er at en på til for af med ikke jeg vi har den de som kan du fra hej tak hvis når vil skal men eller et alle være nu virker stadig samme fejl i sende fakturaen igen god morgen hvor lang tid tager ja nej meget jeres os var havde dette kun også intet mig dig",
	"no": "og det er at en på til for av med ikke jeg vi har den de som kan du fra hei takk hvis når vil skal men eller et alle være nå fungerer virker fortsatt samme feil dere sende fakturaen nytt god morgen hvor lang tid tar dette ja nei mye oss var hadde bare også meg deg",
	"cs": "a je se na že to v s z do jsem pro jak ale by děkuji dobrý prosím není má jako které si tak nebo jsou všichni ano ne už pořád teď zase ještě ten ta stejná stejný chyba fakturu můžete mohu díky den dlouho bude trvat kdy kde kdo proč co mi mě vám nás náš jen také pokud aby pak protože před bez mezi zítra včera dnes ve ze ke od nefunguje funguje",
	"uk": "і в не на що я з це як для ми ви але від за ласка дякую є та у про або до його всі має бути так ні тепер зараз ще вже усе все те ці хочу добре працює помилка рахунок замовлення доброго дня ранку новини знову чому коли де хто який яка скільки часу він вона вони мені нам вам вас нас її їх мій ваш наш дуже тільки також якщо щоб завтра вчора сьогодні надішліть прошу будь після без під над через можете можу потрібно буде були займе ж отримав нічого",
	"bg": "и в не на че аз с по това как за ние вие но от моля благодаря е да се са или има със всички още същата същият грешка работи сега вече ли сме сте съм беше ще може можете добро утро ден здравейте отново пак колко време кога къде кой защо искам ми ви му им го я този тази тези нещо нищо много само също ако защото след преди без под през поръчка изпратете върнете отнеме все получих",
	"tr": "ve bir bu için ile de da ne var çok ben mi olarak teşekkürler merhaba daha her olan hakkı",
	"ro": "și în nu la că eu cu pe este sunt pentru dar din mai un o ce mulțumesc bună să se cum sau are fi da acum tot aceeași eroare îmi puteți nou vă rog ziua iar cât când unde cine de vreau mi ne le lui noi voi era fost foarte doar dacă după fără prin sub",
	"fi": "ja on ei se että en mutta kun niin ovat olen kiitos hei voi mitä tai hän ole jos",
	"hu": "a az és nem hogy is egy van meg de ez köszönöm kérem csak mint vagy nem volt minden",
	"ca": "el la els les de que i en un una és per amb no es del però més com gràcies hola tots són l' d' encara ara sí mateix error factura si us plau podeu enviar bon dia quant temps quan on qui fa ha han he hem va van meu meva nostre també només res tot tota cada aquest aquesta això estic estan sóc em et ens li hi ho al als dels torna correcte",
	"sk": "a je sa na že to v s z do som pre ako ale by ďakujem dobrý deň prosím nie má ktoré si tak alebo sú všetci áno už stále rovnaká chyba môžete znova znovu faktúru opäť zase mi",
	"hr": "i u na je da ne se za sa što kao mi vi ali od do hvala molim možete radi sada još uvijek ista račun dobar dan koliko kada gdje tko zašto nije smo su bi bio",
	"sr": "и у на је да не се за са што као ми ви али од до хвала молим може ради сада још није смо су",
	"be": "так цяпер працуе дзякуй і ў не на што я з як для мы вы ад за калі ласка ёсць няма добры дзень яшчэ ужо але",
	"af": "die het dit werk nou nie is en van ons my jy baie dankie asseblief ja nee",
	"et": "ja ei on et see ma kas nüüd tänan aitäh teile palun mitte veel ka mis kui oli olen tänu suur",
	"id": "ya sekarang terima kasih yang dan tidak di ke dari untuk dengan ini itu saya kami anda bisa ada sudah belum tolong",
}

// told are the languages that a mail may be told to be in.
var told = map[string]bool{"en": true, "de": true, "es": true, "fr": true, "nl": true, "it": true, "ru": true, "pl": true}

// codes are the languages, in order.
var codes = slices.Sorted(maps.Keys(commonWords))

// A speech is a common word with the languages that have it.
type speech struct {
	sum   uint32
	langs uint32 // a bit for each index of codes
	begin uint32 // of the word in speechText
	size  uint8  // in bytes, without an apostrophe at its end
}

// speeches are the common words, and places tells by a word's wordSum where it stands among them, from 1: most words of a text are none, and
// a glance tells so. The words themselves stand one after the other in speechText.
var speeches, places, speechText = func() (list []speech, table [1 << placeBits]uint16, _ string) {
	var all strings.Builder
	at := map[string]int{}
	for i, lang := range codes {
		for word := range strings.FieldsSeq(commonWords[lang]) {
			if at[word] == 0 {
				s := speech{begin: uint32(all.Len()), size: uint8(len(strings.TrimSuffix(word, "'")))}
				for _, c := range []byte(word) {
					s.sum = wordSum(s.sum, c)
				}
				place := wordPlace(s.sum)
				for table[place] != 0 {
					place = (place + 1) % uint32(len(table))
				}
				list = append(list, s)
				all.WriteString(word)
				at[word] = len(list)
				table[place] = uint16(len(list))
			}
			list[at[word]-1].langs |= 1 << i
		}
	}
	return list, table, all.String()
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

// languagesOf has a bit for each that has the word, whatever its case.
func languagesOf(word string, sum uint32) (langs uint32) {
	for at := wordPlace(sum); places[at] != 0; at = (at + 1) % uint32(len(places)) {
		if s := &speeches[places[at]-1]; s.sum == sum {
			if common := speechText[s.begin : s.begin+uint32(s.size)]; common == word || strings.EqualFold(common, word) {
				return s.langs
			}
		}
	}
	return 0
}

// apostrophe is the length of one within a word.
func apostrophe(rest string) int {
	n := 0
	switch {
	case rest == "":
	case rest[0] == '\'':
		n = 1
	case rest[0] >= utf8.RuneSelf && strings.HasPrefix(rest, "’"):
		n = len("’")
	}
	if n == 0 || n == len(rest) || rest[n]|0x20 < 'a' || rest[n] < utf8.RuneSelf && rest[n]|0x20 > 'z' {
		return 0
	}
	return n
}

const (
	sampleText    = 2 << 10 // bytes of a text that are looked at
	minWords      = 3       // of a text whose language can be told
	minHits       = 2       // common words of the language: one alone stands in many another
	minConfidence = 0.3     // by how much the first must be ahead of the second, as a share of the first
)

// language is the ISO 639-1 code of the text among the desk's languages, "" when it is too short to tell or another one.
func language(text string) string {
	var words int
	var scores [32]float64 // of codes
	var hits [32]int
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
			n := 1
			if text[i] >= utf8.RuneSelf {
				_, n = utf8.DecodeRuneInString(text[i:])
			}
			i += n
			continue
		}
		words++
		end := i
		if n := apostrophe(text[i:]); n > 0 { // l'imprimante, don't: what stands before belongs to it
			sum = wordSum(sum, '\'')
			i += n
		}
		if langs := languagesOf(text[begin:end], sum); langs != 0 {
			share := 1 / float64(bits.OnesCount32(langs))
			for ; langs != 0; langs &= langs - 1 {
				lang := bits.TrailingZeros32(langs)
				scores[lang] += share
				hits[lang]++
			}
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
	if words < minWords || first < 1 || hits[best] < minHits || first < 0.08*float64(words) || (first-second)/first < minConfidence || !told[codes[best]] {
		return ""
	}
	return codes[best]
}
