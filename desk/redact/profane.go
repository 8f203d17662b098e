package redact

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The lists are other people's and stay as they are (see words/NOTICE.md); harmless and stems below say where we think otherwise.
//
//go:embed words/*.json
var wordLists embed.FS

// harmless are words of the lists that customers write without offence: names of things and parts, medicine, what a machine does.
var harmless = map[string]string{
	"en": "anal anus bareback bastinado big_black bondage busty butt cialis clover_clamps coon coons date_rape dick domination ecchi ejaculation escort eunuch fecal fingering genitals girl_on girl_on_top grope hard_core hardcore hooker " +
		"how_to_kill how_to_murder huge_fat intercourse jelly_donut lolita make_me_come mong nipple nipples nsfw nude nudity one_guy_one_jar panties panty penis playboy poof poon rape raping rapist rectum rimming rosy_palm sadism santorum scat " +
		"semen sex sexo sexual sexually sexuality sexy snatch snowballing spastic spic spunk strap_on suck sucks swastika swinger tainted_love taste_my threesome throating tied_up tight_white tit tongue_in_a topless tosser tushy twink twinkie " +
		"undressing vagina viagra vibrator violet_wand voyeur vulva wet_dream white_power wrapping_men xx xxx yaoi s&m skeet shrimping style_doggy scissoring pegging pissing kinky humping horny erotic erotism incest orgy paki pikey blue_waffle," +
		"cock cocks cornhole dvda guro homoerotic honkey nawashi negro neonazi pubes queef quim shota shibari butthole boner boob boobs camgirl double_dong dingleberry dingleberries deep_throat hot_chick mr_hands nutten playboy poop_chute porn porno pornography cum",
	"de": "bonze bratze bumsen fratze ische kimme lümmel mufti nackt nippel orgasmus penis popel poppen rosette schabracke schiesser schnackeln reudig porno bimbo milf",
	"es": "asesinato asno bastardo caca chupada chupetón concha drogas esperma heroína infierno maldito martillo maciza marica mamada nazi orina pedo pezón pinche pis prostituta racista semen sexo sexo_oral trio vulva sádico travesti verga haciendo_el_amor tía_buena pervertido culo fiesta_de_salchichas",
	"fr": "baiser bander bigornette bite bitte bourré bourrée bordel caca chatte clitoris con conne cul étron folle gerbe gerber grande_folle gueule jouir meuf négro negro ménage_à_trois pédale péter pipi ramoner suce tanche tapette trique zizi teuch tringler déconne déconner palucher",
	"nl": "aardappels_afgieten achter_het_raam_zitten afrossen afrukken aftrekken anita asbak aso balen bedonderen bekken belazeren beurt boemelen buffelen de_ballen de_hond_uitlaten de_koffer_induiken de_pijp_uitgaan del draaikont driehoog_achter_wonen een_beurt_geven een_wip_maken eikel engerd " +
		"flikken gadverdamme gat gedoogzone gras_maaien griet hol huisdealer johny kanen klaarkomen klooien knor matje mof muts naakt nicht een_nummertje_maken opzouten paal palen penoze pijpen pik poot pot publiciteitsgeil raaskallen remsporen reutelen schatje schoft spuiten standje stootje slempen toeter vergallen " +
		"vingeren watje wippen wuftje zaadje zeiken zeiker zuigen poep poepen potverdorie drol dombo kloten naaien reet balen een_halve_man_en_een_paardekop afwerkplaats rukken teef da's_kloten_van_de_bok sufferd lummel mafketel wijf shit",
	"it": "allupato anale bagnarsi balle battere belino biga brinca cadavere cagna casci cesso checca chiappa cozza fava finocchio femminuccia guardone imbecille ingoio mona monta montare mussa nave_scuola palle patacca pecorina pesce picio pippa pipì pisello pistolotto pompa porca porco quaglia regina " +
		"rizzarsi ruffiano sbattere sbattersi scopare sega soccia spagnola sticchio succhione sveltina tirare topa trombare vacca vangare zio_cantante bofilo bordello potta padulo lofare loffa goldone mannaggia cacca cornuto lecchino tette terrone boiata zinne",
	"ru": "byk gol bychara uboy petuh perdet styervo бугор голый другой_дразнится какая_разница мент обнаженный половое_сношение секс фига хапать хохол офигеть играть_на_кожаной_флейте курите_мою_трубку лысого_в_кулаке_гонять ты_мне_ваньку_не_валяй каждый_дрочит_как_он_хочет на_фиг сиськи хрен хер_с_ним хер_с_ней встать_раком",
	"pl": "burdel cyc dmuchać duperele jajco jajko pierdoła syf rzygać suka sraczka burdelmama pierdzieć debil",
}

