package redact

import "strings"

// keys finds the bodies of private keys: between the lines of PEM (RFC 7468) and OpenPGP armour, and after the line by which PuTTY
// announces one. Where the end line is missing, all lines that look like base64 belong to it.
func keys(s string) []Find {
	const beginMark, endMark = "-----BEGIN ", "-----END "
	var found []Find
	add := func(start, end int) {
		if end = start + len(strings.TrimRight(s[start:max(start, end)], "\r\n")); end > start {
			found = append(found, Find{Key, start, end})
		}
	}

	next := 0 // the first end line not before i, -1 for none: searched once for all begin lines before it
	for i := 0; ; {
		begin := strings.Index(s[i:], beginMark)
		if begin < 0 {
			break
		}
		i += begin + len(beginMark)
		line, _, _ := strings.Cut(cut(s[i:], maxLine), "\n")
		if !strings.Contains(line, "PRIVATE KEY") {
			continue
		}
		start := min(i+len(line)+1, len(s))
		if next >= 0 && next < start {
			if next = strings.Index(s[start:], endMark); next >= 0 {
				next += start
			}
		}
		end := next
		if next < 0 || next-start > maxKey {
			end = base64Lines(s, start)
		}
		add(start, end)
		i = max(start, end)
	}

	const putty = "Private-Lines:"
	for i := 0; ; {
		begin := strings.Index(s[i:], putty)
		if begin < 0 {
			return found
		}
		i += begin + len(putty)
		line, _, _ := strings.Cut(cut(s[i:], maxLine), "\n")
		start := min(i+len(line)+1, len(s))
		i = base64Lines(s, start)
		add(start, i)
	}
}

// maxLine is above the length of the line that announces a key, in bytes.
const maxLine = 100

// maxKey is above the size of any key in text, in bytes.
const maxKey = 64 << 10

// cut is the first n bytes of s, all of it where n is negative or beyond.
func cut(s string, n int) string {
	if n < 0 || n > len(s) {
		return s
	}
	return s[:n]
}

// base64Lines is the end of the run of lines at start that hold base64 only, quoted ("> ") or not.
func base64Lines(s string, start int) int {
	end := start
	for start < len(s) {
		line, _, _ := strings.Cut(s[start:], "\n")
		body := strings.Trim(line, "> \t\r")
		if strings.Trim(body, base64Letters) != "" || body == "" && end > start {
			break
		}
		start += len(line) + 1
		if body != "" {
			end = min(start, len(s))
		}
	}
	return end
}

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
