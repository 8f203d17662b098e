package redact

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// callingCodes are the country codes of E.164 with the least and the most digits that follow. The library for numbers was left out: its
// tables weigh more than the rest of this program's text search, and what a text here needs beyond them, the words around a number, it
// does not have.
var callingCodes = func() map[string][2]int {
	m := map[string][2]int{}
	for _, entry := range strings.Fields(`
		1:10 7:10 20:8-10 27:9 30:10 31:9 32:8-9 33:9 34:9 36:8-9 39:6-11 40:9 41:9 43:7-13 44:9-10 45:8 46:7-10 47:8 48:9 49:7-12
		51:8-9 52:10 53:8 54:10-11 55:10-11 56:9 57:8-10 58:10 60:8-10 61:9 62:8-12 63:9-10 64:8-10 65:8 66:8-9 81:9-10 82:8-10 84:9-10 86:10-11 90:10 91:10 92:9-10 93:9 94:9 95:7-10 98:10
		211:9 212:9 213:8-9 216:8 218:8-9 220:7 221:9 222:8 223:8 224:8-9 225:8-10 226:8 227:8 228:8 229:8-10 230:7-8 231:7-9 232:8 233:9 234:8-10 235:8 236:8 237:8-9 238:7 239:7 240:9 241:7-8 242:9 243:9 244:9
		245:7-9 246:7 247:5-6 248:7 249:9 250:9 251:9 252:7-9 253:8 254:9-10 255:9 256:9 257:8 258:8-9 260:9 261:9 262:9 263:9 264:8-9 265:7-9 266:8 267:7-8 268:8 269:7 290:4-5 291:7 297:7 298:6 299:6
		350:8 351:9 352:6-11 353:7-9 354:7-9 355:8-9 356:8 357:8 358:6-11 359:7-9 370:8 371:8 372:7-8 373:8 374:8 375:9 376:6-9 377:8-9 378:6-10 380:9 381:8-9 382:8 383:8 385:8-9 386:8 387:8 389:8
		420:9 421:9 423:7-9 500:5 501:7 502:8 503:8 504:8 505:8 506:8 507:7-8 508:6 509:8 590:9 591:8 592:7 593:8-9 594:9 595:9 596:9 597:6-7 598:8 599:7-8
		670:7-8 672:6 673:7 674:7 675:7-8 676:5-7 677:5-7 678:5-7 679:7 680:7 681:6 682:5 683:4-7 685:5-7 686:5-8 687:6 688:5-6 689:6-8 690:4-7 691:7 692:7
		850:8-10 852:8 853:8 855:8-9 856:8-10 880:8-10 886:8-9 960:7 961:7-8 962:8-9 963:8-9 964:8-10 965:8 966:8-9 967:7-9 968:8 970:8-9 971:8-9 972:8-9 973:8 974:8 975:7-8 976:8 977:8-10 992:9 993:8 994:9 995:9 996:9 998:9`) {
		code, lengths, _ := strings.Cut(entry, ":")
		low, high, ranged := strings.Cut(lengths, "-")
		if !ranged {
			high = low
		}
		least, _ := strconv.Atoi(low)
		most, _ := strconv.Atoi(high)
		m[code] = [2]int{least, most}
	}
	return m
}()

// international tells whether digits are a country code with a number of that country.
func international(digits string) bool {
	for n := 1; n <= 3 && n < len(digits); n++ {
		if lengths, ok := callingCodes[digits[:n]]; ok {
			rest := len(digits) - n
			if n == 1 && digits[0] == '1' && (digits[1] < '2' || len(digits) > 4 && digits[4] < '2') {
				return false // neither area nor exchange begins with 0 or 1 in North America
			}
			return lengths[0] <= rest && rest <= lengths[1]
		}
	}
	return false
}

