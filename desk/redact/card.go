package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cards finds numbers of payment cards: 14 to 19 digits, in one piece or in the groups that are printed on cards, that begin as a card of
// that length does and pass the check of ISO/IEC 7812-1, annex B. Numbers of parcels, phones and orders fail one or the other nine times
// out of ten.
func cards(s string) []Find {
	var found []Find
	for i := 0; i < len(s); {
		if s[i] < '0' || s[i] > '9' {
			i++
			continue
		}
		groups := digitGroups(s, i)
		i = groups[0].end
		for _, form := range cardForms {
			if end := form.match(groups); end > 0 && isCard(s[groups[0].start:end]) && !partOfWord(s, groups[0].start, end) {
				found = append(found, Find{Card, groups[0].start, end})
				i = end
				break
			}
		}
	}
	return found
}

// A group is a run of digits.
type group struct{ start, end int }

// digitGroups gives the run of digits at i and up to four that follow it, each after one space or each after one hyphen.
func digitGroups(s string, i int) []group {
	groups := make([]group, 0, 5)
	var sep byte
	for len(groups) < 5 {
		start := i
		for i < len(s) && '0' <= s[i] && s[i] <= '9' {
			i++
		}
		if i == start {
			return groups
		}
		groups = append(groups, group{start, i})
		if i == len(s) || s[i] != ' ' && s[i] != '-' || sep != 0 && s[i] != sep {
			return groups
		}
		sep = s[i]
		i++
	}
	return groups
}

// A cardForm is how many digits the groups of a card's number have; none: one piece.
type cardForm []int

// The longer form comes first, since the shorter one is its beginning.
var cardForms = []cardForm{{4, 4, 4, 4, 3}, {4, 4, 4, 4}, {4, 6, 5}, {4, 6, 4}, nil}

// match is where the number ends, 0 where the groups are not of this form.
func (f cardForm) match(groups []group) int {
	if f == nil {
		return groups[0].end
	}
	if len(groups) < len(f) {
		return 0
	}
	for i, n := range f {
		if groups[i].end-groups[i].start != n {
			return 0
		}
	}
	return groups[len(f)-1].end
}

// partOfWord tells whether the number goes on in letters, decimals or a path, and so is no number by itself.
func partOfWord(s string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:start])
	after, size := utf8.DecodeRuneInString(s[end:])
	if strings.ContainsRune(".-", after) { // the end of a sentence, unless it goes on
		after, _ = utf8.DecodeRuneInString(s[end+size:])
	}
	joins := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_/@=&#", r)
	}
	return joins(before) || before == '.' || joins(after)
}

func isCard(s string) bool {
	if len(s) > 19+4 {
		return false
	}
	var d []byte
	for i := range len(s) {
		if '0' <= s[i] && s[i] <= '9' {
			d = append(d, s[i]-'0')
		}
	}
	if len(d) < 14 || len(d) > 19 {
		return false
	}
	two := 10*int(d[0]) + int(d[1])
	n := len(d)
	switch {
	case d[0] == 4: // Visa
		if n != 16 && n != 19 {
			return false
		}
	case 51 <= two && two <= 55, 22 <= two && two <= 27, two == 35, two == 60, two == 64, two == 65: // Mastercard, JCB, Discover
		if n != 16 {
			return false
		}
	case two == 34, two == 37: // American Express
		if n != 15 {
			return false
		}
	case two == 30, two == 36, two == 38: // Diners Club
		if n != 14 {
			return false
		}
	case two == 62: // UnionPay
		if n < 16 {
			return false
		}
	default:
		return false
	}
	sum := 0
	for i := range d {
		v := int(d[n-1-i])
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}
