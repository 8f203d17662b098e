// Package redact finds in a mail's text what must not travel on, and masks it: secrets, ways around the desk, words that offend. It hides
// how people write down passwords in eight languages and disguise an address, what keys and tokens look like, and how to find all
// that in time that grows with the length of the text only, whatever a stranger wrote (T059, T085).
package redact

import (
	"slices"
	"strings"
)

// The kinds of secrets.
const (
	Password = "password" // behind a word for it, or in a URL
	Key      = "key"      // the body of a private key
	Token    = "token"    // of a web service, of a session, or behind a word for it
	Card     = "card"     // the number of a payment card, or its check number
)

// A Find is one secret: the bytes from Start up to End of the text that was searched.
type Find struct {
	Kind       string
	Start, End int
}

// Mask stands for every secret, whatever its length was.
const Mask = "********"

// Secrets finds passwords, private keys, tokens and card numbers, and gives the text with Mask in their place (A8). Finds are in the
// order of the text and do not overlap. Searching a masked text again finds nothing new.
//
// It masks rather too much than too little where a word such as "password:" leads, and asks for more proof where none does: "I forgot
// my password." and "password: reset, please" stay.
func Secrets(s string) (masked string, found []Find) {
	var all []Find
	all = append(all, keys(s)...)
	all = append(all, tokens(s)...)
	all = append(all, urls(s)...)
	all = append(all, passwords(s)...)
	all = append(all, cards(s)...)
	slices.SortStableFunc(all, func(a, b Find) int { return a.Start - b.Start })
	for _, f := range all {
		if strings.Trim(s[f.Start:f.End], "*•xX.") == "" {
			continue // masked already
		}
		if last := len(found) - 1; last >= 0 && f.Start < found[last].End {
			found[last].End = max(found[last].End, f.End)
			continue
		}
		found = append(found, f)
	}
	if len(found) == 0 {
		return s, nil
	}

	var b strings.Builder
	end := 0
	for _, f := range found {
		b.WriteString(s[end:f.Start])
		b.WriteString(Mask)
		end = f.End
	}
	b.WriteString(s[end:])
	return b.String(), found
}