// stems are words that are clear in any mail, whatever its language; a star stands for any ending, an underscore for a space. They come
// beside the lists, which know few endings, and they count where a mail is too short to tell its language.
var stems = map[string]string{
	"en": "fuck* motherfuck* fck wtf stfu bullshit* shithead* shitty shite shit asshole* arsehole* dickhead* bitch* cunt* bastard* bollocks wanker* twat* douchebag* jackass* dumbass* scumbag* retarded idiot idiots moron moronic morons imbecile* scum faggot* nigger* whore* slut* piss_off",
	"de": "arschl* scheiß* scheiss* beschissen* verfickt* ficken fickt fick_dich hurens* wichs* fotze* schlampe* vollidiot* idiot idioten trottel dummkopf* mistkerl* drecks* missgeburt* spasti schwuchtel* vollpfosten arschgeige* verpiss* leck_mich",
	"es": "puta putas puto putos joder jodid* gilipoll* cabrón* cabron* mierda* coño pendej* hijo_de_puta hijos_de_puta hijoputa imbécil* idiota* maricón* chinga*",
	"fr": "connard* connasse* encul* merde* putain* salope* salaud* fils_de_pute enfoiré* nique niquer ta_gueule emmerd* couill* crétin* abruti* imbécile* débile* trou_du_cul bordel_de_merde va_te_faire",
	"nl": "klootzak* klote kut* kankerl* teringl* tyfusl* godverdomme lul lulhannes hoer hoeren mongool* idioot idioten hufter* sukkel* rotzak* flikker_op oprotten debiel*",
	"it": "cazzo cazzi cazzat* vaffancul* stronz* merda* merdos* puttan* coglion* testa_di_cazzo figlio_di_puttana idiota idioti imbecill* cretin* bastard*",
	"ru": "хуй хуя хуе* хуё* хуи* нахуй нахуя похуй пизд* ебат* ебан* ебал* ёбан* ебуч* заеб* заёб* уеб* уёб* долбоеб* долбоёб* бля блять блядь бляд* мудак* мудил* сука суки сучка говно* говня* дерьмо* жопа* жопы жопу гандон* гондон* идиот* дебил* кретин* тварь мразь урод уроды придурок придурки сволочь",
	"pl": "kurw* chuj* jeba* jebi* wyjeb* zjeb* pojeb* pierdol* spierdal* wypierdal* skurwy* gówn* dupek* idiota idioci idiotk* debil* kretyn* palant*",
}

// A lexicon is the words of one language, folded, ready to be looked up.
type lexicon struct {
	words    map[string]bool
	phrases  map[string][]string // by their first word
	prefixes []string
}

var lexicons = sync.OnceValue(func() map[string]*lexicon {
	all := map[string]*lexicon{"": {words: map[string]bool{}, phrases: map[string][]string{}}}
	for lang := range stems {
		b, err := wordLists.ReadFile("words/" + lang + ".json")
		if err != nil {
			panic(err) // it is embedded
		}
		var list []string
		if err := json.Unmarshal(b, &list); err != nil {
			panic(fmt.Sprintf("words/%s.json: %v", lang, err))
		}
		skip := map[string]bool{}
		for _, word := range entries(harmless[lang]) {
			skip[word] = true
		}
		l := &lexicon{words: map[string]bool{}, phrases: map[string][]string{}}
		for _, word := range list {
			if word = plain(word); !skip[word] {
				l.add(word)
			}
		}
		all[lang] = l
		for _, word := range entries(stems[lang]) {
			l.add(word)
			if len(strings.TrimSuffix(word, "*")) > 3 { // shorter ones are the beginning of innocent words elsewhere
				all[""].add(word)
			}
		}
	}
	return all
})

// entries are those of a table, parted by spaces; an underscore is a space inside of one.
func entries(table string) []string {
	all := strings.Fields(table)
	for i, e := range all {
		all[i] = plain(strings.ReplaceAll(e, "_", " "))
	}
	return all
}

