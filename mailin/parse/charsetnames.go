package parse

import (
	"strconv"
	"strings"
	"sync"
)

// How senders name a charset: by case, dashes, years and makers in all combinations, so names are compared by their letters and digits.
// A charset that senders name while they mean a larger one, such as Latin-1 for windows-1252, is read as the larger one.

// charsetNames are the names that tell a charset, in the words of the charset library, by nothing but themselves.
var charsetNames = map[string]string{
	"utf-8":          "utf8 utf8mb4 unicode11utf8 unicodeutf8 utf8sig utf8n",
	"us-ascii":       "usascii ascii ansix341968 ansix341986 isoir6 646 us iso646us",
	"windows-1252":   "latin1 l1 isolatin1 isoir100 isocelatin1 cp819 ibm819 ansi iso88591windows31latin1 ansix31101983 cp1252http equivcontenttype western",
	"windows-1254":   "latin5 l5 isolatin5 turkish isoir148",
	"windows-874":    "tis620 tis62025331 thai isoir166",
	"iso-8859-2":     "latin2 l2 isolatin2 isoir101",
	"iso-8859-3":     "latin3 l3 isolatin3 isoir109",
	"iso-8859-4":     "latin4 l4 isolatin4 isoir110",
	"iso-8859-5":     "cyrillic isolatincyrillic isoir144",
	"iso-8859-6":     "arabic isolatinarabic isoir127 ecma114 asmo708",
	"iso-8859-7":     "greek greek8 isolatingreek isoir126 ecma118 elot928",
	"iso-8859-8":     "hebrew isolatinhebrew isoir138 logical visual",
	"iso-8859-10":    "latin6 l6 isolatin6 isoir157",
	"iso-8859-13":    "latin7 l7 baltic",
	"iso-8859-14":    "latin8 l8 isoceltic isoir199",
	"iso-8859-15":    "latin9 l9 latin0 isolatin9 isoir203",
	"iso-8859-16":    "latin10 l10 isoir226",
	"koi8-r":         "koi8r koi8 koi",
	"koi8-u":         "koi8u koi8ru",
	"windows-1251":   "mscyrl win",
	"windows-1250":   "msee",
	"macintosh":      "mac macintosh macroman",
	"x-mac-cyrillic": "maccyrillic macukrainian",
	"x-mac-ce":       "macce maccentraleurope maccentraleurroman maccentraleuropean maclatin2",
	"x-mac-greek":    "macgreek", "x-mac-turkish": "macturkish",
	"shift_jis":   "shiftjis sjis mskanji windows31j shiftjisx0213 shiftjis2004",
	"euc-jp":      "eucjp euc ujis eucpkdfmtjapanese eucjpms eucjpwin",
	"iso-2022-jp": "iso2022jp iso2022jp1 iso2022jp2 iso2022jp3 iso2022jpms iso2022jpext jis junet",
	"euc-kr":      "euckr uhc ksc56011987 ksc56011989 ksc56011992 ksc5601 ksx1001 korean isoir149",
	"iso-2022-kr": "iso2022kr",
	"gb18030":     "gb18030 gb180302000 gbk gb2312 gb231280 euccn eucgb cngb cngb231280 iso58gb231280 isoir58 chinese hzgb",
	"hz-gb-2312":  "hzgb2312 hz",
	"big5":        "big5 big5eten big5hkscs big5et cnbig5 xbig5",
	"utf-16":      "utf16 ucs2 unicode iso10646ucs2 unicode11 iso10646",
	"utf-16le":    "utf16le ucs2le unicodefffe unicodelittle", "utf-16be": "utf16be ucs2be unicodebig",
	"utf-32": "utf32 ucs4 iso10646ucs4", "utf-32le": "utf32le ucs4le", "utf-32be": "utf32be ucs4be",
	"utf-7":   "utf7 unicode11utf7 unicode20utf7",
	"ptcp154": "ptcp154 pt154 cp154", "kz-1048": "kz1048 rk1048 strk10482002",
	"": "userdefined unknown unknown8bit 8bit 7bit default defaultcharset none autodetect autodetectall binary null undefined",
}

// codePages are charsets by the numbers that Microsoft and IBM gave them.
var codePages = map[int]string{
	1250: "windows-1250", 1251: "windows-1251", 1252: "windows-1252", 1253: "windows-1253", 1254: "windows-1254", 1255: "windows-1255", 1256: "windows-1256", 1257: "windows-1257", 1258: "windows-1258",
	874: "windows-874", 932: "shift_jis", 943: "shift_jis", 936: "gb18030", 949: "euc-kr", 950: "big5", 1361: "johab",
	437: "ibm437", 850: "ibm850", 852: "ibm852", 855: "ibm855", 857: "ibm857", 858: "ibm00858", 860: "ibm860", 862: "ibm862", 863: "ibm863", 865: "ibm865", 866: "ibm866", 37: "ibm037", 1140: "ibm01140", 1047: "ibm1047",
	1200: "utf-16le", 1201: "utf-16be", 12000: "utf-32le", 12001: "utf-32be", 65000: "utf-7", 65001: "utf-8",
	10000: "macintosh", 10006: "x-mac-greek", 10007: "x-mac-cyrillic", 10029: "x-mac-ce", 10081: "x-mac-turkish",
	20127: "us-ascii", 20866: "koi8-r", 21866: "koi8-u", 20932: "euc-jp", 51932: "euc-jp", 50220: "iso-2022-jp", 50221: "iso-2022-jp", 50222: "iso-2022-jp",
	50225: "iso-2022-kr", 51949: "euc-kr", 20936: "gb18030", 51936: "gb18030", 54936: "gb18030", 52936: "hz-gb-2312",
	28591: "windows-1252", 28592: "iso-8859-2", 28593: "iso-8859-3", 28594: "iso-8859-4", 28595: "iso-8859-5", 28596: "iso-8859-6", 28597: "iso-8859-7", 28598: "iso-8859-8", 28599: "windows-1254", 28603: "iso-8859-13", 28605: "iso-8859-15", 38598: "iso-8859-8",
}

