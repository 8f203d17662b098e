package parse

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Text whose charset is not named, or not the one that is named, is read in each that mail knows, and the one is taken in which its letters
// are the least surprising: each letter costs about as many bits as it is rare in the languages that have it. Bytes of another charset make
// rare letters, capitals within words, signs between letters, and letters of two alphabets in a word. That needs a few letters only, where
// a detector by pairs of letters needs a text.

// guessable are the charsets that a guess may give. Of two that fit alike the first is taken; prior is by how many half bits one is rarer in
// the mail of a desk of ours.
var guessable = []struct {
	name  string
	prior int
}{
	{"windows-1252", 0}, {"windows-1251", 2}, {"koi8-u", 4}, {"windows-1250", 4}, {"iso-8859-2", 5}, {"gb18030", 8}, {"shift_jis", 8}, {"euc-kr", 9}, {"big5", 10}, {"euc-jp", 10},
	{"windows-1254", 7}, {"windows-1253", 14}, {"iso-8859-7", 15}, {"windows-1255", 14}, {"windows-1256", 14}, {"windows-874", 20},
	{"windows-1257", 14}, {"ibm866", 16}, {"iso-8859-5", 18}, {"iso-8859-6", 18}, {"ibm850", 16}, {"ibm852", 18}, {"macintosh", 18}, {"x-mac-cyrillic", 18},
}

const guessSample = 3 << 7 // bytes that a guess looks at

func guessCharset(b []byte) string {
	if hasJapaneseShift(b[:min(len(b), 4<<10)]) {
		return "iso-2022-jp"
	}
	if guess := cheapest(telling(b), 1<<30); guess != "" {
		return guess
	}
	return "windows-1252"
}

// cheapest is the charset in which a sample costs the least, its prior with it, "" where none costs less than a limit.
func cheapest(sample []byte, limit int) string {
	best, guess := limit, -1
	for _, i := range likelyFirst(sample) { // the sooner the right one is met, the sooner the others are given up
		g := guessable[i]
		if cost := g.prior + surprise(sample, g.name, best-g.prior+1); cost < best || cost == best && i < guess {
			best, guess = cost, i
		}
	}
	if guess < 0 {
		return ""
	}
	return guessable[guess].name
}

// likelyFirst are the places of all guessable charsets, those of letters beyond Latin first where the text has words of such.
func likelyFirst(sample []byte) []int {
	if !hasLongRuns(sample) {
		return inOrder
	}
	return runsFirst
}

var inOrder, runsFirst = func() (order, runs []int) {
	for i := range guessable {
		order = append(order, i)
	}
	runs = slices.Clone(order)
	slices.SortStableFunc(runs, func(a, b int) int {
		western := func(i int) int {
			switch guessable[i].name {
			case "windows-1252", "windows-1250", "iso-8859-2", "windows-1254", "windows-1257", "ibm850", "ibm852", "macintosh":
				return 1
			}
			return 0
		}
		return western(a) - western(b)
	})
	return order, runs
}()

// telling is the part of a text by which its charset can be guessed: the lines that are not ASCII, as many as a guess looks at.
func telling(b []byte) []byte {
	if len(b) <= guessSample {
		return b
	}
	var sample []byte
	for line := range bytes.Lines(b) {
		if first := bytes.IndexFunc(line, func(r rune) bool { return r >= utf8.RuneSelf }); first >= 0 {
			line = line[max(0, first-100):]
			if sample = append(sample, line[:min(len(line), guessSample-len(sample))]...); len(sample) == guessSample {
				return sample
			}
		}
	}
	if len(sample) == 0 {
		return b[:guessSample]
	}
	return sample
}

// Costs, in half bits, of what stands out in a text that is read in a wrong charset.
const (
	costBroken   = 60 // bytes that stand for nothing
	costControl  = 50
	costOddSign  = 28 // signs that text hardly has
	costInWord   = 12 // a sign between two letters
	costCapital  = 4
	costBeside   = 14 // a Latin letter and one of thousands side by side
	costInverted = 18 // a capital behind a small letter
	costMixed    = 20 // letters of two alphabets side by side
	costSwitch   = 6  // a word of another alphabet than the one before
	costThai     = 10
	costKana     = 12
	costRare     = 22 // a letter of Chinese, Japanese or Korean that is none of the usual ones
	costRarer    = 32
	costStranger = 36 // one of another language than the charset is for
)

// rows are the costs of letters with accents side by side.
var rows = []int{0, 0, 1, 4, 10}

