package message

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// maxAddress is the longest address in bytes: a path of 256 with its brackets (RFC 5321, 4.5.3.1.3). The limit of 64 for the local
// part is not kept here, since senders in daily use exceed it with the tokens in their reply addresses.
const maxAddress = 254

// maxName is the longest name, in bytes, that is looked at closely. Nobody is called more.
const maxName = 1000

// An Address is one mailbox: a name to show and an address in the form of Canonical. Where the address could not be read, Addr is ""
// and Name holds what stood there.
type Address struct{ Name, Addr string }

// Canonical gives the one form of an address by which people are told apart (T014 to T016): ASCII letters lower case in both parts, the
// domain as A-labels, a needless quote around the local part taken off. Nothing else is folded: plus tags, dots and letters outside
// of ASCII make an address of its own. It refuses what no mail may be sent to (T064): white space and control characters, a local
// part that needs quotes, characters that a shell would act on, a domain that is none, more than 254 bytes.
func Canonical(addr string) (string, error) {
	fail := func(why string) (string, error) { return "", fmt.Errorf("address %.80q: %s", addr, why) }
	if len(addr) > 2*maxAddress {
		return fail("is too long")
	}
	at := strings.LastIndexByte(addr, '@')
	if at < 0 {
		return fail("has no @")
	}
	local, err := canonicalLocal(addr[:at])
	if err != nil {
		return fail(err.Error())
	}
	domain, err := CanonicalDomain(addr[at+1:])
	if err != nil {
		return fail(err.Error())
	}
	if len(local)+1+len(domain) > maxAddress {
		return fail("is too long")
	}
	if local == addr[:at] && domain == addr[at+1:] {
		return addr, nil
	}
	return local + "@" + domain, nil
}

func canonicalLocal(s string) (string, error) {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1] // the quotes are not part of the name (RFC 5321, 4.1.2)
	}
	if s == "" {
		return "", errors.New("has no local part")
	}
	if isOf(s, &atoms) {
		return lowerASCII(s), nil
	}
	if !utf8.ValidString(s) {
		return "", errors.New("is not UTF-8")
	}
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf && !atoms[r]:
			return "", fmt.Errorf("has %q in its local part", r)
		case r >= utf8.RuneSelf && (!unicode.IsGraphic(r) || unicode.IsSpace(r)):
			return "", fmt.Errorf("has %q in its local part", r)
		}
	}
	return lowerASCII(s), nil
}

// A class is a set of bytes.
type class [256]bool

func classOf(holds func(c byte) bool) (set class) {
	for c := range set {
		set[c] = holds(byte(c))
	}
	return set
}

// atoms may stand in a local part without quotes (RFC 5322, 3.2.3; dots in any place, as some providers allow). The dollar, the backquote
// and the bar are legal and still left out: they are met in attempts at a shell and nowhere else (T064).
var atoms = classOf(func(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(".!#%&'*+-/=?^_{}~", c) >= 0
})

// toASCII is UTS 46 without the transitional mappings, so that ß and ς keep a domain of their own.
var toASCII = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.VerifyDNSLength(false))

// CanonicalDomain gives the one form of a domain: lower case, A-labels, no dot at the end. An address literal such as [192.0.2.1]
// stays one.
func CanonicalDomain(domain string) (string, error) {
	if len(domain) > 2*maxAddress {
		return "", errors.New("has a domain that is too long")
	}
	if strings.HasPrefix(domain, "[") {
		return canonicalLiteral(domain)
	}
	s := lowerASCII(strings.TrimSuffix(domain, "."))
	if !isASCII(s) {
		// Capitals may be folded, since no registry knows them. Everything else that UTS 46 would map, such as a Kelvin sign
		// to a k, makes one domain look like another one and is refused.
		s = norm.NFC.String(strings.Map(func(r rune) rune {
			if low := unicode.ToLower(r); r >= utf8.RuneSelf && low >= utf8.RuneSelf {
				return low
			}
			return r
		}, s))
		ascii, err := toASCII.ToASCII(s)
		if err != nil {
			return "", errors.New("has a domain that is no name")
		}
		if back, err := toASCII.ToUnicode(ascii); err != nil || back != s {
			return "", errors.New("has a domain written in letters of another one")
		}
		s = ascii
	}
	if len(s) > 253 {
		return "", errors.New("has a domain that is too long")
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			!isOf(label, &domainLetters) {
			return "", errors.New("has a domain that is no name")
		}
	}
	return s, nil
}