func (l *lexicon) add(word string) {
	switch {
	case strings.HasSuffix(word, "*"):
		l.prefixes = append(l.prefixes, strings.TrimSuffix(word, "*"))
	case strings.Contains(word, " "):
		first, _, _ := strings.Cut(word, " ")
		l.phrases[first] = append(l.phrases[first], word)
	case word != "":
		l.words[word] = true
	}
}

func (l *lexicon) has(word string) bool {
	return l.words[word] || slices.ContainsFunc(l.prefixes, func(p string) bool { return strings.HasPrefix(word, p) })
}

// maxProfaneText bounds what is looked at, in bytes.
const maxProfaneText = 128 << 10

// Profane tells whether a text has words that many people find obscene or insulting, also with letters replaced: "sh1t", "f u c k",
// "f*ck". lang is the ISO 639-1 code of its language, whose whole list counts; "" or another language leaves the words that are clear in
// any. It finds words, not what is meant by them: who acts on it asks a person (C1, C2).
func Profane(s, lang string) bool {
	all := lexicons()
	lists := []*lexicon{all[""]}
	if l := all[lang]; l != nil && lang != "" {
		lists = append(lists, l)
	}
	words := wordsOf(plain(fold(cut(s, maxProfaneText)).text))
	for i, w := range words {
		for _, l := range lists {
			if l.has(w) || w != leet(w) && l.has(leet(w)) || starred(l, w) {
				return true
			}
			for _, phrase := range l.phrases[w] {
				n := strings.Count(phrase, " ") + 1
				if i+n <= len(words) && strings.Join(words[i:i+n], " ") == phrase {
					return true
				}
			}
		}
	}
	return spaced(words, all[""])
}

// plain is a word or text as it is compared: lower case, composed, ё as е, runs of three and more equal letters as one.
func plain(s string) string {
	s = strings.ReplaceAll(strings.ToLower(norm.NFC.String(strings.ToValidUTF8(s, " "))), "ё", "е")
	b := make([]byte, 0, len(s))
	var last rune
	run := 0
	for _, r := range s {
		if run = run + 1; r != last || !unicode.IsLetter(r) {
			run = 1
		}
		switch {
		case run < 3:
			b = utf8.AppendRune(b, r)
		case run == 3: // of three and more, one is left
			b = b[:len(b)-utf8.RuneLen(r)]
		}
		last = r
	}
	return string(b)
}

// wordsOf cuts a text into words; the signs that stand for letters stay in them.
func wordsOf(s string) []string {
	words := strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("*@$!'’-#", r)
	})
	for i, w := range words {
		words[i] = strings.Trim(w, "'’-!#")
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" || len(w) > 100 })
}

var leetLetters = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

// leet puts letters for the digits and signs that look like them. A word without letters is a number.
func leet(w string) string {
	if strings.ContainsFunc(w, unicode.IsLetter) && !strings.Contains(w[1:], "@") || strings.ContainsAny(w, "$") {
		return leetLetters.Replace(w)
	}
	return w
}

// starred tells a word with stars for some of its letters: the first and the last are there, as in f**k.
func starred(l *lexicon, w string) bool {
	if strings.Count(w, "*") == 0 || len(w) < 4 || w[0] == '*' || strings.Trim(w, "*") != w {
		return false
	}
	for word := range l.words {
		if utf8.RuneCountInString(word) == utf8.RuneCountInString(w) && fits(word, w) {
			return true
		}
	}
	return slices.ContainsFunc(l.prefixes, func(p string) bool {
		n := utf8.RuneCountInString(p)
		r := []rune(w)
		return len(r) >= n && fits(p, string(r[:n]))
	})
}

func fits(word, pattern string) bool {
	r := []rune(pattern)
	stars := 0
	for i, c := range []rune(word) {
		switch {
		case r[i] == '*':
			stars++
		case r[i] != c:
			return false
		}
	}
	return stars > 0 && stars < len(r)
}

// spaced tells a word whose letters stand one by one.
func spaced(words []string, l *lexicon) bool {
	run := ""
	for _, w := range append(slices.Clone(words), "..") {
		if utf8.RuneCountInString(w) == 1 {
			run += w
			continue
		}
		if utf8.RuneCountInString(run) >= 4 && (l.words[run] || slices.Contains(l.prefixes, run)) {
			return true
		}
		run = ""
	}
	return false
}