// phoneWords lead a number to call; numberWords a number of something else. Both count where they stand shortly before it.
var (
	phoneWords = lazily(`(?i)(phone|\btel\b|\bcall|mobile|\bcell|handy|\bfon\b|telefon|whats ?app|viber|\bsms\b|\btext (me|us)|\bring |hotline|` +
		`anruf|\bruf|erreich|téléph|\btél|portable|appel|joindre|teléf|móvil|movil|celular|llám|llam|cellulare|chiam|numero|telefoon|\bbel\b|mobiel|bereik|` +
		`телефон|\bтел|звон|позвон|моб|набер|номер|komórk|zadzwo|dzwo|\btlf\b|reach me|my number|contact me|\bfax)[^\d\n]{0,30}$`)
	numberWords = lazily(`(?i)(order|invoice|ticket|\bref|track|parcel|shipment|serial|s/n|\bsku|\bean\b|isbn|iban|\bbic\b|account|konto|customer|client|version|build|error|\bcode|\bid\b|article|artikel|` +
		`bestell|rechnung|auftrag|sendung|kunden|commande|facture|colis|pedido|factura|envío|ordine|fattura|spedizione|заказ|сч[её]т|накладн|zamówieni|faktur|przesył|bestelling|factuur|` +
		`licen[cs]e|lizenz|key|model|part|item|case|vat|tax|ust|siret|nip|inn|инн|port|uid|pid|line|size|bytes)\b?[^\n]{0,18}$`)
)

var (
	isDate = lazily(`^(\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](19|20)\d{2}|\d{1,2}\.\d{1,2}\.\d{2})([ ].*)?$`)
	isIP   = lazily(`^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$`)

	// nationalForms are groups of digits that hardly anything but a phone number has.
	nationalForms = lazily(`^(\(\d{3}\) ?\d{3}[-. ]\d{4}|\d{3}[-.]\d{3}[-.]\d{4}|0[1-9](?:[ .-]\d{2}){4}|8[ -]?\(\d{3,4}\)[ -]?\d{2,3}[ -]?\d{2}[ -]?\d{2}|\(?0\d{2,5}\)?[ /-]{1,3}\d{3,4}[ -]?\d{2,6}(?:[ -]\d{1,4})?|07\d{3}[ -]?\d{6})$`)
	separators    = " \t.-/()"
)

// phones finds numbers by what is around their digits: a plus or two zeros with a country's code, the form of a number, or a word for one.
func phones(s string, add func(kind, value string, start, end int)) {
	for i := 0; i < len(s); {
		c := s[i]
		if c != '+' && c != '(' && (c < '0' || c > '9') {
			i++
			continue
		}
		if !freeBefore(s, i) {
			for i < len(s) && (s[i] == '+' || s[i] == '(' || '0' <= s[i] && s[i] <= '9') {
				i++
			}
			continue
		}
		run := numberRun(s[i:])
		if run == 0 {
			i++
			continue
		}
		if value, n := phoneOf(s, i, i+run); n > 0 {
			add(Phone, value, i, i+n)
			i += n
			continue
		}
		i += run
	}
}

// freeBefore tells whether a number may begin here, rather than go on: behind a letter, a sign of money or of a path it does not.
func freeBefore(s string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	if i > 0 && r == '.' && i > 1 && unicode.IsLetter(rune(s[i-2])) {
		return true // "Tel.0151"
	}
	return i == 0 || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_/\\#@$€£=&%+,.-", r)
}

// numberRun is the length of the digits with the separators among them, up to the last digit.
func numberRun(s string) int {
	end, gap, digits := 0, 0, 0
	for i := 0; i < len(s) && i < 60; i++ {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digits++
			end, gap = i+1, 0
		case c == '+' && i == 0:
		case strings.IndexByte(separators, c) >= 0 && gap < 3:
			gap++
		default:
			i = len(s)
		}
	}
	if digits < 6 {
		return 0
	}
	// Goes it on in letters or decimals, as "350 ml" does not but "10.0.3803b" does?
	r, _ := utf8.DecodeRuneInString(s[end:])
	if end < len(s) && (unicode.IsLetter(r) || r == '_' || r == '%' || r == ',' && end+1 < len(s) && '0' <= s[end+1] && s[end+1] <= '9') {
		cut := strings.LastIndexAny(s[:end], " \t")
		if cut < 0 {
			return 0
		}
		return numberRun(strings.TrimRight(s[:cut], separators))
	}
	return end
}