// surprise is what the letters of a text cost in a charset. It stops beyond a limit.
func surprise(b []byte, charset string, limit int) int {
	var store [guessSample]rune
	text, ok := appendLetters(store[:0], b, charset)
	if !ok {
		return limit
	}
	costs := letterCosts()
	wide := isWide(charset)
	whole := len(b) < guessSample // else the last letter may be cut
	cost, row, at := 0, 0, 0      // at is where a letter's bytes stand
	prev, foreign, latin := ' ', false, false
	for i, r := range text {
		if cost >= limit {
			return limit
		}
		if r < utf8.RuneSelf {
			switch {
			case !isLatinLetter(r):
			case isForeign(prev):
				cost += costMixed
			case isIdeogram(prev):
				cost += costBeside
			case foreign:
				cost += costSwitch
			case r <= 'Z' && prev >= utf8.RuneSelf && unicode.IsLower(prev):
				cost += costInverted
			}
			if isLatinLetter(r) {
				foreign, latin = false, true
			}
			prev, row = r, 0
			at++
			continue
		}
		next := rune(utf8.RuneError)
		if i+1 < len(text) {
			next = text[i+1]
		}
		c, known := costs.of(r)
		low := unicode.ToLower(r)
		if !known && low != r {
			c, known = costs.of(low)
		}
		switch {
		case r == utf8.RuneError:
			if c = costBroken; !whole && i+1 == len(text) {
				c = 0
			}
		case isIdeogram(r):
			if !known || !isNative(r, charset) {
				c = rarity(b[min(at, len(b)-1):], r, charset)
			}
			switch {
			case isLatinLetter(prev):
				c += costBeside
			case latin:
				c += costSwitch
			}
			foreign, latin = true, false
		case known && !(wide && unicode.IsLetter(r)):
		case wide && r >= 0x3000 && r < 0x3020:
			c = 14
		case wide && (r >= 0xff01 && r < 0xff10 || r >= 0xff1a && r < 0xff21):
			c = 14
		case r >= 0x0e01 && r <= 0x0e5b:
			c = costThai
		case r < 0xa0 || r >= 0xe000 && r < 0xf900:
			c = costControl
		default:
			c = costOddSign
		}
		switch {
		case isIdeogram(r):
		case unicode.IsLetter(r) || isForeign(r):
			if low != r {
				switch {
				case unicode.IsLower(prev):
					c += costCapital + costInverted
				case !unicode.IsUpper(prev):
					c += costCapital
				default:
					if unicode.IsLower(next) {
						c += costInverted
					}
				}
			}
			switch strange := isForeign(r); {
			case strange && isLatinLetter(prev), prev >= utf8.RuneSelf && (unicode.IsLetter(prev) || isForeign(prev)) && strange != isForeign(prev):
				c += costMixed
			case strange && latin && !isForeign(prev):
				c += costSwitch
			}
			if foreign = isForeign(r); foreign {
				latin = false
			} else {
				row++
				c += rows[min(row, len(rows)-1)]
			}
		default:
			row = 0
			if unicode.IsLetter(prev) && unicode.IsLetter(next) && r != '’' && !(wide && (r >= 0x3000 && r < 0x3040 || r >= 0xff01)) {
				c += costInWord
			}
		}
		cost += c
		prev = r
		at += letterSize(b[min(at, len(b)-1):], charset)
	}
	return cost
}

// appendLetters decodes a text.
func appendLetters(out []rune, b []byte, charset string) ([]rune, bool) {
	if letter := tableOf(charset); letter != nil {
		for _, c := range b {
			r := rune(c)
			if c >= utf8.RuneSelf {
				r = letter(c)
			}
			out = append(out, r)
		}
		return out, true
	}
	text, ok := decodeAs(b, charset)
	for _, r := range text {
		out = append(out, r)
	}
	return out, ok
}

// letterSize is the length of the letter that the bytes begin with, which is none of ASCII.
func letterSize(b []byte, charset string) int {
	switch {
	case !isWide(charset), charset == "shift_jis" && b[0] >= 0xa1 && b[0] <= 0xdf:
		return 1
	case charset == "gb18030" && len(b) > 1 && b[1] >= '0' && b[1] <= '9':
		return 4
	case charset == "euc-jp" && b[0] == 0x8f:
		return 3
	}
	return 2
}

// rarity is the cost of a letter of thousands that is none of the usual ones: the standards have the rarer ones in rows of their own.
func rarity(b []byte, r rune, charset string) int {
	lead, trail := b[0], byte(0)
	if len(b) > 1 {
		trail = b[1]
	}
	common := false
	switch kana := r < 0x3100; charset {
	case "gb18030":
		common = lead >= 0xb0 && lead <= 0xd7 && trail >= 0xa1
	case "big5":
		common = lead >= 0xa4 && lead <= 0xc6 && !kana
	case "euc-jp":
		if kana {
			return costKana
		}
		common = lead >= 0xb0 && lead <= 0xcf
	case "shift_jis":
		if kana {
			return costKana
		}
		common = lead >= 0x88 && lead <= 0x97
	case "euc-kr":
		if r < 0xac00 {
			return costStranger
		}
		common = trail >= 0xa1
	}
	switch {
	case common:
		return costRare
	case r < 0x3100:
		return costStranger
	}
	return costRarer
}

func isLatinLetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }

// isForeign tells letters of other alphabets than the Latin one.
func isForeign(r rune) bool {
	return r >= 0x370 && r < 0xe80 && (unicode.IsLetter(r) || r >= 0xe00) // in Thai with its signs above and below
}

// isIdeogram tells letters of Chinese, Japanese and Korean, of which there are thousands.
func isIdeogram(r rune) bool {
	return r >= 0x3041 && r <= 0x30ff || r >= 0x4e00 && r <= 0x9fff || r >= 0xac00 && r <= 0xd7a3
}

// isNative tells whether a usual letter is one of the language that a charset is for.
func isNative(r rune, charset string) bool {
	switch charset {
	case "gb18030":
		return strings.ContainsRune(usualSimplified, r)
	case "big5":
		return strings.ContainsRune(usualTraditional, r)
	case "shift_jis", "euc-jp":
		return strings.ContainsRune(usualJapanese, r)
	}
	return r >= 0xac00
}

// letterCosts are those of small letters and signs, in half bits.
var letterCosts = sync.OnceValue(func() *costTable {
	table := &costTable{all: map[rune]int{}}
	costs := table.all
	for _, group := range []struct {
		cost    int
		letters string
	}{
		{7, "оеаи αοιετ יוה الي"}, {8, "нтс σνη למר منر"}, {9, "рвлк υρπκμς אבתש تبو"}, {10, "мдпу λω נעדק عدسفه äöüé łąęěřő"}, {11, "яыьг γδάόίέ חפסם قكحج ó"},
		{12, "збчі θήφ ןטגכצ شصط àèçñáíìø śż čšž ışğİű"}, {13, "йхжї χύ ß"}, {14, "шюєѝ βώ זךףץ خةىضغ êúåã ćńźů « » „ “ ” ‘ – — … § ă £ ¡ ¿"}, {10, "’"}, {11, "№"}, {14, "\u00a0"},
		{16, "цщэфёў ξζψϊϋΐΰ ذثزظءأئؤإآ îôâûùòæëïõ ý ďťňľ œ € ėųūįāēīģķļņ"}, {18, "ţț"}, {16, "© ®"}, {20, "ъґ ™ °"}, {22, "ðÿĺŕđ"}, {24, "þ ‚"}, {28, "ђѓљњћџјѕќ"}, {26, "\u00ad"},
		{12, usualSimplified + usualTraditional + usualJapanese + usualKorean},
	} {
		for _, r := range group.letters {
			if have, ok := costs[r]; r != ' ' && (!ok || group.cost < have) {
				costs[r] = group.cost
			}
		}
	}
	for r, cost := range costs {
		if r < rune(len(table.low)) {
			table.low[r] = uint8(cost)
		}
	}
	return table
})

// A costTable has the costs of letters, those of alphabets at hand.
type costTable struct {
	low [0x2200]uint8 // 0 where a letter is none of them
	all map[rune]int
}

func (t *costTable) of(r rune) (cost int, known bool) {
	if r < rune(len(t.low)) {
		return int(t.low[r]), t.low[r] > 0
	}
	cost, known = t.all[r]
	return cost, known
}

// The letters that most words are written with, where a language has thousands.
const (
	usualSimplified  = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应向头文体政美相见被利什二等产或新己制身果加西月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直资命山金指许统区保至形社便空决治展科司五基书非则听白却界达光放强即像难且权思王完设式色路记南品住告类求据程北边死张该交规万取望觉术领共确传师观清今切院让识候带导争运您请谢帮助登录账户订单货票退款密码服客测试"
	usualTraditional = "這個們來為國說時會對後過發裡學現當沒動還進樣開從實無與長機見問間將兩關點業體應頭題處義條氣別變總電數報結務場計統區決則聽達強難權設記類據邊張該規萬覺術領確傳師觀讓識帶導爭運您好請謝幫助登入帳戶訂單貨票退款密碼法服客的一是不了在人有我他中大和上到以要就出可也你生能子那得自之年用道行所然家事成方多去如都同起看定天分小部其主理心本前但因只想日者意力它把十民第公此已工使情明性知全三又正外高由很最重並物手向文政美相被利什二等或新己制身果加西月話合回特代內信表化老給世位次度任常先海通教麼什測試台灣"
	usualJapanese    = "日一国人年大十二本中長出三時行見月分後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半男西電校語土木聞食車何南万毎白天母火右読友左休父雨注文件届確認連絡問合願致会社製品購登録方法設定使用変更発送商様御世"
	usualKorean      = "이다는을에가의하고로지기사어도리스나라대시자한아서인해전요정세니그일수있보여부제주원안면신장구상조무공적비생동국경과소마발방등되만관용오우계학성분문때입습치선실게화진식중었였했녕십까감드려송배못물품결확객메번호복"
)
