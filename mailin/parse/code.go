package parse

import "strings"

// Codes and addresses of mail systems in a text. They are looked for in every line of a report, so they are read by hand.

// enhancedCode is the first enhanced status code (RFC 3463, 2) of one of the classes, "" where there is none.
func enhancedCode(text, classes string) string {
	for at := 0; ; {
		dot := strings.IndexByte(text[at:], '.')
		if dot < 0 {
			return ""
		}
		dot += at
		at = dot + 1
		if dot == 0 || strings.IndexByte(classes, text[dot-1]) < 0 || dot > 1 && isWordByte(text[dot-2]) {
			continue
		}
		subject := digits(text[dot+1:])
		second := dot + 1 + subject
		if subject < 1 || subject > 3 || second == len(text) || text[second] != '.' {
			continue
		}
		detail := digits(text[second+1:])
		end := second + 1 + detail
		if detail < 1 || detail > 3 || end < len(text) && isWordByte(text[end]) {
			continue
		}
		return text[dot-1 : end]
	}
}

func statusCode(text string) string  { return enhancedCode(text, "245") }
func failureCode(text string) string { return enhancedCode(text, "45") }

// replyCode is the first reply code (RFC 5321, 4.2) of a failure, "" where there is none.
func replyCode(text string) string {
	for i := 0; i+3 < len(text); i++ {
		if c := text[i]; (c == '4' || c == '5') && digits(text[i+1:i+3]) == 2 && (text[i+3] == ' ' || text[i+3] == '-') && (i == 0 || !isWordByte(text[i-1])) && !isPhone(text, i) {
			return text[i : i+3]
		}
	}
	return ""
}

// isPhone tells whether the three digits at i begin or go on a telephone number: 480-555-2500.
func isPhone(text string, i int) bool {
	rest := text[i+3:]
	return rest[0] == '-' && (digits(rest[1:]) == 3 && strings.HasPrefix(rest[4:], "-") || i > 1 && text[i-1] == '-' && isWordByte(text[i-2]))
}

// digits is how many of them begin the text.
func digits(text string) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
}

// isWordByte tells what \b of an expression stands at.
func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

// The longest parts of an address in a text: what is longer is none.
const (
	maxTextLocal  = 64
	maxTextDomain = 190 // of it, up to its last dot
	maxTextTop    = 24
)

// nextAddress finds the next address in a text from an index on, and where it begins. It is told narrowly, as reports write it: letters,
// digits and signs, and a name with a dot.
func nextAddress(text string, from int) (addr string, begin int) {
	for at := from; at < len(text); at++ {
		n := strings.IndexByte(text[at:], '@')
		if n < 0 {
			break
		}
		at += n
		begin := at
		for begin > from && at-begin < maxTextLocal && isLocalByte(text[begin-1]) {
			begin--
		}
		if addr := firstAddress(text[begin:]); addr != "" {
			return addr, begin
		}
	}
	return "", -1
}

// firstAddress is the address that a text begins with, "" where it does with none. It goes to the last dot that a name follows.
func firstAddress(text string) string {
	at := 0
	for at < len(text) && at <= maxTextLocal && isLocalByte(text[at]) {
		at++
	}
	if at == 0 || at > maxTextLocal || at == len(text) || text[at] != '@' {
		return ""
	}
	domain := text[at+1:]
	end := 0
	for end < len(domain) && isDomainByte(domain[end]) {
		end++
	}
	for dot := min(end, maxTextDomain+1) - 1; dot > 0; dot-- {
		if domain[dot] != '.' {
			continue
		}
		top := 0
		for dot+1+top < end && top < maxTextTop && domain[dot+1+top] != '.' {
			top++
		}
		if top >= 2 {
			return text[:at+1+dot+1+top]
		}
	}
	return ""
}

// wholeAddress is the same where no more of a name follows it, with the rest of the text.
func wholeAddress(text string) (addr, rest string) {
	addr = firstAddress(text)
	if rest = text[len(addr):]; addr == "" || rest != "" && isDomainByte(rest[0]) {
		return "", text
	}
	return addr, rest
}

func isDomainByte(c byte) bool { return c == '.' || c == '-' || isWordByte(c) && c != '_' }

func isLocalByte(c byte) bool {
	return c == '.' || c == '-' || isWordByte(c) || strings.IndexByte("!#%&'*+/=?^{}~", c) >= 0
}