// domainLetters are those of host names, and the underscore that some hosts in use have all the same.
var domainLetters = classOf(func(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_'
})

var (
	asciiBytes  = classOf(func(c byte) bool { return c < utf8.RuneSelf })
	notCapitals = classOf(func(c byte) bool { return c < 'A' || c > 'Z' })
)

func isASCII(s string) bool { return isOf(s, &asciiBytes) }

func isOf(s string, set *class) bool {
	for i := 0; i < len(s); i++ {
		if !set[s[i]] {
			return false
		}
	}
	return true
}

func canonicalLiteral(s string) (string, error) {
	inner, ok := strings.CutSuffix(s[1:], "]")
	v6, isV6 := strings.CutPrefix(lowerASCII(inner), "ipv6:")
	ip, err := netip.ParseAddr(v6)
	if !ok || err != nil || isV6 != ip.Is6() || ip.Zone() != "" {
		return "", errors.New("has a domain that is no address literal")
	}
	if isV6 {
		return "[ipv6:" + ip.String() + "]", nil
	}
	return "[" + ip.String() + "]", nil
}

// lowerASCII folds A to Z only. strings.ToLower would also make a k of a Kelvin sign.
func lowerASCII(s string) string {
	if isOf(s, &notCapitals) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// Local is the part before the @, "" where there is none.
func Local(addr string) string {
	if at := strings.LastIndexByte(addr, '@'); at >= 0 {
		return addr[:at]
	}
	return ""
}

// Domain is the part after the @, "" where there is none.
func Domain(addr string) string {
	if at := strings.LastIndexByte(addr, '@'); at >= 0 {
		return addr[at+1:]
	}
	return ""
}

// SplitTag takes the plus tag off an address: "support+abc@desk.example" is "support@desk.example" and "abc". Only the desk's own
// addresses may be read so; in others' the tag is part of who they are (T014).
func SplitTag(addr string) (base, tag string) {
	local, tag, ok := strings.Cut(Local(addr), "+")
	if !ok || local == "" {
		return addr, ""
	}
	return local + "@" + Domain(addr), tag
}

// MixedScript tells whether one label of the domain or one piece of the local part mixes letters of the Latin, Cyrillic and Greek
// scripts, which is how a name is made to look like another (T015). A-labels are read as the letters that people would see.
func MixedScript(addr string) bool {
	domain, err := idna.Punycode.ToUnicode(Domain(addr))
	if err != nil {
		domain = Domain(addr)
	}
	for label := range strings.FieldsFuncSeq(Local(addr)+"."+domain, func(r rune) bool { return strings.ContainsRune(".+-_=", r) }) {
		var latin, cyrillic, greek int
		for _, r := range label {
			switch {
			case unicode.Is(unicode.Latin, r):
				latin = 1
			case unicode.Is(unicode.Cyrillic, r):
				cyrillic = 1
			case unicode.Is(unicode.Greek, r):
				greek = 1
			}
		}
		if latin+cyrillic+greek > 1 {
			return true
		}
	}
	return false
}

// NameLooksLikeAddress tells whether the shown name holds an address other than the real one, by which people take a mail for
// somebody else's (T009). An @ counts in its wide forms too, and letters that are not seen do not hide it.
func NameLooksLikeAddress(a Address) bool {
	if len(a.Name) > maxName {
		return strings.Contains(a.Name, "@")
	}
	name := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || unicode.IsControl(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(strings.ToValidUTF8(a.Name, " ")))
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`<>()[],;:"'`, r) }) {
		local, domain, ok := strings.Cut(strings.Trim(word, "."), "@")
		if !ok || local == "" || !strings.Contains(strings.Trim(domain, "."), ".") {
			continue
		}
		if addr, err := Canonical(local + "@" + domain); err != nil || addr != a.Addr {
			return true
		}
	}
	return false
}