// phoneOf is the number between start and end, in plain form, and how many bytes it takes. A run that is too long is tried without its
// last groups, since other numbers may follow.
func phoneOf(s string, start, end int) (value string, n int) {
	line := s[:start]
	line = line[max(strings.LastIndexByte(line, '\n')+1, len(line)-60):]
	called := phoneWords().MatchString(line)
	other := !called && numberWords().MatchString(line)
	for end > start {
		run := s[start:end]
		digits := onlyDigits(strings.Replace(run, "(0)", "", 1))
		if len(digits) < 6 {
			return "", 0
		}
		switch {
		case run[0] == '+':
			if international(digits) {
				return "+" + digits, end - start
			}
		case other || isDate().MatchString(run) || isIP().MatchString(run):
		case strings.HasPrefix(digits, "00") && international(digits[2:]):
			return "+" + digits[2:], end - start
		case strings.HasPrefix(digits, "011") && international(digits[3:]) && called:
			return "+" + digits[3:], end - start
		case nationalForms().MatchString(run), called && 7 <= len(digits) && len(digits) <= 13, singleDigits(run):
			return digits, end - start
		}
		cut := strings.LastIndexAny(run, separators)
		if cut < 0 {
			return "", 0
		}
		end = start + len(strings.TrimRight(run[:cut], separators))
	}
	return "", 0
}

// singleDigits tells digits that are spaced one by one, which only who hides a number does. 1 2 3 4 is counting.
func singleDigits(run string) bool {
	words := strings.FieldsFunc(run, func(r rune) bool { return strings.ContainsRune(separators, r) })
	if len(words) < 9 || len(words) > 15 {
		return false
	}
	rising := 0
	for i, w := range words {
		if len(w) != 1 {
			return false
		}
		if i > 0 && w[0] == words[i-1][0]+1 {
			rising++
		}
	}
	return rising < len(words)-2
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// spokenDigits are the digits in words, in the languages of our customers.
var spokenDigits = func() map[string]byte {
	m := map[string]byte{}
	for _, language := range []string{
		"zero one two three four five six seven eight nine", "null eins zwei drei vier fünf sechs sieben acht neun", "cero uno dos tres cuatro cinco seis siete ocho nueve",
		"zéro un deux trois quatre cinq six sept huit neuf", "nul een twee drie vier vijf zes zeven acht negen", "zero uno due tre quattro cinque sei sette otto nove",
		"ноль один два три четыре пять шесть семь восемь девять", "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
	} {
		for i, word := range strings.Fields(language) {
			m[word] = byte('0' + i)
		}
	}
	m["oh"], m["zwo"], m["fuenf"], m["één"] = '0', '2', '5', '1'
	return m
}()

var wordOrDigit = lazily(`[\pL]+|\d|\+`)

// spokenPhones finds seven digits in words or more in a row: "plus four nine, one five one, ...".
func spokenPhones(s string, add func(kind, value string, start, end int)) {
	var digits []byte
	start, end, spoken := 0, 0, 0
	flush := func() {
		if spoken >= 4 && len(digits) >= 7 && len(digits) <= 17 {
			value := string(digits)
			if rest, ok := strings.CutPrefix(value, "00"); ok && international(rest) {
				value = "+" + rest
			}
			if !strings.HasPrefix("0123456789", value) && !strings.HasPrefix("123456789", value) {
				add(Phone, value, start, end)
			}
		}
		digits, spoken = digits[:0], 0
	}
	for _, m := range wordOrDigit().FindAllStringIndex(s, -1) {
		word := strings.ToLower(s[m[0]:m[1]])
		d, isSpoken := spokenDigits[word]
		isDigit := len(word) == 1 && '0' <= word[0] && word[0] <= '9'
		if len(digits) > 0 && m[0]-end > 4 {
			flush()
		}
		switch {
		case isSpoken || isDigit:
			if len(digits) == 0 {
				start = m[0]
			}
			if isDigit {
				d = word[0]
			} else {
				spoken++
			}
			digits, end = append(digits, d), m[1]
		case (word == "plus" || word == "+" || word == "плюс") && len(digits) == 0:
			digits, start, end = append(digits, '0', '0'), m[0], m[1]
		default:
			flush()
		}
	}
	flush()
}