var charsetByName = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for name, others := range charsetNames {
		for other := range strings.FieldsSeq(others) {
			m[other] = name
		}
	}
	return m
})

// canonicalCharset is a charset's name as the library knows it, from how a sender wrote it; "" for none.
func canonicalCharset(name string) string {
	switch name {
	case "", "utf-8", "us-ascii", "windows-1252": // as nearly all are named
		return name
	case "UTF-8":
		return "utf-8"
	case "iso-8859-1", "ISO-8859-1":
		return "windows-1252"
	case "US-ASCII":
		return "us-ascii"
	}
	name = strings.ToLower(strings.Trim(name, "\"'<>;,= \t"))
	name, _, _ = strings.Cut(name, ";")
	name = strings.TrimPrefix(name, "charset=")
	bare, _, _ := strings.Cut(name, ":") // the year: iso_8859-1:1987
	bare = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, bare)
	known := charsetByName()
	for range 3 {
		if charset, ok := known[bare]; ok {
			return charset
		}
		if charset := numberedCharset(bare); charset != "" {
			return charset
		}
		rest := strings.TrimPrefix(strings.TrimPrefix(bare, "x"), "cs") // of private names, and of those for programs (RFC 3808)
		if rest == bare {
			break
		}
		bare = rest
	}
	return name
}

// numberedCharset reads a name that is a maker's and a number, or that of a part of ISO 8859.
func numberedCharset(name string) string {
	digit := strings.IndexAny(name, "0123456789")
	if digit < 0 {
		return ""
	}
	number, err := strconv.Atoi(strings.TrimRight(name[digit:], "ie")) // iso-8859-8-i
	if err != nil {
		return ""
	}
	switch name[:digit] {
	case "iso", "":
		switch part := strings.TrimPrefix(strconv.Itoa(number), "8859"); {
		case part == "1":
			return "windows-1252"
		case part == "9":
			return "windows-1254"
		case part == "11":
			return "windows-874"
		case len(part) <= 2 && part != "" && number > 8859 && number != 8859:
			return "iso-8859-" + part
		}
		if name[:digit] == "" {
			return codePages[number]
		}
	case "windows", "win", "cp", "ms", "ibm", "pc", "dos", "codepage", "ccsid":
		return codePages[number]
	}
	return ""
}

// otherTables are charsets of one byte a letter that the library has not: what stands for the bytes from 0x80 on.
var otherTables = map[string][]rune{
	"x-mac-ce":      []rune("ÄĀāÉĄÖÜáąČäčĆćéŹźĎíďĒēĖóėôöõúĚěü†°Ę£§•¶ß®©™ę¨≠ģĮįĪ≤≥īĶ∂∑łĻļĽľĹĺŅņŃ¬√ńŇ∆«»…\u00a0ňŐÕőŌ–—“”‘’÷◊ōŔŕŘ‹›řŖŗŠ‚„šŚśÁŤťÍŽžŪÓÔūŮÚůŰűŲųÝýķŻŁżĢˇ"),
	"x-mac-greek":   []rune("Ä¹²É³ÖÜ΅àâä΄¨çéèêë£™îï•½‰ôö¦€ùûü†ΓΔΘΛΞΠß®©ΣΪ§≠°·Α±≤≥¥ΒΕΖΗΙΚΜΦΫΨΩάΝ¬ΟΡ≈Τ«»…\u00a0ΥΧΆΈœ–―“”‘’÷ΉΊΌΎέήίόΏύαβψδεφγηιξκλμνοπώρστθωςχυζϊϋΐΰ\u00ad"),
	"x-mac-turkish": []rune("ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u00a0ÀÃÕŒœ–—“”‘’÷◊ÿŸĞğİıŞş‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uf8ffÒÚÛÙ\uf8a0ˆ˜¯˘˙˚¸˝˛ˇ"),
	"ibm857":        []rune("ÇüéâäàåçêëèïîıÄÅÉæÆôöòûùİÖÜø£ØŞşáíóúñÑĞğ¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ºªÊËÈ\ufffdÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµ\ufffd×ÚÛÙìÿ¯´\u00ad±\ufffd¾¶§÷¸°¨·¹³²■\u00a0"),
	"ptcp154":       []rune("ҖҒӮғ„…ҶҮҲүҠӢҢҚҺҸҗ‘’“”•–—ҳҷҡӣңқһҹ\u00a0ЎўЈӨҘҰ§Ё©Ә«¬ӯ®Ҝ°ұІіҙө¶·ё№ә»јҪҫҝАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя"),
	"kz-1048":       []rune("ЂЃ‚ѓ„…†‡€‰Љ‹ЊҚҺЏђ‘’“”•–—\ufffd™љ›њқһџ\u00a0ҰұӘ¤Ө¦§Ё©Ғ«¬\u00ad®Ү°±Ііөµ¶·ё№ғ»әҢңүАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя"),
}
