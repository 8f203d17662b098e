package parse

import "strings"

// Codes of mail systems in a text. They are looked for in every line of a report, so they are read by hand.

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
		if c := text[i]; (c == '4' || c == '5') && digits(text[i+1:i+3]) == 2 && (text[i+3] == ' ' || text[i+3] == '-') && (i == 0 || !isWordByte(text[i-1])) {
			return text[i : i+3]
		}
	}
	return ""
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
